package examine_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kurultai/paper/cms"
	"kurultai/paper/examine"
	"kurultai/record/recordtest"
)

// A file that is as it should be: what is found in it, field by field and revision by revision.
type lawful struct {
	name     string
	make     func(t testing.TB, h *house) []byte
	fields   string // signed, in order, and behind a bar those that wait
	last     string // what the last revision did
	warnings string
}

// behind makes a file of an update behind three of four signatures.
func behind(do func(p *pen, h *house)) func(testing.TB, *house) []byte {
	return func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1, 2))
		do(p, h)
		return p.file
	}
}

// store is the catalog with validation data.
func (p *pen) store(dss string) string {
	return p.change(1, "/Type/Catalog", "/Type/Catalog/DSS"+dss)
}

var lawfuls = []lawful{
	{"all signed", func(t testing.TB, h *house) []byte { return h.signed(t, 0, 2, 1, 3) }, "s0 s2 s1 s3|", "field s3 was signed", ""},
	{"three of four", func(t testing.TB, h *house) []byte { return h.signed(t, 0, 3, 1) }, "s0 s3 s1|s2", "field s1 was signed", ""},
	{"one", func(t testing.TB, h *house) []byte { return h.signed(t, 0) }, "s0|s1 s2 s3", "the document was certified in field s0", ""},
	{"nobody certifies", func(t testing.TB, h *house) []byte { return h.signed(t, 1, 2) }, "s1 s2|s0 s3", "field s2 was signed", ""},
	{"a later signature", behind(func(p *pen, h *house) { p.sign("s3", h.signers[3], nil, nil) }), "s0 s1 s2 s3|", "field s3 was signed", ""},
	{"a newline behind", func(t testing.TB, h *house) []byte { return append(h.signed(t, 0, 1, 2, 3), '\n') }, "s0 s1 s2 s3|", "field s3 was signed", ""},
	{"a newline of two bytes behind", func(t testing.TB, h *house) []byte { return append(h.signed(t, 0, 1, 2, 3), "\r\n"...) }, "s0 s1 s2 s3|", "field s3 was signed", ""},
	{"no newline at the end", behind(func(p *pen, h *house) {
		p.sign("s3", h.signers[3], nil, func(s *stamp) {
			s.byteRange = func(a, b, c int) string { return fmt.Sprintf("/ByteRange[0 %d %d %d]", a, b, c-1) }
			sign := s.sign
			s.sign = func(b []byte) []byte { return sign(b[:len(b)-1]) }
		})
	}), "s0 s1 s2 s3|", "field s3 was signed", ""},
	{"no later change", behind(func(p *pen, h *house) { p.update(set{}, "") }), "s0 s1 s2|s3", "nothing was changed", ""},
	{"objects as they were", behind(func(p *pen, h *house) {
		p.update(set{2: p.object(2), 1: strings.Replace(p.object(1), "/Lang(en)", "/Lang <656E>", 1), p.page(1): strings.ReplaceAll(p.object(p.page(1)), "/Contents", " %a comment\n/Contents")}, "")
	}), "s0 s1 s2|s3", "nothing was changed", ""},
	{"another second half of the identifier", behind(func(p *pen, h *house) {
		p.update(set{}, regexp.MustCompile(`<[0-9A-F]+>\]`).ReplaceAllString(p.trailer(), "<00>]"))
	}), "s0 s1 s2|s3", "nothing was changed", ""},
	{"validation data", behind(func(p *pen, h *house) {
		n := p.next()
		p.update(set{1: p.store(fmt.Sprintf("<</Certs[%d 0 R]>>", n)), n: stream("", "a certificate")}, "")
	}), "s0 s1 s2|s3", "validation data were added", ""},
	{"validation data, and more of them", behind(func(p *pen, h *house) {
		n := p.next()
		p.update(set{1: p.store(fmt.Sprintf(" %d 0 R", n)), n: fmt.Sprintf("<</Type/DSS/Certs %d 0 R/VRI<</AB<</Cert[%d 0 R]/TU(D:20271014)>>>>>>", n+1, n+2), n + 1: fmt.Sprintf("[%d 0 R]", n+2), n + 2: stream("", "a certificate")}, "")
		p.sign("s3", h.signers[3], nil, nil)
		p.update(set{n + 1: fmt.Sprintf("[%d 0 R %d 0 R]", n+2, p.next()), n: p.change(n, "/Type/DSS", fmt.Sprintf("/Type/DSS/OCSPs[%d 0 R]", p.next()+1)), p.next(): stream("", "another"), p.next() + 1: stream("", "an answer")}, "")
	}), "s0 s1 s2 s3|", "validation data were added", ""},
	{"a document timestamp", behind(func(p *pen, h *house) { p.timestamp(h.clock, "[0 0 0 0]", nil) }), "s0 s1 s2 t1|s3", "a document timestamp was added in field t1", ""},
	{"a document timestamp, then a signature", behind(func(p *pen, h *house) {
		p.timestamp(h.clock, "[0 0 0 0]", nil)
		p.sign("s3", h.signers[3], nil, nil)
	}), "s0 s1 s2 t1 s3|", "field s3 was signed", ""},
	{"validation data where nothing else may change", func(t testing.TB, h *house) []byte {
		p := certified(t, h, 1)
		n := p.next()
		p.update(set{1: p.store(fmt.Sprintf("<</CRLs[%d 0 R]>>", n)), n: stream("", "a list")}, "")
		return p.timestamp(h.clock, "[0 0 0 0]", nil).file
	}, "s0 t1|s1 s2 s3", "a document timestamp was added in field t1", ""},
	{"changed before anybody signed", func(t testing.TB, h *house) []byte {
		p := write(t, statute(t).Bytes)
		return p.other(set{p.page(1): p.change(p.page(1), "/Type/Page", "/Type/Page/Rotate 90")}).sign("s1", h.signers[1], nil, nil).file
	}, "s1|s0 s2 s3", "field s1 was signed", "before anybody signed, in revision 2: the entry /Rotate of page 1 was changed"},
	{"objects nothing uses", prepared(func(p *pen) set { return set{p.next(): "<</Type/Page>>"} }), "s1|s0 s2 s3", "field s1 was signed", "1 objects are used by nothing"},
	{"a value as shown", prepared(note), "s1|s0 s2 s3", "field s1 was signed", ""},
	{"a value hidden", prepared(func(p *pen) set {
		s := note(p)
		s[p.next()] = strings.Replace(s[p.next()], "/F 4", "/F 2", 1)
		return s
	}), "s1|s0 s2 s3", "field s1 was signed", "the value of field note is not shown"},
	{"a value without appearance", prepared(func(p *pen) set {
		s := note(p)
		s[p.next()] = regexp.MustCompile(`/AP<<.*?>>`).ReplaceAllString(s[p.next()], "")
		delete(s, p.next()+1)
		return s
	}), "s1|s0 s2 s3", "field s1 was signed", "the value of field note is not shown"},
	{"a value without area", prepared(func(p *pen) set {
		s := note(p)
		s[p.next()] = strings.Replace(s[p.next()], "/Rect[10 10 90 30]", "/Rect[10 10 10 10]", 1)
		return s
	}), "s1|s0 s2 s3", "field s1 was signed", "the value of field note is not shown"},
	{"a value on no page", prepared(func(p *pen) set {
		s := note(p)
		delete(s, p.page(1))
		return s
	}), "s1|s0 s2 s3", "field s1 was signed", "the value of field note is not shown"},
	{"a value other than shown", prepared(func(p *pen) set {
		s := note(p)
		s[p.next()] = strings.Replace(s[p.next()], "hundred", "ninety", 1)
		return s
	}), "s1|s0 s2 s3", "field s1 was signed", "the value of field note may be another than the one shown"},
	{"values left to programs", prepared(func(p *pen) set { return set{1: p.change(1, "/SigFlags 3", "/SigFlags 3/NeedAppearances true")} }), "s1|s0 s2 s3", "field s1 was signed", "leaves it to the reader's program"},
	{"actions", prepared(func(p *pen) set {
		return set{1: p.change(1, "/Type/Catalog", "/Type/Catalog/OpenAction<</S/JavaScript/JS(1)>>")}
	}), "s1|s0 s2 s3", "field s1 was signed", "the document can run actions (/OpenAction)"},
	{"layers", prepared(func(p *pen) set { return set{1: p.change(1, "/Type/Catalog", "/Type/Catalog/OCProperties<<>>")} }), "s1|s0 s2 s3", "field s1 was signed", "the document has layers"},
	{"a field over all", prepared(func(p *pen) set {
		return set{p.field("s2"): regexp.MustCompile(`/Rect\[.*?\]`).ReplaceAllString(p.object(p.field("s2")), "/Rect[0 0 595 842]")}
	}), "s1|s0 s2 s3", "field s1 was signed", "field s2 covers more than half of page 2"},
}

