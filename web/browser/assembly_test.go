package browser_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"kurultai/conference"
	"kurultai/story/storytest"
)

// An assembly is the ninth meeting of the training body as six people and a stranger see it, each at a device of their
// own, in a record where votes are signed.
type assembly struct {
	*testing.T
	h, line                                 *house // line: the network of Vindara
	desk, chair, zelinor, vindara, observer *tab
	wall, public                            *tab
	clock                                   *storytest.Clock
}

// beforeTheNinth is the training story up to the morning of its ninth meeting.
func beforeTheNinth(t *testing.T) []byte {
	var before [][]byte
	for line := range bytes.Lines(training(t)) {
		if bytes.Contains(line, []byte(`"name":"RecordPresence"`)) && bytes.Contains(line, []byte(`"meeting":"ix"`)) {
			return bytes.Join(before, nil)
		}
		before = append(before, line)
	}
	t.Fatal("nobody comes to the ninth meeting")
	return nil
}

// convene brings everybody to their places: each makes a passkey by the link on a card.
func convene(t *testing.T) *assembly {
	t.Helper()
	a := &assembly{T: t, clock: new(storytest.Clock)}
	a.h = serve(t, storytest.PlayOn(t, beforeTheNinth(t), "conference.example/tamrin", a.clock))
	a.line = a.h.line(t)
	link := func(as conference.Capacity, party conference.PartyID) string {
		return a.h.link(t, a.h.holder(t, as, party))
	}
	chair, zelinor, vindara, observer := link(conference.Chair, ""), link(conference.Head, "xz"), link(conference.Head, "xv"), link(conference.ObserverHead, "xm")
	desk := a.h.officers(t)[0]
	a.h.named(t, a.line)
	a.desk = enrolled(t, desk, "en", "desk", 1440, 900)
	a.chair = enrolled(t, chair, "en", "chair", 1440, 900)
	a.zelinor = enrolled(t, zelinor, "en", "floor", 360, 800)
	a.vindara = enrolled(t, strings.Replace(vindara, a.h.origin, a.line.origin, 1), "tr", "floor", 360, 800)
	a.observer = enrolled(t, observer, "de", "floor", 360, 800)
	a.wall, a.public = person(t), person(t)
	a.wall.do(chromedp.EmulateViewport(1920, 1080))
	a.wall.visit(a.h.origin + "/en/meetings/ix/wall")
	a.public.do(chromedp.EmulateViewport(360, 800, chromedp.EmulateMobile))
	a.public.visit(a.h.origin + "/ka/meetings/ix")
	return a
}

// enrolled makes a passkey by a link, and goes to a place of the ninth meeting.
func enrolled(t *testing.T, link, lang, place string, width, height int64) *tab {
	t.Helper()
	b := person(t, "ERR_", "Failed to load")
	b.device()
	b.do(chromedp.EmulateViewport(width, height))
	b.visit(link)
	b.click("#enrol", "#signout")
	origin, _, _ := strings.Cut(link, "/en/")
	b.visit(origin + "/" + lang + "/meetings/ix/" + place)
	return b
}

// pictures keeps what everybody sees.
func (a *assembly) pictures(moment string) {
	a.Helper()
	for name, b := range map[string]*tab{"desk": a.desk, "chair": a.chair, "zelinor": a.zelinor, "vindara": a.vindara, "observer": a.observer, "wall": a.wall, "public": a.public} {
		b.picture(moment + "-" + name)
	}
}

// meeting is the ninth meeting as the record has it.
func (a *assembly) meeting() conference.Meeting {
	m, _ := a.h.s.View().State().Meeting("ix")
	return m
}

// shown waits until every place shows the record as it stands.
func (a *assembly) shown() {
	a.Helper()
	for _, b := range []*tab{a.desk, a.chair, a.zelinor, a.vindara, a.observer, a.wall, a.public} {
		b.until(fmt.Sprintf(`Number(document.getElementById("main")?.dataset.size) >= %d`, a.state().Size))
	}
}

// does has somebody strike a key and waits until the record has an entry more; then everybody sees it.
func (a *assembly) does(b *tab, key string) {
	a.Helper()
	size := a.state().Size
	b.strike(key)
	a.grown(b, size, "the key "+key)
	a.shown()
}

