package examine

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
)

// An entry is where a section of the cross-reference says an object is.
type entry struct {
	kind  int // as in cross-reference streams (7.5.8.3): 0 free, 1 at an offset, 2 in an object stream
	at    int // the offset, or the number of the object stream
	index int // in the object stream
}

// A section is one part of the cross-reference, with its trailer; it stands at [from, to).
type section struct {
	from, to int
	number   int // of the object it is, where it is a stream
	entries  map[int]entry
	trailer  dict
	prev     int // where the one before begins; -1 for none
}

// sections reads the chain of the cross-reference from the last section, which begins at start, and gives the first one
// first. Each begins before the one that names it, so that no chain is a ring.
func (f *file) sections(start int) ([]*section, error) {
	var list []*section
	entries := 0
	for at := start; at >= 0; {
		s, err := f.section(at)
		if err != nil {
			return nil, err
		}
		if entries += len(s.entries); entries > maxObjects {
			return nil, unread("limit", fmt.Errorf("the cross-reference has more than %d entries", maxObjects))
		}
		if list = append(list, s); len(list) > maxRevisions {
			return nil, unread("limit", fmt.Errorf("there are more than %d revisions", maxRevisions))
		}
		if s.prev >= at {
			return nil, unread("linearized", fmt.Errorf("byte %d: the cross-reference goes on at byte %d, behind it: a linearized file, or a ring, is not read", at, s.prev))
		}
		at = s.prev
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list, nil
}

func (f *file) section(at int) (*section, error) {
	if at >= len(f.b) {
		return nil, fmt.Errorf("the cross-reference is to be at byte %d, behind the end", at)
	}
	s := &section{from: at, entries: map[int]entry{}, prev: -1}
	p := f.parser(at)
	var err error
	if p.word("xref") {
		err = s.table(p)
	} else {
		err = f.crossStream(s, p)
	}
	if err != nil {
		return nil, fmt.Errorf("the cross-reference at byte %d: %w", at, err)
	}
	s.to = p.at
	return s, s.check()
}

// check reads what the trailer says of the file.
func (s *section) check() error {
	if s.trailer["Encrypt"] != nil {
		return unread("encrypted", errors.New("the file is encrypted: what is encrypted is not examined"))
	}
	if s.trailer["XRefStm"] != nil {
		return unread("ambiguous", errors.New("the file is a hybrid: it has two cross-references, and programs differ in which they read"))
	}
	size, ok := s.trailer["Size"].(int)
	if !ok || size < 1 || size > maxObjects+1 {
		return fmt.Errorf("the trailer of the cross-reference at byte %d has no /Size that can be", s.from)
	}
	for n := range s.entries {
		if n >= size {
			return fmt.Errorf("the cross-reference at byte %d names object %d: its /Size is %d", s.from, n, size)
		}
	}
	if _, ok := s.trailer["Root"].(ref); !ok {
		return fmt.Errorf("the trailer of the cross-reference at byte %d names no catalog", s.from)
	}
	if p, is := s.trailer["Prev"]; is {
		n, ok := p.(int)
		if !ok || n < 0 {
			return fmt.Errorf("the trailer of the cross-reference at byte %d has a /Prev that is no place", s.from)
		}
		s.prev = n
	}
	return nil
}

func (s *section) add(n int, e entry) error {
	if _, twice := s.entries[n]; twice {
		return unread("ambiguous", fmt.Errorf("object %d is named twice", n))
	}
	if n > maxObjects || len(s.entries) >= maxObjects {
		return unread("limit", fmt.Errorf("more than %d objects", maxObjects))
	}
	s.entries[n] = e
	return nil
}

// table reads a cross-reference table and its trailer (7.5.4, 7.5.5): each entry has its twenty bytes.
func (s *section) table(p *parser) error {
	for p.space(); !p.word("trailer"); p.space() {
		first, err := p.whole()
		if err != nil {
			return err
		}
		p.space()
		count, err := p.whole()
		if err != nil {
			return err
		}
		for p.peek() == ' ' {
			p.at++
		}
		if !p.line() {
			return p.errorf("the head of a subsection does not end with its line")
		}
		for i := range count {
			if err := s.row(p, first+i); err != nil {
				return err
			}
		}
	}
	v, err := p.value(0)
	if err != nil {
		return err
	}
	var ok bool
	if s.trailer, ok = v.(dict); !ok {
		return p.errorf("the trailer is no dictionary")
	}
	return nil
}

// line goes over the end of a line.
func (p *parser) line() bool {
	at := p.at
	if p.peek() == '\r' {
		p.at++
	}
	if p.peek() == '\n' {
		p.at++
	}
	return p.at > at
}

func (s *section) row(p *parser, n int) error {
	const size = 20
	if p.at+size > len(p.b) {
		return p.errorf("the table does not end")
	}
	row := p.b[p.at : p.at+size]
	offset, err1 := (&parser{b: row[:10]}).whole()
	generation, err2 := (&parser{b: row[11:16]}).whole()
	end := string(row[18:])
	if err1 != nil || err2 != nil || row[10] != ' ' || row[16] != ' ' || end != " \n" && end != " \r" && end != "\r\n" {
		return p.errorf("the entry of object %d is not twenty bytes as they are to be", n)
	}
	p.at += size
	switch {
	case row[17] == 'f':
		return s.add(n, entry{})
	case row[17] != 'n':
		return p.errorf("the entry of object %d is neither n nor f", n)
	case generation != 0:
		return p.errorf("object %d is of generation %d: only 0 is read", n, generation)
	}
	return s.add(n, entry{kind: 1, at: offset})
}

// crossStream reads a cross-reference stream (7.5.8).
func (f *file) crossStream(s *section, p *parser) error {
	n, v, err := f.object(p, nil)
	if err != nil {
		return err
	}
	st, ok := v.(*stream)
	if !ok || st.dict["Type"] != name("XRef") {
		return errors.New("neither a table nor a stream of entries")
	}
	s.number, s.trailer = n, st.dict
	b, err := f.decode(st)
	if err != nil {
		return err
	}
	widths, err := widthsOf(st.dict)
	if err != nil {
		return err
	}
	index, err := indexOf(st.dict)
	if err != nil {
		return err
	}
	for i := 0; i < len(index); i += 2 {
		if b, err = s.rows(b, widths, index[i], index[i+1]); err != nil {
			return err
		}
	}
	if len(b) != 0 {
		return fmt.Errorf("%d bytes stand behind the last entry", len(b))
	}
	return nil
}

func widthsOf(d dict) (w [3]int, err error) {
	list, _ := d["W"].(array)
	if len(list) != 3 {
		return w, errors.New("/W is not three widths")
	}
	for i, v := range list {
		n, ok := v.(int)
		if !ok || n < 0 || n > 7 {
			return w, errors.New("/W is not three widths")
		}
		w[i] = n
	}
	if w[1] == 0 {
		return w, errors.New("/W leaves no room for offsets")
	}
	return w, nil
}

func indexOf(d dict) ([]int, error) {
	list, is := d["Index"].(array)
	if !is {
		list = array{0, d["Size"]}
	}
	var out []int
	for _, v := range list {
		n, ok := v.(int)
		if !ok || n < 0 || n > maxObjects {
			return nil, errors.New("/Index is not pairs of numbers")
		}
		out = append(out, n)
	}
	if len(out)%2 != 0 {
		return nil, errors.New("/Index is not pairs of numbers")
	}
	return out, nil
}

func (s *section) rows(b []byte, w [3]int, first, count int) ([]byte, error) {
	size := w[0] + w[1] + w[2]
	if count*size > len(b) {
		return nil, fmt.Errorf("the entries of %d objects do not fit", count)
	}
	for i := range count {
		row := b[i*size : (i+1)*size]
		kind := 1 // where it has no width
		if w[0] > 0 {
			kind = number(row[:w[0]])
		}
		e := entry{kind: kind, at: number(row[w[0] : w[0]+w[1]])}
		last := number(row[w[0]+w[1]:])
		switch {
		case kind == 2:
			e.index = last
		case kind == 0:
			e = entry{}
		case kind != 1:
			return nil, fmt.Errorf("object %d is of kind %d: nobody knows it", first+i, kind)
		case last != 0:
			return nil, fmt.Errorf("object %d is of generation %d: only 0 is read", first+i, last)
		}
		if err := s.add(first+i, e); err != nil {
			return nil, err
		}
	}
	return b[count*size:], nil
}

func number(b []byte) (n int) {
	for _, c := range b {
		n = n<<8 | int(c)
	}
	return n
}

// decode gives a stream's content: as it is, or through Flate and the predictors of PNG (7.4.4). Other filters are none
// of the file's own structure. What all streams give together is bounded.
func (f *file) decode(s *stream) ([]byte, error) {
	filter, parms := s.dict["Filter"], s.dict["DecodeParms"]
	if list, ok := filter.(array); ok && len(list) == 1 {
		filter = list[0]
	}
	if list, ok := parms.(array); ok && len(list) == 1 {
		parms = list[0]
	}
	if filter == nil {
		return s.raw, nil
	}
	if filter != name("FlateDecode") {
		return nil, errors.New("a filter other than FlateDecode")
	}
	r, err := zlib.NewReader(bytes.NewReader(s.raw))
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, int64(maxUnpacked-f.unpacked)+1))
	if err != nil {
		return nil, err
	}
	if f.unpacked += len(b); f.unpacked > maxUnpacked {
		return nil, unread("limit", fmt.Errorf("streams unpack to more than %d MiB", maxUnpacked>>20))
	}
	if parms == nil {
		return b, nil
	}
	d, ok := parms.(dict)
	if !ok {
		return nil, errors.New("parameters of a filter that are no dictionary")
	}
	return unpredict(b, d)
}

