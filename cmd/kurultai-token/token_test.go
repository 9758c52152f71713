package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// softHSM makes a token with a key and its certificate under each label, and returns its library and a file with the PIN.
func softHSM(t *testing.T, kinds map[string]string) (module, pin string) {
	t.Helper()
	for _, at := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"} {
		if _, err := os.Stat(at); err == nil {
			module = at
		}
	}
	for _, program := range []string{"softhsm2-util", "pkcs11-tool", "openssl"} {
		if _, err := exec.LookPath(program); err != nil || module == "" {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s or its library is missing: ./test installs it", program)
			}
			t.Skipf("not run: it needs %s, which ./test installs", program)
		}
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "softhsm2.conf")
	if err := os.MkdirAll(filepath.Join(dir, "tokens"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(conf, []byte("directories.tokendir = "+filepath.Join(dir, "tokens")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", conf)
	pin = filepath.Join(dir, "pin")
	if err := os.WriteFile(pin, []byte("1234\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, dir, "softhsm2-util", "--init-token", "--free", "--label", "ministry", "--pin", "1234", "--so-pin", "5678")
	id := 0
	for label, kind := range kinds {
		id++
		command(t, dir, "openssl", append([]string{"req", "-x509", "-nodes", "-keyout", label + ".key", "-out", label + ".pem", "-subj", "/CN=" + label, "-days", "2", "-newkey"}, strings.Fields(kind)...)...)
		command(t, dir, "openssl", "pkcs8", "-topk8", "-nocrypt", "-in", label+".key", "-out", label+".p8")
		command(t, dir, "softhsm2-util", "--import", label+".p8", "--token", "ministry", "--label", label, "--id", fmt.Sprintf("%02x", id), "--pin", "1234")
		command(t, dir, "openssl", "x509", "-in", label+".pem", "-outform", "DER", "-out", label+".der")
		command(t, dir, "pkcs11-tool", "--module", module, "--token-label", "ministry", "--login", "--pin", "1234", "--write-object", label+".der", "--type", "cert", "--label", label, "--id", fmt.Sprintf("%02x", id))
	}
	return module, pin
}

func command(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// attributes are as kurultai sign make -bytes writes them, of a paper with a digest.
func attributes(t *testing.T, digest []byte, leave int) []byte {
	t.Helper()
	der := func(v any) asn1.RawValue {
		b, err := asn1.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return asn1.RawValue{FullBytes: b}
	}
	type attribute struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	var all []byte
	for i, a := range []attribute{{contentType, []asn1.RawValue{der(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1})}}, {messageDigest, []asn1.RawValue{der(digest)}}, {certificateV2, []asn1.RawValue{der([]int{1})}}} {
		if i != leave {
			all = append(all, der(a).FullBytes...)
		}
	}
	return der(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: all}).FullBytes
}

func TestADeviceSignsWhatItsKeeperWasShown(t *testing.T) {
	module, pin := softHSM(t, map[string]string{"minister": "ec -pkeyopt ec_paramgen_curve:prime256v1", "depositary": "rsa:2048"})
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	with := func(step string, args ...string) []string {
		return append([]string{step, "-module", module, "-token", "ministry", "-pin", pin}, args...)
	}
	var out bytes.Buffer
	if err := run(with("list"), &out); err != nil || strings.Count(out.String(), "CN=minister")+strings.Count(out.String(), "CN=depositary") != 2 {
		t.Fatalf("list: %v\n%s", err, out.String())
	}
	digest := sha256.Sum256([]byte("the paper"))
	if err := os.WriteFile(file("bytes"), attributes(t, digest[:], -1), 0o600); err != nil {
		t.Fatal(err)
	}
	for label, algorithm := range map[string]x509.SignatureAlgorithm{"minister": x509.ECDSAWithSHA256, "depositary": x509.SHA256WithRSA} {
		out.Reset()
		if err := run(with("sign", "-key", label, "-o", file("value"), file("bytes")), &out); err != nil || !strings.Contains(out.String(), fmt.Sprintf("%x", digest)) {
			t.Fatalf("%s: %v %s", label, err, out.String())
		}
		if err := run(with("certificate", "-key", label, "-o", file("pem")), &out); err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(read(t, file("pem")))
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.CheckSignature(algorithm, read(t, file("bytes")), read(t, file("value"))); err != nil {
			t.Errorf("%s: %v", label, err)
		}
	}
	rows := 0
	for name, b := range map[string][]byte{"nothing": nil, "any bytes": []byte("pay a million"), "no digest": attributes(t, digest[:], 1), "no certificate": attributes(t, digest[:], 2), "a short digest": attributes(t, digest[:20], -1), "a byte behind": append(attributes(t, digest[:], -1), 0)} {
		if err := os.WriteFile(file("bytes"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		os.Remove(file("value"))
		if err := run(with("sign", "-key", "minister", "-o", file("value"), file("bytes")), &out); err == nil || !strings.Contains(err.Error(), "no bytes of kurultai sign") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(file("value")); err == nil {
			t.Errorf("%s was signed", name)
		}
		rows++
	}
	if err := os.WriteFile(file("bytes"), attributes(t, digest[:], -1), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"no key nobody": with("sign", "-key", "nobody", "-o", file("value"), file("bytes")), "no certificate nobody": with("certificate", "-key", "nobody", "-o", file("value")),
		"opening token":                 {"list", "-module", module, "-token", "elsewhere", "-pin", pin},
		"-module LIB":                   {"list"},
		"say list":                      {},
		"none of list":                  with("mint"),
		"-key LABEL":                    with("sign", file("bytes")),
		"which BYTES":                   with("sign", "-key", "minister", "-o", file("value")),
		"flag provided but not defined": with("list", "-nothing"),
	} {
		if err := run(args, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
		rows++
	}
	if err := run([]string{"-h"}, &out); err != flag.ErrHelp {
		t.Errorf("-h: %v", err)
	}
	if rows < 10 {
		t.Fatal("rows are missing")
	}
	t.Logf("%d refused", rows)
}

var update = flag.Bool("update", false, "write THIRD_PARTY_NOTICES")

// THIRD_PARTY_NOTICES holds the licence of everything that is in the program.
func TestNoticesHoldEveryLicence(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("What this program is made with, and the terms of each part.\n")
	parts := 0
	seen := map[string]bool{}
	for _, line := range append(strings.Split(strings.TrimSpace(string(out)), "\n"), "Go standard-library "+strings.TrimSpace(string(goroot))) {
		f := strings.Fields(line)
		if len(f) != 3 || seen[f[0]] {
			continue
		}
		seen[f[0]] = true
		name, dir := f[0]+" "+f[1], f[2]
		files, _ := filepath.Glob(filepath.Join(dir, "LICEN[CS]E*"))
		if len(files) == 0 {
			t.Fatalf("%s has no licence file in %s", name, dir)
		}
		fmt.Fprintf(&text, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), name, strings.TrimSpace(string(read(t, files[0]))))
		parts++
	}
	if parts < 5 {
		t.Fatalf("%d parts", parts)
	}
	if *update {
		if err := os.WriteFile("THIRD_PARTY_NOTICES", []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if string(read(t, "THIRD_PARTY_NOTICES")) != text.String() {
		t.Error("THIRD_PARTY_NOTICES is not what the modules say; go test . -update writes it")
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
