package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kurultai/record"
	"kurultai/record/etcd"
	"kurultai/record/recordtest"
	"kurultai/record/sqlite"
)

// These tests wait for elections and for etcd to have seen members for some seconds: they run at once.
func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "16")
	os.Exit(m.Run())
}

// A room has members on this machine, each in a folder of its own.
type room struct {
	testing.TB
	said     *said
	cosigned func() int64
}

// said keeps what members say.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func newRoom(t *testing.T) room {
	t.Parallel()
	r := room{TB: t, said: &said{}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(r.said.String())
		}
	})
	return r
}

var nextPort = 26000
var portLock sync.Mutex

// free is an address on this machine with three ports that nobody listens on.
func (r room) free() string {
	portLock.Lock()
	defer portLock.Unlock()
	for range 300 {
		nextPort += 3
		free := true
		for i := range 3 {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", nextPort+i))
			if free = free && err == nil; err == nil {
				l.Close()
			}
		}
		if free {
			return fmt.Sprintf("127.0.0.1:%d", nextPort)
		}
	}
	r.Fatal("no ports are free")
	return ""
}

// alone is a record of one machine with n entries, closed.
func (r room) alone(n int) string {
	dir := r.TempDir()
	e, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		r.Fatal(err)
	}
	for i := range n {
		if _, err := e.Append(context.Background(), int64(i), record.Group{Entries: [][]byte{recordtest.Entry(int64(i), fmt.Sprint("alone ", i))}}, recordtest.Key().SignCheckpoint); err != nil {
			r.Fatal(err)
		}
	}
	if err := errors.Join(e.Close(), os.MkdirAll(filepath.Join(dir, "keys"), 0o700), os.WriteFile(filepath.Join(dir, "keys", "log.key"), []byte(recordtest.Key().Private()+"\n"), 0o600)); err != nil {
		r.Fatal(err)
	}
	return dir
}

// founder is a record of n entries as the first member A, not started.
func (r room) founder(n int, f Founding) string {
	r.Helper()
	dir := r.alone(n)
	f.Name = "A"
	if f.At == "" {
		f.At = r.free()
	}
	if err := Found(dir, f); err != nil {
		r.Fatal(err)
	}
	return dir
}

const upkeep = 100 * time.Millisecond

// start starts the member in dir, with its upkeep.
func (r room) start(dir string) *Member {
	r.Helper()
	m, err := r.tryStart(dir)
	if err != nil {
		r.Fatal(err)
	}
	return m
}

func (r room) tryStart(dir string) (*Member, error) {
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	copied, _, err := etcd.OpenCopy(ctx, dir)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(dir)
	m, err := Start(ctx, dir, copied, Options{Log: slog.New(slog.NewTextHandler(r.said, nil)).With("in", name), Upkeep: upkeep})
	if err != nil {
		return nil, err
	}
	m.done.Go(func() { m.Upkeep(context.Background(), r.cosigned) })
	r.Cleanup(func() { m.Close() })
	return m, nil
}

// ticket is a file with which a node joins.
func (r room) ticket(founder, name string) []byte {
	r.Helper()
	b, err := Certify(founder, name, []string{"127.0.0.1"}, false)
	if err != nil {
		r.Fatal(err)
	}
	return b
}

// join adds a node and starts it.
func (r room) join(founder, name string) (*Member, string) {
	r.Helper()
	dir := filepath.Join(r.TempDir(), name)
	if err := Join(context.Background(), dir, r.free(), r.ticket(founder, name)); err != nil {
		r.Fatal(err)
	}
	return r.start(dir), dir
}

// three are members A, B and C, and their folders; all vote.
func (r room) three(n int) (list []*Member, dirs []string) {
	r.Helper()
	dir := r.founder(n, Founding{})
	list, dirs = []*Member{r.start(dir)}, []string{dir}
	for _, name := range []string{"B", "C"} {
		m, d := r.join(dir, name)
		r.votes(m)
		list, dirs = append(list, m), append(dirs, d)
	}
	r.eventually("each folder names all members", func() bool {
		for _, d := range dirs {
			if c, err := readConfig(d); err != nil || len(c.Members) != len(list) {
				return false
			}
		}
		return true
	})
	return list, dirs
}

