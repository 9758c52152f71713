package exchange

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/drafting"
	"kurultai/language"
	"kurultai/record"
)

// The part of Akoma Ntoso 3.0 that a text needs. What stands between the elements is written by ourselves.
type (
	aknDoc struct {
		Name       string    `xml:"name,attr"`
		Meta       aknMeta   `xml:"meta"`
		Preface    *aknInner `xml:"preface"`
		Preamble   *aknInner `xml:"preamble"`
		MainBody   *aknInner `xml:"mainBody"`
		Body       *aknInner `xml:"body"`
		Amendment  *aknInner `xml:"amendmentBody"`
		Conclusion *aknInner `xml:"conclusions"`
	}
	aknInner struct {
		XML string `xml:",innerxml"`
	}
	aknDocRoot struct {
		XMLName   xml.Name `xml:"http://docs.oasis-open.org/legaldocml/ns/akn/3.0 akomaNtoso"`
		Statement *aknDoc  `xml:"statement"`
		Act       *aknDoc  `xml:"act"`
		Amendment *aknDoc  `xml:"amendment"`
	}
)

// A Texts gives a text by the digest an act names, as the reader of a record may have it.
type Texts func(context.Context, record.Digest) ([]byte, bool)

// A leaf is what is written of a text: under which name, in which form.
type leaf struct {
	name   string // of the document in its form: draft, report, resolution, treaty …
	form   string // statement, act or amendment
	symbol string
	date   string // of the work
	lang   string
	text   drafting.Text
}

// WriteDocument writes the text of a paper, of a decision or of an instrument, named by its symbol, number or id, in a
// language, as Akoma Ntoso 3.0: a text in articles as an act, the words of an amendment as an amendment, all others as a
// statement. Its IRIs follow from the body and the symbol. The error of what is not there says so.
func WriteDocument(ctx context.Context, v View, name string, l *language.Language, find Texts, w io.Writer) error {
	s := v.State()
	x, err := leafOf(ctx, s, name, l, find)
	if err != nil {
		return err
	}
	work := fmt.Sprintf("/akn/un/%s/%s/%s/%s/%s", x.form, x.name, s.Body.ID, x.date, strings.ReplaceAll(x.symbol, "/", "-"))
	expression := fmt.Sprintf("%s/%s@%s", work, x.lang, x.date)
	layer := func(uri, suffix, date, name string) frbr {
		return frbr{This: aknValue{uri + "/!main" + suffix}, URI: aknValue{uri + suffix}, Date: aknDate{date, name}, Author: aknHref{"#secretariat"}}
	}
	d := &aknDoc{Name: x.name}
	d.Meta.Identification = aknIdentification{Source: "#secretariat", Work: frbrWork{frbr: layer(work, "", x.date, "entry"), Country: aknValue{"un"}, Number: &aknValue{x.symbol}}, Expression: layer(expression, "", x.date, "expression"), Manifestation: layer(expression, ".xml", s.Last.String()[:10], "generation")}
	d.Meta.Identification.Expression.Language = &aknLang{x.lang}
	d.Meta.References = aknReferences{Source: "#secretariat", Organisations: []aknThing{{"secretariat", "/akn/ontology/organization/" + v.Origin(), nameIn(s.Body.Names, l)}}}
	x.write(d)
	root := aknDocRoot{}
	switch x.form {
	case "act":
		root.Act = d
	case "amendment":
		root.Amendment = d
	default:
		root.Statement = d
	}
	return writeXML(w, root)
}

