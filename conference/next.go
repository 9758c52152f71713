package conference

import (
	"fmt"
	"slices"

	"kurultai/record"
)

// A Step is the one thing the presiding officer of a meeting has to do and say next. Its code names a sentence
// (next.CODE in the languages), Args what the sentence speaks of, Act the act of the catalogue that does it; "" where
// the Chair waits for somebody else. Rule is of the body's own rules where they name one, else that of the act.
type Step struct {
	Code Code
	Args []Thing
	Act  string
	Rule string
}

// StepCodes lists the codes of all steps.
var StepCodes = []Code{"no-meeting", "over", "await-quorum", "open", "resume", "rule", "draw", "call", "await-answer", "take-votes", "hear-objections", "announce", "put-appeal", "hear-motion", "put-motion",
	"hear", "over-time", "give-floor", "give-reply", "adopt-agenda", "open-item", "ask-speakers", "put-amendment", "put-part", "put-proposal", "hold-ballot", "hear-tellers", "declare", "close-item", "close"}

func step(code Code, act string, args ...Thing) Step { return Step{Code: code, Args: args, Act: act} }

// Next is what comes next at a meeting, in the order of the rules: what interrupts before what it interrupts (GA 71,
// 77, 88), who speaks before who waits (GA 68), the item that is open before the next.
func (s *State) Next(id MeetingID, at record.Instant) Step {
	x := s.next(id, at)
	x.Rule = s.ruleOf(id, x)
	return x
}

// ruleOf is the rule a step rests on.
func (s *State) ruleOf(id MeetingID, x Step) string {
	switch x.Code {
	case "await-quorum", "open", "resume":
		if q := s.Rules.QuorumToOpen; q != nil {
			return q.Rule
		}
	case "hear", "over-time", "give-floor":
		if l := s.Rules.Speaking; l != nil {
			return l.Rule
		}
	case "ask-speakers":
		x.Act = "AskFloor"
	case "hear-motion", "put-motion":
		if kind, ok := s.motionKind(x.Args[0].ID); ok {
			return kind.Rule
		}
	case "draw", "call", "await-answer", "take-votes", "announce":
		if q, ok := s.Pending(id); ok && q.Method != "consensus" {
			_, _, rule := s.Tally(q)
			return rule
		}
	}
	act, _ := s.Lookup(x.Act)
	if act == nil {
		return ""
	}
	return act.Rule
}

func (s *State) next(id MeetingID, at record.Instant) Step {
	m, ok := s.Meeting(id)
	switch {
	case !ok:
		return step("no-meeting", "")
	case m.Closed:
		return step("over", "")
	case m.Opened == nil || m.Stopped != "":
		return s.nextOpening(m)
	}
	if what, ok := s.interrupted(id); ok {
		if x := s.motions.all.At(string(what)); x.Type == "order" {
			return step("rule", "Rule", Thing{"party", string(x.Party)})
		}
	}
	if q, ok := s.Pending(id); ok {
		return s.nextVoting(m, q)
	}
	if what, ok := s.interrupted(id); ok {
		return s.nextMotion(s.motions.all.At(string(what)))
	}
	return s.nextOfDebate(m, at)
}

func (s *State) nextOpening(m Meeting) Step {
	if q := s.Rules.QuorumToOpen; q != nil {
		if met, present, needed := s.quorum(m, *q); !met {
			return step("await-quorum", "", Thing{"number", fmt.Sprint(present)}, Thing{"number", fmt.Sprint(needed)})
		}
	}
	if m.Opened == nil {
		return step("open", "OpenMeeting")
	}
	return step("resume", "ResumeMeeting")
}

func (s *State) nextVoting(m Meeting, q Question) Step {
	what := Thing{q.Kind, q.Thing}
	switch {
	case q.Ended:
		return step("announce", "AnnounceResult", what)
	case q.Method == "consensus" && len(q.Objections) == 0:
		return step("hear-objections", "AnnounceResult", what)
	case q.Method == "consensus":
		return step("announce", "AnnounceResult", what)
	case q.Method == "roll-call" && len(q.Order) == 0:
		return step("draw", "DrawStart", what)
	case q.Method == "roll-call":
		return s.nextName(q)
	}
	return step("take-votes", "EndVoting", what, Thing{"number", fmt.Sprint(len(q.Votes))}, Thing{"number", fmt.Sprint(len(s.Members(m.From, q.Meeting)))})
}

// nextName waits for the answer of whose name was called, then goes on to the next.
func (s *State) nextName(q Question) Step {
	if q.Called > 0 {
		called := q.Order[q.Called-1]
		if !slices.ContainsFunc(q.Votes, func(v Cast) bool { return v.Party == called }) {
			return step("await-answer", "CallName", Thing{"party", string(called)})
		}
	}
	if q.Called < int64(len(q.Order)) {
		return step("call", "CallName", Thing{"party", string(q.Order[q.Called])})
	}
	return step("take-votes", "EndVoting", Thing{q.Kind, q.Thing}, Thing{"number", fmt.Sprint(len(q.Votes))}, Thing{"number", fmt.Sprint(len(q.Order))})
}

