package main

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kurultai/conference"
	"kurultai/paper"
	"kurultai/paper/cms"
	"kurultai/paper/pdf"
	"kurultai/paper/seal"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"
	"kurultai/secretariat"
	"kurultai/story"
)

// An issuer is a certification authority of a test.
type issuer struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

// A penholder is who signs: a person of the training body, for a party or as the depositary, with a key.
type penholder struct {
	person string
	party  conference.PartyID
	as     string // its capacity; "": Head, or Depositary
	key    crypto.Signer
	chain  []*x509.Certificate
}

// A ceremony is the training body's statute, open for signature, its paper issued, nobody's authority named yet.
type ceremony struct {
	*testing.T
	*house
	issuers    map[conference.PartyID]*issuer
	holders    map[conference.PartyID]penholder
	instrument conference.InstrumentID
	token      []byte // the time stamp of the signature before
}

// until is the training story before the first line that holds a text.
func until(t *testing.T, text string) string {
	t.Helper()
	all, _ := story.Shipped("training")
	before, _, found := bytes.Cut(all, []byte(text))
	if !found {
		t.Fatalf("the training story does not say %s", text)
	}
	path := filepath.Join(t.TempDir(), "story.jsonl")
	if err := os.WriteFile(path, before[:bytes.LastIndexByte(before, '\n')+1], 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newCeremony(t *testing.T) *ceremony {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "rec")
	if err := play(t.Context(), streams{io.Discard, io.Discard}, dir, "", until(t, `"name":"IssuePaper"`)); err != nil {
		t.Fatal(err)
	}
	h, err := openToWrite(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	c := &ceremony{T: t, house: h, instrument: "statute", issuers: map[conference.PartyID]*issuer{}, holders: map[conference.PartyID]penholder{}}
	for p, person := range map[conference.PartyID]string{"": "6165069ae63b7eb274e6e80d9c12b942", "xa": "0b0d2057505aa79015f804f3796b9cdb", "xl": "a2c4f0ea7d5f768a9f6233971518b468", "xo": "20ea2e5916b0ee230ed90276ada1a863"} {
		key := ecKey(t)
		c.issuers[p] = &issuer{key, certificate(t, "Authority of "+string(p), key, nil, func(x *x509.Certificate) { x.IsCA, x.KeyUsage = true, x509.KeyUsageCertSign })}
		own := ecKey(t)
		c.holders[p] = penholder{person, p, "", own, []*x509.Certificate{certificate(t, "Signer of "+string(p), own, c.issuers[p], nil)}}
	}
	issue := func(digest record.Digest, more string) error {
		return c.do("", "IssuePaper", fmt.Sprintf(`{"digest":"%s","language":"en","layout":%d,"symbol":"statute"%s}`, digest, pdf.Sealed().Number, more))
	}
	for _, p := range []conference.PartyID{"xo", "xa"} {
		c.must(c.do(p, "InitialText", `{"instrument":"statute"}`))
	}
	s, err := paper.SigningOf(t.Context(), archive(h.s.View()), "statute")
	c.must(err)
	c.refused("another paper", "other-paper", func() error { return issue(record.DigestOf([]byte("another")), "") })
	c.refused("a paper of the past, when the text was not authentic", "other-paper", func() error { return issue(s.Digest, `,"size":300`) })
	c.must(issue(s.Digest, ""))
	return c
}

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var serials int64

// certificate makes one, valid from 2027 to 2029; without an issuer by its own key.
func certificate(t *testing.T, called string, key crypto.Signer, by *issuer, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	serials++
	c := &x509.Certificate{SerialNumber: big.NewInt(serials), Subject: pkix.Name{CommonName: called}, NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC), KeyUsage: x509.KeyUsageContentCommitment, BasicConstraintsValid: true}
	if change != nil {
		change(c)
	}
	parent, signer := c, key
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// do does an act of a holder, as its capacity, with files.
func (c *ceremony) do(p conference.PartyID, name string, fields string, files ...[]byte) error {
	c.Helper()
	v, err := parseFields(fields)
	if err != nil {
		c.Fatal(err)
	}
	w := terminal{by: c.holders[p].person, party: string(c.holders[p].party), as: cmp.Or(c.holders[p].as, "Head")}
	if p == "" {
		w.as = "Depositary"
	}
	_, err = w.submit(c.Context(), c.house, name, v, files...)
	return err
}

func (c *ceremony) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// blob is how a field names a file.
func blob(b []byte) string {
	sum := sha256.Sum256(b)
	return fmt.Sprintf(`{"blob":"%s","size":%d}`, canonical.EncodeBytes(sum[:]), len(b))
}

func (c *ceremony) name(p conference.PartyID, use string, x *x509.Certificate) error {
	return c.do(p, "NameAuthority", `{"certificate":`+blob(x.Raw)+`,"use":"`+use+`"}`, x.Raw)
}

func (c *ceremony) enter(p conference.PartyID, value []byte) error {
	return c.do(p, "EnterSignature", `{"instrument":"`+string(c.instrument)+`","signature":`+blob(value)+`}`, value)
}

func (c *ceremony) take(p conference.PartyID) {
	c.Helper()
	c.must(c.do(p, "TakePen", `{"instrument":"`+string(c.instrument)+`"}`))
}

// signed are full powers, and the signatures of the three parties in law.
func (c *ceremony) signed() {
	c.Helper()
	for p, mode := range map[conference.PartyID]string{"xl": "ad-referendum", "xo": "definitive"} {
		c.must(c.do(p, "DepositFullPowers", `{"covers":["`+mode+`"],"instrument":"statute","office":"foreign-minister","paper":"M6iddXTFevjT_BOFaxdxcBhaICISPPJc8aeDuVo9d7w","person":"`+c.holders[p].person+`"}`))
		c.must(c.do("", "ExaminePowers", `{"instrument":"statute","person":"`+c.holders[p].person+`"}`))
		c.must(c.do(p, "Sign", `{"instrument":"statute","mode":"`+mode+`"}`))
	}
	c.must(c.do("xa", "Sign", `{"exOfficio":"head-of-state","instrument":"statute","mode":"subject-to-ratification"}`))
}

// vacant is the paper as it stands, with room for the signature of a party by a certificate.
func (c *ceremony) vacant(p conference.PartyID, x *x509.Certificate) seal.Vacancy {
	c.Helper()
	s, err := paper.SigningOf(c.Context(), archive(c.s.View()), c.instrument)
	c.must(err)
	prepared, err := s.Prepare(p, x)
	c.must(err)
	v, err := seal.VacancyIn(s.Paper.Vacant(prepared))
	c.must(err)
	return v
}

// value is a holder's signature on the paper as it stands.
func (c *ceremony) value(p penholder) []byte {
	c.Helper()
	der, err := cms.Sign(p.key, p.chain, c.vacant(p.party, p.chain[0]).Digest())
	c.must(err)
	return der
}

// without is a signature from whose signed attributes one type is taken.
func (c *ceremony) without(p penholder, oid asn1.ObjectIdentifier) []byte {
	c.Helper()
	set, err := cms.Attributes(c.vacant(p.party, p.chain[0]).Digest(), p.chain[0])
	c.must(err)
	var all, kept asn1.RawValue
	_, err = asn1.Unmarshal(set, &all)
	c.must(err)
	name, err := asn1.Marshal(oid)
	c.must(err)
	for rest := all.Bytes; len(rest) > 0; {
		var a asn1.RawValue
		rest, err = asn1.Unmarshal(rest, &a)
		c.must(err)
		if !bytes.HasPrefix(a.Bytes, name) {
			kept.Bytes = append(kept.Bytes, a.FullBytes...)
		}
	}
	if len(kept.Bytes) == len(all.Bytes) {
		c.Fatalf("nothing of type %s to leave out", oid)
	}
	set, err = asn1.Marshal(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: kept.Bytes})
	c.must(err)
	sum := sha256.Sum256(set)
	signature, err := p.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	c.must(err)
	der, err := cms.Assemble(set, signature, p.chain)
	c.must(err)
	return der
}

// openssl signs the paper by a key openssl makes, which names itself.
func (c *ceremony) openssl(kind string, args ...string) []byte {
	c.Helper()
	openssl, dir := recordtest.Program(c.T, "openssl"), c.TempDir()
	run := func(args ...string) {
		c.Helper()
		cmd := exec.Command(openssl, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			c.Fatalf("openssl %v: %v\n%s", args, err, out)
		}
	}
	run("req", "-x509", "-newkey", kind, "-nodes", "-keyout", "key", "-out", "pem", "-subj", "/CN=openssl", "-days", "2")
	c.must(os.WriteFile(filepath.Join(dir, "document"), c.vacant("xl", &x509.Certificate{Subject: pkix.Name{CommonName: "openssl"}}).Signed(), 0o600))
	run(append([]string{"cms", "-sign", "-binary", "-in", "document", "-outform", "DER", "-out", "cms", "-signer", "pem", "-inkey", "key"}, args...)...)
	der, err := os.ReadFile(filepath.Join(dir, "cms"))
	c.must(err)
	return der
}

// with is a holder whose certificate is another.
func (c *ceremony) with(p penholder, by *issuer, change func(*x509.Certificate)) penholder {
	p.chain = []*x509.Certificate{certificate(c.T, "Signer of xl", p.key, by, change)}
	return p
}

// refused sees that an act is refused with a code, has its sentence and remedy in English, and leaves nothing behind.
func (c *ceremony) refused(what string, code conference.Code, act func() error) {
	c.Helper()
	size := c.s.View().State().Size
	err := act()
	var r *conference.Refusal
	if !errors.As(err, &r) || r.Code != code || r.Rule == "" {
		c.Errorf("%s: %v, want %s", what, err, code)
	} else if strings.Contains(explain(err), "{") || remedy(err) == "" {
		c.Errorf("%s: %q, %q", what, explain(err), remedy(err))
	}
	if now := c.s.View().State().Size; now != size {
		c.Errorf("%s: %d entries became %d", what, size, now)
	}
}

// What stands in files is looked into before it is recorded: what verify would refuse later is refused at the door, and what
// the door lets in, verify accepts.
func TestNothingButASignatureIsEntered(t *testing.T) {
	c := newCeremony(t)
	leaf, weak := certificate(t, "no authority", ecKey(t), nil, nil), c.openssl("rsa:1024", "-cades", "-md", "sha256")
	c.refused("a file that is no certificate", "no-certificate-authority", func() error {
		return c.do("xl", "NameAuthority", `{"certificate":`+blob([]byte("x"))+`,"use":"signature"}`, []byte("x"))
	})
	c.refused("a certificate of no authority", "no-certificate-authority", func() error { return c.name("xl", "signature", leaf) })
	c.signed()
	c.take("")
	c.refused("before an authority is named", "no-authority", func() error { return c.enter("", c.value(c.holders[""])) })
	for p, i := range c.issuers {
		c.must(c.name(p, "signature", i.certificate))
	}
	ours := c.value(c.holders[""])
	c.must(c.enter("", ours))
	stale := c.value(c.holders["xl"])
	c.take("xo")
	c.must(c.enter("xo", c.value(c.holders["xo"])))
	c.take("xl")
	xl, good := c.holders["xl"], c.value(c.holders["xl"])
	forged, signature := bytes.Clone(good), mustParse(t, good).Signature
	forged[bytes.LastIndex(forged, signature)+len(signature)-1] ^= 1
	exchanged := xl
	exchanged.chain = c.with(xl, c.issuers["xl"], nil).chain
	attributes, err := cms.Attributes(c.vacant("xl", xl.chain[0]).Digest(), xl.chain[0])
	c.must(err)
	swapped, err := cms.Assemble(attributes, signature, exchanged.chain)
	c.must(err)
	random, err := cms.Sign(xl.key, xl.chain, sha256.Sum256([]byte("another paper")))
	c.must(err)
	theirs, err := cms.Sign(xl.key, xl.chain, c.vacant("xa", xl.chain[0]).Digest())
	c.must(err)
	long := xl
	for range 30 {
		long.chain = append(slices.Clip(long.chain), certificate(t, strings.Repeat("long ", 60), ecKey(t), nil, nil))
	}
	rows := 0
	for _, row := range []struct {
		what  string
		code  conference.Code
		party conference.PartyID
		value []byte
	}{
		{"the wrong pen", "no-pen", "xa", c.value(c.holders["xa"])},
		{"the wrong field", "other-document", "xl", theirs},
		{"the wrong digest", "other-document", "xl", random},
		{"the paper before the last signature", "other-document", "xl", stale},
		{"a substituted certificate", "signer-unnamed", "xl", swapped},
		{"a signature by another key", "false-signature", "xl", forged},
		{"SHA-1", "weak-signature", "xl", c.openssl("rsa:2048", "-cades", "-md", "sha1")},
		{"RSA of 1024 bits", "weak-signature", "xl", weak},
		{"no signing-certificate-v2", "signer-unnamed", "xl", c.without(xl, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47})},
		{"no message digest", "no-signature", "xl", c.without(xl, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4})},
		{"a time of its own", "no-signature", "xl", c.openssl("rsa:2048", "-cades", "-md", "sha256")},
		{"SHA-512", "no-signature", "xl", c.openssl("rsa:2048", "-cades", "-md", "sha512")},
		{"content of its own", "no-signature", "xl", c.openssl("rsa:2048", "-cades", "-md", "sha256", "-nodetach")},
		{"a byte behind it", "no-signature", "xl", append(bytes.Clone(good), 0)},
		{"no CMS", "no-signature", "xl", []byte("signed, Lomera")},
		{"too many certificates", "no-signature", "xl", c.value(long)},
		{"another's authority", "other-authority", "xl", c.value(c.with(xl, c.issuers["xo"], nil))},
		{"no authority", "other-authority", "xl", c.value(c.with(xl, nil, nil))},
		{"an expired certificate", "certificate-unfit", "xl", c.value(c.with(xl, c.issuers["xl"], func(x *x509.Certificate) { x.NotAfter = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }))},
		{"a certificate for another use", "certificate-unfit", "xl", c.value(c.with(xl, c.issuers["xl"], func(x *x509.Certificate) { x.KeyUsage = x509.KeyUsageKeyEncipherment }))},
	} {
		c.refused(row.what, row.code, func() error { return c.enter(row.party, row.value) })
		rows++
	}
	c.must(c.do("xl", "WithdrawAuthority", `{"certificate":"`+string(record.DigestOf(c.issuers["xl"].certificate.Raw))+`"}`))
	c.refused("an authority withdrawn", "no-authority", func() error { return c.enter("xl", good) })
	c.issuers["xl"].certificate = certificate(t, "Authority of xl", c.issuers["xl"].key, nil, func(x *x509.Certificate) { x.IsCA, x.KeyUsage = true, x509.KeyUsageCertSign })
	c.must(c.name("xl", "signature", c.issuers["xl"].certificate))
	c.must(c.enter("xl", c.value(c.with(xl, c.issuers["xl"], nil))))
	if rows == 0 {
		t.Fatal("no row ran")
	}
	t.Logf("%d signatures refused", rows+2)

	s, err := paper.SigningOf(t.Context(), archive(c.s.View()), "statute")
	c.must(err)
	signed := filepath.Join(t.TempDir(), "signed.pdf")
	c.must(os.WriteFile(signed, s.Paper.Bytes(), 0o600))
	if out, talk, code := said(t, "verify", "-data", c.dir, signed); code != 0 || strings.Count(out, ": holds") != 3 || !strings.Contains(out, "\nInitialled by: Orsevin, Ardovel\n") {
		t.Errorf("verify exits %d: %s%s", code, out, talk)
	}
	text, err := exec.Command(recordtest.Program(t, "pdftotext"), "-layout", signed, "-").Output()
	if err != nil || !strings.Contains(string(text), "Initialled by: Ardovel, Orsevin") {
		t.Errorf("the paper does not say who initialled: %v\n%s", err, text)
	}
}

