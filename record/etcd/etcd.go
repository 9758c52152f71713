// Package etcd is the engine of a record that a quorum keeps: etcd orders groups and holds the newest of them on a
// majority of disks; each node keeps the whole record in a copy of its own, and serves all reading from there.
//
//	r/size             how many entries are committed, 8 bytes, the first the highest: the fence
//	r/group/FIRST      a group, by the index of its first entry, in 8 bytes
//	r/checkpoint       the newest published checkpoint
//	r/cosigned/SIZE    checkpoints that were cosigned, those of trimmed groups too
//
// A group becomes durable in two steps. One transaction, fenced by r/size, commits it on a majority; nobody applies it
// yet. Then its checkpoint is signed and published by compare-and-swap; from there on it is acknowledged, and every copy
// takes it, with that checkpoint. A group whose checkpoint was never published, for its writer died between the two, is
// published by whoever appends next. Rows are encrypted before they come here; the keys of persons never do.
// Blobs lie on a majority of disks before the entry that names them, beside etcd: they are too large for it.
package etcd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

const (
	sizeKey       = "r/size"
	groupKey      = "r/group/"
	checkpointKey = "r/checkpoint"
	cosignedKey   = "r/cosigned/"
)

func number(n int64) string { return string(binary.BigEndian.AppendUint64(nil, uint64(n))) }

