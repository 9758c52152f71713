package main

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"kurultai/conference"
	"kurultai/paper"
	"kurultai/paper/cms"
	"kurultai/record"
	"kurultai/record/recordtest"
)

// A stamper is a time-stamping authority (RFC 3161) of a test, by a program that is not ours.
type stamper struct {
	*httptest.Server
	root   *issuer
	answer func([]byte) []byte // in place of what it would answer
}

// newStamper starts one under an authority of its own, whose clock shows an instant.
func newStamper(t *testing.T, clock time.Time) *stamper {
	t.Helper()
	key := ecKey(t)
	s := &stamper{root: &issuer{key, certificate(t, "Observatory", key, nil, func(x *x509.Certificate) { x.IsCA, x.KeyUsage = true, x509.KeyUsageCertSign })}}
	own := ecKey(t)
	leaf := certificate(t, "Clock of the Observatory", own, s.root, func(x *x509.Certificate) {
		x.KeyUsage = x509.KeyUsageDigitalSignature
		x.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 37}, Critical: true, Value: []byte{0x30, 0x0a, 0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 3, 8}}}
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
			http.Error(w, "no query", http.StatusBadRequest)
			return
		}
		if s.answer != nil {
			w.Write(s.answer(body))
			return
		}
		q, err := timestamp.ParseRequest(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		stamp := timestamp.Timestamp{HashAlgorithm: q.HashAlgorithm, HashedMessage: q.HashedMessage, Time: clock, Policy: []int{1, 2, 3, 4}, SerialNumber: s.root.certificate.SerialNumber, AddTSACertificate: q.Certificates}
		answer, err := stamp.CreateResponseWithOpts(leaf, own, crypto.SHA256)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(answer)
	}))
	t.Cleanup(s.Close)
	return s
}

