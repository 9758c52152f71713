// Package operations is what whoever keeps a node running asks it: is it there, may it be sent people, how is it, what did
// it do. It says nothing of anybody: no name, no id of a person, no address of one is in a metric, a log line or a trace.
//
//	GET /healthz   200 while the node answers and can go on; 503 once only a restart helps
//	GET /readyz    200 while it takes acts or, where the record is written elsewhere, while readers may be sent to it; 503
//	               with a cause a line, "CAUSE: what it is, and what to do"
//	GET /metrics   in Prometheus' text format, on an address of its own
//
// A [Station] asks the node every second or two, through a [Node] of plain functions, and is told of each act; what it
// hears it says to all of the above, so that they cannot disagree.
package operations

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// A Node is what a station asks. Each function may be nil: then nothing is said of it.
type Node struct {
	Dir       string                                     // whose disk is watched
	Shown     func() (entries int64, last time.Time)     // what readers see, and the recorded time of its last entry
	Head      func(context.Context) (int64, error)       // what the engine holds, in entries
	Several   bool                                       // several machines keep the record: Head asks a majority of them
	Stopped   func(error) bool                           // whether an error of Head or of an append is one only a restart mends
	Live      func() Live                                // readers of live pages
	Sessions  func() int                                 // browsers in which somebody is signed in
	Witnessed func() (entries int64, asked bool)         // how many are witnessed as asked, and whether any witness is asked
	Held      func() (answered, needed int64, held bool) // whether nothing is written before witnesses have answered
	Source    func() Source                              // how it stands with where a copy comes from; nil: the record is written here. With it Shown is needed
}

// A Source is where the record of a copy comes from, an edge's or a follower's, as it stands with it now.
type Source struct {
	Heard    time.Time     // when the writer was last heard, by its own clock
	Silence  time.Duration // since then, by ours
	Silent   bool          // that is longer than it may be
	Refused  bool          // what comes now is not the record, and is refused
	Parted   bool          // the node and the record part: nothing more is taken
	Claimed  int64         // entries that the source says there are, as the log signed
	Verified int64         // of these, proven here; where the node decides again, decided too
	Cosigned int64         // of these, cosigned by this node; -1: it cosigns nothing
	Lots     int64         // that came and were kept, since the node began
	Refusals int64         // of what came, since then
}

// Live counts what the readers of live pages got since the node began.
type Live struct {
	Readers, Classes                   int // now
	Renderings, Frames, Bytes, Evicted int64
}

// The causes why a node is not ready.
const (
	SettingUp = "setting-up"
	Behind    = "behind"
	DiskFull  = "disk-full"
	NoEngine  = "engine-lost"
	Silent    = "witnesses-silent"
	Minority  = "no-majority"
	Unheard   = "writer-silent"
	Refused   = "source-refused"
	Parted    = "disagreement"
)

// causes are all of them, with what is said of each.
var causes = map[string]string{
	SettingUp: "no body has been founded here yet: open the address that kurultai serve printed",
	Behind:    "what readers see lacks entries that the engine holds, or the source of a copy: it is catching up; if it does not, look at the line, then restart it",
	DiskFull:  "the disk has no room for an act, or for what comes to a copy: pages are shown, acts are refused; make room, nothing need be restarted",
	NoEngine:  "a write or sync failed, so nothing more is written: look at the disk, then restart; what was acknowledged is on it",
	Minority:  "no majority of the machines that keep the record answers: pages are shown as they were, acts are refused; kurultai cluster status says which answer",
	Silent:    "nothing is written before enough witnesses have said what they have seen: reach them, or two secretaries end the wait by the act ProceedUnwitnessed",
	Unheard:   "nothing is heard of the record's writer, so what is shown may be old: reach the source, or name another; what was verified is shown, and says so",
	Refused:   "what the source sends is not the record, and is refused: the log says why; name another source, and ask whose it is",
	Parted:    "this node and the record part, so nothing more is taken or cosigned: the log says where, and evidence.jsonl in its folder convinces others",
}

