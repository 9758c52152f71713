package main

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"kurultai/language"
	"kurultai/measure"
	"kurultai/web/live"
)

// How large an assembly is in which each delegation reads in each language something of its own.
const (
	hallDelegations = 193
	hallPersons     = 2000 // signed in; further readers are the public
	hallEvents      = 20
	hallNamed       = 2 // persons an event names
)

// place is the address of reader n of an assembly: its delegation and language, and its person where it has one.
func place(n int) string {
	if n >= hallPersons {
		return fmt.Sprintf("/hall/public/%d", n%9)
	}
	class := n % (hallDelegations * 9)
	return fmt.Sprintf("/hall/%d/%d?person=p%d", class/9, class%9, n)
}

// hall is what the frames of an assembly are made of. The row an event changes is rendered once a language; a
// delegation's frame adds a line of its own.
type hall struct {
	mu     sync.Mutex
	size   int64     // index of rows
	rows   [9][]byte // by language; nil: not rendered yet
	cpu    atomic.Int64
	public atomic.Int64 // rows rendered
}

var hallRow = template.Must(template.New("row").Parse(`<li id="speaker-{{.ID}}" data-at="{{.ID}}"><b>{{.Title}}</b> <span class="limit">{{.Limit}}</span><p class="small quiet">{{.Text}}</p></li>`))

// row is the event at an index in a language.
func (h *hall) row(index int64, tongue int) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.size != index {
		h.size, h.rows = index, [9][]byte{}
	}
	if h.rows[tongue] == nil {
		var out bytes.Buffer
		out.WriteString("data: ")
		l := language.All()[tongue]
		err := hallRow.Execute(&out, map[string]any{"ID": index, "Title": l.Say("page.speaks"), "Limit": "03:00", "Text": strings.Repeat("x", 300)})
		if err != nil {
			return nil, err
		}
		h.public.Add(1)
		h.rows[tongue] = out.Bytes()
	}
	return h.rows[tongue], nil
}

// seat streams to a reader of the assembly. What rendering costs is counted by its thread's clock.
func (b *fanout) seat(w http.ResponseWriter, r *http.Request) {
	delegation, tongue, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/hall/"), "/")
	n, err := strconv.Atoi(tongue)
	if err != nil || n < 0 || n > 8 {
		http.NotFound(w, r)
		return
	}
	b.hub.Serve(w, r, live.Class{Key: r.URL.Path, Render: func(int64) (live.Frame, error) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		start := threadTime()
		index := b.size.Load()
		row, err := b.hall.row(index, n)
		event := make([]byte, 0, len(row)+64)
		event = append(append(event, row...), "<p class=\"own\">"...)
		event = append(append(event, delegation...), "</p>\n\n"...)
		b.hall.cpu.Add(threadTime() - start)
		return live.Frame{ID: index, Whole: true, Events: [][]byte{event}}, err
	}}, live.Person{ID: r.URL.Query().Get("person")})
}

// threadTime is the processor time of this thread in nanoseconds.
func threadTime() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err) // its arguments are ours
	}
	return t.Nano()
}

// assembly sends events to an assembly of many classes.
func (b *fanout) assembly() (*figures, error) {
	b.publish(true, smallEvent)
	places := make([]string, b.clients)
	for n := range places {
		places[n] = place(n)
	}
	r, err := b.load.Tell(measure.Order{Connect: b.address(true), Clients: b.clients, Paths: places, ID: b.size.Load()})
	if err != nil {
		return nil, err
	}
	b.lost += int64(b.clients - r.Reached)
	classes := b.hub.Stats().Classes
	var cpus, shares, renderings, lasts []float64
	for i := range hallEvents {
		time.Sleep(fanoutGap)
		start, used, made, before := measure.Monotonic(), processor(), b.hall.cpu.Load(), b.hub.Stats().Renderings
		id := b.publish(true, smallEvent)
		for n := range hallNamed {
			b.hub.Tell(fmt.Sprint("p", (i*hallNamed+n)%hallPersons), []byte("event: me\ndata: you are named\n\n"))
		}
		r, err := b.load.Tell(measure.Order{ID: id})
		if err != nil {
			return nil, err
		}
		b.lost += int64(b.clients - r.Reached)
		all, rendering := processor()-used, float64(b.hall.cpu.Load()-made)/1e9
		cpus = append(cpus, all/float64(b.clients))
		shares = append(shares, rendering/(all-rendering))
		renderings = append(renderings, float64(b.hub.Stats().Renderings-before))
		lasts = append(lasts, float64(r.Last-start)/1e9)
	}
	f := &figures{what: "fanout-classes"}
	f.add("renderings", median(renderings), "", "renderings an event").atMost(float64(classes + hallNamed + 1))
	f.add("rendering_ratio", median(shares), "", "processor of rendering beside that of sending").atMost(0.05)
	f.add("classes", float64(classes), "", "with readers")
	f.add("clients", float64(b.clients), "", fmt.Sprintf("readers, in another process; %d of them persons", min(hallPersons, b.clients)))
	f.add("named", hallNamed, "", "persons an event names, each told alone")
	f.add("rows", float64(b.hall.public.Load())/(hallEvents+1), "", "rows rendered an event, one a language")
	f.add("delivery_us", median(cpus)*1e6, "us", "processor a delivery")
	f.add("last_s", median(lasts), "s", "until the last reader has an event")
	f.add("lost", float64(b.lost), "events", "deliveries that did not come").atMost(0)
	f.add("events", hallEvents, "", "the median of these counts")
	return f, nil
}
