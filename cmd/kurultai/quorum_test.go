package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kurultai/cluster"
	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/web"
)

// A threeHall is three machines of one record, each a process of its own.
type threeHall struct {
	*testing.T
	home  string
	nodes map[string]*hallNode
	head  string // a person who is no officer
}

type hallNode struct {
	name, dir, at, url string
	process            *exec.Cmd
}

// threePorts is HOST:PORT for a member.
func threePorts(t testing.TB) string { return "127.0.0.1:" + freePorts(t, 3) }

// freePorts is the first of so many ports at which nobody listens, and that the system gives to nobody by itself.
func freePorts(t testing.TB, count int) string {
	t.Helper()
next:
	for range 200 {
		port := 10000 + rand.IntN(20000)
		for n := range count {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+n))
			if err != nil {
				continue next
			}
			l.Close()
		}
		return fmt.Sprint(port)
	}
	t.Fatal("no ports are free")
	return ""
}

func (h *threeHall) kurultai(args ...string) string {
	h.Helper()
	out, err := h.try(args...)
	if err != nil {
		h.Fatalf("kurultai %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (h *threeHall) try(args ...string) (string, error) {
	out, err := homeIn(h.home, exec.Command("kurultai", args...)).CombinedOutput()
	return string(out), err
}

// start serves a node.
func (h *threeHall) start(n *hallNode) {
	h.Helper()
	n.process = homeIn(h.home, exec.Command("kurultai", "serve", "-data", n.dir, "-addr", "localhost:0"))
	n.url = serving(h, n.process, n.dir+".log")
	h.Cleanup(func() { h.kill(n, syscall.SIGTERM) })
}

func (h *threeHall) kill(n *hallNode, signal syscall.Signal) {
	if n.process != nil && n.process.ProcessState == nil {
		n.process.Process.Signal(signal)
		n.process.Wait()
	}
}

// act files a note at a node and returns its entry.
func (h *threeHall) act(n *hallNode, note string) string {
	h.Helper()
	m := regexp.MustCompile(`entry (\d+)  `).FindStringSubmatch(h.kurultai("act", "-url", n.url, "-key", "officer.key", "FileNote", `{"note":"`+note+`","text":"A note of the secretariat."}`))
	if m == nil {
		h.Fatal("no entry")
	}
	return m[1]
}

// join adds a node to the cluster.
func (h *threeHall) join(name string) *hallNode {
	h.Helper()
	n := &hallNode{name: name, dir: filepath.Join(h.home, name), at: threePorts(h)}
	file, err := cluster.Certify(h.nodes["a"].dir, name, []string{"127.0.0.1"}, false)
	for deadline := time.Now().Add(time.Minute); err == nil && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		var wait *cluster.Refusal
		if joinErr := cluster.Join(h.Context(), n.dir, n.at, file); joinErr == nil {
			break
		} else if !errors.As(joinErr, &wait) {
			err = joinErr
		}
	}
	if err != nil {
		h.Fatal(err)
	}
	h.start(n)
	h.nodes[name] = n
	return n
}

// writer is the node that writes, as the members say.
func (h *threeHall) writer() *hallNode {
	h.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		for _, n := range h.nodes {
			if n.process.ProcessState != nil {
				continue
			}
			ctx, stop := context.WithTimeout(h.Context(), 3*time.Second)
			s, err := cluster.Ask(ctx, n.dir)
			stop()
			if err == nil && s.Writer != "" {
				if w := h.nodes[s.Writer]; w.process.ProcessState == nil {
					return w
				}
			}
		}
	}
	h.Fatal("nobody writes")
	return nil
}

