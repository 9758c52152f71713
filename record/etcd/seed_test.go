package etcd

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kurultai/record"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// filled makes a copy with n entries in a folder, of which the second is cosigned.
func filled(t *testing.T, dir string, n int) (head record.Checkpoint) {
	t.Helper()
	e, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for i := range n {
		if head, err = e.Append(t.Context(), int64(i), record.Group{Entries: [][]byte{recordtest.Entry(int64(i), fmt.Sprint("before ", i))}}, recordtest.Key().SignCheckpoint); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			if err := e.Cosign(t.Context(), cosigned(head, "w1")); err != nil {
				t.Fatal(err)
			}
		}
	}
	return head
}

func cosigned(c record.Checkpoint, by string) record.Checkpoint {
	c.Note = append(bytes.Clone(c.Note), "\u2014 "+by+" AAAAAAA=\n"...)
	return c
}

// A record that one machine kept becomes the quorum's, once, whole, and never over what the quorum holds.
func TestAQuorumBeginsWithARecord(t *testing.T) {
	dir := t.TempDir()
	before := filled(t, filepath.Join(dir, "copy"), 3)
	m := quorum(t, dir)[0]
	defer m.Close()
	if done, err := Seed(t.Context(), m.node.Client, m.Copy); !done || err != nil {
		t.Fatal(done, err)
	}
	if head, err := m.Head(t.Context()); err != nil || head.Size != 3 || head.Root != before.Root {
		t.Errorf("the quorum has %d entries of 3, %v", head.Size, err)
	}
	if r, err := m.node.Client.Get(t.Context(), cosignedKey+number(2)); err != nil || len(r.Kvs) != 1 {
		t.Errorf("the cosigned checkpoint: %v, %v", r, err)
	}
	after := add(t, m, "by the quorum")
	if after.Size != 4 {
		t.Errorf("the next entry makes %d", after.Size)
	}
	revision := func() int64 {
		r, err := m.node.Client.Get(t.Context(), "r/", clientv3.WithPrefix(), clientv3.WithSort(clientv3.SortByModRevision, clientv3.SortDescend), clientv3.WithLimit(1))
		if err != nil {
			t.Fatal(err)
		}
		return r.Kvs[0].ModRevision
	}
	unchanged := revision()
	behind := t.TempDir()
	filled(t, behind, 2)
	copied, err := sqlite.Open(behind, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	for name, c := range map[string]record.Engine{"a second time": m.Copy, "from a copy behind": copied} {
		if done, err := Seed(t.Context(), m.node.Client, c); done || err != nil || revision() != unchanged {
			t.Errorf("%s: %v, %v", name, done, err)
		}
	}
	whole(t, m, after.Size)
}

// An empty copy begins nothing: whoever has the record does it.
func TestAnEmptyCopyBeginsNothing(t *testing.T) {
	m := quorum(t, t.TempDir())[0]
	defer m.Close()
	if done, err := Seed(t.Context(), m.node.Client, m.Copy); done || err != nil {
		t.Error(done, err)
	}
	if r, err := m.node.Client.Get(t.Context(), "r/", clientv3.WithPrefix()); err != nil || len(r.Kvs) != 0 {
		t.Error(r, err)
	}
}

// Cosigned checkpoints that were trimmed, and files put while it was away, come to a member from the others.
func TestAMemberThatWasAwayReadsWhatWasCosigned(t *testing.T) {
	list := quorum(t, t.TempDir(), t.TempDir(), t.TempDir())
	defer func() {
		for _, m := range list {
			m.Close()
		}
	}()
	away := list[2]
	whole(t, away, add(t, list[0], "all are here").Size)
	if err := away.Close(); err != nil {
		t.Error(err)
	}
	var heads []record.Checkpoint
	for n := range 4 {
		head := add(t, list[0], fmt.Sprint("away", n))
		heads = append(heads, head)
		if err := list[0].Cosign(t.Context(), cosigned(head, "w1")); err != nil {
			t.Fatal(err)
		}
	}
	blob := []byte("put while it was away")
	d, err := list[0].PutBlob(t.Context(), blob)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := list[0].Trim(t.Context(), heads[3].Size); err != nil || n != 5 {
		t.Fatal(n, err)
	}
	if r, err := list[0].node.Client.Get(t.Context(), cosignedKey, clientv3.WithPrefix()); err != nil || len(r.Kvs) != 1 {
		t.Fatalf("%d cosigned checkpoints stay, %v", len(r.Kvs), err)
	}
	away.start(t)
	whole(t, away, heads[3].Size)
	eventually(t, "the cosigned checkpoints", func() bool {
		var sizes []int64
		for c, err := range away.Copy.Cosigned(t.Context()) {
			if err == nil && bytes.Contains(c.Note, []byte("\u2014 w1 ")) {
				sizes = append(sizes, c.Size)
			}
		}
		return fmt.Sprint(sizes) == "[5 4 3 2]"
	})
	if n, err := away.FetchBlobs(t.Context(), 2); err != nil || n != 1 {
		t.Errorf("%d files came, %v", n, err)
	}
	if kept, err := away.Copy.Blob(t.Context(), d); err != nil || !bytes.Equal(kept, blob) {
		t.Error(err)
	}
	if n, err := away.FetchBlobs(t.Context(), 3); err == nil {
		t.Errorf("two members are three: %d", n)
	}
}

// A member whose etcd does not hold what the others hold is not started.
func TestADamagedDatabaseIsFound(t *testing.T) {
	list := quorum(t, t.TempDir(), t.TempDir(), t.TempDir())
	defer list[0].Close()
	defer list[1].Close()
	for _, m := range list {
		whole(t, m, add(t, list[0], "for "+m.config.Name).Size)
	}
	hurt := list[2]
	if err := hurt.Close(); err != nil {
		t.Error(err)
	}
	path := filepath.Join(hurt.config.Dir, "etcd", "member", "snap", "db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	needle, places := []byte(`"closed":"`), 0
	for at := bytes.Index(b, needle); at >= 0; at = bytes.Index(b, needle) {
		b[at] = '\''
		places++
	}
	if places == 0 {
		t.Fatal("no group is in the database")
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	n, err := StartNode(ctx, hurt.config)
	if err == nil {
		n.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "does not hold what the others hold") {
		t.Errorf("%d places were damaged: %v", places, err)
	}
}
