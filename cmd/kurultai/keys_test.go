package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/record"
)

// The procedures of doc/trust.md for keys that are lost or copied, each lived once.

// A node lost its key: its head withdraws it and admits another, the secretaries name the witnesses anew; what the old one
// cosigned stays, what it cosigns from then on counts for nothing.
func TestALostKeyOfANodeIsReplaced(t *testing.T) {
	h, server := served(t, trainingRecord(t))
	key := func(name string) string { return cosigner(t, name).Verifier().String() }
	admit := func(name string) {
		takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: key(name)})
	}
	name := func(names ...string) {
		var list []string
		for _, n := range names {
			list = append(list, key(n))
		}
		takes(t, h.s, conference.Secretary, "", "NameWitnesses", conference.NameWitnesses{Need: int64(len(list)), Verifiers: list})
	}
	gives := func(name string) int {
		t.Helper()
		answer, err := http.Post(server.URL+"/cosignatures", "text/plain", bytes.NewReader(cosignedBy(t, h.log.Verifier(), h.s.View().Checkpoint().Note, name)))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	admit("node.old")
	name("node.old")
	old := h.s.View().State().Size - 1
	if code := gives("node.old"); code != 204 || !h.marks.Of(old).Witnessed() {
		t.Fatal(code, h.marks.Of(old))
	}
	takes(t, h.s, conference.Head, "xa", "WithdrawNode", conference.WithdrawNode{Verifier: key("node.old")})
	if code := gives("node.old"); code != 403 { // whoever has the copied key
		t.Errorf("the withdrawn key: %d", code)
	}
	admit("node.new")
	name("node.new")
	last := h.s.View().State().Size - 1
	if code := gives("node.new"); code != 204 || !h.marks.Of(last).Witnessed() || !h.marks.Of(old).Witnessed() {
		t.Error(code, h.marks.Of(last), h.marks.Of(old))
	}
	kept := 0
	for c, err := range h.engine.Cosigned(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(c.Note), "\u2014 node.old ") {
			kept++
		}
	}
	if kept == 0 {
		t.Error("what the old key cosigned is gone")
	}
}

// A witness is away for long: the mark waits, and comes when two secretaries ask for fewer, or for others.
func TestWitnessesAreNamedAnewWhileOneIsAway(t *testing.T) {
	h, server := served(t, trainingRecord(t))
	a, b := cosigner(t, "node.xa").Verifier().String(), cosigner(t, "away.example").Verifier().String()
	takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: a})
	takes(t, h.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: b})
	takes(t, h.s, conference.Secretary, "", "NameWitnesses", conference.NameWitnesses{Need: 2, Verifiers: []string{a, b}})
	index := h.s.View().State().Size - 1
	answer, err := http.Post(server.URL+"/cosignatures", "text/plain", bytes.NewReader(cosignedBy(t, h.log.Verifier(), h.s.View().Checkpoint().Note, "node.xa")))
	if err != nil || answer.StatusCode != 204 {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	if m := h.marks.Of(index); m.Witnessed() || m.Have != 1 || m.Of != 2 {
		t.Errorf("%+v", m)
	}
	takes(t, h.s, conference.Secretary, "", "NameWitnesses", conference.NameWitnesses{Need: 1, Verifiers: []string{a, b}})
	if m := h.marks.Of(index); !m.Witnessed() || m.Need != 1 {
		t.Errorf("%+v", m)
	}
}

