package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"
	"kurultai/story"
	"kurultai/witness"
)

// benchReplay decides a million entries again, beside parsing them alone.
func benchReplay(ctx context.Context) (*figures, error) {
	const size = 1_000_000
	dir, err := os.MkdirTemp("", "kurultai-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "entries")
	kinds, bytes, err := assembly(path, size)
	if err != nil {
		return nil, err
	}
	runtime.GC()
	start := time.Now()
	if err := framed(path, func(_ int64, b []byte) error { _, err := canonical.Parse(string(b)); return err }); err != nil {
		return nil, err
	}
	parsing := seconds(start)
	runtime.GC()
	r := &witness.Replay{Origin: benchOrigin}
	start = time.Now()
	err = framed(path, func(i int64, b []byte) error {
		return r.Next(record.Stored{Index: i, Bytes: b, Hash: tlog.RecordHash(b)})
	})
	if err != nil {
		return nil, err
	}
	replay := seconds(start)
	runtime.GC()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	f := &figures{what: "replay"}
	f.add("ratio", replay/parsing, "", "decoded, hashed, decided again, compared, applied, beside canonical parsing alone (aim 4)").atMost(8)
	f.add("replay_s", replay, "s", fmt.Sprintf("%d entries of %d kinds of event", size, kinds)).atMost(60)
	f.add("reference_s", parsing, "s", "canonical parsing of the same entries")
	f.add("memory_mb", float64(mem.Sys)/1e6, "MB", "taken from the system at the end").atMost(1500)
	f.add("state_mb", float64(mem.HeapAlloc)/1e6, "MB", "the state of the record after the last entry")
	f.add("entry_bytes", float64(bytes)/size, "bytes", "mean size of an entry")
	runtime.KeepAlive(r)
	return f, nil
}

const benchOrigin = "bench.example.org/assembly"

// framed reads what assembly wrote.
func framed(path string, see func(index int64, b []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	var head [2]byte
	for index := int64(0); ; index++ {
		if _, err := io.ReadFull(in, head[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		b := make([]byte, binary.BigEndian.Uint16(head[:]))
		if _, err := io.ReadFull(in, b); err != nil {
			return err
		}
		if err := see(index, b); err != nil {
			return err
		}
	}
}

// assembly writes the entries of a body that meets without end: it convenes, opens, gives the floor, hears
// statements, closes; persons are registered and reports entered in between.
func assembly(path string, size int64) (kinds int, bytes int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, 0, err
	}
	a := &assembler{out: bufio.NewWriterSize(f, 1<<20), size: size, kinds: map[string]bool{}, at: record.Instant(1_800_000_000_000)}
	a.found()
	for m := int64(1); a.err == nil && a.state.Size < size; m++ {
		a.meet(m)
	}
	if errors.Is(a.err, errAssembled) {
		a.err = nil
	}
	return len(a.kinds), a.bytes, errors.Join(a.err, a.out.Flush(), f.Close())
}

var errAssembled = errors.New("enough")

type assembler struct {
	out   *bufio.Writer
	state conference.State
	size  int64
	bytes int64
	at    record.Instant
	n     uint64
	kinds map[string]bool
	err   error
}

// Persons of the assembly: two secretaries, a rapporteur, and a head for each party, the first of whom presides.
func benchPerson(n int) string { return fmt.Sprintf("%032x", n) }

const benchParties = 30

func (a *assembler) key() string {
	a.n++
	h := sha256.Sum256(binary.BigEndian.AppendUint64(nil, a.n))
	return canonical.EncodeBytes(h[:16])
}

// do decides an act and writes its entry.
func (a *assembler) do(as string, by int, name, fields, meeting, party string, with ...record.With) {
	if a.err != nil {
		return
	}
	if a.state.Size == a.size {
		a.err = errAssembled
		return
	}
	s := &record.Submitted{As: as, By: benchPerson(by), Key: a.key(), Name: name, Origin: benchOrigin, Meeting: meeting, For: party, With: with}
	if fields != "" {
		if s.Fields, a.err = canonical.Parse(fields); a.err != nil {
			return
		}
	}
	a.at += 900
	events, refused := conference.Decide(&a.state, s, a.at)
	if refused != nil {
		a.err = refused
		return
	}
	b := record.OpenEntry(a.state.Size, a.at, s, nil, conference.Decided(events))
	e, err := record.ParseEntry(string(b), a.state.Size)
	if err != nil {
		a.err = err
		return
	}
	for _, event := range events {
		a.kinds[event.Kind()] = true
	}
	a.err = errors.Join(a.state.FoldDecided(e, events), binary.Write(a.out, binary.BigEndian, uint16(len(b))))
	a.out.Write(b)
	a.bytes += int64(len(b))
}

func (a *assembler) secretary(name, fields, meeting string, with ...record.With) {
	a.do("Secretary", 1, name, fields, meeting, "", with...)
}

func (a *assembler) found() {
	a.secretary("FoundBody", fmt.Sprintf(`{"id":"assembly","languages":["en"],"names":[["en","Assembly"]],"offices":[{"capacity":"Secretary","person":"%s"},{"capacity":"Secretary","person":"%s"},{"capacity":"Rapporteur","person":"%s"}],"seat":"hall","zone":"Etc/UTC"}`, benchPerson(1), benchPerson(2), benchPerson(3)), "")
	a.secretary("AdoptRules", `{"basis":"I/1","rules":{"name":"Rules","quorumToOpen":{"over":[1,2],"rule":"rule 1"},"speaking":{"rule":"rule 2","seconds":600},"version":"1"}}`, "")
	a.secretary("NamePlace", `{"names":[["en","Hall"]],"place":"hall","type":"hall"}`, "")
	a.do("Rapporteur", 3, "RegisterSource", `{"outlet":"Gazette","source":"gazette"}`, "", "")
	second := record.With{As: "Secretary", By: benchPerson(2)}
	for p := range benchParties {
		party := fmt.Sprintf("p%d", p)
		a.secretary("NameParty", fmt.Sprintf(`{"party":"%s","short":[["en","Party %d"]]}`, party, p), "")
		a.secretary("AdmitParty", fmt.Sprintf(`{"basis":"founder","from":"2020-01-01","party":"%s"}`, party), "")
		a.person(10 + p)
		a.secretary("GrantOffice", fmt.Sprintf(`{"capacity":"Head","for":"%s","person":"%s"}`, party, benchPerson(10+p)), "", second)
	}
	a.secretary("GrantOffice", fmt.Sprintf(`{"capacity":"Chair","person":"%s"}`, benchPerson(10)), "", second)
}

func (a *assembler) person(n int) {
	digest := record.DigestOf(fmt.Append(nil, "person", n))
	a.secretary("RegisterPerson", fmt.Sprintf(`{"names":[["en",{"sealed":"%s"}]],"person":"%s"}`, digest, benchPerson(n)), "")
	a.secretary("PublishName", fmt.Sprintf(`{"audience":"public","basis":"head-of-delegation","languages":["en"],"person":"%s"}`, benchPerson(n)), "")
}

// meet is one meeting: some ten rounds of thirty speakers.
func (a *assembler) meet(n int64) {
	m := fmt.Sprintf("m%d", n)
	a.secretary("ConveneMeeting", fmt.Sprintf(`{"from":"2026-01-01","meeting":"%s","ordinal":%d,"place":"hall"}`, m, n), "")
	a.do("Rapporteur", 3, "Report", fmt.Sprintf(`{"fact":{"kind":"WreathLaid","meeting":"%s","place":"hall"},"sources":["gazette"],"when":{"date":"2026-01-01","known":"day"}}`, m), "", "")
	a.person(int(1000 + n))
	for p := range benchParties {
		a.secretary("RecordPresence", fmt.Sprintf(`{"party":"p%d"}`, p), m)
	}
	a.do("Chair", 10, "OpenMeeting", "", m, "")
	for round := range 100 {
		for p := range benchParties {
			a.do("Head", 10+p, "AskFloor", fmt.Sprintf(`{"request":"%s-%d-%d"}`, m, round, p), m, fmt.Sprintf("p%d", p))
		}
		for p := range benchParties {
			a.do("Chair", 10, "GiveFloor", fmt.Sprintf(`{"request":"%s-%d-%d"}`, m, round, p), m, "")
			a.do("Head", 10+p, "EndFloor", `{"points":[{"manner":"partnership","of":["partnership"]}],"why":"done"}`, m, fmt.Sprintf("p%d", p))
		}
	}
	a.do("Chair", 10, "CloseMeeting", `{"next":"hall"}`, m, "")
}

// benchVerify hashes the tree from memory and from the file, beside SHA-256 over the same bytes. One goroutine each.
func benchVerify(ctx context.Context) (*figures, error) {
	const size = 100_000
	dir, err := os.MkdirTemp("", "kurultai-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "entries")
	if _, _, err := assembly(path, size); err != nil {
		return nil, err
	}
	var entries [][]byte
	if err := framed(path, func(_ int64, b []byte) error { entries = append(entries, b); return nil }); err != nil {
		return nil, err
	}
	e, err := sqlite.Open(filepath.Join(dir, "record"), sqlite.Options{})
	if err != nil {
		return nil, err
	}
	defer e.Close()
	for from := 0; from < size; from += 1000 {
		if _, err := e.Append(ctx, int64(from), record.Group{Entries: entries[from : from+1000]}, recordtest.Key().SignCheckpoint); err != nil {
			return nil, err
		}
	}
	head, err := e.Head(ctx)
	if err != nil {
		return nil, err
	}
	var bare, memory, file []float64
	for range benchRounds {
		start := time.Now()
		for _, b := range entries {
			sha256.Sum256(b)
		}
		bare = append(bare, seconds(start))
		start = time.Now()
		var edge record.Edge
		for _, b := range entries {
			edge.Append(tlog.RecordHash(b))
		}
		if edge.Root() != head.Root {
			return nil, errors.New("the tree in memory has another root")
		}
		memory = append(memory, seconds(start))
		start = time.Now()
		edge = record.Edge{}
		for s, err := range e.Read(ctx, 0) {
			if err != nil {
				return nil, err
			}
			edge.Append(tlog.RecordHash(s.Bytes))
		}
		if edge.Root() != head.Root {
			return nil, errors.New("the tree from the file has another root")
		}
		file = append(file, seconds(start))
	}
	f := &figures{what: "verify"}
	f.add("ratio", median(memory)/median(bare), "", "tree in memory beside SHA-256 over the same bytes").atMost(1.75)
	f.add("file_ratio", median(file)/median(bare), "", "tree from the file beside SHA-256 over the same bytes").atMost(4)
	f.add("entries_per_s", size/median(file), "entries/s", "from the file")
	f.add("reference_per_s", size/median(bare), "entries/s", "SHA-256 alone")
	f.add("rounds", benchRounds, "", "the median of these counts; the sides alternate")
	return f, nil
}

// benchCommunique tells Baku in all languages.
func benchCommunique(ctx context.Context) (*figures, error) {
	dir, err := os.MkdirTemp("", "kurultai-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	text, _ := story.Shipped("baku")
	lines, err := story.Parse(strings.NewReader(string(text)))
	if err != nil {
		return nil, err
	}
	_, h, err := foundOrOpen(ctx, filepath.Join(dir, "record"), "", lines)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	if err := story.Play(ctx, h.s, h.log.Origin(), lines, wall, strings.NewReader(""), nil, func(story.Played) {}); err != nil {
		return nil, err
	}
	v := h.s.View()
	id, err := meetingNamed(v.State(), "")
	if err != nil {
		return nil, err
	}
	var all, parse []float64
	size := 0
	for range 21 {
		start := time.Now()
		size = 0
		for _, l := range language.All() {
			c, err := paper.Communique(v, id, l)
			if err != nil {
				return nil, err
			}
			size += len(c.Text())
		}
		all = append(all, seconds(start))
		start = time.Now()
		if _, err := story.Parse(strings.NewReader(string(text))); err != nil {
			return nil, err
		}
		parse = append(parse, seconds(start))
	}
	f := &figures{what: "communique"}
	f.add("ratio", median(all)/median(parse), "", "telling the meeting in nine languages beside parsing its story once")
	f.add("ms", median(all)*1000, "ms", fmt.Sprintf("nine languages, %d bytes of text", size)).atMost(50)
	f.add("reference_ms", median(parse)*1000, "ms", "parsing the story")
	return f, nil
}
