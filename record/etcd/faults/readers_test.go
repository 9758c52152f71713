package faults

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/recordtest"
)

// lines are the entries from one index to another as a stream gives them.
func lines(from, to int64) (text string) {
	text = "event: entries\n"
	for i := from; i < to; i++ {
		text += fmt.Sprintf("data: %s\n", recordtest.Entry(i, fmt.Sprint("text ", i)))
	}
	return text + fmt.Sprintf("id: %d\n\n", to)
}

// rootOf is the root of the first entries.
func rootOf(size int64) tlog.Hash {
	var edge record.Edge
	for i := range size {
		edge.Append(tlog.RecordHash(recordtest.Entry(i, fmt.Sprint("text ", i))))
	}
	return edge.Root()
}

func page(size int64, text string) string {
	return fmt.Sprintf("event: main\ndata: <aside>of %[1]d</aside><main class=\"m\">\ndata: %[2]s\nid: %[1]d\n\n", size, text)
}

// reads has a reader read what addresses give, each once, and says what it asked for each time.
func reads(t *testing.T, pages bool, given ...string) (heard, []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	var asked, at []string
	for i, text := range given {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if len(asked) == len(given) {
				stop()
				return
			}
			asked = append(asked, fmt.Sprintf("%d %s behind %s", i, r.URL.Path, r.Header.Get("Last-Event-ID")))
			io.WriteString(w, text)
		}))
		t.Cleanup(s.Close)
		at = append(at, s.URL)
	}
	r := &reader{at: at, pages: pages}
	r.read(ctx)
	return r.heard, asked
}

// Who reads goes on at another address with what it saw, and is found to be apart where it got an index twice, one too
// few, another entry, an older page or another page than the rest.
func TestWhatReadersMissIsFound(t *testing.T) {
	changed := "event: entries\ndata: " + string(recordtest.Entry(2, "another")) + "\nid: 3\n\n"
	rows := 0
	for _, row := range []struct {
		name  string
		pages bool
		given []string
		apart int
	}{
		{"all, at two addresses", false, []string{lines(0, 2), lines(2, 3)}, 0},
		{"an index twice", false, []string{lines(0, 2), lines(1, 3)}, 1},
		{"one left out", false, []string{lines(0, 1), lines(2, 3)}, 1},
		{"another entry", false, []string{lines(0, 2), changed}, 1},
		{"one too few", false, []string{lines(0, 1), lines(1, 2)}, 1},
		{"one too many", false, []string{lines(0, 2), lines(2, 4)}, 1},
		{"the newest page", true, []string{page(1, "a"), page(3, "whole")}, 0},
		{"a page that is renewed", true, []string{page(3, "a"), page(3, "whole")}, 0},
		{"a page taken back", true, []string{page(4, "a"), page(3, "whole")}, 1},
		{"another page", true, []string{page(1, "a"), page(3, "other")}, 1},
		{"a page too old", true, []string{page(1, "a"), page(2, "whole")}, 1},
	} {
		rows++
		h, asked := reads(t, row.pages, row.given...)
		path, first := "/log", "2"
		if row.pages {
			path = "/en/record/live"
		}
		fmt.Sscanf(row.given[0][len(row.given[0])-3:], "%s", &first)
		if want := []string{"0 " + path + " behind 0", "1 " + path + " behind " + first}; !slices.Equal(asked, want) {
			t.Errorf("%s: asked %q, want %q", row.name, asked, want)
		}
		whole := heard{size: 3, page: "class=\"m\">\nwhole\n"}
		list, pages := []heard{h, whole, whole}, []bool{row.pages, true, true}
		if n := len(apart(list, pages, 3, rootOf(3))); n != row.apart {
			t.Errorf("%s: %d are apart, want %d: %+v", row.name, n, row.apart, h)
		}
	}
	if rows != 11 {
		t.Errorf("%d rows ran", rows)
	}
}

// The edges' trees are held against the record's, and each checkpoint that a reader got.
func TestEdgesApartAreFound(t *testing.T) {
	whole, acks := told(t, "a", "b", "c")
	other, otherAcks := told(t, "a", "x", "c")
	root := func(c copied) tlog.Hash { h, _ := tlog.TreeHash(c.tree.Size(), &c.tree); return h }
	r := &reader{heard: heard{size: 3, notes: [][]byte{[]byte(acks[0].Note), []byte(acks[2].Note), []byte(otherAcks[1].Note)}}}
	for _, a := range []int64{0, 1, 2} {
		r.edge.Append(tlog.RecordHash(recordtest.Entry(a, []string{"a", "b", "c"}[a])))
	}
	var f Found
	trial := &trial{Config: Config{Talk: io.Discard}, readers: []*reader{r}}
	if err := trial.judgeReaders(&f, &whole.tree, []treeOf{{3, root(whole)}, {3, root(other)}, {2, root(whole)}}); err != nil {
		t.Fatal(err)
	}
	if f.Readers != 1 || f.ReadersApart != 0 || f.EdgesApart != 2 || f.Conflicting != 1 || f.Whole() {
		t.Errorf("%+v", f)
	}
}

// How long a reader saw nothing is counted from the fault on.
func TestTheLongestGap(t *testing.T) {
	at := func(list ...int) (m []time.Time) {
		for _, s := range list {
			m = append(m, time.Unix(int64(s), 0))
		}
		return m
	}
	if d := longestGap(at(1, 5, 7, 8, 20), time.Unix(6, 0)); d != 12*time.Second {
		t.Error(d)
	}
	if d := longestGap(at(1, 5), time.Unix(6, 0)); d != 0 {
		t.Error(d)
	}
}

// The kinds are each there once; engines alone meet none that needs more; a run of 24 rounds has the 24 first.
func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range Kinds {
		if seen[kind] {
			t.Errorf("%s comes twice", kind)
		}
		seen[kind] = true
	}
	alone := kindsOf(false)
	for _, kind := range []string{"member-follower", "clock-leader", "expired-leader", "restore-all", "kill-edge", "cut-edge"} {
		if !seen[kind] || slices.Contains(alone, kind) {
			t.Errorf("%s: is it there? %t; engines alone do not meet it", kind, seen[kind])
		}
	}
	if len(kindsOf(true)) != len(Kinds) || len(alone) < 15 {
		t.Errorf("%d and %d kinds", len(kindsOf(true)), len(alone))
	}
	for _, kind := range []string{"kill-leader", "kill-follower", "kill-all", "stop-leader", "cut-follower", "cut-leader", "one-way-leader", "flapping-leader", "power-leader", "power-follower", "power-all", "full-leader", "full-follower",
		"slow-leader", "loss-all", "delay-all", "clock-leader", "flip-follower", "member-follower", "rolling-all", "restore-all", "expired-leader", "kill-edge", "cut-edge"} {
		if i := slices.Index(Kinds, kind); i < 0 || i >= 24 {
			t.Errorf("%s is not among the first 24", kind)
		}
	}
}
