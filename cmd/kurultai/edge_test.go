package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tmaxmax/go-sse"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/recordtest"
	"kurultai/record/tiles"
	"kurultai/web"
)

// running is an edge that runs until stop or the end of the test.
type running struct {
	*edge
	url  string
	stop func()
}

func edges(t testing.TB, c edgeConfig) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	if c.addr == "" {
		c.addr = "localhost:0"
	}
	started, ended := make(chan *running, 1), make(chan error, 1)
	go func() {
		ended <- c.serve(ctx, streams{io.Discard, t.Output()}, func(e *edge, s *site) { started <- &running{edge: e, url: s.url} })
	}()
	select {
	case r := <-started:
		r.stop = sync.OnceFunc(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		t.Cleanup(r.stop)
		return r
	case err := <-ended:
		cancel()
		t.Fatal(err)
	}
	return nil
}

// reaches waits until an edge shows so many entries.
func (r *running) reaches(t testing.TB, size int64) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	if err := r.Wait(ctx, size-1); err != nil {
		t.Fatalf("%d entries of %d: %v", r.shown.Load().State().Size, size, err)
	}
}

// says waits until a page of an edge holds a text, or, with not, does not any more.
func (r *running) says(t testing.TB, text string, not bool) {
	t.Helper()
	for t.Context().Err() == nil {
		if _, body := fetched(t, r.url+"/en/record"); strings.Contains(body, text) != not {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%q, not: %t", text, not)
}

func fetched(t testing.TB, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

// acting does so many acts of an officer.
func acting(t testing.TB, h *house, n int) int64 {
	t.Helper()
	for range n {
		v, err := canonical.Parse(benchPlace(fmt.Append(nil, h.s.View().State().Size)))
		if err != nil {
			t.Fatal(err)
		}
		takes(t, h.s, conference.Secretary, "", "NamePlace", v)
	}
	return h.s.View().State().Size
}

// core serves a record with its pages.
func core(t testing.TB) (*house, string) {
	t.Helper()
	h, err := openUnwatched(t.Context(), trainingRecord(t))
	if err != nil {
		t.Fatal(err)
	}
	s, err := startSite(t.Context(), streams{io.Discard, io.Discard}, h, "localhost:0", web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(); h.Close() })
	return h, s.url
}

// mainOf is what a page says of the record.
func mainOf(t testing.TB, page string) string {
	t.Helper()
	_, page, _ = strings.Cut(page, "<main ")
	page, _, whole := strings.Cut(page, "</main>")
	if !whole {
		t.Fatal("no page")
	}
	return page
}

// Three edges, each behind the one before, show the same pages under the same signed checkpoint, and what comes later. One
// that is started anew goes on where it was; one behind it does not notice.
func TestEdgesFollowEdges(t *testing.T) {
	h, url := core(t)
	dir := filepath.Join(t.TempDir(), "second")
	first := edges(t, edgeConfig{from: url})
	second := edges(t, edgeConfig{from: first.url, dir: dir, key: h.log.Verifier()})
	third := edges(t, edgeConfig{from: second.url, key: h.log.Verifier()})
	third.reaches(t, acting(t, h, 3))
	names := 0
	for ; names == 0 && t.Context().Err() == nil; time.Sleep(20 * time.Millisecond) {
		third.replica.mu.Lock()
		names = len(third.openings)
		third.replica.mu.Unlock()
	}
	for _, page := range []string{"/en/record", "/ru/meetings/ix", "/en/parties", "/kk/decisions"} {
		_, want := fetched(t, url+page)
		if _, got := fetched(t, third.url+page); mainOf(t, got) != mainOf(t, want) || !strings.Contains(got, `id="edge"`) {
			t.Errorf("%s is another page on the third edge", page)
		}
	}
	_, want := fetched(t, url+"/checkpoint")
	for _, e := range []*running{first, second, third} {
		e.reaches(t, h.s.View().State().Size)
		if _, got := fetched(t, e.url+"/checkpoint"); got != want {
			t.Errorf("the checkpoint: %s, want %s", got, want)
		}
	}
	second.stop()
	size := acting(t, h, 2)
	second = edges(t, edgeConfig{from: first.url, dir: dir, addr: strings.TrimPrefix(second.url, "http://")})
	third.reaches(t, size)
	if code, body := fetched(t, third.url+"/bundle/20"); code != 200 {
		t.Errorf("a bundle: %d", code)
	} else if _, err := checked([]byte(body), h.log.Verifier(), nil); err != nil {
		t.Errorf("a bundle: %v", err)
	}
	// A node that decides again can follow an edge.
	code, out, talk := kurultai(t, "follow", "-data", filepath.Join(t.TempDir(), "copy"), "-log", h.log.Verifier(), "-once", third.url)
	if want := fmt.Sprintf("verified %d entries", size); code != 0 || !strings.HasPrefix(out, want) {
		t.Errorf("followed: %d %s %s", code, out, talk)
	}
	if code, _, talk := kurultai(t, "edge", "-from", url, "-data", h.dir); code != 1 || !strings.Contains(talk, "written here") {
		t.Errorf("over the record itself: %d %s", code, talk)
	}
	if code, _, talk := kurultai(t, "edge", "-from", url, "-data", dir+"2", "-key", cosigner(t, "x").Verifier().String()); code != 1 {
		t.Errorf("under a key that is none: %d %s", code, talk)
	}
}

// A gate passes requests on to where it leads at the moment.
type gate struct {
	*httptest.Server
	to   atomic.Pointer[url.URL]
	mu   sync.Mutex
	held chan struct{} // nothing passes until it is closed; nil: all does
}

func opens(t testing.TB, to string) *gate {
	g := &gate{}
	g.leads(t, to)
	g.Server = httptest.NewServer(&httputil.ReverseProxy{FlushInterval: -1, ErrorLog: nil, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(g.to.Load()); r.Out.Host = g.to.Load().Host },
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ModifyResponse: func(r *http.Response) error { r.Body = passing{r.Body, g, r.Request.Context()}; return nil }})
	t.Cleanup(func() { g.CloseClientConnections(); g.Close() })
	return g
}

func (g *gate) leads(t testing.TB, to string) {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	g.to.Store(u)
}

func (g *gate) hold() (release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := make(chan struct{})
	g.held = c
	return func() { close(c) }
}

type passing struct {
	io.ReadCloser
	g   *gate
	ctx context.Context
}

func (p passing) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	p.g.mu.Lock()
	held := p.g.held
	p.g.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-p.ctx.Done():
		}
	}
	return n, err
}

