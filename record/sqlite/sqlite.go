// Package sqlite is the embedded engine: one record in one SQLite database, and blobs in files beside it.
//
//	DIR/record.db    entries with their level-0 hashes, the newest checkpoint, rows, keys of closed acts
//	DIR/blobs/ab/…   blobs by SHA-256, in hex: public ones, and private ones as they are encrypted
//	DIR/lock         flock: one writer
//
// A commit is one transaction in WAL mode with synchronous=FULL: when Append returns, the group and its checkpoint
// are on the disk. A full disk refuses a group and the engine goes on; any other failed write or sync stops it,
// for after a failed sync nobody can say what the disk holds. Driver: github.com/ncruces/go-sqlite3, no cgo.
package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/ncruces/go-sqlite3"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

// Draft is the draft of doc/record.md this engine keeps, in the database's user_version.
const Draft = 1

// applicationID is "Kurt" in ASCII, in the database's header, so that file(1) and we know it.
const applicationID = 0x4b757274

const schema = `
PRAGMA application_id = 0x4b757274;
PRAGMA user_version = 1;
CREATE TABLE entries (idx INTEGER PRIMARY KEY, bytes BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE checkpoints (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, note BLOB NOT NULL) STRICT;
CREATE TABLE rows (
	idx INTEGER NOT NULL, place INTEGER NOT NULL, digest TEXT NOT NULL UNIQUE, subject TEXT NOT NULL,
	name TEXT NOT NULL, nonce BLOB NOT NULL, ciphertext BLOB NOT NULL, blob TEXT NOT NULL DEFAULT '', PRIMARY KEY (idx, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE closed_keys (
	author TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (author, key)
) STRICT, WITHOUT ROWID;
`

// snapshots may be missing in a record made before there were any; nothing is lost with them.
const snapshots = "CREATE TABLE IF NOT EXISTS snapshots (size INTEGER PRIMARY KEY, edition INTEGER NOT NULL, root BLOB NOT NULL, digest TEXT NOT NULL, state BLOB NOT NULL) STRICT"

// Options say how a record is opened.
type Options struct {
	ReadOnly bool // without the lock, beside a running writer
	// Again: what is kept can be had again, as in a copy. A commit waits for no disk: what was committed last may be
	// missing after a power cut, and what is there is whole.
	Again bool
}

// An Engine is a record.Engine over one folder.
type Engine struct {
	dir     string
	options Options
	lock    *os.File
	blobs   bool // rows say where private blobs are kept

	// readers are connections for reading; each is used by one goroutine at a time.
	readers chan *conn

	mu      sync.Mutex // guards all below: the writer's connection and what it knows
	w       *conn
	insert  statements
	edge    record.Edge
	head    record.Checkpoint
	stopped error
	more    chan struct{} // closed, and made anew, at each commit
}

type statements struct{ entry, checkpoint, cosigned, row, key *sqlite3.Stmt }

// maxReaders bounds how many readings go on at once; more wait.
const maxReaders = 4

