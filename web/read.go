package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"kurultai/record/canonical"
)

// maxSubmission is the largest act that is read with its blobs, in bytes.
const maxSubmission = 8 << 20

// readJSON reads JSON as people and programs write it (RFC 8259) into the canonical value it stands for: keys in
// order, and what is null, false or empty absent. Refused are keys that stand twice, fractions, what nests deeper than
// entries may, and bytes behind the value. With tidy, text is brought to NFC.
func readJSON(b []byte, tidy bool) (canonical.Value, error) {
	if !utf8.Valid(b) {
		return canonical.Value{}, errors.New("not UTF-8")
	}
	r := reader{json.NewDecoder(bytes.NewReader(b)), tidy}
	r.in.UseNumber()
	v, err := r.value(1)
	if err != nil {
		return canonical.Value{}, err
	}
	if _, err := r.in.Token(); err != io.EOF {
		return canonical.Value{}, errors.New("something stands behind the value")
	}
	if v.Kind == canonical.Invalid {
		return v, nil
	}
	return canonical.Parse(string(canonical.Append(nil, v)))
}

type reader struct {
	in   *json.Decoder
	tidy bool
}

func (r reader) value(depth int) (canonical.Value, error) {
	token, err := r.in.Token()
	if err != nil {
		return canonical.Value{}, errors.New("not JSON")
	}
	switch t := token.(type) {
	case json.Delim:
		if depth > canonical.MaxDepth {
			return canonical.Value{}, fmt.Errorf("nested deeper than %d", canonical.MaxDepth)
		}
		if t == '{' {
			return r.object(depth)
		}
		return r.array(depth)
	case string:
		return r.text(t)
	case json.Number:
		return whole(t)
	case bool:
		if t {
			return canonical.Value{Kind: canonical.True}, nil
		}
	}
	return canonical.Value{}, nil
}

func (r reader) text(s string) (canonical.Value, error) {
	if r.tidy {
		s = norm.NFC.String(s)
	}
	if s == "" {
		return canonical.Value{}, nil
	}
	if strings.ContainsRune(s, 0) {
		return canonical.Value{}, errors.New("text with U+0000")
	}
	return canonical.Value{Kind: canonical.String, Str: s}, nil
}

func whole(t json.Number) (canonical.Value, error) {
	n, err := t.Int64()
	if err != nil || n > canonical.MaxInt || n < -canonical.MaxInt {
		return canonical.Value{}, fmt.Errorf("%.40s is no whole number below 2^53", t)
	}
	return canonical.Value{Kind: canonical.Int, Int: n}, nil
}

func (r reader) object(depth int) (canonical.Value, error) {
	v := canonical.Value{Kind: canonical.Object}
	seen := map[string]bool{}
	for r.in.More() {
		token, err := r.in.Token()
		key, ok := token.(string)
		if err != nil || !ok {
			return v, errors.New("not JSON")
		}
		if !canonical.IsKey(key) || seen[key] {
			return v, fmt.Errorf("%.40q is no key, or stands twice", key)
		}
		seen[key] = true
		item, err := r.value(depth + 1)
		if err != nil {
			return v, err
		}
		if item.Kind != canonical.Invalid {
			at, _ := slices.BinarySearch(v.Keys, key)
			v.Keys, v.Items = slices.Insert(v.Keys, at, key), slices.Insert(v.Items, at, item)
		}
	}
	return r.closed(v)
}

func (r reader) array(depth int) (canonical.Value, error) {
	v := canonical.Value{Kind: canonical.Array}
	for r.in.More() {
		item, err := r.value(depth + 1)
		if err != nil {
			return v, err
		}
		if item.Kind != canonical.Invalid {
			v.Items = append(v.Items, item)
		}
	}
	return r.closed(v)
}

// closed reads the end of an object or array; an empty one is absent.
func (r reader) closed(v canonical.Value) (canonical.Value, error) {
	if _, err := r.in.Token(); err != nil {
		return v, errors.New("not JSON")
	}
	if len(v.Items) == 0 {
		return canonical.Value{}, nil
	}
	return v, nil
}
