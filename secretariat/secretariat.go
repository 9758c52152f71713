// Package secretariat is the one writer of a record. It takes acts, has them decided, appends what they caused
// and shows the result.
//
//	Do(ctx, act) (Receipt, error)   error is a *conference.Refusal, or a fault
//	View() *View                    the record as it stands, immutable
//	Wait(ctx, size) error           until there is more
//
// One goroutine decides. It takes one act and all that wait, decides each against a private *ahead* state, so
// that the second act of a group sees the first, and appends the group in one transaction. Only when that is
// durable does ahead become *shown*, and only then is anyone answered, the refused too: a refusal may rest on an
// act that failed. Readers hold a shown state and wait for nothing.
package secretariat

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat/gather"
)

// MaxGroup is how many acts are appended together at most.
const MaxGroup = 512

// Config is what a secretariat works with.
type Config struct {
	Engine record.Engine
	Keys   *SubjectKeys
	Log    *record.LogKey
	Clock  func() record.Instant // the wall clock
	Steady func() time.Duration  // a clock that never steps; the machine's monotonic one where nil
	Chance io.Reader             // crypto/rand.Reader but in tests
	Every  int64                 // entries between two states that are kept, and written down as snapshots; 0: ten thousand
	Told   bool                  // the record is of a story, which has times of its own: time goes on from its last entry

	// Held says why nothing may be written yet, a *conference.Refusal, or nil. An act that the catalogue says resumes the
	// writing is taken all the same. It may be nil.
	Held func() error

	Inspect map[string]Inspect // by the name of an act: who looks into its files; may be nil

	Pen Pen // where several machines keep one record: who of them writes it; nil: this one, always

	// After hears of each group when all in it have been answered. The writer calls it, so it waits for nobody. It may be nil.
	After func(Round)
}

// A Round is what became of acts that were decided one after another and appended together.
type Round struct {
	Done                              []Done
	Entries                           int // appended, those too that fell due
	Began, Decided, Appended, Settled time.Time
	Err                               error // why nothing was appended; nil
}

// A Done act has been answered.
type Done struct {
	Ctx     context.Context // of who waited for it
	Name    string          // as it was submitted: perhaps of no act there is
	Came    time.Time
	Receipt Receipt
	Err     error // a *conference.Refusal, or a fault
}

// An Act is what somebody submits.
type Act struct {
	Submitted    record.Submitted
	Attestations []record.Attestation
	Disclosures  []record.Disclosure // of the sealed values in its fields
	Blobs        [][]byte            // the bytes of the blobs its fields name, private ones plain

	// While a story founds its record:
	At       *record.Instant // the recorded time
	Nonce    *[32]byte       // of a closed entry; drawn otherwise
	Closed   record.Digest   // an entry that stays closed: no act at all
	Unopened bool            // sealed values may come without their disclosures
}

// A Receipt says where an act stands in the record.
type Receipt struct {
	Index      int64
	At         record.Instant
	Events     []conference.Event   // nil if Again
	Notices    []conference.Refusal // what the author is told besides, though the act is taken
	Checkpoint record.Checkpoint    // that covers it
	Again      bool                 // the act had been taken before; this is its first receipt's entry
}

// A Secretariat writes one record.
type Secretariat struct {
	config  Config
	acts    chan *pending
	stop    chan struct{}
	stopped chan struct{}
	closing sync.Once
	shown   atomic.Pointer[View]

	mu   sync.Mutex
	more chan struct{} // closed, and made anew, when shown changes; guarded by mu

	snapping sync.Mutex // held while a snapshot is written

	leads   atomic.Bool     // this one has the pen
	leading context.Context // ends when it has it no more; owned by the writer's goroutine, as what follows
	lay     func()          // lays the pen down
	ahead   desk
	clock   clock

	pace gather.Pace // of groups
}

type pending struct {
	ctx     context.Context
	came    time.Time
	act     *Act
	receipt Receipt
	err     error
	done    chan struct{}
	confirm []conference.PersonID // in place of an act: two officers believe the wall clock
	whole   *Whole                // in place of an act: many, all taken or none
}

