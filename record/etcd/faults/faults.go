package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"
)

// Kinds are the faults, in the order in which they come.
var Kinds = []string{"kill-leader", "power-leader", "cut-leader", "full-follower", "stop-leader", "kill-all", "power-all", "cut-follower", "one-way-leader", "flapping-leader", "loss-all",
	"slow-leader", "flip-follower", "power-follower", "full-leader", "stop-follower", "kill-follower", "rolling-all"}

// KindsOfServing are those that nodes which serve a record meet besides.
var KindsOfServing = []string{"member-follower", "clock-leader", "delay-leader", "expired-follower", "clock-follower", "restore-all", "delay-all"}

// Config says how a quorum is broken.
type Config struct {
	Rounds  int
	Seed    uint64
	Kinds   []string // in turn; nil: all that fit
	Command []string // the program and its arguments before a Spec, which make a node
	Forgets bool     // the engine forgets: it must be found
	Serves  *Serving // nil: the nodes are engines alone
	Talk    io.Writer
}

// Serving is how nodes that serve a record are made members and cease to be.
type Serving struct {
	Remove  func(ctx context.Context, living, name string) error // has a living member, by its folder, remove another
	Certify func(s Spec, from time.Time) error                   // gives a node a certificate that is good from then on for a year
	Restore func(s Spec) error                                   // makes a copy the founder of a new cluster
	Sealed  func(s Spec) (int, error)                            // how many closed acts a node that is down cannot open
}

// Found is what faults came to.
type Found struct {
	Acked       int // appends that were acknowledged
	Lost        int // of these, those that are not at their place in each copy
	Duplicated  int // texts that stand twice in the record
	Conflicting int // checkpoints given out that are not of the record's tree
	Apart       int // copies that are not like the first
	Sealed      int // closed acts that a node cannot open, for it lacks the key
	Unknown     int // appends whose author was told nothing
	Ended       int // times a node ended by itself and was started again
	Silence     map[string][]time.Duration
	Took        time.Duration
}

// Whole reports whether nothing was lost, doubled or contradicted.
func (f Found) Whole() bool {
	return f.Acked > 0 && f.Lost == 0 && f.Duplicated == 0 && f.Conflicting == 0 && f.Apart == 0 && f.Sealed == 0
}

// ErrNeedsRoot says that namespaces and disks cannot be made.
var ErrNeedsRoot = errors.New("faults are made as root: network namespaces, disks in files")

// Run breaks a quorum. It takes the calling process into a network and mount namespace: call it in one of its own.
func Run(ctx context.Context, c Config) (found Found, err error) {
	for _, tool := range []string{"ip", "iptables", "nsenter", "unshare", "mkfs.ext4", "mount", "umount", "fsfreeze"} {
		if _, err := exec.LookPath(tool); err != nil {
			return found, fmt.Errorf("%w (apt-get install iproute2 iptables util-linux e2fsprogs)", err)
		}
	}
	if os.Geteuid() != 0 {
		return found, ErrNeedsRoot
	}
	dir, err := os.MkdirTemp("", "kurultai-faults-")
	if err != nil {
		return found, err
	}
	defer os.RemoveAll(dir)
	q, err := build(dir, c)
	defer func() {
		if q != nil {
			err = errors.Join(err, q.close())
		}
		if err != nil {
			if b, readErr := os.ReadFile(filepath.Join(dir, "nodes.log")); readErr == nil {
				fmt.Fprintf(c.Talk, "%s\n", b[max(0, len(b)-4000):])
			}
		}
	}()
	if err != nil {
		return found, err
	}
	return newTrial(ctx, c, q).run()
}

// A trial is a quorum that is broken while authors append.
type trial struct {
	Config
	ctx    context.Context
	q      *quorum
	chance *rand.Rand
	client *http.Client

	mu      sync.Mutex
	acks    []ack
	unknown int
	ended   int
	silence map[string][]time.Duration
}

