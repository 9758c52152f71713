package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/sqlite"
	"kurultai/witness"
)

// Evidence that somebody makes up against an honest log convinces nobody, however true what it shows is: an entry that its
// rules allow, a key of another delegation, a node that nobody admitted.
func TestEvidenceAgainstAnHonestLogConvincesNobody(t *testing.T) {
	dir := trainingRecord(t)
	var all []record.Stored
	var tree record.Tree
	var heads = map[string]string{}
	h, err := openUnwatched(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, party := range []string{"xa", "xl"} {
		heads[party] = holderIn(t, h, conference.Head, conference.PartyID(party))
	}
	takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: nodeKeyOf(t, "node.xa").Verifier().String()})
	enrols(t, h, conference.PersonID(heads["xl"]), "eGw", point(t))
	ofXL := h.s.View().State().Size - 1
	ours := point(t)
	enrols(t, h, conference.PersonID(heads["xa"]), "eGE", ours)
	ofXA := h.s.View().State().Size - 1
	key, origin, head := h.log.Verifier(), h.log.Origin(), h.s.View().Checkpoint()
	for stored, err := range h.engine.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, stored)
		tree.Append(stored.Hash)
	}
	h.Close()
	lines := func(proof []tlog.Hash, err error) (out []string) {
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range proof {
			out = append(out, h.String())
		}
		return out
	}
	// about is evidence of an entry, with all that is true of it.
	about := func(kind string, entry, before int64) witness.Evidence {
		e := witness.Evidence{Kind: kind, Large: string(head.Note), Entry: entry, Bytes: string(all[entry].Bytes), Before: before, Why: "it is wrong"}
		e.Proof = lines(tlog.ProveRecord(head.Size, entry, &tree))
		e.BeforeProof = lines(tlog.ProveTree(head.Size, before, &tree))
		return e
	}
	claims := func(e witness.Evidence, node, party string) witness.Evidence {
		n := nodeKeyOf(t, node)
		entry := must(record.ParseEntry(e.Bytes, e.Entry))
		var credential, key string
		for _, event := range entry.Events {
			if event.Get("kind").Str == "PasskeyEnrolled" {
				credential, key = event.Get("credential").Str, event.Get("key").Str
			}
		}
		e.Node = n.Verifier().String()
		e.Claim = string(must(n.Say(witness.SaysNotOurs, origin, strconv.FormatInt(e.Entry, 10), party, credential, key)))
		return e
	}
	file := filepath.Join(t.TempDir(), "evidence")
	verified := func(e witness.Evidence, behind int64, args ...string) (int, string) {
		t.Helper()
		text := e.Append(nil)
		for _, stored := range all[:behind] {
			text = append(append(text, stored.Bytes...), '\n')
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, talk := kurultai(t, append(append([]string{"verify", "-key", key}, args...), file)...)
		return code, out + talk
	}
	allowed := about("entry", 40, 40)
	allowed.Rule, allowed.Expected, allowed.Found = "rule 1", "refused: not-yours", "something"
	rows := 0
	// Another past, as lawful as the true one, in which the entry would not be.
	past := all[39]
	past.Bytes = bytes.Replace(past.Bytes, []byte(`"key":"`), []byte(`"key":"A`), 1)
	past.Bytes = append(past.Bytes[:bytes.Index(past.Bytes, []byte(`"key":"A`))+len(`"key":"A`)], past.Bytes[bytes.Index(past.Bytes, []byte(`"key":"A`))+len(`"key":"AA`):]...)
	true39 := all[39]
	all[39] = past
	if code, said := verified(allowed, 40); code != 1 || !strings.Contains(said, "are not those of the tree") {
		t.Errorf("another past: %d %s", code, said)
	}
	all[39] = true39
	for _, row := range []struct {
		what   string
		e      witness.Evidence
		behind int64
		args   []string
		code   int
		says   string
	}{
		{"an entry that its rules allow", allowed, 40, nil, 1, "is what its rules allow"},
		{"the same without the entries before it", allowed, 0, nil, 1, "-data"},
		{"the same against a copy", allowed, 0, []string{"-data", dir}, 1, "is what its rules allow"},
		{"with an entry less", allowed, 39, nil, 1, "are decided again"},
		{"with an entry more", allowed, 41, nil, 1, "other lines"},
		{"with fewer said to decide", about("entry", 40, 39), 39, nil, 1, "it is not the first 39 that decide"},
		{"a key of another delegation", claims(about("not-our-key", ofXL, head.Size), "node.xa", "xa"), head.Size, nil, 1, "does not act in the name of xa"},
		{"a key of that delegation, by the node of another", claims(about("not-our-key", ofXL, head.Size), "node.xa", "xl"), head.Size, nil, 1, "no node of xl"},
		{"a node that nobody admitted", claims(about("not-our-key", ofXA, head.Size), "node.made.up", "xa"), head.Size, nil, 1, "no node of xa"},
		{"the party's own node", claims(about("not-our-key", ofXA, head.Size), "node.xa", "xa"), head.Size, nil, 0, "says that it is none of theirs"},
		{"the same against a copy", claims(about("not-our-key", ofXA, head.Size), "node.xa", "xa"), 0, []string{"-data", dir}, 0, "says that it is none of theirs"},
	} {
		rows++
		if code, said := verified(row.e, row.behind, row.args...); code != row.code || !strings.Contains(said, row.says) {
			t.Errorf("%s: %d, not %q: %s", row.what, code, row.says, said)
		}
	}
	if rows != 11 {
		t.Errorf("%d rows", rows)
	}
}

