package etcd

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"
)

// changed is a record of as many entries as were published, one of them another, in order within itself and signed.
func changed(t *testing.T, dir string, size int64, text func(int64) string) *sqlite.Engine {
	t.Helper()
	e, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range size {
		if _, err := e.Append(t.Context(), i, record.Group{Entries: [][]byte{recordtest.Entry(i, text(i))}}, recordtest.Key().SignCheckpoint); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// A liar is a member that tells of another record.
type liar struct {
	Peer
	copied record.Engine
	asked  int
	honest Peer // who is asked the first time; nil: it lies at once
}

func (l *liar) Groups(ctx context.Context, from int64) iter.Seq2[Published, error] {
	if l.asked++; l.asked == 1 && l.honest != nil {
		return l.honest.Groups(ctx, from)
	}
	return Groups(ctx, l.copied, from)
}

// A member that was away reads what was trimmed from the others, and believes one of them only where what it tells makes
// the tree that a majority published: a lie leaves nothing behind.
func TestALyingMemberIsNotBelieved(t *testing.T) {
	list := quorum(t, t.TempDir(), t.TempDir(), t.TempDir())
	defer func() {
		for _, m := range list {
			m.Close()
		}
	}()
	whole(t, list[2], add(t, list[0], "entry 0").Size)
	away := list[2]
	if err := away.Engine.Close(); err != nil {
		t.Error(err)
	}
	var last record.Checkpoint
	for n := int64(1); n < 6; n++ {
		last = add(t, list[0], fmt.Sprint("entry ", n))
	}
	if _, err := list[0].Trim(t.Context(), last.Size); err != nil {
		t.Fatal(err)
	}
	forged := changed(t, t.TempDir(), last.Size, func(i int64) string {
		if i == 3 {
			return "a lie"
		}
		return fmt.Sprint("entry ", i)
	})
	defer forged.Close()
	honest := away.others()[0]
	for name, l := range map[string]*liar{"at once": {Peer: honest, copied: forged}, "the second time": {Peer: honest, copied: forged, honest: honest}} {
		kept, _, err := OpenCopy(t.Context(), filepath.Join(away.config.Dir, "copy"))
		if err != nil {
			t.Fatal(err)
		}
		said := make(chan error, 100)
		peers := []Peer{l}
		e, err := Open(t.Context(), Config{Client: away.node.Client, Copy: kept, Peers: func() []Peer { return peers }, Log: func(err error) { said <- err }})
		if err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-said:
			t.Log(name, err)
		case <-time.After(20 * time.Second):
			t.Errorf("%s: a lie is not found", name)
		}
		if have, _ := e.size(); have != 1 {
			t.Errorf("%s: %d entries of a liar are kept", name, have-1)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	kept, _, err := OpenCopy(t.Context(), filepath.Join(away.config.Dir, "copy"))
	if err != nil {
		t.Fatal(err)
	}
	if away.Engine, err = Open(t.Context(), Config{Client: away.node.Client, Copy: kept, Peers: func() []Peer { return []Peer{&liar{Peer: honest, copied: forged}, honest} }, Log: func(err error) { t.Log(err) }}); err != nil {
		t.Fatal(err)
	}
	if head := whole(t, away, last.Size); head.Root != last.Root {
		t.Errorf("root %s, not %s", head.Root, last.Root)
	}
}

// A member whose copy was changed on its disk, hashes and checkpoint with it, signs nothing over it and publishes nothing:
// the act comes to another member.
func TestNothingIsSignedOverAChangedCopy(t *testing.T) {
	list := quorum(t, t.TempDir(), t.TempDir(), t.TempDir())
	defer func() {
		for _, m := range list {
			m.Close()
		}
	}()
	var last record.Checkpoint
	for n := range 4 {
		last = add(t, list[0], fmt.Sprint("entry ", n))
	}
	hurt := list[2]
	whole(t, hurt, last.Size)
	if err := hurt.Close(); err != nil {
		t.Error(err)
	}
	dir := filepath.Join(hurt.config.Dir, "copy")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := changed(t, dir, last.Size, func(i int64) string { return fmt.Sprint("another entry ", i) }).Close(); err != nil {
		t.Fatal(err)
	}
	hurt.start(t)
	signed := 0
	sign := func(size int64, root tlog.Hash) ([]byte, error) {
		signed++
		return recordtest.Key().SignCheckpoint(size, root)
	}
	_, err := hurt.Append(t.Context(), last.Size, record.Group{Entries: [][]byte{recordtest.Entry(last.Size, "over a lie")}}, sign)
	if !errors.Is(err, ErrOtherTree) || !errors.Is(err, record.ErrConflict) || signed != 0 {
		t.Errorf("appending to a changed copy: %v, signed %d times", err, signed)
	}
	if _, err := hurt.Settle(t.Context(), sign); !errors.Is(err, ErrOtherTree) || signed != 0 {
		t.Errorf("taking up the pen: %v, signed %d times", err, signed)
	}
	next := add(t, list[0], "in order")
	if next.Size != last.Size+1 {
		t.Errorf("%d entries: what was not signed stays", next.Size)
	}
	if head := whole(t, list[1], next.Size); head.Root != next.Root {
		t.Errorf("another root: %s", head.Root)
	}
}
