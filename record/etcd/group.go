package etcd

import (
	"encoding/binary"
	"errors"

	"kurultai/record"
)

// A group in etcd is a list of byte strings, each behind its length (encoding/binary's uvarint): the number of entries,
// the entries, the number of rows, eight strings a row, the number of keys, four strings a key. The same group gives the
// same bytes: by them a call that comes again is known.

func pack(g record.Group) []byte {
	b := count(nil, len(g.Entries))
	for _, e := range g.Entries {
		b = text(b, e)
	}
	b = count(b, len(g.Rows))
	for _, r := range g.Rows {
		b = count(count(b, int(r.Index)), int(r.Place))
		for _, s := range [][]byte{[]byte(r.Digest), []byte(r.Subject), []byte(r.Name), r.Nonce, r.Ciphertext, []byte(r.Blob)} {
			b = text(b, s)
		}
	}
	b = count(b, len(g.Keys))
	for _, k := range g.Keys {
		b = count(b, int(k.Index))
		for _, s := range []string{k.By, k.Key, string(k.Digest)} {
			b = text(b, []byte(s))
		}
	}
	return b
}

func count(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)) }

func text(b, s []byte) []byte { return append(count(b, len(s)), s...) }

// A reader takes what pack wrote, and stops for good at what it did not.
type reader struct {
	b   []byte
	bad bool
}

// errForeign is of a group that pack did not write.
var errForeign = errors.New("is no group: it was written by another program, or damaged")

func unpack(b []byte) (g record.Group, err error) {
	r := &reader{b: b}
	for range r.many() {
		g.Entries = append(g.Entries, r.text())
	}
	for range r.many() {
		row := record.Row{Index: r.count(), Place: r.count()}
		row.Digest, row.Subject, row.Name = record.Digest(r.text()), string(r.text()), string(r.text())
		row.Nonce, row.Ciphertext, row.Blob = r.text(), r.text(), record.Digest(r.text())
		g.Rows = append(g.Rows, row)
	}
	for range r.many() {
		k := record.ClosedKey{Index: r.count()}
		k.By, k.Key, k.Digest = string(r.text()), string(r.text()), record.Digest(r.text())
		g.Keys = append(g.Keys, k)
	}
	if r.bad || len(r.b) > 0 || len(g.Entries) == 0 {
		return record.Group{}, errForeign
	}
	return g, nil
}

func (r *reader) count() int64 {
	n, k := binary.Uvarint(r.b)
	if r.bad || k <= 0 || n >= 1<<53 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[k:]
	return int64(n)
}

// many is how many follow, of which each takes a byte at least.
func (r *reader) many() int64 {
	n := r.count()
	if n > int64(len(r.b)) {
		r.bad, r.b = true, nil
		return 0
	}
	return n
}

func (r *reader) text() []byte {
	n := r.many()
	if n == 0 {
		return nil
	}
	s := r.b[:n:n]
	r.b = r.b[n:]
	return s
}
