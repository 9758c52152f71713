package tiles

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

// A stream gives a record away as it grows: GET /log?after=SIZE is an answer without end (HTML Living Standard 9.2),
// which any proxy passes on that passes on pages which renew themselves.
//
//	event: alive                         when the writer was last heard, about every five seconds
//	data: 2019-09-06T06:00:00.000Z
//
//	event: names                         that /opening gives others now: SHA-256 of its lines; where they come later than entries
//	data: DIGEST
//
//	event: checkpoint                    the newest, as a signed note; what follows belongs to it
//	data: ORIGIN
//	data: 3
//	data: ROOT
//	data:
//	data: — ORIGIN SIGNATURE
//
//	event: proof                         RFC 6962 2.1.2: that the tree of the entries which follow is the beginning of the
//	data: HASH                           checkpoint's; left out where they reach its end
//
//	event: entries                       an entry a line; id is how many there are with these
//	data: {…}
//	id: 3
//
// Who is cut goes on behind what is kept: after, or Last-Event-ID. An edge gives the same stream of what it has proven, so
// edges follow edges.

const (
	aliveEvery     = 5 * time.Second
	lotPace        = 75 * time.Millisecond // in a busy hall several acts come with one lot; after a quiet while one comes at once
	lotEntries     = 1024                  // at most in one event
	lotBytes       = 256 << 10             // about, in one event
	mostStreams    = 2000
	streamPatience = 30 * time.Second // who takes nothing for so long is let go
	mostLots       = 4 << 20          // bytes of lots that are kept for others who stand at the same place
)

// lot is a part of the record, as it is sent to who has so many entries.
type lotKey struct{ after, size int64 }

