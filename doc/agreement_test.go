package doc_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/recordtest"
	"kurultai/record/tiles"
	"kurultai/story"
	"kurultai/story/storytest"
)

// python runs the second verifier.
func python(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	path := recordtest.Program(t, "python3")
	if _, err := os.Stat("verify.py"); err != nil { // and so a remembered result ends when the program changes
		t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"verify.py"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	b, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if strings.Contains(stderr.String(), "Traceback") {
		t.Fatalf("%v: %s", args, stderr.String())
	}
	return strings.TrimSpace(string(b)), cmd.ProcessState.ExitCode()
}

// exported plays a story and exports its record with every opening.
func exported(t *testing.T, text []byte) string {
	t.Helper()
	v := storytest.PlayText(t, text).View()
	dir := filepath.Join(t.TempDir(), "tiles")
	entries := func(yield func(record.Stored, error) bool) {
		for i := range v.State().Size {
			b, err := v.Entry(t.Context(), i)
			if !yield(record.Stored{Index: i, Bytes: b}, err) {
				return
			}
		}
	}
	err := tiles.Export(context.Background(), dir, tiles.Source{Head: v.Checkpoint(), Key: v.VerifierKey(), Entries: entries, Openings: v.Openings(t.Context(), 0, true), Blob: v.Blob})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// The second verifier's own arithmetic of curves, and its spelling, held to published vectors; those of Merkle trees are
// of proofs, which it reads none of.
func TestTheSecondVerifierAgreesWithPublishedVectors(t *testing.T) {
	t.Parallel()
	folder := filepath.Dir(filepath.Dir(recordtest.Table(t, "vectors/ed25519/wycheproof-ed25519_test.json")))
	const want = "ed25519: 151 verdicts agree, 0 do not; 208 of 914 edge cases accepted\necdsa: 484 verdicts agree, 0 do not\nwebauthn: 10 verdicts agree, 0 do not\njcs: 50 strings spelt as there, 0 not"
	if out, code := python(t, "-vectors", folder); out != want || code != 0 {
		t.Errorf("%s, %d", out, code)
	}
}

// bundleOf reads the entries of a bundle, and makes it again.
func bundleOf(t *testing.T, b []byte) (entries [][]byte) {
	t.Helper()
	for len(b) > 0 {
		e, rest, err := torchwood.ReadTileEntry(b)
		if err != nil {
			t.Fatal(err)
		}
		entries, b = append(entries, bytes.Clone(e)), rest
	}
	return entries
}

func bundle(entries [][]byte) (b []byte) {
	for _, e := range entries {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(e))), e...)
	}
	return b
}

// A harm is one change to an exported record, and the place both verifiers must name: an entry, or -1 for none.
type harm struct {
	name  string
	place int64
	do    func(t *testing.T, dir string)
}

func edit(path string, change func([]byte) []byte) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		full := filepath.Join(dir, path)
		b, err := os.ReadFile(full)
		if err != nil {
			t.Fatal(err)
		}
		after := change(bytes.Clone(b))
		if bytes.Equal(after, b) {
			t.Fatal("nothing was changed")
		}
		if err := os.WriteFile(full, after, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func remove(path string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		if err := os.Remove(filepath.Join(dir, path)); err != nil {
			t.Fatal(err)
		}
	}
}

func swap(old, new string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
}

