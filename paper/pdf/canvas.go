package pdf

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// A page is its content stream and what hangs on it.
type page struct {
	content     bytes.Buffer
	marked      []*element // by MCID: whose content it is
	annotations []*annotation
	faces       [faces]bool
	pictures    []*Picture
	grey        int    // percent of white set last: it holds beyond the text object
	rise        Length // likewise
}

// shows is the number of a picture among those of the page.
func (p *page) shows(i *Picture) int {
	if at := slices.Index(p.pictures, i); at >= 0 {
		return at
	}
	p.pictures = append(p.pictures, i)
	return len(p.pictures) - 1
}

// A canvas draws on pages. Everything drawn is the content of an element or an artifact.
type canvas struct {
	layout    Layout
	pages     []*page
	faces     [faces]*usedFace
	bookmarks []bookmark
	places    []PlaceOn

	plain    bool     // nothing is marked: it is the appearance of a field
	artifact bool     // what is drawn now is no part of the text
	open     *element // whose marked content is open
	inMark   bool     // a marked content is open, an element's or an artifact's

	// Inside a text object: what the viewer knows.
	inText   bool
	face     face
	size     int
	pen      Length // where the viewer's pen is
	baseline Length
	run      []byte // of the TJ being written
	runOpen  bool   // inside < >
}

func (c *canvas) page() *page { return c.pages[len(c.pages)-1] }

// newPage ends the page and begins the next.
func (c *canvas) newPage() {
	if len(c.pages) > 0 {
		c.close()
	}
	c.pages = append(c.pages, &page{})
}

// mark opens marked content of e, unless it is open already; an artifact if the canvas draws artifacts.
func (c *canvas) mark(e *element) {
	if c.plain {
		return
	}
	if c.artifact {
		c.ornament("/Type/Pagination")
		return
	}
	if c.inMark && c.open == e {
		return
	}
	c.close()
	p := c.page()
	fmt.Fprintf(&p.content, "/%s<</MCID %d>>BDC\n", e.tag, len(p.marked))
	e.kids = append(e.kids, kid{page: len(c.pages) - 1, mcid: len(p.marked)})
	p.marked = append(p.marked, e)
	c.open, c.inMark = e, true
}

// ornament opens an artifact.
func (c *canvas) ornament(kind string) {
	c.close()
	if c.plain {
		return
	}
	fmt.Fprintf(&c.page().content, "/Artifact<<%s>>BDC\n", kind)
	c.open, c.inMark = nil, true
}

func (c *canvas) close() {
	c.endText()
	if c.inMark {
		c.page().content.WriteString("EMC\n")
	}
	c.open, c.inMark = nil, false
}

func (c *canvas) endText() {
	if c.inText {
		c.flush()
		c.page().content.WriteString("ET\n")
		c.inText = false
	}
}

// line draws l with its baseline at y, as content of e.
func (c *canvas) line(l line, x, y Length, e *element) {
	var link *annotation
	for _, p := range l.parts {
		of := c.innerOf(p.span, e)
		if of != e || !c.inMark || c.open != e {
			c.mark(of)
		}
		from := x + p.x
		to := from + widthOf(p.glyphs, p.span)
		c.text(p, from, y)
		if in := p.span.inner; in == nil || in.link == "" || c.artifact {
			link = nil
		} else if link != nil && link.home == of {
			link.x1 = to
		} else {
			link = c.link(in, of, from, to, y, p.span.size)
		}
	}
	c.endText()
	c.decorations(l, x, y)
}

// decorations draws the lines through and under the text of a line, each as long as what is said with it.
func (c *canvas) decorations(l line, x, y Length) {
	for i := 0; i < len(l.parts); {
		sp, from, to := l.parts[i].span, l.parts[i].x, Length(0)
		for ; i < len(l.parts) && l.parts[i].span == sp; i++ {
			to = l.parts[i].x + widthOf(l.parts[i].glyphs, sp)
		}
		switch size := Length(sp.size); {
		case sp.struck:
			c.rule(x+from, y-size*280, to-from, size*60)
		case sp.ruled:
			c.rule(x+from, y+size*150, to-from, size*60)
		}
	}
}

// innerOf is the element a span's text belongs to, made where it is first drawn.
func (c *canvas) innerOf(sp *span, e *element) *element {
	in := sp.inner
	if in == nil || c.artifact {
		return e
	}
	if in.made == nil {
		in.made = e.add(in.tag)
		in.made.language, in.made.attributes = in.language, in.attributes
		if in.note != nil {
			in.note.home = e.add("Note")
			in.note.home.id = fmt.Sprintf("note-%d", in.note.number)
		}
	}
	return in.made
}

func (c *canvas) link(in *inner, of *element, from, to, y Length, size int) *annotation {
	a := &annotation{page: len(c.pages) - 1, x0: from, x1: to, y0: y - Length(size)*900, y1: y + Length(size)*250, uri: in.link, contents: in.text, home: of}
	if strings.TrimSpace(a.contents) == "" {
		a.contents = in.link
	}
	c.page().annotations = append(c.page().annotations, a)
	of.kids = append(of.kids, kid{annotation: a})
	return a
}

