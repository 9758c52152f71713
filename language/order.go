package language

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Compare orders two names by the alphabet of the language: less than 0 where a stands before b. The alphabet is the text
// "alphabet" of the folder, its letters in order, of one sign or two. A letter it does not have counts as the one it is
// made of, é as e; one of another script stands behind the last.
func (l *Language) Compare(a, b string) int {
	if c := slices.Compare(l.ranks(a), l.ranks(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// ranks are the places of a name's letters in the alphabet, from 1; what parts words is 0.
func (l *Language) ranks(name string) (ranks []int) {
	lower := strings.ToLower
	if l.Code == "az" || l.Code == "tr" { // I is ı there, and İ is i
		lower = func(s string) string { return strings.ToLowerSpecial(unicode.TurkishCase, s) }
	}
	text := []rune(norm.NFC.String(lower(sameApostrophe.Replace(name))))
	for i := 0; i < len(text); i++ {
		if i+1 < len(text) {
			if rank := l.letters[string(text[i:i+2])]; rank > 0 {
				ranks, i = append(ranks, rank), i+1
				continue
			}
		}
		if rank, said := l.rank(text[i]); said {
			ranks = append(ranks, rank)
		}
	}
	return ranks
}

// rank is the place of one letter; said is false of a sign that has none.
func (l *Language) rank(r rune) (rank int, said bool) {
	base := []rune(norm.NFD.String(string(r)))[0]
	switch {
	case l.letters[string(r)] > 0:
		return l.letters[string(r)], true
	case l.letters[string(base)] > 0:
		return l.letters[string(base)], true
	case unicode.IsSpace(r) || r == '-':
		return 0, true
	}
	return len(l.letters) + 1 + int(r), unicode.IsLetter(r) || unicode.IsDigit(r)
}

var sameApostrophe = strings.NewReplacer("‘", "ʻ", "’", "ʻ", "'", "ʻ", "ʼ", "ʻ")

// alphabet numbers the letters of a text in which they stand in order.
func alphabet(text string) map[string]int {
	letters := map[string]int{}
	for i, letter := range strings.Fields(text) {
		letters[letter] = i + 1
	}
	return letters
}
