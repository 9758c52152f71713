package tiles

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

// A Tail is an engine for a copy: what is appended can be read at once, and a moment later lies on the disk, in one
// transaction with all that came meanwhile. What a kill takes with it can be had again, so nobody waits for the disk; what
// lies there is whole, and is a beginning of the record. Rows and cosignatures are on the disk when their call returns.
type Tail struct {
	record.Engine // on the disk
	pause         time.Duration
	done          chan struct{}
	working       sync.WaitGroup

	writing sync.Mutex // held while entries are brought to the disk

	mu      sync.Mutex // guards what follows
	edge    record.Edge
	head    record.Checkpoint
	newest  []record.Stored // the last of the record; all that is not written, and up to mostNewest before
	written int64           // entries on the disk
	bytes   int             // of those that are not
	failed  error           // why those could not be written, when that was tried last
	closed  bool
	due     chan struct{} // there is something to be written
	more    chan struct{} // closed, and made anew, at each append
}

const (
	tailPause   = time.Second
	mostWaiting = 1 << 20 // bytes that wait for the disk; who appends more waits with them
	mostNewest  = 256     // entries that stay in memory though they are written: pages show the newest
)

// OpenTail reads an engine whose only writer it is from here on. Entries are written pause after the first of them was
// appended; 0: a second.
func OpenTail(ctx context.Context, engine record.Engine, pause time.Duration) (*Tail, error) {
	t := &Tail{Engine: engine, pause: pause, done: make(chan struct{}), due: make(chan struct{}, 1), more: make(chan struct{})}
	if t.pause <= 0 {
		t.pause = tailPause
	}
	var err error
	if t.head, err = engine.Head(ctx); err != nil {
		return nil, err
	}
	for stored, err := range engine.Read(ctx, 0) {
		if err != nil {
			return nil, fmt.Errorf("the copy that is kept here: %w", err)
		}
		t.edge.Append(stored.Hash)
	}
	t.written = t.edge.Size()
	t.working.Go(t.work)
	return t, nil
}

// work writes what is due until the tail is closed.
func (t *Tail) work() {
	said := ""
	for {
		select {
		case <-t.done:
			return
		case <-t.due:
		}
		select {
		case <-t.done:
			return // Close writes
		case <-time.After(t.pause):
		}
		err := t.write()
		if err != nil && err.Error() != said {
			slog.Error("the copy is not written", "error", err)
		}
		if said = ""; err != nil {
			said = err.Error()
			if !errors.Is(err, record.ErrStopped) {
				poke(t.due) // again, when there may be room
			}
		}
	}
}

// poke says that there is something to do, if that was not said already.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// write brings to the disk what waits for it.
func (t *Tail) write() error {
	t.writing.Lock()
	defer t.writing.Unlock()
	return t.writeAll()
}

// writeAll does. t.writing is held.
func (t *Tail) writeAll() error {
	t.mu.Lock()
	head, from, bytes := t.head, t.written, t.bytes
	waiting := t.newest[len(t.newest)-int(t.edge.Size()-from):]
	t.mu.Unlock()
	if len(waiting) == 0 {
		return nil
	}
	g := record.Group{Entries: make([][]byte, len(waiting)), Hashes: make([]tlog.Hash, len(waiting))}
	for i, s := range waiting {
		g.Entries[i], g.Hashes[i] = s.Bytes, s.Hash
	}
	_, err := t.Engine.Append(context.Background(), from, g, func(int64, tlog.Hash) ([]byte, error) { return head.Note, nil })
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed = err; err != nil {
		return err
	}
	t.written, t.bytes = head.Size, t.bytes-bytes
	if spare := len(t.newest) - int(t.edge.Size()-t.written) - mostNewest; spare > mostNewest {
		t.newest = slices.Clone(t.newest[spare:])
	}
	return nil
}

