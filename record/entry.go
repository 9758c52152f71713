package record

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"kurultai/record/canonical"
)

// MaxEntry is the largest size of an entry in bytes, the framing of C2SP tlog-tiles.
const MaxEntry = 65535

// A Digest is 32 bytes of SHA-256 in base64url, 43 characters.
type Digest string

// DigestOf is the SHA-256 of b.
func DigestOf(b []byte) Digest {
	h := sha256.Sum256(b)
	return Digest(canonical.EncodeBytes(h[:]))
}

// Check reports whether d is a digest.
func (d Digest) Check() error {
	if !canonical.IsBytes(string(d), 32) {
		return errors.New("not a digest: 43 characters of base64url")
	}
	return nil
}

// An Entry is one line of the record: an act and what it caused, or the digest of a closed one.
type Entry struct {
	Index int64 // zero-based; the record's size is the last index plus one
	At    Instant

	// of an open entry
	Act          Submitted
	Attestations []Attestation
	Events       []canonical.Value // one or more objects with the key kind

	// of a closed entry
	Closed Digest

	eventsText string
}

// EventsText is the canonical array of the events as it stood in the bytes that were parsed.
func (e *Entry) EventsText() string { return e.eventsText }

// Submitted is the half of an act that its author made and attests. The rest of an entry is the writer's.
type Submitted struct {
	About    []About
	As       string // capacity
	By       string // a person's id, or "clock"
	Fields   canonical.Value
	For      string // party, or ""
	Key      string // 16 bytes of base64url
	Meeting  string // or ""
	Name     string
	NotAfter *Instant
	Origin   string
	Seen     int64
	With     []With

	text string // canonical, as parsed or as Text last made it
}

// About names a thing an act is about, as it stood when entry Version was the last to change it.
type About struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Version int64  `json:"version"`
}

// With is a further person of an act that needs two.
type With struct {
	As string `json:"as"`
	By string `json:"by"`
}

// An Attestation is a WebAuthn assertion over the challenge of a submitted half; all members are base64url.
type Attestation struct {
	AuthenticatorData string `json:"authenticatorData"`
	ClientDataJSON    string `json:"clientDataJSON"`
	Credential        string `json:"credential"`
	Signature         string `json:"signature"`
}

// Check reports whether every member is base64url.
func (a Attestation) Check() error {
	for _, s := range []string{a.AuthenticatorData, a.ClientDataJSON, a.Credential, a.Signature} {
		if _, err := canonical.DecodeBytes(s); err != nil {
			return err
		}
	}
	return nil
}

// Text is the canonical bytes of the submitted half.
func (s *Submitted) Text() string {
	if s.text == "" {
		s.text = string(s.append(nil))
	}
	return s.text
}

// Changed forgets the bytes that Text remembers, after a member was set.
func (s *Submitted) Changed() { s.text = "" }

func (s *Submitted) append(dst []byte) []byte {
	sep := byte('{')
	member := func(key string, value []byte) {
		dst = append(append(append(dst, sep, '"'), key...), '"', ':')
		dst = append(dst, value...)
		sep = ','
	}
	text := func(key, value string) {
		if value != "" {
			member(key, canonical.AppendString(nil, value))
		}
	}
	if len(s.About) > 0 {
		member("about", canonical.Encode(nil, s.About))
	}
	text("as", s.As)
	text("by", s.By)
	if s.Fields.Kind != canonical.Invalid {
		member("fields", canonical.Append(nil, s.Fields))
	}
	text("for", s.For)
	text("key", s.Key)
	text("meeting", s.Meeting)
	text("name", s.Name)
	if s.NotAfter != nil {
		text("notAfter", s.NotAfter.String())
	}
	text("origin", s.Origin)
	if s.Seen > 0 {
		member("seen", strconv.AppendInt(nil, s.Seen, 10))
	}
	if len(s.With) > 0 {
		member("with", canonical.Encode(nil, s.With))
	}
	return append(dst, '}')
}

// Challenge is what an attestation signs: SHA-256("kurultai/act/v1\n" || submitted half).
func (s *Submitted) Challenge() [32]byte {
	return sha256.Sum256(append([]byte("kurultai/act/v1\n"), s.Text()...))
}

// An EntryError says what is wrong with the form of an entry.
type EntryError struct {
	Index int64
	Why   string
}

func (e *EntryError) Error() string { return fmt.Sprintf("entry %d: %s", e.Index, e.Why) }

