package browser_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"kurultai/web"
	"kurultai/web/live"
)

// A page that is read on an edge goes on at another when the edge is gone, by the browser's own means: each index once.
// What an edge says of its source stands on the open page as soon as it is so, and goes away with it.
func TestAPageGoesOnAtAnotherEdge(t *testing.T) {
	h := start(t)
	var silent atomic.Bool
	var touched atomic.Int64
	var mu sync.Mutex
	more := make(chan struct{})
	touch := func(to bool) {
		silent.Store(to)
		touched.Add(1)
		mu.Lock()
		defer mu.Unlock()
		close(more)
		more = make(chan struct{})
	}
	wait := func(ctx context.Context, seen int64) error {
		for {
			mu.Lock()
			next := more
			mu.Unlock()
			if touched.Load() > seen {
				return nil
			}
			select {
			case <-next:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	var edges []*httptest.Server
	var hubs []*live.Hub
	for range 2 {
		hub := live.New(live.Config{Behind: true})
		o := web.Options{Live: hub, Marked: touched.Load, WaitMarked: wait, Node: &web.Node{Edge: true, From: h.origin}, Hearing: func() web.Hearing {
			return web.Hearing{Silent: silent.Load(), Since: h.s.View().State().Last}
		}}
		edges, hubs = append(edges, httptest.NewServer(web.New(reading{h.s}, o))), append(hubs, hub)
	}
	var to atomic.Pointer[url.URL]
	lead := func(i int) {
		u, err := url.Parse(edges[i].URL)
		if err != nil {
			t.Fatal(err)
		}
		to.Store(u)
	}
	lead(0)
	public := httptest.NewServer(&httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to.Load()) }})
	t.Cleanup(sync.OnceFunc(func() {
		for i, e := range edges {
			hubs[i].Close()
			e.CloseClientConnections()
			e.Close()
		}
		public.CloseClientConnections()
		public.Close()
	}))
	b := person(t, "ERR_", "Failed to load")
	b.visit(public.URL + "/en/record")
	run[any](b, `window.sizes = []; document.addEventListener("renewed", () => sizes.push(+document.getElementById("main").dataset.size)); null`)
	renewed(t, h, b)
	for i := range 4 {
		lead((i + 1) % 2)
		public.CloseClientConnections()
		renewed(t, h, b)
	}
	if hubs[1].Stats().Frames == 0 {
		t.Error("nothing came from the other edge")
	}
	last := 0
	for _, size := range run[[]int](b, `sizes`) {
		if size <= last {
			t.Errorf("the page showed %d entries after %d", size, last)
		}
		last = size
	}
	if want := int(h.s.View().State().Size); last != want {
		t.Errorf("the page ends with %d entries of %d", last, want)
	}
	touch(true)
	at := h.s.View().State().Last.String()
	b.until(fmt.Sprintf(`document.getElementById("edge").textContent.includes(%s)`, strconv.Quote("since "+at[:10]+" "+at[11:19])))
	touch(false)
	b.until(`!document.getElementById("edge").textContent.includes("Nothing has been heard")`)
}
