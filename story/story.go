// Package story reads, plays and writes stories: the acts of a record as canonical JSON Lines, one act a line,
// readable in a diff (doc/record.md section 12).
//
//	{"act":{"as":"Chair","by":"7d…","key":"…","meeting":"vii","name":"OpenMeeting"},"at":"2027-06-08T05:00:00.000Z"}
//
// Stories that ship are embedded: "baku" and "xviii" hold what press reports tell of two real meetings and nothing
// else; "training" is a body of invented states; "treaty" is the same body in earlier years, with the whole life of its founding
// agreement; "drafting" is one draft of that body on its way from a delegation's pen to a resolution, "undertakings" what
// its decisions obliged whom to do by when, and "registry" its notes verbales of a summer, whose keys stand in testdata.
package story

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
)

//go:embed *.jsonl
var shipped embed.FS

// Shipped returns a story that ships by its name, "baku".
func Shipped(name string) ([]byte, bool) {
	b, err := shipped.ReadFile(name + ".jsonl")
	return b, err == nil
}

// Names lists the stories that ship.
func Names() (names []string) {
	entries, err := shipped.ReadDir(".")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".jsonl"))
	}
	return names
}

// A Line is one line of a story.
type Line struct {
	Number  int // from 1
	At      record.Instant
	Act     canonical.Value // submitted half without origin; of a closed entry nothing
	Closed  record.Digest   // an entry that stays closed
	Opened  []Opened
	Blobs   [][]byte
	Nonce   *[32]byte
	Refused conference.Code // the refusal this line announces, or ""
}

// Opened is a sealed value in the open; of a private blob, whose plain bytes stand among the line's blobs, the value is
// their SHA-256.
type Opened struct {
	Key   string          `json:"key,omitempty"` // of a private blob: 32 bytes of base64url
	Name  string          `json:"name"`
	Salt  string          `json:"salt"`
	Value canonical.Value `json:"value"`
}

// line is a Line as it is written.
type line struct {
	Act     *canonical.Value `json:"act,omitempty"`
	At      record.Instant   `json:"at"`
	Blobs   []string         `json:"blobs,omitempty"`
	Closed  record.Digest    `json:"closed,omitempty"`
	Nonce   string           `json:"nonce,omitempty"`
	Opened  []Opened         `json:"opened,omitempty"`
	Refused string           `json:"refused,omitempty"`
}

// A LineError says which line of a story is wrong. Err may be a *conference.Refusal.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// maxLine bounds the size of a line, which may hold blobs. Tests lower it.
var maxLine = 256 << 20

// Parse reads a story. Errors are *LineError.
func Parse(r io.Reader) ([]Line, error) {
	var lines []Line
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	in.Split(wholeLines)
	for in.Scan() {
		l, err := parseLine(in.Text())
		if l.Number = len(lines) + 1; err != nil {
			return nil, &LineError{l.Number, err}
		}
		lines = append(lines, l)
	}
	if err := in.Err(); err != nil {
		return nil, &LineError{len(lines) + 1, err}
	}
	if len(lines) == 0 {
		return nil, &LineError{1, errors.New("the story is empty")}
	}
	return lines, nil
}

// wholeLines splits at line ends and keeps what precedes them as it is; the last line ends like the others.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, errors.New("the last line does not end")
	}
	return 0, nil, nil
}

func parseLine(text string) (l Line, err error) {
	v, err := canonical.Parse(text)
	if err != nil {
		return l, err
	}
	var raw line
	if err := canonical.Decode(v, &raw); err != nil {
		return l, err
	}
	l = Line{At: raw.At, Closed: raw.Closed, Opened: raw.Opened, Refused: conference.Code(raw.Refused)}
	if (raw.Act == nil) == (raw.Closed == "") {
		return l, errors.New("a line is an act or a closed entry")
	}
	if raw.Closed != "" && (raw.Blobs != nil || raw.Nonce != "" || raw.Opened != nil || raw.Refused != "") {
		return l, errors.New("a closed entry has nothing beside it")
	}
	if raw.Act != nil {
		l.Act = *raw.Act
	}
	if l.Act.Get("origin").Kind != canonical.Invalid {
		return l, errors.New("an act in a story has no origin: it gets that of the record it is played into")
	}
	for _, b := range raw.Blobs {
		blob, err := canonical.DecodeBytes(b)
		if err != nil {
			return l, fmt.Errorf("blobs: %w", err)
		}
		l.Blobs = append(l.Blobs, blob)
	}
	if raw.Nonce != "" {
		b, err := canonical.DecodeBytes(raw.Nonce)
		if err != nil || len(b) != 32 {
			return l, errors.New("nonce: not 32 bytes of base64url")
		}
		l.Nonce = (*[32]byte)(b)
	}
	return l, nil
}

