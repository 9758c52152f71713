package simulation

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/tiles"
	"kurultai/secretariat"
	"kurultai/witness"
)

// A node follows the writer, or another node as one follows a mirror, and has a copy of its own.
type node struct {
	name     string
	disk     *Disk
	engine   *Engine
	keys     *secretariat.SubjectKeys
	follower *witness.Follower
	view     *secretariat.View
	from     *node // nil: the writer
	serves   http.Handler
	away     bool
	steps    int
}

// source reads a record from a handler, without a network.
type source struct{ handler func() http.Handler }

func (s source) get(ctx context.Context, path string) ([]byte, error) {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/"+path, nil)
	w := httptest.NewRecorder()
	s.handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return nil, fmt.Errorf("%s: %d", path, w.Code)
	}
	return w.Body.Bytes(), nil
}

func (s source) ReadEndpoint(ctx context.Context, path string) ([]byte, error) {
	return s.get(ctx, path)
}

func (s source) ReadTiles(ctx context.Context, wanted []tlog.Tile) (data [][]byte, err error) {
	for _, t := range wanted {
		b, err := s.get(ctx, torchwood.TilePath(t))
		if err != nil {
			return nil, err
		}
		data = append(data, b)
	}
	return data, nil
}

func (source) SaveTiles([]tlog.Tile, [][]byte) {}

// layout serves a record as the writer and its nodes do.
func layout(now func() *secretariat.View, plant string) http.Handler {
	return tiles.Handler(tiles.Served{Now: func() tiles.Log {
		if plant == "opens what is closed" {
			return opener{now()}
		}
		return now()
	}, Wait: func(context.Context, int64) error { return nil }})
}

// opener gives everybody what is the writer's alone.
type opener struct{ *secretariat.View }

func (o opener) Openings(ctx context.Context, from int64, _ bool) iter.Seq2[record.Opening, error] {
	return o.View.Openings(ctx, from, true)
}

// join has a node begin from nothing.
func (h *hall) join(from *node) error {
	h.laws.counts.Joined++
	n := &node{name: fmt.Sprintf("node%d.example.org", h.laws.counts.Joined), disk: NewDisk(""), from: from}
	var err error
	if n.keys, err = secretariat.OpenSubjectKeys(filepath.Join(h.config.Dir, n.name)); err != nil {
		return err
	}
	h.nodes = append(h.nodes, n)
	return h.comes(n)
}

// comes opens a node's copy, as at its first start or after a while.
func (h *hall) comes(n *node) error {
	n.engine, n.away = OpenDisk(n.disk), false
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	key, err := witness.NewNodeKey(n.name, private)
	if err != nil {
		return err
	}
	from := source{func() http.Handler { return h.serves }}
	if n.from != nil {
		from = source{func() http.Handler { return n.from.serves }}
	}
	n.follower, err = witness.Follow(h.ctx, witness.FollowerConfig{Engine: n.engine, Log: h.laws.key, From: from, Node: key})
	if err != nil {
		return h.laws.broken("a copy goes on from what it kept", "%s: %v", n.name, err)
	}
	if n.view, err = secretariat.Read(h.ctx, n.engine, n.keys, h.log.Verifier()); err != nil {
		return h.laws.broken("a copy goes on from what it kept", "%s: %v", n.name, err)
	}
	n.serves = layout(func() *secretariat.View { return n.view }, "")
	return nil
}

// follows has a node take what there is, and holds its state against the writer's record at the same size.
func (h *hall) follows(n *node) error {
	before := n.follower.Size()
	_, err := n.follower.Step(h.ctx, "")
	switch {
	case errors.Is(err, witness.ErrBehind): // a mirror that lags
		err = nil
	case err != nil && n.from != nil && n.from.follower.Size() == 0: // it has nothing yet
		err = nil
	case err != nil:
		return h.laws.broken("who follows agrees", "%s: %v", n.name, err)
	}
	h.laws.counts.Nodes += n.follower.Size() - before
	if n.view, err = n.view.Advance(h.ctx); err != nil {
		return h.laws.broken("who follows agrees", "%s: %v", n.name, err)
	}
	if n.steps++; n.steps == 5 && h.config.Plant == "bends a copy" {
		n.disk.bend()
	}
	return h.agrees(n)
}

