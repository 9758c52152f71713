package conference

// instrumentsState is texts to be signed, powers and signatures.
type instrumentsState struct{}

func instruments(ed *edition) {}
