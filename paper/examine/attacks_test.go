package examine_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // the signature that is refused for it
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kurultai/paper/cms"
	"kurultai/paper/examine"
)

// A trick is a file that somebody made to deceive: what it is called where it was published, how it is made, and the words
// that name it.
type trick struct {
	name string
	make func(t testing.TB, h *house) []byte
	want string
}

// after makes a trick of an update behind three of four signatures.
func after(objects func(p *pen) set) func(testing.TB, *house) []byte {
	return func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1, 2))
		return p.other(objects(p)).file
	}
}

// other is an update in which each object is another than before.
func (p *pen) other(objects set) *pen {
	p.t.Helper()
	for n, body := range objects {
		if n < p.next() && body == p.object(n) {
			p.t.Fatalf("object %d is as it was", n)
		}
	}
	return p.update(objects, "")
}

// with makes a trick of a fourth signature that is not as it should be.
func with(change func(t testing.TB, h *house, p *pen, s *stamp)) func(testing.TB, *house) []byte {
	return func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1, 2))
		return p.sign("s3", h.signers[3], nil, func(s *stamp) { change(t, h, p, s) }).file
	}
}

// on makes a trick of what is done behind a first signature, over a base that was prepared for it.
func on(prepare, then func(p *pen) set) func(testing.TB, *house) []byte {
	return func(t testing.TB, h *house) []byte {
		p := write(t, statute(t).Bytes)
		p.other(prepare(p))
		p.sign("s1", h.signers[1], nil, nil)
		return p.other(then(p)).file
	}
}

// Parts of the statute.
func (p *pen) page(i int) int {
	kids := regexp.MustCompile(`(\d+) 0 R`).FindAllStringSubmatch(regexp.MustCompile(`/Kids\[([^\]]*)\]`).FindString(p.object(2)), -1)
	n, _ := strconv.Atoi(kids[i-1][1])
	return n
}

func (p *pen) entry(n int, key string) int {
	m := regexp.MustCompile(`/` + key + `\[?(?:<</\w+)? ?(\d+) 0 R`).FindStringSubmatch(p.object(n))
	if m == nil {
		p.t.Fatalf("object %d has no /%s: %s", n, key, p.object(n))
	}
	v, _ := strconv.Atoi(m[1])
	return v
}

func (p *pen) field(called string) int { return p.like(`/T\(` + called + `\)`) }

const overlay = "<</Type/Annot/Subtype/FreeText/Rect[0 0 500 700]/DA(/F0 12 Tf)/Contents(The price is 900 marks)>>"

// note prepares a text field, shown with a value, beside the fields of signatures.
func note(p *pen) set {
	n := p.next()
	catalog := p.change(1, "/Fields[", fmt.Sprintf("/Fields[%d 0 R ", n))
	page := p.change(p.page(1), "/Annots[", fmt.Sprintf("/Annots[%d 0 R ", n))
	return set{1: catalog, p.page(1): page, n: fmt.Sprintf("<</Type/Annot/Subtype/Widget/FT/Tx/T(note)/V(hundred)/F 4/Rect[10 10 90 30]/AP<</N %d 0 R>>>>", n+1), n + 1: stream(look, "BT (hun) Tj (dred) Tj ET")}
}

// imageOver prepares a picture drawn over the text of page 1.
func imageOver(p *pen) set {
	n := p.next()
	page := p.change(p.page(1), "/Resources<<", fmt.Sprintf("/Resources<</XObject<</X %d 0 R>>", n))
	content := p.entry(p.page(1), "Contents")
	page = strings.Replace(page, fmt.Sprintf("/Contents %d 0 R", content), fmt.Sprintf("/Contents[%d 0 R %d 0 R]", content, n+1), 1)
	return set{p.page(1): page, n: stream(look, "1 g 0 0 100 20 re f"), n + 1: stream("", "/X Do")}
}

