package examine_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A pen appends revisions to a file as anybody could. It knows of a file what regular expressions find.
type pen struct {
	t    testing.TB
	file []byte
}

// write is the pen at a file.
func write(t testing.TB, file []byte) *pen { return &pen{t, bytes.Clone(file)} }

func (p *pen) last(expression string) string {
	p.t.Helper()
	all := regexp.MustCompile(expression).FindAllSubmatch(p.file, -1)
	if all == nil {
		p.t.Fatalf("the file holds no %s", expression)
	}
	return string(all[len(all)-1][1])
}

func (p *pen) start() string { return p.last(`startxref\n(\d+)\n%%EOF`) }

// next is the first number no object has.
func (p *pen) next() int {
	n, _ := strconv.Atoi(p.last(`/Size (\d+)`))
	return n
}

// trailer is what the newest trailer holds beside size and the section before.
func (p *pen) trailer() string {
	return regexp.MustCompile(`/(Size|Prev) \d+`).ReplaceAllString(p.last(`trailer\n<<(.*)>>\nstartxref`), "")
}

// object is what object n holds in its newest version.
func (p *pen) object(n int) string {
	p.t.Helper()
	return p.last(fmt.Sprintf(`(?s)\n%d 0 obj\n(.*?)\nendobj`, n))
}

// like is the number of the first object whose first version matches.
func (p *pen) like(expression string) int {
	p.t.Helper()
	m := regexp.MustCompile(`\n(\d+) 0 obj\n[^\n]*?` + expression).FindSubmatch(p.file)
	if m == nil {
		p.t.Fatalf("no object is like %s", expression)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}

// fill is the object of a field that is given its value and its appearance.
func (p *pen) fill(field string, value, look int) (n int, body string) {
	n = p.like(`/FT/Sig/T\(` + field + `\)`)
	body = regexp.MustCompile(`/AP<</N \d+ 0 R>>>>$`).ReplaceAllString(p.object(n), fmt.Sprintf("/V %d 0 R/AP<</N %d 0 R>>>>", value, look))
	return n, body
}

const look = "/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<<>>"

// sign signs a field as it should be, with what a test changes: more objects, and the stamp.
func (p *pen) sign(field string, s signer, more set, change func(*stamp)) *pen {
	p.t.Helper()
	v := p.next()
	n, body := p.fill(field, v, v+1)
	objects := set{n: body, v + 1: stream(look, "0 0 10 10 re f")}
	maps.Copy(objects, more)
	st := stamp{head: locked(field), sign: by(p.t, s)}
	if change != nil {
		change(&st)
	}
	return p.seal(v, st, objects)
}

// A set is what an update writes: objects by number; "" takes an object away.
type set map[int]string

// update appends a revision. With the trailer "" that of before goes on.
func (p *pen) update(objects set, trailer string) *pen {
	if trailer == "" {
		trailer = p.trailer()
	}
	var out bytes.Buffer
	offsets := map[int]int{}
	numbers := slices.Sorted(maps.Keys(objects))
	for _, n := range numbers {
		if objects[n] != "" {
			offsets[n] = len(p.file) + out.Len()
			fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", n, objects[n])
		}
	}
	p.close(&out, offsets, numbers, trailer)
	return p
}

// close writes the cross-reference table of an update and appends it.
func (p *pen) close(out *bytes.Buffer, offsets map[int]int, numbers []int, trailer string) {
	at, size, prev := len(p.file)+out.Len(), 1, ""
	if bytes.Contains(p.file, []byte("startxref")) {
		size, prev = p.next(), "/Prev "+p.start()
	}
	out.WriteString("xref\n")
	for _, n := range numbers {
		if size = max(size, n+1); offsets[n] == 0 {
			fmt.Fprintf(out, "%d 1\n0000000000 00000 f \n", n)
		} else {
			fmt.Fprintf(out, "%d 1\n%010d 00000 n \n", n, offsets[n])
		}
	}
	fmt.Fprintf(out, "trailer\n<<%s/Size %d%s>>\nstartxref\n%d\n%%%%EOF\n", trailer, size, prev, at)
	p.file = append(p.file, out.Bytes()...)
}

// change replaces what stands once in object n's newest version.
func (p *pen) change(n int, old, new string) string {
	p.t.Helper()
	o := p.object(n)
	if strings.Count(o, old) != 1 {
		p.t.Fatalf("object %d holds %q %d times: %s", n, old, strings.Count(o, old), o)
	}
	return strings.Replace(o, old, new, 1)
}

func stream(dict, content string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(content), content)
}

// A stamp is a signature as anybody could make it.
type stamp struct {
	head      string // what the signature's dictionary holds before /ByteRange
	byteRange func(a, b, c int) string
	contents  func(value []byte) string // as wide as room; nil: in hexadecimal digits, zeros behind them
	sign      func(signed []byte) []byte
	trailer   string
	room      int // bytes kept for the value; 0: room
}

const room = 8192 // bytes kept for a value

const padesHead = "/Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"

// locked is what our own program says of a field it signs.
func locked(field string) string {
	return padesHead + "/Reference[<</Type/SigRef/TransformMethod/FieldMDP/TransformParams<</Type/TransformParams/Action/Include/Fields[(" + field + ")]/V/1.2>>/Data 1 0 R>>]"
}

