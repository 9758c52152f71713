package secretariat

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"
)

// A table is where machines that keep one record meet. The engine under them is one, and the pen goes from hand to hand.
type table struct {
	t        testing.TB
	pen      chan struct{} // holds the pen while nobody has it
	term     atomic.Int64
	machines []*machine
}

type machine struct {
	*room
	at    *table
	n     int
	calls *httptest.Server
	of    atomic.Pointer[Secretariat]
	taken atomic.Pointer[context.CancelFunc] // takes the pen from it
	deaf  atomic.Bool                        // answers nobody
}

func (m *machine) remote(of *machine) Remote {
	return Remote{URL: of.calls.URL, Client: http.DefaultClient}
}

func (m *machine) Take(ctx context.Context) (context.Context, func(), error) {
	select {
	case <-m.at.pen:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	term := m.at.term.Add(1)
	var heard [][]Slot
	for _, o := range m.at.machines {
		if o == m {
			continue
		}
		if slots, err := m.remote(o).Promise(ctx, term); err == nil {
			heard = append(heard, slots)
		}
	}
	if err := m.keys.Lead(term, len(m.at.machines), heard); err != nil {
		m.at.pen <- struct{}{}
		return nil, nil, err
	}
	leading, stop := context.WithCancel(ctx)
	m.taken.Store(&stop)
	return leading, func() { stop(); m.at.pen <- struct{}{} }, nil
}

func (m *machine) Keys(ctx context.Context) error {
	n := 1
	for _, o := range m.at.machines {
		if o == m {
			continue
		}
		if slots, err := m.remote(o).Promise(ctx, 0); err == nil {
			if err := m.keys.Learn(slots); err != nil {
				return err
			}
			n++
		}
	}
	if 2*n <= len(m.at.machines) {
		return errors.New("no majority answers")
	}
	return nil
}

func (m *machine) spread(term int64, slots []Slot) error {
	have, errs := 1, []error{}
	for _, o := range m.at.machines {
		if o == m {
			continue
		}
		if err := m.remote(o).Accept(context.Background(), term, slots); err != nil {
			errs = append(errs, err)
		} else {
			have++
		}
	}
	if 2*have <= len(m.at.machines) {
		return errors.Join(errs...)
	}
	return nil
}

func (m *machine) leader() (*machine, error) {
	for _, o := range m.at.machines {
		if o.of.Load() != nil && o.of.Load().Leads() {
			return o, nil
		}
	}
	return nil, ErrNotWriting
}

func (m *machine) Pass(ctx context.Context, a *Act) (Receipt, error) {
	o, err := m.leader()
	if err != nil {
		return Receipt{}, err
	}
	return m.remote(o).Pass(ctx, a)
}

func (m *machine) PassWhole(ctx context.Context, w *Whole) error {
	o, err := m.leader()
	if err != nil {
		return err
	}
	return m.remote(o).PassWhole(ctx, w)
}

func (m *machine) PassClock(ctx context.Context, first, second conference.PersonID) error {
	o, err := m.leader()
	if err != nil {
		return err
	}
	return m.remote(o).PassClock(ctx, first, second)
}

// sit opens so many machines over one engine, on which a body was founded.
func sit(t *testing.T, machines int) *table {
	dir := t.TempDir()
	first := enter(t, dir)
	first.leave()
	engine, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	at := &table{t: t, pen: make(chan struct{}, 1)}
	for n := range machines {
		m := &machine{at: at, n: n, room: &room{t: t, engine: &faults{Engine: engine}}}
		m.wall.Store(1_900_000_100_000)
		own := t.TempDir()
		if m.keys, err = OpenSubjectKeys(filepath.Join(own, "subjects")); err == nil {
			err = m.keys.Share(filepath.Join(own, "subjects.terms"), m.spread)
		}
		if err != nil {
			t.Fatal(err)
		}
		passed := Passed(m.of.Load, m.keys)
		m.calls = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if m.deaf.Load() {
				panic(http.ErrAbortHandler)
			}
			passed.ServeHTTP(w, r)
		}))
		t.Cleanup(m.calls.Close)
		at.machines = append(at.machines, m)
	}
	for _, m := range at.machines {
		m.Secretariat, err = Open(t.Context(), Config{Engine: m.engine, Keys: m.keys, Log: recordtest.Key(), Clock: func() record.Instant { return record.Instant(m.wall.Add(10)) }, Chance: rand.Reader, Pen: m})
		if err != nil {
			t.Fatal(err)
		}
		m.of.Store(m.Secretariat)
		t.Cleanup(func() { m.Secretariat.Close(); m.keys.Close() })
	}
	at.pen <- struct{}{}
	return at
}

