package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/passkey"
	"kurultai/web"
)

// A node is a running one as a terminal meets it: over its API, signed in by the key in a file. The terminal trusts it
// no further than a browser does: a key signs for the node's own host alone, and only what was asked for.
type node struct {
	url    string // the origin (RFC 6454), as https://assembly.example
	host   string // its host alone
	client *http.Client
}

// What a node may take to answer, and how much of an answer is read: a receipt is a few kB.
const (
	patience  = 30 * time.Second
	maxAnswer = 8 << 20
)

// newNode reads the address of a node: https, or http on this machine.
func newNode(address string) (*node, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errUsage{"-url is where people sign in, as https://assembly.example"}
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	if here := u.Hostname() == "localhost" || ip.IsLoopback(); u.Scheme != "https" && !(u.Scheme == "http" && here) {
		return nil, errUsage{"-url begins with https, or with http on this machine alone: a session is worth as much as a key"}
	}
	jar, err := cookiejar.New(nil)
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &node{u.Scheme + "://" + u.Host, u.Hostname(), &http.Client{Jar: jar, Timeout: patience, CheckRedirect: stay}}, err
}

// A problem is a node's no: title, code and rule of a refusal, and what to do.
type problem struct{ web.Problem }

func (p problem) Error() string {
	if p.Code == "" {
		return p.Title
	}
	return fmt.Sprintf("%s (%s; %s)", p.Title, p.Code, p.Rule)
}

// ask sends a request and reads the answer into result; what the node refuses is a hinted problem.
func (n *node) ask(ctx context.Context, method, path string, body []byte, result any) error {
	r, err := http.NewRequestWithContext(ctx, method, n.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Accept-Language", "en")
	r.Header.Set("Content-Type", "application/json")
	answer, err := n.client.Do(r)
	if err != nil {
		return hinted{fmt.Errorf("asking %s: %w", n.url, err), "is it served there? kurultai act -data DIR works on a record that is not served"}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading what %s answers: %w", n.url, err)
	}
	if answer.StatusCode >= 300 {
		return n.refused(answer, path, text)
	}
	if err := json.Unmarshal(text, result); err != nil {
		return hinted{fmt.Errorf("%s%s answers no JSON of ours: %w", n.url, path, err), "-url names a node of kurultai"}
	}
	return nil
}

func (n *node) refused(answer *http.Response, path string, text []byte) error {
	var p problem
	if json.Unmarshal(text, &p.Problem) != nil || p.Title == "" {
		return hinted{fmt.Errorf("%s%s answers %s", n.url, path, answer.Status), "-url names the origin of a node, as the record gives it (act NameOrigin)"}
	}
	return hinted{p, cmp.Or(p.Remedy, p.Detail)}
}

// A keyholder is a key with whose it is, as the record has it.
type keyholder struct {
	web.PasskeyView
	key *passkey.Key
}

// holder finds whose a key is.
func (n *node) holder(ctx context.Context, file string) (h keyholder, err error) {
	if h.key, err = passkey.Open(file, rand.Reader); err != nil {
		return h, hinted{err, "kurultai enrol -data DIR -to FILE PERSON makes a key and enrols it, where the record is not served"}
	}
	err = n.ask(ctx, http.MethodGet, "/api/passkeys/"+h.key.Credential(), nil, &h.PasskeyView)
	var no problem
	if errors.As(err, &no) && no.Status == http.StatusNotFound {
		err = hinted{fmt.Errorf("the key in %s is not enrolled at %s", file, n.url), "kurultai enrol -data DIR -to FILE PERSON makes a key and enrols it, where the record is not served"}
	}
	return h, err
}

// assert signs a challenge as a browser at the node does: for a domain that is the node's host or above it, and no
// other (WebAuthn Level 3 section 5.1.4.1).
func (n *node) assert(h keyholder, challenge []byte, domain string) (record.Attestation, error) {
	if n.host != domain && !strings.HasSuffix(n.host, "."+domain) || domain == "" {
		return record.Attestation{}, hinted{fmt.Errorf("%s asks for a signature for %q, which is not its own", n.url, domain), "sign nothing there; -url names where the record says people sign in"}
	}
	return h.key.Assert(challenge, domain, n.url)
}

// asks is what a node asks a key to sign at a sign-in.
type asks struct{ Challenge, RPID string }

// signIn opens a session.
func (n *node) signIn(ctx context.Context, h keyholder) error {
	var asks asks
	if err := n.ask(ctx, http.MethodPost, "/en/signin/begin", []byte("{}"), &asks); err != nil {
		return err
	}
	return n.finishSignIn(ctx, h, asks)
}

func (n *node) finishSignIn(ctx context.Context, h keyholder, asks asks) error {
	challenge, err := canonical.DecodeBytes(asks.Challenge)
	if err != nil {
		return fmt.Errorf("%s sends a challenge that is none: %w", n.url, err)
	}
	a, err := n.assert(h, challenge, asks.RPID)
	if err != nil {
		return err
	}
	person, _ := hex.DecodeString(h.Person)
	body, err := json.Marshal(map[string]any{"id": a.Credential, "rawId": a.Credential, "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": a.ClientDataJSON, "authenticatorData": a.AuthenticatorData, "signature": a.Signature, "userHandle": canonical.EncodeBytes(person)}})
	if err != nil {
		return err
	}
	return n.ask(ctx, http.MethodPost, "/en/signin/finish", body, &struct{}{})
}

