// Package web is the pages of a record: what a meeting was, who said so, and what the record proves. Pages are
// rendered on the server, read whole without a script, and renew themselves as the record grows.
//
//	/                                   to the newest meeting, in the reader's language
//	/LANG/meetings/ID                   the public page of a meeting
//	/LANG/meetings/ID/communique        its communiqué, also as .txt and .md
//	/LANG/record, /LANG/record/N        the head of the record; one entry and its proof
//	/LANG/…/live                        the newest main part of a page each time the record grows
//	/api/…                              the same as JSON, see api.go
//
// With ?at=N a page is the record as it stood with N entries.
//
// It reads through interfaces of its own: whoever keeps a record, a secretariat or a member's node, gives a [View].
package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

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
	// At is the record as it stood with so many entries, at least one.
	At(ctx context.Context, size int64) (View, error)
	// Wait returns nil once the record is larger than size, else ctx's error or the reason there will be no more.
	Wait(ctx context.Context, size int64) error
}

//go:embed templates/*.html
var templateFiles embed.FS

// policy lets a page load what is its own and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Options are what a site has besides a record to show.
type Options struct {
	Desk Desk // takes acts; nil: this node only reads
}

type site struct {
	Options
	record    Record
	templates *template.Template
	assets    map[string]asset // by path under /static/
	version   string           // of all assets, in their addresses
	frames    frames
	callers   callers
	sessions  sessions
}

// New returns the pages of a record.
func New(r Record, o Options) http.Handler {
	s := &site{record: r, Options: o, assets: map[string]asset{}, sessions: sessions{all: map[string]*session{}}}
	s.loadAssets()
	s.templates = template.Must(template.New("").Funcs(template.FuncMap{"args": args, "mark": markOf, "n": number}).ParseFS(templateFiles, "templates/*.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.start)
	mux.HandleFunc("GET /record", s.recordStart)
	mux.HandleFunc("GET /static/{version}/{path...}", s.static)
	mux.HandleFunc("GET /{lang}/", s.page)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			s.fail(w, r, errNotAllowed)
			return
		}
		s.fail(w, r, errNotFound)
	})
	api := s.api()
	return s.careful(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			api.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// args hands a language and a mark to a template within another.
func args(l *language.Language, m Mark) map[string]any { return map[string]any{"L": l, "M": m} }

// markOf hands a language and the index of an entry to a template within another.
func markOf(l *language.Language, n int64) map[string]any { return map[string]any{"L": l, "N": n} }

// number writes n as the language groups its digits.
func number(l *language.Language, n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + l.Say("page.group") + digits[at:]
	}
	return digits
}

// careful sets the headers of every answer, and answers with a page where a handler panics.
func (s *site) careful(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				s.fail(w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			}
		}()
		next.ServeHTTP(w, r)
	})
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

