package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"kurultai/conference"
	"kurultai/record"
)

// Each flag of serve, and of an edge, is an environment variable too, in one way, and stands in the usage; the command line
// wins.
func TestEachFlagOfAServiceIsAVariable(t *testing.T) {
	for name, most := range map[string]int{"serve": 9, "edge": 6} {
		n := 0
		define := func() (*flag.FlagSet, command) {
			c, f := commands()[name](), flag.NewFlagSet(name, flag.ContinueOnError)
			c.flags(f)
			return f, c
		}
		f, c := define()
		if !c.environment {
			t.Fatalf("%s reads no variables", name)
		}
		f.VisitAll(func(one *flag.Flag) {
			n++
			if !regexp.MustCompile(`(?m)^  (.*, )?-` + one.Name + ` [A-Z]+`).MatchString(c.usage) {
				t.Errorf("%s: -%s does not stand in the usage", name, one.Name)
			}
			variable := "KURULTAI_" + strings.ToUpper(strings.ReplaceAll(one.Name, "-", "_"))
			t.Setenv(variable, "from the environment")
			again, _ := define()
			if err := fromEnvironment(again); err != nil || again.Lookup(one.Name).Value.String() != "from the environment" {
				t.Errorf("%s: %v, %s", variable, err, again.Lookup(one.Name).Value)
			}
			if err := again.Parse([]string{"-" + one.Name, "said"}); err != nil || again.Lookup(one.Name).Value.String() != "said" {
				t.Errorf("%s: -%s does not win: %v", name, one.Name, err)
			}
			t.Setenv(variable, "")
			again, _ = define()
			if err := fromEnvironment(again); err != nil || again.Lookup(one.Name).Value.String() != one.DefValue {
				t.Errorf("%s set to nothing: %v, %s", variable, err, again.Lookup(one.Name).Value)
			}
		})
		if n < most || !strings.Contains(c.usage, "KURULTAI_") {
			t.Errorf("%s: %d flags", name, n)
		}
	}
	if usage := serveCommand().usage; !strings.Contains(usage, "OTEL_EXPORTER_OTLP_ENDPOINT") {
		t.Error("where traces go is not said")
	}
	t.Setenv("KURULTAI_LOG", "xml") // read by the command itself
	if _, talk, code := said(t, "serve", "-data", t.TempDir(), "-addr", "localhost:0"); code != 2 || !strings.Contains(talk, "text or json") {
		t.Errorf("%d: %s", code, talk)
	}
}

// A served node is one that runs as kurultai serve does.
type servedNode struct {
	url, metrics string
	log          *syncBuffer
	stop         func() int
}

// serves runs kurultai serve over a folder, with its log as JSON and metrics.
func serves(t *testing.T, dir string) *servedNode {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	n := &servedNode{log: new(syncBuffer)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, streams{n.log, n.log}, []string{"serve", "-data", dir, "-addr", "localhost:0", "-metrics", "localhost:0", "-log", "json"})
	}()
	var once sync.Once
	code := 0
	n.stop = func() int { once.Do(func() { cancel(); code = <-done }); return code }
	t.Cleanup(func() { n.stop() })
	at := func(words string) (found string) {
		eventually(t, words, func() bool {
			m := regexp.MustCompile(words + ` (http://localhost:\d+)`).FindStringSubmatch(n.log.String())
			if m != nil {
				found = m[1]
			}
			return m != nil
		})
		return found
	}
	n.metrics, n.url = at("metrics are on"), at("the page is on")
	eventually(t, "readiness", func() bool { status, _ := asked(t, n.url+"/readyz"); return status == 200 })
	eventually(t, "an origin", func() bool { // which the training body's secretaries name
		_, text := asked(t, n.metrics+"/metrics")
		return strings.Contains(text, `kurultai_acts_total{act="NameOrigin",outcome="taken"} 1`)
	})
	return n
}

