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
func build(dir string, c Config) (q *quorum, err error) {
	q = &quorum{dir: dir, command: c.Command}
	if q.log, err = os.Create(filepath.Join(dir, "nodes.log")); err != nil {
		return nil, err
	}
	err = all([]string{"ip", "link", "set", "lo", "up"}, []string{"ip", "link", "add", bridge, "type", "bridge"},
		[]string{"ip", "addr", "add", "10.77.9.254/24", "dev", bridge}, []string{"ip", "link", "set", bridge, "up"})
	if err != nil {
		return q, err
	}
	members := map[string]string{}
	for i := range 3 {
		members[fmt.Sprint("n", i+1)] = address(i)
	}
	for i := range 3 {
		name := fmt.Sprint("n", i+1)
		n := &node{disk: filepath.Join(dir, name+".img"), mount: filepath.Join(dir, name)}
		n.spec = Spec{Name: name, Dir: filepath.Join(n.mount, "data"), At: address(i), Members: members, Forgets: c.Forgets, Serves: c.Serves != nil}
		n.spec.Founder, n.spec.Clock = filepath.Join(dir, "n1", "data"), filepath.Join(dir, name+".clock")
		q.nodes = append(q.nodes, n)
		if err := q.place(n, i); err != nil {
			return q, err
		}
	}
	for _, n := range q.nodes {
		if err := q.start(n); err != nil {
			return q, err
		}
	}
	return q, nil
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
	path := filepath.Join(n.spec.Copy(), "record.db")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	needle := []byte(`"closed":"`)
	if n.spec.Serves {
		needle = []byte(`[["en","author `)
	}
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
