package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
)

// Mark leads from a fact to where it stands: its sources, by number, and its entries.
type Mark struct {
	Sources []int
	Entries []int64
}

// MeetingPage is the public page of a meeting.
type MeetingPage struct {
	Layout
	Reported    bool // told by reports; else lived
	InSession   bool
	Status      string
	Where       string
	When        string
	Date        string // for machines
	Speaking    *Speaker
	Waiting     []Speaker
	Ended       string
	EndedMark   Mark
	Items       []Item
	Votes       []Item
	Outcome     []Item
	Groups      []Group
	Delegations []Delegations
	Differ      []Difference
	Unreported  []string
	Sources     []SourceLine
	Meeting     string
	Meetings    []Link
	Voting      Section // what is put to the vote now, and who has answered
	Agenda      Section
	Papers      Section
	Programme   Section
	Replay      string // address
}

// Link is an address and its text.
type Link struct{ Address, Text string }

// Speaker is who has the floor, or waits for it.
type Speaker struct {
	State  State
	Person string
	Since  string // when the floor was given
	At     string // the same for machines
	Limit  string
	Mark   Mark
}

// Item is a fact in the order told: what kind, and the sentence that tells it.
type Item struct {
	No          int
	Title, Text string
	Address     string
	Who         []string // of a vote: who answered what
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
	ToParty      string // addresses of pages about them, "" where there is none
	ToPerson     string
	Mark         Mark
}

// Delegations are parties of one status at a meeting that is lived.
type Delegations struct {
	Title string
	Rows  []Delegation
}

// Delegation is a party at a meeting: who heads it, and whether it is in the room.
type Delegation struct {
	State   State
	Heads   []string
	Present bool
	ToParty string // address of the party's page
	Mark    Mark
}

// State is a party with its flag, if there is one.
type State struct{ Name, Flag string }

// SourceLine is a source.
type SourceLine struct {
	No                       int
	Outlet, Address, Display string
	Language, Date           string
	Entry                    int64
}

// meetingPage renders the public page of a meeting.
func (s *site) meetingPage(v View, in *visit, id conference.MeetingID) ([]byte, error) {
	l := in.lang
	m, ok := v.State().Meeting(id)
	if !ok {
		return nil, errNotFound
	}
	p := &MeetingPage{Layout: s.layout(v, l, "meetings/"+string(id)), Meeting: string(id)}
	p.Here = "meeting"
	if p.Past == "" {
		p.Live = fmt.Sprintf("/%s/meetings/%s/live", l.Code, id)
	}
	told, err := paper.Communique(v, id, l)
	if err != nil {
		told = nil // a form is missing in this language: the page tells in words what it cannot in sentences
	}
	b := &builder{teller: newTeller(v, l), m: m, told: told, flags: s.flag, keep: s.keep(v), p: p}
	b.build()
	s.drawer(v, in).meeting(m, p)
	return s.render("meeting", p)
}

// meeting fills in what a meeting has before it: agenda, papers, programme, and the vote that is on.
func (d *drawer) meeting(m conference.Meeting, p *MeetingPage) {
	id := m.MeetingConvened.Meeting
	p.Agenda = d.agenda(m)
	p.Replay = kept("/"+d.l.Code+"/meetings/"+string(id)+"/replay", d.keep)
	if q, ok := d.s.Pending(id); ok {
		p.Voting = d.voting(q)
	}
	p.Papers = Section{ID: "papers", Title: d.say("public.documents"), Kind: "plain", Link: Link{d.to("documents"), d.say("public.all")}}
	for _, x := range d.s.Documents(id, d.in.reader) {
		p.Papers.Lines = append(p.Papers.Lines, d.paperLine(x))
	}
	p.Papers.Lines = append(p.Papers.Lines, Line{Text: d.say("public.papers"), Address: d.to("meetings/%s/papers", id), Small: "PDF"})
	p.Programme = Section{ID: "programme", Title: d.say("public.programme"), Kind: "plain", Link: Link{d.to("meetings/%s/programme", id), d.say("public.all")}}
	for _, h := range d.hours(m) {
		line := h.line
		line.Small, line.Mark, line.Meta = together(", ", d.date(h.day), h.time, h.at), Mark{}, nil
		p.Programme.Lines = append(p.Programme.Lines, line)
	}
}

// voting is a question that is put: who has answered what, in the order called or of names.
func (d *drawer) voting(q conference.Question) Section {
	s := Section{ID: "voting", Title: d.say("public.votenow"), Kind: "members", Note: d.asked(q), Void: d.say("public.noanswer")}
	for _, v := range q.Votes {
		line := d.partyLine(v.Party)
		line.Tag, line.Mark = d.say("answer."+string(v.Answer)), entries(v.Index)
		switch v.Answer {
		case "yes":
			line.Tone = "yes"
		case "no":
			line.Tone = "no"
		}
		s.Lines = append(s.Lines, line)
	}
	return s
}

