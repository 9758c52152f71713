package pdf

import (
	"embed"
	"strings"
	"sync"
	"unicode"
)

// Patterns of hyph-utf8 as published; each file begins with its licence. Those for Turkish and Russian are under the
// LPPL, whose terms for changed copies do not go with an Apache-2.0 program; for Azerbaijani, Kazakh, Kyrgyz and Uzbek
// there are none. These six are set without hyphenation.
//
//go:embed hyphen/*.tex
var patternFiles embed.FS

// A hyphenator finds where words may be divided by Liang's method (F. M. Liang, Word Hy-phen-a-tion by Com-put-er,
// Stanford 1983): each pattern gives marks between its letters, the highest mark at a place counts, odd ones divide.
type hyphenator struct {
	marks       map[string][]byte // by the letters of the pattern; '.' is the edge of a word
	exceptions  map[string][]int
	longest     int
	left, right int  // letters that stay together at either end
	names       bool // whether capitalised words are divided: in German all nouns are, in English names are left whole
}

var hyphenators = map[string]func() *hyphenator{
	"de": sync.OnceValue(func() *hyphenator { return readPatterns("de-1996", 2, 2, true) }),
	"en": sync.OnceValue(func() *hyphenator { return readPatterns("en-gb", 2, 3, false) }),
	"ka": sync.OnceValue(func() *hyphenator { return readPatterns("ka", 2, 2, true) }),
}

// hyphenatorOf is nil for a language without patterns.
func hyphenatorOf(lang string) *hyphenator {
	primary, _, _ := strings.Cut(lang, "-")
	if load, ok := hyphenators[primary]; ok {
		return load()
	}
	return nil
}

func readPatterns(name string, left, right int, names bool) *hyphenator {
	b, err := patternFiles.ReadFile("hyphen/hyph-" + name + ".tex")
	if err != nil {
		panic(err)
	}
	h := &hyphenator{marks: map[string][]byte{}, exceptions: map[string][]int{}, left: left, right: right, names: names}
	for _, p := range texGroup(string(b), `\patterns{`) {
		letters, marks := splitPattern(p)
		h.marks[letters], h.longest = marks, max(h.longest, len(marks)-1)
	}
	for _, e := range texGroup(string(b), `\hyphenation{`) {
		var at []int
		n := 0
		for _, r := range e {
			if r == '-' {
				at = append(at, n)
				continue
			}
			n++
		}
		h.exceptions[strings.ReplaceAll(e, "-", "")] = at
	}
	return h
}

// texGroup lists the words between an opening and the next closing brace, without comments.
func texGroup(tex, opening string) []string {
	var text strings.Builder
	for line := range strings.Lines(tex) {
		line, _, _ = strings.Cut(line, "%")
		text.WriteString(line + "\n")
	}
	_, rest, _ := strings.Cut(text.String(), opening)
	inside, _, _ := strings.Cut(rest, "}")
	return strings.Fields(inside)
}

// splitPattern takes "a1bc2" apart into "abc" and the marks before, between and behind its letters: 0 1 0 2.
func splitPattern(p string) (string, []byte) {
	var letters []rune
	marks := []byte{0}
	for _, r := range p {
		if '0' <= r && r <= '9' {
			marks[len(marks)-1] = byte(r - '0')
			continue
		}
		letters, marks = append(letters, r), append(marks, 0)
	}
	return string(letters), marks
}

// divide lists after how many letters a word may be divided, in order.
func (h *hyphenator) divide(word []rune) (at []int) {
	if len(word) < h.left+h.right || len(word) > 100 || !h.names && unicode.IsUpper(word[0]) {
		return nil
	}
	lower := []rune(strings.ToLower(string(word)))
	if at, ok := h.exceptions[string(lower)]; ok {
		return at
	}
	if len(lower) != len(word) {
		return nil
	}
	edged := append(append([]rune{'.'}, lower...), '.')
	marks := make([]byte, len(edged)+1)
	for from := range edged {
		for to := from + 1; to <= min(len(edged), from+h.longest); to++ {
			for k, m := range h.marks[string(edged[from:to])] {
				marks[from+k] = max(marks[from+k], m)
			}
		}
	}
	for n := h.left; n <= len(word)-h.right; n++ {
		if marks[n+1]%2 == 1 {
			at = append(at, n)
		}
	}
	return at
}
