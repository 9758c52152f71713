package paper_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/story/storytest"
)

// ledgerOn is the story's ledger as the story leaves it, on a day.
func ledgerOn(t *testing.T, of paper.LedgerOf, size int64, day conference.Date, code string) (paper.Ledger, *language.Language) {
	t.Helper()
	v, err := storytest.Play(t, "undertakings").View().At(t.Context(), size)
	if err != nil {
		t.Fatal(err)
	}
	l, _ := language.Get(code)
	return paper.LedgerFor(v.State(), conference.Reader{}, of, day, l), l
}

var content = regexp.MustCompile(`^[A-Z-]+(;[A-Z]+=[A-Z]+)*:`)

// RFC 5545: lines end in CRLF and hold no more than 75 octets, every component is closed, an event has its uid once.
func TestTheCalendarOfDaysIsRFC5545(t *testing.T) {
	for _, l := range language.All() {
		x, _ := ledgerOn(t, paper.LedgerOf{}, 134, "2027-06-09", l.Code)
		var out bytes.Buffer
		c := &paper.Calendar{W: &out}
		x.WriteCalendar(c, "kurultai.example/lakes", "https://kurultai.example")
		text := out.String()
		if c.Err != nil || !strings.HasSuffix(text, "END:VCALENDAR\r\n") || strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") {
			t.Fatalf("%s: %v\n%s", l.Code, c.Err, text)
		}
		uids, open := map[string]bool{}, []string{}
		for _, line := range strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n") {
			if len(line) > 75 {
				t.Errorf("%s: %d octets: %s", l.Code, len(line), line)
			}
			if !strings.HasPrefix(line, " ") && !content.MatchString(line) {
				t.Errorf("%s: no content line: %s", l.Code, line)
			}
			switch name, value, _ := strings.Cut(line, ":"); name {
			case "BEGIN":
				open = append(open, value)
			case "END":
				if len(open) == 0 || open[len(open)-1] != value {
					t.Fatalf("%s: %s closes %v", l.Code, value, open)
				}
				open = open[:len(open)-1]
			case "UID":
				if uids[value] {
					t.Errorf("%s: %s stands twice", l.Code, value)
				}
				uids[value] = true
			}
		}
		if len(open) > 0 || len(uids) != len(x.Rows) || len(uids) < 13 {
			t.Errorf("%s: %d events of %d rows, open %v", l.Code, len(uids), len(x.Rows), open)
		}
		// who waits is reminded twice, who was taken off is cancelled
		if n := strings.Count(text, "TRIGGER:-P30D"); n != x.Count(conference.CourseOpen)+x.Count(conference.CourseOverdue) || strings.Count(text, "STATUS:CANCELLED") != 1 || !strings.Contains(text, "SEQUENCE:1") {
			t.Errorf("%s: %d alarms", l.Code, n)
		}
	}
}

// Letters go thirty and seven days before and on the day after, to who has not said that it is done, and to nobody else.
func TestWhoIsRemindedWhen(t *testing.T) {
	for _, row := range []struct {
		size int64
		day  conference.Date
		to   string
	}{
		{66, "2026-12-01", "xo xz"}, {66, "2026-12-24", "xo xz"}, {66, "2026-12-02", ""}, {66, "2026-12-31", ""}, // thirty and seven days, and no other
		{66, "2026-11-20", ""}, {66, "2026-12-13", ""}, // the group of experts has no party
		{84, "2027-01-01", "xo"},        // xz has said that it is done
		{104, "2027-04-01", "xa xo xv"}, // xl has said so, xz is found to have done it
		{134, "2027-08-31", "xv"},       // under the day as moved
		{134, "2027-04-01", "xa xo"},    // and no longer under the one before
	} {
		for _, l := range language.All() {
			x, _ := ledgerOn(t, paper.LedgerOf{}, row.size, row.day, l.Code)
			got := map[string]bool{}
			for _, m := range x.Reminders("https://kurultai.example") {
				if m.Party != "" {
					got[string(m.Party)] = true
				}
				if m.Text == "" || strings.ContainsAny(m.Subject+m.Text, "⟨{") || !strings.Contains(m.Text, "https://kurultai.example/"+l.Code+"/") || strings.Contains(m.Text, "\r") {
					t.Errorf("%s: %q", l.Code, m.Text)
				}
			}
			want := strings.Fields(row.to)
			for _, p := range want {
				if !got[p] {
					t.Errorf("%s, %d entries on %s: %s is not reminded", l.Code, row.size, row.day, p)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%s, %d entries on %s: %v, want %v", l.Code, row.size, row.day, got, want)
			}
		}
	}
}

// The feed tells of each reminder once its day has come, and of none before.
func TestTheFeedIsAFunctionOfTheDay(t *testing.T) {
	before, after := 0, 0
	for day, want := range map[conference.Date]int{"2026-11-30": 0, "2026-12-01": 2, "2026-12-24": 4, "2027-01-01": 6} {
		x, _ := ledgerOn(t, paper.LedgerOf{}, 66, day, "en")
		n := strings.Count(string(x.Atom("kurultai.example/lakes", "https://kurultai.example", "commitments")), "reminder/flood-officers/")
		if n != want {
			t.Errorf("%s: %d entries, want %d", day, n, want)
		}
		if day < "2026-12-01" {
			before += n
		} else {
			after += n
		}
	}
	if before != 0 || after == 0 {
		t.Errorf("%d before, %d after", before, after)
	}
}

// A row says what the record holds: a report after its day with its day, the day before a move, a dispute beside.
func TestALedgerTellsAllSides(t *testing.T) {
	x, l := ledgerOn(t, paper.LedgerOf{ID: "flood-officers"}, 134, "2027-06-09", "en")
	if len(x.Rows) != 2 || x.Rows[0].Party != "xo" {
		t.Fatalf("%+v", x.Rows)
	}
	says := func(r paper.LedgerRow) string {
		all := append(append(append(r.ReportLines(l), r.MarkLines(l)...), r.DisputeLines(l)...), r.DayLines(l)...)
		return strings.ReplaceAll(strings.Join(all, "\n"), "\u00a0", " ")
	}
	for _, want := range []string{"20 April 2027: done, after its day, “The last five passed on 17 April.”, LP/VI/INF.8", "partly done, a paper not open to you", "Not examined yet", "The Clock found it passed on 1 January 2027", "Brought on 15 January 2027 before: the bureau"} {
		if !strings.Contains(says(x.Rows[0]), want) {
			t.Errorf("Orsevin: no %q in\n%s", want, says(x.Rows[0]))
		}
	}
	for _, want := range []string{"Found fulfilled on 20 February 2027, on: LP/VI/INF.1, LP/VI/INF.4", "Reopened on 20 January 2027", "Disputed by Vindara, 12 January 2027. About: the fulfilment", "Settled on 20 January 2027: upheld, by agreement: Vindara, Zelinor"} {
		if !strings.Contains(says(x.Rows[1]), want) {
			t.Errorf("Zelinor: no %q in\n%s", want, says(x.Rows[1]))
		}
	}
	moved, _ := ledgerOn(t, paper.LedgerOf{ID: "avalanche-map"}, 134, "2027-06-09", "en")
	if got := says(moved.Rows[0]); !strings.Contains(got, "moved by decision VII/1, before 10 April 2027") || moved.Rows[0].Due != "2027-12-31" {
		t.Errorf("%s", got)
	}
}