func parseNumber(b []byte) (int64, error) {
	if len(b) != 8 || b[0] > 0x7f {
		return 0, errors.New("a size in etcd is no size: it was written by another program")
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// A Peer is another node of the quorum, for what etcd does not carry.
type Peer interface {
	PutBlob(ctx context.Context, b []byte) error
	// Blob returns the bytes stored under d, or record.ErrNotFound. What comes is checked.
	Blob(ctx context.Context, d record.Digest) ([]byte, error)
	// Groups yields what the peer's copy holds from an index on, each with the checkpoint it ends under, and the newest
	// checkpoint last. A node that joins, or was away while groups were trimmed, reads them.
	Groups(ctx context.Context, from int64) iter.Seq2[Published, error]
	// Cosigned yields the peer's cosigned checkpoints of at least a size, the newest first.
	Cosigned(ctx context.Context, from int64) iter.Seq2[record.Checkpoint, error]
	// Blobs yields the digests of what Blob would return.
	Blobs(ctx context.Context) iter.Seq2[record.Digest, error]
}

// A Published group is one under its checkpoint.
type Published struct {
	Group      record.Group
	Checkpoint record.Checkpoint
}

// Config is what an engine works with. Client and Copy stay the caller's.
type Config struct {
	Client *clientv3.Client
	KV     func() clientv3.KV // whom to ask when appending; nil: Client
	Copy   record.Engine      // this node's copy of the whole record
	Peers  func() []Peer      // the other voting members
	Log    func(error)        // hears of faults that are tried again

	// Patience is how long an append waits before it asks again: what was sent on to a leader that has just died is lost,
	// and etcd itself waits longer for it. 0: 2 s, enough for members of one site.
	Patience time.Duration

	OnCosigned func(record.Checkpoint) // hears of each checkpoint that was cosigned anywhere, once it is in the copy; may be nil
}

// An Engine is a record.Engine over a quorum.
type Engine struct {
	Config
	ctx  context.Context
	stop context.CancelFunc
	done sync.WaitGroup

	appending sync.Mutex // one append at a time; guards doubt
	doubt     *call      // whose outcome was unknown

	noRoom atomic.Bool // the copy refused for want of room what it was given last

	mine atomic.Int64  // the size that Append is about to give the copy: follow need not
	look chan struct{} // that came to nothing: follow looks for itself

	mu      sync.Mutex
	edge    record.Edge   // of the copy
	applied chan struct{} // closed, and made anew, when the copy grows
	closed  bool
}

// A call of Append that may have appended: made again, it is known by its bytes.
type call struct {
	expect int64
	group  []byte
}

// Open begins to keep a copy up to date and takes appends.
func Open(ctx context.Context, c Config) (*Engine, error) {
	e := &Engine{Config: c, look: make(chan struct{}, 1), applied: make(chan struct{})}
	for stored, err := range c.Copy.Read(ctx, 0) {
		if err != nil {
			return nil, fmt.Errorf("reading the copy: %w", err)
		}
		e.edge.Append(stored.Hash)
	}
	e.ctx, e.stop = context.WithCancel(context.Background())
	e.done.Go(e.keepUp)
	return e, nil
}

// Close stops keeping the copy up to date, and closes it.
func (e *Engine) Close() error {
	e.mu.Lock()
	was := e.closed
	e.closed = true
	e.mu.Unlock()
	if was {
		return nil
	}
	e.stop()
	e.done.Wait()
	return e.Copy.Close()
}

// size is how many entries the copy has, and a channel that is closed when it has more.
func (e *Engine) size() (int64, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.edge.Size(), e.applied
}

// reach waits until the copy has so many entries.
func (e *Engine) reach(ctx context.Context, size int64) error {
	for {
		have, more := e.size()
		if have >= size {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		case <-e.ctx.Done():
			return record.ErrStopped
		}
	}
}

// newestAt is Newest, and the revision that published it.
func newestAt(ctx context.Context, client *clientv3.Client) (c record.Checkpoint, revision int64, err error) {
	r, err := client.Get(ctx, checkpointKey)
	if err != nil {
		return c, 0, err
	}
	return readNewest(r.Kvs)
}

// readNewest is newestAt of what was found at its key.
func readNewest(found []*mvccpb.KeyValue) (c record.Checkpoint, revision int64, err error) {
	if len(found) == 0 {
		return c, 0, nil
	}
	c, err = record.ReadCheckpoint(found[0].Value)
	return c, found[0].ModRevision, err
}

// Newest is the newest checkpoint that a majority holds, which a copy may not have reached yet; of an empty record the
// zero Checkpoint.
func Newest(ctx context.Context, client *clientv3.Client) (record.Checkpoint, error) {
	head, _, err := newestAt(ctx, client)
	return head, err
}

// Append implements record.Engine.
func (e *Engine) Append(ctx context.Context, expect int64, g record.Group, sign record.SignFunc) (record.Checkpoint, error) {
	e.appending.Lock()
	defer e.appending.Unlock()
	if err := errors.Join(ctx.Err(), e.ctx.Err()); err != nil {
		return record.Checkpoint{}, err
	}
	if len(g.Entries) == 0 {
		return record.Checkpoint{}, errors.New("an empty group")
	}
	this := &call{expect, pack(g)}
	again := e.doubt != nil && e.doubt.expect == expect && bytes.Equal(e.doubt.group, this.group)
	patience := e.Patience
	if patience == 0 {
		patience = 2 * time.Second
	}
	attempt, stop := context.WithTimeout(ctx, patience)
	defer stop()
	head, err := e.append(attempt, this, again, g, sign)
	if e.doubt = nil; errors.Is(err, record.ErrUnknown) {
		e.doubt = this
	}
	return head, err
}

func (e *Engine) kv() clientv3.KV {
	if e.KV == nil {
		return e.Client
	}
	return e.KV()
}

// append commits a group and publishes it. again: the same call was made before, with an outcome unknown.
func (e *Engine) append(ctx context.Context, c *call, again bool, g record.Group, sign record.SignFunc) (record.Checkpoint, error) {
	expect := c.expect
	same := clientv3.Compare(clientv3.Value(sizeKey), "=", number(expect))
	if expect == 0 {
		same = clientv3.Compare(clientv3.Version(sizeKey), "=", 0)
	}
	size := expect + int64(len(g.Entries))
	at := groupKey + number(expect)
	r, err := e.kv().Txn(ctx).If(same).
		Then(clientv3.OpPut(sizeKey, number(size)), clientv3.OpPut(at, string(c.group)), clientv3.OpGet(checkpointKey)).
		Else(clientv3.OpGet(sizeKey), clientv3.OpGet(at)).Commit()
	if err != nil {
		return record.Checkpoint{}, unknown(err)
	}
	if !r.Succeeded {
		return e.conflict(ctx, c, again, r, sign)
	}
	last, revision, err := readNewest(r.Responses[2].GetResponseRange().Kvs)
	if err != nil {
		return record.Checkpoint{}, err
	}
	head, err := e.publishFrom(ctx, last, revision, size, &g, sign)
	var unsigned *signError
	if errors.As(err, &unsigned) || errors.Is(err, ErrOtherTree) {
		return head, errors.Join(err, e.withdraw(ctx, expect, size, r.Header.Revision))
	}
	return head, err
}

// unknown says what an error of etcd means to who appends.
func unknown(err error) error {
	switch {
	case errors.Is(err, rpctypes.ErrNoSpace):
		return fmt.Errorf("%w: etcd's quota is used up: trim and defragment", record.ErrFull)
	case errors.Is(err, rpctypes.ErrRequestTooLarge):
		return err // it was refused before it was proposed
	}
	return fmt.Errorf("%w: %v", record.ErrUnknown, err)
}

// conflict looks whether a group that was refused stands there already, as when the same call comes again, and has what a
// writer left behind published.
func (e *Engine) conflict(ctx context.Context, c *call, again bool, r *clientv3.TxnResponse, sign record.SignFunc) (record.Checkpoint, error) {
	var size int64
	var err error
	if kvs := r.Responses[0].GetResponseRange().Kvs; len(kvs) > 0 {
		if size, err = parseNumber(kvs[0].Value); err != nil {
			return record.Checkpoint{}, err
		}
	}
	ours := false
	if kvs := r.Responses[1].GetResponseRange().Kvs; len(kvs) > 0 {
		ours = again && bytes.Equal(kvs[0].Value, c.group)
	}
	head, err := e.publish(ctx, size, sign)
	if err != nil {
		return record.Checkpoint{}, err
	}
	if !ours {
		return record.Checkpoint{}, fmt.Errorf("%w: %d, not %d", record.ErrConflict, size, c.expect)
	}
	return head, nil
}

// publish signs the tree of all that is committed, if nobody has, makes it the newest checkpoint, and waits until this
// node's copy has it.
func (e *Engine) publish(ctx context.Context, size int64, sign record.SignFunc) (record.Checkpoint, error) {
	last, revision, err := newestAt(ctx, e.Client)
	if err != nil {
		return last, unknown(err)
	}
	return e.publishFrom(ctx, last, revision, size, nil, sign)
}

// publishFrom is publish where the newest checkpoint was just read. own is the last group that is committed, if it is at
// hand: it is not asked for.
func (e *Engine) publishFrom(ctx context.Context, last record.Checkpoint, revision, size int64, own *record.Group, sign record.SignFunc) (record.Checkpoint, error) {
	for {
		if have, _ := e.size(); have < last.Size && e.noRoom.Load() {
			return last, fmt.Errorf("%w: %w", record.ErrUnknown, record.ErrFull) // it would be waited for in vain
		}
		if err := e.reach(ctx, last.Size); err != nil {
			if last.Size >= size {
				return last, err
			}
			return last, unknown(err)
		}
		if err := e.continues(last); err != nil {
			return last, err
		}
		if last.Size >= size {
			return last, nil
		}
		edge, groups, err := e.tail(ctx, last.Size, size, own)
		if err != nil {
			return last, err
		}
		note, err := sign(edge.Size(), edge.Root())
		if err != nil {
			return last, &signError{err}
		}
		head, err := record.ReadCheckpoint(note)
		if err != nil || head.Size != size || head.Root != edge.Root() {
			return last, &signError{errors.Join(err, errors.New("the checkpoint is of another tree"))}
		}
		e.mine.Store(size)
		r, err := e.kv().Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(checkpointKey), "=", revision)).
			Then(clientv3.OpPut(checkpointKey, string(note))).Else(clientv3.OpGet(checkpointKey)).Commit()
		applied := err == nil && r.Succeeded
		if applied {
			err = e.apply(groups, head) // where it fails, it stands, and this node's copy has no room for it yet
			applied = err == nil
		}
		if e.mine.Store(0); !applied {
			select {
			case e.look <- struct{}{}:
			default:
			}
		}
		if err != nil { // entries are committed, so even where the quota is used up just now they come
			return last, fmt.Errorf("%w: publishing the checkpoint: %w", record.ErrUnknown, err)
		}
		if applied {
			return head, nil
		}
		if last, revision, err = readNewest(r.Responses[0].GetResponseRange().Kvs); err != nil {
			return last, err
		}
	}
}