// Append writes the line as it stands in a story.
func (l Line) Append(dst []byte) []byte {
	raw := line{At: l.At, Closed: l.Closed, Opened: l.Opened, Refused: string(l.Refused)}
	if l.Act.Kind != canonical.Invalid {
		raw.Act = &l.Act
	}
	for _, b := range l.Blobs {
		raw.Blobs = append(raw.Blobs, canonical.EncodeBytes(b))
	}
	if l.Nonce != nil {
		raw.Nonce = canonical.EncodeBytes(l.Nonce[:])
	}
	return append(canonical.Encode(dst, raw), '\n')
}

// act is what is submitted for the line to the record of an origin, to become entry index at the earliest.
func (l Line) act(origin string, index int64, founding bool) (*secretariat.Act, error) {
	a := &secretariat.Act{Closed: l.Closed, Nonce: l.Nonce, Blobs: l.Blobs, Unopened: founding}
	if founding {
		a.At = &l.At
	} else if l.Closed != "" {
		return nil, errors.New("a closed entry without its opening can only be played into a new record")
	}
	if l.Closed != "" {
		return a, nil
	}
	s, err := record.ParseSubmitted(with(l.Act, "origin", origin), index)
	if err != nil {
		return nil, err
	}
	a.Submitted = s
	n := len(record.Blobs(s.Fields))
	for _, o := range l.Opened {
		if o.Key != "" {
			n++
		}
	}
	if len(l.Blobs) > 0 && len(l.Blobs) != n {
		return nil, fmt.Errorf("blobs: the act names %d", n)
	}
	if !slices.IsSortedFunc(l.Opened, places(s.Fields)) {
		return nil, errors.New("opened: not in the order in which the digests stand in the act")
	}
	for _, o := range l.Opened {
		a.Disclosures = append(a.Disclosures, o.Disclosure())
	}
	return a, nil
}

// Disclosure is what o opens with. A key that is none opens nothing: the door will not take it.
func (o Opened) Disclosure() record.Disclosure {
	if o.Key == "" {
		return record.Disclose(o.Salt, o.Name, o.Value)
	}
	key, err := canonical.DecodeBytes(o.Key)
	if err != nil || len(key) != len(record.BlobKey{}) || o.Value.Kind != canonical.String {
		return ""
	}
	return record.DiscloseBlob(o.Salt, record.Digest(o.Value.Str), record.BlobKey(key))
}

// openedOf is a disclosure of what stands at ref as it stands in a story.
func openedOf(ref record.Reference, d record.Disclosure) (Opened, error) {
	if !ref.Private {
		salt, name, value, err := d.Open()
		return Opened{Name: name, Salt: salt, Value: value}, err
	}
	salt, plain, key, err := d.OpenBlob()
	return Opened{canonical.EncodeBytes(key[:]), ref.Name, salt, canonical.Value{Kind: canonical.String, Str: string(plain)}}, err
}

// places compares openings by the places of their digests below fields. One that fits none comes first: the door
// will not take it.
func places(fields canonical.Value) func(a, b Opened) int {
	refs := record.References(fields)
	place := func(o Opened) int {
		d := o.Disclosure().Digest()
		return slices.IndexFunc(refs, func(r record.Reference) bool { return r.Digest == d })
	}
	return func(a, b Opened) int { return place(a) - place(b) }
}

// with returns an object with a string member put in that it did not have, as if it had been parsed.
func with(v canonical.Value, key, text string) canonical.Value {
	at, _ := slices.BinarySearch(v.Keys, key)
	if v.Kind != canonical.Object {
		return v
	}
	out := canonical.Value{Kind: canonical.Object, Keys: slices.Insert(slices.Clone(v.Keys), at, key)}
	out.Items = slices.Insert(slices.Clone(v.Items), at, canonical.Value{Kind: canonical.String, Str: text})
	out.Str = string(canonical.Append(nil, out))
	return out
}

