package web

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	textlanguage "golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
)

// A teller says in few words what the record holds, in one language. Names and terms stand in the nominative, so
// whatever the record names can be told, also where no sentence could be made.
type teller struct {
	v View
	s *conference.State
	l *language.Language
}

func newTeller(v View, l *language.Language) teller { return teller{v, v.State(), l} }

// in is a name in a language; else in English, else in any, else what is given.
func in(names conference.Names, l *language.Language, otherwise string) string {
	for _, code := range []conference.Language{conference.Language(l.Code), "en"} {
		if name := names.In(code); name != "" {
			return name
		}
	}
	if len(names) > 0 {
		return names[0].Text
	}
	return otherwise
}

func (t teller) party(id conference.PartyID) string {
	if id == "" {
		return ""
	}
	p, _ := t.s.Party(id)
	return in(p.Named.Short, t.l, string(id))
}

func (t teller) place(id conference.PlaceID) string {
	if id == "" {
		return ""
	}
	p, _ := t.s.Place(id)
	return in(p.Names, t.l, string(id))
}

func (t teller) organisation(id conference.OrganisationID) string {
	if id == "" {
		return ""
	}
	o, _ := t.s.Organisation(id)
	return in(o.Names, t.l, string(id))
}

// person is a person's name; or that it was not reported, is not published, or is no longer kept.
func (t teller) person(id conference.PersonID) string {
	if id == "" {
		return ""
	}
	if name, ok := t.v.Name(id, conference.Language(t.l.Code)); ok {
		return name
	}
	if id == conference.UnnamedPerson {
		return t.l.Say("page.unnamed")
	}
	if p, ok := t.s.Person(id); ok && p.Forgotten {
		return t.l.Say("page.forgotten")
	}
	return t.l.Say("page.withheld")
}

func (t teller) label(term conference.Term) string { return t.l.Label(string(term)) }

func (t teller) labels(terms []conference.Term) string {
	var out []string
	for _, term := range terms {
		out = append(out, t.label(term))
	}
	return strings.Join(out, ", ")
}

// date writes a day, month or year as the language does.
func (t teller) date(d conference.Date) string {
	year, month, day, err := d.Parts()
	switch {
	case err != nil:
		return string(d)
	case day > 0:
		return t.l.Date(language.Date{Year: year, Month: month, Day: day})
	case month > 0:
		name, err := t.l.Sentence().Fill(fmt.Sprintf("monthname.%d", month), nil)
		if err != nil {
			return string(d)
		}
		return t.l.Say("page.monthyear", name, fmt.Sprint(year))
	}
	return fmt.Sprint(year)
}

// tongue names a language in the reader's.
func (t teller) tongue(code conference.Language) string {
	tag, err := textlanguage.Parse(string(code))
	if err != nil {
		return string(code)
	}
	if name := display.Languages(textlanguage.MustParse(t.l.Code)).Name(tag); name != "" {
		return name
	}
	return string(code)
}

// together joins what is known and leaves out what is not.
func together(sep string, parts ...string) string {
	var known []string
	for _, p := range parts {
		if p != "" {
			known = append(known, p)
		}
	}
	return strings.Join(known, sep)
}

// words tells what an event holds besides its kind; "" where the kind says it all.
func (t teller) words(e conference.Event) string {
	switch b := e.Body.(type) {
	case *conference.BodyFounded:
		return in(b.Names, t.l, string(b.ID))
	case *conference.SourceRegistered:
		return b.Outlet
	case *conference.PartyNamed:
		return in(b.Short, t.l, string(b.Party))
	case *conference.PlaceNamed:
		return together(", ", in(b.Names, t.l, string(b.Place)), t.party(b.Party))
	case *conference.OrganisationRegistered:
		return together(", ", in(b.Names, t.l, string(b.Organisation)), t.party(b.Party))
	case *conference.PartyAdmitted:
		return together(", ", t.party(b.Party), t.date(b.From))
	case *conference.ObserverGranted:
		return together(", ", t.party(b.Party), t.date(b.From))
	case *conference.PersonRegistered:
		return t.person(b.Person)
	case *conference.NamePublished:
		return t.person(b.Person)
	case *conference.NameWithdrawn:
		return t.person(b.Person)
	case *conference.PersonForgotten:
		return t.person(b.Person)
	case *conference.OfficeGranted:
		return together(", ", t.person(b.Person), t.l.Say("capacity."+string(b.Capacity)), t.party(b.For))
	case *conference.FactPreferred:
		return t.l.Say("page.entry", number(t.l, b.Index))
	case *conference.PresenceRecorded:
		return together(", ", t.party(b.Party), t.l.Say(map[bool]string{true: "page.absent", false: "page.present"}[b.Absent]))
	case *conference.FloorRequested:
		return together(", ", t.person(b.Person), t.party(b.Party))
	case *conference.FloorGiven:
		if b.Limit > 0 {
			return t.l.Say("page.limit", number(t.l, b.Limit/60))
		}
	case *conference.SpeakerOverran:
		return t.l.Say("page.over", number(t.l, b.Seconds))
	}
	return t.wordsOfMeeting(e)
}