// Open reads the record, folds it and begins to take acts. Close ends it; engine and keys stay the caller's.
func Open(ctx context.Context, c Config) (*Secretariat, error) {
	v, err := Read(ctx, c.Engine, c.Keys, c.Log.Verifier())
	if err != nil {
		return nil, err
	}
	if v.head.Size > 0 && v.head.Origin != c.Log.Origin() {
		return nil, fmt.Errorf("the record is %s and the key in keys/log.key signs %s", v.head.Origin, c.Log.Origin())
	}
	for _, subject := range v.desk.state.Forgotten() {
		if err := c.Keys.Forget(subject); err != nil {
			return nil, err
		}
	}
	v.desk.origin = c.Log.Origin()
	if c.Every > 0 {
		v.past.every = c.Every
	}
	s := &Secretariat{config: c, acts: make(chan *pending, 4*MaxGroup), stop: make(chan struct{}), stopped: make(chan struct{}), more: make(chan struct{})}
	v.desk.inspector = &inspector{c.Inspect, s.View}
	s.ahead = v.desk
	s.clock = clock{wall: c.Clock, steady: c.Steady, told: c.Told}
	if s.clock.steady == nil {
		start := time.Now()
		s.clock.steady = func() time.Duration { return time.Since(start) }
	}
	s.clock.start(s.ahead.state.Last, s.ahead.state.Size == 0)
	v.since = s.clock.steady()
	s.shown.Store(v)
	if c.Pen == nil {
		s.leads.Store(true)
		go s.alone()
	} else {
		go s.inTurn()
	}
	return s, nil
}

// Close stops taking acts and waits for those under way.
func (s *Secretariat) Close() error {
	s.closing.Do(func() { close(s.stop) })
	<-s.stopped
	s.snapping.Lock() // one that is being written is finished
	defer s.snapping.Unlock()
	return nil
}

// ErrClosed is the fault of an act that came after Close.
var ErrClosed = errors.New("the secretariat is closed")

// Do submits an act and waits until it is durable. The error is a *conference.Refusal, or a fault.
// The same act again (same author, key and bytes) gets the first receipt. Where another machine has the pen, the act is
// passed to it, and to whoever has it next.
func (s *Secretariat) Do(ctx context.Context, a *Act) (Receipt, error) {
	p := &pending{act: a}
	err := s.carry(ctx, p, func(ctx context.Context) (err error) {
		p.receipt, err = s.config.Pen.Pass(ctx, a)
		return err
	})
	return p.receipt, err
}

// submit gives something to the writer's goroutine of this machine and waits until it is done.
func (s *Secretariat) submit(ctx context.Context, p *pending) error {
	p.ctx, p.came, p.done = ctx, time.Now(), make(chan struct{})
	select {
	case <-s.stop:
		return ErrClosed
	default:
	}
	select {
	case s.acts <- p:
	case <-s.stop:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-p.done:
		return p.err
	case <-s.stopped:
		return ErrClosed
	}
}

// alone is the one goroutine that decides and appends.
func (s *Secretariat) alone() {
	defer close(s.stopped)
	s.leading = context.Background()
	s.write()
}

// write decides and appends until the secretariat is closed or has the pen no more. It wakes by itself when something
// falls due.
func (s *Secretariat) write() {
	for s.leading.Err() == nil {
		var due <-chan time.Time
		if at, ok := s.ahead.state.NextDue(); ok {
			now, _ := s.clock.now(s.ahead.state.Last, false)
			// Not long at once: the wall clock may be set meanwhile, and a failed append is tried again.
			due = time.After(min(max(time.Duration(at-now)*time.Millisecond, 50*time.Millisecond), time.Minute))
		}
		select {
		case p := <-s.acts:
			s.group(p)
		case <-due:
			s.group(nil)
		case <-s.leading.Done():
		case <-s.stop:
			return
		}
	}
}

// ConfirmClock ends the doubt about the wall clock: two secretaries have looked at it.
func (s *Secretariat) ConfirmClock(ctx context.Context, first, second conference.PersonID) error {
	return s.carry(ctx, &pending{confirm: []conference.PersonID{first, second}}, func(ctx context.Context) error {
		return s.config.Pen.PassClock(ctx, first, second)
	})
}

func (s *Secretariat) confirmed(by []conference.PersonID) error {
	now, _ := s.clock.now(s.ahead.state.Last, false)
	for _, p := range by {
		if !s.ahead.state.Holds(p, conference.Secretary, "", now) {
			return refusal("not-holder", "6", string(p), string(conference.Secretary))
		}
	}
	if by[0] == by[1] {
		return refusal("one-person-only", "6")
	}
	s.clock.confirm()
	return nil
}

