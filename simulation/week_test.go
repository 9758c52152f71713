package simulation_test

import (
	"errors"
	"flag"
	"fmt"
	"testing"
	"testing/cryptotest"
	"testing/synctest"

	"kurultai/simulation"
)

var (
	seed = flag.Uint64("seed", 0, "the one week to live; 0: those of the test")
	days = flag.Int("days", 0, "how many days of five sittings; 0: as brief as the test")
)

// live lives a week in a bubble in which time passes by itself, and only chance that follows from the seed is drawn.
func live(t *testing.T, c simulation.Config) (counts simulation.Counts, err error) {
	t.Run(fmt.Sprint("seed ", c.Seed), func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, c.Seed)
		c.Dir = t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			c.Settle = synctest.Wait
			counts, err = simulation.Live(t.Context(), c)
		})
	})
	return counts, err
}

func TestTheWeekOfAnAssembly(t *testing.T) {
	c := simulation.Config{Seed: 1, Days: 1, Last: 2500, Every: 600}
	if *seed > 0 {
		c.Seed = *seed
	}
	if *days > 0 {
		c.Days, c.Last = *days, 0
	}
	c.Real = c.Seed%2 == 0
	counts, err := live(t, c)
	var broken *simulation.Broken
	if errors.As(err, &broken) {
		t.Errorf("replay it by: go test ./simulation -run TestTheWeekOfAnAssembly -seed %d -days %d", c.Seed, c.Days)
	}
	if err != nil {
		t.Error(err)
	}
	t.Log(counts)
}

// What is broken on purpose is found, by the law that says so, and the same seed finds it again at the same step.
func TestFaultsPutInAreFound(t *testing.T) {
	if len(simulation.Plants) < 5 {
		t.Fatal("too few faults are put in")
	}
	for plant, law := range simulation.Plants {
		c := simulation.Config{Seed: 1, Days: 1, Last: 1500, Every: 60, Parties: 25, Plant: plant}
		found := false
		for ; c.Seed <= 6 && !found; c.Seed++ {
			_, err := live(t, c)
			var broken, again *simulation.Broken
			if !errors.As(err, &broken) {
				if err != nil {
					t.Errorf("%s, seed %d: %v", plant, c.Seed, err)
				}
				continue
			}
			found = true
			_, err = live(t, c)
			if !errors.As(err, &again) || *again != *broken || broken.Law != law {
				t.Errorf("%s, seed %d: %v, and again: %v", plant, c.Seed, broken, err)
			}
			t.Logf("%s: seed %d: %.200s", plant, c.Seed, broken)
		}
		if !found {
			t.Errorf("%s: nothing was found", plant)
		}
	}
}
