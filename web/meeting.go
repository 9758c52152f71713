package web

import (
	"fmt"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
)

// Mark leads from a fact to where it stands: its sources, by number, and its entry.
type Mark struct {
	Sources []int
	Entries []int64
}

// MeetingPage is the public page of a meeting.
type MeetingPage struct {
	Layout
	Reported   bool
	Status     string
	Where      string
	When       string
	Date       string // for machines
	Items      []Item
	Outcome    []Item
	Groups     []Group
	Differ     []Difference
	Unreported []string
	Sources    []SourceLine
	Meeting    string
	Speaking   string
	Waiting    []string
	Present    []State
	Live_      bool
	Meetings   []Link
}

// Link is an address and its text.
type Link struct{ Address, Text string }

// Item is a fact in the order told: what kind, and the sentence that tells it.
type Item struct {
	No          int
	Title, Text string
	Mark        Mark
}

// Group is participants who took part alike.
type Group struct {
	Title string
	Rows  []Participant
}

// Participant is somebody who took part.
type Participant struct {
	State        State
	Organisation string
	Person       string
	Quiet        string // rank, office, what else is known
	Mark         Mark
}

// State is a party with its flag, if there is one.
type State struct{ Name, Flag string }

// Difference is a question the reports answer differently.
type Difference struct {
	Question string
	Versions []Version
	Resolved string
	Mark     Mark
}

// Version is one answer.
type Version struct {
	Text string
	Mark Mark
}

// SourceLine is a source.
type SourceLine struct {
	No                       int
	Outlet, Address, Display string
	Date                     string
	Entry                    int64
}

// meetingPage renders the page of a meeting, or of the expectation of one.
func (s *site) meetingPage(v View, l *language.Language, id conference.MeetingID) ([]byte, error) {
	rest := "meetings/" + string(id)
	p := &MeetingPage{Layout: s.layout(v, l, rest), Meeting: string(id)}
	p.Here = "meeting"
	m, ok := v.State().Meeting(id)
	if id == "" {
		p.Layout.Live = "/" + l.Code + "/meetings/-/live"
		p.Title, p.Lead = p.Body, l.Say("page.nomeeting")
		if p.Title == "" {
			p.Title = l.Say("page.meeting")
		}
		return s.render("message", p.Layout)
	}
	if !ok {
		return nil, errNotFound
	}
	p.Layout.Live = "/" + l.Code + "/meetings/" + string(id) + "/live"
	told, err := paper.Communique(v, id, l)
	if err != nil {
		return nil, err
	}
	b := &builder{v: v, s: v.State(), l: l, m: m, told: told, flags: s.flag, p: p}
	b.build()
	return s.render("meeting", p)
}

// flag is the address of a party's flag, or "".
func (s *site) flag(p conference.PartyID) string {
	name := "flags/" + string(p) + ".svg"
	if _, ok := s.assets[name]; !ok {
		return ""
	}
	return "/static/" + s.version + "/" + name
}

type builder struct {
	v     View
	s     *conference.State
	l     *language.Language
	m     conference.Meeting
	told  *paper.Paper
	flags func(conference.PartyID) string
	p     *MeetingPage
}

func (b *builder) lang() conference.Language { return conference.Language(b.l.Code) }

func (b *builder) build() {
	facts := b.s.Told(b.m.MeetingConvened.Meeting)
	b.head(facts)
	b.sources()
	b.items(facts)
	b.participants(facts)
	b.floor()
	if b.p.Reported {
		b.differences(facts)
		b.unreported(facts)
	}
	for _, m := range b.s.Meetings() {
		if id := m.MeetingConvened.Meeting; id != b.m.MeetingConvened.Meeting {
			b.p.Meetings = append(b.p.Meetings, Link{"/" + b.l.Code + "/meetings/" + string(id), string(id)})
		}
	}
}

