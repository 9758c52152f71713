package examine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
)

// maxFields bounds the fields of a form, and maxPages the pages.
const (
	maxFields = 4096
	maxPages  = 100_000
)

// A view is the file as it is in revision k.
type view struct {
	f *file
	k int
}

// get follows references to a value.
func (v view) get(x any) any {
	for range maxNesting {
		r, ok := x.(ref)
		if !ok {
			return x
		}
		x = v.f.value(int(r), v.k)
	}
	return nil
}

// dict is the dictionary x is or refers to; nil for anything else.
func (v view) dict(x any) dict {
	d, _ := v.get(x).(dict)
	return d
}

func (v view) array(x any) array {
	a, _ := v.get(x).(array)
	return a
}

func (v view) trailer() dict { return v.f.revisions[v.k].section.trailer }

func (v view) catalog() dict { return v.dict(v.trailer()["Root"]) }

// A field of the form, at the end of a branch of its tree.
type field struct {
	name    string // with the names above it, between them full stops
	kind    name   // Sig, Tx, Btn, Ch
	object  int
	widgets []int // where it is seen: the field itself, or its kids
	dict    dict
}

// A fieldList is the fields of the form, in its order.
type fieldList struct {
	list []field
	at   map[int]int // the place in the list, by object
}

// get is the field that object n is; its object is 0 where it is none.
func (l *fieldList) get(n int) field {
	if i, ok := l.at[n]; ok {
		return l.list[i]
	}
	return field{}
}

// fields walks the form.
func (v view) fields() (*fieldList, error) {
	w := fieldWalk{view: v, seen: map[int]bool{}, names: map[string]bool{}}
	form := v.dict(v.catalog()["AcroForm"])
	if form["XFA"] != nil {
		return nil, unread("xfa", errors.New("the form is one of XFA: what it shows stands outside of the pages"))
	}
	for _, x := range v.array(form["Fields"]) {
		if err := w.field(x, field{}, 0); err != nil {
			return nil, fmt.Errorf("the form: %w", err)
		}
	}
	l := &fieldList{w.list, map[int]int{}}
	for i, f := range w.list {
		l.at[f.object] = i
	}
	return l, nil
}

// fieldKeys are what a field is known by.
var fieldKeys = []name{"T", "FT", "Kids", "Parent"}

// later is the list as it is in v, where it was before in the revision before: walked again only if anything was written
// that is not new and no field, so that n signatures do not walk n fields each.
func (l *fieldList) later(v view) (*fieldList, error) {
	next := &fieldList{slices.Clone(l.list), l.at}
	for n := range v.f.revisions[v.k].section.entries {
		old, is := v.f.value(n, v.k-1), v.f.value(n, v.k)
		i, known := l.at[n]
		d, ok := is.(dict)
		switch {
		case old == nil && is != nil && !known:
			continue
		case !known || !ok:
			return v.fields()
		}
		for _, k := range fieldKeys {
			if isRef(d[k]) && k != "Parent" || !equal(d[k], l.list[i].dict[k]) {
				return v.fields()
			}
		}
		next.list[i].dict = d
	}
	return next, nil
}

type fieldWalk struct {
	view
	seen  map[int]bool
	names map[string]bool
	list  []field
}

// field walks a field; above is what it inherits from.
func (w *fieldWalk) field(x any, above field, depth int) error {
	at, ok := x.(ref)
	d := w.dict(x)
	if !ok || d == nil || w.seen[int(at)] || depth > maxNesting || len(w.seen) > maxFields {
		return fmt.Errorf("field %d of the tree is none, stands twice, or is one too many", len(w.seen)+1)
	}
	w.seen[int(at)] = true
	f := field{name: above.name, kind: above.kind, object: int(at), dict: d}
	if t, ok := w.get(d["T"]).(text); ok {
		if f.name != "" {
			f.name += "."
		}
		f.name += plainText(t.s)
	}
	if kind, ok := w.get(d["FT"]).(name); ok {
		f.kind = kind
	}
	kids := w.array(d["Kids"])
	if len(kids) > 0 && w.dict(kids[0])["T"] != nil {
		for _, k := range kids {
			if err := w.field(k, f, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return w.leaf(f, kids)
}

func (w *fieldWalk) leaf(f field, kids array) error {
	if w.names[f.name] {
		return unread("ambiguous", fmt.Errorf("two fields are called %q", f.name))
	}
	w.names[f.name] = true
	if len(kids) == 0 {
		f.widgets = []int{f.object}
	}
	for _, k := range kids {
		at, ok := k.(ref)
		if d := w.dict(k); !ok || d == nil || d["T"] != nil || d["Kids"] != nil || w.seen[int(at)] {
			return fmt.Errorf("field %q has a kid that is no widget of its own", f.name)
		}
		w.seen[int(at)] = true
		f.widgets = append(f.widgets, int(at))
	}
	w.list = append(w.list, f)
	return nil
}

// pages are the objects of the pages in order; what is no page is left out.
func (v view) pages() (list []int) {
	seen := map[int]bool{}
	var walk func(x any, depth int)
	walk = func(x any, depth int) {
		at, ok := x.(ref)
		if !ok || seen[int(at)] || depth > maxNesting || len(list) > maxPages {
			return
		}
		seen[int(at)] = true
		d := v.dict(x)
		if d["Type"] == name("Page") {
			list = append(list, int(at))
			return
		}
		for _, k := range v.array(d["Kids"]) {
			walk(k, depth+1)
		}
	}
	walk(v.catalog()["Pages"], 0)
	return list
}

// rectangle is an area in points, as the numbers of a rectangle; ok only if they are four.
func (v view) rectangle(x any) (r [4]float64, ok bool) {
	list := v.array(x)
	if len(list) != 4 {
		return r, false
	}
	for i, e := range list {
		switch e := v.get(e).(type) {
		case int:
			r[i] = float64(e)
		case real:
			r[i], _ = strconv.ParseFloat(string(e), 64) // the parser saw digits and a point
		default:
			return r, false
		}
	}
	return [4]float64{min(r[0], r[2]), min(r[1], r[3]), max(r[0], r[2]), max(r[1], r[3])}, true
}

// plainText reads a text string (7.9.2.2): UTF-16 with its mark, UTF-8 with its mark, else bytes as Latin.
func plainText(s string) string {
	switch {
	case len(s) >= 2 && s[:2] == "\xfe\xff":
		return utf16Text(s[2:])
	case len(s) >= 3 && s[:3] == "\xef\xbb\xbf":
		return s[3:]
	}
	out := make([]rune, len(s))
	for i := range len(s) {
		out[i] = rune(s[i])
	}
	return string(out)
}

func utf16Text(s string) string {
	units := make([]uint16, len(s)/2)
	for i := range units {
		units[i] = uint16(s[2*i])<<8 | uint16(s[2*i+1])
	}
	return string(utf16.Decode(units))
}
