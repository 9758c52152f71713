package witness

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
)

// Own is what a party knows of its keys: those of its delegation, and the party's.
type Own struct {
	Party conference.PartyID
	Keys  map[string]string // by credential: the public key
}

// ParseOwn reads the list of a party's own keys: the party's id on the first line, then on each line a credential, a
// space and its public key (an uncompressed point of P-256), both in base64url; empty lines and those that begin with #
// are passed over.
func ParseOwn(text string) (*Own, error) {
	own := &Own{Keys: map[string]string{}}
	n := 0
	for line := range strings.Lines(text) {
		n++
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || strings.HasPrefix(fields[0], "#"):
		case own.Party == "" && len(fields) == 1:
			own.Party = conference.PartyID(fields[0])
		case own.Party != "" && len(fields) == 2 && own.Keys[fields[0]] == "":
			own.Keys[fields[0]] = fields[1]
		default:
			return nil, fmt.Errorf("line %d is neither the party's id, which stands first, nor a credential and its key, which stand once", n)
		}
	}
	if own.Party == "" {
		return nil, errors.New("it names no party")
	}
	return own, nil
}

// A Stranger is a key in a party's name that the party does not know. Whatever it does later it was enrolled first, so
// there it is met.
type Stranger struct {
	Index           int64 // entry that enrolled it
	Credential, Key string
}

// stranger finds the first key in the party's name that is not on the list.
func (o *Own) stranger(s *conference.State) (Stranger, bool) {
	for x := range keysOf(s, o.Party) {
		if o.Keys[x.Credential] != x.Key {
			return x, true
		}
	}
	return Stranger{}, false
}

// keysOf yields the keys that act in a party's name: its own, and those of its delegation.
func keysOf(s *conference.State, party conference.PartyID) iter.Seq[Stranger] {
	return func(yield func(Stranger) bool) {
		if k, ok := s.PartyKeyOf(party); ok && !yield(Stranger{k.Index, k.Credential, k.Key}) {
			return
		}
		for _, as := range []conference.Capacity{conference.Head, conference.Delegate, conference.ObserverHead} {
			for _, office := range s.Holders(as) {
				if office.For != party {
					continue
				}
				for _, k := range s.Passkeys(office.Person) {
					if !k.Revoked && !yield(Stranger{k.Enrolled, k.Credential, k.Key}) {
						return
					}
				}
			}
		}
	}
}

// Stranger is a key in the party's name, as the record stands here, that the party does not know. The list is read again
// before anybody is accused.
func (f *Follower) Stranger() (Stranger, bool) {
	if f.own == nil {
		return Stranger{}, false
	}
	x, met := f.own.stranger(&f.replay.State)
	if !met {
		return x, false
	}
	if again, err := f.config.Own(); err == nil {
		f.own = again
	}
	return f.own.stranger(&f.replay.State)
}

// accuse is the evidence that a key was enrolled in the party's name that the party does not know: the entry in a tree
// the log signed, and the node's own word, with the entry that admitted it.
func (f *Follower) accuse(ctx context.Context, x Stranger, head record.Checkpoint, tree tlog.HashReader) error {
	e := Evidence{Kind: "not-our-key", Large: string(head.Note), Entry: x.Index, Rule: "doc/record.md 5", Found: x.Credential + " " + x.Key}
	e.Why = fmt.Sprintf("entry %d enrols a key in the name of %s that its node does not know: credential %s, key %s", x.Index, f.own.Party, x.Credential, x.Key)
	var err error
	e.Before = min(f.Size(), head.Size)
	if e.Bytes, e.Proof, err = f.shownIn(ctx, x.Index, head, tree); err == nil {
		e.BeforeProof, err = proveBefore(head, e.Before, tree)
	}
	if err != nil {
		return errors.Join(errors.New(e.Why), err)
	}
	if node := f.config.Node; node != nil {
		e.Node = node.Verifier().String()
		claim, err := node.Say(SaysNotOurs, f.config.Log.Name(), strconv.FormatInt(x.Index, 10), string(f.own.Party), x.Credential, x.Key)
		if err != nil {
			return err
		}
		e.Claim = string(claim)
		for _, n := range f.replay.State.Nodes() {
			if n.Verifier == e.Node && n.Party == f.own.Party && n.Index < head.Size {
				e.Admitted = n.Index
				if e.Admission, e.AdmissionProof, err = f.shownIn(ctx, n.Index, head, tree); err != nil {
					return err
				}
			}
		}
	}
	return &Divergence{e, errors.New(e.Why)}
}

// shownIn is the bytes of an entry and the proof that a tree holds it.
func (f *Follower) shownIn(ctx context.Context, index int64, head record.Checkpoint, tree tlog.HashReader) (text string, proof []string, err error) {
	for stored, err := range f.config.Engine.Read(ctx, index) {
		if err != nil {
			return "", nil, err
		}
		text = string(stored.Bytes)
		break
	}
	hashes, err := tlog.ProveRecord(head.Size, index, tree)
	for _, h := range hashes {
		proof = append(proof, h.String())
	}
	return text, proof, err
}

// theirTree is the tree of a checkpoint as the source has it.
func (f *Follower) theirTree(ctx context.Context, head record.Checkpoint) tlog.HashReader {
	return torchwood.TileHashReaderWithContext(ctx, tlog.Tree{N: head.Size, Hash: head.Root}, f.config.From)
}

// checkNotOurs holds the evidence of a stranger against itself: the entry, which was proven, enrols the key that the
// node's statement says is not its party's, and where it is shown who admitted the node, it is that party's.
func (e Evidence) checkNotOurs(origin string, large record.Checkpoint) error {
	if e.Claim == "" {
		return errors.New("no node says that the key is not its party's")
	}
	said, err := Said(e.Node, SaysNotOurs, 5, []byte(e.Claim))
	if err != nil {
		return err
	}
	if said[0] != origin || said[1] != strconv.FormatInt(e.Entry, 10) {
		return errors.New("the node speaks of another entry")
	}
	entry, err := record.ParseEntry(e.Bytes, e.Entry)
	if err != nil {
		return err
	}
	enrols := false
	for _, event := range entry.Events {
		kind, party := event.Get("kind").Str, event.Get("party").Str
		enrols = enrols || (kind == "PasskeyEnrolled" || kind == "PartyKeyDeposited" && party == said[2]) && event.Get("credential").Str == said[3] && event.Get("key").Str == said[4]
	}
	if !enrols {
		return errors.New("the entry enrols another key")
	}
	if e.Admission == "" {
		return nil
	}
	if err := provenIn(large, e.Admitted, e.Admission, e.AdmissionProof); err != nil {
		return err
	}
	if entry, err = record.ParseEntry(e.Admission, e.Admitted); err != nil {
		return err
	}
	for _, event := range entry.Events {
		if event.Get("kind").Str == "NodeAdmitted" && event.Get("verifier").Str == e.Node && event.Get("party").Str == said[2] {
			return nil
		}
	}
	return errors.New("the entry shown does not admit the node for that party")
}

// provenIn checks that a tree holds an entry.
func provenIn(head record.Checkpoint, index int64, text string, proof []string) error {
	hashes, err := parseHashes(proof)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(hashes, head.Size, head.Root, index, tlog.RecordHash([]byte(text)))
}

func parseHashes(lines []string) (hashes []tlog.Hash, err error) {
	for _, line := range lines {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, h)
	}
	return hashes, nil
}
