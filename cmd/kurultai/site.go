package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/exchange"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/tiles"
	"kurultai/secretariat"
	"kurultai/story"
	"kurultai/web"
	"kurultai/web/live"
	"kurultai/witness"
)

// A site is the pages of a record being served.
type site struct {
	url    string
	server *http.Server
	live   *live.Hub
	end    context.CancelFunc
	done   chan error
	inside *site // of a node: the delegation's own; nil: none
}

// stop ends the server; live readers are let go first.
func (s *site) stop() {
	if s.inside != nil {
		s.inside.stop()
	}
	s.live.Close()
	s.end()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if s.server.Shutdown(ctx) != nil {
		s.server.Close()
	}
	<-s.done
}

// reading gives the secretariat's views to the pages.
type reading struct{ s *secretariat.Secretariat }

func (r reading) View() web.View { return shown{r.s.View()} }
func (r reading) At(ctx context.Context, size int64) (web.View, error) {
	v, err := r.s.View().At(ctx, size)
	return shown{v}, err
}
func (r reading) Wait(ctx context.Context, size int64) error { return r.s.Wait(ctx, size) }

// shown is a secretariat's view as the pages see it.
type shown struct{ *secretariat.View }

func (v shown) For(r conference.Reader) web.View { return shown{v.View.For(r)} }

// desk gives the secretariat's pen to the pages.
type desk struct{ s *secretariat.Secretariat }

func (d desk) Do(ctx context.Context, a *web.Act) (web.Receipt, error) {
	r, err := d.s.Do(ctx, actOf(a))
	return web.Receipt{Index: r.Index, At: r.At, Events: r.Events, Notices: r.Notices, Again: r.Again}, err
}

func (d desk) Rehearse(ctx context.Context, a *web.Act) (web.Receipt, error) {
	v := d.s.View()
	r, err := v.Rehearse(v.Origin(), d.s.Now, rand.Reader)(ctx, actOf(a))
	return web.Receipt{Index: r.Index, At: r.At, Events: r.Events, Notices: r.Notices, Again: r.Again}, err
}

func (d desk) Now() record.Instant { return d.s.Now() }

func (d desk) RehearseAll(ctx context.Context, acts []*web.Act) (int, error) {
	v := d.s.View()
	take := v.Rehearse(v.Origin(), d.s.Now, rand.Reader)
	for i, a := range acts {
		if _, err := take(ctx, actOf(a)); err != nil {
			return i, err
		}
	}
	return 0, nil
}

func (d desk) DoAll(ctx context.Context, acts []*web.Act) (int, error) {
	w := &secretariat.Whole{}
	for _, a := range acts {
		w.Acts = append(w.Acts, actOf(a))
	}
	err := d.s.DoWhole(ctx, w)
	return w.Failed, err
}

func actOf(a *web.Act) *secretariat.Act {
	return &secretariat.Act{Submitted: a.Submitted, Attestations: a.Attestations, Disclosures: a.Disclosures, Blobs: a.Blobs}
}

// training reports whether a record is of the training body, in which roles are taken by a click.
func training(h *house) bool {
	text, _ := story.Shipped("training")
	lines, err := story.Parse(bytes.NewReader(text))
	if err != nil {
		return false
	}
	ours, err := story.BodyOf(lines)
	body, isStory := record.StoryBody(h.log.Origin())
	return err == nil && isStory && body == ours
}