// Open opens the record in dir, made if it is not there and may be written.
func Open(dir string, o Options) (*Engine, error) {
	e := &Engine{dir: dir, options: o, readers: make(chan *conn, maxReaders), more: make(chan struct{})}
	if err := e.open(); err != nil {
		if errors.Is(err, sqlite3.CORRUPT) || errors.Is(err, sqlite3.NOTADB) {
			err = damaged{err}
		}
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// ErrDamaged says that what the file holds is not what was written.
var ErrDamaged = errors.New("record.db is damaged")

type damaged struct{ error }

func (d damaged) Unwrap() []error { return []error{d.error, ErrDamaged} }

func (e *Engine) open() error {
	if !e.options.ReadOnly {
		if err := e.takeLock(); err != nil {
			return err
		}
		var err error
		if e.w, err = e.connect(sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE); err != nil {
			return err
		}
		if err := e.found(); err != nil {
			return err
		}
	}
	for range maxReaders {
		c, err := e.connect(sqlite3.OPEN_READWRITE)
		if err != nil {
			return err
		}
		if err := c.Exec("PRAGMA query_only=1"); err != nil {
			return fmt.Errorf("setting up a reader: %w", err)
		}
		e.readers <- c
	}
	return e.check()
}

// ErrTaken says that a record has its writer.
var ErrTaken = errors.New("another process writes the record")

// takeLock keeps a second writer out.
func (e *Engine) takeLock() error {
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(e.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return fmt.Errorf("%w in %s", ErrTaken, e.dir)
	}
	e.lock = f
	return nil
}

// A conn is a connection and the statements prepared on it.
type conn struct {
	*sqlite3.Conn
	prepared map[string]*sqlite3.Stmt
}

func (c *conn) Close() error {
	var errs []error
	for _, s := range c.prepared {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.Conn.Close())...)
}

func (e *Engine) connect(flags sqlite3.OpenFlag) (*conn, error) {
	path := filepath.Join(e.dir, "record.db")
	c, err := sqlite3.OpenFlags(path, flags)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	sync := "FULL"
	if e.options.Again {
		sync = "NORMAL" // in WAL mode the database stays whole: sqlite.org/pragma.html#pragma_synchronous
	}
	// journal_size_limit -1 keeps the WAL file at its size, so that a commit overwrites and need not grow it.
	err = c.Exec(`PRAGMA busy_timeout=10000; PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=` + sync + `; PRAGMA locking_mode=NORMAL; PRAGMA journal_size_limit=-1; PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-8000`)
	if err != nil {
		return nil, fmt.Errorf("setting up %s: %w", path, errors.Join(err, c.Close()))
	}
	return &conn{c, map[string]*sqlite3.Stmt{}}, nil
}

// found makes the tables of a new database, prepares statements, and refuses a record of another draft.
func (e *Engine) found() error {
	version, err := number(e.w, "PRAGMA user_version")
	if err == nil && version > Draft {
		return otherDraft(version)
	}
	if err == nil && version == 0 {
		if tables, countErr := number(e.w, "SELECT count(*) FROM sqlite_schema"); countErr == nil && tables == 0 {
			err = e.w.Exec("BEGIN IMMEDIATE;" + schema + "COMMIT")
		}
	}
	if err == nil {
		err = e.w.Exec(snapshots)
	}
	if err == nil && version == Draft {
		err = addBlobs(e.w)
	}
	if err != nil {
		return fmt.Errorf("making the tables: %w", err)
	}
	for _, p := range []struct {
		to  **sqlite3.Stmt
		sql string
	}{
		{&e.insert.entry, "INSERT INTO entries VALUES (?, ?, ?)"},
		{&e.insert.checkpoint, "INSERT OR REPLACE INTO checkpoints VALUES (1, ?, ?)"},
		{&e.insert.cosigned, "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)"},
		{&e.insert.row, "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)"},
		{&e.insert.key, "INSERT INTO closed_keys VALUES (?, ?, ?, ?)"},
	} {
		if *p.to, _, err = e.w.PrepareFlags(p.sql, sqlite3.PREPARE_PERSISTENT); err != nil {
			return fmt.Errorf("preparing: %w", err)
		}
	}
	return nil
}

// otherDraft says what to do with a record that an older or a newer program keeps.
func otherDraft(version int64) error {
	return fmt.Errorf("record.db is of draft %d of the format and this program keeps draft %d: use the program that made it, or export its story there and play it here", version, Draft)
}

// addBlobs gives rows made before there were private blobs the column that says where one is kept.
func addBlobs(c *conn) error {
	known, err := number(c, hasBlobs)
	if err == nil && known == 0 {
		err = c.Exec("ALTER TABLE rows ADD COLUMN blob TEXT NOT NULL DEFAULT ''")
	}
	return err
}

const hasBlobs = "SELECT count(*) FROM pragma_table_info('rows') WHERE name = 'blob'"

func number(c *conn, sql string) (n int64, err error) {
	err = query(c, sql, nil, func(s *sqlite3.Stmt) bool { n = s.ColumnInt64(0); return true })
	return n, err
}

// query runs a statement; each row is seen until see returns false. The statement is kept, and reset, for one that
// is not would hold its read transaction.
func query(c *conn, sql string, bind func(*sqlite3.Stmt) error, see func(*sqlite3.Stmt) bool) (err error) {
	s := c.prepared[sql]
	if s == nil {
		if s, _, err = c.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT); err != nil {
			return err
		}
		c.prepared[sql] = s
	}
	if bind != nil {
		err = bind(s)
	}
	for err == nil && s.Step() && see(s) {
	}
	return errors.Join(err, s.Err(), s.Reset())
}