// grown waits until the record has more than size entries.
func (a *assembly) grown(b *tab, size int64, by string) {
	a.Helper()
	ctx, stop := b.within()
	defer stop()
	if err := a.h.s.Wait(ctx, size); err != nil {
		a.Fatalf("%s did nothing: %v; one reads %s", by, err, b.text("body"))
	}
}

// fill types into a control of a form, by its name.
func (b *tab) fill(name, value string) {
	b.t.Helper()
	run[any](b, fmt.Sprintf(`{ const f = document.querySelector('[name="%s"]'); f.value = %q; if (f.value !== %[2]q) throw new Error(f.outerHTML); }`, name, value))
}

// presses has somebody press what a selector names, waits until the record has an entry more, and everybody sees it.
func (a *assembly) presses(b *tab, selector string) {
	a.Helper()
	size := a.state().Size
	b.do(chromedp.Click(chromedp.CSS(selector)))
	a.grown(b, size, selector)
}

// state is the record as it stands.
func (a *assembly) state() *conference.State { return a.h.s.View().State() }

// A sitting of six, each at their own place, from the quorum to the end.
func TestAnAssemblySits(t *testing.T) {
	a := convene(t)
	a.opens()
	a.suspends()
	a.debates()
	a.votes()
	a.ends()
}

// opens: nobody can open the meeting before the desk has seen a quorum in the room.
func (a *assembly) opens() {
	if got := a.chair.text("main"); !strings.Contains(got, "Members in the room: 0; needed: 3") {
		a.Errorf("with nobody in the room the Chair reads %s", got)
	}
	a.pictures("1-before")
	for n, state := range []string{"Ardovel", "Lomera", "Orsevin", "Vindara", "Zelinor"} {
		seat := `.hall button[aria-label*="` + state + `"]`
		a.desk.do(chromedp.Click(chromedp.CSS(seat)))
		a.desk.until(fmt.Sprintf(`document.querySelector(".hall summary").innerText.endsWith("%d / 5") && document.querySelector('%s').innerText === "has left"`, n+1, seat))
	}
	a.shown()
	a.does(a.chair, "o")
	a.does(a.chair, "a")
	a.does(a.chair, "i")
	if item, open := a.state().OpenItem("ix"); !a.meeting().InSession() || !open || item.ID != "item-1" {
		a.Fatalf("in session: %v, item %v", a.meeting().InSession(), item)
	}
	for name, got := range map[string]string{"the wall": a.wall.text("h1"), "Zelinor's phone": a.zelinor.text("#speaks"), "the desk": a.desk.text("ol.run .cur")} {
		if !strings.Contains(got, "Ferries on the lakes") {
			a.Errorf("%s shows %q", name, got)
		}
	}
	a.pictures("2-open")
}

// suspends: Vindara moves to suspend the meeting, the Chair finds no objection, and opens it again.
func (a *assembly) suspends() {
	a.vindara.click(`a[href*="field.sort=suspend"]`, `[name="field.seconds"]`)
	a.vindara.fill("field.seconds", "600")
	a.presses(a.vindara, `button[name="do"]`)
	a.vindara.click(".hero .btn.main", "#speaks")
	a.shown()
	for name, got := range map[string]string{"the wall": a.wall.text("main"), "the Chair's place": a.chair.text("ol.motions .cur")} {
		if !strings.Contains(got, "Vindara") {
			a.Errorf("%s shows %q while a motion is pending", name, got)
		}
	}
	a.pictures("3-motion")
	a.does(a.chair, "c")
	if a.meeting().Stopped == "" {
		a.Fatal("the motion was decided and the meeting goes on")
	}
	a.pictures("4-suspended")
	a.does(a.chair, "o")
}

