package conference

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/passkey"
	"kurultai/record/recordtest"
)

// device draws a key as the nth device of the tests would.
func device(t testing.TB, n uint64) *passkey.Key {
	k, err := passkey.New(rand.NewChaCha8([32]byte{byte(n)}))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func enrolled(who int, k *passkey.Key) act {
	return act{as: Myself, by: who, name: "EnrolPasskey", fields: `{"credential":"` + k.Credential() + `","key":"` + k.Public() + `"}`}
}

const site = "https://assembly.example"

// A witnessed act: what is submitted and the assertions that come with it.
type assertion struct {
	s    *record.Submitted
	came []record.Attestation
}

func attest(t testing.TB, s *record.Submitted, keys ...*passkey.Key) assertion {
	w := assertion{s: s}
	for _, k := range keys {
		a, err := k.Attest(s, "assembly.example", site)
		if err != nil {
			t.Fatal(err)
		}
		w.came = append(w.came, a)
	}
	return w
}

// reworked changes the bytes of a member of an attestation.
func reworked(member *string, change func([]byte) []byte) {
	b, _ := canonical.DecodeBytes(*member)
	*member = canonical.EncodeBytes(change(b))
}

func swapText(old, new string) func([]byte) []byte {
	return func(b []byte) []byte { return []byte(strings.Replace(string(b), old, new, 1)) }
}

// attestedDesk is a body with an origin named, passkeys of the head of a (1), of two secretaries (2, 3), and of
// party a (4).
func attestedDesk(t testing.TB) (d *desk, keys []*passkey.Key) {
	d = newDesk(t)
	for n := range uint64(6) {
		keys = append(keys, device(t, n+1))
	}
	for _, a := range then(entering, origin_, enrolled(5, keys[0]), enrolled(1, keys[1]), enrolled(2, keys[2]),
		head("DepositPartyKey", `{"credential":"`+keys[3].Credential()+`","key":"`+keys[3].Public()+`","note":"‹x›"}`)) {
		d.must(t, a)
	}
	return d, keys
}

func (d *desk) soon(t testing.TB, a act) *record.Submitted {
	a.notAfter = d.at.AddHours(1)
	return d.submitted(t, a)
}

func TestAnAttestationFitsOneAct(t *testing.T) {
	d, keys := attestedDesk(t)
	mine, first, second, ofParty := keys[0], keys[1], keys[2], keys[3]
	d.must(t, enrolled(5, keys[4]))
	d.must(t, act{as: Secretary, by: 1, with: 2, name: "RevokePasskey", fields: `{"credential":"` + keys[4].Credential() + `","why":"lost"}`})
	ballot := func() *record.Submitted { return d.soon(t, yes) }
	countersign := func() *record.Submitted {
		return d.soon(t, head("CountersignKey", `{"credential":"`+mine.Credential()+`"}`))
	}
	grant := func() *record.Submitted {
		return d.soon(t, office(`{"capacity":"Rapporteur","person":"`+pid(4)+`"}`))
	}
	bend := func(change func(*record.Attestation)) assertion {
		w := attest(t, ballot(), mine)
		change(&w.came[0])
		return w
	}
	client := func(old, new string) assertion {
		return bend(func(a *record.Attestation) { reworked(&a.ClientDataJSON, swapText(old, new)) })
	}
	moved := func(change func(*record.Submitted)) assertion {
		w := attest(t, ballot(), mine)
		change(w.s)
		w.s.Changed()
		return w
	}
	elsewhere := func(domain, origin string) assertion {
		s := ballot()
		a, _ := mine.Attest(s, domain, origin)
		return assertion{s, []record.Attestation{a}}
	}
	der := func(change func([]byte) []byte) assertion {
		return bend(func(a *record.Attestation) { reworked(&a.Signature, change) })
	}
	story := func(w assertion) assertion {
		w.s.Origin = "story.invalid/test/0123456789abcdef"
		w.s.Changed()
		return w
	}
	late := d.at.AddHours(2)
	rows := []struct {
		name string
		code Code // "": right
		act  assertion
	}{
		{"right", "", attest(t, ballot(), mine)},
		{"right, by two", "", attest(t, grant(), first, second)},
		{"right, by the party", "", attest(t, countersign(), ofParty)},
		{"right, with what a browser adds", "", client2(t, ballot(), mine, `,"crossOrigin":false,"other_keys_can_be_added_here":"x"}`)},
		{"right, of an older browser", "", client2(t, ballot(), mine, `}`)},
		{"none in a story", "", story(attest(t, ballot()))},
		{"none where none is of consequence", "", attest(t, d.soon(t, present("a")))},
		{"none", "not-attested", attest(t, ballot())},
		{"one of two", "not-attested", attest(t, grant(), first)},
		{"two for one", "not-attested", attest(t, ballot(), mine, mine)},
		{"a wrong one in a story", "wrong-challenge", story(attest(t, ballot(), mine))},
		{"no notAfter", "not-attested", attest(t, d.submitted(t, yes), mine)},
		{"a further device without", "not-attested", attest(t, d.soon(t, enrolled(5, keys[5])))},
		{"a further device without, in a story", "not-attested", story(attest(t, d.soon(t, enrolled(5, keys[5]))))},
		{"a further device by itself", "unknown-key", attest(t, d.soon(t, enrolled(5, keys[5])), keys[5])},
		{"a further device by another", "", attest(t, d.soon(t, enrolled(5, keys[5])), mine)},
		{"a party's key replaced without, in a story", "not-attested", story(attest(t, d.soon(t, replaceKey)))},
		{"a party's key replaced by it", "", attest(t, d.soon(t, replaceKey), ofParty)},
		{"a party's key replaced by a head's", "not-your-key", attest(t, d.soon(t, replaceKey), mine)},
		{"unknown", "unknown-key", attest(t, ballot(), keys[5])},
		{"revoked", "key-revoked", attest(t, ballot(), keys[4])},
		{"somebody else's", "not-your-key", attest(t, ballot(), first)},
		{"the party's, for a person's act", "not-your-key", attest(t, ballot(), ofParty)},
		{"a person's, for the party's act", "not-your-key", attest(t, countersign(), mine)},
		{"two in the wrong order", "not-your-key", attest(t, grant(), second, first)},
		{"moved to another act", "wrong-challenge", moved(func(s *record.Submitted) { s.Fields, _ = canonical.Parse(`{"answer":"no","question":"q"}`) })},
		{"moved to another record", "wrong-challenge", moved(func(s *record.Submitted) { s.Origin = "example.org/other" })},
		{"moved to another capacity", "wrong-challenge", moved(func(s *record.Submitted) { s.As = "Delegate" })},
		{"moved to another party", "wrong-challenge", moved(func(s *record.Submitted) { s.For = "b" })},
		{"moved to another time", "wrong-challenge", moved(func(s *record.Submitted) { s.NotAfter = &late })},
		{"of a registration", "wrong-challenge", client("webauthn.get", "webauthn.create")},
		{"with white space", "wrong-challenge", client(`{"type"`, `{ "type"`)},
		{"another site", "wrong-origin", elsewhere("assembly.example", "https://evil.example")},
		{"another domain", "wrong-origin", elsewhere("evil.example", site)},
		{"a longer origin", "wrong-origin", elsewhere("assembly.example", site+".evil.example")},
		{"in a frame of another", "wrong-origin", client(`"crossOrigin":false`, `"crossOrigin":true`)},
		{"not closed", "wrong-origin", client(`"crossOrigin":false}`, `"crossOrigin":false`)},
		{"more after it", "wrong-origin", client(`"crossOrigin":false}`, `"crossOrigin":false}x`)},
		{"short data", "wrong-origin", bend(func(a *record.Attestation) {
			reworked(&a.AuthenticatorData, func(b []byte) []byte { return b[:36] })
		})},
		{"nobody present", "not-verified", bend(func(a *record.Attestation) {
			reworked(&a.AuthenticatorData, func(b []byte) []byte { b[32] = 0x04; return b })
		})},
		{"nobody verified", "not-verified", bend(func(a *record.Attestation) {
			reworked(&a.AuthenticatorData, func(b []byte) []byte { b[32] = 0x01; return b })
		})},
		{"another counter", "bad-signature", bend(func(a *record.Attestation) {
			reworked(&a.AuthenticatorData, func(b []byte) []byte { b[36]++; return b })
		})},
		{"another byte of client data", "bad-signature", client(`"crossOrigin":false}`, `"crossOrigin":false,"x":1}`)},
		{"another signature", "bad-signature", der(func(b []byte) []byte { b[len(b)-1] ^= 1; return b })},
		{"a byte after it", "bad-signature", der(func(b []byte) []byte { return append(b, 0) })},
		{"a long length", "bad-signature", der(func(b []byte) []byte { return slices.Concat([]byte{0x30, 0x81, b[1]}, b[2:]) })},
		{"a padded integer", "bad-signature", der(padded)},
		{"s above n", "bad-signature", der(func(b []byte) []byte { return resigned(b, func(s, n *big.Int) { s.Add(s, n) }) })},
		{"the large s", "", der(func(b []byte) []byte { return resigned(b, func(s, n *big.Int) { s.Sub(n, s) }) })},
	}
	met := map[Code]bool{}
	for _, c := range rows {
		r := Attested(&d.State, c.act.s, c.act.came)
		if c.code == "" && r != nil || c.code != "" && (r == nil || r.Code != c.code) {
			t.Errorf("%s: %v, want %q", c.name, r, c.code)
		}
		if again := VerifyAhead(&d.State, c.act.came).Attested(&d.State, c.act.s, c.act.came); fmt.Sprint(again) != fmt.Sprint(r) {
			t.Errorf("%s, verified ahead: %v, where it is %v otherwise", c.name, again, r)
		}
		met[c.code] = true
	}
	for _, code := range attestationRefusals {
		if !met[code] {
			t.Errorf("nothing meets %s", code)
		}
	}
	t.Logf("%d attestations", len(rows))
}

// What was verified ahead by one key says nothing where another stands for the credential, or none.
func TestWhatIsVerifiedAheadIsOfOneKey(t *testing.T) {
	d, keys := attestedDesk(t)
	w := attest(t, d.soon(t, yes), keys[0])
	ahead := VerifyAhead(&d.State, w.came)
	if len(ahead.keys) != 1 || ahead.keys[0] != keys[0].Public() {
		t.Fatalf("verified by %q", ahead.keys)
	}
	swapped := d.State
	k, _ := swapped.authenticity.passkeys.Get(keys[0].Credential())
	k.Key = keys[1].Public()
	swapped.authenticity.passkeys = swapped.authenticity.passkeys.Set(keys[0].Credential(), k)
	if r := ahead.Attested(&swapped, w.s, w.came); r == nil || r.Code != "bad-signature" {
		t.Errorf("another key in its place: %v", r)
	}
	k.Revoked = true
	swapped.authenticity.passkeys = swapped.authenticity.passkeys.Set(keys[0].Credential(), k)
	if r := ahead.Attested(&swapped, w.s, w.came); r == nil || r.Code != "key-revoked" {
		t.Errorf("revoked meanwhile: %v", r)
	}
	if early := VerifyAhead(&newDesk(t).State, w.came); early.keys != nil {
		t.Errorf("before the key was enrolled: %q", early.keys)
	}
	reworked(&w.came[0].Signature, func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
	if v := VerifyAhead(&d.State, w.came); v.keys != nil {
		t.Errorf("a wrong signature is verified by %q", v.keys)
	}
	if r := ahead.Attested(&d.State, w.s, w.came); r != nil {
		t.Errorf("what was verified is verified again: %v", r)
	}
}

// client2 is an assertion whose client data end as given.
func client2(t testing.TB, s *record.Submitted, k *passkey.Key, end string) assertion {
	challenge := s.Challenge()
	a, err := k.Sign([]byte(`{"type":"webauthn.get","challenge":"`+canonical.EncodeBytes(challenge[:])+`","origin":"`+site+`"`+end), "assembly.example")
	if err != nil {
		t.Fatal(err)
	}
	return assertion{s, []record.Attestation{a}}
}

// padded gives r a zero it does not need.
func padded(b []byte) []byte {
	return append([]byte{0x30, b[1] + 1, 2, b[3] + 1, 0}, b[4:]...)
}

// resigned changes s of a signature.
func resigned(b []byte, change func(s, n *big.Int)) []byte {
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(b, &sig); err != nil {
		panic(err)
	}
	n, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	change(sig.S, n)
	out, _ := asn1.Marshal(sig)
	return out
}

// Before an origin is named nobody's assertion could be checked: founding acts come without, and what comes is refused.
func TestAFoundingActComesWithout(t *testing.T) {
	d := newDesk(t)
	k := device(t, 1)
	d.must(t, enrolled(5, k))
	if r := Attested(&d.State, d.soon(t, yes), nil); r != nil {
		t.Error(r)
	}
	w := attest(t, d.soon(t, yes), k)
	if r := Attested(&d.State, w.s, w.came); r == nil || r.Code != "wrong-origin" {
		t.Error(r)
	}
}

func TestWhatAKeySaysEndsWithItsPerson(t *testing.T) {
	d, keys := attestedDesk(t)
	d.must(t, secretary("ForgetPerson", `{"ground":"request","person":"`+pid(5)+`"}`))
	w := attest(t, d.soon(t, yes), keys[0])
	if r := Attested(&d.State, w.s, w.came); r == nil || r.Code != "key-revoked" {
		t.Error(r)
	}
	d, keys = attestedDesk(t)
	d.must(t, head("ReplacePartyKey", `{"credential":"`+keys[5].Credential()+`","key":"`+keys[5].Public()+`","note":"‹x›"}`))
	countersign := d.soon(t, head("CountersignKey", `{"credential":"`+keys[0].Credential()+`"}`))
	for k, code := range map[int]Code{3: "key-revoked", 5: ""} {
		w := attest(t, countersign, keys[k])
		if r := Attested(&d.State, w.s, w.came); (r != nil) != (code != "") || r != nil && r.Code != code {
			t.Errorf("key %d after the party's was replaced: %v", k, r)
		}
	}
}

// A party that lost its key says so by note: two secretaries end it, and its head deposits another as the first was. The
// head cannot do it without the secretariat, nor the secretariat the head's part.
func TestALostKeyOfAPartyIsEndedAndAnotherDeposited(t *testing.T) {
	d, keys := attestedDesk(t)
	refused := func(a act, code Code) {
		t.Helper()
		if r := d.do(t, a); r == nil || r.Code != code {
			t.Errorf("%s: %v, not %s", a.name, r, code)
		}
	}
	deposit := head("DepositPartyKey", `{"credential":"`+keys[5].Credential()+`","key":"`+keys[5].Public()+`","note":"‹x›"}`)
	refused(deposit, "key-deposited")
	revoke := act{as: Secretary, by: 1, with: 2, name: "RevokePasskey", fields: `{"credential":"` + keys[3].Credential() + `","why":"lost"}`}
	alone, mine := revoke, revoke
	alone.with = 0
	mine.as, mine.by, mine.with = Myself, 5, 0
	refused(alone, "one-person-only")
	refused(mine, "unknown-credential")
	d.must(t, revoke)
	if _, ok := d.State.PartyKeyOf("a"); ok {
		t.Error("the lost key is the party's still")
	}
	countersign := d.soon(t, head("CountersignKey", `{"credential":"`+keys[0].Credential()+`"}`))
	if w := attest(t, countersign, keys[3]); Attested(&d.State, w.s, w.came) == nil {
		t.Error("the lost key attests")
	}
	refused(revoke, "unknown-credential")
	d.must(t, deposit)
	if k, ok := d.State.PartyKeyOf("a"); !ok || k.Credential != keys[5].Credential() {
		t.Errorf("%+v", k)
	}
	if w := attest(t, countersign, keys[5]); Attested(&d.State, w.s, w.came) != nil {
		t.Error("the new key does not attest")
	}
}

// Who is in office is enrolled though nobody registered it, as long as it is in office; nobody else is.
func TestAnOfficerWhoWasNeverRegisteredIsEnrolled(t *testing.T) {
	d := newDesk(t)
	token := func(n byte) []byte { return append(make([]byte, 31), n) }
	invite := func(who int, n byte) act {
		return act{as: Secretary, by: 1, name: "InviteToEnrol", fields: `{"link":"` + string(record.DigestOf(token(n))) + `","person":"` + pid(who) + `","until":"2030-03-25T00:00:00.000Z"}`}
	}
	enrol := func(who int, n byte) act {
		k := device(t, uint64(n))
		return act{as: Myself, by: who, name: "EnrolPasskey", fields: `{"credential":"` + k.Credential() + `","key":"` + k.Public() + `","link":"` + canonical.EncodeBytes(token(n)) + `"}`}
	}
	refused := func(what string, a act, code Code) {
		t.Helper()
		if r := d.do(t, a); r == nil && code != "" || r != nil && r.Code != code {
			t.Errorf("%s: %v, not %q", what, r, code)
		}
	}
	refused("a rapporteur of the founding is invited", invite(3, 1), "")
	refused("and enrols", enrol(3, 1), "")
	if k := d.Passkeys(PersonID(pid(3))); len(k) != 1 || d.Reader(PersonID(pid(3)), d.at).Person == "" {
		t.Errorf("%+v", k)
	}
	refused("somebody unknown is invited", invite(8, 2), "unknown-person")
	refused("somebody unknown enrols", enrol(8, 1), "not-holder")
	refused("an open link", invite(3, 3), "")
	refused("the office ends", act{as: Secretary, by: 1, with: 2, name: "RevokeOffice", fields: `{"capacity":"Rapporteur","person":"` + pid(3) + `"}`}, "")
	refused("a link opens nothing out of office", enrol(3, 3), "not-holder")
	refused("nor is there a new one", invite(3, 4), "unknown-person")
	refused("registered at last", act{as: Secretary, by: 1, name: "RegisterPerson", fields: `{"names":[["en",{"sealed":"` + anyDigest + `"}]],"person":"` + pid(3) + `"}`}, "")
	refused("the link opens again", enrol(3, 3), "")
	refused("forgotten", act{as: Secretary, by: 1, name: "ForgetPerson", fields: `{"ground":"request","person":"` + pid(3) + `"}`}, "")
	refused("and invited no more", invite(3, 5), "forgotten")
}

func TestAccountsEndWithTheirPerson(t *testing.T) {
	d := newDesk(t)
	d.must(t, link_)
	d.must(t, account)
	if a := d.Accounts(); len(a) != 1 || a[0].Person != PersonID(pid(5)) {
		t.Fatalf("%+v", a)
	}
	if s := edition1.acts["EnrolAccount"].SubjectOf("account", d.submitted(t, account), 9); s != pid(5) {
		t.Errorf("sealed under %s", s)
	}
	d.must(t, secretary("ForgetPerson", `{"ground":"request","person":"`+pid(5)+`"}`))
	if a := d.Accounts(); len(a) != 0 {
		t.Errorf("%+v", a)
	}
}

func TestAKeyKnownToItsPartySaysSo(t *testing.T) {
	d, keys := attestedDesk(t)
	if k, _ := d.Passkey(keys[0].Credential()); k.Countersigned != "" {
		t.Errorf("passed by %s before anybody said so", k.Countersigned)
	}
	d.must(t, head("CountersignKey", `{"credential":"`+keys[0].Credential()+`"}`))
	if k, _ := d.Passkey(keys[0].Credential()); k.Countersigned != "a" {
		t.Errorf("passed by %q", k.Countersigned)
	}
	if k, ok := d.PartyKeyOf("a"); !ok || k.Credential != keys[3].Credential() {
		t.Errorf("%+v", k)
	}
}

// In the record of a story, and there alone, a server may stand on the machine itself.
func TestWhereAStoryIsSignedInTo(t *testing.T) {
	for _, c := range []struct {
		origin, domain string
		story, ok      bool
	}{
		{"http://localhost", "localhost", true, true}, {"http://localhost:8080", "localhost", true, true}, {"http://localhost:8080", "localhost", false, false},
		{"http://localhost:08", "localhost", true, false}, {"http://localhost.evil", "localhost", true, false}, {"http://localhost", "x.example", true, false},
		{"https://x.example", "x.example", false, true}, {"https://a.x.example:8443", "x.example", false, true}, {"https://ax.example", "x.example", false, false},
		{"https://x.example/", "x.example", false, false}, {"http://x.example", "x.example", true, false}, {`https://x.example"`, "x.example", false, false}, {"https://@x.example", "x.example", false, false},
	} {
		if signInAddress(c.origin, c.domain, c.story) != c.ok {
			t.Errorf("%+v", c)
		}
	}
}

// The assertions of the W3C's test vectors by ES256 (WebAuthn Level 3 section 16): every signature verifies, and what
// is asked besides is what their flags say.
func TestVectorsOfWebAuthn(t *testing.T) {
	b, err := os.ReadFile(recordtest.Table(t, "vectors/webauthn/level3.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		ID                           string
		Registration, Authentication map[string]any
	}
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	verified, codes := 0, map[Code]int{}
	for _, v := range vectors {
		of := func(m map[string]any, name string) []byte { text, _ := m[name].(string); return unhex(text) }
		attested := string(of(v.Registration, "attestationObject"))
		_, cose, es256 := strings.Cut(attested, string(unhex("a5010203262001215820"))) // COSE: EC2, ES256, P-256, x
		if !es256 || len(v.Authentication) == 0 {
			continue
		}
		key := canonical.EncodeBytes([]byte("\x04" + cose[:32] + cose[35:67]))
		data, client, signature := of(v.Authentication, "authenticatorData"), of(v.Authentication, "clientDataJSON"), of(v.Authentication, "signature")
		if !signedBy(key, data, client, signature) {
			t.Errorf("%s does not verify", v.ID)
		}
		verified++
		want := Code("")
		if !strings.Contains(string(client), `"crossOrigin":false`) {
			want = "wrong-origin"
		} else if data[32]&4 == 0 {
			want = "not-verified"
		}
		o := OriginNamed{"example.org", []string{"https://example.org"}}
		r := o.check(record.Attestation{AuthenticatorData: canonical.EncodeBytes(data), ClientDataJSON: canonical.EncodeBytes(client), Signature: canonical.EncodeBytes(signature)}, of(v.Authentication, "challenge"), key, false)
		if want == "" && r != nil || want != "" && (r == nil || r.Code != want) {
			t.Errorf("%s: %v, want %q", v.ID, r, want)
		}
		codes[want]++
	}
	if verified != 10 {
		t.Errorf("%d assertions where ten are by ES256", verified)
	}
	t.Logf("%d assertions by ES256 verified; of these right in all, of a frame of another, without verifying the user: %v", verified, codes)
}

// Signatures of P-256 with SHA-256 in DER: the verdicts of Wycheproof.
func TestVectorsOfECDSA(t *testing.T) {
	b, err := os.ReadFile(recordtest.Table(t, "vectors/ecdsa/wycheproof-ecdsa_secp256r1_sha256_test.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TestGroups []struct {
			PublicKey struct{ Uncompressed string }
			Tests     []struct {
				TcID             int
				Msg, Sig, Result string
			}
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	valid, invalid := 0, 0
	for _, g := range file.TestGroups {
		p, err := publicKey(canonical.EncodeBytes(unhex(g.PublicKey.Uncompressed)))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range g.Tests {
			sum := sha256.Sum256(unhex(c.Msg))
			got := ecdsa.VerifyASN1(p, sum[:], unhex(c.Sig))
			if got != (c.Result == "valid") {
				t.Errorf("%d: %v, want %s", c.TcID, got, c.Result)
			}
			if got {
				valid++
			} else {
				invalid++
			}
		}
	}
	if valid == 0 || invalid == 0 {
		t.Errorf("%d valid and %d invalid: nothing was shown", valid, invalid)
	}
	t.Logf("%d signatures valid, %d not; the file in P1363 form is not run: the record knows DER alone", valid, invalid)
}