// leafOf finds a text by the name of what it is of.
func leafOf(ctx context.Context, s *conference.State, name string, l *language.Language, find Texts) (x leaf, err error) {
	x = leaf{form: "statement", symbol: name, lang: iso639[l.Code], date: s.Last.String()[:10]}
	var digest record.Digest
	var amends bool
	if d, ok := s.Document(conference.Symbol(name)); ok {
		t, ok := d.Version(conference.Language(l.Code))
		if !ok {
			return x, fmt.Errorf("%s is not there in %s", name, l.Code)
		}
		digest, x.name = t.Text, string(d.Type)
		for _, m := range s.Meetings() {
			for _, p := range s.Proposals(m.MeetingConvened.Meeting) {
				amends = amends || slices.ContainsFunc(s.AmendmentsTo(p.ID), func(a conference.Amendment) bool { return a.Text == digest })
			}
		}
		if at, ok := s.Meeting(d.Meeting); ok && len(at.From) == len(x.date) {
			x.date = string(at.From)
		}
	} else if i := slices.IndexFunc(s.Decisions(), func(d conference.Decision) bool { return d.Number == name }); i >= 0 {
		d := s.Decisions()[i]
		digest, x.name = d.Text, "resolution"
		if at, ok := s.Meeting(d.Meeting); ok && len(at.From) == len(x.date) {
			x.date = string(at.From)
		}
	} else if i, ok := s.Instrument(conference.InstrumentID(name)); ok {
		x.name = string(i.Form)
		for _, t := range i.Texts {
			if string(t.Language) == l.Code {
				digest = t.Text.Digest
			}
		}
		if digest == "" {
			return x, fmt.Errorf("%s has no authentic text in %s", name, l.Code)
		}
	} else {
		return x, fmt.Errorf("no paper, decision or instrument is called %q", name)
	}
	b, ok := find(ctx, digest)
	if !ok {
		return x, fmt.Errorf("the text of %s is not kept in this record; its SHA-256 is %s", name, digest)
	}
	if x.text, err = drafting.Parse(b); err != nil {
		return x, fmt.Errorf("%s: %w", name, err)
	}
	if len(x.text.Paragraphs) == 0 {
		return x, fmt.Errorf("%s has no paragraphs", name)
	}
	switch {
	case amends:
		x.form = "amendment"
	case slices.ContainsFunc(x.text.Paragraphs, func(p drafting.Paragraph) bool { return p.Kind == drafting.Heading }):
		x.form = "act"
	}
	return x, nil
}

// write writes the text of a document between its elements.
func (x leaf) write(d *aknDoc) {
	var preface, recitals, formula, body strings.Builder
	h := hierarchy{out: &body}
	for _, p := range x.text.Paragraphs {
		words := inline(p.Runs)
		switch {
		case x.form == "amendment":
			h.flat(p, words)
		case p.Kind == drafting.Title && !h.begun:
			fmt.Fprintf(&preface, "<p><docTitle>%s</docTitle></p>", words)
		case p.Kind == drafting.Title:
			h.loose(fmt.Sprintf(`<p class="title">%s</p>`, words))
		case p.Kind == drafting.Enactment:
			fmt.Fprintf(&formula, `<formula name="enacting"><p>%s</p></formula>`, words)
		case p.Kind == drafting.Preambular && !h.begun:
			fmt.Fprintf(&recitals, `<recital eId="rec_%s"><p>%s</p></recital>`, p.Name[2:], words)
		case p.Kind == drafting.Heading:
			h.article(words)
		case p.Kind == drafting.Operative:
			h.paragraph(p, words)
		default:
			h.loose("<p>" + words + "</p>")
		}
	}
	h.end()
	if preface.Len() > 0 {
		d.Preface = &aknInner{preface.String()}
	}
	if recitals.Len() > 0 {
		fmt.Fprintf(&formula, `<recitals eId="recs">%s</recitals>`, recitals.String())
	}
	if formula.Len() > 0 {
		d.Preamble = &aknInner{formula.String()}
	}
	if body.Len() == 0 { // nothing but a title or a preamble
		body.WriteString("<p/>")
	}
	switch x.form {
	case "act":
		d.Body = &aknInner{body.String()}
	case "amendment":
		d.Amendment = &aknInner{"<amendmentContent>" + body.String() + "</amendmentContent>"}
	default:
		d.MainBody = &aknInner{body.String()}
	}
}

