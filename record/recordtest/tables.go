package recordtest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Table returns the path of a table of facts that is kept beside the repository, in ../shared/data. Where that folder
// is not there the test is skipped with a line that says how many tables did not run; with CI=true it fails.
func Table(t *testing.T, name string) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	data := filepath.Join(filepath.Dir(file), "..", "..", "..", "shared", "data")
	path := filepath.Join(data, filepath.FromSlash(name))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("the table %s is not there", name)
	}
	t.Skipf("1 table not run: %s is not beside this repository", name)
	return ""
}
