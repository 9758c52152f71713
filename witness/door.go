package witness

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
)

// A Door gives nodes what their parties may read of what is sealed and closed, once they have shown who they are
// (doc/record.md section 14). Which openings those are conference decides, as for pages.
type Door struct {
	now       func() Behind
	addresses func(*http.Request) []string // under which this record is reached, as https://assembly.example
	erased    *Erasures
	clock     func() time.Time
	log       *record.Verifier // of a node's door, which opens to the writer of the record alone; nil: of a writer's

	secret [32]byte // makes challenges: none is remembered before it comes back

	mu     sync.Mutex
	used   map[string]time.Time // challenges that came back, until they end
	passes map[[32]byte]pass    // by SHA-256 of the token
}

// Behind is the record as a door shows it.
type Behind interface {
	State() *conference.State
	Origin() string
	OpeningsFor(ctx context.Context, from int64, r conference.Reader) iter.Seq2[record.Opening, error]
	Blob(context.Context, record.Digest) ([]byte, error)
}

type pass struct {
	verifier string
	until    time.Time
}

const (
	challengeLife = time.Minute
	passLife      = 10 * time.Minute
	mostPasses    = 10 * 100 // of a hundred nodes, ten each
	mostStatement = 4 << 10  // bytes of a signed note
)

// NewDoor is a door before a record. addresses are those under which a request may have meant to reach it: a node says
// whom it speaks to, so that nobody between the two can pass its word on.
func NewDoor(now func() Behind, addresses func(*http.Request) []string, erased *Erasures, clock func() time.Time) *Door {
	d := &Door{now: now, addresses: addresses, erased: erased, clock: clock, used: map[string]time.Time{}, passes: map[[32]byte]pass{}}
	rand.Read(d.secret[:])
	return d
}

// NewDoorBack is a door before a node's copy, at which the writer of the record, whom log's key shows, gets back what it gave
// and lost: every opening that now yields, and the files these name.
func NewDoorBack(now func() Behind, addresses func(*http.Request) []string, log *record.Verifier, clock func() time.Time) *Door {
	d := NewDoor(now, addresses, nil, clock)
	d.log = log
	return d
}

// ServesNode reports whether an address is one of a Door's.
func ServesNode(path string) bool { return strings.HasPrefix(path, "/node/") }

// ServeHTTP answers GET /node/challenge, POST /node/token, GET /node/openings, GET /node/blob/HEX and POST /node/erased.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	name, inside := strings.CutPrefix(r.URL.Path, "/node/blob/")
	switch {
	case r.URL.Path == "/node/challenge" && r.Method == http.MethodGet:
		fmt.Fprintf(w, "%s\n", d.challenge())
	case r.URL.Path == "/node/token" && r.Method == http.MethodPost:
		d.token(w, r)
	case r.URL.Path == "/node/erased" && r.Method == http.MethodPost && d.erased != nil:
		d.takeErased(w, r)
	case r.URL.Path == "/node/openings" && r.Method == http.MethodGet:
		d.openings(w, r)
	case inside && r.Method == http.MethodGet:
		d.blob(w, r, name)
	default:
		http.NotFound(w, r)
	}
}

// challenge is a time and the door's mark on it.
func (d *Door) challenge() string {
	b := make([]byte, 16, 16+sha256.Size)
	binary.BigEndian.PutUint64(b, uint64(d.clock().UnixMilli()))
	rand.Read(b[8:16])
	return canonical.EncodeBytes(d.mark(b))
}

func (d *Door) mark(b []byte) []byte {
	m := hmac.New(sha256.New, d.secret[:])
	m.Write(b)
	return m.Sum(b)
}

// fresh takes a challenge that came back: one of this door's, no older than a minute, once. d.mu is held.
func (d *Door) fresh(challenge string) bool {
	b, err := canonical.DecodeBytes(challenge)
	if err != nil || len(b) != 16+sha256.Size || !hmac.Equal(d.mark(b[:16:16]), b) {
		return false
	}
	now := d.clock()
	for c, until := range d.used {
		if now.After(until) {
			delete(d.used, c)
		}
	}
	made := time.UnixMilli(int64(binary.BigEndian.Uint64(b)))
	if _, again := d.used[challenge]; again || now.Sub(made) > challengeLife {
		return false
	}
	d.used[challenge] = made.Add(challengeLife)
	return true
}

