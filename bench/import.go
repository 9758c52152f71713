package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/ncruces/go-sqlite3"

	"kurultai/measure"
)

// partySize is how many of a list a party has.
const partySize = 10

// imports measures a list of participants entered and shown, beside a program that only puts it into two tables and shows
// it from there.
func imports(r run) (*comparison, error) {
	dir, err := os.MkdirTemp(r.dir, ".bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	ours, err := program(r.ctx, dir)
	if err != nil {
		return nil, err
	}
	people := measure.People(r.rows, partySize)
	t := &table{key: "import", title: fmt.Sprintf("%d participants of %d parties", r.rows, (r.rows+partySize-1)/partySize), columns: []column{
		{"enter", "entered", "s", true}, {"list", "page of all", "s", true}, {"again", "the same again", "s", true}}}
	plain, whole := t.row("plain", "a program with SQLite"), t.row("kurultai", "ours")
	for round := range r.rounds {
		if err := plainly(filepath.Join(dir, fmt.Sprint("plain", round, ".db")), people, r.rows, plain); err != nil {
			return nil, fmt.Errorf("the program with SQLite: %w", err)
		}
		c := exec.CommandContext(r.ctx, ours, "bench", "import", "-json", "-rounds", "1", "-n", fmt.Sprint(r.rows))
		c.Env = append(os.Environ(), "TMPDIR="+dir)
		var talk bytes.Buffer
		c.Stderr = &talk
		out, err := c.Output()
		if err != nil {
			return nil, fmt.Errorf("%w: %s", err, talk.Bytes())
		}
		var said struct {
			Import float64 `json:"import_s"`
			List   float64 `json:"list_s"`
			Again  float64 `json:"list_again_s"`
		}
		if err := json.Unmarshal(out, &said); err != nil {
			return nil, err
		}
		whole.add("enter", said.Import)
		whole.add("list", said.List)
		whole.add("again", said.Again)
	}
	c := &comparison{what: "import", tables: []*table{t}}
	if r.rows == 100_000 {
		c.atMost("import_s", whole.median("enter"), 10, "ours: 100,000 participants entered, s")
	}
	c.notes = []string{
		fmt.Sprintf("%d rounds, in turn; the medians count. Ours is `kurultai bench import`: each row is decided as an act, its name sealed under a key of its own, all of it signed; the page is the desk's, read over HTTP by a secretary who is signed in. The program beside it checks nothing: one transaction, two tables and an index, synced; a page by html/template over HTTP.", r.rounds),
		versions("github.com/ncruces/go-sqlite3")}
	return c, nil
}

// program builds ours as its own module says, and returns where it is.
func program(ctx context.Context, dir string) (string, error) {
	to := filepath.Join(dir, "kurultai")
	c := exec.CommandContext(ctx, "go", "build", "-o", to, "./cmd/kurultai")
	c.Dir = ".."
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building ours (run this in bench/): %w: %s", err, out)
	}
	return to, nil
}

// plainly enters a table and shows it, as a short program does that keeps no record.
func plainly(path string, people []byte, rows int, into *row) (err error) {
	db, err := sqlite3.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
		CREATE TABLE party (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
		CREATE TABLE person (id INTEGER PRIMARY KEY, party INTEGER NOT NULL REFERENCES party, name TEXT NOT NULL, role TEXT NOT NULL);
		CREATE INDEX person_by_party ON person (party, name)`); err != nil {
		return err
	}
	start := time.Now()
	if err := enter(db, people); err != nil {
		return err
	}
	into.add("enter", time.Since(start).Seconds())
	at, err := listen(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		list, err := all(db)
		if err == nil {
			err = plainPage.Execute(w, list)
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}))
	if err != nil {
		return err
	}
	defer at.Close()
	for _, column := range []string{"list", "again"} {
		start := time.Now()
		answer, err := http.Get("http://" + at.Addr())
		if err != nil {
			return err
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if n := bytes.Count(text, []byte("<li>Person ")); err == nil && n != rows {
			err = fmt.Errorf("the page has %d of %d participants", n, rows)
		}
		if err != nil {
			return err
		}
		into.add(column, time.Since(start).Seconds())
	}
	return nil
}

// enter puts a table into the database, all or nothing.
func enter(db *sqlite3.Conn, people []byte) (err error) {
	lines := csv.NewReader(bytes.NewReader(people))
	if _, err := lines.Read(); err != nil { // what the columns are called
		return err
	}
	tx := db.Begin()
	defer tx.End(&err)
	party, _, err := db.Prepare("INSERT INTO party (name) VALUES (?)")
	if err != nil {
		return err
	}
	defer party.Close()
	person, _, err := db.Prepare("INSERT INTO person (party, name, role) VALUES (?, ?, ?)")
	if err != nil {
		return err
	}
	defer person.Close()
	ids := map[string]int64{}
	for {
		line, err := lines.Read()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		id, known := ids[line[1]]
		if !known {
			if err := errors.Join(party.BindText(1, line[1]), party.Exec()); err != nil {
				return err
			}
			id = db.LastInsertRowID()
			ids[line[1]] = id
		}
		if err := errors.Join(person.BindInt64(1, id), person.BindText(2, line[0]), person.BindText(3, line[2]), person.Exec()); err != nil {
			return err
		}
	}
}

type (
	plainParty struct {
		Name    string
		Persons []plainPerson
	}
	plainPerson struct{ Name, Role string }
)

var plainPage = template.Must(template.New("").Parse(`<!doctype html><title>Participants</title>{{range .}}<h2>{{.Name}}</h2><ul>{{range .Persons}}<li>{{.Name}} <span>{{.Role}}</span></li>{{end}}</ul>{{end}}`))

// all reads the list by party.
func all(db *sqlite3.Conn) (list []plainParty, err error) {
	rows, _, err := db.Prepare("SELECT party.id, party.name, person.name, person.role FROM person JOIN party ON party.id = person.party ORDER BY party.id, person.name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	last := int64(-1)
	for rows.Step() {
		if id := rows.ColumnInt64(0); id != last {
			list, last = append(list, plainParty{Name: rows.ColumnText(1)}), id
		}
		of := &list[len(list)-1]
		of.Persons = append(of.Persons, plainPerson{rows.ColumnText(2), rows.ColumnText(3)})
	}
	return list, rows.Err()
}