// without returns an object without a member.
func without(v canonical.Value, key string) canonical.Value {
	at, found := slices.BinarySearch(v.Keys, key)
	if !found {
		return v
	}
	out := canonical.Value{Kind: canonical.Object, Keys: slices.Delete(slices.Clone(v.Keys), at, at+1)}
	out.Items = slices.Delete(slices.Clone(v.Items), at, at+1)
	out.Str = string(canonical.Append(nil, out))
	return out
}

// BodyOf is the id of the body a story founds.
func BodyOf(lines []Line) (string, error) {
	first := lines[0].Act
	id := first.Get("fields").Get("id").Str
	if first.Get("name").Str != "FoundBody" || !record.IsID(id) {
		return "", &LineError{1, errors.New("a story that founds a record begins with FoundBody")}
	}
	return id, nil
}

// A Played line is what became of it.
type Played struct {
	Line    Line
	Receipt secretariat.Receipt
	Refusal *conference.Refusal // the announced one
}

// Rehearsed is a line ready to be submitted, and the refusal it was met with as announced.
type Rehearsed struct {
	Act     *secretariat.Act
	Refusal *conference.Refusal
}

// Rehearse decides the whole story after v and appends nothing. The first line whose outcome is not as it
// announces is a *LineError.
func Rehearse(ctx context.Context, v *secretariat.View, origin string, lines []Line, clock func() record.Instant, chance io.Reader) ([]Rehearsed, error) {
	founding := v.State().Size == 0
	if founding {
		if _, err := BodyOf(lines); err != nil {
			return nil, err
		}
	}
	take := v.Rehearse(origin, clock, chance)
	next := v.State().Size
	acts := make([]Rehearsed, len(lines))
	for i, l := range lines {
		var r *conference.Refusal
		a, err := l.act(origin, next, founding)
		if founding && i > 0 && l.At < lines[i-1].At {
			err = fmt.Errorf("%s is earlier than the line before, %s", l.At, lines[i-1].At)
		}
		if act, ok := v.State().Lookup(l.Act.Get("name").Str); ok && l.Nonce != nil && !act.Closed {
			err = errors.New("nonce: the entry of this act is not closed")
		}
		if err == nil {
			var receipt secretariat.Receipt
			receipt, err = take(ctx, a)
			if founding && receipt.Again {
				err = fmt.Errorf("the act of entry %d again", receipt.Index)
			}
			if errors.As(err, &r) && l.Refused != "" && r.Code == l.Refused {
				err = nil
			} else if err == nil && l.Refused != "" {
				err = fmt.Errorf("announced as refused, %s, but it was taken", l.Refused)
			}
		}
		if err != nil {
			return nil, &LineError{l.Number, err}
		}
		if acts[i] = (Rehearsed{a, r}); l.Refused == "" {
			next++
		}
	}
	return acts, nil
}

// Play decides the whole story first and then has s take its acts. before, if not nil, is called ahead of each
// line and may wait; told is called with each outcome.
func Play(ctx context.Context, s *secretariat.Secretariat, origin string, lines []Line, clock func() record.Instant, chance io.Reader, before func() error, told func(Played)) error {
	acts, err := Rehearse(ctx, s.View(), origin, lines, clock, chance)
	if err != nil {
		return err
	}
	if before == nil {
		return playAtOnce(ctx, s, lines, acts, told)
	}
	for i, a := range acts {
		if err := before(); err != nil {
			return err
		}
		p := Played{Line: lines[i]}
		p.Receipt, err = s.Do(ctx, a.Act)
		if errors.As(err, &p.Refusal) && p.Refusal.Code == lines[i].Refused {
			err = nil
		}
		if err != nil {
			return &LineError{lines[i].Number, err}
		}
		told(p)
	}
	return nil
}

// playAtOnce lets the writer group the acts that are taken; what was refused in rehearsal is not asked again.
func playAtOnce(ctx context.Context, s *secretariat.Secretariat, lines []Line, acts []Rehearsed, told func(Played)) error {
	var taken []*secretariat.Act
	for i, a := range acts {
		if lines[i].Refused == "" {
			taken = append(taken, a.Act)
		}
	}
	receipts, err := s.DoAll(ctx, taken)
	for i := range lines {
		p := Played{Line: lines[i]}
		if lines[i].Refused != "" {
			p.Refusal = acts[i].Refusal
		} else if len(receipts) == 0 {
			return &LineError{lines[i].Number, err}
		} else {
			p.Receipt, receipts = receipts[0], receipts[1:]
		}
		told(p)
	}
	return nil
}

