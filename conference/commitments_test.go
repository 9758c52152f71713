package conference

import (
	"fmt"
	"strings"
	"testing"
)

// courses says how a commitment stands with each debtor, as "a:done b:overdue".
func courses(d *desk, id NoteID) string {
	c, _ := d.Commitment(id)
	var all []string
	for _, x := range c.Standings {
		all = append(all, fmt.Sprintf("%s:%s", x.Party, x.Course()))
	}
	return strings.Join(all, " ")
}

func TestAdoptionRecordsWhatTheDraftCarries(t *testing.T) {
	all := with(carry, strings.Replace(carry.fields, `"by":"a","commitment":"w","due":"2030-03-18"`, `"all":true,"commitment":"w","months":6`, 1))
	for _, c := range []struct {
		name string
		way  []act
		due  Date
	}{
		{"adopted by the Chair", then(draft_, all, put("proposal", "p", "recorded"), yes, endVote, announce, adoptP), "2030-09-17"},
		{"adopted by silence", then(draft_, all, silent[len(silent)-1], dueNow("silence/z", 3*86_400_000)), "2030-09-19"},
	} {
		d := newDesk(t)
		for _, a := range c.way[:len(c.way)-1] {
			d.must(t, a)
		}
		if len(d.Commitments()) > 0 {
			t.Fatalf("%s: recorded before adoption", c.name)
		}
		d.must(t, c.way[len(c.way)-1])
		w, ok := d.Commitment("w")
		x, _ := d.Decision("d1")
		if !ok || w.Made.Index != x.Index || w.Due != c.due || w.Meeting != "m" || courses(d, "w") != "a:open b:open c:open" {
			t.Errorf("%s: %+v, %s; decision in entry %d", c.name, w, courses(d, "w"), x.Index)
		}
	}
}

func TestTheClockFindsOverdueWhoNeitherDidNorSaysSo(t *testing.T) {
	d := newDesk(t)
	for _, a := range then(shared, with(progress, `{"commitment":"w","evidence":"L.1","far":"done"}`), headB("ReportProgress", `{"commitment":"w","evidence":"L.1","far":"partly"}`)) {
		d.must(t, a)
	}
	if got := courses(d, "w"); got != "a:done b:open c:open" {
		t.Fatal(got)
	}
	d.must(t, dueNow("commitment/w", 200*86_400_000))
	if got := courses(d, "w"); got != "a:done b:overdue c:overdue" {
		t.Error(got)
	}
	// brought before the bureau are those alone
	d.must(t, escalate)
	if c, _ := d.Commitment("w"); c.Standings[0].Escalated.Index > 0 || c.Standings[1].Escalated.Index == 0 {
		t.Errorf("%+v", c.Standings)
	}
	// a day moved by decision for one debtor takes its delay back, not the other's, and the day before stays
	d.must(t, with(moveDue, `{"basis":"d1","commitment":"w","due":"2031-01-31","party":"b"}`))
	c, _ := d.Commitment("w")
	if got := courses(d, "w"); got != "a:done b:open c:overdue" || len(c.Moved) != 1 || c.Moved[0].From != "2030-09-17" || c.Moved[0].To != "2031-01-31" || c.Due != "2030-09-17" {
		t.Errorf("%s, %+v", got, c.Moved)
	}
	// a late report stays late, with its day, and is no longer awaited
	d.must(t, headC("ReportProgress", `{"commitment":"w","evidence":"L.1","far":"done"}`))
	c, _ = d.Commitment("w")
	x, _ := c.Undertaken("c")
	last, _ := x.Report()
	if x.Course() != CourseDone || x.Overdue.Index == 0 || !x.Late(last.At) {
		t.Errorf("%+v", x)
	}
	// what is found fulfilled and taken back is due again
	d.must(t, with(closeW, `{"commitment":"w","party":"a"}`))
	d.must(t, with(release, `{"basis":"d1","commitment":"w","ground":"lapsed","party":"b"}`))
	d.must(t, with(reopen, `{"commitment":"w","party":"a","reason":"the paper was withdrawn"}`))
	if got := courses(d, "w"); got != "a:open b:released c:done" {
		t.Error(got)
	}
	d.must(t, dueNow("commitment/w", 0))
	if got := courses(d, "w"); got != "a:overdue b:released c:done" {
		t.Error(got)
	}
}