// signOut ends the session; where that fails it ends by itself.
func (n *node) signOut(ctx context.Context) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, n.url+"/en/me/signout", strings.NewReader(""))
	if err != nil {
		return
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if answer, err := n.client.Do(r); err == nil {
		answer.Body.Close()
	}
}

// A remoteReceipt is what a node answers to an act: where it stands, or whom it waits for.
type remoteReceipt struct {
	web.ReceiptView
	web.WaitingView
}

// submit does one act at a running node and prints where it stands.
func (n *node) submit(ctx context.Context, io streams, t *terminal, name string, fields canonical.Value, blobs ...[]byte) error {
	i := slices.IndexFunc(conference.Catalogue(), func(a *conference.Act) bool { return a.Name == name })
	if i < 0 {
		return hinted{fmt.Errorf("no act is called %q", name), "kurultai acts lists them"}
	}
	signers, with, err := n.signers(ctx, t)
	if err != nil {
		return err
	}
	asked := web.Asked{Fields: fields, Key: newKey(), Meeting: t.meeting}
	asked.As, asked.For = t.capacity(conference.Catalogue()[i], signers[0].offices())
	if with != "" {
		asked.With = []record.With{{As: asked.As, By: with}}
	}
	if err := n.signIn(ctx, signers[0]); err != nil {
		return err
	}
	defer n.signOut(context.WithoutCancel(ctx))
	var p web.PreparedAct
	if err := n.ask(ctx, http.MethodPost, "/api/acts/"+name+"/prepare", canonical.Encode(nil, asked), &p); err != nil {
		return err
	}
	sent, err := n.sign(name, asked, p, signers, blobs)
	if err != nil {
		return err
	}
	var receipt remoteReceipt
	if err := n.ask(ctx, http.MethodPost, "/api/acts/"+name, sent, &receipt); err != nil {
		return err
	}
	return n.tell(io, t, name, receipt)
}

// signers are whose keys sign, the author's first, and the second person of an act of two.
func (n *node) signers(ctx context.Context, t *terminal) (signers []keyholder, with string, err error) {
	author, err := n.holder(ctx, t.key)
	if err != nil || t.with == "" {
		return []keyholder{author}, "", err
	}
	if isPerson(t.with) {
		return []keyholder{author}, t.with, nil
	}
	second, err := n.holder(ctx, t.with)
	return []keyholder{author, second}, second.Person, err
}

// offices are what the holder of a key may act as.
func (h keyholder) offices() (list []conference.Office) {
	for _, o := range h.Offices {
		list = append(list, conference.Office{Person: conference.PersonID(h.Person), Capacity: conference.Capacity(o.As), For: conference.PartyID(o.For)})
	}
	return list
}

