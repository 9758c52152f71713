package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/web"
)

const (
	edgesWarm   = 3 * time.Second
	edgesLast   = 15 * time.Second
	edgesMemory = 128 << 20 // bytes that an edge of a process of its own is reckoned at
	edgesPage   = "/en/meetings/ix/wall/live"
)

// benchEdges has acts come at a rate while a reader at each of so many edges, and as many readers at the node that writes,
// are sent the wall of a meeting anew: how long from an act acknowledged to the page at the reader.
func benchEdges(ctx context.Context, edges, rate int, talk io.Writer) (*figures, error) {
	return benchEdgesFor(ctx, edges, rate, edgesWarm, edgesLast, memoryAvailable() > int64(edges)*edgesMemory*3/2, talk)
}

// benchEdgesFor measures for a while; own says whether each edge is a process of its own.
func benchEdgesFor(ctx context.Context, edges, rate int, warm, last time.Duration, own bool, talk io.Writer) (*figures, error) {
	if edges < 1 || rate < 1 {
		return nil, errUsage{"-edges and -rate are numbers above 0"}
	}
	dir, err := os.MkdirTemp("", "kurultai-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	data := filepath.Join(dir, "T")
	if code := run(ctx, streams{io.Discard, talk}, []string{"demo", "-story", "training", "-pace", "0", "-once", "-addr", "localhost:0", "-data", data}); code != 0 {
		return nil, fmt.Errorf("the training body could not be played")
	}
	h, err := openUnwatched(ctx, data)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	core, err := startSite(ctx, streams{io.Discard, io.Discard}, h, "localhost:0", web.Options{})
	if err != nil {
		return nil, err
	}
	defer core.stop()
	b := &edgesBench{h: h, acked: map[int64]time.Time{}}
	ctx, end := context.WithCancel(ctx)
	defer func() {
		end()
		for _, cmd := range b.running {
			cmd.Wait()
		}
		b.all.Wait()
	}()
	urls, err := b.start(ctx, dir, core.url, edges, own)
	if err != nil {
		return nil, err
	}
	for _, url := range urls {
		b.read(ctx, url, &b.atEdges)
		b.read(ctx, core.url, &b.atCore)
	}
	if err := b.reached(ctx); err != nil {
		return nil, err
	}
	if _, err := b.load(ctx, rate, warm); err != nil {
		return nil, err
	}
	if err := b.reached(ctx); err != nil {
		return nil, err
	}
	for _, r := range b.readers {
		r.mu.Lock()
		r.took = nil
		r.mu.Unlock()
	}
	used, theirs, start := processor(), b.theirs(), time.Now()
	acts, err := b.load(ctx, rate, last)
	took := seconds(start)
	if err == nil {
		err = b.reached(ctx)
	}
	if err != nil {
		return nil, err
	}
	used, theirs = processor()-used, b.theirs()-theirs
	var lost int64
	collect := func(list []*edgeReader) (all []float64) {
		for _, r := range list {
			r.mu.Lock()
			all, lost = append(all, r.took...), lost+acts-int64(len(r.took))
			r.mu.Unlock()
		}
		slices.Sort(all)
		return all
	}
	at, beside := collect(b.atEdges), collect(b.atCore)
	of := func(list []float64, share float64) float64 { return 1000 * list[int(float64(len(list)-1)*share)] }
	where := map[bool]string{true: "each a process of its own", false: "all in this process, for want of memory"}[own]
	f := &figures{what: "edges"}
	f.add("ratio", of(at, 0.99)/of(beside, 0.99), "", "the 99th of a hundred at the edges beside those at the core, in the same run")
	f.add("edge_p99_ms", of(at, 0.99), "ms", fmt.Sprintf("from an act acknowledged to the page renewed at a reader on one of %d edges, %s", edges, where)).atMost(100)
	f.add("edge_p50_ms", of(at, 0.5), "ms", "the median of these")
	f.add("edge_max_ms", of(at, 1), "ms", "the slowest")
	f.add("core_p99_ms", of(beside, 0.99), "ms", "the same to as many readers at the node that writes")
	f.add("core_p50_ms", of(beside, 0.5), "ms", "the median of these")
	f.add("lost", float64(lost), "", "acts that a reader's page did not come to show").atMost(0)
	f.add("rate", float64(acts)/took, "1/s", fmt.Sprintf("acts that were acknowledged, of %d asked for", rate)).atLeast(0.95 * float64(rate))
	f.add("edges", float64(edges), "", where)
	f.add("acts", float64(acts), "", "of one officer, each an entry of its own")
	f.add("processor", used/took, "", "of this machine's processors: the core, all readers and the load"+map[bool]string{true: "", false: ", and the edges"}[own])
	if own {
		f.add("edge_act_ms", 1000*theirs/float64(edges)/float64(acts), "ms", "processor of an edge for an act")
		f.add("edges_processor", theirs/took, "", "of this machine's processors: all edges")
	}
	return f, nil
}

// edgesBench is a core with its edges and readers.
type edgesBench struct {
	h               *house
	n               atomic.Int64 // acts done
	all             sync.WaitGroup
	running         []*exec.Cmd // edges of processes of their own
	readers         []*edgeReader
	atEdges, atCore []*edgeReader

	mu    sync.Mutex // guards what follows
	acked map[int64]time.Time
}

// An edgeReader reads a page as it is renewed.
type edgeReader struct {
	mu    sync.Mutex // guards what follows
	size  int64      // of the record as the page shows it
	when  []seenAt
	took  []float64 // seconds from the acknowledgement
	fault error
}

type seenAt struct {
	size int64
	at   time.Time
}

// theirs is the time that edges of processes of their own have used, in seconds.
func (b *edgesBench) theirs() (used float64) {
	for _, cmd := range b.running {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 13 {
			continue
		}
		for _, ticks := range fields[11:13] { // utime and stime, in hundredths of a second (proc(5))
			n, _ := strconv.ParseFloat(ticks, 64)
			used += n / 100
		}
	}
	return used
}

// start starts edges and says where their pages are.
func (b *edgesBench) start(ctx context.Context, dir, from string, edges int, own bool) (urls []string, err error) {
	found := make(chan string, edges)
	if !own {
		for range edges {
			b.all.Go(func() {
				c := edgeConfig{from: from, addr: "localhost:0", key: b.h.log.Verifier()}
				if err := c.serve(ctx, streams{io.Discard, io.Discard}, func(_ *edge, s *site) { found <- s.url }); err != nil {
					found <- ""
				}
			})
		}
	} else {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		for range edges {
			cmd := exec.CommandContext(ctx, self, "edge", "-from", from, "-addr", "localhost:0", "-key", b.h.log.Verifier())
			cmd.Env = append(os.Environ(), "TMPDIR="+dir, "GOMAXPROCS=1") // as many edges on one machine are started (doc/operations.md)
			cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
			said, err := cmd.StderrPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				return nil, err
			}
			b.running = append(b.running, cmd)
			b.all.Go(func() {
				for lines := bufio.NewScanner(said); lines.Scan(); {
					if _, url, ok := strings.Cut(lines.Text(), "the page is on "); ok {
						found <- url
					}
				}
			})
		}
	}
	for range edges {
		select {
		case url := <-found:
			if url == "" {
				return nil, errors.New("an edge did not start")
			}
			urls = append(urls, url)
		case <-time.After(2 * time.Minute):
			return nil, errors.New("an edge did not start")
		}
	}
	return urls, nil
}

