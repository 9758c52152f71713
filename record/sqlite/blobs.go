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
	if err := writeSynced(path, b); err != nil {
		return "", fmt.Errorf("storing a blob: %w", err)
	}
	return digest, nil
}

func writeSynced(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once it has been renamed
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	for dir, up := filepath.Dir(path), 0; up < 3; dir, up = filepath.Dir(dir), up+1 {
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
	}
	return nil
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
