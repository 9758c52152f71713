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

// Kinds are the faults, in the order in which they come: what is done, and to whom. "leader" is the node that writes, or,
// where nobody does, the first; "follower" another node; "all" the three; "edge" one of the edges.
//
//	kill      kill -9                            power     the power fails: what was not synced is gone
//	stop      SIGSTOP, at length for 30 s        cut       nothing passes between it and the others, both ways
//	one-way   what it sends does not arrive      flapping  cut and whole, six times
//	loss      three of ten packets are lost      delay     a thin line, up to 300 ms of delay
//	full      its disk has no room               slow      its disk answers nothing for a while
//	clock     its clock is 90 s or 2 h wrong     flip      a bit of its copy is another
//	member    its disk is lost: it leaves, and joins anew
//	expired   its certificate ends while it runs, and it gets a new one
//	rolling   one after another is ended and started, by an older build and back where there is one
//	restore   all but one are lost for good: its copy founds a new cluster, which the others join
var Kinds = []string{"kill-leader", "kill-edge", "power-leader", "member-follower", "cut-leader", "full-follower", "clock-leader", "stop-leader", "expired-leader", "kill-all", "cut-edge", "power-all",
	"cut-follower", "restore-all", "one-way-leader", "flapping-leader", "loss-all", "delay-all", "slow-leader", "flip-follower", "full-leader", "kill-follower", "rolling-all", "power-follower",
	"stop-follower", "expired-follower", "clock-follower", "delay-leader"}

// ofServing are what only nodes that serve a record meet.
var ofServing = []string{"member", "clock", "expired", "restore"}

// kindsOf are the kinds that nodes meet, those that serve a record or are engines alone.
func kindsOf(serves bool) (list []string) {
	for _, kind := range Kinds {
		if what, whom, _ := cutLast(kind); serves || whom != "edge" && !slices.Contains(ofServing, what) {
			list = append(list, kind)
		}
	}
	return list
}

// Config says how a quorum is broken.
type Config struct {
	Rounds  int
	Seed    uint64
	Kinds   []string // in turn; nil: all that fit
	Command []string // the program and its arguments before a Spec, which make a node
	Older   []string // the same of an older build, to which nodes are rolled and back; nil: they are restarted
	Forgets bool     // the engine forgets: it must be found
	Serves  *Serving // nil: the nodes are engines alone
	Talk    io.Writer
}

// Serving is how nodes that serve a record are made members and cease to be, and how their record is given on.
type Serving struct {
	Edge    []string                                                        // the program and its arguments before its flags, which make an edge
	Remove  func(ctx context.Context, living, name string) error            // has a living member, by its folder, remove another
	Certify func(s Spec, ends time.Time) error                              // gives a running node a certificate that ends then
	Sees    func(ctx context.Context, by Spec, name string) (string, error) // why a member does not reach another; "": it does
	Restore func(s Spec) error                                              // makes a copy the founder of a new cluster
	Sealed  func(s Spec) (int, error)                                       // how many closed acts a node that is down cannot open
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
	Competed    int // texts that two submitted at once under one key, each at another node, and both were answered
	Took        time.Duration

	Readers      int // of streams and pages, who move from edge to edge
	Moved        int // times one of them went to another
	ReadersApart int // of these, who did not see each index once, in order, or do not end with what the others end with
	EdgesApart   int // trees that edges give out and keep, and that are not the record's

	Silence map[string][]time.Duration // by kind: how long no author was answered
	Blind   map[string][]time.Duration // by kind: how long some reader saw nothing new
}

// Whole reports whether nothing was lost, doubled or contradicted.
func (f Found) Whole() bool {
	return f.Acked > 0 && f.Lost == 0 && f.Duplicated == 0 && f.Conflicting == 0 && f.Apart == 0 && f.Sealed == 0 && f.ReadersApart == 0 && f.EdgesApart == 0
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

	readers []*reader
	ended   int
	silence map[string][]time.Duration
	blinded map[string][]time.Duration

	mu       sync.Mutex // guards what follows
	acks     []ack
	unknown  int
	competed int
}

// An ack is what an author was told.
type ack struct {
	text string
	Answer
	at time.Time
}

