// Package browser drives the pages in Chromium: passkeys by its virtual authenticator, a context a person, whatever
// the console complains of, the network cut at the server. Without chromium the tests say that they did not run; with
// CI=true that is a failure.
package browser_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/story/storytest"
	"kurultai/web"
	"kurultai/web/live"
)

// chrome is one browser for all tests; each person is a context of it, and contexts share nothing.
var chrome context.Context

func TestMain(m *testing.M) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		fmt.Printf("%d browser tests did not run: no chromium (apt-get install chromium)\n", written())
		if os.Getenv("CI") == "true" {
			os.Exit(1)
		}
		return
	}
	dir, err := os.MkdirTemp("", "kurultai-browser-")
	if err != nil {
		panic(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.NoSandbox,
		chromedp.Flag("headless", true), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("no-first-run", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("ignore-certificate-errors-spki-list", pinned()),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1"))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil { // starts it
		panic(err)
	}
	chrome = ctx
	code := m.Run()
	fmt.Printf("pages x states checked: %d, findings: %d\n", checked, findings)
	stop()
	end()
	os.RemoveAll(dir)
	os.Exit(code)
}

// certificate is of localhost, made for this run: the browser knows it by its key, so that pages are as safe to it as any.
var certificate tls.Certificate

// pinned makes the certificate and returns the SHA-256 of its key, as the browser wants to be told of it.
func pinned() string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	of := x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &of, &of, key.Public(), key)
	if err != nil {
		panic(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		panic(err)
	}
	certificate = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	sum := sha256.Sum256(spki)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// written counts the tests of this folder.
func written() (n int) {
	files, _ := filepath.Glob("*_test.go")
	for _, f := range files {
		text, _ := os.ReadFile(f)
		n += len(regexp.MustCompile(`(?m)^func Test[A-Z]\w*\(t \*testing\.T\)`).FindAll(text, -1))
	}
	return n
}

// A house is the training body's record after its first meeting, being served, and its network.
type house struct {
	s      *secretariat.Secretariat
	origin string // http://localhost:PORT, of a record that is no story's https
	server string // address behind the network
	hub    *live.Hub
	mu     sync.Mutex
	open   map[net.Conn]bool
	down   bool
	meet   meet
}

// A meet lets the next acts come together: each waits before it is decided until as many have come as are expected.
type meet struct {
	mu   sync.Mutex
	left int
	all  chan struct{}
}

// expect has the next n acts wait for each other.
func (m *meet) expect(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left, m.all = n, make(chan struct{})
}

func (m *meet) come() {
	m.mu.Lock()
	all, waits := m.all, m.left > 0
	if m.left--; m.left == 0 {
		close(all)
	}
	m.mu.Unlock()
	if waits {
		<-all
	}
}

func start(t *testing.T) *house {
	t.Helper()
	h := serve(t, storytest.PlayText(t, storytest.FirstMeeting(t)))
	h.named(t)
	return h
}

// named says at which address passkeys are made.
func (h *house) named(t *testing.T, lines ...*house) {
	t.Helper()
	origins := []string{h.origin}
	for _, l := range lines {
		origins = append(origins, l.origin)
	}
	h.do(t, "NameOrigin", conference.NameOrigin{Domain: "localhost", Origins: origins}, 0, 1)
}

// serve serves a record, whose passkeys have no address yet.
func serve(t *testing.T, s *secretariat.Secretariat) *house {
	t.Helper()
	wire, server := listen(t), listen(t)
	h := &house{s: s, server: server.Addr().String(), origin: fmt.Sprintf("http://localhost:%d", wire.Addr().(*net.TCPAddr).Port), open: map[net.Conn]bool{}}
	h.hub = live.New(live.Config{})
	pages := &http.Server{Handler: web.New(reading{h.s}, web.Options{Desk: desk{h.s, &h.meet}, Roles: true, Live: h.hub, Log: slog.New(slog.DiscardHandler)})}
	var work sync.WaitGroup
	if _, story := record.StoryBody(s.View().Origin()); story {
		work.Go(func() { _ = pages.Serve(server) })
	} else { // passkeys of a record that is meant are made over https alone
		h.origin = strings.Replace(h.origin, "http:", "https:", 1)
		pages.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
		work.Go(func() { _ = pages.ServeTLS(server, "", "") })
	}
	work.Go(func() { h.carry(wire, &work) })
	t.Cleanup(func() { wire.Close(); h.cut(); h.hub.Close(); pages.Close(); work.Wait() })
	return h
}

// line is a further network to the same pages, with an address of its own, which can be cut by itself.
func (h *house) line(t *testing.T) *house {
	t.Helper()
	wire := listen(t)
	scheme, _, _ := strings.Cut(h.origin, ":")
	own := &house{s: h.s, server: h.server, origin: fmt.Sprintf("%s://localhost:%d", scheme, wire.Addr().(*net.TCPAddr).Port), open: map[net.Conn]bool{}}
	var work sync.WaitGroup
	work.Go(func() { own.carry(wire, &work) })
	t.Cleanup(func() { wire.Close(); own.cut(); work.Wait() })
	return own
}

func listen(t *testing.T) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// carry is the network between browsers and the server, which can be cut under streams too.
func (h *house) carry(wire net.Listener, work *sync.WaitGroup) {
	for {
		near, err := wire.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", h.server)
		h.mu.Lock()
		if err != nil || h.down {
			near.Close()
			if err == nil {
				far.Close()
			}
			h.mu.Unlock()
			continue
		}
		h.open[near], h.open[far] = true, true
		h.mu.Unlock()
		for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
			work.Go(func() {
				_, _ = io.Copy(way[0], way[1])
				near.Close()
				far.Close()
				h.mu.Lock()
				defer h.mu.Unlock()
				delete(h.open, way[0])
			})
		}
	}
}