// ErrOtherTree says that this node's copy is not of the record that was published: its bytes and hashes were changed where
// it lies. Nothing is signed over it, and another member writes: it is a record.ErrConflict.
var ErrOtherTree = fmt.Errorf("%w: the copy here makes another tree than was published, so it was changed on this machine's disk; let this member leave, and join with a new folder", record.ErrConflict)

// continues holds the copy, which has reached a published checkpoint, against it.
func (e *Engine) continues(last record.Checkpoint) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if last.Size > 0 && e.edge.Size() == last.Size && e.edge.Root() != last.Root {
		return fmt.Errorf("%w (at %d entries)", ErrOtherTree, last.Size)
	}
	return nil
}

// withdraw takes back a group that was never published: nobody has seen it.
func (e *Engine) withdraw(ctx context.Context, expect, size, revision int64) error {
	before := clientv3.OpPut(sizeKey, number(expect))
	if expect == 0 {
		before = clientv3.OpDelete(sizeKey)
	}
	_, err := e.Client.Txn(ctx).If(
		clientv3.Compare(clientv3.ModRevision(groupKey+number(expect)), "=", revision),
		clientv3.Compare(clientv3.Value(sizeKey), "=", number(size)),
		clientv3.Compare(clientv3.ModRevision(checkpointKey), "<", revision)).
		Then(before, clientv3.OpDelete(groupKey+number(expect))).Commit()
	return err
}

