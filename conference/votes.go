package conference

import (
	"cmp"
	"crypto/sha256"
	"slices"

	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/rules"
)

// votesState is questions put to the meeting and how they are answered.
type votesState struct {
	all       Ordered[string, Question]
	pending   Ordered[string, QuestionID] // by meeting: what is before it
	announced Ordered[string, QuestionID] // by meeting: what it decided last
	requested Ordered[string, string]     // by meeting, type and thing: the method a member asked for
	rounds    Ordered[string, int64]      // by type and thing: second votes that are due
	outcomes  Ordered[string, string]     // by meeting, type and thing: what was decided
	seeds     Ordered[string, bool]       // digests of seeds that were shown: nothing can be committed to by them any more
}

// A Question is what was put to a meeting, and its answers.
type Question struct {
	ID         QuestionID
	Meeting    MeetingID
	Kind       string // of thing: proposal, amendment, motion …
	Thing      string // its id
	Method     string // consensus, hands, recorded, roll-call or secret
	Ask        string // kind of question, as the rules name it
	Majority   string // named, where the kind does not say
	Sponsors   []PartyID
	Disputing  []PartyID     // parties to the dispute: they abstain (CH 27(3))
	Commitment record.Digest // of the seed of a roll call
	Begun      bool          // nothing interrupts it but a point of order about the voting (GA 88)
	Ended      bool
	Objections []PartyID
	Order      []PartyID // of a roll call, from the name drawn
	Called     int64     // how many names were called
	Votes      []Cast
	Count      *Hands // counted without names
	Outcome    string // "" until it is announced
	Result     *ResultAnnounced
	Announced  int64 // entry that announced it
	Index      int64 // entry that changed it last
}

// A Cast is a party's vote.
type Cast struct {
	Party    PartyID
	Answer   rules.Answer
	Intended string // what the party says it had meant, beside the count
	Index    int64  // entry that holds it
}

// Hands is a count without names.
type Hands struct {
	Yes     int64 `json:"yes" jsonschema:"in favour"`
	No      int64 `json:"no" jsonschema:"against"`
	Abstain int64 `json:"abstain" jsonschema:"abstaining"`
	Invalid int64 `json:"invalid,omitempty" jsonschema:"papers that are not valid"`
}

// Question returns a question put.
func (s *State) Question(id QuestionID) (Question, bool) { return s.votes.all.Get(string(id)) }

// Pending returns the question before a meeting.
func (s *State) Pending(m MeetingID) (Question, bool) {
	return s.votes.all.Get(string(s.votes.pending.At(string(m))))
}

func (s *State) resultAnnounced(m MeetingID) bool { return s.votes.announced.Has(string(m)) }

func (q Question) refusal() *Refusal {
	if q.Begun {
		return refuse("voting", "GA 88", q.ID)
	}
	return refuse("question-pending", "GA 88", q.ID)
}

func (s *State) setQuestion(q Question, index int64) {
	q.Index = index
	s.votes.all = s.votes.all.Set(string(q.ID), q)
}

func (s *State) changeQuestion(id QuestionID, index int64, change func(*Question)) {
	q := s.votes.all.At(string(id))
	change(&q)
	s.setQuestion(q, index)
}

// Draw picks one of n by a seed: SHA-256("kurultai/draw/v1\n", seed, what it is for), its first eight bytes as a
// number, big end first, modulo n. Anyone can reckon it again.
func Draw(seed []byte, what string, n int) int {
	sum := sha256.Sum256(slices.Concat([]byte("kurultai/draw/v1\n"), seed, []byte(what)))
	number := uint64(0)
	for _, b := range sum[:8] {
		number = number<<8 | uint64(b)
	}
	return int(number % uint64(n))
}

