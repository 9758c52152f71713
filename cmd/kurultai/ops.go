package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"kurultai/conference"
	"kurultai/operations"
	"kurultai/record"
	"kurultai/secretariat"
	"kurultai/web"
	"kurultai/web/live"
)

// opsFlags are those of a command that whoever keeps a node running sets.
type opsFlags struct{ metrics, log, named string }

// define defines them; log is the name of the one that says how the log is written.
func (o *opsFlags) define(f *flag.FlagSet, log string) {
	f.StringVar(&o.metrics, "metrics", "", "")
	f.StringVar(&o.log, log, "text", "")
	o.named = log
}

// An ops watches a node and tells whoever keeps it running. The nil ops does nothing.
type ops struct {
	station *operations.Station
	tracer  *operations.Tracer
	stops   []func()
}

// start begins to watch: it sets the log, serves metrics, traces where the environment says whereto, and tells systemd. What
// the node says besides is part of its log where that is JSON. stop ends it.
func (o opsFlags) start(ctx context.Context, io streams) (_ *ops, _ streams, err error) {
	io.talk = operations.Shared(io.talk)
	log, err := operations.NewLog(io.talk, o.log)
	if err != nil {
		return nil, io, errUsage{"-" + o.named + ": " + err.Error()}
	}
	before := slog.Default()
	slog.SetDefault(log)
	p := &ops{station: operations.New(program()), stops: []func(){func() { slog.SetDefault(before) }}}
	defer func() {
		if err != nil {
			p.stop()
		}
	}()
	if o.log == "json" {
		io.talk = operations.Lines(log)
	}
	if p.tracer, err = operations.NewTracer(ctx); err != nil {
		return nil, io, err
	}
	p.stops = append(p.stops, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := p.tracer.Close(ctx); err != nil {
			slog.Warn("the last traces were not sent", "error", err)
		}
	})
	ctx, end := context.WithCancel(ctx)
	p.stops = append(p.stops, end)
	go p.station.Watch(ctx)
	go p.supervised(ctx)
	if o.metrics == "" {
		return p, io, nil
	}
	l, err := net.Listen("tcp", onLoopback(o.metrics))
	if err != nil {
		return nil, io, hinted{fmt.Errorf("listening for metrics: %w", err), "-metrics names an address that is free, as localhost:9464"}
	}
	server := &http.Server{Handler: p.station.Metrics(), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	go server.Serve(l)
	p.stops = append(p.stops, func() { server.Close() })
	fmt.Fprintf(io.talk, "metrics are on %s/metrics\n", addressOf(l))
	return p, io, nil
}

// onLoopback is an address; without a host, this machine's own.
func onLoopback(addr string) string {
	if host, port, err := net.SplitHostPort(addr); err == nil && host == "" {
		return net.JoinHostPort("localhost", port)
	}
	if !strings.Contains(addr, ":") {
		return net.JoinHostPort("localhost", addr)
	}
	return addr
}

// supervised tells systemd that the node goes on, while it can without a restart (sd_notify(3), WatchdogSec=).
func (o *ops) supervised(ctx context.Context) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every == 0 {
		return
	}
	tick := time.NewTicker(every / 3)
	defer tick.Stop()
	for {
		if o.station.Live() {
			daemon.SdNotify(false, daemon.SdNotifyWatchdog)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			daemon.SdNotify(false, daemon.SdNotifyStopping)
			return
		}
	}
}

// ready tells systemd that pages are served.
func (o *ops) ready() {
	if o != nil {
		daemon.SdNotify(false, daemon.SdNotifyReady)
	}
}

func (o *ops) stop() {
	for i := len(o.stops) - 1; i >= 0; i-- {
		o.stops[i]()
	}
}

// with answers for health before all pages, and traces what they are asked.
func (o *ops) with(pages http.Handler) http.Handler {
	if o == nil {
		return pages
	}
	return o.station.With(o.tracer.With(pages))
}

// lags reports whether readers have not seen for a while what a majority has.
func (o *ops) lags() bool {
	return o != nil && slices.ContainsFunc(o.station.NotReady(), func(cause string) bool { return cause == operations.Behind || cause == operations.Minority })
}

// options gives the pages what they show of it.
func (o *ops) options(h *house, w *web.Options) {
	if o != nil {
		w.Disk = o.station.Disk
	}
	w.Backup = func(ctx context.Context) (web.Backup, error) { return archiveRecord(ctx, h.dir) }
}

// open watches a record that is written here.
func (o *ops) open(h *house, hub *live.Hub) {
	if o == nil {
		return
	}
	hear := o.heard
	h.heard.Store(&hear)
	o.station.Open(operations.Node{
		Dir: h.dir,
		Shown: func() (int64, time.Time) {
			st := h.s.View().State()
			return st.Size, time.UnixMilli(int64(st.Last))
		},
		Head: func(ctx context.Context) (int64, error) {
			head, err := h.engine.Head(ctx)
			return head.Size, err
		},
		Several:  h.member != nil,
		Stopped:  func(err error) bool { return errors.Is(err, record.ErrStopped) },
		Live:     func() operations.Live { s := hub.Stats(); return operations.Live(s) },
		Sessions: h.sessions,
		Witnessed: func() (int64, bool) {
			_, need, _ := h.marks.Held()
			return h.marks.Witnessed(), need > 0 || len(h.s.View().State().Nodes()) > 0
		},
		Held: h.marks.Held,
	})
}

// openCopy watches a copy of a record that is written elsewhere. failed is why the copy cannot be kept, standing how it
// stands with where it comes from.
func (o *ops) openCopy(dir string, r *replica, failed func() error, hub *live.Hub, standing func() operations.Source) {
	if o == nil {
		return
	}
	o.station.Open(operations.Node{
		Dir: dir,
		Shown: func() (int64, time.Time) {
			v := r.shown.Load()
			if v == nil || v.State().Size == 0 {
				return 0, time.Time{}
			}
			return v.State().Size, time.UnixMilli(int64(v.State().Last))
		},
		Head:    func(context.Context) (int64, error) { return r.size(), failed() },
		Stopped: func(err error) bool { return errors.Is(err, record.ErrStopped) },
		Live:    func() operations.Live { s := hub.Stats(); return operations.Live(s) },
		Source:  standing,
	})
}

// heard tells of a group, without anything of who acted.
func (o *ops) heard(r secretariat.Round) {
	round := operations.Round{Entries: r.Entries, Began: r.Began, Decided: r.Decided, Appended: r.Appended, Settled: r.Settled, Err: r.Err}
	var no *conference.Refusal
	if errors.As(r.Err, &no) {
		round.Full = no.Code == "disk-full"
	}
	for _, d := range r.Done {
		a := operations.Act{Ctx: d.Ctx, Name: "unknown", Outcome: "taken", Index: d.Receipt.Index, Came: d.Came}
		if known[d.Name] {
			a.Name = d.Name
		}
		switch {
		case errors.As(d.Err, &no):
			a.Outcome, a.Code = "refused", string(no.Code)
		case d.Err != nil:
			a.Outcome = "failed"
		case d.Receipt.Again:
			a.Outcome = "again"
		}
		round.Acts = append(round.Acts, a)
	}
	o.station.Heard(round)
	o.tracer.Heard(round)
}

// known are the names of acts: what else is submitted is not named in a metric.
var known = func() map[string]bool {
	m := map[string]bool{}
	for _, a := range conference.Catalogue() {
		m[a.Name] = true
	}
	return m
}()
