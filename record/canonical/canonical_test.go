package canonical

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var accepted = []string{
	`{"a":1,"b":[true,"x"]}`, `9007199254740991`, `-9007199254740991`, `0`, `"é"`, `"/"`, `"a\"b\\c\b\t\n\f\r"`, "\"\\u001f\\u0001\"", "\"\u007f\u2028\U0001F600\"",
	`[[1],[2,3]]`, `true`, `{"aZ9":"x"}`, strings.Repeat("[", 16) + "1" + strings.Repeat("]", 16),
}

var refused = map[string]string{
	`{"b":1,"a":1}`: "order", `{"a":1,"a":1}`: "twice", `{"A":1}`: "key", `{"a_b":1}`: "key", `{"":1}`: "key", `{"a":false}`: "false", `{"a":null}`: "null",
	`{"a":""}`: "empty", `{"a":[]}`: "empty", `{"a":{}}`: "empty", `{}`: "empty", `[]`: "empty", `""`: "empty", ``: "nothing",
	`9007199254740992`: "large", `99999999999999999999999`: "large", `1.0`: "fraction", `1e3`: "exponent", `-0`: "minus zero", `01`: "zero", `+1`: "plus", `-`: "digit", `--1`: "sign",
	`"\u00e9"`: "escape", `"\/"`: "escape", `"\u000A"`: "escape", `"\u000a"`: "escape", `"\u001F"`: "hex", "\"\t\"": "raw tab", `"\ud800"`: "surrogate", "\"\x00\"": "nul", `"\u0000"`: "nul",
	"\"\xff\"": "utf-8", "\"\xed\xa0\x80\"": "surrogate in utf-8", "\"\xc0\xaf\"": "overlong", ` 1`: "space", `1 `: "space", "1\n": "line end", `{"a": 1}`: "space", `[1,]`: "comma", `[1 2]`: "comma", `{"a":1,}`: "comma",
	`{"a":1`: "open", `[1`: "open", `"a`: "open", `{"a"}`: "colon", `tru`: "word", `truex`: "word", `NaN`: "word", strings.Repeat("[", 17) + "1" + strings.Repeat("]", 17): "deep",
	`{"` + strings.Repeat("a", 41) + `":1}`: "long key", "\ufeff1": "mark", `１`: "digit", `"a""b"`: "two",
}

func TestParseTakesTheOneSpellingAndNoOther(t *testing.T) {
	for _, s := range accepted {
		v, err := Parse(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		} else if got := string(Append(nil, v)); got != s {
			t.Errorf("%s was written again as %s", s, got)
		}
	}
	for s, why := range refused {
		if _, err := Parse(s); !errors.Is(err, ErrSyntax) {
			t.Errorf("%q was accepted: %s", s, why)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range accepted {
		f.Add(s)
	}
	for s := range refused {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := Parse(s)
		if err != nil {
			return
		}
		if got := string(Append(nil, v)); got != s {
			t.Fatalf("%q was written again as %q", s, got)
		}
		if !json.Valid([]byte(s)) {
			t.Fatalf("%q is not JSON", s)
		}
	})
}

// The vectors of RFC 8785 hold fractions, null or keys of other letters, so none is inside the grammar whole; each part of
// one that is must be spelt as there, whole or not, and each that is not must be refused.
func TestRFC8785VectorsInsideTheGrammar(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "shared", "data", "vectors", "jcs", "testdata")
	outputs, err := filepath.Glob(filepath.Join(folder, "output", "*.json"))
	if err != nil || len(outputs) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no vectors in %s", folder)
		}
		t.Skip("tables not run: 1 (vectors/jcs is not in ../shared/data beside this repository)")
	}
	inside, outside, strings := 0, 0, 0
	for _, f := range outputs {
		output, err := os.ReadFile(f)
		input, err2 := os.ReadFile(filepath.Join(folder, "input", filepath.Base(f)))
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		spelt := map[string]bool{}
		for _, part := range parts(t, output) {
			spelt[part] = true
			v, err := Parse(part)
			var any_ any
			if unreadable := json.Unmarshal([]byte(part), &any_); unreadable != nil || narrow(any_) != (err == nil) {
				t.Errorf("%s: %s: %v", f, part, err)
			}
			if err != nil {
				outside++
			} else if inside++; string(Append(nil, v)) != part {
				t.Errorf("%s: %s is spelt otherwise here", f, part)
			}
		}
		for _, part := range parts(t, input) { // as somebody wrote it, before it was made canonical
			var s string
			if json.Unmarshal([]byte(part), &s) == nil && Valid(s) {
				if strings++; !spelt[string(AppendString(nil, s))] {
					t.Errorf("%s: %s is not spelt so here", f, part)
				}
			}
		}
	}
	if len(outputs) != 6 || inside == 0 || outside == 0 || strings == 0 {
		t.Errorf("%d files, %d parts inside the grammar, %d outside, %d strings", len(outputs), inside, outside, strings)
	}
	t.Logf("%d files: %d parts inside the grammar, %d outside, %d strings written anew", len(outputs), inside, outside, strings)
}

