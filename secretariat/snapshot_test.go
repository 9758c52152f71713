package secretariat

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"kurultai/record"
)

// grown is a record of some entries of several kinds, with a snapshot after every tenth.
func grown(t *testing.T, dir string) *room {
	r := enter(t, dir)
	r.View().past.every = 10
	for i := range 12 {
		r.must(convene(r, fmt.Sprintf("m%d", i), i+1))
		a, _ := person(r, pid(100+i))
		r.must(a)
		r.must(r.act("PublishName", published(pid(100+i))))
	}
	r.must(r.act("FileNote", `{"note":"n","text":"the hall has been told"}`))
	return r
}

// A record opened from a snapshot is in the state it comes to without one, and goes on as it would.
func TestARecordBeginsFromItsSnapshot(t *testing.T) {
	dir := t.TempDir()
	r := grown(t, dir)
	r.Close()
	snap, err := r.engine.Snapshot(t.Context(), 1000)
	if err != nil || snap.Size != r.View().State().Size {
		t.Fatalf("the newest is of %d entries of %d: %v", snap.Size, r.View().State().Size, err)
	}
	r.leave()
	r = enter(t, dir)
	for i := range 9 {
		r.must(convene(r, fmt.Sprintf("n%d", i), 13+i))
	}
	size := r.View().State().Size
	r.leave()

	r = enter(t, dir)
	whole, err := read(t.Context(), r.engine, r.keys, "", false)
	if err != nil {
		t.Fatal(err)
	}
	from := r.View()
	if !reflect.DeepEqual(*from.State(), *whole.State()) || !reflect.DeepEqual(from.desk.sealed, whole.desk.sealed) {
		t.Error("from the snapshot it is another state")
	}
	if from.past.nearest(snap.Size).Size != snap.Size {
		t.Error("it was not begun from the snapshot")
	}
	for n := int64(1); n <= size; n += 7 {
		one, err1 := from.At(t.Context(), n)
		other, err2 := whole.At(t.Context(), n)
		same := n >= snap.Size || reflect.DeepEqual(*one.State(), *other.State()) // behind it the notes are known, too
		if err1 != nil || err2 != nil || !same || one.State().Size != n || one.Checkpoint().Root != other.Checkpoint().Root {
			t.Errorf("at %d: %v %v", n, err1, err2)
		}
	}
	r.refused(convene(r, "m3", 99), "id-taken")
	r.must(convene(r, "m99", 30))
}

// A snapshot that does not fit is thrown away: of another tree, of another make, damaged anywhere.
func TestASnapshotThatDoesNotFitIsThrownAway(t *testing.T) {
	dir := t.TempDir()
	r := grown(t, dir)
	r.Close()
	size := r.View().State().Size
	good, err := r.engine.Snapshot(t.Context(), size)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := restored(good); err != nil {
		t.Fatal(err)
	}
	other := good
	other.Root[3] ^= 1
	if err := r.engine.PutSnapshot(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	v, err := Read(t.Context(), r.engine, r.keys, "")
	if err != nil || v.State().Size != size || v.past.nearest(good.Size).Size == good.Size {
		t.Errorf("one of another tree: %v", err)
	}
	torn := 0
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		bad := good
		bad.State = append([]byte(nil), good.State...)
		switch random.IntN(3) {
		case 0:
			bad.State = bad.State[:random.IntN(len(bad.State))]
		case 1:
			bad.State[random.IntN(len(bad.State))] ^= 1 << random.IntN(8)
		default:
			bad.State = append(bad.State, byte(random.IntN(256)))
		}
		if _, err := restored(bad); err == nil {
			t.Fatal("damaged bytes were taken under their old digest")
		}
		bad.Digest = record.DigestOf(bad.State) // as if somebody had meant it: no crash, whatever comes of it
		if _, err := restored(bad); err != nil {
			torn++
		}
	}
	if torn < 1000 {
		t.Errorf("only %d of 3000 are told from a state", torn)
	}
	old := good
	old.State = append([]byte{good.State[0] ^ 1}, good.State[1:]...)
	old.Digest = record.DigestOf(old.State)
	if _, err := restored(old); err == nil {
		t.Error("one of another make was read")
	}
}

// What a snapshot holds is digests: no name, no note.
func TestASnapshotHoldsNoOpenedValue(t *testing.T) {
	r := grown(t, t.TempDir())
	r.Close()
	snap := snapshotOf(r.View().desk, r.View().head.Root)
	for _, private := range []string{name, "the hall has been told"} {
		for at := range len(snap.State) - len(private) {
			if string(snap.State[at:at+len(private)]) == private {
				t.Errorf("%q stands in it", private)
			}
		}
	}
	if f, err := restored(snap); err != nil || !reflect.DeepEqual(f.State, *r.View().State()) {
		t.Errorf("written and read it is another: %v", err)
	}
}
