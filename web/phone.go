package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/rules"
)

// The delegate's place, for one thumb. Its five tabs are made for one person, since nearly all on them is what this
// person may do; making one takes about two milliseconds of which one goes to the offers.
//
//	/LANG/meetings/ID/floor              what is on, who speaks, what I may do, my vote
//	/LANG/meetings/ID/floor/agenda       the items and how they stand
//	/LANG/meetings/ID/floor/papers       the papers I may read
//	/LANG/meetings/ID/floor/messages     what the delegation and the room have to hear of, see messages.go
//	/LANG/meetings/ID/floor/name         what was done in our name, and what we undertook
//	/LANG/meetings/ID/floor/vote?answer= what would be sent, once more, before it is
//
// With ?for=PARTY it is for that one of several delegations.

// PhonePage is one tab.
type PhonePage struct {
	Layout
	Tab      string // "", agenda, papers, messages, name or vote
	Tabs     []PhoneTab
	State    State
	Person   string
	PersonID string
	Observer bool
	At       string // of this node's clock when the page was made, for machines
	Alarms   []PhoneDeed
	Ballot   *PhoneBallot
	Pending  []PhoneMotion
	Turn     *PhoneTurn
	Signings []Line // papers on which the delegation has yet to sign
	Speaking *Speaker
	Over     string // when the limit is reached, for machines
	Next     []Speaker
	Item     string
	Press    []PhoneAct
	Moves    []PhoneAct
	Fill     []NowAct
	Status   string   // of the meeting where it is not in session: why little may be done
	Barred   []NowAct // what everybody looks for first
	Papers   []PhonePaper
	Items    []PhoneItem
	Messages []PhoneMessage
	Promises []PhonePromise
	Treaties []NowAct // what it may do about instruments
	Deeds    []PhoneDeed
	Now      string // address of everything that may be done
}

// PhoneTab is a way to another tab.
type PhoneTab struct {
	Name, Address, Label string
	Here                 bool
	Badge                int
	Unread               []int64 // entries of all messages; the browser knows which were read
}

// PhoneAct is an act that one press does, now or when the network is back.
type PhoneAct struct {
	NowAct
	ID       string // of its element
	Name     string
	Sentence string // what it does
	Answer   string // of a vote
	Said     string // what the button says
	Prepared string // JSON: the bytes that are sent, and what signs them
	Pretty   string // the bytes, for people
	Attested bool
	Asks     bool   // it is shown once more before it is sent
	Text     int64  // entry of the text it is about; 0: none
	Until    string // when it is no longer meant
	UntilAt  string // the same for machines
	Question string
	State    string
	Back     string // to the floor
}

// PhoneBallot is the question before the meeting, and the delegation's part in it.
type PhoneBallot struct {
	Question, About string
	Called          bool
	Place           string // in the roll
	Answers         []PhoneAct
	Why             []NowAct // it cannot vote now
	Voted           string   // what it said
	Answer          string
	Entry           int64
	Changes         bool
	Roll            []PhoneVote
	ByName          bool
}

// PhoneVote is a name of the roll.
type PhoneVote struct {
	State  State
	Answer string // yes, no, abstain, called or ""
	Text   string
	Here   bool
}

// PhoneMotion is a point of order, an appeal or a motion that is before the meeting.
type PhoneMotion struct {
	Title, Rule string
	By          string // who raised or moved it, in a line
	State       State
	Now         bool   // it stands before the others
	Said        string // what comes of it
	Acts        []PhoneAct
	Entry       int64
}

// PhoneTurn is the delegation's place on the speakers' list.
type PhoneTurn struct {
	Number  int    // 0: it speaks
	Said    string // the number in words
	About   string
	AboutAt string // the same for machines
	For     string
}

// PhonePaper is a document.
type PhonePaper struct {
	Symbol, Kind, Item, Languages string
	Restricted                    bool
	Entry                         int64
}

// PhoneItem is an item of the agenda.
type PhoneItem struct {
	No          int
	Title, Text string
	Here        bool
	Entry       int64
}

