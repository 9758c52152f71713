package web

import (
	"fmt"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
)

// latest is how many decisions, meetings or days the body's page lists.
const latest = 6

// bodyPage is the body's own: who belongs to it, what is on, what it decided last and what comes.
func (s *site) bodyPage(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	p := d.sheet("body", "", "")
	p.Title = p.Body
	d.renewed(&p)
	if len(d.s.Meetings()) == 0 {
		p.Lead = d.say("page.nomeeting")
	}
	if seat, ok := d.s.Place(d.s.Body.Seat); ok {
		p.Eyebrow = append(p.Eyebrow, Line{Text: d.say("public.seat", together(", ", d.place(d.s.Body.Seat), d.party(seat.Party)))})
	}
	members, observers := d.belong("page.members", true), d.belong("page.observers", false)
	for _, group := range []Section{members, observers} {
		if n := len(group.Lines); n > 0 {
			p.Eyebrow = append(p.Eyebrow, Line{Text: group.Title + ": " + number(d.l, int64(n))})
		}
	}
	p.On = d.on()
	outcomes := d.outcomes()
	if len(outcomes) > latest {
		outcomes = outcomes[:latest]
	}
	p.Main = []Section{
		{ID: "latest", Title: d.say("public.latest"), Kind: "plain", Lines: outcomes, Void: d.say("public.nodecision"), Link: Link{d.to("decisions"), d.say("public.all")}},
		d.agendaOfNext(),
	}
	p.Side = []Section{members, observers, d.treaties(), d.calendar(), d.past(), d.finder()}
	p.Side = append(p.Side, d.sources(marksOf(slices.Concat(p.Main, p.Side))...))
	return d.show(p)
}

// belong lists the members, or the observers, as of the day at which the record stands.
func (d *drawer) belong(title string, members bool) Section {
	s := Section{ID: "members", Title: d.say(title), Kind: "members"}
	if !members {
		s.ID = "observers"
	}
	for _, p := range d.s.Parties() {
		st, ok := p.Status(d.today())
		if !members && !ok {
			st, ok = d.oneMeeting(p)
		}
		if !ok || st.Left || st.Member != members {
			continue
		}
		line := d.partyLine(p.ID)
		line.Small = together(", ", in(p.Named.Full, d.l, ""), d.since(st))
		line.Mark = entries(st.Index)
		if d.contested(p) {
			line.Tag, line.Tone = d.say("public.contested"), "wait"
		}
		s.Lines = append(s.Lines, line)
	}
	s.Note = number(d.l, int64(len(s.Lines)))
	return s
}

// oneMeeting is the status that a party was granted for the newest meeting alone.
func (d *drawer) oneMeeting(p conference.Party) (conference.Status, bool) {
	all := d.s.Meetings()
	for _, st := range slices.Backward(p.Statuses) {
		if len(all) > 0 && st.Meeting == all[len(all)-1].MeetingConvened.Meeting {
			return st, true
		}
	}
	return conference.Status{}, false
}

// since says from when a status holds, or for which meeting.
func (d *drawer) since(st conference.Status) string {
	if st.Meeting != "" {
		return together(", ", d.meetingName(st.Meeting), d.date(st.From))
	}
	return d.say("public.since", d.date(st.From))
}

// contested reports whether reports disagree about what a party is.
func (d *drawer) contested(p conference.Party) bool {
	reported := func(member bool) bool {
		return slices.ContainsFunc(p.Statuses, func(st conference.Status) bool { return st.Reported && !st.Left && st.Member == member })
	}
	return reported(true) && reported(false)
}