// debates: Zelinor brings in a draft; three ask for the floor and speak, the observer last.
func (a *assembly) debates() {
	a.zelinor.click("section.why p a", "details summary")
	run[any](a.zelinor, `for (const d of document.querySelectorAll("details")) d.open = true; null`)
	a.zelinor.click(`a[href*="act/SubmitProposal"]`, `[name="field.proposal"]`)
	paper, _ := a.state().Document("LP/IX/L.1")
	for name, value := range map[string]string{"field.proposal": "p-ix-1", "field.item": "item-1", "field.symbol": "LP/IX/L.1", "field.text": string(paper.Versions[0].Text), "field.sponsors.0": "xz"} {
		a.zelinor.fill(name, value)
	}
	a.presses(a.zelinor, `button[name="do"]`)
	a.zelinor.visit(a.h.origin + "/en/meetings/ix/floor")
	for _, b := range []*tab{a.zelinor, a.vindara, a.observer} {
		a.presses(b, "#do-AskFloor-form button")
		b.do(chromedp.WaitVisible(chromedp.CSS(`#outbox [data-state="taken"]`)))
	}
	a.shown()
	if got := a.vindara.text("#turn"); !strings.Contains(got, "2") {
		a.Errorf("the second on the list reads %q", got)
	}
	a.pictures("6-list")
	speaks := func(b *tab, name, georgian string) {
		a.Helper()
		a.does(a.chair, "g")
		for place, got := range map[string]string{"the wall": a.wall.text("main"), "Zelinor's phone": a.zelinor.text("#speaks ~ .speak"), "the desk": a.desk.text(".floor"), "the Chair's place": a.chair.text(".holds")} {
			if !strings.Contains(got, name) {
				a.Errorf("%s does not show %s: %q", place, name, got)
			}
		}
		if got := a.public.text("section.now"); !strings.Contains(got, georgian) {
			a.Errorf("the public page does not show %s: %q", georgian, got)
		}
		a.clock.Pass(90 * time.Second)
	}
	speaks(a.zelinor, "Havren Dolmit", "ზელინორი")
	a.pictures("7-speaks")
	a.presses(a.zelinor, `[id^="do-EndFloor"] button`)
	a.shown()
	speaks(a.vindara, "Averra Treval", "ვინდარა")
	a.does(a.chair, "e")
	speaks(a.observer, "Perrian Uldovar", "მორვესა")
	a.presses(a.observer, `[id^="do-EndFloor"] button`)
	a.shown()
	if n := len(a.state().Spoken("ix")); n != 3 {
		a.Errorf("%d have spoken", n)
	}
}

// votes: Zelinor asks for a roll call. Two answer at their phones and sign, one of them while it has no network; the desk
// enters the others on their word.
func (a *assembly) votes() {
	a.presses(a.zelinor, `[id^="do-RequestRollCall"][id$="-form"] button`)
	a.shown()
	a.does(a.chair, "v")
	a.does(a.chair, "w")
	a.pictures("8-drawn")
	for q := a.question(); len(q.Votes) < len(q.Order); q = a.question() {
		answered := func(c conference.Cast) bool { return c.Party == q.Order[q.Called-1] }
		switch {
		case q.Called == 0 || slices.ContainsFunc(q.Votes, answered):
			a.does(a.desk, "n")
		case q.Order[q.Called-1] == "xz":
			a.signs(a.zelinor, "yes")
			a.pictures("9-voted")
		case q.Order[q.Called-1] == "xv":
			a.lost()
		default:
			a.does(a.desk, "y")
		}
	}
	a.pictures("10-all")
	a.counted()
}

// counted: every answer is in the record once, those of the phones signed by their owners, those of the desk by its
// officer; each delegation reads how it was recorded.
func (a *assembly) counted() {
	said := map[conference.PartyID]string{}
	for _, c := range a.question().Votes {
		said[c.Party] += string(c.Answer)
		who := a.h.holder(a.T, conference.Secretary, "")
		if c.Party == "xz" || c.Party == "xv" {
			who = a.h.holder(a.T, conference.Head, c.Party)
		}
		a.h.attested(a.T, c.Index, who)
	}
	if want := map[conference.PartyID]string{"xa": "yes", "xl": "yes", "xo": "yes", "xv": "no", "xz": "yes"}; !maps.Equal(said, want) {
		a.Errorf("the answers are %v", said)
	}
	for name, got := range map[string]string{"Zelinor": a.zelinor.text("#ballot"), "Vindara": a.vindara.text("#ballot")} {
		if !strings.Contains(got, map[string]string{"Zelinor": "Zelinor: For", "Vindara": "Vindara: "}[name]) {
			a.Errorf("the phone of %s reads %q", name, got)
		}
	}
	if seats := run[int](a.wall, `document.querySelectorAll("main .seat.y").length * 10 + document.querySelectorAll("main .seat.n").length`); seats != 41 {
		a.Errorf("the wall shows %d for and against", seats)
	}
	if rows := run[int](a.desk, `document.querySelectorAll(".rollcall .y").length * 10 + document.querySelectorAll(".rollcall .n").length`); rows != 41 {
		a.Errorf("the desk shows %d for and against", rows)
	}
}

