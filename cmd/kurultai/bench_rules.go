package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"kurultai/rules"
	"kurultai/rules/bodies"
)

// benchRules decides recorded votes of a house of 193, beside adding the same answers up and nothing else.
func benchRules(ctx context.Context) (*figures, error) {
	const house, votes = 193, 20_000
	assembly, ok := bodies.Get("unga")
	if !ok {
		return nil, fmt.Errorf("the rules of the Assembly are not here")
	}
	members := make([]string, house)
	for i := range members {
		members[i] = fmt.Sprintf("m%03d", i)
	}
	hall := assembly.House(members)
	random := rand.New(rand.NewPCG(193, 1))
	cast := make([][]rules.Vote, 64) // different ones, in the order they came in, from a third in favour to all
	for k := range cast {
		for _, i := range random.Perm(house) {
			answer := []rules.Answer{rules.No, rules.No, rules.Abstain, rules.NotParticipating}[random.IntN(4)]
			if random.IntN(96) < 32+k {
				answer = rules.Yes
			}
			cast[k] = append(cast[k], rules.Vote{Member: members[i], Answer: answer})
		}
	}
	var decided, summed []float64
	carried, yes := 0, 0
	for range benchRounds {
		runtime.GC()
		start := time.Now()
		for n := range votes {
			m, _ := assembly.Majority("important")
			if m.Decide(hall.Count(nil, cast[n%len(cast)], m), assembly.Tie).Outcome == rules.Carried {
				carried++
			}
		}
		decided = append(decided, seconds(start))
		runtime.GC()
		start = time.Now()
		for n := range votes {
			for _, v := range cast[n%len(cast)] {
				if v.Answer == rules.Yes {
					yes++
				}
			}
		}
		summed = append(summed, seconds(start))
	}
	f := &figures{what: "rules"}
	f.add("ratio", median(decided)/median(summed), "", "a vote decided beside its answers in favour added up")
	f.add("votes_per_s", votes/median(decided), "votes/s", fmt.Sprintf("decided in a house of %d, %d of %d carried", house, carried/benchRounds, votes)).atLeast(100_000)
	f.add("reference_per_s", votes/median(summed), "votes/s", fmt.Sprintf("added up alone, %d in favour in all", yes/benchRounds))
	f.add("rounds", benchRounds, "", "the median of these counts; the sides alternate")
	return f, nil
}
