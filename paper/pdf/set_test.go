package pdf_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"kurultai/paper/pdf"
)

var update = flag.Bool("update", false, "write the golden file")

// The golden file has the digest of the sample with its streams as they are, and that of the compressed file with the
// release of Go whose compressor made it.
func TestTheSameDocumentGivesTheSameBytes(t *testing.T) {
	plain := set(t, sample())
	packed, err := pdf.Set(sample(), pdf.Treaty())
	if err != nil {
		t.Fatal(err)
	}
	release := strings.Join(strings.SplitN(runtime.Version(), ".", 3)[:2], ".")
	got := fmt.Sprintf("plain %x\n%s %x\n", sha256.Sum256(plain), release, sha256.Sum256(packed))
	const path = "testdata/sample.sha256"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(want)) {
		if made, _, _ := strings.Cut(line, " "); (made == "plain" || made == release) && !strings.Contains(got, line) {
			t.Errorf("the sample is not as it was (%s); set it by -update after looking at it", made)
		}
	}
	if len(packed) >= len(plain) {
		t.Errorf("%d bytes packed, %d plain", len(packed), len(plain))
	}
}

func TestManyAtOnceGiveTheSameBytes(t *testing.T) {
	want := set(t, sample())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 3 {
				l := pdf.Treaty()
				l.Uncompressed = true
				if b, err := pdf.Set(sample(), l); err != nil || !bytes.Equal(b, want) {
					t.Errorf("other bytes beside others: %v", err)
				}
			}
		})
	}
	all.Wait()
}

// Nothing of what a document says is lost on the way into lines, whatever it is; and nothing panics.
func FuzzSet(f *testing.F) {
	for _, s := range []string{
		"", " ", "a", "\x00\x01\x7f", "\u0301", "\u0301\u0323", "e\u0301\u0301\u0301", "\u202eabc\u202c", "\u05d0\u05d1 \u0645\u0631\u062d\u0628\u0627", "\U0001F468\u200d\U0001F469\u200d\U0001F467", "\u00ad\u00ad", "\u200b", "\u00a0\u00a0", "\xff\xfe", "fi\u00adfi",
		strings.Repeat("w", 10_000), strings.Repeat("\u0301", 3000), strings.Repeat("-", 500), strings.Repeat("a\u00ad", 500), strings.Repeat("ffi", 400), "\ufeff\ufffe\uffff", "კ\u0301", "\u2028\u2029\u0085", "a\tb\r\nc", "Ж\u0308\u0301", "\u1e9e\u0130\u0131", "{page}",
	} {
		f.Add(s, "en")
		f.Add(s, "ka")
	}
	f.Add("x", "\\)(")
	f.Fuzz(func(t *testing.T, s, lang string) {
		if len(s) > 20_000 || lang == "" {
			return
		}
		d := pdf.Document{Language: lang, Title: "t" + s, Author: s, Subject: s, Date: at, Header: pdf.Running{Left: s}, Footer: pdf.Running{Right: s}, Blocks: []pdf.Block{
			pdf.Masthead{Kind: s[:min(len(s), 400)], Symbol: s[:min(len(s), 400)], Body: "b", Lines: []string{s[:min(len(s), 400)]}},
			pdf.Heading{Level: 1, Text: pdf.Text(s)},
			pdf.Paragraph{Text: []pdf.Run{{Text: s, Language: s, Link: s, Footnote: pdf.Text(s)}, {Text: s, Bold: true}, {Text: "x" + s, Italic: true, Language: "tr"}}},
			pdf.List{Items: []pdf.Item{{Label: s, Blocks: []pdf.Block{pdf.Paragraph{Text: pdf.Text(s), Align: pdf.Right}}}}},
			pdf.Table{Columns: make([]pdf.Column, 3), Head: [][]pdf.Cell{{{Text: pdf.Text(s)}, {}, {}}}, Rows: [][]pdf.Cell{{{Text: pdf.Text(s)}, {Span: 2, Text: pdf.Text(s)}}}},
			pdf.Figure{Drawing: pdf.Drawing{Width: 1, Height: 1, Paths: []pdf.Path{{D: "M0 0"}}}, Width: pdf.Point, Alt: s},
		}}
		open(t, set(t, d)).tree()
		d.Blocks = []pdf.Block{pdf.Figure{Drawing: pdf.Drawing{Width: 1, Height: 1, Paths: []pdf.Path{{D: s}}}, Width: pdf.Point}}
		if b, err := pdf.Set(d, pdf.Treaty()); err == nil && len(b) == 0 {
			t.Error("neither a file nor an error")
		}
	})
}

// BenchmarkSet sets two pages in six languages, as a plenary's paper is.
func BenchmarkSet(b *testing.B) {
	d := pdf.Document{Language: "en", Title: "Two pages", Date: at, Footer: pdf.Running{Right: "page {page} of {pages}"}}
	d.Blocks = append(d.Blocks, pdf.Heading{Level: 1, Text: pdf.Text("Two pages in six languages")})
	for _, l := range []string{"az", "en", "ka", "kk", "ru", "tr"} {
		d.Blocks = append(d.Blocks, pdf.Heading{Level: 2, Text: pdf.Text(l)})
		for range 2 {
			d.Blocks = append(d.Blocks, pdf.Paragraph{Text: []pdf.Run{{Text: strings.Repeat(words[l]+" ", 5), Language: l}}})
		}
	}
	pages := 0
	for b.Loop() {
		out, err := pdf.Set(d, pdf.Treaty())
		if err != nil {
			b.Fatal(err)
		}
		pages = bytes.Count(out, []byte("/Type/Page/"))
	}
	b.ReportMetric(float64(pages), "pages")
}
