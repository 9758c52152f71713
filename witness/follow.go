package witness

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"sync"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
)

// A Follower keeps a copy of somebody else's record: every entry is proven in a checkpoint the log signed, every open
// act decided again, and only then kept. It never takes back what it kept.
type Follower struct {
	config FollowerConfig
	replay *Replay
	tree   record.Tree
	client *torchwood.Client
	last   record.Checkpoint // newest that was verified, with the log's signature alone
	toward record.Checkpoint // up to which entries are being taken, or were when the copy was stopped

	mine     []byte // last as this node cosigned it
	mineSize int64

	own *Own // nil: nobody's keys are watched

	Fetched []byte                   // the checkpoint as the source last gave it, with whatever signatures
	Claimed int64                    // its size
	Missing map[record.Digest]Missed // files that entries name and that were not to be had yet
	Opening bool                     // names may have been published, withdrawn or forgotten since it was last set to false
}

// A Missed file is one that an entry names and that is not here yet.
type Missed struct {
	Entry int64 // that names it, the first that was met
	Why   error // as of the last time it was asked for; nil: it was not
}

// FollowerConfig is what a follower works with.
type FollowerConfig struct {
	Engine record.Engine        // its own copy
	Log    *record.Verifier     // the log's key, pinned
	From   torchwood.TileReader // where the record is read: over HTTP, from a folder or a stick
	Node   *NodeKey             // cosigns what it agrees with; nil: nobody
	Own    func() (*Own, error) // what its party knows of its own keys, as of now; nil: nobody's are watched
	Told   func(size, of int64) // hears of progress; may be nil
	Toward string               // a file for the checkpoint up to which entries are being taken; "": it is kept nowhere
}

// Evidence convinces somebody who trusts neither side that a log did what it may not (doc/record.md section 14). What two
// signatures show, Check shows; what the rules say of an entry, Decide, from the entries before it.
type Evidence struct {
	Admission      string   `json:"admission,omitempty"` // bytes of the entry that admitted the node
	AdmissionProof []string `json:"admissionProof,omitempty"`
	Admitted       int64    `json:"admitted,omitempty"` // its index
	Before         int64    `json:"before,omitempty"`   // how many entries of the record are to be decided first
	BeforeProof    []string `json:"beforeProof,omitempty"`
	Bytes          string   `json:"bytes,omitempty"`    // of the entry
	Claim          string   `json:"claim,omitempty"`    // what the node says of its party's keys, signed (SaysNotOurs)
	Entry          int64    `json:"entry,omitempty"`    // its index
	Kind           string   `json:"evidence"`           // fork: two checkpoints that cannot both be; entry: one that may not be; not-our-key
	Expected       string   `json:"expected,omitempty"` // what the entry's act causes, or its refusal
	Found          string   `json:"found,omitempty"`    // what the entry says
	Large          string   `json:"large"`              // a checkpoint the log signed
	Node           string   `json:"node,omitempty"`     // verifier key of the node that claims
	Proof          []string `json:"proof,omitempty"`    // that Large holds the entry, or has Root at the size of Small
	Root           string   `json:"root,omitempty"`
	Rule           string   `json:"rule,omitempty"`
	Small          string   `json:"small,omitempty"` // another the log signed, of as many entries or fewer
	Why            string   `json:"why"`
}

// A Divergence is where a record and its follower part for good.
type Divergence struct {
	Evidence Evidence
	err      error
}

func (d *Divergence) Error() string { return d.err.Error() }
func (d *Divergence) Unwrap() error { return d.err }

// Follow reads what the follower has kept, deciding it again, and stands ready to go on.
func Follow(ctx context.Context, c FollowerConfig) (*Follower, error) {
	f := &Follower{config: c, Missing: map[record.Digest]Missed{}, Opening: true}
	var err error
	if f.client, err = torchwood.NewClient(c.From); err != nil {
		return nil, err
	}
	head, err := c.Engine.Head(ctx)
	if err != nil {
		return nil, err
	}
	if head.Size > 0 && head.Origin != c.Log.Name() {
		return nil, fmt.Errorf("the copy here is of %s, not of %s", head.Origin, c.Log.Name())
	}
	if c.Own != nil {
		if f.own, err = c.Own(); err != nil {
			return nil, err
		}
	}
	if err := f.goBack(ctx); err != nil {
		return nil, err
	}
	if f.last, err = lastSigned(ctx, c, head); err != nil {
		return nil, err
	}
	if f.toward, err = c.readToward(); err != nil {
		return nil, err
	}
	return f, nil
}