// DoAll submits acts in order and waits for all of them. The receipts end before the first that failed. Where another
// machine writes, or comes to write meanwhile, it is given what is left one by one.
func (s *Secretariat) DoAll(ctx context.Context, acts []*Act) (receipts []Receipt, err error) {
	if s.Leads() {
		receipts, err = s.together(ctx, acts)
		if !errors.Is(err, ErrNotWriting) {
			return receipts, err
		}
	}
	for _, a := range acts[len(receipts):] {
		r, err := s.Do(ctx, a)
		if err != nil {
			return receipts, err
		}
		receipts = append(receipts, r)
	}
	return receipts, nil
}

// together is DoAll where this machine writes: what waits when a group is made goes into it.
func (s *Secretariat) together(ctx context.Context, acts []*Act) ([]Receipt, error) {
	waiting := make([]*pending, len(acts))
	for i, a := range acts {
		waiting[i] = &pending{ctx: ctx, came: time.Now(), act: a, done: make(chan struct{})}
		select {
		case s.acts <- waiting[i]:
		case <-s.stopped:
			return nil, ErrClosed
		}
	}
	var receipts []Receipt
	for _, p := range waiting {
		select {
		case <-p.done:
		case <-s.stopped:
			return receipts, ErrClosed
		}
		if p.err != nil {
			return receipts, p.err
		}
		receipts = append(receipts, p.receipt)
	}
	return receipts, nil
}

// A Whole is many acts of which all are taken or none.
type Whole struct {
	Acts []*Act
	Told func(taken int) // if not nil, hears how many acts are durable

	Taken  int // how many acts are durable
	Failed int // the act that was refused, where one was
}

// DoWhole decides all acts of w first, and only then appends what they cause; where one is refused, nothing is
// appended, and w.Failed says which. Nobody else's act comes in between: others wait. No act is in it twice. A fault
// while appending leaves those that are durable by then: the same acts again go on behind them.
func (s *Secretariat) DoWhole(ctx context.Context, w *Whole) error {
	return s.carry(ctx, &pending{whole: w}, func(ctx context.Context) error { return s.config.Pen.PassWhole(ctx, w) })
}

func (s *Secretariat) takeWhole(p *pending) {
	w, before := p.whole, s.ahead
	round := Round{Began: time.Now()}
	defer func() {
		round.Err = p.err
		var no *conference.Refusal
		if errors.As(p.err, &no) && no.Code != "disk-full" {
			round.Err = nil // it was decided, and nothing was to be appended
		}
		for i, a := range w.Acts[:min(len(w.Acts), w.Taken+1)] {
			d := Done{Ctx: p.ctx, Name: a.Submitted.Name, Came: p.came}
			if i == w.Taken {
				if p.err == nil {
					break
				}
				d.Name, d.Err = w.Acts[w.Failed].Submitted.Name, p.err
			}
			round.Done = append(round.Done, d)
		}
		close(p.done)
		s.after(round)
	}()
	type step struct {
		draft *draft
		after desk
		acts  int // taken by its end
	}
	var steps []step
	g := new(draft)
	for i, a := range w.Acts {
		if p.err = cmp.Or(p.ctx.Err(), s.held()); p.err == nil {
			now := moment{}
			if a.At == nil {
				now = s.fallDue(p.ctx, g)
			}
			_, p.err = s.ahead.take(p.ctx, a, now, s.config.Chance, g)
			p.err = s.behind(p.err)
		}
		if p.err != nil {
			s.ahead, w.Failed = before, i
			return
		}
		if len(g.group.Entries) >= MaxGroup || i == len(w.Acts)-1 {
			steps = append(steps, step{g, s.ahead, i + 1})
			g = new(draft)
		}
	}
	s.ahead = before
	round.Decided, round.Appended = time.Now(), time.Now()
	for _, st := range steps {
		size := s.ahead.state.Size
		s.ahead = st.after
		if len(st.draft.group.Entries) == 0 { // all of it was taken before
			w.Taken = st.acts
			continue
		}
		head, err := s.append(size, st.draft)
		round.Appended = time.Now()
		if err == nil {
			err = p.ctx.Err() // whoever stops waiting stops between two groups
		}
		if head.Size > size {
			s.show(head, st.draft)
			w.Taken = st.acts
			round.Entries += len(st.draft.group.Entries)
			if w.Told != nil {
				w.Told(st.acts)
			}
		}
		if err != nil {
			if head.Size <= size {
				s.ahead = before
			}
			p.err = err
			return
		}
		before = s.ahead
	}
}

