package web

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"kurultai/conference"
	"kurultai/language"
)

// A place is a kind of page below a language, or a file of one.
type place struct {
	at     string // its address behind the language, with {names} as net/http has them
	renews bool   // it renews itself as the record grows: one rendering serves all readers of a class
	days   bool   // with ?on=DAY it is as it stood at the end of a day; its past says which entry that was
	past   bool   // with ?at=N it is the record as it stood with N entries
	part   bool   // what renews itself can be made without the rest of the page, for whoever asks with visit.part
	// make makes it. A place that renews itself is made for a class of readers: in.Request is nil then, and
	// in.reader nobody in person.
	make func(s *site, v View, in *visit) (any, error) // a page ([]byte), a file or a redirect
}

// A visit is a reader at a place.
type visit struct {
	*http.Request
	lang   *language.Language
	reader conference.Reader
	rest   string            // the address behind the language
	args   map[string]string // what stands in the braces of the place's address
	part   bool              // only what renews itself is asked for
}

// A file is what a place answers with besides pages.
type file struct {
	kind string // media type
	body []byte
	name string // under which it is kept by who asks for it; "": it is shown
}

// A redirect is an address to go to instead.
type redirect string

// places are all pages below a language, a line each.
var places = []place{
	{at: "{$}", renews: true, past: true, make: (*site).bodyPage},
	{at: "meetings", renews: true, past: true, make: (*site).meetingsPage},
	{at: "meetings/-", renews: true, make: (*site).waiting},
	{at: "meetings/{meeting}", renews: true, past: true, make: func(s *site, v View, in *visit) (any, error) {
		return s.meetingPage(v, in, conference.MeetingID(in.args["meeting"]))
	}},
	{at: "meetings/{meeting}/programme", renews: true, past: true, make: (*site).programmePage},
	{at: "meetings/{meeting}/replay", past: true, make: (*site).replayPage},
	{at: "meetings/{meeting}/wall", renews: true, past: true, part: true, make: (*site).wallPage},
	{at: "meetings/{meeting}/papers", past: true, make: (*site).papersPage},
	{at: "meetings/{meeting}/papers/{file}", past: true, make: (*site).paperFile},
	{at: "meetings/{meeting}/{file}", past: true, make: func(s *site, v View, in *visit) (any, error) {
		return s.communique(v, in.lang, conference.MeetingID(in.args["meeting"]), in.args["file"])
	}},
	{at: "documents", renews: true, past: true, make: (*site).documentsPage},
	{at: "documents/{symbol...}", past: true, make: (*site).documentPage},
	{at: "files/{symbol...}", make: (*site).documentFile},
	{at: "pdf/{symbol...}", past: true, make: (*site).documentPDF},
	{at: "receipts/{symbol...}", past: true, make: (*site).receiptsPage},
	{at: "translations", past: true, make: (*site).translationsPage},
	{at: "draft", make: (*site).draftPage},
	{at: "decisions", renews: true, past: true, make: (*site).decisionsPage},
	{at: "instruments", renews: true, past: true, make: (*site).instrumentsPage},
	{at: "instruments/{instrument}", renews: true, past: true, make: (*site).instrumentPage},
	{at: "instruments/{instrument}/wall", renews: true, past: true, part: true, make: (*site).signingWall},
	{at: "instruments/{instrument}/paper.pdf", past: true, make: (*site).instrumentPaper},
	{at: "instruments/{instrument}/status", past: true, make: (*site).statusPage},
	{at: "instruments/{instrument}/notifications/{file}", past: true, make: (*site).letterFile},
	{at: "instruments/{instrument}/copies/{file}", past: true, make: (*site).copyFile},
	{at: "instruments/{instrument}/package.zip", past: true, make: (*site).packageFile},
	{at: "instruments/{instrument}/{file}", past: true, make: (*site).statusFile},
	{at: "decisions/{decision}", past: true, days: true, make: (*site).decisionPage},
	{at: "commitments", renews: true, past: true, days: true, make: (*site).commitmentsPage},
	{at: "commitments/{commitment}", past: true, days: true, make: (*site).commitmentPage},
	{at: "parties/{party}/commitments", past: true, days: true, make: (*site).partyCommitments},
	{at: "meetings/{meeting}/commitments", past: true, days: true, make: (*site).meetingCommitments},
	{at: "reminders", past: true, make: (*site).remindersPage},
	{at: "reminders.txt", past: true, make: (*site).remindersFile},
	{at: "reminders.json", past: true, make: (*site).remindersFile},
	{at: "parties", past: true, make: (*site).partiesPage},
	{at: "parties/{party}", past: true, make: (*site).partyPage},
	{at: "people/{person}", past: true, make: (*site).personPage},
	{at: "search", past: true, make: (*site).searchPage},
	{at: "verify", make: (*site).verifyPage},
	{at: "record", renews: true, make: (*site).recordStart},
	{at: "record/{entry}", renews: true, make: func(s *site, v View, in *visit) (any, error) {
		return s.entryPage(v, in, in.args["entry"])
	}},
}

// settle gives each place its address, and the stream of those that renew themselves.
func (s *site) settle(mux *http.ServeMux) {
	for _, p := range places {
		mux.HandleFunc("GET /{lang}/"+p.at, func(w http.ResponseWriter, r *http.Request) { s.visited(w, r, p) })
		if p.renews {
			mux.HandleFunc("GET /{lang}/"+strings.TrimPrefix(p.at+"/live", "{$}/"), func(w http.ResponseWriter, r *http.Request) { s.followed(w, r, p) })
		}
	}
}

