package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"kurultai/conference"
	"kurultai/language"
)

// maxForm is the largest form or ceremony that is read, in bytes: an attestation object is some 2 kB.
const maxForm = 64 << 10

// A told is a calm no: its title stands under key, what to do under key+"help".
type told struct {
	status int
	key    string
	args   []string
}

func (e told) Error() string { return e.key }

func tell(status int, key string, args ...string) error { return told{status, key, args} }

// guard holds what changes something to two rules: it comes from a page of ours, and no person asks faster than
// people do. Programs that send no Origin pass the first (they have no cookies of others).
func (s *site) guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.audit(r, "cross-origin", "")
		s.refuse(w, r, tell(http.StatusForbidden, "signin.elsewhere"))
	}))
	return origins.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			if p, ok := s.who(r); ok && !s.persons.allow(string(p)) {
				w.Header().Set("Retry-After", "1")
				s.refuse(w, r, tell(http.StatusTooManyRequests, "page.toomany"))
				return
			}
		}
		next.ServeHTTP(w, r)
	}))
}

// limits is how often each of many may do something.
type limits struct {
	every rate.Limit // a second
	burst int
	mu    sync.Mutex
	known map[string]*rate.Limiter
}

// limitsKnown bounds how many are remembered; with more, all begin anew.
const limitsKnown = 16384

func (l *limits) of(who string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil || len(l.known) >= limitsKnown {
		l.known = map[string]*rate.Limiter{}
	}
	if l.known[who] == nil {
		l.known[who] = rate.NewLimiter(l.every, l.burst)
	}
	return l.known[who]
}

func (l *limits) allow(who string) bool { return l.of(who).Allow() }

// spent reports whether the allowance is used up, and uses none of it.
func (l *limits) spent(who string) bool { return l.of(who).Tokens() < 1 }

// address is where a request came from: of a proxy of ours, who it says it came from last.
func (s *site) address(r *http.Request) string {
	if list := r.Header.Values("X-Forwarded-For"); len(list) > 0 && s.proxied(r) {
		last := list[len(list)-1]
		return strings.TrimSpace(last[strings.LastIndex(last, ",")+1:])
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func remote(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}

// proxied reports whether a request came through a proxy that may say whence: one on this machine or one named.
func (s *site) proxied(r *http.Request) bool {
	a := remote(r)
	if a.IsLoopback() {
		return true
	}
	for _, p := range s.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// secure reports whether the browser reached us by https, by our own account or that of a trusted proxy.
func (s *site) secure(r *http.Request) bool {
	return r.TLS != nil || s.proxied(r) && r.Header.Get("X-Forwarded-Proto") == "https"
}

// local reports whether a request comes from this very machine, for it alone, and not through a proxy.
func local(r *http.Request) bool {
	for name := range r.Header {
		if name == "Forwarded" || name == "Via" || strings.HasPrefix(name, "X-Forwarded-") || name == "X-Real-Ip" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	named, _ := netip.ParseAddr(strings.Trim(host, "[]"))
	return remote(r).IsLoopback() && (host == "localhost" || strings.HasSuffix(host, ".localhost") || named.IsLoopback())
}

// safe reports whether a browser may hold a session here: nobody between us and it can read the cookie.
func (s *site) safe(r *http.Request) bool { return s.secure(r) || local(r) }

// audit writes down what was done about signing in: no name, no address, no token. A person is eight bytes of a digest,
// which tells two apart and, of a random id, leads back only for who holds the record.
func (s *site) audit(r *http.Request, what string, p conference.PersonID, more ...any) {
	place, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"+s.preferred(r).Code+"/"), "/")
	args := append([]any{"place", place}, more...)
	if p != "" {
		sum := sha256.Sum256([]byte(p))
		args = append(args, "person", hex.EncodeToString(sum[:8]))
	}
	s.log().InfoContext(r.Context(), what, args...)
}

func (s *site) log() *slog.Logger {
	if s.Log != nil {
		return s.Log
	}
	return slog.Default()
}

// refuse answers a program with a problem detail, a person with a page.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var t told
	var no *conference.Refusal
	l := s.preferred(r)
	switch {
	case !wantsJSON(r):
		s.fail(w, r, err)
	case errors.As(err, &t):
		s.problem(w, r, t.status, t.key, t.args)
	case errors.As(err, &no):
		s.sendProblem(w, r, Problem{Type: "about:blank", Title: l.Say("refusal."+string(no.Code), no.Args...), Status: http.StatusConflict, Detail: l.Say("remedy."+string(no.Code), no.Args...)})
	case errors.Is(err, errNotFound):
		s.problem(w, r, http.StatusNotFound, "page.notfound", nil)
	default:
		reference := rand.Text()[:8]
		s.log().Error("step", "reference", reference, "place", logged(r), "error", err)
		s.problem(w, r, http.StatusInternalServerError, "page.fault", []string{reference})
	}
}

func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}

// typed refuses a body of another media type than kind (RFC 9110 section 15.5.16).
func typed(r *http.Request, kind string) error {
	if got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || got != kind {
		return tell(http.StatusUnsupportedMediaType, "signin.notunderstood")
	}
	return nil
}

// tooLarge turns the reader's own words about a body that is too large into ours.
func tooLarge(err error, otherwise string) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tell(http.StatusRequestEntityTooLarge, "page.toolarge")
	}
	return tell(http.StatusBadRequest, otherwise)
}

