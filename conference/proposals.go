package conference

import (
	"slices"

	"kurultai/record"
	"kurultai/rules"
)

// proposalsState is drafts, amendments, parts and what becomes of them.
type proposalsState struct {
	all        Ordered[string, Proposal]
	amendments Ordered[string, Amendment]
	amending   Ordered[string, []ProposalID] // by proposal: all amendments to it, in order of id
	decisions  Ordered[string, Decision]
}

// A Proposal is a draft before the meeting.
type Proposal struct {
	ID        ProposalID
	Meeting   MeetingID
	Item      ItemID
	Symbol    Symbol
	Text      record.Digest
	Important bool      // two thirds, where the rules say so of important questions
	Sponsors  []PartyID // the first is the lead
	Amended   bool
	Order     []ProposalID // of its amendments, as the Chair ordered them
	Parts     []Division   // to be voted on separately
	State     string       // submitted, silence, adopted, rejected, noted, deferred or withdrawn
	Decision  DecisionID
	Made      int64 // entry that submitted it
	Index     int64 // entry that changed it last

	Undertakings []Undertaking // what its adoption will oblige whom to do by when
	UndertakenOn record.Digest // the text they are taken from
}

// A Portion is a part of a proposal to be voted on separately (GA 89).
type Portion struct {
	Part      ProposalID `json:"part" jsonschema:"id of the part"`
	Operative bool       `json:"operative,omitempty" jsonschema:"true for an operative paragraph"`
}

// A Division is a part and what became of it.
type Division struct {
	Portion
	State string // retained or deleted, or ""
}

// An Amendment adds to, deletes from or revises part of a proposal (GA 90).
type Amendment struct {
	ID        ProposalID
	Of        ProposalID
	Party     PartyID
	Paragraph string
	Operation string
	Text      record.Digest
	FallsWith []ProposalID // adopted, these leave nothing to vote on
	State     string       // submitted, accepted, adopted, rejected or fallen
	Index     int64
}

// A Decision is what the body adopted.
type Decision struct {
	ID       DecisionID
	Meeting  MeetingID
	Proposal ProposalID
	Number   string
	Text     record.Digest
	Index    int64
	At       record.Instant // when it was adopted
}

// Proposal returns a draft.
func (s *State) Proposal(id ProposalID) (Proposal, bool) { return s.proposals.all.Get(string(id)) }

// Proposals lists the drafts before a meeting, in order of id.
func (s *State) Proposals(m MeetingID) (list []Proposal) {
	for _, p := range s.proposals.all.All() {
		if p.Meeting == m {
			list = append(list, p)
		}
	}
	return list
}

// AmendmentsTo lists all amendments to a proposal, decided ones too, in order of id.
func (s *State) AmendmentsTo(id ProposalID) (list []Amendment) {
	for _, a := range s.proposals.amending.At(string(id)) {
		list = append(list, s.proposals.amendments.At(string(a)))
	}
	return list
}

// Decisions lists what the body adopted, in order of entry.
func (s *State) Decisions() (list []Decision) {
	for _, d := range s.proposals.decisions.All() {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b Decision) int { return int(a.Index - b.Index) })
	return list
}

// Decided reports whether the body adopted what a basis names.
func (s *State) Decided(id DecisionID) bool { return s.proposals.decisions.Has(string(id)) }

// Decision returns what the body adopted.
func (s *State) Decision(id DecisionID) (Decision, bool) {
	return s.proposals.decisions.Get(string(id))
}

// Amendments lists the amendments of a proposal that wait for their vote, in the order they are to be put.
func (s *State) Amendments(p Proposal) (waiting []ProposalID) {
	for _, id := range p.Order {
		if s.proposals.amendments.At(string(id)).State == "submitted" {
			waiting = append(waiting, id)
		}
	}
	for _, a := range s.AmendmentsTo(p.ID) {
		if a.State == "submitted" && !slices.Contains(waiting, a.ID) {
			waiting = append(waiting, a.ID)
		}
	}
	return waiting
}

// amends lists an amendment under its proposal, or with gone takes it off.
func (s *State) amends(id, of ProposalID, gone bool) {
	list := slices.Clone(s.proposals.amending.At(string(of)))
	i, there := slices.BinarySearch(list, id)
	switch {
	case gone && there:
		list = slices.Delete(list, i, i+1)
	case !gone && !there:
		list = slices.Insert(list, i, id)
	}
	if len(list) == 0 {
		s.proposals.amending = s.proposals.amending.Delete(string(of))
		return
	}
	s.proposals.amending = s.proposals.amending.Set(string(of), list)
}

// latest is the last revision of a paper.
func (s *State) latest(symbol Symbol) Document {
	d := s.documents.papers.At(string(symbol))
	for d.Successor != "" {
		d = s.documents.papers.At(string(d.Successor))
	}
	return d
}

// paragraphsOf are the names of the paragraphs of the text of a draft as it stands, where a paper that holds it gave them.
func (s *State) paragraphsOf(p Proposal) []NoteID {
	for d := s.documents.papers.At(string(p.Symbol)); ; d = s.documents.papers.At(string(d.Successor)) {
		for _, v := range d.Versions {
			if v.Text == p.Text {
				return v.Paragraphs
			}
		}
		if d.Successor == "" {
			return nil
		}
	}
}