func asked(t *testing.T, address string) (int, string) {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

// takesRole signs in at a node of the training body as somebody, as its page does by a click.
func (n *servedNode) takesRole(t *testing.T, person string) *http.Cookie {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.PostForm(n.url+"/en/roles", url.Values{"person": {person}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	for _, c := range answer.Cookies() {
		if c.Name == "session" {
			return c
		}
	}
	t.Fatalf("no session: %s", answer.Status)
	return nil
}

// sends posts as a page of somebody who has signed in.
func (n *servedNode) sends(t *testing.T, c *http.Cookie, path string, body any, header ...string) (int, map[string]any) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.url+path, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(c)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var value map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&value); err != nil {
		t.Fatalf("%s: %s, %v", path, answer.Status, err)
	}
	return answer.StatusCode, value
}

// asksFloor has a head of delegation of the training body ask for the floor.
func (n *servedNode) asksFloor(t *testing.T, person, request string, header ...string) int {
	t.Helper()
	c := n.takesRole(t, person)
	status, prepared := n.sends(t, c, "/api/acts/AskFloor/prepare", map[string]any{"as": "Head", "for": "xl", "meeting": "ix", "fields": map[string]any{"request": request}}, header...)
	if status == 409 { // refused before it is sent
		return status
	}
	if status != 200 {
		t.Fatalf("prepare: %d %v", status, prepared)
	}
	status, receipt := n.sends(t, c, "/api/acts/AskFloor", map[string]any{"submitted": prepared["submitted"]}, header...)
	if status != 201 {
		t.Fatalf("%d %v", status, receipt)
	}
	return status
}

// headOf is the head of a delegation of the training body's record in a folder.
func headIn(t *testing.T, dir string, party conference.PartyID) string {
	t.Helper()
	h, err := openToRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	return holderIn(t, h, conference.Head, party)
}

func TestANodeSaysHowItIsAndWhatItDid(t *testing.T) {
	dir := trainingRecord(t)
	head := headIn(t, dir, "xl")
	n := serves(t, dir)
	if status := n.asksFloor(t, head, "afar"); status != 201 {
		t.Errorf("%d", status)
	}
	for _, address := range []string{n.url + "/healthz", n.metrics + "/healthz", n.metrics + "/readyz"} {
		if status, text := asked(t, address); status != 200 || text != "ok\n" {
			t.Errorf("%s: %d %q", address, status, text)
		}
	}
	if status, _ := asked(t, n.url+"/metrics"); status != 404 {
		t.Errorf("metrics are on the pages' address: %d", status)
	}
	_, text := asked(t, n.metrics+"/metrics")
	for _, want := range []string{`kurultai_acts_total\{act="AskFloor",outcome="taken"\} 1`, `kurultai_sessions 1`, `kurultai_entries 41\d`, `kurultai_append_seconds_count 2`, `kurultai_not_ready\{cause="disk-full"\} 0`, `kurultai_live 1`, `kurultai_disk_free_bytes [1-9].*`} {
		if !regexp.MustCompile("(?m)^" + want + "$").MatchString(text) {
			t.Errorf("no %s", want)
		}
	}
	if code := n.stop(); code != 0 {
		t.Errorf("it ended with %d: %s", code, n.log)
	}
	lines := 0
	for line := range strings.Lines(n.log.String()) {
		var record struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Time == "" || record.Level == "" || record.Msg == "" {
			t.Errorf("no line of a log: %q", line)
		}
		lines++
	}
	if lines < 3 {
		t.Errorf("%d lines: %s", lines, n.log)
	}
}

// watches starts what whoever keeps a node running asks, as its flags do, and says where metrics are.
func watches(t *testing.T) (o *ops, metrics string) {
	t.Helper()
	said := new(syncBuffer)
	o, _, err := opsFlags{metrics: "localhost:0", log: "json"}.start(t.Context(), streams{said, said})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.stop)
	m := regexp.MustCompile(`metrics are on (http://localhost:\d+)`).FindStringSubmatch(said.String())
	if m == nil {
		t.Fatal(said.String())
	}
	return o, m[1]
}

