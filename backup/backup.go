// Package backup packs a record's folder into one file, and unpacks what somebody brings as such a file.
//
// The file is a POSIX tar (ustar, IEEE Std 1003.1-1988), uncompressed, so that tar(1) lists it in fifty years:
//
//	manifest.json    what is in it: format, kind, whose record, the checkpoint it holds, each file with size and SHA-256
//	record.db …      the files, in the order of the manifest
//	blobs/ab/abcd…   blobs by SHA-256 in hex, in ascending order; the manifest says how many, with how many bytes
//
// There are two kinds. "record" has the database and the blobs: entries, tree, checkpoints, and what is sealed as it is
// encrypted. "keys" has what opens that and signs more: keys/log.key, keys/subjects, and the seeds of imports. Whoever has
// the first alone can neither read what is sealed nor write on; whoever has the second can, so the two are kept apart.
//
// What is unpacked is held to the manifest byte by byte: no other name, no link, no sparse file, nothing twice, nothing
// missing, nothing behind the end. A file unpacks to no more bytes than it has. Whether the record in it is true is not
// asked here: the tree and the signature say that.
package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Format is the format of the file this package writes, and the newest it reads.
const Format = 1

// The kinds of files.
const (
	Record = "record"
	Keys   = "keys"
)

const (
	manifestName = "manifest.json"
	maxManifest  = 1 << 20 // bytes
	maxFiles     = 4096    // named in a manifest
	block        = 512     // of a tar
)

// A Manifest says what a file holds.
type Manifest struct {
	Format     int       `json:"format"`
	Kind       string    `json:"kind"`
	Origin     string    `json:"origin"`
	Verifier   string    `json:"verifier"`   // key of the log, as a note's verifier key
	Checkpoint string    `json:"checkpoint"` // of a record: the signed note it ends with; "" of keys
	Made       time.Time `json:"made"`
	Program    string    `json:"program"` // that made it
	Files      []File    `json:"files"`
	Blobs      int64     `json:"blobs"`     // how many
	BlobBytes  int64     `json:"blobBytes"` // all together
}

// A File is one that a manifest names.
type File struct {
	Name   string `json:"name"` // below the folder, parted by slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hex
}

// names are those a file of each kind may hold besides blobs.
var names = map[string]func(string) bool{
	Record: func(name string) bool {
		return slices.Contains([]string{"record.db", "erased.jsonl", "rehearsal-of"}, name)
	},
	Keys: func(name string) bool {
		rest, imported := strings.CutPrefix(name, "imports/")
		return name == "keys/log.key" || name == "keys/subjects" || imported && plain(rest)
	},
}

// plain reports whether name is that of a file in a folder, and nothing more.
func plain(name string) bool {
	return len(name) > 5 && len(name) <= 80 && strings.HasSuffix(name, ".json") && !strings.ContainsFunc(name[:len(name)-5], func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// blobName is where a blob stands, by its SHA-256.
func blobName(sum [32]byte) string {
	name := hex.EncodeToString(sum[:])
	return "blobs/" + name[:2] + "/" + name
}

func isBlob(name string) bool {
	_, hash, ok := strings.Cut(name, "blobs/")
	if !ok || len(hash) != 67 {
		return false
	}
	sum, err := hex.DecodeString(hash[3:])
	return err == nil && len(sum) == 32 && blobName([32]byte(sum)) == name
}

// An Archive is a file about to be written.
type Archive struct {
	Manifest Manifest
	manifest []byte
	parts    []Part // of Manifest.Files
	dir      string // blobs are below it
	blobs    []blob
	close    func() error
}

type blob struct {
	name string
	size int64
}

// A Part is a file that goes into an archive: the one at Path, else Bytes.
type Part struct {
	Name, Path string
	Bytes      []byte
}

func (p Part) open() (io.ReadCloser, error) {
	if p.Path == "" {
		return io.NopCloser(bytes.NewReader(p.Bytes)), nil
	}
	f, err := os.Open(p.Path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.Name, err)
	}
	return f, nil
}

// New lists and digests what goes into a file: the parts, and the blobs below dir unless it is "". Parts must not change
// from here on; blobs never do. close is called by Close.
func New(ctx context.Context, m Manifest, parts []Part, dir string, close func() error) (_ *Archive, err error) {
	m.Format = Format
	a := &Archive{Manifest: m, dir: dir, close: close}
	for _, p := range parts {
		f, err := digested(ctx, p)
		if err != nil {
			return nil, err
		}
		a.Manifest.Files, a.parts = append(a.Manifest.Files, f), append(a.parts, p)
	}
	if dir != "" {
		if err := a.list(ctx); err != nil {
			return nil, err
		}
	}
	a.manifest, err = json.MarshalIndent(a.Manifest, "", "  ")
	return a, err
}

func digested(ctx context.Context, p Part) (File, error) {
	f, err := p.open()
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, reader{ctx, f})
	return File{p.Name, n, hex.EncodeToString(sum.Sum(nil))}, err
}

