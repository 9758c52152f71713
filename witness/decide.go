package witness

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
)

// ErrNotDecided is of evidence that shows what the log signed and, without the entries before it, not that it may not be.
var ErrNotDecided = errors.New("what the log signed is shown, and not that it may not be: for that the entries before it are decided again, and they are not here")

// Entries yields the entries that stand behind the evidence in its file, from the first of the record on.
func (e Evidence) Entries(file []byte) iter.Seq2[record.Stored, error] {
	return func(yield func(record.Stored, error) bool) {
		_, rest, _ := strings.Cut(string(file), "\n")
		for index := int64(0); rest != ""; index++ {
			line, behind, whole := strings.Cut(rest, "\n")
			if !whole || index >= e.Before || index == e.Before-1 && behind != "" {
				yield(record.Stored{}, fmt.Errorf("behind the evidence stand other lines than its %d entries", e.Before))
				return
			}
			if !yield(record.Stored{Index: index, Bytes: []byte(line), Hash: tlog.RecordHash([]byte(line))}, nil) {
				return
			}
			rest = behind
		}
	}
}

// Decide shows whether evidence holds, and gives back what it rightly says: entries are those of the record, from the first
// on, as many as it needs or more. They are held against the tree that the log signed and decided again; what somebody
// wrote of an entry counts for nothing. ErrNotDecided: there are too few of them.
func (e Evidence) Decide(ctx context.Context, key *record.Verifier, entries iter.Seq2[record.Stored, error]) (Evidence, error) {
	err := e.Check(key)
	if err != nil || e.Kind == "fork" {
		return e, err
	}
	if e.Kind == "entry" && e.Before != e.Entry || e.Kind == "not-our-key" && e.Before <= e.Entry {
		return e, fmt.Errorf("of entry %d it is not the first %d that decide", e.Entry, e.Before)
	}
	_, _, large, err := Cosignatures(key, nil, []byte(e.Large))
	if err != nil {
		return e, err
	}
	r := &Replay{Origin: key.Name()}
	if e.Before > 0 {
		for stored, err := range entries {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = r.Next(stored)
			}
			if err != nil {
				return e, fmt.Errorf("the entries before it: %w", err)
			}
			if r.Finding.Size == e.Before {
				break
			}
		}
	}
	switch {
	case r.Finding.Size < e.Before:
		return e, ErrNotDecided
	case r.Finding.Upgrade > 0:
		return e, fmt.Errorf("upgrade needed: from entry %d on the record is under a later edition", r.Finding.Upgrade)
	case e.Before > 0:
		proof, err := parseHashes(e.BeforeProof)
		if err != nil {
			return e, err
		}
		if tlog.CheckTree(proof, large.Size, large.Root, e.Before, r.Root()) != nil {
			return e, fmt.Errorf("the first %d entries are not those of the tree that the log signed", e.Before)
		}
	}
	if e.Kind == "not-our-key" {
		return e, e.inName(&r.State)
	}
	why := r.Next(record.Stored{Index: e.Entry, Bytes: []byte(e.Bytes), Hash: tlog.RecordHash([]byte(e.Bytes))})
	switch {
	case why == nil && r.Finding.Upgrade > 0:
		return e, fmt.Errorf("upgrade needed: entry %d is under a later edition", e.Entry)
	case why == nil:
		return e, fmt.Errorf("entry %d is what its rules allow: the record was decided again up to it", e.Entry)
	case !e.says(why):
		return e, why
	}
	return e, nil
}

// inName checks that a node of the party speaks, and of a key that acts in that party's name.
func (e Evidence) inName(s *conference.State) error {
	said, err := Said(e.Node, SaysNotOurs, 5, []byte(e.Claim))
	if err != nil {
		return err
	}
	party := conference.PartyID(said[2])
	if !slices.ContainsFunc(s.Nodes(), func(n conference.Node) bool {
		return n.Verifier == e.Node && n.Party == party && n.Withdrawn == 0
	}) {
		return fmt.Errorf("whoever says so is no node of %s that the record knows", party)
	}
	for x := range keysOf(s, party) {
		if x == (Stranger{e.Entry, said[3], said[4]}) {
			return nil
		}
	}
	return fmt.Errorf("the key of entry %d does not act in the name of %s", e.Entry, party)
}
