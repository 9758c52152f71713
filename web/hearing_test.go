package web_test

import (
	"bufio"
	"context"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/story/storytest"
	"kurultai/web"
)

// A minority is a machine of several that may lose the others.
type minority struct {
	hall
	mu     sync.Mutex
	silent bool
	turns  int64
	more   chan struct{}
}

// unheardSince is when the writer was heard last.
const unheardSince = record.Instant(1_900_000_000_000)

func newMinority(t *testing.T) *minority {
	s := storytest.Play(t, "training")
	m := &minority{hall: hall{T: t, s: s}, more: make(chan struct{})}
	m.h = web.New(reading{s}, web.Options{Desk: desk{s}, Hearing: m.hearing, Marked: m.marked, WaitMarked: m.wait})
	return m
}

func (m *minority) hearing() web.Hearing {
	m.mu.Lock()
	defer m.mu.Unlock()
	return web.Hearing{Silent: m.silent, Since: unheardSince}
}

func (m *minority) marked() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.turns
}

func (m *minority) wait(ctx context.Context, seen int64) error {
	for {
		m.mu.Lock()
		more, turns := m.more, m.turns
		m.mu.Unlock()
		if turns > seen {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// turn loses the others, or finds them again.
func (m *minority) turn(silent bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.silent = silent
	m.turns++
	close(m.more)
	m.more = make(chan struct{})
}

// stream reads the whole frames of a page that a person has open, each as the text of its lines.
func (m *minority) stream(address string, p conference.PersonID) <-chan string {
	m.Helper()
	ctx, stop := context.WithTimeout(m.Context(), 30*time.Second)
	m.Cleanup(stop)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		m.Fatal(err)
	}
	if p != "" {
		r.AddCookie(web.SignIn(m.h, p))
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		m.Fatal(err)
	}
	frames := make(chan string, 64)
	go func() {
		defer answer.Body.Close()
		defer close(frames)
		var frame strings.Builder
		in := bufio.NewScanner(answer.Body)
		for in.Buffer(nil, 1<<20); in.Scan(); {
			if line := in.Text(); line != "" {
				frame.WriteString(strings.TrimPrefix(line, "data: ") + "\n")
				continue
			}
			if strings.Contains(frame.String(), "<aside") {
				frames <- frame.String()
			}
			frame.Reset()
		}
	}()
	return frames
}

// late is what such a machine says of itself.
func late(lang string) string {
	l, _ := language.Get(lang)
	at := unheardSince.String()
	return html.EscapeString(l.Say("edge.late", at[:10]+" "+at[11:19]+" UTC"))
}

// A machine that does not hear the writer says on each of its pages, in the reader's language, that what stands there may
// be late; on an open page the mark comes by itself, and goes when the writer is heard again.
func TestAMinoritySaysThatItMayBeLate(t *testing.T) {
	m := newMinority(t)
	server := httptest.NewServer(m.h)
	t.Cleanup(server.Close)
	xz, officer := m.holder(conference.Head, "xz"), m.holder(conference.Secretary, "")
	pages := map[string]conference.PersonID{"/meetings/ix": "", "/": "", "/record": "", "/record/3": "", "/meetings/ix/wall": "", "/meetings/ix/replay": "", "/signin": "", "/act/AskFloor": xz, "/me": xz, "/now": xz, "/registry": xz,
		"/meetings/ix/floor": xz, "/meetings/ix/floor/papers": xz, "/pending": officer, "/meetings/ix/desk": officer, "/meetings/ix/desk/people": officer, "/meetings/ix/chair": m.chair()}
	seen := 0
	for _, silent := range []bool{false, true} {
		m.turn(silent)
		for page, who := range pages {
			for _, l := range language.All() {
				body := m.see(who, "/"+l.Code+page).Body.String()
				if strings.Contains(body, late(l.Code)) != silent || strings.Count(body, `id="edge"`) != 1 {
					t.Errorf("/%s%s, silent %t:\n%s", l.Code, page, silent, body[:min(len(body), 3000)])
				}
				seen++
			}
		}
	}
	t.Logf("%d pages", seen)
	m.turn(false)
	open := map[string]<-chan string{}
	for page, who := range map[string]conference.PersonID{"/ka/meetings/ix/live": "", "/ka/meetings/ix/wall/live": "", "/ka/record/live": xz, "/ka/mine/live": xz, "/ka/meetings/ix/floor/live": xz, "/ka/now/live": xz, "/ka/meetings/ix/desk/live": officer, "/ka/meetings/ix/chair/live": m.chair()} {
		frames := m.stream(server.URL+page+"?seen=-1", who)
		if first := <-frames; !strings.Contains(first, `id="edge"`) || strings.Contains(first, late("ka")) {
			t.Fatalf("%s begins with %q", page, first)
		}
		open[page] = frames
	}
	for _, silent := range []bool{true, false} {
		m.turn(silent)
		for page, frames := range open {
			for frame := range frames {
				if strings.Contains(frame, late("ka")) == silent {
					break
				}
			}
			select {
			case _, more := <-frames:
				if !more {
					t.Errorf("%s never says it (%t)", page, silent)
				}
			default:
			}
		}
	}
}

// What is sent to such a machine is not taken: why stands above what was typed, which is taken once when it is sent again
// after the writer is heard.
func TestAMinorityKeepsWhatWasTyped(t *testing.T) {
	m := newMinority(t)
	xv, size := m.holder(conference.Head, "xv"), m.s.View().State().Size
	body, prepared := m.prepared(m.holder(conference.Head, "xo"), "AskFloor", `{"as":"Head","for":"xo","meeting":"ix","fields":{"request":"f-late"}}`)
	m.turn(true)
	typed := url.Values{"office": {"Head/xv"}, "meeting": {"ix"}, "key": {"AAAAAAAAAAAAAAAAAAAAAA"}, "seen": {"411"},
		"field.point": {"m-new"}, "field.claim": {"The list is not what was read out"}, "field.rule": {"rule 19"}, "do": {"1"}}
	w := m.post(xv, "/en/act/RaisePointOfOrder", typed)
	for _, part := range []string{"not-connected", "does not reach the others", late("en"), `value="m-new"`, `value="The list is not what was read out"`, `value="AAAAAAAAAAAAAAAAAAAAAA"`} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("the form lacks %s", part)
		}
	}
	if w.Code != http.StatusServiceUnavailable || m.s.View().State().Size != size {
		t.Errorf("%d, %d entries", w.Code, m.s.View().State().Size)
	}
	xo := m.holder(conference.Head, "xo")
	m.problem(m.send(xo, "/api/acts/AskFloor", "application/json", body), http.StatusServiceUnavailable, "not-connected")
	w = m.post(xo, "/en/act/AskFloor", url.Values{"submitted": {prepared.Submitted}, "from": {"chair"}, "meeting": {"ix"}})
	again := w.Body.String()
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(again, "not-connected") || !strings.Contains(html.UnescapeString(again), `name="submitted" value="`+prepared.Submitted+`"`) || !strings.Contains(again, `name="from" value="chair"`) {
		t.Errorf("bytes that were shown before they were sent: %d\n%s", w.Code, again)
	}
	m.turn(false)
	for i, status := range []int{http.StatusCreated, http.StatusOK} {
		if w := m.post(xv, "/en/act/RaisePointOfOrder", typed); w.Code != status || m.s.View().State().Size != size+1 {
			t.Errorf("sent the %d. time: %d %s", i+1, w.Code, read(w.Body.String()))
		}
	}
	if w := m.send(xo, "/api/acts/AskFloor", "application/json", body); w.Code != http.StatusCreated {
		t.Errorf("what was refused is refused: %d %s", w.Code, w.Body)
	}
}
