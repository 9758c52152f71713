package story_test

import (
	"os"
	"strings"
	"testing"

	"filippo.io/age"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/sealed"
)

// The notes of the registry's story are opened by the keys they were encrypted to, each to the text its entry names, and
// nothing of them stands in the story.
func TestTheStorysNotesOpen(t *testing.T) {
	file, err := os.Open("testdata/registry.keys")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	ids, err := age.ParseIdentities(file)
	if err != nil {
		t.Fatal(err)
	}
	told := text(t, "registry")
	h := found(t, told, 1)
	st := h.View().State()
	opened := 0
	for index := range st.Size {
		n, ok := st.SealedNote(index)
		if !ok {
			continue
		}
		for _, p := range []conference.PartyID{"xl", "xa", "xo", ""} {
			for _, c := range st.CopiesFor(n, p) {
				b, err := h.View().Blob(t.Context(), c.Digest)
				if err != nil {
					t.Fatal(err)
				}
				pack, err := sealed.Decrypt(b, ids...)
				if err != nil || record.DigestOf(pack) != n.Plain {
					t.Fatalf("entry %d for %q: %v", index, p, err)
				}
				note, err := sealed.Unpack(pack)
				if err != nil || !note.Of(h.origin, string(n.Party), n.Number) || note.Text == "" {
					t.Errorf("entry %d: %+v, %v", index, note, err)
				}
				if strings.Contains(string(told), note.Text) {
					t.Errorf("entry %d: its text stands in the story", index)
				}
				opened++
			}
		}
	}
	first, _ := st.SealedNote(45)
	if opened < 10 || len(first.Passed) != 2 || len(first.Receipts) != 2 || len(first.AnsweredBy) != 1 || len(first.Asked) != 1 || !first.Asked[0].Done || !first.Receives("") {
		t.Errorf("%d copies opened, the first note became %+v", opened, first)
	}
	t.Logf("%d copies opened", opened)
}
