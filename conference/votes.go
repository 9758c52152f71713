package conference

// votesState is questions put to the meeting and how they are answered.
type votesState struct{}

// A Question is what was put to a meeting and is not yet answered.
type Question struct {
	ID      QuestionID
	Meeting MeetingID
	Kind    string // of thing: proposal, amendment, motion …
	Thing   string // its id
	Method  string // consensus, hands, recorded, roll-call or secret
	Begun   bool   // voting has begun: nothing interrupts it but a point of order about the voting (GA 88)
	Index   int64  // entry that changed it last
}

// Pending returns the question before a meeting.
func (s *State) Pending(m MeetingID) (Question, bool) { return Question{}, false }

func votes(ed *edition) {}
