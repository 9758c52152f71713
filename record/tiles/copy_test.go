package tiles_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"
	"kurultai/record/tiles"
)

// growing is a record in memory that is served while it grows.
type growing struct {
	mu      sync.Mutex
	entries [][]byte
	tree    record.Tree
	head    record.Checkpoint
	more    chan struct{}
	read    int // how often entries were asked for
}

func begun(t testing.TB, n int) *growing {
	g := &growing{more: make(chan struct{})}
	g.grow(t, n, "")
	return g
}

func (g *growing) grow(t testing.TB, n int, words string) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for range n {
		b := recordtest.Entry(g.tree.Size(), fmt.Sprint(words, g.tree.Size()))
		g.entries = append(g.entries, b)
		g.tree.Append(tlog.RecordHash(b))
	}
	g.head = g.signed(t, g.tree.Size())
	close(g.more)
	g.more = make(chan struct{})
}

// signed is the checkpoint of the first so many entries.
func (g *growing) signed(t testing.TB, size int64) record.Checkpoint {
	t.Helper()
	root, err := tlog.TreeHash(size, &g.tree)
	if err != nil {
		t.Fatal(err)
	}
	note, err := recordtest.Key().SignCheckpoint(size, root)
	if err != nil {
		t.Fatal(err)
	}
	return record.Checkpoint{Origin: recordtest.Key().Origin(), Size: size, Root: root, Note: note}
}

