package browser_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/story/storytest"
)

// Keys of the lines of the training story at which a ceremony of signing stands otherwise.
const (
	beforeIssue = "uP00YQ07heZ92Gd3-f7dBA" // the depositary reaches for a pen too early
	penLaid     = "CYRgvBnYOn4zE2ISGmSRlw" // the depositary and Lomera have signed, Orsevin has laid the pen down again
)

// signingUntil is the training story until a line of its ceremony was done.
func signingUntil(t *testing.T, key string) []byte {
	t.Helper()
	text := training(t)
	at := bytes.Index(text, []byte(`"key":"`+key+`"`))
	if at < 0 {
		t.Fatalf("the story has no line %s", key)
	}
	return text[:at+bytes.IndexByte(text[at:], '\n')+1]
}

// chooses puts a file into the page that verifies one, and has it checked. js makes its bytes (an ArrayBuffer).
func (b *tab) chooses(h *house, name, js string) {
	b.t.Helper()
	b.visit(h.origin + "/en/verify")
	run[bool](b, `(async () => {
		const bytes = await (`+js+`)();
		const list = new DataTransfer();
		list.items.add(new File([bytes], `+fmt.Sprintf("%q", name)+`));
		document.getElementById("file").files = list.files;
		return true;
	})()`)
	before := b.text("h1")
	b.do()
	run[bool](b, `(document.querySelector("form.choose").requestSubmit(), true)`)
	b.until(`document.querySelector("h1").innerText !== ` + fmt.Sprintf("%q", before))
}

// fetched is JavaScript that fetches a paper and does something to its bytes.
func fetched(address, change string) string {
	return `async () => { const b = new Uint8Array(await (await fetch("` + address + `")).arrayBuffer()); ` + change + ` return b; }`
}

const paperAddress = "/en/instruments/statute/paper.pdf"

// signingStages are the pages of signing and verifying in their states.
func signingStages(t *testing.T, whole, foreign *house) []stage {
	waiting, pen, lies := serve(t, storytest.PlayText(t, signingUntil(t, beforeIssue))), serve(t, storytest.PlayText(t, signingUntil(t, penLaid))), serve(t, storytest.PlayText(t, signingUntil(t, penLaid)))
	pen.takes(t, conference.Head, "xo", "TakePen", conference.TakePen{Instrument: "statute"})
	in := func(h *house) func(*testing.T) *house { return func(*testing.T) *house { return h } }
	ceremony := []string{"instruments/statute/signing", "instruments/statute/wall"}
	return []stage{
		{name: "a signing that waits", house: in(waiting), pages: ceremony},
		{name: "a signing, the pen is held", house: in(pen), pages: append([]string{"meetings/viii/wall", "instruments/statute"}, ceremony...)},
		{name: "a signing, the pen lies", house: in(lies), pages: ceremony},
		{name: "a signing, all signed", house: in(whole), pages: ceremony},
		{name: "a signing, who holds the pen", house: in(pen), enter: pen.as(conference.Head, "xo", "phone"), pages: []string{"instruments/statute/signing"}},
		{name: "a signing, who does not", house: in(pen), enter: pen.as(conference.Head, "xa", "chair"), pages: []string{"instruments/statute/signing"}},
		{name: "a signing, who is next", house: in(lies), enter: lies.as(conference.Head, "xa", "chair"), pages: []string{"instruments/statute/signing"}},
		{name: "verifying", house: in(whole), pages: []string{"verify"}, doings: map[string]func(*house, *tab){
			"as it was signed": func(h *house, b *tab) { b.chooses(h, "statute.pdf", fetched(paperAddress, "")) },
			"not every signature holds": func(h *house, b *tab) {
				b.chooses(h, "statute-as-it-came-by-mail-this-morning.pdf", fetched(paperAddress, "b[900] ^= 1;"))
			},
			"changed after it was signed": func(h *house, b *tab) { b.chooses(h, "statute.pdf", fetched(paperAddress, retitled)) },
			"not a PDF": func(h *house, b *tab) {
				b.chooses(h, "notes.docx", `async () => new TextEncoder().encode("PK and so on")`)
			},
			"cannot be examined": func(h *house, b *tab) {
				b.chooses(h, "old.pdf", `async () => new TextEncoder().encode("%PDF-1.4 and so on")`)
			},
			"encrypted": func(h *house, b *tab) {
				b.chooses(h, "secret.pdf", fetched("/en/meetings/viii/papers/agenda.pdf", `const t = Array.from(b, (c) => String.fromCharCode(c)).join("").replace("trailer\n<<", "trailer\n<</Encrypt 1 0 R "); return Uint8Array.from(t, (c) => c.charCodeAt(0));`))
			},
			"not signed":         func(h *house, b *tab) { b.chooses(h, "agenda.pdf", fetched("/en/meetings/viii/papers/agenda.pdf", "")) },
			"no file was chosen": func(h *house, b *tab) { b.chooses(h, "", `async () => new Uint8Array()`) },
		}},
		{name: "verifying, in part", house: in(pen), doings: map[string]func(*house, *tab){
			"signed in part": func(h *house, b *tab) { b.chooses(h, "statute.pdf", fetched(paperAddress, "")) },
		}},
		{name: "verifying, elsewhere", house: in(foreign), doings: map[string]func(*house, *tab){
			"not signed": func(h *house, b *tab) {
				b.chooses(h, "communique.pdf", fetched("/en/meetings/xxii/papers/communique.pdf", ""))
			},
		}},
	}
}

