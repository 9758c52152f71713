// Package witness checks a record that somebody else keeps. It needs nothing but the entries: it decides every
// open act again under the edition the record says is in force, and compares what comes out with what is written.
//
// It depends on record and conference, never on the secretariat, so a member state can build its own checker on it.
package witness

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
)

// A Finding is what a check of a record came to.
type Finding struct {
	Size     int64
	Root     tlog.Hash
	Open     int64 // entries decided again
	Closed   int64 // entries that may not be read here
	Attested int64 // entries that carry attestations, all of them right

	Consequence int64 // open entries of acts of consequence
	Borne       int64 // of these, those that carry attestations
	Required    int64 // of these, those that could not have come without
	Upgrade     int64 // first entry under an edition this program does not know; 0: none
}

// A Disagreement is an entry that the rules in force do not allow, or whose events are not what they cause.
// Refusal is set where the act should have been refused.
type Disagreement struct {
	Index    int64
	Act      string
	Rule     string // of the act, where it was not to be refused
	Refusal  *conference.Refusal
	Expected string // events the act causes, as canonical JSON
	Found    string // events that are written
}

func (d *Disagreement) Error() string {
	if d.Refusal != nil {
		return fmt.Sprintf("entry %d: %s should have been refused: %v (%s)", d.Index, d.Act, d.Refusal, d.Refusal.Rule)
	}
	return fmt.Sprintf("entry %d: %s causes %.300s and the entry says %.300s", d.Index, d.Act, d.Expected, d.Found)
}

// A Replay decides a record again, entry by entry. The zero Replay stands before entry 0.
type Replay struct {
	State   conference.State
	Finding Finding
	Origin  string // every act must be meant for this record

	edge   record.Edge
	expect []byte
}

// Check decides entries again, from the first on. Errors are *record.EntryError, *Disagreement, or the reading's.
// Under an edition this program does not know it goes on checking the form and the tree, and says so in the Finding.
func Check(ctx context.Context, origin string, entries iter.Seq2[record.Stored, error]) (*Replay, error) {
	r := &Replay{Origin: origin}
	for l, err := range r.readAhead(ctx, entries) {
		if err == nil {
			_, err = r.nextOf(l)
		}
		if err != nil {
			return r, err
		}
	}
	r.Finding.Root = r.edge.Root()
	return r, nil
}

// Next checks one entry and folds it.
func (r *Replay) Next(stored record.Stored) error {
	x := read(stored, r.edge.Size(), &r.State)
	return r.next(&x)
}

// nextOf checks entries and folds them, and says how many were right.
func (r *Replay) nextOf(l lot) (n int, err error) {
	for i := range l {
		if err := r.next(&l[i]); err != nil {
			return i, err
		}
	}
	return len(l), nil
}

func (r *Replay) next(x *ahead) error {
	if x.err != nil {
		return x.err
	}
	e := x.entry
	if e.At < r.State.Last && e.Index > 0 {
		return &record.EntryError{Index: e.Index, Why: "is earlier than the entry before it"}
	}
	r.edge.Append(x.Hash)
	r.Finding.Size = r.edge.Size()
	if r.Finding.Upgrade > 0 {
		return nil
	}
	err := r.decide(e, x.verified)
	if errors.Is(err, conference.ErrUpgradeNeeded) {
		r.Finding.Upgrade, err = e.Index, nil
	}
	return err
}

func (r *Replay) decide(e *record.Entry, ahead conference.Verified) error {
	if e.Closed != "" {
		r.Finding.Closed++
		return r.State.Fold(e)
	}
	s := &e.Act
	if s.Origin != r.Origin {
		return &record.EntryError{Index: e.Index, Why: "was meant for the record " + s.Origin}
	}
	if !r.State.EditionKnown() {
		return conference.ErrUpgradeNeeded
	}
	refusal := ahead.Attested(&r.State, s, e.Attestations)
	var events []conference.Event
	if refusal == nil {
		if events, refusal = conference.Decide(&r.State, s, e.At); refusal != nil && refusal.Code == "edition-unknown" && s.Name == "AdoptEdition" {
			return conference.ErrUpgradeNeeded // whoever wrote it knows the edition: a program of that edition can say whether that was right
		}
	}
	if refusal != nil {
		return &Disagreement{Index: e.Index, Act: s.Name, Refusal: refusal}
	}
	r.expect = conference.AppendDecided(r.expect[:0], events)
	if string(r.expect) != e.EventsText() {
		a, _ := r.State.Lookup(s.Name) // it was decided
		return &Disagreement{Index: e.Index, Act: s.Name, Rule: a.Rule, Expected: string(r.expect), Found: e.EventsText()}
	}
	r.Finding.Open++
	r.count(s, len(e.Attestations) > 0)
	return r.State.FoldDecided(e, events)
}

// count counts an act that was decided again before it changes the state.
func (r *Replay) count(s *record.Submitted, attested bool) {
	f := &r.Finding
	if attested {
		f.Attested++
	}
	if r.State.AttestationDue(s) {
		f.Required++
	}
	if a, known := r.State.Lookup(s.Name); known && a.OfConsequence(conference.Capacity(s.As)) {
		f.Consequence++
		if attested {
			f.Borne++
		}
	}
}

// Root is the root of the tree of the entries checked so far.
func (r *Replay) Root() tlog.Hash { return r.edge.Root() }
