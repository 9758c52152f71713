package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
)

// Signing in, in three ways: a link of the secretariat's leads to a passkey (enrol.go), a passkey opens a session, a
// provider vouches (provider.go). What consists of several steps is a ceremony: begun here, done at the reader's
// device, finished here once.
//
//	/LANG/signin                 begin, finish: a passkey opens a session
//	/LANG/enrol/TOKEN            begin, finish: a link leads to a passkey
//	/LANG/me                     passkeys and sessions; device/begin, device/made: a further passkey
//	/LANG/signed                 the attestation of an act that one of these places asked for
//	/LANG/enrolments             officers make links; cards: on paper
//	/LANG/roles                  of the training body: take a role

// How long a ceremony may take at the reader's device, and how many may be under way.
const (
	enrolling     = 5 * time.Minute
	signingIn     = 2 * time.Minute
	maxCeremonies = 20_000
)

// A ceremony is one under way. It is used once, whatever comes of it: authenticators that are synced count no uses,
// so nothing else stops a replay.
type ceremony struct {
	kind     string // the place it was begun for
	until    time.Time
	person   conference.PersonID
	link     string // the token it was begun with
	data     webauthn.SessionData
	act      *Act // waits for its attestation
	done     func(*turn, Receipt) (any, error)
	sign     func(*turn, record.Attestation) (any, error) // in place of doing the act
	provider attempt
}

// ceremonies are those under way, by the value of a cookie.
type ceremonies struct {
	mu  sync.Mutex
	all map[string]ceremony
}

// begin keeps a ceremony; of too many the one that would end first is dropped.
func (c *ceremonies) begin(token string, one ceremony) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) >= maxCeremonies {
		first, now := "", time.Now()
		for t, old := range c.all {
			if old.until.Before(now) {
				delete(c.all, t)
			} else if first == "" || old.until.Before(c.all[first].until) {
				first = t
			}
		}
		if len(c.all) >= maxCeremonies {
			delete(c.all, first)
		}
	}
	if c.all == nil {
		c.all = map[string]ceremony{}
	}
	c.all[token] = one
}

// take removes a ceremony and returns it, if it was begun for this and is not over.
func (c *ceremonies) take(token, kind string) (ceremony, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one, ok := c.all[token]
	delete(c.all, token)
	return one, ok && one.kind == kind && time.Now().Before(one.until)
}

// begin keeps a ceremony for the browser of a visit.
func (s *site) begin(v *turn, one ceremony, lasts time.Duration) {
	token := rand.Text()
	if s.Others != nil {
		token = s.Others.Name() + "~" + token
	}
	one.until = time.Now().Add(lasts)
	s.ceremonies.begin(token, one)
	s.setCookie(v.w, v.r, "ceremony", token, int(lasts.Seconds()))
}

func (s *site) finish(v *turn, kind string) (ceremony, error) {
	one, ok := s.ceremonies.take(s.cookie(v.r, "ceremony"), kind)
	s.setCookie(v.w, v.r, "ceremony", "", -1)
	if !ok {
		return one, tell(http.StatusConflict, "signin.over")
	}
	return one, nil
}

// relying is the party that passkeys are made for (WebAuthn Level 3 section 5.1.3): the record names it. A story's
// record on this machine may do without, and is its own.
func (s *site) relying(v *turn) (*webauthn.WebAuthn, error) {
	id, origins, err := s.relyingParty(v)
	if err != nil {
		return nil, err
	}
	return webauthn.New(&webauthn.Config{
		RPID: id, RPDisplayName: s.layout(v.view, v.lang, "").Body, RPOrigins: origins,
		AttestationPreference:  protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired},
		Timeouts: webauthn.TimeoutsConfig{
			Login:        webauthn.TimeoutConfig{Enforce: true, Timeout: signingIn, TimeoutUVD: signingIn},
			Registration: webauthn.TimeoutConfig{Enforce: true, Timeout: enrolling, TimeoutUVD: enrolling},
		},
	})
}

func (s *site) relyingParty(v *turn) (id string, origins []string, err error) {
	if !s.safe(v.r) {
		return "", nil, tell(http.StatusForbidden, "signin.unsafe")
	}
	named, here := v.view.State().SignInAt(), s.here(v.r)
	host, _, err := net.SplitHostPort(v.r.Host)
	if err != nil {
		host = v.r.Host
	}
	_, isStory := record.StoryBody(v.view.Origin())
	switch {
	case slices.Contains(named.Origins, here):
		return named.Domain, named.Origins, nil
	case isStory && local(v.r) && host == "localhost":
		return host, []string{here}, nil
	case named.Domain != "":
		return "", nil, tell(http.StatusForbidden, "signin.otherorigin", named.Origins[0])
	}
	return "", nil, tell(http.StatusForbidden, "signin.noorigin")
}

