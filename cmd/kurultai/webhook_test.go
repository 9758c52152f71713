package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// listener hears what it is told, or not.
type listener struct {
	began time.Time
	deaf  bool
	tried []time.Duration // when, since it began
	heard []string
}

func (l *listener) post(_ context.Context, body []byte) error {
	l.tried = append(l.tried, time.Since(l.began))
	if l.deaf {
		return errors.New("nobody is there")
	}
	l.heard = append(l.heard, string(body))
	return nil
}

// A webhook that is not reached is told again after growing pauses, for a day; a node that is started anew goes on, and what was
// heard is not told twice.
func TestAWebhookThatIsNotReachedIsToldAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "webhook.json")
	synctest.Test(t, func(t *testing.T) {
		l := &listener{began: time.Now(), deaf: true}
		// running has a node tell for so long.
		running := func(long time.Duration, say ...string) *webhook {
			w, err := readWebhook(path, l.post)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			go w.run(ctx)
			for _, body := range say {
				if err := w.tell([]byte(body)); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(long)
			stop()
			synctest.Wait()
			return w
		}
		running(time.Minute, "a fork")
		if want := []time.Duration{0, 5 * time.Second, 15 * time.Second, 35 * time.Second}; !slices.Equal(l.tried, want) {
			t.Errorf("in the first minute it is tried after %v, and not %v", l.tried, want)
		}
		l.tried = nil
		running(3 * 24 * time.Hour) // started anew
		if len(l.tried) < 25 || len(l.tried) > 40 {
			t.Fatalf("%d tries in a day", len(l.tried))
		}
		for i := range l.tried[2:] {
			if before, after := l.tried[i+1]-l.tried[i], l.tried[i+2]-l.tried[i+1]; after < before || after > time.Hour {
				t.Errorf("a pause of %v behind one of %v", after, before)
			}
		}
		if last := l.tried[len(l.tried)-1] - l.tried[0]; last < 22*time.Hour || last > 24*time.Hour {
			t.Errorf("it is given up after %v", last)
		}
		l.tried, l.deaf = nil, false
		w := running(time.Minute, "a fork", "another log") // the first is still untold, and is no second one
		if !slices.Equal(l.heard, []string{"a fork", "another log"}) {
			t.Errorf("it hears %q", l.heard)
		}
		if len(w.state.Untold) != 0 || len(w.state.Told) != 2 {
			t.Errorf("kept: %+v", w.state)
		}
		running(48*time.Hour, "a fork")
		if len(l.heard) != 2 || len(l.tried) != 2 {
			t.Errorf("what was heard is told again: %q", l.heard)
		}
		l.deaf = true
		w = running(0)
		for i := range 2 * webhookMost {
			if err := w.tell(fmt.Append(nil, "thing ", i)); (err != nil) != (i >= webhookMost) {
				t.Fatalf("thing %d: %v", i, err)
			}
		}
	})
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readWebhook(path, nil); err == nil {
		t.Error("half a file is taken for what was told")
	}
	var nobody *webhook
	if err := errors.Join(nobody.tell(nil), nobody.try(t.Context())); err != nil {
		t.Error(err)
	}
	nobody.run(t.Context())
}
