package web

import (
	"cmp"
	"crypto/rand"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rsc.io/qr"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
)

// linkLife is how long a link of enrolment stays open: a conference's week.
const linkLife = 7 * 24 * time.Hour

// NewLink draws the token of a link and its digest, which alone goes into the record.
func NewLink() (token string, digest record.Digest) {
	var b [32]byte
	rand.Read(b[:])
	return canonical.EncodeBytes(b[:]), record.DigestOf(b[:])
}

// link finds what a token opens, or says calmly why it opens nothing.
func (s *site) link(v *turn, token string) (conference.EnrolmentLink, error) {
	b, err := canonical.DecodeBytes(token)
	if err != nil || len(b) != 32 {
		return conference.EnrolmentLink{}, tell(http.StatusNotFound, "signin.nolink")
	}
	l, ok := v.view.State().EnrolmentLink(record.DigestOf(b))
	switch {
	case !ok || v.view.State().Reader(l.Person, s.Desk.Now()).Person == "": // forgotten, or out of office and never registered
		return l, tell(http.StatusNotFound, "signin.nolink")
	case l.Used > 0:
		return l, tell(http.StatusGone, "signin.usedlink")
	case !l.Open(s.Desk.Now()):
		return l, tell(http.StatusGone, "signin.oldlink")
	}
	return l, nil
}

// EnrolPage is what a link leads to.
type EnrolPage struct {
	Layout
	Name     string
	Party    State
	Until    string
	Token    string
	At       string // address of the ceremony
	Provider bool
	Why      string
	WhyHelp  string
}

// enrolPage says who invites and what will happen. The address is a secret, so it is told to no other place.
func (s *site) enrolPage(v *turn) error {
	v.w.Header().Set("Referrer-Policy", "no-referrer")
	if len(v.parts) != 2 {
		return errNotFound
	}
	l, err := s.link(v, v.parts[1])
	if err != nil {
		s.failures.allow(s.address(v.r))
		return err
	}
	p := EnrolPage{Token: v.parts[1], Layout: s.own(v, "signin.make"), Name: s.ownName(v, l.Person), Until: s.moment(v, l.Until), At: "/" + v.lang.Code + "/enrol/" + v.parts[1], Provider: s.Provider != nil}
	for _, o := range v.view.State().OfficesOf(l.Person, s.Desk.Now()) {
		if o.For != "" {
			p.Party = State{newTeller(v.view, v.lang).party(o.For), s.flag(o.For)}
		}
	}
	if _, _, err := s.relyingParty(v); err != nil {
		why, _ := err.(told)
		p.Why, p.WhyHelp = v.lang.Say(why.key, why.args...), v.lang.Say(why.key+"help", why.args...)
	}
	return s.show(v, "enrol", p)
}

// moment writes an instant as day and time at the seat, with the zone.
func (s *site) moment(v *turn, at record.Instant) string {
	return newTeller(v.view, v.lang).when(at, v.view.State().Body.Zone)
}

// enrolStep begins the making of a passkey by a link, or finishes.
func (s *site) enrolStep(v *turn) error {
	v.w.Header().Set("Referrer-Policy", "no-referrer")
	from := s.address(v.r)
	if s.failures.spent(from) {
		return tell(http.StatusTooManyRequests, "page.toomany")
	}
	if len(v.parts) != 3 {
		return errNotFound
	}
	l, err := s.link(v, v.parts[1])
	if err != nil {
		s.failures.allow(from)
		return err
	}
	answer, err := any(nil), errNotFound
	switch v.parts[2] {
	case "begin":
		answer, err = s.beginPasskey(v, ceremony{kind: "enrol", person: l.Person, link: v.parts[1]})
	case "finish":
		if answer, err = s.finishEnrol(v, l.Person, v.parts[1]); err != nil {
			s.failures.allow(from)
		}
	}
	if err != nil {
		return err
	}
	sendJSON(v.w, v.r, answer)
	return nil
}

