package secretariat

import (
	"context"
	"errors"
	"fmt"
	"io"

	"kurultai/conference"
	"kurultai/record"
)

// A Keeper is an engine that takes rows of entries it has already.
type Keeper interface {
	AddRows(context.Context, []record.Row) error
	Has(record.Digest) bool // a blob is stored
}

// Keep takes up openings that somebody else gave of this copy: each must give the digest that stands in its entry. They are
// kept as the writer keeps them, encrypted under a key of their subject (doc/record.md section 3); what is here already,
// or was forgotten, is passed over. It returns how many are new, and of private files those whose bytes are still missing.
func (v *View) Keep(ctx context.Context, to Keeper, chance io.Reader, openings []record.Opening) (kept int, missing []record.Digest, err error) {
	var rows []record.Row
	var plain [][]byte
	var subjects []string
	came := map[record.Digest]bool{}
	for _, o := range openings {
		row, text, err := v.row(ctx, o)
		if err != nil {
			return 0, nil, fmt.Errorf("the opening of entry %d: %w", o.Index, err)
		}
		if row.Blob != "" && !to.Has(row.Blob) {
			missing = append(missing, row.Blob)
		}
		_, gone := v.desk.keys.Get(row.Subject)
		if _, err := v.desk.engine.Row(ctx, row.Digest); err == nil || came[row.Digest] || errors.Is(gone, ErrForgotten) {
			continue
		}
		came[row.Digest] = true
		rows, plain, subjects = append(rows, row), append(plain, text), append(subjects, row.Subject)
	}
	if err := v.desk.keys.Ensure(subjects, chance); err != nil {
		return 0, missing, err
	}
	for i := range rows {
		key, err := v.desk.keys.Get(rows[i].Subject)
		if err == nil {
			err = key.Encrypt(&rows[i], plain[i], chance)
		}
		if err != nil {
			return 0, missing, err
		}
	}
	if len(rows) == 0 {
		return 0, missing, nil
	}
	return len(rows), missing, to.AddRows(ctx, rows)
}

// row is the row of an opening that fits its entry.
func (v *View) row(ctx context.Context, o record.Opening) (row record.Row, plain []byte, err error) {
	e, err := readEntry(ctx, v.desk.engine, o.Index)
	if err != nil {
		return row, nil, err
	}
	place, err := record.Fits(e, o)
	if err != nil {
		return row, nil, err
	}
	if o.Closed != nil {
		return record.Row{Index: o.Index, Digest: e.Closed, Subject: fmt.Sprintf("entry/%d", o.Index), Name: "closed"}, o.Closed, nil
	}
	act, known := v.State().Lookup(e.Act.Name)
	if !known {
		return row, nil, fmt.Errorf("no act is called %s", e.Act.Name)
	}
	name := record.References(e.Act.Fields)[place].Name
	return record.Row{Index: o.Index, Place: place, Digest: o.Disclosure.Digest(), Subject: act.SubjectOf(name, &e.Act, o.Index), Name: name, Blob: o.Blob}, []byte(o.Disclosure), nil
}

// Forget destroys the keys of whom and what the record says are to be forgotten, and forgets the names that were opened.
func (v *View) Forget() error {
	for _, subject := range v.State().Forgotten() {
		if err := v.desk.keys.Forget(subject); err != nil {
			return err
		}
		v.names.forget(v.State(), conference.PersonID(subject))
	}
	return nil
}
