package web_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"html"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/story/storytest"
	"kurultai/web"
)

// told keeps to what the story tells: its writer goes on by the clock, and finds what falls due later.
const told = "?at=134"

// undertaking is a hall in which decisions have obliged several, and a year has passed.
func undertaking(t *testing.T) hall {
	s := storytest.Play(t, "undertakings")
	return hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}})}
}

// As of the end of a day a page says what the record said then, and nothing is missing before its day.
func TestCommitmentsAsOfADay(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "undertakings")}, web.Options{})
	for _, row := range []struct{ on, with, without string }{
		{"2026-06-10", "All members share daily readings", "Orsevin proposes dates"}, // adopted by silence ten days later
		{"2026-06-20", "Orsevin proposes dates", "Day passed on"},
		{"2026-12-31", "Done by its own account", "list-of-xz"},
		{"2027-01-12", "Disputed", "VII/1"},
		{"2027-05-20", "moved by decision VII/1, before 10 April 2027", "Zelinor says whether"},
	} {
		w := get(h, "/en/commitments?on="+row.on)
		to := w.Header().Get("Location")
		if w.Code != http.StatusSeeOther || !strings.Contains(to, "?at=") {
			t.Errorf("%s: %d, %q", row.on, w.Code, to)
			continue
		}
		page := strings.ReplaceAll(get(h, to).Body.String(), "\u00a0", " ")
		if !strings.Contains(page, row.with) || strings.Contains(page, row.without) {
			t.Errorf("as of %s: %q %v, %q %v", row.on, row.with, strings.Contains(page, row.with), row.without, strings.Contains(page, row.without))
		}
	}
	for path, want := range map[string]int{"/en/commitments?on=2020-01-01": http.StatusNotFound, "/en/commitments?on=never": http.StatusBadRequest, "/en/commitments/nothing": http.StatusNotFound, "/en/decisions/nothing": http.StatusNotFound, "/en/parties/zz/commitments": http.StatusNotFound, "/en/parties/zz/commitments.csv": http.StatusNotFound, "/en/meetings/zz/commitments.ics": http.StatusNotFound, "/en/reminders?on=2027": http.StatusBadRequest} {
		if w := get(h, path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

var bars = regexp.MustCompile(`<text x="0" y="\d+" class="em">([^<]*)</text>`)

// Whoever owes stands where the alphabet has it, and every count says of how many.
func TestNobodyIsRankedByWhatItDid(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "undertakings")}, web.Options{})
	looked := 0
	for _, l := range language.All() {
		page := get(h, "/"+l.Code+"/commitments"+told).Body.String()
		_, chart, _ := strings.Cut(page, `aria-labelledby="parties"`)
		chart, _, _ = strings.Cut(chart, "</section>")
		names := bars.FindAllStringSubmatch(chart, -1)
		for i := 1; i < len(names); i++ {
			if a, b := html.UnescapeString(names[i-1][1]), html.UnescapeString(names[i][1]); l.Compare(a, b) > 0 {
				t.Errorf("%s: %s stands before %s", l.Code, a, b)
			}
		}
		if len(names) != 7 {
			t.Errorf("%s: %d debtors in the chart", l.Code, len(names))
		}
		looked += len(names)
		if base := l.Say("owed.base", "1", "5"); !strings.Contains(page, base) {
			t.Errorf("%s: no count says %q", l.Code, base)
		}
		xv := html.UnescapeString(get(h, "/"+l.Code+"/parties/xv/commitments"+told).Body.String())
		if !strings.Contains(xv, l.Say("owed.notyet")) || strings.Contains(xv, l.Say("owed.noreport")) {
			t.Errorf("%s: what is not due is shown as missing", l.Code)
		}
	}
	if looked == 0 {
		t.Fatal("nobody was looked at")
	}
}

// A paper that is not for everybody is not named to everybody; those who may read it see it.
func TestAReportIsReadAsItsPaperIs(t *testing.T) {
	h := undertaking(t)
	for who, want := range map[conference.PersonID]bool{"": false, h.holder(conference.Head, "xv"): true} {
		page := h.see(who, "/en/parties/xo/commitments"+told).Body.String()
		if got := strings.Contains(page, "LP/VI/INF.2"); got != want || got == strings.Contains(page, "a paper not open to you") {
			t.Errorf("read by %q: named %v", who, got)
		}
	}
}

func TestCommitmentsForPrograms(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "undertakings")}, web.Options{})
	files := 0
	for _, at := range []string{"commitments", "parties/xz/commitments", "meetings/vi/commitments", "decisions/vi-1/commitments"} {
		rows := 0
		for _, kind := range []string{"csv", "json", "atom", "ics"} {
			w := get(h, "/en/"+at+"."+kind+told)
			body := w.Body.String()
			files++
			if w.Code != http.StatusOK {
				t.Errorf("%s.%s: %d", at, kind, w.Code)
				continue
			}
			switch kind {
			case "csv":
				table, err := csv.NewReader(strings.NewReader(body)).ReadAll()
				if rows = len(table) - 1; err != nil || rows < 1 {
					t.Errorf("%s: %d rows, %v", at, rows, err)
				}
			case "json":
				var x paper.Ledger
				if err := json.Unmarshal([]byte(body), &x); err != nil || len(x.Rows) != rows {
					t.Errorf("%s: %d rows in JSON, %d in CSV, %v", at, len(x.Rows), rows, err)
				}
			case "atom":
				if err := xml.Unmarshal([]byte(body), new(struct{ XMLName xml.Name })); err != nil {
					t.Errorf("%s: %v", at, err)
				}
			case "ics":
				if n := strings.Count(body, "BEGIN:VEVENT\r\n"); n != rows {
					t.Errorf("%s: %d events for %d rows", at, n, rows)
				}
			}
		}
	}
	t.Logf("%d files read", files)
	var views []web.CommitmentView
	if err := json.Unmarshal(get(h, "/api/commitments"+told).Body.Bytes(), &views); err != nil || len(views) != 8 {
		t.Fatalf("%d commitments, %v", len(views), err)
	}
	for _, x := range views {
		if x.ID == "gauge-readings" && (len(x.Debtors) != 5 || len(x.Disputes) != 1 || !x.All) {
			t.Errorf("%+v", x)
		}
		if strings.Contains(string(mustJSON(t, x)), "INF.2") {
			t.Errorf("%s names a restricted paper", x.ID)
		}
	}
}

