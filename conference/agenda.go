package conference

import (
	"slices"

	"kurultai/record"
)

// agendaState is items proposed, ordered, adopted and taken up.
type agendaState struct {
	items   Ordered[string, Item]     // by meeting and id
	agendas Ordered[string, anAgenda] // by meeting
}

type anAgenda struct {
	circulated bool
	adopted    bool
	order      []ItemID
	open       ItemID
}

// An Item is a matter proposed for the agenda of a meeting, or on it.
type Item struct {
	ID      ItemID
	Meeting MeetingID
	Title   Names
	Party   PartyID // who proposed it; "" the secretariat
	State   string  // proposed, open, suspended or closed
	Debate  string  // adjourned or closed, or ""
	Index   int64   // entry that changed it last
}

func itemKey(m MeetingID, id ItemID) string { return string(m) + "/" + string(id) }

// Item returns an item proposed for a meeting or on its agenda.
func (s *State) Item(m MeetingID, id ItemID) (Item, bool) { return s.agenda.items.Get(itemKey(m, id)) }

// OpenItem returns the item a meeting is at.
func (s *State) OpenItem(m MeetingID) (Item, bool) {
	return s.Item(m, s.agenda.agendas.At(string(m)).open)
}

// Agenda lists the items of a meeting's agenda, in order, and whether it is adopted.
func (s *State) Agenda(m MeetingID) (items []Item, adopted bool) {
	a := s.agenda.agendas.At(string(m))
	for _, id := range a.order {
		items = append(items, s.agenda.items.At(itemKey(m, id)))
	}
	return items, a.adopted
}

func (s *State) setItem(i Item, index int64) {
	i.Index = index
	s.agenda.items = s.agenda.items.Set(itemKey(i.Meeting, i.ID), i)
}

func (s *State) setAgenda(m MeetingID, change func(anAgenda) anAgenda) {
	s.agenda.agendas = s.agenda.agendas.Set(string(m), change(s.agenda.agendas.At(string(m))))
}

// debate notes that the debate on an item was put off or closed.
func (s *State) debate(m MeetingID, item ItemID, how string, index int64) {
	if i, ok := s.Item(m, item); ok {
		i.Debate = how
		s.setItem(i, index)
	}
}

// begins is the first instant of a date, at UTC; of a year or month, of its first day.
func (d Date) begins() record.Instant {
	year, month, day, err := d.Parts()
	if err != nil {
		return 0
	}
	return record.Instant(record.DaysFrom1970(year, max(month, 1), max(day, 1)) * 86_400_000)
}

// Begins is the first instant of a date, as all time limits are reckoned.
func (d Date) Begins() record.Instant { return d.begins() }

// tooLate reports whether a time to be kept before a meeting has passed: the notice, and whether it has.
func (s *State) tooLate(kind string, m Meeting, at record.Instant) (rule string, days int64, late bool) {
	n, ok := s.Rules.Notice(kind)
	return n.Rule, n.Seconds / 86400, ok && at > m.From.begins()-record.Instant(n.Seconds*1000)
}

