package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

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

// Four faults, each really done: nothing that was acknowledged is lost, doubled or contradicted.
func TestAQuorumUnderFaults(t *testing.T) {
	f := broken(t, "-rounds", "4", "faults")
	if f == nil {
		return
	}
	t.Logf("%v appends acknowledged in %v faults", f["acked"], f["rounds"])
	for _, key := range []string{"lost", "duplicated", "conflicting_checkpoints", "copies_apart", "sealed"} {
		if f[key] != 0.0 {
			t.Errorf("%s: %v", key, f[key])
		}
	}
	if n, ok := f["acked"].(float64); !ok || n < 1 {
		t.Errorf("%v were acknowledged", f["acked"])
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
