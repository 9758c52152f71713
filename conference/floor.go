package conference

import (
	"cmp"
	"slices"
	"strings"

	"kurultai/record"
)

// A Request is a wish to speak.
type Request struct {
	ID      RequestID
	Meeting MeetingID
	Party   PartyID
	Person  PersonID
	Sort    string    // "" for a statement, else group, observer, reply, explanation or item
	To      RequestID // the statement a reply answers
	State   string    // listed, speaking, ended or withdrawn
	Given   record.Instant
	Limit   int64 // seconds; 0: none
	Index   int64 // entry that changed it last
}

// room is who speaks and who waits at one meeting.
type room struct {
	holder   RequestID
	list     []RequestID // in order
	closed   bool        // nobody more is listed but for a reply (GA 73)
	limits   []limitSet  // set at this meeting
	replies  []reply     // given
	business int64       // entry that took up other business last: a ruling cannot be appealed after it
}

// limitSet is a time limit set at a meeting, for one sort of request.
type limitSet struct {
	sort           string
	seconds, times int64
}

// reply counts the replies of a party on an item.
type reply struct {
	party PartyID
	item  ItemID
	times int64
}

type (
	// AskFloor puts the delegation on the speakers' list.
	AskFloor struct {
		Request     RequestID `json:"request" jsonschema:"id of the request, chosen by who asks"`
		Sort        string    `json:"sort,omitempty" jsonschema:"absent for a statement; else group, observer, reply, explanation or item"`
		To          RequestID `json:"to,omitempty" jsonschema:"for a reply: the statement it answers"`
		Instruction string    `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// FloorRequested is what AskFloor causes.
	FloorRequested struct {
		Request RequestID `json:"request"`
		Meeting MeetingID `json:"meeting"`
		Party   PartyID   `json:"party"`
		Person  PersonID  `json:"person"`
		Sort    string    `json:"sort,omitempty"`
		To      RequestID `json:"to,omitempty"`
	}

	// GiveFloor calls upon the first speaker on the list.
	GiveFloor struct {
		Request RequestID `json:"request" jsonschema:"id of the request"`
	}
	// FloorGiven is what GiveFloor causes.
	FloorGiven struct {
		Request RequestID `json:"request"`
		Meeting MeetingID `json:"meeting"`
		Limit   int64     `json:"limit,omitempty" jsonschema:"seconds"`
	}

	// EndFloor ends the statement of who has the floor.
	EndFloor struct {
		Why    string  `json:"why" jsonschema:"done, time or order"`
		Points []Point `json:"points,omitempty" jsonschema:"what was said, in the terms of the vocabulary"`
	}
	// FloorEnded is what EndFloor causes, with a StatementMade and, where there is a limit and it was passed, SpeakerOverran.
	FloorEnded struct {
		Request RequestID `json:"request"`
		Meeting MeetingID `json:"meeting"`
		Why     string    `json:"why"`
	}
	// SpeakerOverran says by how many seconds a statement passed its limit.
	SpeakerOverran struct {
		Request RequestID `json:"request"`
		Seconds int64     `json:"seconds"`
	}
)

func floor(ed *edition) {
	does(ed, Act{
		Name: "AskFloor", Title: "Ask for the floor", Help: "Puts your delegation on the speakers' list of the meeting.",
		Who: []Capacity{Head, Delegate, ObserverHead}, Desk: true, Rule: "GA 68; GA 73", Refusals: []Code{"unknown-meeting", "meeting-not-open", "meeting-closed", "already-listed", "id-taken", "observer-may-not", "list-closed", "kind-not-now", "credentials-rejected"}, Causes: []string{"FloorRequested"},
	}, func(s *State, c *Call, f *AskFloor) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if s.requests.Has(string(f.Request)) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Request)
		}
		if member := s.parties.At(c.For).memberOn(m.From, m.MeetingConvened.Meeting); !member && c.As != string(ObserverHead) {
			return nil, refuse("observer-may-not", "GA 68", c.For)
		}
		if r := s.seated(m, PartyID(c.For)); r != nil {
			return nil, r
		}
		if r := s.askable(m, f); r != nil {
			return nil, r
		}
		for _, id := range append(slices.Clone(m.floor.list), m.floor.holder) {
			if q := s.requests.At(string(id)); q.Party == PartyID(c.For) {
				return nil, refuse("already-listed", "GA 68", c.For, id)
			}
		}
		return []Event{{Body: &FloorRequested{f.Request, m.MeetingConvened.Meeting, PartyID(c.For), PersonID(c.By), f.Sort, f.To}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *FloorRequested) {
		s.setRequest(Request{ID: b.Request, Meeting: b.Meeting, Party: b.Party, Person: b.Person, Sort: b.Sort, To: b.To, State: "listed"}, h.Index)
		s.setFloor(b.Meeting, h.Index, func(f room) room {
			f.list = append(f.list[:len(f.list):len(f.list)], b.Request)
			return f
		})
	})

	does(ed, Act{
		Name: "GiveFloor", Title: "Give the floor", Help: "The Chair calls upon the next speaker on the list.",
		Who: []Capacity{Chair}, Rule: "GA 68", Refusals: []Code{"unknown-meeting", "meeting-not-open", "meeting-closed", "unknown-request", "floor-taken", "out-of-order", "observer-after-members", "motion-pending", "question-pending", "voting"}, Causes: []string{"FloorGiven"}, Timed: true,
	}, func(s *State, c *Call, f *GiveFloor) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if !slices.Contains(m.floor.list, f.Request) {
			return nil, refuse("unknown-request", "GA 68", f.Request)
		}
		if m.floor.holder != "" {
			return nil, refuse("floor-taken", "GA 68", m.floor.holder)
		}
		if m.floor.list[0] != f.Request {
			return nil, refuse("out-of-order", "GA 68", f.Request, m.floor.list[0])
		}
		if r := s.undisturbed(m); r != nil {
			return nil, r
		}
		q := s.requests.At(string(f.Request))
		if put, ok := s.Pending(m.MeetingConvened.Meeting); ok && q.Sort != "explanation" {
			return nil, put.refusal()
		}
		for _, id := range m.floor.list[1:] {
			if other := s.requests.At(string(id)); !s.memberAt(m, q.Party) && s.memberAt(m, other.Party) && other.Sort == "" {
				return nil, refuse("observer-after-members", "GA practice: observers speak after members", q.Party, id)
			}
		}
		return []Event{{Body: &FloorGiven{f.Request, m.MeetingConvened.Meeting, s.limit(m, q, 0)}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *FloorGiven) {
		q := s.requests.At(string(b.Request))
		q.State, q.Given, q.Limit = "speaking", h.At, b.Limit
		s.setRequest(q, h.Index)
		s.setFloor(b.Meeting, h.Index, func(f room) room {
			f.holder = b.Request
			f.list = slices.DeleteFunc(slices.Clone(f.list), func(id RequestID) bool { return id == b.Request })
			f.business = h.Index
			return f
		})
	})

	does(ed, Act{
		Name: "EndFloor", Title: "End the statement", Help: "The speaker, or the Chair, ends the statement of who has the floor.",
		Who: []Capacity{Head, Delegate, ObserverHead, Chair}, Rule: "GA 68, 72", Refusals: []Code{"unknown-meeting", "meeting-not-open", "meeting-closed", "no-floor"}, Causes: []string{"FloorEnded", "StatementMade", "SpeakerOverran"}, Timed: true,
	}, func(s *State, c *Call, f *EndFloor) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		q := s.requests.At(string(m.floor.holder))
		if m.floor.holder == "" || c.As != string(Chair) && q.Party != PartyID(c.For) {
			return nil, refuse("no-floor", "GA 68", c.For)
		}
		if !slices.Contains([]string{"done", "time", "order"}, f.Why) {
			return nil, refuse("malformed", "doc/record.md 2", "why")
		}
		id := m.MeetingConvened.Meeting
		events := []Event{
			{Body: &FloorEnded{q.ID, id, f.Why}},
			{Body: &StatementMade{Meeting: id, By: string(q.Person), Party: q.Party, Points: f.Points}},
		}
		if over := int64(c.At-q.Given)/1000 - q.Limit; q.Limit > 0 && over > 0 {
			events = append(events, Event{Body: &SpeakerOverran{q.ID, over}})
		}
		return events, nil
	})
	happens(ed, func(s *State, h Happened, b *FloorEnded) {
		q := s.requests.At(string(b.Request))
		q.State = "ended"
		s.setRequest(q, h.Index)
		s.setFloor(b.Meeting, h.Index, func(f room) room { f.holder = ""; return f })
	})
	happens(ed, func(*State, Happened, *SpeakerOverran) {})
	list(ed)
}

// askable refuses a request whose sort is not in order now.
func (s *State) askable(m Meeting, f *AskFloor) *Refusal {
	id := m.MeetingConvened.Meeting
	switch f.Sort {
	case "", "group", "observer", "item":
		if m.floor.closed {
			return refuse("list-closed", "GA 73", id)
		}
		if _, open := s.OpenItem(id); f.Sort == "item" && !open {
			return refuse("kind-not-now", "GA 68", f.Sort)
		}
	case "reply":
		if said := s.requests.At(string(f.To)); said.Meeting != id || said.State != "ended" {
			return refuse("kind-not-now", "GA 73", f.Sort)
		}
	case "explanation":
		if _, put := s.Pending(id); !put && !s.resultAnnounced(id) {
			return refuse("kind-not-now", "GA 88", f.Sort)
		}
	default:
		return refuse("malformed", "doc/record.md 2", "sort")
	}
	return nil
}

// undisturbed refuses business while a point of order, an appeal or a motion stands before it.
func (s *State) undisturbed(m Meeting) *Refusal {
	if what, ok := s.interrupted(m.MeetingConvened.Meeting); ok {
		return refuse("motion-pending", "GA 71, 77", what)
	}
	return nil
}

// limit is how long the nth request of a sort may take, in seconds; 0: no limit.
func (s *State) limit(m Meeting, q Request, nth int64) int64 {
	sort := q.Sort
	if sort == "" {
		sort = "statement"
	}
	for _, l := range m.floor.limits {
		if l.sort == sort {
			return l.seconds
		}
	}
	if l, _, ok := s.Rules.Limit(sort, nth); ok {
		return l.Seconds
	}
	return 0
}

// LimitOf is how many seconds a request may take when the floor is given for it, as things stand; 0: there is no limit.
func (s *State) LimitOf(q Request) int64 { return s.limit(s.meetings.At(string(q.Meeting)), q, 0) }

func (s *State) setRequest(q Request, index int64) {
	q.Index = index
	s.requests = s.requests.Set(string(q.ID), q)
	s.asked = s.asked.Set(string(q.Meeting)+"/"+string(q.ID), string(q.ID))
}

func (s *State) setFloor(id MeetingID, index int64, change func(room) room) {
	m := s.meetings.At(string(id))
	m.floor = change(m.floor)
	s.setMeeting(m, index)
}

// Speaking returns who has the floor at a meeting.
func (s *State) Speaking(id MeetingID) (Request, bool) {
	return s.requests.Get(string(s.meetings.At(string(id)).floor.holder))
}

// Requests lists who asked for the floor at a meeting and what became of it, in order of id.
func (s *State) Requests(id MeetingID) (list []Request) {
	for _, r := range ownedBy(s.asked, string(id)) {
		if q := s.requests.At(r); q.Meeting == id {
			list = append(list, q)
		}
	}
	return list
}

// SpeakersList lists who waits for the floor at a meeting, in order.
func (s *State) SpeakersList(id MeetingID) (list []Request) {
	for _, r := range s.meetings.At(string(id)).floor.list {
		list = append(list, s.requests.At(string(r)))
	}
	return list
}

// Spoken lists the statements that were made at a meeting, in the order in which they ended: Index is the entry that
// ended one, until something later speaks of it.
func (s *State) Spoken(id MeetingID) (list []Request) {
	for _, q := range s.Requests(id) {
		if q.State == "ended" {
			list = append(list, q)
		}
	}
	slices.SortStableFunc(list, func(a, b Request) int { return cmp.Compare(a.Index, b.Index) })
	return list
}

// sortBy sorts stably by a text.
func sortBy[T any](list []T, key func(T) string) {
	slices.SortStableFunc(list, func(a, b T) int { return strings.Compare(key(a), key(b)) })
}

// ListClosed reports whether the speakers' list of a meeting is closed but for replies (GA 73).
func (s *State) ListClosed(id MeetingID) bool { return s.meetings.At(string(id)).floor.closed }
