package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/collate"
	textlanguage "golang.org/x/text/language"

	"kurultai/conference"
	"kurultai/paper"
	"kurultai/record"
	"kurultai/rules"
)

// WallPage is what a hall sees of a meeting: one thing at a time, and it changes by itself.
type WallPage struct {
	Layout
	Meeting string // VII, Tamrin
	Item    string // that is open
	Scene   string // which picture
	Over    string // a line above the heading
	Heading string
	Lines   []string // below it
	State   State    // whose flag stands there
	Clock   *Clock
	Queue   []Speaker // who speaks next
	Rows    []Row     // of an agenda, or of candidates
	Board   *Board
	Sums    []Tally
	Needed  string
	Outcome string    // carried, lost or second-vote: of a result
	Note    string    // at the foot
	Zone    string    // time zone of the hall
	Time    string    // of the last entry, in that zone
	Last    string    // the same for machines
	Then    *WallPage // what a result gives place to
	Starts  string    // when it does, for machines
}

// Clock is what the page's script counts from: nothing is sent while a speaker speaks.
type Clock struct {
	From  string // RFC 3339, when it started; "" where it counts down to an instant
	Since string // the same in the hall's zone
	Limit int64  // seconds; 0: none
	Words string // the limit, in words; of a pen, what is said once its time is over
	Until string // RFC 3339
	End   string // the same in the hall's zone
}

// Row is an item of an agenda, as the wall shows it.
type Row struct {
	No          int
	Title, Note string
	Now, Done   bool
}

// Board shows who answered what.
type Board struct {
	Class  string // few, g30 or g193
	Two    bool   // cards in two rows
	Seats  []Seat
	Called string // whose name is called, where that is written large
	Count  string // how far the voting is
}

// Seat is a member on a board.
type Seat struct {
	State State
	Class string // y, n, a, call, none or z
	Word  string
	Note  string // in small: how a party signs
	Long  bool   // the name takes two lines
}

// Tally is how many answered alike.
type Tally struct {
	Number string
	Word   string
}

// Up to so many members have a card with their flag, in one row up to half as many.
const maxCards = 12

// wallPage is what is on at a meeting. It is for a hall, so it is public whoever looks at it.
func (s *site) wallPage(v View, in *visit) (any, error) {
	id := conference.MeetingID(in.args["meeting"])
	m, ok := v.State().Meeting(id)
	if !ok {
		return nil, errNotFound
	}
	p := &WallPage{Layout: s.wallLayout(v, in, "meetings/"+string(id)+"/wall")}
	if p.Past == "" {
		p.Live = fmt.Sprintf("/%s/meetings/%s/wall/live", in.lang.Code, id)
	}
	w := &wall{teller: newTeller(v, in.lang), m: m, id: id, flags: s.flag, p: p, now: s.signingHour(v)}
	w.build()
	return s.renderWall(p, in)
}

// wallLayout is that of the page of a hall, or only of what renews itself, from which no way leads elsewhere.
func (s *site) wallLayout(v View, in *visit, at string) Layout {
	if in.part {
		return s.inner(v, in.lang, at)
	}
	return s.layout(v, in.lang, at)
}

// renderWall makes the page of a hall, or only what renews itself.
func (s *site) renderWall(p *WallPage, in *visit) ([]byte, error) {
	if in.part {
		return s.render("wallpart", p)
	}
	return s.render("wall", p)
}

// A wall fills in what a hall sees.
type wall struct {
	teller
	m     conference.Meeting
	id    conference.MeetingID
	flags func(conference.PartyID) string
	p     *WallPage
	now   record.Instant // by which a pen is held
}

func (w *wall) say(key string, args ...string) string { return w.l.Say(key, args...) }

func (w *wall) state(id conference.PartyID) State { return State{w.party(id), w.flags(id)} }

// zone is that of the hall, else of the body's seat, else UTC.
func (w *wall) zone() *time.Location { return zoneOf(w.m.Zone, w.s.Body.Zone) }

// hour is an instant as the clocks of the hall show it.
func (w *wall) hour(at record.Instant) string {
	return time.UnixMilli(int64(at)).In(w.zone()).Format("15:04")
}

func (w *wall) build() {
	w.p.Meeting = w.ofMeeting()
	w.timed()
	w.p.Item = w.itemTitle()
	w.p.Note = w.say("page.entry", number(w.l, w.s.Size-1))
	w.scene()
	w.p.Title = together(" · ", w.p.Meeting, w.p.Heading)
}

