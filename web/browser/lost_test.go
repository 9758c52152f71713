package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/story/storytest"
)

// enrols is somebody in a browser who makes a passkey by a link.
func enrols(t *testing.T, link string, expected ...string) *tab {
	t.Helper()
	b := person(t, expected...)
	b.device()
	b.visit(link)
	b.click("#enrol", "#signout")
	return b
}

// invites has an officer make a link for a person at the page of enrolments, and reads it off the card.
func (b *tab) invites(h *house, who conference.PersonID) (link string) {
	b.t.Helper()
	b.visit(h.origin + "/en/enrolments")
	b.click(`button[name="person"][value="`+string(who)+`"]`, ".invitation .mono")
	return b.text(".invitation .mono")
}

// A delegate's device is lost in a record where all of this is attested: one officer withdraws the passkey, the other
// signs too, what the delegate has open ends, and a new link leads to a new passkey. Each step is in the record.
func TestALostDeviceIsHandledByTwoOfficers(t *testing.T) {
	h := serve(t, storytest.PlayAs(t, training(t), "conference.example/tamrin"))
	delegate := h.holder(t, conference.Head, "xz")
	officers := h.s.View().State().Holders(conference.Secretary)
	links := []string{h.link(t, officers[0].Person), h.link(t, officers[1].Person)}
	h.named(t)
	one, two := enrols(t, links[0]), enrols(t, links[1])

	// The delegate has signed in with a device, and has two pages open.
	lost := enrols(t, one.invites(h, delegate), "ERR_")
	old := h.s.View().State().Passkeys(delegate)
	if len(old) != 1 {
		t.Fatalf("%d passkeys", len(old))
	}
	lost.visit(h.origin + "/en/meetings/ix/floor")
	session := lost.beside()
	session.visit(h.origin + "/en/me")

	// One officer withdraws it, at the page of enrolments, and signs; it waits for the other.
	one.visit(h.origin + "/en/enrolments")
	one.click(`a[href*="`+old[0].Credential+`"]`, `button[name="do"]`)
	run[any](one, `document.querySelector('[name="with"]').value = "Secretary/`+string(officers[1].Person)+`"; document.querySelector('[name="field.why"]').value = "lost"; null`)
	one.click(`button[name="do"]`, "form[data-prepared] button:not([disabled])")
	size := h.s.View().State().Size
	one.click("form[data-prepared] button", ".receipt, .hero")
	one.do(chromedp.WaitVisible(chromedp.CSS(`a[href="/en/now"]`)))
	if got := one.text("h1"); got != "Waiting for Secretary" {
		t.Errorf("after the first signature: %s", got)
	}
	if now := h.s.View().State(); now.Size != size || now.Passkeys(delegate)[0].Revoked {
		t.Fatal("one officer alone withdrew a passkey")
	}

	// The other reads exactly that, and signs too.
	two.visit(h.origin + "/en/pending")
	if got := two.text("main pre"); !strings.Contains(got, old[0].Credential) || !strings.Contains(got, "RevokePasskey") {
		t.Fatalf("the second officer reads: %s", got)
	}
	two.click("form[data-prepared] button:not([disabled])", ".receipt, .hero")
	two.until(`document.body.innerText.includes("Recorded as entry")`)
	if k := h.s.View().State().Passkeys(delegate); !k[0].Revoked {
		t.Fatalf("after two officers: %+v", k)
	}
	e := h.entry(t, h.s.View().State().Size-1)
	if e.Act.Name != "RevokePasskey" || len(e.Attestations) != 2 || len(e.Act.With) != 1 {
		t.Errorf("entry: %+v", e.Act)
	}

	// What the delegate has open leads to the sign-in by itself, and the next page too.
	lost.do(chromedp.WaitVisible(chromedp.CSS("#signin")))
	session.visit(h.origin + "/en/me")
	if got := session.text("h1"); got != "Sign in" {
		t.Errorf("another tab after it: %s", got)
	}

	// A new link leads to a new passkey on another device, which says what became of the old one.
	found := enrols(t, one.invites(h, delegate))
	if got := found.text("main"); !strings.Contains(got, "withdrawn by two officers of the secretariat") || !strings.Contains(got, "Entry "+fmt.Sprint(e.Index)) {
		t.Errorf("the person's own page: %s", got)
	}
	found.visit(h.origin + "/en/people/" + string(delegate))
	if got := found.text("main"); !strings.Contains(got, "withdrawn by two officers of the secretariat") || !strings.Contains(got, "enrolled by the secretariat alone") {
		t.Errorf("the person's page: %s", got)
	}
	keys := h.s.View().State().Passkeys(delegate)
	standing := 0
	for _, k := range keys {
		if !k.Revoked {
			standing++
		}
	}
	if len(keys) != 2 || standing != 1 {
		t.Errorf("%+v", keys)
	}
	for _, name := range []string{"InviteToEnrol", "EnrolPasskey"} {
		if _, ok := h.lately(t, e.Index, name); !ok {
			t.Errorf("no %s stands behind entry %d", name, e.Index)
		}
	}
}

func (h *house) entry(t *testing.T, index int64) *record.Entry {
	t.Helper()
	text, err := h.s.View().Entry(t.Context(), index)
	if err != nil {
		t.Fatal(err)
	}
	e, err := record.ParseEntry(string(text), index)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// lately finds an act among the entries behind one.
func (h *house) lately(t *testing.T, after int64, name string) (*record.Entry, bool) {
	t.Helper()
	for n := h.s.View().State().Size - 1; n > after; n-- {
		if e := h.entry(t, n); e.Act.Name == name {
			return e, true
		}
	}
	return nil, false
}