// A signError takes the group back and leaves the engine well.
type signError struct{ error }

func (e *signError) Error() string { return "signing the checkpoint: " + e.error.Error() }
func (e *signError) Unwrap() error { return e.error }

// tail is the committed groups between two sizes as one, and the edge of the tree with them. The copy has the first size.
// They are read from etcd, as options say, unless the only one is own.
func (e *Engine) tail(ctx context.Context, from, to int64, own *record.Group, options ...clientv3.OpOption) (record.Edge, record.Group, error) {
	e.mu.Lock()
	edge := e.edge.Clone()
	e.mu.Unlock()
	var all record.Group
	if edge.Size() != from {
		return edge, all, fmt.Errorf("%w: the copy is ahead of what was published", record.ErrUnknown)
	}
	if own != nil && from+int64(len(own.Entries)) == to {
		for _, b := range own.Entries {
			edge.Append(tlog.RecordHash(b))
		}
		return edge, *own, nil
	}
	r, err := e.Client.Get(ctx, groupKey+number(from), append(options, clientv3.WithRange(groupKey+number(to)))...)
	if err != nil {
		return edge, all, unknown(err)
	}
	for _, kv := range r.Kvs {
		first, err := parseNumber(kv.Key[len(groupKey):])
		if err == nil && first != edge.Size() {
			err = errTrimmed
		}
		var g record.Group
		if err == nil {
			g, err = unpack(kv.Value)
		}
		if err != nil {
			return edge, all, fmt.Errorf("the group at entry %d: %w", edge.Size(), err)
		}
		for _, b := range g.Entries {
			edge.Append(tlog.RecordHash(b))
		}
		all.Entries, all.Rows, all.Keys = append(all.Entries, g.Entries...), append(all.Rows, g.Rows...), append(all.Keys, g.Keys...)
	}
	if edge.Size() != to {
		return edge, all, fmt.Errorf("entries %d to %d: %w", edge.Size(), to, errTrimmed)
	}
	return edge, all, nil
}

// errTrimmed says that etcd does not hold a group any more: a peer's copy does.
var errTrimmed = errors.New("the group is not in etcd any more")

// apply gives the copy what was published, once.
func (e *Engine) apply(g record.Group, head record.Checkpoint) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	from := head.Size - int64(len(g.Entries))
	if e.edge.Size() >= head.Size {
		return nil
	}
	if e.edge.Size() != from {
		return fmt.Errorf("the copy has %d entries and the group begins at %d", e.edge.Size(), from)
	}
	_, err := e.Copy.Append(e.ctx, from, g, func(int64, tlog.Hash) ([]byte, error) { return head.Note, nil })
	e.noRoom.Store(errors.Is(err, record.ErrFull))
	if err != nil {
		return fmt.Errorf("the copy: %w", err)
	}
	for _, b := range g.Entries {
		e.edge.Append(tlog.RecordHash(b))
	}
	close(e.applied)
	e.applied = make(chan struct{})
	return nil
}