// stream sends what there is and what comes, until the reader is gone.
func (s *served) stream(w http.ResponseWriter, r *http.Request) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("after")
	}
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil || at < 0 {
		http.Error(w, "say with ?after=N how many entries are there already", http.StatusBadRequest)
		return
	}
	if !s.enter() {
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many nodes follow here: ask another", http.StatusServiceUnavailable)
		return
	}
	defer s.leave()
	order := s.order.Add(1)
	head := w.Header()
	head.Set("Content-Type", "text/event-stream; charset=utf-8")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no") // nginx: each event at once
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if r.Method == http.MethodHead {
		return
	}
	out := http.NewResponseController(w)
	send := func(b []byte) error {
		// Where there is no deadline to set, the server's own ends the write.
		_ = out.SetWriteDeadline(time.Now().Add(streamPatience))
		if _, err := w.Write(b); err != nil {
			return err
		}
		err := out.Flush()
		_ = out.SetWriteDeadline(time.Time{})
		return err
	}
	if send(s.alive()) != nil {
		return
	}
	tick := time.NewTicker(cmp.Or(s.Every, aliveEvery))
	defer tick.Stop()
	var noted []byte // the checkpoint that was sent last
	names := ""
	for {
		woken := s.signal()
		if s.Names != nil {
			if now := s.Names(); now != names && now != "" {
				names = now
				if send(appendEvent(nil, "names", []byte(now))) != nil {
					return
				}
			}
		}
		b, to, err := s.next(r.Context(), at, &noted)
		if err != nil {
			return // it comes back and asks again
		}
		came := to > at
		at = to
		if len(b) > 0 {
			if send(b) != nil {
				return
			}
			if came && at >= s.Now().Checkpoint().Size {
				select {
				case <-time.After(untilTurn(time.Since(s.began), cmp.Or(s.Pace, lotPace), order)):
				case <-r.Context().Done():
					return
				}
			}
			continue
		}
		select {
		case <-woken:
		case <-tick.C:
			if send(s.alive()) != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

// turns is how much of a pace the turns of two streams are apart that came one after the other: the golden section, for so
// any number of them lie evenly.
const turns = 0.6180339887498949

// untilTurn is how long a stream that has just sent a lot lets pass: till its turn, a pace after its last one. Each has its
// own, by the order in which they came, so that those who follow do not all have to do with one lot at one time; who had
// none for a while waits half a pace to one and a half.
func untilTurn(now, pace time.Duration, order int64) time.Duration {
	_, part := math.Modf(float64(order) * turns)
	half := pace / 2
	return half + (pace-(now+half-time.Duration(part*float64(pace)))%pace)%pace
}

// alive says when the writer was last heard.
func (s *served) alive() []byte {
	at := record.Instant(time.Now().UnixMilli())
	if s.Heard != nil {
		at = s.Heard()
	}
	return fmt.Appendf(nil, "event: alive\ndata: %s\n\n", at)
}

// next is what to send to who has so many entries and had a checkpoint last; nothing: there is no more.
func (s *served) next(ctx context.Context, at int64, noted *[]byte) (b []byte, to int64, err error) {
	l := s.Now()
	head := l.Checkpoint()
	if head.Size == 0 {
		return nil, at, nil
	}
	if !bytes.Equal(head.Note, *noted) {
		*noted = head.Note
		b = appendEvent(b, "checkpoint", bytes.Split(bytes.TrimSuffix(head.Note, []byte("\n")), []byte("\n"))...)
	}
	if head.Size <= at {
		return b, at, nil
	}
	lot, to, err := s.lot(ctx, l, at, head.Size)
	return append(b, lot...), to, err
}

// lot is the entries behind the first so many, up to a size or as many as go into one event. Several who stand at one
// place get what was made for the first of them.
func (s *served) lot(ctx context.Context, l Log, at, size int64) (b []byte, to int64, err error) {
	key := lotKey{at, size}
	if size-at <= 64 {
		s.lots.Lock()
		defer s.lots.Unlock()
		if b, ok := s.made[key]; ok {
			return b, size, nil
		}
	}
	var lines [][]byte
	n := 0
	for stored, err := range l.Entries(ctx, at) {
		if err != nil {
			return nil, at, err
		}
		lines = append(lines, stored.Bytes)
		if n += len(stored.Bytes); n >= lotBytes || len(lines) == lotEntries || at+int64(len(lines)) == size {
			break
		}
	}
	if len(lines) == 0 {
		return nil, at, record.ErrNotFound
	}
	if to = at + int64(len(lines)); to < size {
		proof, err := tlog.ProveTree(size, to, tlog.HashReaderFunc(l.ReadHashes))
		if err != nil {
			return nil, at, err
		}
		var hashes [][]byte
		for _, h := range proof {
			hashes = append(hashes, []byte(h.String()))
		}
		b = appendEvent(b, "proof", hashes...)
	}
	b = appendEvent(b, "entries", lines...)
	b = fmt.Appendf(b[:len(b)-1], "id: %d\n\n", to)
	if size-at <= 64 && to == size {
		if s.madeBytes += len(b); s.madeBytes > mostLots || s.made == nil {
			s.madeBytes, s.made = len(b), map[lotKey][]byte{}
		}
		s.made[key] = b
	}
	return b, to, nil
}

func appendEvent(b []byte, name string, lines ...[]byte) []byte {
	b = fmt.Appendf(b, "event: %s\n", name)
	for _, line := range lines {
		b = append(append(append(b, "data: "...), line...), '\n')
	}
	return append(b, '\n')
}

// enter counts a stream in; false: there is no place. With the first begins the watch of the record.
func (s *served) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams >= mostStreams {
		return false
	}
	if s.streams++; s.streams == 1 {
		var ctx context.Context
		ctx, s.unwatch = context.WithCancel(context.Background())
		s.woken = make(chan struct{})
		go s.watch(ctx)
		if s.WaitMarked != nil {
			go s.watchMarks(ctx)
		}
	}
	return true
}

func (s *served) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams--; s.streams == 0 {
		s.unwatch()
	}
}

// signal is closed when there may be more than now.
func (s *served) signal() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.woken
}

func (s *served) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.woken)
	s.woken = make(chan struct{})
}

// watch wakes the streams at each growth. The size is looked at before they are woken: what comes between is not missed.
func (s *served) watch(ctx context.Context) {
	size := s.Now().Checkpoint().Size
	for {
		s.wake()
		if s.Wait(ctx, size) != nil {
			return
		}
		size = s.Now().Checkpoint().Size
	}
}

// watchMarks wakes them when cosignatures came, a few times a second at most.
func (s *served) watchMarks(ctx context.Context) {
	for seen := s.Marked(); s.WaitMarked(ctx, seen) == nil; {
		seen = s.Marked()
		s.wake()
		select {
		case <-ctx.Done():
		case <-time.After(betweenMarks):
		}
	}
}

// betweenMarks is how long cosignatures wait at least for each other.
const betweenMarks = 250 * time.Millisecond
