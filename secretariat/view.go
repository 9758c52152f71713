package secretariat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

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
	names    *names
}

// Read folds a record and shows it as it stood then. It writes nothing and needs no lock, so it works beside a
// running writer.
func Read(ctx context.Context, engine record.Engine, keys *SubjectKeys, verifier string) (*View, error) {
	v := &View{desk: desk{vault: vault{engine, keys}}, verifier: verifier, proofs: new(proofs), names: new(names)}
	var err error
	if v.head, err = engine.Head(ctx); err != nil {
		return nil, fmt.Errorf("reading the head: %w", err)
	}
	v.desk.origin = v.head.Origin
	for stored, err := range engine.Read(ctx, 0) {
		if err != nil {
			return nil, fmt.Errorf("reading the record: %w", err)
		}
		if stored.Index == v.head.Size {
			break // came while we read
		}
		if err := v.desk.fold(ctx, stored); err != nil {
			return nil, err
		}
		v.proofs.append([]tlog.Hash{stored.Hash})
	}
	return v, nil
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

// Name is a person's name in a language, if it is published to all.
func (v *View) Name(p conference.PersonID, l conference.Language) (string, bool) {
	d := v.State().NameFor("public", p, l)
	if d == "" {
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
		for stored, err := range v.desk.engine.Read(ctx, index) {
			return stored.Bytes, err
		}
	}
	return nil, record.ErrNotFound
}

// Prove proves that an entry is in the record at v's size (RFC 6962 section 2.1.1).
func (v *View) Prove(_ context.Context, index int64) (tlog.RecordProof, error) {
	if index < 0 || index >= v.State().Size {
		return nil, record.ErrNotFound
	}
	return v.proofs.prove(v.State().Size, index)
}

// Rehearse decides acts after v, one after another, and appends nothing.
func (v *View) Rehearse(origin string, clock func() record.Instant, chance io.Reader) func(context.Context, *Act) (Receipt, error) {
	d, g := v.desk, new(draft)
	d.origin = origin
	return func(ctx context.Context, a *Act) (Receipt, error) {
		return d.take(ctx, a, moment{at: clock()}, chance, g)
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

// Openings yields the openings of the record by index, then place: those published to all, or with private every
// one that is still to be had, closed entries' too.
func (v *View) Openings(ctx context.Context, private bool) iter.Seq2[record.Opening, error] {
	public := v.State().Disclosed("public")
	return func(yield func(record.Opening, error) bool) {
		for row, err := range v.desk.engine.Rows(ctx, 0) {
			if err != nil {
				yield(record.Opening{}, err)
				return
			}
			if row.Index >= v.State().Size {
				return
			}
			closed := row.Name == "closed"
			if !private && (closed || !public[row.Digest]) {
				continue
			}
			plain, err := v.desk.plain(ctx, row.Digest)
			if errors.Is(err, ErrForgotten) || errors.Is(err, record.ErrNotFound) {
				continue
			}
			o := record.Opening{Index: row.Index}
			if closed {
				o.Closed = plain
			} else {
				o.Disclosure = record.Disclosure(plain)
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}
