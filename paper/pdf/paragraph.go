package pdf

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/go-text/typesetting/segmenter"
)

// A span is how a stretch of text is set and how it is tagged.
type span struct {
	size          int // in tenths of a point
	rise          Length
	bold, italic  bool
	grey          int  // percent of white; 0 is black
	struck, ruled bool // a line through it, a line under it
	whole         bool // no word is divided
	language      string
	inner         *inner // the element inside the block's own that holds it; nil: the block's own
}

// An inner element is made when its first text is drawn, so that it stands in its place among its parent's kids.
type inner struct {
	tag, language, link, text string
	attributes                string
	note                      *footnote
	made                      *element
}

// A footnote is its number and lines; the lines are set at the foot of the page that calls it.
type footnote struct {
	number int
	text   []Run
	home   *element // Note, made where the call is drawn
	slugs  []slug
}

// A part of a line is glyphs that follow each other.
type part struct {
	x      Length
	span   *span
	glyphs []glyph
}

// A line is set text; width is what it takes without the space at its end.
type line struct {
	parts []part
	width Length
	notes []*footnote
}

// A setter sets one document.
type setter struct {
	doc      Document
	layout   Layout
	shaper   *shaper
	segments segmenter.Segmenter
	notes    int // footnotes called so far
}

// A style is the type of a block.
type style struct {
	size    int // in tenths of a point
	leading Length
	bold    bool
	italic  bool
	grey    int
	whole   bool // no word is divided, as in headings
}

// spans makes the characters of runs and the span of each.
func (s *setter) spans(runs []Run, st style) (text []rune, of []*span) {
	add := func(t string, sp *span) {
		for _, r := range clean(t) {
			text, of = append(text, r), append(of, sp)
		}
	}
	for _, r := range runs {
		sp := &span{size: st.size, bold: st.bold || r.Bold, italic: st.italic || r.Italic, grey: st.grey, whole: st.whole, language: s.doc.Language}
		if r.Language != "" && r.Language != s.doc.Language {
			sp.language, sp.inner = r.Language, &inner{tag: "Span", language: r.Language}
		}
		if sp.italic && (sp.language == "ka" || strings.HasPrefix(sp.language, "ka-")) {
			sp.italic, sp.bold = false, true
		}
		if r.Link != "" {
			sp.inner = &inner{tag: "Link", language: "", link: r.Link, text: r.Text}
			if sp.language != s.doc.Language {
				sp.inner.language = sp.language
			}
		}
		if r.Struck || r.Underlined {
			sp.decorate(r.Struck)
		}
		add(r.Text, sp)
		if r.Footnote != nil {
			s.notes++
			call := *sp
			call.struck, call.ruled = false, false
			call.size, call.rise = st.size*7/10, Length(st.size)*330
			call.inner = &inner{tag: "Reference", note: &footnote{number: s.notes, text: r.Footnote}}
			add(strconv.Itoa(s.notes), &call)
		}
	}
	return text, of
}

// decorate puts a line through a span or under it, and says so to who has the text read out (ISO 32000-1, 14.8.5.4.5).
func (sp *span) decorate(struck bool) {
	decoration := "Underline"
	if sp.struck, sp.ruled = struck, !struck; struck {
		decoration = "LineThrough"
	}
	if sp.inner == nil {
		sp.inner = &inner{tag: "Span"}
	}
	sp.inner.attributes = "/O/Layout/TextDecorationType/" + decoration
}

// lines sets runs in lines of a width.
func (s *setter) lines(runs []Run, st style, width, indent Length, full bool) []line {
	text, of := s.spans(runs, st)
	return s.broken(text, of, width, indent, full)
}

// broken breaks text into lines; of is the span of each character.
func (s *setter) broken(text []rune, of []*span, width, indent Length, full bool) []line {
	items := s.items(text, of, width, full)
	if len(items) == 0 {
		return nil
	}
	ragged := Length(0)
	if !full {
		ragged = width / 5
	}
	if indent > 0 {
		items = append([]item{{kind: box, width: indent, span: of[0]}}, items...)
	}
	items = append(items, item{kind: penalty, cost: forced})
	var list []line
	for _, b := range breakLines(items, width, ragged) {
		list = append(list, s.fill(items, b, width, full))
	}
	return list
}

// items makes boxes, glue and penalties of text: a line may end where Unicode's line breaking allows it (UAX 14), and
// where a word may be divided.
func (s *setter) items(text []rune, of []*span, width Length, full bool) (list []item) {
	s.segments.Init(text)
	for it := s.segments.LineIterator(); it.Next(); {
		l := it.Line()
		from, to := l.Offset, l.Offset+len(l.Text)
		end := to
		for end > from && (unicode.IsSpace(text[end-1]) && text[end-1] != noBreakSpace || text[end-1] == zeroWidthSpace) {
			end--
		}
		soft := end > from && text[end-1] == softHyphen
		list = append(list, s.chunk(text[from:end], of[from:end], width, full)...)
		switch {
		case end < to && text[end] != zeroWidthSpace:
			list = append(list, s.space(of[end], " ", full))
		case to == len(text):
		case soft:
			list = append(list, s.hyphen(of[end-1]))
		case text[to-1] == '-':
			list = append(list, item{kind: penalty, cost: costOwnHyphen, span: of[to-1]})
		default:
			list = append(list, item{kind: penalty, span: of[to-1]})
		}
	}
	for len(list) > 0 && list[len(list)-1].kind != box {
		list = list[:len(list)-1]
	}
	if n := next(list, 0); n > 0 {
		list = list[n:]
	}
	return list
}

