package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"sync"

	"golang.org/x/text/unicode/norm"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
)

// How acts come in. Whoever has signed in asks POST /api/acts/ACT/prepare for the bytes of an act and what signs
// them, and submits those bytes at POST /api/acts/ACT. The form of a page does both at once where nothing is signed.

type (
	// Asked is what somebody asks to do, before it has its final bytes.
	Asked struct {
		About    []record.About  `json:"about,omitempty" jsonschema:"things it is about, as they stood when it was decided upon"`
		As       string          `json:"as" jsonschema:"capacity"`
		Fields   canonical.Value `json:"fields,omitempty" jsonschema:"fields of the act; a private value stands as {\"private\":value}, a private file as {\"private\":{\"blob\":its SHA-256,\"size\":bytes}}"`
		For      string          `json:"for,omitempty" jsonschema:"party"`
		Key      string          `json:"key,omitempty" jsonschema:"16 random bytes, base64url; drawn where absent"`
		Meeting  string          `json:"meeting,omitempty" jsonschema:"meeting"`
		NotAfter record.Instant  `json:"notAfter,omitempty" jsonschema:"when it is no longer meant; at most 24 hours from now"`
		Seen     int64           `json:"seen,omitempty" jsonschema:"size of the record its author saw"`
		With     []record.With   `json:"with,omitempty" jsonschema:"the second person of an act of two"`
	}
	// PreparedAct is an act with its final bytes, and what a passkey signs it by.
	PreparedAct struct {
		Prepared
		Disclosures []string `json:"disclosures,omitempty" jsonschema:"what opens its private values"`
		Sentence    string   `json:"sentence" jsonschema:"what it does, in the reader's language"`
		Attested    bool     `json:"attested,omitempty" jsonschema:"true where it has to be signed"`
		Refusal     *Problem `json:"refusal,omitempty" jsonschema:"why it would be refused now"`
	}
	// Submission is an act as it is submitted: the bytes as they were prepared.
	Submission struct {
		Attestations []record.Attestation `json:"attestations,omitempty" jsonschema:"one of each person, in order; of two persons each may bring its own"`
		Blobs        []string             `json:"blobs,omitempty" jsonschema:"the blobs its fields name, private ones plain, base64"`
		Disclosures  []string             `json:"disclosures,omitempty" jsonschema:"as they were prepared"`
		Submitted    string               `json:"submitted" jsonschema:"as it was prepared"`
	}
	// ReceiptView says where an act stands in the record.
	ReceiptView struct {
		Index  int64             `json:"index" jsonschema:"index of its entry"`
		At     string            `json:"at" jsonschema:"recorded time"`
		Events []json.RawMessage `json:"events,omitempty" jsonschema:"what it caused"`
		Again  bool              `json:"again,omitempty" jsonschema:"true where it had been taken before"`
		Size   int64             `json:"size" jsonschema:"of a checkpoint that covers it"`
	}
	// WaitingView says that an act of two persons waits for the second.
	WaitingView struct {
		Waiting string `json:"waiting" jsonschema:"the person it waits for"`
		Until   string `json:"until" jsonschema:"until when"`
	}
)

// How long a prepared act is meant, where nothing is said, in milliseconds.
const (
	meantAttested = 10 * 60_000
	meantForTwo   = 60 * 60_000
)

// An errProblem is an answer in the words of the pages: its title stands under key.
type errProblem struct {
	status int
	key    string
	args   []string
}

func (e errProblem) Error() string { return e.key }

