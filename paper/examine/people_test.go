package examine_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"

	"kurultai/paper/cms"
	"kurultai/paper/examine"
	"kurultai/paper/pdf"
	"kurultai/paper/seal"
)

var now = time.Date(2027, 10, 14, 12, 0, 0, 0, time.UTC)

// An authority issues certificates.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

// A signer is a key with the certificates that come with it.
type signer struct {
	key   crypto.Signer
	chain []*x509.Certificate
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var serial = int64(1)

// certify makes a certificate; issuer nil is the key itself. change may change what stands in it.
func certify(t testing.TB, called string, key crypto.Signer, issuer *authority, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	serial++
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: called}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageContentCommitment, BasicConstraintsValid: true}
	if change != nil {
		change(c)
	}
	parent, by := c, key
	if issuer != nil {
		parent, by = issuer.certificate, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func newAuthority(t testing.TB, called string) *authority {
	t.Helper()
	key := newKey(t)
	return &authority{key, certify(t, called, key, nil, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })}
}

func (a *authority) signer(t testing.TB, called string) signer {
	t.Helper()
	key := newKey(t)
	return signer{key, []*x509.Certificate{certify(t, called, key, a, nil)}}
}

// A house is a depositary and three parties of the training body, each with its authority; party i signs in field si.
type house struct {
	parties     []string
	authorities []*authority
	signers     []signer
	observatory *authority
	clock       signer
	roots       []examine.Root
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{parties: []string{"Depositary", "Vindara", "Lomera", "Ostelle"}}
	for i, p := range h.parties {
		a := newAuthority(t, p+" Root")
		h.authorities = append(h.authorities, a)
		h.signers = append(h.signers, a.signer(t, "Signer of "+p))
		h.roots = append(h.roots, examine.Root{Party: p, Fields: []string{fmt.Sprintf("s%d", i)}, Certificate: a.certificate})
	}
	h.observatory = newAuthority(t, "Observatory Root")
	key := newKey(t)
	h.clock = signer{key, []*x509.Certificate{certify(t, "Observatory clock", key, h.observatory, stamps)}}
	h.roots = append(h.roots, examine.Root{Party: "Observatory", Timestamps: true, Certificate: h.observatory.certificate})
	return h
}

// statute is a short text of two pages with a field for the depositary and one for each party.
func statute(t testing.TB) *pdf.Form {
	t.Helper()
	d := pdf.Document{Language: "en", Title: "Statute", Date: now, Source: &pdf.Attachment{Name: "s.xml", Type: "text/xml", Bytes: []byte("<s/>")}, Blocks: []pdf.Block{
		pdf.Heading{Level: 1, Text: pdf.Text("Statute")}, pdf.Paragraph{Text: []pdf.Run{{Text: "The price is 100 marks; see "}, {Text: "the annex", Link: "https://example.org/"}, {Text: "."}}}, pdf.PageBreak{}, pdf.Paragraph{Text: pdf.Text("Done at the lake.")},
	}}
	for i := range 4 {
		d.Blocks = append(d.Blocks, pdf.Place{Name: fmt.Sprintf("s%d", i), Width: 70 * pdf.Millimetre, Height: 20 * pdf.Millimetre, Sign: fmt.Sprintf("Party %d", i)})
	}
	l := pdf.Treaty()
	l.Uncompressed = true
	f, err := pdf.SetForm(d, l)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sign signs fields of a paper as our own program does, s0 as the depositary.
func (h *house) sign(t testing.TB, p *seal.Paper, fields ...int) {
	t.Helper()
	for _, i := range fields {
		purpose := seal.Approves
		if i == 0 {
			purpose = seal.Certifies
		}
		s := h.signers[i]
		prepared, err := p.Prepare(fmt.Sprintf("s%d", i), "en", []pdf.Block{pdf.Paragraph{Text: pdf.Text(s.chain[0].Subject.CommonName)}}, purpose)
		if err != nil {
			t.Fatal(err)
		}
		der, err := cms.Sign(s.key, s.chain, prepared.Digest())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Embed(prepared, der); err != nil {
			t.Fatal(err)
		}
	}
}

// signed is the statute with some fields signed.
func (h *house) signed(t testing.TB, fields ...int) []byte {
	p := seal.New(statute(t))
	h.sign(t, p, fields...)
	return p.Bytes()
}

// stamps makes a certificate one for timestamps alone.
func stamps(c *x509.Certificate) {
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 37}, Critical: true, Value: []byte{0x30, 0x0a, 0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 3, 8}}}
}
