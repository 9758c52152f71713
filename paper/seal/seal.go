// Package seal puts the signatures of many states on one paper. Each is a revision appended to the file: the file after a
// signature is the beginning of every later one, and each signature covers all of the file up to its own end
// (ISO 32000-1, 12.8; ETSI EN 319 142-1).
//
//	p := seal.New(form)                                     // as pdf.SetForm made it
//	prepared, err := p.Prepare("s1", appearance, seal.Approves)
//	cms, err := cms.Sign(key, chain, prepared.Digest())     // wherever the key is
//	err = p.Embed(prepared, cms)
//
// The same form and the same signatures give the same bytes.
package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"

	"kurultai/paper/pdf"
)

// ContentsSize is how many bytes are kept free for each signature: certificates and a time stamp go in.
const ContentsSize = 12 << 10

// A Purpose is what a signature does.
type Purpose int

const (
	Approves  Purpose = iota // signs, and locks its own field (FieldMDP)
	Certifies                // the depositary's, before all others: from then on fields are signed, and nothing else changes (DocMDP, P=2)
)

// A Paper is a form and the signatures on it.
type Paper struct {
	form   *pdf.Form
	file   []byte
	sum    hash.Cloner // over file
	table  int         // where the newest cross-reference table begins
	last   int         // the highest number of an object
	signed []string    // fields, in the order in which they were signed
}

// New is a paper that nobody has signed.
func New(form *pdf.Form) *Paper {
	p := &Paper{form: form, file: slices.Clone(form.Bytes), sum: sha256.New().(hash.Cloner), table: form.Table, last: form.Objects}
	p.sum.(hash.Hash).Write(p.file)
	return p
}

// Bytes is the file as it stands. It is not to be changed.
func (p *Paper) Bytes() []byte { return p.file }

// Signed lists the fields that are signed, in the order in which they were.
func (p *Paper) Signed() []string { return slices.Clone(p.signed) }

// Prepared is a paper with one signature more, whose value is missing.
type Prepared struct {
	revision    []byte // what is appended
	from, to    int    // where in it the value goes, with its brackets
	digest      [sha256.Size]byte
	field       string
	after       int // bytes of the paper it was prepared on
	table, last int
}

// Digest is what is to be signed: SHA-256 over the file with the signature, but for its value.
func (p Prepared) Digest() [sha256.Size]byte { return p.digest }

// Field is in which it stands.
func (p Prepared) Field() string { return p.field }

// Prepare makes room for a signature in a field; blocks are how it appears there, in a language. A field is signed once,
// and a certifying signature is the first.
func (p *Paper) Prepare(field, language string, blocks []pdf.Block, purpose Purpose) (Prepared, error) {
	at := slices.IndexFunc(p.form.Fields, func(f pdf.Field) bool { return f.Name == field })
	switch {
	case at < 0:
		return Prepared{}, fmt.Errorf("no field is called %q", field)
	case slices.Contains(p.signed, field):
		return Prepared{}, fmt.Errorf("field %s is signed", field)
	case purpose == Certifies && len(p.signed) > 0:
		return Prepared{}, fmt.Errorf("who certifies signs first: %s has signed", p.signed[0])
	}
	f := p.form.Fields[at]
	appearance, err := pdf.Appearance(language, blocks, f.Width, f.Height, p.last+1)
	if err != nil {
		return Prepared{}, fmt.Errorf("field %s: %w", field, err)
	}
	r := &revision{base: len(p.file), number: p.last + 1}
	value := p.last + 1
	if purpose == Certifies {
		r.object(1, fmt.Sprintf("<<%s/Perms<</DocMDP %d 0 R>>>>", p.form.Catalog, value))
	}
	r.object(f.Object, fmt.Sprintf("<<%s/V %d 0 R/AP<</N %d 0 R>>>>", f.Dict, value, value+1))
	head := "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached" + reference(purpose, field) + "/ByteRange"
	from, to := r.signature(value, head)
	for i, o := range appearance {
		r.object(value+1+i, string(o))
	}
	last := value + len(appearance)
	table := r.end(last, p.table, p.form)
	sum, err := p.sum.Clone()
	if err != nil {
		return Prepared{}, err
	}
	sum.Write(r.out.Bytes()[:from])
	sum.Write(r.out.Bytes()[to:])
	return Prepared{r.out.Bytes(), from, to, [sha256.Size]byte(sum.Sum(nil)), field, len(p.file), table, last}, nil
}

// reference says what a signature permits (12.8.2).
func reference(purpose Purpose, field string) string {
	if purpose == Certifies {
		return "/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P 2/V/1.2>>>>]"
	}
	return "/Reference[<</Type/SigRef/TransformMethod/FieldMDP/TransformParams<</Type/TransformParams/Action/Include/Fields[" + pdf.Literal(field) + "]/V/1.2>>/Data 1 0 R>>]"
}