// body reads a small body of JSON.
func (v *turn) body() ([]byte, error) {
	if err := typed(v.r, "application/json"); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(http.MaxBytesReader(v.w, v.r.Body, maxForm))
	if err != nil {
		return nil, tooLarge(err, "signin.notunderstood")
	}
	if !json.Valid(b) {
		return nil, tell(http.StatusBadRequest, "signin.notunderstood")
	}
	return b, nil
}

// form reads a small form.
func (v *turn) form() error {
	if err := typed(v.r, "application/x-www-form-urlencoded"); err != nil {
		return err
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	if err := v.r.ParseForm(); err != nil {
		return tooLarge(err, "signin.notunderstood")
	}
	return nil
}

// A turn is one request of a person to a place that is the person's own: it may change something.
type turn struct {
	w     http.ResponseWriter
	r     *http.Request
	view  View // as whoever has signed in sees the record
	lang  *language.Language
	parts []string // of the address behind the language
	session
	in bool // somebody has signed in
}

// An ownPlace answers turns, where a node writes. Either may be nil.
type ownPlace struct{ get, post func(*turn) error }

// settleOwn gives the personal places their addresses.
func (s *site) settleOwn(mux *http.ServeMux) {
	for name, p := range map[string]ownPlace{
		"signin": {s.signInPage, s.signInStep}, "signed": {nil, s.signed}, "provider": {s.toProvider, nil},
		"enrol": {s.enrolPage, s.enrolStep}, "enrolments": {s.enrolmentsPage, s.invite},
		"me": {s.mePage, s.meStep}, "registry": {s.registryPage, nil}, "roles": {s.rolesPage, s.takeRole}, "backup": {s.backupPage, s.takeBackup},
	} {
		for _, rest := range []string{"", "/{rest...}"} {
			if p.get != nil {
				mux.HandleFunc("GET /{lang}/"+name+rest, func(w http.ResponseWriter, r *http.Request) { s.turned(w, r, p.get) })
			}
			if p.post != nil {
				mux.HandleFunc("POST /{lang}/"+name+rest, func(w http.ResponseWriter, r *http.Request) { s.turned(w, r, p.post) })
			}
		}
	}
	mux.HandleFunc("GET /provider/callback", s.fromProvider)
}

// turned answers a request for a personal place.
func (s *site) turned(w http.ResponseWriter, r *http.Request, answer func(*turn) error) {
	l, ok := language.Get(r.PathValue("lang"))
	if !ok {
		s.fail(w, r, errNotFound)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	_, rest, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	v := &turn{w: w, r: r, view: s.record.View(), lang: l, parts: strings.Split(rest, "/")}
	if v.session, v.in = s.session(r); v.in {
		v.view = v.view.For(s.reader(v.view, v.Person))
	}
	if err := answer(v); err != nil {
		s.refuse(w, r, err)
	}
}

// reader is a person as a reader of the record now.
func (s *site) reader(v View, p conference.PersonID) conference.Reader {
	return v.State().Reader(p, v.State().Last)
}

// show answers with a page.
func (s *site) show(v *turn, name string, data any) error {
	body, err := s.render(name, data)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.lang.Code)
	send(v.w, v.r, body, nil) // uncompressed: a page with what is secret beside what others choose (BREACH)
	return nil
}

// to sends the reader on to a place, after a form.
func (v *turn) to(rest string) error {
	http.Redirect(v.w, v.r, "/"+v.lang.Code+"/"+rest, http.StatusSeeOther)
	return nil
}