// cut ends the network: Chromium's own "offline" leaves an open stream alone.
func (h *house) cut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = true
	for c := range h.open {
		c.Close()
	}
}

// mend brings the network back.
func (h *house) mend() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = false
}

// do has the nth secretaries do an act.
func (h *house) do(t *testing.T, name string, fields any, officers ...int) {
	t.Helper()
	who := h.s.View().State().Holders(conference.Secretary)
	value, err := canonical.Parse(string(canonical.Encode(nil, fields)))
	if err != nil {
		t.Fatal(err)
	}
	var key [16]byte
	rand.Read(key[:])
	a := secretariat.Act{Submitted: record.Submitted{As: string(conference.Secretary), By: string(who[officers[0]].Person), Fields: value, Key: canonical.EncodeBytes(key[:]), Name: name, Origin: h.s.View().Origin()}}
	for _, n := range officers[1:] {
		a.Submitted.With = append(a.Submitted.With, record.With{As: string(conference.Secretary), By: string(who[n].Person)})
	}
	if _, err := h.s.Do(t.Context(), &a); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// link makes a link of enrolment for a person.
func (h *house) link(t *testing.T, p conference.PersonID) string {
	token, digest := web.NewLink()
	h.do(t, "InviteToEnrol", conference.InviteToEnrol{Person: p, Link: digest, Until: h.s.Now().AddHours(24)}, 0)
	return h.origin + "/en/enrol/" + token
}

// reading and desk join a secretariat to the pages, as the program does.
type reading struct{ s *secretariat.Secretariat }

func (r reading) View() web.View { return shown{r.s.View()} }
func (r reading) At(ctx context.Context, size int64) (web.View, error) {
	v, err := r.s.View().At(ctx, size)
	return shown{v}, err
}
func (r reading) Wait(ctx context.Context, size int64) error { return r.s.Wait(ctx, size) }

type shown struct{ *secretariat.View }

func (v shown) For(r conference.Reader) web.View { return shown{v.View.For(r)} }

type desk struct {
	s    *secretariat.Secretariat
	meet *meet
}

func (d desk) Now() record.Instant { return d.s.Now() }

func (d desk) RehearseAll(ctx context.Context, acts []*web.Act) (int, error) {
	v := d.s.View()
	take := v.Rehearse(v.Origin(), d.s.Now, rand.Reader)
	for i, a := range acts {
		if _, err := take(ctx, actOf(a)); err != nil {
			return i, err
		}
	}
	return 0, nil
}

func (d desk) DoAll(ctx context.Context, acts []*web.Act) (int, error) {
	w := &secretariat.Whole{}
	for _, a := range acts {
		w.Acts = append(w.Acts, actOf(a))
	}
	err := d.s.DoWhole(ctx, w)
	return w.Failed, err
}
func (d desk) Do(ctx context.Context, a *web.Act) (web.Receipt, error) {
	d.meet.come()
	r, err := d.s.Do(ctx, actOf(a))
	return web.Receipt{Index: r.Index, At: r.At, Events: r.Events, Again: r.Again}, err
}
func (d desk) Rehearse(ctx context.Context, a *web.Act) (web.Receipt, error) {
	v := d.s.View()
	r, err := v.Rehearse(v.Origin(), d.s.Now, rand.Reader)(ctx, actOf(a))
	return web.Receipt{Index: r.Index, At: r.At, Events: r.Events, Again: r.Again}, err
}

func actOf(a *web.Act) *secretariat.Act {
	return &secretariat.Act{Submitted: a.Submitted, Attestations: a.Attestations, Disclosures: a.Disclosures, Blobs: a.Blobs}
}

// A tab is one person at one device.
type tab struct {
	t      *testing.T
	ctx    context.Context
	dies   context.CancelFunc // with all that it kept
	mu     sync.Mutex
	errors []string      // the console's, and exceptions nobody caught
	marks  chan struct{} // one for each mark the console was given
}

// patience is how long anything in a browser may take before its test fails.
const patience = 3 * time.Minute

// within is as long as one thing may take in the tab.
func (b *tab) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, patience)
}

