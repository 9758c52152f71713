// Package rules is the arithmetic of rules of procedure: integer tests over counts, given as data.
// It holds no state. A majority is never a fraction computed in floating point: yes*den is compared with num*base.
//
//	Rules.Majority(kind) (Majority, ok)     what a kind of question needs
//	Rules.House(members).Count(votes) Count who voted how, once
//	Majority.Decide(count) Result           carried, lost or a second vote due, and the working
package rules

import (
	"errors"
	"fmt"

	"kurultai/record/canonical"
)

// Rules are a body's rules of procedure, as far as they are numbers. Each number carries the rule it stands in.
// What is absent the rules do not say, and nothing is asked.
type Rules struct {
	Name            string          `json:"name" jsonschema:"what they are called"`
	Version         string          `json:"version" jsonschema:"version or date of the text"`
	QuorumToOpen    *Quorum         `json:"quorumToOpen,omitempty" jsonschema:"how many must be present to open a meeting"`
	QuorumToDecide  *Quorum         `json:"quorumToDecide,omitempty" jsonschema:"how many must be present for a decision"`
	Speaking        *Limit          `json:"speaking,omitempty" jsonschema:"time limit of statements"`
	Limits          []NamedLimit    `json:"limits,omitempty" jsonschema:"time limits by kind of request"`
	Majorities      []Majority      `json:"majorities,omitempty" jsonschema:"majorities, by name"`
	Questions       []Question      `json:"questions,omitempty" jsonschema:"which majority which kind of question needs"`
	Classes         []Class         `json:"classes,omitempty" jsonschema:"members of one kind, as the permanent ones"`
	Weights         []Weight        `json:"weights,omitempty" jsonschema:"weight of each member, as its population"`
	Votes           []Weight        `json:"votes,omitempty" jsonschema:"votes of each member, where they are not one each"`
	Methods         []string        `json:"methods,omitempty" jsonschema:"how a question may be put: consensus, hands, recorded, roll-call, secret"`
	Motions         []Motion        `json:"motions,omitempty" jsonschema:"motions, highest precedence first"`
	Notices         []Notice        `json:"notices,omitempty" jsonschema:"times to be kept, by kind"`
	Sponsors        *Sponsors       `json:"sponsors,omitempty" jsonschema:"who may put a draft in, and what its sponsors may say"`
	Election        *Election       `json:"election,omitempty" jsonschema:"how ballots go on until somebody is elected"`
	Tie             string          `json:"tie,omitempty" jsonschema:"what an equal vote means: lost or second-vote"`
	ChangeVote      bool            `json:"changeVote,omitempty" jsonschema:"true when a vote may be changed until the result is announced"`
	Division        string          `json:"division,omitempty" jsonschema:"separate votes on parts: right, unless-objected or unless-mover-objects"`
	AmendmentsFirst string          `json:"amendmentsFirst,omitempty" jsonschema:"which amendment is put first: furthest, or omissions"`
	Suspension      *RuleSuspension `json:"suspension,omitempty" jsonschema:"how a rule may be suspended"`
	OverSize        *Size           `json:"delegation,omitempty" jsonschema:"largest delegation"`
}

// A Quorum is a share of the members that must be present.
type Quorum struct {
	Rule    string    `json:"rule" jsonschema:"number of the rule and where it comes from"`
	Over    *Fraction `json:"over,omitempty" jsonschema:"more than this part of the members: [1,2]"`
	AtLeast *Fraction `json:"atLeast,omitempty" jsonschema:"at least this part of the members: [1,3]"`
}

// A Limit is a length of time, in seconds.
type Limit struct {
	Rule    string `json:"rule" jsonschema:"number of the rule and where it comes from"`
	Seconds int64  `json:"seconds" jsonschema:"length in seconds"`
}

// A NamedLimit limits one kind of request for the floor: statement, group, observer, reply, explanation, order, motion, item.
type NamedLimit struct {
	Kind    string  `json:"kind" jsonschema:"statement, group, observer, reply, explanation, order, motion or item"`
	Rule    string  `json:"rule" jsonschema:"number of the rule and where it comes from"`
	Seconds []int64 `json:"seconds" jsonschema:"length in seconds: of the first time, the second and so on"`
	Times   int64   `json:"times,omitempty" jsonschema:"how often a delegation may, an item; absent: as often as it likes"`
}

