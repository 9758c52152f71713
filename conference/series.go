package conference

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kurultai/record"
)

// A Series is papers of one sort that are numbered together. Its pattern is a symbol in which {number} stands for the
// number in the series and, where the body numbers by them, {session} for the ordinal of the meeting, {roman} for the same
// in Roman numerals and {year} for the year (UTC) of entry: LP/{roman}/L.{number}.
type Series struct {
	Series  Term
	Names   Names
	Pattern string
	Limited bool  // drafts: of value for the meeting alone, so of limited distribution
	Index   int64 // entry that named it last
}

type (
	// NameSeries names a series of the body's papers and the pattern of its symbols.
	NameSeries struct {
		Series  Term   `json:"series" jsonschema:"id of the series, chosen by the secretariat"`
		Names   Names  `json:"names" jsonschema:"what it is called, by language"`
		Pattern string `json:"pattern" jsonschema:"a symbol with {number}, and {session}, {roman} or {year} where they part it, as LP/{roman}/L.{number}"`
		Limited bool   `json:"limited,omitempty" jsonschema:"true for drafts, whose distribution is limited"`
	}
	// SeriesNamed is what NameSeries causes.
	SeriesNamed NameSeries
)

// SeriesOfPapers lists the series of the body, in order of id.
func (s *State) SeriesOfPapers() (list []Series) {
	for _, x := range s.documents.series.All() {
		list = append(list, x)
	}
	return list
}

// Series returns a series of the body's papers.
func (s *State) Series(id Term) (Series, bool) { return s.documents.series.Get(string(id)) }

// Distribution is how a paper is distributed, as it is printed on it: restricted where not everybody may read it, else
// limited where its series is, else general. What may be read is said by Level alone.
func (s *State) Distribution(d Document) string {
	if d.Level != "public" {
		return "restricted"
	}
	if x, ok := s.Series(d.Series); ok && x.Limited {
		return "limited"
	}
	return "general"
}

var placeholders = []string{"{number}", "{session}", "{roman}", "{year}"}

// checkPattern reports whether a text is the pattern of a series.
func checkPattern(p string) error {
	sample := p
	for _, place := range placeholders {
		if strings.Count(p, place) > 1 {
			return fmt.Errorf("%s stands there twice", place)
		}
		sample = strings.Replace(sample, place, "1", 1)
	}
	if !strings.Contains(p, "{number}") {
		return errors.New("{number} is not there")
	}
	if root, _ := rootOf(Symbol(sample)); string(root) != sample {
		return errors.New("/Rev., /Add. and /Corr. follow by themselves")
	}
	return Symbol(sample).Check()
}

// symbolIn is the symbol of a number in a series, for a paper of a meeting that is entered at an instant. ok is false
// where the series goes by meetings and the paper is of none.
func (x Series) symbolIn(m Meeting, at record.Instant, n int64) (symbol Symbol, ok bool) {
	if m.Ordinal == 0 && (strings.Contains(x.Pattern, "{session}") || strings.Contains(x.Pattern, "{roman}")) {
		return "", false
	}
	text := strings.NewReplacer("{number}", strconv.FormatInt(n, 10), "{session}", strconv.FormatInt(m.Ordinal, 10), "{roman}", Roman(m.Ordinal), "{year}", at.String()[:4]).Replace(x.Pattern)
	return Symbol(text), true
}

// NextSymbols are the next free symbols for a paper of a meeting, or of none (""), one a series: those of drafts first, then
// in order of id.
func (s *State) NextSymbols(id MeetingID, at record.Instant) (list []Symbol) {
	m, _ := s.Meeting(id)
	for _, limited := range []bool{true, false} {
		for _, x := range s.documents.series.All() {
			if symbol, ok := s.nextIn(x, m, at); ok && x.Limited == limited {
				list = append(list, symbol)
			}
		}
	}
	return list
}

// nextIn is the symbol behind the highest that is taken in a series.
func (s *State) nextIn(x Series, m Meeting, at record.Instant) (Symbol, bool) {
	highest := int64(0)
	for _, d := range s.documents.papers.All() {
		if n, ok := x.numberOf(d.Symbol, m, at); ok {
			highest = max(highest, n)
		}
	}
	return x.symbolIn(m, at, highest+1)
}

