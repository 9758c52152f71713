package secretariat

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"kurultai/record"
)

// A Slot is the key of a subject as machines that keep one record give it to each other. Where two machines have drawn
// one for the same subject, that of the later term stands: whoever has the pen learns first from a majority what was
// drawn before, and that majority takes nothing of an earlier term from then on, so the earlier key was used nowhere.
type Slot struct {
	Subject [32]byte          // SHA-256 of the subject
	Key     record.SubjectKey // zeros: destroyed. No machine destroys what it has on the word of another: the record says who is forgotten
	Term    int64             // of the pen it was drawn with
}

// ErrTerm says that a machine has promised a later pen to take no key of this one.
var ErrTerm = errors.New("another has the pen by now")

// shared is what a machine knows of keys that several keep. It lies in a file beside the keys: slots of 40 bytes, the
// hash of a subject and the term its key was drawn in; under the hash of nothing the term promised.
type shared struct {
	file     *os.File
	end      int64
	terms    map[[32]byte]int64
	promised int64
	term     int64                     // of the pen this machine has
	spread   func(int64, []Slot) error // gives slots to a majority of the others
	pending  map[[32]byte]bool         // slots that may not be on a majority
}

// Share keeps the keys together with other machines from now on: what is drawn is on a majority of disks before it is
// used. spread gives slots of a term to the others and returns once a majority of all machines, with this one, has them.
func (k *SubjectKeys) Share(path string, spread func(term int64, slots []Slot) error) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("opening the terms of the subject keys: %w", err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	sh := &shared{file: f, terms: map[[32]byte]int64{}, spread: spread, pending: map[[32]byte]bool{}}
	for sh.end = 0; sh.end+termSize <= int64(len(b)); sh.end += termSize {
		slot := b[sh.end:]
		term := int64(binary.BigEndian.Uint64(slot[32:]))
		if hash := [32]byte(slot); hash == [32]byte{} {
			sh.promised = term
		} else {
			sh.terms[hash] = term
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.shared = sh
	return nil
}

const termSize = 40

// note writes terms down, durably. k.mu is held.
func (sh *shared) note(hashes [][32]byte, term int64) error {
	var b []byte
	for _, h := range hashes {
		b = binary.BigEndian.AppendUint64(append(b, h[:]...), uint64(term))
	}
	_, err := sh.file.WriteAt(b, sh.end)
	if err == nil {
		err = sh.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("writing the terms of subject keys: %w", err)
	}
	sh.end += int64(len(b))
	for _, h := range hashes {
		if h == [32]byte{} {
			sh.promised = term
		} else {
			sh.terms[h] = term
		}
	}
	return nil
}

// Promise takes no key of an earlier term from now on, and lists what is here. Of term 0 it lists alone.
func (k *SubjectKeys) Promise(term int64) ([]Slot, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.promise(term); err != nil && term > 0 {
		return nil, err
	}
	slots := make([]Slot, 0, len(k.keys))
	for hash, key := range k.keys {
		slots = append(slots, Slot{hash, key, k.shared.terms[hash]})
	}
	return slots, nil
}

func (k *SubjectKeys) promise(term int64) error {
	switch {
	case k.shared == nil:
		return errors.New("these keys are kept by one machine alone")
	case term < k.shared.promised:
		return fmt.Errorf("%w: %d was promised, this is %d", ErrTerm, k.shared.promised, term)
	case term == k.shared.promised:
		return nil
	}
	return k.shared.note([][32]byte{{}}, term)
}

// Accept keeps the slots that whoever has the pen of a term gives.
func (k *SubjectKeys) Accept(term int64, slots []Slot) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.promise(term); err != nil {
		return err
	}
	return k.keep(slots, func(mine, theirs Slot) bool { return true }, term)
}

// Learn keeps of the slots that another machine listed those that stand before what is here.
func (k *SubjectKeys) Learn(slots []Slot) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keep(slots, func(mine, theirs Slot) bool { return theirs.Term > mine.Term }, 0)
}

