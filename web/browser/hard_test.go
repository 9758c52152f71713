package browser_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"kurultai/conference"
	"kurultai/story/storytest"
)

// ninth is the training body in the middle of its ninth meeting: Vindara waits for the floor.
func ninth(t *testing.T) *house {
	t.Helper()
	h := serve(t, storytest.PlayText(t, training(t)))
	h.named(t)
	return h
}

func (h *house) size() int64 { return h.s.View().State().Size }

// at waits until a tab shows the record as it stands.
func (b *tab) at(h *house) {
	b.t.Helper()
	b.until(fmt.Sprintf(`Number(document.getElementById("main")?.dataset.size) >= %d`, h.size()))
}

// Two desks press the same button in the same moment, and both are heard before either is decided: it is done once, and
// the other reads who has done it.
func TestTwoDesksPressTheSameAtOnce(t *testing.T) {
	h := ninth(t)
	desks := []*tab{officer(t, h, 0), officer(t, h, 1)}
	for _, b := range desks {
		b.at(h)
	}
	size := h.size()
	h.meet.expect(2)
	for _, b := range desks {
		run[any](b, `document.querySelector(".queue button").click(); null`)
	}
	said := ""
	for _, b := range desks {
		b.until(`document.querySelector("#said").innerText !== ""`)
		said += b.text("#said") + "\n"
		b.at(h)
		if run[bool](b, `document.querySelector(".queue") !== null`) {
			t.Error("Vindara still stands on the list")
		}
	}
	if h.size() != size+1 || strings.Count(said, "Recorded:") != 1 || strings.Count(said, "Already done:") != 1 {
		t.Errorf("%d entries more; the desks read %s", h.size()-size, said)
	}
}

// A button pressed twice, as in a double click, does one act: the Chair's, the desk's, a delegate's and that of a form.
func TestADoubleClickIsOneAct(t *testing.T) {
	h := ninth(t)
	chair, desk, phone, form := person(t), officer(t, h, 0), person(t), person(t)
	chair.take(h, string(h.holder(t, conference.Chair, "")), "chair")
	phone.take(h, string(h.holder(t, conference.Head, "xz")), "phone")
	form.take(h, string(h.holder(t, conference.Head, "xo")), "phone")
	form.points("rule 16", "the hall is too loud to hear")
	run[any](desk, `document.querySelector(".hall").open = true; null`)
	for _, twice := range []struct {
		name     string
		b        *tab
		selector string
	}{{"the Chair", chair, `[data-key="G"]`}, {"the desk", desk, `.hall button[aria-label*="Lomera"]`}, {"a phone", phone, "#do-AskFloor-form button"}, {"a form", form, `button[name="do"]`}} {
		size := h.size()
		twice.b.twice(twice.selector)
		ctx, stop := twice.b.within()
		if err := h.s.Wait(ctx, size); err != nil {
			t.Fatalf("%s: %v; it reads %s", twice.name, err, twice.b.text("body"))
		}
		stop()
		switch twice.b {
		case form:
			form.do(chromedp.WaitVisible(chromedp.CSS(`.hero a.btn[href*="/record/"]`)))
		case phone:
			phone.do(chromedp.WaitVisible(chromedp.CSS(`#outbox [data-state="taken"]`)))
		case desk:
			desk.until(`!document.querySelector("form[data-busy]") && document.querySelector("#said").innerText !== ""`)
		}
		for _, b := range []*tab{chair, desk, phone} { // whoever has come this far has heard of a second act
			b.at(h)
		}
		if h.size() != size+1 {
			t.Errorf("%s: %d entries of one double click", twice.name, h.size()-size)
		}
	}
}

// twice double-clicks: the second press comes to whatever stands in the same place by then.
func (b *tab) twice(selector string) {
	b.t.Helper()
	at := run[[]float64](b, "(() => { const e = document.querySelector(`"+selector+"`); e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()")
	b.do(chromedp.MouseClickXY(at[0], at[1]), chromedp.MouseClickXY(at[0], at[1], chromedp.ClickCount(2)))
}

// points opens the form of a point of order from a phone, and fills it in.
func (b *tab) points(rule, claim string) {
	b.t.Helper()
	b.click(`a[href*="act/RaisePointOfOrder"]`, `[name="field.claim"]`)
	b.fill("field.rule", rule)
	b.fill("field.claim", claim)
}

