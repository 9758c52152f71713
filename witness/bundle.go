package witness

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
)

// A Bundle is entries of a record with what proves them, in one file (doc/record.md section 13).
type Bundle struct {
	Key   string // the log's verifier key; not trusted
	Items []Item // in order of index
}

// An Item is one entry of a bundle.
type Item struct {
	Entry    []byte
	Proof    string           // c2sp.org/tlog-proof@v1, with the bundle's checkpoint
	Openings []record.Opening // in order of place
	Blobs    [][]byte         // of the entry's public blobs that are there, in their order
}

// MaxBundle is the largest bundle that is read, in bytes.
const MaxBundle = 256 << 20

// A Provable is a record a bundle can be made of.
type Provable interface {
	State() *conference.State
	Checkpoint() record.Checkpoint
	VerifierKey() string
	Entry(ctx context.Context, index int64) ([]byte, error)
	Prove(ctx context.Context, index int64) (tlog.RecordProof, error)
	Blob(context.Context, record.Digest) ([]byte, error)
}

// Pack makes a bundle of entries, with those that say who the witnesses are. openings yields what may be told of an
// entry from an index on, by index.
func Pack(ctx context.Context, from Provable, openings func(from int64) iter.Seq2[record.Opening, error], indexes ...int64) (b Bundle, err error) {
	for _, n := range from.State().Nodes() {
		indexes = append(indexes, n.Index)
		if n.Withdrawn > 0 {
			indexes = append(indexes, n.Withdrawn)
		}
	}
	if named := from.State().Witnesses().Named; named > 0 {
		indexes = append(indexes, named)
	}
	slices.Sort(indexes)
	b.Key = from.VerifierKey()
	head := from.Checkpoint() // one for all, whatever witnesses add meanwhile
	for _, i := range slices.Compact(indexes) {
		item, err := pack(ctx, from, head, openings, i)
		if err != nil {
			return b, fmt.Errorf("entry %d: %w", i, err)
		}
		b.Items = append(b.Items, item)
	}
	return b, nil
}

func pack(ctx context.Context, from Provable, head record.Checkpoint, openings func(int64) iter.Seq2[record.Opening, error], index int64) (item Item, err error) {
	if item.Entry, err = from.Entry(ctx, index); err != nil {
		return item, err
	}
	proof, err := from.Prove(ctx, index)
	if err != nil {
		return item, err
	}
	item.Proof = string(torchwood.FormatProof(index, proof, head.Note))
	for o, err := range openings(index) {
		if err != nil {
			return item, err
		}
		if o.Index != index {
			break
		}
		item.Openings = append(item.Openings, o)
	}
	e, err := record.ParseEntry(string(item.Entry), index)
	if err != nil {
		return item, err
	}
	for _, ref := range record.Blobs(e.Act.Fields) {
		blob, err := from.Blob(ctx, ref.Digest)
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return item, err
		}
		if err == nil && !slices.ContainsFunc(item.Blobs, func(b []byte) bool { return record.DigestOf(b) == ref.Digest }) {
			item.Blobs = append(item.Blobs, blob)
		}
	}
	return item, nil
}

// bundleFormat is the first line's word.
const bundleFormat = "kurultai/bundle/v1"

type bundleHead struct {
	Bundle string `json:"bundle"`
	Key    string `json:"key"`
}

type proofLine struct {
	Proof string `json:"proof"`
}

type blobLine struct {
	Blob string `json:"blob"`
}

// Append writes the bundle: lines of canonical JSON, each ended by LF.
func (b Bundle) Append(dst []byte) []byte {
	dst = append(canonical.Encode(dst, bundleHead{bundleFormat, b.Key}), '\n')
	for _, item := range b.Items {
		dst = append(append(dst, item.Entry...), '\n')
		dst = append(canonical.Encode(dst, proofLine{item.Proof}), '\n')
		for _, o := range item.Openings {
			dst = o.Append(dst)
		}
		for _, blob := range item.Blobs {
			dst = append(canonical.Encode(dst, blobLine{base64.RawURLEncoding.EncodeToString(blob)}), '\n')
		}
	}
	return dst
}

// IsBundle reports whether a file begins as a bundle does.
func IsBundle(b []byte) bool { return bytes.HasPrefix(b, []byte(`{"bundle":`)) }

