package conference

// keysState is keys of persons and parties, and offices that end.
type keysState struct{}

func keys(ed *edition) {}
