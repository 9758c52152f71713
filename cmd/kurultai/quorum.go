package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"kurultai/cluster"
	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/etcd"
	"kurultai/secretariat"
)

// A quorum is this machine's pen where several keep one record (secretariat.Pen).
type quorum struct {
	*house
	ear   ear
	turn  atomic.Pointer[turn]
	ready chan struct{}   // closed when the record is open
	ctx   context.Context // until the record is closed
	stop  context.CancelFunc
}

// A turn is the time in which one machine has the pen, as far as is known here.
type turn struct {
	ctx  context.Context // ends with it
	end  context.CancelFunc
	last atomic.Pointer[secretariat.Remote] // who had the pen when it was last looked for
}

// turns begins another turn. What was passed to who had the pen and is not answered is asked of who has it now: a machine
// that is silent says nothing of it.
func (q *quorum) turns() {
	now := &turn{}
	now.ctx, now.end = context.WithCancel(q.ctx)
	if before := q.turn.Swap(now); before != nil {
		before.end()
	}
}

func termsPath(dir string) string { return filepath.Join(dir, "keys", "subjects.terms") }

// openMember opens the record in dir as a machine of several that keep it.
func openMember(ctx context.Context, dir, tripwire string) (h *house, err error) {
	h = &house{dir: dir, lost: make(chan error, 1)}
	if h.log, err = readLogKey(dir); err != nil {
		return nil, err
	}
	if h.keys, err = secretariat.OpenSubjectKeys(subjectsPath(dir)); err != nil {
		return nil, err
	}
	q := &quorum{house: h, ready: make(chan struct{})}
	q.ctx, q.stop = context.WithCancel(context.WithoutCancel(ctx))
	q.turns()
	h.quorum = q
	if err := h.keys.Share(termsPath(dir), q.spread); err != nil {
		return nil, errors.Join(err, h.keys.Close())
	}
	copied, aside, err := etcd.OpenCopy(ctx, dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", dir, err), h.keys.Close())
	}
	if aside != "" {
		slog.Error("the copy was damaged and is fetched again from the other machines", "aside", aside)
	}
	open := func() bool {
		select {
		case <-q.ready:
			return true
		default:
			return false
		}
	}
	passed := secretariat.Passed(func() *secretariat.Secretariat {
		if !open() {
			return nil
		}
		return h.s
	}, h.keys)
	h.member, err = cluster.Start(ctx, dir, copied, cluster.Options{OnCosigned: func(c record.Checkpoint) {
		if open() {
			h.marks.Heard(c)
		}
	}})
	if err != nil {
		return nil, errors.Join(err, h.keys.Close())
	}
	h.engine = h.member.Engine()
	h.member.Handle("/pass/", passed)
	h.member.Handle("/keys", passed)
	h.member.Handle("/keys/", passed)
	for err = q.Keys(ctx); err != nil && ctx.Err() == nil; err = q.Keys(ctx) { // the others may be starting too
		secretariat.Pause(ctx, 200*time.Millisecond)
	}
	if err == nil {
		err = h.open(ctx, q)
	}
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	q.ear.hears, q.ear.turned = q.hears, h.marks.Touch
	close(q.ready)
	go q.ear.listen(q.ctx)
	if err := h.watch(ctx, tripwire); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// near is an engine whose head is the copy's: what this machine can show though it reaches no other.
type near struct{ *etcd.Engine }

func (n near) Head(ctx context.Context) (record.Checkpoint, error) { return n.Copied(ctx) }

// nearest is where the pages read from.
func (h *house) nearest() record.Engine {
	if h.member != nil {
		return near{h.member.Engine()}
	}
	return h.engine
}

// others are the other machines whose word counts.
func (q *quorum) others() (list []secretariat.Remote) {
	for _, o := range q.member.Others() {
		if o.Voting {
			list = append(list, q.remote(o))
		}
	}
	return list
}

func (q *quorum) remote(o cluster.Other) secretariat.Remote {
	return secretariat.Remote{URL: o.URL, Client: q.member.Client()}
}

// Take implements secretariat.Pen.
func (q *quorum) Take(ctx context.Context) (context.Context, func(), error) {
	select {
	case <-q.ready:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	waiting, stop := context.WithCancel(ctx)
	go q.member.WatchWriter(waiting, q.turns)
	leading, release, err := q.member.Lead(ctx)
	stop()
	if err != nil {
		return nil, nil, err
	}
	term, err := q.member.Engine().Settle(leading, q.log.SignCheckpoint)
	if err == nil {
		others := q.others()
		var heard [][]secretariat.Slot
		for a := range q.ask(leading, others, func(ctx context.Context, o secretariat.Remote) ([]secretariat.Slot, error) {
			return o.Promise(ctx, term)
		}) {
			if a.err == nil {
				heard = append(heard, a.slots)
			}
			if 2*(len(heard)+1) > len(others)+1 {
				break
			}
		}
		err = q.keys.Lead(term, len(others)+1, heard)
	}
	if err != nil {
		slog.Warn("the pen cannot be taken up", "error", err)
		release()
		if errors.Is(err, etcd.ErrOtherTree) {
			secretariat.Pause(ctx, 10*time.Second)
		}
		return nil, nil, err
	}
	if head, err := q.member.Engine().Copied(leading); err == nil {
		q.marks.Wrote(head.Size)
	}
	q.turns()
	slog.Info("this machine writes the record now", "term", term)
	return leading, release, nil
}

// answerWithin is how long another machine may take to answer.
const answerWithin = 5 * time.Second

type answer struct {
	slots []secretariat.Slot
	err   error
}

// ask asks all at once and yields the answers as they come. Who stops listening leaves the rest to themselves.
func (q *quorum) ask(ctx context.Context, others []secretariat.Remote, what func(context.Context, secretariat.Remote) ([]secretariat.Slot, error)) func(func(answer) bool) {
	return func(yield func(answer) bool) {
		answers := make(chan answer, len(others))
		within, stop := context.WithTimeout(ctx, answerWithin)
		for _, o := range others {
			go func() {
				slots, err := what(within, o)
				answers <- answer{slots, err}
			}()
		}
		for i := range others {
			if !yield(<-answers) {
				go func() { // those under way are not cut off
					defer stop()
					for range len(others) - i - 1 {
						<-answers
					}
				}()
				return
			}
		}
		stop()
	}
}

// spread gives keys to the others, and returns when a majority of all has them.
func (q *quorum) spread(term int64, slots []secretariat.Slot) error {
	others := q.others()
	have := 1
	var errs []error
	if 2*have > len(others)+1 {
		return nil
	}
	for a := range q.ask(q.ctx, others, func(ctx context.Context, o secretariat.Remote) ([]secretariat.Slot, error) {
		return nil, o.Accept(ctx, term, slots)
	}) {
		if a.err != nil {
			errs = append(errs, a.err)
		} else if have++; 2*have > len(others)+1 {
			return nil
		}
	}
	return fmt.Errorf("%d of %d machines have them: %w", have, len(others)+1, errors.Join(errs...))
}

// Keys implements secretariat.Pen.
func (q *quorum) Keys(ctx context.Context) error {
	others := q.others()
	have := 1
	var errs []error
	for a := range q.ask(ctx, others, func(ctx context.Context, o secretariat.Remote) ([]secretariat.Slot, error) { return o.Promise(ctx, 0) }) {
		if a.err != nil {
			errs = append(errs, a.err)
			continue
		}
		if err := q.keys.Learn(a.slots); err != nil {
			return err
		}
		have++
	}
	if 2*have <= len(others)+1 {
		return fmt.Errorf("%d of %d machines have said which keys they have: %w", have, len(others)+1, errors.Join(errs...))
	}
	return nil
}

// writer is the machine that has the pen in a turn, as far as is known.
func (q *quorum) writer(ctx context.Context, t *turn) (*secretariat.Remote, error) {
	if known := t.last.Load(); known != nil {
		return known, nil
	}
	o, ok := q.member.Leader(ctx)
	if !ok || o.Name == q.member.Name() {
		return nil, secretariat.ErrNotWriting // nobody has it, or this one is just taking it up
	}
	r := q.remote(o)
	t.last.Store(&r)
	return &r, nil
}

// with has the machine that has the pen do something, as long as it has it.
func (q *quorum) with(ctx context.Context, do func(context.Context, secretariat.Remote) error) error {
	t := q.turn.Load()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(t.ctx, stop)()
	r, err := q.writer(ctx, t)
	if err != nil {
		return err
	}
	if err = do(ctx, *r); errors.Is(err, secretariat.ErrNotWriting) {
		t.last.CompareAndSwap(r, nil)
	}
	return err
}

// Pass implements secretariat.Pen.
func (q *quorum) Pass(ctx context.Context, a *secretariat.Act) (receipt secretariat.Receipt, err error) {
	err = q.with(ctx, func(ctx context.Context, r secretariat.Remote) (err error) {
		receipt, err = r.Pass(ctx, a)
		return err
	})
	return receipt, err
}

// PassWhole implements secretariat.Pen.
func (q *quorum) PassWhole(ctx context.Context, w *secretariat.Whole) error {
	return q.with(ctx, func(ctx context.Context, r secretariat.Remote) error { return r.PassWhole(ctx, w) })
}

// PassClock implements secretariat.Pen.
func (q *quorum) PassClock(ctx context.Context, first, second conference.PersonID) error {
	return q.with(ctx, func(ctx context.Context, r secretariat.Remote) error { return r.PassClock(ctx, first, second) })
}

// memberSessions are sessions that the machines of a record share.
type memberSessions struct {
	sessionFile
	q    *quorum
	hear atomic.Pointer[func([]byte)]
	news chan []byte
}

// shareSessions has the other machines told of sessions, and hears of theirs.
func (q *quorum) shareSessions() *memberSessions {
	s := &memberSessions{sessionFile: sessionsPath(q.dir), q: q, news: make(chan []byte, 1)}
	q.member.Handle("/sessions", http.HandlerFunc(s.answer))
	go s.tell()
	return s
}

// Load reads what another machine has, for it knows what ended while this one was away; else what is here.
func (s *memberSessions) Load() ([]byte, error) {
	ctx, stop := context.WithTimeout(context.Background(), answerWithin)
	defer stop()
	for _, o := range s.q.others() {
		if b, err := call(ctx, o, http.MethodGet, "/sessions", nil); err == nil && len(b) > 0 {
			return b, nil
		}
	}
	return s.sessionFile.Load()
}

// Share implements web.SharedSessions: the newest news is told, once the others have heard what came before.
func (s *memberSessions) Share(b []byte) {
	select {
	case <-s.news:
	default:
	}
	select {
	case s.news <- b:
	default:
	}
}

// Shared implements web.SharedSessions.
func (s *memberSessions) Shared(hear func([]byte)) { s.hear.Store(&hear) }

func (s *memberSessions) tell() {
	for {
		select {
		case <-s.q.ctx.Done():
			return
		case b := <-s.news:
			ctx, stop := context.WithTimeout(s.q.ctx, answerWithin)
			var told sync.WaitGroup
			for _, o := range s.q.others() {
				told.Go(func() {
					if _, err := call(ctx, o, http.MethodPut, "/sessions", b); err != nil {
						slog.Warn("another machine was not told of sessions", "error", err)
					}
				})
			}
			told.Wait()
			stop()
		}
	}
}

// call asks another machine, and reads what it answers.
func call(ctx context.Context, o secretariat.Remote, method, path string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, o.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	answer, err := o.Client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New(answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, maxSessionFile))
}

func (s *memberSessions) answer(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		b, err := s.sessionFile.Load()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Write(b)
		return
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 2*maxSessionFile))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if hear := s.hear.Load(); hear != nil {
		(*hear)(b)
	}
}