// PhonePromise is a commitment.
type PhonePromise struct {
	ID, What, Due, Text, Address string
	Late                         bool
	Entry                        int64
	Press                        []PhoneAct // done with one press
	Fill                         []NowAct   // forms, filled in
}

// PhoneDeed is what was done in the delegation's name.
type PhoneDeed struct {
	Title, By, At, How string
	Desk               bool
	Entry              int64
	Disowned           int64
	Disown             *PhoneAct // it can be disowned
}

var phoneTabs = []string{"", "/agenda", "/papers", "/messages", "/name", "/vote"}

// settlePhone gives the tabs their addresses.
func (s *site) settlePhone(mux *http.ServeMux) {
	for _, tab := range phoneTabs {
		at := "GET /{lang}/meetings/{meeting}/floor" + tab
		name := strings.TrimPrefix(tab, "/")
		mux.HandleFunc(at, func(w http.ResponseWriter, r *http.Request) { s.phoneAnswer(w, r, name, false) })
		mux.HandleFunc(at+"/live", func(w http.ResponseWriter, r *http.Request) { s.phoneAnswer(w, r, name, true) })
	}
}

// phoneAnswer answers with a tab, or with the stream of its renewals.
func (s *site) phoneAnswer(w http.ResponseWriter, r *http.Request, tab string, live bool) {
	l, known := language.Get(r.PathValue("lang"))
	meeting := conference.MeetingID(r.PathValue("meeting"))
	_, convened := s.record.View().State().Meeting(meeting)
	who, in := s.who(r)
	switch {
	case !known || !convened:
		s.fail(w, r, errNotFound)
		return
	case s.Desk == nil:
		s.fail(w, r, errNotAllowed)
		return
	case !in && live:
		leadTo(w, "/"+l.Code+"/signin")
		return
	case !in:
		s.sorry(w, r, l, errProblem{http.StatusUnauthorized, "page.signin", nil})
		return
	}
	query := r.URL.Query()
	party, answer := query.Get("for"), query.Get("answer")
	page := func(v View) ([]byte, error) {
		f, ok := s.phone(v.For(v.State().Reader(who, v.State().Last)), l, who, meeting, conference.PartyID(party))
		if !ok {
			m := Message{Layout: s.layout(v, l, "meetings/"+string(meeting)+"/floor"), Back: s.nowAddress(l, string(meeting))}
			m.Title, m.Lead = l.Say("phone.nodelegation"), l.Say("phone.nodelegationhelp")
			return s.render("message", m)
		}
		return s.render("phone", f.page(tab, party, answer))
	}
	if live {
		key := l.Code + "/person/" + string(who) + "/" + string(meeting) + "/floor/" + tab + "?" + url.Values{"for": {party}, "answer": {answer}}.Encode()
		s.stream(w, r, key, who, func(v View) ([]byte, string, error) {
			body, err := page(v)
			return event(frameOf(body)), "", err
		})
		return
	}
	body, err := page(s.record.View())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	ownPage(w, l)
	send(w, r, body, nil)
}

// A phone is what the tabs of one delegate are made from.
type phone struct {
	teller
	site   *site
	who    conference.PersonID
	office conference.Office
	id     conference.MeetingID
	at     record.Instant
	offers []conference.Offer // of this office
}

// phone finds the delegation a person speaks for; of several the one asked for, else the first.
func (s *site) phone(v View, l *language.Language, who conference.PersonID, meeting conference.MeetingID, party conference.PartyID) (f *phone, ok bool) {
	f = &phone{teller: newTeller(v, l), site: s, who: who, id: meeting, at: s.Desk.Now()}
	for _, o := range f.s.OfficesOf(who, f.at) {
		ofDelegation := slices.Contains([]conference.Capacity{conference.Head, conference.Delegate, conference.ObserverHead}, o.Capacity)
		if ofDelegation && o.For != "" && (!ok || o.For == party && f.office.For != party) {
			f.office, ok = o, true
		}
	}
	for _, o := range f.s.Offers(who, meeting, f.at) {
		if o.As == f.office.Capacity && o.For == f.office.For {
			f.offers = append(f.offers, o)
		}
	}
	return f, ok
}

