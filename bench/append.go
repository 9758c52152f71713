package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"kurultai/measure"
	"kurultai/record"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"
)

const (
	entrySize = 400                    // bytes of an entry, as those of a meeting room are
	many      = 64                     // authors at once
	pause     = 150 * time.Millisecond // of an author who acts now and then: longer than any system's interval when tuned
)

// A system takes entries.
type system interface {
	// turn lets authors append for a time, each one entry after another.
	turn(ctx context.Context, t turn) (took, error)
	Close() error
}

// A turn is what authors do.
type turn struct {
	Authors  int           `json:"authors"`
	For      time.Duration `json:"for"`
	Pause    time.Duration `json:"pause,omitempty"` // between two entries of an author
	Provable bool          `json:"provable"`        // wait until a published checkpoint covers the entry, not only until it is acknowledged
}

// took is what came of a turn, in seconds.
type took struct {
	Rate float64 `json:"rate"` // entries a second
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
}

// authors runs a turn. Append returns when an entry is acknowledged or provable.
func authors(t turn, appendOne func(author int, b []byte) error) (took, error) {
	var mu sync.Mutex
	var all []float64
	var wait sync.WaitGroup
	errs := make([]error, t.Authors)
	start := time.Now()
	for a := range t.Authors {
		wait.Go(func() {
			var mine []float64
			for time.Since(start) < t.For {
				b := make([]byte, entrySize)
				rand.Read(b)
				began := time.Now()
				if errs[a] = appendOne(a, b); errs[a] != nil {
					return
				}
				mine = append(mine, time.Since(began).Seconds())
				time.Sleep(t.Pause)
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return took{}, err
	}
	slices.Sort(all)
	return took{float64(len(all)) / time.Since(start).Seconds(), all[len(all)/2], all[len(all)*99/100]}, nil
}

// bare is the loop that writes and syncs.
type bare struct{ *measure.Loop }

func (b bare) turn(_ context.Context, t turn) (took, error) {
	return authors(t, func(_ int, b2 []byte) error { return b.Write(b2) })
}

// ours is an engine of ours behind one writer, as the secretariat is one. What is acknowledged is provable.
type ours struct {
	engine record.Engine
	*measure.Groups
}

func newOurs(ctx context.Context, e record.Engine) (*ours, error) {
	head, err := e.Head(ctx)
	if err != nil && !errors.Is(err, record.ErrNotFound) {
		return nil, err
	}
	size, key := head.Size, recordtest.Key()
	return &ours{e, measure.NewGathered(func(entries [][]byte) error {
		for {
			head, err := e.Append(ctx, size, record.Group{Entries: entries}, key.SignCheckpoint)
			if errors.Is(err, record.ErrUnknown) && ctx.Err() == nil {
				continue // the same call again, as its contract says
			}
			size = head.Size
			return err
		}
	})}, nil
}

func (o *ours) turn(_ context.Context, t turn) (took, error) {
	return authors(t, func(_ int, b []byte) error { return o.Write(b) })
}

func (o *ours) Close() error {
	o.Groups.Close()
	return o.engine.Close()
}

// A contender is a system and which turns it takes.
type contender struct {
	key, title string
	open       func(ctx context.Context, dir string) (system, error)
	later      bool // what it acknowledges is provable only later
	slow       bool // it publishes so rarely that one turn is enough, and that a long one
}

var contenders = []contender{
	{key: "bare", title: "a loop that writes and syncs (fdatasync)", open: func(_ context.Context, dir string) (system, error) {
		l, err := measure.NewLoop(filepath.Join(dir, "file"))
		return bare{l}, err
	}},
	{key: "sqlite", title: "record/sqlite, one machine", open: func(ctx context.Context, dir string) (system, error) {
		e, err := sqlite.Open(dir, sqlite.Options{})
		if err != nil {
			return nil, err
		}
		return newOurs(ctx, e)
	}},
	{key: "etcd", title: "record/etcd, three nodes", open: openQuorum},
	{key: "postgres", title: "PostgreSQL, a connection an author", open: openPostgres},
	{key: "postgres_grouped", title: "PostgreSQL, one writer, all that wait in one INSERT", open: openPostgresGrouped},
	{key: "tessera", title: "Tessera POSIX, its defaults", open: openTessera(nil), later: true, slow: true},
	{key: "tessera_tuned", title: "Tessera POSIX, tuned", open: openTessera(tuned), later: true},
}

// chosen are the systems of a list, or all.
func chosen(keys []string) (list []contender, err error) {
	for _, c := range contenders {
		if keys == nil || slices.Contains(keys, c.key) {
			list = append(list, c)
		}
	}
	if keys != nil && len(list) != len(keys) {
		return nil, errUsage{fmt.Sprintf("of %s not all are systems", strings.Join(keys, ", "))}
	}
	return list, nil
}

// appends measures who takes entries how fast, and when they are provable.
func appends(r run) (*comparison, error) {
	dir, err := os.MkdirTemp(r.dir, ".bench-") // on that disk, not on a file system in memory
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL's user passes through
		return nil, err
	}
	contenders, err := chosen(r.of)
	if err != nil {
		return nil, err
	}
	systems := make([]system, len(contenders))
	for i, c := range contenders {
		in := filepath.Join(dir, c.key)
		if err := os.Mkdir(in, 0o700); err != nil {
			return nil, err
		}
		s, err := c.open(r.ctx, in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.title, err)
		}
		systems[i] = s
		defer s.Close()
	}
	acks := func(key, title string) *table {
		return &table{key: key, title: title, columns: []column{{"rate", "entries/s", "", true}, {"p50", "p50", "s", true}, {"p99", "p99", "s", true}}}
	}
	proofs := func(key, title string) *table {
		return &table{key: key, title: title, columns: []column{{"p50", "p50", "s", false}, {"p99", "p99", "s", false}}}
	}
	together, alone := acks("authors_64", fmt.Sprintf("acknowledged, %d authors", many)), acks("author_1", "acknowledged, one author")
	provable, provableAlone := proofs("provable_64", fmt.Sprintf("provable, %d authors", many)), proofs("provable_1", "provable, one author, one entry after another")
	rarely := proofs("provable_rare", fmt.Sprintf("provable, one author who pauses %v", pause))
	turns := []struct {
		*table
		turn
		proof bool
	}{
		{together, turn{Authors: many, For: r.turn}, false}, {alone, turn{Authors: 1, For: r.turn}, false},
		{provable, turn{Authors: many, For: r.turn, Provable: true}, true}, {provableAlone, turn{Authors: 1, For: r.turn, Provable: true}, true},
		{rarely, turn{Authors: 1, For: r.turn, Provable: true, Pause: pause}, true},
	}
	rows := map[*table]map[string]*row{}
	for _, t := range turns {
		rows[t.table] = map[string]*row{}
		for _, c := range contenders {
			if ours := c.key == "sqlite" || c.key == "etcd"; !t.proof || ours || c.later {
				rows[t.table][c.key] = t.row(c.key, c.title)
			}
		}
	}
	for round := range r.rounds + 1 { // the first warms up and does not count
		for _, t := range turns {
			for i, c := range contenders {
				row, turn := rows[t.table][c.key], t.turn
				if row == nil || c.slow && (t.Provable && (round != 1 || t.table != provable)) {
					continue
				}
				switch {
				case c.slow && t.Provable:
					turn.For = max(turn.For, slowTurn)
				case round == 0:
					turn.For = min(turn.For, warmUp)
				}
				took, err := systems[i].turn(r.ctx, turn)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", c.title, err)
				}
				if round > 0 {
					row.add("rate", took.Rate)
					row.add("p50", took.P50)
					row.add("p99", took.P99)
				}
			}
		}
	}
	c := &comparison{what: "append", tables: []*table{together, alone, provable, provableAlone, rarely}}
	of := func(t *table, key, column string) float64 {
		if rows[t][key] == nil {
			return math.NaN()
		}
		return rows[t][key].median(column)
	}
	c.atLeast("quorum_ratio", of(together, "etcd", "rate")/of(together, "bare", "rate"), 0.10, fmt.Sprintf("three nodes, %d authors: entries a second beside the bare loop (aim 0.2)", many))
	c.atMost("alone_p99_ratio", of(alone, "etcd", "p99")/of(alone, "bare", "p99"), 10, "three nodes, an act alone: p99 beside the bare p99")
	c.atLeast("provable_64_ratio", of(provable, "tessera_tuned", "p50")/of(provable, "etcd", "p50"), 10, fmt.Sprintf("provable, %d authors: Tessera tuned beside three nodes", many))
	c.atLeast("provable_1_ratio", of(provableAlone, "tessera_tuned", "p50")/of(provableAlone, "etcd", "p50"), 10, "provable, one author: Tessera tuned beside three nodes")
	c.notes = append(c.notes,
		fmt.Sprintf("Entries of %d bytes; %d rounds of %v a system, in turn, all on one disk and kept open; the medians of the rounds count.", entrySize, r.rounds, r.turn),
		"record/etcd is three processes with a folder each on that one disk, TLS off; authors and writer are in the process of the node that leads.",
		"Tessera tuned: batches of 64 or 1 ms, a checkpoint each 100 ms (the least it takes); by its defaults 256 or 250 ms, and 10 s. What it acknowledges lies in its tree and on the disk; provable is when the checkpoint it publishes covers it, looked at each millisecond.",
		"PostgreSQL with its defaults (fsync, synchronous_commit and full_page_writes on), over a socket.")
	c.notes = append(c.notes, versions("github.com/transparency-dev/tessera", "github.com/jackc/pgx/v5", "go.etcd.io/etcd/server/v3", "github.com/ncruces/go-sqlite3"))
	return c, nil
}

const (
	warmUp   = 300 * time.Millisecond
	slowTurn = 21 * time.Second // two of Tessera's intervals
)
