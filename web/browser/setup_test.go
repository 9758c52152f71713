package browser_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// proxy is a web server that leads https://records.localhost to a program on this machine.
func proxy(t *testing.T, to string) (address string) {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	s := &http.Server{TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}, ErrorLog: log.New(io.Discard, "", 0),
		Handler: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
			r.Out.Host = r.In.Host
		}}}
	done := make(chan struct{})
	go func() { _ = s.ServeTLS(l, "", ""); close(done) }()
	t.Cleanup(func() { s.Close(); <-done })
	_, port, _ := strings.Cut(l.Addr().String(), ":")
	return "https://records.localhost:" + port
}

// A program is kurultai serve on a folder.
type program struct {
	cmd  *exec.Cmd
	open string // address that opens the set-up
	done chan error
}

var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "kurultai-program-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "kurultai")
	out, err := exec.Command("go", "build", "-o", path, "kurultai/cmd/kurultai").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func started(t *testing.T, dir, addr string) *program {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{cmd: exec.Command(path, "serve", "-data", dir, "-addr", addr), done: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(filepath.Dir(dir), "state"), "HOME="+filepath.Dir(dir))
	said, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	var heard []string
	for p.open == "" && lines.Scan() {
		heard = append(heard, lines.Text())
		p.open = regexp.MustCompile(`^http://localhost:\d+(/setup/\S+)?`).FindString(strings.TrimPrefix(lines.Text(), "the page is on "))
	}
	go func() { io.Copy(io.Discard, said); p.done <- p.cmd.Wait() }()
	t.Cleanup(p.kill)
	if p.open == "" {
		t.Fatalf("the program said no address, but %q", heard)
	}
	return p
}

// kill ends the program as a power cut does.
func (p *program) kill() {
	if p.done != nil {
		p.cmd.Process.Kill()
		<-p.done
		p.done = nil
	}
}

// fillAll writes into fields by name; radio buttons and boxes are chosen by their value.
func (b *tab) fillAll(fields map[string]string) {
	b.t.Helper()
	text, _ := json.Marshal(fields)
	missing := run[string](b, `(() => { for (const [name, value] of Object.entries(`+string(text)+`)) {
		const all = [...document.querySelectorAll("[name='" + name + "']")];
		const choice = all.find((e) => (e.type === "radio" || e.type === "checkbox") && e.value === value);
		if (choice) choice.checked = true; else if (all.length) all[0].value = value; else return name;
	} return ""; })()`)
	if missing != "" {
		b.t.Fatalf("no field is called %s: %s", missing, b.text("main"))
	}
}

// press presses a button by name and value, and reads the page it leads to.
func (b *tab) press(name, value, heading string) {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS(`button[name="`+name+`"][value="`+value+`"]:not(.vh)`))); err != nil {
		b.t.Fatalf("%s %s: %v", name, value, err)
	}
	b.reads(heading)
}

// reads fails where the page is another.
func (b *tab) reads(heading string) {
	b.t.Helper()
	if got := b.text("h1"); !strings.Contains(got, heading) {
		b.t.Fatalf("the page reads %q, not %q: %s", got, heading, b.text("main"))
	}
}

