package web_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"kurultai/conference"
	"kurultai/web"
)

// A ring is machines that serve one record, in one process.
type ring struct {
	mu  sync.Mutex
	all map[string]*ringed
}

// A ringed machine is one of them.
type ringed struct {
	name   string
	in     *ring
	pages  http.Handler
	away   bool // it answers nobody
	passed int  // requests it answered for others
	take   func([]byte) error
	list   func() [][]byte
	hear   func([]byte)
}

func newRing(o web.Options, r web.Record, names ...string) *ring {
	in := &ring{all: map[string]*ringed{}}
	for _, name := range names {
		in.all[name] = &ringed{name: name, in: in}
	}
	for _, m := range in.all {
		own := o
		own.Others, own.Sessions = m, m
		m.pages = web.New(r, own)
	}
	return in
}

// others are those that answer.
func (m *ringed) others() (list []*ringed) {
	m.in.mu.Lock()
	defer m.in.mu.Unlock()
	for _, o := range m.in.all {
		if o != m && !o.away && !m.away {
			list = append(list, o)
		}
	}
	return list
}

func (m *ringed) leaves(away bool) {
	m.in.mu.Lock()
	defer m.in.mu.Unlock()
	m.away = away
}

func (m *ringed) Name() string { return m.name }

func (m *ringed) Pass(w http.ResponseWriter, r *http.Request, machine string) bool {
	for _, o := range m.others() {
		if o.name == machine {
			o.passed++
			o.pages.ServeHTTP(w, r)
			return true
		}
	}
	return false
}

func (m *ringed) Give(_ context.Context, half []byte) error {
	have := 1
	for _, o := range m.others() {
		if err := o.take(half); err != nil {
			return err
		}
		have++
	}
	if 2*have <= len(m.in.all) {
		return errors.New("no majority has it")
	}
	return nil
}

func (m *ringed) Ask(context.Context) (all [][]byte) {
	for _, o := range m.others() {
		m.in.mu.Lock()
		list := o.list
		m.in.mu.Unlock()
		if list != nil {
			all = append(all, list()...)
		}
	}
	return all
}

func (m *ringed) Given(take func([]byte) error, list func() [][]byte) {
	m.in.mu.Lock()
	defer m.in.mu.Unlock()
	m.take, m.list = take, list
}

func (m *ringed) Load() ([]byte, error)    { return nil, nil }
func (m *ringed) Save([]byte) error        { return nil }
func (m *ringed) Shared(hear func([]byte)) { m.hear = hear }
func (m *ringed) Share(b []byte) {
	for _, o := range m.others() {
		if o.hear != nil {
			o.hear(b)
		}
	}
}

// at is the hall as a machine serves it.
func (h hall) at(m *ringed) hall { return hall{h.T, h.s, m.pages} }

