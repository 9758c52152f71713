package examine

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sort"
)

// Limits of what is read.
const (
	maxFile      = 64 << 20 // bytes
	maxUnpacked  = 64 << 20 // bytes of streams unpacked, all together
	maxObjects   = 1_000_000
	maxRevisions = 1024
	maxValues    = 8_000_000
	maxSteps     = 8_000_000
	maxLengths   = 4 // of streams that are needed to read one another
)

// A file is its objects in all their versions.
type file struct {
	b         []byte
	revisions []*revision       // oldest first
	versions  map[int][]version // by object, oldest first
	structure map[int]bool      // objects that hold objects, or are a cross-reference
	unpacked  int               // bytes of streams unpacked so far
	values    int               // values read so far
	named     int               // revisions whose changes were named by walking the document
	steps     int               // of walks over validation data so far
	places    map[int]int       // how often widgets are on pages; nil until it is asked for
	lengths   int               // how many lengths are being looked for, one for another
}

// A revision is what one section of the cross-reference added: the bytes [from, to). Its last line begins with %%EOF, which
// ends at eof; the end of that line belongs to it.
type revision struct {
	from, to int
	eof      int
	section  *section
	packed   map[int][]packedObject // object streams, by number
	loading  map[int]bool
}

type packedObject struct {
	number int
	value  any
}

// A version of an object: its value since a revision; nil where it was taken away. In the file it stands at [from, to);
// one of an object stream stands nowhere.
type version struct {
	revision int
	entry    entry
	value    any
	from, to int
}

// open reads a file whole. Each byte of it belongs to an object that the cross-reference of its revision names, to that
// cross-reference, or is white space or comment; anything else is an error, for programs differ in what they make of it.
func open(b []byte) (*file, error) {
	if len(b) > maxFile {
		return nil, unread("large", fmt.Errorf("the file has %d bytes: %d at most", len(b), maxFile))
	}
	if !regexp.MustCompile(`^%PDF-(1\.[0-7]|2\.0)[\r\n]`).Match(b[:min(len(b), 9)]) {
		return nil, unread("not-pdf", errors.New("it is no PDF: it does not begin with %PDF-1.7"))
	}
	start, err := lastSection(b)
	if err != nil {
		return nil, err
	}
	f := &file{b: b, versions: map[int][]version{}, structure: map[int]bool{}}
	sections, err := f.sections(start)
	if err != nil {
		return nil, err
	}
	from := 0
	for _, s := range sections {
		r := &revision{from: from, section: s, packed: map[int][]packedObject{}, loading: map[int]bool{}}
		if s.from < from {
			return nil, fmt.Errorf("the cross-reference at byte %d stands within the revision before it", s.from)
		}
		if r.eof, r.to, err = f.end(s); err != nil {
			return nil, err
		}
		f.revisions = append(f.revisions, r)
		if err := f.load(len(f.revisions) - 1); err != nil {
			return nil, fmt.Errorf("revision %d: %w", len(f.revisions), err)
		}
		from = r.to
	}
	if tail := b[from:]; len(bytes.TrimLeft(tail, "\r\n")) > 0 || len(tail) > maxTail {
		return nil, unread("tail", fmt.Errorf("%d bytes stand behind the end of the last revision", len(tail)))
	}
	return f, nil
}

// maxTail is how many ends of lines may stand behind the last revision.
const maxTail = 4

var ending = regexp.MustCompile(`startxref[ ]*(?:\r\n|\r|\n)(\d{1,10})[ ]*(?:\r\n|\r|\n)%%EOF[\r\n]*$`)

// lastSection is where the last section of the cross-reference is said to begin.
func lastSection(b []byte) (int, error) {
	from := max(0, len(b)-64)
	m := ending.FindSubmatch(b[from:])
	if m == nil {
		return 0, unread("tail", errors.New("it does not end with startxref, a place and %%EOF: it was cut, or something stands behind it"))
	}
	return (&parser{b: m[1]}).whole()
}

// end checks that a revision ends behind its section, and where: at %%EOF, and with the end of its line.
func (f *file) end(s *section) (eof, to int, err error) {
	p := f.parser(s.to)
	for isSpace(p.peek()) && p.at < len(p.b) {
		p.at++
	}
	if !p.word("startxref") {
		return 0, 0, p.errorf("startxref was expected behind the cross-reference")
	}
	for isSpace(p.peek()) && p.at < len(p.b) {
		p.at++
	}
	if n, err := p.whole(); err != nil || n != s.from {
		return 0, 0, p.errorf("startxref does not name the cross-reference before it, at byte %d", s.from)
	}
	if !p.line() || !bytes.HasPrefix(p.b[p.at:], []byte("%%EOF")) {
		return 0, 0, p.errorf("%%%%EOF was expected behind startxref")
	}
	p.at += len("%%EOF")
	eof = p.at
	p.line()
	return eof, p.at, nil
}