// readToward is the checkpoint up to which entries were taken when the copy was stopped.
func (c FollowerConfig) readToward() (head record.Checkpoint, err error) {
	if c.Toward == "" {
		return head, nil
	}
	signed, err := os.ReadFile(c.Toward)
	if errors.Is(err, os.ErrNotExist) {
		return head, nil
	}
	if err == nil {
		_, _, head, err = Cosignatures(c.Log, nil, signed)
	}
	if err != nil {
		return head, fmt.Errorf("the checkpoint that was followed last: %s: %w", c.Toward, err)
	}
	return head, nil
}

// goToward keeps a checkpoint before the first entries are kept that stand under it and under no other: if another record
// is told after a stop, its signature is at hand.
func (f *Follower) goToward(head record.Checkpoint) error {
	if bytes.Equal(f.toward.Note, head.Note) {
		return nil
	}
	if f.config.Toward != "" {
		if err := replaceFile(f.config.Toward, head.Note); err != nil {
			return fmt.Errorf("keeping the checkpoint that is followed: %w", err)
		}
	}
	f.toward = head
	return nil
}

// lastSigned is the newest checkpoint here that the log signed: the head, or where that is between two, as of a copy that was
// stopped on its way or that parted at an entry, the newest that was cosigned.
func lastSigned(ctx context.Context, c FollowerConfig, head record.Checkpoint) (record.Checkpoint, error) {
	if _, _, signed, err := Cosignatures(c.Log, nil, head.Note); err == nil {
		return signed, nil
	}
	for kept, err := range c.Engine.Cosigned(ctx) {
		if err != nil {
			return record.Checkpoint{}, fmt.Errorf("the checkpoints that are kept here: %w", err)
		}
		if _, _, signed, err := Cosignatures(c.Log, nil, kept.Note); err == nil {
			return signed, nil
		}
	}
	return record.Checkpoint{}, nil
}

// Size is how many entries are kept.
func (f *Follower) Size() int64 { return f.replay.Finding.Size }

// Finding is what deciding again has come to.
func (f *Follower) Finding() Finding { return f.replay.Finding }

// Last is the newest checkpoint that was verified, and cosigned if there is a node to.
func (f *Follower) Last() record.Checkpoint { return f.last }

// ErrBehind is of a source that has fewer entries than are kept here: a mirror that lags. Nobody is accused.
var ErrBehind = errors.New("the source is behind what is kept here")

// ErrNotTheRecord is of a source that gives something else than the record: signed by another key, or of another tree than
// what is kept here. Who signed neither is accused of nothing.
var ErrNotTheRecord = errors.New("the source does not give this record")

// Step fetches the checkpoint and what it has more, and reports whether there was more. A *Divergence is for good; after
// any other error the next Step goes on. endpoint is where the checkpoint is asked for, "" for the usual place.
func (f *Follower) Step(ctx context.Context, endpoint string) (grown bool, err error) {
	if endpoint == "" {
		endpoint = "checkpoint"
	}
	signed, err := f.config.From.ReadEndpoint(ctx, endpoint)
	if err != nil {
		return false, fmt.Errorf("fetching the checkpoint: %w", err)
	}
	if len(signed) > 1<<20 {
		return false, fmt.Errorf("%w: the checkpoint is too large", ErrNotTheRecord)
	}
	_, _, head, err := Cosignatures(f.config.Log, nil, signed)
	if other, readable := record.ReadCheckpoint(signed); err != nil && readable == nil && other.Origin != f.config.Log.Name() {
		return false, fmt.Errorf("%w: the source has %.200q, and this copy is of %s: name a source of that, or a new folder for the other", ErrNotTheRecord, other.Origin, f.config.Log.Name())
	}
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrNotTheRecord, err)
	}
	f.Fetched, f.Claimed = signed, head.Size
	if err := f.extends(ctx, head); err != nil {
		return false, err
	}
	if x, met := f.Stranger(); met && x.Index < head.Size {
		if f.last.Size >= head.Size { // the source is behind: what was verified shows more
			return false, f.accuse(ctx, x, f.last, &f.tree)
		}
		return false, f.accuse(ctx, x, head, f.theirTree(ctx, head))
	}
	switch {
	case head.Size < f.Size():
		return false, ErrBehind
	case head.Size == f.Size():
		return false, f.cosign(ctx, head)
	}
	return true, f.take(ctx, head)
}

