package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"

	"kurultai/conference"
	"kurultai/record/recordtest"
)

// sshAgent holds the key of a witness as its operator's agent would, on a socket.
func sshAgent(t testing.TB) (socket, fingerprint string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "agent") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(folder, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); os.RemoveAll(folder) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(ring, c)
		}
	}()
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return socket, ssh.FingerprintSHA256(key)
}

// freeAddress is an address on this machine that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// started runs a program until the test ends, and what it says.
func started(t testing.TB, said *syncBuffer, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program), said.String())
		}
	})
}

// witnesses admits a witness that waits at an address, and sees it cosign the record as it grows.
func witnesses(t *testing.T, h *house, verifier, address string) {
	t.Helper()
	takes(t, h.s, conference.Secretary, "", "AdmitNode", conference.AdmitNode{Verifier: verifier, Address: "http://" + address})
	go feedWitnesses(t.Context(), h, func(err error) { t.Log(err) })
	for round := range 3 {
		index := h.s.View().State().Size - 1
		eventually(t, fmt.Sprintf("cosignature %d", round), func() bool { return h.marks.Of(index).Witnessed() })
		node := cosigner(t, fmt.Sprint("node.", round)).Verifier().String()
		takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: node})
		takes(t, h.s, conference.Head, "xa", "WithdrawNode", conference.WithdrawNode{Verifier: node})
	}
}

// torchwood's litewitness, unmodified, cosigns our checkpoints: the first, and those that follow.
func TestLitewitnessCosigns(t *testing.T) {
	program, sqlite := recordtest.Program(t, "litewitness"), recordtest.Program(t, "sqlite3")
	h, _ := served(t, trainingRecord(t))
	socket, fingerprint := sshAgent(t)
	db, address := filepath.Join(t.TempDir(), "w.db"), freeAddress(t)
	var said syncBuffer
	started(t, &said, program, "-name", "lite.example/w", "-db", db, "-ssh-agent", socket, "-key", fingerprint, "-listen", address)
	var verifier string
	eventually(t, "litewitness", func() bool {
		m := regexp.MustCompile(`vkey=(\S+)`).FindStringSubmatch(said.String())
		if m == nil {
			return false
		}
		verifier = strings.Trim(m[1], `"`)
		answer, err := http.Get("http://" + address + "/")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return true
	})
	sql := fmt.Sprintf("INSERT INTO log VALUES ('%s', 0, '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='); INSERT INTO key VALUES ('%[1]s', '%s');", h.log.Origin(), h.log.Verifier())
	if out, err := exec.Command(sqlite, db, sql).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	witnesses(t, h, verifier, address)
}

// withoutNetwork is a command in a network namespace of its own, which has no way out. Who is not root takes one as root of
// a user namespace.
func withoutNetwork(args ...string) *exec.Cmd {
	return exec.Command("unshare", append([]string{"--map-root-user", "--net"}, args...)...)
}

