// Package tiles writes and checks the layout in which a record is given away: C2SP tlog-tiles, with openings beside
// the entries (doc/record.md section 10). HTTP, mirrors and sticks carry the same files.
package tiles

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/canonical"
)

// A Source is the record to export.
type Source struct {
	Head     record.Checkpoint
	Key      string // verifier key in its text form
	Entries  iter.Seq2[record.Stored, error]
	Openings iter.Seq2[record.Opening, error]
	Blob     func(context.Context, record.Digest) ([]byte, error)
}

func entriesTile(n, w int64) tlog.Tile {
	return tlog.Tile{H: torchwood.TileHeight, L: -1, N: n, W: int(w)}
}

// OpeningPath is where the openings of bundle n stand.
func OpeningPath(n int64) string {
	return "opening/" + strings.TrimPrefix(torchwood.TilePath(entriesTile(n, torchwood.TileWidth)), "tile/entries/")
}

// Export writes the record at src.Head into dir, which must be empty or missing. The checkpoint comes last.
func Export(ctx context.Context, dir string, src Source) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty", dir)
	}
	x := &export{ctx: ctx, dir: dir, src: src, tree: new(record.Tree)}
	for _, step := range []func() error{x.entries, x.hashes, x.openings} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := x.write("key", []byte(src.Key+"\n")); err != nil {
		return err
	}
	return x.write("checkpoint", src.Head.Note)
}

type export struct {
	ctx  context.Context
	dir  string
	src  Source
	tree *record.Tree
}

func (x *export) write(path string, b []byte) error {
	path = filepath.Join(x.dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

func (x *export) entries() error {
	var bundle []byte
	flush := func() error {
		size := x.tree.Size()
		n, w := (size-1)/torchwood.TileWidth, (size-1)%torchwood.TileWidth+1
		err := x.write(torchwood.TilePath(entriesTile(n, w)), bundle)
		bundle = nil
		return err
	}
	for stored, err := range x.src.Entries {
		if err == nil {
			err = x.ctx.Err()
		}
		if err == nil && x.tree.Size() < x.src.Head.Size {
			x.tree.Append(tlog.RecordHash(stored.Bytes))
			if bundle, err = torchwood.AppendTileEntry(bundle, stored.Bytes); err == nil {
				err = x.blobs(stored)
			}
		}
		if err == nil && bundle != nil && (x.tree.Size()%torchwood.TileWidth == 0 || x.tree.Size() == x.src.Head.Size) {
			err = flush()
		}
		if err != nil {
			return fmt.Errorf("exporting entry %d: %w", x.tree.Size(), err)
		}
	}
	if x.tree.Size() != x.src.Head.Size {
		return fmt.Errorf("the record ends at %d entries and its checkpoint says %d", x.tree.Size(), x.src.Head.Size)
	}
	return nil
}

// blobs writes the public blobs an open entry names.
func (x *export) blobs(stored record.Stored) error {
	e, err := record.ParseEntry(string(stored.Bytes), stored.Index)
	if err != nil {
		return err
	}
	for _, ref := range record.Blobs(e.Act.Fields) {
		if err := x.blob(ref.Digest); err != nil {
			return err
		}
	}
	return nil
}

// blob writes what is kept under a digest.
func (x *export) blob(d record.Digest) error {
	b, err := x.src.Blob(x.ctx, d)
	if err != nil {
		return err
	}
	if err := x.write(blobPath(d), b); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// blobPath is where the bytes of a digest stand.
func blobPath(d record.Digest) string {
	sum, err := canonical.DecodeBytes(string(d))
	if err != nil {
		panic(err) // digests are checked where they are read
	}
	return "blob/" + hex.EncodeToString(sum)
}

func (x *export) hashes() error {
	for _, t := range tlog.NewTiles(torchwood.TileHeight, 0, x.src.Head.Size) {
		b, err := tlog.ReadTileData(t, x.tree)
		if err != nil {
			return fmt.Errorf("hash tile: %w", err)
		}
		if err := x.write(torchwood.TilePath(t), b); err != nil {
			return err
		}
	}
	return nil
}

func (x *export) openings() error {
	var lines []byte
	bundle := int64(-1)
	flush := func() error {
		if len(lines) == 0 {
			return nil
		}
		err := x.write(OpeningPath(bundle), lines)
		lines = nil
		return err
	}
	for o, err := range x.src.Openings {
		if n := o.Index / torchwood.TileWidth; err == nil && n != bundle {
			err = flush()
			bundle = n
		}
		if err != nil {
			return fmt.Errorf("exporting openings: %w", err)
		}
		if o.Blob != "" {
			if err := x.blob(o.Blob); err != nil {
				return fmt.Errorf("exporting a private blob of entry %d: %w", o.Index, err)
			}
		}
		lines = o.Append(lines)
	}
	return flush()
}
