package secretariat

import (
	"bytes"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// What is kept at hand is the end of the record and no more than is allowed, and a view that was given it earlier keeps it.
func TestTheNewestEntriesAreAtHand(t *testing.T) {
	var now newest
	if _, ok := now.from(0); ok {
		t.Error("nothing was appended")
	}
	size, before := int64(7), newest{}
	entry := func(i int64) []byte { return bytes.Repeat([]byte{byte(i)}, mostNewest/40) }
	for size < 200 {
		entries, hashes := [][]byte{entry(size), entry(size + 1)}, make([]tlog.Hash, 2)
		before, now = now, now.and(size, entries, hashes)
		size += 2
		if now.bytes > mostNewest || len(now.entries) != now.bytes/(mostNewest/40) {
			t.Fatalf("%d entries are said to have %d bytes", len(now.entries), now.bytes)
		}
		for _, n := range []newest{before, now} {
			if len(n.entries) == 0 {
				continue
			}
			first := n.entries[0].Index
			if _, ok := n.from(first - 1); ok {
				t.Fatal("one that went is yielded")
			}
			list, ok := n.from(first + 1)
			at := first + 1
			for stored := range list {
				if !ok || stored.Index != at || !bytes.Equal(stored.Bytes, entry(at)) {
					t.Fatalf("entry %d is another", at)
				}
				at++
			}
			if at != first+int64(len(n.entries)) {
				t.Fatalf("it ends at %d", at)
			}
		}
	}
	if now.entries[0].Index < 100 {
		t.Error("nothing went")
	}
}
