package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/paper/pdf"
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

// Where typst is not installed the bench says so, and how it is had.
func TestTypstMissingIsSaid(t *testing.T) {
	folder := t.TempDir()
	for name, change := range map[string]func(){
		"an empty folder": func() {},
		"no packages":     func() { os.WriteFile(filepath.Join(folder, "measure.mjs"), []byte("// nothing"), 0o600) },
		"no node":         func() { t.Setenv("PATH", "") },
	} {
		change()
		_, err := startTypst(t.Context(), folder)
		var none errNoTypst
		if !errors.As(err, &none) || !strings.Contains(err.Error(), "npm ci --prefix "+folder) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is measured is one document: two pages on our side too.
func TestTheBenchsPaperHasTwoPages(t *testing.T) {
	l := pdf.Treaty()
	l.Uncompressed = true
	for _, n := range []int{1, 99, 1000} {
		b, err := pdf.Set(benchDocument(n, 0), l)
		if err != nil || !bytes.Contains(b, []byte("/Type/Pages/Count 2/")) {
			t.Errorf("document %d has not two pages: %v", n, err)
		}
	}
	f := &figures{}
	key, chain, roots, err := benchAuthority()
	if err != nil {
		t.Fatal(err)
	}
	s := new(signing)
	if err := s.measure(2, key, chain, roots, true); err != nil || s.size == 0 || len(s.sign) != 1 || key.took == 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if err := benchSetting(t.Context(), f, t.TempDir(), io.Discard); err != nil || len(f.list) != 1 {
		t.Errorf("without typst: %+v, %v", f.list, err)
	}
}

// The week of the bench is what it says: kinds of act, parties, attestations, and every entry of it is allowed.
func TestTheWeekOfTheBenchIsLived(t *testing.T) {
	path := t.TempDir() + "/week"
	w, err := week(path, 5000, true)
	if err != nil {
		t.Fatal(err)
	}
	r := &witness.Replay{Origin: w.origin}
	if err := framed(path, func(i int64, b []byte) error {
		return r.Next(record.Stored{Index: i, Bytes: b, Hash: tlog.RecordHash(b)})
	}); err != nil {
		t.Fatal(err)
	}
	f := r.Finding
	t.Logf("%d entries, %d kinds of act, %d of them often, %d parties, %d attested, %d left out", f.Size, len(w.kinds), w.often(), len(w.parties), f.Attested, w.Refused)
	if f.Size != 5000 || w.often() < 40 || len(w.parties) < weekParties || f.Attested < f.Size*8/100 || f.Attested > f.Size*12/100 {
		t.Errorf("%+v", f)
	}
}

// Every act comes to every reader, at the edges and beside them, each once.
func TestTheBenchOfEdgesCountsEveryAct(t *testing.T) {
	f, err := benchEdgesFor(t.Context(), 2, 40, 100*time.Millisecond, time.Second, false, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	m := f.machine()
	if m["acts"] != 40. || m["lost"] != 0. || m["edge_p50_ms"].(float64) <= 0 || m["core_p99_ms"].(float64) <= 0 || m["edge_max_ms"].(float64) > 60_000 {
		t.Errorf("%v", m)
	}
}
