package simulation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/canonical"
)

// A Disk holds a record in memory, as what is durable. It outlives the engines that are opened on it.
type Disk struct {
	mu        sync.Mutex // guards all below
	entries   []record.Stored
	edge      record.Edge
	head      record.Checkpoint
	rows      []record.Row
	byDigest  map[record.Digest]int
	keys      []record.ClosedKey
	byKey     map[string]int
	blobs     map[record.Digest][]byte
	cosigned  map[int64]record.Checkpoint
	snapshots []record.Snapshot
	more      chan struct{} // closed, and made anew, at each commit

	acknowledged int64  // entries of groups whose engine said so
	plant        string // what is wrong with it on purpose
	doubted      bool   // the last append was done, and its outcome not told
}

// NewDisk is an empty one. plant names what is wrong with it on purpose, or is "".
func NewDisk(plant string) *Disk {
	return &Disk{byDigest: map[record.Digest]int{}, byKey: map[string]int{}, blobs: map[record.Digest][]byte{}, cosigned: map[int64]record.Checkpoint{}, more: make(chan struct{}), plant: plant}
}

// A Fault is what befalls an append.
type Fault int

const (
	NoFault     Fault = iota
	Full              // there is no room; nothing was appended
	Unknown           // nobody can say; it was not appended
	UnknownDone       // nobody can say; it was appended
	Killed            // the process ends before it is appended
	KilledDone        // the process ends between the group and its answer
	faults
)

// An Engine keeps a record on a Disk, and fails as it is told. It implements record.Engine.
type Engine struct {
	disk *Disk

	mu   sync.Mutex // guards all below
	next Fault      // befalls the next append
	gate chan struct{}
	gone bool
	stop chan struct{}
}

// OpenDisk opens the record.
func OpenDisk(d *Disk) *Engine { return &Engine{disk: d, stop: make(chan struct{})} }

// Fail has a fault befall the next append.
func (e *Engine) Fail(f Fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.next = f
}

// Hold has appends wait until the function it returns is called.
func (e *Engine) Hold() (release func()) {
	gate := make(chan struct{})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.gate = gate
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.gate = nil
		close(gate)
	}
}

// Gone reports whether the process was killed.
func (e *Engine) Gone() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.gone
}

// befalls takes the fault that is due, and ends the process where it does.
func (e *Engine) befalls() (Fault, error) {
	e.mu.Lock()
	gate := e.gate
	e.mu.Unlock()
	if gate != nil {
		<-gate
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return NoFault, record.ErrStopped
	}
	f := e.next
	e.next = NoFault
	if e.gone = f == Killed || f == KilledDone; e.gone {
		close(e.stop)
	}
	return f, nil
}

// Append implements record.Engine.
func (e *Engine) Append(ctx context.Context, expect int64, g record.Group, sign record.SignFunc) (record.Checkpoint, error) {
	if err := ctx.Err(); err != nil {
		return record.Checkpoint{}, err
	}
	f, err := e.befalls()
	if err != nil {
		return record.Checkpoint{}, err
	}
	d := e.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	switch f {
	case Full:
		return record.Checkpoint{}, record.ErrFull
	case Unknown:
		return record.Checkpoint{}, record.ErrUnknown
	case Killed:
		return record.Checkpoint{}, record.ErrStopped
	}
	doubted := d.doubted
	d.doubted = false
	if doubted && d.holds(expect, g) { // the same call again, whose outcome was not known
		d.acknowledged = d.head.Size
		return d.head, nil
	}
	if err := d.append(expect, g, sign); err != nil {
		return record.Checkpoint{}, err
	}
	switch f {
	case UnknownDone:
		d.doubted = true
		return record.Checkpoint{}, record.ErrUnknown
	case KilledDone:
		if d.plant == "forgets" { // what was said to be durable before this group goes with it
			d.cut(expect - 1)
		}
		return record.Checkpoint{}, record.ErrStopped
	}
	d.acknowledged = d.head.Size
	return d.head, nil
}

// holds reports whether the record ends with just this group.
func (d *Disk) holds(expect int64, g record.Group) bool {
	if len(g.Entries) == 0 || d.edge.Size() != expect+int64(len(g.Entries)) {
		return false
	}
	for i, b := range g.Entries {
		if string(d.entries[expect+int64(i)].Bytes) != string(b) {
			return false
		}
	}
	return true
}

