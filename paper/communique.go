// Package paper makes what leaves the house: papers told from the record alone.
//
// A communiqué says nothing the record does not hold. Each sentence knows the entries it came from; names stand in
// the case the sentence asks for because the language folders hold that form, and where one is missing that is an
// error naming the cell, never a guess. No code here knows a name, a place or a meeting.
package paper

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/language"
)

// A Source is what a paper is told from.
type Source interface {
	State() *conference.State
	// Name is a person's name in a language, where it is published; else ok is false.
	Name(p conference.PersonID, l conference.Language) (name string, ok bool)
}

// A Sentence is one sentence, with the indices of the entries it came from and the forms in it that no speaker of
// the language has read.
type Sentence struct {
	Text    string
	Entries []int64
	Unread  []string
}

// A Paper is a title and paragraphs of sentences in a language.
type Paper struct {
	Language   *language.Language
	Title      Sentence
	Dateline   Sentence
	Paragraphs [][]Sentence
}

// Communique tells a meeting in the order in which reports of such meetings are told: what met, who presided, who
// took part, ceremonies, opening, message, statements, what was signed and decided, the audience, the background.
// Errors are *language.MissingForm, or say which meeting is unknown.
func Communique(src Source, id conference.MeetingID, l *language.Language) (*Paper, error) {
	m, ok := src.State().Meeting(id)
	if !ok {
		return nil, fmt.Errorf("no meeting is called %q", id)
	}
	t := &teller{src: src, s: src.State(), l: l, m: m, facts: src.State().Told(id), paper: &Paper{Language: l}}
	t.heading()
	for _, part := range []func(){t.held, t.participants, t.ceremonies, t.sitting, t.outcome, t.background} {
		part()
		t.paragraph()
	}
	return t.paper, t.err
}

// a teller makes a paper sentence by sentence and stops at the first error.
type teller struct {
	src   Source
	s     *conference.State
	l     *language.Language
	m     conference.Meeting
	facts []conference.Fact
	paper *Paper
	now   []Sentence // the paragraph being made
	err   error
}

type places = map[string]language.Phrase

func (t *teller) sentence(frame string, p places, entries ...int64) Sentence {
	if t.err != nil {
		return Sentence{}
	}
	s := t.l.Sentence()
	text, err := s.Fill(frame, p)
	t.err = err
	slices.Sort(entries)
	return Sentence{text, slices.Compact(entries), s.Unread}
}

func (t *teller) say(frame string, p places, entries ...int64) {
	t.now = append(t.now, t.sentence(frame, p, entries...))
}

func (t *teller) paragraph() {
	if len(t.now) > 0 {
		t.paper.Paragraphs = append(t.paper.Paragraphs, t.now)
		t.now = nil
	}
}

// of lists the facts of one kind, in the order told.
func of[B any](t *teller) (list []told[B]) {
	for _, f := range t.facts {
		if b, ok := f.Body.(*B); ok {
			list = append(list, told[B]{b, append([]int64{f.Index}, f.Agree...)})
		}
	}
	return list
}

// told is a fact and the entries that tell it.
type told[B any] struct {
	it      *B
	entries []int64
}

func (t *teller) heading() {
	p := places{"body": t.body(), "n": language.Plain(Roman(t.m.Ordinal))}
	t.paper.Title = t.sentence("title", p, t.m.Convened)
	day, entries := t.day()
	t.paper.Dateline = Sentence{Text: t.place(t.m.Place).Nominative + ", " + t.l.Date(day), Entries: entries}
}

// day is when the meeting was held, else when it was convened for.
func (t *teller) day() (language.Date, []int64) {
	date, entries := t.m.From, []int64{t.m.Convened}
	if held := of[conference.MeetingHeld](t); len(held) > 0 {
		date, entries = held[0].it.Date, append(entries, held[0].entries...)
	}
	return dateOf(date), entries
}

func dateOf(d conference.Date) language.Date {
	year, month, day, _ := d.Parts() // checked when it came
	return language.Date{Year: year, Month: month, Day: day}
}

func (t *teller) body() language.Phrase {
	return language.Name{Kind: "body", Nominative: t.s.Body.Names.In(conference.Language(t.l.Code))}
}

func (t *teller) place(id conference.PlaceID) language.Name {
	p, _ := t.s.Place(id)
	return language.Name{Kind: "place", Nominative: p.Names.In(conference.Language(t.l.Code))}
}

