package exchange

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"kurultai/record/recordtest"
)

func TestTablesAreReadAsTheyComeOutOfOffices(t *testing.T) {
	want := []string{"Ada Ember", "Özge Çınar"}
	sheet := excelize.NewFile()
	for at, row := range [][]any{{"Name", "Party"}, {"Ada Ember", "Nuvel"}, {}, {"Özge  Çınar ", "Ostrel"}} {
		cell, _ := excelize.CoordinatesToCellName(1, at+1)
		if err := sheet.SetSheetRow("Sheet1", cell, &row); err != nil {
			t.Fatal(err)
		}
	}
	var book bytes.Buffer
	if err := sheet.Write(&book); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"commas": "name,party\nAda Ember,Nuvel\nÖzge Çınar,Ostrel\n", "semicolons and BOM": "\ufeffName;Party\r\nAda Ember;Nuvel\r\n\r\nÖzge Çınar;Ostrel",
		"tabs": "name\tparty\nAda Ember\tNuvel\nO\u0308zge C\u0327ınar\tOstrel\n", "workbook": book.String(),
	} {
		table, problems, err := ReadTable([]byte(text))
		if err != nil || len(problems) > 0 {
			t.Errorf("%s: %v %v", name, problems, err)
			continue
		}
		var got []string
		for _, r := range table.Rows {
			got = append(got, r.cell(0))
		}
		if !slices.Equal(got, want) || !slices.Equal(table.Columns, []string{"name", "party"}) {
			t.Errorf("%s: %q under %q", name, got, table.Columns)
		}
	}
}

func TestBadRowsAreNamedWithRowColumnAndRemedy(t *testing.T) {
	p := Participants{}
	for _, row := range []struct{ text, want string }{
		{"name,party,role\n,a,head\n", "row 2, column name: is empty"},
		{"name,party,role\nA,,head\n", "row 2, column party: is empty"},
		{"name,party,role\nA,a,king\n", `row 2, column role: "king" is no role`},
		{"name,party,role\nA,a,staff\nB,a,staff\n", "row 2, column role: a has no head"},
		{"name,party,role\nA,a,head\nB,A,head\n", "row 3, column role: a has two heads"},
		{"name,party\nA,a\n", "row 1: there is no column role"},
		{"who,from\nA,a\n", "row 1: the columns name and party are needed"},
		{"name,party,role\nA,a,head,x\n", "row 2: has 4 cells under 3 columns"},
		{"name,party,role\n\xff\xfe,a,head\n", "row 2, column name: is not UTF-8"},
		{"name,party,role\nA\x00,a,head\n", "row 2, column name: holds control characters"},
		{"name,party,role\n" + strings.Repeat("A", 5000) + ",a,head\n", "row 2, column name: has 5000 bytes"},
	} {
		table, problems, err := ReadTable([]byte(row.text))
		if err != nil {
			t.Errorf("%q: %v", row.text, err)
			continue
		}
		_, more := p.Plan(table, nil)
		if problems = append(problems, more...); len(problems) == 0 || !strings.HasPrefix(problems[0].String(), row.want) || problems[0].Remedy == "" {
			t.Errorf("%.60q: %v; expected %s", row.text, problems, row.want)
		}
	}
	for text, want := range map[string]string{"": "empty", "\n\n": "empty", "name,name\n": "two columns", "name,party\n": "no row", "\xff\xfea\x00": "UTF-16", "PK\x03\x04junk": "cannot be read", "a,b\n\"": "row 2"} {
		if _, _, err := ReadTable([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; expected %s", text, err, want)
		}
	}
}

// What keeps a table from being read is of one of the kinds that rooms have words for, and each kind is met.
func TestEachTableThatCannotBeReadIsOfAKind(t *testing.T) {
	met := map[string]bool{}
	for text, want := range map[string]string{
		"": "empty", "a,b\n": "empty", "a,a\n": "heads", strings.Repeat(",", 200) + "x\n": "heads", "\xff\xfea\x00": "encoding", "a\n\xff\xff\n": "encoding",
		"PK\x03\x04junk": "workbook", "a,b\n\"": "quotes", "a,b\n1,2,3\n": "cells", "a,b\n" + strings.Repeat("A", 5000) + ",x\n": "long", "a,b\nA\x00,x\n": "control",
		"a\n" + strings.Repeat("1\n", maxRows+1): "rows", strings.Repeat("A", MaxTable+1): "large",
	} {
		_, problems, err := ReadTable([]byte(text))
		var whole Problem
		if errors.As(err, &whole) {
			problems = append(problems, whole)
		}
		if len(problems) == 0 || problems[0].Kind != want || problems[0].Remedy == "" {
			t.Errorf("%.40q: %v; expected the kind %s", text, problems, want)
			continue
		}
		met[want] = true
	}
	if kinds := slices.Sorted(maps.Keys(met)); !slices.Equal(kinds, slices.Sorted(slices.Values(Kinds))) {
		t.Errorf("met: %q of %q", kinds, Kinds)
	}
}

// The list of a real conference is looked at whole. None of its names is shown.
func TestTheListOfARealConference(t *testing.T) {
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
	table, problems, err := ReadTable(b)
	if err != nil || len(problems) > 0 || len(table.Rows) != 15224 {
		t.Fatalf("%d rows, %d problems, %v", len(table.Rows), len(problems), err)
	}
	if _, problems := (Participants{FirstIsHead: true}).Plan(table, nil); len(problems) > 0 {
		t.Fatalf("%d problems, the first in row %d", len(problems), problems[0].Row)
	}
	t.Logf("checked %d rows", len(table.Rows))
}

func FuzzReadTable(f *testing.F) {
	f.Add([]byte("name,party,role\nA,a,head\n"))
	f.Add([]byte("\ufeffname;party\n\"A\";\"a\"\n"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		table, problems, err := ReadTable(b)
		if err != nil {
			return
		}
		Participants{FirstIsHead: true}.Plan(table, nil)
		Votes{}.Plan(table, nil)
		if len(table.Rows)+len(problems) == 0 {
			t.Fatal("nothing was read and nothing is wrong")
		}
	})
}
