package conference

// electionsState is candidates, ballots and who is elected.
type electionsState struct{}

func elections(ed *edition) {}
