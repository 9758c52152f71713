package pdf

// Lines are broken by the method of D. E. Knuth and M. F. Plass, Breaking Paragraphs into Lines (1981), with the integer
// arithmetic and the weights of TeX: the paragraph as a whole is made to look best, not line after line.

// An item of a paragraph: a box is set; glue is white space that gives way; a penalty is a place to end a line at a cost.
type item struct {
	kind            itemKind
	width           Length // of a penalty: what is set if the line ends here, a hyphen
	stretch, shrink Length
	cost            int
	fixed           bool // glue at which no line ends
	span            *span
	glyphs          []glyph
}

type itemKind int

const (
	box itemKind = iota
	glue
	penalty
)

const (
	forced        = -10_000 // the cost of a penalty that ends the line
	costHyphen    = 50
	costOwnHyphen = 3_000     // behind a word's own hyphen: some programs take it for the line's and drop it from the text
	costAnywhere  = 5_000     // inside a word that is wider than the line
	awful         = 1_000_000 // the badness of what is as bad as can be
	demeritsTwice = 10_000    // two hyphens in a row
	demeritsLoose = 10_000    // a tight line beside a loose one
)

// A lineBreak is where a line ends: at item number at, from item number from on.
type lineBreak struct {
	from, at int
}

// sums are the widths, stretches and shrinks of all items before one.
type sums struct{ width, stretch, shrink Length }

// A node is a way to break the paragraph up to an item.
type node struct {
	at       int // the item the line ended at; -1 at the beginning
	from     int // the first item of the next line
	demerits int
	tight    int // 0 tight, 1 decent, 2 loose, 3 very loose
	hyphen   bool
	before   *node
}

// breakLines chooses the lines of a paragraph whose items end in a forced penalty. ragged is how far each line may stay
// short for nothing.
func breakLines(items []item, width, ragged Length) []lineBreak {
	total := make([]sums, len(items)+1)
	for i, it := range items {
		total[i+1] = total[i]
		if it.kind != penalty {
			total[i+1] = sums{total[i].width + it.width, total[i].stretch + it.stretch, total[i].shrink + it.shrink}
		}
	}
	active := []*node{{at: -1, tight: 1}}
	for i, it := range items {
		if !mayEnd(items, i) {
			continue
		}
		var best [4]node
		var over *node
		kept := active[:0]
		for _, a := range active {
			n, ok, more := a.end(items, total, i, width, ragged)
			if more && it.cost > forced {
				kept = append(kept, a)
			}
			if !ok {
				over = a
			} else if b := &best[n.tight]; b.before == nil || n.demerits < b.demerits {
				*b = n
			}
		}
		active = kept
		for _, n := range best {
			if n.before != nil {
				active = append(active, &n)
			}
		}
		if len(active) == 0 { // nothing fits: the line sticks out
			active = append(active, &node{at: i, from: next(items, i), demerits: over.demerits, tight: 1, before: over})
		}
	}
	best := active[0]
	for _, a := range active {
		if a.demerits < best.demerits {
			best = a
		}
	}
	var lines []lineBreak
	for n := best; n.before != nil; n = n.before {
		lines = append(lines, lineBreak{n.before.from, n.at})
	}
	for i, j := 0, len(lines)-1; i < j; i, j = i+1, j-1 {
		lines[i], lines[j] = lines[j], lines[i]
	}
	return lines
}

// mayEnd reports whether a line may end at item i: at a penalty, or at glue behind a box.
func mayEnd(items []item, i int) bool {
	switch items[i].kind {
	case penalty:
		return true
	case glue:
		return !items[i].fixed && i > 0 && items[i-1].kind == box
	}
	return false
}

// next is the first item of the line after one that ended at i: white space and penalties there vanish.
func next(items []item, i int) int {
	for i < len(items) && (items[i].kind == penalty && items[i].cost > forced || items[i].kind == glue && !items[i].fixed) {
		i++
	}
	return i
}

// end is the node of a line from a to item i; ok is false if it is too wide even when shrunk, more is false as soon as
// no later end can fit.
func (a *node) end(items []item, total []sums, i int, width, ragged Length) (n node, ok, more bool) {
	it := items[i]
	from := min(a.from, i)
	natural := total[i].width - total[from].width
	shrink := total[i].shrink - total[from].shrink
	more = natural-shrink <= width
	if it.kind == penalty {
		natural += it.width
	}
	short := width - natural
	bad, tight := 0, 1
	switch {
	case short < -shrink:
		return node{}, false, more
	case short < 0:
		if bad = badness(-short, shrink); bad > 12 {
			tight = 0
		}
	case it.kind == penalty && it.cost == forced: // the last line is as short as it is
	default:
		if bad = badness(short, total[i].stretch-total[from].stretch+ragged); bad > 99 {
			tight = 3
		} else if bad > 12 {
			tight = 2
		}
	}
	hyphen := it.kind == penalty && it.width > 0
	d := (10 + bad) * (10 + bad)
	if it.cost > forced {
		d += it.cost * it.cost
	}
	if hyphen && a.hyphen {
		d += demeritsTwice
	}
	if tight-a.tight > 1 || a.tight-tight > 1 {
		d += demeritsLoose
	}
	return node{at: i, from: next(items, i), demerits: a.demerits + d, tight: tight, hyphen: hyphen, before: a}, true, true
}

// badness is about 100 times the cube of t/s, as The TeXbook has it (chapter 14). It goes on where TeX stops at 10000:
// there, one line with next to nothing in it is no worse than one that is merely bad, and is taken to mend its neighbours.
func badness(t, s Length) int {
	if t == 0 {
		return 0
	}
	r := t * 297 / max(s, Point)
	if r > 6400 {
		return awful
	}
	return min(awful, int((r*r*r+1<<17)/(1<<18)))
}
