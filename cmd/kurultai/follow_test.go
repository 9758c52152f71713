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
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/sqlite"
	"kurultai/record/tiles"
	"kurultai/witness"
)

// kurultai runs a command and returns what it answered and said.
func kurultai(t testing.TB, args ...string) (code int, out, talk string) {
	t.Helper()
	var o, s bytes.Buffer
	code = run(t.Context(), streams{&o, &s}, args)
	return code, o.String(), s.String()
}

// trainingRecord is a folder with the record of the training body.
func trainingRecord(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "W")
	if code, _, talk := kurultai(t, "demo", "-story", "training", "-pace", "0", "-once", "-addr", "localhost:0", "-data", dir); code != 0 {
		t.Fatal(talk)
	}
	return dir
}

// finishedRecord is such a folder, the log's verifier key, and how many entries there are.
func finishedRecord(t testing.TB) (dir, log string, size int64) {
	t.Helper()
	dir = trainingRecord(t)
	h, err := openToRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	return dir, h.log.Verifier(), must(h.view(t.Context())).State().Size
}

// keptIn is how many entries a copy has.
func keptIn(t testing.TB, dir string) int64 {
	t.Helper()
	e, err := sqlite.Open(dir, sqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return must(e.Head(t.Context())).Size
}

// holderIn is who holds an office in a record.
func holderIn(t testing.TB, h *house, as conference.Capacity, party conference.PartyID) string {
	t.Helper()
	v, err := h.view(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range v.State().Holders(as) {
		if o.For == party {
			return string(o.Person)
		}
	}
	t.Fatalf("nobody is %s of %s", as, party)
	return ""
}

// served serves a record as serve does, until the test ends.
func served(t testing.TB, dir string) (*house, *httptest.Server) {
	t.Helper()
	h, err := openUnwatched(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(withTiles(http.NotFoundHandler(), h.marks, h.ahead, tiles.Served{Now: func() tiles.Log { return cosignedLog{h.s.View(), h.engine} }, Wait: h.s.Wait}, bundles(h.marks, h.s.View)))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		h.Close()
	})
	return h, server
}

func TestNodesFollowAndCosign(t *testing.T) {
	dir := trainingRecord(t)
	keys := t.TempDir()
	var nodes []string
	for i, party := range []string{"xa", "xl"} {
		key := filepath.Join(keys, party)
		code, verifier, talk := kurultai(t, "follow", "-key", key, "-name", "node."+party, "-newkey")
		if code != 0 {
			t.Fatal(talk)
		}
		if _, again, _ := kurultai(t, "follow", "-key", key, "-newkey"); again != verifier {
			t.Errorf("the key made anew: %s", again)
		}
		h, err := openToRead(dir)
		if err != nil {
			t.Fatal(err)
		}
		by := holderIn(t, h, conference.Head, conference.PartyID(party))
		h.Close()
		if i == 1 {
			nodes = append(nodes, key) // admitted later
			continue
		}
		if code, _, talk := kurultai(t, "act", "-data", dir, "-by", by, "-as", "Head", "-for", party, "AdmitNode", `{"verifier":"`+strings.TrimSpace(verifier)+`"}`); code != 0 {
			t.Fatal(talk)
		}
		nodes = append(nodes, key)
	}
	h, server := served(t, dir)
	copies := t.TempDir()
	follow := func(key string) (int, string, string) {
		return kurultai(t, "follow", "-data", filepath.Join(copies, filepath.Base(key)), "-key", key, "-once", server.URL)
	}
	want := fmt.Sprintf("verified %d entries, root %s\n", h.s.View().State().Size, h.s.View().Checkpoint().Root)
	if code, out, talk := follow(nodes[0]); code != 0 || out != want {
		t.Fatalf("%d %q, want %q: %s", code, out, want, talk)
	}
	if mark := h.marks.Of(10); mark.Have != 1 || mark.Need != 1 || !mark.Witnessed() {
		t.Errorf("%+v", mark)
	}
	// One that is not admitted is told so, and its copy stands.
	if code, _, talk := follow(nodes[1]); code != 1 || !strings.Contains(talk, "AdmitNode") {
		t.Errorf("%d %s", code, talk)
	}
	takes(t, h.s, conference.Head, "xl", "AdmitNode", conference.AdmitNode{Verifier: func() string {
		_, v, _ := kurultai(t, "follow", "-key", nodes[1], "-newkey")
		return strings.TrimSpace(v)
	}()})
	if mark := h.marks.Of(10); mark.Witnessed() {
		t.Errorf("two are asked for and one came: %+v", mark)
	}
	for _, key := range nodes {
		if code, _, talk := follow(key); code != 0 {
			t.Fatal(talk)
		}
	}
	last := h.s.View().State().Size - 1
	if mark := h.marks.Of(last); mark.Have != 2 || !mark.Witnessed() {
		t.Errorf("%+v", mark)
	}
	// The checkpoint that is served bears them, a bundle too, and both outlive a restart.
	head, err := h.engine.Head(t.Context())
	if err != nil || strings.Count(string(head.Note), "\n\u2014 node.") != 2 {
		t.Errorf("%s %v", head.Note, err)
	}
	again, err := witness.OpenMarks(t.Context(), h.engine, must(record.ParseVerifier(h.log.Verifier())), func() witness.Marked { return h.s.View() })
	if err != nil || !again.Of(last).Witnessed() {
		t.Errorf("after a restart: %v", err)
	}
	answer, err := http.Get(server.URL + "/bundle/20")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if p, err := checked(text, h.log.Verifier(), nil); err != nil || !p.Witnessed() {
		t.Errorf("the bundle: %v", err)
	}
	// A copy is as good a source as the record: a mirror.
	mirror := filepath.Join(t.TempDir(), "tiles")
	if code, _, talk := kurultai(t, "export", "-data", dir, "-format", "tiles", mirror); code != 0 {
		t.Fatal(talk)
	}
	if code, out, talk := kurultai(t, "follow", "-data", filepath.Join(copies, "stick"), "-log", h.log.Verifier(), "-once", mirror); code != 0 || !strings.HasPrefix(out, "verified ") {
		t.Errorf("from a folder: %d %s", code, talk)
	}
	if code, _, talk := kurultai(t, "follow", "-data", dir, "-once", server.URL); code != 1 || !strings.Contains(talk, "written here") {
		t.Errorf("over the record itself: %d %s", code, talk)
	}
}

// What comes at the address of cosignatures is hostile: what is not a node's word about this record changes nothing.
func TestCosignaturesOfOthersAreRefused(t *testing.T) {
	h, server := served(t, trainingRecord(t))
	takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "node.xa").Verifier().String()})
	head := h.s.View().Checkpoint()
	other := must(h.log.SignCheckpoint(head.Size, tlog.Hash{1}))
	ahead := must(h.log.SignCheckpoint(head.Size+5, tlog.Hash{1}))
	with := func(signed []byte, by string) []byte {
		return cosignedBy(t, h.log.Verifier(), signed, by)
	}
	for name, row := range map[string]struct {
		body []byte
		code int
	}{
		"nothing":             {nil, 400},
		"noise":               {bytes.Repeat([]byte("x"), 1000), 400},
		"too long":            {bytes.Repeat([]byte("x"), 100_000), 413},
		"nobody's":            {head.Note, 403},
		"a stranger's":        {with(head.Note, "node.xb"), 403},
		"of another tree":     {with(other, "node.xa"), 409},
		"of a tree to come":   {with(ahead, "node.xa"), 409},
		"a signature changed": {bytes.Replace(with(head.Note, "node.xa"), []byte("node.xa "), []byte("node.xa B"), 1), 400},
	} {
		answer, err := http.Post(server.URL+"/cosignatures", "text/plain", bytes.NewReader(row.body))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != row.code {
			t.Errorf("%s: %s", name, answer.Status)
		}
	}
	if h.marks.Of(1).Have != 0 {
		t.Error("one of them counts")
	}
	// Lines of others are not kept beside a node's.
	mixed := with(with(head.Note, "node.xa"), "node.xb")
	answer, err := http.Post(server.URL+"/cosignatures", "text/plain", bytes.NewReader(mixed))
	if err != nil || answer.StatusCode != http.StatusNoContent {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	kept, err := h.engine.Head(t.Context())
	if err != nil || bytes.Contains(kept.Note, []byte("node.xb")) || !bytes.Contains(kept.Note, []byte("node.xa")) {
		t.Errorf("%s", kept.Note)
	}
	if answer, err := http.Get(server.URL + "/cosignatures"); err != nil || answer.StatusCode != http.StatusMethodNotAllowed {
		t.Error(answer, err)
	}
}

