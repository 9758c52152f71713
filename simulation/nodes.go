package simulation

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"os"
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

// A node is a party's. It follows the record at one address, behind which the writer answers, a node that joined before it,
// or a mirror of files; it has a copy of its own, and gives back what it cosigned.
type node struct {
	name     string
	party    conference.PartyID
	key      *witness.NodeKey
	disk     *Disk
	engine   *Engine
	keys     *secretariat.SubjectKeys
	follower *witness.Follower
	marks    *witness.Marks
	view     *secretariat.View
	serves   http.Handler

	from   *node  // who answers; nil: the writer, or
	mirror string // a folder of files
	away   bool
	came   int64 // how many entries it had when it came last
	given  int64 // of how many entries the writer took its cosignature
	steps  int
}

// at is the host at which a node finds whoever answers it.
func (n *node) at() string { return "to." + n.name }

// answers is who answers a node that follows.
func (h *hall) answers(n *node) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case n.mirror != "":
			http.FileServerFS(os.DirFS(n.mirror)).ServeHTTP(w, r)
		case n.from == nil:
			h.serves.ServeHTTP(w, r)
		case n.from.away:
			away(w, r)
		default:
			n.from.serves.ServeHTTP(w, r)
		}
	})
}

// layout serves a record as the writer and its nodes do, and takes cosignatures.
func layout(now func() tiles.Log, marks func() *witness.Marks) http.Handler {
	log := tiles.Handler(tiles.Served{Now: now, Wait: func(context.Context, int64) error { return nil }})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cosignatures" {
			witness.TakeCosignatures(w, r, marks(), func(error) {})
			return
		}
		log.ServeHTTP(w, r)
	})
}

// cosigned is a view whose checkpoint bears the cosignatures that came since.
type cosigned struct {
	*secretariat.View
	engine *Engine
}

func (c cosigned) Checkpoint() record.Checkpoint {
	shown := c.View.Checkpoint()
	if head, err := c.engine.Head(context.Background()); err == nil && head.Size == shown.Size {
		return head
	}
	return shown
}

// opener gives everybody what is the writer's alone.
type opener struct{ tiles.Log }

func (o opener) Openings(ctx context.Context, from int64, _ bool) iter.Seq2[record.Opening, error] {
	return o.Log.Openings(ctx, from, true)
}

// nodeKey follows from the seed and a name.
func (h *hall) nodeKey(name string) (*witness.NodeKey, error) {
	seed := sha256.Sum256(fmt.Appendf(nil, "%d %s", h.config.Seed, name))
	return witness.NewNodeKey(name, ed25519.NewKeyFromSeed(seed[:]))
}

// join has a node begin from nothing. Mostly its delegation admits it.
func (h *hall) join() error {
	h.laws.counts.Joined++
	d := h.somebody()
	n := &node{name: fmt.Sprintf("node%d.example.org", h.laws.counts.Joined), party: conference.PartyID(d.party), disk: NewDisk("")}
	var err error
	if n.key, err = h.nodeKey(n.name); err != nil {
		return err
	}
	if n.keys, err = secretariat.OpenSubjectKeys(filepath.Join(h.config.Dir, n.name)); err != nil {
		return err
	}
	h.nodes = append(h.nodes, n)
	h.network.serve(n.at(), h.answers(n))
	h.turns(n)
	if err := h.comes(n); err != nil || h.chance.IntN(4) == 0 {
		return err
	}
	return h.admits(n)
}

// admits has a delegation admit its node.
func (h *hall) admits(n *node) error {
	d, ok := h.headOf(n.party)
	if !ok {
		return nil
	}
	return h.twice(func() *secretariat.Act {
		return h.by("Head", d.person, d.party, "", "AdmitNode", fmt.Sprintf(`{"verifier":"%s"}`, n.key.Verifier()))
	})
}

// withdraws has a delegation withdraw its node.
func (h *hall) withdraws(n *node) error {
	d, ok := h.headOf(n.party)
	if !ok {
		return nil
	}
	h.laws.forgets(n)
	return h.twice(func() *secretariat.Act {
		return h.by("Head", d.person, d.party, "", "WithdrawNode", fmt.Sprintf(`{"verifier":"%s"}`, n.key.Verifier()))
	})
}

// turns has somebody else answer a node from now on. Who joined before never follows who joined later.
func (h *hall) turns(n *node) {
	n.from, n.mirror = nil, ""
	var before []*node
	for _, x := range h.nodes {
		if x == n {
			break
		}
		before = append(before, x)
	}
	switch k := h.chance.IntN(4); {
	case k == 0 && len(before) > 0:
		n.from = before[h.chance.IntN(len(before))]
	case k == 1:
		n.mirror = h.mirror
	}
}