// counts waits until metrics have lines.
func counts(t *testing.T, metrics string, lines ...string) {
	t.Helper()
	eventually(t, strings.Join(lines, ", "), func() bool {
		_, text := asked(t, metrics+"/metrics")
		return !slices.ContainsFunc(lines, func(line string) bool { return !regexp.MustCompile("(?m)^" + line + "$").MatchString(text) })
	})
}

// isReady waits until a node is ready, or is not for a cause.
func isReady(t *testing.T, url, cause string) {
	t.Helper()
	eventually(t, "to be ready but for "+cause, func() bool {
		status, text := asked(t, url+"/readyz")
		return cause == "" && status == 200 && text == "ok\n" || cause != "" && status == 503 && strings.HasPrefix(text, cause+": ") && strings.Count(text, "\n") == 1
	})
}

// An edge says whether readers may be sent to it, before anything has come too, and counts what it takes and refuses.
func TestAnEdgeSaysHowItIs(t *testing.T) {
	h, url := core(t)
	g := opens(t, "http://127.0.0.1:9") // where nobody listens
	o, metrics := watches(t)
	waiting := make(chan *running, 1)
	go func() { waiting <- edges(t, edgeConfig{from: g.URL, ops: o, silence: 3 * time.Second}) }()
	isReady(t, metrics, "behind")
	g.leads(t, url)
	e := <-waiting
	size := acting(t, h, 2)
	e.reaches(t, size)
	isReady(t, e.url, "")
	counts(t, metrics, fmt.Sprint("kurultai_entries ", size), fmt.Sprint("kurultai_verified_entries ", size), fmt.Sprint("kurultai_head_entries ", size), `kurultai_lots_total [1-9]\d*`, "kurultai_source_refusals_total 0", "kurultai_readers 0", `kurultai_writer_silence_seconds [0-9.e-]+`, "kurultai_disagreement 0")
	if status, text := asked(t, e.url+"/healthz"); status != 200 || text != "ok\n" {
		t.Errorf("%d %s", status, text)
	}
	if _, text := asked(t, metrics+"/metrics"); strings.Contains(text, "kurultai_cosigned_entries") {
		t.Error("an edge counts cosignatures of its own")
	}
	g.leads(t, "http://127.0.0.1:9")
	g.CloseClientConnections()
	isReady(t, e.url, "writer-silent")
	counts(t, metrics, `kurultai_not_ready\{cause="writer-silent"\} 1`)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "event: alive\ndata: "+record.Instant(time.Now().UnixMilli()).String()+"\n\nevent: checkpoint\ndata: x\n\n")
	}))
	t.Cleanup(other.Close)
	g.leads(t, other.URL)
	eventually(t, "to be refused", func() bool {
		_, text := asked(t, e.url+"/readyz")
		return strings.Contains(text, "source-refused: ")
	})
	counts(t, metrics, `kurultai_source_refusals_total [1-9]\d*`, `kurultai_not_ready\{cause="source-refused"\} 1`)
	g.leads(t, url)
	e.reaches(t, acting(t, h, 1))
	isReady(t, e.url, "")
}