// seal appends a revision with objects and, as object n, a signature over all.
func (p *pen) seal(n int, s stamp, objects set) *pen {
	p.t.Helper()
	if s.byteRange == nil {
		s.byteRange = func(a, b, c int) string { return fmt.Sprintf("/ByteRange[0 %d %d %d]", a, b, c) }
	}
	if s.room == 0 {
		s.room = room
	}
	if s.contents == nil {
		s.contents = func(v []byte) string {
			return "<" + hex.EncodeToString(v) + strings.Repeat("0", 2*(s.room-len(v))) + ">"
		}
	}
	const width = 60
	before := len(p.file)
	all := maps.Clone(objects)
	if all == nil {
		all = set{}
	}
	all[n] = fmt.Sprintf("<<%s%s/Contents%s>>", s.head, strings.Repeat(" ", width), s.contents(nil))
	p.update(all, s.trailer)
	from := before + bytes.Index(p.file[before:], []byte("/Contents"+s.contents(nil))) + len("/Contents")
	to := from + len(s.contents(nil))
	copy(p.file[from-len("/Contents")-width:], fmt.Sprintf("%-*s", width, s.byteRange(from, to, len(p.file)-to)))
	value := s.sign(slices.Concat(p.file[:from], p.file[to:]))
	copy(p.file[from:to], s.contents(value))
	return p
}

// Object identifiers of what is signed.
var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidTST           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidSHA1          = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidECDSASHA256   = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidRSASHA256     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
)

// der marshals, or fails.
func der(t testing.TB, v any) []byte {
	t.Helper()
	b, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tagged(class, tag int, inner ...[]byte) asn1.RawValue {
	return asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: slices.Concat(inner...)}
}

// A form of CMS: how a signature is made, right or wrong.
type form struct {
	kind    asn1.ObjectIdentifier // of the content; nil: data that stands elsewhere
	digest  crypto.Hash           // 0: SHA-256
	nameNot bool                  // without signing-certificate-v2
	naming  *x509.Certificate     // named there; nil: the signer's
	with    []*x509.Certificate   // sent along; nil: the signer's
}

// cms makes a signature over content.
func (f form) cms(t testing.TB, s signer, content []byte) []byte {
	t.Helper()
	kind, version, digestID, signatureID := oidData, 1, oidSHA256, oidECDSASHA256
	if f.kind != nil {
		kind, version = f.kind, 3
	}
	if f.digest == 0 {
		f.digest = crypto.SHA256
	} else if f.digest == crypto.SHA1 {
		digestID = oidSHA1
	}
	if s.chain[0].PublicKeyAlgorithm == x509.RSA {
		signatureID = oidRSASHA256
	}
	if f.with == nil {
		f.with = s.chain
	}
	if f.naming == nil {
		f.naming = f.with[0]
	}
	h := f.digest.New()
	h.Write(content)
	named := sha256.Sum256(f.naming.Raw)
	attribute := func(id asn1.ObjectIdentifier, v any) []byte {
		return der(t, struct {
			ID     asn1.ObjectIdentifier
			Values []asn1.RawValue `asn1:"set"`
		}{id, []asn1.RawValue{{FullBytes: der(t, v)}}})
	}
	attributes := [][]byte{attribute(oidContentType, kind), attribute(oidMessageDigest, h.Sum(nil))}
	if !f.nameNot {
		attributes = append(attributes, attribute(oidCertificateV2, struct{ Certs []struct{ Hash []byte } }{[]struct{ Hash []byte }{{named[:]}}}))
	}
	slices.SortFunc(attributes, bytes.Compare)
	toSign := sha256.Sum256(der(t, tagged(asn1.ClassUniversal, asn1.TagSet, attributes...)))
	signature, err := s.key.Sign(rand.Reader, toSign[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	var certificates []byte
	for _, c := range f.with {
		certificates = append(certificates, c.Raw...)
	}
	encapsulated := der(t, kind)
	if f.kind != nil {
		encapsulated = append(encapsulated, der(t, tagged(asn1.ClassContextSpecific, 0, der(t, content)))...)
	}
	digestAlgorithm := pkix.AlgorithmIdentifier{Algorithm: digestID}
	info := slices.Concat(der(t, 1), der(t, struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}{asn1.RawValue{FullBytes: f.with[0].RawIssuer}, f.with[0].SerialNumber}), der(t, digestAlgorithm), der(t, tagged(asn1.ClassContextSpecific, 0, attributes...)), der(t, pkix.AlgorithmIdentifier{Algorithm: signatureID}), der(t, signature))
	data := slices.Concat(der(t, version), der(t, tagged(asn1.ClassUniversal, asn1.TagSet, der(t, digestAlgorithm))), der(t, tagged(asn1.ClassUniversal, asn1.TagSequence, encapsulated)),
		der(t, tagged(asn1.ClassContextSpecific, 0, certificates)), der(t, tagged(asn1.ClassUniversal, asn1.TagSet, der(t, tagged(asn1.ClassUniversal, asn1.TagSequence, info)))))
	outer := slices.Concat(der(t, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}), der(t, tagged(asn1.ClassContextSpecific, 0, der(t, tagged(asn1.ClassUniversal, asn1.TagSequence, data)))))
	return der(t, tagged(asn1.ClassUniversal, asn1.TagSequence, outer))
}

// by signs with a signer in the form our own program uses.
func by(t testing.TB, s signer) func([]byte) []byte {
	return func(signed []byte) []byte { return form{}.cms(t, s, signed) }
}

// token is a timestamp of a clock over b.
func token(t testing.TB, clock signer, b []byte, at time.Time) []byte {
	t.Helper()
	return form{kind: oidTST}.cms(t, clock, stampInfo(t, b, at))
}

// stampInfo is what a timestamp over b says (RFC 3161, 2.4.2).
func stampInfo(t testing.TB, b []byte, at time.Time) []byte {
	t.Helper()
	sum := sha256.Sum256(b)
	type imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	return der(t, struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint imprint
		Serial  int
		Time    time.Time `asn1:"generalized"`
	}{1, asn1.ObjectIdentifier{1, 2, 3}, imprint{pkix.AlgorithmIdentifier{Algorithm: oidSHA256}, sum[:]}, 7, at})
}
