package web

import (
	"context"

	"kurultai/conference"
	"kurultai/language"
)

// unheard is what a node says of itself above each page while it does not hear the writer, or "". A node that takes acts
// says that it takes none meanwhile.
func (s *site) unheard(l *language.Language) string {
	h := s.Hearing()
	at := h.Since.String()
	at = at[:10] + " " + at[11:19] + " UTC"
	switch {
	case h.Refused:
		return l.Say("edge.refused", h.From)
	case h.Silent && s.Desk != nil:
		return l.Say("edge.late", at)
	case h.Silent:
		return l.Say("edge.silent", at)
	}
	return ""
}

// attentive is a desk that takes no act while its node does not hear the writer, and says so at once: whoever waited
// would learn no more.
type attentive struct {
	Desk
	hearing func() Hearing
}

// deaf is why no act is taken now, or nil.
func (d attentive) deaf() error {
	if d.hearing().Silent {
		return &conference.Refusal{Code: "not-connected", Rule: "11"}
	}
	return nil
}

func (d attentive) Do(ctx context.Context, a *Act) (Receipt, error) {
	if err := d.deaf(); err != nil {
		return Receipt{}, err
	}
	return d.Desk.Do(ctx, a)
}

func (d attentive) DoAll(ctx context.Context, acts []*Act) (int, error) {
	if err := d.deaf(); err != nil {
		return 0, err
	}
	return d.Desk.DoAll(ctx, acts)
}

// deaf is why no act is taken here now, or nil: told before anybody signs one in vain.
func (s *site) deaf() error {
	if d, ok := s.Desk.(attentive); ok {
		return d.deaf()
	}
	return nil
}