// An ack is what an author was told.
type ack struct {
	text string
	Answer
	at time.Time
}

func newTrial(ctx context.Context, c Config, q *quorum) *trial {
	return &trial{Config: c, ctx: ctx, q: q, chance: rand.New(rand.NewPCG(c.Seed, 0)), client: &http.Client{Timeout: 4 * time.Second}, silence: map[string][]time.Duration{}}
}

func (t *trial) get(n *node, path string) (string, error) {
	answer, err := t.client.Get("http://" + n.spec.At + ownPort + path)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, b)
	}
	return strings.TrimSpace(string(b)), err
}

func (t *trial) size(n *node) (size int64, err error) {
	text, err := t.get(n, "/size")
	if err == nil {
		_, err = fmt.Sscan(text, &size)
	}
	return size, err
}

// leader is the node that leads, or the first.
func (t *trial) leader() *node {
	for _, n := range t.q.nodes {
		if text, err := t.get(n, "/leader"); err == nil && text == "true" {
			return n
		}
	}
	return t.q.nodes[0]
}

func (t *trial) run() (Found, error) {
	begin := time.Now()
	if err := t.await(time.Minute); err != nil {
		return Found{}, fmt.Errorf("the quorum does not come up: %w", err)
	}
	going, stop := context.WithCancel(t.ctx)
	defer stop()
	var authors sync.WaitGroup
	for i := range t.q.nodes {
		authors.Go(func() { t.author(going, i) })
	}
	kinds := Kinds
	if t.Serves != nil { // those of serving among the first, so that a short run meets some
		kinds = nil
		for i, kind := range Kinds {
			kinds = append(kinds, kind)
			if i%3 == 1 {
				kinds = append(kinds, KindsOfServing[i/3])
			}
		}
		kinds = append(kinds, KindsOfServing[len(Kinds)/3:]...)
	}
	if t.Kinds != nil {
		kinds = t.Kinds
	}
	for round := range t.Rounds {
		kind := kinds[round%len(kinds)]
		if err := t.round(kind); err != nil {
			return Found{}, fmt.Errorf("round %d, %s: %w", round, kind, err)
		}
	}
	stop()
	authors.Wait()
	if err := t.await(time.Minute); err != nil {
		return Found{}, fmt.Errorf("the quorum does not come back: %w", err)
	}
	settling, end := context.WithTimeout(t.ctx, time.Minute)
	defer end()
	if err := t.q.settle(settling, t.size); err != nil {
		return Found{}, err
	}
	found, err := t.look()
	found.Took = time.Since(begin)
	return found, err
}

// author appends one text after another, at the node it prefers and, where that does not answer, at the next. Where nodes
// serve a record, it is the same text again until somebody answers: its key makes that safe.
func (t *trial) author(ctx context.Context, prefers int) {
	at := prefers
	for n := 0; ctx.Err() == nil; n++ {
		text := fmt.Sprintf("author %d, text %d", prefers, n)
		answer, err := t.client.Post("http://"+t.q.nodes[at].spec.At+ownPort+"/append", "text/plain", strings.NewReader(text))
		var a ack
		if err == nil {
			if answer.StatusCode != http.StatusOK {
				err = errors.New(answer.Status)
			} else {
				err = json.NewDecoder(answer.Body).Decode(&a.Answer)
			}
			answer.Body.Close()
		}
		t.mu.Lock()
		if err == nil {
			a.text, a.at = text, time.Now()
			t.acks = append(t.acks, a)
			at = prefers
		} else {
			t.unknown++
			at = (at + 1) % len(t.q.nodes)
			if t.Serves != nil {
				n--
			}
		}
		t.mu.Unlock()
		if err != nil {
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// last is when an author was told last.
func (t *trial) last() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.acks) == 0 {
		return time.Time{}
	}
	return t.acks[len(t.acks)-1].at
}

// gap is the longest time since a moment in which nobody was told anything.
func (t *trial) gap(since time.Time) (longest time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.acks {
		if a.at.After(since) {
			longest, since = max(longest, a.at.Sub(since)), a.at
		}
	}
	return longest
}

// await waits until each node is up, started again where it ended by itself, and answers.
func (t *trial) await(limit time.Duration) error {
	for end := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		up := 0
		for _, n := range t.q.nodes {
			if n.down() {
				t.ended++
				if err := t.q.start(n); err != nil {
					return err
				}
			}
			if _, err := t.size(n); err == nil {
				up++
			}
		}
		if up == len(t.q.nodes) {
			return nil
		}
		if time.Now().After(end) || t.ctx.Err() != nil {
			return fmt.Errorf("%d of %d nodes answer", up, len(t.q.nodes))
		}
	}
}

