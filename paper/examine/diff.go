package examine

import (
	"maps"
	"slices"
)

// A difference is what revision k of a file made of the one before. It begins with all objects that say something else,
// and takes away what the list of allowed changes explains. What is left is named and refused.
type difference struct {
	old, new view
	users    users
	signings []*signing   // of the revisions before
	came     []*signing   // with this revision
	changed  map[int]bool // objects that say something else than before, not explained yet
	before   *fieldList
	after    *fieldList
	roles    map[int]role // of the objects before; filled when something is to be named

	lawful  []Finding
	refused []Finding
	more    int // changes refused and not named
}

// Users tell of each object who refers to it, over all revisions read so far.
type users map[int]user

type user struct {
	by   int  // the object that does
	many bool // there are others, or it does so twice
}

// add counts the references of all objects of revision k.
func (u users) add(f *file, k int) {
	for n := range f.revisions[k].section.entries {
		v := f.version(n, k)
		if v == nil || v.revision != k {
			continue
		}
		within := map[int]bool{}
		refs(v.value, func(r ref) {
			old, is := u[int(r)]
			u[int(r)] = user{by: n, many: is && (old.many || old.by != n || within[int(r)])}
			within[int(r)] = true
		})
	}
}

// differ finds what revision k changed. u and signings are those of the revisions before.
func (f *file) differ(k int, u users, signings, came []*signing, before, after *fieldList) *difference {
	d := &difference{old: view{f, k - 1}, new: view{f, k}, users: u, signings: signings, came: came, changed: map[int]bool{}, before: before, after: after}
	for n := range f.revisions[k].section.entries {
		if v := f.version(n, k); v.revision == k && !equal(v.value, f.value(n, k-1)) {
			d.changed[n] = true
		}
	}
	for n := range f.revisions[k].packed {
		d.explain(n)
	}
	d.explain(f.revisions[k].section.number)
	d.openReferences()
	d.trailers()
	d.signatures()
	d.timestamps()
	d.catalogs()
	d.rest()
	if len(d.lawful)+len(d.refused) == 0 {
		d.lawful = []Finding{found("nothing-changed")}
	}
	return d
}

func (d *difference) allow(code string, args ...any) {
	d.lawful = append(d.lawful, found(code, args...))
}

// refuse names a change that is not allowed, once; beyond maxRefused they are only counted.
func (d *difference) refuse(code string, args ...any) {
	f := found(code, args...)
	if len(d.refused) == maxRefused {
		d.more++
		return
	}
	if !slices.ContainsFunc(d.refused, func(g Finding) bool { return g.Code == code && slices.Equal(g.Args, args) }) {
		d.refused = append(d.refused, f)
	}
}

// isNew reports whether object n came with this revision and is not explained yet.
func (d *difference) isNew(n int) bool { return d.changed[n] && d.old.get(ref(n)) == nil }

// explain takes object n from what is to be explained.
func (d *difference) explain(n int) { delete(d.changed, n) }

// explainNew takes away all new objects that v leads to by way of new objects.
func (d *difference) explainNew(v any) {
	todo := []any{v}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		refs(v, func(r ref) {
			if d.isNew(int(r)) {
				d.explain(int(r))
				todo = append(todo, d.new.get(r))
			}
		})
	}
}

// openReferences refuses new objects that the document had named before they were there: they would appear wherever they
// are named.
func (d *difference) openReferences() {
	for n := range d.new.f.revisions[d.new.k].section.entries {
		if v := d.new.f.version(n, d.new.k); v.revision != d.new.k || v.value == nil || d.old.get(ref(n)) != nil {
			continue
		}
		if _, named := d.users[n]; named {
			d.refuse("reference-filled", n)
			d.explain(n)
		}
	}
}

