package secretariat

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"
)

// faults is an engine that fails when told.
type faults struct {
	record.Engine
	fail  func(n int64) error // asked before each append; n counts from 1
	after func(n int64) error // asked after it was done
	n     atomic.Int64
	held  chan struct{} // if set, appends wait for it
}

func (f *faults) Append(ctx context.Context, expect int64, g record.Group, sign record.SignFunc) (record.Checkpoint, error) {
	n := f.n.Add(1)
	if f.held != nil {
		<-f.held
	}
	if f.fail != nil {
		if err := f.fail(n); err != nil {
			return record.Checkpoint{}, err
		}
	}
	head, err := f.Engine.Append(ctx, expect, g, sign)
	if err == nil && f.after != nil {
		if lost := f.after(n); lost != nil {
			return record.Checkpoint{}, lost
		}
	}
	return head, err
}

func pid(n int) string { return fmt.Sprintf("%032x", n) }

type room struct {
	*Secretariat
	t      testing.TB
	dir    string
	engine *faults
	keys   *SubjectKeys
	wall   atomic.Int64
	n      atomic.Int64
}

// enter opens the record in dir; founded by the first.
func enter(t testing.TB, dir string) *room {
	t.Helper()
	e, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &room{t: t, dir: dir, engine: &faults{Engine: e}}
	r.wall.Store(1_900_000_000_000)
	if r.keys, err = OpenSubjectKeys(filepath.Join(dir, "subjects")); err != nil {
		t.Fatal(err)
	}
	r.Secretariat, err = Open(t.Context(), Config{Engine: r.engine, Keys: r.keys, Log: recordtest.Key(), Clock: func() record.Instant { return record.Instant(r.wall.Add(1000)) }, Chance: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.leave)
	if r.View().State().Size == 0 {
		r.must(r.act("FoundBody", `{"id":"test","languages":["en"],"names":[["en","Test"]],"offices":[{"capacity":"Secretary","person":"`+pid(1)+`"},{"capacity":"Secretary","person":"`+pid(2)+`"}],"seat":"hall","zone":"Etc/UTC"}`))
		r.must(r.act("NameParty", `{"party":"a","short":[["en","A"]]}`))
		r.must(r.act("NamePlace", `{"names":[["en","Hall"]],"place":"hall","type":"hall"}`))
	}
	return r
}

func (r *room) leave() {
	r.Secretariat.Close()
	r.keys.Close()
	r.engine.Close()
}

func (r *room) act(name, fields string, disclosures ...record.Disclosure) *Act {
	key := make([]byte, 16)
	rand.Read(key)
	s := record.Submitted{As: "Secretary", By: pid(1), Key: canonical.EncodeBytes(key), Name: name, Origin: recordtest.Key().Origin()}
	v, err := canonical.Parse(fields)
	if err != nil {
		r.t.Fatal(err)
	}
	s.Fields = v
	return &Act{Submitted: s, Disclosures: disclosures}
}

func (r *room) must(a *Act) Receipt {
	r.t.Helper()
	receipt, err := r.Do(r.t.Context(), a)
	if err != nil {
		r.t.Fatalf("%s: %v", a.Submitted.Name, err)
	}
	return receipt
}

func (r *room) refused(a *Act, code conference.Code) {
	r.t.Helper()
	_, err := r.Do(context.Background(), a)
	var no *conference.Refusal
	if !errors.As(err, &no) || no.Code != code {
		r.t.Errorf("%s: %v, want %s", a.Submitted.Name, err, code)
	}
}

func convene(r *room, id string, ordinal int) *Act {
	day := time.Date(2026, 1, ordinal, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) // two on one day at one place overlap
	return r.act("ConveneMeeting", fmt.Sprintf(`{"from":"%s","meeting":"%s","ordinal":%d,"place":"hall"}`, day, id, ordinal))
}

const name = "Ilvar Tesmond Canary"

// person makes the act that registers somebody, with a sealed name.
func person(r *room, id string) (*Act, record.Disclosure) {
	salt, _ := record.NewSalt(rand.Reader)
	d := record.Disclose(salt, "names.0.1", canonical.Value{Kind: canonical.String, Str: name})
	return r.act("RegisterPerson", `{"names":[["en",{"sealed":"`+string(d.Digest())+`"}]],"person":"`+id+`"}`, d), d
}

func published(id string) string {
	return `{"audience":"public","basis":"consent","languages":["en"],"person":"` + id + `"}`
}

func TestTwoActsThatExcludeEachOtherInOneGroup(t *testing.T) {
	r := enter(t, t.TempDir())
	r.engine.held = make(chan struct{})
	results := make(chan error, 3)
	go func() { _, err := r.Do(t.Context(), convene(r, "first", 1)); results <- err }()
	for r.engine.n.Load() < 4 { // the first is being appended, and waits
	}
	for _, id := range []string{"second", "third"} {
		go func() { _, err := r.Do(t.Context(), convene(r, id, 2)); results <- err }()
	}
	close(r.engine.held)
	taken := 0
	for range 3 {
		err := <-results
		var no *conference.Refusal
		if err == nil {
			taken++
		} else if !errors.As(err, &no) || no.Code != "ordinal-taken" {
			t.Error(err)
		}
	}
	if taken != 2 {
		t.Errorf("%d taken", taken)
	}
}

func TestAnAppendThatFailsUnderDependentActs(t *testing.T) {
	r := enter(t, t.TempDir())
	before := r.View()
	broken := errors.New("the disk is gone")
	r.engine.fail = func(int64) error { return broken }
	receipts, err := r.DoAll(t.Context(), []*Act{convene(r, "m", 1), withMeeting(r.act("RecordPresence", `{"party":"a"}`), "m"), withMeeting(r.act("RecordPresence", `{"absent":true,"party":"a"}`), "m")})
	if !errors.Is(err, broken) || len(receipts) != 0 {
		t.Errorf("%d receipts, %v", len(receipts), err)
	}
	if r.View() != before {
		t.Error("readers saw something of it")
	}
	r.engine.fail = nil
	r.must(convene(r, "m", 1))
	if r.View().State().Size != before.State().Size+1 {
		t.Error("what failed was kept")
	}
}

// TestAWholeIsTakenOrNot: all acts or none, nobody's in between, and a fault on the way leaves what is durable.
func TestAWholeIsTakenOrNot(t *testing.T) {
	r := enter(t, t.TempDir())
	size := func() int64 { return r.View().State().Size }
	parties := func(prefix string, n int) (acts []*Act) {
		for i := range n {
			acts = append(acts, r.act("NameParty", fmt.Sprintf(`{"party":"%s-%d","short":[["en","%s %d"]]}`, prefix, i, prefix, i)))
		}
		return acts
	}
	const many = 2*MaxGroup + 10
	before := size()
	w := &Whole{Acts: append(parties("x", many), convene(r, "m", 1), convene(r, "m", 2))}
	var no *conference.Refusal
	if err := r.DoWhole(t.Context(), w); !errors.As(err, &no) || no.Code != "id-taken" || w.Failed != many+1 || w.Taken != 0 || size() != before {
		t.Fatalf("%v at %d, %d taken, %d entries more", err, w.Failed, w.Taken, size()-before)
	}
	r.must(convene(r, "m", 1)) // what was refused left nothing
	before = size()

	// Others wait behind it, and before it.
	var done sync.WaitGroup
	stop := make(chan struct{})
	for i := range 4 {
		done.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					r.must(r.act("NameParty", fmt.Sprintf(`{"party":"o%d-%d","short":[["en","O"]]}`, i, n)))
				}
			}
		})
	}
	told := 0
	w = &Whole{Acts: parties("y", many), Told: func(n int) { told = n }}
	if err := r.DoWhole(t.Context(), w); err != nil || w.Taken != many || told != many {
		t.Fatalf("%v, %d taken, %d told", err, w.Taken, told)
	}
	close(stop)
	done.Wait()
	at := map[string]int64{}
	for _, p := range r.View().State().Parties() {
		at[string(p.ID)] = p.Index
	}
	for i := 1; i < many; i++ {
		if at[fmt.Sprintf("y-%d", i)] != at["y-0"]+int64(i) {
			t.Fatalf("y-%d is entry %d, y-0 is %d", i, at[fmt.Sprintf("y-%d", i)], at["y-0"])
		}
	}

	// A disk that fails at the second group: the first stays, and the same acts go on.
	before = size()
	broken := errors.New("the disk is gone")
	failing := r.engine.n.Load() + 2
	r.engine.fail = func(n int64) error {
		if n == failing {
			return broken
		}
		return nil
	}
	w = &Whole{Acts: parties("z", many)}
	if err := r.DoWhole(t.Context(), w); !errors.Is(err, broken) || w.Taken != MaxGroup || size() != before+MaxGroup {
		t.Fatalf("%v, %d taken, %d entries more", err, w.Taken, size()-before)
	}
	if err := r.DoWhole(t.Context(), w); err != nil || w.Taken != many || size() != before+many {
		t.Fatalf("again: %v, %d taken, %d entries more", err, w.Taken, size()-before)
	}
	if _, err := Read(t.Context(), r.engine, r.keys, ""); err != nil {
		t.Fatal(err)
	}
	if err := r.DoWhole(t.Context(), &Whole{}); err != nil {
		t.Errorf("nothing at all: %v", err)
	}
}

