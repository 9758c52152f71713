package browser_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/chromedp/chromedp"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/passkey"
	"kurultai/sealed"
	"kurultai/secretariat"
	"kurultai/story/storytest"
)

// deposits fills in what the page of keys leads to, and signs it.
func (b *tab) deposits() {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(`button[name="do"]`)))
	b.signsForm()
}

// signsForm presses the button of an act's form, and signs what is shown.
func (b *tab) signsForm() {
	b.t.Helper()
	b.click(`button[name="do"]`, "form[data-prepared] button:not([disabled])")
	run[any](b, `document.querySelector("form[data-prepared] button").click(); null`)
	b.until(`document.querySelector("h1")?.innerText.startsWith("Recorded")`)
}

// makesKey makes a key in the browser and deposits it.
func (b *tab) makesKey(h *house) {
	b.t.Helper()
	b.visit(h.origin + "/en/registry/keys")
	b.click("form[data-make] button:not([disabled])", `button[name="do"]`)
	b.deposits()
}

// opens presses the button that opens a note, and waits for what is told.
func (b *tab) openNote(h *house, note int64) string {
	b.t.Helper()
	b.visit(fmt.Sprintf("%s/en/registry/%d", h.origin, note))
	b.do(chromedp.Click(chromedp.CSS("form[data-open] button:not([disabled])")))
	return poll[string](b, `(() => { const t = document.querySelector(".told"); return !t.hidden && t.matches(".yes, .no") && t.innerText })()`)
}

