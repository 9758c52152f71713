package drafting

import "strings"

// A Change is what became of a paragraph from one text to another: Old is nil where it was added, New where it was
// deleted.
type Change struct {
	Old, New *Paragraph
	Pieces   []Piece
}

// Changed reports whether anything became of it.
func (c Change) Changed() bool {
	for _, p := range c.Pieces {
		if p.Kind != Kept {
			return true
		}
	}
	return false
}

// A Piece is words that were kept, taken away or brought.
type Piece struct {
	Kind  byte
	Words []string
}

// What became of words.
const (
	Kept  = '='
	Taken = '-'
	Added = '+'
)

// Compare says paragraph by paragraph what became of a text. Paragraphs of the same words stand beside one another; between
// those, one stands beside the next that shares two fifths of its words.
func Compare(old, new Text) (list []Change) {
	a, b := old.Paragraphs, new.Paragraphs
	add := func(i, j int) {
		c := Change{}
		var was, is []string
		if i >= 0 {
			c.Old, was = &a[i], strings.Fields(a[i].Words())
		}
		if j >= 0 {
			c.New, is = &b[j], strings.Fields(b[j].Words())
		}
		c.Pieces = Words(was, is)
		list = append(list, c)
	}
	keysOf := func(list []Paragraph) (keys []string) {
		for _, p := range list {
			keys = append(keys, string(p.Kind)+" "+p.Words())
		}
		return keys
	}
	i, j := 0, 0
	gap := func(toI, toJ int) {
		for i < toI {
			at := j
			for at < toJ && (a[i].Kind != b[at].Kind || shared(a[i], b[at])*5 < 2) {
				at++
			}
			if at == toJ {
				add(i, -1)
				i++
				continue
			}
			for ; j < at; j++ {
				add(-1, j)
			}
			add(i, j)
			i, j = i+1, j+1
		}
		for ; j < toJ; j++ {
			add(-1, j)
		}
	}
	x, y := 0, 0
	for _, p := range Words(keysOf(a), keysOf(b)) {
		switch p.Kind {
		case Taken:
			x += len(p.Words)
		case Added:
			y += len(p.Words)
		default:
			gap(x, y)
			for range p.Words {
				add(i, j)
				i, j = i+1, j+1
			}
			x, y = i, j
		}
	}
	gap(len(a), len(b))
	return list
}

// shared is how much of the longer of two paragraphs is words of both, 0 to 1.
func shared(a, b Paragraph) float64 {
	x, y := strings.Fields(a.Words()), strings.Fields(b.Words())
	count := map[string]int{}
	for _, w := range x {
		count[w]++
	}
	both := 0
	for _, w := range y {
		if count[w] > 0 {
			count[w]--
			both++
		}
	}
	return float64(both) / float64(max(len(x), len(y), 1))
}

// maxCompared bounds the table by which words are compared: beyond it all of the old is taken away.
const maxCompared = 4_000_000

// Words are the fewest words to take away and bring that make b of a: the longest common subsequence stays.
func Words(a, b []string) (list []Piece) {
	add := func(kind byte, word string) {
		if n := len(list); n > 0 && list[n-1].Kind == kind {
			list[n-1].Words = append(list[n-1].Words, word)
			return
		}
		list = append(list, Piece{kind, []string{word}})
	}
	common := lengths(a, b)
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case common != nil && i < len(a) && j < len(b) && a[i] == b[j]:
			add(Kept, a[i])
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common == nil || common[i+1][j] >= common[i][j+1]):
			add(Taken, a[i])
			i++
		default:
			add(Added, b[j])
			j++
		}
	}
	return list
}

// lengths is how long the longest common subsequence of what is left of a from i and of b from j is; nil beyond the bound.
func lengths(a, b []string) [][]int32 {
	if (len(a)+1)*(len(b)+1) > maxCompared {
		return nil
	}
	common := make([][]int32, len(a)+1)
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	return common
}
