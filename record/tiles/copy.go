package tiles

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

// An Event is one of a stream: one of the four.
type Event struct {
	Alive      record.Instant // when the writer was last heard
	Names      string         // digest of the openings that are meant for all
	Checkpoint []byte         // a signed note, as it came

	Entries [][]byte
	Proof   []tlog.Hash // that they are in the checkpoint that came last; none where they reach its end
	Size    int64       // how many there are with these
}

// Why a stream is refused. What was kept before stays.
var (
	ErrMalformed = errors.New("it is no stream of a record")
	ErrTooLarge  = errors.New("it sends more at once than a stream may")
	ErrNotSigned = errors.New("the log's key did not sign it")
	ErrWentBack  = errors.New("it took back what it had said")
	ErrOtherTree = errors.New("it is of another record than the one that was verified here")
)

// Bounds of what may come in one event.
const (
	mostLine    = record.MaxEntry + len("data: \n")
	mostNote    = 64 << 10
	mostEvent   = 1 << 20
	mostEntries = 4 * lotEntries
)

// Signs is a stream that tells of each sign of life: a quiet source sends comments, which are no events.
type Signs struct {
	io.Reader
	Of func()
}

func (s Signs) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if n > 0 {
		s.Of()
	}
	return n, err
}

// Events reads a stream until it ends or is refused. Events and fields it does not know are passed over.
func Events(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		in := &incoming{in: bufio.NewReaderSize(r, mostLine)}
		for {
			e, err := in.next()
			if err != nil {
				yield(Event{}, err)
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

type incoming struct {
	in    *bufio.Reader
	proof []tlog.Hash // of the entries to come
}

// block is an event as it stands in the stream.
type block struct {
	name, id string
	data     [][]byte
}

// next is the next event that is known here.
func (s *incoming) next() (Event, error) {
	for {
		b, err := s.block()
		if err != nil {
			return Event{}, err
		}
		e := Event{}
		switch b.name {
		case "alive":
			if len(b.data) != 1 {
				return e, ErrMalformed
			}
			if e.Alive, err = record.ParseInstant(string(b.data[0])); err != nil || e.Alive <= 0 {
				return e, fmt.Errorf("%w: when the writer was last heard: %.60q", ErrMalformed, b.data[0])
			}
		case "names":
			if len(b.data) != 1 || len(b.data[0]) != 43 {
				return e, fmt.Errorf("%w: names without a digest", ErrMalformed)
			}
			e.Names = string(b.data[0])
		case "checkpoint":
			e.Checkpoint = append(bytes.Join(b.data, []byte("\n")), '\n')
			if len(e.Checkpoint) > mostNote {
				return e, fmt.Errorf("%w: a checkpoint of %d bytes", ErrTooLarge, len(e.Checkpoint))
			}
		case "proof":
			s.proof = nil
			for _, line := range b.data {
				h, err := tlog.ParseHash(string(line))
				if err != nil || len(s.proof) > 128 {
					return e, fmt.Errorf("%w: a proof that is none", ErrMalformed)
				}
				s.proof = append(s.proof, h)
			}
			continue
		case "entries":
			if e.Size, err = strconv.ParseInt(b.id, 10, 64); err != nil || e.Size < int64(len(b.data)) || len(b.data) == 0 {
				return e, fmt.Errorf("%w: %d entries that end at %.20q", ErrMalformed, len(b.data), b.id)
			}
			e.Entries, e.Proof, s.proof = b.data, s.proof, nil
		default:
			continue
		}
		return e, nil
	}
}

// block reads up to an empty line. A stream that ends within an event ends there: io.ErrUnexpectedEOF.
func (s *incoming) block() (b block, err error) {
	size := 0
	for began := false; ; began = true {
		line, err := s.in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return b, fmt.Errorf("%w: a line of more than %d bytes", ErrTooLarge, mostLine)
		case errors.Is(err, io.EOF) && (began || len(line) > 0):
			return b, io.ErrUnexpectedEOF
		case err != nil:
			return b, err
		}
		line = line[:len(line)-1]
		if size += len(line); size > mostEvent || len(b.data) > mostEntries {
			return b, fmt.Errorf("%w: an event of more than %d bytes or %d lines", ErrTooLarge, mostEvent, mostEntries)
		}
		if len(line) == 0 {
			return b, nil
		}
		field, value, colon := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch name := string(field); {
		case name == "" && colon: // a comment
		case strings.ContainsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' }):
			return b, fmt.Errorf("%w: a line that begins %.40q", ErrMalformed, line)
		case name == "event":
			b.name = string(value)
		case name == "id":
			b.id = string(value)
		case name == "data":
			b.data = append(b.data, bytes.Clone(value))
		}
	}
}

// A Copy keeps a record that comes as a stream: each entry is proven to be in a tree the log signed before it is kept, and
// each tree to continue the last. It decides nothing again: that is for who does not trust the log (doc/trust.md). One
// goroutine uses it.
type Copy struct {
	engine record.Engine
	log    *record.Verifier
	tree   tlog.HashReader // of what is kept, all of it

	edge    record.Edge
	head    record.Checkpoint // newest the log signed whose entries are all kept
	claimed record.Checkpoint // newest of this stream
	noted   []byte            // this as it came, with whatever signatures
}

// OpenCopy is a copy that goes on behind what an engine keeps. tree has its hashes whenever Take is called.
func OpenCopy(ctx context.Context, engine record.Engine, log *record.Verifier, tree tlog.HashReader) (*Copy, error) {
	c := &Copy{engine: engine, log: log, tree: tree}
	head, err := engine.Head(ctx)
	if err != nil {
		return nil, err
	}
	if head.Size > 0 && head.Origin != log.Name() {
		return nil, fmt.Errorf("the copy here is of %s, not of %s", head.Origin, log.Name())
	}
	for stored, err := range engine.Read(ctx, 0) {
		if err != nil {
			return nil, fmt.Errorf("the copy that is kept here: %w", err)
		}
		c.edge.Append(tlog.RecordHash(stored.Bytes))
	}
	if c.edge.Size() != head.Size || head.Size > 0 && c.edge.Root() != head.Root {
		return nil, errors.New("the copy that is kept here is damaged: its entries do not make the tree of its checkpoint; remove it, it comes again")
	}
	if signed, err := record.OpenCheckpoint(head.Note, log); err == nil {
		c.head = signed
	}
	return c, nil
}

// Size is how many entries are kept.
func (c *Copy) Size() int64 { return c.edge.Size() }

// Whole reports whether what is kept is what the log signed last: then it can be given on.
func (c *Copy) Whole() bool { return c.head.Size == c.edge.Size() && c.head.Size > 0 }

// Behind reports whether the source has fewer entries than are kept: it lags, and nobody is accused.
func (c *Copy) Behind() bool { return c.claimed.Size > 0 && c.claimed.Size < c.edge.Size() }

// Claimed is how many entries the source says there are, as the log signed; 0: it has not said.
func (c *Copy) Claimed() int64 { return c.claimed.Size }

// Noted is the checkpoint that came last, with whatever signatures it has; nil: none came.
func (c *Copy) Noted() []byte { return c.noted }

// Begin says that another stream begins.
func (c *Copy) Begin() { c.claimed, c.noted = record.Checkpoint{}, nil }

// Take verifies and keeps what came, in one go: of several checkpoints the signature of the last is checked. Nothing is kept of what is
// refused.
func (c *Copy) Take(ctx context.Context, events []Event) error {
	var lines [][]byte
	var proof []tlog.Hash
	var cover, newest []byte // the checkpoint of the last entries, and the last
	size, claimed := c.edge.Size(), c.claimed
	for _, e := range events {
		if e.Checkpoint != nil {
			head, err := record.ReadCheckpoint(e.Checkpoint)
			if err == nil {
				err = continues(claimed, head)
			} else {
				err = fmt.Errorf("%w: %w", ErrNotSigned, err)
			}
			if err != nil {
				return err
			}
			newest, claimed = e.Checkpoint, head
		}
		if e.Entries == nil {
			continue
		}
		if e.Size-int64(len(e.Entries)) != size {
			return fmt.Errorf("%w: entries that end at %d came behind %d", ErrMalformed, e.Size, size)
		}
		lines, size, proof, cover = append(lines, e.Entries...), e.Size, e.Proof, newest
	}
	if cover != nil {
		if err := c.admit(cover); err != nil {
			return err
		}
	}
	if len(lines) > 0 {
		if err := c.keep(ctx, lines, proof); err != nil {
			return err
		}
	}
	if newest != nil && !bytes.Equal(newest, cover) {
		if err := c.admit(newest); err != nil {
			return err
		}
	}
	if c.claimed.Size != c.edge.Size() || c.head.Size == c.claimed.Size || c.claimed.Size == 0 {
		return nil
	}
	if c.head = c.claimed; len(lines) == 0 { // it was kept while the log had signed no such size
		return c.engine.Cosign(ctx, c.head)
	}
	return nil
}

// admit takes up a checkpoint, as signed by the log alone. Its signature is verified once.
func (c *Copy) admit(signed []byte) error {
	n, err := note.Open(signed, note.VerifierList(c.log))
	var head record.Checkpoint
	if err == nil {
		head, err = record.ParseCheckpoint(n.Text)
	}
	switch {
	case err != nil:
	case head.Origin != c.log.Name():
		err = fmt.Errorf("it is of %s, not of %s", head.Origin, c.log.Name())
	case head.Size < 1:
		err = errors.New("a checkpoint of nothing")
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotSigned, err)
	}
	if head.Size <= c.edge.Size() {
		root := c.edge.Root()
		if head.Size < c.edge.Size() {
			if root, err = tlog.TreeHash(head.Size, c.tree); err != nil {
				return err
			}
		}
		if root != head.Root {
			return fmt.Errorf("%w: the log signed root %s of %d entries, and those kept here have %s", ErrOtherTree, head.Root, head.Size, root)
		}
	}
	if head.Note, err = note.Sign(&note.Note{Text: n.Text, Sigs: n.Sigs}); err != nil {
		return err
	}
	c.claimed, c.noted = head, signed
	return nil
}

// continues reports what is wrong with a checkpoint behind another of the same stream.
func continues(before, head record.Checkpoint) error {
	switch {
	case head.Size < before.Size:
		return fmt.Errorf("%w: a checkpoint of %d entries behind one of %d", ErrWentBack, head.Size, before.Size)
	case head.Size == before.Size && head.Root != before.Root:
		return fmt.Errorf("%w: two trees of %d entries, %s and %s", ErrOtherTree, head.Size, before.Root, head.Root)
	}
	return nil
}

// keep makes entries durable that are proven to be in the newest checkpoint, behind those that are kept.
func (c *Copy) keep(ctx context.Context, lines [][]byte, proof []tlog.Hash) error {
	edge, g := c.edge.Clone(), record.Group{Entries: lines}
	g.Hashes = g.RecordHashes()
	for _, h := range g.Hashes {
		edge.Append(h)
	}
	head, size, root := c.claimed, edge.Size(), edge.Root()
	switch {
	case head.Size == 0:
		return fmt.Errorf("%w: entries before a checkpoint", ErrMalformed)
	case size > head.Size:
		return fmt.Errorf("%w: more entries than the checkpoint has", ErrMalformed)
	case size == head.Size && root != head.Root:
		return fmt.Errorf("%w: the log signed root %s of %d entries, and those that came make %s", ErrOtherTree, head.Root, size, root)
	case size < head.Size:
		if err := tlog.CheckTree(proof, head.Size, head.Root, size, root); err != nil {
			return fmt.Errorf("%w: the first %d entries are not proven to be in the tree of %d", ErrOtherTree, size, head.Size)
		}
	}
	_, err := c.engine.Append(ctx, c.edge.Size(), g, func(size int64, root tlog.Hash) ([]byte, error) {
		if size == head.Size {
			return head.Note, nil
		}
		return record.BetweenCheckpoints(c.log.Name(), size, root)
	})
	if err != nil {
		return err
	}
	c.edge = edge
	return nil
}
