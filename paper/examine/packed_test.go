package examine_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"slices"
	"strings"
	"testing"

	"kurultai/paper/examine"
)

// A packer writes files whose objects lie in object streams, as other programs do. Numbers: 1 catalog, 2 pages, 3 page,
// 4 field, 5 appearance, 6 object stream, 7 cross-reference.
type packer struct {
	t    testing.TB
	file []byte
	prev int
	own  int // where the cross-reference says it is itself; 0: where it is
}

func deflated(b []byte) string {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write(b) // into memory
	w.Close()
	return out.String()
}

// predicted runs rows of a table through a filter of PNG each, in turn.
func predicted(rows [][]byte) []byte {
	var out []byte
	above := make([]byte, len(rows[0]))
	for i, row := range rows {
		filter := i % 5
		out = append(out, byte(filter))
		for j, c := range row {
			var left, corner int
			if j > 0 {
				left, corner = int(row[j-1]), int(above[j-1])
			}
			up := int(above[j])
			// The nearest of three to left+up-corner (ISO/IEC 15948, 9.4), found by looking at each.
			nearest := slices.MinFunc([]int{left, up, corner}, func(a, b int) int {
				d := func(x int) int { return max(left+up-corner-x, x-left-up+corner) }
				return d(a) - d(b)
			})
			out = append(out, c-byte([]int{0, left, up, (left + up) / 2, nearest}[filter]))
		}
		above = row
	}
	return out
}

// A place is a row of a cross-reference stream.
type place struct{ number, kind, at, index int }

// close writes the cross-reference stream number n and ends the revision; more is what its dictionary holds beside.
func (p *packer) close(n int, places []place, more string) {
	start := len(p.file)
	places = append(places, place{n, 1, p.own, 0})
	if p.own == 0 {
		places[len(places)-1].at = start
	}
	slices.SortFunc(places, func(a, b place) int { return a.number - b.number })
	var rows [][]byte
	var index strings.Builder
	for _, l := range places {
		rows = append(rows, []byte{byte(l.kind), byte(l.at >> 16), byte(l.at >> 8), byte(l.at), byte(l.index)})
		fmt.Fprintf(&index, "%d 1 ", l.number)
	}
	if p.prev > 0 {
		more += fmt.Sprintf("/Prev %d", p.prev)
	}
	dict := fmt.Sprintf("/Type/XRef/W[1 3 1]/Index[%s]/Size 20/Root 1 0 R%s/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 5>>", index.String(), more)
	p.file = fmt.Appendf(p.file, "%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n", n, stream(dict, deflated(predicted(rows))), start)
	p.prev = start
}

func (p *packer) object(n int, body string) place {
	l := place{n, 1, len(p.file), 0}
	p.file = fmt.Appendf(p.file, "%d 0 obj\n%s\nendobj\n", n, body)
	return l
}

// pack writes objects into object stream n.
func (p *packer) pack(n int, objects ...any) []place {
	var head, body strings.Builder
	var places []place
	for i := 0; i < len(objects); i += 2 {
		fmt.Fprintf(&head, "%d %d ", objects[i], body.Len())
		fmt.Fprintf(&body, "%s ", objects[i+1])
		places = append(places, place{objects[i].(int), 2, n, i / 2})
	}
	dict := fmt.Sprintf("/Type/ObjStm/N %d/First %d/Filter/FlateDecode", len(objects)/2, head.Len())
	return append(places, p.object(n, stream(dict, deflated([]byte(head.String()+body.String())))))
}

const packedField = "<</Type/Annot/Subtype/Widget/FT/Sig/T(s1)/F 132/Rect[10 10 90 30]/P 3 0 R"

