package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
)

// NowPage is what whoever has signed in may do now, at a meeting and outside of any.
type NowPage struct {
	Layout
	Person  string
	Meeting string
	Next    string // what the chair does next
	Places  []string
	Groups  []NowGroup
	Others  []Option // further meetings
	Find    string   // what the list of acts is narrowed to
	Inbox   int      // acts of two persons that wait for the reader
}

// NowGroup is what may be done in one capacity.
type NowGroup struct {
	Office string
	Ready  []NowAct // one press does it
	Open   []NowAct // something is to be filled in
	Barred []NowAct
	Done   []NowAct // what was done in the party's name, to disown
	Forms  []NowAct // any other act
}

// NowAct is an offer, as it is shown.
type NowAct struct {
	Title, About, Rule string
	Address            string // of its form, filled in
	Action             string
	Hidden             []Option // of the form that does it
	Why, Remedy        string   // it is barred
}

// settlePersonal gives the pages their addresses that are another one for each person.
func (s *site) settlePersonal(mux *http.ServeMux) {
	spoken := func(answer func(http.ResponseWriter, *http.Request, *language.Language)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			l, ok := language.Get(r.PathValue("lang"))
			if !ok {
				s.fail(w, r, errNotFound)
				return
			}
			answer(w, r, l)
		}
	}
	now := func(live bool) http.HandlerFunc {
		return spoken(func(w http.ResponseWriter, r *http.Request, l *language.Language) {
			meeting, place := conference.MeetingID(r.PathValue("meeting")), "now"
			if meeting == "" {
				meeting = s.sitting()
			} else {
				place = "meetings/" + string(meeting) + "/now"
			}
			s.nowPage(w, r, l, meeting, place, live)
		})
	}
	for _, at := range []string{"now", "meetings/{meeting}/now"} {
		mux.HandleFunc("GET /{lang}/"+at, now(false))
		mux.HandleFunc("GET /{lang}/"+at+"/live", now(true))
	}
	for _, at := range []string{"chair", "desk", "floor", "wall"} {
		mux.HandleFunc("GET /{lang}/"+at, spoken(func(w http.ResponseWriter, r *http.Request, l *language.Language) {
			to := "-" // where a first meeting is waited for
			if m := s.sitting(); m != "" {
				to = url.PathEscape(string(m)) + "/" + at
			}
			http.Redirect(w, r, "/"+l.Code+"/meetings/"+to, http.StatusSeeOther)
		}))
	}
	for at, live := range map[string]bool{"chair": false, "chair/live": true} {
		mux.HandleFunc("GET /{lang}/meetings/{meeting}/"+at, spoken(func(w http.ResponseWriter, r *http.Request, l *language.Language) { s.chairPage(w, r, l, live) }))
	}
	mux.HandleFunc("GET /{lang}/mine/live", spoken(s.mine))
	mux.HandleFunc("GET /{lang}/act/{act}", spoken(s.actPage))
	mux.HandleFunc("POST /{lang}/act/{act}", spoken(s.postAct))
	mux.HandleFunc("GET /{lang}/start", spoken(s.startPage))
	mux.HandleFunc("GET /{lang}/pending", spoken(s.pendingPage))
}

// viewFor is the record as whoever asks may see it.
func (s *site) viewFor(r *http.Request) View {
	v := s.record.View()
	if who, ok := s.who(r); ok {
		return v.For(v.State().Reader(who, v.State().Last))
	}
	return v
}

// sitting is the meeting that is open, the newest where none is.
func (s *site) sitting() conference.MeetingID {
	all := s.record.View().State().Meetings()
	if i := slices.IndexFunc(all, func(m conference.Meeting) bool { return m.InSession() }); i >= 0 {
		return all[i].MeetingConvened.Meeting
	}
	if len(all) > 0 {
		return all[len(all)-1].MeetingConvened.Meeting
	}
	return ""
}

func (s *site) nowPage(w http.ResponseWriter, r *http.Request, l *language.Language, meeting conference.MeetingID, place string, live bool) {
	who, in := s.who(r)
	_, known := s.record.View().State().Meeting(meeting)
	switch {
	case !known && meeting != "":
		s.fail(w, r, errNotFound)
		return
	case !in && live:
		leadTo(w, "/"+l.Code+"/signin")
		return
	case !in:
		s.sorry(w, r, l, errProblem{http.StatusUnauthorized, "page.signin", nil})
		return
	case s.Desk == nil:
		s.fail(w, r, errNotAllowed)
		return
	}
	page := func(v View) ([]byte, error) {
		return s.render("now", s.now(v, l, who, meeting, place, r.URL.Query().Get("q")))
	}
	if live {
		s.stream(w, r, l.Code+"/person/"+string(who)+"/"+place, who, func(v View) ([]byte, string, error) {
			body, err := page(v.For(v.State().Reader(who, v.State().Last)))
			return event(frameOf(body)), "", err
		})
		return
	}
	body, err := page(s.viewFor(r))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	ownPage(w, l)
	send(w, r, body, nil)
}