// A note goes from one browser to another: keys are made there, what is written leaves the first encrypted and attested,
// the second opens it and confirms. A device is lost: a further one makes a key, asks, and the sender encrypts anew. What
// the browser makes, the command opens, and the other way round.
func TestANoteGoesFromBrowserToBrowser(t *testing.T) {
	h := serve(t, storytest.PlayAs(t, training(t), "conference.example/tamrin"))
	xl, xa := h.holder(t, conference.Head, "xl"), h.holder(t, conference.Head, "xa")
	links := []string{h.link(t, xl), h.link(t, xa)}
	officer := h.enrolled(t, h.officers(t)[0], h.holder(t, conference.Secretary, ""))
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	h.takes(t, conference.Secretary, "", "DepositRecipient", conference.DepositRecipient{Recipient: key.Recipient().String(), Use: "node"})
	h.named(t)
	lomera, ardovel := enrols(t, links[0]), enrols(t, links[1])
	lomera.makesKey(h)
	ardovel.makesKey(h)
	if !run[bool](lomera, `new Promise((yes) => { const o = indexedDB.open("kurultai", 1); o.onsuccess = () => { const r = o.result.transaction("keys").objectStore("keys").getAll(); r.onsuccess = () => yes(r.result.length === 1 && r.result[0].identity instanceof CryptoKey && r.result[0].identity.extractable === false); }; })`) {
		t.Error("the secret half of a key can be taken out of the browser")
	}
	lomera.visit(h.origin + "/en/registry/keys")
	lomera.until(`[...document.querySelectorAll("#sealed .tag")].some((t) => t.innerText === "on this device")`)
	lomera.picture("registry-keys")

	lomera.visit(h.origin + "/en/registry/write")
	run[any](lomera, `(() => {
		const sent = []; const f = window.fetch;
		window.fetch = (to, how) => { sent.push(String(to) + (how?.body ?? "")); sessionStorage.setItem("sent", JSON.stringify(sent)); return f(to, how); };
		for (const v of ["xa", ""]) document.querySelector('input[name="to"][value="' + v + '"]').checked = true;
		document.getElementById("subject").value = "Canary of the subject";
		document.getElementById("text").value = "Canary of the text,\nin two lines: \u010d, \u10d0, \u044b.";
		const files = new DataTransfer(); files.items.add(new File(["Canary of the file"], "levels.csv")); files.items.add(new File([], "empty")); document.getElementById("files").files = files.files;
		document.getElementById("replyBy").value = "2090-01-01";
	})(); null`)
	lomera.picture("registry-write")
	run[any](lomera, `document.querySelector("form[data-write] button[type=submit]").click(); null`)
	note := poll[int64](lomera, `Number(location.pathname.match(/registry\/(\d+)$/)?.[1] ?? 0)`)
	for _, sent := range run[[]string](lomera, `JSON.parse(sessionStorage.getItem("sent"))`) {
		if strings.Contains(sent, "Canary") || strings.Contains(sent, "levels") || strings.Contains(sent, "Q2FuYXJ5") {
			t.Errorf("the browser sent %.300s", sent)
		}
	}
	n, ok := h.s.View().State().SealedNote(note)
	if !ok || n.Party != "xl" || len(n.Keys) != 3 || !n.Receives("xa") || !n.Receives("") {
		t.Fatalf("%v %+v", ok, n)
	}
	inside := h.inside(t, note)
	if len(inside.Attestations) != 1 {
		t.Errorf("the note bears %d attestations", len(inside.Attestations))
	}

	// the command opens what the browser made
	ciphertext, err := h.s.View().Blob(t.Context(), n.Ciphertext.Digest)
	if err != nil {
		t.Fatal(err)
	}
	pack, err := sealed.Decrypt(ciphertext, key)
	if err != nil || record.DigestOf(pack) != n.Plain {
		t.Fatalf("%s, not %s: %v", record.DigestOf(pack), n.Plain, err)
	}
	read, err := sealed.Unpack(pack)
	if err != nil || read.Subject != "Canary of the subject" || read.Text != "Canary of the text,\nin two lines: č, ა, ы." || read.Origin != h.s.View().Origin() || read.From != "xl" || read.Number != n.Number || len(read.Files) != 2 || string(read.Files[0].Bytes) != "Canary of the file" || len(read.Files[1].Bytes) != 0 {
		t.Errorf("%+v %v", read, err)
	}

	// the other browser opens it, and confirms
	if told := ardovel.openNote(h, note); !strings.HasPrefix(told, "Opened.") {
		t.Fatalf("told: %s", told)
	}
	if got := ardovel.text("[data-opened]"); !strings.Contains(got, "Canary of the subject") || !strings.Contains(got, "in two lines: č, ა, ы.") || !strings.Contains(got, "levels.csv") {
		t.Errorf("opened: %s", got)
	}
	ardovel.picture("registry-note")
	ardovel.visit(run[string](ardovel, `document.querySelector('a[href*="AcknowledgeNote"]').href`))
	ardovel.signsForm()
	if n, _ = h.s.View().State().SealedNote(note); len(n.Receipts) != 1 || n.Receipts[0].Party != "xa" {
		t.Errorf("receipts %+v", n.Receipts)
	}

	// a device is lost, and with it what it kept: its key is withdrawn, another one made
	lost := h.s.View().State().RecipientsOf("xa", h.s.Now())[0].Index
	run[any](ardovel, `new Promise((yes) => { indexedDB.deleteDatabase("kurultai").onsuccess = () => yes(null); })`)
	ardovel.visit(fmt.Sprintf("%s/en/act/WithdrawRecipient?as=Head&for=xa&field.key=%d&field.why=lost", h.origin, lost))
	ardovel.signsForm()
	ardovel.makesKey(h)
	if told := ardovel.openNote(h, note); !strings.HasPrefix(told, "No key on this device opens it") {
		t.Errorf("told: %s", told)
	}
	ardovel.visit(run[string](ardovel, `document.querySelector('a[href*="AskNote"]').href`))
	ardovel.click(`button[name="do"]`, "h1")
	ardovel.until(`document.querySelector("h1")?.innerText.startsWith("Recorded")`)
	if told := lomera.openNote(h, note); !strings.HasPrefix(told, "Opened.") {
		t.Fatalf("told: %s", told)
	}
	if !run[bool](lomera, `document.querySelector("form[data-again] input:checked") !== null`) {
		t.Error("the key that was asked for is not ticked")
	}
	run[any](lomera, `document.querySelector("form[data-again] button").click(); null`)
	lomera.until(`document.querySelector("#history")?.parentElement.parentElement.innerText.includes("Note encrypted anew")`)
	if told := ardovel.openNote(h, note); !strings.HasPrefix(told, "Opened.") {
		t.Errorf("told: %s", told)
	}

	// nothing further goes to the key that was lost
	lomera.visit(h.origin + "/en/registry/write")
	for _, k := range run[[]int64](lomera, `JSON.parse(document.getElementById("sealed").dataset.sealed).keys.filter((k) => k.stands).map((k) => k.index)`) {
		if k == lost {
			t.Error("the lost key is still encrypted to")
		}
	}

	// a browser opens what the command made; another text than the entry names is not taken for it
	h.answers(t, officer, key, "The secretariat has read it.", note)
	if told := lomera.openNote(h, h.size()-1); !strings.HasPrefix(told, "Opened.") || !strings.Contains(lomera.text("[data-opened]"), "The secretariat has read it.") {
		t.Errorf("told: %s", told)
	}
	h.answers(t, officer, key, "swapped", 0)
	if told := lomera.openNote(h, h.size()-1); !strings.Contains(told, "not what the record names") {
		t.Errorf("a swapped text: %s", told)
	}
}

