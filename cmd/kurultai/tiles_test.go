package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record/tiles"
	"kurultai/story/storytest"
)

// The record as served is read by torchwood's client, unmodified, entry by entry, each proven in the checkpoint.
func TestTheServedRecordIsReadByAnUnmodifiedClient(t *testing.T) {
	s := storytest.Play(t, "training")
	server := httptest.NewServer(withTiles(http.NotFoundHandler(), nil, nil, tiles.Served{Now: func() tiles.Log { return s.View() }, Wait: s.Wait}, nil))
	defer server.Close()
	fetcher, err := torchwood.NewTileFetcher(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client, err := torchwood.NewClient(fetcher)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := fetcher.ReadEndpoint(t.Context(), "checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(s.View().VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	head, _, err := torchwood.VerifyCheckpoint(signed, torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(s.View().Origin()), torchwood.SingleVerifierPolicy(verifier)))
	if err != nil {
		t.Fatal(err)
	}
	read := int64(0)
	for i, entry := range client.AllEntries(t.Context(), tlog.Tree{N: head.N, Hash: head.Hash}, 0) {
		want, err := s.View().Entry(t.Context(), i)
		if err != nil || i != read || !bytes.Equal(want, entry) {
			t.Fatalf("entry %d came as %d: %v", read, i, err)
		}
		read++
	}
	if client.Err() != nil || read != s.View().State().Size || read < 300 {
		t.Fatalf("%d entries of %d: %v", read, s.View().State().Size, client.Err())
	}
}

// Every width the record ever had is served, as it was then, and none beyond; what is exported is what is served.
func TestServedAndExportedAreTheSameFiles(t *testing.T) {
	s := storytest.Play(t, "training")
	v := s.View()
	handler := withTiles(http.NotFoundHandler(), nil, nil, tiles.Served{Now: func() tiles.Log { return s.View() }, Wait: s.Wait}, nil)
	get := func(path string) (int, []byte) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", "/"+path, nil))
		b, _ := io.ReadAll(w.Body)
		return w.Code, b
	}
	var whole []byte
	widths := 0
	for stored, err := range v.Entries(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		n, w := stored.Index/256, int(stored.Index%256)+1
		if w == 1 {
			whole = nil
		}
		whole, _ = torchwood.AppendTileEntry(whole, stored.Bytes)
		for _, level := range []int{-1, 0} {
			tile := tlog.Tile{H: 8, L: level, N: n, W: w}
			code, b := get(torchwood.TilePath(tile))
			if code != 200 || level == -1 && !bytes.Equal(b, whole) || level == 0 && len(b) != w*32 {
				t.Fatalf("%s: %d, %d bytes", torchwood.TilePath(tile), code, len(b))
			}
			widths++
		}
	}
	size := v.State().Size
	for _, path := range []string{
		torchwood.TilePath(tlog.Tile{H: 8, L: -1, N: size / 256, W: int(size%256) + 1}), torchwood.TilePath(tlog.Tile{H: 8, L: 0, N: size/256 + 1, W: 1}),
		"tile/0/x000/000", "tile/-1/000", "tile/8/0/000", "tile/entries/000.p/0", "tile/entries/000.p/256", "tile/0/0", "tile/9/000", "tile/63/000", "tile/entries/x999/x999/x999/x999/x999/x999/999",
		"opening/000.p/3", "opening/../checkpoint", "blob/" + strings.Repeat("0", 64), "blob/x", "key/x", "checkpoint/",
	} {
		if code, b := get(path); code != 404 && code != 307 && code != 301 {
			t.Errorf("%s: %d, %d bytes", path, code, len(b))
		}
	}
	dir := filepath.Join(t.TempDir(), "tiles")
	if err := tiles.Export(t.Context(), dir, tiles.Source{Head: v.Checkpoint(), Key: v.VerifierKey(), Entries: v.Entries(t.Context(), 0), Openings: v.Openings(t.Context(), 0, false), Blob: v.Blob}); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		want, err := os.ReadFile(path)
		if code, b := get(filepath.ToSlash(rel)); code != 200 || !bytes.Equal(b, want) {
			return fmt.Errorf("%s: %d, served %d bytes and exported %d", rel, code, len(b), len(want))
		}
		files++
		return err
	})
	if err != nil || files < 8 || widths < 600 {
		t.Errorf("%d files, %d widths: %v", files, widths, err)
	}
}

// What a closed entry holds, and names that are not published to all, are in nothing that is served.
func TestNothingClosedIsServed(t *testing.T) {
	s := storytest.Play(t, "training")
	v := s.View()
	public := v.State().Disclosed(conference.Reader{})
	handler := withTiles(http.NotFoundHandler(), nil, nil, tiles.Served{Now: func() tiles.Log { return s.View() }, Wait: s.Wait}, nil)
	hidden := 0
	var all []byte
	for n := range v.State().Size/256 + 1 {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", fmt.Sprintf("/opening/%03d", n), nil))
		all = append(all, w.Body.Bytes()...)
	}
	for o, err := range v.Openings(t.Context(), 0, true) {
		if err != nil {
			t.Fatal(err)
		}
		if o.Closed == nil && public[o.Disclosure.Digest()] {
			continue
		}
		hidden++
		if bytes.Contains(all, o.Append(nil)) || o.Disclosure != "" && bytes.Contains(all, []byte(o.Disclosure)) {
			t.Errorf("entry %d: an opening not meant for all is served", o.Index)
		}
	}
	if hidden < 5 || len(all) < 1000 {
		t.Errorf("%d hidden openings, %d bytes served", hidden, len(all))
	}
}
