package tiles

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

// A Damage is the first thing found wrong, and the entry it names; Place is -1 where it names none.
type Damage struct {
	Place  int64
	Reason string
}

func (d *Damage) Error() string {
	if d.Place < 0 {
		return d.Reason
	}
	return fmt.Sprintf("entry %d: %s", d.Place, d.Reason)
}

// A Verdict is what checking the form of an exported record came to. Damage nil: all is well.
type Verdict struct {
	Checkpoint record.Checkpoint
	Openings   int64 // that fit
	Damage     *Damage
}

// String is the verdict's line: "ok N ROOT" or "damaged PLACE REASON".
func (v Verdict) String() string {
	switch {
	case v.Damage == nil:
		return fmt.Sprintf("ok %d %s", v.Checkpoint.Size, v.Checkpoint.Root)
	case v.Damage.Place < 0:
		return "damaged - " + v.Damage.Reason
	}
	return fmt.Sprintf("damaged %d %s", v.Damage.Place, v.Damage.Reason)
}

// Verify checks the form of an exported record in the order of doc/record.md section 10. key is the verifier key
// to trust; "" takes the file key, which proves nothing unless the origin is a story's.
// What is read is hostile: sizes are bounded and a missing or unreadable file is damage.
func Verify(fsys fs.FS, key string) Verdict {
	c := &checker{fsys: fsys, tree: new(record.Tree)}
	v := Verdict{}
	v.Damage = c.verify(key, &v)
	return v
}

type checker struct {
	fsys  fs.FS
	tree  *record.Tree
	head  record.Checkpoint
	last  record.Instant
	story string // id of the body the origin names, or ""

	named []record.Reference // the public blobs of the last entry
}

func damage(place int64, format string, args ...any) *Damage {
	return &Damage{place, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ")}
}

func (c *checker) verify(key string, v *Verdict) *Damage {
	if key == "" {
		b, err := read(c.fsys, "key", 1000)
		text, whole := strings.CutSuffix(string(b), "\n")
		if err != nil || !whole {
			return damage(-1, "key: no verifier key on one line")
		}
		key = text
	}
	verifier, err := record.ParseVerifier(key)
	if err != nil {
		return damage(-1, "key: %v", err)
	}
	c.story, _ = record.StoryBody(verifier.Name())
	b, err := read(c.fsys, "checkpoint", 1<<20)
	if err == nil {
		c.head, err = record.OpenCheckpoint(b, verifier)
	}
	if err != nil {
		return damage(-1, "%v", err)
	}
	if v.Checkpoint = c.head; c.head.Size == 0 {
		return damage(-1, "no entries")
	}
	for _, step := range []func() *Damage{c.entries, c.tiles} {
		if d := step(); d != nil {
			return d
		}
	}
	return c.openings(&v.Openings)
}

// read reads a file of at most limit bytes.
func read(fsys fs.FS, path string, limit int64) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s is larger than it can be", path)
	}
	return b, err
}

// maxBundle is the largest bundle of entries: each with two bytes of length.
const maxBundle = torchwood.TileWidth * (2 + record.MaxEntry)

// entries checks each entry in order, and its hash in the level-0 tile.
func (c *checker) entries() *Damage {
	for n := int64(0); n*torchwood.TileWidth < c.head.Size; n++ {
		first := n * torchwood.TileWidth
		w := min(torchwood.TileWidth, c.head.Size-first)
		bundle, err := read(c.fsys, torchwood.TilePath(entriesTile(n, w)), maxBundle)
		if err != nil {
			return damage(first, "bundle: %v", err)
		}
		hashes, err := read(c.fsys, torchwood.TilePath(tlog.Tile{H: torchwood.TileHeight, L: 0, N: n, W: int(w)}), torchwood.TileWidth*tlog.HashSize)
		for i := range w {
			var entry []byte
			var short error
			if entry, bundle, short = torchwood.ReadTileEntry(bundle); short != nil {
				return damage(first+i, "is missing or cut short")
			}
			if d := c.entry(entry, first+i); d != nil {
				return d
			}
			hash := tlog.RecordHash(entry)
			if err != nil || int64(len(hashes)) != w*tlog.HashSize && i == 0 || !bytes.Equal(hashes[i*tlog.HashSize:(i+1)*tlog.HashSize], hash[:]) {
				return damage(first+i, "does not match its hash")
			}
			c.tree.Append(hash)
			for _, ref := range c.named {
				if err := c.blob(ref); err != nil {
					return damage(first+i, "%v", err)
				}
			}
		}
		if len(bundle) > 0 {
			return damage(first+w-1, "is followed by bytes of nothing")
		}
	}
	return nil
}