const (
	// DiskAlarm is how full a disk may be, in percent.
	DiskAlarm = 90
	// noRoom is less than an act may need, in bytes.
	noRoom = 8 << 20
	// patience is how long what readers see may lack what the engine holds.
	patience = 5 * time.Second
	every    = 2 * time.Second
)

// A Station watches one node.
type Station struct {
	metrics *metrics
	disk    func(dir string) (free, size int64, err error)

	mu       sync.Mutex
	node     Node
	settling bool // it is being set up
	noticed  notice
}

// A notice is what was found when the node was last looked at.
type notice struct {
	free, size    int64 // of the disk, in bytes; size 0: not known
	alarm         bool
	stopped       error     // why only a restart helps
	full          bool      // the last group was refused for want of room
	behind        time.Time // since when what readers see lacks entries; zero: it does not
	apart         time.Time // since when no majority answers; zero: it does
	unwitnessed   time.Time // since when the first entry waits for its witnesses; zero: none does
	head, entries int64
	witnessed     int64
}

// New makes a station for a node that is about to be set up or opened.
func New(program string) *Station {
	s := &Station{disk: diskOf, settling: true}
	s.metrics = newMetrics(s, program)
	return s
}

// Open says what is asked from here on.
func (s *Station) Open(n Node) {
	s.mu.Lock()
	s.node, s.settling, s.noticed = n, false, notice{}
	s.mu.Unlock()
	s.look(context.Background(), time.Now())
}

// SetUp watches the disk of a folder in which a body is being set up.
func (s *Station) SetUp(dir string) {
	s.mu.Lock()
	s.node, s.settling = Node{Dir: dir}, true
	s.mu.Unlock()
	s.look(context.Background(), time.Now())
}

// Watch looks at the node until ctx ends.
func (s *Station) Watch(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			s.look(ctx, now)
		case <-ctx.Done():
			return
		}
	}
}

// look asks the node how it is.
func (s *Station) look(ctx context.Context, now time.Time) {
	s.mu.Lock()
	n, was := s.node, s.noticed
	s.mu.Unlock()
	is := was
	if free, size, err := s.disk(n.Dir); err == nil {
		is.free, is.size = free, size
		is.alarm = used(free, size) >= DiskAlarm
	}
	if n.Shown != nil {
		is.entries, _ = n.Shown()
	}
	if n.Head != nil {
		asked, stop := context.WithTimeout(ctx, every)
		head, err := n.Head(asked)
		stop()
		is.apart = since(is.apart, n.Several && err != nil, now)
		if err == nil {
			is.head = head
			if n.Source != nil {
				is.head = max(head, n.Source().Claimed)
			}
		} else if ctx.Err() == nil {
			is.stopped = s.fatal(n, err, is.stopped)
		}
		is.behind = since(is.behind, is.head > is.entries, now)
	}
	if n.Witnessed != nil {
		entries, asked := n.Witnessed()
		if is.witnessed != entries {
			is.unwitnessed = time.Time{} // the one that waited has been witnessed; the next waits from here on
		}
		is.witnessed = entries
		is.unwitnessed = since(is.unwitnessed, asked && entries < is.entries, now)
	}
	s.mu.Lock()
	is.full, is.stopped = s.noticed.full, first(is.stopped, s.noticed.stopped)
	s.noticed = is
	s.mu.Unlock()
	if is.alarm != was.alarm {
		if is.alarm {
			slog.Warn("the disk is almost full", "usedPercent", used(is.free, is.size), "freeBytes", is.free)
		} else {
			slog.Info("the disk has room again", "usedPercent", used(is.free, is.size), "freeBytes", is.free)
		}
	}
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Station) fatal(n Node, err, before error) error {
	if n.Stopped != nil && n.Stopped(err) {
		return err
	}
	return before
}

