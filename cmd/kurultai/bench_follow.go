package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/sqlite"
	"kurultai/record/tiles"
	"kurultai/witness"
)

// benchFollow lets a node join a record of a million entries over HTTP on this machine, beside deciding the same entries
// from a file.
func benchFollow(ctx context.Context) (*figures, error) {
	const size = 1_000_000
	dir, err := os.MkdirTemp("", "kurultai-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "entries")
	kinds, _, err := assembly(path, size)
	if err != nil {
		return nil, err
	}
	log, err := record.NewLogKey(benchOrigin, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		return nil, err
	}
	source, err := filled(ctx, filepath.Join(dir, "source"), path, log)
	if err != nil {
		return nil, err
	}
	defer source.engine.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: tiles.Handler(func() tiles.Log { return source }, func(context.Context, int64) error { return nil })}
	go server.Serve(l)
	defer server.Close()

	runtime.GC()
	r := &witness.Replay{Origin: benchOrigin}
	start := time.Now()
	if err := framed(path, func(i int64, b []byte) error {
		return r.Next(record.Stored{Index: i, Bytes: b, Hash: tlog.RecordHash(b)})
	}); err != nil {
		return nil, err
	}
	replay := seconds(start)
	r = nil
	runtime.GC()

	from, err := sourceOf("http://" + l.Addr().String())
	if err != nil {
		return nil, err
	}
	engine, err := sqlite.Open(filepath.Join(dir, "copy"), sqlite.Options{})
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	verifier, err := record.ParseVerifier(log.Verifier())
	if err != nil {
		return nil, err
	}
	start = time.Now()
	f, err := witness.Follow(ctx, witness.FollowerConfig{Engine: engine, Log: verifier, From: from})
	if err == nil {
		_, err = f.Step(ctx, "")
	}
	if err != nil {
		return nil, err
	}
	join := seconds(start)
	if f.Size() != size {
		return nil, fmt.Errorf("%d entries came", f.Size())
	}
	g := &figures{what: "follow"}
	g.add("ratio", join/replay, "", "fetched over loopback, proven, decided again and kept, source and node on the same processors, beside deciding alone")
	g.add("join_s", join, "s", fmt.Sprintf("%d entries of %d kinds of event, without attestations", size, kinds)).atMost(30)
	g.add("reference_s", replay, "s", "the same entries decided again from a file")
	return g, nil
}

// filled is a record of the entries in a file.
func filled(ctx context.Context, dir, path string, log *record.LogKey) (*benchLog, error) {
	e, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		return nil, err
	}
	b := &benchLog{engine: e, key: log.Verifier()}
	var group record.Group
	keep := func() error {
		if len(group.Entries) == 0 {
			return nil
		}
		head, err := e.Append(ctx, b.head.Size, group, log.SignCheckpoint)
		b.head, group = head, record.Group{}
		return err
	}
	err = framed(path, func(_ int64, entry []byte) error {
		b.tree.Append(tlog.RecordHash(entry))
		if group.Entries = append(group.Entries, entry); len(group.Entries) == 4096 {
			return keep()
		}
		return nil
	})
	if err == nil {
		err = keep()
	}
	return b, err
}

// benchLog is a record as it is served, without a state.
type benchLog struct {
	engine record.Engine
	head   record.Checkpoint
	tree   record.Tree
	key    string
}

func (b *benchLog) Checkpoint() record.Checkpoint { return b.head }
func (b *benchLog) VerifierKey() string           { return b.key }
func (b *benchLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	return b.tree.ReadHashes(indexes)
}
func (b *benchLog) Entries(ctx context.Context, from int64) iter.Seq2[record.Stored, error] {
	return b.engine.Read(ctx, from)
}
func (b *benchLog) Openings(context.Context, int64, bool) iter.Seq2[record.Opening, error] {
	return func(func(record.Opening, error) bool) {}
}
func (b *benchLog) Blob(ctx context.Context, d record.Digest) ([]byte, error) {
	return b.engine.Blob(ctx, d)
}

// benchBundle makes and checks bundles of one entry, beside checking one signature.
func benchBundle(ctx context.Context) (*figures, error) {
	dir, err := os.MkdirTemp("", "kurultai-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	data := filepath.Join(dir, "T")
	if code := run(ctx, streams{io.Discard, io.Discard}, []string{"demo", "-story", "training", "-pace", "0", "-once", "-addr", "localhost:0", "-data", data}); code != 0 {
		return nil, fmt.Errorf("the training body could not be played")
	}
	h, err := openUnwatched(ctx, data)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	v := h.s.View()
	verifier, err := record.ParseVerifier(h.log.Verifier())
	if err != nil {
		return nil, err
	}
	var pack, check, bare []float64
	const each = 200
	for range benchRounds {
		start := time.Now()
		var texts [][]byte
		for i := range int64(each) {
			b, err := packed(ctx, v, h.marks, false, i)
			if err != nil {
				return nil, err
			}
			texts = append(texts, b.Append(nil))
		}
		pack = append(pack, seconds(start)/each)
		start = time.Now()
		for _, text := range texts {
			b, err := witness.ParseBundle(text)
			if err == nil {
				_, err = b.Check(verifier, nil)
			}
			if err != nil {
				return nil, err
			}
		}
		check = append(check, seconds(start)/each)
		start = time.Now()
		for range each {
			if _, err := record.OpenCheckpoint(v.Checkpoint().Note, verifier); err != nil {
				return nil, err
			}
		}
		bare = append(bare, seconds(start)/each)
	}
	f := &figures{what: "bundle"}
	f.add("ratio", median(check)/median(bare), "", "a bundle of one entry checked, beside checking the log's signature alone")
	f.add("check_ms", 1000*median(check), "ms", "one bundle").atMost(100)
	f.add("pack_ms", 1000*median(pack), "ms", "one bundle made")
	f.add("reference_ms", 1000*median(bare), "ms", "one checkpoint opened")
	return f, nil
}
