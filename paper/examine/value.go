package examine

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// The values of a file (ISO 32000-1, 7.3) are nil, bool, int, real, name, text, array, dict, ref and *stream. Entries of
// dictionaries that are null are left out, as the standard says they are none.
type (
	real  string // as written: numbers that are spelt otherwise are other numbers
	name  string
	array []any
	dict  map[name]any
	ref   int // the number of an object; its generation is always 0
)

// A text is a string. It stands at [from, to) of the file with its delimiters; in an object stream it stands nowhere (-1).
type text struct {
	s        string
	from, to int
	hex      bool // written between < and >, in hexadecimal digits alone, all letters large or all small
}

// A stream is its dictionary and its bytes as they lie in the file.
type stream struct {
	dict dict
	raw  []byte
}

// maxNesting bounds how deep arrays and dictionaries lie in each other.
const maxNesting = 64

// A parser reads values at a place.
type parser struct {
	b      []byte
	at     int
	home   bool // in the file itself, not in an object stream
	values *int // how many were read from the file so far
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("byte %d: %s", p.at, fmt.Sprintf(format, args...))
}

func isSpace(c byte) bool {
	return c == 0 || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' '
}

func isDelimiter(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

func isRegular(c byte) bool { return !isSpace(c) && !isDelimiter(c) }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// peek is the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.at < len(p.b) {
		return p.b[p.at]
	}
	return 0
}

// space goes over white space and comments.
func (p *parser) space() {
	for p.at < len(p.b) {
		switch c := p.b[p.at]; {
		case isSpace(c):
			p.at++
		case c == '%':
			for p.at < len(p.b) && p.b[p.at] != '\n' && p.b[p.at] != '\r' {
				p.at++
			}
		default:
			return
		}
	}
}

// word goes over a word if it stands here and ends here.
func (p *parser) word(w string) bool {
	end := p.at + len(w)
	if !bytes.HasPrefix(p.b[p.at:], []byte(w)) || end < len(p.b) && isRegular(p.b[end]) {
		return false
	}
	p.at = end
	return true
}

// whole reads an unsigned integer of at most ten digits.
func (p *parser) whole() (int, error) {
	from := p.at
	for p.at < len(p.b) && isDigit(p.b[p.at]) {
		p.at++
	}
	if n := p.at - from; n == 0 || n > 10 {
		return 0, p.errorf("a whole number was expected")
	}
	return strconv.Atoi(string(p.b[from:p.at]))
}

// value reads one value. depth is how deep it lies.
func (p *parser) value(depth int) (any, error) {
	if depth > maxNesting {
		return nil, p.errorf("values nest deeper than %d", maxNesting)
	}
	if *p.values++; *p.values > maxValues {
		return nil, p.errorf("more than %d values", maxValues)
	}
	p.space()
	switch c := p.peek(); {
	case c == '/':
		return p.name()
	case c == '(':
		return p.literal()
	case c == '<' && p.at+1 < len(p.b) && p.b[p.at+1] == '<':
		return p.dict(depth)
	case c == '<':
		return p.hex()
	case c == '[':
		return p.array(depth)
	case c == '+' || c == '-' || c == '.' || isDigit(c):
		return p.number()
	case p.word("true"):
		return true, nil
	case p.word("false"):
		return false, nil
	case p.word("null"):
		return nil, nil
	}
	return nil, p.errorf("no value")
}

func (p *parser) name() (any, error) {
	var out []byte
	for p.at++; p.at < len(p.b) && isRegular(p.b[p.at]); p.at++ {
		c := p.b[p.at]
		if c == '#' {
			if p.at+2 >= len(p.b) {
				return nil, p.errorf("a name ends in the middle")
			}
			n, err := strconv.ParseUint(string(p.b[p.at+1:p.at+3]), 16, 8)
			if err != nil {
				return nil, p.errorf("a name holds # without two digits")
			}
			c, p.at = byte(n), p.at+2
		}
		out = append(out, c)
	}
	return name(out), nil
}

var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f'}

// literal reads a string in parentheses (7.3.4.2).
func (p *parser) literal() (any, error) {
	from, open := p.at, 0
	var out []byte
	for ; p.at < len(p.b); p.at++ {
		c := p.b[p.at]
		switch c {
		case '(':
			if open++; open == 1 {
				continue
			}
		case ')':
			if open--; open == 0 {
				p.at++
				return p.text(out, from, false), nil
			}
		case '\r':
			if p.at+1 < len(p.b) && p.b[p.at+1] == '\n' {
				p.at++
			}
			c = '\n'
		case '\\':
			out = p.escape(out)
			continue
		}
		out = append(out, c)
	}
	return nil, p.errorf("a string does not end")
}

// escape reads what stands behind a backslash; it leaves the parser on its last byte.
func (p *parser) escape(out []byte) []byte {
	p.at++
	c := p.peek()
	switch {
	case c >= '0' && c <= '7':
		n := 0
		for i := 0; i < 3 && p.peek() >= '0' && p.peek() <= '7'; i++ {
			n, p.at = n<<3|int(p.peek()-'0'), p.at+1
		}
		p.at--
		return append(out, byte(n))
	case c == '\r':
		if p.at+1 < len(p.b) && p.b[p.at+1] == '\n' {
			p.at++
		}
		return out
	case c == '\n':
		return out
	case escapes[c] != 0:
		return append(out, escapes[c])
	}
	return append(out, c)
}

