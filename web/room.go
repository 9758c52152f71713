package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/paper"
	"kurultai/record"
	"kurultai/record/canonical"
)

// The desk of a meeting is where an officer of the secretariat runs it:
//
//	/LANG/meetings/ID/desk             the room: running order, floor, ballots, last acts
//	/LANG/meetings/ID/desk/acts        any act, found by its title
//	/LANG/meetings/ID/desk/correct     the last act of this desk, to rescind
//	/LANG/meetings/ID/desk/…           papers, people, programme, messages, sheets, keys
//
// Whatever is posted to a page of the desk comes back to it.

// DeskFrame is what all pages of a desk have.
type DeskFrame struct {
	Layout
	Desk    string // address of the room
	Meeting string
	ID      string
	Tab     string // the page it is
	Status  string // of the meeting
	Live    bool   // it is in session
	Said    string // what was done just now, or why it was not
	Remedy  string
	Wrong   bool // it was not done
	At      int64
	Desks   Desks
	Stamp   string // size of the record it was drawn from
	Tabs    []Link // its pages besides the room
	Backup  string // address where the record is taken along, or ""
	Keys    []Option
}

// Stream is the address of the event stream, or "" where the page stands still.
func (f DeskFrame) Stream() string { return f.Layout.Live }

// RoomPage is the room as its desk sees it.
type RoomPage struct {
	DeskFrame
	Run    []RunLine
	Clock  string
	Next   string // what the rules have come next, as the chair says it
	Vote   *Count
	Floor  *DeskFloor
	List   []DeskSpeaker
	Hall   []Place
	Here   int // of the members, how many are in the room
	Ready  []Press
	Barred []NowAct
	Ask    *AskFor
	Last   []LastAct
	Waits  []string // what waits: acts of two persons, what was disowned
}

// RunLine is a line of the running order.
type RunLine struct {
	Time, Title, Small string
	Done, Now          bool
}

// Count is a vote as it fills.
type Count struct {
	Title, About, Rule string
	RollCall           bool
	Yes, No, Abstain   int
	Open               int // to come
	Names              []BoardName
	Answer             *AnswerFor
}

// BoardName is a party on a board.
type BoardName struct {
	State  State
	Head   string
	Answer string // yes, no, abstain …, or ""
	Said   string // the same in words
	Desk   bool   // the desk entered it
	Called bool
	Place  string
	Time   string
	Link   string // to enter its answer
}

// AnswerFor enters the answer of a party on an instruction.
type AnswerFor struct {
	Party   string
	Hidden  []Option
	Answers []Option // value and label
	Later   *Press   // leaves it for the end
}

// AskFor puts a party on the speakers' list on an instruction.
type AskFor struct {
	Hidden  []Option
	Parties []Option
}

// DeskFloor is who speaks, with the clock.
type DeskFloor struct {
	State        State
	Person       string
	Left, Of     string // min:s
	Given, Limit int64  // ms since 1970; s
	Width        int64  // of 300: what is left
	Over         bool
}

// DeskSpeaker is who waits.
type DeskSpeaker struct {
	No       int
	State    State
	Person   string
	Sort     string
	Observer bool
	Withdraw *Press
}

// Place is a member, in the room or not.
type Place struct {
	State State
	Here  bool
	Press Press
}

// Press is a button that does an act.
type Press struct {
	Label, Key, Rule string
	Hidden           []Option
}

// LastAct is an entry of the meeting.
type LastAct struct {
	Index       int64
	Text, Time  string
	Stamp       string // the time, for machines
	Mine, Taken bool   // done at this desk; rescinded or disowned
}

// settleDesk gives the desk its addresses.
func (s *site) settleDesk(mux *http.ServeMux) {
	for _, rest := range []string{"", "/{rest...}"} {
		mux.HandleFunc("GET /{lang}/meetings/{meeting}/desk"+rest, func(w http.ResponseWriter, r *http.Request) { s.turned(w, r, s.deskPage) })
		mux.HandleFunc("POST /{lang}/meetings/{meeting}/desk"+rest, func(w http.ResponseWriter, r *http.Request) { s.turned(w, r, s.deskStep) })
	}
}

