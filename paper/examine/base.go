package examine

import (
	"maps"
	"slices"
	"strings"
)

// base warns of what the first signer signed and may not have seen, as later changes could bring it out.
func (x *examination) base(v view) {
	x.unused(v)
	form := v.dict(v.catalog()["AcroForm"])
	if v.get(form["NeedAppearances"]) == any(true) {
		x.warn("value-undecided")
	}
	x.file.places = nil
	places := (&difference{old: v}).places
	fields, err := v.fields()
	if err != nil {
		return // it was read before
	}
	pages := map[ref]int{} // from 1, by reference
	for i, p := range v.pages() {
		pages[ref(p)] = i + 1
	}
	for _, f := range fields.list {
		switch {
		case f.kind == "Sig":
			x.largeField(v, f, pages)
		case v.get(f.dict["V"]) != nil:
			x.shown(v, f, places)
		}
	}
	c := v.catalog()
	for _, k := range []name{"OpenAction", "AA"} {
		if d := v.dict(c[k]); d != nil {
			x.warn("actions", string(k))
		}
	}
	if v.dict(c["Names"])["JavaScript"] != nil {
		x.warn("actions", "JavaScript")
	}
	if c["OCProperties"] != nil {
		x.warn("layers")
	}
}

// unused warns of objects that nothing leads to, neither in the revision that was signed first nor in the one before it: a
// signature takes the place of the empty appearance of its field.
func (x *examination) unused(v view) {
	reached := map[int]bool{}
	for k := max(0, v.k-1); k <= v.k; k++ {
		view{v.f, k}.reach(reached)
	}
	var list []int
	for _, n := range slices.Sorted(maps.Keys(v.f.versions)) {
		if v.f.value(n, v.k) != nil && !reached[n] && !v.f.structure[n] {
			list = append(list, n)
		}
	}
	if len(list) > 0 {
		x.warn("unused-objects", len(list), list[0])
	}
}

// reach adds all objects that the trailer leads to.
func (v view) reach(reached map[int]bool) {
	seen := map[int]bool{}
	for todo := []any{v.trailer()}; len(todo) > 0; {
		x := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		refs(x, func(r ref) {
			if !seen[int(r)] {
				seen[int(r)], reached[int(r)] = true, true
				todo = append(todo, v.f.value(int(r), v.k))
			}
		})
	}
}

// largeField warns of a field in which a later signature could cover the text.
func (x *examination) largeField(v view, f field, pages map[ref]int) {
	for _, n := range f.widgets {
		d := v.dict(ref(n))
		on, _ := d["P"].(ref)
		r, isField := v.rectangle(d["Rect"])
		box, isPage := v.rectangle(v.dict(on)["MediaBox"])
		if isField && isPage && pages[on] > 0 && f.dict["V"] == nil && 2*area(r) > area(box) {
			x.warn("field-large", f.name, pages[on])
		}
	}
}

func area(r [4]float64) float64 { return (r[2] - r[0]) * (r[3] - r[1]) }

// Annotation flags under which nothing is shown (12.5.3): invisible, hidden, no view.
const unseen = 1 | 2 | 32

// shown warns where a field's value is not what its appearances show.
func (x *examination) shown(v view, f field, places func(int) int) {
	value, isText := v.get(f.dict["V"]).(text)
	for _, n := range f.widgets {
		d := v.dict(ref(n))
		flags, _ := v.get(d["F"]).(int)
		r, _ := v.rectangle(d["Rect"])
		look := v.get(v.dict(d["AP"])["N"])
		if flags&unseen != 0 || area(r) == 0 || look == nil || places(n) == 0 {
			x.warn("value-not-shown", f.name)
			return
		}
		if s, ok := look.(*stream); isText && (!ok || !strings.Contains(x.file.words(s), letters(plainText(value.s)))) {
			x.warn("value-shown-other", f.name)
			return
		}
	}
}

// words are the strings of a content stream, in a row and without spaces; "" if it cannot be read.
func (f *file) words(s *stream) string {
	b, err := f.decode(s)
	if err != nil {
		return ""
	}
	var out strings.Builder
	p := &parser{b: b, values: &f.values}
	for p.space(); p.at < len(b); p.space() {
		v, err := p.value(0)
		if err != nil {
			for p.at++; p.at < len(b) && isRegular(b[p.at]); p.at++ { // an operator
			}
			continue
		}
		write(&out, v)
	}
	return out.String()
}

func write(out *strings.Builder, v any) {
	switch v := v.(type) {
	case text:
		out.WriteString(letters(plainText(v.s)))
	case array:
		for _, e := range v {
			write(out, e)
		}
	}
}

func letters(s string) string { return strings.Join(strings.Fields(s), "") }

// strays finds signatures that no field has: somebody took one away, or keeps one ready.
func (x *examination) strays() {
	known := map[int]bool{}
	for _, s := range x.signings {
		known[s.object] = true
	}
	for _, n := range slices.Sorted(maps.Keys(x.file.versions)) {
		for _, v := range x.file.versions[n] {
			if d, ok := v.value.(dict); ok && !known[n] && isSignature(d) {
				x.report.Problems = append(x.report.Problems, found("signature-stray", n))
				break
			}
		}
		if len(x.report.Problems) > maxRefused {
			return
		}
	}
}

func isSignature(d dict) bool {
	return d["ByteRange"] != nil || d["Contents"] != nil && (d["Type"] == any(name("Sig")) || d["Type"] == any(name("DocTimeStamp")))
}
