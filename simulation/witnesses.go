package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/secretariat"
	"kurultai/witness"
)

// Two witnesses wait for checkpoints, and one of them must cosign (C2SP tlog-witness).
const (
	watchers  = 2
	mustWatch = 1
)

// A watcher is a witness that waits for checkpoints. The program sends them and keeps what comes back. It answers late, at times
// too late, now and then not at all for an hour, and begins anew from its disk.
type watcher struct {
	name   string
	key    *witness.NodeKey
	others *witness.Others
	open   func() (*witness.Others, error)
	signed func(size int64) // hears of each checkpoint that was cosigned

	mu     sync.Mutex // guards what follows
	chance *rand.Rand
	until  time.Time // it is away till then
}

// address is where a witness takes checkpoints.
func (x *watcher) address() string { return "https://" + x.name }

// ServeHTTP implements http.Handler.
func (x *watcher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	coming, going := time.Duration(x.chance.IntN(12_000))*time.Millisecond, time.Duration(x.chance.IntN(12_000))*time.Millisecond
	if x.chance.IntN(40) == 0 {
		x.until = time.Now().Add(time.Duration(x.chance.IntN(60)) * time.Minute)
	}
	gone, anew := time.Now().Before(x.until), x.chance.IntN(20) == 0
	x.mu.Unlock()
	if !pause(r.Context(), coming) {
		return
	}
	if gone {
		away(w, r)
		return
	}
	if anew {
		others, err := x.open()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		x.others = others
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	x.others.ServeHTTP(answer, r)
	_, sent, _ := bytes.Cut(body, []byte("\n\n"))
	if head, err := record.ReadCheckpoint(sent); err == nil && answer.Code == http.StatusOK {
		x.signed(head.Size)
	}
	pause(r.Context(), going)
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes())
}

// pause lets time pass, and reports whether all of it passed.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// watch makes the witnesses, has them admitted and named.
func (h *hall) watch() error {
	by, second, err := h.script.officers()
	if err != nil {
		return err
	}
	var keys []string
	for i := range watchers {
		x := &watcher{name: fmt.Sprintf("witness%d.example.org", i+1), chance: rand.New(rand.NewPCG(h.config.Seed, uint64(1000+i)))}
		if x.key, err = h.nodeKey(x.name); err != nil {
			return err
		}
		verifier := x.key.Verifier().String()
		x.open = func() (*witness.Others, error) {
			return witness.OpenOthers(filepath.Join(h.config.Dir, x.name), x.key.CosignatureSigner, []*record.Verifier{h.laws.key}, func(err error) {
				h.laws.hears(err)
			})
		}
		x.signed = func(size int64) { h.laws.answers(verifier, size) }
		if x.others, err = x.open(); err != nil {
			return err
		}
		h.network.serve(x.name, x)
		h.watchers = append(h.watchers, x)
		keys = append(keys, verifier)
		if err := h.script.do("Secretary", by, "AdmitNode", fmt.Sprintf(`{"address":"%s","verifier":"%s"}`, x.address(), verifier)); err != nil {
			return err
		}
	}
	return h.script.do("Secretary", by, "NameWitnesses", fmt.Sprintf(`{"need":%d,"verifiers":["%s"]}`, mustWatch, strings.Join(keys, `","`)), second)
}

// unhurried is how long a checkpoint waits at least for the next to be sent with it.
const unhurried = 2 * time.Minute

// feed has the program send checkpoints to the witnesses until the function it returns is called.
func (h *hall) feed(s *secretariat.Secretariat, m *witness.Marks) (stop func()) {
	ctx, cancel := context.WithCancel(h.ctx)
	var running sync.WaitGroup
	client := &http.Client{Transport: &h.network, Timeout: 20 * time.Second}
	wait := func(ctx context.Context, size int64) error {
		if err := s.Wait(ctx, size); err != nil {
			return err
		}
		if !pause(ctx, unhurried) {
			return ctx.Err()
		}
		return nil
	}
	for _, x := range h.watchers {
		running.Go(func() {
			witness.Feed(ctx, m, client, x.address(), wait, func(err error) {
				if errors.Is(err, witness.ErrAhead) {
					h.laws.hears(err)
				}
			})
		})
	}
	return func() { cancel(); running.Wait() }
}

// silence says why nothing may be written yet.
func silence(m *witness.Marks) error {
	if m == nil {
		return errors.New("the record is being opened")
	}
	return m.Silence()
}

// waits lets time pass until witnesses answer. After ten minutes two officers go on without them.
func (h *hall) waits(tries int) error {
	time.Sleep(time.Duration(5+h.chance.IntN(30)) * time.Second)
	h.config.Settle()
	if tries < 30 || h.proceeding {
		return nil
	}
	h.proceeding = true
	defer func() { h.proceeding = false }()
	first, second, err := h.script.officers()
	if err != nil {
		return err
	}
	h.laws.counts.Proceeded++
	_, err = h.press(h.act(&record.Submitted{As: "Secretary", By: first, Name: "ProceedUnwitnessed", Fields: fieldsOf(`{"reason":"nobody answers"}`), With: []record.With{{As: "Secretary", By: second}}}, nil))
	return unless(secretariat.Receipt{}, err)
}

