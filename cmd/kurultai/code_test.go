package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/record/recordtest"
)

// The code on a paper, read from the printed page by a program of others, leads to the page where what the paper states is
// proven and witnessed, and to a bundle of it that verifies.
func TestTheCodeOnAPaperLeadsToItsProof(t *testing.T) {
	render, read := recordtest.Program(t, "pdftoppm"), recordtest.Program(t, "zbarimg")
	h, server := writes(t, trainingRecord(t))
	here := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	if err := h.nameOrigin(t.Context(), here); err != nil {
		t.Fatal(err)
	}
	takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "node.xa").Verifier().String()})
	get := func(address string) []byte {
		t.Helper()
		answer, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, _ := io.ReadAll(answer.Body)
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %.200s", address, answer.Status, b)
		}
		return b
	}
	answer, err := http.Post(server.URL+"/cosignatures", "text/plain", bytes.NewReader(cosignedBy(t, h.log.Verifier(), h.s.View().Checkpoint().Note, "node.xa")))
	if err != nil || answer.StatusCode != http.StatusNoContent {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	dir := t.TempDir()
	papers := 0
	for _, name := range []string{"voting-record", "decisions", "communique", "agenda"} {
		file := filepath.Join(dir, name+".pdf")
		if err := os.WriteFile(file, get(server.URL+"/en/meetings/viii/papers/"+name+".pdf"), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(render, "-r", "200", "-png", file, filepath.Join(dir, name)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		pages, err := filepath.Glob(filepath.Join(dir, name+"*.png"))
		if err != nil || len(pages) == 0 {
			t.Fatal(pages, err)
		}
		out, _ := exec.Command(read, append([]string{"-q", "--raw"}, pages...)...).Output() // it exits 4 where a page has none
		code := strings.TrimSpace(string(out))
		if !strings.HasPrefix(code, here+"/en/verify?") || strings.Contains(code, "\n") {
			t.Fatalf("%s: %q", name, code)
		}
		papers++
		address, err := url.Parse(code)
		if err != nil {
			t.Fatal(err)
		}
		entries := address.Query().Get("entries")
		page := string(get(code))
		for _, words := range []string{"Witnessed by 1 of 1", fmt.Sprintf(`href="/bundle/%s"`, entries)} {
			if !strings.Contains(page, words) {
				t.Errorf("%s: the page does not say %q", name, words)
			}
		}
		first := regexp.MustCompile(`^\d+`).FindString(entries)
		if !strings.Contains(page, fmt.Sprintf(`href="/en/record/%s"`, first)) {
			t.Errorf("%s: entry %s is not on the page", name, first)
		}
		p, err := checked(get(server.URL+"/bundle/"+entries), h.log.Verifier(), nil)
		if err != nil || !p.Witnessed() {
			t.Errorf("%s: the bundle: %v", name, err)
		}
		held := map[string]bool{}
		for _, e := range p.Entries {
			held[fmt.Sprint(e.Index)] = true
		}
		if !held[first] {
			t.Errorf("%s: the bundle does not hold entry %s", name, first)
		}
	}
	if papers != 4 {
		t.Errorf("%d papers", papers)
	}
	for _, address := range []string{"/bundle/2,1", "/bundle/0-999", "/bundle/x", "/bundle/999999", "/en/verify?size=1&root=x&entries=2,1"} {
		answer, err := http.Get(server.URL + address)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Body.Close(); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", address, answer.Status)
		}
	}
}
