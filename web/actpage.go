package web

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
	"kurultai/record/canonical"
)

// ActPage is the form of an act.
type ActPage struct {
	Layout
	Act      ActHelp
	Offices  []Option // in which capacity, for whom
	Meetings []Option // of an act of a meeting
	Seconds  []Option // who may sign an act of two persons with the author
	Fields   []Field
	Key      string // makes a second submission harmless
	Seen     int64
	NotAfter string   // until when it is meant, where that is said
	From     string   // the place one came from, to which the receipt leads back: chair, desk, floor or ""
	About    []string // kind/version/id
	Drafted  string   // what the papers are that the record gives for it, to look at
	Drafts   []Option
	Refusal  *Problem
	SignedIn bool
	Instead  Link // the page that fills the form in, where nobody does by hand
	Readonly bool // this node takes no acts
	Now      string
}

// ConfirmPage shows exactly what is signed.
type ConfirmPage struct {
	Layout
	Act         ActHelp
	Sentence    string
	Submitted   string
	Pretty      string
	Disclosures []string
	Blobs       []string
	Prepared    string // JSON, for the script that signs
	From        string
	Meeting     string
	Action      string
	Attested    bool
	Refusal     *Problem // why it was not taken when it was sent
}

// ReceiptPage says where an act stands in the record.
type ReceiptPage struct {
	Layout
	Index    int64
	At       string
	Again    bool
	Sentence string
	Now      string
	Waiting  string // whom an act of two persons waits for
}

// actPage shows the form of an act.
func (s *site) actPage(w http.ResponseWriter, r *http.Request, l *language.Language) {
	v := s.record.View()
	act, ok := v.State().Lookup(r.PathValue("act"))
	if !ok {
		s.fail(w, r, errNotFound)
		return
	}
	s.showForm(w, r, l, act, r.URL.Query(), nil, http.StatusOK)
}

// showForm shows a form with what stands in it already, and why it was refused.
func (s *site) showForm(w http.ResponseWriter, r *http.Request, l *language.Language, act *conference.Act, typed url.Values, refusal *Problem, status int) {
	v, who := s.viewFor(r), conference.PersonID("")
	p := ActPage{Layout: s.layout(v, l, "act/"+act.Name), Act: Explain(act, l), Refusal: refusal, Readonly: s.Desk == nil, About: typed["about"], From: typed.Get("from"), Now: s.backTo(l, typed.Get("from"), typed.Get("meeting"))}
	who, p.SignedIn = s.who(r)
	p.Here, p.Title, p.Lead = "act", p.Act.Title, p.Act.Help
	p.Drafted, p.Drafts = s.drafts(v, l, act, typed)
	if made, ok := madeByPages[act.Name]; ok && typed.Get("field.recipient") == "" && s.Desk != nil {
		p.Instead = Link{Text: l.Say(made.Text), Address: "/" + l.Code + "/" + made.Address}
	}
	f := form{t: newTeller(v, l), act: act, meeting: conference.MeetingID(typed.Get("meeting")), values: typed, reader: v.State().Reader(who, v.State().Last)}
	p.Offices = offices(f.t, act, who, typed)
	p.Meetings = f.meetings()
	p.Fields = f.fields()
	blame(p.Fields, refusal)
	p.Key = cmp.Or(typed.Get("key"), newKey())
	p.Seen = v.State().Size
	if n, err := strconv.ParseInt(typed.Get("seen"), 10, 64); err == nil && n > 0 && n < p.Seen {
		p.Seen = n
	}
	if refusal == nil || refusal.Code != "too-late" { // what came too late may be meant once more
		p.NotAfter = typed.Get("notAfter")
	}
	if act.TwoPersons {
		p.Seconds = seconds(f.t, act, who, typed.Get("with"))
		if p.NotAfter == "" && s.Desk != nil {
			p.NotAfter = (s.Desk.Now() + meantForTwo).String()
		}
	}
	s.showPage(w, r, l, "act", p, status)
}

