package language

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"
)

// A Territory is a state or territory with its short name in each of the languages, in the nominative, as Unicode CLDR
// 48.2 has it. What a state calls itself is the state's to notify: these are proposals.
type Territory struct {
	Code  string            // ISO 3166-1 alpha-2
	Names map[string]string // by language
}

//go:embed territories.json
var territoriesFile []byte

var territories = sync.OnceValue(func() (list []Territory) {
	var names map[string]map[string]string
	if err := json.Unmarshal(territoriesFile, &names); err != nil {
		panic("language/territories.json: " + err.Error()) // it is inside the program, and tested
	}
	for code, n := range names {
		list = append(list, Territory{code, n})
	}
	slices.SortFunc(list, func(a, b Territory) int { return strings.Compare(a.Code, b.Code) })
	return list
})

// Territories lists all states and territories in order of code. The list is shared: nobody changes it.
func Territories() []Territory { return territories() }

// named finds territories by code and by each of their names, folded.
var named = sync.OnceValue(func() map[string]Territory {
	by := map[string]Territory{}
	for _, t := range territories() {
		for _, name := range t.Names {
			by[foldName(name)] = t
		}
	}
	for _, t := range territories() { // a code that is also somebody's name means the code
		by[strings.ToLower(t.Code)] = t
	}
	return by
})

// TerritoryNamed finds a territory by its code or by its name in any of the languages.
func TerritoryNamed(text string) (Territory, bool) {
	t, ok := named()[foldName(text)]
	return t, ok
}

// foldName is a name as two spellings of it agree: without regard to case, composition and the kind of apostrophe.
func foldName(s string) string {
	s = strings.NewReplacer("ʻ", "'", "‘", "'", "’", "'", "ʼ", "'").Replace(norm.NFC.String(s))
	return strings.ToLower(strings.Join(strings.Fields(s), " "))
}
