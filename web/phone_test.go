package web_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/story"
	"kurultai/story/storytest"
	"kurultai/web"
)

// takes has somebody do an act.
func (h hall) takes(as conference.Capacity, party conference.PartyID, name string, fields any) {
	h.Helper()
	v := canonical.Value{}
	if text := canonical.Encode(nil, fields); len(text) > 0 {
		v, _ = canonical.Parse(string(text))
	}
	a := secretariat.Act{Submitted: record.Submitted{Name: name, By: string(h.holder(as, party)), As: string(as), For: string(party), Meeting: "ix", Fields: v, Key: web.NewKey(), Origin: h.s.View().Origin()}}
	if _, err := h.s.Do(h.Context(), &a); err != nil {
		h.Fatalf("%s: %v", name, err)
	}
}

// called brings the hall to the vote on its draft.
func (h hall) called() {
	h.takes(conference.Chair, "", "CloseList", conference.CloseList{})
	for _, q := range h.s.View().State().SpeakersList("ix") {
		h.takes(conference.Chair, "", "GiveFloor", conference.GiveFloor{Request: q.ID})
		h.takes(conference.Chair, "", "EndFloor", conference.EndFloor{Why: "done"})
	}
	h.takes(conference.Chair, "", "PutQuestion", conference.PutQuestion{Question: "q-ix", Type: "proposal", Thing: "p-ix-1", Method: "recorded"})
}

var prepared = regexp.MustCompile(`data-prepared="([^"]*)"`)

// Each tab is whole in each language for each kind of delegate, small enough, and every press on it is lawful.
func TestTheDelegatesPlaceIsWhole(t *testing.T) {
	h := newHall(t)
	pages, presses := 0, 0
	look := func() {
		for _, c := range []conference.Capacity{conference.Head, conference.ObserverHead} {
			for _, o := range h.s.View().State().Holders(c) {
				for _, tab := range []string{"", "/agenda", "/papers", "/messages", "/name", "/vote?answer=yes"} {
					for _, l := range language.All() {
						w := h.see(o.Person, "/"+l.Code+"/meetings/ix/floor"+tab)
						body := w.Body.String()
						if w.Code != http.StatusOK || strings.Contains(body, "⟨") || strings.Contains(body, "%!") || len(body) > 50_000 {
							t.Errorf("%s of %s in %s%s: %d, %d bytes", c, o.For, l.Code, tab, w.Code, len(body))
						}
						pages++
						for _, m := range prepared.FindAllStringSubmatch(body, -1) {
							var p web.PreparedAct
							if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &p); err != nil {
								t.Fatal(err)
							}
							v, _ := canonical.Parse(p.Submitted)
							a, err := record.ParseSubmitted(v, h.s.View().State().Size+1)
							if err != nil {
								t.Fatal(err)
							}
							if _, r := conference.Decide(h.s.View().State(), &a, h.s.Now()); r != nil || a.NotAfter == nil {
								t.Errorf("%s is offered to %s and refused: %v", a.Name, o.For, r)
							}
							presses++
						}
					}
				}
			}
		}
	}
	look()
	h.called()
	look()
	if pages < 9*5*2*6 || presses < 500 {
		t.Errorf("%d pages, %d presses", pages, presses)
	}
	t.Logf("%d pages, %d presses", pages, presses)
}

