package story_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/story/storytest"
)

// A commitment whose debtors have different days falls due on each of them, though what falls due has one name and so the
// clock's act one key; and the record goes on.
func TestACommitmentFallsDueOnEachOfItsDays(t *testing.T) {
	var clock storytest.Clock
	s := storytest.PlayOn(t, text(t, "undertakings"), "", &clock)
	n := 0
	do := func(name, fields string) {
		t.Helper()
		v, err := canonical.Parse(fields)
		if err != nil {
			t.Fatal(err)
		}
		n++
		a := record.Submitted{As: "Secretary", By: "b38eac015d9a1c1ed41abec6ae64cf9f", Fields: v, Key: canonical.EncodeBytes(fmt.Appendf(nil, "%016d", n)), Name: name, Origin: s.View().Origin()}
		if _, err := s.Do(t.Context(), &secretariat.Act{Submitted: a}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	day := func(n int) string {
		return time.UnixMilli(int64(storytest.Time)).UTC().AddDate(0, 0, n).Format(time.DateOnly)
	}
	do("ExtractCommitment", fmt.Sprintf(`{"commitment":"twice","decision":"vii-1","due":"%s","paragraph":"op1","parties":["xo","xz"],"what":"report"}`, day(0)))
	do("MoveDueDate", fmt.Sprintf(`{"basis":"vii-1","commitment":"twice","due":"%s","party":"xz"}`, day(1)))
	for days, want := range []string{"false false", "true false", "true true"} {
		if days > 0 {
			clock.Pass(24 * time.Hour)
			do("FileNote", fmt.Sprintf(`{"note":"day-%d","text":"a day went by"}`, days))
		}
		c, _ := s.View().State().Commitment("twice")
		if got := fmt.Sprint(c.Standings[0].Overdue.Index > 0, c.Standings[1].Overdue.Index > 0); got != want {
			t.Errorf("after %d days overdue are %s, want %s", days, got, want)
		}
	}
	// Who submits what the writer's own clock entered meanwhile, as who plays a story, gets the receipt of that.
	key := sha256.Sum256([]byte("commitment/twice"))
	v, err := canonical.Parse(`{"due":"commitment/twice"}`)
	if err != nil {
		t.Fatal(err)
	}
	came := record.Submitted{As: string(conference.Clock), By: "clock", Fields: v, Key: canonical.EncodeBytes(key[:16]), Name: "TimeCame", Origin: s.View().Origin()}
	r, err := s.Do(t.Context(), &secretariat.Act{Submitted: came})
	if c, _ := s.View().State().Commitment("twice"); err != nil || !r.Again || r.Index != c.Standings[1].Overdue.Index {
		t.Errorf("%+v, %v", r, err)
	}
}