// trailers compares what the trailers name. The second half of the identifier is another in each revision (14.4).
func (d *difference) trailers() {
	old, new := d.old.trailer(), d.new.trailer()
	if old["Root"] != new["Root"] {
		d.refuse("catalog-swapped")
		d.explainNew(new["Root"])
	}
	if !equal(old["Info"], new["Info"]) {
		d.refuse("info-changed")
		d.explainNew(new["Info"])
	}
	was, is := d.old.array(old["ID"]), d.new.array(new["ID"])
	if len(was) > 0 && (len(is) == 0 || !equal(was[0], is[0])) {
		d.refuse("identity-changed")
	}
}

// changedKeys are the keys under which two dictionaries say something else, in order.
func changedKeys(a, b dict) (list []name) {
	all := maps.Clone(a)
	if all == nil {
		all = dict{}
	}
	maps.Copy(all, b)
	for _, k := range keys(all) {
		if !equal(a[k], b[k]) {
			list = append(list, k)
		}
	}
	return list
}

// signatures explains the fields that were made before and received their signature and its appearance.
func (d *difference) signatures() {
	for _, s := range d.came {
		was, is := d.before.get(s.field.object), s.field
		if was.object == 0 {
			continue
		}
		if !d.isNew(s.object) {
			d.borrowed(is)
			continue
		}
		d.explain(s.object)
		d.explainNew(s.dict)
		if !d.gained(was, is) {
			continue
		}
		d.permitted(s)
		if s.certifies {
			d.allow("document-certified", is.name)
		} else {
			d.allow("field-signed", is.name)
		}
	}
}

// borrowed names a value that is not new.
func (d *difference) borrowed(is field) {
	d.explain(is.object)
	for _, f := range d.after.list {
		if len(d.refused) == maxRefused {
			break // nobody is told
		}
		if f.object != is.object && equal(f.dict["V"], is.dict["V"]) {
			d.refuse("value-borrowed", is.name, f.name)
			return
		}
	}
	d.refuse("value-old", is.name)
}

// gained checks that a field and its widget gained their value and appearance and nothing else.
func (d *difference) gained(was, is field) bool {
	if !slices.Equal(was.widgets, is.widgets) {
		return false
	}
	for _, n := range append([]int{is.object}, is.widgets...) {
		if !d.changed[n] {
			continue
		}
		old, new := d.old.dict(ref(n)), d.new.dict(ref(n))
		for _, k := range changedKeys(old, new) {
			isValue, isLook := k == "V" && n == is.object, k == "AP" && slices.Contains(is.widgets, n)
			switch {
			case isValue:
			case isLook && d.places(n) > 1:
				d.refuse("field-several-places", is.name)
			case isLook && old["AP"] != nil && !d.blankAppearance(old["AP"]):
				d.refuse("field-appearance", is.name)
			case isLook && !d.appearance(new["AP"]):
				d.refuse("field-appearance-form", is.name)
			case isLook:
				d.explainNew(new["AP"])
			default:
				d.fieldEntry(is, k, old, new)
			}
		}
		d.explain(n)
	}
	return true
}

// places counts how often a widget is on pages. It is counted once for a file: no lawful change brings a widget to a page
// that is seen.
func (d *difference) places(n int) int {
	f := d.old.f
	if f.places == nil {
		f.places = map[int]int{}
		for _, p := range d.old.pages() {
			for _, a := range d.old.array(d.old.dict(ref(p))["Annots"]) {
				if r, ok := a.(ref); ok {
					f.places[int(r)]++
				}
			}
		}
	}
	return f.places[n]
}

// formKeys are what an appearance may hold: nothing that leads out of the file, and no layers.
var formKeys = []name{"Type", "Subtype", "FormType", "BBox", "Matrix", "Resources", "Length", "Filter", "DecodeParms", "Group", "LastModified"}

// appearance reports whether an appearance is one form, new with this revision, and only that (12.5.5): it is drawn into
// the field's area and nowhere else.
func (d *difference) appearance(v any) bool {
	if r, ok := v.(ref); ok && !d.isNew(int(r)) {
		return false
	}
	ap := d.new.dict(v)
	n, ok := ap["N"].(ref)
	if len(ap) != 1 || !ok || !d.isNew(int(n)) {
		return false
	}
	s, ok := d.new.get(n).(*stream)
	if !ok || s.dict["Subtype"] != name("Form") {
		return false
	}
	for k := range s.dict {
		if !slices.Contains(formKeys, k) {
			return false
		}
	}
	return true
}