// comes opens a node's copy, as at its first start or after a while: all that it kept is decided again.
func (h *hall) comes(n *node) error {
	n.engine, n.away = OpenDisk(n.disk), false
	from, err := witness.Over(&h.network, "http://"+n.at())
	if err != nil {
		return err
	}
	n.follower, err = witness.Follow(h.ctx, witness.FollowerConfig{Engine: n.engine, Log: h.laws.key, From: from, Node: n.key})
	if err != nil {
		return h.laws.broken("a copy goes on from what it kept", "%s: %v", n.name, err)
	}
	if n.view, err = secretariat.Read(h.ctx, n.engine, n.keys, h.log.Verifier()); err != nil {
		return h.laws.broken("a copy goes on from what it kept", "%s: %v", n.name, err)
	}
	if n.marks, err = witness.OpenMarks(h.ctx, n.engine, h.laws.key, func() witness.Marked { return n.view }); err != nil {
		return h.laws.broken("a copy goes on from what it kept", "%s: %v", n.name, err)
	}
	n.came = n.follower.Size()
	n.serves = layout(func() tiles.Log { return cosigned{n.view, n.engine} }, func() *witness.Marks { return n.marks })
	return nil
}

// follows has a node take what there is, give back what it cosigned, and holds its state against the writer's record at the
// same size.
func (h *hall) follows(n *node) error {
	before := n.follower.Size()
	_, err := n.follower.Step(h.ctx, "")
	h.config.Settle()
	switch {
	case errors.Is(err, witness.ErrBehind): // a mirror that lags
	case err != nil && n.from != nil && (n.from.away || n.from.follower.Size() == 0): // nobody is there, or has nothing yet
		return nil
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
	if err := h.agrees(n); err != nil {
		return err
	}
	return h.gives(n)
}

// gives has a node keep the cosignatures that came with a checkpoint, and its own, and give that to whoever answers it.
func (h *hall) gives(n *node) error {
	own, err := n.follower.Cosigned()
	if err != nil {
		return err
	}
	if size := n.follower.Last().Size; own != nil {
		h.laws.signs(n.key.Verifier().String(), size)
	}
	for _, signed := range [][]byte{n.follower.Fetched, own} {
		if signed == nil {
			continue
		}
		if err := n.marks.Add(h.ctx, signed); err != nil && !errors.Is(err, witness.ErrNobody) && !errors.Is(err, witness.ErrAhead) {
			return h.laws.broken("a cosignature is of this record", "%s: %v", n.name, err)
		}
	}
	n.follower.FetchMissing(h.ctx)
	if own == nil || n.mirror != "" || n.from != nil && n.from.away {
		return nil
	}
	size := n.follower.Last().Size
	err = witness.Give(h.ctx, &http.Client{Transport: &h.network}, "http://"+n.at(), own)
	h.config.Settle()
	state := h.s.View().State()
	admitted := false
	for _, x := range state.Nodes() {
		admitted = admitted || x.Verifier == n.key.Verifier().String() && x.Withdrawn == 0
	}
	switch {
	case errors.Is(err, witness.ErrNotAdmitted) && (n.from != nil || !admitted): // a mirror that lags has not heard of it
	case err != nil && (n.from == nil || n.from.follower.Size() >= size):
		return h.laws.broken("a cosignature of an admitted node is taken", "%s: %v", n.name, err)
	case err == nil && n.from == nil:
		n.given = max(n.given, size)
		h.laws.counts.Given++
	}
	return nil
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

// comeAndGo has a node join, leave, come back, follow, or hear from somebody else. To come back is to decide all that was kept
// again, so a node leaves only when it has grown by a quarter since it came.
func (h *hall) comeAndGo() error {
	switch n := h.node(); {
	case n == nil || len(h.nodes) < 6 && h.chance.IntN(40) == 0:
		return h.join()
	case n.away:
		h.turns(n)
		return h.comes(n)
	case h.chance.IntN(6) == 0 && n.follower.Size() > n.came+n.came/4+20:
		n.away = true // its disk stays
		return n.engine.Close()
	case h.chance.IntN(6) == 0:
		h.turns(n)
		return h.follows(n)
	case h.chance.IntN(30) == 0:
		if err := h.withdraws(n); err != nil || h.chance.IntN(2) == 0 {
			return err
		}
		return h.admits(n)
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

// copies writes the record down as files, which from now on are the newest mirror.
func (h *hall) copies() error {
	v := h.s.View()
	dir := filepath.Join(h.config.Dir, fmt.Sprintf("mirror%d", v.State().Size))
	err := tiles.Export(h.ctx, dir, tiles.Source{Head: v.Checkpoint(), Key: v.VerifierKey(), Entries: v.Entries(h.ctx, 0), Openings: v.Openings(h.ctx, 0, false), Blob: v.Blob})
	if err != nil {
		return h.laws.broken("the record can be given away", "%v", err)
	}
	h.mirror = dir
	return nil
}

// search reads all that the public can read of the record and looks for what it may not.
func (h *hall) search() error {
	size := h.s.View().State().Size
	from, err := witness.Over(&h.network, "http://writer.example.org")
	if err != nil {
		return err
	}
	for n := range (size + torchwood.TileWidth - 1) / torchwood.TileWidth {
		b, err := from.ReadEndpoint(h.ctx, tiles.OpeningPath(n))
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
			if err := h.laws.reads(fmt.Sprintf("the opening of entry %d", o.Index), text, conference.ToPublic); err != nil {
				return err
			}
		}
	}
	v := h.s.View().For(conference.Reader{})
	for _, p := range h.people {
		if name, ok := v.Name(conference.PersonID(p), "en"); ok {
			if err := h.laws.reads("the name of "+p, name, conference.ToPublic); err != nil {
				return err
			}
		}
	}
	return nil
}