// Two persons sign for a party, each in a field of its own by its own certificate.
func TestTwoPersonsSignOnePaperForAParty(t *testing.T) {
	c := newCeremony(t)
	second := penholder{person: "9dcdd3bd9469344e21d5df0263cb46d3", party: "xa", as: "Delegate", key: ecKey(t)}
	second.chain = []*x509.Certificate{certificate(t, "Minister of Ardovel", second.key, c.issuers["xa"], func(x *x509.Certificate) {
		x.NotBefore, x.NotAfter = time.Date(2027, 10, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 11, 1, 0, 0, 0, 0, time.UTC) // valid when it signs, and no longer when it is verified
	})}
	c.holders["xa2"] = second
	c.holders["desk"] = penholder{person: "b38eac015d9a1c1ed41abec6ae64cf9f", as: "Secretary"}
	statute, _ := c.s.View().State().Instrument("statute")
	title := `[["az","P"],["de","P"],["en","Protocol"],["ka","P"],["kk","P"],["ky","P"],["ru","P"],["tr","P"],["uz","P"]]`
	c.must(c.do("desk", "OpenInstrument", `{"decision":"viii-1","form":"protocol","instrument":"protocol","languages":["en"],"powers":true,"signatories":["xl","xa"],"signers":[{"party":"xa","persons":2}],"subject":"establishment-of-warning-service","title":`+title+`}`))
	c.must(c.do("", "AuthenticateText", fmt.Sprintf(`{"instrument":"protocol","texts":[{"language":"en","paragraphs":12,"text":{"blob":"%s","size":%d}}]}`, statute.Texts[0].Text.Digest, statute.Texts[0].Text.Size)))
	c.must(c.do("", "OpenForSignature", `{"from":"2027-10-14","instrument":"protocol","place":"harvost"}`))
	c.instrument = "protocol"
	s, err := paper.SigningOf(t.Context(), archive(c.s.View()), "protocol")
	c.must(err)
	c.must(c.do("desk", "IssuePaper", fmt.Sprintf(`{"digest":"%s","language":"en","layout":%d,"symbol":"protocol"}`, s.Digest, pdf.Sealed().Number)))
	for _, p := range []conference.PartyID{"", "xa"} {
		c.must(c.name(p, "signature", c.issuers[p].certificate))
	}
	c.must(c.do("xa", "Sign", `{"instrument":"protocol","mode":"definitive","exOfficio":"head-of-state"}`))
	c.refused("in another way", "mode-differs", func() error {
		return c.do("xa2", "Sign", `{"instrument":"protocol","mode":"ad-referendum","exOfficio":"foreign-minister"}`)
	})
	c.refused("by nobody's right", "no-full-powers", func() error { return c.do("xa2", "Sign", `{"instrument":"protocol","mode":"definitive"}`) })
	c.must(c.do("xa2", "Sign", `{"instrument":"protocol","mode":"definitive","exOfficio":"foreign-minister"}`))
	for _, p := range []conference.PartyID{"", "xa2", "xa"} {
		c.take(p)
		c.must(c.enter(p, c.value(c.holders[p])))
	}
	file := filepath.Join(t.TempDir(), "protocol.pdf")
	if out, talk, code := said(t, "paper", "-data", c.dir, "-o", file, "instrument", "protocol"); code != 0 {
		t.Fatalf("%s%s", out, talk)
	}
	out, talk, code := said(t, "verify", "-data", c.dir, file)
	for _, want := range []string{"s2  Minister of Ardovel, of xa: holds", "for Ardovel: Definitive, by office: Minister for Foreign Affairs", "s2b  Signer of xa, of xa: holds", "for Ardovel: Definitive, by office: Head of State", "s1  waits for its signature"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("verify exits %d and does not say %q: %s%s", code, want, out, talk)
		}
	}
}

