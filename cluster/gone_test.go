package cluster

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// bearing is who comes with the certificate in a member's folder, as it is now.
func (r room) bearing(dir string) *tls.Config {
	r.Helper()
	p, err := openPair(caPath(dir), pairPath(dir), quiet)
	if err != nil {
		r.Fatal(err)
	}
	return &tls.Config{RootCAs: p.trust, Certificates: []tls.Certificate{*p.current}}
}

// knock asks etcd at one of a member's ports for its version, over a connection that stays.
func (r room) knock(m *Member, port int, as *tls.Config) (*tls.Conn, error) {
	c, err := tls.Dial("tcp", m.place.at(port), as)
	if err != nil {
		return nil, err
	}
	r.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, "GET /version HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return c, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return c, err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status)
	}
	return c, err
}

// Who has left is let in nowhere with the certificate it had: not by etcd, not to what was open already, and not to join
// again. A new certificate under the same name is another matter. One that was removed while it heard nothing is told.
func TestWhoLeftStaysOut(t *testing.T) {
	r := newRoom(t)
	list, dirs := r.three(2)
	old, other := r.bearing(dirs[2]), r.bearing(dirs[1])
	var open, stays []*tls.Conn
	for port := range 2 {
		for _, as := range []*tls.Config{old, other} {
			c, err := r.knock(list[0], port, as)
			if err != nil {
				t.Fatalf("PORT+%d: a member is not let in: %v", port, err)
			}
			if as == old {
				open = append(open, c)
			} else {
				stays = append(stays, c)
			}
		}
	}
	c, err := readConfig(dirs[2])
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(caPath(dirs[2]))
	pair, err2 := os.ReadFile(pairPath(dirs[2]))
	kept, err3 := json.Marshal(ticket{Cluster: c.Cluster, Name: "C", CA: string(ca), Pair: string(pair), Members: c.Members})
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	if err := Leave(t.Context(), dirs[0], "C"); err != nil {
		t.Fatal(err)
	}
	for port, c := range open {
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, err := c.Read(make([]byte, 1))
		if late := (net.Error)(nil); err == nil || errors.As(err, &late) && late.Timeout() {
			t.Errorf("PORT+%d: who left goes on over what was open: %v", port, err)
		}
	}
	r.eventually("B has heard that C left", func() bool { return len(*list[1].gone.Load()) == 1 })
	for _, m := range list[:2] {
		for port := range 2 {
			if _, err := r.knock(m, port, old); err == nil {
				t.Errorf("%s lets who left in at PORT+%d", m.Name(), port)
			}
			if _, err := r.knock(m, port, other); err != nil {
				t.Errorf("%s does not let a member in at PORT+%d: %v", m.Name(), port, err)
			}
		}
	}
	for port, c := range stays {
		c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("PORT+%d: a member was put out: %v", port, err)
		}
	}
	for as, letIn := range map[*tls.Config]bool{old: false, other: true} {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{list[0].place.client()}, TLS: as, DialTimeout: 3 * time.Second})
		if err == nil {
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
			_, err = client.Get(ctx, goneKey, clientv3.WithPrefix())
			stop()
			client.Close()
		}
		if (err == nil) != letIn {
			t.Errorf("let in %t: %v", letIn, err)
		}
	}
	r.refused(Join(t.Context(), filepath.Join(t.TempDir(), "C"), r.free(), kept), "was made before C left the cluster")
	r.eventually("the log names who came", func() bool { return strings.Contains(r.said.String(), "who asks is no member") })

	back, dir := r.join(dirs[0], "C") // a new certificate
	r.votes(back)
	r.whole(back, r.add(back, "back again"))
	r.refused(Join(t.Context(), filepath.Join(t.TempDir(), "C"), r.free(), kept), "was made before C left the cluster")
	for _, d := range dirs[:2] {
		r.eventually("each folder says who left", func() bool { c, err := readConfig(d); return err == nil && c.Gone["C"] > 0 })
	}

	// C hears nothing of etcd while it is removed: its own gates are closed, and it reaches no other.
	if err := back.Close(); err != nil {
		t.Error(err)
	}
	if err := Leave(t.Context(), dirs[1], "C"); err != nil {
		t.Fatal(err)
	}
	_, err = r.tryStart(dir)
	r.refused(err, "was removed from its cluster")
}

// Many who show no certificate keep nobody out, and hold few files.
func TestWhoShowsNothingKeepsNobodyOut(t *testing.T) {
	r := newRoom(t)
	dir := r.founder(1, Founding{})
	p, err := openPair(caPath(dir), pairPath(dir), quiet)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var troubles atomic.Int64
	g := newGate(l, p.serving(), func(net.Addr, error) { troubles.Add(1) })
	defer g.Close()
	let := make(chan error, 1)
	go func() {
		c, err := g.Accept()
		if err == nil {
			_, err = c.Write([]byte("in"))
			c.Close()
		}
		let <- err
	}()
	for range 2 * unshown {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	r.eventually("the first are let go", func() bool { return troubles.Load() >= unshown })
	g.mu.Lock()
	waiting := len(g.waiting)
	g.mu.Unlock()
	if waiting > unshown {
		t.Errorf("%d wait", waiting)
	}
	began := time.Now()
	c, err := tls.Dial("tcp", l.Addr().String(), r.bearing(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if b, err := io.ReadAll(c); string(b) != "in" || <-let != nil {
		t.Errorf("%q, %v", b, err)
	}
	if took := time.Since(began); took > shown {
		t.Errorf("a member waited %v", took)
	}
	r.eventually("and all that show nothing", func() bool { return troubles.Load() == 2*unshown })
}
