// Package live sends what changes to many readers at once, as an event stream (HTML Living Standard 9.2).
//
// A class is all readers who may see the same bytes: of one place, one audience, one language. A class has one log
// of frames, and a reader is nothing but a position in it: the index of the record it has seen. Live, catching up,
// resuming after a cut and being slow are therefore the same thing, and no reader owns a queue.
//
//	hub := live.New(live.Config{})
//	defer hub.Close()
//	hub.Grow(size)                       // the record has so many entries: each class with readers is rendered once
//	hub.Serve(w, r, live.Class{Key: "en/meetings/vii", Render: …}, live.Person{})
//	hub.Tell("chair", event)             // a frame for one person, on every connection the person has
//
// A frame is as of an index, which its last event carries as id. A whole frame stands for all before it; what
// follows it may be frames of changes. Who is too far behind gets the newest whole frame and the changes since.
//
// A plain connection of HTTP/1 is taken from the server: it costs no goroutine, and a few threads write to all.
// HTTP/2 and TLS have a goroutine a reader on the same log.
//
// Who takes gzip gets one stream of deflate without end (RFC 1951): each frame is compressed once for all readers,
// refers to nothing before it and ends at a byte (a sync flush), so that whoever joins, joins anywhere. There is no
// trailer, since there is no end. What is for one person is stored and not compressed: its length tells nothing of
// what it shares with other text.
package live

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Config holds a hub's limits; the zero value is what a conference needs.
type Config struct {
	Writers   int           // threads that write; 0: as many as processors, at most 4
	KeepAlive time.Duration // a quiet reader gets a sign at least this often; 0: 25 s
	Patience  time.Duration // a reader who takes no byte for so long is let go; 0: 10 s
	Readers   int           // most at a time; 0: as many as the limit of open files leaves
	// Pace is how long a class waits at least from one rendering to the next: in a busy hall several acts come with one
	// frame. What comes after a quiet while is rendered at once. 0: nothing waits.
	Pace time.Duration
	// Behind: others have more of the record than is here, and it will come. Who has seen more waits for what follows it.
	Behind bool
}

// A Class is readers who get the same bytes.
type Class struct {
	Key string // two classes have the same key if and only if they render the same

	// Render gives what a reader of index seen lacks, as the record now is; -1 has seen nothing and needs a whole
	// frame. It is called once for each growth of the record while the class has readers, never twice at a time.
	// Its error ends the streams of the class: who comes back by a page reads why.
	Render func(seen int64) (Frame, error)

	Marks bool // what it shows changes with the witnesses' marks too, without an entry
}

// A Frame is what changed for a class.
type Frame struct {
	ID     int64    // the index it is as of
	Whole  bool     // it stands for all before it
	Events [][]byte // lines "field: value" and an empty line each, without id; none: nothing changed
	Last   bool     // the stream ends behind it
}

// A Person is who reads, where that is known.
type Person struct {
	ID  string          // whom Tell tells; "" is anybody
	Now func() [][]byte // events for this person at the start of a stream, or nil
}

// Stats count what a hub did since it began.
type Stats struct {
	Readers, Classes int   // now
	Renderings       int64 // calls of Render
	Frames, Bytes    int64 // sent
	Evicted          int64 // let go because they took nothing
}

// A Hub has all classes and readers of a process. Its methods may be called at the same time.
type Hub struct {
	Config
	ctx     context.Context
	end     context.CancelFunc
	writers []*writer     // started by the first reader
	next    atomic.Uint32 // writer of the next reader
	work    sync.WaitGroup

	readers, renderings, frames, bytes, evicted atomic.Int64

	mu        sync.Mutex
	head      int64 // size of the record
	streams   map[string]*stream
	persons   map[string]map[teller]bool
	stale     []*stream // to be rendered
	rendering int       // goroutines that render
}

// A teller takes an event for the one person behind it, or lets it go.
type teller interface {
	tell(event []byte)
	drop()
}

