package simulation

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/secretariat"
	"kurultai/web"
)

// reading gives the writer's views to the pages.
type reading struct{ h *hall }

func (r reading) View() web.View {
	v := r.h.s.View()
	if r.h.config.Plant == "shows what was" && v.State().Size > 900 {
		if old, err := v.At(r.h.ctx, 900); err == nil {
			v = old
		}
	}
	return shown{v, r.h}
}

func (r reading) At(ctx context.Context, size int64) (web.View, error) {
	v, err := r.h.s.View().At(ctx, size)
	return shown{v, r.h}, err
}

func (r reading) Wait(ctx context.Context, size int64) error { return r.h.s.Wait(ctx, size) }

// shown is a view as the pages see it.
type shown struct {
	*secretariat.View
	h *hall
}

func (v shown) For(r conference.Reader) web.View {
	if v.h.config.Plant == "shows all to everybody" {
		r = v.State().Reader(v.State().Holders(conference.Secretary)[0].Person, v.State().Last)
	}
	return shown{v.View.For(r), v.h}
}

// pen is for pages that ask what may be done; nothing is done through them here.
type pen struct{ h *hall }

func (p pen) Rehearse(ctx context.Context, a *web.Act) (web.Receipt, error) {
	v := p.h.s.View()
	r, err := v.Rehearse(v.Origin(), p.Now, rand.Reader)(ctx, &secretariat.Act{Submitted: a.Submitted, Attestations: a.Attestations, Disclosures: a.Disclosures, Blobs: a.Blobs})
	return web.Receipt{Index: r.Index, At: r.At, Events: r.Events, Notices: r.Notices, Again: r.Again}, err
}
func (pen) Do(context.Context, *web.Act) (web.Receipt, error)               { return web.Receipt{}, errReads }
func (pen) RehearseAll(context.Context, []*web.Act) (failed int, err error) { return 0, errReads }
func (pen) DoAll(context.Context, []*web.Act) (failed int, err error)       { return 0, errReads }
func (p pen) Now() record.Instant                                           { return p.h.s.Now() }

var errReads = errors.New("pages are read here")

// opensPages makes the pages, once: whoever has signed in stays so when the writer is started again.
func (h *hall) opensPages() {
	h.pages = web.New(reading{h}, web.Options{
		Desk: pen{h}, Roles: true, Rehearsal: h.config.Real, Log: slog.New(slog.DiscardHandler),
		Open:     func(ctx context.Context, d record.Digest) (record.Disclosure, error) { return h.s.View().Open(ctx, d) },
		File:     func(ctx context.Context, d record.Digest) ([]byte, error) { return h.s.View().File(ctx, d) },
		Closed:   func(ctx context.Context, d record.Digest) ([]byte, error) { return h.s.View().OpenClosed(ctx, d) },
		Seed:     func(what string) []byte { return h.s.Seed(what) },
		Cosigned: func() map[string]int64 { return h.marks.Load().Cosigned() }, Witnessed: func() int64 { return h.marks.Load().Witnessed() },
		Held: func() (int64, int64, bool) { return h.marks.Load().Held() }, Marked: func() int64 { return h.marks.Load().Changes() },
		Marks: func(index int64) (have, need, of int64) {
			m := h.marks.Load().Of(index)
			return m.Have, m.Need, m.Of
		},
	})
	h.cookies = map[string]*http.Cookie{}
}

// asks asks for a page, as somebody who has signed in or as the public.
func (h *hall) asks(person, at string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(h.ctx, http.MethodGet, "http://localhost"+at, nil)
	r.RemoteAddr = "127.0.0.1:1"
	if c := h.cookies[person]; c != nil {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.pages.ServeHTTP(w, r)
	return w
}

// signsIn has somebody take a seat at a browser.
func (h *hall) signsIn(person string) error {
	if h.cookies[person] != nil && h.asks(person, "/en/me").Code == http.StatusOK {
		return nil
	}
	r := httptest.NewRequestWithContext(h.ctx, http.MethodPost, "http://localhost/en/roles", strings.NewReader(url.Values{"person": {person}}.Encode()))
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.pages.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Name == "session" {
			h.cookies[person] = c
			return nil
		}
	}
	return fmt.Errorf("signing in as %s: %d %.300s", person, w.Code, w.Body)
}

var languages = strings.Fields("az de en ka kk ky ru tr uz")

