package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/secretariat"
	"kurultai/web"
	"kurultai/witness"
)

// answers has nodes cosign the checkpoint that a house shows, as they do when they come and find nothing more.
func answers(t testing.TB, h *house, nodes ...note.Signer) {
	t.Helper()
	if err := h.marks.Add(t.Context(), signedBy(h.log.Verifier(), h.s.View().Checkpoint().Note, nodes...)); err != nil {
		t.Fatal(err)
	}
}

// code is why an act is refused, or "".
func code(t testing.TB, err error) conference.Code {
	t.Helper()
	var r *conference.Refusal
	if err != nil && !errors.As(err, &r) {
		t.Fatal(err)
	}
	if r == nil {
		return ""
	}
	return r.Code
}

// opened opens a record anew, as a writer that starts does.
func opened(t testing.TB, dir string) *house {
	t.Helper()
	h, err := openToWrite(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// A writer that starts asks who cosigned it before, and writes nothing until more than half have answered; two officers
// may go on without them, which is the first entry then and shown until the nodes agree.
func TestAStartWaitsForItsWitnesses(t *testing.T) {
	dir := trainingRecord(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	synctest.Test(t, func(t *testing.T) { startWaits(t, dir, l) })
}

// startWaits is the test in a time of its own: a minute and more lies between one start and the next.
func startWaits(t *testing.T, dir string, l net.Listener) {
	first, second, third := cosigner(t, "node.one"), cosigner(t, "node.two"), cosigner(t, "node.three")
	h := opened(t, dir)
	for i, n := range []*torchwood.CosignatureSigner{first, second, third} {
		takes(t, h.s, []conference.Capacity{conference.Head, conference.Head, conference.Secretary}[i], []conference.PartyID{"xa", "xl", ""}[i], "AdmitNode", conference.AdmitNode{Verifier: n.Verifier().String()})
	}
	node := cosigner(t, "node.spare").Verifier().String()
	try := func(h *house) conference.Code {
		t.Helper()
		return code(t, tries(t, h.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: node}))
	}
	again := func() *house {
		t.Helper()
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		h = opened(t, dir)
		return h
	}
	defer func() { h.Close() }()
	if _, _, held := again().marks.Held(); held {
		t.Error("nodes that never came are waited for")
	}
	answers(t, h, first, second, third)
	again()
	if have, need, held := h.marks.Held(); have != 0 || need != 2 || !held {
		t.Fatalf("%d of %d, held %v", have, need, held)
	}
	size := h.s.View().State().Size
	if got := try(h); got != "witnesses-silent" {
		t.Fatalf("an act before they answered: %q", got)
	}
	if got := code(t, h.s.DoWhole(t.Context(), &secretariat.Whole{Acts: []*secretariat.Act{{}}})); got != "witnesses-silent" {
		t.Fatalf("many acts before they answered: %q", got)
	}
	pages := func(h *house) http.Handler { return pagesOf(h, l, web.Options{}) }
	site := pages(h)
	shows := func(words string) bool {
		t.Helper()
		r := httptest.NewRecorder()
		site.ServeHTTP(r, httptest.NewRequest("GET", addressOf(l)+"/en/record", nil))
		if r.Code != http.StatusOK {
			t.Fatal(r.Code)
		}
		return strings.Contains(r.Body.String(), words)
	}
	if !shows("0 of the 2 witnesses") {
		t.Error("the pages do not say that nothing is written")
	}
	answers(t, h, first)
	if got := try(h); got != "witnesses-silent" || !shows("1 of the 2 witnesses") {
		t.Errorf("one answered: %q", got)
	}
	answers(t, h, third)
	if got := try(h); got != "" || shows("of the 2 witnesses") {
		t.Errorf("two answered: %q", got)
	}
	if h.s.View().State().Size != size+1 {
		t.Error("something was written while they were waited for")
	}

	// What was signed long ago is no answer, nor what is signed now for less.
	less := h.s.View().Checkpoint()
	takes(t, h.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "node.other").Verifier().String()})
	answers(t, h, first, second, third)
	again()
	long := 0
	for cosigned, err := range h.engine.Cosigned(t.Context()) {
		if err == nil {
			err = h.marks.Add(t.Context(), cosigned.Note)
		}
		if err != nil {
			t.Fatal(err)
		}
		long++
	}
	if err := h.marks.Add(t.Context(), signedBy(h.log.Verifier(), less.Note, first, second, third)); err != nil || long == 0 {
		t.Fatal(long, err)
	}
	if have, need, held := h.marks.Held(); have != 0 || need != 2 || !held {
		t.Errorf("with what was signed for less: %d of %d, held %v", have, need, held)
	}

	// Two officers go on.
	size = h.s.View().State().Size
	if got := code(t, tries(t, h.s, conference.Head, "xa", "WithdrawNode", conference.WithdrawNode{Verifier: first.Verifier().String()})); got != "witnesses-silent" {
		t.Errorf("%q", got)
	}
	takes(t, h.s, conference.Secretary, "", "ProceedUnwitnessed", conference.ProceedUnwitnessed{Reason: "the line to three capitals is down"})
	if r := h.s.View().State().Resumed(); r.Index != size {
		t.Errorf("the first entry is %d, want %d", r.Index, size)
	}
	site = pages(h)
	if !shows("the line to three capitals is down") {
		t.Error("the pages do not say that officers went on")
	}
	takes(t, h.s, conference.Secretary, "", "WithdrawNode", conference.WithdrawNode{Verifier: node})
	if _, _, held := again().marks.Held(); held {
		t.Error("what two officers decided is forgotten at the next start")
	}
	site = pages(h)
	answers(t, h, first, second)
	if !shows("the line to three capitals is down") {
		t.Error("two of the four that are asked for agree, and nothing is shown any more")
	}
	answers(t, h, first, second, third, cosigner(t, "node.other"))
	if shows("the line to three capitals is down") {
		t.Error("all agree, and it is shown still")
	}
	if _, _, held := again().marks.Held(); !held {
		t.Error("the next start asks nobody")
	}

	// Witnesses that are named are asked for as the policy says, though they never came.
	answers(t, h, first, second, third)
	takes(t, h.s, conference.Secretary, "", "NameWitnesses", conference.NameWitnesses{Need: 3, Verifiers: []string{first.Verifier().String(), second.Verifier().String(), third.Verifier().String()}})
	if have, need, held := again().marks.Held(); have != 0 || need != 3 || !held {
		t.Errorf("named: %d of %d, held %v", have, need, held)
	}
	answers(t, h, first, second)
	if got := try(h); got != "witnesses-silent" {
		t.Errorf("%q", got)
	}
	answers(t, h, third)
	if got := try(h); got != "" {
		t.Errorf("%q", got)
	}
}