// prepared is a base with something in it, then signed.
func prepared(objects func(p *pen) set) func(testing.TB, *house) []byte {
	return func(t testing.TB, h *house) []byte {
		p := write(t, statute(t).Bytes)
		return p.other(objects(p)).sign("s1", h.signers[1], nil, nil).file
	}
}

func TestWhatIsLawfulIsAccepted(t *testing.T) {
	h := newHouse(t)
	pdfsig, dir := recordtest.Program(t, "pdfsig"), t.TempDir()
	if len(lawfuls) < 20 {
		t.Fatalf("%d files", len(lawfuls))
	}
	for i, row := range lawfuls {
		file := row.make(t, h)
		r, err := examine.Examine(file, h.roots, now)
		if err == nil {
			err = r.Err()
		}
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		var fields []string
		parties := 0
		for _, s := range r.Signatures {
			fields = append(fields, s.Field)
			if !s.Timestamp {
				parties++
			}
		}
		if got := strings.Join(fields, " ") + "|" + strings.Join(r.Unsigned, " "); got != row.fields {
			t.Errorf("%s: %s, want %s", row.name, got, row.fields)
		}
		if last := r.Revisions[len(r.Revisions)-1].Lawful; len(last) != 1 || last[0].Error() != row.last {
			t.Errorf("%s: the last revision: %v, want %s", row.name, last, row.last)
		}
		// What is prepared is told of too, where it was an update.
		told := slices.DeleteFunc(r.Warnings, func(f examine.Finding) bool {
			return f.Code == "before-signing" && !strings.HasPrefix(row.warnings, "before")
		})
		if len(told) > 1 || (len(told) == 1) != (row.warnings != "") || len(told) == 1 && !strings.Contains(told[0].Error(), row.warnings) {
			t.Errorf("%s: warnings %v, want %q", row.name, told, row.warnings)
		}
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(pdfsig, "-nocert", path).CombinedOutput(); err != nil || strings.Count(string(out), "Signature is Valid") < parties {
			t.Errorf("%s: pdfsig finds not %d valid: %v\n%s", row.name, parties, err, out)
		}
	}
	t.Logf("%d files accepted, pdfsig agrees", len(lawfuls))
}

