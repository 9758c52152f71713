// Package drafting takes the text of a draft apart into the numbered paragraphs by which a meeting speaks of it, and
// compares one text with another.
//
// A text is Markdown (CommonMark 0.31) of which headings, ordered and unordered lists and emphasis count; everything else,
// HTML too, is text as it stands.
//
//	# Early warning on shared rivers           the title
//
//	The Conference,                            the words of enactment: at most six words and a comma, first of all
//
//	*Noting* that water stops at no frontier,  a preambular paragraph: pp1
//
//	1. *Decides* that each member shall warn:  an operative paragraph: op1, printed 1.
//	   - of floods;                            one below it: op1-a, printed (a)
//	   - of avalanches;                        op1-b, printed (b)
//	2. *Requests* the Secretary …              op2
//
//	## Article 1                               of a treaty: paragraphs below are art1-1, art1-2 …
//
// Numbers are given here, in order; what stands before a full stop in the text only says that the paragraph is operative.
package drafting

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Bounds of a text.
const (
	MaxBytes      = 1 << 20
	MaxParagraphs = 2000
	maxDepth      = 3    // levels of operative paragraphs: 1. (a) (i)
	maxLines      = 2000 // between two empty lines, and so many marks of emphasis: the parser's time grows with their square
)

// What may be wrong with a text.
var (
	ErrTooLarge = fmt.Errorf("a text has at most %d bytes and %d paragraphs", MaxBytes, MaxParagraphs)
	ErrTooDeep  = errors.New("paragraphs stand at most three deep, 1. (a) (i), and below each stands one list")
	ErrTooLong  = fmt.Errorf("between two empty lines stand at most %d lines and %d marks of emphasis", maxLines, maxLines)
	ErrNoText   = errors.New("no text in UTF-8")
)

// A Kind of paragraph.
type Kind string

const (
	Title      Kind = "title"
	Heading    Kind = "heading"    // of an article or part
	Enactment  Kind = "enactment"  // The Conference,
	Preambular Kind = "preambular" // pp1
	Operative  Kind = "operative"  // op1, op1-a; in an article art1-1
	Closing    Kind = "closing"    // what stands unnumbered behind the operative part
)

// A Text is a draft taken apart.
type Text struct{ Paragraphs []Paragraph }

// A Paragraph is the smallest part of a text that is agreed, bracketed or amended.
type Paragraph struct {
	Name   string // by which acts mean it: pp2, op3, op3-a, art1-2; "" of what is not numbered
	Kind   Kind
	Level  int    // of an operative paragraph: 0 of 1., 1 of (a), 2 of (i)
	Number string // as it is printed: 1., (a), (i); "" of what has none
	Runs   []Run
}

// A Run is words set one way.
type Run struct {
	Text     string
	Emphasis bool
}

// Words is the text of a paragraph without its number.
func (p Paragraph) Words() string {
	var b strings.Builder
	for _, r := range p.Runs {
		b.WriteString(r.Text)
	}
	return b.String()
}

// Numbered is the text of a paragraph behind its number.
func (p Paragraph) Numbered() string {
	if p.Number == "" {
		return p.Words()
	}
	return p.Number + " " + p.Words()
}

// Names are the names of the numbered paragraphs in order.
func (t Text) Names() (names []string) {
	for _, p := range t.Paragraphs {
		if p.Name != "" {
			names = append(names, p.Name)
		}
	}
	return names
}

// Title is the words of the title; "" where there is none.
func (t Text) Title() string {
	for _, p := range t.Paragraphs {
		if p.Kind == Title {
			return p.Words()
		}
	}
	return ""
}

// Paragraph returns the paragraph of a name.
func (t Text) Paragraph(name string) (Paragraph, bool) {
	for _, p := range t.Paragraphs {
		if p.Name == name && name != "" {
			return p, true
		}
	}
	return Paragraph{}, false
}

// markdown knows headings, lists and emphasis alone: it has no HTML, no links, no code.
var markdown = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(parser.NewListParser(), 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewParagraphParser(), 1000),
	),
	parser.WithInlineParsers(util.Prioritized(parser.NewEmphasisParser(), 500)),
)