// check reads the level-0 hashes, builds the edge and holds it against the newest checkpoint.
func (e *Engine) check() error {
	c := <-e.readers
	defer func() { e.readers <- c }()
	tx := c.Begin()
	defer tx.Rollback()
	id, err := number(c, "PRAGMA application_id")
	version, err2 := number(c, "PRAGMA user_version")
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("reading record.db: %w", err)
	}
	if id != applicationID || version != Draft {
		return otherDraft(version)
	}
	blobs, err := number(c, hasBlobs)
	if err != nil {
		return fmt.Errorf("reading record.db: %w", err)
	}
	e.blobs = blobs > 0
	if e.head, err = readHead(c); err != nil {
		return err
	}
	var edge record.Edge
	err = query(c, "SELECT idx, hash FROM entries ORDER BY idx", nil, func(s *sqlite3.Stmt) bool {
		var h tlog.Hash
		if s.ColumnInt64(0) != edge.Size() || copy(h[:], s.ColumnRawBlob(1)) != len(h) {
			return false
		}
		edge.Append(h)
		return true
	})
	if err != nil {
		return fmt.Errorf("reading the hashes: %w", err)
	}
	if count, err := number(c, "SELECT count(*) FROM entries"); err != nil || count != edge.Size() {
		return damaged{fmt.Errorf("entry %d is missing or its hash is damaged (%d entries are there): put back an undamaged copy: %w", edge.Size(), count, errors.Join(err, record.ErrStopped))}
	}
	if edge.Size() != e.head.Size || edge.Size() > 0 && edge.Root() != e.head.Root {
		if err := unlike(c); err != nil {
			return err
		}
		return damaged{fmt.Errorf("the record has %d entries with root %s and its checkpoint says %d with root %s: an entry, a hash or the checkpoint was changed outside this program; put back an undamaged copy", edge.Size(), edge.Root(), e.head.Size, e.head.Root)}
	}
	e.edge = edge
	return nil
}

// unlike finds the first entry whose bytes and hash do not belong together.
func unlike(c *conn) (err error) {
	scan := query(c, "SELECT idx, bytes, hash FROM entries ORDER BY idx", nil, func(s *sqlite3.Stmt) bool {
		if h := tlog.RecordHash(s.ColumnRawBlob(1)); !bytes.Equal(h[:], s.ColumnRawBlob(2)) {
			err = &record.EntryError{Index: s.ColumnInt64(0), Why: "and its hash do not belong together: one was changed outside this program; put back an undamaged copy"}
		}
		return err == nil
	})
	return errors.Join(scan, err)
}

// readHead reads the newest checkpoint; its signature is checked by who knows the key.
func readHead(c *conn) (head record.Checkpoint, err error) {
	found := false
	err2 := query(c, "SELECT note FROM checkpoints WHERE id = 1", nil, func(s *sqlite3.Stmt) bool {
		found = true
		signed := s.ColumnBlob(0, nil)
		head, err = record.ReadCheckpoint(signed)
		return true
	})
	if err = errors.Join(err, err2); err != nil {
		return head, fmt.Errorf("reading the checkpoint: %w", err)
	}
	if !found {
		return record.Checkpoint{}, nil
	}
	return head, nil
}

