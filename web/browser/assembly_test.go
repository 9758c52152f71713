package browser_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

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
		b.until(fmt.Sprintf(`Number(document.getElementById("main")?.dataset.size) >= %d`, a.h.s.View().State().Size))
	}
}

// does has somebody strike a key and waits until the record has an entry more; then everybody sees it.
func (a *assembly) does(b *tab, key string) {
	a.Helper()
	size := a.h.s.View().State().Size
	b.strike(key)
	if err := a.h.s.Wait(b.ctx, size); err != nil {
		a.Fatalf("key %s: %v", key, err)
	}
	a.shown()
}

// fill types into a control of a form, by its name.
func (b *tab) fill(name, value string) {
	b.t.Helper()
	run[any](b, fmt.Sprintf(`{ const f = document.querySelector('[name="%s"]'); f.value = %q; if (f.value !== %[2]q) throw new Error(f.outerHTML); }`, name, value))
}

// presses has somebody press what a selector names, waits until the record has an entry more, and everybody sees it.
func (a *assembly) presses(b *tab, selector string) {
	a.Helper()
	size := a.h.s.View().State().Size
	b.do(chromedp.Click(chromedp.CSS(selector)))
	if err := a.h.s.Wait(b.ctx, size); err != nil {
		a.Fatalf("%s: %v", selector, err)
	}
}

// state is the record as it stands.
func (a *assembly) state() *conference.State { return a.h.s.View().State() }

// A sitting of six, each at their own place, from the quorum to the end.
func TestAnAssemblySits(t *testing.T) {
	a := convene(t)
	a.opens()
	a.suspends()
	a.debates()
}

// opens: nobody can open the meeting before the desk has seen a quorum in the room.
func (a *assembly) opens() {
	a.Helper()
	if got := a.chair.text("main"); !strings.Contains(got, "0 members are in the room, 3 are needed") {
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
	a.Helper()
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

// debates: three ask for the floor and speak; a draft comes before the meeting.
func (a *assembly) debates() {
	a.Helper()
	a.zelinor.click("section.why p a", "details summary")
	run[any](a.zelinor, `for (const d of document.querySelectorAll("details")) d.open = true`)
	a.zelinor.click(`a[href*="act/SubmitProposal"]`, `[name="field.proposal"]`)
	a.pictures("5-form")
}