// scene chooses what the hall has to see before all else.
func (w *wall) scene() {
	for _, scene := range []func() bool{w.told, w.closed, w.programme, w.stopped, w.returns, w.point, w.question, w.motion, w.speaker, w.signing, w.ballot, w.result, w.silence} {
		if scene() {
			return
		}
	}
	w.idle()
}

func (w *wall) ofMeeting() string {
	return together(", ", w.say("wall.meeting", paper.Roman(w.m.Ordinal)), w.place(w.m.Place))
}

// itemTitle is the item that is open, with its number on the agenda.
func (w *wall) itemTitle() string {
	open, ok := w.s.OpenItem(w.id)
	if !ok {
		return ""
	}
	items, _ := w.s.Agenda(w.id)
	n := slices.IndexFunc(items, func(i conference.Item) bool { return i.ID == open.ID })
	return fmt.Sprintf("%d. %s", n+1, in(open.Title, w.l, string(open.ID)))
}

// told is a meeting known from reports alone: nothing is on.
func (w *wall) told() bool {
	reported := func(f conference.Fact) bool { return f.Kind() == "MeetingConvened" && f.Event.Reported != nil }
	if !slices.ContainsFunc(w.s.Told(w.id), reported) {
		return false
	}
	w.p.Scene, w.p.Over = "plain", w.say("page.reported")
	w.title()
	w.p.Lines = append(w.p.Lines, w.say("wall.told"))
	return true
}

// title is the meeting's own: its body, number, place and days.
func (w *wall) title() {
	w.p.Heading = w.p.Body
	day := w.date(w.m.From)
	if w.m.To != "" && w.m.To != w.m.From {
		day += " – " + w.date(w.m.To)
	}
	w.p.Lines = []string{together(", ", w.p.Meeting, day)}
}

func (w *wall) closed() bool {
	if !w.m.Closed {
		return false
	}
	if w.signing() {
		return true
	}
	w.p.Scene, w.p.Over = "plain", w.say("wall.closed")
	w.title()
	if at, ok := w.at("meeting", string(w.id)); ok {
		w.p.Lines = append(w.p.Lines, w.say("wall.since", w.hour(at)))
	}
	return true
}

// at is when a thing changed last.
func (w *wall) at(kind, id string) (record.Instant, bool) {
	index, ok := w.s.Version(kind, id)
	if !ok {
		return 0, false
	}
	return w.recorded(index)
}

func (w *wall) recorded(index int64) (record.Instant, bool) {
	e, _, _, err := w.entry(context.Background(), index)
	if err != nil {
		return 0, false
	}
	return e.At, true
}

// programme is the agenda before the sitting, and who is in the room already.
func (w *wall) programme() bool {
	if w.m.Opened != nil {
		return false
	}
	w.p.Scene, w.p.Over = "programme", w.say("wall.programme")
	w.title()
	w.agenda()
	w.p.Needed = w.presence()
	return true
}

// presence says how many members are in the room, and how many are needed to open.
func (w *wall) presence() string {
	if step := w.s.Next(w.id, w.s.Last); step.Code == "await-quorum" {
		return w.say("wall.quorum", step.Args[0].ID, step.Args[1].ID)
	}
	return w.say("wall.present", number(w.l, int64(len(w.m.Present()))))
}

func (w *wall) agenda() {
	items, _ := w.s.Agenda(w.id)
	if len(items) == 0 {
		items = w.s.Items(w.id)
	}
	for n, i := range items {
		row := Row{No: n + 1, Title: in(i.Title, w.l, string(i.ID)), Now: i.State == "open", Done: i.State == "closed"}
		if row.Done {
			row.Note = w.say("wall.done")
		}
		w.p.Rows = append(w.p.Rows, row)
	}
}

func (w *wall) stopped() bool {
	if w.m.Stopped == "" {
		return false
	}
	w.p.Scene, w.p.Over = "stopped", w.p.Body
	w.p.Heading = w.say("wall.stopped." + w.m.Stopped)
	by, ok := w.s.StoppedBy(w.id)
	if at, known := w.recorded(by.Index); ok && known && by.Seconds > 0 {
		end := at + record.Instant(by.Seconds*1000)
		w.p.Clock = &Clock{Until: end.String(), End: w.say("wall.resumes", w.hour(end))}
	}
	return true
}

