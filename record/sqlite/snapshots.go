package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ncruces/go-sqlite3"

	"kurultai/record"
)

// PutSnapshot implements record.Engine. Two are kept: this one and the newest before it.
func (e *Engine) PutSnapshot(ctx context.Context, s record.Snapshot) (err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.writable(ctx); err != nil {
		return err
	}
	tx, err := e.w.BeginImmediate()
	if err != nil {
		return fmt.Errorf("keeping a snapshot: %w", err)
	}
	defer tx.End(&err)
	bind := func(st *sqlite3.Stmt) error {
		return errors.Join(st.BindInt64(1, s.Size), st.BindInt64(2, s.Edition), st.BindBlob(3, s.Root[:]), st.BindText(4, string(s.Digest)), st.BindZeroBlob(5, int64(len(s.State))))
	}
	if err = query(e.w, "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?)", bind, func(*sqlite3.Stmt) bool { return true }); err == nil {
		err = inPieces(e.w, s.Size, true, s.State, (*sqlite3.Blob).Write)
	}
	if err == nil {
		err = e.w.Exec("DELETE FROM snapshots WHERE size NOT IN (SELECT size FROM snapshots ORDER BY size DESC LIMIT 2)")
	}
	if err != nil {
		err = fmt.Errorf("keeping a snapshot: %w", err)
	}
	return err
}

// statePiece is how many bytes of a state SQLite is given at a time: a connection has 256 MiB of memory, a state of some
// hundred thousand acts a hundred, and whoever binds it whole needs it several times.
const statePiece = 1 << 20

// inPieces writes or reads the state of a snapshot.
func inPieces(c *conn, size int64, write bool, state []byte, move func(*sqlite3.Blob, []byte) (int, error)) error {
	b, err := c.OpenBlob("main", "snapshots", "state", size, write)
	if err != nil {
		return err
	}
	for piece := range slices.Chunk(state, statePiece) {
		if n, moved := move(b, piece); n < len(piece) {
			err = errors.Join(err, moved, io.ErrUnexpectedEOF)
			break
		}
	}
	return errors.Join(err, b.Close())
}

// Snapshot implements record.Engine.
func (e *Engine) Snapshot(ctx context.Context, size int64) (s record.Snapshot, err error) {
	found := false
	err = e.reading(ctx, func(c *conn) error {
		tables, err := number(c, "SELECT count(*) FROM sqlite_schema WHERE name = 'snapshots'")
		if err != nil || tables == 0 {
			return err
		}
		bind := func(st *sqlite3.Stmt) error { return st.BindInt64(1, size) }
		err = query(c, "SELECT size, edition, root, digest, length(state) FROM snapshots WHERE size <= ? ORDER BY size DESC LIMIT 1", bind, func(st *sqlite3.Stmt) bool {
			s = record.Snapshot{Size: st.ColumnInt64(0), Edition: st.ColumnInt64(1), Digest: record.Digest(st.ColumnText(3)), State: make([]byte, st.ColumnInt64(4))}
			found = copy(s.Root[:], st.ColumnRawBlob(2)) == len(s.Root)
			return true
		})
		if err == nil && found {
			err = inPieces(c, s.Size, false, s.State, (*sqlite3.Blob).Read)
		}
		return err
	})
	found = found && s.Digest == record.DigestOf(s.State)
	if err == nil && !found {
		return record.Snapshot{}, record.ErrNotFound
	}
	return s, err
}