// here is the origin under which the browser knows this site (RFC 6454 section 6.2).
func (s *site) here(r *http.Request) string {
	if s.secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// A holder is a person as the passkey library wants to know one. The handle is the person's id, 16 random bytes:
// nothing of a person is written into a device but the name it shows.
type holder struct {
	person conference.PersonID
	name   string
	keys   []webauthn.Credential
}

func (h holder) WebAuthnID() []byte {
	b, _ := hex.DecodeString(string(h.person))
	return b
}
func (h holder) WebAuthnName() string                       { return h.name }
func (h holder) WebAuthnDisplayName() string                { return h.name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// holder is a person with the passkeys that stand. flags are those the device says its passkey has: whether it is
// synced may change nothing here.
func (s *site) holder(v *turn, p conference.PersonID, flags protocol.AuthenticatorFlags) holder {
	h := holder{person: p, name: s.ownName(v, p)}
	st := v.view.State()
	for _, k := range st.Passkeys(p) {
		raw, err := canonical.DecodeBytes(k.Credential)
		if err != nil || k.Revoked {
			continue
		}
		if key, err := cose(k.Key); err == nil {
			h.keys = append(h.keys, webauthn.Credential{ID: raw, PublicKey: key, Flags: webauthn.NewCredentialFlags(flags)})
		}
	}
	return h
}

// cose writes a point of P-256 (SEC 1 section 2.3.3, base64url) as WebAuthn has keys (RFC 9053 section 7.1).
func cose(point string) ([]byte, error) {
	b, err := canonical.DecodeBytes(point)
	if err != nil || len(b) != 65 || b[0] != 4 {
		return nil, errors.New("no uncompressed point of P-256")
	}
	return webauthncbor.Marshal(webauthncose.EC2PublicKeyData{
		PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.EllipticKey), Algorithm: int64(webauthncose.AlgES256)},
		Curve:         int64(webauthncose.P256), XCoord: b[1:33], YCoord: b[33:],
	})
}

// point is the inverse of cose; only ES256 is enrolled.
func point(key []byte) (string, error) {
	parsed, err := webauthncose.ParsePublicKey(key)
	if err != nil {
		return "", err
	}
	k, ok := parsed.(webauthncose.EC2PublicKeyData)
	if !ok || k.Algorithm != int64(webauthncose.AlgES256) || len(k.XCoord) != 32 || len(k.YCoord) != 32 {
		return "", errors.New("no ES256 key")
	}
	return canonical.EncodeBytes(slices.Concat([]byte{4}, k.XCoord, k.YCoord)), nil
}

var onlyES256 = webauthn.WithCredentialParameters([]protocol.CredentialParameter{{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256}})

// SignInPage is where a session is opened, or enrolment begins.
type SignInPage struct {
	Layout
	Provider bool
	Roles    bool
	Why      string // why one cannot sign in here, or ""
	WhyHelp  string
}

// own is the layout of a personal place.
func (s *site) own(v *turn, title string) Layout {
	p := s.layout(v.view, v.lang, strings.Join(v.parts, "/"))
	p.Here, p.Title, p.Script = "signin", v.lang.Say(title), true
	return p
}

func (s *site) signInPage(v *turn) error {
	if v.in {
		return v.to("me")
	}
	p := SignInPage{Layout: s.own(v, "signin.title"), Provider: s.Provider != nil, Roles: s.Roles && local(v.r)}
	var why told
	if _, _, err := s.relyingParty(v); errors.As(err, &why) {
		p.Why, p.WhyHelp = v.lang.Say(why.key, why.args...), v.lang.Say(why.key+"help", why.args...)
	}
	return s.show(v, "signin", p)
}

// signInStep begins a session with a passkey, or finishes.
func (s *site) signInStep(v *turn) error {
	if len(v.parts) != 2 {
		return errNotFound
	}
	from := s.address(v.r)
	if s.failures.spent(from) {
		v.w.Header().Set("Retry-After", "5")
		return tell(http.StatusTooManyRequests, "page.toomany")
	}
	answer, err := any(nil), errNotFound
	switch v.parts[1] {
	case "begin":
		answer, err = s.beginSignIn(v)
	case "finish":
		if answer, err = s.finishSignIn(v); err != nil {
			s.failures.allow(from)
			s.audit(v.r, "sign-in refused", "")
		}
	}
	if err != nil {
		return err
	}
	sendJSON(v.w, v.r, answer)
	return nil
}

