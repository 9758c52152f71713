package cluster

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kurultai/record/etcd"
)

// A certificate lives a year and its bearer may leave tomorrow. So when a member left is written down where all members
// read it: what was certified to its name before counts no more, at none of their ports, nor for joining again.

// goneKey has, by name, when members left, in seconds since 1970.
const goneKey = "r/gone/"

var errRemoved = refusal("this member was removed from its cluster", "a new folder joins again: kurultai cluster join -h")

// errLeft is of a certificate that counts no more.
type errLeft struct {
	name string
	at   time.Time
}

func (e *errLeft) Error() string {
	return fmt.Sprintf("the certificate of %s was made before %s left the cluster at %s", e.name, e.name, e.at.UTC().Format(time.RFC3339))
}

// out says why a certificate of this cluster counts no more.
func (m *Member) out(c *x509.Certificate) error {
	left, ok := (*m.gone.Load())[c.Subject.CommonName]
	if made := c.NotBefore.Add(beforehand); !ok || made.Unix() >= left {
		return nil
	}
	return &errLeft{c.Subject.CommonName, time.Unix(left, 0)}
}

// markGone writes down that a member has left.
func (m *Member) markGone(ctx context.Context, node *etcd.Node, name string) error {
	_, err := node.Client.Put(ctx, goneKey+name, strconv.FormatInt(time.Now().Unix(), 10))
	if err != nil {
		return refusal(fmt.Sprintf("%s was removed, and that its certificate counts no more could not be written down: %v", name, err), "ask again: kurultai cluster leave "+name)
	}
	m.hearGone(node)
	return nil
}

// hearGone reads who has left, and puts out who is inside and has.
func (m *Member) hearGone(node *etcd.Node) {
	ctx, stop := context.WithTimeout(m.ctx, time.Second)
	defer stop()
	r, err := node.Client.Get(ctx, goneKey, clientv3.WithPrefix(), clientv3.WithSerializable())
	if err != nil {
		return
	}
	gone := maps.Clone(*m.gone.Load())
	if gone == nil {
		gone = map[string]int64{}
	}
	for _, kv := range r.Kvs {
		name := string(kv.Key[len(goneKey):])
		if at, err := strconv.ParseInt(string(kv.Value), 10, 64); err == nil && isName(name) {
			gone[name] = max(gone[name], at)
		}
	}
	if maps.Equal(gone, *m.gone.Load()) {
		return
	}
	m.gone.Store(&gone)
	for _, g := range m.gates {
		g.expel(func(c *x509.Certificate) bool { return m.out(c) != nil })
	}
}

// turnedAway asks the other members, while this one is alone, whether it was removed: who has left is not let in to hear
// it of etcd. It returns when one says so, or ctx ends.
func (m *Member) turnedAway(ctx context.Context, alone func() bool) bool {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
		if !alone() {
			continue
		}
		for _, at := range m.known() {
			p, err := parsePlace(at)
			if err != nil || p == m.place {
				continue
			}
			asked, stop := context.WithTimeout(ctx, m.answersIn())
			err = put(asked, m.client, p.own()+"/cluster/here", nil, &struct{}{})
			stop()
			if errors.Is(err, errRemoved) {
				return true
			}
		}
	}
}

// openGate listens at one of this member's three ports.
func (m *Member) openGate(port int, protocols ...string) (*gate, error) {
	l, err := net.Listen("tcp", m.place.listen(port))
	if err != nil {
		return nil, refusal(fmt.Sprintf("listening for members: %v", err), "a member at HOST:PORT listens at PORT, PORT+1 and PORT+2: free them, or join at others")
	}
	config := m.pair.serving()
	if len(protocols) > 0 {
		config.NextProtos = protocols
	}
	return newGate(l, config, m.refused.hear), nil
}

// guard opens the gates before etcd, and says at which sockets behind them it is to listen.
func (m *Member) guard() (peers, clients string, err error) {
	at := folder(m.dir)
	if len(at) > 80 { // a socket's path has 107 bytes at most (unix(7))
		if at, err = os.MkdirTemp("", "kurultai-"); err != nil {
			return "", "", err
		}
		m.sockets = at
	}
	peers, clients = filepath.Join(at, "peers.sock"), filepath.Join(at, "clients.sock")
	for port, socket := range []string{peers, clients} {
		g, err := m.openGate(port, []string{"http/1.1", "h2"}[port])
		if err != nil {
			return "", "", err
		}
		m.gates = append(m.gates, g)
		go g.lead(socket, m.out)
	}
	return peers, clients, nil
}
