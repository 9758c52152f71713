package tiles_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"
	"kurultai/record/tiles"
)

// tailed is a copy's engine, written after a pause.
func tailed(t *testing.T, dir string, pause time.Duration) (*tiles.Tail, *sqlite.Engine) {
	t.Helper()
	kept, err := sqlite.Open(dir, sqlite.Options{Again: true})
	if err != nil {
		t.Fatal(err)
	}
	tail, err := tiles.OpenTail(t.Context(), kept, pause)
	if err != nil {
		t.Fatal(err)
	}
	return tail, kept
}

// But that it is closed before what it took lies on the disk, a tail is an engine as others are, whenever it writes.
func TestATailIsAnEngine(t *testing.T) {
	for _, pause := range []time.Duration{time.Millisecond, time.Hour} {
		t.Run(pause.String(), func(t *testing.T) {
			recordtest.Test(t, func(t *testing.T, dir string) record.Engine { e, _ := tailed(t, dir, pause); return e })
		})
	}
}

func adds(t *testing.T, e record.Engine, n int) (size int64, err error) {
	t.Helper()
	head, err := e.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g := record.Group{}
	for i := range int64(n) {
		g.Entries = append(g.Entries, recordtest.Entry(head.Size+i, fmt.Sprint(head.Size+i)))
	}
	head, err = e.Append(t.Context(), head.Size, g, recordtest.Key().SignCheckpoint)
	return head.Size, err
}

// What is appended is read at once and written a moment later, in few transactions; what a kill leaves on the disk is whole,
// and a beginning.
func TestATailIsWrittenBehind(t *testing.T) {
	dir := t.TempDir()
	tail, kept := tailed(t, dir, time.Hour)
	written := func(e record.Engine) record.Checkpoint {
		t.Helper()
		head, err := e.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return head
	}
	for range 100 {
		if _, err := adds(t, tail, 7); err != nil {
			t.Fatal(err)
		}
	}
	lost, err := recordtest.Whole(tail, nil)
	if err != nil || lost != 0 || written(tail).Size != 700 || written(kept).Size != 0 {
		t.Errorf("%d are there and %d written: %v", written(tail).Size, written(kept).Size, err)
	}
	// More than may wait in memory is written by whoever brings it.
	for n := int64(0); written(kept).Size == 0; n++ {
		if size, err := adds(t, tail, 500); err != nil || size > 100_000 {
			t.Fatalf("%d entries wait in memory: %v", size, err)
		}
	}
	if err := kept.Close(); err != nil { // as a kill does
		t.Fatal(err)
	}
	if err := tail.Close(); !errors.Is(err, record.ErrStopped) {
		t.Errorf("what could not be written: %v", err)
	}
	again, kept := tailed(t, dir, time.Millisecond)
	defer again.Close()
	before := written(again).Size
	if lost, err := recordtest.Whole(again, nil); err != nil || lost != 0 || before == 0 || before != written(kept).Size {
		t.Fatalf("after a kill: %d, %v", before, err)
	}
	size, err := adds(t, again, 3)
	for began := time.Now(); err == nil && written(kept).Size < size; time.Sleep(time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			err = errors.New("it is not written")
		}
	}
	if err != nil || size != before+3 {
		t.Fatalf("%d entries: %v", size, err)
	}
}

// failing is an engine whose disk may have no room.
type failing struct {
	record.Engine
	err error
}

func (f *failing) Append(ctx context.Context, expect int64, g record.Group, sign record.SignFunc) (record.Checkpoint, error) {
	if f.err != nil {
		return record.Checkpoint{}, f.err
	}
	return f.Engine.Append(ctx, expect, g, sign)
}

// Without room on the disk a copy goes on for a while in memory, then takes nothing more, and all of it is written when
// there is room.
func TestATailWithoutRoomLosesNothing(t *testing.T) {
	kept, err := sqlite.Open(t.TempDir(), sqlite.Options{Again: true})
	if err != nil {
		t.Fatal(err)
	}
	disk := &failing{kept, record.ErrFull}
	tail, err := tiles.OpenTail(t.Context(), disk, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	defer tail.Close()
	size := int64(0)
	for err == nil && size < 100_000 {
		var now int64
		if now, err = adds(t, tail, 500); err == nil {
			size = now
		}
	}
	if !errors.Is(err, record.ErrFull) || size < 500 || !errors.Is(tail.Failed(), record.ErrFull) {
		t.Fatalf("%d entries: %v; it says %v", size, err, tail.Failed())
	}
	if lost, err := recordtest.Whole(tail, nil); err != nil || lost != 0 {
		t.Error(err)
	}
	disk.err = nil
	if now, err := adds(t, tail, 1); err != nil || now != size+1 || tail.Failed() != nil {
		t.Errorf("with room again %d entries, not %d: %v, %v", now, size+1, err, tail.Failed())
	}
	if head, err := kept.Head(t.Context()); err != nil || head.Size != size {
		t.Errorf("%d are written of %d: %v", head.Size, size, err)
	}
	disk.err = record.ErrStopped
	if err := tail.Cosign(t.Context(), record.Checkpoint{Size: 1, Root: tlog.Hash{}}); !errors.Is(err, record.ErrStopped) {
		t.Errorf("%v", err)
	}
	if _, err := adds(t, tail, 1); !errors.Is(err, record.ErrStopped) {
		t.Errorf("an engine that has stopped takes more: %v", err)
	}
	disk.err = nil
}
