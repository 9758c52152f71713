package drafting

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const early = `# Early warning on shared rivers and passes

The Conference,

*Noting* that water and snow
do not stop at frontiers,

*Recalling* article 4 <b>of</b> the Agreement & [its annex](http://x),

1. *Decides* that each member shall warn the others:
   - of a flood within [three hours];
   - of an avalanche:
     - at once by telephone;
     - within the hour in writing;
2. *Requests* the Secretary to publish the readings;

7. *Asks* members to close a pass only after telling the other side.

Done at Ilsed.
`

func parsed(t *testing.T, s string) Text {
	t.Helper()
	x, err := Parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestParagraphsAreNumberedInOrder(t *testing.T) {
	x := parsed(t, early)
	want := []string{
		"title|||Early warning on shared rivers and passes", "enactment|||The Conference,", "preambular|pp1||Noting that water and snow do not stop at frontiers,",
		"preambular|pp2||Recalling article 4 <b>of</b> the Agreement & [its annex](http://x),",
		"operative|op1|1.|Decides that each member shall warn the others:", "operative|op1-a|(a)|of a flood within [three hours];", "operative|op1-b|(b)|of an avalanche:",
		"operative|op1-b-i|(i)|at once by telephone;", "operative|op1-b-ii|(ii)|within the hour in writing;", "operative|op2|2.|Requests the Secretary to publish the readings;",
		"operative|op3|3.|Asks members to close a pass only after telling the other side.", "closing|||Done at Ilsed.",
	}
	var got []string
	for _, p := range x.Paragraphs {
		got = append(got, strings.Join([]string{string(p.Kind), p.Name, p.Number, p.Words()}, "|"))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if p, _ := x.Paragraph("pp1"); len(p.Runs) != 2 || !p.Runs[0].Emphasis || p.Runs[1].Emphasis {
		t.Errorf("pp1 is set as %+v", p.Runs)
	}
	if x.Title() != "Early warning on shared rivers and passes" || len(x.Names()) != 9 {
		t.Errorf("%q, %q", x.Title(), x.Names())
	}
}

func TestArticlesNumberTheirOwnParagraphs(t *testing.T) {
	x := parsed(t, "# Statute\n\nThe Parties,\n\nWishing to warn,\n\n## Article 1\n\n1. A service is set up.\n2. Its seat is Ilsed.\n\n## Article 2\n\nIt has a head.\n")
	if names := x.Names(); !slices.Equal(names, []string{"pp1", "art1-1", "art1-2", "art2-1"}) {
		t.Errorf("%q", names)
	}
}

func TestHostileTextsAreRefusedOrBounded(t *testing.T) {
	rows := 0
	for what, row := range map[string]struct {
		text string
		err  error
	}{
		"too many bytes":            {strings.Repeat("x", MaxBytes+1), ErrTooLarge},
		"too many paragraphs":       {strings.Repeat("x\n\n", MaxParagraphs+1), ErrTooLarge},
		"no UTF-8":                  {"a\xffb", ErrNoText},
		"a zero byte":               {"a\x00b", ErrNoText},
		"a line of lists":           {strings.Repeat("- ", 100_000) + "x", ErrTooDeep},
		"a line of numbers":         {strings.Repeat("1. ", 100_000) + "x", ErrTooDeep},
		"four levels":               {"1. a\n   - b\n     - c\n       - d\n", ErrTooDeep},
		"a million stars":           {strings.Repeat("*", MaxBytes), ErrTooLong},
		"a paragraph of many lines": {strings.Repeat("a\n", MaxBytes/2), ErrTooLong},
		"many marks, and long":      {strings.Repeat(strings.Repeat("*a_b ", maxLines/2)+"\n\n", 100), nil},
		"a million brackets":        {strings.Repeat("[", MaxBytes), nil},
		"quotations in quotations":  {strings.Repeat(">", MaxBytes), nil},
		"emphasis begun many times": {strings.Repeat("*a ", 100_000), ErrTooLong},
	} {
		_, err := Parse([]byte(row.text))
		if !errors.Is(err, row.err) || (err == nil) != (row.err == nil) {
			t.Errorf("%s: %v", what, err)
		}
		rows++
	}
	if rows != 13 {
		t.Fatalf("%d rows", rows)
	}
	if x := parsed(t, "<script>alert(1)</script>\n\n    code\n"); x.Paragraphs[0].Words() != "<script>alert(1)</script>" {
		t.Errorf("HTML is %+v", x.Paragraphs)
	}
}

// A text written and taken apart again has the same paragraphs.
func TestMarkdownComesBack(t *testing.T) {
	same := func(t interface{ Errorf(string, ...any) }, x Text) {
		again, err := Parse(x.Markdown())
		if err != nil {
			t.Errorf("%s: %v", x.Markdown(), err)
			return
		}
		if len(again.Paragraphs) != len(x.Paragraphs) {
			t.Errorf("%d paragraphs of %d:\n%s", len(again.Paragraphs), len(x.Paragraphs), x.Markdown())
			return
		}
		for i := range x.Paragraphs {
			a, b := x.Paragraphs[i], again.Paragraphs[i]
			if a.Words() != b.Words() || a.Name != b.Name || a.Kind != b.Kind || a.Number != b.Number {
				t.Errorf("%+v came back as %+v of\n%s", a, b, x.Markdown())
			}
		}
	}
	same(t, parsed(t, early))
	same(t, parsed(t, "## Article 1\n\n1. one\n2. two\n   - a\n\n## Article 2\n\nthree\n"))
	rapid.Check(t, func(r *rapid.T) {
		words := rapid.StringMatching(`[a-z*_#1.)(\[\]<>&\\+-]{1,4}( [a-z*_1.-]{1,5}){0,5}`)
		var b strings.Builder
		for range rapid.IntRange(0, 6).Draw(r, "paragraphs") {
			b.WriteString(rapid.SampledFrom([]string{"", "# ", "1. ", "1. ", "   - ", "## ", "*a* "}).Draw(r, "mark") + words.Draw(r, "words") + rapid.SampledFrom([]string{"\n\n", "\n"}).Draw(r, "end"))
		}
		x, err := Parse([]byte(b.String()))
		if err != nil {
			return
		}
		for i, p := range x.Paragraphs { // a title behind others, a closing among paragraphs: what only order makes is not written anew
			if i > 0 && p.Kind == Operative && p.Level > 0 && x.Paragraphs[i-1].Kind != Operative {
				return
			}
		}
		same(r, x)
	})
}

func TestTextsAreComparedParagraphByParagraph(t *testing.T) {
	old := parsed(t, "The Conference,\n\nNoting the flood,\n\n1. Decides to warn within three hours of knowing of it;\n2. Requests the Secretary to report;\n")
	new := parsed(t, "The Conference,\n\nNoting the flood,\n\nRecalling its statute,\n\n1. Decides to warn within one hour of knowing of it;\n2. Invites observers.\n")
	var got []string
	for _, c := range Compare(old, new) {
		line := ""
		for _, p := range c.Pieces {
			line += string(p.Kind) + strings.Join(p.Words, " ") + " "
		}
		got = append(got, strings.TrimSpace(line))
	}
	want := []string{"=The Conference,", "=Noting the flood,", "+Recalling its statute,", "=Decides to warn within -three hours +one hour =of knowing of it;", "-Requests the Secretary to report;", "+Invites observers."}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

// Whatever two texts are, what was kept and taken is the old one, what was kept and added the new one.
func TestComparingLosesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		draw := func(name string) (x Text) {
			for range rapid.IntRange(0, 5).Draw(r, name) {
				words := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 1, 5).Draw(r, "words"), " ")
				x.Paragraphs = append(x.Paragraphs, Paragraph{Kind: Preambular, Runs: []Run{{Text: words}}})
			}
			return x
		}
		old, new := draw("old"), draw("new")
		var was, is []string
		for _, c := range Compare(old, new) {
			if c.Old != nil {
				was = append(was, c.Old.Words())
			}
			if c.New != nil {
				is = append(is, c.New.Words())
			}
			var o, n []string
			for _, p := range c.Pieces {
				if p.Kind != Added {
					o = append(o, p.Words...)
				}
				if p.Kind != Taken {
					n = append(n, p.Words...)
				}
			}
			if c.Old != nil && strings.Join(o, " ") != c.Old.Words() || c.New != nil && strings.Join(n, " ") != c.New.Words() {
				r.Errorf("%+v", c)
			}
		}
		words := func(x Text) (list []string) {
			for _, p := range x.Paragraphs {
				list = append(list, p.Words())
			}
			return list
		}
		if !slices.Equal(was, words(old)) || !slices.Equal(is, words(new)) {
			r.Errorf("%q of %q, %q of %q", was, words(old), is, words(new))
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(early))
	f.Add([]byte("1. a\n   - b\n\n## c\n*d"))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := Parse(b)
		if err != nil {
			return
		}
		if len(x.Paragraphs) > MaxParagraphs {
			t.Fatalf("%d paragraphs", len(x.Paragraphs))
		}
		seen := map[string]bool{}
		for _, n := range x.Names() {
			if seen[n] {
				t.Fatalf("%s twice", n)
			}
			seen[n] = true
		}
	})
}
