package browser_test

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/story/storytest"
)

// A delegate reads two pages of one address, and one that does not renew itself. The desk acts in the delegation's name:
// all three say so at once, and one press says that it was not the delegation's own.
func TestTheDeskActsAndEachOpenPageSaysSo(t *testing.T) {
	h := serve(t, storytest.PlayText(t, training(t)))
	xz := h.holder(t, conference.Head, "xz")
	b := person(t)
	b.take(h, string(xz), "phone")
	pages := []*tab{b, b.beside(), b.beside()}
	for i, at := range []string{"/en/meetings/ix", "/en/meetings/ix", "/en/people/" + string(xz)} {
		pages[i].visit(h.origin + at)
		pages[i].until(`document.getElementById("alarm-en") !== null`)
	}
	renewed(t, h, pages[:2]...)
	v, err := canonical.Parse(`{"instruction":"aloud","request":"f-desk"}`)
	if err != nil {
		t.Fatal(err)
	}
	a := secretariat.Act{Submitted: record.Submitted{Name: "AskFloor", By: string(h.holder(t, conference.Secretary, "")), As: string(conference.Secretary), For: "xz", Meeting: "ix", Fields: v, Key: newKey(), Origin: h.s.View().Origin()}}
	if _, err := h.s.Do(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		page.do(chromedp.WaitVisible(chromedp.CSS("#alarm-en .deed button")))
		if got := page.text("#alarm-en"); !strings.Contains(got, "The desk acted in your name") || !strings.Contains(got, "spoken in the room") {
			t.Errorf("the alarm: %s", got)
		}
	}
	if to := os.Getenv("SHOT"); to != "" {
		shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(90))
		if err == nil {
			os.WriteFile(to, shot, 0o600)
		}
	}
	pages[2].click("#alarm-en .deed button", `a[href^="/en/meetings/ix"]`)
	for _, page := range pages[:2] {
		page.until(`document.getElementById("alarm-en").children.length === 0`)
	}
	if done := h.s.View().State().InNameOf("xz"); done[len(done)-1].Disowned == 0 {
		t.Errorf("not disowned: %+v", done)
	}
}