// madeByPages are acts that hold what is encrypted, or a key: a page makes it on the device.
var madeByPages = map[string]Link{
	"SendNote":         {Text: "registry.write", Address: "registry/write"},
	"PassNote":         {Text: "registry.title", Address: "registry"},
	"DepositRecipient": {Text: "registry.make", Address: "registry/keys"},
}

// showPage answers with a page for one reader.
func (s *site) showPage(w http.ResponseWriter, r *http.Request, l *language.Language, name string, page any, status int) {
	body, err := s.render(name, page)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", l.Code)
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

func newKey() string {
	b := make([]byte, 16)
	rand.Read(b)
	return canonical.EncodeBytes(b)
}

// offices lists in which capacities an act may be done: those the person holds or, where it holds none, all.
func offices(t teller, act *conference.Act, who conference.PersonID, typed url.Values) (list []Option) {
	here := typed.Get("as")
	if here == "" {
		here = typed.Get("office")
	} else if party := typed.Get("for"); party != "" {
		here += "/" + party
	}
	for _, o := range t.s.ActsAs(who, t.s.Last) {
		if slices.Contains(act.Who, o.Capacity) {
			if act.Desk && o.Capacity == conference.Secretary {
				list = append(list, t.parties(here)...)
				continue
			}
			value := string(o.Capacity)
			if o.For != "" {
				value += "/" + string(o.For)
			}
			list = append(list, Option{value, t.office(o), value == here})
		}
	}
	if len(list) == 0 {
		for _, c := range act.Who {
			list = append(list, Option{string(c), t.l.Say("capacity." + string(c)), false})
		}
	}
	return list
}

// parties lists for whom an officer of the desk may act, on an instruction.
func (t teller) parties(here string) (list []Option) {
	for _, p := range t.s.Parties() {
		o := conference.Office{Capacity: conference.Secretary, For: p.ID}
		value := string(o.Capacity) + "/" + string(o.For)
		list = append(list, Option{value, t.office(o), value == here})
	}
	return list
}

func (f *form) meetings() (list []Option) {
	if !f.act.OfMeeting() {
		return nil
	}
	for _, m := range slices.Backward(f.t.s.Meetings()) {
		id := m.MeetingConvened.Meeting
		list = append(list, Option{string(id), together(" ", paper.Roman(m.Ordinal), f.t.place(m.Place)), id == f.meeting})
	}
	return list
}

func seconds(t teller, act *conference.Act, who conference.PersonID, here string) (list []Option) {
	for _, c := range act.Who {
		for _, o := range t.s.Holders(c) {
			if value := string(c) + "/" + string(o.Person); o.Person != who {
				list = append(list, Option{value, t.person(o.Person), value == here})
			}
		}
	}
	return list
}

// chanceOf is what the salts of a form are drawn from: the same for the same form sent twice, so that the second
// submission has the bytes of the first, and known to nobody outside.
func (s *site) chanceOf(who conference.PersonID, key string) io.Reader {
	mac := hmac.New(sha256.New, s.secret[:])
	mac.Write([]byte(string(who) + "/" + key))
	return mathrand.NewChaCha8([32]byte(mac.Sum(nil)))
}

// postAct takes a form.
func (s *site) postAct(w http.ResponseWriter, r *http.Request, l *language.Language) {
	act, known := s.record.View().State().Lookup(r.PathValue("act"))
	if !known {
		s.fail(w, r, errNotFound)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxSubmission)
	if err := parseForm(r); err != nil {
		s.sorry(w, r, l, err)
		return
	}
	who, in := s.who(r)
	switch {
	case !in:
		problem := Problem{Title: l.Say("page.signin"), Detail: l.Say("page.signinhelp"), Status: http.StatusUnauthorized}
		s.showForm(w, r, l, act, r.PostForm, &problem, problem.Status)
		return
	case s.Desk == nil:
		s.fail(w, r, errNotAllowed)
		return
	case r.PostForm.Has("more"):
		s.showForm(w, r, l, act, r.PostForm, nil, http.StatusOK)
		return
	case r.PostForm.Has("submitted"):
		s.postPrepared(w, r, l, act, who)
		return
	}
	s.postTyped(w, r, l, act, who)
}

// parseForm reads a form of either type, in memory.
func parseForm(r *http.Request) error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var err error
	switch kind {
	case "application/x-www-form-urlencoded":
		err = r.ParseForm()
	case "multipart/form-data":
		err = r.ParseMultipartForm(maxSubmission)
	default:
		return errProblem{http.StatusUnsupportedMediaType, "page.badtype", nil}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return errProblem{http.StatusRequestEntityTooLarge, "page.toolarge", nil}
	case err != nil:
		return errProblem{http.StatusBadRequest, "page.badform", nil}
	}
	return nil
}

