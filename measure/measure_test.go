package measure

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"testing"
)

// An index is known in a line of its own, within what an event says, and where it comes in pieces.
func TestReadersKnowAnIndex(t *testing.T) {
	for _, test := range []struct {
		pieces []string
		want   int64
	}{
		{[]string{"id: 7\ndata: x\n\n"}, 7},
		{[]string{`data: {"pub":{"data":"id: 7 xxx"}}` + "\n\n"}, 7},
		{[]string{"id: 1", "2\n\n"}, 12},
		{[]string{"id: 12"}, -1},
		{[]string{"id: 12\n\nid: 9\n\n"}, 12},
		{[]string{"retry: 3\n\n"}, -1},
		{[]string{"id: x\n\nid: 3\n\n"}, 3},
	} {
		r, s := &readers{reached: make(chan struct{})}, &seen{id: -1}
		for _, piece := range test.pieces {
			r.took(s, []byte(piece))
		}
		if s.id != test.want {
			t.Errorf("%q: %d", test.pieces, s.id)
		}
	}
}

// What many write through the loop is in the file, each whole, when they are answered.
func TestLoopWritesWhatItAnswers(t *testing.T) {
	path := t.TempDir() + "/file"
	l, err := NewLoop(path)
	if err != nil {
		t.Fatal(err)
	}
	const authors, each = 8, 5
	var wait sync.WaitGroup
	for a := range authors {
		wait.Go(func() {
			for n := range each {
				line := fmt.Appendf(nil, "<%d %d>", a, n)
				if err := l.Write(line); err != nil {
					t.Error(err)
				}
				if b, err := os.ReadFile(path); err != nil || bytes.Count(b, line) != 1 {
					t.Errorf("%s stands %d times, %v", line, bytes.Count(b, line), err)
				}
			}
		})
	}
	wait.Wait()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if b, _ := os.ReadFile(path); bytes.Count(b, []byte("<")) != authors*each {
		t.Errorf("%d entries", bytes.Count(b, []byte("<")))
	}
}
