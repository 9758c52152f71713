package rules

// MotionsOfAssembly are the motions of the General Assembly's rules 71 to 81, for bodies whose own rules list none.
var MotionsOfAssembly = []Motion{
	{Kind: "suspend", Rule: "GA 76, 77", Rank: 1},
	{Kind: "adjourn-meeting", Rule: "GA 76, 77", Rank: 2},
	{Kind: "adjourn-debate", Rule: "GA 74, 77", Rank: 3, For: 2, Against: 2, MoverBesides: true},
	{Kind: "close-debate", Rule: "GA 75, 77", Rank: 4, Against: 2},
	{Kind: "close-list", Rule: "GA 73", ChairProposes: true},
	{Kind: "time-limit", Rule: "GA 72", For: 2, Against: 2},
	{Kind: "competence", Rule: "GA 79"},
	{Kind: "division", Rule: "GA 89", For: 2, Against: 2},
	{Kind: "order-of-proposals", Rule: "GA 91"},
	{Kind: "reconsider", Rule: "GA 81", Against: 2, Majority: "reconsider"},
	{Kind: "secret-ballot", Rule: "GA 92"},
	{Kind: "roll-call", Rule: "GA 87"},
}

// MotionKind finds a kind of motion: among the rules' own or, where they list none, the General Assembly's.
func (r *Rules) MotionKind(kind string) (Motion, bool) {
	if len(r.Motions) == 0 {
		return (&Rules{Motions: MotionsOfAssembly}).Motion(kind)
	}
	return r.Motion(kind)
}