// What a delegate reads on the floor, and what bars it.
func TestTheFloorSaysWhatIsOn(t *testing.T) {
	h := newHall(t)
	xv, xz := h.holder(conference.Head, "xv"), h.holder(conference.Head, "xz")
	floor := func(who conference.PersonID, tab string) string {
		return read(h.see(who, "/en/meetings/ix/floor"+tab).Body.String())
	}
	if page := floor(xv, ""); !strings.Contains(page, "You are next") || !strings.Contains(page, "Withdraw") {
		t.Errorf("next on the list: %s", page)
	}
	if page := floor(xz, ""); !strings.Contains(page, "Ask for the floor") || !strings.Contains(page, "Motions in order now") || strings.Contains(page, "Your vote") {
		t.Errorf("before the vote: %s", page)
	}
	h.takes(conference.Head, "xz", "AskFloor", conference.AskFloor{Request: "f-next"})
	h.takes(conference.Chair, "", "SetTimeLimit", conference.SetTimeLimit{Sort: "statement", Seconds: 300})
	h.takes(conference.Chair, "", "GiveFloor", conference.GiveFloor{Request: h.s.View().State().SpeakersList("ix")[0].ID})
	// the clock of the hall stands at 17:46:40 UTC, which is 22:46 at the seat, and the one before may take five minutes
	if page := floor(xz, ""); !strings.Contains(page, "You are next") || !strings.Contains(page, "about 22:51") || !strings.Contains(page, "for 5 min") {
		t.Errorf("about when: %s", page)
	}
	if page := floor(xv, ""); !strings.Contains(page, "You have the floor") || !strings.Contains(page, "End the statement") {
		t.Errorf("who speaks: %s", page)
	}
	h.takes(conference.Head, "xz", "WithdrawRequest", conference.WithdrawRequest{Request: "f-next"})
	h.takes(conference.Chair, "", "EndFloor", conference.EndFloor{Why: "done"})
	observer := h.s.View().State().Holders(conference.ObserverHead)[0]
	if page := floor(observer.Person, ""); !strings.Contains(page, "Members only") || strings.Contains(page, "Motions in order") {
		t.Errorf("an observer: %s", page)
	}
	h.called()
	if page := floor(xz, ""); !strings.Contains(page, "Shall the draft") || !strings.Contains(page, "For Against Abstain") {
		t.Errorf("in the vote: %s", page)
	}
	if page := floor(observer.Person, ""); strings.Contains(page, "For Against Abstain") {
		t.Error("an observer is offered a vote")
	}
	h.takes(conference.Head, "xz", "Answer", conference.Answer{Question: "q-ix", Answer: "abstain"})
	if page := floor(xz, ""); !strings.Contains(page, "Zelinor: Abstain") {
		t.Errorf("after the vote: %s", page)
	}
	if page := floor(xz, "/name"); !strings.Contains(page, "Vote: Zelinor") || !strings.Contains(page, "By the delegation") {
		t.Errorf("in our name: %s", page)
	}
	for who, want := range map[conference.PersonID]int{"": http.StatusUnauthorized, h.holder(conference.Secretary, ""): http.StatusOK} {
		if w := h.see(who, "/en/meetings/ix/floor"); w.Code != want || strings.Contains(w.Body.String(), "data-prepared") {
			t.Errorf("%q: %d", who, w.Code)
		}
	}
	if page := floor(xz, ""); strings.Contains(page, "may do now Closed") {
		t.Errorf("in session: %s", page)
	}
	if page := read(h.see(xz, "/en/meetings/viii/floor").Body.String()); !strings.Contains(page, "What you may do now Closed") {
		t.Errorf("a meeting that is over: %s", page)
	}
	if w := h.see(xz, "/en/meetings/none/floor"); w.Code != http.StatusNotFound {
		t.Errorf("no meeting: %d", w.Code)
	}
}

var pressed = regexp.MustCompile(`id="(do-[^"]*-form)"`)

