// Package faults breaks a quorum on purpose, and looks what it lost: three nodes, each in a network namespace and on a
// small disk of its own, killed, stopped, cut off, without power, without room, while authors append. It is run as root in
// namespaces of its own, and everything it makes ends with it.
package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"kurultai/cluster"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"
)

// A node is one of the three: where it is, and the process that is it now.
type node struct {
	spec   Spec
	disk   string // the file that is its disk
	mount  string
	holder *exec.Cmd // holds the network namespace while the node is down
	run    *exec.Cmd
	ended  chan struct{} // closed when run has ended
}

// A quorum is the three nodes, on one bridge.
type quorum struct {
	dir     string
	command []string // which a Spec behind makes a node
	nodes   []*node
	log     *os.File

	authority []byte // the key of the cluster's authority
}

const (
	bridge   = "kurultai0"
	diskSize = 1 << 30 // bytes, sparse
)

func address(i int) string { return fmt.Sprintf("10.77.9.%d", i+1) }

func sh(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func all(commands ...[]string) error {
	for _, c := range commands {
		if err := sh(c[0], c[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// build makes the namespaces, the disks and the nodes, and starts them. This process is in a network and a mount namespace
// of its own already.
func build(dir string, command []string, forgets bool) (q *quorum, err error) {
	q = &quorum{dir: dir, command: command}
	if q.log, err = os.Create(filepath.Join(dir, "nodes.log")); err != nil {
		return nil, err
	}
	err = all([]string{"ip", "link", "set", "lo", "up"}, []string{"ip", "link", "add", bridge, "type", "bridge"},
		[]string{"ip", "addr", "add", "10.77.9.254/24", "dev", bridge}, []string{"ip", "link", "set", bridge, "up"})
	if err != nil {
		return q, err
	}
	for i := range 3 {
		name := fmt.Sprint("n", i+1)
		n := &node{disk: filepath.Join(dir, name+".img"), mount: filepath.Join(dir, name)}
		n.spec = Spec{Name: name, Dir: filepath.Join(n.mount, "data"), At: address(i), Forgets: forgets}
		q.nodes = append(q.nodes, n)
		if err := q.place(n, i); err != nil {
			return q, err
		}
	}
	err = q.found(q.nodes[0], false)
	if err == nil {
		err = q.start(q.nodes[0])
	}
	for _, n := range q.nodes[1:] {
		if err == nil {
			err = q.join(n, q.nodes[0])
		}
	}
	return q, err
}

// found makes the record in a node's folder the first member of a cluster; where there is none, an empty one.
func (q *quorum) found(n *node, again bool) error {
	if !again {
		e, err := sqlite.Open(n.spec.Dir, sqlite.Options{})
		if err == nil {
			err = errors.Join(e.Close(), os.MkdirAll(filepath.Join(n.spec.Dir, "keys"), 0o700), os.WriteFile(filepath.Join(n.spec.Dir, "keys", "log.key"), []byte(recordtest.Key().Private()), 0o600))
		}
		if err != nil {
			return err
		}
	}
	if err := cluster.Found(n.spec.Dir, cluster.Founding{Name: n.spec.Name, At: n.spec.At + clusterPort, Again: again}); err != nil {
		return err
	}
	var err error
	q.authority, err = os.ReadFile(authorityPath(n))
	return err
}

// authorityPath is where the key is that makes members; the harness keeps it too, for each node may be lost.
func authorityPath(n *node) string { return filepath.Join(n.spec.Dir, "cluster", "ca.key") }

// join makes a node a new member, asking another, starts it, and waits until it votes.
func (q *quorum) join(n, asked *node) error {
	if err := os.WriteFile(authorityPath(asked), q.authority, 0o600); err != nil {
		return err
	}
	ticket, err := cluster.Certify(asked.spec.Dir, n.spec.Name, []string{n.spec.At}, false, time.Now())
	if err == nil {
		err = os.RemoveAll(n.spec.Dir)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	for err == nil {
		err = cluster.Join(ctx, n.spec.Dir, n.spec.At+clusterPort, ticket)
		var refusal *cluster.Refusal
		if err == nil || !errors.As(err, &refusal) || ctx.Err() != nil {
			break
		}
		err = nil // who is asked starts, or leads no more
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("%s joins: %w", n.spec.Name, err)
	}
	if err := q.start(n); err != nil {
		return err
	}
	return q.vote(ctx, n)
}

// vote waits until a node votes, as it says itself.
func (q *quorum) vote(ctx context.Context, n *node) error {
	for {
		s, err := cluster.Ask(ctx, n.spec.Dir)
		for _, m := range s.Members {
			if err == nil && m.Name == n.spec.Name && m.Voting {
				return nil
			}
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s does not come to vote: %w", n.spec.Name, errors.Join(err, ctx.Err()))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// replace takes a node out that is dead, with all that is on its disk, and lets a new one join in its place.
func (q *quorum) replace(n *node) error {
	n.kill()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	other := q.others(n)[0]
	for {
		err := cluster.Leave(ctx, other.spec.Dir, n.spec.Name)
		if err == nil {
			return q.join(n, other)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s leaves: %w", n.spec.Name, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// expire gives a node a certificate that ended a year ago and starts it anew, so that nobody speaks to it, and then one
// that is good, without a start.
func (q *quorum) expire(n *node, hold time.Duration) error {
	certify := func(now time.Time) error {
		err := os.WriteFile(authorityPath(n), q.authority, 0o600)
		if err == nil {
			_, err = cluster.Certify(n.spec.Dir, n.spec.Name, nil, true, now)
		}
		return err
	}
	n.signal(syscall.SIGTERM)
	<-n.ended
	if err := certify(time.Now().AddDate(-2, 0, 0)); err != nil {
		return err
	}
	if err := q.start(n); err != nil {
		return err
	}
	time.Sleep(hold)
	if n.down() {
		return fmt.Errorf("%s ended over its certificate", n.spec.Name)
	}
	return certify(time.Now())
}

// restore loses the cluster at all nodes but for one copy, the fullest, which begins another.
func (q *quorum) restore() error {
	for _, n := range q.nodes {
		n.signal(syscall.SIGKILL)
	}
	fullest, most := q.nodes[0], int64(-1)
	for _, n := range q.nodes {
		<-n.ended
		c, err := readCopy(n.spec.Dir)
		if err != nil {
			return err
		}
		if size := c.tree.Size(); size > most {
			fullest, most = n, size
		}
	}
	if err := q.found(fullest, true); err != nil {
		return err
	}
	if err := q.start(fullest); err != nil {
		return err
	}
	for _, n := range q.others(fullest) {
		if err := q.join(n, fullest); err != nil {
			return err
		}
	}
	return nil
}

// delay makes what nodes send arrive late: by about a time, out of order at times, where the kernel can do that (netem);
// else through a line so thin that it waits (tbf). The function returned ends it.
func (q *quorum) delay(nodes []*node, by time.Duration) (func() error, error) {
	each := func(args ...string) error {
		var errs []error
		for _, n := range nodes {
			errs = append(errs, all(n.inside(append([]string{"tc", "qdisc"}, args...)...)))
		}
		return errors.Join(errs...)
	}
	late := fmt.Sprint(by.Milliseconds(), "ms")
	err := each("replace", "dev", "eth0", "root", "netem", "delay", late, fmt.Sprint(by.Milliseconds()/3, "ms"), "loss", "1%")
	if err != nil {
		err = each("replace", "dev", "eth0", "root", "tbf", "rate", "256kbit", "burst", "4kb", "latency", late)
	}
	return func() error { return each("del", "dev", "eth0", "root") }, err
}

// place makes the network and the disk of a node.
func (q *quorum) place(n *node, i int) error {
	n.holder = exec.Command("unshare", "--net", "sleep", "infinity")
	n.holder.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := n.holder.Start(); err != nil {
		return err
	}
	pid, veth := fmt.Sprint(n.holder.Process.Pid), fmt.Sprint("kurv", i+1)
	own, _ := os.Readlink("/proc/self/ns/net")
	for range 100 { // until it is in its namespace
		if there, err := os.Readlink("/proc/" + pid + "/ns/net"); err == nil && there != own {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	inside := func(args ...string) []string {
		return append([]string{"nsenter", "--net=/proc/" + pid + "/ns/net"}, args...)
	}
	err := all([]string{"ip", "link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", pid},
		[]string{"ip", "link", "set", veth, "master", bridge, "up"},
		inside("ip", "addr", "add", n.spec.At+"/24", "dev", "eth0"), inside("ip", "link", "set", "eth0", "up"), inside("ip", "link", "set", "lo", "up"))
	if err != nil {
		return err
	}
	f, err := os.Create(n.disk)
	if err == nil {
		err = errors.Join(f.Truncate(diskSize), f.Close(), os.Mkdir(n.mount, 0o700))
	}
	if err == nil {
		err = all([]string{"mkfs.ext4", "-q", "-F", n.disk}, []string{"mount", "-o", "loop", n.disk, n.mount})
	}
	if err == nil {
		err = os.Mkdir(n.spec.Dir, 0o700)
	}
	return err
}

// inside runs a command in a node's network.
func (n *node) inside(args ...string) []string {
	return append([]string{"nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", n.holder.Process.Pid)}, args...)
}

func (q *quorum) start(n *node) error {
	spec, err := json.Marshal(n.spec)
	if err != nil {
		return err
	}
	args := n.inside(append(q.command, string(spec))...)
	n.run = exec.Command(args[0], args[1:]...)
	n.run.Stdout, n.run.Stderr = q.log, q.log
	n.run.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := n.run.Start(); err != nil {
		return err
	}
	ended, run := make(chan struct{}), n.run
	n.ended = ended
	go func() { run.Wait(); close(ended) }()
	return nil
}

func (n *node) signal(s syscall.Signal) { n.run.Process.Signal(s) }

func (n *node) kill() {
	n.signal(syscall.SIGKILL)
	<-n.ended
}

// down reports whether a node ended by itself.
func (n *node) down() bool {
	select {
	case <-n.ended:
		return true
	default:
		return false
	}
}

// cut drops what a node sends to others, or loses a share of it, in per cent; clients still reach it.
func (q *quorum) cut(n *node, to []*node, percent int) error {
	for _, other := range to {
		rule := n.inside("iptables", "-A", "OUTPUT", "-d", other.spec.At)
		if percent < 100 {
			rule = append(rule, "-m", "statistic", "--mode", "random", "--probability", fmt.Sprintf("0.%02d", percent))
		}
		if err := all(append(rule, "-j", "DROP")); err != nil {
			return err
		}
	}
	return nil
}

func (n *node) heal() error { return all(n.inside("iptables", "-F")) }

func (q *quorum) others(n *node) (list []*node) {
	for _, o := range q.nodes {
		if o != n {
			list = append(list, o)
		}
	}
	return list
}

// shutdown makes a file system forget what was not synced: EXT4_IOC_SHUTDOWN without a flush of the journal.
func (n *node) shutdown() error {
	f, err := os.Open(n.mount)
	if err != nil {
		return err
	}
	defer f.Close()
	noFlush := uint32(2)
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), 0x8004587d, uintptr(unsafe.Pointer(&noFlush))); e != 0 {
		return fmt.Errorf("shutting down %s: %w", n.mount, e)
	}
	return nil
}

// powerCut takes the power from nodes at once: they are frozen, so that nothing is written any more, their disks forget
// what was not synced, and they are gone. The disks are there again afterwards.
func (q *quorum) powerCut(nodes []*node) error {
	for _, n := range nodes {
		n.signal(syscall.SIGSTOP)
	}
	for _, n := range nodes {
		if err := n.shutdown(); err != nil {
			return err
		}
	}
	for _, n := range nodes {
		n.kill()
		if err := all([]string{"umount", n.mount}, []string{"mount", "-o", "loop", n.disk, n.mount}); err != nil {
			return err
		}
	}
	return nil
}

// fill takes all room on a node's disk; the function returned gives it back.
func (n *node) fill() (func() error, error) {
	path := filepath.Join(n.mount, "filler")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	block := make([]byte, 1<<20)
	for size := len(block); size >= 512; {
		if _, err := f.Write(block[:size]); err != nil {
			size /= 2
		}
	}
	return func() error { return os.Remove(path) }, f.Close()
}

// freeze makes a disk answer nothing for a while, as a slow one does; writing and syncing wait.
func (n *node) freeze(hold time.Duration) error {
	if err := sh("fsfreeze", "--freeze", n.mount); err != nil {
		return err
	}
	time.Sleep(hold)
	return sh("fsfreeze", "--unfreeze", n.mount)
}

// flip changes a byte in the entries of a copy that is not in use.
func (n *node) flip(at float64) error {
	path := filepath.Join(n.spec.Dir, "record.db")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	needle := []byte(`"closed":"`)
	var places []int
	for i := 0; i+len(needle) < len(b); i++ {
		if string(b[i:i+len(needle)]) == string(needle) {
			places = append(places, i+len(needle))
		}
	}
	if len(places) == 0 {
		return errors.New("the copy's file holds no entry yet")
	}
	b[places[int(at*float64(len(places)-1))]] ^= 1
	return os.WriteFile(path, b, 0o600)
}

// close ends all processes and takes the disks off.
func (q *quorum) close() error {
	var errs []error
	for _, n := range q.nodes {
		if n.run != nil {
			n.signal(syscall.SIGCONT)
			n.kill()
		}
		sh("umount", n.mount)
		if n.holder != nil && n.holder.Process != nil {
			n.holder.Process.Kill()
			n.holder.Wait()
		}
	}
	return errors.Join(append(errs, q.log.Close())...)
}

// settle waits until every node has answered with one size twice, a moment apart.
func (q *quorum) settle(ctx context.Context, sizes func(*node) (int64, error)) error {
	last := int64(-1)
	for ctx.Err() == nil {
		same, size := true, int64(-1)
		for i, n := range q.nodes {
			s, err := sizes(n)
			if err != nil || i > 0 && s != size {
				same = false
				break
			}
			size = s
		}
		if same && size == last {
			return nil
		}
		if last = -1; same {
			last = size
		}
		time.Sleep(300 * time.Millisecond)
	}
	return errors.New("the nodes do not come to one size")
}
