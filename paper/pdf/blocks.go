package pdf

import (
	"fmt"
	"strings"
)

// blocks lays out blocks in a column of a width, as kids of an element.
func (s *setter) blocks(list []Block, width Length, parent *element) (slugs []slug, err error) {
	for _, b := range list {
		more, err := s.block(b, width, parent)
		if err != nil {
			return nil, err
		}
		slugs = append(slugs, more...)
	}
	return slugs, nil
}

func (s *setter) block(b Block, width Length, parent *element) ([]slug, error) {
	body := s.layout.Body
	switch b := b.(type) {
	case Masthead:
		return s.masthead(b, width, parent)
	case Heading:
		return s.heading(b, width, parent), nil
	case Paragraph:
		st, gap := body, body.leading*2/5
		if b.Small {
			st = s.layout.Small
		}
		if b.Percent > 0 {
			st.size, st.leading = max(1, st.size*b.Percent/100), st.leading*Length(b.Percent)/100
		}
		list := s.text(b.Text, st, width, b.Indent, b.Align, parent.add("P"))
		return together(spaced(list, gap), b.KeepWithNext), nil
	case Note:
		st := s.layout.Small
		st.grey = 35
		return spaced(s.text(b.Text, st, width, 0, Left, parent.add("P")), body.leading/2), nil
	case List:
		return s.list(b, width, parent)
	case Table:
		return s.table(b, width, parent), nil
	case Rule:
		return []slug{{before: body.leading, height: Point, keep: true, draw: func(c *canvas, x, y Length) { c.rule(x, y, width, Point/2) }}}, nil
	case PageBreak:
		return []slug{{end: true}}, nil
	case Figure:
		return s.figure(b, width, parent)
	case Place:
		return []slug{{before: body.leading / 2, height: b.Height, draw: func(c *canvas, x, y Length) {
			x += shift(b.Align, width, b.Width)
			h := c.layout.Height
			place := PlaceOn{b.Name, len(c.pages) - 1, x, h - y - b.Height, x + b.Width, h - y}
			c.places = append(c.places, place)
			if b.Sign != "" {
				c.field(b, x, y, parent.add("Form"))
			}
		}}}, nil
	case Cards:
		return s.cards(b, width, parent)
	}
	return nil, fmt.Errorf("a block of an unknown kind: %T", b)
}

func spaced(list []slug, before Length) []slug {
	if len(list) > 0 {
		list[0].before = before
	}
	return list
}

// together keeps the last strip with what follows.
func together(list []slug, keep bool) []slug {
	if keep {
		for i := range list {
			list[i].keep = true
		}
	}
	return list
}

// shift is how far something of a width is moved in its column.
func shift(a Align, column, width Length) Length {
	switch a {
	case Centre:
		return (column - width) / 2
	case Right:
		return column - width
	}
	return 0
}

// text is a strip for each line; the first two and the last two stay together.
func (s *setter) text(runs []Run, st style, width, indent Length, a Align, e *element) (list []slug) {
	full := s.layout.Justify && a == Start && hyphenatorOf(s.doc.Language) != nil
	lines := s.lines(runs, st, width, indent, full)
	for i, l := range lines {
		list = append(list, slug{
			height: st.leading, notes: l.notes, keep: i == 0 && len(lines) > 1 || i == len(lines)-2,
			draw: func(c *canvas, x, y Length) { c.line(l, x+shift(a, width, l.width), y+baseline(st), e) },
		})
	}
	return list
}