// point is a point of order that waits for a ruling: it stands before everything else (GA 71).
func (w *wall) point() bool {
	x, ok := w.s.Interrupting(w.id)
	if !ok || x.Type != "order" {
		return false
	}
	w.p.Scene, w.p.Over, w.p.Heading, w.p.State = "rises", w.say("wall.order"), w.party(x.Party), w.state(x.Party)
	w.p.Lines = append(w.p.Lines, w.say("wall.orderhelp"))
	return true
}

// motion is an appeal or a motion that is before the meeting and not yet put.
func (w *wall) motion() bool {
	x, ok := w.s.Interrupting(w.id)
	if !ok {
		return false
	}
	w.p.Scene, w.p.State = "rises", w.state(x.Party)
	w.p.Heading = w.motionName(x)
	if x.Type == "motion" {
		w.p.Over = w.say("thing.motion")
	}
	w.p.Lines = append(w.p.Lines, w.party(x.Party))
	return true
}

// question is what the meeting is asked, and who has answered.
func (w *wall) question() bool {
	q, ok := w.s.Pending(w.id)
	if !ok {
		return false
	}
	w.p.Scene, w.p.Over, w.p.Heading = "question", w.say("wall.method."+q.Method), w.asked(q)
	switch q.Method {
	case "consensus":
		w.p.Lines = append(w.p.Lines, w.say("wall.objection"))
		return true
	case "hands", "secret":
		w.p.Needed = w.needed(q)
		return true
	}
	w.p.Over = together(" · ", w.p.Over, w.needed(q))
	w.board(q)
	return true
}

// needed says what carries a question, as its rule tests it.
func (w *wall) needed(q conference.Question) string {
	_, majority, _ := w.s.Tally(q)
	var tests []string
	for _, t := range majority.Tests {
		of := w.say("base." + t.Of)
		switch {
		case t.Over != nil:
			tests = append(tests, w.say("wall.morethan", fmt.Sprintf("%d/%d", t.Over.Num, t.Over.Den), of))
		case t.AtLeast != nil:
			tests = append(tests, w.say("wall.atleast", fmt.Sprintf("%d/%d", t.AtLeast.Num, t.AtLeast.Den), of))
		case t.Number > 0:
			tests = append(tests, w.say("wall.atleast", number(w.l, t.Number), of))
		}
	}
	return strings.Join(tests, "; ")
}

// board shows the answers: of a roll call in the order of the call where each has a card, else by name.
func (w *wall) board(q conference.Question) {
	order := q.Order
	if len(order) == 0 {
		order = w.s.Members(w.m.From, w.id)
	}
	b := &Board{Class: "few", Two: len(order) > maxCards/2}
	if len(order) > maxCards || len(q.Order) == 0 {
		order = w.byName(order)
	}
	switch {
	case len(order) > 48:
		b.Class = "g193"
	case len(order) > maxCards:
		b.Class = "g30"
	}
	for _, party := range order {
		b.Seats = append(b.Seats, w.seat(q, party, b.Class))
	}
	w.counted(q, b, len(order))
	w.p.Board = b
}

// counted sums up the answers and says whose name is called.
func (w *wall) counted(q conference.Question, b *Board, n int) {
	b.Count = w.say("wall.voted", number(w.l, int64(len(q.Votes))), number(w.l, int64(n)))
	if q.Called > 0 && q.Called <= int64(len(q.Order)) && !q.Ended {
		if called := q.Order[q.Called-1]; !slices.ContainsFunc(q.Votes, func(v conference.Cast) bool { return v.Party == called }) {
			b.Called = w.party(called)
		}
	}
	var yes, no, abstain int64
	for _, v := range q.Votes {
		switch v.Answer {
		case rules.Yes:
			yes++
		case rules.No:
			no++
		case rules.Abstain:
			abstain++
		}
	}
	w.p.Sums = w.sums(yes, no, abstain)
}

func (w *wall) sums(yes, no, abstain int64) []Tally {
	return []Tally{{number(w.l, yes), w.say("wall.for")}, {number(w.l, no), w.say("wall.against")}, {number(w.l, abstain), w.say("wall.abstaining")}}
}

// byName puts parties in the order of their names in the language of the page.
func (w *wall) byName(parties []conference.PartyID) []conference.PartyID {
	c := collate.New(textlanguage.MustParse(w.l.Code))
	sorted := slices.Clone(parties)
	slices.SortStableFunc(sorted, func(a, b conference.PartyID) int {
		return cmp.Or(c.CompareString(w.party(a), w.party(b)), cmp.Compare(a, b))
	})
	return sorted
}

