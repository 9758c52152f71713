package seal_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kurultai/paper/cms"
	"kurultai/paper/pdf"
	"kurultai/paper/seal"
	"kurultai/record/recordtest"
)

// statute is a short text with a field for the depositary and n for parties.
func statute(t testing.TB, n int) *pdf.Form {
	t.Helper()
	d := pdf.Document{Language: "en", Title: "Statute", Date: time.Date(2027, 10, 14, 0, 0, 0, 0, time.UTC), Blocks: []pdf.Block{
		pdf.Heading{Level: 1, Text: pdf.Text("Statute")}, pdf.Paragraph{Text: pdf.Text("There is a Service.")},
	}}
	for i := range n + 1 {
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

type signer struct {
	key   *ecdsa.PrivateKey
	chain []*x509.Certificate
}

func newSigner(t testing.TB, name string) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, []*x509.Certificate{c}}
}

func sign(t testing.TB, p *seal.Paper, field string, purpose seal.Purpose, s signer) {
	t.Helper()
	prepared, err := p.Prepare(field, "en", appearance(s), purpose)
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

func appearance(s signer) []pdf.Block {
	return []pdf.Block{pdf.Paragraph{Text: []pdf.Run{{Text: s.chain[0].Subject.CommonName, Bold: true}}}, pdf.Paragraph{Text: pdf.Text("signed, entry 450")}}
}

// The file after a signature is the beginning of every later one, and each signature is valid on its beginning alone.
func TestEachSignatureStandsOnItsPrefix(t *testing.T) {
	pdfsig, qpdf := recordtest.Program(t, "pdfsig"), recordtest.Program(t, "qpdf")
	p := seal.New(statute(t, 3))
	dir, before := t.TempDir(), p.Bytes()
	for i, field := range []string{"s0", "s2", "s1", "s3"} {
		purpose := seal.Approves
		if i == 0 {
			purpose = seal.Certifies
		}
		sign(t, p, field, purpose, newSigner(t, "Signer "+field))
		if !bytes.HasPrefix(p.Bytes(), before) {
			t.Fatalf("%s changed what stood there", field)
		}
		before = bytes.Clone(p.Bytes())
		file := filepath.Join(dir, field+".pdf")
		if err := os.WriteFile(file, before, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(pdfsig, "-nocert", file).CombinedOutput()
		if n := strings.Count(string(out), "Signature is Valid"); err != nil || n != i+1 {
			t.Errorf("pdfsig finds %d of %d valid: %v\n%s", n, i+1, err, out)
		}
		if out, err := exec.Command(qpdf, "--check", file).CombinedOutput(); err != nil || strings.Contains(strings.ToLower(string(out)), "warning") {
			t.Errorf("qpdf: %v\n%s", err, out)
		}
	}
}

func TestWhatCannotBeSigned(t *testing.T) {
	p := seal.New(statute(t, 2))
	s := newSigner(t, "A")
	sign(t, p, "s1", seal.Approves, s)
	rows := 0
	for _, row := range []struct {
		field   string
		purpose seal.Purpose
		blocks  []pdf.Block
		want    string
	}{
		{"s9", seal.Approves, appearance(s), "no field"}, {"s1", seal.Approves, appearance(s), "is signed"}, {"s0", seal.Certifies, appearance(s), "signs first"},
		{"s2", seal.Approves, []pdf.Block{pdf.Paragraph{Text: pdf.Text(strings.Repeat("much too long ", 200))}}, "does not fit"},
	} {
		if _, err := p.Prepare(row.field, "en", row.blocks, row.purpose); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.field, err, row.want)
		}
		rows++
	}
	first, err := p.Prepare("s2", "en", appearance(s), seal.Approves)
	if err != nil {
		t.Fatal(err)
	}
	sign(t, p, "s2", seal.Approves, s)
	if err := p.Embed(first, []byte{1}); err == nil || !strings.Contains(err.Error(), "another state") {
		t.Errorf("what was prepared on another state: %v", err)
	}
	t.Logf("%d refused", rows+1)
}

// A signature costs what it adds, however long the paper has grown.
func BenchmarkSignatures(b *testing.B) {
	s := newSigner(b, "A")
	for _, n := range []int{10, 40} {
		form := statute(b, n)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				p := seal.New(form)
				for i := range n {
					prepared, err := p.Prepare(fmt.Sprintf("s%d", i+1), "en", appearance(s), seal.Approves)
					if err != nil {
						b.Fatal(err)
					}
					digest := prepared.Digest()
					if err := p.Embed(prepared, digest[:sha256.Size]); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// What is prepared goes away as a file, is signed there, and comes back as the same bytes that Embed makes.
func TestAVacancyIsFilledElsewhere(t *testing.T) {
	p := seal.New(statute(t, 2))
	if _, err := seal.VacancyIn(p.Bytes()); err == nil {
		t.Error("a paper on which nothing was prepared has a vacancy")
	}
	for i, field := range []string{"s0", "s1"} {
		purpose := []seal.Purpose{seal.Certifies, seal.Approves}[i]
		s := newSigner(t, "Signer "+field)
		prepared, err := p.Prepare(field, "en", appearance(s), purpose)
		if err != nil {
			t.Fatal(err)
		}
		vacant := p.Vacant(prepared)
		v, err := seal.VacancyIn(vacant)
		if err != nil {
			t.Fatal(err)
		}
		if v.Digest() != prepared.Digest() || sha256.Sum256(v.Signed()) != v.Digest() {
			t.Errorf("%s: the digest is another", field)
		}
		der, err := cms.Sign(s.key, s.chain, v.Digest())
		if err != nil {
			t.Fatal(err)
		}
		filled, err := v.Fill(der)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Embed(prepared, der); err != nil || !bytes.Equal(filled, p.Bytes()) {
			t.Errorf("%s: filled elsewhere it is another file: %v", field, err)
		}
		if _, err := seal.VacancyIn(filled); err == nil || !strings.Contains(err.Error(), "made already") {
			t.Errorf("%s: a filled place: %v", field, err)
		}
		if _, err := seal.VacancyIn(append(vacant, '\n')); err == nil {
			t.Errorf("%s: a byte behind", field)
		}
		if _, err := v.Fill(make([]byte, seal.ContentsSize+1)); err == nil {
			t.Error("too much was filled in")
		}
	}
}

// Whatever is brought as a prepared paper, it is read or refused, and what is filled differs in the place of the value alone.
func FuzzVacancy(f *testing.F) {
	p := seal.New(statute(f, 1))
	prepared, err := p.Prepare("s1", "en", appearance(newSigner(f, "A")), seal.Approves)
	if err != nil {
		f.Fatal(err)
	}
	vacant := p.Vacant(prepared)
	at := bytes.LastIndex(vacant, []byte("/ByteRange[0 ")) + len("/ByteRange[0 ")
	f.Add(vacant)
	f.Add([]byte("/ByteRange[0 0000000020 0000024598 0000000001]"))
	for _, from := range []int{-1, 0, at, len(vacant) - 1, len(vacant) + 1000, 900_000_000} {
		to := from + 2*seal.ContentsSize + 2
		r := fmt.Sprintf("%010d %010d %010d", from, to, len(vacant)-to)
		f.Add(append(append(bytes.Clone(vacant[:at]), r...), vacant[at+len(r):]...))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		v, err := seal.VacancyIn(file)
		if err != nil {
			return
		}
		filled, err := v.Fill([]byte{1})
		if err != nil || len(filled) != len(file) || len(v.Signed())+2*seal.ContentsSize+2 != len(file) {
			t.Errorf("%v, %d bytes became %d", err, len(file), len(filled))
		}
	})
}
