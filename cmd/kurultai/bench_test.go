package main

import (
	"context"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/witness"
)

// BenchmarkDo is one author alone.
func BenchmarkDo(b *testing.B) {
	bench := &appendBench{ctx: context.Background(), dir: b.TempDir()}
	h, act, err := bench.room("one")
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	for b.Loop() {
		if _, err := h.s.Do(bench.ctx, act("NamePlace")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReplay decides the acts of an assembly again; an operation is 20,000 entries.
func BenchmarkReplay(b *testing.B) {
	path := b.TempDir() + "/entries"
	if _, _, err := assembly(path, 20000); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		r := &witness.Replay{Origin: benchOrigin}
		err := framed(path, func(i int64, e []byte) error {
			return r.Next(record.Stored{Index: i, Bytes: e, Hash: tlog.RecordHash(e)})
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
