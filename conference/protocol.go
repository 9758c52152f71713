package conference

import "slices"

// protocolState is precedence, seats, flags and events.
type protocolState struct {
	precedence Ordered[string, []PartyID] // by meeting
	plans      Ordered[string, Plan]
}

// A Plan is an event of the programme.
type Plan struct {
	EventPlanned
	Recorded bool
	Index    int64 // entry that changed it last
}

// Precedence is the order of parties at a meeting, as it was fixed.
func (s *State) Precedence(m MeetingID) []PartyID { return s.protocol.precedence.At(string(m)) }

// Plans lists the events planned at a meeting, in order of id.
func (s *State) Plans(m MeetingID) (list []Plan) {
	for _, p := range s.protocol.plans.All() {
		if p.Meeting == m {
			list = append(list, p)
		}
	}
	return list
}

type (
	// FixPrecedence fixes the order of parties at a meeting. Nothing sorts them again.
	FixPrecedence struct {
		Language Language  `json:"language" jsonschema:"the language whose alphabet orders them"`
		List     []PartyID `json:"list" jsonschema:"all members, in order"`
		Start    PartyID   `json:"start,omitempty" jsonschema:"where the order begins by lot: the party drawn"`
		Draw     string    `json:"draw,omitempty" jsonschema:"how and when the lot was drawn"`
	}
	// PrecedenceFixed is what FixPrecedence causes.
	PrecedenceFixed struct {
		Meeting  MeetingID `json:"meeting"`
		Language Language  `json:"language"`
		List     []PartyID `json:"list"`
		Start    PartyID   `json:"start,omitempty"`
		Draw     string    `json:"draw,omitempty"`
	}
	// SeatRoom says who sits where.
	SeatRoom struct {
		Room  PlaceID `json:"room" jsonschema:"the room"`
		Seats []Seat  `json:"seats" jsonschema:"who sits where"`
	}
	// A Seat is a party's.
	Seat struct {
		Party PartyID `json:"party" jsonschema:"the party"`
		Seat  int64   `json:"seat" jsonschema:"number of the seat"`
	}
	// RoomSeated is what SeatRoom causes.
	RoomSeated struct {
		Meeting MeetingID `json:"meeting"`
		Room    PlaceID   `json:"room"`
		Seats   []Seat    `json:"seats"`
	}
	// PlaceFlags says in which order flags stand.
	PlaceFlags struct {
		Order []PartyID `json:"order" jsonschema:"parties, in order"`
	}
	// FlagsPlaced is what PlaceFlags causes.
	FlagsPlaced struct {
		Meeting MeetingID `json:"meeting"`
		Order   []PartyID `json:"order"`
	}
	// PlanEvent plans an event of the programme.
	PlanEvent struct {
		Plan       NoteID    `json:"plan" jsonschema:"id of the event"`
		Type       string    `json:"type" jsonschema:"wreath, flowers, audience, reception, dinner or photo"`
		Place      PlaceID   `json:"place" jsonschema:"where"`
		Date       Date      `json:"date" jsonschema:"which day"`
		Time       string    `json:"time,omitempty" jsonschema:"local time, as 18:30"`
		Dress      Term      `json:"dress,omitempty" jsonschema:"dress"`
		Procession []PartyID `json:"procession,omitempty" jsonschema:"order of the procession"`
	}
	// EventPlanned is what PlanEvent causes.
	EventPlanned struct {
		Meeting    MeetingID `json:"meeting"`
		Plan       NoteID    `json:"plan"`
		Type       string    `json:"type"`
		Place      PlaceID   `json:"place"`
		Date       Date      `json:"date"`
		Time       string    `json:"time,omitempty"`
		Dress      Term      `json:"dress,omitempty"`
		Procession []PartyID `json:"procession,omitempty"`
	}
	// RecordEvent records what took place, planned or not.
	RecordEvent struct {
		Plan     NoteID   `json:"plan,omitempty" jsonschema:"the event planned, if it was"`
		Type     string   `json:"type" jsonschema:"wreath, flowers, audience, reception or photo"`
		Place    PlaceID  `json:"place" jsonschema:"where"`
		Monument PlaceID  `json:"monument,omitempty" jsonschema:"for a wreath or flowers: at which monument"`
		Honoured PersonID `json:"honoured,omitempty" jsonschema:"for a wreath or flowers: whose memory"`
		By       PersonID `json:"by,omitempty" jsonschema:"for an audience or reception: who gave it"`
		Office   Term     `json:"office,omitempty" jsonschema:"the office of who gave it"`
		Of       PartyID  `json:"of,omitempty" jsonschema:"the party whose office it is"`
	}
	// EventRecorded is what RecordEvent causes, with the event itself.
	EventRecorded struct {
		Meeting   MeetingID `json:"meeting"`
		Plan      NoteID    `json:"plan,omitempty"`
		Unplanned bool      `json:"unplanned,omitempty" jsonschema:"true where it was not planned"`
	}
	// ReceptionGiven says who gave a reception.
	ReceptionGiven struct {
		Meeting MeetingID `json:"meeting"`
		Place   PlaceID   `json:"place"`
		By      PersonID  `json:"by,omitempty"`
		Office  Term      `json:"office,omitempty"`
		Of      PartyID   `json:"of,omitempty"`
	}
	// PhotoTaken says where the family photograph was taken.
	PhotoTaken struct {
		Meeting MeetingID `json:"meeting"`
		Place   PlaceID   `json:"place"`
	}
)