// In the middle of a motion each phone says what is before the meeting, in its precedence: what it is, who moved it, under
// which rule, who was heard of how many, and what this delegation may do about it; an observer reads it and may do nothing.
func TestThePhoneNamesWhatIsPending(t *testing.T) {
	h := newHall(t)
	card := func(who conference.PersonID, l string) string {
		body := h.see(who, "/"+l+"/meetings/ix/floor").Body.String()
		ids := map[string]bool{}
		for _, m := range pressed.FindAllStringSubmatch(body, -1) {
			if ids[m[1]] {
				t.Errorf("%s stands twice", m[1])
			}
			ids[m[1]] = true
		}
		_, at, _ := strings.Cut(body, `id="pending"`)
		at, _, _ = strings.Cut(at, "</section>")
		return strings.Join(strings.Fields(read("<main ><section "+at)), " ")
	}
	observer := h.s.View().State().Holders(conference.ObserverHead)[0].Person
	xz, xv, xo := h.holder(conference.Head, "xz"), h.holder(conference.Head, "xv"), h.holder(conference.Head, "xo")
	rows := 0
	reads := func(when string, who conference.PersonID, want ...string) {
		t.Helper()
		text := card(who, "en")
		for _, w := range want {
			if no, barred := strings.CutPrefix(w, "!"); barred == strings.Contains(text, no) {
				t.Errorf("%s: %q in %q", when, w, text)
			}
			rows++
		}
	}
	reads("nothing pending", xz, "!Moved by")
	h.takes(conference.Head, "xz", "Move", conference.Move{Motion: "mo-a", Sort: "adjourn-debate"})
	reads("its mover", xz, "Adjournment of the debate", "Moved by: Zelinor", "rule 21", "Speakers heard: for 0 of 2, against 0 of 2.", "Withdraw a motion")
	reads("another", xv, "Moved by: Zelinor", "Speak to a motion: for", "Speak to a motion: against", "!Withdraw")
	reads("an observer", observer, "Adjournment of the debate", "Moved by: Zelinor", "rule 21", "!Speak to a motion", "!Withdraw")
	h.takes(conference.Head, "xv", "SpeakToMotion", conference.SpeakToMotion{Motion: "mo-a", Side: "against"})
	reads("one has spoken", xv, "for 0 of 2, against 1 of 2", "!Speak to a motion")
	h.takes(conference.Head, "xo", "Move", conference.Move{Motion: "mo-b", Sort: "adjourn-meeting"})
	reads("what goes before", xz, "Adjournment of the meeting Now", "put to the vote at once, without debate", "Adjournment of the debate Waits")
	h.takes(conference.Head, "xv", "RaisePointOfOrder", conference.RaisePointOfOrder{Point: "po-a", Rule: "GA 77", Claim: "the motion came too late"})
	reads("a point of order", observer, "Point of order Now", "Raised by: Vindara", "GA 71", "The Chair rules on it at once", "Adjournment of the meeting Waits")
	h.takes(conference.Chair, "", "Rule", conference.Rule{Point: "po-a", Rule: "GA 77", Reason: "it came in time"})
	h.takes(conference.Head, "xz", "AppealRuling", conference.AppealRuling{Appeal: "ap-a", Point: "po-a"})
	reads("an appeal", xo, "Appeal against a ruling Now", "Raised by: Zelinor")
	h.takes(conference.Chair, "", "PutQuestion", conference.PutQuestion{Question: "q-a", Type: "appeal", Thing: "ap-a", Method: "hands"})
	reads("while it is voted on", xo, "!Appeal", "Adjournment of the meeting")
	if page := strings.Join(strings.Fields(read(h.see(xo, "/en/meetings/ix/floor").Body.String())), " "); !strings.Contains(page, "Shall the ruling of the Chair be overruled? Raised by: Zelinor · GA 71") {
		t.Errorf("the question: %s", page)
	}
	for _, l := range language.All() {
		for _, who := range []conference.PersonID{xz, observer} {
			text := card(who, l.Code)
			if !strings.Contains(text, "rule 21") || !strings.Contains(text, l.Say("phone.pending")) || l.Code != "en" && strings.Contains(text, "Moved by") || strings.Contains(text, "⟨") {
				t.Errorf("%s: %s", l.Code, text)
			}
			rows++
		}
	}
	if rows < 45 {
		t.Errorf("%d things were looked for", rows)
	}
	t.Logf("%d things were looked for", rows)
}

// When the desk acts for a delegation every tab of it says so, until it is disowned.
func TestTheDeskActsAndThePhoneSaysSo(t *testing.T) {
	h := newHall(t)
	xz := h.holder(conference.Head, "xz")
	v, _ := canonical.Parse(`{"instruction":"aloud","request":"f-desk"}`)
	a := secretariat.Act{Submitted: record.Submitted{Name: "AskFloor", By: string(h.holder(conference.Secretary, "")), As: string(conference.Secretary), For: "xz", Meeting: "ix", Fields: v, Key: web.NewKey(), Origin: h.s.View().Origin()}}
	receipt, err := h.s.Do(t.Context(), &a)
	if err != nil {
		t.Fatal(err)
	}
	page := h.see(xz, "/en/meetings/ix/floor").Body.String()
	if !strings.Contains(page, "The desk acted in your name") || !strings.Contains(page, `role="alert"`) || !strings.Contains(page, "<title>(1) ") {
		t.Errorf("no alarm: %s", read(page))
	}
	if other := h.see(h.holder(conference.Head, "xv"), "/en/meetings/ix/floor").Body.String(); strings.Contains(other, "The desk acted") {
		t.Error("another delegation is alarmed")
	}
	if page = read(h.see(xz, "/en/meetings/ix/floor/name").Body.String()); !strings.Contains(page, "Desk, for you") || !strings.Contains(page, "This was not us") || !strings.Contains(page, "spoken in the room") {
		t.Errorf("in our name: %s", page)
	}
	h.takes(conference.Head, "xz", "Disown", conference.Disown{Index: receipt.Index})
	if page = h.see(xz, "/en/meetings/ix/floor/name").Body.String(); strings.Contains(page, "This was not us") || !strings.Contains(page, "Disowned") || strings.Contains(page, "<title>(1)") {
		t.Errorf("disowned: %s", read(page))
	}
}

