package web_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"kurultai/conference"
	"kurultai/web"
)

// serve puts a house and a provider on ports of their own, under two names, so that cookies see two sites.
func serve(t *testing.T) (h *house, origin, issuer string) {
	h = open(t)
	ours := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.site.ServeHTTP(w, r) }))
	t.Cleanup(ours.Close)
	origin = strings.Replace(ours.URL, "127.0.0.1", "localhost", 1)
	var provider http.Handler
	theirs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { provider.ServeHTTP(w, r) }))
	t.Cleanup(theirs.Close)
	clients := map[string]*storage.Client{"kurultai": storage.WebClient("kurultai", "secret", origin+"/provider/callback")}
	provider = exampleop.SetupServer(theirs.URL, storage.NewStorageWithClients(storage.NewUserStore(theirs.URL), clients), slog.New(slog.DiscardHandler), false)
	h.options.Provider = &web.Provider{Issuer: theirs.URL, Client: "kurultai", Secret: "secret"}
	h.do(t, "NameOrigin", conference.Secretary, conference.NameOrigin{Domain: "localhost", Origins: []string{origin}}, 0, 1)
	h.restart()
	return h, origin, theirs.URL
}

// link makes a link of enrolment.
func (h *house) link(t *testing.T, p conference.PersonID) string {
	token, digest := web.NewLink()
	h.do(t, "InviteToEnrol", conference.Secretary, conference.InviteToEnrol{Person: p, Link: digest, Until: h.s.Now().AddHours(24)}, 0)
	return token
}

// vouch goes the whole way to the provider and back; alter changes the request on its way there. It returns what is
// read at the end, and the address.
func vouch(t *testing.T, at string, alter func(url.Values)) (code int, text string, end *url.URL, c *http.Client) {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	c = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	begun, err := c.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	begun.Body.Close()
	to, err := begun.Location()
	if err != nil {
		t.Fatalf("%s leads nowhere: %d", at, begun.StatusCode)
	}
	q := to.Query()
	if alter != nil {
		alter(q)
	}
	to.RawQuery = q.Encode()
	c.CheckRedirect = nil
	page, err := c.Get(to.String())
	if err != nil {
		t.Fatal(err)
	}
	page.Body.Close()
	login := page.Request.URL
	done, err := c.PostForm(login.Scheme+"://"+login.Host+"/login/username", url.Values{"username": {"test-user2"}, "password": {"verysecure"}, "id": {login.Query().Get("authRequestID")}})
	if err != nil {
		t.Fatal(err)
	}
	defer done.Body.Close()
	body, _ := io.ReadAll(done.Body)
	return done.StatusCode, string(body), done.Request.URL, c
}

func TestAProviderVouchesForWhomALinkEnrolled(t *testing.T) {
	h, origin, _ := serve(t)
	who := conference.PersonID(h.head(0))
	if code, text, _, _ := vouch(t, origin+"/en/provider", nil); code != 403 || !strings.Contains(text, "This account is not enrolled here") {
		t.Errorf("before a link: %d %s", code, read(text))
	}
	token := h.link(t, who)
	code, text, end, c := vouch(t, origin+"/de/provider/"+token, nil)
	if code != 200 || end.Path != "/de/me" || !strings.Contains(text, "Abmelden") {
		t.Fatalf("by a link: %d at %s: %s", code, end, read(text))
	}
	accounts := h.s.View().State().Accounts()
	if len(accounts) != 1 || accounts[0].Person != who {
		t.Fatalf("enrolled: %+v", accounts)
	}
	if w, err := c.Get(origin + "/en/provider/" + token); err != nil || w.StatusCode != http.StatusGone {
		t.Errorf("a link used twice: %v %v", w.StatusCode, err)
	}
	if code, _, end, _ := vouch(t, origin+"/en/provider", nil); code != 200 || end.Path != "/en/meetings/vii/chair" {
		t.Errorf("signing in: %d at %s", code, end)
	}
	h.do(t, "RevokeAccount", conference.Secretary, conference.RevokeAccount{Account: accounts[0].Account, Why: "left"}, 0, 1)
	me, err := c.Get(origin + "/en/me")
	if err != nil || me.Request.URL.Path != "/en/signin" {
		t.Errorf("the session outlived the account: %s %v", me.Request.URL, err)
	}
	if code, _, _, _ := vouch(t, origin+"/en/provider", nil); code != 403 {
		t.Errorf("a revoked account signs in: %d", code)
	}
	if strings.Contains(h.log.String(), token) || strings.Contains(h.log.String(), "test-user") {
		t.Error("the log knows whom")
	}
}

