// Package web is the pages of a record: what a meeting was, who said so, and what the record proves. Pages are
// rendered on the server, read whole without a script, and renew themselves as the record grows.
//
//	/, /LANG/start                      of a demonstration: one page that leads to all
//	/                                   else to the body's page, in the reader's language
//	/LANG/                              the body: who belongs to it, what is on, its latest decisions, its calendar
//	/LANG/meetings, /LANG/meetings/ID   all meetings; the public page of one
//	/LANG/meetings/ID/programme         its programme by day and place
//	/LANG/meetings/ID/replay            it replayed, entry by entry
//	/LANG/documents, documents/SYMBOL   papers that the reader may read; the slashes of a symbol part the address
//	/LANG/documents/SYMBOL?beside=ru    its text beside another language; ?since=1 what changed; ?amended=1 with amendments
//	/LANG/pdf/SYMBOL, receipts/SYMBOL   its text as PDF; who has acknowledged it
//	/LANG/translations, draft           what the language section has before it; where a draft is written
//	/LANG/decisions, instruments/ID, commitments
//	/LANG/instruments/ID/signing        the ceremony at which it is signed: who has the pen, who is next, see signing.go
//	/LANG/instruments/ID/wall           the same for a hall
//	/LANG/instruments/ID/paper.pdf      the paper on which it is signed, as signed so far
//	/LANG/instruments/ID/status         as of a day, with ?on=DATE; also as .csv, .json and .atom
//	/LANG/parties, parties/ID           as of a day, with ?on=DATE
//	/LANG/people/ID, /LANG/search?q=
//	/LANG/meetings/ID/communique        its communiqué, also as .txt and .md
//	/LANG/meetings/ID/papers            its papers, each as papers/KIND.pdf
//	/LANG/meetings/ID/chair             the podium: the next thing to say and do
//	/LANG/meetings/ID/wall              what a hall sees: one thing at a time
//	/LANG/record, /LANG/record/N        the head of the record; one entry and its proof
//	/LANG/verify                        whether a signed paper that somebody brings is as it was signed, see verify.go
//	/LANG/now, /LANG/meetings/ID/now    what whoever has signed in may do now
//	/LANG/meetings/ID/floor             the delegate's place, see phone.go
//	/LANG/act/ACT                       the form of an act; posted, it is done
//	/LANG/mine/live                     what is for one person alone, on pages that do not renew themselves
//	/LANG/pending                       acts of two persons that wait for the second
//	/LANG/meetings/ID/desk              the desk of a meeting and its pages, for officers, see room.go
//	/LANG/…/live                        the newest main part of a page each time the record grows
//	/LANG/registry                      sealed notes of a delegation or of the secretariat, see registry.go
//	/LANG/backup                        the record as one file, for officers, see backup.go
//	/LANG/signin, me, enrol/TOKEN, …    signing in, where this node takes acts, see signin.go
//	/api/…                              the same as JSON, see api.go
//
// With ?at=N a page is the record as it stood with N entries.
//
// It reads through interfaces of its own: whoever keeps a record, a secretariat or a member's node, gives a [View].
package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
	textlanguage "golang.org/x/text/language"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
	"kurultai/web/live"
)

