// Package web is the pages of a record: what a meeting was, who said so, and what the record proves. Pages are
// rendered on the server, read whole without a script, and renew themselves as the record grows.
//
// It reads through interfaces of its own: whoever keeps a record, a secretariat or a member's node, gives a [View].
package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	textlanguage "golang.org/x/text/language"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
)

// A View is a record at one size; it never changes.
type View interface {
	State() *conference.State
	Name(conference.PersonID, conference.Language) (name string, ok bool)
	Checkpoint() record.Checkpoint
	VerifierKey() string
	Origin() string
	Entry(ctx context.Context, index int64) ([]byte, error)
	Prove(ctx context.Context, index int64) (tlog.RecordProof, error)
}

// A Record gives views and says when there is a newer one.
type Record interface {
	View() View
	Wait(ctx context.Context, size int64) error
}

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// policy lets a page load what is its own and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

type site struct {
	record    Record
	templates *template.Template
	assets    map[string]asset // by path under /static/
	version   string           // of all assets, in their addresses
	frames    frames
}

type asset struct {
	body, zipped []byte
	kind         string
}

// New returns the pages of a record.
func New(r Record) http.Handler {
	s := &site{record: r, assets: map[string]asset{}}
	s.loadAssets()
	s.templates = template.Must(template.New("").Funcs(template.FuncMap{"args": args}).ParseFS(templateFiles, "templates/*.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.start)
	mux.HandleFunc("GET /record", s.recordStart)
	mux.HandleFunc("GET /static/{version}/{path...}", s.static)
	mux.HandleFunc("GET /{lang}/", s.page)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			s.fail(w, r, s.preferred(r), http.StatusMethodNotAllowed, nil)
			return
		}
		s.fail(w, r, s.preferred(r), http.StatusNotFound, nil)
	})
	return headers(mux)
}

// args hands a language and a mark to a template within another.
func args(l *language.Language, m Mark) map[string]any { return map[string]any{"L": l, "M": m} }

func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// loadAssets reads the embedded files; their common digest is in their addresses, so they may be kept for ever.
func (s *site) loadAssets() {
	sum := sha256.New()
	err := fs.WalkDir(staticFiles, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := staticFiles.ReadFile(name)
		if err != nil {
			return err
		}
		sum.Write(b)
		kind := mime.TypeByExtension(path.Ext(name))
		switch path.Ext(name) {
		case ".woff2":
			kind = "font/woff2"
		case ".svg":
			kind = "image/svg+xml"
		case "":
			kind = "text/plain; charset=utf-8"
		}
		a := asset{body: b, kind: kind}
		if path.Ext(name) != ".woff2" {
			a.zipped = zipped(b)
		}
		s.assets[strings.TrimPrefix(name, "static/")] = a
		return nil
	})
	if err != nil {
		panic(err) // the files are inside the program
	}
	s.version = hex.EncodeToString(sum.Sum(nil)[:6])
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

