package paper_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/cms"
	"kurultai/paper/examine"
	"kurultai/paper/pdf"
	"kurultai/record"
	"kurultai/secretariat"
	"kurultai/story"
	"kurultai/story/storytest"
)

func treatyArchive(t *testing.T) paper.Archive {
	return paper.NewArchive(storytest.Play(t, "treaty").View(), func(ctx context.Context, size int64) (*secretariat.View, error) { return nil, errors.New("no past") })
}

// Every entry about an instrument can be told in a letter, in every language, with no word missing; what is about none is
// refused.
func TestALetterTellsEveryEntryInEveryLanguage(t *testing.T) {
	a := remember(treatyArchive(t))
	letters, refused := 0, 0
	for _, l := range language.All() {
		whole := pdf.Document{Language: l.Code, Title: "letters", Date: time.Unix(0, 0)}
		for _, i := range a.State().Instruments() {
			for entry := i.Begun; entry < a.State().Size; entry++ {
				d, err := paper.CircularDraft(a, i.Instrument, entry, l)
				var no *paper.Refusal
				if errors.As(err, &no) {
					refused++
					continue
				}
				if err != nil {
					t.Fatalf("%s, entry %d, %s: %v", i.Instrument, entry, l.Code, err)
				}
				text := sourceText(t, d.Blocks)
				for _, bad := range []string{"⟨", "{0}", "{1}", "%!"} {
					if strings.Contains(text, bad) {
						t.Errorf("%s, entry %d, %s: %s in %q", i.Instrument, entry, l.Code, bad, around(text, strings.Index(text, bad)))
					}
				}
				if !strings.Contains(text, l.Say("paper.draftmark")) || !strings.Contains(text, l.Say("paper.acknowledge")) {
					t.Errorf("%s, entry %d, %s: no draft, or nothing asked:\n%s", i.Instrument, entry, l.Code, text)
				}
				if entry%7 == 0 {
					whole.Blocks = append(append(whole.Blocks, pdf.PageBreak{}), d.Blocks...)
				}
				letters++
			}
		}
		if l.Code == "ka" || l.Code == "en" {
			tall := pdf.Treaty()
			tall.Height = 14_000 * pdf.Point
			compareText(t, "letters "+l.Code, whole, tall)
		}
	}
	if letters < 9*60 || refused == 0 {
		t.Errorf("%d letters, %d refused", letters, refused)
	}
	t.Logf("%d letters, %d refused", letters, refused)
}

// A letter says what its entry holds, to whom it goes, and a party's own words as they are.
func TestALetterSaysWhatItsEntryHolds(t *testing.T) {
	a := treatyArchive(t)
	l, _ := language.Get("en")
	for entry, want := range map[int64][]string{
		70: {"that on 14 September 2026 the following was received from Lomera: Ratification", "Head of State"},
		78: {"Reservation formulated", "article 9", "Last day for objections | 22 April 2028", "Zelinor bears half of the cost of stations above two thousand metres."},
		79: {"from Vindara: Acceptance", "Entry into force | 21 July 2027", "Day 30 after 21 June 2027"},
	} {
		d, err := paper.CircularDraft(a, "warning-service", entry, l)
		if err != nil {
			t.Fatal(err)
		}
		text := spacedText(t, d.Blocks)
		for _, says := range want {
			if !strings.Contains(text, strings.ReplaceAll(says, " | ", " ")) {
				t.Errorf("entry %d does not say %q:\n%s", entry, says, text)
			}
		}
	}
	one, err := paper.Circular(a, "cn-2", l)
	if err != nil {
		t.Fatal(err)
	}
	text := spacedText(t, one.Blocks)
	for _, says := range []string{"C.N.2.2031, 20 January 2031", "received from Tolvand: Succession notified", "Predecessor Zelinor", "Takes effect on 1 December 2030", "Ardovel, Lomera, Orsevin, Vindara, Zelinor, Morvesa, Tolvand"} {
		if !strings.Contains(text, says) {
			t.Errorf("it does not say %q:\n%s", says, text)
		}
	}
	if _, err := paper.Circular(a, "cn-9", l); err == nil {
		t.Error("there is a letter of nothing")
	}
	first, _ := paper.CircularIssued(a, "cn-2", l)
	again, _ := paper.CircularIssued(treatyArchive(t), "cn-2", l)
	if len(first) == 0 || record.DigestOf(first) != record.DigestOf(again) {
		t.Error("the same record gives other bytes")
	}
}

func spacedText(t *testing.T, blocks []pdf.Block) string {
	return strings.Join(strings.FieldsFunc(sourceText(t, blocks), func(r rune) bool { return r == '\n' || r == ' ' || r == '\u00a0' || r == '\t' }), " ")
}

