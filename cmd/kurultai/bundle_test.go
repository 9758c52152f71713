package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/story/storytest"
	"kurultai/witness"
)

// cosigner is a witness's key, the same for a name each time.
func cosigner(t testing.TB, name string) *torchwood.CosignatureSigner {
	t.Helper()
	seed := make([]byte, 32)
	copy(seed, name)
	s, err := torchwood.NewCosignatureSigner(name, ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// takes has whoever holds an office do an act.
func takes(t testing.TB, s *secretariat.Secretariat, as conference.Capacity, party conference.PartyID, name string, fields any) {
	t.Helper()
	if err := tries(t, s, as, party, name, fields); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// tries has them try to; where an act needs two, the next who holds the office is the second.
func tries(t testing.TB, s *secretariat.Secretariat, as conference.Capacity, party conference.PartyID, name string, fields any) error {
	t.Helper()
	st := s.View().State()
	var by []conference.PersonID
	for _, o := range st.Holders(as) {
		if o.For == party {
			by = append(by, o.Person)
		}
	}
	v, err := canonical.Parse(string(canonical.Encode(nil, fields)))
	if err != nil || len(by) == 0 {
		t.Fatalf("%s: %d holders, %v", name, len(by), err)
	}
	a := secretariat.Act{Submitted: record.Submitted{Name: name, By: string(by[0]), As: string(as), For: string(party), Fields: v, Key: newKey(), Origin: s.View().Origin()}}
	if act, ok := st.Lookup(name); ok && act.TwoPersons {
		a.Submitted.With = []record.With{{As: string(as), By: string(by[1])}}
	}
	_, err = s.Do(t.Context(), &a)
	return err
}

// cosignedView is a view whose checkpoint witnesses have cosigned. They sign the second as well, so each time it is asked for
// it is another: one a second later, here without the last signature.
type cosignedView struct {
	*secretariat.View
	signers []note.Signer
	asked   *int
}

func (v cosignedView) Checkpoint() record.Checkpoint {
	head := v.View.Checkpoint()
	head.Note = signedBy(v.VerifierKey(), head.Note, v.signers[:max(0, len(v.signers)-*v.asked)]...)
	*v.asked++
	return head
}

// signedBy adds signatures to a checkpoint.
func signedBy(log string, signed []byte, by ...note.Signer) []byte {
	n, err := note.Open(signed, note.VerifierList(must(note.NewVerifier(log))))
	if err != nil {
		panic(err)
	}
	n.Sigs, n.UnverifiedSigs = append(n.Sigs, n.UnverifiedSigs...), nil
	return must(note.Sign(n, by...))
}

func cosignedBy(t testing.TB, log string, signed []byte, name string) []byte {
	return signedBy(log, signed, cosigner(t, name))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// witnessed is a record of training with two nodes admitted, and a bundle of a few entries cosigned by some of them.
func witnessed(t testing.TB, by ...note.Signer) (*secretariat.Secretariat, witness.Bundle) {
	s := storytest.Play(t, "training")
	takes(t, s, conference.Head, "xo", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "node.xo").Verifier().String()})
	takes(t, s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: cosigner(t, "witness.example").Verifier().String()})
	v := cosignedView{s.View(), by, new(int)}
	openings := func(from int64) iter.Seq2[record.Opening, error] { return v.Openings(t.Context(), from, true) }
	var indexes []int64
	for stored, err := range v.Entries(t.Context(), 0) {
		e := must(record.ParseEntry(string(stored.Bytes), stored.Index))
		if err != nil {
			t.Fatal(err)
		}
		if e.Closed != "" && len(indexes) < 3 || len(record.Blobs(e.Act.Fields)) > 0 && len(stored.Bytes) < 2000 && len(indexes) < 5 || stored.Index == 2 {
			indexes = append(indexes, stored.Index)
		}
	}
	b, err := witness.Pack(t.Context(), v, openings, indexes...)
	if err != nil {
		t.Fatal(err)
	}
	return s, b
}

func checked(text []byte, verifier string, policy []byte) (witness.Proven, error) {
	b, err := witness.ParseBundle(text)
	if err != nil {
		return witness.Proven{}, err
	}
	return b.Check(must(record.ParseVerifier(verifier)), policy)
}

func TestABundleStandsByItself(t *testing.T) {
	s, b := witnessed(t, cosigner(t, "node.xo"), cosigner(t, "witness.example"))
	key := s.View().VerifierKey()
	text := b.Append(nil)
	p, err := checked(text, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Witnessed() || len(p.Witnesses) != 2 || p.Of != 2 || p.Openings < 1 || p.Blobs < 1 || len(p.Entries) < 5 || p.Size != s.View().State().Size {
		t.Errorf("%+v", p)
	}
	again, err := witness.ParseBundle(text)
	if err != nil || !bytes.Equal(again.Append(nil), text) {
		t.Errorf("a bundle written again is another: %v", err)
	}
	_, one := witnessed(t, cosigner(t, "node.xo"))
	text = one.Append(nil)
	if p, err := checked(text, one.Key, nil); err != nil || p.Witnessed() || len(p.Witnesses) != 1 {
		t.Errorf("one of two: %v %+v", err, p.Witnesses)
	}
	if _, err := checked(text, record.VerifierText("example.org/other", make([]byte, 32)), nil); err == nil {
		t.Error("another key is trusted")
	}
}

// No byte of a bundle may be another, nor be missing, nor be there twice.
func TestNoByteOfABundleIsFree(t *testing.T) {
	_, b := witnessed(t, cosigner(t, "node.xo"), cosigner(t, "witness.example"))
	for i := range b.Items { // large files and openings are looked at in part
		for j, blob := range b.Items[i].Blobs {
			if len(blob) > 4000 {
				b.Items[i].Blobs = append(b.Items[i].Blobs[:j:j], b.Items[i].Blobs[j+1:]...)
				break
			}
		}
	}
	text := b.Append(nil)
	if _, err := checked(text, b.Key, nil); err != nil {
		t.Fatal(err)
	}
	tried := 0
	refused := func(what string, text []byte) {
		tried++
		b, err := witness.ParseBundle(text)
		if err == nil {
			var v *record.Verifier
			if v, err = record.ParseVerifier(b.Key); err == nil {
				_, err = b.Check(v, nil)
			}
		}
		if err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	step := max(1, len(text)/400) // each part of the file many times; all of its first proof and head
	for at := 0; at < len(text); at++ {
		if at > 600 && at%step != 0 {
			continue
		}
		for _, mask := range []byte{1, 0x20} {
			changed := bytes.Clone(text)
			changed[at] ^= mask
			refused(fmt.Sprintf("byte %d, %q for %q", at, changed[at], text[at]), changed)
		}
		refused(fmt.Sprintf("without byte %d", at), append(bytes.Clone(text[:at]), text[at+1:]...))
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	for i := range lines[:len(lines)-1] {
		refused(fmt.Sprintf("line %d twice", i+1), bytes.Join(append(append(append([][]byte(nil), lines[:i+1]...), lines[i]), lines[i+1:]...), nil))
	}
	for _, more := range []string{"\n", " ", "{}\n", "x"} {
		refused(fmt.Sprintf("with %q behind it", more), append(bytes.Clone(text), more...))
	}
	t.Logf("%d changes of %d bytes refused", tried, len(text))
	if tried < 2000 {
		t.Errorf("%d changes tried", tried)
	}
}

func TestAReadersOwnPolicyDecides(t *testing.T) {
	s, b := witnessed(t, cosigner(t, "node.xo"), cosigner(t, "witness.example"))
	key := s.View().VerifierKey()
	text := b.Append(nil)
	line := func(name string) string { return fmt.Sprintf("witness %s %s\n", name, cosigner(t, name).Verifier()) }
	for _, row := range []struct {
		policy string
		ok     bool
	}{
		{"log " + key + "\nquorum none\n", true},
		{"log " + key + "\n" + line("node.xo") + line("witness.example") + "group g all node.xo witness.example\nquorum g\n", true},
		{"log " + key + "\n" + line("node.xo") + "quorum node.xo\n", true},
		{"log " + key + "\n" + line("node.other") + "quorum node.other\n", false},
		{"log " + key + "\n" + line("node.other") + line("node.xo") + "group g all node.xo node.other\nquorum g\n", false},
		{"log " + record.VerifierText("example.org/other", make([]byte, 32)) + "\nquorum none\n", false},
		{"quorum", false}, {"", false},
	} {
		if _, err := checked(text, key, []byte(row.policy)); (err == nil) != row.ok {
			t.Errorf("%q: %v", row.policy, err)
		}
	}
	_, stranger := witnessed(t, cosigner(t, "node.xo"), cosigner(t, "nobody.example"))
	if _, err := checked(stranger.Append(nil), stranger.Key, nil); err == nil {
		t.Error("a signature of nobody named is taken")
	}
}

// What the command says of a file that is no bundle tells what to do.
func TestVerifyOfAFileThatIsNoBundle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, text := range []string{"", "hello", "{\"bundle\":\"kurultai/bundle/v2\",\"key\":\"x\"}\n", "{\"bundle\":", strings.Repeat("{\"bundle\":\n", 10)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := verifyFile(t.Context(), path, "", "", "", false, io.Discard); err == nil || len(err.Error()) < 10 {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func decode64(text string) ([]byte, error) { return base64.StdEncoding.DecodeString(text) }

// Whoever passes a bundle on can leave out who else is asked to cosign: the check says whence it knows the witnesses, and a
// policy of the reader's own notices.
func TestABundleMayLeaveWitnessesOut(t *testing.T) {
	_, b := witnessed(t, cosigner(t, "node.xo"))
	if p, err := checked(b.Append(nil), b.Key, nil); err != nil || p.Witnessed() {
		t.Fatalf("%v %+v", err, p.Witnesses)
	}
	kept := b.Items[:0:0]
	for _, item := range b.Items {
		if !bytes.Contains(item.Entry, []byte(cosigner(t, "witness.example").Verifier().String())) {
			kept = append(kept, item)
		}
	}
	b.Items = kept
	file, policy := filepath.Join(t.TempDir(), "b"), filepath.Join(t.TempDir(), "policy")
	text := "log " + b.Key + "\n"
	for _, name := range []string{"node.xo", "witness.example"} {
		text += fmt.Sprintf("witness %s %s\n", name, cosigner(t, name).Verifier())
	}
	if err := os.WriteFile(file, b.Append(nil), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(policy, []byte(text+"group g all node.xo witness.example\nquorum g\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := kurultai(t, "verify", file); code != 0 || !strings.Contains(out, "witnessed by 1 of 1") || !strings.Contains(out, "which may leave somebody out") {
		t.Errorf("%d %s", code, out)
	}
	if code, _, talk := kurultai(t, "verify", "-policy", policy, file); code != 1 || !strings.Contains(talk, "not signed as the policy asks") {
		t.Errorf("%d %s", code, talk)
	}
}
