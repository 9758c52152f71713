package rules

import (
	"math/big"
	"testing"
)

// A quorum is met just where the share of those present says so, reckoned in rational numbers.
func TestQuorumIsTheShareItSays(t *testing.T) {
	tried := 0
	for den := int64(1); den <= 7; den++ {
		for num := range den + 1 {
			part := Fraction{Num: num, Den: den}
			if err := part.Check(); err != nil {
				t.Fatal(err)
			}
			for members := range int64(40) {
				for present := range members + 1 {
					share := big.NewRat(num*members, den)
					have := big.NewRat(present, 1)
					if met, _ := (Quorum{Over: &part}).Met(present, members); met != (have.Cmp(share) > 0) {
						t.Fatalf("%d of %d is over %v: %v", present, members, part, met)
					}
					if met, _ := (Quorum{AtLeast: &part}).Met(present, members); met != (have.Cmp(share) >= 0) {
						t.Fatalf("%d of %d is at least %v: %v", present, members, part, met)
					}
					tried++
				}
			}
		}
	}
	t.Logf("%d rows", tried)
}

func TestNeededIsTheLeastThatSuffices(t *testing.T) {
	half, third := Fraction{Num: 1, Den: 2}, Fraction{Num: 1, Den: 3}
	for _, row := range []struct {
		q               Quorum
		members, needed int64
	}{
		{Quorum{Over: &half}, 193, 97}, {Quorum{Over: &half}, 5, 3}, {Quorum{Over: &half}, 4, 3}, {Quorum{AtLeast: &half}, 4, 2},
		{Quorum{AtLeast: &third}, 193, 65}, {Quorum{AtLeast: &third}, 3, 1}, {Quorum{Over: &third}, 3, 2}, {Quorum{Over: &half}, 0, 1},
	} {
		if _, needed := row.q.Met(0, row.members); needed != row.needed {
			t.Errorf("%+v of %d needs %d, not %d", row.q, row.members, needed, row.needed)
		}
	}
}

func TestWhatIsNoRuleIsRefused(t *testing.T) {
	half := Fraction{Num: 1, Den: 2}
	for _, bad := range []interface{ Check() error }{
		Fraction{Num: -1, Den: 2}, Fraction{Num: 1}, Fraction{Num: 3, Den: 2}, Fraction{Num: 1, Den: 1_000_001}, Fraction{Num: 1, Den: -2},
		Quorum{}, Quorum{Over: &half, AtLeast: &half}, Limit{}, Limit{Seconds: -5}, Limit{Seconds: 86401},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
	for _, good := range []interface{ Check() error }{half, Fraction{Num: 0, Den: 1}, Fraction{Num: 1, Den: 1}, Quorum{Over: &half}, Limit{Seconds: 1}, Limit{Seconds: 86400}} {
		if err := good.Check(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
}
