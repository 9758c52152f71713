package record

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"kurultai/record/canonical"
)

// Sealed stands in an entry for a private value: its digest and nothing else.
type Sealed struct {
	Digest Digest `json:"sealed"`
}

// Blob names public bytes kept beside the record.
type Blob struct {
	Digest Digest `json:"blob"`
	Size   int64  `json:"size"`
}

// A Disclosure opens a sealed value: base64url of the canonical array [salt, name, value].
type Disclosure string

// Disclose makes the disclosure of value, which stands at name, under a salt of 16 bytes in base64url.
func Disclose(salt, name string, value canonical.Value) Disclosure {
	b := canonical.AppendString([]byte{'['}, salt)
	b = canonical.AppendString(append(b, ','), name)
	b = canonical.Append(append(b, ','), value)
	return Disclosure(canonical.EncodeBytes(append(b, ']')))
}

// NewSalt draws a salt from chance.
func NewSalt(chance io.Reader) (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(chance, b); err != nil {
		return "", fmt.Errorf("drawing a salt: %w", err)
	}
	return canonical.EncodeBytes(b), nil
}

// Digest is what stands in the entry for d.
func (d Disclosure) Digest() Digest { return DigestOf([]byte(d)) }

// Open reads a disclosure.
func (d Disclosure) Open() (salt, name string, value canonical.Value, err error) {
	v, err := d.parse()
	if err != nil {
		return "", "", value, err
	}
	if v.Kind != canonical.Array || len(v.Items) != 3 || v.Items[0].Kind != canonical.String || v.Items[1].Kind != canonical.String ||
		!canonical.IsBytes(v.Items[0].Str, 16) {
		return "", "", value, errors.New("a disclosure is [salt, name, value]")
	}
	return v.Items[0].Str, v.Items[1].Str, v.Items[2], nil
}

func (d Disclosure) parse() (canonical.Value, error) {
	b, err := canonical.DecodeBytes(string(d))
	if err != nil {
		return canonical.Value{}, err
	}
	return canonical.Parse(string(b))
}

// Seal puts a digest in the place of each private value, which stands as {"private":value} in fields, and returns the
// disclosures: what opens the digests. Each gets a salt of its own. A private file stands as {"private":{"blob":digest of
// its bytes,"size":how many}} and becomes a private blob, with a key of its own.
func Seal(fields canonical.Value, chance io.Reader) (canonical.Value, []Disclosure, error) {
	var opened []Disclosure
	sealed, err := seal(fields, "", chance, &opened)
	return sealed, opened, err
}

func seal(v canonical.Value, name string, chance io.Reader, opened *[]Disclosure) (canonical.Value, error) {
	if private := v.Get("private"); v.Kind == canonical.Object && private.Kind != canonical.Invalid {
		if len(v.Keys) != 1 {
			return v, errors.New(`a private value is {"private":value} and nothing else`)
		}
		if private.Kind == canonical.Object && private.Keys[0] == "blob" {
			ref, d, err := sealBlob(private, chance)
			*opened = append(*opened, d)
			return ref, err
		}
		salt, err := NewSalt(chance)
		if err != nil {
			return v, err
		}
		d := Disclose(salt, name, private)
		*opened = append(*opened, d)
		return canonical.Value{Kind: canonical.Object, Keys: []string{"sealed"}, Items: []canonical.Value{{Kind: canonical.String, Str: string(d.Digest())}}}, nil
	}
	if name != "" {
		name += "."
	}
	v.Items = slices.Clone(v.Items)
	for i := range v.Items {
		step := strconv.Itoa(i)
		if v.Kind == canonical.Object {
			step = v.Keys[i]
		}
		var err error
		if v.Items[i], err = seal(v.Items[i], name+step, chance, opened); err != nil {
			return v, err
		}
	}
	return v, nil
}

// A Reference is a sealed value where it stands: Name is the path from fields down, joined by dots.
type Reference struct {
	Name   string
	Digest Digest
	Size   int64 // of a blob, in bytes as they are kept; of a sealed value 0

	Private bool // a private blob
}

// References lists the sealed values, private blobs among them, below fields in the order in which they stand: their places.
func References(fields canonical.Value) []Reference {
	return references(nil, fields, "", func(r Reference, key string) bool { return key == "sealed" })
}

// Blobs lists the public blobs below fields in the order in which they stand.
func Blobs(fields canonical.Value) []Reference {
	return references(nil, fields, "", func(r Reference, key string) bool { return key == "blob" })
}