func protocol(ed *edition) {
	ed.thing("plan", func(s *State, id string) (int64, bool) { p, ok := s.protocol.plans.Get(id); return p.Index, ok })
	does(ed, Act{
		Name: "FixPrecedence", Title: "Fix the precedence", Help: "Fixes the order of parties at the meeting, in a named language and from a drawn start where the rules say so.",
		Who: []Capacity{Protocol}, Rule: "VCR 49; SCO practice", Refusals: []Code{"unknown-meeting", "not-all-parties", "no-draw-recorded"}, Causes: []string{"PrecedenceFixed"},
	}, func(s *State, c *Call, f *FixPrecedence) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return nil, r
		}
		all := s.Members(m.From, m.MeetingConvened.Meeting)
		if !slices.Equal(slices.Sorted(slices.Values(f.List)), slices.Sorted(slices.Values(all))) {
			return nil, refuse("not-all-parties", "VCR 49", len(f.List), len(all))
		}
		if f.Start != "" && (f.Draw == "" || f.List[0] != f.Start) {
			return nil, refuse("no-draw-recorded", "VCR 49", f.Start)
		}
		return []Event{{Body: &PrecedenceFixed{m.MeetingConvened.Meeting, f.Language, f.List, f.Start, f.Draw}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *PrecedenceFixed) {
		s.protocol.precedence = s.protocol.precedence.Set(string(b.Meeting), b.List)
	})
	// known refuses parties that have no place in the precedence; observers follow the members.
	known := func(s *State, m Meeting, parties ...PartyID) *Refusal {
		list := s.Precedence(m.MeetingConvened.Meeting)
		for _, p := range parties {
			if party, ok := s.parties.Get(string(p)); !ok || !slices.Contains(list, p) && !party.observerOn(m.From, m.MeetingConvened.Meeting) {
				return refuse("not-in-precedence", "VCR 49", p)
			}
		}
		return nil
	}
	does(ed, Act{
		Name: "SeatRoom", Title: "Seat the room", Help: "Says who sits where, after the precedence.",
		Who: []Capacity{Protocol}, Rule: "VCR 49", Refusals: []Code{"unknown-meeting", "unknown-place", "not-in-precedence", "two-on-one-seat"}, Causes: []string{"RoomSeated"},
	}, func(s *State, c *Call, f *SeatRoom) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return nil, r
		}
		if !s.places.Has(string(f.Room)) {
			return nil, refuse("unknown-place", "VCR 49", f.Room)
		}
		for i, seat := range f.Seats {
			if r := known(s, m, seat.Party); r != nil {
				return nil, r
			}
			if slices.ContainsFunc(f.Seats[:i], func(o Seat) bool { return o.Seat == seat.Seat || o.Party == seat.Party }) {
				return nil, refuse("two-on-one-seat", "VCR 49", seat.Seat, seat.Party)
			}
		}
		return []Event{{Body: &RoomSeated{m.MeetingConvened.Meeting, f.Room, f.Seats}}}, nil
	})
	happens(ed, func(*State, Happened, *RoomSeated) {})
	does(ed, Act{
		Name: "PlaceFlags", Title: "Place the flags", Help: "Says in which order the flags stand.",
		Who: []Capacity{Protocol}, Rule: "practice", Refusals: []Code{"unknown-meeting", "not-in-precedence"}, Causes: []string{"FlagsPlaced"},
	}, func(s *State, c *Call, f *PlaceFlags) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r == nil {
			r = known(s, m, f.Order...)
		}
		return []Event{{Body: &FlagsPlaced{m.MeetingConvened.Meeting, f.Order}}}, r
	})
	happens(ed, func(*State, Happened, *FlagsPlaced) {})
	programme(ed)
}