// nameOrigin has the two secretaries of the training body, or of a rehearsal, say where people sign in: here. Other
// records name it themselves.
func (h *house) nameOrigin(ctx context.Context, url string) error {
	for _, _, held := h.marks.Held(); held; _, _, held = h.marks.Held() {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(200 * time.Millisecond):
		}
	}
	st := h.s.View().State()
	officers := st.Holders(conference.Secretary)
	if h.member != nil && (!h.s.Leads() || len(st.SignInAt().Origins) > 0) {
		return nil // of several addresses it is the first
	}
	if !training(h) && !isRehearsal(h) || len(officers) < 2 || slices.Contains(st.SignInAt().Origins, url) || !strings.HasPrefix(url, "http://localhost:") {
		return nil
	}
	fields, err := canonical.Parse(string(canonical.Encode(nil, conference.NameOrigin{Domain: "localhost", Origins: []string{url}})))
	if err != nil {
		return err
	}
	a := &secretariat.Act{Submitted: record.Submitted{As: string(conference.Secretary), By: string(officers[0].Person), Fields: fields, Key: newKey(), Name: "NameOrigin", Origin: h.log.Origin(), Seen: st.Size,
		With: []record.With{{As: string(conference.Secretary), By: string(officers[1].Person)}}}}
	_, err = h.s.Do(ctx, a)
	return err
}

// newKey draws the key of an act: whoever submits it twice gets the first receipt.
func newKey() string {
	var key [16]byte
	rand.Read(key[:])
	return canonical.EncodeBytes(key[:])
}

// pace is how long a page that renews itself waits at least between two renewals: no eye sees more.
const pace = 40 * time.Millisecond

// startSite serves the pages of h on addr, or on a free port if that one is taken.
func startSite(ctx context.Context, io streams, h *house, addr string, o web.Options) (*site, error) {
	l, err := listen(io, addr)
	if err != nil {
		return nil, err
	}
	if o.Live == nil {
		o.Live = live.New(live.Config{Pace: pace, Behind: h.member != nil})
	}
	s := serveOn(ctx, l, pagesOf(h, l, o), o.Live)
	h.ops.open(h, o.Live)
	go feedWitnesses(ctx, h, func(err error) {
		slog.Warn("witness", "error", err)
		if errors.Is(err, witness.ErrAhead) {
			h.ahead(err)
		}
	})
	fmt.Fprintf(io.talk, "the page is on %s\n", s.url)
	return s, nil
}

// feedWitnesses sends checkpoints to the witnesses that wait for them, those too that are admitted meanwhile, while this
// machine writes the record.
func feedWitnesses(ctx context.Context, h *house, said func(error)) {
	running := map[string]context.CancelFunc{}
	defer func() {
		for _, stop := range running {
			stop()
		}
	}()
	client := &http.Client{Timeout: 20 * time.Second}
	for {
		st, leads := h.s.View().State(), h.s.Leads()
		for _, n := range st.Nodes() {
			stop, fed := running[n.Verifier]
			switch {
			case fed && (n.Withdrawn > 0 || !leads):
				stop()
				delete(running, n.Verifier)
			case leads && n.Withdrawn == 0 && n.Address != "" && !fed:
				of, stop := context.WithCancel(ctx)
				running[n.Verifier] = stop
				go witness.Feed(of, h.marks, client, n.Address, h.s.Wait, said)
			}
		}
		for h.s.View().State().Size == st.Size && h.s.Leads() == leads {
			look, stop := context.WithTimeout(ctx, time.Second) // whether another has the pen now
			err := h.s.Wait(look, st.Size)
			stop()
			if ctx.Err() != nil || errors.Is(err, secretariat.ErrClosed) {
				return
			}
		}
	}
}

// listen takes addr, or a free port beside it if that one is taken.
func listen(io streams, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err == nil {
		return l, nil
	}
	host, _, splitErr := net.SplitHostPort(addr)
	if splitErr != nil {
		return nil, errUsage{fmt.Sprintf("-addr %q: %v", addr, splitErr)}
	}
	first := err
	if l, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
		return nil, fmt.Errorf("listening on %s: %w", addr, first)
	}
	fmt.Fprintf(io.talk, "%s is taken; a free port instead\n", addr)
	return l, nil
}

// addressOf is the origin under which this machine knows what listens.
func addressOf(l net.Listener) string {
	if local := l.Addr().(*net.TCPAddr); local.IP.IsLoopback() {
		return fmt.Sprintf("http://localhost:%d", local.Port)
	}
	return "http://" + l.Addr().String()
}

