package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/witness"
)

// point is the public key of a new device.
func point(t *testing.T) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := k.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return canonical.EncodeBytes(b)
}

// enrols has a person enrol a device by a link of the secretariat's.
func enrols(t *testing.T, h *house, person conference.PersonID, credential, key string) {
	t.Helper()
	token := []byte(credential + strings.Repeat("-", 32))[:32]
	takes(t, h.s, conference.Secretary, "", "InviteToEnrol", conference.InviteToEnrol{Person: person, Link: record.DigestOf(token), Until: h.s.Now().AddHours(24)})
	fields, err := canonical.Parse(string(canonical.Encode(nil, conference.EnrolPasskey{Credential: credential, Key: key, Link: canonical.EncodeBytes(token)})))
	if err != nil {
		t.Fatal(err)
	}
	a := secretariat.Act{Submitted: record.Submitted{Name: "EnrolPasskey", By: string(person), As: string(conference.Myself), Fields: fields, Key: newKey(), Origin: h.log.Origin()}}
	if _, err := h.s.Do(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
}

// A node that knows its party's keys names the entry that enrols another in the party's name: on its pages, in its log, by
// its webhook, in a file that convinces others; and it cosigns no more. Once its party knows the key it goes on.
func TestANodeRaisesAKeyThatIsNotItsPartys(t *testing.T) {
	h, server := served(t, trainingRecord(t))
	dir := t.TempDir()
	own, copied := filepath.Join(dir, "own"), filepath.Join(dir, "copy")
	list := "# keys of the delegation\nxa\n"
	knows := func(credential, key string) {
		t.Helper()
		list += credential + " " + key + "\n"
		if err := os.WriteFile(own, []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	told := make(chan []byte, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		told <- b
	}))
	defer hook.Close()
	var log syncBuffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)

	node := filepath.Join(dir, "node.key")
	_, verifier, _ := kurultai(t, "follow", "-key", node, "-name", "node.xa", "-newkey")
	takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: strings.TrimSpace(verifier)})
	of := func(party conference.PartyID) conference.PersonID {
		return conference.PersonID(holderIn(t, h, conference.Head, party))
	}
	ours := point(t)
	enrols(t, h, of("xa"), "b3Vycw", ours)
	knows("b3Vycw", ours)
	c := followConfig{dir: copied, from: server.URL, key: node, own: own, webhook: hook.URL}
	rows := 0
	for _, row := range []struct {
		what   string
		enrols func() (credential, key string)
	}{
		{"a device of its head", func() (string, string) {
			key := point(t)
			enrols(t, h, of("xa"), "c3RyYW5nZXI", key)
			return "c3RyYW5nZXI", key
		}},
		{"the party's own key", func() (string, string) {
			key := point(t)
			takes(t, h.s, conference.Head, "xa", "DepositPartyKey", conference.DepositPartyKey{Credential: "cGFydHk", Key: key, Note: record.DigestOf([]byte("a note"))})
			return "cGFydHk", key
		}},
	} {
		rows++
		t.Run(row.what, func(t *testing.T) {
			page, _ := nodeRuns(t, c)
			witnessed := func() bool { return h.marks.Of(h.s.View().State().Size - 1).Witnessed() }
			eventually(t, "the node cosigns", witnessed)
			enrols(t, h, of("xl"), canonical.EncodeBytes([]byte("of another "+row.what)), point(t)) // is nobody's business here
			eventually(t, "the node cosigns on", witnessed)
			credential, key := row.enrols()
			index := h.s.View().State().Size - 1
			var evidence []byte
			select {
			case evidence = <-told:
			case <-time.After(20 * time.Second):
				t.Fatal("the webhook hears of nothing")
			}
			whole, err := os.ReadFile(filepath.Join(copied, "evidence.jsonl"))
			if err != nil || !bytes.HasPrefix(whole, evidence) {
				t.Fatalf("the file does not begin with what the webhook heard: %v", err)
			}
			if text := log.String(); !strings.Contains(text, "not-our-key") || !strings.Contains(text, fmt.Sprintf("entry=%d", index)) || !strings.Contains(text, credential) {
				t.Errorf("the log does not say it: %s", text)
			}
			answer, err := http.Get(page + "/en")
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if want := fmt.Sprintf("Entry %d enrols a key in this delegation", index); !strings.Contains(string(text), want) || !strings.Contains(string(text), credential) {
				t.Errorf("the page does not say %q", want)
			}
			if witnessed() {
				t.Error("the entry is cosigned")
			}
			enrols(t, h, of("xl"), canonical.EncodeBytes([]byte("and one more "+row.what)), point(t))
			if witnessed() {
				t.Error("the node goes on cosigning")
			}
			// It convinces somebody who has the log's key alone, and no other key or entry does.
			file := filepath.Join(dir, "evidence")
			if err := os.WriteFile(file, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			if code, out, talk := kurultai(t, "verify", "-key", h.log.Verifier(), file); code != 0 || !strings.Contains(out, credential) || !strings.Contains(out, "says that it is none of theirs") {
				t.Errorf("%d %s %s", code, out, talk)
			}
			e, err := witness.ParseEvidence(evidence)
			if err != nil {
				t.Fatal(err)
			}
			verifier := must(record.ParseVerifier(h.log.Verifier()))
			for name, change := range map[string]func(*witness.Evidence){
				"without the node's word": func(e *witness.Evidence) { e.Claim = "" },
				"of another node":         func(e *witness.Evidence) { e.Node = cosigner(t, "node.xl").Verifier().String() },
				"of another entry":        func(e *witness.Evidence) { e.Entry-- },
				"with another claim":      func(e *witness.Evidence) { e.Claim = strings.Replace(e.Claim, credential, "b3Vycw", 1) },
				"admitted by another":     func(e *witness.Evidence) { e.Admission, e.AdmissionProof, e.Admitted = e.Bytes, e.Proof, e.Entry },
			} {
				changed := e
				change(&changed)
				if changed.Check(verifier) == nil {
					t.Errorf("evidence %s convinces", name)
				}
			}
			knows(credential, key)
		})
	}
	// Started again, it lays the evidence aside and goes on.
	nodeRuns(t, c)
	eventually(t, "the node goes on", func() bool { return h.marks.Of(h.s.View().State().Size - 1).Witnessed() })
	kept, err := filepath.Glob(filepath.Join(copied, "evidence-*.jsonl"))
	if err != nil || len(kept) != rows || rows != 2 {
		t.Errorf("%d rows, %d files of evidence", rows, len(kept))
	}
}

func TestAListOfOwnKeysThatIsNoneIsRefused(t *testing.T) {
	rows := 0
	for _, text := range []string{"", "# nothing\n", "xa xb\n", "a b\nxa\n", "xa\nkey\n", "xa\na b\na c\n", "xa\na b c\n"} {
		rows++
		if _, err := witness.ParseOwn(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if own, err := witness.ParseOwn("# ours\n\nxa\r\na b\n"); err != nil || own.Party != "xa" || own.Keys["a"] != "b" || rows == 0 {
		t.Errorf("%+v %v", own, err)
	}
}
