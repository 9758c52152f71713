// Package recordtest holds engines to the contract of record.Engine, and kills them to see what they keep.
package recordtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

// Test is the contract. open opens the record in dir, which is empty at first.
func Test(t *testing.T, open func(t *testing.T, dir string) record.Engine) {
	for name, test := range map[string]func(*testing.T, record.Engine){
		"an empty record has no head":               empty,
		"what is appended is read":                  appended,
		"another size is a conflict":                conflict,
		"a group is appended whole or not at all":   whole,
		"appends from everywhere make one order":    concurrent,
		"followers see all, in order, without gaps": followed,
		"blobs are kept under their digest":         blobs,
		"the two newest snapshots are kept":         snapshots,
		"cosignatures are kept with what they sign": cosigned,
	} {
		t.Run(name, func(t *testing.T) {
			e := open(t, t.TempDir())
			defer e.Close()
			test(t, e)
			check(t, e)
		})
	}
	t.Run("what was acknowledged is there when opened again", func(t *testing.T) { reopened(t, open) })
}

var ctx = context.Background()

func snapshots(t *testing.T, e record.Engine) {
	head := add(t, e, 0, 3)
	if _, err := e.Snapshot(ctx, 3); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("none was kept: %v", err)
	}
	of := func(size int64) record.Snapshot {
		state := bytes.Repeat([]byte{byte(size)}, 100_000)
		return record.Snapshot{Size: size, Edition: 1, Root: head.Root, Digest: record.DigestOf(state), State: state}
	}
	for size := int64(1); size <= 3; size++ {
		if err := e.PutSnapshot(ctx, of(size)); err != nil {
			t.Fatal(err)
		}
	}
	for size, want := range map[int64]int64{9: 3, 3: 3, 2: 2} {
		got, err := e.Snapshot(ctx, size)
		if w := of(want); err != nil || got.Size != want || got.Edition != 1 || got.Root != head.Root || got.Digest != w.Digest || !bytes.Equal(got.State, w.State) {
			t.Errorf("of at most %d entries: %d, %v", size, got.Size, err)
		}
	}
	if _, err := e.Snapshot(ctx, 1); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("the third newest is still there: %v", err)
	}
	bad := of(4)
	bad.State = []byte("other bytes")
	if err := e.PutSnapshot(ctx, bad); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Snapshot(ctx, 9); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("one whose digest does not fit was returned: %v", err)
	}
}

func group(from int64, n int) (g record.Group) {
	for i := range n {
		g.Entries = append(g.Entries, Entry(from+int64(i), fmt.Sprint(from, i)))
	}
	return g
}

