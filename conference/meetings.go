package conference

import (
	"fmt"

	"kurultai/record"
	"kurultai/rules"
)

// A Meeting is a numbered gathering of the body.
type Meeting struct {
	MeetingConvened
	Convened int64 // entry that convened it, or that was preferred
	Index    int64 // entry that changed it last
	Opened   *record.Instant
	Closed   bool
	Stopped  string // suspended or adjourned, or ""
	Chair    PersonID
	present  Ordered[string, bool]
	floor    room
}

// last is the last day of a meeting.
func (m MeetingConvened) last() Date { return max(m.From, m.To) }

// InSession reports whether the meeting is open and not closed.
func (m Meeting) InSession() bool { return m.Opened != nil && !m.Closed && m.Stopped == "" }

type (
	// ConveneMeeting calls a numbered meeting to a place.
	ConveneMeeting MeetingConvened

	// RecordPresence notes that a party is in the room, or no longer.
	RecordPresence struct {
		Party  PartyID `json:"party"`
		Absent bool    `json:"absent,omitempty" jsonschema:"true when it has left"`
	}
	// PresenceRecorded is what RecordPresence causes.
	PresenceRecorded struct {
		Meeting MeetingID `json:"meeting"`
		Party   PartyID   `json:"party"`
		Absent  bool      `json:"absent,omitempty"`
	}

	// OpenMeeting declares a meeting open. It has no fields: the meeting stands in the act.
	OpenMeeting struct{}

	// CloseMeeting declares a meeting closed and says where the next is to be.
	CloseMeeting struct {
		Next  PlaceID `json:"next,omitempty" jsonschema:"the place of the next meeting, if decided"`
		Party PartyID `json:"party,omitempty" jsonschema:"its host"`
		Date  Date    `json:"date,omitempty" jsonschema:"its date"`
	}
	// MeetingClosed is what CloseMeeting causes.
	MeetingClosed struct {
		Meeting   MeetingID `json:"meeting"`
		Undecided bool      `json:"undecided,omitempty" jsonschema:"true where no next meeting was decided"`
	}
)

func meetings(ed *edition) {
	does(ed, Act{
		Name: "ConveneMeeting", Title: "Convene a meeting", Help: "Calls a numbered meeting to a place, from a day on.",
		Who: []Capacity{Secretary}, Rule: "GA 1-11", Refusals: []Code{"id-taken", "ordinal-taken", "overlaps", "unknown-place", "unknown-party"}, Causes: []string{"MeetingConvened"},
	}, func(s *State, c *Call, f *ConveneMeeting) ([]Event, *Refusal) {
		if s.meetings.Has(string(f.Meeting)) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Meeting)
		}
		for _, m := range s.ordinals.From(ordinalKey(f.Ordinal, "")) {
			if s.meetings.At(string(m)).Ordinal == f.Ordinal {
				return nil, refuse("ordinal-taken", "GA 1-11", f.Ordinal, m)
			}
			break
		}
		for id := range s.goingOn.All() {
			m := s.meetings.At(id)
			if m.Convened > 0 && m.Place == f.Place && f.From <= m.last() && MeetingConvened(*f).last() >= m.From {
				return nil, refuse("overlaps", "GA 1-11", m.Meeting)
			}
		}
		e := MeetingConvened(*f)
		return []Event{{Body: &e}}, s.consistent(Event{Body: &e})
	})
	k := happens(ed, func(s *State, h Happened, b *MeetingConvened) {
		m := s.meetings.At(string(b.Meeting))
		m.MeetingConvened, m.Convened = *b, h.Index
		s.setMeeting(m, h.By)
	})
	told(k, func(b *MeetingConvened) MeetingID { return b.Meeting }, func(b *MeetingConvened) string { return string(b.Meeting) })

	does(ed, Act{
		Name: "RecordPresence", Title: "Record presence", Help: "Notes that a party is in the room, or has left it. Members in the room make the quorum.",
		Who: []Capacity{Secretary}, Rule: "GA 67", Refusals: []Code{"unknown-meeting", "unknown-party", "meeting-closed", "already-present", "already-absent"}, Causes: []string{"PresenceRecorded"},
	}, func(s *State, c *Call, f *RecordPresence) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return nil, r
		}
		if m.Closed {
			return nil, refuse("meeting-closed", "GA 67", m.Meeting)
		}
		if !s.parties.Has(string(f.Party)) {
			return nil, refuse("unknown-party", "GA 25", f.Party)
		}
		switch here := m.present.Has(string(f.Party)); {
		case here && !f.Absent:
			return nil, refuse("already-present", "GA 67", f.Party)
		case !here && f.Absent:
			return nil, refuse("already-absent", "GA 67", f.Party)
		}
		return []Event{{Body: &PresenceRecorded{m.MeetingConvened.Meeting, f.Party, f.Absent}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *PresenceRecorded) {
		m := s.meetings.At(string(b.Meeting))
		if b.Absent {
			m.present = m.present.Delete(string(b.Party))
		} else {
			m.present = m.present.Set(string(b.Party), true)
		}
		s.setMeeting(m, h.Index)
	})

	does(ed, Act{
		Name: "OpenMeeting", Title: "Open the meeting", Help: "The Chair declares the meeting open, when enough members are in the room.",
		Who: []Capacity{Chair}, Rule: "GA 67; the body's quorum to open", Refusals: []Code{"unknown-meeting", "no-quorum-to-open", "already-open", "meeting-closed"}, Causes: []string{"ChairTaken", "MeetingHeld", "MeetingOpened"},
	}, func(s *State, c *Call, f *OpenMeeting) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		switch {
		case r != nil:
			return nil, r
		case m.Closed:
			return nil, refuse("meeting-closed", "GA 67", m.MeetingConvened.Meeting)
		case m.Opened != nil:
			return nil, refuse("already-open", "GA 67", m.MeetingConvened.Meeting)
		}
		if q := s.Rules.QuorumToOpen; q != nil {
			if met, present, needed := s.quorum(m, *q); !met {
				return nil, refuse("no-quorum-to-open", q.Rule, present, needed)
			}
		}
		id := m.MeetingConvened.Meeting
		return []Event{{Body: &ChairTaken{id, PersonID(c.By)}}, {Body: &MeetingHeld{id, m.From}}, {Body: &MeetingOpened{id, PersonID(c.By)}}}, nil
	})

	does(ed, Act{
		Name: "CloseMeeting", Title: "Close the meeting", Help: "The Chair declares the meeting closed and says where the next is to be.",
		Who: []Capacity{Chair}, Rule: "GA 35", Refusals: []Code{"unknown-meeting", "meeting-not-open", "meeting-closed", "floor-taken", "unknown-place", "unknown-party", "item-open", "motion-pending", "question-pending", "voting"}, Causes: []string{"MeetingClosed", "NextMeetingDecided"}, Notices: []Code{"next-undecided"},
	}, func(s *State, c *Call, f *CloseMeeting) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if m.floor.holder != "" {
			return nil, refuse("floor-taken", "GA 35", m.floor.holder)
		}
		id := m.MeetingConvened.Meeting
		if r := s.undisturbed(m); r != nil {
			return nil, r
		}
		if r := s.beforeVoting(m); r != nil {
			return nil, r
		}
		if item, open := s.OpenItem(id); open {
			return nil, refuse("item-open", "GA 35", item.ID)
		}
		events := []Event{{Body: &MeetingClosed{id, f.Next == ""}}}
		if f.Next != "" {
			next := Event{Body: &NextMeetingDecided{id, f.Next, f.Party, f.Date}}
			if r := s.consistent(next); r != nil {
				return nil, r
			}
			events = append(events, next)
		}
		return events, nil
	})
	happens(ed, func(s *State, h Happened, b *MeetingClosed) {
		m := s.meetings.At(string(b.Meeting))
		m.Closed = true
		s.setMeeting(m, h.Index)
	})
}