// harms are a hundred places in the record of the training story: each kind of part, in entries far apart.
func harms(t *testing.T, dir string, size int64) (list []harm) {
	entries := fmt.Sprintf("tile/entries/000.p/%d", size)
	level0 := fmt.Sprintf("tile/0/000.p/%d", size)
	b, err := os.ReadFile(filepath.Join(dir, entries))
	if err != nil {
		t.Fatal(err)
	}
	all := bundleOf(t, b)
	inEntry := func(what string, i int64, change func([]byte) []byte) {
		list = append(list, harm{fmt.Sprintf("%s of entry %d", what, i), i, edit(entries, func(b []byte) []byte {
			e := slices.Clone(all)
			e[i] = change(bytes.Clone(e[i]))
			return bundle(e)
		})})
	}
	flip := func(part string) func([]byte) []byte {
		return func(b []byte) []byte {
			at := bytes.Index(b, []byte(part))
			if at < 0 {
				return b
			}
			b[at+len(part)] ^= 1
			return b
		}
	}
	for i := int64(0); i < size; i += 4 {
		if bytes.Contains(all[i], []byte(`"closed"`)) {
			inEntry("digest", i, flip(`"closed":"`))
			continue
		}
		inEntry("act", i, flip(`"by":"`))
		inEntry("key", i, flip(`"key":"`))
		inEntry("event", i, flip(`"kind":"`))
		inEntry("time", i, swap(`.000Z","events"`, `.001Z","events"`))
		inEntry("index", i, flip(`"index":`))
	}
	closed := slices.IndexFunc(all, func(b []byte) bool { return bytes.Contains(b, []byte(`"closed"`)) })
	inEntry("digest", int64(closed), flip(`"closed":"`))
	inEntry("last byte", size-1, func(b []byte) []byte { return b[:len(b)-1] })
	inEntry("time before the one before", 30, swap(`"at":"2027`, `"at":"2026`))
	inEntry("origin", 5, flip(`story.invalid/`))
	inEntry("body", 0, swap(`"id":"lakes-and-passes"`, `"id":"lakes-and-peaks"`))
	inEntry("a space in", 7, swap(`:`, `: `))
	add := func(name string, place int64, do func(*testing.T, string)) {
		list = append(list, harm{name, place, do})
	}
	add("two entries in the other order", 10, edit(entries, func([]byte) []byte {
		e := slices.Clone(all)
		e[10], e[11] = e[11], e[10]
		return bundle(e)
	}))
	add("the last entry missing", size-1, edit(entries, func([]byte) []byte { return bundle(all[:size-1]) }))
	add("bytes behind the last entry", size-1, edit(entries, func(b []byte) []byte { return append(b, 0, 1, 'x') }))
	add("half an entry at the end", size-1, edit(entries, func(b []byte) []byte { return b[:len(b)-20] }))
	add("no bundle", 0, remove(entries))
	add("no level-0 tile", 0, remove(level0))
	add("a short level-0 tile", 0, edit(level0, func(b []byte) []byte { return b[:len(b)-32] }))
	add("a hash of entry 9", 9, edit(level0, func(b []byte) []byte { b[9*32] ^= 1; return b }))
	add("the hash of the last entry", size-1, edit(level0, func(b []byte) []byte { b[len(b)-1] ^= 1; return b }))
	for name, change := range map[string]func([]byte) []byte{
		"origin": swap("story", "stori"), "size": swap(fmt.Sprintf("\n%d\n", size), fmt.Sprintf("\n%d\n", size-1)), "root": func(b []byte) []byte { b[bytes.Count(b[:1], nil)+60] ^= 1; return b }, "signature": func(b []byte) []byte { b[len(b)-10] ^= 1; return b },
		"end": func(b []byte) []byte { return b[:len(b)-1] }, "beginning": func(b []byte) []byte { return b[1:] }, "everything": func([]byte) []byte { return []byte("x") }, "dash": swap("— ", "- "), "extra line": swap("\n\n", "\nmore\n\n"),
	} {
		add("the checkpoint's "+name, -1, edit("checkpoint", change))
	}
	add("no checkpoint", -1, remove("checkpoint"))
	add("the key's origin", -1, edit("key", swap("lakes", "leaks")))
	add("the key's hash", -1, edit("key", func(b []byte) []byte { b[bytes.IndexByte(b, '+')+1] ^= 1; return b }))
	add("the key itself", -1, edit("key", func(b []byte) []byte { b[len(b)-6] ^= 1; return b }))
	add("the key's line end", -1, edit("key", func(b []byte) []byte { return b[:len(b)-1] }))
	add("no key", -1, remove("key"))
	openings := "opening/000"
	text, err := os.ReadFile(filepath.Join(dir, openings))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	indexOf := func(line string) (n int64) {
		at := strings.LastIndex(line, `"index":`)
		fmt.Sscanf(line[at:], `"index":%d`, &n)
		return n
	}
	for _, i := range []int{0, 3, 9, 20, len(lines) - 1} {
		i := min(i, len(lines)-1)
		add(fmt.Sprintf("disclosure %d", i), indexOf(lines[i]), edit(openings, func(b []byte) []byte {
			at := len(strings.Join(lines[:i], "")) + len(`{"disclosure":"`)
			b[at+4] ^= 1
			return b
		}))
	}
	add("openings in the other order", indexOf(lines[0]), edit(openings, func([]byte) []byte {
		l := slices.Clone(lines)
		l[0], l[1] = l[1], l[0]
		return []byte(strings.Join(l, ""))
	}))
	add("an opening twice", indexOf(lines[2]), edit(openings, func([]byte) []byte {
		return []byte(strings.Join(slices.Concat(lines[:3], lines[2:]), ""))
	}))
	add("an opening moved to another entry", indexOf(lines[0])+1, edit(openings, swap(fmt.Sprintf(`"index":%d}`, indexOf(lines[0])), fmt.Sprintf(`"index":%d}`, indexOf(lines[0])+1))))
	add("rubbish among the openings", -1, edit(openings, func(b []byte) []byte { return append([]byte("x\n"), b...) }))
	add("openings that do not end", -1, edit(openings, func(b []byte) []byte { return b[:len(b)-1] }))
	blobs, err := filepath.Glob(filepath.Join(dir, "blob", "*"))
	if err != nil || len(blobs) != 1 {
		t.Fatalf("%v, %v: one private blob is wanted", blobs, err)
	}
	kept := filepath.Join("blob", filepath.Base(blobs[0]))
	filed := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, `{"blob"`) })
	blobOf := func(change func([]byte) []byte) func(*testing.T, string) {
		return edit(openings, func([]byte) []byte {
			l := slices.Clone(lines)
			l[filed] = string(change([]byte(l[filed])))
			return []byte(strings.Join(l, "") + "\n")
		})
	}
	place := indexOf(lines[filed])
	add("no private blob", place, remove(kept))
	add("a bit of the private blob", place, edit(kept, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }))
	add("the private blob's end", place, edit(kept, func(b []byte) []byte { return b[:len(b)-1] }))
	add("bytes behind the private blob", place, edit(kept, func(b []byte) []byte { return append(b, 0) }))
	add("where the private blob is kept", place, blobOf(func(b []byte) []byte { b[len(`{"blob":"`)+3] ^= 1; return b }))
	add("where the private blob is kept, not said", place, blobOf(func(b []byte) []byte { return append([]byte("{"), b[bytes.IndexByte(b, ',')+1:]...) }))
	add("a blob of no digest", place, blobOf(swap(`{"blob":"`, `{"blob":"_`)))
	add("the private blob's disclosure", place, blobOf(func(b []byte) []byte { b[bytes.Index(b, []byte(`"disclosure":"`))+40] ^= 1; return b }))
	add("a value said to be a blob", indexOf(lines[0]), edit(openings, func(b []byte) []byte {
		return append([]byte(`{"blob":"`+lines[filed][len(`{"blob":"`):][:43]+`",`), b[1:]...)
	}))
	inEntry("the private blob's size, no size of one,", place, swap(`"size":`, `"size":1`))
	inEntry("the private blob's size", place, swap(`"size":6144`, `"size":6400`))
	for i, line := range lines {
		if strings.HasPrefix(line, `{"closed"`) {
			add("the closed entry's opening", indexOf(line), edit(openings, func(b []byte) []byte {
				b[len(strings.Join(lines[:i], ""))+len(`{"closed":"`)+100] ^= 1
				return b
			}))
		}
	}
	return list
}

