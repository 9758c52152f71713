package language

import (
	"encoding/csv"
	"os"
	"regexp"
	"testing"

	"kurultai/record/recordtest"
)

// Dates in sentences and in headings are as ../shared/data/language/dates.csv attests them, in every language.
func TestDatesAreAsAttested(t *testing.T) {
	f, err := os.Open(recordtest.Table(t, "language/dates.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	header, rows, day := regexp.MustCompile(`header: ([^;]+)`), 0, Date{Year: 2019, Month: 9, Day: 6}
	for _, row := range table {
		if row[0] != "date" || row[1] != "on" {
			continue
		}
		rows++
		l, ok := Get(row[2])
		if !ok {
			t.Errorf("%s is no language", row[2])
			continue
		}
		if got, err := day.form(l.Sentence(), "on"); err != nil || !sameText(got, row[4]) {
			t.Errorf("%s: in a sentence %q, attested %q: %v", row[2], got, row[4], err)
		}
		if m := header.FindStringSubmatch(row[6]); m != nil && !sameText(l.Date(day), m[1]) {
			t.Errorf("%s: in a heading %q, attested %q", row[2], l.Date(day), m[1])
		}
	}
	if t.Logf("%d languages", rows); rows != len(All()) {
		t.Errorf("%d languages of %d are in the table", rows, len(All()))
	}
	for _, l := range All() {
		for month := int64(1); month <= 12; month++ {
			for _, c := range []string{"on", "header"} {
				if _, err := (Date{Year: 2027, Month: month, Day: 1}).form(l.Sentence(), c); err != nil {
					t.Errorf("%s, month %d: %v", l.Code, month, err)
				}
			}
		}
	}
}

// sameText compares texts of which one keeps its parts together with no-break spaces.
func sameText(a, b string) bool {
	space := regexp.MustCompile(`[\s\x{a0}\x{202f}]+`)
	return space.ReplaceAllString(a, " ") == space.ReplaceAllString(b, " ")
}