// A reader whose edge dies comes back to another, with what it has seen: it gets what comes after that, each index once,
// though the other has less of the record for a while.
func TestReadersMoveToAnotherEdge(t *testing.T) {
	h, url := core(t)
	slow := opens(t, url)
	a := edges(t, edgeConfig{from: url, key: h.log.Verifier()})
	b := edges(t, edgeConfig{from: slow.URL, key: h.log.Verifier()})
	size := acting(t, h, 1)
	a.reaches(t, size)
	b.reaches(t, size)
	public := opens(t, a.url)
	type frame struct {
		id   int64
		data string
	}
	frames := make(chan frame, 1000)
	var connections atomic.Int64
	go func() { // as browsers do it: the id that came last goes with the next request
		for seen := ""; t.Context().Err() == nil; time.Sleep(5 * time.Millisecond) {
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, public.URL+"/en/record/live", nil)
			r.Header.Set("Last-Event-ID", seen)
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				continue
			}
			connections.Add(1)
			for e, err := range sse.Read(answer.Body, nil) {
				if err != nil {
					break
				}
				if seen = e.LastEventID; e.Data == "" {
					continue
				}
				id, _ := strconv.ParseInt(seen, 10, 64)
				frames <- frame{id, e.Data}
			}
			answer.Body.Close()
		}
	}()
	last := frame{}
	until := func(size int64) {
		t.Helper()
		for last.id < size {
			select {
			case f := <-frames:
				if f.id <= last.id {
					t.Fatalf("index %d came behind %d", f.id, last.id)
				}
				last = f
			case <-time.After(30 * time.Second):
				t.Fatalf("index %d did not come behind %d", size, last.id)
			}
		}
	}
	until(size)
	release := slow.hold()
	size = acting(t, h, 3)
	until(size)
	public.leads(t, b.url)
	a.stop()
	for connections.Load() < 2 {
		time.Sleep(5 * time.Millisecond)
	}
	if n := b.shown.Load().State().Size; n >= size {
		t.Fatalf("the other edge has %d entries of %d already", n, size)
	}
	release()
	b.reaches(t, size)
	size = acting(t, h, 1)
	until(size)
	for range 5 { // to and fro, cut without a word
		public.CloseClientConnections()
		size = acting(t, h, 2)
		until(size)
	}
	_, page := fetched(t, b.url+"/en/record")
	if want, _, _ := strings.Cut(mainOf(t, page), "\n"); !strings.Contains(last.data, want) || last.id != size {
		t.Errorf("the reader ends with %d of %d, and another page", last.id, size)
	}
}

