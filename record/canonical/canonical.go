// Package canonical reads and writes the one spelling of a value that the record hashes and signs.
//
// It is RFC 8785 (JSON Canonicalization Scheme) narrowed until nothing is left to choose: objects with
// keys [a-z][A-Za-z0-9]{0,39} in ascending order, arrays, strings of valid UTF-8 without U+0000, integers
// below 2^53 in absolute value, and true. There is no false, no null, no fraction and nothing empty.
//
//	{"act":{"as":"Chair","name":"OpenMeeting"},"index":28}
//
// Parsing is the check: [Parse] accepts canonical bytes only, so what it accepts encodes again to the same
// bytes. doc/record.md section 1 has the grammar and its traps.
package canonical

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// MaxDepth is how deep values may nest; the outermost value is at depth 1.
const MaxDepth = 16

// MaxInt is the largest absolute value of an integer, 2^53 - 1.
const MaxInt = 1<<53 - 1

// Kind tells the five kinds of value apart.
type Kind uint8

const (
	Invalid Kind = iota
	Object
	Array
	String
	Int
	True
)

func (k Kind) String() string {
	return [...]string{"nothing", "object", "array", "string", "integer", "true"}[k]
}

// A Value is one parsed value. Str is the text of a string, or the canonical bytes of an object or array as
// they stood in the input. Keys and Items hold the members of an object in order; Items the elements of an array.
type Value struct {
	Kind  Kind
	Int   int64
	Str   string
	Keys  []string
	Items []Value
}

// Get returns the member of an object, or the zero Value where there is none.
func (v Value) Get(key string) Value {
	for i, k := range v.Keys {
		if k == key {
			return v.Items[i]
		}
	}
	return Value{}
}

// ErrSyntax is wrapped by every error of Parse.
var ErrSyntax = errors.New("not canonical JSON")

// Parse reads exactly one canonical value. The Value keeps s alive, and whoever keeps a part of it keeps the whole.
func Parse(s string) (Value, error) {
	p := parsers.Get().(*parser)
	p.s, p.i, p.keys, p.items = s, 0, p.keys[:0], p.items[:0]
	objects := strings.Count(s, "{")
	most := min(objects+strings.Count(s, "[")+strings.Count(s, ","), mostReserved)
	p.closedItems = make([]Value, 0, most)
	if objects > 0 {
		p.closedKeys = make([]string, 0, most)
	}
	v, ok := p.value(1)
	p.closedKeys, p.closedItems = nil, nil
	if ok && p.i != len(s) {
		ok = p.fail("bytes behind the value")
	}
	if !ok {
		return Value{}, fmt.Errorf("%w: %s at byte %d", ErrSyntax, p.why, p.i)
	}
	if cap(p.items) <= 1024 {
		p.s = ""
		parsers.Put(p)
	}
	return v, nil
}

var parsers = sync.Pool{New: func() any { return &parser{} }}

// A parser holds the members of what is open and not yet closed, of the innermost last, and room for all that will be: no
// value has more of them than commas and brackets, unless it has more than mostReserved.
type parser struct {
	s     string
	i     int
	why   string
	keys  []string
	items []Value

	closedKeys  []string
	closedItems []Value
}

const mostReserved = 512

// closed takes off the members behind the first so many and puts them where those stand that are closed.
func closed[T any](open, done *[]T, first int) []T {
	members := (*open)[first:]
	at := len(*done)
	if cap(*done)-at < len(members) {
		*done, at = make([]T, 0, len(members)), 0
	}
	*done = append(*done, members...)
	clear(members)
	*open = (*open)[:first]
	return (*done)[at:len(*done):len(*done)]
}

func (p *parser) fail(why string) bool { p.why = why; return false }

func (p *parser) value(depth int) (Value, bool) {
	if p.i >= len(p.s) {
		return Value{}, p.fail("value missing")
	}
	switch c := p.s[p.i]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		s, ok := p.text()
		if ok && s == "" {
			ok = p.fail("empty string")
		}
		return Value{Kind: String, Str: s}, ok
	case c == '-' || c >= '0' && c <= '9':
		n, ok := p.integer()
		return Value{Kind: Int, Int: n}, ok
	case len(p.s)-p.i >= 4 && p.s[p.i:p.i+4] == "true":
		p.i += 4
		return Value{Kind: True}, true
	}
	return Value{}, p.fail("no object, array, string, integer or true")
}

func (p *parser) object(depth int) (Value, bool) {
	if depth > MaxDepth {
		return Value{}, p.fail("too deep")
	}
	start := p.i
	p.i++
	firstKey, first := len(p.keys), len(p.items)
	for {
		if p.i >= len(p.s) || p.s[p.i] != '"' {
			return Value{}, p.fail("key missing")
		}
		from := p.i + 1
		to := from
		for to < len(p.s) && to-from <= 40 && keyByte(p.s[to], to == from) {
			to++
		}
		if to == from || to-from > 40 || to+1 >= len(p.s) || p.s[to] != '"' || p.s[to+1] != ':' {
			return Value{}, p.fail("bad key")
		}
		key := p.s[from:to]
		if n := len(p.keys); n > firstKey && p.keys[n-1] >= key {
			return Value{}, p.fail("keys out of order")
		}
		p.i = to + 2
		v, ok := p.value(depth + 1)
		if !ok {
			return Value{}, false
		}
		p.keys, p.items = append(p.keys, key), append(p.items, v)
		if p.i >= len(p.s) {
			return Value{}, p.fail("object not closed")
		}
		c := p.s[p.i]
		p.i++
		if c == '}' {
			return Value{Kind: Object, Str: p.s[start:p.i], Keys: closed(&p.keys, &p.closedKeys, firstKey), Items: closed(&p.items, &p.closedItems, first)}, true
		}
		if c != ',' {
			p.i--
			return Value{}, p.fail("comma missing")
		}
	}
}