// parts are a value and all below it, members' names too, as they are spelt.
func parts(t *testing.T, raw []byte) (list []string) {
	t.Helper()
	raw = bytes.TrimSpace(raw)
	list = append(list, string(raw))
	var elements []json.RawMessage
	if raw[0] == '[' && json.Unmarshal(raw, &elements) != nil {
		t.Fatalf("%s", raw)
	}
	if raw[0] == '{' {
		in := json.NewDecoder(bytes.NewReader(raw))
		for _, err := in.Token(); err == nil && in.More(); {
			start := in.InputOffset()
			var value json.RawMessage
			if _, err = in.Token(); err == nil {
				elements = append(elements, bytes.TrimLeft(raw[start:in.InputOffset()], " \n\r\t,"))
				err = in.Decode(&value)
			}
			if err != nil {
				t.Fatalf("%s: %v", raw, err)
			}
			elements = append(elements, value)
		}
	}
	for _, e := range elements {
		list = append(list, parts(t, e)...)
	}
	return list
}

// narrow reports whether a value has only what the grammar allows.
func narrow(v any) bool {
	switch v := v.(type) {
	case string:
		return Valid(v)
	case float64:
		return v == float64(int64(v))
	case bool:
		return v
	case []any:
		return len(v) > 0 && !slices.ContainsFunc(v, func(x any) bool { return !narrow(x) })
	case map[string]any:
		for k, x := range v {
			if !IsKey(k) || !narrow(x) {
				return false
			}
		}
		return len(v) > 0
	}
	return false
}

type pair struct {
	Tuple
	Language string
	Text     string
}

type shape struct {
	Names  []pair   `json:"names,omitempty"`
	Number int64    `json:"number,omitempty"`
	Must   int64    `json:"must"`
	Inner  *inner   `json:"inner,omitempty"`
	Flag   bool     `json:"flag,omitempty"`
	Words  []string `json:"words,omitempty"`
}

type inner struct {
	Any  Value  `json:"any"`
	Word string `json:"word"`
}

func TestStructsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOf(rapid.RuneFrom([]rune("aé\"\\\n ქ"))).Filter(func(s string) bool { return s != "" })
		var in shape
		in.Must, in.Number, in.Flag = rapid.Int64Range(-MaxInt, MaxInt).Draw(t, "must"), rapid.Int64Range(0, 9).Draw(t, "n"), rapid.Bool().Draw(t, "f")
		in.Words = rapid.SliceOfN(word, 0, 3).Draw(t, "words")
		for _, w := range rapid.SliceOfN(word, 0, 3).Draw(t, "names") {
			in.Names = append(in.Names, pair{Language: "en", Text: w})
		}
		if rapid.Bool().Draw(t, "inner") {
			in.Inner = &inner{Value{Kind: Int, Int: 3}, word.Draw(t, "w")}
		}
		text := string(Encode(nil, in))
		v, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var out shape
		if err := Decode(v, &out); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if again := string(Encode(nil, out)); again != text {
			t.Fatalf("%s came back as %s", text, again)
		}
	})
}

func TestFieldErrorsNameThePath(t *testing.T) {
	for text, path := range map[string]string{
		`{"must":1,"other":1}`: "other", `{"number":1}`: "must", `{"must":"x"}`: "must", `{"must":1,"number":0}`: "number", `{"must":1,"names":[["en"]]}`: "names.0",
		`{"inner":{"any":1,"word":2},"must":1}`: "inner.word", `{"must":1,"names":[["en",3]]}`: "names.0.1", `{"aaa":1,"must":1}`: "aaa", `[1]`: "",
	} {
		v, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var f *FieldError
		if err := Decode(v, new(shape)); !errors.As(err, &f) || f.Path != path {
			t.Errorf("%s: %v, want an error at %q", text, err, path)
		}
	}
}

func TestBytesHaveOneSpelling(t *testing.T) {
	for _, s := range []string{"AB", "AA==", "A\nA", "A\rA", "A", "A+", "A/", "AAAA\n", "é"} {
		if _, err := DecodeBytes(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "b")
		s := EncodeBytes(b)
		got, err := DecodeBytes(s)
		if err != nil || !slices.Equal(got, b) || !IsBytes(s, len(b)) || IsBytes(s, len(b)+1) {
			t.Fatalf("%q", s)
		}
		for i := range s {
			for _, c := range []byte("ABQgw-_=\n+/") {
				changed := s[:i] + string(c) + s[i+1:]
				_, err := DecodeBytes(changed)
				if (err == nil) != IsBytes(changed, len(b)) {
					t.Fatalf("DecodeBytes and IsBytes disagree on %q", changed)
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	s := `{"act":{"as":"Rapporteur","by":"90b375abe134c87c3c39fa0641732911","fields":{"party":"az","place":"baku"},"key":"DMGuXwt8yG0VVlcd8NYNVw","name":"NamePlace"},"at":"2026-11-23T09:10:40.000Z","index":15}`
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		Parse(s)
	}
}
