// Package rules is the arithmetic of rules of procedure: integer tests over counts, given as data.
// It holds no state. A majority is never a fraction computed in floating point: yes*den is compared with num*base.
package rules

import (
	"errors"
	"fmt"

	"kurultai/record/canonical"
)

// Rules are a body's rules of procedure, as far as they are numbers. Each number carries the rule it stands in.
type Rules struct {
	Name         string  `json:"name" jsonschema:"what they are called"`
	Version      string  `json:"version" jsonschema:"version or date of the text"`
	QuorumToOpen *Quorum `json:"quorumToOpen,omitempty" jsonschema:"how many must be present to open a meeting"`
	Speaking     *Limit  `json:"speaking,omitempty" jsonschema:"time limit of statements"`
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