// keep takes up slots that are not here, and those that stand before what is here; term 0: under their own terms.
// k.mu is held.
func (k *SubjectKeys) keep(slots []Slot, before func(mine, theirs Slot) bool, term int64) error {
	var fresh []byte
	took := map[[32]byte]bool{}
	terms := map[int64][][32]byte{}
	for _, s := range slots {
		mine, have := k.keys[s.Subject]
		gone := s.Key == (record.SubjectKey{})
		switch {
		case took[s.Subject], have && (gone || mine == s.Key || mine == (record.SubjectKey{})):
			continue
		case have && !before(Slot{s.Subject, mine, k.shared.terms[s.Subject]}, s):
			continue
		}
		took[s.Subject] = true
		fresh = append(append(fresh, s.Subject[:]...), s.Key[:]...) // behind what is here: that may have sealed something
		of := s.Term
		if term > 0 {
			of = term
		}
		terms[of] = append(terms[of], s.Subject)
	}
	for of, hashes := range terms {
		if err := k.shared.note(hashes, of); err != nil {
			return err
		}
	}
	at := k.end
	if err := k.write(fresh); err != nil { // what cannot be written is not here
		return err
	}
	for ; len(fresh) > 0; fresh, at = fresh[slotSize:], at+slotSize {
		k.put([32]byte(fresh), slot{at, record.SubjectKey(fresh[32:slotSize])})
	}
	return nil
}

// Lead takes up the pen of a term: heard is what each of the others that promised it lists, of so many machines in all.
// What fewer than a majority has is spread again, for it may have been drawn and never used.
func (k *SubjectKeys) Lead(term int64, machines int, heard [][]Slot) error {
	if _, err := k.Promise(term); err != nil {
		return err
	}
	if 2*(len(heard)+1) <= machines {
		return fmt.Errorf("%d of %d machines have said which keys they have, and a majority is needed", len(heard)+1, machines)
	}
	for _, slots := range heard {
		if err := k.Learn(slots); err != nil {
			return err
		}
	}
	k.drawing.Lock()
	defer k.drawing.Unlock()
	k.mu.Lock()
	same := map[[32]byte]int{}
	for _, slots := range heard {
		for _, s := range slots {
			if k.keys[s.Subject] == s.Key {
				same[s.Subject]++
			}
		}
	}
	k.shared.term = term
	clear(k.shared.pending)
	for hash, key := range k.keys {
		if 2*(same[hash]+1) <= machines && key != (record.SubjectKey{}) {
			k.shared.pending[hash] = true
		}
	}
	k.mu.Unlock()
	return k.spread()
}

// appendShared is append where others keep the keys too: what is drawn is to be spread. k.mu is held.
func (k *SubjectKeys) appendShared(fresh []byte) error {
	var hashes [][32]byte
	for b := fresh; len(b) > 0; b = b[slotSize:] {
		hashes = append(hashes, [32]byte(b))
	}
	if len(hashes) == 0 {
		return nil
	}
	if err := k.shared.note(hashes, k.shared.term); err != nil {
		for _, h := range hashes {
			delete(k.slots, h)
			delete(k.keys, h)
		}
		return err
	}
	if err := k.append(fresh); err != nil {
		return err
	}
	for _, h := range hashes {
		k.shared.pending[h] = true
	}
	return nil
}

// spread gives to a majority what may be on fewer disks. What could not be given is given before the next key is used.
// k.drawing is held, and k.mu is not: readers do not wait for other machines.
func (k *SubjectKeys) spread() error {
	k.mu.Lock()
	term := k.shared.term
	var slots []Slot
	for h := range k.shared.pending {
		slots = append(slots, Slot{h, k.keys[h], term})
	}
	k.mu.Unlock()
	if len(slots) == 0 {
		return nil
	}
	if err := k.shared.spread(term, slots); err != nil {
		return fmt.Errorf("giving the keys of subjects to a majority: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.shared.pending)
	return nil
}