// extends checks that a checkpoint is of the tree that is kept: of its beginning, the whole, or its continuation.
func (f *Follower) extends(ctx context.Context, head record.Checkpoint) error {
	if f.Size() == 0 || head.Size == 0 {
		return nil
	}
	if head.Size <= f.Size() {
		root, err := tlog.TreeHash(head.Size, &f.tree)
		if err != nil || root == head.Root {
			return err
		}
		if f.last.Size < head.Size {
			return fmt.Errorf("%w: a checkpoint of %d entries is of another tree than the entries kept here", ErrNotTheRecord, head.Size)
		}
		proof, err := tlog.ProveTree(f.last.Size, head.Size, &f.tree)
		return f.fork(head, f.last, root, proof, err)
	}
	theirs := f.theirTree(ctx, head)
	signed := []record.Checkpoint{f.last, f.toward}
	if f.toward.Size <= f.last.Size || f.toward.Size > head.Size {
		signed = signed[:1]
	}
	for _, s := range signed {
		if s.Size == 0 {
			continue
		}
		root, err := tlog.TreeHash(s.Size, theirs)
		if err != nil {
			return err
		}
		if root != s.Root {
			proof, err := tlog.ProveTree(head.Size, s.Size, theirs)
			return f.fork(s, head, root, proof, err)
		}
	}
	return f.joins(head, theirs)
}

// joins checks that entries kept behind the last checkpoint that was verified whole, as of a copy that was stopped on its
// way, are the beginning of a tree: nothing is put behind them that does not join on.
func (f *Follower) joins(head record.Checkpoint, theirs tlog.HashReader) error {
	size := f.tree.Size()
	if size <= f.last.Size {
		return nil
	}
	ours, err := tlog.TreeHash(size, &f.tree)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(size, theirs)
	if err == nil && root != ours {
		err = fmt.Errorf("the %d entries kept here are not those that the checkpoint of %d entries begins with: one of the two sources has another record", size, head.Size)
	}
	return err
}

// fork is the evidence that the log signed two checkpoints of which neither continues the other: small says one root of
// its size, and the proof shows that large, of which it should be the beginning, has another there.
func (f *Follower) fork(small, large record.Checkpoint, root tlog.Hash, proof tlog.TreeProof, err error) error {
	if err != nil {
		return err
	}
	e := Evidence{Kind: "fork", Small: string(small.Note), Large: string(large.Note), Root: root.String(),
		Why: fmt.Sprintf("the log signed two records of %d entries", small.Size)}
	for _, h := range proof {
		e.Proof = append(e.Proof, h.String())
	}
	return &Divergence{e, fmt.Errorf("the log signed a checkpoint of %d entries with root %s and one of %d entries that has root %s there", small.Size, small.Root, large.Size, root)}
}

// take fetches entries up to a checkpoint, decides them and keeps them: while a lot is decided, the next is read, the one
// behind it fetched, and the one before it written to the disk with the files it names.
func (f *Follower) take(ctx context.Context, head record.Checkpoint) error {
	going, stop := context.WithCancel(ctx)
	defer stop()
	keep, kept := make(chan lot, 1), make(chan error, 1)
	go func() {
		var err error
		for l := range keep {
			if err == nil {
				f.fetch(ctx, l)
				if err = f.keep(ctx, head, l); err != nil {
					stop()
				}
			}
		}
		kept <- err
	}()
	var why, fetching error // why entry bad may not be
	var bad ahead
	var stranger *Stranger // the key of an entry is none of this node's party
	for l, err := range f.replay.readAhead(going, f.fetched(going, head)) {
		if fetching = err; err != nil {
			break
		}
		for i := range l {
			before := f.keysBefore()
			if why = f.replay.next(&l[i]); why != nil {
				bad, l = l[i], l[:i]
				break
			}
			if opens(l[i].entry) {
				f.Opening = true
			}
			if before != nil && !before.SameKeys(&f.replay.State) {
				if x, met := f.Stranger(); met { // the entry is kept: it stands in the record
					stranger, l = &x, l[:i+1]
					break
				}
			}
		}
		keep <- l
		if why != nil || stranger != nil {
			break
		}
	}
	close(keep)
	err := <-kept
	switch {
	case why != nil:
		return errors.Join(err, f.refuse(ctx, head, bad, why))
	case err != nil:
		return errors.Join(err, f.goBack(ctx))
	case stranger != nil:
		return f.accuse(ctx, *stranger, head, f.theirTree(ctx, head))
	case fetching != nil:
		return fmt.Errorf("fetching entries from %d on: %w", f.tree.Size(), fetching)
	case f.tree.Size() != head.Size:
		return fmt.Errorf("%d entries came of %d", f.tree.Size(), head.Size)
	}
	return f.cosign(ctx, head)
}