func programme(ed *edition) {
	does(ed, Act{
		Name: "PlanEvent", Title: "Plan an event", Help: "Plans a ceremony, audience, reception or photograph of the programme.",
		Who: []Capacity{Protocol}, Rule: "practice", Refusals: []Code{"unknown-meeting", "meeting-closed", "id-taken", "unknown-place", "not-in-precedence"}, Causes: []string{"EventPlanned"},
	}, func(s *State, c *Call, f *PlanEvent) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		switch {
		case r != nil:
			return nil, r
		case m.Closed:
			return nil, refuse("meeting-closed", "practice", m.MeetingConvened.Meeting)
		case s.protocol.plans.Has(string(f.Plan)):
			return nil, refuse("id-taken", "doc/record.md 5", f.Plan)
		case !s.places.Has(string(f.Place)):
			return nil, refuse("unknown-place", "practice", f.Place)
		case !slices.Contains([]string{"wreath", "flowers", "audience", "reception", "dinner", "photo"}, f.Type):
			return nil, refuse("malformed", "doc/record.md 2", "type")
		}
		for _, p := range f.Procession {
			if !slices.Contains(s.Precedence(m.MeetingConvened.Meeting), p) {
				return nil, refuse("not-in-precedence", "VCR 49", p)
			}
		}
		return []Event{{Body: &EventPlanned{m.MeetingConvened.Meeting, f.Plan, f.Type, f.Place, f.Date, f.Time, f.Dress, f.Procession}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *EventPlanned) {
		s.protocol.plans = s.protocol.plans.Set(string(b.Plan), Plan{*b, false, h.Index})
	})
	does(ed, Act{
		Name: "RecordEvent", Title: "Record an event", Help: "Records a ceremony, audience, reception or photograph that took place, planned or not.",
		Who: []Capacity{Protocol}, Rule: "practice", Refusals: []Code{"unknown-meeting", "unknown-place", "unknown-person", "unknown-party", "unknown-plan"}, Causes: []string{"EventRecorded", "WreathLaid", "FlowersLaid", "AudienceHeld", "ReceptionGiven", "PhotoTaken"}, Notices: []Code{"not-planned"},
	}, func(s *State, c *Call, f *RecordEvent) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return nil, r
		}
		id := m.MeetingConvened.Meeting
		if f.Plan != "" && !s.protocol.plans.Has(string(f.Plan)) {
			return nil, refuse("unknown-plan", "practice", f.Plan)
		}
		if !s.places.Has(string(f.Place)) {
			return nil, refuse("unknown-place", "practice", f.Place)
		}
		for _, p := range []PersonID{f.Honoured, f.By} {
			if p != "" && p != UnnamedPerson && !s.persons.Has(string(p)) {
				return nil, refuse("unknown-person", "practice", p)
			}
		}
		if f.Of != "" && !s.parties.Has(string(f.Of)) {
			return nil, refuse("unknown-party", "practice", f.Of)
		}
		var e Event
		switch f.Type {
		case "wreath":
			e.Body = &WreathLaid{id, f.Place, f.Monument, f.Honoured}
		case "flowers":
			e.Body = &FlowersLaid{id, f.Place, f.Monument, f.Honoured}
		case "audience":
			e.Body = &AudienceHeld{id, f.By, f.Office, f.Of}
		case "reception":
			e.Body = &ReceptionGiven{id, f.Place, f.By, f.Office, f.Of}
		case "photo":
			e.Body = &PhotoTaken{id, f.Place}
		default:
			return nil, refuse("malformed", "doc/record.md 2", "type")
		}
		if f.Type == "audience" && f.By == "" {
			return nil, refuse("malformed", "doc/record.md 2", "by")
		}
		return []Event{{Body: &EventRecorded{id, f.Plan, f.Plan == ""}}, e}, nil
	})
	happens(ed, func(s *State, h Happened, b *EventRecorded) {
		if p, ok := s.protocol.plans.Get(string(b.Plan)); ok {
			p.Recorded, p.Index = true, h.Index
			s.protocol.plans = s.protocol.plans.Set(string(b.Plan), p)
		}
	})
	happens(ed, func(*State, Happened, *ReceptionGiven) {})
	happens(ed, func(*State, Happened, *PhotoTaken) {})
}

func (b *EventRecorded) notice() *Refusal {
	if !b.Unplanned {
		return nil
	}
	return refuse("not-planned", "practice")
}