// masthead is one strip: two lines of type over a rule, and under it the emblem, the name and the lines beside it.
func (s *setter) masthead(b Masthead, width Length, parent *element) ([]slug, error) {
	top, name, small := s.layout.Body, s.layout.Headings[0], s.layout.Small
	top.size += 15
	small.whole = true
	symbol := top
	symbol.bold = true
	aside := Length(0)
	if len(b.Lines) > 0 {
		aside = width * 3 / 10
	}
	type set struct {
		list []slug
		x    Length
	}
	kind := set{s.text(Text(b.Kind), top, width/2, 0, Left, parent.add("P")), 0}
	mark := set{s.text(Text(b.Symbol), symbol, width/2, 0, Right, parent.add("P")), width / 2}
	emblem := Length(0)
	var figure []slug
	if b.Emblem != nil {
		emblem = 17 * Millimetre
		f := *b.Emblem
		f.Width, f.Align = emblem, Left
		if i := f.Picture; i != nil && i.Height > i.Width { // no higher than wide
			f.Width = emblem * Length(i.Width) / Length(i.Height)
		}
		var err error
		if figure, err = s.figure(f, width, parent); err != nil {
			return nil, err
		}
		emblem += 5 * Millimetre
	}
	body := set{s.text(Text(b.Body), name, width-emblem-aside-5*Millimetre, 0, Left, parent.add("P")), emblem}
	said := set{x: width - aside}
	for _, l := range b.Lines {
		said.list = append(said.list, s.text(Text(l), small, aside, 0, Left, parent.add("P"))...)
	}
	first := max(heightOf(kind.list), heightOf(mark.list))
	second := max(heightOf(figure), heightOf(body.list), heightOf(said.list))
	const gap = 6 * Point
	return []slug{{height: first + second + 4*gap, draw: func(c *canvas, x, y Length) {
		column := func(of set, y Length) {
			for _, sl := range of.list {
				sl.draw(c, x+of.x, y)
				y += sl.height
			}
		}
		column(kind, y)
		column(mark, y)
		y += first + gap/2
		c.rule(x, y, width, Point/2)
		y += gap
		column(set{list: figure}, y)
		column(body, y)
		column(said, y)
		c.rule(x, y+second+gap, width, Point*3/2)
	}}}, nil
}

func (s *setter) heading(b Heading, width Length, parent *element) []slug {
	st := s.layout.Headings[b.Level-1]
	a := b.Align
	if a == Start {
		a = Left // never full
	}
	list := s.text(b.Text, st, width, 0, a, parent.add(fmt.Sprintf("H%d", b.Level)))
	if len(list) == 0 {
		return nil
	}
	first := list[0].draw
	list[0].draw = func(c *canvas, x, y Length) {
		c.bookmarks = append(c.bookmarks, bookmark{b.Level, strings.TrimSpace(clean(plain(b.Text))), len(c.pages) - 1, y})
		first(c, x, y)
	}
	return together(spaced(list, st.leading), true)
}

func (s *setter) list(b List, width Length, parent *element) (slugs []slug, err error) {
	l := parent.add("L")
	st := s.layout.Body
	indent := 2 * st.leading * 7 / 10
	var labels []line
	numbering := "Decimal"
	for _, it := range b.Items {
		label := it.Label
		if label == "" {
			label, numbering = "•", "Disc"
		}
		var one line
		if set := s.lines(Text(label), st, width, 0, false); len(set) > 0 {
			one = set[0]
		}
		labels, indent = append(labels, one), max(indent, min(one.width+Length(st.size)*500, width/3))
	}
	l.attributes = "/O/List/ListNumbering/" + numbering
	for i, it := range b.Items {
		li := l.add("LI")
		lbl, body := li.add("Lbl"), li.add("LBody")
		inner, err := s.blocks(it.Blocks, width-indent, body)
		if err != nil {
			return nil, err
		}
		if len(inner) == 0 {
			inner = []slug{{height: st.leading, draw: func(*canvas, Length, Length) {}}}
		}
		for k := range inner {
			inner[k].dx += indent
		}
		first := inner[0].draw
		inner[0].before = st.leading / 4
		inner[0].draw = func(c *canvas, x, y Length) {
			c.line(labels[i], x-indent, y+baseline(st), lbl)
			if first != nil {
				first(c, x, y)
			}
		}
		slugs = append(slugs, inner...)
	}
	return slugs, nil
}