func (t *teller) state(id conference.PartyID) language.Name {
	p, _ := t.s.Party(id)
	return language.Name{Kind: "party", Nominative: p.Named.Short.In(conference.Language(t.l.Code))}
}

func (t *teller) organisation(id conference.OrganisationID) language.Name {
	o, _ := t.s.Organisation(id)
	return language.Name{Kind: "organisation", Nominative: o.Names.In(conference.Language(t.l.Code))}
}

// name is a person's name alone, or that it is no longer kept.
func (t *teller) name(p conference.PersonID) language.Phrase {
	if name, ok := t.src.Name(p, conference.Language(t.l.Code)); ok {
		return language.Name{Kind: "person", Nominative: name}
	}
	return language.Group{Frame: "np.forgotten"}
}

// official is a person with office, organisation and state, as far as they are known.
func (t *teller) official(person conference.PersonID, party conference.PartyID, org conference.OrganisationID, office, rank conference.Term) language.Phrase {
	p := places{}
	if party != "" {
		p["state"] = t.state(party)
	}
	if org != "" {
		p["org"] = t.organisation(org)
	}
	if office != "" {
		p["office"] = language.Term(office)
	}
	if rank != "" {
		p["rank"] = language.Term(rank)
	}
	named := false
	if name, ok := t.src.Name(person, conference.Language(t.l.Code)); ok {
		p["name"], named = language.Name{Kind: "person", Nominative: name}, true
	}
	forgotten := !named && person != conference.UnnamedPerson
	switch {
	case forgotten && org != "" && office != "":
		return language.Group{Frame: "np.office", Places: p}
	case forgotten:
		return language.Group{Frame: "np.forgotten"}
	case org != "" && office != "" && named:
		return language.Group{Frame: "np.official", Places: p}
	case org != "" && office != "":
		return language.Group{Frame: "np.unnamed", Places: p}
	case party != "" && office != "" && named:
		return language.Group{Frame: "np.title", Places: p}
	case office != "" && named:
		return language.Group{Frame: "np.bare", Places: p}
	case named:
		return p["name"]
	case party != "":
		return language.Group{Frame: "np.delegation", Places: p}
	}
	return language.Group{Frame: "np.forgotten"}
}

func (t *teller) held() {
	day, entries := t.day()
	t.say("held", places{"date": day, "city": t.place(t.m.Place), "body": t.body(), "n": language.Plain(Roman(t.m.Ordinal))}, entries...)
	for _, c := range of[conference.ChairTaken](t) {
		t.say("presided", places{"by": t.name(c.it.Person)}, c.entries...)
	}
}

func (t *teller) participants() {
	for _, p := range []struct {
		frame string
		parts []conference.Part
	}{{"took_part", []conference.Part{"head", "member"}}, {"observers", []conference.Part{"observer"}}, {"guests", []conference.Part{"guest"}}} {
		list, entries := language.List{Long: true}, []int64(nil)
		for _, x := range of[conference.PersonTookPart](t) {
			if slices.Contains(p.parts, x.it.Part) {
				list.Items = append(list.Items, t.official(x.it.Person, x.it.Party, x.it.Organisation, x.it.Office, x.it.Rank))
				entries = append(entries, x.entries...)
			}
		}
		if len(list.Items) > 0 {
			t.say(p.frame, places{"list": list}, entries...)
		}
	}
}

func (t *teller) ceremonies() {
	before := "first"
	for _, f := range t.facts {
		var kind string
		var c conference.WreathLaid
		switch b := f.Body.(type) {
		case *conference.WreathLaid:
			kind, c = "wreath", *b
		case *conference.FlowersLaid:
			kind, c = "flowers", conference.WreathLaid(*b)
		default:
			continue
		}
		if c.Monument == "" && c.Honoured == "" {
			continue // a place alone: there is nothing to say of it
		}
		p := places{"at": t.place(c.Place)}
		frame := kind + ".grave."
		if c.Monument != "" {
			p["monument"], frame = t.place(c.Monument), kind+".monument."
		} else {
			p["honoured"] = t.name(c.Honoured)
		}
		t.say(frame+before, p, append([]int64{f.Index}, f.Agree...)...)
		before = "then"
	}
}

