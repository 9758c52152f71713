package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"kurultai/record"
	"kurultai/record/canonical"
)

func (e *Engine) blobPath(sum []byte) string {
	name := hex.EncodeToString(sum)
	return filepath.Join(e.dir, "blobs", name[:2], name)
}

// PutBlob implements record.Engine: a temporary file, synced, renamed, and the folders synced.
func (e *Engine) PutBlob(_ context.Context, b []byte) (record.Digest, error) {
	sum := sha256.Sum256(b)
	digest := record.Digest(canonical.EncodeBytes(sum[:]))
	if len(b) > record.MaxBlob {
		return "", fmt.Errorf("a blob of %d bytes where %d are allowed", len(b), record.MaxBlob)
	}
	path := e.blobPath(sum[:])
	if kept, err := os.ReadFile(path); err == nil && sha256.Sum256(kept) == sum {
		return digest, nil // else it is damaged, and written anew
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("storing a blob: %w", err)
	}
	err := Replace(path, b)
	for dir, up := filepath.Dir(filepath.Dir(path)), 0; err == nil && up < 2; dir, up = filepath.Dir(dir), up+1 { // it may be new
		err = syncFolder(dir)
	}
	if err != nil {
		return "", fmt.Errorf("storing a blob: %w", err)
	}
	return digest, nil
}

// Replace writes a file, readable for its owner alone, in the place of the one that is there: whole or not at all, and on
// the disk when it returns.
func Replace(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once it has been renamed
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Has reports whether a blob is stored, without reading it: whether its bytes are those named is found by Blob.
func (e *Engine) Has(d record.Digest) bool {
	sum, err := canonical.DecodeBytes(string(d))
	if err != nil || len(sum) != sha256.Size {
		return false
	}
	_, err = os.Stat(e.blobPath(sum))
	return err == nil
}

// Blobs yields the digests under which blobs are stored. None is read.
func (e *Engine) Blobs(ctx context.Context) iter.Seq2[record.Digest, error] {
	return func(yield func(record.Digest, error) bool) {
		err := filepath.WalkDir(filepath.Join(e.dir, "blobs"), func(path string, f fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err = errors.Join(err, ctx.Err()); err != nil {
				return err
			}
			sum, err := hex.DecodeString(f.Name())
			if err != nil || len(sum) != sha256.Size || !f.Type().IsRegular() {
				return nil // a folder, or one that is being written
			}
			if !yield(record.Digest(canonical.EncodeBytes(sum)), nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield("", fmt.Errorf("listing blobs: %w", err))
		}
	}
}

// Blob implements record.Engine.
func (e *Engine) Blob(_ context.Context, d record.Digest) ([]byte, error) {
	sum, err := canonical.DecodeBytes(string(d))
	if err != nil || len(sum) != sha256.Size {
		return nil, record.ErrNotFound
	}
	b, err := os.ReadFile(e.blobPath(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, record.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading blob %s: %w", d, err)
	}
	if sha256.Sum256(b) != [32]byte(sum) {
		return nil, fmt.Errorf("blob %s: the bytes kept are not the ones named", d)
	}
	return b, nil
}
