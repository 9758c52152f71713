package gather

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A group waits for who was answered just now and comes again, an eighth of what the last took at most; who is alone
// waits for nobody.
func TestAGroupWaitsForWhoComesAgain(t *testing.T) {
	type came struct {
		after time.Duration
		who   int
	}
	rows := []struct {
		name  string
		last  int // of the group before, which took 8 ms
		ago   time.Duration
		here  []int
		come  []came
		want  []int
		waits time.Duration
	}{
		{name: "the first of all", here: []int{1}, want: []int{1}},
		{name: "alone again", last: 1, here: []int{1}, come: []came{{time.Microsecond, 2}}, want: []int{1}},
		{name: "all come again", last: 3, here: []int{1}, come: []came{{100 * time.Microsecond, 2}, {300 * time.Microsecond, 3}, {400 * time.Microsecond, 4}}, want: []int{1, 2, 3}, waits: 300 * time.Microsecond},
		{name: "one does not", last: 3, here: []int{1}, come: []came{{100 * time.Microsecond, 2}}, want: []int{1, 2}, waits: time.Millisecond},
		{name: "the last ended before", last: 3, ago: 2 * time.Millisecond, here: []int{1}, come: []came{{time.Microsecond, 2}}, want: []int{1}},
		{name: "more are here", last: 1, here: []int{1, 2, 3}, want: []int{1, 2, 3}},
		{name: "too many", last: 9, here: []int{1, 2, 3, 4, 5}, want: []int{1, 2, 3, 4}},
		{name: "one goes by itself", last: 9, here: []int{1, 99, 3}, want: []int{1, 99}},
		{name: "nobody", last: 3, want: nil},
	}
	for _, r := range rows {
		synctest.Test(t, func(t *testing.T) {
			var p Pace
			if r.last > 0 {
				began := time.Now()
				time.Sleep(8 * time.Millisecond)
				p.Ended(r.last, began)
			}
			time.Sleep(r.ago)
			from := make(chan int, 8)
			for _, who := range r.here {
				from <- who
			}
			for _, c := range r.come {
				time.AfterFunc(c.after, func() { from <- c.who })
			}
			began := time.Now()
			var group []int
			if len(r.here) > 0 {
				group = append(group, <-from)
			}
			got := Group(&p, group, from, 4, func(who int) bool { return who == 99 })
			if !slices.Equal(got, r.want) || time.Since(began) != r.waits {
				t.Errorf("%s: %v after %v, not %v after %v", r.name, got, time.Since(began), r.want, r.waits)
			}
		})
	}
	t.Logf("%d rows", len(rows))
}