// Each signature is of a party, covers a beginning of the file, and knows what came behind it.
func TestWhatAReportTells(t *testing.T) {
	h := newHouse(t)
	file := h.signed(t, 0, 2, 1)
	r, err := examine.Examine(file, h.roots, now)
	if err != nil || r.Err() != nil {
		t.Fatal(err, r.Err())
	}
	for i, want := range []string{"Depositary", "Lomera", "Vindara"} {
		s := r.Signatures[i]
		if s.Party != want || s.Revision != i+2 || s.Covers != r.Revisions[i+1].End || s.Certifies != (i == 0) || s.Certificate.Subject.CommonName != "Signer of "+want || !s.When.IsZero() {
			t.Errorf("%+v", s)
		}
		if b := r.Behind(s); len(b) != 2-i {
			t.Errorf("%d revisions behind %s", len(b), s.Field)
		}
		prefix, err := examine.Examine(file[:s.Covers], h.roots, now)
		if err != nil || prefix.Err() != nil || len(prefix.Signatures) != i+1 {
			t.Errorf("the file as %s signed it: %v %v", s.Field, err, prefix.Err())
		}
	}
	if r.Revisions[3].End != len(file) {
		t.Errorf("the last revision ends at %d of %d", r.Revisions[3].End, len(file))
	}
}

