package conference

// protocolState is precedence, seats, flags and events.
type protocolState struct{}

func protocol(ed *edition) {}
