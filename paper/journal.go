package paper

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper/pdf"
)

// journal is what a day brought: the programme, who spoke, what was put to the vote, what was decided. Of a meeting that is
// reported it is what reports tell of the day.
func (c *composer) journal() error {
	list := c.passages()
	day, err := c.dayAsked(list)
	if err != nil {
		return err
	}
	c.add(pdf.Paragraph{Text: []pdf.Run{{Text: c.date(day), Italic: true}}})
	c.doc.Date = dayOf(day)
	list = slices.DeleteFunc(list, func(p passage) bool { return c.day(p.at) != day })
	before := len(c.doc.Blocks)
	c.programme(day, list)
	c.speakers(list)
	c.votesOf(list)
	c.decided(list)
	c.reportedOn(day)
	if len(c.doc.Blocks) == before {
		c.calm("paper.nothingthatday")
	}
	c.notOwn()
	return nil
}

// section adds a table under a heading, if it has rows.
func (g *grid) section(title string) {
	if len(g.rows) > 0 {
		g.c.heading(2, title)
		g.put("")
	}
}

// turns are the events by which a sitting begins and ends.
var turns = []string{"MeetingOpened", "MeetingSuspended", "MeetingAdjourned", "MeetingResumed", "MeetingClosed", "ItemOpened"}

