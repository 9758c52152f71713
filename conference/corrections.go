package conference

import (
	"slices"
	"strconv"
)

// correctionsState is slips rescinded and acts disowned.
type correctionsState struct {
	rescinded Ordered[string, string] // by entry: why
	acted     Ordered[int64, Acted]   // by entry: what the desk did for a party
}

// Rescinded reports whether an entry was rescinded, and why.
func (s *State) Rescinded(index int64) (why string, ok bool) {
	return s.corrections.rescinded.Get(strconv.FormatInt(index, 10))
}

type (
	// Rescind takes a slip back, until something depends on it.
	Rescind struct {
		Index  int64  `json:"index" jsonschema:"the entry"`
		Sort   string `json:"sort" jsonschema:"what it made: request, item, document, proposal, amendment or invitation"`
		Thing  string `json:"thing" jsonschema:"its id; of an item or invitation with the meeting before it, as vii/budget"`
		Reason string `json:"reason" jsonschema:"why, in a sentence"`
	}
	// Rescinded is what Rescind causes.
	Rescinded Rescind
	// Disown says that an act entered for your delegation was not its own.
	Disown struct {
		Index int64 `json:"index" jsonschema:"the entry"`
	}
	// Disowned is what Disown causes: a vote on the question no longer counts. With it may come a FloorRequestWithdrawn.
	Disowned struct {
		Index    int64      `json:"index"`
		Question QuestionID `json:"question,omitempty"`
		Party    PartyID    `json:"party"`
	}
)

// A slip is a kind of thing whose making can be taken back: made finds the entry that made it, undo takes it away.
type slip struct {
	made func(s *State, id string) (index int64, ok bool)
	undo func(s *State, id string, index int64)
}

var slips = map[string]slip{
	"request": {
		func(s *State, id string) (int64, bool) {
			q, ok := s.requests.Get(id)
			return q.Index, ok && q.State == "listed"
		},
		func(s *State, id string, index int64) {
			q := s.requests.At(id)
			s.requests = s.requests.Delete(id)
			s.asked = s.asked.Delete(string(q.Meeting) + "/" + id)
			s.setFloor(q.Meeting, index, func(f room) room {
				f.list = slices.DeleteFunc(slices.Clone(f.list), func(r RequestID) bool { return r == q.ID })
				return f
			})
		},
	},
	"item": {
		func(s *State, id string) (int64, bool) {
			i, ok := s.agenda.items.Get(id)
			return i.Index, ok && i.State == "proposed" && !slices.Contains(s.agenda.agendas.At(string(i.Meeting)).order, i.ID)
		},
		func(s *State, id string, _ int64) { s.agenda.items = s.agenda.items.Delete(id) },
	},
	"document": {
		func(s *State, id string) (int64, bool) {
			d, ok := s.documents.papers.Get(id)
			return d.Made, ok && d.Made == d.Index
		},
		func(s *State, id string, _ int64) { s.documents.papers = s.documents.papers.Delete(id) },
	},
	"proposal": {
		func(s *State, id string) (int64, bool) {
			p, ok := s.proposals.all.Get(id)
			return p.Made, ok && p.Made == p.Index && len(s.Amendments(p)) == 0
		},
		func(s *State, id string, _ int64) { s.proposals.all = s.proposals.all.Delete(id) },
	},
	"amendment": {
		func(s *State, id string) (int64, bool) {
			a, ok := s.proposals.amendments.Get(id)
			return a.Index, ok && a.State == "submitted" && len(a.FallsWith) == 0
		},
		func(s *State, id string, _ int64) {
			s.amends(ProposalID(id), s.proposals.amendments.At(id).Of, true)
			s.proposals.amendments = s.proposals.amendments.Delete(id)
		},
	},
	"invitation": {
		func(s *State, id string) (int64, bool) {
			x, ok := s.convening.invitations.Get(id)
			return x.Index, ok && !x.Answered
		},
		func(s *State, id string, _ int64) { s.convening.invitations = s.convening.invitations.Delete(id) },
	},
}

// rests reports what rests on a thing, though the thing itself has not changed.
func (s *State) rests(sort, id string) (string, bool) {
	if sort == "document" {
		for _, p := range s.proposals.all.All() {
			if string(p.Symbol) == id {
				return string(p.ID), true
			}
		}
	}
	if sort == "proposal" || sort == "amendment" {
		for _, q := range s.votes.all.All() {
			if q.Thing == id {
				return string(q.ID), true
			}
		}
	}
	return "", false
}

func corrections(ed *edition) {
	does(ed, Act{
		Name: "Rescind", Title: "Rescind a slip", Help: "Takes back an entry made by mistake, until something depends on it; then a named correction is made instead. The entry stays and shows as rescinded.",
		Who: []Capacity{Secretary, Chair}, Attested: true, Rule: "doc/record.md 5", Refusals: []Code{"not-rescindable", "already-rescinded", "depended-upon"}, Causes: []string{"Rescinded"},
	}, func(s *State, c *Call, f *Rescind) ([]Event, *Refusal) {
		if _, done := s.Rescinded(f.Index); done {
			return nil, refuse("already-rescinded", "doc/record.md 5", f.Index)
		}
		kind, ok := slips[f.Sort]
		if !ok {
			return nil, refuse("not-rescindable", "doc/record.md 5", f.Index)
		}
		made, fresh := kind.made(s, f.Thing)
		changed, there := s.Version(f.Sort, f.Thing)
		what, rests := s.rests(f.Sort, f.Thing)
		switch {
		case !there || changed < f.Index:
			return nil, refuse("not-rescindable", "doc/record.md 5", f.Index)
		case !fresh || changed > f.Index:
			return nil, refuse("depended-upon", "doc/record.md 5", f.Index, changed)
		case rests:
			return nil, refuse("depended-upon", "doc/record.md 5", f.Index, what)
		case made != f.Index:
			return nil, refuse("not-rescindable", "doc/record.md 5", f.Index)
		}
		e := Rescinded(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *Rescinded) {
		s.corrections.rescinded = s.corrections.rescinded.Set(strconv.FormatInt(b.Index, 10), b.Reason)
		if kind, ok := slips[b.Sort]; ok {
			kind.undo(s, b.Thing, h.Index)
		}
	})

	theDesk(ed)
}