// A View is a record at one size; it never changes.
type View interface {
	State() *conference.State
	// For is the same record for a reader, who may see more names than the public.
	For(conference.Reader) View
	Reader() conference.Reader // whom it is for
	Name(conference.PersonID, conference.Language) (name string, ok bool)
	Checkpoint() record.Checkpoint
	VerifierKey() string
	Origin() string
	Entry(ctx context.Context, index int64) ([]byte, error)
	Prove(ctx context.Context, index int64) (tlog.RecordProof, error)
	// Blob is a file that an act names.
	Blob(ctx context.Context, d record.Digest) ([]byte, error)
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

// policy lets a page load what is its own and nothing else, and lets a string become markup in one place only: the
// Trusted Types policy of live.js. Of styles within a page it lets in one, by its digest.
var policy = sync.OnceValue(func() string {
	_, first := firstStyle()
	return "default-src 'none'; script-src 'self'; style-src 'self' " + first + "; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types kurultai"
})

// permissions names what pages of ours may ask of a device: passkeys, and nothing else.
const permissions = "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=(), payment=(), usb=()"

// Options are what a site has besides a record to show.
type Options struct {
	Others   Others         // further machines that serve the record and take acts; nil: there are none
	Desk     Desk           // takes acts; nil: this node only reads
	Sessions Sessions       // keeps sessions across restarts; nil: in memory alone
	Proxies  []netip.Prefix // whose word about the reader's address and scheme is taken, besides this machine's
	Roles    bool           // the record is of the training body or a rehearsal: anybody at this machine may take a role
	// Rehearsal: the record is a copy in which everything may be tried; every page says so.
	Rehearsal bool
	Provider  *Provider // vouches for people; nil: passkeys alone
	// Open opens a sealed value, whoever may see it: the caller asks that first. nil: names stay sealed.
	Open func(context.Context, record.Digest) (record.Disclosure, error)

	// File opens a private blob by the digest of what opens it, whoever may: the caller asks that first. nil: files are not
	// to be had here.
	File func(context.Context, record.Digest) ([]byte, error)
	// Closed is what a closed entry holds, whoever may see it: the caller asks that first. nil: it is not to be had here.
	Closed func(context.Context, record.Digest) ([]byte, error)
	// Seed is what a lot is drawn from, by the question it is for, 16 to 64 bytes that nobody knows before the draw. nil:
	// one of this run, so that a restart before the draw would leave the question without its lot.
	Seed func(what string) []byte
	Log  *slog.Logger // of what was done about signing in; nil: the default one
	Demo *Demo        // what the start page leads to; nil: it leads to the newest meeting
	// Marks says of an entry how many witnesses have cosigned it, how many are asked for, of how many. nil: nobody is asked.
	Marks func(index int64) (have, need, of int64)
	// Witnessed is how many entries are witnessed as asked. nil: none.
	Witnessed func() int64
	// Held says how many witnesses have answered since this node began, how many must before it writes, and whether it
	// waits for them. nil: it waits for nobody.
	Held func() (have, need int64, held bool)
	// Marked counts the changes of marks, which come without an entry, and WaitMarked waits for more than so many. nil: none.
	Marked     func() int64
	WaitMarked func(ctx context.Context, seen int64) error
	// Cosigned is how many entries each node has cosigned, by verifier key. nil: none.
	Cosigned func() map[string]int64
	Erased   func() map[string]int64 // up to which entry each node has destroyed what was to be forgotten, by verifier key; nil: nobody says
	// Inside is as whom everybody reads who reaches these pages and is not signed in: a delegation's own, in its house.
	// nil: as the public.
	Inside func(*conference.State) conference.Reader
	Node   *Node // this node follows a record that is written elsewhere; nil: it is written here
	// Hearing is how it stands with whoever writes the record, where that is not this machine alone. nil: well. What it says
	// changes with Marked.
	Hearing func() Hearing
	Lists   Lists     // reads lists of people; nil: they are entered one by one
	Live    *live.Hub // has the readers of live pages, the caller closes it; nil: one that ends with the record
	// Backup packs the record as it stands, without its keys, for officers to take along; the caller closes what it gets.
	// nil: that is not done here.
	Backup func(context.Context) (Backup, error)
	// Disk is how full the disk is, in percent, and whether that is too full. nil: nobody looks.
	Disk func() (percent int, alarm bool)
}

// Pages are what New returns.
type Pages interface {
	http.Handler
	Sessions() int // browsers in which somebody is signed in
}

// A Node follows a record that is written elsewhere.
type Node struct {
	Name    string                 // as its key has it
	From    string                 // where the record comes from, and acts go where it names no address itself
	Parting func() (Parting, bool) // where it and the record part, if they do; nil: it never does

	Edge bool // it decides nothing again and cosigns nothing: it has readers
}

// Hearing is how a node stands with whoever writes the record.
type Hearing struct {
	Silent  bool           // the writer is not heard any more
	Since   record.Instant // when it was heard last
	Refused bool           // what comes is not the record
	From    string         // whence
}

// A Parting is where a node does not come to what the record says, and stopped.
type Parting struct {
	Entry                 int64 // -1: it is of no entry, but of two checkpoints
	NotOurs               bool  // the entry enrols a key, Found, that the node's party does not know
	Rule, Expected, Found string
}

type site struct {
	Options
	record     Record
	templates  *template.Template
	assets     map[string]asset // by path under /static/
	version    string           // of all assets, in their addresses
	frames     frames
	press      *press
	following  sync.Once // the record, for those who read live
	callers    limits    // by address: what the API is asked
	sessions   sessions
	persons    limits // by person: what changes something
	failures   limits // by address: sign-ins that came to nothing
	ceremonies ceremonies
	fresh      freshLinks
	halves     halves
	diaries    diaries
	pens       pens
	incomings  incomings
	checks     limits        // by address: files that are verified
	receiving  chan struct{} // holds one for each of them that is received
	examining  chan struct{} // holds one for each of them that is examined
	packing    sync.Mutex    // held while a backup is packed
	handler    http.Handler
	secret     [32]byte // of this run: what salts of forms are drawn from
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// New returns the pages of a record.
func New(r Record, o Options) Pages {
	s := &site{record: r, Options: o, press: newPress()}
	s.callers.every, s.callers.burst = callsPerSecond, callsAtOnce
	s.persons.every, s.persons.burst = 5, 40
	s.failures.every, s.failures.burst = 1, 100 // a hall is one address
	s.sessions.load(o.Sessions)
	rand.Read(s.secret[:])
	if s.Live == nil {
		s.Live = live.New(live.Config{})
	}
	s.sessions.left = func(p conference.PersonID) { s.Live.Drop(string(p)) }
	if s.Desk != nil && s.Hearing != nil {
		s.Desk = attentive{s.Desk, s.Hearing}
	}
	if s.Others != nil {
		s.Others.Given(s.takeHalf, s.halves.list)
		go s.askHalves(s.Live.Context()) // what was given while this machine was away
	}
	s.assets, s.version = assets()
	if s.Witnessed == nil {
		s.Witnessed = nobody
	}
	if s.Marked == nil {
		s.Marked = nobody
	}
	s.templates = templates(s.Witnessed)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.start)
	mux.HandleFunc("GET /{lang}", s.tongue)
	mux.HandleFunc("GET /record", s.recordInTongue)
	s.settle(mux)
	s.settleVerify(mux)
	s.settleDraft(mux)
	s.settleSigning(mux)
	s.settlePersonal(mux)
	s.settlePhone(mux)
	s.settleDesk(mux)
	static := http.NewServeMux()
	static.HandleFunc("GET /static/{version}/{path...}", s.static)
	static.HandleFunc("GET /emblem/{digest}", s.emblem)
	if o.Desk != nil {
		s.settleOwn(mux)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			s.fail(w, r, errNotAllowed)
			return
		}
		s.fail(w, r, errNotFound)
	})
	api := s.api()
	s.handler = s.careful(s.guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.ledElsewhere(w, r), s.finishedElsewhere(w, r):
		case strings.HasPrefix(r.URL.Path, "/api/"):
			api.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/static/"), strings.HasPrefix(r.URL.Path, "/emblem/"):
			static.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/documents/") && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			s.documentInTongue(w, r)
		default:
			mux.ServeHTTP(w, r)
		}
	})))
	return s
}

