package simulation

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
)

// A network carries requests to whoever answers under a host's name, within the process: whoever asks is the program's own
// client. It implements http.RoundTripper.
type network struct {
	mu    sync.Mutex
	hosts map[string]http.Handler
}

// serve has a handler answer under a host's name.
func (n *network) serve(host string, h http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hosts == nil {
		n.hosts = map[string]http.Handler{}
	}
	n.hosts[host] = h
}

// RoundTrip implements http.RoundTripper.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	h := n.hosts[r.URL.Host]
	n.mu.Unlock()
	if h == nil {
		return nil, fmt.Errorf("nobody is at %s", r.URL.Host)
	}
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	in.Header = r.Header.Clone()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// away answers for who is not there.
func away(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "away", http.StatusServiceUnavailable)
}
