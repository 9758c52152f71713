package rules

import (
	"fmt"
	"slices"
)

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

// Count counts votes of members; votes of others are not counted. Present are members who answered or are in the
// list of those present.
func (r *Rules) Count(members, present []string, votes []Vote, m Majority) Count {
	c := Count{Members: int64(len(members))}
	for _, class := range r.Classes {
		c.Classes = append(c.Classes, ClassCount{Name: class.Name})
	}
	weights := map[string]int64{}
	for _, w := range r.Weights {
		weights[w.Member] = w.Weight
	}
	several := map[string]int64{}
	for _, w := range r.Votes {
		several[w.Member] = w.Weight
	}
	answers := make(map[string]Answer, len(votes))
	for _, v := range votes {
		answers[v.Member] = v.Answer
	}
	there := make(map[string]bool, len(present))
	for _, p := range present {
		there[p] = true
	}
	for _, member := range members {
		answer := answers[member]
		if answer != "" || there[member] {
			c.Present++
		}
		weight := weights[member]
		c.Weight += weight
		c.Votes += several[member]
		var yes, no, abstain int64
		switch answer {
		case Yes:
			yes = 1
			c.WeightYes += weight
			c.VotesYes += several[member]
		case No:
			no = 1
		case Abstain:
			abstain = 1
		}
		c.Yes, c.No, c.Abstain = c.Yes+yes, c.No+no, c.Abstain+abstain
		for i, class := range r.Classes {
			if _, in := slices.BinarySearch(class.Members, member); in {
				k := &c.Classes[i]
				k.Members, k.Yes, k.No, k.Abstain = k.Members+1, k.Yes+yes, k.No+no, k.Abstain+abstain
			}
		}
	}
	if m.NoVeto == Everyone {
		c.Vetoes = c.No
	}
	for _, k := range c.Classes {
		if k.Name == m.NoVeto {
			c.Vetoes = k.No
		}
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
