package measure

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// An Order is what the readers are told, and a Report what they say when it is done.
type (
	Order struct {
		Connect string   `json:"connect,omitempty"` // address to open streams at, all at once
		Clients int      `json:"clients,omitempty"`
		Stalled int      `json:"stalled,omitempty"` // further ones that read nothing
		Secure  bool     `json:"secure,omitempty"`
		Paths   []string `json:"paths,omitempty"` // what reader n asks for, n modulo their number; /live without
		ID      int64    `json:"id,omitempty"`    // index to wait for
		Close   bool     `json:"close,omitempty"` // drop all
	}
	Report struct {
		Reached int   `json:"reached"` // readers that have had the index
		Last    int64 `json:"last"`    // ns of the monotonic clock
		P99     int64 `json:"p99"`
	}
)

// patience is how long an index may take to reach all.
const patience = 60 * time.Second

// A Load is readers in a process of their own.
type Load struct{ *Child }

// StartLoad starts a command that does nothing but ServeReaders on its standard input and output.
func StartLoad(command *exec.Cmd) (Load, error) {
	c, err := StartChild(command)
	return Load{c}, err
}

// Tell gives the readers an order and waits for their report.
func (l Load) Tell(o Order) (Report, error) {
	var r Report
	err := l.Ask(o, &r)
	return r, err
}

// readers are many clients that take orders.
type readers struct {
	mu      sync.Mutex
	epoll   int
	seen    map[int]*seen // by socket
	stalled []int
	closers []io.Closer // of those with TLS

	id       int64   // index waited for
	when     []int64 // ns at which readers had it
	expected int
	reached  chan struct{} // closed when all have
}

// seen is how far a reader has come.
type seen struct {
	id   int64
	tail []byte // an unfinished line
}

// ServeReaders opens streams of events and reads them, in a process of its own so that its work is not counted. It takes
// orders from in, a JSON value each, and reports a line each to out, until in ends. An event is known by its index, which
// stands behind "id: ", in a line of its own or within what the event says.
func ServeReaders(in io.Reader, out io.Writer) error {
	if _, err := OpenFiles(); err != nil {
		return err
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	r := &readers{epoll: epoll, seen: map[int]*seen{}, reached: make(chan struct{})}
	go r.listen()
	return Obey(in, out, func(o Order) (Report, error) {
		err := r.obey(o)
		return r.report(), err
	})
}

func (r *readers) obey(o Order) error {
	if o.Close {
		r.close()
		return nil
	}
	r.await(o.ID, o.Clients)
	if o.Connect != "" {
		if err := r.connect(o); err != nil {
			return err
		}
	}
	r.mu.Lock()
	done := r.reached
	r.mu.Unlock()
	select {
	case <-done:
	case <-time.After(patience):
	}
	return nil
}

// await begins to count who has an index; those who have it already count at once.
func (r *readers) await(id int64, more int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if more > 0 {
		r.expected = more
	}
	r.id, r.when, r.reached = id, r.when[:0], make(chan struct{})
	if more == 0 {
		for _, s := range r.seen {
			if s.id >= id {
				r.arrived()
			}
		}
	}
}

// arrived counts one reader; the lock is held.
func (r *readers) arrived() {
	if r.when = append(r.when, Monotonic()); len(r.when) == r.expected {
		close(r.reached)
	}
}

func (r *readers) report() (l Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.Reached = len(r.when); l.Reached > 0 {
		when := slices.Sorted(slices.Values(r.when))
		l.Last, l.P99 = when[len(when)-1], when[(len(when)-1)*99/100]
	}
	return l
}

func (r *readers) connect(o Order) error {
	to, err := netip.ParseAddrPort(o.Connect)
	if err != nil {
		return err
	}
	if len(o.Paths) == 0 {
		o.Paths = []string{"/live"}
	}
	if o.Secure {
		return r.connectSecure(o)
	}
	for i := range o.Clients + o.Stalled {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		if i >= o.Clients { // the kernel buffers little for who reads nothing
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096)
		}
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
			return fmt.Errorf("reader %d: %w", i, err)
		}
		if _, err := unix.Write(fd, o.request(i)); err != nil {
			return fmt.Errorf("reader %d: %w", i, err)
		}
		r.mu.Lock()
		if i >= o.Clients {
			r.stalled = append(r.stalled, fd)
		} else {
			r.seen[fd] = &seen{id: -1}
			err = unix.SetNonblock(fd, true)
			if err == nil {
				err = unix.EpollCtl(r.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
			}
		}
		r.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// request is what reader n says.
func (o Order) request(n int) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n\r\n", o.Paths[n%len(o.Paths)], o.Connect)
}

// connectSecure opens streams through TLS, a goroutine each.
func (r *readers) connectSecure(o Order) error {
	for i := range o.Clients {
		c, err := tls.Dial("tcp4", o.Connect, &tls.Config{InsecureSkipVerify: true}) // the server is our own parent, on loopback
		if err != nil {
			return fmt.Errorf("reader %d: %w", i, err)
		}
		if _, err := c.Write(o.request(i)); err != nil {
			return err
		}
		r.mu.Lock()
		r.closers = append(r.closers, c)
		s := &seen{id: -1}
		r.seen[-1-i] = s
		r.mu.Unlock()
		go func(c net.Conn) {
			buffer := make([]byte, 8192)
			for {
				n, err := c.Read(buffer)
				r.mu.Lock()
				r.took(s, buffer[:n])
				r.mu.Unlock()
				if err != nil {
					return
				}
			}
		}(c)
	}
	return nil
}

// listen reads whatever comes on plain sockets.
func (r *readers) listen() {
	events, buffer := make([]unix.EpollEvent, 512), make([]byte, 64<<10)
	for {
		n, err := unix.EpollWait(r.epoll, events, -1)
		if err != nil && err != unix.EINTR {
			fmt.Fprintln(os.Stderr, "readers:", err)
			os.Exit(1)
		}
		r.mu.Lock()
		for _, e := range events[:max(n, 0)] {
			s := r.seen[int(e.Fd)]
			if s == nil {
				continue
			}
			n, err := unix.Read(int(e.Fd), buffer)
			if n <= 0 && err != unix.EAGAIN && err != unix.EINTR { // the server let this one go
				unix.Close(int(e.Fd))
				delete(r.seen, int(e.Fd))
				continue
			}
			r.took(s, buffer[:max(n, 0)])
		}
		r.mu.Unlock()
	}
}

// took looks for the newest id in what came; the lock is held.
func (r *readers) took(s *seen, b []byte) {
	b = append(s.tail, b...)
	before := s.id
	for {
		at := bytes.Index(b, []byte("id: "))
		if at < 0 {
			break
		}
		end := bytes.IndexFunc(b[at+4:], func(c rune) bool { return c < '0' || c > '9' })
		if end < 0 {
			s.tail = append(s.tail[:0], b[at:]...)
			break
		}
		if id, err := strconv.ParseInt(string(b[at+4:at+4+end]), 10, 64); err == nil {
			s.id = max(s.id, id)
		}
		b = b[at+4+end:]
		s.tail = s.tail[:0]
	}
	if before < r.id && s.id >= r.id {
		r.arrived()
	}
}

// close resets all, so that no port waits.
func (r *readers) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for fd := range r.seen {
		if fd >= 0 {
			r.stalled = append(r.stalled, fd)
		}
	}
	for _, fd := range r.stalled {
		_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		unix.Close(fd)
	}
	for _, c := range r.closers {
		c.Close()
	}
	r.seen, r.stalled, r.closers = map[int]*seen{}, nil, nil
}