type (
	// PutQuestion puts a thing to the meeting.
	PutQuestion struct {
		Question   QuestionID    `json:"question" jsonschema:"id of the question"`
		Type       string        `json:"type" jsonschema:"proposal, amendment, part, motion, appeal, credentials, communique or reconsider"`
		Thing      string        `json:"thing" jsonschema:"its id"`
		Method     string        `json:"method" jsonschema:"consensus, hands, recorded, roll-call or secret"`
		Disputing  []PartyID     `json:"disputing,omitempty" jsonschema:"parties to the dispute, who abstain (Charter 27(3))"`
		Commitment record.Digest `json:"commitment,omitempty" jsonschema:"for a roll call: SHA-256 of the seed that will draw the first name"`
	}
	// QuestionPut is what PutQuestion causes, with VotingBegan but where consensus is sought.
	QuestionPut struct {
		Question   QuestionID    `json:"question"`
		Meeting    MeetingID     `json:"meeting"`
		Type       string        `json:"type"`
		Thing      string        `json:"thing"`
		Method     string        `json:"method"`
		Ask        string        `json:"ask"`
		Majority   string        `json:"majority,omitempty"`
		Sponsors   []PartyID     `json:"sponsors,omitempty"`
		Disputing  []PartyID     `json:"disputing,omitempty"`
		Commitment record.Digest `json:"commitment,omitempty"`
	}
	// VotingBegan says that nothing interrupts the voting now but a point of order about its conduct.
	VotingBegan struct {
		Question QuestionID `json:"question"`
		Meeting  MeetingID  `json:"meeting"`
	}
	// RequestVote asks for a vote in place of consensus.
	RequestVote struct {
		Question    QuestionID `json:"question" jsonschema:"the question that was put for consensus"`
		Instruction string     `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// VoteRequested is what RequestVote causes; the attempt at consensus is over.
	VoteRequested struct {
		Question QuestionID `json:"question"`
		Meeting  MeetingID  `json:"meeting"`
		Party    PartyID    `json:"party"`
	}
	// RequestRecorded asks that the votes on a thing be recorded by name.
	RequestRecorded struct {
		Type        string `json:"type" jsonschema:"proposal, amendment, part, motion …"`
		Thing       string `json:"thing" jsonschema:"its id"`
		Instruction string `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// RecordedVoteRequested is what RequestRecorded causes.
	RecordedVoteRequested struct {
		Meeting MeetingID `json:"meeting"`
		Type    string    `json:"type"`
		Thing   string    `json:"thing"`
		Party   PartyID   `json:"party"`
	}
	// RequestRollCall asks for a roll call on a thing.
	RequestRollCall struct {
		Type        string `json:"type" jsonschema:"proposal, amendment, part, motion …"`
		Thing       string `json:"thing" jsonschema:"its id"`
		Instruction string `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// RollCallRequested is what RequestRollCall causes.
	RollCallRequested struct {
		Meeting MeetingID `json:"meeting"`
		Type    string    `json:"type"`
		Thing   string    `json:"thing"`
		Party   PartyID   `json:"party"`
	}
	// ObjectToConsensus says no where consensus is sought.
	ObjectToConsensus struct {
		Question    QuestionID `json:"question" jsonschema:"the question"`
		Instruction string     `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// ObjectionRaised is what ObjectToConsensus causes.
	ObjectionRaised struct {
		Question QuestionID `json:"question"`
		Meeting  MeetingID  `json:"meeting"`
		Party    PartyID    `json:"party"`
	}
	// JoinConsensus says that a delegation joins a consensus.
	JoinConsensus struct {
		Question    QuestionID `json:"question" jsonschema:"the question"`
		Instruction string     `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// ConsensusJoined is what JoinConsensus causes.
	ConsensusJoined struct {
		Question QuestionID `json:"question"`
		Meeting  MeetingID  `json:"meeting"`
		Party    PartyID    `json:"party"`
	}
	// Dissociate says that a delegation does not block a consensus and does not share it.
	Dissociate struct {
		Question    QuestionID `json:"question" jsonschema:"the question"`
		Statement   Symbol     `json:"statement,omitempty" jsonschema:"the paper that says why"`
		Instruction string     `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// DissociationRecorded is what Dissociate causes.
	DissociationRecorded struct {
		Question  QuestionID `json:"question"`
		Meeting   MeetingID  `json:"meeting"`
		Party     PartyID    `json:"party"`
		Statement Symbol     `json:"statement,omitempty"`
	}
	// DrawStart draws the name a roll call begins with.
	DrawStart struct {
		Question QuestionID `json:"question" jsonschema:"the question"`
		Order    []PartyID  `json:"order" jsonschema:"all members, in the order of the list"`
		Seed     string     `json:"seed" jsonschema:"16 to 64 bytes, base64url, whose digest was committed to when the question was put"`
	}
	// RollCallStartDrawn is what DrawStart causes.
	RollCallStartDrawn struct {
		Question QuestionID `json:"question"`
		Meeting  MeetingID  `json:"meeting"`
		Order    []PartyID  `json:"order" jsonschema:"from the name drawn on"`
		Seed     string     `json:"seed"`
		Drawn    PartyID    `json:"drawn"`
	}
	// CallName calls the next name of a roll call.
	CallName struct {
		Question QuestionID `json:"question" jsonschema:"the question"`
		Party    PartyID    `json:"party" jsonschema:"whose name is called"`
	}
	// NameCalled is what CallName causes.
	NameCalled struct {
		Question QuestionID `json:"question"`
		Meeting  MeetingID  `json:"meeting"`
		Party    PartyID    `json:"party"`
	}
	// Answer votes.
	Answer struct {
		Question    QuestionID `json:"question" jsonschema:"the question"`
		Answer      string     `json:"answer" jsonschema:"yes, no, abstain or not-participating"`
		Instruction string     `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// VoteCast is what a first Answer causes.
	VoteCast struct {
		Question QuestionID `json:"question"`
		Meeting  MeetingID  `json:"meeting"`
		Party    PartyID    `json:"party"`
		Answer   string     `json:"answer"`
	}
	// VoteChanged is what a later Answer causes, where votes may be changed until the result is announced.
	VoteChanged struct {
		Question QuestionID `json:"question"`
		Meeting  MeetingID  `json:"meeting"`
		Party    PartyID    `json:"party"`
		Answer   string     `json:"answer"`
	}
	// EndVoting ends the voting.
	EndVoting struct {
		Question QuestionID `json:"question" jsonschema:"the question"`
		Count    *Hands     `json:"count,omitempty" jsonschema:"for hands and secret ballots: what was counted"`
	}
	// VotingEnded is what EndVoting causes.
	VotingEnded struct {
		Question QuestionID `json:"question"`
		Meeting  MeetingID  `json:"meeting"`
		Count    *Hands     `json:"count,omitempty"`
	}
	// AnnounceResult announces what the meeting decided, and what follows.
	AnnounceResult struct {
		Question QuestionID `json:"question" jsonschema:"the question"`
	}
	// ResultAnnounced is what AnnounceResult causes: the numbers, the rule and the working.
	ResultAnnounced struct {
		Question   QuestionID `json:"question"`
		Meeting    MeetingID  `json:"meeting"`
		Type       string     `json:"type"`
		Thing      string     `json:"thing"`
		Outcome    string     `json:"outcome" jsonschema:"carried, lost or second-vote"`
		Yes        int64      `json:"yes"`
		No         int64      `json:"no"`
		Abstaining int64      `json:"abstaining"`
		Absent     int64      `json:"absent"`
		Majority   string     `json:"majority"`
		Rule       string     `json:"rule"`
		Working    []Working  `json:"working,omitempty"`
		Vetoed     bool       `json:"vetoed,omitempty"`
		Desk       int64      `json:"desk,omitempty" jsonschema:"how many votes the secretariat entered for delegations"`
	}
	// Working is one test of a majority.
	Working struct {
		Of     string `json:"of"`
		Class  string `json:"class,omitempty"`
		Have   int64  `json:"have"`
		Base   int64  `json:"base"`
		Needed int64  `json:"needed"`
		Passed bool   `json:"passed,omitempty"`
	}
	// CorrectIntention notes what a delegation had meant to vote; the count stays.
	CorrectIntention struct {
		Question    QuestionID `json:"question" jsonschema:"the question"`
		Intended    string     `json:"intended" jsonschema:"yes, no, abstain or not-participating"`
		Instruction string     `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// VoteIntentionNoted is what CorrectIntention causes.
	VoteIntentionNoted struct {
		Question QuestionID `json:"question"`
		Meeting  MeetingID  `json:"meeting"`
		Party    PartyID    `json:"party"`
		Intended string     `json:"intended"`
	}
	// ExplainVote explains a delegation's vote, before or after it.
	ExplainVote struct {
		Question    QuestionID `json:"question" jsonschema:"the question"`
		Before      bool       `json:"before,omitempty" jsonschema:"true before the vote"`
		Symbol      Symbol     `json:"symbol,omitempty" jsonschema:"the paper that holds its text"`
		Instruction string     `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// VoteExplained is what ExplainVote and ExplainPosition cause.
	VoteExplained struct {
		Question QuestionID `json:"question"`
		Meeting  MeetingID  `json:"meeting"`
		Party    PartyID    `json:"party"`
		Before   bool       `json:"before,omitempty"`
		Position bool       `json:"position,omitempty" jsonschema:"true after an adoption without a vote"`
		Symbol   Symbol     `json:"symbol,omitempty"`
	}
	// ExplainPosition explains a delegation's position after an adoption without a vote.
	ExplainPosition struct {
		Question    QuestionID `json:"question" jsonschema:"the question"`
		Symbol      Symbol     `json:"symbol,omitempty" jsonschema:"the paper that holds its text"`
		Instruction string     `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
)

func thingKey(m MeetingID, kind, thing string) string { return string(m) + "/" + kind + "/" + thing }

// put is a question that is before the meeting.
func (s *State) put(m Meeting, id QuestionID) (Question, *Refusal) {
	q, ok := s.Pending(m.MeetingConvened.Meeting)
	if !ok || q.ID != id {
		return q, refuse("no-question", "GA 88", id)
	}
	return q, nil
}

// decidable refuses a decision while too few members are present.
func (s *State) decidable(m Meeting) *Refusal {
	if q := s.Rules.QuorumToDecide; q != nil {
		if met, present, needed := s.quorum(m, *q); !met {
			return refuse("no-quorum-to-decide", q.Rule, present, needed)
		}
	}
	return nil
}

func votes(ed *edition) {
	ed.thing("question", func(s *State, id string) (int64, bool) { q, ok := s.votes.all.Get(id); return q.Index, ok })
	putting(ed)
	consensus(ed)
	rollCall(ed)
	answering(ed)
	results(ed)
	explaining(ed)
}

func putting(ed *edition) {
	does(ed, Act{
		Name: "PutQuestion", Title: "Put the question", Help: "The Chair puts a draft, amendment, part, motion or appeal to the meeting, for consensus or to the vote.",
		Who: []Capacity{Chair}, Rule: "GA 67, 82-89; SC 27", Refusals: codes(atMeeting, "id-taken", "unknown-question", "question-pending", "voting", "motion-pending", "no-quorum-to-decide", "method-not-allowed", "floor-taken", "debate-open",
			"vote-requested", "no-commitment", "seed-known", "unknown-proposal", "amendments-first", "part-first", "not-in-silence", "already-decided", "no-motion", "no-ruling", "not-reported", "no-draft", "already-approved", "brackets-remain"), Causes: []string{"QuestionPut", "VotingBegan"},
	}, decidePut)
	happens(ed, func(s *State, h Happened, b *QuestionPut) {
		s.setQuestion(Question{ID: b.Question, Meeting: b.Meeting, Kind: b.Type, Thing: b.Thing, Method: b.Method, Ask: b.Ask, Majority: b.Majority, Sponsors: b.Sponsors, Disputing: b.Disputing, Commitment: b.Commitment}, h.Index)
		s.votes.pending = s.votes.pending.Set(string(b.Meeting), b.Question)
		if b.Type != "appeal" {
			s.setFloor(b.Meeting, h.Index, func(f room) room { f.business = h.Index; return f })
		}
	})
	happens(ed, func(s *State, h Happened, b *VotingBegan) {
		s.changeQuestion(b.Question, h.Index, func(q *Question) { q.Begun = true })
	})

	ask := func(s *State, c *Call, kind, thing string) (Meeting, *Refusal) {
		m, r := s.sitting(c)
		if r != nil {
			return m, r
		}
		if q, ok := s.Pending(m.MeetingConvened.Meeting); ok {
			return m, q.refusal()
		}
		if ed.questions[kind].ready == nil {
			return m, refuse("unknown-question", "GA 87", kind)
		}
		if how := s.votes.requested.At(thingKey(m.MeetingConvened.Meeting, kind, thing)); how == "roll-call" || how == "recorded" {
			return m, refuse("already-requested", "GA 87", how)
		}
		return m, nil
	}
	does(ed, Act{
		Name: "RequestRecorded", Title: "Request a recorded vote", Help: "Asks that the votes on a thing be recorded by name, before voting begins.",
		Who: members, Desk: true, Rule: "GA 87", Refusals: codes(asMember, "voting", "question-pending", "unknown-question", "already-requested"), Causes: []string{"RecordedVoteRequested"},
	}, func(s *State, c *Call, f *RequestRecorded) ([]Event, *Refusal) {
		m, r := ask(s, c, f.Type, f.Thing)
		return []Event{{Body: &RecordedVoteRequested{m.MeetingConvened.Meeting, f.Type, f.Thing, PartyID(c.For)}}}, r
	})
	happens(ed, func(s *State, h Happened, b *RecordedVoteRequested) {
		s.votes.requested = s.votes.requested.Set(thingKey(b.Meeting, b.Type, b.Thing), "recorded")
	})
	does(ed, Act{
		Name: "RequestRollCall", Title: "Request a roll call", Help: "Asks for a vote by roll call on a thing, before voting begins.",
		Who: members, Desk: true, Rule: "GA 87", Refusals: codes(asMember, "voting", "question-pending", "unknown-question", "already-requested"), Causes: []string{"RollCallRequested"},
	}, func(s *State, c *Call, f *RequestRollCall) ([]Event, *Refusal) {
		m, r := ask(s, c, f.Type, f.Thing)
		return []Event{{Body: &RollCallRequested{m.MeetingConvened.Meeting, f.Type, f.Thing, PartyID(c.For)}}}, r
	})
	happens(ed, func(s *State, h Happened, b *RollCallRequested) {
		s.votes.requested = s.votes.requested.Set(thingKey(b.Meeting, b.Type, b.Thing), "roll-call")
	})
}

func decidePut(s *State, c *Call, f *PutQuestion) ([]Event, *Refusal) {
	m, r := s.inSession(c)
	if r != nil {
		return nil, r
	}
	id := m.MeetingConvened.Meeting
	if _, taken := s.Question(f.Question); taken {
		return nil, refuse("id-taken", "doc/record.md 5", f.Question)
	}
	kind, ok := c.edition.questions[f.Type]
	if !ok {
		return nil, refuse("unknown-question", "GA 87", f.Type)
	}
	if r := s.beforeVoting(m); r != nil {
		return nil, r
	}
	if f.Type != "motion" && f.Type != "appeal" {
		if r := s.undisturbed(m); r != nil {
			return nil, r
		}
		if m.floor.holder != "" {
			return nil, refuse("floor-taken", "GA 88", m.floor.holder)
		}
	}
	if f.Type == "appeal" {
		if first, _ := s.interrupted(id); string(first) != f.Thing {
			if x, ok := s.Motion(first); ok && x.Type == "order" {
				return nil, refuse("motion-pending", "GA 71", first)
			}
		}
	}
	if f.Type == "proposal" {
		item, open := s.OpenItem(id)
		if n := len(m.floor.list); n > 0 && (!open || item.Debate != "closed") {
			return nil, refuse("debate-open", "GA 75", n)
		}
	}
	if !slices.Contains([]string{"consensus", "hands", "recorded", "roll-call", "secret"}, f.Method) || len(s.Rules.Methods) > 0 && !slices.Contains(s.Rules.Methods, f.Method) {
		return nil, refuse("method-not-allowed", "GA 87", f.Method)
	}
	switch wanted := s.votes.requested.At(thingKey(id, f.Type, f.Thing)); {
	case wanted == "roll-call" && f.Method != "roll-call", wanted == "recorded" && f.Method != "roll-call" && f.Method != "recorded", wanted == "vote" && f.Method == "consensus":
		return nil, refuse("vote-requested", "GA 87", wanted)
	}
	if f.Method == "roll-call" && f.Commitment == "" {
		return nil, refuse("no-commitment", "GA 87")
	}
	if s.votes.seeds.Has(string(f.Commitment)) {
		return nil, refuse("seed-known", "GA 87", f.Commitment)
	}
	if r := s.decidable(m); r != nil {
		return nil, r
	}
	ask, r := kind.ready(s, c, m, f.Thing)
	if r != nil {
		return nil, r
	}
	if majority, rule := s.Rules.Majority(ask.Kind); ask.Majority == "" && majority.Name == rules.Consensus && f.Method != "consensus" {
		return nil, refuse("method-not-allowed", rule, f.Method)
	}
	events := []Event{{Body: &QuestionPut{f.Question, id, f.Type, f.Thing, f.Method, ask.Kind, ask.Majority, ask.Sponsors, f.Disputing, f.Commitment}}}
	if f.Method != "consensus" {
		events = append(events, Event{Body: &VotingBegan{f.Question, id}})
	}
	return events, nil
}

func consensus(ed *edition) {
	sought := func(s *State, c *Call, id QuestionID) (Meeting, Question, *Refusal) {
		m, r := s.sitting(c)
		if r != nil {
			return m, Question{}, r
		}
		q, r := s.put(m, id)
		if r == nil && q.Method != "consensus" {
			r = refuse("not-consensus", "FC 57", id)
		}
		return m, q, r
	}
	does(ed, Act{
		Name: "RequestVote", Title: "Request a vote", Help: "Asks for a vote in place of consensus; the attempt at consensus is over.",
		Who: members, Desk: true, Rule: "FC 57", Refusals: codes(asMember, "no-question", "not-consensus"), Causes: []string{"VoteRequested"},
	}, func(s *State, c *Call, f *RequestVote) ([]Event, *Refusal) {
		m, _, r := sought(s, c, f.Question)
		return []Event{{Body: &VoteRequested{f.Question, m.MeetingConvened.Meeting, PartyID(c.For)}}}, r
	})
	happens(ed, func(s *State, h Happened, b *VoteRequested) {
		q := s.votes.all.At(string(b.Question))
		q.Ended, q.Outcome = true, "withdrawn"
		s.setQuestion(q, h.Index)
		s.votes.pending = s.votes.pending.Delete(string(b.Meeting))
		s.votes.requested = s.votes.requested.Set(thingKey(b.Meeting, q.Kind, q.Thing), "vote")
	})
	does(ed, Act{
		Name: "ObjectToConsensus", Title: "Object", Help: "Says no where consensus is sought; there is none then.",
		Who: members, Attested: true, Desk: true, Rule: "OSCE MC.DOC/1/06 annex 1(A); CD 18", Refusals: codes(asMember, "no-question", "not-consensus", "already-objected"), Causes: []string{"ObjectionRaised"},
	}, func(s *State, c *Call, f *ObjectToConsensus) ([]Event, *Refusal) {
		m, q, r := sought(s, c, f.Question)
		if r == nil && slices.Contains(q.Objections, PartyID(c.For)) {
			r = refuse("already-objected", "CD 18", c.For)
		}
		return []Event{{Body: &ObjectionRaised{f.Question, m.MeetingConvened.Meeting, PartyID(c.For)}}}, r
	})
	happens(ed, func(s *State, h Happened, b *ObjectionRaised) {
		s.changeQuestion(b.Question, h.Index, func(q *Question) { q.Objections = append(slices.Clone(q.Objections), b.Party) })
	})
	does(ed, Act{
		Name: "JoinConsensus", Title: "Join the consensus", Help: "Says that your delegation joins a consensus.",
		Who: members, Desk: true, Rule: "practice", Refusals: codes(asMember, "no-question", "not-consensus"), Causes: []string{"ConsensusJoined"},
	}, func(s *State, c *Call, f *JoinConsensus) ([]Event, *Refusal) {
		m, _, r := sought(s, c, f.Question)
		return []Event{{Body: &ConsensusJoined{f.Question, m.MeetingConvened.Meeting, PartyID(c.For)}}}, r
	})
	happens(ed, func(*State, Happened, *ConsensusJoined) {})
	does(ed, Act{
		Name: "Dissociate", Title: "Dissociate", Help: "Says that your delegation does not block a consensus and does not share it.",
		Who: members, Desk: true, Rule: "practice", Refusals: codes(asMember, "no-question", "not-consensus", "unknown-symbol"), Causes: []string{"DissociationRecorded"},
	}, func(s *State, c *Call, f *Dissociate) ([]Event, *Refusal) {
		m, r := s.sitting(c)
		if r != nil {
			return nil, r
		}
		q, ok := s.Question(f.Question)
		if !ok || q.Meeting != m.MeetingConvened.Meeting {
			return nil, refuse("no-question", "practice", f.Question)
		}
		if q.Method != "consensus" {
			return nil, refuse("not-consensus", "practice", f.Question)
		}
		if f.Statement != "" {
			if _, ok := s.Document(f.Statement); !ok {
				return nil, refuse("unknown-symbol", "practice", f.Statement)
			}
		}
		return []Event{{Body: &DissociationRecorded{f.Question, m.MeetingConvened.Meeting, PartyID(c.For), f.Statement}}}, nil
	})
	happens(ed, func(*State, Happened, *DissociationRecorded) {})
}

func rollCall(ed *edition) {
	called := func(s *State, c *Call, id QuestionID) (Meeting, Question, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return m, Question{}, r
		}
		q, r := s.put(m, id)
		if r == nil && q.Method != "roll-call" {
			r = refuse("not-roll-call", "GA 87", id)
		}
		return m, q, r
	}
	does(ed, Act{
		Name: "DrawStart", Title: "Draw the first name", Help: "The Chair draws the name a roll call begins with; the seed was committed to before and anyone can draw again.",
		Who: []Capacity{Chair}, Rule: "GA 87", Refusals: codes(atMeeting, "no-question", "not-roll-call", "already-drawn", "not-complete", "not-committed"), Causes: []string{"RollCallStartDrawn"},
	}, func(s *State, c *Call, f *DrawStart) ([]Event, *Refusal) {
		m, q, r := called(s, c, f.Question)
		if r != nil {
			return nil, r
		}
		if len(q.Order) > 0 {
			return nil, refuse("already-drawn", "GA 87", f.Question)
		}
		all := s.Members(m.From, m.MeetingConvened.Meeting)
		if !slices.Equal(slices.Sorted(slices.Values(f.Order)), slices.Sorted(slices.Values(all))) {
			return nil, refuse("not-complete", "GA 87", len(all))
		}
		seed, err := canonical.DecodeBytes(f.Seed)
		if err != nil || len(seed) < 16 || len(seed) > 64 || record.DigestOf(seed) != q.Commitment {
			return nil, refuse("not-committed", "GA 87", q.Commitment)
		}
		at := Draw(seed, string(f.Question), len(f.Order))
		order := rules.From(f.Order, at)
		return []Event{{Body: &RollCallStartDrawn{f.Question, m.MeetingConvened.Meeting, order, f.Seed, order[0]}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *RollCallStartDrawn) {
		s.changeQuestion(b.Question, h.Index, func(q *Question) { q.Order = b.Order })
		s.showSeed(b.Seed)
	})
	does(ed, Act{
		Name: "CallName", Title: "Call a name", Help: "Calls the next name of a roll call.",
		Who: []Capacity{Secretary, Chair}, Rule: "GA 87", Refusals: codes(atMeeting, "no-question", "not-roll-call", "out-of-order"), Causes: []string{"NameCalled"},
	}, func(s *State, c *Call, f *CallName) ([]Event, *Refusal) {
		m, q, r := called(s, c, f.Question)
		if r != nil {
			return nil, r
		}
		next := PartyID("")
		if q.Called < int64(len(q.Order)) {
			next = q.Order[q.Called]
		}
		if f.Party != next {
			return nil, refuse("out-of-order", "GA 87", f.Party, next)
		}
		return []Event{{Body: &NameCalled{f.Question, m.MeetingConvened.Meeting, f.Party}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *NameCalled) {
		s.changeQuestion(b.Question, h.Index, func(q *Question) { q.Called++ })
	})
}

// showSeed notes that everybody knows a seed.
func (s *State) showSeed(text string) {
	if seed, err := canonical.DecodeBytes(text); err == nil {
		s.votes.seeds = s.votes.seeds.Set(string(record.DigestOf(seed)), true)
	}
}

// anAnswer reports whether a text is one of the four answers.
func anAnswer(text string) bool {
	return slices.Contains([]rules.Answer{rules.Yes, rules.No, rules.Abstain, rules.NotParticipating}, rules.Answer(text))
}

func answering(ed *edition) {
	does(ed, Act{
		Name: "Answer", Title: "Vote", Help: "Votes for your delegation: yes, no, abstain or not participating. An officer may enter it on an instruction, which the record names.",
		Who: []Capacity{Head, Delegate, Secretary}, Attested: true, Desk: true, Rule: "GA 86-88", Refusals: codes(asMember, "no-question", "not-consensus-vote", "not-called", "already-voted", "voting-suspended-right", "party-to-dispute", "no-instruction", "secret-ballot", "not-ended"), Causes: []string{"VoteCast", "VoteChanged"},
	}, func(s *State, c *Call, f *Answer) ([]Event, *Refusal) {
		m, r := s.sitting(c)
		if r != nil {
			return nil, r
		}
		q, r := s.put(m, f.Question)
		if r != nil {
			return nil, r
		}
		p := PartyID(c.For)
		voted := slices.ContainsFunc(q.Votes, func(v Cast) bool { return v.Party == p })
		suspended := slices.ContainsFunc(s.Rules.Classes, func(k rules.Class) bool { return k.Name == "suspended" && slices.Contains(k.Members, c.For) })
		switch {
		case !anAnswer(f.Answer):
			return nil, refuse("malformed", "doc/record.md 2", "answer")
		case q.Method == "consensus":
			return nil, refuse("not-consensus-vote", "FC 57", q.ID)
		case q.Method == "secret":
			return nil, refuse("secret-ballot", "GA 92", q.ID)
		case q.Ended && !s.Rules.ChangeVote:
			return nil, refuse("not-ended", "GA 88", q.ID)
		case q.Method == "roll-call" && !slices.Contains(q.Order[:q.Called], p):
			return nil, refuse("not-called", "GA 87", p)
		case voted && !s.Rules.ChangeVote:
			return nil, refuse("already-voted", "GA 88", p)
		case suspended:
			return nil, refuse("voting-suspended-right", "CH 19", p)
		case slices.Contains(q.Disputing, p) && (f.Answer == "yes" || f.Answer == "no"):
			return nil, refuse("party-to-dispute", "CH 27(3)", p)
		}
		if voted {
			return []Event{{Body: &VoteChanged{q.ID, q.Meeting, p, f.Answer}}}, nil
		}
		return []Event{{Body: &VoteCast{q.ID, q.Meeting, p, f.Answer}}}, nil
	})
	cast := func(s *State, id QuestionID, v Cast, index int64) {
		s.changeQuestion(id, index, func(q *Question) {
			q.Votes = slices.DeleteFunc(slices.Clone(q.Votes), func(o Cast) bool { return o.Party == v.Party })
			q.Votes = append(q.Votes, v)
		})
	}
	happens(ed, func(s *State, h Happened, b *VoteCast) {
		cast(s, b.Question, Cast{b.Party, rules.Answer(b.Answer), "", h.Index}, h.Index)
	})
	happens(ed, func(s *State, h Happened, b *VoteChanged) {
		cast(s, b.Question, Cast{b.Party, rules.Answer(b.Answer), "", h.Index}, h.Index)
	})

	does(ed, Act{
		Name: "EndVoting", Title: "End the voting", Help: "The Chair ends the voting; of hands and secret ballots with the count.",
		Who: []Capacity{Chair}, Rule: "GA 88", Refusals: codes(atMeeting, "no-question", "not-consensus-vote", "names-uncalled", "tellers-not-reported", "already-ended"), Causes: []string{"VotingEnded"},
	}, func(s *State, c *Call, f *EndVoting) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		q, r := s.put(m, f.Question)
		switch {
		case r != nil:
			return nil, r
		case q.Method == "consensus":
			return nil, refuse("not-consensus-vote", "FC 57", q.ID)
		case q.Ended:
			return nil, refuse("already-ended", "GA 88", q.ID)
		case q.Method == "roll-call" && (len(q.Order) == 0 || q.Called < int64(len(q.Order))):
			return nil, refuse("names-uncalled", "GA 87", int64(len(s.Members(m.From, q.Meeting)))-q.Called)
		case q.Method == "secret" && (f.Count == nil || len(s.elections.tellers.At(string(q.Meeting))) == 0):
			return nil, refuse("tellers-not-reported", "GA 92", q.ID)
		case f.Count != nil && (q.Method == "roll-call" || q.Method == "recorded" || len(q.Votes) > 0):
			return nil, refuse("malformed", "doc/record.md 2", "count")
		case f.Count != nil && (f.Count.Yes < 0 || f.Count.No < 0 || f.Count.Abstain < 0 || f.Count.Yes+f.Count.No+f.Count.Abstain+f.Count.Invalid > int64(len(s.Members(m.From, q.Meeting)))):
			return nil, refuse("malformed", "doc/record.md 2", "count")
		}
		return []Event{{Body: &VotingEnded{q.ID, q.Meeting, f.Count}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *VotingEnded) {
		s.changeQuestion(b.Question, h.Index, func(q *Question) { q.Ended, q.Count = true, b.Count })
	})
}

// Tally counts the answers to a question under the rules in force.
func (s *State) Tally(q Question) (rules.Count, rules.Majority, string) {
	m := s.meetings.At(string(q.Meeting))
	majority, rule := s.Rules.Majority(q.Ask)
	if named, ok := s.Rules.NamedMajority(q.Majority); q.Majority != "" && ok {
		majority, rule = named, named.Rule
	}
	var all, present []string
	for _, p := range s.Members(m.From, q.Meeting) {
		all = append(all, string(p))
	}
	for p := range m.present.All() {
		if s.seated(m, PartyID(p)) != nil {
			continue
		}
		present = append(present, p)
	}
	if q.Count != nil {
		c := rules.Count{Members: int64(len(all)), Yes: q.Count.Yes, No: q.Count.No, Abstain: q.Count.Abstain}
		c.Present = c.Yes + c.No + c.Abstain
		return c, majority, rule
	}
	var cast []rules.Vote
	for _, v := range q.Votes {
		cast = append(cast, rules.Vote{Member: string(v.Party), Answer: v.Answer})
	}
	return s.Rules.House(all).Count(present, cast, majority), majority, rule
}

func results(ed *edition) {
	does(ed, Act{
		Name: "AnnounceResult", Title: "Announce the result", Help: "The Chair announces what the meeting decided: the numbers, the rule, the working, and what follows.",
		Who: []Capacity{Chair}, Attested: true, Rule: "GA 82-86, 95; SC 40", Refusals: codes(atMeeting, "no-question", "not-ended"),
		Causes: []string{"ResultAnnounced", "MotionCarried", "MotionLost", "MeetingSuspended", "MeetingAdjourned", "DebateAdjourned", "DebateClosed", "SpeakersListClosed", "TimeLimitSet", "RulingUpheld", "RulingOverruled",
			"ProposalRejected", "AmendmentAdopted", "AmendmentRejected", "PartVoted", "DecisionReopened", "CredentialsAccepted", "CredentialsRejected", "CommuniqueApproved"},
	}, func(s *State, c *Call, f *AnnounceResult) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		q, r := s.put(m, f.Question)
		if r != nil {
			return nil, r
		}
		if q.Method != "consensus" && !q.Ended {
			return nil, refuse("not-ended", "GA 88", q.ID)
		}
		e := s.result(q)
		outcome := rules.Outcome(e.Outcome)
		events := []Event{{Body: &e}}
		if outcome == rules.SecondVote {
			return events, nil
		}
		return append(events, c.edition.questions[q.Kind].decided(s, c, m, q.Thing, outcome)...), nil
	})
	happens(ed, func(s *State, h Happened, b *ResultAnnounced) {
		s.changeQuestion(b.Question, h.Index, func(q *Question) { q.Ended, q.Outcome, q.Result, q.Announced = true, b.Outcome, b, h.Index })
		s.votes.pending = s.votes.pending.Delete(string(b.Meeting))
		s.votes.announced = s.votes.announced.Set(string(b.Meeting), b.Question)
		key := thingKey(b.Meeting, b.Type, b.Thing)
		if b.Outcome == string(rules.SecondVote) {
			s.votes.rounds = s.votes.rounds.Set(key, s.votes.rounds.At(key)+1)
		} else {
			s.votes.requested = s.votes.requested.Delete(key)
			s.votes.outcomes = s.votes.outcomes.Set(key, b.Outcome)
		}
	})
}

// Results returns the questions of a meeting whose results were announced, in that order.
func (s *State) Results(m MeetingID) (list []Question) {
	for _, q := range s.votes.all.All() {
		if q.Meeting == m && q.Result != nil {
			list = append(list, q)
		}
	}
	slices.SortFunc(list, func(a, b Question) int { return cmp.Compare(a.Announced, b.Announced) })
	return list
}

// Standing returns the question whose result is the last thing that happened at a meeting: after it nobody spoke, nothing
// was moved or taken up, and the meeting was not stopped by it.
func (s *State) Standing(m MeetingID) (Question, bool) {
	q, ok := s.Question(s.votes.announced.At(string(m)))
	if !ok || q.Result == nil {
		return q, false
	}
	for _, x := range s.motions.all.All() {
		stopped := x.Index == q.Announced && (x.Sort == "suspend" || x.Sort == "adjourn-meeting") && x.State == "carried"
		if x.Meeting == m && (x.Index > q.Announced || stopped) {
			return q, false
		}
	}
	for _, x := range s.Requests(m) {
		if x.Index > q.Announced && (x.State == "speaking" || x.State == "ended") {
			return q, false
		}
	}
	later := func(i Item) bool { return i.Index > q.Announced }
	return q, !slices.ContainsFunc(s.Items(m), later)
}

// result is what the answers to a question come to.
func (s *State) result(q Question) ResultAnnounced {
	e := ResultAnnounced{Question: q.ID, Meeting: q.Meeting, Type: q.Kind, Thing: q.Thing}
	if q.Method == "consensus" {
		e.Outcome, e.Majority, e.Rule = string(rules.Carried), "consensus", "nobody objects when it is put"
		if !rules.Adopts(int64(len(q.Objections))) {
			e.Outcome = string(rules.Lost)
		}
		return e
	}
	count, majority, rule := s.Tally(q)
	tie := s.Rules.Tie
	if s.votes.rounds.At(thingKey(q.Meeting, q.Kind, q.Thing)) > 0 || q.Kind == "appeal" || q.Kind == "motion" {
		tie = "lost" // GA 95: equal once more is rejected; GA 71: an equal vote upholds the ruling
		majority.Tie = ""
	}
	res := majority.Decide(count, tie)
	e.Outcome, e.Yes, e.No, e.Abstaining, e.Majority, e.Rule, e.Vetoed = string(res.Outcome), count.Yes, count.No, count.Abstain, majority.Name, rule, res.Vetoed
	e.Absent = count.Members - count.Present
	for _, w := range res.Working {
		e.Working = append(e.Working, Working{w.Of, w.Class, w.Have, w.Base, w.Needed, w.Passed})
	}
	e.Desk, _ = s.ByDesk(q)
	return e
}

func explaining(ed *edition) {
	about := func(s *State, c *Call, id QuestionID, symbol Symbol) (Question, *Refusal) {
		m, r := s.sitting(c)
		if r != nil {
			return Question{}, r
		}
		q, ok := s.Question(id)
		if !ok || q.Meeting != m.MeetingConvened.Meeting {
			return q, refuse("no-question", "GA 88", id)
		}
		if symbol != "" {
			if _, ok := s.Document(symbol); !ok {
				return q, refuse("unknown-symbol", "GA 88", symbol)
			}
		}
		return q, nil
	}
	does(ed, Act{
		Name: "CorrectIntention", Title: "Note another intention", Help: "Notes after a recorded vote what your delegation had meant to vote. It shows beside the result; the count stays.",
		Who: members, Attested: true, Desk: true, Rule: "practice of the General Assembly", Refusals: codes(asMember, "no-question", "not-recorded-vote"), Causes: []string{"VoteIntentionNoted"},
	}, func(s *State, c *Call, f *CorrectIntention) ([]Event, *Refusal) {
		q, r := about(s, c, f.Question, "")
		switch {
		case r != nil:
			return nil, r
		case !anAnswer(f.Intended):
			return nil, refuse("malformed", "doc/record.md 2", "intended")
		case q.Outcome == "" || q.Method != "recorded" && q.Method != "roll-call":
			return nil, refuse("not-recorded-vote", "practice", q.ID)
		}
		return []Event{{Body: &VoteIntentionNoted{q.ID, q.Meeting, PartyID(c.For), f.Intended}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *VoteIntentionNoted) {
		s.changeQuestion(b.Question, h.Index, func(q *Question) {
			q.Votes = slices.Clone(q.Votes)
			for i := range q.Votes {
				if q.Votes[i].Party == b.Party {
					q.Votes[i].Intended = b.Intended
				}
			}
		})
	})
	does(ed, Act{
		Name: "ExplainVote", Title: "Explain a vote", Help: "Explains your delegation's vote, before or after it; sponsors as the rules allow, never in a secret ballot.",
		Who: members, Desk: true, Rule: "GA 88; FC 60", Refusals: codes(asMember, "no-question", "unknown-symbol", "sponsor-may-not", "secret-ballot"), Causes: []string{"VoteExplained"},
	}, func(s *State, c *Call, f *ExplainVote) ([]Event, *Refusal) {
		q, r := about(s, c, f.Question, f.Symbol)
		if r != nil {
			return nil, r
		}
		if q.Method == "secret" {
			return nil, refuse("secret-ballot", "GA 88", q.ID)
		}
		if p, _ := s.Proposal(ProposalID(q.Thing)); slices.Contains(q.Sponsors, PartyID(c.For)) && !s.Rules.SponsorsExplain(p.Amended) {
			return nil, refuse("sponsor-may-not", s.Rules.Sponsors.Rule, c.For)
		}
		return []Event{{Body: &VoteExplained{q.ID, q.Meeting, PartyID(c.For), f.Before, false, f.Symbol}}}, nil
	})
	happens(ed, func(*State, Happened, *VoteExplained) {})
	does(ed, Act{
		Name: "ExplainPosition", Title: "Explain a position", Help: "Explains your delegation's position after something was adopted without a vote.",
		Who: members, Desk: true, Rule: "GA 88", Refusals: codes(asMember, "no-question", "unknown-symbol", "not-consensus", "not-ended"), Causes: []string{"VoteExplained"},
	}, func(s *State, c *Call, f *ExplainPosition) ([]Event, *Refusal) {
		q, r := about(s, c, f.Question, f.Symbol)
		switch {
		case r != nil:
			return nil, r
		case q.Method != "consensus":
			return nil, refuse("not-consensus", "GA 88", q.ID)
		case q.Outcome == "":
			return nil, refuse("not-ended", "GA 88", q.ID)
		}
		return []Event{{Body: &VoteExplained{q.ID, q.Meeting, PartyID(c.For), false, true, f.Symbol}}}, nil
	})
}
