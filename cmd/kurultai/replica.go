package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/torchwood"

	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/tiles"
	"kurultai/secretariat"
	"kurultai/web"
	"kurultai/witness"
)

// A replica is a record that is written elsewhere, as it is shown here.
type replica struct {
	engine record.Engine
	marks  *witness.Marks
	shown  atomic.Pointer[secretariat.View]

	mu       sync.Mutex       // guards what follows
	more     chan struct{}    // closed, and made anew, when more is shown
	openings []record.Opening // meant for all, by index, as the source last gave them
	digest   string           // of their lines; "" while there are none
}

// publish makes a view what readers see.
func (r *replica) publish(v *secretariat.View) {
	r.shown.Store(v)
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.more)
	r.more = make(chan struct{})
}

// size is how many entries are shown; 0 while there is nothing to show.
func (r *replica) size() int64 {
	if v := r.shown.Load(); v != nil {
		return v.State().Size
	}
	return 0
}

// View, At and Wait make a replica a web.Record.
func (r *replica) View() web.View { return shown{r.shown.Load()} }

func (r *replica) At(ctx context.Context, size int64) (web.View, error) {
	v, err := r.shown.Load().At(ctx, size)
	return shown{v}, err
}

func (r *replica) Wait(ctx context.Context, size int64) error {
	for {
		r.mu.Lock()
		more := r.more
		r.mu.Unlock()
		if r.shown.Load().State().Size > size {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// fetchOpenings asks a source for the names that are meant for all. Names that are not given any more are not told any
// more. The error is of the first that does not belong to its entry, or is unreadable: the others are taken.
func (r *replica) fetchOpenings(ctx context.Context, source torchwood.TileReader) (wrong error) {
	v := r.shown.Load()
	var all, kept []record.Opening
	for n := range (v.State().Size + torchwood.TileWidth - 1) / torchwood.TileWidth {
		b, err := source.ReadEndpoint(ctx, tiles.OpeningPath(n))
		if err != nil {
			continue // there is nothing to tell of these entries, or it comes later
		}
		for line := range strings.Lines(string(b)) {
			o, err := record.ParseOpening(strings.TrimSuffix(line, "\n"))
			if err == nil {
				all = append(all, o)
			} else if wrong == nil {
				wrong = fmt.Errorf("what the source opens of entries %d to %d: %w", n*torchwood.TileWidth, (n+1)*torchwood.TileWidth-1, err)
			}
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	for _, o := range all {
		if err := v.Learn(ctx, o); err == nil {
			kept = append(kept, o)
		} else if wrong == nil {
			wrong = fmt.Errorf("what the source opens of entry %d: %w", o.Index, err)
		}
	}
	v.Unlearn(kept)
	sum := sha256.New()
	for _, o := range kept {
		sum.Write(o.Append(nil))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.openings, r.digest = kept, ""
	if len(kept) > 0 {
		r.digest = canonical.EncodeBytes(sum.Sum(nil))
	}
	return wrong
}

// names is the digest of the names that are told.
func (r *replica) names() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.digest
}

// copied is a replica as it is served to further nodes: with the openings its source gave.
type copied struct {
	cosignedLog
	r *replica
}

func (r *replica) served() tiles.Log { return copied{cosignedLog{r.shown.Load(), r.engine}, r} }

func (c copied) Openings(_ context.Context, from int64, _ bool) iter.Seq2[record.Opening, error] {
	c.r.mu.Lock()
	list := c.r.openings
	c.r.mu.Unlock()
	return func(yield func(record.Opening, error) bool) {
		for _, o := range list {
			if o.Index >= from && !yield(o, nil) {
				return
			}
		}
	}
}

// pinned finds the log's key: as it was given, as it is kept in dir, or as a source says at the first start; from then on
// it is kept there. Without dir it is kept nowhere.
func pinned(ctx context.Context, io streams, dir, given, flag, from string, source torchwood.TileReader) (*record.Verifier, error) {
	path := filepath.Join(dir, "log.pub")
	if dir != "" {
		kept, err := os.ReadFile(path)
		switch {
		case err == nil && given != "" && strings.TrimSpace(string(kept)) != strings.TrimSpace(given):
			return nil, hinted{fmt.Errorf("the copy here was begun under another key of the log than %s gives", flag), "name a new folder with -data to follow another record"}
		case err == nil:
			return record.ParseVerifier(strings.TrimSpace(string(kept)))
		case !errors.Is(err, os.ErrNotExist):
			return nil, err
		}
	}
	text := given
	if text == "" {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		b, err := source.ReadEndpoint(ctx, "key")
		if err != nil {
			return nil, hinted{fmt.Errorf("asking %s for the log's key: %w", from, err), "is a kurultai node there? Or name the key with " + flag}
		}
		text = string(b)
		fmt.Fprintf(io.talk, "the log's key is the one found at %s; to trust it, compare it with what you know from elsewhere:\n  %s\n", from, strings.TrimSpace(text))
	}
	log, err := record.ParseVerifier(strings.TrimSpace(text))
	if err != nil || dir == "" {
		return log, err
	}
	return log, writeSynced(path, []byte(record.VerifierText(log.Name(), log.Key)+"\n"))
}