// The evidence of an entry that may not be stands by itself, and where the entries before it are not beside it, by any copy:
// what the file says of it is what whoever checks it found.
func TestEvidenceOfAnEntryIsDecidedAgain(t *testing.T) {
	dir, log, size := finishedRecord(t)
	source := forged(t, dir, size, func(i int64, b []byte) []byte {
		if i == size-10 {
			b = bytes.Replace(b, []byte(`"at":"2`), []byte(`"at":"1`), 1)
		}
		return b
	})
	copied := filepath.Join(t.TempDir(), "copy")
	if code, _, talk := kurultai(t, "follow", "-data", copied, "-log", log, "-once", source); code != 1 || !strings.Contains(talk, "earlier") {
		t.Fatal(code, talk)
	}
	kept := must(os.ReadFile(filepath.Join(copied, "evidence.jsonl")))
	line, _, _ := bytes.Cut(kept, []byte("\n"))
	file := filepath.Join(t.TempDir(), "evidence")
	rows := 0
	for _, row := range []struct {
		what string
		text []byte
		args []string
		code int
		says string
	}{
		{"the file", kept, nil, 0, "is earlier than the entry before it"},
		{"with other words", bytes.Replace(kept, []byte(`"why":"`), []byte(`"why":"made up: `), 1), nil, 0, "decided again up to it: entry"},
		{"its first line", append(bytes.Clone(line), '\n'), nil, 1, "-data"},
		{"its first line and a copy", append(bytes.Clone(line), '\n'), []string{"-data", copied}, 0, "is earlier than the entry before it"},
		{"its first line and tiles", append(bytes.Clone(line), '\n'), []string{"-data", source}, 0, "is earlier than the entry before it"},
		{"another byte behind it", changedAt(kept, len(line)+300), nil, 1, "convinces nobody"},
	} {
		rows++
		if err := os.WriteFile(file, row.text, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out, talk := kurultai(t, append(append([]string{"verify", "-key", log}, row.args...), file)...); code != row.code || !strings.Contains(out+talk, row.says) || strings.Contains(out, "made up") {
			t.Errorf("%s: %d, not %q: %s%s", row.what, code, row.says, out, talk)
		}
	}
	if rows != 6 {
		t.Errorf("%d rows", rows)
	}
}

func changedAt(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

// A copy that was stopped before it had verified a checkpoint whole knows which one it was: another record is evidence, and
// nothing of it is put behind the entries that are kept.
func TestWhatIsKeptOnTheWayIsMixedWithNothing(t *testing.T) {
	dir, log, size := finishedRecord(t)
	later := func(at int64) func(int64, []byte) []byte {
		return func(i int64, b []byte) []byte {
			if i == at {
				b = bytes.Replace(b, []byte(`"at":"2`), []byte(`"at":"1`), 1)
			}
			return b
		}
	}
	copied := filepath.Join(t.TempDir(), "copy")
	evidence := filepath.Join(copied, "evidence.jsonl")
	follow := func(source string) (int, string) {
		code, _, talk := kurultai(t, "follow", "-data", copied, "-log", log, "-once", source)
		return code, talk
	}
	if code, talk := follow(forged(t, dir, size, later(size-10))); code != 1 || os.Remove(evidence) != nil {
		t.Fatal(talk)
	}
	// A shorter one, of another past: nothing can be shown to others, and nothing is mixed.
	if code, talk := follow(forged(t, dir, size-5, later(size-30))); code != 1 || !strings.Contains(talk, "are not those") {
		t.Errorf("%d %s", code, talk)
	}
	if code, talk := follow(forged(t, dir, size, later(size-30))); code != 1 {
		t.Error(talk)
	}
	e, err := witness.ParseEvidence(must(os.ReadFile(evidence)))
	if err != nil || e.Kind != "fork" || e.Check(must(record.ParseVerifier(log))) != nil {
		t.Errorf("%v %+v", err, e)
	}
	if kept := keptIn(t, copied); kept != size-10 {
		t.Errorf("%d entries are kept", kept)
	}
}

// A file that was not to be had when its entry came is asked for again after a restart, and from another source.
func TestAFileThatWasMissedComesAfterARestart(t *testing.T) {
	h, server := served(t, trainingRecord(t))
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blob/") {
			http.NotFound(w, r)
			return
		}
		passOn(w, r, server.URL)
	}))
	defer way.Close()
	copied := filepath.Join(t.TempDir(), "copy")
	files := func() (n int) {
		engine, err := sqlite.Open(copied, sqlite.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer engine.Close()
		for _, err := range engine.Blobs(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	for _, from := range []string{way.URL, way.URL} {
		if code, _, talk := kurultai(t, "follow", "-data", copied, "-log", h.log.Verifier(), "-once", from); code != 0 || files() != 0 || !strings.Contains(talk, "names a file that is not here") {
			t.Fatal(code, talk, files())
		}
	}
	if code, _, talk := kurultai(t, "follow", "-data", copied, "-log", h.log.Verifier(), "-once", server.URL); code != 0 {
		t.Fatal(talk)
	}
	if files() == 0 {
		t.Error("the files that were missed never come")
	}
}

// What comes changed beside the entries, a file or a name, is named by its entry, and comes right later.
func TestAChangedFileOrNameIsNamedByItsEntry(t *testing.T) {
	h, server := served(t, trainingRecord(t))
	var spoil atomic.Bool
	spoil.Store(true)
	var spoilt sync.Map
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		passOn(answer, r, server.URL)
		b := answer.Body.Bytes()
		kind, _, _ := strings.Cut(r.URL.Path[1:], "/")
		if spoil.Load() && answer.Code == 200 {
			switch kind {
			case "blob":
				b[len(b)/2] ^= 1
				spoilt.Store(kind, true)
			case "opening": // another salt: it is an opening, and of no value in its entry
				at := bytes.Index(b, []byte(`[\"`)) + 5
				b[at] ^= 1
				spoilt.Store(kind, true)
			}
		}
		w.WriteHeader(answer.Code)
		w.Write(b)
	}))
	defer way.Close()
	copied := filepath.Join(t.TempDir(), "copy")
	code, _, talk := kurultai(t, "follow", "-data", copied, "-log", h.log.Verifier(), "-once", way.URL)
	if code != 0 {
		t.Fatal(talk)
	}
	for kind, says := range map[string]string{"blob": "names a file that is not here: a file came that is another", "opening": "what the source opens of entr"} {
		if _, met := spoilt.Load(kind); !met || !strings.Contains(talk, says) {
			t.Errorf("%s, changed %v: not %q: %s", kind, met, says, talk)
		}
	}
	spoil.Store(false)
	if code, _, talk := kurultai(t, "follow", "-data", copied, "-log", h.log.Verifier(), "-once", way.URL); code != 0 || strings.Contains(talk, "file") || strings.Contains(talk, "opens") {
		t.Errorf("come right: %d %s", code, talk)
	}
}