func (r room) eventually(what string, done func() bool) {
	r.Helper()
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if done() {
			return
		}
	}
	r.Fatalf("it did not come about: %s", what)
}

func (r room) votes(m *Member) {
	r.Helper()
	r.eventually(m.Name()+" votes", func() bool { return m.node.Load().Voting() })
}

// add appends one entry at a member, again where others are first or the outcome is unknown.
func (r room) add(m *Member, text string) record.Checkpoint {
	r.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	for {
		head, err := m.Engine().Head(ctx)
		for err == nil {
			var got record.Checkpoint
			if got, err = m.Engine().Append(ctx, head.Size, record.Group{Entries: [][]byte{recordtest.Entry(head.Size, text)}}, recordtest.Key().SignCheckpoint); err == nil {
				return got
			}
			if errors.Is(err, record.ErrUnknown) && ctx.Err() == nil {
				err = nil
			}
		}
		if ctx.Err() != nil {
			r.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// whole waits until a member's copy is of a size, and holds it against its checkpoint.
func (r room) whole(m *Member, head record.Checkpoint) {
	r.Helper()
	var have record.Checkpoint
	r.eventually(fmt.Sprintf("%s has %d entries", m.Name(), head.Size), func() bool {
		have, _ = m.copied.Head(context.Background())
		return have.Size >= head.Size
	})
	if have.Size != head.Size || have.Root != head.Root {
		r.Errorf("%s has %d entries under %s, not %d under %s", m.Name(), have.Size, have.Root, head.Size, head.Root)
	}
	if _, err := recordtest.Whole(m.copied, nil); err != nil {
		r.Errorf("%s: %v", m.Name(), err)
	}
}

// refused expects a refusal that says what went wrong and what to do.
func (r room) refused(err error, says string) {
	r.Helper()
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Hint == "" || !strings.Contains(refusal.What, says) {
		r.Errorf("not refused with %q: %v", says, err)
	}
}

// The record of one machine becomes that of three without losing its history, its files neither; one of them leads, and
// when it goes, another does.
func TestOneMachineBecomesThree(t *testing.T) {
	r := newRoom(t)
	dir := r.founder(5, Founding{Distant: true})
	list, dirs := []*Member{r.start(dir)}, []string{dir}
	var files []record.Digest
	for i := range 3 {
		d, err := list[0].Engine().PutBlob(t.Context(), fmt.Append(nil, "file ", i))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, d)
	}
	for _, name := range []string{"B", "C"} {
		m, d := r.join(dir, name)
		r.votes(m)
		for _, f := range files {
			if _, err := m.copied.Blob(t.Context(), f); err != nil {
				t.Errorf("%s votes without a file: %v", name, err)
			}
		}
		if c, err := readConfig(d); err != nil || !c.Distant {
			t.Errorf("%s does not know that members are far apart: %v", name, err)
		}
		list, dirs = append(list, m), append(dirs, d)
	}
	head := r.add(list[2], "by three")
	if head.Size != 6 {
		t.Errorf("the first entry of three is the %dth", head.Size)
	}
	for _, m := range list {
		r.whole(m, head)
		if n := len(m.Others()); n != 2 {
			t.Errorf("%s sees %d others", m.Name(), n)
		}
	}
	for _, dir := range dirs[1:] {
		if b, err := os.ReadFile(filepath.Join(dir, "keys", "log.key")); err != nil || string(b) != recordtest.Key().Private()+"\n" {
			t.Errorf("the key in %s: %v", dir, err)
		}
	}
	for _, dir := range dirs {
		s, err := Ask(t.Context(), dir)
		if err != nil || len(s.Members) != 3 || !s.Quorum || s.Size != 6 {
			t.Errorf("%+v, %v", s, err)
		}
	}
	leading, release, err := list[1].Lead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if o, ok := m.Leader(t.Context()); !ok || o.Name != "B" || o.URL != list[1].place.own() || !o.Voting {
			t.Errorf("%s thinks that %+v writes", m.Name(), o)
		}
	}
	list[1].Handle("GET /hello", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello ", bearer(r)) }))
	answer, err := list[2].Client().Get(list[1].place.own() + "/hello")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if b, err := io.ReadAll(answer.Body); err != nil || string(b) != "hello C" {
		t.Errorf("%q, %v", b, err)
	}
	release()
	if leading.Err() == nil {
		t.Error("who gave the pen away has it")
	}
	if _, _, err := list[2].Lead(t.Context()); err != nil {
		t.Error(err)
	}
	if o, ok := list[0].Leader(t.Context()); !ok || o.Name != "C" {
		t.Errorf("%+v writes", o)
	}
}

// A member that is dead is taken out by one that lives, and another comes in its place. What would leave no majority is
// refused, and so is a second change while one goes on.
func TestADeadMemberIsReplaced(t *testing.T) {
	r := newRoom(t)
	list, dirs := r.three(3)
	dead := list[2]
	if err := dead.Close(); err != nil {
		t.Error(err)
	}
	r.add(list[0], "while one is dead")
	r.refused(Leave(t.Context(), dirs[0], "B"), "that is no majority: [C] are silent")
	r.refused(Leave(t.Context(), dirs[0], "X"), "is no member")
	second := filepath.Join(t.TempDir(), "early")
	r.refused(Join(t.Context(), second, r.free(), r.ticket(dirs[0], "E")), "not all members answer")
	if _, err := os.Stat(folder(second)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a node that was refused stays half a member")
	}
	if err := Leave(t.Context(), dirs[1], "C"); err != nil {
		t.Fatal(err)
	}
	_, err := r.tryStart(dirs[2])
	r.refused(err, "was removed from its cluster")

	going := make(chan bool)
	done := make(chan error)
	go func() {
		done <- list[0].alone(t.Context(), changeKey, func(context.Context) error { going <- true; <-going; return nil })
	}()
	<-going
	r.refused(Join(t.Context(), second, r.free(), r.ticket(dirs[0], "E")), "another change of the members is going on")
	r.refused(Leave(t.Context(), dirs[0], "B"), "another change of the members is going on")
	going <- true
	if err := <-done; err != nil {
		t.Error(err)
	}

	dir := filepath.Join(t.TempDir(), "D")
	at, ticket := r.free(), r.ticket(dirs[0], "D")
	if err := Join(t.Context(), dir, at, ticket); err != nil {
		t.Fatal(err)
	}
	r.refused(Join(t.Context(), second, r.free(), r.ticket(dirs[0], "E")), "has not been started: one joins at a time")
	r.refused(Join(t.Context(), second, at, r.ticket(dirs[0], "E")), "D was added at "+at+" and has not been started")
	again := filepath.Join(t.TempDir(), "D")
	if err := Join(t.Context(), again, at, ticket); err != nil { // its answer was lost, perhaps
		t.Error(err)
	}
	replaced := r.start(again)
	r.votes(replaced)
	head := r.add(replaced, "by who replaced it")
	for _, m := range []*Member{list[0], list[1], replaced} {
		r.whole(m, head)
	}
	r.refused(Join(t.Context(), second, at, r.ticket(dirs[0], "E")), "is at "+at+" already")
	old, err := Certify(dirs[0], "B", nil, true)
	if err != nil {
		t.Fatal(err)
	}
	r.refused(Join(t.Context(), second, r.free(), old), "is a member already")

	// The last but one may leave by itself.
	if err := Leave(t.Context(), again, ""); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-replaced.Err():
		r.refused(err, "was removed from its cluster")
	case <-time.After(20 * time.Second):
		t.Error("who left is not told")
	}
	replaced.Close()
	_, err = r.tryStart(again)
	r.refused(err, "has left its cluster")
	if err := Leave(t.Context(), dirs[1], ""); err != nil {
		t.Fatal(err)
	}
	r.refused(Leave(t.Context(), dirs[0], ""), "is the last member that votes")
	if head := r.add(list[0], "alone again"); head.Size != 6 {
		t.Errorf("%d entries", head.Size)
	}
}

// A certificate changes while acts come, and nobody is told an error. One that has expired is named in clear words where
// it is met, and a new one mends it without a restart. Who has a certificate of another cluster, or was removed, is
// refused.
func TestCertificates(t *testing.T) {
	r := newRoom(t)
	list, dirs := r.three(1)
	serialOf := func(m *Member) string {
		c, err := tls.Dial("tcp", m.place.at(2), &tls.Config{RootCAs: list[0].pair.trust, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return list[0].pair.get() }})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	before := []string{serialOf(list[0]), serialOf(list[1])}
	ctx, stop := context.WithCancel(t.Context())
	count := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil || n < 20; n++ { // at A and C
			r.add(list[n%2*2], fmt.Sprint("entry ", n))
		}
		count <- n
	}()
	if file, err := Certify(dirs[0], "A", nil, true); err != nil || file != nil {
		t.Error(file, err)
	}
	file, err := Certify(dirs[0], "B", nil, true)
	if err == nil {
		err = Take(dirs[1], file)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.refused(Take(dirs[2], file), "is for B")
	for i := range before {
		if serialOf(list[i]) == before[i] {
			t.Errorf("%s shows its old certificate", list[i].Name())
		}
	}
	if err := list[1].Close(); err != nil { // its connections begin anew, with the certificate that was taken over
		t.Error(err)
	}
	list[1] = r.start(dirs[1])
	stop()
	if n := <-count; n < 20 {
		t.Errorf("%d entries while certificates changed", n)
	}

	ca, _ := os.ReadFile(caPath(dirs[0]))
	key, _ := os.ReadFile(caKeyPath(dirs[0]))
	short := func(years, days int) {
		pair, err := issue(ca, key, "C", []string{"127.0.0.1"}, time.Now().AddDate(-years, 0, days))
		if err == nil {
			err = sqlite.Replace(pairPath(dirs[2]), pair)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			m.client.CloseIdleConnections()
		}
	}
	status := func(m *Member) MemberStatus {
		m.client.CloseIdleConnections()
		s, err := m.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(s.Members, func(s MemberStatus) bool { return s.Name == "C" })
		return s.Members[i]
	}
	short(1, 29)
	if s := status(list[0]); !s.Reached || len(s.Alarms) != 1 || !strings.Contains(s.Alarms[0], "its certificate ends on ") {
		t.Errorf("29 days before its end: %+v", s)
	}
	short(1, 31)
	if s := status(list[0]); !s.Reached || len(s.Alarms) != 0 {
		t.Errorf("31 days before its end: %+v", s)
	}
	short(2, 0)
	r.eventually("who asks is told that it has expired", func() bool { // as soon as no connection stands any more
		s := status(list[0])
		return !s.Reached && strings.Contains(s.Why, "its certificate has expired")
	})
	if s := status(list[2]); !slices.ContainsFunc(s.Alarms, func(a string) bool {
		return strings.Contains(a, "its certificate has expired: kurultai cluster cert -renew C")
	}) {
		t.Errorf("expired, as it says itself: %+v", s)
	}
	_, err = Ask(t.Context(), dirs[2])
	r.refused(err, "its certificate has expired")
	r.eventually("the log of others names an expired certificate", func() bool {
		list[2].client.CloseIdleConnections()
		list[2].Status(t.Context())
		return strings.Contains(r.said.String(), "who asks is no member") && strings.Contains(r.said.String(), "its certificate has expired")
	})
	file, err = Certify(dirs[0], "C", nil, true)
	if err == nil {
		err = Take(dirs[2], file)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.eventually("it is mended", func() bool { s := status(list[0]); return s.Reached && len(s.Alarms) == 0 })
	r.whole(list[2], r.add(list[2], "with a new certificate"))

	foreignDir := r.founder(1, Founding{})
	foreign, err := openPair(caPath(foreignDir), pairPath(foreignDir), quiet)
	if err != nil {
		t.Fatal(err)
	}
	foreign.trust = list[0].pair.trust
	for range 50 { // in TLS 1.3 the connection may be gone before it has said why
		if err = put(t.Context(), foreign.client(false), list[0].place.own()+"/cluster/own", nil, &MemberStatus{}); err == nil || certificateTrouble(err) != "" {
			break
		}
	}
	if err == nil || certificateTrouble(err) != "it says that this member's certificate is of another cluster" {
		t.Errorf("a certificate of another cluster: %v", err)
	}
	r.eventually("the log names a foreign certificate", func() bool { return strings.Contains(r.said.String(), "its certificate is of another cluster") })
	bare := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: list[0].pair.trust}}}
	if err := put(t.Context(), bare, list[0].place.own()+"/cluster/own", nil, &MemberStatus{}); err == nil || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("without a certificate: %v", err)
	}
	for _, port := range []int{0, 1} { // etcd's
		c, err := tls.Dial("tcp", list[0].place.at(port), &tls.Config{RootCAs: foreign.trust, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return foreign.get() }})
		if err == nil {
			_, err = c.Read(make([]byte, 1)) // in TLS 1.3 a client hears of it here
			c.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("etcd at PORT+%d takes a certificate of another cluster: %v", port, err)
		}
	}

	client, url := list[2].client, list[0].place.own()+"/groups?from=0"
	if answer, err := client.Get(url); err != nil || answer.StatusCode != http.StatusOK {
		t.Error(answer, err)
	} else {
		answer.Body.Close()
	}
	if err := Leave(t.Context(), dirs[0], "C"); err != nil {
		t.Fatal(err)
	}
	r.eventually("who left reads nothing more", func() bool {
		answer, err := client.Get(url)
		if err == nil {
			answer.Body.Close()
		}
		return err == nil && (answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusGone)
	})
}

