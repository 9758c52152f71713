package sealed

import (
	"bytes"
	"crypto/rand"
	"reflect"
	"strings"
	"testing"

	"filippo.io/age"
)

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

var full = Note{Origin: "lakes.example/record", From: "xl", Number: "17/2027", Subject: "Water levels", Text: "The Lomeran delegation\npresents its compliments.", Files: []File{{"levels.csv", []byte("day;level\n1;4\n")}, {"empty", nil}, {"map.png", bytes.Repeat([]byte{0, 1}, 3000)}}}

// What is packed and encrypted to two keys is read by either, whole, and by no third.
func TestANoteIsReadByItsKeysAlone(t *testing.T) {
	a, b, c := identity(t), identity(t), identity(t)
	rows := 0
	for _, n := range []Note{full, {Origin: "o", Number: "1"}, {Origin: "o", Number: "2", Text: strings.Repeat("long ", 40_000)}} {
		pack, err := Pack(n, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		made, err := Encrypt(pack, []string{a.Recipient().String(), b.Recipient().String()})
		if err != nil {
			t.Fatal(err)
		}
		if count, err := Stanzas(made); err != nil || count != 2 {
			t.Fatal(count, err)
		}
		for _, id := range []*age.X25519Identity{a, b} {
			got, err := Decrypt(made, id)
			if err != nil || !bytes.Equal(got, pack) {
				t.Fatal(len(got), err)
			}
			if back, err := Unpack(got); err != nil || !reflect.DeepEqual(clean(back), clean(n)) {
				t.Errorf("%+v came back as %+v, %v", n, back, err)
			}
			rows++
		}
		if _, err := Decrypt(made, c); err == nil {
			t.Error("a third key opens it")
		}
	}
	if rows != 6 {
		t.Errorf("%d rows", rows)
	}
}

// clean makes an empty file the same however it came to be empty.
func clean(n Note) Note {
	files := n.Files
	n.Files = nil
	for _, f := range files {
		n.Files = append(n.Files, File{f.Name, append([]byte{}, f.Bytes...)})
	}
	return n
}

// Two packs of the same text differ, so that nobody finds a text by its digest; their length is one of few.
func TestAPackTellsNothing(t *testing.T) {
	one, _ := Pack(full, rand.Reader)
	two, _ := Pack(full, rand.Reader)
	if bytes.Equal(one, two) {
		t.Error("two packs of one text are equal")
	}
	for _, n := range []int{0, 1, 500, 3000} {
		if b, _ := Pack(Note{Origin: "o", Number: "1", Text: strings.Repeat("x", n)}, rand.Reader); len(b) != 4096 {
			t.Errorf("%d letters make %d bytes", n, len(b))
		}
	}
	if _, err := Pack(Note{Origin: "o", Number: "1", Files: []File{{"f", make([]byte, MostPack)}}}, rand.Reader); err != ErrTooLarge {
		t.Error(err)
	}
}

func TestWhatIsNoNoteIsRefused(t *testing.T) {
	good, err := Pack(full, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]byte{
		"nothing": nil, "another first line": append([]byte("kurultai/note/v2\n"), good[len(first):]...), "no second line": []byte(first), "no padding": bytes.TrimRight(good, "\x00"),
		"more padding": append(bytes.Clone(good), 0), "something behind": append(bytes.Clone(good[:len(good)-1]), 1), "a file too long": bytes.Replace(good, []byte(`"bytes":14`), []byte(`"bytes":94000`), 1), "a short salt": bytes.Replace(good, []byte(`"salt":"`), []byte(`"salt":"AAAA`), 1), "spaces": bytes.Replace(good, []byte(`{"files"`), []byte(`{ "files"`), 1),
	}
	for name, b := range rows {
		if _, err := Unpack(b); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if len(rows) < 9 {
		t.Errorf("%d rows", len(rows))
	}
}

func TestANoteIsOfItsAct(t *testing.T) {
	const there = "story.invalid/lakes/0123456789abcdef"
	for _, row := range []struct {
		note                 Note
		origin, from, number string
		is                   bool
	}{
		{Note{Origin: "a.example/r", From: "xl", Number: "1"}, "a.example/r", "xl", "1", true}, {Note{Origin: "a.example/r", From: "xl", Number: "1"}, "b.example/r", "xl", "1", false},
		{Note{Origin: "a.example/r", From: "xl", Number: "1"}, "a.example/r", "xa", "1", false}, {Note{Origin: "a.example/r", From: "xl", Number: "1"}, "a.example/r", "xl", "2", false},
		{Note{Origin: "story.invalid/lakes", Number: "1"}, there, "", "1", true}, {Note{Origin: "story.invalid/passes", Number: "1"}, there, "", "1", false}, {Note{Origin: "a.example", Number: "1"}, "a.example/r", "", "1", false},
	} {
		if got := row.note.Of(row.origin, row.from, row.number); got != row.is {
			t.Errorf("%+v of %s: %v", row.note, row.origin, got)
		}
	}
}

// Nothing readable passes for a ciphertext.
func TestOnlyFilesOfAgePass(t *testing.T) {
	id := identity(t)
	pack, _ := Pack(full, rand.Reader)
	good, err := Encrypt(pack, []string{id.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	lock, _ := age.NewScryptRecipient("word")
	lock.SetWorkFactor(2)
	var locked bytes.Buffer
	w, _ := age.Encrypt(&locked, lock)
	w.Write(pack)
	w.Close()
	rows := map[string][]byte{
		"nothing": nil, "a text": []byte("Dear colleague"), "a pack": pack, "its header alone": good[:22], "no payload": good[:bytes.Index(good, []byte("\n---"))+48], "behind a passphrase": locked.Bytes(),
		"another version": bytes.Replace(good, []byte("/v1"), []byte("/v2"), 1), "a torn key": bytes.Replace(good, []byte("-> X25519 "), []byte("-> X25519 !"), 1),
	}
	for name, b := range rows {
		if n, err := Stanzas(b); err == nil {
			t.Errorf("%s passes with %d keys", name, n)
		}
	}
	if n, err := Stanzas(good); err != nil || n != 1 {
		t.Error(n, err)
	}
}

func TestAnIdentityIsKeptBehindAPassphrase(t *testing.T) {
	for _, word := range []string{"", "a passphrase"} {
		var file bytes.Buffer
		recipient, err := WriteIdentity(&file, word)
		if err != nil {
			t.Fatal(err)
		}
		if word != "" && bytes.Contains(file.Bytes(), []byte("AGE-SECRET")) {
			t.Error("the secret stands in clear")
		}
		ids, err := ReadIdentities(file.Bytes(), func() (string, error) { return word, nil })
		if err != nil || len(ids) != 1 || ids[0].(*age.X25519Identity).Recipient().String() != recipient {
			t.Error(ids, err)
		}
		if word != "" {
			if _, err := ReadIdentities(file.Bytes(), func() (string, error) { return "another", nil }); err == nil {
				t.Error("another word opens it")
			}
		}
	}
}

func FuzzUnpack(f *testing.F) {
	good, _ := Pack(full, rand.Reader)
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := Unpack(b)
		if err != nil {
			return
		}
		again, err := Pack(n, bytes.NewReader(make([]byte, 32)))
		if err != nil || len(again) != len(b) {
			t.Errorf("%d bytes are packed again as %d, %v", len(b), len(again), err)
		}
	})
}