// sorry answers with a calm page.
func (s *site) sorry(w http.ResponseWriter, r *http.Request, l *language.Language, err error) {
	var known errProblem
	if !errors.As(err, &known) {
		s.fail(w, r, err)
		return
	}
	m := Message{Layout: s.layout(s.record.View(), l, "")}
	m.Back, m.Title = m.Home, l.Say(known.key, known.args...)
	if l.Has(known.key + "help") {
		m.Lead = l.Say(known.key+"help", known.args...)
	}
	s.mayHelp(&m, l, known.status)
	s.showPage(w, r, l, "message", m, known.status)
}

// asked reads a form into what is asked for.
func (s *site) asked(r *http.Request, l *language.Language, act *conference.Act) (asked Asked, blobs [][]byte, err error) {
	f := form{t: newTeller(s.record.View(), l), act: act, values: r.PostForm}
	if r.MultipartForm != nil {
		f.files = r.MultipartForm.File
	}
	asked = Asked{Meeting: r.PostForm.Get("meeting"), Key: r.PostForm.Get("key")}
	if asked.As, asked.For, _ = strings.Cut(r.PostForm.Get("office"), "/"); !act.OfMeeting() {
		asked.Meeting = ""
	}
	asked.Seen, _ = strconv.ParseInt(r.PostForm.Get("seen"), 10, 64)
	for _, about := range r.PostForm["about"] {
		parts := strings.SplitN(about, "/", 3)
		if version, err := strconv.ParseInt(parts[min(1, len(parts)-1)], 10, 64); err == nil && len(parts) == 3 {
			asked.About = append(asked.About, record.About{Kind: parts[0], Version: version, ID: parts[2]})
		}
	}
	if as, by, chosen := strings.Cut(r.PostForm.Get("with"), "/"); chosen && act.TwoPersons {
		asked.With = []record.With{{As: as, By: by}}
	}
	if asked.NotAfter.UnmarshalText([]byte(r.PostForm.Get("notAfter"))) != nil {
		asked.NotAfter = 0
	}
	asked.Fields, blobs, err = f.typed()
	return asked, blobs, err
}

// postTyped does what a form says, or shows what is to be signed, or the form again with what stands against it.
func (s *site) postTyped(w http.ResponseWriter, r *http.Request, l *language.Language, act *conference.Act, who conference.PersonID) {
	again := func(problem Problem) { s.showForm(w, r, l, act, r.PostForm, &problem, problem.Status) }
	asked, blobs, err := s.asked(r, l, act)
	var typed errTyped
	if errors.As(err, &typed) {
		again(newTeller(s.viewFor(r), l).problem(r.PostForm.Get("meeting"), &conference.Refusal{Code: "malformed", Args: []string{typed.Error()}, Rule: "doc/record.md 2"}))
		return
	}
	var p PreparedAct
	var a *Act
	if err == nil {
		err = s.deaf()
	}
	var refusal *conference.Refusal
	if errors.As(err, &refusal) {
		again(newTeller(s.viewFor(r), l).problem(r.PostForm.Get("meeting"), refusal))
		return
	}
	if err == nil {
		p, a, err = s.prepareAct(r.Context(), l, act, who, asked, blobs, s.chanceOf(who, asked.Key))
	}
	switch {
	case err != nil:
		s.sorry(w, r, l, err)
	case p.Refusal != nil:
		again(*p.Refusal)
	case p.Attested:
		page := s.confirmPage(l, act, p, blobs)
		page.From, page.Meeting = r.PostForm.Get("from"), r.PostForm.Get("meeting")
		s.showPage(w, r, l, "confirm", page, http.StatusOK)
	default:
		s.finishAct(w, r, l, who, a, again)
	}
}