func TestBothVerifiersNameTheSamePlace(t *testing.T) {
	t.Parallel()
	source := exported(t, storytest.WithFile(t, storytest.FirstMeeting(t)))
	good := tiles.Verify(os.DirFS(source), "")
	if good.Damage != nil || good.Openings == 0 {
		t.Fatal(good)
	}
	if out, code := python(t, source); out != good.String() || code != 0 {
		t.Fatalf("%s, %d; here %s", out, code, good)
	}
	list := harms(t, source, good.Checkpoint.Size)
	if len(list) < 100 {
		t.Fatalf("%d places", len(list))
	}
	for _, h := range list {
		dir := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
			t.Fatal(err)
		}
		h.do(t, dir)
		v := tiles.Verify(os.DirFS(dir), "")
		if v.Damage == nil || v.Damage.Place != h.place {
			t.Errorf("%s: %s, want the place %d", h.name, v, h.place)
		}
		want := "damaged - "
		if h.place >= 0 {
			want = fmt.Sprintf("damaged %d ", h.place)
		}
		if out, code := python(t, dir); !strings.HasPrefix(out+" ", want) || code != 1 {
			t.Errorf("%s: the second verifier says %q, %d", h.name, out, code)
		}
		os.RemoveAll(dir)
	}
	t.Logf("%d places damaged, both verifiers name each", len(list))
}