// deskPages are the pages of a desk.
var deskPages = map[string]func(*site, *sitting) error{}

func init() {
	deskPages[""], deskPages["live"] = (*site).roomPage, (*site).roomLive
}

// deskSteps are what is posted to a page of a desk; to all others acts are posted.
var deskSteps = map[string]func(*site, *sitting) error{}

// A sitting is a turn of an officer at the desk of a meeting.
type sitting struct {
	*turn
	t    teller
	id   conference.MeetingID
	m    conference.Meeting
	page string // below the desk
	zone *time.Location
	flag func(conference.PartyID) string
}

// sit has an officer sit down at the desk of a meeting. Who is none is told who may come.
func (s *site) sit(v *turn) (*sitting, error) {
	at := &sitting{turn: v, t: newTeller(v.view, v.lang), id: conference.MeetingID(v.r.PathValue("meeting")), page: v.r.PathValue("rest"), flag: s.flag}
	var known bool
	at.m, known = v.view.State().Meeting(at.id)
	switch {
	case !known:
		return nil, errNotFound
	case s.Desk == nil:
		return nil, errNotAllowed
	case !v.in:
		return nil, tell(http.StatusUnauthorized, "desk.signin")
	case !v.view.State().Holds(v.Person, conference.Secretary, "", s.Desk.Now()):
		return nil, tell(http.StatusForbidden, "desk.officers")
	}
	at.zone = zoneOf(at.m.Zone, v.view.State().Body.Zone)
	s.pens.here(at.id, v.Person)
	return at, nil
}

// hour writes an instant as hour and minute at the seat of the meeting.
func (v *sitting) hour(at record.Instant) string {
	return time.UnixMilli(int64(at)).In(v.zone).Format("15:04")
}

// second is hour with the seconds.
func (v *sitting) second(at record.Instant) string {
	return time.UnixMilli(int64(at)).In(v.zone).Format("15:04:05")
}

// deskPage shows a page of the desk.
func (s *site) deskPage(v *turn) error {
	at, err := s.sit(v)
	var no told
	if errors.As(err, &no) && no.status == http.StatusUnauthorized && v.r.PathValue("rest") == "live" {
		leadTo(v.w, "/"+v.lang.Code+"/signin")
		return nil
	}
	if errors.As(err, &no) && !wantsJSON(v.r) {
		m := Message{Layout: s.layout(v.view, v.lang, "")}
		m.Title, m.Lead, m.Back = v.lang.Say(no.key, no.args...), v.lang.Say(no.key+"help", no.args...), m.Home
		m.Here = "signin"
		s.showPage(v.w, v.r, v.lang, "deskshut", m, no.status)
		return nil
	}
	if err != nil {
		return err
	}
	page, _, _ := strings.Cut(at.page, "/")
	make, ok := deskPages[page]
	if !ok {
		return errNotFound
	}
	return make(s, at)
}

// frame makes what all pages of the desk have.
func (s *site) deskFrame(v *sitting, tab string) DeskFrame {
	at := "meetings/" + string(v.id) + "/desk"
	rest := at
	if v.page != "" && v.page != "live" {
		rest += "/" + v.page
	}
	f := DeskFrame{Layout: s.layout(v.view, v.lang, rest), Desk: "/" + v.lang.Code + "/" + at, Tab: tab, ID: string(v.id), Live: v.m.InSession()}
	f.Meeting = together(", ", paper.Roman(v.m.Ordinal), v.t.place(v.m.Place))
	f.Title, f.Script, f.Here = v.lang.Say("desk.title")+" · "+f.Meeting, true, "desk"
	f.Stamp = fmt.Sprint(v.view.State().Size)
	q, put := v.t.s.Pending(v.id)
	switch {
	case put && q.Begun:
		f.Status = v.lang.Say("desk.voting")
	case v.m.InSession():
		f.Status = v.lang.Say("page.insession")
	case v.m.Closed:
		f.Status = v.lang.Say("page.ended")
	case v.m.Opened != nil:
		f.Status = v.lang.Say("desk.stopped")
	default:
		f.Status = v.lang.Say("page.convened")
	}
	f.Desks, f.Backup = s.desks(v), s.backupAt(v.lang)
	f.Tabs, f.Keys = tabs(v.lang), keyList(v.lang)
	return f
}

