package faults

import (
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/recordtest"
)

// record of some texts, and what authors were told of each.
func told(t *testing.T, texts ...string) (c copied, acks []ack) {
	t.Helper()
	for i, text := range texts {
		c.texts = append(c.texts, record.DigestOf([]byte(text)))
		c.tree.Append(tlog.RecordHash(recordtest.Entry(int64(i), text)))
		root, err := tlog.TreeHash(c.tree.Size(), &c.tree)
		if err != nil {
			t.Fatal(err)
		}
		note, err := recordtest.Key().SignCheckpoint(c.tree.Size(), root)
		if err != nil {
			t.Fatal(err)
		}
		acks = append(acks, ack{text: text, Answer: Answer{int64(i), string(note)}})
	}
	return c, acks
}

// What a quorum may lose is found: the check of the copies can fail.
func TestWhatAnEngineForgetsIsFound(t *testing.T) {
	whole, acks := told(t, "a", "b", "c", "d")
	short, _ := told(t, "a", "b", "c")
	other, otherAcks := told(t, "a", "x", "c", "d")
	twice, twiceAcks := told(t, "a", "b", "b", "d")
	three := func(c copied) []copied { return []copied{c, c, c} }
	rows := 0
	for _, row := range []struct {
		name   string
		acks   []ack
		copies []copied
		want   string
	}{
		{"nothing", acks, three(whole), "acked 4 lost 0 duplicated 0 conflicting 0 apart 0"},
		{"the end of every copy", acks, three(short), "acked 4 lost 1 duplicated 0 conflicting 1 apart 0"},
		{"the end of one copy", acks, []copied{whole, whole, short}, "acked 4 lost 1 duplicated 0 conflicting 0 apart 1"},
		{"the end of the first copy", acks, []copied{short, whole, whole}, "acked 4 lost 1 duplicated 0 conflicting 1 apart 2"},
		{"another entry in its place", acks, three(other), "acked 4 lost 1 duplicated 0 conflicting 3 apart 0"},
		{"an entry twice", twiceAcks[3:], three(twice), "acked 1 lost 0 duplicated 1 conflicting 0 apart 0"},
		{"a checkpoint of another record", []ack{{"a", Answer{0, otherAcks[3].Note}, acks[0].at}}, three(whole), "acked 1 lost 0 duplicated 0 conflicting 1 apart 0"},
		{"a checkpoint nobody signed", []ack{{"a", Answer{0, "note"}, acks[0].at}}, three(whole), "acked 1 lost 0 duplicated 0 conflicting 1 apart 0"},
		{"all of it", acks, three(copied{}), "acked 4 lost 4 duplicated 0 conflicting 4 apart 0"},
	} {
		rows++
		f := judge(row.acks, row.copies)
		got := fmt.Sprintf("acked %d lost %d duplicated %d conflicting %d apart %d", f.Acked, f.Lost, f.Duplicated, f.Conflicting, f.Apart)
		if got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		if f.Whole() != (row.name == "nothing") {
			t.Errorf("%s: whole is %v", row.name, f.Whole())
		}
	}
	if rows != 9 {
		t.Errorf("%d rows ran", rows)
	}
}
