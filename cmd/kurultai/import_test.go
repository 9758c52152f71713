package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/exchange"
	"kurultai/record/recordtest"
)

// convened founds a record with one meeting and gives its folder.
func convened(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "record")
	if err := convene(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// An import that was interrupted goes on with the same command, and nothing is entered twice.
func TestAnInterruptedImportIsTakenUpAgain(t *testing.T) {
	ctx, dir := context.Background(), convened(t)
	var text strings.Builder
	text.WriteString("name,party,role\n")
	const rows = 2000
	for i := range rows {
		fmt.Fprintf(&text, "Person %d,Party %d,%s\n", i, i/10, map[bool]string{true: "head", false: "staff"}[i%10 == 0])
	}
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := openToWrite(ctx, dir, "")
	if err != nil {
		t.Fatal(err)
	}
	broken, cancel := context.WithCancel(ctx)
	i := &importer{what: "participants", dir: dir, lang: "en", parties: true}
	table, _, err := exchange.ReadTable([]byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	submitted = func(int) { cancel() }
	defer func() { submitted = nil }()
	err = i.enter(broken, streams{io.Discard, io.Discard}, h, path, []byte(text.String()), table, nil)
	partly := h.s.View().State().Size
	if err == nil || partly < 500 || partly > rows {
		t.Fatalf("%d entries, and %v", partly, err)
	}
	submitted = nil
	h.Close()
	var out, talk bytes.Buffer
	if code := run(ctx, streams{&out, &talk}, []string{"import", "participants", "-data", dir, "-parties", path}); code != 0 || !strings.Contains(talk.String(), "taken up again") {
		t.Fatalf("exit %d: %s%s", code, &out, &talk)
	}
	h, err = openToWrite(ctx, dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	s := h.s.View().State()
	if want := int64(3 + rows + 3*rows/10); s.Size != want {
		t.Errorf("%d entries; %d expected", s.Size, want)
	}
	for p := range rows / 10 {
		if d, _ := s.Delegation("vii", conference.PartyID(fmt.Sprintf("party-%d", p))); len(d.Members) != 10 {
			t.Errorf("party %d sends %d", p, len(d.Members))
		}
	}
	marks, _ := os.ReadDir(filepath.Join(dir, "imports"))
	for _, m := range marks {
		if b, _ := os.ReadFile(filepath.Join(dir, "imports", m.Name())); strings.Contains(string(b), "seed") {
			t.Error("the seed is still there")
		}
	}
	if len(marks) != 1 {
		t.Errorf("%d marks", len(marks))
	}
}

// The list of a real conference goes into a temporary record, every row of it. None of its names is shown.
func TestARealListGoesIn(t *testing.T) {
	f, err := os.Open(recordtest.Table(t, "participants/cop24.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	path, dir := filepath.Join(t.TempDir(), "people.csv"), convened(t)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := run(context.Background(), streams{&out, io.Discard}, []string{"import", "participants", "-data", dir, "-parties", "-first-is-head", path}); code != 0 || !strings.HasPrefix(out.String(), "15224 rows entered by") {
		t.Fatalf("exit %d, %d bytes said", code, out.Len())
	}
	t.Log(strings.TrimSpace(out.String()))
}