// What every member holds, and witnesses have seen, leaves etcd; a node that joins then has everything all the same. A
// copy with a flipped bit is healed.
func TestTrimThenJoin(t *testing.T) {
	r := newRoom(t)
	var cosigned atomic.Int64
	r.cosigned = cosigned.Load
	dir := r.founder(2, Founding{})
	a := r.start(dir)
	for n := range 6 {
		r.add(a, fmt.Sprint("entry ", n))
	}
	groups := func() int64 {
		g, err := a.node.Load().Client.Get(t.Context(), "r/group/", clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err != nil {
			t.Fatal(err)
		}
		return g.Count
	}
	if n := groups(); n != 6 {
		t.Errorf("%d groups in etcd before any was cosigned", n)
	}
	cosigned.Store(6)
	r.eventually("groups beyond what is cosigned stay", func() bool { return groups() <= 3 })
	if n := groups(); n < 2 {
		t.Errorf("%d groups are left, and two were not cosigned", n)
	}
	cosigned.Store(8)
	r.eventually("all are trimmed", func() bool { return groups() == 0 })
	b, dirB := r.join(dir, "B")
	r.votes(b)
	head := r.add(b, "after it joined")
	r.whole(b, head)
	cosigned.Store(head.Size)
	r.eventually("all are trimmed again", func() bool { return groups() == 0 })
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	path := filepath.Join(dirB, "record.db")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(raw, []byte(`"closed":"`))
	if at < 0 {
		t.Fatal("no entry in the file")
	}
	raw[at+len(`"closed":"`)] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	b = r.start(dirB)
	r.whole(b, head)
	if aside, err := filepath.Glob(filepath.Join(dirB, "damaged-*")); err != nil || len(aside) != 1 {
		t.Errorf("the damaged copy was put aside %d times, %v", len(aside), err)
	}
}

// Long before etcd's quota somebody is told; where it was used up, trimming and defragmenting give it back.
func TestTheQuota(t *testing.T) {
	r := newRoom(t)
	var cosigned atomic.Int64
	r.cosigned = cosigned.Load
	dir := r.founder(1, Founding{})
	c, err := readConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	c.Quota = 4 << 20
	if err := c.write(dir); err != nil {
		t.Fatal(err)
	}
	a := r.start(dir)
	alarms := func() string {
		s, err := Ask(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(s.Members[0].Alarms, "; ")
	}
	text := strings.Repeat("x", 300<<10)
	fill := func() (record.Checkpoint, error) {
		head, err := a.Engine().Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		g := record.Group{Entries: [][]byte{recordtest.Entry(head.Size, "large")}, Rows: []record.Row{{Index: head.Size, Digest: record.DigestOf(fmt.Append(nil, head.Size)), Subject: "s", Name: "n", Nonce: []byte("n"), Ciphertext: []byte(text)}}}
		return a.Engine().Append(t.Context(), head.Size, g, recordtest.Key().SignCheckpoint)
	}
	if said := alarms(); said != "" {
		t.Errorf("at first: %s", said)
	}
	var last record.Checkpoint
	for n := range 60 {
		if n == 9 {
			r.eventually("somebody is told long before the quota is used up", func() bool { return strings.Contains(alarms(), "of its quota") })
			if said := alarms(); strings.Contains(said, "used up") {
				t.Errorf("too late: %s", said)
			}
		}
		head, err := fill()
		if errors.Is(err, record.ErrFull) || errors.Is(err, record.ErrUnknown) { // before it was committed, or before it was published
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		last = head
	}
	r.eventually("it is used up", func() bool { return strings.Contains(alarms(), "etcd's quota is used up") })
	cosigned.Store(last.Size)
	before := last.Size
	r.eventually("there is room again", func() bool {
		last = r.add(a, "after it was trimmed") // etcd counts anew what is in use when it writes
		return alarms() == ""
	})
	if last.Size <= before {
		t.Errorf("%d entries, and there were %d", last.Size, before)
	}
	for _, says := range []string{"of its quota", "etcd's quota is used up", "etcd was defragmented", "etcd has room again"} {
		if !strings.Contains(r.said.String(), says) {
			t.Errorf("the log does not say %q", says)
		}
	}
}

// Where no majority is left, the rest takes nothing, says so, and a copy begins another cluster. A log that was lost does
// not begin again by itself.
func TestACopyBeginsAnotherCluster(t *testing.T) {
	r := newRoom(t)
	list, dirs := r.three(4)
	head := r.add(list[0], "by three")
	for _, m := range list {
		r.whole(m, head)
	}
	if err := errors.Join(list[1].Close(), list[2].Close()); err != nil {
		t.Error(err)
	}
	r.eventually("it says that no majority answers", func() bool {
		s, err := Ask(t.Context(), dirs[0])
		return err == nil && !s.Quorum && s.Size == head.Size && !s.Members[1].Reached && s.Members[1].Why != ""
	})
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	if o, ok := list[0].Leader(ctx); ok {
		t.Errorf("%+v writes in a minority", o)
	}
	r.refused(Leave(t.Context(), dirs[0], "B"), "no majority")
	f := Founding{Name: "A", At: r.free()}
	if err := Found(dirs[0], f); err == nil {
		t.Error("a record that is served was founded anew")
	}
	if err := list[0].Close(); err != nil {
		t.Error(err)
	}
	r.refused(Found(dirs[0], f), "is of a member of a cluster already")
	if err := os.RemoveAll(filepath.Join(folder(dirs[1]), "etcd")); err != nil {
		t.Fatal(err)
	}
	_, err := r.tryStart(dirs[1])
	r.refused(err, "the log of this member's etcd is gone")

	// A copy that somebody wrote to alone is refused.
	forked, _, err := etcd.OpenCopy(t.Context(), dirs[2])
	if err == nil {
		g := record.Group{Entries: [][]byte{recordtest.Entry(head.Size, "alone")}}
		_, err = forked.Append(t.Context(), head.Size, g, recordtest.Key().SignCheckpoint)
		err = errors.Join(err, forked.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	type started struct {
		*Member
		err error
	}
	first := make(chan started)
	go func() { m, err := r.tryStart(dirs[0]); first <- started{m, err} }()
	_, err = r.tryStart(dirs[2])
	r.refused(err, "entries that are not the cluster's")
	if m := <-first; m.err != nil { // the other had ended before this one had looked at its copy
		r.refused(m.err, "no majority")
	} else if err := m.Close(); err != nil {
		t.Error(err)
	}

	terms := filepath.Join(dirs[0], "keys", "subjects.terms")
	if err := os.WriteFile(terms, make([]byte, 40), 0o600); err != nil {
		t.Fatal(err)
	}
	f.Again = true
	before, _ := readConfig(dirs[0])
	if err := Found(dirs[0], f); err != nil {
		t.Fatal(err)
	}
	after, err := readConfig(dirs[0])
	if err != nil || after.Cluster == before.Cluster {
		t.Errorf("the same cluster: %v", err)
	}
	if aside, _ := filepath.Glob(folder(dirs[0]) + "-*"); len(aside) != 1 {
		t.Error("what the cluster was is not kept aside")
	}
	if _, err := os.Stat(terms); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was promised in the cluster before counts in the new one: %v", err)
	}
	if isKeyFile("subjects") || isKeyFile("subjects.terms") || !isKeyFile("log.key") || !isKeyFile("sessions") || isKeyFile("../log.key") {
		t.Error("members give each other the wrong keys")
	}
	a := r.start(dirs[0])
	if next := r.add(a, "in another cluster"); next.Size != head.Size+1 {
		t.Errorf("%d entries", next.Size)
	}
	b, _ := r.join(dirs[0], "B")
	r.votes(b)
	r.whole(b, r.add(b, "by two"))
}

// What nobody can use is refused before anything is written.
func TestWhatIsNoCluster(t *testing.T) {
	r := newRoom(t)
	dir := r.alone(1)
	rows := 0
	for says, f := range map[string]Founding{
		"is not called":           {Name: "a b", At: "127.0.0.1:2380"},
		"is not HOST:PORT":        {Name: "A", At: "127.0.0.1"},
		"with a port up to 65533": {Name: "A", At: "127.0.0.1:65534"},
		"no address at which":     {Name: "A", At: "0.0.0.0:2380"},
		"a quota of":              {Name: "A", At: "127.0.0.1:2380", Quota: 1000},
	} {
		rows++
		r.refused(Found(dir, f), says)
	}
	r.refused(Found(t.TempDir(), Founding{Name: "A", At: "127.0.0.1:2380"}), "holds no record")
	served, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.refused(Found(dir, Founding{Name: "A", At: "127.0.0.1:2380"}), "another process writes the record")
	served.Close()
	if Is(dir) || rows != 5 {
		t.Errorf("%d rows, and a cluster: %v", rows, Is(dir))
	}
	_, err = Certify(dir, "B", []string{"127.0.0.1"}, false)
	r.refused(err, "is not of a member of a cluster")
	founder := r.founder(1, Founding{})
	for says, call := range map[string]func() ([]byte, error){
		"is a member already": func() ([]byte, error) { return Certify(founder, "A", []string{"127.0.0.1"}, false) },
		"is no member":        func() ([]byte, error) { return Certify(founder, "B", nil, true) },
		"no HOST is named":    func() ([]byte, error) { return Certify(founder, "B", nil, false) },
		"is no host":          func() ([]byte, error) { return Certify(founder, "B", []string{"a/b"}, false) },
	} {
		_, err := call()
		r.refused(err, says)
	}
	ticket := r.ticket(founder, "B")
	full := t.TempDir()
	os.WriteFile(filepath.Join(full, "notes"), nil, 0o600)
	r.refused(Join(t.Context(), full, "127.0.0.1:2380", ticket), "is not empty")
	target := filepath.Join(t.TempDir(), "new")
	r.refused(Join(t.Context(), target, "127.0.0.1:2380", []byte("{}")), "is not one with which to join")
	r.refused(Join(t.Context(), target, "127.0.0.1:2380", bytes.Repeat([]byte("x"), maxTicket+1)), "too large")
	r.refused(Join(t.Context(), target, "127.0.0.1:2380", bytes.Replace(ticket, []byte(`"name": "B"`), []byte(`"name": "C"`), 1)), "is damaged: the certificate is of another node")
	r.refused(Join(t.Context(), target, "127.0.0.1:2380", ticket), "no member answers")
	a := r.start(founder)
	r.refused(Join(t.Context(), target, "127.0.0.2:2380", ticket), "does not name 127.0.0.2")
	if _, err := os.Stat(folder(target)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a node that was refused stays half a member")
	}
	if err := os.Remove(caKeyPath(founder)); err != nil {
		t.Fatal(err)
	}
	_, err = Certify(founder, "D", []string{"127.0.0.1"}, false)
	r.refused(err, "the cluster's authority is not here")
	a.Close()
}