type (
	// ProposeItem proposes a matter for the agenda.
	ProposeItem struct {
		Item     ItemID     `json:"item" jsonschema:"id of the item"`
		Title    Names      `json:"title" jsonschema:"pairs of language and title"`
		Note     Symbol     `json:"note,omitempty" jsonschema:"explanatory memorandum"`
		Decision DecisionID `json:"decision,omitempty" jsonschema:"the decision that admits it though it comes late"`
	}
	// ItemProposed is what ProposeItem causes.
	ItemProposed struct {
		Meeting  MeetingID  `json:"meeting"`
		Item     ItemID     `json:"item"`
		Title    Names      `json:"title"`
		Note     Symbol     `json:"note,omitempty"`
		Party    PartyID    `json:"party,omitempty"`
		Decision DecisionID `json:"decision,omitempty"`
	}
	// CirculateProvisionalAgenda sends the provisional agenda to all.
	CirculateProvisionalAgenda struct {
		Items []ItemID `json:"items" jsonschema:"in order"`
	}
	// ProvisionalAgendaCirculated is what CirculateProvisionalAgenda causes.
	ProvisionalAgendaCirculated struct {
		Meeting MeetingID `json:"meeting"`
		Items   []ItemID  `json:"items"`
	}
	// AdoptAgenda adopts the agenda of a meeting.
	AdoptAgenda struct {
		Items     []ItemID `json:"items" jsonschema:"in order"`
		Objection PartyID  `json:"objection,omitempty" jsonschema:"a member that objects, so that the body has to vote"`
	}
	// AgendaAdopted is what AdoptAgenda causes.
	AgendaAdopted struct {
		Meeting MeetingID `json:"meeting"`
		Items   []ItemID  `json:"items"`
	}
	// AmendAgenda changes an adopted agenda, by decision.
	AmendAgenda struct {
		Items    []ItemID   `json:"items" jsonschema:"the whole agenda as it is to be, in order"`
		Decision DecisionID `json:"decision" jsonschema:"the decision it rests on"`
	}
	// AgendaAmended is what AmendAgenda causes.
	AgendaAmended struct {
		Meeting  MeetingID  `json:"meeting"`
		Items    []ItemID   `json:"items"`
		Decision DecisionID `json:"decision"`
	}
	// OpenItem takes an item up.
	OpenItem struct {
		Item ItemID `json:"item" jsonschema:"id of the item"`
	}
	// ItemOpened is what OpenItem causes.
	ItemOpened struct {
		Meeting MeetingID `json:"meeting"`
		Item    ItemID    `json:"item"`
	}
	// SuspendItem leaves an item, to come back to it.
	SuspendItem struct {
		Item ItemID `json:"item" jsonschema:"id of the item"`
	}
	// ItemSuspended is what SuspendItem causes.
	ItemSuspended struct {
		Meeting MeetingID `json:"meeting"`
		Item    ItemID    `json:"item"`
	}
	// CloseItem ends the consideration of an item.
	CloseItem struct {
		Item ItemID `json:"item" jsonschema:"id of the item"`
	}
	// ItemClosed is what CloseItem causes.
	ItemClosed struct {
		Meeting MeetingID `json:"meeting"`
		Item    ItemID    `json:"item"`
	}
)

// itemsOf refuses a list of items that names one twice, or one that was not proposed.
func (s *State) itemsOf(m Meeting, list []ItemID, rule string) *Refusal {
	for i, id := range list {
		if _, ok := s.Item(m.MeetingConvened.Meeting, id); !ok || slices.Contains(list[:i], id) {
			return refuse("unknown-item", rule, id)
		}
	}
	return nil
}