// Export writes a record as a story: with the openings published to all, or with every one that is still to be
// had. It returns how many attestations it left out.
func Export(ctx context.Context, v *secretariat.View, private bool, w io.Writer) (attestations int, err error) {
	open := v.State().Disclosed(conference.Reader{})
	for index := range v.State().Size {
		text, err := v.Entry(ctx, index)
		if err != nil {
			return 0, fmt.Errorf("entry %d: %w", index, err)
		}
		e, err := record.ParseEntry(string(text), index)
		if err != nil {
			return 0, err
		}
		attestations += len(e.Attestations)
		l, err := exported(ctx, v, e, func(d record.Digest) bool { return private || open[d] }, private)
		if err != nil {
			return 0, fmt.Errorf("entry %d: %w", index, err)
		}
		if _, err := w.Write(l.Append(nil)); err != nil {
			return 0, fmt.Errorf("writing the story: %w", err)
		}
	}
	return attestations, nil
}

// exported is the line of an entry.
func exported(ctx context.Context, v *secretariat.View, e *record.Entry, may func(record.Digest) bool, private bool) (Line, error) {
	l := Line{At: e.At, Closed: e.Closed}
	submitted := &e.Act
	if e.Closed != "" {
		opening, err := v.OpenClosed(ctx, e.Closed)
		if !private || err != nil {
			return l, nil
		}
		inside, err := record.OpenClosed(opening, e.Index)
		if err != nil {
			return l, nil
		}
		l.Closed, l.Nonce, submitted = "", (*[32]byte)(opening), &inside.Act
	}
	act, err := canonical.Parse(submitted.Text())
	if err != nil {
		panic(err) // it was parsed before
	}
	l.Act = without(act, "origin")
	files := map[record.Digest]bool{}
	for _, ref := range record.References(submitted.Fields) {
		if !may(ref.Digest) {
			continue
		}
		d, err := v.Open(ctx, ref.Digest)
		if err != nil {
			continue // forgotten, or never came
		}
		if o, err := openedOf(ref, d); err == nil {
			l.Opened = append(l.Opened, o)
			files[ref.Digest] = o.Key != ""
		}
	}
	for _, ref := range record.Kept(submitted.Fields) {
		of := v.Blob
		if ref.Private {
			if !files[ref.Digest] {
				continue
			}
			of = v.File
		}
		b, err := of(ctx, ref.Digest)
		if err != nil {
			return l, fmt.Errorf("blob %s: %w", ref.Name, err)
		}
		l.Blobs = append(l.Blobs, b)
	}
	return l, nil
}

// Salt rewrites a story in which private values stand as {"private":value}: each gets a salt and leaves its
// digest in its place and an opening beside the act.
func Salt(r io.Reader, chance io.Reader) ([]byte, error) {
	lines, err := Parse(r)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, l := range lines {
		fields, disclosures, err := record.Seal(l.Act.Get("fields"), chance)
		if err != nil {
			return nil, &LineError{l.Number, err}
		}
		refs := record.References(fields)
		var opened []Opened
		for _, d := range disclosures {
			at := slices.IndexFunc(refs, func(r record.Reference) bool { return r.Digest == d.Digest() })
			o, err := openedOf(refs[at], d)
			if err != nil {
				return nil, &LineError{l.Number, err}
			}
			opened = append(opened, o)
		}
		if len(opened) > 0 {
			at, _ := slices.BinarySearch(l.Act.Keys, "fields")
			l.Act.Items = slices.Clone(l.Act.Items)
			l.Act.Items[at] = fields
			l.Opened = append(l.Opened, opened...)
			slices.SortStableFunc(l.Opened, places(fields))
		}
		out = l.Append(out)
	}
	return out, nil
}

// Seal replaces each {"private":value} in the fields of an act by its digest, with a salt drawn from chance, and
// returns what opens them in the order an act brings its disclosures.
func Seal(fields canonical.Value, chance io.Reader) (canonical.Value, []record.Disclosure, error) {
	sealed, beside, err := record.Seal(fields, chance)
	if err == nil && len(beside) > 0 {
		sealed, err = canonical.Parse(string(canonical.Append(nil, sealed)))
	}
	return sealed, beside, err
}
