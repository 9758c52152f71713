package web

import (
	"testing"
	"time"

	"kurultai/conference"
)

// A wire carries what one machine shares to another, while it is up.
type wire struct {
	b    []byte
	hear func([]byte)
	to   *wire
	cut  bool
}

func (w *wire) Load() ([]byte, error)      { return w.b, nil }
func (w *wire) Save(b []byte) error        { w.b = b; return nil }
func (w *wire) Shared(hear func(b []byte)) { w.hear = hear }
func (w *wire) Share(b []byte) {
	if !w.cut {
		w.to.hear(b)
	}
}

// Who signed in at one machine is signed in at the other, and who signed out is out at both, whatever was cut meanwhile.
func TestMachinesShareSessions(t *testing.T) {
	left := map[conference.PersonID]int{}
	a, b := &wire{}, &wire{}
	a.to, b.to = b, a
	var one, two sessions
	for _, s := range []*sessions{&one, &two} {
		s.left = func(p conference.PersonID) { left[p]++ }
	}
	one.load(a)
	two.load(b)
	open := func(s *sessions, token string) {
		now := time.Now()
		s.open(token, session{Person: conference.PersonID(token), Since: now, Seen: now})
		s.save()
	}
	in := func(s *sessions, token string) bool { _, ok, _ := s.find(token); return ok }
	end := func(s *sessions, token string) {
		s.end(func(hash string, _ session) bool { return hash == hashOf(token) })
	}
	open(&one, "x")
	if !in(&two, "x") {
		t.Fatal("the other machine does not know who signed in")
	}
	end(&two, "x")
	if in(&one, "x") || in(&two, "x") || left["x"] != 2 {
		t.Error("a session that ended goes on elsewhere")
	}
	open(&one, "y")
	a.cut, b.cut = true, true
	end(&one, "y")
	open(&two, "z")
	if !in(&two, "y") {
		t.Fatal("the wire was cut, and it was heard")
	}
	a.cut, b.cut = false, false
	two.save() // it still has y, and says so
	if in(&one, "y") {
		t.Error("a session that ended comes back from a machine that did not hear of it")
	}
	one.save()
	if in(&two, "y") || !in(&one, "z") {
		t.Error("after the cut the two disagree")
	}
	one.hear([]byte(`{"sessions":7`))
	if !in(&one, "z") {
		t.Error("nonsense ended a session")
	}
}
