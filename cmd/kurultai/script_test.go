package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kurultai": main})
}

// TestScripts runs whole commands; each file in testdata is a story of its own.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		e.Setenv("ROOT", root)
		e.Setenv("HOME", e.WorkDir)
		e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
		return nil
	}})
}

// The six lines of the README run as they stand.
func TestReadmeLinesAreInAScript(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("testdata/readme.txtar")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, line := range strings.Split(string(readme), "\n") {
		line, indented := strings.CutPrefix(line, "    ")
		if !indented || !strings.HasPrefix(line, "./kurultai") && !strings.HasPrefix(line, "python3") {
			continue
		}
		lines++
		line = strings.Replace(strings.TrimPrefix(line, "./"), "python3 doc/", "python3 $ROOT/doc/", 1)
		if !strings.Contains(string(script), "exec "+line+"\n") {
			t.Errorf("the script does not run %q", line)
		}
	}
	if lines != 6 {
		t.Errorf("%d lines", lines)
	}
}