// list finds the blobs, in ascending order.
func (a *Archive) list(ctx context.Context) error {
	err := filepath.WalkDir(filepath.Join(a.dir, "blobs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil || d.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		name, err := filepath.Rel(a.dir, path)
		if name = filepath.ToSlash(name); err != nil || !isBlob(name) || !d.Type().IsRegular() {
			return err // one that is being written
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		a.blobs = append(a.blobs, blob{name, info.Size()})
		a.Manifest.Blobs, a.Manifest.BlobBytes = a.Manifest.Blobs+1, a.Manifest.BlobBytes+info.Size()
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) && len(a.blobs) == 0 {
		return nil // none was ever stored
	}
	return err
}

// Size is how many bytes WriteTo writes.
func (a *Archive) Size() int64 {
	size := padded(int64(len(a.manifest))) + 2*block
	for _, f := range a.Manifest.Files {
		size += padded(f.Bytes)
	}
	for _, b := range a.blobs {
		size += padded(b.size)
	}
	return size
}

// padded is how much of a tar a file of n bytes takes.
func padded(n int64) int64 { return block + (n+block-1)/block*block }

// WriteTo writes the file. It ends with an error, and without an end that a reader takes, where something changed meanwhile.
func (a *Archive) WriteTo(w io.Writer) (int64, error) {
	count := &counter{w: w}
	t := tar.NewWriter(count)
	err := a.put(t, manifestName, int64(len(a.manifest)), bytes.NewReader(a.manifest))
	for i := 0; err == nil && i < len(a.parts); i++ {
		err = a.copy(t, a.parts[i], a.Manifest.Files[i].Bytes)
	}
	for i := 0; err == nil && i < len(a.blobs); i++ {
		b := a.blobs[i]
		err = a.copy(t, Part{Name: b.name, Path: filepath.Join(a.dir, filepath.FromSlash(b.name))}, b.size)
	}
	if err == nil {
		err = t.Close()
	}
	return count.n, err
}

func (a *Archive) copy(t *tar.Writer, p Part, size int64) error {
	f, err := p.open()
	if err != nil {
		return err
	}
	defer f.Close()
	return a.put(t, p.Name, size, f)
}

func (a *Archive) put(t *tar.Writer, name string, size int64, from io.Reader) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: a.Manifest.Made.Truncate(time.Second), Format: tar.FormatUSTAR}
	if size >= 1<<33 { // more than ustar's eleven octal digits say
		h.Format = tar.FormatGNU
	}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	if _, err := io.CopyN(t, from, size); err != nil {
		return fmt.Errorf("packing %s: %w", name, err)
	}
	return nil
}

// Close lets go of what was copied to be packed.
func (a *Archive) Close() error {
	if a.close == nil {
		return nil
	}
	return a.close()
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// reader ends with ctx.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

// ErrNot says that a file is no backup, or not a whole one.
var ErrNot = errors.New("this is no whole backup")

func not(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNot, fmt.Sprintf(format, args...))
}

// An Unpacking reads a file of size bytes.
type Unpacking struct {
	Manifest   Manifest
	t          *tar.Reader
	size, seen int64 // of the file; of it, what the files unpacked so far take
}

// Open reads the manifest of a file of size bytes and of a kind. Errors are ErrNot, or the reading's.
func Open(ctx context.Context, r io.Reader, size int64, kind string) (*Unpacking, error) {
	u := &Unpacking{t: tar.NewReader(reader{ctx, r}), size: size}
	n, err := u.next(manifestName)
	if err != nil {
		return nil, err
	}
	if n > maxManifest {
		return nil, not("its manifest has %d bytes", n)
	}
	b, err := io.ReadAll(u.t)
	if err != nil {
		return nil, cut(manifestName, err)
	}
	var version struct{ Format int }
	if err := json.Unmarshal(b, &version); err != nil {
		return nil, not("its manifest: %v", err)
	}
	if version.Format != Format {
		return nil, not("it is of format %d and this program reads %d: use the program that made it", version.Format, Format)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&u.Manifest); err != nil {
		return nil, not("its manifest: %v", err)
	}
	return u, u.check(kind)
}

