package conference

import (
	"slices"

	"kurultai/record/canonical"
)

// The desk: what an officer of the secretariat does for a party, on an instruction. It is decided as if the party's head
// had done it, one event says who did, the delegation is shown it, and may disown it.

type (
	// ActedFor says that what stands before it in the entry was done by an officer for a party.
	ActedFor struct {
		Party       PartyID  `json:"party"`
		Act         string   `json:"act"`
		Officer     PersonID `json:"officer"`
		Instruction string   `json:"instruction"`
	}
	// Acted is an ActedFor in its place.
	Acted struct {
		ActedFor
		Index    int64      // entry
		Disowned int64      // entry that disowned it; 0: none
		Question QuestionID // that a disowned answer was to
	}
)

// InNameOf lists what the desk did for a party, in order.
func (s *State) InNameOf(p PartyID) (list []Acted) {
	for _, a := range s.corrections.acted.All() {
		if a.Party == p {
			list = append(list, a)
		}
	}
	return list
}

// ActedAt finds what the desk did in an entry.
func (s *State) ActedAt(index int64) (Acted, bool) { return s.corrections.acted.Get(index) }

// ByDesk counts the answers to a question that the desk gave for parties: those that count, and those disowned.
func (s *State) ByDesk(q Question) (counted, disowned int64) {
	for _, v := range q.Votes {
		if _, desk := s.ActedAt(v.Index); desk {
			counted++
		}
	}
	for _, a := range s.corrections.acted.All() {
		if a.Question == q.ID && q.ID != "" {
			disowned++
		}
	}
	return counted, disowned
}

// ActedSince lists the parties in whose name the desk acted, or which disowned it, since an earlier state, in order and
// each once. It costs nothing where there was neither.
func (s *State) ActedSince(before *State) (list []PartyID) {
	if s.corrections.acted == before.corrections.acted {
		return nil
	}
	for _, a := range s.corrections.acted.All() {
		if a.Index >= before.Size || a.Disowned >= before.Size {
			list = append(list, a.Party)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// byDesk adds to an act what the desk brings: an officer may do it, needs an instruction, and is named.
func (a *Act) byDesk() {
	field, _ := a.Fields.FieldByName("Instruction")
	if field.Tag.Get("json") != "instruction,omitempty" {
		panic("conference: " + a.Name + " has no field for the instruction")
	}
	if !slices.Contains(a.Who, Secretary) {
		a.Who = append(slices.Clone(a.Who), Secretary)
	}
	for _, code := range []Code{"no-instruction", "unknown-party"} {
		if !slices.Contains(a.Refusals, code) {
			a.Refusals = codes(a.Refusals, code)
		}
	}
	a.Causes = append(slices.Clone(a.Causes), "ActedFor")
}

// deciding decides an act that the desk may do: as an officer's, or as the party's own.
func (s *State) deciding(c *Call) ([]Event, *Refusal) {
	instruction := c.Fields.Get("instruction")
	if c.As != string(Secretary) {
		if instruction.Kind != canonical.Invalid {
			return nil, refuse("malformed", "practice", "instruction")
		}
		return c.act.decide(s, c)
	}
	switch {
	case !s.parties.Has(c.For):
		return nil, refuse("unknown-party", "practice", c.For)
	case instruction.Str == "":
		return nil, refuse("no-instruction", "practice: an officer acts for nobody unasked")
	}
	officer, head := PersonID(c.By), s.inNameOf(c)
	if !slices.Contains(c.act.Who, Capacity(head.As)) {
		return nil, refuse("wrong-capacity", c.act.Rule, head.As, c.act.Who)
	}
	events, r := c.act.decide(s, head)
	if r != nil {
		return nil, r
	}
	return append(events, Event{Body: &ActedFor{PartyID(c.For), c.Name, officer, instruction.Str}}), nil
}

// inNameOf is an act as the party's head would have submitted it; where no head is on the record, as a delegate would,
// and else as nobody named.
func (s *State) inNameOf(c *Call) *Call {
	submitted, head := *c.Submitted, *c
	submitted.As, submitted.By = string(Head), string(UnnamedPerson)
	for _, as := range []Capacity{Delegate, ObserverHead, Head} {
		for _, o := range s.offices.From(officeKey("", as, PartyID(c.For))) {
			if o.Capacity == as && o.For == PartyID(c.For) && o.From <= c.At {
				submitted.As, submitted.By = string(as), string(o.Person)
			}
			break
		}
	}
	head.Submitted = &submitted
	return &head
}

// cast finds a vote by the entry that holds it.
func (s *State) cast(index int64, p PartyID) (Question, bool) {
	for _, q := range s.votes.all.All() {
		if slices.ContainsFunc(q.Votes, func(v Cast) bool { return v.Index == index && v.Party == p }) {
			return q, true
		}
	}
	return Question{}, false
}

func theDesk(ed *edition) {
	happens(ed, func(s *State, h Happened, b *ActedFor) {
		s.corrections.acted = s.corrections.acted.Set(h.Index, Acted{ActedFor: *b, Index: h.Index})
	})
	does(ed, Act{
		Name: "Disown", Title: "Disown an act", Help: "Says that what the secretariat did for your delegation was not its own. Until the result is announced a vote no longer counts, a request still listed is withdrawn, anything else shows as disowned.",
		Who: []Capacity{Head, ObserverHead}, Attested: true, Rule: "practice: nobody acts for a state unasked", Refusals: []Code{"not-yours", "announced", "already-disowned"}, Causes: []string{"Disowned", "FloorRequestWithdrawn"},
	}, func(s *State, c *Call, f *Disown) ([]Event, *Refusal) {
		a, ok := s.ActedAt(f.Index)
		q, vote := s.cast(f.Index, a.Party)
		switch {
		case !ok || a.Party != PartyID(c.For):
			return nil, refuse("not-yours", "practice", f.Index)
		case a.Disowned > 0:
			return nil, refuse("already-disowned", "practice", f.Index)
		case vote && q.Outcome != "":
			return nil, refuse("announced", "practice", q.ID)
		}
		events := []Event{{Body: &Disowned{f.Index, q.ID, a.Party}}}
		for _, r := range s.requests.All() {
			if r.Index == f.Index && r.State == "listed" {
				events = append(events, Event{Body: &FloorRequestWithdrawn{r.Meeting, r.ID}})
			}
		}
		return events, nil
	})
	happens(ed, func(s *State, h Happened, b *Disowned) {
		a, _ := s.ActedAt(b.Index)
		a.Disowned, a.Question = h.Index, b.Question
		s.corrections.acted = s.corrections.acted.Set(b.Index, a)
		if b.Question != "" {
			s.changeQuestion(b.Question, h.Index, func(q *Question) {
				q.Votes = slices.DeleteFunc(slices.Clone(q.Votes), func(v Cast) bool { return v.Index == b.Index })
			})
		}
	})
}