// asks finds who asks for which act, and reads what it sends. The error is an errProblem, or a refusal where an act of two
// persons names no second: told before the bytes are read strictly, for those would say that a text is empty.
func (s *site) asks(w http.ResponseWriter, r *http.Request) (*conference.Act, conference.PersonID, canonical.Value, error) {
	none := canonical.Value{}
	who, in := s.who(r)
	limit := int64(maxAct)
	if in {
		limit = maxSubmission
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	act, known := s.record.View().State().Lookup(r.PathValue("act"))
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case errors.As(err, &large):
		return nil, "", none, errProblem{http.StatusRequestEntityTooLarge, "page.toolarge", nil}
	case !in:
		w.Header().Set("WWW-Authenticate", `Passkey realm="kurultai"`)
		return nil, "", none, errProblem{http.StatusUnauthorized, "page.signin", nil}
	case s.Desk == nil:
		return nil, "", none, errProblem{http.StatusMethodNotAllowed, "page.notallowed", nil}
	case !known:
		return nil, "", none, errProblem{http.StatusNotFound, "page.notfound", nil}
	case kind != "application/json":
		return nil, "", none, errProblem{http.StatusUnsupportedMediaType, "page.badtype", nil}
	case err != nil:
		return nil, "", none, err
	case act.TwoPersons && alone(body, isPrepare(r)):
		return nil, "", none, &conference.Refusal{Code: "one-person-only", Rule: act.Rule}
	}
	v, err := readJSON(body, isPrepare(r))
	if err != nil || v.Kind != canonical.Object {
		return nil, "", none, errProblem{http.StatusBadRequest, "page.badjson", []string{why(err)}}
	}
	return act, who, v, nil
}

// alone reports whether what was sent can be read and names no second person, or one without an id or a capacity.
func alone(body []byte, asked bool) bool {
	var sent struct {
		With      []record.With
		Submitted string
	}
	err := json.Unmarshal(body, &sent)
	if err == nil && !asked {
		err = json.Unmarshal([]byte(sent.Submitted), &sent)
	}
	return err == nil && (len(sent.With) == 0 || slices.ContainsFunc(sent.With, func(w record.With) bool { return w.By == "" || w.As == "" }))
}