var tricks = []trick{
	// incremental saving attacks (Mladenov et al. 2019)
	{"incremental saving: other text", after(func(p *pen) set {
		return set{p.entry(p.page(1), "Contents"): stream("", "BT (The price is 900 marks) Tj ET")}
	}), "the text of page 1 was replaced"},
	{"incremental saving: page with other text", after(func(p *pen) set {
		n := p.next()
		return set{p.page(2): p.change(p.page(2), "/Contents", fmt.Sprintf("/Contents %d 0 R/Was", n)), n: stream("", "")}
	}), "the text of page 2 was replaced"},
	{"incremental saving: without cross-reference", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return append(p.file, "5 0 obj\n<<>>\nendobj\n"...)
	}, "does not end with startxref"},
	{"incremental saving: without its own objects", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		n := p.entry(p.page(1), "Contents")
		row := fmt.Sprintf("xref\n%d 1\n%010d 00000 n \n", n, bytes.Index(p.file, []byte("\n5 0 obj"))+1)
		at, trailer, size, prev := len(p.file), p.trailer(), p.next(), p.start()
		return fmt.Appendf(p.file, "%strailer\n<<%s/Size %d/Prev %s>>\nstartxref\n%d\n%%%%EOF\n", row, trailer, size, prev, at)
	}, "outside of the revision that names it"},
	{"incremental saving: signature written again", after(func(p *pen) set {
		n, _ := strconv.Atoi(regexp.MustCompile(`/V (\d+) 0 R`).FindStringSubmatch(p.object(p.field("s1")))[1])
		return set{n: strings.Replace(p.object(n), "/Filter/", "/Name(A)/Filter/", 1)}
	}), "the signature of field s1 was changed"},
	{"incremental saving: title", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.update(set{7: "<</Title(Another)>>"}, "").file
	}, "the title, the author or the dates of the document were changed"},
	{"incremental saving: title by the trailer", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.update(set{p.next(): "<</Title(Another)>>"}, regexp.MustCompile(`/Info \d+`).ReplaceAllString(p.trailer(), fmt.Sprintf("/Info %d", p.next()))).file
	}, "the title, the author or the dates"},

	// signature wrapping: the part signed last is moved, and a copy of the signature says where to
	{"signature wrapping", wrapped, "the signature of field s1 was changed"},
	{"signature wrapping behind the end", func(t testing.TB, h *house) []byte {
		b := h.signed(t, 1)
		start := bytes.LastIndex(b, []byte("startxref"))
		return slices.Concat(b, b[start-200:start], b[start:])
	}, "bytes stand behind the end of the last revision"},
	{"signature wrapping within a comment", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0))
		p.file = append(p.file, "%5 0 obj<</Type/Page>>endobj\n"...)
		return p.update(set{}, "").file
	}, "object 5 is hidden"},

	// universal signature forgery: values that make a program skip what it should check
	{"forgery: no byte range", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.byteRange = func(a, b, c int) string { return "" }
	}), "/ByteRange is not four numbers"},
	{"forgery: byte range null", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.byteRange = func(a, b, c int) string { return "/ByteRange null" }
	}), "/ByteRange is not four numbers"},
	{"forgery: byte range below zero", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.byteRange = func(a, b, c int) string { return fmt.Sprintf("/ByteRange[0 %d -%d %d]", a, b, c) }
	}), "/ByteRange is not four numbers"},
	{"forgery: byte range of two", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.byteRange = func(a, b, c int) string { return fmt.Sprintf("/ByteRange[0 %d]", a) }
	}), "/ByteRange is not four numbers"},
	{"forgery: byte range indirect", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1, 2))
		n, place := p.next()+2, "[0 .......... .......... ..........]"
		return p.sign("s3", h.signers[3], set{n: strings.ReplaceAll(place, ".", "1")}, func(s *stamp) {
			s.byteRange = func(a, b, c int) string {
				copy(p.file[bytes.LastIndex(p.file, []byte(strings.ReplaceAll(place, ".", "1"))):], fmt.Sprintf("[0 %010d %010d %010d]", a, b, c))
				return fmt.Sprintf("/ByteRange %d 0 R", n)
			}
		}).file
	}, "/ByteRange is not four numbers"},
	{"forgery: byte range with a gap behind", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.byteRange = func(a, b, c int) string { return fmt.Sprintf("/ByteRange[0 %d %d %d]", a, b+10, c-10) }
	}), "leaves out other bytes than its own value"},
	{"forgery: byte range from one", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.byteRange = func(a, b, c int) string { return fmt.Sprintf("/ByteRange[1 %d %d %d]", a-1, b, c) }
	}), "does not begin with the file"},
	{"forgery: byte range with a wide gap", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.byteRange = func(a, b, c int) string { return fmt.Sprintf("/ByteRange[0 %d %d %d]", a-10, b, c) }
	}), "leaves out other bytes than its own value"},
	{"forgery: byte range that ends early", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.byteRange = func(a, b, c int) string { return fmt.Sprintf("/ByteRange[0 %d %d %d]", a, b, c-40) }
	}), "and its revision ends at byte"},
	{"forgery: byte range of an earlier revision", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		old := regexp.MustCompile(`/ByteRange\[[^\]]*\]`).FindAll(h.signed(t, 0, 1, 2), -1)
		s.byteRange = func(a, b, c int) string { return string(old[len(old)-1]) }
	}), "leaves out other bytes than its own value"},
	{"forgery: no value", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.contents = func(v []byte) string { return "<" + strings.Repeat("0", 200) + ">" }
	}), "s3: the signature cannot be read"},
	{"forgery: value of nothing", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.contents = func(v []byte) string { return "<>" }
	}), "it is no DER"},
	{"forgery: value in parentheses", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.contents = func(v []byte) string { return "(" + strings.Repeat("0", 200) + ")" }
	}), "not one string of hexadecimal digits"},
	{"forgery: value with spaces", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.contents = func(v []byte) string { return "<" + strings.Repeat("0 ", 200) + ">" }
	}), "not one string of hexadecimal digits"},
	{"forgery: value in two spellings", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.contents = func(v []byte) string {
			digits := fmt.Sprintf("%x", v)
			if i := strings.IndexAny(digits, "abcdef"); i >= 0 {
				digits = digits[:i] + strings.ToUpper(digits[i:i+1]) + digits[i+1:]
			}
			return "<" + digits + strings.Repeat("0", 2*room-len(digits)) + ">"
		}
	}), "not one string of hexadecimal digits, of one spelling"},
	{"forgery: bytes behind the value", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.contents = func(v []byte) string { return fmt.Sprintf("<%x%s01>", v, strings.Repeat("0", 2*(room-len(v)))) }
	}), "stand bytes that are not zero"},
	{"forgery: of no kind", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.head = strings.Replace(s.head, "/SubFilter/ETSI.CAdES.detached", "", 1)
	}), "ETSI.CAdES.detached is asked for"},
	{"forgery: the kind of before", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.head = strings.Replace(s.head, "ETSI.CAdES.detached", "adbe.pkcs7.detached", 1)
	}), `of the kind "adbe.pkcs7.detached"`},
	{"forgery: no signature at all", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.head = strings.Replace(s.head, "/Type/Sig", "/Type/Font", 1)
	}), "its /Type is not that of a signature"},
	{"forgery: lock left out", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.head = padesHead
	}), "leaves out the lock its field asks for"},
	{"forgery: unknown rules of change", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.head = strings.Replace(s.head, "/FieldMDP", "/Identity", 1)
	}), "rules of change that are not known"},

	// certification attacks (Rohlmann et al. 2021)
	{"evil annotation", after(func(p *pen) set {
		return set{p.page(1): p.change(p.page(1), "/Annots[", "/Annots["+overlay+" "), p.next(): "<<>>"}
	}), "an annotation was laid over page 1"},
	{"evil annotation as an object", after(func(p *pen) set {
		n := p.next()
		return set{p.page(1): p.change(p.page(1), "/Annots[", fmt.Sprintf("/Annots[%d 0 R ", n)), n: overlay}
	}), "an annotation was laid over page 1"},
	{"evil annotation: the link grows", after(func(p *pen) set {
		n := p.like("/Subtype/Link")
		return set{n: regexp.MustCompile(`/Rect\[[^\]]*\]`).ReplaceAllString(p.object(n), "/Rect[0 0 500 700]")}
	}), "an annotation of page 1 was changed"},
	{"evil annotation taken away", after(func(p *pen) set {
		return set{p.page(1): regexp.MustCompile(`/Annots\[[^\]]*\]`).ReplaceAllString(p.object(p.page(1)), "")}
	}), "an annotation of page 1 was taken away"},
	{"sneaky signature", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		v := p.next()
		return p.seal(v, stamp{head: padesHead, sign: by(t, h.signers[2])}, set{
			1: p.change(1, "/Fields[", fmt.Sprintf("/Fields[%d 0 R ", v+1)), p.page(1): p.change(p.page(1), "/Annots[", fmt.Sprintf("/Annots[%d 0 R ", v+1)),
			v + 1: fmt.Sprintf("<</Type/Annot/Subtype/Widget/FT/Sig/T(s9)/Rect[0 0 500 700]/F 132/V %d 0 R/AP<</N %d 0 R>>>>", v, v+2), v + 2: stream(look, "0 0 100 20 re f"),
		}).file
	}, "a field was added: s9"},
	{"sneaky signature: the field grows", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		v := p.next()
		n, body := p.fill("s2", v, v+1)
		return p.sign("s2", h.signers[2], set{n: regexp.MustCompile(`/Rect\[[^\]]*\]`).ReplaceAllString(body, "/Rect[0 0 500 700]")}, nil).file
	}, "field s2 was moved or made larger"},
	{"sneaky signature: without lock", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		v := p.next()
		n, body := p.fill("s2", v, v+1)
		return p.sign("s2", h.signers[2], set{n: regexp.MustCompile(`/Lock<<.*?>>`).ReplaceAllString(body, "")}, nil).file
	}, "the entry /Lock of field s2 was changed"},
	{"sneaky signature: on another page", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		v := p.next()
		n, body := p.fill("s2", v, v+1)
		return p.sign("s2", h.signers[2], set{n: regexp.MustCompile(`/P \d+ 0 R`).ReplaceAllString(body, fmt.Sprintf("/P %d 0 R", p.page(1)))}, nil).file
	}, "the entry /P of field s2 was changed"},
	{"sneaky signature: an appearance of another's", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		v := p.next()
		n, body := p.fill("s2", v, p.entry(p.field("s1"), "AP"))
		return p.sign("s2", h.signers[2], set{n: body}, nil).file
	}, "field s2 was given an appearance of a kind that is not allowed"},
	{"sneaky signature: an appearance that changes under the pointer", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		v := p.next()
		n, body := p.fill("s2", v, v+1)
		return p.sign("s2", h.signers[2], set{n: strings.Replace(body, "/AP<<", fmt.Sprintf("/AP<</R %d 0 R", v+1), 1)}, nil).file
	}, "field s2 was given an appearance of a kind that is not allowed"},
	{"sneaky signature: an appearance that is a picture", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.sign("s2", h.signers[2], set{p.next() + 1: stream("/Subtype/Image/BBox[0 0 9 9]", "")}, nil).file
	}, "field s2 was given an appearance of a kind that is not allowed"},
	{"sneaky signature: an appearance of a layer", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.sign("s2", h.signers[2], set{p.next() + 1: stream(look+"/OC<<>>", "")}, nil).file
	}, "field s2 was given an appearance of a kind that is not allowed"},
	{"sneaky signature: what stood in the field is gone", func(t testing.TB, h *house) []byte {
		p := write(t, statute(t).Bytes)
		p.other(set{p.entry(p.field("s2"), "AP"): stream(look, "BT (subject to ratification) Tj ET")})
		return p.sign("s1", h.signers[1], nil, nil).sign("s2", h.signers[2], nil, nil).file
	}, "the appearance of field s2 was replaced"},
	{"sneaky signature: in two places", func(t testing.TB, h *house) []byte {
		p := write(t, statute(t).Bytes)
		p.update(set{p.page(1): p.change(p.page(1), "/Annots[", fmt.Sprintf("/Annots[%d 0 R ", p.field("s2")))}, "")
		p.sign("s1", h.signers[1], nil, nil)
		return p.sign("s2", h.signers[2], nil, nil).file
	}, "field s2 stands in several places"},
	{"certified: more than it allows", func(t testing.TB, h *house) []byte {
		return certified(t, h, 1).sign("s1", h.signers[1], nil, nil).file
	}, "the signature of s0 allows no change"},
	{"certified twice", func(t testing.TB, h *house) []byte {
		p := certified(t, h, 2)
		return p.sign("s1", h.signers[1], nil, func(s *stamp) { s.head = certifying(2) }).file
	}, "certifies the document a second time"},
	{"certified behind another", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 1))
		return p.sign("s0", h.signers[0], set{1: p.permitted(p.next())}, func(s *stamp) { s.head = certifying(2) }).file
	}, "certifies the document behind other signatures"},
	{"certified without saying so", func(t testing.TB, h *house) []byte {
		p := write(t, statute(t).Bytes)
		return p.sign("s0", h.signers[0], nil, func(s *stamp) { s.head = certifying(2) }).file
	}, "is not named in the document's permissions"},
	{"permissions widened", after(func(p *pen) set { return set{1: regexp.MustCompile(`/Perms<<.*?>>`).ReplaceAllString(p.object(1), "")} }), "the permissions of the document were changed"},
	{"locked by another", func(t testing.TB, h *house) []byte {
		p := write(t, statute(t).Bytes)
		p.sign("s1", h.signers[1], nil, func(s *stamp) {
			s.head = padesHead + "/Reference[<</TransformMethod/FieldMDP/TransformParams<</Action/Include/Fields[(s1)]/V/1.2>>>><</TransformMethod/FieldMDP/TransformParams<</Action/All/Fields[(s2)]/V/1.2>>>>]"
		})
		return p.sign("s2", h.signers[2], nil, nil).file
	}, "field s2 was changed, which the signature of s1 had locked"},

	// shadow attacks (Mainka et al. 2021)
	{"shadow hide: the picture is taken away", on(imageOver, func(p *pen) set {
		return set{p.like("/Subtype/Form/BBox\\[0 0 100 20"): stream(look, "")}
	}), "the fonts and images of page 1 were changed"},
	{"shadow hide: the object is freed", on(imageOver, func(p *pen) set {
		return set{p.like("/Subtype/Form/BBox\\[0 0 100 20"): ""}
	}), "the fonts and images of page 1 were changed"},
	{"shadow replace: the font", after(func(p *pen) set {
		n := p.like("/Type/Font/")
		return set{n: p.change(n, "/Type/Font", "/Name/A/Type/Font")}
	}), "the fonts and images of page 1 were changed"},
	{"shadow replace: the value of a field", on(note, func(p *pen) set {
		return set{p.field("note"): p.change(p.field("note"), "/V(hundred)", "/V(ninety)")}
	}), "field note was filled in"},
	{"shadow replace: what a field shows", on(note, func(p *pen) set {
		return set{p.entry(p.field("note"), "AP"): stream(look, "BT (ninety) Tj ET")}
	}), "the appearance of field note was replaced"},
	{"hide and replace: the other document was there", func(t testing.TB, h *house) []byte {
		p := write(t, statute(t).Bytes)
		n := p.next()
		p.update(set{n: "<</Type/Catalog/Pages " + strconv.Itoa(n+1) + " 0 R>>", n + 1: fmt.Sprintf("<</Type/Pages/Count 1/Kids[%d 0 R]>>", n+2), n + 2: fmt.Sprintf("<</Type/Page/Parent %d 0 R/MediaBox[0 0 9 9]>>", n+1)}, "")
		p.sign("s1", h.signers[1], nil, nil)
		return p.update(set{}, strings.Replace(p.trailer(), "/Root 1 0 R", fmt.Sprintf("/Root %d 0 R", n), 1)).file
	}, "the catalog was swapped"},
	{"hide and replace: a place kept open", on(func(p *pen) set {
		return set{p.page(1): p.change(p.page(1), "/Resources<<", "/Resources<</XObject<</X 900 0 R>>")}
	}, func(p *pen) set { return set{900: stream(look, "0 0 9 9 re f")} }), "object 900 was added, which the document had named before it was there"},
	{"hide and replace: an object between objects", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		p.file = append(p.file, "5 0 obj\n<</Type/Page>>\nendobj\n"...)
		return p.update(set{}, "").file
	}, "an object 5 is hidden between bytes"},
	{"an object for later", after(func(p *pen) set { return set{p.next(): "<</Type/Page>>"} }), "was added, which nothing uses"},

	// what hangs together is exchanged
	{"page tree swap", after(func(p *pen) set {
		n := p.next()
		return set{1: p.change(1, "/Pages 2 0 R", fmt.Sprintf("/Pages %d 0 R", n)), n: p.object(2)}
	}), "the page tree was swapped"},
	{"page tree: another order", after(func(p *pen) set {
		return set{2: fmt.Sprintf("<</Type/Pages/Count 2/Kids[%d 0 R %d 0 R]>>", p.page(2), p.page(1))}
	}), "the pages were put in another order"},
	{"page tree: a page more", after(func(p *pen) set {
		n := p.next()
		return set{2: fmt.Sprintf("<</Type/Pages/Count 3/Kids[%d 0 R %d 0 R %d 0 R]>>", p.page(1), p.page(2), n), n: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"}
	}), "a page was added: 2 pages became 3"},
	{"page tree: a page less", after(func(p *pen) set { return set{2: fmt.Sprintf("<</Type/Pages/Count 1/Kids[%d 0 R]>>", p.page(2))} }), "a page was taken away: 2 pages became 1"},
	{"page tree: another page", after(func(p *pen) set {
		n := p.next()
		return set{2: fmt.Sprintf("<</Type/Pages/Count 2/Kids[%d 0 R %d 0 R]>>", n, p.page(2)), n: p.object(p.page(1))}
	}), "page 1 was replaced by another"},
	{"page cut", after(func(p *pen) set {
		return set{p.page(1): p.change(p.page(1), "/Type/Page", "/Type/Page/CropBox[0 0 9 9]")}
	}), "the entry /CropBox of page 1 was changed"},
	{"catalog swap", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		n := p.next()
		return p.update(set{n: p.object(1)}, strings.Replace(p.trailer(), "/Root 1 0 R", fmt.Sprintf("/Root %d 0 R", n), 1)).file
	}, "the catalog was swapped"},
	{"an action", after(func(p *pen) set {
		return set{1: p.change(1, "/Type/Catalog", "/Type/Catalog/OpenAction<</S/JavaScript/JS(1)>>")}
	}), "the document's entry /OpenAction was changed"},
	{"layers", after(func(p *pen) set { return set{1: p.change(1, "/Type/Catalog", "/Type/Catalog/OCProperties<</D<<>>>>")} }), "the document's entry /OCProperties was changed"},
	{"the embedded source", after(func(p *pen) set {
		n := p.like("/Type/EmbeddedFile")
		return set{n: stream("/Type/EmbeddedFile", "<t/>")}
	}), "an embedded file was changed"},
	{"what is read out", after(func(p *pen) set {
		n := p.like("/Type/StructElem/S/H1")
		return set{n: p.change(n, "/S/H1", "/ActualText(no)/S/H1")}
	}), "the structure of the text, as it is read out, was changed"},
	{"metadata", after(func(p *pen) set { return set{5: stream("/Type/Metadata/Subtype/XML", "<x/>")} }), "the metadata of the document were changed"},
	{"identifier", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.update(set{}, regexp.MustCompile(`/ID\[.*?\]`).ReplaceAllString(p.trailer(), "/ID[<00><00>]")).file
	}, "the identifier of the document was changed"},

	{"bookmarks", after(func(p *pen) set { n := p.entry(1, "Outlines"); return set{n: p.change(n, "/Type/Outlines", "")} }), "the bookmarks were changed"},
	{"colours", after(func(p *pen) set { return set{6: stream("/N 3", "")} }), "the colours of the document were changed"},
	{"an object nothing used", on(func(p *pen) set { return set{p.next(): "<</A 1>>"} }, func(p *pen) set { return set{p.like("/A 1"): "<</A 2>>"} }), "was changed"},
	{"an object nothing used is freed", on(func(p *pen) set { return set{p.next(): "<</A 1>>"} }, func(p *pen) set { return set{p.like("/A 1"): ""} }), "was taken away"},
	{"many objects", after(func(p *pen) set {
		s := set{}
		for i := range 100 {
			s[p.next()+i] = "<<>>"
		}
		return s
	}), "36 more changes"},

	// fields
	{"field swap: a value that was there", after(func(p *pen) set {
		n, body := p.fill("s3", 7, p.entry(p.field("s3"), "AP"))
		return set{n: body}
	}), "field s3 was given a value that was in the file before"},
	{"field swap: names", after(func(p *pen) set {
		return set{p.field("s1"): p.change(p.field("s1"), "/T(s1)", "/T(s2)"), p.field("s2"): p.change(p.field("s2"), "/T(s2)", "/T(s1)")}
	}), "field s1 was renamed s2"},
	{"field swap: values", after(func(p *pen) set {
		one, two := p.entry(p.field("s1"), "V"), p.entry(p.field("s2"), "V")
		return set{p.field("s1"): p.change(p.field("s1"), fmt.Sprintf("/V %d ", one), fmt.Sprintf("/V %d ", two)), p.field("s2"): p.change(p.field("s2"), fmt.Sprintf("/V %d ", two), fmt.Sprintf("/V %d ", one))}
	}), "the signature of field s1 was replaced"},
	{"field swap: the value of another", after(func(p *pen) set {
		n, body := p.fill("s3", p.entry(p.field("s1"), "V"), p.entry(p.field("s1"), "AP"))
		return set{n: body}
	}), "field s3 was given the value of s1"},
	{"field swap: order", after(func(p *pen) set {
		return set{1: regexp.MustCompile(`/Fields\[ ?(\d+ 0 R) (\d+ 0 R)`).ReplaceAllString(p.object(1), "/Fields[$2 $1")}
	}), "the form's entry /Fields was changed"},
	{"field taken away", after(func(p *pen) set {
		return set{1: regexp.MustCompile(`/Fields\[ ?(\d+ 0 R) `).ReplaceAllString(p.object(1), "/Fields[")}
	}), "field s0 was taken away"},
	{"form swap", after(func(p *pen) set {
		n := p.next()
		return set{1: regexp.MustCompile(`/AcroForm<<`).ReplaceAllString(p.object(1), fmt.Sprintf("/AcroForm %d 0 R/Was<<", n)), n: "<</Fields[]>>"}
	}), "the form was swapped"},
	{"filling a form", on(note, func(p *pen) set {
		return set{p.field("note"): p.change(p.field("note"), "/V(hundred)", "/V(900)")}
	}), "field note was filled in"},
	{"stripped signature", after(func(p *pen) set {
		return set{p.field("s1"): regexp.MustCompile(`/V \d+ 0 R`).ReplaceAllString(p.object(p.field("s1")), "")}
	}), "the signature of field s1 was taken away"},
	{"stripped signature: freed", after(func(p *pen) set { return set{p.entry(p.field("s1"), "V"): ""} }), "the signature of field s1 was changed"},
	{"stripped signature: the field freed", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.update(set{p.field("s1"): ""}, "").file
	}, "the form: field 2 of the tree is none"},
	{"stripped of all", func(t testing.TB, h *house) []byte { return statute(t).Bytes }, "nothing is signed"},
	{"appearance of a signed field", after(func(p *pen) set {
		return set{p.entry(p.field("s1"), "AP"): stream(look, "BT (Another minister) Tj ET")}
	}), "the appearance of field s1 was replaced"},

	// the signature itself
	{"substituted certificate", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		other := certify(t, "Another", h.signers[3].key, h.authorities[3], nil)
		s.sign = func(b []byte) []byte {
			return form{with: []*x509.Certificate{other}, naming: h.signers[3].chain[0]}.cms(t, h.signers[3], b)
		}
	}), "the certificate was exchanged"},
	{"substituted document", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.sign = func(b []byte) []byte { return form{}.cms(t, h.signers[3], []byte("another")) }
	}), "the document is not the one that was signed"},
	{"substituted key", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.sign = by(t, signer{newKey(t), h.signers[3].chain})
	}), "not by the key of its certificate"},
	{"signature of another copied", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.sign = func(b []byte) []byte {
			sum := sha256.Sum256([]byte("what s2 signed"))
			v, err := cms.Sign(h.signers[3].key, h.signers[3].chain, sum)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}), "the document is not the one that was signed"},
	{"no signing-certificate-v2", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.sign = func(b []byte) []byte { return form{nameNot: true}.cms(t, h.signers[3], b) }
	}), "it lacks signing-certificate-v2"},
	{"SHA-1", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.sign = func(b []byte) []byte { return form{digest: crypto.SHA1}.cms(t, h.signers[3], b) }
	}), "SHA-256, SHA-384 or SHA-512 is asked for"},
	{"RSA of 1024 bits", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		key, err := rsa.GenerateKey(rand.Reader, 1024)
		if err != nil {
			t.Fatal(err)
		}
		s.sign = by(t, signer{key, []*x509.Certificate{certify(t, "Short", key, h.authorities[3], nil)}})
	}), "1024 bits"},
	{"a key to keep us busy", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		long := &rsa.PublicKey{N: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 9000), big.NewInt(1)), E: 65537}
		c := certify(t, "Long", public{long}, h.authorities[3], nil)
		s.sign = func(b []byte) []byte {
			return form{with: []*x509.Certificate{c}}.cms(t, signer{h.signers[3].key, []*x509.Certificate{c}}, b)
		}
	}), "its key has more than 8192 bits"},
	{"wrong authority", with(func(t testing.TB, h *house, p *pen, s *stamp) { s.sign = by(t, h.signers[1]) }), "under the authority of Vindara: the field is of Ostelle"},
	{"unknown authority", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		s.sign = by(t, newAuthority(t, "Nobody").signer(t, "Signer of Ostelle"))
	}), "does not come from the authority of Ostelle"},
	{"a certificate out of time", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		key := newKey(t)
		s.sign = by(t, signer{key, []*x509.Certificate{certify(t, "Old", key, h.authorities[3], func(c *x509.Certificate) { c.NotAfter = now.AddDate(0, -1, 0) })}})
	}), "its certificate was not valid at 2027-10-14T12:00:00Z"},
	{"a certificate for something else", with(func(t testing.TB, h *house, p *pen, s *stamp) {
		key := newKey(t)
		s.sign = by(t, signer{key, []*x509.Certificate{certify(t, "Server", key, h.authorities[3], func(c *x509.Certificate) {
			c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageKeyEncipherment, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		})}})
	}), "its certificate is not one for signing"},
	{"two at once", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		v := p.next()
		n, body := p.fill("s3", v+5, v+6)
		return p.sign("s2", h.signers[2], set{n: body, v + 5: "<<" + locked("s3") + "/ByteRange[0 9 19 30]/Contents<00>>>", v + 6: stream(look, "")}, nil).file
	}, "none can cover the others"},
	{"a signature in an object stream", func(t testing.TB, h *house) []byte {
		p := packed(t)
		p.close(13, p.pack(12, 4, packedField+"/V 10 0 R/AP<</N 11 0 R>>>>", 10, "<<"+padesHead+"/ByteRange[0 1 2 3]/Contents<00>>>", 11, "null"), "")
		return p.file
	}, "it stands in an object stream"},
	{"a signature no field has", after(func(p *pen) set { return set{p.next(): "<</Type/Sig/Contents<00>/ByteRange[0 1 2 3]>>"} }), "is a signature no field has"},

	// timestamps and validation data that are none
	{"document timestamp of nobody", func(t testing.TB, h *house) []byte {
		key := newKey(t)
		return write(t, h.signed(t, 0, 1)).timestamp(signer{key, []*x509.Certificate{certify(t, "Clock", key, newAuthority(t, "Nobody"), stamps)}}, "[0 0 0 0]", nil).file
	}, "of an authority nobody named"},
	{"document timestamp of a party", func(t testing.TB, h *house) []byte {
		return write(t, h.signed(t, 0, 1)).timestamp(h.signers[2], "[0 0 0 0]", nil).file
	}, "not one for timestamps alone"},
	{"document timestamp with an area", func(t testing.TB, h *house) []byte {
		return write(t, h.signed(t, 0, 1)).timestamp(h.clock, "[0 0 500 700]", nil).file
	}, "a field was added: t1"},
	{"document timestamp of another document", func(t testing.TB, h *house) []byte {
		return write(t, h.signed(t, 0, 1)).timestamp(h.clock, "[0 0 0 0]", []byte("another")).file
	}, "it is of another document"},
	{"document timestamp and a field", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1)).timestamp(h.clock, "[0 0 0 0]", nil)
		return p.update(set{p.next(): "<</FT/Tx/T(x)>>", 1: p.change(1, "/Fields[", fmt.Sprintf("/Fields[%d 0 R ", p.next()))}, "").file
	}, "a field was added: x"},
	{"validation data that are something else", after(func(p *pen) set {
		return set{1: p.change(1, "/Type/Catalog", fmt.Sprintf("/Type/Catalog/DSS<</Certs[%d 0 R]>>", p.next())), p.next(): "<</Type/Page>>"}
	}), "validation data of a kind that is not allowed"},
	{"validation data with more", after(func(p *pen) set { return set{1: p.change(1, "/Type/Catalog", "/Type/Catalog/DSS<</OpenAction<<>>>>")} }), "validation data of a kind that is not allowed"},
	{"validation data taken away", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		n := p.next()
		p.update(set{1: p.store(fmt.Sprintf("<</Certs[%d 0 R %d 0 R]>>", n, n+1)), n: stream("", "a"), n + 1: stream("", "b")}, "")
		return p.other(set{1: p.change(1, fmt.Sprintf("%d 0 R %d 0 R", n, n+1), fmt.Sprintf("%d 0 R", n))}).file
	}, "validation data of a kind that is not allowed"},
	{"validation data: a list taken away", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		n := p.next()
		p.update(set{1: p.store(fmt.Sprintf("<</Certs[%d 0 R]/CRLs[]>>", n)), n: stream("", "a")}, "")
		return p.other(set{1: p.change(1, "/CRLs[]", "")}).file
	}, "validation data of a kind that is not allowed"},
	{"validation data: a picture", after(func(p *pen) set {
		return set{1: p.store(fmt.Sprintf("<</Certs[%d 0 R]>>", p.next())), p.next(): stream("/Subtype/Image", "")}
	}), "validation data of a kind that is not allowed"},
	{"document timestamp on a list of two pages", func(t testing.TB, h *house) []byte {
		p := write(t, statute(t).Bytes)
		n := p.next()
		annotations := regexp.MustCompile(`/Annots(\[.*?\])`)
		list := annotations.FindStringSubmatch(p.object(p.page(2)))[1]
		p.other(set{n: list, p.page(1): annotations.ReplaceAllString(p.object(p.page(1)), fmt.Sprintf("/Annots %d 0 R", n)), p.page(2): annotations.ReplaceAllString(p.object(p.page(2)), fmt.Sprintf("/Annots %d 0 R", n))})
		p.sign("s1", h.signers[1], nil, nil)
		return p.timestampOn(h.told(t), "[0 0 0 0]", set{n: strings.Replace(p.object(n), "]", fmt.Sprintf(" %d 0 R]", p.next()+1), 1)}).file
	}, "a field was added: t1"},
	{"document timestamp, and the form", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.timestampOn(h.told(t), "[0 0 0 0]", set{1: p.change(1, "/SigFlags 3", "/SigFlags 1")}).file
	}, "a field was added: t1"},
	{"document timestamp, and the page turned", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.timestampOn(h.told(t), "[0 0 0 0]", set{p.page(2): regexp.MustCompile(`/Annots\[([^\]]*)\]`).ReplaceAllString(p.object(p.page(2)), fmt.Sprintf("/Rotate 90/Annots[$1 %d 0 R]", p.next()+1))}).file
	}, "the entry /Rotate of page 2 was changed"},
	{"document timestamp in the place of all annotations", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.timestampOn(h.told(t), "[0 0 0 0]", set{p.page(2): regexp.MustCompile(`/Annots\[([^\]]*)\]`).ReplaceAllString(p.object(p.page(2)), fmt.Sprintf("/Annots[%d 0 R]", p.next()+1))}).file
	}, "an annotation of page 2 was taken away"},
	{"document timestamp of a clock for everything", mistold(func(t testing.TB, h *house, b []byte) []byte {
		key := newKey(t)
		c := certify(t, "Clock", key, h.observatory, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping, x509.ExtKeyUsageServerAuth}
		})
		return token(t, signer{key, []*x509.Certificate{c}}, b, now)
	}), "not one for timestamps alone"},
	{"document timestamp of a clock that does not insist", mistold(func(t testing.TB, h *house, b []byte) []byte {
		key := newKey(t)
		c := certify(t, "Clock", key, h.observatory, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping} })
		return token(t, signer{key, []*x509.Certificate{c}}, b, now)
	}), "not one for timestamps alone"},
	{"document timestamp that does not name its clock", mistold(func(t testing.TB, h *house, b []byte) []byte {
		return form{kind: oidTST, nameNot: true}.cms(t, h.clock, stampInfo(t, b, now))
	}), "it lacks signing-certificate-v2"},
	{"document timestamp that names another clock", mistold(func(t testing.TB, h *house, b []byte) []byte {
		return form{kind: oidTST, naming: h.signers[1].chain[0]}.cms(t, h.clock, stampInfo(t, b, now))
	}), "its signing-certificate-v2 names another certificate"},
	{"document timestamp set back", mistold(func(t testing.TB, h *house, b []byte) []byte {
		return bytes.Replace(token(t, h.clock, b, now), []byte("20271014120000Z"), []byte("20271013120000Z"), 1)
	}), "its attributes are of another content"},
	{"document timestamp by another key", mistold(func(t testing.TB, h *house, b []byte) []byte {
		return token(t, signer{newKey(t), h.clock.chain}, b, now)
	}), "it is not signed by its certificate"},
	{"document timestamp that is a signature", mistold(func(t testing.TB, h *house, b []byte) []byte {
		return form{}.cms(t, h.clock, b)
	}), "its timestamp: it cannot be read"},
	{"document timestamp in the place of a field", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.timestampOn(h.told(t), "[0 0 0 0]", set{1: regexp.MustCompile(`/Fields\[ ?\d+ 0 R`).ReplaceAllString(p.object(1), "/Fields[")}).file
	}, "field s0 was taken away"},
	{"document timestamp with an appearance", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.timestampOn(h.told(t), "[0 0 0 0]", set{p.next() + 1: fmt.Sprintf("<</Subtype/Widget/FT/Sig/T(t1)/Rect[0 0 0 0]/V %d 0 R/AP<</N %d 0 R>>>>", p.next(), p.next()+2), p.next() + 2: stream(look, "")}).file
	}, "a field was added: t1"},
	{"validation data that are also the text", on(func(p *pen) set {
		n, content := p.next(), p.entry(p.page(1), "Contents")
		return set{1: p.change(1, "/Type/Catalog", fmt.Sprintf("/Type/Catalog/DSS<</Certs %d 0 R>>", n)), n: fmt.Sprintf("[%d 0 R]", content),
			p.page(1): p.change(p.page(1), fmt.Sprintf("/Contents %d 0 R", content), fmt.Sprintf("/Contents %d 0 R", n))}
	}, func(p *pen) set {
		n, text := p.next(), p.entry(p.page(1), "Contents")
		return set{text: strings.Replace(p.object(text), "]", fmt.Sprintf(" %d 0 R]", n), 1), n: stream("", "BT (900) Tj ET")}
	}), "the text of page 1 was replaced"},

	// the file
	{"encrypted", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.update(set{}, p.trailer()+"/Encrypt<</Filter/Standard>>").file
	}, "the file is encrypted"},
	{"hybrid", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.update(set{}, p.trailer()+"/XRefStm 9").file
	}, "the file is a hybrid"},
	{"something behind", func(t testing.TB, h *house) []byte { return append(h.signed(t, 0, 1), "\n%"...) }, "something stands behind it"},
	{"many lines behind", func(t testing.TB, h *house) []byte { return append(h.signed(t, 0, 1), "\n\n\n\n\n\n"...) }, "bytes stand behind the end"},
	{"something before", func(t testing.TB, h *house) []byte { return append([]byte("\n"), h.signed(t, 0, 1)...) }, "it is no PDF"},
	{"cut", func(t testing.TB, h *house) []byte { b := h.signed(t, 0, 1); return b[:len(b)-30] }, "it was cut"},
	{"cut to another's end", func(t testing.TB, h *house) []byte {
		b := h.signed(t, 0, 1)
		return append(b[:len(b)-40], b[bytes.LastIndex(b, []byte("startxref")):]...)
	}, "cross-reference"},
	{"an object twice", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		at := len(p.file)
		p.update(set{}, "")
		return bytes.Replace(p.file, []byte("xref\ntrailer"), fmt.Appendf(nil, "xref\n0 1\n0000000000 65535 f \n0 1\n%010d 65535 f \ntrailer", at), 1)
	}, "object 0 is named twice"},
	{"a stream of another length", after(func(p *pen) set {
		return set{p.entry(p.page(1), "Contents"): "<</Length 3>>\nstream\nBT (900) Tj ET\nendstream"}
	}), "endstream was expected"},
	{"an object within another", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		n := p.next()
		p.update(set{n: stream("", fmt.Sprintf("\n%d 0 obj\n<</A 1>>\nendobj", n+1)), n + 1: "<<>>"}, "")
		inner, outer := bytes.LastIndex(p.file, []byte("<</A 1>>"))-len(fmt.Sprintf("%d 0 obj\n", n+1)), bytes.LastIndex(p.file, fmt.Appendf(nil, "\n%d 0 obj\n<<>>", n+1))+1
		return bytes.Replace(p.file, fmt.Appendf(nil, "%010d 00000 n", outer), fmt.Appendf(nil, "%010d 00000 n", inner), 1)
	}, "two objects share the bytes"},
	{"an end that names another", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		before := p.start()
		p.update(set{2: p.object(2)}, "")
		start := p.start()
		p.update(set{2: p.object(2)}, "")
		return bytes.Replace(p.file, []byte("startxref\n"+start), []byte("startxref\n"+before), 1)
	}, "startxref does not name the cross-reference before it"},
	{"a form of another kind", func(t testing.TB, h *house) []byte {
		p := write(t, h.signed(t, 0, 1))
		return p.update(set{1: p.change(1, "/SigFlags", "/XFA()/SigFlags")}, "").file
	}, "the form is one of XFA"},
	{"two fields of one name", func(t testing.TB, h *house) []byte {
		p := write(t, statute(t).Bytes)
		return p.update(set{p.field("s2"): p.change(p.field("s2"), "/T(s2)", "/T(s1)")}, "").file
	}, `two fields are called "s1"`},
	{"a key twice", after(func(p *pen) set {
		return set{p.page(1): p.change(p.page(1), "/Type/Page", "/Contents 1 0 R/Type/Page")}
	}), "a dictionary says /Contents twice"},
	{"a stream elsewhere", after(func(p *pen) set { return set{p.entry(p.page(1), "Contents"): stream("/F(other.txt)", "")} }), "a stream lies in another file"},
}

