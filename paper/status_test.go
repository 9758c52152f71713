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

// The whole life of three instruments, on days at which something had changed, against values reckoned by hand from the
// words of their clauses and the days of the story:
//
//	warning-service, article 14: day 30 after the fourth consent. Consents: Lomera 14.9.2026, Orsevin 2.12.2026, Zelinor
//	22.4.2027, Vindara 21.6.2027, the fourth. 21 June + 30 days = 9 days to the end of June and 21 in July: 21.7.2027.
//	Later: day 30 after one's own. Morvesa 1.9.2027: 29 days to 30.9., so 1.10.2027. Ardovel 10.2.2028: 19 days to 29.2.
//	(a leap year) and 11 in March: 11.3.2028. Withdrawal: 12 months. Morvesa 5.10.2029: 5.10.2030. Orsevin 1.8.2029: would
//	be 1.8.2030, revoked on 1.2.2030. Tolvand succeeds Zelinor from 1.12.2030; Zelinor stays. Ended by all on 1.1.2034.
//	warning-protocol, article 3: three consents, Lomera's among them, all three on 5.2.2029; 3 months: 5.5.2029; the first of
//	the month after: 1.6.2029. Zelinor, whose signature ad referendum was confirmed on 1.3.2029, came later than the
//	deciding day and is bound with the treaty's own: 1.6.2029.
//	stations, article 3: two consents. Lomera signed definitively on 12.6.2031, Vindara confirmed on 10.9.2031; one month:
//	10.10.2031; the first of the month after: 1.11.2031. Orsevin ratified on 1.2.2032, when it was in force: that day (VCLT
//	24(3)). Withdrawal: 6 months. Lomera 1.6.2032: 1.12.2032, two are left. Vindara 10.1.2033: 10.7.2033, one is left, and
//	fewer than two end it.
func TestTheLifeOfAnInstrumentIsAsReckonedByHand(t *testing.T) {
	s := storytest.Play(t, "treaty").View().State()
	l, _ := language.Get("en")
	type row = struct {
		id    conference.InstrumentID
		on    conference.Date
		stage string
		bound string // party, from, until; with what amends it for whom
	}
	const all, amended = "warning-service", "warning-protocol"
	rows := []row{
		{all, "2026-06-09", "not-opened", ""},
		{all, "2027-06-20", "not-in-force", ""},
		{all, "2027-06-21", "settled", "xl 2027-07-21, xo 2027-07-21, xv 2027-07-21, xz 2027-07-21"},
		{all, "2027-07-20", "settled", "xl 2027-07-21, xo 2027-07-21, xv 2027-07-21, xz 2027-07-21"},
		{all, "2027-07-21", "in-force", "xl 2027-07-21, xo 2027-07-21, xv 2027-07-21, xz 2027-07-21"},
		{all, "2028-02-10", "in-force", "xa 2028-03-11, xl 2027-07-21, xo 2027-07-21, xv 2027-07-21, xz 2027-07-21, xm 2027-10-01"},
		{all, "2029-12-01", "in-force", "xa 2028-03-11 -protocol, xl 2027-07-21 +protocol, xo 2027-07-21 2030-08-01 +protocol, xv 2027-07-21 +protocol, xz 2027-07-21 +protocol, xm 2027-10-01 2030-10-05 -protocol"},
		{all, "2031-01-14", "in-force", "xa 2028-03-11 -protocol, xl 2027-07-21 +protocol, xo 2027-07-21 +protocol, xv 2027-07-21 +protocol, xz 2027-07-21 +protocol, xm 2027-10-01 2030-10-05"},
		{all, "2031-01-15", "in-force", "xa 2028-03-11 -protocol, xl 2027-07-21 +protocol, xo 2027-07-21 +protocol, xv 2027-07-21 +protocol, xz 2027-07-21 +protocol, xm 2027-10-01 2030-10-05, xt 2030-12-01 +protocol"},
		{all, "2033-08-31", "in-force", "xa 2028-03-11 -protocol, xl 2027-07-21 +protocol, xo 2027-07-21 +protocol, xv 2027-07-21 +protocol, xz 2027-07-21 +protocol, xm 2027-10-01 2030-10-05, xt 2030-12-01 +protocol"},
		{all, "2033-12-31", "in-force", "xa 2028-03-11 2034-01-01 -protocol, xl 2027-07-21 2034-01-01 +protocol, xo 2027-07-21 2034-01-01 +protocol, xv 2027-07-21 2034-01-01 +protocol, xz 2027-07-21 2034-01-01 +protocol, xm 2027-10-01 2030-10-05, xt 2030-12-01 2034-01-01 +protocol"},
		{all, "2034-01-01", "ended", "xa 2028-03-11 2034-01-01, xl 2027-07-21 2034-01-01, xo 2027-07-21 2034-01-01, xv 2027-07-21 2034-01-01, xz 2027-07-21 2034-01-01, xm 2027-10-01 2030-10-05, xt 2030-12-01 2034-01-01"},
		{amended, "2029-02-04", "not-in-force", ""},
		{amended, "2029-02-05", "settled", "xl 2029-06-01, xo 2029-06-01, xv 2029-06-01"},
		{amended, "2029-06-01", "in-force", "xl 2029-06-01, xo 2029-06-01, xv 2029-06-01, xz 2029-06-01"},
		{"stations", "2031-06-12", "not-in-force", ""},
		{"stations", "2031-09-10", "settled", "xl 2031-11-01, xv 2031-11-01"},
		{"stations", "2032-06-01", "in-force", "xl 2031-11-01 2032-12-01, xo 2032-02-01, xv 2031-11-01"},
		{"stations", "2033-07-09", "in-force", "xl 2031-11-01 2032-12-01, xo 2032-02-01, xv 2031-11-01 2033-07-10"},
		{"stations", "2033-07-10", "ended", "xl 2031-11-01 2032-12-01, xo 2032-02-01 2033-07-10, xv 2031-11-01 2033-07-10"},
	}
	for _, want := range rows {
		x, ok := paper.StatusOf(s, want.id, want.on, l)
		var bound []string
		for _, r := range x.Rows {
			for _, b := range r.Bound {
				says := strings.TrimSpace(string(r.Party) + " " + string(b.From) + " " + string(b.Until))
				for sign, list := range map[string][]conference.InstrumentID{"+": r.Amended, "-": r.Unamended} {
					for _, id := range list {
						says += " " + sign + strings.TrimPrefix(string(id), "warning-")
					}
				}
				bound = append(bound, says)
			}
		}
		if got := strings.Join(bound, ", "); !ok || x.Stage != want.stage || got != want.bound {
			t.Errorf("%s on %s: %s; %s\nnot %s; %s", want.id, want.on, x.Stage, got, want.stage, want.bound)
		}
	}
	if len(rows) == 0 {
		t.Fatal("no rows")
	}
	t.Logf("%d rows", len(rows))
	for day, says := range map[conference.Date]string{"2031-05-31": "In force since 21 July 2027", "2031-06-01": "In force since 21 July 2027. Operation suspended", "2031-08-31": "In force since 21 July 2027. Operation suspended", "2031-09-01": "In force since 21 July 2027", "2031-10-20": "In force since 21 July 2027", "2033-09-01": "In force since 21 July 2027. Ends on 1 January 2034"} {
		if x, _ := paper.StatusOf(s, all, day, l); strings.ReplaceAll(x.Says, "\u00a0", " ") != says {
			t.Errorf("on %s it says %q, not %q", day, x.Says, says)
		}
	}
}