// What is barred is folded into one line that counts it, with its reasons inside; what is in order stands open.
func TestWhatIsBarredIsOneLine(t *testing.T) {
	h := newHall(t)
	folded := regexp.MustCompile(`(?s)<details class="pad" id="barred"><summary>Not in order now: (\d+)</summary>(.*?)</details>`)
	lines, before := 0, 0
	look := func(in bool) {
		for _, party := range []conference.PartyID{"xa", "xl", "xo", "xv", "xz"} {
			page := h.see(h.holder(conference.Head, party), "/en/meetings/ix/floor").Body.String()
			m := folded.FindStringSubmatch(page)
			if m == nil {
				t.Fatalf("%s: nothing is folded: %s", party, read(page))
			}
			n := strings.Count(m[2], `<div class="barred">`)
			if m[1] != fmt.Sprint(n) || n == 0 || strings.Count(m[2], `<span class="small">`) != n {
				t.Errorf("%s: %s are told, %d stand inside with %d reasons", party, m[1], n, strings.Count(m[2], `<span class="small">`))
			}
			if rest := strings.Replace(page, m[0], "", 1); strings.Contains(rest, `class="barred"`) || strings.Contains(rest, `id="do-Move`) != in {
				t.Errorf("%s: motions in order stand open: %v; beside the line: %s", party, strings.Contains(rest, `id="do-Move`), read(rest))
			}
			lines++
			before += n
		}
	}
	look(true)
	h.called()
	look(false)
	if lines != 10 || before < 30 {
		t.Errorf("%d lines, %d barred", lines, before)
	}
	t.Logf("%d lines, %d barred", lines, before)
}

// A delegate reads what concerns the delegation and the room, and nothing that is for others; each message names its
// entry, by which the browser counts what was not read yet.
func TestMessagesAreForTheirAudience(t *testing.T) {
	h := newHall(t)
	page := func(who conference.PersonID) string {
		return h.see(who, "/en/meetings/ix/floor/messages").Body.String()
	}
	xz, xv, observer := h.holder(conference.Head, "xz"), h.holder(conference.Head, "xv"), h.holder(conference.ObserverHead, "xm")
	secretary := h.holder(conference.Secretary, "")
	h.does(secretary, conference.Secretary, "xz", "ix", "AskFloor", `{"instruction":"aloud","request":"f-desk"}`)
	acted := h.s.View().State().Size - 1
	h.takes(conference.Chair, "", "SetTimeLimit", conference.SetTimeLimit{Sort: "statement", Seconds: 300})
	limit := h.s.View().State().Size - 1
	h.does(secretary, conference.Secretary, "", "", "FileNote", `{"note":"n-closed","text":"for the secretariat alone"}`)
	closed := h.s.View().State().Size - 1
	h.does(secretary, conference.Secretary, "", "ix", "RegisterDocument", `{"language":"en","level":"restricted","symbol":"LP/IX/CRP.7","text":"`+string(record.DigestOf([]byte("x")))+`","type":"draft"}`)
	h.does(secretary, conference.Secretary, "", "ix", "Circulate", `{"symbol":"LP/IX/CRP.7","to":["xz"]}`)
	paper := h.s.View().State().Size - 1
	entry := func(n int64) string { return fmt.Sprintf(`href="/en/record/%d"`, n) }
	for _, c := range []struct {
		who     conference.PersonID
		name    string
		entry   int64
		told    bool
		address string
	}{
		{xz, "its own, done by the desk", acted, true, "to your delegation"}, {xv, "another's, done by the desk", acted, false, ""}, {observer, "a member's, done by the desk", acted, false, ""},
		{xz, "a limit of time", limit, true, "to the room"}, {observer, "a limit of time", limit, true, "to the room"},
		{xz, "a paper circulated to it", paper, true, "to your delegation"}, {xv, "a paper circulated to another", paper, false, ""},
		{xz, "a closed note", closed, false, ""}, {observer, "a closed note", closed, false, ""},
	} {
		text := page(c.who)
		_, item, found := strings.Cut(text, `<ul class="plain in">`)
		item, _, _ = strings.Cut(item, "</ul>")
		if told := strings.Contains(item, entry(c.entry)); !found || told != c.told {
			t.Errorf("%s is told: %v", c.name, told)
		}
		for li := range strings.SplitSeq(item, "<li>") {
			if strings.Contains(li, entry(c.entry)) && !strings.Contains(li, c.address) {
				t.Errorf("%s is not %q: %s", c.name, c.address, li)
			}
		}
		if counted := strings.Contains(regexp.MustCompile(`data-entries="([^"]*)"`).FindString(h.see(c.who, "/en/meetings/ix/floor").Body.String()), fmt.Sprintf("%d ", c.entry)); counted != c.told {
			t.Errorf("%s is counted: %v", c.name, counted)
		}
		if strings.Contains(text, "CRP.7") != (c.who == xz) {
			t.Errorf("%s reads of a paper that is circulated to another", c.who)
		}
	}
}

