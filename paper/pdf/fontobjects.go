package pdf

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode/utf16"
)

// writeFonts writes a composite font for each face used (ISO 32000-1, 9.7): codes are the glyphs of the subset.
func writeFonts(f *file, c *canvas) (fonts [faces]int, err error) {
	for i, u := range c.faces {
		if u == nil {
			continue
		}
		program, widths, err := u.subset()
		if err != nil {
			return fonts, err
		}
		stream, unicode, descriptor, descendant := f.reserve(), f.reserve(), f.reserve(), f.reserve()
		f.stream(stream, fmt.Sprintf("/Length1 %d", len(program)), program, false)
		f.stream(unicode, "", u.toUnicode(), false)
		base := "/" + subsetTag(program) + "+" + faceNames[i].name
		f.set(descriptor, "%s", describe(face(i), base, stream))
		f.set(descendant, "<</Type/Font/Subtype/CIDFontType2/BaseFont%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor %d 0 R/CIDToGIDMap/Identity/DW 1000/W[0%s]>>",
			base, descriptor, strings.ReplaceAll(fmt.Sprint(widths), ",", " "))
		fonts[i] = f.add("<</Type/Font/Subtype/Type0/BaseFont%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>", base, descendant, unicode)
	}
	return fonts, nil
}

// subsetTag is six capitals that tell one subset from another (9.6.4): taken from its digest.
func subsetTag(program []byte) string {
	sum := sha256.Sum256(program)
	tag := make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + sum[i]%26
	}
	return string(tag)
}

func describe(f face, base string, stream int) string {
	font := loadFaces()[f].cut
	flags, angle, stem := 4, 0, 80 // symbolic: codes are glyphs
	if f <= georgianBold {
		flags |= 2
	}
	if f == serifItalic {
		flags, angle = flags|64, -12
	}
	if f == serifBold || f == georgianBold {
		stem = 140
	}
	h := font.Head
	return fmt.Sprintf("<</Type/FontDescriptor/FontName%s/Flags %d/FontBBox[%d %d %d %d]/ItalicAngle %d/Ascent %d/Descent %d/CapHeight %d/StemV %d/FontFile2 %d 0 R>>",
		base, flags, h.XMin, h.YMin, h.XMax, h.YMax, angle, font.Hhea.Ascender, font.Hhea.Descender, font.OS2.SCapHeight, stem, stream)
}

// toUnicode says what each code reads as (9.10.3).
func (u *usedFace) toUnicode() []byte {
	var b strings.Builder
	b.WriteString("/CIDInit/ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n")
	for from := 1; from < len(u.list); from += 100 {
		to := min(from+100, len(u.list))
		fmt.Fprintf(&b, "%d beginbfchar\n", to-from)
		for code := from; code < to; code++ {
			fmt.Fprintf(&b, "<%04X><", code)
			for _, v := range utf16.Encode([]rune(u.list[code].text)) {
				fmt.Fprintf(&b, "%04X", v)
			}
			b.WriteString(">\n")
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict/CMap defineresource pop\nend\nend\n")
	return []byte(b.String())
}