// A hierarchy writes paragraphs below one another.
type hierarchy struct {
	out     *strings.Builder
	open    []string // elements that are open, the outermost first
	ids     []string
	begun   bool
	art     int
	held    *drafting.Paragraph // written once it is known whether others stand below it
	words   string
	unnamed int
}

// paragraph holds a paragraph until it is known whether others stand below it.
func (h *hierarchy) paragraph(p drafting.Paragraph, words string) {
	h.begun = true
	h.flush(p.Level)
	h.close(p.Level)
	h.held, h.words = &p, words
}

// flush writes the paragraph that is held; one at a deeper level stands below it.
func (h *hierarchy) flush(next int) {
	if h.held == nil {
		return
	}
	p := h.held
	h.held = nil
	element := []string{"paragraph", "point", "point"}[p.Level]
	at := strings.TrimSuffix(strings.Trim(p.Number, "()"), ".")
	if p.Level == 0 {
		at = p.Name[strings.LastIndexAny(p.Name, "p-")+1:]
	}
	id := map[string]string{"paragraph": "para_", "point": "point_"}[element] + at
	if n := len(h.ids); n > 0 {
		id = h.ids[n-1] + "__" + id
	}
	fmt.Fprintf(h.out, `<%s eId="%s">`, element, id)
	if p.Number != "" {
		fmt.Fprintf(h.out, "<num>%s</num>", p.Number)
	}
	if next > p.Level {
		fmt.Fprintf(h.out, "<intro><p>%s</p></intro>", h.words)
		h.open, h.ids = append(h.open, element), append(h.ids, id)
		return
	}
	fmt.Fprintf(h.out, "<content><p>%s</p></content></%s>", h.words, element)
}

// close closes what is open at a level and deeper.
func (h *hierarchy) close(level int) {
	if h.held != nil {
		h.flush(0)
	}
	if h.art > 0 {
		level++
	}
	for n := len(h.open); n > level; n-- {
		fmt.Fprintf(h.out, "</%s>", h.open[n-1])
		h.open, h.ids = h.open[:n-1], h.ids[:n-1]
	}
}

// end closes all that is open.
func (h *hierarchy) end() {
	h.close(0)
	for n := len(h.open); n > 0; n-- {
		fmt.Fprintf(h.out, "</%s>", h.open[n-1])
	}
	h.open, h.ids = nil, nil
}

func (h *hierarchy) article(words string) {
	h.end()
	h.begun = true
	h.art++
	id := fmt.Sprintf("art_%d", h.art)
	fmt.Fprintf(h.out, `<article eId="%s"><heading>%s</heading>`, id, words)
	h.open, h.ids = []string{"article"}, []string{id}
}

// loose writes what stands outside numbered paragraphs; in an article it is one without a number.
func (h *hierarchy) loose(block string) {
	h.close(0)
	h.begun = true
	if h.art > 0 {
		h.unnamed++
		fmt.Fprintf(h.out, `<paragraph eId="art_%d__unp_%d"><content>%s</content></paragraph>`, h.art, h.unnamed, block)
		return
	}
	h.out.WriteString(block)
}

// flat writes a paragraph of an amendment, which stands for itself.
func (h *hierarchy) flat(p drafting.Paragraph, words string) {
	h.begun = true
	class := string(p.Kind)
	if p.Kind == drafting.Operative {
		class = fmt.Sprintf("operative%d", p.Level)
	}
	fmt.Fprintf(h.out, `<p class="%s">%s</p>`, class, words)
}

// inline is runs as marked up text.
func inline(runs []drafting.Run) string {
	var b strings.Builder
	for _, r := range runs {
		var text bytes.Buffer
		xml.EscapeText(&text, []byte(r.Text))
		if r.Emphasis {
			b.WriteString("<i>" + text.String() + "</i>")
		} else {
			b.Write(text.Bytes())
		}
	}
	return b.String()
}