// A head is offered what it may do about instruments, with the days that are left, on its phone and among all it may do; the
// depositary what comes next. Each leads to a form that is filled in.
func TestAHeadIsOfferedItsActsOnTreaties(t *testing.T) {
	text, _ := story.Shipped("treaty")
	lines := strings.SplitAfter(string(text), "\n")
	clock := &storytest.Clock{}
	clock.Set(conference.Date("2027-06-01").Begins())
	s := storytest.PlayOn(t, []byte(strings.Join(lines[:82], "")), "", clock) // Zelinor's reservation stands, Vindara has not consented
	h := hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}})}
	xv, xz, keeper := h.holder(conference.Head, "xv"), h.holder(conference.Head, "xz"), h.holder(conference.Depositary, "")
	for _, row := range []struct {
		who  conference.PersonID
		at   string
		has  []string
		lack []string
	}{
		{xv, "/en/meetings/vi/floor/name", []string{"Deposit an instrument of consent", "Agreement on the Joint Warning Service, Ratification", "Object to a reservation", "Reservation to article 9, Zelinor, until 22 April 2028"}, []string{"Withdraw a statement"}},
		{xz, "/en/meetings/vi/floor/name", []string{"Withdraw a statement", "Reservation to article 9, Zelinor"}, []string{"Deposit an instrument of consent Agreement", "Object to a reservation"}},
		{xv, "/en/meetings/vi/now", []string{"Deposit an instrument of consent: Agreement on the Joint Warning Service, Acceptance"}, []string{"Circulate a notification"}},
		{keeper, "/en/meetings/vi/now", []string{"Circulate a notification: Agreement on the Joint Warning Service, Entry 78", "Transmit certified copies: Agreement on the Joint Warning Service", "Certify a copy: Agreement on the Joint Warning Service, Русский"}, []string{"Enter a registration: Agreement"}},
	} {
		page := spaced(h.see(row.who, row.at).Body.String())
		for _, says := range row.has {
			if !strings.Contains(page, says) {
				t.Errorf("%s does not offer %q:\n%s", row.at, says, page)
			}
		}
		for _, says := range row.lack {
			if strings.Contains(page, says) {
				t.Errorf("%s offers %q", row.at, says)
			}
		}
	}
	form := regexp.MustCompile(`href="(/en/act/ObjectToReservation[^"]*)"`).FindStringSubmatch(h.see(xv, "/en/meetings/vi/floor/name").Body.String())
	if form == nil {
		t.Fatal("no form to object")
	}
	page := h.see(xv, html.UnescapeString(form[1])).Body.String()
	for _, says := range []string{`name="field.reservation" value="res-xz"`, `name="field.on" value="2027-06-01"`, `name="about" value="instrument/78/warning-service"`} {
		if !strings.Contains(page, says) {
			t.Errorf("the form has no %s:\n%s", says, page)
		}
	}
}