// pagesOf are the pages of h as they are served on l.
func pagesOf(h *house, l net.Listener, o web.Options) http.Handler {
	loopback := l.Addr().(*net.TCPAddr).IP.IsLoopback()
	o.Desk, o.Sessions = desk{h.s}, sessionsPath(h.dir)
	var beside *neighbours
	if h.quorum != nil {
		sessions := h.quorum.shareSessions()
		beside = newNeighbours(sessions)
		o.Sessions, o.Hearing, o.Others = sessions, h.quorum.ear.hearing, beside
	}
	h.ops.options(h, &o)
	o.Rehearsal = isRehearsal(h)
	o.Roles = (training(h) || o.Rehearsal) && loopback
	o.Open = func(ctx context.Context, d record.Digest) (record.Disclosure, error) { return h.s.View().Open(ctx, d) }
	o.File = func(ctx context.Context, d record.Digest) ([]byte, error) { return h.s.View().File(ctx, d) }
	o.Closed = func(ctx context.Context, d record.Digest) ([]byte, error) { return h.s.View().OpenClosed(ctx, d) }
	o.Lists, o.Seed = lists{}, h.s.Seed
	o.Marks, o.Cosigned, o.Witnessed, o.Held = marksOf(h.marks), h.marks.Cosigned, h.marks.Witnessed, h.marks.Held
	o.Erased, o.Marked, o.WaitMarked = h.erased.Until, h.marks.Changes, h.marks.Wait
	pages := web.New(reading{h.s}, o)
	h.sessions = pages.Sessions
	of := tiles.Served{Now: func() tiles.Log { return cosignedLog{h.s.View(), h.nearest()} }, Wait: h.s.Wait}
	if h.quorum != nil {
		of.Heard = h.quorum.ear.at
	}
	handler := withTiles(pages, h.marks, h.ahead, of, bundles(h.marks, h.s.View))
	handler = withDoor(handler, h)
	if loopback {
		handler = loopbackOnly(handler, h.named)
	}
	if beside != nil {
		beside.serve(handler)
	}
	return h.ops.with(handler)
}

// cosignedLog is a view whose checkpoint bears the cosignatures that came since.
type cosignedLog struct {
	*secretariat.View
	engine record.Engine
}

func (l cosignedLog) Checkpoint() record.Checkpoint {
	shown := l.View.Checkpoint()
	if head, err := l.engine.Head(context.Background()); err == nil && head.Size == shown.Size {
		return head
	}
	return shown
}

// withTiles serves the record itself beside its pages: any node, mirror or witness follows it from there, and gives its
// cosignatures back.
func withTiles(pages http.Handler, marks *witness.Marks, ahead func(error), of tiles.Served, bundle http.HandlerFunc) http.Handler {
	if marks != nil {
		of.Marked, of.WaitMarked = marks.Changes, marks.Wait
		pages = beside("/cosignatures", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { witness.TakeCosignatures(w, r, marks, ahead) }), pages)
	}
	if marks == nil {
		bundle = nil
	}
	return withLog(pages, of, bundle)
}