// inside is what a closed entry holds.
func (h *house) inside(t *testing.T, index int64) *record.Entry {
	t.Helper()
	e := h.entry(t, index)
	opening, err := h.s.View().OpenClosed(t.Context(), e.Closed)
	if err != nil {
		t.Fatal(err)
	}
	inside, err := record.OpenClosed(opening, index)
	if err != nil {
		t.Fatal(err)
	}
	return inside
}

// answers has the secretariat send Lomera what a command encrypts. A text "swapped" stands under the digest of ardovel.
func (h *house) answers(t *testing.T, officer *passkey.Key, own *age.X25519Identity, text string, to int64) {
	t.Helper()
	st := h.s.View().State()
	number := fmt.Sprint(h.size())
	pack, err := sealed.Pack(sealed.Note{Origin: h.s.View().Origin(), Number: number, Text: text}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	theirs := st.RecipientsOf("xl", h.s.Now())[0]
	ciphertext, err := sealed.Encrypt(pack, []string{theirs.Recipient, own.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	plain := record.DigestOf(pack)
	if text == "swapped" {
		plain = record.DigestOf([]byte("another"))
	}
	mine := st.RecipientsOf("", h.s.Now())[0].Index
	h.files(t, officer, "SendNote", conference.SendNote{Number: number, Form: "letter", Date: "2027-06-08", To: []conference.PartyID{"xl"}, Keys: []int64{theirs.Index, mine}, Answers: to, Mark: "ordinary", Passing: "nobody", Plain: plain,
		Ciphertext: record.Blob{Digest: record.DigestOf(ciphertext), Size: int64(len(ciphertext))}}, ciphertext)
}

// A key file made in the browser is behind its passphrase, is read by the command, and opens a note on a device that has no
// key.
func TestAKeyFileOpensANoteElsewhere(t *testing.T) {
	h := ninth(t)
	xl := string(h.holder(t, conference.Head, "xl"))
	b := person(t)
	b.take(h, xl, "chair")
	b.visit(h.origin + "/en/registry/keys")
	run[any](b, `(() => { const make = URL.createObjectURL; URL.createObjectURL = (blob) => { blob.text().then((t) => window.kept = t); return make(blob); };
		HTMLAnchorElement.prototype.click = () => {}; document.querySelector("form[data-file] input").value = "too short"; })(); null`)
	b.do(chromedp.Click(chromedp.CSS("form[data-file] button:not([disabled])")))
	run[any](b, `document.querySelector("form[data-file] input").value = "a passphrase of some length"; null`)
	b.do(chromedp.Click(chromedp.CSS("form[data-file] button:not([disabled])")))
	file := poll[string](b, `window.kept ?? ""`)
	b.until(`!document.querySelector("[data-deposit]").hidden`)
	ids, err := sealed.ReadIdentities([]byte(file), func() (string, error) { return "a passphrase of some length", nil })
	if err != nil || len(ids) != 1 || strings.Contains(file, "AGE-SECRET") {
		t.Fatalf("%v %s", err, file)
	}
	recipient := ids[0].(*age.X25519Identity).Recipient().String()
	b.click("[data-deposit]", `button[name="do"]`)
	b.click(`button[name="do"]`, "h1")
	b.until(`document.querySelector("h1")?.innerText.startsWith("Recorded")`)
	if list := h.s.View().State().RecipientsOf("xl", h.s.Now()); len(list) != 1 || list[0].Recipient != recipient || list[0].Use != "backup" {
		t.Fatalf("%+v", list)
	}
	own, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	h.do(t, "DepositRecipient", conference.DepositRecipient{Recipient: own.Recipient().String(), Use: "node"}, 0)
	h.answers(t, nil, own, "For whoever has the file.", 0)
	note := h.size() - 1
	if told := b.openNote(h, note); !strings.HasPrefix(told, "No key on this device") {
		t.Errorf("told: %s", told)
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]string{"another passphrase": "The passphrase does not open", "a passphrase of some length": "Opened."} {
		run[any](b, `(() => { const f = new DataTransfer(); f.items.add(new File([`+string(text)+`], "key")); const form = document.querySelector("form[data-open]"); form.elements.identity.files = f.files; form.elements.passphrase.value = "`+word+`"; document.querySelector(".told").hidden = true; form.querySelector("button").click(); })(); null`)
		if told := poll[string](b, `(() => { const t = document.querySelector(".told"); return !t.hidden && t.matches(".yes, .no") && t.innerText })()`); !strings.HasPrefix(told, want) {
			t.Errorf("%s: %s", word, told)
		}
	}
	if got := b.text("[data-opened]"); !strings.Contains(got, "For whoever has the file.") {
		t.Errorf("opened: %s", got)
	}
}

// enrolled is a passkey of a person that was made by a link, at no browser.
func (h *house) enrolled(t *testing.T, link string, who conference.PersonID) *passkey.Key {
	t.Helper()
	k, err := passkey.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	fields, _ := canonical.Parse(string(canonical.Encode(nil, conference.EnrolPasskey{Credential: k.Credential(), Key: k.Public(), Link: link[strings.LastIndex(link, "/")+1:]})))
	a := &secretariat.Act{Submitted: record.Submitted{As: string(conference.Myself), By: string(who), Fields: fields, Key: newKey(), Name: "EnrolPasskey", Origin: h.s.View().Origin()}}
	if _, err := h.s.Do(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	return k
}

// files has the secretariat do an act with a file, attested where there is a key.
func (h *house) files(t *testing.T, officer *passkey.Key, name string, fields any, blobs ...[]byte) {
	t.Helper()
	v, err := canonical.Parse(string(canonical.Encode(nil, fields)))
	if err != nil {
		t.Fatal(err)
	}
	a := secretariat.Act{Submitted: record.Submitted{Name: name, By: string(h.holder(t, conference.Secretary, "")), As: string(conference.Secretary), Fields: v, Key: newKey(), Origin: h.s.View().Origin()}, Blobs: blobs}
	if officer != nil {
		until := h.s.Now() + 600_000
		a.Submitted.NotAfter = &until
		signed, err := officer.Attest(&a.Submitted, "localhost", h.origin)
		if err != nil {
			t.Fatal(err)
		}
		a.Attestations = append(a.Attestations, signed)
	}
	if _, err := h.s.Do(t.Context(), &a); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// corresponds has Lomera, Ardovel and the secretariat exchange notes: one answered, one overdue, one withdrawn, one asked for
// anew. It returns the first, which all three have.
func (h *house) corresponds(t *testing.T) (note int64) {
	t.Helper()
	var keys []int64
	for i, recipient := range []string{"age13tvzql5mh89w3p86nrj6jjeapfxyl8df8d485rgzpa0hwqh09gwq66klmt", "age13qxf6p4kjemxfvcn7y087tkfevt0v9nxyktl0fznaksqnch03chqc52kvn", "age1t2qx008r7hpnld9xwles2369u5f9204nau0wymkcqlx4gjehruxq5jjqwk", "age19vaeuy4ath3a3mejq7r5m6c4wy8zjsx7x47njlj5hjkktsj7kg4sntjxu0"} {
		as, party := []conference.Capacity{"Head", "Head", "Secretary", "Head"}[i], []conference.PartyID{"xl", "xa", "", "xa"}[i]
		h.takes(t, as, party, "DepositRecipient", conference.DepositRecipient{Recipient: recipient, Use: []conference.Term{"device", "device", "node", "backup"}[i]})
		keys = append(keys, h.size()-1)
	}
	file := []byte("what age made of a note")
	send := func(party conference.PartyID, number string, f conference.SendNote) int64 {
		f.Number, f.Form, f.Date, f.Mark, f.Passing, f.Plain, f.Ciphertext = number, "verbale", "2030-03-17", "restricted", "addressees", record.DigestOf(file), record.Blob{Digest: record.DigestOf(file), Size: int64(len(file))}
		h.takes(t, conference.Head, party, "SendNote", f, file)
		return h.size() - 1
	}
	note = send("xl", "17/2030", conference.SendNote{To: []conference.PartyID{"xa"}, Secretariat: true, Keys: keys[:3], ReplyBy: "2030-04-01"})
	send("xl", "18/2030", conference.SendNote{To: []conference.PartyID{"xa"}, Keys: keys[:2], Refers: note, ReplyBy: "2030-03-18"})
	h.takes(t, conference.Head, "xa", "AskNote", conference.AskNote{Note: h.size() - 1, Key: keys[3]})
	h.takes(t, conference.Head, "xa", "AcknowledgeNote", conference.AcknowledgeNote{Note: note})
	send("xa", "4/2030", conference.SendNote{To: []conference.PartyID{"xl"}, Keys: keys[:2], Answers: note})
	withdrawn := send("xa", "5/2030", conference.SendNote{To: []conference.PartyID{"xl"}, Keys: keys[:2]})
	h.takes(t, conference.Head, "xa", "WithdrawNote", conference.WithdrawNote{Note: withdrawn, Why: "error"})
	return note
}

// registryStage is the registry of Ardovel.
func registryStage(t *testing.T) stage {
	h := serve(t, storytest.PlayText(t, training(t)))
	note := h.corresponds(t)
	return stage{name: "registry", house: func(*testing.T) *house { return h }, enter: h.as(conference.Head, "xa", "chair"), pages: []string{"registry", "registry?q=18", "registry/write", fmt.Sprint("registry/write?answers=", note), "registry/keys", fmt.Sprint("registry/", note)}}
}
