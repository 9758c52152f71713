package exchange

import (
	"context"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones of meetings, wherever it runs

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
	"kurultai/record/canonical"
)

// A View is what goes out: a record up to an entry, with what may be seen of it.
type View interface {
	State() *conference.State
	Origin() string
	Name(p conference.PersonID, l conference.Language) (name string, ok bool)
	Entry(ctx context.Context, index int64) ([]byte, error)
}

// events calls see with each event from entry on, in order, as it stands in the record; a closed entry has one of
// kind ClosedEntry.
func events(ctx context.Context, v View, from int64, see func(e *record.Entry, event canonical.Value) error) error {
	for i := from; i < v.State().Size; i++ {
		text, err := v.Entry(ctx, i)
		if err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
		e, err := record.ParseEntry(string(text), i)
		if err != nil {
			return err
		}
		list := e.Events
		if e.Closed != "" {
			closed, _ := canonical.Parse(`{"kind":"ClosedEntry"}`)
			list = []canonical.Value{closed}
		}
		for _, event := range list {
			if err := see(e, event); err != nil {
				return err
			}
		}
	}
	return nil
}

// Tables are the tables that WriteCSV writes.
var Tables = []string{"events", "votes", "decisions", "participants", "commitments"}

// WriteCSV writes a table of a record, in RFC 4180's form, its first row the names of the columns. With a meeting,
// that meeting's rows alone. Persons whose names are not published stand by their ids. A cell that a spreadsheet would
// take for a formula begins with an apostrophe.
func WriteCSV(ctx context.Context, v View, table string, m conference.MeetingID, l *language.Language, w io.Writer) error {
	out := csv.NewWriter(w)
	row := func(cells ...string) error {
		for i, c := range cells {
			if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
				cells[i] = "'" + c
			}
		}
		return out.Write(cells)
	}
	write := map[string]func() error{
		"events":       func() error { return csvEvents(ctx, v, m, l, row) },
		"votes":        func() error { return csvVotes(v, m, l, row) },
		"decisions":    func() error { return csvDecisions(ctx, v, m, row) },
		"participants": func() error { return csvParticipants(v, m, l, row) },
	}[table]
	if table == "commitments" {
		x := paper.LedgerFor(v.State(), conference.Reader{}, paper.LedgerOf{Meeting: m}, conference.Date(v.State().Last.String()[:10]), l)
		_, err := io.WriteString(w, x.CSV())
		return err
	}
	if write == nil {
		return fmt.Errorf("no table is called %q: %s", table, strings.Join(Tables, ", "))
	}
	if err := write(); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

func csvEvents(ctx context.Context, v View, m conference.MeetingID, l *language.Language, row func(...string) error) error {
	if err := row("entry", "at", "meeting", "kind", "event", "as", "for", "reported"); err != nil {
		return err
	}
	return events(ctx, v, 0, func(e *record.Entry, event canonical.Value) error {
		if m != "" && event.Get("meeting").Str != string(m) {
			return nil
		}
		kind, reported := event.Get("kind").Str, ""
		if event.Get("reported").Kind != canonical.Invalid {
			reported = "yes"
		}
		return row(fmt.Sprint(e.Index), e.At.String(), event.Get("meeting").Str, kind, l.Say("event."+kind), e.Act.As, e.Act.For, reported)
	})
}