func (s *site) finishEnrol(v *turn, p conference.PersonID, token string) (any, error) {
	one, err := s.finish(v, "enrol")
	if err != nil {
		return nil, err
	}
	if one.link != token {
		return nil, tell(http.StatusConflict, "signin.over")
	}
	credential, key, err := s.newPasskey(v, one)
	if err != nil {
		return nil, err
	}
	a := s.act(v, p, conference.Myself, "EnrolPasskey", conference.EnrolPasskey{Credential: credential, Key: key, Link: token})
	if _, err := s.do(v.r.Context(), a); err != nil {
		return nil, err
	}
	s.audit(v.r, "enrolled", p)
	s.fresh.drop(p)
	s.signInWith(v.w, v.r, session{Person: p, Credential: credential})
	return v.next("me"), nil
}

// A freshLink is a link whose token is still here, so that its maker can hand it over. The record knows its digest alone.
type freshLink struct {
	by    conference.PersonID
	token string
	until record.Instant
	made  time.Time
}

// How long a token stays, and how many: a secretary prints the cards of 193 delegations within an hour.
const (
	freshFor = time.Hour
	maxFresh = 10_000
)

type freshLinks struct {
	mu  sync.Mutex
	all map[conference.PersonID]freshLink
}

func (f *freshLinks) add(p conference.PersonID, l freshLink) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.all, func(_ conference.PersonID, l freshLink) bool { return time.Since(l.made) > freshFor })
	if f.all == nil || len(f.all) >= maxFresh {
		f.all = map[conference.PersonID]freshLink{}
	}
	f.all[p] = l
}

func (f *freshLinks) drop(p conference.PersonID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, p)
}

// get is the link an officer made for a person, while it is here.
func (f *freshLinks) get(p, by conference.PersonID) (freshLink, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l, ok := f.all[p]
	return l, ok && l.by == by && time.Since(l.made) <= freshFor
}

// Enrolments is the officers' page: who can sign in, and who cannot yet.
type Enrolments struct {
	Layout
	Groups []Enrolled
	Cards  bool // that it is the page of cards
}

// Enrolled is those who act for a party, or for none.
type Enrolled struct {
	ID      string // of the party
	Party   State
	Persons []EnrolledPerson
	Fresh   bool // some link can be handed over now
}

// EnrolledPerson is what is known of how a person signs in.
type EnrolledPerson struct {
	ID, Name, Office string
	State            string // in words
	Devices          []Device
	Link             string // to hand over, while it is here
	Until            string
	Code             template.HTML
}

// officer refuses whoever is no secretary now.
func (s *site) officer(v *turn) error {
	switch {
	case !v.in:
		return tell(http.StatusUnauthorized, "page.signin")
	case !v.view.State().Holds(v.Person, conference.Secretary, "", s.Desk.Now()):
		return tell(http.StatusForbidden, "signin.officers")
	}
	return nil
}

