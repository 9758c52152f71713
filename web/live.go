package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"kurultai/conference"
	"kurultai/web/live"
)

// A page is one rendering: what a reader fetches, and the part of it that renews itself, as an event.
type page struct {
	body   []byte
	zipped func() []byte // made when somebody fetches it: those who read live do not
	tag    string        // entity tag
	event  []byte        // lines of an event stream, without id
}

func newPage(body []byte) *page {
	sum := sha256.Sum256(body)
	return &page{body: body, zipped: sync.OnceValue(func() []byte { return zipped(body) }), tag: `W/"` + hex.EncodeToString(sum[:8]) + `"`, event: event(frameOf(body))}
}

// edgeOf begins what a node says of itself, where that is renewed.
const edgeOf = `<aside class="kinds" id="edge"`

// frameOf cuts main and footer from a page: what may change as the record grows; and what a node says of itself.
func frameOf(body []byte) []byte {
	from, to := bytes.Index(body, []byte("<main ")), bytes.Index(body, []byte("</footer>"))
	if from < 0 || to < from {
		return nil
	}
	frame := body[from : to+len("</footer>")]
	if at := bytes.Index(body[:from], []byte(edgeOf)); at >= 0 {
		if word, _, whole := bytes.Cut(body[at:from], []byte("</aside>")); whole {
			return slices.Concat(word, []byte("</aside>\n"), frame)
		}
	}
	return frame
}

// event writes data as an event stream has it (HTML Living Standard 9.2.5): a line end ends a field, so each line
// is a field of its own.
func event(data []byte) []byte {
	out := make([]byte, 0, len(data)+7*bytes.Count(data, []byte("\n"))+16)
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		out = append(append(append(out, "data: "...), bytes.TrimRight(line, "\r")...), '\n')
	}
	return append(out, '\n')
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

// live streams a place: its newest frame each time the record has grown or its marks have changed, rendered once for all
// readers of a class.
func (s *site) live(w http.ResponseWriter, r *http.Request, at place, in *visit) {
	class := &visit{lang: in.lang, reader: in.reader.Anybody(), rest: in.rest, args: in.args, part: at.part}
	s.streamed(w, r, in.reader.Person, live.Class{Key: in.lang.Code + "/" + in.reader.Class() + "/" + in.rest, Marks: true, Render: s.rendering(func(v View) ([]byte, string, error) {
		if at.part { // nobody fetches the rest of it as often
			body, moved, err := s.made(v, at, class)
			if err != nil || moved != "" {
				return nil, moved, err
			}
			return event(frameOf(body)), "", nil
		}
		p, moved, err := s.frame(v, at, class)
		if err != nil || moved != "" {
			return nil, moved, err
		}
		return p.event, "", nil
	})})
}

// stream sends what make makes of each new size of the record to all readers of a class: whole frames, so that who was
// slow never waits for old ones.
func (s *site) stream(w http.ResponseWriter, r *http.Request, class string, person conference.PersonID, make func(View) (event []byte, moved string, err error)) {
	s.streamed(w, r, person, live.Class{Key: class, Render: s.rendering(make)})
}

func (s *site) streamed(w http.ResponseWriter, r *http.Request, person conference.PersonID, class live.Class) {
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		return
	}
	s.following.Do(func() {
		go s.follow()
		if s.WaitMarked != nil {
			go s.followMarks()
		}
	})
	s.Live.Grow(s.record.View().State().Size) // what the reader has seen is no more than that
	s.Live.Serve(w, r, class, live.Person{ID: string(person), Now: s.opening(s.preferred(r), person)})
}

// rendering makes whole frames of what make makes of the record as it is.
func (s *site) rendering(make func(View) (event []byte, moved string, err error)) func(int64) (live.Frame, error) {
	return func(int64) (live.Frame, error) {
		v := s.record.View()
		f := live.Frame{ID: v.State().Size, Whole: true}
		event, moved, err := make(v)
		switch {
		case moved != "":
			f.Events, f.Last = [][]byte{fmt.Appendf(nil, "event: moved\ndata: %s\n\n", moved)}, true
		case len(event) > 0:
			f.Events = [][]byte{event}
		}
		return f, err
	}
}

// leadTo answers who asks for a stream with an address to go to instead.
func leadTo(w http.ResponseWriter, address string) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprintf(w, "event: moved\ndata: %s\n\n", address)
}

// dismiss ends the streams of those who may see something else than before, or who are no longer signed in: they come
// back as who they are now.
func (s *site) dismiss(before, now *conference.State) {
	for _, id := range s.Live.Persons() {
		p := conference.PersonID(id)
		if before.Reader(p, now.Last).Class() != now.Reader(p, now.Last).Class() || s.sessions.any(func(in session) bool { return in.Person == p && !stands(now, in) }) {
			s.Live.Drop(id)
		}
	}
}

// follow tells the live readers of each growth of the record, until there will be no more.
func (s *site) follow() {
	before := s.record.View().State()
	for {
		now := s.record.View().State()
		if !now.SameRights(before) {
			s.dismiss(before, now)
		}
		s.raise(before)
		before = now
		size := now.Size
		s.Live.Grow(size)
		if s.record.Wait(s.Live.Context(), size) != nil {
			s.Live.Close()
			return
		}
	}
}

// followMarks renews what live readers see as witnesses cosign, or the writer is not heard any more, a few times a second
// at most, until the hub closes.
func (s *site) followMarks() {
	ctx := s.Live.Context()
	silent := s.Hearing != nil && s.Hearing().Silent
	for seen := s.Marked(); ; {
		if s.WaitMarked(ctx, seen) != nil {
			return
		}
		seen = s.Marked()
		turned := s.Hearing != nil && s.Hearing().Silent != silent
		s.Live.Renew(turned) // that the writer is not heard stands on all pages
		silent = silent != turned
		select {
		case <-ctx.Done():
			return
		case <-time.After(betweenMarks):
		}
	}
}

// betweenMarks is how long marks wait at least for each other: several nodes cosign within one blink.
const betweenMarks = 250 * time.Millisecond
