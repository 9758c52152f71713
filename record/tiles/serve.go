package tiles

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/canonical"
)

// A Log is a record as it is served, at the size of its checkpoint.
type Log interface {
	Checkpoint() record.Checkpoint
	VerifierKey() string
	ReadHashes(indexes []int64) ([]tlog.Hash, error) // of the whole tree (tlog.StoredHashIndex)
	Entries(ctx context.Context, from int64) iter.Seq2[record.Stored, error]
	// Openings yields those of entries from an index on, by index, then place: without private, what is meant for all.
	Openings(ctx context.Context, from int64, private bool) iter.Seq2[record.Opening, error]
	Blob(context.Context, record.Digest) ([]byte, error)
}

// Served is a record as Handler gives it away.
type Served struct {
	Now func() Log // at each request
	// Wait returns when there are more entries than a size.
	Wait func(ctx context.Context, size int64) error
	// Marked counts cosignatures, which come without an entry, and WaitMarked waits for more than so many. nil: none come.
	Marked     func() int64
	WaitMarked func(ctx context.Context, seen int64) error
	Heard      func() record.Instant // when the writer was last heard, where it may be elsewhere; nil: it is here
	// Names is a digest of the openings that are meant for all, where they come later than the entries; nil: they do not.
	Names func() string
	Every time.Duration // how often a stream says so; 0: 5 s
	Pace  time.Duration // what a stream lets pass at least from one lot to the next, once it has come to the end; 0: 75 ms
}

// Handler serves a record over HTTP as Export lays it out: GET /checkpoint, /key, /tile/…, /opening/…, /blob/…, and as a
// stream: GET /log. What may change is never kept by caches, what may not is immutable. Of tiles on the edge every width
// is served that the record has reached.
//
// GET /checkpoint?after=SIZE waits up to 25 seconds for a larger one: who follows hears of an entry at once. With
// unlike=DIGEST, of the checkpoint that who asks has, it waits no longer than until that was cosigned by somebody more.
func Handler(of Served) http.Handler {
	s := &served{Served: of, began: time.Now(), public: map[record.Digest]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /checkpoint", s.checkpoint)
	mux.HandleFunc("GET /key", s.key)
	mux.HandleFunc("GET /log", s.stream)
	mux.HandleFunc("GET /tile/{path...}", s.tile)
	mux.HandleFunc("GET /opening/{path...}", s.opening)
	mux.HandleFunc("GET /blob/{name}", s.blob)
	return mux
}

// Serves reports whether an address is one of Handler's.
func Serves(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "checkpoint", "key", "log", "tile", "opening", "blob":
		return true
	}
	return false
}

type served struct {
	Served
	began time.Time    // from which the turns of streams are reckoned
	order atomic.Int64 // streams that ever began

	lots      sync.Mutex // guards made
	made      map[lotKey][]byte
	madeBytes int

	mu      sync.Mutex // guards what follows
	streams int        // that go on
	unwatch context.CancelFunc
	woken   chan struct{} // closed, and made anew, when there is more to send

	looking sync.Mutex // guards what follows
	seen    int64      // entries whose blobs are in public
	public  map[record.Digest]bool

	reading sync.Mutex         // guards what follows
	read    map[int64][][]byte // entries that were read lately, by tile
	kept    int                // bytes of these
}

// answer sends bytes; kind is the media type. What is served is for all and carries nothing of who asks.
func answer(w http.ResponseWriter, r *http.Request, kind string, immutable bool, b []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cache-Control", "no-cache")
	if immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Content-Length", fmt.Sprint(len(b)))
	if r.Method != http.MethodHead {
		w.Write(b)
	}
}

func refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, record.ErrNotFound) {
		http.Error(w, "there is no such part of this record", http.StatusNotFound)
		return
	}
	http.Error(w, "this part of the record cannot be read now", http.StatusInternalServerError)
}

// await waits for a checkpoint of more than so many entries, or of as many and unlike the one of a digest, if there is a
// place to wait at.
func (s *served) await(ctx context.Context, after int64, unlike record.Digest) {
	if s.Now().Checkpoint().Size > after || !s.enter() {
		return
	}
	defer s.leave()
	for {
		woken := s.signal()
		head := s.Now().Checkpoint()
		if head.Size > after || unlike != "" && head.Size == after && record.DigestOf(head.Note) != unlike {
			return
		}
		select {
		case <-woken:
		case <-ctx.Done():
			return
		}
	}
}

func (s *served) checkpoint(w http.ResponseWriter, r *http.Request) {
	if after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64); err == nil {
		ctx, cancel := context.WithTimeout(r.Context(), longest)
		s.await(ctx, after, record.Digest(r.URL.Query().Get("unlike"))) // when it ends there is one to give, larger or not
		cancel()
	}
	head := s.Now().Checkpoint()
	if head.Size == 0 {
		refuse(w, record.ErrNotFound)
		return
	}
	answer(w, r, "text/plain; charset=utf-8", false, head.Note)
}

// longest is how long an answer waits for a larger checkpoint.
const longest = 25 * time.Second

func (s *served) key(w http.ResponseWriter, r *http.Request) {
	answer(w, r, "text/plain; charset=utf-8", false, []byte(s.Now().VerifierKey()+"\n"))
}