// visit says who is where. It fails where the language is none of ours.
func (s *site) visit(r *http.Request, p place) (*visit, error) {
	in := &visit{Request: r, args: map[string]string{}}
	var ok bool
	if in.lang, ok = language.Get(r.PathValue("lang")); !ok {
		return nil, errNotFound
	}
	_, in.rest, _ = strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	for part := range strings.SplitSeq(p.at, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok && name != "$}" {
			name = strings.TrimSuffix(strings.TrimSuffix(name, "}"), "...")
			in.args[name] = r.PathValue(name)
		}
	}
	if who, ok := s.who(r); ok {
		v := s.record.View()
		in.reader = v.State().Reader(who, v.State().Last)
	} else if s.Inside != nil {
		in.reader = s.Inside(s.record.View().State())
	}
	return in, nil
}

// visited answers with a place's page.
func (s *site) visited(w http.ResponseWriter, r *http.Request, p place) {
	in, err := s.visit(r, p)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v := s.record.View().For(in.reader)
	switch {
	case p.renews && r.URL.RawQuery == "":
		s.kept(w, r, v, p, in)
		return
	case p.past && r.URL.Query().Has("at"):
		if v, err = s.at(r, v); err != nil {
			s.fail(w, r, errNotFound)
			return
		}
		v = v.For(in.reader)
	case p.days && r.URL.Query().Has("on"): // led to the entry
	case p.renews && p.at != "record": // asked in another language, or with a query that means nothing
		code := in.lang.Code
		if l, ok := language.Get(r.URL.Query().Get("lang")); ok {
			code = l.Code
		}
		http.Redirect(w, r, "/"+code+"/"+in.rest, http.StatusSeeOther)
		return
	}
	make := p.make
	if p.days && r.URL.Query().Has("on") && !r.URL.Query().Has("at") {
		make = (*site).asOfDay
	}
	made, err := make(s, v, in)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	f := file{kind: "text/html; charset=utf-8"}
	switch made := made.(type) {
	case redirect:
		http.Redirect(w, r, string(made), http.StatusSeeOther)
		return
	case file:
		f = made
	case []byte:
		f.body = made
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	if f.kind == "application/pdf" {
		h.Set("Content-Disposition", "attachment")
	}
	if f.name != "" {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.name}))
	}
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Language", in.lang.Code)
	s.personal(h, in)
	var compressed []byte
	if f.name == "" { // a file that is handed out is as it came, and most are packed already
		compressed = zipped(f.body)
	}
	send(w, r, f.body, compressed)
}

// personal keeps what was made for somebody out of caches that serve others.
func (s *site) personal(h http.Header, in *visit) {
	if in.reader.Person != "" || s.Inside != nil {
		h.Set("Cache-Control", "private, no-store")
	}
}

// ownPage says of an answer that it is a page in a language, made for who asks and kept by nobody.
func ownPage(w http.ResponseWriter, l *language.Language) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", l.Code)
}

// frame renders a place that renews itself, once for all readers of a class, or says where it moved to.
func (s *site) frame(v View, p place, in *visit) (kept *page, moved string, err error) {
	have, _, held := s.held()
	key := fmt.Sprintf("%s/%s/%s@%d-%d-%t", in.lang.Code, in.reader.Class(), in.rest, s.Marked(), have, held) // these change without an entry
	kept, err = s.frames.get(key, v.State().Size, func() (body []byte, err error) {
		body, moved, err = s.made(v, p, &visit{lang: in.lang, reader: in.reader.Anybody(), rest: in.rest, args: in.args})
		if moved != "" {
			err = errMoved
		}
		return body, err
	})
	if moved != "" {
		err = nil
	}
	return kept, moved, err
}

// made makes a place for a class of readers, or says where it moved to.
func (s *site) made(v View, p place, class *visit) (body []byte, moved string, err error) {
	made, err := p.make(s, v.For(class.reader), class)
	if to, ok := made.(redirect); ok {
		return nil, string(to), nil
	}
	body, _ = made.([]byte)
	return body, "", err
}

// kept answers with a page that is kept for all of a class who ask.
func (s *site) kept(w http.ResponseWriter, r *http.Request, v View, p place, in *visit) {
	kept, moved, err := s.frame(v, p, in)
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
	h.Set("Content-Language", in.lang.Code)
	h.Set("ETag", kept.tag)
	h.Set("Kurultai-Time", s.hour(v).String()) // what clocks of a page are set by: the page itself is kept
	s.personal(h, in)
	if r.Header.Get("If-None-Match") == kept.tag {
		h.Add("Vary", "Accept-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	send(w, r, kept.body, kept.zipped())
}

// followed is the stream of a place that renews itself.
func (s *site) followed(w http.ResponseWriter, r *http.Request, p place) {
	in, err := s.visit(r, p)
	if err == nil {
		_, _, err = s.frame(s.record.View(), p, in)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.live(w, r, p, in)
}

// waiting leads to the meeting that is on, or the newest; while there is none it shows the body.
func (s *site) waiting(v View, in *visit) (any, error) {
	if len(v.State().Meetings()) > 0 {
		return redirect(home(v, in.lang)), nil
	}
	return s.bodyPage(v, in)
}

// recordStart is the head of the record, or the page of older entries, or the way to one entry.
func (s *site) recordStart(v View, in *visit) (any, error) {
	if in.Request == nil {
		return s.recordPage(context.Background(), v, in.lang, v.State().Size)
	}
	values := in.URL.Query()
	if values.Has("entry") {
		return redirect("/" + in.lang.Code + "/record/" + url.PathEscape(values.Get("entry"))), nil
	}
	before, err := strconv.ParseInt(values.Get("before"), 10, 64)
	if err != nil || before > v.State().Size {
		before = v.State().Size
	}
	return s.recordPage(in.Context(), v, in.lang, max(before, 1))
}
