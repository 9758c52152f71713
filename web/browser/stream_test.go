package browser_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"kurultai/conference"
)

// renewed has something happen and waits until each tab shows it.
func renewed(t *testing.T, h *house, tabs ...*tab) {
	t.Helper()
	h.link(t, h.s.View().State().Holders(conference.Head)[0].Person)
	for _, b := range tabs {
		b.until(fmt.Sprintf(`document.getElementById("main").dataset.size === "%d"`, h.s.View().State().Size))
	}
}

// Tabs of an address have one stream among them, and when the tab that has it closes, the next goes on.
func TestTabsShareAStream(t *testing.T) {
	h := start(t)
	first := person(t)
	first.visit(h.origin + "/en/record")
	renewed(t, h, first)
	second, third := first.beside(), first.beside()
	second.visit(h.origin + "/en/record")
	third.visit(h.origin + "/en/record")
	renewed(t, h, first, second, third)
	if n := h.hub.Stats().Readers; n != 1 {
		t.Errorf("three tabs have %d streams", n)
	}
	elsewhere := first.beside()
	elsewhere.visit(h.origin + "/ka/record")
	renewed(t, h, second, elsewhere)
	if n := h.hub.Stats().Readers; n != 2 {
		t.Errorf("two addresses have %d streams", n)
	}
	first.visit("about:blank") // a page that is left is a tab that is closed
	renewed(t, h, second, third, elsewhere)
	renewed(t, h, second, third)
	if n := h.hub.Stats().Readers; n != 2 {
		t.Errorf("after one has closed there are %d streams", n)
	}
	run[any](second, `dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })); null`) // kept for the way back
	renewed(t, h, third)
	run[any](second, `dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })); null`)
	renewed(t, h, second, third)
	if n := h.hub.Stats().Readers; n != 2 {
		t.Errorf("after one came back there are %d streams", n)
	}
}

// A tab that has the lock and says nothing is asleep: one in sight takes the lock.
func TestATabInSightTakesTheStreamFromOneThatSleeps(t *testing.T) {
	h := start(t)
	asleep := person(t)
	asleep.visit(h.origin + "/en/record")
	share := run[string](asleep, `document.getElementById("main").dataset.share`)
	asleep.visit(h.origin + "/en/signin")
	run[any](asleep, `navigator.locks.request("live /en/record/live `+share+`", () => new Promise(() => {})).catch(() => { window.lost = true }); null`)
	b := asleep.beside()
	b.visit(h.origin + "/en/record")
	b.do(chromedp.WaitVisible(chromedp.CSS("#main")))
	renewed(t, h, b)
	asleep.until("window.lost")
}
