package live

import (
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A writer is a thread with a share of the readers. It alone touches them.
type writer struct {
	hub   *Hub
	epoll int
	event int         // an eventfd: somebody left something for the writer
	awake atomic.Bool // event was written and not yet read

	mu    sync.Mutex
	ended bool
	fresh []*reader
	mail  []letter
	stale []*stream

	readers map[int32]*reader
	classes map[*stream][]*reader
	tick    int64
	ticked  time.Time

	frames, bytes int64 // sent, and not yet counted in the hub
}

// A letter is an event for one reader; without one the reader goes.
type letter struct {
	to    *reader
	event []byte
}

// A reader is a socket and a position: what remains of one frame, not a queue.
type reader struct {
	cursor
	w      *writer
	person string
	fd     int32
	slot   int32     // place among the readers of its class
	phase  uint8     // on which ticks it is looked at
	over   bool      // nothing follows what is being sent
	gone   bool      // closed
	rest   []byte    // what the socket would not take yet
	mine   [][]byte  // events for the person, waiting for the end of rest
	wrote  int64     // tick of the last write
	stuck  time.Time // since when the socket has taken no byte; zero: it takes all
}

// Of each half of the time of a keep-alive there are so many ticks, and on each a share of the readers is looked at.
const phases = 12

const (
	sendBuffer  = 64 << 10
	readerFlags = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET
)

// mostReaders leaves some files to the record and to pages.
func mostReaders() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 512
	}
	most := int64(min(limit.Cur, 1<<24))
	return int(max(most-max(256, most/50), 1))
}

// start makes the writers. Where the system gives none, readers have goroutines.
func (h *Hub) start() (all []*writer) {
	for range h.Writers {
		w, err := newWriter(h)
		if err != nil {
			slog.Error("live", "error", err)
			break
		}
		all = append(all, w)
		h.work.Go(w.run)
	}
	return all
}

func newWriter(h *Hub) (*writer, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err == nil {
		err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, event, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(event)})
	}
	if err != nil {
		unix.Close(epoll)
		return nil, err
	}
	return &writer{hub: h, epoll: epoll, event: event, readers: map[int32]*reader{}, classes: map[*stream][]*reader{}}, nil
}

// take makes a plain socket a reader, and reports whether it could. The descriptor is duplicated, so that nothing
// of net's connection stays.
func (h *Hub) take(conn net.Conn, c cursor, p Person, head []byte) bool {
	sock, ok := conn.(syscall.Conn)
	if !ok || len(h.writers) == 0 {
		return false
	}
	raw, err := sock.SyscallConn()
	if err != nil {
		return false
	}
	fd := -1
	err = raw.Control(func(from uintptr) { fd, _ = unix.FcntlInt(from, unix.F_DUPFD_CLOEXEC, 0) })
	if err != nil || fd < 0 {
		return false
	}
	conn.Close()
	// A smaller buffer shows earlier who is slow; data that nobody acknowledges ends the connection. What the
	// socket is not, it does without.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(h.Patience.Milliseconds()))
	w := h.writers[int(h.next.Add(1))%len(h.writers)]
	r := &reader{cursor: c, w: w, person: p.ID, fd: int32(fd), phase: uint8(rand.IntN(phases))}
	h.know(p.ID, r)
	r.begin(append([][]byte{head}, r.opening(p)...))
	w.mu.Lock()
	ended := w.ended
	if !ended {
		w.fresh = append(w.fresh, r)
	}
	w.mu.Unlock()
	if ended {
		r.part(time.Now().Add(farewells / 4))
		h.leave(r.stream, p.ID, r)
		unix.Close(fd)
		return true
	}
	w.wake()
	return true
}

// begin sends what stands first and the frame there is, in one call; the writer goes on where it ends.
func (r *reader) begin(first [][]byte) {
	b, over := r.next()
	if b != nil {
		r.w.hub.frames.Add(1)
		first = append(first, b)
	}
	r.over = over
	n, err := unix.Writev(int(r.fd), first)
	if err != nil {
		n = 0 // the writer meets the error again, if it is one
	}
	r.w.hub.bytes.Add(int64(n))
	for _, part := range first {
		sent := min(n, len(part))
		r.rest = append(r.rest, part[sent:]...)
		n -= sent
	}
}

// part says when to come back, behind all there was, to who takes it until the deadline.
func (r *reader) part(deadline time.Time) {
	for b := slices.Concat(r.rest, r.raw(r.w.hub.farewell())); len(b) > 0; {
		n, err := unix.Write(int(r.fd), b)
		switch {
		case err == nil:
			b = b[n:]
		case err == unix.EINTR:
		case err == unix.EAGAIN && time.Now().Before(deadline):
			// Its error is met again by the write.
			_, _ = unix.Poll([]unix.PollFd{{Fd: r.fd, Events: unix.POLLOUT}}, int(time.Until(deadline)/time.Millisecond)+1)
		default:
			return
		}
	}
}

// tell leaves an event for the reader.
func (r *reader) tell(event []byte) {
	r.w.mu.Lock()
	r.w.mail = append(r.w.mail, letter{r, event})
	r.w.mu.Unlock()
	r.w.wake()
}

// drop has the reader let go.
func (r *reader) drop() { r.tell(nil) }

// changed leaves word that a stream has more.
func (w *writer) changed(s *stream) {
	w.mu.Lock()
	w.stale = append(w.stale, s)
	w.mu.Unlock()
	w.wake()
}

