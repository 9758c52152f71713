package witness_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/story/storytest"
	"kurultai/witness"
)

var update = flag.Bool("update", false, "write the recorded stories anew: only while edition 1 is open")

// texts plays a story and returns its entries and origin.
func texts(t *testing.T, story string) (entries [][]byte, origin string) {
	t.Helper()
	v := storytest.Play(t, story).View()
	for i := range v.State().Size {
		b, err := v.Entry(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, b)
	}
	return entries, v.Origin()
}

// stored gives entries as an engine would, each with its own hash.
func stored(entries [][]byte) iter.Seq2[record.Stored, error] {
	return func(yield func(record.Stored, error) bool) {
		for i, b := range entries {
			if !yield(record.Stored{Index: int64(i), Bytes: b, Hash: tlog.RecordHash(b)}, nil) {
				return
			}
		}
	}
}

// The stories recorded under edition 1 are kept, and are decided again to the same bytes.
func TestRecordedStoriesAreDecidedAgain(t *testing.T) {
	files := 0
	for _, story := range []string{"baku", "xviii", "training", "treaty", "drafting", "undertakings", "registry"} {
		entries, origin := texts(t, story)
		path := filepath.Join("testdata", "edition1-"+story+".jsonl")
		recorded := append(bytes.Join(entries, []byte("\n")), '\n')
		if *update {
			if err := os.WriteFile(path, recorded, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, recorded) {
			t.Errorf("%s, played today, is another record", story)
		}
		kept := bytes.Split(bytes.TrimSuffix(want, []byte("\n")), []byte("\n"))
		r, err := witness.Check(t.Context(), origin, stored(kept))
		if err != nil {
			t.Fatal(err)
		}
		if r.Finding.Size != int64(len(kept)) || r.Finding.Open+r.Finding.Closed != r.Finding.Size || r.Finding.Upgrade != 0 {
			t.Errorf("%+v", r.Finding)
		}
		files++
	}
	t.Logf("%d recorded stories decided again", files)
}

func TestADisagreementNamesTheEntryAndTheRule(t *testing.T) {
	good, origin := texts(t, "training")
	find := func(part string) int {
		for i, b := range good {
			if bytes.Contains(b, []byte(part)) {
				return i
			}
		}
		t.Fatalf("no entry holds %s", part)
		return 0
	}
	for _, c := range []struct {
		what, part, with, says string
		refused                bool
	}{
		{"a limit the rules do not give", `"limit":300`, `"limit":600`, "", false},
		{"an event for another party", `"kind":"PresenceRecorded","meeting":"vii","party":"xa"`, `"kind":"PresenceRecorded","meeting":"vii","party":"xl"`, "", false},
		{"an act by somebody without the office", `"as":"Chair"`, `"as":"Rapporteur"`, "wrong-capacity", true},
		{"an event that did not happen", `"events":[{"kind":"FloorRequested"`, `"events":[{"kind":"MeetingClosed","meeting":"vii"},{"kind":"FloorRequested"`, "", false},
	} {
		entries := append([][]byte(nil), good...)
		i := find(c.part)
		entries[i] = bytes.Replace(entries[i], []byte(c.part), []byte(c.with), 1)
		_, err := witness.Check(t.Context(), origin, stored(entries))
		var d *witness.Disagreement
		if !errors.As(err, &d) || d.Index != int64(i) || (d.Refusal != nil) != c.refused || !strings.Contains(err.Error(), fmt.Sprintf("entry %d", i)) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	// an act left out: what rests on it is refused
	i := find(`"name":"OpenMeeting"`)
	var rest [][]byte
	for n, b := range append(append([][]byte(nil), good[:i]...), good[i+1:]...) {
		if n >= i {
			b = bytes.Replace(b, fmt.Appendf(nil, `"index":%d}`, n+1), fmt.Appendf(nil, `"index":%d}`, n), 1)
		}
		rest = append(rest, b)
	}
	_, err := witness.Check(t.Context(), origin, stored(rest))
	var d *witness.Disagreement
	if !errors.As(err, &d) || d.Refusal == nil || d.Refusal.Code != "meeting-not-open" {
		t.Errorf("without the opening: %v", err)
	}
	if _, err := witness.Check(t.Context(), "example.org/other", stored(good)); err == nil {
		t.Error("a record meant for another origin was taken")
	}
	broken := func(yield func(record.Stored, error) bool) {
		for s := range stored(good) {
			if s.Index == 5 {
				s.Hash[0] ^= 1
			}
			if !yield(s, nil) {
				return
			}
		}
	}
	var e *record.EntryError
	if _, err := witness.Check(t.Context(), origin, broken); !errors.As(err, &e) || e.Index != 5 {
		t.Errorf("a wrong hash: %v", err)
	}
}

// An entry that says it is older than the one before it, or was meant for a later day than its place, is named: times of a
// record go forward.
func TestTimesThatRunBackwardsAreFound(t *testing.T) {
	good, origin := texts(t, "training")
	at := func(b []byte) string {
		i := bytes.Index(b, []byte(`,"events":`))
		return string(b[i-25 : i-1])
	}
	checked := 0
	for _, i := range []int{1, len(good) / 2, len(good) - 1} {
		entries := append([][]byte(nil), good...)
		earlier := "2001-01-01T00:00:00.000Z"
		entries[i] = bytes.Replace(entries[i], []byte(`"at":"`+at(good[i])+`","events"`), []byte(`"at":"`+earlier+`","events"`), 1)
		if bytes.Equal(entries[i], good[i]) {
			continue // a closed one, or its time stands elsewhere
		}
		checked++
		var e *record.EntryError
		if _, err := witness.Check(t.Context(), origin, stored(entries)); !errors.As(err, &e) || e.Index != int64(i) || !strings.Contains(err.Error(), "earlier") {
			t.Errorf("entry %d of %s: %v", i, earlier, err)
		}
	}
	if checked == 0 {
		t.Error("no time was changed")
	}
}