// ends: the Chair ends the voting and announces the result, the draft is adopted, and the meeting closes.
func (a *assembly) ends() {
	a.sure("x")
	a.sure("r")
	a.shown()
	if got := a.wall.text("main"); !strings.Contains(got, "Carried") {
		a.Errorf("the wall shows %q", got)
	}
	a.pictures("11-result")
	a.chair.click(`[data-key="D"]`, `[name="field.number"]`)
	a.chair.fill("field.number", "IX/1")
	a.chair.click(`button[name="do"]`, "form[data-prepared] button:not([disabled])")
	a.presses(a.chair, "form[data-prepared] button")
	a.shown()
	a.does(a.chair, "i")
	a.does(a.chair, "i")
	a.does(a.chair, "i")
	a.pictures("12-close")
	a.sure("n")
	if !a.meeting().Closed {
		a.Fatal("the meeting is not closed")
	}
	run[bool](a.observer, `document.querySelectorAll("section.why details").forEach(d => d.open = true), true`)
	for name, got := range map[string]string{"the wall": a.wall.text("main"), "the desk": a.desk.text("header .tag"), "the observer's phone": a.observer.text("section.why")} {
		if !strings.Contains(got, "losed") && !strings.Contains(got, "Ended") && !strings.Contains(got, "Geschlossen") {
			a.Errorf("%s shows %q after the end", name, got)
		}
	}
	taken := a.state().Decisions()
	if d := taken[len(taken)-1]; d.Meeting != "ix" || d.Number != "IX/1" {
		a.Errorf("the last decision is %+v", d)
	}
	a.pictures("13-closed")
}

// sure has the Chair strike a key, confirm, and sign where it is asked for.
func (a *assembly) sure(key string) {
	a.Helper()
	size := a.state().Size
	a.chair.strike(key)
	a.chair.do(chromedp.WaitVisible(chromedp.CSS(".say.sure")))
	a.chair.strike("y")
	if key == "r" {
		a.chair.click("form[data-prepared] button:not([disabled])", "#c1")
	}
	a.grown(a.chair, size, "the key "+key)
	a.shown()
}

// question is what is before the meeting.
func (a *assembly) question() conference.Question {
	a.Helper()
	q, ok := a.state().Pending("ix")
	if !ok {
		a.Fatal("nothing is before the meeting")
	}
	return q
}

// answers presses an answer and confirms it.
func (a *assembly) answers(b *tab, answer string) {
	a.Helper()
	for range 3 {
		b.click(`#ballot button[value="`+answer+`"]`, "#ask[open]")
		if run[bool](b, `!!document.querySelector("#ask .said.`+answer+`")`) {
			b.do(chromedp.Click(chromedp.CSS("#ask button.main")))
			return
		}
		// The page grew under the finger: who reads what is asked goes back and presses again.
		b.do(chromedp.Click(chromedp.CSS("#ask [data-back]")))
		b.until(`!document.querySelector("#ask[open]")`)
	}
	a.Fatalf("%s was never asked for", answer)
}

// signs answers, reads the receipt and puts it away.
func (a *assembly) signs(b *tab, answer string) {
	a.Helper()
	size := a.state().Size
	a.answers(b, answer)
	a.grown(b, size, "the answer "+answer) // what was taken before may still stand in the outbox
	b.do(chromedp.WaitVisible(chromedp.CSS(`#outbox [data-state="taken"]`)))
	a.shown()
}

// lost: the network of the delegation that is called goes. Its answer is signed and kept; the desk calls the next name;
// with the network the answer is sent and counts once.
func (a *assembly) lost() {
	a.line.cut()
	a.vindara.do(chromedp.WaitVisible(chromedp.CSS("#offline")))
	a.answers(a.vindara, "no")
	a.vindara.do(chromedp.WaitVisible(chromedp.CSS(`#outbox [data-state="waits"]`)))
	size := a.state().Size
	a.vindara.picture("9-lost-vindara")
	if q := a.question(); int(q.Called) < len(q.Order) {
		a.desk.strike("l")
		a.grown(a.desk, size, "the key l")
	}
	size = a.state().Size
	a.line.mend()
	a.grown(a.vindara, size, "the answer that waited")
	a.vindara.do(chromedp.WaitVisible(chromedp.CSS(`#outbox [data-state="taken"]`)))
	a.shown()
}