func (t *teller) sitting() {
	for _, x := range of[conference.MeetingOpened](t) {
		t.say("opened", places{"by": t.name(x.it.By)}, x.entries...)
	}
	for _, x := range of[conference.MessageRead](t) {
		t.say("message", places{
			"author": t.official(x.it.Author, x.it.AuthorOf, "", x.it.AuthorOffice, ""),
			"reader": t.official(x.it.Reader, "", "", x.it.ReaderOffice, ""),
		}, x.entries...)
	}
	t.statements()
}

func (t *teller) statements() {
	spoke, entries := language.List{}, []int64(nil)
	for _, x := range of[conference.StatementMade](t) {
		for _, p := range x.it.Points {
			t.point(x.it.By, p, x.entries)
		}
		if len(x.it.Points) == 0 && x.it.By != "others" {
			spoke.Items = append(spoke.Items, t.name(conference.PersonID(x.it.By)))
			entries = append(entries, x.entries...)
		}
	}
	if len(spoke.Items) > 0 {
		t.say("spoke", places{"list": spoke}, entries...)
	}
}

func (t *teller) point(by string, p conference.Point, entries []int64) {
	t.pointBy(t.name(conference.PersonID(by)), by == "others", p, entries)
}

// pointBy tells what somebody, or the others, said.
func (t *teller) pointBy(by language.Phrase, others bool, p conference.Point, entries []int64) {
	list := language.List{}
	for _, term := range p.Of {
		list.Items = append(list.Items, language.Term(term))
	}
	at := places{"of": list}
	if p.To != "" {
		at["to"] = language.Term(p.To)
	}
	if p.In != "" {
		at["in"] = t.place(p.In)
	}
	frame := "point." + string(p.Manner)
	if others {
		frame = "others." + string(p.Manner)
	} else {
		at["by"] = by
	}
	t.say(frame, at, entries...)
}

func (t *teller) outcome() {
	subjects, entries := language.List{}, []int64(nil)
	for _, x := range of[conference.InstrumentSigned](t) {
		subjects.Items = append(subjects.Items, language.Term(x.it.Subject))
		entries = append(entries, x.entries...)
	}
	if len(subjects.Items) > 0 {
		t.say("signed", places{"subject": subjects}, entries...)
	}
	for _, x := range of[conference.OrganSeated](t) {
		t.say("seated", places{"organ": language.Term(x.it.Organ), "in": t.place(x.it.Place)}, x.entries...)
	}
	for _, x := range of[conference.NextMeetingDecided](t) {
		t.say("next", places{"city": t.place(x.it.Place)}, x.entries...)
	}
	for _, x := range of[conference.AudienceHeld](t) {
		t.say("audience", places{"by": t.official(x.it.By, x.it.Of, "", x.it.Office, "")}, x.entries...)
	}
}

// background tells how the body came to be and who joined it, as far as the record holds it, and what the text
// rests on.
func (t *teller) background() {
	for _, f := range t.s.Facts("InstrumentSigned") {
		x := f.Body.(*conference.InstrumentSigned)
		if x.Meeting != "" || x.By != "parties" || f.Event.Reported == nil || x.Place == "" {
			continue
		}
		list := language.List{}
		for _, p := range x.For {
			list.Items = append(list.Items, t.state(p))
		}
		t.say("founded", places{"date": dateOf(conference.Date(f.Event.Reported.When.Date)), "city": t.place(x.Place), "list": list}, f.Index)
	}
	t.joined()
	t.sources()
}

// joined tells of members that were not founders, and of those the reports have as observers of this meeting too.
func (t *teller) joined() {
	for _, p := range t.s.Parties() {
		var member, observer *conference.Status
		for i, st := range p.Statuses {
			switch {
			case st.Member && st.Basis != "founder" && st.Reported:
				member = &p.Statuses[i]
			case !st.Member && st.Meeting == t.m.MeetingConvened.Meeting:
				observer = &p.Statuses[i]
			}
		}
		if member == nil {
			continue
		}
		since := language.In{Phrase: dateOf(member.From), Case: "since"}
		if observer != nil {
			t.say("member-observed", places{"state": t.state(p.ID), "since": since}, member.Index, observer.Index)
		} else {
			t.say("member-since", places{"state": t.state(p.ID), "since": since}, member.Index)
		}
	}
}

