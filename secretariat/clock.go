package secretariat

import (
	"time"

	"kurultai/record"
)

// How far clocks may be apart before the wall clock is doubted (doc/record.md section 6).
const (
	apart   = 60_000         // milliseconds between wall and steady clock, or behind the last entry
	longAgo = 24 * 3_600_000 // milliseconds between the last entry and a start
)

// A clock watches the wall clock by a steady one. While it doubts the wall clock, time goes on from the last entry
// by the steady clock alone.
type clock struct {
	told   bool // of a story: time goes on from the last entry, and there is no doubt about it
	wall   func() record.Instant
	steady func() time.Duration // since any moment; never goes back

	doubt      string         // "", or why: behind, step, gap
	wallThen   record.Instant // when both were last believed
	steadyThen time.Duration
	last       record.Instant // of the last entry seen here
	lastSteady time.Duration  // when it was first seen
	confirmed  bool           // officers confirmed a clock that is behind the last entry
}

// start begins to watch, with a record whose last entry is of time last.
func (c *clock) start(last record.Instant, empty bool) {
	c.wallThen, c.steadyThen = c.wall(), c.steady()
	c.saw(last)
	if !empty && c.wallThen > last+longAgo {
		c.doubt = "gap"
	}
}

// saw notes when an entry was first seen to be the last.
func (c *clock) saw(last record.Instant) {
	if last != c.last {
		c.last, c.lastSteady = last, c.steady()
	}
}

// now is the recorded time of an act decided now, after an entry of time last, and whether the clock is doubtful.
func (c *clock) now(last record.Instant, empty bool) (at record.Instant, doubtful bool) {
	wall, steady := c.wall(), c.steady()
	c.saw(last)
	if empty {
		c.wallThen, c.steadyThen = wall, steady
		return wall, false
	}
	if c.told {
		return last + record.Instant((steady-c.lastSteady)/time.Millisecond), false
	}
	expected := c.wallThen + record.Instant((steady-c.steadyThen)/time.Millisecond)
	agree := wall-expected <= apart && expected-wall <= apart
	behind := wall < last-apart && !c.confirmed
	switch {
	case c.doubt == "gap":
	case behind:
		c.doubt = "behind"
	case !agree:
		c.doubt = "step"
	default:
		c.doubt, c.wallThen, c.steadyThen = "", wall, steady
	}
	if wall >= last {
		c.confirmed = false
	}
	if c.doubt != "" {
		return last + record.Instant((steady-c.lastSteady)/time.Millisecond), true
	}
	return max(last, wall), false
}

// confirm believes the wall clock as it is.
func (c *clock) confirm() {
	c.doubt, c.confirmed = "", true
	c.wallThen, c.steadyThen = c.wall(), c.steady()
}