// group decides p and all that wait, appends what they caused and answers.
func (s *Secretariat) group(p *pending) {
	var waiting []*pending
	if p != nil {
		waiting = append(waiting, p)
	}
	waiting = gather.Group(&s.pace, waiting, s.acts, MaxGroup, func(q *pending) bool { return q.whole != nil })
	for i, q := range waiting {
		if q.whole != nil { // by itself, behind those that came before it
			defer s.takeWhole(q)
			waiting = slices.Delete(waiting, i, i+1)
			break
		}
	}
	before := s.ahead
	g := new(draft)
	round := Round{Began: time.Now()}
	held := s.held()
	if p == nil && held == nil {
		s.fallDue(context.Background(), g)
	}
	for _, p := range waiting {
		if p.err = p.ctx.Err(); p.err != nil {
			continue
		}
		if p.confirm != nil {
			p.err = s.confirmed(p.confirm)
			continue
		}
		if held != nil && (len(g.group.Entries) > 0 || !s.resumes(p.act)) {
			p.err = held
			continue
		}
		now := moment{}
		if p.act.At == nil {
			now = s.fallDue(p.ctx, g)
		}
		p.receipt, p.err = s.ahead.take(p.ctx, p.act, now, s.config.Chance, g)
		p.err = s.behind(p.err)
		if held != nil && p.err != nil { // nor is what fell due before it
			s.ahead, *g = before, draft{}
		}
	}
	round.Decided = time.Now()
	head, err := s.append(before.state.Size, g)
	round.Appended, round.Err = time.Now(), err
	if err != nil {
		s.ahead = before
	} else if round.Entries = len(g.group.Entries); round.Entries > 0 {
		s.show(head, g)
	}
	for _, p := range waiting {
		if err != nil {
			p.receipt, p.err = Receipt{}, err
		} else if p.err == nil {
			p.receipt.Checkpoint = s.View().Checkpoint()
		}
		close(p.done)
		if p.act != nil {
			round.Done = append(round.Done, Done{p.ctx, p.act.Submitted.Name, p.came, p.receipt, p.err})
		}
	}
	s.pace.Ended(len(waiting), round.Began)
	s.after(round)
}

// after tells of a round in which something was done.
func (s *Secretariat) after(r Round) {
	if s.config.After == nil || len(r.Done) == 0 && r.Entries == 0 && r.Err == nil {
		return
	}
	r.Settled = time.Now()
	s.config.After(r)
}

// held says why nothing may be written yet.
func (s *Secretariat) held() error {
	if s.config.Held == nil {
		return nil
	}
	return s.config.Held()
}

// resumes reports whether an act is one that two officers end such a wait with.
func (s *Secretariat) resumes(a *Act) bool {
	act, known := s.ahead.state.Lookup(a.Submitted.Name)
	return known && act.Resumes
}

// fallDue takes what has fallen due by now, before anything else is decided, and says when now is. While the clock
// is doubtful nothing falls due: time stands still before the next deadline.
func (s *Secretariat) fallDue(ctx context.Context, g *draft) moment {
	state := &s.ahead.state
	at, doubtful := s.clock.now(state.Last, state.Size == 0)
	if doubtful {
		if next, ok := state.NextDue(); ok && at >= next {
			at = max(state.Last, next-1)
		}
		return moment{at, true}
	}
	s.ahead.fallDue(ctx, at, s.config.Chance, g)
	return moment{at, false}
}

// timeCame is the writer's own act when something falls due (doc/record.md section 6).
func timeCame(origin, due string) *Act {
	key := sha256.Sum256([]byte(due))
	fields, err := canonical.Parse(string(append(canonical.AppendString([]byte(`{"due":`), due), '}')))
	if err != nil {
		panic(err) // ids of what is due are made by conference
	}
	return &Act{Submitted: record.Submitted{As: string(conference.Clock), By: "clock", Name: "TimeCame", Origin: origin, Key: canonical.EncodeBytes(key[:16]), Fields: fields}}
}