func (t *teller) sources() {
	var outlets []string
	var entries []int64
	for _, f := range t.facts {
		for _, id := range f.Sources(t.s) {
			for _, src := range t.s.Sources() {
				if src.Source == id && !slices.Contains(outlets, src.Outlet) {
					outlets, entries = append(outlets, src.Outlet), append(entries, src.Index)
				}
			}
		}
	}
	list := language.List{}
	for _, o := range outlets {
		list.Items = append(list.Items, language.Plain(o))
	}
	if len(outlets) > 0 {
		t.say("sources", places{"list": list}, entries...)
	}
}

// Unread lists the forms in the paper that no speaker of its language has read, each once, in order of use.
func (p *Paper) Unread() (forms []string) {
	for _, s := range p.sentences() {
		for _, f := range s.Unread {
			if !slices.Contains(forms, f) {
				forms = append(forms, f)
			}
		}
	}
	return forms
}

func (p *Paper) sentences() []Sentence {
	list := []Sentence{p.Title, p.Dateline}
	for _, paragraph := range p.Paragraphs {
		list = append(list, paragraph...)
	}
	return list
}

// Note says in the paper's language how many of its forms no speaker has read; "" if all were.
func (p *Paper) Note() string {
	n := len(p.Unread())
	if n == 0 {
		return ""
	}
	text, err := p.Language.Sentence().Fill("unread", places{"n": language.Plain(fmt.Sprint(n))})
	if err != nil {
		return err.Error()
	}
	return text
}

// Text is the paper in plain text.
func (p *Paper) Text() string {
	return p.render("%s\n%s\n", func(s []Sentence) string { return "\n" + join(s) + "\n" }, "\n%s\n")
}

// Markdown is the paper in Markdown.
func (p *Paper) Markdown() string {
	return p.render("# %s\n\n*%s*\n", func(s []Sentence) string { return "\n" + markdown.Replace(join(s)) + "\n" }, "\n---\n\n%s\n")
}

var markdown = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "<", "&lt;", "&", "&amp;")

func join(sentences []Sentence) string {
	var texts []string
	for _, s := range sentences {
		texts = append(texts, s.Text)
	}
	return strings.Join(texts, " ")
}

func (p *Paper) render(head string, paragraph func([]Sentence) string, note string) string {
	out := fmt.Sprintf(head, p.Title.Text, p.Dateline.Text)
	for _, s := range p.Paragraphs {
		out += paragraph(s)
	}
	if n := p.Note(); n != "" {
		out += fmt.Sprintf(note, n)
	}
	return strings.TrimSuffix(out, "\n")
}

// HTML is the paper as an article; each sentence names its entries in data-entries.
func (p *Paper) HTML() string {
	var out strings.Builder
	fmt.Fprintf(&out, "<article lang=%q>\n<h1>%s</h1>\n<p>%s</p>\n", p.Language.Code, span(p.Title), span(p.Dateline))
	for _, paragraph := range p.Paragraphs {
		out.WriteString("<p>")
		for i, s := range paragraph {
			if i > 0 {
				out.WriteByte(' ')
			}
			out.WriteString(span(s))
		}
		out.WriteString("</p>\n")
	}
	if n := p.Note(); n != "" {
		fmt.Fprintf(&out, "<p><small>%s</small></p>\n", html.EscapeString(n))
	}
	return out.String() + "</article>"
}

func span(s Sentence) string {
	return fmt.Sprintf(`<span data-entries="%s">%s</span>`, numbers(s.Entries, " "), html.EscapeString(s.Text))
}

func numbers(entries []int64, sep string) string {
	var texts []string
	for _, e := range entries {
		texts = append(texts, fmt.Sprint(e))
	}
	return strings.Join(texts, sep)
}

// Trace is a sentence a line, the entries it came from behind it, and then the forms no speaker has read.
func (p *Paper) Trace() string {
	var out strings.Builder
	for _, s := range p.sentences() {
		fmt.Fprintf(&out, "%s [%s]\n", s.Text, numbers(s.Entries, ", "))
	}
	if n := p.Note(); n != "" {
		fmt.Fprintf(&out, "\n%s\n", n)
		for _, f := range p.Unread() {
			fmt.Fprintf(&out, "- %s\n", f)
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// Roman writes a meeting's ordinal as meetings are numbered, 22 as XXII.
func Roman(n int64) string { return conference.Roman(n) }
