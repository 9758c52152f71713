package measure

import (
	"bytes"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"kurultai/secretariat/gather"
)

// Groups takes one entry and all that wait, commits them together, and answers: what any group commit does.
type Groups struct {
	in     chan wish
	done   chan struct{}
	gather bool // wait for others as the secretariat's groups do
}

type wish struct {
	b    []byte
	done chan error
}

// NewGroups begins to take entries. Commit is called by one goroutine; its error is told to all of the group.
func NewGroups(commit func(entries [][]byte) error) *Groups {
	g := &Groups{in: make(chan wish, 256), done: make(chan struct{})}
	go g.run(commit)
	return g
}

// NewGathered are groups that wait for others as those of the secretariat do.
func NewGathered(commit func(entries [][]byte) error) *Groups {
	g := &Groups{in: make(chan wish, 256), done: make(chan struct{}), gather: true}
	go g.run(commit)
	return g
}

func (g *Groups) run(commit func([][]byte) error) {
	defer close(g.done)
	var pace gather.Pace
	for w := range g.in {
		waiting := gather.Group(&pace, []wish{w}, g.in, math.MaxInt, func(wish) bool { return false })
		var entries [][]byte
		for _, w := range waiting {
			entries = append(entries, w.b)
		}
		began := time.Now()
		err := commit(entries)
		for _, w := range waiting {
			w.done <- err
		}
		if g.gather {
			pace.Ended(len(waiting), began)
		}
	}
}

// Write returns when the group of an entry is committed.
func (g *Groups) Write(b []byte) error {
	w := wish{b, make(chan error, 1)}
	g.in <- w
	return <-w.done
}

// Close returns when all who wait were answered. Nobody may write any more.
func (g *Groups) Close() {
	close(g.in)
	<-g.done
}

// A Loop is the least a disk takes: groups whose bytes are written to a growing file, and its data synced.
type Loop struct {
	*Groups
	file *os.File
}

// NewLoop begins a new file.
func NewLoop(path string) (*Loop, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &Loop{NewGroups(func(entries [][]byte) error {
		if _, err := f.Write(bytes.Join(entries, nil)); err != nil {
			return err
		}
		return unix.Fdatasync(int(f.Fd()))
	}), f}, nil
}

// Close closes the file too.
func (l *Loop) Close() error {
	l.Groups.Close()
	return l.file.Close()
}

// WriteSynced appends each chunk to a new file and syncs its data; the times are in seconds.
func WriteSynced(path string, chunks [][]byte) (times []float64, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for _, c := range chunks {
		start := time.Now()
		if _, err := f.Write(c); err != nil {
			return nil, err
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return nil, err
		}
		times = append(times, time.Since(start).Seconds())
	}
	return times, nil
}
