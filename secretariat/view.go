package secretariat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
)

// A View is the record at one size. It never changes, and reading its state waits for nothing.
type View struct {
	desk     desk
	head     record.Checkpoint
	verifier string
	proofs   *proofs
	newest   newest
	names    *names
	past     *past
	public   *public
	reader   conference.Reader // whom it is for; the zero Reader is the public
	since    time.Duration     // by the writer's steady clock: when it began to be shown
	present  *conference.State // of a view of the past: what is withdrawn by now is not shown of then either
}

// Read folds a record and shows it as it stood then. It writes nothing and needs no lock, so it works beside a
// running writer.
func Read(ctx context.Context, engine record.Engine, keys *SubjectKeys, verifier string) (*View, error) {
	v, err := read(ctx, engine, keys, verifier, true)
	if errors.Is(err, errSnapshot) {
		v, err = read(ctx, engine, keys, verifier, false)
	}
	return v, err
}

// errSnapshot says that the snapshot begun from is of another tree.
var errSnapshot = errors.New("the snapshot does not fit the record")

func read(ctx context.Context, engine record.Engine, keys *SubjectKeys, verifier string, snapshot bool) (*View, error) {
	v := &View{desk: desk{vault: vault{engine, keys}}, verifier: verifier, proofs: new(proofs), names: new(names), past: new(past), public: new(public)}
	var err error
	if v.head, err = engine.Head(ctx); err != nil {
		return nil, fmt.Errorf("reading the head: %w", err)
	}
	v.desk.origin = v.head.Origin
	start, root := int64(0), tlog.Hash{}
	if snap, err := engine.Snapshot(ctx, v.head.Size); err == nil && snapshot {
		if f, err := restored(snap); err == nil {
			v.desk.state, v.desk.sealed, start, root = f.State, f.Sealed, snap.Size, snap.Root
			v.past.marks = append(v.past.marks, v.desk.state)
		}
	}
	fits := func() error {
		if h, err := v.proofs.root(start); start > 0 && (err != nil || h != root) {
			return errSnapshot
		}
		return nil
	}
	for stored, err := range engine.Read(ctx, 0) {
		if err != nil {
			return nil, fmt.Errorf("reading the record: %w", err)
		}
		if stored.Index == v.head.Size {
			break // came while we read
		}
		if stored.Index == start {
			if err := fits(); err != nil {
				return nil, err
			}
		}
		v.proofs.append([]tlog.Hash{stored.Hash})
		if stored.Index < start {
			continue
		}
		if err := v.desk.fold(ctx, stored); err != nil {
			return nil, err
		}
		v.past.keep(v.desk.state)
	}
	return v, fits()
}

// Advance is the record as the engine has it now; v itself where nothing came. Who keeps a copy of a record shows it so.
// It is called by one at a time.
func (v *View) Advance(ctx context.Context) (*View, error) {
	head, err := v.desk.engine.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the head: %w", err)
	}
	next, _, err := v.advance(ctx, head)
	return next, err
}

// advance is the record up to a head; kept says whether its state is one to go back to.
func (v *View) advance(ctx context.Context, head record.Checkpoint) (next *View, kept bool, err error) {
	if head.Size < v.head.Size || head.Size == v.head.Size && bytes.Equal(head.Note, v.head.Note) {
		return v, false, nil
	}
	w := *v
	next = &w
	next.head, next.desk.origin, next.newest = head, head.Origin, newest{}
	var hashes []tlog.Hash
	for stored, err := range v.desk.engine.Read(ctx, v.State().Size) {
		if err != nil {
			return nil, false, fmt.Errorf("reading the record: %w", err)
		}
		if stored.Index == head.Size {
			break
		}
		if err := next.desk.fold(ctx, stored); err != nil {
			return nil, false, err
		}
		hashes = append(hashes, stored.Hash)
		kept = v.past.keep(next.desk.state) || kept
	}
	if next.State().Size != head.Size {
		return nil, false, fmt.Errorf("the copy ends at entry %d, before its checkpoint of %d", next.State().Size, head.Size)
	}
	v.proofs.append(hashes)
	return next, kept, nil
}

