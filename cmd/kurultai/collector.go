package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// What serves lets garbage lie up to usualGarbage, or as much as lives, whichever is more: the collector walks the whole state
// each time, and acts, pages and tiles leave little that lives. Where much comes at once it is an eighth of what the machine
// can give, within bounds.
const (
	usualGarbage = 128 << 20
	leastSeldom  = 256 << 20
	mostSeldom   = 4 << 30
	mostPercent  = 400 // of what lives
)

// leave lets so much garbage lie, and returns the percentage that was set before. Whoever set GOGC is obeyed: false.
func leave(bytes uint64) (before int, ok bool) {
	if os.Getenv("GOGC") != "" {
		return 0, false
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	percent := mostPercent
	if n := live[0].Value.Uint64(); n > 0 {
		percent = int(min(max(100*bytes/n, 100), mostPercent))
	}
	return debug.SetGCPercent(percent), true
}

// rushes counts what goes on in which much comes at once.
var rushes atomic.Int32

// tendCollector lets garbage lie as is usual, by what lives now and then, until ctx ends.
func tendCollector(ctx context.Context) {
	for {
		if rushes.Load() == 0 {
			leave(usualGarbage)
		}
		select {
		case <-time.After(10 * time.Second):
		case <-ctx.Done():
			return
		}
	}
}

// seldom lets garbage be collected less often while a state grows.
type seldom struct {
	on     bool
	before int    // percent
	bytes  uint64 // of garbage that may lie
}

func (s *seldom) adjust() {
	if s.bytes == 0 {
		s.bytes = uint64(min(max(memoryAvailable()/8, leastSeldom), mostSeldom))
	}
	before, ok := leave(s.bytes)
	if ok && !s.on {
		s.on, s.before = true, before
		rushes.Add(1)
	}
}

// end sets it as it was.
func (s *seldom) end() {
	if s.on {
		s.on = false
		debug.SetGCPercent(s.before)
		rushes.Add(-1)
	}
}

// memoryAvailable is what the machine can give, in bytes; 0 where it does not say.
func memoryAvailable() (n int64) {
	text, _ := os.ReadFile("/proc/meminfo")
	_, text, _ = bytes.Cut(text, []byte("MemAvailable:"))
	fmt.Sscan(string(text), &n)
	return n << 10
}
