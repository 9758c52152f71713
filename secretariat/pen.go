package secretariat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"kurultai/conference"
	"kurultai/record"
)

// A Pen is what a secretariat writes with where several machines keep one record: one of them has it at a time, the
// others show what it writes and pass it the acts that come to them. That two believe to have it harms nothing: the
// engine takes a group only behind the size it was decided at.
type Pen interface {
	// Take waits until this machine may write. The context it returns ends when it may no more; release gives the pen away.
	Take(ctx context.Context) (leading context.Context, release func(), err error)

	// Keys fetches the keys of subjects that others have and this machine lacks. It is an error unless a majority
	// answered: a key that was used is on a majority of disks.
	Keys(ctx context.Context) error

	// Pass, PassWhole and PassClock give to whoever has the pen what Do, DoWhole and ConfirmClock do there.
	// ErrNotWriting: it has it no more, or does not answer; who has it next knows whether the act was taken.
	Pass(ctx context.Context, a *Act) (Receipt, error)
	PassWhole(ctx context.Context, w *Whole) error
	PassClock(ctx context.Context, first, second conference.PersonID) error
}

// ErrNotWriting says that a machine has no pen. The same act again, where it is, is taken once.
var ErrNotWriting = errors.New("this machine does not write the record now")

// carryFor is how long an act is passed on until somebody takes it.
const carryFor = 15 * time.Second

// Leads reports whether this machine writes.
func (s *Secretariat) Leads() bool { return s.leads.Load() }

// carry gives p to this machine's writer or, by pass, to the one that has the pen, until one of them has answered.
func (s *Secretariat) carry(ctx context.Context, p *pending, pass func(context.Context) error) error {
	if s.config.Pen == nil {
		return s.submit(ctx, p)
	}
	within, stop := context.WithTimeout(ctx, carryFor)
	defer stop()
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		var err error
		if s.Leads() {
			err = s.submit(within, p)
		} else if err = pass(within); err == nil && p.act != nil {
			s.fill(within, &p.receipt)
		}
		if err == nil || !errors.Is(err, ErrNotWriting) && within.Err() == nil {
			return err
		}
		select {
		case <-time.After(pause):
			continue
		case <-s.stop:
			return ErrClosed
		case <-within.Done():
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		slog.Warn("nobody took an act", "error", err)
		if full(err) {
			return refusal("disk-full", "11")
		}
		return refusal("no-majority", "11")
	}
}

// behind lays the pen down where somebody else has written: who has it next knows what stands there.
func (s *Secretariat) behind(err error) error {
	if s.config.Pen == nil || !errors.Is(err, record.ErrConflict) {
		return err
	}
	s.lay()
	return fmt.Errorf("%w: %v", ErrNotWriting, err)
}

// fill adds to the receipt of an act that another machine took what stands in the record, once it is here.
func (s *Secretariat) fill(ctx context.Context, r *Receipt) {
	if s.Wait(ctx, r.Index) != nil {
		return // it was taken, and is shown here later
	}
	v := s.View()
	r.Checkpoint = v.Checkpoint()
	if events, err := v.desk.eventsAt(ctx, r.Index); err == nil {
		if r.Notices = conference.Notices(events); !r.Again {
			r.Events = events
		}
	}
}

// eventsAt are the events of an entry, of a closed one where it can be opened.
func (d *desk) eventsAt(ctx context.Context, index int64) ([]conference.Event, error) {
	e, err := readEntry(ctx, d.engine, index)
	if err == nil && e.Closed != "" {
		var opening []byte
		if opening, err = d.plain(ctx, e.Closed); err == nil {
			e, err = record.OpenClosed(opening, index)
		}
	}
	if err != nil {
		return nil, err
	}
	return d.events(e)
}

