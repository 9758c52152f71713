package pdf

import (
	"fmt"
	"strings"
)

// A Form is a document with fields for signatures, as it is before anybody signs.
type Form struct {
	Bytes   []byte
	Places  []PlaceOn
	Fields  []Field // in the order of their places
	Objects int     // the highest number of an object
	Table   int     // where its cross-reference table begins
	Catalog string  // what the dictionary of object 1 holds
	Trailer string  // what its trailer holds beside the size
}

// A Field is a place for one signature. Its object is the widget: Dict is what its dictionary holds, without value and
// appearance.
type Field struct {
	Name          string
	Object        int
	Dict          string
	Width, Height Length
}

func fieldsOf(c *canvas) *Form {
	f := &Form{Places: c.places}
	for _, p := range c.pages {
		for _, a := range p.annotations {
			if a.field != "" {
				f.Fields = append(f.Fields, Field{a.field, a.object, a.dict, a.x1 - a.x0, a.y1 - a.y0})
			}
		}
	}
	return f
}

// writeField writes the widget of an empty field: printed, locked in its place (annotation flags 3 and 8), with an empty
// appearance (ISO 19005-3, 6.3.3), locked by its own signature (12.7.4.5, table 233).
func writeField(f *file, l Layout, a *annotation, page, key int) {
	empty := f.reserve()
	f.stream(empty, fmt.Sprintf("/Type/XObject/Subtype/Form/BBox[0 0 %s %s]/Resources<<>>", num(a.x1-a.x0), num(a.y1-a.y0)), nil, true)
	a.dict = fmt.Sprintf("/Type/Annot/Subtype/Widget/FT/Sig/T%s/TU%s/F 132/Rect[%s %s %s %s]/P %d 0 R/StructParent %d/Lock<</Type/SigFieldLock/Action/Include/Fields[%s]>>",
		literal(a.field), textString(clean(a.contents)), num(a.x0), num(l.Height-a.y1), num(a.x1), num(l.Height-a.y0), page, key, literal(a.field))
	a.object = f.add("<<%s/AP<</N %d 0 R>>>>", a.dict, empty)
}

// Appearance sets blocks as they appear in a field: the objects of a form XObject, which is the first of them, and its
// fonts. Their numbers go on behind that of the last object there is. What does not fit is an error.
func Appearance(language string, blocks []Block, width, height Length, last int) ([][]byte, error) {
	l := Treaty()
	l.Width, l.Height, l.Inner, l.Outer, l.Top, l.Bottom, l.Body, l.Justify = width, height, 2*Point, 2*Point, 2*Point, 2*Point, l.Small, false
	d := Document{Language: language, Title: "-", Blocks: blocks}
	if err := (&checker{}).blocks(blocks, 1); err != nil {
		return nil, err
	}
	c, _, err := typeset(d, l, &canvas{layout: l, plain: true})
	if err != nil {
		return nil, err
	}
	if len(c.pages) > 1 || len(c.pages[0].annotations) > 0 {
		return nil, fmt.Errorf("what is to appear does not fit into %s by %s points", num(width), num(height))
	}
	f := &file{before: last}
	form := f.reserve()
	fonts, err := writeFonts(f, c)
	if err != nil {
		return nil, err
	}
	var used strings.Builder
	for face, is := range c.pages[0].faces {
		if is {
			fmt.Fprintf(&used, "/F%d %d 0 R", face, fonts[face])
		}
	}
	f.stream(form, fmt.Sprintf("/Type/XObject/Subtype/Form/BBox[0 0 %s %s]/Resources<</Font<<%s>>>>", num(width), num(height), used.String()), c.pages[0].content.Bytes(), true)
	return f.objects, nil
}

// Literal is a string of bytes as it stands in a file, in parentheses.
func Literal(s string) string { return literal(s) }