func (p *parser) array(depth int) (Value, bool) {
	if depth > MaxDepth {
		return Value{}, p.fail("too deep")
	}
	start := p.i
	p.i++
	first := len(p.items)
	for {
		v, ok := p.value(depth + 1)
		if !ok {
			return Value{}, false
		}
		p.items = append(p.items, v)
		if p.i >= len(p.s) {
			return Value{}, p.fail("array not closed")
		}
		c := p.s[p.i]
		p.i++
		if c == ']' {
			return Value{Kind: Array, Str: p.s[start:p.i], Items: closed(&p.items, &p.closedItems, first)}, true
		}
		if c != ',' {
			p.i--
			return Value{}, p.fail("comma missing")
		}
	}
}

func keyByte(c byte, first bool) bool {
	return c >= 'a' && c <= 'z' || !first && (c >= 'A' && c <= 'Z' || c >= '0' && c <= '9')
}

// IsKey reports whether s may be a key of an object: [a-z][A-Za-z0-9]{0,39}.
func IsKey(s string) bool {
	for i := range len(s) {
		if !keyByte(s[i], i == 0) {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 40
}

func (p *parser) integer() (int64, bool) {
	start := p.i
	if p.s[p.i] == '-' {
		p.i++
	}
	digits := p.i
	var n int64
	for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
		n = n*10 + int64(p.s[p.i]-'0')
		if n > MaxInt {
			return 0, p.fail("integer too large")
		}
		p.i++
	}
	switch {
	case p.i == digits:
		return 0, p.fail("digit missing")
	case p.s[digits] == '0' && (p.i-digits > 1 || digits > start):
		return 0, p.fail("zero before a number")
	case digits > start:
		n = -n
	}
	return n, true
}

// text reads a string; unescaped ones are slices of the input.
func (p *parser) text() (string, bool) {
	s, start := p.s, p.i+1
	for i := start; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		p.i = i
		if c == '"' {
			p.i++
			return s[start:i], true
		}
		if c == '\\' {
			return p.escaped(start)
		}
		if !p.char(c) {
			return "", false
		}
		i = p.i
	}
	p.i = len(s)
	return "", p.fail("string not closed")
}

func (p *parser) char(c byte) bool {
	if c < 0x20 {
		return p.fail("control character")
	}
	if c < utf8.RuneSelf {
		p.i++
		return true
	}
	r, n := utf8.DecodeRuneInString(p.s[p.i:])
	if r == utf8.RuneError && n == 1 {
		return p.fail("not UTF-8")
	}
	p.i += n
	return true
}

func (p *parser) escaped(start int) (string, bool) {
	buf := append(make([]byte, 0, len(p.s)-start), p.s[start:p.i]...)
	for p.i < len(p.s) {
		c := p.s[p.i]
		if c == '"' {
			p.i++
			return string(buf), true
		}
		from := p.i
		if c != '\\' {
			if !p.char(c) {
				return "", false
			}
			buf = append(buf, p.s[from:p.i]...)
			continue
		}
		r, n := unescape(p.s[p.i:])
		if n == 0 {
			return "", p.fail("escape that is not canonical")
		}
		p.i += n
		buf = append(buf, r)
	}
	return "", p.fail("string not closed")
}

// unescape reads the one canonical escape at the start of s; n is 0 if there is none.
func unescape(s string) (c byte, n int) {
	for c := range byte(0x60) {
		if e := escape(c); e != "" && c != 0 && len(s) >= len(e) && s[:len(e)] == e {
			return c, len(e)
		}
	}
	return 0, 0
}

// escape returns how c is written where it must be escaped, or "".
func escape(c byte) string {
	switch c {
	case '"':
		return `\"`
	case '\\':
		return `\\`
	case '\b':
		return `\b`
	case '\t':
		return `\t`
	case '\n':
		return `\n`
	case '\f':
		return `\f`
	case '\r':
		return `\r`
	}
	if c < 0x20 {
		const hex = "0123456789abcdef"
		return `\u00` + string([]byte{hex[c>>4], hex[c&15]})
	}
	return ""
}

// AppendString appends s as a canonical string. The caller has made sure that s is valid: see [Valid].
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			dst = append(append(dst, s[from:i]...), escape(c)...)
			from = i + 1
		}
	}
	return append(append(dst, s[from:]...), '"')
}

// Valid reports whether s may stand as a string: not empty, UTF-8, no U+0000.
func Valid(s string) bool {
	for i := range len(s) {
		if s[i] == 0 {
			return false
		}
	}
	return s != "" && utf8.ValidString(s)
}

// Append appends the canonical bytes of v. Values come from Parse, or are built by hand with the keys in order.
func Append(dst []byte, v Value) []byte {
	switch v.Kind {
	case Object:
		for i, k := range v.Keys {
			dst = append(append(append(dst, "{,"[min(i, 1)]), '"'), k...)
			dst = Append(append(dst, '"', ':'), v.Items[i])
		}
		return append(dst, '}')
	case Array:
		for i, item := range v.Items {
			dst = Append(append(dst, "[,"[min(i, 1)]), item)
		}
		return append(dst, ']')
	case String:
		return AppendString(dst, v.Str)
	case Int:
		return strconv.AppendInt(dst, v.Int, 10)
	case True:
		return append(dst, "true"...)
	}
	panic("canonical: value without a kind")
}
