package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/measure"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/sqlite"
	"kurultai/record/tiles"
	"kurultai/secretariat"
	"kurultai/web"
	"kurultai/witness"
)

// benchFollow lets a node join a record of so many entries over HTTP on this machine, with and without attestations, beside
// deciding the same entries from a file; and measures what three nodes cost a writer, and how soon they cosign.
func benchFollow(ctx context.Context, size int64, talk io.Writer) (*figures, error) {
	dir, err := os.MkdirTemp("", "kurultai-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	g := &figures{what: "follow"}
	attested, err := benchJoin(ctx, filepath.Join(dir, "attested"), size, true, talk)
	if err != nil {
		return nil, err
	}
	bare, err := benchJoin(ctx, filepath.Join(dir, "bare"), size, false, talk)
	if err != nil {
		return nil, err
	}
	million := float64(size) / 1e6
	g.add("ratio", attested.join/attested.replay, "", "fetched over loopback, proven, decided again and kept, source and node on the same processors, beside deciding alone")
	g.add("join_s", attested.join, "s", fmt.Sprintf("%d entries of %d kinds of act, %d parties, %d attested", size, attested.week.often(), len(attested.week.parties), attested.week.attested)).atMost(max(60*million, 1))
	g.add("join_cpu_s", attested.cpu, "s", "of both processors, source and node")
	g.add("reference_s", attested.replay, "s", "the same entries decided again from a file")
	g.add("bare_join_s", bare.join, "s", "the same acts without attestations").atMost(max(30*million, 1))
	g.add("bare_join_cpu_s", bare.cpu, "s", "of both processors, source and node")
	g.add("bare_reference_s", bare.replay, "s", "these decided again from a file")
	g.add("entry_us", 1e6*attested.join/float64(size), "us", "an entry joined")
	return g, benchNodes(ctx, filepath.Join(dir, "nodes"), g, talk)
}

type joined struct {
	week         *weekly
	join, replay float64 // seconds
	cpu          float64 // of the processors while it joined, source and node
}

// benchJoin has one node join.
func benchJoin(ctx context.Context, dir string, size int64, attest bool, talk io.Writer) (j joined, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return j, err
	}
	path := filepath.Join(dir, "entries")
	if j.week, err = week(path, size, attest); err != nil {
		return j, err
	}
	log, err := weekKey()
	if err != nil {
		return j, err
	}
	source, err := filled(ctx, filepath.Join(dir, "source"), path, log)
	if err != nil {
		return j, err
	}
	defer source.engine.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return j, err
	}
	server := &http.Server{Handler: tiles.Handler(tiles.Served{Now: func() tiles.Log { return source }, Wait: func(context.Context, int64) error { return nil }})}
	go server.Serve(l)
	defer server.Close()

	runtime.GC()
	r := &witness.Replay{Origin: log.Origin()}
	start := time.Now()
	if err := framed(path, func(i int64, b []byte) error {
		return r.Next(record.Stored{Index: i, Bytes: b, Hash: tlog.RecordHash(b)})
	}); err != nil {
		return j, err
	}
	j.replay = seconds(start)
	r = nil
	runtime.GC()

	from, err := sourceOf("http://" + l.Addr().String())
	if err != nil {
		return j, err
	}
	engine, err := sqlite.Open(filepath.Join(dir, "copy"), sqlite.Options{})
	if err != nil {
		return j, err
	}
	defer engine.Close()
	verifier, err := record.ParseVerifier(log.Verifier())
	if err != nil {
		return j, err
	}
	shown := following{io: streams{io.Discard, talk}}
	start, j.cpu = time.Now(), processor()
	f, err := witness.Follow(ctx, witness.FollowerConfig{Engine: engine, Log: verifier, From: from, Told: shown.told()})
	if err == nil {
		_, err = f.Step(ctx, "")
	}
	shown.seldom.end()
	if err != nil {
		return j, err
	}
	j.join, j.cpu = seconds(start), processor()-j.cpu
	if f.Size() != size {
		return j, fmt.Errorf("%d entries came", f.Size())
	}
	return j, nil
}

