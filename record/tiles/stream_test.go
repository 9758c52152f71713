package tiles

import (
	"slices"
	"testing"
	"time"
)

// Streams that follow one record have their turns at even distances, each a pace after its last.
func TestStreamsTakeTurns(t *testing.T) {
	const pace = 75 * time.Millisecond
	rows := 0
	for _, streams := range []int64{1, 2, 7, 50, 2000} {
		var at []time.Duration // within a pace
		for order := range streams {
			for _, now := range []time.Duration{0, 1, pace / 3, pace, 77 * time.Hour} {
				rows++
				wait := untilTurn(now, pace, order)
				if wait < pace/2 || wait > pace*3/2 {
					t.Fatalf("stream %d waits %v at %v", order, wait, now)
				}
				turn := now + wait
				if again := untilTurn(turn+time.Millisecond, pace, order) + time.Millisecond; again != pace {
					t.Fatalf("stream %d: its turns are %v apart", order, again)
				}
				if now == 0 {
					at = append(at, turn%pace)
				}
			}
		}
		slices.Sort(at)
		widest := at[0] + pace - at[len(at)-1]
		for i := 1; i < len(at); i++ {
			widest = max(widest, at[i]-at[i-1])
		}
		if even := pace / time.Duration(streams); widest > 2*even {
			t.Errorf("of %d streams two are %v apart, where evenly it were %v", streams, widest, even)
		}
	}
	t.Logf("%d rows", rows)
}