// A public key alone is enough for an authority to certify it.
type public struct{ key *rsa.PublicKey }

func (p public) Public() crypto.PublicKey { return p.key }

func (p public) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("there is no private key")
}

// certifying is what a certifying signature says.
func certifying(permission int) string {
	return fmt.Sprintf("%s/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P %d/V/1.2>>>>]", padesHead, permission)
}

// permitted is the catalog that names a certifying signature.
func (p *pen) permitted(value int) string {
	return p.change(1, "/Type/Catalog", fmt.Sprintf("/Type/Catalog/Perms<</DocMDP %d 0 R>>", value))
}

func certified(t testing.TB, h *house, permission int) *pen {
	p := write(t, statute(t).Bytes)
	return p.sign("s0", h.signers[0], set{1: p.permitted(p.next())}, func(s *stamp) { s.head = certifying(permission) })
}

// timestamp adds a document timestamp to the statute; of is what it is of, nil the document.
func (p *pen) timestamp(clock signer, rect string, of []byte) *pen {
	return p.timestampBy(func(signed []byte) []byte {
		if of != nil {
			signed = of
		}
		return token(p.t, clock, signed, now)
	}, rect)
}

// timestampBy adds one that is made otherwise.
func (p *pen) timestampBy(sign func([]byte) []byte, rect string) *pen {
	page := regexp.MustCompile(`/Annots\[([^\]]*)\]`).ReplaceAllString(p.object(p.page(2)), fmt.Sprintf("/Annots[$1 %d 0 R]", p.next()+1))
	return p.timestampOn(sign, rect, set{p.page(2): page})
}