// programme is the events planned for a day, and the turns of its sitting.
func (c *composer) programme(day conference.Date, list []passage) {
	type line struct {
		hour, text, place string
		entry             int64
	}
	var lines []line
	for _, p := range c.s.Plans(c.id) {
		if p.Date == day {
			text := c.word("public.plan", p.Type)
			if p.Recorded {
				text += " (" + c.l.Say("public.tookplace") + ")"
			}
			lines = append(lines, line{p.Time, text, c.place(p.Place), p.Index})
		}
	}
	for _, p := range list {
		for _, e := range p.events {
			if slices.Contains(turns, e.Kind()) {
				lines = append(lines, line{c.hour(p.at), c.event(e), c.place(c.m.Place), p.index})
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return strings.Compare(a.hour, b.hour) })
	g := c.grid([]int{3, 11, 5}, c.l.Say("field.time"), c.l.Say("public.programme"), c.l.Say("field.place"))
	for _, l := range lines {
		g.row([]int64{l.entry}, l.hour, l.text, l.place)
	}
	g.section(c.l.Say("public.programme"))
}

// speakers are those who made statements, and when they were given the floor.
func (c *composer) speakers(list []passage) {
	g := c.grid([]int{3, 6, 7, 5}, c.l.Say("field.time"), c.l.Say("page.party"), c.l.Say("page.person"), c.l.Say("field.sort"))
	for _, h := range caused[conference.FloorEnded](list) {
		for _, q := range c.s.Requests(c.id) {
			if q.ID == h.it.Request {
				g.row([]int64{h.index}, c.hour(q.Given), c.party(q.Party), c.person(q.Person), c.sortOf(q))
			}
		}
	}
	g.section(c.l.Say("public.statements"))
}

// sortOf says what sort of statement was asked for.
func (c *composer) sortOf(q conference.Request) string {
	if q.Sort == "" {
		return c.l.Say("paper.statement")
	}
	return c.word("wall.sort", q.Sort)
}

// votesOf are the results announced.
func (c *composer) votesOf(list []passage) {
	g := c.grid([]int{3, 8, 10}, c.l.Say("field.time"), c.l.Say("public.question"), c.l.Say("page.outcome"))
	for _, h := range caused[conference.ResultAnnounced](list) {
		r := ResultOf(h.it, c.l)
		g.row([]int64{h.index}, c.hour(h.at), c.thing(h.it.Type, h.it.Thing), together(". ", r.Outcome, r.Votes, r.Rule))
	}
	g.section(c.l.Say("votes.heading"))
}

// decided is what was adopted.
func (c *composer) decided(list []passage) {
	g := c.grid([]int{3, 6, 12}, c.l.Say("field.time"), c.l.Say("votes.decision"), c.l.Say("public.item"))
	for _, h := range caused[conference.Adopted](list) {
		p, _ := c.s.Proposal(h.it.Proposal)
		i, _ := c.s.Item(p.Meeting, p.Item)
		g.row([]int64{h.index}, c.hour(h.at), h.it.Number, together(", ", c.named(i.Title, string(p.Item)), string(p.Symbol)))
	}
	g.section(c.l.Say("public.decisions"))
}

// reportedOn is what reports tell of a day, in the order reported.
func (c *composer) reportedOn(day conference.Date) {
	on := func(f conference.Fact) bool {
		r := f.Event.Reported
		return r != nil && strings.HasPrefix(r.When.Date, string(day)) && !slices.Contains(headings, f.Kind())
	}
	if slices.ContainsFunc(c.s.Told(c.id), on) {
		c.heading(2, c.l.Say("page.reported"))
		c.retell(on)
	}
}

// headings are the facts that the head of a paper and the list of participants say.
var headings = []string{"MeetingConvened", "MeetingHeld", "PersonTookPart", "ObserverGranted"}

// summary is the summary record: who spoke when on what, motions, rulings, votes with their rule and numbers, in the order
// in which they happened; of one day, if one is given.
func (c *composer) summary() error {
	list := c.passages()
	var day conference.Date
	if len(c.args) > 0 {
		var err error
		if day, err = c.dayAsked(list); err != nil {
			return err
		}
		c.doc.Date = dayOf(day)
	}
	n := 0
	for _, sitting := range c.sittings(list) {
		if at := c.day(sitting[0].at); day == "" || at == day {
			c.heading(2, c.date(at))
			n = c.sitting(sitting, n)
		}
	}
	c.reportedSummary(day)
	if len(c.told) == 0 {
		c.calm("paper.noevents")
		return nil
	}
	if !reported(c.s) {
		c.add(pdf.Rule{}, pdf.Note{Text: pdf.Text(c.l.Say("paper.asheld"))})
	}
	c.notOwn()
	return nil
}

// reportedSummary is what reports tell of the meeting.
func (c *composer) reportedSummary(day conference.Date) {
	tells := func(f conference.Fact) bool {
		r := f.Event.Reported
		return r != nil && (day == "" || strings.HasPrefix(r.When.Date, string(day))) && !slices.Contains(headings, f.Kind())
	}
	if slices.ContainsFunc(c.s.Told(c.id), tells) {
		c.heading(2, c.l.Say("page.reported"))
		c.retell(tells)
	}
}

// sittings are the entries of the meeting day by day, from its opening on.
func (c *composer) sittings(list []passage) (days [][]passage) {
	opened := caused[conference.MeetingOpened](list)
	if len(opened) == 0 {
		return nil
	}
	for _, p := range list {
		if p.index < opened[0].index || !slices.ContainsFunc(p.events, c.worth) {
			continue
		}
		if n := len(days); n == 0 || c.day(days[n-1][0].at) != c.day(p.at) {
			days = append(days, nil)
		}
		days[len(days)-1] = append(days[len(days)-1], p)
	}
	return days
}

// quiet are the events that a summary record leaves out: what goes before others that it tells, and what the voting record
// has by name.
var quiet = strings.Fields(`PresenceRecorded FloorRequested FloorRequestWithdrawn FloorGiven FloorEnded ReplyGiven SpeakersListAnnounced SpeakersReordered MeetingHeld VoteCast VoteChanged NameCalled VotingBegan VotingEnded
	BallotPaperHanded BallotClosed ActedFor Disowned PartySeatedProvisionally CredentialsLodged CredentialsExamined DocumentRegistered DocumentCirculated VersionIssued ItemClosed RecordIssued
	PersonAccredited NamePublished ReceiptAcknowledged PhotoTaken EventPlanned EventRecorded ReleasePublished PaperIssued CommuniqueDrafted ParagraphAgreed TextBracketed BracketResolved`)

// worth reports whether a summary record tells an event.
func (c *composer) worth(e conference.Event) bool { return !slices.Contains(quiet, e.Kind()) }

// sitting tells the entries of a day in numbered paragraphs, n of them having gone before.
func (c *composer) sitting(list []passage, n int) int {
	var items pdf.List
	flush := func() {
		if len(items.Items) > 0 {
			c.add(items)
		}
		items = pdf.List{}
	}
	for _, p := range list {
		for _, e := range p.events {
			if i, ok := e.Body.(*conference.ItemOpened); ok {
				flush()
				c.heading(3, c.tell(c.itemTitle(i.Item), p.index))
				continue
			}
			if !c.worth(e) {
				continue
			}
			n++
			items.Items = append(items.Items, pdf.Item{Label: item(n), Blocks: []pdf.Block{pdf.Paragraph{Text: c.paragraph(p, e)}}})
		}
	}
	flush()
	return n
}

// itemTitle is an item with its number on the agenda.
func (c *composer) itemTitle(id conference.ItemID) string {
	i, _ := c.s.Item(c.id, id)
	agenda, _ := c.s.Agenda(c.id)
	at := slices.IndexFunc(agenda, func(x conference.Item) bool { return x.ID == id })
	title := c.named(i.Title, string(id))
	if at < 0 {
		return title
	}
	return c.l.Say("public.item") + " " + item(at+1) + " " + title
}

// paragraph tells an event: the hour, then a sentence or a few words.
func (c *composer) paragraph(p passage, e conference.Event) []pdf.Run {
	hour, lead, text := c.hour(p.at), c.l.Say("event."+e.Kind()), c.about(e)
	switch b := e.Body.(type) {
	case *conference.StatementMade:
		lead, text = c.statement(p, b)
	case *conference.MeetingOpened:
		text = together("; ", text, c.l.Say("page.present")+": "+c.parties(c.ordered(c.present(p.index))))
	}
	if text != "" && e.Kind() != "StatementMade" {
		lead, text = lead+": ", text+"."
	}
	c.tell(hour+" "+lead+text, p.index)
	return []pdf.Run{{Text: hour + " ", Italic: true}, {Text: lead, Bold: true}, {Text: text}}
}

// announced is a result with its rule and numbers, and who voted how.
func (c *composer) announced(b *conference.ResultAnnounced) string {
	r := ResultOf(b, c.l)
	q, _ := c.s.Question(b.Question)
	return together("; ", together(": ", c.thing(b.Type, b.Thing), r.Outcome), r.Votes, r.Working, r.Rule, c.sides(q))
}

// present are the parties in the room when an entry was made.
func (c *composer) present(at int64) (ids []conference.PartyID) {
	for _, h := range caused[conference.PresenceRecorded](c.passages()) {
		if h.index > at {
			break
		}
		ids = slices.DeleteFunc(ids, func(id conference.PartyID) bool { return id == h.it.Party })
		if !h.it.Absent {
			ids = append(ids, h.it.Party)
		}
	}
	return ids
}

// statement tells what was said as far as the record holds it: who has the party's name in front, and the sentences of the
// vocabulary behind. Where a sentence cannot be made it says that a statement was made.
func (c *composer) statement(p passage, b *conference.StatementMade) (lead, text string) {
	lead = c.party(b.Party)
	for _, h := range caused[conference.FloorEnded]([]passage{p}) {
		for _, q := range c.s.Requests(c.id) {
			if q.ID == h.it.Request && q.Sort != "" {
				lead += " (" + c.sortOf(q) + ")"
			}
		}
	}
	t := &teller{src: c.r, s: c.s, l: c.l, m: c.m, paper: &Paper{Language: c.l}}
	for _, point := range b.Points {
		t.pointBy(c.speaker(b), b.By == "others", point, nil)
	}
	if t.err != nil || len(t.now) == 0 {
		return lead + ". ", together(": ", c.l.Say("event.StatementMade"), c.person(conference.PersonID(b.By))) + "."
	}
	return lead + ". ", join(t.now)
}

// speaker is who made a statement, by name; one whose name may not be read is the delegation.
func (c *composer) speaker(b *conference.StatementMade) language.Phrase {
	if name, ok := c.open(conference.PersonID(b.By)); ok {
		return language.Name{Kind: "person", Nominative: name}
	}
	return language.Group{Frame: "np.delegation", Places: places{"state": language.Name{Kind: "party", Nominative: c.party(b.Party)}}}
}

// event says in few words what happened: its name, and whom and what it is about.
func (c *composer) event(e conference.Event) string {
	return together(": ", c.l.Say("event."+e.Kind()), c.about(e))
}

// about names whom and what an event is about.
func (c *composer) about(e conference.Event) string {
	switch b := e.Body.(type) {
	case *conference.ItemOpened:
		return c.itemTitle(b.Item)
	case *conference.Moved:
		return together(", ", c.word("word.motionkind", b.Sort), c.party(b.Party))
	case *conference.MotionCarried:
		return c.word("word.motionkind", b.Sort)
	case *conference.MotionLost:
		return c.word("word.motionkind", b.Sort)
	case *conference.MotionSpokenTo:
		return together(", ", c.party(b.Party), c.word("word.side", b.Side))
	case *conference.PointOfOrderRaised:
		return together(", ", c.party(b.Party), b.Rule, b.Claim)
	case *conference.ChairRuled:
		return together(", ", c.ruling(b.Sustained), b.Rule, b.Reason)
	case *conference.QuestionPut:
		return together(", ", c.thing(b.Type, b.Thing), c.word("wall.method", b.Method))
	case *conference.AmendmentSubmitted:
		return together(", ", c.draft(b.Proposal), b.Paragraph, c.party(b.Party))
	case *conference.AmendmentAdopted:
		return c.thing("amendment", string(b.Amendment))
	case *conference.AmendmentRejected:
		return c.thing("amendment", string(b.Amendment))
	case *conference.AmendmentAccepted:
		return c.thing("amendment", string(b.Amendment))
	case *conference.Adopted:
		return together(", ", c.l.Say("votes.decision")+" "+b.Number, c.draft(b.Proposal))
	case *conference.CredentialsReported:
		return c.parties(c.ordered(slices.Concat(b.Accepted, b.Provisional, b.Missing)))
	case *conference.CandidateElected:
		return c.candidate(b.Election, b.Candidate)
	case *conference.CandidateNominated:
		return together(", ", c.party(b.Party), c.person(b.Person))
	case *conference.ChairCeded:
		return together(", ", c.person(b.To), b.Why)
	case *conference.ResultAnnounced:
		return c.announced(b)
	case *conference.BallotCounted:
		return c.l.Say("ballot", fmt.Sprint(b.Papers), fmt.Sprint(b.Invalid), fmt.Sprint(b.Blank), fmt.Sprint(b.Needed))
	case *conference.RollCallStartDrawn:
		return c.party(b.Drawn)
	}
	return c.fields(e)
}

func (c *composer) ruling(sustained bool) string {
	if sustained {
		return c.l.Say("ruling.sustained")
	}
	return c.l.Say("ruling.not")
}

// draft is a proposal by its symbol.
func (c *composer) draft(id conference.ProposalID) string {
	p, _ := c.s.Proposal(id)
	return cmp.Or(string(p.Symbol), string(id))
}

// candidate is who stood for a place.
func (c *composer) candidate(e conference.ElectionID, id conference.CandidateID) string {
	election, _ := c.s.Election(e)
	for _, x := range election.Candidates {
		if x.ID == id {
			return together(", ", c.party(x.Party), c.person(x.Person))
		}
	}
	return string(id)
}

// fields names the parties, persons, places and papers an event names, by the types of its fields.
func (c *composer) fields(e conference.Event) string {
	v := reflect.Indirect(reflect.ValueOf(e.Body))
	var parts []string
	for i := range v.NumField() {
		switch x := v.Field(i).Interface().(type) {
		case conference.PartyID:
			if x != "" {
				parts = append(parts, c.party(x))
			}
		case conference.PersonID:
			parts = append(parts, c.person(x))
		case conference.PlaceID:
			if x != "" {
				parts = append(parts, c.place(x))
			}
		case conference.Symbol:
			parts = append(parts, string(x))
		case conference.ProposalID:
			if v.Type().Field(i).Name == "Proposal" {
				parts = append(parts, c.draft(x))
			}
		}
	}
	return together(", ", slices.Compact(parts)...)
}
