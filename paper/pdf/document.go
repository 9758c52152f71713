// Package pdf sets documents: a tree of blocks goes in, a tagged PDF comes out, the same bytes for the same tree on any
// machine.
//
//	b, err := pdf.Set(pdf.Document{
//		Language: "en", Title: "Communiqué", Date: at,
//		Blocks: []pdf.Block{
//			pdf.Heading{Level: 1, Text: pdf.Text("Communiqué")},
//			pdf.Paragraph{Text: pdf.Text("The meeting was held in Baku.")},
//		},
//	}, pdf.Treaty())
//
// A file is PDF 1.7 (ISO 32000-1), made to be PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1): one revision, one
// cross-reference table, no object streams, no encryption, so that signing and sealing can add revisions behind it.
// Objects stand in the order of their numbers, number 1 is the catalog.
//
// Lengths are integers and no floating point is used from the shaped glyph to the written number, so that no processor
// rounds otherwise. Nothing reads a clock: dates are the document's.
//
// Characters no face holds (emoji, scripts of other continents) are drawn as U+FFFD and read as themselves; characters
// without a shape (controls, joiners, marks of direction) are left out. Text runs from left to right.
package pdf

import (
	"fmt"
	"strings"
	"time"
)

// A Length is in ten-thousandths of a point (1/72 inch): a glyph's width in thousandths of an em at a size in tenths of
// a point is a whole number of these.
type Length int

const (
	Point      Length = 10_000
	Millimetre Length = 28_346
)

// A Document is what is set. Language and Title are asked for by PDF/UA.
type Document struct {
	Language string // BCP 47
	Title    string
	Author   string    // the body that issues it
	Subject  string    // its symbol, or what it is about
	Date     time.Time // when it was issued; the file knows no other time
	Header   Running   // from the second page on
	Footer   Running   // on every page
	Blocks   []Block
	Source   *Attachment // what it was made from, embedded
}

// Running is the line at the head or foot of pages; {page} and {pages} in it are replaced. It is no part of the text
// that is read out.
type Running struct {
	Left, Centre, Right string
}

// An Attachment is embedded as the source of the document (AFRelationship Source).
type Attachment struct {
	Name, Type, Description string // Type is a media type, text/xml
	Bytes                   []byte
}

// A Run is text of one kind.
type Run struct {
	Text         string
	Language     string // BCP 47, where it is not the document's
	Bold, Italic bool   // Georgian has no italic: bold stands for it
	Struck       bool   // a line through it: what is taken away
	Underlined   bool   // a line under it: what is put in
	Link         string // a URI
	Footnote     []Run  // a footnote called behind the text; it calls no further one
}

// Text is plain text as a run.
func Text(s string) []Run { return []Run{{Text: s}} }

// A Block is a part of a document, set below the one before.
type Block interface{ block() }

// Align is where lines stand between the margins.
type Align int

const (
	Start  Align = iota // at the left margin; full where the layout justifies
	Left                // at the left margin, never full
	Centre              //
	Right               //
)

// A Masthead opens a paper in the manner of conference papers: the kind of paper and its symbol above a rule, the emblem
// and the body's name with what is said of the paper beside it, a heavy rule.
type Masthead struct {
	Kind, Symbol string
	Body         string
	Emblem       *Figure // scaled to the masthead
	Lines        []string
}

// A Heading is of level 1 to 4; levels go down one at a time, the first is 1. It becomes a bookmark and stays with what
// follows.
type Heading struct {
	Level int
	Text  []Run
	Align Align
}

// A Paragraph is set in lines; two at least stay together at either end.
type Paragraph struct {
	Text         []Run
	Align        Align
	Indent       Length // of its first line
	Small        bool
	Percent      int // of the body's type, as on cards; 0 is 100
	KeepWithNext bool
}

// A List is a list of items; an item without a label has a bullet.
type List struct {
	Items []Item
}

// An Item is a label, as "1." or "(a)", and what it labels.
type Item struct {
	Label  string
	Blocks []Block
}

// A Table has head rows, repeated on each page it runs over unless they take more than a quarter of one, and rows. RowHeads says that the first cell of each row
// names the row. Columns are as wide as their weights say; 0 is 1.
type Table struct {
	Columns  []Column
	Head     [][]Cell
	Rows     [][]Cell
	RowHeads bool
}

// A Column of a table.
type Column struct {
	Weight int
	Align  Align
}

// A Cell spans Span columns; 0 is 1.
type Cell struct {
	Text []Run
	Span int
}

// A Note is an aside in small type.
type Note struct {
	Text []Run
}

// A Rule is a line across the column.
type Rule struct{}

// A PageBreak begins a page.
type PageBreak struct{}

// A Picture is a raster without transparency: three bytes a pixel (sRGB), row by row from the top.
type Picture struct {
	Width, Height int
	RGB           []byte
}

// A Figure is a drawing or a picture, scaled to Width; Alt is what is read out for it. Without Alt it is an ornament and not read.
type Figure struct {
	Drawing Drawing
	Picture *Picture // in place of the drawing
	Width   Length
	Align   Align
	Alt     string
}

// A Place keeps an area free. With Sign it is a field for a signature (ISO 32000-1, 12.7.4.5), locked by whoever signs
// there; Sign says who that is, for those who do not see it. Its rectangle comes out of SetForm under its name.
type Place struct {
	Name          string // of a field: letters and figures of ASCII, unique
	Width, Height Length
	Align         Align
	Sign          string
}

