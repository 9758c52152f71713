package etcd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.etcd.io/etcd/pkg/v3/featuregate"
	"go.etcd.io/etcd/server/v3/embed"
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
}

// A Node is a running member.
type Node struct {
	etcd   *embed.Etcd
	Client *clientv3.Client // asks this member, which asks the others

	closing sync.Once
}

// maxRequest is the largest group, in bytes: 512 acts of the largest size and their rows.
const maxRequest = 64 << 20

// StartNode starts this machine's member and waits until it knows who leads, or ctx ends.
func StartNode(ctx context.Context, c NodeConfig) (*Node, error) {
	config := embed.NewConfig()
	config.Name, config.Dir, config.InitialClusterToken = c.Name, filepath.Join(c.Dir, "etcd"), c.Cluster
	peer, err := url.Parse(c.Peer)
	client, err2 := url.Parse(c.Client)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{*peer}, []url.URL{*peer}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*client}, []url.URL{*client}
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
	if err := gates.Set("InitialCorruptCheck=true,CompactHashCheck=true"); err != nil {
		return nil, err
	}
	config.CorruptCheckTime = time.Hour
	config.LogLevel, config.LogOutputs = "warn", []string{filepath.Join(c.Dir, "etcd.log")}
	n := &Node{}
	if n.etcd, err = embed.StartEtcd(config); err != nil {
		return nil, fmt.Errorf("starting etcd in %s: %w", c.Dir, err)
	}
	select {
	case <-n.etcd.Server.ReadyNotify():
	case err = <-n.etcd.Err():
	case <-ctx.Done():
		err = fmt.Errorf("no majority of the members answers: %w", ctx.Err())
	}
	if err == nil {
		n.Client, err = clientv3.New(clientv3.Config{Endpoints: []string{c.Client}, DialTimeout: time.Second, Logger: zap.NewNop(),
			DialKeepAliveTime: time.Second, DialKeepAliveTimeout: time.Second, MaxCallSendMsgSize: maxRequest + 1<<20, MaxCallRecvMsgSize: 2 * maxRequest})
	}
	if err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// Err hears when the member ended by itself, as on a full disk.
func (n *Node) Err() <-chan error { return n.etcd.Err() }

// Close stops the member; the others go on.
func (n *Node) Close() (err error) {
	n.closing.Do(func() {
		if n.Client != nil {
			err = n.Client.Close()
		}
		n.etcd.Close()
	})
	return err
}

// leadKey is where those who would write stand in line.
const leadKey = "r/lead"

// Lead waits until this member may write, and returns a context that ends when it may no more, and what gives the pen
// away. It is a hint that keeps two writers from wasting each other's work: what keeps the record one is the fence of
// Append.
func (n *Node) Lead(ctx context.Context, name string) (context.Context, func(), error) {
	s, err := concurrency.NewSession(n.Client, concurrency.WithTTL(2), concurrency.WithContext(ctx))
	if err != nil {
		return nil, nil, err
	}
	e := concurrency.NewElection(s, leadKey)
	if err := e.Campaign(ctx, name); err != nil {
		s.Close()
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
	return leading, func() { stop(); s.Close() }, nil
}

// Leads reports whether this member leads the others, as far as it knows.
func (n *Node) Leads() bool { return n.etcd.Server.Leader() == n.etcd.Server.MemberID() }