// on is the meeting in session, nil where there is none.
func (d *drawer) on() *OnNow {
	all := d.s.Meetings()
	i := slices.IndexFunc(all, func(m conference.Meeting) bool { return m.InSession() })
	if i < 0 {
		return nil
	}
	m := all[i]
	id := m.MeetingConvened.Meeting
	o := &OnNow{State: d.state(m.Host), Title: d.say("page.insession"), Live: d.say("page.insession"), Who: d.meetingName(id), Address: d.to("meetings/%s", id)}
	zone := m.Zone
	if zone == "" {
		zone = d.s.Body.Zone
	}
	at := *m.Opened
	if q, ok := d.s.Pending(id); ok {
		o.Tag, o.Text = d.say("public.votenow"), together(" ", d.asked(q), d.so(q))
	} else if q, ok := d.s.Speaking(id); ok {
		o.State, o.Tag, o.Text = d.state(q.Party), d.say("page.speaks"), together(", ", d.person(q.Person), d.party(q.Party))
		at = q.Given
	}
	if item, ok := d.s.OpenItem(id); ok && o.Text == "" {
		o.Tag = in(item.Title, d.l, string(item.ID))
	}
	t, name := thereAt(at, zone)
	o.Clock, o.At, o.Zone = t.Format("15:04"), at.String(), name
	return o
}

// asked says what is put to the vote.
func (d *drawer) asked(q conference.Question) string {
	title := d.say("thing." + q.Kind)
	if p, ok := d.s.Proposal(conference.ProposalID(q.Thing)); ok && q.Kind == "proposal" {
		return title + " " + string(p.Symbol)
	}
	if m, ok := d.s.Motion(conference.MotionID(q.Thing)); ok {
		return together(": ", title, d.word("motionkind", m.Sort))
	}
	if q.Kind == "credentials" {
		return together(": ", title, d.party(conference.PartyID(q.Thing)))
	}
	return title
}

// so says how many have answered a question that is put.
func (d *drawer) so(q conference.Question) string {
	if q.Method == "consensus" || len(q.Votes) == 0 {
		return ""
	}
	return "· " + d.say("public.answered", number(d.l, int64(len(q.Votes))))
}

// outcomes lists what the body decided, newest first: decisions, and what reports tell of.
func (d *drawer) outcomes() (list []Line) {
	for _, x := range slices.Backward(d.s.Decisions()) {
		list = append(list, d.decisionLine(x))
	}
	for _, m := range slices.Backward(d.s.Meetings()) {
		list = append(list, d.reportedOutcomes(m)...)
	}
	return list
}

func (d *drawer) decisionLine(x conference.Decision) Line {
	line := Line{Text: d.say("votes.decision") + " " + x.Number, Tag: d.say("public.adopted"), Tone: "yes", Mark: entries(x.Index)}
	if p, ok := d.s.Proposal(x.Proposal); ok {
		if item, ok := d.s.Item(p.Meeting, p.Item); ok {
			line.Text = together(": ", line.Text, in(item.Title, d.l, ""))
		}
		line.Address = d.to("documents/%s", escaped(p.Symbol))
		line.Meta = append(line.Meta, string(p.Symbol))
	}
	line.Meta = append(line.Meta, d.meetingName(x.Meeting))
	return line
}

// reportedOutcomes are what reports say was signed or decided at a meeting.
func (d *drawer) reportedOutcomes(m conference.Meeting) (list []Line) {
	id := m.MeetingConvened.Meeting
	told, _ := paper.Communique(d.v, id, d.l) // without it the few words of the fact
	for _, f := range d.s.Told(id) {
		switch f.Kind() {
		case "InstrumentSigned", "OrganSeated", "NextMeetingDecided":
		default:
			continue
		}
		if f.Event.Reported == nil {
			continue
		}
		text := strings.Join((&builder{teller: d.teller, m: m, told: told}).sentencesOf(f), " ")
		if text == "" {
			text = together(": ", d.say("event."+f.Kind()), d.words(f.Event))
		}
		if i := slices.IndexFunc(list, func(l Line) bool { return l.Text == text }); i >= 0 {
			list[i].Mark.add(d.fact(f))
			continue
		}
		list = append(list, Line{Text: text, Address: d.to("meetings/%s", id), Tag: d.say("page.reported"), Meta: []string{d.meetingName(id)}, Mark: d.fact(f)})
	}
	return list
}