// A node that follows says the same of itself, and how much it has cosigned.
func TestAFollowerSaysHowItIs(t *testing.T) {
	h, url := core(t)
	g := opens(t, url)
	said := new(syncBuffer)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	dir := t.TempDir()
	go func() {
		done <- run(ctx, streams{said, said}, []string{"follow", "-data", filepath.Join(dir, "copy"), "-key", filepath.Join(dir, "node.key"), "-addr", "localhost:0", "-metrics", "localhost:0", "-log-format", "json", g.URL})
	}()
	t.Cleanup(func() {
		stop()
		if code := <-done; code != 0 {
			t.Errorf("it ended with %d: %s", code, said)
		}
	})
	at := func(words string) (found string) {
		eventually(t, words, func() bool {
			m := regexp.MustCompile(words + ` (http://localhost:\d+)`).FindStringSubmatch(said.String())
			if m != nil {
				found = m[1]
			}
			return m != nil
		})
		return found
	}
	metrics, pages := at("metrics are on"), at("the page is on")
	size := acting(t, h, 1)
	counts(t, metrics, fmt.Sprint("kurultai_entries ", size), fmt.Sprint("kurultai_verified_entries ", size), fmt.Sprint("kurultai_cosigned_entries ", size), `kurultai_lots_total [1-9]\d*`, "kurultai_disagreement 0", "kurultai_live 1", `kurultai_writer_silence_seconds [0-9.e-]+`)
	isReady(t, pages, "")
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "a note of nobody\n") }))
	t.Cleanup(other.Close)
	g.leads(t, other.URL)
	g.CloseClientConnections()
	isReady(t, pages, "source-refused")
	counts(t, metrics, `kurultai_source_refusals_total [1-9]\d*`)
	g.leads(t, url)
	size = acting(t, h, 1)
	counts(t, metrics, fmt.Sprint("kurultai_cosigned_entries ", size))
	isReady(t, pages, "")
	for line := range strings.Lines(said.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no line of a log: %q", line)
		}
	}
}

