package conference

import (
	"cmp"
	"slices"

	"kurultai/rules"
)

// motionsState is points of order, appeals and procedural motions.
type motionsState struct {
	all     Ordered[string, Motion]
	pending Ordered[string, []MotionID] // by meeting: what is not decided, in the order raised
	decided Ordered[string, decision]   // by meeting, sort and thing
	appeals Ordered[string, MotionID]   // by point of order: the appeal against its ruling
}

// A decision is what became of motions that are the same: which was carried or lost last, and whether one was ever carried.
type decision struct {
	last    MotionID
	carried bool
}

// decidedKey is what a motion is the same as another by.
func decidedKey(m MeetingID, sort, thing string) string { return string(m) + "/" + sort + "/" + thing }

// A Motion is a point of order, an appeal against a ruling or a procedural motion.
type Motion struct {
	ID      MotionID
	Meeting MeetingID
	Type    string // order, appeal or motion
	Sort    string // of a motion: suspend, close-debate …
	Of      MotionID
	Item    ItemID // open when it was moved
	Thing   string // what it is about, as a proposal
	Seconds int64  // of a time limit or a suspension
	Party   PartyID
	Person  PersonID
	Voting  bool // a point of order about the conduct of the voting
	For     []PartyID
	Against []PartyID
	State   string // pending, sustained, not-sustained, upheld, overruled, carried, lost or withdrawn
	Index   int64  // entry that changed it last
}

// Motion returns a motion, point of order or appeal.
func (s *State) Motion(id MotionID) (Motion, bool) { return s.motions.all.Get(string(id)) }

// Motions lists what a meeting has not decided yet, in the order raised.
func (s *State) Motions(m MeetingID) (list []Motion) {
	for _, id := range s.motions.pending.At(string(m)) {
		list = append(list, s.motions.all.At(string(id)))
	}
	return list
}

// rank orders what is pending: points of order first, then appeals, then motions by their precedence (GA 71, 77).
func (s *State) rank(m Motion) int64 {
	switch m.Type {
	case "order":
		return -2
	case "appeal":
		return -1
	}
	return s.Rules.Rank(m.Sort)
}

func (s *State) motionKind(sort string) (rules.Motion, bool) { return s.Rules.MotionKind(sort) }

// Interruptions lists what a meeting has not decided yet as it comes to be decided: the oldest point of order not ruled on
// first, then an appeal, then the motion that goes before the others (GA 71, 77).
func (s *State) Interruptions(m MeetingID) []Motion {
	list := s.Motions(m)
	slices.SortStableFunc(list, func(a, b Motion) int { return cmp.Compare(s.rank(a), s.rank(b)) })
	return list
}

// RuleOf is the rule on which a point of order, an appeal or a motion rests: the body's own, where its rules list the
// motion, else the act's.
func (s *State) RuleOf(m Motion) string {
	if m.Type == "motion" {
		kind, _ := s.motionKind(m.Sort)
		return kind.Rule
	}
	act, _ := s.Lookup(map[string]string{"order": "RaisePointOfOrder", "appeal": "AppealRuling"}[m.Type])
	return act.Rule
}

// interrupted returns what stands before all other business of a meeting.
func (s *State) interrupted(m MeetingID) (what MotionID, ok bool) {
	if list := s.Interruptions(m); len(list) > 0 {
		return list[0].ID, true
	}
	return "", false
}

// Interrupting returns what stands before all other business of a meeting, if anything does: a point of order, an appeal
// or the motion that goes before the others (GA 71, 77).
func (s *State) Interrupting(m MeetingID) (Motion, bool) {
	id, ok := s.interrupted(m)
	return s.motions.all.At(string(id)), ok
}

// StoppedBy returns the motion by which a meeting was suspended or adjourned last; Index is the entry that carried it.
func (s *State) StoppedBy(m MeetingID) (last Motion, ok bool) {
	for _, x := range s.motions.all.All() {
		stops := x.Sort == "suspend" || x.Sort == "adjourn-meeting"
		if x.Meeting == m && stops && x.State == "carried" && x.Index >= last.Index {
			last, ok = x, true
		}
	}
	return last, ok
}

