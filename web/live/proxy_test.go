package live_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"kurultai/record/recordtest"
	"kurultai/web/live"
)

// nginx starts with the lines that doc/operations.md gives, before o. The client reaches it by a socket of its own.
func nginx(t *testing.T, o *room) *http.Client {
	binary := recordtest.Program(t, "nginx")
	text, err := os.ReadFile("../../doc/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, lines, found := strings.Cut(string(text), "    location / {\n")
	lines, _, whole := strings.Cut(lines, "\n    }\n")
	if !found || !whole || strings.Count(lines, "\n") < 5 {
		t.Fatalf("doc/operations.md holds no lines for nginx: %q", lines)
	}
	lines = strings.Replace(lines, "http://127.0.0.1:8080", o.URL, 1)
	dir, err := os.MkdirTemp("", "nginx") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "socket")
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // the directory is this user's
	}
	conf := fmt.Sprintf(`%s daemon off; master_process off; pid %s/pid; error_log stderr warn; events { worker_connections 512; }
http { access_log off; client_body_temp_path %[2]s/a; proxy_temp_path %[2]s/b; fastcgi_temp_path %[2]s/c; uwsgi_temp_path %[2]s/d; scgi_temp_path %[2]s/e;
server { listen unix:%[3]s; location / { %[4]s } } }`, user, dir, socket, lines)
	if err := os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(binary, "-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "conf"))
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() { cmd.Process.Kill(); <-ended })
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	eventually(t, "nginx listens", func() bool {
		select {
		case <-ended:
			t.Fatalf("nginx: %s", said.String())
		default:
		}
		c, err := dial(t.Context(), "", "")
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
}

// Through nginx each frame comes when it is sent, a reader resumes, a cut is noticed on either side, and the server's
// end is the reader's.
func TestStreamsPassThroughNginx(t *testing.T) {
	o := open(t, live.Config{}, nil)
	client := nginx(t, o)
	listen := func(seen string, zip bool) (*bufio.Reader, func() error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://meeting.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Last-Event-ID", seen)
		if !zip {
			r.Header.Set("Accept-Encoding", "identity")
		}
		resp, err := client.Do(r)
		if err != nil || resp.StatusCode != http.StatusOK || resp.Uncompressed != zip {
			t.Fatalf("%v %v", resp, err)
		}
		return bufio.NewReader(resp.Body), resp.Body.Close
	}
	for _, zip := range []bool{false, true} {
		from := o.size.Load()
		in, close := listen("", zip)
		s := &stream{in: in}
		for n := from; n < from+5; n++ {
			if _, err := s.until(fmt.Sprintf("id: %d", n)); err != nil { // before the next is sent
				t.Fatalf("zip %v: %d: %v", zip, n, err)
			}
			o.grow()
		}
		close()
		eventually(t, "the cut is noticed", func() bool { return o.hub.Stats().Readers == 0 })
		o.grow()
		in, close = listen(fmt.Sprint(from+3), zip)
		s = &stream{in: in}
		id, err := s.until("id: ")
		if n, _ := strconv.ParseInt(strings.TrimPrefix(id, "id: "), 10, 64); err != nil || n <= from+3 {
			t.Errorf("zip %v: resumed with %q behind %d (%v)", zip, id, from+3, err)
		}
		close()
	}
	in, close := listen("", false)
	defer close()
	s := &stream{in: in}
	if _, err := s.until("data: "); err != nil {
		t.Fatal(err)
	}
	o.hub.Close()
	if _, err := s.until("retry: "); err != nil {
		t.Errorf("the end is not announced: %v", err)
	}
	if line, err := s.until("data: "); err == nil {
		t.Errorf("%q after the end", line)
	}
}
