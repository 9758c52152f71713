package main

import (
	"context"
	"sync/atomic"
	"time"

	"kurultai/record"
	"kurultai/secretariat"
	"kurultai/web"
)

// An ear is how a machine of several hears whoever writes their record.
type ear struct {
	hears  func(context.Context) bool // asks a majority who writes
	turned func()                     // hears that it is silent now, or no more

	heard  atomic.Int64 // when it was heard last, in milliseconds since 1970
	silent atomic.Bool
}

const (
	earEvery = time.Second
	// earSilence is longer than another takes to write where the writer is lost (doc/performance.md).
	earSilence = 10 * time.Second
)

// listen asks until ctx ends.
func (e *ear) listen(ctx context.Context) {
	last := time.Now()
	e.heard.Store(last.UnixMilli())
	for ctx.Err() == nil {
		asked, stop := context.WithTimeout(ctx, earEvery+answerWithin/5)
		if e.hears(asked) {
			last = time.Now()
			e.heard.Store(last.UnixMilli())
		}
		stop()
		if silent := time.Since(last) > earSilence; e.silent.Swap(silent) != silent {
			e.turned()
		}
		secretariat.Pause(ctx, earEvery)
	}
}

// hearing is what the pages say of it.
func (e *ear) hearing() web.Hearing {
	return web.Hearing{Silent: e.silent.Load(), Since: e.at()}
}

// at is when the writer was heard last.
func (e *ear) at() record.Instant { return record.Instant(e.heard.Load()) }

// hears asks a majority who writes: nobody is heard where none answers, nor where nobody has the pen, nor by a machine
// whose copy lags behind what was agreed.
func (q *quorum) hears(ctx context.Context) bool {
	o, ok := q.member.Leader(ctx)
	return ok && !q.ops.lags() && (o.Name != q.member.Name() || q.s.Leads())
}
