package faults

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
	"kurultai/record/recordtest"
	"kurultai/record/tiles"
)

// A reader follows the record at one of several addresses. When that one ends, fails or says nothing for long, it goes on at
// the next, with the index that it has seen, as browsers and edges do (Last-Event-ID). Half of them read the stream of
// entries, which brings each index; half a page that renews itself, which brings the newest.
type reader struct {
	at    []string // addresses, the first one first
	pages bool

	mu sync.Mutex // guards what follows
	heard
	news []time.Time // when it saw something new
}

// heard is what a reader has seen.
type heard struct {
	size   int64       // of the record
	edge   record.Edge // of the entries that came
	astray int         // times that something else came than what follows
	notes  [][]byte    // the checkpoints that came
	page   string      // the main part of the newest
	moves  int         // times it went to another address
}

const (
	// entriesPatience is how long a stream of entries may be silent, which gives a sign each five seconds.
	entriesPatience = 12 * time.Second
	// pagePatience is the same of a page, which gives a sign each 25 seconds.
	pagePatience = 40 * time.Second
)

// newReaders are readers at the edges, each beginning at another, and one who reads a page at the nodes.
func newReaders(q *quorum) (list []*reader) {
	var edges, nodes []string
	for _, e := range q.edges {
		edges = append(edges, "http://"+e.at+PagesPort)
	}
	for _, n := range q.nodes {
		nodes = append(nodes, "http://"+n.at+PagesPort)
	}
	for i := range edges {
		at := slices.Concat(edges[i:], edges[:i])
		list = append(list, &reader{at: at}, &reader{at: at, pages: true})
	}
	return append(list, &reader{at: nodes, pages: true})
}

// read reads until ctx ends.
func (r *reader) read(ctx context.Context) {
	for i := 0; ctx.Err() == nil; i++ {
		if r.follow(ctx, r.at[i%len(r.at)]) {
			r.mu.Lock()
			r.moves++
			r.mu.Unlock()
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// unending asks for streams, each over a connection of its own.
var unending = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true, ResponseHeaderTimeout: 5 * time.Second}}

// follow reads at one address until it ends, and reports whether it answered. Why it ended does not matter: the next is asked.
func (r *reader) follow(ctx context.Context, at string) bool {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	patience, path := entriesPatience, "/log"
	if r.pages {
		patience, path = pagePatience, "/en/record/live"
	}
	silent := time.AfterFunc(patience, stop)
	defer silent.Stop()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, at+path, nil)
	if err != nil {
		return false
	}
	q.Header.Set("Last-Event-ID", fmt.Sprint(r.seen()))
	answer, err := unending.Do(q)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return false
	}
	body := tiles.Signs{Reader: answer.Body, Of: func() { silent.Reset(patience) }}
	if r.pages {
		r.renewals(body)
		return true
	}
	for event, err := range tiles.Events(body) {
		if err != nil {
			break
		}
		r.take(event)
	}
	return true
}

func (r *reader) seen() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.size
}

// take takes entries, which follow those that came before, or a checkpoint.
func (r *reader) take(e tiles.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Checkpoint != nil {
		r.notes = append(r.notes, e.Checkpoint)
	}
	if len(e.Entries) == 0 {
		return
	}
	if e.Size-int64(len(e.Entries)) != r.size {
		r.astray++
	}
	for _, b := range e.Entries {
		r.edge.Append(tlog.RecordHash(b))
	}
	r.size, r.news = e.Size, append(r.news, time.Now())
}

// renewals reads the page each time it comes (HTML Living Standard 9.2), until the stream ends.
func (r *reader) renewals(body io.Reader) {
	in := bufio.NewReader(body)
	page, id := "", int64(-1)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSuffix(line, "\n")
		field, value, _ := strings.Cut(line, ": ")
		switch {
		case field == "id":
			if id, err = strconv.ParseInt(value, 10, 64); err != nil {
				return
			}
		case field == "data":
			page += value + "\n"
		case line == "":
			if id >= 0 {
				r.renew(id, page)
			}
			page, id = "", -1
		}
	}
}

// renew takes a page as of a size. It may be the one before, where its edge has more to say of it.
func (r *reader) renew(size int64, page string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if size < r.size {
		r.astray++
	}
	if size != r.size {
		r.news = append(r.news, time.Now())
	}
	r.size = size
	if _, main, ok := strings.Cut(page, "<main "); ok { // before it an edge says whose edge it is
		r.page = main
	}
}

// lastNews is when a reader saw something new last.
func (r *reader) lastNews() (last time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.news); n > 0 {
		last = r.news[n-1]
	}
	return last
}

// apart says of readers, by their place in the list, what keeps them from having seen the record of a size and root, each
// index once and in order, and from ending with the page with which most of them end.
func apart(list []heard, pages []bool, size int64, root tlog.Hash) map[int]string {
	count, last := map[string]int{}, ""
	for i, h := range list {
		if pages[i] {
			if count[h.page]++; count[h.page] > count[last] {
				last = h.page
			}
		}
	}
	why := map[int]string{}
	for i, h := range list {
		switch {
		case h.astray > 0:
			why[i] = fmt.Sprintf("%d times something else came than what follows", h.astray)
		case h.size != size || !pages[i] && h.edge.Size() != size:
			why[i] = fmt.Sprintf("it ends with %d entries of %d", h.size, size)
		case !pages[i] && h.edge.Root() != root:
			why[i] = "its entries are of another tree"
		case pages[i] && (h.page != last || h.page == ""):
			why[i] = "it ends with another page: " + firstDifference(h.page, last)
		}
	}
	return why
}

