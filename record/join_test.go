package record

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
)

// A witness that signs again later does not stand twice with a checkpoint: readers take one signature of each.
func TestJoinKeepsOneSignatureOfEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := "example.org/record\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		one, err := torchwood.NewCosignatureSigner("one.example", ed25519.NewKeyFromSeed(make([]byte, 32)))
		if err != nil {
			t.Fatal(err)
		}
		two, err := torchwood.NewCosignatureSigner("two.example", ed25519.NewKeyFromSeed(make([]byte, 32)))
		if err != nil {
			t.Fatal(err)
		}
		sign := func(by ...note.Signer) []byte {
			b, err := note.Sign(&note.Note{Text: text}, by...)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		first := sign(one)
		time.Sleep(time.Minute)
		both, err := Join(first, sign(one, two))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(both), string(first)) || strings.Count(string(both), "\u2014 one.example ") != 1 || strings.Count(string(both), "\u2014 two.example ") != 1 {
			t.Errorf("%s", both)
		}
		if _, err := Join(first, []byte("another\ntext\n\n\u2014 one.example AAAA\n")); err == nil {
			t.Error("signatures of another text are taken")
		}
	})
}
