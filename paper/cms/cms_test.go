package cms_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kurultai/paper/cms"
	"kurultai/record/recordtest"
)

// certified makes a certificate of a key, of its own authority.
func certified(t *testing.T, key crypto.Signer) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "Minister of Vindara", Country: []string{"XV"}}, IsCA: true, BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func keys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"P-256": p256, "P-384": p384, "RSA": long}
}

var document = []byte("the text that was signed")

// Each kind of key signs; we and openssl agree that it did, and that it did not sign another document.
func TestASignatureIsOneForAnybody(t *testing.T) {
	openssl := recordtest.Program(t, "openssl")
	for name, key := range keys(t) {
		c := certified(t, key)
		der, err := cms.Sign(key, []*x509.Certificate{c}, sha256.Sum256(document))
		if err != nil {
			t.Fatal(name, err)
		}
		s, err := cms.Parse(der)
		if err != nil {
			t.Fatal(name, err)
		}
		sum, other := sha256.Sum256(document), sha256.Sum256([]byte("another"))
		if err := s.Verify(sum[:]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Verify(other[:]); err == nil || !strings.Contains(err.Error(), "not the one that was signed") {
			t.Errorf("%s signs another document: %v", name, err)
		}
		dir := t.TempDir()
		for file, b := range map[string][]byte{"document": document, "another": []byte("another"), "cms": der, "certificate": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})} {
			if err := os.WriteFile(filepath.Join(dir, file), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for file, want := range map[string]bool{"document": true, "another": false} {
			cmd := exec.Command(openssl, "cms", "-verify", "-binary", "-cades", "-CAfile", "certificate", "-purpose", "any", "-inform", "DER", "-in", "cms", "-content", file, "-out", "out")
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); (err == nil) != want {
				t.Errorf("%s, %s: openssl says %v %s", name, file, err, out)
			}
		}
	}
}

// No byte of a signature can be another without it being refused, but in the unsigned certificates' own signatures and the
// like, which the chain is checked by.
func TestNoByteOfASignatureIsFree(t *testing.T) {
	for name, key := range keys(t) {
		c := certified(t, key)
		der, err := cms.Sign(key, []*x509.Certificate{c}, sha256.Sum256(document))
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(der, c.Raw)
		sum, refused := sha256.Sum256(document), 0
		for i := range der {
			broken := bytes.Clone(der)
			broken[i] ^= 1
			if s, err := cms.Parse(broken); err == nil && s.Verify(sum[:]) == nil {
				t.Errorf("%s: byte %d of %d (certificate at %d to %d) is free", name, i, len(der), at, at+len(c.Raw))
			} else {
				refused++
			}
		}
		t.Logf("%s: %d bytes changed, %d refused", name, len(der), refused)
	}
}

// What is not PAdES is refused by name.
func TestOtherFormsAreRefused(t *testing.T) {
	openssl := recordtest.Program(t, "openssl")
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(openssl, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v\n%s", args, err, out)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "document"), document, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, k := range [][]string{{"good", "rsa:2048"}, {"short", "rsa:1024"}, {"other", "rsa:2048"}} {
		run("req", "-x509", "-newkey", k[1], "-nodes", "-keyout", k[0]+".key", "-out", k[0]+".pem", "-subj", "/CN="+k[0], "-days", "2")
	}
	rows := 0
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"-signer", "good.pem", "-inkey", "good.key", "-md", "sha256"}, "signing-certificate-v2"},
		{[]string{"-signer", "good.pem", "-inkey", "good.key", "-md", "sha256", "-cades"}, "signing-time"},
		{[]string{"-signer", "good.pem", "-inkey", "good.key", "-md", "sha1", "-cades"}, "SHA-256"},
		{[]string{"-signer", "short.pem", "-inkey", "short.key", "-md", "sha256", "-cades"}, "1024 bits"},
		{[]string{"-signer", "good.pem", "-inkey", "good.key", "-signer", "other.pem", "-inkey", "other.key", "-md", "sha256", "-cades"}, "2 signers"},
		{[]string{"-signer", "good.pem", "-inkey", "good.key", "-md", "sha256", "-cades", "-nocerts"}, "certificate is not with"},
		{[]string{"-signer", "good.pem", "-inkey", "good.key", "-md", "sha256", "-cades", "-nodetach"}, "content of its own"},
		{[]string{"-signer", "good.pem", "-inkey", "good.key", "-md", "sha256", "-noattr"}, "no signed attributes"},
		{[]string{"-signer", "good.pem", "-inkey", "good.key", "-md", "sha256", "-keyid"}, "issuer and serial"},
	} {
		run(append([]string{"cms", "-sign", "-binary", "-in", "document", "-outform", "DER", "-out", "cms"}, row.args...)...)
		der, err := os.ReadFile(filepath.Join(dir, "cms"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cms.Parse(der); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v: %v, want %q", row.args, err, row.want)
		}
		if rows++; row.want == "signing-time" {
			if _, err := cms.Parse(append(der, 0)); err == nil || !strings.Contains(err.Error(), "behind it") {
				t.Errorf("a byte behind: %v", err)
			}
		}
	}
	t.Logf("%d forms refused", rows)
}

func FuzzParse(f *testing.F) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, _ := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	c, _ := x509.ParseCertificate(der)
	good, _ := cms.Sign(key, []*x509.Certificate{c}, sha256.Sum256(document))
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := cms.Parse(b); err == nil {
			s.Verify(make([]byte, 32))
		}
	})
}