func withMeeting(a *Act, id string) *Act {
	a.Submitted.Meeting = id
	a.Submitted.Changed()
	return a
}

func TestTheSameActAgainGetsItsFirstReceipt(t *testing.T) {
	dir := t.TempDir()
	r := enter(t, dir)
	open, closed := convene(r, "m", 1), r.act("FileNote", `{"note":"n","text":"the hall has been told"}`)
	first, note := r.must(open), r.must(closed)
	again := func() {
		t.Helper()
		for a, want := range map[*Act]Receipt{open: first, closed: note} {
			if got := r.must(a); !got.Again || got.Index != want.Index || got.At != want.At {
				t.Errorf("%s: %+v, first %+v", a.Submitted.Name, got, want)
			}
		}
	}
	again()
	other := convene(r, "n", 2)
	other.Submitted.Key = open.Submitted.Key
	r.refused(other, "key-reused")
	note2 := r.act("FileNote", `{"note":"n2","text":"t"}`)
	note2.Submitted.Key = closed.Submitted.Key
	r.refused(note2, "key-reused")
	receipts, err := r.DoAll(t.Context(), []*Act{note2again(r), open, open})
	if err != nil || !receipts[1].Again || !receipts[2].Again {
		t.Error(receipts, err)
	}
	if err := r.keys.Forget(fmt.Sprintf("entry/%d", note.Index)); err != nil {
		t.Fatal(err)
	}
	again()
	r.leave()
	r = enter(t, dir)
	again()
}