// hex reads a string in hexadecimal digits (7.3.4.3).
func (p *parser) hex() (any, error) {
	length := bytes.IndexByte(p.b[p.at:], '>')
	if length < 0 {
		return nil, p.errorf("a string does not end")
	}
	from, digits := p.at, p.b[p.at+1:p.at+length]
	out, high, half := make([]byte, 0, len(digits)/2), byte(0), false
	for i, c := range digits {
		n, ok := nibble(c)
		switch {
		case isSpace(c):
			continue
		case !ok:
			p.at += i + 1
			return nil, p.errorf("%q is no hexadecimal digit", c)
		case half:
			out = append(out, high<<4|n)
		}
		high, half = n, !half
	}
	bare := len(digits) == 2*len(out) && !(bytes.ContainsAny(digits, "abcdef") && bytes.ContainsAny(digits, "ABCDEF"))
	if half {
		out = append(out, high<<4)
	}
	p.at += length + 1
	return p.text(out, from, bare), nil
}

// nibble is the value of a hexadecimal digit.
func nibble(c byte) (n byte, ok bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func (p *parser) text(s []byte, from int, hex bool) text {
	if !p.home {
		return text{s: string(s), from: -1, to: -1}
	}
	return text{s: string(s), from: from, to: p.at, hex: hex}
}

func (p *parser) array(depth int) (any, error) {
	p.at++
	out := array{}
	for {
		p.space()
		if p.peek() == ']' {
			p.at++
			return out, nil
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
}

func (p *parser) dict(depth int) (any, error) {
	p.at += 2
	out, seen := dict{}, map[name]bool{}
	for {
		p.space()
		if bytes.HasPrefix(p.b[p.at:], []byte(">>")) {
			p.at += 2
			return out, nil
		}
		if p.peek() != '/' {
			return nil, p.errorf("a dictionary holds what is no key")
		}
		k, err := p.name()
		if err != nil {
			return nil, err
		}
		key := k.(name)
		if seen[key] {
			return nil, p.errorf("a dictionary says /%s twice", key)
		}
		seen[key] = true
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out[key] = v
		}
	}
}

// number reads a number, or a reference.
func (p *parser) number() (any, error) {
	from, digits, points := p.at, 0, 0
	if c := p.peek(); c == '+' || c == '-' {
		p.at++
	}
	for ; p.at < len(p.b) && isRegular(p.b[p.at]); p.at++ {
		switch c := p.b[p.at]; {
		case isDigit(c):
			digits++
		case c == '.':
			points++
		default:
			return nil, p.errorf("%q in a number", c)
		}
	}
	s := string(p.b[from:p.at])
	switch {
	case digits == 0 || points > 1 || len(s) > 40:
		return nil, p.errorf("no number")
	case points == 1:
		return real(s), nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return nil, p.errorf("the number %s is too great", s)
	}
	if isDigit(s[0]) {
		return p.reference(n)
	}
	return n, nil
}

// reference makes n a reference where a generation and R follow.
func (p *parser) reference(n int) (any, error) {
	back := p.at
	p.space()
	generation, err := p.whole()
	if p.space(); err != nil || !p.word("R") {
		p.at = back
		return n, nil
	}
	if generation != 0 {
		return nil, p.errorf("object %d is asked for in generation %d: only 0 is read", n, generation)
	}
	if n == 0 || n > maxObjects {
		return nil, p.errorf("there can be no object %d", n)
	}
	return ref(n), nil
}

// equal reports whether two values say the same, wherever and however their strings are written.
func equal(a, b any) bool {
	switch a := a.(type) {
	case text:
		b, ok := b.(text)
		return ok && a.s == b.s
	case array:
		b, ok := b.(array)
		return ok && slices.EqualFunc(a, b, equal)
	case dict:
		b, ok := b.(dict)
		return ok && maps.EqualFunc(a, b, equal)
	case *stream:
		b, ok := b.(*stream)
		return ok && equal(a.dict, b.dict) && bytes.Equal(a.raw, b.raw)
	}
	switch b.(type) {
	case array, dict:
		return false // not comparable by ==
	}
	return a == b
}

// refs calls f with each reference in v, in no order.
func refs(v any, f func(ref)) {
	switch v := v.(type) {
	case ref:
		f(v)
	case array:
		for _, e := range v {
			refs(e, f)
		}
	case dict:
		for _, e := range v {
			refs(e, f)
		}
	case *stream:
		refs(v.dict, f)
	}
}

// keys are the keys of a dictionary in order.
func keys(d dict) []name { return slices.Sorted(maps.Keys(d)) }

// dictOf is v's dictionary: of a stream too; nil where there is none.
func dictOf(v any) dict {
	switch v := v.(type) {
	case dict:
		return v
	case *stream:
		return v.dict
	}
	return nil
}
