package witness_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/witness"
)

// aLog is a log of others with so many entries, of which the last may be another.
func aLog(t *testing.T, size int, last string) *record.Tree {
	t.Helper()
	tree := new(record.Tree)
	for i := range size {
		text := fmt.Sprint("entry ", i)
		if i == size-1 {
			text += last
		}
		tree.Append(tlog.RecordHash([]byte(text)))
	}
	return tree
}

// request is what a log sends to add-checkpoint.
func request(t *testing.T, key *record.LogKey, tree *record.Tree, old int64) string {
	t.Helper()
	root, err := tlog.TreeHash(tree.Size(), tree)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := key.SignCheckpoint(tree.Size(), root)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("old %d\n", old)
	if old > 0 && old < tree.Size() {
		proof, err := tlog.ProveTree(tree.Size(), old, tree)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range proof {
			text += h.String() + "\n"
		}
	}
	return text + "\n" + string(signed)
}

func newKeys(t *testing.T) (key, other *record.LogKey, verifier *record.Verifier, node *torchwood.CosignatureSigner) {
	t.Helper()
	made := func(name string, first byte) *record.LogKey {
		seed := make([]byte, ed25519.SeedSize)
		seed[0] = first
		k, err := record.NewLogKey(name, ed25519.NewKeyFromSeed(seed))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	key, other = made("log.example", 1), made("log.example", 2)
	verifier, err := record.ParseVerifier(key.Verifier())
	if err != nil {
		t.Fatal(err)
	}
	node, err = torchwood.NewCosignatureSigner("node.example", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return key, other, verifier, node
}

// Each refusal of add-checkpoint has the status that C2SP tlog-witness gives it, and leaves what was last seen as it was.
func TestEachRefusalOfAWitnessHasItsStatus(t *testing.T) {
	key, other, verifier, node := newKeys(t)
	dir := t.TempDir()
	var said []string
	open := func() *witness.Others {
		o, err := witness.OpenOthers(dir, node, []*record.Verifier{verifier}, func(err error) { said = append(said, err.Error()) })
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := open()
	post := func(body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		o.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/add-checkpoint", strings.NewReader(body)))
		return w
	}
	stranger := strings.Replace(request(t, other, aLog(t, 7, ""), 5), "log.example\n7", "stranger.example\n7", 1)
	wrong := strings.Split(request(t, key, aLog(t, 7, ""), 5), "\n")
	wrong[1] = tlog.Hash{1}.String()
	five := request(t, key, aLog(t, 5, ""), 0)
	rows := 0
	for _, row := range []struct {
		what, body string
		status     int
	}{
		{"the first checkpoint", five, 200},
		{"once more from nothing", five, 409},
		{"a checkpoint from where another stands", request(t, key, aLog(t, 7, ""), 4), 409},
		{"another log of the same size", request(t, key, aLog(t, 5, "'"), 5), 409},
		{"a smaller one", request(t, key, aLog(t, 4, ""), 5), 400},
		{"one that continues another log", request(t, key, aLog(t, 7, "'"), 5)[:len("old 5\n")] + request(t, key, aLog(t, 6, "'"), 0)[len("old 0\n"):], 422},
		{"a wrong proof", strings.Join(wrong, "\n"), 422},
		{"another key of the same name", request(t, other, aLog(t, 7, ""), 5), 403},
		{"a log nobody named", stranger, 404},
		{"no old size", strings.Replace(five, "old 0", "new 0", 1), 400},
		{"a size that is no number", strings.Replace(five, "old 0", "old 00", 1), 400},
		{"a proof of noise", strings.Replace(five, "old 0\n", "old 0\nnoise\n", 1), 400},
		{"64 hashes", "old 5\n" + strings.Repeat(tlog.Hash{}.String()+"\n", 64) + "\n", 400},
		{"nothing", "", 400},
		{"too much", strings.Repeat("x", 100_000), 413},
		{"the next checkpoint", request(t, key, aLog(t, 7, ""), 5), 200},
		{"the same once more", request(t, key, aLog(t, 7, ""), 7), 200},
	} {
		w := post(row.body)
		rows++
		if w.Code != row.status {
			t.Errorf("%s: %d %s", row.what, w.Code, w.Body)
		}
		if w.Code == http.StatusConflict && (w.Body.String() != "5\n" || w.Header().Get("Content-Type") != "text/x.tlog.size") {
			t.Errorf("%s: it says it stands at %q", row.what, w.Body)
		}
		if w.Code == http.StatusOK {
			_, signed, _ := strings.Cut(row.body, "\n\n")
			n, err := note.Open([]byte(signed+w.Body.String()), note.VerifierList(verifier, node.Verifier()))
			if err != nil || len(n.Sigs) != 2 {
				t.Errorf("%s: not cosigned: %v", row.what, err)
			}
		}
	}
	if w := httptest.NewRecorder(); true {
		if o.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/add-checkpoint", nil)); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("GET: %d", w.Code)
		}
	}
	t.Logf("%d requests", rows)
	// Two records of one size are evidence.
	b, err := os.ReadFile(o.EvidencePath("log.example"))
	if err != nil {
		t.Fatal(err)
	}
	if e, err := witness.ParseEvidence(b); err != nil || e.Check(verifier) != nil {
		t.Errorf("%v %v", err, e.Check(verifier))
	}
	if len(said) != 1 || !strings.Contains(said[0], "two records of 5 entries") {
		t.Errorf("said %q", said)
	}
	// What was cosigned outlives a restart.
	o = open()
	if w := post(request(t, key, aLog(t, 6, ""), 5)); w.Code != http.StatusConflict || w.Body.String() != "7\n" {
		t.Errorf("after a restart: %d %s", w.Code, w.Body)
	}
}

// What cannot be kept is not cosigned, nor anything after it until the node starts again.
func TestAWitnessThatCannotKeepDoesNotCosign(t *testing.T) {
	key, _, verifier, node := newKeys(t)
	dir := filepath.Join(t.TempDir(), "others")
	var said int
	o, err := witness.OpenOthers(dir, node, []*record.Verifier{verifier}, func(error) { said++ })
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w := httptest.NewRecorder()
		if o.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/add-checkpoint", strings.NewReader(request(t, key, aLog(t, 5, ""), 0)))); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "node.example") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil { // the disk is back, and what it holds is not known
			t.Fatal(err)
		}
	}
	if said != 2 {
		t.Errorf("said %d times", said)
	}
}
