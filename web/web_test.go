package web_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/secretariat"
	"kurultai/story"
	"kurultai/story/storytest"
	"kurultai/web"
)

var update = flag.Bool("update", false, "write the golden files")

// reading gives a secretariat's views to the pages.
type reading struct{ s *secretariat.Secretariat }

func (r reading) View() web.View { return shown{r.s.View()} }
func (r reading) At(ctx context.Context, size int64) (web.View, error) {
	v, err := r.s.View().At(ctx, size)
	return shown{v}, err
}
func (r reading) Wait(ctx context.Context, size int64) error { return r.s.Wait(ctx, size) }

// shown is a secretariat's view as the pages see it.
type shown struct{ *secretariat.View }

func (v shown) For(r conference.Reader) web.View { return shown{v.View.For(r)} }

// get fetches a page without a network.
func get(h http.Handler, path string) *httptest.ResponseRecorder {
	return do(h, http.MethodGet, path, nil)
}

func do(h http.Handler, method, path string, header map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://assembly.example"+path, nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var (
	tags   = regexp.MustCompile(`(?s)<(script|style)\b.*?</(script|style)>|<[^>]*>`)
	spaces = regexp.MustCompile(`[ \t]+`)
)

// read is what a reader without pictures reads of the main part of a page.
func read(page string) string {
	_, page, _ = strings.Cut(page, "<main ")
	page = "<main " + page
	page = regexp.MustCompile(`</(p|li|tr|h1|h2|dd|dt|caption|table|section|footer)>|<br>`).ReplaceAllString(page, "\n")
	text := html.UnescapeString(tags.ReplaceAllString(page, " "))
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(spaces.ReplaceAllString(line, " ")); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// The page of a meeting, as it is read, in each language.
func TestGoldenPages(t *testing.T) {
	compared := 0
	for _, page := range [][2]string{{"baku", "xxii"}, {"training", "vii"}, {"training", "viii"}, {"training", "ix"}} {
		name, meeting := page[0], page[1]
		h := web.New(reading{storytest.Play(t, name)}, web.Options{})
		if meeting == "viii" || meeting == "ix" {
			name += "-" + meeting
		}
		read1 := map[string]bool{}
		for _, l := range language.All() {
			w := get(h, "/"+l.Code+"/meetings/"+meeting)
			if w.Code != http.StatusOK {
				t.Fatalf("%s in %s: %d", name, l.Code, w.Code)
			}
			got := read(w.Body.String())
			path := filepath.Join("testdata", name+"."+l.Code+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is not as it was:\n%s", path, got)
			}
			if !strings.Contains(w.Body.String(), `<html lang="`+l.Code+`"`) {
				t.Errorf("%s does not say its language", path)
			}
			read1[got] = true
			compared++
		}
		if len(read1) != 9 {
			t.Errorf("%s: %d different pages", name, len(read1))
		}
	}
	t.Logf("%d pages compared", compared)
}

// addresses are pages of a record of Baku that are there, and hostile ones that are not.
var there = []string{
	"/en/meetings/xxii", "/de/meetings/xxii", "/en/meetings/xxii?x=1", "/en/meetings/xxii/communique", "/en/meetings/xxii/communique.txt", "/en/meetings/xxii/communique.md",
	"/en/record", "/en/record?before=40", "/en/record?before=-3", "/en/record?before=x", "/en/record?entry=7", "/en/record/0", "/en/record/85", "/", "/record", "/ka/", "/en/meetings/-",
}

var notThere = []string{
	"/xx/", "/xx/record", "/en/nothing", "/en/meetings/xxi", "/en/meetings/xxii/x", "/en/meetings/xxii/communique.pdf", "/en/record/86", "/en/record/-1", "/en/record/01", "/en/record/+1",
	"/en/record/99999999999999999999", "/en/record/0x1", "/en/record/%00", "/en/meetings/%2e%2e%2f", "/en/meetings/" + strings.Repeat("a", 4000), "/en/meetings/%3Cscript%3E", "/static/x/kurultai.css",
	"/en/record/1/2", "/EN/record", "/favicon.ico", "/en/meetings/xxi/live",
}

func TestEveryAnswerIsCareful(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "baku")}, web.Options{})
	styled := 0
	check := func(path string, codes ...int) {
		w := get(h, path)
		if !slices.Contains(codes, w.Code) {
			t.Errorf("%s: %d", path, w.Code)
		}
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be sniffed", path)
		}
		body := w.Body.String()
		for _, style := range regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(body, -1) { // the one that comes first
			sum := sha256.Sum256([]byte(style[1]))
			if !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") || len(style[1]) > 12_000 || strings.Contains(style[1], "/*") {
				t.Errorf("%s: a style of %d bytes that the policy does not let in: %s", path, len(style[1]), policy)
			}
			body = strings.Replace(body, style[0], "", 1)
			styled++
		}
		if regexp.MustCompile(`(?i)<script(>| [^s])|<style|\son[a-z]+=|style="|javascript:|%!|\bpage\.[a-z]`).MatchString(body) {
			t.Errorf("%s holds what its policy forbids, or a word that is missing: %.300s", path, body)
		}
		if head := do(h, http.MethodHead, path, nil); head.Code != w.Code || head.Body.Len() > 0 && w.Code != http.StatusSeeOther {
			t.Errorf("%s: HEAD gives %d and %d bytes", path, head.Code, head.Body.Len())
		}
		if post := do(h, http.MethodPost, path, nil); post.Code != http.StatusMethodNotAllowed || post.Header().Get("Allow") == "" {
			t.Errorf("%s: POST gives %d", path, post.Code)
		}
	}
	for _, path := range there {
		check(path, http.StatusOK, http.StatusSeeOther)
	}
	for _, path := range notThere {
		check(path, http.StatusNotFound, http.StatusTemporaryRedirect, http.StatusMovedPermanently) // the mux cleans some paths
	}
	if styled != 3 {
		t.Errorf("%d pages bring their first style, not 3", styled)
	}
	if w := get(h, "/ka/nothing"); !strings.Contains(w.Body.String(), `<html lang="ka"`) {
		t.Error("what is not there is not said in the reader's language")
	}
}

// Whatever is asked, the answer is an answer and never a fault.
func FuzzPath(f *testing.F) {
	for _, p := range slices.Concat(there, notThere) {
		f.Add(p)
	}
	h := web.New(reading{storytest.Play(f, "baku")}, web.Options{})
	f.Fuzz(func(t *testing.T, path string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")))
		if err != nil || strings.HasSuffix(r.URL.Path, "/live") {
			return
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("%q: %d %s", path, w.Code, w.Body)
		}
	})
}

// What a source or a name says is shown and never obeyed.
func TestWhatTheRecordSaysIsTextOnly(t *testing.T) {
	text, _ := story.Shipped("training")
	hostile := `</title></main><script>alert(1)</script><img src=x onerror=alert(1)>`
	quoted := strings.NewReplacer(`"`, `\"`).Replace(hostile)
	changed := bytes.ReplaceAll(text, []byte(`"Ardovel"`), []byte(`"`+quoted+`"`))
	if bytes.Equal(changed, text) {
		t.Fatal("nothing was made hostile")
	}
	h := web.New(reading{storytest.PlayText(t, changed)}, web.Options{})
	shown := 0
	paths := []string{"/en/", "/en/parties", "/en/parties/xa", "/en/search?q=script", "/en/meetings/viii", "/en/commitments", "/en/decisions", "/en/meetings/viii/programme", "/en/meetings/vii", "/en/meetings/vii/communique", "/en/record", "/en/record/0"}
	for i := range 60 {
		paths = append(paths, fmt.Sprintf("/en/record/%d", i))
	}
	for _, path := range paths {
		body := get(h, path).Body.String()
		if strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") {
			t.Errorf("%s obeys a name", path)
		}
		shown += strings.Count(body, "&lt;script&gt;alert")
	}
	if shown == 0 {
		t.Error("no page shows the name, so nothing was tried")
	}
}

type fixed struct{ v web.View }

func (r fixed) At(context.Context, int64) (web.View, error) { return r.v, nil }
func (r fixed) View() web.View                              { return r.v }
func (r fixed) Wait(ctx context.Context, _ int64) error     { <-ctx.Done(); return ctx.Err() }

func TestNothingIsShownAsCheckedThatIsNot(t *testing.T) {
	v := shown{storytest.Play(t, "baku").View()}
	text, err := v.Entry(t.Context(), 70)
	if err != nil || !bytes.Contains(text, []byte("20")) {
		t.Fatal(err)
	}
	year := regexp.MustCompile(`"at":"(\d{4})`).FindSubmatch(text)[1]
	h := web.New(fixed{otherYear{v, 70, year}}, web.Options{})
	w := get(h, "/en/record/70")
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "tag yes") {
		t.Errorf("a changed entry is shown: %d", w.Code)
	}
	if !regexp.MustCompile(`<p class="mono quiet pad">[A-Z2-7]{8}</p>`).MatchString(w.Body.String()) {
		t.Error("the fault has no reference")
	}
	if w := get(h, "/en/record/69"); w.Code != http.StatusOK {
		t.Errorf("the entry before it: %d", w.Code)
	}
	if w := get(h, "/en/record"); w.Code != http.StatusInternalServerError {
		t.Errorf("a list with a changed entry is shown: %d", w.Code)
	}
	h = web.New(fixed{otherHead{v}}, web.Options{})
	for _, path := range []string{"/en/record", "/en/record/3"} {
		if w := get(h, path); w.Code != http.StatusInternalServerError {
			t.Errorf("%s is shown under a head nobody signed: %d", path, w.Code)
		}
	}
}

type otherYear struct {
	web.View
	at   int64
	year []byte
}

func (v otherYear) Entry(ctx context.Context, index int64) ([]byte, error) {
	text, err := v.View.Entry(ctx, index)
	if index == v.at && err == nil {
		text = bytes.Replace(text, v.year, []byte("1999"), 1)
	}
	return text, err
}

func (v otherYear) For(conference.Reader) web.View { return v }

// otherHead shows a checkpoint with another signature.
type otherHead struct{ web.View }

func (v otherHead) For(conference.Reader) web.View { return v }

func (v otherHead) Checkpoint() record.Checkpoint {
	c := v.View.Checkpoint()
	note := bytes.Clone(c.Note)
	note[len(note)-6] ^= 1
	c.Note = note
	return c
}

func TestPagesAreKeptAndCompressed(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "baku")}, web.Options{})
	first := get(h, "/en/meetings/xxii")
	tag := first.Header().Get("ETag")
	if w := do(h, http.MethodGet, "/en/meetings/xxii", map[string]string{"If-None-Match": tag}); tag == "" || w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("asked again: %d", w.Code)
	}
	weight := 0
	fetch := func(path string) {
		w := do(h, http.MethodGet, path, map[string]string{"Accept-Encoding": "gzip"})
		if w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: %d %v", path, w.Code, w.Header())
		}
		weight += w.Body.Len()
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(z); err != nil || len(b) == 0 {
			t.Fatal(err)
		}
	}
	fetch("/en/meetings/xxii")
	assets := regexp.MustCompile(`(?:src|href)="(/static/[^"]+\.(?:css|js))"`).FindAllStringSubmatch(first.Body.String(), -1)
	if len(assets) != 6 {
		t.Fatalf("assets: %v", assets)
	}
	for _, a := range assets {
		fetch(a[1])
	}
	if weight > 50_000 {
		t.Errorf("the first page weighs %d bytes", weight)
	}
}

// events reads an event stream until it ends or stop says so.
func events(t testing.TB, url string, stop func(name, id, data string) bool) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
		return
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return
	}
	defer res.Body.Close()
	if kind := res.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		t.Errorf("%s is %s", url, kind)
		return
	}
	in := bufio.NewScanner(res.Body)
	in.Buffer(nil, 1<<22)
	var name, id, data string
	for in.Scan() {
		field, value, _ := strings.Cut(in.Text(), ": ")
		switch field {
		case "event":
			name = value
		case "id":
			id = value
		case "data":
			data += value + "\n"
		case "":
			if data != "" && stop(name, id, data) {
				return
			}
			name, data = "", ""
		}
	}
	t.Errorf("%s ended: %v", url, in.Err())
}

// A reader who waits for a meeting is led to it; a hundred who read it see its last fact while it is played.
func TestReadersSeeTheMeetingAsItIsRecorded(t *testing.T) {
	text, _ := story.Shipped("baku")
	lines, err := story.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	body, err := story.BodyOf(lines)
	if err != nil {
		t.Fatal(err)
	}
	sec, origin := storytest.Open(t, t.TempDir(), body)
	server := httptest.NewServer(web.New(reading{sec}, web.Options{}))
	defer server.Close()
	var readers sync.WaitGroup
	for i := range 100 {
		readers.Go(func() {
			l := language.All()[i%9].Code
			at := server.URL + "/" + l + "/record/live?seen=0"
			if i%2 == 0 {
				to := ""
				events(t, server.URL+"/"+l+"/meetings/-/live", func(name, _, data string) bool {
					to = strings.TrimSpace(data)
					return name == "moved"
				})
				if to != "/"+l+"/meetings/xxii" {
					t.Errorf("led to %s", to)
					return
				}
				at = server.URL + to + "/live"
			}
			last := ""
			events(t, at, func(_, id, data string) bool {
				if len(id) < len(last) || len(id) == len(last) && id <= last {
					t.Errorf("%s: %s came after %s", at, id, last)
				}
				if last = id; !strings.HasPrefix(data, "<main ") {
					t.Errorf("%s: no frame: %.80s", at, data)
				}
				return id == "86"
			})
		})
	}
	time.Sleep(100 * time.Millisecond) // most wait before anything is there
	err = story.Play(t.Context(), sec, origin, lines, func() record.Instant { return storytest.Time }, rand.Reader, nil, func(story.Played) {})
	if err != nil {
		t.Error(err)
	}
	readers.Wait()
	if sec.View().State().Size != 86 {
		t.Errorf("%d entries", sec.View().State().Size)
	}
}

// Each word of the pages is there in all languages, and none is kept that nothing uses.
func TestEveryWordIsSaidAndUsed(t *testing.T) {
	used := map[string]bool{}
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || filepath.Ext(path) != ".go" && filepath.Ext(path) != ".html" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`"((?:page|signin|public|wall|chair|phone|desk|setup|check|signing|registry)\.[a-z.]+)"`).FindAllSubmatch(text, -1) {
			used[string(m[1])] = true
		}
		// a problem has a detail where there is a help for its title
		for _, m := range regexp.MustCompile(`(?:s\.problem\(|errProblem\{).*"(page\.[a-z]+)"`).FindAllSubmatch(text, -1) {
			if l, _ := language.Get("en"); l.Has(string(m[1]) + "help") {
				used[string(m[1])+"help"] = true
			}
		}
		// and whoever is told no is told what to do
		for _, m := range regexp.MustCompile(`tell\(.*"((?:page|signin|public|desk|setup|registry)\.[a-z]+)"|"(setup\.fix\.[a-z]+)"`).FindAllSubmatch(text, -1) {
			used[string(m[1])+string(m[2])+"help"] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range language.All() {
		for key := range used {
			if !strings.HasSuffix(key, ".") && !l.Has(key) {
				t.Errorf("%s does not say %s", l.Code, key)
			}
		}
		for _, key := range l.Keys() {
			ours := slices.ContainsFunc([]string{"page.", "signin.", "public.", "wall.", "chair.", "phone.", "desk.", "setup.", "check.", "signing.", "registry."}, func(p string) bool { return strings.HasPrefix(key, p) })
			// what is one of several stands under a prefix that ends in a full stop
			if ours && !used[key] && !used[key[:strings.LastIndex(key, ".")+1]] {
				t.Errorf("%s says %s, which no page does", l.Code, key)
			}
		}
		for _, k := range conference.Kinds() {
			if !l.Has("event." + k) {
				t.Errorf("%s does not name %s", l.Code, k)
			}
		}
	}
	t.Logf("%d words in each language", len(used))
}
