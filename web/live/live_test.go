package live_test

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tmaxmax/go-sse"

	"kurultai/record/recordtest"
	"kurultai/web/live"
)

// A room is a server with a hub whose frames say their index.
type room struct {
	*httptest.Server
	hub   *live.Hub
	size  atomic.Int64
	fill  string // follows the index in each frame
	patch bool   // frames that are not whole, where that is allowed
	asked atomic.Int64
}

func (o *room) render(seen int64) (live.Frame, error) {
	o.asked.Add(1)
	n := o.size.Load()
	first := fmt.Appendf(nil, "event: part\ndata: %d\n\n", n)
	return live.Frame{ID: n, Whole: seen < 0 || !o.patch, Events: [][]byte{first, fmt.Appendf(nil, "data: %d%s\n\n", n, o.fill)}}, nil
}

func (o *room) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.hub.Serve(w, r, live.Class{Key: r.URL.Path, Render: o.render}, live.Person{ID: r.URL.Query().Get("person")})
}

func (o *room) grow() {
	o.hub.Grow(o.size.Add(1))
}

// open starts a room with one entry.
func open(t *testing.T, c live.Config, with func(*room)) *room {
	o := &room{hub: live.New(c)}
	if with != nil {
		with(o)
	}
	if o.Server == nil {
		o.Server = httptest.NewServer(o)
	}
	t.Cleanup(func() { o.hub.Close(); o.Server.Close() })
	o.grow()
	return o
}

// listen opens a stream by hand: what a reader is must not depend on an HTTP client.
func (o *room) listen(t *testing.T, path string, headers ...string) *stream {
	t.Helper()
	c, err := net.Dial("tcp", o.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, strings.Join(append(headers, ""), "\r\n"))
	s := &stream{Conn: c, in: bufio.NewReaderSize(c, 512)}
	if s.head, err = http.ReadResponse(s.in, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

type stream struct {
	net.Conn
	in   *bufio.Reader
	head *http.Response
}

// until reads lines until one begins so; the line is "" where the stream ends first.
func (s *stream) until(prefix string) (string, error) {
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(line, prefix) {
			return strings.TrimSuffix(line, "\n"), nil
		}
	}
}

// eventually waits for another goroutine.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for !is() {
		if t.Context().Err() != nil {
			t.Fatal(what)
		}
		runtime.Gosched()
	}
}

// events reads a stream by an independent parser.
func events(ctx context.Context, client *http.Client, url, seen string, each func(sse.Event) bool) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if seen != "" {
		req.Header.Set("Last-Event-ID", seen)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	for e, err := range sse.Read(resp.Body, nil) {
		if err != nil {
			return err
		}
		if !each(e) {
			return nil
		}
	}
	return io.EOF
}

// Readers come, are cut and come back at any time while the record grows, over HTTP/1, with gzip, TLS and HTTP/2.
// Each sees the indexes in order, none twice, and the newest at the end.
func TestReadersEndWithTheNewestFrameInOrder(t *testing.T) {
	const readers, growths = 2000, 80
	for _, way := range []struct {
		name    string
		readers int
		patch   bool
	}{{"http1", readers, false}, {"http1 changes", readers, true}, {"tls", 100, true}, {"http2", 200, true}} {
		t.Run(way.name, func(t *testing.T) {
			o := open(t, live.Config{}, func(o *room) {
				o.patch = way.patch
				o.Server = httptest.NewUnstartedServer(o)
				o.EnableHTTP2 = way.name == "http2"
				if way.name == "tls" || way.name == "http2" {
					o.StartTLS()
				} else {
					o.Start()
				}
			})
			client := o.Client()
			var all sync.WaitGroup
			var cuts, lost atomic.Int64
			for i := range way.readers {
				all.Go(func() {
					dice := rand.New(rand.NewPCG(1, uint64(i)))
					seen := int64(0)
					for seen < growths {
						left := 1 + dice.IntN(40)
						err := events(t.Context(), client, o.URL+"/"+strconv.Itoa(i%9), strconv.FormatInt(seen, 10), func(e sse.Event) bool {
							if e.Type == "part" {
								return true
							}
							n, err := strconv.ParseInt(e.LastEventID, 10, 64)
							if err != nil || n <= seen || e.Data != e.LastEventID {
								t.Errorf("reader %d saw %q (%q) after %d", i, e.LastEventID, e.Data, seen)
							}
							seen = n
							left--
							return left > 0 && seen < growths
						})
						// A server of HTTP/2 lets a connection go whose first frames took more than two seconds, with all
						// streams on it: they come back as after any cut.
						if err != nil && (!errors.Is(err, io.ErrUnexpectedEOF) || lost.Add(1) > int64(way.readers)) {
							t.Errorf("reader %d at %d: %v", i, seen, err)
							return
						}
						cuts.Add(1)
					}
				})
			}
			for o.size.Load() < growths {
				before := o.hub.Stats().Frames
				o.grow()
				eventually(t, "somebody reads it", func() bool { return o.hub.Stats().Frames > before })
			}
			all.Wait()
			if asked := o.asked.Load(); asked > 9*growths {
				t.Errorf("%d renderings of 9 classes and %d indexes", asked, growths)
			}
			t.Logf("%d readers, %d connections, %d renderings", way.readers, cuts.Load(), o.asked.Load())
		})
	}
}

