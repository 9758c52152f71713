package conference

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kurultai/record"
)

// Who sees what: a row a reader, a column an audience.
func TestWhoSeesWhat(t *testing.T) {
	d := newDesk(t)
	audiences := []Audience{ToPublic, ToObservers, ToParticipants, ToChair, ToSecretariat, ToDelegation("a"), ToDelegation("b"), ToDelegation("o"), ToPerson(PersonID(pid(5))), "nobody"}
	for _, row := range []struct {
		who   string
		p     PersonID
		sees  string // a letter an audience
		class string
	}{
		{"the public", "", "x.........", "public"},
		{"somebody unknown", PersonID(pid(99)), "x.........", "public"},
		{"a secretary", PersonID(pid(1)), "xxxxx.....", "secretariat"},
		{"the Chair", PersonID(pid(4)), "xxxx......", "chair"},
		{"head of a member", PersonID(pid(5)), "xxx..x..x.", "delegation/a+participants"},
		{"a delegate of it", PersonID(pid(10)), "xxx..x....", "delegation/a+participants"},
		{"head of an observer", PersonID(pid(6)), "xx.....x..", "delegation/o+observers"},
		{"who calls itself head of a member and is none", PersonID(pid(7)), "xx.....x..", "delegation/o+observers"},
		{"an officer of press", PersonID(pid(13)), "x.........", "public"},
		{"a rapporteur", PersonID(pid(3)), "x.........", "public"},
	} {
		r := d.Reader(row.p, d.at)
		for i, a := range audiences {
			if want := row.sees[i] == 'x'; r.Sees(a) != want {
				t.Errorf("%s, %s: sees %v, want %v", row.who, a, r.Sees(a), want)
			}
		}
		if r.Class() != row.class {
			t.Errorf("%s is of class %s, want %s", row.who, r.Class(), row.class)
		}
	}
	d.must(t, act{as: Secretary, by: 1, name: "ForgetPerson", fields: `{"ground":"request","person":"` + pid(5) + `"}`})
	if r := d.Reader(PersonID(pid(5)), d.at); r.Class() != "public" || r.Person != "" {
		t.Errorf("who is forgotten reads as %s %q", r.Class(), r.Person)
	}
}

func TestPapersAreReadByThoseTheyAreFor(t *testing.T) {
	d := newDesk(t)
	for i, row := range []struct {
		level, then string // acts on the paper afterwards
		reads       string // public, head of a, head of b, observer, Chair, secretary
	}{
		{"public", "", "xxxxxx"},
		{"restricted", "", ".xx.xx"},
		{"restricted", `Circulate {"symbol":"%s","to":["b"]}`, "..x..x"},
		{"confidential", "", ".....x"},
		{"confidential", `Circulate {"symbol":"%s","to":["a","o"]}`, ".x.x.x"},
		{"public", `SealDocument {"basis":"VII/1","symbol":"%s","until":"2099-01-01"}`, ".....x"},
		{"public", `Classify {"basis":"VII/1","level":"confidential","symbol":"%s"}`, ".....x"},
	} {
		symbol := fmt.Sprintf("L.%d", i+1)
		d.must(t, secretary("RegisterDocument", `{"language":"en","level":"`+row.level+`","symbol":"`+symbol+`","text":"`+anyDigest+`","type":"draft"}`))
		if row.then != "" {
			var name, fields string
			fmt.Sscan(row.then, &name, &fields)
			d.must(t, secretary(name, fmt.Sprintf(fields, symbol)))
		}
		paper, _ := d.Document(Symbol(symbol))
		for k, n := range []int{0, 5, 14, 6, 4, 1} {
			r := d.Reader(PersonID(pid(n)), d.at)
			if want := row.reads[k] == 'x'; d.Reads(r, paper) != want {
				t.Errorf("%s %s: person %d reads %v, want %v", row.level, row.then, n, !want, want)
			}
		}
	}
}

func TestAFileIsForThoseWhoReadThePaper(t *testing.T) {
	d := newDesk(t)
	rows := 0
	for i, row := range []struct {
		level string
		then  []act  // on the paper afterwards
		opens string // public, head of a, head of b, observer, Chair, secretary
	}{
		{"public", nil, "xxxxxx"},
		{"restricted", nil, ".xx.xx"},
		{"confidential", nil, ".....x"},
		{"public", []act{secretary("SealDocument", `{"basis":"VII/1","symbol":"‹s›","until":"2099-01-01"}`)}, ".....x"},
		{"confidential", []act{secretary("Declassify", `{"basis":"VII/1","symbol":"‹s›"}`)}, "xxxxxx"},
		{"public", []act{secretary("WithdrawDocument", `{"symbol":"‹s›"}`)}, ".....x"},
		{"public", []act{two(secretary("DestroyFile", `{"basis":"VII/1","symbol":"‹s›"}`))}, "......"},
		{"public", []act{secretary("WithdrawDocument", `{"symbol":"‹s›"}`), two(secretary("DestroyFile", `{"basis":"VII/1","symbol":"‹s›"}`))}, "......"},
		{"public", []act{secretary("IssueRevision", `{"of":"‹s›","symbol":"‹s›/Rev.1","text":"`+anyDigest+`"}`)}, "xxxxxx"},
	} {
		symbol, digest := fmt.Sprintf("L.%d", i+1), record.DigestOf([]byte{byte(i)})
		d.must(t, secretary("RegisterDocument", `{"file":{"sealed":"`+string(digest)+`","size":4096},"language":"en","level":"`+row.level+`","symbol":"`+symbol+`","text":"`+anyDigest+`","type":"draft"}`))
		for _, a := range row.then {
			a.fields = strings.ReplaceAll(a.fields, "‹s›", symbol)
			d.must(t, a)
		}
		paper, _ := d.Document(Symbol(symbol))
		for k, n := range []int{0, 5, 14, 6, 4, 1} {
			r := d.Reader(PersonID(pid(n)), d.at)
			want := row.opens[k] == 'x'
			if rows++; d.OpensFile(r, paper) != want || d.Disclosed(r)[digest] != want {
				t.Errorf("%s %d, %v: person %d opens the file %v, want %v", row.level, i, row.then, n, !want, want)
			}
		}
		if gone := slices.Contains(d.Forgotten(), "doc/"+symbol); gone != strings.Contains(fmt.Sprint(row.then), "DestroyFile") {
			t.Errorf("%s: its key is to be destroyed: %v", symbol, gone)
		}
	}
	if later, _ := d.Document("L.9/Rev.1"); later.File != nil || rows != 54 {
		t.Errorf("%d rows; a revision has its original's file: %v", rows, later.File)
	}
}
