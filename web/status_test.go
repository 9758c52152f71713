package web_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
	"kurultai/story/storytest"
	"kurultai/web"
)

// The status of an instrument is what was so on the day asked for, and the answer to what one more deposit would do.
func TestAnInstrumentStandsAsItDidOnTheDay(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "treaty")}, web.Options{})
	const at = "/en/instruments/warning-service/status"
	rows := []struct {
		day       string
		has, lack []string
	}{
		{"2026-06-09", []string{"Not opened by this day; it was opened on 10 June 2026."}, []string{"Lomera: Ratification", "If one more"}},
		{"2027-06-09", []string{"Not in force", "Consents to be bound: 3 of 4", "Still wanted: 1", "Vindara Enters into force on 9 July 2027", "Reservation to article 9", "corrected", "objected to: Ardovel"}, []string{"Acceptance", "In force since", "accepted by silence"}},
		{"2027-06-21", []string{"Enters into force on 21 July 2027", "Consents to be bound: 4 of 4 met on 21 June 2027", "Day 30 after 21 June 2027", "No. 1: entry", "received by 0 of 5", "Certified copies"}, []string{"If one more"}},
		{"2029-12-31", []string{"In force since 21 July 2027", "from 11 March 2028", "from 1 October 2027, until 5 October 2030", "from 21 July 2027, until 1 August 2030", "accepted by silence", "withdrawn on 4 September 2028"}, []string{"If one more", "Withdrawal revoked"}},
		{"2030-12-31", []string{"Withdrawal revoked 1 February 2030", "received by 1 of 5", "Registered with the United Nations: I-90001"}, []string{"from 21 July 2027, until"}},
	}
	for _, row := range rows {
		w := get(h, at+"?on="+row.day)
		page := spaced(w.Body.String())
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", row.day, w.Code)
		}
		for _, says := range row.has {
			if !strings.Contains(page, says) {
				t.Errorf("on %s it does not say %q:\n%s", row.day, says, page)
			}
		}
		for _, says := range row.lack {
			if strings.Contains(page, says) {
				t.Errorf("on %s it says %q", row.day, says)
			}
		}
	}
	for path, code := range map[string]int{at + "?on=2027": 400, at + "?on=soon": 400, at + "?on=2027-02-30": 400, "/en/instruments/none/status": 404, "/en/instruments/none/status.csv": 404, at + ".doc": 404, at + ".csv?on=x": 400} {
		if w := get(h, path); w.Code != code {
			t.Errorf("%s: %d, want %d", path, w.Code, code)
		}
	}
	if page := get(h, "/en/").Body.String(); !strings.Contains(page, `href="`+at+`"`) {
		t.Error("the body's page does not lead to it")
	}
	if page := get(h, "/en/instruments/warning-service").Body.String(); !strings.Contains(page, `href="`+at+`"`) {
		t.Error("the instrument's page does not lead to it")
	}
}