// read has a reader read until ctx ends.
func (b *edgesBench) read(ctx context.Context, url string, into *[]*edgeReader) {
	r := &edgeReader{}
	*into, b.readers = append(*into, r), append(b.readers, r)
	b.all.Go(func() {
		for ctx.Err() == nil {
			err := b.follow(ctx, url, r)
			r.mu.Lock()
			r.fault = err
			r.mu.Unlock()
			time.Sleep(50 * time.Millisecond)
		}
	})
}

func (b *edgesBench) follow(ctx context.Context, url string, r *edgeReader) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, url+edgesPage, nil)
	if err != nil {
		return err
	}
	q.Header.Set("Accept-Encoding", "identity")
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	in, id := bufio.NewReaderSize(answer.Body, 64<<10), int64(0)
	for whole := true; ; {
		line, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		begins := whole
		whole = err == nil
		switch {
		case !begins:
		case bytes.HasPrefix(line, []byte("id: ")):
			id, _ = strconv.ParseInt(string(bytes.TrimSpace(line[4:])), 10, 64)
		case len(line) == 1 && id > 0: // an event ends: the page is there
			b.shown(r, id, time.Now())
			id = 0
		}
	}
}

// shown says that a page shows so many entries.
func (b *edgesBench) shown(r *edgeReader, size int64, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if size > r.size {
		r.when, r.size = append(r.when, seenAt{size, at}), size
	}
}

// load does acts at a rate for a while, whether those before are answered or not, and says how many.
func (b *edgesBench) load(ctx context.Context, rate int, long time.Duration) (acts int64, err error) {
	var doing sync.WaitGroup
	var fault atomic.Pointer[error]
	officer := string(b.h.s.View().State().Holders(conference.Secretary)[0].Person)
	began, of := time.Now(), int64(long.Seconds()*float64(rate))
	for ; acts < of && ctx.Err() == nil && fault.Load() == nil; acts++ {
		time.Sleep(time.Until(began.Add(time.Duration(acts) * time.Second / time.Duration(rate))))
		doing.Go(func() {
			v, err := canonical.Parse(benchPlace(fmt.Append(nil, b.n.Add(1))))
			if err == nil {
				a := &secretariat.Act{Submitted: record.Submitted{As: string(conference.Secretary), By: officer, Name: "NamePlace", Fields: v, Key: newKey(), Origin: b.h.log.Origin()}}
				var r secretariat.Receipt
				if r, err = b.h.s.Do(ctx, a); err == nil {
					b.mu.Lock()
					b.acked[r.Index] = time.Now()
					b.mu.Unlock()
					return
				}
			}
			fault.Store(&err)
		})
	}
	doing.Wait()
	if f := fault.Load(); f != nil {
		return acts, *f
	}
	return acts, ctx.Err()
}

// reached waits until each reader's page shows all there is, and reckons how long each act took to it.
func (b *edgesBench) reached(ctx context.Context) error {
	size := b.h.s.View().State().Size
	for _, r := range b.readers {
		for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
			r.mu.Lock()
			now, fault := r.size, r.fault
			r.mu.Unlock()
			if now >= size {
				break
			}
			if time.Since(began) > time.Minute || ctx.Err() != nil {
				return fmt.Errorf("a reader's page shows %d entries of %d: %w", now, size, errors.Join(fault, ctx.Err()))
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.readers {
		r.mu.Lock()
		for index, acked := range b.acked {
			i, _ := slices.BinarySearchFunc(r.when, index+1, func(s seenAt, size int64) int { return int(s.size - size) })
			if i < len(r.when) {
				r.took = append(r.took, max(0, r.when[i].at.Sub(acked).Seconds())) // the page may be there before the answer
			}
		}
		r.when = nil
		r.mu.Unlock()
	}
	clear(b.acked)
	return nil
}
