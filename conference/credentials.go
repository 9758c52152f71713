package conference

// credentialsState is the papers that say who represents a party, and what the body makes of them.
type credentialsState struct{}

// seated refuses a party whose credentials the body rejected for a meeting (GA 29).
func (s *State) seated(m Meeting, p PartyID) *Refusal { return nil }

func credentials(ed *edition) {}