// three machines keep the training body's record.
func three(t *testing.T) *threeHall {
	t.Helper()
	h := &threeHall{T: t, home: t.TempDir(), nodes: map[string]*hallNode{}}
	if err := os.Mkdir(filepath.Join(h.home, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, n := range h.nodes {
			if said, err := os.ReadFile(n.dir + ".log"); err == nil && t.Failed() {
				t.Logf("%s said:\n%s", n.name, said)
			}
		}
	})
	story, err := filepath.Abs("../../story/training.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	a := &hallNode{name: "a", dir: filepath.Join(h.home, "a"), at: threePorts(t)}
	h.kurultai("play", "-data", a.dir, story)
	_, v, err := readView(t.Context(), a.dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range []string{"officer.key", "second.key"} {
		officers := v.State().Holders(conference.Secretary)
		h.kurultai("enrol", "-data", a.dir, "-as", string(officers[0].Person), "-to", file, string(officers[i].Person))
	}
	if err := cluster.Found(a.dir, cluster.Founding{Name: "a", At: a.at}); err != nil {
		t.Fatal(err)
	}
	h.nodes["a"], h.head = a, string(v.State().Holders(conference.Head)[0].Person)
	h.start(a)
	h.join("b")
	h.join("c")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		s, err := cluster.Ask(t.Context(), a.dir)
		if err == nil && len(s.Members) == 3 && !slices.ContainsFunc(s.Members, func(m cluster.MemberStatus) bool { return !m.Voting || !m.Complete }) {
			return h
		}
		if time.Now().After(deadline) {
			t.Fatalf("not all vote: %+v, %v", s, err)
		}
	}
}

// An act comes to any of three machines; the writer is killed, and the next act is taken; the one that was killed comes
// back; each has the one record.
func TestThreeServeOneRecord(t *testing.T) {
	h := three(t)
	for name, n := range h.nodes {
		h.act(n, "first-at-"+name)
	}
	h.twoSteps(h.nodes["a"], h.nodes["b"])
	w := h.writer()
	h.kill(w, syscall.SIGKILL)
	start := time.Now()
	for _, n := range h.nodes {
		if n != w {
			h.act(n, "killed-"+n.name)
			t.Logf("%s was killed while it wrote; %s took the next act after %v", w.name, n.name, time.Since(start).Round(10*time.Millisecond))
		}
	}
	h.start(w)
	h.act(w, "back")
	h.loses(w)
	roots := map[string]bool{}
	for _, n := range h.nodes {
		h.kill(n, syscall.SIGTERM)
	}
	for _, n := range h.nodes {
		out := h.kurultai("verify", n.dir)
		roots[regexp.MustCompile(`verified \d+ entries, root \S+`).FindString(out)] = true
	}
	if len(roots) != 1 || roots[""] {
		t.Errorf("%v", roots)
	}
}

// loses has a node lose the two others and find one again: its pages say that they may be late, and it takes no act, until
// a majority is back.
func (h *threeHall) loses(left *hallNode) {
	h.Helper()
	says := func(want bool) {
		h.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
			_, page := fetched(h, left.url+"/en/record")
			if strings.Contains(page, "Not connected since") == want {
				return
			}
			if time.Now().After(deadline) {
				h.Fatalf("it says that it may be late: %t", !want)
			}
		}
	}
	says(false)
	for _, n := range h.nodes {
		if n != left {
			h.kill(n, syscall.SIGKILL)
		}
	}
	start := time.Now()
	says(true)
	h.Logf("%s said after %v that it may be late", left.name, time.Since(start).Round(100*time.Millisecond))
	out, err := h.try("act", "-url", left.url, "-key", "officer.key", "FileNote", `{"note":"alone","text":"A note of the secretariat."}`)
	if err == nil || !strings.Contains(out, "does not reach the others") {
		h.Errorf("an act at a minority: %v\n%s", err, out)
	}
	for _, n := range h.nodes {
		if n != left {
			h.start(n)
		}
	}
	says(false)
	for name, n := range h.nodes {
		h.act(n, "together-"+name)
	}
}

