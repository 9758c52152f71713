package web

import (
	"bytes"
	"net/http"
	"slices"
	"sync"
	"time"

	"kurultai/conference"
)

// Two desks at once. The pen is a word among colleagues and no right: it says whose keys enter the answers, so that two
// officers do not both do it. What either of them submits is decided by the record alone.

// pens are who sits at the desk of each meeting, and who holds its pen, in memory.
type pens struct {
	mu  sync.Mutex
	all map[conference.MeetingID]*pen
}

type pen struct {
	held conference.PersonID
	seen map[conference.PersonID]time.Time
}

// atDeskFor is how long somebody counts as sitting there after the last page, where no stream of theirs is open.
const atDeskFor = 2 * time.Minute

// here notes that somebody is at a desk, and gives the pen to who finds it lying.
func (p *pens) here(m conference.MeetingID, who conference.PersonID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.at(m)
	one.seen[who] = time.Now()
	if one.held == "" {
		one.held = who
	}
}

// at is the pen of a meeting; the lock is held.
func (p *pens) at(m conference.MeetingID) *pen {
	if p.all == nil {
		p.all = map[conference.MeetingID]*pen{}
	}
	if p.all[m] == nil {
		p.all[m] = &pen{seen: map[conference.PersonID]time.Time{}}
	}
	return p.all[m]
}

// who says who holds the pen, and who sits there: those who are connected or were here a moment ago. A pen whose
// holder has gone lies there for the next.
func (p *pens) who(m conference.MeetingID, connected []string) (held conference.PersonID, there []conference.PersonID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.at(m)
	for id, at := range one.seen {
		if time.Since(at) < atDeskFor || slices.Contains(connected, string(id)) {
			there = append(there, id)
		} else {
			delete(one.seen, id)
		}
	}
	slices.Sort(there)
	if !slices.Contains(there, one.held) {
		one.held = ""
	}
	return one.held, there
}

// give hands the pen to somebody.
func (p *pens) give(m conference.MeetingID, to conference.PersonID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at(m).held = to
}

// Desks is who else is at the desk.
type Desks struct {
	Mine   bool     // the reader holds the pen
	Holder string   // who holds it
	Others []Option // who else is there
	Action string
	Gone   bool // nobody holds it
}

// desks says who is at the desk, as one of them sees it.
func (s *site) desks(v *sitting) Desks {
	held, there := s.pens.who(v.id, s.Live.Persons())
	d := Desks{Mine: held == v.Person, Action: s.deskAddress(v) + "/pen", Gone: held == ""}
	if held != "" {
		d.Holder = s.ownName(v.turn, held)
	}
	for _, p := range there {
		if p != v.Person {
			d.Others = append(d.Others, Option{Value: string(p), Label: s.ownName(v.turn, p)})
		}
	}
	return d
}

func init() { deskSteps["pen"] = (*site).passPen }

// passPen hands the pen to another at the desk, or takes it.
func (s *site) passPen(v *sitting) error {
	if err := v.form(); err != nil {
		return err
	}
	held, there := s.pens.who(v.id, s.Live.Persons())
	to := conference.PersonID(v.r.PostForm.Get("to"))
	switch {
	case to == "":
		to = v.Person
	case held != v.Person || !slices.Contains(there, to):
		return tell(http.StatusConflict, "desk.penmoved")
	}
	s.pens.give(v.id, to)
	s.tellDesks(v, there)
	return s.deskReply(v, deskAnswer{To: s.deskAddress(v), Said: v.lang.Say("desk.pennow", s.ownName(v.turn, to))})
}

// tellDesks shows everybody at the desk who holds the pen now, each in the language of this turn: the next frame of
// the record is in their own.
func (s *site) tellDesks(v *sitting, there []conference.PersonID) {
	for _, p := range there {
		one := *v
		turn := *v.turn
		turn.Person = p
		turn.view = turn.view.For(s.reader(turn.view, p))
		one.turn = &turn
		body, err := s.render("desks", map[string]any{"Lang": v.lang, "Desks": s.desks(&one)})
		if err != nil {
			s.log().Error("desks", "error", err)
			return
		}
		s.Live.Tell(string(p), append([]byte("event: me\n"), event(bytes.TrimSpace(body))...))
	}
}
