package recordtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Table returns the path of a table of facts that is kept beside the repository, in ../shared/data; further ones that the
// test reads are named after it. Where one is not there the test is skipped with a line that says how many tables did
// not run, which ./test adds up; with CI=true it fails.
func Table(t *testing.T, name string, further ...string) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	data := filepath.Join(filepath.Dir(file), "..", "..", "..", "shared", "data")
	names := append([]string{name}, further...)
	for _, n := range names {
		if _, err := os.Stat(filepath.Join(data, filepath.FromSlash(n))); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("the table %s is not there", n)
		}
		t.Skipf("tables not run: %d (%s is not in ../shared/data beside this repository)", len(names), n)
	}
	return filepath.Join(data, filepath.FromSlash(name))
}

// Program returns where a program of others is, which tests hold ours against. Where it is not there the test is skipped
// with a line that says so; with CI=true it fails. ./test installs each.
func Program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: ./test installs it", name)
		}
		t.Skipf("not run: it needs %s, which ./test installs", name)
	}
	return path
}
