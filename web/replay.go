package web

import (
	"context"
	"fmt"
	"strconv"

	"kurultai/conference"
)

// ReplayPage shows a meeting as it stood at an entry, and goes through it entry by entry.
type ReplayPage struct {
	Layout
	Meeting         Link
	At, First, Last int64
	When            Moment
	Bars            []DensityBar
	Steps           []ScrubStep
	Speaking        *Speaker
	Facts           []Line
	Entries         []EntryLine
	Entry           EntryLine
	Act, By         string
	Action, Newest  string
}

// ScrubStep is a way of the scrubber to another entry: first, prev, next or last.
type ScrubStep struct{ Name, Text, Address string }

// DensityBar is some entries of a meeting: how much happened in them, and whether the replay has come to them.
type DensityBar struct {
	X, Y, W, H int
	On         bool
}

const (
	densityBars   = 91 // as many as can be told apart on a phone
	densityWidth  = 638
	densityHeight = 48
	around        = 4 // entries listed before and after the one replayed
)

// stretch is the first and last entry of a meeting: from what convened it to what changed it last.
func stretch(st *conference.State, m conference.Meeting) (first, last int64) {
	first, last = m.Convened, m.Convened
	for _, f := range st.Told(m.MeetingConvened.Meeting) {
		first = min(first, f.Index)
		last = max(last, f.Index)
	}
	if n, ok := st.Version("meeting", string(m.MeetingConvened.Meeting)); ok {
		last = max(last, n)
	}
	return first, last
}

// weights says of entries of a meeting how much they decided: 3 a result or decision, 2 what is told of it.
func weights(st *conference.State, id conference.MeetingID) map[int64]int {
	w := map[int64]int{}
	for _, f := range st.Told(id) {
		w[f.Index] = max(w[f.Index], 2)
	}
	for _, q := range st.Results(id) {
		w[q.Announced] = 3
	}
	for _, x := range st.Decisions() {
		if x.Meeting == id {
			w[x.Index] = 3
		}
	}
	return w
}

// density draws the bars: one an entry, or for as many as share one the heaviest of them.
func density(first, last, at int64, weight map[int64]int) (bars []DensityBar) {
	count := last - first + 1
	n := min(count, densityBars)
	heaviest := make([]int, n)
	for index, w := range weight {
		if index >= first && index <= last {
			i := (index - first) * n / count
			heaviest[i] = max(heaviest[i], w)
		}
	}
	for i := range n {
		x, next := int(i*densityWidth/n), int((i+1)*densityWidth/n)
		h := []int{9, 14, 24, 46}[heaviest[i]]
		bars = append(bars, DensityBar{X: x, Y: densityHeight - h, W: max(1, next-x-2), H: h, On: first+i*count/n <= at})
	}
	return bars
}

// moved is the entry that a form asks for: where the slider was put, else what was typed.
func moved(in *visit, at, first, last int64) int64 {
	values := in.URL.Query()
	read := func(name string) (int64, bool) {
		n, err := strconv.ParseInt(values.Get(name), 10, 64)
		return n, err == nil
	}
	if n, ok := read("slider"); ok && n != at {
		at = n
	} else if n, ok := read("entry"); ok {
		at = n
	}
	return min(max(at, first), last)
}

// replayPage replays a meeting: ?at=N is the record with N entries, so that entry N-1 is the last that is in it.
func (s *site) replayPage(v View, in *visit) (any, error) {
	now := s.record.View().For(in.reader)
	id := conference.MeetingID(in.args["meeting"])
	m, ok := now.State().Meeting(id)
	if !ok {
		return nil, errNotFound
	}
	first, last := stretch(now.State(), m)
	at := min(max(v.State().Size-1, first), last)
	rest := "meetings/" + string(id) + "/replay"
	address := func(n int64) string { return fmt.Sprintf("/%s/%s?at=%d", in.lang.Code, rest, n+1) }
	if values := in.URL.Query(); values.Has("entry") || values.Has("slider") {
		was, err := strconv.ParseInt(values.Get("was"), 10, 64)
		if err != nil {
			was = at
		}
		return redirect(address(moved(in, was, first, last))), nil
	}
	if v.State().Size != at+1 {
		return redirect(address(at)), nil
	}
	d := s.drawer(v, in)
	p := ReplayPage{Layout: s.layout(v, in.lang, rest), At: at, First: first, Last: last, Action: "/" + in.lang.Code + "/" + rest}
	p.Here, p.Title, p.Past = "record", d.say("public.replayed", number(d.l, at)), ""
	p.Replay, p.Mine = true, ""
	p.Meeting = Link{d.to("meetings/%s", id), d.meetingName(id)}
	p.Newest = "/" + in.lang.Code + "/meetings/" + string(id)
	p.Bars = density(first, last, at, weights(now.State(), id))
	for _, step := range []struct {
		name, word string
		n          int64
	}{{"first", "public.first", first}, {"prev", "page.earlier", at - 1}, {"next", "page.later", at + 1}, {"last", "public.last", last}} {
		p.Steps = append(p.Steps, ScrubStep{step.name, d.say(step.word), address(min(max(step.n, first), last))})
	}
	d.then(&p, id)
	return s.listed(in.Context(), now, d, &p)
}

// then says how the meeting stood.
func (d *drawer) then(p *ReplayPage, id conference.MeetingID) {
	m, _ := d.s.Meeting(id)
	if q, ok := d.s.Speaking(id); ok {
		p.Speaking = &Speaker{State: d.state(q.Party), Person: d.person(q.Person), Mark: entries(q.Index)}
	}
	add := func(name string, text string) {
		if text != "" {
			p.Facts = append(p.Facts, Line{No: d.say(name), Text: text})
		}
	}
	word, _ := d.meetingState(m)
	add("public.state", word)
	if item, ok := d.s.OpenItem(id); ok {
		add("public.item", nameIn(item.Title, d, string(item.ID)))
	}
	next := ""
	for _, q := range d.s.SpeakersList(id) {
		next = together(", ", next, d.party(q.Party))
	}
	add("page.waiting", next)
	before := ""
	if q, ok := d.s.Pending(id); ok {
		before = together(" ", d.asked(q), d.so(q))
	}
	for _, x := range d.s.Motions(id) {
		before = together("; ", before, together(", ", d.word("motionkind", x.Sort), d.party(x.Party)))
	}
	add("public.before", before)
	add("page.present", number(d.l, int64(len(m.Present()))))
}

// listed fills in the entry and those around it, from the record as it is now, which proves them.
func (s *site) listed(ctx context.Context, now View, d *drawer, p *ReplayPage) (any, error) {
	t := newTeller(now, d.l)
	for i := min(p.At+around, p.Last); i >= max(p.At-around, p.First); i-- {
		line, e, _, err := s.line(ctx, t, i)
		if err != nil {
			return nil, err
		}
		if i == p.At {
			p.Entry, p.When = line, d.moment(e.At, d.s.Body.Zone)
			if !line.Closed {
				p.Act, p.By = t.l.Say("act."+e.Act.Name), together(", ", t.l.Say("capacity."+e.Act.As), t.party(conference.PartyID(e.Act.For)))
			}
		}
		line.Day = ""
		p.Entries = append(p.Entries, line)
	}
	return s.render("replay", p)
}