// keepUp follows what is published until the engine is closed.
func (e *Engine) keepUp() {
	pause := time.Duration(0)
	for e.ctx.Err() == nil {
		err := e.follow()
		if e.ctx.Err() != nil {
			return
		}
		if err != nil && e.Log != nil {
			e.Log(err)
		}
		pause = min(max(2*pause, 20*time.Millisecond), time.Second)
		select {
		case <-time.After(pause):
		case <-e.ctx.Done():
		}
	}
}

// follow brings the copy to what is published and then watches for more; it returns when the watch ends.
func (e *Engine) follow() error {
	ctx, stop := context.WithCancel(clientv3.WithRequireLeader(e.ctx))
	defer stop()
	watch := e.Client.Watch(ctx, checkpointKey)
	cosigned := e.Client.Watch(ctx, cosignedKey, clientv3.WithPrefix())
	if err := errors.Join(e.catchUp(ctx), e.catchCosigned(ctx)); err != nil {
		return err
	}
	for {
		select {
		case r, ok := <-watch:
			if err := r.Err(); !ok || err != nil {
				return err
			}
			head, err := newest(r.Events)
			if err == nil && head.Size != e.mine.Load() { // this member has what it tells of: the others need not be asked
				err = e.catchUpTo(ctx, head, clientv3.WithSerializable())
			}
			if err != nil {
				return err
			}
		case <-e.look:
			if err := e.catchUp(ctx); err != nil {
				return err
			}
		case r, ok := <-cosigned:
			if err := r.Err(); !ok || err != nil {
				return err
			}
			for _, event := range r.Events {
				if event.Type == clientv3.EventTypePut {
					if err := e.takeCosigned(ctx, event.Kv.Value); err != nil {
						return err
					}
				}
			}
		}
	}
}

// newest is the checkpoint that the last event put; the zero Checkpoint where none did.
func newest(events []*clientv3.Event) (c record.Checkpoint, err error) {
	for _, event := range slices.Backward(events) {
		if event.Type == clientv3.EventTypePut {
			return record.ReadCheckpoint(event.Kv.Value)
		}
	}
	return c, nil
}

// catchUp gives the copy all that is published.
func (e *Engine) catchUp(ctx context.Context) error {
	head, _, err := newestAt(ctx, e.Client)
	if err != nil {
		return err
	}
	return e.catchUpTo(ctx, head)
}

// catchUpTo gives the copy what it lacks of a published checkpoint. What is not in etcd any more comes from a peer.
func (e *Engine) catchUpTo(ctx context.Context, head record.Checkpoint, options ...clientv3.OpOption) error {
	have, _ := e.size()
	if head.Size <= have {
		return nil
	}
	edge, g, err := e.tail(ctx, have, head.Size, nil, options...)
	if now, _ := e.size(); now >= head.Size { // Append was first
		return nil
	}
	if errors.Is(err, errTrimmed) {
		return e.fromPeers(ctx, head)
	}
	if err != nil {
		return err
	}
	if edge.Root() != head.Root {
		return fmt.Errorf("%w (at %d entries)", ErrOtherTree, head.Size)
	}
	return e.apply(g, head)
}

