package examine

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"hash"
	"slices"
	"strings"

	"kurultai/paper/cms"
)

// A signing is a field that received its signature, and what it asks of later changes.
type signing struct {
	field      field
	revision   int
	object     int // the signature; 0 if it is none of its own
	dict       dict
	timestamp  bool // a document timestamp
	certifies  bool
	permission int // of changes (12.8.2.2.2): 1 none, 2 forms and signatures, 3 annotations too; 0 not said
	locks      []lock
	problems   []Finding

	before, behind, end int    // the bytes [0, before) and [behind, end) are signed
	value               []byte // the signature, DER
}

// A lock says which fields a signature closes (12.8.2.4).
type lock struct {
	action name // All, Include, Exclude
	fields map[string]bool
}

// holds reports whether the lock closes a field: one that is named, or stands below one that is.
func (l lock) holds(field string) bool {
	named := l.fields[field]
	for i, c := range field {
		named = named || c == '.' && l.fields[field[:i]]
	}
	return l.action == "All" || named == (l.action == "Include")
}

func (l lock) same(m lock) bool {
	for f := range l.fields {
		if !m.fields[f] {
			return false
		}
	}
	return l.action == m.action && len(l.fields) == len(m.fields)
}

func (s *signing) problem(code string, args ...any) {
	s.problems = append(s.problems, found(code, args...))
}

// signing reads the signature of a field and sees that it covers its revision whole.
func (v view) signing(f field) *signing {
	at, _ := f.dict["V"].(ref)
	s := &signing{field: f, revision: v.k, object: int(at), dict: v.dict(f.dict["V"])}
	s.timestamp = s.dict["SubFilter"] == any(name("ETSI.RFC3161"))
	kind, is := s.dict["Type"]
	switch {
	case s.dict == nil || is && kind != any(name("Sig")) && kind != any(name("DocTimeStamp")) || s.timestamp != (kind == any(name("DocTimeStamp"))):
		s.problem("signature-type")
		return s
	case !s.timestamp && s.dict["SubFilter"] != any(name("ETSI.CAdES.detached")):
		kind, _ := s.dict["SubFilter"].(name)
		s.problem("subfilter", quoted(string(kind)))
	}
	s.rules(v)
	if found := v.f.version(s.object, v.k); found == nil || found.from < 0 {
		s.problem("signature-packed")
		return s
	}
	s.covers(v)
	return s
}

// covers reads /ByteRange and /Contents. Both are written in the signature itself, so that no later revision can change
// them; between the two ranges lies the value and nothing else; together they end where the revision ends.
func (s *signing) covers(v view) {
	var b [4]int
	list, _ := s.dict["ByteRange"].(array)
	ok := len(list) == 4
	for i := 0; ok && i < 4; i++ {
		b[i], ok = list[i].(int)
		ok = ok && b[i] >= 0 && b[i] <= len(v.f.b)
	}
	contents, isText := s.dict["Contents"].(text)
	switch {
	case !ok:
		s.problem("no-byte-range")
	case !isText || !contents.hex || contents.from < 0:
		s.problem("no-contents")
	case b[0] != 0:
		s.problem("range-start")
	case b[1] != contents.from || b[2] != contents.to:
		s.problem("range-gap")
	case !v.f.endsAt(v.k, b[2]+b[3]):
		s.problem("range-end", b[2]+b[3], v.f.revisions[v.k].to)
	default:
		s.before, s.behind, s.end = b[1], b[2], b[2]+b[3]
	}
	s.unpad(contents.s)
}

// endsAt reports whether revision k ends at a byte: with %%EOF, or with the end of its line.
func (f *file) endsAt(k, at int) bool {
	r := f.revisions[k]
	return at == r.eof || at == r.to
}

// unpad takes the zeros from behind the signature.
func (s *signing) unpad(contents string) {
	var first asn1.RawValue
	rest, err := asn1.Unmarshal([]byte(contents), &first)
	if err != nil {
		s.problem("cms", Reason{cms.Unreadable, "it is no DER"})
		return
	}
	if len(bytes.TrimLeft(rest, "\x00")) > 0 {
		s.problem("padding")
	}
	s.value = first.FullBytes
}

// rules reads what a signature and its field ask of later changes.
func (s *signing) rules(v view) {
	field := v.dict(s.field.dict["Lock"])
	asked, isAsked := v.lock(field)
	if p, ok := v.get(field["P"]).(int); ok {
		s.permission = p
	}
	left := isAsked
	for _, x := range v.array(s.dict["Reference"]) {
		r := v.dict(x)
		parms := v.dict(r["TransformParams"])
		switch v.get(r["TransformMethod"]) {
		case any(name("DocMDP")):
			s.certifies = true
			s.permit(v.get(parms["P"]))
		case any(name("FieldMDP")):
			l, ok := v.lock(parms)
			if !ok {
				s.problem("transform")
			}
			s.locks = append(s.locks, l)
			left = left && !l.same(asked)
		default:
			s.problem("transform")
		}
	}
	if isAsked {
		s.locks = append(s.locks, asked)
	}
	if left && !s.certifies { // who certifies closes all fields but those that others sign
		s.problem("lock-left-out")
	}
}

// permit takes the strictest of what is permitted; where nothing is said it is 2.
func (s *signing) permit(p any) {
	n, ok := p.(int)
	if p == nil {
		n, ok = 2, true
	}
	if !ok || n < 1 || n > 3 {
		s.problem("transform")
		n = 1
	}
	if s.permission == 0 || n < s.permission {
		s.permission = n
	}
}

// lock reads which fields are closed; ok is false where it is not one of the three ways.
func (v view) lock(d dict) (l lock, ok bool) {
	l = lock{fields: map[string]bool{}}
	l.action, _ = v.get(d["Action"]).(name)
	for _, x := range v.array(d["Fields"]) {
		if t, is := v.get(x).(text); is {
			l.fields[plainText(t.s)] = true
		}
	}
	return l, slices.Contains([]name{"All", "Include", "Exclude"}, l.action)
}

// A digester digests beginnings of a file in one walk over it, so that many signatures cost no more than the file's size.
type digester struct {
	b    []byte
	sums map[crypto.Hash]*running
}

type running struct {
	hash.Cloner
	at int
}

// digest is that of the bytes [0, before) and [behind, end). Calls come in the order of before.
func (d *digester) digest(h crypto.Hash, before, behind, end int) ([]byte, error) {
	r := d.sums[h]
	if r == nil {
		r = &running{Cloner: h.New().(hash.Cloner)}
		d.sums[h] = r
	}
	r.Write(d.b[r.at:before])
	r.at = before
	c, err := r.Clone()
	if err != nil {
		return nil, err
	}
	c.Write(d.b[behind:end])
	return c.Sum(nil), nil
}

// printable keeps the words of a certificate's name on one line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