// blankAppearance reports whether an appearance made before the signature shows nothing.
func (d *difference) blankAppearance(v any) bool {
	s, ok := d.old.get(d.old.dict(v)["N"]).(*stream)
	return ok && len(s.raw) == 0
}

// permitted sees what earlier signatures allow.
func (d *difference) permitted(s *signing) {
	for _, e := range d.signings {
		if e.permission == 1 {
			d.refuse("closed", s.field.name, e.field.name)
		}
		if slices.ContainsFunc(e.locks, func(l lock) bool { return l.holds(s.field.name) }) {
			d.refuse("locked", s.field.name, e.field.name)
		}
	}
}

// catalogs explains what the catalog may gain: the certifying signature's name, and validation data.
func (d *difference) catalogs() {
	at, ok := d.new.trailer()["Root"].(ref)
	if !ok || d.old.trailer()["Root"] != any(at) {
		return
	}
	old, new := d.old.catalog(), d.new.catalog()
	if old["DSS"] != nil || new["DSS"] != nil {
		d.validationData(old["DSS"], new["DSS"])
	}
	d.permissions(old["Perms"], new["Perms"])
	for _, k := range changedKeys(old, new) {
		if !slices.Contains([]name{"DSS", "Perms"}, k) {
			d.catalogEntry(k, old, new)
		}
	}
	d.explain(int(at))
}

// permissions may gain the certifying signature of this revision.
func (d *difference) permissions(old, new any) {
	was, is := d.old.dict(old), d.new.dict(new)
	r, indirect := new.(ref)
	same := equal(old, new) && (!indirect || !d.changed[int(r)])
	if same {
		return
	}
	certified := slices.ContainsFunc(d.came, func(s *signing) bool { return s.certifies && is["DocMDP"] == any(ref(s.object)) })
	if !certified || was != nil || len(is) != 1 {
		d.refuse("perms-changed")
	}
	d.explainNew(new)
	if indirect {
		d.explain(int(r))
	}
}

// timestamps explains new fields without area that hold a document timestamp (ETSI EN 319 142-1, 5.4.3).
func (d *difference) timestamps() {
	for _, s := range d.came {
		if d.before.get(s.field.object).object != 0 || !d.isNew(s.field.object) || !d.isNew(s.object) || !d.new.timestampField(s.field) || !d.joins(s.field) {
			continue
		}
		d.explain(s.object)
		d.explainNew(s.dict)
		d.explain(s.field.object)
		d.allow("document-timestamp", s.field.name)
	}
}

var timestampKeys = []name{"Type", "Subtype", "FT", "T", "Rect", "P", "F", "V"}

func (v view) timestampField(f field) bool {
	for k := range f.dict {
		if !slices.Contains(timestampKeys, k) {
			return false
		}
	}
	r, ok := v.rectangle(f.dict["Rect"])
	return ok && r[0] == r[2] && r[1] == r[3] && f.kind == "Sig" && v.dict(f.dict["V"])["SubFilter"] == name("ETSI.RFC3161")
}

// joins explains that the form and the page gained a field at the end of their lists.
func (d *difference) joins(f field) bool {
	form, page := d.old.catalog()["AcroForm"], f.dict["P"]
	return d.holderGained(d.old.trailer()["Root"], form, d.new.catalog()["AcroForm"], "Fields", f.object) && (page == nil || d.holderGained(nil, page, page, "Annots", f.object))
}

