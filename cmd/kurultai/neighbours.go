package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"kurultai/cluster"
	"kurultai/secretariat"
)

// Neighbours are the other machines of a record as the pages know them (web.Others). Over the members' own HTTPS:
//
//	PUT /halves      a half of an act of two persons
//	GET /halves      [a half, …]: those that wait here
//	/reader/…        a request of a reader, as it came to another machine
type neighbours struct {
	sessions *memberSessions
	take     atomic.Pointer[func([]byte) error]
	list     atomic.Pointer[func() [][]byte]
	pages    atomic.Pointer[http.Handler]
}

const (
	// maxHalf is the largest half that is taken, in bytes: an act of two persons with what opens its private values.
	maxHalf = 1 << 20
	// asksFor is how long the others are asked what waits at them: somebody waits for a page.
	asksFor = 2 * time.Second
	// passesFor is how long another may take to answer a reader's request: it may have an act done.
	passesFor = 30 * time.Second
)

func newNeighbours(s *memberSessions) *neighbours {
	n := &neighbours{sessions: s}
	s.q.member.Handle("/halves", http.HandlerFunc(n.halves))
	s.q.member.Handle("/reader/", http.StripPrefix("/reader", http.HandlerFunc(n.reader)))
	return n
}

// Name implements web.Others.
func (n *neighbours) Name() string { return n.sessions.q.member.Name() }

// Given implements web.Others.
func (n *neighbours) Given(take func([]byte) error, list func() [][]byte) {
	n.take.Store(&take)
	n.list.Store(&list)
}

// serve names the pages that answer what is passed on to here.
func (n *neighbours) serve(pages http.Handler) { n.pages.Store(&pages) }

// Give implements web.Others.
func (n *neighbours) Give(ctx context.Context, half []byte) error {
	others := n.sessions.q.others()
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
	answers := make(chan error, len(others))
	var told sync.WaitGroup
	for _, o := range others {
		told.Go(func() {
			_, err := call(ctx, o, http.MethodPut, "/halves", half)
			answers <- err
		})
	}
	go func() { // those under way are not cut off
		told.Wait()
		stop()
	}()
	have, errs := 1, []error{}
	for range others {
		if 2*have > len(others)+1 {
			return nil
		}
		if err := <-answers; err != nil {
			errs = append(errs, err)
		} else {
			have++
		}
	}
	if 2*have > len(others)+1 {
		return nil
	}
	return fmt.Errorf("%d of %d machines have it: %w", have, len(others)+1, errors.Join(errs...))
}

// Ask implements web.Others.
func (n *neighbours) Ask(ctx context.Context) [][]byte {
	ctx, stop := context.WithTimeout(ctx, asksFor)
	defer stop()
	var mu sync.Mutex
	var all [][]byte
	var asked sync.WaitGroup
	for _, o := range n.sessions.q.others() {
		asked.Go(func() {
			b, err := call(ctx, o, http.MethodGet, "/halves", nil)
			var halves []json.RawMessage
			if err != nil || json.Unmarshal(b, &halves) != nil {
				return // it is asked another time
			}
			mu.Lock()
			defer mu.Unlock()
			for _, half := range halves {
				all = append(all, half)
			}
		})
	}
	asked.Wait()
	return all
}

// halves answers the other machines.
func (n *neighbours) halves(w http.ResponseWriter, r *http.Request) {
	take, list := n.take.Load(), n.list.Load()
	if take == nil || list == nil {
		http.Error(w, "the pages are not there yet", http.StatusServiceUnavailable)
		return
	}
	if r.Method == http.MethodGet {
		halves := []json.RawMessage{}
		for _, half := range (*list)() {
			halves = append(halves, half)
		}
		json.NewEncoder(w).Encode(halves)
		return
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxHalf))
	if err == nil {
		err = (*take)(b)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// reader answers a request that another machine passes on: it stands between the reader and here as a proxy of ours does.
func (n *neighbours) reader(w http.ResponseWriter, r *http.Request) {
	pages := n.pages.Load()
	if pages == nil {
		http.Error(w, "the pages are not there yet", http.StatusServiceUnavailable)
		return
	}
	r.RemoteAddr, r.TLS = "127.0.0.1:0", nil
	(*pages).ServeHTTP(w, r)
}

// Pass implements web.Others.
func (n *neighbours) Pass(w http.ResponseWriter, r *http.Request, machine string) bool {
	members := n.sessions.q.member.Others()
	i := slices.IndexFunc(members, func(o cluster.Other) bool { return o.Name == machine })
	if i < 0 {
		return false
	}
	o := n.sessions.q.remote(members[i])
	ctx, stop := context.WithTimeout(r.Context(), passesFor)
	defer stop()
	to, err := http.NewRequestWithContext(ctx, r.Method, o.URL+"/reader"+r.URL.RequestURI(), r.Body)
	if err != nil {
		return false
	}
	to.Host, to.Header, to.ContentLength = r.Host, r.Header.Clone(), r.ContentLength
	for _, hop := range []string{"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Connection", "Accept-Encoding"} {
		to.Header.Del(hop)
	}
	answer, err := (&http.Client{Transport: o.Client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(to)
	if err != nil {
		slog.Warn("a reader's request was not passed on", "machine", machine, "error", err)
		return false
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return false
	}
	if len(answer.Cookies()) > 0 {
		n.sessions.learn(ctx, o) // the reader comes back to here at once
	}
	answer.Header.Del("Content-Length")
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	w.Write(body)
	return true
}

// learn takes up the sessions that another machine has.
func (s *memberSessions) learn(ctx context.Context, o secretariat.Remote) {
	b, err := call(ctx, o, http.MethodGet, "/sessions", nil)
	if hear := s.hear.Load(); err == nil && hear != nil && len(b) > 0 {
		(*hear)(slices.Concat([]byte(`{"sessions":`), bytes.TrimSpace(b), []byte(`}`)))
	}
}