// space is glue in the manner of TeX: a half more, a third less.
func (s *setter) space(sp *span, text string, full bool) item {
	g := s.glyphs(" ", sp)
	g = append([]glyph(nil), g...)
	g[0].text = text
	w := widthOf(g, sp)
	it := item{kind: glue, width: w, span: sp, glyphs: g, fixed: text != " "}
	if full {
		it.stretch, it.shrink = w/2, w/3
	}
	return it
}

func (s *setter) hyphen(sp *span) item {
	g := append([]glyph(nil), s.glyphs("-", sp)...)
	g[0].text = string(softHyphen)
	return item{kind: penalty, width: widthOf(g, sp), cost: costHyphen, span: sp, glyphs: g}
}

func (s *setter) glyphs(text string, sp *span) []glyph {
	return s.shaper.word(wordKey{text, sp.language, sp.bold, sp.italic})
}

func widthOf(g []glyph, sp *span) (w Length) {
	for _, g := range g {
		w += Length(g.advance * sp.size)
	}
	return w
}

// chunk is text between two places where a line may end by the rules of Unicode.
func (s *setter) chunk(text []rune, of []*span, width Length, full bool) (list []item) {
	for i := 0; i < len(text); {
		if text[i] == noBreakSpace {
			list = append(list, s.space(of[i], string(noBreakSpace), full))
			i++
			continue
		}
		end := i + 1
		for end < len(text) && of[end] == of[i] && text[end] != noBreakSpace {
			end++
		}
		word := make([]rune, 0, end-i)
		for _, r := range text[i:end] {
			if r != softHyphen && r != zeroWidthSpace {
				word = append(word, r)
			}
		}
		list = append(list, s.word(word, of[i], width)...)
		i = end
	}
	return list
}

// word is a box, or boxes with a penalty wherever it may be divided.
func (s *setter) word(word []rune, sp *span, width Length) (list []item) {
	g := s.glyphs(string(word), sp)
	anywhere := widthOf(g, sp) > width
	var points []int
	if s.layout.Hyphenate && !anywhere && !sp.whole {
		points = divisions(word, hyphenatorOf(sp.language))
	}
	from := 0
	for i := 1; i < len(g); i++ {
		if g[i].glyphs == 0 {
			continue
		}
		for len(points) > 0 && points[0] < g[i].at {
			points = points[1:]
		}
		divide := len(points) > 0 && points[0] == g[i].at
		if !divide && !(anywhere && !unicode.Is(unicode.M, word[g[i].at])) {
			continue
		}
		list = append(list, item{kind: box, width: widthOf(g[from:i], sp), span: sp, glyphs: g[from:i]})
		if divide {
			list = append(list, s.hyphen(sp))
		} else {
			list = append(list, item{kind: penalty, cost: costAnywhere, span: sp})
		}
		from = i
	}
	if from < len(g) {
		list = append(list, item{kind: box, width: widthOf(g[from:], sp), span: sp, glyphs: g[from:]})
	}
	return list
}

// divisions lists where the stretches of letters in a word may be divided.
func divisions(word []rune, h *hyphenator) (at []int) {
	if h == nil {
		return nil
	}
	for i := 0; i < len(word); {
		end := i
		for end < len(word) && unicode.IsLetter(word[end]) {
			end++
		}
		for _, n := range h.divide(word[i:end]) {
			at = append(at, i+n)
		}
		i = end + 1
	}
	return at
}

// fill sets the items of a line: the white space takes what is missing, in proportion and to the last unit.
func (s *setter) fill(items []item, b lineBreak, width Length, full bool) (l line) {
	var natural, stretch, shrink Length
	for _, it := range items[b.from:b.at] {
		if it.kind != penalty {
			natural, stretch, shrink = natural+it.width, stretch+it.stretch, shrink+it.shrink
		}
	}
	end := items[b.at]
	if end.kind == penalty {
		natural += end.width
	}
	missing, give := width-natural, stretch
	last := end.kind == penalty && end.cost == forced
	switch {
	case missing < 0 && shrink > 0:
		missing, give = max(missing, -shrink), shrink
	case last || !full || give == 0 || missing > 5*give: // too loose to be full is left ragged
		missing, give = 0, 1
	}
	var x, given Length
	for _, it := range items[b.from:b.at] {
		if it.kind == penalty {
			continue
		}
		l.add(x+missing*given/give, it)
		x += it.width
		if missing < 0 {
			given += it.shrink
		} else {
			given += it.stretch
		}
	}
	if give > 1 || missing != 0 {
		x += missing * given / give
	}
	l.width = x
	if end.kind == penalty && end.width > 0 {
		l.add(x, end)
		l.width += end.width
	}
	if end.kind == glue { // kept, hanging, so that words stay apart when the text is read
		l.add(x, end)
	}
	return l
}

func (l *line) add(x Length, it item) {
	if len(it.glyphs) == 0 {
		return
	}
	l.parts = append(l.parts, part{x, it.span, it.glyphs})
	if it.span.inner != nil && it.span.inner.note != nil && it.span.inner.made == nil {
		for _, n := range l.notes {
			if n == it.span.inner.note {
				return
			}
		}
		l.notes = append(l.notes, it.span.inner.note)
	}
}