func (s *State) nextMotion(x Motion) Step {
	if x.Type == "appeal" {
		return step("put-appeal", "PutQuestion", Thing{"party", string(x.Party)})
	}
	kind, _ := s.motionKind(x.Sort)
	args := []Thing{{"motionkind", x.Sort}, {"party", string(x.Party)}}
	if kind.Debated() && len(x.For)+len(x.Against) < int(kind.For+kind.Against) {
		return step("hear-motion", "PutQuestion", args...)
	}
	return step("put-motion", "PutQuestion", args...)
}

func (s *State) nextOfDebate(m Meeting, at record.Instant) Step {
	id := m.MeetingConvened.Meeting
	if q, ok := s.Speaking(id); ok {
		if over := int64(at-q.Given)/1000 - q.Limit; q.Limit > 0 && over > 0 {
			return step("over-time", "EndFloor", Thing{"party", string(q.Party)}, Thing{"seconds", fmt.Sprint(over)})
		}
		return step("hear", "EndFloor", Thing{"party", string(q.Party)})
	}
	if e, ok := s.balloting(id); ok {
		return e
	}
	if waiting := s.SpeakersList(id); len(waiting) > 0 {
		if waiting[0].Sort == "reply" {
			return step("give-reply", "GiveReply", Thing{"party", string(waiting[0].Party)})
		}
		return step("give-floor", "GiveFloor", Thing{"party", string(waiting[0].Party)})
	}
	if items, adopted := s.Agenda(id); !adopted && len(items) > 0 {
		return step("adopt-agenda", "AdoptAgenda")
	}
	if item, ok := s.OpenItem(id); ok {
		return s.nextOfItem(item)
	}
	if item, ok := s.nextItem(id); ok {
		return step("open-item", "OpenItem", Thing{"item", itemKey(id, item.ID)})
	}
	return step("close", "CloseMeeting")
}

// balloting waits for papers to be handed in, then for the tellers (GA 92).
func (s *State) balloting(id MeetingID) (Step, bool) {
	for _, e := range s.Elections(id) {
		switch e.State {
		case "open":
			return step("hold-ballot", "CloseBallot", Thing{"term", string(e.Office)}, Thing{"number", fmt.Sprint(len(e.Papers))}), true
		case "closed":
			return step("hear-tellers", "", Thing{"term", string(e.Office)}), true
		}
	}
	return Step{}, false
}

// parts are those of a draft to be voted on separately and not yet decided (GA 89).
func (p Proposal) parts() (waiting []ProposalID) {
	for _, x := range p.Parts {
		if x.State == "" {
			waiting = append(waiting, x.Part)
		}
	}
	return waiting
}

// nextOfItem takes up the drafts of an item: what was carried is declared adopted, what was not put is put. An item of
// which nobody spoke yet is not concluded: the Chair asks who wishes to.
func (s *State) nextOfItem(item Item) Step {
	for _, x := range s.Proposals(item.Meeting) {
		if x.Item != item.ID || x.State != "submitted" {
			continue
		}
		what := Thing{"proposal", string(x.ID)}
		switch s.votes.outcomes.At(thingKey(item.Meeting, "proposal", string(x.ID))) {
		case "carried":
			return step("declare", "Adopt", what)
		case "":
			if waiting := s.Amendments(x); len(waiting) > 0 {
				return step("put-amendment", "PutQuestion", Thing{"amendment", string(waiting[0])}, what)
			}
			if waiting := x.parts(); len(waiting) > 0 {
				return step("put-part", "PutQuestion", Thing{"part", string(waiting[0])}, what)
			}
			return step("put-proposal", "PutQuestion", what)
		}
	}
	what := Thing{"item", itemKey(item.Meeting, item.ID)}
	if !s.debated(item) {
		return step("ask-speakers", "", what)
	}
	return step("close-item", "CloseItem", what)
}

// debated reports whether an item has had its turn since it was opened: somebody spoke, a draft of it was settled, or
// nobody may speak any more.
func (s *State) debated(item Item) bool {
	if item.Debate != "" || s.ListClosed(item.Meeting) {
		return true
	}
	settled := func(x Proposal) bool { return x.Item == item.ID && x.State != "submitted" }
	spoke := func(q Request) bool { return q.Index > item.Index }
	return slices.ContainsFunc(s.Proposals(item.Meeting), settled) || slices.ContainsFunc(s.Spoken(item.Meeting), spoke)
}