const (
	benchNodesOf     = 3
	benchNodesNeed   = 2
	benchNodesPace   = 20 * time.Millisecond // between two acts: a hall in which everybody acts
	benchNodesActs   = 250                   // a round of these
	benchNodesFull   = 3                     // times benchActs of each author a round at full load
	benchNodesRounds = 10
	benchNodesVotes  = 20
)

// benchNodes measures what three nodes, each a process of its own, cost the writer they follow, and how soon a quorum of
// them has cosigned an act.
func benchNodes(ctx context.Context, dir string, g *figures, talk io.Writer) error {
	data := filepath.Join(dir, "T")
	if code := run(ctx, streams{io.Discard, talk}, []string{"demo", "-story", "training", "-pace", "0", "-once", "-addr", "localhost:0", "-data", data}); code != 0 {
		return fmt.Errorf("the training body could not be played")
	}
	h, err := openHouse(data, secretariat.OpenSubjectKeys, sqlite.Options{})
	if err != nil {
		return err
	}
	defer h.Close()
	h.every = 1 << 40 // a snapshot costs as much as a round, falls into some of them, and has nothing to do with nodes
	if err := h.open(ctx, nil); err != nil {
		return err
	}
	site, err := startSite(ctx, streams{io.Discard, io.Discard}, h, "localhost:0", web.Options{})
	if err != nil {
		return err
	}
	defer site.stop()
	officer := string(h.s.View().State().Holders(conference.Secretary)[0].Person)
	var n atomic.Int64
	do := func(name string, v canonical.Value, with ...string) (int64, error) {
		a := &secretariat.Act{Submitted: record.Submitted{As: string(conference.Secretary), By: officer, Name: name, Fields: v, Key: newKey(), Origin: h.log.Origin()}}
		for _, p := range with {
			a.Submitted.With = append(a.Submitted.With, record.With{As: string(conference.Secretary), By: p})
		}
		r, err := h.s.Do(ctx, a)
		return r.Index, err
	}
	act := func() (int64, error) {
		v, err := canonical.Parse(benchPlace(fmt.Append(nil, n.Add(1))))
		if err != nil {
			return 0, err
		}
		return do("NamePlace", v)
	}
	// slowly is what the writer takes for a round in a hall in which somebody acts all the time.
	slowly := func(bool) (spent, error) {
		before := spends()
		for range benchNodesActs {
			if _, err := act(); err != nil {
				return spent{}, err
			}
			time.Sleep(benchNodesPace)
		}
		return before.since(), nil
	}
	nodes, err := benchFollowers(dir, site.url, func(verifier string) error {
		v, err := canonical.Parse(string(canonical.Encode(nil, conference.AdmitNode{Verifier: verifier})))
		if err == nil {
			_, err = do("AdmitNode", v)
		}
		return err
	}, talk)
	defer nodes.stop()
	if err != nil {
		return err
	}
	var keys []string
	for _, n := range h.s.View().State().Nodes() {
		keys = append(keys, n.Verifier)
	}
	policy, err := canonical.Parse(string(canonical.Encode(nil, conference.NameWitnesses{Need: benchNodesNeed, Verifiers: keys})))
	if err != nil {
		return err
	}
	if _, err := do("NameWitnesses", policy, string(h.s.View().State().Holders(conference.Secretary)[1].Person)); err != nil {
		return err
	}
	settled := func() error { // all that came is followed and cosigned
		index, err := act()
		if err == nil {
			err = h.cosigned(ctx, index)
		}
		time.Sleep(2 * atMostEach)
		return err
	}
	// full is what the writer takes for a round at full load, and until the nodes have caught up with it; alone it waits as
	// long as they last took to.
	var caughtUp time.Duration
	full := func(watched bool) (spent, error) {
		before := spends()
		for range benchNodesFull {
			if _, err := together(func() error { _, err := act(); return err }); err != nil {
				return spent{}, err
			}
		}
		if began := time.Now(); watched {
			if err := settled(); err != nil {
				return spent{}, err
			}
			caughtUp = time.Since(began)
		} else {
			time.Sleep(caughtUp)
		}
		return before.since(), nil
	}
	// pair measures the same alone, while the nodes are stopped, and followed: each is first in turn, for the record grows.
	pair := func(first int, what func(watched bool) (spent, error)) (alone, followed spent, err error) {
		for i := range 2 {
			of, watched := &alone, (first+i)%2 == 1
			if !watched {
				err = nodes.signal(syscall.SIGSTOP)
			} else {
				of, err = &followed, errors.Join(nodes.signal(syscall.SIGCONT), settled())
			}
			if err == nil {
				*of, err = what(watched)
			}
			if err != nil {
				return spent{}, spent{}, err
			}
		}
		return alone, followed, errors.Join(nodes.signal(syscall.SIGCONT), settled())
	}
	if _, err := full(true); err != nil { // warm
		return err
	}
	// A collection of the state costs as much as half a round and falls into one or another: each round has one, at its end.
	rushes.Add(1)
	usual := debug.SetGCPercent(-1)
	again := sync.OnceFunc(func() {
		debug.SetGCPercent(usual)
		rushes.Add(-1)
	})
	defer again()
	var alone, more, garbage, calm, watched []float64
	for i := range benchNodesRounds {
		a, f, err := pair(i, full)
		if err != nil {
			return err
		}
		alone, more, garbage = append(alone, a.cpu), append(more, f.cpu/a.cpu-1), append(garbage, f.made/a.made-1)
	}
	for i := range benchNodesRounds / 2 {
		a, f, err := pair(i, slowly)
		if err != nil {
			return err
		}
		calm, watched = append(calm, a.cpu), append(watched, f.cpu)
	}
	again()
	share := func(list []float64) float64 { return median(list) / (benchNodesActs * benchNodesPace.Seconds()) }
	var took []float64
	for range benchNodesVotes {
		time.Sleep(300 * time.Millisecond) // a quiet hall
		start := time.Now()
		index, err := act()
		if err == nil {
			err = h.cosigned(ctx, index)
		}
		if err != nil {
			return err
		}
		took = append(took, seconds(start))
	}
	g.add("nodes_ratio", median(more), "", fmt.Sprintf("processor that %d nodes add to a writer at full load, %d authors, until they have caught up: the median of %d pairs", benchNodesOf, benchAuthors, len(more))).atMost(0.05)
	g.add("nodes_garbage_ratio", median(garbage), "", "garbage that they add, in the same").atMost(0.05)
	g.add("nodes_ratio_least", slices.Min(more), "", "the least of these")
	g.add("nodes_ratio_most", slices.Max(more), "", "the most of these")
	g.add("writer_ms", 1000*measure.Sum(alone)/(benchNodesRounds*benchNodesFull*benchAuthors*benchActs), "ms", "processor of the writer alone, an act")
	g.add("hall_share", share(watched)-share(calm), "", fmt.Sprintf("share of one processor that they take where %.0f acts come a second", 1/benchNodesPace.Seconds())).atMost(0.05)
	g.add("hall_share_alone", share(calm), "", "that the writer takes alone, a collection of its state in each round with it")
	g.add("quorum_s", slices.Max(took), "s", fmt.Sprintf("from an act submitted to its cosignatures by %d of %d, the slowest of %d", benchNodesNeed, benchNodesOf, benchNodesVotes)).atMost(1)
	g.add("quorum_median_s", median(took), "s", "the median of these")
	return nil
}