func why(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// isPrepare reports whether a request is for the bytes: only then its text is brought to NFC, for what is submitted
// is taken as it was signed or not at all.
func isPrepare(r *http.Request) bool { return r.Pattern == "POST /api/acts/{act}/prepare" }

// prepare answers with the bytes of an act and with what would become of it.
func (s *site) prepare(w http.ResponseWriter, r *http.Request) {
	act, who, v, err := s.asks(w, r)
	if err != nil {
		s.complain(w, r, err)
		return
	}
	var asked Asked
	if err := canonical.Decode(v, &asked); err != nil {
		s.complain(w, r, errProblem{http.StatusBadRequest, "page.badjson", []string{err.Error()}})
		return
	}
	p, _, err := s.prepareAct(r.Context(), s.preferred(r), act, who, asked, nil, rand.Reader)
	if err != nil {
		s.complain(w, r, err)
		return
	}
	if p.Refusal != nil {
		w.Header().Set("Cache-Control", "no-store")
		s.sendProblem(w, r, *p.Refusal)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Language", s.preferred(r).Code)
	sendJSON(w, r, p)
}

// prepareAct gives an act its final bytes and rehearses it. Salts and the key, where there is none, come from chance.
func (s *site) prepareAct(ctx context.Context, l *language.Language, act *conference.Act, who conference.PersonID, asked Asked, blobs [][]byte, chance io.Reader) (PreparedAct, *Act, error) {
	v := s.record.View()
	fields, disclosures, err := record.Seal(asked.Fields, chance)
	if err != nil {
		return PreparedAct{}, nil, errProblem{http.StatusBadRequest, "page.badjson", []string{err.Error()}}
	}
	if asked.Key == "" {
		key := make([]byte, 16)
		if _, err := io.ReadFull(chance, key); err != nil {
			return PreparedAct{}, nil, err
		}
		asked.Key = canonical.EncodeBytes(key)
	}
	submitted := record.Submitted{Name: act.Name, By: string(who), As: asked.As, For: asked.For, Meeting: asked.Meeting, Fields: fields, About: asked.About, With: asked.With,
		Key: asked.Key, Origin: v.Origin(), Seen: cmp.Or(asked.Seen, v.State().Size)}
	if asked.NotAfter != 0 {
		submitted.NotAfter = &asked.NotAfter
	} else if act.TwoPersons {
		until := s.Desk.Now() + meantForTwo
		submitted.NotAfter = &until
	}
	a := &Act{Submitted: submitted, Disclosures: disclosures, Blobs: blobs}
	err = s.rehearse(ctx, a)
	attested := is(err, "not-attested")
	if is(err, "not-opened") && len(blobs) == 0 && len(record.Kept(fields)) > 0 { // blobs come with the submission
		err, attested = s.decidable(&a.Submitted), v.State().AttestationDue(&a.Submitted)
	}
	if attested {
		if a.Submitted.NotAfter == nil {
			until := s.Desk.Now() + meantAttested
			a.Submitted.NotAfter = &until
			a.Submitted.Changed()
		}
		err = s.decidable(&a.Submitted)
	}
	p := s.challenge(l, a, who, attested)
	var refusal *conference.Refusal
	if errors.As(err, &refusal) {
		problem := newTeller(v.For(s.reader(v, who)), l).problem(asked.Meeting, refusal)
		p.Refusal, err = &problem, nil
	}
	return p, a, err
}

// rehearse decides an act as the writer would now. Bytes that no entry can hold are malformed.
func (s *site) rehearse(ctx context.Context, a *Act) error {
	if err := formed(&a.Submitted, s.record.View().State().Size); err != nil {
		return err
	}
	_, err := s.Desk.Rehearse(ctx, a)
	return err
}

// formed checks that a submitted half has the form of one (doc/record.md section 2).
func formed(a *record.Submitted, size int64) error {
	v, err := canonical.Parse(a.Text())
	if err == nil {
		_, err = record.ParseSubmitted(v, size+1)
	}
	if err != nil {
		return &conference.Refusal{Code: "malformed", Args: []string{err.Error()}, Rule: "doc/record.md 2"}
	}
	return nil
}

// is reports whether an error is a refusal of a code.
func is(err error, code conference.Code) bool {
	var r *conference.Refusal
	return errors.As(err, &r) && r.Code == code
}

// pretty writes canonical JSON for people to read.
func pretty(text string) string {
	v, err := canonical.Parse(text)
	if err != nil {
		return text
	}
	return spread(v, "")
}

// decidable decides an act as if it were signed already.
func (s *site) decidable(a *record.Submitted) error {
	if _, r := conference.Decide(s.record.View().State(), a, s.Desk.Now()); r != nil {
		return r
	}
	return nil
}

// challenge is what a person signs an act by.
func (s *site) challenge(l *language.Language, a *Act, who conference.PersonID, attested bool) PreparedAct {
	v := s.record.View()
	sum := a.Submitted.Challenge()
	p := PreparedAct{Sentence: newTeller(v, l).act(&a.Submitted), Attested: attested,
		Prepared: Prepared{Submitted: a.Submitted.Text(), Challenge: canonical.EncodeBytes(sum[:]), RPID: v.State().SignInAt().Domain, Credentials: []string{}, Timeout: signingIn.Milliseconds()}}
	for _, d := range a.Disclosures {
		p.Disclosures = append(p.Disclosures, string(d))
	}
	for _, k := range v.State().Passkeys(who) {
		if !k.Revoked {
			p.Credentials = append(p.Credentials, k.Credential)
		}
	}
	return p
}

// submit takes an act whose bytes were prepared.
func (s *site) submit(w http.ResponseWriter, r *http.Request) {
	act, who, v, err := s.asks(w, r)
	if err != nil {
		s.complain(w, r, err)
		return
	}
	var sent Submission
	if err = canonical.Decode(v, &sent); err != nil {
		s.complain(w, r, errProblem{http.StatusBadRequest, "page.badjson", []string{err.Error()}})
		return
	}
	a, err := s.submission(act, sent)
	if err != nil {
		s.complain(w, r, err)
		return
	}
	receipt, half, err := s.take(r.Context(), who, a)
	switch {
	case err != nil:
		s.complain(w, r, err)
	case half != nil:
		w.Header().Set("Location", "/"+s.preferred(r).Code+"/pending")
		s.sendAs(w, r, http.StatusAccepted, WaitingView{string(half.waits()), half.until.String()})
	default:
		s.sendReceipt(w, r, receipt)
	}
}

func (s *site) sendReceipt(w http.ResponseWriter, r *http.Request, receipt Receipt) {
	view := ReceiptView{Index: receipt.Index, At: receipt.At.String(), Again: receipt.Again, Size: s.record.View().Checkpoint().Size}
	for _, e := range receipt.Events {
		view.Events = append(view.Events, e.Append(nil))
	}
	status := http.StatusCreated
	if receipt.Again {
		status = http.StatusOK
	}
	w.Header().Set("Location", fmt.Sprintf("/api/record/%d", receipt.Index))
	s.sendAs(w, r, status, view)
}

func (s *site) sendAs(w http.ResponseWriter, _ *http.Request, status int, result any) {
	body, err := json.Marshal(result)
	if err != nil {
		panic(err) // the types are ours
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body)
}

// submission reads what was sent into an act. Its bytes are taken as they are.
func (s *site) submission(act *conference.Act, sent Submission) (*Act, error) {
	bad := func(what string) error {
		return &conference.Refusal{Code: "malformed", Args: []string{what}, Rule: "doc/record.md 2"}
	}
	if !norm.NFC.IsNormalString(sent.Submitted) {
		return nil, bad("submitted: not in NFC")
	}
	v, err := canonical.Parse(sent.Submitted)
	if err != nil {
		return nil, bad("submitted: " + err.Error())
	}
	a := &Act{Attestations: sent.Attestations}
	if a.Submitted, err = record.ParseSubmitted(v, s.record.View().State().Size+1); err != nil {
		return nil, bad("submitted: " + err.Error())
	}
	if a.Submitted.Name != act.Name {
		return nil, bad("submitted.name: " + a.Submitted.Name)
	}
	for _, d := range sent.Disclosures {
		a.Disclosures = append(a.Disclosures, record.Disclosure(d))
	}
	for _, text := range sent.Blobs {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, bad("blobs: no base64")
		}
		a.Blobs = append(a.Blobs, b)
	}
	return a, nil
}

// errNotYou is the answer to who submits what another is the author of.
var errNotYou = errProblem{http.StatusUnauthorized, "page.notyou", nil}

// take has an act done, by its author or by the second of its two persons. The half of the first waits for the second.
func (s *site) take(ctx context.Context, who conference.PersonID, a *Act) (Receipt, *half, error) {
	second := slices.ContainsFunc(a.Submitted.With, func(w record.With) bool { return w.By == string(who) })
	if a.Submitted.By != string(who) && !second {
		return Receipt{}, nil, errNotYou
	}
	if len(a.Submitted.With) != 1 || a.Submitted.By == a.Submitted.With[0].By || len(a.Attestations) == 2 {
		if second {
			return Receipt{}, nil, errNotYou
		}
		receipt, err := s.Desk.Do(ctx, a)
		return receipt, nil, err
	}
	if receipt, err := s.Desk.Rehearse(ctx, a); receipt.Again && err == nil {
		return receipt, nil, nil
	}
	if !second {
		if err := errors.Join(s.decidable(&a.Submitted), s.deaf()); err != nil {
			return Receipt{}, nil, err
		}
		h := s.halves.wait(a, s.Desk.Now())
		if err := s.giveHalf(ctx, h); err != nil {
			return Receipt{}, nil, err
		}
		return Receipt{}, h, nil
	}
	whole := s.halves.complete(a, s.Desk.Now())
	if whole == nil {
		s.askHalves(ctx)
		whole = s.halves.complete(a, s.Desk.Now())
	}
	if whole == nil {
		return Receipt{}, nil, errNotYou
	}
	receipt, err := s.Desk.Do(ctx, whole)
	if err == nil {
		s.done(ctx, whole)
	}
	return receipt, nil, err
}

// A half is an act of two persons that the first has submitted, and perhaps signed.
type half struct {
	id    string // digest of its bytes
	act   *Act
	until record.Instant
}

// waits is whom it waits for.
func (h *half) waits() conference.PersonID {
	return conference.PersonID(h.act.Submitted.With[0].By)
}

// halves are the acts that wait for a second person, in memory: who does not come in time is asked again. Where several
// machines serve the record each has those of all (others.go).
type halves struct {
	mu  sync.Mutex
	all map[string]*half
}

// maxHalves bounds how many acts wait.
const maxHalves = 1000

// wait keeps a half until it is no longer meant.
func (hs *halves) wait(a *Act, now record.Instant) *half {
	until := now + meantForTwo
	if a.Submitted.NotAfter != nil {
		until = *a.Submitted.NotAfter
	}
	return hs.keep(a, now, until)
}

func (hs *halves) keep(a *Act, now, until record.Instant) *half {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.sweep(now)
	a.Blobs = nil // no act of two persons names one
	h := &half{id: string(record.DigestOf([]byte(a.Submitted.Text()))), act: a, until: until}
	if hs.all == nil || len(hs.all) >= maxHalves {
		hs.all = map[string]*half{}
	}
	hs.all[h.id] = h
	return h
}

func (hs *halves) sweep(now record.Instant) {
	for id, h := range hs.all {
		if now > h.until {
			delete(hs.all, id)
		}
	}
}

// complete joins what the second person brings with what the first left, or returns nil where nothing waits.
func (hs *halves) complete(a *Act, now record.Instant) *Act {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.sweep(now)
	h := hs.all[string(record.DigestOf([]byte(a.Submitted.Text())))]
	if h == nil {
		return nil
	}
	whole := *h.act
	whole.Attestations = slices.Concat(h.act.Attestations, a.Attestations)
	return &whole
}

// drop forgets a half and returns it; nil: there was none.
func (hs *halves) drop(a *Act) *half {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	id := string(record.DigestOf([]byte(a.Submitted.Text())))
	h := hs.all[id]
	delete(hs.all, id)
	return h
}

// list is all that wait, as machines give them to each other.
func (hs *halves) list() (list [][]byte) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	for _, h := range hs.all {
		list = append(list, h.given(false))
	}
	return list
}