func (d *Disk) append(expect int64, g record.Group, sign record.SignFunc) error {
	if expect != d.edge.Size() {
		return fmt.Errorf("%w: %d, not %d", record.ErrConflict, d.edge.Size(), expect)
	}
	if len(g.Entries) == 0 {
		return errors.New("an empty group")
	}
	edge := d.edge.Clone()
	var stored []record.Stored
	for i, b := range g.Entries {
		s := record.Stored{Index: expect + int64(i), Bytes: slices.Clone(b), Hash: tlog.RecordHash(b)}
		edge.Append(s.Hash)
		stored = append(stored, s)
	}
	note, err := sign(edge.Size(), edge.Root())
	if err != nil {
		return fmt.Errorf("signing the checkpoint: %w", err)
	}
	head, err := record.ReadCheckpoint(note)
	if err != nil || head.Size != edge.Size() || head.Root != edge.Root() {
		return fmt.Errorf("signing the checkpoint: it is of another tree: %w", errors.Join(err))
	}
	d.entries, d.edge, d.head = append(d.entries, stored...), edge, head
	d.addRows(g.Rows)
	for _, k := range g.Keys {
		d.byKey[k.By+"/"+k.Key] = len(d.keys)
		d.keys = append(d.keys, k)
	}
	close(d.more)
	d.more = make(chan struct{})
	return nil
}

func (d *Disk) addRows(rows []record.Row) {
	d.rows = append(d.rows, rows...)
	slices.SortStableFunc(d.rows[max(0, len(d.rows)-len(rows)):], compareRows)
	for i := max(0, len(d.rows)-len(rows)); i < len(d.rows); i++ {
		d.byDigest[d.rows[i].Digest] = i
	}
}

func compareRows(a, b record.Row) int {
	if a.Index != b.Index {
		return int(a.Index - b.Index)
	}
	return int(a.Place - b.Place)
}

// cut takes entries off the end and signs nothing: a broken disk does so.
func (d *Disk) cut(size int64) {
	if size < 1 || size >= d.edge.Size() {
		return
	}
	d.entries = d.entries[:size]
	d.edge = record.Edge{}
	for _, s := range d.entries {
		d.edge.Append(s.Hash)
	}
	d.head.Size, d.head.Root = size, d.edge.Root()
}

// Read implements record.Engine.
func (e *Engine) Read(ctx context.Context, from int64) iter.Seq2[record.Stored, error] {
	return func(yield func(record.Stored, error) bool) {
		e.disk.mu.Lock()
		entries := e.disk.entries
		e.disk.mu.Unlock()
		for _, s := range entries[min(max(from, 0), int64(len(entries))):] {
			if err := ctx.Err(); err != nil {
				yield(record.Stored{}, err)
				return
			}
			if !yield(s, nil) {
				return
			}
		}
	}
}

// Follow implements record.Engine.
func (e *Engine) Follow(ctx context.Context, from int64) iter.Seq2[record.Stored, error] {
	return func(yield func(record.Stored, error) bool) {
		for {
			e.disk.mu.Lock()
			more := e.disk.more
			e.disk.mu.Unlock()
			for s, err := range e.Read(ctx, from) {
				if from = s.Index + 1; !yield(s, err) || err != nil {
					return
				}
			}
			select {
			case <-more:
			case <-e.stop:
				yield(record.Stored{}, record.ErrStopped)
				return
			case <-ctx.Done():
				yield(record.Stored{}, ctx.Err())
				return
			}
		}
	}
}

// Head implements record.Engine.
func (e *Engine) Head(context.Context) (record.Checkpoint, error) {
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	return e.disk.head, nil
}

// Cosign implements record.Engine.
func (e *Engine) Cosign(_ context.Context, c record.Checkpoint) error {
	d := e.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.Size > d.head.Size || c.Size < 1 {
		return record.ErrNotFound
	}
	var err error
	if kept, ok := d.cosigned[c.Size]; ok {
		if c.Note, err = record.Join(kept.Note, c.Note); err != nil {
			return err
		}
	}
	d.cosigned[c.Size] = c
	if c.Size == d.head.Size {
		d.head.Note, err = record.Join(d.head.Note, c.Note)
	}
	return err
}

