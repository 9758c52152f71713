package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"kurultai/measure"
	"kurultai/web/live"
)

// How the fan-out is measured: small and large events, how many of each and how long between two.
const (
	smallEvent   = 512
	largeEvent   = 4096
	fanoutEvents = 10
	fanoutGap    = 50 * time.Millisecond
)

// benchFanout sends events to many readers in another process, beside a loop that only calls write(2) on each socket
// from two threads, both in this process and in turn. What is counted is this process alone.
func benchFanout(ctx context.Context, clients int, secure, classes bool) (*figures, error) {
	files, err := measure.OpenFiles()
	if err != nil {
		return nil, err
	}
	if int64(clients) > files-400 {
		return nil, hinted{fmt.Errorf("%d readers need as many open files, and this process may have %d", clients, files), "ulimit -n, or fewer -clients"}
	}
	b := &fanout{ctx: ctx, clients: clients, secure: secure}
	if err := b.begin(); err != nil {
		return nil, err
	}
	defer b.end()
	if classes {
		return b.assembly()
	}
	return b.measure()
}

// fanout is one run: the two servers of this process and the readers in another.
type fanout struct {
	ctx     context.Context
	clients int
	secure  bool

	hub    *live.Hub
	ours   net.Listener
	bare   *measure.Sockets
	event  atomic.Pointer[[]byte] // the newest, as frames hold it
	size   atomic.Int64           // its index
	server *http.Server
	hall   hall

	load measure.Load
	lost int64
}

func (b *fanout) begin() error {
	b.hub = live.New(live.Config{})
	var err error
	if b.ours, err = net.Listen("tcp4", "127.0.0.1:0"); err != nil {
		return err
	}
	if b.bare, err = measure.NewSockets(); err != nil {
		return err
	}
	b.server = &http.Server{Handler: b, ErrorLog: log.New(io.Discard, "", 0)}
	l := b.ours
	if b.secure {
		certificate, err := ownCertificate()
		if err != nil {
			return err
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate}})
	}
	go b.server.Serve(l)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	load := exec.CommandContext(b.ctx, self, "bench", "-fanout-readers", "fanout")
	load.Stderr = os.Stderr
	b.load, err = measure.StartLoad(load)
	return err
}

func (b *fanout) end() {
	b.load.Close()
	b.hub.Close()
	b.server.Close()
	b.bare.Close()
}

// ServeHTTP is the stream under test: one class, whose frame is the newest event, or those of an assembly.
func (b *fanout) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/live" {
		b.seat(w, r)
		return
	}
	b.hub.Serve(w, r, live.Class{Key: "bench", Render: func(int64) (live.Frame, error) {
		return live.Frame{ID: b.size.Load(), Whole: true, Events: [][]byte{*b.event.Load()}}, nil
	}}, live.Person{})
}

// publish sends an event of a size by one of the two ways.
func (b *fanout) publish(ours bool, size int) int64 {
	text := append(append([]byte("data: "), bytes.Repeat([]byte("x"), size-9)...), '\n', '\n')
	b.event.Store(&text)
	id := b.size.Add(1)
	if ours {
		b.hub.Grow(id)
	} else {
		b.bare.Send(fmt.Appendf(nil, "id: %d\n%s", id, text))
	}
	return id
}

// A sitting is events sent to the same readers.
type sitting struct{ cpu, last, p99 float64 } // s a delivery; s until the last reader; s of the 99th of a hundred

// sit connects readers, sends them events and lets them go.
func (b *fanout) sit(ours bool, size, stalled, events int) (s sitting, err error) {
	if err = b.connect(ours, stalled); err != nil {
		return s, err
	}
	var cpus, lasts, p99s []float64
	for range events {
		time.Sleep(fanoutGap)
		start, used := measure.Monotonic(), processor()
		id := b.publish(ours, size)
		r, err := b.load.Tell(measure.Order{ID: id})
		if err != nil {
			return s, err
		}
		b.lost += int64(b.clients - r.Reached)
		cpus = append(cpus, (processor()-used)/float64(b.clients))
		lasts = append(lasts, float64(r.Last-start)/1e9)
		p99s = append(p99s, float64(r.P99-start)/1e9)
	}
	return sitting{median(cpus), median(lasts), median(p99s)}, nil
}

// connect opens all streams; the newest event stands first in each.
func (b *fanout) connect(ours bool, stalled int) error {
	b.publish(ours, smallEvent) // to nobody yet: it stands first in each stream
	r, err := b.load.Tell(measure.Order{Connect: b.address(ours), Clients: b.clients, Stalled: stalled, Secure: ours && b.secure, ID: b.size.Load()})
	b.lost += int64(b.clients - r.Reached)
	return err
}

func (b *fanout) address(ours bool) string {
	if ours {
		return b.ours.Addr().String()
	}
	return b.bare.Addr()
}