// forged is the exported layout of a record whose writer changed it behind everybody's back and signed it again.
func forged(t testing.TB, dir string, size int64, change func(i int64, b []byte) []byte) string {
	t.Helper()
	h, err := openToRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	var all []record.Stored
	var tree record.Tree
	for stored, err := range h.engine.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if stored.Index == size {
			break
		}
		stored.Bytes = change(stored.Index, stored.Bytes)
		stored.Hash = tlog.RecordHash(stored.Bytes)
		tree.Append(stored.Hash)
		all = append(all, stored)
	}
	root := must(tlog.TreeHash(tree.Size(), &tree))
	target := filepath.Join(t.TempDir(), "forged")
	err = tiles.Export(t.Context(), target, tiles.Source{Key: h.log.Verifier(), Blob: h.engine.Blob, Openings: func(func(record.Opening, error) bool) {},
		Head: record.Checkpoint{Origin: h.log.Origin(), Size: tree.Size(), Root: root, Note: must(h.log.SignCheckpoint(tree.Size(), root))},
		Entries: func(yield func(record.Stored, error) bool) {
			for _, s := range all {
				if !yield(s, nil) {
					return
				}
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func TestANodeFindsWhatADishonestWriterDid(t *testing.T) {
	dir := trainingRecord(t)
	h, err := openToRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	log, v := h.log.Verifier(), must(h.view(t.Context()))
	size := v.State().Size
	var result int64 // an entry that says a result
	for stored := range v.Entries(t.Context(), 0) {
		if bytes.Contains(stored.Bytes, []byte(`"yes":`)) && bytes.Contains(stored.Bytes, []byte(`"kind":"ResultAnnounced"`)) {
			result = stored.Index
		}
	}
	h.Close()
	if result == 0 {
		t.Fatal("no result is in the record")
	}
	key := filepath.Join(t.TempDir(), "key")
	same := func(_ int64, b []byte) []byte { return b }
	wrong := func(i int64, b []byte) []byte {
		if i == result {
			at := bytes.LastIndex(b, []byte(`"yes":`)) + len(`"yes":`)
			b = bytes.Clone(b)
			b[at] ^= 1
		}
		return b
	}
	copied := filepath.Join(t.TempDir(), "copy")
	evidence := filepath.Join(copied, "evidence.jsonl")
	check := func(what string, words ...string) {
		t.Helper()
		if code, out, talk := kurultai(t, "verify", "-key", log, evidence); code != 0 || !strings.Contains(out, "the log signed") {
			t.Errorf("%s: the evidence: %d %s %s", what, code, out, talk)
		} else {
			for _, w := range words {
				if !strings.Contains(out, w) {
					t.Errorf("%s: the evidence does not say %q: %s", what, w, out)
				}
			}
		}
		b, err := os.ReadFile(evidence)
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := bytes.Cut(b, []byte("\n"))
		b = append(bytes.Clone(line), '\n')
		for at := range b { // nobody can make evidence against a log that did nothing
			if at%7 != 0 && at > 200 {
				continue
			}
			changed := bytes.Clone(b)
			changed[at] ^= 1
			if e, err := witness.ParseEvidence(changed); err == nil && e.Check(must(record.ParseVerifier(log))) == nil && (e.Large != must(witness.ParseEvidence(b)).Large || e.Small != must(witness.ParseEvidence(b)).Small || e.Bytes != must(witness.ParseEvidence(b)).Bytes) {
				t.Errorf("%s: evidence with byte %d changed convinces", what, at)
			}
		}
		os.Remove(evidence)
	}
	// A wrong count: the entry, the rule, what was expected and what was found.
	code, _, talk := kurultai(t, "follow", "-data", copied, "-key", key, "-log", log, "-once", forged(t, dir, size, wrong))
	if code != 1 || !strings.Contains(talk, fmt.Sprintf("entry %d", result)) {
		t.Errorf("a wrong count: %d %s", code, talk)
	}
	check("a wrong count", fmt.Sprintf("entry %d", result), "rule: ", `"yes"`)
	// The entries before it are kept, and the honest record goes on from there.
	if code, out, talk := kurultai(t, "follow", "-data", copied, "-key", key, "-log", log, "-once", forged(t, dir, size-5, same)); code != 0 || !strings.Contains(out, fmt.Sprintf("verified %d entries", size-5)) {
		t.Fatalf("%d %s %s", code, out, talk)
	}
	// Another past behind a longer record; another record of the same size; one that forgets and says otherwise.
	for what, at := range map[string]int64{"a rewritten past": size, "two records of one size": size - 5, "a shorter record with another end": size - 6} {
		change := func(i int64, b []byte) []byte {
			if i == size-7 { // the time of an entry, a millisecond later
				at := bytes.LastIndex(b, []byte(`"at":"`)) + len(`"at":"2027-06-01T08:06:00.000`) - 1
				b = bytes.Clone(b)
				b[at] = '7'
			}
			return b
		}
		if code, _, talk := kurultai(t, "follow", "-data", copied, "-key", key, "-log", log, "-once", forged(t, dir, at, change)); code != 1 || !strings.Contains(talk, "the log signed") {
			t.Errorf("%s: %d %s", what, code, talk)
		}
		check(what)
	}
	// A mirror that lags accuses nobody.
	if code, _, talk := kurultai(t, "follow", "-data", copied, "-key", key, "-log", log, "-once", forged(t, dir, size-20, same)); code != 1 || !strings.Contains(talk, "behind") {
		t.Errorf("a mirror that lags: %d %s", code, talk)
	}
	if _, err := os.Stat(evidence); err == nil {
		t.Error("a mirror that lags is accused")
	}
	// What was kept was kept as it was.
	if kept := keptIn(t, copied); kept != size-5 {
		t.Errorf("%d entries are kept", kept)
	}
}

// A byte changed on the way is named by entry, and the node goes on when it comes right.
func TestAByteChangedOnTheWayIsNamed(t *testing.T) {
	h, server := served(t, trainingRecord(t))
	var spoil atomic.Bool
	spoil.Store(true)
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := http.Get(server.URL + r.URL.RequestURI())
		if err != nil {
			http.Error(w, err.Error(), 502)
			return
		}
		defer answer.Body.Close()
		b, _ := io.ReadAll(answer.Body)
		if spoil.Load() && strings.Contains(r.URL.Path, "/tile/entries/") && len(b) > 5000 {
			b[5000] ^= 1
		}
		w.WriteHeader(answer.StatusCode)
		w.Write(b)
	}))
	defer way.Close()
	dir := filepath.Join(t.TempDir(), "copy")
	code, _, talk := kurultai(t, "follow", "-data", dir, "-log", h.log.Verifier(), "-once", way.URL)
	if code != 1 || !strings.Contains(talk, "entry ") {
		t.Errorf("%d %s", code, talk)
	}
	spoil.Store(false)
	if code, out, talk := kurultai(t, "follow", "-data", dir, "-log", h.log.Verifier(), "-once", way.URL); code != 0 || !strings.Contains(out, "verified") {
		t.Errorf("%d %s", code, talk)
	}
}

// A node that runs sees an act at once, shows it on its pages, and the record is witnessed soon after.
func TestANodeKeepsUpLive(t *testing.T) {
	h, server := served(t, trainingRecord(t))
	key := filepath.Join(t.TempDir(), "key")
	_, verifier, _ := kurultai(t, "follow", "-key", key, "-name", "node.live", "-newkey")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	var said syncBuffer
	go func() {
		c := followConfig{dir: filepath.Join(t.TempDir(), "copy"), key: key, addr: "localhost:0", from: server.URL}
		ended <- c.follow(ctx, streams{io.Discard, &said})
	}()
	var page string
	eventually(t, "the page of the node", func() bool {
		_, rest, ok := strings.Cut(said.String(), "the page is on ")
		page, _, _ = strings.Cut(rest, "\n")
		return ok && page != ""
	})
	takes(t, h.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: strings.TrimSpace(verifier)})
	index := h.s.View().State().Size - 1
	eventually(t, "a cosignature", func() bool { return h.marks.Of(index).Witnessed() })
	body := func(address string) string {
		answer, err := http.Get(address)
		if err != nil {
			return ""
		}
		defer answer.Body.Close()
		b, _ := io.ReadAll(answer.Body)
		return string(b)
	}
	eventually(t, "the mark on the node's page", func() bool {
		text := body(fmt.Sprintf("%s/en/record/%d", page, index))
		return strings.Contains(text, "Witnessed by 1 of 1") && strings.Contains(text, "The node of node.live")
	})
	until := fmt.Sprintf(`<a class="mark" href="/en/record/%d" aria-label="Entry %[1]d, witnessed">`, index)
	eventually(t, "the mark in the list of entries", func() bool { return strings.Contains(body(page+"/en/record"), until) })
	if text := body(page + "/en/record"); strings.Contains(text, "not yet witnessed") || !strings.Contains(text, "followed by nodes of others") {
		t.Error("the page says of a witnessed record that it is not")
	}
	if text := body(page + "/en/meetings/ix"); !strings.Contains(text, "The node of node.live") || strings.Contains(text, "⟨") {
		t.Error("the meeting is not shown on the node")
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	for range 600 {
		if so() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s: not in time", what)
}

// A syncBuffer is written and read by two.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// An older copy of the record is put back: a node that has seen more stops the writer, the end is fetched from the node,
// and the record goes on as the one it was.
func TestARecordPutBackIsMendedFromANode(t *testing.T) {
	dir := trainingRecord(t)
	older := filepath.Join(t.TempDir(), "older")
	if err := os.CopyFS(older, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"keys/log.key", "keys/subjects"} {
		if err := os.Chmod(filepath.Join(older, sub), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key, copied := filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "copy")
	_, verifier, _ := kurultai(t, "follow", "-key", key, "-name", "node.xa", "-newkey")
	func() {
		h, err := openUnwatched(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: strings.TrimSpace(verifier)})
		takes(t, h.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "other.example").Verifier().String()})
	}()
	h, server := served(t, dir)
	if code, _, talk := kurultai(t, "follow", "-data", copied, "-key", key, "-once", server.URL); code != 0 {
		t.Fatal(talk)
	}
	size, root := h.s.View().State().Size, h.s.View().Checkpoint().Root
	signed, err := h.engine.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	h.Close()

	// The node brings the writer of the older copy what its own key signed.
	back, again := served(t, older)
	answer, err := http.Post(again.URL+"/cosignatures", "text/plain", bytes.NewReader(signed.Note))
	if err != nil || answer.StatusCode != http.StatusConflict {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	select {
	case err := <-back.lost:
		if said := back.errLost(err).Error(); !strings.Contains(said, fmt.Sprint(size)) || !strings.Contains(said, "lacks its end") {
			t.Error(said)
		}
	default:
		t.Fatal("the writer goes on")
	}
	again.Close()
	back.Close()

	mirror := filepath.Join(t.TempDir(), "mirror")
	if code, _, talk := kurultai(t, "export", "-data", dir, "-format", "tiles", mirror); code != 0 {
		t.Fatal(talk)
	}
	if code, out, talk := kurultai(t, "recover", "-data", older, mirror); code != 0 || !strings.Contains(out, fmt.Sprintf("verified %d entries, root %s", size, root)) || !strings.HasPrefix(out, "2 entries came") {
		t.Fatalf("%d %s %s", code, out, talk)
	}
	mended, err := openUnwatched(t.Context(), older)
	if err != nil {
		t.Fatal(err)
	}
	defer mended.Close()
	takes(t, mended.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "third.example").Verifier().String()})
	if code, _, talk := kurultai(t, "verify", older); code != 0 {
		t.Error(talk)
	}
	// A record of somebody else is no source.
	if code, _, talk := kurultai(t, "recover", "-data", copied, mirror); code != 1 {
		t.Errorf("a copy is mended as if it were written here: %s", talk)
	}
}