// preferred is the language of the address, else the reader's as the browser says, else English.
func (s *site) preferred(r *http.Request) *language.Language {
	lang, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if l, ok := language.Get(lang); ok {
		return l
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
	w.Header().Set("Vary", "Accept-Language")
	http.Redirect(w, r, home(s.record.View(), s.preferred(r)), http.StatusSeeOther)
}

// home is the address of the newest meeting, or of the page that waits for one.
func home(v View, l *language.Language) string {
	at := "/" + l.Code + "/meetings/"
	if m := v.State().Meetings(); len(m) > 0 {
		at += string(m[len(m)-1].MeetingConvened.Meeting)
	}
	return at
}

func (s *site) recordStart(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept-Language")
	http.Redirect(w, r, "/"+s.preferred(r).Code+"/record", http.StatusSeeOther)
}

var (
	errNotFound   = errors.New("no such page")
	errNotAllowed = errors.New("pages are read")
)

// page answers what an address below a language names.
func (s *site) page(w http.ResponseWriter, r *http.Request) {
	l, ok := language.Get(r.PathValue("lang"))
	if !ok {
		s.fail(w, r, errNotFound)
		return
	}
	_, rest, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	v := s.record.View()
	if place, ok := strings.CutSuffix(rest, "/live"); ok && s.renews(v, place) {
		s.live(w, r, l, place)
		return
	}
	if s.renews(v, rest) && r.URL.RawQuery == "" {
		s.kept(w, r, v, l, rest)
		return
	}
	if strings.HasPrefix(rest, "meetings/") { // the record's own pages show what is signed, which is the newest head
		var err error
		if v, err = s.at(r, v); err != nil {
			s.fail(w, r, errNotFound)
			return
		}
	}
	body, kind, err := s.made(r, v, l, rest)
	if to, ok := body.(redirect); ok {
		http.Redirect(w, r, string(to), http.StatusSeeOther)
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	text := body.([]byte)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Language", l.Code)
	send(w, r, text, zipped(text))
}

// redirect is an address to go to instead.
type redirect string

// renews reports whether rest names a place whose page renews itself. "meetings/-" waits for the first meeting.
func (s *site) renews(v View, rest string) bool {
	if rest == "record" || rest == "meetings" || rest == "meetings/-" {
		return true
	}
	id, ok := strings.CutPrefix(rest, "meetings/")
	_, known := v.State().Meeting(conference.MeetingID(id))
	return ok && known
}

// frame renders a place that renews itself, once for all readers, or says where it moved to.
func (s *site) frame(v View, l *language.Language, rest string) (p *page, moved string, err error) {
	waits := rest == "meetings" || rest == "meetings/-"
	if waits && len(v.State().Meetings()) > 0 {
		return nil, home(v, l), nil
	}
	p, err = s.frames.get(l.Code+"/"+rest, v.State().Size, func() ([]byte, error) {
		switch {
		case waits:
			return s.waitingPage(v, l)
		case rest == "record":
			return s.recordPage(context.Background(), v, l, v.State().Size)
		}
		return s.meetingPage(v, l, conference.MeetingID(strings.TrimPrefix(rest, "meetings/")))
	})
	return p, "", err
}

// kept answers with a page that is kept for all who ask.
func (s *site) kept(w http.ResponseWriter, r *http.Request, v View, l *language.Language, rest string) {
	p, moved, err := s.frame(v, l, rest)
	switch {
	case err != nil:
		s.fail(w, r, err)
		return
	case moved != "":
		http.Redirect(w, r, moved, http.StatusSeeOther)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Language", l.Code)
	h.Set("ETag", p.tag)
	if r.Header.Get("If-None-Match") == p.tag {
		h.Add("Vary", "Accept-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	send(w, r, p.body, p.zipped)
}

// made makes a page for one reader.
func (s *site) made(r *http.Request, v View, l *language.Language, rest string) (body any, kind string, err error) {
	parts := strings.Split(rest, "/")
	switch {
	case rest == "":
		return redirect(home(v, l)), "", nil
	case rest == "record" && r.URL.Query().Has("entry"):
		return redirect("/" + l.Code + "/record/" + url.PathEscape(r.URL.Query().Get("entry"))), "", nil
	case rest == "record":
		before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
		if err != nil || before > v.State().Size {
			before = v.State().Size
		}
		body, err := s.recordPage(r.Context(), v, l, max(before, 1))
		return body, "text/html; charset=utf-8", err
	case len(parts) == 2 && parts[0] == "record":
		body, err := s.entryPage(r.Context(), v, l, parts[1])
		return body, "text/html; charset=utf-8", err
	case strings.HasPrefix(rest, "meetings/") && len(parts) == 2 && r.URL.Query().Has("at"):
		body, err := s.meetingPage(v, l, conference.MeetingID(parts[1]))
		return body, "text/html; charset=utf-8", err
	case s.renews(v, rest): // asked with a query that means nothing
		return redirect("/" + l.Code + "/" + rest), "", nil
	case len(parts) == 3 && parts[0] == "meetings":
		return s.communique(v, l, conference.MeetingID(parts[1]), parts[2])
	}
	return nil, "", errNotFound
}

// fail answers with a calm page; a fault gets a reference that the log holds too.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	l := s.preferred(r)
	p := s.layout(s.record.View(), l, "")
	m := Message{Layout: p, Back: p.Home}
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, errNotFound), errors.Is(err, record.ErrNotFound):
		status = http.StatusNotFound
		m.Title, m.Lead = l.Say("page.notfound"), l.Say("page.notfoundhelp")
	case errors.Is(err, errNotAllowed):
		status = http.StatusMethodNotAllowed
		m.Title, m.Lead = l.Say("page.notallowed"), l.Say("page.notallowedhelp")
	case r.Context().Err() != nil:
		return // nobody is there
	default:
		m.Reference = rand.Text()[:8]
		slog.Error("page", "reference", m.Reference, "path", r.URL.Path, "error", err)
		m.Title, m.Lead = l.Say("page.fault"), l.Say("page.faulthelp", m.Reference)
	}
	body, err := s.render("message", m)
	if err != nil {
		http.Error(w, m.Title, status)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Language", l.Code)
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
	Past      string // that this is how the record stood, or ""
}

// Tongue is a language one may read the page in.
type Tongue struct {
	Code, Name, Address string
	Here                bool
}

// layout makes what every page has; rest is the address behind the language, of the newest meeting where it is "".
func (s *site) layout(v View, l *language.Language, rest string) Layout {
	st := v.State()
	p := Layout{Lang: l, Static: "/static/" + s.version, Size: st.Size, Home: home(v, l)}
	if now := s.record.View().State().Size; st.Size > 0 && st.Size < now && v.Checkpoint().Note == nil {
		p.Past = l.Say("page.past", number(l, st.Size))
	}
	if st.Size > 0 {
		at := st.Last.String()
		p.AsOf = l.Say("page.asof", at[:10]+" "+at[11:19]+" UTC")
	} else {
		p.AsOf = l.Say("page.nonetwork")
	}
	if rest == "" {
		rest = strings.TrimPrefix(p.Home, "/"+l.Code+"/")
	}
	for _, other := range language.All() {
		p.Languages = append(p.Languages, Tongue{other.Code, other.Say("language"), "/" + other.Code + "/" + rest, other == l})
	}
	p.Body = in(st.Body.Names, l, "Kurultai")
	_, p.Story = record.StoryBody(v.Origin())
	p.Training = p.Story && lived(st)
	return p
}

// lived reports whether the record is of things done and not told: it rests on no source.
func lived(s *conference.State) bool {
	if s.Size < 2 || len(s.Sources()) > 0 {
		return false
	}
	return !slices.ContainsFunc(s.Facts("MeetingConvened"), func(f conference.Fact) bool { return f.Event.Reported != nil })
}

// Message is a page that says one thing.
type Message struct {
	Layout
	Back      string // address to go on from
	Reference string
	Waiting   bool
}

// waitingPage says that there is no meeting yet. It renews itself until there is one.
func (s *site) waitingPage(v View, l *language.Language) ([]byte, error) {
	m := Message{Layout: s.layout(v, l, "meetings/"), Waiting: true}
	m.Here, m.Live = "meeting", "/"+l.Code+"/meetings/-/live"
	m.Title, m.Lead = m.Body, l.Say("page.nomeeting")
	return s.render("message", m)
}
