package web_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/passkey"
	"kurultai/secretariat"
	"kurultai/story/storytest"
	"kurultai/web"
)

// desk gives a secretariat's pen to the pages.
type desk struct{ s *secretariat.Secretariat }

func actOf(a *web.Act) *secretariat.Act {
	return &secretariat.Act{Submitted: a.Submitted, Attestations: a.Attestations, Disclosures: a.Disclosures, Blobs: a.Blobs}
}

func (d desk) Do(ctx context.Context, a *web.Act) (web.Receipt, error) {
	r, err := d.s.Do(ctx, actOf(a))
	return web.Receipt{Index: r.Index, At: r.At, Events: r.Events, Again: r.Again}, err
}

func (d desk) Rehearse(ctx context.Context, a *web.Act) (web.Receipt, error) {
	v := d.s.View()
	r, err := v.Rehearse(v.Origin(), d.s.Now, rand.Reader)(ctx, actOf(a))
	return web.Receipt{Index: r.Index, At: r.At, Events: r.Events, Again: r.Again}, err
}

func (d desk) Now() record.Instant { return d.s.Now() }

func (d desk) RehearseAll(ctx context.Context, acts []*web.Act) (int, error) {
	v := d.s.View()
	take := v.Rehearse(v.Origin(), d.s.Now, rand.Reader)
	for i, a := range acts {
		if _, err := take(ctx, actOf(a)); err != nil {
			return i, err
		}
	}
	return 0, nil
}

func (d desk) DoAll(ctx context.Context, acts []*web.Act) (int, error) {
	w := &secretariat.Whole{}
	for _, a := range acts {
		w.Acts = append(w.Acts, actOf(a))
	}
	err := d.s.DoWhole(ctx, w)
	return w.Failed, err
}

// kept holds sessions as a disk would.
type kept struct {
	mu sync.Mutex
	b  []byte
}

func (k *kept) Load() ([]byte, error) { k.mu.Lock(); defer k.mu.Unlock(); return k.b, nil }
func (k *kept) Save(b []byte) error   { k.mu.Lock(); defer k.mu.Unlock(); k.b = b; return nil }

// trusted is a proxy whose word is taken.
var trusted = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}

// A house is a training record with its site.
type house struct {
	s       *secretariat.Secretariat
	site    http.Handler
	options web.Options
	log     *bytes.Buffer
}

const here = "http://localhost:18440"

func open(t *testing.T) *house {
	h := &house{s: storytest.PlayText(t, storytest.FirstMeeting(t)), log: &bytes.Buffer{}}
	h.options = web.Options{Desk: desk{h.s}, Roles: true, Sessions: &kept{}, Log: slog.New(slog.NewTextHandler(h.log, nil)), Open: func(ctx context.Context, d record.Digest) (record.Disclosure, error) { return h.s.View().Open(ctx, d) }}
	h.restart()
	h.do(t, "NameOrigin", conference.Secretary, conference.NameOrigin{Domain: "localhost", Origins: []string{here}}, 0, 1)
	return h
}

func (h *house) restart() { h.site = web.New(reading{h.s}, h.options) }

// do has the nth secretaries do an act.
func (h *house) do(t *testing.T, name string, as conference.Capacity, fields any, officers ...int) {
	t.Helper()
	who := h.s.View().State().Holders(conference.Secretary)
	value, err := canonical.Parse(string(canonical.Encode(nil, fields)))
	if err != nil {
		t.Fatal(err)
	}
	var key [16]byte
	rand.Read(key[:])
	a := secretariat.Act{Submitted: record.Submitted{As: string(as), By: string(who[officers[0]].Person), Fields: value, Key: canonical.EncodeBytes(key[:]), Name: name, Origin: h.s.View().Origin()}}
	for _, n := range officers[1:] {
		a.Submitted.With = append(a.Submitted.With, record.With{As: string(as), By: string(who[n].Person)})
	}
	if _, err := h.s.Do(t.Context(), &a); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// A browser keeps cookies and has a key for a passkey.
type browser struct {
	t       *testing.T
	h       *house
	cookies map[string]string
	flags   map[string]*http.Cookie // as they were set
	key     *passkey.Key
	from    string
	header  map[string]string
	address string
}

func (h *house) browser(t *testing.T) *browser {
	key, err := passkey.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, h: h, cookies: map[string]string{}, flags: map[string]*http.Cookie{}, key: key, from: "127.0.0.1:50000", address: here}
}