// spent is what a process used: seconds of the processor, and bytes of garbage made.
type spent struct{ cpu, made float64 }

// spends collects, and is what was used until then.
func spends() spent {
	runtime.GC()
	of := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(of)
	return spent{processor(), float64(of[0].Value.Uint64())}
}

// since is what was used since, with one collection.
func (s spent) since() spent {
	now := spends()
	return spent{now.cpu - s.cpu, now.made - s.made}
}

// cosigned waits until an entry is witnessed as asked.
func (h *house) cosigned(ctx context.Context, index int64) error {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	for {
		seen := h.marks.Changes()
		if h.marks.Of(index).Witnessed() {
			return nil
		}
		if err := h.marks.Wait(ctx, seen); err != nil {
			return fmt.Errorf("entry %d is not cosigned: %w", index, err)
		}
	}
}

// benchFleet are nodes, each a process.
type benchFleet []*exec.Cmd

func (f benchFleet) signal(what os.Signal) (err error) {
	for _, c := range f {
		err = errors.Join(err, c.Process.Signal(what))
	}
	return err
}

func (f benchFleet) stop() {
	_ = f.signal(syscall.SIGCONT) // whoever ended by itself
	_ = f.signal(os.Interrupt)    // is waited for
	for _, c := range f {
		c.Wait()
	}
}

