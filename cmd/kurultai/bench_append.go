package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"kurultai/conference"
	"kurultai/measure"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"
	"kurultai/secretariat"
	"kurultai/story"
)

const (
	benchAuthors = 64  // authors, and the size of a group of ready entries
	benchGroups  = 150 // groups a round
	benchActs    = 60  // acts an author submits a round
	benchRounds  = 5
)

// benchAppend measures record.Append and secretariat.Do beside a growing file that gets the same bytes.
func benchAppend(ctx context.Context) (*figures, error) {
	dir, err := os.MkdirTemp(".", ".bench-") // on this disk, not on a file system in memory
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	b := &appendBench{ctx: ctx, dir: dir}
	for round := range benchRounds {
		for _, step := range []func(int) error{b.engine, b.authors, b.alone} {
			if err := step(round); err != nil {
				return nil, err
			}
		}
	}
	f := &figures{what: "append"}
	f.add("ratio", median(b.engineRatio), "", fmt.Sprintf("record.Append beside write+fdatasync, groups of %d ready entries", benchAuthors)).atLeast(0.5)
	f.add("append_per_s", median(b.engineRate), "entries/s", "record.Append")
	f.add("reference_per_s", median(b.fileRate), "entries/s", "the same groups written to one growing file, fdatasync after each")
	f.add("group", benchAuthors, "entries", "size of a group")
	f.add("entry_bytes", float64(b.entryBytes), "bytes", "mean size of an entry")
	f.add("do_ratio", median(b.doRatio), "", fmt.Sprintf("secretariat.Do by %d authors beside the same authors writing and syncing together", benchAuthors)).atLeast(0.2)
	f.add("do_per_s", median(b.doRate), "acts/s", "secretariat.Do")
	f.add("do_reference_per_s", median(b.loopRate), "acts/s", "a closed loop that takes all that wait, writes and syncs the same bytes")
	f.add("one_author", median(b.oneRatio), "", "median time of an author alone beside write+fdatasync of the same bytes").atMost(2.5)
	f.add("one_author_key", median(b.keyRatio), "", "the same where the act makes a key").atMost(4)
	f.add("one_author_ms", median(b.oneTime)*1000, "ms", "")
	f.add("fsync_ms", median(b.fileTime)*1000, "ms", "one entry written and synced")
	f.add("rounds", benchRounds, "", "the median of these counts; both sides alternate")
	return f, nil
}

type appendBench struct {
	ctx        context.Context
	dir        string
	entryBytes int

	engineRatio, engineRate, fileRate []float64
	doRatio, doRate, loopRate         []float64
	oneRatio, keyRatio                []float64
	oneTime, fileTime                 []float64
}

// ready makes groups of entries as long as those of the meeting room are.
func ready(groups, size int) [][][]byte {
	all := make([][][]byte, groups)
	index := int64(0)
	filler := strings.Repeat("x", 380)
	for g := range all {
		for range size {
			entry := recordtest.Entry(index, fmt.Sprint(index))
			all[g] = append(all[g], append(entry, filler...)) // the engine keeps bytes, whatever they say
			index++
		}
	}
	return all
}

// engine appends groups of ready entries, then writes the same to a file.
func (b *appendBench) engine(round int) error {
	groups := ready(benchGroups, benchAuthors)
	b.entryBytes = len(groups[0][0])
	e, err := sqlite.Open(filepath.Join(b.dir, fmt.Sprint("engine", round)), sqlite.Options{})
	if err != nil {
		return err
	}
	key := recordtest.Key()
	start := time.Now()
	for i, g := range groups {
		if _, err := e.Append(b.ctx, int64(i*benchAuthors), record.Group{Entries: g}, key.SignCheckpoint); err != nil {
			return errors.Join(err, e.Close())
		}
	}
	engine := float64(benchGroups*benchAuthors) / seconds(start)
	if err := e.Close(); err != nil {
		return err
	}
	var chunks [][]byte
	for _, g := range groups {
		var chunk []byte
		for _, entry := range g {
			chunk = append(chunk, entry...)
		}
		chunks = append(chunks, chunk)
	}
	times, err := measure.WriteSynced(filepath.Join(b.dir, fmt.Sprint("file", round)), chunks)
	if err != nil {
		return err
	}
	total := 0.0
	for _, t := range times {
		total += t
	}
	file := float64(benchGroups*benchAuthors) / total
	b.engineRate, b.fileRate, b.engineRatio = append(b.engineRate, engine), append(b.fileRate, file), append(b.engineRatio, engine/file)
	return nil
}

