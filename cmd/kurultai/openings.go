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
	"kurultai/witness"
)

// entitled is what a node knows of the openings its delegation may have.
type entitled struct {
	token  string    // shows who this node is; "" until it has shown it
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
	if u, err := url.Parse(f.from); err != nil || u.Scheme != "https" && !isLoopbackHost(u.Host) {
		if !e.told && strings.HasPrefix(f.from, "http") {
			e.told = true
			fmt.Fprintf(f.io.talk, "%s is not reached by https: what the delegation may read of what is sealed is not asked for\n", f.from)
		}
		return nil
	}
	openings, err := f.askOpenings(ctx)
	if errors.Is(err, errNotHere) { // a mirror: it has what is for all
		e.asked, e.size = time.Now(), v.State().Size
		return nil
	}
	if err != nil {
		return fmt.Errorf("what the delegation may read of what is sealed: %w", err)
	}
	kept, missing, err := v.Keep(ctx, f.engine, rand.Reader, openings)
	if err != nil {
		return fmt.Errorf("what %s gave of what is sealed: %w", f.from, err)
	}
	for _, d := range missing {
		if err := f.fetchFile(ctx, d); err != nil {
			return err
		}
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

// askOpenings asks for all openings, showing first who asks where no pass is held.
func (f *following) askOpenings(ctx context.Context) (list []record.Opening, err error) {
	b, err := f.withPass(ctx, "/node/openings")
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

// fetchFile fetches what is kept of a private file; its digest stands in its opening.
func (f *following) fetchFile(ctx context.Context, d record.Digest) error {
	sum, err := canonical.DecodeBytes(string(d))
	if err != nil {
		return err
	}
	b, err := f.withPass(ctx, "/node/blob/"+hex.EncodeToString(sum))
	if err != nil {
		return err
	}
	if record.DigestOf(b) != d {
		return errors.New("a private file came that is another")
	}
	_, err = f.engine.PutBlob(ctx, b)
	return err
}

// errNotHere says that who is followed does not give such things: it is a mirror, and no writer.
var errNotHere = errors.New("nothing is given to nodes here")

// errPass says that the pass is not good, or no more.
var errPass = errors.New("the pass is not good")

func (f *following) withPass(ctx context.Context, address string) ([]byte, error) {
	for range 2 {
		if f.entitled.token == "" {
			if err := f.showWho(ctx); err != nil {
				return nil, err
			}
		}
		b, err := f.ask(ctx, http.MethodGet, address, nil)
		if !errors.Is(err, errPass) {
			return b, err
		}
		f.entitled.token = ""
	}
	return nil, errPass
}

// showWho gets a pass: the node signs a challenge, with the origin and the address it speaks to.
func (f *following) showWho(ctx context.Context) error {
	challenge, err := f.ask(ctx, http.MethodGet, "/node/challenge", nil)
	if err != nil {
		return err
	}
	signed, err := f.node.Say(witness.SaysWho, f.log.Name(), strings.TrimSuffix(f.from, "/"), strings.TrimSpace(string(challenge)))
	if err != nil {
		return err
	}
	token, err := f.ask(ctx, http.MethodPost, "/node/token", signed)
	f.entitled.token = strings.TrimSpace(string(token))
	return err
}

// ask asks the writer for something that is meant for this node.
func (f *following) ask(ctx context.Context, method, address string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(f.from, "/")+address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if f.entitled.token != "" && method == http.MethodGet {
		r.Header.Set("Authorization", "Bearer "+f.entitled.token)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // a pass goes nowhere else
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, record.MaxBlob+1))
	switch {
	case answer.StatusCode == http.StatusUnauthorized:
		return nil, errPass
	case err != nil:
		return nil, err
	case slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}, answer.StatusCode) && !strings.HasPrefix(address, "/node/blob/"):
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
	if _, err := f.ask(ctx, http.MethodPost, "/node/erased", signed); err != nil && !errors.Is(err, errNotHere) {
		return fmt.Errorf("telling what was destroyed here: %w", err)
	}
	f.entitled.erased = st.Size
	return nil
}