// args hands a language and a mark to a template within another.
func args(l *language.Language, m Mark) map[string]any { return map[string]any{"L": l, "M": m} }

// pairOf hands a language and a control to a template within another.
func pairOf(l *language.Language, f Field) map[string]any { return map[string]any{"L": l, "F": f} }

// cellOf hands a language and a line to a template within another.
func cellOf(l *language.Language, c Line) map[string]any { return map[string]any{"L": l, "C": c} }

// sectionOf hands a language and a section to a template within another.
func sectionOf(l *language.Language, s Section) map[string]any { return map[string]any{"L": l, "S": s} }

// lines cuts a text where a line ends.
func lines(text string) []string { return strings.Split(text, "\n") }

// beside hands a language and an act to a template within another.
func beside(l *language.Language, a any) map[string]any { return map[string]any{"L": l, "A": a} }

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
		h.Set("Content-Security-Policy", policy())
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", permissions)
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

// start leads to the body's page, in the reader's language.
func (s *site) start(w http.ResponseWriter, r *http.Request) {
	if s.Demo != nil {
		s.startPage(w, r, s.preferred(r))
		return
	}
	w.Header().Set("Vary", "Accept-Language")
	http.Redirect(w, r, "/"+s.preferred(r).Code+"/", http.StatusSeeOther)
}

// home is the address of the meeting that is on, else of the newest, else of the body's page.
func home(v View, l *language.Language) string {
	all := v.State().Meetings()
	if i := slices.IndexFunc(all, func(m conference.Meeting) bool { return m.InSession() }); i >= 0 {
		return "/" + l.Code + "/meetings/" + string(all[i].MeetingConvened.Meeting)
	}
	if len(all) > 0 {
		return "/" + l.Code + "/meetings/" + string(all[len(all)-1].MeetingConvened.Meeting)
	}
	return "/" + l.Code + "/"
}

