package examine

import (
	"maps"
	"slices"
)

// A role is what an object does in the document, so that a change of it can be named for what it does.
type role struct {
	code string // of the finding that names a change of it
	args []any
}

// maxNamed bounds in how many revisions changes are named by walking the whole document, and maxRefused how many changes
// of one revision.
const (
	maxNamed   = 8
	maxRefused = 64
)

// rest names all changes that are left.
func (d *difference) rest() {
	for _, n := range slices.Sorted(maps.Keys(d.changed)) {
		if !d.isNew(n) {
			d.named(n)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(d.changed)) {
		if d.isNew(n) {
			d.refuse("object-unused", n)
		}
	}
	if d.more > 0 {
		d.refused = append(d.refused, found("more-changes", d.more))
	}
}

// named refuses the change of an object that was there before.
func (d *difference) named(n int) {
	old, new := d.old.get(ref(n)), d.new.get(ref(n))
	d.explain(n)
	d.explainNew(new)
	r := d.role(n)
	switch {
	case r.code == "page-entry":
		d.pageChanged(r.args[0].(int), dictOf(old), dictOf(new))
	case r.code == "page-tree":
		d.pagesChanged()
	case r.code == "form-changed":
		d.formChanged(dictOf(old), dictOf(new))
	case r.code == "field-entry":
		d.fieldChanged(r.args[0].(string), n, dictOf(old), dictOf(new))
	case r.code == "annotations":
		d.annotationsChanged(r.args[0].(int), d.old.array(ref(n)), d.new.array(ref(n)))
	case r.code != "":
		d.refuse(r.code, r.args...)
	case new == nil:
		d.refuse("object-removed", n)
	}
	if len(d.refused) == 0 {
		d.refuse("object-changed", n)
	}
}

// catalogEntry names the change of an entry of the catalog.
func (d *difference) catalogEntry(k name, old, new dict) {
	d.explainNew(new[k])
	switch k {
	case "Pages":
		d.refuse("pages-swapped")
		d.pagesChanged()
	case "AcroForm":
		if isRef(old[k]) || isRef(new[k]) {
			d.refuse("form-swapped")
		} else if !d.timestampJoined() {
			d.formChanged(d.old.dict(old[k]), d.new.dict(new[k]))
		}
	default:
		d.refuse("catalog-entry", string(k))
	}
}

// timestampJoined reports whether a form written in the catalog itself changed by a document timestamp's field.
func (d *difference) timestampJoined() bool {
	return slices.ContainsFunc(d.lawful, func(f Finding) bool { return f.Code == "document-timestamp" }) &&
		len(d.after.list) == len(d.before.list)+1 && slices.Equal(changedKeys(d.old.dict(d.old.catalog()["AcroForm"]), d.new.dict(d.new.catalog()["AcroForm"])), []name{"Fields"})
}

// pagesChanged names what became of the pages.
func (d *difference) pagesChanged() {
	was, is := d.old.pages(), d.new.pages()
	sortedWas, sortedIs := slices.Sorted(slices.Values(was)), slices.Sorted(slices.Values(is))
	switch {
	case len(is) > len(was):
		d.refuse("page-added", len(is), len(was))
	case len(is) < len(was):
		d.refuse("page-removed", len(is), len(was))
	case slices.Equal(was, is):
		d.refuse("page-tree")
	case slices.Equal(sortedWas, sortedIs):
		d.refuse("pages-reordered")
	default:
		for i := range was {
			if was[i] != is[i] {
				d.refuse("page-replaced", i+1)
			}
		}
	}
}

func (d *difference) pageChanged(page int, old, new dict) {
	for _, k := range changedKeys(old, new) {
		switch k {
		case "Contents":
			d.refuse("page-text", page)
		case "Resources":
			d.refuse("page-resources", page)
		case "Annots":
			d.annotationsChanged(page, d.old.array(old[k]), d.new.array(new[k]))
		default:
			d.refuse("page-entry", page, string(k))
		}
	}
}

func (d *difference) annotationsChanged(page int, was, is array) {
	switch {
	case len(is) > len(was):
		d.refuse("annotation-added", page)
	case len(is) < len(was):
		d.refuse("annotation-removed", page)
	default:
		d.refuse("annotation-changed", page)
	}
}

// formChanged names what became of the form: fields that came and went, and its other entries.
func (d *difference) formChanged(old, new dict) {
	for _, f := range d.after.list {
		if d.before.get(f.object).object == 0 {
			d.refuse("field-added", f.name)
		}
	}
	for _, f := range d.before.list {
		if d.after.get(f.object).object == 0 {
			d.refuse("field-removed", f.name)
		}
	}
	for _, k := range changedKeys(old, new) {
		if k != "Fields" || len(d.before.list) == len(d.after.list) {
			d.refuse("form-changed", string(k))
		}
	}
}

func (d *difference) fieldChanged(called string, n int, old, new dict) {
	f := field{name: called, object: n, kind: d.before.get(n).kind}
	if new == nil {
		d.refuse("field-removed", called)
	}
	for _, k := range changedKeys(old, new) {
		d.fieldEntry(f, k, old, new)
	}
}

// fieldEntry names the change of an entry of a field or its widget.
func (d *difference) fieldEntry(f field, k name, old, new dict) {
	signed := f.kind == "Sig"
	switch {
	case k == "V" && !signed:
		d.refuse("field-filled", f.name)
	case k == "V" && new[k] == nil:
		d.refuse("value-removed", f.name)
	case k == "V" && old[k] != nil:
		d.refuse("value-replaced", f.name)
	case k == "V":
		d.refuse("field-filled", f.name)
	case k == "T":
		t, _ := d.new.get(new[k]).(text)
		d.refuse("field-renamed", f.name, plainText(t.s))
	case k == "Rect":
		d.refuse("field-moved", f.name)
	case k == "AP", k == "AS", k == "MK", k == "DA":
		d.refuse("field-appearance", f.name)
	default:
		d.refuse("field-entry", f.name, string(k))
	}
}

// role tells what object n did before.
func (d *difference) role(n int) role {
	if d.roles == nil {
		d.roles = map[int]role{}
		if d.old.f.named++; d.old.f.named <= maxNamed {
			d.old.roles(d.roles, d.before.list)
		}
	}
	return d.roles[n]
}

// roles gives each object the first role it is met in: form and pages first, since all else hangs on them.
func (v view) roles(m map[int]role, fields []field) {
	c := v.catalog()
	set := func(x any, code string, args ...any) {
		if r, ok := x.(ref); ok && m[int(r)].code == "" {
			m[int(r)] = role{code, args}
		}
	}
	set(c["AcroForm"], "form-changed", "Fields")
	set(v.dict(c["AcroForm"])["Fields"], "form-changed", "Fields")
	for _, f := range fields {
		for _, n := range append([]int{f.object}, f.widgets...) {
			set(ref(n), "field-entry", f.name)
		}
	}
	for i, p := range v.pages() {
		v.pageRoles(m, set, i+1, p)
	}
	for _, f := range fields {
		set(f.dict["V"], "signature-changed", f.name)
		for _, n := range append([]int{f.object}, f.widgets...) {
			v.spread(m, v.dict(ref(n))["AP"], "field-appearance", f.name)
		}
	}
	v.spread(m, c["Pages"], "page-tree")
	v.spread(m, c["StructTreeRoot"], "structure-changed")
	v.spread(m, c["Outlines"], "bookmarks-changed")
	v.spread(m, c["Metadata"], "metadata-changed")
	v.spread(m, c["Names"], "attachment-changed")
	v.spread(m, c["AF"], "attachment-changed")
	v.spread(m, c["OutputIntents"], "profile-changed")
	v.spread(m, c["DSS"], "dss-form")
	v.spread(m, v.trailer()["Info"], "info-changed")
	for _, k := range keys(c) {
		v.spread(m, c[k], "catalog-entry", string(k))
	}
}

func (v view) pageRoles(m map[int]role, set func(x any, code string, args ...any), page, n int) {
	d := v.dict(ref(n))
	set(ref(n), "page-entry", page)
	set(d["Annots"], "annotations", page)
	for _, a := range v.array(d["Annots"]) {
		v.spread(m, a, "annotation-changed", page)
	}
	v.spread(m, d["Contents"], "page-text", page)
	v.spread(m, d["Resources"], "page-resources", page)
}

// spread gives a role to all that x leads to and that has none yet. Ways back up are not gone.
func (v view) spread(m map[int]role, x any, code string, args ...any) {
	for todo := []any{x}; len(todo) > 0; {
		x := todo[0]
		todo = todo[1:]
		if d := dictOf(x); d != nil {
			for _, k := range keys(d) {
				if k != "Parent" && k != "P" && k != "Pg" {
					todo = append(todo, d[k])
				}
			}
		}
		switch x := x.(type) {
		case array:
			todo = append(todo, x...)
		case ref:
			if m[int(x)].code == "" && v.get(x) != nil {
				m[int(x)] = role{code, args}
				todo = append(todo, v.get(x))
			}
		}
	}
}