// The log's key is lost, or was copied: nothing can be written any more; a new record is founded whose first paper is the
// last checkpoint of the old one that witnesses cosigned; a node does not follow it unless its operator pins the new key.
func TestALostKeyOfTheLogBeginsANewRecord(t *testing.T) {
	dir := trainingRecord(t)
	var last record.Checkpoint
	var before string
	func() {
		h, server := served(t, dir)
		defer server.Close()
		takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "node.xa").Verifier().String()})
		answer, err := http.Post(server.URL+"/cosignatures", "text/plain", bytes.NewReader(cosignedBy(t, h.log.Verifier(), h.s.View().Checkpoint().Note, "node.xa")))
		if err != nil || answer.StatusCode != 204 {
			t.Fatal(answer, err)
		}
		answer.Body.Close()
		if code, _, talk := kurultai(t, "follow", "-data", filepath.Join(dir, "..", "copy"), "-once", server.URL); code != 0 {
			t.Fatal(talk)
		}
		before = h.log.Verifier()
		var ok bool
		if last, ok, err = h.marks.Newest(t.Context(), 0); err != nil || !ok {
			t.Fatal(ok, err)
		}
		h.Close()
	}()
	if err := os.Remove(logKeyPath(dir)); err != nil {
		t.Fatal(err)
	}
	if code, _, talk := kurultai(t, "serve", "-data", dir, "-addr", "localhost:0"); code != 1 || !strings.Contains(talk, "log.key") && !strings.Contains(talk, "holds no record") {
		t.Errorf("without its key the record is served to be written: %d %s", code, talk)
	}
	// The new record, under a key of its own.
	h, server := served(t, trainingRecord(t))
	seals(t, h, "RegisterDocument", fmt.Sprintf(`{"language":"en","level":"public","symbol":"RECORD/1","text":"%s","type":"report"}`, record.DigestOf(last.Note)))
	paper, ok := h.s.View().State().Document("RECORD/1")
	if !ok || paper.Versions[0].Text != record.DigestOf(last.Note) {
		t.Error("the last checkpoint is not the new record's paper")
	}
	if h.log.Verifier() == before || h.log.Origin() == last.Origin {
		t.Fatal("the new record goes by the old key")
	}
	copied := filepath.Join(dir, "..", "copy")
	if code, _, talk := kurultai(t, "follow", "-data", copied, "-once", server.URL); code != 1 || !strings.Contains(talk, "and this copy is of "+last.Origin) {
		t.Errorf("a node goes over to the new key by itself: %s", talk)
	}
	if code, _, talk := kurultai(t, "follow", "-data", copied, "-log", h.log.Verifier(), "-once", server.URL); code != 1 || !strings.Contains(talk, "another key") {
		t.Errorf("over the copy of the old record: %d %s", code, talk)
	}
	if code, out, talk := kurultai(t, "follow", "-data", filepath.Join(dir, "..", "new"), "-log", h.log.Verifier(), "-once", server.URL); code != 0 || !strings.HasPrefix(out, "verified ") {
		t.Errorf("pinned by hand: %d %s", code, talk)
	}
}

// Whatever a node finds it tells by its webhook, in the bytes of the first line it keeps.
func TestADisagreementIsToldEverywhere(t *testing.T) {
	dir, log, size := finishedRecord(t)
	told := make(chan []byte, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		told <- b
	}))
	defer hook.Close()
	copied := filepath.Join(t.TempDir(), "copy")
	if code, _, talk := kurultai(t, "follow", "-data", copied, "-log", log, "-once", forged(t, dir, size-3, func(_ int64, b []byte) []byte { return b })); code != 0 {
		t.Fatal(talk)
	}
	rows := 0
	past := func(i int64, b []byte) []byte {
		if i == 5 {
			b = bytes.Replace(b, []byte(`.000Z","events"`), []byte(`.001Z","events"`), 1)
		}
		return b
	}
	for _, row := range []struct {
		name   string
		size   int64
		change func(i int64, b []byte) []byte
		kind   string
	}{
		{"two checkpoints of one size", size - 3, past, "fork"},
		{"a checkpoint that forgets", size - 9, past, "fork"},
		{"an entry that its rules do not allow", size, func(i int64, b []byte) []byte {
			if i == size-2 {
				b = regexp.MustCompile(`"as":"[A-Za-z]+"`).ReplaceAll(b, []byte(`"as":"Press"`))
			}
			return b
		}, "entry"},
	} {
		name := row.name
		rows++
		code, _, talk := kurultai(t, "follow", "-data", copied, "-log", log, "-webhook", hook.URL, "-once", forged(t, dir, row.size, row.change))
		if code != 1 {
			t.Errorf("%s: %d %s", name, code, talk)
			continue
		}
		file := filepath.Join(copied, "evidence.jsonl")
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("%s: %v (%s)", name, err, talk)
		}
		select {
		case heard := <-told:
			if !bytes.HasPrefix(kept, heard) || !bytes.Contains(kept, []byte(`"evidence":"`+row.kind+`"`)) {
				t.Errorf("%s: the webhook hears %.200s", name, heard)
			}
		default:
			t.Errorf("%s: the webhook hears nothing", name)
		}
		if code, out, talk := kurultai(t, "verify", "-key", log, file); code != 0 || !strings.Contains(out, "the log signed") {
			t.Errorf("%s: %d %s %s", name, code, out, talk)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	if rows != 3 {
		t.Errorf("%d rows", rows)
	}
}