func (s *site) recordInTongue(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept-Language")
	http.Redirect(w, r, "/"+s.preferred(r).Code+"/record", http.StatusSeeOther)
}

// documentInTongue leads to a paper in the reader's language: the address of a symbol alone.
func (s *site) documentInTongue(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept-Language")
	http.Redirect(w, r, "/"+s.preferred(r).Code+"/documents/"+escaped(conference.Symbol(strings.TrimPrefix(r.URL.Path, "/documents/"))), http.StatusSeeOther)
}

// tongue leads to the body's page in a language.
func (s *site) tongue(w http.ResponseWriter, r *http.Request) {
	l, ok := language.Get(r.PathValue("lang"))
	if !ok {
		s.fail(w, r, errNotFound)
		return
	}
	http.Redirect(w, r, "/"+l.Code+"/", http.StatusSeeOther)
}

var (
	errNotFound   = errors.New("no such page")
	errMoved      = errors.New("the page is elsewhere")
	errNotAllowed = errors.New("pages are read")
)

// fail answers with a calm page; a fault gets a reference that the log holds too.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	l := s.preferred(r)
	p := s.layout(s.record.View(), l, "")
	m := Message{Layout: p, Back: p.Home}
	status := http.StatusInternalServerError
	var t told
	var no *conference.Refusal
	var unmade *paper.Refusal
	var unformed *language.MissingForm
	switch {
	case errors.As(err, &unmade):
		status = http.StatusNotFound
		m.Title, m.Lead = l.Say("page.notfound"), unmade.In(l)
	case errors.As(err, &unformed):
		status = http.StatusNotFound
		m.Title, m.Lead = l.Say("page.notfound"), l.Say("page.untold")
	case errors.As(err, &t):
		status = t.status
		m.Title, m.Lead = l.Say(t.key, t.args...), l.Say(t.key+"help", t.args...)
	case errors.As(err, &no):
		status = http.StatusConflict
		m.Title, m.Lead = l.Say("refusal."+string(no.Code), no.Args...), l.Say("remedy."+string(no.Code), no.Args...)
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
		s.log().Error("page", "reference", m.Reference, "place", logged(r), "error", err)
		m.Title, m.Lead = l.Say("page.fault"), l.Say("page.faulthelp", m.Reference)
	}
	s.mayHelp(&m, l, status)
	body, err := s.render("message", m)
	if err != nil {
		http.Error(w, m.Title, status)
		return
	}
	ownPage(w, l)
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

// mayHelp leads who is told to sign in to where one does.
func (s *site) mayHelp(m *Message, l *language.Language, status int) {
	if status == http.StatusUnauthorized && s.Desk != nil {
		m.SignInAt = "/" + l.Code + "/signin"
	}
}

// logged is the form of an address, as it may stand in a log: without the persons, papers and links that it names.
func logged(r *http.Request) string {
	if r.Pattern != "" && r.Pattern != "/" {
		return r.Pattern
	}
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 3)
	if _, ok := language.Get(parts[0]); ok && len(parts) > 1 {
		parts = parts[1:]
	}
	if known := regexp.MustCompile("^[a-z]{1,16}$"); len(parts) == 1 && known.MatchString(parts[0]) {
		return r.Method + " " + parts[0]
	} else if known.MatchString(parts[0]) {
		return r.Method + " " + parts[0] + "/…"
	}
	return r.Method + " …"
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
	Emblem    string // address of its emblem, or ""
	Home      string // address of the page of the meeting that is on, else of the newest
	Front     string // address of the body's page
	Nav       []NavItem
	Self      string // address of this page, as the record is now
	Here      string // which part of the site this is
	Static    string
	Size      int64
	Story     bool
	Training  bool
	Rehearsal bool
	Script    bool   // sign.js is needed
	Replay    bool   // replay.js is needed
	SignIn    bool   // this node takes acts, so one can sign in
	SignInAt  string // address to sign in at: here, or where acts go; "" where none is known
	Live      string // address of the event stream, or ""
	Mine      string // address of the stream of what is for its reader alone, where the page has no other; or ""
	Alarm     *Alarm // what the desk did in the name of its reader's delegation; nil: the page is made for many
	Share     string // the same in all pages whose readers see the same: their tabs may share a stream
	AsOf      string
	Past      string // that this is how the record stood, or ""
	Node      string // whose node this is, or ""
	Hears     bool   // what stands above the page is renewed with it: the node says there how it hears the writer
	Held      string // that nothing is written yet, for witnesses have not answered; or ""
	// Unwitnessed is that two officers went on without witnesses, who have not agreed since; or "".
	Unwitnessed string

	Followed bool   // nodes of others are admitted
	Parted   string // that it and the record part, or that what is shown may be late, or ""
}

