package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/ncruces/go-sqlite3"
)

// Copy writes the record as it stands into the new file path, in one read transaction: beside a writer in this process or in
// another, which goes on meanwhile. Blobs are not in it. Pages that were given up are not copied.
func (e *Engine) Copy(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already", path)
	}
	c, err := e.connect(sqlite3.OPEN_READWRITE)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	c.SetInterrupt(ctx)
	s, _, err := c.Prepare("VACUUM main INTO ?")
	if err != nil {
		return fmt.Errorf("copying record.db: %w", err)
	}
	defer s.Close()
	if err = run(s, s.BindText(1, path)); err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		return fmt.Errorf("copying record.db: %w", errors.Join(err, ctx.Err(), os.Remove(path)))
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Receive makes a record.db that somebody brought fit to be opened: it refuses whatever this program does not make, as a
// trigger that would change what is written, and throws snapshots away, for nothing proves them.
func Receive(dir string) (err error) {
	e := &Engine{dir: dir}
	c, err := e.connect(sqlite3.OPEN_READWRITE)
	if err != nil {
		return received(err)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if version, err := number(c, "PRAGMA user_version"); err != nil {
		return received(err)
	} else if version != Draft {
		return otherDraft(version)
	}
	foreign := ""
	err = query(c, "SELECT type || ' ' || name FROM sqlite_schema WHERE NOT (type = 'table' AND name IN ('entries', 'checkpoints', 'rows', 'closed_keys', 'snapshots') OR type = 'index' AND sql IS NULL)", nil, func(s *sqlite3.Stmt) bool {
		foreign = s.ColumnText(0)
		return false
	})
	if err == nil && foreign != "" {
		return damaged{fmt.Errorf("record.db has a %s, which this program does not make", foreign)}
	}
	if err == nil {
		err = c.Exec("DROP TABLE IF EXISTS snapshots;" + snapshots)
	}
	if err != nil {
		return received(err)
	}
	broken := ""
	err = query(c, "PRAGMA quick_check(1)", nil, func(s *sqlite3.Stmt) bool { broken = s.ColumnText(0); return false })
	if err == nil && broken != "ok" {
		return damaged{fmt.Errorf("record.db: %s", broken)}
	}
	return received(err)
}

func received(err error) error {
	if err == nil {
		return nil
	}
	return damaged{fmt.Errorf("reading record.db: %w", err)}
}
