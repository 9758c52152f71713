package web

import (
	"context"
	"reflect"
	"slices"
	"sync"

	"kurultai/conference"
	"kurultai/record"
)

// A diary is what was done at a meeting, as far as it has been read: each entry is read once, however often the desk
// is drawn.
type diary struct {
	mu    sync.Mutex
	read  int64 // entries up to here have been looked at
	lines []line
}

// A line is an act done at a meeting and what it caused.
type line struct {
	Index  int64
	At     record.Instant
	Act    record.Submitted
	Events []conference.Event
}

// maxLines bounds a diary: a meeting of a week has some ten thousand entries. The oldest are let go.
const maxLines = 50_000

// diaries are those of the meetings that have a desk.
type diaries struct {
	mu  sync.Mutex
	all map[conference.MeetingID]*diary
}

// of reads on in the diary of a meeting and returns its lines up to the view's size.
func (d *diaries) of(ctx context.Context, v View, m conference.Meeting) ([]line, error) {
	id := m.MeetingConvened.Meeting
	d.mu.Lock()
	if d.all == nil {
		d.all = map[conference.MeetingID]*diary{}
	}
	one := d.all[id]
	if one == nil {
		one = &diary{read: m.Convened}
		d.all[id] = one
	}
	d.mu.Unlock()
	return one.upTo(ctx, v, id)
}

func (d *diary) upTo(ctx context.Context, v View, id conference.MeetingID) ([]line, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := teller{v: v, s: v.State()}
	for size := v.State().Size; d.read < size; d.read++ {
		e, _, caused, err := t.entry(ctx, d.read)
		if err != nil {
			return nil, err
		}
		if e.Act.Meeting == string(id) && e.Closed == "" {
			d.lines = append(d.lines, line{e.Index, e.At, e.Act, caused})
		}
	}
	if len(d.lines) > maxLines {
		d.lines = slices.Clone(d.lines[len(d.lines)-maxLines:])
	}
	end, _ := slices.BinarySearchFunc(d.lines, v.State().Size, func(l line, size int64) int { return int(l.Index - size) })
	return d.lines[:end:end], nil
}

// told says in few words what a line caused: the event, and whom and what it names.
func (t teller) told(l line) string {
	if len(l.Events) == 0 {
		party, answer := l.Act.Fields.Get("party").Str, l.Act.Fields.Get("answer").Str
		if answer != "" {
			answer = t.word("answer", answer)
		}
		return together(": ", t.l.Say("act."+l.Act.Name), together(", ", t.party(conference.PartyID(l.Act.For)), t.party(conference.PartyID(party)), answer))
	}
	e := l.Events[0]
	words := t.words(e)
	if words == "" {
		words = t.named(e)
	}
	return together(": ", t.l.Say("event."+e.Kind()), words)
}

// named lists the party, person and things an event names, by the types of its fields.
func (t teller) named(e conference.Event) string {
	v := reflect.Indirect(reflect.ValueOf(e.Body))
	if v.Kind() != reflect.Struct {
		return ""
	}
	var parts []string
	for i := range v.NumField() {
		parts = append(parts, t.field(v.Type().Field(i).Name, v.Field(i).Interface(), v))
	}
	return together(", ", parts...)
}

func (t teller) field(name string, value any, of reflect.Value) string {
	switch x := value.(type) {
	case conference.PartyID:
		return t.party(x)
	case conference.PersonID:
		return t.person(x)
	case conference.Symbol:
		return string(x)
	case conference.ItemID:
		if m, ok := of.FieldByName("Meeting").Interface().(conference.MeetingID); ok && x != "" {
			return t.thing(conference.Thing{Kind: "item", ID: string(m) + "/" + string(x)})
		}
	case string:
		if name == "Answer" {
			return t.word("answer", x)
		}
	}
	return ""
}
