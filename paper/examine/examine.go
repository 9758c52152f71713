// Package examine tells who signed a PDF, what came behind each signature, and whether anything was changed that may not
// be.
//
//	report, err := examine.Examine(file, roots, time.Now())
//	if err == nil {
//		err = report.Err()
//	}
//
// A signature in a PDF covers the file as it was when it was signed; whoever comes later appends to the file, and what is
// appended can replace any object before it (ISO 32000-1, 7.5.6). Programs that show signatures as valid decide by what
// they know of attacks whether the rest is harmless. This package decides by a list of what is allowed, and names and
// refuses all else. Behind the first signature a revision may
//
//   - give a signature field that was made before its value and its own appearance, and change nothing else of it;
//   - name the certifying signature in the document's permissions (/Perms);
//   - add validation data (/DSS, ETSI EN 319 142-1, 5.4.2);
//   - add a document timestamp in a field without area;
//   - write objects again as they were.
//
// It reads strictly: each byte of a revision belongs to an object that the revision's cross-reference names. A file in
// which anything else stands, that is encrypted, or of which two programs could make different things, is an error and
// not examined. Signatures are in the form of PAdES B-B or B-T (package cms), each covers its revision to the last byte,
// and comes from the authority of the party whose field it is.
//
// The work is linear in the size of the file, however many signatures there are.
package examine

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"kurultai/paper/cms"
)

// A Report is what was found in a file that could be read.
type Report struct {
	Signatures []Signature // in the order in which they were made
	Unsigned   []string    // signature fields that wait for their signature
	Revisions  []Revision  // oldest first
	Problems   []Finding   // of the file as a whole
	Warnings   []Finding   // what the signers may not have seen; no reason to refuse
}

// A Signature is a field's value. It holds if it has no Problems.
type Signature struct {
	Field       string
	Certificate *x509.Certificate // nil if it could not be read
	Party       string            // whose field it is, by the trust anchors; of a document timestamp: its authority
	Certifies   bool              // it is the depositary's, which says what may come behind it
	Timestamp   bool              // it is a document timestamp, made by no party
	When        time.Time         // by an authority for timestamps; zero: nobody tells
	Clock       string            // whose time When is, as its certificate names it
	Revision    int               // counted from 1
	Covers      int               // it signs the file up to this byte, but for its own value; 0: nothing that can be told
	Problems    []Finding
}

// A Revision is what was appended to the file at one time.
type Revision struct {
	End     int       // the file as it was then is its first End bytes
	Lawful  []Finding // what it did that is allowed
	Refused []Finding // what it did that is not
}

// Behind are the revisions that came behind a signature.
func (r *Report) Behind(s Signature) []Revision { return r.Revisions[s.Revision:] }

// Wrong is all that is wrong: with the file, with its signatures, with what was changed.
func (r *Report) Wrong() []Finding {
	list := slices.Clone(r.Problems)
	for _, s := range r.Signatures {
		for _, p := range s.Problems {
			list = append(list, found("of-signature", s.Field, p))
		}
	}
	for i, v := range r.Revisions {
		for _, p := range v.Refused {
			list = append(list, found("of-revision", i+1, p))
		}
	}
	return list
}

// Err is nil if every signature holds, there is one, and nothing was changed that may not be; else all that is wrong.
func (r *Report) Err() error {
	var list []error
	for _, p := range r.Wrong() {
		list = append(list, p)
	}
	return errors.Join(list...)
}

// Examine examines a file. roots are the authorities that are believed; a certificate without timestamp is to be valid at
// the time given. The error says why the file cannot be examined; what is wrong with one that can be is in the Report.
func Examine(b []byte, roots []Root, at time.Time) (*Report, error) {
	return ExamineKept(b, roots, func(string) time.Time { return at })
}

// ExamineKept is Examine of a file somebody kept who says when each field came to be signed: at that time a certificate
// without timestamp is to have been valid, so that what was lawful does not end with it.
func ExamineKept(b []byte, roots []Root, at func(field string) time.Time) (*Report, error) {
	f, err := open(b)
	if err != nil {
		return nil, err
	}
	x := &examination{file: f, users: users{}, fields: &fieldList{}, report: &Report{}}
	for k := range f.revisions {
		if err := x.revision(k); err != nil {
			return nil, fmt.Errorf("revision %d: %w", k+1, err)
		}
	}
	x.whole()
	x.verify(roots, at)
	return x.report, nil
}

// An examination goes from revision to revision.
type examination struct {
	file     *file
	users    users
	signings []*signing
	fields   *fieldList // of the revision before
	report   *Report
}

func (x *examination) revision(k int) error {
	v := view{x.file, k}
	if v.catalog() == nil {
		return errors.New("the catalog is missing")
	}
	fields, err := x.fieldsAt(v)
	if err != nil {
		return err
	}
	if len(x.signings) == 0 {
		x.file.places = nil // until somebody signs, pages may come and go
	}
	came := x.came(v, fields)
	r := Revision{End: x.file.revisions[k].to}
	if k > 0 {
		d := x.file.differ(k, x.users, x.signings, came, x.fields, fields)
		r.Lawful, r.Refused = d.lawful, d.refused
	}
	if len(x.signings) == 0 {
		x.warnBefore(k, r.Refused)
		r.Refused = nil
	}
	x.report.Revisions = append(x.report.Revisions, r)
	x.signings, x.fields = append(x.signings, came...), fields
	x.users.add(x.file, k)
	return nil
}

// fieldsAt are the fields of a revision.
func (x *examination) fieldsAt(v view) (*fieldList, error) {
	if len(x.signings) == 0 {
		return v.fields()
	}
	return x.fields.later(v)
}