// page makes a tab.
func (f *phone) page(tab, party, answer string) PhonePage {
	rest := "meetings/" + string(f.id) + "/floor"
	query := url.Values{}
	if party != "" {
		query.Set("for", party)
	}
	home := address("/"+f.l.Code+"/"+rest, query)
	if answer != "" {
		query.Set("answer", answer)
	}
	if tab != "" {
		rest += "/" + tab
	}
	p := PhonePage{Layout: f.site.layout(f.v, f.l, rest), Tab: tab, State: State{f.party(f.office.For), f.site.flag(f.office.For)}, Person: f.person(f.who), PersonID: string(f.who),
		Observer: f.office.Capacity == conference.ObserverHead, At: f.at.String(), Now: f.site.nowAddress(f.l, string(f.id))}
	p.Here, p.Home, p.Script = "floor", home, true
	p.Live = address("/"+f.l.Code+"/"+rest+"/live", query)
	p.Title = f.l.Say("phone.title")
	f.alarms(&p)
	messages := f.messages()
	switch tab {
	case "":
		f.floor(&p)
	case "agenda":
		p.Title, p.Items = f.l.Say("phone.agenda"), f.items()
	case "papers":
		p.Title, p.Papers = f.l.Say("phone.papers"), f.papers("")
	case "messages":
		p.Title, p.Messages = f.l.Say("phone.messages"), messages
	case "name":
		p.Title, p.Promises, p.Deeds = f.l.Say("phone.name"), f.promises(), f.deeds()
		p.Treaties = f.treaties()
	case "vote":
		p.Title, p.Ballot = f.l.Say("phone.confirm"), f.ballot()
		if p.Ballot != nil {
			p.Ballot.Answers = slices.DeleteFunc(p.Ballot.Answers, func(a PhoneAct) bool { return a.Answer != answer })
		}
	}
	if n := len(p.Alarms); n > 0 {
		p.Title = fmt.Sprintf("(%d) %s", n, p.Title)
	}
	p.Tabs = f.tabs(&p, party, entriesOf(messages))
	return p
}

