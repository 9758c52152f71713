package web_test

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record/canonical"
	"kurultai/web"
)

var (
	aside  = regexp.MustCompile(` *\([^)]*\)`)
	listed = regexp.MustCompile(`^(?:else )?([a-z][a-z-]*(?:, [a-z][a-z-]*)*(?:,? or [a-z][a-z-]*)?)$`)
)

// wordsOf are the words a description in the catalogue lists, where it does: "lost, left, compromised", "why: done, time or
// order". A list that goes on (…) is none.
func wordsOf(description string) []string {
	for part := range strings.SplitSeq(strings.ReplaceAll(aside.ReplaceAllString(description, ""), ":", ";"), ";") {
		m := listed.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			continue
		}
		if words := strings.Split(strings.NewReplacer(", or ", ",", " or ", ",", ", ", ",").Replace(m[1]), ","); len(words) > 1 {
			return words
		}
	}
	return nil
}

// growing are words of which there will be more: they are typed.
var growing = []string{"Point.manner", "NamePlace.type"}

// chosenOf lists the controls of a type's form that hold one of a few words, by name, as the catalogue describes them.
func chosenOf(t reflect.Type, name string, to map[string][]string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		if t.Kind() == reflect.Slice {
			name += ".0"
		}
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[canonical.Value]() { // a value may hold values
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		word := f.Type == reflect.TypeFor[string]() || f.Type == reflect.TypeFor[conference.Term]() || f.Type == reflect.TypeFor[conference.Audience]()
		if words := wordsOf(f.Tag.Get("jsonschema")); word && len(words) > 0 && !slices.Contains(growing, t.Name()+"."+key) {
			to[name+"."+key] = words
			continue
		}
		chosenOf(f.Type, name+"."+key, to)
	}
}

// Wherever the catalogue knows which words a field may hold, its form is a list of just these, each called something in
// every language: nobody types a word of the record.
func TestFixedWordsAreChosen(t *testing.T) {
	fields, words, seen := 0, 0, map[string]string{}
	for _, a := range conference.Catalogue() {
		want := map[string][]string{}
		chosenOf(a.Fields, "field", want)
		for _, l := range language.All() {
			found := 0
			var look func([]web.Field)
			look = func(list []web.Field) {
				for _, f := range list {
					look(f.Fields)
					known, ok := want[f.Name]
					if !ok {
						continue
					}
					found++
					var offered []string
					for _, o := range f.Options {
						offered = append(offered, o.Value)
						if o.Label == "" || strings.Contains(o.Label, "⟨") || l.Code != "en" && strings.ContainsAny(o.Label, "-_") && o.Label == o.Value {
							t.Errorf("%s, %s of %s: %s is called %q", l.Code, f.Name, a.Name, o.Value, o.Label)
						}
						seen[a.Name+" "+f.Name+" "+o.Value+" "+l.Code] = o.Label
						words++
					}
					if f.Kind != "choice" || !slices.Equal(offered, known) {
						t.Errorf("%s of %s is a %s of %q; the catalogue knows %q", f.Name, a.Name, f.Kind, offered, known)
					}
				}
			}
			look(web.FormIn(a, l))
			if found != len(want) {
				t.Errorf("%s has %d of %d controls: %v", a.Name, found, len(want), want)
			}
			fields += found
		}
	}
	same := 0 // in a script of its own no word is as it is written in the record
	for name, label := range seen {
		if part := strings.Fields(name); slices.Contains([]string{"ka", "kk", "ky", "ru"}, part[3]) && label == part[2] {
			t.Errorf("%s is not translated", name)
			same++
		}
	}
	if fields < 9*45 || words < 9*170 {
		t.Errorf("%d fields, %d words", fields, words)
	}
	t.Logf("%d fields, %d words in %d languages", fields, words, len(language.All()))
}

// What a description lists is read as it is meant.
func TestWordsOfADescription(t *testing.T) {
	for description, want := range map[string]string{
		"for or against": "for against", "why: lost, left, compromised": "lost left compromised", "absent for a statement; else group, reply or item": "group reply item",
		"level (of the speakers), precedence (an organ explains) or swap (by consent)": "level precedence swap", "which is first: furthest, or omissions": "furthest omissions",
		"draft, report, letter, note …": "", "id of a proposal, decision or election": "", "aloud, or the symbol of the paper": "", "whom it concerns": "", "as VII/2": "",
	} {
		if got := strings.Join(wordsOf(description), " "); got != want {
			t.Errorf("%q: %q, not %q", description, got, want)
		}
	}
}