// flag is the address of a party's flag, or "".
func (s *site) flag(p conference.PartyID) string {
	name := "flags/" + string(p) + ".svg"
	if _, ok := s.assets[name]; !ok {
		return ""
	}
	return "/static/" + s.version + "/" + name
}

// A builder fills in the page of a meeting.
type builder struct {
	teller
	m     conference.Meeting
	told  *paper.Paper // nil where it cannot be told in sentences
	flags func(conference.PartyID) string
	keep  string // query that keeps to a past size of the record
	p     *MeetingPage
}

func (b *builder) id() conference.MeetingID { return b.m.MeetingConvened.Meeting }

func (b *builder) build() {
	facts := b.s.Told(b.id())
	b.p.Reported = slices.ContainsFunc(facts, func(f conference.Fact) bool { return f.Kind() == "MeetingConvened" && f.Event.Reported != nil })
	b.head(facts)
	b.sources()
	b.items(facts)
	b.participants(facts)
	if b.p.Reported {
		b.differences(facts)
		b.unreported(facts)
	} else {
		b.floor()
		b.votes()
		b.adopted()
		b.delegations()
	}
	for _, m := range b.s.Meetings() {
		if id := m.MeetingConvened.Meeting; id != b.id() {
			text := together(", ", paper.Roman(m.Ordinal), b.place(m.Place), b.date(m.From))
			b.p.Meetings = append(b.p.Meetings, Link{kept("/"+b.l.Code+"/meetings/"+string(id), b.keep), text})
		}
	}
}

func (b *builder) head(facts []conference.Fact) {
	p, m := b.p, b.m
	p.Title = paper.Roman(m.Ordinal) + " · " + p.Body
	if b.told != nil {
		p.Title = b.told.Title.Text
	}
	day := m.From
	for _, f := range facts {
		if held, ok := f.Body.(*conference.MeetingHeld); ok {
			day = held.Date
		}
	}
	p.When, p.Date = b.date(day), string(day)
	place, _ := b.s.Place(m.Place)
	p.Where = together(", ", b.place(m.Place), b.party(place.Party))
	p.Lead = strings.Join(b.sentences(facts, "InstrumentSigned", "NextMeetingDecided"), " ")
	switch {
	case p.Reported:
		p.Status = b.l.Say("page.reported")
	case m.Closed:
		p.Status = b.l.Say("page.ended")
	case m.InSession():
		p.Status, p.InSession = b.l.Say("page.insession"), true
	default:
		p.Status = b.l.Say("page.convened")
	}
}