// looks has the public, a delegate and an officer look at what is on, and holds what they read against what the laws know.
func (h *hall) looks() error {
	if h.pages == nil {
		h.opensPages()
	}
	if err := h.laws.look(); err != nil {
		return err
	}
	s := &h.laws.replay.State
	all := s.Meetings()
	if len(all) == 0 {
		return nil
	}
	m := all[len(all)-1]
	if on := slices.IndexFunc(all, conference.Meeting.InSession); on >= 0 {
		m = all[on]
	}
	id := m.MeetingConvened.Meeting
	lang := languages[h.chance.IntN(len(languages))]
	head, officer := h.somebody(), h.officer()
	for _, p := range []string{head.person, officer} {
		if err := h.signsIn(p); err != nil {
			return err
		}
	}
	at := func(rest string) string { return "/" + lang + "/meetings/" + url.PathEscape(string(id)) + rest }
	entry := fmt.Sprintf("/%s/record/%d", lang, h.chance.Int64N(s.Size))
	past := fmt.Sprintf("%s?at=%d", at(""), 1+h.chance.Int64N(s.Size))
	for _, x := range []struct {
		who   string
		party conference.PartyID
		to    conference.Audience
		at    string
		check func(text string) string
	}{
		{"", "", conference.ToPublic, "/" + lang + "/", nil},
		{"", "", conference.ToPublic, at(""), func(text string) string { return h.laws.meetingPage(m, text) }},
		{"", "", conference.ToPublic, at("/wall"), func(text string) string { return h.laws.wall(m, text) }},
		{"", "", conference.ToPublic, at("/programme"), nil},
		{"", "", conference.ToPublic, at("/communique"), nil},
		{"", "", conference.ToPublic, past, nil},
		{"", "", conference.ToPublic, entry, nil},
		{"", "", conference.ToPublic, "/" + lang + "/search?q=" + token[:4], nil},
		{"", "", conference.ToPublic, "/api/record", nil},
		{head.person, conference.PartyID(head.party), conference.ToParticipants, at("/floor"), func(text string) string { return h.laws.phone(m, conference.PartyID(head.party), text) }},
		{head.person, "", conference.ToParticipants, at(phoneTabs[h.chance.IntN(len(phoneTabs))]), nil},
		{head.person, "", conference.ToParticipants, at("/now"), nil},
		{head.person, "", conference.ToParticipants, entry, nil},
		{officer, "", conference.ToSecretariat, at("/desk"), nil},
		{officer, "", conference.ToSecretariat, at("/desk/acts"), nil},
		{officer, "", conference.ToSecretariat, entry, nil},
	} {
		w := h.asks(x.who, x.at)
		h.laws.counts.Pages++
		text := html.UnescapeString(w.Body.String())
		if w.Code >= 500 {
			return h.laws.broken("no page fails", "%s as %q: %d %.500s", x.at, x.who, w.Code, text)
		}
		if err := h.laws.reads(x.at+" as "+x.who, text, x.to, x.who); err != nil {
			return err
		}
		if said := sizeOf.FindStringSubmatch(text); said != nil && !strings.Contains(x.at, "?at=") && said[1] != fmt.Sprint(s.Size) {
			return h.laws.broken("what a page says is so", "%s says that there are %s entries, and there are %d", x.at, said[1], s.Size)
		}
		if w.Code != http.StatusOK || x.check == nil {
			continue
		}
		h.laws.counts.Held++
		if why := x.check(text); why != "" {
			return h.laws.broken("what a page says is so", "%s: %s", x.at, why)
		}
	}
	return nil
}

var (
	phoneTabs = strings.Fields("/floor/agenda /floor/papers /floor/messages /floor/name /floor/vote")
	sizeOf    = regexp.MustCompile(` data-size="(\d+)"`)
)

// between cuts what stands between two marks.
func between(text, from, to string) (string, bool) {
	_, rest, found := strings.Cut(text, from)
	if !found {
		return "", false
	}
	rest, _, found = strings.Cut(rest, to)
	return rest, found
}

// meetingPage says what is wrong on the page of a meeting: who waits for the floor.
func (l *laws) meetingPage(m conference.Meeting, text string) string {
	if !m.InSession() {
		return ""
	}
	list, ok := between(text, `<h2 id="waiting">`, "</section>")
	if !ok {
		return "a meeting that is in session shows nobody who waits, and that nobody does"
	}
	if found, waiting := strings.Count(list, "<li>"), len(l.replay.State.SpeakersList(m.MeetingConvened.Meeting)); found != waiting {
		return fmt.Sprintf("%d wait for the floor, and %d are listed", waiting, found)
	}
	return ""
}