// Whatever a source sends, an edge goes on showing what it verified, says that the source is refused, and takes up the
// record again where it is given.
func TestAnEdgeRefusesHostileSources(t *testing.T) {
	h, err := openUnwatched(t.Context(), trainingRecord(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	good := httptest.NewServer(tiles.Handler(tiles.Served{Now: func() tiles.Log { return cosignedLog{h.s.View(), h.engine} }, Wait: h.s.Wait, Every: 50 * time.Millisecond}))
	t.Cleanup(func() { good.CloseClientConnections(); good.Close() })
	var hostile atomic.Pointer[http.HandlerFunc]
	bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*hostile.Load())(w, r) }))
	t.Cleanup(func() { bad.CloseClientConnections(); bad.Close() })
	g := opens(t, good.URL)
	e := edges(t, edgeConfig{from: g.URL, key: h.log.Verifier(), patient: 2 * time.Second, silence: time.Minute})
	e.reaches(t, h.s.View().State().Size)
	says := func(text func() string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, text())
		}
	}
	checkpoint := func(size int64, root record.Checkpoint) string {
		note := must(h.log.SignCheckpoint(size, root.Root))
		return "event: checkpoint\ndata: " + strings.ReplaceAll(strings.TrimSuffix(string(note), "\n"), "\n", "\ndata: ") + "\n\n"
	}
	now := func() record.Checkpoint { return h.s.View().Checkpoint() }
	drip := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for out := http.NewResponseController(w); r.Context().Err() == nil; time.Sleep(20 * time.Millisecond) {
			io.WriteString(w, "x")
			out.Flush()
		}
	}
	rows := []struct {
		name string
		does http.HandlerFunc
		why  error
	}{
		{"another key", says(func() string {
			return "event: checkpoint\ndata: " + strings.ReplaceAll(strings.Replace(strings.TrimSuffix(string(now().Note), "\n"), "\u2014 ", "\u2014 x", 1), "\n", "\ndata: ") + "\n\n"
		}), tiles.ErrNotSigned},
		{"a fork", says(func() string { return checkpoint(now().Size, record.Checkpoint{}) }), tiles.ErrOtherTree},
		{"another continuation", says(func() string {
			n := now().Size
			return checkpoint(n+1, record.Checkpoint{}) + fmt.Sprintf("event: entries\ndata: {}\nid: %d\n\n", n+1)
		}), tiles.ErrOtherTree},
		{"a checkpoint back", says(func() string {
			n := now().Size
			return checkpoint(n+1, record.Checkpoint{}) + checkpoint(n, now())
		}), tiles.ErrWentBack},
		{"noise", says(func() string { return "<html>\n<body>\n" }), tiles.ErrMalformed},
		{"a page", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<!doctype html>") }, tiles.ErrMalformed},
		{"a line without end", says(func() string { return "data: " + strings.Repeat("x", 100_000) }), tiles.ErrTooLarge},
		{"an event that drips", drip, errSlow},
	}
	for _, row := range rows {
		before := must(e.engine.Head(t.Context()))
		hostile.Store(&row.does)
		g.leads(t, bad.URL)
		g.CloseClientConnections()
		e.says(t, "is refused", false)
		e.state.Lock()
		why := e.refused
		e.state.Unlock()
		if !strings.Contains(why, row.why.Error()) {
			t.Errorf("%s: refused because %s", row.name, why)
		}
		if after := must(e.engine.Head(t.Context())); after.Size != before.Size || !bytes.Equal(after.Note, before.Note) {
			t.Errorf("%s: %d entries are kept, %d were", row.name, after.Size, before.Size)
		}
		g.leads(t, good.URL)
		e.reaches(t, acting(t, h, 1))
		e.says(t, "is refused", true)
	}
	t.Logf("%d hostile sources", len(rows))
	// With a second address the edge need not wait for the first to mend.
	other := edges(t, edgeConfig{from: bad.URL + "," + good.URL, key: h.log.Verifier(), patient: 2 * time.Second})
	other.reaches(t, h.s.View().State().Size)
}

