package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/operations"
	"kurultai/record"
	"kurultai/record/sqlite"
	"kurultai/record/tiles"
	"kurultai/secretariat"
	"kurultai/web"
	"kurultai/web/live"
	"kurultai/witness"
)

func edgeCommand() command {
	var c edgeConfig
	var watched opsFlags
	return command{
		environment: true,
		usage: `usage: kurultai edge -from URL[,URL…] [-data DIR] [-addr A] [-key VERIFIERKEY]

Serves the pages of a record that is written elsewhere to any number of readers, and renews them as the record grows. It
has no vote and no key: it takes one stream from a node that serves the record, that follows it, or that is an edge itself,
proves each entry in a checkpoint the log signed, and gives the same stream on. It decides nothing again: kurultai follow
does. Who wants to act is led to the address the record names. It may come, go and be started anew at any time.

  -from LIST  where the stream comes from; with several addresses, commas between, the next is asked when one fails
  -data DIR   the copy, so that a restart goes on where it was; without it the copy is temporary
  -addr A     address of the pages (localhost:8082)
  -key K      the log's verifier key as you know it from elsewhere; without it the key found at the first start is kept, and
              that is said
  -metrics A  address of Prometheus' metrics, as 9464: without a host this machine alone; without it there are none
  -log F      the log on standard error as text or json (text)

Each flag may be given as an environment variable instead, KURULTAI_ and its name in capitals: KURULTAI_FROM. The command
line wins. /healthz says whether the edge can go on, /readyz whether readers may be sent to it, and else why not: nothing is
heard of the writer, what comes is refused, or the edge is behind. Of many edges on one machine give each GOMAXPROCS=1.

example: kurultai edge -from https://meeting.example -data edge
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&c.from, "from", "", "")
			f.StringVar(&c.dir, "data", "", "")
			f.StringVar(&c.addr, "addr", "localhost:8082", "")
			f.StringVar(&c.key, "key", "", "")
			watched.define(f, "log")
		},
		run: func(ctx context.Context, io streams, args []string) (err error) {
			if c.from == "" || len(args) > 0 {
				return errUsage{"-from URL is needed and nothing behind the flags"}
			}
			if c.ops, io, err = watched.start(ctx, io); err != nil {
				return err
			}
			defer c.ops.stop()
			return c.serve(ctx, io, nil)
		},
	}
}

type edgeConfig struct {
	from, dir, addr, key string
	patient, silence     time.Duration // of tests; 0: as it should be
	ops                  *ops
}

// An edge shows a record that comes as a stream.
type edge struct {
	replica
	io      streams
	log     *record.Verifier
	sources []*edgeSource
	copy    *tiles.Copy
	ahead   *secretariat.View // all that is kept; shown as far as the log signed it
	patient time.Duration     // how long a source may take for one event
	silence time.Duration     // after how long the pages say that nothing is heard
	noted   []byte            // the checkpoint that was last looked at for cosignatures
	opened  chan struct{}     // names may have been published, withdrawn or forgotten
	files   chan struct{}     // missing has grown

	lots, refusals, claimed atomic.Int64 // what came and was kept, what was refused, how many entries the source has

	state   sync.Mutex // guards what follows
	at      *edgeSource
	heard   record.Instant         // when the writer was last heard, by its own clock
	moved   time.Time              // when that moved, by ours
	refused string                 // what the sources give is refused, and why; "" where it is not
	missing map[record.Digest]bool // public files that entries name and that are not here yet
}

// hearing is what readers are told of where the record comes from.
type hearing struct{ silent, refused bool }

// An edgeSource is an address the record comes from.
type edgeSource struct {
	url   string
	tiles torchwood.TileReader // for what is beside the entries: names, files, the key
}

const (
	stoodWell    = 10 * time.Second // a stream that lasted so long was cut, and did not fail
	edgePatience = 30 * time.Second // for one event; a quiet source gives a sign each five seconds
	edgeSilence  = 16 * time.Second // three such signs, and then the pages say that nothing is heard
)

// serve runs an edge until ctx ends. started hears where its pages are; it may be nil.
func (c edgeConfig) serve(ctx context.Context, io streams, started func(*edge, *site)) (err error) {
	e := &edge{replica: replica{more: make(chan struct{})}, io: io, patient: cmp.Or(c.patient, edgePatience), silence: cmp.Or(c.silence, edgeSilence), opened: make(chan struct{}, 1), files: make(chan struct{}, 1), missing: map[record.Digest]bool{}, heard: 1, moved: time.Now()}
	for _, url := range sources(c.from) {
		if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
			return errUsage{fmt.Sprintf("-from %s: an edge takes its record from an address that begins with http", url)}
		}
		reader, err := sourceOf(url)
		if err != nil {
			return err
		}
		e.sources = append(e.sources, &edgeSource{strings.TrimSuffix(url, "/"), reader})
	}
	if len(e.sources) == 0 {
		return errUsage{"-from URL is needed"}
	}
	e.at = e.sources[0]
	dir := c.dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "kurultai-edge-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(logKeyPath(dir)); err == nil {
		return hinted{fmt.Errorf("%s is a record that is written here", dir), "name a new folder for the copy"}
	}
	kept, err := sqlite.Open(dir, sqlite.Options{Again: true})
	if err != nil {
		return fmt.Errorf("opening %s: %w", dir, err)
	}
	tail, err := tiles.OpenTail(ctx, kept, 0)
	if err != nil {
		return errors.Join(err, kept.Close())
	}
	e.engine = tail
	defer func() { err = errors.Join(err, tail.Close()) }()
	hub := live.New(live.Config{Behind: true, Pace: pace})
	c.ops.openCopy(dir, &e.replica, tail.Failed, hub, e.standing)
	if e.log, err = e.pin(ctx, c); err != nil {
		return err
	}
	subjects, err := secretariat.OpenSubjectKeys(filepath.Join(dir, "subjects"))
	if err != nil {
		return err
	}
	defer subjects.Close()
	if e.ahead, err = secretariat.Read(ctx, e.engine, subjects, record.VerifierText(e.log.Name(), e.log.Key)); err != nil {
		return err
	}
	if e.copy, err = tiles.OpenCopy(ctx, e.engine, e.log, latest{e}); err != nil {
		return err
	}
	e.shown.Store(e.ahead)
	if e.marks, err = witness.OpenMarks(ctx, e.engine, e.log, func() witness.Marked { return e.shown.Load() }); err != nil {
		return err
	}
	e.state.Lock()
	e.heard, e.moved = max(e.ahead.State().Last, 1), time.Now()
	e.state.Unlock()
	l, err := listen(io, c.addr)
	if err != nil {
		return err
	}
	s := serveOn(ctx, l, c.ops.with(e.pages(hub)), hub)
	defer s.stop()
	c.ops.ready()
	fmt.Fprintf(io.talk, "the page is on %s\n", s.url)
	if started != nil {
		started(e, s)
	}
	var aside sync.WaitGroup
	defer aside.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	aside.Go(func() { e.watch(ctx) })
	aside.Go(func() { e.fetchBeside(ctx) })
	e.run(ctx)
	return nil
}

// latest is the tree of all that is kept.
type latest struct{ e *edge }

func (l latest) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	return l.e.ahead.ReadHashes(indexes)
}

// pin finds the log's key, if need be at the first source that answers.
func (e *edge) pin(ctx context.Context, c edgeConfig) (log *record.Verifier, err error) {
	for pause, said := 200*time.Millisecond, false; ; pause = min(2*pause, 10*time.Second) {
		for _, s := range e.sources {
			if log, err = pinned(ctx, e.io, c.dir, c.key, "-key", s.url, s.tiles); err == nil || c.key != "" {
				return log, err
			}
			if !said {
				fmt.Fprintf(e.io.talk, "%v\n", err)
			}
		}
		said = true
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}

// run takes the stream of one source after another until ctx ends. A source that failed is left for the next; when all
// have, the pause grows.
func (e *edge) run(ctx context.Context) {
	said, failed, pause := "", 0, time.Duration(0)
	for i := 0; ctx.Err() == nil; {
		from := e.sources[i%len(e.sources)]
		well, err := e.take(ctx, from)
		if ctx.Err() != nil {
			return
		}
		switch refused := isRefusal(err); {
		case well && !refused: // it was cut: it may be there again at once
			failed, pause, said = 0, 0, ""
		case refused:
			e.refusals.Add(1)
			e.refuse(from, err)
			fallthrough
		default:
			failed++
			i++
		}
		if text := fmt.Sprintf("%s: %v", from.url, err); text != said {
			said = text
			fmt.Fprintf(e.io.talk, "%s\n", text)
		}
		if failed >= len(e.sources) && failed%len(e.sources) == 0 {
			pause = min(max(2*pause, 200*time.Millisecond), 10*time.Second)
		}
		select {
		case <-ctx.Done():
		case <-time.After(20*time.Millisecond + pause/2 + rand.N(pause/2+80*time.Millisecond)): // edges do not come back all at once
		}
	}
}

// isRefusal reports whether a source gives what may not be kept.
func isRefusal(err error) bool {
	for _, of := range []error{tiles.ErrMalformed, tiles.ErrTooLarge, tiles.ErrNotSigned, tiles.ErrWentBack, tiles.ErrOtherTree, errSlow} {
		if errors.Is(err, of) {
			return true
		}
	}
	return false
}

var (
	errSlow    = errors.New("it takes too long for one event")
	errLags    = errors.New("it has fewer entries than are here")
	errUnheard = errors.New("it has heard nothing of the writer for long")
	errEnded   = errors.New("the stream ended")
)

// streaming has no time limit of its own: a stream has no end.
var streaming = &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: 20 * time.Second, TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true, DisableCompression: true}}

// take takes the stream of a source until it ends; well says that it brought something, or stood for a while.
func (e *edge) take(ctx context.Context, from *edgeSource) (well bool, err error) {
	began, size := time.Now(), e.copy.Size()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slow := time.AfterFunc(e.patient, func() { cancel(errSlow) })
	defer slow.Stop()
	idle := time.AfterFunc(e.silence, func() {
		if len(e.sources) > 1 { // nobody is accused: another may answer
			cancel(errUnheard)
		}
	})
	defer idle.Stop()
	defer func() {
		if errors.Is(context.Cause(ctx), errUnheard) {
			well, err = false, errUnheard
		}
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/log?after=%d", from.url, e.copy.Size()), nil)
	if err != nil {
		return false, err
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("User-Agent", "kurultai edge")
	answer, err := streaming.Do(r)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(answer.Body, 200))
		return false, fmt.Errorf("%s: %s", answer.Status, bytes.TrimSpace(why))
	}
	if kind := answer.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		return false, fmt.Errorf("%w: it answers with %.80q; is a kurultai node there?", tiles.ErrMalformed, kind)
	}
	e.copy.Begin()
	events, ended := make(chan tiles.Event, 32), make(chan error, 1)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel(nil)
	reading.Go(func() {
		defer close(events)
		for event, err := range tiles.Events(tiles.Signs{Reader: answer.Body, Of: func() { idle.Reset(e.silence) }}) {
			if err != nil {
				ended <- err
				return
			}
			slow.Stop() // while the disk here is awaited nobody else is slow
			idle.Stop()
			select {
			case events <- event:
			case <-ctx.Done():
				ended <- ctx.Err()
				return
			}
			slow.Reset(e.patient)
			idle.Reset(e.silence)
		}
	})
	for event := range events {
		lot := append(make([]tiles.Event, 0, 8), event)
		for open := true; open && len(lot) < 64; { // all that has come is taken in one go
			select {
			case event, more := <-events:
				if open = more; more {
					lot = append(lot, event)
				}
			default:
				open = false
			}
		}
		if err := e.keep(ctx, from, lot); err != nil {
			return well, err
		}
		well = e.copy.Size() > size || time.Since(began) > stoodWell
		if e.copy.Behind() && len(e.sources) > 1 {
			return false, errLags
		}
		if now, _, _ := e.hearing(); now.silent && time.Since(began) > e.silence && len(e.sources) > 1 {
			return false, errUnheard // another may be with those who write
		}
	}
	err = <-ended
	if cause := context.Cause(ctx); errors.Is(cause, errSlow) {
		return well, cause
	}
	if errors.Is(err, io.EOF) {
		err = errEnded
	}
	return well, err
}

// keep verifies and keeps what came, and shows it.
func (e *edge) keep(ctx context.Context, from *edgeSource, lot []tiles.Event) error {
	refused := e.copy.Take(ctx, lot)
	e.claimed.Store(e.copy.Claimed())
	if refused == nil && slices.ContainsFunc(lot, func(one tiles.Event) bool { return one.Checkpoint != nil || one.Entries != nil }) {
		e.lots.Add(1)
	}
	if e.copy.Size() > e.ahead.State().Size || e.copy.Whole() && e.ahead.Checkpoint().Size == e.copy.Size() {
		next, err := e.ahead.Advance(ctx)
		if err != nil {
			return fmt.Errorf("reading what came: %w", err)
		}
		before := e.ahead.State().Size
		e.ahead = next
		for _, event := range lot {
			for i, b := range event.Entries {
				if index := event.Size - int64(len(event.Entries)-i); index >= before && index < next.State().Size {
					e.beside(index, b)
				}
			}
		}
		if e.copy.Whole() && next != e.shown.Load() {
			e.publish(next)
		}
	}
	if refused != nil {
		return refused
	}
	e.hear(from, lot)
	return e.mark(ctx)
}

// mark takes up the cosignatures that came with a checkpoint, if any did.
func (e *edge) mark(ctx context.Context) error {
	noted := e.copy.Noted()
	if noted == nil || bytes.Equal(noted, e.noted) || e.shown.Load().State().Size < e.copy.Size() {
		return nil
	}
	e.noted = noted
	if bytes.Count(noted, []byte("\n\u2014 ")) < 2 {
		return nil
	}
	if err := e.marks.Add(ctx, noted); err != nil && !errors.Is(err, witness.ErrNobody) && !errors.Is(err, witness.ErrAhead) {
		return fmt.Errorf("cosignatures: %w", err)
	}
	return nil
}

// hear takes up when the writer was last heard, and from whom.
func (e *edge) hear(from *edgeSource, lot []tiles.Event) {
	e.state.Lock()
	defer e.state.Unlock()
	e.at = from
	if e.copy.Noted() != nil && e.refused != "" { // what it says is signed, and fits
		e.refused = ""
		e.marks.Touch()
	}
	for _, event := range lot {
		if event.Names != "" && event.Names != e.names() {
			poke(e.opened)
		}
		now := record.Instant(time.Now().UnixMilli())
		if event.Alive > e.heard || event.Alive > 0 && e.heard > now+60_000 {
			e.heard, e.moved = event.Alive, time.Now()
		}
	}
}

func (e *edge) refuse(from *edgeSource, err error) {
	e.state.Lock()
	defer e.state.Unlock()
	if e.refused == err.Error() {
		return
	}
	slog.Error("what came is refused", "from", from.url, "error", err)
	e.at, e.refused = from, err.Error()
	e.marks.Touch()
}

// hearing is what is to be told now, and since when nothing was heard.
func (e *edge) hearing() (h hearing, heard record.Instant, from string) {
	e.state.Lock()
	defer e.state.Unlock()
	return hearing{time.Since(e.moved) > e.silence, e.refused != ""}, e.heard, e.at.url
}

// standing is how it stands with where the record comes from.
func (e *edge) standing() operations.Source {
	e.state.Lock()
	defer e.state.Unlock()
	silence := time.Since(e.moved)
	return operations.Source{Heard: time.UnixMilli(int64(e.heard)), Silence: silence, Silent: silence > e.silence, Refused: e.refused != "",
		Claimed: e.claimed.Load(), Verified: e.size(), Cosigned: -1, Lots: e.lots.Load(), Refusals: e.refusals.Load()}
}

// watch has pages made anew when the writer is not heard any more, or again.
func (e *edge) watch(ctx context.Context) {
	tick := time.NewTicker(min(time.Second, e.silence/4))
	defer tick.Stop()
	for last := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now, _, _ := e.hearing(); now.silent != last {
			last = now.silent
			e.marks.Touch()
		}
	}
}

// beside asks for what stands beside an entry that came: names that are meant for all, and public files.
func (e *edge) beside(index int64, b []byte) {
	for _, act := range []string{"RegisterPerson", "PublishName", "WithdrawName", "ForgetPerson"} {
		if bytes.Contains(b, []byte(`"name":"`+act+`"`)) {
			poke(e.opened)
		}
	}
	if !bytes.Contains(b, []byte(`{"blob":`)) {
		return
	}
	entry, err := record.ParseEntry(string(b), index)
	if err != nil {
		return
	}
	e.state.Lock()
	defer e.state.Unlock()
	for _, file := range record.Blobs(entry.Act.Fields) {
		e.missing[file.Digest] = true
		poke(e.files)
	}
}

// poke says that there is something to do, if that was not said already.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// fetchBeside fetches what is asked for beside the entries, until ctx ends. What a source does not have yet is asked for
// again.
func (e *edge) fetchBeside(ctx context.Context) {
	for stored, err := range e.shown.Load().Entries(ctx, 0) { // a restart has forgotten what was missing
		if err != nil {
			break
		}
		e.beside(stored.Index, stored.Bytes)
	}
	poke(e.opened)
	again := time.NewTicker(5 * time.Second)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.opened:
			if err := e.fetchOpenings(ctx, e.source()); err != nil {
				slog.Warn("names", "error", err)
			}
			e.marks.Touch()
			select { // in an import names come with every entry
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		case <-e.files:
			e.fetchFiles(ctx)
		case <-again.C:
			e.fetchFiles(ctx)
		}
	}
}

func (e *edge) fetchFiles(ctx context.Context) {
	e.state.Lock()
	list := slices.Collect(maps.Keys(e.missing))
	e.state.Unlock()
	for _, d := range list {
		if witness.FetchFile(ctx, e.engine, e.source(), d) == nil {
			e.state.Lock()
			delete(e.missing, d)
			e.state.Unlock()
			e.marks.Touch()
		}
	}
}

// source is where the stream comes from now.
func (e *edge) source() torchwood.TileReader {
	e.state.Lock()
	defer e.state.Unlock()
	return e.at.tiles
}

// pages are the pages of the copy, to be read, and its stream, for further edges.
func (e *edge) pages(hub *live.Hub) http.Handler {
	o := web.Options{Live: hub, Marks: marksOf(e.marks), Cosigned: e.marks.Cosigned, Witnessed: e.marks.Witnessed, Marked: e.marks.Changes, WaitMarked: e.marks.Wait,
		Node: &web.Node{Edge: true, From: e.sources[0].url}, Hearing: func() web.Hearing {
			h, since, from := e.hearing()
			return web.Hearing{Silent: h.silent, Refused: h.refused, Since: since, From: from}
		}}
	of := tiles.Served{Now: e.served, Wait: e.Wait, Names: e.names, Marked: e.marks.Changes, WaitMarked: e.marks.Wait, Heard: func() record.Instant {
		_, heard, _ := e.hearing()
		return heard
	}}
	cosigned := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // the record takes them
		at := append(slices.Clone(e.shown.Load().State().SignInAt().Origins), e.sources[0].url)
		http.Redirect(w, r, at[0]+"/cosignatures", http.StatusTemporaryRedirect)
	})
	pages := withLog(beside("/cosignatures", cosigned, web.New(e, o)), of, bundles(e.marks, e.shown.Load))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e.shown.Load().State().Size == 0 && !tiles.Serves(r.URL.Path) {
			w.Header().Set("Retry-After", "2")
			http.Error(w, "nothing of the record has come yet", http.StatusServiceUnavailable)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// served is the copy as it is given on: what the log has signed, and nothing before it has.
func (e *edge) served() tiles.Log { return signedLog{e.replica.served()} }

// signedLog is a copy that may lack the log's signature while it takes entries.
type signedLog struct{ tiles.Log }

func (l signedLog) Checkpoint() record.Checkpoint {
	head := l.Log.Checkpoint()
	if bytes.Contains(head.Note, []byte("\n\u2014 "+head.Origin+" ")) {
		return head
	}
	return record.Checkpoint{}
}