// field puts a field for a signature at x, y.
func (c *canvas) field(b Place, x, y Length, of *element) {
	a := &annotation{page: len(c.pages) - 1, x0: x, x1: x + b.Width, y0: y, y1: y + b.Height, contents: b.Sign, home: of, field: b.Name}
	c.page().annotations = append(c.page().annotations, a)
	of.kids = append(of.kids, kid{annotation: a})
}

// text draws glyphs from x on.
func (c *canvas) text(p part, x, y Length) {
	c.colour(p.span.grey)
	for i := 0; i < len(p.glyphs); {
		n := max(1, p.glyphs[i].glyphs)
		if n > 1 { // several glyphs for one text: it is said beside them
			c.flush()
			c.begin(y)
			fmt.Fprintf(&c.page().content, "/Span<</ActualText%s>>BDC\n", textString(p.glyphs[i].text))
		}
		for _, g := range p.glyphs[i : i+n] {
			c.glyph(g, p.span, x, y)
			x += Length(g.advance * p.span.size)
		}
		if n > 1 {
			c.flush()
			c.page().content.WriteString("EMC\n")
		}
		i += n
	}
}

// begin opens a text object.
func (c *canvas) begin(y Length) {
	if c.inText {
		return
	}
	c.page().content.WriteString("BT\n")
	c.inText, c.size, c.baseline = true, 0, y
}

// glyph draws one glyph whose place is x; the pen is moved where the viewer's is elsewhere.
func (c *canvas) glyph(g glyph, sp *span, x, y Length) {
	c.begin(y)
	out := &c.page().content
	rise := sp.rise + Length(g.dy*sp.size)
	target := x + Length(g.dx*sp.size)
	if g.face != c.face || sp.size != c.size || y != c.baseline {
		c.flush()
		fmt.Fprintf(out, "/F%d %s Tf\n1 0 0 1 %s %s Tm\n", g.face, num(Length(sp.size)*Point/10), num(target), num(c.layout.Height-y))
		c.face, c.size, c.pen, c.baseline = g.face, sp.size, target, y
		c.page().faces[g.face] = true
	}
	if p := c.page(); rise != p.rise {
		c.flush()
		fmt.Fprintf(out, "%s Ts\n", num(rise))
		p.rise = rise
	}
	if back := thousandths(c.pen-target, sp.size); back != 0 {
		if c.runOpen {
			c.run, c.runOpen = append(c.run, '>'), false
		}
		c.run = strconv.AppendInt(c.run, int64(back), 10)
		c.pen -= Length(back * sp.size)
	}
	if !c.runOpen {
		c.run, c.runOpen = append(c.run, '<'), true
	}
	if c.faces[g.face] == nil {
		c.faces[g.face] = newUsedFace(g.face)
	}
	c.run = fmt.Appendf(c.run, "%04X", c.faces[g.face].code(glyphUse{g.id, g.text}))
	c.pen += Length(int(loadFaces()[g.face].cut.Hmtx.Advance(g.id)) * sp.size)
}

// thousandths is a distance in thousandths of an em, to the nearest.
func thousandths(d Length, size int) int {
	half := size / 2
	if d < 0 {
		half = -half
	}
	return (int(d) + half) / size
}

func (c *canvas) flush() {
	if c.runOpen {
		c.run, c.runOpen = append(c.run, '>'), false
	}
	if len(c.run) > 0 {
		fmt.Fprintf(&c.page().content, "[%s]TJ\n", c.run)
		c.run = c.run[:0]
	}
}

// colour is set once for what follows; each page begins black.
func (c *canvas) colour(grey int) {
	if p := c.page(); grey != p.grey {
		c.flush()
		fmt.Fprintf(&p.content, "%s g\n", num(Length(grey)*Point/100))
		p.grey = grey
	}
}

// rule draws a horizontal line, width wide and thick thick, its middle at y.
func (c *canvas) rule(x, y, width, thick Length) {
	c.ornament("/Type/Layout")
	fmt.Fprintf(&c.page().content, "%s w %s %s m %s %s l S\n", num(thick), num(x), num(c.layout.Height-y), num(x+width), num(c.layout.Height-y))
	c.close()
}

func (c *canvas) frame(x, y, width, height Length) {
	c.ornament("/Type/Layout")
	fmt.Fprintf(&c.page().content, "0.25 w %s %s %s %s re S\n", num(x), num(c.layout.Height-y-height), num(width), num(height))
	c.close()
}

// num writes a length in points, exactly.
func num(l Length) string { return string(appendNum(make([]byte, 0, 16), l)) }

func appendNum(out []byte, l Length) []byte {
	if l < 0 {
		out, l = append(out, '-'), -l
	}
	out = strconv.AppendInt(out, int64(l/Point), 10)
	rest := l % Point
	if rest == 0 {
		return out
	}
	out = append(out, '.')
	for unit := Point / 10; rest > 0; unit /= 10 {
		out, rest = append(out, byte('0'+rest/unit)), rest%unit
	}
	return out
}

// textString is a text string in UTF-16 with its mark (ISO 32000-1, 7.9.2.2), in hexadecimal.
func textString(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String() + ">"
}