func (s *State) changeProposal(id ProposalID, index int64, change func(*Proposal)) {
	p := s.proposals.all.At(string(id))
	change(&p)
	p.Index = index
	s.proposals.all = s.proposals.all.Set(string(id), p)
}

func (s *State) changeAmendment(id ProposalID, index int64, state string) {
	a := s.proposals.amendments.At(string(id))
	a.State, a.Index = state, index
	s.proposals.amendments = s.proposals.amendments.Set(string(id), a)
}

type (
	// SubmitProposal puts a draft before the meeting.
	SubmitProposal struct {
		Proposal  ProposalID    `json:"proposal" jsonschema:"id of the proposal"`
		Item      ItemID        `json:"item" jsonschema:"the item it is submitted under"`
		Symbol    Symbol        `json:"symbol" jsonschema:"the paper that holds it"`
		Text      record.Digest `json:"text" jsonschema:"SHA-256 of its text"`
		Sponsors  []PartyID     `json:"sponsors,omitempty" jsonschema:"who put it in besides you, as the paper names them"`
		Important bool          `json:"important,omitempty" jsonschema:"true for an important question (GA 83)"`
	}
	// ProposalSubmitted is what SubmitProposal causes.
	ProposalSubmitted struct {
		Proposal  ProposalID    `json:"proposal"`
		Meeting   MeetingID     `json:"meeting"`
		Item      ItemID        `json:"item"`
		Symbol    Symbol        `json:"symbol"`
		Text      record.Digest `json:"text"`
		Sponsors  []PartyID     `json:"sponsors"`
		Important bool          `json:"important,omitempty"`
	}
	// JoinSponsors adds your delegation to the sponsors.
	JoinSponsors struct {
		Proposal    ProposalID `json:"proposal" jsonschema:"id of the proposal"`
		Instruction string     `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// SponsorJoined is what JoinSponsors causes.
	SponsorJoined struct {
		Proposal ProposalID `json:"proposal"`
		Party    PartyID    `json:"party"`
	}
	// LeaveSponsors takes your delegation off the sponsors.
	LeaveSponsors struct {
		Proposal    ProposalID `json:"proposal" jsonschema:"id of the proposal"`
		Instruction string     `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// SponsorLeft is what LeaveSponsors causes.
	SponsorLeft struct {
		Proposal ProposalID `json:"proposal"`
		Party    PartyID    `json:"party"`
	}
	// SubmitAmendment proposes a change to a part of a proposal.
	SubmitAmendment struct {
		Amendment ProposalID    `json:"amendment" jsonschema:"id of the amendment"`
		Proposal  ProposalID    `json:"proposal" jsonschema:"the proposal it changes"`
		Paragraph string        `json:"paragraph" jsonschema:"which paragraph, as pp2 or op3"`
		Operation string        `json:"operation" jsonschema:"insert, delete or replace; anything larger is a new proposal"`
		Base      record.Digest `json:"base" jsonschema:"SHA-256 of the text it was drafted on"`
		Text      record.Digest `json:"text,omitempty" jsonschema:"SHA-256 of the new words; absent for delete"`
	}
	// AmendmentSubmitted is what SubmitAmendment causes.
	AmendmentSubmitted struct {
		Amendment ProposalID    `json:"amendment"`
		Proposal  ProposalID    `json:"proposal"`
		Meeting   MeetingID     `json:"meeting"`
		Party     PartyID       `json:"party"`
		Paragraph string        `json:"paragraph"`
		Operation string        `json:"operation"`
		Text      record.Digest `json:"text,omitempty"`
	}
	// AcceptAmendment takes an amendment into the draft, when all sponsors agree.
	AcceptAmendment struct {
		Amendment ProposalID    `json:"amendment" jsonschema:"id of the amendment"`
		Consent   []PartyID     `json:"consent,omitempty" jsonschema:"the other sponsors, who agreed"`
		Text      record.Digest `json:"text" jsonschema:"SHA-256 of the draft with the amendment in it"`
	}
	// AmendmentAccepted is what AcceptAmendment causes.
	AmendmentAccepted struct {
		Amendment ProposalID    `json:"amendment"`
		Proposal  ProposalID    `json:"proposal"`
		Text      record.Digest `json:"text"`
	}
	// OralRevision changes a draft as its lead sponsor reads out.
	OralRevision struct {
		Proposal ProposalID    `json:"proposal" jsonschema:"id of the proposal"`
		Text     record.Digest `json:"text" jsonschema:"SHA-256 of the draft as revised"`
	}
	// ProposalRevised is what OralRevision causes.
	ProposalRevised OralRevision
	// OrderAmendments says in which order amendments are put: the furthest removed in substance first.
	OrderAmendments struct {
		Proposal ProposalID   `json:"proposal" jsonschema:"id of the proposal"`
		Order    []ProposalID `json:"order" jsonschema:"all amendments waiting, the furthest removed first"`
		Falls    []Fall       `json:"falls,omitempty" jsonschema:"which need not be put when another is adopted"`
		Reason   string       `json:"reason" jsonschema:"why in this order"`
	}
	// A Fall says that an amendment need not be put when another is adopted.
	Fall struct {
		Amendment ProposalID `json:"amendment" jsonschema:"the one that falls"`
		With      ProposalID `json:"with" jsonschema:"the one whose adoption decides it"`
	}
	// AmendmentsOrdered is what OrderAmendments causes.
	AmendmentsOrdered OrderAmendments
	// RequestDivision asks for separate votes on parts of a proposal.
	RequestDivision struct {
		Proposal    ProposalID `json:"proposal" jsonschema:"id of the proposal"`
		Parts       []Portion  `json:"parts" jsonschema:"the parts to be voted on separately"`
		Objection   PartyID    `json:"objection,omitempty" jsonschema:"a member that objects, so that a motion decides"`
		Instruction string     `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// DivisionRequested is what RequestDivision causes.
	DivisionRequested struct {
		Proposal ProposalID `json:"proposal"`
		Meeting  MeetingID  `json:"meeting"`
		Party    PartyID    `json:"party"`
		Parts    []Portion  `json:"parts"`
	}
	// PartVoted says whether a part stays in the proposal.
	PartVoted struct {
		Proposal ProposalID `json:"proposal"`
		Part     ProposalID `json:"part"`
		Retained bool       `json:"retained,omitempty"`
	}
	// AmendmentAdopted says that an amendment is in the draft, and which others fall with it.
	AmendmentAdopted struct {
		Amendment ProposalID   `json:"amendment"`
		Proposal  ProposalID   `json:"proposal"`
		Falls     []ProposalID `json:"falls,omitempty"`
	}
	// AmendmentRejected says that an amendment was not adopted.
	AmendmentRejected struct {
		Amendment ProposalID `json:"amendment"`
		Proposal  ProposalID `json:"proposal"`
	}
	// WithdrawProposal takes a draft back.
	WithdrawProposal struct {
		Proposal ProposalID `json:"proposal" jsonschema:"id of the proposal"`
	}
	// ProposalWithdrawn is what WithdrawProposal causes.
	ProposalWithdrawn WithdrawProposal
	// ProposalRejected says that a draft was voted down, or lost all its operative parts.
	ProposalRejected struct {
		Proposal ProposalID `json:"proposal"`
		Meeting  MeetingID  `json:"meeting"`
	}
	// Adopt declares adopted what was carried, and numbers it.
	Adopt struct {
		Proposal ProposalID    `json:"proposal" jsonschema:"id of the proposal"`
		Decision DecisionID    `json:"decision" jsonschema:"id of the decision or resolution"`
		Number   string        `json:"number" jsonschema:"its number, as VII/2"`
		Text     record.Digest `json:"text" jsonschema:"SHA-256 of the text adopted"`
	}
	// Adopted is what Adopt, or a silence that held, causes.
	Adopted struct {
		Proposal ProposalID    `json:"proposal"`
		Meeting  MeetingID     `json:"meeting"`
		Decision DecisionID    `json:"decision"`
		Number   string        `json:"number"`
		Text     record.Digest `json:"text"`
	}
	// Reject declares a draft rejected to which the meeting agrees no further.
	Reject struct {
		Proposal  ProposalID `json:"proposal" jsonschema:"id of the proposal"`
		Objection PartyID    `json:"objection,omitempty" jsonschema:"a member that objects, so that the meeting votes"`
	}
	// TakeNote takes note of a draft without adopting it.
	TakeNote struct {
		Proposal  ProposalID `json:"proposal" jsonschema:"id of the proposal"`
		Objection PartyID    `json:"objection,omitempty" jsonschema:"a member that objects, so that the meeting votes"`
	}
	// ProposalNoted is what TakeNote causes.
	ProposalNoted struct {
		Proposal ProposalID `json:"proposal"`
		Meeting  MeetingID  `json:"meeting"`
	}
	// Defer puts a draft off.
	Defer struct {
		Proposal  ProposalID `json:"proposal" jsonschema:"id of the proposal"`
		Objection PartyID    `json:"objection,omitempty" jsonschema:"a member that objects, so that the meeting votes"`
	}
	// ProposalDeferred is what Defer causes.
	ProposalDeferred struct {
		Proposal ProposalID `json:"proposal"`
		Meeting  MeetingID  `json:"meeting"`
	}
	// Reconsider opens again what was adopted or rejected at the session.
	Reconsider struct {
		Proposal ProposalID `json:"proposal" jsonschema:"id of the proposal"`
	}
	// DecisionReopened is what Reconsider causes.
	DecisionReopened struct {
		Proposal ProposalID `json:"proposal"`
		Meeting  MeetingID  `json:"meeting"`
	}
	// AttachStatement attaches an interpretation or reservation to a decision.
	AttachStatement struct {
		Decision DecisionID `json:"decision" jsonschema:"id of the decision"`
		Sort     string     `json:"sort" jsonschema:"interpretative or reservation"`
		Symbol   Symbol     `json:"symbol" jsonschema:"the paper that holds it"`
	}
	// StatementAttached is what AttachStatement causes.
	StatementAttached struct {
		Decision DecisionID `json:"decision"`
		Party    PartyID    `json:"party"`
		Sort     string     `json:"sort"`
		Symbol   Symbol     `json:"symbol"`
	}
)

// draft is a proposal before the meeting of an act that is not decided yet.
func (s *State) draft(m Meeting, id ProposalID) (Proposal, *Refusal) {
	p, ok := s.Proposal(id)
	switch {
	case !ok || p.Meeting != m.MeetingConvened.Meeting:
		return p, refuse("unknown-proposal", "GA 78", id)
	case p.State == "silence":
		return p, refuse("not-in-silence", "OSCE MC.DOC/1/06 annex 1(A)", id)
	case p.State != "submitted":
		return p, refuse("already-decided", "GA 81", id, p.State)
	}
	return p, nil
}

// drafted is a proposal a member may still act on: its meeting sits, and no question is before it.
func (s *State) drafted(c *Call, id ProposalID) (Meeting, Proposal, *Refusal) {
	m, r := s.sitting(c)
	if r != nil {
		return m, Proposal{}, r
	}
	p, r := s.draft(m, id)
	if r == nil {
		r = s.beforeVoting(m)
	}
	return m, p, r
}

var onDraft = codes(asMember, "unknown-proposal", "not-in-silence", "already-decided", "question-pending", "voting")

func proposals(ed *edition) {
	ed.thing("proposal", func(s *State, id string) (int64, bool) { p, ok := s.proposals.all.Get(id); return p.Index, ok })
	ed.thing("amendment", func(s *State, id string) (int64, bool) { a, ok := s.proposals.amendments.Get(id); return a.Index, ok })
	ed.thing("decision", func(s *State, id string) (int64, bool) { d, ok := s.proposals.decisions.Get(id); return d.Index, ok })
	submitting(ed)
	amending(ed)
	dividing(ed)
	adopting(ed)
	ed.questions["proposal"] = question{
		ready: func(s *State, c *Call, m Meeting, id string) (Ask, *Refusal) {
			p, r := s.draft(m, ProposalID(id))
			if r != nil {
				return Ask{}, r
			}
			if s.votes.outcomes.Has(thingKey(p.Meeting, "proposal", id)) {
				return Ask{}, refuse("already-decided", "GA 81", id, "carried")
			}
			if waiting := s.Amendments(p); len(waiting) > 0 {
				return Ask{}, refuse("amendments-first", "GA 90", waiting[0])
			}
			for _, part := range p.Parts {
				if part.State == "" {
					return Ask{}, refuse("part-first", "GA 89", part.Part)
				}
			}
			if b, ok := inBrackets(s.latest(p.Symbol).Brackets, ""); ok {
				return Ask{}, refuse("brackets-remain", "practice", b.Bracket)
			}
			ask := Ask{Kind: "proposal", Sponsors: p.Sponsors}
			if p.Important {
				ask.Kind = "important"
			}
			return ask, nil
		},
		decided: func(s *State, c *Call, m Meeting, id string, o rules.Outcome) []Event {
			if o == rules.Carried {
				return nil // the Chair adopts it, with a number
			}
			return []Event{{Body: &ProposalRejected{ProposalID(id), m.MeetingConvened.Meeting}}}
		},
	}
}

func submitting(ed *edition) {
	does(ed, Act{
		Name: "SubmitProposal", Title: "Submit a proposal", Help: "Puts a draft before the meeting, in writing and circulated in time.",
		Who: members, Rule: "GA 78; EC 54; SC 31", Refusals: codes(asMember, "id-taken", "unknown-item", "not-written", "not-circulated-in-time", "too-few-sponsors", "unknown-party"), Causes: []string{"ProposalSubmitted"}, Timed: true,
	}, func(s *State, c *Call, f *SubmitProposal) ([]Event, *Refusal) {
		m, r := s.sitting(c)
		if r != nil {
			return nil, r
		}
		id := m.MeetingConvened.Meeting
		if s.proposals.all.Has(string(f.Proposal)) || s.proposals.amendments.Has(string(f.Proposal)) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Proposal)
		}
		if !slices.Contains(s.agenda.agendas.At(string(id)).order, f.Item) {
			return nil, refuse("unknown-item", "GA 78", f.Item)
		}
		d, ok := s.Document(f.Symbol)
		if !ok || d.Withdrawn {
			return nil, refuse("not-written", "GA 78", f.Symbol)
		}
		if n, ok := s.Rules.Notice("proposal"); ok && (!d.Sent || s.Rules.Early("proposal", int64(c.At-d.SentAt)/1000, false)) {
			return nil, refuse("not-circulated-in-time", n.Rule, f.Symbol, n.Seconds/3600)
		}
		sponsors := []PartyID{PartyID(c.For)}
		for _, p := range f.Sponsors {
			if !s.memberAt(m, p) {
				return nil, refuse("unknown-party", "GA 78", p)
			}
			if !slices.Contains(sponsors, p) {
				sponsors = append(sponsors, p)
			}
		}
		if sp := s.Rules.Sponsors; sp != nil && int64(len(sponsors)) < sp.AtLeast {
			return nil, refuse("too-few-sponsors", sp.Rule, len(sponsors), sp.AtLeast)
		}
		return []Event{{Body: &ProposalSubmitted{f.Proposal, id, f.Item, f.Symbol, f.Text, sponsors, f.Important}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *ProposalSubmitted) {
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) {
			*p = Proposal{ID: b.Proposal, Meeting: b.Meeting, Item: b.Item, Symbol: b.Symbol, Text: b.Text, Sponsors: b.Sponsors, Important: b.Important, State: "submitted", Made: h.Index}
		})
	})
	does(ed, Act{
		Name: "JoinSponsors", Title: "Join the sponsors", Help: "Adds your delegation to the sponsors of a draft.",
		Who: members, Desk: true, Rule: "practice", Refusals: codes(onDraft, "already-sponsor"), Causes: []string{"SponsorJoined"},
	}, func(s *State, c *Call, f *JoinSponsors) ([]Event, *Refusal) {
		_, p, r := s.drafted(c, f.Proposal)
		if r == nil && slices.Contains(p.Sponsors, PartyID(c.For)) {
			r = refuse("already-sponsor", "practice", c.For)
		}
		return []Event{{Body: &SponsorJoined{f.Proposal, PartyID(c.For)}}}, r
	})
	happens(ed, func(s *State, h Happened, b *SponsorJoined) {
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.Sponsors = append(slices.Clone(p.Sponsors), b.Party) })
	})
	does(ed, Act{
		Name: "LeaveSponsors", Title: "Leave the sponsors", Help: "Takes your delegation off the sponsors of a draft; the last one withdraws it instead.",
		Who: members, Desk: true, Rule: "practice", Refusals: codes(onDraft, "not-sponsor", "last-sponsor"), Causes: []string{"SponsorLeft"},
	}, func(s *State, c *Call, f *LeaveSponsors) ([]Event, *Refusal) {
		_, p, r := s.drafted(c, f.Proposal)
		switch {
		case r != nil:
		case !slices.Contains(p.Sponsors, PartyID(c.For)):
			r = refuse("not-sponsor", "practice", c.For)
		case len(p.Sponsors) == 1:
			r = refuse("last-sponsor", "practice", f.Proposal)
		}
		return []Event{{Body: &SponsorLeft{f.Proposal, PartyID(c.For)}}}, r
	})
	happens(ed, func(s *State, h Happened, b *SponsorLeft) {
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) {
			p.Sponsors = slices.DeleteFunc(slices.Clone(p.Sponsors), func(x PartyID) bool { return x == b.Party })
		})
	})
	does(ed, Act{
		Name: "OralRevision", Title: "Revise orally", Help: "Changes a draft as its lead sponsor reads out, before voting begins.",
		Who: members, Rule: "practice", Refusals: codes(onDraft, "not-lead"), Causes: []string{"ProposalRevised"},
	}, func(s *State, c *Call, f *OralRevision) ([]Event, *Refusal) {
		_, p, r := s.drafted(c, f.Proposal)
		if r == nil && p.Sponsors[0] != PartyID(c.For) {
			r = refuse("not-lead", "practice", p.Sponsors[0])
		}
		e := ProposalRevised(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *ProposalRevised) {
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.Text = b.Text })
	})
	does(ed, Act{
		Name: "WithdrawProposal", Title: "Withdraw a proposal", Help: "Takes a draft back before voting on it begins, if it has not been amended.",
		Who: members, Rule: "GA 80; SC 35", Refusals: codes(onDraft, "not-lead", "amended"), Causes: []string{"ProposalWithdrawn"},
	}, func(s *State, c *Call, f *WithdrawProposal) ([]Event, *Refusal) {
		_, p, r := s.drafted(c, f.Proposal)
		switch code := rules.Stays(p.Amended, false); {
		case r != nil:
		case p.Sponsors[0] != PartyID(c.For):
			r = refuse("not-lead", "GA 80", p.Sponsors[0])
		case code != "":
			r = refuse(Code(code), "GA 80", f.Proposal)
		}
		e := ProposalWithdrawn(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *ProposalWithdrawn) {
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.State = "withdrawn" })
	})
}

func amending(ed *edition) {
	does(ed, Act{
		Name: "SubmitAmendment", Title: "Submit an amendment", Help: "Proposes to add to, delete from or revise part of a draft.",
		Who: members, Rule: "GA 78, 90", Refusals: codes(onDraft, "id-taken", "not-an-amendment", "target-changed", "unknown-paragraph"), Causes: []string{"AmendmentSubmitted"},
	}, func(s *State, c *Call, f *SubmitAmendment) ([]Event, *Refusal) {
		m, p, r := s.drafted(c, f.Proposal)
		switch {
		case r != nil:
			return nil, r
		case s.proposals.amendments.Has(string(f.Amendment)) || s.proposals.all.Has(string(f.Amendment)):
			return nil, refuse("id-taken", "doc/record.md 5", f.Amendment)
		case !slices.Contains([]string{"insert", "delete", "replace"}, f.Operation) || (f.Operation == "delete") != (f.Text == ""):
			return nil, refuse("not-an-amendment", "GA 90", f.Operation)
		case f.Base != p.Text:
			return nil, refuse("target-changed", "GA 90", f.Proposal)
		}
		if named := s.paragraphsOf(p); len(named) > 0 && !slices.Contains(named, NoteID(f.Paragraph)) {
			return nil, refuse("unknown-paragraph", "GA 90", f.Paragraph)
		}
		return []Event{{Body: &AmendmentSubmitted{f.Amendment, f.Proposal, m.MeetingConvened.Meeting, PartyID(c.For), f.Paragraph, f.Operation, f.Text}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *AmendmentSubmitted) {
		s.proposals.amendments = s.proposals.amendments.Set(string(b.Amendment), Amendment{ID: b.Amendment, Of: b.Proposal, Party: b.Party, Paragraph: b.Paragraph, Operation: b.Operation, Text: b.Text, State: "submitted", Index: h.Index})
		s.amends(b.Amendment, b.Proposal, false)
	})
	does(ed, Act{
		Name: "AcceptAmendment", Title: "Accept an amendment", Help: "Takes an amendment into the draft when all its sponsors agree; else it is voted on.",
		Who: members, Rule: "practice", Refusals: codes(onDraft, "not-sponsor", "not-all-sponsors"), Causes: []string{"AmendmentAccepted"},
	}, func(s *State, c *Call, f *AcceptAmendment) ([]Event, *Refusal) {
		a := s.proposals.amendments.At(string(f.Amendment))
		_, p, r := s.drafted(c, a.Of)
		switch {
		case r != nil:
			return nil, r
		case a.State != "submitted":
			return nil, refuse("already-decided", "GA 90", f.Amendment, a.State)
		case !slices.Contains(p.Sponsors, PartyID(c.For)):
			return nil, refuse("not-sponsor", "practice", c.For)
		}
		for _, sponsor := range p.Sponsors {
			if sponsor != PartyID(c.For) && !slices.Contains(f.Consent, sponsor) {
				return nil, refuse("not-all-sponsors", "practice", sponsor)
			}
		}
		return []Event{{Body: &AmendmentAccepted{f.Amendment, p.ID, f.Text}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *AmendmentAccepted) {
		s.changeAmendment(b.Amendment, h.Index, "accepted")
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.Text = b.Text })
	})
	does(ed, Act{
		Name: "OrderAmendments", Title: "Order amendments", Help: "The Chair says in which order amendments are put, the furthest removed in substance first, and which fall with which.",
		Who: []Capacity{Chair}, Rule: "GA 90; SC 36", Refusals: codes(atMeeting, "unknown-proposal", "not-in-silence", "already-decided", "not-complete", "question-pending", "voting"), Causes: []string{"AmendmentsOrdered"},
	}, func(s *State, c *Call, f *OrderAmendments) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		p, r := s.draft(m, f.Proposal)
		if r == nil {
			r = s.beforeVoting(m)
		}
		if r != nil {
			return nil, r
		}
		waiting := s.Amendments(p)
		if !slices.Equal(slices.Sorted(slices.Values(f.Order)), slices.Sorted(slices.Values(waiting))) {
			return nil, refuse("not-complete", "GA 90", len(waiting))
		}
		for _, fall := range f.Falls {
			if !slices.Contains(f.Order, fall.Amendment) || !slices.Contains(f.Order, fall.With) || fall.Amendment == fall.With {
				return nil, refuse("not-complete", "GA 90", len(waiting))
			}
		}
		e := AmendmentsOrdered(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *AmendmentsOrdered) {
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.Order = b.Order })
		for _, fall := range b.Falls {
			a := s.proposals.amendments.At(string(fall.Amendment))
			a.FallsWith, a.Index = append(slices.Clone(a.FallsWith), fall.With), h.Index
			s.proposals.amendments = s.proposals.amendments.Set(string(a.ID), a)
		}
	})
	ed.questions["amendment"] = question{
		ready: func(s *State, c *Call, m Meeting, id string) (Ask, *Refusal) {
			a := s.proposals.amendments.At(id)
			p, r := s.draft(m, a.Of)
			if r != nil {
				return Ask{}, r
			}
			if a.State != "submitted" {
				return Ask{}, refuse("already-decided", "GA 90", id, a.State)
			}
			if first := s.Amendments(p)[0]; first != a.ID {
				return Ask{}, refuse("amendments-first", "GA 90", first)
			}
			ask := Ask{Kind: "amendment"}
			if p.Important {
				ask.Kind = "important" // GA 84
			}
			return ask, nil
		},
		decided: func(s *State, c *Call, m Meeting, id string, o rules.Outcome) []Event {
			a := s.proposals.amendments.At(id)
			if o != rules.Carried {
				return []Event{{Body: &AmendmentRejected{a.ID, a.Of}}}
			}
			e := &AmendmentAdopted{Amendment: a.ID, Proposal: a.Of}
			for _, other := range s.AmendmentsTo(a.Of) { // OrderAmendments lets one fall with another to the same draft
				if other.State == "submitted" && slices.Contains(other.FallsWith, a.ID) {
					e.Falls = append(e.Falls, other.ID)
				}
			}
			return []Event{{Body: e}}
		},
	}
	happens(ed, func(s *State, h Happened, b *AmendmentAdopted) {
		s.changeAmendment(b.Amendment, h.Index, "adopted")
		for _, id := range b.Falls {
			s.changeAmendment(id, h.Index, "fallen")
		}
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.Amended = true })
	})
	happens(ed, func(s *State, h Happened, b *AmendmentRejected) { s.changeAmendment(b.Amendment, h.Index, "rejected") })
}

func dividing(ed *edition) {
	does(ed, Act{
		Name: "RequestDivision", Title: "Request a division", Help: "Asks for separate votes on parts of a draft; where a member objects, a motion decides.",
		Who: members, Desk: true, Rule: "GA 89; EC 64; SC 32", Refusals: codes(onDraft, "id-taken", "objected"), Causes: []string{"DivisionRequested"},
	}, func(s *State, c *Call, f *RequestDivision) ([]Event, *Refusal) {
		m, p, r := s.drafted(c, f.Proposal)
		if r != nil {
			return nil, r
		}
		for i, part := range f.Parts {
			if slices.ContainsFunc(p.Parts, func(x Division) bool { return x.Part == part.Part }) || slices.ContainsFunc(f.Parts[:i], func(x Portion) bool { return x.Part == part.Part }) {
				return nil, refuse("id-taken", "doc/record.md 5", part.Part)
			}
		}
		stops := f.Objection != "" && !s.Rules.Divides(slices.Contains(p.Sponsors, f.Objection))
		if stops && !s.carriedMotion(p.Meeting, "division", string(p.ID)) {
			return nil, refuse("objected", "GA 89", f.Objection)
		}
		return []Event{{Body: &DivisionRequested{p.ID, m.MeetingConvened.Meeting, PartyID(c.For), f.Parts}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *DivisionRequested) {
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) {
			p.Parts = slices.Clone(p.Parts)
			for _, part := range b.Parts {
				p.Parts = append(p.Parts, Division{Portion: part})
			}
		})
	})
	of := func(s *State, m Meeting, part string) (Proposal, int) {
		for _, p := range s.proposals.all.All() {
			if at := slices.IndexFunc(p.Parts, func(x Division) bool { return string(x.Part) == part }); at >= 0 && p.Meeting == m.MeetingConvened.Meeting && p.State == "submitted" {
				return p, at
			}
		}
		return Proposal{}, -1
	}
	ed.questions["part"] = question{
		ready: func(s *State, c *Call, m Meeting, id string) (Ask, *Refusal) {
			p, at := of(s, m, id)
			switch {
			case at < 0:
				return Ask{}, refuse("unknown-proposal", "GA 89", id)
			case p.Parts[at].State != "":
				return Ask{}, refuse("already-decided", "GA 89", id, p.Parts[at].State)
			}
			if waiting := s.Amendments(p); len(waiting) > 0 {
				return Ask{}, refuse("amendments-first", "GA 90", waiting[0])
			}
			ask := Ask{Kind: "part"}
			if p.Important {
				ask.Kind = "important" // GA 84
			}
			return ask, nil
		},
		decided: func(s *State, c *Call, m Meeting, id string, o rules.Outcome) []Event {
			p, at := of(s, m, id)
			events := []Event{{Body: &PartVoted{p.ID, ProposalID(id), o == rules.Carried}}}
			operative, lost := 0, 0
			for i, part := range p.Parts {
				if part.Operative {
					operative++
					if part.State == "deleted" || i == at && o != rules.Carried {
						lost++
					}
				}
			}
			if rules.Emptied(operative, lost) {
				events = append(events, Event{Body: &ProposalRejected{p.ID, p.Meeting}})
			}
			return events
		},
	}
	happens(ed, func(s *State, h Happened, b *PartVoted) {
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) {
			p.Parts = slices.Clone(p.Parts)
			for i := range p.Parts {
				if p.Parts[i].Part == b.Part {
					p.Parts[i].State = map[bool]string{true: "retained", false: "deleted"}[b.Retained]
				}
			}
		})
	})
}

func adopting(ed *edition) {
	happens(ed, func(s *State, h Happened, b *ProposalRejected) {
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.State = "rejected" })
	})
	does(ed, Act{
		Name: "Adopt", Title: "Declare adopted", Help: "The Chair declares adopted what the meeting carried, and gives it its number.",
		Who: []Capacity{Chair}, Attested: true, Rule: "GA 35", Refusals: codes(atMeeting, "unknown-proposal", "not-in-silence", "already-decided", "not-decided", "id-taken", "question-pending", "voting", "commitments-stale", "day-passed"), Causes: []string{"Adopted", "CommitmentRecorded"},
	}, func(s *State, c *Call, f *Adopt) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		p, r := s.draft(m, f.Proposal)
		if r == nil {
			r = s.beforeVoting(m)
		}
		if r != nil {
			return nil, r
		}
		if s.votes.outcomes.At(thingKey(p.Meeting, "proposal", string(p.ID))) != string(rules.Carried) {
			return nil, refuse("not-decided", "GA 35", f.Proposal)
		}
		if s.Decided(f.Decision) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Decision)
		}
		if r := s.carried(p, f.Text, c.At); r != nil {
			return nil, r
		}
		return append([]Event{{Body: &Adopted{p.ID, p.Meeting, f.Decision, f.Number, f.Text}}}, s.undertakes(p.ID, f.Decision, c.At)...), nil
	})
	happens(ed, func(s *State, h Happened, b *Adopted) {
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.State, p.Decision = "adopted", b.Decision })
		s.proposals.decisions = s.proposals.decisions.Set(string(b.Decision), Decision{b.Decision, b.Meeting, b.Proposal, b.Number, b.Text, h.Index, h.At})
	})
	disposed := codes(atMeeting, "unknown-proposal", "not-in-silence", "already-decided", "objection", "question-pending", "voting")
	dispose := func(s *State, c *Call, id ProposalID, objection PartyID) (Proposal, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return Proposal{}, r
		}
		p, r := s.draft(m, id)
		if r == nil {
			r = s.beforeVoting(m)
		}
		if r == nil && objection != "" {
			r = refuse("objection", "GA 35", objection)
		}
		return p, r
	}
	does(ed, Act{
		Name: "Reject", Title: "Declare rejected", Help: "The Chair declares a draft rejected without a vote, where nobody objects.",
		Who: []Capacity{Chair}, Attested: true, Rule: "GA 35", Refusals: disposed, Causes: []string{"ProposalRejected"},
	}, func(s *State, c *Call, f *Reject) ([]Event, *Refusal) {
		p, r := dispose(s, c, f.Proposal, f.Objection)
		return []Event{{Body: &ProposalRejected{p.ID, p.Meeting}}}, r
	})
	does(ed, Act{
		Name: "TakeNote", Title: "Take note", Help: "The meeting takes note of a draft without adopting it, where nobody objects.",
		Who: []Capacity{Chair}, Rule: "GA 35", Refusals: disposed, Causes: []string{"ProposalNoted"},
	}, func(s *State, c *Call, f *TakeNote) ([]Event, *Refusal) {
		p, r := dispose(s, c, f.Proposal, f.Objection)
		return []Event{{Body: &ProposalNoted{p.ID, p.Meeting}}}, r
	})
	happens(ed, func(s *State, h Happened, b *ProposalNoted) {
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.State = "noted" })
	})
	does(ed, Act{
		Name: "Defer", Title: "Defer a proposal", Help: "The meeting puts a draft off, where nobody objects.",
		Who: []Capacity{Chair}, Attested: true, Rule: "GA 35", Refusals: disposed, Causes: []string{"ProposalDeferred"},
	}, func(s *State, c *Call, f *Defer) ([]Event, *Refusal) {
		p, r := dispose(s, c, f.Proposal, f.Objection)
		return []Event{{Body: &ProposalDeferred{p.ID, p.Meeting}}}, r
	})
	happens(ed, func(s *State, h Happened, b *ProposalDeferred) {
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.State = "deferred" })
	})
	does(ed, Act{
		Name: "Reconsider", Title: "Reconsider", Help: "The Chair opens again what was adopted or rejected at this session, after a motion to reconsider was carried.",
		Who: []Capacity{Chair}, Attested: true, Rule: "GA 81; EC 57", Refusals: codes(atMeeting, "unknown-proposal", "not-decided", "same-session-only", "no-motion-carried"), Causes: []string{"DecisionReopened"},
	}, func(s *State, c *Call, f *Reconsider) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		p, ok := s.Proposal(f.Proposal)
		switch {
		case !ok:
			return nil, refuse("unknown-proposal", "GA 81", f.Proposal)
		case p.State != "adopted" && p.State != "rejected":
			return nil, refuse("not-decided", "GA 81", f.Proposal)
		case p.Meeting != m.MeetingConvened.Meeting:
			return nil, refuse("same-session-only", "GA 81", p.Meeting)
		}
		for _, x := range s.motions.all.All() {
			if x.Sort == "reconsider" && x.Thing == string(p.ID) && x.State == "carried" && x.Index > p.Index {
				return []Event{{Body: &DecisionReopened{p.ID, p.Meeting}}}, nil
			}
		}
		return nil, refuse("no-motion-carried", "GA 81", "reconsider")
	})
	happens(ed, func(s *State, h Happened, b *DecisionReopened) {
		p := s.proposals.all.At(string(b.Proposal))
		s.reconsidered(p.Decision, h)
		s.proposals.decisions = s.proposals.decisions.Delete(string(p.Decision))
		s.votes.outcomes = s.votes.outcomes.Delete(thingKey(b.Meeting, "proposal", string(b.Proposal)))
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.State, p.Decision = "submitted", "" })
	})
	does(ed, Act{
		Name: "AttachStatement", Title: "Attach a statement", Help: "Attaches an interpretation or reservation to a decision; it does not block it.",
		Who: members, Rule: "OSCE MC.DOC/1/06", Refusals: codes(asMember, "no-decision", "unknown-symbol"), Causes: []string{"StatementAttached"},
	}, func(s *State, c *Call, f *AttachStatement) ([]Event, *Refusal) {
		if _, r := s.sitting(c); r != nil {
			return nil, r
		}
		if !s.Decided(f.Decision) {
			return nil, refuse("no-decision", "OSCE MC.DOC/1/06", f.Decision)
		}
		if !slices.Contains([]string{"interpretative", "reservation"}, f.Sort) {
			return nil, refuse("malformed", "doc/record.md 2", "sort")
		}
		if _, ok := s.Document(f.Symbol); !ok {
			return nil, refuse("unknown-symbol", "OSCE MC.DOC/1/06", f.Symbol)
		}
		return []Event{{Body: &StatementAttached{f.Decision, PartyID(c.For), f.Sort, f.Symbol}}}, nil
	})
	happens(ed, func(*State, Happened, *StatementAttached) {})
}