// writable says why nothing can be written. e.mu is held.
func (e *Engine) writable(ctx context.Context) error {
	switch {
	case e.stopped != nil:
		return e.stopped
	case e.w == nil:
		return errors.New("the record was opened to be read")
	}
	return ctx.Err()
}

// Cosign implements record.Engine. The newest checkpoint has id 1; one that was cosigned is kept with its size and 2 as id.
func (e *Engine) Cosign(ctx context.Context, c record.Checkpoint) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.writable(ctx); err != nil {
		return err
	}
	if c.Size > e.head.Size || c.Size < 1 {
		return fmt.Errorf("a checkpoint of %d entries, and there are %d: %w", c.Size, e.head.Size, record.ErrNotFound)
	}
	signed, head := c.Note, e.head.Note
	bind := func(s *sqlite3.Stmt) error { return s.BindInt64(1, c.Size+cosignedID) }
	var err error
	scan := query(e.w, "SELECT note FROM checkpoints WHERE id = ?", bind, func(s *sqlite3.Stmt) bool {
		signed, err = record.Join(s.ColumnBlob(0, nil), signed)
		return true
	})
	if err = errors.Join(scan, err); err == nil && c.Size == e.head.Size {
		head, err = record.Join(e.head.Note, signed)
	}
	if err != nil {
		return err
	}
	tx, err := e.w.BeginImmediate()
	if err == nil {
		s := e.insert.cosigned
		err = run(s, s.BindInt64(1, c.Size+cosignedID), s.BindInt64(2, c.Size), s.BindBlob(3, signed))
	}
	if err == nil && c.Size == e.head.Size {
		s := e.insert.checkpoint
		err = run(s, s.BindInt64(1, c.Size), s.BindBlob(2, head))
	}
	if err == nil {
		err = tx.Commit()
	}
	if err == nil {
		e.head.Note = head
		return nil
	}
	if !e.w.GetAutocommit() {
		err = errors.Join(err, tx.Rollback())
	}
	if e.full(err) {
		return fmt.Errorf("%w: %v", record.ErrFull, err)
	}
	e.stopped = fmt.Errorf("%w: %v", record.ErrStopped, err)
	close(e.more)
	return e.stopped
}

// cosignedID is what the id of a cosigned checkpoint is greater by than its size.
const cosignedID = 2

// Cosigned implements record.Engine.
func (e *Engine) Cosigned(ctx context.Context) iter.Seq2[record.Checkpoint, error] {
	return func(yield func(record.Checkpoint, error) bool) {
		for below := int64(math.MaxInt64); ; {
			var c record.Checkpoint
			err := e.reading(ctx, func(conn *conn) (err error) {
				bind := func(s *sqlite3.Stmt) error { return s.BindInt64(1, below) }
				scan := query(conn, "SELECT note FROM checkpoints WHERE id > 1 AND id < ? ORDER BY id DESC LIMIT 1", bind, func(s *sqlite3.Stmt) bool {
					c, err = record.ReadCheckpoint(s.ColumnBlob(0, nil))
					return true
				})
				return errors.Join(scan, err)
			})
			if err == nil && c.Size == 0 || !yield(c, err) || err != nil {
				return
			}
			below = c.Size + cosignedID
		}
	}
}

// Close closes the record. Readings under way fail.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	if e.stopped == nil {
		e.stopped = record.ErrStopped
		close(e.more)
		for range len(e.readers) {
			errs = append(errs, (<-e.readers).Close())
		}
		if e.w != nil {
			for _, s := range []*sqlite3.Stmt{e.insert.entry, e.insert.checkpoint, e.insert.cosigned, e.insert.row, e.insert.key} {
				if s != nil {
					errs = append(errs, s.Close())
				}
			}
			errs = append(errs, e.w.Close())
		}
		if e.lock != nil {
			errs = append(errs, e.lock.Close())
		}
	}
	return errors.Join(errs...)
}

