package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/sqlite"
	"kurultai/sealed"
	"kurultai/secretariat"
	"kurultai/witness"
)

// A correspondence is notes in a record, and the keys that open them.
type correspondence struct {
	h    *house
	keys map[conference.PartyID]int64 // entries that deposited them
	ids  map[conference.PartyID][]age.Identity
	to   map[conference.PartyID]string // recipients
}

func (c *correspondence) deposits(t *testing.T, p conference.PartyID) {
	t.Helper()
	var text bytes.Buffer
	recipient, err := sealed.WriteIdentity(&text, "")
	if err == nil {
		c.ids[p], err = sealed.ReadIdentities(text.Bytes(), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	as := conference.Head
	if p == "" {
		as = conference.Secretary
	}
	takes(t, c.h.s, as, p, "DepositRecipient", conference.DepositRecipient{Recipient: recipient, Use: "device"})
	c.keys[p], c.to[p] = c.h.s.View().State().Size-1, recipient
}

// sends has a head send a note; it says which entry it became, and its ciphertext's digest.
func (c *correspondence) sends(t *testing.T, from, to conference.PartyID, number, text string) (int64, record.Digest) {
	t.Helper()
	pack, err := sealed.Pack(sealed.Note{From: string(from), Number: number, Origin: c.h.log.Origin(), Text: text}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	file, err := sealed.Encrypt(pack, []string{c.to[from], c.to[to]})
	if err != nil {
		t.Fatal(err)
	}
	f := conference.SendNote{Number: number, Form: "letter", Date: "2030-03-17", Keys: []int64{c.keys[from], c.keys[to]}, Mark: "restricted", Passing: "nobody", Plain: record.DigestOf(pack), Ciphertext: record.Blob{Digest: record.DigestOf(file), Size: int64(len(file))}}
	if to == "" {
		f.Secretariat = true
	} else {
		f.To = []conference.PartyID{to}
	}
	v, err := canonical.Parse(string(canonical.Encode(nil, f)))
	if err != nil {
		t.Fatal(err)
	}
	a := secretariat.Act{Submitted: record.Submitted{Name: "SendNote", By: holderIn(t, c.h, conference.Head, from), As: string(conference.Head), For: string(from), Fields: v, Key: newKey(), Origin: c.h.log.Origin()}, Blobs: [][]byte{file}}
	receipt, err := c.h.s.Do(t.Context(), &a)
	if err != nil {
		t.Fatal(err)
	}
	return receipt.Index, f.Ciphertext.Digest
}

// A node gets the ciphertexts of the notes its party has, and of no other; what a record that was put back from an older copy
// lost of what is closed, the node gives its writer back, if whose node it is says so, and nobody else; and the note is opened again.
func TestANodeKeepsSealedNotesAndGivesThemBack(t *testing.T) {
	dir, older := trainingRecord(t), filepath.Join(t.TempDir(), "older")
	if err := os.CopyFS(older, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log.key", "subjects"} {
		if err := os.Chmod(filepath.Join(older, "keys", name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h, server := writes(t, dir)
	c := &correspondence{h, map[conference.PartyID]int64{}, map[conference.PartyID][]age.Identity{}, map[conference.PartyID]string{}}
	for _, p := range []conference.PartyID{"xa", "xl", ""} {
		c.deposits(t, p)
	}
	const said = "the convoy of the seventh leaves by the northern gate"
	mine, mineFile := c.sends(t, "xl", "xa", "1/2030", said)
	_, others := c.sends(t, "xl", "", "2/2030", "not for Ardovel")
	taken, takenFile := c.sends(t, "xl", "xa", "3/2030", "sent in error")
	takes(t, h.s, conference.Head, "xl", "WithdrawNote", conference.WithdrawNote{Note: taken, Why: "error"})
	own, ownFile := c.sends(t, "xa", "xl", "4/2030", "withdrawn by us")
	takes(t, h.s, conference.Head, "xa", "WithdrawNote", conference.WithdrawNote{Note: own, Why: "error"})
	key := filepath.Join(t.TempDir(), "node.key")
	_, verifier, _ := kurultai(t, "follow", "-key", key, "-name", "node.xa", "-newkey")
	takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: strings.TrimSpace(verifier)})

	copied := filepath.Join(t.TempDir(), "copy")
	if code, _, talk := kurultai(t, "follow", "-data", copied, "-key", key, "-once", server.URL); code != 0 {
		t.Fatal(talk)
	}
	e, err := sqlite.Open(copied, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		what string
		file record.Digest
		has  bool
	}{{"a note to the party", mineFile, true}, {"a note to others", others, false}, {"a note that its sender withdrew", takenFile, false}, {"a note that the party withdrew", ownFile, true}} {
		if b, err := e.Blob(t.Context(), row.file); (err == nil && record.DigestOf(b) == row.file) != row.has {
			t.Errorf("%s lies at the node: %v", row.what, err == nil)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if n := onDisk(t, copied, []byte(said)); n != 0 {
		t.Errorf("what the note says stands in %d files of the node", n)
	}

	// A node of whom nobody said so gives nothing back, and the entries come all the same.
	mute := filepath.Join(t.TempDir(), "mute")
	if err := os.CopyFS(mute, os.DirFS(older)); err != nil {
		t.Fatal(err)
	}
	os.Chmod(filepath.Join(mute, "keys", "log.key"), 0o600)
	os.Chmod(filepath.Join(mute, "keys", "subjects"), 0o600)
	says, stop := runs(t, followConfig{dir: copied, from: server.URL, key: key})
	if code, out, talk := kurultai(t, "recover", "-data", mute, after(says, "the page is on ")); code != 0 || !strings.Contains(out, "did not come back") || !strings.Contains(out, "gives nothing back") {
		t.Errorf("%d %s%s", code, out, talk)
	}
	stop()

	says, stop = runs(t, followConfig{dir: copied, from: server.URL, key: key, giveback: true})
	defer stop()
	node := after(says, "the page is on ")
	sum := must(canonical.DecodeBytes(string(mineFile)))
	if answer, err := http.Get(node + "/blob/" + hex.EncodeToString(sum)); err != nil || answer.StatusCode != 404 {
		t.Errorf("the ciphertext is given to anybody: %v", err)
	}
	signer, err := (&followConfig{key: key}).nodeKey()
	if err != nil {
		t.Fatal(err)
	}
	other := must(record.NewLogKey("example.org/other", ed25519.NewKeyFromSeed(make([]byte, 32))))
	for what, says := range map[string]func(address, challenge string) ([]byte, error){
		"another log's key": func(address, challenge string) ([]byte, error) { return witness.SayAsWriter(other, address, challenge) },
		"a node's key": func(address, challenge string) ([]byte, error) {
			return signer.Say(witness.SaysWriter, h.log.Origin(), address, challenge)
		},
		"the writer's word to another": func(_, challenge string) ([]byte, error) {
			return witness.SayAsWriter(h.log, "https://elsewhere.example", challenge)
		},
		"an old challenge": func(address, challenge string) ([]byte, error) {
			return witness.SayAsWriter(h.log, address, strings.Repeat("A", len(challenge)))
		},
	} {
		if _, err := (&caller{from: node, says: says}).openings(t.Context()); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("%s opens the node's door: %v", what, err)
		}
	}
	if answer, err := http.Post(node+"/node/erased", "text/plain", strings.NewReader("x")); err != nil || answer.StatusCode != 404 {
		t.Errorf("a node is told what was erased: %v", err)
	}

	// The record that lacks its end gets it back, and with it what was closed.
	code, out, talk := kurultai(t, "recover", "-data", older, node)
	if code != 0 || !strings.Contains(out, "openings of what is closed and sealed came back") {
		t.Fatalf("%d %s%s", code, out, talk)
	}
	if code, _, talk := kurultai(t, "recover", "-data", older, node); code != 1 || !strings.Contains(talk, "and no more") {
		t.Errorf("asked again: %d %s", code, talk)
	}
	if code, out, talk := kurultai(t, "recover", "-data", mute, node); code != 0 || !strings.Contains(out, "came back") {
		t.Errorf("a record that has the entries and lacks what is closed: %d %s%s", code, out, talk)
	}
	if code, out, talk := kurultai(t, "verify", older); code != 0 {
		t.Errorf("%d %s%s", code, out, talk)
	}
	mended, err := openUnwatched(t.Context(), older)
	if err != nil {
		t.Fatal(err)
	}
	defer mended.Close()
	v := mended.s.View()
	n, known := v.State().SealedNote(mine)
	if !known || n.Number != "1/2030" || n.Ciphertext.Digest != mineFile {
		t.Fatalf("the registry knows of entry %d: %v, %+v", mine, known, n)
	}
	b, err := v.Blob(t.Context(), n.Ciphertext.Digest)
	if err != nil {
		t.Fatal(err)
	}
	pack, err := sealed.Decrypt(b, c.ids["xa"]...)
	if err != nil {
		t.Fatal(err)
	}
	if note, err := sealed.Unpack(pack); err != nil || note.Text != said {
		t.Errorf("it says %q: %v", note.Text, err)
	}
	if list := v.State().Registry("xl"); len(list) != 2 {
		t.Errorf("%d notes of Lomera are known, and the node's party had two of them: one to it, one that it took back itself", len(list))
	}
	fresh := &correspondence{mended, c.keys, c.ids, c.to}
	fresh.sends(t, "xl", "xa", "5/2030", "it goes on")
}

// A node that gives a file that is another is not believed.
func TestAFileThatIsAnotherIsNotKept(t *testing.T) {
	lies := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "another") })
	server := httptest.NewServer(lies)
	defer server.Close()
	c := caller{from: server.URL, says: func(string, string) ([]byte, error) { return []byte("x"), nil }}
	if _, err := c.file(t.Context(), record.DigestOf([]byte("the file")), 1); err == nil || !strings.Contains(err.Error(), "another") {
		t.Error(err)
	}
	if b, err := c.file(t.Context(), record.DigestOf([]byte("another")), 1); err != nil || string(b) != "another" {
		t.Error(fmt.Sprint(err))
	}
}