// round does one fault, waits until authors are answered again and all nodes are up, and notes how long nobody was.
func (t *trial) round(kind string) error {
	what, whom, _ := cutLast(kind)
	leader := t.leader()
	victims := []*node{leader}
	switch others := t.q.others(leader); whom {
	case "follower":
		victims = []*node{others[t.chance.IntN(len(others))]}
		if what == "member" && victims[0].spec.Dir == victims[0].spec.Founder { // the authority stays
			others = t.q.others(victims[0])
			victims = []*node{others[t.chance.IntN(len(others))]}
		}
	case "all":
		victims = t.q.nodes
	}
	start := time.Now()
	if err := t.do(what, victims); err != nil {
		return err
	}
	healed := time.Now()
	for !t.last().After(healed) {
		if time.Since(healed) > time.Minute {
			return errors.New("nobody was answered for a minute after it was mended")
		}
		for _, n := range t.q.nodes { // as the unit file would
			if n.down() {
				t.ended++
				if err := t.q.start(n); err != nil {
					return err
				}
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := t.await(time.Minute); err != nil {
		return err
	}
	silent := t.gap(start)
	t.silence[kind] = append(t.silence[kind], silent)
	fmt.Fprintf(t.Talk, "%-16s nobody answered for %v at most\n", kind, silent.Round(time.Millisecond))
	time.Sleep(time.Duration(t.chance.IntN(500)) * time.Millisecond)
	return nil
}

func cutLast(kind string) (before, after string, ok bool) {
	i := strings.LastIndex(kind, "-")
	return kind[:max(i, 0)], kind[i+1:], i > 0
}

// do makes a fault, holds it, and mends it.
func (t *trial) do(what string, victims []*node) error {
	hold := time.Duration(500+t.chance.IntN(2000)) * time.Millisecond
	restart := func() error {
		for _, v := range victims {
			if err := t.q.start(v); err != nil {
				return err
			}
		}
		return nil
	}
	switch what {
	case "kill":
		for _, v := range victims {
			v.signal(syscall.SIGKILL)
		}
		for _, v := range victims {
			<-v.ended
		}
		time.Sleep(hold)
		return restart()
	case "power":
		if err := t.q.powerCut(victims); err != nil {
			return err
		}
		time.Sleep(hold)
		return restart()
	case "stop":
		victims[0].signal(syscall.SIGSTOP)
		if t.Rounds > 12 { // at length
			hold = 15 * time.Second
		}
		time.Sleep(2 * hold)
		victims[0].signal(syscall.SIGCONT)
	case "cut", "one-way", "loss", "flapping":
		return t.net(what, victims, hold)
	case "full":
		free, err := victims[0].fill()
		if err != nil {
			return err
		}
		time.Sleep(hold + 2*time.Second)
		return free()
	case "slow":
		return victims[0].freeze(hold)
	case "flip":
		v := victims[0]
		v.signal(syscall.SIGTERM)
		<-v.ended
		if err := v.flip(t.chance.Float64()); err != nil {
			return err
		}
		return restart()
	case "rolling":
		for _, v := range victims {
			v.signal(syscall.SIGTERM)
			<-v.ended
			if err := t.q.start(v); err != nil {
				return err
			}
			if err := t.await(time.Minute); err != nil {
				return err
			}
		}
	case "clock":
		off := []string{"7200000", "-7200000", "90000", "-90000"}[t.chance.IntN(4)] // milliseconds
		if err := os.WriteFile(victims[0].spec.Clock, []byte(off), 0o600); err != nil {
			return err
		}
		time.Sleep(2 * hold)
		return os.Remove(victims[0].spec.Clock)
	case "delay":
		return t.delay(victims, 2*hold)
	case "member":
		return t.replace(victims[0])
	case "expired":
		return t.expire(victims[0], 2*hold+2*time.Second)
	case "restore":
		return t.restore()
	default:
		return fmt.Errorf("no fault is called %q", what)
	}
	return nil
}

// delay makes what nodes send wait in a narrow line, up to 300 milliseconds, and drops what would wait longer.
func (t *trial) delay(victims []*node, hold time.Duration) error {
	var errs []error
	for _, v := range victims {
		errs = append(errs, all(v.inside("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "400kbit", "burst", "3kb", "latency", "300ms")))
	}
	time.Sleep(hold)
	for _, v := range victims {
		errs = append(errs, all(v.inside("tc", "qdisc", "del", "dev", "eth0", "root")))
	}
	return errors.Join(errs...)
}

// replace removes a member, whose disk is gone, and has it join anew with an empty one, while authors append.
func (t *trial) replace(v *node) error {
	v.kill()
	if err := t.retried(func() error { return t.Serves.Remove(t.ctx, t.q.others(v)[0].spec.Dir, v.spec.Name) }); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(v.spec.Dir), os.Mkdir(v.spec.Dir, 0o700)); err != nil {
		return err
	}
	return t.q.start(v)
}

// expire starts a node with a certificate that ended a year ago, so that no other member speaks to it, and gives it one that
// is good while it runs.
func (t *trial) expire(v *node, hold time.Duration) error {
	v.signal(syscall.SIGTERM)
	<-v.ended
	if err := t.Serves.Certify(v.spec, time.Now().AddDate(-2, 0, 0)); err != nil {
		return err
	}
	if err := t.q.start(v); err != nil {
		return err
	}
	time.Sleep(hold)
	if v.down() {
		return fmt.Errorf("%s ended over its certificate", v.spec.Name)
	}
	return t.Serves.Certify(v.spec, time.Now())
}

func (t *trial) retried(do func() error) (err error) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if err = do(); err == nil || time.Now().After(end) {
			return err
		}
	}
}

// restore takes two disks away for good, with all nodes down, and makes the copy that has most the first of a new cluster.
func (t *trial) restore() error {
	var best *node
	most := int64(-1)
	for _, n := range t.q.nodes {
		n.signal(syscall.SIGTERM)
		<-n.ended
		c, err := readCopy(n.spec.Copy())
		if err != nil {
			return err
		}
		if c.tree.Size() > most {
			best, most = n, c.tree.Size()
		}
	}
	if err := t.Serves.Restore(best.spec); err != nil {
		return err
	}
	for _, n := range t.q.nodes {
		n.spec.Founder = best.spec.Dir
		if n != best {
			if err := errors.Join(os.RemoveAll(n.spec.Dir), os.Mkdir(n.spec.Dir, 0o700)); err != nil {
				return err
			}
		}
		if err := t.q.start(n); err != nil {
			return err
		}
	}
	return nil
}

// net breaks the network between nodes: cut both ways, one way, a third of what is sent lost, or cut and whole by turns.
func (t *trial) net(what string, victims []*node, hold time.Duration) error {
	cut := func() error {
		for _, v := range victims {
			percent := 100
			if what == "loss" {
				percent = 30
			}
			if err := t.q.cut(v, t.q.others(v), percent); err != nil {
				return err
			}
			for _, o := range t.q.others(v) {
				if what == "cut" || what == "flapping" {
					if err := t.q.cut(o, []*node{v}, 100); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}
	heal := func() error {
		var errs []error
		for _, n := range t.q.nodes {
			errs = append(errs, n.heal())
		}
		return errors.Join(errs...)
	}
	if what != "flapping" {
		err := cut()
		time.Sleep(hold + 2*time.Second)
		return errors.Join(err, heal())
	}
	for range 6 {
		if err := cut(); err != nil {
			return errors.Join(err, heal())
		}
		time.Sleep(hold / 3)
		if err := heal(); err != nil {
			return err
		}
		time.Sleep(hold / 3)
	}
	return nil
}

// look stops the nodes and reads every copy: what was acknowledged is at its place, once, in all of them, and every
// checkpoint that was given out is of their one tree.
func (t *trial) look() (Found, error) {
	for _, n := range t.q.nodes {
		n.signal(syscall.SIGTERM)
		<-n.ended
	}
	var copies []copied
	for _, n := range t.q.nodes {
		c, err := readCopy(n.spec.Copy())
		if err != nil {
			return Found{}, fmt.Errorf("the copy of %s: %w", n.spec.Name, err)
		}
		copies = append(copies, c)
	}
	f := judge(t.acks, copies)
	if t.Serves != nil {
		for _, n := range t.q.nodes {
			sealed, err := t.Serves.Sealed(n.spec)
			if err != nil {
				return f, fmt.Errorf("the openings of %s: %w", n.spec.Name, err)
			}
			f.Sealed += sealed
		}
	}
	f.Unknown, f.Ended, f.Silence = t.unknown, t.ended, t.silence
	return f, nil
}

// A copied record: the digests of its texts, and the tree of its entries.
type copied struct {
	texts []record.Digest
	tree  record.Tree
}

func readCopy(dir string) (c copied, err error) {
	e, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if _, err := recordtest.Whole(e, nil); err != nil {
		return c, err
	}
	for stored, err := range e.Read(context.Background(), 0) {
		if err != nil {
			return c, err
		}
		entry, err := record.ParseEntry(string(stored.Bytes), stored.Index)
		if err != nil {
			return c, err
		}
		c.texts = append(c.texts, textOf(entry))
		c.tree.Append(stored.Hash)
	}
	return c, nil
}

// textOf is the digest of an author's text in an entry, or of the entry.
func textOf(e *record.Entry) record.Digest {
	if e.Closed != "" {
		return e.Closed
	}
	if names := e.Act.Fields.Get("names"); e.Act.Name == "NamePlace" && len(names.Items) == 1 && len(names.Items[0].Items) == 2 {
		return record.DigestOf([]byte(names.Items[0].Items[1].Str))
	}
	return record.DigestOf(fmt.Append(nil, e.Index))
}

// judge holds what authors were told against the copies.
func judge(acks []ack, copies []copied) (f Found) {
	first := copies[0]
	for _, c := range copies[1:] {
		if !slices.Equal(c.texts, first.texts) {
			f.Apart++
		}
	}
	seen := map[record.Digest]int{}
	for _, d := range first.texts {
		if seen[d]++; seen[d] == 2 {
			f.Duplicated++
		}
	}
	key, err := record.ParseVerifier(recordtest.Key().Verifier())
	if err != nil {
		panic(err) // it is made of constants
	}
	f.Acked = len(acks)
	for _, a := range acks {
		lost := false
		for _, c := range copies {
			lost = lost || a.Index >= int64(len(c.texts)) || c.texts[a.Index] != record.DigestOf([]byte(a.text))
		}
		if lost {
			f.Lost++
		}
		head, err := record.OpenCheckpoint([]byte(a.Note), key)
		if err == nil && head.Size <= first.tree.Size() {
			root, rootErr := tlog.TreeHash(head.Size, &first.tree)
			if rootErr == nil && root == head.Root {
				continue
			}
		}
		f.Conflicting++
	}
	return f
}
