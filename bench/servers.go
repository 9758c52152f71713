package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/centrifugal/centrifuge"

	"kurultai/measure"
	"kurultai/web/live"
)

// A server sends events to all who read, and gives the newest to who comes.
type server interface {
	Addr() string
	publish(id int64, text []byte) // text is one line, in which the index stands too
}

// servers are those who can be chosen.
var servers = map[string]func() (server, error){"sockets": newWriteLoop, "live": newLive, "channels": newChannels, "centrifuge": newCentrifuge}

type (
	// A serverOrder is to publish an event of so many bytes, or to say how much memory is used.
	serverOrder struct {
		Publish int  `json:"publish,omitempty"`
		Memory  bool `json:"memory,omitempty"`
	}
	serverReport struct {
		Addr   string  `json:"addr"`
		ID     int64   `json:"id"`     // of the newest event
		Start  int64   `json:"start"`  // when it was handed over, ns of the monotonic clock
		CPU    float64 `json:"cpu"`    // what the process has used so far, s
		Memory int64   `json:"memory"` // bytes, if asked for
	}
)

// serveEvents is a server in a process of its own.
func serveEvents(_ context.Context, argument string) error {
	var kind string
	if err := json.Unmarshal([]byte(argument), &kind); err != nil {
		return err
	}
	if _, err := measure.OpenFiles(); err != nil {
		return err
	}
	s, err := servers[kind]()
	if err != nil {
		return err
	}
	var id int64
	return measure.Obey(os.Stdin, os.Stdout, func(o serverOrder) (serverReport, error) {
		r := serverReport{Addr: s.Addr(), CPU: measure.Processor()}
		if o.Publish > 0 {
			id++
			text := fmt.Appendf(nil, "id: %d ", id)
			text = append(text, bytes.Repeat([]byte("x"), max(0, o.Publish-len(text)))...)
			r.Start = measure.Monotonic()
			s.publish(id, text)
		}
		if o.Memory {
			r.Memory = measure.Resident()
		}
		r.ID = id
		return r, nil
	})
}

func serveReaders(context.Context, string) error { return measure.ServeReaders(os.Stdin, os.Stdout) }

// event is how an event stream carries a line.
func event(id int64, text []byte) []byte {
	return append(append(strconv.AppendInt([]byte("id: "), id, 10), "\ndata: "...), append(text, "\n\n"...)...)
}

// writeLoop is the least there can be.
type writeLoop struct{ *measure.Sockets }

func newWriteLoop() (server, error) {
	s, err := measure.NewSockets()
	return writeLoop{s}, err
}

func (w writeLoop) publish(id int64, text []byte) { w.Send(event(id, text)) }

// listening is a server of net/http on loopback.
type listening struct{ net.Listener }

func listen(h http.Handler) (listening, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return listening{}, err
	}
	go (&http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}).Serve(l)
	return listening{l}, nil
}

func (l listening) Addr() string { return l.Listener.Addr().String() }

// ourLive is web/live with one class, whose frame is the newest event.
type ourLive struct {
	listening
	hub    *live.Hub
	newest atomic.Pointer[live.Frame]
}

func newLive() (server, error) {
	s := &ourLive{hub: live.New(live.Config{})}
	var err error
	s.listening, err = listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hub.Serve(w, r, live.Class{Key: "bench", Render: func(int64) (live.Frame, error) { return *s.newest.Load(), nil }}, live.Person{})
	}))
	return s, err
}

func (s *ourLive) publish(id int64, text []byte) {
	s.newest.Store(&live.Frame{ID: id, Whole: true, Events: [][]byte{append(append([]byte("data: "), text...), "\n\n"...)}})
	s.hub.Grow(id)
}

// waiting is how many events may wait for a reader of channels; who is further behind is let go.
const waiting = 16

// channels is what most write first: net/http, and a channel a reader.
type channels struct {
	listening
	mu      sync.Mutex
	newest  []byte
	readers map[chan []byte]bool
}

func newChannels() (server, error) {
	s := &channels{readers: map[chan []byte]bool{}}
	var err error
	s.listening, err = listen(s)
	return s, err
}

func (s *channels) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	events := make(chan []byte, waiting)
	s.mu.Lock()
	s.readers[events] = true
	events <- s.newest
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.readers, events)
		s.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	for {
		select {
		case b, ok := <-events:
			if !ok {
				return
			}
			if _, err := w.Write(b); err != nil {
				return
			}
			if err := out.Flush(); err != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

func (s *channels) publish(id int64, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest = event(id, text)
	for r := range s.readers {
		select {
		case r <- s.newest:
		default:
			delete(s.readers, r)
			close(r)
		}
	}
}

// centrifugal is centrifuge with one channel that all read, from whose history who comes back goes on.
type centrifugal struct {
	listening
	node   *centrifuge.Node
	newest atomic.Pointer[[]byte]
}

const room = "room"

func newCentrifuge() (server, error) {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return nil, err
	}
	s := &centrifugal{node: node}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Data: *s.newest.Load(), Credentials: &centrifuge.Credentials{},
			Subscriptions: map[string]centrifuge.SubscribeOptions{room: {EnableRecovery: true}}}, nil
	})
	node.OnConnect(func(*centrifuge.Client) {})
	if err := node.Run(); err != nil {
		return nil, err
	}
	s.listening, err = listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query() // a browser would say it here
		q.Set("cf_connect", `{"id":1,"connect":{}}`)
		r.URL.RawQuery = q.Encode()
		// The readers of this measure send nothing: who does not answer pings stays.
		centrifuge.NewSSEHandler(node, centrifuge.SSEConfig{PingPongConfig: centrifuge.PingPongConfig{PingInterval: 25 * time.Second, PongTimeout: -1}}).ServeHTTP(w, r)
	}))
	return s, err
}

func (s *centrifugal) publish(_ int64, text []byte) {
	b, err := json.Marshal(string(text))
	if err == nil {
		s.newest.Store(&b)
		_, err = s.node.Publish(room, b, centrifuge.WithHistory(waiting, time.Minute))
	}
	if err != nil {
		log.Print(err)
	}
}
