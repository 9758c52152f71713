package etcd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/sqlite"
)

// A Copy is a member's copy of the whole record. Its commits do not wait for the disk: what is missing after a power cut
// stands in etcd, which a majority holds on disk, until all members say that they Hold it.
type Copy interface {
	record.Engine
	// Hold makes durable what the copy has, and says how many entries that is.
	Hold(ctx context.Context) (size int64, err error)
}

// OpenCopy opens a member's copy and looks at each entry. Where one is damaged, what is damaged is put aside, in a folder
// that it names, and an empty copy begins in its place: the engine fills it from etcd and from the other members. Files
// stay; one that is damaged is fetched when it is asked for.
func OpenCopy(ctx context.Context, dir string) (copied *sqlite.Engine, aside string, err error) {
	copied, err = sqlite.Open(dir, sqlite.Options{Again: true})
	if err == nil {
		if err = sound(ctx, copied); err == nil {
			return copied, "", nil
		}
		err = errors.Join(err, copied.Close())
	}
	var damage *record.EntryError
	if !errors.As(err, &damage) && !errors.Is(err, sqlite.ErrDamaged) {
		return nil, "", err
	}
	aside = filepath.Join(dir, "damaged-"+time.Now().UTC().Format("20060102T150405.000"))
	if mkErr := os.Mkdir(aside, 0o700); mkErr != nil {
		return nil, "", errors.Join(err, mkErr)
	}
	for _, name := range []string{"record.db", "record.db-wal", "record.db-shm"} {
		if moveErr := os.Rename(filepath.Join(dir, name), filepath.Join(aside, name)); moveErr != nil && !errors.Is(moveErr, os.ErrNotExist) {
			return nil, aside, errors.Join(err, moveErr)
		}
	}
	copied, openErr := sqlite.Open(dir, sqlite.Options{Again: true})
	if openErr != nil {
		return nil, aside, errors.Join(err, openErr)
	}
	return copied, aside, nil
}

// sound reads every entry of a copy and holds it against the hash beside it.
func sound(ctx context.Context, copied record.Engine) error {
	for stored, err := range copied.Read(ctx, 0) {
		if err != nil {
			return fmt.Errorf("reading the copy: %w", err)
		}
		if tlog.RecordHash(stored.Bytes) != stored.Hash {
			return &record.EntryError{Index: stored.Index, Why: "and its hash do not belong together"}
		}
	}
	return nil
}