// postPrepared takes bytes that were shown before they were signed.
func (s *site) postPrepared(w http.ResponseWriter, r *http.Request, l *language.Language, act *conference.Act, who conference.PersonID) {
	sent := Submission{Submitted: r.PostForm.Get("submitted"), Disclosures: r.PostForm["disclosure"], Blobs: r.PostForm["blob"]}
	var a *Act
	again := func(problem Problem) {
		if a != nil && problem.Status == http.StatusServiceUnavailable { // the same bytes are taken later
			page := s.confirmPage(l, act, s.challenge(l, a, who, s.record.View().State().AttestationDue(&a.Submitted)), a.Blobs)
			page.From, page.Meeting, page.Refusal = r.PostForm.Get("from"), r.PostForm.Get("meeting"), &problem
			s.showPage(w, r, l, "confirm", page, problem.Status)
			return
		}
		s.showForm(w, r, l, act, url.Values{}, &problem, problem.Status)
	}
	if text := r.PostForm.Get("attestation"); text != "" {
		var signed record.Attestation
		if v, err := readJSON([]byte(text), false); err != nil || canonical.Decode(v, &signed) != nil {
			s.sorry(w, r, l, errProblem{http.StatusBadRequest, "page.badform", nil})
			return
		}
		sent.Attestations = []record.Attestation{signed}
	}
	sentAct, err := s.submission(act, sent)
	var refusal *conference.Refusal
	if errors.As(err, &refusal) {
		again(newTeller(s.viewFor(r), l).problem("", refusal))
		return
	}
	a = sentAct
	s.finishAct(w, r, l, who, a, again)
}

