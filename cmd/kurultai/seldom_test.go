package main

import (
	"os"
	"runtime/debug"
	"testing"
)

// A long join lets garbage lie, and afterwards the collector is as it was; whoever set it is obeyed.
func TestGarbageIsCollectedSeldomWhileMuchComes(t *testing.T) {
	set := func() int { p := debug.SetGCPercent(100); debug.SetGCPercent(p); return p }
	before := set()
	defer debug.SetGCPercent(before)
	debug.SetGCPercent(90)
	if gogc, ok := os.LookupEnv("GOGC"); ok {
		t.Setenv("GOGC", gogc) // put back at the end
		os.Unsetenv("GOGC")
	}
	f := &following{io: streams{nil, new(syncBuffer)}}
	told := f.told()
	told(1, manyToCome)
	if set() != 90 {
		t.Errorf("few entries to come: %d", set())
	}
	told(1, manyToCome+100)
	told(1, manyToCome+100)
	if p := set(); p < 100 || p > 400 {
		t.Errorf("many to come: %d", p)
	}
	f.seldom.end()
	if set() != 90 {
		t.Errorf("afterwards: %d", set())
	}
	t.Setenv("GOGC", "80")
	told(1, manyToCome+100)
	if set() != 90 {
		t.Errorf("where GOGC is set: %d", set())
	}
}
