package passkey

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAKeyComesBackFromItsFile(t *testing.T) {
	k, err := New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := k.Save(path); err != nil {
		t.Fatal(err)
	}
	back, err := Open(path, rand.Reader)
	if err != nil || back.Public() != k.Public() || back.Credential() != k.Credential() {
		t.Errorf("came back as another: %v", err)
	}
	if err := k.Save(path); err == nil {
		t.Error("another file was written over")
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, rand.Reader); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key others may read was taken: %v", err)
	}
}

func TestWhatIsNoKeyIsRefused(t *testing.T) {
	ed25519 := "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n"
	for _, text := range []string{"", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", ed25519, strings.Replace(ed25519, "PRIVATE", "PUBLIC", 2)} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, rand.Reader); err == nil {
			t.Errorf("taken for a key: %.40q", text)
		}
	}
}
