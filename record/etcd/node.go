package etcd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.etcd.io/etcd/pkg/v3/featuregate"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.uber.org/zap"
)

// NodeConfig says how this machine's member of the quorum runs.
type NodeConfig struct {
	Name    string            // of this member
	Dir     string            // where etcd keeps its log
	Peer    string            // URL at which the other members reach this one
	Client  string            // URL at which clients do
	Members map[string]string // at the founding: the URL for peers of each member, by name, this one's too
	Cluster string            // tells clusters apart that must not meet
	Joining bool              // the member was added to a cluster that stands
	Distant bool              // members are far apart, as Ankara, Baku and Almaty are: longer time-outs
	Quota   int64             // of etcd's database, in bytes; 0: 2 GiB
	Bind    string            // the IP address to listen at; "": the host of Peer and Client, which is one then
	CA      string            // file of the certificates that members trust; "": they trust whoever reaches them
	Pair    string            // file of this member's certificate and its key, read again for each connection

	// Where somebody stands before this member's ports who asks for certificates: the sockets behind, in a folder that
	// nobody else reaches, at which etcd listens in place of them, for peers and for clients.
	PeerSocket, ClientSocket string
}

// secured is how members know each other. Their certificates are of a body of their own, which makes no others, so that
// where a connection comes from says nothing more.
func (c NodeConfig) secured() transport.TLSInfo {
	return transport.TLSInfo{CertFile: c.Pair, KeyFile: c.Pair, TrustedCAFile: c.CA, ClientCertAuth: true, SkipClientSANVerify: true}
}

// listen is where to listen for what is reached at a URL, unless it is at a socket.
func (c NodeConfig) listen(at url.URL, socket string) url.URL {
	if socket != "" {
		return url.URL{Scheme: "unix", Host: socket}
	}
	if c.Bind != "" {
		at.Host = net.JoinHostPort(c.Bind, at.Port())
	}
	return at
}

// A Node is a running member.
type Node struct {
	etcd   *embed.Etcd
	Client *clientv3.Client // asks this member, which asks the others

	near     *clientv3.Client // asks this member without a network between
	at       string
	quota    int64
	patience int // seconds a turn lasts without a word: longer than etcd takes to find who leads it

	closing sync.Once
}

// maxRequest is the largest group, in bytes: 512 acts of the largest size and their rows.
const maxRequest = 64 << 20

// defaultQuota is etcd's own.
const defaultQuota = 2 << 30

// StartNode starts this machine's member and waits until it knows who leads, or ctx ends.
func StartNode(ctx context.Context, c NodeConfig) (*Node, error) {
	config := embed.NewConfig()
	config.Name, config.Dir, config.InitialClusterToken = c.Name, filepath.Join(c.Dir, "etcd"), c.Cluster
	peer, err := url.Parse(c.Peer)
	client, err2 := url.Parse(c.Client)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{c.listen(*peer, c.PeerSocket)}, []url.URL{*peer}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{c.listen(*client, c.ClientSocket)}, []url.URL{*client}
	var asClient *tls.Config
	if c.CA != "" {
		config.PeerTLSInfo, config.ClientTLSInfo = c.secured(), c.secured()
		if asClient, err = c.secured().ClientConfig(); err != nil {
			return nil, fmt.Errorf("reading %s: %w", c.Pair, err)
		}
	}
	config.EnableGRPCGateway = false
	var all []string
	for name, at := range c.Members {
		all = append(all, name+"="+at)
	}
	config.InitialCluster = strings.Join(all, ",")
	if c.Joining {
		config.ClusterState = embed.ClusterStateFlagExisting
	}
	config.TickMs, config.ElectionMs = 100, 1000
	if c.Distant {
		config.TickMs, config.ElectionMs = 300, 3000
	}
	config.QuotaBackendBytes = c.Quota
	config.MaxRequestBytes, config.MaxTxnOps = maxRequest, 1024
	gates := config.ServerFeatureGate.(featuregate.MutableFeatureGate)
	if err := gates.Set("CompactHashCheck=true"); err != nil {
		return nil, err
	}
	config.CorruptCheckTime = time.Hour
	_, logErr := os.Stat(filepath.Join(config.Dir, "member", "wal"))
	config.LogLevel, config.LogOutputs = "warn", []string{filepath.Join(c.Dir, "etcd.log")}
	n := &Node{at: c.Client, quota: c.Quota, patience: 5}
	if n.quota == 0 {
		n.quota = defaultQuota
	}
	if c.Distant {
		n.patience = 15
	}
	if n.etcd, err = startEtcd(config); err != nil {
		return nil, fmt.Errorf("starting etcd in %s: %w", c.Dir, err)
	}
	select {
	case <-n.etcd.Server.ReadyNotify():
	case err = <-n.etcd.Err():
		select { // where it stops as a whole, the reason is not in what its listeners say
		case <-n.etcd.Server.StopNotify():
		case <-time.After(2 * time.Second):
		}
	case <-n.etcd.Server.StopNotify():
		err = ErrRemoved
	case <-ctx.Done():
		err = fmt.Errorf("no majority of the members answers: %w", ctx.Err())
	}
	if err == nil {
		n.Client, err = clientv3.New(clientv3.Config{Endpoints: n.endpoints(c.Client), TLS: asClient, DialTimeout: time.Second, Logger: zap.NewNop(),
			DialKeepAliveTime: time.Second, DialKeepAliveTimeout: time.Second, MaxCallSendMsgSize: maxRequest + 1<<20, MaxCallRecvMsgSize: 2 * maxRequest})
	}
	if err == nil && logErr == nil {
		// etcd's own check of what it holds against the others (InitialCorruptCheck) comes before it answers them, so that
		// members that start at once wait for each other in vain.
		if err = n.etcd.Server.CorruptionChecker().InitialCheck(); err != nil {
			err = fmt.Errorf("etcd in %s does not hold what the others hold: let this member leave, and join with a new folder: %w", c.Dir, err)
		}
	}
	if err != nil {
		select {
		case <-n.etcd.Server.StopNotify():
			err = errors.Join(ErrRemoved, err)
		default:
		}
		n.Close()
		return nil, err
	}
	n.near = v3client.New(n.etcd.Server)
	if !n.Voting() {
		go n.untilVoting(c.Client)
	}
	return n, nil
}

