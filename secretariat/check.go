package secretariat

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"kurultai/record"
	"kurultai/record/canonical"
)

// CheckOpenings decrypts every row whose key is still here and holds it against the entry it opens. It returns how
// many fit. Rows of entries from size on are left alone. Errors are *record.EntryError, or the reading's.
func CheckOpenings(ctx context.Context, engine record.Engine, keys *SubjectKeys, size int64) (fit int64, err error) {
	v := vault{engine, keys}
	var entry *record.Entry
	for row, err := range engine.Rows(ctx, 0) {
		if err != nil {
			return fit, err
		}
		if row.Index >= size {
			break
		}
		if entry == nil || entry.Index != row.Index {
			if entry, err = readEntry(ctx, engine, row.Index); err != nil {
				return fit, err
			}
		}
		opened, err := v.fits(ctx, entry, row)
		if err != nil {
			return fit, &record.EntryError{Index: row.Index, Why: err.Error()}
		}
		if opened {
			fit++
		}
	}
	return fit, nil
}

// CheckBlobs holds each public blob that an open entry names against its digest and size. Entries from size on are left
// alone. Errors are *record.EntryError, or the reading's.
func CheckBlobs(ctx context.Context, engine record.Engine, size int64) error {
	for stored, err := range engine.Read(ctx, 0) {
		if err != nil || stored.Index >= size {
			return err
		}
		if !bytes.Contains(stored.Bytes, []byte(`{"blob":`)) {
			continue
		}
		e, err := record.ParseEntry(string(stored.Bytes), stored.Index)
		if err != nil {
			return err
		}
		for _, ref := range record.Blobs(e.Act.Fields) {
			b, err := engine.Blob(ctx, ref.Digest)
			if err == nil && int64(len(b)) != ref.Size {
				err = fmt.Errorf("it has %d bytes and the entry says %d", len(b), ref.Size)
			}
			if err != nil {
				return &record.EntryError{Index: stored.Index, Why: fmt.Sprintf("the blob %s: %v", ref.Name, err)}
			}
		}
	}
	return nil
}

func readEntry(ctx context.Context, engine record.Engine, index int64) (*record.Entry, error) {
	for stored, err := range engine.Read(ctx, index) {
		if err != nil {
			return nil, err
		}
		return record.ParseEntry(string(stored.Bytes), index)
	}
	return nil, record.ErrNotFound
}

// fits reports whether the row could be opened; it is an error if what it opens is not what the entry holds.
// What is kept of a private blob is looked at whether it can be opened or not.
func (v vault) fits(ctx context.Context, e *record.Entry, row record.Row) (opened bool, err error) {
	var kept []byte
	if e.Closed == "" {
		refs := record.References(e.Act.Fields)
		if row.Place >= int64(len(refs)) || refs[row.Place].Name != row.Name || refs[row.Place].Digest != row.Digest {
			return false, fmt.Errorf("the disclosure kept at place %d is of nothing in this entry", row.Place)
		}
		if kept, err = v.kept(ctx, row, refs[row.Place].Size); err != nil {
			return false, fmt.Errorf("the private blob %s: %w", refs[row.Place].Name, err)
		}
	} else if e.Closed != row.Digest {
		return false, errors.New("the opening kept is of another digest")
	}
	_, err = v.keys.Get(row.Subject)
	if errors.Is(err, ErrForgotten) || errors.Is(err, record.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	plain, err := v.keys.Decrypt(row)
	if err != nil {
		return false, fmt.Errorf("the opening kept at place %d is damaged: %w", row.Place, err)
	}
	o := record.Opening{Index: e.Index, Disclosure: record.Disclosure(plain), Blob: row.Blob}
	if e.Closed != "" {
		o = record.Opening{Index: e.Index, Closed: plain}
	}
	place, err := record.Fits(e, o)
	if err == nil && place != row.Place {
		err = fmt.Errorf("the opening kept at place %d belongs to place %d", row.Place, place)
	}
	if err == nil && row.Blob != "" {
		_, err = o.Disclosure.OpenKept(kept)
	}
	if err == nil && e.Closed != "" {
		err = v.holds(ctx, plain, e.Index)
	}
	return err == nil, err
}

// holds looks for the blobs that a closed act names.
func (v vault) holds(ctx context.Context, opening []byte, index int64) error {
	inside, err := record.OpenClosed(opening, index)
	if err != nil {
		return err
	}
	for _, ref := range record.Blobs(inside.Act.Fields) {
		b, err := v.engine.Blob(ctx, ref.Digest)
		if err == nil && int64(len(b)) != ref.Size {
			err = fmt.Errorf("it has %d bytes and the act says %d", len(b), ref.Size)
		}
		if err != nil {
			return fmt.Errorf("the blob %s of a closed act: %w", ref.Name, err)
		}
	}
	return nil
}

// kept reads what is kept of a private blob, of size bytes; of a sealed value, of size 0, nothing is.
func (v vault) kept(ctx context.Context, row record.Row, size int64) ([]byte, error) {
	if size == 0 && row.Blob == "" {
		return nil, nil
	}
	b, err := v.engine.Blob(ctx, row.Blob)
	if err != nil {
		sum, _ := canonical.DecodeBytes(string(row.Blob))
		return nil, fmt.Errorf("what is kept of it under %x: %w", sum, err)
	}
	if int64(len(b)) != size {
		return nil, fmt.Errorf("%d bytes are kept of it and the entry says %d", len(b), size)
	}
	return b, nil
}