// node is an admitted node that made a statement, and its lines.
func (d *Door) node(r *http.Request, what Saying, parts int) (n conference.Node, lines []string, signed []byte, err error) {
	signed, err = io.ReadAll(http.MaxBytesReader(nil, r.Body, mostStatement))
	if err != nil {
		return n, nil, nil, fmt.Errorf("a statement has at most %d bytes", mostStatement)
	}
	if d.log != nil {
		lines, err := said(d.log, SaysWriter, parts, signed)
		return n, lines, signed, err
	}
	for _, n := range d.now().State().Nodes() {
		if n.Withdrawn > 0 {
			continue
		}
		if lines, err := Said(n.Verifier, what, parts, signed); err == nil {
			return n, lines, signed, nil
		}
	}
	return n, nil, nil, errors.New("no admitted node says this: an officer or the head of your delegation admits it by the act AdmitNode")
}

// token gives a pass for ten minutes to a node that shows it holds its key: it signs origin, the address it speaks to, and
// a challenge.
func (d *Door) token(w http.ResponseWriter, r *http.Request) {
	n, lines, _, err := d.node(r, SaysWho, 3)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	meant := false
	for _, a := range d.addresses(r) {
		meant = meant || lines[1] == a
	}
	if lines[0] != d.now().Origin() || !meant {
		http.Error(w, "this was said to another address than this record's: "+strings.Join(d.addresses(r), ", "), http.StatusForbidden)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.clock()
	for k, p := range d.passes {
		if now.After(p.until) {
			delete(d.passes, k)
		}
	}
	switch {
	case !d.fresh(lines[2]):
		http.Error(w, "the challenge is old or was used: ask for another", http.StatusForbidden)
		return
	case len(d.passes) >= mostPasses:
		http.Error(w, "too many passes are out: ask again later", http.StatusServiceUnavailable)
		return
	}
	var token [32]byte
	rand.Read(token[:])
	d.passes[sha256.Sum256(token[:])] = pass{n.Verifier, now.Add(passLife)}
	fmt.Fprintf(w, "%s\n", canonical.EncodeBytes(token[:]))
}

// reader is who holds the pass of a request. A node that was withdrawn since has none.
func (d *Door) reader(r *http.Request) (who conference.Reader, ok bool) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	token, err := canonical.DecodeBytes(text)
	if !ok || err != nil {
		return who, false
	}
	d.mu.Lock()
	p, ok := d.passes[sha256.Sum256(token)]
	d.mu.Unlock()
	if !ok || d.clock().After(p.until) {
		return who, false
	}
	if d.log != nil {
		return who, true
	}
	st := d.now().State()
	for _, n := range st.Nodes() {
		if n.Verifier == p.verifier && n.Withdrawn == 0 {
			return st.NodeReader(n.Party), true
		}
	}
	return who, false
}

