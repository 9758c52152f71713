package rules

import "fmt"

// An Answer is how a member voted.
type Answer string

const (
	Yes              Answer = "yes"
	No               Answer = "no"
	Abstain          Answer = "abstain"
	NotParticipating Answer = "not-participating" // present, and counted in no base but present and members
)

// A Vote is a member's answer. Who is not among the votes was absent.
type Vote struct {
	Member string
	Answer Answer
}

// A Count is what the tests of a majority compare.
type Count struct {
	Members, Present  int64
	Yes, No, Abstain  int64
	WeightYes, Weight int64 // of those in favour, of all
	VotesYes, Votes   int64 // likewise, where members have several
	Vetoes            int64 // members of the class that may not be against, who are
	Classes           []ClassCount
}

// A ClassCount counts one class.
type ClassCount struct {
	Name                      string
	Members, Yes, No, Abstain int64
}

// An Outcome of a count.
type Outcome string

const (
	Carried    Outcome = "carried"
	Lost       Outcome = "lost"
	SecondVote Outcome = "second-vote" // equal: to be voted once more (GA 95)
)

// A Step is one test of the working: have of base, where needed suffices.
type Step struct {
	Of     string `json:"of"`
	Class  string `json:"class,omitempty"`
	Have   int64  `json:"have"`
	Base   int64  `json:"base"`
	Needed int64  `json:"needed"`
	Passed bool   `json:"passed,omitempty"`
}

// A Result is what a count means under a majority, and why.
type Result struct {
	Outcome  Outcome
	Majority string
	Rule     string
	Working  []Step
	Vetoed   bool
}

// Everyone is the class of all members.
const Everyone = "everyone"

// Consensus is the majority that makes no count: nobody objects.
const Consensus = "consensus"

// Majority finds the majority a kind of question needs, and the rule that says so. Where rules name none for the
// kind, that of "proposal"; where they name none at all, more than half of the votes cast (GA 85).
func (r *Rules) Majority(kind string) (m Majority, rule string) {
	for _, wanted := range []string{kind, "proposal"} {
		for _, q := range r.Questions {
			if q.Kind == wanted {
				if m, ok := r.NamedMajority(q.Majority); ok {
					return m, q.Rule
				}
			}
		}
	}
	half := Fraction{Num: 1, Den: 2}
	return Majority{Name: "simple", Rule: "GA 85", Tests: []Test{{Of: "cast", Over: &half}}}, "GA 85"
}

// NamedMajority finds a majority by its name.
func (r *Rules) NamedMajority(name string) (Majority, bool) {
	for _, m := range r.Majorities {
		if m.Name == name {
			return m, true
		}
	}
	if name == Consensus {
		return Majority{Name: Consensus, Rule: "nobody objects"}, true
	}
	return Majority{}, false
}

// A House is the members of a body, in their order, ready for any number of votes.
type House struct {
	rules   *Rules
	members []string
	place   map[string]int
	weigh   bool    // any of those below is other than 0
	weights []int64 // in the order of the members
	several []int64
	classes [][]int // the places of each class's members
}

// House makes members ready to be counted.
func (r *Rules) House(members []string) *House {
	h := &House{rules: r, members: members, place: make(map[string]int, len(members)), weigh: len(r.Weights)+len(r.Votes) > 0,
		weights: make([]int64, len(members)), several: make([]int64, len(members)), classes: make([][]int, len(r.Classes))}
	for i, m := range members {
		h.place[m] = i
	}
	for _, list := range []struct {
		from []Weight
		to   []int64
	}{{r.Weights, h.weights}, {r.Votes, h.several}} {
		for _, w := range list.from {
			if at, in := h.place[w.Member]; in {
				list.to[at] = w.Weight
			}
		}
	}
	for k, class := range r.Classes {
		for _, m := range class.Members {
			if at, in := h.place[m]; in {
				h.classes[k] = append(h.classes[k], at)
			}
		}
	}
	return h
}