// Back after an act leads to a page that is true, and does nothing again; a form that is sent once more from there gets
// the receipt it had, or is told that the act was done.
func TestBackDoesNothingAgain(t *testing.T) {
	h := ninth(t)
	chair := person(t)
	chair.take(h, string(h.holder(t, conference.Chair, "")), "chair")
	size := h.size()
	chair.strike("g")
	chair.until(`document.querySelector(".holds")?.innerText.includes("Averra Treval")`)
	chair.visit(h.origin + "/en/record")
	h.takes(t, conference.Chair, "", "EndFloor", conference.EndFloor{Why: "done"})
	run[any](chair, `history.back(); null`)
	chair.until(`document.body.className === "chair" && !document.querySelector(".holds")`)
	chair.at(h)
	if h.size() != size+2 {
		t.Errorf("%d entries after the way back", h.size()-size)
	}

	delegate := person(t, "409") // where the act is told to be done already
	delegate.take(h, string(h.holder(t, conference.Head, "xo")), "phone")
	delegate.points("rule 16", "the hall is too loud to hear")
	delegate.click(`button[name="do"]`, `.hero a.btn[href*="/record/"]`)
	first := delegate.text(".hero h1")
	run[any](delegate, `history.back(); null`)
	delegate.until(`document.querySelector('[name="field.claim"]')`)
	delegate.fill("field.rule", "rule 16")
	delegate.fill("field.claim", "the hall is too loud to hear")
	run[any](delegate, `document.querySelector('button[name="do"]').click(); null`)
	delegate.until(`document.querySelector('.hero a.btn[href*="/record/"], .note.no')`)
	if got := delegate.text(".hero") + delegate.text(".note.no"); h.size() != size+3 || !strings.Contains(got, first) && !strings.Contains(got, "taken") {
		t.Errorf("sent again from the way back: %d entries, first %q, then %q", h.size()-size, first, got)
	}
}

// A phone sleeps for ten minutes with a vote that was never sent, and its connection dies. Awake, it shows the present by
// itself; what is no longer meant is refused in words, and the delegate can still vote.
func TestAPhoneAsleepForTenMinutes(t *testing.T) {
	clock := new(storytest.Clock)
	h := serve(t, storytest.PlayOn(t, training(t), "", clock))
	h.called(t)
	b := person(t, "ERR_", "Failed to load", "net::", "409", "422")
	b.take(h, string(h.holder(t, conference.Head, "xz")), "phone")
	h.cut()
	b.click(`#ballot button[value="yes"]`, "#ask[open]")
	b.click("#ask button.main", `#outbox [data-state="waits"]`)
	turns := func(state page.SetWebLifecycleStateState) {
		t.Helper()
		if _, err := chromedp.Call(b.ctx, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: state}); err != nil {
			t.Fatal(err)
		}
	}
	turns(page.SetWebLifecycleStateStateFrozen)
	clock.Pass(10*time.Minute + time.Second)
	for _, p := range []conference.PartyID{"xa", "xl", "xo"} {
		h.takes(t, conference.Head, p, "Answer", conference.Answer{Question: "q-ix", Answer: "yes"})
	}
	h.mend()
	turns(page.SetWebLifecycleStateStateActive)
	b.do(chromedp.WaitVisible(chromedp.CSS(`#outbox [data-state="refused"]`)))
	if got := b.text("#outbox"); !strings.Contains(got, "time limit has passed: 17\u00a0March 2030, 22:56.") {
		t.Errorf("what was kept too long: %s", got)
	}
	b.until(`document.getElementById("offline").hidden && document.querySelector("ol.called")?.innerText.includes("Orsevin")`)
	b.at(h)
	if n := len(h.votes()); n != 3 {
		t.Fatalf("%d votes", n)
	}
	b.picture("asleep")
	b.click(`#ballot button[value="yes"]`, "#ask[open]")
	b.click("#ask button.main", `#outbox [data-state="taken"]`)
	if votes := h.votes(); len(votes) != 4 || votes[3].Party != "xz" {
		t.Errorf("votes: %+v", votes)
	}
}

// stepping counts what a person does, each a press or an address.
type stepping struct {
	*tab
	steps int
}

func (s *stepping) visit(address string) { s.t.Helper(); s.steps++; s.tab.visit(address) }
func (s *stepping) click(selector, until string) {
	s.t.Helper()
	s.steps++
	s.tab.click(selector, until)
}
func (s *stepping) strike(key string) { s.t.Helper(); s.steps++; s.tab.strike(key) }

