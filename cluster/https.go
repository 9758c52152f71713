package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"kurultai/record/etcd"
)

// listen begins to serve the members' HTTPS.
func (m *Member) listen() error {
	g, err := m.openGate(2)
	if err != nil {
		return err
	}
	serve := etcd.Serve(m.copied)
	for _, pattern := range []string{"/blob", "/blob/", "/groups", "/cosigned", "/blobs"} {
		m.Handle(pattern, serve)
	}
	m.Handle("GET /cluster/own", http.HandlerFunc(m.serveOwn))
	m.Handle("GET /cluster/here", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { tell(w, struct{}{}) }))
	m.Handle("GET /cluster/status", http.HandlerFunc(m.serveStatus))
	m.Handle("POST /cluster/leave", http.HandlerFunc(m.serveLeave))
	m.mux.HandleFunc("POST /cluster/join", m.serveJoin) // who asks is no member yet
	m.server = &http.Server{Handler: m.mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: log.New(m.refused, "", 0)}
	go func() {
		if err := m.server.Serve(g); !errors.Is(err, http.ErrServerClosed) {
			m.end(fmt.Errorf("serving members: %w", err))
		}
	}()
	return nil
}

// recently keeps what was said in the last minute.
type recently struct {
	mu   sync.Mutex
	said map[string]time.Time
}

// often reports whether this was said in the last minute. Of very many things it forgets.
func (r *recently) often(what string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.said[what]) < time.Minute {
		return true
	}
	if len(r.said) > 1000 || r.said == nil {
		r.said = map[string]time.Time{}
	}
	r.said[what] = time.Now()
	return false
}

// refused says in clear words whose connection was refused, of one machine and reason once a minute.
type refused struct {
	log  *slog.Logger
	said recently
}

func (r *refused) Write(b []byte) (int, error) {
	r.log.Debug("members' HTTPS", "said", strings.TrimSpace(string(b)))
	return len(b), nil
}

// hear says why who came from an address was not let in.
func (r *refused) hear(from net.Addr, err error) {
	why := certificateTrouble(err)
	if left := (&errLeft{}); errors.As(err, &left) {
		why = left.Error()
	}
	if why == "" {
		r.log.Debug("members' port", "said", err, "from", from)
		return
	}
	if host, _, err := net.SplitHostPort(from.String()); err == nil && r.said.often(host+" "+why) {
		return
	}
	r.log.Warn("who asks is no member", "from", from.String(), "why", why)
}

// bearer is the name in the certificate of who asks.
func bearer(r *http.Request) string { return r.TLS.PeerCertificates[0].Subject.CommonName }

// members lets members pass: a certificate outlives its bearer's membership.
func (m *Member) members(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := m.out(r.TLS.PeerCertificates[0]); err != nil {
			http.Error(w, err.Error(), http.StatusGone)
			return
		}
		name := bearer(r)
		if _, ok := m.known()[name]; !ok {
			http.Error(w, name+" is no member of this cluster", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// refuse answers with what went wrong and what to do.
func refuse(w http.ResponseWriter, err error) {
	r := &Refusal{What: err.Error()}
	if !errors.As(err, &r) {
		r = &Refusal{What: err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusConflict)
	json.NewEncoder(w).Encode(r)
}

// tell answers with a value.
func tell(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// maxAnswer is the largest answer of another member that is read, in bytes.
const maxAnswer = 1 << 20

// hear reads an answer of a member, or why it refused.
func hear(answer *http.Response, v any) error {
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return err
	}
	switch answer.StatusCode {
	case http.StatusOK:
		return json.Unmarshal(b, v)
	case http.StatusConflict:
		r := &Refusal{}
		if err := json.Unmarshal(b, r); err != nil || r.What == "" {
			return fmt.Errorf("%s: %.200s", answer.Status, b)
		}
		return r
	case http.StatusGone:
		return errRemoved
	}
	return fmt.Errorf("%s: %.200s", answer.Status, strings.TrimSpace(string(b)))
}
