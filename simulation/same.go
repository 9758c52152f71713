package simulation

import (
	"fmt"
	"reflect"
)

// differ walks two values of one type and says where they part, or "". A slice without elements is as good as none: which
// of the two it is follows from whether a thing was decided here or read. Fields called skip are passed over.
func differ(a, b any, skip string) string {
	w := walk{skip: skip}
	return w.value(reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem())
}

type walk struct {
	skip string
}

// value says where two values part, from here on: most never do, so the way there is put together on the way back.
func (w *walk) value(a, b reflect.Value) string {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if w.skip != "" && a.Type().Field(i).Name == w.skip {
				continue
			}
			if d := w.value(a.Field(i), b.Field(i)); d != "" {
				return "." + a.Type().Field(i).Name + d
			}
		}
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			if a.IsNil() != b.IsNil() {
				return ": one is not there"
			}
			return ""
		}
		if a.Pointer() == b.Pointer() {
			return ""
		}
		return w.value(a.Elem(), b.Elem())
	case reflect.Interface:
		if a.IsNil() || b.IsNil() || a.Elem().Type() != b.Elem().Type() {
			if a.IsNil() && b.IsNil() {
				return ""
			}
			return ": of another type"
		}
		return w.value(a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() != b.Len() {
			return fmt.Sprintf(": %d and %d elements", a.Len(), b.Len())
		}
		if a.Len() == 0 || a.Pointer() == b.Pointer() {
			return ""
		}
		fallthrough
	case reflect.Array:
		for i := range a.Len() {
			if d := w.value(a.Index(i), b.Index(i)); d != "" {
				return fmt.Sprintf("[%d]%s", i, d)
			}
		}
	case reflect.String:
		if a.String() != b.String() {
			return fmt.Sprintf(": %.60q and %.60q", a.String(), b.String())
		}
	case reflect.Bool:
		if a.Bool() != b.Bool() {
			return fmt.Sprintf(": %v and %v", a.Bool(), b.Bool())
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if a.Int() != b.Int() {
			return fmt.Sprintf(": %d and %d", a.Int(), b.Int())
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if a.Uint() != b.Uint() {
			return fmt.Sprintf(": %d and %d", a.Uint(), b.Uint())
		}
	default:
		return ": a state holds a " + a.Kind().String()
	}
	return ""
}