// The first entry that names a public blob which is missing or changed is named, by both.
func TestBothVerifiersNameAPublicBlob(t *testing.T) {
	t.Parallel()
	training, _ := story.Shipped("training")
	dir := exported(t, training)
	place := map[string]int64{}
	for s, err := range tiles.Entries(os.DirFS(dir), tiles.Verify(os.DirFS(dir), "").Checkpoint.Size) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := record.ParseEntry(string(s.Bytes), s.Index)
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range record.Blobs(e.Act.Fields) {
			sum, err := canonical.DecodeBytes(string(ref.Digest))
			if err != nil {
				t.Fatal(err)
			}
			if path := "blob/" + hex.EncodeToString(sum); place[path] == 0 {
				place[path] = s.Index
			}
		}
	}
	rows, first := 0, int64(1<<40)
	for path, index := range place {
		first = min(first, index)
		for _, harm := range []struct {
			name string
			do   func(*testing.T, string)
		}{{"longer", edit(path, func(b []byte) []byte { return append(b, 0) })}, {"missing", remove(path)}} { // one after another: what is missing cannot grow
			if rows++; rows > 8 {
				break
			}
			name := harm.name
			harm.do(t, dir)
			v := tiles.Verify(os.DirFS(dir), "")
			if v.Damage == nil || v.Damage.Place != first {
				t.Errorf("%s %s: %s, want entry %d", path, name, v, first)
			} else if out, _ := python(t, dir); !strings.HasPrefix(out, fmt.Sprintf("damaged %d ", v.Damage.Place)) {
				t.Errorf("%s %s: %s, and the second verifier says %s", path, name, v, out)
			}
		}
	}
	if rows < 8 {
		t.Errorf("%d rows", rows)
	}
}

// A private blob whose bytes were changed by who could say so beside it has the form of one, and does not open.
func TestAPrivateBlobOfOtherBytesDoesNotOpen(t *testing.T) {
	t.Parallel()
	dir := exported(t, storytest.WithFile(t, storytest.FirstMeeting(t)))
	good := tiles.Verify(os.DirFS(dir), "")
	if d := tiles.OpenBlobs(os.DirFS(dir), good.Checkpoint.Size); d != nil {
		t.Fatal(d)
	}
	blobs, err := filepath.Glob(filepath.Join(dir, "blob", "*"))
	if err != nil || len(blobs) != 1 {
		t.Fatal(blobs, err)
	}
	b, err := os.ReadFile(blobs[0])
	if err != nil {
		t.Fatal(err)
	}
	before := record.DigestOf(b)
	b[100] ^= 1
	sum := sha256.Sum256(b)
	if err := os.WriteFile(filepath.Join(dir, "blob", hex.EncodeToString(sum[:])), b, 0o644); err != nil {
		t.Fatal(err)
	}
	edit("opening/000", swap(string(before), string(record.DigestOf(b))))(t, dir)
	v := tiles.Verify(os.DirFS(dir), "")
	if out, code := python(t, dir); v.Damage != nil || code != 0 || out != v.String() {
		t.Errorf("form: %s, and the second verifier %s", v, out)
	}
	if d := tiles.OpenBlobs(os.DirFS(dir), v.Checkpoint.Size); d == nil || d.Place != v.Checkpoint.Size-1 {
		t.Errorf("%v, want the last entry named", d)
	}
}

