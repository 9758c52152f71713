package main

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"kurultai/record/sqlite"
	"kurultai/secretariat"
	"kurultai/witness"
)

func erasedPath(dir string) string { return filepath.Join(dir, "erased.jsonl") }

// openErasures reads what nodes said of what they destroyed.
func (h *house) openErasures() error {
	kept, err := os.ReadFile(erasedPath(h.dir))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	h.erased = witness.OpenErasures(h.log.Origin(), kept, func(b []byte) error {
		if err := sqlite.Replace(erasedPath(h.dir), b); err != nil {
			return err
		}
		h.marks.Touch() // pages show it
		return nil
	})
	return nil
}

// withDoor serves to nodes what their parties may read, beside the pages.
func withDoor(pages http.Handler, h *house) http.Handler {
	door := witness.NewDoor(func() witness.Behind { return h.s.View() }, h.reachedAs, h.erased, time.Now)
	return behind(door, pages)
}

// behind serves what nodes ask at a door, and pages to the others.
func behind(door, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if witness.ServesNode(r.URL.Path) {
			door.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// reachedAs lists the addresses under which a request may have meant to reach this record: those it names, and on this
// machine itself the one that stands in the request.
func (h *house) reachedAs(r *http.Request) []string {
	return append(slices.Clone(h.s.View().State().SignInAt().Origins), loopback(r)...)
}

// loopback is the address of a request that came from this machine to itself, as it stands there.
func loopback(r *http.Request) []string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err == nil && from.Addr().IsLoopback() && isLoopbackHost(r.Host) && r.Header.Get("X-Forwarded-For") == "" {
		return []string{"http://" + r.Host}
	}
	return nil
}

// isLoopbackHost reports whether a host, perhaps with a port, is this machine itself.
func isLoopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

var _ witness.Behind = (*secretariat.View)(nil)