// Keys of every kind that is allowed sign, under an authority under the party's.
func TestKeysAndChains(t *testing.T) {
	h := newHouse(t)
	below := &authority{key: newKey(t)}
	below.certificate = certify(t, "Ministry", below.key, h.authorities[1], func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, s := range []signer{
		{long, []*x509.Certificate{certify(t, "RSA", long, h.authorities[1], nil)}},
		{p384, []*x509.Certificate{certify(t, "P-384", p384, below, func(c *x509.Certificate) {
			c.UnknownExtKeyUsage = append(c.UnknownExtKeyUsage, []int{1, 3, 6, 1, 5, 5, 7, 3, 36})
		}), below.certificate}},
	} {
		p := write(t, statute(t).Bytes).sign("s1", s, nil, nil)
		if r, err := examine.Examine(p.file, h.roots, now); err != nil || r.Err() != nil {
			t.Errorf("%s: %v %v", s.chain[0].Subject.CommonName, err, r.Err())
		}
		rows++
	}
	p := write(t, statute(t).Bytes).sign("s1", signer{p384, []*x509.Certificate{certify(t, "P-384", p384, below, nil)}}, nil, nil)
	if r, err := examine.Examine(p.file, h.roots, now); err != nil || r.Err() == nil || !strings.Contains(r.Err().Error(), "does not come from the authority of Vindara") {
		t.Errorf("without the authority between: %v", err)
	}
	t.Logf("%d keys sign", rows)
}

// A timestamp, of the signature or of the document behind it, keeps a signature when its certificate is long out of time.
func TestATimestampOutlivesCertificates(t *testing.T) {
	h := newHouse(t)
	later := now.AddDate(30, 0, 0)
	timed := func(of func([]byte) []byte, clock signer) []byte {
		return write(t, statute(t).Bytes).sign("s1", h.signers[1], nil, func(s *stamp) {
			s.sign = func(b []byte) []byte {
				v := by(t, h.signers[1])(b)
				c, err := cms.Parse(v)
				if err != nil {
					t.Fatal(err)
				}
				if v, err = cms.WithTimestamp(v, token(t, clock, of(c.Signature), now.Add(time.Hour))); err != nil {
					t.Fatal(err)
				}
				return v
			}
		}).file
	}
	same := func(b []byte) []byte { return b }
	plain := write(t, statute(t).Bytes).sign("s1", h.signers[1], nil, nil)
	rows := 0
	for _, row := range []struct {
		name string
		file []byte
		at   time.Time
		want string
		when time.Time
	}{
		{"now", plain.file, now, "", time.Time{}},
		{"in thirty years", plain.file, later, "its certificate was not valid at 2057-10-14", time.Time{}},
		{"in thirty years, by a timestamp", timed(same, h.clock), later, "", now.Add(time.Hour)},
		{"a timestamp of another signature", timed(func([]byte) []byte { return []byte("x") }, h.clock), now, "it is of another signature", time.Time{}},
		{"a timestamp of a party", timed(same, h.signers[1]), now, "not one for timestamps alone", time.Time{}},
		{"in thirty years, by a document timestamp", write(t, plain.file).timestamp(h.clock, "[0 0 0 0]", nil).file, later, "", time.Time{}},
		{"in thirty years, by one of another document", write(t, plain.file).timestamp(h.clock, "[0 0 0 0]", []byte("x")).file, later, "its certificate was not valid at 2057-10-14", time.Time{}},
	} {
		r, err := examine.Examine(row.file, h.roots, row.at)
		if err != nil {
			t.Fatal(err)
		}
		if err = r.Err(); (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
		if s := r.Signatures[0]; !s.When.Equal(row.when) {
			t.Errorf("%s: signed at %v, want %v", row.name, s.When, row.when)
		}
		rows++
	}
	t.Logf("%d times", rows)
}

// No byte of a signed file is free: each 97th is changed in one of its bits.
func TestNoByteIsFree(t *testing.T) {
	h := newHouse(t)
	file := h.signed(t, 0, 1, 2)
	changed := 0
	for i := 0; i < len(file); i += 97 {
		b := bytes.Clone(file)
		b[i] ^= 1 << (changed % 8)
		r, err := examine.Examine(b, h.roots, now)
		if err == nil && r.Err() == nil {
			t.Errorf("byte %d can be %#x for %#x", i, b[i], file[i])
		}
		changed++
	}
	if changed < 900 {
		t.Fatalf("%d bytes changed", changed)
	}
	t.Logf("%d of %d bytes changed, all refused", changed, len(file))
}

// What other programs write of the statute is read, whatever its cross-reference is like, or refused for a reason.
func TestFilesOfOthersAreRead(t *testing.T) {
	qpdf, dir := recordtest.Program(t, "qpdf"), t.TempDir()
	in := filepath.Join(dir, "in.pdf")
	if err := os.WriteFile(in, statute(t).Bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, row := range []struct{ option, want string }{
		{"--object-streams=generate", "nothing is signed"}, {"--object-streams=disable", "nothing is signed"}, {"--qdf", "nothing is signed"},
		{"--linearize", "a linearized file, or a ring, is not read"}, {"--encrypt  owner 256 --", "the file is encrypted"},
	} {
		out := filepath.Join(dir, strconv.Itoa(rows)+".pdf")
		if b, err := exec.Command(qpdf, append(strings.Split(row.option, " "), in, out)...).CombinedOutput(); err != nil {
			t.Fatalf("qpdf %s: %v %s", row.option, err, b)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		r, err := examine.Examine(b, nil, now)
		if err == nil {
			err = r.Err()
		}
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("qpdf %s: %v, want %q", row.option, err, row.want)
		}
		rows++
	}
	t.Logf("%d kinds of file", rows)
}