// roomPage shows the room.
func (s *site) roomPage(v *sitting) error {
	p, err := s.room(v)
	if err != nil {
		return err
	}
	s.recall(v, &p)
	return s.show(v.turn, "room", p)
}

// recall says once more what an act came to: the address holds its index.
func (s *site) recall(v *sitting, p *RoomPage) {
	lines, err := s.diaries.of(v.r.Context(), v.view, v.m)
	for _, how := range []string{"done", "already"} {
		for _, l := range lines {
			if err == nil && fmt.Sprint(l.Index) == v.r.URL.Query().Get(how) {
				p.Said, p.At = s.receipt(v, l, how), l.Index
			}
		}
	}
	if n, err := strconv.ParseInt(v.r.URL.Query().Get("done"), 10, 64); err == nil && p.At == 0 && n >= 0 && n < v.view.State().Size {
		e, _, caused, err := v.t.entry(v.r.Context(), n) // of no meeting, as what rescinds a slip
		if err == nil && e.Closed == "" && e.Act.By == string(v.Person) {
			p.Said, p.At = s.receipt(v, line{e.Index, e.At, e.Act, caused}, "done"), n
		}
	}
}

// receipt says what a line did and, where somebody else had done it already, who and when.
func (s *site) receipt(v *sitting, l line, how string) string {
	if how == "already" {
		return v.lang.Say("desk.already", v.t.told(l), s.ownName(v.turn, conference.PersonID(l.Act.By)), v.second(l.At))
	}
	return v.lang.Say("desk.done", v.t.told(l), number(v.lang, l.Index))
}

// roomLive streams the room to one officer.
func (s *site) roomLive(v *sitting) error {
	person := v.Person
	s.stream(v.w, v.r, v.lang.Code+"/person/"+string(person)+"/meetings/"+string(v.id)+"/desk", person, func(view View) ([]byte, string, error) {
		view = view.For(s.reader(view, person))
		if !view.State().Holds(person, conference.Secretary, "", s.Desk.Now()) {
			return nil, "/" + v.lang.Code + "/meetings/" + string(v.id), nil
		}
		m, _ := view.State().Meeting(v.id)
		r, err := http.NewRequest(http.MethodGet, "/", nil)
		if err != nil {
			return nil, "", err
		}
		now := &sitting{turn: &turn{r: r, view: view, lang: v.lang, session: session{Person: person}, in: true}, t: newTeller(view, v.lang), id: v.id, m: m, zone: zoneOf(m.Zone, view.State().Body.Zone), flag: s.flag}
		p, err := s.room(now)
		if err != nil {
			return nil, "", err
		}
		body, err := s.render("room", p)
		return event(deskEvent(body)), "", err
	})
	return nil
}

// deskEvent cuts what renews itself from a page of the desk: its head says how the meeting stands.
func deskEvent(body []byte) []byte {
	text := string(body)
	from, to := strings.Index(text, "<header "), strings.Index(text, "</header>")
	if from < 0 || to < from {
		return frameOf(body)
	}
	return append([]byte(text[from:to+len("</header>")]), frameOf(body)...)
}

// room draws the room.
func (s *site) room(v *sitting) (RoomPage, error) {
	st, now := v.t.s, s.Desk.Now()
	p := RoomPage{DeskFrame: s.deskFrame(v, "room"), Clock: v.hour(max(now, st.Last))}
	p.Layout.Live = p.Desk + "/live"
	lines, err := s.diaries.of(v.r.Context(), v.view, v.m)
	if err != nil {
		return p, err
	}
	p.Next = v.t.step(st.Next(v.id, now))
	offers := st.Offers(v.Person, v.id, now)
	p.Run = v.running(lines)
	p.Vote = s.board(v, lines, offers)
	p.Floor = v.floor(now)
	p.List = s.speakers(v)
	p.Hall, p.Here = s.hall(v, offers)
	s.buttons(v, &p, offers)
	p.Ask = s.askFor(v, offers)
	p.Last = v.last(lines)
	p.Waits = s.waits(v)
	return p, nil
}