// sign checks that what was prepared is what was asked, and signs it where it has to be, or where both persons are here.
func (n *node) sign(name string, asked web.Asked, p web.PreparedAct, signers []keyholder, blobs [][]byte) ([]byte, error) {
	sent := web.Submission{Submitted: p.Submitted, Disclosures: p.Disclosures}
	for _, b := range blobs {
		sent.Blobs = append(sent.Blobs, base64.StdEncoding.EncodeToString(b))
	}
	v, err := canonical.Parse(p.Submitted)
	if err != nil {
		return nil, fmt.Errorf("%s prepares no act: %w", n.url, err)
	}
	submitted, err := record.ParseSubmitted(v, math.MaxInt64)
	if err != nil {
		return nil, fmt.Errorf("%s prepares no act: %w", n.url, err)
	}
	if !means(submitted, p.Disclosures, name, signers[0].Person, asked) {
		return nil, hinted{fmt.Errorf("%s prepares another act than was asked for: %s", n.url, p.Submitted), "nothing was signed and nothing sent; tell who keeps the node"}
	}
	if !p.Attested && len(signers) == 1 {
		return canonical.Encode(nil, sent), nil
	}
	for _, h := range signers {
		challenge := submitted.Challenge()
		a, err := n.assert(h, challenge[:], p.RPID)
		if err != nil {
			return nil, err
		}
		sent.Attestations = append(sent.Attestations, a)
	}
	return canonical.Encode(nil, sent), nil
}

// means reports whether prepared bytes, their private values opened, say what was asked and nothing else.
func means(s record.Submitted, disclosures []string, name, by string, asked web.Asked) bool {
	opened, all := map[string]canonical.Value{}, 0
	for _, d := range disclosures {
		_, _, value, err := record.Disclosure(d).Open()
		if err != nil {
			return false
		}
		opened[string(record.Disclosure(d).Digest())] = value
	}
	fields := unsealed(s.Fields, opened, &all)
	return s.Name == name && s.By == by && s.As == asked.As && s.For == asked.For && s.Meeting == asked.Meeting && s.Key == asked.Key &&
		slices.Equal(s.With, asked.With) && len(s.About) == 0 && all == len(disclosures) &&
		string(canonical.Append(nil, fields)) == string(canonical.Append(nil, asked.Fields))
}

// unsealed puts {"private":value} in the place of each digest that is opened, the reverse of record.Seal, and counts them.
func unsealed(v canonical.Value, opened map[string]canonical.Value, count *int) canonical.Value {
	if value, ok := opened[v.Get("sealed").Str]; ok && v.Kind == canonical.Object && len(v.Keys) == 1 {
		*count++
		return canonical.Value{Kind: canonical.Object, Keys: []string{"private"}, Items: []canonical.Value{value}}
	}
	v.Items = slices.Clone(v.Items)
	for i, item := range v.Items {
		v.Items[i] = unsealed(item, opened, count)
	}
	return v
}

// tell prints where an act stands, or that it waits for its second person.
func (n *node) tell(io streams, t *terminal, name string, r remoteReceipt) error {
	if r.Waiting == "" {
		kinds := []string{}
		for _, text := range r.Events {
			var e struct{ Kind string }
			if err := json.Unmarshal(text, &e); err != nil {
				return fmt.Errorf("%s answers with an event that is none: %w", n.url, err)
			}
			kinds = append(kinds, e.Kind)
		}
		return t.tell(io, name, r.Index, r.At, kinds)
	}
	if t.asJSON {
		return json.NewEncoder(io.out).Encode(map[string]any{"waiting": r.Waiting, "until": r.Until, "act": name})
	}
	fmt.Fprintf(io.out, "%s waits for %s until %s\n", name, r.Waiting, r.Until)
	fmt.Fprintf(io.talk, "who signs too at %s/en/pending\n", n.url)
	return nil
}
