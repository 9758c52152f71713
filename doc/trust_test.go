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
	if named < 30 {
		t.Errorf("%d tests are named", named)
	}
}

// Each thing that can be tried has its row, and each row says which test shows it, or that it is not defended.
func TestEachTryHasItsRow(t *testing.T) {
	text, err := os.ReadFile("trust.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, keys := 0, 0
	for line := range strings.Lines(string(text)) {
		proven := regexp.MustCompile(`Test\w+|_test\.go|not defended`).MatchString(line)
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| who") {
			if rows++; !proven || strings.Count(line, "|") != 6 {
				t.Errorf("no test: %s", line)
			}
		}
		if strings.HasPrefix(line, "- **") {
			keys++
		}
	}
	for _, try := range []string{"rollback", "two audiences", "withheld entry", "forged time", "forged vote", "wrong count", "swapped paper", "shows one act and has another signed"} {
		if strings.Count(string(text), "**"+try+"**") != 1 {
			t.Errorf("%s has no row", try)
		}
	}
	if rows < 20 || keys < 8 {
		t.Errorf("%d rows, %d procedures", rows, keys)
	}
}