func (f *file) parser(at int) *parser { return &parser{b: f.b, at: at, home: true, values: &f.values} }

// load reads all objects of revision k and sees that they are all that stands in it.
func (f *file) load(k int) error {
	r := f.revisions[k]
	if e, is := r.section.entries[r.section.number]; is && r.section.number != 0 && e != (entry{kind: 1, at: r.section.from}) {
		return unread("ambiguous", fmt.Errorf("object %d is a cross-reference, and something else", r.section.number))
	}
	for _, n := range slices.Sorted(maps.Keys(r.section.entries)) {
		if err := f.loadObject(k, n); err != nil {
			return err
		}
	}
	if err := f.wholePacked(r); err != nil {
		return err
	}
	for n := range r.packed {
		f.structure[n] = true
	}
	f.structure[r.section.number] = true
	return f.gaps(k)
}

// loadObject reads object n of revision k, unless it is read already or lies where it lay before.
func (f *file) loadObject(k, n int) error {
	r := f.revisions[k]
	e, listed := r.section.entries[n]
	if v := f.versions[n]; !listed || len(v) > 0 && (v[len(v)-1].revision == k || v[len(v)-1].entry == e) {
		return nil
	}
	if r.loading[n] {
		return fmt.Errorf("object %d is needed to read itself", n)
	}
	r.loading[n] = true
	if f.structure[n] {
		return unread("ambiguous", fmt.Errorf("object %d, which holds objects, was replaced", n))
	}
	v := version{revision: k, entry: e, from: -1, to: -1}
	var err error
	switch e.kind {
	case 1:
		err = f.loadAt(k, n, &v)
	case 2:
		v.value, err = f.loadPacked(k, n, e)
	}
	if err != nil {
		return err
	}
	f.versions[n] = append(f.versions[n], v)
	return nil
}

func (f *file) loadAt(k, n int, v *version) error {
	r := f.revisions[k]
	if v.entry.at < r.from || v.entry.at >= r.to {
		return fmt.Errorf("object %d is said to be at byte %d, outside of the revision that names it", n, v.entry.at)
	}
	p := f.parser(v.entry.at)
	got, value, err := f.object(p, func(m int) (int, error) { return f.length(k, m) })
	if err != nil {
		return fmt.Errorf("object %d: %w", n, err)
	}
	if got != n {
		return fmt.Errorf("object %d is to be at byte %d, where object %d is", n, v.entry.at, got)
	}
	v.value, v.from, v.to = value, v.entry.at, p.at
	return nil
}

// length is the value of object n, by which a stream tells its length.
func (f *file) length(k, n int) (int, error) {
	if f.lengths++; f.lengths > maxLengths {
		return 0, unread("limit", fmt.Errorf("the length of a stream hangs on those of %d others", maxLengths))
	}
	defer func() { f.lengths-- }()
	if err := f.loadObject(k, n); err != nil {
		return 0, err
	}
	length, ok := f.value(n, k).(int)
	if !ok {
		return 0, fmt.Errorf("object %d is no length", n)
	}
	return length, nil
}

// object reads "N 0 obj", a value and "endobj". length finds a stream's length where it is an object of its own; nil: it
// may not be.
func (f *file) object(p *parser, length func(int) (int, error)) (n int, v any, err error) {
	if n, err = p.whole(); err != nil {
		return 0, nil, err
	}
	p.space()
	generation, err := p.whole()
	if p.space(); err != nil || !p.word("obj") || generation != 0 || n == 0 {
		return 0, nil, p.errorf("no object begins here")
	}
	if v, err = p.value(0); err != nil {
		return 0, nil, err
	}
	p.space()
	if d, ok := v.(dict); ok && bytes.HasPrefix(p.b[p.at:], []byte("stream")) {
		if v, err = p.stream(d, length); err != nil {
			return 0, nil, err
		}
		p.space()
	}
	if !p.word("endobj") {
		return 0, nil, p.errorf("endobj was expected")
	}
	return n, v, nil
}

// stream reads the bytes of a stream (7.3.8).
func (p *parser) stream(d dict, length func(int) (int, error)) (*stream, error) {
	p.at += len("stream")
	if p.peek() == '\r' && p.at+1 < len(p.b) && p.b[p.at+1] == '\n' {
		p.at++
	}
	if p.peek() != '\n' {
		return nil, p.errorf("stream does not end its line")
	}
	p.at++
	if d["F"] != nil {
		return nil, p.errorf("a stream lies in another file")
	}
	n, ok := d["Length"].(int)
	if at, indirect := d["Length"].(ref); indirect && length != nil {
		var err error
		if n, err = length(int(at)); err != nil {
			return nil, err
		}
	} else if !ok {
		return nil, p.errorf("a stream without a length")
	}
	if n < 0 || n > len(p.b)-p.at {
		return nil, p.errorf("a stream of %d bytes does not fit", n)
	}
	s := &stream{dict: d, raw: p.b[p.at : p.at+n]}
	p.at += n
	p.line()
	if !p.word("endstream") {
		return nil, p.errorf("endstream was expected: the stream's length is another")
	}
	return s, nil
}