// timestampOn adds one with other objects of a test's own; the form gains the field in any case.
func (p *pen) timestampOn(sign func([]byte) []byte, rect string, more set) *pen {
	v := p.next()
	objects := set{1: p.object(1), v + 1: fmt.Sprintf("<</Type/Annot/Subtype/Widget/FT/Sig/T(t1)/F 132/Rect%s/P %d 0 R/V %d 0 R>>", rect, p.page(2), v)}
	maps.Copy(objects, more)
	objects[1] = regexp.MustCompile(`/Fields\[([^\]]*)\]`).ReplaceAllString(objects[1], fmt.Sprintf("/Fields[$1 %d 0 R]", v+1))
	return p.seal(v, stamp{head: "/Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161", sign: sign}, objects)
}

// told is a timestamp of the observatory, as it should be.
func (h *house) told(t testing.TB) func([]byte) []byte {
	return func(signed []byte) []byte { return token(t, h.clock, signed, now) }
}

// mistold makes a trick of a document timestamp whose token is made in another way.
func mistold(make func(t testing.TB, h *house, signed []byte) []byte) func(testing.TB, *house) []byte {
	return func(t testing.TB, h *house) []byte {
		return write(t, h.signed(t, 0, 1)).timestampBy(func(b []byte) []byte { return make(t, h, b) }, "[0 0 0 0]").file
	}
}

