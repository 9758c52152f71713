package web

import (
	"cmp"
	"crypto/rand"
	"errors"
	"html/template"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"kurultai/language"
)

// A Setup leads from an empty node to a body's first sitting: pages that fill a draft, step by step, and found the body
// from it. They open to whoever has the address that the command printed, and to nobody else.
//
//	/setup/TOKEN            opens the set-up in a browser, once
//	/LANG/setup             what is asked, and where it goes on
//	/LANG/setup/STEP        a step; posted, it is saved
//	/LANG/setup/list.csv    an empty list of people, to fill in
//	/LANG/setup/emblem.png  the emblem, as it was drawn anew
//	/LANG/setup/cards       cards with the codes, to print
type Setup struct {
	site    *site
	founder Founder
	mu      sync.Mutex // of the draft, and of the tokens
	tokens  []string   // not used yet, by their SHA-256
}

// setupSteps are the steps in their order.
var setupSteps = []string{"body", "secretaries", "address", "parties", "rules", "people", "meeting", "rehearsal", "found"}

// Limits of what is posted: a list of some thousand people, rules as large as a record takes them.
const (
	maxSetup     = 8 << 20
	maxDraftRows = 5000
	maxOpened    = 8
	maxTokens    = 32
)

// NewSetup makes the set-up that fills a founder's draft.
func NewSetup(f Founder, o Options) *Setup {
	s := &site{Options: o}
	s.failures.every, s.failures.burst = 1, 100
	s.assets, s.version = assets()
	s.templates = templates(nobody)
	return &Setup{site: s, founder: f}
}

// Token draws what opens the set-up in a browser, once.
func (s *Setup) Token() string {
	token := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = append(s.tokens, hashOf(token))
	if len(s.tokens) > maxTokens {
		s.tokens = s.tokens[len(s.tokens)-maxTokens:]
	}
	return token
}

// Mine reports whether an address is one of the set-up's.
func (s *Setup) Mine(path string) bool {
	first, rest, _ := strings.Cut(strings.Trim(path, "/"), "/")
	if _, ok := language.Get(first); ok {
		first, _, _ = strings.Cut(rest, "/")
	}
	return first == "setup" || first == "static" || s.founder.Founded() == nil
}

// ServeHTTP answers with the headers of every page of ours.
func (s *Setup) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", permissions)
	if rest, ok := strings.CutPrefix(r.URL.Path, "/static/"); ok {
		s.static(w, r, rest)
		return
	}
	h.Set("Cache-Control", "no-store")
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, tell(http.StatusForbidden, "signin.elsewhere"))
	}))
	origins.Handler(http.HandlerFunc(s.answer)).ServeHTTP(w, r)
}

func (s *Setup) static(w http.ResponseWriter, r *http.Request, rest string) {
	version, path, _ := strings.Cut(rest, "/")
	r.SetPathValue("version", version)
	r.SetPathValue("path", path)
	if _, ok := s.site.assets[path]; !ok || version != s.site.version {
		s.fail(w, r, errNotFound)
		return
	}
	s.site.static(w, r)
}

func (s *Setup) answer(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	l, spoken := language.Get(parts[0])
	switch {
	case parts[0] == "setup" && len(parts) == 2 && r.Method == http.MethodGet:
		s.enter(w, r, parts[1])
	case !spoken && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		http.Redirect(w, r, "/"+s.site.preferred(r).Code+"/setup", http.StatusSeeOther)
	case !spoken || len(parts) > 3 || len(parts) > 1 && parts[1] != "setup":
		s.fail(w, r, errNotFound)
	case len(parts) == 1:
		http.Redirect(w, r, "/"+l.Code+"/setup", http.StatusSeeOther)
	case !s.open(r):
		s.fail(w, r, tell(http.StatusForbidden, "setup.closed"))
	default:
		t := &setupTurn{w: w, r: r, lang: l, step: strings.Join(parts[2:], "")}
		if err := s.turn(t); err != nil {
			s.fail(w, r, err)
		}
	}
}