// keysBefore is the state before an entry, for a node that was told its party's own keys; else nil.
func (f *Follower) keysBefore() *conference.State {
	if f.own == nil {
		return nil
	}
	before := f.replay.State
	return &before
}

// fetched yields what there is up to a checkpoint, behind what is kept, each proven to be in its tree.
func (f *Follower) fetched(ctx context.Context, head record.Checkpoint) iter.Seq2[record.Stored, error] {
	from := f.tree.Size()
	return func(yield func(record.Stored, error) bool) {
		for i, b := range f.client.AllEntries(ctx, tlog.Tree{N: head.Size, Hash: head.Root}, from) {
			b = bytes.Clone(b)
			if !yield(record.Stored{Index: i, Bytes: b, Hash: tlog.RecordHash(b)}, nil) {
				return
			}
		}
		if err := f.client.Err(); err != nil {
			yield(record.Stored{}, err)
		}
	}
}

// keep makes entries durable.
func (f *Follower) keep(ctx context.Context, head record.Checkpoint, l lot) error {
	if len(l) == 0 {
		return nil
	}
	var g record.Group
	for i := range l {
		g.Entries, g.Hashes = append(g.Entries, l[i].Bytes), append(g.Hashes, l[i].Hash)
	}
	_, err := f.config.Engine.Append(ctx, f.tree.Size(), g, func(size int64, root tlog.Hash) ([]byte, error) {
		if size == head.Size {
			if root != head.Root {
				return nil, errors.New("the entries make another tree than the checkpoint says")
			}
			return head.Note, nil
		}
		if err := f.goToward(head); err != nil {
			return nil, err
		}
		return record.BetweenCheckpoints(f.config.Log.Name(), size, root)
	})
	if err != nil {
		return err
	}
	for i := range l {
		f.tree.Append(l[i].Hash)
	}
	if f.config.Told != nil {
		f.config.Told(f.tree.Size(), head.Size)
	}
	return nil
}

// goBack stands again where what is kept ends: a copy that has no room decided more than it could keep.
func (f *Follower) goBack(ctx context.Context) error {
	f.replay, f.tree = &Replay{Origin: f.config.Log.Name()}, record.Tree{}
	here, err := f.files(ctx)
	if err != nil {
		return err
	}
	for l, err := range f.replay.readAhead(ctx, f.config.Engine.Read(ctx, 0)) {
		if err == nil {
			_, err = f.replay.nextOf(l)
		}
		if err != nil {
			return fmt.Errorf("the copy that is kept here: %w", err)
		}
		for i := range l {
			f.tree.Append(l[i].Hash)
			f.miss(l[i], here)
		}
	}
	return nil
}

// files are the digests of the files that are kept, where the engine can list them.
func (f *Follower) files(ctx context.Context) (map[record.Digest]bool, error) {
	engine, lists := f.config.Engine.(interface {
		Blobs(context.Context) iter.Seq2[record.Digest, error]
	})
	if !lists {
		return nil, nil
	}
	here := map[record.Digest]bool{}
	for d, err := range engine.Blobs(ctx) {
		if err != nil {
			return nil, err
		}
		here[d] = true
	}
	return here, nil
}

// blobKey stands in every entry that names a file.
var blobKey = []byte(`"blob":"`)

// miss notes which files of an entry that is kept are not: they were not to be had before the copy was stopped. here nil:
// the engine lists none, and they are looked at when they are asked for.
func (f *Follower) miss(x ahead, here map[record.Digest]bool) {
	if !bytes.Contains(x.Bytes, blobKey) {
		return
	}
	for _, ref := range record.Blobs(x.entry.Act.Fields) {
		if _, met := f.Missing[ref.Digest]; !met && !here[ref.Digest] {
			f.Missing[ref.Digest] = Missed{Entry: x.Index}
		}
	}
}