func (b *browser) send(method, path, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, b.address+path, strings.NewReader(body))
	r.RemoteAddr = b.from
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if kind == "application/json" {
		r.Header.Set("Accept", "application/json")
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36")
	for k, v := range b.header {
		r.Header.Set(k, v)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.h.site.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.flags[c.Name] = c
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return w
}

func (b *browser) get(path string) *httptest.ResponseRecorder { return b.send("GET", path, "", "") }

func (b *browser) form(path string, fields ...string) *httptest.ResponseRecorder {
	v := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return b.send("POST", path, "application/x-www-form-urlencoded", v.Encode())
}

func (b *browser) json(path string, body any) *httptest.ResponseRecorder {
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.send("POST", path, "application/json", string(text))
}

// options are what a step of a ceremony asks of the device.
type options struct {
	Challenge        string
	User             struct{ ID string }
	PubKeyCredParams []struct{ Alg int }
}

func (b *browser) begin(path string) (o options) {
	b.t.Helper()
	w := b.json(path+"/begin", struct{}{})
	if err := json.Unmarshal(w.Body.Bytes(), &o); w.Code != 200 || err != nil {
		b.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return o
}

// made is what a device answers when it made a passkey, without attestation (WebAuthn Level 3 section 8.7).
func (b *browser) made(o options, flags byte) any {
	raw, _ := canonical.DecodeBytes(b.key.Credential())
	point, _ := canonical.DecodeBytes(b.key.Public())
	key, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		b.t.Fatal(err)
	}
	party := sha256.Sum256([]byte("localhost"))
	data := slices.Concat(party[:], []byte{flags, 0, 0, 0, 0}, make([]byte, 16), []byte{0, byte(len(raw))}, raw, key)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		b.t.Fatal(err)
	}
	client := fmt.Sprintf(`{"type":"webauthn.create","challenge":"%s","origin":"%s","crossOrigin":false}`, o.Challenge, b.address)
	return map[string]any{"id": b.key.Credential(), "rawId": b.key.Credential(), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": canonical.EncodeBytes([]byte(client)), "attestationObject": canonical.EncodeBytes(object)}}
}

// verified says that the user was present and verified, and that there is a credential in the data.
const verified = 0x45

// shown is what a device answers when it signs in.
func (b *browser) assertion(o options, person string) any {
	challenge, _ := canonical.DecodeBytes(o.Challenge)
	a, err := b.key.Assert(challenge, "localhost", b.address)
	if err != nil {
		b.t.Fatal(err)
	}
	handle, _ := hex.DecodeString(person)
	return map[string]any{"id": a.Credential, "rawId": a.Credential, "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": a.ClientDataJSON, "authenticatorData": a.AuthenticatorData, "signature": a.Signature, "userHandle": canonical.EncodeBytes(handle)}}
}

// take takes a role.
func (b *browser) take(c conference.Capacity, nth int) string {
	b.t.Helper()
	person := string(b.h.s.View().State().Holders(c)[nth].Person)
	if w := b.form("/en/roles", "person", person); w.Code != http.StatusSeeOther {
		b.t.Fatalf("taking a role: %d %s", w.Code, read(w.Body.String()))
	}
	return person
}

var linkIn = regexp.MustCompile(`>http://localhost:18440(/en/enrol/[A-Za-z0-9_-]{43})<`)

