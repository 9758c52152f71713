// Package language holds what the product says, in each language it speaks: a folder a language, words and forms
// as data. Code never builds a word: a name or term stands in the case a sentence asks for because its form is in
// the folder, and where it is not, that is an error naming the cell.
//
//	az/page.json, acts.json …   texts by key, with places {0}, {1}; every *.json of the folder is read
//	az/names.csv, terms.csv …   case forms, see Forms
//
// Adding a language is adding a folder; the tests say what it lacks.
package language

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed */*.json */*.csv
var folders embed.FS

// A Language is one folder.
type Language struct {
	Code    string // BCP 47 primary subtag
	texts   map[string]string
	letters map[string]int // of the alphabet, from 1
	forms   *Forms
}

var load = sync.OnceValue(func() []*Language {
	dirs, err := fs.ReadDir(folders, ".")
	if err != nil {
		panic(err)
	}
	var list []*Language
	for _, d := range dirs {
		l, err := read(folders, d.Name())
		if err != nil {
			panic(fmt.Sprintf("language %s: %v", d.Name(), err))
		}
		list = append(list, l)
	}
	return list
})

func read(from fs.FS, dir string) (*Language, error) {
	l := &Language{Code: dir, texts: map[string]string{}}
	files, err := fs.Glob(from, path.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		b, err := fs.ReadFile(from, f)
		if err != nil {
			return nil, err
		}
		var texts map[string]string
		if err := json.Unmarshal(b, &texts); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		for k, v := range texts {
			if _, twice := l.texts[k]; twice {
				return nil, fmt.Errorf("%s: %s stands in two files", f, k)
			}
			l.texts[k] = v
		}
	}
	l.letters = alphabet(l.texts["alphabet"])
	l.forms, err = readForms(from, dir)
	return l, err
}

// All lists the languages in order of code.
func All() []*Language { return load() }

// Get finds a language by its code.
func Get(code string) (*Language, bool) {
	for _, l := range load() {
		if l.Code == code {
			return l, true
		}
	}
	return nil, false
}

// Say is the text of a key with args in its places {0}, {1}, … A key without a text comes out as ⟨key⟩; a test
// finds those before a reader does.
func (l *Language) Say(key string, args ...string) string {
	text, ok := l.texts[key]
	if !ok {
		return "⟨" + key + "⟩"
	}
	if len(args) == 0 {
		return text
	}
	return filled(text, args)
}

// filled puts arguments where {0}, {1} … stand. What an argument holds is not looked at again.
func filled(text string, args []string) string {
	var out strings.Builder
	for {
		at := strings.IndexByte(text, '{')
		if at < 0 {
			break
		}
		end := strings.IndexByte(text[at:], '}')
		if end < 0 {
			break
		}
		out.WriteString(text[:at])
		name := text[at+1 : at+end]
		if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(args) && strconv.Itoa(n) == name {
			out.WriteString(args[n])
			text = text[at+end+1:]
		} else {
			out.WriteByte('{')
			text = text[at+1:]
		}
	}
	out.WriteString(text)
	return out.String()
}

// Has reports whether there is a text for key.
func (l *Language) Has(key string) bool { _, ok := l.texts[key]; return ok }

// Keys lists the keys of all texts, in order.
func (l *Language) Keys() []string {
	keys := make([]string, 0, len(l.texts))
	for k := range l.texts {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
