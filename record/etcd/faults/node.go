package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"kurultai/cluster"
	"kurultai/record"
	"kurultai/record/etcd"
	"kurultai/record/recordtest"

	"golang.org/x/mod/sumdb/tlog"
)

// A Spec says which node a process is.
type Spec struct {
	Name    string `json:"name"`
	Dir     string `json:"dir"`     // a member's of a cluster
	At      string `json:"at"`      // its address
	Forgets bool   `json:"forgets"` // acknowledges what it did not append: the harness must find it
}

const (
	clusterPort = ":2380" // and the two behind it
	ownPort     = ":8080"
)

// An answer to who appended.
type answer struct {
	Index int64  `json:"index"`
	Note  string `json:"note"`
}

// Node is one node of the quorum that is broken, until ctx ends. It ends by itself, with an error, where etcd does, as on
// a full disk: somebody starts it again.
func Node(ctx context.Context, s Spec) error {
	log := slog.New(slog.NewTextHandler(os.Stdout, nil)).With("node", s.Name)
	copied, aside, err := etcd.OpenCopy(ctx, s.Dir)
	if err != nil {
		return err
	}
	if aside != "" {
		log.Warn("a damaged copy was put aside", "into", aside)
	}
	m, err := cluster.Start(ctx, s.Dir, copied, cluster.Options{Log: log, Upkeep: time.Second})
	if err != nil {
		return err
	}
	defer m.Close()
	upkeep := make(chan struct{})
	ctx, stop := context.WithCancel(ctx)
	go func() { m.Upkeep(ctx, nil); close(upkeep) }()
	defer func() { stop(); <-upkeep }()
	var engine record.Engine = m.Engine()
	if s.Forgets {
		engine = &forgetful{Engine: m.Engine()}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /append", func(w http.ResponseWriter, r *http.Request) {
		ctx, stop := context.WithTimeout(r.Context(), 3*time.Second)
		defer stop()
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<10))
		var a answer
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
	mux.HandleFunc("GET /leader", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, m.Leads()) })
	server := &http.Server{Addr: s.At + ownPort, Handler: mux}
	fault := make(chan error, 1)
	go func() { fault <- server.ListenAndServe() }()
	defer server.Close()
	select {
	case <-ctx.Done():
		return nil
	case err := <-m.Err():
		return err
	case err := <-fault:
		return err
	}
}

// appendText appends an entry of a text, wherever the record stands.
func appendText(ctx context.Context, e record.Engine, text string) (a answer, err error) {
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
			return answer{head.Size, string(c.Note)}, nil
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
