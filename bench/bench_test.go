package main

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kurultai/measure"
)

// TestMain is the program itself where it calls itself.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && children[os.Args[1]] != nil {
		if err := children[os.Args[1]](context.Background(), os.Args[2]); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Every server gives each reader the newest event and each that comes.
func TestServersReachAll(t *testing.T) {
	c, err := fanout(run{ctx: t.Context(), rounds: 1, readers: 40})
	if err != nil {
		t.Fatal(err)
	}
	lost := c.goals[len(c.goals)-1]
	if len(c.tables[0].rows) != len(servers) || lost.key != "lost" || lost.value != 0 {
		t.Errorf("%d servers, %s %v", len(c.tables[0].rows), lost.key, lost.value)
	}
	for _, r := range c.tables[0].rows {
		if !(r.median("cpu") > 0) || !(r.median("last") > 0) {
			t.Errorf("%s: %v s a delivery, %v s until the last", r.key, r.median("cpu"), r.median("last"))
		}
	}
}

// Each system takes what four authors give at once, and waits for its proof.
func TestSystemsTake(t *testing.T) {
	for _, c := range contenders {
		if c.slow { // it is the tuned one with other numbers
			continue
		}
		dir := t.TempDir()
		for at := dir; at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
			os.Chmod(at, 0o755) // PostgreSQL's user passes through
		}
		s, err := c.open(t.Context(), dir)
		if err != nil {
			t.Errorf("%s: %v", c.title, err)
			continue
		}
		for _, provable := range []bool{false, true} {
			took, err := s.turn(t.Context(), turn{Authors: 4, For: 200 * time.Millisecond, Provable: provable})
			if err != nil || took.Rate <= 0 || took.P50 <= 0 || took.P99 < took.P50 {
				t.Errorf("%s: %+v, %v", c.title, took, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", c.title, err)
		}
	}
}

// The program with SQLite shows what it was given.
func TestThePlainProgramShowsAll(t *testing.T) {
	r := (&table{}).row("plain", "")
	if err := plainly(t.TempDir()+"/db", measure.People(25, 10), 25, r); err != nil {
		t.Fatal(err)
	}
	if err := plainly(t.TempDir()+"/db", measure.People(25, 10), 26, r); err == nil || !strings.Contains(err.Error(), "25 of 26") {
		t.Errorf("one is missing: %v", err)
	}
}

// A goal is missed on its own side, what was not measured is no goal, and both faces of a comparison say the same.
func TestComparisonSays(t *testing.T) {
	of := &table{key: "t", title: "T", columns: []column{{"rate", "entries/s", "", true}, {"p50", "p50", "s", false}}}
	first, second := of.row("first", "F"), of.row("second", "S")
	for _, v := range []float64{3, 1, 2} {
		first.add("rate", v)
		second.add("rate", 10*v)
		second.add("p50", v/1000)
	}
	c := &comparison{what: "x", tables: []*table{of}}
	c.atLeast("met", 2, 1, "")
	c.atLeast("below", 0.5, 1, "")
	c.atMost("above", 2, 1, "")
	c.atMost("none", math.NaN(), 1, "")
	if got := strings.Join(c.missed(), " "); got != "below above" || len(c.goals) != 3 {
		t.Errorf("missed: %s, of %d", got, len(c.goals))
	}
	if want := "| S | 20 | 10 | 2 ms |"; !strings.Contains(c.String(), want) || !strings.Contains(c.String(), "by a factor of 3.00") {
		t.Errorf("not %s in:\n%s", want, c)
	}
	b, err := json.Marshal(c.machine())
	for _, want := range []string{`"rate":20`, `"rate_ratio":10`, `"p50":0.002`, `"below_goal":"at least 1"`, `"missed":["below","above"]`, `"rate_noise":3`} {
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("not %s in %s, %v", want, b, err)
		}
	}
}

// What cannot be understood is a mistake of usage, before anything is measured.
func TestUsage(t *testing.T) {
	for _, args := range []string{"", "nothing", "append more", "append -rounds 0", "fanout -readers x", "append -of bare,nobody"} {
		var wrong errUsage
		if err := command(strings.Fields(args)); !errors.As(err, &wrong) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