// tile serves hashes and entries (C2SP tlog-tiles), as far as the record has come.
func (s *served) tile(w http.ResponseWriter, r *http.Request) {
	l, path := s.Now(), "tile/"+r.PathValue("path")
	t, err := torchwood.ParseTilePath(path)
	if err != nil || t.H != torchwood.TileHeight || torchwood.TilePath(t) != path || t.L > 5 || t.N > 1<<40 { // 2^53 entries have no more
		refuse(w, record.ErrNotFound)
		return
	}
	if t.N<<torchwood.TileHeight+int64(t.W) > l.Checkpoint().Size>>(torchwood.TileHeight*max(t.L, 0)) {
		refuse(w, record.ErrNotFound)
		return
	}
	if t.L >= 0 {
		b, err := tlog.ReadTileData(t, tlog.HashReaderFunc(l.ReadHashes))
		if err != nil {
			refuse(w, err)
			return
		}
		answer(w, r, "application/octet-stream", true, b)
		return
	}
	entries, err := s.entries(r.Context(), l, t.N, t.W)
	b := filled.Get().(*[]byte)
	defer filled.Put(b)
	*b = (*b)[:0]
	for _, e := range entries {
		if err == nil {
			*b, err = torchwood.AppendTileEntry(*b, e)
		}
	}
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, r, "application/octet-stream", true, *b)
}

// filled are buffers of tiles that were sent.
var filled = sync.Pool{New: func() any { return new([]byte) }}

const (
	mostKept  = 8 << 20 // bytes of entries that are kept, by tile
	readAhead = 4       // tiles that are read at once, where there are as many: who asks for one soon asks for the next
)

// entries is the first so many entries of tile n. A tile of fewer is the beginning of one of more, so what was read for one
// node serves the others, wherever they stand.
func (s *served) entries(ctx context.Context, l Log, n int64, width int) ([][]byte, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	at := s.read[n]
	if len(at) >= width {
		return at[:width], nil
	}
	if s.kept > mostKept || s.read == nil {
		s.kept, s.read = 0, map[int64][][]byte{}
	}
	from, size := n<<torchwood.TileHeight+int64(len(at)), min(l.Checkpoint().Size, (n+readAhead)<<torchwood.TileHeight)
	tile := n
	for stored, err := range l.Entries(ctx, from) {
		if err != nil {
			return nil, err
		}
		s.pass(stored)
		at = append(at, stored.Bytes)
		s.kept += len(stored.Bytes)
		if from++; len(at) < torchwood.TileWidth && from < size {
			continue
		}
		s.read[tile] = at
		tile++
		if at = s.read[tile]; from == size || len(at) > 0 || s.kept > mostKept {
			break
		}
	}
	if at = s.read[n]; len(at) < width {
		return nil, record.ErrNotFound
	}
	return at[:width], nil
}

// opening serves what is open to all of what the entries of a bundle seal. Names come and go, so caches keep nothing.
func (s *served) opening(w http.ResponseWriter, r *http.Request) {
	path := "opening/" + r.PathValue("path")
	t, err := torchwood.ParseTilePath("tile/entries/" + r.PathValue("path"))
	if err != nil || t.W != torchwood.TileWidth || OpeningPath(t.N) != path {
		refuse(w, record.ErrNotFound)
		return
	}
	var lines bytes.Buffer
	for o, err := range s.Now().Openings(r.Context(), t.N*torchwood.TileWidth, false) {
		if err != nil {
			refuse(w, err)
			return
		}
		if o.Index >= (t.N+1)*torchwood.TileWidth {
			break
		}
		lines.Write(o.Append(nil))
	}
	if lines.Len() == 0 {
		refuse(w, record.ErrNotFound)
		return
	}
	answer(w, r, "application/jsonl", false, lines.Bytes())
}

// blob serves a blob that an open entry names.
func (s *served) blob(w http.ResponseWriter, r *http.Request) {
	sum, err := hex.DecodeString(r.PathValue("name"))
	if err != nil || len(sum) != 32 || hex.EncodeToString(sum) != r.PathValue("name") {
		refuse(w, record.ErrNotFound)
		return
	}
	l, digest := s.Now(), record.Digest(canonical.EncodeBytes(sum))
	named, err := s.named(r.Context(), l, digest)
	if err == nil && !named {
		err = record.ErrNotFound
	}
	var b []byte
	if err == nil {
		b, err = l.Blob(r.Context(), digest)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Disposition", "attachment")
	answer(w, r, "application/octet-stream", true, b)
}

// blobKey stands in every entry that names a blob: there is one way to write it.
var blobKey = []byte(`"blob":"`)

// named reports whether an open entry names a blob. Each entry is looked at once.
func (s *served) named(ctx context.Context, l Log, d record.Digest) (bool, error) {
	s.looking.Lock()
	defer s.looking.Unlock()
	if s.public[d] || s.seen >= l.Checkpoint().Size {
		return s.public[d], nil
	}
	for stored, err := range l.Entries(ctx, s.seen) {
		if err == nil {
			err = s.look(stored)
		}
		if err != nil {
			return false, err
		}
	}
	return s.public[d], nil
}

// pass looks at an entry that was read for a tile, where those before it were looked at. One that is malformed is given away
// as it is, for who follows to judge: an error is met again by who asks for a file.
func (s *served) pass(stored record.Stored) {
	s.looking.Lock()
	defer s.looking.Unlock()
	if stored.Index == s.seen {
		_ = s.look(stored)
	}
}

// look takes up the blobs that an entry names. s.looking is held.
func (s *served) look(stored record.Stored) error {
	if bytes.Contains(stored.Bytes, blobKey) { // most entries name none, and need not be parsed
		e, err := record.ParseEntry(string(stored.Bytes), stored.Index)
		if err != nil {
			return err
		}
		for _, ref := range record.Blobs(e.Act.Fields) {
			s.public[ref.Digest] = true
		}
	}
	s.seen = stored.Index + 1
	return nil
}