// Cards are boxes of one height in columns, as badges: each is laid out by itself, and too much for a card is an error.
type Cards struct {
	Columns int
	Height  Length
	Gap     Length
	Framed  bool
	Cards   [][]Block
}

func (Masthead) block()  {}
func (Heading) block()   {}
func (Paragraph) block() {}
func (List) block()      {}
func (Table) block()     {}
func (Note) block()      {}
func (Rule) block()      {}
func (PageBreak) block() {}
func (Figure) block()    {}
func (Place) block()     {}
func (Cards) block()     {}

// Limits of what is set: beyond them Set says so and sets nothing.
const (
	maxRunes    = 4_000_000
	maxPages    = 10_000
	maxDepth    = 8     // of lists in lists and cards
	maxMasthead = 2_000 // bytes
	maxPercent  = 1_000
)

// check refuses what cannot be set as a tagged document.
func (d Document) check() error {
	switch {
	case d.Language == "" || d.Title == "":
		return fmt.Errorf("a document needs a language and a title")
	case d.Date.IsZero():
		return fmt.Errorf("%s: a document needs a date: its file knows no other time", d.Title)
	}
	c := checker{}
	if err := c.blocks(d.Blocks, 1); err != nil {
		return fmt.Errorf("%s: %w", d.Title, err)
	}
	return nil
}

// a checker counts characters and follows the levels of headings.
type checker struct {
	level, runes int
	fields       map[string]bool
}

// place checks that the name of a field is one, and no other's.
func (c *checker) place(b Place) error {
	if b.Sign == "" {
		return nil
	}
	if b.Name == "" || strings.Trim(b.Name, "abcdefghijklmnopqrstuvwxyz0123456789") != "" || c.fields[b.Name] {
		return fmt.Errorf("a field called %q: letters and figures, no two alike", b.Name)
	}
	if c.fields == nil {
		c.fields = map[string]bool{}
	}
	c.fields[b.Name] = true
	return nil
}

func (c *checker) blocks(list []Block, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("blocks nest deeper than %d", maxDepth)
	}
	for _, b := range list {
		if err := c.block(b, depth); err != nil {
			return err
		}
		if c.runes > maxRunes {
			return fmt.Errorf("more than %d characters in one document", maxRunes)
		}
	}
	return nil
}

func (c *checker) block(b Block, depth int) error {
	switch b := b.(type) {
	case Heading:
		if b.Level < 1 || b.Level > 4 || b.Level > c.level+1 {
			return fmt.Errorf("heading %q is of level %d behind one of level %d", plain(b.Text), b.Level, c.level)
		}
		c.level = b.Level
		return c.text(b.Text)
	case Masthead:
		n := len(b.Kind) + len(b.Symbol) + len(b.Body) + len(strings.Join(b.Lines, ""))
		if n > maxMasthead {
			return fmt.Errorf("a masthead of %d bytes: %d at most", n, maxMasthead)
		}
		c.runes += n
	case Paragraph:
		if b.Percent < 0 || b.Percent > maxPercent {
			return fmt.Errorf("type of %d percent: %d at most", b.Percent, maxPercent)
		}
		return c.text(b.Text)
	case Note:
		return c.text(b.Text)
	case List:
		for _, i := range b.Items {
			c.runes += len(i.Label)
			if err := c.blocks(i.Blocks, depth+1); err != nil {
				return err
			}
		}
	case Table:
		return c.table(b)
	case Cards:
		if b.Columns < 1 || b.Columns > 12 || b.Height < Point {
			return fmt.Errorf("cards in %d columns, %d points high", b.Columns, b.Height/Point)
		}
		for _, card := range b.Cards {
			if err := c.blocks(card, depth+1); err != nil {
				return err
			}
		}
	case Place:
		return c.place(b)
	case Rule, PageBreak, Figure:
	default:
		return fmt.Errorf("a block of an unknown kind: %T", b)
	}
	return nil
}

func (c *checker) table(t Table) error {
	if len(t.Columns) == 0 || len(t.Columns) > 40 || len(t.Head) == 0 && !t.RowHeads {
		return fmt.Errorf("a table of %d columns needs a head: one row, or a first column that names the rows", len(t.Columns))
	}
	for _, rows := range [][][]Cell{t.Head, t.Rows} {
		for _, row := range rows {
			wide := 0
			for _, cell := range row {
				wide += max(1, cell.Span)
				if err := c.text(cell.Text); err != nil {
					return err
				}
			}
			if wide != len(t.Columns) {
				return fmt.Errorf("a row of %d columns in a table of %d", wide, len(t.Columns))
			}
		}
	}
	return nil
}

func (c *checker) text(runs []Run) error {
	for _, r := range runs {
		c.runes += len(r.Text) + len(r.Link)
		for _, f := range r.Footnote {
			c.runes += len(f.Text)
			if f.Footnote != nil {
				return fmt.Errorf("a footnote calls a footnote: %q", f.Text)
			}
		}
	}
	return nil
}

// plain is the text of runs without footnotes.
func plain(runs []Run) (s string) {
	for _, r := range runs {
		s += r.Text
	}
	return s
}
