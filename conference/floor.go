package conference

import (
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
	State   string // listed, speaking or ended
	Given   record.Instant
	Limit   int64 // seconds; 0: none
	Index   int64 // entry that changed it last
}

// room is who speaks and who waits at one meeting.
type room struct {
	holder RequestID
	list   []RequestID // in order
}

type (
	// AskFloor puts the delegation on the speakers' list.
	AskFloor struct {
		Request RequestID `json:"request" jsonschema:"id of the request, chosen by who asks"`
	}
	// FloorRequested is what AskFloor causes.
	FloorRequested struct {
		Request RequestID `json:"request"`
		Meeting MeetingID `json:"meeting"`
		Party   PartyID   `json:"party"`
		Person  PersonID  `json:"person"`
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
		Who: []Capacity{Head, ObserverHead}, Rule: "GA 68; GA 73", Refusals: []Code{"unknown-meeting", "meeting-not-open", "meeting-closed", "already-listed", "id-taken", "observer-may-not"}, Causes: []string{"FloorRequested"},
	}, func(s *State, c *Call, f *AskFloor) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if s.requests.Has(string(f.Request)) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Request)
		}
		if member := s.parties.At(c.For).memberOn(m.From, m.MeetingConvened.Meeting); !member && c.As == string(Head) {
			return nil, refuse("observer-may-not", "GA 68", c.For)
		}
		for _, id := range append(slices.Clone(m.floor.list), m.floor.holder) {
			if q := s.requests.At(string(id)); q.Party == PartyID(c.For) {
				return nil, refuse("already-listed", "GA 68", c.For, id)
			}
		}
		return []Event{{Body: &FloorRequested{f.Request, m.MeetingConvened.Meeting, PartyID(c.For), PersonID(c.By)}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *FloorRequested) {
		s.setRequest(Request{ID: b.Request, Meeting: b.Meeting, Party: b.Party, Person: b.Person, State: "listed"}, h.Index)
		s.setFloor(b.Meeting, h.Index, func(f room) room {
			f.list = append(f.list[:len(f.list):len(f.list)], b.Request)
			return f
		})
	})

	does(ed, Act{
		Name: "GiveFloor", Title: "Give the floor", Help: "The Chair calls upon the next speaker on the list.",
		Who: []Capacity{Chair}, Rule: "GA 68", Refusals: []Code{"unknown-meeting", "meeting-not-open", "meeting-closed", "unknown-request", "floor-taken", "out-of-order"}, Causes: []string{"FloorGiven"}, Timed: true,
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
		e := FloorGiven{Request: f.Request, Meeting: m.MeetingConvened.Meeting}
		if s.Rules.Speaking != nil {
			e.Limit = s.Rules.Speaking.Seconds
		}
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *FloorGiven) {
		q := s.requests.At(string(b.Request))
		q.State, q.Given, q.Limit = "speaking", h.At, b.Limit
		s.setRequest(q, h.Index)
		s.setFloor(b.Meeting, h.Index, func(f room) room {
			f.holder = b.Request
			f.list = slices.DeleteFunc(slices.Clone(f.list), func(id RequestID) bool { return id == b.Request })
			return f
		})
	})

	does(ed, Act{
		Name: "EndFloor", Title: "End the statement", Help: "The speaker, or the Chair, ends the statement of who has the floor.",
		Who: []Capacity{Head, ObserverHead, Chair}, Rule: "GA 68, 72", Refusals: []Code{"unknown-meeting", "meeting-not-open", "meeting-closed", "no-floor"}, Causes: []string{"FloorEnded", "StatementMade", "SpeakerOverran"}, Timed: true,
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
}

func (s *State) setRequest(q Request, index int64) {
	q.Index = index
	s.requests = s.requests.Set(string(q.ID), q)
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

// SpeakersList lists who waits for the floor at a meeting, in order.
func (s *State) SpeakersList(id MeetingID) (list []Request) {
	for _, r := range s.meetings.At(string(id)).floor.list {
		list = append(list, s.requests.At(string(r)))
	}
	return list
}

// sortBy sorts stably by a text.
func sortBy[T any](list []T, key func(T) string) {
	slices.SortStableFunc(list, func(a, b T) int { return strings.Compare(key(a), key(b)) })
}
