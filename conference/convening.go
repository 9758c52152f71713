package conference

import (
	"slices"

	"kurultai/record"
)

// conveningState is how meetings are prepared: invitations and answers, and rules suspended.
type conveningState struct {
	invitations Ordered[string, Invitation] // by meeting and party
	suspended   Ordered[string, string]     // by meeting and rule: the basis
}

// An Invitation is a party's to a meeting.
type Invitation struct {
	Party    PartyID
	As       string // member, observer or guest
	ReplyBy  Date
	Answered bool
	Accepted bool
	Index    int64 // entry that changed it last
}

// Invitation returns a party's invitation to a meeting.
func (s *State) Invitation(m MeetingID, p PartyID) (Invitation, bool) {
	return s.convening.invitations.Get(string(m) + "/" + string(p))
}

// Suspended reports whether a rule is suspended at a meeting.
func (s *State) Suspended(m MeetingID, rule string) bool {
	return s.convening.suspended.Has(string(m) + "/" + rule)
}

type (
	// SuspendRule sets a rule aside for a meeting.
	SuspendRule struct {
		Rule      string         `json:"rule" jsonschema:"the rule, as the body's rules number it"`
		Notified  record.Instant `json:"notified" jsonschema:"when notice was given"`
		Objection PartyID        `json:"objection,omitempty" jsonschema:"a member that objects"`
		Basis     string         `json:"basis" jsonschema:"the decision it rests on"`
	}
	// RuleSuspended is what SuspendRule causes.
	RuleSuspended struct {
		Meeting MeetingID `json:"meeting"`
		Rule    string    `json:"rule"`
		Basis   string    `json:"basis"`
	}
	// ChangeStatus makes a member an observer, or an observer a member, from a date.
	ChangeStatus struct {
		Party    PartyID    `json:"party" jsonschema:"the party"`
		Status   string     `json:"status" jsonschema:"member or observer"`
		From     Date       `json:"from" jsonschema:"from when"`
		Basis    Term       `json:"basis" jsonschema:"decision, accession …"`
		Decision DecisionID `json:"decision,omitempty" jsonschema:"the decision, where the record holds it"`
	}
	// StatusChanged is what ChangeStatus causes.
	StatusChanged ChangeStatus
	// WithdrawParty ends a party's membership, after the notice the rules ask.
	WithdrawParty struct {
		From Date `json:"from" jsonschema:"from when it is no member"`
	}
	// PartyWithdrew is what WithdrawParty causes.
	PartyWithdrew struct {
		Party PartyID `json:"party"`
		From  Date    `json:"from"`
	}
	// Invite invites a party to a meeting.
	Invite struct {
		Party   PartyID `json:"party" jsonschema:"who is invited"`
		As      string  `json:"as" jsonschema:"member, observer or guest"`
		ReplyBy Date    `json:"replyBy,omitempty" jsonschema:"by when an answer is asked"`
		Letter  Symbol  `json:"letter,omitempty" jsonschema:"the paper that invites"`
	}
	// InvitationIssued is what Invite causes.
	InvitationIssued struct {
		Meeting MeetingID `json:"meeting"`
		Party   PartyID   `json:"party"`
		As      string    `json:"as"`
		ReplyBy Date      `json:"replyBy,omitempty"`
		Letter  Symbol    `json:"letter,omitempty"`
	}
	// Reply answers an invitation.
	Reply struct {
		Accept      bool   `json:"accept,omitempty" jsonschema:"true where the party comes"`
		Level       Term   `json:"level,omitempty" jsonschema:"level it is represented at"`
		Instruction string `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// InvitationAnswered is what Reply causes.
	InvitationAnswered struct {
		Meeting MeetingID `json:"meeting"`
		Party   PartyID   `json:"party"`
		Accept  bool      `json:"accept,omitempty"`
		Level   Term      `json:"level,omitempty"`
		Late    bool      `json:"late,omitempty" jsonschema:"true after the day asked"`
	}
	// PostponeMeeting moves a meeting to another day.
	PostponeMeeting struct {
		From   Date   `json:"from" jsonschema:"new first day"`
		To     Date   `json:"to,omitempty" jsonschema:"new last day, if another"`
		Reason string `json:"reason" jsonschema:"why"`
		Basis  string `json:"basis" jsonschema:"who was asked and agreed"`
	}
	// MeetingPostponed is what PostponeMeeting causes.
	MeetingPostponed struct {
		Meeting MeetingID `json:"meeting"`
		From    Date      `json:"from"`
		To      Date      `json:"to,omitempty"`
		Reason  string    `json:"reason"`
		Basis   string    `json:"basis"`
	}
	// MoveMeeting moves a meeting to another place.
	MoveMeeting struct {
		Place  PlaceID `json:"place" jsonschema:"new place"`
		Host   PartyID `json:"host,omitempty" jsonschema:"its host"`
		Reason string  `json:"reason" jsonschema:"why"`
		Basis  string  `json:"basis" jsonschema:"who was asked and agreed"`
	}
	// MeetingMoved is what MoveMeeting causes.
	MeetingMoved struct {
		Meeting MeetingID `json:"meeting"`
		Place   PlaceID   `json:"place"`
		Host    PartyID   `json:"host,omitempty"`
		Reason  string    `json:"reason"`
		Basis   string    `json:"basis"`
	}
	// CancelMeeting calls a meeting off.
	CancelMeeting struct {
		Reason string `json:"reason" jsonschema:"why"`
		Basis  string `json:"basis" jsonschema:"who was asked and agreed"`
	}
	// MeetingCancelled is what CancelMeeting causes.
	MeetingCancelled struct {
		Meeting MeetingID `json:"meeting"`
		Reason  string    `json:"reason"`
		Basis   string    `json:"basis"`
	}
)

// notYetOpen is the meeting an act names, if it has not begun.
func (s *State) notYetOpen(c *Call) (Meeting, *Refusal) {
	m, r := s.meetingOf(c)
	switch {
	case r != nil:
	case m.Closed:
		r = refuse("meeting-closed", c.act.Rule, m.MeetingConvened.Meeting)
	case m.Opened != nil:
		r = refuse("already-open", c.act.Rule, m.MeetingConvened.Meeting)
	}
	return m, r
}

func convening(ed *edition) {
	ed.thing("invitation", func(s *State, id string) (int64, bool) {
		x, ok := s.convening.invitations.Get(id)
		return x.Index, ok
	})
	does(ed, Act{
		Name: "SuspendRule", Title: "Suspend a rule", Help: "The Chair sets a rule aside for this meeting, after notice; notice may be waived where nobody objects, if the rules say so.",
		Who: []Capacity{Chair}, Attested: true, Rule: "EC 86; GA has no such rule", Refusals: codes(atMeeting, "rule-not-suspendable", "notice-too-short", "objection"), Causes: []string{"RuleSuspended"}, Timed: true,
	}, func(s *State, c *Call, f *SuspendRule) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		how := s.Rules.Suspension
		if how == nil || slices.Contains(how.NotSuspendable, f.Rule) {
			return nil, refuse("rule-not-suspendable", "EC 86", f.Rule)
		}
		if f.Objection != "" {
			return nil, refuse("objection", how.Rule, f.Objection)
		}
		if c.At < f.Notified+record.Instant(how.Seconds*1000) && !how.Waivable {
			return nil, refuse("notice-too-short", how.Rule, how.Seconds/3600)
		}
		return []Event{{Body: &RuleSuspended{m.MeetingConvened.Meeting, f.Rule, f.Basis}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *RuleSuspended) {
		s.convening.suspended = s.convening.suspended.Set(string(b.Meeting)+"/"+b.Rule, b.Basis)
	})

	does(ed, Act{
		Name: "ChangeStatus", Title: "Change a status", Help: "Makes a member an observer or an observer a member, from a date, on a decision.",
		Who: []Capacity{Secretary}, Attested: true, Rule: membershipRule, Refusals: []Code{"unknown-party", "no-decision", "already-member", "already-observer"}, Causes: []string{"StatusChanged"},
	}, func(s *State, c *Call, f *ChangeStatus) ([]Event, *Refusal) {
		p, ok := s.parties.Get(string(f.Party))
		switch {
		case !ok:
			return nil, refuse("unknown-party", "GA 25", f.Party)
		case f.Status != "member" && f.Status != "observer":
			return nil, refuse("malformed", "doc/record.md 2", "status")
		case f.Decision != "" && !s.Decided(f.Decision):
			return nil, refuse("no-decision", membershipRule, f.Decision)
		case f.Status == "member" && p.memberOn(f.From, ""):
			return nil, refuse("already-member", membershipRule, f.Party, f.From)
		case f.Status == "observer" && p.observerOn(f.From, ""):
			return nil, refuse("already-observer", membershipRule, f.Party, f.From)
		}
		e := StatusChanged(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *StatusChanged) {
		s.status(b.Party, h, Status{Member: b.Status == "member", From: b.From, Basis: b.Basis})
	})

	does(ed, Act{
		Name: "WithdrawParty", Title: "Withdraw from the body", Help: "Ends your party's membership from a day, after the notice the rules ask.",
		Who: []Capacity{Head}, Attested: true, Rule: "the body's own rules; VCLT 56", Refusals: []Code{"not-member", "withdrawal-too-soon"}, Causes: []string{"PartyWithdrew"}, Timed: true,
	}, func(s *State, c *Call, f *WithdrawParty) ([]Event, *Refusal) {
		p := s.parties.At(c.For)
		if !p.memberOn(f.From, "") {
			return nil, refuse("not-member", "VCLT 56", c.For)
		}
		if n, ok := s.Rules.Notice("withdrawal"); f.From.begins() < c.At || ok && f.From.begins() < c.At+record.Instant(n.Seconds*1000) {
			return nil, refuse("withdrawal-too-soon", "VCLT 56", n.Seconds/86400)
		}
		return []Event{{Body: &PartyWithdrew{PartyID(c.For), f.From}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *PartyWithdrew) {
		s.status(b.Party, h, Status{Left: true, From: b.From, Basis: "withdrawal"})
	})
	inviting(ed)
	moving(ed)
}

func inviting(ed *edition) {
	does(ed, Act{
		Name: "Invite", Title: "Invite", Help: "Invites a party to a meeting, as member, observer or guest.",
		Who: []Capacity{Secretary}, Rule: "practice", Refusals: []Code{"unknown-meeting", "meeting-closed", "already-open", "unknown-party", "not-entitled", "already-invited", "unknown-symbol"}, Causes: []string{"InvitationIssued"},
	}, func(s *State, c *Call, f *Invite) ([]Event, *Refusal) {
		m, r := s.notYetOpen(c)
		if r != nil {
			return nil, r
		}
		p, ok := s.parties.Get(string(f.Party))
		switch {
		case !ok:
			return nil, refuse("unknown-party", "GA 25", f.Party)
		case !slices.Contains([]string{"member", "observer", "guest"}, f.As):
			return nil, refuse("malformed", "doc/record.md 2", "as")
		case f.As == "member" && !s.memberAt(m, f.Party), f.As == "observer" && !p.observerOn(m.From, m.MeetingConvened.Meeting):
			return nil, refuse("not-entitled", "practice", f.Party, f.As)
		}
		if _, done := s.Invitation(m.MeetingConvened.Meeting, f.Party); done {
			return nil, refuse("already-invited", "practice", f.Party)
		}
		if f.Letter != "" {
			if _, ok := s.Document(f.Letter); !ok {
				return nil, refuse("unknown-symbol", "practice", f.Letter)
			}
		}
		return []Event{{Body: &InvitationIssued{m.MeetingConvened.Meeting, f.Party, f.As, f.ReplyBy, f.Letter}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *InvitationIssued) {
		s.convening.invitations = s.convening.invitations.Set(string(b.Meeting)+"/"+string(b.Party), Invitation{Party: b.Party, As: b.As, ReplyBy: b.ReplyBy, Index: h.Index})
	})
	does(ed, Act{
		Name: "Reply", Title: "Answer an invitation", Help: "Says whether your party comes, and at what level; after the day asked it is taken and marked late.",
		Who: []Capacity{Head, ObserverHead}, Desk: true, Rule: "practice", Refusals: []Code{"unknown-meeting", "meeting-closed", "not-invited"}, Causes: []string{"InvitationAnswered"}, Notices: []Code{"late"}, Timed: true,
	}, func(s *State, c *Call, f *Reply) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return nil, r
		}
		if m.Closed {
			return nil, refuse("meeting-closed", "practice", m.MeetingConvened.Meeting)
		}
		x, ok := s.Invitation(m.MeetingConvened.Meeting, PartyID(c.For))
		if !ok {
			return nil, refuse("not-invited", "practice", c.For)
		}
		late := x.ReplyBy != "" && c.At >= x.ReplyBy.begins().AddHours(24)
		return []Event{{Body: &InvitationAnswered{m.MeetingConvened.Meeting, PartyID(c.For), f.Accept, f.Level, late}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *InvitationAnswered) {
		key := string(b.Meeting) + "/" + string(b.Party)
		x := s.convening.invitations.At(key)
		x.Answered, x.Accepted, x.Index = true, b.Accept, h.Index
		s.convening.invitations = s.convening.invitations.Set(key, x)
	})
}

func moving(ed *edition) {
	refusals := []Code{"unknown-meeting", "meeting-closed", "already-open"}
	does(ed, Act{
		Name: "PostponeMeeting", Title: "Postpone a meeting", Help: "Moves a meeting that has not begun to another day, with reason and basis.",
		Who: []Capacity{Secretary}, Rule: "GA 2-4", Refusals: refusals, Causes: []string{"MeetingPostponed"},
	}, func(s *State, c *Call, f *PostponeMeeting) ([]Event, *Refusal) {
		m, r := s.notYetOpen(c)
		return []Event{{Body: &MeetingPostponed{m.MeetingConvened.Meeting, f.From, f.To, f.Reason, f.Basis}}}, r
	})
	happens(ed, func(s *State, h Happened, b *MeetingPostponed) {
		m := s.meetings.At(string(b.Meeting))
		m.From, m.To = b.From, b.To
		s.setMeeting(m, h.Index)
	})
	does(ed, Act{
		Name: "MoveMeeting", Title: "Move a meeting", Help: "Moves a meeting that has not begun to another place, with reason and basis.",
		Who: []Capacity{Secretary}, Rule: "GA 3", Refusals: slices.Concat(refusals, []Code{"unknown-place", "unknown-party"}), Causes: []string{"MeetingMoved"},
	}, func(s *State, c *Call, f *MoveMeeting) ([]Event, *Refusal) {
		m, r := s.notYetOpen(c)
		switch {
		case r != nil:
			return nil, r
		case !s.places.Has(string(f.Place)):
			return nil, refuse("unknown-place", "GA 3", f.Place)
		case f.Host != "" && !s.parties.Has(string(f.Host)):
			return nil, refuse("unknown-party", "GA 3", f.Host)
		}
		return []Event{{Body: &MeetingMoved{m.MeetingConvened.Meeting, f.Place, f.Host, f.Reason, f.Basis}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *MeetingMoved) {
		m := s.meetings.At(string(b.Meeting))
		m.Place, m.Host = b.Place, b.Host
		s.setMeeting(m, h.Index)
	})
	does(ed, Act{
		Name: "CancelMeeting", Title: "Cancel a meeting", Help: "Calls a meeting off that has not begun, with reason and basis.",
		Who: []Capacity{Secretary}, Rule: "GA 2-4", Refusals: refusals, Causes: []string{"MeetingCancelled"},
	}, func(s *State, c *Call, f *CancelMeeting) ([]Event, *Refusal) {
		m, r := s.notYetOpen(c)
		return []Event{{Body: &MeetingCancelled{m.MeetingConvened.Meeting, f.Reason, f.Basis}}}, r
	})
	happens(ed, func(s *State, h Happened, b *MeetingCancelled) {
		m := s.meetings.At(string(b.Meeting))
		m.Closed = true
		s.setMeeting(m, h.Index)
	})
}

func (b *InvitationAnswered) notice() *Refusal {
	if !b.Late {
		return nil
	}
	return refuse("late", "practice", b.Party)
}
