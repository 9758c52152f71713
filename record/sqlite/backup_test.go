package sqlite

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kurultai/record"
	"kurultai/record/recordtest"
)

// A copy is the record at one moment, while it is written on and though its writer keeps going.
func TestACopyIsTheRecordAtOneMoment(t *testing.T) {
	dir := filled(t, 5)
	w := open(t, dir)
	defer w.Close()
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(done)
		for n := int64(5); ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := w.Append(t.Context(), n, record.Group{Entries: [][]byte{recordtest.Entry(n, strings.Repeat("x", 900))}}, recordtest.Key().SignCheckpoint); err != nil {
				done <- err
				return
			}
		}
	}()
	before := int64(0)
	for range 8 {
		beside, err := Open(dir, Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		to := t.TempDir()
		err = beside.Copy(t.Context(), filepath.Join(to, "record.db"))
		if err := errors.Join(err, beside.Close()); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(filepath.Join(to, "record.db")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v: %v", info.Mode(), err)
		}
		copied := open(t, to) // which holds the entries against the checkpoint
		head, err := copied.Head(t.Context())
		if err != nil || head.Size < before || head.Size < 5 {
			t.Errorf("%d entries after %d: %v", head.Size, before, err)
		}
		before = head.Size
		if err := copied.Close(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if before == 5 {
		t.Error("nothing was written meanwhile")
	}
}

func TestWhatIsReceivedIsOursAlone(t *testing.T) {
	for _, foreign := range []string{
		"CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM rows; END",
		"CREATE VIEW v AS SELECT * FROM rows",
		"CREATE TABLE more (x)",
		"CREATE INDEX i ON entries (hash)",
		"PRAGMA user_version = 2",
	} {
		dir := filled(t, 3)
		change(t, dir, foreign)
		if err := Receive(dir); err == nil {
			t.Errorf("%s: taken", foreign)
		}
	}
	dir := filled(t, 3)
	e := open(t, dir)
	head, err := e.Head(t.Context())
	if err == nil {
		state := []byte("what somebody says is the state")
		err = e.PutSnapshot(t.Context(), record.Snapshot{Size: 3, Edition: 1, Root: head.Root, Digest: record.DigestOf(state), State: state})
	}
	if err := errors.Join(err, e.Close(), Receive(dir)); err != nil {
		t.Fatal(err)
	}
	e = open(t, dir)
	defer e.Close()
	if s, err := e.Snapshot(t.Context(), 3); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("a snapshot of others is kept: %q, %v", s.State, err)
	}
	junk := t.TempDir()
	if err := os.WriteFile(filepath.Join(junk, "record.db"), bytes.Repeat([]byte("no database "), 900), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Receive(junk); !errors.Is(err, ErrDamaged) {
		t.Errorf("no database: %v", err)
	}
}
