package language_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
)

// keysOfTheCatalogue are the texts without which an act does not count.
func keysOfTheCatalogue() []string {
	keys := []string{"event.ClosedEntry", "capacity.Clock", "capacity.Person"}
	codes := slices.Concat(conference.CommonRefusals, conference.DoorRefusals)
	for _, a := range conference.Catalogue() {
		keys = append(keys, "act."+a.Name, "act."+a.Name+".help")
		for _, c := range a.Who {
			keys = append(keys, "capacity."+string(c))
		}
		codes = slices.Concat(codes, a.Refusals, a.Notices, a.OfFiles)
	}
	for _, c := range conference.Capacities {
		keys = append(keys, "capacity."+string(c))
	}
	for _, k := range conference.Kinds() {
		keys = append(keys, "event."+k)
	}
	for _, c := range codes {
		keys = append(keys, "refusal."+string(c), "remedy."+string(c))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func TestEveryActEventAndRefusalHasItsWordsInEveryLanguage(t *testing.T) {
	keys := keysOfTheCatalogue()
	places := regexp.MustCompile(`\{\d\}`)
	english, _ := language.Get("en")
	checked := 0
	for _, l := range language.All() {
		for _, k := range keys {
			checked++
			if !l.Has(k) {
				t.Errorf("%s: no text for %s", l.Code, k)
			}
			mine, theirs := places.FindAllString(l.Say(k), -1), places.FindAllString(english.Say(k), -1)
			slices.Sort(mine)
			slices.Sort(theirs)
			if !slices.Equal(mine, theirs) {
				t.Errorf("%s: %s has the places %v, in English %v", l.Code, k, mine, theirs)
			}
		}
		for _, k := range l.Keys() {
			prefix, _, _ := strings.Cut(k, ".")
			if slices.Contains([]string{"act", "event", "capacity", "refusal", "remedy"}, prefix) && !slices.Contains(keys, k) {
				t.Errorf("%s: nothing uses %s", l.Code, k)
			}
		}
	}
	if checked < 9*150 {
		t.Fatalf("%d texts checked", checked)
	}
	t.Logf("%d texts checked in %d languages", checked, len(language.All()))
}