func (w *wall) seat(q conference.Question, party conference.PartyID, class string) Seat {
	seat := Seat{State: w.state(party), Class: "none", Word: w.say("wall.waits")}
	seat.Long = utf8.RuneCountInString(seat.State.Name) > map[string]int{"few": 10, "g30": 8, "g193": 8}[class]
	if i := slices.IndexFunc(q.Votes, func(v conference.Cast) bool { return v.Party == party }); i >= 0 {
		seat.Class, seat.Word = w.answer(q.Votes[i].Answer)
		return seat
	}
	at := slices.Index(q.Order, party)
	switch {
	case at >= 0 && int64(at)+1 == q.Called && !q.Ended:
		seat.Class, seat.Word = "call", w.say("wall.called")
	case at >= 0 && int64(at)+1 < q.Called || q.Ended:
		seat.Class, seat.Word = "z", w.say("wall.silent")
	case !slices.Contains(w.m.Present(), party):
		seat.Class, seat.Word = "z", w.say("wall.absent")
	case at >= 0:
		seat.Word = w.say("wall.nth", number(w.l, int64(at+1)))
	}
	return seat
}

func (w *wall) answer(a rules.Answer) (class, word string) {
	switch a {
	case rules.Yes:
		return "y", w.say("wall.answer.yes")
	case rules.No:
		return "n", w.say("wall.answer.no")
	case rules.Abstain:
		return "a", w.say("wall.answer.abstain")
	}
	return "z", w.say("wall.silent")
}

// speaker is who has the floor: name form, office, state, and the clock.
func (w *wall) speaker() bool {
	q, ok := w.s.Speaking(w.id)
	if !ok {
		return false
	}
	w.p.Scene, w.p.State = "speaker", w.state(q.Party)
	if q.Sort != "" {
		w.p.Over = w.say("wall.sort." + q.Sort)
	}
	w.p.Heading, w.p.Lines = w.named(q.Person, q.Party)
	w.p.Clock = &Clock{From: q.Given.String(), Since: w.hour(q.Given), Limit: q.Limit}
	if q.Limit > 0 {
		w.p.Clock.Words = w.say("wall.limit", span(q.Limit))
	}
	w.queue()
	return true
}

// named is a person of a delegation with rank, office, organisation and state; only the state where the name is withheld.
func (w *wall) named(person conference.PersonID, party conference.PartyID) (heading string, lines []string) {
	name, ok := w.v.Name(person, conference.Language(w.l.Code))
	if !ok {
		return w.party(party), nil
	}
	d, _ := w.s.Delegation(w.id, party)
	for _, m := range d.Members {
		if m.Person != person {
			continue
		}
		if m.Rank != "" {
			name = w.label(m.Rank) + "\n" + name
		}
		if m.Office != "" {
			lines = append(lines, w.label(m.Office))
		}
		if m.Organisation != "" {
			lines = append(lines, w.organisation(m.Organisation))
		}
	}
	return name, append(lines, w.party(party))
}

// span is seconds as minutes and seconds.
func span(seconds int64) string { return fmt.Sprintf("%d:%02d", seconds/60, seconds%60) }

// queue is the next three of the speakers' list.
func (w *wall) queue() {
	for n, q := range w.s.SpeakersList(w.id) {
		if n == 3 {
			return
		}
		name, ok := w.v.Name(q.Person, conference.Language(w.l.Code))
		if !ok {
			name = w.party(q.Party)
		}
		w.p.Queue = append(w.p.Queue, Speaker{State: w.state(q.Party), Person: name})
	}
}

// ballot is an election that is going on: on paper, so nothing is counted here before the tellers report.
func (w *wall) ballot() bool {
	for _, e := range w.s.Elections(w.id) {
		if e.State != "open" && e.State != "closed" {
			continue
		}
		w.p.Scene, w.p.Over = "ballot", w.say("wall.ballot", number(w.l, e.Ballot))
		w.p.Heading = w.say("wall.election", w.label(e.Office))
		for _, c := range e.Candidates {
			if !c.Withdrawn && !slices.Contains(e.Elected, c.ID) {
				w.p.Rows = append(w.p.Rows, Row{No: len(w.p.Rows) + 1, Title: together(", ", w.person(c.Person), w.party(c.Party))})
			}
		}
		w.p.Needed = w.say("wall.papers", number(w.l, int64(len(e.Papers))))
		return true
	}
	return false
}

