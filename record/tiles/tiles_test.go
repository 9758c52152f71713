package tiles

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/recordtest"
)

// written writes a record of n closed entries after a founding.
func written(t *testing.T, n int) string {
	t.Helper()
	key := recordtest.Key()
	var all []record.Stored
	var tree record.Tree
	for i := range n {
		b := recordtest.Entry(int64(i), fmt.Sprint(i))
		if i == 0 {
			b = fmt.Appendf(nil, `{"act":{"as":"Secretary","by":"a","fields":{"id":"test"},"key":"AAAAAAAAAAAAAAAAAAAAAA","name":"FoundBody","origin":"%s"},"at":"2026-01-01T00:00:00.000Z","events":[{"kind":"BodyFounded"}],"index":0}`, key.Origin())
		}
		tree.Append(tlog.RecordHash(b))
		all = append(all, record.Stored{Index: int64(i), Bytes: b})
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
	err = Export(t.Context(), dir, Source{Head: record.Checkpoint{Origin: key.Origin(), Size: tree.Size(), Root: root, Note: note}, Key: key.Verifier(),
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

func TestExportsOfEverySizeVerify(t *testing.T) {
	for _, n := range []int{1, 2, 255, 256, 257, 600, 66000} {
		if n > 1000 && testing.Short() {
			continue
		}
		dir := written(t, n)
		v := Verify(os.DirFS(dir), "")
		if v.Damage != nil || v.Checkpoint.Size != int64(n) {
			t.Errorf("%d: %s", n, v)
		}
		count := int64(0)
		for s, err := range Entries(os.DirFS(dir), int64(n)) {
			if err != nil || s.Index != count {
				t.Fatalf("%d: entry %d: %v", n, count, err)
			}
			count++
		}
		if count != int64(n) {
			t.Errorf("%d entries of %d", count, n)
		}
		proves(t, dir, v.Checkpoint)
	}
}

// files reads tiles from a folder, for torchwood's own reader.
type files struct{ dir string }

func (f files) ReadTiles(_ context.Context, tiles []tlog.Tile) (data [][]byte, err error) {
	for _, t := range tiles {
		b, err := os.ReadFile(filepath.Join(f.dir, torchwood.TilePath(t)))
		if err != nil {
			return nil, err
		}
		data = append(data, b)
	}
	return data, nil
}

func (files) SaveTiles([]tlog.Tile, [][]byte) {}

func (f files) ReadEndpoint(_ context.Context, path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(f.dir, path))
}

// proves lets torchwood read the hash tiles and prove entries from them.
func proves(t *testing.T, dir string, head record.Checkpoint) {
	t.Helper()
	reader := torchwood.TileHashReaderWithContext(t.Context(), tlog.Tree{N: head.Size, Hash: head.Root}, files{dir})
	for _, i := range []int64{0, head.Size / 2, head.Size - 1} {
		p, err := tlog.ProveRecord(head.Size, i, reader)
		if err != nil {
			t.Fatalf("entry %d of %d: %v", i, head.Size, err)
		}
		for s, err := range Entries(os.DirFS(dir), head.Size) {
			if err != nil {
				t.Fatal(err)
			}
			if s.Index == i && tlog.CheckRecord(p, head.Size, head.Root, i, s.Hash) != nil {
				t.Errorf("entry %d of %d is not proven", i, head.Size)
			}
		}
	}
}

func TestHigherTilesAndSecondBundlesAreChecked(t *testing.T) {
	for path, place := range map[string]int64{"tile/1/000.p/2": -1, "tile/entries/002.p/88": 599, "tile/0/001": 511} {
		dir := written(t, 600)
		full := filepath.Join(dir, path)
		b, err := os.ReadFile(full)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-1] ^= 1
		if err := os.WriteFile(full, b, 0o644); err != nil {
			t.Fatal(err)
		}
		if v := Verify(os.DirFS(dir), ""); v.Damage == nil || v.Damage.Place != place {
			t.Errorf("%s: %s", path, v)
		}
	}
}

func TestAFullFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Export(t.Context(), dir, Source{}); err == nil {
		t.Error("exported over somebody's files")
	}
}

func TestAnotherKeyThanTheOneTrustedIsRefused(t *testing.T) {
	dir := written(t, 3)
	other := record.VerifierText("example.org/x", make([]byte, 32))
	if v := Verify(os.DirFS(dir), other); v.Damage == nil || v.Damage.Place != -1 {
		t.Error(v)
	}
	if v := Verify(os.DirFS(dir), recordtest.Key().Verifier()); v.Damage != nil {
		t.Error(v)
	}
}