// wall says what is wrong on a wall: the scene, and of a vote by name how many are shown to have answered what.
func (l *laws) wall(m conference.Meeting, text string) string {
	s, id := &l.replay.State, m.MeetingConvened.Meeting
	q, put := s.Pending(id)
	rises, interrupted := s.Interrupting(id)
	scene := ""
	switch {
	case m.Closed:
		return ""
	case m.Opened == nil:
		scene = "on-programme"
	case m.Stopped != "":
		scene = "on-stopped"
	case interrupted && rises.Type == "order":
		return ""
	case put:
		scene = "on-question"
	default:
		return ""
	}
	main, _ := between(text, `<main id="main" class="`, `"`)
	if got, _, _ := strings.Cut(main, " "); got != scene {
		return fmt.Sprintf("the scene is %s, not %s", got, scene)
	}
	if scene != "on-question" || q.Method != "roll-call" && q.Method != "recorded" {
		return ""
	}
	return l.answersShown(q.ID, "the wall", map[string]int{
		"yes": strings.Count(text, `<li class="y"`) + strings.Count(text, `<li class="y `), "no": strings.Count(text, `<li class="n"`) + strings.Count(text, `<li class="n `),
		"abstain": strings.Count(text, `<li class="a"`) + strings.Count(text, `<li class="a `)})
}

// answersShown holds answers that are shown against those that were cast.
func (l *laws) answersShown(q conference.QuestionID, where string, found map[string]int) string {
	cast := map[string]int{}
	for _, answer := range l.tally[q] {
		cast[answer]++
	}
	for answer, n := range found {
		if cast[answer] != n {
			return fmt.Sprintf("%d answered %s, and %s shows %d", cast[answer], answer, where, n)
		}
	}
	return ""
}

// phone says what is wrong on a delegate's floor: who waits, what the delegation answered, and what others did.
func (l *laws) phone(m conference.Meeting, party conference.PartyID, text string) string {
	s, id := &l.replay.State, m.MeetingConvened.Meeting
	list, _ := between(text, `<ol class="called" aria-labelledby="then">`, "</ol>")
	if found, waiting := strings.Count(list, "<li>"), len(s.SpeakersList(id)); found != waiting {
		return fmt.Sprintf("%d wait for the floor, and %d are listed", waiting, found)
	}
	q, put := s.Pending(id)
	if !put {
		return ""
	}
	ballot, _ := between(text, ` id="ballot"`, "</p>")
	said, _ := between(ballot+`"`, `<p class="said `, `"`)
	if cast := l.tally[q.ID][party]; cast != said {
		return fmt.Sprintf("%s answered %q, and its floor shows %q", party, cast, said)
	}
	roll, ok := between(text, `<ol class="called">`, "</ol>")
	if !ok {
		return ""
	}
	return l.answersShown(q.ID, "a floor", map[string]int{"yes": strings.Count(roll, `class="tag yes"`), "no": strings.Count(roll, `class="tag no"`)})
}

// rooms are the audiences of names from the widest on.
var rooms = []conference.Audience{conference.ToPublic, conference.ToObservers, conference.ToParticipants, conference.ToChair, conference.ToSecretariat}

// reads looks for private words in what somebody of an audience reads. own are persons who may read their own names.
func (l *laws) reads(what, text string, to conference.Audience, own ...string) error {
	l.counts.Searched += int64(len(text))
	for rest := text; ; {
		_, after, found := strings.Cut(rest, token)
		if !found {
			return nil
		}
		rest = after
		word, _, _ := strings.Cut(after, "-")
		meant, name := l.names[word]
		switch {
		case name && meant == forgotten:
		case to == conference.ToSecretariat:
			continue
		case name && meant != "" && slices.Index(rooms, meant) <= slices.Index(rooms, to):
			continue
		case name && slices.ContainsFunc(own, func(p string) bool { return p != "" && strings.HasPrefix(word, p) }):
			continue
		}
		return l.broken("nobody reads what is not meant for them", "%s: %s%.60s", what, token, after)
	}
}

// forgotten marks names of who was forgotten: they are for nobody.
const forgotten conference.Audience = "forgotten"
