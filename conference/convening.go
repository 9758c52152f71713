package conference

// conveningState is how meetings are prepared: invitations, answers, postponement, and changes of status.
type conveningState struct{}

func convening(ed *edition) {}