// waitingFor lists the halves a person has to do with, in order of id.
func (hs *halves) waitingFor(p conference.PersonID, now record.Instant) (list []*half) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.sweep(now)
	for _, h := range hs.all {
		if h.act.Submitted.With[0].By == string(p) || h.act.Submitted.By == string(p) {
			list = append(list, h)
		}
	}
	slices.SortFunc(list, func(a, b *half) int { return cmp.Compare(a.id, b.id) })
	return list
}

// Refusals that say who may not, and those that say what is wrong with the act itself; the rest say what stands
// against it in the record.
var (
	whoMayNot = []conference.Code{"wrong-capacity", "not-holder", "one-person-only", "not-attested", "unknown-key", "key-revoked", "not-your-key", "wrong-challenge", "wrong-origin", "not-verified", "bad-signature",
		"observer-may-not", "credentials-rejected", "not-yours", "not-mover", "not-chair", "not-entitled", "not-speaker", "not-bracketer", "not-sponsor", "not-sender", "not-received", "may-not-pass-on"}
	wrongInItself = []conference.Code{"malformed", "too-long", "not-opened", "sealed-twice", "other-origin", "missing-language", "no-basis", "not-after-too-far", "no-instruction"}
)

// problem tells a refusal of an act at a meeting, or at none.
func (t teller) problem(m string, r *conference.Refusal) Problem {
	title, remedy := t.refusal(conference.MeetingID(m), r)
	p := Problem{Type: "about:blank", Title: title, Status: http.StatusConflict, Code: string(r.Code), Rule: r.Rule, Remedy: remedy, Args: r.Args}
	switch {
	case slices.Contains(whoMayNot, r.Code):
		p.Status = http.StatusForbidden
	case slices.Contains(wrongInItself, r.Code):
		p.Status = http.StatusUnprocessableEntity
	case r.Code == "clock-doubtful" || r.Code == "disk-full" || r.Code == "witnesses-silent" || r.Code == "no-majority" || r.Code == "not-connected":
		p.Status = http.StatusServiceUnavailable
	}
	return p
}

// complain answers with the problem an error is.
func (s *site) complain(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *conference.Refusal
	var known errProblem
	switch {
	case errors.As(err, &refusal):
		s.sendProblem(w, r, newTeller(s.viewFor(r), s.preferred(r)).problem("", refusal))
	case errors.As(err, &known):
		if known.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "GET, HEAD")
		}
		s.problem(w, r, known.status, known.key, known.args)
	case r.Context().Err() != nil: // nobody is there
	default:
		reference := rand.Text()[:8]
		slog.Error("act", "reference", reference, "place", logged(r), "error", err)
		s.problem(w, r, http.StatusInternalServerError, "page.fault", []string{reference})
	}
}
