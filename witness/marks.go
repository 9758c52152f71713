package witness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
)

// Marks say how far the witnesses have cosigned a record. They keep what they are given, and what they say only grows.
type Marks struct {
	key    *record.Verifier
	engine record.Engine
	now    func() Marked

	began int64 // when they were opened, in seconds since 1970
	from  int64 // how many entries the record had then

	mu       sync.Mutex
	size     map[string]int64 // by verifier key: the largest checkpoint cosigned
	had      map[string]int64 // by verifier key: when it cosigned last before, in seconds since 1970
	answered map[string]bool  // by verifier key: it has cosigned the record since, so it has seen no more of it
	free     bool             // enough have, or nobody is asked: it stays so

	changes int64         // counts what changed of what is shown
	more    chan struct{} // closed at the next change
}

// Marked is the record the marks are of, as it stands.
type Marked interface {
	State() *conference.State
	Checkpoint() record.Checkpoint
	tlog.HashReader
}

// A Mark is what a reader sees of an outcome: recorded and proven always, and witnessed by Have of Of, of whom Need are
// asked for.
type Mark struct{ Have, Need, Of int64 }

// Witnessed reports whether as many cosigned as are asked for.
func (m Mark) Witnessed() bool { return m.Need > 0 && m.Have >= m.Need }

// OpenMarks reads what the engine keeps of cosignatures.
func OpenMarks(ctx context.Context, engine record.Engine, key *record.Verifier, now func() Marked) (*Marks, error) {
	m := &Marks{key: key, engine: engine, now: now, began: time.Now().Unix(), from: now().Checkpoint().Size, size: map[string]int64{}, had: map[string]int64{}, answered: map[string]bool{}, more: make(chan struct{})}
	for c, err := range engine.Cosigned(ctx) {
		if err != nil {
			return nil, fmt.Errorf("reading the cosignatures: %w", err)
		}
		found, err := m.count(c.Note)
		if err != nil {
			return nil, fmt.Errorf("the cosigned checkpoint of %d entries: %w", c.Size, err)
		}
		for _, f := range found {
			m.had[f.Verifier] = max(m.had[f.Verifier], f.At)
		}
		if m.whole() {
			break // older ones add nothing
		}
	}
	m.Held()
	return m, nil
}

// whole reports whether every admitted node was met.
func (m *Marks) whole() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.now().State().Nodes() {
		if _, met := m.size[n.Verifier]; !met && n.Withdrawn == 0 {
			return false
		}
	}
	return true
}

// ErrOtherTree is of a checkpoint that the log signed and that is not of this record: somebody was shown another one.
var ErrOtherTree = errors.New("the log signed this checkpoint, and it is of another record than this")

// ErrNobody is of a checkpoint that bears no cosignature of an admitted node.
var ErrNobody = errors.New("no admitted node has cosigned this checkpoint")

// Add keeps a cosigned checkpoint: of this record, and cosigned by nodes that were admitted.
func (m *Marks) Add(ctx context.Context, signed []byte) error {
	found, _, head, err := Cosignatures(m.key, nodesOf(m.now().State()), signed)
	if err != nil {
		return err
	}
	at := m.now()
	if head.Size > at.Checkpoint().Size {
		return fmt.Errorf("the log signed a checkpoint of %d entries, and here are %d: %w", head.Size, at.Checkpoint().Size, ErrAhead)
	}
	if head.Size < 1 {
		return errors.New("a checkpoint of nothing")
	}
	root, err := tlog.TreeHash(head.Size, at)
	if err != nil {
		return err
	}
	switch {
	case root != head.Root:
		return ErrOtherTree
	case len(found) == 0:
		return ErrNobody
	}
	if err := m.engine.Cosign(ctx, head); err != nil {
		return err
	}
	m.heard(found, head.Size)
	return nil
}

// Heard takes up a cosigned checkpoint that another machine of the same record has checked and kept.
func (m *Marks) Heard(c record.Checkpoint) {
	if found, _, head, err := Cosignatures(m.key, nodesOf(m.now().State()), c.Note); err == nil {
		m.heard(found, head.Size)
	}
}

// Wrote is told that the record has so many entries, where several machines keep it: whoever of them wrote more than was
// here at the opening had heard enough witnesses, and this is the same record.
func (m *Marks) Wrote(size int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free = m.free || size > m.from
}

// Covered is how many entries are witnessed, -1 where no witnesses are named.
func (m *Marks) Covered() int64 {
	if m.now().State().Witnesses().Named == 0 {
		return -1
	}
	return m.Witnessed()
}

func (m *Marks) heard(found []Cosignature, size int64) {
	m.take(found, size)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range found {
		if size >= m.from && (c.At > m.had[c.Verifier] && c.At >= m.began-apart || c.At >= m.began-1) {
			m.answered[c.Verifier] = true
		}
	}
}