// ParseBundle reads a bundle. It accepts what Append writes and nothing else: a bundle parsed and written again is the
// same bytes.
func ParseBundle(b []byte) (Bundle, error) {
	var out Bundle
	if len(b) > MaxBundle {
		return out, fmt.Errorf("larger than %d MiB", MaxBundle>>20)
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) < 2 || lines[len(lines)-1] != "" {
		return out, errors.New("it does not end with a line end")
	}
	lines = lines[:len(lines)-1]
	var head bundleHead
	if err := decodeLine(lines[0], &head); err != nil || head.Bundle != bundleFormat {
		return out, fmt.Errorf("line 1 does not say %s", bundleFormat)
	}
	out.Key = head.Key
	for n, line := range lines[1:] {
		if err := out.line(line); err != nil {
			return out, fmt.Errorf("line %d: %w", n+2, err)
		}
	}
	if len(out.Items) == 0 || out.Items[len(out.Items)-1].Proof == "" {
		return out, errors.New("it ends before a proof")
	}
	return out, nil
}

func decodeLine(line string, into any) error {
	v, err := canonical.Parse(line)
	if err != nil {
		return err
	}
	return canonical.Decode(v, into)
}

// line takes one more line.
func (b *Bundle) line(line string) error {
	begins := func(key string) bool { return strings.HasPrefix(line, `{"`+key+`":`) }
	if len(b.Items) > 0 && b.Items[len(b.Items)-1].Proof == "" && !begins("proof") {
		return errors.New("a proof must stand here")
	}
	if begins("act") || begins("at") {
		b.Items = append(b.Items, Item{Entry: []byte(line)})
		return nil
	}
	if len(b.Items) == 0 {
		return errors.New("an entry must stand here")
	}
	item := &b.Items[len(b.Items)-1]
	switch {
	case begins("proof") && item.Proof == "":
		var p proofLine
		err := decodeLine(line, &p)
		item.Proof = p.Proof
		return err
	case (begins("disclosure") || begins("closed") || begins("blob") && strings.Contains(line, `,"disclosure":"`)) && len(item.Blobs) == 0:
		o, err := record.ParseOpening(line)
		item.Openings = append(item.Openings, o)
		return err
	case begins("blob"):
		var l blobLine
		if err := decodeLine(line, &l); err != nil {
			return err
		}
		blob, err := base64.RawURLEncoding.Strict().DecodeString(l.Blob)
		if err != nil || base64.RawURLEncoding.EncodeToString(blob) != l.Blob {
			return errors.New("not base64url")
		}
		item.Blobs = append(item.Blobs, blob)
		return nil
	}
	return errors.New("nothing of this kind stands here")
}

// Proven is what a bundle proves.
type Proven struct {
	Origin  string
	Size    int64 // of the tree the checkpoint speaks of
	Root    tlog.Hash
	Entries []*record.Entry // in order of index

	Need, Of  int64         // cosignatures of so many of so many witnesses make it witnessed; 0 of 0: nobody is asked for
	Witnesses []Cosignature // that are right, in order of name
	Openings  int64         // that fit
	Blobs     int64         // whose digest stands in their entry
}

// Witnessed reports whether as many witnesses cosigned as are asked for.
func (p Proven) Witnessed() bool { return p.Of > 0 && int64(len(p.Witnesses)) >= p.Need }

// A Cosignature is a witness's over a checkpoint (C2SP tlog-cosignature).
type Cosignature struct {
	Verifier string // the witness's verifier key
	Party    string // whose node it is; "": nobody's
	At       int64  // when, in seconds since 1970, by the witness's clock
}

// Check proves each entry of a bundle: its form, its place in the tree, the log's signature by a key that is trusted,
// every cosignature, opening and blob. The policy is the caller's own, in the form of Tessera and torchwood, or nil: then
// it is the one that entries of the bundle name. Whatever in it is not proven is an error: no byte may be another.
func (b Bundle) Check(key *record.Verifier, policy []byte) (p Proven, err error) {
	if record.VerifierText(key.Name(), key.Key) != b.Key {
		return p, errors.New("it names another log's key than the one trusted")
	}
	var signed string // the checkpoint all proofs share
	for _, item := range b.Items {
		e, err := b.entry(&p, item, &signed)
		if err != nil {
			return p, err
		}
		if n := len(p.Entries); n > 0 && p.Entries[n-1].Index >= e.Index {
			return p, &record.EntryError{Index: e.Index, Why: "stands behind a later one"}
		}
		p.Entries = append(p.Entries, e)
	}
	nodes, err := p.policy()
	if err != nil {
		return p, err
	}
	if policy != nil {
		if err := p.pinned(policy, []byte(signed)); err != nil {
			return p, err
		}
	}
	head, err := p.cosigned(key, nodes, []byte(signed), policy != nil)
	if err != nil {
		return p, err
	}
	p.Origin, p.Size, p.Root = head.Origin, head.Size, head.Root
	for i, item := range b.Items {
		if err := included(item, p.Entries[i], head); err != nil {
			return p, err
		}
	}
	return p, nil
}

