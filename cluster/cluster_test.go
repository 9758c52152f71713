package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kurultai/record"
	"kurultai/record/etcd"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"
)

// A room has members on this machine, each in a folder of its own.
type room struct {
	testing.TB
	said *said
}

// said keeps what members say.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func newRoom(t testing.TB) room {
	r := room{t, &said{}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(r.said.String())
		}
	})
	return r
}

var nextPort = 26000
var portLock sync.Mutex

// free is an address on this machine with three ports that nobody listens on.
func (r room) free() string {
	portLock.Lock()
	defer portLock.Unlock()
	for range 300 {
		nextPort += 3
		free := true
		for i := range 3 {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", nextPort+i))
			if free = free && err == nil; err == nil {
				l.Close()
			}
		}
		if free {
			return fmt.Sprintf("127.0.0.1:%d", nextPort)
		}
	}
	r.Fatal("no ports are free")
	return ""
}

// alone is a record of one machine with n entries, closed.
func (r room) alone(n int) string {
	dir := r.TempDir()
	e, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		r.Fatal(err)
	}
	for i := range n {
		if _, err := e.Append(context.Background(), int64(i), record.Group{Entries: [][]byte{recordtest.Entry(int64(i), fmt.Sprint("alone ", i))}}, recordtest.Key().SignCheckpoint); err != nil {
			r.Fatal(err)
		}
	}
	if err := errors.Join(e.Close(), os.MkdirAll(filepath.Join(dir, "keys"), 0o700), os.WriteFile(filepath.Join(dir, "keys", "log.key"), []byte(recordtest.Key().Private()+"\n"), 0o600)); err != nil {
		r.Fatal(err)
	}
	return dir
}

// founder is a record of n entries as the first member A, not started.
func (r room) founder(n int, f Founding) string {
	r.Helper()
	dir := r.alone(n)
	f.Name = "A"
	if f.At == "" {
		f.At = r.free()
	}
	if err := Found(dir, f); err != nil {
		r.Fatal(err)
	}
	return dir
}

const upkeep = 100 * time.Millisecond

// start starts the member in dir, with its upkeep.
func (r room) start(dir string) *Member {
	r.Helper()
	m, err := r.tryStart(dir)
	if err != nil {
		r.Fatal(err)
	}
	return m
}

func (r room) tryStart(dir string) (*Member, error) {
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	copied, _, err := etcd.OpenCopy(ctx, dir)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(dir)
	m, err := Start(ctx, dir, copied, Options{Log: slog.New(slog.NewTextHandler(r.said, nil)).With("in", name), Upkeep: upkeep})
	if err != nil {
		return nil, err
	}
	m.done.Go(func() { m.Upkeep(context.Background(), nil) })
	r.Cleanup(func() { m.Close() })
	return m, nil
}

// ticket is a file with which a node joins.
func (r room) ticket(founder, name string) []byte {
	r.Helper()
	b, err := Certify(founder, name, []string{"127.0.0.1"}, false)
	if err != nil {
		r.Fatal(err)
	}
	return b
}

// join adds a node and starts it.
func (r room) join(founder, name string) (*Member, string) {
	r.Helper()
	dir := filepath.Join(r.TempDir(), name)
	if err := Join(context.Background(), dir, r.free(), r.ticket(founder, name)); err != nil {
		r.Fatal(err)
	}
	return r.start(dir), dir
}

// three are members A, B and C, and their folders; all vote.
func (r room) three(n int) (list []*Member, dirs []string) {
	r.Helper()
	dir := r.founder(n, Founding{})
	list, dirs = []*Member{r.start(dir)}, []string{dir}
	for _, name := range []string{"B", "C"} {
		m, d := r.join(dir, name)
		r.votes(m)
		list, dirs = append(list, m), append(dirs, d)
	}
	return list, dirs
}

func (r room) eventually(what string, done func() bool) {
	r.Helper()
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if done() {
			return
		}
	}
	r.Fatalf("it did not come about: %s", what)
}

func (r room) votes(m *Member) {
	r.Helper()
	r.eventually(m.Name()+" votes", func() bool { return m.node.Load().Voting() })
}

// add appends one entry at a member, again where others are first or the outcome is unknown.
func (r room) add(m *Member, text string) record.Checkpoint {
	r.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	for {
		head, err := m.Engine().Head(ctx)
		for err == nil {
			var got record.Checkpoint
			if got, err = m.Engine().Append(ctx, head.Size, record.Group{Entries: [][]byte{recordtest.Entry(head.Size, text)}}, recordtest.Key().SignCheckpoint); err == nil {
				return got
			}
			if errors.Is(err, record.ErrUnknown) && ctx.Err() == nil {
				err = nil
			}
		}
		if ctx.Err() != nil {
			r.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// whole waits until a member's copy is of a size, and holds it against its checkpoint.
func (r room) whole(m *Member, head record.Checkpoint) {
	r.Helper()
	var have record.Checkpoint
	r.eventually(fmt.Sprintf("%s has %d entries", m.Name(), head.Size), func() bool {
		have, _ = m.copied.Head(context.Background())
		return have.Size >= head.Size
	})
	if have.Size != head.Size || have.Root != head.Root {
		r.Errorf("%s has %d entries under %s, not %d under %s", m.Name(), have.Size, have.Root, head.Size, head.Root)
	}
	if _, err := recordtest.Whole(m.copied, nil); err != nil {
		r.Errorf("%s: %v", m.Name(), err)
	}
}

// The record of one machine becomes that of three without losing its history.
func TestOneMachineBecomesThree(t *testing.T) {
	r := newRoom(t)
	list, dirs := r.three(5)
	head := r.add(list[2], "by three")
	if head.Size != 6 {
		t.Errorf("the first entry of three is the %dth", head.Size)
	}
	for _, m := range list {
		r.whole(m, head)
		if n := len(m.Others()); n != 2 {
			t.Errorf("%s sees %d others", m.Name(), n)
		}
	}
	for _, dir := range dirs[1:] {
		if b, err := os.ReadFile(filepath.Join(dir, "keys", "log.key")); err != nil || string(b) != recordtest.Key().Private()+"\n" {
			t.Errorf("the key in %s: %v", dir, err)
		}
	}
	for _, dir := range dirs {
		s, err := Ask(t.Context(), dir)
		if err != nil || len(s.Members) != 3 || !s.Quorum || s.Size != 6 {
			t.Errorf("%+v, %v", s, err)
		}
	}
}
