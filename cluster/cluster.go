// Package cluster is the quorum around an engine of record/etcd: who its members are, how they know each other, and how
// one comes and goes without a moment in which the record could fork.
//
// A member is a node that keeps a record: DIR is its copy, and beside it lies what makes it a member:
//
//	DIR/cluster/cluster.json  who it is, and the members as it last knew them
//	DIR/cluster/ca.crt        the certificate of the cluster's own authority, which members trust and nobody else
//	DIR/cluster/ca.key        its key, at the founder alone; it may be kept elsewhere
//	DIR/cluster/node.pem      this member's certificate and key, in one file, so that they change together
//	DIR/cluster/etcd          etcd's log and database
//	DIR/cluster/etcd.log      what etcd has to say
//
// A member at HOST:PORT listens at three ports, at each with TLS and for bearers of the cluster's certificates alone: at
// PORT etcd's members talk to each other, at PORT+1 etcd answers members, at PORT+2 is the members' own HTTPS: files and
// groups for copies, status, joining and leaving, and what the program adds.
//
// The authority is ECDSA on P-256 and lives ten years; certificates of members live one. Whoever holds ca.key can add
// a member; whoever holds a member's certificate can read the record and write to it, as the members themselves can.
package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"kurultai/record"
	"kurultai/record/etcd"
	"kurultai/record/sqlite"
)

// config is cluster.json.
type config struct {
	Cluster string            `json:"cluster"`           // tells clusters apart: 16 bytes in hex
	Name    string            `json:"name"`              // of this member
	At      string            `json:"at"`                // HOST:PORT
	Members map[string]string `json:"members"`           // all as this one last knew them, by name, this one too: HOST:PORT
	Joining bool              `json:"joining,omitempty"` // it was added to a cluster that stands
	Started bool              `json:"started,omitempty"` // it has voted, perhaps, so its etcd must not begin again
	Distant bool              `json:"distant,omitempty"` // members are far apart
	Quota   int64             `json:"quota,omitempty"`   // of etcd's database, in bytes
	Left    bool              `json:"left,omitempty"`    // it was removed at its own wish
	Gone    map[string]int64  `json:"gone,omitempty"`    // when members left, by name, in seconds since 1970
}

func folder(dir string) string     { return filepath.Join(dir, "cluster") }
func configPath(dir string) string { return filepath.Join(folder(dir), "cluster.json") }
func caPath(dir string) string     { return filepath.Join(folder(dir), "ca.crt") }
func caKeyPath(dir string) string  { return filepath.Join(folder(dir), "ca.key") }
func pairPath(dir string) string   { return filepath.Join(folder(dir), "node.pem") }

// Is reports whether dir is of a member of a cluster.
func Is(dir string) bool {
	_, err := os.Stat(configPath(dir))
	return err == nil
}

// Begun reports whether the member in dir has been started: from then on its copy is written with the others alone.
func Begun(dir string) bool {
	c, err := readConfig(dir)
	return err != nil || c.Started
}

func readConfig(dir string) (c config, err error) {
	b, err := os.ReadFile(configPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return c, refusal(dir+" is not of a member of a cluster", "kurultai cluster init makes the record of one machine a cluster's first member")
	}
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return c, fmt.Errorf("reading %s: %w", configPath(dir), err)
	}
	return c, nil
}

func (c config) check() error {
	if !isName(c.Name) {
		return fmt.Errorf("the name %.60q: 1 to 40 of a-z, A-Z, 0-9 and -", c.Name)
	}
	if !isToken(c.Cluster) {
		return errors.New("cluster is not 32 hex digits")
	}
	if _, err := parsePlace(c.At); err != nil {
		return err
	}
	if len(c.Members) > maxMembers {
		return fmt.Errorf("%d members", len(c.Members))
	}
	for name, at := range c.Members {
		if _, err := parsePlace(at); err != nil || !isName(name) {
			return fmt.Errorf("a member %.60q at %.200q", name, at)
		}
	}
	for name := range c.Gone {
		if !isName(name) {
			return fmt.Errorf("a member that left, %.60q", name)
		}
	}
	return nil
}

