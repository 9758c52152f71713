package pdf

import (
	"fmt"
	"strings"
)

// Set typesets a document. The same document under the same layout gives the same bytes; compressed streams hold to that
// for one release of Go's compressor. Errors say what in the document cannot be set.
func Set(d Document, l Layout) ([]byte, error) {
	f, err := SetForm(d, l)
	if err != nil {
		return nil, err
	}
	return f.Bytes, nil
}

// SetForm is Set, and says where the document's Places came to lie and what its fields are, so that it can be signed.
func SetForm(d Document, l Layout) (*Form, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if l.column() < 20*Millimetre || l.Height-l.Top-l.Bottom < 20*Millimetre {
		return nil, fmt.Errorf("layout %d leaves less than 20 mm for text", l.Number)
	}
	c, root, err := typeset(d, l, &canvas{layout: l})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Title, err)
	}
	return write(d, l, c, root)
}

// typeset puts a document on pages.
func typeset(d Document, l Layout, c *canvas) (*canvas, *element, error) {
	sh := shapers.Get().(*shaper)
	defer shapers.Put(sh)
	s := &setter{doc: d, layout: l, shaper: sh}
	root := &element{tag: "Document"}
	slugs, err := s.blocks(d.Blocks, l.column(), root)
	if err != nil {
		return nil, nil, err
	}
	f := &flow{s: s, c: c}
	if err := f.place(slugs); err != nil {
		return nil, nil, err
	}
	c.close()
	s.running(c)
	return c, root, nil
}

// running writes the head and foot of every page, when it is known how many there are.
func (s *setter) running(c *canvas) {
	l := s.layout
	all := c.pages
	for i := range all {
		c.pages = all[:i+1]
		fill := strings.NewReplacer("{page}", fmt.Sprint(i+1), "{pages}", fmt.Sprint(len(all)))
		if i > 0 {
			s.runningLine(c, s.doc.Header, fill, l.Top/2)
		}
		s.runningLine(c, s.doc.Footer, fill, l.Height-l.Bottom/2)
		c.close()
	}
}

// maxRunning is how many characters of a running line are looked at: more never fit.
const maxRunning = 200

func (s *setter) runningLine(c *canvas, r Running, fill *strings.Replacer, y Length) {
	st := s.layout.Small
	width := s.layout.column()
	c.artifact = true
	for _, part := range []struct {
		align Align
		text  string
	}{{Left, r.Left}, {Centre, r.Centre}, {Right, r.Right}} {
		text := []rune(fill.Replace(part.text))
		if set := s.lines(Text(string(text[:min(len(text), maxRunning)])), st, width, 0, false); len(set) > 0 {
			c.line(set[0], s.layout.Inner+shift(part.align, width, set[0].width), y, nil)
		}
	}
	c.close()
	c.artifact = false
}