// A ceremony that stood in no programme is recorded, and the receipt says so, the first time and again.
func TestAReceiptCarriesItsNotices(t *testing.T) {
	r := enter(t, t.TempDir())
	register, _ := person(r, pid(4))
	r.must(register)
	grant := r.act("GrantOffice", `{"capacity":"Protocol","person":"`+pid(4)+`"}`)
	grant.Submitted.With = []record.With{{As: "Secretary", By: pid(2)}}
	r.must(grant)
	r.must(convene(r, "m", 1))
	wreath := r.act("RecordEvent", `{"place":"hall","type":"wreath"}`)
	wreath.Submitted.As, wreath.Submitted.By, wreath.Submitted.Meeting = "Protocol", pid(4), "m"
	for _, again := range []bool{false, true} {
		got := r.must(wreath)
		if got.Again != again || len(got.Notices) != 1 || got.Notices[0].Code != "not-planned" {
			t.Errorf("again %v: %+v", again, got)
		}
	}
}

func note2again(r *room) *Act { return r.act("FileNote", `{"note":"n3","text":"t"}`) }

func TestAnUnknownOutcomeIsAskedForAgain(t *testing.T) {
	r := enter(t, t.TempDir())
	asked := 0
	r.engine.fail = func(int64) error {
		if asked++; asked < 3 {
			return record.ErrUnknown
		}
		return nil
	}
	r.must(convene(r, "m", 1))
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}

func TestAFullDiskIsARefusal(t *testing.T) {
	r := enter(t, t.TempDir())
	r.engine.fail = func(int64) error { return fmt.Errorf("writing: %w", record.ErrFull) }
	a := convene(r, "m", 1)
	r.refused(a, "disk-full")
	r.engine.fail = nil
	r.must(a)
}

func TestTheDoor(t *testing.T) {
	r := enter(t, t.TempDir())
	a, d := person(r, pid(7))
	a.Disclosures = nil
	r.refused(a, "not-opened")
	a.Disclosures = []record.Disclosure{d, record.Disclose("AAAAAAAAAAAAAAAAAAAAAA", "names.0.1", canonical.Value{Kind: canonical.True})}
	r.refused(a, "not-opened")
	salt, _ := record.NewSalt(rand.Reader)
	moved := record.Disclose(salt, "names.1.1", canonical.Value{Kind: canonical.String, Str: name})
	r.refused(r.act("RegisterPerson", `{"names":[["en",{"sealed":"`+string(moved.Digest())+`"}]],"person":"`+pid(7)+`"}`, moved), "not-opened")
	a.Disclosures = []record.Disclosure{d}
	r.must(a)
	b := r.act("RegisterPerson", `{"names":[["en",{"sealed":"`+string(d.Digest())+`"}]],"person":"`+pid(8)+`"}`, d)
	r.refused(b, "sealed-twice")
	r.must(r.act("ForgetPerson", `{"ground":"request","person":"`+pid(7)+`"}`))
	c, _ := person(r, pid(7))
	r.refused(c, "forgotten")
	r.refused(r.act("FileNote", `{"note":"long","text":"`+strings.Repeat("x", 50000)+`"}`), "too-long")
	r.refused(r.act("NameParty", `{"party":"b","short":[["en","`+strings.Repeat("x", 40000)+`"]]}`), "too-long")
	foreign := convene(r, "m", 1)
	foreign.Submitted.Origin = "example.org/other"
	r.refused(foreign, "other-origin")
	e := convene(r, "m", 1)
	e.Blobs = [][]byte{[]byte("named by nothing")}
	r.refused(e, "not-opened")
	for _, code := range conference.DoorRefusals {
		if code != "clock-doubtful" && code != "disk-full" && code != "witnesses-silent" && code != "no-majority" && code != "not-connected" && !strings.Contains("sealed-twice not-opened forgotten too-long other-origin", string(code)) {
			t.Errorf("nothing here meets %s", code)
		}
	}
}

