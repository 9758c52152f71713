// Package gather is how long a writer waits for others before it commits a group.
package gather

import "time"

// A Pace is how long a group waits for those who are about to come.
//
// Authors who act again as soon as they are answered come within moments of each other. Were the first of them taken
// alone, the others would wait for its group and then for their own: twice as long, and half as many a second. So a group
// waits for as many as the group before had, if it ended just now, but never longer than an eighth of what that took.
// Who acts alone never waits.
type Pace struct {
	last  int
	took  time.Duration
	ended time.Time
}

// Ended notes a group: of how many it was and when it began.
func (p *Pace) Ended(n int, began time.Time) {
	p.ended = time.Now()
	p.last, p.took = n, p.ended.Sub(began)
}

// Group takes who waits behind those of a group, and for a moment who is about to; of at most so many, and nobody behind
// one that goes by itself.
func Group[T any](p *Pace, group []T, from <-chan T, most int, itself func(T) bool) []T {
	var late <-chan time.Time
	for len(group) < most && (len(group) == 0 || !itself(group[len(group)-1])) {
		select {
		case next, more := <-from:
			if !more {
				return group
			}
			group = append(group, next)
			continue
		default:
		}
		if len(group) == 0 || len(group) >= p.last {
			return group
		}
		if late == nil {
			patience := p.took/8 - time.Since(p.ended)
			if patience <= 0 {
				return group
			}
			late = time.After(patience)
		}
		select {
		case next, more := <-from:
			if !more {
				return group
			}
			group = append(group, next)
		case <-late:
			return group
		}
	}
	return group
}
