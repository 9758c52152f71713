package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"kurultai/conference"
)

// A link leads to a passkey, the passkey signs in, attests a further one, and is withdrawn.
func TestAPersonEnrolsSignsInAndAddsADevice(t *testing.T) {
	h := start(t)
	who := h.s.View().State().Holders(conference.Head)[0].Person
	link := h.link(t, who)
	b := person(t, "410", "409")
	first := b.device()
	b.visit(link)
	if got := b.text("h1"); !strings.Contains(got, "make this device your signature") {
		t.Fatalf("the link leads to %q", got)
	}
	b.click("#enrol", "#signout")
	if got := b.text("main"); !strings.Contains(got, "enrolled by the secretariat alone") || !strings.Contains(got, "Chrome") {
		t.Errorf("oneself: %s", got)
	}
	keys := h.s.View().State().Passkeys(who)
	if len(keys) != 1 {
		t.Fatalf("%d passkeys are in the record", len(keys))
	}
	cookies, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, c := range cookies.Cookies {
		if c.Name == "session" {
			found = c.HTTPOnly && c.SameSite == "Lax" && c.Path == "/"
		}
	}
	if !found || run[string](b, `document.cookie`) != "" {
		t.Errorf("cookies: %+v", cookies.Cookies)
	}

	stranger := person(t, "410")
	stranger.device()
	stranger.visit(link)
	if got := stranger.text("main"); !strings.Contains(got, "This link was used") {
		t.Errorf("a link used twice: %s", got)
	}

	b.click("#signout", "#signin")
	b.click("#signin", "body.chair")
	b.visit(h.origin + "/en/me")

	// A further device makes a passkey, and the first one attests it. People choose the device; here one at a time agrees.
	further, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportUsb,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	agrees := func(id webauthn.AuthenticatorID, yes bool) {
		t.Helper()
		if _, err := chromedp.Call(b.ctx, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: id, Enabled: yes}); err != nil {
			t.Fatal(err)
		}
	}
	agrees(first, false)
	const post = `const post = async (to, body) => (await fetch(to, {method: "POST", headers: {"Content-Type": "application/json", Accept: "application/json"}, body: JSON.stringify(body)})).json(); `
	run[any](b, `(async () => { `+post+`window.made = await post("/en/me/device/made", await kurultai.enrol(await post("/en/me/device/begin", {}))); return null })()`)
	agrees(first, true)
	agrees(further.AuthenticatorID, false)
	if got := run[string](b, `(async () => { `+post+`return JSON.stringify(await post("/en/signed", await kurultai.attest(window.made.prepared))) })()`); got != `{"to":"/en/me"}` {
		t.Errorf("a further passkey: %s", got)
	}
	b.do(chromedp.Reload())
	if n := run[int](b, `document.querySelectorAll(".device").length`); n != 2 {
		t.Errorf("%d devices are listed", n)
	}
	if keys := h.s.View().State().Passkeys(who); len(keys) != 2 {
		t.Errorf("%d passkeys after a further one", len(keys))
	}

	// A passkey that was withdrawn signs nobody in.
	for _, k := range h.s.View().State().Passkeys(who) {
		h.do(t, "RevokePasskey", conference.RevokePasskey{Credential: k.Credential, Why: "lost"}, 0, 1)
	}
	b.visit(h.origin + "/en/me")
	if got := b.text("h1"); got != "Sign in" {
		t.Errorf("after a revocation: %s", got)
	}
}

// An assertion without the owner's verification, or with a signature of nobody's, opens nothing.
func TestADeviceThatLiesOpensNothing(t *testing.T) {
	h := start(t)
	b := person(t, "403")
	id := b.device()
	b.visit(h.link(t, h.s.View().State().Holders(conference.Head)[0].Person))
	b.click("#enrol", "#signout")
	b.click("#signout", "#signin")
	yes := true
	for name, bits := range map[string]webauthn.SetResponseOverrideBitsParams{"not verified": {IsBadUV: &yes}, "not present": {IsBadUP: &yes}, "a bogus signature": {IsBogusSignature: &yes}} {
		bits.AuthenticatorID = id
		if _, err := chromedp.Call(b.ctx, webauthn.SetResponseOverrideBits, bits); err != nil {
			t.Fatal(err)
		}
		b.visit(h.origin + "/en/signin")
		b.click("#signin", "#ceremony:not([hidden])")
		if got := b.text("#ceremony"); !strings.Contains(got, "You are not signed in") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Nothing turns text into markup or code but the one policy, and the pages need no more.
func TestThePolicyHoldsAndPagesRenewThemselves(t *testing.T) {
	h := start(t)
	b := person(t, "This document requires", "Trusted", "Content Security Policy")
	b.visit(h.origin + "/en/meetings/vii")
	off := func(p *runtime.EvaluateParams) { no := false; p.AllowUnsafeEvalBlockedByCSP = &no }
	for js, want := range map[string]string{
		`document.body.innerHTML = "<b>x</b>"`: "TypeError", `trustedTypes.createPolicy("another", {createHTML: s => s})`: "TypeError", `trustedTypes.createPolicy("kurultai", {createHTML: s => s})`: "TypeError",
		`document.createElement("script").src = "data:,1"`: "TypeError", `eval("1")`: "EvalError", `new Function("1")`: "EvalError",
	} {
		if got := run[string](b, `(() => { try { `+js+`; return "passed" } catch (e) { return e.name } })()`, off); got != want {
			t.Errorf("%s: %s, not %s", js, got, want)
		}
	}
	quiet := person(t)
	quiet.visit(h.origin + "/en/record")
	before := quiet.text("footer")
	h.link(t, h.s.View().State().Holders(conference.Head)[0].Person)
	quiet.until(`document.querySelector("footer").innerText !== ` + "`" + before + "`")
	for _, path := range []string{"/en/signin", "/en/roles", "/en/meetings/vii", "/ka/record/3"} {
		quiet.visit(h.origin + path)
	}
	quiet.click(`a[href="/ka/signin"]`, "#signin")
	if !run[bool](quiet, `typeof kurultai.attest === "function" && typeof kurultai.enrol === "function"`) {
		t.Error("sign.js gives no attest")
	}
}

// A role of the training body is taken without JavaScript too, and officers make cards.
func TestARoleIsTakenAndACardIsMade(t *testing.T) {
	h := start(t)
	b := person(t)
	b.take(h, string(h.s.View().State().Holders(conference.Secretary)[0].Person), "desk")
	b.visit(h.origin + "/en/me")
	b.click(`a[href="/en/enrolments"]`, ".enrolled")
	b.click(`button[name="party"][value="xa"]`, ".invitation")
	card := b.text(".invitation .mono")
	if !strings.HasPrefix(card, h.origin+"/en/enrol/") {
		t.Fatalf("the card says %q", card)
	}
	delegate := person(t)
	delegate.device()
	delegate.visit(card)
	delegate.click("#enrol", "#signout")
}

// The network goes and comes back: the page says so, and then shows what happened meanwhile.
func TestANetworkCutIsSaidAndMended(t *testing.T) {
	h := start(t)
	b := person(t, "ERR_", "Failed to load")
	b.visit(h.origin + "/en/record")
	before := b.text("footer")
	h.cut()
	b.do(chromedp.WaitVisible(chromedp.CSS("#offline")))
	h.link(t, h.s.View().State().Holders(conference.Head)[0].Person)
	h.mend()
	b.until(`document.querySelector("footer").innerText !== ` + "`" + before + "` && document.getElementById('offline').hidden")
}