func (c config) write(dir string) error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return sqlite.Replace(configPath(dir), append(b, '\n'))
}

// maxMembers is how many a cluster may have: more voters make each append slower, and seven lose three machines.
const maxMembers = 9

var (
	isName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,39}$`).MatchString
	isToken = regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString
	isHost  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,200}[A-Za-z0-9])?$`).MatchString
)

// A place is where a member is: a host, and the first of three ports.
type place struct {
	host string
	port int
}

// parsePlace reads HOST:PORT.
func parsePlace(at string) (place, error) {
	host, port, err := net.SplitHostPort(at)
	n, numErr := strconv.Atoi(port)
	if err != nil || numErr != nil || n < 1 || n > 65533 || net.ParseIP(host) == nil && !isHost(host) {
		return place{}, fmt.Errorf("%.200q is not HOST:PORT with a port up to 65533", at)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return place{}, fmt.Errorf("%s is no address at which others reach a member", host)
	}
	return place{host, n}, nil
}

// parsePeer reads a member's place from the URL that etcd knows it by.
func parsePeer(peer string) (place, error) {
	u, err := url.Parse(peer)
	if err != nil {
		return place{}, err
	}
	return parsePlace(u.Host)
}

func (p place) String() string      { return net.JoinHostPort(p.host, strconv.Itoa(p.port)) }
func (p place) at(n int) string     { return net.JoinHostPort(p.host, strconv.Itoa(p.port+n)) }
func (p place) peer() string        { return "https://" + p.at(0) }
func (p place) client() string      { return "https://" + p.at(1) }
func (p place) own() string         { return "https://" + p.at(2) }
func (p place) listen(n int) string { return net.JoinHostPort(p.bind(), strconv.Itoa(p.port+n)) }

// bind is the address to listen at: the host, or, where that is a name, all addresses of the machine.
func (p place) bind() string {
	if net.ParseIP(p.host) != nil {
		return p.host
	}
	if p.host == "localhost" {
		return "127.0.0.1"
	}
	return "0.0.0.0"
}

// A Refusal says what cannot be done, and what to do.
type Refusal struct {
	What, Hint string
	Elsewhere  bool // another member may answer otherwise
}

func (r *Refusal) Error() string { return r.What }

func refusal(what, hint string) *Refusal { return &Refusal{What: what, Hint: hint} }

// Options say how a member runs.
type Options struct {
	Log    *slog.Logger  // nil: slog.Default
	Upkeep time.Duration // between two looks of Upkeep; 0: 5 seconds

	OnCosigned func(record.Checkpoint) // hears of each checkpoint that was cosigned at any member; may be nil
}

// An Other is a member as etcd's membership says now.
type Other struct {
	Name   string // "" where it was added and has not been started yet
	URL    string // of its HTTPS, https://HOST:PORT
	Voting bool   // it counts for a majority; else it learns
}

// A Member is this node's, running.
type Member struct {
	dir    string
	config config
	place  place
	log    *slog.Logger
	copied etcd.Copy
	pair   *pair
	client *http.Client
	server *http.Server
	mux    *http.ServeMux
	gates  []*gate                          // before etcd's ports
	gone   atomic.Pointer[map[string]int64] // when members left, by name, in seconds since 1970
	node   atomic.Pointer[etcd.Node]
	engine atomic.Pointer[etcd.Engine]
	ended  chan error

	ctx  context.Context // until Close
	stop context.CancelFunc
	done sync.WaitGroup

	refused  *refused // who came without a certificate that counts
	sockets  string   // a folder of etcd's sockets, to be removed; "": they are in DIR/cluster
	said     recently
	every    time.Duration // between two looks of Upkeep
	complete atomic.Bool   // the copy has all files too
}