// putBack opens a copy of the record as it was some time ago, as after a disk was lost: its witnesses have seen more, so nothing
// is written to it, whoever presses what.
func (h *hall) putBack() error {
	far := h.laws.furthest()
	seen := slices.DeleteFunc(slices.Clone(h.laws.heads), func(c record.Checkpoint) bool { return c.Size >= far || c.Size < far-100 })
	named := h.laws.replay.State.Witnesses().Named
	if len(seen) == 0 || named == 0 {
		return nil
	}
	old := seen[h.chance.IntN(len(seen))]
	if old.Size <= named {
		return nil
	}
	disk := h.disk.older(old)
	var marks atomic.Pointer[witness.Marks]
	s, err := secretariat.Open(h.ctx, secretariat.Config{Engine: OpenDisk(disk), Keys: h.keys, Log: h.log, Clock: h.now, Chance: rand.NewChaCha8(seedOf(h.config.Seed, 1<<50+old.Size)), Held: func() error {
		if h.config.Plant == "writes unasked" {
			return nil
		}
		return silence(marks.Load())
	}})
	if err != nil {
		return h.laws.broken("a record that was put back can be read", "%v", err)
	}
	defer s.Close()
	h.config.Settle()
	m, err := witness.OpenMarks(h.ctx, OpenDisk(disk), h.laws.key, func() witness.Marked { return s.View() })
	if err != nil {
		return h.laws.broken("a record that was put back can be read", "%v", err)
	}
	marks.Store(m)
	if r := s.View().State().Resumed(); r.Index > 0 && m.Witnessed() <= r.Index {
		return nil // it was in the midst of going on without them
	}
	h.laws.counts.PutBack++
	for _, x := range h.watchers {
		err := witness.Ask(h.ctx, m, &http.Client{Transport: &h.network}, x.address())
		if err == nil && h.laws.signedBy(x.key.Verifier().String()) > old.Size {
			return h.laws.broken("a witness signs no record that lacks what it saw", "%s cosigned %d entries after %d", x.name, old.Size, h.laws.signedBy(x.key.Verifier().String()))
		}
	}
	a := h.act(&record.Submitted{As: "Secretary", By: h.officer(), Name: "NamePlace", Fields: fieldsOf(fmt.Sprintf(`{"names":[%s],"place":"put-back-%d","type":"hall"}`, h.everywhere("Nowhere"), old.Size))}, nil)
	_, err = s.Do(h.ctx, a)
	h.config.Settle()
	var refused *conference.Refusal
	if n := disk.size(); n != old.Size || err == nil {
		return h.laws.broken("a record that lacks its end is not written", "of %d entries, of which a witness saw %d, there are %d: %v", old.Size, far, n, err)
	}
	if errors.As(err, &refused) {
		h.laws.counts.Refusals[string(refused.Code)]++
	}
	return nil
}

// older is a copy of a disk as it was when it had so many entries.
func (d *Disk) older(head record.Checkpoint) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	o := NewDisk("")
	o.entries, o.head, o.blobs = d.entries[:head.Size:head.Size], head, maps.Clone(d.blobs)
	for _, s := range o.entries {
		o.edge.Append(s.Hash)
	}
	var rows []record.Row
	for _, r := range d.rows {
		if r.Index < head.Size {
			rows = append(rows, r)
		}
	}
	o.addRows(rows)
	for _, k := range d.keys {
		if k.Index < head.Size {
			o.byKey[k.By+"/"+k.Key] = len(o.keys)
			o.keys = append(o.keys, k)
		}
	}
	for size, c := range d.cosigned {
		if size <= head.Size {
			o.cosigned[size] = c
		}
	}
	for _, s := range d.snapshots {
		if s.Size <= head.Size {
			o.snapshots = append(o.snapshots, s)
		}
	}
	return o
}

// size is how many entries are durable.
func (d *Disk) size() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return int64(len(d.entries))
}

// witnessed is what the laws know of witnesses: what these themselves did, never what the writer says of it.
type witnessed struct {
	mu       sync.Mutex       // guards what follows: witnesses answer beside all else
	signed   map[string]int64 // by verifier key: of how many entries it cosigned a checkpoint
	answered map[string]bool  // those that cosigned since the writer began
	heard    error            // that somebody saw another record, or more of it

	marked  map[string]int64 // by verifier key: what the writer's marks said last
	far     int64            // how many entries they said were witnessed
	from    int64            // how many entries the record had when the writer began
	checked map[keptAt]int   // of cosigned checkpoints that were checked: their bytes
}

// keptAt is where a cosigned checkpoint is kept.
type keptAt struct {
	disk *Disk
	size int64
}