// inTurn is the one goroutine of a machine that writes when it has the pen, and else keeps up with who does.
func (s *Secretariat) inTurn() {
	defer close(s.stopped)
	running, end := context.WithCancel(context.Background())
	defer end()
	go func() {
		<-s.stop
		end()
	}()
	grown := make(chan struct{}, 1)
	go s.watch(running, grown)
	for running.Err() == nil {
		got, release := s.standBy(running, grown)
		if got == nil {
			return
		}
		s.leading, s.lay = context.WithCancel(got)
		if s.takeUp() == nil {
			s.leads.Store(true)
			s.write()
			s.leads.Store(false)
		}
		s.lay()
		release()
	}
}

// watch says on grown when the copy of the record here has more.
func (s *Secretariat) watch(ctx context.Context, grown chan<- struct{}) {
	for ctx.Err() == nil {
		for _, err := range s.config.Engine.Follow(ctx, s.View().State().Size) {
			if err != nil {
				break
			}
			select {
			case grown <- struct{}{}:
			default:
			}
		}
		Pause(ctx, 100*time.Millisecond)
	}
}

// Pause waits so long, or until ctx ends.
func Pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// standBy shows what another writes until this machine has the pen, or ctx ends.
func (s *Secretariat) standBy(ctx context.Context, grown chan struct{}) (leading context.Context, release func()) {
	type turn struct {
		leading context.Context
		release func()
	}
	got := make(chan turn)
	go func() {
		for ctx.Err() == nil {
			leading, release, err := s.config.Pen.Take(ctx)
			if err != nil {
				Pause(ctx, 100*time.Millisecond)
				continue
			}
			got <- turn{leading, release}
			return
		}
		close(got)
	}()
	var again <-chan time.Time
	select {
	case grown <- struct{}{}: // whatever came since this was the writer
	default:
	}
	for {
		select {
		case t := <-got:
			return t.leading, t.release
		case p := <-s.acts:
			p.err = ErrNotWriting
			close(p.done)
			continue
		case <-grown:
		case <-again:
		}
		again = nil
		if err := s.advance(ctx, s.copied); err != nil {
			again = time.After(200 * time.Millisecond)
		}
	}
}

// takeUp brings what is shown to the end of the record and begins to decide there.
func (s *Secretariat) takeUp() error {
	if err := s.advance(s.leading, s.config.Engine.Head); err != nil {
		return err
	}
	v := s.View()
	s.ahead = v.desk
	s.ahead.origin = s.config.Log.Origin()
	s.ahead.inspector = &inspector{s.config.Inspect, s.View}
	s.clock.saw(s.ahead.state.Last)
	return nil
}

// copied is the newest checkpoint of the copy here, without asking the other machines.
func (s *Secretariat) copied(ctx context.Context) (record.Checkpoint, error) {
	if e, ok := s.config.Engine.(interface {
		Copied(context.Context) (record.Checkpoint, error)
	}); ok {
		return e.Copied(ctx)
	}
	return s.config.Engine.Head(ctx)
}

// advance shows the record up to a head.
func (s *Secretariat) advance(ctx context.Context, to func(context.Context) (record.Checkpoint, error)) error {
	head, err := to(ctx)
	if err != nil {
		return fmt.Errorf("reading the head: %w", err)
	}
	v := s.View()
	if lacks, err := s.lacks(ctx, v.State().Size); err != nil {
		return err
	} else if lacks {
		if err := s.config.Pen.Keys(ctx); err != nil {
			return err
		}
	}
	next, kept, err := v.advance(ctx, head)
	if err != nil || next == v {
		return err
	}
	if err := next.Forget(); err != nil {
		return err
	}
	s.clock.saw(next.State().Last)
	next.since = s.clock.steady()
	if kept && s.snapping.TryLock() {
		go s.snapshot()
	}
	s.put(next)
	return nil
}

// lacks reports whether rows came, of entries from an index on, whose keys are not here.
func (s *Secretariat) lacks(ctx context.Context, from int64) (bool, error) {
	for row, err := range s.config.Engine.Rows(ctx, from) {
		if err != nil {
			return false, err
		}
		if _, err := s.config.Keys.Get(row.Subject); errors.Is(err, record.ErrNotFound) {
			return true, nil
		}
	}
	return false, nil
}
