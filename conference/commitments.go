package conference

import "slices"

// commitmentsState is what somebody undertook in a decision, and what became of it.
type commitmentsState struct {
	all Ordered[string, Commitment]
}

// A Commitment is what a party undertook, by when, from which paragraph of which decision.
type Commitment struct {
	CommitmentRecorded
	State    string // recorded, accepted, reported, fulfilled, overdue or escalated
	Evidence []Symbol
	Index    int64 // entry that changed it last
}

// Commitments lists what was undertaken, in order of id.
func (s *State) Commitments() (list []Commitment) {
	for _, c := range s.commitments.all.All() {
		list = append(list, c)
	}
	return list
}

type (
	// ExtractCommitment records what a decision obliges a party to.
	ExtractCommitment struct {
		Commitment NoteID     `json:"commitment" jsonschema:"id of the commitment"`
		Decision   DecisionID `json:"decision" jsonschema:"the decision"`
		Paragraph  string     `json:"paragraph" jsonschema:"which paragraph, as op3"`
		By         PartyID    `json:"by" jsonschema:"who undertook it"`
		What       string     `json:"what" jsonschema:"what, in a sentence"`
		Due        Date       `json:"due" jsonschema:"by when"`
		Measure    string     `json:"measure,omitempty" jsonschema:"how it is seen to be done"`
	}
	// CommitmentRecorded is what ExtractCommitment causes.
	CommitmentRecorded ExtractCommitment
	// AcceptCommitment says that a party takes a commitment as recorded.
	AcceptCommitment struct {
		Commitment NoteID `json:"commitment" jsonschema:"id of the commitment"`
	}
	// CommitmentAccepted is what AcceptCommitment causes.
	CommitmentAccepted AcceptCommitment
	// ReportProgress reports on a commitment, with evidence.
	ReportProgress struct {
		Commitment NoteID `json:"commitment" jsonschema:"id of the commitment"`
		Evidence   Symbol `json:"evidence" jsonschema:"the paper that shows it"`
	}
	// ProgressReported is what ReportProgress causes.
	ProgressReported ReportProgress
	// CloseCommitment says that a commitment is fulfilled.
	CloseCommitment struct {
		Commitment NoteID `json:"commitment" jsonschema:"id of the commitment"`
	}
	// CommitmentFulfilled is what CloseCommitment causes.
	CommitmentFulfilled CloseCommitment
	// EscalateCommitment brings an overdue commitment before the body.
	EscalateCommitment struct {
		Commitment NoteID `json:"commitment" jsonschema:"id of the commitment"`
		To         Term   `json:"to" jsonschema:"whom it is brought before: bureau, meeting, heads-of-state"`
	}
	// CommitmentEscalated is what EscalateCommitment causes.
	CommitmentEscalated EscalateCommitment
	// CommitmentOverdue says that a commitment was not fulfilled by its day.
	CommitmentOverdue struct {
		Commitment NoteID `json:"commitment"`
	}
)

func (c CommitmentRecorded) overdue() (key string, id string) {
	id = "commitment/" + string(c.Commitment)
	return dueKey(c.Due.begins().AddHours(24), id), id
}

func (s *State) changeCommitment(id NoteID, index int64, change func(*Commitment)) {
	c := s.commitments.all.At(string(id))
	change(&c)
	c.Index = index
	s.commitments.all = s.commitments.all.Set(string(id), c)
}

// commitment is one that is not fulfilled yet.
func (s *State) commitment(id NoteID) (Commitment, *Refusal) {
	c, ok := s.commitments.all.Get(string(id))
	switch {
	case !ok:
		return c, refuse("unknown-commitment", "practice", id)
	case c.State == "fulfilled":
		return c, refuse("commitment-closed", "practice", id)
	}
	return c, nil
}