// onDisk reports whether any file below dir holds b.
func onDisk(t *testing.T, dir string, b []byte) (where []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, b) {
			where = append(where, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return where
}

func TestForgettingDestroysTheKeyOnDisk(t *testing.T) {
	dir := t.TempDir()
	r := enter(t, dir)
	a, _ := person(r, pid(7))
	r.must(a)
	r.must(r.act("PublishName", published(pid(7))))
	key, err := r.keys.Get(pid(7))
	if err != nil {
		t.Fatal(err)
	}
	if len(onDisk(t, dir, key[:])) == 0 {
		t.Fatal("the key is nowhere: this test proves nothing")
	}
	if where := onDisk(t, dir, []byte(name)); len(where) != 0 {
		t.Errorf("the name stands in clear in %v", where)
	}
	old := r.View()
	if got, ok := old.Name(conference.PersonID(pid(7)), "en"); !ok || got != name {
		t.Errorf("%q", got)
	}
	r.must(r.act("ForgetPerson", `{"ground":"request","person":"`+pid(7)+`"}`))
	if where := onDisk(t, dir, key[:]); len(where) != 0 {
		t.Errorf("the key is still in %v", where)
	}
	for _, v := range []*View{old, r.View()} {
		if got, ok := v.Name(conference.PersonID(pid(7)), "en"); ok {
			t.Errorf("%q is still shown", got)
		}
	}
}

func TestAForgettingCutShortIsFinishedAtTheNextStart(t *testing.T) {
	dir := t.TempDir()
	r := enter(t, dir)
	a, _ := person(r, pid(7))
	r.must(a)
	slots, err := os.ReadFile(filepath.Join(dir, "subjects"))
	if err != nil {
		t.Fatal(err)
	}
	r.must(r.act("ForgetPerson", `{"ground":"request","person":"`+pid(7)+`"}`))
	r.leave()
	// as if the process had died between the commit and the destroying
	if err := os.WriteFile(filepath.Join(dir, "subjects"), slots, 0o600); err != nil {
		t.Fatal(err)
	}
	r = enter(t, dir)
	if _, err := r.keys.Get(pid(7)); !errors.Is(err, ErrForgotten) {
		t.Error(err)
	}
}

// What is given away is what all may see when it is asked for, however often it was asked for before: of the record as it stands,
// and of the past without what was withdrawn since.
func TestWhatIsGivenAwayFollowsTheRecord(t *testing.T) {
	r := enter(t, t.TempDir())
	a, _ := person(r, pid(7))
	r.must(a)
	given := func(v *View) (count int) {
		t.Helper()
		for range 2 {
			count = 0
			for _, err := range v.Openings(t.Context(), 0, false) {
				if err != nil {
					t.Fatal(err)
				}
				count++
			}
		}
		return count
	}
	if n := given(r.View()); n != 0 {
		t.Errorf("%d openings are given away before a name is published", n)
	}
	r.must(r.act("PublishName", published(pid(7))))
	size := r.View().State().Size
	if n := given(r.View()); n != 1 {
		t.Errorf("a name is published, and %d openings are given away", n)
	}
	r.must(r.act("WithdrawName", `{"languages":["en"],"person":"`+pid(7)+`"}`))
	then, err := r.View().At(t.Context(), size)
	if err != nil {
		t.Fatal(err)
	}
	if now, before := given(r.View()), given(then); now != 0 || before != 0 {
		t.Errorf("a name is withdrawn, and %d openings are given away, of the past %d", now, before)
	}
}

func TestKeySlots(t *testing.T) {
	path := filepath.Join(t.TempDir(), "subjects")
	k, err := OpenSubjectKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Ensure([]string{"a", "b", "a"}, rand.Reader); err != nil {
		t.Fatal(err)
	}
	a, _ := k.Get("a")
	if err := errors.Join(k.Forget("b"), k.Forget("never"), k.Close()); err != nil {
		t.Fatal(err)
	}
	f, _ := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	f.Write(make([]byte, 63)) // a slot that was cut short
	f.Close()
	if k, err = OpenSubjectKeys(path); err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if got, err := k.Get("a"); err != nil || got != a {
		t.Error(err)
	}
	for _, subject := range []string{"b", "never"} {
		if _, err := k.Get(subject); !errors.Is(err, ErrForgotten) {
			t.Errorf("%s: %v", subject, err)
		}
	}
	if err := k.Ensure([]string{"b", "c"}, rand.Reader); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Get("b"); !errors.Is(err, ErrForgotten) {
		t.Error("a forgotten subject got a new key")
	}
	if _, err := k.Get("nobody"); !errors.Is(err, record.ErrNotFound) {
		t.Error(err)
	}
	if info, _ := os.Stat(path); info.Size() != 4*slotSize {
		t.Errorf("%d bytes", info.Size())
	}
}

func TestNamesAreShownWhilePublished(t *testing.T) {
	r := enter(t, t.TempDir())
	a, _ := person(r, pid(7))
	r.must(a)
	shown := func(want bool) {
		t.Helper()
		if _, ok := r.View().Name(conference.PersonID(pid(7)), "en"); ok != want {
			t.Errorf("shown: %v", ok)
		}
	}
	shown(false)
	r.must(r.act("PublishName", strings.Replace(published(pid(7)), "public", "secretariat", 1)))
	shown(false)
	r.must(r.act("PublishName", published(pid(7))))
	shown(true)
	r.must(r.act("WithdrawName", `{"languages":["en"],"person":"`+pid(7)+`"}`))
	shown(false)
}

func TestRecordedTimeNeverGoesBack(t *testing.T) {
	r := enter(t, t.TempDir())
	first := r.must(convene(r, "a", 1))
	r.wall.Store(0) // the clock jumps back by decades
	second := r.must(convene(r, "b", 2))
	r.wall.Store(2_500_000_000_000) // and forward: nobody believes it
	third := r.must(convene(r, "c", 3))
	if second.At < first.At || third.At < second.At || third.At > first.At+60_000 {
		t.Errorf("%s, %s, %s", first.At, second.At, third.At)
	}
}

// dials are two clocks that the test sets.
type dials struct {
	wall   record.Instant
	steady time.Duration
}

func (d *dials) pass(ms int64) {
	d.wall, d.steady = d.wall+record.Instant(ms), d.steady+time.Duration(ms)*time.Millisecond
}

func TestADoubtfulClock(t *testing.T) {
	const last = record.Instant(1_900_000_000_000)
	hour := int64(3_600_000)
	for name, play := range map[string]func(d *dials, now func() (record.Instant, bool), c *clock) (at record.Instant, doubtful bool){
		"both go on": func(d *dials, now func() (record.Instant, bool), _ *clock) (record.Instant, bool) {
			d.pass(5000)
			return last + 5000, false
		},
		"a little behind": func(d *dials, _ func() (record.Instant, bool), _ *clock) (record.Instant, bool) {
			d.wall -= 60_000
			return last, false
		},
		"behind": func(d *dials, _ func() (record.Instant, bool), _ *clock) (record.Instant, bool) {
			d.wall -= 60_001
			return last, true
		},
		"a step forward": func(d *dials, _ func() (record.Instant, bool), _ *clock) (record.Instant, bool) {
			d.wall += 60_001
			return last, true
		},
		"a small step": func(d *dials, _ func() (record.Instant, bool), _ *clock) (record.Instant, bool) {
			d.wall += 60_000
			return last + 60_000, false
		},
		"time goes on while doubted": func(d *dials, now func() (record.Instant, bool), _ *clock) (record.Instant, bool) {
			d.wall += record.Instant(hour)
			now()
			d.pass(7000)
			return last + 7000, true
		},
		"the step is taken back": func(d *dials, now func() (record.Instant, bool), _ *clock) (record.Instant, bool) {
			d.wall += record.Instant(hour)
			now()
			d.wall -= record.Instant(hour)
			d.pass(7000)
			return last + 7000, false
		},
		"officers confirm a step": func(d *dials, now func() (record.Instant, bool), c *clock) (record.Instant, bool) {
			d.wall += record.Instant(hour)
			now()
			c.confirm()
			return last + record.Instant(hour), false
		},
		"officers confirm one behind": func(d *dials, now func() (record.Instant, bool), c *clock) (record.Instant, bool) {
			d.wall -= record.Instant(hour)
			now()
			c.confirm()
			d.pass(1000)
			return last, false
		},
	} {
		d := &dials{wall: last}
		c := &clock{wall: func() record.Instant { return d.wall }, steady: func() time.Duration { return d.steady }}
		now := func() (record.Instant, bool) { return c.now(last, false) }
		c.start(last, false)
		now()
		at, doubtful := play(d, now, c)
		if gotAt, got := now(); gotAt != at || got != doubtful {
			t.Errorf("%s: %s, doubtful %v; want %s, %v", name, gotAt, got, at, doubtful)
		}
	}
	d := &dials{wall: last + record.Instant(24*hour) + 1}
	c := &clock{wall: func() record.Instant { return d.wall }, steady: func() time.Duration { return d.steady }}
	c.start(last, false)
	if at, doubtful := c.now(last, false); at != last || !doubtful {
		t.Errorf("started a day later: %s, %v", at, doubtful)
	}
	d.pass(90_000)
	if at, doubtful := c.now(last, false); at != last+90_000 || !doubtful {
		t.Errorf("and a while after: %s, %v", at, doubtful)
	}
	c.confirm()
	if at, doubtful := c.now(last, false); at != d.wall || doubtful {
		t.Errorf("confirmed: %s, %v", at, doubtful)
	}
	c = &clock{wall: c.wall, steady: c.steady}
	c.start(0, true)
	if at, doubtful := c.now(last-record.Instant(48*hour), false); at != d.wall || doubtful {
		t.Errorf("a record founded since the start, with entries of long ago: %s, %v", at, doubtful)
	}
}

func TestTimedActsWaitForTheClock(t *testing.T) {
	r := enter(t, t.TempDir())
	r.must(convene(r, "m", 1))
	timed := r.act("EndFloor", `{"why":"done"}`)
	timed.Submitted.Meeting = "m"
	r.refused(timed, "wrong-capacity")
	r.wall.Add(3_600_000) // a step of an hour
	r.refused(r.act("EndFloor", `{"why":"done"}`), "clock-doubtful")
	r.must(convene(r, "n", 2)) // what does not depend on the hour goes on
	var no *conference.Refusal
	if err := r.ConfirmClock(t.Context(), conference.PersonID(pid(1)), conference.PersonID(pid(1))); !errors.As(err, &no) || no.Code != "one-person-only" {
		t.Error(err)
	}
	if err := r.ConfirmClock(t.Context(), conference.PersonID(pid(1)), conference.PersonID(pid(9))); !errors.As(err, &no) || no.Code != "not-holder" {
		t.Error(err)
	}
	r.refused(r.act("EndFloor", `{"why":"done"}`), "clock-doubtful")
	if err := r.ConfirmClock(t.Context(), conference.PersonID(pid(1)), conference.PersonID(pid(2))); err != nil {
		t.Error(err)
	}
	r.refused(r.act("EndFloor", `{"why":"done"}`), "wrong-capacity")
}

func TestClosingUnderLoadLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	r := enter(t, dir)
	var mu sync.Mutex
	acknowledged := map[int64]string{}
	var wait sync.WaitGroup
	for a := range 8 {
		wait.Go(func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("m-%d-%d", a, n)
				receipt, err := r.Do(context.Background(), convene(r, id, 1000*(a+1)+n))
				if err != nil {
					if !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				acknowledged[receipt.Index] = id
				mu.Unlock()
			}
		})
	}
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for v := r.View(); r.Wait(t.Context(), v.State().Size) == nil; v = r.View() {
				size := v.State().Size
				if head := v.Checkpoint(); head.Size != size {
					t.Errorf("a view of %d shows a checkpoint of %d", size, head.Size)
				}
				if _, err := v.Prove(t.Context(), size-1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if err := r.Wait(t.Context(), 60); err != nil {
		t.Fatal(err)
	}
	r.Secretariat.Close()
	wait.Wait()
	readers.Wait()
	r.leave()
	r = enter(t, dir)
	for index, id := range acknowledged {
		m, ok := r.View().State().Meeting(conference.MeetingID(id))
		if !ok || m.Index != index {
			t.Errorf("%s, acknowledged as entry %d, is not there", id, index)
		}
	}
	if len(acknowledged) < 50 {
		t.Errorf("%d acknowledged", len(acknowledged))
	}
	if _, err := r.Do(cancelled(), convene(r, "late", 77)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func cancelled() context.Context {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	return ctx
}

func TestAnOlderCopyPutBackIsNoticed(t *testing.T) {
	dir, trip := t.TempDir(), Tripwire{filepath.Join(t.TempDir(), "trip")}
	r := enter(t, dir)
	if err := trip.Check(r.View()); err != nil {
		t.Fatal(err)
	}
	r.must(convene(r, "a", 1))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := trip.Keep(ctx, r.Secretariat); err != nil {
		t.Fatal(err)
	}
	if err := trip.Check(r.View()); err != nil {
		t.Error(err)
	}
	r.must(convene(r, "b", 2))
	if err := trip.Check(r.View()); err != nil {
		t.Errorf("a record ahead of its tripwire: %v", err)
	}
	older := enter(t, t.TempDir()) // another record under the same key, with fewer entries
	if err := trip.Check(older.View()); !errors.Is(err, ErrBehind) {
		t.Errorf("an older copy: %v", err)
	}
	older.must(convene(older, "x", 9))
	older.must(convene(older, "y", 10))
	if err := trip.Check(older.View()); !errors.Is(err, ErrBehind) {
		t.Errorf("another history: %v", err)
	}
	if err := os.WriteFile(trip.Path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := trip.Check(r.View()); err == nil {
		t.Error("a tripwire of rubbish was taken")
	}
}

func TestABlobIsDurableBeforeTheEntryThatNamesIt(t *testing.T) {
	r := enter(t, t.TempDir())
	r.must(unopened(r.act("RegisterPerson", `{"names":[["en",{"sealed":"`+string(record.DigestOf([]byte("x")))+`"}]],"person":"`+pid(3)+`"}`)))
	paper := []byte("the page as it was printed")
	fields := fmt.Sprintf(`{"copy":{"blob":"%s","size":%d},"outlet":"Gazette","source":"s"}`, record.DigestOf(paper), len(paper))
	a := r.act("RegisterSource", fields)
	a.Submitted.As, a.Submitted.By = "Rapporteur", pid(3)
	grant := r.act("GrantOffice", `{"capacity":"Rapporteur","person":"`+pid(3)+`"}`)
	grant.Submitted.With = []record.With{{As: "Secretary", By: pid(2)}}
	r.must(grant)
	r.refused(a, "not-opened")
	a.Blobs = [][]byte{paper}
	r.engine.fail = func(int64) error {
		if _, err := r.engine.Blob(t.Context(), record.DigestOf(paper)); err != nil {
			t.Errorf("the entry is appended and its blob is not there: %v", err)
		}
		return nil
	}
	r.must(a)
	if b, err := r.View().Blob(t.Context(), record.DigestOf(paper)); err != nil || !bytes.Equal(b, paper) {
		t.Error(err)
	}
}

// unopened lets a value be registered whose disclosure is not at hand, as a story that founds its record may.
func unopened(a *Act) *Act { a.Unopened = true; return a }

func TestOpeningsThatDoNotFitAreFound(t *testing.T) {
	r := enter(t, t.TempDir())
	a, _ := person(r, pid(7))
	r.must(a)
	r.must(r.act("FileNote", `{"note":"n","text":"t"}`))
	fit, err := CheckOpenings(t.Context(), r.engine, r.keys, r.View().State().Size)
	if err != nil || fit != 2 {
		t.Fatal(fit, err)
	}
	for what, change := range map[string]func(*record.Row){
		"ciphertext": func(row *record.Row) { row.Ciphertext[0] ^= 1 }, "nonce": func(row *record.Row) { row.Nonce[0] ^= 1 }, "name": func(row *record.Row) { row.Name = "names.9" }, "digest": func(row *record.Row) { row.Digest = record.DigestOf(nil) },
	} {
		_, err := CheckOpenings(t.Context(), changedRows{r.engine, change}, r.keys, r.View().State().Size)
		var e *record.EntryError
		if !errors.As(err, &e) {
			t.Errorf("%s changed: %v", what, err)
		}
	}
}

// changedRows is an engine whose rows were changed.
type changedRows struct {
	record.Engine
	change func(*record.Row)
}

func (c changedRows) alter(row record.Row) record.Row {
	row.Nonce, row.Ciphertext = bytes.Clone(row.Nonce), bytes.Clone(row.Ciphertext)
	if row.Name != "closed" {
		c.change(&row)
	}
	return row
}

func (c changedRows) Rows(ctx context.Context, from int64) iter.Seq2[record.Row, error] {
	return func(yield func(record.Row, error) bool) {
		for row, err := range c.Engine.Rows(ctx, from) {
			if !yield(c.alter(row), err) {
				return
			}
		}
	}
}

// At each size the state is the fold of so many entries, whichever states are kept, and its head is the tree's.
func TestViewsOfThePast(t *testing.T) {
	r := enter(t, t.TempDir())
	r.Secretariat.View().past.every = 7
	roots := map[int64]tlog.Hash{}
	for i := range 40 {
		receipt := r.must(convene(r, fmt.Sprintf("m%d", i), i+1))
		roots[receipt.Checkpoint.Size] = receipt.Checkpoint.Root
	}
	v := r.View()
	for _, size := range []int64{43, 5, 0, 17, 18, 3, 42, 20, 1} {
		old, err := v.At(t.Context(), size)
		if err != nil {
			t.Fatal(err)
		}
		if old.State().Size != size || int64(len(old.State().Meetings())) != max(0, size-3) {
			t.Errorf("at %d: size %d, %d meetings", size, old.State().Size, len(old.State().Meetings()))
		}
		if root, ok := roots[size]; ok && old.Checkpoint().Root != root {
			t.Errorf("at %d: another root", size)
		}
		if size > 0 {
			proof, err := old.Prove(t.Context(), size-1)
			if err != nil {
				t.Fatal(err)
			}
			text, err := old.Entry(t.Context(), size-1)
			if err != nil || tlog.CheckRecord(proof, size, old.Checkpoint().Root, size-1, tlog.RecordHash(text)) != nil {
				t.Errorf("at %d: the last entry is not proven", size)
			}
		}
		if _, err := old.Entry(t.Context(), size); err == nil {
			t.Errorf("at %d: a later entry is shown", size)
		}
	}
	if n := len(v.past.marks); n < 4 || n > 6 {
		t.Errorf("%d states kept", n)
	}
	for _, size := range []int64{-1, 44} {
		if _, err := v.At(t.Context(), size); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("at %d: %v", size, err)
		}
	}
}

func TestAsManyStatesAreKeptAsAreBounded(t *testing.T) {
	p := &past{every: 1}
	for size := range int64(10 * keepMost) {
		p.keep(conference.State{Size: size + 1})
	}
	if len(p.marks) > keepMost || len(p.marks) < keepMost/4 {
		t.Errorf("%d states", len(p.marks))
	}
	for i := range p.marks[1:] {
		if p.marks[i].Size >= p.marks[i+1].Size {
			t.Fatalf("%d before %d", p.marks[i].Size, p.marks[i+1].Size)
		}
	}
	if s := p.nearest(1000); s.Size > 1000 || s.Size < 1000-2*p.every {
		t.Errorf("nearest to 1000 is %d", s.Size)
	}
}

func TestANameWithdrawnIsNotShownOfThePastEither(t *testing.T) {
	r := enter(t, t.TempDir())
	register, _ := person(r, pid(7))
	r.must(register)
	there := r.must(r.act("PublishName", published(pid(7)))).Checkpoint.Size
	shown := func(want bool) {
		t.Helper()
		old, err := r.View().At(t.Context(), there)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := old.Name(conference.PersonID(pid(7)), "en"); ok != want {
			t.Errorf("shown: %v", ok)
		}
		n := 0
		for _, err := range old.Openings(t.Context(), 0, false) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if (n > 0) != want {
			t.Errorf("%d openings", n)
		}
	}
	r.must(convene(r, "x", 1))
	shown(true)
	r.must(r.act("WithdrawName", `{"languages":["en"],"person":"`+pid(7)+`"}`))
	shown(false)
	r.must(r.act("PublishName", published(pid(7))))
	shown(true)
	r.must(r.act("ForgetPerson", `{"ground":"request","person":"`+pid(7)+`"}`))
	shown(false)
}

// The time of a story goes on from its last entry, whatever the wall clock shows, and is not doubted.
func TestAStorysTimeGoesOnFromItsLastEntry(t *testing.T) {
	const last = record.Instant(1_900_000_000_000)
	for name, wall := range map[string]record.Instant{"a wall clock years behind": last / 2, "years ahead": 2 * last} {
		d := &dials{wall: wall}
		c := clock{told: true, wall: func() record.Instant { return d.wall }, steady: func() time.Duration { return d.steady }}
		c.start(last, false)
		d.pass(90_000)
		if at, doubtful := c.now(last, false); at != last+90_000 || doubtful {
			t.Errorf("%s: a minute and a half later %s, doubtful %t", name, at, doubtful)
		}
		if at, _ := c.now(last+500_000, false); at != last+500_000 {
			t.Errorf("%s: after another entry %s", name, at)
		}
	}
}
