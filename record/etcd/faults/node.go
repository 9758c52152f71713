package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"kurultai/record"
	"kurultai/record/etcd"
	"kurultai/record/recordtest"

	"golang.org/x/mod/sumdb/tlog"
)

// A Spec says which node a process is.
type Spec struct {
	Name    string            `json:"name"`
	Dir     string            `json:"dir"`
	At      string            `json:"at"`      // its address
	Members map[string]string `json:"members"` // addresses of all, by name
	Forgets bool              `json:"forgets"` // acknowledges what it did not append: the harness must find it

	// Of nodes that serve a record, and not an engine alone:
	Serves  bool   `json:"serves"`
	Founder string `json:"founder"` // folder of the node that began the cluster, and issues certificates
	Clock   string `json:"clock"`   // file that says how far its wall clock is off, in milliseconds
}

// Copy is the folder of its copy.
func (s Spec) Copy() string {
	if s.Serves {
		return s.Dir
	}
	return filepath.Join(s.Dir, "copy")
}

// OwnPort is where a node takes texts: POST /append gives an Answer, GET /size how many entries its copy has, GET /leader
// whether it writes.
const OwnPort = ownPort

// PagesPort is where nodes that serve a record, and edges, have their pages and their stream.
const PagesPort = ":8081"

const (
	peerPort   = ":2380"
	clientPort = ":2379"
	ownPort    = ":8080"
)

// An Answer to who appended.
type Answer struct {
	Index int64  `json:"index"`
	Note  string `json:"note"` // a checkpoint that covers it
}

// Node is one node of the quorum that is broken, until ctx ends. It ends by itself, with an error, where etcd does, as on
// a full disk: somebody starts it again.
func Node(ctx context.Context, s Spec) error {
	members, c := map[string]string{}, &http.Client{Timeout: 5 * time.Second}
	var peers []etcd.Peer
	for name, at := range s.Members {
		members[name] = "http://" + at + peerPort
		if name != s.Name {
			peers = append(peers, etcd.At("http://"+at+ownPort, c))
		}
	}
	n, err := etcd.StartNode(ctx, etcd.NodeConfig{Name: s.Name, Dir: s.Dir, Peer: "http://" + s.At + peerPort, Client: "http://" + s.At + clientPort, Members: members, Cluster: "faults"})
	if err != nil {
		return err
	}
	defer n.Close()
	copied, aside, err := etcd.OpenCopy(ctx, filepath.Join(s.Dir, "copy"))
	if err != nil {
		return err
	}
	if aside != "" {
		fmt.Printf("%s: a damaged copy was put into %s\n", s.Name, aside)
	}
	fault := make(chan error, 1)
	e, err := etcd.Open(ctx, etcd.Config{Client: n.Client, KV: n.KV, Copy: copied, Peers: func() []etcd.Peer { return peers }, Log: func(err error) {
		fmt.Printf("%s: %v\n", s.Name, err)
		if errors.Is(err, record.ErrStopped) {
			select {
			case fault <- err:
			default:
			}
		}
	}})
	if err != nil {
		return err
	}
	defer e.Close()
	var engine record.Engine = e
	if s.Forgets {
		engine = &forgetful{Engine: e}
	}
	mux := http.NewServeMux()
	mux.Handle("/", etcd.Serve(copied))
	mux.HandleFunc("POST /append", func(w http.ResponseWriter, r *http.Request) {
		ctx, stop := context.WithTimeout(r.Context(), 3*time.Second)
		defer stop()
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<10))
		var a Answer
		if err == nil {
			a, err = appendText(ctx, engine, string(text))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		json.NewEncoder(w).Encode(a)
	})
	mux.HandleFunc("GET /size", func(w http.ResponseWriter, r *http.Request) {
		head, err := copied.Head(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, head.Size)
	})
	mux.HandleFunc("GET /leader", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, n.Leads()) })
	server := &http.Server{Addr: s.At + ownPort, Handler: mux}
	go func() { fault <- server.ListenAndServe() }()
	defer server.Close()
	select {
	case <-ctx.Done():
		return nil
	case err := <-n.Err():
		return err
	case err := <-fault:
		return err
	}
}

// appendText appends an entry of a text, wherever the record stands.
func appendText(ctx context.Context, e record.Engine, text string) (a Answer, err error) {
	for {
		head, err := e.Head(ctx)
		if err != nil {
			return a, err
		}
		g := record.Group{Entries: [][]byte{recordtest.Entry(head.Size, text)}}
		c, err := e.Append(ctx, head.Size, g, recordtest.Key().SignCheckpoint)
		for errors.Is(err, record.ErrUnknown) && ctx.Err() == nil {
			c, err = e.Append(ctx, head.Size, g, recordtest.Key().SignCheckpoint)
		}
		if err == nil {
			return Answer{head.Size, string(c.Note)}, nil
		}
		if !errors.Is(err, record.ErrConflict) {
			return a, err
		}
	}
}

// forgetful is an engine that forgets: each third append is acknowledged and not done.
type forgetful struct {
	*etcd.Engine
	count int
}

func (f *forgetful) Append(ctx context.Context, expect int64, g record.Group, sign record.SignFunc) (record.Checkpoint, error) {
	if f.count++; f.count%3 != 0 {
		return f.Engine.Append(ctx, expect, g, sign)
	}
	var edge record.Edge
	for stored, err := range f.Read(ctx, 0) {
		if err != nil {
			return record.Checkpoint{}, err
		}
		edge.Append(stored.Hash)
	}
	for _, b := range g.Entries {
		edge.Append(tlog.RecordHash(b))
	}
	note, err := sign(edge.Size(), edge.Root())
	return record.Checkpoint{Size: edge.Size(), Root: edge.Root(), Note: note}, err
}