func (s *site) beginSignIn(v *turn) (any, error) {
	rp, err := s.relying(v)
	if err != nil {
		return nil, err
	}
	options, data, err := rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, err
	}
	s.begin(v, ceremony{kind: "signin", data: *data}, signingIn)
	return options.Response, nil
}

// next is where a browser goes after a step.
type next struct {
	To string `json:"to"`
}

func (v *turn) next(rest string) next { return next{"/" + v.lang.Code + "/" + rest} }

func (s *site) finishSignIn(v *turn) (any, error) {
	one, err := s.finish(v, "signin")
	if err != nil {
		return nil, err
	}
	rp, err := s.relying(v)
	if err != nil {
		return nil, err
	}
	body, err := v.body()
	if err != nil {
		return nil, err
	}
	reply, err := protocol.ParseCredentialRequestResponseBytes(body)
	if err != nil {
		return nil, tell(http.StatusBadRequest, "signin.notunderstood")
	}
	credential := canonical.EncodeBytes(reply.RawID)
	k, known := v.view.State().Passkey(credential)
	if !known || k.Revoked {
		return nil, tell(http.StatusForbidden, "signin.unknownkey")
	}
	_, _, err = rp.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		if hex.EncodeToString(handle) != string(k.Person) {
			return nil, errNotFound
		}
		return s.holder(v, k.Person, reply.Response.AuthenticatorData.Flags), nil
	}, one.data, reply)
	in := session{Person: k.Person, Credential: credential}
	if err != nil || !stands(v.view.State(), in) {
		return nil, tell(http.StatusForbidden, "signin.refused")
	}
	s.signInWith(v.w, v.r, in)
	return v.next(s.workplace(v, k.Person)), nil
}

// beginPasskey asks the reader's device for a new passkey of a person.
func (s *site) beginPasskey(v *turn, one ceremony) (any, error) {
	rp, err := s.relying(v)
	if err != nil {
		return nil, err
	}
	h := s.holder(v, one.person, 0)
	var have []protocol.CredentialDescriptor
	for _, k := range h.keys {
		have = append(have, k.Descriptor())
	}
	options, data, err := rp.BeginRegistration(h, onlyES256, webauthn.WithExclusions(have))
	if err != nil {
		return nil, err
	}
	one.data = *data
	s.begin(v, one, enrolling)
	return options.Response, nil
}

// newPasskey reads what the device made.
func (s *site) newPasskey(v *turn, one ceremony) (credential, key string, err error) {
	rp, err := s.relying(v)
	if err != nil {
		return "", "", err
	}
	body, err := v.body()
	if err != nil {
		return "", "", err
	}
	reply, err := protocol.ParseCredentialCreationResponseBytes(body)
	if err != nil {
		return "", "", tell(http.StatusBadRequest, "signin.notunderstood")
	}
	made, err := rp.CreateCredential(s.holder(v, one.person, 0), one.data, reply)
	if err == nil {
		key, err = point(made.PublicKey)
	}
	if err != nil {
		return "", "", tell(http.StatusForbidden, "signin.refused")
	}
	return canonical.EncodeBytes(made.ID), key, nil
}

// act is an act about oneself or the enrolment of others, as one of these places submits it.
func (s *site) act(v *turn, by conference.PersonID, as conference.Capacity, name string, fields any) *Act {
	value, err := canonical.Parse(string(canonical.Encode(nil, fields)))
	if err != nil {
		panic(err) // the fields are ours
	}
	var key [16]byte
	rand.Read(key[:])
	notAfter := s.Desk.Now() + record.Instant(10*time.Minute/time.Millisecond)
	return &Act{Submitted: record.Submitted{
		As: string(as), By: string(by), Fields: value, Key: canonical.EncodeBytes(key[:]), Name: name,
		NotAfter: &notAfter, Origin: v.view.Origin(), Seen: v.view.State().Size,
	}}
}

// Prepared is what sign.js asks a passkey for: window.kurultai.attest(prepared).
type Prepared struct {
	Challenge   string   `json:"challenge"` // base64url
	RPID        string   `json:"rpId"`
	Credentials []string `json:"credentials"` // base64url
	Timeout     int64    `json:"timeout"`     // ms
	Submitted   string   `json:"submitted"`   // the bytes that are signed
}

