package pdf

import "fmt"

// A slug is a strip of the column, as wide as it: a line, a row, a rule. draw gets the left end of the column and the top
// of the strip.
type slug struct {
	before Length // white above, not at the top of a page
	height Length
	dx     Length // how far to the right of the column it is drawn
	draw   func(c *canvas, x, y Length)
	notes  []*footnote
	keep   bool   // no page ends behind it
	end    bool   // a page ends here
	head   []slug // repeated above it where it is the first of a page: the head rows of its table
}

// A PlaceOn is where a Place came to lie.
type PlaceOn struct {
	Name                    string
	Page                    int    // from 0
	Left, Bottom, Right, Up Length // from the lower left corner of the page, as PDF counts
}

// A flow puts slugs on pages.
type flow struct {
	s     *setter
	c     *canvas
	y     Length // where the next slug goes
	notes []slug // at the foot of this page
	late  []slug // notes that did not fit on theirs
	fresh bool   // nothing stands on the page
}

// noteGap is the white above the first footnote, with the short rule in it.
const noteGap = 14 * Point

func (f *flow) bottom() Length { return f.s.layout.Height - f.s.layout.Bottom }

func (f *flow) notesHeight(more []slug) (h Length) {
	for _, list := range [][]slug{f.notes, more} {
		for _, n := range list {
			h += n.height
		}
	}
	if h > 0 {
		h += noteGap
	}
	return h
}

// place sets slugs in order: what keeps together goes to the next page together, unless it is longer than a page.
func (f *flow) place(list []slug) error {
	f.turn()
	for i := 0; i < len(list); {
		if list[i].end {
			if err := f.nextPage(); err != nil {
				return err
			}
			i++
			continue
		}
		j := i + 1
		for j < len(list) && list[j-1].keep && !list[j].end {
			j++
		}
		if !f.fits(list[i:j]) && !f.fresh {
			if err := f.nextPage(); err != nil {
				return err
			}
		}
		if f.fits(list[i:j]) || f.fresh && j == i+1 {
			for _, s := range list[i:j] {
				f.put(s)
			}
			i = j
			continue
		}
		for ; i < j; i++ { // longer than a page
			if !f.fits(list[i:i+1]) && !f.fresh {
				if err := f.nextPage(); err != nil {
					return err
				}
			}
			f.put(list[i])
		}
	}
	f.finish()
	for len(f.late) > 0 {
		if err := f.nextPage(); err != nil {
			return err
		}
	}
	f.finish()
	return nil
}

func (f *flow) fits(list []slug) bool {
	y := f.y
	var notes []slug
	for i, s := range list {
		if f.fresh && i == 0 {
			y += heightOf(s.head)
		} else {
			y += s.before
		}
		y += s.height
		for _, n := range s.notes {
			notes = append(notes, f.s.noteSlugs(n)...)
		}
	}
	return y <= f.bottom()-f.notesHeight(notes)
}

func heightOf(list []slug) (h Length) {
	for _, s := range list {
		h += s.height
	}
	return h
}

func (f *flow) put(s slug) {
	x := f.s.layout.Inner
	if f.fresh {
		f.c.artifact = true
		for _, h := range s.head {
			h.draw(f.c, x+h.dx, f.y)
			f.y += h.height
		}
		f.c.close()
		f.c.artifact = false
	} else {
		f.y += s.before
	}
	s.draw(f.c, x+s.dx, f.y)
	f.y += s.height
	f.fresh = false
	for _, n := range s.notes {
		for _, line := range f.s.noteSlugs(n) {
			if f.y <= f.bottom()-f.notesHeight([]slug{line}) && len(f.late) == 0 {
				f.notes = append(f.notes, line)
			} else {
				f.late = append(f.late, line)
			}
		}
	}
}

// finish draws the footnotes of a page.
func (f *flow) finish() {
	if len(f.notes) == 0 {
		return
	}
	x, y := f.s.layout.Inner, f.bottom()-f.notesHeight(nil)
	f.c.rule(x, y+noteGap/2, 40*Millimetre, Point/2)
	y += noteGap
	for _, n := range f.notes {
		n.draw(f.c, x, y)
		y += n.height
	}
	f.notes = nil
}

func (f *flow) nextPage() error {
	f.finish()
	if len(f.c.pages) >= maxPages {
		return fmt.Errorf("more than %d pages", maxPages)
	}
	f.turn()
	return nil
}

// turn begins a page; notes that are late fill at most half of it.
func (f *flow) turn() {
	f.c.newPage()
	f.y, f.fresh = f.s.layout.Top, true
	half := (f.bottom() - f.s.layout.Top) / 2
	for len(f.late) > 0 && f.notesHeight(f.late[:1]) <= half {
		f.notes, f.late = append(f.notes, f.late[0]), f.late[1:]
	}
}

// noteSlugs are the lines of a footnote.
func (s *setter) noteSlugs(n *footnote) (list []slug) {
	if n.slugs != nil {
		return n.slugs
	}
	st := s.layout.Small
	number := &span{size: st.size, language: s.doc.Language, inner: &inner{tag: "Lbl"}}
	text, of := s.spans(n.text, st)
	label := []rune(fmt.Sprintf("%d\u00a0", n.number))
	for range label {
		of = append([]*span{number}, of...)
	}
	for _, l := range s.broken(append(label, text...), of, s.layout.column(), 0, false) {
		list = append(list, slug{height: st.leading, draw: func(c *canvas, x, y Length) {
			c.line(l, x, y+baseline(st), n.home)
			c.close()
		}})
	}
	n.slugs = list
	return list
}

// baseline is how far below the top of a line's strip it stands.
func baseline(st style) Length { return (st.leading + Length(st.size)*Point/10*7/10) / 2 }