func (s *setter) figure(b Figure, width Length, parent *element) ([]slug, error) {
	w := min(b.Width, width)
	height, draw, err := b.scaled(w)
	if err != nil {
		return nil, err
	}
	var e *element
	if b.Alt != "" {
		e = parent.add("Figure")
		e.alt = b.Alt
	}
	return []slug{{before: s.layout.Body.leading / 2, height: height, keep: true, draw: func(c *canvas, x, y Length) {
		x += shift(b.Align, width, w)
		if e == nil || c.artifact {
			c.ornament("/Type/Layout")
		} else {
			c.mark(e)
			at := c.layout.Height - y
			e.attributes = fmt.Sprintf("/O/Layout/Placement/Block/BBox[%s %s %s %s]", num(x), num(at-height), num(x+w), num(at))
		}
		draw(c.page(), x, c.layout.Height-y)
		c.close()
	}}}, nil
}

// scaled is how high a figure is at a width, and what draws it with its top left at x, y.
func (b Figure) scaled(w Length) (height Length, draw func(p *page, x, y Length), err error) {
	if i := b.Picture; i != nil {
		if i.Width <= 0 || i.Height <= 0 || len(i.RGB) != 3*i.Width*i.Height {
			return 0, nil, fmt.Errorf("a picture of %d by %d in %d bytes", i.Width, i.Height, len(i.RGB))
		}
		height = w * Length(i.Height) / Length(i.Width)
		return height, func(p *page, x, y Length) {
			fmt.Fprintf(&p.content, "q %s 0 0 %s %s %s cm\n/I%d Do\nQ\n", num(w), num(height), num(x), num(y-height), p.shows(i))
		}, nil
	}
	operators, err := b.Drawing.operators()
	if err != nil {
		return 0, nil, err
	}
	return w * Length(b.Drawing.Height) / Length(b.Drawing.Width), func(p *page, x, y Length) {
		p.content.WriteString(b.Drawing.placed(operators, x, y, w))
	}, nil
}

const (
	cellSide = 4 * Point // white beside the text of a cell
	cellTop  = 3 * Point
)

func (s *setter) table(b Table, width Length, parent *element) (list []slug) {
	t := parent.add("Table")
	edges := columnEdges(b.Columns, width)
	var head []slug
	if len(b.Head) > 0 {
		part := t.add("THead")
		for i, row := range b.Head {
			head = append(head, s.row(b, row, edges, part, true, i == 0)...)
		}
		head = together(head, true)
	}
	repeated := head
	if heightOf(head) > (s.layout.Height-s.layout.Top-s.layout.Bottom)/4 {
		repeated = nil
	}
	if len(b.Rows) > 0 {
		part := t.add("TBody")
		for i, row := range b.Rows {
			for _, r := range s.row(b, row, edges, part, false, i == 0 && len(b.Head) == 0) {
				r.head = repeated
				list = append(list, r)
			}
		}
	}
	return spaced(append(head, list...), s.layout.Body.leading*2/3)
}

func columnEdges(columns []Column, width Length) []Length {
	sum, weights := 0, make([]int, len(columns))
	for i, c := range columns {
		weights[i] = max(1, min(c.Weight, 1000))
		sum += weights[i]
	}
	edges, so := []Length{0}, 0
	for _, w := range weights {
		so += w
		edges = append(edges, width*Length(so)/Length(sum))
	}
	return edges
}

// a cellText is a cell laid out.
type cellText struct {
	lines []line
	x     Length
	width Length
	align Align
	e     *element
}

