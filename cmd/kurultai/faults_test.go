package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kurultai/record/etcd/faults"
	"kurultai/record/recordtest"
)

// broken breaks a quorum as `bench faults` does, and reads its figures. It is done where namespaces and disks can be made:
// as root, on a system that lets it.
func broken(t *testing.T, args ...string) map[string]any {
	t.Helper()
	for _, tool := range []string{"ip", "iptables", "mkfs.ext4", "fsfreeze"} {
		recordtest.Program(t, tool)
	}
	image := t.TempDir() + "/disk"
	if out, err := exec.Command("unshare", "--net", "--mount", "--propagation", "private", "sh", "-ec",
		"truncate -s 16M "+image+" && mkfs.ext4 -q -F "+image+" && mkdir "+image+".d && mount -o loop "+image+" "+image+".d && iptables -L >/dev/null").CombinedOutput(); err != nil {
		t.Logf("not run: this system lets nobody make namespaces and disks: %v: %s", err, out)
		return nil
	}
	self, err := os.Executable()
	program := filepath.Join(t.TempDir(), "kurultai") // by this name the test's own program is ours
	if err == nil {
		var b []byte
		if b, err = os.ReadFile(self); err == nil {
			err = os.WriteFile(program, b, 0o700)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append([]string{"bench", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var figures map[string]any
	if err := json.Unmarshal(out, &figures); err != nil {
		t.Fatal(err)
	}
	return figures
}

// Five faults, each really done: nothing that was acknowledged is lost, doubled or contradicted, and whoever reads at an
// edge has all of it, each index once.
func TestAQuorumUnderFaults(t *testing.T) {
	f := broken(t, "-rounds", "5", "faults")
	if f == nil {
		return
	}
	t.Logf("%v appends acknowledged in %v faults", f["acked"], f["rounds"])
	for _, key := range []string{"lost", "duplicated", "conflicting_checkpoints", "copies_apart", "edges_apart", "readers_apart", "sealed"} {
		if f[key] != 0.0 {
			t.Errorf("%s: %v", key, f[key])
		}
	}
	if n, ok := f["acked"].(float64); !ok || n < 1 {
		t.Errorf("%v were acknowledged", f["acked"])
	}
	if n, ok := f["readers"].(float64); !ok || n < 4 {
		t.Errorf("%v readers", f["readers"])
	}
}

// An engine that acknowledges what it did not append is caught by the same look.
func TestAnEngineThatForgetsIsCaught(t *testing.T) {
	f := broken(t, "-rounds", "1", "-forgets", "faults")
	if f == nil {
		return
	}
	if n, ok := f["lost"].(float64); !ok || n < 1 {
		t.Errorf("%v of %v acknowledged are found lost", f["lost"], f["acked"])
	}
}

// Nodes are rolled to another build or to none: this program is not taken for an older one.
func TestAnOlderBuildIsAnother(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	same := filepath.Join(t.TempDir(), "kurultai") // by this name the test's own program is ours
	other := same + "-older"
	b, err := os.ReadFile(self)
	if err == nil {
		err = errors.Join(os.WriteFile(same, b, 0o700), os.WriteFile(other, []byte("#!/bin/sh\necho kurultai of old\necho more\n"), 0o700))
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := otherBuild(t.Context(), same, self); err == nil || !strings.Contains(err.Error(), "is this very program") {
		t.Errorf("the same program: %v", err)
	}
	if said, err := otherBuild(t.Context(), other, self); err != nil || !strings.HasPrefix(said, "to an older build, kurultai of old (SHA-256 ") {
		t.Errorf("%q, %v", said, err)
	}
	if _, err := otherBuild(t.Context(), same+"-none", self); err == nil {
		t.Error("a program that is not there is taken")
	}
}

// Each kind of fault has a goal, but those after which nobody is left to answer, and the table says how it was met.
func TestTheTableOfFaults(t *testing.T) {
	for _, kind := range faults.Kinds {
		if _, ok := faultGoals[kind]; ok == slices.Contains([]string{"kill-all", "power-all", "restore-all"}, kind) {
			t.Errorf("%s: has it a goal? %t", kind, ok)
		}
	}
	f := &figures{what: "faults"}
	s := func(list ...float64) (all []time.Duration) {
		for _, x := range list {
			all = append(all, time.Duration(x*float64(time.Second)))
		}
		return all
	}
	tabled(f, faults.Found{Silence: map[string][]time.Duration{"kill-all": s(15), "kill-leader": s(2, 7, 2.5), "kill-edge": s(0.2), "rolling-all": s(1)},
		Blind: map[string][]time.Duration{"kill-all": s(16), "kill-leader": s(3, 8, 2.5), "kill-edge": s(0.3), "rolling-all": s(2)}}, "by the same program")
	want := `
FAULT        ROUNDS  NOBODY ANSWERED: MEDIAN  WORST   GOAL                  A READER SAW NOTHING: MEDIAN  WORST
kill-leader  3       2.5 s                    7.0 s   3 s, 6 s              3.0 s                         8.0 s   missed
kill-edge    1       0.2 s                    0.2 s   unfelt: 1 s           0.3 s                         0.3 s
kill-all     1       15.0 s                   15.0 s  none: nobody is left  16.0 s                        16.0 s
rolling-all  1       1.0 s                    1.0 s   3 s, 6 s              2.0 s                         2.0 s
rolling-all: by the same program
`
	if f.String() != want {
		t.Errorf("%q\nwant %q", f.String(), want)
	}
	m := f.machine()
	if missed := m["missed"].([]string); !slices.Equal(missed, []string{"silence_kill-leader_worst_s"}) || m["silence_kill-leader_s"] != 2.5 || m["blind_kill-leader_worst_s"] != 8.0 || m["silence_kill-edge_worst_s_goal"] != "at most 1" {
		t.Errorf("%v", m)
	}
}