// Bounds of a document that is read.
const (
	MaxDocument = 8 << 20 // bytes
	maxDepthXML = 64
	maxNodes    = 200_000
)

// What a document may be refused for.
var (
	ErrNotDocument = errors.New("no document in Akoma Ntoso 3.0 that can be read: statement, act, bill, doc or amendment")
	ErrHostileXML  = errors.New("the XML is refused: no document type, no entities of its own, at most 8 MiB, 64 elements deep")
)

// A Document is what was read from Akoma Ntoso.
type Document struct {
	Form     string // the element: statement, act …
	Name     string // as statement's name="resolution"
	Number   string // FRBRnumber, which is our symbol
	Language string // of ours; "" where it is none
	Text     drafting.Text
	Left     []string // elements whose text was not taken, in order of their names
}

const aknNamespace = "http://docs.oasis-open.org/legaldocml/ns/akn/3.0"

// A node is an element, or text where Name is "".
type node struct {
	name  string
	attrs map[string]string
	text  string
	below []*node
}

// ReadDocument reads the paragraphs of a document in Akoma Ntoso 3.0: its title, preamble and body. What it does not take
// it names. The cost is bounded by [MaxDocument].
func ReadDocument(b []byte) (*Document, error) {
	root, err := readXML(b)
	if err != nil {
		return nil, err
	}
	if root.name != "akomaNtoso" || len(root.elements()) != 1 {
		return nil, ErrNotDocument
	}
	top := root.elements()[0]
	d := &Document{Form: top.name, Name: top.attrs["name"]}
	if !slices.Contains([]string{"statement", "act", "bill", "doc", "amendment"}, top.name) {
		return nil, fmt.Errorf("a %s holds no text with numbered paragraphs: %w", top.name, ErrNotDocument)
	}
	g := gatherer{left: map[string]bool{}}
	for _, n := range top.elements() {
		switch n.name {
		case "meta":
			d.meta(n)
		case "preface", "coverPage":
			g.preface(n)
		case "preamble":
			g.preamble(n)
		case "mainBody", "body", "amendmentBody":
			g.body(n)
		case "conclusions":
			g.blocks(n, drafting.Closing)
		default:
			g.left[n.name] = true
		}
	}
	for name := range g.left {
		d.Left = append(d.Left, name)
	}
	slices.Sort(d.Left)
	if d.Text, err = drafting.Parse(drafting.Text{Paragraphs: g.list}.Markdown()); err != nil {
		return nil, err
	}
	if len(d.Text.Paragraphs) == 0 {
		return nil, fmt.Errorf("there are no paragraphs in it: %w", ErrNotDocument)
	}
	return d, nil
}

// readXML reads a tree of elements of one namespace, or says why it is refused.
func readXML(b []byte) (*node, error) {
	if len(b) > MaxDocument {
		return nil, ErrHostileXML
	}
	in := xml.NewDecoder(bytes.NewReader(b))
	in.Strict = true
	var root *node
	var open []*node
	count := 0
	for {
		token, err := in.Token()
		switch {
		case errors.Is(err, io.EOF) && root != nil && len(open) == 0:
			return root, nil
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrHostileXML, err)
		}
		if count++; count > maxNodes {
			return nil, ErrHostileXML
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, ErrHostileXML
		case xml.StartElement:
			n := &node{name: t.Name.Local, attrs: map[string]string{}}
			if t.Name.Space != aknNamespace {
				n.name = "of another namespace"
			}
			for _, a := range t.Attr {
				if a.Name.Space == "" {
					n.attrs[a.Name.Local] = a.Value
				}
			}
			switch {
			case len(open) == maxDepthXML:
				return nil, ErrHostileXML
			case len(open) > 0:
				open[len(open)-1].below = append(open[len(open)-1].below, n)
			case root != nil:
				return nil, ErrHostileXML
			default:
				root = n
			}
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].below = append(open[len(open)-1].below, &node{text: string(t)})
			}
		}
	}
}