// mutate changes an entry: a byte, a token, a piece moved or doubled; or something that keeps it well formed.
func mutate(r *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	at := r.IntN(len(b))
	tokens := []string{`""`, `[]`, `{}`, `null`, `false`, `true`, `-0`, `1.0`, `1e3`, `9007199254740992`, `9007199254740991`, ` `, "\n", `\u0041`, `\/`, `"`, `,`, `:`, "\xff", "\u0000", "é", "\u2028", `"a":1,`, `AA==`, `\u001f`, "00", `{"sealed":"x"}`, `"sealed":1,`, "\ufeff"}
	switch r.IntN(9) {
	case 0:
		b[at] ^= 1 << r.IntN(8)
	case 1:
		b = slices.Delete(b, at, min(len(b), at+1+r.IntN(4)))
	case 2:
		b = slices.Insert(b, at, []byte(tokens[r.IntN(len(tokens))])...)
	case 3:
		to := r.IntN(len(b))
		b[at], b[to] = b[to], b[at]
	case 4:
		b = slices.Insert(b, at, b[at:min(len(b), at+r.IntN(30))]...)
	default: // a letter or digit for another: often still well formed
		for range 1 + r.IntN(3) {
			for k := range len(b) {
				if p := (at + k) % len(b); b[p] >= 'a' && b[p] <= 'f' || b[p] >= '1' && b[p] <= '8' {
					b[p]++
					break
				}
			}
			at = r.IntN(len(b))
		}
	}
	return b
}

func TestBothVerifiersAgreeOnMutatedEntries(t *testing.T) {
	t.Parallel()
	const mutants = 10_000
	r := rand.New(rand.NewPCG(2019, 9))
	var sources [][]byte
	var indexes []int64
	baku, _ := story.Shipped("baku")
	training, _ := story.Shipped("training")
	for _, text := range [][]byte{storytest.WithFile(t, training), baku} {
		v := storytest.PlayText(t, text).View()
		for i := range v.State().Size {
			b, err := v.Entry(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			sources, indexes = append(sources, b), append(indexes, i)
		}
	}
	var framed []byte
	var verdicts []string
	var entries [][]byte
	accepted := 0
	for range mutants {
		i := r.IntN(len(sources))
		b := mutate(r, sources[i])
		index := indexes[i]
		framed = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(framed, uint32(index)), uint32(len(b)))
		framed = append(framed, b...)
		verdict := "bad"
		if _, err := record.ParseEntry(string(b), index); err == nil {
			verdict = "ok"
			accepted++
		}
		verdicts, entries = append(verdicts, verdict), append(entries, b)
	}
	path := filepath.Join(t.TempDir(), "mutants")
	if err := os.WriteFile(path, framed, 0o644); err != nil {
		t.Fatal(err)
	}
	out, _ := python(t, "-entries", path)
	theirs := strings.Fields(out)
	if len(theirs) != mutants {
		t.Fatalf("%d verdicts", len(theirs))
	}
	for i := range theirs {
		if theirs[i] != verdicts[i] {
			t.Errorf("here %s, there %s: %q", verdicts[i], theirs[i], entries[i])
		}
	}
	if accepted < mutants/10 || accepted > mutants*9/10 {
		t.Errorf("%d of %d mutants accepted: too one-sided to say much", accepted, mutants)
	}
	t.Logf("%d mutants, %d accepted by both", mutants, accepted)
}