func TestPlainConnectionsHaveNoGoroutine(t *testing.T) {
	const readers = 1000
	o := open(t, live.Config{}, nil)
	before := runtime.NumGoroutine()
	for range readers {
		s := o.listen(t, "/")
		defer s.Close()
		if _, err := s.until("data: 1"); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "goroutines of connections end", func() bool { return runtime.NumGoroutine() <= before+10 })
	if n := o.hub.Stats().Readers; n != readers {
		t.Errorf("%d readers", n)
	}
}

// Who joins late gets a member of its own that begins with a whole frame; Go and zlib read it as one stream.
func TestOneDeflateStreamServesWhoeverJoins(t *testing.T) {
	python := recordtest.Program(t, "python3")
	o := open(t, live.Config{}, func(o *room) { o.fill, o.patch = strings.Repeat(" <li>delegate</li>", 300), true })
	plain := o.listen(t, "/")
	defer plain.Close()
	var joined []*stream
	for i := range 5 {
		s := o.listen(t, "/?person=p", "Accept-Encoding: br, gzip;q=0.8", "Last-Event-ID: "+strconv.Itoa(i))
		defer s.Close()
		if s.head.Header.Get("Content-Encoding") != "gzip" {
			t.Fatal("not compressed")
		}
		joined = append(joined, s)
		eventually(t, "joined", func() bool { return o.hub.Stats().Readers == i+2 })
		o.grow()
		if _, err := plain.until(fmt.Sprintf("id: %d", i+2)); err != nil {
			t.Fatal(err)
		}
		o.hub.Tell("p", []byte("event: me\ndata: yours\n\n"))
	}
	for i, s := range joined {
		var raw, text bytes.Buffer
		z, err := gzip.NewReader(io.TeeReader(s.in, &raw))
		if err != nil {
			t.Fatal(err)
		}
		lines := &stream{in: bufio.NewReader(io.TeeReader(z, &text))}
		for !bytes.Contains(text.Bytes(), []byte("id: 6\ndata: 6"+o.fill+"\n\n")) || !bytes.Contains(text.Bytes(), []byte("data: yours\n\n")) {
			if _, err := lines.until(""); err != nil {
				t.Fatalf("reader %d: %v after %q", i, err, text.String())
			}
		}
		last := ""
		for e, err := range sse.Read(&text, nil) {
			if err != nil && !errors.Is(err, sse.ErrUnexpectedEOF) { // more may follow
				t.Fatal(err)
			}
			last = cmp.Or(e.LastEventID, last)
		}
		if last != "6" {
			t.Errorf("reader %d ended with %q", i, last)
		}
		cmd := exec.Command(python, "-c", "import sys,zlib;d=zlib.decompressobj(31);sys.stdout.buffer.write(d.decompress(sys.stdin.buffer.read()))")
		cmd.Stdin = bytes.NewReader(raw.Bytes())
		if out, err := cmd.Output(); err != nil || !bytes.Contains(out, []byte("id: 6\ndata: 6"+o.fill+"\n\n")) || raw.Len()*4 > len(out) {
			t.Errorf("reader %d: zlib reads %d bytes of %d: %v", i, len(out), raw.Len(), err)
		}
	}
}