// fromPeers reads what was trimmed from the copy of the first peer that has it.
func (e *Engine) fromPeers(ctx context.Context, head record.Checkpoint) error {
	errs := []error{errTrimmed}
	for _, p := range e.Peers() {
		err := e.fromPeer(ctx, p, head)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// fromPeer reads the entries up to a published checkpoint from one peer: once for their hashes, for a peer is believed only
// where they make that checkpoint's tree, and once to keep them.
func (e *Engine) fromPeer(ctx context.Context, p Peer, head record.Checkpoint) error {
	e.mu.Lock()
	begin := e.edge.Clone()
	e.mu.Unlock()
	whole, from := begin.Clone(), begin.Size()
	var proven []tlog.Hash
	for part, err := range p.Groups(ctx, from) {
		if err != nil {
			return err
		}
		for _, b := range part.Group.Entries {
			proven = append(proven, tlog.RecordHash(b))
		}
		if from+int64(len(proven)) >= head.Size {
			break
		}
	}
	if have := from + int64(len(proven)); have < head.Size {
		return fmt.Errorf("a peer has %d entries and %d are published", have, head.Size)
	}
	proven = proven[:head.Size-from]
	for _, h := range proven {
		whole.Append(h)
	}
	if whole.Root() != head.Root {
		return fmt.Errorf("a peer's entries %d to %d, behind those here, make another tree than was published: its copy or this one was changed", from, head.Size-1)
	}
	at := begin
	for part, err := range p.Groups(ctx, from) {
		if err != nil {
			return err
		}
		g, first := part.Group, at.Size()
		if g.Entries = g.Entries[:min(int64(len(g.Entries)), head.Size-first)]; len(g.Entries) == 0 {
			return errCut
		}
		for _, b := range g.Entries {
			h := tlog.RecordHash(b)
			if h != proven[at.Size()-from] {
				return fmt.Errorf("a peer tells another entry %d than a moment ago", at.Size())
			}
			at.Append(h)
		}
		beside := func(index int64) bool { return index < first || index >= at.Size() } // of another part
		g.Rows = slices.DeleteFunc(g.Rows, func(r record.Row) bool { return beside(r.Index) })
		g.Keys = slices.DeleteFunc(g.Keys, func(k record.ClosedKey) bool { return beside(k.Index) })
		under := head
		if at.Size() < head.Size {
			if under, err = between(head.Origin, at.Size(), at.Root()); err != nil {
				return err
			}
		}
		if err := e.apply(g, under); err != nil {
			return err
		}
		if at.Size() == head.Size {
			return nil
		}
	}
	return errCut
}

// Settle publishes what a writer that died had committed and not published, and returns etcd's revision by then: who has
// the pen later reads a larger one.
func (e *Engine) Settle(ctx context.Context, sign record.SignFunc) (revision int64, err error) {
	e.appending.Lock()
	defer e.appending.Unlock()
	r, err := e.Client.Get(ctx, sizeKey)
	if err != nil {
		return 0, unknown(err)
	}
	if len(r.Kvs) > 0 {
		size, err := parseNumber(r.Kvs[0].Value)
		if err != nil {
			return 0, err
		}
		if _, err := e.publish(ctx, size, sign); err != nil {
			return 0, err
		}
	}
	return r.Header.Revision, nil
}

// Copied is the newest checkpoint of this node's copy: what it can show without asking the others.
func (e *Engine) Copied(ctx context.Context) (record.Checkpoint, error) { return e.Copy.Head(ctx) }

// Head implements record.Engine: linearizable, so it needs the quorum.
func (e *Engine) Head(ctx context.Context) (record.Checkpoint, error) {
	if e.ctx.Err() != nil {
		return record.Checkpoint{}, record.ErrStopped
	}
	head, _, err := newestAt(ctx, e.Client)
	if err != nil {
		return head, fmt.Errorf("asking the quorum: %w", err)
	}
	return head, e.reach(ctx, head.Size)
}

// Cosign implements record.Engine.
func (e *Engine) Cosign(ctx context.Context, c record.Checkpoint) error {
	for {
		head, revision, err := newestAt(ctx, e.Client)
		if err != nil {
			return unknown(err)
		}
		if c.Size > head.Size || c.Size < 1 {
			return fmt.Errorf("a checkpoint of %d entries, and there are %d: %w", c.Size, head.Size, record.ErrNotFound)
		}
		at := cosignedKey + number(c.Size)
		r, err := e.Client.Get(ctx, at)
		if err != nil {
			return unknown(err)
		}
		note, before := c.Note, int64(0)
		if len(r.Kvs) > 0 {
			before = r.Kvs[0].ModRevision
			if note, err = record.Join(r.Kvs[0].Value, note); err != nil {
				return err
			}
		}
		then := []clientv3.Op{clientv3.OpPut(at, string(note))}
		if c.Size == head.Size {
			joined, err := record.Join(head.Note, note)
			if err != nil {
				return err
			}
			then = append(then, clientv3.OpPut(checkpointKey, string(joined)))
		}
		t, err := e.Client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(at), "=", before), clientv3.Compare(clientv3.ModRevision(checkpointKey), "=", revision)).
			Then(then...).Commit()
		if err != nil {
			return unknown(err)
		}
		if t.Succeeded {
			return e.takeCosigned(ctx, note)
		}
	}
}

