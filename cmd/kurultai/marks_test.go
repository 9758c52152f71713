package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"kurultai/conference"
)

// follows reads a page's stream until the test ends; each frame is one string.
func follows(t *testing.T, address string) <-chan string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	frames := make(chan string, 100)
	go func() {
		defer answer.Body.Close()
		var frame strings.Builder
		for s := bufio.NewReader(answer.Body); ; {
			line, err := s.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\n" && frame.Len() > 0 {
				frames <- frame.String()
				frame.Reset()
			} else if text, ok := strings.CutPrefix(line, "data: "); ok {
				frame.WriteString(text)
			}
		}
	}()
	t.Cleanup(stop)
	return frames
}

// says waits for a frame that holds some words.
func says(t *testing.T, frames <-chan string, words string) {
	t.Helper()
	for end := time.After(20 * time.Second); ; {
		select {
		case frame := <-frames:
			if strings.Contains(frame, words) {
				return
			}
		case <-end:
			t.Fatalf("no frame says %q", words)
		}
	}
}

// While the witnesses are away the meeting goes on and the mark waits; as they cosign it moves on the pages that are open,
// without another entry: recorded and proven, then cosigned by one of three, then witnessed by two of three.
func TestAMarkMovesOnAnOpenPageAsWitnessesCosign(t *testing.T) {
	h, server := writes(t, trainingRecord(t))
	var verifiers []string
	for i, name := range []string{"node.xa", "node.xl", "node.xb"} {
		verifiers = append(verifiers, cosigner(t, name).Verifier().String())
		as, party := conference.Head, conference.PartyID(strings.TrimPrefix(name, "node."))
		if i == 2 {
			as, party = conference.Secretary, ""
		}
		takes(t, h.s, as, party, "AdmitNode", conference.AdmitNode{Verifier: verifiers[i]})
	}
	takes(t, h.s, conference.Secretary, "", "NameWitnesses", conference.NameWitnesses{Need: 2, Verifiers: verifiers})
	size := h.s.View().State().Size
	get := func(path string) string {
		answer, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, _ := io.ReadAll(answer.Body)
		return string(b)
	}
	meeting := get("/en/meetings/vii")
	outcome := regexp.MustCompile(`class="mark open" href="(/en/record/\d+)"`).FindStringSubmatch(meeting)
	if outcome == nil || strings.Contains(meeting, `class="mark" href`) {
		t.Fatal("the outcomes of the meeting do not wait for their marks")
	}
	page := get(outcome[1])
	for _, words := range []string{"Cosigned by 0 of 3 so far; 2 are asked for", "the record goes on"} {
		if !strings.Contains(page, words) {
			t.Errorf("the page does not say %q", words)
		}
	}
	if !regexp.MustCompile(`data-live="` + outcome[1] + `/live"`).MatchString(page) {
		t.Error("the page of an entry does not follow the record")
	}
	entry, hall, record := follows(t, server.URL+outcome[1]+"/live"), follows(t, server.URL+"/en/meetings/vii/live"), follows(t, server.URL+"/en/record/live")
	says(t, entry, "Cosigned by 0 of 3")
	says(t, hall, "<main")
	says(t, record, "cosigned 0 of")
	cosigns := func(name string) {
		t.Helper()
		signed := cosignedBy(t, h.log.Verifier(), h.s.View().Checkpoint().Note, name)
		answer, err := http.Post(server.URL+"/cosignatures", "text/plain", bytes.NewReader(signed))
		if err != nil || answer.StatusCode != http.StatusNoContent {
			t.Fatal(answer, err)
		}
		answer.Body.Close()
	}
	cosigns("node.xa")
	says(t, entry, "Cosigned by 1 of 3 so far; 2 are asked for")
	says(t, record, fmt.Sprintf("cosigned %d of %d entries", size, size))
	cosigns("node.xb")
	says(t, entry, "Witnessed by 2 of 3")
	says(t, hall, `class="mark" href="`+outcome[1]+`"`)
	if now := h.s.View().State().Size; now != size {
		t.Errorf("%d entries came meanwhile", now-size)
	}
	// Away again: acts are taken, and the new entry waits.
	takes(t, h.s, conference.Head, "xl", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "node.new").Verifier().String()})
	says(t, record, fmt.Sprintf(`class="mark open" href="/en/record/%d"`, size))
	if page := get(fmt.Sprintf("/en/record/%d", size)); !strings.Contains(page, "Cosigned by 0 of 3") {
		t.Error("the new entry does not wait")
	}
}
