package browser_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/story"
	"kurultai/story/storytest"
)

// takes has an office holder do an act at the meeting that stands open.
func (h *house) takes(t *testing.T, as conference.Capacity, party conference.PartyID, name string, fields any, blobs ...[]byte) {
	t.Helper()
	v := canonical.Value{}
	if text := canonical.Encode(nil, fields); len(text) > 0 {
		v, _ = canonical.Parse(string(text))
	}
	a := secretariat.Act{Submitted: record.Submitted{Name: name, By: string(h.holder(t, as, party)), As: string(as), For: string(party), Meeting: "ix", Fields: v, Key: newKey(), Origin: h.s.View().Origin()}, Blobs: blobs}
	if _, err := h.s.Do(t.Context(), &a); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func (h *house) holder(t *testing.T, as conference.Capacity, party conference.PartyID) conference.PersonID {
	t.Helper()
	for _, o := range h.s.View().State().Holders(as) {
		if o.For == party {
			return o.Person
		}
	}
	t.Fatalf("nobody is %s of %q", as, party)
	return ""
}

// called brings the open meeting of the training story to a vote.
func (h *house) called(t *testing.T) {
	t.Helper()
	h.takes(t, conference.Chair, "", "CloseList", conference.CloseList{})
	for _, q := range h.s.View().State().SpeakersList("ix") {
		h.takes(t, conference.Chair, "", "GiveFloor", conference.GiveFloor{Request: q.ID})
		h.takes(t, conference.Chair, "", "EndFloor", conference.EndFloor{Why: "done"})
	}
	h.takes(t, conference.Chair, "", "PutQuestion", conference.PutQuestion{Question: "q-ix", Type: "proposal", Thing: "p-ix-1", Method: "recorded"})
}

// officers invites the secretaries to make passkeys: no record is left without somebody who can sign for it. It returns
// their links.
func (h *house) officers(t *testing.T) (links []string) {
	t.Helper()
	for _, o := range h.s.View().State().Holders(conference.Secretary) {
		if _, known := h.s.View().State().Person(o.Person); !known {
			asked, _ := canonical.Parse(`{"names":[["en",{"private":"An officer"}]],"person":"` + string(o.Person) + `"}`)
			fields, opened, err := record.Seal(asked, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			a := secretariat.Act{Submitted: record.Submitted{Name: "RegisterPerson", By: string(o.Person), As: string(conference.Secretary), Fields: fields, Key: newKey(), Origin: h.s.View().Origin()}, Disclosures: opened}
			if _, err := h.s.Do(t.Context(), &a); err != nil {
				t.Fatal(err)
			}
		}
		links = append(links, h.link(t, o.Person))
	}
	return links
}

func newKey() string {
	var key [16]byte
	rand.Read(key[:])
	return canonical.EncodeBytes(key[:])
}

// votes counts what was answered.
func (h *house) votes() (list []conference.Cast) {
	q, _ := h.s.View().State().Question("q-ix")
	return q.Votes
}

func training(t *testing.T) []byte {
	text, ok := story.Shipped("training")
	if !ok {
		t.Fatal("no training story")
	}
	return text
}

// A delegate with a passkey votes in a record where votes are attested: the signature over the question is in the entry.
// What stops a signature is said in words, and nothing is sent.
func TestAVoteIsSignedByItsPasskey(t *testing.T) {
	h := serve(t, storytest.PlayAs(t, training(t), "conference.example/tamrin"))
	xz := h.holder(t, conference.Head, "xz")
	link := h.link(t, xz)
	h.officers(t)
	h.called(t)
	h.named(t)
	b := person(t)
	id := b.device()
	b.visit(link)
	b.click("#enrol", "#signout")
	b.visit(h.origin + "/en/meetings/ix/floor")
	b.click(`#ballot button[value="abstain"]`, "#ask[open]")
	if got := b.text("#ask"); !strings.Contains(got, "You are about to sign") || !strings.Contains(got, "Shall the draft LP/IX/L.1 be adopted?") || !strings.Contains(got, "Zelinor") {
		t.Errorf("what is to be signed: %s", got)
	}
	b.do(chromedp.Click(chromedp.CSS("#ask [data-back]")))
	b.until(`!document.getElementById("ask").open`)

	// The owner does not agree: the page says so, and the vote is not cast.
	refuse := func(no bool) {
		t.Helper()
		if _, err := chromedp.Call(b.ctx, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: id, IsUserVerified: !no}); err != nil {
			t.Fatal(err)
		}
	}
	refuse(true)
	b.click(`#ballot button[value="abstain"]`, "#ask[open]")
	b.click("#ask button.main", "#ceremony:not([hidden])")
	if got := b.text("#ceremony"); !strings.Contains(got, "Nothing was signed and nothing was sent") {
		t.Errorf("not agreed: %s", got)
	}
	if n := len(h.votes()); n != 0 {
		t.Fatalf("%d votes without a signature", n)
	}
	refuse(false)
	b.click(`#ballot button[value="abstain"]`, "#ask[open]")
	b.click("#ask button.main", `#outbox [data-state="taken"]`)
	votes := h.votes()
	if len(votes) != 1 || votes[0].Party != "xz" || votes[0].Answer != "abstain" {
		t.Fatalf("votes: %+v", votes)
	}
	h.attested(t, votes[0].Index, xz)
	b.until(`document.getElementById("ballot").innerText.includes("Zelinor: Abstain")`)

	// The form of an act asks for the same signature, and says why there is none.
	refuse(true)
	b.visit(h.origin + "/en/act/Answer?as=Head&for=xz&meeting=ix&field.question=q-ix&field.answer=yes")
	b.click(`button[name="do"]`, "form[data-prepared] button:not([disabled])")
	b.click("form[data-prepared] button", "#ceremony:not([hidden])")
	if got := b.text("#ceremony"); !strings.Contains(got, "Nothing was signed and nothing was sent") {
		t.Errorf("the form: %s", got)
	}
}

// attested fails where an entry is not signed by a passkey of a person.
func (h *house) attested(t *testing.T, index int64, who conference.PersonID) {
	t.Helper()
	text, err := h.s.View().Entry(t.Context(), index)
	if err != nil {
		t.Fatal(err)
	}
	e, err := record.ParseEntry(string(text), index)
	if err != nil || len(e.Attestations) != 1 {
		t.Fatalf("entry %d: %d attestations, %v", index, len(e.Attestations), err)
	}
	key, ok := h.s.View().State().Passkey(e.Attestations[0].Credential)
	if !ok || key.Person != who {
		t.Errorf("entry %d is signed by %+v", index, key)
	}
}

// The network goes, a vote is pressed twice and kept, the page is left and comes back; with the network it is sent and counts
// once, and the receipt names its entry.
func TestAVoteWithoutANetworkIsSentOnce(t *testing.T) {
	h := serve(t, storytest.PlayText(t, training(t)))
	h.called(t)
	b := person(t, "ERR_", "Failed to load", "net::")
	b.take(h, string(h.holder(t, conference.Head, "xz")), "phone")
	size := h.s.View().State().Size
	h.cut()
	b.do(chromedp.WaitVisible(chromedp.CSS("#offline")))
	if got := b.text("#offline"); !strings.Contains(got, "as of") {
		t.Errorf("without a network: %s", got)
	}
	b.click(`#ballot button[value="yes"]`, "#ask[open]")
	run[any](b, `const once = document.querySelector("#ask form"); once.requestSubmit(); once.requestSubmit(); null`)
	b.do(chromedp.WaitVisible(chromedp.CSS(`#outbox [data-state="waits"]`)))
	if got := b.text("#outbox"); !strings.Contains(got, "Not sent yet") {
		t.Errorf("kept: %s", got)
	}
	if n := run[int](b, `JSON.parse(localStorage.getItem("kurultai.outbox")).length`); n != 1 {
		t.Errorf("%d acts are kept", n)
	}
	if h.s.View().State().Size != size {
		t.Fatal("something was recorded")
	}
	h.mend()
	b.do(chromedp.WaitVisible(chromedp.CSS(`#outbox [data-state="taken"]`)))
	votes := h.votes()
	if len(votes) != 1 || votes[0].Answer != "yes" || h.s.View().State().Size != size+1 {
		t.Fatalf("votes: %+v, %d entries more", votes, h.s.View().State().Size-size)
	}
	if got := run[string](b, `document.querySelector("#outbox a").getAttribute("href")`); !strings.HasSuffix(got, canonicalInt(votes[0].Index)) {
		t.Errorf("the receipt leads to %s, not to entry %d", got, votes[0].Index)
	}
	// What was sent is sent again, as after a crash between the answer and its being read: it is the same receipt.
	run[any](b, `localStorage.setItem("kurultai.outbox", JSON.stringify(JSON.parse(localStorage.getItem("kurultai.outbox")).map((x) => ({ ...x, state: "waits" })))); null`)
	b.do(chromedp.Reload())
	b.do(chromedp.WaitVisible(chromedp.CSS(`#outbox [data-state="taken"]`)))
	if h.s.View().State().Size != size+1 {
		t.Error("sent again, it counts again")
	}
	// Away and back: the page shows what is true now, and the receipt until it was read.
	b.visit(h.origin + "/en/record")
	h.takes(t, conference.Head, "xv", "Answer", conference.Answer{Question: "q-ix", Answer: "no"})
	run[any](b, `history.back(); null`)
	b.do(chromedp.WaitVisible(chromedp.CSS("#ballot")))
	b.until(`document.getElementById("ballot")?.innerText.includes("Zelinor: For") && document.querySelector("ol.called").innerText.includes("Vindara")`)
	b.click("#outbox button", "#ballot")
	b.until(`document.getElementById("outbox").hidden`)
}

func canonicalInt(n int64) string { return "/record/" + string(canonical.Encode(nil, n)) }

// A phone sleeps while the vote ends: what it kept is refused in words, with rule and remedy, and what it shows is renewed.
func TestWhatComesTooLateIsTold(t *testing.T) {
	h := serve(t, storytest.PlayText(t, training(t)))
	h.called(t)
	b := person(t, "ERR_", "Failed to load", "net::")
	b.take(h, string(h.holder(t, conference.Head, "xz")), "phone")
	h.cut()
	b.click(`#ballot button[value="no"]`, "#ask[open]")
	b.click("#ask button.main", `#outbox [data-state="waits"]`)
	for _, p := range []conference.PartyID{"xa", "xl", "xo", "xv"} {
		h.takes(t, conference.Head, p, "Answer", conference.Answer{Question: "q-ix", Answer: "yes"})
	}
	h.takes(t, conference.Chair, "", "EndVoting", conference.EndVoting{Question: "q-ix"})
	h.takes(t, conference.Chair, "", "AnnounceResult", conference.AnnounceResult{Question: "q-ix"})
	size := h.s.View().State().Size
	h.mend()
	b.do(chromedp.WaitVisible(chromedp.CSS(`#outbox [data-state="refused"]`)))
	if got := b.text("#outbox"); !strings.Contains(got, "Refused") || !strings.Contains(got, "(") {
		t.Errorf("too late: %s", got)
	}
	b.until(`!document.getElementById("ballot") && document.getElementById("offline").hidden`)
	if h.s.View().State().Size != size {
		t.Error("something was recorded")
	}
}

// What was not read yet is counted on the tab as it comes, by this browser alone; opening the tab reads it.
func TestUnreadMessagesAreCounted(t *testing.T) {
	h := ninth(t)
	b := person(t)
	b.take(h, string(h.holder(t, conference.Head, "xz")), "phone")
	reads := func(want string) {
		t.Helper()
		b.at(h)
		if got := run[string](b, `(() => { const u = document.getElementById("unread"); return !u ? "none" : !u.checkVisibility() ? "" : u.querySelector("[aria-hidden]").textContent; })()`); got != want {
			t.Errorf("%s has %q unread, want %q", run[string](b, "location.pathname"), got, want)
		}
	}
	happens := func(seconds int64) {
		t.Helper()
		h.takes(t, conference.Chair, "", "SetTimeLimit", conference.SetTimeLimit{Sort: "statement", Seconds: seconds})
	}
	b.at(h)
	before := run[int](b, `document.getElementById("unread").dataset.entries.trim().split(" ").length`)
	if before < 2 {
		t.Fatalf("%d messages", before)
	}
	reads(fmt.Sprint(before))
	happens(300)
	reads(fmt.Sprint(before + 1))
	if got := b.text("#unread .vh"); got != fmt.Sprintf("unread: %d", before+1) {
		t.Errorf("it is read out as %q", got)
	}
	b.click(`#tabs a[href$="/messages"]`, "#messages")
	b.picture("messages")
	reads("")
	happens(240)
	reads("")
	b.click(`#tabs a[href$="/floor"]`, "#speaks")
	reads("")
	happens(180)
	reads("1")
}
