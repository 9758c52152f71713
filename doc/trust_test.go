package doc_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Whatever doc/trust.md says is shown by a test, is a test that stands.
func TestWhatTrustNamesStands(t *testing.T) {
	text, err := os.ReadFile("trust.md")
	if err != nil {
		t.Fatal(err)
	}
	stands := map[string]bool{}
	err = fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile("../" + path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(b, -1) {
			stands[string(m[1])] = true
		}
		stands[path] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, name := range regexp.MustCompile(`\bTest\w+|\b[a-z]\w*/\w+_test\.go`).FindAllString(string(text), -1) {
		if named++; !stands[name] {
			t.Errorf("%s is named and does not stand", name)
		}
	}
	if named < 8 {
		t.Errorf("%d tests are named", named)
	}
}
