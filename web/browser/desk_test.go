package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"kurultai/conference"
)

// officer opens the desk of the first meeting as the nth secretary.
func officer(t *testing.T, h *house, n int) *tab {
	t.Helper()
	b := person(t)
	who := string(h.s.View().State().Holders(conference.Secretary)[n].Person)
	b.take(h, who, "desk")
	return b
}

func (b *tab) key(key, modifiers string) {
	b.t.Helper()
	run[bool](b, `document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "`+key+`", bubbles: true, cancelable: true`+modifiers+`}))`)
}

// Two desks by their keys: the list of keys, any act by a few letters, and a pen that each sees with the other at once.
func TestTwoDesksByTheirKeys(t *testing.T) {
	h := start(t)
	first, second := officer(t, h, 0), officer(t, h, 1)
	first.visit(h.origin + "/en/meetings/vii/desk")
	first.until(`document.querySelector("#desks")?.dataset.pen === "mine"`)
	first.key("?", "")
	first.until(`document.querySelector("#keys").open`)
	if got := first.text("#keys"); !strings.Contains(got, "Call a name") {
		t.Errorf("the keys are %q", got)
	}
	run[any](first, `document.querySelector("#keys").close()`)
	first.key("k", ", ctrlKey: true")
	first.until(`document.querySelectorAll("#cmds li").length > 3`)
	run[any](first, `{ const f = document.querySelector("#cmd"); f.value = "regis doc"; f.dispatchEvent(new Event("input")); }`)
	if got := first.text("#cmds"); !strings.Contains(got, "Register a document") || strings.Contains(got, "Rescind") {
		t.Errorf("found %q", got)
	}
	run[any](first, `document.querySelector("#palette").close()`)

	if got := second.text("#desks"); !strings.Contains(got, "holds the pen") {
		t.Errorf("the second desk reads %q", got)
	}
	first.key("h", "")
	second.until(`document.querySelector("#desks").dataset.pen === "mine"`)
	first.until(`document.querySelector("#desks").dataset.pen === ""`)
	first.until(`document.querySelector("#said").innerText.includes("The pen is now with")`)
	second.key("h", "")
	first.until(`document.querySelector("#desks").dataset.pen === "mine"`)

	second.key("z", "")
	second.do(chromedp.WaitVisible(chromedp.CSS("main .question")))
	second.until(`document.documentElement.scrollWidth <= innerWidth`)
}