func add(t *testing.T, e record.Engine, from int64, n int) record.Checkpoint {
	t.Helper()
	head, err := e.Append(ctx, from, group(from, n), Key().SignCheckpoint)
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// check reads the whole record and holds it against its checkpoint.
func check(t *testing.T, e record.Engine) {
	t.Helper()
	lost, err := Whole(e, nil)
	if err != nil || lost != 0 {
		t.Error(err)
	}
	head, err := e.Head(ctx)
	if err != nil || head.Size == 0 {
		return
	}
	v, err := record.ParseVerifier(Key().Verifier())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := record.OpenCheckpoint(head.Note, v); err != nil {
		t.Error(err)
	}
}

func empty(t *testing.T, e record.Engine) {
	head, err := e.Head(ctx)
	if err != nil || head.Size != 0 || head.Note != nil {
		t.Errorf("%+v, %v", head, err)
	}
	for s, err := range e.Read(ctx, 0) {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := e.Row(ctx, "x"); !errors.Is(err, record.ErrNotFound) {
		t.Error(err)
	}
	if _, err := e.ClosedKey(ctx, "a", "b"); !errors.Is(err, record.ErrNotFound) {
		t.Error(err)
	}
}

func appended(t *testing.T, e record.Engine) {
	g := group(0, 3)
	g.Rows = []record.Row{{Index: 1, Place: 0, Digest: "d1", Subject: "p", Name: "n", Nonce: []byte("123456789012"), Ciphertext: []byte("c"), Blob: record.DigestOf([]byte("kept"))}, {Index: 2, Place: 1, Digest: "d2", Subject: "q", Name: "m", Nonce: []byte("123456789012"), Ciphertext: []byte("e")}}
	g.Keys = []record.ClosedKey{{By: "a", Key: "k", Digest: "d", Index: 2}}
	if _, err := e.PutBlob(ctx, []byte("kept")); err != nil {
		t.Fatal(err)
	}
	head, err := e.Append(ctx, 0, g, Key().SignCheckpoint)
	if err != nil || head.Size != 3 {
		t.Fatal(head, err)
	}
	add(t, e, 3, 2000)
	if now, err := e.Head(ctx); err != nil || now.Size != 2003 {
		t.Error(now, err)
	}
	n := int64(5)
	for s, err := range e.Read(ctx, 5) {
		if err != nil || s.Index != n || s.Hash != tlog.RecordHash(s.Bytes) || !bytes.Equal(s.Bytes, Entry(n, fmt.Sprint(3, n-3))) {
			t.Fatalf("entry %d: %s, %v", n, s.Bytes, err)
		}
		n++
	}
	if n != 2003 {
		t.Errorf("%d entries read", n)
	}
	var rows []record.Row
	for r, err := range e.Rows(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	if fmt.Sprint(rows) != fmt.Sprint(g.Rows) {
		t.Errorf("%v", rows)
	}
	if r, err := e.Row(ctx, "d2"); err != nil || r.Subject != "q" {
		t.Error(r, err)
	}
	if k, err := e.ClosedKey(ctx, "a", "k"); err != nil || k != g.Keys[0] {
		t.Error(k, err)
	}
	for from, want := range map[int64]int{0: 1, 2: 1, 3: 0} {
		var keys []record.ClosedKey
		for k, err := range e.ClosedKeys(ctx, from) {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, k)
		}
		if len(keys) != want || want == 1 && keys[0] != g.Keys[0] {
			t.Errorf("keys of closed acts from entry %d: %v", from, keys)
		}
	}
}

func conflict(t *testing.T, e record.Engine) {
	add(t, e, 0, 2)
	for _, expect := range []int64{0, 1, 3} {
		if _, err := e.Append(ctx, expect, group(expect, 1), Key().SignCheckpoint); !errors.Is(err, record.ErrConflict) {
			t.Errorf("at %d: %v", expect, err)
		}
	}
}

func whole(t *testing.T, e record.Engine) {
	add(t, e, 0, 2)
	no := errors.New("no pen")
	if _, err := e.Append(ctx, 2, group(2, 5), func(int64, tlog.Hash) ([]byte, error) { return nil, no }); !errors.Is(err, no) {
		t.Error(err)
	}
	if _, err := e.Append(ctx, 2, group(2, 5), func(size int64, _ tlog.Hash) ([]byte, error) { return Key().SignCheckpoint(size, tlog.Hash{}) }); err == nil {
		t.Error("a checkpoint of another tree was taken")
	}
	ended, stop := context.WithCancel(ctx)
	stop()
	if _, err := e.Append(ended, 2, group(2, 5), Key().SignCheckpoint); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := e.Append(ctx, 2, record.Group{}, Key().SignCheckpoint); err == nil {
		t.Error("an empty group was appended")
	}
	if head, _ := e.Head(ctx); head.Size != 2 {
		t.Errorf("size %d", head.Size)
	}
	add(t, e, 2, 1)
}

func concurrent(t *testing.T, e record.Engine) {
	const writers, each = 6, 20
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			for done := 0; done < each; {
				head, err := e.Head(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := e.Append(ctx, head.Size, group(head.Size, 1), Key().SignCheckpoint)
				if errors.Is(err, record.ErrConflict) {
					continue
				}
				if err != nil || got.Size != head.Size+1 {
					t.Error(got.Size, err)
					return
				}
				if now, _ := e.Head(ctx); now.Size < got.Size {
					t.Error("the head is behind what was acknowledged")
				}
				done++
			}
		})
	}
	wait.Wait()
	if head, _ := e.Head(ctx); head.Size != writers*each {
		t.Errorf("size %d", head.Size)
	}
}

