package secretariat

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
)

// canary stands in a paper's file: wherever it can be read, the file can.
const canary = "Canary of a restricted paper, in clear."

// filed makes the act that registers a restricted paper with its file.
func filed(r *room, symbol string, file []byte) *Act {
	r.t.Helper()
	v, err := canonical.Parse(fmt.Sprintf(`{"file":{"private":{"blob":"%s","size":%d}},"language":"en","level":"restricted","symbol":"%s","text":"%[1]s","type":"draft"}`, record.DigestOf(file), len(file), symbol))
	if err != nil {
		r.t.Fatal(err)
	}
	fields, opened, err := record.Seal(v, rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	a := r.act("RegisterDocument", string(canonical.Append(nil, fields)), opened...)
	a.Blobs = [][]byte{file}
	return a
}

func destroy(r *room, symbol string) *Act {
	a := r.act("DestroyFile", `{"basis":"VII/1","symbol":"`+symbol+`"}`)
	a.Submitted.With = []record.With{{As: "Secretary", By: pid(2)}}
	return a
}

// fileOf is the reference of a paper's file.
func fileOf(t *testing.T, v *View, symbol string) record.SealedBlob {
	t.Helper()
	d, ok := v.State().Document(conference.Symbol(symbol))
	if !ok || d.File == nil {
		t.Fatalf("%s has no file", symbol)
	}
	return *d.File
}

// keptAt is where what is kept of a paper's file lies.
func keptAt(t *testing.T, r *room, symbol string) string {
	t.Helper()
	row, err := r.engine.Row(t.Context(), fileOf(t, r.View(), symbol).Digest)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := canonical.DecodeBytes(string(row.Blob))
	if err != nil {
		t.Fatal(err)
	}
	name := hex.EncodeToString(sum)
	return filepath.Join(r.dir, "blobs", name[:2], name)
}

// In clear a file is nowhere on the disk, neither before its key goes nor after; then nobody opens it, and all verifies.
func TestAFileIsNowhereInClear(t *testing.T) {
	r := enter(t, t.TempDir())
	file := []byte(strings.Repeat(canary+"\n", 300))
	r.must(filed(r, "L.1", file))
	at := fileOf(t, r.View(), "L.1")
	if got, err := r.View().File(t.Context(), at.Digest); err != nil || !bytes.Equal(got, file) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if st, err := os.Stat(keptAt(t, r, "L.1")); err != nil || st.Size() != at.Size || at.Size != record.SealedSize(int64(len(file))) {
		t.Errorf("%v, %v; the entry says %d", st, err, at.Size)
	}
	key, err := r.keys.Get("doc/L.1")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := r.View().Open(t.Context(), at.Digest)
	if err != nil {
		t.Fatal(err)
	}
	_, _, secret, err := plain.OpenBlob()
	if err != nil || len(onDisk(t, r.dir, key[:])) != 1 {
		t.Fatal("the key of the paper is not where it should be: this test proves nothing", err)
	}
	for _, clear := range [][]byte{[]byte(canary), secret[:], []byte(plain), []byte(canonical.EncodeBytes(secret[:]))} {
		if where := onDisk(t, r.dir, clear); len(where) != 0 {
			t.Errorf("%.20q stands in clear in %v", clear, where)
		}
	}
	if fit, err := CheckOpenings(t.Context(), r.engine, r.keys, r.View().State().Size); err != nil || fit != 1 {
		t.Errorf("%d openings fit: %v", fit, err)
	}
	r.must(destroy(r, "L.1"))
	for _, clear := range [][]byte{[]byte(canary), secret[:], key[:]} {
		if where := onDisk(t, r.dir, clear); len(where) != 0 {
			t.Errorf("%.20q stands in clear in %v", clear, where)
		}
	}
	if b, err := r.View().File(t.Context(), at.Digest); !errors.Is(err, ErrForgotten) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if fit, err := CheckOpenings(t.Context(), r.engine, r.keys, r.View().State().Size); err != nil || fit != 0 {
		t.Errorf("%d openings fit: %v", fit, err)
	}
	r.refused(destroy(r, "L.1"), "no-file")
	r.refused(filed(r, "L.1", file), "forgotten")
	r.leave()
	if r = enter(t, r.dir); r.View().State().Disclosed(r.View().State().Reader(conference.PersonID(pid(1)), r.View().State().Last))[at.Digest] {
		t.Error("a destroyed file is offered")
	}
}

// Every file comes back to those who read its paper, in the same record, and in one that was opened again.
func TestFilesComeBack(t *testing.T) {
	r := enter(t, t.TempDir())
	files := map[string][]byte{}
	rapid.Check(t, func(rt *rapid.T) {
		symbol := fmt.Sprintf("L.%d", len(files)+1)
		files[symbol] = rapid.SliceOfN(rapid.Byte(), 0, 20_000).Draw(rt, "file")
		r.must(filed(r, symbol, files[symbol]))
		if got, err := r.View().File(t.Context(), fileOf(t, r.View(), symbol).Digest); err != nil || !bytes.Equal(got, files[symbol]) {
			rt.Fatalf("%s: %d bytes of %d, %v", symbol, len(got), len(files[symbol]), err)
		}
	})
	r.leave()
	r = enter(t, r.dir)
	for symbol, file := range files {
		if got, err := r.View().File(t.Context(), fileOf(t, r.View(), symbol).Digest); err != nil || !bytes.Equal(got, file) {
			t.Fatalf("%s: %d bytes of %d, %v", symbol, len(got), len(file), err)
		}
	}
	if len(files) < 50 {
		t.Errorf("%d files", len(files))
	}
}

func TestTheDoorAsksForTheFile(t *testing.T) {
	r := enter(t, t.TempDir())
	file := []byte(canary)
	for what, change := range map[string]func(*Act){
		"no bytes":                   func(a *Act) { a.Blobs = nil },
		"other bytes":                func(a *Act) { a.Blobs = [][]byte{[]byte("other")} },
		"bytes nobody names besides": func(a *Act) { a.Blobs = append(a.Blobs, []byte("more")) },
		"no disclosure":              func(a *Act) { a.Disclosures = nil },
		"a value's disclosure": func(a *Act) {
			d := record.Disclose("AAAAAAAAAAAAAAAAAAAAAA", "file", canonical.Value{Kind: canonical.String, Str: "x"})
			a.Submitted.Fields, _ = canonical.Parse(strings.Replace(string(canonical.Append(nil, a.Submitted.Fields)), string(a.Disclosures[0].Digest()), string(d.Digest()), 1))
			a.Submitted.Changed()
			a.Disclosures = []record.Disclosure{d}
		},
		"another size": func(a *Act) {
			a.Submitted.Fields, _ = canonical.Parse(strings.Replace(string(canonical.Append(nil, a.Submitted.Fields)), `"size":4096`, `"size":4352`, 1))
			a.Submitted.Changed()
		},
	} {
		a := filed(r, "L.1", file)
		change(a)
		before := r.View().State().Size
		r.refused(a, "not-opened")
		if r.View().State().Size != before {
			t.Errorf("%s: something was recorded", what)
		}
	}
	r.must(filed(r, "L.1", file))
}

// What is kept of a file is looked at whether it can be opened or not, and the entry is named.
func TestAFileMissingOrChangedIsNamed(t *testing.T) {
	for _, destroyed := range []bool{false, true} {
		for what, harm := range map[string]func(t *testing.T, path string){
			"missing": func(t *testing.T, path string) {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			},
			"flipped": func(t *testing.T, path string) {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				b[len(b)/2] ^= 1
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Fatal(err)
				}
			},
			"cut short": func(t *testing.T, path string) {
				if err := os.Truncate(path, 100); err != nil {
					t.Fatal(err)
				}
			},
		} {
			r := enter(t, t.TempDir())
			index := r.must(filed(r, "L.1", []byte(canary))).Index
			if destroyed {
				r.must(destroy(r, "L.1"))
			}
			harm(t, keptAt(t, r, "L.1"))
			_, err := CheckOpenings(t.Context(), r.engine, r.keys, r.View().State().Size)
			var e *record.EntryError
			if !errors.As(err, &e) || e.Index != index || !strings.Contains(err.Error(), "file") {
				t.Errorf("%s, key destroyed %v: %v, want entry %d named", what, destroyed, err, index)
			}
			if _, err := r.View().File(t.Context(), fileOf(t, r.View(), "L.1").Digest); err == nil {
				t.Errorf("%s: it was opened", what)
			}
		}
	}
}