// check holds a manifest against itself and against the size of the file.
func (u *Unpacking) check(kind string) error {
	m, size := &u.Manifest, u.size
	if m.Kind != kind {
		return not("it holds %q and not %q", m.Kind, kind)
	}
	if len(m.Files) > maxFiles {
		return not("its manifest names %d files", len(m.Files))
	}
	seen, need := map[string]bool{}, int64(0)
	for _, f := range m.Files {
		if !names[kind](f.Name) || seen[f.Name] || f.Bytes < 0 || f.Bytes > size {
			return not("its manifest names %q", f.Name)
		}
		seen[f.Name], need = true, need+padded(f.Bytes)
		if need > size {
			break
		}
	}
	if m.Blobs < 0 || m.BlobBytes < 0 || m.Blobs > size/block || m.BlobBytes > size || kind == Keys && m.Blobs > 0 || need+m.Blobs*block+m.BlobBytes > size {
		return not("it has %d bytes and its manifest says more", size)
	}
	if first := map[string]string{Record: "record.db", Keys: "keys/log.key"}[kind]; !seen[first] {
		return not("%s is not in it", first)
	}
	return nil
}

// next is the size of the next file, which must be name.
func (u *Unpacking) next(name string) (int64, error) {
	h, err := u.t.Next()
	switch {
	case err == io.EOF && name == manifestName:
		return 0, not("it is empty")
	case err != nil:
		return 0, cut(name, err)
	case h.Typeflag != tar.TypeReg || h.Linkname != "" || len(h.PAXRecords) > 0 || h.Name != name:
		return 0, not("%q stands where %s should", h.Name, name)
	}
	u.seen += padded(h.Size)
	return h.Size, nil
}

// cut words an end that came too early.
func cut(name string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrHeader) {
		return not("it is cut off or damaged at %s", name)
	}
	return err
}

// To unpacks into a folder, which must be there and empty. What was written is on the disk when it returns; where it ends
// with an error, the folder holds a part of it and is to be removed.
func (u *Unpacking) To(dir string) error {
	for _, f := range u.Manifest.Files {
		n, err := u.next(f.Name)
		if err != nil {
			return err
		}
		if n != f.Bytes {
			return not("%s has %d bytes and the manifest says %d", f.Name, n, f.Bytes)
		}
		sum, err := u.write(dir, f.Name, n)
		if err != nil {
			return err
		}
		if got := hex.EncodeToString(sum[:]); got != f.SHA256 {
			return not("%s is not the file the manifest names: %s, not %s", f.Name, got, f.SHA256)
		}
	}
	before, left := "", u.Manifest.BlobBytes
	for range u.Manifest.Blobs {
		h, err := u.t.Next()
		switch {
		case err != nil:
			return cut("its blobs", err)
		case h.Typeflag != tar.TypeReg || h.Linkname != "" || len(h.PAXRecords) > 0 || !isBlob(h.Name) || h.Name <= before || h.Size > left:
			return not("%q stands among its blobs", h.Name)
		}
		before, left, u.seen = h.Name, left-h.Size, u.seen+padded(h.Size)
		sum, err := u.write(dir, h.Name, h.Size)
		if err != nil {
			return err
		}
		if blobName(sum) != h.Name {
			return not("the blob %s has other bytes than it names", h.Name)
		}
	}
	if left != 0 {
		return not("%d bytes of its blobs are missing", left)
	}
	return errors.Join(u.end(), synced(dir))
}

// end sees that nothing comes behind the last file but the end of a tar, and that it is whole.
func (u *Unpacking) end() error {
	if h, err := u.t.Next(); err == nil {
		return not("%q stands behind its end", h.Name)
	} else if err != io.EOF {
		return cut("its end", err)
	}
	if want := u.seen + 2*block; u.size != want {
		return not("it has %d bytes where %d belong to it", u.size, want)
	}
	return nil
}

// write unpacks the next file and returns its SHA-256.
func (u *Unpacking) write(dir, name string, size int64) (sum [32]byte, err error) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return sum, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return sum, err
	}
	hash := sha256.New()
	_, err = io.CopyN(io.MultiWriter(f, hash), u.t, size)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = cut(name, err)
	}
	return [32]byte(hash.Sum(nil)), errors.Join(err, f.Sync(), f.Close())
}

// synced makes the folders of a tree durable.
func synced(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}
