package secretariat

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kurultai/record"
	"kurultai/record/canonical"
)

// A closed act's blob is kept, what it says is folded with the time of its entry, again after a start, and a blob that is
// gone is named by the entry.
func TestAClosedActKeepsItsBlob(t *testing.T) {
	dir := t.TempDir()
	r := enter(t, dir)
	r.must(r.act("NameParty", `{"party":"a","short":[["en","A"]]}`))
	r.must(r.act("NameParty", `{"party":"b","short":[["en","B"]]}`))
	key := r.must(r.act("DepositRecipient", `{"recipient":"age13tvzql5mh89w3p86nrj6jjeapfxyl8df8d485rgzpa0hwqh09gwq66klmt","use":"node"}`)).Index
	register, _ := person(r, pid(4))
	r.must(register)
	grant := r.act("GrantOffice", `{"capacity":"Head","for":"b","person":"`+pid(4)+`"}`)
	grant.Submitted.With = []record.With{{As: "Secretary", By: pid(2)}}
	r.must(grant)
	file := []byte("what age made of a note")
	digest := record.DigestOf(file)
	send := r.act("SendNote", fmt.Sprintf(`{"ciphertext":{"blob":"%s","size":%d},"date":"2027-06-08","form":"letter","keys":[%d],"mark":"ordinary","number":"1","passing":"nobody","plain":"%s","secretariat":true}`, digest, len(file), key, digest))
	send.Submitted.As, send.Submitted.By, send.Submitted.For = "Head", pid(4), "b"
	send.Submitted.Changed()
	r.refused(send, "not-opened") // its file did not come
	send.Blobs = [][]byte{file}
	sent := r.must(send)
	for range 2 {
		n, ok := r.View().State().SealedNote(sent.Index)
		if !ok || n.At != sent.At || n.Party != "b" || !n.Receives("") {
			t.Fatalf("%v: %+v, sent at %s", ok, n, sent.At)
		}
		if got, err := r.View().Blob(t.Context(), n.Ciphertext.Digest); err != nil || string(got) != string(file) {
			t.Fatalf("%q, %v", got, err)
		}
		if fit, err := CheckOpenings(t.Context(), r.engine, r.keys, r.View().State().Size); err != nil || fit == 0 {
			t.Fatal(fit, err)
		}
		r.leave()
		r = enter(t, dir)
	}
	// erased, it is known to nobody here, and all that is left still verifies
	erased := r.must(again(r, send, "2", file))
	if err := r.keys.Forget(fmt.Sprintf("entry/%d", erased.Index)); err != nil {
		t.Fatal(err)
	}
	r.leave()
	r = enter(t, dir)
	if _, ok := r.View().State().SealedNote(erased.Index); ok {
		t.Error("a note that was erased is still in the registry")
	}
	if n := len(r.View().State().Registry("b")); n != 1 {
		t.Errorf("%d notes are left", n)
	}
	if _, err := CheckOpenings(t.Context(), r.engine, r.keys, r.View().State().Size); err != nil {
		t.Error(err)
	}
	sum, err := canonical.DecodeBytes(string(digest))
	if err != nil {
		t.Fatal(err)
	}
	name := hex.EncodeToString(sum)
	if err := os.Remove(filepath.Join(r.dir, "blobs", name[:2], name)); err != nil {
		t.Fatal(err)
	}
	_, err = CheckOpenings(t.Context(), r.engine, r.keys, r.View().State().Size)
	if at, ok := err.(*record.EntryError); !ok || at.Index != sent.Index {
		t.Errorf("a ciphertext that is gone: %v", err)
	}
}

// again is a note under another number.
func again(r *room, send *Act, number string, file []byte) *Act {
	a := r.act("SendNote", strings.Replace(string(canonical.Append(nil, send.Submitted.Fields)), `"number":"1"`, `"number":"`+number+`"`, 1))
	a.Submitted.As, a.Submitted.By, a.Submitted.For, a.Blobs = send.Submitted.As, send.Submitted.By, send.Submitted.For, [][]byte{file}
	a.Submitted.Changed()
	return a
}

// A closed act that became durable and was not answered is asked for again of a writer that does not know of it: that is a
// fault, and after the next start the first receipt.
func TestAClosedActBehindWhatTheWriterKnows(t *testing.T) {
	dir := t.TempDir()
	r := enter(t, dir)
	a := r.act("FileNote", `{"note":"n","text":"the hall has been told"}`)
	r.engine.after = func(int64) error { return record.ErrStopped }
	if _, err := r.Do(t.Context(), a); !errors.Is(err, record.ErrStopped) {
		t.Fatal(err)
	}
	if _, err := r.Do(t.Context(), a); !errors.Is(err, record.ErrConflict) {
		t.Errorf("asked again: %v", err)
	}
	size := r.View().State().Size
	r.leave()
	r = enter(t, dir)
	if receipt := r.must(a); !receipt.Again || receipt.Index != size {
		t.Errorf("after a start: %+v, and the note is entry %d", receipt, size)
	}
}