// A record put back from an older copy, whose witness waits for checkpoints, is noticed at the start and mended from
// where the whole is, before anything is written.
func TestAStartMendsWhatItLacks(t *testing.T) {
	dir := trainingRecord(t)
	var size atomic.Int64 // what the witness has seen
	signer := cosigner(t, "waits.example")
	var h *house
	var key *record.Verifier
	waits := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, checkpoint, _ := bytes.Cut(body, []byte("\n\n"))
		head, err := record.OpenCheckpoint(checkpoint, key)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		old := strings.TrimPrefix(strings.SplitN(string(body), "\n", 2)[0], "old ")
		if seen := size.Load(); old != fmt.Sprint(seen) || head.Size < seen {
			w.WriteHeader(http.StatusConflict)
			fmt.Fprintln(w, seen)
			return
		}
		size.Store(head.Size)
		_, lines, _ := bytes.Cut(signedBy(h.log.Verifier(), checkpoint, signer), []byte("\n\n"))
		for line := range strings.Lines(string(lines)) {
			if strings.HasPrefix(line, "\u2014 waits.example ") {
				io.WriteString(w, line)
			}
		}
	}))
	defer waits.Close()
	h = opened(t, dir)
	var err error
	if key, err = record.ParseVerifier(h.log.Verifier()); err != nil {
		t.Fatal(err)
	}
	takes(t, h.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: signer.Verifier().String(), Address: waits.URL})
	if err := witness.Ask(t.Context(), h.marks, http.DefaultClient, waits.URL); err != nil {
		t.Fatal(err)
	}
	h.Close()
	older := filepath.Join(t.TempDir(), "older")
	if err := os.CopyFS(older, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log.key", "subjects"} {
		if err := os.Chmod(filepath.Join(older, "keys", name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h = opened(t, dir)
	if _, _, held := h.marks.Held(); held {
		t.Fatal("the witness answered and is waited for")
	}
	takes(t, h.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "later.example").Verifier().String()})
	if err := witness.Ask(t.Context(), h.marks, http.DefaultClient, waits.URL); err != nil {
		t.Fatal(err)
	}
	whole := h.s.View().Checkpoint()
	h.Close()
	mirror := filepath.Join(t.TempDir(), "mirror")
	if code, _, talk := kurultai(t, "export", "-data", dir, "-format", "tiles", mirror); code != 0 {
		t.Fatal(talk)
	}

	if _, err := openToWrite(t.Context(), older, ""); !errors.Is(err, witness.ErrAhead) || !strings.Contains(err.Error(), "lacks its end") {
		t.Fatalf("nobody has the end: %v", err)
	}
	// The second source has it, the first does not answer.
	mended, err := openToWrite(t.Context(), older, "", "http://127.0.0.1:1", mirror)
	if err != nil {
		t.Fatal(err)
	}
	defer mended.Close()
	if got := mended.s.View().Checkpoint(); got.Size != whole.Size || got.Root != whole.Root {
		t.Errorf("%d %s", got.Size, got.Root)
	}
	if have, need, held := mended.marks.Held(); held || have != 1 || need != 1 {
		t.Errorf("the witness has not agreed: %d of %d", have, need)
	}
	takes(t, mended.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "latest.example").Verifier().String()})
}