// The sizes a private blob can have, around each power of two.
func TestBothVerifiersAgreeOnSizesOfPrivateBlobs(t *testing.T) {
	t.Parallel()
	var framed []byte
	var want []string
	add := func(size int64) {
		e := fmt.Sprintf(`{"act":{"as":"Secretary","by":"a","fields":{"file":{"sealed":"%s","size":%d}},"key":"AAAAAAAAAAAAAAAAAAAAAA","name":"Other","origin":"o"},"at":"2026-01-02T00:00:00.000Z","events":[{"kind":"Done"}],"index":1}`, record.DigestOf(nil), size)
		framed = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(framed, 1), uint32(len(e)))
		framed = append(framed, e...)
		verdict := "bad"
		if _, err := record.ParseEntry(e, 1); err == nil {
			verdict = "ok"
		}
		if (verdict == "ok") != (size >= 4096 && size <= 64<<20 && record.SealedSize(size-17) == size) {
			t.Errorf("%d is %s", size, verdict)
		}
		want = append(want, verdict)
	}
	for _, size := range []int64{0, 1, 16, 17, 4097, 1<<53 - 1} {
		add(size)
	}
	for power := int64(1024); power <= 128<<20; power *= 2 {
		for _, step := range []int64{power / 64, power / 32, power / 16, power / 8} {
			for k := range int64(3) {
				add(power + k*step)
				add(power + k*step + 1)
				add(power - k*step - 1)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "sizes")
	if err := os.WriteFile(path, framed, 0o644); err != nil {
		t.Fatal(err)
	}
	out, _ := python(t, "-entries", path)
	if theirs := strings.Fields(out); !slices.Equal(theirs, want) || !slices.Contains(want, "ok") {
		t.Errorf("of %d sizes the verifiers do not agree", len(want))
	}
}

// written exports entries as their writer signs them.
func written(t *testing.T, key *record.LogKey, entries []string) string {
	t.Helper()
	var tree record.Tree
	var all []record.Stored
	for i, e := range entries {
		tree.Append(tlog.RecordHash([]byte(e)))
		all = append(all, record.Stored{Index: int64(i), Bytes: []byte(e)})
	}
	root, err := tlog.TreeHash(tree.Size(), &tree)
	if err != nil {
		t.Fatal(err)
	}
	note, err := key.SignCheckpoint(tree.Size(), root)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "tiles")
	err = tiles.Export(t.Context(), dir, tiles.Source{Head: record.Checkpoint{Origin: key.Origin(), Size: tree.Size(), Root: root, Note: note}, Key: key.Verifier(),
		Entries: func(yield func(record.Stored, error) bool) {
			for _, s := range all {
				if !yield(s, nil) {
					return
				}
			}
		},
		Openings: func(func(record.Opening, error) bool) {}})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// What a writer signs can be wrong too: then hashes and signature are well, and the form is not.
func TestBothVerifiersCatchADishonestWriter(t *testing.T) {
	t.Parallel()
	key := recordtest.Key()
	founding := func(origin, id string) string {
		return `{"act":{"as":"Secretary","by":"a","fields":{"id":"` + id + `"},"key":"AAAAAAAAAAAAAAAAAAAAAA","name":"FoundBody","origin":"` + origin + `"},"at":"2026-01-02T00:00:00.000Z","events":[{"kind":"BodyFounded"}],"index":0}`
	}
	closed := func(at string, index int) string {
		return fmt.Sprintf(`{"at":"%s","closed":"%s","index":%d}`, at, record.DigestOf([]byte(at)), index)
	}
	good := founding(key.Origin(), "test")
	for name, c := range map[string]struct {
		entries []string
		verdict string
	}{
		"nothing wrong":                    {[]string{good, closed("2026-01-02T00:00:00.000Z", 1)}, "ok 2 "},
		"time goes back":                   {[]string{good, closed("2026-01-03T00:00:00.000Z", 1), closed("2026-01-02T23:59:59.999Z", 2)}, "damaged 2 "},
		"an act meant for another record":  {[]string{good, strings.Replace(strings.Replace(founding("example.org/x", "test"), `"index":0`, `"index":1`, 1), "FoundBody", "Other", 1)}, "damaged 1 "},
		"another body than the origin has": {[]string{founding(key.Origin(), "other")}, "damaged 0 "},
		"a closed founding":                {[]string{closed("2026-01-02T00:00:00.000Z", 0)}, "damaged 0 "},
	} {
		dir := written(t, key, c.entries)
		if v := tiles.Verify(os.DirFS(dir), "").String() + " "; !strings.HasPrefix(v, c.verdict) {
			t.Errorf("%s: %s", name, v)
		}
		if out, _ := python(t, dir); !strings.HasPrefix(out+" ", c.verdict) {
			t.Errorf("%s: the second verifier says %s", name, out)
		}
	}
}