// numberOf is which number a symbol has in a series.
func (x Series) numberOf(symbol Symbol, m Meeting, at record.Instant) (n int64, ok bool) {
	before, _, _ := strings.Cut(x.Pattern, "{number}")
	prefix, ok := Series{Pattern: before}.symbolIn(m, at, 0)
	rest, fits := strings.CutPrefix(string(symbol), string(prefix))
	if !ok || !fits {
		return 0, false
	}
	digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || len(digits) > 9 {
		return 0, false
	}
	again, _ := x.symbolIn(m, at, n)
	return n, again == symbol
}

// fitting is the series that a symbol fits. A body that has named none takes any symbol.
func (s *State) fitting(symbol Symbol, m Meeting, at record.Instant) (Term, *Refusal) {
	if s.documents.series.Empty() {
		return "", nil
	}
	for _, x := range s.documents.series.All() {
		if _, ok := x.numberOf(symbol, m, at); ok {
			return x.Series, nil
		}
	}
	var free []string
	for _, next := range s.NextSymbols(m.MeetingConvened.Meeting, at) {
		free = append(free, string(next))
	}
	if len(free) == 0 {
		for _, x := range s.documents.series.All() {
			free = append(free, x.Pattern)
		}
	}
	return "", refuse("bad-symbol", "symbols are given once", symbol, strings.Join(free, ", "))
}

// What a paper that comes after another is to it, as its symbol says.
const (
	revises  = "Rev"
	addsTo   = "Add"
	corrects = "Corr"
)

// rootOf parts a symbol at its last /Rev.N, /Add.N or /Corr.N; what is "" where it ends in none.
func rootOf(symbol Symbol) (root Symbol, what string) {
	at := strings.LastIndexByte(string(symbol), '/')
	word, digits, ok := strings.Cut(string(symbol[at+1:]), ".")
	if n, err := strconv.Atoi(digits); at < 1 || !ok || err != nil || n < 1 || digits[0] == '0' || digits[0] == '+' || !slices.Contains([]string{revises, addsTo, corrects}, word) {
		return symbol, ""
	}
	return symbol[:at], word
}

// SymbolAfter is the symbol of the next paper that revises (Rev), adds to (Add) or corrects (Corr) another. Revisions are
// numbered from the first paper on: what revises L.2/Rev.1 is L.2/Rev.2.
func (s *State) SymbolAfter(of Symbol, what string) Symbol {
	if root, was := rootOf(of); was == revises && what == revises {
		of = root
	}
	for n := 1; ; n++ {
		symbol := Symbol(fmt.Sprintf("%s/%s.%d", of, what, n))
		if _, taken := s.Document(symbol); !taken {
			return symbol
		}
	}
}

// Roman writes a meeting's ordinal as meetings are numbered, 22 as XXII.
func Roman(n int64) string {
	if n < 1 || n > 3999 {
		return fmt.Sprint(n)
	}
	var out strings.Builder
	for i, v := range []int64{1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1} {
		for ; n >= v; n -= v {
			out.WriteString([]string{"M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"}[i])
		}
	}
	return out.String()
}

func series(ed *edition) {
	ed.thing("series", func(s *State, id string) (int64, bool) { x, ok := s.documents.series.Get(id); return x.Index, ok })
	does(ed, Act{
		Name: "NameSeries", Title: "Name a series of papers", Help: "Names a series of the body's papers and the pattern of its symbols; from then on papers are registered in a series alone.",
		Who: []Capacity{Secretary}, Rule: "symbols are given once", Refusals: []Code{"bad-pattern", "pattern-taken"}, Causes: []string{"SeriesNamed"},
	}, func(s *State, c *Call, f *NameSeries) ([]Event, *Refusal) {
		if err := checkPattern(f.Pattern); err != nil {
			return nil, refuse("bad-pattern", "symbols are given once", f.Pattern)
		}
		for _, x := range s.documents.series.All() {
			if x.Pattern == f.Pattern && x.Series != f.Series {
				return nil, refuse("pattern-taken", "symbols are given once", f.Pattern, x.Series)
			}
		}
		e := SeriesNamed(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *SeriesNamed) {
		s.documents.series = s.documents.series.Set(string(b.Series), Series{b.Series, b.Names, b.Pattern, b.Limited, h.Index})
	})
}