// carriedMotion reports whether a meeting carried a motion of a sort about a thing.
func (s *State) carriedMotion(m MeetingID, sort, thing string) bool {
	return s.motions.decided.At(decidedKey(m, sort, thing)).carried
}

type (
	// RaisePointOfOrder claims that the rules are being broken.
	RaisePointOfOrder struct {
		Point       MotionID `json:"point" jsonschema:"id of the point, chosen by who raises it"`
		Rule        string   `json:"rule,omitempty" jsonschema:"the rule that is being broken"`
		Claim       string   `json:"claim" jsonschema:"what is wrong, in a sentence; no word on substance"`
		Voting      bool     `json:"voting,omitempty" jsonschema:"true where it is about the actual conduct of the voting"`
		Instruction string   `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// PointOfOrderRaised is what RaisePointOfOrder causes; the floor waits.
	PointOfOrderRaised struct {
		Point   MotionID  `json:"point"`
		Meeting MeetingID `json:"meeting"`
		Party   PartyID   `json:"party"`
		Person  PersonID  `json:"person"`
		Rule    string    `json:"rule"`
		Claim   string    `json:"claim"`
		Voting  bool      `json:"voting,omitempty"`
	}
	// Rule is the Chair's ruling on a point of order.
	Rule struct {
		Point     MotionID `json:"point" jsonschema:"id of the point"`
		Sustained bool     `json:"sustained,omitempty" jsonschema:"true where the Chair finds it right"`
		Rule      string   `json:"rule" jsonschema:"the rule the ruling rests on"`
		Reason    string   `json:"reason" jsonschema:"why, in a sentence"`
	}
	// ChairRuled is what Rule causes.
	ChairRuled struct {
		Point     MotionID  `json:"point"`
		Meeting   MeetingID `json:"meeting"`
		Sustained bool      `json:"sustained,omitempty"`
		Rule      string    `json:"rule"`
		Reason    string    `json:"reason"`
	}
	// AppealRuling asks the body to overrule the Chair. It is put at once, without debate.
	AppealRuling struct {
		Appeal      MotionID `json:"appeal" jsonschema:"id of the appeal, chosen by who appeals"`
		Point       MotionID `json:"point" jsonschema:"the point of order that was ruled on"`
		Instruction string   `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// RulingAppealed is what AppealRuling causes.
	RulingAppealed struct {
		Appeal  MotionID  `json:"appeal"`
		Point   MotionID  `json:"point"`
		Meeting MeetingID `json:"meeting"`
		Party   PartyID   `json:"party"`
		Person  PersonID  `json:"person"`
	}
	// RulingUpheld says that the Chair's ruling stands.
	RulingUpheld struct {
		Appeal  MotionID  `json:"appeal"`
		Point   MotionID  `json:"point"`
		Meeting MeetingID `json:"meeting"`
	}
	// RulingOverruled says that a majority found otherwise than the Chair.
	RulingOverruled struct {
		Appeal  MotionID  `json:"appeal"`
		Point   MotionID  `json:"point"`
		Meeting MeetingID `json:"meeting"`
	}
	// Move makes a procedural motion.
	Move struct {
		Motion      MotionID `json:"motion" jsonschema:"id of the motion, chosen by who moves it"`
		Sort        string   `json:"sort" jsonschema:"suspend, adjourn-meeting, adjourn-debate, close-debate, close-list, time-limit, competence, division, order-of-proposals, reconsider, secret-ballot or roll-call"`
		Thing       string   `json:"thing,omitempty" jsonschema:"what it is about: id of a proposal, decision or election"`
		Seconds     int64    `json:"seconds,omitempty" jsonschema:"for a time limit or a suspension: its length"`
		Instruction string   `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// Moved is what Move causes.
	Moved struct {
		Motion  MotionID  `json:"motion"`
		Meeting MeetingID `json:"meeting"`
		Sort    string    `json:"sort"`
		Thing   string    `json:"thing,omitempty"`
		Item    ItemID    `json:"item,omitempty"`
		Seconds int64     `json:"seconds,omitempty"`
		Party   PartyID   `json:"party"`
		Person  PersonID  `json:"person"`
		Counted bool      `json:"counted,omitempty" jsonschema:"true where the mover is one of those who may speak for it"`
	}
	// SpeakToMotion speaks for or against a motion.
	SpeakToMotion struct {
		Motion      MotionID `json:"motion" jsonschema:"id of the motion"`
		Side        string   `json:"side" jsonschema:"for or against"`
		Instruction string   `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// MotionSpokenTo is what SpeakToMotion causes.
	MotionSpokenTo struct {
		Motion  MotionID  `json:"motion"`
		Meeting MeetingID `json:"meeting"`
		Party   PartyID   `json:"party"`
		Person  PersonID  `json:"person"`
		Side    string    `json:"side"`
	}
	// WithdrawMotion takes a motion back before the vote on it begins.
	WithdrawMotion struct {
		Motion      MotionID `json:"motion" jsonschema:"id of the motion"`
		Instruction string   `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// MotionWithdrawn is what WithdrawMotion causes.
	MotionWithdrawn struct {
		Motion  MotionID  `json:"motion"`
		Meeting MeetingID `json:"meeting"`
	}
	// DecideMotion declares a motion carried to which nobody objects.
	DecideMotion struct {
		Motion    MotionID `json:"motion" jsonschema:"id of the motion"`
		Objection PartyID  `json:"objection,omitempty" jsonschema:"a member that objects, so that the motion has to be voted on"`
	}
	// MotionCarried says that a motion was carried; what it brings about follows it.
	MotionCarried struct {
		Motion  MotionID  `json:"motion"`
		Meeting MeetingID `json:"meeting"`
		Sort    string    `json:"sort"`
	}
	// MotionLost says that a motion was not carried.
	MotionLost struct {
		Motion  MotionID  `json:"motion"`
		Meeting MeetingID `json:"meeting"`
		Sort    string    `json:"sort"`
	}
	// MeetingSuspended stops a meeting for a while.
	MeetingSuspended struct {
		Meeting MeetingID `json:"meeting"`
		Seconds int64     `json:"seconds,omitempty"`
	}
	// MeetingAdjourned ends a sitting until the next.
	MeetingAdjourned struct {
		Meeting MeetingID `json:"meeting"`
	}
	// DebateAdjourned puts off the debate on an item: the no-action motion (GA 74).
	DebateAdjourned struct {
		Meeting MeetingID `json:"meeting"`
		Item    ItemID    `json:"item,omitempty"`
	}
	// DebateClosed ends the debate on an item, though speakers may remain.
	DebateClosed struct {
		Meeting MeetingID `json:"meeting"`
		Item    ItemID    `json:"item,omitempty"`
	}
	// ResumeMeeting goes on with a meeting that was suspended or adjourned.
	ResumeMeeting struct{}
	// MeetingResumed is what ResumeMeeting causes.
	MeetingResumed struct {
		Meeting MeetingID `json:"meeting"`
	}
)

// member refuses an act of procedure by who is no member or is not seated.
func (s *State) member(c *Call, m Meeting, rule string) *Refusal {
	if !s.memberAt(m, PartyID(c.For)) {
		return refuse("observer-may-not", rule, c.For)
	}
	return s.seated(m, PartyID(c.For))
}

var (
	members  = []Capacity{Head, Delegate}
	asMember = codes(atMeeting, "observer-may-not", "credentials-rejected")
)

// sitting is the meeting an act of a member names, if it is open and the member sits in it.
func (s *State) sitting(c *Call) (Meeting, *Refusal) {
	m, r := s.inSession(c)
	if r == nil {
		r = s.member(c, m, c.act.Rule)
	}
	return m, r
}

func (s *State) setMotion(m Motion, index int64) {
	m.Index = index
	s.motions.all = s.motions.all.Set(string(m.ID), m)
	left := slices.DeleteFunc(slices.Clone(s.motions.pending.At(string(m.Meeting))), func(id MotionID) bool { return id == m.ID })
	if m.State == "pending" {
		left = append(left, m.ID)
	}
	s.motions.pending = s.motions.pending.Set(string(m.Meeting), left)
	switch {
	case m.Type == "appeal":
		s.motions.appeals = s.motions.appeals.Set(string(m.Of), m.ID)
	case m.State == "carried" || m.State == "lost":
		key := decidedKey(m.Meeting, m.Sort, m.Thing)
		s.motions.decided = s.motions.decided.Set(key, decision{m.ID, m.State == "carried" || s.motions.decided.At(key).carried})
	}
}

func (s *State) endMotion(id MotionID, state string, index int64) {
	m := s.motions.all.At(string(id))
	m.State = state
	s.setMotion(m, index)
}

// pendingMotion is a motion that is before the meeting.
func (s *State) pendingMotion(m Meeting, id MotionID, kind string) (Motion, *Refusal) {
	x, ok := s.motions.all.Get(string(id))
	if !ok || x.Meeting != m.MeetingConvened.Meeting || x.State != "pending" || x.Type != kind {
		return x, refuse(map[string]Code{"order": "no-point", "appeal": "no-ruling", "motion": "no-motion"}[kind], "GA 71-77", id)
	}
	return x, nil
}

// beginsVoting refuses a motion while a question is before the meeting.
func (s *State) beforeVoting(m Meeting) *Refusal {
	if q, ok := s.Pending(m.MeetingConvened.Meeting); ok {
		return q.refusal()
	}
	return nil
}

func motions(ed *edition) {
	ed.thing("motion", func(s *State, id string) (int64, bool) { m, ok := s.motions.all.Get(id); return m.Index, ok })
	points(ed)
	appeals(ed)
	movement(ed)
	ed.questions["appeal"] = question{
		ready: func(s *State, c *Call, m Meeting, id string) (Ask, *Refusal) {
			_, r := s.pendingMotion(m, MotionID(id), "appeal")
			return Ask{Kind: "appeal"}, r
		},
		decided: func(s *State, c *Call, m Meeting, id string, o rules.Outcome) []Event {
			appeal := s.motions.all.At(id)
			if o == rules.Carried {
				return []Event{{Body: &RulingOverruled{appeal.ID, appeal.Of, appeal.Meeting}}}
			}
			return []Event{{Body: &RulingUpheld{appeal.ID, appeal.Of, appeal.Meeting}}}
		},
	}
	ed.questions["motion"] = question{
		ready: func(s *State, c *Call, m Meeting, id string) (Ask, *Refusal) {
			x, r := s.pendingMotion(m, MotionID(id), "motion")
			if r != nil {
				return Ask{}, r
			}
			if first, _ := s.interrupted(x.Meeting); first != x.ID {
				return Ask{}, refuse("motion-pending", "GA 77", first)
			}
			kind, _ := s.motionKind(x.Sort)
			return Ask{Kind: "motion", Majority: kind.Majority}, nil
		},
		decided: func(s *State, c *Call, m Meeting, id string, o rules.Outcome) []Event {
			x := s.motions.all.At(id)
			if o != rules.Carried {
				return []Event{{Body: &MotionLost{x.ID, x.Meeting, x.Sort}}}
			}
			return x.effects()
		},
	}
}

func points(ed *edition) {
	does(ed, Act{
		Name: "RaisePointOfOrder", Title: "Raise a point of order", Help: "Claims that a rule is being broken. The Chair rules at once; the speaker waits.",
		Who: members, Desk: true, Rule: "GA 71; SC 30", Refusals: codes(asMember, "id-taken", "speaks-to-substance", "not-about-voting"), Causes: []string{"PointOfOrderRaised"},
	}, func(s *State, c *Call, f *RaisePointOfOrder) ([]Event, *Refusal) {
		m, r := s.sitting(c)
		if r != nil {
			return nil, r
		}
		if s.motions.all.Has(string(f.Point)) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Point)
		}
		if f.Rule == "" {
			return nil, refuse("speaks-to-substance", "GA 71")
		}
		if q, ok := s.Pending(m.MeetingConvened.Meeting); ok && q.Begun && !f.Voting {
			return nil, refuse("not-about-voting", "GA 88", q.ID)
		}
		return []Event{{Body: &PointOfOrderRaised{f.Point, m.MeetingConvened.Meeting, PartyID(c.For), PersonID(c.By), f.Rule, f.Claim, f.Voting}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *PointOfOrderRaised) {
		s.setMotion(Motion{ID: b.Point, Meeting: b.Meeting, Type: "order", Party: b.Party, Person: b.Person, Voting: b.Voting, State: "pending"}, h.Index)
	})

	does(ed, Act{
		Name: "Rule", Title: "Rule on a point of order", Help: "The Chair rules at once on the oldest point of order, with rule and reason.",
		Who: []Capacity{Chair}, Rule: "GA 71; SC 30", Refusals: codes(atMeeting, "no-point", "out-of-order"), Causes: []string{"ChairRuled"},
	}, func(s *State, c *Call, f *Rule) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if _, r := s.pendingMotion(m, f.Point, "order"); r != nil {
			return nil, r
		}
		if first, _ := s.interrupted(m.MeetingConvened.Meeting); first != f.Point {
			return nil, refuse("out-of-order", "GA 71", f.Point, first)
		}
		return []Event{{Body: &ChairRuled{f.Point, m.MeetingConvened.Meeting, f.Sustained, f.Rule, f.Reason}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *ChairRuled) {
		state := "not-sustained"
		if b.Sustained {
			state = "sustained"
		}
		s.endMotion(b.Point, state, h.Index)
	})
}

func appeals(ed *edition) {
	does(ed, Act{
		Name: "AppealRuling", Title: "Appeal against a ruling", Help: "Asks the body to overrule the Chair, before other business is taken; voted on at once, without debate.",
		Who: members, Desk: true, Rule: "GA 71; SC 30", Refusals: codes(asMember, "id-taken", "no-ruling", "next-business-taken"), Causes: []string{"RulingAppealed"},
	}, func(s *State, c *Call, f *AppealRuling) ([]Event, *Refusal) {
		m, r := s.sitting(c)
		if r != nil {
			return nil, r
		}
		if s.motions.all.Has(string(f.Appeal)) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Appeal)
		}
		p, ok := s.motions.all.Get(string(f.Point))
		if !ok || p.Meeting != m.MeetingConvened.Meeting || p.State != "sustained" && p.State != "not-sustained" {
			return nil, refuse("no-ruling", "GA 71", f.Point)
		}
		if p.Index < m.floor.business {
			return nil, refuse("next-business-taken", "GA 71", f.Point)
		}
		if s.motions.appeals.Has(string(f.Point)) {
			return nil, refuse("no-ruling", "GA 71", f.Point)
		}
		return []Event{{Body: &RulingAppealed{f.Appeal, f.Point, p.Meeting, PartyID(c.For), PersonID(c.By)}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *RulingAppealed) {
		s.setMotion(Motion{ID: b.Appeal, Meeting: b.Meeting, Type: "appeal", Of: b.Point, Party: b.Party, Person: b.Person, State: "pending"}, h.Index)
	})
	happens(ed, func(s *State, h Happened, b *RulingUpheld) { s.endMotion(b.Appeal, "upheld", h.Index) })
	happens(ed, func(s *State, h Happened, b *RulingOverruled) { s.endMotion(b.Appeal, "overruled", h.Index) })
}

func movement(ed *edition) {
	does(ed, Act{
		Name: "Move", Title: "Move", Help: "Makes a procedural motion; it yields only to one of higher precedence.",
		Who: members, Desk: true, Rule: "GA 71-81; EC 43-52; SC 33", Refusals: codes(asMember, "id-taken", "no-such-motion", "lower-precedence-than-pending", "already-decided-same", "voting", "question-pending", "not-now"), Causes: []string{"Moved"},
	}, func(s *State, c *Call, f *Move) ([]Event, *Refusal) {
		m, r := s.sitting(c)
		if r != nil {
			return nil, r
		}
		id := m.MeetingConvened.Meeting
		if s.motions.all.Has(string(f.Motion)) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Motion)
		}
		kind, ok := s.motionKind(f.Sort)
		if !ok {
			return nil, refuse("no-such-motion", "GA 71-81", f.Sort)
		}
		if r := s.beforeVoting(m); r != nil {
			return nil, r
		}
		item, _ := s.OpenItem(id)
		if (f.Sort == "adjourn-debate" || f.Sort == "close-debate") && item.ID == "" {
			return nil, refuse("not-now", kind.Rule, f.Sort)
		}
		mine := Motion{Type: "motion", Sort: f.Sort}
		for _, x := range s.Motions(id) {
			if s.rank(x) <= s.rank(mine) {
				return nil, refuse("lower-precedence-than-pending", "GA 77", f.Sort, x.ID)
			}
		}
		if x := s.motions.all.At(string(s.motions.decided.At(decidedKey(id, f.Sort, f.Thing)).last)); x.Index > m.floor.business {
			return nil, refuse("already-decided-same", kind.Rule, x.ID)
		}
		return []Event{{Body: &Moved{f.Motion, id, f.Sort, f.Thing, item.ID, f.Seconds, PartyID(c.For), PersonID(c.By), kind.For > 0 && !kind.MoverBesides}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *Moved) {
		m := Motion{ID: b.Motion, Meeting: b.Meeting, Type: "motion", Sort: b.Sort, Thing: b.Thing, Item: b.Item, Seconds: b.Seconds, Party: b.Party, Person: b.Person, State: "pending"}
		if b.Counted {
			m.For = []PartyID{b.Party}
		}
		s.setMotion(m, h.Index)
	})

	does(ed, Act{
		Name: "SpeakToMotion", Title: "Speak to a motion", Help: "Speaks for or against a motion, as many as its rule allows.",
		Who: members, Desk: true, Rule: "GA 72, 74, 75, 81, 89", Refusals: codes(asMember, "no-motion", "no-debate", "two-already-spoke", "only-against", "already-spoke"), Causes: []string{"MotionSpokenTo"},
	}, func(s *State, c *Call, f *SpeakToMotion) ([]Event, *Refusal) {
		m, r := s.sitting(c)
		if r != nil {
			return nil, r
		}
		x, r := s.pendingMotion(m, f.Motion, "motion")
		if r != nil {
			return nil, r
		}
		kind, _ := s.motionKind(x.Sort)
		spoke := map[string][]PartyID{"for": x.For, "against": x.Against}
		full := kind.Speech(f.Side, int64(len(spoke[f.Side])))
		switch {
		case f.Side != "for" && f.Side != "against":
			return nil, refuse("malformed", "doc/record.md 2", "side")
		case full == "no-debate" || full == "only-against":
			return nil, refuse(Code(full), kind.Rule, x.Sort)
		case slices.Contains(slices.Concat(x.For, x.Against), PartyID(c.For)):
			return nil, refuse("already-spoke", kind.Rule, c.For)
		case full != "":
			return nil, refuse(Code(full), kind.Rule, len(spoke[f.Side]), f.Side)
		}
		return []Event{{Body: &MotionSpokenTo{x.ID, x.Meeting, PartyID(c.For), PersonID(c.By), f.Side}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *MotionSpokenTo) {
		m := s.motions.all.At(string(b.Motion))
		if b.Side == "for" {
			m.For = append(slices.Clone(m.For), b.Party)
		} else {
			m.Against = append(slices.Clone(m.Against), b.Party)
		}
		s.setMotion(m, h.Index)
	})

	does(ed, Act{
		Name: "WithdrawMotion", Title: "Withdraw a motion", Help: "Takes your motion back, before voting on it begins; another may take it up.",
		Who: members, Desk: true, Rule: "GA 80; SC 35", Refusals: codes(asMember, "no-motion", "not-mover", "voting", "question-pending"), Causes: []string{"MotionWithdrawn"},
	}, func(s *State, c *Call, f *WithdrawMotion) ([]Event, *Refusal) {
		m, r := s.sitting(c)
		if r != nil {
			return nil, r
		}
		x, r := s.pendingMotion(m, f.Motion, "motion")
		if r != nil {
			return nil, r
		}
		if x.Party != PartyID(c.For) {
			return nil, refuse("not-mover", "GA 80", x.Party)
		}
		if r := s.beforeVoting(m); r != nil {
			return nil, r
		}
		return []Event{{Body: &MotionWithdrawn{x.ID, x.Meeting}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *MotionWithdrawn) { s.endMotion(b.Motion, "withdrawn", h.Index) })

	does(ed, Act{
		Name: "DecideMotion", Title: "Declare a motion carried", Help: "The Chair declares a motion carried to which nobody objects; else it is put to the vote.",
		Who: []Capacity{Chair}, Rule: "GA 35", Refusals: codes(atMeeting, "no-motion", "motion-pending", "speakers-waiting", "objection", "voting", "question-pending"),
		Causes: []string{"MotionCarried", "MeetingSuspended", "MeetingAdjourned", "DebateAdjourned", "DebateClosed", "SpeakersListClosed", "TimeLimitSet"},
	}, func(s *State, c *Call, f *DecideMotion) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		x, r := s.pendingMotion(m, f.Motion, "motion")
		if r != nil {
			return nil, r
		}
		if first, _ := s.interrupted(x.Meeting); first != x.ID {
			return nil, refuse("motion-pending", "GA 77", first)
		}
		if r := s.beforeVoting(m); r != nil {
			return nil, r
		}
		if len(x.Against) > 0 {
			return nil, refuse("speakers-waiting", "GA 35", x.Against[0])
		}
		if f.Objection != "" {
			return nil, refuse("objection", "GA 35", f.Objection)
		}
		return x.effects(), nil
	})
	happens(ed, func(s *State, h Happened, b *MotionCarried) { s.endMotion(b.Motion, "carried", h.Index) })
	happens(ed, func(s *State, h Happened, b *MotionLost) { s.endMotion(b.Motion, "lost", h.Index) })
	stopped := func(id MeetingID, how string, index int64, s *State) {
		m := s.meetings.At(string(id))
		m.Stopped = how
		s.setMeeting(m, index)
	}
	happens(ed, func(s *State, h Happened, b *MeetingSuspended) { stopped(b.Meeting, "suspended", h.Index, s) })
	happens(ed, func(s *State, h Happened, b *MeetingAdjourned) { stopped(b.Meeting, "adjourned", h.Index, s) })
	happens(ed, func(s *State, h Happened, b *DebateAdjourned) { s.debate(b.Meeting, b.Item, "adjourned", h.Index) })
	happens(ed, func(s *State, h Happened, b *DebateClosed) { s.debate(b.Meeting, b.Item, "closed", h.Index) })

	does(ed, Act{
		Name: "ResumeMeeting", Title: "Resume the meeting", Help: "The Chair goes on with a meeting that was suspended or adjourned, when enough members are in the room.",
		Who: []Capacity{Chair}, Rule: "GA 67, 76", Refusals: []Code{"unknown-meeting", "meeting-closed", "not-suspended", "no-quorum-to-open"}, Causes: []string{"MeetingResumed"},
	}, func(s *State, c *Call, f *ResumeMeeting) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		switch {
		case r != nil:
			return nil, r
		case m.Closed:
			return nil, refuse("meeting-closed", "GA 76", m.MeetingConvened.Meeting)
		case m.Stopped == "":
			return nil, refuse("not-suspended", "GA 76")
		}
		if q := s.Rules.QuorumToOpen; q != nil {
			if met, present, needed := s.quorum(m, *q); !met {
				return nil, refuse("no-quorum-to-open", q.Rule, present, needed)
			}
		}
		return []Event{{Body: &MeetingResumed{m.MeetingConvened.Meeting}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *MeetingResumed) { stopped(b.Meeting, "", h.Index, s) })
}

// effects are what a motion that is carried brings about.
func (m Motion) effects() []Event {
	events := []Event{{Body: &MotionCarried{m.ID, m.Meeting, m.Sort}}}
	switch m.Sort {
	case "suspend":
		return append(events, Event{Body: &MeetingSuspended{m.Meeting, m.Seconds}})
	case "adjourn-meeting":
		return append(events, Event{Body: &MeetingAdjourned{m.Meeting}})
	case "adjourn-debate":
		return append(events, Event{Body: &DebateAdjourned{m.Meeting, m.Item}})
	case "close-debate":
		return append(events, Event{Body: &DebateClosed{m.Meeting, m.Item}})
	case "close-list":
		return append(events, Event{Body: &SpeakersListClosed{m.Meeting}})
	case "time-limit":
		if m.Seconds > 0 {
			return append(events, Event{Body: &TimeLimitSet{m.Meeting, "statement", m.Seconds, 0}})
		}
	}
	return events
}