func full(err error) bool { return errors.Is(err, record.ErrFull) || errors.Is(err, syscall.ENOSPC) }

// append makes keys and blobs durable, then the group. An unknown outcome is asked for again.
func (s *Secretariat) append(size int64, g *draft) (head record.Checkpoint, err error) {
	if len(g.group.Entries) == 0 {
		return record.Checkpoint{}, nil
	}
	ctx := s.leading // what was decided is carried through, whoever has stopped waiting
	err = g.seal(ctx, s.ahead.vault, s.config.Chance)
	sealed := err == nil
	if sealed {
		head, err = s.config.Engine.Append(ctx, size, g.group, s.config.Log.SignCheckpoint)
		for errors.Is(err, record.ErrUnknown) && !errors.Is(err, record.ErrFull) && ctx.Err() == nil {
			head, err = s.config.Engine.Append(ctx, size, g.group, s.config.Log.SignCheckpoint)
		}
	}
	switch {
	case err == nil:
	case s.config.Pen != nil && (!sealed || ctx.Err() != nil || errors.Is(err, record.ErrConflict) || errors.Is(err, record.ErrUnknown)):
		s.lay() // another has the pen, no majority is near or this disk is full: what was decided here is decided again where it is
		return record.Checkpoint{}, fmt.Errorf("%w: %w", ErrNotWriting, err)
	case full(err):
		return head, refusal("disk-full", "11")
	}
	return head, err
}

// show makes ahead what readers see, and destroys the keys of those who were forgotten.
func (s *Secretariat) show(head record.Checkpoint, g *draft) {
	v := *s.View()
	s.clock.saw(s.ahead.state.Last)
	v.since = s.clock.steady()
	v.newest = v.newest.and(v.State().Size, g.group.Entries, g.group.Hashes)
	v.proofs.append(g.group.Hashes)
	kept := v.past.keep(s.ahead.state)
	for _, subject := range g.forgotten {
		// A failure here is met again at the next start, which forgets whoever the state says is forgotten.
		_ = s.config.Keys.Forget(subject)
		v.names.forget(&s.ahead.state, conference.PersonID(subject))
	}
	s.ahead.closedKeys = conference.Ordered[string, record.ClosedKey]{} // the engine knows the keys now
	s.ahead.fresh = fresh{}                                             // and entries and blobs
	v.desk, v.head = s.ahead, head
	if kept && s.snapping.TryLock() {
		go s.snapshot()
	}
	s.put(&v)
}

// put shows a view.
func (s *Secretariat) put(v *View) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown.Store(v)
	close(s.more)
	s.more = make(chan struct{})
}

// snapshot writes down what readers see, when the record has been quiet for a second, or soon after. A state is a
// value: nothing waits for it.
func (s *Secretariat) snapshot() {
	defer s.snapping.Unlock()
	for range 60 {
		size := s.View().State().Size
		select {
		case <-time.After(time.Second):
		case <-s.stopped:
		}
		if s.View().State().Size == size {
			break
		}
	}
	v := s.View()
	// One that cannot be kept costs time at the next start and nothing else.
	_ = s.config.Engine.PutSnapshot(context.Background(), snapshotOf(v.desk, v.head.Root))
}

// Wait returns when the record has more than size entries, or ctx ends.
func (s *Secretariat) Wait(ctx context.Context, size int64) error {
	for {
		s.mu.Lock()
		more := s.more
		s.mu.Unlock()
		if s.View().State().Size > size {
			return nil
		}
		select {
		case <-more:
		case <-s.stopped:
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Now is the recorded time an act decided now would get, but for what the writer knows of its clock: the later of the
// wall clock and of the last entry's; of a story, its last entry's and what has passed since.
func (s *Secretariat) Now() record.Instant {
	v := s.View()
	if s.config.Told && v.State().Size > 0 {
		return v.State().Last + record.Instant((s.clock.steady()-v.since)/time.Millisecond)
	}
	return max(s.config.Clock(), v.State().Last)
}

// Seed is what a lot at this record is drawn from, by what it is for: a question, an election. It follows from the log
// key, so it is the same on every node that writes, and after a restart between a commitment and its draw.
func (s *Secretariat) Seed(what string) []byte { return s.config.Log.Derive("seed of a lot: " + what) }

// View is the record as it stands.
func (s *Secretariat) View() *View { return s.shown.Load() }