// retitled appends an update to a paper that gives it another title.
const retitled = `
	const text = Array.from(b, (c) => String.fromCharCode(c)).join("");
	const at = text.lastIndexOf("trailer"), end = text.slice(at);
	const [, size, root, info, id] = end.match(/Size (\d+).*\/Root (\d+) 0 R\/Info (\d+) 0 R(\/ID\[[^\]]*\])/), prev = end.match(/startxref\n(\d+)/)[1];
	const body = text.trimEnd() + "\n", object = info + " 0 obj\n<</Title(Another)>>\nendobj\n";
	const update = object + "xref\n" + info + " 1\n" + String(body.length).padStart(10, "0") + " 00000 n \ntrailer\n<</Size " + size + "/Prev " + prev + "/Root " + root + " 0 R/Info " + info + " 0 R" + id + ">>\nstartxref\n" + (body.length + object.length) + "\n%%EOF\n";
	return Uint8Array.from(body + update, (c) => c.charCodeAt(0));`

// The pen is taken and laid down on the page of the ceremony, and the page and the wall of others follow by themselves.
func TestThePenIsPassedOnThePage(t *testing.T) {
	h := serve(t, storytest.PlayText(t, signingUntil(t, penLaid)))
	hall, delegate := person(t), person(t)
	hall.visit(h.origin + "/en/instruments/statute/wall")
	if text := hall.text("main"); !strings.Contains(text, "The pen lies ready") {
		t.Fatalf("the wall shows %s", text)
	}
	delegate.take(h, string(h.holder(t, conference.Head, "xa")), "chair")
	delegate.visit(h.origin + "/en/instruments/statute/signing")
	delegate.click(`form[action$="/act/TakePen"] button`, `form[action$="/act/LayPen"] button`)
	hall.until(`document.querySelector("h1").innerText === "Ardovel" && document.querySelector("main").innerText.includes("Has the pen")`)
	if i, _ := h.s.View().State().Instrument("statute"); i.Pen.Party != "xa" {
		t.Errorf("the record says %+v", i.Pen)
	}
	delegate.click(`form[action$="/act/LayPen"] button`, `form[action$="/act/TakePen"] button`)
	hall.until(`document.querySelector("main").innerText.includes("The pen lies ready")`)
}