// Parse takes a text apart. Its cost is bounded by [MaxBytes].
func Parse(source []byte) (Text, error) {
	switch {
	case len(source) > MaxBytes:
		return Text{}, ErrTooLarge
	case !utf8.Valid(source) || bytes.IndexByte(source, 0) >= 0:
		return Text{}, ErrNoText
	}
	lines, marks := 0, 0
	for line := range bytes.Lines(source) {
		lines, marks = lines+1, marks+bytes.Count(line, []byte("*"))+bytes.Count(line, []byte("_"))
		if len(bytes.TrimSpace(line)) == 0 {
			lines, marks = 0, 0
		}
		if lines > maxLines || marks > maxLines {
			return Text{}, ErrTooLong
		}
		if opens(line) > 2*maxDepth {
			return Text{}, ErrTooDeep
		}
	}
	r := reader{source: source}
	if err := r.blocks(markdown.Parse(text.NewReader(source))); err != nil {
		return Text{}, err
	}
	return r.t, nil
}

// opens counts the list items that one line opens.
func opens(line []byte) (n int) {
	for {
		line = bytes.TrimLeft(line, " \t")
		rest := bytes.TrimLeft(line, "0123456789")
		switch {
		case len(rest) < len(line) && len(rest) > 1 && (rest[0] == '.' || rest[0] == ')') && (rest[1] == ' ' || rest[1] == '\t'):
			line = rest[1:]
		case len(line) > 1 && (line[0] == '-' || line[0] == '*' || line[0] == '+') && (line[1] == ' ' || line[1] == '\t'):
			line = line[1:]
		default:
			return n
		}
		n++
	}
}

// A reader gives paragraphs their names as it comes to them.
type reader struct {
	source      []byte
	t           Text
	pp, op, art int
	enacted     bool
	inArticle   int // paragraphs of the article so far
}

// words are the words of nodes one behind another.
func (r *reader) words(nodes ...ast.Node) (list []Run) {
	for i, n := range nodes {
		if i > 0 {
			list = appendRun(list, " ", false)
		}
		list = r.runs(list, n, false, 0)
	}
	return tidy(list)
}

// add adds a paragraph that has words.
func (r *reader) add(p Paragraph) error {
	if len(r.t.Paragraphs) == MaxParagraphs {
		return ErrTooLarge
	}
	r.t.Paragraphs = append(r.t.Paragraphs, p)
	return nil
}

func (r *reader) blocks(doc ast.Node) error {
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		var err error
		switch n := n.(type) {
		case *ast.Heading:
			err = r.heading(n)
		case *ast.List:
			err = r.list(n, "", 0)
		default:
			err = r.loose(n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) heading(n *ast.Heading) error {
	p := Paragraph{Kind: Title, Runs: r.words(n)}
	if len(p.Runs) == 0 {
		return nil
	}
	if n.Level > 1 {
		p.Kind = Heading
		r.art++
		r.inArticle = 0
	}
	return r.add(p)
}

// loose is a paragraph outside lists.
func (r *reader) loose(n ast.Node) error {
	p := Paragraph{Kind: Preambular, Runs: r.words(n)}
	words := p.Words()
	switch {
	case words == "":
		return nil
	case r.art > 0:
		r.inArticle++
		p.Kind, p.Name = Operative, fmt.Sprintf("art%d-%d", r.art, r.inArticle)
	case r.op > 0:
		p.Kind = Closing
	case !r.enacted && r.pp == 0 && strings.HasSuffix(words, ",") && strings.Count(words, " ") < 6:
		p.Kind, r.enacted = Enactment, true
	default:
		r.pp++
		p.Name = fmt.Sprintf("pp%d", r.pp)
	}
	return r.add(p)
}

// list is operative paragraphs, below the paragraph that is called above.
func (r *reader) list(l *ast.List, above string, level int) error {
	if level == maxDepth {
		return ErrTooDeep
	}
	at := 0
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		var nodes []ast.Node
		var below []*ast.List
		for n := item.FirstChild(); n != nil; n = n.NextSibling() {
			if list, ok := n.(*ast.List); ok {
				below = append(below, list)
				continue
			}
			nodes = append(nodes, n)
		}
		p := Paragraph{Kind: Operative, Level: level, Runs: r.words(nodes...)}
		if len(p.Runs) == 0 && len(below) > 0 {
			return ErrTooDeep // an item that only holds another has no words of its own
		} else if len(p.Runs) == 0 {
			continue
		}
		at++
		r.number(&p, above, at)
		if err := r.add(p); err != nil {
			return err
		}
		for _, list := range below[:min(1, len(below))] {
			if err := r.list(list, p.Name, level+1); err != nil {
				return err
			}
		}
		if len(below) > 1 {
			return ErrTooDeep
		}
	}
	return nil
}

// number gives the operative paragraph that stands at a place below another its name and number.
func (r *reader) number(p *Paragraph, above string, at int) {
	switch {
	case p.Level == 1:
		p.Name, p.Number = above+"-"+letters(at), "("+letters(at)+")"
	case p.Level > 1:
		p.Name, p.Number = above+"-"+roman(at), "("+roman(at)+")"
	case r.art > 0:
		r.inArticle++
		p.Name, p.Number = fmt.Sprintf("art%d-%d", r.art, r.inArticle), fmt.Sprintf("%d.", r.inArticle)
	default:
		r.op++
		p.Name, p.Number = fmt.Sprintf("op%d", r.op), fmt.Sprintf("%d.", r.op)
	}
}

// letters counts a, b, … z, aa, ab …
func letters(n int) string {
	if n > 26 {
		return letters((n-1)/26) + letters((n-1)%26+1)
	}
	return string(rune('a' + n - 1))
}

func roman(n int) string {
	var b strings.Builder
	for i, v := range []int{1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1} {
		for ; n >= v; n -= v {
			b.WriteString([]string{"m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"}[i])
		}
	}
	return b.String()
}

// runs appends the words of a node. Emphasis within emphasis is one emphasis; deeper than 16 it is text no more.
func (r *reader) runs(list []Run, n ast.Node, emphasis bool, depth int) []Run {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			list = appendRun(list, string(util.UnescapePunctuations(c.Segment.Value(r.source))), emphasis)
			if c.SoftLineBreak() || c.HardLineBreak() {
				list = appendRun(list, " ", emphasis)
			}
		case *ast.String:
			list = appendRun(list, string(c.Value), emphasis)
		default:
			if depth < 16 {
				list = r.runs(list, c, emphasis || c.Kind() == ast.KindEmphasis, depth+1)
			}
		}
	}
	return list
}