// withLog serves a record's tiles, its stream and bundles beside its pages.
func withLog(pages http.Handler, of tiles.Served, bundle http.HandlerFunc) http.Handler {
	log := tiles.Handler(of)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case tiles.Serves(r.URL.Path):
			log.ServeHTTP(w, r)
		case r.URL.Path == "/checker.html":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Disposition", `attachment; filename="kurultai-checker.html"`)
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Write(checkerPage())
		case strings.HasPrefix(r.URL.Path, "/bundle/") && bundle != nil:
			bundle(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}

// marksOf says of an entry what the pages show of its witnesses.
func marksOf(m *witness.Marks) func(int64) (have, need, of int64) {
	return func(index int64) (have, need, of int64) {
		mark := m.Of(index)
		return mark.Have, mark.Need, mark.Of
	}
}

// mostBundled is how many entries are given at once.
const mostBundled = 200

// bundles gives entries with what proves them to all: GET /bundle/INDEXES, as record.FormatIndexes writes them.
func bundles(marks *witness.Marks, now func() *secretariat.View) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text := strings.TrimPrefix(r.URL.Path, "/bundle/")
		v := now()
		indexes, err := record.ParseIndexes(text, mostBundled, v.State().Size)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		b, err := packed(r.Context(), v, marks, false, indexes...)
		if err != nil {
			http.Error(w, "the entry cannot be read now", http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/jsonl")
		h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="entry-%s.bundle"`, text))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		w.Write(b.Append(nil))
	}
}

// packed makes a bundle under the newest checkpoint that witnesses have cosigned and that covers the entries, else under
// the newest there is.
func packed(ctx context.Context, v *secretariat.View, marks *witness.Marks, private bool, indexes ...int64) (witness.Bundle, error) {
	at := v
	openings := func(from int64) iter.Seq2[record.Opening, error] { return v.Openings(ctx, from, private) }
	head, ok, err := marks.Newest(ctx, slices.Max(indexes))
	if err == nil && ok && head.Size < v.State().Size {
		at, err = v.At(ctx, head.Size)
	}
	if err != nil {
		return witness.Bundle{}, err
	}
	if !ok {
		head = v.Checkpoint()
	}
	return witness.Pack(ctx, under{at, head}, openings, indexes...)
}

// under is a record as a checkpoint has it.
type under struct {
	*secretariat.View
	head record.Checkpoint
}

func (u under) Checkpoint() record.Checkpoint { return u.head }

// serveOn serves pages until the site is stopped.
func serveOn(ctx context.Context, l net.Listener, pages http.Handler, hub *live.Hub) *site {
	base, end := context.WithCancel(ctx)
	s := &site{url: addressOf(l), live: hub, end: end, done: make(chan error, 1)}
	go tendCollector(base)
	s.server = &http.Server{Handler: pages, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return base }}
	go func() {
		err := s.server.Serve(l)
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		s.done <- err
	}()
	return s
}

// named reports whether the record names a host as one where people sign in: a proxy before us passes it on.
func (h *house) named(host string) bool {
	return slices.ContainsFunc(h.s.View().State().SignInAt().Origins, func(origin string) bool {
		u, err := url.Parse(origin)
		return err == nil && u.Hostname() == host
	})
}

// loopbackOnly refuses requests under a host's name that is neither this machine's nor named: a page elsewhere could
// point its name at us.
func loopbackOnly(next http.Handler, named func(host string) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if !isLoopbackHost(r.Host) && !named(host) {
			http.Error(w, "this record is served on this machine alone, as localhost or under a name that it gives itself (act NameOrigin)", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// lists reads the lists that people bring to the pages.
type lists struct{}

func (lists) Participants(v web.View, list web.PeopleList) (plan web.PeoplePlan, err error) {
	table, problems, err := exchange.ReadTable(list.Table)
	if err != nil {
		return plan, err
	}
	of := exchange.Participants{Desk: exchange.Desk{Origin: v.Origin(), By: list.By, Meeting: list.Meeting, Seed: list.Seed}, Language: list.Language, FirstIsHead: list.FirstIsHead}
	acts, more := of.Plan(table, v.State())
	plan.Rows, plan.Left = len(table.Rows), of.Left(table)
	for _, p := range append(problems, more...) {
		plan.Problems = append(plan.Problems, web.RowProblem(p))
	}
	for _, a := range acts {
		plan.Acts = append(plan.Acts, &web.Act{Submitted: a.Act.Submitted, Attestations: a.Act.Attestations, Disclosures: a.Act.Disclosures})
		plan.Of = append(plan.Of, a.Row)
	}
	return plan, nil
}
