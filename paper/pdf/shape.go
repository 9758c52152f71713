package pdf

import (
	"strings"
	"unicode"

	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/harfbuzz"
	"github.com/go-text/typesetting/language"
)

// A glyph is placed by the shaper; lengths are in thousandths of an em.
type glyph struct {
	face    face
	id      uint16
	advance int
	dx, dy  int
	text    string // what it stands for; where several glyphs stand for one text, the first has it all
	glyphs  int    // of the cluster it begins, 0 inside a cluster
	at      int    // where its text begins, in characters of the word
}

// joined is what a glyph reads as whose text the glyph before it has: nothing that shows.
const joined = "\u2060"

// A wordKey is all the shape of a word depends on.
type wordKey struct {
	text, language string
	bold, italic   bool
}

// A shaper turns words into glyphs by HarfBuzz's rules and keeps what it shaped.
type shaper struct {
	faces  [faces]*harfbuzz.Font
	buffer *harfbuzz.Buffer
	words  map[wordKey][]glyph
}

// What is kept between documents is bounded: so many words, of so many bytes.
const (
	maxWords = 20_000
	maxKept  = 100
)

func (s *shaper) word(k wordKey) []glyph {
	if g, ok := s.words[k]; ok {
		return g
	}
	if len(s.words) >= maxWords {
		clear(s.words)
	}
	g := s.shape(k)
	if len(k.text) <= maxKept {
		s.words[k] = g
	}
	return g
}

func (s *shaper) shape(k wordKey) (list []glyph) {
	source := []rune(k.text)
	drawn, chosen := s.choose(source, fallback(k.bold, k.italic))
	for i := 0; i < len(source); {
		end := i + 1
		for end < len(source) && chosen[end] == chosen[i] {
			end++
		}
		list = append(list, s.piece(source, drawn, i, end, chosen[i], k.language)...)
		i = end
	}
	return list
}

// choose finds the face for each character and what is drawn for it: itself, or U+FFFD where no face holds it. A mark
// stays with its base, where that face holds it.
func (s *shaper) choose(source []rune, faces [4]face) (drawn []rune, chosen []face) {
	drawn, chosen = make([]rune, len(source)), make([]face, len(source))
	for i, r := range source {
		drawn[i] = r
		if i > 0 && unicode.Is(unicode.M, r) && s.holds(chosen[i-1], r) {
			chosen[i] = chosen[i-1]
			continue
		}
		drawn[i], chosen[i] = unicode.ReplacementChar, faces[0]
		for _, f := range faces {
			if s.holds(f, r) {
				drawn[i], chosen[i] = r, f
				break
			}
		}
	}
	return drawn, chosen
}

func (s *shaper) holds(f face, r rune) bool {
	_, ok := s.faces[f].Face().NominalGlyph(r)
	return ok
}

// piece shapes source[from:to], all of one face.
func (s *shaper) piece(source, drawn []rune, from, to int, f face, lang string) (list []glyph) {
	b := s.buffer
	b.Clear()
	b.AddRunes(drawn, from, to-from)
	b.Props.Direction = harfbuzz.LeftToRight
	b.Props.Script = scriptOf(drawn[from:to])
	b.Props.Language = language.NewLanguage(lang)
	b.Shape(s.faces[f], featuresOf(lang))
	for i := 0; i < len(b.Info); {
		n, next := 1, to
		for i+n < len(b.Info) && b.Info[i+n].Cluster == b.Info[i].Cluster {
			n++
		}
		if i+n < len(b.Info) {
			next = b.Info[i+n].Cluster
		}
		list = append(list, s.cluster(source, i, n, b.Info[i].Cluster, next, f)...)
		i += n
	}
	return list
}

// cluster is n glyphs that stand for source[at:next]. Where each is a character's own, each reads as that; else the
// first reads as all and the others as nothing.
func (s *shaper) cluster(source []rune, i, n, at, next int, f face) []glyph {
	list := make([]glyph, n)
	own := n == next-at
	for k := range list {
		info, pos := s.buffer.Info[i+k], s.buffer.Pos[i+k]
		list[k] = glyph{face: f, id: uint16(info.Glyph), advance: int(pos.XAdvance), dx: int(pos.XOffset), dy: int(pos.YOffset), text: joined, at: at}
		if own {
			id, ok := s.faces[f].Face().NominalGlyph(source[at+k])
			own = ok && id == info.Glyph
		}
	}
	if !own {
		list[0].text, list[0].glyphs = string(source[at:next]), n
		return list
	}
	for k := range list {
		list[k].text, list[k].glyphs, list[k].at = string(source[at+k]), 1, at+k
	}
	return list
}

// noLigatures: where i and ı are two letters, f does not swallow the dot.
var noLigatures = []harfbuzz.Feature{{Tag: opentype.MustNewTag("liga"), Value: 0, Start: harfbuzz.FeatureGlobalStart, End: harfbuzz.FeatureGlobalEnd}}

func featuresOf(lang string) []harfbuzz.Feature {
	switch primary, _, _ := strings.Cut(lang, "-"); primary {
	case "az", "tr":
		return noLigatures
	}
	return nil
}

func scriptOf(text []rune) language.Script {
	for _, r := range text {
		if s := language.LookupScript(r); s.Strong() {
			return s
		}
	}
	return language.Latin
}

// clean leaves out what has no shape and makes white space of every kind that ends lines a space. Soft hyphens and
// zero-width spaces stay: they say where a line may end.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return ' '
		case r == softHyphen || r == zeroWidthSpace:
			return r
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

const (
	softHyphen     = '\u00ad'
	zeroWidthSpace = '\u200b'
	noBreakSpace   = '\u00a0'
)