func writePEM(t *testing.T, path string, blocks ...*pem.Block) string {
	t.Helper()
	var b []byte
	for _, x := range blocks {
		b = append(b, pem.EncodeToMemory(x)...)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// files writes a holder's key and certificates as a ministry has them.
func (p penholder) files(t *testing.T, dir string) (key, certificates string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	var chain []*pem.Block
	for _, c := range p.chain {
		chain = append(chain, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return writePEM(t, filepath.Join(dir, string(p.party)+"key.pem"), &pem.Block{Type: "PRIVATE KEY", Bytes: der}), writePEM(t, filepath.Join(dir, string(p.party)+".pem"), chain...)
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// An instrument is signed step by step from the terminal, with the time of an authority that is not ours; each program
// that reads it agrees.
func TestAnInstrumentIsSignedFromTheTerminal(t *testing.T) {
	openssl, pdfsig := recordtest.Program(t, "openssl"), recordtest.Program(t, "pdfsig")
	c, dir := newCeremony(t), t.TempDir()
	t.Chdir(dir)
	clock := time.Date(2027, 10, 14, 14, 0, 0, 0, time.UTC)
	tsa, other := newStamper(t, clock), newStamper(t, clock)
	c.signed()
	for p, i := range c.issuers {
		c.must(c.name(p, "signature", i.certificate))
	}
	x := tsa.root.certificate
	c.must(c.do("", "NameAuthority", `{"address":"`+tsa.URL+`/tsa","certificate":`+blob(x.Raw)+`,"use":"time"}`, x.Raw))
	must := func(args ...string) (string, string) {
		t.Helper()
		out, talk, code := said(t, args...)
		if code != 0 {
			t.Fatalf("kurultai %v: %d\n%s%s", args, code, out, talk)
		}
		return out, talk
	}
	fails := func(want string, args ...string) {
		t.Helper()
		if out, talk, code := said(t, args...); code == 0 || !strings.Contains(talk, want) || !strings.Contains(talk, "hint") {
			t.Errorf("kurultai %v: %d, %q, %q, want %q", args, code, out, talk, want)
		}
	}
	for n, p := range []conference.PartyID{"", "xl", "xa"} {
		key, pems := c.holders[p].files(t, dir)
		who := []string{"-for", string(p)}
		if p == "" {
			who = nil
		}
		prepare := append(append([]string{"sign", "prepare", "-data", c.dir, "-certificate", pems}, who...), "-o", "s.pdf", "statute")
		if _, talk := must(prepare...); !strings.Contains(talk, "mind: nobody has the pen") {
			t.Errorf("without the pen: %s", talk)
		}
		c.take(p)
		out, talk := must(prepare...)
		if strings.Contains(talk, "mind:") || !strings.Contains(talk, "sign stamp -tsa "+tsa.URL+"/tsa") || !strings.Contains(talk, `EnterSignature '{"instrument":"statute","signature":{"file":"s.p7s"}}'`) {
			t.Errorf("prepare says %s", talk)
		}
		_, digest, _ := strings.Cut(strings.TrimSpace(out), "SHA-256 ")
		switch n {
		case 0: // by a key in a file
			if out, _ := must("sign", "make", "-certificate", pems, "-key", key, "-o", "s.p7s", "s.pdf"); !strings.Contains(out, digest) {
				t.Errorf("signed: %s, prepared: %s", out, digest)
			}
		default: // by whatever signs bytes
			must("sign", "make", "-certificate", pems, "-bytes", "bytes", "s.pdf")
			if out, err := exec.Command(openssl, "dgst", "-sha256", "-sign", key, "-out", "value", "bytes").CombinedOutput(); err != nil {
				t.Fatalf("openssl: %v\n%s", err, out)
			}
			must("sign", "make", "-certificate", pems, "-value", "value", "-o", "s.p7s", "s.pdf")
		}
		plain := mustRead(t, "s.p7s")
		c.refused("a signature without the time", "no-time-stamp", func() error { return c.enter(p, plain) })
		must("sign", "stamp", "-tsa", other.URL, "-o", "other.p7s", "s.p7s")
		c.refused("another authority's time", "false-time-stamp", func() error { return c.enter(p, mustRead(t, "other.p7s")) })
		must("sign", "stamp", "-tsa", tsa.URL+"/tsa", "-o", "s.p7s", "s.p7s")
		signed := mustParse(t, mustRead(t, "s.p7s"))
		if n > 0 {
			again, err := cms.WithTimestamp(plain, c.token)
			c.must(err)
			c.refused("the time of another signature", "false-time-stamp", func() error { return c.enter(p, again) })
		}
		c.token = signed.Timestamp
		c.must(os.WriteFile("token", signed.Timestamp, 0o600))
		c.must(os.WriteFile("signature", signed.Signature, 0o600))
		root := writePEM(t, "root.pem", &pem.Block{Type: "CERTIFICATE", Bytes: x.Raw})
		if out, err := exec.Command(openssl, "ts", "-verify", "-token_in", "-in", "token", "-data", "signature", "-CAfile", root).CombinedOutput(); err != nil {
			t.Errorf("openssl on the time stamp: %v\n%s", err, out)
		}
		must("sign", "embed", "-o", "embedded.pdf", "s.pdf", "s.p7s")
		c.must(c.enter(p, mustRead(t, "s.p7s")))
		s, err := paper.SigningOf(t.Context(), archive(c.s.View()), "statute")
		c.must(err)
		if string(s.Paper.Bytes()) != string(mustRead(t, "embedded.pdf")) {
			t.Error("what was embedded is another file than the record's")
		}
		if out, err := exec.Command(pdfsig, "-nocert", "embedded.pdf").CombinedOutput(); err != nil || strings.Count(string(out), "Signature is Valid") != n+1 {
			t.Errorf("pdfsig: %v\n%s", err, out)
		}
		if out, _ := must("verify", "-data", c.dir, "embedded.pdf"); strings.Count(out, "PAdES B-T; when: 2027-10-14T14:00:00Z, by the clock of Clock of the Observatory") != n+1 {
			t.Errorf("verify: %s", out)
		}
	}
	c.take("xo")
	key, pems := c.holders["xo"].files(t, dir)
	lomera, _ := c.holders["xl"].files(t, dir)
	foreign := certificate(t, "Signer of xo", c.holders["xo"].key, c.issuers["xl"], nil)
	writePEM(t, "foreign.pem", &pem.Block{Type: "CERTIFICATE", Bytes: foreign.Raw})
	must("sign", "prepare", "-data", c.dir, "-certificate", pems, "-for", "xo", "-o", "s.pdf", "FIRST")
	must("sign", "make", "-certificate", pems, "-key", key, "-o", "s.p7s", "s.pdf")
	fails("authority", "sign", "prepare", "-data", c.dir, "-certificate", "foreign.pem", "-for", "xo", "-o", "x", "statute")
	fails("no signatory", "sign", "prepare", "-data", c.dir, "-certificate", pems, "-for", "xv", "-o", "x", "statute")
	fails("holds no certificate", "sign", "prepare", "-data", c.dir, "-certificate", key, "-for", "xo", "-o", "x", "statute")
	fails("not by the key of its certificate", "sign", "make", "-certificate", pems, "-key", lomera, "-o", "x", "s.pdf")
	fails("does not end in a signature", "sign", "make", "-certificate", pems, "-key", key, "-o", "x", "s.p7s")
	fails("made already", "sign", "make", "-certificate", pems, "-key", key, "-o", "x", "embedded.pdf")
	fails("no private key", "sign", "make", "-certificate", pems, "-key", pems, "-o", "x", "s.pdf")
	c.must(os.Chmod(key, 0o644))
	fails("can be read by others", "sign", "make", "-certificate", pems, "-key", key, "-o", "x", "s.pdf")
	tsa.answer = func([]byte) []byte { return []byte{0x30, 0x05, 0x30, 0x03, 2, 1, 2} }
	fails("gives no time stamp: status 2", "sign", "stamp", "-tsa", tsa.URL, "-o", "x", "s.p7s")
	tsa.answer = func([]byte) []byte { return []byte("no answer") }
	fails("none of RFC 3161", "sign", "stamp", "-tsa", tsa.URL, "-o", "x", "s.p7s")
	tsa.answer = func([]byte) []byte {
		n := len(c.token) + 5
		return append([]byte{0x30, 0x82, byte(n >> 8), byte(n), 0x30, 3, 2, 1, 0}, c.token...)
	}
	fails("of another signature", "sign", "stamp", "-tsa", tsa.URL, "-o", "x", "s.p7s")
	tsa.Close()
	fails("asking the time-stamping authority", "sign", "stamp", "-tsa", tsa.URL, "-o", "x", "s.p7s")
	c.must(c.do("", "WithdrawAuthority", `{"certificate":"`+string(record.DigestOf(x.Raw))+`"}`))
	c.must(c.enter("xo", mustRead(t, "s.p7s")))
}

// A key on a PKCS#11 device (SoftHSM) signs by kurultai-token, which knows nothing of records.
func TestADeviceSignsWhatWasPrepared(t *testing.T) {
	for _, program := range []string{"gcc", "pkcs11-tool"} {
		recordtest.Program(t, program)
	}
	hsm, openssl := recordtest.Program(t, "softhsm2-util"), recordtest.Program(t, "openssl")
	const module = "/usr/lib/softhsm/libsofthsm2.so"
	c, dir := newCeremony(t), t.TempDir()
	token := filepath.Join(dir, "kurultai-token")
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), "SOFTHSM2_CONF="+filepath.Join(dir, "conf"), "CGO_ENABLED=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	run("go", "build", "-C", "../kurultai-token", "-o", token, ".")
	t.Chdir(dir)
	c.must(os.Mkdir("tokens", 0o700))
	c.must(os.WriteFile("conf", []byte("directories.tokendir = "+filepath.Join(dir, "tokens")+"\n"), 0o600))
	c.must(os.WriteFile("pin", []byte("1234\n"), 0o600))
	key, pems := c.holders[""].files(t, dir)
	run(hsm, "--init-token", "--free", "--label", "ministry", "--pin", "1234", "--so-pin", "5678")
	run(hsm, "--import", key, "--token", "ministry", "--label", "depositary", "--id", "01", "--pin", "1234")
	run(openssl, "x509", "-in", pems, "-outform", "DER", "-out", "der")
	run("pkcs11-tool", "--module", module, "--token-label", "ministry", "--login", "--pin", "1234", "--write-object", "der", "--type", "cert", "--label", "depositary", "--id", "01")

	c.must(c.name("", "signature", c.issuers[""].certificate))
	c.take("")
	step := func(args ...string) string {
		t.Helper()
		out, talk, code := said(t, args...)
		if code != 0 {
			t.Fatalf("kurultai %v: %d\n%s%s", args, code, out, talk)
		}
		return out
	}
	run(token, "certificate", "-module", module, "-token", "ministry", "-pin", "pin", "-key", "depositary", "-o", "cert.pem")
	prepared := step("sign", "prepare", "-data", c.dir, "-certificate", "cert.pem", "-o", "s.pdf", "statute")
	step("sign", "make", "-certificate", "cert.pem", "-bytes", "bytes", "s.pdf")
	shown := run(token, "sign", "-module", module, "-token", "ministry", "-pin", "pin", "-key", "depositary", "-o", "value", "bytes")
	if _, digest, ok := strings.Cut(strings.TrimSpace(prepared), "SHA-256 "); !ok || !strings.Contains(shown, digest) {
		t.Errorf("prepared %q, the device shows %q", prepared, shown)
	}
	step("sign", "make", "-certificate", "cert.pem", "-value", "value", "-o", "s.p7s", "s.pdf")
	c.must(c.enter("", mustRead(t, "s.p7s")))
}
