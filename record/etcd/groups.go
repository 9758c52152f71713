package etcd

import (
	"context"
	"errors"
	"iter"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

// partSize is how many entries a part of a copy has.
const partSize = 1024

// Groups yields what a copy holds from an index on, in parts. The last is under the newest checkpoint; of the tree before
// it a part says size and root, which nobody signed.
func Groups(ctx context.Context, copied record.Engine, from int64) iter.Seq2[Published, error] {
	return func(yield func(Published, error) bool) {
		head, err := copied.Head(ctx)
		if err == nil && from >= head.Size {
			return
		}
		if err != nil {
			yield(Published{}, err)
			return
		}
		rows, stopRows := iter.Pull2(copied.Rows(ctx, from))
		defer stopRows()
		keys, stopKeys := iter.Pull2(copied.ClosedKeys(ctx, from))
		defer stopKeys()
		row, rowErr, moreRows := rows()
		key, keyErr, moreKeys := keys()
		var edge record.Edge
		var part record.Group
		for stored, err := range copied.Read(ctx, 0) {
			if err = errors.Join(err, rowErr, keyErr); err != nil {
				yield(Published{}, err)
				return
			}
			if edge.Size() == head.Size {
				return // more came meanwhile
			}
			edge.Append(stored.Hash)
			if stored.Index < from {
				continue
			}
			part.Entries = append(part.Entries, stored.Bytes)
			for ; moreRows && row.Index == stored.Index; row, rowErr, moreRows = rows() {
				part.Rows = append(part.Rows, row)
			}
			for ; moreKeys && key.Index == stored.Index; key, keyErr, moreKeys = keys() {
				part.Keys = append(part.Keys, key)
			}
			if len(part.Entries) < partSize && edge.Size() < head.Size {
				continue
			}
			at := head
			if edge.Size() < head.Size {
				if at, err = between(head.Origin, edge.Size(), edge.Root()); err != nil {
					yield(Published{}, err)
					return
				}
			}
			if !yield(Published{part, at}, nil) {
				return
			}
			part = record.Group{}
		}
	}
}

func between(origin string, size int64, root tlog.Hash) (record.Checkpoint, error) {
	b, err := record.BetweenCheckpoints(origin, size, root)
	if err != nil {
		return record.Checkpoint{}, err
	}
	return record.ReadCheckpoint(b)
}