func (s *site) now(v View, l *language.Language, who conference.PersonID, meeting conference.MeetingID, place, find string) NowPage {
	t, at := newTeller(v, l), s.Desk.Now()
	p := NowPage{Layout: s.layout(v, l, place), Person: t.person(who), Find: find}
	p.Title, p.Here, p.Live = l.Say("page.maydo"), "now", "/"+l.Code+"/"+place+"/live"
	if find != "" {
		p.Live = "" // it would show again what was sifted out
	}
	for _, h := range s.halves.waitingFor(who, at) {
		if h.waits() == who {
			p.Inbox++
		}
	}
	if m, ok := t.s.Meeting(meeting); ok {
		p.Meeting = together(" ", paper.Roman(m.Ordinal), t.place(m.Place))
		step := t.s.Next(meeting, at)
		p.Next = t.step(step)
		p.Places = t.places(who, meeting, at)
	}
	for _, m := range slices.Backward(t.s.Meetings()) {
		if id := m.MeetingConvened.Meeting; id != meeting {
			p.Others = append(p.Others, Option{Value: s.nowAddress(l, string(id)), Label: together(" ", paper.Roman(m.Ordinal), t.place(m.Place))})
		}
	}
	p.Groups = s.groups(t, who, meeting, find)
	return p
}

// places says where the parties a person acts for stand in the speakers' list.
func (t teller) places(who conference.PersonID, meeting conference.MeetingID, at record.Instant) (list []string) {
	mine := map[conference.PartyID]bool{}
	for _, o := range t.s.OfficesOf(who, at) {
		mine[o.For] = o.For != ""
	}
	if q, ok := t.s.Speaking(meeting); ok && mine[q.Party] {
		list = append(list, t.l.Say("page.hasfloor", t.party(q.Party)))
	}
	for i, q := range t.s.SpeakersList(meeting) {
		if mine[q.Party] {
			list = append(list, t.l.Say("page.place", t.party(q.Party), number(t.l, int64(i+1))))
		}
	}
	return list
}

// step says what comes next.
func (t teller) step(step conference.Step) string {
	var args []string
	for _, a := range step.Args {
		args = append(args, t.thing(a))
	}
	return t.l.Say("next."+string(step.Code), args...)
}

// groups sorts the offers by capacity, and in each by whether one press does it.
func (s *site) groups(t teller, who conference.PersonID, meeting conference.MeetingID, find string) (groups []NowGroup) {
	for _, o := range t.s.Offers(who, meeting, s.Desk.Now()) {
		name := t.office(conference.Office{Capacity: o.As, For: o.For})
		if len(groups) == 0 || groups[len(groups)-1].Office != name {
			groups = append(groups, NowGroup{Office: name})
		}
		g, a := &groups[len(groups)-1], s.nowAct(t, &o, meeting)
		if find != "" && !strings.Contains(strings.ToLower(a.Title+" "+a.About+" "+o.Act.Name), strings.ToLower(find)) {
			continue
		}
		proposed := len(o.Label) > 0 || o.Fields.Kind != 0
		switch {
		case o.Act.Name == "Disown" && proposed && o.Refusal == nil:
			g.Done = append(g.Done, a)
		case o.Refusal != nil && (proposed || o.Act.OfMeeting()):
			g.Barred = append(g.Barred, a)
		case o.Refusal != nil:
		case len(o.Open) == 0 && !o.Act.TwoPersons:
			g.Ready = append(g.Ready, a)
		case proposed:
			g.Open = append(g.Open, a)
		default:
			g.Forms = append(g.Forms, a)
		}
	}
	return groups
}

// nowAct shows an offer.
func (s *site) nowAct(t teller, o *conference.Offer, meeting conference.MeetingID) NowAct {
	a := NowAct{Title: t.l.Say("act." + o.Act.Name), Rule: o.Act.Rule, Action: "/" + t.l.Code + "/act/" + o.Act.Name}
	var about []string
	for _, thing := range o.Label {
		about = append(about, t.thing(thing))
	}
	a.About = strings.Join(about, ", ")
	typed := url.Values{}
	flat(typed, "field", o.Fields)
	office := string(o.As)
	if o.For != "" {
		office += "/" + string(o.For)
	}
	typed.Set("office", office)
	if typed.Set("meeting", string(o.Meeting)); o.Meeting == "" {
		typed.Set("meeting", string(meeting)) // only so that one comes back to it
	}
	for _, x := range o.About {
		typed.Add("about", fmt.Sprintf("%s/%d/%s", x.Kind, x.Version, x.ID))
	}
	a.Address = a.Action + "?" + typed.Encode()
	if o.Refusal != nil {
		a.Rule = o.Refusal.Rule
		a.Why, a.Remedy = t.refusal(meeting, o.Refusal)
		return a
	}
	typed.Set("key", newKey())
	typed.Set("seen", fmt.Sprint(t.s.Size))
	for _, name := range sortedKeys(typed) {
		for _, value := range typed[name] {
			a.Hidden = append(a.Hidden, Option{Value: value, Label: name})
		}
	}
	return a
}

