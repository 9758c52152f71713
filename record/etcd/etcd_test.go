package etcd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kurultai/record"
	"kurultai/record/recordtest"

	"github.com/ncruces/go-sqlite3"
	"golang.org/x/mod/sumdb/tlog"
)

// free is a URL on this machine that nobody listens on, of a port that the system gives to nobody by itself: a member
// comes back to it.
func free(t testing.TB) string {
	t.Helper()
	for range 100 {
		at := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		if l, err := net.Listen("tcp", at); err == nil {
			l.Close()
			return "http://" + at
		}
	}
	t.Fatal("no port is free")
	return ""
}

// A member is a node with its copy, in one folder.
type member struct {
	config NodeConfig
	node   *Node
	*Engine
	aside  string // where its damaged copy was put
	peers  []*member
	server *httptest.Server // for the others; answers while the member is up
}

func (m *member) start(t testing.TB) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var err error
	if m.node, err = StartNode(ctx, m.config); err != nil {
		t.Error(err)
		return
	}
	kept, aside, err := OpenCopy(ctx, filepath.Join(m.config.Dir, "copy"))
	if err != nil {
		t.Error(err)
		return
	}
	m.aside = aside
	if m.Engine, err = Open(ctx, Config{Client: m.node.Client, Copy: kept, Peers: m.others, Log: func(err error) { t.Log(m.config.Name, err) }}); err != nil {
		t.Error(err)
	}
}

// Close stops both.
func (m *member) Close() error { return errors.Join(m.Engine.Close(), m.node.Close()) }

func (m *member) others() (list []Peer) {
	for _, p := range m.peers {
		list = append(list, At(p.server.URL, http.DefaultClient))
	}
	return list
}

// quorum starts members in folders.
func quorum(t testing.TB, dirs ...string) []*member {
	t.Helper()
	all, list := map[string]string{}, []*member{}
	for i, dir := range dirs {
		m := &member{config: NodeConfig{Name: fmt.Sprint("m", i), Dir: dir, Peer: free(t), Client: free(t), Members: all, Cluster: t.Name()}}
		all[m.config.Name] = m.config.Peer
		m.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if m.Engine.ctx.Err() != nil {
				panic(http.ErrAbortHandler)
			}
			Serve(m.Copy).ServeHTTP(w, r)
		}))
		t.Cleanup(m.server.Close)
		list = append(list, m)
	}
	started := make(chan bool)
	for i, m := range list {
		for j, p := range list {
			if i != j {
				m.peers = append(m.peers, p)
			}
		}
		go func() { m.start(t); started <- true }()
	}
	for range list {
		<-started
	}
	if t.Failed() {
		t.FailNow()
	}
	return list
}

func TestContract(t *testing.T) {
	configs := map[string]NodeConfig{}
	recordtest.Test(t, func(t *testing.T, dir string) record.Engine {
		if c, again := configs[dir]; again { // the addresses are part of what etcd remembers
			m := &member{config: c}
			m.start(t)
			return m
		}
		m := quorum(t, dir)[0]
		configs[dir] = m.config
		return m
	})
}