// takeCosigned gives the copy a cosigned checkpoint.
func (e *Engine) takeCosigned(ctx context.Context, note []byte) error {
	c, err := record.ReadCheckpoint(note)
	if err == nil {
		err = e.reach(ctx, c.Size)
	}
	if err == nil {
		err = e.Copy.Cosign(ctx, c)
	}
	if err == nil && e.OnCosigned != nil {
		e.OnCosigned(c)
	}
	return err
}

// catchCosigned gives the copy all cosigned checkpoints it may lack; those that were trimmed come from a peer, as far as
// one answers.
func (e *Engine) catchCosigned(ctx context.Context) error {
	r, err := e.Client.Get(ctx, cosignedKey, clientv3.WithPrefix())
	if err != nil || len(r.Kvs) == 0 {
		return err
	}
	newest := int64(0)
	for c, err := range e.Copy.Cosigned(ctx) {
		if err != nil {
			return err
		}
		newest = c.Size
		break
	}
	first, err := parseNumber(r.Kvs[0].Key[len(cosignedKey):])
	if err != nil {
		return err
	}
	if first > newest {
		if err := e.cosignedFromPeers(ctx, newest); err != nil && e.Log != nil {
			e.Log(fmt.Errorf("older cosigned checkpoints: %w", err))
		}
	}
	for _, kv := range r.Kvs {
		if err := e.takeCosigned(ctx, kv.Value); err != nil {
			return err
		}
	}
	return nil
}

