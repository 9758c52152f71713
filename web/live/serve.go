package live

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// serve sends by the cheapest way the connection has.
func (h *Hub) serve(w http.ResponseWriter, r *http.Request, c cursor, p Person) {
	hijacker, ok := w.(http.Hijacker)
	if r.ProtoMajor != 1 || !ok {
		h.respond(w, r, c, p)
		return
	}
	head := responseHead(w.Header())
	conn, buffered, err := hijacker.Hijack()
	if err != nil {
		h.respond(w, r, c, p)
		return
	}
	if buffered.Reader.Buffered() > 0 { // who speaks on does not wait for an answer
		conn.Close()
		h.leave(c.stream, "", nil)
		return
	}
	if !h.take(conn, c, p, head) {
		h.work.Go(func() { h.converse(conn, c, p, head) }) // what the server held for the request may go
	}
}

// responseHead is the head of an answer without a length, which ends with the connection (RFC 9112 section 6.3).
func responseHead(header http.Header) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "HTTP/1.1 200 OK\r\nDate: %s\r\n", time.Now().UTC().Format(http.TimeFormat))
	header.Set("Connection", "close")
	header.Write(&out) // a Buffer takes everything
	out.WriteString("\r\n")
	return out.Bytes()
}

// respond sends through net/http.
func (h *Hub) respond(w http.ResponseWriter, r *http.Request, c cursor, p Person) {
	out := http.NewResponseController(w)
	h.follow(r.Context(), c, p, nil, func(b []byte) error {
		// Where there is no deadline to set, the server's own ends the write.
		_ = out.SetWriteDeadline(time.Now().Add(h.Patience))
		if _, err := w.Write(b); err != nil {
			return err
		}
		err := out.Flush()
		// A stream of HTTP/2 is reset when its deadline passes, though nothing is being written.
		_ = out.SetWriteDeadline(time.Time{})
		return err
	})
}

// converse sends on a connection that was taken from the server and has no socket of its own, as with TLS.
func (h *Hub) converse(conn net.Conn, c cursor, p Person, head []byte) {
	defer conn.Close()
	ctx, gone := context.WithCancel(context.Background())
	defer gone()
	go func() { // a reader says nothing more: whatever comes, it is the end
		defer gone()
		var b [1]byte
		_, _ = conn.Read(b[:])
	}()
	h.follow(ctx, c, p, head, func(b []byte) error {
		if err := conn.SetWriteDeadline(time.Now().Add(h.Patience)); err != nil {
			return err
		}
		_, err := conn.Write(b)
		return err
	})
}

// A box holds events for a person until the goroutine of a connection takes them.
type box struct {
	events chan []byte
	cut    context.CancelFunc
}

// maxMine is how many events for one person may wait at a connection; who leaves more lying is let go.
const maxMine = 16

func (b *box) tell(event []byte) {
	select {
	case b.events <- event:
	default:
		b.cut()
	}
}

func (b *box) drop() { b.cut() }

// follow sends a log as it grows until an end, a write that fails, or ctx.
func (h *Hub) follow(ctx context.Context, c cursor, p Person, head []byte, send func([]byte) error) {
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	mine := &box{cut: cut}
	if p.ID != "" {
		mine.events = make(chan []byte, maxMine)
		h.know(p.ID, mine)
	}
	defer h.leave(c.stream, p.ID, mine)
	put := func(b []byte) bool {
		err := send(b)
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				h.evicted.Add(1)
			}
			return false
		}
		h.bytes.Add(int64(len(b)))
		return true
	}
	if !put(append(head, bytes.Join(c.opening(p), nil)...)) {
		return
	}
	quiet := time.NewTimer(time.Duration(rand.Int64N(int64(h.KeepAlive)))) // not all at once
	defer quiet.Stop()
	for {
		next := c.stream.log.Load().next
		b, over := c.next()
		if b != nil {
			if !put(b) {
				return
			}
			h.frames.Add(1)
			quiet.Reset(h.KeepAlive)
			continue
		}
		if over {
			return
		}
		select {
		case <-next:
		case event := <-mine.events:
			if !put(c.raw(event)) {
				return
			}
		case <-quiet.C:
			if !put(c.quiet()) {
				return
			}
			quiet.Reset(h.KeepAlive)
		case <-h.ctx.Done():
			put(c.raw(h.farewell()))
			return
		case <-ctx.Done():
			return
		}
	}
}