// invited has an officer make a link for a person.
func (h *house) invited(t *testing.T, person string) string {
	t.Helper()
	officer := h.browser(t)
	officer.take(conference.Secretary, 0)
	w := officer.form("/en/enrolments", "person", person)
	if w.Code != http.StatusSeeOther {
		t.Fatalf("making a link: %d %s", w.Code, read(w.Body.String()))
	}
	cards := officer.get(strings.TrimPrefix(w.Header().Get("Location"), here)).Body.String()
	m := linkIn.FindStringSubmatch(cards)
	if m == nil || !strings.Contains(cards, `<svg class="qr"`) {
		t.Fatalf("no link on the card:\n%s", read(cards))
	}
	return m[1]
}

// enrolled is a browser whose person has enrolled a passkey by a link.
func (h *house) enrolled(t *testing.T, person string) *browser {
	t.Helper()
	b := h.browser(t)
	link := h.invited(t, person)
	if w := b.json(link+"/finish", b.made(b.begin(link), verified)); w.Code != 200 {
		t.Fatalf("enrolling: %d %s", w.Code, w.Body)
	}
	return b
}

func (h *house) head(n int) string {
	return string(h.s.View().State().Holders(conference.Head)[n].Person)
}

func (b *browser) in() bool { return b.get("/en/me").Code == 200 }

func TestALinkLeadsToOnePasskeyOnce(t *testing.T) {
	h := open(t)
	person := h.head(0)
	link := h.invited(t, person)
	b := h.browser(t)
	page := b.get(link)
	if page.Code != 200 || !strings.Contains(read(page.Body.String()), "make this device your signature") || page.Header().Get("Referrer-Policy") != "no-referrer" || page.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v\n%s", page.Code, page.Header(), read(page.Body.String()))
	}
	o := b.begin(link)
	if handle, _ := canonical.DecodeBytes(o.User.ID); hex.EncodeToString(handle) != person || len(o.PubKeyCredParams) != 1 || o.PubKeyCredParams[0].Alg != -7 {
		t.Errorf("the device is asked for %+v", o)
	}
	if w := b.json(link+"/finish", b.made(b.begin(link), 0x41)); w.Code != 403 {
		t.Errorf("without verification: %d %s", w.Code, w.Body)
	}
	if w := b.json(link+"/finish", b.made(o, verified)); w.Code != 409 {
		t.Errorf("of an earlier ceremony: %d %s", w.Code, w.Body)
	}
	other := h.browser(t)
	o, theirs := b.begin(link), other.begin(link)
	if w := b.json(link+"/finish", b.made(theirs, verified)); w.Code != 403 {
		t.Errorf("with another browser's challenge: %d %s", w.Code, w.Body)
	}
	o = b.begin(link)
	if w := b.json(link+"/finish", b.made(o, verified)); w.Code != 200 || w.Body.String() != `{"to":"/en/me"}` {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if keys := h.s.View().State().Passkeys(conference.PersonID(person)); len(keys) != 1 || keys[0].Key != b.key.Public() || keys[0].Credential != b.key.Credential() {
		t.Errorf("enrolled %+v", keys)
	}
	if me := read(b.get("/en/me").Body.String()); !strings.Contains(me, "enrolled by the secretariat alone") || !strings.Contains(me, "Chrome, Linux") {
		t.Errorf("the page of oneself:\n%s", me)
	}
	if w := other.json(link+"/finish", other.made(theirs, verified)); w.Code != 410 {
		t.Errorf("a second passkey by one link: %d %s", w.Code, w.Body)
	}
	for path, want := range map[string]struct {
		code int
		says string
	}{link: {410, "This link was used"}, "/en/enrol/" + strings.Repeat("A", 43): {404, "This link opens nothing"}, "/en/enrol/short": {404, "This link opens nothing"}} {
		if w := other.get(path); w.Code != want.code || !strings.Contains(read(w.Body.String()), want.says) {
			t.Errorf("%.20s: %d %s", path, w.Code, read(w.Body.String()))
		}
	}
	again := h.invited(t, h.head(1))
	h.invited(t, h.head(1))
	if w := other.get(again); w.Code != 410 || !strings.Contains(read(w.Body.String()), "This link has ended") {
		t.Errorf("a link with another after it: %d", w.Code)
	}
}