// Kept lists the blobs below fields, public and private ones, in the order in which they stand.
func Kept(fields canonical.Value) []Reference {
	return references(nil, fields, "", func(r Reference, key string) bool { return key == "blob" || r.Private })
}

func references(to []Reference, v canonical.Value, name string, wanted func(r Reference, key string) bool) []Reference {
	if v.Kind == canonical.Object && IsReference(v) && v.Items[0].Kind == canonical.String {
		size := v.Get("size").Int
		if r := (Reference{name, Digest(v.Items[0].Str), size, v.Keys[0] == "sealed" && size > 0}); wanted(r, v.Keys[0]) {
			to = append(to, r)
		}
		return to
	}
	if name != "" {
		name += "."
	}
	for i, item := range v.Items {
		if item.Kind != canonical.Object && item.Kind != canonical.Array {
			continue
		}
		step := strconv.Itoa(i)
		if v.Kind == canonical.Object {
			step = v.Keys[i]
		}
		to = references(to, item, name+step, wanted)
	}
	return to
}

// IsReference reports whether an object is a sealed value or a blob.
func IsReference(v canonical.Value) bool {
	return len(v.Keys) > 0 && (v.Keys[0] == "sealed" || v.Keys[0] == "blob")
}

// A Row is what a node keeps of a disclosure or of a closed entry's opening, encrypted under its subject's key.
type Row struct {
	Index      int64 // of the entry
	Place      int64 // among the sealed values of its fields, from 0
	Digest     Digest
	Subject    string // a person's id, doc/SYMBOL or entry/INDEX
	Name       string // path from fields down, or "closed"
	Nonce      []byte // 12 bytes
	Ciphertext []byte
	Blob       Digest // of what is kept of a private blob, under which it is kept; else ""
}

// A SubjectKey encrypts what is private about one subject, with AES-256-GCM.
type SubjectKey [32]byte

// Encrypt fills in r's nonce and ciphertext. The additional data is r's digest.
func (k SubjectKey) Encrypt(r *Row, plain []byte, chance io.Reader) error {
	r.Nonce = make([]byte, 12)
	if _, err := io.ReadFull(chance, r.Nonce); err != nil {
		return fmt.Errorf("drawing a nonce: %w", err)
	}
	r.Ciphertext = gcm(k).Seal(nil, r.Nonce, plain, []byte(r.Digest))
	return nil
}

// Decrypt returns the plain text of r. A wrong key, or a changed row, is an error.
func (k SubjectKey) Decrypt(r Row) ([]byte, error) {
	if len(r.Nonce) != 12 {
		return nil, errors.New("a nonce of another length")
	}
	return gcm(k).Open(nil, r.Nonce, r.Ciphertext, []byte(r.Digest))
}

func gcm(key [32]byte) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // 32 bytes are always a key
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

// NewSubjectKey draws a key from chance.
func NewSubjectKey(chance io.Reader) (k SubjectKey, err error) {
	_, err = io.ReadFull(chance, k[:])
	return k, err
}

// closedSizes are the lengths to which openings are padded, so that their size tells little.
var closedSizes = [...]int{1024, 4096, 16384, 49152}

// ErrTooLong is returned for an opening that no padded size holds; put long content into a blob.
var ErrTooLong = errors.New("closed act too long")

// CloseEntry makes the opening of a closed entry, 32 bytes of nonce and the padded content, and its digest.
func CloseEntry(nonce [32]byte, s *Submitted, attestations []Attestation, events [][]byte) (Digest, []byte, error) {
	b := append([]byte(`{"act":`), s.Text()...)
	if len(attestations) > 0 {
		b = canonical.Encode(append(b, `,"attestations":`...), attestations)
	}
	b = AppendEvents(append(b, `,"events":`...), events)
	b = append(b, '}', 0x80)
	for _, size := range closedSizes {
		if len(b) <= size {
			opening := append(nonce[:], append(b, make([]byte, size-len(b))...)...)
			return ClosedDigest(opening), opening, nil
		}
	}
	return "", nil, ErrTooLong
}

// ClosedDigest is what stands in the entry for an opening: SHA-256("kurultai/closed/v1\n" || opening).
func ClosedDigest(opening []byte) Digest {
	h := sha256.New()
	io.WriteString(h, "kurultai/closed/v1\n")
	h.Write(opening)
	return Digest(canonical.EncodeBytes(h.Sum(nil)))
}

// OpenClosed reads the opening of closed entry index and checks its form. The entry it returns is as an open
// one would be, with the time of the closed one left to the caller.
func OpenClosed(opening []byte, index int64) (*Entry, error) {
	e, err := openClosed(opening, index)
	if err != nil {
		return nil, &EntryError{index, "opening: " + err.Error()}
	}
	return e, nil
}