// openings gives what the node's party may read, as lines of canonical JSON (doc/record.md section 10).
func (d *Door) openings(w http.ResponseWriter, r *http.Request) {
	reader, ok := d.reader(r)
	if !ok {
		unknown(w)
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	var line []byte
	for o, err := range d.now().OpeningsFor(r.Context(), 0, reader) {
		if err != nil {
			panic(http.ErrAbortHandler) // what came is not the whole
		}
		line = o.Append(line[:0])
		if _, err := w.Write(line); err != nil {
			return
		}
	}
	io.WriteString(w, openingsEnd)
}

// openingsEnd is the last line of openings: without it some are missing.
const openingsEnd = "{\"end\":true}\n"

// blob gives what is kept of a private file, encrypted, whose opening the node's party may have, or the ciphertext of a note
// that a closed entry names whose opening it may have. entry is where to look, if it is known.
func (d *Door) blob(w http.ResponseWriter, r *http.Request, name string) {
	reader, ok := d.reader(r)
	if !ok {
		unknown(w)
		return
	}
	sum, err := hex.DecodeString(name)
	digest := record.Digest(canonical.EncodeBytes(sum))
	from, entryErr := strconv.ParseInt(r.URL.Query().Get("entry"), 10, 64)
	if err != nil || len(sum) != sha256.Size {
		http.NotFound(w, r)
		return
	}
	at := d.now()
	for o, err := range at.OpeningsFor(r.Context(), max(0, from), reader) {
		if err != nil || entryErr == nil && o.Index != from {
			break
		}
		if o.Blob != digest && !slices.Contains(Ciphertexts(o), digest) {
			continue
		}
		if b, err := at.Blob(r.Context(), digest); err == nil {
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Write(b)
			return
		}
	}
	http.NotFound(w, r)
}

// Ciphertexts are the files that the act in an opened closed entry names: of a sealed note, or of a copy of it.
func Ciphertexts(o record.Opening) (list []record.Digest) {
	if o.Closed == nil {
		return nil
	}
	inside, err := record.OpenClosed(o.Closed, o.Index)
	if err != nil {
		return nil
	}
	for _, ref := range record.Blobs(inside.Act.Fields) {
		list = append(list, ref.Digest)
	}
	return list
}

func unknown(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="node"`)
	http.Error(w, "a pass is needed: sign a challenge", http.StatusUnauthorized)
}

// takeErased takes a node's word that it destroyed what was to be forgotten.
func (d *Door) takeErased(w http.ResponseWriter, r *http.Request) {
	n, lines, signed, err := d.node(r, SaysErased, 2)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || size > d.now().State().Size || lines[0] != d.now().Origin() {
		http.Error(w, "it speaks of another record, or of more entries than there are", http.StatusConflict)
		return
	}
	if err := d.erased.keep(n.Verifier, size, signed); err != nil {
		http.Error(w, "it cannot be kept now; send it again later", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Erasures keep what nodes said of what they destroyed.
type Erasures struct {
	origin string
	save   func([]byte) error

	mu    sync.Mutex
	words map[string]word // by verifier key
}

type word struct {
	size   int64
	signed []byte
}

type erasedLine struct {
	Node string `json:"node"`
	Said string `json:"said"`
}

// OpenErasures reads what save was given last: a line for each node, with its word as it was signed. A line that its node
// did not sign is dropped.
func OpenErasures(origin string, kept []byte, save func([]byte) error) *Erasures {
	e := &Erasures{origin: origin, save: save, words: map[string]word{}}
	for line := range strings.Lines(string(kept)) {
		var l erasedLine
		if decodeLine(strings.TrimSuffix(line, "\n"), &l) != nil {
			continue
		}
		signed, err := base64.StdEncoding.DecodeString(l.Said)
		if err != nil {
			continue
		}
		said, err := Said(l.Node, SaysErased, 2, signed)
		if err != nil || said[0] != origin {
			continue
		}
		if size, err := strconv.ParseInt(said[1], 10, 64); err == nil {
			e.words[l.Node] = word{size, signed}
		}
	}
	return e
}

// Until is how many entries each node has said it has erased by, by verifier key.
func (e *Erasures) Until() map[string]int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := map[string]int64{}
	for k, w := range e.words {
		out[k] = w.size
	}
	return out
}

func (e *Erasures) keep(node string, size int64, signed []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	before, had := e.words[node]
	if had && before.size >= size {
		return nil
	}
	e.words[node] = word{size, signed}
	var b []byte
	for _, k := range slices.Sorted(maps.Keys(e.words)) {
		b = append(canonical.Encode(b, erasedLine{k, base64.StdEncoding.EncodeToString(e.words[k].signed)}), '\n')
	}
	err := e.save(b)
	if err != nil {
		delete(e.words, node)
		if had {
			e.words[node] = before
		}
	}
	return err
}
