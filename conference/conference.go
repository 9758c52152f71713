// Package conference decides: given what has happened and an act somebody submits, may it be done, and what
// does it cause. It is arithmetic over values. It reads no clock, draws no chance, waits for no lock and touches
// no disk, so whoever holds the record can decide every act again and must come to the same events.
//
//	Attested(state, submitted, attestations) refusal     asked first
//	Decide(state, submitted, at) (events, refusal)
//	Fold(state, entry)                                   what an entry changes
//
// A [State] is a value; copying it is a snapshot. Each part of it has a file that holds that part's state, acts,
// events and refusals together: to change how the floor works, open floor.go. [Catalogue] lists every act once.
package conference

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kurultai/record"
	"kurultai/record/canonical"
)

// A Code names a refusal. Codes are an interface: programs match on them, people read a sentence in their language.
type Code string

// A Refusal is a lawful no. It leaves nothing behind.
type Refusal struct {
	Code Code
	Args []string // what the sentence names, in the order its places are numbered
	Rule string   // rule or article it rests on
}

func (r *Refusal) Error() string {
	s := string(r.Code)
	for _, a := range r.Args {
		s += " " + a
	}
	return s
}

func refuse(code Code, rule string, args ...any) *Refusal {
	r := &Refusal{Code: code, Rule: rule}
	for _, a := range args {
		text := fmt.Sprint(a)
		if _, ok := a.([]Capacity); ok {
			text = strings.Trim(strings.ReplaceAll(text, " ", ", "), "[]")
		}
		r.Args = append(r.Args, text)
	}
	return r
}

// ErrUpgradeNeeded says that the record is under an edition this program does not know. It accuses nobody.
var ErrUpgradeNeeded = errors.New("upgrade needed: the record is under a later edition of the rules of this program")

// A Call is an act on its way through Decide, as the functions of the catalogue see it.
type Call struct {
	*record.Submitted
	At      record.Instant
	edition *edition
	act     *Act
}

// Decide says what submitted causes at the given time in the state, or why it may not be. A closed act is decided
// by the writer alone, for its decision may read what is closed.
func Decide(s *State, submitted *record.Submitted, at record.Instant) ([]Event, *Refusal) {
	ed := editions[s.editionInForce()]
	if ed == nil {
		return nil, refuse("edition-unknown", "doc/record.md 5", s.Edition)
	}
	act := ed.acts[submitted.Name]
	if act == nil {
		return nil, refuse("edition-unknown", "doc/record.md 5", submitted.Name)
	}
	c := &Call{submitted, at, ed, act}
	if r := s.admissible(c); r != nil {
		return nil, r
	}
	if act.Desk {
		return s.deciding(c)
	}
	return act.decide(s, c)
}

// admissible asks what is asked of every act, whatever its name.
func (s *State) admissible(c *Call) *Refusal {
	if c.Name != "TimeCame" {
		for d := range s.Due(c.At) {
			return refuse("due-first", "doc/record.md 6", d)
		}
	}
	if c.NotAfter != nil {
		if c.At > *c.NotAfter {
			return refuse("too-late", "doc/record.md 7", *c.NotAfter)
		}
		if *c.NotAfter > c.At.AddHours(24) {
			return refuse("not-after-too-far", "doc/record.md 7", *c.NotAfter)
		}
	}
	if !c.act.Closed && Capacity(c.As) != Clock { // what falls due on several days has one key each time; what came is not due any more
		if _, used := s.Key(c.By, c.Key); used {
			return refuse("key-reused", "doc/record.md 7")
		}
	}
	if (s.Body.ID == "") != (c.Name == "FoundBody") {
		return map[bool]*Refusal{true: refuse("no-body", "doc/record.md 5"), false: refuse("body-exists", "doc/record.md 5", s.Body.ID)}[s.Body.ID == ""]
	}
	if r := s.capable(c); r != nil {
		return r
	}
	for _, a := range c.About {
		if now, ok := s.Version(a.Kind, a.ID); !ok || now != a.Version {
			return refuse("stale", "doc/record.md 5", a.Kind, a.ID)
		}
	}
	return nil
}