// ParseEntry reads the bytes of entry index and checks their form (doc/record.md section 2): all that can be
// said without the entries before it. Errors are *EntryError.
func ParseEntry(text string, index int64) (*Entry, error) {
	e, err := parseEntry(text, index)
	if err != nil {
		return nil, &EntryError{index, err.Error()}
	}
	return e, nil
}

func parseEntry(text string, index int64) (*Entry, error) {
	if len(text) > MaxEntry {
		return nil, fmt.Errorf("%d bytes where %d are allowed", len(text), MaxEntry)
	}
	v, err := canonical.Parse(text)
	if err != nil {
		return nil, err
	}
	e := new(Entry)
	m := members{v: v}
	if v.Get("closed").Kind != canonical.Invalid {
		m.instant("at", &e.At)
		e.Closed = Digest(m.text("closed", true, func(s string) bool { return canonical.IsBytes(s, 32) }))
	} else {
		act := m.object("act")
		m.instant("at", &e.At)
		e.Attestations = m.attestations("attestations")
		events := m.next("events", true)
		m.check(events.Kind == canonical.Array, "events")
		e.Events, e.eventsText = events.Items, events.Str
		if m.err == nil {
			m.err = e.Act.parse(act, index)
		}
	}
	e.Index = m.integer("index", true)
	m.check(e.Index == index, "index")
	if err := m.end(); err != nil {
		return nil, err
	}
	if e.Closed == "" {
		return e, checkEffects(&e.Act, e.Attestations, e.Events)
	}
	return e, nil
}

// ParseSubmitted reads a submitted half meant to become entry index at the earliest.
func ParseSubmitted(v canonical.Value, index int64) (s Submitted, err error) {
	if v.Kind != canonical.Object {
		return s, errors.New("the act is no object")
	}
	if err := s.parse(v, index); err != nil {
		return s, err
	}
	return s, checkReferences(s.Fields)
}

func (s *Submitted) parse(v canonical.Value, index int64) error {
	m := members{v: v, at: "act."}
	if about := m.next("about", false); about.Kind != canonical.Invalid && m.err == nil {
		m.err = canonical.Decode(about, &s.About)
	}
	s.As = m.text("as", true, IsName)
	s.By = m.text("by", true, IsID)
	s.Fields = m.next("fields", false)
	m.check(s.Fields.Kind == canonical.Invalid || s.Fields.Kind == canonical.Object, "fields")
	s.For = m.text("for", false, IsID)
	s.Key = m.text("key", true, func(k string) bool { return canonical.IsBytes(k, 16) })
	s.Meeting = m.text("meeting", false, IsID)
	s.Name = m.text("name", true, IsName)
	if v.Get("notAfter").Kind != canonical.Invalid {
		s.NotAfter = new(Instant)
		m.instant("notAfter", s.NotAfter)
	}
	s.Origin = m.text("origin", true, IsOrigin)
	s.Seen = m.integer("seen", false)
	m.check(s.Seen >= 0 && s.Seen <= index, "seen")
	if with := m.next("with", false); with.Kind != canonical.Invalid && m.err == nil {
		m.err = canonical.Decode(with, &s.With)
	}
	for _, a := range s.About {
		m.check(utf8.RuneCountInString(a.ID) <= 100 && canonical.IsKey(a.Kind) && a.Version >= 0 && a.Version < index, "about")
	}
	for _, w := range s.With {
		m.check(IsName(w.As) && IsID(w.By), "with")
	}
	s.text = v.Str
	return m.end()
}

// checkEffects checks the number of attestations and the form of events and references.
func checkEffects(s *Submitted, attestations []Attestation, events []canonical.Value) error {
	if n := len(attestations); n != 0 && n != 1+len(s.With) {
		return fmt.Errorf("%d attestations by %d persons", n, 1+len(s.With))
	}
	for _, e := range events {
		if kind := e.Get("kind"); kind.Kind != canonical.String || !IsName(kind.Str) {
			return errors.New("event without a kind")
		}
		if err := checkReferences(e); err != nil {
			return err
		}
	}
	return checkReferences(s.Fields)
}