// sentences are those of the communiqué that come from facts of some kinds, each once.
func (b *builder) sentences(facts []conference.Fact, kinds ...string) (texts []string) {
	for _, f := range facts {
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
	if b.told == nil {
		return nil
	}
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
	if !b.p.Reported {
		return
	}
	for i, src := range b.s.Sources() {
		line := SourceLine{No: i + 1, Outlet: src.Outlet, Entry: src.Index}
		if src.Language != "" {
			line.Language = b.tongue(src.Language)
		}
		if src.Date != "" {
			line.Date = b.date(src.Date)
		}
		if strings.HasPrefix(src.Address, "https://") || strings.HasPrefix(src.Address, "http://") {
			line.Address, line.Display = src.Address, shortened(src.Address)
		}
		b.p.Sources = append(b.p.Sources, line)
	}
}

// shortened is an address cut to host and beginning of the path.
func shortened(address string) string {
	_, rest, _ := strings.Cut(address, "://")
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
	from := f.Sources(b.s)
	for i, src := range b.s.Sources() {
		if slices.Contains(from, src.Source) {
			m.Sources = append(m.Sources, i+1)
		}
	}
	return m
}

// items are what was told in order; what was signed and decided is the outcome too. Facts that one sentence tells
// are one item.
func (b *builder) items(facts []conference.Fact) {
	var items []Item
	var outcome []int
	at := map[string]int{} // by text
	for _, f := range facts {
		switch f.Kind() {
		case "PersonTookPart", "MeetingConvened", "ObserverGranted", "ChairTaken", "MeetingHeld":
			continue // the heading and the list of participants say so
		}
		text := strings.Join(b.sentencesOf(f), " ")
		if text == "" {
			text = b.words(f.Event)
		}
		mark := b.mark(f)
		i, said := at[text]
		if said && text != "" {
			items[i].Mark.add(mark)
			continue
		}
		at[text] = len(items)
		switch f.Kind() {
		case "InstrumentSigned", "OrganSeated", "NextMeetingDecided":
			outcome = append(outcome, len(items))
		}
		items = append(items, Item{No: len(items) + 1, Title: b.l.Say("event." + f.Kind()), Text: text, Mark: mark})
	}
	b.p.Items = items
	for _, i := range outcome {
		b.p.Outcome = append(b.p.Outcome, items[i])
	}
}

// add puts another fact's sources and entries to m.
func (m *Mark) add(other Mark) {
	m.Sources = slices.Compact(slices.Sorted(slices.Values(append(m.Sources, other.Sources...))))
	m.Entries = slices.Compact(slices.Sorted(slices.Values(append(m.Entries, other.Entries...))))
}

func (b *builder) state(id conference.PartyID) State { return State{b.party(id), b.flags(id)} }

// participants groups those who took part, as the reports list them.
func (b *builder) participants(facts []conference.Fact) {
	var chair conference.PersonID
	for _, f := range facts {
		if c, ok := f.Body.(*conference.ChairTaken); ok {
			chair = c.Person
		}
	}
	for _, g := range []struct {
		title string
		parts []conference.Part
	}{
		{b.l.Say("page.took"), []conference.Part{"head", "member"}},
		{b.l.Say("page.observers"), []conference.Part{"observer"}},
		{b.l.Say("page.guests"), []conference.Part{"guest"}},
	} {
		group := Group{Title: g.title}
		for _, f := range facts {
			if t, ok := f.Body.(*conference.PersonTookPart); ok && slices.Contains(g.parts, t.Part) {
				group.Rows = append(group.Rows, b.participant(f, t, t.Person == chair))
			}
		}
		if len(group.Rows) > 0 {
			b.p.Groups = append(b.p.Groups, group)
		}
	}
}

// to is the address of a page about somebody.
func (b *builder) to(place, id string) string {
	return kept("/"+b.l.Code+"/"+place+"/"+id, b.keep)
}

func (b *builder) participant(f conference.Fact, t *conference.PersonTookPart, presided bool) Participant {
	p := Participant{State: b.state(t.Party), Organisation: b.organisation(t.Organisation), Person: b.person(t.Person), Mark: b.mark(f), ToParty: b.to("parties", string(t.Party))}
	if t.Person != conference.UnnamedPerson {
		p.ToPerson = b.to("people", string(t.Person))
	}
	var quiet []string
	for _, term := range []conference.Term{t.Rank, t.Office} {
		if term != "" {
			quiet = append(quiet, b.label(term))
		}
	}
	if presided && t.Person != conference.UnnamedPerson {
		quiet = append(quiet, b.l.Say("page.presided"))
	}
	p.Quiet = strings.Join(quiet, "; ")
	return p
}

// floor tells who speaks and who waits; of a meeting that is over, when it ended.
func (b *builder) floor() {
	if q, ok := b.s.Speaking(b.id()); ok {
		speaker := b.speaker(q)
		at := q.Given.String()
		speaker.At, speaker.Since = at, at[11:16]+" UTC"
		if q.Limit > 0 {
			speaker.Limit = b.l.Say("page.limit", number(b.l, q.Limit/60))
		}
		b.p.Speaking = &speaker
	}
	for _, q := range b.s.SpeakersList(b.id()) {
		b.p.Waiting = append(b.p.Waiting, b.speaker(q))
	}
	last, ok := b.s.Version("meeting", string(b.id()))
	if !b.m.Closed || !ok {
		return
	}
	// Nothing changes a meeting that is closed, so what changed it last closed it.
	if e, _, _, err := b.entry(context.Background(), last); err == nil {
		at := e.At.String()
		b.p.Ended, b.p.EndedMark = b.l.Say("page.endedat", b.date(conference.Date(at[:10])), at[11:16]+" UTC"), Mark{Entries: []int64{last}}
	}
}

func (b *builder) speaker(q conference.Request) Speaker {
	return Speaker{State: b.state(q.Party), Person: b.person(q.Person), Mark: Mark{Entries: []int64{q.Index}}}
}

// adopted lists the decisions of the meeting.
func (b *builder) adopted() {
	for _, p := range b.s.Proposals(b.id()) {
		if d, ok := b.s.Decision(p.Decision); ok {
			b.p.Outcome = append(b.p.Outcome, Item{Text: b.l.Say("votes.decision") + " " + d.Number + ": " + string(p.Symbol), Address: kept("/"+b.l.Code+"/documents/"+escaped(p.Symbol), b.keep), Mark: Mark{Entries: []int64{d.Index}}})
		}
	}
}

// votes lists what was put to the meeting and decided: the numbers, the rule, the working.
func (b *builder) votes() {
	for n, q := range b.s.Results(b.id()) {
		title := b.l.Say("thing." + q.Kind)
		if p, ok := b.s.Proposal(conference.ProposalID(q.Thing)); ok && q.Kind == "proposal" {
			title += " " + string(p.Symbol)
			if d, ok := b.s.Decision(p.Decision); ok && q.Result.Outcome == "carried" {
				title += ": " + b.l.Say("votes.decision") + " " + d.Number
			}
		}
		b.p.Votes = append(b.p.Votes, Item{No: n + 1, Title: title, Text: paper.ResultOf(q.Result, b.l).String(), Who: (&drawer{teller: b.teller}).answers(q), Mark: Mark{Entries: []int64{q.Announced}}})
	}
}

// delegations lists members and observers of the day, who heads them and whether they are in the room.
func (b *builder) delegations() {
	members, observers := Delegations{Title: b.l.Say("page.members")}, Delegations{Title: b.l.Say("page.observers")}
	ids := b.s.Members(b.m.From, b.id())
	for _, p := range b.s.Parties() {
		if slices.Contains(ids, p.ID) {
			members.Rows = append(members.Rows, b.delegation(p, conference.Head))
		} else if slices.ContainsFunc(p.Statuses, func(st conference.Status) bool {
			return !st.Member && st.From <= b.m.From && (st.Meeting == "" || st.Meeting == b.id())
		}) {
			observers.Rows = append(observers.Rows, b.delegation(p, conference.ObserverHead))
		}
	}
	for _, d := range []Delegations{members, observers} {
		if len(d.Rows) > 0 {
			b.p.Delegations = append(b.p.Delegations, d)
		}
	}
}

func (b *builder) delegation(p conference.Party, as conference.Capacity) Delegation {
	d := Delegation{State: b.state(p.ID), Present: slices.Contains(b.m.Present(), p.ID), ToParty: b.to("parties", string(p.ID))}
	if n := len(p.Statuses); n > 0 {
		d.Mark.Entries = []int64{p.Statuses[n-1].Index}
	}
	for _, o := range b.s.Holders(as) {
		if o.For == p.ID {
			d.Heads = append(d.Heads, b.person(o.Person))
		}
	}
	return d
}

// unreported lists what no report tells, as far as the record shows it. No report of this edition can tell of a
// vote or an agenda, so that stands always.
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
		text    string
		unknown bool
	}{
		{b.l.Say("page.un.votes"), true},
		{b.l.Say("page.un.hours"), !hours},
		{b.l.Say("page.un.signers"), signers},
		{b.l.Say("page.un.next"), next},
		{b.l.Say("page.un.names"), names},
	} {
		if u.unknown {
			b.p.Unreported = append(b.p.Unreported, u.text)
		}
	}
}

