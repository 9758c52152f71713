package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"kurultai/measure"
)

const (
	eventSize = 512 // bytes
	events    = 10  // a turn
	fewer     = 4   // what costs a delivery to so many times fewer readers is measured too
	gap       = 50 * time.Millisecond
)

// An audience is the readers and where their server is.
type audience struct {
	load   measure.Load
	server *measure.Child
	report serverReport
	many   int
}

// fanout measures what an event to many readers costs the process that sends it.
func fanout(r run) (*comparison, error) {
	files, err := measure.OpenFiles()
	if err != nil {
		return nil, err
	}
	readers := min(r.readers, int(files)-1000)
	if readers < fewer {
		return nil, fmt.Errorf("%d files may be open: too few", files)
	}
	t := &table{key: "fanout", title: fmt.Sprintf("an event of %d bytes to %d readers", eventSize, readers), columns: []column{
		{"cpu", "processor a delivery", "s", true}, {"last", "last reader", "s", true}, {"p99", "99th of a hundred", "s", false}, {"bytes", "bytes a reader", "", false}}}
	small := &table{key: "fanout_fewer", title: fmt.Sprintf("the same to %d readers", readers/fewer), columns: t.columns}
	beyond := &table{key: "fanout_beyond", title: fmt.Sprintf("extrapolated, not measured: %d readers in as many processes as their files ask for", beyondReaders), columns: []column{
		{"processor", "processor an event", "s", true}, {"memory", "memory, MB", "", false}}}
	kinds := []struct{ key, title string }{{"sockets", "a loop of write(2) on each socket, two threads"}, {"live", "ours, web/live"},
		{"channels", "net/http, a channel a reader"}, {"centrifuge", "centrifuge, its event stream"}}
	rows := map[string][2]*row{}
	for i, k := range kinds {
		rows[k.key] = [2]*row{t.row(k.key, k.title)}
		if i < 2 { // of the others it would tell nothing more
			rows[k.key] = [2]*row{rows[k.key][0], small.row(k.key, k.title)}
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	load := exec.CommandContext(r.ctx, self, "-readers-of", "all")
	load.Stderr = os.Stderr
	l, err := measure.StartLoad(load)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	lost := 0
	for range r.rounds {
		for _, k := range kinds {
			for i, many := range []int{readers, readers / fewer} {
				if rows[k.key][i] == nil {
					continue
				}
				a := &audience{load: l, many: many}
				missing, err := a.sit(r.ctx, k.key, rows[k.key][i])
				if lost += missing; err != nil {
					return nil, fmt.Errorf("%s: %w", k.title, err)
				}
			}
		}
	}
	for _, k := range kinds {
		of, row := rows[k.key][0], beyond.row(k.key, k.title)
		row.add("processor", of.median("cpu")*beyondReaders)
		row.add("memory", of.median("bytes")*beyondReaders/1e6)
	}
	c := &comparison{what: "fanout", tables: []*table{t, small, beyond}}
	ours, bare := rows["live"][0], rows["sockets"][0]
	c.atMost("cpu_ratio", ours.median("cpu")/bare.median("cpu"), 1.10, "ours: processor a delivery beside the loop")
	c.atMost("last_ratio", ours.median("last")/bare.median("last"), 1.15, "ours: until the last reader has it, beside the loop")
	c.atMost("bytes_per_reader", ours.median("bytes"), 2048, "ours: bytes a reader")
	c.atMost("more_readers_ratio", ours.median("cpu")/rows["live"][1].median("cpu"), 1.25, fmt.Sprintf("ours: processor a delivery to %d readers beside that to %d: what is extrapolated is in proportion", readers, readers/fewer))
	c.atMost("lost", float64(lost), 0, "deliveries that did not come, of all four")
	c.notes = []string{
		fmt.Sprintf("Each turn is a server in a process of its own and %d events to its readers in another, over loopback; %d rounds, in turn; the medians of the rounds count. Bytes are resident memory of the server's process, with readers less without, after what is free was given back; the kernel's are not in it.", events, r.rounds),
		fmt.Sprintf("%d readers are real connections: a process here may open %d files.", readers, files),
		versions("github.com/centrifugal/centrifuge")}
	return c, nil
}

const beyondReaders = 100_000

// sit starts a server, lets readers come, sends them events, and ends both.
func (a *audience) sit(ctx context.Context, kind string, row *row) (lost int, err error) {
	if a.server, err = startChild(ctx, "-server-of", kind); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, a.server.Close()) }()
	if err := a.ask(serverOrder{Publish: eventSize}); err != nil { // stands first in each stream
		return 0, err
	}
	if err := a.ask(serverOrder{Memory: true}); err != nil {
		return 0, err
	}
	before := a.report
	r, err := a.load.Tell(measure.Order{Connect: before.Addr, Clients: a.many, ID: before.ID})
	if err != nil {
		return 0, err
	}
	lost += a.many - r.Reached
	if err := a.ask(serverOrder{Memory: true}); err != nil {
		return 0, err
	}
	row.add("bytes", float64(a.report.Memory-before.Memory)/float64(a.many))
	var cpus, lasts, p99s []float64
	for range events {
		time.Sleep(gap)
		if err := a.ask(serverOrder{Publish: eventSize}); err != nil {
			return lost, err
		}
		sent := a.report
		if r, err = a.load.Tell(measure.Order{ID: sent.ID}); err != nil {
			return lost, err
		}
		if err := a.ask(serverOrder{}); err != nil {
			return lost, err
		}
		if r.Reached < a.many {
			lost += a.many - r.Reached
			break // to wait for them at each further event would take an hour
		}
		cpus = append(cpus, (a.report.CPU-sent.CPU)/float64(a.many))
		lasts = append(lasts, float64(r.Last-sent.Start)/1e9)
		p99s = append(p99s, float64(r.P99-sent.Start)/1e9)
	}
	if len(cpus) == 0 {
		return lost, fmt.Errorf("%d of %d readers were not reached", a.many-r.Reached, a.many)
	}
	row.add("cpu", measure.Median(cpus))
	row.add("last", measure.Median(lasts))
	row.add("p99", measure.Median(p99s))
	_, err = a.load.Tell(measure.Order{Close: true})
	return lost, err
}

func (a *audience) ask(o serverOrder) error { return a.server.Ask(o, &a.report) }