// The officers of the founding were never registered, and enrol by a link as all do; a link ends with the office.
func TestAnOfficerWhoWasNeverRegisteredEnrols(t *testing.T) {
	h := open(t)
	officer := h.s.View().State().Holders(conference.Secretary)[1].Person
	if _, registered := h.s.View().State().Person(officer); registered {
		t.Fatal("the officer is registered, so this proves nothing")
	}
	b := h.enrolled(t, string(officer))
	if page := read(b.get("/en/enrolments").Body.String()); !strings.Contains(page, "devices: 1") {
		t.Errorf("the page of enrolments:\n%s", page)
	}
	link := h.invited(t, string(officer))
	h.do(t, "GrantOffice", conference.Secretary, conference.GrantOffice{Person: conference.PersonID(h.head(0)), Capacity: conference.Secretary}, 0, 1)
	h.do(t, "RevokeOffice", conference.Secretary, conference.RevokeOffice{Person: officer, Capacity: conference.Secretary}, 0, 1)
	if w := h.browser(t).get(link); w.Code != 404 || !strings.Contains(read(w.Body.String()), "This link opens nothing") {
		t.Errorf("a link of who left: %d %s", w.Code, read(w.Body.String()))
	}
	if b.in() {
		t.Error("a session outlives the office of who was never registered")
	}
}