func TestTheStatusIsGivenToPrograms(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "treaty")}, web.Options{})
	const at = "/ru/instruments/warning-service/status"
	rows, err := csv.NewReader(get(h, at+".csv?on=2030-12-31").Body).ReadAll()
	if err != nil || len(rows) != 10 || strings.Join(rows[4], ",") != "xo,Орсевин,2026-06-10,withdrawal,2029-08-01,2030-08-01,2027-07-21," {
		t.Errorf("%v %v", rows, err)
	}
	var x struct {
		Stage   string
		Day     string
		Parties []struct {
			Party string
			Bound []struct{ From, Until string }
		}
	}
	if err := json.Unmarshal(get(h, at+".json?on=2030-12-31").Body.Bytes(), &x); err != nil || x.Stage != "in-force" || x.Day != "2027-07-21" || len(x.Parties) != 6 || x.Parties[5].Bound[0].Until != "2030-10-05" {
		t.Errorf("%+v %v", x, err)
	}
	var feed struct {
		ID      string `xml:"id"`
		Updated string `xml:"updated"`
		Entries []struct {
			ID      string `xml:"id"`
			Title   string `xml:"title"`
			Updated string `xml:"updated"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(get(h, at+".atom?on=2030-12-31").Body.Bytes(), &feed); err != nil || feed.ID == "" || len(feed.Entries) < 15 || feed.Entries[0].Updated != "2030-02-01T00:00:00Z" || !strings.HasPrefix(feed.Entries[0].Title, "Орсевин: ") {
		t.Errorf("%+v %v", feed, err)
	}
	seen := map[string]bool{}
	for _, e := range feed.Entries {
		if seen[e.ID] {
			t.Errorf("%s stands twice", e.ID)
		}
		seen[e.ID] = true
	}
}

// spaced is a page as it is read, in one line, with ordinary spaces.
func spaced(page string) string {
	return strings.Join(strings.FieldsFunc(read(page), func(r rune) bool { return r == '\n' || r == ' ' || r == '\u00a0' }), " ")
}

// What is known from reports alone says no more than they do: no signatories who are not named, no entry into force.
func TestAReportedInstrumentStandsAsReported(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "baku")}, web.Options{})
	page := spaced(get(h, "/en/instruments/doc-secretariat/status").Body.String())
	for _, says := range []string{"The establishment of the Permanent Secretariat", "As reported", "No report says that it entered into force.", "No report names who signed."} {
		if !strings.Contains(page, says) {
			t.Errorf("it does not say %q:\n%s", says, page)
		}
	}
	for _, says := range []string{"In force", "Enters into force", "Ratification", "Subject to", "If one more"} {
		if strings.Contains(page, says) {
			t.Errorf("it says %q", says)
		}
	}
	founding := spaced(get(h, "/en/instruments/founding-protocol/status").Body.String())
	for _, says := range []string{"Azerbaijan 20 May 1998", "Kazakhstan 20 May 1998", "Kyrgyzstan 20 May 1998", "Türkiye 20 May 1998", "No report says that it entered into force."} {
		if !strings.Contains(founding, says) {
			t.Errorf("the founding protocol does not say %q:\n%s", says, founding)
		}
	}
}

// The papers of the depositary are had from the page: letters and their drafts, copies to be certified, the package for
// registration, where there is one.
func TestThePapersOfTheDepositary(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "treaty")}, web.Options{})
	const at = "/tr/instruments/warning-service/"
	for path, begins := range map[string]string{at + "notifications/cn-2.pdf": "%PDF-", at + "notifications/draft.pdf?entry=79": "%PDF-", at + "copies/ru.pdf": "%PDF-", at + "package.zip": "PK", "/tr/instruments/stations/copies/en.pdf": "%PDF-"} {
		if w := get(h, path); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), begins) {
			t.Errorf("%s: %d %.20q", path, w.Code, w.Body)
		}
	}
	if got := get(h, at+"package.zip").Header().Get("Content-Disposition"); !strings.Contains(got, "warning-service-article-102.zip") {
		t.Errorf("it is kept as %q", got)
	}
	for _, path := range []string{at + "notifications/cn-9.pdf", at + "notifications/cn-2", at + "notifications/draft.pdf", at + "notifications/draft.pdf?entry=x", at + "notifications/draft.pdf?entry=1", at + "notifications/draft.pdf?entry=9000",
		"/tr/instruments/stations/notifications/cn-2.pdf", at + "copies/de.pdf", at + "copies/ru", "/tr/instruments/none/copies/en.pdf", "/tr/instruments/stations/package.zip", "/tr/instruments/none/package.zip"} {
		if w := get(h, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	page := get(h, "/en/instruments/warning-service/status").Body.String()
	for _, says := range []string{`href="/en/instruments/warning-service/notifications/cn-2.pdf"`, `href="/en/instruments/warning-service/copies/ru.pdf"`, `href="/en/instruments/warning-service/package.zip"`} {
		if !strings.Contains(page, says) {
			t.Errorf("the page has no %s", says)
		}
	}
	for _, says := range []string{"No. 2: entry 123. Tolvand: Succession", "received by 2 of 7: Lomera, Tolvand; still awaited: Ardovel, Orsevin, Vindara, Zelinor, Morvesa", "Sent to: Ardovel, Lomera", "Suspension and termination", "only between: Lomera, Vindara", "No longer in force since 1 January 2034"} {
		if !strings.Contains(spaced(page), says) {
			t.Errorf("the page does not say %q:\n%s", says, spaced(page))
		}
	}
	if page := get(h, "/en/instruments/stations/status").Body.String(); strings.Contains(page, "package.zip") {
		t.Error("the package is promised of what was not certified")
	}
}

func TestTheAPITellsATreatyOnADay(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "treaty")}, web.Options{})
	var x struct {
		Status struct {
			Stage   string
			Day     string
			Working []struct {
				What       string
				Have, Need int
			}
			Parties []struct{ Party string }
		}
		Clause struct{ Article string }
	}
	if err := json.Unmarshal(get(h, "/api/instruments/warning-service?on=2027-06-20").Body.Bytes(), &x); err != nil || x.Status.Stage != "not-in-force" || x.Status.Working[0].Have != 3 || x.Status.Working[0].Need != 4 || x.Clause.Article != "14(1)" || len(x.Status.Parties) != 5 {
		t.Errorf("%+v %v", x, err)
	}
	if err := json.Unmarshal(get(h, "/api/instruments/warning-service").Body.Bytes(), &x); err != nil || x.Status.Stage != "ended" || len(x.Status.Parties) != 7 {
		t.Errorf("%+v %v", x, err)
	}
	var list []struct{ ID, Stage, Day, Ends, Amends string }
	if err := json.Unmarshal(get(h, "/api/instruments?on=2033-09-01").Body.Bytes(), &list); err != nil || fmt.Sprint(list) != "[{stations ended 2031-11-01 2033-07-10 } {warning-protocol in-force 2029-06-01  warning-service} {warning-service in-force 2027-07-21 2034-01-01 }]" {
		t.Errorf("%+v %v", list, err)
	}
	for path, code := range map[string]int{"/api/instruments?on=soon": 400, "/api/instruments/none": 404, "/api/instruments/warning-service?on=2027": 400, "/api/instruments/warning-service?on=2027-02-30": 400, "/api/instruments/warning-service?lang=xx": 400} {
		if w := get(h, path); w.Code != code {
			t.Errorf("%s: %d, want %d", path, w.Code, code)
		}
	}
}

// The form of a notification leads to its letter in each language of the body; that of a letter that is issued holds what it
// is issued as.
func TestAFormOffersTheDepositarysPapers(t *testing.T) {
	s := storytest.Play(t, "treaty")
	h := web.New(reading{s}, web.Options{})
	page := get(h, "/en/act/NotifyParties?field.instrument=warning-service&field.entry=79").Body.String()
	if n := strings.Count(page, "notifications/draft.pdf?entry=79"); n != 9 {
		t.Errorf("%d letters are offered:\n%s", n, page)
	}
	en, _ := language.Get("en")
	letter, err := paper.CircularIssued(s.View(), "cn-2", en)
	if err != nil {
		t.Fatal(err)
	}
	page = get(h, "/en/act/IssuePaper?field.symbol=cn-2&field.language=en").Body.String()
	for _, says := range []string{string(record.DigestOf(letter)), `name="field.size" value="179"`, `name="field.layout" value="2"`, "notifications/cn-2.pdf"} {
		if !strings.Contains(page, says) {
			t.Errorf("the form has no %s", says)
		}
	}
	if page := get(h, "/en/act/CertifyCopy?field.instrument=warning-service&field.language=ru").Body.String(); !strings.Contains(page, "copies/ru.pdf") {
		t.Error("the form leads to no copy")
	}
}
