package conference

import (
	"fmt"

	"kurultai/rules"
)

// A question is a kind of thing the body can be asked to decide. The part whose thing it is registers it; the part
// that votes puts it, counts and asks it what follows.
type question struct {
	// ready says whether the thing may be put to the meeting now, and what majority the rules ask of it.
	ready func(s *State, c *Call, m Meeting, id string) (Ask, *Refusal)
	// decided gives the events that follow the outcome, besides those of the vote. It reads the state before the
	// vote's own events and changes nothing.
	decided func(s *State, c *Call, m Meeting, id string, o rules.Outcome) []Event
}

// An Ask is what a question needs.
type Ask struct {
	Kind     string    // of question, as the rules name it: proposal, important, amendment, motion, appeal …
	Majority string    // named where the kind alone does not say, as a motion's own
	Sponsors []PartyID // who put it in
	Reverse  bool      // the outcome is carried where it is not lost: an appeal overrules, so yes means overrule
}

// QuestionID names a question put.
type QuestionID string

// ProposalID names a proposal, amendment or part of one.
type ProposalID string

// DecisionID names what the body adopted.
type DecisionID string

// ItemID names an item of an agenda.
type ItemID string

// Symbol is the permanent, unique name of a document: LP/VII/L.2/Rev.1.
type Symbol string

// MotionID names a motion, point of order or appeal.
type MotionID string

// CandidateID names who stands for an office or place: a party or person.
type CandidateID string

// ElectionID names an election.
type ElectionID string

func (i QuestionID) Check() error  { return checkID("question", string(i)) }
func (i ProposalID) Check() error  { return checkID("proposal", string(i)) }
func (i DecisionID) Check() error  { return checkID("decision", string(i)) }
func (i ItemID) Check() error      { return checkID("item", string(i)) }
func (i MotionID) Check() error    { return checkID("motion", string(i)) }
func (i CandidateID) Check() error { return checkID("candidate", string(i)) }
func (i ElectionID) Check() error  { return checkID("election", string(i)) }

// Check reports whether i is 1 to 60 of A-Z, a-z, 0-9, full stop, hyphen and slash, with no empty part.
func (i Symbol) Check() error {
	if len(i) < 1 || len(i) > 60 || i[0] == '/' || i[len(i)-1] == '/' {
		return fmt.Errorf("%.60q is no symbol: 1 to 60 of letters, digits, . - and /", string(i))
	}
	for k := range len(i) {
		c := i[k]
		letter := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !letter && c != '.' && c != '-' && (c != '/' || i[k-1] == '/') {
			return fmt.Errorf("%.60q is no symbol: 1 to 60 of letters, digits, . - and /", string(i))
		}
	}
	return nil
}