func followed(t *testing.T, e record.Engine) {
	const all = 300
	add(t, e, 0, 10)
	var wait sync.WaitGroup
	for from := range int64(4) {
		wait.Go(func() {
			ctx, stop := context.WithCancel(ctx)
			defer stop()
			next := from
			for s, err := range e.Follow(ctx, from) {
				if err != nil || s.Index != next {
					t.Errorf("entry %d where %d is next: %v", s.Index, next, err)
					return
				}
				if next++; next == all {
					return
				}
			}
		})
	}
	for size := int64(10); size < all; size += 10 {
		add(t, e, size, 10)
	}
	wait.Wait()
	ended, stop := context.WithCancel(ctx)
	stop()
	for _, err := range e.Follow(ended, all) {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func blobs(t *testing.T, e record.Engine) {
	b := []byte(strings.Repeat("paper", 1000))
	for range 2 {
		d, err := e.PutBlob(ctx, b)
		if err != nil || d != record.DigestOf(b) {
			t.Fatal(d, err)
		}
	}
	if got, err := e.Blob(ctx, record.DigestOf(b)); err != nil || !bytes.Equal(got, b) {
		t.Error(err)
	}
	for _, d := range []record.Digest{record.DigestOf(nil), "x", "", "../../../etc/passwd"} {
		if _, err := e.Blob(ctx, d); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("%q: %v", d, err)
		}
	}
	if _, err := e.PutBlob(ctx, make([]byte, record.MaxBlob+1)); err == nil {
		t.Error("a blob beyond the limit was taken")
	}
}

func reopened(t *testing.T, open func(*testing.T, string) record.Engine) {
	dir := t.TempDir()
	for round := range int64(3) {
		e := open(t, dir)
		if head, err := e.Head(ctx); err != nil || head.Size != round*5 {
			t.Fatal(head, err)
		}
		add(t, e, round*5, 5)
		check(t, e)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Append(ctx, round*5+5, group(0, 1), Key().SignCheckpoint); err == nil {
			t.Error("a closed engine appended")
		}
	}
}

// cosigned adds cosignatures to the newest checkpoint and to an older one, and reads them back.
func cosigned(t *testing.T, e record.Engine) {
	first := add(t, e, 0, 3)
	second := add(t, e, 3, 2)
	with := func(c record.Checkpoint, lines ...string) record.Checkpoint {
		for _, line := range lines {
			c.Note = append(bytes.Clone(c.Note), "\u2014 "+line+" AAAAAAA=\n"...)
		}
		return c
	}
	put := func(c record.Checkpoint) {
		t.Helper()
		if err := e.Cosign(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	list := func() (all []record.Checkpoint) {
		for c, err := range e.Cosigned(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		return all
	}
	if len(list()) != 0 {
		t.Error("cosigned before anybody did")
	}
	put(with(first, "w1"))
	put(with(second, "w1"))
	put(with(second, "w2"))
	put(with(second, "w2"))
	all := list()
	if len(all) != 2 || all[0].Size != 5 || all[1].Size != 3 || !bytes.Equal(all[0].Note, with(second, "w1", "w2").Note) || !bytes.Equal(all[1].Note, with(first, "w1").Note) {
		t.Errorf("%v", all)
	}
	head, err := e.Head(t.Context())
	if err != nil || head.Size != 5 || head.Root != second.Root || !bytes.Equal(head.Note, with(second, "w1", "w2").Note) {
		t.Errorf("the newest is %q: %v", head.Note, err)
	}
	beyond := second
	beyond.Size++
	if err := e.Cosign(t.Context(), beyond); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("a checkpoint beyond the record: %v", err)
	}
	other := with(second, "w3")
	other.Note = append([]byte("other\n"), other.Note...)
	if err := e.Cosign(t.Context(), other); err == nil {
		t.Error("a checkpoint of another text is joined")
	}
	if third := add(t, e, 5, 1); bytes.Contains(third.Note, []byte("w1")) || len(list()) != 2 {
		t.Error("the next checkpoint is cosigned by nobody")
	}
}