// entry checks what an item holds besides its place in the tree.
func (b Bundle) entry(p *Proven, item Item, signed *string) (*record.Entry, error) {
	index, checkpoint, err := readProof(item.Proof)
	if err != nil {
		return nil, err
	}
	e, err := record.ParseEntry(string(item.Entry), index)
	if err != nil {
		return nil, err
	}
	if *signed == "" {
		*signed = checkpoint
	}
	if *signed != checkpoint {
		return nil, &record.EntryError{Index: index, Why: "is proven by another checkpoint"}
	}
	place := int64(-1)
	for _, o := range item.Openings {
		if o.Index != index {
			return nil, &record.EntryError{Index: index, Why: "has an opening of another entry"}
		}
		at, err := record.Fits(e, o)
		if err != nil || at <= place {
			return nil, &record.EntryError{Index: index, Why: fmt.Sprintf("an opening does not fit: %v", err)}
		}
		place = at
		p.Openings++
	}
	refs := record.Blobs(e.Act.Fields)
	for _, blob := range item.Blobs {
		at := slices.IndexFunc(refs, func(r record.Reference) bool { return r.Digest == record.DigestOf(blob) })
		if at < 0 {
			return nil, &record.EntryError{Index: index, Why: "names no such file as the one beside it, or not in this order"}
		}
		refs = refs[at+1:]
		p.Blobs++
	}
	return e, nil
}

const proofHead = "c2sp.org/tlog-proof@v1\nindex "

// readProof splits a proof into index and checkpoint.
func readProof(proof string) (index int64, checkpoint string, err error) {
	rest, ok := strings.CutPrefix(proof, proofHead)
	number, _, _ := strings.Cut(rest, "\n")
	_, checkpoint, found := strings.Cut(rest, "\n\n")
	if _, scanErr := fmt.Sscanf(number, "%d", &index); !ok || !found || scanErr != nil || index < 0 {
		return 0, "", errors.New("a proof is not of the form c2sp.org/tlog-proof@v1")
	}
	return index, checkpoint, nil
}

// included checks that an entry is in the tree, and that its proof is written in the one way there is.
func included(item Item, e *record.Entry, head record.Checkpoint) error {
	rest := strings.TrimPrefix(item.Proof, proofHead)
	_, rest, _ = strings.Cut(rest, "\n")
	hashes, _, _ := strings.Cut(rest, "\n\n")
	if strings.HasPrefix(rest, "\n") { // a tree of one
		hashes = ""
	}
	var proof tlog.RecordProof
	for line := range strings.SplitSeq(hashes, "\n") {
		if line == "" && hashes == "" {
			break
		}
		h, err := tlog.ParseHash(line)
		if err != nil {
			return &record.EntryError{Index: e.Index, Why: "its proof is unreadable"}
		}
		proof = append(proof, h)
	}
	if string(torchwood.FormatProof(e.Index, proof, head.Note)) != item.Proof {
		return &record.EntryError{Index: e.Index, Why: "its proof is not written as proofs are"}
	}
	if tlog.CheckRecord(proof, head.Size, head.Root, e.Index, tlog.RecordHash(item.Entry)) != nil {
		return &record.EntryError{Index: e.Index, Why: "is not in the tree the checkpoint speaks of"}
	}
	return nil
}

