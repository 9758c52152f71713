package conference

// commitmentsState is what somebody undertook in a decision, and what became of it.
type commitmentsState struct{}

func commitments(ed *edition) {}