func newTrial(ctx context.Context, c Config, q *quorum) *trial {
	return &trial{Config: c, ctx: ctx, q: q, chance: rand.New(rand.NewPCG(c.Seed, 0)), client: &http.Client{Timeout: 4 * time.Second}, silence: map[string][]time.Duration{}, blinded: map[string][]time.Duration{}}
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
	unwatch, err := t.watch()
	defer unwatch()
	if err != nil {
		return Found{}, err
	}
	going, stop := context.WithCancel(t.ctx)
	defer stop()
	var authors sync.WaitGroup
	for i := range t.q.nodes {
		authors.Go(func() { t.author(going, i) })
	}
	if err := t.told(begin, time.Minute); err != nil {
		return Found{}, err
	}
	kinds := t.Kinds
	if kinds == nil {
		kinds = kindsOf(t.Serves != nil)
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
	if err := t.level(time.Minute); err != nil {
		return Found{}, err
	}
	unwatch()
	found, err := t.look()
	found.Took = time.Since(begin)
	return found, err
}

// submit has a node take a text.
func (t *trial) submit(n *node, text string) error {
	answer, err := t.client.Post("http://"+n.at+ownPort+"/append", "text/plain", strings.NewReader(text))
	a := ack{text: text}
	if err == nil {
		if answer.StatusCode != http.StatusOK {
			err = errors.New(answer.Status)
		} else {
			err = json.NewDecoder(answer.Body).Decode(&a.Answer)
		}
		answer.Body.Close()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.unknown++
		return err
	}
	a.at = time.Now()
	t.acks = append(t.acks, a)
	return nil
}

// author appends one text after another, at the node it prefers and, where that does not answer, at the next. Where nodes
// serve a record, it is the same text again until somebody answers: its key makes that safe. Every tenth text another
// submits too, at the same moment, at the next node.
func (t *trial) author(ctx context.Context, prefers int) {
	at := prefers
	var other sync.WaitGroup
	defer other.Wait()
	competing := make(chan struct{}, 1) // one at a time
	for n := 0; ctx.Err() == nil; n++ {
		text := fmt.Sprintf("author %d, text %d", prefers, n)
		taken := make(chan bool, 1)
		if t.Serves != nil && n%10 == 0 {
			select {
			case competing <- struct{}{}:
				next := t.q.nodes[(at+1)%len(t.q.nodes)]
				other.Go(func() {
					defer func() { <-competing }()
					if t.submit(next, text) == nil && <-taken {
						t.mu.Lock()
						t.competed++
						t.mu.Unlock()
					}
				})
			default:
			}
		}
		err := t.submit(t.q.nodes[at], text)
		taken <- err == nil
		if err == nil {
			at = prefers
		} else {
			at = (at + 1) % len(t.q.nodes)
			if t.Serves != nil {
				n--
			}
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
func (t *trial) gap(since time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	var told []time.Time
	for _, a := range t.acks {
		told = append(told, a.at)
	}
	return longestGap(told, since)
}

// await waits until each node is up, started again where it ended by itself, and answers.
func (t *trial) await(limit time.Duration) error {
	for end := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		up := 0
		for _, e := range t.q.edges {
			if e.run != nil && e.down() {
				return fmt.Errorf("%s ended by itself", e.name)
			}
		}
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
	start, hold := time.Now(), time.Duration(500+t.chance.IntN(2000))*time.Millisecond
	if whom == "edge" {
		if what == "cut" && t.long() {
			hold = 20 * time.Second // until readers give it up
		}
		if err := t.breakEdge(what, t.q.edges[t.chance.IntN(len(t.q.edges))], hold); err != nil {
			return err
		}
	} else if err := t.do(what, victims, hold); err != nil {
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
	if err := t.told(healed, time.Minute); err != nil {
		return err
	}
	silent, blind := t.gap(start), t.blind(start)
	t.silence[kind] = append(t.silence[kind], silent)
	t.blinded[kind] = append(t.blinded[kind], blind)
	fmt.Fprintf(t.Talk, "%-16s nobody answered for %v at most, a reader saw nothing for %v\n", kind, silent.Round(time.Millisecond), blind.Round(time.Millisecond))
	time.Sleep(time.Duration(t.chance.IntN(500)) * time.Millisecond)
	return nil
}

func cutLast(kind string) (before, after string, ok bool) {
	i := strings.LastIndex(kind, "-")
	return kind[:max(i, 0)], kind[i+1:], i > 0
}

// long reports whether there is time to hold a fault as long as it may be in earnest.
func (t *trial) long() bool { return t.Rounds > 12 }

// stopped is how long a node is stopped then.
const stopped = 30 * time.Second

// do makes a fault, holds it, and mends it.
func (t *trial) do(what string, victims []*node, hold time.Duration) error {
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
		hold *= 2
		if t.long() {
			hold = stopped
		}
		time.Sleep(hold)
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
		builds := [][]string{t.q.command}
		if t.q.older != nil {
			builds = [][]string{t.q.older, t.q.command}
		}
		for _, build := range builds {
			for _, v := range victims {
				v.signal(syscall.SIGTERM)
				<-v.ended
				if err := t.q.startBy(build, v); err != nil {
					return err
				}
				if err := t.await(time.Minute); err != nil {
					return err
				}
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
		return t.expire(victims[0])
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

// expire has the certificate of a node end while it runs and authors append. Connections that stand go on; once they
// break, nobody takes the node in: it says so at /readyz, the others go on and say whose certificate it is. A new one,
// given while it runs, mends it.
func (t *trial) expire(v *node) error {
	run, other := v.run, t.q.others(v)[0]
	ends := time.Now().Add(3 * time.Second)
	if err := t.retried(func() error { return t.Serves.Certify(v.spec, ends) }); err != nil {
		return err
	}
	time.Sleep(time.Until(ends.Add(time.Second)))
	for _, o := range t.q.others(v) {
		if err := errors.Join(v.cut(100, o.at), o.cut(100, v.at)); err != nil {
			return err
		}
	}
	time.Sleep(7 * time.Second) // longer than etcd waits for a word on a connection
	for _, n := range t.q.nodes {
		if err := n.heal(); err != nil {
			return err
		}
	}
	if err := t.retried(func() error {
		if code, text := t.ready(v); code != http.StatusServiceUnavailable || !strings.Contains(text, "no-majority: ") {
			return fmt.Errorf("%s, whose certificate has expired, answers at /readyz: %d %s", v.name, code, text)
		}
		if code, text := t.ready(other); code != http.StatusOK {
			return fmt.Errorf("%s, with whom nothing is wrong, answers at /readyz: %d %s", other.name, code, text)
		}
		why, err := t.Serves.Sees(t.ctx, other.spec, v.name)
		if err == nil && !strings.Contains(why, "certificate has expired") {
			err = fmt.Errorf("%s does not say that the certificate of %s has expired: %q", other.name, v.name, why)
		}
		return err
	}); err != nil {
		return err
	}
	if err := t.Serves.Certify(v.spec, time.Now().AddDate(1, 0, 0)); err != nil {
		return err
	}
	return t.retried(func() error {
		if v.run != run || v.down() {
			return fmt.Errorf("%s ended over its certificate", v.name)
		}
		if code, text := t.ready(v); code != http.StatusOK {
			return fmt.Errorf("%s, with a new certificate, answers at /readyz: %d %s", v.name, code, text)
		}
		return nil
	})
}

// ready is what a node answers at /readyz; 0: nothing.
func (t *trial) ready(n *node) (code int, text string) {
	answer, err := t.client.Get("http://" + n.at + PagesPort + "/readyz")
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(b)
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
			for _, o := range t.q.others(v) {
				if err := v.cut(percent, o.at); err != nil {
					return err
				}
				if what == "cut" || what == "flapping" {
					if err := o.cut(100, v.at); err != nil {
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

// look stops edges and nodes and reads every copy: what was acknowledged is at its place, once, in all of them, every
// checkpoint that was given out is of their one tree, and what edges and readers end with is that tree too.
func (t *trial) look() (Found, error) {
	trees, err := t.edgeTrees()
	if err != nil {
		return Found{}, err
	}
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
	if err := t.judgeReaders(&f, &copies[0].tree, trees); err != nil {
		return f, err
	}
	if t.Serves != nil {
		for _, n := range t.q.nodes {
			sealed, err := t.Serves.Sealed(n.spec)
			if err != nil {
				return f, fmt.Errorf("the openings of %s: %w", n.spec.Name, err)
			}
			f.Sealed += sealed
		}
	}
	f.Unknown, f.Ended, f.Competed, f.Silence, f.Blind = t.unknown, t.ended, t.competed, t.silence, t.blinded
	return f, nil
}

// judgeReaders holds what readers and edges end with against the record's tree.
func (t *trial) judgeReaders(f *Found, tree *record.Tree, edges []treeOf) error {
	root, err := tlog.TreeHash(tree.Size(), tree)
	if err != nil {
		return err
	}
	var list []heard
	var pages []bool
	for _, r := range t.readers {
		list, pages = append(list, r.heard), append(pages, r.pages)
		f.Moved += r.moves
		for _, note := range r.notes {
			if !of(tree, note) {
				f.Conflicting++
			}
		}
	}
	why := apart(list, pages, tree.Size(), root)
	f.Readers, f.ReadersApart = len(list), len(why)
	for i, text := range why {
		fmt.Fprintf(t.Talk, "reader %d, at %s first: %s\n", i, t.readers[i].at[0], text)
	}
	for i, e := range edges { // what each gives, then what each keeps
		if e != (treeOf{tree.Size(), root}) {
			f.EdgesApart++
			fmt.Fprintf(t.Talk, "tree %d of the edges has %d entries and root %s; the record has %d and root %s\n", i, e.size, e.root, tree.Size(), root)
		}
	}
	return nil
}

// of reports whether a checkpoint is of a tree.
func of(tree *record.Tree, note []byte) bool {
	head, err := record.OpenCheckpoint(note, logKey())
	if err != nil || head.Size > tree.Size() {
		return false
	}
	root, err := tlog.TreeHash(head.Size, tree)
	return err == nil && root == head.Root
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
	f.Acked = len(acks)
	for _, a := range acks {
		lost := false
		for _, c := range copies {
			lost = lost || a.Index >= int64(len(c.texts)) || c.texts[a.Index] != record.DigestOf([]byte(a.text))
		}
		if lost {
			f.Lost++
		}
		if !of(&first.tree, []byte(a.Note)) {
			f.Conflicting++
		}
	}
	return f
}
