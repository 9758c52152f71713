package doc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/passkey"
	"kurultai/record/recordtest"
	"kurultai/record/tiles"
	"kurultai/witness"
)

// A ledger is a record written act by act, with attestations.
type ledger struct {
	*testing.T
	key     *record.LogKey
	devices []*passkey.Key
	state   conference.State
	entries []record.Entry
	texts   []string
}

func id(n int) string { return fmt.Sprintf("%032x", n) }

const address = "https://assembly.example"

// take submits an act of a capacity as Capacity/person[/party], attested by keys.
func (l *ledger) take(who, name, fields string, keys ...*passkey.Key) {
	l.Helper()
	part := strings.Split(who+"///", "/")
	at := record.Instant(1_900_000_000_000 + 60_000*l.state.Size)
	until := at.AddHours(1)
	s := record.Submitted{As: part[0], By: part[1], For: part[2], Name: name, Origin: l.key.Origin(), Key: canonical.EncodeBytes(fmt.Appendf(nil, "%016d", l.state.Size)), NotAfter: &until}
	if part[3] != "" {
		s.With = []record.With{{As: part[0], By: part[3]}}
	}
	s.Fields, _ = canonical.Parse(fields)
	var came []record.Attestation
	for _, k := range keys {
		a, err := k.Attest(&s, "assembly.example", address)
		if err != nil {
			l.Fatal(err)
		}
		came = append(came, a)
	}
	if r := conference.Attested(&l.state, &s, came); r != nil {
		l.Fatalf("%s: %v", name, r)
	}
	events, r := conference.Decide(&l.state, &s, at)
	if r != nil {
		l.Fatalf("%s: %v", name, r)
	}
	text := string(record.OpenEntry(l.state.Size, at, &s, came, conference.Decided(events)))
	e, err := record.ParseEntry(text, l.state.Size)
	if err != nil {
		l.Fatal(err)
	}
	if err := l.state.FoldDecided(e, events); err != nil {
		l.Fatal(err)
	}
	l.entries, l.texts = append(l.entries, *e), append(l.texts, text)
}