// finishAct has an act done and answers with its receipt.
func (s *site) finishAct(w http.ResponseWriter, r *http.Request, l *language.Language, who conference.PersonID, a *Act, again func(Problem)) {
	receipt, waits, err := s.take(r.Context(), who, a)
	var refusal *conference.Refusal
	switch {
	case errors.As(err, &refusal):
		again(newTeller(s.viewFor(r), l).problem(a.Submitted.Meeting, refusal))
		return
	case err != nil:
		s.sorry(w, r, l, err)
		return
	}
	if r.PostForm.Get("from") == "chair" && waits == nil {
		http.Redirect(w, r, "/"+l.Code+"/meetings/"+url.PathEscape(a.Submitted.Meeting)+"/chair", http.StatusSeeOther)
		return
	}
	if to := s.signingBack(l, r.PostForm.Get("from")); to != "" && waits == nil {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	v := s.viewFor(r)
	t := newTeller(v, l)
	p := ReceiptPage{Layout: s.layout(v, l, ""), Index: receipt.Index, Again: receipt.Again, Sentence: t.act(&a.Submitted), Now: s.backTo(l, r.PostForm.Get("from"), cmp.Or(a.Submitted.Meeting, r.PostForm.Get("meeting")))}
	status := http.StatusCreated
	if waits != nil {
		p.Waiting, status = t.known(waits.waits(), s.Desk.Now()), http.StatusAccepted
		p.Title = l.Say("page.waitssecond", p.Waiting)
	} else {
		at := receipt.At.String()
		p.Title, p.At = l.Say("page.recordedas", number(l, receipt.Index)), at[:10]+" "+at[11:19]+" UTC"
		w.Header().Set("Location", fmt.Sprintf("/%s/record/%d", l.Code, receipt.Index))
	}
	if receipt.Again {
		status = http.StatusOK
	}
	s.showPage(w, r, l, "receipt", p, status)
}

// backTo is where a receipt leads: to the place whoever acted came from, else to what may be done now.
func (s *site) backTo(l *language.Language, from, meeting string) string {
	now := s.nowAddress(l, meeting)
	if to := s.signingBack(l, from); to != "" {
		return to
	}
	if from == "registry" {
		return "/" + l.Code + "/registry"
	}
	if at, ok := strings.CutSuffix(now, "/now"); ok && slices.Contains([]string{"chair", "desk", "floor"}, from) && strings.Contains(at, "/meetings/") {
		return at + "/" + from
	}
	return now
}

// nowAddress is the page that says what may be done now.
func (s *site) nowAddress(l *language.Language, meeting string) string {
	if meeting != "" {
		if _, ok := s.record.View().State().Meeting(conference.MeetingID(meeting)); ok {
			return "/" + l.Code + "/meetings/" + meeting + "/now"
		}
	}
	return "/" + l.Code + "/now"
}

// confirmPage shows the bytes of an act to who is to sign them.
func (s *site) confirmPage(l *language.Language, act *conference.Act, p PreparedAct, blobs [][]byte) ConfirmPage {
	page := ConfirmPage{Layout: s.layout(s.record.View(), l, "act/"+act.Name), Act: Explain(act, l), Sentence: p.Sentence, Submitted: p.Submitted, Pretty: pretty(p.Submitted),
		Disclosures: p.Disclosures, Action: "/" + l.Code + "/act/" + act.Name, Attested: p.Attested}
	page.Title, page.Here = l.Say("page.confirm"), "act"
	for _, b := range blobs {
		page.Blobs = append(page.Blobs, base64.StdEncoding.EncodeToString(b))
	}
	text, _ := json.Marshal(p)
	page.Prepared = string(text)
	return page
}

// PendingPage lists acts of two persons that wait.
type PendingPage struct {
	Layout
	Waiting []PendingLine
}

// PendingLine is one of them.
type PendingLine struct {
	ID, Act, Sentence, Pretty, Until, First string
	Submitted                               string
	Mine                                    bool // it waits for who reads
	Prepared                                string
	Attested                                bool
}

// pendingPage shows the second person exactly what the first submitted.
func (s *site) pendingPage(w http.ResponseWriter, r *http.Request, l *language.Language) {
	who, in := s.who(r)
	if !in || s.Desk == nil {
		s.sorry(w, r, l, errProblem{http.StatusUnauthorized, "page.signin", nil})
		return
	}
	s.askHalves(r.Context())
	v := s.viewFor(r)
	p, t := PendingPage{Layout: s.layout(v, l, "pending")}, newTeller(v, l)
	p.Title, p.Lead, p.Here = l.Say("page.pending"), l.Say("page.pendinglead"), "act"
	for _, h := range s.halves.waitingFor(who, s.Desk.Now()) {
		if receipt, err := s.Desk.Rehearse(r.Context(), h.act); err == nil && receipt.Again { // another machine took it
			s.halves.drop(h.act)
			continue
		}
		a := &h.act.Submitted
		until := h.until.String()
		line := PendingLine{ID: h.id, Act: a.Name, Sentence: t.act(a), Pretty: pretty(a.Text()), Submitted: a.Text(), Until: until[:10] + " " + until[11:19] + " UTC", First: t.known(conference.PersonID(a.By), s.Desk.Now()),
			Mine: h.waits() == who, Attested: len(h.act.Attestations) > 0}
		if line.Mine {
			text, _ := json.Marshal(s.challenge(l, h.act, who, line.Attested))
			line.Prepared = string(text)
		}
		p.Waiting = append(p.Waiting, line)
	}
	s.showPage(w, r, l, "pending", p, http.StatusOK)
}
