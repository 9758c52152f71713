package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/torchwood"

	"kurultai/conference"
	"kurultai/operations"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/sqlite"
	"kurultai/record/tiles"
	"kurultai/secretariat"
	"kurultai/web"
	"kurultai/web/live"
	"kurultai/witness"
)

func followCommand() command {
	var c followConfig
	var watched opsFlags
	return command{
		usage: `usage: kurultai follow -data DIR [-addr A] [-key FILE] [-log VERIFIERKEY] [-own FILE] [-others FILE] [-giveback] [-once] URL
       kurultai follow -data DIR -key FILE [-inside A] … URL
       kurultai follow -key FILE [-name N] -newkey

Keeps a copy of a record that is written elsewhere: proves every entry in a checkpoint the log signed, decides every open
act again, compares what it causes, and cosigns. Serves the same pages, to be read. URL is a node, a mirror, or a folder
of exported tiles. It goes on where it was stopped. Where it does not come to what the record says, it stops cosigning,
says which entry and rule, and keeps one file of evidence in DIR, which kurultai verify checks.

  -data DIR       the copy
  -addr A         address of the pages (localhost:8081)
  -inside A       address of pages that show what your delegation may read of what is sealed, to whoever reaches it: keep
                  it inside the house. The node gets it over https by its key, and keeps it encrypted
  -key FILE       the node's key, made if it is not there; without it nothing is cosigned. Its verifier key is printed: a
                  head of delegation or an officer admits it by the act AdmitNode
  -name N         the node's name in a key that is made (node.HOSTNAME)
  -log K          the log's verifier key as you know it from elsewhere; without it the key found at the first start is
                  kept, and that is said
  -own FILE       what your party knows of its own keys: its id on the first line, then on each line a credential and its
                  public key. Where the record enrols another key in its name, the node stops cosigning (not-our-key)
  -others FILE    verifier keys of other logs, one a line: whoever keeps such a log gets its checkpoints cosigned by this
                  node at A/add-checkpoint (C2SP tlog-witness), while each continues the last
  -webhook URL    gets the evidence by POST, as JSON; where it is not reached, again after growing pauses, for a day
  -giveback       gives the writer back what this node keeps for the delegation of what is sealed and closed, where its record
                  lost it (kurultai recover): to whoever holds the log's key, over https, so leave it out otherwise
  -newkey         makes the key in FILE, prints its verifier key and ends
  -once           fetches what there is and ends
  -metrics A      address of Prometheus' metrics, as 9465: without a host this machine alone; without it there are none
  -log-format F   the log on standard error as text or json (text)

/healthz says whether the node can go on, /readyz whether readers may be sent to it, and else why not: the source is silent,
what it gives is not the record, the node is behind, or it and the record part.

example: kurultai follow -data copy -key node.key http://localhost:8080
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&c.dir, "data", "", "")
			f.StringVar(&c.addr, "addr", "localhost:8081", "")
			f.StringVar(&c.inside, "inside", "", "")
			f.StringVar(&c.key, "key", "", "")
			f.StringVar(&c.name, "name", "", "")
			f.StringVar(&c.log, "log", "", "")
			f.StringVar(&c.own, "own", "", "")
			f.StringVar(&c.others, "others", "", "")
			f.StringVar(&c.webhook, "webhook", "", "")
			f.BoolVar(&c.once, "once", false, "")
			f.BoolVar(&c.giveback, "giveback", false, "")
			f.BoolVar(&c.newkey, "newkey", false, "")
			watched.define(f, "log-format")
		},
		run: func(ctx context.Context, io streams, args []string) (err error) {
			if c.newkey && c.key != "" && len(args) == 0 {
				node, err := c.nodeKey()
				if err == nil {
					fmt.Fprintln(io.out, node.Verifier())
				}
				return err
			}
			if c.dir == "" || len(args) != 1 || c.newkey {
				return errUsage{"-data DIR is needed, and behind the flags one URL or folder"}
			}
			c.from = args[0]
			if !c.once {
				if c.ops, io, err = watched.start(ctx, io); err != nil {
					return err
				}
				defer c.ops.stop()
			}
			return c.follow(ctx, io)
		},
	}
}

type followConfig struct {
	dir, addr, inside, key, name, log, own, others, webhook, from string
	once, newkey, giveback                                        bool
	ops                                                           *ops
	patience                                                      time.Duration // with who takes a cosignature; 0: 20 s
}

// A following is a node that follows a record.
type following struct {
	followConfig
	replica
	io       streams
	log      *record.Verifier
	node     *witness.NodeKey
	source   torchwood.TileReader
	follower *witness.Follower
	kept     *sqlite.Engine  // the engine, which openings are kept in as well
	cosigns  *witness.Others // nil: this record alone
	hook     *webhook        // nil: nobody is told
	entitled entitled
	seldom   seldom
	parted   atomic.Pointer[witness.Divergence]
	opened   error  // what is wrong with the openings that came; nil: nothing
	wrong    string // what was told last of what came beside entries
	given    []byte // the cosignature that the source took last

	stood    sync.Mutex // guards what follows
	standing operations.Source
	heard    time.Time // when the source last gave a checkpoint the log signed
	fault    error     // why the last step came to nothing
}

func (c followConfig) follow(ctx context.Context, io streams) (err error) {
	f := &following{followConfig: c, io: io, replica: replica{more: make(chan struct{})}, heard: time.Now(), standing: operations.Source{Cosigned: -1}}
	if f.source, err = sourceOf(c.from); err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	if isRecord(c.dir) {
		if _, err := os.Stat(logKeyPath(c.dir)); err == nil {
			return hinted{fmt.Errorf("%s is a record that is written here", c.dir), "name a new folder for the copy"}
		}
	}
	if f.key == "" {
		fmt.Fprintln(f.io.talk, "no -key: this node cosigns nothing")
	} else if f.node, err = f.nodeKey(); err != nil {
		return err
	} else {
		fmt.Fprintf(f.io.talk, "this node's verifier key, for AdmitNode: %s\n", f.node.Verifier())
	}
	if f.log, err = pinned(ctx, io, c.dir, c.log, "-log", c.from, f.source); err != nil {
		return err
	}
	if f.hook, err = openWebhook(c.dir, c.webhook); err != nil {
		return err
	}
	f.entitled.door = caller{from: c.from, says: func(address, challenge string) ([]byte, error) {
		return f.node.Say(witness.SaysWho, f.log.Name(), address, challenge)
	}}
	if err := f.openOthers(); err != nil {
		return err
	}
	if f.kept, err = sqlite.Open(c.dir, sqlite.Options{}); err != nil {
		return fmt.Errorf("opening %s: %w", c.dir, err)
	}
	f.engine = f.kept
	defer func() { err = errors.Join(err, f.engine.Close()) }()
	hub := live.New(live.Config{})
	f.ops.openCopy(c.dir, &f.replica, f.failed, hub, f.stand)
	if f.follower, err = witness.Follow(ctx, witness.FollowerConfig{Engine: f.engine, Log: f.log, From: f.source, Node: f.node, Own: f.ownKeys(), Told: f.told(), Toward: filepath.Join(c.dir, "toward")}); err != nil {
		return err
	}
	subjects, err := secretariat.OpenSubjectKeys(filepath.Join(c.dir, "subjects")) // of the openings the delegation may have
	if err != nil {
		return err
	}
	defer subjects.Close()
	v, err := secretariat.Read(ctx, f.engine, subjects, f.verifier())
	if err != nil {
		return err
	}
	f.shown.Store(v)
	if f.marks, err = witness.OpenMarks(ctx, f.engine, f.log, func() witness.Marked { return f.shown.Load() }); err != nil {
		return err
	}
	if err := f.readEvidence(); err != nil {
		return err
	}
	if c.once {
		return errors.Join(f.once(ctx), f.hook.try(ctx))
	}
	going, stop := context.WithCancel(ctx)
	var telling sync.WaitGroup
	telling.Go(func() { f.hook.run(going) })
	defer func() { stop(); telling.Wait() }()
	site, err := f.serve(ctx, hub)
	if err != nil {
		return err
	}
	defer site.stop()
	f.ops.ready()
	f.run(ctx)
	return nil
}

func (f *following) verifier() string { return record.VerifierText(f.log.Name(), f.log.Key) }

// sourceOf is where tiles are read: over HTTP, or from a folder.
func sourceOf(from string) (torchwood.TileReader, error) {
	if u, err := url.Parse(from); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return witness.Over(http.DefaultTransport, from)
	}
	if info, err := os.Stat(from); err != nil || !info.IsDir() {
		return nil, errUsage{fmt.Sprintf("%s is neither an address that begins with http nor a folder of exported tiles", from)}
	}
	return torchwood.NewTileFS(os.DirFS(from))
}

// ownKeys reads what the party knows of its own keys; nil where no list was given.
func (f *following) ownKeys() func() (*witness.Own, error) {
	path := f.followConfig.own
	if path == "" {
		return nil
	}
	return func() (*witness.Own, error) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, hinted{fmt.Errorf("reading the party's own keys: %w", err), "-own names a file: the party's id, then on each line a credential and its key"}
		}
		own, err := witness.ParseOwn(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return own, nil
	}
}

// openOthers reads which other logs are cosigned here.
func (f *following) openOthers() error {
	if f.followConfig.others == "" {
		return nil
	}
	if f.node == nil {
		return errUsage{"-others needs the key that cosigns: -key FILE"}
	}
	text, err := os.ReadFile(f.followConfig.others)
	if err != nil {
		return hinted{fmt.Errorf("reading the keys of other logs: %w", err), "-others names a file with a verifier key on each line"}
	}
	var keys []*record.Verifier
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := record.ParseVerifier(line)
		if err == nil && key.Name() == f.log.Name() {
			err = errors.New("that is the record this node follows")
		}
		if err != nil {
			return fmt.Errorf("%s: line %d: %w", f.followConfig.others, n, err)
		}
		keys = append(keys, key)
	}
	f.cosigns, err = witness.OpenOthers(filepath.Join(f.dir, "others"), f.node.CosignatureSigner, keys, func(err error) {
		slog.Error("another log", "error", err)
		if err := f.hook.tell(canonical.Encode(nil, map[string]string{"error": err.Error()})); err != nil {
			slog.Error("the webhook", "error", err)
		}
	})
	return err
}

const nodeKeyPrefix = "NODE+KEY+"

// nodeKey reads the node's key, or makes one.
func (c followConfig) nodeKey() (*witness.NodeKey, error) {
	b, err := os.ReadFile(c.key)
	if errors.Is(err, os.ErrNotExist) {
		name := c.name
		if name == "" {
			host, err := os.Hostname()
			if err != nil {
				return nil, hinted{err, "name the node with -name"}
			}
			name = "node." + host
		}
		seed := make([]byte, ed25519.SeedSize)
		rand.Read(seed)
		b = []byte(nodeKeyPrefix + name + "+" + base64.StdEncoding.EncodeToString(seed) + "\n")
		node, err := signerOf(b)
		if err != nil {
			return nil, hinted{err, "choose letters of ASCII without spaces and pluses with -name"}
		}
		return node, writeSynced(c.key, b)
	}
	if err != nil {
		return nil, err
	}
	node, err := signerOf(b)
	if err != nil {
		return nil, hinted{fmt.Errorf("%s: %w", c.key, err), "name a new file: a key is made in it"}
	}
	return node, nil
}

// signerOf reads the text of a node's key.
func signerOf(b []byte) (*witness.NodeKey, error) {
	text, ours := strings.CutPrefix(strings.TrimSpace(string(b)), nodeKeyPrefix)
	name, encoded, ok := strings.Cut(text, "+")
	seed, err := base64.StdEncoding.DecodeString(encoded)
	if !ours || !ok || err != nil || len(seed) != ed25519.SeedSize {
		return nil, errors.New("it holds no key of a node")
	}
	return witness.NewNodeKey(name, ed25519.NewKeyFromSeed(seed))
}

// told says how far a long fetch has come, once a second, and while there is much to come lets garbage be collected seldom.
func (f *following) told() func(size, of int64) {
	last := time.Now()
	return func(size, of int64) {
		f.stood.Lock()
		f.standing.Verified, f.standing.Claimed, f.heard = size, of, time.Now()
		f.stood.Unlock()
		if of-size > manyToCome {
			f.seldom.adjust()
		}
		if time.Since(last) > time.Second {
			last = time.Now()
			fmt.Fprintf(f.io.talk, "%d of %d entries proven and decided again\n", size, of)
		}
	}
}

// manyToCome is a number of entries that is worth another setting of the collector.
const manyToCome = 10_000

// once fetches what there is.
func (f *following) once(ctx context.Context) error {
	if err := f.step(ctx, ""); err != nil {
		return err
	}
	found := f.follower.Finding()
	fmt.Fprintf(f.io.out, "verified %d entries, root %s\n", found.Size, f.follower.Last().Root)
	return nil
}

// step fetches once, shows what came, and gives the cosignature back.
func (f *following) step(ctx context.Context, endpoint string) error {
	grown, err := f.follower.Step(ctx, endpoint)
	f.seldom.end()
	f.stands(grown, err)
	if grown {
		if err := f.show(ctx); err != nil {
			return err
		}
	}
	var parted *witness.Divergence
	if errors.As(err, &parted) {
		return errors.Join(err, f.part(parted))
	}
	if err != nil {
		return err
	}
	own, err := f.follower.Cosigned()
	if err != nil {
		return err
	}
	for _, signed := range [][]byte{f.follower.Fetched, own} {
		if signed == nil {
			continue
		}
		if err := f.marks.Add(ctx, signed); err != nil && !errors.Is(err, witness.ErrNobody) {
			return err
		}
	}
	f.follower.FetchMissing(ctx)
	if f.follower.Opening {
		f.follower.Opening = false
		f.opened = f.fetchOpenings(ctx, f.source)
	}
	f.tellWrong()
	return errors.Join(f.give(ctx, own), f.forget(ctx), f.fetchEntitled(ctx))
}

// followSilence is how long a source may say nothing: it answers within 25 s, and after a fault it is asked again within 10.
const followSilence = time.Minute

// stands takes up how it stands with the source after a step.
func (f *following) stands(grown bool, err error) {
	var parted *witness.Divergence
	heard := err == nil || errors.Is(err, witness.ErrBehind) || errors.As(err, &parted)
	f.stood.Lock()
	defer f.stood.Unlock()
	f.fault = err
	s := &f.standing
	if heard {
		f.heard = time.Now()
	}
	if grown && heard {
		s.Lots++
	}
	if s.Refused = errors.Is(err, witness.ErrNotTheRecord); s.Refused {
		s.Refusals++
	}
	s.Claimed, s.Verified = f.follower.Claimed, f.follower.Size()
	if f.node != nil && f.follower.Finding().Upgrade == 0 {
		s.Cosigned = f.follower.Last().Size
	}
}

// stand is how it stands with the source now.
func (f *following) stand() operations.Source {
	f.stood.Lock()
	defer f.stood.Unlock()
	s := f.standing
	s.Parted = f.parted.Load() != nil
	s.Heard, s.Silence = f.heard, time.Since(f.heard)
	s.Silent = s.Silence > followSilence && !s.Parted // who parted does not ask any more
	return s
}

// failed is why the copy could not be kept, when that was tried last.
func (f *following) failed() error {
	f.stood.Lock()
	defer f.stood.Unlock()
	if errors.Is(f.fault, record.ErrStopped) || errors.Is(f.fault, record.ErrFull) {
		return f.fault
	}
	return nil
}

// tellWrong says once what came beside the entries that does not belong to them, or did not come: it is asked for again.
func (f *following) tellWrong() {
	var lines []string
	if f.opened != nil {
		lines = append(lines, f.opened.Error())
	}
	first := int64(-1)
	var why error
	for _, m := range f.follower.Missing {
		if m.Why != nil && (first < 0 || m.Entry < first) {
			first, why = m.Entry, m.Why
		}
	}
	if first >= 0 {
		lines = append(lines, fmt.Sprintf("entry %d names a file that is not here: %v (%d files are asked for again)", first, why, len(f.follower.Missing)))
	}
	text := strings.Join(lines, "\n")
	if text != "" && text != f.wrong {
		fmt.Fprintln(f.io.talk, text)
	}
	f.wrong = text
}

// show makes what came what readers see.
func (f *following) show(ctx context.Context) error {
	v, err := f.shown.Load().Advance(ctx)
	if err != nil {
		return err
	}
	f.publish(v)
	return nil
}

// give sends the log what this node cosigned. It is sent again with the next checkpoint if nobody took it.
func (f *following) give(ctx context.Context, signed []byte) error {
	if signed == nil || !strings.HasPrefix(f.from, "http") || bytes.Equal(signed, f.given) {
		return nil
	}
	if err := witness.Give(ctx, f.giving(), f.from, signed); err != nil {
		return err
	}
	f.given = signed
	return nil
}

// giving is how cosignatures are given: who takes them and never answers holds up no node.
func (f *following) giving() *http.Client {
	return &http.Client{Timeout: cmp.Or(f.patience, 20*time.Second)}
}

func (f *following) evidencePath() string { return filepath.Join(f.dir, "evidence.jsonl") }

// part keeps the evidence that the record is not what its rules allow, and says so everywhere.
func (f *following) part(d *witness.Divergence) error {
	f.parted.Store(d)
	line := d.Evidence.Append(nil)
	slog.Error("this node and the record part", "evidence", d.Evidence.Kind, "entry", d.Evidence.Entry, "rule", d.Evidence.Rule, "expected", d.Evidence.Expected, "found", d.Evidence.Found, "why", d.Evidence.Why, "file", f.evidencePath())
	return errors.Join(f.keepEvidence(), f.hook.tell(line))
}

// keepEvidence makes the evidence durable, with the entries that show it to others. What was found before stays.
func (f *following) keepEvidence() error {
	_, err := os.Stat(f.evidencePath())
	if err == nil {
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	e := f.parted.Load().Evidence
	in, out := io.Pipe()
	go func() { out.CloseWithError(f.writeEvidence(out, e)) }()
	err = writeSyncedFrom(f.evidencePath(), in)
	in.Close()
	if err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("keeping the evidence: %w", err)
	}
	return nil
}

// writeEvidence writes the line of evidence and behind it the entries that are decided first, unless they are too many for a
// file that is read whole: then who checks it takes them from a copy of the record.
func (f *following) writeEvidence(w io.Writer, e witness.Evidence) error {
	line := e.Append(nil)
	size := len(line)
	if err := f.before(e, func(b []byte) error { size += len(b) + 1; return nil }); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if _, err := out.Write(line); err != nil {
		return err
	}
	if size <= witness.MaxBundle {
		if err := f.before(e, func(b []byte) error { _, err := out.Write(append(b, '\n')); return err }); err != nil {
			return err
		}
	}
	return out.Flush()
}

// before gives the entries that are decided before what evidence speaks of, one after the other.
func (f *following) before(e witness.Evidence, to func([]byte) error) error {
	if e.Before == 0 {
		return nil
	}
	for stored, err := range f.engine.Read(context.Background(), 0) {
		if err == nil {
			err = to(stored.Bytes)
		}
		if err != nil || stored.Index == e.Before-1 {
			return err
		}
	}
	return nil
}

// readEvidence takes up what was found before a restart: who parted stays apart. Where it was a key that the party now
// knows, or that was revoked, the evidence is laid aside and the node goes on.
func (f *following) readEvidence() error {
	b, err := os.ReadFile(f.evidencePath())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the evidence kept here: %w", err)
	}
	e, err := witness.ParseEvidence(b)
	if err == nil {
		err = e.Check(f.log)
	}
	if err != nil {
		return hinted{fmt.Errorf("%s convinces nobody: %w", f.evidencePath(), err), "move it elsewhere if it is not the node's"}
	}
	if _, met := f.follower.Stranger(); e.Kind == "not-our-key" && !met && f.followConfig.own != "" {
		aside := filepath.Join(f.dir, fmt.Sprintf("evidence-%d.jsonl", e.Entry))
		fmt.Fprintf(f.io.talk, "the key of entry %d is known now, or revoked: the evidence is laid aside in %s\n", e.Entry, aside)
		return os.Rename(f.evidencePath(), aside)
	}
	f.parted.Store(&witness.Divergence{Evidence: e})
	return f.hook.tell(e.Append(nil))
}

// run follows until ctx ends. It waits at the source for what comes, and after a fault a little longer each time.
func (f *following) run(ctx context.Context) {
	pause, said := time.Duration(0), ""
	for ctx.Err() == nil && f.parted.Load() == nil {
		endpoint, rest := "", time.Duration(0)
		size := f.follower.Size()
		if strings.HasPrefix(f.from, "http") && pause == 0 && size > 0 {
			endpoint = fmt.Sprintf("checkpoint?after=%d", size)
			if mark := f.marks.Of(size - 1); !mark.Witnessed() && mark.Need > 0 { // what others cosign of it comes a little later
				endpoint += "&unlike=" + string(record.DigestOf(f.follower.Fetched))
			}
		}
		began := time.Now()
		err := f.step(ctx, endpoint)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, witness.ErrBehind):
			// A writer that lost its end is told so by what it signed itself; a mirror that lags has nobody to tell.
			if own, signErr := f.follower.Cosigned(); signErr == nil {
				err = errors.Join(err, f.give(ctx, own))
			}
			fallthrough
		case err != nil:
			f.given = nil // whoever took it may have lost it
			pause = min(max(2*pause, 200*time.Millisecond), 10*time.Second)
			f.follower.SignAgain() // the log may have begun anew, and ask who has seen how much
			if errors.Is(err, witness.ErrNotAdmitted) {
				pause = time.Second
			}
			if err.Error() != said {
				said = err.Error()
				fmt.Fprintf(f.io.talk, "%s\n", said)
			}
		default:
			pause, said = 0, ""
			rest = max(0, atMostEach-time.Since(began))
			if endpoint == "" && !strings.HasPrefix(f.from, "http") {
				pause = time.Second
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause + rest):
		}
	}
	for ctx.Err() == nil && f.parted.Load() != nil && f.keepEvidence() != nil { // a disk that was full may have room again
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Second):
		}
	}
	<-ctx.Done()
}

// atMostEach is how long a node lets pass at least from one fetch to the next: in a busy hall several acts come with one
// checkpoint, and the writer is asked twice a second. After a quiet while an act is fetched at once.
const atMostEach = 500 * time.Millisecond

// serve serves the pages of the copy, to be read.
func (f *following) serve(ctx context.Context, hub *live.Hub) (*site, error) {
	l, err := listen(f.io, f.addr)
	if err != nil {
		return nil, err
	}
	name := "?"
	if f.node != nil {
		name = f.node.Name()
	}
	o := web.Options{Live: hub, Marks: marksOf(f.marks), Cosigned: f.marks.Cosigned, Witnessed: f.marks.Witnessed, Marked: f.marks.Changes, WaitMarked: f.marks.Wait,
		Node: &web.Node{Name: name, From: f.from, Parting: func() (web.Parting, bool) {
			d := f.parted.Load()
			if d == nil {
				return web.Parting{}, false
			}
			e := d.Evidence
			if e.Kind == "fork" {
				return web.Parting{Entry: -1, Expected: rootLine(e.Small), Found: rootLine(e.Large)}, true
			}
			return web.Parting{Entry: e.Entry, NotOurs: e.Kind == "not-our-key", Rule: e.Rule, Expected: cut(e.Expected), Found: cut(e.Found)}, true
		}}}
	pages := withTiles(web.New(f, o), f.marks, func(error) {}, tiles.Served{Now: f.served, Wait: f.Wait}, bundles(f.marks, f.shown.Load))
	if f.giveback {
		door := witness.NewDoorBack(func() witness.Behind { return held{f.shown.Load()} }, f.reachedAs, f.log, time.Now)
		pages = behind(door, pages)
	}
	if f.cosigns != nil {
		pages = beside("/add-checkpoint", f.cosigns, pages)
	}
	s := serveOn(ctx, l, f.ops.with(pages), o.Live)
	fmt.Fprintf(f.io.talk, "the page is on %s\n", s.url)
	if f.followConfig.inside == "" {
		return s, nil
	}
	if l, err = listen(f.io, f.followConfig.inside); err != nil {
		s.stop()
		return nil, err
	}
	o.Live = live.New(live.Config{})
	o.Open = func(ctx context.Context, d record.Digest) (record.Disclosure, error) {
		return f.shown.Load().Open(ctx, d)
	}
	o.File = func(ctx context.Context, d record.Digest) ([]byte, error) { return f.shown.Load().File(ctx, d) }
	o.Inside = func(st *conference.State) conference.Reader {
		if n, ok := f.admitted(); ok {
			return st.NodeReader(n.Party)
		}
		return conference.Reader{}
	}
	s.inside = serveOn(ctx, l, web.New(f, o), o.Live)
	fmt.Fprintf(f.io.talk, "the page of the delegation is on %s\n", s.inside.url)
	return s, nil
}

// held is all that a node keeps of what is sealed and closed, whoever asks: its door opens to the writer alone.
type held struct{ *secretariat.View }

func (h held) OpeningsFor(ctx context.Context, from int64, _ conference.Reader) iter.Seq2[record.Opening, error] {
	return h.Openings(ctx, from, true)
}

// reachedAs lists the addresses under which a request may have meant to reach this node: the one it was admitted with, and on
// this machine itself the one that stands in the request.
func (f *following) reachedAs(r *http.Request) (list []string) {
	if n, ok := f.admitted(); ok && n.Address != "" {
		list = append(list, strings.TrimSuffix(n.Address, "/"))
	}
	return append(list, loopback(r)...)
}

// beside serves one address itself and leaves the others.
func beside(address string, one, others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == address {
			one.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}

// rootLine is size and root of a signed checkpoint.
func rootLine(signed string) string {
	lines := strings.SplitN(signed, "\n", 4)
	if len(lines) < 4 {
		return ""
	}
	return lines[1] + " " + lines[2]
}

// cut is the beginning of a text that may be long.
func cut(text string) string {
	if r := []rune(text); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return text
}
