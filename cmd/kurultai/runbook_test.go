package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The commands of doc/operations.md run as they stand, one block after another, but that each port is one that is free.
func TestTheRunbookRuns(t *testing.T) {
	text, err := os.ReadFile("../../doc/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	script, lines := "set -eu\nnode= edge= follow=\ntrap 'for p in $node $edge $follow; do kill $p 2>/dev/null || true; done' EXIT\n", 0
	for _, b := range blocks {
		script += b[1]
		lines += strings.Count(b[1], "\n")
	}
	for _, port := range []string{"8080", "8081", "8082", "9464", "9465", "9466"} {
		l, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		_, free, err := net.SplitHostPort(l.Addr().String())
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err != nil || !strings.Contains(script, "localhost:"+port) {
			t.Fatalf("nothing is on %s: %v", port, err)
		}
		script = strings.ReplaceAll(script, "localhost:"+port, "localhost:"+free)
		if port == "8080" { // which serve takes by itself
			script = "export KURULTAI_ADDR=localhost:" + free + "\n" + script
		}
	}
	if len(blocks) < 9 || lines < 30 {
		t.Fatalf("%d lines in %d blocks", lines, len(blocks))
	}
	file := filepath.Join(t.TempDir(), "runbook.txtar")
	commands := "# doc/operations.md\nexec sh -x runbook.sh\nstdout '^verified '\nstderr 'restored into assembly'\n-- runbook.sh --\n"
	if err := os.WriteFile(file, fmt.Appendf(nil, "%s%s", commands, script), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Files: []string{file}, Setup: func(e *testscript.Env) error {
		e.Setenv("HOME", e.WorkDir)
		e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
		return nil
	}})
	t.Logf("%d lines in %d blocks", lines, len(blocks))
}