func TestWhoTakesNothingIsReset(t *testing.T) {
	o := open(t, live.Config{KeepAlive: 240 * time.Millisecond, Patience: 2 * time.Second}, func(o *room) { o.fill = strings.Repeat("x", 1<<20) })
	s := o.listen(t, "/")
	defer s.Close()
	other := o.listen(t, "/other")
	defer other.Close()
	for o.hub.Stats().Evicted == 0 {
		o.grow()
		if _, err := other.until("data: "); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.Copy(io.Discard, s.Conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("ended by %v and not by a reset", err)
	}
	if n := o.hub.Stats().Readers; n != 1 {
		t.Errorf("%d readers are left", n)
	}
}

func TestQuietReadersGetASign(t *testing.T) {
	for _, way := range []string{"epoll", "goroutine"} {
		t.Run(way, func(t *testing.T) {
			o := open(t, live.Config{KeepAlive: 24 * time.Millisecond}, func(o *room) {
				if way == "goroutine" {
					o.Server = httptest.NewTLSServer(o)
				}
			})
			resp, err := o.Client().Get(o.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			s := &stream{in: bufio.NewReader(resp.Body)}
			for range 3 { // the frame, then an id without an event
				if id, err := s.until("id: "); err != nil || id != "id: 1" {
					t.Fatalf("%q, %v", id, err)
				}
			}
			if n := o.asked.Load(); n != 1 {
				t.Errorf("%d renderings", n)
			}
		})
	}
}

// A reader by HTTP/2 to whom nothing is sent for longer than the patience with a slow one keeps its stream.
func TestQuietStreamsOfHTTP2Stay(t *testing.T) {
	o := open(t, live.Config{KeepAlive: 600 * time.Millisecond, Patience: 200 * time.Millisecond}, func(o *room) {
		o.Server = httptest.NewUnstartedServer(o)
		o.EnableHTTP2 = true
		o.StartTLS()
	})
	answer, err := o.Client().Get(o.URL + "/a")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.ProtoMajor != 2 {
		t.Fatalf("by %s", answer.Proto)
	}
	s := &stream{in: bufio.NewReader(answer.Body)}
	for n := range 3 { // the frame, then an id without an event
		if _, err := s.until("id: "); err != nil {
			t.Fatalf("after %d: %v", n, err)
		}
	}
}

// A reader goes on from the index it has seen, by header or query; one of another record begins anew.
func TestStreamsResume(t *testing.T) {
	o := open(t, live.Config{}, func(o *room) { o.patch = true })
	keep := o.listen(t, "/")
	defer keep.Close()
	for n := 1; n <= 6; n++ {
		if line, err := keep.until("data: " + strconv.Itoa(n)); err != nil {
			t.Fatal(line, err)
		}
		if n < 6 {
			o.grow()
		}
	}
	cases := [][3]string{{"/", "Last-Event-ID: 4", "id: 5"}, {"/?seen=5", "", "id: 6"}, {"/", "Last-Event-ID: 6", "id: 7"}, {"/", "Last-Event-ID: 99", "id: 1"},
		{"/", "Last-Event-ID: -4", "id: 1"}, {"/?seen=x", "", "id: 1"}, {"/?seen=3", "Last-Event-ID: 5", "id: 6"}}
	var all []*stream
	for i, c := range cases {
		var headers []string
		if c[1] != "" {
			headers = []string{c[1]}
		}
		all = append(all, o.listen(t, c[0], headers...))
		eventually(t, "joined", func() bool { return o.hub.Stats().Readers == i+2 })
	}
	o.grow()
	for i, c := range cases {
		if id, err := all[i].until("id: "); err != nil || id != c[2] {
			t.Errorf("%s %s: %q first, not %q (%v)", c[0], c[1], id, c[2], err)
		}
		all[i].Close()
	}
}

func TestWhatIsPersonalReachesThePersonAlone(t *testing.T) {
	o := open(t, live.Config{}, nil)
	mine, too, yours := o.listen(t, "/?person=a"), o.listen(t, "/x?person=a"), o.listen(t, "/?person=b")
	for _, s := range []*stream{mine, too, yours} {
		defer s.Close()
	}
	eventually(t, "joined", func() bool { return o.hub.Stats().Readers == 3 })
	o.hub.Tell("a", []byte("event: me\ndata: of a\n\n"))
	o.hub.Tell("b", []byte("event: me\ndata: of b\n\n"))
	o.hub.Tell("nobody", []byte("event: me\ndata: of nobody\n\n"))
	for s, want := range map[*stream]string{mine: "data: of a", too: "data: of a", yours: "data: of b"} {
		if line, err := s.until("data: of"); line != want {
			t.Errorf("%q, not %q (%v)", line, want, err)
		}
	}
}

// Readers who go, speak or are too many cost nothing that stays.
func TestNothingStaysOfReaders(t *testing.T) {
	files := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	o := open(t, live.Config{Readers: 50}, nil)
	first := o.listen(t, "/")
	before := files()
	var all []*stream
	for i := range 49 {
		all = append(all, o.listen(t, "/?person=p"+strconv.Itoa(i)))
	}
	if many := o.listen(t, "/"); many.head.StatusCode != http.StatusServiceUnavailable || many.head.Header.Get("Retry-After") == "" {
		t.Errorf("the 51st gets %s", many.head.Status)
	} else {
		many.Close()
	}
	for i, s := range all {
		if i%2 == 0 {
			s.Close()
			continue
		}
		fmt.Fprint(s, "GET / HTTP/1.1\r\n")
		if _, err := io.Copy(io.Discard, s.in); err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Error(err)
		}
		s.Close()
	}
	eventually(t, "readers leave", func() bool { return o.hub.Stats().Readers == 1 })
	eventually(t, "files are closed", func() bool { return files() <= before })
	first.Close()
	eventually(t, "the last leaves", func() bool { return o.hub.Stats().Readers == 0 })
	o.grow()
	o.grow()
	if n := o.hub.Stats().Classes; n != 0 {
		t.Errorf("%d classes without readers", n)
	}
}

// At an end all are told when to come back, at different times, and find a server that is not there yet.
func TestCloseSpreadsWhoComesBack(t *testing.T) {
	o := open(t, live.Config{}, nil)
	var all []*stream
	for range 100 {
		s := o.listen(t, "/")
		defer s.Close()
		if _, err := s.until("data: 1"); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	o.hub.Close()
	times := map[string]bool{}
	for _, s := range all {
		line, err := s.until("retry: ")
		if err != nil {
			t.Fatal(err)
		}
		times[line] = true
		if rest, err := io.ReadAll(s.in); err != nil || string(rest) != "\n" {
			t.Errorf("%q, %v", rest, err)
		}
	}
	if len(times) < 20 {
		t.Errorf("100 readers come back at %d different times", len(times))
	}
	if late := o.listen(t, "/"); late.head.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("after the end: %s", late.head.Status)
	}
}

// A fault in rendering ends the streams of its class and nothing else; a last frame ends them when it is read.
func TestStreamsEndWithTheirClass(t *testing.T) {
	hub := live.New(live.Config{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hub.Serve(w, r, live.Class{Key: r.URL.Path, Render: func(int64) (live.Frame, error) {
			switch r.URL.Path {
			case "/panic":
				panic("a fault of one class")
			case "/error":
				return live.Frame{}, errors.New("no such page")
			case "/nothing":
				return live.Frame{ID: 1, Last: true}, nil
			}
			return live.Frame{ID: 1, Whole: true, Last: r.URL.Path == "/moved", Events: [][]byte{[]byte("event: moved\ndata: /\n\n")}}, nil
		}}, live.Person{})
	}))
	defer server.Close()
	defer hub.Close()
	hub.Grow(1)
	for path, want := range map[string]string{"/panic": "", "/error": "", "/nothing": "", "/moved": "id: 1\nevent: moved\ndata: /\n\n"} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		r.Header.Set("Accept-Encoding", "identity") // a stream of deflate ends without a trailer
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if _, got, _ := strings.Cut(string(text), "\n\n"); got != want || err != nil {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	eventually(t, "no class is left", func() bool { return hub.Stats().Classes == 0 })
}

// Marks change without an entry: who follows gets the whole frame again, as of the same index, and once; a class without
// marks gets nothing, nor one whose frame is the same.
func TestMarksRenewAFrameAsOfTheSameIndex(t *testing.T) {
	o := &room{hub: live.New(live.Config{})}
	var mark atomic.Int64
	classes := map[string]live.Class{
		"/marks": {Key: "/marks", Marks: true, Render: func(int64) (live.Frame, error) {
			return live.Frame{ID: o.size.Load(), Whole: true, Events: [][]byte{fmt.Appendf(nil, "data: mark %d\n\n", mark.Load())}}, nil
		}},
		"/none": {Key: "/none", Render: o.render},
	}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.hub.Serve(w, r, classes[r.URL.Path], live.Person{})
	}))
	t.Cleanup(func() { o.hub.Close(); o.Server.Close() })
	o.grow()
	marks, late, none := o.listen(t, "/marks"), o.listen(t, "/marks?seen=1"), o.listen(t, "/none")
	defer marks.Close()
	defer late.Close()
	defer none.Close()
	if line, err := marks.until("data: "); line != "data: mark 0" {
		t.Fatal(line, err)
	}
	if line, err := none.until("data: 1"); err != nil {
		t.Fatal(line, err)
	}
	asked := o.asked.Load()
	o.hub.Renew(false) // nothing has changed
	mark.Store(1)
	o.hub.Renew(false)
	for _, s := range []*stream{marks, late} {
		if line, err := s.until("data: "); line != "data: mark 1" {
			t.Errorf("%q first: %v", line, err)
		}
	}
	if o.asked.Load() != asked {
		t.Error("a class without marks is rendered anew")
	}
	back := o.listen(t, "/marks?seen=1") // its page may be from before
	defer back.Close()
	if line, err := back.until("data: "); line != "data: mark 1" {
		t.Errorf("%q first: %v", line, err)
	}
	mark.Store(2)
	o.grow()
	for _, s := range []*stream{marks, late, back} {
		if line, err := s.until("data: "); line != "data: mark 2" { // and the frame before came once
			t.Errorf("%q: %v", line, err)
		}
	}
}