func TestAnUpheldDisputeReopens(t *testing.T) {
	about := with(dispute, `{"commitment":"w","dispute":"x","ground":"fulfilment","words":"two gauges of three"}`)
	for outcome, want := range map[string]string{"upheld": "a:open", "dismissed": "a:fulfilled"} {
		d := newDesk(t)
		for _, a := range then(fulfilled, about) {
			d.must(t, a)
		}
		if list := d.Disputes("w"); len(list) != 1 || list[0].By != "b" || list[0].Party != "a" || list[0].Outcome != nil || courses(d, "w") != "a:fulfilled" {
			t.Fatalf("%+v, %s", list, courses(d, "w"))
		}
		d.must(t, with(settle, `{"basis":"d1","dispute":"x","outcome":"`+outcome+`","words":"as the meeting decided"}`))
		if got := courses(d, "w"); got != want || d.Disputes("w")[0].Outcome == nil {
			t.Errorf("%s: %s", outcome, got)
		}
	}
}

func TestAReconsideredDecisionObligesNobody(t *testing.T) {
	d := newDesk(t)
	for _, a := range then(draft_, carry, put("proposal", "p", "recorded"), yes, endVote, announce, adoptP, head("Move", `{"motion":"v","sort":"reconsider","thing":"p"}`), chair("DecideMotion", `{"motion":"v"}`)) {
		d.must(t, a)
	}
	if got := courses(d, "w"); got != "a:open" {
		t.Fatal(got)
	}
	d.must(t, chair("Reconsider", `{"proposal":"p"}`))
	if got := courses(d, "w"); got != "a:released" {
		t.Error(got)
	}
	for _, a := range []act{with(put("proposal", "p", "recorded"), strings.Replace(put("proposal", "p", "recorded").fields, `"q"`, `"q2"`, 1)), with(yes, strings.Replace(yes.fields, `"q"`, `"q2"`, 1)), with(endVote, `{"question":"q2"}`), with(announce, `{"question":"q2"}`)} {
		d.must(t, a)
	}
	if r := d.do(t, adoptP); r == nil || r.Code != "id-taken" {
		t.Errorf("adopted again under the ids it had: %v", r)
	}
	for id := range d.Due(d.at + 400*86_400_000) {
		if strings.HasPrefix(id, "commitment/") {
			t.Errorf("%s is still due", id)
		}
	}
}

func TestDatesEnd(t *testing.T) {
	for d, want := range map[Date]string{"2028-02-29": "2028-03-01", "2027-12": "2028-01-01", "2027-02": "2027-03-01", "2027": "2028-01-01"} {
		if got := d.Ends().String()[:10]; got != want {
			t.Errorf("%s ends before %s, want %s", d, got, want)
		}
	}
}

// What falls due on several days comes under one key each time (doc/record.md section 6).
func TestWhatFallsDueTwiceComesTwice(t *testing.T) {
	d := newDesk(t)
	for _, a := range then(shared, with(moveDue, `{"basis":"d1","commitment":"w","due":"2030-09-18","party":"b"}`)) {
		d.must(t, a)
	}
	came := dueNow("commitment/w", 200*86_400_000)
	came.key = "AAAAAAAAAAAAAAAAAAAAAA"
	d.must(t, came)
	came.wait = 0
	if r := d.do(t, came); r == nil && courses(d, "w") != "a:overdue b:overdue c:overdue" || r != nil {
		t.Errorf("%v, %s", r, courses(d, "w"))
	}
	if r := d.do(t, came); r == nil || r.Code != "not-due" {
		t.Errorf("once more: %v", r)
	}
}