// capable asks whether the author, and whoever signs with the author, holds the capacity named.
func (s *State) capable(c *Call) *Refusal {
	if !slices.Contains(c.act.Who, Capacity(c.As)) {
		return refuse("wrong-capacity", c.act.Rule, c.As, c.act.Who)
	}
	if c.Name == "FoundBody" {
		return nil // the offices it grants are what it says
	}
	if Capacity(c.As) == Clock {
		if c.By != "clock" {
			return refuse("wrong-capacity", c.act.Rule, c.As, c.act.Who)
		}
		return nil
	}
	if Capacity(c.As) == Myself {
		if s.somebody(PersonID(c.By), c.At) != nil {
			return refuse("not-holder", c.act.Rule, c.By, c.As)
		}
		return nil
	}
	if !s.Holds(PersonID(c.By), Capacity(c.As), PartyID(c.For), c.At) {
		return refuse("not-holder", c.act.Rule, c.By, c.As)
	}
	if !c.act.TwoPersons {
		return nil
	}
	if len(c.With) != 1 || c.With[0].By == c.By {
		return refuse("one-person-only", c.act.Rule)
	}
	if w := c.With[0]; !slices.Contains(c.act.Who, Capacity(w.As)) || !s.Holds(PersonID(w.By), Capacity(w.As), PartyID(c.For), c.At) {
		return refuse("not-holder", c.act.Rule, w.By, w.As)
	}
	return nil
}

// Fold changes the state by an entry: first the act's key, then each event. Closed entries change nothing here.
// It fails only with ErrUpgradeNeeded, or for an entry whose events are of no kind this edition knows.
func (s *State) Fold(e *record.Entry) error {
	if e.Closed != "" {
		s.folded(e)
		return nil
	}
	events := make([]Event, len(e.Events))
	for i, v := range e.Events {
		var err error
		if events[i], err = s.ParseEvent(v); err != nil {
			return fmt.Errorf("entry %d: event %d: %w", e.Index, i, err)
		}
	}
	return s.FoldDecided(e, events)
}

// FoldDecided is Fold for an entry whose events were just decided and are at hand.
func (s *State) FoldDecided(e *record.Entry, events []Event) error {
	if editions[s.editionInForce()] == nil {
		return ErrUpgradeNeeded
	}
	s.folded(e)
	s.acceptKey(e)
	for n, event := range events {
		s.Apply(e.Index, int64(n), e.At, event)
	}
	return nil
}

func (s *State) folded(e *record.Entry) { s.Size, s.Last = e.Index+1, e.At }

// FoldClosed changes the closed part of the state, which the writer alone holds, by an opened entry.
func (s *State) FoldClosed(e *record.Entry, events []Event) {
	for _, event := range events {
		if note, ok := event.Body.(*NoteFiled); ok {
			s.closed.notes = s.closed.notes.Set(string(note.Note), e.Index)
		}
		s.foldNote(e, event.Body)
	}
}

// closed is what closed entries tell the writer. No open act's decision reads it.
type closed struct {
	notes   Ordered[string, int64]
	sent    Ordered[int64, Note]   // sealed notes, by entry
	numbers Ordered[string, int64] // theirs, as PARTY/NUMBER: the entry
}

// A Key is an accepted key of an act: whose, the digest of the bytes it came with, and the entry it became.
type Key struct {
	Digest [32]byte // SHA-256
	Index  int64
	who    [32]byte // SHA-256 of author and key
}

// Key finds an accepted key of the UTC day of the newest entry or of the day before.
func (s *State) Key(by, key string) (Key, bool) {
	who := sha256.Sum256([]byte(by + "/" + key))
	for _, keys := range []Ordered[int64, Key]{s.keysToday, s.keysBefore} {
		if _, k, ok := slot(keys, who); ok {
			return k, true
		}
	}
	return Key{}, false
}