// The depositary's signature certifies its copy; whoever appends to the file is found out.
func TestACertifiedCopyIsSignedAndNothingChangesIt(t *testing.T) {
	a := treatyArchive(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := func(name string, serial int64, ca bool, parent *x509.Certificate) *x509.Certificate {
		c := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC), BasicConstraintsValid: true, IsCA: ca, KeyUsage: x509.KeyUsageContentCommitment}
		if ca {
			c.KeyUsage = x509.KeyUsageCertSign
		}
		if parent == nil {
			parent = c
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		c, _ = x509.ParseCertificate(der)
		return c
	}
	authority := made("Authority of the depositary", 1, true, nil)
	signer := made("Depositary of the Conference", 2, false, authority)
	for _, code := range []conference.Language{"en", "ru"} {
		c, err := paper.Copy(t.Context(), a, "warning-service", code)
		if err != nil {
			t.Fatal(err)
		}
		if bare, err := examine.Examine(c.Paper.Bytes(), nil, time.Now()); err != nil || !slices.Equal(bare.Unsigned, []string{paper.CopyField}) {
			t.Fatalf("%+v %v", bare, err)
		}
		prepared, err := c.Prepare(signer)
		if err != nil {
			t.Fatal(err)
		}
		value, err := cms.Sign(key, []*x509.Certificate{signer}, prepared.Digest())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Paper.Embed(prepared, value); err != nil {
			t.Fatal(err)
		}
		roots := []examine.Root{{Party: "depositary", Fields: []string{paper.CopyField}, Certificate: authority}}
		report, err := examine.Examine(c.Paper.Bytes(), roots, time.Date(2031, 2, 1, 0, 0, 0, 0, time.UTC))
		if err != nil || report.Err() != nil || len(report.Signatures) != 1 || !report.Signatures[0].Certifies {
			t.Errorf("%s: %v %v %+v", code, err, report.Err(), report.Signatures)
		}
		bad := bytes.Replace(c.Paper.Bytes(), []byte("Lakes"), []byte("Fakes"), 1)
		if report, err := examine.Examine(bad, roots, time.Date(2031, 2, 1, 0, 0, 0, 0, time.UTC)); !bytes.Equal(bad, c.Paper.Bytes()) && err == nil && report.Err() == nil {
			t.Errorf("%s: a changed copy holds", code)
		}
	}
	for id, code := range map[conference.InstrumentID]conference.Language{"warning-service": "de", "none": "en"} {
		var no *paper.Refusal
		if _, err := paper.Copy(t.Context(), a, id, code); !errors.As(err, &no) {
			t.Errorf("%s in %s: %v", id, code, err)
		}
	}
}

// The package holds what article 5 of the regulations asks, and is refused before the instrument is in force or certified.
func TestThePackageForRegistration(t *testing.T) {
	a := treatyArchive(t)
	for _, l := range language.All() {
		b, err := paper.Package(t.Context(), a, "warning-service", l)
		if err != nil {
			t.Fatal(err)
		}
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		files := map[string][]byte{}
		var names []string
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			files[f.Name], _ = io.ReadAll(r)
			names = append(names, f.Name)
		}
		if want := []string{"copy-en.txt", "copy-ru.txt", "statement-" + l.Code + ".pdf", "status.csv", "status.json", "manifest.json"}; !slices.Equal(names, want) {
			t.Errorf("%s: %v", l.Code, names)
		}
		var manifest struct {
			Files []struct{ Name, SHA256 string }
		}
		if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil || len(manifest.Files) != 5 {
			t.Errorf("%+v %v", manifest, err)
		}
		if again, _ := paper.Package(t.Context(), a, "warning-service", l); !bytes.Equal(b, again) {
			t.Errorf("%s: the same record gives other bytes", l.Code)
		}
	}
	text, _ := story.Shipped("treaty") // until the fourth deposit: settled, and not in force yet
	early := paper.NewArchive(storytest.PlayText(t, bytes.Join(bytes.SplitAfter(text, []byte("\n"))[:84], nil)).View(), func(ctx context.Context, size int64) (*secretariat.View, error) { return nil, errors.New("no past") })
	for what, x := range map[string]struct {
		a  paper.Archive
		id conference.InstrumentID
	}{"paper.notinforce": {early, "warning-service"}, "paper.nocopy": {a, "stations"}, "paper.unknown": {a, "none"}} {
		l, _ := language.Get("en")
		var no *paper.Refusal
		if _, err := paper.Package(t.Context(), x.a, x.id, l); !errors.As(err, &no) || no.Key != what {
			t.Errorf("%s: %v", what, err)
		}
	}
}