// A file is kept before the entry that names it, so wherever the writer dies nothing is named that is missing; and the
// same act again is taken.
func TestBetweenFileAndEntryNothingIsNamed(t *testing.T) {
	r := enter(t, t.TempDir())
	gone := errors.New("the power is gone")
	a := filed(r, "L.1", []byte(canary))
	blobs := func() (n int) {
		paths, err := filepath.Glob(filepath.Join(r.dir, "blobs", "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(paths)
	}
	r.engine.fail = func(int64) error {
		if blobs() != 1 {
			t.Error("the entry is appended and its file is not kept")
		}
		return gone
	}
	if _, err := r.Do(t.Context(), a); !errors.Is(err, gone) {
		t.Fatal(err)
	}
	r.leave()
	r = enter(t, r.dir)
	if _, there := r.View().State().Document("L.1"); there || blobs() != 1 {
		t.Errorf("the paper is entered %v, %d files kept", there, blobs())
	}
	if _, err := CheckOpenings(t.Context(), r.engine, r.keys, r.View().State().Size); err != nil {
		t.Error(err)
	}
	r.must(a)
	if fit, err := CheckOpenings(t.Context(), r.engine, r.keys, r.View().State().Size); err != nil || fit != 1 || blobs() != 1 {
		t.Errorf("%d fit, %d files kept: %v", fit, blobs(), err)
	}
	r.Secretariat.config.Engine.(*faults).Engine = fullDisk{r.engine.Engine}
	before := r.View().State().Size
	if _, err := r.Do(t.Context(), filed(r, "L.2", []byte(canary))); err == nil || r.View().State().Size != before {
		t.Errorf("%v: an entry names a file that could not be kept", err)
	}
}

// fullDisk keeps no blob.
type fullDisk struct{ record.Engine }

func (fullDisk) PutBlob(context.Context, []byte) (record.Digest, error) {
	return "", errors.New("no room")
}

// A row that says another file is kept of its paper is found out, whether it can be opened or not.
func TestAFileOfAnotherPaperIsNamed(t *testing.T) {
	r := enter(t, t.TempDir())
	first := r.must(filed(r, "L.1", []byte(canary))).Index
	r.must(filed(r, "L.2", bytes.Repeat([]byte(canary), 1000)))
	r.must(filed(r, "L.3", []byte(canary+"!")))
	for _, other := range []string{"L.2", "L.3"} {
		row, err := r.engine.Row(t.Context(), fileOf(t, r.View(), other).Digest)
		if err != nil {
			t.Fatal(err)
		}
		swapped := changedRows{r.engine, func(x *record.Row) {
			if x.Index == first {
				x.Blob = row.Blob
			}
		}}
		_, err = CheckOpenings(t.Context(), swapped, r.keys, r.View().State().Size)
		var e *record.EntryError
		if !errors.As(err, &e) || e.Index != first {
			t.Errorf("the file of %s: %v", other, err)
		}
	}
	r.must(destroy(r, "L.1"))
	row, err := r.engine.Row(t.Context(), fileOf(t, r.View(), "L.2").Digest)
	if err != nil {
		t.Fatal(err)
	}
	swapped := changedRows{r.engine, func(x *record.Row) { x.Blob = row.Blob }}
	if _, err := CheckOpenings(t.Context(), swapped, r.keys, r.View().State().Size); err == nil || !strings.Contains(err.Error(), "the entry says") {
		t.Errorf("one that cannot be opened: %v", err)
	}
}