func commitments(ed *edition) {
	ed.thing("commitment", func(s *State, id string) (int64, bool) { c, ok := s.commitments.all.Get(id); return c.Index, ok })
	does(ed, Act{
		Name: "ExtractCommitment", Title: "Record a commitment", Help: "Records what an adopted decision obliges a party to, and by when.",
		Who: []Capacity{Secretary}, Rule: "the decision it names", Refusals: []Code{"id-taken", "paragraph-not-adopted", "unknown-party", "day-passed"}, Causes: []string{"CommitmentRecorded"}, Timed: true,
	}, func(s *State, c *Call, f *ExtractCommitment) ([]Event, *Refusal) {
		switch {
		case s.commitments.all.Has(string(f.Commitment)):
			return nil, refuse("id-taken", "doc/record.md 5", f.Commitment)
		case !s.Decided(f.Decision):
			return nil, refuse("paragraph-not-adopted", "practice", f.Decision, f.Paragraph)
		case !s.parties.Has(string(f.By)):
			return nil, refuse("unknown-party", "practice", f.By)
		case f.Due.begins().AddHours(24) <= c.At:
			return nil, refuse("day-passed", "practice", f.Due)
		}
		e := CommitmentRecorded(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *CommitmentRecorded) {
		s.commitments.all = s.commitments.all.Set(string(b.Commitment), Commitment{*b, "recorded", nil, h.Index})
		_, id := b.overdue()
		s.falls(b.Due.begins().AddHours(24), id, Event{Body: &CommitmentOverdue{b.Commitment}})
	})
	debtor := func(s *State, c *Call, id NoteID) (Commitment, *Refusal) {
		x, r := s.commitment(id)
		if r == nil && x.By != PartyID(c.For) {
			r = refuse("not-debtor", "practice", x.By)
		}
		return x, r
	}
	does(ed, Act{
		Name: "AcceptCommitment", Title: "Accept a commitment", Help: "Says that your party takes a commitment as it is recorded.",
		Who: members, Attested: true, Rule: "practice", Refusals: []Code{"unknown-commitment", "commitment-closed", "not-debtor"}, Causes: []string{"CommitmentAccepted"},
	}, func(s *State, c *Call, f *AcceptCommitment) ([]Event, *Refusal) {
		_, r := debtor(s, c, f.Commitment)
		e := CommitmentAccepted(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *CommitmentAccepted) {
		s.changeCommitment(b.Commitment, h.Index, func(c *Commitment) { c.State = "accepted" })
	})
	does(ed, Act{
		Name: "ReportProgress", Title: "Report progress", Help: "Reports what your party did about a commitment, with a paper that shows it.",
		Who: members, Rule: "practice", Refusals: []Code{"unknown-commitment", "commitment-closed", "not-debtor", "no-evidence"}, Causes: []string{"ProgressReported"},
	}, func(s *State, c *Call, f *ReportProgress) ([]Event, *Refusal) {
		_, r := debtor(s, c, f.Commitment)
		if _, ok := s.Document(f.Evidence); r == nil && !ok {
			r = refuse("no-evidence", "practice", f.Evidence)
		}
		e := ProgressReported(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *ProgressReported) {
		s.changeCommitment(b.Commitment, h.Index, func(c *Commitment) {
			c.State, c.Evidence = "reported", append(slices.Clone(c.Evidence), b.Evidence)
		})
	})
	does(ed, Act{
		Name: "CloseCommitment", Title: "Close a commitment", Help: "Says that a commitment is fulfilled, on the evidence reported.",
		Who: []Capacity{Secretary}, Attested: true, Rule: "practice", Refusals: []Code{"unknown-commitment", "commitment-closed", "no-evidence"}, Causes: []string{"CommitmentFulfilled"},
	}, func(s *State, c *Call, f *CloseCommitment) ([]Event, *Refusal) {
		x, r := s.commitment(f.Commitment)
		if r == nil && len(x.Evidence) == 0 {
			r = refuse("no-evidence", "practice", f.Commitment)
		}
		e := CommitmentFulfilled(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *CommitmentFulfilled) {
		key, _ := s.commitments.all.At(string(b.Commitment)).overdue()
		s.dues = s.dues.Delete(key)
		s.changeCommitment(b.Commitment, h.Index, func(c *Commitment) { c.State = "fulfilled" })
	})
	does(ed, Act{
		Name: "EscalateCommitment", Title: "Escalate a commitment", Help: "Brings an overdue commitment before the bureau or the meeting.",
		Who: []Capacity{Secretary}, Rule: "practice", Refusals: []Code{"unknown-commitment", "commitment-closed", "not-overdue"}, Causes: []string{"CommitmentEscalated"},
	}, func(s *State, c *Call, f *EscalateCommitment) ([]Event, *Refusal) {
		x, r := s.commitment(f.Commitment)
		if r == nil && x.State != "overdue" {
			r = refuse("not-overdue", "practice", f.Commitment)
		}
		e := CommitmentEscalated(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *CommitmentEscalated) {
		s.changeCommitment(b.Commitment, h.Index, func(c *Commitment) { c.State = "escalated" })
	})
	happens(ed, func(s *State, h Happened, b *CommitmentOverdue) {
		key, _ := s.commitments.all.At(string(b.Commitment)).overdue()
		s.dues = s.dues.Delete(key)
		s.changeCommitment(b.Commitment, h.Index, func(c *Commitment) { c.State = "overdue" })
	})
}