// Count counts votes of members; of several by one the last counts, and votes of others do not. Present are members
// who answered or are in the list of those present.
func (h *House) Count(present []string, votes []Vote, m Majority) Count {
	answers, there := make([]Answer, len(h.members)), make([]bool, len(h.members))
	for _, p := range present {
		if at, in := h.place[p]; in {
			there[at] = true
		}
	}
	for _, v := range votes {
		if at, in := h.place[v.Member]; in {
			answers[at], there[at] = v.Answer, v.Answer != "" || there[at]
		}
	}
	c := Count{Members: int64(len(h.members))}
	for i, answer := range answers {
		if there[i] {
			c.Present++
		}
		switch answer {
		case Yes:
			c.Yes++
		case No:
			c.No++
		case Abstain:
			c.Abstain++
		}
		if h.weigh {
			c.Weight, c.Votes = c.Weight+h.weights[i], c.Votes+h.several[i]
			if answer == Yes {
				c.WeightYes, c.VotesYes = c.WeightYes+h.weights[i], c.VotesYes+h.several[i]
			}
		}
	}
	if m.NoVeto == Everyone {
		c.Vetoes = c.No
	}
	for k, places := range h.classes {
		n := ClassCount{Name: h.rules.Classes[k].Name, Members: int64(len(places))}
		for _, at := range places {
			switch answers[at] {
			case Yes:
				n.Yes++
			case No:
				n.No++
			case Abstain:
				n.Abstain++
			}
		}
		if n.Name == m.NoVeto {
			c.Vetoes = n.No
		}
		c.Classes = append(c.Classes, n)
	}
	return c
}

// Decide says what a count means.
func (m Majority) Decide(c Count, tie string) Result {
	res := Result{Outcome: Carried, Majority: m.Name, Rule: m.Rule, Vetoed: m.NoVeto != "" && c.Vetoes > 0}
	if res.Vetoed || len(m.Tests) == 0 && m.NoVeto == "" { // consensus is no count: nothing carries by being counted
		res.Outcome = Lost
	}
	for _, t := range m.Tests {
		s := t.step(c)
		if !s.Passed {
			res.Outcome = Lost
		}
		res.Working = append(res.Working, s)
	}
	if m.Tie != "" {
		tie = m.Tie
	}
	if res.Outcome == Lost && !res.Vetoed && tie == string(SecondVote) && c.Yes == c.No && c.Yes > 0 && m.halves() {
		res.Outcome = SecondVote
	}
	return res
}

// halves reports whether m asks for more than half of the votes cast: of others an equal vote is simply lost.
func (m Majority) halves() bool {
	return len(m.Tests) == 1 && m.Tests[0].Of == "cast" && m.Tests[0].Over != nil && m.Tests[0].Over.Num*2 == m.Tests[0].Over.Den
}

func (t Test) step(c Count) Step {
	members, yes, no, abstain, present := c.Members, c.Yes, c.No, c.Abstain, c.Present
	for _, k := range c.Classes {
		if k.Name == t.Class {
			members, yes, no, abstain = k.Members, k.Yes, k.No, k.Abstain
			present = yes + no + abstain
		}
	}
	s := Step{Of: t.Of, Class: t.Class, Have: yes}
	switch t.Of {
	case "cast":
		s.Base = yes + no
	case "participating":
		s.Base = yes + no + abstain
	case "present":
		s.Base = present
	case "weight":
		s.Have, s.Base = c.WeightYes, c.Weight
	case "votes":
		s.Have, s.Base = c.VotesYes, c.Votes
	default:
		s.Base = members
	}
	switch {
	case t.Over != nil:
		s.Needed = t.Over.Num*s.Base/t.Over.Den + 1
	case t.AtLeast != nil:
		s.Needed = (t.AtLeast.Num*s.Base + t.AtLeast.Den - 1) / t.AtLeast.Den
	}
	s.Needed = max(s.Needed, t.Number)
	s.Passed = s.Have >= s.Needed && s.Base > 0 // an empty base never carries
	if t.OrBlockersUnder > 0 && members-yes < t.OrBlockersUnder {
		s.Passed = true
	}
	return s
}

// String is a step in figures: "6 of 9 cast, needs 6".
func (s Step) String() string {
	of := s.Of
	if s.Class != "" {
		of = s.Class + " " + of
	}
	return fmt.Sprintf("%d of %d %s, needs %d", s.Have, s.Base, of, s.Needed)
}
