package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// folder is what a record's folder looks like to this package, with some blobs.
func folder(t *testing.T) (dir string, parts []Part) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{"record.db": strings.Repeat("entries ", 300), "erased.jsonl": "{}\n"} {
		write(t, filepath.Join(dir, name), text)
	}
	for _, text := range []string{"a paper", "", strings.Repeat("x", 1024)} {
		write(t, filepath.Join(dir, filepath.FromSlash(blobName(sha256.Sum256([]byte(text))))), text)
	}
	write(t, filepath.Join(dir, "blobs", "ab", ".new-1"), "half written") // is no blob yet
	return dir, []Part{{Name: "record.db", Path: filepath.Join(dir, "record.db")}, {Name: "erased.jsonl", Bytes: []byte("{}\n")}}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func packed(t *testing.T) []byte {
	t.Helper()
	dir, parts := folder(t)
	a, err := New(t.Context(), Manifest{Kind: Record, Origin: "o", Made: time.Unix(0, 0).UTC()}, parts, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if n, err := a.WriteTo(&b); err != nil || n != a.Size() || n != int64(b.Len()) {
		t.Fatalf("%d bytes of %d: %v", n, a.Size(), err)
	}
	return b.Bytes()
}

func unpack(ctx context.Context, b []byte, dir string) error {
	u, err := Open(ctx, bytes.NewReader(b), int64(len(b)), Record)
	if err == nil {
		err = u.To(dir)
	}
	return err
}

func TestWhatIsPackedComesBack(t *testing.T) {
	b, dir := packed(t), t.TempDir()
	if err := unpack(t.Context(), b, dir); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files++
			if info, err := d.Info(); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", path, info.Mode(), err)
			}
		}
		return err
	})
	if err != nil || files != 5 {
		t.Errorf("%d files: %v", files, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(blobName(sha256.Sum256([]byte("a paper"))))))
	if err != nil || string(text) != "a paper" {
		t.Errorf("%q: %v", text, err)
	}
}

func TestEveryCutIsNoticed(t *testing.T) {
	b := packed(t)
	cuts := 0
	for n := 0; n < len(b); n += 256 {
		cuts++
		if err := unpack(t.Context(), b[:n], t.TempDir()); !errors.Is(err, ErrNot) {
			t.Errorf("cut at %d of %d: %v", n, len(b), err)
		}
	}
	if err := unpack(t.Context(), append(bytes.Clone(b), 0), t.TempDir()); !errors.Is(err, ErrNot) {
		t.Errorf("a byte behind the end: %v", err)
	}
	if cuts < 20 {
		t.Errorf("%d cuts", cuts)
	}
}

func TestEveryChangedByteThatMattersIsNoticed(t *testing.T) {
	b := packed(t)
	changed := 0
	for at := 0; at < len(b); at += 37 {
		bad := bytes.Clone(b)
		bad[at] ^= 1
		dir := t.TempDir()
		if err := unpack(t.Context(), bad, dir); err != nil {
			changed++
			continue
		}
		// What is not noticed is padding, or what a manifest says of whose record it is and when it was made.
		for _, name := range []string{"record.db", "erased.jsonl"} {
			f, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || name == "record.db" && string(f) != strings.Repeat("entries ", 300) || name == "erased.jsonl" && string(f) != "{}\n" {
				t.Errorf("byte %d: %s came out changed", at, name)
			}
		}
	}
	if changed < 100 {
		t.Errorf("%d changes were noticed", changed)
	}
}

// member is one of a tar that somebody makes up.
type member struct {
	header tar.Header
	text   string
}

