package witness

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

// recorded are the entries of a story as it was recorded.
func recorded(t *testing.T, story string) (list []record.Stored, origin string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "edition1-"+story+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		b := []byte(strings.TrimSuffix(line, "\n"))
		list = append(list, record.Stored{Index: int64(len(list)), Bytes: b, Hash: tlog.RecordHash(b)})
	}
	e, err := record.ParseEntry(string(list[0].Bytes), 0)
	if err != nil {
		t.Fatal(err)
	}
	return list, e.Act.Origin
}

// seq yields entries and then an error, if there is one, and counts what was asked for.
func seq(list []record.Stored, err error, asked *int) iter.Seq2[record.Stored, error] {
	return func(yield func(record.Stored, error) bool) {
		for _, s := range list {
			if *asked++; !yield(s, nil) {
				return
			}
		}
		if err != nil {
			yield(record.Stored{}, err)
		}
	}
}

// Reading ahead gives every entry once and in order, in lots that are bounded, and an error behind what came before it.
func TestReadingAheadKeepsTheOrder(t *testing.T) {
	few, origin := recorded(t, "registry")
	long := make([]byte, record.MaxEntry)
	var wide, many []record.Stored // entries that are none: each is read and says so
	for i := range 2*lotBytes/len(long) + 1 {
		wide = append(wide, record.Stored{Index: int64(i), Bytes: long})
	}
	for i := range 2*lotEntries + 3 {
		many = append(many, record.Stored{Index: int64(i), Bytes: []byte("x")})
	}
	gone := errors.New("the cable was pulled")
	for _, c := range []struct {
		what string
		list []record.Stored
		err  error
		lots int
	}{
		{"none", nil, nil, 0},
		{"none, and a fault", nil, gone, 0},
		{"a few", few, nil, 1},
		{"a few, and a fault", few, gone, 1},
		{"large ones", wide, nil, 3},
		{"many", many, gone, 3},
	} {
		synctest.Test(t, func(t *testing.T) { // which fails where anything goes on behind it
			r := &Replay{Origin: origin}
			var asked, lots, n int
			var last error
			for l, err := range r.readAhead(t.Context(), seq(c.list, c.err, &asked)) {
				if last != nil {
					t.Errorf("%s: more behind an error", c.what)
				}
				if last = err; err != nil {
					continue
				}
				lots++
				size := 0
				for _, x := range l {
					if x.Index != int64(n) || (x.entry != nil) != (x.err == nil) || x.entry != nil && x.entry.Index != x.Index {
						t.Fatalf("%s: entry %d came as the %dth", c.what, x.Index, n)
					}
					n, size = n+1, size+len(x.Bytes)
				}
				if len(l) > lotEntries || size > lotBytes {
					t.Errorf("%s: a lot of %d entries and %d bytes", c.what, len(l), size)
				}
			}
			if n != len(c.list) || lots != c.lots || !errors.Is(last, c.err) {
				t.Errorf("%s: %d of %d entries in %d lots of %d, then %v", c.what, n, len(c.list), lots, c.lots, last)
			}
		})
	}
}

// Who stops reading leaves nothing running, and not all is fetched for nobody; a context that ends is told.
func TestReadingAheadEnds(t *testing.T) {
	var many []record.Stored
	for i := range 20 * lotEntries {
		many = append(many, record.Stored{Index: int64(i), Bytes: []byte("x")})
	}
	synctest.Test(t, func(t *testing.T) {
		var asked int
		for range (&Replay{}).readAhead(t.Context(), seq(many, nil, &asked)) {
			synctest.Wait() // until they are as far ahead as they go
			break
		}
		if asked > 7*lotEntries {
			t.Errorf("%d entries were fetched, and one lot was wanted", asked)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var asked int
		var last error
		for _, err := range (&Replay{}).readAhead(ctx, seq(many, nil, &asked)) {
			stop()
			last = err
		}
		if !errors.Is(last, context.Canceled) {
			t.Errorf("it ended with %v", last)
		}
	})
}

// The first entry that is wrong is the one that is named, though what is wrong with one behind it is known earlier.
func TestTheFirstWrongEntryIsNamed(t *testing.T) {
	list, origin := recorded(t, "training")
	if len(list) < 100 {
		t.Fatalf("%d entries", len(list))
	}
	broken := append([]record.Stored(nil), list...)
	b := []byte(strings.Replace(string(broken[40].Bytes), `"at":"2`, `"at":"1`, 1))
	broken[40] = record.Stored{Index: 40, Bytes: b, Hash: tlog.RecordHash(b)} // its form is right: deciding finds it
	broken[41].Bytes = []byte("{}")                                           // reading finds it
	var asked int
	_, err := Check(t.Context(), origin, seq(broken, errors.New("a fault"), &asked))
	var wrong *record.EntryError
	if !errors.As(err, &wrong) || wrong.Index != 40 {
		t.Errorf("entry 40 comes first: %v", err)
	}
	broken[40] = list[40]
	if _, err = Check(t.Context(), origin, seq(broken, nil, &asked)); !errors.As(err, &wrong) || wrong.Index != 41 {
		t.Errorf("entry 41 is none: %v", err)
	}
	if _, err = Check(t.Context(), origin, seq(list[:41], fmt.Errorf("a fault"), &asked)); err == nil || err.Error() != "a fault" {
		t.Errorf("the fault of the source: %v", err)
	}
}