// enter opens the set-up in a browser, and learns by which address it came.
func (s *Setup) enter(w http.ResponseWriter, r *http.Request, token string) {
	if s.site.failures.spent(s.site.address(r)) {
		s.fail(w, r, tell(http.StatusTooManyRequests, "page.toomany"))
		return
	}
	s.mu.Lock()
	at := slices.Index(s.tokens, hashOf(token))
	if at >= 0 {
		s.tokens = slices.Delete(s.tokens, at, at+1)
	}
	s.mu.Unlock()
	l := s.site.preferred(r)
	if at < 0 && !s.open(r) {
		s.site.failures.allow(s.site.address(r))
		s.fail(w, r, tell(http.StatusForbidden, "setup.closed"))
		return
	}
	to := "/" + l.Code + "/setup"
	if at >= 0 {
		cookie := rand.Text()
		if err := s.founder.Open(hashOf(cookie)); err != nil {
			s.fail(w, r, err)
			return
		}
		s.site.setCookie(w, r, "setup", cookie, int((30 * 24 * time.Hour).Seconds()))
		if proven, err := s.prove(r); err != nil {
			s.fail(w, r, err)
			return
		} else if proven {
			to += "/address"
		}
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// prove notes that these pages were reached at the address where people are going to sign in: names, certificate and
// proxy are right then, and nobody is locked out by a slip.
func (s *Setup) prove(r *http.Request) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.founder.Draft()
	if s.founder.Founded() != nil || d.Address == "" || s.site.here(r) != d.Address {
		return false, nil
	}
	d.Proven = d.Address
	return true, s.founder.Save(d)
}

func (s *Setup) open(r *http.Request) bool {
	cookie := s.site.cookie(r, "setup")
	return cookie != "" && slices.Contains(s.founder.Opened(), hashOf(cookie))
}

// fail answers with a calm page; a fault gets a reference that the log holds too.
func (s *Setup) fail(w http.ResponseWriter, r *http.Request, err error) {
	l := s.site.preferred(r)
	p := SetupPage{Layout: s.layout(l, ""), Alone: true}
	status := http.StatusInternalServerError
	var t told
	switch {
	case errors.As(err, &t):
		status = t.status
		p.Title, p.Lead = l.Say(t.key, t.args...), l.Say(t.key+"help", t.args...)
	case errors.Is(err, errNotFound):
		status = http.StatusNotFound
		p.Title, p.Lead = l.Say("page.notfound"), l.Say("page.notfoundhelp")
	default:
		p.Reference = rand.Text()[:8]
		s.site.log().Error("set-up", "reference", p.Reference, "error", err)
		p.Title, p.Lead = l.Say("page.fault"), l.Say("page.faulthelp", p.Reference)
	}
	body, err := s.site.render("setup", p)
	if err != nil {
		http.Error(w, p.Title, status)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

func (s *Setup) layout(l *language.Language, rest string) Layout {
	p := Layout{Lang: l, Static: "/static/" + s.site.version, Body: in(namesOf(s.founder.Draft().Body.Names), l, "Kurultai")}
	for _, other := range language.All() {
		p.Languages = append(p.Languages, Tongue{other.Code, other.Say("language"), "/" + other.Code + "/setup" + rest, other == l})
	}
	return p
}

// A setupTurn is one request for a step.
type setupTurn struct {
	w     http.ResponseWriter
	r     *http.Request
	lang  *language.Language
	step  string
	form  url.Values
	file  []byte // that was sent along
	wrong map[string]string
	found []SetupWrong // what keeps a table that was sent from being read
	said  string       // what came of it, in words
	both  []SetupBoth  // what another tab saved meanwhile, beside what was entered
	draft *Draft       // shown in place of the one that is saved
}

// turn answers a request for a step of whoever has the set-up open. One at a time: two tabs do not mix their drafts.
func (s *Setup) turn(t *setupTurn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	founded := s.founder.Founded()
	switch {
	case t.step == "list.csv":
		return s.list(t)
	case t.step == "emblem.png":
		return s.drawn(t)
	case t.step != "" && t.step != "cards" && !slices.Contains(setupSteps, t.step):
		return errNotFound
	case founded != nil && t.step != "cards" && t.step != "found":
		http.Redirect(t.w, t.r, "/"+t.lang.Code+"/setup/found", http.StatusSeeOther)
		return nil
	case founded == nil && t.step == "cards":
		return errNotFound
	}
	if t.r.Method == http.MethodPost {
		return s.posted(t)
	}
	return s.page(t)
}

// posted saves a step, and goes on where it is whole.
func (s *Setup) posted(t *setupTurn) error {
	if err := t.read(); err != nil {
		return err
	}
	if t.step == "found" {
		return s.found(t)
	}
	if t.step == "rehearsal" && t.form.Get("do") == "rehearse" {
		return s.rehearse(t)
	}
	d := s.founder.Draft()
	fill, ok := setupFills[t.step]
	if !ok {
		return errNotFound
	}
	if err := fill(s, t, &d); err != nil {
		return err
	}
	saved := s.founder.Draft()
	if t.both = t.overtaken(saved, d); len(t.both) > 0 {
		shown := t.keeps(saved, d)
		t.draft = &shown
		return s.page(t)
	}
	on := t.form.Get("do") == "next"
	if on && !slices.Contains(d.Passed, t.step) {
		d.Passed = append(d.Passed, t.step)
	}
	if err := s.founder.Save(d); err != nil {
		return err
	}
	lacks := d.lacks(t.step)
	switch {
	case on && len(lacks) == 0 && len(t.wrong) == 0:
		http.Redirect(t.w, t.r, "/"+t.lang.Code+"/setup/"+setupSteps[slices.Index(setupSteps, t.step)+1], http.StatusSeeOther)
		return nil
	case len(t.wrong) == 0 && !on:
		http.Redirect(t.w, t.r, "/"+t.lang.Code+"/setup/"+t.step+"#"+url.PathEscape(t.form.Get("at")), http.StatusSeeOther)
		return nil
	}
	return s.page(t)
}

// read reads a form, with a file or without.
func (t *setupTurn) read() error {
	kind, _, _ := mime.ParseMediaType(t.r.Header.Get("Content-Type"))
	t.r.Body = http.MaxBytesReader(t.w, t.r.Body, maxSetup)
	switch kind {
	case "application/x-www-form-urlencoded":
		if err := t.r.ParseForm(); err != nil {
			return tooLarge(err, "signin.notunderstood")
		}
	case "multipart/form-data":
		if err := t.r.ParseMultipartForm(maxSetup); err != nil {
			return tooLarge(err, "signin.notunderstood")
		}
		defer t.r.MultipartForm.RemoveAll()
		if f, _, err := t.r.FormFile("file"); err == nil {
			defer f.Close()
			if t.file, err = io.ReadAll(f); err != nil {
				return err
			}
		}
	default:
		return tell(http.StatusUnsupportedMediaType, "signin.notunderstood")
	}
	t.form, t.wrong = t.r.PostForm, map[string]string{}
	return nil
}

// text is a field as it is kept.
func (t *setupTurn) text(field string) string { return tidy(t.form.Get(field)) }

// texts are the fields of a name in each language.
func (t *setupTurn) texts(prefix string) map[string]string {
	texts := map[string]string{}
	for _, l := range language.All() {
		if text := t.text(prefix + l.Code); text != "" {
			texts[l.Code] = text
		}
	}
	return texts
}

// setupFills take over what was posted, a step each. What is wrong is said at its field; what is missing the draft says.
var setupFills = map[string]func(*Setup, *setupTurn, *Draft) error{
	"body": (*Setup).fillBody, "secretaries": (*Setup).fillSecretaries, "address": (*Setup).fillAddress, "parties": (*Setup).fillParties,
	"rules": (*Setup).fillRules, "people": (*Setup).fillPeople, "meeting": (*Setup).fillMeeting,
	"rehearsal": func(*Setup, *setupTurn, *Draft) error { return nil },
}

func (s *Setup) fillBody(t *setupTurn, d *Draft) error {
	emblem := d.Body.Emblem
	if t.form.Get("do") == "noemblem" {
		emblem = nil
	}
	if len(t.file) > 0 {
		if drawn, wrong := emblemOf(t.file); wrong != "" {
			t.wrong["emblem"] = t.lang.Say(wrong)
		} else {
			emblem = drawn
		}
	}
	d.Body = DraftBody{Names: t.texts("name."), Seat: t.texts("seat."), Zone: t.text("zone"), ID: strings.ToLower(t.text("id")), Emblem: emblem}
	if d.Body.ID == "" {
		name := cmp.Or(d.Body.Names["en"], in(namesOf(d.Body.Names), t.lang, ""))
		d.Body.ID = idOf(name, "body", func(string) bool { return false })
	}
	return nil
}

func (s *Setup) fillSecretaries(t *setupTurn, d *Draft) error {
	d.Secretaries = [2]DraftPerson{{t.texts("s1.")}, {t.texts("s2.")}}
	return nil
}

func (s *Setup) fillAddress(t *setupTurn, d *Draft) error {
	a := strings.ToLower(strings.TrimRight(t.text("address"), "/"))
	if a != "" && !strings.Contains(a, "://") {
		a = "https://" + a
	}
	if d.Address = a; d.Proven != a {
		d.Proven = ""
		if s.site.here(t.r) == a {
			d.Proven = a
		}
	}
	return nil
}

// drawn is the emblem of the draft, as it was drawn anew.
func (s *Setup) drawn(t *setupTurn) error {
	emblem := s.founder.Draft().Body.Emblem
	if len(emblem) == 0 {
		return errNotFound
	}
	t.w.Header().Set("Content-Type", "image/png")
	t.w.Write(emblem)
	return nil
}

// list is an empty list of people, with a line for the head of each delegation.
func (s *Setup) list(t *setupTurn) error {
	t.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	t.w.Header().Set("Content-Disposition", `attachment; filename="list.csv"`)
	line := func(cells ...string) {
		for i, c := range cells {
			if i > 0 {
				io.WriteString(t.w, ",")
			}
			io.WriteString(t.w, `"`+strings.ReplaceAll(c, `"`, `""`)+`"`)
		}
		io.WriteString(t.w, "\r\n")
	}
	io.WriteString(t.w, "\ufeff") // so that spreadsheets take it for UTF-8
	line(t.lang.Say("setup.col.name"), t.lang.Say("setup.col.party"), t.lang.Say("setup.col.role"))
	for _, p := range s.founder.Draft().Parties {
		line("", in(namesOf(p.Names), t.lang, p.ID), t.lang.Say("setup.role.head"))
	}
	return nil
}

func (s *Setup) rehearse(t *setupTurn) error {
	d := s.founder.Draft()
	if lacks := d.openLacks(); len(lacks) > 0 {
		return s.page(t)
	}
	if _, err := s.founder.Rehearse(t.r.Context(), d); err != nil {
		t.wrong["rehearsal"] = s.why(t.lang, err)
	}
	return s.page(t)
}

// found founds the body where all is there and the reader has said yes; afterwards it ends the set-up.
func (s *Setup) found(t *setupTurn) error {
	d := s.founder.Draft()
	switch {
	case s.founder.Founded() != nil && t.form.Get("do") == "end":
		if err := s.founder.End(); err != nil {
			return err
		}
		http.Redirect(t.w, t.r, "/"+t.lang.Code, http.StatusSeeOther)
		return nil
	case s.founder.Founded() != nil || !d.ready():
	case t.form.Get("version") != "" && t.form.Get("version") != setupVersion("found", d):
		t.wrong["found"] = t.lang.Say("setup.othertab")
	case t.form.Get("sure") != "yes":
		t.wrong["sure"] = t.lang.Say("setup.needs.sure")
	default:
		if err := s.founder.Found(t.r.Context(), d); err != nil {
			t.wrong["found"] = s.why(t.lang, err)
			return s.page(t)
		}
		http.Redirect(t.w, t.r, "/"+t.lang.Code+"/setup/found", http.StatusSeeOther)
		return nil
	}
	return s.page(t)
}

// templates are those of all pages, with marks that know who has witnessed their entries.
func templates(witnessed func() int64) *template.Template {
	own := template.Must(parsed().Clone())
	return own.Funcs(template.FuncMap{"mark": func(l *language.Language, n int64) map[string]any {
		return map[string]any{"L": l, "N": n, "Witnessed": n < witnessed()}
	}})
}

// nobody has witnessed anything.
func nobody() int64 { return 0 }

// parsed is never executed, so that it can be cloned.
var parsed = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{"firststyle": func() template.HTML { style, _ := firstStyle(); return style }, "args": args, "lines": lines, "mark": func(*language.Language, int64) map[string]any { return nil }, "n": number, "pair": beside, "pairOf": pairOf, "cellOf": cellOf, "sectionOf": sectionOf, "cardOf": cardOf, "num": strconv.Itoa}).ParseFS(templateFiles, "templates/*.html"))
})
