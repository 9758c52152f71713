package rules

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// An assembly that might be: members, their weights and classes, a majority of some kind, and answers.
type assembly struct {
	rules    Rules
	members  []string
	votes    []Vote
	majority Majority
}

func drawn(t *rapid.T) (a assembly) {
	n := rapid.IntRange(1, 60).Draw(t, "members")
	var permanent []string
	for i := range n {
		m := fmt.Sprintf("m%02d", i)
		a.members = append(a.members, m)
		if rapid.Bool().Draw(t, "permanent") {
			permanent = append(permanent, m)
		}
		a.rules.Weights = append(a.rules.Weights, Weight{Member: m, Weight: rapid.Int64Range(1, 1000).Draw(t, "weight")})
		a.rules.Votes = append(a.rules.Votes, Weight{Member: m, Weight: rapid.Int64Range(1, 30).Draw(t, "votes")})
		if answer := rapid.SampledFrom([]Answer{"", Yes, Yes, Yes, Yes, Yes, No, Abstain, NotParticipating}).Draw(t, "answer"); answer != "" {
			a.votes = append(a.votes, Vote{m, answer})
		}
	}
	a.rules.Classes = []Class{{Name: "permanent", Members: permanent}}
	a.majority.NoVeto = rapid.SampledFrom([]string{"", "", "permanent", Everyone}).Draw(t, "veto")
	for range rapid.IntRange(1, 3).Draw(t, "tests") {
		test := Test{Of: rapid.SampledFrom([]string{"cast", "participating", "present", "members", "weight", "votes"}).Draw(t, "of")}
		den := rapid.Int64Range(1, 9).Draw(t, "den")
		part := &Fraction{Num: rapid.Int64Range(0, den).Draw(t, "num"), Den: den}
		if rapid.Bool().Draw(t, "over") {
			test.Over = part
		} else {
			test.AtLeast = part
		}
		test.Number = rapid.Int64Range(0, int64(n)).Draw(t, "number")
		if test.Of == "cast" || test.Of == "members" {
			test.Class = rapid.SampledFrom([]string{"", "", "permanent"}).Draw(t, "class")
		}
		a.majority.Tests = append(a.majority.Tests, test)
	}
	return a
}

func (a assembly) decide() Result { return a.with(a.votes) }

func (a assembly) with(votes []Vote) Result {
	return a.majority.Decide(a.rules.House(a.members).Count(nil, votes, a.majority), string(SecondVote))
}

// A further yes, of one who was against, abstained or was away, never turns carried into lost.
func TestAFurtherYesNeverLoses(t *testing.T) {
	carried := 0
	rapid.Check(t, func(t *rapid.T) {
		a := drawn(t)
		if a.decide().Outcome != Carried {
			return
		}
		carried++
		who := rapid.SampledFrom(a.members).Draw(t, "who")
		votes := append(slices.DeleteFunc(slices.Clone(a.votes), func(v Vote) bool { return v.Member == who }), Vote{who, Yes})
		if got := a.with(votes); got.Outcome != Carried {
			t.Fatalf("carried, and %s with a yes of %s: %v", got.Outcome, who, got.Working)
		}
	})
	if carried == 0 {
		t.Fatal("nothing was ever carried")
	}
	t.Logf("%d carried ones tried", carried)
}

// One more abstention changes no test of votes cast.
func TestAnAbstentionChangesNoTestOfVotesCast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawn(t)
		before := a.decide()
		silent := slices.DeleteFunc(slices.Clone(a.members), func(m string) bool {
			return slices.ContainsFunc(a.votes, func(v Vote) bool { return v.Member == m })
		})
		if len(silent) == 0 {
			return
		}
		after := a.with(append(slices.Clone(a.votes), Vote{silent[0], Abstain}))
		for i, s := range before.Working {
			if s.Of == "cast" && s != after.Working[i] {
				t.Fatalf("%v became %v", s, after.Working[i])
			}
		}
	})
}

// The order in which answers come changes nothing.
func TestTheOrderOfAnswersChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawn(t)
		votes := rapid.Permutation(a.votes).Draw(t, "order")
		if one, other := fmt.Sprint(a.decide()), fmt.Sprint(a.with(votes)); one != other {
			t.Fatalf("%s became %s", one, other)
		}
	})
}

// Under other names, with their weights and classes, members decide the same.
func TestOtherNamesDecideTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawn(t)
		names := map[string]string{}
		for i, at := range rapid.Permutation(slices.Clone(a.members)).Draw(t, "names") {
			names[a.members[i]] = "n" + at
		}
		b := assembly{majority: a.majority}
		for _, m := range a.members {
			b.members = append(b.members, names[m])
		}
		for _, v := range a.votes {
			b.votes = append(b.votes, Vote{names[v.Member], v.Answer})
		}
		for i := range a.rules.Weights {
			b.rules.Weights = append(b.rules.Weights, Weight{Member: names[a.rules.Weights[i].Member], Weight: a.rules.Weights[i].Weight})
			b.rules.Votes = append(b.rules.Votes, Weight{Member: names[a.rules.Votes[i].Member], Weight: a.rules.Votes[i].Weight})
		}
		class := Class{Name: "permanent"}
		for _, m := range a.rules.Classes[0].Members {
			class.Members = append(class.Members, names[m])
		}
		b.rules.Classes = []Class{class}
		if one, other := fmt.Sprint(a.decide()), fmt.Sprint(b.decide()); one != other {
			t.Fatalf("%s became %s", one, other)
		}
	})
}