// slot finds a key, or the place where it would stand. A number is compared faster than a text, and of a million keys
// the first bytes of a digest tell one from the others; where they do not, the next place is taken.
func slot(keys Ordered[int64, Key], who [32]byte) (at int64, k Key, ok bool) {
	for at = int64(binary.BigEndian.Uint64(who[:])); ; at++ {
		if k, ok = keys.Get(at); !ok || k.who == who {
			return at, k, ok
		}
	}
}

func (s *State) acceptKey(e *record.Entry) {
	if day := e.At.Day(); day != s.keysDay {
		s.keysBefore, s.keysToday = s.keysToday, Ordered[int64, Key]{}
		if day != s.keysDay+1 {
			s.keysBefore = Ordered[int64, Key]{}
		}
		s.keysDay = day
	}
	who := sha256.Sum256([]byte(e.Act.By + "/" + e.Act.Key))
	at, _, _ := slot(s.keysToday, who)
	s.keysToday = s.keysToday.Set(at, Key{sha256.Sum256([]byte(e.Act.Text())), e.Index, who})
}

// Decided encodes events, each as it stands in an entry.
func Decided(events []Event) [][]byte {
	out := make([][]byte, len(events))
	for i, e := range events {
		out[i] = e.Append(nil)
	}
	return out
}

// AppendDecided appends the canonical array of events, as an entry holds it.
func AppendDecided(dst []byte, events []Event) []byte {
	for i, e := range events {
		dst = e.Append(append(dst, "[,"[min(i, 1)]))
	}
	return append(dst, ']')
}

// EditionKnown reports whether this program knows the edition in force.
func (s *State) EditionKnown() bool { return editions[s.editionInForce()] != nil }

// An Event is a fact in the past tense: a pointer to one of the structs of the catalogue, and how it was reported
// where it was.
type Event struct {
	Body     any
	Reported *Reported
}

// Kind is the event's name in the catalogue.
func (e Event) Kind() string { return kindNameOf(e.Body) }

// Notices are what the author of an accepted act is told besides: a code, what its sentence names, the rule. They
// follow from the events, so whoever replays an entry comes to the same, and they change nothing.
func Notices(events []Event) (told []Refusal) {
	for _, e := range events {
		if n, ok := e.Body.(interface{ notice() *Refusal }); ok {
			if r := n.notice(); r != nil {
				told = append(told, *r)
			}
		}
	}
	return told
}

// Append appends the canonical bytes of e.
func (e Event) Append(dst []byte) []byte {
	besides := make([]canonical.Member, 1, 2)
	besides[0] = canonical.Member{Key: "kind", Value: canonical.AppendString(nil, e.Kind())}
	if e.Reported != nil {
		besides = append(besides, canonical.Member{Key: "reported", Value: canonical.Encode(nil, e.Reported)})
	}
	return canonical.Encode(dst, e.Body, besides...)
}

// ParseEvent reads an event under the edition in force.
func (s *State) ParseEvent(v canonical.Value) (Event, error) {
	ed := editions[s.editionInForce()]
	if ed == nil {
		return Event{}, ErrUpgradeNeeded
	}
	return ed.parseEvent(v)
}

func (ed *edition) parseEvent(v canonical.Value) (Event, error) {
	name := v.Get("kind").Str
	k := ed.kinds[name]
	if k == nil {
		return Event{}, fmt.Errorf("no kind of event is called %q", name)
	}
	e := Event{Body: k.zero()}
	if r := v.Get("reported"); r.Kind != canonical.Invalid {
		e.Reported = new(Reported)
		if err := canonical.Decode(r, e.Reported); err != nil {
			return Event{}, fmt.Errorf("%s: reported.%w", name, err)
		}
	}
	if err := canonical.Decode(v, e.Body, "kind", "reported"); err != nil {
		return Event{}, fmt.Errorf("%s: %w", name, err)
	}
	return e, nil
}