// Acts that come to any machine are taken once each, whoever writes and however often the pen changes hands; names that
// are sealed can be read on every machine, and whoever pressed twice gets the first receipt.
func TestAChangeOfWriterShowsNobodyAnError(t *testing.T) {
	at := sit(t, 3)
	stop := make(chan struct{})
	changes := 0
	var changing sync.WaitGroup
	changing.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(25 * time.Millisecond):
			}
			for _, m := range at.machines {
				if m.Leads() {
					(*m.taken.Load())()
					changes++
				}
			}
		}
	})
	const authors, each = 6, 6
	var authoring sync.WaitGroup
	indexes := make([]map[int64]bool, authors)
	for n := range authors {
		indexes[n] = map[int64]bool{}
		authoring.Go(func() {
			for i := range each {
				m := at.machines[(n+i)%3]
				a, _ := person(m.room, pid(1000+100*n+i))
				r, err := m.Do(t.Context(), a)
				if err != nil {
					t.Errorf("author %d, act %d: %v", n, i, err)
					return
				}
				if m.View().State().Size <= r.Index {
					t.Errorf("author %d does not see their own act %d", n, i)
				}
				other := at.machines[(n+i+1)%3]
				again, err := other.Do(t.Context(), a)
				if err != nil || again.Index != r.Index || !again.Again {
					t.Errorf("author %d, act %d again: %+v, %v; first %d", n, i, again, err, r.Index)
				}
				indexes[n][r.Index] = true
			}
		})
	}
	authoring.Wait()
	close(stop)
	changing.Wait()
	taken := 0
	for _, mine := range indexes {
		taken += len(mine)
	}
	if taken != authors*each || changes < 5 {
		t.Errorf("%d acts at places of their own, of %d; the pen changed hands %d times", taken, authors*each, changes)
	}
	size := at.machines[0].View().State().Size
	for _, m := range at.machines {
		if err := m.Wait(t.Context(), size-1); err != nil {
			t.Fatal(err)
		}
		v := m.View()
		if v.State().Size != size || v.Checkpoint().Root != at.machines[0].View().Checkpoint().Root {
			t.Errorf("machine %d shows %d entries, the first %d", m.n, v.State().Size, size)
		}
		fit, err := CheckOpenings(t.Context(), m.engine, m.keys, size)
		if err != nil || fit < authors*each {
			t.Errorf("machine %d opens %d of %d sealed names: %v", m.n, fit, authors*each, err)
		}
	}
	t.Logf("%d acts, %d changes of the writer", taken, changes)
}

// What a refusal, a doubtful clock and many acts at once are on the machine that writes, they are on every other.
func TestWhatIsPassedComesBackAsItWas(t *testing.T) {
	at := sit(t, 3)
	for !at.machines[0].Leads() && !at.machines[1].Leads() && !at.machines[2].Leads() {
		time.Sleep(time.Millisecond)
	}
	for _, m := range at.machines {
		a := convene(m.room, fmt.Sprint("m", m.n), m.n+1)
		r := m.must(a)
		if len(r.Events) == 0 || r.Checkpoint.Size <= r.Index || r.At == 0 {
			t.Errorf("machine %d: %+v", m.n, r)
		}
		m.refused(convene(m.room, fmt.Sprint("m", m.n), m.n+10), "id-taken")
		w := &Whole{Acts: []*Act{convene(m.room, fmt.Sprint("n", m.n), m.n+20), convene(m.room, fmt.Sprint("n", m.n), m.n+20)}}
		if err := m.DoWhole(t.Context(), w); err == nil || w.Failed != 1 {
			t.Errorf("machine %d takes half of what is to be taken whole: %+v, %v", m.n, w, err)
		}
		w.Acts = w.Acts[:1]
		if err := m.DoWhole(t.Context(), w); err != nil || w.Taken != 1 {
			t.Errorf("machine %d: %+v, %v", m.n, w, err)
		}
		var no *conference.Refusal
		if err := m.ConfirmClock(t.Context(), conference.PersonID(pid(1)), conference.PersonID(pid(9))); !errors.As(err, &no) || no.Code != "not-holder" {
			t.Errorf("machine %d: %v", m.n, err)
		}
	}
}