// person opens a tab in a context of its own. At the end of the test its console must have complained of nothing but
// what matches one of the words expected.
func person(t *testing.T, expected ...string) *tab {
	t.Helper()
	return enter(t, chrome, []chromedp.ContextOption{chromedp.WithNewBrowserContext()}, expected...)
}

// beside opens another tab of the same person in the same browser.
func (b *tab) beside(expected ...string) *tab {
	b.t.Helper()
	return enter(b.t, b.ctx, nil, expected...)
}

func enter(t *testing.T, in context.Context, how []chromedp.ContextOption, expected ...string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(in, how...)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, dies: cancel, marks: make(chan struct{}, 1)}
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil { // opens the tab, which ends with its first context
		t.Fatal(err)
	}
	// Each person sits before a screen of their own: keys go to a page that has the focus, whatever happens elsewhere.
	if _, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.heard(m)
		}
	}()
	t.Cleanup(func() { b.silent(expected...) })
	return b
}

const mark = "everything before this was said"

func (b *tab) heard(m chromedp.ConsoleMessage) {
	if m.Text == mark {
		b.marks <- struct{}{}
		return
	}
	if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleException {
		b.mu.Lock()
		b.errors = append(b.errors, m.Text)
		b.mu.Unlock()
	}
}

// silent fails the test where the console complained of what was not expected.
func (b *tab) silent(expected ...string) {
	b.t.Helper()
	if b.t.Failed() || b.ctx.Err() != nil {
		return // the tab may hang, or is gone
	}
	run[any](b, `console.info("`+mark+`"); null`)
	<-b.marks
	b.mu.Lock()
	defer b.mu.Unlock()
said:
	for _, e := range b.errors {
		for _, word := range expected {
			if strings.Contains(e, word) {
				continue said
			}
		}
		b.t.Errorf("the console complains: %s", e)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := b.within()
	defer stop()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v; it reads %s", err, b.text("body"))
	}
}

func (b *tab) visit(address string) { b.t.Helper(); b.do(chromedp.Navigate(address)) }

// take takes a role of the training body, which leads to the place it works at.
func (b *tab) take(h *house, who, place string) {
	b.t.Helper()
	b.visit(h.origin + "/en/roles")
	b.click(`button[value="`+who+`"]`, "body."+place)
}

// click presses what a selector names, and waits until what another names is there.
func (b *tab) click(selector, until string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)), chromedp.WaitVisible(chromedp.CSS(until)))
}

// strike presses a key, as a person does.
func (b *tab) strike(keys string) { b.t.Helper(); b.do(chromedp.KeyEvent(keys)) }

// picture keeps what the tab shows as a PNG in the folder that KURULTAI_PICTURES names, for people to look at.
func (b *tab) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("KURULTAI_PICTURES")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// text is what is read in what a selector names.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return run[string](b, `document.querySelector(`+"`"+selector+"`"+`)?.innerText ?? ""`)
}

// run evaluates JavaScript and waits for promises.
func run[T any](b *tab, js string, options ...chromedp.EvaluateOption) T {
	b.t.Helper()
	ctx, stop := b.within()
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, append(options, chromedp.EvalAwaitPromise)...))
	if err != nil {
		b.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// until waits for a condition to become true, on whatever page the tab comes to meanwhile.
func (b *tab) until(js string) { b.t.Helper(); poll[bool](b, "!!("+js+")") }

// poll waits until an expression has a value that is not empty, on whatever page the tab comes to meanwhile.
func poll[T any](b *tab, js string) T {
	b.t.Helper()
	ctx, stop := b.within()
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Poll[T](js))
	moved := func(err error) bool {
		return strings.Contains(err.Error(), "context") || strings.Contains(err.Error(), "navigated")
	}
	for err != nil && ctx.Err() == nil && moved(err) {
		v, err = chromedp.Run(ctx, chromedp.Poll[T](js))
	}
	if err != nil {
		b.t.Fatalf("%s: %v; it reads %s", js, err, b.text("body"))
	}
	return v
}

// device gives the tab a device that makes passkeys and whose owner always agrees.
func (b *tab) device() webauthn.AuthenticatorID {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		b.t.Fatal(err)
	}
	r, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	return r.AuthenticatorID
}
