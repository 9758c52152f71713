package conference

// proposalsState is drafts, amendments, parts and what becomes of them.
type proposalsState struct{}

// A Proposal is a draft before the meeting.
type Proposal struct {
	ID       ProposalID
	Meeting  MeetingID
	Item     ItemID
	Sponsors []PartyID
	Index    int64 // entry that changed it last
}

// Proposal returns a draft.
func (s *State) Proposal(id ProposalID) (Proposal, bool) { return Proposal{}, false }

// Decided reports whether the body adopted what a basis names.
func (s *State) Decided(id DecisionID) bool { return false }

func proposals(ed *edition) {}