// A Majority is a list of tests that must all pass.
type Majority struct {
	Name   string `json:"name" jsonschema:"simple, two-thirds, procedure …: questions name it"`
	Rule   string `json:"rule" jsonschema:"number of the rule and where it comes from"`
	Tests  []Test `json:"tests,omitempty" jsonschema:"all must pass; none: no count is made, as of consensus"`
	NoVeto string `json:"noVeto,omitempty" jsonschema:"class of members none of whom may vote against; everyone: all members"`
	Tie    string `json:"tie,omitempty" jsonschema:"what an equal vote means here, where not as in general: lost or second-vote"`
}

// A Test compares how many are in favour with a base.
type Test struct {
	Of              string    `json:"of" jsonschema:"the base: cast (yes and no), participating (yes, no and abstaining), present, members, weight or votes"`
	Over            *Fraction `json:"over,omitempty" jsonschema:"more than this part of the base"`
	AtLeast         *Fraction `json:"atLeast,omitempty" jsonschema:"at least this part of the base"`
	Number          int64     `json:"number,omitempty" jsonschema:"at least so many"`
	Class           string    `json:"class,omitempty" jsonschema:"count members of this class alone"`
	OrBlockersUnder int64     `json:"orBlockersUnder,omitempty" jsonschema:"passes too when fewer members than this are not in favour"`
}

// A Question is a kind of thing to be decided and the majority it needs.
type Question struct {
	Kind     string `json:"kind" jsonschema:"proposal, important, amendment, part, motion, appeal, credentials, agenda, reconsider, rules, item-late …"`
	Majority string `json:"majority" jsonschema:"name of the majority, or consensus"`
	Rule     string `json:"rule" jsonschema:"number of the rule and where it comes from"`
}

// A Class is a kind of members.
type Class struct {
	Name    string   `json:"name"`
	Members []string `json:"members" jsonschema:"ids of parties, in order"`
}

// A Weight is the pair member, weight.
type Weight struct {
	canonical.Tuple
	Member string
	Weight int64
}

// A Motion is a kind of procedural motion, how it is debated and what it needs.
type Motion struct {
	Kind          string `json:"kind" jsonschema:"suspend, adjourn-meeting, adjourn-debate, close-debate, close-list, time-limit, competence, division, order-of-proposals, reconsider, secret-ballot, roll-call"`
	Rule          string `json:"rule" jsonschema:"number of the rule and where it comes from"`
	Rank          int64  `json:"rank,omitempty" jsonschema:"precedence, 1 the highest; absent: waits for all that have one"`
	For           int64  `json:"for,omitempty" jsonschema:"how many may speak for it"`
	Against       int64  `json:"against,omitempty" jsonschema:"how many may speak against it"`
	MoverBesides  bool   `json:"moverBesides,omitempty" jsonschema:"true when the mover speaks besides those"`
	Majority      string `json:"majority,omitempty" jsonschema:"the majority it needs, where not that of motions"`
	ChairProposes bool   `json:"chairProposes,omitempty" jsonschema:"true when the chair may do it where nobody objects"`
}

// A Notice is a time to be kept, in seconds: provisional-agenda, late-item, credentials, proposal, amendment,
// silence, suspend-rule, withdrawal, second-vote, record-correction.
type Notice struct {
	Kind     string `json:"kind" jsonschema:"what it is a time for"`
	Rule     string `json:"rule" jsonschema:"number of the rule and where it comes from"`
	Seconds  int64  `json:"seconds" jsonschema:"length in seconds; a day has 86400"`
	Waivable bool   `json:"waivable,omitempty" jsonschema:"true when it may be waived where nobody objects"`
}

// Sponsors says how many put a draft in and whether they explain their votes on it.
type Sponsors struct {
	Rule    string `json:"rule" jsonschema:"number of the rule and where it comes from"`
	AtLeast int64  `json:"atLeast,omitempty" jsonschema:"how many a draft needs; absent: one"`
	Explain string `json:"explain" jsonschema:"may sponsors explain their vote: never, if-amended or always"`
}