// row is one strip, or one for each line where it is longer than half a page.
func (s *setter) row(b Table, row []Cell, edges []Length, part *element, head, first bool) []slug {
	st := s.layout.Body
	st.size, st.leading = st.size-10, st.leading-Point*3/2
	tr := part.add("TR")
	var cells []cellText
	var notes []*footnote
	column, most := 0, 1
	for _, c := range row {
		last := column + max(1, c.Span)
		e := tr.add("TD")
		type_ := st
		switch {
		case head:
			e.tag, e.attributes, type_.bold = "TH", "/O/Table/Scope/Column", true
		case b.RowHeads && column == 0:
			e.tag, e.attributes = "TH", "/O/Table/Scope/Row"
		}
		if c.Span > 1 {
			e.attributes = strings.TrimPrefix(e.attributes, "/O/Table")
			e.attributes = fmt.Sprintf("/O/Table%s/ColSpan %d", e.attributes, c.Span)
		}
		ct := cellText{x: edges[column] + cellSide, width: edges[last] - edges[column] - 2*cellSide, align: b.Columns[column].Align, e: e}
		ct.width = max(ct.width, Point)
		ct.lines = s.lines(c.Text, type_, ct.width, 0, false)
		for _, l := range ct.lines {
			notes = append(notes, l.notes...)
		}
		cells, most, column = append(cells, ct), max(most, len(ct.lines)), last
	}
	width := edges[len(edges)-1]
	thick := Point / 4
	if head {
		thick = Point / 2
	}
	height := Length(most)*st.leading + 2*cellTop
	page := s.layout.Height - s.layout.Top - s.layout.Bottom
	if height <= page/2 {
		return []slug{{height: height, notes: notes, draw: func(c *canvas, x, y Length) {
			if first && !c.artifact {
				c.rule(x, y, width, thick)
			}
			for _, cell := range cells {
				cell.draw(c, st, x, y+cellTop, 0, len(cell.lines))
			}
			c.close()
			c.rule(x, y+height, width, thick)
		}}}
	}
	var list []slug
	for i := range most {
		list = append(list, slug{height: st.leading, draw: func(c *canvas, x, y Length) {
			for _, cell := range cells {
				cell.draw(c, st, x, y, min(i, len(cell.lines)), min(i+1, len(cell.lines)))
			}
			c.close()
			if i == most-1 {
				c.rule(x, y+st.leading, width, thick)
			}
		}})
	}
	list[0].notes = notes
	return list
}

// draw draws the lines from one to another, the first at y.
func (ct cellText) draw(c *canvas, st style, x, y Length, from, to int) {
	for i, l := range ct.lines[from:to] {
		c.line(l, x+ct.x+shift(ct.align, ct.width, l.width), y+Length(i)*st.leading+baseline(st), ct.e)
	}
}

func (s *setter) cards(b Cards, width Length, parent *element) (list []slug, err error) {
	gap := max(0, min(b.Gap, width/Length(2*b.Columns)))
	wide := (width - gap*Length(b.Columns-1)) / Length(b.Columns)
	const edge = 6 * Point
	for from := 0; from < len(b.Cards); from += b.Columns {
		var row [][]slug
		for i, card := range b.Cards[from:min(from+b.Columns, len(b.Cards))] {
			inner, err := s.blocks(card, wide-2*edge, parent.add("Sect"))
			if err != nil {
				return nil, err
			}
			high := 2 * edge
			for _, sl := range inner {
				high += sl.before + sl.height
				if len(sl.notes) > 0 || sl.end {
					return nil, fmt.Errorf("card %d has a footnote or a page break", from+i+1)
				}
			}
			if high > b.Height {
				return nil, fmt.Errorf("card %d is %d points high, its box %d", from+i+1, high/Point, b.Height/Point)
			}
			row = append(row, inner)
		}
		list = append(list, slug{before: gap, height: b.Height, draw: func(c *canvas, x, y Length) {
			for i, inner := range row {
				at := x + Length(i)*(wide+gap)
				if b.Framed {
					c.frame(at, y, wide, b.Height)
				}
				down := y + edge
				for _, sl := range inner {
					down += sl.before
					if sl.draw != nil {
						sl.draw(c, at+edge+sl.dx, down)
					}
					down += sl.height
				}
			}
		}})
	}
	return list, nil
}
