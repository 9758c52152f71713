package conference

import "slices"

type (
	// Reorder changes the order of the speakers' list, for a recorded reason.
	Reorder struct {
		List    []RequestID `json:"list" jsonschema:"all requests waiting, in their new order"`
		Reason  string      `json:"reason" jsonschema:"level (of the speakers), precedence (an organ explains its report) or swap (by consent)"`
		Consent []PartyID   `json:"consent,omitempty" jsonschema:"for a swap: the parties who agreed"`
	}
	// SpeakersReordered is what Reorder causes.
	SpeakersReordered struct {
		Meeting MeetingID   `json:"meeting"`
		List    []RequestID `json:"list"`
		Reason  string      `json:"reason"`
	}
	// WithdrawRequest takes a request off the list.
	WithdrawRequest struct {
		Request     RequestID `json:"request" jsonschema:"id of the request"`
		Instruction string    `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// FloorRequestWithdrawn is what WithdrawRequest causes.
	FloorRequestWithdrawn struct {
		Meeting MeetingID `json:"meeting"`
		Request RequestID `json:"request"`
	}
	// AnnounceList reads the list out.
	AnnounceList struct{}
	// SpeakersListAnnounced is what AnnounceList causes.
	SpeakersListAnnounced struct {
		Meeting MeetingID   `json:"meeting"`
		List    []RequestID `json:"list,omitempty"`
	}
	// CloseList closes the list, with the body's consent.
	CloseList struct {
		Objection PartyID `json:"objection,omitempty" jsonschema:"a member that objects, so that the body has to decide"`
	}
	// SpeakersListClosed is what CloseList, or a motion, causes.
	SpeakersListClosed struct {
		Meeting MeetingID `json:"meeting"`
	}
	// ReopenList opens the list again.
	ReopenList struct {
		Reason string `json:"reason" jsonschema:"why"`
	}
	// SpeakersListReopened is what ReopenList causes.
	SpeakersListReopened struct {
		Meeting MeetingID `json:"meeting"`
		Reason  string    `json:"reason"`
	}
	// SetTimeLimit limits one sort of statements at this meeting.
	SetTimeLimit struct {
		Sort    string `json:"sort" jsonschema:"statement, group, observer, reply, explanation or item"`
		Seconds int64  `json:"seconds" jsonschema:"length in seconds"`
		Times   int64  `json:"times,omitempty" jsonschema:"how often a delegation may speak, where that is limited"`
	}
	// TimeLimitSet is what SetTimeLimit, or a motion, causes.
	TimeLimitSet struct {
		Meeting MeetingID `json:"meeting"`
		Sort    string    `json:"sort"`
		Seconds int64     `json:"seconds"`
		Times   int64     `json:"times,omitempty"`
	}
	// FileStatement hands in the text of a statement.
	FileStatement struct {
		Request RequestID `json:"request" jsonschema:"the request under which it is or was made"`
		Symbol  Symbol    `json:"symbol" jsonschema:"the paper that holds its text"`
		Check   bool      `json:"check,omitempty" jsonschema:"true where it is to be checked against delivery"`
	}
	// StatementFiled is what FileStatement causes.
	StatementFiled struct {
		Meeting MeetingID `json:"meeting"`
		Request RequestID `json:"request"`
		Symbol  Symbol    `json:"symbol"`
		Check   bool      `json:"check,omitempty"`
	}
	// GiveReply calls upon a delegation to answer a statement.
	GiveReply struct {
		Request RequestID `json:"request" jsonschema:"a request of sort reply"`
	}
	// ReplyGiven is what GiveReply causes, with a FloorGiven.
	ReplyGiven struct {
		Meeting MeetingID `json:"meeting"`
		Request RequestID `json:"request"`
		Party   PartyID   `json:"party"`
		Item    ItemID    `json:"item,omitempty"`
		Nth     int64     `json:"nth" jsonschema:"its first, second reply on the item"`
	}
	// CedeChair leaves the chair to another who may hold it.
	CedeChair struct {
		To  PersonID `json:"to" jsonschema:"who takes the chair"`
		Why string   `json:"why" jsonschema:"why, in a few words"`
	}
	// ChairCeded is what CedeChair causes.
	ChairCeded struct {
		Meeting MeetingID `json:"meeting"`
		From    PersonID  `json:"from"`
		To      PersonID  `json:"to"`
		Why     string    `json:"why"`
	}
	// DeliverMessage has a message of somebody absent read out. It causes MessageRead.
	DeliverMessage struct {
		Author       PersonID `json:"author" jsonschema:"whose message it is"`
		AuthorOffice Term     `json:"authorOffice,omitempty" jsonschema:"office of the author"`
		AuthorOf     PartyID  `json:"authorOf,omitempty" jsonschema:"party of the author"`
		Reader       PersonID `json:"reader" jsonschema:"who reads it out"`
		ReaderOffice Term     `json:"readerOffice,omitempty" jsonschema:"office of the reader"`
		Symbol       Symbol   `json:"symbol" jsonschema:"the paper that holds its text"`
	}
	// ObserveSilence has the meeting keep silence for prayer, meditation or in memory (GA 62).
	ObserveSilence struct {
		Seconds int64 `json:"seconds" jsonschema:"length in seconds"`
		For     Term  `json:"for" jsonschema:"prayer-or-meditation, memory-of-victims …"`
	}
	// SilenceObserved is what ObserveSilence causes.
	SilenceObserved struct {
		Meeting MeetingID `json:"meeting"`
		Seconds int64     `json:"seconds"`
		For     Term      `json:"for"`
	}
)

var atMeeting = []Code{"unknown-meeting", "meeting-not-open", "meeting-closed"}

// codes puts together the refusals of an act.
func codes(common []Code, own ...Code) []Code { return slices.Concat(common, own) }

// list is the acts around the speakers' list, and the chair's.
func list(ed *edition) {
	does(ed, Act{
		Name: "Reorder", Title: "Reorder the list", Help: "Changes the order of the speakers' list: by the level of the speakers, to let an organ explain its report, or by a swap its parties agreed to.",
		Who: []Capacity{Chair, Secretary}, Rule: "GA 68, 69", Refusals: codes(atMeeting, "no-reason", "not-consented", "not-complete"), Causes: []string{"SpeakersReordered"},
	}, func(s *State, c *Call, f *Reorder) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if !slices.Equal(slices.Sorted(slices.Values(f.List)), slices.Sorted(slices.Values(m.floor.list))) {
			return nil, refuse("not-complete", "GA 68", len(m.floor.list))
		}
		if !slices.Contains([]string{"level", "precedence", "swap"}, f.Reason) {
			return nil, refuse("no-reason", "GA 68")
		}
		for i, id := range f.List {
			if p := s.requests.At(string(id)).Party; f.Reason == "swap" && id != m.floor.list[i] && !slices.Contains(f.Consent, p) {
				return nil, refuse("not-consented", "GA 68", p)
			}
		}
		return []Event{{Body: &SpeakersReordered{m.MeetingConvened.Meeting, f.List, f.Reason}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *SpeakersReordered) {
		s.setFloor(b.Meeting, h.Index, func(f room) room { f.list = b.List; return f })
	})

	does(ed, Act{
		Name: "WithdrawRequest", Title: "Withdraw a request", Help: "Takes your delegation's request off the speakers' list.",
		Who: []Capacity{Head, Delegate, ObserverHead}, Desk: true, Rule: "GA 68", Refusals: codes(atMeeting, "unknown-request", "has-floor"), Causes: []string{"FloorRequestWithdrawn"},
	}, func(s *State, c *Call, f *WithdrawRequest) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if m.floor.holder == f.Request {
			return nil, refuse("has-floor", "GA 68", f.Request)
		}
		if q := s.requests.At(string(f.Request)); !slices.Contains(m.floor.list, f.Request) || q.Party != PartyID(c.For) {
			return nil, refuse("unknown-request", "GA 68", f.Request)
		}
		return []Event{{Body: &FloorRequestWithdrawn{m.MeetingConvened.Meeting, f.Request}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *FloorRequestWithdrawn) {
		q := s.requests.At(string(b.Request))
		q.State = "withdrawn"
		s.setRequest(q, h.Index)
		s.setFloor(b.Meeting, h.Index, func(f room) room {
			f.list = slices.DeleteFunc(slices.Clone(f.list), func(id RequestID) bool { return id == b.Request })
			return f
		})
	})

	does(ed, Act{
		Name: "AnnounceList", Title: "Announce the list", Help: "The Chair reads the speakers' list out.",
		Who: []Capacity{Chair}, Rule: "GA 73", Refusals: codes(atMeeting), Causes: []string{"SpeakersListAnnounced"},
	}, func(s *State, c *Call, f *AnnounceList) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		return []Event{{Body: &SpeakersListAnnounced{m.MeetingConvened.Meeting, m.floor.list}}}, nil
	})
	happens(ed, func(*State, Happened, *SpeakersListAnnounced) {})

	does(ed, Act{
		Name: "CloseList", Title: "Close the list", Help: "The Chair closes the speakers' list where nobody objects; a reply may still follow.",
		Who: []Capacity{Chair}, Rule: "GA 73", Refusals: codes(atMeeting, "already-closed", "objection"), Causes: []string{"SpeakersListClosed"},
	}, func(s *State, c *Call, f *CloseList) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if m.floor.closed {
			return nil, refuse("already-closed", "GA 73")
		}
		if f.Objection != "" {
			return nil, refuse("objection", "GA 73", f.Objection)
		}
		return []Event{{Body: &SpeakersListClosed{m.MeetingConvened.Meeting}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *SpeakersListClosed) {
		s.setFloor(b.Meeting, h.Index, func(f room) room { f.closed = true; return f })
	})

	does(ed, Act{
		Name: "ReopenList", Title: "Reopen the list", Help: "The Chair opens the speakers' list again, for a recorded reason.",
		Who: []Capacity{Chair}, Rule: "GA 73", Refusals: codes(atMeeting, "list-open"), Causes: []string{"SpeakersListReopened"},
	}, func(s *State, c *Call, f *ReopenList) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if !m.floor.closed {
			return nil, refuse("list-open", "GA 73")
		}
		return []Event{{Body: &SpeakersListReopened{m.MeetingConvened.Meeting, f.Reason}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *SpeakersListReopened) {
		s.setFloor(b.Meeting, h.Index, func(f room) room { f.closed = false; return f })
	})

	does(ed, Act{
		Name: "SetTimeLimit", Title: "Set a time limit", Help: "The Chair limits the time of a sort of statements, where the rules leave that to the Chair.",
		Who: []Capacity{Chair}, Rule: "GA 72", Refusals: codes(atMeeting, "body-must-decide"), Causes: []string{"TimeLimitSet"},
	}, func(s *State, c *Call, f *SetTimeLimit) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if f.Seconds < 1 || f.Seconds > 86400 {
			return nil, refuse("malformed", "doc/record.md 2", "seconds")
		}
		if kind, ok := s.motionKind("time-limit"); ok && !kind.ChairProposes {
			return nil, refuse("body-must-decide", kind.Rule)
		}
		return []Event{{Body: &TimeLimitSet{m.MeetingConvened.Meeting, f.Sort, f.Seconds, f.Times}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *TimeLimitSet) {
		s.setFloor(b.Meeting, h.Index, func(f room) room {
			f.limits = slices.DeleteFunc(slices.Clone(f.limits), func(l limitSet) bool { return l.sort == b.Sort })
			f.limits = append(f.limits, limitSet{b.Sort, b.Seconds, b.Times})
			return f
		})
	})

	does(ed, Act{
		Name: "FileStatement", Title: "File a statement", Help: "Hands in the text of your delegation's statement, perhaps to be checked against delivery.",
		Who: []Capacity{Head, Delegate, ObserverHead}, Rule: "practice: check against delivery", Refusals: []Code{"unknown-meeting", "not-speaker", "unknown-symbol"}, Causes: []string{"StatementFiled"},
	}, func(s *State, c *Call, f *FileStatement) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return nil, r
		}
		if q := s.requests.At(string(f.Request)); q.Meeting != m.MeetingConvened.Meeting || q.Party != PartyID(c.For) {
			return nil, refuse("not-speaker", "GA 68", f.Request)
		}
		if _, ok := s.Document(f.Symbol); !ok {
			return nil, refuse("unknown-symbol", "practice", f.Symbol)
		}
		return []Event{{Body: &StatementFiled{m.MeetingConvened.Meeting, f.Request, f.Symbol, f.Check}}}, nil
	})
	happens(ed, func(*State, Happened, *StatementFiled) {})

	does(ed, Act{
		Name: "GiveReply", Title: "Give the floor for a reply", Help: "The Chair calls upon a delegation to answer a statement, when the speakers of the day have spoken.",
		Who: []Capacity{Chair}, Rule: "GA 73; GA decision 34/401, 8-10", Refusals: codes(atMeeting, "unknown-request", "floor-taken", "not-mentioned", "replies-used", "not-end-of-day", "motion-pending", "question-pending", "voting"), Causes: []string{"ReplyGiven", "FloorGiven"}, Timed: true,
	}, func(s *State, c *Call, f *GiveReply) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		id := m.MeetingConvened.Meeting
		q := s.requests.At(string(f.Request))
		put, isPut := s.Pending(id)
		switch {
		case !slices.Contains(m.floor.list, f.Request) || q.Sort != "reply":
			return nil, refuse("unknown-request", "GA 73", f.Request)
		case m.floor.holder != "":
			return nil, refuse("floor-taken", "GA 68", m.floor.holder)
		case s.requests.At(string(q.To)).Party == q.Party:
			return nil, refuse("not-mentioned", "GA 73", q.Party)
		case isPut:
			return nil, put.refusal()
		}
		if r := s.undisturbed(m); r != nil {
			return nil, r
		}
		for _, other := range m.floor.list {
			if s.requests.At(string(other)).Sort != "reply" {
				return nil, refuse("not-end-of-day", "GA decision 34/401, 8", other)
			}
		}
		item, _ := s.OpenItem(id)
		nth := int64(0)
		for _, given := range m.floor.replies {
			if given.party == q.Party && given.item == item.ID {
				nth = given.times
			}
		}
		if _, times, ok := s.Rules.Limit("reply", nth); ok && times > 0 && nth >= times {
			return nil, refuse("replies-used", "GA decision 34/401, 9-10", q.Party, times)
		}
		return []Event{{Body: &ReplyGiven{id, f.Request, q.Party, item.ID, nth + 1}}, {Body: &FloorGiven{f.Request, id, s.limit(m, q, nth)}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *ReplyGiven) {
		s.setFloor(b.Meeting, h.Index, func(f room) room {
			f.replies = slices.DeleteFunc(slices.Clone(f.replies), func(r reply) bool { return r.party == b.Party && r.item == b.Item })
			f.replies = append(f.replies, reply{b.Party, b.Item, b.Nth})
			return f
		})
	})

	does(ed, Act{
		Name: "CedeChair", Title: "Cede the chair", Help: "The Chair leaves the chair to somebody else who may hold it.",
		Who: []Capacity{Chair}, Attested: true, Rule: "GA 32, 105; SC 20", Refusals: codes(atMeeting, "not-chair", "no-vice-chair"), Causes: []string{"ChairCeded"},
	}, func(s *State, c *Call, f *CedeChair) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if m.Chair != PersonID(c.By) {
			return nil, refuse("not-chair", "GA 35", c.By)
		}
		if f.To == m.Chair || !s.Holds(f.To, Chair, "", c.At) {
			return nil, refuse("no-vice-chair", "GA 32", f.To)
		}
		return []Event{{Body: &ChairCeded{m.MeetingConvened.Meeting, m.Chair, f.To, f.Why}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *ChairCeded) {
		m := s.meetings.At(string(b.Meeting))
		m.Chair = b.To
		s.setMeeting(m, h.Index)
	})

	does(ed, Act{
		Name: "DeliverMessage", Title: "Have a message read", Help: "The Chair has a message of somebody absent read out; its text is a paper of its own.",
		Who: []Capacity{Chair}, Rule: "practice", Refusals: codes(atMeeting, "no-text", "unknown-person", "unknown-party"), Causes: []string{"MessageRead"},
	}, func(s *State, c *Call, f *DeliverMessage) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if _, ok := s.Document(f.Symbol); !ok {
			return nil, refuse("no-text", "practice", f.Symbol)
		}
		e := Event{Body: &MessageRead{m.MeetingConvened.Meeting, f.Author, f.AuthorOffice, f.AuthorOf, f.Reader, f.ReaderOffice}}
		return []Event{e}, s.consistent(e)
	})

	does(ed, Act{
		Name: "ObserveSilence", Title: "Observe silence", Help: "The Chair has the meeting keep silence, for prayer or in memory.",
		Who: []Capacity{Chair}, Rule: "GA 62", Refusals: codes(atMeeting, "floor-taken"), Causes: []string{"SilenceObserved"},
	}, func(s *State, c *Call, f *ObserveSilence) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if m.floor.holder != "" {
			return nil, refuse("floor-taken", "GA 68", m.floor.holder)
		}
		return []Event{{Body: &SilenceObserved{m.MeetingConvened.Meeting, f.Seconds, f.For}}}, nil
	})
	happens(ed, func(*State, Happened, *SilenceObserved) {})
}
