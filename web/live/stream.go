package live

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// A stream is the log of a class.
type stream struct {
	key    string
	render func(seen int64) (Frame, error)
	log    atomic.Pointer[log] // replaced by the one goroutine that renders, read by all

	// The hub's lock holds these.
	readers int
	known   int64     // size of the record at the last rendering
	busy    bool      // being rendered or about to be
	due     bool      // to be rendered anew though the record has not grown
	marks   bool      // of Class.Marks
	idle    bool      // had no reader at the last growth
	made    time.Time // when the last rendering began
}

// A log is the newest whole frame and the changes since. It never changes.
type log struct {
	frames []*frame      // ascending; the first is whole
	size   int           // bytes of the frames behind the first
	id     int64         // what the log is as of; -1 while it is empty
	again  int64         // how often the newest frame was made anew as of the same index
	over   bool          // there will be no more
	next   chan struct{} // closed when another log has taken its place
}

// Bounds of what stands behind a whole frame; then the next is whole.
const (
	maxFrames = 64
	maxBytes  = 1 << 18
)

// A frame is a Frame as it is sent.
type frame struct {
	id     int64
	plain  []byte
	once   sync.Once
	zipped []byte
}

func newStream(c Class) *stream {
	s := &stream{key: c.Key, render: c.Render, marks: c.Marks, known: -1}
	s.log.Store(&log{id: -1, next: make(chan struct{})})
	return s
}

// needs is the index from which the next frame has to lead on.
func (s *stream) needs() int64 {
	l := s.log.Load()
	if len(l.frames) > maxFrames || l.size > maxBytes {
		return -1
	}
	return l.id
}

// publish adds a frame, or an end, and reports whether readers are to look.
func (s *stream) publish(f Frame, err error) bool {
	old := s.log.Load()
	l := &log{frames: old.frames, size: old.size, id: max(old.id, f.ID), again: old.again, over: err != nil || f.Last, next: make(chan struct{})}
	fresh := err == nil && len(f.Events) > 0 && f.ID > old.id
	if anew := err == nil && f.Whole && len(f.Events) > 0 && f.ID == old.id && len(old.frames) > 0; anew {
		if made := encode(f); !bytes.Equal(made.plain, old.frames[len(old.frames)-1].plain) {
			l.frames, l.size, l.again = []*frame{made}, 0, old.again+1
		}
	}
	switch {
	case fresh && (f.Whole || len(old.frames) == 0):
		l.frames, l.size = []*frame{encode(f)}, 0
	case fresh:
		added := encode(f)
		l.frames = append(old.frames[:len(old.frames):len(old.frames)], added)
		l.size += len(added.plain)
	}
	s.log.Store(l)
	close(old.next)
	return fresh || l.over || l.again > old.again
}

// encode puts the id into the last event: who is cut between two events of an index gets the index again.
func encode(f Frame) *frame {
	var out bytes.Buffer
	for i, event := range f.Events {
		if i == len(f.Events)-1 {
			fmt.Fprintf(&out, "id: %d\n", f.ID)
		}
		out.Write(event)
	}
	return &frame{id: f.ID, plain: out.Bytes()}
}

// after is the frame for who has seen index at; nil if there is none.
func (l *log) after(at int64) *frame {
	if len(l.frames) == 0 || l.frames[len(l.frames)-1].id <= at {
		return nil
	}
	if at < l.frames[0].id {
		return l.frames[0]
	}
	return l.frames[sort.Search(len(l.frames), func(i int) bool { return l.frames[i].id > at })]
}

// anew is the newest frame where it was made anew since the reader was sent it; else nil.
func (l *log) anew(c *cursor) *frame {
	if l.again == c.again || len(l.frames) == 0 || l.frames[len(l.frames)-1].id != c.at {
		return nil
	}
	return l.frames[len(l.frames)-1]
}

// A cursor is a reader's position in a log.
type cursor struct {
	stream *stream
	at     int64 // the index whose frame was begun last
	again  int64 // how often that had been made anew
	zip    bool
}

// next is what to send next and moves the cursor behind it; over says that nothing will follow.
func (c *cursor) next() (b []byte, over bool) {
	l := c.stream.log.Load()
	f := l.after(c.at)
	if f == nil {
		if f = l.anew(c); f == nil {
			return nil, l.over
		}
	}
	if c.at = f.id; f.id == l.id {
		c.again = l.again
	}
	if c.zip {
		return f.deflated(), false
	}
	return f.plain, false
}

// quiet is a sign of life. It carries the index the class is as of, so that a reader whom nothing concerned
// for long does not come back as one who missed it all.
func (c *cursor) quiet() []byte {
	if l := c.stream.log.Load(); l.id >= c.at && l.id >= 0 && l.after(c.at) == nil {
		return c.raw(fmt.Appendf(nil, "id: %d\n\n", l.id))
	}
	return c.raw([]byte(":\n\n"))
}

// raw is b as this reader takes it, stored and not compressed.
func (c *cursor) raw(b []byte) []byte {
	if c.zip {
		return stored(b)
	}
	return b
}

// gzipHead begins a member (RFC 1952 section 2.3): deflate, no time, system unknown.
const gzipHead = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

// stored is b as blocks that are not compressed and not the last (RFC 1951 section 3.2.4). They begin and end at
// a byte, as what is sent before does. An empty one stands last, as after a sync flush: some decoders give out what
// they hold only there.
func stored(b []byte) (out []byte) {
	for len(b) > 0 {
		n := min(len(b), 1<<16-1)
		out = append(out, 0)
		out = binary.LittleEndian.AppendUint16(out, uint16(n))
		out = binary.LittleEndian.AppendUint16(out, ^uint16(n))
		out = append(out, b[:n]...)
		b = b[n:]
	}
	return append(out, 0, 0, 0, 0xff, 0xff)
}

var compressors = sync.Pool{New: func() any {
	z, err := flate.NewWriter(nil, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is one there is
	}
	return z
}}

// deflated is the frame in blocks that are not the last and refer to nothing before them, up to a sync flush.
// It is made when the first reader asks.
func (f *frame) deflated() []byte {
	f.once.Do(func() {
		var out bytes.Buffer
		z := compressors.Get().(*flate.Writer)
		defer compressors.Put(z)
		z.Reset(&out)
		z.Write(f.plain) // a Buffer takes everything
		z.Flush()
		f.zipped = out.Bytes()
	})
	return f.zipped
}