// Who takes a cosignature and never answers holds up no node: it goes on following.
func TestWhoNeverAnswersHoldsUpNoNode(t *testing.T) {
	h, server := served(t, trainingRecord(t))
	nodeKey := filepath.Join(t.TempDir(), "key")
	_, verifier, _ := kurultai(t, "follow", "-key", nodeKey, "-name", "node.xa", "-newkey")
	takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: strings.TrimSpace(verifier)})
	var held atomic.Int64
	ended := make(chan struct{})
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cosignatures" {
			held.Add(1)
			<-ended
			return
		}
		passOn(w, r, server.URL)
	}))
	defer way.Close()
	defer way.CloseClientConnections()
	defer close(ended)
	copied := filepath.Join(t.TempDir(), "copy")
	page, _ := nodeRuns(t, followConfig{dir: copied, from: way.URL, key: nodeKey, patience: 100 * time.Millisecond})
	eventually(t, "a cosignature that nobody takes", func() bool { return held.Load() > 0 })
	takes(t, h.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "node.other").Verifier().String()})
	eventually(t, "the entry behind it", func() bool {
		answer, err := http.Get(page + "/checkpoint")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		b, _ := io.ReadAll(answer.Body)
		head, err := record.ReadCheckpoint(b)
		return err == nil && head.Size == h.s.View().State().Size
	})
}

