package web_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/web"
)

// Each field of the forms a delegation meets is called something in each language, and no name is kept that no form has.
func TestFieldsOfDelegatesAreNamedInEveryLanguage(t *testing.T) {
	used, kinds := map[string]bool{"field.digest.help": true}, []conference.Capacity{conference.Head, conference.Delegate, conference.ObserverHead}
	named := 0
	for _, a := range conference.Catalogue() {
		delegates := slices.ContainsFunc(a.Who, func(c conference.Capacity) bool { return slices.Contains(kinds, c) })
		for _, key := range keysOf(a.Fields, nil) {
			for _, name := range []string{"field." + a.Name + "." + key, "field." + key} {
				used[name], used[name+".help"] = true, true
			}
			for _, l := range language.All() {
				if delegates && !l.Has("field."+a.Name+"."+key) && !l.Has("field."+key) {
					t.Errorf("%s does not name %s of %s", l.Code, key, a.Name)
				}
			}
			if delegates {
				named++
			}
		}
	}
	english, _ := language.Get("en")
	for _, l := range language.All() {
		for _, key := range l.Keys() {
			if strings.HasPrefix(key, "field.") && (!used[key] || !english.Has(key)) {
				t.Errorf("%s names %s, which no form has", l.Code, key)
			}
		}
	}
	if named < 100 {
		t.Errorf("%d fields", named)
	}
	t.Logf("%d fields of delegates", named)
}

// keysOf lists the names of fields, those of their parts too.
func keysOf(t reflect.Type, list []string) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || strings.HasPrefix(t.String(), "canonical.") || strings.HasPrefix(t.String(), "record.") {
		return list
	}
	known := web.Schema(t).Properties
	for i := range t.NumField() {
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if known[key] != nil {
			list = append(list, key)
			list = keysOf(t.Field(i).Type, list)
		}
	}
	return list
}