// Embed puts a signature's value where it was prepared, on the paper it was prepared on.
func (p *Paper) Embed(s Prepared, cms []byte) error {
	switch {
	case s.after != len(p.file) || s.revision == nil:
		return fmt.Errorf("field %s was prepared on another state of the paper: prepare it again", s.field)
	case len(cms) == 0 || len(cms) > ContentsSize:
		return fmt.Errorf("a signature of %d bytes: %d at most", len(cms), ContentsSize)
	}
	revision := bytes.Clone(s.revision)
	hex.Encode(revision[s.from+1:], cms)
	p.file = append(p.file, revision...)
	p.sum.(hash.Hash).Write(revision)
	p.table, p.last, p.signed = s.table, s.last, append(p.signed, s.field)
	return nil
}

// Vacant is the paper with a signature prepared on it whose value is missing: zeros stand in its place. It is what goes to
// where the key is, to be looked at and signed (VacancyIn).
func (p *Paper) Vacant(s Prepared) []byte { return slices.Concat(p.file[:s.after], s.revision) }

// A Vacancy is where in a file the value of its last signature goes.
type Vacancy struct {
	file     []byte
	from, to int // of the value, with its brackets
}

// VacancyIn finds the place for the value of the last signature of a file that Vacant made. A file that ends otherwise, or
// in whose place something stands, is an error.
func VacancyIn(file []byte) (Vacancy, error) {
	const head = "/ByteRange[0 "
	none := errors.New("the file does not end in a signature to be made: it is to be prepared first")
	at := bytes.LastIndex(file, []byte(head))
	if at < 0 || len(file)-at > 1<<20 {
		return Vacancy{}, none
	}
	var from, to, rest int
	if n, err := fmt.Sscanf(string(file[at+len(head):min(len(file), at+len(head)+40)]), "%010d %010d %010d]", &from, &to, &rest); n != 3 || err != nil {
		return Vacancy{}, none
	}
	if from <= at || to != from+2*ContentsSize+2 || rest <= 0 || to+rest != len(file) || file[from] != '<' || file[to-1] != '>' {
		return Vacancy{}, none
	}
	if len(bytes.Trim(file[from+1:to-1], "0")) > 0 {
		return Vacancy{}, errors.New("the last signature of the file is made already")
	}
	return Vacancy{file, from, to}, nil
}

// Signed is what is to be signed: all of the file but the place of the value.
func (v Vacancy) Signed() []byte { return slices.Concat(v.file[:v.from], v.file[v.to:]) }

// Digest is the SHA-256 of what is to be signed.
func (v Vacancy) Digest() [sha256.Size]byte { return sha256.Sum256(v.Signed()) }

// Fill is the file with the value of the signature in its place.
func (v Vacancy) Fill(cms []byte) ([]byte, error) {
	if len(cms) == 0 || len(cms) > ContentsSize {
		return nil, fmt.Errorf("a signature of %d bytes: %d at most", len(cms), ContentsSize)
	}
	file := bytes.Clone(v.file)
	hex.Encode(file[v.from+1:], cms)
	return file, nil
}

// A revision is what is appended to a file.
type revision struct {
	out     bytes.Buffer
	base    int // bytes before it
	number  int
	offsets []offset
}

type offset struct{ object, at int }

func (r *revision) object(n int, body string) {
	r.offsets = append(r.offsets, offset{n, r.base + r.out.Len()})
	fmt.Fprintf(&r.out, "%d 0 obj\n%s\nendobj\n", n, body)
}

// signature writes the dictionary of a signature; its byte range is filled in at the end. from and to are where its value
// stands in the revision.
func (r *revision) signature(n int, head string) (from, to int) {
	r.offsets = append(r.offsets, offset{n, r.base + r.out.Len()})
	fmt.Fprintf(&r.out, "%d 0 obj\n%s[0 %010d %010d %010d]/Contents", n, head, 0, 0, 0)
	from = r.out.Len()
	r.out.WriteByte('<')
	r.out.Write(bytes.Repeat([]byte{'0'}, 2*ContentsSize))
	r.out.WriteByte('>')
	to = r.out.Len()
	r.out.WriteString(">>\nendobj\n")
	return from, to
}

// end writes the cross-reference table, and then the byte range, which is of a fixed length.
func (r *revision) end(last, before int, form *pdf.Form) (table int) {
	table = r.base + r.out.Len()
	slices.SortFunc(r.offsets, func(a, b offset) int { return a.object - b.object })
	r.out.WriteString("xref\n")
	for i := 0; i < len(r.offsets); {
		j := i + 1
		for j < len(r.offsets) && r.offsets[j].object == r.offsets[j-1].object+1 {
			j++
		}
		fmt.Fprintf(&r.out, "%d %d\n", r.offsets[i].object, j-i)
		for _, o := range r.offsets[i:j] {
			fmt.Fprintf(&r.out, "%010d 00000 n \n", o.at)
		}
		i = j
	}
	fmt.Fprintf(&r.out, "trailer\n<</Size %d/Prev %d%s>>\nstartxref\n%d\n%%%%EOF\n", last+1, before, form.Trailer, table)
	b := r.out.Bytes()
	at := bytes.Index(b, []byte("/ByteRange[0 "))
	from := bytes.Index(b, []byte("]/Contents<")) + len("]/Contents")
	to := from + 2*ContentsSize + 2
	copy(b[at:], fmt.Sprintf("/ByteRange[0 %010d %010d %010d]", r.base+from, r.base+to, len(b)-to))
	return table
}