// Append implements record.Engine.
func (e *Engine) Append(ctx context.Context, expect int64, g record.Group, sign record.SignFunc) (record.Checkpoint, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.writable(ctx); err != nil {
		return record.Checkpoint{}, err
	}
	switch {
	case expect != e.edge.Size():
		return record.Checkpoint{}, fmt.Errorf("%w: %d, not %d", record.ErrConflict, e.edge.Size(), expect)
	case len(g.Entries) == 0:
		return record.Checkpoint{}, errors.New("an empty group")
	}
	edge, hashes := e.edge.Clone(), g.RecordHashes()
	for _, h := range hashes {
		edge.Append(h)
	}
	head, err := e.commit(expect, g, hashes, func() (record.Checkpoint, error) { return signed(edge.Size(), edge.Root(), sign) })
	if err != nil {
		return record.Checkpoint{}, err
	}
	e.edge, e.head = edge, head
	close(e.more)
	e.more = make(chan struct{})
	return head, nil
}

// signed is the checkpoint of a tree, as sign made it.
func signed(size int64, root tlog.Hash, sign record.SignFunc) (record.Checkpoint, error) {
	b, err := sign(size, root)
	if err != nil {
		return record.Checkpoint{}, &signError{err}
	}
	head, err := record.ReadCheckpoint(b)
	if err == nil && (head.Size != size || head.Root != root) {
		err = errors.New("the checkpoint is of another tree")
	}
	if err != nil {
		return head, &signError{err}
	}
	return head, nil
}

// A signError undoes the group and leaves the engine well.
type signError struct{ error }

func (e *signError) Error() string { return "signing the checkpoint: " + e.error.Error() }
func (e *signError) Unwrap() error { return e.error }

// commit writes the group and its checkpoint in one transaction; the checkpoint is signed while the entries are
// written. On a full disk, or if signing fails, all is undone; after any other failure the engine has stopped.
func (e *Engine) commit(expect int64, g record.Group, hashes []tlog.Hash, sign func() (record.Checkpoint, error)) (head record.Checkpoint, err error) {
	signing := make(chan error, 1)
	go func() {
		var err error
		head, err = sign()
		signing <- err
	}()
	tx, err := e.w.BeginImmediate()
	if err == nil {
		err = e.write(expect, g, hashes)
	}
	if signErr := <-signing; err == nil {
		err = signErr
	}
	if err == nil {
		err = run(e.insert.checkpoint, e.insert.checkpoint.BindInt64(1, head.Size), e.insert.checkpoint.BindBlob(2, head.Note))
	}
	if err == nil {
		err = tx.Commit()
	}
	if err == nil {
		return head, nil
	}
	if !e.w.GetAutocommit() {
		err = errors.Join(err, tx.Rollback())
	}
	var unsigned *signError
	switch {
	case errors.As(err, &unsigned):
		return head, err
	case e.full(err):
		return head, fmt.Errorf("%w: %v", record.ErrFull, err)
	}
	e.stopped = fmt.Errorf("%w: %v", record.ErrStopped, err)
	close(e.more)
	return head, e.stopped
}

// full reports whether a commit failed for want of room. The driver may say so, or only that a write failed; then the
// file system is asked. A write that failed was not committed, so nothing is lost by going on; a sync that failed
// is another matter.
func (e *Engine) full(err error) bool {
	if errors.Is(err, sqlite3.FULL) || errors.Is(err, syscall.ENOSPC) {
		return true
	}
	var st syscall.Statfs_t
	return errors.Is(err, sqlite3.IOERR_WRITE) && syscall.Statfs(e.dir, &st) == nil && int64(st.Bavail)*st.Bsize < minRoom
}

// minRoom is less than a commit may need, in bytes.
const minRoom = 1 << 20

