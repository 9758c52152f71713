package bodies

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"kurultai/rules"
)

// A vector is one situation under the rules of a body and what is lawful in it.
type vector struct {
	ID, Body, Rule, Kind string
	Input                situation
	Outcome              found
}

// found is an outcome in words and numbers, as the table writes it.
type found map[string]any

// A situation is what a vector is about; each kind reads its own part.
type situation struct {
	Members                  membership
	Present                  int64
	Majority, Kind           string
	Yes, No, Abstain         int64
	PermanentNo              []string
	Population, Total        int64
	Overrule, Uphold         int64
	Second, AllOperativeLost bool
	Parts                    []string
	Pending, Moved           string
	SpokeFor, SpokeAgainst   []string
	Side                     string
	Sponsor                  string
	RequestedByMember        bool
	MoverObjects             bool
	Amendments               []struct {
		ID            string
		Distance      int64
		AddsOrDeletes bool
		Implies       struct{ Rejects []string }
	}
	Adopted                []string
	Amended, VotingBegun   bool
	What, Circulated       string
	ChairPermits           bool
	Drawn                  string
	Places, Ballot         int64
	Papers, Invalid, Blank int64
	Votes                  map[string]int64
	Objections, Statements int64
	ObserverObjects        bool
}

// A membership is how many there are, or their names.
type membership struct {
	n     int64
	names []string
}

func (m *membership) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &m.n); err == nil {
		return nil
	}
	err := json.Unmarshal(b, &m.names)
	m.n = int64(len(m.names))
	return err
}

// named are bodies whose rules are kept under another's name.
var named = map[string]string{"osce": "consensus", "turkpa": "consensus"}

// decide executes the rules of the body on the situation.
func (v vector) decide() (found, error) {
	r, ok := Get(cmp.Or(named[v.Body], v.Body))
	if !ok {
		return nil, fmt.Errorf("the rules of %q are not here", v.Body)
	}
	in := v.Input
	motion, _ := r.MotionKind(moved(in.Moved))
	switch v.Kind {
	case "quorum-open":
		return quorum(r.QuorumToOpen, in, "may open", "no-quorum-to-open"), nil
	case "quorum-decide":
		return quorum(r.QuorumToDecide, in, "may decide", "no-quorum-to-decide"), nil
	case "vote", "vote-part", "tie", "reconsider":
		return v.vote(r)
	case "vote-parts":
		lost := 0
		for _, part := range in.Parts {
			if part == "lost" {
				lost++
			}
		}
		if rules.Emptied(len(in.Parts), lost) == in.AllOperativeLost && in.AllOperativeLost {
			return found{"result": "rejected as a whole; not put again"}, nil
		}
		return found{"result": "the whole is put"}, nil
	case "appeal":
		m, _ := r.Majority("appeal")
		res := m.Decide(rules.Count{Members: in.Overrule + in.Uphold + in.Abstain, Yes: in.Overrule, No: in.Uphold, Abstain: in.Abstain}, r.Tie)
		word := map[bool]string{true: "ruling overruled", false: "ruling stands"}[res.Outcome == rules.Carried]
		return found{"result": word, "needed": res.Working[0].Needed}, nil
	case "motion":
		return v.motion(r, motion)
	case "motion-speakers":
		spoke := in.SpokeFor
		if in.Side == "against" {
			spoke = in.SpokeAgainst
		}
		if motion.MoverBesides {
			spoke = slices.DeleteFunc(slices.Clone(spoke), func(who string) bool { return who == "mover" })
		}
		return refusal(motion.Speech(in.Side, int64(len(spoke))), "floor given"), nil
	case "put":
		word := map[bool]string{true: "put", false: "not put"}[r.Puts(in.Sponsor == "member", in.RequestedByMember)]
		return found{"result": word}, nil
	case "parts":
		return found{"result": map[bool]string{true: "put separately", false: "refused"}[r.Divides(in.MoverObjects)]}, nil
	case "amendment-order":
		var changes []rules.Change
		for _, a := range in.Amendments {
			changes = append(changes, rules.Change{ID: a.ID, Distance: a.Distance, WordsAlone: a.AddsOrDeletes, Rejects: a.Implies.Rejects})
		}
		order, not := r.Furthest(changes, in.Adopted)
		return found{"result": "order", "order": order, "notPut": not}, nil
	case "explain": // who proposes an amendment stands to it as a sponsor to a draft (GA 88)
		code := ""
		if !r.SponsorsExplain(in.Amended) {
			code = "sponsor-may-not"
		}
		return refusal(code, "floor given"), nil
	case "withdraw":
		return refusal(rules.Stays(in.Amended, in.VotingBegun), "withdrawn"), nil
	case "circulate":
		code, after := "", int64(0)
		if in.Circulated != "same day" {
			after = 86400
		}
		if r.Early(in.What, after, in.ChairPermits) {
			code = "not-circulated-in-time"
		}
		return refusal(code, "may be discussed"), nil
	case "roll-call-order":
		at := slices.Index(in.Members.names, in.Drawn)
		if at < 0 {
			return nil, fmt.Errorf("%q is no member", in.Drawn)
		}
		return found{"result": "order", "order": rules.From(in.Members.names, at)}, nil
	case "ballot":
		return v.ballot(r)
	case "consensus":
		word := "not adopted"
		if rules.Adopts(in.Objections) {
			word = "adopted"
		}
		if in.Statements > 0 {
			word += "; statement attached"
		}
		if in.ObserverObjects {
			return found{"result": "refused", "code": "observer-may-not", "then": word}, nil
		}
		return found{"result": word}, nil
	}
	return nil, fmt.Errorf("kind %q is not known", v.Kind)
}