func mustParse(t *testing.T, value []byte) *cms.Signed {
	t.Helper()
	s, err := cms.Parse(value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Whoever decides a record again asks nobody about its files: one that was written by a program that did not look into them
// is verified all the same, and so is a story of it. Its paper is refused.
func TestDecidingAgainLooksIntoNoFile(t *testing.T) {
	c := newCeremony(t)
	c.must(c.Close())
	h, err := openHouse(c.dir, secretariat.OpenSubjectKeys, sqlite.Options{})
	c.must(err)
	h.s, err = secretariat.Open(t.Context(), secretariat.Config{Engine: h.engine, Keys: h.keys, Log: h.log, Clock: wall, Chance: rand.Reader, Told: true})
	c.must(err)
	c.house = h
	c.take("")
	c.must(c.enter("", []byte("signed, the depositary")))
	c.must(h.Close())
	if out, talk, code := said(t, "verify", c.dir); code != 0 {
		t.Errorf("verify exits %d: %s%s", code, out, talk)
	}
	told, again := filepath.Join(t.TempDir(), "told.jsonl"), filepath.Join(t.TempDir(), "again")
	text, talk, code := said(t, "export", "-data", c.dir, "-format", "story", "-private")
	if code != 0 || !strings.Contains(text, "EnterSignature") {
		t.Fatalf("export exits %d: %s", code, talk)
	}
	c.must(os.WriteFile(told, []byte(text), 0o600))
	if out, talk, code := said(t, "play", "-data", again, told); code != 0 {
		t.Errorf("play exits %d: %s%s", code, out, talk)
	}
	if _, talk, code := said(t, "paper", "-data", again, "-o", filepath.Join(t.TempDir(), "x.pdf"), "instrument", "FIRST"); code != 1 || !strings.Contains(talk, "cannot be read") {
		t.Errorf("its paper: exit %d, %s", code, talk)
	}
}
