package recordtest

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

// Key is a log key for tests, always the same, of the story body "test".
func Key() *record.LogKey {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	k, err := record.NewLogKey(record.StoryOrigin("test", private.Public().(ed25519.PublicKey)), private)
	if err != nil {
		panic(err)
	}
	return k
}

// Entry makes the bytes of an entry of no meaning; n of them tell each other apart.
func Entry(index int64, text string) []byte {
	return fmt.Appendf(nil, `{"at":"2026-01-01T00:00:00.000Z","closed":"%s","index":%d}`, record.DigestOf([]byte(text)), index)
}

// authors is how many append at once in the child.
const authors = 8

// CrashChild appends from many goroutines without end, a third of the groups with a row that names a blob stored just
// before, and prints index and digest of each entry that was
// acknowledged, until the process is killed. An author whom another forestalled appends the same texts again.
func CrashChild(e record.Engine, out io.Writer) error {
	fail := make(chan error, authors)
	start := time.Now().UnixNano()
	for author := range authors {
		go func() {
			var err error
			for n := 0; err == nil; n++ {
				err = appendOnce(e, out, 1+n%3, fmt.Sprint(start, author, n))
			}
			fail <- err
		}()
	}
	return <-fail
}

// appendOnce appends a group of count entries, again while others are first, and then prints its lines at once.
func appendOnce(e record.Engine, out io.Writer, count int, text string) error {
	for {
		head, err := e.Head(context.Background())
		if err != nil {
			return err
		}
		var g record.Group
		var lines string
		for i := range int64(count) {
			b := Entry(head.Size+i, fmt.Sprint(text, i))
			g.Entries = append(g.Entries, b)
			lines += fmt.Sprintf("%d %s\n", head.Size+i, record.DigestOf(b))
		}
		if count == 1 {
			at, err := e.PutBlob(context.Background(), []byte(text))
			if err != nil {
				return err
			}
			g.Rows = []record.Row{{Index: head.Size, Digest: record.DigestOf([]byte("row " + text)), Subject: "s", Name: "n", Nonce: make([]byte, 12), Ciphertext: []byte("c"), Blob: at}}
		}
		_, err = e.Append(context.Background(), head.Size, g, Key().SignCheckpoint)
		if errors.Is(err, record.ErrConflict) {
			continue
		}
		if err == nil {
			_, err = io.WriteString(out, lines)
		}
		return err
	}
}

// Crashed is what a number of kills came to.
type Crashed struct {
	Rounds       int
	Acknowledged int64 // entries acknowledged before a kill
	Lost         int64 // of these, not there afterwards, or with other bytes
	Doubled      int64 // entries that are there more than once
}

// Crash kills, at random moments, a process that appends to the record in dir, and looks each time whether all it
// acknowledged is there and the tree is whole. child makes the command that runs CrashChild with its lines on
// standard output; open opens the record. The same seed waits for the same times.
func Crash(rounds int, seed uint64, child func() *exec.Cmd, open func() (record.Engine, error)) (c Crashed, err error) {
	chance := rand.New(rand.NewPCG(seed, 0))
	told := map[int64]string{}
	for c.Rounds < rounds {
		err := Kill(child(), time.Duration(1+chance.IntN(60))*time.Millisecond, func(line string) {
			var index int64
			var digest string
			if _, err := fmt.Sscanf(line, "%d %s", &index, &digest); err == nil && len(digest) == 43 {
				told[index] = digest
			}
		})
		if err != nil {
			return c, err
		}
		e, err := open()
		if err != nil {
			return c, fmt.Errorf("round %d: opening after the kill: %w", c.Rounds, err)
		}
		lost, err := Whole(e, told)
		doubled, err2 := doubles(e)
		if err = errors.Join(err, err2, e.Close()); err != nil {
			return c, fmt.Errorf("round %d: %w", c.Rounds, err)
		}
		c.Rounds++
		c.Acknowledged, c.Lost, c.Doubled = int64(len(told)), c.Lost+lost, doubled
	}
	return c, nil
}

// Kill runs the command until wait after its first line, and tells each line it wrote. The last may be cut short.
func Kill(cmd *exec.Cmd, wait time.Duration, tell func(line string)) error {
	var talk strings.Builder
	cmd.Stderr = &talk
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	first := true
	for in := bufio.NewScanner(out); in.Scan(); {
		tell(in.Text())
		if first {
			first = false
			time.AfterFunc(wait, func() { cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); first {
		return fmt.Errorf("the child wrote nothing: %w: %s", err, talk.String())
	}
	return nil
}

// Whole reads the record and counts those of told that are not there as told. The entries must make the tree of
// the newest checkpoint.
func Whole(e record.Engine, told map[int64]string) (lost int64, err error) {
	ctx := context.Background()
	head, err := e.Head(ctx)
	if err != nil {
		return 0, err
	}
	var edge record.Edge
	for s, err := range e.Read(ctx, 0) {
		if err != nil {
			return 0, err
		}
		if s.Index != edge.Size() || s.Hash != tlog.RecordHash(s.Bytes) {
			return 0, fmt.Errorf("entry %d is out of place or damaged", s.Index)
		}
		if want, ok := told[s.Index]; ok && want != string(record.DigestOf(s.Bytes)) {
			lost++
		}
		edge.Append(s.Hash)
	}
	if edge.Size() != head.Size || edge.Size() > 0 && edge.Root() != head.Root {
		return 0, fmt.Errorf("%d entries and a checkpoint of %d", edge.Size(), head.Size)
	}
	for index := range told {
		if index >= head.Size {
			lost++
		}
	}
	return lost, named(e)
}

// named looks whether each blob a row names is there.
func named(e record.Engine) error {
	for r, err := range e.Rows(context.Background(), 0) {
		if err == nil && r.Blob != "" {
			_, err = e.Blob(context.Background(), r.Blob)
		}
		if err != nil {
			return fmt.Errorf("entry %d and its blob: %w", r.Index, err)
		}
	}
	return nil
}

// doubles counts the entries whose text stands before them already: texts of Entry are all different.
func doubles(e record.Engine) (n int64, err error) {
	seen := map[string]bool{}
	for s, err := range e.Read(context.Background(), 0) {
		if err != nil {
			return n, err
		}
		text, _, _ := strings.Cut(string(s.Bytes), `,"index":`)
		if seen[text] {
			n++
		}
		seen[text] = true
	}
	return n, nil
}