// result is what the meeting decided last, until something else begins.
func (w *wall) result() bool {
	q, ok := w.s.Standing(w.id)
	if !ok {
		return false
	}
	p := w.p
	p.Scene, p.Outcome = "result", q.Outcome
	p.Over = w.say("outcome." + q.Outcome)
	p.Heading = w.decided(q)
	if q.Method == "consensus" {
		p.Lines = append(p.Lines, w.say("wall.method.consensus"))
		return true
	}
	w.p.Needed = together(" · ", paper.ResultOf(q.Result, w.l).Working, w.byDesk(q))
	if q.Method == "recorded" || q.Method == "roll-call" {
		w.board(q)
		w.p.Board.Called, w.p.Board.Count = "", ""
	}
	w.p.Sums = w.sums(q.Result.Yes, q.Result.No, q.Result.Abstaining)
	return true
}

// decided names what a result is about; of a draft that was adopted, the decision.
func (w *wall) decided(q conference.Question) string {
	switch q.Kind {
	case "proposal":
		p, _ := w.s.Proposal(conference.ProposalID(q.Thing))
		if d, ok := w.s.Decision(p.Decision); ok && q.Outcome == "carried" {
			w.p.Over = w.say("wall.adopted")
			return together(" ", w.say("votes.decision"), d.Number)
		}
		return together(" ", w.say("thing.proposal"), w.draft(p.ID))
	case "amendment", "part":
		return together(" ", w.say("thing."+q.Kind), w.draft(conference.ProposalID(q.Thing)))
	case "motion":
		x, _ := w.s.Motion(conference.MotionID(q.Thing))
		return w.sort(x.Sort)
	case "credentials":
		return together(": ", w.say("thing.credentials"), w.party(conference.PartyID(q.Thing)))
	}
	return w.say("thing." + q.Kind)
}

// readFor is how long a result stays on the wall where something else waits to be seen, in milliseconds: the time in
// which a hall reads an outcome and three figures twice.
const readFor = 15_000

// returns is a result that was announced while a motion is still pending or somebody has the floor: the hall sees it for
// its time, then what is on again.
func (w *wall) returns() bool {
	q, stands := w.s.Standing(w.id)
	if _, put := w.s.Pending(w.id); !stands || put {
		return false
	}
	then := *w.p
	after := *w
	after.p = &then
	if !after.point() && !after.motion() && !after.speaker() {
		return false
	}
	at, known := w.recorded(q.Announced) // read last: most of the time there is nothing to return to
	if !known {
		return false
	}
	then.Title = together(" · ", then.Meeting, then.Heading)
	w.p.Then, w.p.Starts = &then, (at + readFor).String()
	return w.result()
}

// silence is a draft that is adopted unless a member objects in time; shown while nothing else is on.
func (w *wall) silence() bool {
	if _, open := w.s.OpenItem(w.id); open {
		return false
	}
	for _, p := range w.s.Proposals(w.id) {
		x, ok := w.s.SilenceOf(p.ID)
		if !ok {
			continue
		}
		w.p.Scene, w.p.Over, w.p.Heading = "stopped", w.say("wall.silence"), w.draft(p.ID)
		w.p.Lines = append(w.p.Lines, w.say("wall.silencehelp"))
		end := time.UnixMilli(int64(x.Expires)).In(w.zone())
		w.p.Clock = &Clock{Until: x.Expires.String(), End: together(", ", w.date(conference.Date(end.Format(time.DateOnly))), end.Format("15:04"))}
		return true
	}
	return false
}

// idle is a sitting in which nobody speaks: the item that is open and who comes next, else the agenda.
func (w *wall) idle() {
	w.queue()
	open, ok := w.s.OpenItem(w.id)
	if !ok {
		w.p.Scene, w.p.Over = "programme", w.say("page.insession")
		w.title()
		w.agenda()
		return
	}
	w.p.Scene, w.p.Over, w.p.Heading = "plain", w.say("page.insession"), in(open.Title, w.l, string(open.ID))
	if open.Debate != "" {
		w.p.Lines = append(w.p.Lines, w.say("wall.debate."+open.Debate))
	}
}

// hour is what the clock of whoever keeps the record shows; a story's goes on from its last entry.
func (s *site) hour(v View) record.Instant {
	if s.Desk != nil {
		return s.Desk.Now()
	}
	if _, told := record.StoryBody(v.Origin()); told {
		return v.State().Last
	}
	return max(record.Instant(time.Now().UnixMilli()), v.State().Last)
}