// Start starts this node's member: the members' HTTPS, etcd, and the engine over it, which closes copied. It returns when
// this member knows who leads, so a majority must be up before ctx ends.
func Start(ctx context.Context, dir string, copied etcd.Copy, o Options) (_ *Member, err error) {
	c, err := readConfig(dir)
	if err == nil {
		err = mayStart(dir, c)
	}
	if err != nil {
		return nil, errors.Join(err, copied.Close())
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Upkeep == 0 {
		o.Upkeep = 5 * time.Second
	}
	m := &Member{every: o.Upkeep, dir: dir, config: c, log: o.Log, copied: copied, mux: http.NewServeMux(), ended: make(chan error, 1)}
	m.ctx, m.stop = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	if m.place, err = parsePlace(c.At); err != nil {
		return nil, err
	}
	if m.pair, err = openPair(caPath(dir), pairPath(dir), m.log); err != nil {
		return nil, err
	}
	m.client = m.pair.client(c.Distant)
	m.gone.Store(&c.Gone)
	m.refused = &refused{log: m.log}
	if err := m.listen(); err != nil {
		return nil, err
	}
	peers, clients, err := m.guard()
	if err != nil {
		return nil, err
	}
	members := map[string]string{}
	for name, at := range c.Members {
		p, err := parsePlace(at)
		if err != nil {
			return nil, err
		}
		members[name] = p.peer()
	}
	starting, stopStarting := context.WithCancelCause(ctx)
	m.done.Go(func() {
		if m.turnedAway(starting, func() bool { return true }) {
			stopStarting(errRemoved)
		}
	})
	waits := time.AfterFunc(2*time.Second, func() { m.log.Info("this member waits until a majority of the members is up", "members", m.known()) })
	node, err := etcd.StartNode(starting, etcd.NodeConfig{Name: c.Name, Dir: folder(dir), Peer: m.place.peer(), Client: m.place.client(), Members: members, Cluster: c.Cluster,
		Joining: c.Joining, Distant: c.Distant, Quota: c.Quota, Bind: m.place.bind(), CA: caPath(dir), Pair: pairPath(dir), PeerSocket: peers, ClientSocket: clients})
	if removed := context.Cause(starting) == errRemoved; err != nil && removed {
		err = errRemoved
	}
	stopStarting(nil)
	waits.Stop()
	if err != nil {
		return nil, m.explain(err)
	}
	m.node.Store(node)
	if !c.Started {
		c.Started = true
		if err := c.write(dir); err != nil {
			return nil, err
		}
	}
	if !c.Joining {
		seeded, err := etcd.Seed(ctx, node.Client, copied)
		if err != nil {
			return nil, m.explain(err)
		}
		if seeded {
			m.log.Info("the record of this machine is the cluster's")
		}
	}
	if err := m.alike(ctx, node); err != nil {
		return nil, err
	}
	engine, err := etcd.Open(ctx, etcd.Config{Client: node.Client, KV: node.KV, Copy: copied, Peers: m.peers, Log: m.hear, OnCosigned: o.OnCosigned, Patience: m.answersIn()})
	if err != nil {
		return nil, err
	}
	m.engine.Store(engine)
	m.done.Go(m.watchNode)
	m.done.Go(func() {
		if m.turnedAway(m.ctx, func() bool { return node.LeaderID() == 0 }) {
			m.end(errRemoved)
		}
	})
	return m, nil
}

// alike looks whether the copy is one of the cluster's record: it may be behind, and nothing else.
func (m *Member) alike(ctx context.Context, node *etcd.Node) error {
	head, err := m.copied.Head(ctx)
	if err != nil {
		return err
	}
	newest, err := etcd.Newest(ctx, node.Client)
	if err != nil {
		return noMajority(err)
	}
	if head.Size > newest.Size || head.Size == newest.Size && head.Root != newest.Root {
		return refusal(fmt.Sprintf("the copy in %s has %d entries that are not the cluster's, which has %d: somebody wrote to it alone, or it is of another cluster", m.dir, head.Size, newest.Size),
			"keep it aside, for what it says may have been shown to somebody; at another member: kurultai cluster leave "+m.Name()+"; then join with a new folder")
	}
	return nil
}

// mayStart looks whether this member's etcd may run.
func mayStart(dir string, c config) error {
	if c.Left {
		return refusal("this member has left its cluster", "a new folder joins again: kurultai cluster join -h; this one is an old copy, for reading alone")
	}
	if _, err := os.Stat(filepath.Join(folder(dir), "etcd", "member", "wal")); c.Started && errors.Is(err, fs.ErrNotExist) {
		return refusal("the log of this member's etcd is gone, and without it the member could vote twice",
			"at another member: kurultai cluster leave -data DIR "+c.Name+"; then join with a new folder; where no majority is left: kurultai cluster init -force")
	}
	return nil
}

// begins is what etcd takes of a disk when it begins, in bytes: two files of 64 MiB for its log, and its database.
const begins = 160 << 20

// free is how much of a disk can be used, in bytes.
func free(dir string) int64 {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		return math.MaxInt64
	}
	return int64(disk.Bavail) * int64(disk.Bsize)
}

