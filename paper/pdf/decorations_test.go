package pdf_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kurultai/paper/pdf"
)

// What is struck out or put in is told by a line that is drawn and by an attribute that is read out.
func TestStruckAndUnderlinedTextIsDrawnAndTagged(t *testing.T) {
	plain := pdf.Document{Language: "en", Title: "Changes", Date: at, Blocks: []pdf.Block{pdf.Paragraph{Text: []pdf.Run{{Text: "It decides "}, {Text: "by all"}, {Text: " "}, {Text: "by three quarters"}, {Text: "."}}}}}
	changed := plain
	changed.Blocks = []pdf.Block{pdf.Paragraph{Text: []pdf.Run{{Text: "It decides "}, {Text: "by all", Struck: true}, {Text: " "}, {Text: "by three quarters", Underlined: true}, {Text: "."}}}}
	was, is := set(t, plain), set(t, changed)
	if n := bytes.Count(is, []byte(" l S\n")) - bytes.Count(was, []byte(" l S\n")); n != 2 {
		t.Errorf("%d lines are drawn", n)
	}
	for _, want := range []string{"/TextDecorationType/LineThrough", "/TextDecorationType/Underline"} {
		if bytes.Count(is, []byte(want)) != 1 || bytes.Contains(was, []byte(want)) {
			t.Errorf("%s is not said once", want)
		}
	}
	path := filepath.Join(t.TempDir(), "changes.pdf")
	if err := os.WriteFile(path, is, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(tool(t, "pdftotext", path, "-")); got != "It decides by all by three quarters." {
		t.Errorf("%q", got)
	}
}

// Type in percent of the body's takes as much more room.
func TestLargeTypeTakesMoreRoom(t *testing.T) {
	pages := func(percent int) int {
		d := pdf.Document{Language: "en", Title: "Large", Date: at}
		for range 40 {
			d.Blocks = append(d.Blocks, pdf.Paragraph{Text: pdf.Text("State"), Percent: percent})
		}
		return bytes.Count(set(t, d), []byte("/Type/Page/"))
	}
	if one, four := pages(100), pages(400); one != pages(0) || one != 2 || four < 4 {
		t.Errorf("%d and %d pages", one, four)
	}
	if _, err := pdf.Set(pdf.Document{Language: "en", Title: "x", Date: at, Blocks: []pdf.Block{pdf.Paragraph{Text: pdf.Text("x"), Percent: 5000}}}, pdf.Treaty()); err == nil {
		t.Error("type of 5000 percent is set")
	}
}
