package canonical

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Structs are how the catalogue names fields. A field's key is in its `json` tag; ",omitempty" marks what may
// be absent. Understood are strings, integers, bool (true or absent), structs, slices, and pointers to structs;
// a struct with [Tuple] as its first field is an array, member by member. A type with a method Check() error is
// asked after it was read; a type with AppendCanonical and ParseCanonical writes and reads itself as a string.

// Tuple, embedded first in a struct, makes it an array of its members in order: a pair, keyed by data.
type Tuple struct{}

// Checker is a type that knows which of its values are allowed.
type Checker interface{ Check() error }

// Texter is a type that stands as a string but is none in Go, as an instant is.
type Texter interface {
	AppendText(dst []byte) ([]byte, error)
}

// TextParser reads what a Texter wrote.
type TextParser interface{ UnmarshalText(text []byte) error }

// A FieldError says which part of a value does not fit its type. Path is members and positions joined by dots.
type FieldError struct{ Path, Why string }

// Why a member does not fit, where not its value is at fault.
const (
	UnknownField = "unknown field"
	MissingField = "missing"
)

func (e *FieldError) Error() string {
	if e.Path == "" {
		return e.Why
	}
	return e.Path + ": " + e.Why
}

func within(path string, err error) error {
	var f *FieldError
	if errors.As(err, &f) {
		return &FieldError{strings.TrimSuffix(path+"."+f.Path, "."), f.Why}
	}
	return &FieldError{path, err.Error()}
}

type plan struct {
	tuple  bool
	fields []planned // in key order; a tuple's in order of declaration
}

type planned struct {
	key      string
	index    int
	optional bool
}

var plans sync.Map // reflect.Type to *plan

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := new(plan)
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type == reflect.TypeFor[Tuple]() {
			p.tuple = true
			continue
		}
		key, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "-" {
			continue
		}
		if !p.tuple && !IsKey(key) {
			panic(fmt.Sprintf("canonical: field %s.%s has no key", t, f.Name))
		}
		p.fields = append(p.fields, planned{key, i, rest == "omitempty"})
	}
	if !p.tuple {
		slices.SortFunc(p.fields, func(a, b planned) int { return strings.Compare(a.key, b.key) })
	}
	plans.Store(t, p)
	return p
}

// Decode stores v in the struct (or slice, string, ...) that into points to. Keys unknown to the type, except
// those named in besides, and missing fields are errors.
func Decode(v Value, into any, besides ...string) error {
	return decode(v, reflect.ValueOf(into).Elem(), besides)
}

func decode(v Value, to reflect.Value, besides []string) error {
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		return decode(v, to.Elem(), besides)
	}
	if to.Kind() != reflect.String && to.CanAddr() && v.Kind == String {
		if t, ok := to.Addr().Interface().(TextParser); ok {
			return t.UnmarshalText([]byte(v.Str))
		}
	}
	if to.Type() == reflect.TypeFor[Value]() {
		to.Set(reflect.ValueOf(v))
		return nil
	}
	want := kindOf(to.Kind())
	var p *plan
	if to.Kind() == reflect.Struct {
		if p = planOf(to.Type()); p.tuple {
			want = Array
		}
	}
	if v.Kind != want {
		return &FieldError{"", fmt.Sprintf("%s where %s is expected", v.Kind, want)}
	}
	switch to.Kind() {
	case reflect.String:
		to.SetString(v.Str)
	case reflect.Bool:
		to.SetBool(true)
	case reflect.Int64:
		to.SetInt(v.Int)
	case reflect.Slice:
		s := reflect.MakeSlice(to.Type(), len(v.Items), len(v.Items))
		for i, item := range v.Items {
			if err := decode(item, s.Index(i), nil); err != nil {
				return within(strconv.Itoa(i), err)
			}
		}
		to.Set(s)
	case reflect.Struct:
		if err := p.decode(v, to, besides); err != nil {
			return err
		}
	}
	if c, ok := to.Interface().(Checker); ok {
		return c.Check()
	}
	return nil
}

