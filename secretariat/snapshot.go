package secretariat

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
)

// A snapshot is written by walking what a state is made of, whatever parts conference gives it: this program alone
// reads it, and one of another make, edition or tree is thrown away. It holds what a state holds: digests, and never
// an opened value.

// folded is what a snapshot keeps: what Read would come to by folding all entries.
type folded struct {
	State  conference.State
	Sealed conference.Ordered[string, bool]
}

// shape is a digest of the shape of a state: a program whose states have another shape reads no snapshot of this one.
var shape = func() [32]byte {
	var b strings.Builder
	seen := map[reflect.Type]bool{}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		fmt.Fprintf(&b, "%s %s;", t, t.Kind())
		if seen[t] {
			return
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Struct:
			for i := range t.NumField() {
				b.WriteString(t.Field(i).Name + ":")
				walk(t.Field(i).Type)
			}
		case reflect.Pointer, reflect.Slice, reflect.Array:
			walk(t.Elem())
		}
	}
	walk(reflect.TypeFor[folded]())
	for _, kind := range slices.Sorted(maps.Keys(bodies)) {
		b.WriteString(kind + "=")
		walk(bodies[kind])
	}
	return sha256.Sum256([]byte(b.String()))
}()

var bodies = conference.EventBodies()

// open gives access to a field, whether exported or not.
func open(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

// A saver appends values.
type saver struct{ b []byte }

func (s *saver) count(n int) { s.b = binary.AppendUvarint(s.b, uint64(n)) }

func (s *saver) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			s.value(open(v.Field(i)))
		}
	case reflect.Pointer:
		if v.IsNil() {
			s.b = append(s.b, 0)
			return
		}
		s.b = append(s.b, 1)
		s.value(v.Elem())
	case reflect.Slice:
		if v.IsNil() {
			s.count(0)
			return
		}
		s.count(v.Len() + 1)
		for i := range v.Len() {
			s.value(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			s.value(v.Index(i))
		}
	case reflect.String:
		s.count(v.Len())
		s.b = append(s.b, v.String()...)
	case reflect.Bool:
		s.b = append(s.b, map[bool]byte{true: 1}[v.Bool()])
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.b = binary.AppendVarint(s.b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		s.b = binary.AppendUvarint(s.b, v.Uint())
	case reflect.Interface: // the body of an event
		if v.IsNil() {
			s.count(0)
			return
		}
		body := v.Elem() // a pointer to the struct of a kind
		kind := conference.Event{Body: body.Interface()}.Kind()
		s.count(len(kind))
		s.b = append(s.b, kind...)
		s.value(body.Elem())
	default:
		panic("secretariat: a state holds a " + v.Kind().String())
	}
}

var errTorn = errors.New("the snapshot is torn")

// A loader reads what a saver wrote. It panics with errTorn on bytes that no saver wrote.
type loader struct{ b []byte }

func (l *loader) take(n uint64) []byte {
	if n > uint64(len(l.b)) {
		panic(errTorn)
	}
	b := l.b[:n]
	l.b = l.b[n:]
	return b
}

func (l *loader) number() uint64 {
	n, size := binary.Uvarint(l.b)
	if size <= 0 {
		panic(errTorn)
	}
	l.b = l.b[size:]
	return n
}

func (l *loader) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			l.value(open(v.Field(i)))
		}
	case reflect.Pointer:
		if l.take(1)[0] == 0 {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		l.value(v.Elem())
	case reflect.Slice:
		n := l.number()
		if n == 0 {
			return
		}
		if n--; n > uint64(len(l.b)) && v.Type().Elem().Size() > 0 {
			panic(errTorn)
		}
		v.Set(reflect.MakeSlice(v.Type(), int(n), int(n)))
		for i := range int(n) {
			l.value(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			l.value(v.Index(i))
		}
	case reflect.String:
		v.SetString(string(l.take(l.number())))
	case reflect.Bool:
		v.SetBool(l.take(1)[0] == 1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, size := binary.Varint(l.b)
		if size <= 0 {
			panic(errTorn)
		}
		l.b = l.b[size:]
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(l.number())
	case reflect.Interface:
		kind := string(l.take(l.number()))
		if kind == "" {
			return
		}
		t, ok := bodies[kind]
		if !ok {
			panic(errTorn)
		}
		body := reflect.New(t)
		l.value(body.Elem())
		v.Set(body)
	default:
		panic(errTorn)
	}
}

// snapshotOf writes a desk down as it stands under a root.
func snapshotOf(d desk, root tlog.Hash) record.Snapshot {
	f := folded{d.state, d.sealed}
	s := saver{append([]byte(nil), shape[:]...)}
	s.value(reflect.ValueOf(&f).Elem())
	return record.Snapshot{Size: d.state.Size, Edition: d.state.Edition, Root: root, Digest: record.DigestOf(s.b), State: s.b}
}

// restored reads a snapshot. The error says why it is of no use; the entries are folded then.
func restored(snap record.Snapshot) (f folded, err error) {
	if record.DigestOf(snap.State) != snap.Digest || len(snap.State) < len(shape) {
		return f, errTorn
	}
	if [32]byte(snap.State[:len(shape)]) != shape {
		return f, errors.New("the snapshot is of another make of this program")
	}
	defer func() {
		if r := recover(); r != nil {
			f, err = folded{}, errTorn
		}
	}()
	l := loader{snap.State[len(shape):]}
	l.value(reflect.ValueOf(&f).Elem())
	if len(l.b) > 0 || f.State.Size != snap.Size || f.State.Edition != snap.Edition || !f.State.EditionKnown() {
		return folded{}, errTorn
	}
	return f, nil
}

// begin reads the newest snapshot of at most size entries whose root is that of the tree, or gives nothing.
func begin(ctx context.Context, engine record.Engine, size int64, root func(size int64) (tlog.Hash, error)) (f folded) {
	snap, err := engine.Snapshot(ctx, size)
	if err != nil || snap.Size > size {
		return folded{}
	}
	if h, err := root(snap.Size); err != nil || h != snap.Root {
		return folded{}
	}
	f, err = restored(snap)
	if err != nil {
		return folded{}
	}
	return f
}