// part lets all readers go and waits until the servers know.
func (b *fanout) part() error {
	_, err := b.load.Tell(measure.Order{Close: true})
	b.bare.Drop()
	for range 1000 {
		if b.hub.Stats().Readers == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

func (b *fanout) measure() (*figures, error) {
	var small, large, smallBare, largeBare []sitting
	var storms, stormsBare, dead, alive []float64
	each := func(into *[]sitting, ours bool, size int) error {
		s, err := b.sit(ours, size, 0, fanoutEvents)
		*into = append(*into, s)
		if err == nil {
			err = b.part()
		}
		return err
	}
	storm := func(into *[]float64, ours bool) error {
		start := time.Now()
		err := b.connect(ours, 0)
		*into = append(*into, seconds(start))
		if err == nil {
			err = b.part()
		}
		return err
	}
	memory, err := b.memory()
	if err != nil {
		return nil, err
	}
	for range benchRounds {
		for _, step := range []error{
			each(&smallBare, false, smallEvent), each(&small, true, smallEvent), each(&largeBare, false, largeEvent), each(&large, true, largeEvent),
			storm(&stormsBare, false), storm(&storms, true),
		} {
			if step != nil {
				return nil, step
			}
		}
	}
	evicted, err := b.withDead(&dead, &alive)
	if err != nil {
		return nil, err
	}
	of := func(list []sitting, what func(sitting) float64) float64 {
		var v []float64
		for _, s := range list {
			v = append(v, what(s))
		}
		return median(v)
	}
	cpu, last := func(s sitting) float64 { return s.cpu }, func(s sitting) float64 { return s.last }
	f := &figures{what: "fanout"}
	plain := func(g *figure, bound float64) { // the loop does not encrypt: beside it TLS has no goal
		if !b.secure {
			g.atMost(bound)
		}
	}
	words := "a loop of write(2) on two threads in the same process and sitting"
	plain(f.add("cpu_ratio", of(small, cpu)/of(smallBare, cpu), "", "processor a delivery beside "+words), 1.10)
	plain(f.add("last_ratio", of(small, last)/of(smallBare, last), "", "until the last reader has an event, beside the same"), 1.15)
	f.add("bytes_per_reader", memory, "bytes", "memory of this process a reader").atMost(map[bool]float64{false: 2048, true: 20480}[b.secure])
	plain(f.add("storm_ratio", median(storms)/median(stormsBare), "", "all come back at once, until each has the newest frame"), 1.5)
	f.add("big_ratio", of(large, cpu)/of(small, cpu), "", fmt.Sprintf("an event of %d bytes beside one of %d", largeEvent, smallEvent)).atMost(1.15)
	f.add("big_bare_ratio", of(largeBare, cpu)/of(smallBare, cpu), "", "the same by the loop of write(2)")
	f.add("dead_p99_ratio", median(dead)/median(alive), "", "99th of a hundred readers while one in ten reads nothing").atMost(1.10)
	f.add("evicted_after_s", evicted, "s", "until all who read nothing are gone").atMost(30)
	f.add("lost", float64(b.lost), "events", "deliveries that did not come").atMost(0)
	f.add("clients", float64(b.clients), "", "readers, in another process")
	f.add("delivery_us", of(small, cpu)*1e6, "us", "processor a delivery")
	f.add("reference_us", of(smallBare, cpu)*1e6, "us", "by the loop of write(2)")
	f.add("last_s", of(small, last), "s", "until the last reader has a small event")
	f.add("events", benchRounds*fanoutEvents, "", "of each size to all readers, and by each side")
	f.add("rounds", benchRounds, "", fmt.Sprintf("the median of these counts, of %d events each; the sides alternate", fanoutEvents))
	return f, nil
}

// memory is what a reader costs this process, in bytes.
func (b *fanout) memory() (float64, error) {
	all := b.clients
	b.clients = 64 // whatever is made once is made now
	err := b.connect(true, 0)
	if err == nil {
		err = b.part()
	}
	b.clients = all
	if err != nil {
		return 0, err
	}
	before := measure.Resident()
	if err := b.connect(true, 0); err != nil {
		return 0, err
	}
	return float64(measure.Resident()-before) / float64(all), b.part()
}

// withDead sends events to readers of whom one in ten reads nothing, and to as many living ones alone.
func (b *fanout) withDead(dead, alive *[]float64) (evicted float64, err error) {
	all := b.clients
	defer func() { b.clients = all }()
	b.clients -= all / 10
	const events = 40
	s, err := b.sit(true, largeEvent, 0, events)
	if err == nil {
		err = b.part()
	}
	if err != nil {
		return 0, err
	}
	*alive = append(*alive, s.p99)
	start := time.Now()
	if s, err = b.sit(true, largeEvent, all/10, events); err != nil {
		return 0, err
	}
	*dead = append(*dead, s.p99)
	for b.hub.Stats().Readers > b.clients && seconds(start) < 60 {
		time.Sleep(100 * time.Millisecond)
		if _, err := b.load.Tell(measure.Order{ID: b.publish(true, largeEvent)}); err != nil {
			return 0, err
		}
	}
	return seconds(start), b.part()
}

// ownCertificate is for one run on loopback.
func ownCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