// apart is how far clocks may be apart, in seconds: a cosignature older than the record's opening, or one that was kept
// before, says nothing of what its witness has seen since.
const apart = 60

// Held says how many witnesses have answered since the record was opened, how many must before anything is written, and
// whether that is still waited for: a witness that answers has seen no more of the record than is here, so this is no
// older copy put back. Of witnesses that were named as many must as the policy asks for; where none were named, more than
// half of the nodes that are known to have cosigned. Once enough have, or nobody was asked for at the opening, the wait
// is over: witnesses that go away later hold nobody up.
func (m *Marks) Held() (have, need int64, held bool) {
	s := m.now().State()
	p := s.Witnesses()
	far := m.Witnessed()
	m.mu.Lock()
	defer m.mu.Unlock()
	var known int64
	for _, k := range p.Keys {
		if m.answered[k] {
			have++
		}
		if m.size[k] > 0 {
			known++
		}
	}
	switch {
	case p.Named > 0:
		need = p.Need
	case known > 0:
		need = known/2 + 1
	}
	if r := s.Resumed(); have >= need || r.Index > 0 && far <= r.Index {
		m.free = true // or two officers went on without them, and they do not agree yet
	}
	return have, need, !m.free
}

// Silence says why nothing may be written yet, a *conference.Refusal, or nil: see Held.
func (m *Marks) Silence() error {
	have, need, held := m.Held()
	if !held {
		return nil
	}
	return &conference.Refusal{Code: "witnesses-silent", Rule: "C2SP tlog-witness", Args: []string{strconv.FormatInt(have, 10), strconv.FormatInt(need, 10)}}
}

func nodesOf(s *conference.State) map[string]string {
	nodes := map[string]string{}
	for _, n := range s.Nodes() {
		if n.Withdrawn == 0 {
			nodes[n.Verifier] = string(n.Party)
		}
	}
	return nodes
}

// count takes up the cosignatures of a checkpoint that is kept.
func (m *Marks) count(signed []byte) ([]Cosignature, error) {
	found, _, head, err := Cosignatures(m.key, nodesOf(m.now().State()), signed)
	if err == nil {
		m.take(found, head.Size)
	}
	return found, err
}

// take takes up cosignatures that were checked, over so many entries.
func (m *Marks) take(found []Cosignature, size int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	grown := false
	for _, c := range found {
		grown = grown || size > m.size[c.Verifier]
		m.size[c.Verifier] = max(m.size[c.Verifier], size)
	}
	if grown {
		m.changed()
	}
}

// changed says that something is shown otherwise. m.mu is held.
func (m *Marks) changed() {
	m.changes++
	close(m.more)
	m.more = make(chan struct{})
}

// Touch says that something else is shown otherwise of the nodes.
func (m *Marks) Touch() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changed()
}

// Changes counts how often marks changed.
func (m *Marks) Changes() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changes
}

// Wait waits until marks have changed more than so often.
func (m *Marks) Wait(ctx context.Context, seen int64) error {
	for {
		m.mu.Lock()
		changes, more := m.changes, m.more
		m.mu.Unlock()
		if changes > seen {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Of is the mark of an entry.
func (m *Marks) Of(index int64) Mark {
	p := m.now().State().Witnesses()
	mark := Mark{Need: p.Need, Of: int64(len(p.Keys))}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range p.Keys {
		if m.size[k] > index {
			mark.Have++
		}
	}
	return mark
}

// Cosigned is how many entries each node has cosigned, by verifier key.
func (m *Marks) Cosigned() map[string]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]int64{}
	for k, size := range m.size {
		out[k] = size
	}
	return out
}

// Witnessed is how many entries are witnessed: so many witnesses as are asked for have cosigned that far.
func (m *Marks) Witnessed() int64 {
	p := m.now().State().Witnesses()
	m.mu.Lock()
	defer m.mu.Unlock()
	var far []int64
	for _, k := range p.Keys {
		far = append(far, m.size[k])
	}
	if p.Need < 1 || p.Need > int64(len(far)) {
		return 0
	}
	slices.Sort(far)
	return far[int64(len(far))-p.Need]
}

// Newest is the newest checkpoint of more than size entries that bears as many cosignatures as are asked for, else the
// newest that bears any; ok is false where there is none.
func (m *Marks) Newest(ctx context.Context, size int64) (best record.Checkpoint, ok bool, err error) {
	p := m.now().State().Witnesses()
	asked := map[string]string{}
	for _, k := range p.Keys {
		asked[k] = ""
	}
	most := 0
	for c, err := range m.engine.Cosigned(ctx) {
		if err != nil || c.Size <= size {
			return best, ok, err
		}
		found, _, _, err := Cosignatures(m.key, asked, c.Note)
		if err != nil {
			return best, ok, err
		}
		if len(found) > most {
			best, ok, most = c, true, len(found)
		}
		if p.Need > 0 && int64(most) >= p.Need {
			return best, ok, nil
		}
	}
	return best, ok, nil
}