// The first of two persons acts at one machine, the second at another: one that heard of it, one that was away then, or
// one that is left when the first has gone. What a majority does not have is not said to wait.
func TestTheSecondPersonComesToAnotherMachine(t *testing.T) {
	h := newHall(t)
	in := newRing(web.Options{Desk: desk{h.s}}, reading{h.s}, "a", "b", "c")
	a, b, c := in.all["a"], in.all["b"], in.all["c"]
	first, second := h.officers()
	half := func(capacity string) string {
		body, _ := h.at(a).prepared(first, "GrantOffice", `{"as":"Secretary","fields":{"person":"`+string(h.holder(conference.Head, "xz"))+`","capacity":"`+capacity+`"},"with":[{"as":"Secretary","by":"`+string(second)+`"}]}`)
		return body
	}
	waits := func(m *ringed) int {
		return strings.Count(h.at(m).see(second, "/en/pending").Body.String(), "I sign too")
	}
	size := h.s.View().State().Size
	sends := func(m *ringed, who conference.PersonID, body string, status int) {
		t.Helper()
		if w := h.at(m).send(who, "/api/acts/GrantOffice", "application/json", body); w.Code != status {
			t.Fatalf("%s: %d %s", m.name, w.Code, w.Body)
		}
		if status == http.StatusCreated {
			size++
		}
		if got := h.s.View().State().Size; got != size {
			t.Fatalf("%d entries, want %d", got, size)
		}
	}

	body := half("Chair")
	sends(a, first, body, http.StatusAccepted)
	if waits(b) != 1 || waits(c) != 1 {
		t.Errorf("%d wait at b, %d at c", waits(b), waits(c))
	}
	sends(b, second, body, http.StatusCreated)
	sends(c, second, body, http.StatusOK) // twice is once, wherever
	if waits(a)+waits(b)+waits(c) != 0 {
		t.Error("it waits though it is whole")
	}

	c.leaves(true)
	body = half("Rapporteur")
	sends(a, first, body, http.StatusAccepted)
	c.leaves(false)
	sends(c, second, body, http.StatusCreated)

	body = half("Protocol")
	sends(a, first, body, http.StatusAccepted)
	a.leaves(true)
	if waits(b) != 1 {
		t.Error("it went with the machine it came to")
	}
	sends(b, second, body, http.StatusCreated)

	a.leaves(false)
	b.leaves(true)
	c.leaves(true)
	body = half("Press")
	h.problem(h.at(a).send(first, "/api/acts/GrantOffice", "application/json", body), http.StatusServiceUnavailable, "not-connected")
	if waits(a) != 0 {
		t.Error("it waits, though no majority has it")
	}
	b.leaves(false)
	sends(a, first, body, http.StatusAccepted) // the same act again
	sends(b, second, body, http.StatusCreated)
}

// What another machine gives that is no half of an act is refused.
func TestNoHalfIsNotTaken(t *testing.T) {
	h := newHall(t)
	in := newRing(web.Options{Desk: desk{h.s}}, reading{h.s}, "a", "b", "c")
	for _, text := range []string{"", "{}", `{"submitted":"{}"}`, `{"submitted":"\"x\"","until":4102444800000}`, `[]`} {
		if err := in.all["a"].take([]byte(text)); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

// A sign-in, and an enrolment, that began at one machine end at another, once; where the first has gone the person begins
// again.
func TestACeremonyEndsAtAnotherMachine(t *testing.T) {
	h := open(t)
	in := newRing(h.options, reading{h.s}, "a", "b", "c")
	a, b := in.all["a"], in.all["b"]
	at := func(m *ringed) { h.site = m.pages }
	at(a)
	person := h.head(0)
	link := h.invited(t, person)
	p := h.browser(t)
	o := p.begin(link)
	at(b)
	if w := p.json(link+"/finish", p.made(o, verified)); w.Code != 200 || a.passed != 1 {
		t.Fatalf("enrolling: %d %s, passed on %d times", w.Code, w.Body, a.passed)
	}
	if !p.in() {
		t.Error("enrolled, and not signed in")
	}
	p.form("/en/me/signout")
	at(a)
	o = p.begin("/en/signin")
	ceremony := p.cookies["ceremony"]
	at(b)
	answer := p.assertion(o, person)
	if w := p.json("/en/signin/finish", answer); w.Code != 200 || a.passed != 2 {
		t.Fatalf("signing in: %d %s", w.Code, w.Body)
	}
	for _, m := range in.all {
		if at(m); !p.in() {
			t.Errorf("not signed in at %s", m.name)
		}
	}
	for _, m := range in.all { // a second time nowhere
		at(m)
		again := h.browser(t)
		again.cookies["ceremony"] = ceremony
		if w := again.json("/en/signin/finish", answer); w.Code != http.StatusConflict || again.in() {
			t.Errorf("a second time, at %s: %d %s", m.name, w.Code, w.Body)
		}
	}
	at(a)
	lost := h.browser(t)
	lost.key = p.key
	o = lost.begin("/en/signin")
	a.leaves(true)
	at(b)
	if w := lost.json("/en/signin/finish", lost.assertion(o, person)); w.Code != http.StatusConflict || lost.in() {
		t.Errorf("of a machine that is gone: %d %s", w.Code, w.Body)
	}
	if w := lost.json("/en/signin/finish", lost.assertion(lost.begin("/en/signin"), person)); w.Code != 200 || !lost.in() {
		t.Errorf("begun again: %d %s", w.Code, w.Body)
	}
}