// signs notes that a node cosigned.
func (l *laws) signs(verifier string, size int64) {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.of.signed[verifier] = max(l.of.signed[verifier], size)
}

// answers notes that a witness cosigned what the writer sent.
func (l *laws) answers(verifier string, size int64) {
	l.signs(verifier, size)
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.of.answered[verifier] = true
	l.counts.Watched++
}

// hears notes that somebody saw another record, or more of it than there is.
func (l *laws) hears(err error) {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.of.heard = errors.Join(l.of.heard, err)
}

// begins notes that the writer begins.
func (l *laws) begins() {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.of.answered, l.of.from = map[string]bool{}, l.disk.size()
}

func (l *laws) signedBy(verifier string) int64 {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	return l.of.signed[verifier]
}

// furthest is how many entries the witness has seen that saw fewest: whoever of them is asked has seen as much.
func (l *laws) furthest() (far int64) {
	for i, k := range l.replay.State.Witnesses().Keys {
		if n := l.signedBy(k); i == 0 || n < far {
			far = n
		}
	}
	return far
}

// waited holds the first entry since the writer began against who had answered by then.
func (l *laws) waited(before *conference.State, e *record.Entry) error {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	policy, resumed := before.Witnesses(), before.Resumed().Index
	if e.Index != l.of.from || policy.Named == 0 || e.Act.Name == "ProceedUnwitnessed" || resumed > 0 && l.of.far <= resumed {
		return nil
	}
	var have int64
	for _, k := range policy.Keys {
		if l.of.answered[k] {
			have++
		}
	}
	if have < policy.Need {
		return l.broken("a writer that comes back waits for its witnesses", "entry %d is the first since it began, and %d of %d witnesses had answered", e.Index, have, policy.Need)
	}
	return nil
}

// marks holds what the writer says of cosignatures against who signed.
func (l *laws) marks(m *witness.Marks, nodes []*node) error {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	if l.of.heard != nil {
		return l.broken("nobody has seen another record, or more of it", "%v", l.of.heard)
	}
	said := m.Cosigned()
	standing := map[string]bool{}
	for _, n := range l.replay.State.Nodes() {
		standing[n.Verifier] = n.Withdrawn == 0
	}
	for _, v := range slices.Sorted(maps.Keys(said)) {
		if n := said[v]; n > l.of.signed[v] {
			return l.broken("a mark rests on a cosignature", "%s is said to have cosigned %d entries, and cosigned %d", v, n, l.of.signed[v])
		}
	}
	for _, v := range slices.Sorted(maps.Keys(l.of.marked)) {
		if n := l.of.marked[v]; standing[v] && said[v] < n {
			return l.broken("what was cosigned stays cosigned", "%s was said to have cosigned %d entries, and then %d", v, n, said[v])
		}
	}
	for _, n := range nodes {
		if v := n.key.Verifier().String(); standing[v] && said[v] < n.given {
			return l.broken("what was cosigned stays cosigned", "%s gave a cosignature of %d entries, and is said to have cosigned %d", n.name, n.given, said[v])
		}
	}
	l.of.marked, l.of.far = said, m.Witnessed()
	if policy := l.replay.State.Witnesses(); policy.Named > 0 && l.of.far > 0 {
		var have int64
		for _, k := range policy.Keys {
			if l.of.signed[k] >= l.of.far {
				have++
			}
		}
		if have < policy.Need {
			return l.broken("a mark rests on a cosignature", "%d entries are said to be witnessed, and %d of %d witnesses cosigned them", l.of.far, have, policy.Need)
		}
	}
	return nil
}

// forgets notes that what a node cosigned counts no more.
func (l *laws) forgets(n *node) {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	n.given = 0
	delete(l.of.marked, n.key.Verifier().String())
}

// kept holds each cosigned checkpoint that is kept against the tree, and against who was ever admitted or keeps it.
func (l *laws) kept(ctx context.Context, engine *Engine, tree tlog.HashReader, keeper ...string) error {
	nodes := map[string]string{}
	for _, k := range keeper {
		nodes[k] = ""
	}
	for _, n := range l.replay.State.Nodes() {
		nodes[n.Verifier] = string(n.Party)
	}
	for c, err := range engine.Cosigned(ctx) {
		if err != nil {
			return err
		}
		if l.of.checked[keptAt{engine.disk, c.Size}] == len(c.Note) {
			continue
		}
		found, unknown, head, err := witness.Cosignatures(l.key, nodes, c.Note)
		if err != nil || unknown || len(found) == 0 || head.Size != c.Size {
			return l.broken("a kept cosignature is an admitted node's", "of %d entries: %d found, others %v: %v", c.Size, len(found), unknown, err)
		}
		if root, err := tlog.TreeHash(c.Size, tree); err != nil || root != head.Root {
			return l.broken("a cosigned checkpoint is of the record", "of %d entries: %v", c.Size, err)
		}
		l.of.checked[keptAt{engine.disk, c.Size}] = len(c.Note)
		l.counts.Cosigned++
	}
	return nil
}