// since is from when on something is so.
func since(before time.Time, so bool, now time.Time) time.Time {
	switch {
	case !so:
		return time.Time{}
	case before.IsZero():
		return now
	}
	return before
}

// used is how full a disk is, in percent, of what may be used without being root.
func used(free, size int64) int {
	if size <= 0 {
		return 0
	}
	return int((size - free) * 100 / size)
}

// diskOf asks the file system of a folder.
func diskOf(dir string) (free, size int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	free = int64(st.Bavail) * int64(st.Bsize)
	return free, int64(st.Blocks-st.Bfree)*int64(st.Bsize) + free, nil
}

// Disk is how full the disk is, in percent, and whether that is too full.
func (s *Station) Disk() (percent int, alarm bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return used(s.noticed.free, s.noticed.size), s.noticed.alarm
}

// A Round is what became of a group of acts.
type Round struct {
	Acts                              []Act
	Entries                           int
	Began, Decided, Appended, Settled time.Time
	Err                               error // why nothing was appended
	Full                              bool  // for want of room
}

// An Act has been answered.
type Act struct {
	Ctx     context.Context
	Name    string // of the catalogue, or "unknown"
	Outcome string // taken, again, refused, failed
	Code    string // why it was refused
	Index   int64
	Came    time.Time
}

// Heard is told of each group.
func (s *Station) Heard(r Round) {
	s.mu.Lock()
	if r.Err != nil {
		s.noticed.stopped = s.fatal(s.node, r.Err, s.noticed.stopped)
	}
	if r.Full || r.Err == nil && r.Entries > 0 {
		s.noticed.full = r.Full
	}
	s.mu.Unlock()
	s.metrics.heard(r)
}

// NotReady lists why the node takes no acts now or, where the record is written elsewhere, why readers are better sent to
// another, by cause; none: it does, or they may come.
func (s *Station) NotReady() (list []string) {
	s.mu.Lock()
	n, is, settling := s.node, s.noticed, s.settling
	s.mu.Unlock()
	add := func(cause string, so bool) {
		if so {
			list = append(list, cause)
		}
	}
	add(SettingUp, settling)
	add(NoEngine, is.stopped != nil)
	add(DiskFull, is.full || is.size > 0 && is.free < noRoom)
	add(Minority, !is.apart.IsZero() && time.Since(is.apart) > patience)
	late := !is.behind.IsZero() && time.Since(is.behind) > patience
	if n.Source != nil {
		of := n.Source()
		shown, _ := n.Shown()
		late = late || shown == 0 // nothing has come yet
		add(Unheard, of.Silent)
		add(Refused, of.Refused)
		add(Parted, of.Parted)
	}
	add(Behind, late)
	if n.Held != nil {
		_, _, held := n.Held()
		add(Silent, held)
	}
	return list
}

// Live reports whether the node can go on without being restarted.
func (s *Station) Live() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.noticed.stopped == nil
}

// With answers /healthz and /readyz before all else.
func (s *Station) With(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
			if !s.Live() {
				answer(w, http.StatusServiceUnavailable, NoEngine+": "+causes[NoEngine]+"\n")
				return
			}
			answer(w, http.StatusOK, "ok\n")
		case "/readyz":
			why := s.NotReady()
			if len(why) == 0 {
				answer(w, http.StatusOK, "ok\n")
				return
			}
			text := ""
			for _, cause := range why {
				text += fmt.Sprintf("%s: %s%s\n", cause, causes[cause], s.heardLast(cause))
			}
			answer(w, http.StatusServiceUnavailable, text)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// heardLast says when the writer was heard last, where it is not heard.
func (s *Station) heardLast(cause string) string {
	s.mu.Lock()
	n := s.node
	s.mu.Unlock()
	if cause != Unheard || n.Source == nil {
		return ""
	}
	return "; last heard at " + n.Source().Heard.UTC().Format(time.RFC3339)
}

func answer(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprint(w, text)
}
