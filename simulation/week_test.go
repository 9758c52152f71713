package simulation_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"

	"kurultai/simulation"
)

var (
	seed = flag.Uint64("seed", 0, "the one week to live; 0: those of the test")
	sits = flag.Int("sittings", 0, "how many sittings, five a day; 0: as few as the test")
)

// live lives a week in a bubble in which time passes by itself, and only chance that follows from the seed is drawn.
func live(t *testing.T, c simulation.Config) (counts simulation.Counts, err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // states of long ago are kept, and walked each time
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

// A sitting of a record of a story, and one of a record in which acts of consequence are attested; or, by flags, any week:
// 25 sittings of seed 7 are lived by -seed 7 -sittings 25.
func TestTheWeekOfAnAssembly(t *testing.T) {
	seeds, sittings := []uint64{1, 2}, 1
	if *seed > 0 {
		seeds = []uint64{*seed}
	}
	if *sits > 0 {
		sittings = *sits
	}
	for _, seed := range seeds {
		counts, err := live(t, simulation.Config{Seed: seed, Sits: sittings, Every: 600, Look: int64(150 * min(sittings, 3)), Counts: published(t), Real: seed%2 == 0})
		if err != nil {
			t.Errorf("%v\nlive it again: go test ./simulation -run TestTheWeekOfAnAssembly -v -seed %d -sittings %d", err, seed, sittings)
		}
		t.Log(counts)
		if err == nil && (counts.Acked == 0 || counts.Repeats == 0 || counts.Results == 0 || counts.Kills == 0 || counts.Nodes == 0 || counts.Searched == 0 || counts.Given == 0 || counts.Watched == 0 || counts.Cosigned == 0 || counts.PutBack == 0 || counts.Held == 0 || len(counts.Refusals) < 20) {
			t.Errorf("seed %d: too little happened to say anything", seed)
		}
	}
}

// published are roll calls of the General Assembly in a house of 193, where the table is there.
func published(t *testing.T) (rolls []simulation.Roll) {
	if _, err := os.Stat("../../shared/data/unga/rollcalls.csv"); err != nil {
		return nil
	}
	for _, r := range rows(t, "../../shared/data/unga/rollcalls.csv") {
		count := func(key string) int { return len(strings.Fields(r[key])) }
		roll := simulation.Roll{Name: "roll call " + r["rcid"], Yes: count("Y"), No: count("N"), Abstain: count("A"), Absent: count("X")}
		if n := roll.Yes + roll.No + roll.Abstain + roll.Absent; n > 185 && n <= 193 {
			rolls = append(rolls, roll)
		}
	}
	return rolls
}

// What is broken on purpose is found, by the law that says so, and the same seed finds it again at the same step.
func TestFaultsPutInAreFound(t *testing.T) {
	if len(simulation.Plants) < 5 {
		t.Fatal("too few faults are put in")
	}
	for plant, law := range simulation.Plants {
		c := simulation.Config{Seed: 1, Sits: 3, Every: 60, Parties: 25, Plant: plant}
		if strings.HasPrefix(plant, "shows") {
			c.Look = 40
		}
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