func kindOf(k reflect.Kind) Kind {
	switch k {
	case reflect.String:
		return String
	case reflect.Bool:
		return True
	case reflect.Int64:
		return Int
	case reflect.Slice:
		return Array
	case reflect.Struct:
		return Object
	}
	panic("canonical: no spelling for a Go " + k.String())
}

func (p *plan) decode(v Value, to reflect.Value, besides []string) error {
	if p.tuple {
		if len(v.Items) != len(p.fields) {
			return &FieldError{"", fmt.Sprintf("%d members where %d are expected", len(v.Items), len(p.fields))}
		}
		for i, f := range p.fields {
			if err := decode(v.Items[i], to.Field(f.index), nil); err != nil {
				return within(strconv.Itoa(i), err)
			}
		}
		return nil
	}
	next := 0
	for _, f := range p.fields {
		for next < len(v.Keys) && v.Keys[next] < f.key && slices.Contains(besides, v.Keys[next]) {
			next++
		}
		if next < len(v.Keys) && v.Keys[next] == f.key {
			if err := decode(v.Items[next], to.Field(f.index), nil); err != nil {
				return within(f.key, err)
			}
			if f.optional && absent(to.Field(f.index)) {
				return &FieldError{f.key, "0 is said by leaving it out"}
			}
			next++
		} else if next < len(v.Keys) && v.Keys[next] < f.key {
			return &FieldError{v.Keys[next], UnknownField}
		} else if !f.optional {
			return &FieldError{f.key, MissingField}
		}
	}
	for ; next < len(v.Keys); next++ {
		if !slices.Contains(besides, v.Keys[next]) {
			return &FieldError{v.Keys[next], UnknownField}
		}
	}
	return nil
}

// A Member is a key and its value, for objects put together from a struct and something besides.
type Member struct {
	Key   string
	Value []byte // canonical
}

// Encode appends the canonical bytes of a struct, slice, string, ... to dst. Optional fields with the zero
// value are absent. Members besides, in key order, are merged into an object. An object without members
// comes out as nothing at all: what would be empty is absent.
func Encode(dst []byte, v any, besides ...Member) []byte {
	return encode(dst, reflect.ValueOf(v), besides)
}

func encode(dst []byte, v reflect.Value, besides []Member) []byte {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return encode(dst, v.Elem(), besides)
	case reflect.String:
		return AppendString(dst, v.String())
	case reflect.Slice:
		for i := range v.Len() {
			dst = encode(append(dst, "[,"[min(i, 1)]), v.Index(i), nil)
		}
		return append(dst, ']')
	case reflect.Bool:
		return append(dst, "true"...)
	}
	if v.Type() == reflect.TypeFor[Value]() {
		return Append(dst, v.Interface().(Value))
	}
	if t, ok := v.Interface().(Texter); ok {
		dst, _ = t.AppendText(append(dst, '"'))
		return append(dst, '"')
	}
	if v.Kind() == reflect.Int64 {
		return strconv.AppendInt(dst, v.Int(), 10)
	}
	p := planOf(v.Type())
	if p.tuple {
		for i, f := range p.fields {
			dst = encode(append(dst, "[,"[min(i, 1)]), v.Field(f.index), nil)
		}
		return append(dst, ']')
	}
	sep := byte('{')
	member := func(key string) {
		dst = append(append(append(dst, sep, '"'), key...), '"', ':')
		sep = ','
	}
	for _, f := range p.fields {
		for len(besides) > 0 && besides[0].Key < f.key {
			member(besides[0].Key)
			dst = append(dst, besides[0].Value...)
			besides = besides[1:]
		}
		if field := v.Field(f.index); !f.optional || !absent(field) {
			member(f.key)
			dst = encode(dst, field, nil)
		}
	}
	for _, b := range besides {
		member(b.Key)
		dst = append(dst, b.Value...)
	}
	if sep == '{' {
		return dst
	}
	return append(dst, '}')
}

func absent(v reflect.Value) bool {
	if v.Kind() == reflect.Slice {
		return v.Len() == 0
	}
	return v.IsZero()
}