// wrapped moves what was signed behind the value into a stream of its own, brings other objects between, and a copy of the
// signature that says where it went: what it digests is what was signed.
func wrapped(t testing.TB, h *house) []byte {
	p := write(t, h.signed(t, 1))
	m := regexp.MustCompile(`/ByteRange\[0 0*(\d+) 0*(\d+) 0*(\d+)\]`).FindSubmatch(p.file)
	a, _ := strconv.Atoi(string(m[1]))
	b, _ := strconv.Atoi(string(m[2]))
	c, _ := strconv.Atoi(string(m[3]))
	v, n := p.entry(p.field("s1"), "V"), p.next()
	signature, _, _ := strings.Cut(p.object(v), "/ByteRange")
	old := slices.Concat(p.file[:a], p.file[b:b+c])
	moved := string(p.file[b : b+c])
	p.update(set{v: fmt.Sprintf("%s/ByteRange[0 %d %010d %d]/Contents%s>>", signature, a, 0, c, p.file[a:b]), n: stream("", moved), p.entry(p.page(1), "Contents"): stream("", "BT (900) Tj ET")}, "")
	at := bytes.LastIndex(p.file, []byte(moved))
	p.file = bytes.Replace(p.file, fmt.Appendf(nil, "[0 %d %010d %d]", a, 0, c), fmt.Appendf(nil, "[0 %d %010d %d]", a, at, c), 1)
	if !bytes.Equal(old, slices.Concat(p.file[:a], p.file[at:at+c])) {
		t.Fatal("what is wrapped is not what was signed")
	}
	return p.file
}

func TestEveryTrickIsNamed(t *testing.T) {
	h := newHouse(t)
	if len(tricks) < 110 {
		t.Fatalf("%d tricks", len(tricks))
	}
	names := map[string]bool{}
	for _, tr := range tricks {
		file := tr.make(t, h)
		r, err := examine.Examine(file, h.roots, now)
		if err == nil {
			err = r.Err()
		}
		if err == nil || !strings.Contains(err.Error(), tr.want) {
			t.Errorf("%s: %v, want %q", tr.name, err, tr.want)
		}
		if names[tr.name] {
			t.Errorf("%s stands twice", tr.name)
		}
		names[tr.name] = true
	}
	t.Logf("%d tricks made and named", len(tricks))
}
