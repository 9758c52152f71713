package pdf

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// exhaustive finds the least demerits of all ways to break items into lines, by trying each.
func exhaustive(items []item, width, ragged Length) (least int) {
	total := make([]sums, len(items)+1)
	for i, it := range items {
		total[i+1] = total[i]
		if it.kind != penalty {
			total[i+1] = sums{total[i].width + it.width, total[i].stretch + it.stretch, total[i].shrink + it.shrink}
		}
	}
	least = -1
	var try func(a *node)
	try = func(a *node) {
		for i := max(a.from, a.at+1); i < len(items); i++ {
			if !mayEnd(items, i) {
				continue
			}
			n, ok, _ := a.end(items, total, i, width, ragged)
			if !ok {
				continue
			}
			if i == len(items)-1 {
				if least < 0 || n.demerits < least {
					least = n.demerits
				}
				continue
			}
			try(&n)
		}
	}
	try(&node{at: -1, tight: 1})
	return least
}

func demeritsOf(items []item, lines []lineBreak, width, ragged Length) int {
	total := make([]sums, len(items)+1)
	for i, it := range items {
		total[i+1] = total[i]
		if it.kind != penalty {
			total[i+1] = sums{total[i].width + it.width, total[i].stretch + it.stretch, total[i].shrink + it.shrink}
		}
	}
	n := &node{at: -1, tight: 1}
	for _, l := range lines {
		next, ok, _ := n.end(items, total, l.at, width, ragged)
		if !ok {
			return -1
		}
		n = &next
	}
	return n.demerits
}

func TestLinesAreTheBestOfAll(t *testing.T) {
	tried := 0
	rapid.Check(t, func(t *rapid.T) {
		var items []item
		words := rapid.IntRange(1, 9).Draw(t, "words")
		for i := range words {
			if i > 0 {
				items = append(items, item{kind: glue, width: 30, stretch: 15, shrink: 10})
			}
			for k := range rapid.IntRange(1, 2).Draw(t, "syllables") {
				if k > 0 {
					items = append(items, item{kind: penalty, width: 4, cost: costHyphen})
				}
				items = append(items, item{kind: box, width: Length(rapid.IntRange(20, 90).Draw(t, "width"))})
			}
		}
		items = append(items, item{kind: penalty, cost: forced})
		width := Length(rapid.IntRange(100, 300).Draw(t, "line"))
		ragged := Length(rapid.SampledFrom([]int{0, 40}).Draw(t, "ragged"))
		best := exhaustive(items, width, ragged)
		if best < 0 {
			return // nothing fits
		}
		tried++
		if got := demeritsOf(items, breakLines(items, width, ragged), width, ragged); got != best {
			t.Errorf("demerits %d, the best are %d", got, best)
		}
	})
	if tried < 20 {
		t.Fatalf("%d paragraphs tried", tried)
	}
	t.Logf("%d paragraphs tried", tried)
}

func testSetter() *setter {
	l := Treaty()
	return &setter{doc: Document{Language: "en"}, layout: l, shaper: newShaper()}
}

// A full line ends at the margin to the last unit, no line sticks out, and all text is in the lines, in order.
func TestLinesAreFullAndHoldTheText(t *testing.T) {
	s := testSetter()
	text := strings.Repeat("The extraordinary plenipotentiaries undertake to hyphenate commitments; ", 30)
	checked := 0
	for width := Length(60 * Point); width < 500*Point; width += 7 * Point {
		lines := s.lines(Text(text), s.layout.Body, width, 0, true)
		var got strings.Builder
		for i, l := range lines {
			if i < len(lines)-1 && l.width != width && width > 250*Point {
				t.Errorf("a line of %d in a column of %d", l.width, width)
			}
			if l.width > width {
				t.Errorf("a line sticks out by %d", l.width-width)
			}
			for _, p := range l.parts {
				for _, g := range p.glyphs {
					got.WriteString(g.text)
				}
			}
			checked++
		}
		if strings.ReplaceAll(got.String(), "\u00ad", "") != strings.TrimSpace(text) {
			t.Fatalf("at %d the text is not in the lines", width)
		}
	}
	t.Logf("%d lines", checked)
}

