package conference

// correctionsState is slips rescinded and acts disowned.
type correctionsState struct{}

func corrections(ed *edition) {}
