package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/recordtest"
	"kurultai/secretariat"
)

// crashAuthors is how many authors act at once in the process that is killed.
const crashAuthors = 8

// benchCrash kills a process whose secretariat takes acts of many authors, again and again.
func benchCrash(ctx context.Context, rounds int, seed uint64) (*figures, error) {
	dir, err := os.MkdirTemp(".", ".bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	h, _, err := (&appendBench{ctx: ctx, dir: dir}).room("room")
	if err != nil {
		return nil, err
	}
	c := &crash{ctx: ctx, dir: filepath.Join(dir, "room"), size: h.s.View().State().Size}
	if err := h.Close(); err != nil {
		return nil, err
	}
	start, chance := time.Now(), rand.New(rand.NewPCG(seed, 0))
	for round := range rounds {
		if err := c.kill(round, time.Duration(1+chance.IntN(60))*time.Millisecond); err != nil {
			return nil, fmt.Errorf("round %d: %w", round, err)
		}
	}
	f := &figures{what: "crash"}
	f.add("lost", float64(c.lost), "acts", "acknowledged and not there after a kill").atMost(0)
	f.add("doubled", float64(c.doubled), "entries", "too many, when what was not acknowledged was submitted again").atMost(0)
	f.add("acknowledged", float64(c.acknowledged), "acts", fmt.Sprintf("of %d authors at once, open and closed", crashAuthors))
	f.add("again", float64(c.again), "acts", "not acknowledged and yet there: they got their first receipt")
	f.add("rounds", float64(rounds), "kills", fmt.Sprintf("seed %d, %.1f s", seed, seconds(start)))
	return f, nil
}

// A crash is what a number of kills came to.
type crash struct {
	ctx  context.Context
	dir  string
	size int64 // entries there must be

	lost, doubled, acknowledged, again int64
}

// crashAct is the same act whoever makes it: the n-th of an author in a round. Each third is closed and makes a key.
func crashAct(v *secretariat.View, round, author, n int) *secretariat.Act {
	key := sha256.Sum256(fmt.Append(nil, round, author, n))
	secretary := string(v.State().Holders(conference.Secretary)[0].Person)
	s := record.Submitted{As: "Secretary", By: secretary, Key: canonical.EncodeBytes(key[:16]), Name: "NamePlace", Origin: v.Origin()}
	fields := benchPlace(key[:16])
	if n%3 == 2 {
		s.Name = "FileNote"
		fields = fmt.Sprintf(`{"note":"n-%x","text":"the hall has been told"}`, key[:16])
	}
	s.Fields, _ = canonical.Parse(fields)
	return &secretariat.Act{Submitted: s}
}

// crashChild submits acts from many goroutines without end and prints author, number and index of each receipt.
func crashChild(ctx context.Context, io streams, dir string, round int) error {
	h, err := openToWrite(ctx, dir, "")
	if err != nil {
		return err
	}
	fail := make(chan error)
	for author := range crashAuthors {
		go func() {
			for n := 0; ; n++ {
				r, err := h.s.Do(ctx, crashAct(h.s.View(), round, author, n))
				if err == nil {
					_, err = fmt.Fprintf(io.out, "%d %d %d.\n", author, n, r.Index)
				}
				if err != nil {
					fail <- err
					return
				}
			}
		}()
	}
	return <-fail
}

// kill lets a process act until wait after its first receipt. Then everything it acknowledged must be there, and what
// each author was about must be there once when it is submitted again; and the whole record must verify.
func (c *crash) kill(round int, wait time.Duration) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.Command(self, "bench", "-rounds", fmt.Sprint(round), "-crash-child", c.dir)
	child.Args[0] = "kurultai" // in a test the program is found by this name
	told := [crashAuthors][]int64{}
	err = recordtest.Kill(child, wait, func(line string) {
		var author, n int
		var index int64
		var stop rune
		if _, err := fmt.Sscanf(line, "%d %d %d%c", &author, &n, &index, &stop); err == nil {
			told[author] = append(told[author], index)
		}
	})
	if err != nil {
		return err
	}
	h, err := openToWrite(c.ctx, c.dir, "")
	if err != nil {
		return err
	}
	defer h.Close()
	for author, indices := range told {
		c.acknowledged += int64(len(indices))
		for n := range len(indices) + 1 {
			r, err := h.s.Do(c.ctx, crashAct(h.s.View(), round, author, n))
			if err != nil {
				return err
			}
			switch {
			case n == len(indices) && r.Again:
				c.again++
			case n < len(indices) && (!r.Again || r.Index != indices[n]):
				c.lost++
			}
		}
		c.size += int64(len(indices)) + 1
	}
	c.doubled = max(0, h.s.View().State().Size-c.size)
	_, err = verifyHouse(c.ctx, h)
	return err
}
