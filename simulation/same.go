package simulation

import (
	"fmt"
	"reflect"
)

// differ walks two values of one type and says where they part, or "". A slice without elements is as good as none: which
// of the two it is follows from whether a thing was decided here or read. Fields called skip are passed over.
func differ(a, b any, skip string) string {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	w := walk{skip: skip}
	return w.value(x.Elem(), y.Elem(), "")
}

type walk struct {
	skip string
}

func (w *walk) value(a, b reflect.Value, path string) string {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			if name == w.skip {
				continue
			}
			if d := w.value(a.Field(i), b.Field(i), path+"."+name); d != "" {
				return d
			}
		}
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			if a.IsNil() != b.IsNil() {
				return path + ": one is not there"
			}
			return ""
		}
		if a.Pointer() == b.Pointer() {
			return ""
		}
		return w.value(a.Elem(), b.Elem(), path)
	case reflect.Interface:
		if a.IsNil() || b.IsNil() || a.Elem().Type() != b.Elem().Type() {
			if a.IsNil() && b.IsNil() {
				return ""
			}
			return path + ": of another type"
		}
		return w.value(a.Elem(), b.Elem(), path)
	case reflect.Slice:
		if a.Len() != b.Len() {
			return fmt.Sprintf("%s: %d and %d elements", path, a.Len(), b.Len())
		}
		if a.Len() == 0 || a.Pointer() == b.Pointer() {
			return ""
		}
		fallthrough
	case reflect.Array:
		for i := range a.Len() {
			if d := w.value(a.Index(i), b.Index(i), fmt.Sprintf("%s[%d]", path, i)); d != "" {
				return d
			}
		}
	case reflect.String:
		if a.String() != b.String() {
			return fmt.Sprintf("%s: %.60q and %.60q", path, a.String(), b.String())
		}
	case reflect.Bool:
		if a.Bool() != b.Bool() {
			return fmt.Sprintf("%s: %v and %v", path, a.Bool(), b.Bool())
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if a.Int() != b.Int() {
			return fmt.Sprintf("%s: %d and %d", path, a.Int(), b.Int())
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if a.Uint() != b.Uint() {
			return fmt.Sprintf("%s: %d and %d", path, a.Uint(), b.Uint())
		}
	default:
		return path + ": a state holds a " + a.Kind().String()
	}
	return ""
}