func csvVotes(v View, m conference.MeetingID, l *language.Language, row func(...string) error) error {
	if err := row("entry", "meeting", "question", "about", "outcome", "rule", "working", "party", "answer"); err != nil {
		return err
	}
	for _, x := range v.State().Meetings() {
		id := x.MeetingConvened.Meeting
		if m != "" && id != m {
			continue
		}
		for _, q := range v.State().Results(id) {
			r := paper.ResultOf(q.Result, l)
			head := []string{fmt.Sprint(q.Announced), string(id), string(q.ID), q.Kind + " " + q.Thing, q.Result.Outcome, r.Rule, r.Working}
			if len(q.Votes) == 0 || q.Method == "secret" || q.Method == "hands" {
				if err := row(append(head, "", fmt.Sprintf("%d-%d-%d", q.Result.Yes, q.Result.No, q.Result.Abstaining))...); err != nil {
					return err
				}
				continue
			}
			for _, c := range q.Votes {
				if err := row(append(slices.Clone(head), string(c.Party), string(c.Answer))...); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func csvDecisions(ctx context.Context, v View, m conference.MeetingID, row func(...string) error) error {
	if err := row("entry", "at", "meeting", "decision", "number", "proposal", "text"); err != nil {
		return err
	}
	return events(ctx, v, 0, func(e *record.Entry, event canonical.Value) error {
		if event.Get("kind").Str != "Adopted" || m != "" && event.Get("meeting").Str != string(m) {
			return nil
		}
		return row(fmt.Sprint(e.Index), e.At.String(), event.Get("meeting").Str, event.Get("decision").Str, event.Get("number").Str, event.Get("proposal").Str, event.Get("text").Str)
	})
}

func csvParticipants(v View, m conference.MeetingID, l *language.Language, row func(...string) error) error {
	if err := row("meeting", "party", "role", "person", "name"); err != nil {
		return err
	}
	s := v.State()
	for _, x := range s.Meetings() {
		id := x.MeetingConvened.Meeting
		if m != "" && id != m {
			continue
		}
		for _, p := range s.Parties() {
			d, _ := s.Delegation(id, p.ID)
			for _, member := range d.Members {
				name, _ := v.Name(member.Person, conference.Language(l.Code))
				if err := row(string(id), string(p.ID), member.Role, string(member.Person), name); err != nil {
					return err
				}
			}
		}
		for _, f := range s.Told(id) {
			if t, ok := f.Event.Body.(*conference.PersonTookPart); ok {
				name, _ := v.Name(t.Person, conference.Language(l.Code))
				if err := row(string(id), string(t.Party), string(t.Part), string(t.Person), name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// WriteCalendar writes the meetings of a record, what is planned around them, the last days of translations that are ordered
// and the ends of silence procedures as an iCalendar object (RFC 5545). With a meeting, that one alone.
func WriteCalendar(ctx context.Context, v View, m conference.MeetingID, l *language.Language, w io.Writer) error {
	s := v.State()
	c := &paper.Calendar{W: w}
	stamp := time.UnixMilli(int64(s.Last)).UTC().Format("20060102T150405Z")
	c.Begin()
	event := func(uid, summary, place string, times func()) {
		c.Line("BEGIN", "VEVENT")
		c.Line("UID", uid+"@"+strings.ReplaceAll(v.Origin(), "/", "."))
		c.Line("DTSTAMP", stamp)
		times()
		c.Text("SUMMARY", summary)
		if place != "" {
			c.Text("LOCATION", place)
		}
		c.Line("END", "VEVENT")
	}
	place := func(id conference.PlaceID) string {
		p, _ := s.Place(id)
		return nameIn(p.Names, l)
	}
	for _, x := range s.Meetings() {
		id := x.MeetingConvened.Meeting
		first, err := time.Parse("2006-01-02", string(x.From))
		if m != "" && id != m || err != nil || x.Convened == 0 {
			continue // a report may know the year alone
		}
		last, err := time.Parse("2006-01-02", string(x.To))
		if err != nil {
			last = first
		}
		event("meeting-"+string(id), fmt.Sprintf("%s, %d", nameIn(s.Body.Names, l), x.Ordinal), place(x.Place), func() {
			c.Line("DTSTART;VALUE=DATE", first.Format("20060102"))
			c.Line("DTEND;VALUE=DATE", last.AddDate(0, 0, 1).Format("20060102"))
		})
	}
	for _, t := range s.Translations(conference.Reader{}) {
		due, err := time.Parse("2006-01-02", string(t.Due))
		if t.State != "ordered" || err != nil || m != "" && t.Document.Meeting != m {
			continue
		}
		event(fmt.Sprintf("translation-%d", t.Index), fmt.Sprintf("%s: %s, %s", l.Say("field.OrderTranslation.due"), t.Document.Symbol, t.Language), "", func() {
			c.Line("DTSTART;VALUE=DATE", due.Format("20060102"))
			c.Line("DTEND;VALUE=DATE", due.AddDate(0, 0, 1).Format("20060102"))
		})
	}
	err := events(ctx, v, 0, func(e *record.Entry, value canonical.Value) error {
		if m != "" && value.Get("meeting").Str != string(m) {
			return nil
		}
		switch value.Get("kind").Str {
		case "EventPlanned":
			x, _ := s.Meeting(conference.MeetingID(value.Get("meeting").Str))
			at, whole, ok := localTime(value.Get("date").Str, value.Get("time").Str, x.Zone)
			if ok {
				event("plan-"+value.Get("plan").Str, l.Say("event.EventPlanned")+": "+value.Get("type").Str, place(conference.PlaceID(value.Get("place").Str)), func() {
					if whole {
						c.Line("DTSTART;VALUE=DATE", at.Format("20060102"))
						return
					}
					c.Line("DTSTART", at.UTC().Format("20060102T150405Z"))
				})
			}
		case "SilenceOpened":
			if at, err := record.ParseInstant(value.Get("expires").Str); err == nil {
				event("silence-"+value.Get("silence").Str, l.Say("event.SilenceOpened")+": "+value.Get("proposal").Str, "", func() {
					c.Line("DTSTART", time.UnixMilli(int64(at)).UTC().Format("20060102T150405Z"))
				})
			}
		}
		return nil
	})
	c.End()
	if err == nil {
		err = c.Err
	}
	return err
}

// localTime is an hour of a day at a place; whole says that the hour is not known.
func localTime(date, hour, zone string) (at time.Time, whole, ok bool) {
	if hour == "" {
		at, err := time.Parse("2006-01-02", date)
		return at, true, err == nil
	}
	place, err := time.LoadLocation(zone)
	if err != nil || zone == "" {
		place = time.UTC
	}
	at, err = time.ParseInLocation("2006-01-02 15:04", date+" "+hour, place)
	return at, false, err == nil
}

// nameIn is a name in a language, or in the first there is.
func nameIn(names conference.Names, l *language.Language) string {
	for _, n := range names {
		if string(n.Language) == l.Code {
			return n.Text
		}
	}
	if len(names) > 0 {
		return names[0].Text
	}
	return ""
}

// feedEntries is how many of the newest events a feed holds.
const feedEntries = 100

// WriteFeed writes the newest hundred events of a record as an Atom feed (RFC 4287), newest first. With a meeting,
// that meeting's alone.
func WriteFeed(ctx context.Context, v View, m conference.MeetingID, l *language.Language, w io.Writer) error {
	s := v.State()
	name := nameIn(s.Body.Names, l)
	f := paper.Feed{Lang: l.Code, ID: paper.FeedID(v.Origin(), "feed/"+string(m)), Title: name, Updated: s.Last.String(), Author: name}
	// Events of a meeting may lie far back; those of the body are the last ones.
	from := int64(0)
	if m == "" {
		from = max(0, s.Size-feedEntries)
	}
	n := map[int64]int{}
	err := events(ctx, v, from, func(e *record.Entry, event canonical.Value) error {
		if m != "" && event.Get("meeting").Str != string(m) {
			return nil
		}
		n[e.Index]++
		kind := event.Get("kind").Str
		title := l.Say("event." + kind)
		content := title
		if party := event.Get("party").Str; party != "" {
			p, _ := s.Party(conference.PartyID(party))
			content += " · " + nameIn(p.Named.Short, l)
		}
		f.Entries = append(f.Entries, paper.FeedEntry{ID: paper.FeedID(v.Origin(), fmt.Sprintf("entry/%d/%d", e.Index, n[e.Index])), Title: title, Updated: e.At.String(), Link: paper.FeedLink{Href: fmt.Sprintf("https://%s/%s/record/%d", v.Origin(), l.Code, e.Index)}, Content: content})
		return nil
	})
	if err != nil {
		return err
	}
	slices.Reverse(f.Entries)
	f.Entries = f.Entries[:min(len(f.Entries), feedEntries)]
	_, err = w.Write(f.Bytes())
	return err
}

func writeXML(w io.Writer, v any) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	out := xml.NewEncoder(w)
	out.Indent("", " ")
	if err := out.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
