// Package bodies holds the rules of procedure of real bodies as data, each number with its rule and source, and holds
// the arithmetic of package rules against what those bodies decided.
//
//	Get("unga")        rules that are built in
//	Read(text)         rules of one's own, checked; errors name the line
//	Check(folder)      decides every vote in a folder of tables again
package bodies

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"kurultai/record/canonical"
	"kurultai/rules"
)

//go:embed *.json
var files embed.FS

// Names lists the bodies that are built in.
func Names() (names []string) {
	list, _ := files.ReadDir(".")
	for _, f := range list {
		names = append(names, strings.TrimSuffix(f.Name(), ".json"))
	}
	slices.Sort(names)
	return names
}

// Get returns the rules of a body that is built in.
func Get(name string) (*rules.Rules, bool) {
	b, err := files.ReadFile(name + ".json")
	if err != nil {
		return nil, false
	}
	r, err := Read(b)
	if err != nil {
		panic(name + ": " + err.Error()) // a test reads them all
	}
	return r, true
}

// Text returns the rules of a body as they are written, to begin one's own from.
func Text(name string) ([]byte, bool) {
	b, err := files.ReadFile(name + ".json")
	return b, err == nil
}

// A LineError says where rules are wrong, and how: of the kind text (no JSON as rules are written), unknown (a field
// that rules do not have), missing (one that they need) or value (what a field cannot hold).
type LineError struct {
	Line  int
	Field string // its path, as majorities.0.tests.1.of; "" for the kind text
	Kind  string
	Why   string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Why) }

// textError is what makes a text no rules at all.
func textError(line int, err error) *LineError { return &LineError{line, "", "text", err.Error()} }

// fieldError is what is wrong with a field.
func fieldError(line int, f *canonical.FieldError) *LineError {
	kind := "value"
	switch f.Why {
	case canonical.UnknownField:
		kind = "unknown"
	case canonical.MissingField:
		kind = "missing"
	}
	return &LineError{line, f.Path, kind, f.Error()}
}

// Read reads rules as people write them: JSON with blanks and lines. The error is a *LineError.
func Read(text []byte) (*rules.Rules, error) {
	r := &reader{text: text, in: json.NewDecoder(strings.NewReader(string(text))), lines: map[string]int{}}
	r.in.UseNumber()
	v, err := r.value("")
	if err == nil {
		if _, extra := r.in.Token(); extra != io.EOF {
			err = errors.New("more follows the rules")
		}
	}
	var field *canonical.FieldError
	if errors.As(err, &field) {
		return nil, fieldError(r.line(), field)
	} else if err != nil {
		return nil, textError(r.line(), err)
	}
	compact, err := json.Marshal(v)
	if err != nil {
		return nil, textError(1, err)
	}
	c, err := canonical.Parse(unescape(string(compact)))
	if err != nil {
		return nil, textError(1, err)
	}
	out := new(rules.Rules)
	if err := canonical.Decode(c, out); err != nil {
		if !errors.As(err, &field) {
			return nil, textError(1, err)
		}
		return nil, fieldError(r.at(field.Path), field)
	}
	return out, nil
}

// unescape undoes what encoding/json escapes for HTML's sake.
func unescape(s string) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\u2028`, "\u2028", `\u2029`, "\u2029").Replace(s)
}

// reader reads JSON and remembers on which line each value stands.
type reader struct {
	text  []byte
	in    *json.Decoder
	lines map[string]int // by path
}

func (r *reader) line() int {
	return 1 + strings.Count(string(r.text[:min(int(r.in.InputOffset()), len(r.text))]), "\n")
}

// at is the line of the innermost value that a path leads to.
func (r *reader) at(path string) int {
	for path != "" {
		if line, ok := r.lines[path]; ok {
			return line
		}
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
	return 1
}

func (r *reader) value(path string) (any, error) {
	token, err := r.in.Token()
	if err != nil {
		return nil, err
	}
	r.lines[path] = r.line()
	if strings.Count(path, ".") > 16 {
		return nil, errors.New("too deep")
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			list := []any{}
			for r.in.More() {
				v, err := r.value(fmt.Sprintf("%s%d", dot(path), len(list)))
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err := r.in.Token()
			return list, err
		}
		object := map[string]any{}
		for r.in.More() {
			key, err := r.in.Token()
			if err != nil {
				return nil, err
			}
			name, _ := key.(string)
			if _, twice := object[name]; twice {
				return nil, &canonical.FieldError{Path: dot(path) + name, Why: "stands twice"}
			}
			if object[name], err = r.value(dot(path) + name); err != nil {
				return nil, err
			}
		}
		_, err := r.in.Token()
		return object, err
	case nil:
		return nil, &canonical.FieldError{Path: path, Why: "null: leave it out"}
	case bool:
		if !t {
			return nil, &canonical.FieldError{Path: path, Why: "false is said by leaving it out"}
		}
	case json.Number:
		if _, err := t.Int64(); err != nil {
			return nil, &canonical.FieldError{Path: path, Why: t.String() + " is no whole number"}
		}
	}
	return token, nil
}

func dot(path string) string {
	if path == "" {
		return ""
	}
	return path + "."
}