// firstDifference is the first line of a text that is not at its place in another.
func firstDifference(text, other string) string {
	lines := strings.Split(other, "\n")
	for i, line := range strings.Split(text, "\n") {
		if i >= len(lines) {
			return fmt.Sprintf("%.200q more", line)
		}
		if line != lines[i] {
			at := 0
			for at < min(len(line), len(lines[i])) && line[at] == lines[i][at] {
				at++
			}
			at = max(0, at-40)
			return fmt.Sprintf("%.200q where others have %.200q", line[at:], lines[i][at:])
		}
	}
	return "it ends sooner"
}

// watch starts the edges and their readers, until the function that is returned is called.
func (t *trial) watch() (func(), error) {
	for _, e := range t.q.edges {
		if err := t.q.startEdge(e); err != nil {
			return func() {}, err
		}
	}
	if t.Serves == nil {
		return func() {}, nil
	}
	for _, e := range t.q.edges { // else all readers begin at the first that is there
		if err := t.retried(func() error { _, err := t.edgeHas(e); return err }); err != nil {
			return func() {}, fmt.Errorf("%s does not come up: %w", e.name, err)
		}
	}
	t.readers = newReaders(t.q)
	ctx, stop := context.WithCancel(t.ctx)
	var reading sync.WaitGroup
	for _, r := range t.readers {
		reading.Go(func() { r.read(ctx) })
	}
	return func() { stop(); reading.Wait() }, nil
}

// told waits until each reader has seen something that came after a moment.
func (t *trial) told(since time.Time, limit time.Duration) error {
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		i := slices.IndexFunc(t.readers, func(r *reader) bool { return !r.lastNews().After(since) })
		if i < 0 {
			return nil
		}
		if time.Now().After(end) || t.ctx.Err() != nil {
			return fmt.Errorf("reader %d, at %s first, sees nothing new for %v; it has %d entries", i, t.readers[i].at[0], limit, t.readers[i].seen())
		}
	}
}

// blind is the longest time since a moment in which some reader saw nothing new.
func (t *trial) blind(since time.Time) (longest time.Duration) {
	for _, r := range t.readers {
		r.mu.Lock()
		longest = max(longest, longestGap(r.news, since))
		r.mu.Unlock()
	}
	return longest
}

// longestGap is the longest time between two of a list of moments, from a moment on.
func longestGap(moments []time.Time, since time.Time) (longest time.Duration) {
	for _, at := range moments {
		if at.After(since) {
			longest, since = max(longest, at.Sub(since)), at
		}
	}
	return longest
}

// level waits until edges and readers have all that the nodes have.
func (t *trial) level(limit time.Duration) error {
	if len(t.q.edges) == 0 {
		return nil
	}
	size, err := t.size(t.q.nodes[0])
	if err != nil {
		return err
	}
	for end := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		behind := ""
		for _, e := range t.q.edges {
			if c, err := t.edgeHas(e); err != nil || c.Size != size {
				behind = fmt.Sprintf("%s has %d entries, %v", e.name, c.Size, err)
			}
		}
		for i, r := range t.readers {
			if r.seen() != size {
				behind = fmt.Sprintf("reader %d has %d", i, r.seen())
			}
		}
		if behind == "" || t.ctx.Err() != nil {
			return t.ctx.Err()
		}
		if time.Now().After(end) { // it is found to be apart
			fmt.Fprintf(t.Talk, "of %d entries %s\n", size, behind)
			return nil
		}
	}
}

// edgeHas is the checkpoint that an edge gives.
func (t *trial) edgeHas(e *edge) (c record.Checkpoint, err error) {
	answer, err := t.client.Get("http://" + e.at + PagesPort + "/checkpoint")
	if err != nil {
		return c, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil || answer.StatusCode != http.StatusOK {
		return c, errors.Join(err, errors.New(answer.Status))
	}
	return record.OpenCheckpoint(b, logKey())
}

// edgeTrees stops the edges, and reads the tree that each has given out, and the one that it keeps.
func (t *trial) edgeTrees() (list []treeOf, err error) {
	for _, e := range t.q.edges {
		given, err := t.edgeHas(e)
		if err != nil {
			return nil, fmt.Errorf("asking %s: %w", e.name, err)
		}
		list = append(list, treeOf{given.Size, given.Root})
	}
	for _, e := range t.q.edges {
		e.signal(syscall.SIGTERM)
		<-e.ended
		c, err := readCopy(e.dir)
		if err != nil {
			return nil, fmt.Errorf("the copy of %s: %w", e.name, err)
		}
		root, err := tlog.TreeHash(c.tree.Size(), &c.tree)
		if err != nil {
			return nil, err
		}
		list = append(list, treeOf{c.tree.Size(), root})
	}
	return list, nil
}

// treeOf says which tree a record has.
type treeOf struct {
	size int64
	root tlog.Hash
}

// logKey is the key under which the record that is broken is signed.
func logKey() *record.Verifier {
	key, err := record.ParseVerifier(recordtest.Key().Verifier())
	if err != nil {
		panic(err) // it is made of constants
	}
	return key
}

// breakEdge does a fault to an edge, holds it, and mends it.
func (t *trial) breakEdge(what string, e *edge, hold time.Duration) error {
	switch what {
	case "kill":
		e.kill()
		time.Sleep(hold)
		if t.chance.IntN(2) == 0 { // it comes back with nothing
			if err := os.RemoveAll(e.dir); err != nil {
				return err
			}
		}
		return t.q.startEdge(e)
	case "cut":
		var all []string
		for _, n := range t.q.nodes {
			all = append(all, n.at)
		}
		for _, o := range t.q.edges {
			if o != e {
				all = append(all, o.at)
			}
		}
		err := e.cut(100, append(all, bridgeAddress)...)
		time.Sleep(hold)
		return errors.Join(err, e.heal())
	default:
		return fmt.Errorf("no fault of an edge is called %q", what)
	}
}