// agendaOfNext is the agenda of the meeting that is on, or of the next.
func (d *drawer) agendaOfNext() Section {
	for _, m := range d.s.Meetings() {
		if s := d.agenda(m); !m.Closed && len(s.Lines) > 0 {
			s.Title = together(" · ", s.Title, d.meetingName(m.MeetingConvened.Meeting))
			return s
		}
	}
	return Section{}
}

// agenda is a meeting's, its items with what became of them.
func (d *drawer) agenda(m conference.Meeting) Section {
	id := m.MeetingConvened.Meeting
	s := Section{ID: "agenda", Title: d.say("public.agenda"), Kind: "agenda"}
	items, adopted := d.s.Agenda(id)
	if s.Note = d.say("public.provisional"); adopted {
		s.Note = d.say("public.adopted")
	}
	if len(items) == 0 {
		items, s.Note = d.s.Items(id), d.say("public.proposed")
	}
	for i, item := range items {
		line := Line{No: number(d.l, int64(i+1)), Text: in(item.Title, d.l, string(item.ID)), Small: d.party(item.Party), Mark: entries(item.Index)}
		switch item.State {
		case "open":
			line.Tag, line.Tone, line.Here = d.say("public.item.now"), "now", true
		case "closed":
			line.Tag, line.Tone = d.say("public.item.done"), "yes"
		case "suspended":
			line.Tag, line.Tone = d.say("public.item.suspended"), "wait"
		default:
			line.Tag = d.say("public.item.later")
		}
		for _, p := range d.s.Proposals(id) {
			if p.Item == item.ID {
				line.Meta = append(line.Meta, string(p.Symbol)+": "+d.standing(p))
			}
		}
		s.Lines = append(s.Lines, line)
	}
	return s
}

// standing says what became of a draft.
func (d *drawer) standing(p conference.Proposal) string {
	word := map[string]string{"submitted": "public.draft.open", "silence": "public.draft.silence", "adopted": "public.adopted", "rejected": "public.draft.rejected",
		"noted": "public.draft.noted", "deferred": "public.draft.deferred", "withdrawn": "public.draft.withdrawn"}[p.State]
	if word == "" {
		return p.State
	}
	return d.say(word)
}

func tone(state string) string {
	return map[string]string{"adopted": "yes", "rejected": "no", "silence": "wait", "submitted": "now", "deferred": "wait"}[state]
}

// calendar lists days to come: meetings, events of their programmes, what is due.
func (d *drawer) calendar() Section {
	s := Section{ID: "calendar", Title: d.say("public.calendar"), Kind: "cal"}
	type day struct {
		date conference.Date
		line Line
	}
	var days []day
	today := d.today()
	add := func(on conference.Date, here bool, line Line) {
		if on >= today || here {
			line.Here = here
			days = append(days, day{on, line})
		}
	}
	for _, m := range d.s.Meetings() {
		id := m.MeetingConvened.Meeting
		if !m.Closed && !d.told(id) {
			add(m.From, m.InSession(), Line{Text: d.meetingName(id), Small: d.span(m), Address: d.to("meetings/%s", id)})
		}
		for _, e := range d.s.Plans(id) {
			if !e.Recorded {
				add(e.Date, false, Line{Text: d.say(planned(e.Type)), Small: together(", ", e.Time, d.place(e.Place)), Address: d.to("meetings/%s/programme", id)})
			}
		}
	}
	due := map[string]bool{}
	for _, r := range d.ledger(paper.LedgerOf{}).Rows {
		c, _ := d.s.Commitment(r.Commitment)
		if key := string(r.Commitment) + "/" + string(r.Due); (r.Course == conference.CourseOpen || r.Course == conference.CourseOverdue) && !due[key] {
			due[key] = true
			add(r.Due, false, Line{Text: d.say("public.due"), Small: together(": ", paper.DebtorIn(d.s, c.CommitmentRecorded, d.l), c.What), Address: d.to("commitments/%s", c.Commitment)})
		}
	}
	slices.SortStableFunc(days, func(a, b day) int { return strings.Compare(string(a.date), string(b.date)) })
	for _, x := range days {
		if len(s.Lines) == latest {
			break
		}
		x.line.No, x.line.Month = d.dayOf(x.date)
		s.Lines = append(s.Lines, x.line)
	}
	return s
}