// The Chair's device dies while somebody speaks. By a passkey that has come to another device, and by a link the desk
// makes at once, the Chair presides again where the sitting stood: in three steps and in four, the act that goes on
// included. The desk takes two.
func TestTheChairsDeviceDies(t *testing.T) {
	h := ninth(t)
	who := h.holder(t, conference.Chair, "")
	h.takes(t, conference.Head, "xz", "AskFloor", conference.AskFloor{Request: "f-ix-2"})
	first := person(t)
	id := first.device()
	first.visit(h.link(t, who))
	first.click("#enrol", "#signout")
	first.visit(h.origin + "/en/meetings/ix/chair")
	first.strike("g")
	first.until(`document.querySelector(".holds")`)
	first.at(h)
	stood := first.text("main blockquote") + first.text("aside")
	kept, err := chromedp.Call(first.ctx, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: id})
	if err != nil || len(kept.Credentials) != 1 {
		t.Fatalf("%d passkeys, %v", len(kept.Credentials), err)
	}
	first.dies()

	second := &stepping{tab: person(t)}
	second.receives(second.device(), kept.Credentials[0])
	second.visit(h.origin + "/en/signin")
	second.click("#signin", "body.chair main .holds")
	if got := second.text("main blockquote") + second.text("aside"); unclocked(got) != unclocked(stood) {
		t.Errorf("the second device shows %q, the first showed %q", got, stood)
	}
	size := h.size()
	second.strike("e")
	second.until(`!document.querySelector(".holds")`)
	if _, speaks := h.s.View().State().Speaking("ix"); speaks || h.size() != size+1 || second.steps > 3 {
		t.Errorf("after %d steps: %d entries", second.steps, h.size()-size)
	}
	second.dies()

	desk, third := &stepping{tab: officer(t, h, 0)}, &stepping{tab: person(t)}
	third.device()
	desk.visit(h.origin + "/en/enrolments")
	desk.click(`button[name="person"][value="`+string(who)+`"]`, ".invitation")
	third.visit(desk.text(".invitation .mono"))
	third.click("#enrol", "#signout")
	third.click(`.solo a.btn.main[href$="/chair"]`, "body.chair main [data-next]")
	third.strike("g")
	third.until(`document.querySelector(".holds")?.innerText.includes("Havren Dolmit")`)
	if third.steps > 4 || desk.steps > 2 {
		t.Errorf("a new device takes %d steps and the desk %d", third.steps, desk.steps)
	}
}

// receives puts a passkey of another device into this one, as a provider that synchronises them does. Chromium refuses a
// credential that says anything of CMTG keys, as the type of the package always does.
func (b *tab) receives(device webauthn.AuthenticatorID, c *webauthn.Credential) {
	b.t.Helper()
	add := cdp.Command[map[string]any, cdp.Empty]{Method: webauthn.CommandAddCredential}
	_, err := chromedp.Call(b.ctx, add, map[string]any{"authenticatorId": device, "credential": map[string]any{
		"credentialId": c.CredentialID, "isResidentCredential": true, "rpId": c.RpID, "privateKey": c.PrivateKey, "userHandle": c.UserHandle, "signCount": c.SignCount}})
	if err != nil {
		b.t.Fatal(err)
	}
}

// unclocked is a text without what a clock writes into it.
func unclocked(text string) string {
	var words []string
	for _, w := range strings.Fields(text) {
		if !strings.ContainsRune(w, ':') || strings.HasSuffix(w, ":") {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

// painted is what a browser measured of the first page it was given.
type painted struct {
	First    float64  // ms until something could be read
	Page     int64    // bytes on the wire
	Blocking int64    // bytes of what the first paint waited for besides
	Scripts  []string // that blocked it
	Before   int64    // all bytes that had come before it
}

// The first page a stranger opens on a slow phone: it can be read as soon as it has come, for neither a sheet nor a script
// has to come before. When that was is told, not held: it is the machine's.
func TestTheFirstPageIsReadOnASlowPhone(t *testing.T) {
	h := ninth(t)
	// Of each network the delay in ms and the bits a second: the slow phone that Lighthouse supposes, and a worse one.
	for _, on := range []struct {
		path        string
		delay, bits float64
	}{{"/en/", 150, 1_600_000}, {"/ka/", 150, 1_600_000}, {"/en/meetings/ix", 150, 1_600_000}, {"/en/meetings/ix", 400, 400_000}} {
		path := on.path
		b := person(t, "ERR_ABORTED")
		b.do(chromedp.EmulateViewport(360, 800, chromedp.EmulateMobile))
		slow := network.Conditions{Latency: on.delay, DownloadThroughput: on.bits / 8, UploadThroughput: on.bits / 8}
		if _, err := chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{&slow}}); err != nil {
			t.Fatal(err)
		}
		if _, err := chromedp.Call(b.ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4}); err != nil {
			t.Fatal(err)
		}
		run[any](b, `location.assign("`+h.origin+path+`"); null`) // and does not wait for what comes after the first paint
		b.until(`performance.getEntriesByName("first-contentful-paint").length > 0`)
		p := run[painted](b, `(() => {
			const first = performance.getEntriesByName("first-contentful-paint")[0].startTime, page = performance.getEntriesByType("navigation")[0];
			const all = performance.getEntriesByType("resource"), blocking = all.filter((r) => r.renderBlockingStatus === "blocking"), sum = (list) => list.reduce((n, r) => n + r.transferSize, 0);
			return { First: first, Page: page.transferSize, Blocking: sum(blocking), Scripts: blocking.filter((r) => r.initiatorType === "script").map((r) => r.name), Before: page.transferSize + sum(all.filter((r) => r.responseEnd < first)) };
		})()`)
		if p.Page < 1000 || p.Blocking > 0 || p.Before > 50_000 || len(p.Scripts) > 0 {
			t.Errorf("%s: the page is %d bytes, what blocks it %d, scripts %v", path, p.Page, p.Blocking, p.Scripts)
		}
		t.Logf("%s at %.0f kbit/s, %.0f ms: read after %.0f ms; %d bytes of page, %d of what blocks it, %d had come before", path, on.bits/1000, on.delay, p.First, p.Page, p.Blocking, p.Before)
		b.dies()
	}
}