// Each word of commitments is there in all languages with the same places, and none is kept that nothing says.
func TestWordsOfCommitments(t *testing.T) {
	said := map[string]bool{}
	for _, course := range conference.Courses {
		said["owed."+course] = true
	}
	for _, file := range []string{"commitments.go", "../paper/commitments.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"(owed\.[a-z0-9.]+[a-z0-9])"`).FindAllStringSubmatch(string(text), -1) {
			said[m[1]] = true
		}
	}
	gaps := regexp.MustCompile(`\{\d\}`)
	english, _ := language.Get("en")
	words := 0
	for _, l := range language.All() {
		for key := range said {
			a, b := gaps.FindAllString(l.Say(key), -1), gaps.FindAllString(english.Say(key), -1)
			slices.Sort(a)
			slices.Sort(b)
			if words++; !l.Has(key) || !slices.Equal(a, b) {
				t.Errorf("%s: %s is %q", l.Code, key, l.Say(key))
			}
		}
		for _, key := range l.Keys() {
			if strings.HasPrefix(key, "owed.") && !said[key] {
				t.Errorf("%s says %s, which nothing does", l.Code, key)
			}
		}
	}
	if words < 9*40 {
		t.Errorf("%d words", words)
	}
}

func mustJSON(t *testing.T, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The letters of a day are ready to be sent: text that can be copied, and an address that opens as mail.
func TestReminders(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "undertakings")}, web.Options{})
	page := strings.ReplaceAll(get(h, "/en/reminders"+told+"&on=2027-06-09").Body.String(), "\u00a0", " ")
	if !strings.Contains(page, "Zelinor: commitment due on 9 July 2027") || !strings.Contains(page, `href="mailto:?subject=Zelinor`) {
		t.Error("no letter to Zelinor")
	}
	var list []paper.Reminder
	if err := json.Unmarshal(get(h, "/en/reminders.json"+told+"&on=2027-06-09").Body.Bytes(), &list); err != nil || len(list) != 1 || list[0].Days != 30 || list[0].Party != "xz" {
		t.Fatalf("%+v, %v", list, err)
	}
	mail, err := url.Parse(list[0].Mailto())
	if err != nil || mail.Query().Get("subject") != list[0].Subject || strings.ReplaceAll(mail.Query().Get("body"), "\r\n", "\n") != list[0].Text {
		t.Errorf("%v, %v", mail, err)
	}
	if text := get(h, "/en/reminders.txt"+told+"&on=2027-06-09").Body.String(); text != list[0].Subject+"\n\n"+list[0].Text {
		t.Errorf("%q", text)
	}
}

// A debtor sees on the phone what it owes, with the acts at hand filled in, and hears what others did about it; the desk
// sees what waits for it.
func TestDebtorAndDeskSeeWhatIsOwed(t *testing.T) {
	h := undertaking(t)
	xo, officer := h.holder(conference.Head, "xo"), h.holder(conference.Secretary, "")
	// an act is decided when all that is due has come
	h.does(h.holder(conference.Head, "xv"), conference.Head, "xv", "", "AcceptCommitment", `{"commitment":"gauge-readings"}`)
	name := h.see(xo, "/en/meetings/vii/floor/name").Body.String()
	for _, want := range []string{"All members share daily readings of their upper gauges", "Day passed", "field.commitment=gauge-readings", "Accept a commitment: gauge-readings", "/en/act/ReportProgress?", "/en/act/DisputeCommitment?"} {
		if !strings.Contains(name, want) {
			t.Errorf("the phone lacks %q", want)
		}
	}
	messages := h.see(xo, "/en/meetings/vii/floor/messages").Body.String()
	for _, want := range []string{"Commitment overdue: Orsevin and Zelinor", "Commitment overdue: All members", "Commitment fulfilled: Orsevin proposes dates"} {
		if !strings.Contains(messages, want) {
			t.Errorf("no message says %q", want)
		}
	}
	desk := h.see(officer, "/en/meetings/vii/desk/commitments").Body.String()
	for _, want := range []string{"Open disputes", "field.dispute=gauges-of-xo", "/en/act/EscalateCommitment?", "field.party=xa", "/en/act/CloseCommitment?", "/en/act/MoveDueDate?"} {
		if !strings.Contains(desk, want) {
			t.Errorf("the desk lacks %q", want)
		}
	}
	// what is filled in is lawful
	h.does(xo, conference.Head, "xo", "", "AcceptCommitment", `{"commitment":"gauge-readings"}`)
}
