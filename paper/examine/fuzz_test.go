package examine_test

import (
	"fmt"
	"testing"

	"kurultai/paper/cms"
	"kurultai/paper/examine"
	"kurultai/paper/pdf"
	"kurultai/paper/seal"
)

// Whatever a file holds, it is examined without panic; and what holds still holds when it is examined again.
func FuzzExamine(f *testing.F) {
	h := newHouse(f)
	p := packed(f)
	f.Add(p.file)
	p.sign(h.signers[1])
	f.Add(p.file)
	for _, s := range []string{"", "%PDF-1.7\n", "%PDF-1.7\nstartxref\n9\n%%EOF", "%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1/Root 1 0 R>>\nstartxref\n9\n%%EOF\n",
		"%PDF-1.7\n1 0 obj\n<</Type/Catalog/AcroForm<</Fields[2 0 R]>>>>\nendobj\n2 0 obj\n<</FT/Sig/T(s)/V<</Type/Sig>>>>\nendobj\nxref\n1 2\n0000000009 00000 n \n0000000063 00000 n \ntrailer\n<</Size 3/Root 1 0 R>>\nstartxref\n114\n%%EOF\n"} {
		f.Add([]byte(s))
	}
	small := small(f)
	if r, err := examine.Examine(small.file, h.roots, now); err != nil || r.Err() == nil || r.Err().Error() != "nothing is signed" {
		f.Fatal(err)
	}
	f.Add(small.file)
	short := func(s *stamp) { s.room = 900 }
	f.Add(small.sign("s1", h.signers[1], nil, short).file)
	f.Add(small.sign("s2", h.signers[2], nil, short).update(set{2: small.object(2)}, "").file)
	n := small.next()
	f.Add(small.update(set{1: small.store(fmt.Sprintf(" %d 0 R", n)), n: fmt.Sprintf("<</Certs[%d 0 R]>>", n+1), n + 1: stream("", "c")}, "").file)
	f.Add(small.update(set{3: small.change(3, "/Contents 7 0 R", "/Contents 8 0 R")}, "").file)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := examine.Examine(b, h.roots, now)
		if err != nil {
			return
		}
		if r.Err() == nil && len(r.Signatures) == 0 {
			t.Error("nothing is signed, and nothing is wrong")
		}
		for _, s := range r.Signatures {
			if s.Covers > len(b) || s.Revision < 1 || s.Revision > len(r.Revisions) {
				t.Errorf("%+v", s)
			}
			r.Behind(s)
		}
	})
}

// small is a file of a few bytes with two fields, written as a table.
func small(t testing.TB) *pen {
	p := write(t, []byte("%PDF-1.7\n"))
	objects := set{
		1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[ 5 0 R 6 0 R]>>>>", 2: "<</Type/Pages/Count 2/Kids[3 0 R 4 0 R]>>", 7: stream("", "0 0 m"), 8: stream(look, ""),
		3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 7 0 R>>", 4: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Annots[5 0 R 6 0 R]>>",
	}
	for i, n := range []int{5, 6} {
		objects[n] = fmt.Sprintf("<</Type/Annot/Subtype/Widget/FT/Sig/T(s%d)/F 132/Rect[0 0 9 9]/P 4 0 R/Lock<</Action/Include/Fields[(s%d)]>>/AP<</N 8 0 R>>>>", i+1, i+1)
	}
	return p.update(objects, "/Root 1 0 R")
}

// BenchmarkExamine examines papers of few and many signatures: bytes a second are the same.
func BenchmarkExamine(b *testing.B) {
	h := newHouse(b)
	for _, n := range []int{4, 40, 160} {
		d := pdf.Document{Language: "en", Title: "Statute", Date: now, Blocks: []pdf.Block{pdf.Paragraph{Text: pdf.Text("There is a Service.")}}}
		roots := h.roots[:0:0]
		for i := range n {
			d.Blocks = append(d.Blocks, pdf.Place{Name: fmt.Sprintf("f%d", i), Width: 70 * pdf.Millimetre, Height: 20 * pdf.Millimetre, Sign: "Party"})
			roots = append(roots, examine.Root{Party: fmt.Sprintf("P%d", i), Fields: []string{fmt.Sprintf("f%d", i)}, Certificate: h.authorities[1].certificate})
		}
		form, err := pdf.SetForm(d, pdf.Treaty())
		if err != nil {
			b.Fatal(err)
		}
		p := seal.New(form)
		for i := range n {
			prepared, err := p.Prepare(fmt.Sprintf("f%d", i), "en", []pdf.Block{pdf.Paragraph{Text: pdf.Text("Signed")}}, seal.Approves)
			if err != nil {
				b.Fatal(err)
			}
			v, err := cms.Sign(h.signers[1].key, h.signers[1].chain, prepared.Digest())
			if err != nil {
				b.Fatal(err)
			}
			if err := p.Embed(prepared, v); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(p.Bytes())))
			for b.Loop() {
				if r, err := examine.Examine(p.Bytes(), roots, now); err != nil || r.Err() != nil {
					b.Fatal(err, r.Err())
				}
			}
		})
	}
}
