package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
)

// ChairPage is the podium: the next thing to say and do. It is made for one person, for its buttons are what that person
// may do; nothing of the sitting is kept on the device, so it goes on on any other.
type ChairPage struct {
	Layout
	Meeting   string
	Presiding string
	Time      string // in the hall's zone
	At        string // of this node's clock, for machines
	Zone      string
	Say       string
	Rule      string
	Main      []ChairAct // does what comes next
	Others    []ChairAct
	Sure      *ChairAct // is asked once more before it is done
	Back      string    // address without that question
	Board     *Board
	Sums      []Tally
	Needed    string
	Motions   []ChairMotion
	Speaking  *Speaker
	Clock     *Clock
	Waiting   []Speaker
	List      string // whether it is open
	Barred    []NowAct
	After     []string
	Deputies  string
}

// ChairAct is an act with its key.
type ChairAct struct {
	NowAct
	Key  string
	Next bool   // N does it too
	Link string // where one goes to fill it in, or to be asked once more; "": one press does it
}

// ChairMotion is a rung of the ladder of precedence.
type ChairMotion struct {
	No                int
	Title, Note, Word string
	Class             string // cur, wait, free or barred
	Entry             int64
}

// chairActs are the acts of a sitting in the order of their buttons, each with its key.
var chairActs = []struct{ act, key string }{
	{"OpenMeeting", "O"}, {"ResumeMeeting", "O"}, {"Rule", "P"}, {"CallName", "K"}, {"DrawStart", "W"}, {"GiveFloor", "G"}, {"GiveReply", "Y"}, {"EndFloor", "E"}, {"CloseList", "L"}, {"ReopenList", "L"},
	{"PutQuestion", "V"}, {"DecideMotion", "C"}, {"EndVoting", "X"}, {"AnnounceResult", "R"}, {"Adopt", "D"}, {"AdoptAgenda", "A"}, {"OpenItem", "I"}, {"CloseItem", "I"}, {"CloseBallot", "B"}, {"CloseMeeting", ""},
}

// forGood are acts that nothing takes back: they are asked once more.
var forGood = []string{"EndVoting", "AnnounceResult", "Adopt", "CloseMeeting", "CloseBallot"}

// nothing are refusals that say no more than that there is nothing to do: they are left out.
var nothing = []conference.Code{"already-open", "not-suspended", "no-floor", "list-open", "list-closed", "already-adopted", "item-open", "no-question"}

// waits are the steps at which others speak first: N would pass them over.
var waits = []conference.Code{"await-answer", "hear-motion"}

