package examine_test

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"kurultai/paper/examine"
)

func block(a *authority) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw}))
}

func TestRootsAreRead(t *testing.T) {
	h := newHouse(t)
	file := "# of the training body\n\nparty: Depositary; fields: s0\n" + block(h.authorities[0]) + "party: Vindara; fields: s1, s4\r\n" + block(h.authorities[1]) + "\nparty:Vindara;fields:s1\n" + block(h.authorities[2]) + "timestamps: Observatory\n" + block(h.observatory)
	roots, err := examine.ReadRoots([]byte(file))
	if err != nil || len(roots) != 4 {
		t.Fatalf("%d roots: %v", len(roots), err)
	}
	if r := roots[1]; r.Party != "Vindara" || fmt.Sprint(r.Fields) != "[s1 s4]" || r.Timestamps || !bytes.Equal(r.Certificate.Raw, h.authorities[1].certificate.Raw) {
		t.Errorf("%+v", r)
	}
	if r := roots[3]; r.Party != "Observatory" || !r.Timestamps || len(r.Fields) > 0 {
		t.Errorf("%+v", r)
	}
	r, err := examine.Examine(h.signed(t, 0, 1), roots, now)
	if err != nil || r.Err() != nil {
		t.Errorf("%v %v", err, r.Err())
	}
}

func TestRootsThatSayNothingClearAreRefused(t *testing.T) {
	h := newHouse(t)
	c := block(h.authorities[0])
	rows := 0
	for _, row := range []struct{ file, want string }{
		{"", "no trust anchor"}, {"# nothing\n", "without a certificate"}, {c, "no line before it says whose it is"}, {"party: KZ\n" + c, "names no party and its fields"}, {"fields: s1\n" + c, "names no party"},
		{"party: XV; fields: s1\n", "a line without a certificate"}, {"party: XV; fields: s1\nparty: XL; fields: s2\n" + c, "two lines before one certificate"},
		{"party: XV; fields: s1\n" + c + "party: XL; fields: s1\n" + c, "field s1 is said to be of XV and of XL"}, {"state: XV\n" + c, "is asked for"}, {"timestamps: A; fields: s1\n" + c, "names no party and its fields"},
		{"party: XV; fields: s1\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no certificate in PEM"},
		{"party: XV; fields: s1\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x509"},
		{"party: XV; fields: s1\n" + strings.Repeat("#", 2<<20), "bytes: 1048576 at most"},
	} {
		if _, err := examine.ReadRoots([]byte(row.file)); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%.60q: %v, want %q", row.file, err, row.want)
		}
		rows++
	}
	t.Logf("%d files of roots refused", rows)
}

func TestWithoutAnchorNothingIsTrusted(t *testing.T) {
	h := newHouse(t)
	file := h.signed(t, 0, 1)
	rows := 0
	for _, row := range []struct {
		roots []examine.Root
		want  string
	}{{nil, "no trust anchor given"}, {h.roots[:1], "no trust anchor given for field s1"}, {h.roots[4:], "no trust anchor given for field s0"}} {
		r, err := examine.Examine(file, row.roots, now)
		if err != nil || r.Err() == nil || !strings.Contains(r.Err().Error(), row.want) {
			t.Errorf("%v %v, want %q", err, r.Err(), row.want)
		}
		rows++
	}
	t.Logf("%d", rows)
}

// Every finding is met in a trick or a lawful file, and its sentence has as many arguments as it is given.
func TestFindingsAreSentences(t *testing.T) {
	h := newHouse(t)
	met := map[string]bool{}
	see := func(list []examine.Finding) {
		for _, f := range list {
			met[f.Code] = true
			if s := f.Error(); s == "" || strings.Contains(s, "%!") {
				t.Errorf("%s: %q", f.Code, s)
			}
		}
	}
	var files [][]byte
	for _, tr := range tricks {
		files = append(files, tr.make(t, h))
	}
	for _, l := range lawfuls {
		files = append(files, l.make(t, h))
	}
	for _, file := range files {
		r, err := examine.Examine(file, h.roots, now)
		if err != nil {
			continue
		}
		see(r.Problems)
		see(r.Warnings)
		see(r.Wrong())
		for _, s := range r.Signatures {
			see(s.Problems)
		}
		for _, v := range r.Revisions {
			see(v.Lawful)
			see(v.Refused)
		}
	}
	if r, err := examine.Examine(files[0], nil, now); err == nil {
		see(r.Signatures[0].Problems)
	}
	for _, c := range examine.Codes() {
		if !met[c] {
			t.Errorf("not met: %s", c)
		}
	}
	t.Logf("%d of %d findings met in %d files", len(met), len(examine.Codes()), len(files))
}