func (w *writer) wake() {
	if w.awake.Swap(true) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended { // its descriptor may be another's by then
		_, _ = unix.Write(w.event, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // fails only where it is set already
	}
}

// run is the thread.
func (w *writer) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	events := make([]unix.EpollEvent, 256)
	period := w.hub.KeepAlive / (2 * phases)
	for w.hub.ctx.Err() == nil {
		wait := -1
		if len(w.readers) > 0 {
			wait = int(max(time.Until(w.ticked.Add(period)), 0)/time.Millisecond) + 1
		}
		n, err := unix.EpollWait(w.epoll, events, wait)
		if err != nil && err != unix.EINTR {
			panic("live: epoll: " + err.Error()) // its arguments are ours
		}
		for _, e := range events[:max(n, 0)] {
			w.happened(e)
		}
		w.take()
		if time.Since(w.ticked) >= period {
			w.look()
		}
		w.hub.frames.Add(w.frames)
		w.hub.bytes.Add(w.bytes)
		w.frames, w.bytes = 0, 0
	}
	w.close()
}

// happened is what the kernel says about a socket.
func (w *writer) happened(e unix.EpollEvent) {
	if int(e.Fd) == w.event {
		var b [8]byte
		_, _ = unix.Read(w.event, b[:])
		w.awake.Store(false)
		return
	}
	r := w.readers[e.Fd]
	switch {
	case r == nil: // closed a moment before
	case e.Events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0:
		w.drop(r) // gone, or speaks where a reader only listens
	case len(r.rest) > 0:
		w.send(r)
	}
}

// take takes what was left for the writer.
func (w *writer) take() {
	w.mu.Lock()
	fresh, mail, stale := w.fresh, w.mail, w.stale
	w.fresh, w.mail, w.stale = nil, nil, nil
	w.mu.Unlock()
	for _, r := range fresh {
		w.admit(r)
	}
	for _, l := range mail {
		w.deliver(l)
	}
	for _, s := range stale {
		for i := len(w.classes[s]) - 1; i >= 0; i-- { // from behind: who is dropped gives its place to the last
			w.send(w.classes[s][i])
		}
	}
}

func (w *writer) deliver(l letter) {
	r := l.to
	if r.gone {
		return
	}
	if l.event == nil {
		if r.gone = w.readers[r.fd] != r; !r.gone { // else admit lets it go
			w.drop(r)
		}
		return
	}
	if r.mine = append(r.mine, r.raw(l.event)); w.readers[r.fd] != r {
		return // not admitted yet
	}
	if len(r.mine) > maxMine {
		w.drop(r)
	}
	w.send(r)
}

func (w *writer) admit(r *reader) {
	if r.gone {
		w.hub.leave(r.stream, r.person, r)
		unix.Close(int(r.fd))
		return
	}
	w.readers[r.fd] = r
	r.slot = int32(len(w.classes[r.stream]))
	w.classes[r.stream] = append(w.classes[r.stream], r)
	r.wrote = w.tick
	if err := unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, int(r.fd), &unix.EpollEvent{Events: readerFlags, Fd: r.fd}); err != nil {
		w.drop(r)
		return
	}
	w.send(r)
}

// send writes until the socket takes no more or there is no more.
func (w *writer) send(r *reader) {
	for !r.gone {
		if len(r.rest) == 0 && !w.turn(r) {
			return
		}
		n, err := unix.Write(int(r.fd), r.rest)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			if r.stuck.IsZero() {
				r.stuck = time.Now()
			}
			return
		case err != nil:
			w.drop(r)
		default:
			w.bytes += int64(n)
			r.wrote, r.stuck = w.tick, time.Time{}
			if r.rest = r.rest[n:]; len(r.rest) == 0 {
				r.rest = nil // the frame may go
			}
		}
	}
}

// turn makes rest what comes next, and reports whether there is something.
func (w *writer) turn(r *reader) bool {
	if !r.over {
		if r.rest, r.over = r.next(); r.rest != nil {
			w.frames++
			return true
		}
	}
	if len(r.mine) > 0 {
		r.rest, r.mine = r.mine[0], r.mine[1:]
		return true
	}
	r.mine = nil
	if r.over {
		w.drop(r)
	}
	return false
}

// look lets go who is stuck, and gives the quiet of one phase a sign. Who was looked at without a write since the
// last look, half a keep-alive before, gets one: so nobody waits longer than a whole one.
func (w *writer) look() {
	w.ticked = time.Now()
	w.tick++
	for _, r := range w.readers {
		switch {
		case !r.stuck.IsZero() && w.ticked.Sub(r.stuck) >= w.hub.Patience:
			w.hub.evicted.Add(1)
			w.reset(r)
		case w.tick%phases == int64(r.phase) && w.tick-r.wrote >= phases && len(r.rest) == 0:
			r.rest = r.quiet()
			w.send(r)
		}
	}
}

// reset throws away what the kernel holds for a reader.
func (w *writer) reset(r *reader) {
	_ = unix.SetsockoptLinger(int(r.fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	w.drop(r)
}

func (w *writer) drop(r *reader) {
	if r.gone {
		return
	}
	r.gone, r.rest, r.mine = true, nil, nil
	delete(w.readers, r.fd)
	class := w.classes[r.stream]
	last := class[len(class)-1]
	class[r.slot], last.slot = last, r.slot
	class[len(class)-1] = nil
	if w.classes[r.stream] = class[:len(class)-1]; len(class) == 1 {
		delete(w.classes, r.stream)
	}
	w.hub.leave(r.stream, r.person, r)
	unix.Close(int(r.fd))
}

// close says when to come back to all who can hear it, and lets them go.
func (w *writer) close() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.take() // who came in before that
	deadline := time.Now().Add(farewells / 4)
	for _, r := range w.readers {
		r.part(deadline)
		w.drop(r)
	}
	unix.Close(w.event)
	unix.Close(w.epoll)
}