// policy reads from the entries who the witnesses are, by verifier key, and whose.
func (p *Proven) policy() (map[string]string, error) {
	admitted := map[string]string{}
	var named *conference.WitnessesNamed
	for _, e := range p.Entries {
		for _, event := range e.Events {
			switch event.Get("kind").Str {
			case "NodeAdmitted":
				admitted[event.Get("verifier").Str] = event.Get("party").Str
			case "NodeWithdrawn":
				delete(admitted, event.Get("verifier").Str)
			case "WitnessesNamed":
				named = &conference.WitnessesNamed{Need: event.Get("need").Int}
				for _, k := range event.Get("verifiers").Items {
					named.Verifiers = append(named.Verifiers, k.Str)
				}
			}
		}
	}
	p.Need, p.Of = int64(len(admitted)), int64(len(admitted))
	if named != nil {
		keys := slices.DeleteFunc(named.Verifiers, func(k string) bool { _, ok := admitted[k]; return !ok })
		p.Need, p.Of = named.Need, int64(len(keys))
		for k := range admitted {
			if !slices.Contains(keys, k) {
				delete(admitted, k)
			}
		}
	}
	for k := range admitted {
		if err := record.CheckCosigner(k); err != nil {
			return nil, fmt.Errorf("the witness %.80s: %w", k, err)
		}
	}
	return admitted, nil
}

// pinned holds the checkpoint against the reader's own policy.
func (p *Proven) pinned(policy, signed []byte) error {
	own, err := torchwood.ParsePolicy(policy)
	if err != nil {
		return fmt.Errorf("the policy: %w", err)
	}
	if _, _, err := torchwood.VerifyCheckpoint(signed, own); err != nil {
		return fmt.Errorf("the checkpoint is not signed as the policy asks: %w", err)
	}
	return nil
}

// cosigned checks every signature of a checkpoint: one that nobody is known to have made is an error, unless the reader
// has a policy of the own.
func (p *Proven) cosigned(key *record.Verifier, nodes map[string]string, signed []byte, pinned bool) (record.Checkpoint, error) {
	found, unknown, head, err := Cosignatures(key, nodes, signed)
	if err != nil {
		return head, err
	}
	if unknown && !pinned {
		return head, errors.New("the checkpoint bears a signature of nobody who is named as a witness")
	}
	p.Witnesses, head.Note = found, signed
	return head, nil
}

// Cosignatures reads a signed checkpoint: the log's signature, and of those of the nodes all that are right. unknown:
// there are signatures of others besides, which the head's note is without.
func Cosignatures(key *record.Verifier, nodes map[string]string, signed []byte) (found []Cosignature, unknown bool, head record.Checkpoint, err error) {
	if head, err = record.OpenCheckpoint(signed, key); err != nil {
		return nil, false, head, err
	}
	verifiers := []note.Verifier{key}
	byHash := map[string]string{}
	for text := range nodes {
		v, err := torchwood.NewCosignatureVerifier(text)
		if err != nil {
			return nil, false, head, err
		}
		verifiers = append(verifiers, v)
		byHash[fmt.Sprintf("%s+%08x", v.Name(), v.KeyHash())] = text
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return nil, false, head, fmt.Errorf("checkpoint: %w", err)
	}
	var again bytes.Buffer
	fmt.Fprintf(&again, "%s\n", n.Text)
	for _, sig := range append(slices.Clone(n.Sigs), n.UnverifiedSigs...) {
		raw, err := base64.StdEncoding.Strict().DecodeString(sig.Base64)
		if err != nil || base64.StdEncoding.EncodeToString(raw) != sig.Base64 {
			return nil, false, head, errors.New("checkpoint: a signature is not written as signatures are")
		}
		fmt.Fprintf(&again, "\u2014 %s %s\n", sig.Name, sig.Base64)
	}
	if unknown = len(n.UnverifiedSigs) > 0; !unknown && !bytes.Equal(again.Bytes(), signed) {
		return nil, false, head, errors.New("checkpoint: it is not written as checkpoints are")
	}
	var known bytes.Buffer // the note without signatures of others
	fmt.Fprintf(&known, "%s\n", n.Text)
	for _, sig := range n.Sigs {
		fmt.Fprintf(&known, "\u2014 %s %s\n", sig.Name, sig.Base64)
	}
	head.Note = known.Bytes()
	for _, sig := range n.Sigs {
		text, ok := byHash[fmt.Sprintf("%s+%08x", sig.Name, sig.Hash)]
		if !ok {
			continue
		}
		at, err := torchwood.CosignatureTimestamp(sig)
		if err != nil {
			return nil, false, head, err
		}
		found = append(found, Cosignature{text, nodes[text], at})
	}
	slices.SortFunc(found, func(a, b Cosignature) int { return strings.Compare(a.Verifier, b.Verifier) })
	return found, unknown, head, nil
}