// enrolled groups the office holders by party, those of none first.
func (s *site) enrolled(v *turn) (groups []Enrolled) {
	st, t, now := v.view.State(), newTeller(v.view, v.lang), s.Desk.Now()
	byParty := map[conference.PartyID][]EnrolledPerson{}
	seen := map[conference.PersonID]bool{}
	ofParties := []conference.Capacity{conference.Head, conference.ObserverHead, conference.Delegate} // who chairs is listed with its party
	for _, c := range append(ofParties, conference.Capacities...) {
		for _, o := range st.Holders(c) {
			person, ok := st.Person(o.Person)
			if ok && person.Forgotten || seen[o.Person] {
				continue
			}
			seen[o.Person] = true
			byParty[o.For] = append(byParty[o.For], s.enrolledPerson(v, t, o, now))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(byParty)) {
		g := Enrolled{ID: string(id), Party: State{cmp.Or(t.party(id), v.lang.Say("signin.noparty")), s.flag(id)}, Persons: byParty[id]}
		g.Fresh = slices.ContainsFunc(g.Persons, func(p EnrolledPerson) bool { return p.Link != "" })
		groups = append(groups, g)
	}
	return groups
}

func (s *site) enrolledPerson(v *turn, t teller, o conference.Office, now record.Instant) EnrolledPerson {
	p := EnrolledPerson{ID: string(o.Person), Name: s.ownName(v, o.Person), Office: t.office(o), State: v.lang.Say("signin.state.none")}
	for _, l := range v.view.State().EnrolmentLinks(o.Person) {
		if l.Open(now) {
			p.State, p.Until = v.lang.Say("signin.state.link", s.moment(v, l.Until)), s.moment(v, l.Until)
		}
	}
	if p.Devices = s.devices(v, o.Person); len(p.Devices) > 0 && p.Until == "" {
		p.State = v.lang.Say("signin.state.enrolled", number(v.lang, int64(len(p.Devices))))
	}
	if l, ok := s.fresh.get(o.Person, v.Person); ok && p.Until != "" {
		p.Link = s.here(v.r) + "/" + v.lang.Code + "/enrol/" + l.token
		p.Code = code(p.Link, v.lang.Say("signin.code"))
	}
	return p
}

func (s *site) enrolmentsPage(v *turn) error {
	v.w.Header().Set("Referrer-Policy", "no-referrer")
	if err := s.officer(v); err != nil {
		return err
	}
	p := Enrolments{Layout: s.own(v, "signin.enrolments"), Groups: s.enrolled(v)}
	switch {
	case len(v.parts) == 2 && v.parts[1] == "cards":
		p.Cards, p.Title = true, v.lang.Say("signin.cards")
		party, one := v.r.URL.Query().Get("party"), v.r.URL.Query().Has("party")
		p.Groups = slices.DeleteFunc(p.Groups, func(g Enrolled) bool { return !g.Fresh || one && !strings.EqualFold(g.ID, party) })
	case len(v.parts) > 1:
		return errNotFound
	}
	return s.show(v, "enrolments", p)
}

// invite makes links: for one person, or for all of a party who have no device.
func (s *site) invite(v *turn) error {
	if err := s.officer(v); err != nil {
		return err
	}
	if err := v.form(); err != nil {
		return err
	}
	var persons []conference.PersonID
	if p := v.r.PostForm.Get("person"); p != "" {
		persons = append(persons, conference.PersonID(p))
	} else {
		for _, g := range s.enrolled(v) {
			for _, p := range g.Persons {
				if g.ID == v.r.PostForm.Get("party") && len(p.Devices) == 0 {
					persons = append(persons, conference.PersonID(p.ID))
				}
			}
		}
	}
	answer, err := s.inviteEach(v, persons, v.r.PostForm.Get("party"))
	if err != nil {
		return err
	}
	return s.answerStep(v, answer)
}

// inviteEach makes a link for each person, one after another: where links are attested, each asks for the passkey.
func (s *site) inviteEach(v *turn, persons []conference.PersonID, party string) (any, error) {
	if len(persons) == 0 {
		return v.next("enrolments/cards?party=" + url.QueryEscape(party)), nil
	}
	token, digest := NewLink()
	until := s.Desk.Now() + record.Instant(linkLife.Milliseconds())
	a := s.act(v, v.Person, conference.Secretary, "InviteToEnrol", conference.InviteToEnrol{Person: persons[0], Link: digest, Until: until})
	return s.submitted(v, a, func(v *turn, _ Receipt) (any, error) {
		s.fresh.add(persons[0], freshLink{v.Person, token, until, time.Now()})
		s.audit(v.r, "link made", v.Person)
		for _, o := range v.view.State().OfficesOf(persons[0], s.Desk.Now()) {
			party = string(o.For)
		}
		return s.inviteEach(v, persons[1:], party)
	})
}

// code draws the QR code of a text as SVG: one path and no style, so that it passes the policy and prints sharply,
// with the quiet zone of four modules that ISO/IEC 18004 asks for.
func code(text, label string) template.HTML {
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return "" // too long; the address stands beside it
	}
	var path strings.Builder
	size := strconv.Itoa(c.Size + 8)
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			from := x
			for x < c.Size && c.Black(x, y) {
				x++
			}
			if x > from {
				path.WriteString("M" + strconv.Itoa(from+4) + " " + strconv.Itoa(y+4) + "h" + strconv.Itoa(x-from) + "v1h-" + strconv.Itoa(x-from) + "z")
			}
		}
	}
	return template.HTML(`<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + size + ` ` + size + `" role="img" shape-rendering="crispEdges"><title>` +
		template.HTMLEscapeString(label) + `</title><path fill="#fff" d="M0 0h` + size + `v` + size + `H0z"/><path d="` + path.String() + `"/></svg>`)
}
