package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"kurultai/measure"
	"kurultai/record/etcd"
)

// A spec says which member a process is.
type spec struct {
	Name    string            `json:"name"`
	Dir     string            `json:"dir"`
	Client  string            `json:"client"`  // URL
	Members map[string]string `json:"members"` // URLs for peers of etcd, by name
	Own     map[string]string `json:"own"`     // URLs at which they answer each other beside etcd
}

// member is one node of the quorum: it tells whether it leads, and lets authors append, as it is ordered, until its
// standard input ends.
func member(ctx context.Context, text string) error {
	var s spec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	var peers []etcd.Peer
	for name, at := range s.Own {
		if name != s.Name {
			peers = append(peers, etcd.At(at, http.DefaultClient))
		}
	}
	n, err := etcd.StartNode(ctx, etcd.NodeConfig{Name: s.Name, Dir: s.Dir, Peer: s.Members[s.Name], Client: s.Client, Members: s.Members, Cluster: "bench"})
	if err != nil {
		return err
	}
	defer n.Close()
	copied, _, err := etcd.OpenCopy(ctx, filepath.Join(s.Dir, "copy"))
	if err != nil {
		return err
	}
	e, err := etcd.Open(ctx, etcd.Config{Client: n.Client, KV: n.KV, Copy: copied, Peers: func() []etcd.Peer { return peers },
		Log: func(err error) { fmt.Fprintf(os.Stderr, "%s: %v\n", s.Name, err) }})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp4", s.Own[s.Name][len("http://"):])
	if err != nil {
		return err
	}
	server := &http.Server{Handler: etcd.Serve(copied)}
	go server.Serve(l)
	defer server.Close()
	defer e.Close()
	var o *ours
	return measure.Obey(os.Stdin, os.Stdout, func(order memberOrder) (memberReport, error) {
		r := memberReport{Leads: n.Leads()}
		if order.Authors == 0 {
			return r, nil
		}
		if o == nil {
			if o, err = newOurs(ctx, e); err != nil {
				return r, err
			}
		}
		r.took, err = o.turn(ctx, order.turn)
		return r, err
	})
}

type (
	memberOrder  struct{ turn } // of no authors: only say who you are
	memberReport struct {
		took
		Leads bool `json:"leads"`
	}
)

// quorum is three members, each a process.
type quorum []*measure.Child

func openQuorum(ctx context.Context, dir string) (system, error) {
	const nodes = 3
	urls, err := free(3 * nodes)
	if err != nil {
		return nil, err
	}
	members, own, name := map[string]string{}, map[string]string{}, func(i int) string { return fmt.Sprint("node", i) }
	for i := range nodes {
		members[name(i)], own[name(i)] = urls[3*i], urls[3*i+1]
	}
	q := quorum{}
	for i := range nodes {
		s := spec{name(i), filepath.Join(dir, name(i)), urls[3*i+2], members, own}
		if err := os.Mkdir(s.Dir, 0o700); err != nil {
			return nil, errors.Join(err, q.Close())
		}
		c, err := startChild(ctx, "-member", s)
		if err != nil {
			return nil, errors.Join(err, q.Close())
		}
		q = append(q, c)
	}
	return q, nil
}

// turn is taken by the node that leads, which has the fewest ways to go.
func (q quorum) turn(_ context.Context, t turn) (took, error) {
	for range 100 {
		for _, m := range q {
			var r memberReport
			if err := m.Ask(memberOrder{}, &r); err != nil {
				return took{}, err
			}
			if r.Leads {
				err := m.Ask(memberOrder{t}, &r)
				return r.took, err
			}
		}
		time.Sleep(100 * time.Millisecond) // they choose
	}
	return took{}, errors.New("no node leads")
}

func (q quorum) Close() (err error) {
	for _, m := range q {
		err = errors.Join(err, m.Close())
	}
	return err
}