// startEtcd starts etcd, which panics where its log cannot be written, as on a full disk.
func startEtcd(config *embed.Config) (e *embed.Etcd, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it gave up: %v", p)
		}
	}()
	return embed.StartEtcd(config)
}

// ErrRemoved says that the other members have removed this one.
var ErrRemoved = errors.New("this member was removed from its cluster, or its etcd has stopped")

// endpoints is whom to ask: this member, or, while it only learns and answers nobody, those that vote.
func (n *Node) endpoints(own string) (list []string) {
	if n.Voting() {
		return []string{own}
	}
	for _, m := range n.etcd.Server.Cluster().Members() {
		if !m.IsLearner {
			list = append(list, m.ClientURLs...)
		}
	}
	return list
}

// untilVoting has the client ask this member as soon as it votes.
func (n *Node) untilVoting(own string) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !n.Voting() {
		select {
		case <-tick.C:
		case <-n.Client.Ctx().Done():
			return
		}
	}
	n.Client.SetEndpoints(own)
}

// KV is what answers an append soonest: this member without a network between, or, while it only learns and takes no
// request, those that vote.
func (n *Node) KV() clientv3.KV {
	if n.Voting() {
		return n.near
	}
	return n.Client
}

// Voting reports whether this member votes, as far as it knows; one that was added learns first.
func (n *Node) Voting() bool {
	m := n.etcd.Server.Cluster().Member(n.etcd.Server.MemberID())
	return m != nil && !m.IsLearner // nil: it was removed
}

// ID is this member's, as etcd counts.
func (n *Node) ID() uint64 { return uint64(n.etcd.Server.MemberID()) }

// LeaderID is the ID of the member that leads etcd, as far as this one knows, or 0.
func (n *Node) LeaderID() uint64 { return uint64(n.etcd.Server.Leader()) }

// Endpoint is the URL at which etcd answers for this member.
func (n *Node) Endpoint() string { return n.at }

// Database says how large etcd's database is, how much of it is in use, and how large it may become, in bytes.
func (n *Node) Database() (size, used, quota int64) {
	b := n.etcd.Server.Backend()
	return b.Size(), b.SizeInUse(), n.quota
}

// Alarms are what etcd has raised: NOSPACE where the quota is used up, CORRUPT where members do not hold the same.
func (n *Node) Alarms() (list []string) {
	for _, a := range n.etcd.Server.Alarms() {
		list = append(list, a.Alarm.String())
	}
	return list
}

// A Listed member is one of those that etcd counts.
type Listed struct {
	ID     uint64
	Name   string // "" until it was started
	Peer   string // URL at which the other members reach it
	Voting bool
}

// Members are all members as far as this one knows, also where no majority answers, by address.
func (n *Node) Members() (list []Listed) {
	for _, m := range n.etcd.Server.Cluster().Members() {
		list = append(list, Listed{uint64(m.ID), m.Name, m.PeerURLs[0], !m.IsLearner})
	}
	slices.SortFunc(list, func(a, b Listed) int { return strings.Compare(a.Peer, b.Peer) })
	return list
}

// Err hears when the member ended by itself, as on a full disk.
func (n *Node) Err() <-chan error { return n.etcd.Err() }

// Stopped is closed when the member has stopped, as when the others remove it.
func (n *Node) Stopped() <-chan struct{} { return n.etcd.Server.StopNotify() }

