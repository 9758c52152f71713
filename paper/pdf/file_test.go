package pdf_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A read is an uncompressed file taken apart by its cross-reference table, by other means than it was written.
type read struct {
	t       testing.TB
	b       []byte
	objects []string // [0] is free
}

func open(t testing.TB, b []byte) *read {
	t.Helper()
	tail := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(b)
	if tail == nil {
		t.Fatal("no startxref at the end")
	}
	start, _ := strconv.Atoi(string(tail[1]))
	head := regexp.MustCompile(`^xref\n0 (\d+)\n0000000000 65535 f \n`).FindSubmatch(b[start:])
	if head == nil {
		t.Fatalf("no cross-reference table at %d", start)
	}
	n, _ := strconv.Atoi(string(head[1]))
	r := &read{t: t, b: b, objects: make([]string, n)}
	rows := b[start+len(head[0]):]
	for i := 1; i < n; i++ {
		row := string(rows[(i-1)*20 : i*20])
		at, err := strconv.Atoi(row[:10])
		if err != nil || row[10:] != " 00000 n \n" {
			t.Fatalf("row %d of the table: %q", i, row)
		}
		opening := fmt.Sprintf("%d 0 obj\n", i)
		if !bytes.HasPrefix(b[at:], []byte(opening)) {
			t.Fatalf("object %d is not at %d", i, at)
		}
		body, _, ok := bytes.Cut(b[at+len(opening):], []byte("\nendobj\n"))
		if !ok {
			t.Fatalf("object %d does not end", i)
		}
		r.objects[i] = string(body)
	}
	return r
}

// get is what stands behind a key of an object, as written: a reference, an array, a number.
func (r *read) get(object int, key string) string {
	dict, _, _ := strings.Cut(r.objects[object], "\nstream\n")
	m := regexp.MustCompile(`/` + key + `(?: (\d+ 0 R|[-\d.]+)|(\[[^\]]*\]|<[0-9A-F]*>|\([^)]*\)|/\w+))`).FindStringSubmatch(dict)
	if m == nil {
		return ""
	}
	return m[1] + m[2]
}

func ref(s string) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(s, " 0 R"))
	return n
}

func refs(s string) (list []int) {
	for _, m := range regexp.MustCompile(`(\d+) 0 R`).FindAllStringSubmatch(s, -1) {
		n, _ := strconv.Atoi(m[1])
		list = append(list, n)
	}
	return list
}

func (r *read) stream(object int) []byte {
	r.t.Helper()
	_, s, ok := strings.Cut(r.objects[object], "\nstream\n")
	if !ok {
		r.t.Fatalf("object %d is no stream", object)
	}
	s = strings.TrimSuffix(s, "\nendstream")
	if length := r.get(object, "Length"); length != fmt.Sprint(len(s)) {
		r.t.Errorf("stream %d says it is %s long and is %d", object, length, len(s))
	}
	return []byte(s)
}

func (r *read) pages() []int { return refs(r.get(ref(r.get(1, "Pages")), "Kids")) }

// An elem is a structure element read back.
type elem struct {
	object int
	tag    string
	parent *elem
	kids   []any // *elem, mcr or annotation as objr
}

type mcr struct{ page, id int }
type objr struct{ object int }

// tree reads the structure, the root's only kid first.
func (r *read) tree() *elem {
	root := ref(r.get(1, "StructTreeRoot"))
	return r.elem(refs(r.get(root, "K"))[0], nil, root)
}

var kidForms = regexp.MustCompile(`<</Type/MCR/Pg (\d+) 0 R/MCID (\d+)>>|<</Type/OBJR/Pg (\d+) 0 R/Obj (\d+) 0 R>>|(\d+) 0 R`)

func (r *read) elem(object int, parent *elem, parentObject int) *elem {
	r.t.Helper()
	e := &elem{object: object, tag: strings.TrimPrefix(r.get(object, "S"), "/"), parent: parent}
	if !strings.Contains(r.objects[object], fmt.Sprintf("/P %d 0 R", parentObject)) {
		r.t.Errorf("element %d does not say that its parent is %d", object, parentObject)
	}
	_, kids, _ := strings.Cut(r.objects[object], "/K[")
	for _, m := range kidForms.FindAllStringSubmatch(kids, -1) {
		switch {
		case m[1] != "":
			page, _ := strconv.Atoi(m[1])
			id, _ := strconv.Atoi(m[2])
			e.kids = append(e.kids, mcr{page, id})
		case m[3] != "":
			n, _ := strconv.Atoi(m[4])
			e.kids = append(e.kids, objr{n})
		default:
			n, _ := strconv.Atoi(m[5])
			e.kids = append(e.kids, r.elem(n, e, object))
		}
	}
	return e
}

func (e *elem) all() []*elem {
	list := []*elem{e}
	for _, k := range e.kids {
		if k, ok := k.(*elem); ok {
			list = append(list, k.all()...)
		}
	}
	return list
}

// A drawn is an operator of a content stream with its operands, and what marks it.
type drawn struct {
	operator string
	operands string
	mcid     int // -1: none
	artifact bool
	marked   bool
}

// content reads a page's content stream line by line, as it is written: an operator ends each line.
func (r *read) content(page int) (list []drawn) {
	r.t.Helper()
	type mark struct {
		mcid     int
		artifact bool
	}
	var open []mark
	mcid := regexp.MustCompile(`<</MCID (\d+)>>BDC$`)
	for line := range strings.Lines(string(r.stream(ref(r.get(page, "Contents"))))) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasSuffix(line, "BDC"):
			m := mark{-1, strings.HasPrefix(line, "/Artifact")}
			if id := mcid.FindStringSubmatch(line); id != nil {
				m.mcid, _ = strconv.Atoi(id[1])
			}
			open = append(open, m)
		case line == "EMC":
			if len(open) == 0 {
				r.t.Fatalf("page %d: EMC without BDC", page)
			}
			open = open[:len(open)-1]
		}
		d := drawn{operator: line[strings.LastIndexAny(line, " ]")+1:], operands: line, mcid: -1, marked: len(open) > 0}
		for _, m := range open {
			d.artifact = d.artifact || m.artifact
			if m.mcid >= 0 {
				d.mcid = m.mcid
			}
		}
		list = append(list, d)
	}
	if len(open) != 0 {
		r.t.Errorf("page %d: %d marked contents stay open", page, len(open))
	}
	return list
}