func (c *checker) entry(b []byte, index int64) *Damage {
	e, err := record.ParseEntry(string(b), index)
	if err != nil {
		return damage(index, "%v", err.(*record.EntryError).Why)
	}
	if e.At < c.last && index > 0 {
		return damage(index, "is earlier than the entry before it")
	}
	c.last, c.named = e.At, record.Blobs(e.Act.Fields)
	if e.Closed == "" && e.Act.Origin != c.head.Origin {
		return damage(index, "was meant for the record %s", e.Act.Origin)
	}
	if index == 0 && c.story != "" && e.Act.Fields.Get("id").Str != c.story {
		return damage(index, "founds another body than the origin names")
	}
	return nil
}

// tiles checks every hash tile against the hashes of the entries, and the root against the checkpoint.
func (c *checker) tiles() *Damage {
	for _, t := range tlog.NewTiles(torchwood.TileHeight, 0, c.head.Size) {
		want, err := tlog.ReadTileData(t, c.tree)
		if err != nil {
			return damage(-1, "tree: %v", err)
		}
		got, err := read(c.fsys, torchwood.TilePath(t), torchwood.TileWidth*tlog.HashSize)
		if err != nil || !bytes.Equal(got, want) {
			return damage(-1, "hash tile %s is not what the entries give", torchwood.TilePath(t))
		}
	}
	root, err := tlog.TreeHash(c.head.Size, c.tree)
	if err != nil || root != c.head.Root {
		return damage(-1, "the entries give the root %s and the checkpoint says %s", root, c.head.Root)
	}
	return nil
}

// maxOpenings bounds the openings of one bundle.
const maxOpenings = 64 << 20

func (c *checker) openings(fit *int64) *Damage {
	for n := int64(0); n*torchwood.TileWidth < c.head.Size; n++ {
		b, err := read(c.fsys, OpeningPath(n), maxOpenings)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return damage(-1, "openings: %v", err)
		}
		s := &openings{c: c, bundle: n, place: -1}
		for len(b) > 0 {
			line, rest, whole := bytes.Cut(b, []byte{'\n'})
			if !whole {
				return damage(-1, "openings: the last line does not end")
			}
			if d := s.line(string(line)); d != nil {
				return d
			}
			b = rest
			*fit++
		}
	}
	return nil
}

// openings checks the lines of one bundle, in order.
type openings struct {
	c       *checker
	bundle  int64
	entries [][]byte      // of the bundle, once a line asked for them
	entry   *record.Entry // of the last line
	place   int64         // of the last line in its entry
}

func (s *openings) line(text string) *Damage {
	o, err := record.ParseOpening(text)
	if err != nil {
		return damage(record.OpeningIndex(text), "opening: %v", err)
	}
	if o.Index/torchwood.TileWidth != s.bundle || o.Index >= s.c.head.Size || s.entry != nil && o.Index < s.entry.Index {
		return damage(o.Index, "opening: out of order")
	}
	if s.entry == nil || s.entry.Index != o.Index {
		if s.entry, err = s.entryAt(o.Index); err != nil {
			return damage(o.Index, "opening: %v", err)
		}
		s.place = -1
	}
	place, err := record.Fits(s.entry, o)
	if err == nil && place <= s.place {
		err = errors.New("out of order")
	}
	if err == nil && o.Blob != "" {
		ref := record.References(s.entry.Act.Fields)[place]
		err = s.c.blob(record.Reference{Name: ref.Name, Digest: o.Blob, Size: ref.Size})
	}
	if err != nil {
		return damage(o.Index, "opening: %v", err)
	}
	s.place = place
	return nil
}