// Learn takes up the disclosure of a name that somebody else keeps, if it is one of the record's.
func (v *View) Learn(ctx context.Context, o record.Opening) error {
	e, err := readEntry(ctx, v.desk.engine, o.Index)
	if err != nil {
		return err
	}
	if _, err := record.Fits(e, o); err != nil || o.Closed != nil {
		return errors.Join(errors.New("it discloses nothing that stands in this entry"), err)
	}
	if _, _, value, err := o.Disclosure.Open(); err == nil && value.Kind == canonical.String {
		v.names.opened.Store(o.Disclosure.Digest(), value.Str)
	}
	return nil
}

// Unlearn forgets every name but those that may still be told.
func (v *View) Unlearn(kept []record.Opening) {
	told := map[record.Digest]bool{}
	for _, o := range kept {
		told[o.Disclosure.Digest()] = true
	}
	v.names.opened.Range(func(d, _ any) bool {
		if !told[d.(record.Digest)] {
			v.names.opened.Delete(d)
		}
		return true
	})
}

// At is the record as it stood when it had size entries: what was so then, and the names published then, as far as
// their keys are still here. Its head is the tree's at that size; no checkpoint was kept for each.
func (v *View) At(ctx context.Context, size int64) (*View, error) {
	if size < 0 || size > v.State().Size {
		return nil, record.ErrNotFound
	}
	if size == v.State().Size {
		return v, nil
	}
	old := *v
	old.present = v.State()
	if v.present != nil {
		old.present = v.present
	}
	var err error
	if old.desk.state, err = v.past.state(ctx, v.desk.engine, size, v.proofs.root); err != nil {
		return nil, err
	}
	old.head = record.Checkpoint{Origin: v.head.Origin, Size: size}
	if old.head.Root, err = v.proofs.root(size); err != nil {
		return nil, err
	}
	return &old, nil
}

// fold takes up an entry that is in the record.
func (d *desk) fold(ctx context.Context, stored record.Stored) error {
	e, err := record.ParseEntry(string(stored.Bytes), stored.Index)
	if err != nil {
		return err
	}
	if err := d.state.Fold(e); err != nil {
		return err
	}
	if e.Closed != "" {
		d.foldClosed(ctx, e)
	}
	for _, r := range record.References(e.Act.Fields) {
		d.sealed = d.sealed.Set(string(r.Digest), true)
	}
	return nil
}

// State is what has happened. Do not change it.
func (v *View) State() *conference.State { return &v.desk.state }

// Checkpoint is the newest one; of an empty record the zero Checkpoint.
func (v *View) Checkpoint() record.Checkpoint { return v.head }

// VerifierKey is the log's key in its text form.
func (v *View) VerifierKey() string { return v.verifier }

// Origin names the record.
func (v *View) Origin() string { return v.desk.origin }

// For is the same record for a reader: the names that reader may see are shown.
func (v *View) For(r conference.Reader) *View {
	w := *v
	w.reader = r
	return &w
}

// Reader is whom the view is for.
func (v *View) Reader() conference.Reader { return v.reader }

// Name is a person's name in a language, if whom the view is for may see it.
func (v *View) Name(p conference.PersonID, l conference.Language) (string, bool) {
	d := v.State().NameFor(v.reader, p, l)
	if d == "" || v.present != nil && v.present.NameFor(v.reader, p, l) != d {
		return "", false
	}
	return v.names.open(d, v.desk.vault)
}

// Open returns the disclosure of a sealed value, whoever may see it: the caller asks that first.
func (v *View) Open(ctx context.Context, d record.Digest) (record.Disclosure, error) {
	plain, err := v.desk.plain(ctx, d)
	return record.Disclosure(plain), err
}

// OpenClosed returns the opening of a closed entry.
func (v *View) OpenClosed(ctx context.Context, d record.Digest) ([]byte, error) {
	return v.desk.plain(ctx, d)
}

// Entry returns the bytes of an entry.
func (v *View) Entry(ctx context.Context, index int64) ([]byte, error) {
	if index >= 0 && index < v.State().Size {
		for stored, err := range v.Entries(ctx, index) {
			return stored.Bytes, err
		}
	}
	return nil, record.ErrNotFound
}

// Entries yields the entries from an index up to v's size.
func (v *View) Entries(ctx context.Context, from int64) iter.Seq2[record.Stored, error] {
	return func(yield func(record.Stored, error) bool) {
		list, ok := v.newest.from(from)
		if !ok {
			list = v.desk.engine.Read(ctx, from)
		}
		for stored, err := range list {
			if err == nil && stored.Index >= v.State().Size || !yield(stored, err) {
				return
			}
		}
	}
}