// Close stops the member; the others go on.
func (n *Node) Close() (err error) {
	n.closing.Do(func() {
		if n.Client != nil {
			err = n.Client.Close()
		}
		if n.near != nil {
			n.near.Close() // it has no connection; its error is that its context has ended
		}
		select {
		case <-n.etcd.Server.ReadyNotify():
		default: // it waits for the others, and what serves clients waits for it: Close would wait for both, for ever
			n.etcd.Server.HardStop()
		}
		n.etcd.Close()
	})
	return err
}

// leadKey is where those who would write stand in line.
const leadKey = "r/lead"

// Lead waits until this member may write, and returns a context that ends when it may no more, and what gives the pen
// away. It is a hint that keeps two writers from wasting each other's work: what keeps the record one is the fence of
// Append. A member that was ended and is back leaves the places first that it had in the line: nobody else ends them, for it
// answers, and each change of who leads etcd would let them last anew.
func (n *Node) Lead(ctx context.Context, name string) (context.Context, func(), error) {
	asked, done := context.WithTimeout(ctx, 2*time.Second)
	_ = n.leaveLine(asked, name) // where no majority answers, nobody has a turn before one does
	done()
	s, err := concurrency.NewSession(n.Client, concurrency.WithTTL(n.patience), concurrency.WithContext(ctx))
	if err != nil {
		return nil, nil, err
	}
	e := concurrency.NewElection(s, leadKey)
	waiting, stopWaiting := context.WithCancel(ctx)
	go func() {
		select {
		case <-s.Done(): // nobody can wait on it any more
		case <-waiting.Done():
		}
		stopWaiting()
	}()
	err = e.Campaign(waiting, name)
	for err != nil && waiting.Err() == nil { // as when what it watched was compacted: it keeps its place in the line
		n.untilLed(waiting)
		err = e.Campaign(waiting, name)
	}
	stopWaiting()
	if err != nil {
		s.Orphan()
		go n.revoke(s.Lease())
		return nil, nil, err
	}
	leading, stop := context.WithCancel(ctx)
	go func() {
		select {
		case <-s.Done():
		case <-leading.Done():
		}
		stop()
	}()
	return leading, func() { stop(); s.Orphan(); go n.revoke(s.Lease()) }, nil
}

// untilLed waits until a majority answers through somebody who leads: what is sent on to a leader that has just died is
// lost, and etcd waits seven seconds for it.
func (n *Node) untilLed(ctx context.Context) {
	for ctx.Err() == nil {
		asked, stop := context.WithTimeout(ctx, 300*time.Millisecond)
		_, err := n.Client.Get(asked, leadKey)
		if err == nil {
			stop()
			return
		}
		<-asked.Done()
		stop()
	}
}

// leaveLine ends all sessions in which a member stands in line, or has its turn.
func (n *Node) leaveLine(ctx context.Context, name string) error {
	r, err := n.Client.Get(ctx, leadKey+"/", clientv3.WithPrefix())
	if err != nil {
		return err
	}
	for _, place := range r.Kvs {
		if string(place.Value) == name {
			if _, err := n.Client.Revoke(ctx, clientv3.LeaseID(place.Lease)); err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
				return err
			}
		}
	}
	return nil
}

// revoke ends a session, so that nobody waits behind its place in the line.
func (n *Node) revoke(lease clientv3.LeaseID) {
	for range 20 {
		ctx, stop := context.WithTimeout(n.Client.Ctx(), time.Second)
		_, err := n.Client.Revoke(ctx, lease)
		stop()
		if err == nil || errors.Is(err, rpctypes.ErrLeaseNotFound) || n.Client.Ctx().Err() != nil {
			return
		}
	}
}

// Writer is the name of who may write now, as Lead was told it, or "".
func (n *Node) Writer(ctx context.Context) (string, error) {
	r, err := n.Client.Get(ctx, leadKey+"/", clientv3.WithFirstCreate()...)
	if err != nil || len(r.Kvs) == 0 {
		return "", err
	}
	return string(r.Kvs[0].Value), nil
}

// Depose ends the turn of a member that may write and does not answer, sooner than its session would end by itself. If it
// lives after all, it stands in line again: the fence of Append keeps the record one.
func (n *Node) Depose(ctx context.Context, name string) error {
	r, err := n.Client.Get(ctx, leadKey+"/", clientv3.WithFirstCreate()...)
	if err != nil || len(r.Kvs) == 0 || string(r.Kvs[0].Value) != name {
		return err
	}
	_, err = n.Client.Revoke(ctx, clientv3.LeaseID(r.Kvs[0].Lease))
	return err
}

// Leads reports whether this member leads the others, as far as it knows.
func (n *Node) Leads() bool { return n.etcd.Server.Leader() == n.etcd.Server.MemberID() }