// New starts a hub.
func New(c Config) *Hub {
	if c.Writers <= 0 {
		c.Writers = min(runtime.GOMAXPROCS(0), 4)
	}
	if c.KeepAlive <= 0 {
		c.KeepAlive = 25 * time.Second
	}
	if c.Patience <= 0 {
		c.Patience = 10 * time.Second
	}
	if c.Readers <= 0 {
		c.Readers = mostReaders()
	}
	h := &Hub{Config: c, head: -1, streams: map[string]*stream{}, persons: map[string]map[teller]bool{}}
	h.ctx, h.end = context.WithCancel(context.Background())
	return h
}

// Context ends when the hub is closed.
func (h *Hub) Context() context.Context { return h.ctx }

// farewells is how long Close waits for readers who are slow to hear it.
const farewells = 2 * time.Second

// Close lets all readers go, with a time to come back at that spreads them.
func (h *Hub) Close() {
	h.mu.Lock()
	h.end() // with the lock, so that nothing is added to work from here on
	writers := h.writers
	h.mu.Unlock()
	for _, w := range writers {
		w.wake()
	}
	done := make(chan struct{})
	go func() { h.work.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(farewells):
	}
}

// Stats reports what the hub did.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	classes := len(h.streams)
	h.mu.Unlock()
	return Stats{Readers: int(h.readers.Load()), Classes: classes, Renderings: h.renderings.Load(),
		Frames: h.frames.Load(), Bytes: h.bytes.Load(), Evicted: h.evicted.Load()}
}

// Grow says that the record has size entries. A smaller size than the last is nothing new.
func (h *Hub) Grow(size int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if size <= h.head {
		return
	}
	h.head = size
	for _, s := range h.streams {
		switch {
		case s.readers > 0:
			s.idle = false
			h.renew(s)
		case s.idle && !s.busy: // empty through a whole index: nobody comes back
			delete(h.streams, s.key)
		default:
			s.idle = true
		}
	}
}

// Renew has the classes that show marks, or all, rendered once more, though the record has not grown: readers get the whole
// frame again, as of the same index, where it has become another.
func (h *Hub) Renew(all bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.streams {
		if (s.marks || all) && s.readers > 0 {
			s.due = true
			h.renew(s)
		}
	}
}

// Tell sends an event to all connections of a person. Who is not connected gets it from Person.Now on coming back.
func (h *Hub) Tell(person string, event []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for t := range h.persons[person] {
		t.tell(event)
	}
}

// Drop ends all connections of a person, who has lost the right to what they carry or has gained more: whoever comes
// back is asked anew.
func (h *Hub) Drop(person string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for t := range h.persons[person] {
		t.drop()
	}
}

// Persons lists who is connected, where that is known.
func (h *Hub) Persons() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.persons))
}

// Serve streams a class to a reader. It returns at once where the connection could be taken over, else when the
// reader has gone. Headers set before are sent. Last-Event-ID, else ?seen=, is the index to go on from; an index
// greater than the record's size is of another record, so that reader begins anew, unless others have more of this one.
func (h *Hub) Serve(w http.ResponseWriter, r *http.Request, c Class, p Person) {
	s := h.join(c)
	if s == nil {
		w.Header().Set("Retry-After", strconv.Itoa(5+rand.IntN(20)))
		http.Error(w, "too many readers, or a restart: try again soon", http.StatusServiceUnavailable)
		return
	}
	defer h.work.Done()
	head := w.Header()
	head.Set("Content-Type", "text/event-stream; charset=utf-8")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no") // nginx: each frame at once
	head.Add("Vary", "Accept-Encoding")
	cur := cursor{stream: s, at: h.seen(r), zip: takesGzip(r)}
	if cur.zip {
		head.Set("Content-Encoding", "gzip")
	}
	h.serve(w, r, cur, p)
}

// opening stands before the first frame. It is asked for when Tell reaches the reader already, so that nothing
// is lost between the two.
func (c *cursor) opening(p Person) (parts [][]byte) {
	if c.zip {
		parts = append(parts, []byte(gzipHead))
	}
	parts = append(parts, c.raw(retry(1000, 4000)))
	if p.Now != nil {
		for _, event := range p.Now() {
			parts = append(parts, c.raw(event))
		}
	}
	return parts
}