// explain says what an error of starting means.
func (m *Member) explain(err error) error {
	for _, gone := range []error{rpctypes.ErrTimeout, rpctypes.ErrTimeoutDueToLeaderFail, rpctypes.ErrTimeoutDueToConnectionLost, rpctypes.ErrLeaderChanged, rpctypes.ErrNoLeader} {
		if errors.Is(err, gone) { // there was a majority a moment ago
			return noMajority(err)
		}
	}
	switch {
	case errors.Is(err, etcd.ErrRemoved):
		return errRemoved
	case free(m.dir) < begins:
		return refusal(fmt.Sprintf("%d MiB are free for %s, and a member begins with %d: %v", free(m.dir)>>20, m.dir, begins>>20, err), "make room and start again; nothing is lost")
	case errors.Is(err, context.DeadlineExceeded):
		return refusal(err.Error(), "start the other members; kurultai cluster status says which answer, etcd.log in "+folder(m.dir)+" what is wrong with their certificates")
	}
	return err
}

// watchNode keeps the list of members, and tells who waits at Err that etcd has ended.
func (m *Member) watchNode() {
	node := m.node.Load()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		m.hearGone(node)
		if err := m.remember(); err != nil {
			m.log.Warn("keeping the list of members", "why", err)
		}
		select {
		case <-tick.C:
		case err := <-node.Err():
			m.end(fmt.Errorf("etcd has ended: %w", err))
			return
		case <-node.Stopped():
			m.end(m.explain(etcd.ErrRemoved))
			return
		case <-m.ctx.Done():
			return
		}
	}
}

func (m *Member) end(err error) {
	select {
	case m.ended <- err:
	default: // the first counts
	}
}

// hear is told of faults that the engine tries again, and says each once a minute.
func (m *Member) hear(err error) {
	if errors.Is(err, record.ErrStopped) {
		m.end(err)
		return
	}
	if m.ctx.Err() == nil && !m.said.often(err.Error()) {
		m.log.Warn("the copy waits", "why", err)
	}
}

// Engine is over this member. Close of the member closes it.
func (m *Member) Engine() *etcd.Engine { return m.engine.Load() }

// Name is this member's.
func (m *Member) Name() string { return m.config.Name }

// Voting reports whether this member counts for a majority, as far as it knows; one that was added learns first.
func (m *Member) Voting() bool { return m.node.Load().Voting() }

// Leads reports whether this member leads etcd, as far as it knows.
func (m *Member) Leads() bool { return m.node.Load().Leads() }

// Err hears once when the member ended by itself, as on a full disk or when the others removed it.
func (m *Member) Err() <-chan error { return m.ended }

// Others are the other members, as etcd's membership says now, also where no majority answers.
func (m *Member) Others() (list []Other) {
	for _, l := range m.node.Load().Members() {
		p, err := parsePeer(l.Peer)
		if err != nil || p == m.place {
			continue
		}
		list = append(list, Other{l.Name, p.own(), l.Voting})
	}
	return list
}

// peers are the other voting members, for the engine.
func (m *Member) peers() (list []etcd.Peer) {
	for _, o := range m.Others() {
		if o.Voting {
			list = append(list, etcd.At(o.URL, m.client))
		}
	}
	return list
}

// Client asks the HTTPS of members. Each connection reads this member's certificate again.
func (m *Member) Client() *http.Client { return m.client }