// checkReferences walks to every object with the key sealed or blob: it must be a reference and nothing else.
func checkReferences(v canonical.Value) error {
	if v.Kind == canonical.Object && len(v.Keys) > 0 {
		sealed, blob := v.Get("sealed"), v.Get("blob")
		if sealed.Kind != canonical.Invalid || blob.Kind != canonical.Invalid {
			ok := len(v.Keys) == 1 && sealed.Kind != canonical.Invalid ||
				len(v.Keys) == 2 && v.Keys[1] == "size" && v.Items[1].Kind == canonical.Int && v.Items[1].Int >= 0 &&
					(sealed.Kind == canonical.Invalid || IsSealedSize(v.Items[1].Int))
			if !ok || v.Items[0].Kind != canonical.String || !canonical.IsBytes(v.Items[0].Str, 32) {
				return errors.New("a sealed value or blob that is none")
			}
			return nil
		}
	}
	for _, item := range v.Items {
		if item.Kind == canonical.Object || item.Kind == canonical.Array {
			if err := checkReferences(item); err != nil {
				return err
			}
		}
	}
	return nil
}

// members reads the members of an object in key order and remembers the first thing wrong.
type members struct {
	v   canonical.Value
	i   int
	at  string
	err error
}

func (m *members) check(ok bool, key string) {
	if !ok && m.err == nil {
		m.err = fmt.Errorf("%s%s is not as it should be", m.at, key)
	}
}

func (m *members) next(key string, must bool) canonical.Value {
	if m.i < len(m.v.Keys) && m.v.Keys[m.i] == key {
		m.i++
		return m.v.Items[m.i-1]
	}
	if must && m.err == nil {
		m.err = fmt.Errorf("%s%s is missing", m.at, key)
	}
	return canonical.Value{}
}

func (m *members) text(key string, must bool, ok func(string) bool) string {
	v := m.next(key, must)
	m.check(v.Kind == canonical.Invalid || v.Kind == canonical.String && ok(v.Str), key)
	return v.Str
}

func (m *members) integer(key string, must bool) int64 {
	v := m.next(key, must)
	m.check(v.Kind == canonical.Invalid || v.Kind == canonical.Int, key)
	return v.Int
}

func (m *members) object(key string) canonical.Value {
	v := m.next(key, true)
	m.check(v.Kind == canonical.Object, key)
	return v
}

func (m *members) instant(key string, into *Instant) {
	v := m.next(key, true)
	if m.err != nil {
		return
	}
	if v.Kind != canonical.String || into.UnmarshalText([]byte(v.Str)) != nil {
		m.check(false, key)
	}
}

func (m *members) attestations(key string) (as []Attestation) {
	if v := m.next(key, false); v.Kind != canonical.Invalid && m.err == nil {
		m.err = canonical.Decode(v, &as)
	}
	return as
}

func (m *members) end() error {
	if m.err == nil && (m.v.Kind != canonical.Object || m.i != len(m.v.Keys)) {
		m.err = fmt.Errorf("%sunknown key", m.at)
		if m.i < len(m.v.Keys) {
			m.err = fmt.Errorf("%sunknown key %s", m.at, m.v.Keys[m.i])
		}
	}
	return m.err
}

// IsID reports whether s is an id: [a-z0-9-]{1,40}.
func IsID(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 40
}

// IsName reports whether s is a name of an act, event or capacity: [A-Z][A-Za-z0-9]{0,39}.
func IsName(s string) bool {
	return s != "" && s[0] >= 'A' && s[0] <= 'Z' && canonical.IsKey(strings.ToLower(s[:1])+s[1:])
}

// IsOrigin reports whether s is 1 to 200 characters of printable ASCII without a plus.
func IsOrigin(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x21 || c > 0x7e || c == '+' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 200
}

// OpenEntry makes the bytes of an open entry. Events are canonical objects.
func OpenEntry(index int64, at Instant, s *Submitted, attestations []Attestation, events [][]byte) []byte {
	dst := append([]byte(`{"act":`), s.Text()...)
	dst, _ = at.AppendText(append(dst, `,"at":"`...))
	dst = append(dst, '"')
	if len(attestations) > 0 {
		dst = canonical.Encode(append(dst, `,"attestations":`...), attestations)
	}
	dst = append(dst, `,"events":`...)
	dst = AppendEvents(dst, events)
	dst = strconv.AppendInt(append(dst, `,"index":`...), index, 10)
	return append(dst, '}')
}

// AppendEvents appends the canonical array of events.
func AppendEvents(dst []byte, events [][]byte) []byte {
	for i, e := range events {
		dst = append(append(dst, "[,"[min(i, 1)]), e...)
	}
	return append(dst, ']')
}