// transparency-dev's omniwitness, unmodified, cosigns our checkpoints. It knows public logs by itself, so it runs in a
// network namespace without routes, and this test with it.
func TestOmniwitnessCosigns(t *testing.T) {
	program, ip := recordtest.Program(t, "omniwitness"), recordtest.Program(t, "ip")
	if os.Getenv("KURULTAI_INSIDE") == "" {
		cmd := withoutNetwork("sh", "-c", ip+` link set lo up && exec "$0" -test.v -test.run '^TestOmniwitnessCosigns$'`, os.Args[0])
		cmd.Env = append(os.Environ(), "KURULTAI_INSIDE=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestOmniwitnessCosigns") {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	h, _ := served(t, trainingRecord(t))
	dir, address := t.TempDir(), freeAddress(t)
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, "omniwitness of a test")
	private := ed25519.NewKeyFromSeed(seed)
	const name = "omni.example/w"
	key, logs := filepath.Join(dir, "key"), filepath.Join(dir, "logs.yaml")
	text := append([]byte{1}, seed...)
	public := append([]byte{1}, private.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(name+"\n"), public...))
	for path, b := range map[string]string{
		key:  fmt.Sprintf("PRIVATE+KEY+%s+%x+%s\n", name, sum[:4], base64.StdEncoding.EncodeToString(text)),
		logs: fmt.Sprintf("Logs:\n  - Origin: %s\n    PublicKey: %s\n    URL: http://localhost\n", h.log.Origin(), h.log.Verifier()),
	} {
		if err := os.WriteFile(path, []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var said syncBuffer
	started(t, &said, program, "-private_key_path", key, "-additional_logs", logs, "-db_file", filepath.Join(dir, "db"), "-listen", address, "-metrics_listen", freeAddress(t))
	eventually(t, "omniwitness", func() bool {
		answer, err := http.Get("http://" + address + "/")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return true
	})
	signer, err := torchwood.NewCosignatureSigner(name, private)
	if err != nil {
		t.Fatal(err)
	}
	witnesses(t, h, signer.Verifier().String(), address)
}

// A log of others, kept by Tessera's own program on a disk, unmodified, asks our node, and its checkpoint comes out cosigned
// by us. The same log put back and continued otherwise is refused.
func TestATesseraLogIsCosigned(t *testing.T) {
	program := recordtest.Program(t, "posix-oneshot")
	dir := t.TempDir()
	private, log, err := note.GenerateKey(nil, "tessera.example/log")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	_, server := served(t, trainingRecord(t))
	page, node := nodeRuns(t, followConfig{dir: filepath.Join(dir, "copy"), from: server.URL, key: filepath.Join(dir, "node.key"), name: "node.xa", others: write("others", "# logs of others\n"+log+"\n")})
	key := write("log.key", private)
	policy := write("policy", fmt.Sprintf("witness ours %s %s/\nquorum ours\n", node, page))
	add := func(storage, entry string) (string, error) {
		ctx, stop := context.WithTimeout(t.Context(), 6*time.Second) // it waits for ever for a checkpoint nobody cosigns
		defer stop()
		out, err := exec.CommandContext(ctx, program, "-storage_dir", storage, "-private_key", key, "-entries", write("entries/"+entry, entry), "-witness_policy_file", policy, "-witness_timeout", "2s").CombinedOutput()
		return string(out), err
	}
	verifier, err := torchwood.NewCosignatureVerifier(node)
	if err != nil {
		t.Fatal(err)
	}
	sizes := 0
	ours := func(storage string, size int) bool {
		t.Helper()
		signed, err := os.ReadFile(filepath.Join(storage, "checkpoint"))
		if err != nil {
			return false
		}
		n, err := note.Open(signed, note.VerifierList(verifier))
		return err == nil && strings.HasPrefix(n.Text, fmt.Sprintf("tessera.example/log\n%d\n", size))
	}
	storage, fork := filepath.Join(dir, "storage"), filepath.Join(dir, "fork")
	for i, entry := range []string{"one", "two", "three"} {
		if i == 2 {
			if err := os.CopyFS(fork, os.DirFS(storage)); err != nil {
				t.Fatal(err)
			}
		}
		if out, err := add(storage, entry); err != nil || !ours(storage, i+1) {
			t.Fatalf("%v: %s", err, out)
		}
		sizes++
	}
	if out, err := add(fork, "another"); err == nil || ours(fork, 3) {
		t.Errorf("a fork came out cosigned: %s", out)
	}
	// What it signed twice is kept, and convinces others.
	entries, err := filepath.Glob(filepath.Join(dir, "copy", "others", "*.evidence"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v %v", entries, err)
	}
	if code, out, talk := kurultai(t, "verify", "-key", log, entries[0]); code != 0 || !strings.Contains(out, "cannot both be") {
		t.Errorf("%d %s %s", code, out, talk)
	}
	if !ours(storage, 3) || sizes != 3 {
		t.Errorf("%d checkpoints came out cosigned", sizes)
	}
}

// nodeRuns follows a record until the test ends, and gives the address of its pages and its verifier key.
func nodeRuns(t *testing.T, c followConfig) (page, verifier string) {
	t.Helper()
	said, stop := runs(t, c)
	t.Cleanup(stop)
	return after(said, "the page is on "), after(said, "this node's verifier key, for AdmitNode: ")
}

// runs follows a record until it is stopped.
func runs(t *testing.T, c followConfig) (said *syncBuffer, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	said = new(syncBuffer)
	c.addr = "localhost:0"
	go func() { ended <- c.follow(ctx, streams{io.Discard, said}) }()
	ready := "the page is on "
	if c.inside != "" {
		ready = "the page of the delegation is on "
	}
	eventually(t, "the page of the node", func() bool { return after(said, ready) != "" || len(ended) > 0 })
	if after(said, ready) == "" {
		t.Fatalf("the node does not run: %s", said.String())
	}
	return said, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// after is the rest of the line in which something was said.
func after(said *syncBuffer, words string) string {
	_, rest, _ := strings.Cut(said.String(), words)
	line, _, whole := strings.Cut(rest, "\n")
	if !whole {
		return ""
	}
	return line
}