// holderGained explains that a dictionary's list gained object n at its end. holder has the dictionary, where that is
// none of its own.
func (d *difference) holderGained(holder, old, new any, list name, n int) bool {
	was, is := d.old.dict(old), d.new.dict(new)
	if was == nil || is == nil {
		return false
	}
	_, own := old.(ref)
	if own != isRef(new) || own && old != new {
		return false
	}
	for _, k := range changedKeys(was, is) {
		if k != list {
			return false
		}
	}
	if r, ok := was[list].(ref); ok {
		if is[list] != any(r) || d.users[int(r)].many {
			return false
		}
		defer d.explain(int(r))
	} else if isRef(is[list]) {
		return false
	}
	before, after := d.old.array(was[list]), d.new.array(is[list])
	if len(after) != len(before)+1 || !equal(after[:len(before)], before) || after[len(before)] != any(ref(n)) {
		return false
	}
	if r, ok := old.(ref); ok {
		d.explain(int(r))
	}
	return true
}

func isRef(v any) bool {
	_, ok := v.(ref)
	return ok
}

// validationData explains a document security store (ETSI EN 319 142-1, 5.4.2) that was added or grew.
func (d *difference) validationData(old, new any) {
	if equal(old, new) && !d.touched(new, 4, map[int]bool{}) {
		return
	}
	was, is := d.old.dict(old), d.new.dict(new)
	if is == nil || !d.container(old, new) || !d.storeKept(was, is, 0) {
		d.refuse("dss-form")
		d.explainNew(new)
		return
	}
	d.allow("validation-data")
}

// touched reports whether anything that a store leads to in so many steps was changed.
func (d *difference) touched(v any, steps int, seen map[int]bool) (yes bool) {
	if len(d.changed) == 0 {
		return false
	}
	refs(v, func(r ref) {
		if seen[int(r)] || yes {
			return
		}
		seen[int(r)] = true
		yes = d.changed[int(r)] || steps > 0 && d.touched(d.new.get(r), steps-1, seen)
	})
	return yes
}

// container explains an array or dictionary of the store: it is new, as it was, or used by the store alone.
func (d *difference) container(old, new any) bool {
	r, ok := new.(ref)
	switch {
	case !ok:
		return true
	case !d.changed[int(r)]:
		return d.new.get(r) != nil
	case !d.isNew(int(r)) && (old != new || d.users[int(r)].many):
		return false
	}
	d.explain(int(r))
	return true
}

// storeKept checks the entries of the store: depth 0, or of what it says of one signature: depth 2; depth 1 lies between.
func (d *difference) storeKept(was, is dict, depth int) bool {
	for k := range was {
		if is[k] == nil && k != "Type" {
			return false
		}
	}
	for k, v := range is {
		ok := false
		switch {
		case k == "Type" && depth != 1, depth == 2 && (k == "TU" || k == "TS"):
			ok = d.container(was[k], v)
			d.explainNew(v)
		case depth == 0 && k == "VRI", depth == 1:
			ok = d.new.dict(v) != nil && d.container(was[k], v) && d.storeKept(d.old.dict(was[k]), d.new.dict(v), depth+1)
		case depth == 0 && slices.Contains([]name{"Certs", "OCSPs", "CRLs"}, k), depth == 2 && slices.Contains([]name{"Cert", "OCSP", "CRL"}, k):
			ok = d.container(was[k], v) && d.storeList(d.old.array(was[k]), d.new.array(v))
		}
		if !ok {
			return false
		}
	}
	return true
}

// storeList checks a list of streams that only grows.
func (d *difference) storeList(was, is array) bool {
	in := map[ref]bool{}
	for _, v := range is {
		r, ok := v.(ref)
		if s, isStream := d.new.get(v).(*stream); !ok || !isStream || !validationStream(s) || d.tired() {
			return false
		}
		in[r] = true
		if d.isNew(int(r)) {
			d.explain(int(r))
		}
	}
	return !slices.ContainsFunc(was, func(v any) bool { r, _ := v.(ref); return !in[r] })
}

// tired counts steps over validation data: in a file made to exhaust, the same list is named from everywhere.
func (d *difference) tired() bool {
	d.old.f.steps++
	return d.old.f.steps > maxSteps
}

func validationStream(s *stream) bool {
	for k := range s.dict {
		if !slices.Contains([]name{"Length", "Filter", "DecodeParms"}, k) {
			return false
		}
	}
	return true
}