// A collector takes what programs send by OTLP over HTTP.
type collector struct {
	mu    sync.Mutex
	spans []*otlp.Span
	raw   []byte
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		in = z
	}
	b, err := io.ReadAll(in)
	var sent coltrace.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(b, &sent)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		http.Error(w, fmt.Sprint(r.URL.Path, err), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw = append(c.raw, b...)
	for _, of := range sent.ResourceSpans {
		for _, in := range of.ScopeSpans {
			c.spans = append(c.spans, in.Spans...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// One trace leads from the page that sent an act to the append, under the numbers the page drew.
func TestATraceLeadsFromThePageToTheDisk(t *testing.T) {
	dir := trainingRecord(t)
	head := headIn(t, dir, "xl")
	c := new(collector)
	server := httptest.NewServer(c)
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	n := serves(t, dir)
	const id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	if status := n.asksFloor(t, head, "traced", "traceparent", "00-"+id+"-"+parent+"-01"); status != 201 {
		t.Errorf("%d", status)
	}
	n.stop() // sends what is left
	c.mu.Lock()
	defer c.mu.Unlock()
	by := map[string]*otlp.Span{}
	for _, s := range c.spans {
		if hex.EncodeToString(s.TraceId) == id {
			if by[s.Name] != nil {
				t.Errorf("%s twice", s.Name)
			}
			by[s.Name] = s
		}
	}
	for _, want := range []struct{ name, under string }{
		{"POST /api/acts/{act}/prepare", parent}, {"POST /api/acts/{act}", parent}, {"AskFloor", "POST /api/acts/{act}"}, {"decide", "AskFloor"}, {"append", "AskFloor"}, {"publish", "AskFloor"},
	} {
		s, ok := by[want.name]
		if !ok {
			t.Errorf("no span %s among %d", want.name, len(c.spans))
			continue
		}
		under := want.under
		if above := by[under]; above != nil {
			under = hex.EncodeToString(above.SpanId)
		}
		if got := hex.EncodeToString(s.ParentSpanId); got != under || s.EndTimeUnixNano < s.StartTimeUnixNano {
			t.Errorf("%s is under %s, not %s (%s); it took %d ns", want.name, got, under, want.under, int64(s.EndTimeUnixNano)-int64(s.StartTimeUnixNano))
		}
	}
	if len(by) != 6 {
		t.Errorf("%d spans", len(by))
	}
	if d, a, p := by["decide"], by["append"], by["publish"]; d != nil && a != nil && p != nil && (d.EndTimeUnixNano > a.StartTimeUnixNano || a.EndTimeUnixNano > p.StartTimeUnixNano) {
		t.Error("its parts are out of order")
	}
}

// What a node logs and traces names nobody: no name, no id of a person, no address of one, whatever goes wrong.
func TestLogsAndTracesNameNobody(t *testing.T) {
	dir := trainingRecord(t)
	h, v, err := readView(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	canaries := []string{"203.0.113.77", "canary@example.org", "canary-agent", "Canary Person"}
	var people []conference.PersonID
	for row, err := range h.engine.Rows(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(row.Subject, "/") && !slices.Contains(people, conference.PersonID(row.Subject)) {
			people = append(people, conference.PersonID(row.Subject))
		}
	}
	for _, o := range v.State().Holders(conference.Head) {
		if !slices.Contains(people, o.Person) {
			people = append(people, o.Person)
		}
	}
	for _, p := range people {
		canaries = append(canaries, string(p))
		for _, r := range []conference.Reader{{}, v.State().Reader(v.State().Holders(conference.Secretary)[0].Person, v.State().Last)} {
			if name, ok := v.For(r).Name(p, "en"); ok {
				canaries = append(canaries, name)
			}
		}
	}
	secretary, head := v.State().Holders(conference.Secretary)[0].Person, holderIn(t, h, conference.Head, "xl")
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	c := new(collector)
	server := httptest.NewServer(c)
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	n := serves(t, dir)
	n.asksFloor(t, head, "named")
	n.asksFloor(t, head, "named-again") // refused
	officer := n.takesRole(t, string(secretary))
	seen := 0
	visit := func(method, path, body string) {
		r, err := http.NewRequestWithContext(t.Context(), method, n.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(path, "/en/people/") || strings.HasPrefix(path, "/en/signin/") { // through a proxy nobody is signed in on plain http
			r.Header.Set("X-Forwarded-For", "203.0.113.77")
		}
		r.AddCookie(officer)
		r.Header.Set("User-Agent", "canary-agent")
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return // cut off, as a backup is that goes wrong
		}
		defer answer.Body.Close()
		if _, err := io.Copy(io.Discard, answer.Body); err == nil {
			seen++
		}
	}
	everything := func() {
		for _, p := range people {
			visit("GET", "/en/people/"+url.PathEscape(string(p)), "")
			visit("GET", "/en/enrol/"+url.PathEscape(string(p)), "")
		}
		for _, path := range []string{"/en/me", "/en/search?q=Canary+Person", "/en/documents/canary@example.org", "/en/meetings/ix/desk", "/en/meetings/ix/communique", "/en/meetings/ix/papers", "/en/backup", "/en/record/3", "/api/people", "/en/nowhere/Canary%20Person"} {
			visit("GET", path, "")
		}
		for _, path := range []string{"/en/signin/finish", "/en/act/RegisterPerson", "/en/roles", "/en/backup", "/en/enrolments"} {
			visit("POST", path, "person=Canary+Person&field.names=canary@example.org")
		}
	}
	everything()
	if err := os.RemoveAll(filepath.Join(dir, "blobs")); err != nil { // papers cannot be read any more
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "keys")); err != nil { // no backup is taken, no session kept
		t.Fatal(err)
	}
	everything()
	_, documents := asked(t, n.url+"/api/documents")
	for _, symbol := range regexp.MustCompile(`"symbol":"([^"]+)"`).FindAllStringSubmatch(documents, -1) {
		visit("GET", "/en/pdf/"+symbol[1], "")
		visit("GET", "/en/documents/"+symbol[1], "")
	}
	n.stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, canary := range canaries {
		if strings.Contains(n.log.String(), canary) {
			t.Errorf("the log has %q", canary)
		}
		if bytes.Contains(c.raw, []byte(canary)) {
			t.Errorf("a trace has %q", canary)
		}
	}
	if len(canaries) < 12 || len(c.spans) < 6 || seen < 30 || strings.Count(n.log.String(), "\n") < 6 || !strings.Contains(n.log.String(), "reference") {
		t.Errorf("%d canaries, %d spans, %d visits; the log: %s", len(canaries), len(c.spans), seen, n.log)
	}
	t.Logf("%d canaries in none of %d bytes of log and %d bytes of traces, after %d visits", len(canaries), len(n.log.String()), len(c.raw), seen)
}
