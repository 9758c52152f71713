package rules

import (
	"fmt"
	"slices"
	"strconv"

	"kurultai/record/canonical"
)

// How a question may be put.
var methods = []string{"consensus", "hands", "recorded", "roll-call", "secret"}

// Check says what in the rules cannot be meant. The error is a *canonical.FieldError that names the place.
func (r Rules) Check() error {
	wrong := func(field string, i int, sub, why string, args ...any) error {
		path := field
		if i >= 0 {
			path += "." + strconv.Itoa(i)
		}
		if sub != "" {
			path += "." + sub
		}
		return &canonical.FieldError{Path: path, Why: fmt.Sprintf(why, args...)}
	}
	classes, majorities := map[string]bool{}, map[string]bool{Consensus: true}
	for i, c := range r.Classes {
		if !slices.IsSorted(c.Members) || classes[c.Name] {
			return wrong("classes", i, "members", "a class is named once and its members stand in order")
		}
		classes[c.Name] = true
	}
	for field, list := range map[string][]Weight{"weights": r.Weights, "votes": r.Votes} {
		for i, w := range list {
			if w.Weight < 1 || i > 0 && list[i-1].Member >= w.Member {
				return wrong(field, i, "", "members stand in order, each once, with a weight of 1 at least")
			}
		}
	}
	for i, m := range r.Majorities {
		switch {
		case majorities[m.Name]:
			return wrong("majorities", i, "name", "%q is named twice, or is consensus, which is no count", m.Name)
		case len(m.Tests) == 0 && m.NoVeto == "":
			return wrong("majorities", i, "tests", "a majority needs a test, or a class that may not be against")
		case m.NoVeto != "" && m.NoVeto != Everyone && !classes[m.NoVeto]:
			return wrong("majorities", i, "noVeto", "no class is called %q", m.NoVeto)
		case !slices.Contains([]string{"", "lost", "second-vote"}, m.Tie):
			return wrong("majorities", i, "tie", "lost or second-vote")
		}
		for k, t := range m.Tests {
			at := "tests." + strconv.Itoa(k)
			switch {
			case !slices.Contains([]string{"cast", "participating", "present", "members", "weight", "votes"}, t.Of):
				return wrong("majorities", i, at+".of", "%q is no base: cast, participating, present, members, weight or votes", t.Of)
			case t.Over != nil && t.AtLeast != nil || t.Over == nil && t.AtLeast == nil && t.Number < 1:
				return wrong("majorities", i, at, "a test asks for over or atLeast a part, or for a number")
			case t.Class != "" && !classes[t.Class]:
				return wrong("majorities", i, at+".class", "no class is called %q", t.Class)
			case t.Of == "weight" && len(r.Weights) == 0, t.Of == "votes" && len(r.Votes) == 0:
				return wrong("majorities", i, at+".of", "the members have no %s", t.Of)
			}
		}
		majorities[m.Name] = true
	}
	kinds := map[string]bool{}
	for i, q := range r.Questions {
		if kinds[q.Kind] {
			return wrong("questions", i, "kind", "%q is asked about twice", q.Kind)
		}
		if kinds[q.Kind] = true; !majorities[q.Majority] {
			return wrong("questions", i, "majority", "no majority is called %q", q.Majority)
		}
	}
	for i, m := range r.Methods {
		if !slices.Contains(methods, m) {
			return wrong("methods", i, "", "%q: consensus, hands, recorded, roll-call or secret", m)
		}
	}
	ranks := map[int64]bool{}
	for i, m := range r.Motions {
		if m.Majority != "" && !majorities[m.Majority] {
			return wrong("motions", i, "majority", "no majority is called %q", m.Majority)
		}
		if m.Rank < 0 || m.Rank > 0 && ranks[m.Rank] {
			return wrong("motions", i, "rank", "rank %d is taken, or none", m.Rank)
		}
		ranks[m.Rank] = true
	}
	for i, n := range r.Notices {
		if n.Seconds < 1 {
			return wrong("notices", i, "seconds", "a second at least; a day has 86400")
		}
	}
	for i, l := range r.Limits {
		if len(l.Seconds) == 0 || slices.Min(l.Seconds) < 1 || slices.Max(l.Seconds) > 86400 {
			return wrong("limits", i, "seconds", "each between a second and a day")
		}
	}
	switch {
	case r.Election != nil && !majorities[r.Election.Majority]:
		return wrong("election", -1, "majority", "no majority is called %q", r.Election.Majority)
	case r.Election != nil && r.Election.Tie != "lot" && r.Election.Tie != "special":
		return wrong("election", -1, "tie", "lot or special")
	case r.Sponsors != nil && !slices.Contains([]string{"never", "if-amended", "always"}, r.Sponsors.Explain):
		return wrong("sponsors", -1, "explain", "never, if-amended or always")
	case !slices.Contains([]string{"", "lost", "second-vote"}, r.Tie):
		return wrong("tie", -1, "", "lost or second-vote")
	case !slices.Contains([]string{"", "right", "unless-objected", "unless-mover-objects"}, r.Division):
		return wrong("division", -1, "", "right, unless-objected or unless-mover-objects")
	case !slices.Contains([]string{"", "furthest", "omissions"}, r.AmendmentsFirst):
		return wrong("amendmentsFirst", -1, "", "furthest or omissions")
	}
	return nil
}
