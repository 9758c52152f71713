package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/examine"
	"kurultai/record"
)

// The depositary's copy, step by step as the command says: set, signed by a key that sees no record, put into the record.
func TestADepositarySignsItsCopy(t *testing.T) {
	c := newCeremony(t)
	c.must(c.name("", "signature", c.issuers[""].certificate))
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	holder := c.holders[""]
	c.must(os.WriteFile(in("pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: holder.chain[0].Raw}), 0o600))
	key, err := x509.MarshalPKCS8PrivateKey(holder.key)
	c.must(err)
	c.must(os.WriteFile(in("key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	a := archive(c.s.View())
	copied, err := paper.Copy(t.Context(), a, "statute", "en")
	c.must(err)
	var out, talk bytes.Buffer
	o := statusOptions{dir: "rec", lang: "en", out: in("copy.pdf"), certificate: in("pem")}
	c.must(o.prepareCopy(t.Context(), streams{&out, &talk}, a, copied, "statute"))
	if !strings.Contains(out.String(), "prepared field s0 of the copy of statute in en; to be signed: SHA-256 ") || !strings.Contains(talk.String(), "CertifyCopy") {
		t.Errorf("%s%s", &out, &talk)
	}
	sign := sealer{certificate: in("pem"), key: in("key"), out: in("copy.p7s")}
	c.must(sign.make(t.Context(), streams{io.Discard, io.Discard}, []string{in("copy.pdf")}))
	sign = sealer{out: in("copy.pdf")}
	c.must(sign.embed(t.Context(), streams{io.Discard, io.Discard}, []string{in("copy.pdf"), in("copy.p7s")}))
	file, err := os.ReadFile(in("copy.pdf"))
	c.must(err)
	report, err := examine.Examine(file, []examine.Root{{Party: "depositary", Fields: []string{paper.CopyField}, Certificate: c.issuers[""].certificate}}, time.Date(2027, 10, 14, 0, 0, 0, 0, time.UTC))
	if err != nil || report.Err() != nil || !report.Signatures[0].Certifies {
		t.Fatalf("%v %v", err, report.Err())
	}
	c.must(c.do("", "CertifyCopy", `{"copy":`+blob(file)+`,"instrument":"statute","language":"en"}`, file))
	if got := c.s.View().State().Copies("statute"); len(got) != 1 || got[0].Copy.Digest != record.DigestOf(file) {
		t.Errorf("%+v", got)
	}
	// by the certificate of another authority nothing is prepared
	other := c.holders["xl"]
	c.must(os.WriteFile(in("pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.chain[0].Raw}), 0o600))
	if err := o.prepareCopy(t.Context(), streams{io.Discard, io.Discard}, a, copied, "statute"); err == nil {
		t.Error("a copy was prepared for a stranger")
	}
}

// A letter is issued as this program sets it, and as nothing else.
func TestALetterIsIssuedAsItIsSet(t *testing.T) {
	c := newCeremony(t)
	begun := c.s.View().State().Instruments()[0].Begun
	c.must(c.do("", "NotifyParties", fmt.Sprintf(`{"entry":%d,"instrument":"statute","notification":"cn-1","to":["xa","xl","xo"]}`, begun)))
	issue := func(digest record.Digest, code, more string) error {
		return c.do("", "IssuePaper", fmt.Sprintf(`{"digest":"%s","language":"%s","layout":2%s,"symbol":"cn-1"}`, digest, code, more))
	}
	v := c.s.View()
	digests := map[string]record.Digest{}
	for _, l := range language.All() {
		b, err := paper.CircularIssued(v, "cn-1", l)
		c.must(err)
		digests[l.Code] = record.DigestOf(b)
	}
	size := fmt.Sprintf(`,"size":%d`, v.State().Size)
	c.refused("another paper", "other-paper", func() error { return issue(record.DigestOf([]byte("another")), "en", size) })
	c.refused("the letter in another language", "other-paper", func() error { return issue(digests["kk"], "en", size) })
	c.refused("in no language of ours", "other-paper", func() error { return issue(digests["kk"], "fr", size) })
	c.must(issue(digests["en"], "en", size))
	c.must(issue(digests["ka"], "ka", size))
	c.refused("twice", "letter-issued", func() error { return issue(digests["en"], "en", size) })
	if n, _ := c.s.View().State().Notification("cn-1"); len(n.Letters) != 2 {
		t.Errorf("%+v", n.Letters)
	}
}