func (b *builder) head(facts []conference.Fact) {
	p, m := b.p, b.m
	p.Title = b.told.Title.Text
	p.Reported = slices.ContainsFunc(facts, func(f conference.Fact) bool { return f.Kind() == "MeetingConvened" && f.Event.Reported != nil })
	day := m.From
	for _, f := range facts {
		if held, ok := f.Body.(*conference.MeetingHeld); ok {
			day = held.Date
		}
	}
	year, month, date, _ := day.Parts()
	p.When, p.Date = b.l.Date(language.Date{Year: year, Month: month, Day: date}), string(day)
	place, _ := b.s.Place(m.Place)
	p.Where = place.Names.In(b.lang())
	if party, ok := b.s.Party(place.Party); ok {
		p.Where += ", " + party.Named.Short.In(b.lang())
	}
	if !p.Reported {
		p.Status = b.l.Say("page." + map[bool]string{true: "insession", false: "convened"}[m.InSession()])
		p.Live_ = m.InSession()
		if m.Closed {
			p.Status = b.l.Say("page.ended")
		}
	}
	if outcome := b.sentences("InstrumentSigned", "NextMeetingDecided"); len(outcome) > 0 {
		p.Lead = strings.Join(outcome, " ")
	}
}

// sentences are those of the communiqué that come from facts of some kinds.
func (b *builder) sentences(kinds ...string) (texts []string) {
	for _, f := range b.s.Told(b.m.MeetingConvened.Meeting) {
		if !slices.Contains(kinds, f.Kind()) {
			continue
		}
		for _, text := range b.sentencesOf(f) {
			if !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

func (b *builder) sentencesOf(f conference.Fact) (texts []string) {
	for _, paragraph := range b.told.Paragraphs {
		for _, sentence := range paragraph {
			if slices.Contains(sentence.Entries, f.Index) {
				texts = append(texts, sentence.Text)
			}
		}
	}
	return texts
}

func (b *builder) sources() {
	for i, src := range b.s.Sources() {
		line := SourceLine{No: i + 1, Outlet: src.Outlet, Address: src.Address, Display: display(src.Address), Entry: src.Index}
		if year, month, day, err := src.Date.Parts(); err == nil && day > 0 {
			line.Date = b.l.Date(language.Date{Year: year, Month: month, Day: day})
		} else if src.Date != "" {
			line.Date = string(src.Date)
		}
		if !strings.HasPrefix(line.Address, "https://") && !strings.HasPrefix(line.Address, "http://") {
			line.Address = ""
		}
		b.p.Sources = append(b.p.Sources, line)
	}
}

// display shortens an address to host and beginning of the path.
func display(address string) string {
	_, rest, found := strings.Cut(address, "://")
	if !found {
		return address
	}
	if len(rest) > 44 {
		cut := 40
		for cut > 0 && rest[cut]&0xC0 == 0x80 {
			cut--
		}
		rest = rest[:cut] + "…"
	}
	return strings.TrimSuffix(rest, "/")
}

func (b *builder) mark(f conference.Fact) (m Mark) {
	m.Entries = append([]int64{f.Index}, f.Agree...)
	for i, src := range b.s.Sources() {
		if slices.Contains(f.Sources(b.s), src.Source) {
			m.Sources = append(m.Sources, i+1)
		}
	}
	return m
}

// items are what was told in order; what was signed and decided is the outcome too.
func (b *builder) items(facts []conference.Fact) {
	var said []string
	for _, f := range facts {
		switch f.Kind() {
		case "PersonTookPart", "MeetingConvened", "ObserverGranted", "ChairTaken", "MeetingHeld":
			continue
		}
		text := strings.Join(b.sentencesOf(f), " ")
		item := Item{Title: b.l.Say("event." + f.Kind()), Text: text, Mark: b.mark(f)}
		if i := slices.Index(said, text); i >= 0 && text != "" {
			for _, list := range []*[]Item{&b.p.Items, &b.p.Outcome} {
				for k := range *list {
					if (*list)[k].Text == text {
						(*list)[k].Mark.Entries = append((*list)[k].Mark.Entries, item.Mark.Entries...)
					}
				}
			}
			continue
		}
		said = append(said, text)
		switch f.Kind() {
		case "InstrumentSigned", "OrganSeated", "NextMeetingDecided":
			b.p.Outcome = append(b.p.Outcome, item)
		}
		item.No = len(b.p.Items) + 1
		b.p.Items = append(b.p.Items, item)
	}
}

func (b *builder) state(id conference.PartyID) State {
	party, _ := b.s.Party(id)
	return State{party.Named.Short.In(b.lang()), b.flags(id)}
}

func (b *builder) participants(facts []conference.Fact) {
	chair := ""
	for _, f := range facts {
		if c, ok := f.Body.(*conference.ChairTaken); ok {
			chair = string(c.Person)
		}
	}
	for _, g := range []struct {
		title string
		parts []conference.Part
	}{{"page.took", []conference.Part{"head", "member"}}, {"page.observers", []conference.Part{"observer"}}, {"page.guests", []conference.Part{"guest"}}} {
		group := Group{Title: b.l.Say(g.title)}
		for _, f := range facts {
			if t, ok := f.Body.(*conference.PersonTookPart); ok && slices.Contains(g.parts, t.Part) {
				group.Rows = append(group.Rows, b.participant(f, t, string(t.Person) == chair))
			}
		}
		if len(group.Rows) > 0 {
			b.p.Groups = append(b.p.Groups, group)
		}
	}
}

func (b *builder) participant(f conference.Fact, t *conference.PersonTookPart, presided bool) Participant {
	p := Participant{State: b.state(t.Party), Mark: b.mark(f)}
	if o, ok := b.s.Organisation(t.Organisation); ok {
		p.Organisation = o.Names.In(b.lang())
	}
	var quiet []string
	for _, term := range []conference.Term{t.Rank, t.Office} {
		if term != "" {
			quiet = append(quiet, b.l.Label(string(term)))
		}
	}
	if presided {
		quiet = append(quiet, b.l.Say("page.presided"))
	}
	p.Person, p.Quiet = b.name(t.Person), strings.Join(quiet, ", ")
	return p
}

// name is a person's name, or that it was not reported, or is no longer kept.
func (b *builder) name(id conference.PersonID) string {
	if name, ok := b.v.Name(id, b.lang()); ok {
		return name
	}
	if id == conference.UnnamedPerson {
		return b.l.Say("page.unnamed")
	}
	return b.l.Say("page.forgotten")
}

func (b *builder) floor() {
	if b.p.Reported {
		return
	}
	id := b.m.MeetingConvened.Meeting
	if q, ok := b.s.Speaking(id); ok {
		b.p.Speaking = b.name(q.Person) + ", " + b.state(q.Party).Name
	}
	for _, q := range b.s.SpeakersList(id) {
		b.p.Waiting = append(b.p.Waiting, b.name(q.Person)+", "+b.state(q.Party).Name)
	}
	for _, party := range b.m.Present() {
		b.p.Present = append(b.p.Present, b.state(party))
	}
}

// differences finds where reports disagree: facts in conflict, parties of two statuses, and participants whom a
// source that names most of the others does not name.
func (b *builder) differences(facts []conference.Fact) {
	for _, f := range b.s.Disagreements() {
		b.p.Differ = append(b.p.Differ, b.conflict(f))
	}
	for _, p := range b.s.Parties() {
		if d, ok := b.statuses(p, facts); ok {
			b.p.Differ = append(b.p.Differ, d)
		}
	}
	b.unlisted(facts)
}

func (b *builder) conflict(f conference.Fact) Difference {
	d := Difference{Question: b.l.Say("event." + f.Kind())}
	preferred, resolved := b.s.PreferredOf(f)
	for _, version := range b.s.Versions(f) {
		text := b.contents(version)
		d.Versions = append(d.Versions, Version{text, b.mark(version)})
		if resolved && version.Index == preferred.Index {
			d.Resolved, d.Mark = b.l.Say("page.preferred", text, preferred.Reason), Mark{Entries: []int64{preferred.By}}
		}
	}
	if !resolved {
		d.Resolved = b.l.Say("page.neither")
	}
	return d
}

// contents says in few words what tells a fact from another about the same thing.
func (b *builder) contents(f conference.Fact) string {
	switch x := f.Body.(type) {
	case *conference.MeetingConvened:
		return paper.Roman(x.Ordinal)
	case *conference.OrganisationRegistered:
		return x.Names.In(b.lang())
	case *conference.PartyNamed:
		return x.Short.In(b.lang())
	case *conference.PlaceNamed:
		return x.Names.In(b.lang())
	case *conference.MeetingHeld:
		return string(x.Date)
	case *conference.PartyAdmitted:
		return string(x.From)
	}
	conference_ := f.Event
	conference_.Reported = nil
	return string(conference_.Append(nil))
}

func (b *builder) statuses(p conference.Party, facts []conference.Fact) (d Difference, differ bool) {
	var member, observer bool
	for _, kind := range []string{"PartyAdmitted", "ObserverGranted"} {
		for _, f := range b.s.Facts(kind) {
			switch x := f.Body.(type) {
			case *conference.PartyAdmitted:
				if x.Party == p.ID && x.From <= b.m.From {
					member = true
					d.Versions = append(d.Versions, Version{b.l.Say("page.member", string(x.From)), b.mark(f)})
				}
			case *conference.ObserverGranted:
				if x.Party == p.ID && x.Meeting == b.m.MeetingConvened.Meeting {
					observer = true
					d.Versions = append(d.Versions, Version{b.l.Say("page.observer"), b.mark(f)})
				}
			}
		}
	}
	d.Question, d.Resolved = b.l.Say("page.q.status", b.state(p.ID).Name), b.l.Say("page.neither")
	return d, member && observer
}

// unlisted finds participants whom a source does not name although it names more than half of all.
func (b *builder) unlisted(facts []conference.Fact) {
	var people []conference.Fact
	named := map[int]int{}
	for _, f := range facts {
		if f.Kind() == "PersonTookPart" {
			people = append(people, f)
			for _, n := range b.mark(f).Sources {
				named[n]++
			}
		}
	}
	for _, f := range people {
		mark := b.mark(f)
		for n := range len(b.p.Sources) {
			if n++; named[n]*2 > len(people) && !slices.Contains(mark.Sources, n) {
				person := f.Body.(*conference.PersonTookPart)
				b.p.Differ = append(b.p.Differ, Difference{
					Question: b.l.Say("page.q.listed", b.state(person.Party).Name),
					Versions: []Version{{b.name(person.Person), mark}, {b.l.Say("page.notlisted"), Mark{Sources: []int{n}}}},
					Resolved: b.l.Say("page.neither"),
				})
			}
		}
	}
}

// unreported lists what no report tells, as far as the record shows it.
func (b *builder) unreported(facts []conference.Fact) {
	hours, signers, next, names := false, false, false, false
	for _, f := range facts {
		hours = hours || f.Event.Reported != nil && f.Event.Reported.When.Known == "hour"
		switch x := f.Body.(type) {
		case *conference.InstrumentSigned:
			signers = signers || x.By != "parties"
		case *conference.NextMeetingDecided:
			next = next || x.Date == ""
		case *conference.PersonTookPart:
			names = names || x.Person == conference.UnnamedPerson
		}
	}
	for _, u := range []struct {
		key  string
		true bool
	}{{"votes", true}, {"hours", !hours}, {"signers", signers}, {"next", next}, {"names", names}} {
		if u.true {
			b.p.Unreported = append(b.p.Unreported, b.l.Say("page.un."+u.key))
		}
	}
}

// CommuniquePage is a communiqué whose sentences lead to their entries.
type CommuniquePage struct {
	Layout
	Dateline   string
	Paragraphs [][]paper.Sentence
	Note       string
	Text       string // address of the plain text
	Markdown   string
}

func (s *site) communique(v View, l *language.Language, id conference.MeetingID, file string) ([]byte, string, error) {
	if _, ok := v.State().Meeting(id); !ok {
		return nil, "", errNotFound
	}
	told, err := paper.Communique(v, id, l)
	if err != nil {
		return nil, "", err
	}
	at := fmt.Sprintf("/%s/meetings/%s/communique", l.Code, id)
	switch file {
	case "communique.txt":
		return []byte(told.Text() + "\n"), "text/plain; charset=utf-8", nil
	case "communique.md":
		return []byte(told.Markdown() + "\n"), "text/markdown; charset=utf-8", nil
	case "communique":
	default:
		return nil, "", errNotFound
	}
	p := CommuniquePage{Layout: s.layout(v, l, "meetings/"+string(id)+"/communique"), Dateline: told.Dateline.Text, Paragraphs: told.Paragraphs, Note: told.Note(), Text: at + ".txt", Markdown: at + ".md"}
	p.Title = told.Title.Text
	body, err := s.render("communique", p)
	return body, "text/html; charset=utf-8", err
}
