package rules

import (
	"cmp"
	"slices"
)

// Outranks reports whether a motion may be made while another waits: only one of higher precedence may (GA 77, 119;
// SC 33). A motion without a rank waits for all that have one.
func (r *Rules) Outranks(moved, pending string) bool { return r.Rank(moved) < r.Rank(pending) }

// Rank is the precedence of a kind of motion, 1 the highest.
func (r *Rules) Rank(kind string) int64 {
	if m, ok := r.MotionKind(kind); ok && m.Rank > 0 {
		return m.Rank
	}
	return 1000
}

// Debated reports whether anybody but its mover speaks to a motion.
func (m Motion) Debated() bool { return m.For+m.Against > 0 }

// Speech refuses one more speaker on a side of a motion, for or against, after so many of that side: no-debate,
// only-against or two-already-spoke; "" where one more may speak. A mover who speaks besides is not among them.
func (m Motion) Speech(side string, spoken int64) string {
	most := m.For
	if side == "against" {
		most = m.Against
	}
	switch {
	case !m.Debated():
		return "no-debate"
	case most == 0:
		return "only-against"
	case spoken >= most:
		return "two-already-spoke"
	}
	return ""
}

// SponsorsExplain reports whether sponsors may explain their votes on their own draft or amendment (GA 88; EC 62).
func (r *Rules) SponsorsExplain(amended bool) bool {
	return r.Sponsors == nil || r.Sponsors.Explain == "always" || r.Sponsors.Explain == "if-amended" && amended
}

// Divides reports whether parts are voted on separately though somebody objects (GA 89; SC 32).
func (r *Rules) Divides(moverObjects bool) bool {
	return r.Division == "right" || r.Division == "unless-mover-objects" && !moverObjects
}

// Early reports whether a thing is early: seconds after it was circulated, where its kind needs more. permitted says
// that the Chair permits it, which counts where the time may be waived (GA 78, 120).
func (r *Rules) Early(kind string, seconds int64, permitted bool) bool {
	n, ok := r.Notice(kind)
	return ok && seconds < n.Seconds && !(n.Waivable && permitted)
}

// Puts reports whether a draft is put: of who is no member only where a member asks for it (SC 38).
func (r *Rules) Puts(member, asked bool) bool { return member || asked }

// From is a list in its order, begun at one of its names and gone round (GA 87).
func From[T any](list []T, first int) []T { return slices.Concat(list[first:], list[:first]) }

// A Change is an amendment, as far as the order of putting needs it.
type Change struct {
	ID         string
	Distance   int64    // how far removed in substance from the original, as the Chair judges
	WordsAlone bool     // it only adds to the text or deletes from it
	Rejects    []string // those whose rejection its adoption implies
}

// Furthest is the order in which amendments are put: the furthest removed in substance first (GA 90, 130), where the
// rules say so after those that only add or delete (SC 36). What an adopted one rejects is not put.
func (r *Rules) Furthest(changes []Change, adopted []string) (order, notPut []string) {
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b Change) int {
		if r.AmendmentsFirst == "omissions" && a.WordsAlone != b.WordsAlone {
			return map[bool]int{true: -1, false: 1}[a.WordsAlone]
		}
		return cmp.Compare(b.Distance, a.Distance)
	})
	for _, c := range changes {
		if slices.ContainsFunc(changes, func(o Change) bool { return slices.Contains(adopted, o.ID) && slices.Contains(o.Rejects, c.ID) }) {
			notPut = append(notPut, c.ID)
			continue
		}
		order = append(order, c.ID)
	}
	return order, notPut
}

// Stays refuses a withdrawal: amended, or voting once voting on it has begun (GA 80, 122; SC 35); "" where it may be
// taken back.
func Stays(amended, votingBegun bool) string {
	switch {
	case votingBegun:
		return "voting"
	case amended:
		return "amended"
	}
	return ""
}

// Emptied reports whether a draft is rejected as a whole, for all its operative parts are (GA 89, 129).
func Emptied(operative, lost int) bool { return operative > 0 && lost == operative }

// Adopts reports whether consensus is there: no member objects. What an observer objects to does not count.
func Adopts(objectingMembers int64) bool { return objectingMembers == 0 }