// retry tells a browser to come back after so many milliseconds, each after a time of its own.
func retry(from, spread int) []byte { return fmt.Appendf(nil, "retry: %d\n\n", from+rand.IntN(spread)) }

// farewell is sent at the end: all come back within a time in which they can be taken, 5,000 a second.
func (h *Hub) farewell() []byte { return retry(500, 1000+int(h.readers.Load())/5) }

// seen is the index a reader has seen; -1 if none.
func (h *Hub) seen(r *http.Request) int64 {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("seen")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil || n < 0 || n > h.head && !h.Behind {
		return -1
	}
	return n
}

// takesGzip reports whether a request takes gzip (RFC 9110 section 12.5.3).
func takesGzip(r *http.Request) bool {
	for field := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(field, ";")
		_, q, _ := strings.Cut(weight, "=")
		if n, err := strconv.ParseFloat(strings.TrimSpace(q), 64); strings.EqualFold(strings.TrimSpace(name), "gzip") && (err != nil || n > 0) {
			return true
		}
	}
	return false
}

// join counts a reader of a class in; nil says that there is no place. Who joined owes work a Done.
func (h *Hub) join(c Class) *stream {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx.Err() != nil || h.readers.Load() >= int64(h.Readers) {
		return nil
	}
	if h.writers == nil {
		h.writers = h.start()
	}
	h.readers.Add(1)
	h.work.Add(1)
	s := h.streams[c.Key]
	if s == nil {
		s = newStream(c)
		h.streams[c.Key] = s
	}
	s.readers++
	h.renew(s)
	return s
}

// leave counts a reader out.
func (h *Hub) leave(s *stream, person string, t teller) {
	h.mu.Lock()
	s.readers--
	if of := h.persons[person]; of != nil {
		if delete(of, t); len(of) == 0 {
			delete(h.persons, person)
		}
	}
	h.mu.Unlock()
	h.readers.Add(-1)
}

// know makes t a connection of a person.
func (h *Hub) know(person string, t teller) {
	if person == "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.persons[person] == nil {
		h.persons[person] = map[teller]bool{}
	}
	h.persons[person][t] = true
}

// renew has s rendered if the record has outgrown it, or its marks have changed. h.mu is held.
func (h *Hub) renew(s *stream) {
	if s.busy || s.known >= h.head && !s.due || h.ctx.Err() != nil {
		return
	}
	s.busy = true
	if wait := h.Pace - time.Since(s.made); wait > 0 {
		time.AfterFunc(wait, func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			s.busy = false
			h.renew(s)
		})
		return
	}
	h.stale = append(h.stale, s)
	if h.rendering < runtime.GOMAXPROCS(0) {
		h.rendering++
		h.work.Go(h.render)
	}
}

// render renders what is stale until nothing is.
func (h *Hub) render() {
	for {
		h.mu.Lock()
		if len(h.stale) == 0 {
			h.rendering--
			h.mu.Unlock()
			return
		}
		s, head := h.stale[0], h.head
		h.stale, s.due, s.made = h.stale[1:], false, time.Now()
		h.mu.Unlock()

		h.renderings.Add(1)
		f, err := rendered(s)
		if s.publish(f, err) {
			for _, w := range h.writers {
				w.changed(s)
			}
		}
		h.mu.Lock()
		s.busy, s.known = false, max(head, f.ID)
		switch {
		case err != nil || f.Last:
			if h.streams[s.key] == s {
				delete(h.streams, s.key)
			}
		case s.readers > 0:
			h.renew(s)
		}
		h.mu.Unlock()
	}
}

// rendered calls Render, whose panic is the fault of one class and not of the process.
func rendered(s *stream) (f Frame, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		if err != nil {
			slog.Error("live", "class", s.key, "error", err)
		}
	}()
	return s.render(s.needs())
}