func (s *State) setMeeting(m Meeting, index int64) {
	id := string(m.Meeting)
	old, known := s.meetings.Get(id)
	if known && old.Ordinal != m.Ordinal {
		s.ordinals = s.ordinals.Delete(ordinalKey(old.Ordinal, m.Meeting))
	}
	if !known || old.Ordinal != m.Ordinal {
		s.ordinals = s.ordinals.Set(ordinalKey(m.Ordinal, m.Meeting), m.Meeting)
	}
	switch {
	case m.Closed:
		s.goingOn = s.goingOn.Delete(id)
	case !known || old.Closed:
		s.goingOn = s.goingOn.Set(id, true)
	}
	m.Index = index
	s.meetings = s.meetings.Set(id, m)
}

// ordinalKey is in order of ordinals, and of meetings where reports give several the same.
func ordinalKey(n int64, m MeetingID) string { return fmt.Sprintf("%016d/%s", n, m) }

// opened notes that a meeting was lived, not reported: it is in session.
func (s *State) opened(h Happened, b *MeetingOpened) {
	if h.Reported != nil {
		return
	}
	m := s.meetings.At(string(b.Meeting))
	at := h.At
	m.Opened, m.Chair = &at, b.By
	s.setMeeting(m, h.Index)
}

// meetingOf is the meeting an act names.
func (s *State) meetingOf(c *Call) (Meeting, *Refusal) {
	m, ok := s.meetings.Get(c.Meeting)
	if !ok {
		return m, refuse("unknown-meeting", c.act.Rule, c.Meeting)
	}
	return m, nil
}

// inSession is the meeting an act names, if it is open.
func (s *State) inSession(c *Call) (Meeting, *Refusal) {
	m, r := s.meetingOf(c)
	switch {
	case r != nil:
		return m, r
	case m.Closed:
		return m, refuse("meeting-closed", c.act.Rule, m.MeetingConvened.Meeting)
	case !m.InSession():
		return m, refuse("meeting-not-open", c.act.Rule, m.MeetingConvened.Meeting)
	}
	return m, nil
}

// memberAt reports whether a party is a member at a meeting.
func (s *State) memberAt(m Meeting, p PartyID) bool {
	return s.parties.At(string(p)).memberOn(m.From, m.MeetingConvened.Meeting)
}

// quorum counts the members in the room. Who sits there with credentials the body rejected is none of them (GA 29).
func (s *State) quorum(m Meeting, q rules.Quorum) (met bool, present, needed int64) {
	members := s.Members(m.From, m.MeetingConvened.Meeting)
	for _, id := range members {
		if m.present.Has(string(id)) && s.seated(m, id) == nil {
			present++
		}
	}
	met, needed = q.Met(present, int64(len(members)))
	return met, present, needed
}

// Meeting returns a meeting.
func (s *State) Meeting(id MeetingID) (Meeting, bool) { return s.meetings.Get(string(id)) }

// Meetings lists the meetings in order of date, then id.
func (s *State) Meetings() (list []Meeting) {
	for _, m := range s.meetings.All() {
		list = append(list, m)
	}
	sortBy(list, func(m Meeting) string { return string(m.From) })
	return list
}

// Present lists the parties in the room, in order of id.
func (m Meeting) Present() (ids []PartyID) {
	for id := range m.present.All() {
		ids = append(ids, PartyID(id))
	}
	return ids
}

func (b *MeetingClosed) notice() *Refusal {
	if !b.Undecided {
		return nil
	}
	return refuse("next-undecided", "practice", b.Meeting)
}