// twoSteps has a sign-in begin at a node and end at another, and so an act of two persons.
func (h *threeHall) twoSteps(first, then *hallNode) {
	h.Helper()
	at := func(n *hallNode, file string) (*node, keyholder) {
		remote, err := newNode(n.url)
		if err != nil {
			h.Fatal(err)
		}
		k, err := remote.holder(h.Context(), filepath.Join(h.home, file))
		if err != nil {
			h.Fatal(err)
		}
		return remote, k
	}
	one, author := at(first, "officer.key")
	two, second := at(then, "second.key")
	if err := one.signIn(h.Context(), author); err != nil {
		h.Fatal(err)
	}
	begun, _ := at(first, "second.key")
	begun.client.Jar = two.client.Jar // one browser, which a proxy leads to another machine
	var asks asks
	err := begun.ask(h.Context(), http.MethodPost, "/en/signin/begin", []byte("{}"), &asks)
	if err == nil {
		err = two.finishSignIn(h.Context(), second, asks)
	}
	if err != nil {
		h.Fatalf("a sign-in begun at %s does not end at %s: %v", first.name, then.name, err)
	}
	if err := two.finishSignIn(h.Context(), second, asks); err == nil {
		h.Error("a sign-in ended twice")
	}
	fields, err := canonical.Parse(`{"capacity":"Rapporteur","person":"` + h.head + `"}`)
	if err != nil {
		h.Fatal(err)
	}
	asked := web.Asked{As: "Secretary", Fields: fields, Key: newKey(), With: []record.With{{As: "Secretary", By: second.Person}}}
	var p web.PreparedAct
	if err := one.ask(h.Context(), http.MethodPost, "/api/acts/GrantOffice/prepare", canonical.Encode(nil, asked), &p); err != nil {
		h.Fatal(err)
	}
	sends := func(n *node, k keyholder) (r remoteReceipt) {
		h.Helper()
		sent := web.Submission{Submitted: p.Submitted}
		if p.Attested {
			challenge, err := canonical.DecodeBytes(p.Challenge)
			if err != nil {
				h.Fatal(err)
			}
			a, err := n.assert(k, challenge, p.RPID)
			if err != nil {
				h.Fatal(err)
			}
			sent.Attestations = append(sent.Attestations, a)
		}
		if err := n.ask(h.Context(), http.MethodPost, "/api/acts/GrantOffice", canonical.Encode(nil, sent), &r); err != nil {
			h.Fatal(err)
		}
		return r
	}
	if r := sends(one, author); r.Waiting != second.Person {
		h.Fatalf("it does not wait: %+v", r)
	}
	if r := sends(two, second); r.Index == 0 {
		h.Errorf("it is not whole at %s: %+v", then.name, r)
	}
}

// The script of doc/operations.md's three nodes runs as it stands, but for its ports.
func TestTheScriptOfThreeNodes(t *testing.T) {
	text, err := os.ReadFile("../../doc/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, script, ok := strings.Cut(string(text), "```bash\n")
	script, _, whole := strings.Cut(script, "\n```")
	if !ok || !whole || !strings.HasPrefix(script, "p=4000 ") {
		t.Fatal("doc/operations.md has no script that begins with its ports")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := homeIn(dir, exec.Command("bash", "-eu", "-o", "pipefail", "-c", strings.Replace(script, "p=4000 ", "p="+freePorts(t, 13)+" ", 1)))
	out, err := cmd.CombinedOutput()
	if err != nil {
		for _, name := range []string{"a", "b", "c", "join", "status"} {
			said, _ := os.ReadFile(filepath.Join(dir, name+".log"))
			t.Logf("%s.log:\n%s", name, said)
		}
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	if !regexp.MustCompile(`the next act was taken after \d+ ms`).Match(out) {
		t.Error("nothing says how long it took")
	}
	last := regexp.MustCompile(`(?m)^ +3 verified \d+ entries, root \S+`).Find(out)
	if last == nil {
		t.Error("the three do not verify to one root")
	}
}

// What was passed to a machine that has fallen silent is asked elsewhere as soon as another writes, not when patience ends.
func TestNobodyWaitsForWhoWroteBefore(t *testing.T) {
	asked, leave := make(chan struct{}), make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-leave
	}))
	defer silent.Close()
	defer close(leave)
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	q := &quorum{ctx: ctx}
	q.turns()
	q.turn.Load().last.Store(&secretariat.Remote{URL: silent.URL, Client: silent.Client()})
	answered := make(chan error)
	go func() {
		_, err := q.Pass(ctx, &secretariat.Act{})
		answered <- err
	}()
	<-asked
	q.turns()
	if err := <-answered; !errors.Is(err, secretariat.ErrNotWriting) || ctx.Err() != nil {
		t.Errorf("it says %v", err)
	}
	if q.turn.Load().last.Load() != nil {
		t.Error("the next act goes there too")
	}
}