// wordsOfMeeting tells what happened at a meeting.
func (t teller) wordsOfMeeting(e conference.Event) string {
	switch b := e.Body.(type) {
	case *conference.MeetingConvened:
		return together(", ", paper.Roman(b.Ordinal), t.place(b.Place), t.date(b.From))
	case *conference.MeetingHeld:
		return t.date(b.Date)
	case *conference.ChairTaken:
		return t.person(b.Person)
	case *conference.MeetingOpened:
		return t.person(b.By)
	case *conference.PersonTookPart:
		return together(", ", t.person(b.Person), t.organisation(b.Organisation), t.party(b.Party))
	case *conference.WreathLaid:
		return together(", ", t.place(b.Monument), t.person(b.Honoured), t.place(b.Place))
	case *conference.FlowersLaid:
		return t.wordsOfMeeting(conference.Event{Body: (*conference.WreathLaid)(b)})
	case *conference.MessageRead:
		return together("; ", t.titled(b.Author, b.AuthorOffice, b.AuthorOf), t.titled(b.Reader, b.ReaderOffice, ""))
	case *conference.StatementMade:
		return t.statement(b)
	case *conference.InstrumentSigned:
		var states []string
		for _, p := range b.For {
			states = append(states, t.party(p))
		}
		return together("; ", t.label(b.Subject), strings.Join(states, ", "), t.place(b.Place))
	case *conference.OrganSeated:
		return together(", ", t.label(b.Organ), t.place(b.Place))
	case *conference.NextMeetingDecided:
		when := ""
		if b.Date != "" {
			when = t.date(b.Date)
		}
		return together(", ", t.place(b.Place), when)
	case *conference.AudienceHeld:
		return t.titled(b.By, b.Office, b.Of)
	}
	return ""
}

func (t teller) titled(p conference.PersonID, office conference.Term, of conference.PartyID) string {
	title := ""
	if office != "" {
		title = t.label(office)
	}
	return together(", ", t.person(p), title, t.party(of))
}

func (t teller) statement(b *conference.StatementMade) string {
	by := t.l.Say("page.others")
	if b.By != "others" {
		by = together(", ", t.person(conference.PersonID(b.By)), t.party(b.Party))
	}
	var about []string
	for _, p := range b.Points {
		about = append(about, together(", ", t.labels(p.Of), t.place(p.In)))
	}
	return together(": ", by, together("; ", about...))
}

// entry reads an entry and what it caused; of a closed one nothing but its time and digest is there.
func (t teller) entry(ctx context.Context, index int64) (e *record.Entry, text []byte, caused []conference.Event, err error) {
	if text, err = t.v.Entry(ctx, index); err != nil {
		return nil, nil, nil, err
	}
	if e, err = record.ParseEntry(string(text), index); err != nil {
		return nil, nil, nil, err
	}
	for _, value := range e.Events {
		event, err := t.s.ParseEvent(value)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("entry %d: %w", index, err)
		}
		caused = append(caused, event)
	}
	return e, text, caused, nil
}

// act says in a few words what a submitted act does: its title, for whom, at which meeting.
func (t teller) act(a *record.Submitted) string {
	at := ""
	if m, ok := t.s.Meeting(conference.MeetingID(a.Meeting)); ok {
		at = together(" ", paper.Roman(m.Ordinal), t.place(m.Place))
	}
	return together(": ", t.l.Say("act."+a.Name), together(", ", t.party(conference.PartyID(a.For)), at))
}

// sort names a kind of motion at the beginning of a line. Georgian has no letter for that; the Turkic i keeps its dot.
func (t teller) sort(sort string) string {
	name := t.word("motionkind", sort)
	first, size := utf8.DecodeRuneInString(name)
	if t.l.Code == "tr" || t.l.Code == "az" {
		return string(unicode.TurkishCase.ToTitle(first)) + name[size:]
	}
	return string(unicode.ToTitle(first)) + name[size:]
}

// motionName names a point of order, an appeal or a motion at the beginning of a line.
func (t teller) motionName(x conference.Motion) string {
	switch x.Type {
	case "order":
		return t.l.Say("wall.order")
	case "appeal":
		return t.l.Say("thing.appeal")
	}
	return t.sort(x.Sort)
}

// asked is the question before a meeting in words.
func (t teller) asked(q conference.Question) string {
	switch q.Kind {
	case "proposal", "amendment", "part":
		return t.l.Say("wall.ask."+q.Kind, t.draft(conference.ProposalID(q.Thing)))
	case "motion":
		x, _ := t.s.Motion(conference.MotionID(q.Thing))
		return t.l.Say("wall.ask.motion", t.word("motionkind", x.Sort))
	case "credentials":
		return t.l.Say("wall.ask.credentials", t.party(conference.PartyID(q.Thing)))
	}
	return t.l.Say("wall.ask." + q.Kind)
}

// draft is the symbol of a draft or amendment, else its id.
func (t teller) draft(id conference.ProposalID) string {
	if p, ok := t.s.Proposal(id); ok && p.Symbol != "" {
		return string(p.Symbol)
	}
	return string(id)
}
