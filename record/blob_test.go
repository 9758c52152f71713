package record_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"kurultai/record"
	"kurultai/record/canonical"
)

// The sizes kept of private blobs, by how many bytes are private.
func TestSealedSizes(t *testing.T) {
	rows := []struct{ plain, kept int64 }{
		{0, 4096}, {4079, 4096}, {4080, 4352}, {5000, 5120}, {32751, 32768}, {32752, 34816}, {65519, 65536}, {65520, 67584}, {1 << 20, 1<<20 + 1<<15}, {1<<26 - 17, 1 << 26},
	}
	for _, row := range rows {
		if got := record.SealedSize(row.plain); got != row.kept || !record.IsSealedSize(got) {
			t.Errorf("of %d bytes %d are kept, want %d", row.plain, got, row.kept)
		}
	}
	for _, n := range []int64{-1, 0, 16, 4095, 4097, 5000, 32768 + 1024, 1<<26 + 1<<21, 1 << 40} {
		if record.IsSealedSize(n) {
			t.Errorf("%d bytes are no size of a private blob", n)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.Int64Range(0, 1<<26-17).Draw(t, "plain")
		kept := record.SealedSize(plain)
		if !record.IsSealedSize(kept) || kept < plain+17 || kept > 4096 && (kept-plain-17)*16 > plain+17 {
			t.Fatalf("of %d bytes %d are kept", plain, kept)
		}
	})
}

// private stands in fields for a file.
func private(content []byte) canonical.Value {
	v, err := canonical.Parse(fmt.Sprintf(`{"file":{"private":{"blob":"%s","size":%d}}}`, record.DigestOf(content), len(content)))
	if err != nil {
		panic(err)
	}
	return v
}

func TestPrivateBlobsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 9000).Draw(t, "content")
		if rapid.Bool().Draw(t, "ends as padding does") {
			content = append(content, 0x80, 0, 0)
		}
		fields, opened, err := record.Seal(private(content), rand.Reader)
		if err != nil || len(opened) != 1 {
			t.Fatal(opened, err)
		}
		refs := record.References(fields)
		if len(refs) != 1 || refs[0] != (record.Reference{Name: "file", Digest: opened[0].Digest(), Size: record.SealedSize(int64(len(content))), Private: true}) || len(record.Blobs(fields)) != 0 {
			t.Fatalf("%v", refs)
		}
		_, plain, key, err := opened[0].OpenBlob()
		if err != nil || plain != record.DigestOf(content) {
			t.Fatal(plain, err)
		}
		kept, err := key.Encrypt(content, opened[0].Digest())
		if err != nil || int64(len(kept)) != refs[0].Size {
			t.Fatal(len(kept), err)
		}
		if len(content) >= 16 && bytes.Contains(kept, content[:16]) {
			t.Fatal("the plain bytes are kept")
		}
		if got, err := opened[0].OpenKept(kept); err != nil || !bytes.Equal(got, content) {
			t.Fatal(err)
		}
		at := rapid.IntRange(0, len(kept)-1).Draw(t, "at")
		kept[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := opened[0].OpenKept(kept); err == nil {
			t.Fatalf("a bit of byte %d was changed, and the file opened", at)
		}
		kept[at] = 0
		if _, err := opened[0].OpenKept(kept[:len(kept)-1]); err == nil {
			t.Fatal("a file cut short opened")
		}
	})
}

func TestDisclosuresOfBlobsHaveOneShape(t *testing.T) {
	salt, plain, key := canonical.EncodeBytes(make([]byte, 16)), record.DigestOf([]byte("x")), canonical.EncodeBytes(bytes.Repeat([]byte{7}, 32))
	good := fmt.Sprintf(`["%s","blob","%s","%s"]`, salt, plain, key)
	if d := record.DiscloseBlob(salt, plain, record.BlobKey(bytes.Repeat([]byte{7}, 32))); string(d) != canonical.EncodeBytes([]byte(good)) {
		t.Errorf("%s", d)
	}
	for _, text := range []string{
		fmt.Sprintf(`["%s","blob","%s"]`, salt, plain), fmt.Sprintf(`["%s","file","%s","%s"]`, salt, plain, key), fmt.Sprintf(`["%s","blob","%s","%s",1]`, salt, plain, key),
		fmt.Sprintf(`["%s","blob","%s","%s"]`, salt, salt, key), fmt.Sprintf(`["%s","blob","%s","%s"]`, key, plain, key), fmt.Sprintf(`["%s","blob","%s","%s"]`, salt, plain, salt),
		fmt.Sprintf(`["%s","blob","%s",7]`, salt, plain), `["blob"]`, `{"blob":1}`, good + " ",
	} {
		d := record.Disclosure(canonical.EncodeBytes([]byte(text)))
		if _, _, _, err := d.OpenBlob(); err == nil {
			t.Errorf("%s was read", text)
		}
	}
	if _, _, _, err := record.Disclosure(canonical.EncodeBytes([]byte(good))).Open(); err == nil {
		t.Error("a blob's disclosure was read as a value's")
	}
	for _, fields := range []string{`{"f":{"private":{"blob":"x","size":1}}}`, `{"f":{"private":{"blob":"` + string(plain) + `"}}}`, `{"f":{"private":{"blob":"` + string(plain) + `","size":-1}}}`,
		`{"f":{"private":{"blob":"` + string(plain) + `","size":67108848}}}`, `{"f":{"private":{"blob":"` + string(plain) + `","more":1,"size":1}}}`} {
		v, err := canonical.Parse(fields)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := record.Seal(v, rand.Reader); err == nil {
			t.Errorf("%s was sealed", fields)
		}
	}
}

// A form sent twice draws the same chance: two files never have one key by it, for each key encrypts once.
func TestSameChanceGivesAnotherFileAnotherKey(t *testing.T) {
	keys := map[record.BlobKey]bool{}
	for _, content := range []string{"one", "two", "one"} {
		_, opened, err := record.Seal(private([]byte(content)), bytes.NewReader(make([]byte, 100)))
		if err != nil {
			t.Fatal(err)
		}
		_, _, key, err := opened[0].OpenBlob()
		if err != nil {
			t.Fatal(err)
		}
		keys[key] = true
	}
	if len(keys) != 2 {
		t.Errorf("%d keys of two files", len(keys))
	}
	if _, _, err := record.Seal(private([]byte("one")), bytes.NewReader(make([]byte, 20))); err == nil {
		t.Error("a key was made of less chance than it needs")
	}
}
