package examine_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kurultai/language"
	"kurultai/paper/examine"
)

var places = regexp.MustCompile(`\{\d\}`)

func placesOf(s string) []string {
	list := places.FindAllString(s, -1)
	slices.Sort(list)
	return slices.Compact(list)
}

// What can be found, why, and what to do about it have their words in each language, with the same arguments, and no
// language has words for what cannot be found. A reason is said in English by what was found itself.
func TestFindingsHaveTheirWordsInEveryLanguage(t *testing.T) {
	var want []string
	for _, c := range examine.Codes() {
		want = append(want, "finding."+c)
	}
	for _, c := range examine.RemedyCodes() {
		want = append(want, "finding.do."+c)
	}
	english, _ := language.Get("en")
	checked := 0
	for _, l := range language.All() {
		keys := slices.Clone(want)
		if l != english {
			for _, c := range examine.Reasons() {
				keys = append(keys, "reason."+c)
			}
		}
		for _, k := range keys {
			checked++
			if !l.Has(k) {
				t.Errorf("%s: no text for %s", l.Code, k)
			}
			if mine, theirs := placesOf(l.Say(k)), placesOf(english.Say(k)); !strings.HasPrefix(k, "reason.") && !slices.Equal(mine, theirs) {
				t.Errorf("%s: %s has the places %v, in English %v", l.Code, k, mine, theirs)
			}
		}
		for _, k := range l.Keys() {
			if (strings.HasPrefix(k, "finding.") || strings.HasPrefix(k, "reason.")) && !slices.Contains(keys, k) {
				t.Errorf("%s: nothing uses %s", l.Code, k)
			}
		}
	}
	if checked < 9*(88+7) {
		t.Fatalf("%d texts checked", checked)
	}
	t.Logf("%d texts checked in %d languages", checked, len(language.All()))
}

// The texts about verifying that the command and the page show are those that there are, with the same arguments.
func TestTextsOfVerifyingAreUsed(t *testing.T) {
	var sources strings.Builder
	for _, pattern := range []string{"../../cmd/kurultai/*.go", "../../web/*.go", "../../web/templates/*.html"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(b)
		}
	}
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`"(verify\.[a-z.]+)"`).FindAllStringSubmatch(sources.String(), -1) {
		used[m[1]] = true
	}
	english, _ := language.Get("en")
	checked := 0
	for _, l := range language.All() {
		for k := range used {
			checked++
			switch {
			case !l.Has(k):
				t.Errorf("%s: no text for %s", l.Code, k)
			case !slices.Equal(placesOf(l.Say(k)), placesOf(english.Say(k))):
				t.Errorf("%s: %s has the places %v, in English %v", l.Code, k, placesOf(l.Say(k)), placesOf(english.Say(k)))
			}
		}
		for _, k := range l.Keys() {
			if strings.HasPrefix(k, "verify.") && !used[k] {
				t.Errorf("%s: nothing uses %s", l.Code, k)
			}
		}
	}
	if checked < 9*17 {
		t.Fatalf("%d texts checked", checked)
	}
	t.Logf("%d texts checked", checked)
}

// What tricks find is said in each language without a word missing or a place left empty, and where something is refused
// a person is told what to do.
func TestFindingsOfTricksAreSaidInEveryLanguage(t *testing.T) {
	h := newHouse(t)
	said := 0
	for _, tr := range tricks {
		file := tr.make(t, h)
		r, err := examine.Examine(file, h.roots, now)
		for _, l := range language.All() {
			var texts []string
			if err != nil {
				texts = append(texts, examine.Unread(err).In(l))
			} else {
				for _, f := range slices.Concat(r.Wrong(), r.Warnings) {
					texts = append(texts, f.In(l))
					if f.Remedy(l) == "" {
						t.Errorf("%s: nobody says what to do about %v", tr.name, f)
					}
				}
			}
			for _, text := range texts {
				said++
				if text == "" || strings.ContainsAny(text, "⟨{") || l.Code != "en" && slices.Contains([]string{"ru", "ka", "kk", "ky"}, l.Code) && !regexp.MustCompile(`[\p{Cyrillic}\p{Georgian}]`).MatchString(text) {
					t.Errorf("%s, %s: %q", tr.name, l.Code, text)
				}
			}
		}
	}
	if said < 9*100 {
		t.Fatalf("%d sentences", said)
	}
	t.Logf("%d sentences of %d tricks", said, len(tricks))
}
