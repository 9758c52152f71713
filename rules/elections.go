package rules

import (
	"cmp"
	"slices"
)

// A Ballot is what the tellers counted, and how far the election had come.
type Ballot struct {
	Number  int64    // from 1
	Places  int64    // left to fill
	Members int64    // of the body
	Valid   int64    // papers that are neither invalid nor blank (the base of a majority of votes cast)
	Special bool     // among those tied at the edge
	Beside  []string // of a special ballot for who goes on: who goes on already
	Votes   []Tally
}

// A Tally is one candidate's votes.
type Tally struct {
	Name  string
	Votes int64
}

// A BallotResult is who is elected and what comes next.
type BallotResult struct {
	Needed  int64
	Elected []string // most votes first
	Next    string   // "" when all places are filled, else free, restricted, special or lot
	Names   []string // whom the next ballot, or the lot, is among
	Beside  []string // of a special ballot or lot for who goes on: who goes on already
}

// Ballot applies the rules of election to a ballot (GA 92-94, 132; EC 68-70). m is the majority a candidate needs.
func (r *Rules) Ballot(b Ballot, m Majority) (res BallotResult) {
	passes := func(votes int64) bool {
		d := m.Decide(Count{Members: b.Members, Present: b.Valid, Yes: votes, No: b.Valid - votes}, string(Lost))
		if len(d.Working) > 0 {
			res.Needed = d.Working[0].Needed
		}
		return d.Outcome == Carried
	}
	passes(0)
	votes := slices.Clone(b.Votes)
	slices.SortStableFunc(votes, func(a, b Tally) int { return cmp.Compare(b.Votes, a.Votes) })
	left := int(b.Places)
	if len(b.Beside) > 0 {
		return b.goingOn(votes, left, res)
	}
	won := slices.DeleteFunc(slices.Clone(votes), func(t Tally) bool { return !passes(t.Votes) })
	sure := min(len(won), left)
	edge := len(won) > left && won[left-1].Votes == won[left].Votes
	for edge && sure > 0 && won[sure-1].Votes == won[left].Votes {
		sure--
	}
	res.Elected = names(won[:sure])
	left -= sure
	special := r.Election != nil && r.Election.Tie == "special"
	rest := votes[sure:]
	switch {
	case left == 0:
		return res
	case edge:
		res.Names = names(level(won[sure:], won[sure].Votes))
		res.Next = map[bool]string{true: "special", false: "lot"}[special && !b.Special]
		return res
	case len(rest) > 0 && b.Special && len(level(rest, rest[0].Votes)) > 1,
		b.Number > 1 && left == 1 && len(rest) == 2 && rest[0].Votes == rest[1].Votes && m.halves():
		res.Next, res.Names = "lot", names(level(rest, rest[0].Votes))
		return res
	case len(rest) == 0 || !r.Restricted(b.Number+1):
		res.Next = "free"
		return res
	}
	high := highest(rest, 2*left)
	if special && len(high) > 2*left { // EC 69-70: who goes on is tied
		last := high[len(high)-1].Votes
		res.Next, res.Names = "special", names(level(high, last))
		res.Beside = names(slices.DeleteFunc(slices.Clone(high), func(t Tally) bool { return t.Votes == last }))
		return res
	}
	res.Next, res.Names = "restricted", names(high)
	return res
}

// goingOn fills, from a special ballot, the places in the restricted ballot that were tied for.
func (b Ballot) goingOn(votes []Tally, left int, res BallotResult) BallotResult {
	open := 2*left - len(b.Beside)
	if high := highest(votes, open); len(high) > open {
		last := high[len(high)-1].Votes
		res.Next, res.Names = "lot", names(level(high, last))
		res.Beside = slices.Concat(b.Beside, names(slices.DeleteFunc(high, func(t Tally) bool { return t.Votes == last })))
		return res
	}
	res.Next, res.Names = "restricted", slices.Concat(b.Beside, names(votes[:min(open, len(votes))]))
	return res
}

// Restricted says whether ballot n is restricted to the highest names. Ballot 1 never is.
func (r *Rules) Restricted(n int64) bool {
	e := r.Election
	switch {
	case n <= 1:
		return false
	case e == nil || e.Free == 0: // GA 92: the second between the two highest, and so on
		return true
	case n-2 < e.RestrictedFirst:
		return true
	}
	return (n-2-e.RestrictedFirst)/e.Free%2 == 1
}

// highest are the n first of a sorted list and whoever is level with the last of them.
func highest(votes []Tally, n int) []Tally {
	for n < len(votes) && n > 0 && votes[n].Votes == votes[n-1].Votes {
		n++
	}
	return slices.Clone(votes[:min(n, len(votes))])
}

func level(votes []Tally, with int64) []Tally {
	return slices.DeleteFunc(slices.Clone(votes), func(t Tally) bool { return t.Votes != with })
}

func names(votes []Tally) (list []string) {
	for _, t := range votes {
		list = append(list, t.Name)
	}
	return list
}