// ReadHashes implements tlog.HashReader over the whole tree.
func (v *View) ReadHashes(indexes []int64) ([]tlog.Hash, error) { return v.proofs.ReadHashes(indexes) }

// Prove proves that an entry is in the record at v's size (RFC 6962 section 2.1.1).
func (v *View) Prove(_ context.Context, index int64) (tlog.RecordProof, error) {
	if index < 0 || index >= v.State().Size {
		return nil, record.ErrNotFound
	}
	return v.proofs.prove(v.State().Size, index)
}

// Rehearse decides acts after v, one after another, with what falls due before them, and appends nothing.
func (v *View) Rehearse(origin string, clock func() record.Instant, chance io.Reader) func(context.Context, *Act) (Receipt, error) {
	d, g := v.desk, new(draft)
	d.origin = origin
	if d.inspector != nil {
		d.inspector = &inspector{d.inspector.asked, func() *View { return v }}
	}
	return func(ctx context.Context, a *Act) (Receipt, error) {
		now := moment{at: clock()}
		if a.At == nil {
			d.fallDue(ctx, max(d.state.Last, now.at), chance, g)
		}
		r, err := d.take(ctx, a, now, chance, g)
		g.group.Rows, g.plain, g.blobs, g.group.Hashes = g.group.Rows[:0], g.plain[:0], g.blobs[:0], g.group.Hashes[:0] // nothing is appended
		clear(g.files)
		return r, err
	}
}

// proofs is the tree, shared by all views of a record: it only grows.
type proofs struct {
	mu   sync.RWMutex
	tree record.Tree
}

func (p *proofs) append(hashes []tlog.Hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range hashes {
		p.tree.Append(h)
	}
}

func (p *proofs) prove(size, index int64) (tlog.RecordProof, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return tlog.ProveRecord(size, index, &p.tree)
}

// ReadHashes implements tlog.HashReader.
func (p *proofs) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.tree.ReadHashes(indexes)
}

func (p *proofs) root(size int64) (tlog.Hash, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return tlog.TreeHash(size, &p.tree)
}

const (
	keepEvery = 10_000 // entries between two states that are kept
	keepMost  = 256    // states kept, and as many that somebody asked for
)

// past is earlier states of a record, shared by all its views. A state is a value whose copies share what did not
// change, so one in ten thousand is kept and those between are folded again when asked for.
type past struct {
	mu    sync.Mutex
	every int64
	marks []conference.State // in order of size
	asked []conference.State // the latest last
}

// keep is told each state in turn, or at least the last of each group, and says whether it kept it.
func (p *past) keep(s conference.State) (kept bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.every == 0 {
		p.every = keepEvery
	}
	last := int64(0)
	if n := len(p.marks); n > 0 {
		last = p.marks[n-1].Size
	}
	if s.Size < last+p.every {
		return false
	}
	if p.marks = append(p.marks, s); len(p.marks) > keepMost { // keep every second, from now on half as many
		p.every *= 2
		for i := range len(p.marks) / 2 {
			p.marks[i] = p.marks[2*i+1]
		}
		clear(p.marks[len(p.marks)/2:])
		p.marks = p.marks[:len(p.marks)/2]
	}
	return true
}

// nearest is the greatest state known that is not beyond size.
func (p *past) nearest(size int64) (best conference.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, list := range [][]conference.State{p.marks, p.asked} {
		for _, s := range list {
			if s.Size <= size && s.Size > best.Size {
				best = s
			}
		}
	}
	return best
}