// What the depositary must never lose: each of these was a trap that somebody's table fell into.
func TestNothingIsOverwritten(t *testing.T) {
	s := storytest.Play(t, "treaty").View().State()
	l, _ := language.Get("en")
	x, _ := paper.StatusOf(s, "warning-service", "2031-12-31", l)
	acts := map[conference.PartyID]string{}
	for _, r := range x.Rows {
		for _, a := range r.Consents {
			acts[r.Party] += a.Sort + " " + string(a.On) + ", "
		}
	}
	// applied provisionally is not in force, and ends when it is
	for day, want := range map[conference.Date]string{"2026-07-14": "", "2026-12-01": "from 15 July 2026", "2027-07-20": "from 15 July 2026", "2027-07-21": "from 15 July 2026, until 21 July 2027"} {
		got, bound := "", 0
		y, _ := paper.StatusOf(s, "warning-service", day, l)
		for _, line := range y.Applied {
			got += strings.ReplaceAll(line.Text, "\u00a0", " ")
		}
		for _, r := range y.Rows {
			if r.Party == "xl" {
				bound = len(r.Bound)
			}
		}
		if got != want || (bound > 0) != (day >= "2027-06-21") {
			t.Errorf("on %s: applied %q, bound %d times", day, got, bound)
		}
	}
	for party, want := range map[conference.PartyID]string{
		"xo": "approval 2026-12-02, withdrawal 2029-08-01, withdrawal-revoked 2030-02-01, ", // all three stay
		"xm": "accession 2027-09-01, withdrawal 2029-10-05, ",
		"xz": "ratification 2027-04-22, ", // the predecessor's own stays …
		"xt": "succession 2031-01-15, ",   // … beside the successor's
	} {
		if acts[party] != want {
			t.Errorf("%s: %q, not %q", party, acts[party], want)
		}
	}
}