// moved is a motion under the name the rules have for it.
func moved(name string) string {
	if name == "suspend-meeting" {
		return "suspend"
	}
	return name
}

func refusal(code, otherwise string) found {
	if code == "" {
		return found{"result": otherwise}
	}
	return found{"result": "refused", "code": code}
}

func quorum(q *rules.Quorum, in situation, enough, code string) found {
	if q == nil {
		return found{"result": enough}
	}
	met, needed := q.Met(in.Present, in.Members.n)
	if met {
		return found{"result": enough, "needed": needed}
	}
	return found{"result": "refused", "code": code, "needed": needed}
}

// majority is the one a vector is about: named, that of a kind of question, or that of the question its rule is about.
func (v vector) majority(r *rules.Rules) (rules.Majority, string, error) {
	if m, ok := r.NamedMajority(v.Input.Majority); ok {
		return m, "", nil
	}
	if v.Input.Kind != "" {
		if m, ok := r.NamedMajority(v.Input.Kind); ok {
			return m, "", nil
		}
	}
	for _, q := range r.Questions {
		for _, number := range strings.FieldsFunc(q.Rule, func(c rune) bool { return c == ' ' || c == ',' || c == ';' }) {
			if number == v.Rule || number == "A/RES/"+v.Rule {
				m, _ := r.NamedMajority(q.Majority)
				return m, q.Kind, nil
			}
		}
	}
	return rules.Majority{}, "", fmt.Errorf("no majority is meant by rule %s", v.Rule)
}

func (v vector) vote(r *rules.Rules) (found, error) {
	m, kind, err := v.majority(r)
	if err != nil {
		return nil, err
	}
	in := v.Input
	c := rules.Count{Members: cmp.Or(in.Members.n, in.Yes+in.No+in.Abstain), Yes: in.Yes, No: in.No, Abstain: in.Abstain, WeightYes: in.Population, Weight: in.Total}
	if c.Vetoes = int64(len(in.PermanentNo)); m.NoVeto == rules.Everyone {
		c.Vetoes = in.No
	}
	tie := r.Tie
	if in.Second {
		tie = string(rules.Lost)
	}
	res := m.Decide(c, tie)
	out := found{"result": string(res.Outcome), "needed": res.Working[0].Needed}
	if len(res.Working) > 1 {
		out["populationNeeded"] = res.Working[1].Needed
	}
	switch {
	case res.Vetoed:
		out["reason"] = "veto"
	case res.Outcome == rules.Lost && res.Working[0].Needed == 9:
		out["reason"] = "fewer than nine"
	}
	switch {
	case res.Outcome == rules.SecondVote:
		n, _ := r.Notice("second-vote")
		out["result"], out["withinHours"] = "second vote due", n.Seconds/3600
	case v.Kind == "tie" && res.Outcome == rules.Lost:
		out["result"] = "rejected"
	case v.Kind == "vote-part" && res.Outcome == rules.Carried:
		out["result"] = "part retained; the whole is put"
	case kind == "debate-report" && res.Outcome == rules.Carried:
		out["result"] = "debated"
	}
	return out, nil
}

func (v vector) motion(r *rules.Rules, motion rules.Motion) (found, error) {
	in := v.Input
	if in.Yes+in.No > 0 {
		m, _ := r.Majority("motion")
		if m.Decide(rules.Count{Yes: in.Yes, No: in.No, Abstain: in.Abstain}, r.Tie).Outcome != rules.Carried {
			return found{"result": "lost"}, nil
		}
		if motion.Kind == "adjourn-meeting" {
			return found{"result": "carried; meeting adjourned"}, nil
		}
		return found{"result": "carried"}, nil
	}
	switch {
	case !r.Outranks(motion.Kind, moved(in.Pending)):
		return found{"result": "refused", "code": "lower-precedence-than-pending"}, nil
	case !motion.Debated():
		return found{"result": "taken first, undebated"}, nil
	}
	return found{"result": "taken first"}, nil
}

func (v vector) ballot(r *rules.Rules) (found, error) {
	m, _, err := v.majority(r)
	if err != nil {
		return nil, err
	}
	in := v.Input
	b := rules.Ballot{Number: max(in.Ballot, 1), Places: in.Places, Members: in.Members.n, Valid: in.Papers - in.Invalid - in.Blank}
	sum := int64(0)
	for _, name := range sorted(in.Votes) {
		b.Votes = append(b.Votes, rules.Tally{Name: name, Votes: in.Votes[name]})
		sum += in.Votes[name]
	}
	if in.Papers == 0 {
		b.Valid = sum / in.Places
		if m.Tests[0].Of == "members" {
			b.Valid = in.Members.n
		}
	}
	res := r.Ballot(b, m)
	out := found{"needed": res.Needed, "elected": res.Elected}
	switch res.Next {
	case "":
		out["result"] = "elected"
	case "lot":
		out["result"] = "lot drawn by the Chair"
	case "special":
		out["result"], out["among"] = "special ballot", res.Names
	default:
		out["result"] = "inconclusive"
		if res.Next == "restricted" {
			out["next"] = map[string]any{"restrictedTo": res.Names}
		}
	}
	return out, nil
}