// chairPage answers whoever presides or serves the presiding officer; others are told who may come.
func (s *site) chairPage(w http.ResponseWriter, r *http.Request, l *language.Language, live bool) {
	meeting := conference.MeetingID(r.PathValue("meeting"))
	v := s.record.View()
	who, in := s.who(r)
	_, known := v.State().Meeting(meeting)
	switch {
	case !known:
		s.fail(w, r, errNotFound)
		return
	case s.Desk == nil:
		s.fail(w, r, errNotAllowed)
		return
	case !in && live:
		leadTo(w, "/"+l.Code+"/signin")
		return
	case !in, !v.State().Reader(who, v.State().Last).Sees(conference.ToChair):
		s.chairRefuses(w, l, in)
		return
	}
	place := "meetings/" + string(meeting) + "/chair"
	page := func(v View, sure string) ([]byte, error) {
		return s.render("chair", s.chair(v, l, who, meeting, place, sure))
	}
	if live {
		s.stream(w, r, l.Code+"/person/"+string(who)+"/"+place, who, func(v View) ([]byte, string, error) {
			body, err := page(v.For(v.State().Reader(who, v.State().Last)), "")
			return event(frameOf(body)), "", err
		})
		return
	}
	body, err := page(s.viewFor(r), r.URL.Query().Get("sure"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	ownPage(w, l)
	send(w, r, body, nil)
}

// chairRefuses says who may come, and how to sign in.
func (s *site) chairRefuses(w http.ResponseWriter, l *language.Language, in bool) {
	p := Message{Layout: s.layout(s.record.View(), l, "")}
	p.Title, p.Lead, p.Back = l.Say("chair.refused"), l.Say("chair.refusedhelp"), p.Home
	status := http.StatusForbidden
	if !in {
		status, p.SignInAt = http.StatusUnauthorized, "/"+l.Code+"/signin"
	}
	body, err := s.render("message", p)
	if err != nil {
		http.Error(w, p.Title, status)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body)
}

func (s *site) chair(v View, l *language.Language, who conference.PersonID, meeting conference.MeetingID, place, sure string) *ChairPage {
	m, _ := v.State().Meeting(meeting)
	p := &ChairPage{Layout: s.layout(v, l, place), Back: "/" + l.Code + "/" + place}
	p.Live = p.Back + "/live"
	at := s.Desk.Now()
	hall := &wall{teller: newTeller(v, l), m: m, id: meeting, flags: s.flag, p: &WallPage{}}
	c := &podium{wall: hall, site: s, p: p, who: who, now: at, step: v.State().Next(meeting, at)}
	c.build()
	c.ask(sure)
	return p
}

// A podium fills in the page of who presides.
type podium struct {
	*wall
	site *site
	p    *ChairPage
	who  conference.PersonID
	now  record.Instant
	step conference.Step
}

func (c *podium) build() {
	p := c.p
	p.Meeting = together(", ", c.say("wall.meeting", paper.Roman(c.m.Ordinal)), c.place(c.m.Place))
	p.Title = together(" · ", c.say("chair.title"), p.Meeting)
	if c.m.Chair != "" {
		p.Presiding = c.say("chair.presiding", c.person(c.m.Chair))
	}
	p.Time, p.At, p.Zone = c.hour(c.now), c.now.String(), c.zone().String()
	p.Say, p.Rule = c.teller.step(c.step), c.step.Rule
	c.acts()
	c.answers()
	c.ladder()
	c.floor()
	c.after()
	c.deputies()
}

// acts sorts what the reader may do into what comes next, what else is at hand, and what the rules bar.
func (c *podium) acts() {
	offers := c.s.Offers(c.who, c.id, c.now)
	taken := map[string]bool{}
	for _, kind := range chairActs {
		for n, o := range offers {
			if o.Act.Name != kind.act {
				continue
			}
			c.lot(&o)
			shown := c.site.nowAct(c.teller, &o, c.id)
			if o.Refusal != nil {
				if !slices.Contains(nothing, o.Refusal.Code) {
					c.barred(shown)
				}
				continue
			}
			if proposed := len(o.Label) > 0 || len(o.Open) == 0; !proposed && o.Act.Name != c.step.Act && o.Act.Name != "ReopenList" {
				continue // nothing is at hand that it could be done to
			}
			a := ChairAct{NowAct: shown, Key: kind.key}
			if o.Act.Name == "PutQuestion" && len(o.Label) > 1 && o.Label[1].ID == "consensus" {
				a.Key = "C"
			}
			if taken[a.Key] {
				a.Key = ""
			}
			taken[a.Key] = a.Key != ""
			a.Link = c.link(o, n)
			c.add(a, o.Act.Name == c.step.Act && !slices.Contains(waits, c.step.Code))
		}
	}
}

// link is where an act is filled in or asked about once more.
func (c *podium) link(o conference.Offer, n int) string {
	switch {
	case len(o.Open) > 0 || o.Act.TwoPersons:
		return "/" + c.l.Code + "/act/" + o.Act.Name + "?" + c.typed(o).Encode()
	case slices.Contains(forGood, o.Act.Name):
		return c.p.Back + "?sure=" + fmt.Sprintf("%s-%d", o.Act.Name, n)
	}
	return ""
}

// typed is an offer as its form has it, with the way back here.
func (c *podium) typed(o conference.Offer) url.Values {
	_, query, _ := strings.Cut(c.site.nowAct(c.teller, &o, c.id).Address, "?")
	typed, err := url.ParseQuery(query)
	if err != nil {
		return url.Values{}
	}
	typed.Set("from", "chair")
	return typed
}

// add puts an act where it belongs; N does the first that comes next.
func (c *podium) add(a ChairAct, next bool) {
	if !next {
		c.p.Others = append(c.p.Others, a)
		return
	}
	a.Next = len(c.p.Main) == 0
	c.p.Main = append(c.p.Main, a)
}

// barred shows each act once, six at most.
func (c *podium) barred(a NowAct) {
	same := func(b NowAct) bool { return b.Title == a.Title }
	if len(c.p.Barred) < 6 && !slices.ContainsFunc(c.p.Barred, same) {
		c.p.Barred = append(c.p.Barred, a)
	}
}

// ask shows one act alone, to be confirmed. The page stands still meanwhile.
func (c *podium) ask(sure string) {
	for _, a := range append(slices.Clone(c.p.Main), c.p.Others...) {
		if sure != "" && strings.HasSuffix(a.Link, "?sure="+sure) {
			a.Link, c.p.Sure, c.p.Live = "", &a, ""
		}
	}
}

// answers is who has answered, while a question is before the meeting.
func (c *podium) answers() {
	q, ok := c.s.Pending(c.id)
	if !ok {
		return
	}
	c.p.Needed = together(" · ", c.needed(q), c.byDesk(q))
	if q.Method == "recorded" || q.Method == "roll-call" {
		c.board(q)
		c.p.Board, c.p.Sums = c.wall.p.Board, c.wall.p.Sums
	}
}

// ladder is the motions in their precedence (GA 77): what is pending, what may be moved and what may not, as a member's
// offers have it.
func (c *podium) ladder() {
	pending := c.s.Motions(c.id)
	if _, put := c.s.Pending(c.id); len(pending) == 0 || put {
		return
	}
	first, _ := c.s.Interrupting(c.id)
	for _, x := range pending {
		if x.Type != "motion" {
			c.rung(ChairMotion{Title: c.motionName(x), Note: c.party(x.Party), Entry: x.Index}, x.ID == first.ID)
		}
	}
	for _, o := range c.moves() {
		sort := o.Label[0].ID
		at := slices.IndexFunc(pending, func(x conference.Motion) bool { return x.Type == "motion" && x.Sort == sort })
		title := c.sort(sort)
		switch why := ""; {
		case at >= 0:
			c.rung(ChairMotion{Title: title, Note: c.party(pending[at].Party), Entry: pending[at].Index}, pending[at].ID == first.ID)
		case o.Refusal == nil:
			c.p.Motions = append(c.p.Motions, ChairMotion{Title: title, Note: o.Label[1].ID, Class: "free", Word: c.say("chair.maymove")})
		default:
			why, _ = c.refusal(c.id, o.Refusal)
			c.p.Motions = append(c.p.Motions, ChairMotion{Title: title, Note: why + " " + o.Refusal.Rule, Class: "barred", Word: c.say("chair.barred")})
		}
	}
	for i := range c.p.Motions {
		c.p.Motions[i].No = i + 1
	}
}

func (c *podium) rung(m ChairMotion, now bool) {
	m.Class, m.Word = "wait", c.say("chair.waits")
	if now {
		m.Class, m.Word = "cur", c.say("chair.putnow")
	}
	c.p.Motions = append(c.p.Motions, m)
}

// moves are the motions the head of a member in the room could make, in their precedence.
func (c *podium) moves() (list []conference.Offer) {
	move, _ := c.s.Lookup("Move")
	for _, o := range c.s.Holders(conference.Head) {
		if !slices.Contains(c.m.Present(), o.For) {
			continue
		}
		list = c.s.OffersOf(move, o, c.id, c.now)
		list = slices.DeleteFunc(list, func(o conference.Offer) bool { return len(o.Label) < 2 })
		slices.SortStableFunc(list, func(a, b conference.Offer) int {
			return int(c.s.Rules.Rank(a.Label[0].ID) - c.s.Rules.Rank(b.Label[0].ID))
		})
		return list
	}
	return nil
}

// floor is who speaks, and the list.
func (c *podium) floor() {
	if c.speaker() {
		at := c.wall.p
		c.p.Speaking, c.p.Clock = &Speaker{State: at.State, Person: strings.ReplaceAll(at.Heading, "\n", " ")}, at.Clock
	}
	for _, q := range c.s.SpeakersList(c.id) {
		c.p.Waiting = append(c.p.Waiting, Speaker{State: c.state(q.Party), Person: c.person(q.Person)})
	}
	c.p.List = c.say(map[bool]string{true: "chair.listclosed", false: "chair.listopen"}[c.s.ListClosed(c.id)])
}

// after is what follows on the agenda: the drafts of the open item, then the items.
func (c *podium) after() {
	open, _ := c.s.OpenItem(c.id)
	for _, x := range c.s.Proposals(c.id) {
		if x.Item == open.ID && open.ID != "" && x.State == "submitted" {
			c.p.After = append(c.p.After, together(" ", c.say("thing.proposal"), c.draft(x.ID)))
		}
	}
	items, _ := c.s.Agenda(c.id)
	for _, i := range items {
		if i.State == "proposed" || i.State == "suspended" {
			c.p.After = append(c.p.After, in(i.Title, c.l, string(i.ID)))
		}
	}
}

// deputies says who goes on when this device dies.
func (c *podium) deputies() {
	var names []string
	for _, o := range c.s.Holders(conference.Chair) {
		if o.Person != c.m.Chair && o.Person != c.who {
			names = append(names, c.person(o.Person))
		}
	}
	c.p.Deputies = together(" ", c.say("chair.dies"), func() string {
		if len(names) == 0 {
			return c.say("chair.desk")
		}
		return c.say("chair.deputies", strings.Join(names, ", "))
	}())
}