func agenda(ed *edition) {
	ed.thing("item", func(s *State, id string) (int64, bool) { i, ok := s.agenda.items.Get(id); return i.Index, ok })
	does(ed, Act{
		Name: "ProposeItem", Title: "Propose an item", Help: "Proposes a matter for the agenda of a meeting, in time; later only by a decision.",
		Who: []Capacity{Head, Delegate, Secretary}, Rule: "GA 13-15", Refusals: []Code{"unknown-meeting", "meeting-closed", "id-taken", "observer-may-not", "late-item", "no-decision", "missing-language", "unknown-symbol"}, Causes: []string{"ItemProposed"}, Timed: true,
	}, func(s *State, c *Call, f *ProposeItem) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return nil, r
		}
		id, by := m.MeetingConvened.Meeting, PartyID("")
		if c.As != string(Secretary) {
			if by = PartyID(c.For); !s.memberAt(m, by) {
				return nil, refuse("observer-may-not", "GA 13", by)
			}
		}
		if m.Closed {
			return nil, refuse("meeting-closed", "GA 13", id)
		}
		if _, taken := s.Item(id, f.Item); taken {
			return nil, refuse("id-taken", "doc/record.md 5", f.Item)
		}
		if f.Note != "" {
			if _, ok := s.Document(f.Note); !ok {
				return nil, refuse("unknown-symbol", "GA 20", f.Note)
			}
		}
		if f.Decision != "" && !s.Decided(f.Decision) {
			return nil, refuse("no-decision", "GA 15", f.Decision)
		}
		if rule, days, late := s.tooLate("late-item", m, c.At); late && f.Decision == "" {
			return nil, refuse("late-item", rule, days)
		}
		if r := s.allLanguages(f.Title); r != nil {
			return nil, r
		}
		return []Event{{Body: &ItemProposed{id, f.Item, f.Title, f.Note, by, f.Decision}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *ItemProposed) {
		s.setItem(Item{ID: b.Item, Meeting: b.Meeting, Title: b.Title, Party: b.Party, State: "proposed"}, h.Index)
	})

	does(ed, Act{
		Name: "CirculateProvisionalAgenda", Title: "Circulate the provisional agenda", Help: "Sends the provisional agenda to all, as long before the meeting as the rules ask.",
		Who: []Capacity{Secretary}, Rule: "GA 12; SC 8", Refusals: []Code{"unknown-meeting", "unknown-item", "agenda-too-late"}, Causes: []string{"ProvisionalAgendaCirculated"}, Timed: true,
	}, func(s *State, c *Call, f *CirculateProvisionalAgenda) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return nil, r
		}
		if r := s.itemsOf(m, f.Items, "GA 12"); r != nil {
			return nil, r
		}
		if rule, days, late := s.tooLate("provisional-agenda", m, c.At); late {
			return nil, refuse("agenda-too-late", rule, days)
		}
		return []Event{{Body: &ProvisionalAgendaCirculated{m.MeetingConvened.Meeting, f.Items}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *ProvisionalAgendaCirculated) {
		s.setAgenda(b.Meeting, func(a anAgenda) anAgenda { a.circulated, a.order = true, b.Items; return a })
	})

	does(ed, Act{
		Name: "AdoptAgenda", Title: "Adopt the agenda", Help: "The Chair declares the agenda adopted where nobody objects.",
		Who: []Capacity{Chair}, Rule: "GA 21", Refusals: codes(atMeeting, "unknown-item", "already-adopted", "objection"), Causes: []string{"AgendaAdopted"},
	}, func(s *State, c *Call, f *AdoptAgenda) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if s.agenda.agendas.At(c.Meeting).adopted {
			return nil, refuse("already-adopted", "GA 21", c.Meeting)
		}
		if r := s.itemsOf(m, f.Items, "GA 21"); r != nil {
			return nil, r
		}
		if f.Objection != "" {
			return nil, refuse("objection", "GA 21", f.Objection)
		}
		return []Event{{Body: &AgendaAdopted{m.MeetingConvened.Meeting, f.Items}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *AgendaAdopted) {
		s.setAgenda(b.Meeting, func(a anAgenda) anAgenda { a.adopted, a.order = true, b.Items; return a })
	})

	does(ed, Act{
		Name: "AmendAgenda", Title: "Amend the agenda", Help: "Adds to, takes from or reorders the adopted agenda, as the body decided.",
		Who: []Capacity{Chair}, Rule: "GA 15, 22, 23", Refusals: codes(atMeeting, "unknown-item", "no-decision", "other-item-open"), Causes: []string{"AgendaAmended"},
	}, func(s *State, c *Call, f *AmendAgenda) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if r := s.itemsOf(m, f.Items, "GA 22"); r != nil {
			return nil, r
		}
		if !s.Decided(f.Decision) {
			return nil, refuse("no-decision", "GA 22", f.Decision)
		}
		if open, ok := s.OpenItem(m.MeetingConvened.Meeting); ok && !slices.Contains(f.Items, open.ID) {
			return nil, refuse("other-item-open", "GA 22", open.ID)
		}
		return []Event{{Body: &AgendaAmended{m.MeetingConvened.Meeting, f.Items, f.Decision}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *AgendaAmended) {
		s.setAgenda(b.Meeting, func(a anAgenda) anAgenda { a.order = b.Items; return a })
	})
	items(ed)
}

// items is the acts that take items up and leave them.
func items(ed *edition) {
	does(ed, Act{
		Name: "OpenItem", Title: "Open an item", Help: "The Chair takes an item of the agenda up.",
		Who: []Capacity{Chair}, Rule: "GA 35", Refusals: codes(atMeeting, "not-on-agenda", "other-item-open", "motion-pending", "question-pending", "voting"), Causes: []string{"ItemOpened"},
	}, func(s *State, c *Call, f *OpenItem) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		id := m.MeetingConvened.Meeting
		if !slices.Contains(s.agenda.agendas.At(string(id)).order, f.Item) {
			return nil, refuse("not-on-agenda", "GA 35", f.Item)
		}
		if open, ok := s.OpenItem(id); ok {
			return nil, refuse("other-item-open", "GA 35", open.ID)
		}
		if r := s.undisturbed(m); r != nil {
			return nil, r
		}
		if r := s.beforeVoting(m); r != nil {
			return nil, r
		}
		return []Event{{Body: &ItemOpened{id, f.Item}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *ItemOpened) {
		i := s.agenda.items.At(itemKey(b.Meeting, b.Item))
		i.State, i.Debate = "open", ""
		s.setItem(i, h.Index)
		s.setAgenda(b.Meeting, func(a anAgenda) anAgenda { a.open = b.Item; return a })
		s.setFloor(b.Meeting, h.Index, func(f room) room { f.closed, f.limits, f.business = false, nil, h.Index; return f })
	})
	leave := func(s *State, c *Call, id ItemID) (Meeting, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return m, r
		}
		if open, ok := s.OpenItem(m.MeetingConvened.Meeting); !ok || open.ID != id {
			return m, refuse("item-not-open", "GA 35", id)
		}
		if m.floor.holder != "" {
			return m, refuse("floor-taken", "GA 68", m.floor.holder)
		}
		if r := s.undisturbed(m); r != nil {
			return m, r
		}
		return m, s.beforeVoting(m)
	}
	left := func(s *State, m MeetingID, id ItemID, state string, index int64) {
		i := s.agenda.items.At(itemKey(m, id))
		i.State = state
		s.setItem(i, index)
		s.setAgenda(m, func(a anAgenda) anAgenda { a.open = ""; return a })
	}
	does(ed, Act{
		Name: "SuspendItem", Title: "Suspend an item", Help: "The Chair leaves an item, to come back to it.",
		Who: []Capacity{Chair}, Rule: "GA 35", Refusals: codes(atMeeting, "item-not-open", "floor-taken", "motion-pending", "question-pending", "voting"), Causes: []string{"ItemSuspended"},
	}, func(s *State, c *Call, f *SuspendItem) ([]Event, *Refusal) {
		m, r := leave(s, c, f.Item)
		return []Event{{Body: &ItemSuspended{m.MeetingConvened.Meeting, f.Item}}}, r
	})
	happens(ed, func(s *State, h Happened, b *ItemSuspended) { left(s, b.Meeting, b.Item, "suspended", h.Index) })
	does(ed, Act{
		Name: "CloseItem", Title: "Close an item", Help: "The Chair ends the consideration of an item.",
		Who: []Capacity{Chair}, Rule: "GA 35", Refusals: codes(atMeeting, "item-not-open", "floor-taken", "motion-pending", "question-pending", "voting"), Causes: []string{"ItemClosed"},
	}, func(s *State, c *Call, f *CloseItem) ([]Event, *Refusal) {
		m, r := leave(s, c, f.Item)
		return []Event{{Body: &ItemClosed{m.MeetingConvened.Meeting, f.Item}}}, r
	})
	happens(ed, func(s *State, h Happened, b *ItemClosed) { left(s, b.Meeting, b.Item, "closed", h.Index) })
}

// Items lists what was proposed for a meeting, in order of id.
func (s *State) Items(m MeetingID) (list []Item) {
	for _, i := range s.agenda.items.From(string(m) + "/") {
		if i.Meeting != m {
			break
		}
		list = append(list, i)
	}
	return list
}