// Append implements record.Engine, but that what it returns is on the disk only later, unless it has rows or keys.
func (t *Tail) Append(ctx context.Context, expect int64, g record.Group, sign record.SignFunc) (record.Checkpoint, error) {
	if len(g.Rows) > 0 || len(g.Keys) > 0 {
		return t.appendWritten(ctx, expect, g, sign)
	}
	t.mu.Lock()
	full := t.bytes > mostWaiting
	t.mu.Unlock()
	if full {
		if err := t.write(); err != nil {
			return record.Checkpoint{}, err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return record.Checkpoint{}, record.ErrStopped
	case errors.Is(t.failed, record.ErrStopped):
		return record.Checkpoint{}, t.failed
	case ctx.Err() != nil:
		return record.Checkpoint{}, ctx.Err()
	case expect != t.edge.Size():
		return record.Checkpoint{}, fmt.Errorf("%w: %d, not %d", record.ErrConflict, t.edge.Size(), expect)
	case len(g.Entries) == 0:
		return record.Checkpoint{}, errors.New("an empty group")
	}
	edge, added, bytes, hashes := t.edge.Clone(), make([]record.Stored, len(g.Entries)), 0, g.RecordHashes()
	for i, b := range g.Entries {
		added[i] = record.Stored{Index: expect + int64(i), Bytes: b, Hash: hashes[i]}
		edge.Append(hashes[i])
		bytes += len(b)
	}
	note, err := sign(edge.Size(), edge.Root())
	var head record.Checkpoint
	if err == nil {
		head, err = record.ReadCheckpoint(note)
	}
	if err == nil && (head.Size != edge.Size() || head.Root != edge.Root()) {
		err = errors.New("the checkpoint is of another tree")
	}
	if err != nil {
		return record.Checkpoint{}, fmt.Errorf("signing the checkpoint: %w", err)
	}
	t.edge, t.head, t.newest, t.bytes = edge, head, append(t.newest, added...), t.bytes+bytes
	t.grown()
	poke(t.due)
	return head, nil
}

// appendWritten appends on the disk itself, behind all that waits.
func (t *Tail) appendWritten(ctx context.Context, expect int64, g record.Group, sign record.SignFunc) (record.Checkpoint, error) {
	t.writing.Lock()
	defer t.writing.Unlock()
	for {
		if err := t.writeAll(); err != nil {
			return record.Checkpoint{}, err
		}
		t.mu.Lock()
		if t.written == t.edge.Size() {
			break // and nobody appends while it is held
		}
		t.mu.Unlock()
	}
	defer t.mu.Unlock()
	g.Hashes = g.RecordHashes()
	head, err := t.Engine.Append(ctx, expect, g, sign)
	if err != nil {
		return head, err
	}
	for _, h := range g.Hashes {
		t.edge.Append(h)
	}
	t.head, t.newest, t.written = head, nil, head.Size
	t.grown()
	return head, nil
}

// grown tells those who wait. t.mu is held.
func (t *Tail) grown() {
	close(t.more)
	t.more = make(chan struct{})
}

// Head implements record.Engine.
func (t *Tail) Head(context.Context) (record.Checkpoint, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head, nil
}

// Failed is why what was appended could not be brought to the disk, when that was tried last; nil: it was.
func (t *Tail) Failed() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

// Read implements record.Engine.
func (t *Tail) Read(ctx context.Context, from int64) iter.Seq2[record.Stored, error] {
	return func(yield func(record.Stored, error) bool) { t.read(ctx, &from, yield) }
}

// read yields the entries from *from on, and reports whether the caller wants more.
func (t *Tail) read(ctx context.Context, from *int64, yield func(record.Stored, error) bool) bool {
	t.mu.Lock()
	newest, size := t.newest, t.edge.Size()
	t.mu.Unlock()
	first := size - int64(len(newest))
	if *from < first {
		for stored, err := range t.Engine.Read(ctx, *from) {
			if err == nil && stored.Index == first {
				break
			}
			if !yield(stored, err) || err != nil {
				return false
			}
			*from = stored.Index + 1
		}
	}
	for *from < size {
		stored := newest[*from-first]
		if *from++; !yield(stored, nil) {
			return false
		}
	}
	return true
}

// Follow implements record.Engine.
func (t *Tail) Follow(ctx context.Context, from int64) iter.Seq2[record.Stored, error] {
	return func(yield func(record.Stored, error) bool) {
		for {
			t.mu.Lock()
			more, closed := t.more, t.closed
			t.mu.Unlock()
			if !t.read(ctx, &from, yield) {
				return
			}
			if closed {
				yield(record.Stored{}, record.ErrStopped)
				return
			}
			select {
			case <-more:
			case <-ctx.Done():
				yield(record.Stored{}, ctx.Err())
				return
			}
		}
	}
}

// Cosign implements record.Engine.
func (t *Tail) Cosign(ctx context.Context, c record.Checkpoint) error {
	t.writing.Lock()
	defer t.writing.Unlock()
	if err := t.writeAll(); err != nil {
		return err
	}
	if err := t.Engine.Cosign(ctx, c); err != nil {
		return err
	}
	head, err := t.Engine.Head(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil && head.Size == t.head.Size {
		t.head = head
	}
	return err
}

// Close writes what waits and closes the engine.
func (t *Tail) Close() error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return nil
	}
	t.closed = true
	t.grown()
	t.mu.Unlock()
	close(t.done)
	t.working.Wait()
	return errors.Join(t.write(), t.Engine.Close())
}
