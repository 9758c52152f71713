package pdf

// A Layout is how documents look. A released layout never changes: what was issued under it can be set again.
type Layout struct {
	Number        int // as the record names it
	Width, Height Length
	Top, Bottom   Length // margins
	Inner, Outer  Length // left and right; pages are not mirrored
	Body, Small   style
	Headings      [4]style
	Justify       bool // full lines where the language is hyphenated
	Hyphenate     bool
	Uncompressed  bool // streams as they are: for reading a file, and for comparing between releases of Go's compressor
}

// Treaty is layout 1: A4, one column, as papers of conferences are printed.
func Treaty() Layout {
	return Layout{
		Number: 1,
		Width:  5_952_756, Height: 8_418_898,
		Top: 22 * Millimetre, Bottom: 25 * Millimetre, Inner: 30 * Millimetre, Outer: 30 * Millimetre,
		Body:  style{size: 105, leading: 145_000},
		Small: style{size: 85, leading: 115_000},
		Headings: [4]style{
			{size: 150, leading: 21 * Point, bold: true, whole: true},
			{size: 120, leading: 17 * Point, bold: true, whole: true},
			{size: 105, leading: 145_000, bold: true, whole: true},
			{size: 105, leading: 145_000, italic: true, whole: true},
		},
		Justify: true, Hyphenate: true,
	}
}

// column is the width of the text.
func (l Layout) column() Length { return l.Width - l.Inner - l.Outer }

// Sealed is layout 2: layout 1 with its streams as they are, for papers that are signed: their bytes are set again from the
// record for as long as it is read, and rest on no compressor.
func Sealed() Layout {
	l := Treaty()
	l.Number, l.Uncompressed = 2, true
	return l
}
