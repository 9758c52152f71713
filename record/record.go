// Package record is the append-only record of one body: what an entry is, and how nobody can change it later.
//
// An entry is an act and the events it caused, in canonical JSON. Entries are the leaves of a Merkle tree
// (RFC 6962); a signed checkpoint says origin, size and root, so that one entry, or the whole, is proven to
// anyone who has the log's key. doc/record.md has every byte.
//
// This package is arithmetic: it reads no clock, draws no chance and touches no disk. Engines that keep a
// record implement [Engine]; recordtest holds them to its contract; record/tiles is the layout others read.
package record

import (
	"context"
	"errors"
	"iter"

	"golang.org/x/mod/sumdb/tlog"
)

var (
	// ErrConflict says that the record is not of the size the caller expected. Nothing was appended.
	ErrConflict = errors.New("the record has another size")
	// ErrUnknown says that an append may or may not have happened. Make the same call again.
	ErrUnknown = errors.New("the outcome is unknown")
	// ErrNotFound says that there is no such blob, row or key.
	ErrNotFound = errors.New("not found")
	// ErrFull says that there is no room. Nothing was appended; the record can be read, and written again
	// when there is room.
	ErrFull = errors.New("no room on the disk")
	// ErrStopped says that the engine met a fault after which it must not write (a failed sync, a tree that
	// does not match). Open it again.
	ErrStopped = errors.New("the engine has stopped")
)

// A Group is appended whole or not at all.
type Group struct {
	Entries [][]byte    // canonical bytes, in order
	Rows    []Row       // disclosures and openings of these entries
	Keys    []ClosedKey // keys of the closed acts among them
	Hashes  []tlog.Hash // of the entries, where they are known already: tlog.RecordHash of each
}

// RecordHashes is the hash of each entry.
func (g Group) RecordHashes() []tlog.Hash {
	if len(g.Hashes) == len(g.Entries) {
		return g.Hashes
	}
	hashes := make([]tlog.Hash, len(g.Entries))
	for i, b := range g.Entries {
		hashes[i] = tlog.RecordHash(b)
	}
	return hashes
}

// A ClosedKey remembers the key of a closed act, so that an erased one still answers.
type ClosedKey struct {
	By     string // the author
	Key    string // 16 bytes of base64url
	Digest Digest // of the submitted half
	Index  int64
}

// A Stored entry is as an engine gives it back.
type Stored struct {
	Index int64
	Bytes []byte
	Hash  tlog.Hash // kept beside the entry, so that damage is named: tlog.RecordHash of Bytes, if all is well
}

// SignFunc makes the checkpoint of a size and root. It is called once for each group, before anything of the
// group can be seen.
type SignFunc func(size int64, root tlog.Hash) (note []byte, err error)