// blob checks what stands under the digest of a blob: that it is of it, and of the size the entry says.
func (c *checker) blob(ref record.Reference) error {
	b, err := read(c.fsys, blobPath(ref.Digest), record.MaxBlob)
	switch {
	case err != nil:
		return fmt.Errorf("blob %s: %w", ref.Name, err)
	case int64(len(b)) != ref.Size:
		return fmt.Errorf("blob %s has %d bytes and the entry says %d", ref.Name, len(b), ref.Size)
	case record.DigestOf(b) != ref.Digest:
		return fmt.Errorf("blob %s is not of its digest", ref.Name)
	}
	return nil
}

// OpenBlobs opens each private blob of an exported record whose form was verified, and holds it against what is disclosed
// of it: the bytes of a file need more than the arithmetic of form. size is the record's.
func OpenBlobs(fsys fs.FS, size int64) *Damage {
	for n := int64(0); n*torchwood.TileWidth < size; n++ {
		b, err := read(fsys, OpeningPath(n), maxOpenings)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		for line := range strings.Lines(string(b)) {
			var o record.Opening
			if err == nil {
				o, err = record.ParseOpening(strings.TrimSuffix(line, "\n"))
			}
			var kept []byte
			if err == nil && o.Blob != "" {
				if kept, err = read(fsys, blobPath(o.Blob), record.MaxBlob); err == nil {
					_, err = o.Disclosure.OpenKept(kept)
				}
			}
			if err != nil {
				return damage(o.Index, "private blob: %v", err)
			}
		}
		if err != nil {
			return damage(-1, "openings: %v", err)
		}
	}
	return nil
}

// entryAt reads an entry of the bundle again.
func (s *openings) entryAt(index int64) (*record.Entry, error) {
	if s.entries == nil {
		first := s.bundle * torchwood.TileWidth
		for stored, err := range entriesFrom(s.c.fsys, first, min(first+torchwood.TileWidth, s.c.head.Size)) {
			if err != nil {
				return nil, err
			}
			s.entries = append(s.entries, stored.Bytes)
		}
	}
	return record.ParseEntry(string(s.entries[index%torchwood.TileWidth]), index)
}

// Entries yields the first size entries of an exported record, each with its own hash.
func Entries(fsys fs.FS, size int64) iter.Seq2[record.Stored, error] {
	return entriesFrom(fsys, 0, size)
}

// entriesFrom begins at the first entry of a bundle.
func entriesFrom(fsys fs.FS, index, size int64) iter.Seq2[record.Stored, error] {
	return func(yield func(record.Stored, error) bool) {
		for index < size {
			bundle, err := readBundle(fsys, index/torchwood.TileWidth)
			for err == nil && len(bundle) > 0 && index < size {
				var entry []byte
				if entry, bundle, err = torchwood.ReadTileEntry(bundle); err == nil {
					if !yield(record.Stored{Index: index, Bytes: entry, Hash: tlog.RecordHash(entry)}, nil) {
						return
					}
					index++
				}
			}
			if err == nil && index < size && index%torchwood.TileWidth != 0 {
				err = fmt.Errorf("entry %d is missing", index)
			}
			if err != nil {
				yield(record.Stored{}, err)
				return
			}
		}
	}
}

// readBundle reads bundle n, full or of whatever width it is there.
func readBundle(fsys fs.FS, n int64) ([]byte, error) {
	full := torchwood.TilePath(entriesTile(n, torchwood.TileWidth))
	b, err := read(fsys, full, maxBundle)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	widths, err := fs.ReadDir(fsys, full+".p")
	if err != nil {
		return nil, err
	}
	var best int
	for _, w := range widths {
		var n int
		if _, err := fmt.Sscanf(w.Name(), "%d", &n); err == nil && n > best && n < torchwood.TileWidth {
			best = n
		}
	}
	return read(fsys, fmt.Sprintf("%s.p/%d", full, best), maxBundle)
}
