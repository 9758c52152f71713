package secretariat

import (
	"context"
	"slices"

	"kurultai/conference"
	"kurultai/record"
)

// An Inspect looks into the files of an act that was decided and is about to be recorded: into what deciding, which reads
// no file, cannot ask. The error is a *conference.Refusal with a code of the act's OfFiles, or a fault; either leaves
// nothing behind. It is asked by the writer alone, one act at a time, and by rehearsals at any time: whoever decides the
// record again asks nobody, and neither does a story that founds one: its acts were taken elsewhere.
type Inspect func(ctx context.Context, ahead *Ahead, at record.Instant, events []conference.Event) error

// Ahead is the record an act would stand behind: also what was decided and is not on the disk yet. Its entries from the
// shown record's size on can be folded and not be read.
type Ahead struct {
	*View
	shown *View
	fresh fresh
}

// inspector asks by the name of an act; shown is the record behind which the fresh entries come.
type inspector struct {
	asked map[string]Inspect
	shown func() *View
}

// fresh is what was decided and is not on the disk yet.
type fresh struct {
	entries [][]byte
	blobs   conference.Ordered[string, []byte] // by digest
}

func (f *fresh) added(entry []byte) { f.entries = append(f.entries, entry) }

func (f *fresh) stored(blobs [][]byte) {
	for _, b := range blobs {
		f.blobs = f.blobs.Set(string(record.DigestOf(b)), b)
	}
}

// inspect has whoever looks into the files of an act look.
func (d *desk) inspect(ctx context.Context, a *Act, at record.Instant, events []conference.Event) error {
	if a.At != nil || d.inspector == nil || d.inspector.asked[a.Submitted.Name] == nil {
		return nil
	}
	shown := d.inspector.shown()
	view := *shown
	view.desk = *d
	f := d.fresh
	f.stored(a.Blobs)
	return d.inspector.asked[a.Submitted.Name](ctx, &Ahead{&view, shown, f}, at, events)
}

// Blob returns the bytes of a blob, of the act that is looked into too.
func (a *Ahead) Blob(ctx context.Context, d record.Digest) ([]byte, error) {
	if b, ok := a.fresh.blobs.Get(string(d)); ok {
		return b, nil
	}
	return a.View.Blob(ctx, d)
}

// At is the record as it stood when it had size entries.
func (a *Ahead) At(ctx context.Context, size int64) (*Ahead, error) {
	n := size - a.shown.State().Size
	switch {
	case size == a.State().Size:
		return a, nil
	case n <= 0:
		v, err := a.shown.At(ctx, size)
		return &Ahead{v, a.shown, a.fresh}, err
	case n > int64(len(a.fresh.entries)):
		return nil, record.ErrNotFound
	}
	view := *a.shown
	f := fresh{slices.Clip(a.fresh.entries[:n]), a.fresh.blobs}
	for i, text := range f.entries {
		e, err := record.ParseEntry(string(text), a.shown.State().Size+int64(i))
		if err != nil {
			return nil, err
		}
		if err := view.desk.state.Fold(e); err != nil {
			return nil, err
		}
	}
	return &Ahead{&view, a.shown, f}, nil
}