// refuse is the evidence against an entry that is in the tree and may not be.
func (f *Follower) refuse(ctx context.Context, head record.Checkpoint, bad ahead, why error) error {
	e := Evidence{Kind: "entry", Large: string(head.Note), Entry: bad.Index, Bytes: string(bad.Bytes), Before: bad.Index}
	if !e.says(why) {
		return why
	}
	theirs := f.theirTree(ctx, head)
	proof, err := tlog.ProveRecord(head.Size, bad.Index, theirs)
	if err == nil {
		e.BeforeProof, err = proveBefore(head, bad.Index, theirs)
	}
	if err != nil {
		return fmt.Errorf("%w (and its proof: %v)", why, err)
	}
	for _, h := range proof {
		e.Proof = append(e.Proof, h.String())
	}
	return &Divergence{e, why}
}

// proveBefore proves that a tree begins with its first so many entries.
func proveBefore(head record.Checkpoint, size int64, tree tlog.HashReader) (lines []string, err error) {
	if size == 0 {
		return nil, nil
	}
	proof, err := tlog.ProveTree(head.Size, size, tree)
	for _, h := range proof {
		lines = append(lines, h.String())
	}
	return lines, err
}

// says takes up why an entry may not be, and reports whether that is a reason.
func (e *Evidence) says(why error) bool {
	var d *Disagreement
	var damage *record.EntryError
	switch {
	case errors.As(why, &d):
		e.Expected, e.Found, e.Rule = d.Expected, d.Found, d.Rule
		if d.Refusal != nil {
			e.Rule = d.Refusal.Rule
			e.Expected = fmt.Sprintf("refused: %s", d.Refusal.Code)
		}
	case errors.As(why, &damage):
		e.Expected, e.Found, e.Rule = "", "", "doc/record.md 2" // of what an entry is
	default:
		return false
	}
	e.Why = why.Error()
	return true
}

// opens reports whether an entry may publish, withdraw or forget a name.
func opens(e *record.Entry) bool {
	switch e.Act.Name {
	case "RegisterPerson", "PublishName", "WithdrawName", "ForgetPerson":
		return e.Closed == ""
	}
	return false
}

// fetch gets the public blobs that entries name. One that is not to be had is missed, and asked for again by FetchMissing.
func (f *Follower) fetch(ctx context.Context, l lot) {
	var named []record.Digest
	for i := range l {
		for _, ref := range record.Blobs(l[i].entry.Act.Fields) {
			if _, met := f.Missing[ref.Digest]; !met {
				f.Missing[ref.Digest] = Missed{Entry: l[i].Index}
				named = append(named, ref.Digest)
			}
		}
	}
	f.get(ctx, named)
}

// FetchMissing asks again for the files that were not to be had.
func (f *Follower) FetchMissing(ctx context.Context) {
	f.get(ctx, slices.Collect(maps.Keys(f.Missing)))
}

// fetchAtOnce is how many files are asked for at the same time.
const fetchAtOnce = 4

// get fetches files that are missing, and leaves missing those that are not to be had.
func (f *Follower) get(ctx context.Context, list []record.Digest) {
	var mu sync.Mutex
	var asking sync.WaitGroup
	places := make(chan struct{}, fetchAtOnce)
	for _, d := range list {
		places <- struct{}{}
		asking.Go(func() {
			defer func() { <-places }()
			why := FetchFile(ctx, f.config.Engine, f.config.From, d)
			mu.Lock()
			defer mu.Unlock()
			if why == nil {
				delete(f.Missing, d)
			} else if m, met := f.Missing[d]; met {
				f.Missing[d] = Missed{m.Entry, why}
			}
		})
	}
	asking.Wait()
}

// ErrOtherFile is of a file that came with other bytes than the entry names.
var ErrOtherFile = errors.New("a file came that is another: its digest is not the one in the entry")