// turning are the events a running order tells, by what the meeting turned to.
var turning = []string{"MeetingOpened", "MeetingResumed", "MeetingSuspended", "MeetingAdjourned", "MeetingClosed", "AgendaAdopted", "ItemOpened", "ItemSuspended", "QuestionPut"}

// running is what the meeting did in order, and what is left of its agenda.
func (v *sitting) running(lines []line) (list []RunLine) {
	for _, l := range lines {
		for _, e := range l.Events {
			if !slices.Contains(turning, e.Kind()) {
				continue
			}
			r := RunLine{Time: v.hour(l.At), Title: v.t.told(line{Act: l.Act, Events: []conference.Event{e}}), Done: true}
			switch b := e.Body.(type) {
			case *conference.QuestionPut:
				r.Title = together(": ", v.lang.Say("event.QuestionPut"), v.t.thing(conference.Thing{Kind: b.Type, ID: b.Thing}))
				if q, ok := v.t.s.Question(b.Question); ok && q.Result != nil {
					r.Small = paper.ResultOf(q.Result, v.lang).Outcome
				}
			case *conference.ItemOpened:
				r.Title = v.item(b.Item)
			}
			list = append(list, r)
		}
	}
	if n := len(list); n > 14 { // what is long past stands in the record
		list = list[n-14:]
	}
	if n := len(list); n > 0 && v.m.InSession() {
		list[n-1].Done, list[n-1].Now = false, true
	}
	items, _ := v.t.s.Agenda(v.id)
	for _, i := range items {
		if i.State == "proposed" || i.State == "suspended" {
			list = append(list, RunLine{Time: "–", Title: v.item(i.ID)})
		}
	}
	return list
}

// item is an item of the agenda with its number.
func (v *sitting) item(id conference.ItemID) string {
	title := v.t.thing(conference.Thing{Kind: "item", ID: string(v.id) + "/" + string(id)})
	items, _ := v.t.s.Agenda(v.id)
	if n := slices.IndexFunc(items, func(i conference.Item) bool { return i.ID == id }); n >= 0 {
		return fmt.Sprintf("%d. %s", n+1, title)
	}
	return title
}

// heads are the heads of a party's delegation, or who acts for it.
func (t teller) heads(p conference.PartyID) string {
	var names []string
	for _, c := range []conference.Capacity{conference.Head, conference.ObserverHead} {
		for _, o := range t.s.Holders(c) {
			if o.For == p {
				names = append(names, t.person(o.Person))
			}
		}
	}
	return strings.Join(names, ", ")
}

// board is the question before the meeting.
func (s *site) board(v *sitting, lines []line, offers []conference.Offer) *Count {
	q, ok := v.t.s.Pending(v.id)
	if !ok {
		return nil
	}
	b := &Count{Title: v.lang.Say("desk.vote"), About: v.t.thing(conference.Thing{Kind: q.Kind, ID: q.Thing}), RollCall: q.Method == "roll-call"}
	if b.RollCall {
		b.Title = v.lang.Say("desk.rollcall")
	} else if q.Method == "consensus" {
		b.Title = v.lang.Say("word.method.consensus")
	}
	_, majority, rule := v.t.s.Tally(q)
	if q.Method != "consensus" {
		b.Rule = together(", ", majority.Name, rule)
	}
	order := q.Order
	if len(order) == 0 {
		order = v.t.s.Members(v.m.From, v.id)
	}
	entered := map[int64]record.Instant{}
	for _, l := range lines {
		entered[l.Index] = l.At
	}
	for n, party := range order {
		b.Names = append(b.Names, v.boardName(q, n, party, entered, b))
	}
	if q.Method != "consensus" && !q.Ended {
		b.Answer = s.answerFor(v, q, offers)
	}
	return b
}