func (s *site) static(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[r.PathValue("path")]
	if !ok || r.PathValue("version") != s.version {
		s.fail(w, r, s.preferred(r), http.StatusNotFound, nil)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	send(w, r, a.body, a.zipped)
}

// send writes a body, compressed for those who take it.
func send(w http.ResponseWriter, r *http.Request, body, compressed []byte) {
	w.Header().Add("Vary", "Accept-Encoding")
	if compressed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = compressed
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

var matcher = func() textlanguage.Matcher {
	tags := []textlanguage.Tag{textlanguage.English} // the first is for those whose language we lack
	for _, l := range language.All() {
		if l.Code != "en" {
			tags = append(tags, textlanguage.MustParse(l.Code))
		}
	}
	return textlanguage.NewMatcher(tags)
}()

// preferred is the reader's language as the browser says, else English.
func (s *site) preferred(r *http.Request) *language.Language {
	if lang, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); lang != "" {
		if l, ok := language.Get(lang); ok {
			return l
		}
	}
	tag, _ := textlanguage.MatchStrings(matcher, r.Header.Get("Accept-Language"))
	base, _ := tag.Base()
	if l, ok := language.Get(base.String()); ok {
		return l
	}
	l, _ := language.Get("en")
	return l
}

// start leads to the newest meeting, in the reader's language.
func (s *site) start(w http.ResponseWriter, r *http.Request) {
	l := s.preferred(r)
	w.Header().Set("Vary", "Accept-Language")
	meetings := s.record.View().State().Meetings()
	if len(meetings) == 0 {
		http.Redirect(w, r, "/"+l.Code+"/meetings/", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, fmt.Sprintf("/%s/meetings/%s", l.Code, meetings[len(meetings)-1].MeetingConvened.Meeting), http.StatusSeeOther)
}

func (s *site) recordStart(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept-Language")
	http.Redirect(w, r, "/"+s.preferred(r).Code+"/record", http.StatusSeeOther)
}

// errNotFound is a page that is not there.
var errNotFound = errors.New("no such page")

// page finds what an address below a language names.
func (s *site) page(w http.ResponseWriter, r *http.Request) {
	l, ok := language.Get(r.PathValue("lang"))
	if !ok {
		s.fail(w, r, s.preferred(r), http.StatusNotFound, nil)
		return
	}
	v := s.record.View()
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")[1:]
	if len(parts) == 3 && parts[0] == "meetings" && parts[2] == "live" {
		s.live(w, r, l, conference.MeetingID(parts[1]))
		return
	}
	var body []byte
	kind := "text/html; charset=utf-8"
	err := errNotFound
	switch {
	case len(parts) == 1 && parts[0] == "record":
		if entry := r.URL.Query().Get("entry"); entry != "" {
			http.Redirect(w, r, "/"+l.Code+"/record/"+template.URLQueryEscaper(entry), http.StatusSeeOther)
			return
		}
		body, err = s.recordPage(r.Context(), v, l)
	case len(parts) == 2 && parts[0] == "record":
		body, err = s.entryPage(r.Context(), v, l, parts[1])
	case len(parts) == 1 && parts[0] == "meetings":
		body, err = s.frames.get("meetings/"+l.Code, v.State().Size, func() ([]byte, error) { return s.meetingPage(v, l, "") })
	case len(parts) == 2 && parts[0] == "meetings":
		body, err = s.frames.get("meetings/"+l.Code+"/"+parts[1], v.State().Size, func() ([]byte, error) { return s.meetingPage(v, l, conference.MeetingID(parts[1])) })
	case len(parts) == 3 && parts[0] == "meetings":
		body, kind, err = s.communique(v, l, conference.MeetingID(parts[1]), parts[2])
	}
	switch {
	case errors.Is(err, errNotFound), errors.Is(err, record.ErrNotFound):
		s.fail(w, r, l, http.StatusNotFound, nil)
	case err != nil:
		s.fail(w, r, l, http.StatusInternalServerError, err)
	default:
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Language", l.Code)
		send(w, r, body, zipped(body))
	}
}

// fail answers with a calm page; a fault gets a reference that the log holds too.
func (s *site) fail(w http.ResponseWriter, r *http.Request, l *language.Language, status int, err error) {
	p := s.layout(s.record.View(), l, "")
	p.Title, p.Lead = l.Say("page.notfound"), l.Say("page.notfoundhelp")
	if err != nil {
		sum := sha256.Sum256(fmt.Append(nil, time.Now().UnixNano(), err))
		reference := hex.EncodeToString(sum[:4])
		slog.Error("page", "reference", reference, "path", r.URL.Path, "error", err)
		p.Title, p.Lead = l.Say("page.fault"), l.Say("page.faulthelp", reference)
	}
	body, renderErr := s.render("message", p)
	if renderErr != nil {
		http.Error(w, p.Title, status)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

func (s *site) render(name string, data any) ([]byte, error) {
	var out bytes.Buffer
	err := s.templates.ExecuteTemplate(&out, name, data)
	return out.Bytes(), err
}

// frames keeps the newest rendering of each page: it is made once for all who ask.
type frames struct {
	mu   sync.Mutex
	kept map[string]frame
}

type frame struct {
	size int64
	body []byte
}

// maxFrames bounds how many pages are kept; the addresses asked for are the world's.
const maxFrames = 256

func (f *frames) get(key string, size int64, make_ func() ([]byte, error)) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if kept, ok := f.kept[key]; ok && kept.size == size {
		return kept.body, nil
	}
	body, err := make_()
	if err != nil {
		return nil, err
	}
	if f.kept == nil || len(f.kept) >= maxFrames {
		f.kept = map[string]frame{}
	}
	f.kept[key] = frame{size, body}
	return body, nil
}

// keepAlive is how long a live reader waits for a sign at most.
const keepAlive = 25 * time.Second

// live sends the page of a meeting, whole, each time the record has grown: server-sent events whose id is the size.
func (s *site) live(w http.ResponseWriter, r *http.Request, l *language.Language, id conference.MeetingID) {
	if id == "-" { // of a record without a meeting
		id = ""
	}
	seen, _ := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64)
	if seen == 0 {
		seen, _ = strconv.ParseInt(r.URL.Query().Get("seen"), 10, 64)
	}
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprintf(w, "retry: %d\n\n", 1000+time.Now().UnixNano()%3000)
	for {
		if out.SetWriteDeadline(time.Now().Add(10*time.Second)) != nil || out.Flush() != nil {
			return
		}
		ctx, stop := context.WithTimeout(r.Context(), keepAlive)
		err := s.record.Wait(ctx, seen)
		stop()
		switch {
		case r.Context().Err() != nil:
			return
		case errors.Is(err, context.DeadlineExceeded):
			io.WriteString(w, ": still here\n\n")
			continue
		case err != nil:
			return
		}
		v := s.record.View()
		page := id
		if m := v.State().Meetings(); page == "" && len(m) > 0 {
			fmt.Fprintf(w, "event: moved\ndata: /%s/meetings/%s\n\n", l.Code, m[len(m)-1].MeetingConvened.Meeting)
			out.Flush()
			return
		}
		seen = v.State().Size
		body, err := s.frames.get("meetings/"+l.Code+strings.TrimSuffix("/"+string(page), "/"), seen, func() ([]byte, error) { return s.meetingPage(v, l, page) })
		if err != nil {
			return
		}
		fmt.Fprintf(w, "id: %d\n", seen)
		for _, line := range strings.Split(strings.TrimSpace(string(body)), "\n") {
			fmt.Fprintf(w, "data: %s\n", line)
		}
		io.WriteString(w, "\n")
	}
}

// Layout is what every page has.
type Layout struct {
	Lang      *language.Language
	Languages []Tongue
	Title     string
	Lead      string
	Body      string // the body's name
	Home      string // address of the meeting's page
	Here      string // which part of the site this is
	Static    string
	Size      int64
	Story     bool
	Training  bool
	Live      string // address of the event stream, or ""
	AsOf      string
}

// Tongue is a language one may read the page in.
type Tongue struct {
	Code, Name, Address string
	Here                bool
}

// layout makes what every page has; rest is the address behind the language.
func (s *site) layout(v View, l *language.Language, rest string) Layout {
	st := v.State()
	p := Layout{Lang: l, Static: "/static/" + s.version, Size: st.Size, Home: "/" + l.Code + "/meetings/", AsOf: st.Last.String()[11:16] + " UTC"}
	if m := st.Meetings(); len(m) > 0 {
		p.Home += string(m[len(m)-1].MeetingConvened.Meeting)
	}
	if rest == "" {
		rest = strings.TrimPrefix(p.Home, "/"+l.Code+"/")
	}
	for _, other := range language.All() {
		p.Languages = append(p.Languages, Tongue{other.Code, other.Say("language"), "/" + other.Code + "/" + rest, other == l})
	}
	p.Body = st.Body.Names.In(conference.Language(l.Code))
	if p.Body == "" && len(st.Body.Names) > 0 {
		p.Body = st.Body.Names[0].Text
	}
	_, p.Story = record.StoryBody(v.Origin())
	p.Training = p.Story && len(st.Facts("MeetingConvened")) > 0 && !slices.ContainsFunc(st.Facts("MeetingConvened"), func(f conference.Fact) bool { return f.Event.Reported != nil })
	return p
}