// In a busy hall a class is rendered no oftener than its pace allows.
func TestABusyClassKeepsItsPace(t *testing.T) {
	const pace, growths = 50 * time.Millisecond, 5
	began := time.Now()
	o := open(t, live.Config{Pace: pace}, nil)
	s := o.listen(t, "/")
	defer s.Close()
	for n := range growths + 1 {
		if _, err := s.until(fmt.Sprintf("data: %d", n+1)); err != nil {
			t.Fatal(err)
		}
		o.grow()
	}
	if took := time.Since(began); took < growths*pace {
		t.Errorf("%d renderings behind the first in %v", growths, took)
	}
}

// Who has seen more than there is waits for what follows where others have more of the record, and begins anew where not.
func TestWhoHasSeenMoreWaitsForWhatFollows(t *testing.T) {
	for _, behind := range []bool{true, false} {
		o := open(t, live.Config{Behind: behind, KeepAlive: 20 * time.Millisecond}, nil)
		s := o.listen(t, "/", "Last-Event-ID: 3")
		defer s.Close()
		if behind {
			line := ""
			for !strings.HasPrefix(line, ":") && !strings.HasPrefix(line, "id:") {
				var err error
				if line, err = s.in.ReadString('\n'); err != nil {
					t.Fatal(err)
				}
			}
			if line != ":\n" { // a sign, and no index
				t.Fatalf("%q though more had been seen", line)
			}
			for range 3 {
				o.grow()
			}
		}
		want := map[bool]string{true: "id: 4", false: "id: 1"}[behind]
		if line, err := s.until("id: "); err != nil || line != want {
			t.Errorf("behind %t: %q, want %q: %v", behind, line, want, err)
		}
	}
}