// An edge whose origin is silent says since when, and so does an edge behind it; both stop saying so when it is heard.
func TestAnEdgeSaysSinceWhenNothingIsHeard(t *testing.T) {
	h, err := openUnwatched(t.Context(), trainingRecord(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	source := httptest.NewServer(tiles.Handler(tiles.Served{Now: func() tiles.Log { return cosignedLog{h.s.View(), h.engine} }, Wait: h.s.Wait, Every: 20 * time.Millisecond}))
	t.Cleanup(func() { source.CloseClientConnections(); source.Close() })
	g := opens(t, source.URL)
	first := edges(t, edgeConfig{from: g.URL, key: h.log.Verifier(), silence: 2 * time.Second})
	first.reaches(t, h.s.View().State().Size)
	between := opens(t, first.url) // asks the first anew each time, so that its word comes at once
	second := edges(t, edgeConfig{from: between.URL, key: h.log.Verifier(), silence: 2 * time.Second})
	second.reaches(t, h.s.View().State().Size)
	began := time.Now()
	for _, e := range []*running{first, second} {
		if _, page := fetched(t, e.url+"/en/record"); strings.Contains(page, "Nothing has been heard") && time.Since(began) < time.Second {
			t.Error("it says so while the record is heard")
		}
	}
	g.leads(t, "http://127.0.0.1:9") // where nobody listens
	g.CloseClientConnections()
	first.says(t, "Nothing has been heard of the record&#39;s writer since 20", false)
	second.says(t, "Nothing has been heard of the record&#39;s writer since 20", false)
	if code, _ := fetched(t, second.url+"/en/meetings/ix"); code != 200 {
		t.Errorf("what was verified: %d", code)
	}
	g.leads(t, source.URL)
	first.says(t, "Nothing has been heard", true)
	between.CloseClientConnections()
	second.says(t, "Nothing has been heard", true)
}

// An edge leaves a source that gives no sign, and one that hears nothing of the writer, as one of three machines that is cut
// off from the others, though its stream goes on, for another address; neither is accused.
func TestAnEdgeLeavesASourceThatHearsNothing(t *testing.T) {
	h, err := openUnwatched(t.Context(), trainingRecord(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	var asked atomic.Int64
	cut, heard := h.s.View(), record.Instant(time.Now().UnixMilli())
	serve := func(of tiles.Served) string {
		handler := tiles.Handler(of)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if of.Heard != nil && r.URL.Path == "/log" {
				asked.Add(1)
			}
			handler.ServeHTTP(w, r)
		}))
		t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
		return s.URL
	}
	alone := serve(tiles.Served{Now: func() tiles.Log { return cut }, Wait: func(ctx context.Context, _ int64) error { <-ctx.Done(); return ctx.Err() },
		Heard: func() record.Instant { return heard }, Every: 50 * time.Millisecond})
	with := serve(tiles.Served{Now: func() tiles.Log { return h.s.View() }, Wait: h.s.Wait, Every: 50 * time.Millisecond})
	mute := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(func() { mute.CloseClientConnections(); mute.Close() })
	e := edges(t, edgeConfig{from: mute.URL + "," + alone + "," + with, key: h.log.Verifier(), silence: time.Second})
	e.reaches(t, cut.State().Size)
	e.reaches(t, acting(t, h, 2))
	e.says(t, "Nothing has been heard", true)
	if e.says(t, "is refused", true); e.refused != "" {
		t.Errorf("refused: %s", e.refused)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the source that hears nothing was asked %d times", n)
	}
}

// Whoever wants to take part is led from an edge to where that is done; nothing there is a form that does nothing.
func TestActsOnAnEdgeGoToTheRecord(t *testing.T) {
	h, url := core(t)
	takes(t, h.s, conference.Secretary, "", "NameOrigin", conference.NameOrigin{Domain: "meeting.example", Origins: []string{"https://meeting.example"}})
	e := edges(t, edgeConfig{from: url, key: h.log.Verifier()})
	e.reaches(t, h.s.View().State().Size)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	checked := 0
	for _, row := range []struct {
		method, path string
		code         int
		to           string
	}{
		{"GET", "/en/signin", 303, "/en/signin"},
		{"GET", "/kk/act/AskFloor?meeting=ix", 303, "/kk/act/AskFloor?meeting=ix"},
		{"POST", "/kk/act/AskFloor", 303, "/kk/act/AskFloor"},
		{"GET", "/en/now", 303, "/en/now"},
		{"GET", "/en/meetings/ix/now", 303, "/en/meetings/ix/now"},
		{"GET", "/en/meetings/ix/floor", 303, "/en/meetings/ix/floor"},
		{"GET", "/en/meetings/ix/chair", 303, "/en/meetings/ix/chair"},
		{"GET", "/en/meetings/ix/desk/people", 303, "/en/meetings/ix/desk/people"},
		{"GET", "/en/me", 303, "/en/me"},
		{"GET", "/en/registry", 303, "/en/registry"},
		{"GET", "/en/pending", 303, "/en/pending"},
		{"GET", "/en/enrol/abc", 303, "/en/enrol/abc"},
		{"POST", "/api/acts/AskFloor", 307, "/api/acts/AskFloor"},
		{"POST", "/api/acts/AskFloor/prepare", 307, "/api/acts/AskFloor/prepare"},
		{"POST", "/cosignatures", 307, "/cosignatures"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), row.method, e.url+row.path, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if to := answer.Header.Get("Location"); answer.StatusCode != row.code || to != "https://meeting.example"+row.to {
			t.Errorf("%s %s: %s, to %q", row.method, row.path, answer.Status, to)
		}
		checked++
	}
	if checked < 15 {
		t.Errorf("%d addresses", checked)
	}
	// No page that stands here posts to here, but what is examined or tried and kept nowhere.
	pages := 0
	for _, page := range []string{"/en/", "/en/record", "/en/record/5", "/en/meetings", "/en/meetings/ix", "/en/documents", "/en/decisions", "/en/instruments", "/en/commitments", "/en/parties", "/en/translations"} {
		code, body := fetched(t, e.url+page)
		if code != 200 || strings.Contains(body, `method="post"`) || !strings.Contains(body, `href="https://meeting.example/en/signin"`) {
			t.Errorf("%s: %d, or it has a form, or no way to sign in", page, code)
		}
		pages++
	}
	for _, lang := range []string{"az", "de", "en", "ka", "kk", "ky", "ru", "tr", "uz"} {
		if _, body := fetched(t, e.url+"/"+lang+"/record"); !strings.Contains(body, "https://meeting.example") || !strings.Contains(body, h.log.Origin()) {
			t.Errorf("%s: it does not say whose edge this is", lang)
		}
		pages++
	}
	// Where the record names this very address, there is nowhere else to lead to.
	r, _ := http.NewRequestWithContext(t.Context(), "GET", e.url+"/en/signin", nil)
	r.Host = "meeting.example"
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.Header.Get("Location") != "" {
		t.Errorf("led in a circle: %s", answer.Status)
	}
	t.Logf("%d addresses, %d pages", checked, pages)
}

// Before anything has come an edge says so, and keeps asking.
func TestAnEdgeWaitsForItsSource(t *testing.T) {
	h, url := core(t)
	g := opens(t, "http://127.0.0.1:9")
	e := edges(t, edgeConfig{from: g.URL, key: h.log.Verifier()})
	if code, body := fetched(t, e.url+"/en/"); code != http.StatusServiceUnavailable || !strings.Contains(body, "nothing of the record has come yet") {
		t.Errorf("%d %s", code, body)
	}
	g.leads(t, url)
	e.reaches(t, h.s.View().State().Size)
	if code, _ := fetched(t, e.url+"/en/"); code != 200 {
		t.Errorf("%d", code)
	}
	for _, args := range [][]string{{"edge"}, {"edge", "-from", "folder"}, {"edge", "-from", ","}, {"edge", "-from", url, "more"}} {
		if code, _, talk := kurultai(t, args...); code != 2 {
			t.Errorf("%v: %d %s", args, code, talk)
		}
	}
}

// Behind nginx, with the lines that doc/operations.md gives, each lot comes to a further edge and each page to a reader before
// the next act is done.
func TestEdgesPassThroughNginx(t *testing.T) {
	binary := recordtest.Program(t, "nginx")
	h, origin := core(t)
	first := edges(t, edgeConfig{from: origin, key: h.log.Verifier()})
	text, err := os.ReadFile("../../doc/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, lines, found := strings.Cut(string(text), "    location / {\n")
	lines, _, whole := strings.Cut(lines, "\n    }\n")
	if !found || !whole {
		t.Fatal("doc/operations.md holds no lines for nginx")
	}
	dir, err := os.MkdirTemp("", "nginx") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // the directory is this user's
	}
	conf := fmt.Sprintf(`%s daemon off; master_process off; pid %s/pid; error_log stderr warn; events { worker_connections 128; }
http { access_log off; client_body_temp_path %[2]s/a; proxy_temp_path %[2]s/b; fastcgi_temp_path %[2]s/c; uwsgi_temp_path %[2]s/d; scgi_temp_path %[2]s/e;
server { listen unix:%[2]s/socket; location / { %[3]s } } }`, user, dir, strings.Replace(lines, "http://127.0.0.1:8080", first.url, 1))
	if err := os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "conf"))
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	g := opens(t, "http://meeting.example")
	g.Config.Handler.(*httputil.ReverseProxy).Transport = &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, "socket"))
	}}
	second := edges(t, edgeConfig{from: g.URL, key: h.log.Verifier()}) // asks until nginx listens
	second.reaches(t, h.s.View().State().Size)
	answer, err := http.Get(g.URL + "/en/record/live")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	ids := make(chan int64, 100)
	go func() {
		for e, err := range sse.Read(answer.Body, nil) {
			if id, parseErr := strconv.ParseInt(e.LastEventID, 10, 64); err == nil && parseErr == nil {
				ids <- id
			}
		}
	}()
	for range 5 {
		size := acting(t, h, 1)
		second.reaches(t, size)
		for id := int64(0); id < size; {
			select {
			case id = <-ids:
			case <-time.After(30 * time.Second):
				t.Fatalf("index %d came of %d", id, size)
			}
		}
	}
}

