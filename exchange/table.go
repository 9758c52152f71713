package exchange

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/unicode/norm"
)

// What a table may hold. A file beyond it is refused before it is read on.
const (
	MaxTable   = 64 << 20 // bytes, packed
	maxUnpack  = 512 << 20
	maxRows    = 1_000_000
	maxColumns = 100
	maxCell    = 4000 // bytes
)

// A Table is lines of text under the names of its columns.
type Table struct {
	Columns []string
	Rows    []Row
}

// A Row is one line, numbered as a person counts: the names stand in row 1.
type Row struct {
	Number int
	cells  []string
}

// ReadTable reads a table, CSV (RFC 4180, also with semicolons or tabs) or the first sheet of an XLSX workbook. Text is
// UTF-8, brought to NFC; blanks around it go. Problems are rows that cannot be read; the error, a Problem too, says that
// nothing can.
func ReadTable(b []byte) (*Table, []Problem, error) {
	if len(b) > MaxTable {
		return nil, nil, Problem{Kind: "large", Why: fmt.Sprintf("%d MB: a table has %d MB at most", len(b)>>20, MaxTable>>20), Remedy: "split it"}
	}
	lines := csvLines
	if bytes.HasPrefix(b, []byte("PK\x03\x04")) {
		lines = xlsxLines
	}
	t, width := new(Table), 0
	var problems []Problem
	err := lines(b, func(number int, cells []string) error {
		for i, c := range cells {
			switch {
			case !utf8.ValidString(c):
				problems = append(problems, Problem{Row: number, Column: t.column(i), Kind: "encoding", Why: "is not UTF-8", Remedy: "save the file as UTF-8 and try again"})
				c = ""
			case len(c) > maxCell:
				problems = append(problems, Problem{Row: number, Column: t.column(i), Kind: "long", Why: fmt.Sprintf("has %d bytes", len(c)), Remedy: fmt.Sprintf("a cell has %d at most", maxCell)})
				c = ""
			case strings.ContainsFunc(c, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f }):
				problems = append(problems, Problem{Row: number, Column: t.column(i), Kind: "control", Why: "holds control characters", Remedy: "take them out"})
				c = ""
			}
			cells[i] = strings.Join(strings.Fields(norm.NFC.String(c)), " ")
		}
		for len(cells) > 0 && cells[len(cells)-1] == "" && (t.Columns == nil || len(cells) > width) {
			cells = cells[:len(cells)-1]
		}
		switch {
		case t.Columns == nil:
			for i, c := range cells {
				cells[i] = strings.ToLower(c)
				if c != "" && slices.Contains(cells[:i], cells[i]) {
					return Problem{Row: number, Column: c, Kind: "heads", Why: fmt.Sprintf("two columns are called %q", c), Remedy: "call each by a name of its own"}
				}
			}
			if len(cells) == 0 || len(cells) > maxColumns {
				return Problem{Row: number, Kind: "heads", Why: fmt.Sprintf("the names of the columns are expected there, %d at most", maxColumns), Remedy: "write them there"}
			}
			t.Columns, width = cells, len(cells)
		case !slices.ContainsFunc(cells, func(c string) bool { return c != "" }) && width > 1 && len(cells) <= 1:
			// an empty line
		case len(cells) > width:
			problems = append(problems, Problem{Row: number, Kind: "cells", Why: fmt.Sprintf("has %d cells under %d columns", len(cells), width), Remedy: "put text with commas into quotes"})
		case len(t.Rows) >= maxRows:
			return Problem{Row: number, Kind: "rows", Why: fmt.Sprintf("a table has %d rows at most", maxRows), Remedy: "split it"}
		default:
			t.Rows = append(t.Rows, Row{number, cells})
		}
		return nil
	})
	if err == nil && t.Columns == nil {
		err = Problem{Kind: "empty", Why: "the table is empty", Remedy: "its first row names the columns"}
	}
	if err == nil && len(t.Rows) == 0 && len(problems) == 0 {
		err = Problem{Kind: "empty", Why: "the table has no row below the names of its columns", Remedy: "add one"}
	}
	return t, problems, err
}

func (t *Table) column(i int) string {
	if i < len(t.Columns) {
		return t.Columns[i]
	}
	return fmt.Sprint(i + 1)
}

// find is the place of the first column called one of some names, or -1.
func (t *Table) find(names ...string) int {
	for _, name := range names {
		if at := slices.Index(t.Columns, name); at >= 0 {
			return at
		}
	}
	return -1
}

// Cells are the texts of a row, those behind the last that is filled left out.
func (r Row) Cells() []string { return slices.Clone(r.cells) }

func (r Row) cell(at int) string {
	if at < 0 || at >= len(r.cells) {
		return ""
	}
	return r.cells[at]
}

func csvLines(b []byte, line func(int, []string) error) error {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return Problem{Kind: "encoding", Why: "the file is UTF-16", Remedy: "save it as UTF-8 and try again"}
	}
	first, _, _ := bytes.Cut(b, []byte("\n"))
	in := csv.NewReader(bufio.NewReaderSize(bytes.NewReader(b), 1<<16))
	in.FieldsPerRecord = -1
	for _, comma := range ";\t" {
		if bytes.ContainsRune(first, comma) && !bytes.ContainsRune(first, ',') {
			in.Comma = comma
		}
	}
	for {
		cells, err := in.Read()
		if err == io.EOF {
			return nil
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			return Problem{Row: wrong.Line, Kind: "quotes", Why: wrong.Err.Error(), Remedy: "close the quotes"}
		} else if err != nil {
			return unreadable(0, err)
		}
		number, _ := in.FieldPos(0)
		if err := line(number, cells); err != nil {
			return err
		}
	}
}

func xlsxLines(b []byte, line func(int, []string) error) (err error) {
	defer func() { // what is read comes from outside, through somebody else's parser
		if r := recover(); r != nil {
			err = unreadable(0, errors.New("the workbook cannot be read"))
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(b), excelize.Options{UnzipSizeLimit: maxUnpack, UnzipXMLSizeLimit: 64 << 20, RawCellValue: true})
	if err != nil {
		return unreadable(0, fmt.Errorf("the workbook cannot be read: %w", err))
	}
	defer f.Close()
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		return unreadable(0, errors.New("the workbook has no sheet"))
	}
	rows, err := f.Rows(sheets[0])
	if err != nil {
		return unreadable(0, fmt.Errorf("sheet %s: %w", sheets[0], err))
	}
	defer rows.Close()
	for number := 1; rows.Next(); number++ {
		cells, err := rows.Columns()
		if err != nil {
			return unreadable(number, fmt.Errorf("sheet %s: %w", sheets[0], err))
		}
		if len(cells) == 0 {
			continue
		}
		if err := line(number, cells); err != nil {
			return err
		}
	}
	if err := rows.Error(); err != nil {
		return unreadable(0, err)
	}
	return nil
}

// unreadable is a workbook that cannot be read, or not from a row on.
func unreadable(row int, err error) Problem {
	return Problem{Row: row, Kind: "workbook", Why: err.Error(), Remedy: "save it again, or as CSV"}
}