// Tongue is a language one may read the page in.
type Tongue struct {
	Code, Name, Address string
	Here                bool
}

// share is a short digest of who a page is made for: a class, or a person.
func share(r conference.Reader) string {
	sum := sha256.Sum256([]byte(r.Class() + "\n" + string(r.Person)))
	return hex.EncodeToString(sum[:6])
}

// layout makes what every page has; rest is the address behind the language, "" of the body's page.
func (s *site) layout(v View, l *language.Language, rest string) Layout {
	st, keep, p := v.State(), s.keep(v), s.inner(v, l, rest)
	at := home(v, l)
	p.Home, p.Front, p.Nav = kept(at, keep), kept("/"+l.Code+"/", keep), s.nav(v, l, at, keep)
	for _, other := range language.All() {
		p.Languages = append(p.Languages, Tongue{other.Code, other.Say("language"), kept("/"+other.Code+"/"+rest, keep), other == l})
	}
	if p.SignIn = s.Desk != nil; p.SignIn {
		p.SignInAt = "/" + l.Code + "/signin"
	} else if home := s.elsewhere(st); home != "" {
		p.SignInAt = home + "/" + l.Code + "/signin"
	}
	if who := v.Reader().Person; who != "" && p.SignIn && keep == "" {
		p.Alarm, p.Mine = s.alarm(v, l, who), "/"+l.Code+"/mine/live"
	}
	return p
}

// inner is what every page has but the ways from it to others.
func (s *site) inner(v View, l *language.Language, rest string) Layout {
	st := v.State()
	p := Layout{Lang: l, Static: "/static/" + s.version, Size: st.Size, Share: share(v.Reader())}
	if s.keep(v) != "" {
		p.Past = l.Say("page.past", number(l, st.Size))
	}
	if st.Size > 0 {
		at := st.Last.String()
		p.AsOf = l.Say("page.asof", at[:10]+" "+at[11:19]+" UTC")
	} else {
		p.AsOf = l.Say("page.nonetwork")
	}
	p.Self = "/" + l.Code + "/" + rest
	p.Body, p.Emblem = in(st.Body.Names, l, "Kurultai"), emblemAt(v)
	_, p.Story = record.StoryBody(v.Origin())
	p.Followed = len(st.Nodes()) > 0
	if have, need, held := s.held(); held {
		p.Held = l.Say("page.held", number(l, have), number(l, need))
	}
	if r := st.Resumed(); r.Index > 0 && s.Witnessed() <= r.Index {
		p.Unwitnessed = l.Say("page.unwitnessed", number(l, r.Index), r.Reason)
	}
	p.Rehearsal = s.Rehearsal
	if s.Node != nil && s.Node.Edge {
		p.Node = l.Say("edge.banner", v.Origin(), s.elsewhere(st))
	} else if s.Node != nil {
		p.Node = l.Say("node.banner", s.Node.Name, cmp.Or(s.elsewhere(st), s.Node.From))
		if at, parted := s.Node.Parting(); parted && at.Entry < 0 {
			p.Parted = l.Say("node.forked", at.Expected, at.Found)
		} else if parted && at.NotOurs {
			p.Parted = l.Say("node.notours", number(l, at.Entry), at.Found)
		} else if parted {
			p.Parted = l.Say("node.parted", number(l, at.Entry), at.Rule, at.Expected, at.Found)
		}
	}
	if s.Hearing != nil {
		p.Hears, p.Parted = true, cmp.Or(p.Parted, s.unheard(l))
	}
	p.Training = p.Story && lived(st) && !p.Rehearsal
	return p
}

// held is what Options.Held says.
func (s *site) held() (have, need int64, held bool) {
	if s.Held == nil {
		return 0, 0, false
	}
	return s.Held()
}

// lived reports whether the record is of things done and not told: it rests on no source.
func lived(s *conference.State) bool {
	return s.Size >= 2 && len(s.Sources()) == 0 // what is reported has a source
}

// Message is a page that says one thing.
type Message struct {
	Layout
	Back      string // address to go on from
	Reference string
	SignInAt  string // address to sign in at, where that would help
}
