package pdf

import (
	"bytes"
	"embed"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/harfbuzz"
	sfnt "github.com/tdewolff/font"
)

// The faces, subsets of Noto made by fonts/subset.sh.
//
//go:embed fonts/*.ttf
var faceFiles embed.FS

// A face is one of the embedded fonts.
type face int

const (
	serif face = iota
	serifBold
	serifItalic
	georgian
	georgianBold
	mathematics
	symbols
	faces // how many
)

var faceNames = [faces]struct{ file, name string }{
	{"serif", "NotoSerif-Regular"}, {"serif-bold", "NotoSerif-Bold"}, {"serif-italic", "NotoSerif-Italic"},
	{"georgian", "NotoSerifGeorgian-Regular"}, {"georgian-bold", "NotoSerifGeorgian-Bold"},
	{"math", "NotoSansMath-Regular"}, {"symbols", "NotoSansSymbols2-Regular"},
}

// fallback lists the faces a style is set in: the first that holds a character draws it.
func fallback(bold, italic bool) [4]face {
	switch {
	case bold:
		return [...]face{serifBold, georgianBold, mathematics, symbols}
	case italic:
		return [...]face{serifItalic, georgianBold, mathematics, symbols}
	}
	return [...]face{serif, georgian, mathematics, symbols}
}

// A loadedFace is a face parsed twice: for shaping and for subsetting. Nothing writes to it.
type loadedFace struct {
	shape *font.Font
	cut   *sfnt.SFNT
}

// loadFaces parses the embedded fonts once; all have 1000 units to the em.
var loadFaces = sync.OnceValue(func() (list [faces]loadedFace) {
	for f := range faces {
		b, err := faceFiles.ReadFile("fonts/" + faceNames[f].file + ".ttf")
		if err != nil {
			panic(err)
		}
		shape, err := font.ParseTTF(bytes.NewReader(b))
		if err != nil {
			panic(fmt.Sprintf("font %s: %v", faceNames[f].file, err))
		}
		cut, err := sfnt.ParseSFNT(b, 0)
		if err != nil || cut.Head.UnitsPerEm != 1000 {
			panic(fmt.Sprintf("font %s: %v", faceNames[f].file, err))
		}
		list[f] = loadedFace{shape.Font, cut}
	}
	return list
})

// shapers are kept between documents: making one reads every lookup of every face. One serves one document at a time.
var shapers = sync.Pool{New: func() any { return newShaper() }}

func newShaper() *shaper {
	s := &shaper{words: map[wordKey][]glyph{}, buffer: harfbuzz.NewBuffer()}
	for f, l := range loadFaces() {
		s.faces[f] = harfbuzz.NewFont(font.NewFace(l.shape))
	}
	return s
}

// A glyphUse is a glyph that stands for a text; the same glyph for another text is another code, so that the text is
// read back exactly: an fi, a non-breaking space, a hyphen that is only there because the line ended.
type glyphUse struct {
	id   uint16
	text string
}

// A usedFace collects what of a face a document uses. Codes are in order of first use; code 0 is .notdef.
type usedFace struct {
	face  face
	codes map[glyphUse]int
	list  []glyphUse
}

func newUsedFace(f face) *usedFace {
	return &usedFace{f, map[glyphUse]int{}, []glyphUse{{}}}
}

func (u *usedFace) code(g glyphUse) int {
	c, ok := u.codes[g]
	if !ok {
		c = len(u.list)
		u.codes[g], u.list = c, append(u.list, g)
	}
	return c
}

// subset is the font program with glyphs in the order of codes, and the width of each code in thousandths of an em.
func (u *usedFace) subset() (program []byte, widths []int, err error) {
	ids := make([]uint16, len(u.list))
	for i, g := range u.list {
		ids[i] = g.id
	}
	// The subsetter writes into the parts it shares with its source: it gets copies.
	whole := *loadFaces()[u.face].cut
	maxp, head, hhea := *whole.Maxp, *whole.Head, *whole.Hhea
	whole.Maxp, whole.Head, whole.Hhea = &maxp, &head, &hhea
	part, err := whole.Subset(slices.Clone(ids), sfnt.SubsetOptions{Tables: []string{"glyf", "head", "hhea", "hmtx", "loca", "maxp"}})
	if err != nil {
		return nil, nil, fmt.Errorf("subsetting %s: %w", faceNames[u.face].name, err)
	}
	for _, id := range ids {
		widths = append(widths, int(whole.Hmtx.Advance(id)))
	}
	return writeSFNT(part.Tables), widths, nil
}

// writeSFNT lays tables out as a TrueType file (OpenType 1.9, "Organization of an OpenType font"). The module's own
// writer puts the time of day into head.
func writeSFNT(tables map[string][]byte) []byte {
	tags := make([]string, 0, len(tables))
	for tag := range tables {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	n, power := len(tags), 1
	for power*2 <= n {
		power *= 2
	}
	log := 0
	for 1<<(log+1) <= power {
		log++
	}
	out := binary.BigEndian.AppendUint32(nil, 0x00010000)
	for _, v := range []int{n, power * 16, log, n*16 - power*16} {
		out = binary.BigEndian.AppendUint16(out, uint16(v))
	}
	var body []byte
	headAt := 0
	for _, tag := range tags {
		b := slices.Clone(tables[tag])
		if tag == "head" {
			clear(b[8:12])
			headAt = 12 + 16*n + len(body)
		}
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
		out = append(out, tag...)
		for _, v := range []uint32{sum32(b), uint32(12 + 16*n + len(body)), uint32(len(tables[tag]))} {
			out = binary.BigEndian.AppendUint32(out, v)
		}
		body = append(body, b...)
	}
	out = append(out, body...)
	binary.BigEndian.PutUint32(out[headAt+8:], 0xB1B0AFBA-sum32(out))
	return out
}

func sum32(b []byte) (sum uint32) {
	for ; len(b) >= 4; b = b[4:] {
		sum += binary.BigEndian.Uint32(b)
	}
	return sum
}