// benchFollowers starts nodes and admits them. Those that were started are to be stopped, whatever the error.
func benchFollowers(dir, url string, admit func(verifier string) error, talk io.Writer) (fleet benchFleet, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for i := range benchNodesOf {
		key := filepath.Join(dir, fmt.Sprint("key", i))
		c := followConfig{key: key, name: fmt.Sprint("node", i, ".example")}
		node, err := c.nodeKey()
		if err == nil {
			err = admit(node.Verifier().String())
		}
		if err != nil {
			return fleet, err
		}
		cmd := exec.Command(self, "follow", "-data", filepath.Join(dir, fmt.Sprint("copy", i)), "-key", key, "-addr", "localhost:0", url)
		cmd.Stderr = talk
		if err := cmd.Start(); err != nil {
			return fleet, err
		}
		fleet = append(fleet, cmd)
	}
	return fleet, nil
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
	b, err := benchCosigned(ctx, h, 20)
	if err != nil {
		return nil, err
	}
	first, second, err := benchPage(ctx, dir, string(b.Append(nil)))
	if len(first) == 0 {
		return f, err
	}
	f.add("page_first_ms", median(first), "ms", fmt.Sprintf("the first bundle that the page checks in Chromium, from the disk, cosigned by %d nodes, the median of %d starts of the browser", benchNodesOf, len(first))).atMost(100)
	f.add("page_first_slowest_ms", slices.Max(first), "ms", "the slowest of these").atMost(100)
	f.add("page_ms", median(second), "ms", "the second")
	return f, nil
}

// benchCosigned is a bundle of an entry that nodes admitted for it have cosigned.
func benchCosigned(ctx context.Context, h *house, index int64) (b witness.Bundle, err error) {
	officer := string(h.s.View().State().Holders(conference.Secretary)[0].Person)
	var nodes []note.Signer
	for i := range benchNodesOf {
		node, err := torchwood.NewCosignatureSigner(fmt.Sprint("node", i, ".example"), ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(i)}, ed25519.SeedSize)))
		if err != nil {
			return b, err
		}
		nodes = append(nodes, node)
		fields, err := canonical.Parse(string(canonical.Encode(nil, conference.AdmitNode{Verifier: node.Verifier().String()})))
		if err == nil {
			_, err = h.s.Do(ctx, &secretariat.Act{Submitted: record.Submitted{As: string(conference.Secretary), By: officer, Name: "AdmitNode", Fields: fields, Key: newKey(), Origin: h.log.Origin()}})
		}
		if err != nil {
			return b, err
		}
	}
	verifier, err := record.ParseVerifier(h.log.Verifier())
	if err != nil {
		return b, err
	}
	signed, err := note.Open(h.s.View().Checkpoint().Note, note.VerifierList(verifier))
	if err != nil {
		return b, err
	}
	cosigned, err := note.Sign(signed, nodes...)
	if err == nil {
		err = h.marks.Add(ctx, cosigned)
	}
	if err != nil {
		return b, err
	}
	return packed(ctx, h.s.View(), h.marks, false, index)
}
