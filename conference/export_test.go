package conference

import "kurultai/record/canonical"

// Tried is what Decide was asked about an offer: its fields, and something fitting in those that are open.
func Tried(o Offer) canonical.Value { return o.tried }

// Standing is a refusal no choice of fields changes.
var Standing = standing