// packed is a file of one page with one field, all in an object stream.
func packed(t testing.TB) *packer {
	p := &packer{t: t, file: []byte("%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")}
	places := p.pack(6, 1, "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[4 0 R]>>>>", 2, "<</Type/Pages/Count 1/Kids[3 0 R]>>",
		3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Annots[4 0 R]/Contents 8 0 R>>", 4, packedField+">>", 9, "5")
	places = append(places, p.object(8, "<</Length 9 0 R>>\nstream\n0 0 m\nendstream"))
	p.close(7, places, "")
	return p
}

// sign signs the field in a revision with an object stream and a cross-reference stream of its own.
func (p *packer) sign(s signer) {
	const size = 2 * 1000
	hole, blank := "<"+strings.Repeat("0", size)+">", strings.Repeat(" ", 60)
	before := len(p.file)
	places := p.pack(12, 4, packedField+"/V 10 0 R/AP<</N 11 0 R>>>>")
	places = append(places, p.object(10, "<<"+padesHead+blank+"/Contents"+hole+">>"), p.object(11, stream(look, "0 0 9 9 re f")))
	p.close(13, places, "")
	from := before + bytes.Index(p.file[before:], []byte(hole))
	to := from + len(hole)
	copy(p.file[from-len("/Contents")-len(blank):], fmt.Sprintf("/ByteRange[0 %d %d %d]", from, to, len(p.file)-to))
	v := form{}.cms(p.t, s, slices.Concat(p.file[:from], p.file[to:]))
	copy(p.file[from+1:], fmt.Sprintf("%x", v))
}

func TestPackedFilesAreRead(t *testing.T) {
	h := newHouse(t)
	p := packed(t)
	p.sign(h.signers[1])
	r, err := examine.Examine(p.file, h.roots, now)
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Signatures) != 1 || r.Signatures[0].Party != "Vindara" || len(r.Revisions) != 2 {
		t.Errorf("%+v", r)
	}
	signed := len(p.file)
	rows := 0
	for _, row := range []struct {
		name string
		make func(p *packer)
		want string
	}{
		{"the text packed", func(p *packer) { p.close(15, []place{p.object(8, stream("", "1 1 m"))}, "") }, "the text of page 1 was replaced"},
		{"the length of the text", func(p *packer) { p.close(15, p.pack(14, 9, "3"), "") }, "the text of page 1 was replaced"},
		{"the page packed", func(p *packer) {
			p.close(15, p.pack(14, 3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Annots[4 0 R]/Contents 8 0 R/Rotate 90>>"), "")
		}, "the entry /Rotate of page 1 was changed"},
		{"the object stream itself", func(p *packer) { p.close(15, p.pack(6, 4, packedField+">>"), "") }, "which holds objects, was replaced"},
		{"an object that is not named", func(p *packer) { p.close(15, p.pack(14, 14, "5", 16, "null")[1:], "") }, "does not name there"},
		{"an object at another place", func(p *packer) {
			l := p.pack(14, 16, "5", 17, "6")
			l[0].index, l[1].index = 1, 0
			p.close(15, l, "")
		}, "is not where object stream 14 is said to hold it"},
		{"an object in a stream of before", func(p *packer) { p.close(15, []place{{16, 2, 6, 0}}, "") }, "not in the revision that names"},
		{"an object of no kind", func(p *packer) { p.close(15, []place{{16, 3, 6, 0}}, "") }, "nobody knows it"},
		{"an object in itself", func(p *packer) { p.close(15, []place{{16, 2, 16, 0}}, "") }, "not in the revision"},
		{"lengths that hang on each other", func(p *packer) {
			p.close(15, []place{p.object(16, "<</Length 17 0 R>>\nstream\n\nendstream"), p.object(17, "<</Length 16 0 R>>\nstream\n\nendstream")}, "")
		}, "is needed to read itself"},
		{"a signature packed", func(p *packer) {
			p.close(15, p.pack(14, 16, "<</Type/Sig/ByteRange[0 1 2 3]/Contents<00>>>"), "")
		}, "is a signature no field has"},
		{"the cross-reference is named before", func(p *packer) {
			p.close(15, p.pack(14, 3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Annots[4 0 R]/Contents[8 0 R 15 0 R]>>"), "")
		}, "the text of page 1 was replaced"},
		{"the cross-reference is something else too", func(p *packer) {
			p.own = p.object(15, "<<>>").at
			p.close(15, nil, "")
		}, "object 15 is a cross-reference, and something else"},
		{"a ring", func(p *packer) { p.prev = len(p.file) + 1000; p.close(15, nil, "") }, "a linearized file, or a ring"},
		{"a filter", func(p *packer) {
			at := len(p.file)
			p.object(15, stream("/Type/XRef/W[1 3 1]/Size 20/Root 1 0 R/Filter/LZWDecode", "x"))
			p.file = fmt.Appendf(p.file, "startxref\n%d\n%%%%EOF\n", at)
		}, "a filter other than FlateDecode"},
	} {
		q := &packer{t: t, file: bytes.Clone(p.file[:signed]), prev: p.prev}
		row.make(q)
		r, err := examine.Examine(q.file, h.roots, now)
		if err == nil {
			err = r.Err()
		}
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
		rows++
	}
	t.Logf("%d packed files refused", rows)
}
