package secretariat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
)

// What machines that keep one record say to each other, over a channel that lets nobody else in:
//
//	POST /pass/act      passedAct    -> passedReceipt
//	POST /pass/acts     []passedAct  -> passedWhole
//	POST /pass/clock    two persons  -> {}
//	POST /keys          keysGiven    -> {}           slots of whoever has the pen of a term
//	POST /keys/promise  {"term":N}   -> []Slot
//
// A refusal is 409 with the refusal, 503 ErrNotWriting, 421 ErrTerm.

type passedAct struct {
	Act          string               `json:"act"` // submitted half, as it is written
	Attestations []record.Attestation `json:"attestations,omitempty"`
	Disclosures  []record.Disclosure  `json:"disclosures,omitempty"`
	Blobs        [][]byte             `json:"blobs,omitempty"`
}

type passedReceipt struct {
	Index int64 `json:"index"`
	At    int64 `json:"at"` // milliseconds since 1970
	Again bool  `json:"again,omitempty"`
}

type passedWhole struct {
	Taken   int                 `json:"taken"`
	Failed  int                 `json:"failed"`
	Refusal *conference.Refusal `json:"refusal,omitempty"`
}

type keysGiven struct {
	Term  int64  `json:"term"`
	Slots []Slot `json:"slots"`
}

func pass(a *Act) passedAct {
	return passedAct{a.Submitted.Text(), a.Attestations, a.Disclosures, a.Blobs}
}

func (p passedAct) act() (*Act, error) {
	v, err := canonical.Parse(p.Act)
	if err != nil {
		return nil, err
	}
	s, err := record.ParseSubmitted(v, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return &Act{Submitted: s, Attestations: p.Attestations, Disclosures: p.Disclosures, Blobs: p.Blobs}, nil
}

// mostPassed bounds a question, in bytes: an act with the largest files, in base64.
const mostPassed = 512 << 20

// Passed answers the other machines. It asks nobody who they are: whoever serves it does. of is nil until the record is
// open; the keys are asked for before.
func Passed(of func() *Secretariat, keys *SubjectKeys) http.Handler {
	mux := http.NewServeMux()
	handle(mux, "POST /pass/act", func(ctx context.Context, q passedAct) (passedReceipt, error) {
		a, err := q.act()
		if err != nil {
			return passedReceipt{}, err
		}
		s := of()
		p := &pending{act: a}
		err = s.here(ctx, p)
		return passedReceipt{p.receipt.Index, int64(p.receipt.At), p.receipt.Again}, err
	})
	handle(mux, "POST /pass/acts", func(ctx context.Context, q []passedAct) (passedWhole, error) {
		w := &Whole{}
		for _, one := range q {
			a, err := one.act()
			if err != nil {
				return passedWhole{}, err
			}
			w.Acts = append(w.Acts, a)
		}
		err := of().here(ctx, &pending{whole: w})
		answer := passedWhole{Taken: w.Taken, Failed: w.Failed}
		if errors.As(err, &answer.Refusal) {
			err = nil
		}
		return answer, err
	})
	handle(mux, "POST /pass/clock", func(ctx context.Context, q []conference.PersonID) (struct{}, error) {
		if len(q) != 2 {
			return struct{}{}, errors.New("two persons confirm a clock")
		}
		return struct{}{}, of().here(ctx, &pending{confirm: q})
	})
	handle(mux, "POST /keys", func(ctx context.Context, q keysGiven) (struct{}, error) {
		return struct{}{}, keys.Accept(q.Term, q.Slots)
	})
	handle(mux, "POST /keys/promise", func(ctx context.Context, q keysGiven) ([]Slot, error) { return keys.Promise(q.Term) })
	return mux
}

// here does what was passed, if this machine writes.
func (s *Secretariat) here(ctx context.Context, p *pending) error {
	if s == nil || !s.Leads() {
		return ErrNotWriting
	}
	return s.submit(ctx, p)
}

func handle[Q, A any](mux *http.ServeMux, pattern string, do func(context.Context, Q) (A, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		var q Q
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostPassed)).Decode(&q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		a, err := do(r.Context(), q)
		var refused *conference.Refusal
		switch {
		case err == nil:
			json.NewEncoder(w).Encode(a)
		case errors.As(err, &refused):
			w.WriteHeader(http.StatusConflict)
			json.NewEncoder(w).Encode(refused)
		case errors.Is(err, ErrNotWriting), errors.Is(err, ErrClosed):
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		case errors.Is(err, ErrTerm):
			http.Error(w, err.Error(), http.StatusMisdirectedRequest)
		default:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
}

// A Remote is another machine that keeps the record, where it answers as Passed does.
type Remote struct {
	URL    string
	Client *http.Client
}

// Pass gives it an act, as Pen.Pass does.
func (m Remote) Pass(ctx context.Context, a *Act) (Receipt, error) {
	var r passedReceipt
	err := m.ask(ctx, "/pass/act", pass(a), &r)
	return Receipt{Index: r.Index, At: record.Instant(r.At), Again: r.Again}, err
}

// PassWhole gives it many acts of which all are taken or none.
func (m Remote) PassWhole(ctx context.Context, w *Whole) error {
	var q []passedAct
	for _, a := range w.Acts {
		q = append(q, pass(a))
	}
	var answer passedWhole
	if err := m.ask(ctx, "/pass/acts", q, &answer); err != nil {
		return err
	}
	w.Taken, w.Failed = answer.Taken, answer.Failed
	if answer.Refusal != nil {
		return answer.Refusal
	}
	if w.Told != nil {
		w.Told(w.Taken)
	}
	return nil
}

// PassClock tells it that two secretaries have looked at its clock.
func (m Remote) PassClock(ctx context.Context, first, second conference.PersonID) error {
	return m.ask(ctx, "/pass/clock", []conference.PersonID{first, second}, &struct{}{})
}

// Promise asks it to take no key of an earlier term, and which it has; of term 0 which it has alone.
func (m Remote) Promise(ctx context.Context, term int64) (slots []Slot, err error) {
	err = m.ask(ctx, "/keys/promise", keysGiven{Term: term}, &slots)
	return slots, err
}

// Accept gives it keys of a term.
func (m Remote) Accept(ctx context.Context, term int64, slots []Slot) error {
	return m.ask(ctx, "/keys", keysGiven{term, slots}, &struct{}{})
}

// ask asks and reads the answer. That nobody answers is ErrNotWriting: whether it was heard is not known.
func (m Remote) ask(ctx context.Context, path string, q, into any) error {
	body, err := json.Marshal(q)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := m.Client.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrNotWriting, err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, mostPassed))
	if err != nil {
		return fmt.Errorf("%w: %v", ErrNotWriting, err)
	}
	switch answer.StatusCode {
	case http.StatusOK:
		return json.Unmarshal(b, into)
	case http.StatusConflict:
		refused := new(conference.Refusal)
		if err := json.Unmarshal(b, refused); err != nil || refused.Code == "" {
			return fmt.Errorf("%s answers a refusal that is none: %w", m.URL, err)
		}
		return refused
	case http.StatusServiceUnavailable:
		return fmt.Errorf("%w: %s", ErrNotWriting, bytes.TrimSpace(b))
	case http.StatusMisdirectedRequest:
		return fmt.Errorf("%w: %s", ErrTerm, bytes.TrimSpace(b))
	}
	return fmt.Errorf("%s: %s: %s", m.URL, answer.Status, bytes.TrimSpace(b[:min(len(b), 500)]))
}
