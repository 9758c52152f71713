package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
)

// What consists of two steps may begin at one machine and end at another. A half of an act of two persons is given to a
// majority before its author is told that it waits, so that the second finds it wherever, and it outlives the machine it
// came to. A ceremony stays where it began, for it may be finished once: another machine passes its last step on to there.

// Others are the other machines that serve the record.
type Others interface {
	// Name is this machine's, as the others know it.
	Name() string
	// Pass has another machine answer a request to these pages, and reports whether it did.
	Pass(w http.ResponseWriter, r *http.Request, machine string) bool
	// Give gives the others a half. It returns nil once a majority of all machines, with this one, has it.
	Give(ctx context.Context, half []byte) error
	// Ask returns the halves of each of the others that answers.
	Ask(ctx context.Context) [][]byte
	// Given names who takes a half that another gives, and who lists those that are here.
	Given(take func(half []byte) error, list func() [][]byte)
}

// finishing are the places at which a ceremony ends.
var finishing = regexp.MustCompile(`^/[a-z]{2}/(signin/finish|signed|me/device/made|enrol/[^/]+/finish)$|^/provider/callback$`)

// finishedElsewhere has the last step of a ceremony answered by the machine at which it began. Where that machine does not
// answer, the ceremony is over, and the person begins again.
func (s *site) finishedElsewhere(w http.ResponseWriter, r *http.Request) bool {
	if s.Others == nil || !finishing.MatchString(r.URL.Path) {
		return false
	}
	machine, _, ok := strings.Cut(s.cookie(r, "ceremony"), "~")
	if !ok || machine == s.Others.Name() {
		return false
	}
	to := r.Clone(r.Context())
	to.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if !local(r) { // whence it came is known here
		to.Header.Set("X-Forwarded-For", s.address(r))
		to.Header.Set("X-Forwarded-Proto", map[bool]string{true: "https", false: "http"}[s.secure(r)])
	}
	return s.Others.Pass(w, to, machine)
}

// A givenHalf is a half as machines give it to each other.
type givenHalf struct {
	Submitted    string               `json:"submitted"`
	Attestations []record.Attestation `json:"attestations,omitempty"`
	Disclosures  []record.Disclosure  `json:"disclosures,omitempty"`
	Until        int64                `json:"until"`          // milliseconds since 1970
	Done         bool                 `json:"done,omitempty"` // it became an entry
}

func (h *half) given(done bool) []byte {
	b, err := json.Marshal(givenHalf{h.act.Submitted.Text(), h.act.Attestations, h.act.Disclosures, int64(h.until), done})
	if err != nil {
		panic(err) // the types are ours
	}
	return b
}

// takeHalf takes a half that another machine gives.
func (s *site) takeHalf(b []byte) error {
	var g givenHalf
	if err := json.Unmarshal(b, &g); err != nil {
		return err
	}
	v, err := canonical.Parse(g.Submitted)
	if err != nil {
		return err
	}
	a := &Act{Attestations: g.Attestations, Disclosures: g.Disclosures}
	if a.Submitted, err = record.ParseSubmitted(v, s.record.View().State().Size+1); err != nil {
		return err
	}
	switch now := s.Desk.Now(); {
	case len(a.Submitted.With) != 1:
		return errors.New("a half is of an act of two persons")
	case g.Done:
		s.halves.drop(a)
	case int64(now) <= g.Until:
		s.halves.keep(a, now, record.Instant(g.Until))
	}
	return nil
}

// askHalves fetches the halves that others have, for this machine may have been away when they were given.
func (s *site) askHalves(ctx context.Context) {
	if s.Others == nil {
		return
	}
	for _, b := range s.Others.Ask(ctx) {
		if err := s.takeHalf(b); err != nil {
			s.log().Error("what another machine gives is no half of an act", "error", err)
		}
	}
}

// giveHalf gives a half to a majority.
func (s *site) giveHalf(ctx context.Context, h *half) error {
	if s.Others == nil {
		return nil
	}
	if err := s.Others.Give(ctx, h.given(false)); err != nil {
		s.halves.drop(h.act)
		s.log().Warn("a half of an act was not taken", "error", err)
		return &conference.Refusal{Code: "not-connected", Rule: "11"}
	}
	return nil
}

// done forgets a half that became an entry, here and at the others; who does not hear it is told by the record.
func (s *site) done(ctx context.Context, whole *Act) {
	h := s.halves.drop(whole)
	if s.Others == nil || h == nil {
		return
	}
	b := h.given(true)
	go func() {
		if err := s.Others.Give(context.WithoutCancel(ctx), b); err != nil {
			s.log().Warn("others were not told that an act is whole", "error", err)
		}
	}()
}
