package paper_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/pdf"
	"kurultai/record/recordtest"
	"kurultai/story/storytest"
)

// sourceText is the text of blocks in reading order.
func sourceText(t *testing.T, blocks []pdf.Block) string {
	t.Helper()
	var out []string
	runs := func(list []pdf.Run) {
		text := ""
		for _, r := range list {
			text += r.Text
		}
		out = append(out, text)
	}
	var all func([]pdf.Block)
	all = func(blocks []pdf.Block) {
		for _, b := range blocks {
			switch b := b.(type) {
			case pdf.Masthead:
				out = append(out, b.Kind, b.Symbol, b.Body)
				out = append(out, b.Lines...)
			case pdf.Heading:
				runs(b.Text)
			case pdf.Paragraph:
				runs(b.Text)
			case pdf.Note:
				runs(b.Text)
			case pdf.List:
				for _, i := range b.Items {
					out = append(out, i.Label)
					all(i.Blocks)
				}
			case pdf.Table:
				for _, row := range append(append([][]pdf.Cell{}, b.Head...), b.Rows...) {
					for _, cell := range row {
						runs(cell.Text)
					}
				}
			case pdf.Cards:
				for _, card := range b.Cards {
					all(card)
				}
			case pdf.Rule, pdf.Figure, pdf.Place, pdf.PageBreak:
			default:
				t.Fatalf("no text known of %T", b)
			}
		}
	}
	all(blocks)
	return flat(strings.Join(out, "\n"))
}

// flat joins what lines divide: a soft hyphen at a line's end joins a word, white space of any length is one space.
func flat(s string) string {
	s = regexp.MustCompile("\u00ad\\s*").ReplaceAllString(s, "")
	return strings.Join(strings.Fields(s), " ")
}

// The text others' programs take out of a paper is the text that was set, in reading order, in every language.
func TestExtractedTextIsTheSourceText(t *testing.T) {
	tools := map[string]func(string) []string{
		"pdftotext": func(f string) []string { return []string{f, "-"} },
		"mutool":    func(f string) []string { return []string{"draw", "-q", "-F", "text", f} },
	}
	compared := 0
	for meeting, name := range stories {
		v := storytest.Play(t, name).View()
		for _, l := range language.All() {
			d, err := communiqueKind(t).Build(v, paper.Wish{Language: l, Meeting: meeting})
			if err != nil {
				t.Fatal(err)
			}
			d.Header, d.Footer = pdf.Running{}, pdf.Running{} // no part of the text
			b, err := pdf.Set(d, pdf.Treaty())
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "paper.pdf")
			if err := os.WriteFile(file, b, 0o644); err != nil {
				t.Fatal(err)
			}
			want := sourceText(t, d.Blocks)
			for _, program := range []string{"pdftotext", "mutool"} {
				out, err := exec.Command(recordtest.Program(t, program), tools[program](file)...).Output()
				if err != nil {
					t.Fatalf("%s: %v", program, err)
				}
				if got := flat(string(out)); got != want {
					i := 0
					for i < min(len(got), len(want)) && got[i] == want[i] {
						i++
					}
					t.Errorf("%s %s, %s: from byte %d\n%.200q\nnot\n%.200q", name, l.Code, program, i, got[max(0, i-20):], want[max(0, i-20):])
				}
				compared++
			}
		}
	}
	if all := 2 * len(stories) * len(language.All()); compared != all {
		t.Errorf("%d of %d texts compared", compared, all)
	}
	t.Logf("%d texts compared", compared)
}

func communiqueKind(t *testing.T) paper.Kind {
	t.Helper()
	kinds := paper.Kinds()
	i := slices.IndexFunc(kinds, func(k paper.Kind) bool { return k.Name == "communique" })
	if i < 0 {
		t.Fatal("no communiqué among the papers")
	}
	return kinds[i]
}

func TestPapersAreInOrderOfName(t *testing.T) {
	kinds := paper.Kinds()
	if len(kinds) == 0 || !slices.IsSortedFunc(kinds, func(a, b paper.Kind) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("%d papers, in no order", len(kinds))
	}
}

// What a communiqué says of itself: that a body is invented, or that its text is not the body's own; and nothing of one on the other.
func TestAPaperSaysWhoseWordsItIs(t *testing.T) {
	for meeting, name := range stories {
		v := storytest.Play(t, name).View()
		for _, l := range language.All() {
			d, err := communiqueKind(t).Build(v, paper.Wish{Language: l, Meeting: meeting})
			if err != nil {
				t.Fatal(err)
			}
			text, training := sourceText(t, d.Blocks), name == "training"
			if strings.Contains(text, flat(l.Say("page.training"))) != training || strings.Contains(text, flat(l.Say("paper.notown"))) == training {
				t.Errorf("%s %s: %s", name, l.Code, text)
			}
			if d.Blocks[0].(pdf.Masthead).Emblem != nil != training {
				t.Errorf("%s: an emblem that is nobody's", name)
			}
		}
	}
}

// The source inside a paper is XML, and has every sentence with its entries.
func TestTheSourceInAPaperIsXML(t *testing.T) {
	v := storytest.Play(t, "baku").View()
	for _, l := range language.All() {
		p, err := paper.Communique(v, "xxii", l)
		if err != nil {
			t.Fatal(err)
		}
		spans, entries := 0, 0
		for dec := xml.NewDecoder(bytes.NewReader(p.XML())); ; {
			tok, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "span" {
				spans++
				if e.Name.Space == "http://www.w3.org/1999/xhtml" && len(e.Attr) == 1 && e.Attr[0].Value != "" {
					entries++
				}
			}
		}
		sentences := 2
		for _, paragraph := range p.Paragraphs {
			sentences += len(paragraph)
		}
		if spans != sentences || entries != sentences {
			t.Errorf("%s: %d sentences, %d in the source, %d with entries", l.Code, sentences, spans, entries)
		}
	}
}

// Each word of papers is there in all languages, says as much, and none is kept that nothing uses. What is one of several
// is used by what stands before its last full stop.
func TestWordsOfPapers(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"(paper\.[a-z.]+)"`).FindAllStringSubmatch(string(source), -1) {
			used[strings.TrimSuffix(m[1], ".")] = true
		}
	}
	if len(used) < 60 {
		t.Fatalf("%d words", len(used))
	}
	english, _ := language.Get("en")
	for _, l := range language.All() {
		for _, k := range paper.Kinds() {
			if !l.Has("paper.kind." + k.Name) {
				t.Errorf("%s: no title for %s", l.Code, k.Name)
			}
		}
		for key := range used {
			several := slices.ContainsFunc(l.Keys(), func(k string) bool { return strings.HasPrefix(k, key+".") })
			if !several && !l.Has(key) {
				t.Errorf("%s: no text for %s", l.Code, key)
			}
		}
		for _, key := range l.Keys() {
			if !strings.HasPrefix(key, "paper.") {
				continue
			}
			if !used[key] && !used[key[:strings.LastIndexByte(key, '.')]] {
				t.Errorf("%s: nothing uses %s", l.Code, key)
			}
			for _, place := range []string{"{0}", "{1}", "{2}", "{3}"} {
				if strings.Contains(l.Say(key), place) != strings.Contains(english.Say(key), place) {
					t.Errorf("%s: %s has other places than in English: %q", l.Code, key, l.Say(key))
				}
			}
		}
		if got := l.Say("paper.page", "3", "7"); !strings.Contains(got, "3") || !strings.Contains(got, "7") {
			t.Errorf("%s: %q", l.Code, got)
		}
	}
	t.Log(fmt.Sprint(len(used), " words in each language"))
}
