package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"kurultai/conference"
	"kurultai/exchange"
	"kurultai/measure"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/web"
)

// convene founds a record with one meeting, whose offices anybody at this machine may take.
func convene(ctx context.Context, dir string) (err error) {
	d := description{ID: "lakes", Names: map[string]string{"en": "Lakes"}, Languages: []string{"en"}, Seat: "nuvel", Zone: "Etc/UTC"}
	err = makeDir(dir, func(key ed25519.PublicKey) string {
		d.Origin = record.StoryOrigin(d.ID, key)
		return d.Origin
	})
	if err == nil {
		err = markRehearsal(dir, d.Origin)
	}
	if err != nil {
		return err
	}
	h, err := openToWrite(ctx, dir, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	by, second := personID(), personID()
	if _, err := h.s.Do(ctx, &secretariat.Act{Submitted: founding(d, by, second)}); err != nil {
		return err
	}
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

// importRows is how long the list is, importParty how many of it a party has.
const (
	importRows   = 100_000
	importParty  = 10
	importRounds = 3
)

// benchImport enters a list of participants, beside reading the table alone, and reads it on the desk's page.
func benchImport(ctx context.Context, rows int64, rounds int) (*figures, error) {
	dir, err := os.MkdirTemp("", "kurultai-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	text := measure.People(int(rows), importParty)
	path := filepath.Join(dir, "people.csv")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, err
	}
	var reading, entering, listing, again []float64
	for n := range rounds {
		start := time.Now()
		if table, _, err := exchange.ReadTable(text); err != nil || len(table.Rows) != int(rows) {
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
		first, second, err := listed(ctx, data, int(rows))
		if err != nil {
			return nil, err
		}
		listing, again = append(listing, first), append(again, second)
		if err := os.RemoveAll(data); err != nil {
			return nil, err
		}
	}
	f := &figures{what: "import"}
	f.add("ratio", median(entering)/median(reading), "", "a list entered whole, beside reading its table alone")
	f.add("import_s", median(entering), "s", fmt.Sprintf("%d rows, names sealed under a key each", rows)).atMost(10)
	f.add("reference_s", median(reading), "s", "the table read and checked")
	f.add("list_s", median(listing), "s", "the desk's page of them all, the first time after a start; names that nobody published are not opened")
	f.add("list_again_s", median(again), "s", "the same once more")
	f.add("rounds", float64(rounds), "", "the median of these counts; the sides alternate")
	return f, nil
}

// listed reads the page of participants twice as a secretary does, and returns how long each took, in seconds.
func listed(ctx context.Context, dir string, rows int) (first, second float64, err error) {
	h, err := openToWrite(ctx, dir, "")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	site, err := startSite(ctx, streams{io.Discard, io.Discard}, h, "localhost:0", web.Options{})
	if err != nil {
		return 0, 0, err
	}
	defer site.stop()
	n, err := newNode(site.url)
	if err != nil {
		return 0, 0, err
	}
	office := url.Values{"person": {string(h.s.View().State().Holders(conference.Secretary)[0].Person)}}
	answer, err := n.client.PostForm(n.url+"/en/roles", office)
	if err != nil {
		return 0, 0, err
	}
	answer.Body.Close()
	page := func() (float64, error) {
		start := time.Now()
		answer, err := n.client.Get(n.url + "/en/meetings/vii/desk/people")
		if err != nil {
			return 0, err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		took := seconds(start)
		if found := bytes.Count(text, []byte("<li><span>")); err == nil && found != rows {
			err = fmt.Errorf("the page has %d of %d participants: %s", found, rows, answer.Status)
		}
		return took, err
	}
	if first, err = page(); err != nil {
		return 0, 0, err
	}
	second, err = page()
	return first, second, err
}
