package web

import (
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// The ranges shown beside a proof are those its hashes are of: each hash, made again from the entries of its range
// alone, is the one the proof gives (RFC 6962 section 2.1.1).
func TestRangesAreThoseOfTheProof(t *testing.T) {
	const most = 70
	var leaves, stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, err error) {
		for _, i := range at {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for i := range int64(most) {
		leaf := tlog.RecordHash([]byte{byte(i)})
		hashes, err := tlog.StoredHashesForRecordHash(i, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		leaves, stored = append(leaves, leaf), append(stored, hashes...)
	}
	var root func(lo, hi int64) tlog.Hash
	root = func(lo, hi int64) tlog.Hash {
		if hi == lo+1 {
			return leaves[lo]
		}
		split := int64(1)
		for split*2 < hi-lo {
			split *= 2
		}
		return tlog.NodeHash(root(lo, lo+split), root(lo+split, hi))
	}
	for size := int64(1); size <= most; size++ {
		for index := range size {
			path, err := tlog.ProveRecord(size, index, reader)
			if err != nil {
				t.Fatal(err)
			}
			ranges := auditPath(index, size)
			if len(ranges) != len(path) {
				t.Fatalf("%d of %d: %d ranges for %d hashes", index, size, len(ranges), len(path))
			}
			for i, r := range ranges {
				if root(r[0], r[1]) != path[i] {
					t.Fatalf("%d of %d: %v is not hash %d", index, size, r, i)
				}
			}
			f := figure(index, ranges)
			if len(f.Mountains) != len(ranges) || strings.Contains(f.Path, "NaN") {
				t.Fatalf("%d of %d: %d mountains, path %s", index, size, len(f.Mountains), f.Path)
			}
		}
	}
}
