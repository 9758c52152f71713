package conference

// motionsState is points of order, rulings, appeals and procedural motions.
type motionsState struct{}

// interrupted returns what stands before all other business of a meeting: a point of order not ruled on, an
// appeal or a motion not decided.
func (s *State) interrupted(m MeetingID) (what MotionID, ok bool) { return "", false }

func motions(ed *edition) {}
