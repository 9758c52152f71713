package main

import (
	"bufio"
	"cmp"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/simulation"
)

// The training week again and again: the eighth meeting of the training body, as its story tells it, with a hundred
// parties in the hall, one act in ten attested by the key of who submits it.

const (
	weekParties  = 100
	weekAttested = 10 // one in so many
)

// weekKey signs the record: its origin is bound to it, so that both are the same each time.
func weekKey() (*record.LogKey, error) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return record.NewLogKey(record.StoryOrigin("lakes-and-passes", key.Public().(ed25519.PublicKey)), key)
}

// A weekly writes the week.
type weekly struct {
	*simulation.Script
	out      *bufio.Writer
	state    conference.State
	size     int64
	attest   bool
	origin   string
	ours     mathrand.PCG
	n        uint64
	kinds    map[string]int  // of act: how many entries
	parties  map[string]bool // for whom or about whom something was done
	attested int64
}

// week writes so many entries; attest false: the same acts without attestations.
func week(path string, size int64, attest bool) (*weekly, error) {
	script, err := simulation.NewScript(weekParties)
	if err != nil {
		return nil, err
	}
	log, err := weekKey()
	if err != nil {
		return nil, err
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	w := &weekly{Script: script, out: bufio.NewWriterSize(f, 1<<20), size: size, attest: attest, origin: log.Origin(), ours: *mathrand.NewPCG(1, 2), kinds: map[string]int{}, parties: map[string]bool{}}
	script.State = func() *conference.State { return &w.state }
	script.Submit = func(s *record.Submitted, _ simulation.Enclosed, at record.Instant) error { return w.decide(s, at) }
	err = w.play()
	if errors.Is(err, errAssembled) {
		err = nil
	}
	return w, errors.Join(err, w.out.Flush(), f.Close())
}

func (w *weekly) play() error {
	if err := w.Found(); err != nil {
		return err
	}
	for _, step := range []func() error{w.Admit, w.NameOrigin, w.Enrol} {
		if err := step(); err != nil {
			return err
		}
	}
	days := w.Days(w.state.Last)
	for k := int64(1); ; k++ {
		if err := w.Meet(k, simulation.Later(days*(k-1)), func() error { return nil }); err != nil {
			return err
		}
	}
}

// decide decides an act, and before it what falls due, and writes their entries.
func (w *weekly) decide(s *record.Submitted, at record.Instant) error {
	for {
		due := ""
		for due = range w.state.Due(at) {
			break
		}
		if due == "" {
			break
		}
		came, err := simulation.TimeCame(w.origin, due)
		if err != nil {
			return err
		}
		if err := w.write(came, at, nil); err != nil {
			return fmt.Errorf("what falls due (%s): %w", due, err)
		}
	}
	w.n++
	s.Origin, s.Key = w.origin, simulation.KeyOf(fmt.Sprint("act ", w.n))
	var attestations []record.Attestation
	if key := w.Keys[s.By]; key != nil && len(s.With) == 0 && w.state.SignInAt().Domain != "" && s.Name != "EnrolPasskey" && w.ours.Uint64()%weekAttested == 0 {
		until := at.AddHours(1)
		s.NotAfter = &until
		if w.attest {
			a, err := key.Attest(s, simulation.Domain, simulation.Address)
			if err != nil {
				return err
			}
			attestations = append(attestations, a)
		}
	}
	return w.write(s, at, attestations)
}

func (w *weekly) write(s *record.Submitted, at record.Instant, attestations []record.Attestation) error {
	if w.state.Size == w.size {
		return errAssembled
	}
	if r := conference.Attested(&w.state, s, attestations); r != nil {
		return r
	}
	events, r := conference.Decide(&w.state, s, at)
	if r != nil {
		return r
	}
	b := record.OpenEntry(w.state.Size, at, s, attestations, conference.Decided(events))
	e, err := record.ParseEntry(string(b), w.state.Size)
	if err != nil {
		return err
	}
	w.kinds[s.Name]++
	w.parties[cmp.Or(s.For, s.Fields.Get("party").Str)] = true
	if len(attestations) > 0 {
		w.attested++
	}
	if err := w.state.FoldDecided(e, events); err != nil {
		return err
	}
	if err := binary.Write(w.out, binary.BigEndian, uint16(len(b))); err != nil {
		return err
	}
	_, err = w.out.Write(b)
	return err
}

// often counts the kinds of act that come at least once in two thousand entries.
func (w *weekly) often() (n int) {
	for _, c := range w.kinds {
		if int64(c) >= max(w.size/2000, 2) {
			n++
		}
	}
	return n
}