// address joins a path and a query, if there is one.
func address(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

func (f *phone) tabs(p *PhonePage, party string, messages []int64) (list []PhoneTab) {
	query := url.Values{}
	if party != "" {
		query.Set("for", party)
	}
	for _, t := range [][2]string{{"", f.l.Say("phone.floor")}, {"agenda", f.l.Say("phone.agenda")}, {"papers", f.l.Say("phone.papers")}, {"messages", f.l.Say("phone.messages")}, {"name", f.l.Say("phone.name")}} {
		at := "/" + f.l.Code + "/meetings/" + string(f.id) + "/floor"
		if t[0] != "" {
			at += "/" + t[0]
		}
		tab := PhoneTab{Name: cmp.Or(t[0], "floor"), Address: address(at, query), Label: t[1], Here: t[0] == p.Tab || t[0] == "" && p.Tab == "vote"}
		switch t[0] {
		case "name":
			tab.Badge = len(p.Alarms)
		case "messages":
			tab.Unread = messages
		}
		list = append(list, tab)
	}
	return list
}

// alarms are the acts of the desk in the delegation's name that it can still say were not its own.
func (f *phone) alarms(p *PhonePage) {
	for _, a := range slices.Backward(f.s.InNameOf(f.office.For)) {
		if d := f.deskDeed(a); d.Disown != nil {
			p.Alarms = append(p.Alarms, d)
		}
	}
}

func (f *phone) floor(p *PhonePage) {
	switch m, _ := f.s.Meeting(f.id); {
	case m.InSession():
	case m.Closed:
		p.Status = f.l.Say("page.ended")
	case m.Opened != nil:
		p.Status = f.l.Say("desk.stopped")
	default:
		p.Status = f.l.Say("page.convened")
	}
	p.Ballot, p.Pending = f.ballot(), f.pending()
	p.Turn = f.turn()
	p.Signings = f.signings()
	if q, ok := f.s.Speaking(f.id); ok {
		sp := f.speaker(q)
		p.Speaking = &sp
		if q.Limit > 0 {
			p.Over = (q.Given + record.Instant(q.Limit)*1000).String()
		}
	}
	for _, q := range f.s.SpeakersList(f.id) {
		p.Next = append(p.Next, f.speaker(q))
	}
	if i, ok := f.s.OpenItem(f.id); ok {
		p.Item = in(i.Title, f.l, string(i.ID))
		p.Papers = f.papers(i.ID)
	}
	f.acts(p)
}

func (f *phone) speaker(q conference.Request) Speaker {
	sp := Speaker{State: State{f.party(q.Party), f.site.flag(q.Party)}, Person: f.person(q.Person), Mark: Mark{Entries: []int64{q.Index}}}
	if q.Given > 0 {
		sp.At, sp.Since = q.Given.String(), f.hour(q.Given)
	}
	if q.Limit > 0 {
		sp.Limit = f.l.Say("page.limit", number(f.l, q.Limit/60))
	}
	return sp
}

// turn is the place on the list and about when it comes: the time the statements before it take, each as long as
// the last ones here took, and never longer than its limit.
func (f *phone) turn() *PhoneTurn {
	speaking, busy := f.s.Speaking(f.id)
	if busy && speaking.Party == f.office.For {
		return &PhoneTurn{}
	}
	waiting := f.s.SpeakersList(f.id)
	n := slices.IndexFunc(waiting, func(q conference.Request) bool { return q.Party == f.office.For })
	if n < 0 {
		return nil
	}
	t := &PhoneTurn{Number: n + 1, Said: f.l.Say("phone.number", number(f.l, int64(n+1)))}
	pace := f.pace()
	length := func(q conference.Request) int64 {
		limit := cmp.Or(q.Limit, f.s.LimitOf(q))
		if pace > 0 && (limit == 0 || pace < limit) {
			return pace
		}
		return limit
	}
	known, wait := pace > 0 || length(waiting[n]) > 0, int64(0)
	if busy {
		wait += max(0, length(speaking)-int64(f.at-speaking.Given)/1000)
	}
	for _, q := range waiting[:n] {
		wait += length(q)
	}
	if mine := length(waiting[n]); mine > 0 {
		t.For = f.l.Say("phone.for", number(f.l, max(1, mine/60)))
	}
	if known {
		at := f.at + record.Instant(wait)*1000
		t.About, t.AboutAt = f.l.Say("phone.about", f.hour(at)), at.String()
	}
	return t
}

// pace is how many seconds the one in the middle of the last statements of the meeting took, of five at most; 0: there
// was none.
func (f *phone) pace() int64 {
	spoken := f.s.Spoken(f.id)
	var took []int64
	for _, q := range spoken[max(0, len(spoken)-5):] {
		if e, _, _, err := f.entry(context.Background(), q.Index); err == nil && e.At >= q.Given {
			took = append(took, int64(e.At-q.Given)/1000)
		}
	}
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// asks says a question that was put to the meeting.
func (f *phone) asks(q conference.Question) (question, about string) {
	switch q.Kind {
	case "proposal":
		p, _ := f.s.Proposal(conference.ProposalID(q.Thing))
		i, _ := f.s.Item(f.id, p.Item)
		if about = in(i.Title, f.l, string(p.Item)); p.Amended {
			return f.l.Say("phone.ask.amended", f.draft(p.ID)), about
		}
		return f.asked(q), about
	case "motion", "appeal":
		m, _ := f.s.Motion(conference.MotionID(q.Thing))
		return f.asked(q), together(" · ", f.by(m), f.s.RuleOf(m))
	case "amendment", "part":
		p, _ := f.s.Proposal(conference.ProposalID(q.Thing))
		i, _ := f.s.Item(f.id, p.Item)
		return f.asked(q), in(i.Title, f.l, string(p.Item))
	}
	return f.asked(q), ""
}

// by says who raised or moved what is before the meeting.
func (f *phone) by(m conference.Motion) string {
	return f.l.Say(map[bool]string{true: "phone.mover", false: "phone.raiser"}[m.Type == "motion"], f.party(m.Party))
}

// pending lists what is before the meeting beside its item, what goes before the others first, each with what the
// delegation may do about it. What is put already is left out: the ballot says it.
func (f *phone) pending() (list []PhoneMotion) {
	put, _ := f.s.Pending(f.id)
	for n, m := range f.s.Interruptions(f.id) {
		if put.Kind == m.Type && put.Thing == string(m.ID) {
			continue
		}
		p := PhoneMotion{Title: f.motionName(m), Rule: f.s.RuleOf(m), By: f.by(m), State: State{f.party(m.Party), f.site.flag(m.Party)}, Now: n == 0, Said: f.comes(m), Entry: m.Index}
		for _, o := range f.offers {
			if o.Refusal == nil && ofMotion(&o, m.ID) {
				a := f.press(&o)
				a.Said = a.Title
				if side := o.Fields.Get("side").Str; side != "" {
					a.Said = together(": ", a.Title, f.word("side", side))
				}
				p.Acts = append(p.Acts, a)
			}
		}
		list = append(list, p)
	}
	return list
}

// ofMotion reports whether an offer is about a motion that is before the meeting.
func ofMotion(o *conference.Offer, id conference.MotionID) bool {
	return slices.Contains([]string{"SpeakToMotion", "WithdrawMotion"}, o.Act.Name) && o.Fields.Get("motion").Str == string(id)
}

// comes says what comes of a point of order, an appeal or a motion: who was heard of how many, or that it is decided at
// once.
func (f *phone) comes(m conference.Motion) string {
	kind, _ := f.s.Rules.MotionKind(m.Sort)
	switch {
	case m.Type == "order":
		return f.l.Say("wall.orderhelp")
	case m.Type == "appeal" || !kind.Debated():
		return f.l.Say("phone.atonce")
	}
	var heard []string
	for _, side := range []struct {
		name   string
		spoken []conference.PartyID
		most   int64
	}{{"for", m.For, kind.For}, {"against", m.Against, kind.Against}} {
		if side.most > 0 {
			heard = append(heard, together(" ", f.word("side", side.name), f.l.Say("phone.nth", number(f.l, int64(len(side.spoken))), number(f.l, side.most))))
		}
	}
	return f.l.Say("phone.heard", strings.Join(heard, ", "))
}

// ballot is the question before the meeting as the delegation meets it.
func (f *phone) ballot() *PhoneBallot {
	q, ok := f.s.Pending(f.id)
	if !ok {
		return nil
	}
	b := &PhoneBallot{ByName: q.Method == "recorded" || q.Method == "roll-call", Changes: f.s.Rules.ChangeVote}
	b.Question, b.About = f.asks(q)
	for i, party := range q.Order {
		if party == f.office.For {
			b.Called = int64(i) < q.Called
			b.Place = f.l.Say("phone.nth", number(f.l, int64(i+1)), number(f.l, int64(len(q.Order))))
		}
	}
	for _, c := range q.Votes {
		if c.Party == f.office.For {
			b.Answer, b.Voted, b.Entry = string(c.Answer), f.voted(c.Answer), c.Index
		}
	}
	for _, o := range f.offers {
		if o.Act.Name == "Answer" {
			f.answer(b, &o, q)
		}
	}
	if b.ByName {
		b.Roll = f.roll(q)
	}
	return b
}

// answer adds one answer, or why it cannot be given.
func (f *phone) answer(b *PhoneBallot, o *conference.Offer, q conference.Question) {
	if o.Refusal != nil {
		if len(b.Why) == 0 && b.Voted == "" {
			why := f.site.nowAct(f.teller, o, f.id)
			why.Title = f.l.Say("act.Answer")
			b.Why = append(b.Why, why)
		}
		return
	}
	a := f.press(o)
	a.Answer = o.Fields.Get("answer").Str
	a.Question, a.State, a.Asks = b.Question, f.party(f.office.For), true
	a.Said = f.says(rules.Answer(a.Answer))
	a.Sentence = together(" · ", a.Said, a.Question)
	if p, ok := f.s.Proposal(conference.ProposalID(q.Thing)); ok && q.Kind == "proposal" {
		a.Text = p.Index
	}
	if a.Answer != b.Answer {
		b.Answers = append(b.Answers, a)
	}
}

func (f *phone) says(a rules.Answer) string {
	switch a {
	case rules.Yes:
		return f.l.Say("phone.yes")
	case rules.No:
		return f.l.Say("phone.no")
	case rules.Abstain:
		return f.l.Say("phone.abstain")
	}
	return f.l.Say("answer." + string(a))
}

func (f *phone) voted(a rules.Answer) string { return f.party(f.office.For) + ": " + f.says(a) }

// roll lists the names of a roll call in their order, and of a recorded vote those who have answered.
func (f *phone) roll(q conference.Question) (list []PhoneVote) {
	said := map[conference.PartyID]rules.Answer{}
	order := q.Order
	for _, c := range q.Votes {
		said[c.Party] = c.Answer
		if len(q.Order) == 0 {
			order = append(order, c.Party)
		}
	}
	for i, party := range order {
		v := PhoneVote{State: State{f.party(party), f.site.flag(party)}, Text: f.l.Say("phone.notyet")}
		if a, ok := said[party]; ok {
			v.Answer, v.Text = string(a), f.says(a)
		} else if int64(i) < q.Called {
			v.Answer, v.Text = "called", f.l.Say("phone.called")
			v.Here = int64(i) == q.Called-1
		}
		list = append(list, v)
	}
	return list
}

// first are the acts of the floor in the order a thumb looks for them; others follow in the order of the catalogue.
var first = []string{"AskFloor", "WithdrawRequest", "EndFloor", "RaisePointOfOrder", "AppealRuling", "SpeakToMotion", "WithdrawMotion", "RequestVote", "ObjectToConsensus", "JoinConsensus"}

// ofMembers are acts an observer looks for in vain.
var ofMembers = []string{"RaisePointOfOrder", "Move", "Answer"}

// acts sorts what may be done now by how it is done: one press, a form, not at all and why.
func (f *phone) acts(p *PhonePage) {
	rank := func(o conference.Offer) int {
		if i := slices.Index(first, o.Act.Name); i >= 0 {
			return i
		}
		return len(first)
	}
	offers := slices.Clone(f.offers)
	slices.SortStableFunc(offers, func(a, b conference.Offer) int { return cmp.Compare(rank(a), rank(b)) })
	for _, o := range offers {
		proposed := len(o.Label) > 0 || o.Fields.Kind != canonical.Invalid
		switch {
		case o.Act.Name == "Answer" || o.Act.Name == "Disown" || o.Act.TwoPersons:
		case o.Refusal == nil && slices.ContainsFunc(f.s.Motions(f.id), func(m conference.Motion) bool { return ofMotion(&o, m.ID) }): // stands with its motion
		case o.Refusal != nil && (proposed || rank(o) < len(first)):
			bar(&p.Barred, f.site.nowAct(f.teller, &o, f.id))
		case o.Refusal != nil || !proposed && len(o.Open) > 0:
		case len(o.Open) > 0:
			a := f.site.nowAct(f.teller, &o, f.id)
			a.Address += "&from=floor"
			p.Fill = append(p.Fill, a)
		case o.Act.Name == "Move":
			p.Moves = append(p.Moves, f.press(&o))
		default:
			p.Press = append(p.Press, f.press(&o))
		}
	}
	for _, name := range ofMembers {
		if a, ok := f.s.Lookup(name); ok && p.Observer && !slices.Contains(a.Who, f.office.Capacity) {
			p.Barred = append(p.Barred, NowAct{Title: f.l.Say("act." + name), Rule: a.Rule, Why: f.l.Say("phone.members")})
		}
	}
}

// NotNow counts what is barred.
func (p PhonePage) NotNow() int64 { return int64(len(p.Barred)) }

// bar adds what is barred; what is barred for the same reason, like all motions during the voting, stands once.
func bar(list *[]NowAct, a NowAct) {
	for i, b := range *list {
		if b.Title == a.Title && b.Why == a.Why && b.Rule == a.Rule {
			(*list)[i].About = ""
			return
		}
	}
	*list = append(*list, a)
}

// press gives an offer its bytes, so that it can be signed and kept where there is no network.
func (f *phone) press(o *conference.Offer) PhoneAct {
	a := PhoneAct{NowAct: f.site.nowAct(f.teller, o, f.id), Name: o.Act.Name}
	submitted := o.Submitted()
	until := f.at + meantAttested
	submitted.Origin, submitted.Seen, submitted.NotAfter = f.v.Origin(), f.s.Size, &until
	for _, h := range a.Hidden {
		if h.Label == "key" {
			submitted.Key = h.Value
		}
	}
	a.Attested = f.s.AttestationDue(&submitted)
	prepared := f.site.challenge(f.l, &Act{Submitted: submitted}, f.who, a.Attested)
	text, _ := json.Marshal(prepared)
	a.Prepared, a.Sentence, a.Pretty = string(text), prepared.Sentence, pretty(prepared.Submitted)
	a.ID = "do-" + o.Act.Name
	for _, x := range o.Label { // the same element as the record grows, so that it keeps the focus
		a.ID += "-" + strings.ReplaceAll(x.ID, " ", "-")
	}
	a.Said, a.Asks = together(": ", a.Title, a.About), a.Attested
	a.Back = "/" + f.l.Code + "/meetings/" + string(f.id) + "/floor"
	a.Until, a.UntilAt = f.hour(until), until.String()
	return a
}

// papers lists what the delegate may read: of an item, or of the meeting.
func (f *phone) papers(item conference.ItemID) (list []PhonePaper) {
	for _, d := range f.s.Documents(f.id, f.s.Reader(f.who, f.at)) {
		if item != "" && d.Item != item || d.Withdrawn || d.Successor != "" {
			continue
		}
		p := PhonePaper{Symbol: string(d.Symbol), Restricted: d.Level != "" && d.Level != "public", Entry: d.Index}
		if i, ok := f.s.Item(f.id, d.Item); ok {
			p.Item = in(i.Title, f.l, string(i.ID))
		}
		if n := len(d.Versions); n > 0 {
			p.Languages = f.l.Say("phone.languages", number(f.l, int64(n)))
		}
		list = append(list, p)
	}
	for _, x := range f.s.Proposals(f.id) {
		known := slices.ContainsFunc(list, func(p PhonePaper) bool { return p.Symbol == string(x.Symbol) })
		if known || item != "" && x.Item != item {
			continue
		}
		p := PhonePaper{Symbol: string(x.Symbol), Kind: f.l.Say("thing.proposal"), Entry: x.Index}
		if i, ok := f.s.Item(f.id, x.Item); ok {
			p.Item = in(i.Title, f.l, string(i.ID))
		}
		list = append(list, p)
	}
	return list
}

func (f *phone) items() (list []PhoneItem) {
	items, _ := f.s.Agenda(f.id)
	for n, i := range items {
		it := PhoneItem{No: n + 1, Title: in(i.Title, f.l, string(i.ID)), Here: i.State == "open", Entry: i.Index}
		switch i.State {
		case "proposed":
			it.Text = f.l.Say("phone.item.proposed")
		case "open":
			it.Text = f.l.Say("phone.item.open")
		case "suspended":
			it.Text = f.l.Say("phone.item.suspended")
		case "closed":
			it.Text = f.l.Say("phone.item.closed")
		}
		list = append(list, it)
	}
	return list
}

// promises are what the party undertook and has not fulfilled.
func (f *phone) promises() (list []PhonePromise) {
	for _, r := range paper.LedgerFor(f.s, f.s.Reader(f.who, f.at), paper.LedgerOf{Party: f.office.For}, conference.Date(f.at.String()[:10]), f.l).Rows {
		p := PhonePromise{ID: string(r.Commitment), What: r.What, Address: "/" + f.l.Code + "/commitments/" + string(r.Commitment), Due: f.date(r.Due), Text: r.Says, Entry: r.Entries[0], Late: r.Course == conference.CourseOverdue}
		for _, o := range f.offers {
			if len(o.Label) == 0 || o.Label[0] != (conference.Thing{Kind: "commitment", ID: string(r.Commitment)}) || o.Refusal != nil || o.For != f.office.For {
				continue
			}
			if len(o.Open) == 0 {
				p.Press = append(p.Press, f.press(&o))
			} else {
				a := f.site.nowAct(f.teller, &o, f.id)
				a.Address += "&from=floor"
				p.Fill = append(p.Fill, a)
			}
		}
		dispute := url.Values{"office": {string(f.office.Capacity) + "/" + string(f.office.For)}, "meeting": {string(f.id)}, "from": {"floor"}, "field.commitment": {string(r.Commitment)}}
		if r.Among > 1 {
			dispute.Set("field.party", string(r.Party))
		}
		p.Fill = append(p.Fill, NowAct{Title: f.l.Say("act.DisputeCommitment"), Address: "/" + f.l.Code + "/act/DisputeCommitment?" + dispute.Encode()})
		list = append(list, p)
	}
	return list
}

// ofTreaties are the acts about instruments a phone offers, in this order; each leads to its form, filled in.
var ofTreaties = []string{"Sign", "ConfirmSignature", "DepositConsent", "AcknowledgeNotification", "ObjectToReservation", "ObjectToCorrection", "ApplyProvisionally", "EndProvisionalApplication", "WithdrawStatement", "RevokeWithdrawal"}

func (f *phone) treaties() (list []NowAct) {
	for _, name := range ofTreaties {
		for _, o := range f.offers {
			if o.Act.Name == name && o.Refusal == nil && len(o.Label) > 0 {
				list = append(list, f.site.nowAct(f.teller, &o, f.id))
			}
		}
	}
	return list
}

// Looking back for what was done in a delegation's name, no more entries than this are read for a page.
const maxLookedAt = 200

// deeds lists what was done in the delegation's name, the newest first: what it did itself among the last entries,
// and all the desk did for it.
func (f *phone) deeds() (list []PhoneDeed) {
	ctx := context.Background()
	for n := f.s.Size - 1; n >= max(0, f.s.Size-maxLookedAt); n-- {
		e, _, _, err := f.entry(ctx, n)
		if err != nil || e.Closed != "" || e.Act.For != string(f.office.For) {
			continue
		}
		if _, desk := f.s.ActedAt(n); desk {
			continue
		}
		d := PhoneDeed{Title: f.act(&e.Act), By: f.person(conference.PersonID(e.Act.By)), At: f.moment(e.At), How: f.l.Say("phone.own"), Entry: n}
		if e.Act.Name == "Answer" {
			d.Title += ": " + f.says(rules.Answer(e.Act.Fields.Get("answer").Str))
		}
		if len(e.Attestations) > 0 {
			d.How = f.l.Say("phone.ownkey")
		}
		list = append(list, d)
	}
	for _, a := range f.s.InNameOf(f.office.For) {
		list = append(list, f.deskDeed(a))
	}
	slices.SortStableFunc(list, func(a, b PhoneDeed) int { return cmp.Compare(b.Entry, a.Entry) })
	return list
}

// moment is day and time at the seat.
func (f *phone) moment(at record.Instant) string {
	return f.when(at, f.s.Body.Zone)
}

// deskDeed is what an officer did for the delegation, and how it says that it was not its own.
func (f *phone) deskDeed(a conference.Acted) PhoneDeed {
	d := PhoneDeed{Title: f.l.Say("act." + a.Act), How: f.l.Say("phone.desk"), Desk: true, Entry: a.Index, Disowned: a.Disowned}
	d.By = f.instructed(a)
	if e, _, _, err := f.entry(context.Background(), a.Index); err == nil {
		d.At = f.moment(e.At)
	}
	for _, o := range f.offers {
		if o.Act.Name == "Disown" && o.Refusal == nil && o.Fields.Get("index").Int == a.Index {
			p := f.press(&o)
			p.Said, p.Question, p.State, p.Asks = f.l.Say("phone.disown"), d.Title, f.party(f.office.For), p.Attested
			d.Disown = &p
		}
	}
	return d
}
