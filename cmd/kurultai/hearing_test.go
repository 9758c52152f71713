package main

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A machine that hears no writer for longer than another takes to write says so, and since when; a change of writer is
// not told.
func TestAnEarIsPatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var there atomic.Bool
		turns := 0
		e := &ear{hears: func(ctx context.Context) bool {
			if !there.Load() {
				<-ctx.Done() // a majority that is not there never answers
			}
			return there.Load()
		}, turned: func() { turns++ }}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		there.Store(true)
		go e.listen(ctx)
		time.Sleep(20 * time.Second)
		is := func(silent bool, changes int) {
			t.Helper()
			synctest.Wait()
			if e.hearing().Silent != silent || turns != changes {
				t.Errorf("after %v: silent %t, %d changes; want %t, %d", time.Since(time.UnixMilli(e.heard.Load())), e.hearing().Silent, turns, silent, changes)
			}
		}
		is(false, 0)
		there.Store(false)
		time.Sleep(8 * time.Second)
		is(false, 0)
		there.Store(true)
		time.Sleep(4 * time.Second)
		is(false, 0)
		there.Store(false)
		last := time.Now()
		time.Sleep(earSilence + 4*time.Second)
		is(true, 1)
		if since := time.UnixMilli(int64(e.hearing().Since)); since.Before(last.Add(-2*time.Second)) || since.After(last) {
			t.Errorf("it was heard last at %v, and says %v", last, since)
		}
		there.Store(true)
		time.Sleep(4 * time.Second)
		is(false, 2)
	})
}