// What witnesses cosigned shows on an edge and behind it; what a node gives to an edge reaches the record.
func TestEdgesShowWhatIsWitnessed(t *testing.T) {
	h, url := core(t)
	first := edges(t, edgeConfig{from: url, key: h.log.Verifier()})
	second := edges(t, edgeConfig{from: first.url, key: h.log.Verifier()})
	key := filepath.Join(t.TempDir(), "node.xa")
	_, verifier, _ := kurultai(t, "follow", "-key", key, "-name", "node.xa", "-newkey")
	takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: strings.TrimSpace(verifier)})
	size := h.s.View().State().Size
	second.reaches(t, size)
	if code, _, talk := kurultai(t, "follow", "-data", filepath.Join(t.TempDir(), "copy"), "-key", key, "-log", h.log.Verifier(), "-once", second.url); code != 0 {
		t.Fatal(talk)
	}
	if mark := h.marks.Of(size - 1); !mark.Witnessed() {
		t.Errorf("at the record: %+v", mark)
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	for _, e := range []*running{first, second} {
		for seen := e.marks.Changes(); !e.marks.Of(size - 1).Witnessed(); seen = e.marks.Changes() {
			if err := e.marks.Wait(ctx, seen); err != nil {
				t.Fatalf("%+v: %v", e.marks.Of(size-1), err)
			}
		}
	}
}
