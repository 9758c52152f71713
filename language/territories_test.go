package language_test

import (
	"testing"

	"kurultai/language"
)

// Each state has its name in each language, and is found by it.
func TestTerritoriesHaveTheirNames(t *testing.T) {
	checked := 0
	for _, x := range language.Territories() {
		for _, l := range language.All() {
			checked++
			name := x.Names[l.Code]
			if found, ok := language.TerritoryNamed("  " + name + " "); name == "" || !ok || found.Names[l.Code] != name {
				t.Errorf("%s in %s: %q finds %s", x.Code, l.Code, name, found.Code)
			}
		}
		if found, ok := language.TerritoryNamed(x.Code); !ok || found.Code != x.Code {
			t.Errorf("%s finds %s", x.Code, found.Code)
		}
	}
	if checked < 9*240 {
		t.Fatalf("%d names checked", checked)
	}
	for text, code := range map[string]string{"GERMANY": "DE", "O'zbekiston": "UZ", "Oʻzbekiston": "UZ", "kırgızistan": "KG", "Atlantis": ""} {
		if found, _ := language.TerritoryNamed(text); found.Code != code {
			t.Errorf("%s finds %q", text, found.Code)
		}
	}
}