// What was closed in the entries fetched stays closed, and the record goes on all the same.
func TestClosedEntriesComeBackClosed(t *testing.T) {
	dir := trainingRecord(t)
	h, err := openToRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	var cutAt, closed int64
	for stored, err := range h.engine.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e := must(record.ParseEntry(string(stored.Bytes), stored.Index)); e.Closed != "" {
			if cutAt == 0 {
				cutAt = e.Index
			}
			closed++
		}
	}
	log := h.log.Verifier()
	h.Close()
	whole, short := forged(t, dir, 1<<40, func(_ int64, b []byte) []byte { return b }), forged(t, dir, cutAt, func(_ int64, b []byte) []byte { return b })
	// A folder with the same keys and the beginning alone, as a copy from before.
	back := filepath.Join(t.TempDir(), "back")
	if code, _, talk := kurultai(t, "follow", "-data", back, "-log", log, "-once", short); code != 0 {
		t.Fatal(talk)
	}
	if err := os.CopyFS(filepath.Join(back, "keys"), os.DirFS(filepath.Join(dir, "keys"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log.key", "subjects"} {
		os.Chmod(filepath.Join(back, "keys", name), 0o600)
	}
	if code, out, talk := kurultai(t, "recover", "-data", back, whole); code != 0 || !strings.Contains(out, fmt.Sprintf("%d of them closed", closed)) {
		t.Fatalf("%d %s %s", code, out, talk)
	}
	mended, err := openUnwatched(t.Context(), back)
	if err != nil {
		t.Fatal(err)
	}
	defer mended.Close()
	takes(t, mended.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "third.example").Verifier().String()})
}