func TestNoLineEndsAtANonBreakingSpace(t *testing.T) {
	s := testSetter()
	for width := Length(40 * Point); width < 200*Point; width += Point {
		for _, l := range s.lines(Text("held on 6\u00a0September 2019 and on 7\u00a0September 2019"), s.layout.Body, width, 0, true) {
			last := l.parts[len(l.parts)-1].glyphs
			if text := last[len(last)-1].text; text == "\u00a0" || text == "6" || text == "7" {
				t.Fatalf("at %d a line ends at %q", width, text)
			}
		}
	}
}

// As the npm package hyphen 1.14.1 divides with the same patterns; in English names stay whole, and three
// letters are the fewest behind a hyphen.
func TestWordsAreDivided(t *testing.T) {
	rows := 0
	for lang, words := range map[string]string{
		"de": "Do-nau-dampf-schiff-fahrts-ge-sell-schaft au-ßer-or-dent-li-che Über-prüf-bar-keit Staats-si-cher-heits-dienst Ver-hand-lungs-füh-rer Nach-bar-schafts-ver-trag Ge-ne-ral-se-kre-tär Sit-zungs-pro-to-koll Mit-glied-staa-ten Ab-stim-mung",
		"en": "con-fer-ence hy-phen-a-tion rat-i-fic-a-tion ex-traordin-ary pleni-po-ten-tiary com-mit-ments un-der-tak-ing sec-ret-ariat del-eg-a-tion sov-er-eignty ma-nu-script Istanbul",
		"ka": "კონ-ფე-რენ-ცია თა-ნამ-შრომ-ლო-ბა სა-ხელ-მწი-ფო უსაფრ-თხო-ე-ბა მო-ნა-წი-ლე-ებ-მა სამ-სა-ხუ-რი გან-ვი-თა-რე-ბა სა-ერ-თა-შო-რი-სო ორ-გა-ნი-ზა-ცია წარ-მო-მად-გე-ნე-ლი",
	} {
		for _, want := range strings.Fields(words) {
			word := []rune(strings.ReplaceAll(want, "-", ""))
			got := slices.Clone(word)
			at := hyphenatorOf(lang).divide(word)
			for _, n := range slices.Backward(at) {
				got = slices.Insert(got, n, '-')
			}
			if string(got) != want {
				t.Errorf("%s, not %s", string(got), want)
			}
			rows++
		}
	}
	if hyphenatorOf("az") != nil || hyphenatorOf("de-AT") == nil {
		t.Error("patterns are found by the primary language, and there are none for Azerbaijani")
	}
	t.Logf("%d words", rows)
}

func TestFacesFallBackByCharacter(t *testing.T) {
	s := newShaper()
	for text, want := range map[string][]face{
		"ბ.":     {georgian, serif},
		"a→b":    {serif, mathematics, serif},
		"✓":      {symbols},
		"ә":      {serif},
		"\u4e2d": {serif},
	} {
		var got []face
		for _, g := range s.word(wordKey{text: text, language: "ka"}) {
			got = append(got, g.face)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q is set in %v", text, got)
		}
	}
	// A ligature reads as its letters; a character nobody holds is drawn as U+FFFD and reads as itself.
	if g := s.word(wordKey{text: "ffi", language: "en"}); len(g) != 1 || g[0].text != "ffi" {
		t.Errorf("ffi: %+v", g)
	}
	replacement, _ := s.faces[serif].Face().NominalGlyph('\ufffd')
	if g := s.word(wordKey{text: "\u4e2d", language: "en"}); g[0].id != uint16(replacement) || g[0].text != "\u4e2d" {
		t.Errorf("a character of no face: %+v", g)
	}
	// The dotless i of Turkish stays apart from f.
	if g := s.word(wordKey{text: "fi", language: "tr"}); len(g) != 2 {
		t.Errorf("fi in Turkish: %+v", g)
	}
}