func (n *node) elements() (list []*node) {
	for _, c := range n.below {
		if c.name != "" {
			list = append(list, c)
		}
	}
	return list
}

func (n *node) first(name string) *node {
	for _, c := range n.elements() {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (d *Document) meta(n *node) {
	identification := n.first("identification")
	if identification == nil {
		return
	}
	if work := identification.first("FRBRWork"); work != nil {
		if number := work.first("FRBRnumber"); number != nil {
			d.Number = number.attrs["value"]
		}
	}
	if expression := identification.first("FRBRExpression"); expression != nil {
		if l := expression.first("FRBRlanguage"); l != nil {
			for code, three := range iso639 {
				if l.attrs["language"] == three || l.attrs["language"] == code {
					d.Language = code
				}
			}
		}
	}
}

// A gatherer collects paragraphs in order.
type gatherer struct {
	list []drafting.Paragraph
	left map[string]bool
}

// add adds a paragraph that has words.
func (g *gatherer) add(p drafting.Paragraph) {
	if strings.TrimSpace(p.Words()) != "" {
		g.list = append(g.list, p)
	}
}

// inlines are elements within a line whose words count.
var inlines = strings.Fields("i b u sup sub span ref mref rref a def term date docTitle docNumber docType docDate docProponent docPurpose inline organization person role location quantity ins abbr em strong shortTitle p heading subheading num concept event object process entity time")

// runs are the words of an element.
func (g *gatherer) runs(n *node, emphasis bool) (list []drafting.Run) {
	for _, c := range n.below {
		switch {
		case c.name == "":
			list = append(list, drafting.Run{Text: strings.Join(strings.FieldsFunc(c.text, func(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }), " "), Emphasis: emphasis})
		case c.name == "eol":
			list = append(list, drafting.Run{Text: " ", Emphasis: emphasis})
		case c.name == "noteRef" || c.name == "authorialNote" || c.name == "remark" || c.name == "del" || c.name == "marker" || c.name == "img":
			g.left[c.name] = true
		case slices.Contains(inlines, c.name):
			list = append(list, g.runs(c, emphasis || c.name == "i" || c.name == "em")...)
		default:
			g.left[c.name] = true
		}
	}
	return list
}

func (g *gatherer) preface(n *node) {
	for _, c := range n.elements() {
		switch c.name {
		case "p", "longTitle", "block", "container":
			if title := c.first("docTitle"); title != nil {
				g.add(drafting.Paragraph{Kind: drafting.Title, Runs: g.runs(title, false)})
			} else if c.name == "longTitle" {
				g.add(drafting.Paragraph{Kind: drafting.Title, Runs: g.runs(c, false)})
			} else {
				g.preface(c)
			}
		default:
			if title := c.name == "docTitle" || c.name == "docType"; title {
				g.add(drafting.Paragraph{Kind: drafting.Title, Runs: g.runs(c, false)})
				continue
			}
			g.left[c.name] = true
		}
	}
}

func (g *gatherer) preamble(n *node) {
	for _, c := range n.elements() {
		switch c.name {
		case "formula":
			for _, p := range c.elements() {
				g.add(drafting.Paragraph{Kind: drafting.Enactment, Runs: g.runs(p, false)})
			}
		case "recitals", "citations", "container", "preamble", "recital", "citation":
			g.preamble(c)
		case "p", "block":
			g.add(drafting.Paragraph{Kind: drafting.Preambular, Runs: g.runs(c, false)})
		case "num":
		case "longTitle":
			g.preface(&node{below: []*node{c}})
		default:
			g.left[c.name] = true
		}
	}
}

// blocks adds the paragraphs of an element one by one.
func (g *gatherer) blocks(n *node, kind drafting.Kind) {
	for _, c := range n.elements() {
		switch c.name {
		case "p", "block":
			g.add(drafting.Paragraph{Kind: kind, Runs: g.runs(c, false)})
		case "container", "blockContainer":
			g.blocks(c, kind)
		default:
			g.left[c.name] = true
		}
	}
}

func (g *gatherer) body(n *node) {
	for _, c := range n.elements() {
		switch c.name {
		case "article", "section", "rule":
			g.add(drafting.Paragraph{Kind: drafting.Heading, Runs: g.headed(c)})
			g.body(c)
		case "part", "chapter", "title", "book", "tome", "hcontainer", "division", "subdivision", "amendmentContent", "amendmentHeading", "container", "subchapter", "subpart", "subtitle", "clause", "subsection":
			g.body(c)
		case "paragraph":
			g.operative(c, 0)
		case "content", "intro", "wrapUp":
			g.loose(c)
		case "num", "heading", "subheading":
		case "p", "block":
			g.loose(&node{below: []*node{c}})
		default:
			g.left[c.name] = true
		}
	}
}

// loose is what stands in the body without a number.
func (g *gatherer) loose(n *node) {
	for _, c := range n.elements() {
		if c.name != "p" && c.name != "block" {
			g.left[c.name] = true
			continue
		}
		p := drafting.Paragraph{Kind: drafting.Closing, Runs: g.runs(c, false)}
		switch class := c.attrs["class"]; {
		case class == "title":
			p.Kind = drafting.Title
		case strings.HasPrefix(class, "operative"):
			p.Kind, p.Level, p.Number = drafting.Operative, min(2, max(0, int(class[len(class)-1])-'0')), "1."
		case class == string(drafting.Heading):
			p.Kind = drafting.Heading
		}
		g.add(p)
	}
}

// headed is the number and heading of an element as one line.
func (g *gatherer) headed(n *node) (list []drafting.Run) {
	for _, name := range []string{"num", "heading"} {
		if c := n.first(name); c != nil {
			if len(list) > 0 {
				list = append(list, drafting.Run{Text: ". "})
			}
			list = append(list, g.runs(c, false)...)
		}
	}
	if len(list) == 0 {
		list = []drafting.Run{{Text: "—"}}
	}
	return list
}

// operative adds a numbered paragraph and those below it; what stands deeper than three levels is left and said.
func (g *gatherer) operative(n *node, level int) {
	if level > 2 {
		g.left[n.name] = true
		return
	}
	p := drafting.Paragraph{Kind: drafting.Operative, Level: level, Number: "1."}
	if level == 0 && n.first("num") == nil {
		p.Kind, p.Number = drafting.Closing, "" // an unnumbered one
	}
	var below []*node
	for _, c := range n.elements() {
		switch c.name {
		case "num", "heading":
		case "intro", "content", "wrapUp":
			for _, q := range c.elements() {
				switch q.name {
				case "p", "block":
					if len(p.Runs) > 0 {
						p.Runs = append(p.Runs, drafting.Run{Text: " "})
					}
					p.Runs = append(p.Runs, g.runs(q, false)...)
				case "blockList":
					for _, item := range q.elements() {
						below = append(below, item)
					}
				default:
					g.left[q.name] = true
				}
			}
		case "point", "indent", "alinea", "subparagraph", "item", "paragraph":
			below = append(below, c)
		case "list":
			below = append(below, c.elements()...)
		case "p", "block": // of an item
			p.Runs = append(p.Runs, g.runs(c, false)...)
		default:
			g.left[c.name] = true
		}
	}
	if len(below) > 0 && strings.TrimSpace(p.Words()) == "" {
		p.Runs = []drafting.Run{{Text: "—"}}
	}
	g.add(p)
	for _, c := range below {
		if c.name == "listIntroduction" || c.name == "intro" || c.name == "num" {
			continue
		}
		g.operative(c, level+1)
	}
}
