package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	// shown is how long who comes may take to show a certificate.
	shown = 5 * time.Second
	// unshown is how many may be about to show one at once: where more come, who waits longest is let go.
	unshown = 256
	// taken is how long who comes may take no byte that is for it.
	taken = 5 * time.Second
)

// A gate is a net.Listener of who has shown a certificate of the cluster. Who shows none holds no more of this machine
// than one of a few places, and keeps nobody out.
type gate struct {
	net.Listener
	config  *tls.Config
	trouble func(from net.Addr, err error)

	came   chan *tls.Conn
	closed chan struct{}
	once   sync.Once

	mu      sync.Mutex
	waiting []net.Conn             // that have shown nothing yet, in the order in which they came
	inside  map[*tls.Conn]struct{} // that were led on
}

func newGate(l net.Listener, config *tls.Config, trouble func(net.Addr, error)) *gate {
	g := &gate{Listener: l, config: config, trouble: trouble, came: make(chan *tls.Conn), closed: make(chan struct{}), inside: map[*tls.Conn]struct{}{}}
	go g.accept()
	return g
}

func (g *gate) accept() {
	for {
		c, err := g.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			g.Close()
			return
		}
		if err != nil { // as where files run out
			select {
			case <-time.After(50 * time.Millisecond):
			case <-g.closed:
			}
			continue
		}
		g.wait(c)
		go g.show(c)
	}
}

// wait counts in one that has shown nothing yet.
func (g *gate) wait(c net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) >= unshown {
		g.waiting[0].Close()
		g.waiting = g.waiting[1:]
	}
	g.waiting = append(g.waiting, c)
}

// show hears who comes, and lets it through or not.
func (g *gate) show(raw net.Conn) {
	c := tls.Server(raw, g.config)
	ctx, stop := context.WithTimeout(context.Background(), shown)
	err := c.HandshakeContext(ctx)
	stop()
	g.mu.Lock()
	if i := slices.Index(g.waiting, raw); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	g.mu.Unlock()
	if err != nil {
		raw.Close()
		g.trouble(raw.RemoteAddr(), err)
		return
	}
	select {
	case g.came <- c:
	case <-g.closed:
		raw.Close()
	}
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	select {
	case c := <-g.came:
		return c, nil
	case <-g.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. Who was led on is put out.
func (g *gate) Close() (err error) {
	g.once.Do(func() {
		close(g.closed)
		err = g.Listener.Close()
		g.expel(func(*x509.Certificate) bool { return true })
	})
	return err
}

// expel puts out who was led on under a certificate.
func (g *gate) expel(whom func(*x509.Certificate) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.inside {
		if whom(c.ConnectionState().PeerCertificates[0]) {
			c.NetConn().Close() // at once: who takes no byte is not waited for
		}
	}
}

// lead brings each who comes to a socket of this machine until the gate is closed, but for those who are to stay out.
func (g *gate) lead(socket string, out func(*x509.Certificate) error) {
	for {
		one, err := g.Accept()
		if err != nil {
			return
		}
		c := one.(*tls.Conn)
		g.mu.Lock()
		g.inside[c] = struct{}{} // before its certificate is looked at: either here or by expel
		g.mu.Unlock()
		go func() {
			defer func() {
				c.NetConn().Close()
				g.mu.Lock()
				defer g.mu.Unlock()
				delete(g.inside, c)
			}()
			select {
			case <-g.closed:
				return
			default:
			}
			if err := out(c.ConnectionState().PeerCertificates[0]); err != nil {
				g.trouble(c.RemoteAddr(), err)
				return
			}
			inner, err := net.Dial("unix", socket)
			if err != nil {
				return // etcd starts, or ends; who comes tries again
			}
			defer inner.Close()
			go func() {
				io.Copy(patient{c}, inner)
				inner.Close()
				c.NetConn().Close()
			}()
			io.Copy(inner, c)
		}()
	}
}

// patient is a connection whose other side must take what is written.
type patient struct{ net.Conn }

func (p patient) Write(b []byte) (int, error) {
	p.SetWriteDeadline(time.Now().Add(taken))
	return p.Conn.Write(b)
}