// unpredict undoes the predictors of PNG (ISO/IEC 15948, 9) over bytes.
func unpredict(b []byte, d dict) ([]byte, error) {
	predictor, columns := 1, 1
	for k, v := range d {
		n, ok := v.(int)
		switch {
		case ok && k == "Predictor" && (n == 1 || n >= 10 && n <= 15):
			predictor = n
		case ok && k == "Columns" && n > 0 && n <= 64:
			columns = n
		case ok && (k == "Colors" && n == 1 || k == "BitsPerComponent" && n == 8):
		default:
			return nil, fmt.Errorf("/%s of a filter is not read as it is here", k)
		}
	}
	if predictor == 1 {
		return b, nil
	}
	if len(b)%(columns+1) != 0 {
		return nil, errors.New("rows of a predictor that do not end")
	}
	out, above := make([]byte, 0, len(b)), make([]byte, columns)
	for ; len(b) > 0; b = b[columns+1:] {
		row, err := pngRow(b[0], b[1:columns+1], above)
		if err != nil {
			return nil, err
		}
		out, above = append(out, row...), row
	}
	return out, nil
}

func pngRow(filter byte, packed, above []byte) ([]byte, error) {
	row := make([]byte, len(packed))
	for i, c := range packed {
		var left, corner byte
		if i > 0 {
			left, corner = row[i-1], above[i-1]
		}
		switch filter {
		case 0:
		case 1:
			c += left
		case 2:
			c += above[i]
		case 3:
			c += byte((int(left) + int(above[i])) / 2)
		case 4:
			c += paeth(int(left), int(above[i]), int(corner))
		default:
			return nil, fmt.Errorf("PNG knows no filter %d", filter)
		}
		row[i] = c
	}
	return row, nil
}

func paeth(a, b, c int) byte {
	p := a + b - c
	da, db, dc := max(p-a, a-p), max(p-b, b-p), max(p-c, c-p)
	switch {
	case da <= db && da <= dc:
		return byte(a)
	case db <= dc:
		return byte(b)
	}
	return byte(c)
}
