package web

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// However many ask at once: a paper is set once for a size, few are set beside each other, and who waits too long is told.
func TestThePressSetsFewAtOnceAndEachOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress()
		var now, most, sets atomic.Int64
		release := make(chan struct{})
		set := func() ([]byte, error) {
			sets.Add(1)
			most.Store(max(most.Load(), now.Add(1)))
			<-release
			now.Add(-1)
			return []byte("paper"), nil
		}
		var all sync.WaitGroup
		ask := func(key string, size int64) {
			all.Go(func() {
				if b, err := p.get(t.Context(), key, size, set); err != nil || string(b) != "paper" {
					t.Errorf("%q %v", b, err)
				}
			})
		}
		many := runtime.GOMAXPROCS(0) + 3
		for i := range many {
			ask(string(rune('a'+i)), 1)
		}
		synctest.Wait()
		if got := now.Load(); got != int64(runtime.GOMAXPROCS(0)) {
			t.Errorf("%d are set at once", got)
		}
		close(release)
		for i := range many {
			ask(string(rune('a'+i)), 1)
		}
		all.Wait()
		if sets.Load() != int64(many) {
			t.Errorf("%d papers set %d times", many, sets.Load())
		}
		ask("a", 2)
		all.Wait()
		if sets.Load() != int64(many)+1 {
			t.Error("a paper of a larger record is that of the smaller")
		}
	})
}

func TestWhoWaitsTooLongForThePressIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress()
		for range cap(p.busy) {
			p.busy <- struct{}{}
		}
		_, err := p.get(t.Context(), "a", 1, func() ([]byte, error) { return nil, errors.New("set") })
		var no told
		if !errors.As(err, &no) || no.status != http.StatusServiceUnavailable {
			t.Errorf("%v", err)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := p.get(gone, "b", 1, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}