// told reports whether a meeting is known from reports alone.
func (d *drawer) told(id conference.MeetingID) bool {
	return slices.ContainsFunc(d.s.Told(id), func(f conference.Fact) bool { return f.Kind() == "MeetingConvened" && f.Event.Reported != nil })
}

// dayOf is the number of a day and its month in letters; of a date that is less exact, the year.
func (d *drawer) dayOf(on conference.Date) (day, month string) {
	year, m, n, err := on.Parts()
	if err != nil || n == 0 {
		return fmt.Sprint(year), ""
	}
	name, err := d.l.Sentence().Fill(fmt.Sprintf("monthname.%d", m), nil)
	if err != nil {
		name = fmt.Sprintf("%02d", m)
	}
	return fmt.Sprint(n), name
}

// span is the days of a meeting.
func (d *drawer) span(m conference.Meeting) string {
	if m.To == "" || m.To == m.From {
		return d.date(m.From)
	}
	return d.date(m.From) + " – " + d.date(m.To)
}

// past lists meetings that are over.
func (d *drawer) past() Section {
	s := Section{ID: "past", Title: d.say("public.past"), Kind: "plain", Link: Link{d.to("meetings"), d.say("public.all")}}
	for _, m := range slices.Backward(d.s.Meetings()) {
		if id := m.MeetingConvened.Meeting; (m.Closed || d.told(id)) && len(s.Lines) < latest {
			s.Lines = append(s.Lines, Line{Text: d.meetingName(id), Address: d.to("meetings/%s", id), Small: d.span(m)})
		}
	}
	return s
}

// meetingsPage lists all meetings, newest first.
func (s *site) meetingsPage(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	p := d.sheet("meeting", "meetings", d.say("page.meetings"))
	d.renewed(&p)
	list := Section{ID: "meetings", Title: d.say("public.newestfirst"), Kind: "plain", Void: d.say("page.nomeeting")}
	for _, m := range slices.Backward(d.s.Meetings()) {
		id := m.MeetingConvened.Meeting
		line := Line{Text: d.meetingName(id), Address: d.to("meetings/%s", id), Meta: []string{d.span(m)}, Mark: entries(m.Convened)}
		line.Tag, line.Tone = d.meetingState(m)
		if n := len(d.s.Results(id)); n > 0 {
			line.Meta = append(line.Meta, d.say("votes.heading")+": "+number(d.l, int64(n)))
		}
		list.Lines = append(list.Lines, line)
	}
	p.Main, p.Side = []Section{list}, []Section{d.finder()}
	return d.show(p)
}

// meetingState says how a meeting stands.
func (d *drawer) meetingState(m conference.Meeting) (word, tone string) {
	switch {
	case d.told(m.MeetingConvened.Meeting):
		return d.say("page.reported"), ""
	case m.Closed:
		return d.say("page.ended"), ""
	case m.InSession():
		return d.say("page.insession"), "live"
	case m.Stopped != "":
		return d.say("public.item.suspended"), "wait"
	}
	return d.say("page.convened"), "wait"
}

// planned is the text for a kind of event of a programme.
func planned(kind string) string {
	switch kind {
	case "wreath":
		return "public.plan.wreath"
	case "flowers":
		return "public.plan.flowers"
	case "audience":
		return "public.plan.audience"
	case "reception":
		return "public.plan.reception"
	case "dinner":
		return "public.plan.dinner"
	case "photo":
		return "public.plan.photo"
	}
	return "public.plan.other"
}

// tongueOf is the name of a language in itself.
func tongueOf(code conference.Language) string {
	if l, ok := language.Get(string(code)); ok {
		return l.Say("language")
	}
	return string(code)
}
