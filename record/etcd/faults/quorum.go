// Package faults breaks a quorum on purpose, and looks what it lost: three nodes, each in a network namespace and on a
// small disk of its own, killed, stopped, cut off, without power, without room, while authors append; and, behind nodes
// that serve a record, edges, killed and cut off, while readers read there and go from one to another. It is run as root in
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
	"slices"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"kurultai/record/recordtest"
)

// A machine is a network of its own, and the process that runs there now.
type machine struct {
	name, at string
	holder   *exec.Cmd // holds the network namespace while nothing runs there
	run      *exec.Cmd
	ended    chan struct{} // closed when run has ended
}

// A node is one of the three.
type node struct {
	machine
	spec  Spec
	disk  string // the file that is its disk
	mount string
}

// An edge gives the record on to readers.
type edge struct {
	machine
	dir  string // of its copy
	from []string
}

// A quorum is the three nodes, and the edges that give their record on, on one bridge.
type quorum struct {
	dir     string
	command []string // which a Spec behind makes a node
	older   []string // the same of an older build; nil: there is none
	serves  *Serving
	nodes   []*node
	edges   []*edge
	log     *os.File
}

const (
	bridge        = "kurultai0"
	bridgeAddress = "10.77.9.254" // where authors and readers are
	diskSize      = 1 << 30       // bytes, sparse
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
	q = &quorum{dir: dir, command: c.Command, older: c.Older, serves: c.Serves}
	if q.log, err = os.Create(filepath.Join(dir, "nodes.log")); err != nil {
		return nil, err
	}
	err = all([]string{"ip", "link", "set", "lo", "up"}, []string{"ip", "link", "add", bridge, "type", "bridge"},
		[]string{"ip", "addr", "add", bridgeAddress + "/24", "dev", bridge}, []string{"ip", "link", "set", bridge, "up"})
	if err != nil {
		return q, err
	}
	members := map[string]string{}
	for i := range 3 {
		members[fmt.Sprint("n", i+1)] = address(i)
	}
	for i := range 3 {
		name := fmt.Sprint("n", i+1)
		n := &node{machine: machine{name: name, at: address(i)}, disk: filepath.Join(dir, name+".img"), mount: filepath.Join(dir, name)}
		n.spec = Spec{Name: name, Dir: filepath.Join(n.mount, "data"), At: address(i), Members: members, Forgets: c.Forgets, Serves: c.Serves != nil}
		n.spec.Founder, n.spec.Clock = filepath.Join(dir, "n1", "data"), filepath.Join(dir, name+".clock")
		q.nodes = append(q.nodes, n)
		if err := errors.Join(n.connect(), n.place()); err != nil {
			return q, err
		}
	}
	if c.Serves != nil {
		if err := q.addEdges(); err != nil {
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

// edgesDeep is how many edges there are, each behind the one before. Where that one is gone, each asks the nodes.
const edgesDeep = 3

// addEdges makes the networks of the edges, which are not started yet.
func (q *quorum) addEdges() error {
	var from []string
	for _, n := range q.nodes {
		from = append(from, "http://"+n.at+PagesPort)
	}
	before := ""
	for i := range edgesDeep {
		name := fmt.Sprint("e", i+1)
		e := &edge{machine: machine{name: name, at: address(10 + i)}, dir: filepath.Join(q.dir, name), from: from}
		if before != "" {
			e.from = append([]string{before}, from...)
		}
		before = "http://" + e.at + PagesPort
		q.edges = append(q.edges, e)
		if err := e.connect(); err != nil {
			return err
		}
	}
	return nil
}

// connect makes the network of a machine.
func (n *machine) connect() error {
	n.holder = exec.Command("unshare", "--net", "sleep", "infinity")
	n.holder.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := n.holder.Start(); err != nil {
		return err
	}
	pid, veth := fmt.Sprint(n.holder.Process.Pid), "kurv"+n.name
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
	return all([]string{"ip", "link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", pid},
		[]string{"ip", "link", "set", veth, "master", bridge, "up"},
		inside("ip", "addr", "add", n.at+"/24", "dev", "eth0"), inside("ip", "link", "set", "eth0", "up"), inside("ip", "link", "set", "lo", "up"))
}

// place makes the disk of a node.
func (n *node) place() error {
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

// inside runs a command in a machine's network.
func (n *machine) inside(args ...string) []string {
	return append([]string{"nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", n.holder.Process.Pid)}, args...)
}

func (q *quorum) start(n *node) error { return q.startBy(q.command, n) }

// startBy starts a node by one build of the program.
func (q *quorum) startBy(command []string, n *node) error {
	spec, err := json.Marshal(n.spec)
	if err != nil {
		return err
	}
	return n.launch(q.log, append(slices.Clip(command), string(spec))...)
}

// startEdge starts an edge, which goes on with the copy that it has.
func (q *quorum) startEdge(e *edge) error {
	return e.launch(q.log, append(slices.Clip(q.serves.Edge), "-data", e.dir, "-addr", e.at+PagesPort, "-from", strings.Join(e.from, ","), "-key", recordtest.Key().Verifier())...)
}

// launch starts the process of a machine.
func (n *machine) launch(log *os.File, command ...string) error {
	args := n.inside(command...)
	n.run = exec.Command(args[0], args[1:]...)
	n.run.Stdout, n.run.Stderr = log, log
	n.run.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := n.run.Start(); err != nil {
		return err
	}
	ended, run := make(chan struct{}), n.run
	n.ended = ended
	go func() { run.Wait(); close(ended) }()
	return nil
}

func (n *machine) signal(s syscall.Signal) { n.run.Process.Signal(s) }

func (n *machine) kill() {
	n.signal(syscall.SIGKILL)
	<-n.ended
}

// down reports whether a machine's process ended by itself.
func (n *machine) down() bool {
	select {
	case <-n.ended:
		return true
	default:
		return false
	}
}

// cut drops what a machine sends to others, or loses a share of it, in per cent; those not named still reach it.
func (n *machine) cut(percent int, to ...string) error {
	for _, other := range to {
		rule := n.inside("iptables", "-A", "OUTPUT", "-d", other)
		if percent < 100 {
			rule = append(rule, "-m", "statistic", "--mode", "random", "--probability", fmt.Sprintf("0.%02d", percent))
		}
		if err := all(append(rule, "-j", "DROP")); err != nil {
			return err
		}
	}
	return nil
}

func (n *machine) heal() error { return all(n.inside("iptables", "-F")) }

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
	for _, e := range q.edges {
		e.end()
	}
	for _, n := range q.nodes {
		n.end()
		sh("umount", n.mount)
	}
	return q.log.Close()
}

// end ends the process and the network of a machine.
func (n *machine) end() {
	if n.run != nil {
		n.signal(syscall.SIGCONT)
		n.kill()
	}
	if n.holder != nil && n.holder.Process != nil {
		n.holder.Process.Kill()
		n.holder.Wait()
	}
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