// room founds a record from the training story, and returns how to make acts: open ones that name a place, and closed ones
// that file a note and make a key.
func (b *appendBench) room(name string) (*house, func(kind string) *secretariat.Act, error) {
	text, _ := story.Shipped("training")
	lines, err := story.Parse(strings.NewReader(string(text)))
	if err != nil {
		return nil, nil, err
	}
	for i, l := range lines {
		if l.Act.Get("name").Str == "ConveneMeeting" {
			lines = lines[:i+1]
			break
		}
	}
	_, h, err := foundOrOpen(b.ctx, filepath.Join(b.dir, name), "", lines)
	if err != nil {
		return nil, nil, err
	}
	if err := story.Play(b.ctx, h.s, h.log.Origin(), lines, wall, rand.Reader, nil, func(story.Played) {}); err != nil {
		return nil, nil, errors.Join(err, h.Close())
	}
	secretary := string(h.s.View().State().Holders(conference.Secretary)[0].Person)
	act := func(kind string) *secretariat.Act {
		key := make([]byte, 16)
		rand.Read(key)
		s := record.Submitted{As: "Secretary", By: secretary, Key: canonical.EncodeBytes(key), Name: kind, Origin: h.log.Origin()}
		fields := benchPlace(key)
		if kind == "FileNote" {
			fields = fmt.Sprintf(`{"note":"n-%x","text":"the hall has been told"}`, key)
		}
		s.Fields, _ = canonical.Parse(fields)
		return &secretariat.Act{Submitted: s}
	}
	return h, act, nil
}

// benchPlace is a place of its own for each key, named in every language of the training body.
func benchPlace(key []byte) string {
	return fmt.Sprintf(`{"names":[["az","X"],["de","X"],["en","X"],["ka","X"],["kk","X"],["ky","X"],["ru","X"],["tr","X"],["uz","X"]],"place":"p-%x","type":"city"}`, key)
}

// authors lets many authors name places at once, then write the same bytes through a loop that groups them.
func (b *appendBench) authors(round int) error {
	h, act, err := b.room(fmt.Sprint("authors", round))
	if err != nil {
		return err
	}
	before := h.s.View().State().Size
	took, err := together(func() error { _, err := h.s.Do(b.ctx, act("NamePlace")); return err })
	if err != nil {
		return errors.Join(err, h.Close())
	}
	var size int
	for stored, err := range h.engine.Read(b.ctx, before) {
		if err != nil {
			return errors.Join(err, h.Close())
		}
		size += len(stored.Bytes)
	}
	if err := h.Close(); err != nil {
		return err
	}
	entry := make([]byte, size/(benchAuthors*benchActs))
	loop, err := measure.NewLoop(filepath.Join(b.dir, fmt.Sprint("loop", round)))
	if err != nil {
		return err
	}
	reference, err := together(func() error { return loop.Write(entry) })
	if err = errors.Join(err, loop.Close()); err != nil {
		return err
	}
	do, bare := benchAuthors*benchActs/took, benchAuthors*benchActs/reference
	b.doRate, b.loopRate, b.doRatio = append(b.doRate, do), append(b.loopRate, bare), append(b.doRatio, do/bare)
	return nil
}

// together runs the authors, each its acts one after another, and returns the time in seconds.
func together(act func() error) (float64, error) {
	var wait sync.WaitGroup
	errs := make([]error, benchAuthors)
	start := time.Now()
	for a := range benchAuthors {
		wait.Go(func() {
			for range benchActs {
				if errs[a] = act(); errs[a] != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	return seconds(start), errors.Join(errs...)
}

// alone lets one author act, without and with a key to be made, and writes entries of that size alone.
func (b *appendBench) alone(round int) error {
	h, act, err := b.room(fmt.Sprint("alone", round))
	if err != nil {
		return err
	}
	times := map[string][]float64{}
	for _, kind := range []string{"NamePlace", "FileNote"} {
		for range 100 {
			start := time.Now()
			if _, err := h.s.Do(b.ctx, act(kind)); err != nil {
				return errors.Join(err, h.Close())
			}
			times[kind] = append(times[kind], seconds(start))
		}
	}
	one, key := times["NamePlace"], times["FileNote"]
	if err := h.Close(); err != nil {
		return err
	}
	chunks := make([][]byte, 200)
	for i := range chunks {
		chunks[i] = make([]byte, 500)
	}
	file, err := measure.WriteSynced(filepath.Join(b.dir, fmt.Sprint("one", round)), chunks)
	if err != nil {
		return err
	}
	b.oneTime, b.fileTime = append(b.oneTime, median(one)), append(b.fileTime, median(file))
	b.oneRatio, b.keyRatio = append(b.oneRatio, median(one)/median(file)), append(b.keyRatio, median(key)/median(file))
	return nil
}