func (v *sitting) boardName(q conference.Question, n int, party conference.PartyID, entered map[int64]record.Instant, b *Count) BoardName {
	name := BoardName{State: State{v.t.party(party), v.flag(party)}, Head: v.t.heads(party), Place: number(v.lang, int64(n+1)), Called: q.Called == int64(n+1)}
	name.Link = "?for=" + url.QueryEscape(string(party))
	for _, c := range q.Votes {
		if c.Party != party {
			continue
		}
		name.Answer, name.Said, name.Called = string(c.Answer), v.t.word("answer", string(c.Answer)), false
		_, name.Desk = v.t.s.ActedAt(c.Index)
		if at, ok := entered[c.Index]; ok {
			name.Time = v.second(at)
		}
	}
	switch name.Answer {
	case "yes":
		b.Yes++
	case "no":
		b.No++
	case "abstain":
		b.Abstain++
	case "":
		b.Open++
	}
	if name.Answer != "" || b.RollCall && int64(n) >= q.Called {
		name.Link = ""
	}
	return name
}

// unanswered is whose answer is entered next: who was chosen, else who was called last, else the first who has not
// answered when all were called.
func (v *sitting) unanswered(q conference.Question) (who conference.PartyID) {
	called := q.Order[:min(q.Called, int64(len(q.Order)))]
	if q.Method != "roll-call" {
		called = v.t.s.Members(v.m.From, v.id)
	}
	var open []conference.PartyID
	for _, p := range called {
		if !slices.ContainsFunc(q.Votes, func(c conference.Cast) bool { return c.Party == p }) {
			open = append(open, p)
		}
	}
	chosen := conference.PartyID(v.r.URL.Query().Get("for"))
	switch {
	case len(open) == 0:
		return ""
	case slices.Contains(open, chosen):
		return chosen
	case q.Method == "roll-call" && slices.Contains(open, called[len(called)-1]):
		return called[len(called)-1]
	case q.Method == "roll-call" && q.Called < int64(len(q.Order)):
		return ""
	}
	return open[0]
}

// offered finds an offer of an act that is not barred.
func offered(offers []conference.Offer, act string) *conference.Offer {
	for i := range offers {
		if offers[i].Act.Name == act && offers[i].Refusal == nil {
			return &offers[i]
		}
	}
	return nil
}

// answerFor is the box that enters a party's answer.
func (s *site) answerFor(v *sitting, q conference.Question, offers []conference.Offer) *AnswerFor {
	who, o := v.unanswered(q), offered(offers, "Answer")
	if who == "" || o == nil {
		return nil
	}
	a := &AnswerFor{Party: v.t.party(who), Hidden: s.pressing(v, "Answer", o, map[string]string{"office": string(conference.Secretary) + "/" + string(who), "field.question": string(q.ID)})}
	for _, answer := range []string{"yes", "no", "abstain"} {
		a.Answers = append(a.Answers, Option{Value: answer, Label: v.lang.Say("word.answer." + answer)})
	}
	if next := offered(offers, "CallName"); next != nil && q.Called > 0 && q.Called < int64(len(q.Order)) {
		a.Later = &Press{Label: v.lang.Say("desk.later"), Key: "L", Hidden: s.pressOf(v, next, "").Hidden}
	}
	return a
}

// pressing are the hidden controls of a button: what it does, and the record it was drawn from. The key is drawn from
// all of that, so the second press of the same button is the same act, and gets the first receipt.
func (s *site) pressing(v *sitting, act string, o *conference.Offer, more map[string]string) (hidden []Option) {
	typed := url.Values{}
	if o != nil {
		flat(typed, "field", o.Fields)
		typed.Set("office", strings.TrimSuffix(string(o.As)+"/"+string(o.For), "/"))
		for _, x := range o.About {
			typed.Add("about", fmt.Sprintf("%s/%d/%s", x.Kind, x.Version, x.ID))
		}
	}
	typed.Set("act", act)
	typed.Set("meeting", string(v.id))
	typed.Set("seen", fmt.Sprint(v.view.State().Size))
	for name, value := range more {
		typed.Set(name, value)
	}
	typed.Set("key", s.keyOf(v.Person, typed))
	for _, name := range sortedKeys(typed) {
		for _, value := range typed[name] {
			hidden = append(hidden, Option{Value: value, Label: name})
		}
	}
	return hidden
}

