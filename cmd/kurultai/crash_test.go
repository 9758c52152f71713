package main

import "testing"

// The process that is killed is this test's own program, which script_test.go starts under the name of the command.
func TestKillsLoseNoActAndDoubleNone(t *testing.T) {
	t.Chdir(t.TempDir())
	rounds := 10
	f, err := benchCrash(t.Context(), rounds, 1)
	if err != nil {
		t.Fatal(err)
	}
	got := f.machine()
	if len(f.missed()) > 0 || got["acknowledged"].(float64) < float64(rounds) {
		t.Errorf("%v", f)
	}
	t.Logf("%d kills, %v acts acknowledged, %v there though not acknowledged", rounds, got["acknowledged"], got["again"])
}