// bend changes an entry of a copy and makes the hashes fit.
func (d *Disk) bend() {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := len(d.entries) / 2
	d.entries[i].Bytes = bytes.Replace(d.entries[i].Bytes, []byte(`"by":"`), []byte(`"by":"0`), 1)
	d.entries[i].Hash = tlog.RecordHash(d.entries[i].Bytes)
	d.edge = record.Edge{}
	for _, s := range d.entries {
		d.edge.Append(s.Hash)
	}
	d.head.Root = d.edge.Root()
}

// agrees holds a copy against the writer's record: the tree each time, the state now and then.
func (h *hall) agrees(n *node) error {
	head, err := n.engine.Head(h.ctx)
	if err != nil {
		return err
	}
	size := n.view.State().Size
	if size == 0 {
		return nil
	}
	h.disk.mu.Lock()
	theirs := h.disk.entries
	h.disk.mu.Unlock()
	n.disk.mu.Lock()
	ours := n.disk.entries
	n.disk.mu.Unlock()
	if head.Size != size || int(size) > len(theirs) || len(ours) != int(size) {
		return h.laws.broken("a copy is a beginning of the record", "%s has %d entries under a checkpoint of %d, the writer %d", n.name, size, head.Size, len(theirs))
	}
	for i := range ours {
		if !bytes.Equal(ours[i].Bytes, theirs[i].Bytes) {
			return h.laws.broken("a copy is a beginning of the record", "%s has another entry %d", n.name, i)
		}
	}
	if h.chance.IntN(8) > 0 {
		return nil
	}
	of, err := h.s.View().At(h.ctx, size)
	if err != nil {
		return h.laws.broken("the past stays", "at %d: %v", size, err)
	}
	h.laws.counts.States++
	if d := differ(n.view.State(), of.State(), "closed"); d != "" {
		return h.laws.broken("every node shows the same at the same size", "%s at %d: %s", n.name, size, d)
	}
	if root := of.Checkpoint().Root; root != head.Root {
		return h.laws.broken("every node shows the same at the same size", "%s at %d has the root %s, not %s", n.name, size, head.Root, root)
	}
	return nil
}

// comeAndGo has a node join, leave, come back, or follow.
func (h *hall) comeAndGo() error {
	switch n := h.node(); {
	case n == nil || len(h.nodes) < 6 && h.chance.IntN(40) == 0:
		var from *node
		if n != nil && h.chance.IntN(2) == 0 && !n.away {
			from = n
		}
		return h.join(from)
	case n.away:
		return h.comes(n)
	case h.chance.IntN(6) == 0:
		n.away = true // its disk stays
		return n.engine.Close()
	default:
		return h.follows(n)
	}
}

// node is any of the nodes.
func (h *hall) node() *node {
	if len(h.nodes) == 0 {
		return nil
	}
	return h.nodes[h.chance.IntN(len(h.nodes))]
}

// search reads all that the public can read of the record and looks for what it may not.
func (h *hall) search() error {
	shown := func(what string, text string) error {
		h.laws.counts.Searched += int64(len(text))
		for rest := text; ; {
			_, after, found := strings.Cut(rest, token)
			if !found {
				return nil
			}
			word, _, _ := strings.Cut(after, "-")
			if h.laws.names[word] {
				rest = after
				continue
			}
			return h.laws.broken("the public reads nothing that is closed or sealed", "%s: %s%.20s", what, token, after)
		}
	}
	size := h.s.View().State().Size
	for n := range (size + torchwood.TileWidth - 1) / torchwood.TileWidth {
		b, err := (source{func() http.Handler { return h.serves }}).get(h.ctx, tiles.OpeningPath(n))
		if err != nil {
			continue // nothing is open there
		}
		for line := range strings.Lines(string(b)) {
			o, err := record.ParseOpening(strings.TrimSuffix(line, "\n"))
			if err != nil {
				return h.laws.broken("what is given away can be read", "opening/%d: %v", n, err)
			}
			text := string(o.Closed)
			if o.Closed == nil {
				_, _, value, err := o.Disclosure.Open()
				if err != nil {
					return h.laws.broken("what is given away can be read", "opening/%d: %v", n, err)
				}
				text = value.Str
			}
			if err := shown(fmt.Sprintf("the opening of entry %d", o.Index), text); err != nil {
				return err
			}
		}
	}
	v := h.s.View().For(conference.Reader{})
	for _, p := range h.people {
		if name, ok := v.Name(conference.PersonID(p), "en"); ok {
			if err := shown("the name of "+p, name); err != nil {
				return err
			}
		}
	}
	return nil
}
