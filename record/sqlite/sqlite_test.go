package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"kurultai/record"
	"kurultai/record/recordtest"
)

// crashDir is set in the child of the crash test.
const crashDir = "KURULTAI_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		e, err := Open(dir, Options{})
		if err == nil {
			err = recordtest.CrashChild(e, os.Stdout)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func open(t *testing.T, dir string) record.Engine {
	t.Helper()
	e, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestContract(t *testing.T) { recordtest.Test(t, open) }

func filled(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	e := open(t, dir)
	defer e.Close()
	g := record.Group{Rows: []record.Row{{Index: 3, Digest: "d", Subject: "p", Name: "n", Nonce: []byte("123456789012"), Ciphertext: []byte("c")}}}
	for i := range n {
		g.Entries = append(g.Entries, recordtest.Entry(int64(i), fmt.Sprint(i)))
	}
	if _, err := e.Append(t.Context(), 0, g, recordtest.Key().SignCheckpoint); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestKillsLoseNothingAcknowledged(t *testing.T) {
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := func() *exec.Cmd {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), crashDir+"="+dir)
		return cmd
	}
	c, err := recordtest.Crash(rounds, 1, child, func() (record.Engine, error) { return Open(dir, Options{}) })
	if err != nil {
		t.Fatal(err)
	}
	if c.Lost != 0 || c.Doubled != 0 || c.Acknowledged == 0 || c.Rounds != rounds {
		t.Errorf("%+v", c)
	}
	t.Logf("%d kills, %d entries acknowledged, %d lost", c.Rounds, c.Acknowledged, c.Lost)
}

func TestASecondWriterIsRefusedAndAReaderIsNot(t *testing.T) {
	dir := filled(t, 5)
	e := open(t, dir)
	defer e.Close()
	if second, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("%v, %v", second, err)
	}
	r, err := Open(dir, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Append(t.Context(), 5, record.Group{Entries: [][]byte{[]byte("x")}}, recordtest.Key().SignCheckpoint); err == nil {
		t.Error("a reader appended")
	}
	if _, err := e.Append(t.Context(), 5, record.Group{Entries: [][]byte{recordtest.Entry(5, "x")}}, recordtest.Key().SignCheckpoint); err != nil {
		t.Fatal(err)
	}
	if head, err := r.Head(t.Context()); err != nil || head.Size != 6 {
		t.Errorf("the reader sees %d, %v", head.Size, err)
	}
}

// Another process writes; this one may not.
func TestTwoProcessesDoNotWriteOneRecord(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	_, first := out.Read(make([]byte, 1)) // it writes, so it holds the record
	e, second := Open(dir, Options{})
	go io.Copy(io.Discard, out)
	killed := cmd.Process.Kill()
	cmd.Wait()
	if first != nil || killed != nil || second == nil || !strings.Contains(second.Error(), "another process") {
		t.Fatalf("%v, %v; the second: %v, %v", first, killed, e, second)
	}
	open(t, dir).Close() // the lock died with its process
}

// change runs SQL on the database, as somebody with the file could.
func change(t *testing.T, dir, sql string) {
	t.Helper()
	c, err := sqlite3.Open(filepath.Join(dir, "record.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Exec(sql), c.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestDamageIsFoundAndNamed(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"UPDATE entries SET hash = zeroblob(32) WHERE idx = 3", "entry 3"},
		{"UPDATE entries SET hash = zeroblob(32), bytes = zeroblob(9) WHERE idx >= 3", "entry 3"},
		{"UPDATE entries SET bytes = zeroblob(0), hash = x'6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d' WHERE idx = 3", "root"},
		{"UPDATE entries SET hash = x'00' WHERE idx = 3", "entry 3"},
		{"DELETE FROM entries WHERE idx = 2", "entry 2"},
		{"DELETE FROM entries WHERE idx = 4", "checkpoint"},
		{"UPDATE checkpoints SET note = CAST(replace(CAST(note AS TEXT), char(10) || '5' || char(10), char(10) || '4' || char(10)) AS BLOB)", "checkpoint"},
		{"UPDATE checkpoints SET note = x'00'", "checkpoint"},
		{"DELETE FROM checkpoints", "checkpoint"},
		{"PRAGMA user_version = 2", "draft 2"},
		{"PRAGMA application_id = 7", "draft"},
	} {
		dir := filled(t, 5)
		change(t, dir, c.sql)
		e, err := Open(dir, Options{})
		if err == nil {
			e.Close()
			t.Errorf("%s: opened", c.sql)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not say %q", c.sql, err, c.want)
		}
	}
	// Changed bytes of an entry are found when it is read whole.
	dir := filled(t, 5)
	change(t, dir, "UPDATE entries SET bytes = CAST('x' AS BLOB) WHERE idx = 2")
	e := open(t, dir)
	defer e.Close()
	if _, err := recordtest.Whole(e, nil); err == nil || !strings.Contains(err.Error(), "entry 2") {
		t.Error(err)
	}
}

// A file system of a megabyte is really filled; needs root, to mount it.
func TestAFullDiskRefusesAndWritingResumes(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("this test mounts a small file system and needs root")
		}
		t.Skip("not run: it mounts a small file system and needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatalf("mounting a small file system: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	e := open(t, dir)
	defer func() { e.Close() }()
	size := int64(0)
	one := func() error {
		_, err := e.Append(t.Context(), size, record.Group{Entries: [][]byte{append(recordtest.Entry(size, fmt.Sprint(size)), make([]byte, 4000)...)}}, recordtest.Key().SignCheckpoint)
		if err == nil {
			size++
		}
		return err
	}
	filler := filepath.Join(dir, "filler")
	for i := 0; i < 20; i++ {
		if err := one(); err != nil {
			t.Fatal(err)
		}
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filler, make([]byte, int64(st.Bavail)*st.Bsize-20000), 0o600); err != nil {
		t.Fatal(err)
	}
	var full error
	for range 50 {
		if full = one(); full != nil {
			break
		}
	}
	if !errors.Is(full, record.ErrFull) {
		t.Fatalf("on a full disk: %v", full)
	}
	before := size
	if err := one(); !errors.Is(err, record.ErrFull) {
		t.Errorf("again: %v", err)
	}
	if _, err := recordtest.Whole(e, nil); err != nil {
		t.Errorf("reading on a full disk: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := one(); err != nil {
			t.Fatalf("with room again: %v", err)
		}
	}
	if head, err := e.Head(t.Context()); err != nil || head.Size != before+3 {
		t.Error(head.Size, err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = open(t, dir)
	if _, err := recordtest.Whole(e, nil); err != nil {
		t.Error(err)
	}
}

func TestChangedBytesOfABlobAreAFault(t *testing.T) {
	dir := t.TempDir()
	e := open(t, dir)
	defer e.Close()
	d, err := e.PutBlob(t.Context(), []byte("paper"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "blobs", "*", "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Blob(t.Context(), d); err == nil || errors.Is(err, record.ErrNotFound) {
		t.Error(err)
	}
}

// A kill leaves the page cache alone, so no test here can tell whether commits are synced; the settings can.
func TestCommitsAreSynced(t *testing.T) {
	e := open(t, t.TempDir()).(*Engine)
	defer e.Close()
	if n, err := number(e.w, "PRAGMA synchronous"); err != nil || n != 2 {
		t.Errorf("synchronous is %d, not FULL (2): %v", n, err)
	}
	mode := ""
	if err := query(e.w, "PRAGMA journal_mode", nil, func(s *sqlite3.Stmt) bool { mode = s.ColumnText(0); return true }); err != nil || mode != "wal" {
		t.Errorf("journal mode %s, %v", mode, err)
	}
}

// A state larger than what a connection of SQLite has in memory is kept, and read again.
func TestASnapshotOfAnySize(t *testing.T) {
	e, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	state := bytes.Repeat([]byte("0123456789abcdef"), 300<<20/16)
	want := record.Snapshot{Size: 3, Edition: 1, Digest: record.DigestOf(state), State: state}
	for range 2 { // the second replaces the first
		if err := e.PutSnapshot(t.Context(), want); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := e.Snapshot(t.Context(), 9); err != nil || got.Digest != want.Digest || !bytes.Equal(got.State, state) {
		t.Errorf("%d bytes came back: %v", len(got.State), err)
	}
}
