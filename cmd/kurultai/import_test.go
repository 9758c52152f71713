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
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/recordtest"
	"kurultai/secretariat"
)

// convened founds a record with one meeting and gives its folder.
func convened(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "record")
	d := description{Origin: "records.example.org/lakes", ID: "lakes", Names: map[string]string{"en": "Lakes"}, Languages: []string{"en"}, Seat: "nuvel", Zone: "Etc/UTC"}
	if err := found(context.Background(), streams{io.Discard, io.Discard}, dir, "", d, nil); err != nil {
		t.Fatal(err)
	}
	h, err := openToWrite(context.Background(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	by := string(h.s.View().State().Holders(conference.Secretary)[0].Person)
	for n, act := range []struct{ name, fields string }{
		{"NamePlace", `{"names":[["en","Nuvel"]],"place":"nuvel","type":"city"}`}, {"ConveneMeeting", `{"from":"2027-01-10","meeting":"vii","ordinal":7,"place":"nuvel"}`},
	} {
		fields, err := canonical.Parse(act.fields)
		if err != nil {
			t.Fatal(err)
		}
		key := canonical.EncodeBytes(fmt.Appendf(nil, "%016d", n))
		if _, err := h.s.Do(context.Background(), &secretariat.Act{Submitted: record.Submitted{As: "Secretary", By: by, Fields: fields, Key: key, Name: act.name, Origin: d.Origin}}); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// An import that was interrupted goes on with the same command, and nothing is entered twice.
func TestAnInterruptedImportIsTakenUpAgain(t *testing.T) {
	ctx, dir := context.Background(), convened(t)
	var text strings.Builder
	text.WriteString("name,party,role\n")
	const rows = 300
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
	submitting = func(n int) {
		if n == 0 {
			return
		}
		cancel()
	}
	defer func() { submitting = nil }()
	batch = 64
	defer func() { batch = 8 * secretariat.MaxGroup }()
	err = i.enter(broken, streams{io.Discard, io.Discard}, h, path, []byte(text.String()), table, nil)
	partly := h.s.View().State().Size
	if err == nil || partly < 60 || partly > rows {
		t.Fatalf("%d entries, and %v", partly, err)
	}
	submitting = nil
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