func tarOf(t *testing.T, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		if m.header.Typeflag == 0 {
			m.header.Typeflag = tar.TypeReg
		}
		if m.header.Typeflag == tar.TypeReg {
			m.header.Size = int64(len(m.text))
		}
		if err := w.WriteHeader(&m.header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, m.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func manifest(t *testing.T, change func(*Manifest)) member {
	t.Helper()
	sum := "315f5bdb76d078c43b8ac0064e4a0164612b1fce77c869345bfc94c75894edd3" // of "Hello, world!"
	m := Manifest{Format: Format, Kind: Record, Files: []File{{"record.db", 13, sum}}}
	change(&m)
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return member{tar.Header{Name: "manifest.json"}, string(b)}
}

func TestWhatIsNoBackupIsRefused(t *testing.T) {
	same := func(*Manifest) {}
	db := member{tar.Header{Name: "record.db"}, "Hello, world!"}
	if err := unpack(t.Context(), tarOf(t, manifest(t, same), db), t.TempDir()); err != nil {
		t.Fatalf("the one that all others differ from: %v", err)
	}
	blobOf := func(text string) member {
		return member{tar.Header{Name: blobName(sha256.Sum256([]byte(text)))}, text}
	}
	one := func(m *Manifest) { m.Blobs, m.BlobBytes = 1, 1 }
	hostile := map[string][]byte{
		"nothing":                    {},
		"zeros":                      make([]byte, 4096),
		"text":                       []byte(strings.Repeat("not a tar ", 200)),
		"no manifest":                tarOf(t, db),
		"two manifests":              tarOf(t, manifest(t, same), manifest(t, same), db),
		"a path upwards":             tarOf(t, manifest(t, func(m *Manifest) { m.Files[0].Name = "../record.db" }), member{tar.Header{Name: "../record.db"}, "Hello, world!"}),
		"a path from the root":       tarOf(t, manifest(t, same), member{tar.Header{Name: "/record.db"}, "Hello, world!"}),
		"an import's path upwards":   tarOf(t, manifest(t, func(m *Manifest) { m.Files = append(m.Files, File{"imports/../../x.json", 13, m.Files[0].SHA256}) }), db, member{tar.Header{Name: "imports/../../x.json"}, "Hello, world!"}),
		"a key among the record":     tarOf(t, manifest(t, func(m *Manifest) { m.Files = append(m.Files, File{"keys/log.key", 13, m.Files[0].SHA256}) }), db, member{tar.Header{Name: "keys/log.key"}, "Hello, world!"}),
		"a symbolic link":            tarOf(t, manifest(t, same), member{tar.Header{Name: "record.db", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, ""}),
		"a hard link":                tarOf(t, manifest(t, same), member{tar.Header{Name: "record.db", Typeflag: tar.TypeLink, Linkname: "manifest.json"}, ""}),
		"a device":                   tarOf(t, manifest(t, same), member{tar.Header{Name: "record.db", Typeflag: tar.TypeChar}, ""}),
		"other bytes":                tarOf(t, manifest(t, same), member{tar.Header{Name: "record.db"}, "Hello, World!"}),
		"a file twice":               tarOf(t, manifest(t, func(m *Manifest) { m.Files = append(m.Files, m.Files[0]) }), db, db),
		"a file more":                tarOf(t, manifest(t, same), db, member{tar.Header{Name: "erased.jsonl"}, "x"}),
		"no record":                  tarOf(t, manifest(t, func(m *Manifest) { m.Files = nil })),
		"another format":             tarOf(t, manifest(t, func(m *Manifest) { m.Format = Format + 1 }), db),
		"the other kind":             tarOf(t, manifest(t, func(m *Manifest) { m.Kind = Keys }), db),
		"a size that is not there":   tarOf(t, manifest(t, func(m *Manifest) { m.Files[0].Bytes = 1 << 40 }), db),
		"a size below zero":          tarOf(t, manifest(t, func(m *Manifest) { m.Files[0].Bytes = -1 }), db),
		"blobs that are not there":   tarOf(t, manifest(t, func(m *Manifest) { m.Blobs, m.BlobBytes = 1<<40, 1<<50 }), db),
		"a missing blob":             tarOf(t, manifest(t, one), db),
		"a blob of another name":     tarOf(t, manifest(t, one), db, member{tar.Header{Name: blobName(sha256.Sum256([]byte("x")))}, "y"}),
		"a blob elsewhere":           tarOf(t, manifest(t, one), db, member{tar.Header{Name: "blobs/zz/" + strings.Repeat("z", 64)}, "x"}),
		"a blob twice":               tarOf(t, manifest(t, func(m *Manifest) { m.Blobs, m.BlobBytes = 2, 2 }), db, blobOf("x"), blobOf("x")),
		"a blob more":                tarOf(t, manifest(t, one), db, blobOf("x"), blobOf("y")),
		"blobs larger than was said": tarOf(t, manifest(t, one), db, blobOf("xx")),
		"an extended header":         tarOf(t, manifest(t, same), member{tar.Header{Name: "record.db", Format: tar.FormatPAX, PAXRecords: map[string]string{"KURULTAI.x": "y"}}, "Hello, world!"}),
		"a manifest of its own mind": tarOf(t, member{tar.Header{Name: "manifest.json"}, `{"format":1,"kind":"record","more":1}`}, db),
		"a manifest without end":     tarOf(t, member{tar.Header{Name: "manifest.json"}, strings.Repeat(" ", maxManifest+1)}, db),
	}
	for name, b := range hostile {
		around := t.TempDir()
		dir := filepath.Join(around, "in", "here")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := unpack(t.Context(), b, dir); !errors.Is(err, ErrNot) {
			t.Errorf("%s: %v", name, err)
		}
		if list, _ := filepath.Glob(filepath.Join(around, "*")); len(list) != 1 {
			t.Errorf("%s: wrote %q", name, list)
		}
	}
	t.Logf("%d files refused", len(hostile))
	if len(hostile) < 25 {
		t.Error("some are missing")
	}
}

// A sparse file would unpack to more bytes than the tar has. The bytes below are GNU's old form of one of 1 GiB.
func TestNoFileUnpacksToMoreThanItHas(t *testing.T) {
	head := make([]byte, block)
	copy(head, "record.db")
	copy(head[100:], "0000600\x000000000\x000000000\x0000000000000\x0000000000000\x00        S")
	copy(head[257:], "ustar  \x00")
	copy(head[483:], "010000000000\x00") // real size
	sum := 0
	for _, c := range head {
		sum += int(c)
	}
	copy(head[148:], []byte{byte('0' + sum>>15&7), byte('0' + sum>>12&7), byte('0' + sum>>9&7), byte('0' + sum>>6&7), byte('0' + sum>>3&7), byte('0' + sum&7), 0, ' '})
	b := tarOf(t, manifest(t, func(m *Manifest) { m.Files[0].Bytes = 1 << 30 }))
	b = append(append(b[:len(b)-2*block:len(b)-2*block], head...), make([]byte, 2*block)...)
	if err := unpack(t.Context(), b, t.TempDir()); !errors.Is(err, ErrNot) {
		t.Errorf("%v", err)
	}
}

func TestAFileThatChangedMeanwhileIsNotPacked(t *testing.T) {
	dir, parts := folder(t)
	a, err := New(t.Context(), Manifest{Kind: Record}, parts, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, parts[0].Path, "shorter")
	var b bytes.Buffer
	if _, err := a.WriteTo(&b); err == nil {
		t.Error("it was packed")
	}
	if err := unpack(t.Context(), b.Bytes(), t.TempDir()); !errors.Is(err, ErrNot) {
		t.Errorf("and what was written is taken: %v", err)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("x"), 0)
	f.Add(make([]byte, 2048), 3)
	f.Fuzz(func(t *testing.T, patch []byte, at int) {
		b := packed(t)
		if at < 0 || at >= len(b) {
			return
		}
		copy(b[at:], patch)
		around := t.TempDir()
		dir := filepath.Join(around, "in")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		_ = unpack(t.Context(), b, dir)
		if list, _ := filepath.Glob(filepath.Join(around, "*")); len(list) != 1 {
			t.Errorf("wrote %q", list)
		}
	})
}
