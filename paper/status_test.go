package paper_test

import (
	"regexp"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/story/storytest"
)

// A status is whole in every language: no word is missing, no place in a sentence is left open, and no English is left in.
func TestAStatusSpeaksEveryLanguage(t *testing.T) {
	wanting := regexp.MustCompile(`⟨[^⟩]*⟩|\{\d\}|%!`)
	english := regexp.MustCompile(`\b(Consent|Signed|Ratification|Withdrawal|until|from|Acts of|met on|Still|corrected)\b`)
	own := regexp.MustCompile(`“[^”]*”`) // a party's own words are not translated
	checked := 0
	for story, ids := range map[string][]conference.InstrumentID{"treaty": {"warning-service", "warning-protocol"}, "training": {"statute"}, "baku": {"founding-protocol", "doc-secretariat", "doc-outcome"}} {
		s := storytest.Play(t, story).View().State()
		if first := paper.FirstInstrument(s); first != ids[0] {
			t.Errorf("%s: the first instrument is %s, want %s", story, first, ids[0])
		}
		for _, id := range ids {
			for _, l := range language.All() {
				for _, day := range []conference.Date{"2026-06-01", "2027-06-09", "2028-03-01", "2029-02-10", "2029-12-31", "2031-01-01"} {
					x, ok := paper.StatusOf(s, id, day, l)
					if text := x.Text(l); !ok || wanting.MatchString(text) || l.Code != "en" && english.MatchString(own.ReplaceAllString(text, "")) {
						t.Errorf("%s on %s in %s lacks %q%q:\n%s", id, day, l.Code, wanting.FindString(text), english.FindString(own.ReplaceAllString(text, "")), text)
					}
					checked++
				}
			}
		}
		if _, ok := paper.StatusOf(s, "none", "2027-06-09", language.All()[0]); ok {
			t.Error("there is a status of nothing")
		}
	}
	if checked < 300 {
		t.Fatalf("%d checked", checked)
	}
	t.Logf("%d statuses read", checked)
}

// Where several acts of one day brought it about, all are named.
func TestSeveralOnTheDecidingDayAreAllNamed(t *testing.T) {
	s := storytest.Play(t, "treaty").View().State()
	l, _ := language.Get("en")
	x, _ := paper.StatusOf(s, "warning-protocol", "2029-02-06", l)
	text := strings.ReplaceAll(x.Text(l), "\u00a0", " ")
	for _, says := range []string{"Consents to be bound: 3 of 3; met on 5 February 2029; Acts of that day: Lomera, Orsevin, Vindara", "3 months after 5 February 2029, then the first day of the next month; 1 June 2029", "Amends: Agreement on the Joint Warning Service"} {
		if !strings.Contains(text, says) {
			t.Errorf("it does not say %q:\n%s", says, text)
		}
	}
}