// Handle adds an address to the members' HTTPS. Who asks has a certificate of this cluster and is a member.
func (m *Member) Handle(pattern string, h http.Handler) { m.mux.Handle(pattern, m.members(h)) }

// Lead waits until this member may write, and returns a context that ends when it may no more, and what gives the pen
// away. A member that still learns waits until it votes.
func (m *Member) Lead(ctx context.Context) (context.Context, func(), error) {
	node := m.node.Load()
	for !node.Voting() {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-m.ctx.Done():
			return nil, nil, m.ctx.Err()
		}
	}
	return node.Lead(ctx, m.Name())
}

// deposeAfter is how often in a row a member that may write is asked in vain before another takes its turn.
const deposeAfter = 3

// WatchWriter asks the member that may write, until ctx ends, whether it is there, and ends its turn where it is not: sooner
// than its session would end by itself. changed is called when another may write than the one known before, or nobody.
func (m *Member) WatchWriter(ctx context.Context, changed func()) {
	every := 250 * time.Millisecond
	if m.config.Distant {
		every = time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	silent, writer := 0, Other{}
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		var now Other
		known := false
		var asking sync.WaitGroup
		asking.Go(func() { // meanwhile: where nobody leads, that is the one known last
			asked, stop := context.WithTimeout(ctx, every)
			defer stop()
			now, known = m.Leader(asked)
		})
		answers := writer.Name == "" || writer.Name == m.Name() || m.hears(ctx, writer, 2*every)
		asking.Wait()
		switch {
		case known && now.Name != writer.Name:
			silent, writer = 0, now
			changed()
		case answers, m.pair.ends().Before(time.Now()): // whose certificate has expired is refused by all, and judges nobody
			silent = 0
		default:
			silent++
		}
		if silent < deposeAfter {
			continue
		}
		asked, stop := context.WithTimeout(ctx, m.answersIn())
		if m.node.Load().Depose(asked, writer.Name) == nil {
			m.log.Warn("the member that wrote does not answer: another writes", "name", writer.Name)
			silent, writer = 0, Other{}
			changed()
		}
		stop()
	}
}

// hears asks another member whether it is there.
func (m *Member) hears(ctx context.Context, o Other, within time.Duration) bool {
	asked, stop := context.WithTimeout(ctx, within)
	defer stop()
	return put(asked, m.client, o.URL+"/cluster/here", nil, &struct{}{}) == nil
}

// Leader is who may write now, this member too, and false where nobody does or no majority answers.
func (m *Member) Leader(ctx context.Context) (Other, bool) {
	node := m.node.Load()
	name, err := node.Writer(ctx)
	if err != nil || name == "" {
		return Other{}, false
	}
	if name == m.Name() {
		return Other{name, m.place.own(), node.Voting()}, true
	}
	for _, o := range m.Others() {
		if o.Name == name {
			return o, true
		}
	}
	return Other{}, false
}

// Close stops the member; the others go on.
func (m *Member) Close() error {
	m.stop()
	var errs []error
	if engine := m.engine.Load(); engine != nil {
		errs = append(errs, engine.Close())
	} else {
		errs = append(errs, m.copied.Close())
	}
	if node := m.node.Load(); node != nil {
		errs = append(errs, node.Close())
	}
	if m.server != nil {
		errs = append(errs, m.server.Close())
	}
	for _, g := range m.gates {
		errs = append(errs, g.Close())
	}
	if m.sockets != "" {
		errs = append(errs, os.RemoveAll(m.sockets))
	}
	if m.client != nil {
		m.client.CloseIdleConnections()
	}
	m.done.Wait()
	return errors.Join(errs...)
}

// known are the members as this one last knew them, by name.
func (m *Member) known() map[string]string {
	all := map[string]string{}
	node := m.node.Load()
	if node == nil {
		return maps.Clone(m.config.Members)
	}
	for _, l := range node.Members() {
		if p, err := parsePeer(l.Peer); err == nil && l.Name != "" {
			all[l.Name] = p.String()
		}
	}
	return all
}