func (g *growing) wait(ctx context.Context, size int64) error {
	for {
		g.mu.Lock()
		now, more := g.head.Size, g.more
		g.mu.Unlock()
		if now > size {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (g *growing) Checkpoint() record.Checkpoint {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.head
}
func (g *growing) VerifierKey() string { return recordtest.Key().Verifier() }
func (g *growing) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tree.ReadHashes(indexes)
}
func (g *growing) Entries(_ context.Context, from int64) iter.Seq2[record.Stored, error] {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.read++
	list := g.entries[from:]
	return func(yield func(record.Stored, error) bool) {
		for i, b := range list {
			if !yield(record.Stored{Index: from + int64(i), Bytes: b}, nil) {
				return
			}
		}
	}
}
func (g *growing) Openings(context.Context, int64, bool) iter.Seq2[record.Opening, error] {
	return func(func(record.Opening, error) bool) {}
}
func (g *growing) Blob(context.Context, record.Digest) ([]byte, error) {
	return nil, record.ErrNotFound
}

// A keeper is a copy, its engine and its tree.
type keeper struct {
	*tiles.Copy
	engine *sqlite.Engine
	tree   record.Tree
}

func keeping(t testing.TB, dir string) *keeper {
	t.Helper()
	k := &keeper{}
	var err error
	if k.engine, err = sqlite.Open(dir, sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.engine.Close() })
	log, err := record.ParseVerifier(recordtest.Key().Verifier())
	if err != nil {
		t.Fatal(err)
	}
	if k.Copy, err = tiles.OpenCopy(t.Context(), k.engine, log, &k.tree); err != nil {
		t.Fatal(err)
	}
	k.hashes(t)
	return k
}

func (k *keeper) hashes(t testing.TB) {
	t.Helper()
	for stored, err := range k.engine.Read(t.Context(), k.tree.Size()) {
		if err != nil {
			t.Fatal(err)
		}
		k.tree.Append(stored.Hash)
	}
}

// takesAll gives a stream to the copy in one go, and returns why that failed.
func (k *keeper) takesAll(t testing.TB, r io.Reader) error {
	t.Helper()
	k.Begin()
	var lot []tiles.Event
	for e, err := range tiles.Events(r) {
		if err != nil {
			return errors.Join(k.Take(t.Context(), lot), err)
		}
		lot = append(lot, e)
	}
	return nil
}

// takes gives a stream to the copy, event by event, and returns why it ended.
func (k *keeper) takes(t testing.TB, r io.Reader, enough func() bool) error {
	t.Helper()
	k.Begin()
	for e, err := range tiles.Events(r) {
		if err == nil {
			err = k.Take(t.Context(), []tiles.Event{e})
		}
		if err != nil {
			return err
		}
		k.hashes(t)
		if enough() {
			return nil
		}
	}
	return nil
}

// opened is the stream of a record behind so many entries.
func opened(t testing.TB, url string, after int64) io.Reader {
	t.Helper()
	answer, err := http.Get(fmt.Sprint(url, "/log?after=", after))
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer.Body
}

// A record comes in lots, each proven in the checkpoint before it; it goes on as it grows, and resumes behind what is kept.
func TestACopyKeepsWhatAStreamProves(t *testing.T) {
	g := begun(t, 3000)
	server := httptest.NewServer(tiles.Handler(tiles.Served{Now: func() tiles.Log { return g }, Wait: g.wait, Pace: time.Millisecond}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	dir := t.TempDir()
	k := keeping(t, dir)
	lots := 0
	if err := k.takes(t, opened(t, server.URL, 0), func() bool {
		if k.Size() > 0 {
			lots++
		}
		return k.Size() == 2048 // cut in the middle: what is kept is proven, and is not what the log signed
	}); err != nil || k.Whole() {
		t.Fatalf("%d entries, whole %t: %v", k.Size(), k.Whole(), err)
	}
	k.engine.Close()
	k = keeping(t, dir)
	r := opened(t, server.URL, k.Size())
	grown := 0
	if err := k.takes(t, r, func() bool {
		if k.Whole() && grown < 100 {
			g.grow(t, 1+grown%3, "")
			grown++
			return false
		}
		return k.Whole() && k.Size() == g.Checkpoint().Size
	}); err != nil {
		t.Fatal(err)
	}
	head, err := k.engine.Head(t.Context())
	if want := g.Checkpoint(); err != nil || head.Size != want.Size || head.Root != want.Root || !bytes.Equal(head.Note, want.Note) || grown != 100 || lots < 2 {
		t.Errorf("%d entries of %d, %d growths, %d lots: %v", head.Size, want.Size, grown, lots, err)
	}
}

// Many who stand at one place get what was read once.
func TestStreamsShareWhatIsReadOnce(t *testing.T) {
	g := begun(t, 5)
	server := httptest.NewServer(tiles.Handler(tiles.Served{Now: func() tiles.Log { return g }, Wait: g.wait, Pace: time.Millisecond}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	var all sync.WaitGroup
	const nodes, growths = 20, 10
	at := make(chan int64, nodes*growths)
	for range nodes {
		r := opened(t, server.URL, 5)
		all.Go(func() {
			for e, err := range tiles.Events(r) {
				if err != nil {
					t.Error(err)
					return
				}
				if len(e.Entries) > 0 {
					if at <- e.Size; e.Size == 5+growths {
						return
					}
				}
			}
		})
	}
	for i := range growths {
		g.grow(t, 1, "")
		for range nodes {
			if size := <-at; size != 6+int64(i) {
				t.Fatalf("%d after growth %d", size, i)
			}
		}
	}
	all.Wait()
	if g.read != growths {
		t.Errorf("entries were read %d times for %d nodes and %d growths", g.read, nodes, growths)
	}
}

func TestHostileStreamsAreRefused(t *testing.T) {
	g := begun(t, 12)
	lines := func(from, to int64) (b string) {
		for _, e := range g.entries[from:to] {
			b += "data: " + string(e) + "\n"
		}
		return b
	}
	checkpoint := func(note []byte) string {
		return "event: checkpoint\ndata: " + strings.ReplaceAll(strings.TrimSuffix(string(note), "\n"), "\n", "\ndata: ") + "\n\n"
	}
	entries := func(from, to int64) string { return fmt.Sprintf("event: entries\n%sid: %d\n\n", lines(from, to), to) }
	proof := func(n, of int64) string {
		p, err := tlog.ProveTree(of, n, &g.tree)
		if err != nil {
			t.Fatal(err)
		}
		b := "event: proof\n"
		for _, h := range p {
			b += "data: " + h.String() + "\n"
		}
		return b + "\n"
	}
	head := func(size int64) string { return checkpoint(g.signed(t, size).Note) }
	other := begun(t, 5)
	other.grow(t, 7, "otherwise ")
	otherEntries := strings.Replace(entries(5, 6), string(g.entries[5]), string(other.entries[5]), 1)
	private, _, err := note.GenerateKey(nil, recordtest.Key().Origin())
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(g.signed(t, 12).Note), "\n\n")
	byStranger, err := note.Sign(&note.Note{Text: text + "\n"}, stranger)
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct {
		name, stream string
		want         error
		size         int64
	}{
		{"the record", "event: alive\ndata: 2026-01-01T00:00:00.000Z\n\n" + head(12) + entries(5, 12), nil, 12},
		{"the record in lots", ":\n\nretry: 1\n\n" + head(12) + proof(7, 12) + entries(5, 7) + entries(7, 12), nil, 12},
		{"what is not known yet", "event: later\ndata: x\n\n" + head(12) + entries(5, 12), nil, 12},
		{"a source that lags", head(3), nil, 5},
		{"nothing", "", io.EOF, 5},
		{"signed by another key", checkpoint(byStranger) + entries(5, 12), tiles.ErrNotSigned, 5},
		{"not signed", checkpoint([]byte("x\n5\nAAAA\n\n")), tiles.ErrNotSigned, 5},
		{"another continuation", checkpoint(other.signed(t, 6).Note) + otherEntries, nil, 6},
		{"a fork of what is kept", checkpoint(begunOtherwise(t, 5).Note), tiles.ErrOtherTree, 5},
		{"a fork of what lies before", checkpoint(begunOtherwise(t, 3).Note), tiles.ErrOtherTree, 5},
		{"two trees of one size", head(12) + checkpoint(other.signed(t, 12).Note), tiles.ErrOtherTree, 5},
		{"entries of another tree", head(6) + otherEntries, tiles.ErrOtherTree, 5},
		{"a changed bit", head(12) + strings.Replace(entries(5, 12), "index\":9", "index\":8", 1), tiles.ErrOtherTree, 5},
		{"a checkpoint back", head(12) + head(11), tiles.ErrWentBack, 5},
		{"no proof", head(12) + entries(5, 7), tiles.ErrOtherTree, 5},
		{"another proof", head(12) + proof(8, 12) + entries(5, 7), tiles.ErrOtherTree, 5},
		{"entries before a checkpoint", entries(5, 12), tiles.ErrMalformed, 5},
		{"more entries than signed", head(10) + entries(5, 12), tiles.ErrMalformed, 5},
		{"a gap", head(12) + entries(6, 12), tiles.ErrMalformed, 5},
		{"again", head(12) + entries(4, 12), tiles.ErrMalformed, 5},
		{"no number", head(12) + strings.Replace(entries(5, 12), "id: 12", "id: 1x", 1), tiles.ErrMalformed, 5},
		{"a negative number", head(12) + strings.Replace(entries(5, 12), "id: 12", "id: -3", 1), tiles.ErrMalformed, 5},
		{"a page", "<!doctype html>\n<p>not here</p>\n", tiles.ErrMalformed, 5},
		{"an instant that is none", "event: alive\ndata: yesterday\n\n", tiles.ErrMalformed, 5},
		{"names without a digest", "event: names\ndata: x\n\n", tiles.ErrMalformed, 5},
		{"a proof that is none", "event: proof\ndata: x\n\n", tiles.ErrMalformed, 5},
		{"a long line", head(12) + "data: " + strings.Repeat("x", 70_000) + "\n\n", tiles.ErrTooLarge, 5},
		{"a long event", "event: entries\n" + strings.Repeat("data: "+strings.Repeat("x", 60_000)+"\n", 20) + "\n", tiles.ErrTooLarge, 5},
		{"many lines", "event: entries\n" + strings.Repeat("data: x\n", 5000) + "\n", tiles.ErrTooLarge, 5},
		{"a long checkpoint", "event: checkpoint\n" + strings.Repeat("data: "+strings.Repeat("x", 60_000)+"\n", 2) + "\n", tiles.ErrTooLarge, 5},
		{"cut within an event", head(12) + strings.TrimSuffix(entries(5, 12), "\n"), io.ErrUnexpectedEOF, 5},
	}
	if len(rows) < 25 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			k := keeping(t, t.TempDir())
			if err := k.takes(t, strings.NewReader(head(5)+entries(0, 5)), func() bool { return k.Size() == 5 }); err != nil {
				t.Fatal(err)
			}
			err := k.takes(t, strings.NewReader(row.stream), func() bool { return row.want == nil && row.size > 5 && k.Size() == row.size })
			if row.want == nil && errors.Is(err, io.EOF) {
				err = nil
			}
			if !errors.Is(err, row.want) || k.Size() != row.size {
				t.Errorf("%v, %d entries kept; want %v, %d", err, k.Size(), row.want, row.size)
			}
			all := keeping(t, t.TempDir()) // in one go it is no other, but that nothing of it is kept where a part is refused
			if err := all.takes(t, strings.NewReader(head(5)+entries(0, 5)), func() bool { return all.Size() == 5 }); err != nil {
				t.Fatal(err)
			}
			if err := all.takesAll(t, strings.NewReader(row.stream)); !errors.Is(err, row.want) && row.want != nil || row.want == nil && !errors.Is(err, io.EOF) || all.Size() != row.size {
				t.Errorf("in one go: %v, %d entries kept; want %v, %d", err, all.Size(), row.want, row.size)
			}
			if row.size == 5 && !k.Whole() {
				t.Error("what was kept is not whole any more")
			}
			if got := k.Behind(); got != (row.name == "a source that lags") {
				t.Errorf("behind: %t", got)
			}
			for stored, err := range k.engine.Read(t.Context(), 0) {
				if err != nil || stored.Index < 5 && !bytes.Equal(stored.Bytes, g.entries[stored.Index]) {
					t.Errorf("entry %d: %v", stored.Index, err)
				}
			}
		})
	}
	t.Logf("%d streams", len(rows))
}

// begunOtherwise is the checkpoint of another record under the same key.
func begunOtherwise(t testing.TB, n int) record.Checkpoint {
	g := &growing{more: make(chan struct{})}
	g.grow(t, n, "otherwise ")
	return g.head
}

func FuzzEvents(f *testing.F) {
	g := begun(f, 3)
	f.Add([]byte("event: checkpoint\ndata: x\n\nevent: entries\ndata: {}\nid: 1\n\n:\n\nevent: alive\ndata: 2026-01-01T00:00:00.000Z\n\n"))
	f.Add(append([]byte("event: checkpoint\ndata: "), bytes.ReplaceAll(g.head.Note, []byte("\n"), []byte("\ndata: "))...))
	f.Add([]byte("event: proof\ndata: " + g.head.Root.String() + "\n\nevent: entries\ndata: {}\ndata: {}\nid: 7\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for e, err := range tiles.Events(bytes.NewReader(b)) {
			if err != nil {
				return
			}
			if n := int64(len(e.Entries)); e.Size < n || n > 0 && e.Checkpoint != nil {
				t.Errorf("%+v", e)
			}
		}
		t.Error("it ended without a reason")
	})
}
