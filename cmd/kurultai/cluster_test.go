package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kurultai/cluster"
	"kurultai/record/etcd"
)

// member runs the member in a folder.
func member(t *testing.T, dir string) *cluster.Member {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	copied, _, err := etcd.OpenCopy(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := cluster.Start(ctx, dir, copied, cluster.Options{Upkeep: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	upkeep, end := context.WithCancel(context.Background())
	go func() { m.Upkeep(upkeep, nil); close(done) }()
	t.Cleanup(func() {
		end()
		<-done
		m.Close()
	})
	return m
}

// A record on one machine becomes one on two, by the commands that an operator types.
func TestAClusterByItsCommands(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "assembly")
	if _, talk, code := said(t, "play", "-data", dir, "../../story/training.jsonl"); code != 0 {
		t.Fatal(talk)
	}
	at, away, other := threePorts(t), threePorts(t), filepath.Join(t.TempDir(), "baku")
	if at < away { // members are listed by name, wherever they are
		at, away = away, at
	}
	file := filepath.Join(t.TempDir(), "baku.join")
	ok := func(args ...string) string {
		t.Helper()
		out, talk, code := said(t, append([]string{"cluster"}, args...)...)
		if code != 0 {
			t.Fatalf("cluster %s: %d, %s%s", strings.Join(args, " "), code, out, talk)
		}
		return out
	}
	refused := func(says string, want int, args ...string) {
		t.Helper()
		out, talk, code := said(t, append([]string{"cluster"}, args...)...)
		if code != want || !strings.Contains(talk, says) || !strings.Contains(talk, "\nhint: ") {
			t.Errorf("cluster %s: %d, %s%s", strings.Join(args, " "), code, out, talk)
		}
	}
	refused("is not of a member", 1, "status", "-data", dir)
	refused("-name NAME and -at HOST:PORT are needed", 2, "init", "-data", dir)
	refused("-data DIR is needed", 2, "status")
	refused("say init, cert", 2, "begin", "-data", dir)
	if out := ok("init", "-data", dir, "-name", "ankara", "-at", at); !strings.Contains(out, "ankara is the first member") {
		t.Error(out)
	}
	refused("is of a member of a cluster already", 1, "init", "-data", dir, "-name", "ankara", "-at", at)
	refused("no member answers", 1, "status", "-data", dir)
	if out := ok("cert", "-data", dir, "-out", file, "baku", "127.0.0.1"); !strings.Contains(out, "holds the key of baku") {
		t.Error(out)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	refused("file exists", 1, "cert", "-data", dir, "-out", file, "baku", "127.0.0.1")
	if out := ok("cert", "-data", dir, "-renew", "ankara"); !strings.Contains(out, "no restart is needed") {
		t.Error(out)
	}
	member(t, dir)
	ok("join", "-data", other, "-at", away, file)
	if out := ok("status", "-data", dir); !strings.Contains(out, "(not started)  "+away+"  silent") || !strings.Contains(out, "nobody writes") {
		t.Error(out)
	}
	member(t, other)
	var s cluster.Status
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end) && !(len(s.Members) == 2 && s.Members[1].Voting && s.Members[1].Lag == 0); {
		if err := json.Unmarshal([]byte(ok("status", "-json", "-data", other)), &s); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.Members) != 2 || s.Members[0].Name != "ankara" || s.Members[1].Name != "baku" || !s.Members[1].Voting || s.Members[1].Size != s.Size || s.Size == 0 {
		t.Errorf("%+v", s)
	}
	refused("is no member", 1, "leave", "-data", dir, "tbilisi")
	if out := ok("leave", "-data", other); !strings.Contains(out, "this node is no member any more") {
		t.Error(out)
	}
	refused("has left its cluster", 1, "leave", "-data", other)
	// A copy that lacks what makes it a member's is not written alone.
	if err := errors.Join(os.Rename(filepath.Join(other, "cluster"), filepath.Join(other, "aside")), os.WriteFile(termsPath(other), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if out, talk, code := said(t, "act", "-data", other, "-by", "x", "FileNote", `{"note":"n","text":"t"}`); code != 1 || !strings.Contains(talk, "a second record under the same key") || !strings.Contains(talk, "\nhint: put that back") {
		t.Errorf("%d, %s%s", code, out, talk)
	}
	for _, d := range []string{dir, other} {
		if out, talk, code := said(t, "verify", d); code != 0 {
			t.Errorf("%s%s", out, talk)
		}
	}
}
