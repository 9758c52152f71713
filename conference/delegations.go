package conference

// delegationsState is who a party sends.
type delegationsState struct{}

func delegations(ed *edition) {}