// CommuniquePage is a communiqué whose sentences lead to their entries.
type CommuniquePage struct {
	Layout
	Back       string // the meeting's page
	Dateline   string
	Paragraphs [][]paper.Sentence
	Note       string
	Text       string // address of the plain text
	Markdown   string
}

// communique answers with a meeting's communiqué as a page, a text or Markdown.
func (s *site) communique(v View, l *language.Language, id conference.MeetingID, name string) (any, error) {
	if _, ok := v.State().Meeting(id); !ok {
		return nil, errNotFound
	}
	told, err := paper.Communique(v, id, l)
	var missing *language.MissingForm
	if err != nil && !errors.As(err, &missing) {
		return nil, err
	}
	back := fmt.Sprintf("/%s/meetings/%s", l.Code, id)
	switch {
	case name == "communique" && missing != nil:
		return s.render("message", Message{Layout: s.untold(v, l, id), Back: back})
	case missing != nil:
		return nil, errNotFound
	case name == "communique.txt":
		return file{kind: "text/plain; charset=utf-8", body: []byte(told.Text() + "\n")}, nil
	case name == "communique.md":
		return file{kind: "text/markdown; charset=utf-8", body: []byte(told.Markdown() + "\n")}, nil
	case name != "communique":
		return nil, errNotFound
	}
	p := CommuniquePage{Layout: s.layout(v, l, "meetings/"+string(id)+"/communique"), Back: back, Dateline: told.Dateline.Text,
		Paragraphs: told.Paragraphs, Note: told.Note(), Text: back + "/communique.txt", Markdown: back + "/communique.md"}
	p.Title = told.Title.Text
	return s.render("communique", p)
}

// untold says that a communiqué cannot be told in a language, for its folder lacks the form of a name.
func (s *site) untold(v View, l *language.Language, id conference.MeetingID) Layout {
	p := s.layout(v, l, "meetings/"+string(id)+"/communique")
	p.Title, p.Lead = l.Say("page.communique"), l.Say("page.untold")
	return p
}