// came are the signatures that came with a revision.
func (x *examination) came(v view, fields *fieldList) (list []*signing) {
	for _, f := range fields.list {
		if f.kind == "Sig" && f.dict["V"] != nil && x.fields.get(f.object).dict["V"] == nil {
			list = append(list, v.signing(f))
		}
	}
	for _, s := range list {
		if len(list) > 1 {
			s.problem("several-at-once", len(list))
			s.end = 0 // each is said to cover the other: nothing is worth reckoning
		}
		x.certifying(v, s)
	}
	return list
}

// certifying checks that one signature at most certifies the document, the first, and that the document says which
// (12.8.1).
func (x *examination) certifying(v view, s *signing) {
	perms := v.dict(v.catalog()["Perms"])
	if named := perms["DocMDP"] == any(ref(s.object)); named != s.certifies {
		s.problem("certifies-unnamed")
	}
	for _, e := range x.signings {
		switch {
		case !s.certifies:
		case e.certifies:
			s.problem("certifies-twice")
			return
		default:
			s.problem("certifies-late")
			return
		}
	}
}

func (x *examination) warn(code string, args ...any) {
	x.report.Warnings = append(x.report.Warnings, found(code, args...))
}

func (x *examination) warnBefore(k int, changes []Finding) {
	for _, c := range changes {
		x.warn("before-signing", k+1, c)
	}
}

// whole looks at the file as a whole: whether anybody signed it, what the first signer may not have seen, and who has not
// signed.
func (x *examination) whole() {
	if len(x.signings) == 0 {
		x.report.Problems = append(x.report.Problems, found("not-signed"))
	} else {
		x.base(view{x.file, x.signings[0].revision})
	}
	x.strays()
	for _, f := range x.fields.list {
		if f.kind == "Sig" && f.dict["V"] == nil {
			x.report.Unsigned = append(x.report.Unsigned, f.name)
		}
	}
}

// verify verifies the signatures, document timestamps first: they tell the time of what stands before them.
func (x *examination) verify(roots []Root, at func(field string) time.Time) {
	d := &digester{b: x.file.b, sums: map[crypto.Hash]*running{}}
	list := make([]Signature, len(x.signings))
	signed := make([]*cms.Signed, len(list))
	for i, s := range x.signings {
		list[i] = Signature{Field: s.field.name, Certifies: s.certifies, Timestamp: s.timestamp, Revision: s.revision + 1, Covers: s.end, Problems: s.problems}
		if s.timestamp {
			list[i].stamp(s, d, roots)
		} else {
			signed[i] = list[i].sign(s, d, roots)
		}
	}
	for i := range list {
		if signed[i] != nil && !list[i].Timestamp {
			list[i].trusted(signed[i], roots, timeOf(list, i, at(list[i].Field)))
		}
	}
	x.report.Signatures = list
}

// timeOf is when the certificate of signature i is to have been valid: at its timestamp, at that of the first document
// timestamp behind it that holds, or at the time given.
func timeOf(list []Signature, i int, at time.Time) time.Time {
	for _, s := range list[i:] {
		if !s.When.IsZero() && len(s.Problems) == 0 && (s.Timestamp || s.Revision == list[i].Revision) {
			return s.When
		}
	}
	return at
}

func (s *Signature) problem(code string, args ...any) {
	s.Problems = append(s.Problems, found(code, args...))
}

// sign checks a party's signature, all but whose the certificate is.
func (s *Signature) sign(g *signing, d *digester, roots []Root) *cms.Signed {
	if g.value == nil {
		return nil
	}
	c, err := cms.Parse(g.value)
	if err != nil {
		s.problem("cms", reasonOf(err))
		return nil
	}
	s.Certificate = c.Certificate
	if keyTooLarge(c.Certificate) {
		s.problem("key-large", maxModulus)
		return nil
	}
	if g.end > 0 {
		digest, err := d.digest(c.Hash, g.before, g.behind, g.end)
		if err == nil {
			err = c.Verify(digest)
		}
		if err != nil {
			s.problem("cms", reasonOf(err))
		}
	}
	if c.Timestamp != nil {
		s.stamped(c.Timestamp, c.Signature, roots)
	}
	return c
}

// stamped reads when a signature was made.
func (s *Signature) stamped(der, signature []byte, roots []Root) {
	t, err := readToken(der)
	switch {
	case err != nil:
		s.problem("timestamp-cms", reasonOf(err))
	case !t.of(signature):
		s.problem("timestamp-cms", Reason{"other-signature", "it is of another signature"})
	case t.authority(roots) == "":
		s.problem("timestamp-authority")
	default:
		s.When, s.Clock = t.time, printable(t.certificate.Subject.CommonName)
	}
}

// stamp checks a document timestamp.
func (s *Signature) stamp(g *signing, d *digester, roots []Root) {
	if g.value == nil {
		return
	}
	t, err := readToken(g.value)
	if err != nil {
		s.problem("timestamp-cms", reasonOf(err))
		return
	}
	s.Certificate = t.certificate
	if g.end > 0 {
		if digest, err := d.digest(t.hash, g.before, g.behind, g.end); err != nil || string(digest) != string(t.imprint) {
			s.problem("timestamp-cms", Reason{cms.OtherDocument, "it is of another document"})
		}
	}
	if s.Party = t.authority(roots); s.Party == "" {
		s.problem("timestamp-authority")
		return
	}
	s.When, s.Clock = t.time, printable(t.certificate.Subject.CommonName)
}

// trusted checks that a certificate is of the authority of the party whose field it signed.
func (s *Signature) trusted(c *cms.Signed, roots []Root, at time.Time) {
	party, problems := chain(c.Certificate, c.Chain, roots, s.Field, at)
	s.Party, s.Problems = party, append(s.Problems, problems...)
}