// add appends one entry at a node as its record stands, again while others are first or the outcome is unknown.
func add(t testing.TB, m *member, text string) record.Checkpoint {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for {
		head, err := m.Head(ctx)
		for err == nil {
			g := record.Group{Entries: [][]byte{recordtest.Entry(head.Size, text)}}
			var got record.Checkpoint
			if got, err = m.Append(ctx, head.Size, g, recordtest.Key().SignCheckpoint); err == nil {
				return got
			}
			if errors.Is(err, record.ErrUnknown) && ctx.Err() == nil {
				err = nil // the same call again
			}
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// whole waits until a node's own copy has a size, and holds it against its checkpoint.
func whole(t testing.TB, m *member, size int64) record.Checkpoint {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	if err := m.reach(ctx, size); err != nil {
		t.Fatalf("%s has not %d entries: %v", m.config.Name, size, err)
	}
	if _, err := recordtest.Whole(m.Copy, nil); err != nil {
		t.Errorf("%s: %v", m.config.Name, err)
	}
	head, err := m.Copy.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// Three members append at once, one of them goes away and comes back, and every copy is the same in the end.
func TestAQuorumKeepsOneRecord(t *testing.T) {
	list := quorum(t, t.TempDir(), t.TempDir(), t.TempDir())
	defer func() {
		for _, m := range list {
			m.Close()
		}
	}()
	const each = 10
	told := make(chan record.Checkpoint, 3*each)
	var wait sync.WaitGroup
	for _, m := range list {
		wait.Go(func() {
			for n := range each {
				told <- add(t, m, fmt.Sprint(m.config.Name, n))
			}
		})
	}
	wait.Wait()
	close(told)
	sizes := map[int64]bool{}
	for c := range told {
		if sizes[c.Size] {
			t.Errorf("two appends were told the size %d", c.Size)
		}
		sizes[c.Size] = true
	}
	if len(sizes) != 3*each {
		t.Errorf("%d appends acknowledged of %d", len(sizes), 3*each)
	}
	for _, m := range list {
		whole(t, m, 3*each)
	}
	gone := list[2]
	if err := gone.Close(); err != nil {
		t.Error(err)
	}
	blob := []byte("on two disks of three")
	d, err := list[0].PutBlob(t.Context(), blob)
	if err != nil {
		t.Fatal(err)
	}
	last := add(t, list[0], "while one is away")
	if err := list[1].Cosign(t.Context(), record.Checkpoint{Size: last.Size, Note: append(bytes.Clone(last.Note), "\u2014 w1 AAAAAAA=\n"...)}); err != nil {
		t.Fatal(err)
	}
	gone.start(t)
	heads := map[string]bool{}
	for _, m := range list {
		head := whole(t, m, last.Size)
		heads[head.Root.String()] = true
	}
	if len(heads) != 1 {
		t.Errorf("%d trees", len(heads))
	}
	eventually(t, "the cosignature", func() bool {
		head, err := gone.Copy.Head(t.Context())
		return err == nil && bytes.Contains(head.Note, []byte("\u2014 w1 "))
	})
	if got, err := gone.Blob(t.Context(), d); err != nil || !bytes.Equal(got, blob) {
		t.Errorf("the file put while it was away: %q, %v", got, err)
	}
	if kept, err := gone.Copy.Blob(t.Context(), d); err != nil || !bytes.Equal(kept, blob) {
		t.Errorf("it was fetched and not kept: %v", err)
	}
}

func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for range 500 {
		if done() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s did not come", what)
}

// A minority neither appends nor says what the head is; what it holds can be read.
func TestAMinorityTakesNothing(t *testing.T) {
	list := quorum(t, t.TempDir(), t.TempDir(), t.TempDir())
	first := add(t, list[0], "all are here")
	whole(t, list[2], first.Size)
	if err := errors.Join(list[0].Close(), list[1].Close()); err != nil {
		t.Error(err)
	}
	alone := list[2]
	defer alone.Close()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	g := record.Group{Entries: [][]byte{recordtest.Entry(first.Size, "alone")}}
	if _, err := alone.Append(ctx, first.Size, g, recordtest.Key().SignCheckpoint); !errors.Is(err, record.ErrUnknown) {
		t.Errorf("a minority appended: %v", err)
	}
	if _, err := alone.Head(ctx); err == nil {
		t.Error("a minority says what the newest checkpoint is")
	}
	if _, err := alone.PutBlob(t.Context(), []byte("alone")); err != nil {
		t.Log(err)
	} else {
		t.Error("a blob on one disk of three counts as kept")
	}
	n := int64(0)
	for s, err := range alone.Read(t.Context(), 0) {
		if err != nil || s.Index != n {
			t.Fatal(s, err)
		}
		n++
	}
	if n != first.Size {
		t.Errorf("%d entries can be read of %d", n, first.Size)
	}
}

// A writer that dies between the two steps leaves entries without a checkpoint: nobody shows them, whoever appends next
// publishes them, and the same call made again gets its checkpoint.
func TestAGroupIsPublishedByWhoeverComesNext(t *testing.T) {
	list := quorum(t, t.TempDir())
	m := list[0]
	defer m.Close()
	first := add(t, m, "first")
	g := record.Group{Entries: [][]byte{recordtest.Entry(1, "left behind"), recordtest.Entry(2, "left behind too")}}
	dies := errors.New("died")
	ctx, die := context.WithCancelCause(t.Context())
	_, err := m.Append(ctx, 1, g, func(int64, tlog.Hash) ([]byte, error) {
		die(dies) // no step behind it is taken any more
		return nil, dies
	})
	if !errors.Is(err, dies) {
		t.Fatal(err)
	}
	if head, err := m.Head(t.Context()); err != nil || head.Size != first.Size {
		t.Errorf("what nobody signed is shown: %d, %v", head.Size, err)
	}
	other := record.Group{Entries: [][]byte{recordtest.Entry(1, "another")}}
	if _, err := m.Append(t.Context(), 1, other, recordtest.Key().SignCheckpoint); !errors.Is(err, record.ErrConflict) {
		t.Fatalf("appended over what is committed: %v", err)
	}
	head, err := m.Head(t.Context())
	if err != nil || head.Size != 3 {
		t.Fatalf("it was not published: %d, %v", head.Size, err)
	}
	if _, err := recordtest.Whole(m, map[int64]string{1: string(record.DigestOf(g.Entries[0])), 2: string(record.DigestOf(g.Entries[1]))}); err != nil {
		t.Error(err)
	}
}

// The outcome of an append is unknown where the answer was lost; the same call again finds what it did, and does it once.
func TestTheSameCallAgain(t *testing.T) {
	m := quorum(t, t.TempDir())[0]
	defer m.Close()
	g := record.Group{Entries: [][]byte{recordtest.Entry(0, "once")}}
	lost := errors.New("the answer was lost")
	tries := 0
	var head record.Checkpoint
	var err error
	for {
		ctx, stop := context.WithCancelCause(t.Context())
		if tries++; tries > 1 {
			defer stop(nil)
		}
		head, err = m.Append(ctx, 0, g, func(size int64, root tlog.Hash) ([]byte, error) {
			if tries == 1 {
				stop(lost) // committed, and publishing fails
			}
			return recordtest.Key().SignCheckpoint(size, root)
		})
		if !errors.Is(err, record.ErrUnknown) || tries == 3 {
			break
		}
	}
	if err != nil || tries != 2 || head.Size != 1 {
		t.Fatalf("after %d calls: %d, %v", tries, head.Size, err)
	}
	if _, err := m.Append(t.Context(), 0, g, recordtest.Key().SignCheckpoint); !errors.Is(err, record.ErrConflict) {
		t.Errorf("a call nobody doubts any more: %v", err)
	}
	if _, err := recordtest.Whole(m, nil); err != nil {
		t.Error(err)
	}
}

// What etcd holds no more, for it was trimmed, a member that was away reads from another's copy.
func TestAMemberThatWasAwayReadsWhatWasTrimmed(t *testing.T) {
	list := quorum(t, t.TempDir(), t.TempDir(), t.TempDir())
	defer func() {
		for _, m := range list {
			m.Close()
		}
	}()
	first := add(t, list[0], "all are here")
	whole(t, list[2], first.Size)
	away := list[2]
	if err := away.Close(); err != nil {
		t.Error(err)
	}
	for n := range 5 {
		add(t, list[0], fmt.Sprint("away", n))
	}
	g := record.Group{Entries: [][]byte{recordtest.Entry(6, "closed")}, Keys: []record.ClosedKey{{By: "a", Key: "k", Digest: "d", Index: 6}},
		Rows: []record.Row{{Index: 6, Digest: "d1", Subject: "p", Name: "n", Nonce: []byte("123456789012"), Ciphertext: []byte("c")}}}
	last, err := list[0].Append(t.Context(), 6, g, recordtest.Key().SignCheckpoint)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := list[0].Trim(t.Context(), last.Size); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	away.start(t)
	whole(t, away, last.Size)
	if k, err := away.ClosedKey(t.Context(), "a", "k"); err != nil || k != g.Keys[0] {
		t.Error(k, err)
	}
	if r, err := away.Row(t.Context(), "d1"); err != nil || string(r.Ciphertext) != "c" {
		t.Error(r, err)
	}
	if next := add(t, away, "and goes on"); next.Size != last.Size+1 {
		t.Errorf("size %d", next.Size)
	}
}

// One member leads at a time; when it goes, another does.
func TestOneLeads(t *testing.T) {
	list := quorum(t, t.TempDir(), t.TempDir(), t.TempDir())
	defer list[1].Close()
	defer list[2].Close()
	leading, _, err := list[0].node.Lead(t.Context(), "m0")
	if err != nil {
		t.Fatal(err)
	}
	soon, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	if _, _, err := list[1].node.Lead(soon, "m1"); err == nil {
		t.Fatal("two lead")
	}
	next := make(chan error, 1)
	go func() {
		leads, resign, err := list[1].node.Lead(t.Context(), "m1")
		if err == nil && leads.Err() != nil {
			err = leads.Err()
		}
		if err == nil {
			resign()
			<-leads.Done()
		}
		next <- err
	}()
	if err := list[0].Close(); err != nil {
		t.Error(err)
	}
	select {
	case err := <-next:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nobody leads")
	}
	select {
	case <-leading.Done():
	case <-time.After(20 * time.Second):
		t.Error("who is gone leads still")
	}
}

// A member that was ended within its turn and is back does not wait for that turn to end, which it would have to by itself.
func TestWhoComesBackDoesNotWaitForItself(t *testing.T) {
	list := quorum(t, t.TempDir())
	defer list[0].Close()
	before, _, err := list[0].node.Lead(t.Context(), "m0") // as if nobody were there any more to give it away
	if err != nil {
		t.Fatal(err)
	}
	soon, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	leading, _, err := list[0].node.Lead(soon, "m0")
	if err != nil || leading.Err() != nil {
		t.Fatal("it waits for itself: ", err)
	}
	<-before.Done()
}

func FuzzGroup(f *testing.F) {
	f.Add(pack(record.Group{Entries: [][]byte{[]byte("e")}, Rows: []record.Row{{Index: 1, Digest: "d", Nonce: []byte("n")}}, Keys: []record.ClosedKey{{By: "a", Index: 3}}}))
	f.Add([]byte{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := unpack(b)
		if err != nil {
			return
		}
		again, err := unpack(pack(g))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(g) {
			t.Errorf("%v, %v", again, err)
		}
	})
}

// A copy of which bytes were changed on the disk is put aside and filled again from the others.
func TestADamagedCopyIsHealed(t *testing.T) {
	list := quorum(t, t.TempDir(), t.TempDir(), t.TempDir())
	defer func() {
		for _, m := range list {
			m.Close()
		}
	}()
	blob := []byte("a file on every disk")
	d, err := list[0].PutBlob(t.Context(), blob)
	if err != nil {
		t.Fatal(err)
	}
	var last record.Checkpoint
	for n := range 4 {
		last = add(t, list[0], fmt.Sprint("entry ", n))
	}
	hurt := list[2]
	whole(t, hurt, last.Size)
	if _, err := list[0].Trim(t.Context(), last.Size); err != nil {
		t.Fatal(err)
	}
	for name, sql := range map[string]string{
		"an entry":       "UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), '2026', '2027') AS BLOB) WHERE idx = 2",
		"a hash":         "UPDATE entries SET hash = zeroblob(32) WHERE idx = 1",
		"a lost entry":   "DELETE FROM entries WHERE idx = 3",
		"the checkpoint": "DELETE FROM checkpoints",
		"the file":       "",
	} {
		if err := hurt.Close(); err != nil {
			t.Error(err)
		}
		path := filepath.Join(hurt.config.Dir, "copy", "record.db")
		if sql == "" {
			os.Remove(path + "-wal")
			if err := os.WriteFile(path, []byte("no database at all, but long enough to be looked at"), 0o600); err != nil {
				t.Fatal(err)
			}
		} else {
			c, err := sqlite3.Open(path)
			if err == nil {
				err = errors.Join(c.Exec(sql), c.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		hurt.aside = ""
		hurt.start(t)
		if head := whole(t, hurt, last.Size); head.Root != last.Root || hurt.aside == "" {
			t.Errorf("%s: root %s, put aside in %q", name, head.Root, hurt.aside)
		}
	}
	var files []string
	err = filepath.WalkDir(filepath.Join(hurt.config.Dir, "copy", "blobs"), func(path string, f fs.DirEntry, err error) error {
		if err == nil && f.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("a filE on every disk"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, from := range []record.Engine{hurt, hurt.Copy} {
		if got, err := from.Blob(t.Context(), d); err != nil || !bytes.Equal(got, blob) {
			t.Errorf("a damaged file: %q, %v", got, err)
		}
	}
}

// What another member publishes while this one is about to publish the same reaches this one's copy, though it did not
// follow meanwhile.
func TestWhoIsLatePublishingFollows(t *testing.T) {
	list := quorum(t, t.TempDir(), t.TempDir(), t.TempDir())
	defer func() {
		for _, m := range list {
			m.Close()
		}
	}()
	first, late := list[0], list[1]
	seen := late.Client.Watch(t.Context(), checkpointKey)
	late.mine.Store(1) // as if it stood before its transaction
	add(t, first, "x")
	<-seen // the late one's member has told it
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	g := record.Group{Entries: [][]byte{recordtest.Entry(0, "x")}}
	head, err := late.publishFrom(ctx, record.Checkpoint{}, 0, 1, &g, recordtest.Key().SignCheckpoint)
	if err != nil || head.Size != 1 {
		t.Errorf("%d, %v", head.Size, err)
	}
	whole(t, late, 1)
}

// A member that waits for a majority that does not come can be told to stop, and stops.
func TestAMemberThatWaitsCanBeStopped(t *testing.T) {
	config := NodeConfig{Name: "m0", Dir: t.TempDir(), Peer: free(t), Client: free(t), Members: map[string]string{}, Cluster: t.Name()}
	config.Members["m0"], config.Members["m1"] = config.Peer, free(t)
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		_, err := StartNode(ctx, config)
		ended <- err
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it goes on waiting")
	}
}

// Where etcd's log cannot be written, the start fails and says so; the program goes on.
func TestALogThatCannotBeWrittenIsNoPanic(t *testing.T) {
	config := NodeConfig{Name: "m0", Dir: t.TempDir(), Peer: free(t), Client: free(t), Members: map[string]string{}, Cluster: t.Name()}
	config.Members["m0"] = config.Peer
	if err := os.MkdirAll(filepath.Join(config.Dir, "etcd", "member"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/proc/nowhere", filepath.Join(config.Dir, "etcd", "member", "wal.tmp")); err != nil {
		t.Fatal(err)
	}
	if n, err := StartNode(t.Context(), config); err == nil {
		n.Close()
		t.Error("it starts without a log")
	} else if !strings.Contains(err.Error(), "it gave up: ") {
		t.Errorf("it fails otherwise: %v", err)
	}
}

// cramped is a copy whose disk may have no room.
type cramped struct {
	Copy
	full atomic.Bool
}

func (c *cramped) Append(ctx context.Context, expect int64, g record.Group, sign record.SignFunc) (record.Checkpoint, error) {
	if c.full.Load() {
		return record.Checkpoint{}, record.ErrFull
	}
	return c.Copy.Append(ctx, expect, g, sign)
}

// Who appends where the copy has no room hears so at once, and again, while a majority holds the group; once there is room it
// stands here too.
func TestACopyWithoutRoomIsNotWaitedFor(t *testing.T) {
	dir := t.TempDir()
	m := quorum(t, dir)[0]
	if err := m.Engine.Close(); err != nil {
		t.Fatal(err)
	}
	kept, _, err := OpenCopy(t.Context(), filepath.Join(dir, "copy"))
	if err != nil {
		t.Fatal(err)
	}
	c := &cramped{Copy: kept}
	if m.Engine, err = Open(t.Context(), Config{Client: m.node.Client, Copy: c, Patience: 20 * time.Second}); err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	head := add(t, m, "before")
	c.full.Store(true)
	g := record.Group{Entries: [][]byte{recordtest.Entry(head.Size, "no room")}}
	for i := range 3 {
		began := time.Now()
		_, err := m.Append(t.Context(), head.Size, g, recordtest.Key().SignCheckpoint)
		if !errors.Is(err, record.ErrUnknown) || !errors.Is(err, record.ErrFull) || time.Since(began) > 10*time.Second {
			t.Errorf("call %d: %v after %v", i, err, time.Since(began))
		}
	}
	c.full.Store(false)
	for {
		got, err := m.Append(t.Context(), head.Size, g, recordtest.Key().SignCheckpoint)
		if err == nil {
			if got.Size != head.Size+1 {
				t.Errorf("%d entries", got.Size)
			}
			return
		}
		if !errors.Is(err, record.ErrUnknown) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
