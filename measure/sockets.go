package measure

import (
	"net"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// A Sockets is the least a server of events can do: write(2) on each socket, from two threads. Who connects gets the newest
// event at once.
type Sockets struct {
	listener *net.TCPListener
	mu       sync.Mutex
	newest   []byte
	conns    [2][]int
	next     int
}

func NewSockets() (*Sockets, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &Sockets{listener: l.(*net.TCPListener), newest: []byte("id: 0\n\n")}
	go b.accept()
	return b, nil
}

// Addr is where readers connect.
func (b *Sockets) Addr() string { return b.listener.Addr().String() }

func (b *Sockets) accept() {
	request := make([]byte, 4096)
	for {
		c, err := b.listener.AcceptTCP()
		if err != nil {
			return
		}
		f, err := c.File() // a descriptor of its own, without net's poller
		c.Close()
		if err != nil {
			continue
		}
		fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
		f.Close()
		if err != nil {
			continue
		}
		_ = unix.SetNonblock(fd, false)
		unix.Read(fd, request)
		b.mu.Lock()
		unix.Write(fd, append([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"), b.newest...))
		b.conns[b.next%2] = append(b.conns[b.next%2], fd)
		b.next++
		b.mu.Unlock()
	}
}

// Send writes an event to each.
func (b *Sockets) Send(event []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.newest = event
	var both sync.WaitGroup
	for _, share := range b.conns {
		both.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for _, fd := range share {
				unix.Write(fd, event)
			}
		})
	}
	both.Wait()
}

// Drop lets all go.
func (b *Sockets) Drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, share := range b.conns {
		for _, fd := range share {
			unix.Close(fd)
		}
		b.conns[i] = nil
	}
}

// Close lets all go and listens no more.
func (b *Sockets) Close() { b.listener.Close(); b.Drop() }
