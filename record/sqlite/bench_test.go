package sqlite

import (
	"context"
	"fmt"
	"testing"

	"kurultai/record"
	"kurultai/record/recordtest"
)

func benchmarkAppend(b *testing.B, group int) {
	e, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	key, size := recordtest.Key(), int64(0)
	entry := append(recordtest.Entry(0, "x"), make([]byte, 380)...)
	b.ResetTimer()
	for b.Loop() {
		var g record.Group
		for range group {
			g.Entries = append(g.Entries, entry)
		}
		if _, err := e.Append(context.Background(), size, g, key.SignCheckpoint); err != nil {
			b.Fatal(err)
		}
		size += int64(group)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, group := range []int{1, 64} {
		b.Run(fmt.Sprint(group), func(b *testing.B) { benchmarkAppend(b, group) })
	}
}

func BenchmarkRead(b *testing.B) {
	e, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	for from := int64(0); from < 20000; from += 1000 {
		var g record.Group
		for i := range int64(1000) {
			g.Entries = append(g.Entries, append(recordtest.Entry(from+i, "x"), make([]byte, 320)...))
		}
		if _, err := e.Append(context.Background(), from, g, recordtest.Key().SignCheckpoint); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		for _, err := range e.Read(context.Background(), 0) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