func openClosed(opening []byte, index int64) (*Entry, error) {
	content, err := unpad(opening)
	if err != nil {
		return nil, err
	}
	v, err := canonical.Parse(string(content))
	if err != nil {
		return nil, err
	}
	e := &Entry{Index: index}
	m := members{v: v}
	act := m.object("act")
	e.Attestations = m.attestations("attestations")
	events := m.next("events", true)
	m.check(events.Kind == canonical.Array, "events")
	e.Events, e.eventsText = events.Items, events.Str
	if m.err == nil {
		m.err = e.Act.parse(act, index)
	}
	if err := m.end(); err != nil {
		return nil, err
	}
	return e, checkEffects(&e.Act, e.Attestations, e.Events)
}

func unpad(opening []byte) ([]byte, error) {
	if len(opening) < 32 {
		return nil, errors.New("too short")
	}
	padded := opening[32:]
	end := len(padded)
	for end > 0 && padded[end-1] == 0 {
		end--
	}
	if end == 0 || padded[end-1] != 0x80 {
		return nil, errors.New("padding is wrong")
	}
	for _, size := range closedSizes {
		if end <= size {
			if len(padded) != size {
				break
			}
			return padded[:end-1], nil
		}
	}
	return nil, errors.New("not padded to the first size that holds it")
}

// An Opening is what opens a private part of an entry for whoever may see it: a disclosure, or the 32 bytes and
// padded content of a closed entry.
type Opening struct {
	Index      int64
	Disclosure Disclosure
	Closed     []byte
	Blob       Digest // of what is kept of the private blob that Disclosure opens; else ""
}

type openingLine struct {
	Blob       Digest `json:"blob,omitempty"`
	Closed     string `json:"closed,omitempty"`
	Disclosure string `json:"disclosure,omitempty"`
	Index      int64  `json:"index"`
}

// Append writes o as a line of an exported record.
func (o Opening) Append(dst []byte) []byte {
	l := openingLine{Blob: o.Blob, Disclosure: string(o.Disclosure), Index: o.Index}
	if o.Closed != nil {
		l.Closed = canonical.EncodeBytes(o.Closed)
	}
	return append(canonical.Encode(dst, l), '\n')
}

// ParseOpening reads a line without its line end.
func ParseOpening(text string) (o Opening, err error) {
	v, err := canonical.Parse(text)
	if err != nil {
		return o, err
	}
	var l openingLine
	if err := canonical.Decode(v, &l); err != nil {
		return o, err
	}
	o = Opening{Index: l.Index, Disclosure: Disclosure(l.Disclosure), Blob: l.Blob}
	if (l.Closed == "") == (l.Disclosure == "") || l.Index < 0 || l.Blob != "" && l.Closed != "" {
		return o, errors.New("an opening is a disclosure or a closed entry's, of an index")
	}
	if l.Closed != "" {
		o.Closed, err = canonical.DecodeBytes(l.Closed)
	}
	return o, err
}

// OpeningIndex is the entry a line names, whatever else is wrong with it; -1 where it names none.
func OpeningIndex(text string) int64 {
	v, err := canonical.Parse(text)
	if index := v.Get("index"); err == nil && index.Kind == canonical.Int && index.Int >= 0 {
		return index.Int
	}
	return -1
}

// Fits checks that o opens what stands in e and returns its place: of a disclosure among the sealed values of
// the fields, of a closed entry 0.
func Fits(e *Entry, o Opening) (place int64, err error) {
	if o.Closed != nil {
		if e.Closed == "" || ClosedDigest(o.Closed) != e.Closed {
			return 0, errors.New("does not give the digest of this entry")
		}
		_, err := OpenClosed(o.Closed, e.Index)
		return 0, err
	}
	digest := o.Disclosure.Digest()
	for place, ref := range References(e.Act.Fields) {
		if ref.Digest == digest {
			return int64(place), o.fits(ref)
		}
	}
	return 0, errors.New("discloses nothing that stands in this entry")
}

// fits checks that o discloses what it should where its digest stands: a value with the name of its place, or a blob.
func (o Opening) fits(ref Reference) error {
	if ref.Private {
		_, _, _, err := o.Disclosure.OpenBlob()
		if err == nil && o.Blob == "" {
			err = errors.New("opens a private blob and does not say where it is kept")
		}
		return err
	}
	_, name, _, err := o.Disclosure.Open()
	if err == nil && (name != ref.Name || o.Blob != "") {
		err = errors.New("discloses something else than stands in this entry")
	}
	return err
}
