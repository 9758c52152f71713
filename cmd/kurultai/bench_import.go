package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"kurultai/conference"
	"kurultai/exchange"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
)

// convene founds a record with one meeting.
func convene(ctx context.Context, dir string) (err error) {
	d := description{Origin: "records.example.org/lakes", ID: "lakes", Names: map[string]string{"en": "Lakes"}, Languages: []string{"en"}, Seat: "nuvel", Zone: "Etc/UTC"}
	if err := found(ctx, streams{io.Discard, io.Discard}, dir, "", d, nil); err != nil {
		return err
	}
	h, err := openToWrite(ctx, dir, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	by := string(h.s.View().State().Holders(conference.Secretary)[0].Person)
	for n, act := range []struct{ name, fields string }{
		{"NamePlace", `{"names":[["en","Nuvel"]],"place":"nuvel","type":"city"}`}, {"ConveneMeeting", `{"from":"2027-01-10","meeting":"vii","ordinal":7,"place":"nuvel"}`},
	} {
		fields, err := canonical.Parse(act.fields)
		if err != nil {
			return err
		}
		key := canonical.EncodeBytes(fmt.Appendf(nil, "%016d", n))
		if _, err := h.s.Do(ctx, &secretariat.Act{Submitted: record.Submitted{As: "Secretary", By: by, Fields: fields, Key: key, Name: act.name, Origin: d.Origin}}); err != nil {
			return err
		}
	}
	return nil
}

// benchImport enters a list of 100,000 participants of 10,000 parties, beside reading the table alone.
func benchImport(ctx context.Context) (*figures, error) {
	const rows = 100_000
	dir, err := os.MkdirTemp("", "kurultai-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var text bytes.Buffer
	text.WriteString("name,party,role\n")
	for i := range rows {
		fmt.Fprintf(&text, "Person %d of a long list,Party %d,%s\n", i, i/10, map[bool]string{true: "head", false: "staff"}[i%10 == 0])
	}
	path := filepath.Join(dir, "people.csv")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		return nil, err
	}
	var reading, entering []float64
	for n := range 3 {
		start := time.Now()
		if table, _, err := exchange.ReadTable(text.Bytes()); err != nil || len(table.Rows) != rows {
			return nil, fmt.Errorf("the table: %w", err)
		}
		reading = append(reading, seconds(start))
		data := filepath.Join(dir, fmt.Sprint("record", n))
		if err := convene(ctx, data); err != nil {
			return nil, err
		}
		i := &importer{what: "participants", dir: data, lang: "en", parties: true}
		start = time.Now()
		if err := i.run(ctx, streams{io.Discard, io.Discard}, path); err != nil {
			return nil, err
		}
		entering = append(entering, seconds(start))
		if err := os.RemoveAll(data); err != nil {
			return nil, err
		}
	}
	f := &figures{what: "import"}
	f.add("ratio", median(entering)/median(reading), "", "a list entered whole, beside reading its table alone")
	f.add("import_s", median(entering), "s", fmt.Sprintf("%d rows, names sealed under a key each", rows)).atMost(10)
	f.add("reference_s", median(reading), "s", "the table read and checked")
	f.add("rounds", 3, "", "the median of these counts; the sides alternate")
	return f, nil
}