func (e *Engine) write(expect int64, g record.Group, hashes []tlog.Hash) error {
	for i, b := range g.Entries {
		s := e.insert.entry
		if err := run(s, s.BindInt64(1, expect+int64(i)), s.BindBlob(2, b), s.BindBlob(3, hashes[i][:])); err != nil {
			return err
		}
	}
	if err := e.writeRows(g.Rows); err != nil {
		return err
	}
	for _, k := range g.Keys {
		s := e.insert.key
		if err := run(s, s.BindText(1, k.By), s.BindText(2, k.Key), s.BindText(3, string(k.Digest)), s.BindInt64(4, k.Index)); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) writeRows(rows []record.Row) error {
	for _, r := range rows {
		s := e.insert.row
		if err := run(s, s.BindInt64(1, r.Index), s.BindInt64(2, r.Place), s.BindText(3, string(r.Digest)), s.BindText(4, r.Subject),
			s.BindText(5, r.Name), s.BindBlob(6, r.Nonce), s.BindBlob(7, r.Ciphertext), s.BindText(8, string(r.Blob))); err != nil {
			return err
		}
	}
	return nil
}

// AddRows keeps rows of entries that are here already: a copy of a record gets them later than its entries. None may be
// here before. All are kept or none.
func (e *Engine) AddRows(ctx context.Context, rows []record.Row) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.writable(ctx); err != nil {
		return err
	}
	for _, r := range rows {
		if r.Index < 0 || r.Index >= e.head.Size {
			return fmt.Errorf("a row of entry %d: %w", r.Index, record.ErrNotFound)
		}
	}
	tx, err := e.w.BeginImmediate()
	if err == nil {
		err = e.writeRows(rows)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err == nil {
		return nil
	}
	if !e.w.GetAutocommit() {
		err = errors.Join(err, tx.Rollback())
	}
	switch {
	case e.full(err):
		return fmt.Errorf("%w: %v", record.ErrFull, err)
	case errors.Is(err, sqlite3.CONSTRAINT):
		return fmt.Errorf("a row that is here already: %w", err)
	}
	e.stopped = fmt.Errorf("%w: %v", record.ErrStopped, err)
	close(e.more)
	return e.stopped
}

func run(s *sqlite3.Stmt, bound ...error) error {
	if err := errors.Join(bound...); err != nil {
		return err
	}
	err := s.Exec()
	return errors.Join(err, s.ClearBindings())
}

// reading lends a reader inside one read transaction.
func (e *Engine) reading(ctx context.Context, do func(*conn) error) error {
	var c *conn
	select {
	case c = <-e.readers:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { e.readers <- c }()
	tx := c.Begin()
	return errors.Join(do(c), tx.Rollback())
}

// readBatch is how many entries are read at a time at most, so that no reader holds a transaction while its caller thinks.
// The first are read in smaller batches: who wants one entry reads no thousand, and who wants a power of two no more.
const (
	firstBatch = 2
	readBatch  = 1024
)

// Read implements record.Engine.
func (e *Engine) Read(ctx context.Context, from int64) iter.Seq2[record.Stored, error] {
	return func(yield func(record.Stored, error) bool) {
		head, err := e.Head(ctx)
		if err != nil {
			yield(record.Stored{}, err)
			return
		}
		e.readTo(ctx, &from, head.Size, yield)
	}
}

// readTo yields the entries from *from up to size, and reports whether the caller wants more.
func (e *Engine) readTo(ctx context.Context, from *int64, size int64, yield func(record.Stored, error) bool) bool {
	began := *from
	for count := int64(firstBatch); *from < size; count = min(7*(*from-began), readBatch) {
		batch, err := e.batch(ctx, *from, min(count, size-*from))
		for _, s := range batch {
			if *from = s.Index + 1; !yield(s, nil) {
				return false
			}
		}
		if err != nil {
			yield(record.Stored{}, err)
			return false
		}
	}
	return true
}

// batch reads count entries. All of a range of indices being there, they need not be read to know which is which.
func (e *Engine) batch(ctx context.Context, from, count int64) (batch []record.Stored, err error) {
	batch = make([]record.Stored, 0, count)
	arena := make([]byte, 0, count*512) // entries lie in it one behind another
	err = e.reading(ctx, func(c *conn) error {
		bind := func(s *sqlite3.Stmt) error { return errors.Join(s.BindInt64(1, from), s.BindInt64(2, from+count-1)) }
		return query(c, "SELECT hash, bytes FROM entries WHERE idx BETWEEN ? AND ? ORDER BY idx", bind, func(s *sqlite3.Stmt) bool {
			stored := record.Stored{Index: from + int64(len(batch))}
			whole := copy(stored.Hash[:], s.ColumnRawBlob(0)) == len(stored.Hash)
			start := len(arena)
			arena = append(arena, s.ColumnRawBlob(1)...)
			stored.Bytes = arena[start:len(arena):len(arena)]
			batch = append(batch, stored)
			return whole
		})
	})
	if err != nil || int64(len(batch)) == count {
		return batch, err
	}
	missing, err := e.firstMissing(ctx, from)
	if err == nil {
		err = &record.EntryError{Index: missing, Why: "is missing"}
	}
	return batch[:max(0, min(missing-from, int64(len(batch))))], err
}

// firstMissing is the first index from one on that no entry has, or whose hash is cut short.
func (e *Engine) firstMissing(ctx context.Context, from int64) (missing int64, err error) {
	missing = from
	err = e.reading(ctx, func(c *conn) error {
		bind := func(s *sqlite3.Stmt) error { return s.BindInt64(1, from) }
		return query(c, "SELECT idx, length(hash) FROM entries WHERE idx >= ? ORDER BY idx", bind, func(s *sqlite3.Stmt) bool {
			if s.ColumnInt64(0) != missing || s.ColumnInt64(1) != tlog.HashSize {
				return false
			}
			missing++
			return true
		})
	})
	return missing, err
}

// Follow implements record.Engine. Beside a writer in another process it sees what that commits only when it
// asks again, so a read-only engine follows to the size at the time of the call.
func (e *Engine) Follow(ctx context.Context, from int64) iter.Seq2[record.Stored, error] {
	return func(yield func(record.Stored, error) bool) {
		for {
			e.mu.Lock()
			size, more, stopped := e.head.Size, e.more, e.stopped
			e.mu.Unlock()
			if !e.readTo(ctx, &from, size, yield) {
				return
			}
			if stopped == nil {
				select {
				case <-more:
					continue
				case <-ctx.Done():
					stopped = ctx.Err()
				}
			}
			yield(record.Stored{}, stopped)
			return
		}
	}
}

// Head implements record.Engine.
func (e *Engine) Head(ctx context.Context) (head record.Checkpoint, err error) {
	if !e.options.ReadOnly {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.head, nil
	}
	err = e.reading(ctx, func(c *conn) (err error) { head, err = readHead(c); return err })
	return head, err
}

// Hold makes durable what is committed, where commits do not wait for the disk ([Options].Again), and says how many entries
// that is.
func (e *Engine) Hold(ctx context.Context) (size int64, err error) {
	head, err := e.Head(ctx)
	if err != nil || !e.options.Again {
		return head.Size, err
	}
	// What is not in the WAL any more was synced when it went into the database.
	for _, path := range []string{filepath.Join(e.dir, "record.db-wal"), e.dir} {
		f, err := os.Open(path)
		if err != nil {
			return 0, err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return 0, fmt.Errorf("syncing %s: %w", path, err)
		}
	}
	return head.Size, nil
}

// rowColumns reads rows; of a record no writer has opened since there are private blobs it has none.
func (e *Engine) rowColumns() string {
	blob := "''"
	if e.blobs {
		blob = "blob"
	}
	return "SELECT idx, place, digest, subject, name, nonce, ciphertext, " + blob + " FROM rows "
}

func rowOf(s *sqlite3.Stmt) record.Row {
	return record.Row{Index: s.ColumnInt64(0), Place: s.ColumnInt64(1), Digest: record.Digest(s.ColumnText(2)), Subject: s.ColumnText(3),
		Name: s.ColumnText(4), Nonce: s.ColumnBlob(5, nil), Ciphertext: s.ColumnBlob(6, nil), Blob: record.Digest(s.ColumnText(7))}
}

// Rows implements record.Engine.
func (e *Engine) Rows(ctx context.Context, from int64) iter.Seq2[record.Row, error] {
	return func(yield func(record.Row, error) bool) {
		place := int64(-1)
		for {
			var batch []record.Row
			err := e.reading(ctx, func(c *conn) error {
				bind := func(s *sqlite3.Stmt) error { return errors.Join(s.BindInt64(1, from), s.BindInt64(2, place)) }
				return query(c, e.rowColumns()+"WHERE (idx, place) > (?, ?) ORDER BY idx, place LIMIT 256", bind, func(s *sqlite3.Stmt) bool {
					batch = append(batch, rowOf(s))
					return true
				})
			})
			for _, r := range batch {
				if from, place = r.Index, r.Place; !yield(r, nil) {
					return
				}
			}
			if err != nil {
				yield(record.Row{}, fmt.Errorf("reading rows: %w", err))
			}
			if err != nil || len(batch) == 0 {
				return
			}
		}
	}
}

// Row implements record.Engine.
func (e *Engine) Row(ctx context.Context, d record.Digest) (r record.Row, err error) {
	found := false
	err = e.reading(ctx, func(c *conn) error {
		bind := func(s *sqlite3.Stmt) error { return s.BindText(1, string(d)) }
		return query(c, e.rowColumns()+"WHERE digest = ?", bind, func(s *sqlite3.Stmt) bool { r, found = rowOf(s), true; return true })
	})
	if err == nil && !found {
		err = record.ErrNotFound
	}
	return r, err
}

// ClosedKey implements record.Engine.
func (e *Engine) ClosedKey(ctx context.Context, by, key string) (k record.ClosedKey, err error) {
	err = e.reading(ctx, func(c *conn) error {
		bind := func(s *sqlite3.Stmt) error { return errors.Join(s.BindText(1, by), s.BindText(2, key)) }
		return query(c, "SELECT digest, idx FROM closed_keys WHERE author = ? AND key = ?", bind, func(s *sqlite3.Stmt) bool {
			k = record.ClosedKey{By: by, Key: key, Digest: record.Digest(s.ColumnText(0)), Index: s.ColumnInt64(1)}
			return true
		})
	})
	if err == nil && k.By == "" {
		err = record.ErrNotFound
	}
	return k, err
}

// ClosedKeys implements record.Engine.
func (e *Engine) ClosedKeys(ctx context.Context, from int64) iter.Seq2[record.ClosedKey, error] {
	return func(yield func(record.ClosedKey, error) bool) {
		for {
			var batch []record.ClosedKey
			err := e.reading(ctx, func(c *conn) error {
				bind := func(s *sqlite3.Stmt) error { return s.BindInt64(1, from) }
				return query(c, "SELECT author, key, digest, idx FROM closed_keys WHERE idx >= ? ORDER BY idx LIMIT 256", bind, func(s *sqlite3.Stmt) bool {
					batch = append(batch, record.ClosedKey{By: s.ColumnText(0), Key: s.ColumnText(1), Digest: record.Digest(s.ColumnText(2)), Index: s.ColumnInt64(3)})
					return true
				})
			})
			for _, k := range batch {
				if from = k.Index + 1; !yield(k, nil) {
					return
				}
			}
			if err != nil {
				yield(record.ClosedKey{}, fmt.Errorf("reading the keys of closed acts: %w", err))
			}
			if err != nil || len(batch) == 0 {
				return
			}
		}
	}
}