// keyOf draws the key of an act from what a button says, for one person.
func (s *site) keyOf(who conference.PersonID, typed url.Values) string {
	var key [16]byte
	s.chanceOf(who, "desk "+typed.Encode()).Read(key[:])
	return canonical.EncodeBytes(key[:])
}

// keysOf are the keys that press the button of an act.
var keysOf = map[string]string{"CallName": "N", "GiveFloor": "N", "GiveReply": "N", "EndFloor": "E", "AnnounceResult": "R", "EndVoting": "V", "OpenItem": "O", "PutQuestion": "Q"}

func (s *site) pressOf(v *sitting, o *conference.Offer, key string) Press {
	a := s.nowAct(v.t, o, v.id)
	return Press{Label: together(": ", a.Title, a.About), Key: key, Rule: a.Rule, Hidden: s.pressing(v, o.Act.Name, o, nil)}
}

// buttons sorts what this officer may do at the meeting: what one press does, and what the rules bar.
func (s *site) buttons(v *sitting, p *RoomPage, offers []conference.Offer) {
	used := map[string]bool{}
	for i := range offers {
		o := &offers[i]
		if o.Meeting == "" || len(o.Label) == 0 && o.Fields.Kind == canonical.Invalid || o.Act.Name == "RecordPresence" {
			continue
		}
		if o.Refusal != nil {
			p.Barred = append(p.Barred, s.nowAct(v.t, o, v.id))
			continue
		}
		if len(o.Open) > 0 || o.Act.TwoPersons || o.Act.Name == "CallName" && p.Vote != nil && p.Vote.Answer != nil && p.Vote.Answer.Later != nil {
			continue
		}
		key := keysOf[o.Act.Name]
		if used[key] {
			key = ""
		}
		used[key] = key != ""
		p.Ready = append(p.Ready, s.pressOf(v, o, key))
	}
	if step := v.t.s.Next(v.id, s.Desk.Now()); step.Act != "" && !slices.ContainsFunc(offers, func(o conference.Offer) bool { return o.Act.Name == step.Act }) {
		act, _ := v.t.s.Lookup(step.Act)
		var who []string
		for _, c := range act.Who {
			who = append(who, v.lang.Say("capacity."+string(c)))
		}
		p.Barred = append(p.Barred, NowAct{Title: v.lang.Say("act." + step.Act), Why: v.lang.Say("desk.forwhom", strings.Join(who, ", ")), Rule: act.Rule})
	}
}

// floor is who speaks.
func (v *sitting) floor(now record.Instant) *DeskFloor {
	q, ok := v.t.s.Speaking(v.id)
	if !ok {
		return nil
	}
	f := &DeskFloor{State: State{v.t.party(q.Party), v.flag(q.Party)}, Person: v.t.person(q.Person), Given: int64(q.Given), Limit: q.Limit}
	if q.Limit == 0 {
		f.Left = v.hour(q.Given)
		return f
	}
	left := q.Limit - int64(max(now, v.t.s.Last)-q.Given)/1000
	f.Over, f.Left, f.Of = left < 0, minutes(left), minutes(q.Limit)
	f.Width = max(0, min(300, left*300/q.Limit))
	return f
}

// minutes writes seconds as 3:12; what is passed as -0:05.
func minutes(seconds int64) string {
	sign := ""
	if seconds < 0 {
		sign, seconds = "−", -seconds
	}
	return fmt.Sprintf("%s%d:%02d", sign, seconds/60, seconds%60)
}

