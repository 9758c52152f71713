package secretariat

import (
	"iter"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

// newest is the end of a record, kept at hand for who asks for it within a moment: nodes and edges that follow. It begins
// anew where a view is read from an engine. A value: what one view was given is never changed by the next, of which there is
// one.
type newest struct {
	entries []record.Stored // one behind the other
	bytes   int             // of these
}

// mostNewest bounds the bytes that are kept at hand; when there are more, half of them go. Half is what nodes are behind that
// share a machine with a writer at full load for two or three seconds.
const mostNewest = 32 << 20

// and is the end behind a group that was appended at a size.
func (n newest) and(size int64, entries [][]byte, hashes []tlog.Hash) newest {
	for i, b := range entries {
		n.entries = append(n.entries, record.Stored{Index: size + int64(i), Bytes: b, Hash: hashes[i]})
		n.bytes += len(b)
	}
	if n.bytes <= mostNewest {
		return n
	}
	gone := 0
	for n.bytes > mostNewest/2 {
		n.bytes -= len(n.entries[gone].Bytes)
		gone++
	}
	n.entries = slices.Clone(n.entries[gone:])
	return n
}

// from yields the entries from an index on; false: the first of them is not at hand.
func (n newest) from(index int64) (iter.Seq2[record.Stored, error], bool) {
	if len(n.entries) == 0 || index < n.entries[0].Index {
		return nil, false
	}
	at := min(int(index-n.entries[0].Index), len(n.entries))
	return func(yield func(record.Stored, error) bool) {
		for _, stored := range n.entries[at:] {
			if !yield(stored, nil) {
				return
			}
		}
	}, true
}