// An Election goes on by ballots, free and restricted to the highest names in turn (GA 92-94; ECOSOC 68-70).
type Election struct {
	Rule            string `json:"rule" jsonschema:"number of the rule and where it comes from"`
	Majority        string `json:"majority" jsonschema:"the majority a candidate needs"`
	RestrictedFirst int64  `json:"restrictedFirst,omitempty" jsonschema:"how many restricted ballots follow the first"`
	Free            int64  `json:"free,omitempty" jsonschema:"how many free ballots follow, then restricted ones, in turn"`
	Tie             string `json:"tie" jsonschema:"what a tie at the edge means: lot, or special (a ballot among the tied, then lot)"`
	Secret          bool   `json:"secret,omitempty" jsonschema:"true when ballots are secret"`
}

// A RuleSuspension says with what notice a rule may be suspended (ECOSOC 86).
type RuleSuspension struct {
	Rule           string   `json:"rule" jsonschema:"number of the rule and where it comes from"`
	Seconds        int64    `json:"seconds" jsonschema:"notice in seconds"`
	Waivable       bool     `json:"waivable,omitempty" jsonschema:"true when notice may be waived where nobody objects"`
	NotSuspendable []string `json:"notSuspendable,omitempty" jsonschema:"rules that may not be suspended"`
}

// A Size limits a delegation (GA 25).
type Size struct {
	Rule       string `json:"rule" jsonschema:"number of the rule and where it comes from"`
	Delegates  int64  `json:"delegates" jsonschema:"representatives, the head among them"`
	Alternates int64  `json:"alternates,omitempty" jsonschema:"alternate representatives; advisers are not counted"`
}

// A Fraction is the pair numerator, denominator.
type Fraction struct {
	canonical.Tuple
	Num, Den int64
}

// Check reports whether f is between 0 and 1.
func (f Fraction) Check() error {
	if f.Num < 0 || f.Den < 1 || f.Num > f.Den || f.Den > 1000000 {
		return fmt.Errorf("[%d,%d] is no part of a whole", f.Num, f.Den)
	}
	return nil
}

// Check reports whether q has one test.
func (q Quorum) Check() error {
	if (q.Over == nil) == (q.AtLeast == nil) {
		return errors.New("a quorum is either over or atLeast a part of the members")
	}
	return nil
}

// Check reports whether l is between a second and a day.
func (l Limit) Check() error {
	if l.Seconds < 1 || l.Seconds > 86400 {
		return fmt.Errorf("%d seconds: a limit is between a second and a day", l.Seconds)
	}
	return nil
}

// Met reports whether present of members suffice, and how many are needed.
func (q Quorum) Met(present, members int64) (met bool, needed int64) {
	if q.Over != nil {
		needed = q.Over.Num*members/q.Over.Den + 1
	} else {
		needed = (q.AtLeast.Num*members + q.AtLeast.Den - 1) / q.AtLeast.Den
	}
	return present >= needed, needed
}

// Motion finds a kind of motion.
func (r *Rules) Motion(kind string) (Motion, bool) {
	for _, m := range r.Motions {
		if m.Kind == kind {
			return m, true
		}
	}
	return Motion{}, false
}

// Notice finds a time to be kept.
func (r *Rules) Notice(kind string) (Notice, bool) {
	for _, n := range r.Notices {
		if n.Kind == kind {
			return n, true
		}
	}
	return Notice{}, false
}

// Limit finds the limit of the nth request of a kind, from 0; what has no limit of its own has that of statements.
func (r *Rules) Limit(kind string, nth int64) (l Limit, times int64, ok bool) {
	for _, n := range r.Limits {
		if n.Kind == kind && len(n.Seconds) > 0 {
			return Limit{n.Rule, n.Seconds[min(nth, int64(len(n.Seconds))-1)]}, n.Times, true
		}
	}
	if r.Speaking != nil {
		return *r.Speaking, 0, true
	}
	return Limit{}, 0, false
}
