package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"
)

// A bit changed in any part of an entry of a record's own folder is found, and the entry is named.
func TestAChangedBitIsFoundAndItsEntryNamed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "training")
	if _, talk, code := said(t, "demo", "-story", "training", "-pace", "0", "-once", "-addr", "localhost:0", "-data", dir); code != 0 {
		t.Fatal(talk)
	}
	c, err := sqlite3.Open(filepath.Join(dir, "record.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	stored := func(index int) (b []byte) {
		s, _, err := c.Prepare(fmt.Sprint("SELECT bytes FROM entries WHERE idx = ", index))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.Step()
		return s.ColumnBlob(0, nil)
	}
	put := func(index int, b []byte) {
		if err := c.Exec(fmt.Sprintf("UPDATE entries SET bytes = x'%x' WHERE idx = %d", b, index)); err != nil {
			t.Fatal(err)
		}
	}
	changes := 0
	for _, index := range []int{0, 17, 368} {
		good := stored(index)
		for at := 0; at < len(good); at += 41 {
			bad := bytes.Clone(good)
			bad[at] ^= 1 << (at % 8)
			put(index, bad)
			out, talk, code := said(t, "verify", dir)
			if code != 1 || out != "" || !strings.Contains(talk, fmt.Sprintf("entry %d ", index)) && !strings.Contains(talk, fmt.Sprintf("entry %d:", index)) {
				t.Errorf("byte %d of entry %d: %d, %q, %q", at, index, code, out, talk)
			}
			changes++
		}
		put(index, good)
	}
	if changes < 30 {
		t.Errorf("%d changes", changes)
	}
	if out, talk, code := said(t, "verify", dir); code != 0 || !regexp.MustCompile(`\nverified [0-9]+ entries, root `).MatchString(out) {
		t.Errorf("put back: %s%s", out, talk)
	}
	t.Logf("%d bits changed, each found", changes)
}