// speakers lists who waits; the desk takes a party off on its instruction.
func (s *site) speakers(v *sitting) (list []DeskSpeaker) {
	members := v.t.s.Members(v.m.From, v.id)
	for i, q := range v.t.s.SpeakersList(v.id) {
		d := DeskSpeaker{No: i + 1, State: State{v.t.party(q.Party), v.flag(q.Party)}, Person: v.t.person(q.Person), Observer: !slices.Contains(members, q.Party)}
		if q.Sort != "" {
			d.Sort = v.t.word("sort", q.Sort)
		}
		d.Withdraw = &Press{Label: v.lang.Say("desk.takeoff", d.State.Name), Hidden: s.pressing(v, "WithdrawRequest", nil, map[string]string{"office": "Secretary/" + string(q.Party), "field.request": string(q.ID), "field.instruction": "aloud"})}
		list = append(list, d)
	}
	return list
}

// hall says which members are in the room, each with the button that says otherwise.
func (s *site) hall(v *sitting, offers []conference.Offer) (seats []Place, here int) {
	for i := range offers {
		o := &offers[i]
		if o.Act.Name != "RecordPresence" || o.Refusal != nil || len(o.Label) == 0 {
			continue
		}
		party := conference.PartyID(o.Label[0].ID)
		seat := Place{State: State{v.t.party(party), v.flag(party)}, Here: slices.Contains(v.m.Present(), party), Press: s.pressOf(v, o, "")}
		if seat.Here {
			here++
		}
		seats = append(seats, seat)
	}
	return seats, here
}

// askFor puts a party on the list on its instruction.
func (s *site) askFor(v *sitting, offers []conference.Offer) *AskFor {
	if offered(offers, "AskFloor") == nil {
		return nil
	}
	a := &AskFor{Hidden: s.pressing(v, "AskFloor", nil, map[string]string{"field.request": fmt.Sprintf("f-desk-%d", v.view.State().Size)})}
	for _, o := range v.t.parties("") {
		_, party, _ := strings.Cut(o.Value, "/")
		a.Parties = append(a.Parties, Option{Value: o.Value, Label: v.t.party(conference.PartyID(party))})
	}
	slices.SortFunc(a.Parties, func(x, y Option) int { return cmp.Compare(x.Label, y.Label) })
	return a
}

// last are the newest acts at the meeting, newest first.
func (v *sitting) last(lines []line) (list []LastAct) {
	for _, l := range slices.Backward(lines) {
		if len(list) == 9 {
			break
		}
		a := LastAct{Index: l.Index, Text: v.t.told(l), Time: v.second(l.At), Stamp: l.At.String(), Mine: l.Act.By == string(v.Person)}
		_, a.Taken = v.t.s.Rescinded(l.Index)
		if acted, ok := v.t.s.ActedAt(l.Index); ok && acted.Disowned > 0 {
			a.Taken = true
		}
		list = append(list, a)
	}
	return list
}

// waits says what the desk has to see to besides the room.
func (s *site) waits(v *sitting) (list []string) {
	n := 0
	for _, h := range s.halves.waitingFor(v.Person, s.Desk.Now()) {
		if h.waits() == v.Person {
			n++
		}
	}
	if n > 0 {
		list = append(list, v.lang.Say("desk.twowait", number(v.lang, int64(n))))
	}
	if s.Disk != nil {
		if percent, alarm := s.Disk(); alarm {
			list = append(list, v.lang.Say("desk.diskalmostfull", number(v.lang, int64(percent))))
		}
	}
	for _, p := range v.t.s.Parties() {
		for _, a := range v.t.s.InNameOf(p.ID) {
			if a.Disowned > 0 && a.Officer == v.Person && v.m.InSession() && a.Index >= v.m.Convened {
				list = append(list, v.lang.Say("desk.disowned", v.t.party(p.ID), v.lang.Say("act."+a.Act), number(v.lang, a.Index)))
			}
		}
	}
	return list
}

// deskAnswer is what a program is answered when an act is done at the desk.
type deskAnswer struct {
	To    string `json:"to"`
	Said  string `json:"said"`
	Index int64  `json:"index"`
}

// deskStep takes what is posted to the desk: an act, unless the page takes something of its own.
func (s *site) deskStep(v *turn) error {
	at, err := s.sit(v)
	if err != nil {
		return err
	}
	page, _, _ := strings.Cut(at.page, "/")
	if step, ok := deskSteps[page]; ok {
		return step(s, at)
	}
	if _, ok := deskPages[page]; !ok {
		return errNotFound
	}
	if err := v.form(); err != nil {
		return err
	}
	return s.deskAct(at)
}