// The state binds the answer to this browser's attempt, the nonce the token to it, the challenge the code.
func TestAlteredAttemptsAreRefused(t *testing.T) {
	h, origin, _ := serve(t)
	vouch(t, origin+"/en/provider/"+h.link(t, conference.PersonID(h.head(0))), nil)
	altered := 0
	for _, param := range []string{"nonce", "code_challenge", "state"} {
		code, text, end, _ := vouch(t, origin+"/en/provider", func(q url.Values) { q.Set(param, strings.Repeat("A", len(q.Get(param)))) })
		if code != 403 || end.Path != "/provider/callback" || !strings.Contains(text, "You are not signed in") {
			t.Errorf("%s altered: %d at %s: %s", param, code, end, read(text))
		}
		altered++
	}
	b := h.browser(t)
	for _, path := range []string{"/provider/callback", "/provider/callback?state=&code=x", "/provider/callback?error=access_denied"} {
		if w := b.get(path); w.Code != 409 {
			t.Errorf("%s that nobody asked for: %d", path, w.Code)
		}
	}
	t.Logf("%d ways", altered)
}

// A provider of ours signs badly in each way there is.
func TestForgedTokensAreRefused(t *testing.T) {
	ours, _ := rsa.GenerateKey(rand.Reader, 2048)
	others, _ := rsa.GenerateKey(rand.Reader, 2048)
	forged := map[string]struct {
		key    *rsa.PrivateKey
		alg    jose.SignatureAlgorithm
		claims map[string]any
		code   int
	}{
		"good":                  {ours, jose.RS256, nil, 403}, // good, and of an account nobody enrolled
		"another issuer":        {ours, jose.RS256, map[string]any{"iss": "http://127.0.0.1:1"}, 403},
		"another audience":      {ours, jose.RS256, map[string]any{"aud": "another"}, 403},
		"expired":               {ours, jose.RS256, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}, 403},
		"another's key":         {others, jose.RS256, nil, 403},
		"a secret for a key":    {nil, jose.HS256, nil, 403},
		"another's nonce":       {ours, jose.RS256, map[string]any{"nonce": "other"}, 403},
		"no nonce":              {ours, jose.RS256, map[string]any{"nonce": ""}, 403},
		"not valid before then": {ours, jose.RS256, map[string]any{"nbf": time.Now().Add(24 * time.Hour).Unix()}, 403},
	}
	for name, f := range forged {
		h := open(t)
		var issuer, nonce string
		mux := http.NewServeMux()
		answer := func(v any) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				json.NewEncoder(w).Encode(v)
			}
		}
		mux.HandleFunc("/k", answer(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: ours.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}}}))
		mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
			answer(map[string]any{"issuer": issuer, "authorization_endpoint": issuer + "/a", "token_endpoint": issuer + "/t", "jwks_uri": issuer + "/k", "id_token_signing_alg_values_supported": []string{"RS256"}})(w, r)
		})
		mux.HandleFunc("/t", func(w http.ResponseWriter, r *http.Request) {
			answer(map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": mint(t, issuer, nonce, f.key, f.alg, f.claims)})(w, r)
		})
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		issuer = server.URL
		h.options.Provider = &web.Provider{Issuer: issuer, Client: "kurultai"}
		h.restart()
		b := h.browser(t)
		to, err := url.Parse(b.get("/en/provider").Header().Get("Location"))
		if err != nil || !strings.HasPrefix(to.String(), issuer+"/a") || to.Query().Get("code_challenge_method") != "S256" {
			t.Fatalf("%s: to %s, %v", name, to, err)
		}
		nonce = to.Query().Get("nonce")
		w := b.get("/provider/callback?code=c&state=" + to.Query().Get("state"))
		says := map[bool]string{true: "This account is not enrolled here", false: "You are not signed in"}[name == "good"]
		if w.Code != f.code || !strings.Contains(read(w.Body.String()), says) {
			t.Errorf("%s: %d %s", name, w.Code, read(w.Body.String()))
		}
	}
	t.Logf("%d tokens", len(forged))
}

func mint(t *testing.T, issuer, nonce string, key *rsa.PrivateKey, alg jose.SignatureAlgorithm, change map[string]any) string {
	claims := map[string]any{"iss": issuer, "aud": "kurultai", "sub": "id2", "nonce": nonce, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix()}
	for n, c := range change {
		claims[n] = c
	}
	var signing any = key
	if alg == jose.HS256 {
		signing = bytes.Repeat([]byte("k"), 32)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: signing, KeyID: "k"}}, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	body, _ := json.Marshal(claims)
	signed, err := signer.Sign(body)
	if err != nil {
		t.Error(err)
		return ""
	}
	raw, _ := signed.CompactSerialize()
	return raw
}

// A provider that does not answer keeps nobody but who asked it.
func TestNobodyWaitsForTheProvider(t *testing.T) {
	h := open(t)
	asked, release := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked <- struct{}{}; <-release }))
	defer slow.Close()
	h.options.Provider = &web.Provider{Issuer: slow.URL, Client: "kurultai"}
	h.restart()
	done := make(chan int)
	go func() { done <- h.browser(t).get("/en/provider").Code }()
	<-asked
	b := h.browser(t)
	b.take(conference.Head, 0)
	if !b.in() || b.form("/en/me/signout").Code != 303 {
		t.Error("others wait too")
	}
	close(release)
	if code := <-done; code != http.StatusBadGateway {
		t.Errorf("a provider that is no provider: %d", code)
	}
}