// What other witnesses cosign shows on a node's own pages soon, though no entry follows.
func TestANodeHearsOfTheOthersSoon(t *testing.T) {
	h, server := served(t, trainingRecord(t))
	nodeKey := filepath.Join(t.TempDir(), "key")
	_, verifier, _ := kurultai(t, "follow", "-key", nodeKey, "-name", "node.xa", "-newkey")
	takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: strings.TrimSpace(verifier)})
	takes(t, h.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "node.other").Verifier().String()})
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Has("after") && !q.Has("unlike") { // no entry comes
			<-r.Context().Done()
			return
		}
		passOn(w, r, server.URL)
	}))
	defer way.Close()
	defer way.CloseClientConnections()
	page, _ := nodeRuns(t, followConfig{dir: filepath.Join(t.TempDir(), "copy"), from: way.URL, key: nodeKey})
	last := h.s.View().State().Size - 1
	eventually(t, "the node's own cosignature", func() bool { return h.marks.Of(last).Have == 1 })
	answers(t, h, cosigner(t, "node.other"))
	eventually(t, "the other's on the node's page", func() bool {
		answer, err := http.Get(fmt.Sprintf("%s/en/record/%d", page, last))
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		b, _ := io.ReadAll(answer.Body)
		return strings.Contains(string(b), "Witnessed by 2 of 2")
	})
}

// passOn answers as another server does.
func passOn(w http.ResponseWriter, r *http.Request, to string) {
	asked, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, to+r.URL.RequestURI(), r.Body)
	if err == nil {
		var answer *http.Response
		if answer, err = http.DefaultClient.Do(asked); err == nil {
			defer answer.Body.Close()
			w.WriteHeader(answer.StatusCode)
			io.Copy(w, answer.Body)
			return
		}
	}
	http.Error(w, err.Error(), http.StatusBadGateway)
}

// What is written in one go is there whole or not at all, and replaces nothing.
func TestAFileIsWrittenWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := writeSyncedFrom(path, io.MultiReader(strings.NewReader("half"), cutShort{})); err == nil {
		t.Error("what broke off is taken for whole")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the half is there")
	}
	if err := writeSynced(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := writeSynced(path, []byte("two")); !errors.Is(err, os.ErrExist) {
		t.Errorf("over another: %v", err)
	}
	left, err := os.ReadDir(dir)
	if b := must(os.ReadFile(path)); err != nil || string(b) != "one" || len(left) != 1 {
		t.Errorf("%q, %d files, %v", b, len(left), err)
	}
}

type cutShort struct{}

func (cutShort) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
