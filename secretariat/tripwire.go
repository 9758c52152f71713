package secretariat

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

// ErrBehind says that a record is older than a checkpoint its own key has signed: an older copy was put back.
// Writing on would sign two histories.
var ErrBehind = errors.New("the record is behind a checkpoint it has signed")

// A Tripwire is the log's last checkpoint, kept lazily outside the record's folder, so that a copy put back by
// mistake is noticed before anything is signed on top of it.
type Tripwire struct{ Path string }

// Check compares the record as v shows it with the checkpoint kept.
func (t Tripwire) Check(v *View) error {
	b, err := os.ReadFile(t.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the tripwire: %w", err)
	}
	key, err := record.ParseVerifier(v.VerifierKey())
	if err != nil {
		return err
	}
	kept, err := record.OpenCheckpoint(b, key)
	if err != nil {
		return fmt.Errorf("tripwire %s: %w", t.Path, err)
	}
	if kept.Size > v.State().Size {
		return fmt.Errorf("%w: it has %d entries and has signed for %d", ErrBehind, v.State().Size, kept.Size)
	}
	root, err := v.proofs.rootAt(kept.Size)
	if err != nil {
		return err
	}
	if root != kept.Root {
		return fmt.Errorf("%w: its first %d entries are not those it signed for", ErrBehind, kept.Size)
	}
	return nil
}

func (p *proofs) rootAt(size int64) (tlog.Hash, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return tlog.TreeHash(size, &p.tree)
}

// Keep writes the newest checkpoint, at most once a second, until ctx ends, and once more then.
func (t Tripwire) Keep(ctx context.Context, s *Secretariat) error {
	var written int64
	for {
		waited := s.Wait(ctx, written)
		head := s.View().Checkpoint()
		if head.Size > written {
			if err := t.write(head.Note); err != nil {
				return err
			}
			written = head.Size
		}
		if waited != nil {
			return nil
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

func (t Tripwire) write(note []byte) error {
	if err := os.MkdirAll(filepath.Dir(t.Path), 0o700); err != nil {
		return fmt.Errorf("keeping the tripwire: %w", err)
	}
	next := t.Path + ".new"
	if err := os.WriteFile(next, note, 0o600); err != nil {
		return fmt.Errorf("keeping the tripwire: %w", err)
	}
	return os.Rename(next, t.Path)
}