// cosignedFromPeers reads the cosigned checkpoints from a size on from the first peer that tells them.
func (e *Engine) cosignedFromPeers(ctx context.Context, from int64) error {
	var errs []error
	for _, p := range e.Peers() {
		var err error
		for c, oneErr := range p.Cosigned(ctx, from) {
			if err = oneErr; err == nil {
				err = e.takeCosigned(ctx, c.Note)
			}
			if err != nil {
				break
			}
		}
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// FetchBlobs brings the copy all blobs that peers have and it lacks, and says how many it brought. need is how many peers
// must tell what they have: a majority of the voting members, this one not counted, where it is to hold all there are.
func (e *Engine) FetchBlobs(ctx context.Context, need int) (fetched int, err error) {
	copied, ok := e.Copy.(lister)
	if !ok {
		return 0, errors.New("this copy does not list its files")
	}
	have := map[record.Digest]bool{}
	for d, err := range copied.Blobs(ctx) {
		if err != nil {
			return 0, err
		}
		have[d] = true
	}
	var errs []error
	told := 0
	for _, p := range e.Peers() {
		var err error
		for d, oneErr := range p.Blobs(ctx) {
			if err = oneErr; err != nil {
				break
			}
			if have[d] {
				continue
			}
			var b []byte
			if b, err = p.Blob(ctx, d); err == nil && record.DigestOf(b) != d {
				err = fmt.Errorf("a peer's file %s is damaged", d)
			}
			if err == nil {
				_, err = e.Copy.PutBlob(ctx, b)
			}
			if err != nil {
				break
			}
			have[d] = true
			fetched++
		}
		if err == nil {
			told++
		} else {
			errs = append(errs, err)
		}
	}
	if told < need {
		return fetched, fmt.Errorf("%d members told which files they have, and %d must: %w", told, need, errors.Join(errs...))
	}
	return fetched, nil
}

// PutBlob implements record.Engine: the bytes are on a majority of disks when it returns.
func (e *Engine) PutBlob(ctx context.Context, b []byte) (record.Digest, error) {
	d, err := e.Copy.PutBlob(ctx, b)
	if err != nil {
		return d, err
	}
	peers := e.Peers()
	answers := make(chan error, len(peers))
	for _, p := range peers {
		go func() { answers <- p.PutBlob(ctx, b) }()
	}
	have, need := 1, (len(peers)+1)/2+1
	var errs []error
	for range peers {
		if have >= need {
			break
		}
		if err := <-answers; err != nil {
			errs = append(errs, err)
		} else {
			have++
		}
	}
	if have < need {
		return d, fmt.Errorf("the file is on %d of %d disks and a majority is needed: %w", have, len(peers)+1, errors.Join(errs...))
	}
	return d, nil
}

// Blob implements record.Engine: what is not in the copy, or damaged there, comes from a peer and is kept.
func (e *Engine) Blob(ctx context.Context, d record.Digest) ([]byte, error) {
	b, err := e.Copy.Blob(ctx, d)
	if err == nil {
		return b, nil
	}
	for _, p := range e.Peers() {
		b, peerErr := p.Blob(ctx, d)
		if peerErr != nil || record.DigestOf(b) != d {
			continue
		}
		_, err := e.Copy.PutBlob(ctx, b)
		return b, err
	}
	return nil, err
}

// Read implements record.Engine.
func (e *Engine) Read(ctx context.Context, from int64) iter.Seq2[record.Stored, error] {
	return e.Copy.Read(ctx, from)
}

// Follow implements record.Engine.
func (e *Engine) Follow(ctx context.Context, from int64) iter.Seq2[record.Stored, error] {
	return e.Copy.Follow(ctx, from)
}

// Cosigned implements record.Engine.
func (e *Engine) Cosigned(ctx context.Context) iter.Seq2[record.Checkpoint, error] {
	return e.Copy.Cosigned(ctx)
}

// Rows implements record.Engine.
func (e *Engine) Rows(ctx context.Context, from int64) iter.Seq2[record.Row, error] {
	return e.Copy.Rows(ctx, from)
}

// Row implements record.Engine.
func (e *Engine) Row(ctx context.Context, d record.Digest) (record.Row, error) {
	return e.Copy.Row(ctx, d)
}

// ClosedKey implements record.Engine.
func (e *Engine) ClosedKey(ctx context.Context, by, key string) (record.ClosedKey, error) {
	return e.Copy.ClosedKey(ctx, by, key)
}

// ClosedKeys implements record.Engine.
func (e *Engine) ClosedKeys(ctx context.Context, from int64) iter.Seq2[record.ClosedKey, error] {
	return e.Copy.ClosedKeys(ctx, from)
}

// PutSnapshot implements record.Engine: each node keeps its own.
func (e *Engine) PutSnapshot(ctx context.Context, s record.Snapshot) error {
	return e.Copy.PutSnapshot(ctx, s)
}

// Snapshot implements record.Engine.
func (e *Engine) Snapshot(ctx context.Context, size int64) (record.Snapshot, error) {
	return e.Copy.Snapshot(ctx, size)
}

// Trim deletes from etcd the groups that end by a size, which every voting member holds and a cosigned checkpoint covers,
// as the caller knows, and says how many; of the cosigned checkpoints of such sizes the newest stays. All stay in the
// copies.
func (e *Engine) Trim(ctx context.Context, size int64) (int64, error) {
	cosigned, err := e.Client.Get(ctx, cosignedKey, clientv3.WithRange(cosignedKey+number(size)+"\x00"), clientv3.WithKeysOnly())
	if err != nil {
		return 0, err
	}
	if n := len(cosigned.Kvs); n > 1 {
		if _, err := e.Client.Delete(ctx, cosignedKey, clientv3.WithRange(string(cosigned.Kvs[n-1].Key))); err != nil {
			return 0, err
		}
	}
	r, err := e.Client.Get(ctx, groupKey, clientv3.WithRange(groupKey+number(size)), clientv3.WithKeysOnly())
	if err != nil || len(r.Kvs) == 0 {
		return 0, err
	}
	last := r.Kvs[len(r.Kvs)-1] // it may end beyond size, unless size ends one
	end := string(last.Key)
	if have, _ := e.size(); have == size {
		end = groupKey + number(size)
	}
	d, err := e.Client.Delete(ctx, groupKey, clientv3.WithRange(end))
	if err != nil {
		return 0, err
	}
	return d.Deleted, nil
}
