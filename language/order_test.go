package language_test

import (
	"slices"
	"strings"
	"testing"

	"kurultai/language"
)

// Names stand as a speaker looks for them: by the letters of the alphabet, not by the numbers of their signs.
func TestNamesStandInTheOrderOfTheAlphabet(t *testing.T) {
	orders := map[string]string{
		"az": "Çexiya|Danimarka|Estoniya|Əfqanıstan|Finlandiya|Hindistan|Xorvatiya|İndoneziya|Qazaxıstan|Litva|Yaponiya",
		"de": "Ägypten|Albanien|Oman|Österreich|Ungarn|Zypern",
		"en": "Azerbaijan|Côte d’Ivoire|Croatia|Georgia|New Zealand|Newland|Türkiye|Turkmenistan",
		"ka": "აზერბაიჯანი|თურქეთი|საქართველო|უზბეკეთი|ყაზახეთი|ყირგიზეთი|ჰონდურასი",
		"kk": "Австралия|Әзербайжан|Грузия|Қазақстан|Қырғызстан|Латвия|Өзбекстан|Түркия",
		"ky": "Азербайжан|Казакстан|Кыргызстан|Өзбекстан|Польша|Түркия",
		"ru": "Азербайджан|Европа|Ёлкино|Йемен|Казахстан|Эстония",
		"tr": "Cezayir|Çin|Danimarka|Irmak|İdil|İran|İsveç|Özbekistan|Ürdün",
		"uz": "Belarus|Ozarbayjon|Turkiya|Oʻzbekiston|Gʻarbiy davlat|Shvetsiya|Chad",
	}
	for _, l := range language.All() {
		want := strings.Split(orders[l.Code], "|")
		got := slices.Clone(want)
		slices.Reverse(got)
		slices.SortFunc(got, l.Compare)
		if len(want) < 5 || !slices.Equal(got, want) {
			t.Errorf("%s: %v", l.Code, got)
		}
	}
}

// Compare is an order: whatever the names, one of two stands first, and what is equal is the same.
func FuzzCompare(f *testing.F) {
	f.Add("Əli", "İlham", "ılıq")
	f.Add("Oʻz", "O'z", "O")
	f.Add("", "\xff", "é")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		for _, l := range language.All() {
			if x, y := l.Compare(a, b), l.Compare(b, a); x != -y || (x == 0) != (a == b) {
				t.Errorf("%s: %q and %q: %d, %d", l.Code, a, b, x, y)
			}
			if l.Compare(a, b) < 0 && l.Compare(b, c) < 0 && l.Compare(a, c) >= 0 {
				t.Errorf("%s: %q, %q, %q go round", l.Code, a, b, c)
			}
		}
	})
}