// deskAct does the act a button says.
func (s *site) deskAct(v *sitting) error {
	act, known := v.t.s.Lookup(v.r.PostForm.Get("act"))
	if !known {
		return errNotFound
	}
	asked, blobs, err := s.asked(v.r, v.lang, act)
	if err != nil {
		return tell(http.StatusBadRequest, "signin.notunderstood")
	}
	if asked.Meeting != "" {
		asked.Meeting = string(v.id)
	}
	p, a, err := s.prepareAct(v.r.Context(), v.lang, act, v.Person, asked, blobs, s.chanceOf(v.Person, asked.Key))
	if err != nil {
		return err
	}
	if p.Refusal != nil {
		return s.deskRefused(v, a, *p.Refusal)
	}
	answer, err := s.submitted(v.turn, a, func(now *turn, r Receipt) (any, error) {
		after := *v
		after.turn, after.t = now, newTeller(now.view, now.lang)
		return s.deskDone(&after, a, r), nil
	})
	var no *conference.Refusal
	if errors.As(err, &no) { // somebody was faster between the two
		return s.deskRefused(v, a, v.t.problem(string(v.id), no))
	}
	if err != nil {
		return err
	}
	return s.deskReply(v, answer)
}

// deskReply answers a program with JSON, a person with the room.
func (s *site) deskReply(v *sitting, answer any) error {
	if done, ok := answer.(deskAnswer); ok && !wantsJSON(v.r) {
		http.Redirect(v.w, v.r, done.To, http.StatusSeeOther)
		return nil
	}
	return s.answerStep(v.turn, answer)
}

func (s *site) deskDone(v *sitting, a *Act, r Receipt) deskAnswer {
	l := line{Index: r.Index, At: r.At, Act: a.Submitted, Events: r.Events}
	return deskAnswer{To: s.deskAddress(v) + "?done=" + fmt.Sprint(r.Index), Said: s.receipt(v, l, "done"), Index: r.Index}
}

func (s *site) deskAddress(v *sitting) string {
	return "/" + v.lang.Code + "/meetings/" + string(v.id) + "/desk"
}

// deskRefused answers calmly where another desk had done the same since the button was drawn; else with the refusal.
func (s *site) deskRefused(v *sitting, a *Act, problem Problem) error {
	now := s.record.View()
	lines, err := s.diaries.of(v.r.Context(), now.For(s.reader(now, v.Person)), v.m)
	if err != nil {
		return err
	}
	for _, l := range slices.Backward(lines) {
		if l.Index < a.Submitted.Seen {
			break
		}
		if same(&l.Act, &a.Submitted) {
			return s.deskReply(v, deskAnswer{To: s.deskAddress(v) + "?already=" + fmt.Sprint(l.Index), Said: s.receipt(v, l, "already"), Index: l.Index})
		}
	}
	if wantsJSON(v.r) {
		s.sendProblem(v.w, v.r, problem)
		return nil
	}
	p, err := s.room(v)
	if err != nil {
		return err
	}
	p.Said, p.Remedy, p.Wrong = problem.Title, together(" ", problem.Detail, problem.Remedy), true
	s.showPage(v.w, v.r, v.lang, "room", p, problem.Status)
	return nil
}

// same reports whether two acts of two persons say the same: what each chose for itself, an id or an instruction, is
// left out.
func same(a, b *record.Submitted) bool {
	if a.Name != b.Name || a.For != b.For {
		return false
	}
	left := []string{"instruction", "request", "motion", "reason"}
	return string(canonical.Append(nil, without(a.Fields, left))) == string(canonical.Append(nil, without(b.Fields, left)))
}

func without(v canonical.Value, names []string) canonical.Value {
	left := canonical.Value{Kind: canonical.Object}
	for i, key := range v.Keys {
		if !slices.Contains(names, key) {
			left.Keys, left.Items = append(left.Keys, key), append(left.Items, v.Items[i])
		}
	}
	return left
}