// devices are those of the persons and the party of signedIn, the same in each record.
func devices(t *testing.T) (keys []*passkey.Key) {
	for range 6 {
		k, err := passkey.New(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	return keys
}

func keyOf(k *passkey.Key) string {
	return `"credential":"` + k.Credential() + `","key":"` + k.Public() + `"`
}

// signedIn is a body two of whose secretaries, and one head, sign in; its party has a key, and changes it.
func signedIn(t *testing.T, origin string, d []*passkey.Key) *ledger {
	key, err := record.NewLogKey(origin, ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	l := &ledger{T: t, key: key, devices: d}
	one, two, head, second, party, next := d[0], d[1], d[2], d[3], d[4], d[5]
	first, both := "Secretary/"+id(1), "Secretary/"+id(1)+"//"+id(2)
	token := func(n byte) []byte { return []byte(strings.Repeat(string(rune('a'+n)), 32)) }
	l.take(first, "FoundBody", `{"id":"test","languages":["en"],"names":[["en","Test"]],"offices":[{"capacity":"Secretary","person":"`+id(1)+`"},{"capacity":"Secretary","person":"`+id(2)+`"}],"seat":"hall","zone":"Etc/UTC"}`)
	l.take(first, "NameParty", `{"party":"a","short":[["en","A"]]}`)
	for n := range byte(3) {
		l.take(first, "RegisterPerson", `{"names":[["en",{"sealed":"`+string(record.DigestOf(token(n)[1:]))+`"}]],"person":"`+id(int(n)+1)+`"}`)
		l.take(first, "InviteToEnrol", `{"link":"`+string(record.DigestOf(token(n)))+`","person":"`+id(int(n)+1)+`","until":"2030-03-20T00:00:00.000Z"}`)
	}
	l.take(both, "NameOrigin", `{"domain":"assembly.example","origins":["https://other.assembly.example","`+address+`"]}`)
	for n, k := range []*passkey.Key{one, two, head} {
		l.take("Person/"+id(n+1), "EnrolPasskey", `{`+keyOf(k)+`,"link":"`+canonical.EncodeBytes(token(byte(n)))+`"}`)
	}
	l.take(both, "GrantOffice", `{"capacity":"Head","for":"a","person":"`+id(3)+`"}`, one, two)
	l.take(first, "AdmitParty", `{"basis":"founder","from":"2020","party":"a"}`, one)
	l.take("Secretary/"+id(2), "GrantObserver", `{"basis":"decision","from":"2019","party":"a"}`, two)
	l.take("Person/"+id(3), "EnrolPasskey", `{`+keyOf(second)+`}`, head)
	l.take("Head/"+id(3)+"/a", "DepositPartyKey", `{`+keyOf(party)+`,"note":"`+string(record.DigestOf(nil))+`"}`, second)
	l.take("Head/"+id(3)+"/a", "CountersignKey", `{"credential":"`+head.Credential()+`"}`, party)
	l.take("Head/"+id(3)+"/a", "ReplacePartyKey", `{`+keyOf(next)+`,"note":"`+string(record.DigestOf(nil))+`"}`, party)
	l.take("Person/"+id(3), "RevokePasskey", `{"credential":"`+second.Credential()+`","why":"lost"}`, head)
	l.take(first, "InviteToEnrol", `{"link":"`+string(record.DigestOf([]byte("x")))+`","person":"`+id(3)+`","until":"2030-03-20T00:00:00.000Z"}`, one)
	l.take(both, "RevokePasskey", `{"credential":"`+head.Credential()+`","why":"lost"}`, one, two)
	return l
}

// verdict is what Go says of exported entries: form first, then every decision.
func verdict(t *testing.T, dir string) string {
	t.Helper()
	v := tiles.Verify(os.DirFS(dir), "")
	if v.Damage != nil {
		return v.String()
	}
	_, err := witness.Check(t.Context(), v.Checkpoint.Origin, tiles.Entries(os.DirFS(dir), v.Checkpoint.Size))
	var d *witness.Disagreement
	if errors.As(err, &d) {
		return fmt.Sprintf("damaged %d %s", d.Index, d.Refusal.Code)
	} else if err != nil {
		t.Fatal(err)
	}
	return v.String()
}

// agree asks both verifiers about entries, and compares verdict and place.
func (l *ledger) agree(name string, texts []string) string {
	l.Helper()
	dir := written(l.T, l.key, texts)
	ours := verdict(l.T, dir)
	theirs, _ := python(l.T, dir)
	place := func(s string) string { w := strings.Fields(s); return w[0] + " " + w[1] }
	if place(ours) != place(theirs) {
		l.Errorf("%s: here %s, there %s", name, ours, theirs)
	}
	return ours
}

// bent is the record with one entry changed in its act, its attestations, or both.
func (l *ledger) bent(i int, change func(e *record.Entry)) []string {
	texts := append([]string(nil), l.texts...)
	e := l.entries[i]
	e.Attestations = append([]record.Attestation(nil), e.Attestations...)
	var events [][]byte
	for _, v := range e.Events {
		events = append(events, canonical.Append(nil, v))
	}
	change(&e)
	e.Act.Changed()
	texts[i] = string(record.OpenEntry(e.Index, e.At, &e.Act, e.Attestations, events))
	return texts
}

func flip(member *string, at int, mask byte) {
	b, _ := canonical.DecodeBytes(*member)
	b[(at+len(b))%len(b)] ^= mask
	*member = canonical.EncodeBytes(b)
}

// flagged is an attestation with other flags, signed anew as an authenticator that sets them would.
func (l *ledger) flagged(k *passkey.Key, a record.Attestation, flags byte) record.Attestation {
	path := filepath.Join(l.TempDir(), "key")
	if err := k.Save(path); err != nil {
		l.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		l.Fatal(err)
	}
	block, _ := pem.Decode(text)
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		l.Fatal(err)
	}
	data, _ := canonical.DecodeBytes(a.AuthenticatorData)
	client, _ := canonical.DecodeBytes(a.ClientDataJSON)
	data[32] = flags
	digest := sha256.Sum256(client)
	signed := sha256.Sum256(append(data[:len(data):len(data)], digest[:]...))
	signature, err := private.(*ecdsa.PrivateKey).Sign(rand.Reader, signed[:], crypto.SHA256)
	if err != nil {
		l.Fatal(err)
	}
	a.AuthenticatorData, a.Signature = canonical.EncodeBytes(data), canonical.EncodeBytes(signature)
	return a
}

func TestBothVerifiersAgreeOnAttestations(t *testing.T) {
	whole, keys := 0, devices(t)
	for _, origin := range []string{"example.org/test", recordtest.Key().Origin()} {
		l := signedIn(t, origin, keys)
		if got := l.agree("whole", l.texts); !strings.HasPrefix(got, "ok") {
			t.Fatal(got)
		}
		whole++
		if origin != "example.org/test" {
			continue
		}
		l.damaged(signedIn(t, "example.org/other", keys))
	}
	t.Logf("%d records whole", whole)
}

func (l *ledger) damaged(other *ledger) {
	harms := 0
	bear := map[string]int{}
	harm := func(i int, code, name string, change func(e *record.Entry)) {
		l.Helper()
		got := l.agree(fmt.Sprintf("entry %d, %s: %s", i, l.entries[i].Act.Name, name), l.bent(i, change))
		if want := fmt.Sprintf("damaged %d %s", i, code); code != "" && got != want || !strings.HasPrefix(got, "damaged") {
			l.Errorf("entry %d, %s: %s: %s, want %s", i, l.entries[i].Act.Name, name, got, want)
		}
		harms++
	}
	for i, e := range l.entries {
		if len(e.Attestations) == 0 {
			continue
		}
		bear[e.Act.Name] = i // of two, the later
		n := len(e.Attestations) - 1
		harm(i, "bad-signature", "a bit of the signature", func(e *record.Entry) { flip(&e.Attestations[n].Signature, -1, 1) })
		if e.Act.Name != "GrantOffice" && e.Act.Name != "CountersignKey" {
			continue
		}
		harm(i, "wrong-challenge", "a signature of another record", func(e *record.Entry) { e.Attestations = other.entries[i].Attestations })
		harm(i, "wrong-challenge", "another time", func(e *record.Entry) { at := *e.Act.NotAfter + 1; e.Act.NotAfter = &at })
		harm(i, "not-attested", "no notAfter", func(e *record.Entry) { e.Act.NotAfter = nil })
		harm(i, "bad-signature", "a bit of its DER", func(e *record.Entry) { flip(&e.Attestations[n].Signature, 0, 1) })
		harm(i, "bad-signature", "its counter", func(e *record.Entry) { flip(&e.Attestations[n].AuthenticatorData, -1, 1) })
		harm(i, "not-verified", "not verified", func(e *record.Entry) { flip(&e.Attestations[n].AuthenticatorData, 32, 4) })
		harm(i, "wrong-origin", "another domain", func(e *record.Entry) { flip(&e.Attestations[n].AuthenticatorData, 0, 1) })
		harm(i, "wrong-origin", "the end of the client data", func(e *record.Entry) { flip(&e.Attestations[n].ClientDataJSON, -1, 1) })
		harm(i, "unknown-key", "another credential", func(e *record.Entry) { flip(&e.Attestations[n].Credential, 0, 1) })
	}
	swap := func(name, of string, with int, code string) {
		harm(bear[of], code, name, func(e *record.Entry) { e.Attestations = l.entries[with].Attestations })
	}
	first, second, third := bear["AdmitParty"], bear["GrantObserver"], bear["InviteToEnrol"]
	swap("of another act of the same person", "AdmitParty", third, "wrong-challenge")
	swap("of another person", "AdmitParty", second, "not-your-key")
	swap("of a head, for the party", "CountersignKey", bear["DepositPartyKey"], "not-your-key")
	harm(first, "not-your-key", "moved to another person", func(e *record.Entry) { e.Act.By = id(2) })
	harm(bear["GrantOffice"], "not-your-key", "in another order", func(e *record.Entry) {
		e.Attestations = []record.Attestation{e.Attestations[1], e.Attestations[0]}
	})
	harm(bear["InviteToEnrol"], "key-revoked", "by a key that was revoked", func(e *record.Entry) {
		e.Act.By, e.Attestations = id(3), l.entries[bear["DepositPartyKey"]].Attestations
	})
	// right in all but one thing, and signed as it stands
	keys := l.devices // secretaries, head's first and second, party's first and second
	anew := func(of, code, name string, k *passkey.Key, domain, origin string, change func(e *record.Entry)) {
		harm(bear[of], code, name, func(e *record.Entry) {
			change(e)
			e.Act.Changed()
			a, err := k.Attest(&e.Act, domain, origin)
			if err != nil {
				l.Fatal(err)
			}
			e.Attestations = []record.Attestation{a}
		})
	}
	same, domain := func(*record.Entry) {}, "assembly.example"
	anew("InviteToEnrol", "key-revoked", "signed by a key that was revoked", keys[3], domain, address, func(e *record.Entry) { e.Act.By = id(3) })
	anew("InviteToEnrol", "not-your-key", "signed by another person", keys[1], domain, address, same)
	anew("ReplacePartyKey", "not-your-key", "signed by a head for the party", keys[2], domain, address, same)
	anew("ReplacePartyKey", "unknown-key", "signed by the key it brings", keys[5], domain, address, same)
	anew("InviteToEnrol", "not-your-key", "signed by a party for a person", keys[5], domain, address, same)
	anew("AdmitParty", "wrong-origin", "signed elsewhere", keys[0], domain, "https://evil.example", same)
	anew("AdmitParty", "wrong-origin", "signed for another domain", keys[0], "evil.example", address, same)
	anew("AdmitParty", "not-attested", "signed for ever", keys[0], domain, address, func(e *record.Entry) { e.Act.NotAfter = nil })
	for flags, code := range map[byte]string{0x04: "not-verified", 0x01: "not-verified", 0x00: "not-verified"} {
		harm(first, code, fmt.Sprintf("signed with flags %x", flags), func(e *record.Entry) { e.Attestations[0] = l.flagged(keys[0], e.Attestations[0], flags) })
	}
	for name, end := range map[string]string{"of a frame": `,"crossOrigin":true}`, "open": `,"crossOrigin":false`, "run on": `,"crossOrigin":false}}`, "of another order": `,"topOrigin":"x","crossOrigin":false}`} {
		harm(first, "wrong-origin", "signed client data "+name, func(e *record.Entry) {
			b, _ := canonical.DecodeBytes(e.Attestations[0].ClientDataJSON)
			a, err := keys[0].Sign([]byte(strings.TrimSuffix(string(b), `,"crossOrigin":false}`)+end), domain)
			if err != nil {
				l.Fatal(err)
			}
			e.Attestations[0] = a
		})
	}
	if len(bear) < 8 {
		l.Fatalf("%v bear attestations", bear)
	}
	// every length, tag and first byte of the DER, and what stands after it
	b, _ := canonical.DecodeBytes(l.entries[first].Attestations[0].Signature)
	r := int(b[3])
	for _, at := range []int{0, 1, 2, 3, 4, 4 + r, 5 + r} {
		harm(first, "bad-signature", fmt.Sprintf("byte %d of the DER", at), func(e *record.Entry) { flip(&e.Attestations[0].Signature, at, 0x80) })
	}
	for name, bytes := range map[string][]byte{"a byte after": append(b[:len(b):len(b)], 0), "cut": b[:len(b)-1], "a long length": append([]byte{0x30, 0x81, b[1]}, b[2:]...), "an indefinite length": append(append([]byte{0x30, 0x80}, b[2:]...), 0, 0),
		"a padded integer": append([]byte{0x30, b[1] + 1, 2, b[3] + 1, 0}, b[4:]...), "no integer": {0x30, 0}, "one integer": {0x30, 3, 2, 1, 1}, "zeros": {0x30, 6, 2, 1, 0, 2, 1, 0}, "one and one": {0x30, 6, 2, 1, 1, 2, 1, 1}, "a negative one": {0x30, 6, 2, 1, 0x81, 2, 1, 1}} {
		harm(first, "bad-signature", name, func(e *record.Entry) { e.Attestations[0].Signature = canonical.EncodeBytes(bytes) })
	}
	l.Logf("%d harms to attestations named by both", harms)
}

func TestActsOfConsequenceAreCounted(t *testing.T) {
	l := signedIn(t, "example.org/test", devices(t))
	dir := written(t, l.key, l.texts)
	r, err := witness.Check(t.Context(), l.key.Origin(), tiles.Entries(os.DirFS(dir), int64(len(l.texts))))
	if err != nil {
		t.Fatal(err)
	}
	// three invitations and the naming of the origin came before there was one; a further device is of no consequence
	if f := r.Finding; f.Attested != 10 || f.Borne != 9 || f.Consequence != 13 || f.Required != 10 {
		t.Errorf("%+v", f)
	}
	none := l.bent(13, func(e *record.Entry) { e.Attestations = nil })
	if got := verdict(t, written(t, l.key, none)); got != "damaged 13 not-attested" {
		t.Errorf("without what was required: %s", got)
	}
}
