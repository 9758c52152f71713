package paper_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record/recordtest"
	"kurultai/story/storytest"
)

var update = flag.Bool("update", false, "write the golden files")

// stories that are told, and their meetings.
var stories = map[conference.MeetingID]string{"xxii": "baku", "xviii": "xviii", "vii": "training", "viii": "training"}

func TestGoldenTextsInEveryLanguage(t *testing.T) {
	checked := 0
	for meeting, name := range stories {
		v := storytest.Play(t, name).View()
		if meeting == "viii" {
			name += "-viii"
		}
		texts := map[string]bool{}
		for _, l := range language.All() {
			p, err := paper.Communique(v, meeting, l)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			path := filepath.Join("testdata", name+"."+l.Code+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(p.Trace()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Trace() + "\n"; got != string(want) {
				t.Errorf("%s is not as it was:\n%s", path, got)
			}
			texts[p.Text()] = true
			checked++
		}
		if len(texts) != 9 {
			t.Errorf("%s: %d different texts", name, len(texts))
		}
	}
	t.Logf("%d texts compared", checked)
}

func TestTheGermanTextTellsEveryReportedFact(t *testing.T) {
	f, err := os.Open(recordtest.Table(t, "turkon/facts-xxii.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.Comma, in.LazyQuotes = '\t', true
	rows, err := in.ReadAll()
	if err != nil || len(rows) < 20 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	l, _ := language.Get("de")
	p, err := paper.Communique(storytest.Play(t, "baku").View(), "xxii", l)
	if err != nil {
		t.Fatal(err)
	}
	flat := strings.ReplaceAll(p.Text(), "\n", " ")
	for _, row := range rows[1:] {
		if !regexp.MustCompile(row[2]).MatchString(flat) {
			t.Errorf("%s is not told: %s", row[0], row[1])
		}
	}
	t.Logf("%d facts told", len(rows)-1)
}

func TestEverySentenceNamesEntriesAndNoPlaceIsLeftOpen(t *testing.T) {
	for meeting, name := range stories {
		v := storytest.Play(t, name).View()
		if meeting == "viii" {
			name += "-viii"
		}
		for _, l := range language.All() {
			p, err := paper.Communique(v, meeting, l)
			if err != nil {
				t.Fatal(err)
			}
			for _, paragraph := range p.Paragraphs {
				for _, s := range paragraph {
					if len(s.Entries) == 0 || strings.ContainsAny(s.Text, "{}[]⟨⟩*") || strings.Contains(s.Text, "  ") || !strings.HasSuffix(s.Text, ".") {
						t.Errorf("%s %s: %q from %v", name, l.Code, s.Text, s.Entries)
					}
				}
			}
		}
	}
}

// nameless is a source in which nobody's name is to be had any more.
type nameless struct{ paper.Source }

func (nameless) Name(conference.PersonID, conference.Language) (string, bool) { return "", false }

func TestWhoIsForgottenIsToldByOfficeAlone(t *testing.T) {
	v := storytest.Play(t, "baku").View()
	for _, l := range language.All() {
		p, err := paper.Communique(nameless{v}, "xxii", l)
		if err != nil {
			t.Fatalf("%s: %v", l.Code, err)
		}
		for _, person := range v.State().Facts("PersonTookPart") {
			if name, ok := v.Name(person.Body.(*conference.PersonTookPart).Person, conference.Language(l.Code)); ok && strings.Contains(p.Text(), name) {
				t.Errorf("%s still tells %s", l.Code, name)
			}
		}
	}
}

// renamed is a source in which a place is called something no folder knows.
type renamed struct{ paper.Source }

func (renamed) Name(conference.PersonID, conference.Language) (string, bool) {
	return "Niemand Bekannt", true
}

func TestAMissingFormIsNamed(t *testing.T) {
	v := storytest.Play(t, "xviii").View()
	l, _ := language.Get("kk")
	_, err := paper.Communique(renamed{v}, "xviii", l)
	var missing *language.MissingForm
	if !errors.As(err, &missing) || missing.Error() != "kk: Niemand Bekannt has no gen" {
		t.Errorf("%v", err)
	}
}

func TestRenderingsEscapeWhatTheyPrint(t *testing.T) {
	v := storytest.Play(t, "baku").View()
	l, _ := language.Get("en")
	p, err := paper.Communique(v, "xxii", l)
	if err != nil {
		t.Fatal(err)
	}
	p.Paragraphs = append(p.Paragraphs, []paper.Sentence{{Text: `<script>*x*</script> [a](b)`, Entries: []int64{1}}})
	if strings.Contains(p.HTML(), "<script>") || strings.Contains(p.Markdown(), "<script>") || strings.Contains(p.Markdown(), "[a](b)") {
		t.Error("text from outside came out as markup")
	}
	if !bytes.Contains([]byte(p.HTML()), []byte(`data-entries="1"`)) {
		t.Error("no entries in the HTML")
	}
}

func TestRomanNumerals(t *testing.T) {
	for n, want := range map[int64]string{1: "I", 4: "IV", 9: "IX", 14: "XIV", 22: "XXII", 40: "XL", 99: "XCIX", 1994: "MCMXCIV", 0: "0", 4000: "4000"} {
		if got := paper.Roman(n); got != want {
			t.Errorf("%d is %s, not %s", n, got, want)
		}
	}
}

func BenchmarkNineLanguages(b *testing.B) {
	v := storytest.Play(b, "baku").View()
	for b.Loop() {
		for _, l := range language.All() {
			if _, err := paper.Communique(v, "xxii", l); err != nil {
				b.Fatal(err)
			}
		}
	}
}