// loadPacked gives object n, which lies in an object stream of the same revision.
func (f *file) loadPacked(k, n int, e entry) (any, error) {
	list, err := f.unpack(k, e.at)
	if err != nil {
		return nil, fmt.Errorf("object stream %d: %w", e.at, err)
	}
	if e.index >= len(list) || list[e.index].number != n {
		return nil, fmt.Errorf("object %d is not where object stream %d is said to hold it", n, e.at)
	}
	return list[e.index].value, nil
}

// unpack reads object stream n (7.5.7).
func (f *file) unpack(k, n int) ([]packedObject, error) {
	r := f.revisions[k]
	if list, done := r.packed[n]; done {
		return list, nil
	}
	if r.section.entries[n].kind != 1 {
		return nil, errors.New("it is not in the revision that names objects in it")
	}
	if err := f.loadObject(k, n); err != nil {
		return nil, err
	}
	s, ok := f.value(n, k).(*stream)
	if !ok || s.dict["Type"] != name("ObjStm") {
		return nil, errors.New("it is none")
	}
	b, err := f.decode(s)
	if err != nil {
		return nil, err
	}
	list, err := f.unpackObjects(b, s.dict)
	if err != nil {
		return nil, err
	}
	r.packed[n] = list
	return list, nil
}

func (f *file) unpackObjects(b []byte, d dict) ([]packedObject, error) {
	count, ok1 := d["N"].(int)
	first, ok2 := d["First"].(int)
	if !ok1 || !ok2 || count < 0 || first < 0 || first > len(b) || count > first {
		return nil, errors.New("its /N and /First cannot be")
	}
	head := &parser{b: b[:first]}
	list, last := make([]packedObject, count), 0
	for i := range list {
		head.space()
		n, err1 := head.whole()
		head.space()
		at, err2 := head.whole()
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		if at < last || first+at >= len(b) {
			return nil, fmt.Errorf("object %d of it is out of place", n)
		}
		p := &parser{b: b, at: first + at, values: &f.values}
		v, err := p.value(0)
		if err != nil {
			return nil, err
		}
		list[i], last = packedObject{n, v}, p.at-first
	}
	return list, nil
}

// wholePacked sees that each object of each object stream is named by the cross-reference.
func (f *file) wholePacked(r *revision) error {
	for stream, list := range r.packed {
		for i, o := range list {
			if r.section.entries[o.number] != (entry{kind: 2, at: stream, index: i}) {
				return unread("hidden", fmt.Errorf("object stream %d holds an object %d that the cross-reference does not name there", stream, o.number))
			}
		}
	}
	return nil
}

// gaps sees that nothing stands between the objects of revision k.
func (f *file) gaps(k int) error {
	r := f.revisions[k]
	type extent struct{ from, to int }
	taken := []extent{{r.section.from, r.to}}
	for n := range r.section.entries {
		v := f.versions[n]
		if last := len(v) - 1; last >= 0 && v[last].revision == k && v[last].from >= 0 && v[last].from != r.section.from {
			taken = append(taken, extent{v[last].from, v[last].to})
		}
	}
	slices.SortFunc(taken, func(a, b extent) int { return a.from - b.from })
	at := r.from
	for _, t := range taken {
		if t.from < at {
			return unread("hidden", fmt.Errorf("two objects share the bytes from %d", t.from))
		}
		if err := f.blank(at, t.from); err != nil {
			return err
		}
		at = t.to
	}
	return nil
}

var (
	hidden   = regexp.MustCompile(`(\d+)\s+\d+\s+obj`)
	keywords = regexp.MustCompile(`\b(endobj|endstream|xref|startxref|trailer)\b`)
)

// blank sees that [from, to) holds white space and comments, and no comment what a program that repairs files would take
// for an object.
func (f *file) blank(from, to int) error {
	gap := f.b[from:to]
	if m := hidden.FindSubmatch(gap); m != nil {
		return unread("hidden", fmt.Errorf("an object %s is hidden between bytes %d and %d: the cross-reference does not name it", m[1], from, to))
	}
	p := &parser{b: gap}
	comment := bytes.LastIndexByte(gap, '%')
	if p.space(); p.at < len(gap) || keywords.Match(gap) || comment >= 0 && !bytes.ContainsAny(gap[comment:], "\r\n") {
		return unread("hidden", fmt.Errorf("bytes %d to %d belong to no object", from, to))
	}
	return nil
}

// value is object n as it is in revision k; nil if there is none.
func (f *file) value(n, k int) any {
	v := f.version(n, k)
	if v == nil {
		return nil
	}
	return v.value
}

func (f *file) version(n, k int) *version {
	list := f.versions[n]
	i := sort.Search(len(list), func(i int) bool { return list[i].revision > k })
	if i == 0 {
		return nil
	}
	return &list[i-1]
}
