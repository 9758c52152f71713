package tiles_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record/recordtest"
	"kurultai/record/tiles"
)

// A tile of entries has the bytes of its entries at each width, however far the record had come when one was asked for first,
// and who follows within a moment costs no reading.
func TestTilesOfEntriesAreReadOnceForAllWidths(t *testing.T) {
	g := begun(t, 10)
	server := httptest.NewServer(tiles.Handler(tiles.Served{Now: func() tiles.Log { return g }, Wait: g.wait}))
	t.Cleanup(server.Close)
	checked := 0
	get := func(n int64, width int, code int) {
		path := torchwood.TilePath(tlog.Tile{H: torchwood.TileHeight, L: -1, N: n, W: width})
		answer, err := http.Get(server.URL + "/" + path)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != code {
			t.Errorf("%s: %s, want %d: %v", path, answer.Status, code, err)
			return
		}
		if code != http.StatusOK {
			return
		}
		var want []byte
		for i := range int64(width) {
			want = mustEntry(want, recordtest.Entry(n*torchwood.TileWidth+i, fmt.Sprint(n*torchwood.TileWidth+i)))
		}
		if !bytes.Equal(b, want) {
			t.Errorf("%s has other bytes than its entries", path)
		}
	}
	for _, row := range []struct {
		size  int64 // the record has come so far
		tile  int64
		width int
		code  int
		reads int // what this one costs
	}{
		{10, 0, 3, 200, 1}, {10, 0, 10, 200, 0}, {10, 0, 11, 404, 0}, {10, 1, 1, 404, 0},
		{200, 0, 5, 200, 0}, {200, 0, 11, 200, 1}, {200, 0, 200, 200, 0},
		{600, 1, 256, 200, 1}, {600, 2, 88, 200, 0}, {600, 0, 256, 200, 1}, {600, 0, 199, 200, 0}, {600, 2, 89, 404, 0},
		{600, 1 << 39, 256, 404, 0}, {3000, 2, 256, 200, 1}, {3000, 3, 1, 200, 0}, {3000, 5, 256, 200, 0}, {3000, 7, 256, 200, 1}, {3000, 6, 256, 200, 1}, {3000, 11, 184, 200, 1},
	} {
		if n := row.size - g.Checkpoint().Size; n > 0 {
			g.grow(t, int(n), "")
		}
		before := g.read
		var nodes sync.WaitGroup
		for range 3 {
			nodes.Go(func() { get(row.tile, row.width, row.code) })
		}
		nodes.Wait()
		if g.read-before != row.reads {
			t.Errorf("%d: tile %d of %d was read %d times, not %d", row.size, row.tile, row.width, g.read-before, row.reads)
		}
		checked++
	}
	for _, path := range []string{"tile/5/x032/768", "tile/5/x016/x777/216", "tile/6/000.p/1", "tile/0/12", "tile/1/000.p/12", "tile/entries/x000/012"} { // beyond what any record has, and beyond this one
		answer, err := http.Get(server.URL + "/" + path)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Body.Close(); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, answer.Status)
		}
		checked++
	}
	t.Logf("%d rows", checked)
}

// An entry that is malformed is given away as it is: whoever follows is to see it.
func TestAMalformedEntryIsGivenAway(t *testing.T) {
	g := begun(t, 1)
	bad := []byte(`{"blob":"` + "that is none")
	g.mu.Lock()
	g.entries = append(g.entries, bad)
	g.tree.Append(tlog.RecordHash(bad))
	g.head = g.signed(t, 2)
	g.mu.Unlock()
	server := httptest.NewServer(tiles.Handler(tiles.Served{Now: func() tiles.Log { return g }, Wait: g.wait}))
	t.Cleanup(server.Close)
	for range 2 {
		answer, err := http.Get(server.URL + "/tile/entries/000.p/2")
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || !bytes.HasSuffix(b, bad) {
			t.Errorf("%s, %q, %v", answer.Status, b, err)
		}
	}
}

func mustEntry(tile, entry []byte) []byte {
	tile, err := torchwood.AppendTileEntry(tile, entry)
	if err != nil {
		panic(err)
	}
	return tile
}
