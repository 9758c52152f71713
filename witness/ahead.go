package witness

import (
	"context"
	"iter"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
)

// An ahead is an entry with all that can be said of it before those before it were decided: what it reads, that its bytes
// are those of its hash, and which of its assertions are signed by a key that was known then.
type ahead struct {
	record.Stored
	entry    *record.Entry
	verified conference.Verified
	err      error // a *record.EntryError
}

// read reads entry index. s is a state before it, perhaps long before.
func read(stored record.Stored, index int64, s *conference.State) (x ahead) {
	x.Stored = stored
	if x.entry, x.err = record.ParseEntry(string(stored.Bytes), index); x.err != nil {
		return x
	}
	if tlog.RecordHash(stored.Bytes) != stored.Hash {
		x.err = &record.EntryError{Index: index, Why: "does not match the hash kept beside it"}
		return x
	}
	if len(x.entry.Attestations) > 0 {
		x.verified = conference.VerifyAhead(s, x.entry.Attestations)
	}
	return x
}

// A lot is entries in order: at most lotEntries, and at most lotBytes of them where there are several. What was parsed may
// take forty times the bytes.
type lot []ahead

const (
	lotEntries = 2048
	lotBytes   = 2 << 20
)

// readAhead yields the entries behind those that were decided, in lots, each while the next is read on another processor
// and the one behind that is fetched. An error comes behind the entries before it, and is the last. r may decide what is
// yielded and nothing else meanwhile.
func (r *Replay) readAhead(ctx context.Context, entries iter.Seq2[record.Stored, error]) iter.Seq2[lot, error] {
	return func(yield func(lot, error) bool) {
		going, stop := context.WithCancel(ctx)
		fetched, ready := make(chan []record.Stored, 2), make(chan lot, 1)
		var state atomic.Pointer[conference.State] // as of some lot before
		publish := func() {
			s := r.State
			state.Store(&s)
		}
		publish()
		index := r.edge.Size()
		var why error // once fetched is closed
		go func() {
			defer close(fetched)
			why = gather(going, entries, fetched)
		}()
		go func() {
			defer close(ready)
			for list := range fetched {
				if going.Err() != nil {
					continue // nobody asks any more
				}
				l := make(lot, len(list))
				for i, stored := range list {
					l[i] = read(stored, index, state.Load())
					index++
				}
				select {
				case ready <- l:
				case <-going.Done():
				}
			}
		}()
		defer func() { // until both have ended
			stop()
			for range ready {
			}
		}()
		for l := range ready {
			if !yield(l, nil) {
				return
			}
			publish()
		}
		if err := ctx.Err(); err != nil {
			why = err
		}
		if why != nil {
			yield(nil, why)
		}
	}
}

// gather sends entries in lots until ctx ends.
func gather(ctx context.Context, entries iter.Seq2[record.Stored, error], lots chan<- []record.Stored) error {
	var list []record.Stored
	size := 0
	send := func() error {
		if len(list) == 0 {
			return nil
		}
		select {
		case lots <- list:
			list, size = nil, 0
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for stored, err := range entries {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && (len(list) == lotEntries || size+len(stored.Bytes) > lotBytes) {
			err = send()
		}
		if err != nil {
			if sendErr := send(); sendErr != nil {
				return sendErr
			}
			return err
		}
		list, size = append(list, stored), size+len(stored.Bytes)
	}
	return send()
}