// prepared is what attests an act by a person's passkeys.
func (s *site) prepared(v *turn, a *Act) (*Prepared, error) {
	id, _, err := s.relyingParty(v)
	if err != nil {
		return nil, err
	}
	challenge := a.Submitted.Challenge()
	p := &Prepared{Challenge: canonical.EncodeBytes(challenge[:]), RPID: id, Timeout: signingIn.Milliseconds(), Submitted: a.Submitted.Text()}
	st := v.view.State()
	for _, k := range st.Passkeys(conference.PersonID(a.Submitted.By)) {
		if !k.Revoked {
			p.Credentials = append(p.Credentials, k.Credential)
		}
	}
	if len(p.Credentials) == 0 {
		return nil, tell(http.StatusForbidden, "signin.nokey")
	}
	return p, nil
}

// submit does an act, or asks for its attestation where it needs one; then the act waits for /LANG/signed. done says
// what comes next.
func (s *site) submitted(v *turn, a *Act, done func(*turn, Receipt) (any, error)) (any, error) {
	if v.view.State().AttestationDue(&a.Submitted) {
		p, err := s.prepared(v, a)
		if err != nil {
			return nil, err
		}
		s.begin(v, ceremony{kind: "signed", person: v.Person, act: a, done: done}, signingIn)
		return map[string]any{"prepared": p}, nil
	}
	receipt, err := s.do(v.r.Context(), a)
	if err != nil {
		return nil, err
	}
	return done(v, receipt)
}

// do submits an act; one that was begun is finished though its reader has gone.
func (s *site) do(ctx context.Context, a *Act) (Receipt, error) {
	return s.Desk.Do(context.WithoutCancel(ctx), a)
}

// signed takes the attestation of an act that waits for it.
func (s *site) signed(v *turn) error {
	one, err := s.finish(v, "signed")
	if err != nil {
		return err
	}
	body, err := v.body()
	if err != nil {
		return err
	}
	var a record.Attestation
	if err := json.Unmarshal(body, &a); err != nil || a.Check() != nil {
		return tell(http.StatusBadRequest, "signin.notunderstood")
	}
	if !v.in || v.Person != one.person {
		return tell(http.StatusUnauthorized, "page.signin")
	}
	if one.sign != nil {
		answer, err := one.sign(v, a)
		if err != nil {
			return err
		}
		return s.answerStep(v, answer)
	}
	one.act.Attestations = []record.Attestation{a}
	receipt, err := s.do(v.r.Context(), one.act)
	if err != nil {
		return err
	}
	answer, err := one.done(v, receipt)
	if err != nil {
		return err
	}
	return s.answerStep(v, answer)
}

// answerStep answers a program with JSON; a person without a script goes on, or reads that an attestation needs one.
func (s *site) answerStep(v *turn, answer any) error {
	if wantsJSON(v.r) {
		sendJSON(v.w, v.r, answer)
		return nil
	}
	n, ok := answer.(next)
	if !ok {
		return tell(http.StatusForbidden, "signin.needsscript")
	}
	http.Redirect(v.w, v.r, n.To, http.StatusSeeOther)
	return nil
}

// ownName is what a person is called, to itself or to who is signed in: a name that reader may see, in the reader's
// language, else in another; else the office.
func (s *site) ownName(v *turn, p conference.PersonID) string {
	view := v.view
	if !v.in {
		view = view.For(s.reader(view, p)) // whoever comes by the person's link or passkey
	}
	return newTeller(view, v.lang).known(p, s.Desk.Now())
}

// known is what a person is called by who works with it: a name that may be read, in the reader's language or another,
// else the office it holds.
func (t teller) known(p conference.PersonID, at record.Instant) string {
	if name, ok := t.shownAs(p); ok {
		return name
	}
	for _, o := range t.s.OfficesOf(p, at) {
		return t.office(o)
	}
	return t.l.Say("page.withheld")
}

// shownAs is a name that may be read, in the reader's language or another.
func (t teller) shownAs(p conference.PersonID) (name string, ok bool) {
	for _, l := range append([]string{t.l.Code, "en"}, tongues()...) {
		if name, ok := t.v.Name(p, conference.Language(l)); ok {
			return name, true
		}
	}
	return "", false
}

// tongues are the codes of the languages we speak.
func tongues() (list []string) {
	for _, l := range language.All() {
		list = append(list, l.Code)
	}
	return list
}

// opened is a sealed text, where this node may open it.
func (s *site) opened(ctx context.Context, d record.Digest) (string, bool) {
	if s.Open == nil {
		return "", false
	}
	disclosure, err := s.Open(ctx, d)
	if err != nil {
		return "", false
	}
	_, _, value, err := disclosure.Open()
	return value.Str, err == nil && value.Kind == canonical.String
}

// office names an office and whom it is held for.
func (t teller) office(o conference.Office) string {
	return together(", ", t.l.Say("capacity."+string(o.Capacity)), t.party(o.For))
}