func (p *past) state(ctx context.Context, engine record.Engine, size int64, root func(int64) (tlog.Hash, error)) (conference.State, error) {
	s := p.nearest(size)
	if s.Size == 0 {
		s = begin(ctx, engine, size, root).State
	}
	if s.Size == size {
		return s, nil
	}
	for stored, err := range engine.Read(ctx, s.Size) {
		if err != nil {
			return s, fmt.Errorf("reading the record: %w", err)
		}
		e, err := record.ParseEntry(string(stored.Bytes), stored.Index)
		if err != nil {
			return s, err
		}
		if err := s.Fold(e); err != nil {
			return s, err
		}
		if s.Size == size {
			break
		}
	}
	if s.Size != size {
		return s, record.ErrNotFound
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked = append(p.asked, s); len(p.asked) > keepMost {
		p.asked = append(p.asked[:0:0], p.asked[len(p.asked)-keepMost:]...)
	}
	return s, nil
}

// public is what all may see at the size at which somebody last asked, shared by all views of a record: who follows asks for
// it in as many parts as the record has tiles.
type public struct {
	mu     sync.Mutex
	size   int64
	open   map[record.Digest]bool
	closed map[int64]bool
}

// at is the set of what is sealed, and of closed entries, that a reader may see. It is the caller's only where v is of the
// past.
func (p *public) at(v *View, r conference.Reader) (open map[record.Digest]bool, closed map[int64]bool) {
	s := v.State()
	if v.present != nil || r.Person != "" || r.Class() != string(conference.ToPublic) {
		return s.Disclosed(r), s.OpensClosed(r)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil || p.size != s.Size {
		p.size, p.open, p.closed = s.Size, s.Disclosed(r), s.OpensClosed(r)
	}
	return p.open, p.closed
}

// names are the published names that were opened, shared by all views of a record.
type names struct{ opened sync.Map } // record.Digest to string

func (n *names) open(d record.Digest, v vault) (string, bool) {
	if name, ok := n.opened.Load(d); ok {
		return name.(string), true
	}
	name, err := v.open(context.Background(), d)
	if err != nil || name.Kind != canonical.String {
		return "", false
	}
	n.opened.Store(d, name.Str)
	return name.Str, true
}

func (n *names) forget(s *conference.State, p conference.PersonID) {
	person, _ := s.Person(p)
	for _, name := range person.Names {
		n.opened.Delete(name.Name.Digest)
	}
}

// Blob returns the bytes of a blob.
func (v *View) Blob(ctx context.Context, d record.Digest) ([]byte, error) {
	return v.desk.engine.Blob(ctx, d)
}

// File opens a private blob by the digest of what opens it, whoever may see it: the caller asks that first.
func (v *View) File(ctx context.Context, d record.Digest) ([]byte, error) {
	row, err := v.desk.engine.Row(ctx, d)
	if err != nil {
		return nil, err
	}
	disclosure, err := v.Open(ctx, d)
	if err != nil {
		return nil, err
	}
	kept, err := v.desk.engine.Blob(ctx, row.Blob)
	if err != nil {
		return nil, fmt.Errorf("reading a private blob: %w", err)
	}
	return disclosure.OpenKept(kept)
}

// Openings yields the openings of entries from an index on by index, then place: those published to all, or with private every
// one that is still to be had, closed entries' too.
func (v *View) Openings(ctx context.Context, from int64, private bool) iter.Seq2[record.Opening, error] {
	if private {
		return v.openings(ctx, from, func(record.Row) bool { return true })
	}
	return v.OpeningsFor(ctx, from, conference.Reader{})
}

// OpeningsFor yields, as Openings does, those that a reader may see.
func (v *View) OpeningsFor(ctx context.Context, from int64, r conference.Reader) iter.Seq2[record.Opening, error] {
	open, closed := v.public.at(v, r)
	if v.present != nil {
		still := v.present.Disclosed(r)
		maps.DeleteFunc(open, func(d record.Digest, _ bool) bool { return !still[d] })
	}
	return v.openings(ctx, from, func(row record.Row) bool {
		return row.Name == "closed" && closed[row.Index] || row.Name != "closed" && open[row.Digest]
	})
}

func (v *View) openings(ctx context.Context, from int64, may func(record.Row) bool) iter.Seq2[record.Opening, error] {
	return func(yield func(record.Opening, error) bool) {
		for row, err := range v.desk.engine.Rows(ctx, from) {
			if err != nil {
				yield(record.Opening{}, err)
				return
			}
			if row.Index >= v.State().Size {
				return
			}
			if !may(row) {
				continue
			}
			plain, err := v.desk.plain(ctx, row.Digest)
			if errors.Is(err, ErrForgotten) || errors.Is(err, record.ErrNotFound) {
				continue
			}
			o := record.Opening{Index: row.Index}
			if row.Name == "closed" {
				o.Closed = plain
			} else {
				o.Disclosure, o.Blob = record.Disclosure(plain), row.Blob
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}