// A machine that cannot give a key to a majority uses it for nothing and lays the pen down; when it hears the others
// again, what it drew is theirs.
func TestAKeyIsOnAMajorityBeforeItIsUsed(t *testing.T) {
	at := sit(t, 3)
	first := at.machines[0]
	a, _ := person(first.room, pid(77))
	for _, m := range at.machines[1:] {
		m.deaf.Store(true)
	}
	before := first.View().State().Size
	ctx, stop := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer stop()
	if r, err := first.Do(ctx, a); err == nil {
		t.Fatalf("taken as entry %d, and nobody else has its key", r.Index)
	}
	head, err := first.engine.Head(t.Context())
	if err != nil || head.Size != before {
		t.Fatalf("%d entries, %v", head.Size, err)
	}
	for _, m := range at.machines[1:] {
		m.deaf.Store(false)
	}
	if _, err := first.Do(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	have := 0
	for _, m := range at.machines {
		if _, err := m.keys.Get(pid(77)); err == nil {
			have++
		}
	}
	if have < 2 {
		t.Errorf("the key is on %d of 3 machines", have)
	}
}

// Of two keys drawn for one subject the later pen's stands, a promise outlives a restart, and what was destroyed stays so.
// That another machine says it was destroyed destroys nothing here: the record says who is forgotten.
func TestTheLaterPensKeyStands(t *testing.T) {
	open := func(dir string) *SubjectKeys {
		k, err := OpenSubjectKeys(filepath.Join(dir, "subjects"))
		if err == nil {
			err = k.Share(filepath.Join(dir, "terms"), func(int64, []Slot) error { return errors.New("nobody hears it") })
		}
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	dirs := []string{t.TempDir(), t.TempDir()}
	a, b := open(dirs[0]), open(dirs[1])
	if err := a.Lead(1, 1, nil); err != nil {
		t.Fatal(err)
	}
	if err := a.Ensure([]string{"x"}, rand.Reader); err == nil {
		t.Fatal("a key nobody else has may be used")
	}
	if err := b.Lead(2, 1, nil); err != nil {
		t.Fatal(err)
	}
	b.Ensure([]string{"x"}, rand.Reader)
	later, _ := b.Get("x")
	b.Close()
	b = open(dirs[1]) // and knows what it promised
	if err := b.Accept(1, []Slot{{Subject: [32]byte{7}, Term: 1}}); !errors.Is(err, ErrTerm) {
		t.Errorf("a key of a term before the promised one is taken: %v", err)
	}
	theirs, err := b.Promise(0)
	if err != nil || len(theirs) != 1 || theirs[0].Term != 2 {
		t.Fatalf("%+v, %v", theirs, err)
	}
	mine, _ := a.Promise(0)
	if err := errors.Join(a.Learn(theirs), b.Learn(mine)); err != nil {
		t.Fatal(err)
	}
	for i, k := range []*SubjectKeys{a, b} {
		if key, err := k.Get("x"); err != nil || !bytes.Equal(key[:], later[:]) {
			t.Errorf("machine %d has another key: %v", i, err)
		}
	}
	sealed := record.Row{Subject: "x", Digest: "d"}
	if err := later.Encrypt(&sealed, []byte("what it says"), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if err := b.Accept(8, []Slot{{Subject: sha256.Sum256([]byte("x")), Key: record.SubjectKey{1}, Term: 8}}); err != nil { // a member that lies
		t.Fatal(err)
	}
	b.Close()
	b = open(dirs[1])
	if plain, err := b.Decrypt(sealed); err != nil || string(plain) != "what it says" {
		t.Errorf("what was sealed before another key came: %q, %v", plain, err)
	}
	if err := a.Forget("x"); err != nil {
		t.Fatal(err)
	}
	if err := a.Accept(9, theirs); err != nil {
		t.Fatal(err)
	}
	mine, _ = a.Promise(0)
	if err := errors.Join(b.Learn(mine), b.Accept(9, mine)); err != nil {
		t.Fatal(err)
	}
	if key, err := b.Get("x"); err != nil || key == (record.SubjectKey{}) {
		t.Errorf("a key is destroyed because another machine says so: %v", err)
	}
	if err := errors.Join(b.Forget("x"), b.Learn(theirs)); err != nil {
		t.Fatal(err)
	}
	a.Close()
	b.Close()
	for i, dir := range dirs {
		k := open(dir)
		if _, err := k.Get("x"); !errors.Is(err, ErrForgotten) {
			t.Errorf("machine %d brings back what was destroyed: %v", i, err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "subjects")); err != nil || bytes.Contains(b, later[:]) {
			t.Errorf("machine %d keeps a key that was destroyed: %v", i, err)
		}
		k.Close()
	}
}

// A key that a full disk refused is not here, so it comes again and is written then.
func TestAKeyThatCouldNotBeWrittenIsNotHere(t *testing.T) {
	dir := t.TempDir()
	k, err := OpenSubjectKeys(filepath.Join(dir, "subjects"))
	if err == nil {
		err = k.Share(filepath.Join(dir, "terms"), func(int64, []Slot) error { return nil })
	}
	if err != nil {
		t.Fatal(err)
	}
	given := []Slot{{Subject: sha256.Sum256([]byte("x")), Key: record.SubjectKey{7}, Term: 1}}
	if err := k.Accept(1, nil); err != nil {
		t.Fatal(err)
	}
	for _, broken := range []**os.File{&k.shared.file, &k.file} {
		whole := *broken
		if *broken, err = os.Open(whole.Name()); err != nil { // it can be read alone, so writing fails
			t.Fatal(err)
		}
		if err := k.Accept(1, given); err == nil {
			t.Fatal("nothing could be written, and it was taken")
		}
		if _, err := k.Get("x"); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("a key that is not on the disk is here: %v", err)
		}
		(*broken).Close()
		*broken = whole
	}
	if err := k.Accept(1, given); err != nil {
		t.Fatal(err)
	}
	k.Close()
	again, err := OpenSubjectKeys(filepath.Join(dir, "subjects"))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if key, err := again.Get("x"); err != nil || key != given[0].Key {
		t.Errorf("the file has %v, %v", key, err)
	}
}

// A closed act that somebody else entered meanwhile gets the first receipt, though who has the pen did not know of it.
func TestAClosedActBehindTheWriterIsNoFault(t *testing.T) {
	at := sit(t, 1)
	m := at.machines[0]
	m.must(convene(m.room, "m", 1))
	other, err := OpenSubjectKeys(filepath.Join(t.TempDir(), "subjects"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	s, err := Open(t.Context(), Config{Engine: m.engine, Keys: other, Log: recordtest.Key(), Clock: func() record.Instant { return record.Instant(m.wall.Load()) }, Chance: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	a := m.act("FileNote", `{"note":"n","text":"A note."}`)
	first, err := s.Do(t.Context(), a)
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := m.Do(t.Context(), a)
	if err != nil || !again.Again || again.Index != first.Index {
		t.Errorf("%+v, %v, and it is entry %d", again, err, first.Index)
	}
}

// A machine whose disk has no room for what a majority holds gives the pen away: another answers, and the act stands once. What
// the quorum has no room for is refused, for it has none under another pen either.
func TestAFullDiskGivesThePenAway(t *testing.T) {
	at := sit(t, 3)
	a, _ := person(at.machines[0].room, pid(1))
	if _, err := at.machines[0].Do(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	writer := func() *machine {
		for {
			for _, m := range at.machines {
				if m.Leads() {
					return m
				}
			}
			time.Sleep(time.Millisecond)
		}
	}
	full := writer()
	next := full.engine.n.Load() + 1
	full.engine.after = func(int64) error { return fmt.Errorf("%w: the copy: %w", record.ErrUnknown, record.ErrFull) }
	full.engine.fail = func(n int64) error { // its copy does not reach what stands
		if n > next {
			return record.ErrUnknown
		}
		return nil
	}
	a, _ = person(full.room, pid(2))
	began := time.Now()
	r, err := full.Do(t.Context(), a)
	if err != nil || time.Since(began) > carryFor/2 {
		t.Fatalf("answered after %v: %v", time.Since(began), err)
	}
	if again, err := full.Do(t.Context(), a); err != nil || !again.Again || again.Index != r.Index {
		t.Errorf("again: %+v, %v; first %d", again, err, r.Index)
	}
	now := writer()
	if now == full {
		t.Fatal("it has the pen still")
	}
	now.engine.fail = func(int64) error { return record.ErrFull }
	a, _ = person(now.room, pid(3))
	now.refused(a, "disk-full")
	if !now.Leads() {
		t.Error("it gave the pen away")
	}
}