// An Engine keeps one record. Its methods may be called from any goroutine.
type Engine interface {
	// Append adds g to a record of exactly expect entries and returns the new checkpoint when entries, rows,
	// keys and checkpoint are durable: acknowledged means durable and provable. sign is called inside the
	// commit. The errors are ErrConflict, ErrFull, ErrStopped (nothing was appended), ErrUnknown (the same
	// call again), or ctx's before anything was done.
	Append(ctx context.Context, expect int64, g Group, sign SignFunc) (Checkpoint, error)

	// Read yields the entries from an index to the size at the time of the call: whole, in order, no repeats.
	Read(ctx context.Context, from int64) iter.Seq2[Stored, error]

	// Follow yields the entries from an index on and then those to come, until ctx ends: whole, in order, no repeats.
	Follow(ctx context.Context, from int64) iter.Seq2[Stored, error]

	// Head is the newest checkpoint; of an empty record the zero Checkpoint. Linearizable with Append.
	Head(ctx context.Context) (Checkpoint, error)

	// Cosign keeps a checkpoint of at most the record's size with the cosignatures it bears, beside those kept of
	// that size before, and adds them to the newest if it is that. Who calls has checked origin, root and signatures.
	Cosign(ctx context.Context, c Checkpoint) error

	// Cosigned yields the checkpoints that were cosigned, the newest first, each with all cosignatures kept.
	Cosigned(ctx context.Context) iter.Seq2[Checkpoint, error]

	// Rows yields the rows of entries from an index on, by index, then place.
	Rows(ctx context.Context, from int64) iter.Seq2[Row, error]

	// Row finds a row by its digest, or ErrNotFound.
	Row(ctx context.Context, d Digest) (Row, error)

	// ClosedKey finds the key of a closed act, or ErrNotFound.
	ClosedKey(ctx context.Context, by, key string) (ClosedKey, error)

	// ClosedKeys yields the keys of closed acts of entries from an index on, in order of index.
	ClosedKeys(ctx context.Context, from int64) iter.Seq2[ClosedKey, error]

	// PutBlob stores bytes under their SHA-256, durably. Storing them again is no error.
	PutBlob(ctx context.Context, b []byte) (Digest, error)

	// Blob returns the bytes stored under d, or ErrNotFound; bytes that do not match d are a fault.
	Blob(ctx context.Context, d Digest) ([]byte, error)

	// PutSnapshot keeps a state of the record, and of those before it the newest alone.
	PutSnapshot(ctx context.Context, s Snapshot) error

	// Snapshot returns the newest that is kept of at most size entries, or ErrNotFound. Its digest fits its bytes.
	Snapshot(ctx context.Context, size int64) (Snapshot, error)

	Close() error
}

// A Snapshot is a state to begin from, in place of folding all entries again. It proves nothing: whoever checks a
// record reads the entries. One whose edition, root or digest does not fit is thrown away.
type Snapshot struct {
	Size    int64     // entries folded
	Edition int64     // of the deciding code
	Root    tlog.Hash // of the tree of those entries
	Digest  Digest    // of State
	State   []byte    // as the program that made it writes it
}

// MaxBlob is the largest blob, in bytes.
const MaxBlob = 64 << 20

// An Edge is the right edge of a tree: enough to append and to know the root.
// The zero Edge is the empty tree.
type Edge struct {
	size  int64
	peaks []tlog.Hash // roots of the perfect subtrees from left to right, one for each bit set in size
}

// Size is the number of leaves.
func (e *Edge) Size() int64 { return e.size }

// Clone returns a copy that is appended to alone.
func (e *Edge) Clone() Edge { return Edge{e.size, append([]tlog.Hash(nil), e.peaks...)} }

// Append adds the hash of a leaf (tlog.RecordHash).
func (e *Edge) Append(leaf tlog.Hash) {
	h := leaf
	for n := e.size; n&1 == 1; n >>= 1 {
		last := len(e.peaks) - 1
		h = tlog.NodeHash(e.peaks[last], h)
		e.peaks = e.peaks[:last]
	}
	e.peaks = append(e.peaks, h)
	e.size++
}

// Root is the root of the tree (RFC 6962 section 2.1); of the empty tree the hash of nothing.
func (e *Edge) Root() tlog.Hash {
	if e.size == 0 {
		h, _ := tlog.TreeHash(0, nil)
		return h
	}
	last := len(e.peaks) - 1
	h := e.peaks[last]
	for i := last - 1; i >= 0; i-- {
		h = tlog.NodeHash(e.peaks[i], h)
	}
	return h
}

// A Tree holds all hashes of a record in memory, 64 bytes an entry, and proves.
// It is a tlog.HashReader. The zero Tree is empty.
type Tree struct {
	size   int64
	hashes []tlog.Hash
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Append adds the hash of a leaf.
func (t *Tree) Append(leaf tlog.Hash) {
	hashes, err := tlog.StoredHashesForRecordHash(t.size, leaf, t)
	if err != nil {
		panic(err) // all hashes to the left are here
	}
	t.hashes = append(t.hashes, hashes...)
	t.size++
}

// ReadHashes implements tlog.HashReader.
func (t *Tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(t.hashes)) {
			return nil, ErrNotFound
		}
		out[i] = t.hashes[x]
	}
	return out, nil
}