// emblem is a file with a picture: a ring over water.
func emblem(t *testing.T) string {
	t.Helper()
	p := image.NewNRGBA(image.Rect(0, 0, 120, 120))
	for y := range 120 {
		for x := range 120 {
			switch r := (x-60)*(x-60) + (y-60)*(y-60); {
			case r > 58*58:
			case r > 50*50, y > 70 && (y+x/12)%12 < 5:
				p.Set(x, y, color.NRGBA{20, 90, 120, 255})
			}
		}
	}
	at := filepath.Join(t.TempDir(), "emblem.png")
	f, err := os.Create(at)
	if err == nil {
		err = errors.Join(png.Encode(f, p), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A secretary who was never here sets a body up: from an empty folder to the first passkey, with slips on the way, the
// browser closed and the program killed in between.
func TestABodyIsSetUpFromNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lakes")
	p := started(t, dir, "localhost:0")
	at, _, _ := strings.Cut(p.open, "/setup/")
	front := proxy(t, at)
	b := person(t, "403", "422", "404")

	b.visit(at)
	b.reads("not open in this browser")
	b.visit(p.open)
	b.reads("Set up your body")
	b.checks("set-up: 0-welcome")
	stranger := person(t, "403")
	stranger.visit(p.open)
	stranger.reads("not open in this browser")

	// the body
	b.visit(at + "/en/setup/body")
	b.fillAll(map[string]string{"name.en": "Conference of Lakes and Passes", "name.ka": "ტბებისა და უღელტეხილების კონფერენცია", "seat.en": "Nuvel", "zone": "Nuvel"})
	b.press("do", "next", "What is the body called?")
	if text := b.text("main"); !strings.Contains(text, "Choose a time zone") || !strings.Contains(text, "Write the city in this language too") {
		t.Errorf("what is wrong is not said: %s", text)
	}
	mark := filepath.Join(t.TempDir(), "mark.svg")
	if err := os.WriteFile(mark, []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), 0o600); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.SetUploadFiles("#file", []string{mark}))
	b.press("do", "next", "What is the body called?")
	if text := b.text("main"); !strings.Contains(text, "This is no PNG or JPEG") {
		t.Errorf("a drawing that may hold a program is taken: %s", text)
	}
	b.checks("set-up: 1-body-wrong")
	b.do(chromedp.SetUploadFiles("#file", []string{emblem(t)}))
	b.fillAll(map[string]string{"seat.ka": "ნუველი", "zone": "Asia/Baku"})
	b.press("do", "next", "Who are the two secretaries?")

	// the program dies, and the browser comes back to where it was
	_, port, _ := strings.Cut(strings.TrimPrefix(at, "http://"), ":")
	p.kill()
	p = started(t, dir, "localhost:"+port)
	b.visit(at + "/en/setup/body")
	if got := run[string](b, `document.querySelector("[name='name.en']").value`); got != "Conference of Lakes and Passes" {
		t.Errorf("after the program died the name is %q", got)
	}
	if n := run[int](b, `document.querySelectorAll("img[src*='emblem.png']").length === 2 && [...document.images].every((i) => i.naturalWidth > 0) ? document.querySelector(".emblem img").naturalWidth : 0`); n != 120 {
		t.Errorf("the emblem is %d pixels wide", n)
	}
	b.checks("set-up: 1-body")
	b.visit(at + "/en/setup/secretaries")
	b.fillAll(map[string]string{"s1.en": "Olmar Feret", "s2.en": "Olmar Feret"})
	b.press("do", "next", "Who are the two secretaries?")
	if !strings.Contains(b.text("main"), "two different persons") {
		t.Error("one person is taken for two")
	}
	b.fillAll(map[string]string{"s2.en": "Neva Tallis"})
	b.checks("set-up: 2-secretaries")
	b.press("do", "next", "Where will people sign in?")

	// the address is proven by being opened there
	b.fillAll(map[string]string{"address": front})
	b.press("do", "save", "Where will people sign in?")
	b.checks("set-up: 3-address")
	there := person(t)
	there.visit(run[string](b, `document.querySelector(".token").innerText`))
	there.reads("Where will people sign in?")
	if !strings.Contains(there.text("main"), "leads here. People can sign in there.") {
		t.Errorf("the address is not proven: %s", there.text("main"))
	}
	b.do(chromedp.Reload())
	b.press("do", "next", "Who belongs to the body?")

	// members and observers
	for _, name := range []string{"Kasachstan", "Gürcüstan"} {
		b.fillAll(map[string]string{"add": name})
		b.press("do", "add", "Who belongs to the body?")
	}
	b.fillAll(map[string]string{"add": "Atlantis"})
	b.press("do", "add", "Who belongs to the body?")
	if !strings.Contains(b.text("main"), "No state on the list is called “Atlantis”") {
		t.Error("a state that is none is taken")
	}
	b.fillAll(map[string]string{"add": ""})
	run[any](b, `document.querySelectorAll(".adding details").forEach((d) => d.open = true); null`)
	b.fillAll(map[string]string{"kind": "observer", "own.en": "Lake Commission", "own.ka": "ტბის კომისია"})
	b.press("do", "own", "Who belongs to the body?")
	b.checks("set-up: 4-parties")
	b.press("do", "next", "By which rules does it decide?")

	// rules
	b.fillAll(map[string]string{"rules": "own", "own": "{\"name\": \"Ours\",\n \"version\": \"1\",\n oops}", "basis": "LP/1/DEC/3"})
	b.press("do", "next", "By which rules does it decide?")
	if !strings.Contains(b.text("main"), "line 3") {
		t.Errorf("the line is not named: %s", b.text("main"))
	}
	b.checks("set-up: 5-rules-wrong")
	b.fillAll(map[string]string{"rules": "consensus"})
	b.press("do", "next", "Who is coming?")
	b.visit(at + "/en/setup/rules")
	b.checks("set-up: 5-rules")
	other := b.beside("409") // a second tab on the same step
	other.visit(at + "/en/setup/rules")
	b.fillAll(map[string]string{"basis": "LP/1/DEC/4"})
	b.press("do", "next", "Who is coming?")
	other.fillAll(map[string]string{"basis": "LP/1/DEC/5"})
	other.press("do", "next", "By which rules does it decide?")
	if got := other.text("#both"); !strings.Contains(got, "LP/1/DEC/4") || !strings.Contains(got, "LP/1/DEC/5") {
		t.Errorf("the later tab reads %q", got)
	}
	other.checks("set-up: 5-rules-two-tabs")
	other.press("do", "next", "Who is coming?")

	// people
	b.visit(at + "/en/setup/people")
	b.checks("set-up: 6-people-none")
	run[any](b, `document.querySelectorAll("details").forEach((d) => d.open = true); null`)
	b.fillAll(map[string]string{"table": "Name\tParty\tRole\nIlvar Tesmond\tKazakhstan\tHead\tx\tx\nKestan\x01Morvil\tGeorgia\thead\n"})
	b.press("do", "read", "Who is coming?")
	if text := b.text(".note.no"); !strings.Contains(text, "Row 2: ") || !strings.Contains(text, "Row 3, column name: ") {
		t.Errorf("the rows are not named: %s", text)
	}
	b.checks("set-up: 6-people-wrong")
	b.fillAll(map[string]string{"table": "Name\tParty\tRole\nIlvar Tesmond\tKazakhstan\tHead\nKestan Morvil\tGeorgia\tLeiter der Delegation?\nVelis Orendal\tGeorgia\thead\nSenna Orvald\tQazaqstan!\tadviser\nLinneva Sorrut\tLake Commission\thead\n", "script": "en"})
	b.press("do", "read", "Who is coming?")
	b.checks("set-up: 6-people-fix")
	if n := run[int](b, `document.querySelectorAll(".fix").length`); n != 2 {
		t.Errorf("%d things to settle: %s", n, b.text("main"))
	}
	b.press("role.1", "delegate", "Who is coming?")
	b.press("party.3", "kz", "Who is coming?")
	b.checks("set-up: 6-people")
	b.press("do", "next", "When and where is the first meeting?")

	// the meeting
	b.fillAll(map[string]string{"ordinal": "7", "from": "2027-06-08", "to": "2027-06-11", "host": "ge", "chair": "3"})
	b.checks("set-up: 7-meeting")
	b.press("do", "next", "Try it first")

	// a rehearsal, in which an office is taken by a click
	b.press("do", "rehearse", "Try it first")
	b.checks("set-up: 8-rehearsal")
	actor := person(t, "ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING") // the rehearsal dies with the program
	actor.visit(run[string](b, `document.querySelector("a[href$='/roles']").href`))
	if !strings.Contains(actor.text("body"), "Rehearsal. A copy in which everything may be tried") {
		t.Errorf("the rehearsal does not say what it is: %s", actor.text("body"))
	}
	actor.checks("set-up: 8-roles")
	actor.click("button[name=person]", "body.chair")
	b.press("do", "next", "Look through it, and found the body")

	// the founding
	b.checks("set-up: 9-found")
	b.press("do", "found", "Look through it, and found the body")
	if !strings.Contains(b.text("main"), "Tick that you have read") {
		t.Error("it is founded without a yes")
	}
	b.fillAll(map[string]string{"sure": "yes"})
	b.press("do", "found", "The body is founded")
	b.checks("set-up: a-done")
	public := person(t, "502", "ERR_INCOMPLETE_CHUNKED_ENCODING") // the program dies under its wall
	public.visit(front + "/en/")
	if !run[bool](public, `(() => { const i = document.querySelector("img.mark-of"); return !!i && i.complete && i.naturalWidth === 120; })()`) {
		t.Error("the public page does not show the emblem")
	}
	public.checks("set-up: a-public")
	public.visit(front + "/en/meetings/m7/wall")
	public.checks("set-up: a-wall")

	// both secretaries make their passkeys at the address
	links := run[[]string](b, `[...document.querySelectorAll(".invitation a")].map((a) => a.href)`)
	if len(links) != 2 {
		t.Fatalf("%d links", len(links))
	}
	for _, link := range links {
		officer := person(t, "502", "ERR_INCOMPLETE_CHUNKED_ENCODING") // the program dies under their desks
		officer.device()
		officer.visit(link)
		officer.click("#enrol", "#signout")
		officer.click("#signout", "#signin")
		officer.click("#signin", "body.desk")
	}
	p.kill()
	p = started(t, dir, "localhost:"+port)
	b.visit(at + "/en/setup/found")
	b.reads("The body is founded")
	if n := strings.Count(b.text("main"), "Passkey made"); n != 2 {
		t.Errorf("%d passkeys are made", n)
	}
	b.visit(at + "/en/setup/cards")
	b.checks("set-up: b-cards")
	if n := run[int](b, `document.querySelectorAll(".invitation svg.qr").length`); n != 5 {
		t.Errorf("%d cards", n)
	}
	b.visit(at + "/en/setup/found")
	b.press("do", "end", "Conference of Lakes and Passes")
	if _, err := os.Stat(filepath.Join(dir, "setup.json")); !os.IsNotExist(err) {
		t.Errorf("the draft is still there: %v", err)
	}
	b.visit("about:blank") // before the program ends
}
