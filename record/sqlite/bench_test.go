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