// fullOnce is an engine on a disk that has no room for a while.
type fullOnce struct {
	record.Engine
	refusals int
}

func (e *fullOnce) Append(ctx context.Context, expect int64, g record.Group, sign record.SignFunc) (record.Checkpoint, error) {
	if expect > 0 && e.refusals > 0 {
		e.refusals--
		return record.Checkpoint{}, record.ErrFull
	}
	return e.Engine.Append(ctx, expect, g, sign)
}

// A copy whose disk was full goes on where it stopped, and accuses nobody.
func TestACopyWithoutRoomGoesOnLater(t *testing.T) {
	h, server := served(t, trainingRecord(t))
	log, err := record.ParseVerifier(h.log.Verifier())
	if err != nil {
		t.Fatal(err)
	}
	engine, err := sqlite.Open(filepath.Join(t.TempDir(), "copy"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	source, err := sourceOf(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	disk := &fullOnce{engine, 0}
	f, err := witness.Follow(t.Context(), witness.FollowerConfig{Engine: disk, Log: log, From: source, Node: nodeKeyOf(t, "node.full")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Step(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		takes(t, h.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, fmt.Sprint("node.", h.s.View().State().Size)).Verifier().String()})
	}
	disk.refusals = 2
	for range 2 {
		if _, err := f.Step(t.Context(), ""); !errors.Is(err, record.ErrFull) || f.Size() != h.s.View().State().Size-3 {
			t.Fatalf("%d entries, %v", f.Size(), err)
		}
	}
	if _, err := f.Step(t.Context(), ""); err != nil || f.Size() != h.s.View().State().Size {
		t.Fatalf("%d entries of %d, %v", f.Size(), h.s.View().State().Size, err)
	}
}

// A copy that was stopped between two checkpoints, or that parted at an entry, knows when it starts again what the log signed
// last: a log that tells it another past meanwhile is convicted by its own signatures.
func TestACopyThatWasStoppedOnItsWayKnowsWhatWasSigned(t *testing.T) {
	dir, log, size := finishedRecord(t)
	key, copied := filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "copy")
	same := func(_ int64, b []byte) []byte { return b }
	changed := func(at int64) func(int64, []byte) []byte {
		return func(i int64, b []byte) []byte {
			if i == at { // the time of an entry, which comes to be earlier than the one before it
				b = bytes.Replace(b, []byte(`"at":"2`), []byte(`"at":"1`), 1)
			}
			return b
		}
	}
	if code, _, talk := kurultai(t, "follow", "-data", copied, "-key", key, "-log", log, "-once", forged(t, dir, size-20, same)); code != 0 {
		t.Fatal(talk)
	}
	// It parts at an entry: what is before it is kept, under no signature of the log.
	if code, _, talk := kurultai(t, "follow", "-data", copied, "-key", key, "-log", log, "-once", forged(t, dir, size, changed(size-10))); code != 1 {
		t.Fatal(talk)
	}
	evidence := filepath.Join(copied, "evidence.jsonl")
	if e, err := witness.ParseEvidence(must(os.ReadFile(evidence))); err != nil || e.Kind != "entry" || e.Entry != size-10 {
		t.Fatalf("%v %+v", err, e)
	}
	if err := os.Remove(evidence); err != nil {
		t.Fatal(err)
	}
	// Another past, of which only what was signed before says that it is another.
	code, _, talk := kurultai(t, "follow", "-data", copied, "-key", key, "-log", log, "-once", forged(t, dir, size, changed(size-30)))
	if code != 1 {
		t.Fatal(talk)
	}
	e, err := witness.ParseEvidence(must(os.ReadFile(evidence)))
	if err != nil || e.Kind != "fork" || e.Check(must(record.ParseVerifier(log))) != nil {
		t.Errorf("%v %+v", err, e)
	}
}

// A source that announces an entry and gives it to nobody, or not to this node: what was announced is not cosigned, and the
// node says which part is missing. That it was refused cannot be shown to others.
func TestAWithheldEntryIsNotCosigned(t *testing.T) {
	h, server := served(t, trainingRecord(t))
	key := filepath.Join(t.TempDir(), "key")
	_, verifier, _ := kurultai(t, "follow", "-key", key, "-name", "node.xa", "-newkey")
	takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: strings.TrimSpace(verifier)})
	var asked atomic.Int64
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/tile/entries/") && asked.Add(1) > 0 {
			http.NotFound(w, r)
			return
		}
		answer, err := http.DefaultClient.Do(must(http.NewRequestWithContext(r.Context(), r.Method, server.URL+r.URL.RequestURI(), r.Body)))
		if err != nil {
			http.Error(w, err.Error(), 502)
			return
		}
		defer answer.Body.Close()
		w.WriteHeader(answer.StatusCode)
		io.Copy(w, answer.Body)
	}))
	defer way.Close()
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Second) // a fetcher of tiles tries again by itself
	defer stop()
	var said bytes.Buffer
	c := followConfig{dir: filepath.Join(t.TempDir(), "copy"), key: key, from: way.URL, once: true}
	if err := c.follow(ctx, streams{io.Discard, &said}); err == nil {
		t.Error("the node has what it was not given")
	}
	if m := h.marks.Of(0); m.Have != 0 || asked.Load() == 0 {
		t.Errorf("%+v after %d refusals", m, asked.Load())
	}
}