func TestAPasskeySignsIn(t *testing.T) {
	h := open(t)
	person := h.head(0)
	b := h.enrolled(t, person)
	if w := b.form("/en/me/signout"); w.Code != 303 || b.in() {
		t.Fatal("still signed in")
	}
	before := "known-before"
	b.cookies["session"] = before
	o := b.begin("/en/signin")
	reply := b.assertion(o, person)
	if w := b.json("/en/signin/finish", reply); w.Code != 200 || !b.in() || b.cookies["session"] == before {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	first, held := b.cookies["session"], b.cookies
	b.cookies = map[string]string{}
	o = b.begin("/en/signin")
	ceremony := b.cookies["ceremony"]
	if w := b.json("/en/signin/finish", b.assertion(o, person)); w.Code != 200 {
		t.Fatal(w.Code)
	}
	b.cookies["ceremony"] = ceremony
	if w := b.json("/en/signin/finish", b.assertion(o, person)); w.Code != 409 {
		t.Errorf("a ceremony used twice: %d", w.Code)
	}
	b.cookies = held
	if b.json("/en/signin/finish", b.assertion(b.begin("/en/signin"), person)); b.cookies["session"] == first {
		t.Error("the session kept its cookie over a sign-in")
	}
	b.cookies["session"] = first
	if b.in() {
		t.Error("the cookie of before the sign-in is still worth something")
	}
	stranger, nobody := h.browser(t), h.browser(t)
	if w := stranger.json("/en/signin/finish", reply); w.Code != 409 {
		t.Errorf("replayed without a ceremony: %d", w.Code)
	}
	stranger.begin("/en/signin")
	if w := stranger.json("/en/signin/finish", reply); w.Code != 403 {
		t.Errorf("replayed in another ceremony: %d", w.Code)
	}
	if w := nobody.json("/en/signin/finish", nobody.assertion(nobody.begin("/en/signin"), person)); w.Code != 403 || !strings.Contains(w.Body.String(), "not enrolled here") {
		t.Errorf("a key nobody enrolled: %d %s", w.Code, w.Body)
	}
	thief := h.browser(t)
	thief.key = b.key
	if w := thief.json("/en/signin/finish", thief.assertion(thief.begin("/en/signin"), h.head(1))); w.Code != 403 {
		t.Errorf("for another person: %d %s", w.Code, w.Body)
	}
	o = thief.begin("/en/signin")
	thief.address = "http://localhost:18441"
	reply = thief.assertion(o, person)
	thief.address = here
	if w := thief.json("/en/signin/finish", reply); w.Code != 403 {
		t.Errorf("made for another origin: %d %s", w.Code, w.Body)
	}
	for name, c := range map[string]struct {
		kind, body string
		code       int
	}{"a form": {"application/x-www-form-urlencoded", "a=b", 415}, "no JSON": {"application/json", "{", 400}, "other JSON": {"application/json", "[]", 400}, "too much": {"application/json", `"` + strings.Repeat("a", 70_000) + `"`, 413}} {
		thief.begin("/en/signin")
		w := thief.send("POST", "/en/signin/finish", c.kind, c.body)
		if w.Code != c.code {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// A further passkey, and the end of one, are attested by one that stands.
func TestAPasskeyAttestsTheNext(t *testing.T) {
	h := open(t)
	person := h.head(0)
	b := h.enrolled(t, person)
	old, first := b.key, b.key.Credential()
	second, _ := passkey.New(rand.Reader)
	attested := func(w *httptest.ResponseRecorder, by *passkey.Key) *httptest.ResponseRecorder {
		t.Helper()
		var answer struct {
			Prepared struct {
				Challenge, Submitted string
				RPID                 string
				Credentials          []string
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); w.Code != 200 || err != nil || answer.Prepared.RPID != "localhost" || !slices.Contains(answer.Prepared.Credentials, first) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		challenge, _ := canonical.DecodeBytes(answer.Prepared.Challenge)
		if sum := sha256.Sum256([]byte("kurultai/act/v1\n" + answer.Prepared.Submitted)); !bytes.Equal(sum[:], challenge) {
			t.Error("the challenge is not that of what is shown")
		}
		a, err := by.Assert(challenge, "localhost", here)
		if err != nil {
			t.Fatal(err)
		}
		return b.json("/en/signed", a)
	}
	make := func() *httptest.ResponseRecorder {
		b.key = second
		defer func() { b.key = old }()
		return b.json("/en/me/device/made", b.made(b.begin("/en/me/device"), verified))
	}
	if w := attested(make(), second); w.Code != 409 || !strings.Contains(w.Body.String(), "detail") {
		t.Errorf("attested by itself: %d %s", w.Code, w.Body)
	}
	if w := attested(make(), old); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if n := strings.Count(b.get("/en/me").Body.String(), `name="credential"`); n != 2 {
		t.Errorf("%d passkeys are listed", n)
	}
	// In a story's record the end of one's own passkey needs no attestation, so it goes without a script too.
	if w := b.form("/en/me/revoke", "credential", first); w.Code != 303 {
		t.Errorf("%d %s", w.Code, read(w.Body.String()))
	}
	if b.in() {
		t.Error("the session outlived the passkey it was opened with")
	}
	if w := b.json("/en/signin/finish", b.assertion(b.begin("/en/signin"), person)); w.Code != 403 || !strings.Contains(w.Body.String(), "not enrolled here") {
		t.Errorf("a passkey that was withdrawn signs in: %d", w.Code)
	}
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	h := open(t)
	one, two, three := h.browser(t), h.browser(t), h.browser(t)
	for _, b := range []*browser{one, two, three} {
		b.take(conference.Head, 0)
	}
	other := h.browser(t)
	other.take(conference.Head, 1)
	page := one.get("/en/me").Body.String()
	ids := regexp.MustCompile(`name="session" value="([0-9a-f]{16})"`).FindAllStringSubmatch(page, -1)
	if len(ids) != 2 || strings.Contains(page, "127.0.0.1") {
		t.Fatalf("%d sessions can be ended", len(ids))
	}
	if w := other.form("/en/me/end", "session", ids[0][1]); w.Code != 303 || !two.in() || !three.in() {
		t.Error("somebody else's session was ended")
	}
	one.form("/en/me/end", "session", ids[0][1])
	if two.in() == three.in() {
		t.Error("not exactly one was ended")
	}
	one.form("/en/me/end", "session", "others")
	if two.in() || three.in() || !one.in() || !other.in() {
		t.Error("not all others were ended")
	}
	h.restart()
	if !one.in() || two.in() {
		t.Error("a restart changed who is signed in")
	}
	if keep := h.options.Sessions.(*kept); bytes.Contains(keep.b, []byte(one.cookies["session"])) {
		t.Error("the file opens sessions")
	}
	h.options.Sessions.(*kept).b = []byte("{")
	h.restart()
	if one.in() {
		t.Error("sessions out of nothing")
	}
}

func TestASessionEnds(t *testing.T) {
	h := open(t)
	site := h.site
	synctest.Test(t, func(t *testing.T) {
		b := &browser{t: t, h: &house{s: h.s, site: site}, cookies: map[string]string{}, flags: map[string]*http.Cookie{}, from: "127.0.0.1:1", address: here}
		b.take(conference.Head, 0)
		for range 12 { // seen each eleven hours, for five days and a half
			time.Sleep(11 * time.Hour)
			if !b.in() {
				t.Fatal("it ended in use")
			}
		}
		time.Sleep(15 * time.Hour)
		if b.in() {
			t.Error("it outlived twelve idle hours")
		}
		b.take(conference.Head, 0)
		for range 15 {
			time.Sleep(11 * time.Hour)
			b.in()
		}
		time.Sleep(4 * time.Hour)
		if b.in() {
			t.Error("it outlived seven days")
		}
	})
	b := h.browser(t)
	person := b.take(conference.Head, 0)
	h.do(t, "ForgetPerson", conference.Secretary, conference.ForgetPerson{Person: conference.PersonID(person), Ground: "request"}, 0)
	if b.in() {
		t.Error("somebody forgotten is still signed in")
	}
}

func TestRolesAreTakenInTheTrainingBodyAtThisMachineAlone(t *testing.T) {
	h := open(t)
	person := h.head(0)
	for name, c := range map[string]struct {
		change func(*browser)
		code   int
	}{
		"here":                {func(*browser) {}, 303},
		"another machine":     {func(b *browser) { b.from = "192.0.2.7:1" }, 403},
		"another name":        {func(b *browser) { b.address = "http://evil.example" }, 403},
		"through a proxy":     {func(b *browser) { b.header = map[string]string{"X-Forwarded-For": "127.0.0.1"} }, 403},
		"a proxy of RFC 7239": {func(b *browser) { b.header = map[string]string{"Forwarded": "for=127.0.0.1"} }, 403},
		"a page of elsewhere": {func(b *browser) { b.header = map[string]string{"Sec-Fetch-Site": "cross-site"} }, 403},
		"a person of no body": {func(b *browser) { person = strings.Repeat("0", 32) }, 403},
		"nobody":              {func(b *browser) { person = "" }, 403},
	} {
		b := h.browser(t)
		before := person
		c.change(b)
		w := b.form("/en/roles", "person", person)
		person = before
		if w.Code != c.code || (len(b.cookies) > 0) != (c.code == 303) {
			t.Errorf("%s: %d, cookies %v", name, w.Code, b.cookies)
		}
	}
	if page := h.browser(t).get("/en/roles"); page.Code != 200 || strings.Count(page.Body.String(), `name="person"`) < 6 || len(page.Body.String()) > 50_000 {
		t.Errorf("%d, %d bytes", page.Code, len(page.Body.String()))
	}
	h.options.Roles = false
	h.restart()
	if w := h.browser(t).form("/en/roles", "person", person); w.Code != 403 {
		t.Errorf("in another record: %d", w.Code)
	}
	baku := &house{s: storytest.Play(t, "baku")}
	baku.options = web.Options{Desk: desk{baku.s}, Roles: true}
	baku.restart()
	officer := string(baku.s.View().State().Holders(conference.Secretary)[0].Person)
	if w := baku.browser(t).form("/en/roles", "person", officer); w.Code != 403 {
		t.Errorf("in a record of real states, though it was asked for: %d", w.Code)
	}
}

func TestCookiesAreBoundToThisSite(t *testing.T) {
	h := open(t)
	b := h.browser(t)
	b.take(conference.Head, 0)
	c := b.flags["session"]
	if c == nil || !c.HttpOnly || c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("on loopback: %+v", c)
	}
	for name, x := range map[string]struct {
		from   string
		proto  string
		cookie string
		code   int
	}{
		"https through a proxy here":     {"127.0.0.1:1", "https", "__Host-ceremony", 200},
		"https through a proxy we trust": {"198.51.100.9:1", "https", "__Host-ceremony", 200},
		"anybody who says so":            {"203.0.113.9:1", "https", "", 403},
		"plain http":                     {"203.0.113.9:1", "", "", 403},
	} {
		far := h.browser(t)
		far.address, far.from, far.header = "http://assembly.example", x.from, map[string]string{"X-Forwarded-Proto": x.proto}
		h.do(t, "NameOrigin", conference.Secretary, conference.NameOrigin{Domain: "assembly.example", Origins: []string{"https://assembly.example"}}, 0, 1)
		h.options.Proxies = trusted
		h.restart()
		w := far.json("/en/signin/begin", struct{}{})
		if w.Code != x.code {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if c := far.flags[x.cookie]; x.cookie != "" && (c == nil || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/") {
			t.Errorf("%s: %+v", name, far.flags)
		}
		if x.code == 403 && !strings.Contains(w.Body.String(), "https") {
			t.Errorf("%s does not say what to do: %s", name, w.Body)
		}
		if page := far.get("/en/signin").Body.String(); strings.Contains(page, "data-ceremony=") != (x.code == 200) {
			t.Errorf("%s: a button that cannot work, or none", name)
		}
	}
}

func TestWhatChangesSomethingComesFromHere(t *testing.T) {
	h := open(t)
	for name, c := range map[string]struct {
		header map[string]string
		code   int
	}{
		"a form of ours": {map[string]string{"Sec-Fetch-Site": "same-origin"}, 303}, "typed": {map[string]string{"Sec-Fetch-Site": "none"}, 303}, "another port": {map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"old browser, ours": {map[string]string{"Origin": here}, 303}, "old browser, theirs": {map[string]string{"Origin": "https://evil.example"}, 403}, "a sandboxed frame": {map[string]string{"Origin": "null"}, 403}, "a program": {nil, 303},
	} {
		b := h.browser(t)
		b.take(conference.Head, 0)
		b.header = c.header
		if w := b.form("/en/me/signout"); w.Code != c.code {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	for _, path := range []string{"/en/me", "/en/me/device/begin", "/en/me/end", "/en/enrolments", "/en/signed", "/en/enrolments/x"} {
		if w := h.browser(t).form(path, "person", h.head(0)); w.Code < 400 || w.Code >= 500 {
			t.Errorf("%s by nobody: %d", path, w.Code)
		}
	}
	delegate := h.browser(t)
	delegate.take(conference.Head, 0)
	if w := delegate.form("/en/enrolments", "person", h.head(0)); w.Code != 403 || delegate.get("/en/enrolments").Code != 403 {
		t.Errorf("links made by a delegate: %d", w.Code)
	}
	if w := delegate.form("/en/meetings/vii"); w.Code != 405 {
		t.Errorf("a post to what is read: %d", w.Code)
	}
}

func TestFailuresAndHasteAreLimited(t *testing.T) {
	h := open(t)
	b, refused := h.browser(t), 0
	for range 130 {
		if w := b.get("/en/enrol/" + canonical.EncodeBytes(make([]byte, 32))); w.Code != 404 {
			t.Fatal(w.Code)
		}
		if w := b.json("/en/signin/begin", struct{}{}); w.Code == 429 {
			refused++
		}
	}
	if refused < 20 {
		t.Errorf("%d begun after 100 failures were refused", refused)
	}
	b.from = "127.0.0.1:1"
	b.header = map[string]string{"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https"}
	if w := b.json("/en/signin/begin", struct{}{}); w.Code == 429 {
		t.Error("another address behind the proxy pays for the first")
	}
	fast := h.browser(t)
	fast.take(conference.Head, 0)
	slow := 0
	for range 60 {
		if w := fast.form("/en/me/end", "session", "none"); w.Code == 429 {
			slow++
		}
	}
	if slow < 10 {
		t.Errorf("%d of 60 acts at once were refused", slow)
	}
}

// The log holds what was done, and nothing of whom.
func TestTheLogKnowsNobody(t *testing.T) {
	h := open(t)
	person := h.head(0)
	link := h.invited(t, person)
	b := h.browser(t)
	b.get(link)
	b.get("/en/me/device/nothing")
	b.json(link+"/finish", b.made(b.begin(link), verified))
	b.form("/en/me/signout")
	b.json("/en/signin/finish", "nonsense")
	log := h.log.String()
	for _, want := range []string{"signed in", "signed out", "link made", "enrolled", "sign-in refused"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	forbidden := []string{strings.TrimPrefix(link, "/en/enrol/"), person, "127.0.0.1", "Chrome", b.key.Credential(), "Mozilla"}
	for _, name := range h.s.View().State().Holders(conference.Head) {
		if text, ok := h.s.View().Name(name.Person, "en"); ok {
			forbidden = append(forbidden, text)
		}
	}
	for _, word := range forbidden {
		if strings.Contains(log, word) {
			t.Errorf("the log holds %q:\n%s", word, log)
		}
	}
	if len(forbidden) < 8 {
		t.Errorf("%d words looked for", len(forbidden))
	}
}

// Every personal page, in every language: no word is missing, and the policy holds.
func TestPersonalPagesSpeakEveryLanguage(t *testing.T) {
	h := open(t)
	h.enrolled(t, h.head(0))
	link := h.invited(t, h.head(1))
	officer := h.browser(t)
	officer.take(conference.Secretary, 0)
	officer.form("/en/enrolments", "party", "xa")
	pages := 0
	for _, l := range language.All() {
		seen := map[string]bool{}
		for _, path := range []string{"/en/signin", "/en/me", "/en/enrolments", "/en/enrolments/cards?party=XA", "/en/roles", link, "/en/enrol/x", "/en/signed"} {
			b := officer
			if path == "/en/signin" {
				b = h.browser(t)
			}
			w := b.get(strings.Replace(path, "/en/", "/"+l.Code+"/", 1))
			body := w.Body.String()
			if strings.Contains(body, "⟨") || strings.Contains(body, "{0}") || strings.Contains(body, "%!") {
				t.Errorf("%s %s lacks a word: %s", l.Code, path, regexp.MustCompile(`⟨[^⟩]*⟩|\{0\}|%!.{9}`).FindString(body))
			}
			if regexp.MustCompile(`<script(>| [^s])|<style|\son[a-z]+=|style="|javascript:`).MatchString(body) {
				t.Errorf("%s %s holds what its policy forbids", l.Code, path)
			}
			policy := w.Header().Get("Content-Security-Policy")
			if !strings.Contains(policy, "require-trusted-types-for 'script'; trusted-types kurultai") || strings.Contains(policy, "unsafe") || !strings.Contains(w.Header().Get("Permissions-Policy"), "publickey-credentials-get=(self)") {
				t.Errorf("%s %s: %v", l.Code, path, w.Header())
			}
			seen[read(body)] = true
			pages++
		}
		if len(seen) < 8 {
			t.Errorf("%s: %d different pages", l.Code, len(seen))
		}
	}
	t.Logf("%d pages", pages)
}

func TestANodeThatOnlyReadsSignsNobodyIn(t *testing.T) {
	s := web.New(reading{storytest.PlayText(t, storytest.FirstMeeting(t))}, web.Options{})
	for _, path := range []string{"/en/signin", "/en/me", "/en/roles", "/en/enrolments"} {
		if w := get(s, path); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
		if w := do(s, "POST", path, nil); w.Code != 405 {
			t.Errorf("POST %s: %d", path, w.Code)
		}
	}
}