func sortedKeys(v url.Values) (names []string) {
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// thing names what a sentence speaks of.
func (t teller) thing(x conference.Thing) string {
	switch x.Kind {
	case "party":
		return t.party(conference.PartyID(x.ID))
	case "person":
		return t.person(conference.PersonID(x.ID))
	case "term":
		return t.label(conference.Term(x.ID))
	case "item":
		meeting, id, _ := strings.Cut(x.ID, "/")
		i, _ := t.s.Item(conference.MeetingID(meeting), conference.ItemID(id))
		return in(i.Title, t.l, id)
	case "proposal":
		p, _ := t.s.Proposal(conference.ProposalID(x.ID))
		return cmp.Or(string(p.Symbol), x.ID)
	case "instrument":
		i, _ := t.s.Instrument(conference.InstrumentID(x.ID))
		return in(i.Title, t.l, x.ID)
	case "motion", "appeal":
		m, _ := t.s.Motion(conference.MotionID(x.ID))
		return together(", ", t.word("motionkind", m.Sort), t.party(m.Party))
	case "entry":
		return t.l.Say("page.entry", x.ID)
	case "means":
		return t.l.Say("treaty.means." + x.ID)
	case "until":
		return t.l.Say("treaty.until", t.date(conference.Date(x.ID)))
	case "language":
		return tongueOf(conference.Language(x.ID))
	case "statement":
		return t.reserved(conference.NoteID(x.ID))
	case "correction":
		return x.ID
	case "notification":
		n, _ := t.s.Notification(conference.NoteID(x.ID))
		return t.l.Say("treaty.notice", fmt.Sprint(n.Number), fmt.Sprint(n.Entry))
	}
	return t.word(x.Kind, x.ID)
}

// reserved names a reservation, a declaration or an objection: what it is, and whose.
func (t teller) reserved(id conference.NoteID) string {
	x, ok := t.s.Statement(id)
	if !ok {
		return string(id)
	}
	says := t.l.Say("treaty.declaration")
	switch x.Sort {
	case "reservation":
		says = t.l.Say("treaty.reservation", x.Provision)
	case "objection":
		to, _ := t.s.Statement(x.To)
		says = t.l.Say("treaty.objection", t.party(to.Party))
	case "territory":
		says = t.l.Say("treaty.territory", t.place(x.Territory))
	}
	return together(", ", says, t.party(x.Party))
}

// refusal says why an act at a meeting is refused, and what helps. Where it names a thing by its id, people read its name.
func (t teller) refusal(m conference.MeetingID, no *conference.Refusal) (why, remedy string) {
	args := make([]string, len(no.Args))
	for i, id := range no.Args {
		args[i] = t.nameOf(m, id)
	}
	return t.l.Say("refusal."+string(no.Code), args...), t.l.Say("remedy."+string(no.Code), args...)
}

// nameOf is the name of what has an id, else the id itself.
func (t teller) nameOf(m conference.MeetingID, id string) string {
	for _, kind := range []struct {
		name  string
		known func() bool
		id    string
	}{
		{"party", func() bool { _, ok := t.s.Party(conference.PartyID(id)); return ok }, id},
		{"person", func() bool { _, ok := t.s.Person(conference.PersonID(id)); return ok }, id},
		{"proposal", func() bool { _, ok := t.s.Proposal(conference.ProposalID(id)); return ok }, id},
		{"motion", func() bool { _, ok := t.s.Motion(conference.MotionID(id)); return ok }, id},
		{"instrument", func() bool { _, ok := t.s.Instrument(conference.InstrumentID(id)); return ok }, id},
		{"item", func() bool { _, ok := t.s.Item(m, conference.ItemID(id)); return ok }, string(m) + "/" + id},
	} {
		if kind.known() {
			return t.thing(conference.Thing{Kind: kind.name, ID: kind.id})
		}
	}
	return t.nameOfMore(m, id)
}

// nameOfMore names a meeting, what is asked, a way of moving, an instant as it is at the seat of the meeting, else of the body.
func (t teller) nameOfMore(m conference.MeetingID, id string) string {
	at, _ := t.s.Meeting(m)
	other, isMeeting := t.s.Meeting(conference.MeetingID(id))
	question, isQuestion := t.s.Question(conference.QuestionID(id))
	var when record.Instant
	switch {
	case isMeeting:
		return together(", ", paper.Roman(other.Ordinal), t.place(other.Place))
	case isQuestion:
		return t.thing(conference.Thing{Kind: question.Kind, ID: question.Thing})
	case t.l.Has("word.motionkind." + id):
		return t.l.Say("word.motionkind." + id)
	case when.UnmarshalText([]byte(id)) == nil:
		then := time.UnixMilli(int64(when)).In(zoneOf(at.Zone, t.s.Body.Zone))
		return t.date(conference.Date(then.Format(time.DateOnly))) + ", " + then.Format("15:04")
	}
	return id
}

// word is a word of a vocabulary, else the id itself.
func (t teller) word(kind, id string) string {
	if t.l.Has("word." + kind + "." + id) {
		return t.l.Say("word." + kind + "." + id)
	}
	return id
}