func appendRun(list []Run, s string, emphasis bool) []Run {
	if n := len(list); n > 0 && list[n-1].Emphasis == emphasis {
		list[n-1].Text += s
		return list
	}
	return append(list, Run{s, emphasis})
}

// tidy makes blanks single, as a text is printed, and takes them from its ends.
func tidy(list []Run) (out []Run) {
	blank := true
	for _, r := range list {
		var b strings.Builder
		for _, c := range r.Text {
			if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
				if !blank {
					b.WriteByte(' ')
				}
				blank = true
				continue
			}
			if c < ' ' || c == 0x7f {
				continue
			}
			blank = false
			b.WriteRune(c)
		}
		if b.Len() > 0 {
			out = appendRun(out, b.String(), r.Emphasis)
		}
	}
	for len(out) > 0 {
		last := &out[len(out)-1]
		if last.Text = strings.TrimRight(last.Text, " "); last.Text != "" {
			break
		}
		out = out[:len(out)-1]
	}
	return out
}

// Markdown writes a text so that Parse takes it apart into the same paragraphs.
func (t Text) Markdown() []byte {
	var b bytes.Buffer
	at := 0
	for i, p := range t.Paragraphs {
		if i > 0 && (p.Level == 0 || t.Paragraphs[i-1].Kind != Operative) {
			b.WriteByte('\n')
		}
		words := escaped(p.Runs)
		switch {
		case p.Kind == Title:
			b.WriteString("# " + words)
		case p.Kind == Heading:
			at = 0
			b.WriteString("## " + words)
		case p.Kind == Operative && p.Level > 0:
			b.WriteString(strings.Repeat("    ", p.Level) + "- " + words)
		case p.Kind == Operative && p.Number != "":
			at++
			number := strings.TrimSuffix(p.Number, ".")
			b.WriteString(number + "." + strings.Repeat(" ", max(1, 3-len(number))) + words)
		default:
			b.WriteString(words)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// escaped is runs in Markdown, what would mean something in it made to mean itself.
func escaped(list []Run) string {
	var b strings.Builder
	for i, r := range list {
		text := r.Text
		lead, trail := "", ""
		if r.Emphasis { // blanks at its ends would undo it
			trimmed := strings.Trim(text, " ")
			lead, trail, text = text[:strings.Index(text, trimmed)], text[strings.Index(text, trimmed)+len(trimmed):], trimmed
		}
		b.WriteString(lead)
		if r.Emphasis && text != "" {
			b.WriteByte('*')
		}
		for k, c := range text {
			if c < 0x80 && strings.ContainsRune("\\*_#`<>[]&", c) || i == 0 && k == 0 && (c == '-' || c == '+') {
				b.WriteByte('\\')
			}
			if i == 0 && k > 0 && (c == '.' || c == ')') && strings.Trim(text[:k], "0123456789") == "" {
				b.WriteByte('\\')
			}
			b.WriteRune(c)
		}
		if r.Emphasis && text != "" {
			b.WriteByte('*')
		}
		b.WriteString(trail)
	}
	return b.String()
}