// Cosigned implements record.Engine.
func (e *Engine) Cosigned(context.Context) iter.Seq2[record.Checkpoint, error] {
	e.disk.mu.Lock()
	var all []record.Checkpoint
	for _, c := range e.disk.cosigned {
		all = append(all, c)
	}
	e.disk.mu.Unlock()
	slices.SortFunc(all, func(a, b record.Checkpoint) int { return int(b.Size - a.Size) })
	return func(yield func(record.Checkpoint, error) bool) {
		for _, c := range all {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// Rows implements record.Engine.
func (e *Engine) Rows(_ context.Context, from int64) iter.Seq2[record.Row, error] {
	return func(yield func(record.Row, error) bool) {
		e.disk.mu.Lock()
		rows := e.disk.rows // what was added stands; whoever adds in between makes a slice anew
		e.disk.mu.Unlock()
		at, _ := slices.BinarySearchFunc(rows, from, func(r record.Row, from int64) int { return cmp.Compare(r.Index, from) })
		for _, r := range rows[at:] {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Row implements record.Engine.
func (e *Engine) Row(_ context.Context, digest record.Digest) (record.Row, error) {
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	if i, ok := e.disk.byDigest[digest]; ok {
		return e.disk.rows[i], nil
	}
	return record.Row{}, record.ErrNotFound
}

// ClosedKey implements record.Engine.
func (e *Engine) ClosedKey(_ context.Context, by, key string) (record.ClosedKey, error) {
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	if i, ok := e.disk.byKey[by+"/"+key]; ok && e.disk.plant != "forgets keys" {
		return e.disk.keys[i], nil
	}
	return record.ClosedKey{}, record.ErrNotFound
}

// ClosedKeys implements record.Engine.
func (e *Engine) ClosedKeys(_ context.Context, from int64) iter.Seq2[record.ClosedKey, error] {
	return func(yield func(record.ClosedKey, error) bool) {
		e.disk.mu.Lock()
		keys := slices.Clone(e.disk.keys)
		e.disk.mu.Unlock()
		for _, k := range keys {
			if k.Index >= from && !yield(k, nil) {
				return
			}
		}
	}
}

// PutBlob implements record.Engine.
func (e *Engine) PutBlob(_ context.Context, b []byte) (record.Digest, error) {
	if e.Gone() {
		return "", record.ErrStopped
	}
	if len(b) > record.MaxBlob {
		return "", fmt.Errorf("a blob of %d bytes is larger than %d", len(b), record.MaxBlob)
	}
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	digest := record.DigestOf(b)
	e.disk.blobs[digest] = slices.Clone(b)
	return digest, nil
}

// Blob implements record.Engine.
func (e *Engine) Blob(_ context.Context, digest record.Digest) ([]byte, error) {
	if _, err := canonical.DecodeBytes(string(digest)); err != nil {
		return nil, record.ErrNotFound
	}
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	if b, ok := e.disk.blobs[digest]; ok {
		return slices.Clone(b), nil
	}
	return nil, record.ErrNotFound
}

// PutSnapshot implements record.Engine.
func (e *Engine) PutSnapshot(_ context.Context, s record.Snapshot) error {
	if e.Gone() {
		return record.ErrStopped
	}
	d := e.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plant == "tells another state" {
		s.State = []byte(strings.Replace(string(s.State), "Party 11", "Party II", 1))
		s.Digest = record.DigestOf(s.State)
	}
	d.snapshots = slices.DeleteFunc(d.snapshots, func(o record.Snapshot) bool { return o.Size == s.Size })
	d.snapshots = append(d.snapshots, s)
	slices.SortFunc(d.snapshots, func(a, b record.Snapshot) int { return int(b.Size - a.Size) })
	d.snapshots = d.snapshots[:min(2, len(d.snapshots))]
	return nil
}

// Snapshot implements record.Engine.
func (e *Engine) Snapshot(_ context.Context, size int64) (record.Snapshot, error) {
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	for _, s := range e.disk.snapshots {
		if s.Size <= size {
			if record.DigestOf(s.State) != s.Digest {
				break
			}
			return s, nil
		}
	}
	return record.Snapshot{}, record.ErrNotFound
}

// AddRows keeps rows of entries that are here already.
func (e *Engine) AddRows(_ context.Context, rows []record.Row) error {
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	e.disk.rows = slices.Clone(e.disk.rows)
	e.disk.addRows(rows)
	slices.SortStableFunc(e.disk.rows, compareRows)
	for i, r := range e.disk.rows {
		e.disk.byDigest[r.Digest] = i
	}
	return nil
}

// Close implements record.Engine.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.gone {
		e.gone = true
		close(e.stop)
	}
	return nil
}