// FetchFile has an engine keep a public file, which is got where it is not here yet.
func FetchFile(ctx context.Context, engine record.Engine, from torchwood.TileReader, d record.Digest) error {
	if _, err := engine.Blob(ctx, d); err == nil {
		return nil
	}
	sum, err := canonical.DecodeBytes(string(d))
	if err != nil {
		return err
	}
	blob, err := from.ReadEndpoint(ctx, "blob/"+hex.EncodeToString(sum))
	if err != nil {
		return err
	}
	if record.DigestOf(blob) != d {
		return ErrOtherFile
	}
	_, err = engine.PutBlob(ctx, blob)
	return err
}

// agrees reports whether the follower may cosign: under an edition it does not know it cosigns nothing beyond.
func (f *Follower) agrees() bool { return f.config.Node != nil && f.replay.Finding.Upgrade == 0 }

// sign is the log's checkpoint with this node's cosignature, where it agrees.
func (f *Follower) sign(head record.Checkpoint) ([]byte, error) {
	if !f.agrees() {
		return head.Note, nil
	}
	n, err := note.Open(head.Note, note.VerifierList(f.config.Log))
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: n.Text, Sigs: n.Sigs}, f.config.Node)
}

// cosign keeps the newest checkpoint as cosigned.
func (f *Follower) cosign(ctx context.Context, head record.Checkpoint) error {
	if f.last.Size == head.Size && bytes.Equal(f.last.Note, head.Note) {
		return nil
	}
	kept := f.last
	f.last = head
	if !f.agrees() || kept.Size == head.Size {
		return nil
	}
	signed, err := f.Cosigned()
	if err != nil {
		return err
	}
	head.Note = signed
	if err := f.config.Engine.Cosign(ctx, head); err != nil {
		f.last = kept
		return err
	}
	return nil
}

// Cosigned is the newest checkpoint as this node alone cosigned it, or nil.
func (f *Follower) Cosigned() ([]byte, error) {
	if !f.agrees() || f.last.Size == 0 {
		return nil, nil
	}
	if f.mineSize != f.last.Size {
		signed, err := f.sign(f.last)
		if err != nil {
			return nil, err
		}
		f.mine, f.mineSize = signed, f.last.Size
	}
	return f.mine, nil
}

// SignAgain has the next Cosigned say that nothing more was seen until now.
func (f *Follower) SignAgain() { f.mineSize = 0 }

// Append writes evidence as one line of canonical JSON.
func (e Evidence) Append(dst []byte) []byte { return append(canonical.Encode(dst, e), '\n') }

// IsEvidence reports whether a file begins as evidence does. Its first key in canonical order is one of these.
func IsEvidence(b []byte) bool {
	return bytes.HasPrefix(b, []byte(`{"bytes":`)) || bytes.HasPrefix(b, []byte(`{"before":`)) || bytes.HasPrefix(b, []byte(`{"evidence":`)) || bytes.HasPrefix(b, []byte(`{"admission":`))
}

// ParseEvidence reads what Append wrote, from the first line of a file.
func ParseEvidence(b []byte) (e Evidence, err error) {
	line, _, whole := bytes.Cut(b, []byte("\n"))
	if !whole || len(line) > 1<<20 {
		return e, errors.New("evidence begins with one line of at most 1 MiB")
	}
	return e, decodeLine(string(line), &e)
}

// Check holds evidence against the log's key: nil means that the log signed what the evidence shows. Of two records that is
// all; of an entry it is not yet that it may not be (Decide).
func (e Evidence) Check(key *record.Verifier) error {
	_, _, large, err := Cosignatures(key, nil, []byte(e.Large))
	if err != nil {
		return err
	}
	hashes, err := parseHashes(e.Proof)
	if err != nil {
		return err
	}
	switch e.Kind {
	case "fork":
		_, _, small, err := Cosignatures(key, nil, []byte(e.Small))
		if err != nil {
			return err
		}
		root, err := tlog.ParseHash(e.Root)
		if err != nil {
			return err
		}
		if root == small.Root {
			return errors.New("both checkpoints are of one record")
		}
		if small.Size == large.Size && root == large.Root {
			return nil
		}
		return tlog.CheckTree(hashes, large.Size, large.Root, small.Size, root)
	case "not-our-key":
		if err := provenIn(large, e.Entry, e.Bytes, e.Proof); err != nil {
			return err
		}
		return e.checkNotOurs(key.Name(), large)
	case "entry":
		return tlog.CheckRecord(hashes, large.Size, large.Root, e.Entry, tlog.RecordHash([]byte(e.Bytes)))
	}
	return errors.New("evidence of no kind this program knows")
}
