package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"kurultai/record"
	"kurultai/record/sqlite"
)

// A webhook is told what a node found, until it has heard it: at once, and where it is not reached after pauses that double
// from webhookPause to webhookRest, for webhookDays, and again from every start on. What was told and what was not is kept in
// a file, so a node that is stopped meanwhile goes on.
type webhook struct {
	path string
	post func(ctx context.Context, body []byte) error

	mu    sync.Mutex // guards what follows
	state webhookState
	more  chan struct{} // closed when there is more to tell
}

const (
	webhookPause = 5 * time.Second
	webhookRest  = time.Hour
	webhookDays  = 24 * time.Hour
	webhookMost  = 100 // messages kept: of those told the newest, of those untold the first
)

type webhookState struct {
	Told   []record.Digest `json:"told"` // of what it heard
	Untold []untold        `json:"untold"`
}

// An untold is what the webhook has not heard yet.
type untold struct {
	Body  string    `json:"body"`
	Since time.Time `json:"since"` // when this program was first to tell it, or was started
	Next  time.Time `json:"next"`  // when it is tried
	Tries int       `json:"tries"`
}

// openWebhook takes up in dir what is still to be told; url "" is nobody, and nothing is kept for it.
func openWebhook(dir, url string) (*webhook, error) {
	if url == "" {
		return nil, nil
	}
	client := &http.Client{Timeout: 20 * time.Second}
	return readWebhook(filepath.Join(dir, "webhook.json"), func(ctx context.Context, body []byte) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode >= 300 {
			return errors.New(answer.Status)
		}
		return nil
	})
}

func readWebhook(path string, post func(context.Context, []byte) error) (*webhook, error) {
	w := &webhook{path: path, post: post, more: make(chan struct{})}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return w, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &w.state)
	}
	if err != nil {
		return nil, hinted{fmt.Errorf("reading what the webhook was told: %s: %w", path, err), "move it elsewhere: what was not told is told again"}
	}
	for i := range w.state.Untold {
		w.state.Untold[i] = untold{Body: w.state.Untold[i].Body, Since: time.Now(), Next: time.Now()}
	}
	return w, nil
}

// tell has the webhook told something, once; a nil webhook is nobody.
func (w *webhook) tell(body []byte) error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := webhookState{Told: w.state.Told, Untold: slices.Clone(w.state.Untold)}
	if slices.Contains(s.Told, record.DigestOf(body)) || slices.ContainsFunc(s.Untold, func(u untold) bool { return u.Body == string(body) }) {
		return nil
	}
	if len(s.Untold) == webhookMost {
		return fmt.Errorf("the webhook has not heard %d things: this one is not kept for it", webhookMost)
	}
	s.Untold = append(s.Untold, untold{Body: string(body), Since: time.Now(), Next: time.Now()})
	err := w.keep(s)
	close(w.more)
	w.more = make(chan struct{})
	return err
}

// keep makes a state durable. What cannot be kept is gone on with, and told again after a restart. w.mu is held.
func (w *webhook) keep(s webhookState) error {
	w.state = s
	b, err := json.Marshal(s)
	if err == nil {
		err = sqlite.Replace(w.path, b)
	}
	if err != nil {
		return fmt.Errorf("keeping what the webhook is told: %w", err)
	}
	return nil
}

// try tells what is due, in order. Its error is that of the first that was not heard.
func (w *webhook) try(ctx context.Context) (first error) {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	list := slices.Clone(w.state.Untold)
	w.mu.Unlock()
	for _, u := range list {
		if u.Next.IsZero() || u.Next.After(time.Now()) {
			continue
		}
		err := w.post(ctx, []byte(u.Body))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err = errors.Join(err, w.tried(u, err == nil)); err != nil && first == nil {
			first = fmt.Errorf("the webhook: %w", err)
		}
	}
	return first
}

// tried keeps what came of telling something.
func (w *webhook) tried(u untold, heard bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := webhookState{Told: slices.Clone(w.state.Told), Untold: slices.Clone(w.state.Untold)}
	i := slices.IndexFunc(s.Untold, func(x untold) bool { return x.Body == u.Body })
	if heard {
		s.Told = append(s.Told, record.DigestOf([]byte(u.Body)))
		s.Told = s.Told[max(0, len(s.Told)-webhookMost):]
		s.Untold = slices.Delete(s.Untold, i, i+1)
		return w.keep(s)
	}
	pause := webhookRest
	if u.Tries < 10 {
		pause = min(webhookPause<<u.Tries, webhookRest)
	}
	u.Tries, u.Next = u.Tries+1, time.Now().Add(pause)
	if u.Next.Sub(u.Since) > webhookDays {
		u.Next = time.Time{}
		slog.Error("the webhook was not reached for a day; it is tried again when the node is started anew", "tries", u.Tries)
	}
	s.Untold[i] = u
	return w.keep(s)
}

// run tells what there is to tell until ctx ends.
func (w *webhook) run(ctx context.Context) {
	if w == nil {
		return
	}
	for ctx.Err() == nil {
		if err := w.try(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("not told", "error", err)
		}
		w.mu.Lock()
		more, next := w.more, time.Time{}
		for _, u := range w.state.Untold {
			if !u.Next.IsZero() && (next.IsZero() || u.Next.Before(next)) {
				next = u.Next
			}
		}
		w.mu.Unlock()
		var due <-chan time.Time
		if !next.IsZero() {
			due = time.After(time.Until(next))
		}
		select {
		case <-ctx.Done():
		case <-more:
		case <-due:
		}
	}
}
