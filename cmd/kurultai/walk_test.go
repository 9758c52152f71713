package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"kurultai/conference"
	"kurultai/record/recordtest"
)

// A walker is somebody with a browser who follows links, and how often.
type walker struct {
	t      *testing.T
	ctx    context.Context
	clicks int
}

func walks(t *testing.T) *walker {
	t.Helper()
	path := recordtest.Program(t, "chromium")
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox,
		chromedp.Flag("headless", true), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("no-first-run", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"))
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(stop)
	allocator, end := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(end)
	tab, close := chromedp.NewContext(allocator)
	t.Cleanup(close)
	return &walker{t: t, ctx: tab}
}

func (w *walker) visit(address string) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, chromedp.Navigate(address)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *walker) read(js string) string {
	w.t.Helper()
	text, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](js))
	if err != nil {
		w.t.Fatalf("%s: %v", js, err)
	}
	return text
}

// click follows what a selector names, and waits until what another names is there.
func (w *walker) click(selector, until string) {
	w.t.Helper()
	w.clicks++
	if err := chromedp.Do(w.ctx, chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)), chromedp.WaitVisible(chromedp.CSS(until))); err != nil {
		w.t.Fatalf("%s, until %s: %v", selector, until, err)
	}
}

// A citizen who reads a sentence of the communiqué comes in three clicks from it to who vouches for it: the entry it rests
// on, the states whose nodes cosigned it, and their keys. Whoever has no script walks the same way.
func TestFromASentenceToItsWitnessesInThreeClicks(t *testing.T) {
	h, server := writes(t, trainingRecord(t))
	var verifiers []string
	for _, party := range []conference.PartyID{"xa", "xl", "xo"} {
		k := cosigner(t, "node."+string(party)).Verifier().String()
		takes(t, h.s, conference.Head, party, "AdmitNode", conference.AdmitNode{Verifier: k})
		verifiers = append(verifiers, k)
	}
	takes(t, h.s, conference.Secretary, "", "NameWitnesses", conference.NameWitnesses{Need: 2, Verifiers: verifiers})
	for _, name := range []string{"node.xa", "node.xo"} {
		answer, err := http.Post(server.URL+"/cosignatures", "text/plain", bytes.NewReader(cosignedBy(t, h.log.Verifier(), h.s.View().Checkpoint().Note, name)))
		if err != nil || answer.StatusCode != http.StatusNoContent {
			t.Fatal(answer, err)
		}
		answer.Body.Close()
	}
	w := walks(t)
	w.visit(server.URL + "/en/meetings/viii/communique")
	sentence := w.read(`document.querySelector(".prose p .mark").parentElement.innerText`)
	w.click(`.prose p .mark`, `#pv`)
	said := w.read(`document.querySelector("main").innerText`)
	st := h.s.View().State()
	for _, words := range []string{"Witnessed by 2 of 3", "cosigned", "not yet"} {
		if !strings.Contains(said, words) {
			t.Errorf("the entry of %q does not say %q", sentence, words)
		}
	}
	for party, has := range map[conference.PartyID]string{"xa": "cosigned", "xl": "not yet", "xo": "cosigned"} {
		p, _ := st.Party(party)
		name := p.Named.Short.In("en")
		row := w.read(fmt.Sprintf(`[...document.querySelectorAll("section[aria-labelledby=pv] dt")].filter(e => e.innerText.includes(%q)).map(e => e.nextElementSibling.innerText).join()`, name))
		if name == "" || row != has {
			t.Errorf("%s: %q, not %q", name, row, has)
		}
	}
	w.click(`section[aria-labelledby=pv] a[href$="#nodes"]`, `#nodes`)
	if said := w.read(`document.querySelector("main").innerText`); !strings.Contains(said, verifiers[0]) || !strings.Contains(said, fmt.Sprintf("cosigned %d of %d entries", st.Size, st.Size)) {
		t.Error("the nodes and their keys are not there")
	}
	if w.clicks > 3 || w.clicks == 0 || sentence == "" {
		t.Errorf("%d clicks from %q", w.clicks, sentence)
	}
	if dir := os.Getenv("KURULTAI_PICTURES"); dir != "" {
		w.visit(server.URL + "/en/meetings/viii/communique")
		w.click(`.prose p .mark`, `#pv`)
		if png, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100)); err == nil {
			os.WriteFile(dir+"/entry.png", png, 0o600)
		}
	}
}
