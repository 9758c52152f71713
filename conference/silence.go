package conference

import "kurultai/record"

// silenceState is texts adopted unless somebody objects in time.
type silenceState struct {
	all Ordered[string, Silence]
}

// A Silence is a procedure under way, held or broken.
type Silence struct {
	SilenceOpened
	State string // open, held or broken
	Index int64  // entry that changed it last
}

// Silence returns a silence procedure.
func (s *State) Silence(id MotionID) (Silence, bool) { return s.silence.all.Get(string(id)) }

// SilenceOf returns the silence procedure a draft is under, if it is.
func (s *State) SilenceOf(p ProposalID) (Silence, bool) {
	for _, x := range s.silence.all.All() {
		if x.Proposal == p && x.State == "open" {
			return x, true
		}
	}
	return Silence{}, false
}

type (
	// OpenSilence circulates a text that is adopted unless a member objects in writing in time.
	OpenSilence struct {
		Silence   MotionID       `json:"silence" jsonschema:"id of the procedure"`
		Proposal  ProposalID     `json:"proposal" jsonschema:"the draft"`
		Expires   record.Instant `json:"expires" jsonschema:"the exact instant: an objection then is late"`
		Decision  DecisionID     `json:"decision" jsonschema:"id it is adopted under"`
		Number    string         `json:"number" jsonschema:"the number it is adopted under"`
		Objection PartyID        `json:"objection,omitempty" jsonschema:"a member that objects to the procedure at the meeting"`
	}
	// SilenceOpened is what OpenSilence causes.
	SilenceOpened struct {
		Silence  MotionID       `json:"silence"`
		Meeting  MeetingID      `json:"meeting"`
		Proposal ProposalID     `json:"proposal"`
		Text     record.Digest  `json:"text"`
		Expires  record.Instant `json:"expires"`
		Decision DecisionID     `json:"decision"`
		Number   string         `json:"number"`
	}
	// BreakSilence objects in writing, or proposes an amendment; nothing is adopted then.
	BreakSilence struct {
		Silence     MotionID `json:"silence" jsonschema:"id of the procedure"`
		Letter      Symbol   `json:"letter,omitempty" jsonschema:"the paper that says why"`
		Instruction string   `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// SilenceBroken is what BreakSilence causes; all are told at once.
	SilenceBroken struct {
		Silence  MotionID   `json:"silence"`
		Proposal ProposalID `json:"proposal"`
		Party    PartyID    `json:"party"`
		Letter   Symbol     `json:"letter,omitempty"`
	}
	// SilenceHeld says that nobody objected by the deadline; the text is adopted.
	SilenceHeld struct {
		Silence  MotionID   `json:"silence"`
		Proposal ProposalID `json:"proposal"`
	}
)

func (b *SilenceOpened) due() string { return "silence/" + string(b.Silence) }

func silence(ed *edition) {
	ed.thing("silence", func(s *State, id string) (int64, bool) { x, ok := s.silence.all.Get(id); return x.Index, ok })
	does(ed, Act{
		Name: "OpenSilence", Title: "Open a silence procedure", Help: "The Chair opens a silence: the draft is adopted at an exact instant unless a member objects in writing before.",
		Who: []Capacity{Chair}, Rule: "GA decision 74/544; OSCE MC.DOC/1/06 annex 1(A)", Refusals: codes(atMeeting, "id-taken", "unknown-proposal", "not-in-silence", "already-decided", "shorter-than-rule", "objection", "amendments-first", "question-pending", "voting", "commitments-stale", "day-passed"), Causes: []string{"SilenceOpened"}, Timed: true,
	}, func(s *State, c *Call, f *OpenSilence) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if s.silence.all.Has(string(f.Silence)) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Silence)
		}
		if s.Decided(f.Decision) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Decision)
		}
		p, r := s.draft(m, f.Proposal)
		if r == nil {
			r = s.beforeVoting(m)
		}
		if r != nil {
			return nil, r
		}
		if waiting := s.Amendments(p); len(waiting) > 0 {
			return nil, refuse("amendments-first", "GA 90", waiting[0])
		}
		n, _ := s.Rules.Notice("silence")
		if f.Expires <= c.At || f.Expires < c.At+record.Instant(n.Seconds*1000) {
			return nil, refuse("shorter-than-rule", n.Rule+" (silence)", n.Seconds/3600)
		}
		if f.Objection != "" {
			return nil, refuse("objection", "OSCE MC.DOC/1/06 annex 1(A)", f.Objection)
		}
		if r := s.carried(p, p.Text, f.Expires); r != nil {
			return nil, r
		}
		return []Event{{Body: &SilenceOpened{f.Silence, p.Meeting, p.ID, p.Text, f.Expires, f.Decision, f.Number}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *SilenceOpened) {
		s.silence.all = s.silence.all.Set(string(b.Silence), Silence{*b, "open", h.Index})
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.State = "silence" })
		s.falls(b.Expires, b.due(), Event{Body: &SilenceHeld{b.Silence, b.Proposal}}, Event{Body: &Adopted{b.Proposal, b.Meeting, b.Decision, b.Number, b.Text}})
	})
	does(ed, Act{
		Name: "BreakSilence", Title: "Break the silence", Help: "Objects in writing before the deadline; nothing is adopted, and all are told at once.",
		Who: members, Attested: true, Desk: true, Rule: "OSCE MC.DOC/1/06 annex 1(A); GA decision 74/544", Refusals: []Code{"unknown-silence", "expired", "observer-may-not", "credentials-rejected", "unknown-symbol"}, Causes: []string{"SilenceBroken"}, Timed: true,
	}, func(s *State, c *Call, f *BreakSilence) ([]Event, *Refusal) {
		x, ok := s.Silence(f.Silence)
		if !ok {
			return nil, refuse("unknown-silence", "OSCE MC.DOC/1/06", f.Silence)
		}
		if r := s.member(c, s.meetings.At(string(x.Meeting)), "OSCE MC.DOC/1/06"); r != nil {
			return nil, r
		}
		if x.State != "open" {
			return nil, refuse("expired", "OSCE MC.DOC/1/06 annex 1(A)", x.Expires)
		}
		if f.Letter != "" {
			if _, ok := s.Document(f.Letter); !ok {
				return nil, refuse("unknown-symbol", "OSCE MC.DOC/1/06", f.Letter)
			}
		}
		return []Event{{Body: &SilenceBroken{f.Silence, x.Proposal, PartyID(c.For), f.Letter}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *SilenceBroken) {
		x := s.silence.all.At(string(b.Silence))
		x.State, x.Index = "broken", h.Index
		s.silence.all = s.silence.all.Set(string(b.Silence), x)
		s.dues = s.dues.Delete(dueKey(x.Expires, x.due()))
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.State = "submitted" })
	})
	happens(ed, func(s *State, h Happened, b *SilenceHeld) {
		x := s.silence.all.At(string(b.Silence))
		x.State, x.Index = "held", h.Index
		s.silence.all = s.silence.all.Set(string(b.Silence), x)
		s.dues = s.dues.Delete(dueKey(x.Expires, x.due()))
	})
}
