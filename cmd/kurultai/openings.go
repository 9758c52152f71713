package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/sqlite"
	"kurultai/secretariat"
	"kurultai/witness"
)

// A caller asks at the door of a record for what is meant for who it is, and for nobody else (doc/record.md section 14).
type caller struct {
	from  string // address of the record
	says  func(address, challenge string) ([]byte, error)
	token string // shows who calls; "" until it has shown it
}

// may reports whether the door is reached so that nobody listens: by https, or on this machine.
func (c *caller) may() bool {
	u, err := url.Parse(c.from)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http" && isLoopbackHost(u.Host))
}

// openings asks for all openings, showing first who asks where no pass is held.
func (c *caller) openings(ctx context.Context) (list []record.Opening, err error) {
	b, err := c.withPass(ctx, "/node/openings")
	if err != nil {
		return nil, err
	}
	s := bufio.NewScanner(bytes.NewReader(b))
	s.Buffer(nil, record.MaxBlob)
	for s.Scan() {
		if s.Text() == `{"end":true}` {
			return list, nil
		}
		o, err := record.ParseOpening(s.Text())
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return nil, errors.Join(errors.New("they came incomplete"), s.Err())
}

// file asks for a file that an opening names; entry is the opening's.
func (c *caller) file(ctx context.Context, d record.Digest, entry int64) ([]byte, error) {
	sum, err := canonical.DecodeBytes(string(d))
	if err != nil {
		return nil, err
	}
	b, err := c.withPass(ctx, fmt.Sprintf("/node/blob/%s?entry=%d", hex.EncodeToString(sum), entry))
	if err == nil && record.DigestOf(b) != d {
		err = errors.New("a file came that is another")
	}
	return b, err
}

// keep asks for all that is meant for who calls, holds each opening against its entry and each file against its digest, and
// keeps them, encrypted as the writer keeps them. It says how many openings came that were not here. A file that is not
// given is asked for again the next time.
func (c *caller) keep(ctx context.Context, v *secretariat.View, to *sqlite.Engine) (kept int, err error) {
	openings, err := c.openings(ctx)
	if err != nil {
		return 0, err
	}
	fetch := func(d record.Digest, entry int64) error {
		if to.Has(d) {
			return nil
		}
		b, err := c.file(ctx, d, entry)
		if errors.Is(err, errNoFile) {
			return nil // it was withdrawn, or destroyed
		}
		if err == nil {
			_, err = to.PutBlob(ctx, b)
		}
		return err
	}
	for _, o := range openings { // before the entry can be opened here
		for _, d := range witness.Ciphertexts(o) {
			if err := fetch(d, o.Index); err != nil {
				return 0, err
			}
		}
	}
	kept, missing, err := v.Keep(ctx, to, rand.Reader, openings)
	if err != nil {
		return 0, fmt.Errorf("what %s gave of what is sealed: %w", c.from, err)
	}
	for _, o := range openings {
		if o.Blob != "" && slices.Contains(missing, o.Blob) {
			if err := fetch(o.Blob, o.Index); err != nil {
				return kept, err
			}
		}
	}
	return kept, nil
}

// entitled is what a node knows of the openings its delegation may have.
type entitled struct {
	door   caller
	asked  time.Time // when they were fetched last
	size   int64     // and at how many entries
	erased int64     // entries up to which the writer knows that what was to be forgotten is destroyed here
	told   bool      // whether it was said why none come
}

// asksAgain is after how long a node asks for openings though no entry says that there are more: a paper may be sealed
// until a day.
const asksAgain = 10 * time.Minute

// fetchEntitled fetches what the delegation may read of what is sealed and closed, checks each against its entry, and keeps
// it encrypted. It costs nothing while there can be nothing new.
func (f *following) fetchEntitled(ctx context.Context) error {
	e := &f.entitled
	v := f.shown.Load()
	if n, ok := f.admitted(); !ok || n.Party == "" || v.State().Size == e.size && time.Since(e.asked) < asksAgain {
		return nil
	}
	if !e.door.may() {
		if !e.told && strings.HasPrefix(f.from, "http") {
			e.told = true
			fmt.Fprintf(f.io.talk, "%s is not reached by https: what the delegation may read of what is sealed is not asked for\n", f.from)
		}
		return nil
	}
	kept, err := e.door.keep(ctx, v, f.kept)
	if errors.Is(err, errNotHere) { // a mirror: it has what is for all
		e.asked, e.size = time.Now(), v.State().Size
		return nil
	}
	if err != nil {
		return fmt.Errorf("what the delegation may read of what is sealed: %w", err)
	}
	if kept > 0 {
		fmt.Fprintf(f.io.talk, "%d openings that the delegation may have came, and fit their entries\n", kept)
	}
	e.asked, e.size = time.Now(), v.State().Size
	return nil
}

// admitted is the node as the record has it; ok is false where it is not admitted, or was withdrawn.
func (f *following) admitted() (n conference.Node, ok bool) {
	if f.node == nil {
		return n, false
	}
	for _, n := range f.shown.Load().State().Nodes() {
		if n.Verifier == f.node.Verifier().String() {
			return n, n.Withdrawn == 0
		}
	}
	return n, false
}

// errNotHere says that who is followed does not give such things: it is a mirror, and no writer.
var errNotHere = errors.New("nothing is given to nodes here")

// errNoFile says that a file is not given, or not any more.
var errNoFile = errors.New("the file is not given")

// errPass says that the pass is not good, or no more.
var errPass = errors.New("the pass is not good")

func (c *caller) withPass(ctx context.Context, address string) ([]byte, error) {
	for range 2 {
		if c.token == "" {
			if err := c.showWho(ctx); err != nil {
				return nil, err
			}
		}
		b, err := c.ask(ctx, http.MethodGet, address, nil)
		if !errors.Is(err, errPass) {
			return b, err
		}
		c.token = ""
	}
	return nil, errPass
}

// showWho gets a pass: who calls signs a challenge, with the origin and the address it speaks to.
func (c *caller) showWho(ctx context.Context) error {
	challenge, err := c.ask(ctx, http.MethodGet, "/node/challenge", nil)
	if err != nil {
		return err
	}
	signed, err := c.says(strings.TrimSuffix(c.from, "/"), strings.TrimSpace(string(challenge)))
	if err != nil {
		return err
	}
	token, err := c.ask(ctx, http.MethodPost, "/node/token", signed)
	c.token = strings.TrimSpace(string(token))
	return err
}

// ask asks for something that is meant for who calls.
func (c *caller) ask(ctx context.Context, method, address string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.from, "/")+address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if c.token != "" && method == http.MethodGet {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // a pass goes nowhere else
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, record.MaxBlob+1))
	ofFile := strings.HasPrefix(address, "/node/blob/")
	switch {
	case answer.StatusCode == http.StatusUnauthorized:
		return nil, errPass
	case err != nil:
		return nil, err
	case ofFile && answer.StatusCode == http.StatusNotFound:
		return nil, errNoFile
	case slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}, answer.StatusCode) && !ofFile:
		return nil, errNotHere
	case answer.StatusCode >= 300:
		return nil, fmt.Errorf("%s: %s", answer.Status, bytes.TrimSpace(b[:min(len(b), 300)]))
	}
	return b, nil
}

// forget destroys here what the record says is to be forgotten, and tells the writer when it is done.
func (f *following) forget(ctx context.Context) error {
	v := f.shown.Load()
	st := v.State()
	if st.ForgottenSince(f.entitled.erased) == 0 {
		return nil
	}
	if err := v.Forget(); err != nil {
		return err
	}
	if _, ok := f.admitted(); !ok || !strings.HasPrefix(f.from, "http") {
		return nil
	}
	signed, err := f.node.Say(witness.SaysErased, f.log.Name(), strconv.FormatInt(st.Size, 10))
	if err != nil {
		return err
	}
	if _, err := f.entitled.door.ask(ctx, http.MethodPost, "/node/erased", signed); err != nil && !errors.Is(err, errNotHere) {
		return fmt.Errorf("telling what was destroyed here: %w", err)
	}
	f.entitled.erased = st.Size
	return nil
}
