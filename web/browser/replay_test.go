package browser_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"kurultai/story/storytest"
	"kurultai/web"
)

// A meeting is replayed by keyboard, slider and by itself, and the page is never loaded again.
func TestAMeetingIsReplayedWithoutLoading(t *testing.T) {
	pages := httptest.NewServer(web.New(reading{storytest.Play(t, "training")}, web.Options{}))
	t.Cleanup(pages.Close)
	b := person(t)
	b.visit(pages.URL + "/en/meetings/viii/replay?at=240")
	b.do(chromedp.WaitVisible(chromedp.CSS(`#play`)))
	run[bool](b, `window.stayed = true`)
	at := func(entry string) {
		t.Helper()
		b.until(`document.querySelector("#entry").value === "` + entry + `" && document.querySelector(".entries .cur .mark").textContent === "` + entry + `" && document.title.includes("` + entry + `")`)
	}
	at("239")
	b.do(chromedp.Focus(chromedp.CSS(`[name=slider]`)), chromedp.KeyEvent(kb.ArrowRight))
	at("240")
	b.do(chromedp.KeyEvent(kb.End))
	at("385")
	b.do(chromedp.KeyEvent(kb.Home))
	at("75")
	b.do(chromedp.Focus(chromedp.CSS(`[rel=next]`)), chromedp.KeyEvent(kb.Enter))
	at("76")
	b.do(chromedp.SetValue(chromedp.CSS(`#entry`), "214"), chromedp.Focus(chromedp.CSS(`#entry`)), chromedp.KeyEvent(kb.Enter))
	at("214")
	b.do(chromedp.Click(chromedp.CSS(`#play`)))
	at("216")
	b.do(chromedp.Click(chromedp.CSS(`#play`)))
	b.until(`document.getElementById("play").textContent === "Play"`)
	if !run[bool](b, `window.stayed === true && location.search.startsWith("?at=21")`) {
		t.Error("the page was loaded again, or its address does not say where the replay is")
	}
	if w, err := http.Get(run[string](b, `location.href`)); err != nil || w.StatusCode != http.StatusOK {
		t.Errorf("its address leads nowhere: %v", err)
	}
}

// A moment in another zone is completed by the reader's own time, also after the page has renewed itself.
func TestMomentsAreCompletedInTheReadersZone(t *testing.T) {
	pages := httptest.NewServer(web.New(reading{storytest.Play(t, "training")}, web.Options{}))
	t.Cleanup(pages.Close)
	b := person(t)
	b.visit(pages.URL + "/en/documents/LP/VIII/L.1")
	b.do(chromedp.WaitVisible(chromedp.CSS(`time[data-moment]`)))
	if got := run[int](b, `document.querySelectorAll("time[data-moment]").length`); got < 2 {
		t.Errorf("%d moments", got)
	}
	b.until(`[...document.querySelectorAll("time[data-moment]")].every(m => {
		const here = new Date(m.dateTime).toLocaleTimeString("en-GB", {hour: "2-digit", minute: "2-digit"});
		return m.textContent.includes(here) ? !m.nextElementSibling?.matches(".yours") : m.nextElementSibling.textContent.includes(here);
	})`)
}
