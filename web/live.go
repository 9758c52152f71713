package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A page is one rendering: what a reader fetches, and the part of it that renews itself, as an event.
type page struct {
	body, zipped []byte
	tag          string // entity tag
	event        []byte // lines of an event stream, without id
}

func newPage(body []byte) *page {
	sum := sha256.Sum256(body)
	return &page{body: body, zipped: zipped(body), tag: `W/"` + hex.EncodeToString(sum[:8]) + `"`, event: event(frameOf(body))}
}

// frameOf cuts main and footer from a page: what may change as the record grows.
func frameOf(body []byte) []byte {
	from, to := bytes.Index(body, []byte("<main ")), bytes.Index(body, []byte("</footer>"))
	if from < 0 || to < from {
		return nil
	}
	return body[from : to+len("</footer>")]
}

// event writes data as an event stream has it (HTML Living Standard 9.2.5): a line end ends a field, so each line
// is a field of its own.
func event(data []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		fmt.Fprintf(&out, "data: %s\n", bytes.TrimRight(line, "\r"))
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// frames keeps the newest rendering of each page: one is made for all who ask.
type frames struct {
	mu   sync.Mutex
	kept map[string]*frame
}

// A frame is locked while it is made, so that others wait for it and do not make it again.
type frame struct {
	mu   sync.Mutex
	size int64
	page *page
}

// maxFrames bounds how many pages are kept: records have many meetings.
const maxFrames = 512

// get returns the page kept under a key if it is of the record's size or of a later one, else what render makes.
func (f *frames) get(key string, size int64, render func() ([]byte, error)) (*page, error) {
	f.mu.Lock()
	kept := f.kept[key]
	if kept == nil {
		if f.kept == nil || len(f.kept) >= maxFrames {
			f.kept = map[string]*frame{}
		}
		kept = &frame{}
		f.kept[key] = kept
	}
	f.mu.Unlock()

	kept.mu.Lock()
	defer kept.mu.Unlock()
	if kept.page != nil && kept.size >= size {
		return kept.page, nil
	}
	body, err := render()
	if err != nil {
		return nil, err
	}
	kept.size, kept.page = size, newPage(body)
	return kept.page, nil
}

const (
	keepAlive = 25 * time.Second // a quiet reader gets a sign at least this often
	slow      = 10 * time.Second // a reader who takes nothing for so long is let go
)

// live sends the newest frame of a place each time the record has grown. An event's id is the record's size; a
// reader who was slow misses frames and never waits for old ones.
func (s *site) live(w http.ResponseWriter, r *http.Request, at place, in *visit) {
	s.stream(w, r, func(v View) ([]byte, string, error) {
		p, moved, err := s.frame(v, at, in)
		if err != nil || moved != "" {
			return nil, moved, err
		}
		return p.event, "", nil
	})
}

// stream sends what frame makes of each new size of the record.
func (s *site) stream(w http.ResponseWriter, r *http.Request, frame func(View) (event []byte, moved string, err error)) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Connection", "close") // the deadlines set below are the connection's
	if r.Method == http.MethodHead {
		return
	}
	out := http.NewResponseController(w)
	send := func(id int64, parts ...[]byte) bool {
		if err := out.SetWriteDeadline(time.Now().Add(slow)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return false
		}
		if id >= 0 {
			parts = append([][]byte{fmt.Appendf(nil, "id: %d\n", id)}, parts...)
		}
		for _, p := range parts {
			if _, err := w.Write(p); err != nil {
				return false
			}
		}
		return out.Flush() == nil
	}
	// After a restart all readers come back: each after a time of its own.
	if !send(-1, fmt.Appendf(nil, "retry: %d\n\n", 1000+rand.IntN(4000))) {
		return
	}
	for seen := s.seen(r); ; {
		err := s.more(r.Context(), seen)
		v := s.record.View()
		size := v.State().Size
		switch {
		case r.Context().Err() != nil:
			return
		case errors.Is(err, context.DeadlineExceeded):
			if !send(-1, []byte(": still here\n\n")) {
				return
			}
			continue
		case err != nil:
			return // the record is closed
		case size == seen:
			continue
		}
		made, moved, err := frame(v)
		switch {
		case err != nil:
			return // whoever comes back by a page reads why
		case moved != "":
			send(-1, fmt.Appendf(nil, "event: moved\ndata: %s\n\n", moved))
			return
		}
		if seen = size; !send(size, made) {
			return
		}
	}
}

// more waits for the record to outgrow a size, at most keepAlive long.
func (s *site) more(ctx context.Context, size int64) error {
	ctx, stop := context.WithTimeout(ctx, keepAlive)
	defer stop()
	return s.record.Wait(ctx, size)
}

// seen is the size of the record a reader has seen; -1 if none, or if it saw more than there is: then this is
// another record than the one it knows.
func (s *site) seen(r *http.Request) int64 {
	for _, text := range []string{r.Header.Get("Last-Event-ID"), r.URL.Query().Get("seen")} {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 && n <= s.record.View().State().Size {
			return n
		} else if text != "" {
			break
		}
	}
	return -1
}
