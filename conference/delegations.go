package conference

import "slices"

// delegationsState is who a party sends.
type delegationsState struct {
	all        Ordered[string, Delegation] // by meeting and party
	accredited Ordered[string, string]     // by meeting and person: accredited or refused
}

// A Delegation is the persons a party sends to a meeting.
type Delegation struct {
	Party   PartyID
	Members []DelegationMember
	Acting  PersonID // acting head, or ""
	Index   int64    // entry that changed it last
}

// A DelegationMember is one of a delegation.
type DelegationMember struct {
	Person       PersonID       `json:"person" jsonschema:"a registered person"`
	Role         string         `json:"role" jsonschema:"head, delegate, alternate, adviser or staff"`
	Rank         Term           `json:"rank,omitempty" jsonschema:"rank"`
	Office       Term           `json:"office,omitempty" jsonschema:"office"`
	Organisation OrganisationID `json:"organisation,omitempty" jsonschema:"service or ministry"`
}

// Delegation returns who a party sends to a meeting.
func (s *State) Delegation(m MeetingID, p PartyID) (Delegation, bool) {
	return s.delegations.all.Get(string(m) + "/" + string(p))
}

func (d Delegation) has(p PersonID) bool {
	return slices.ContainsFunc(d.Members, func(m DelegationMember) bool { return m.Person == p })
}

type (
	// NominateDelegation names the persons a party sends.
	NominateDelegation struct {
		Party   PartyID            `json:"party" jsonschema:"the party"`
		Members []DelegationMember `json:"members" jsonschema:"its persons, one of them its head"`
	}
	// DelegationNominated is what NominateDelegation causes; head and delegates hold their offices from then on.
	DelegationNominated struct {
		Meeting  MeetingID          `json:"meeting"`
		Party    PartyID            `json:"party"`
		Observer bool               `json:"observer,omitempty"`
		Members  []DelegationMember `json:"members"`
	}
	// ReplaceDelegate puts one person in another's place.
	ReplaceDelegate struct {
		Out PersonID         `json:"out" jsonschema:"who leaves the delegation"`
		In  DelegationMember `json:"in" jsonschema:"who takes the place"`
	}
	// DelegateReplaced is what ReplaceDelegate causes.
	DelegateReplaced struct {
		Meeting  MeetingID        `json:"meeting"`
		Party    PartyID          `json:"party"`
		Observer bool             `json:"observer,omitempty"`
		Out      PersonID         `json:"out"`
		In       DelegationMember `json:"in"`
	}
	// NameActingHead lets another of the delegation act as its head.
	NameActingHead struct {
		Person PersonID `json:"person" jsonschema:"one of the delegation"`
	}
	// ActingHeadNamed is what NameActingHead causes.
	ActingHeadNamed struct {
		Meeting  MeetingID `json:"meeting"`
		Party    PartyID   `json:"party"`
		Observer bool      `json:"observer,omitempty"`
		Person   PersonID  `json:"person"`
	}
	// Accredit accredits a person to a meeting.
	Accredit struct {
		Person PersonID `json:"person" jsonschema:"one of a delegation"`
		Zones  []Term   `json:"zones,omitempty" jsonschema:"where the person may go"`
		Until  Date     `json:"until,omitempty" jsonschema:"last day it is good for"`
	}
	// PersonAccredited is what Accredit causes.
	PersonAccredited struct {
		Meeting MeetingID `json:"meeting"`
		Person  PersonID  `json:"person"`
		Zones   []Term    `json:"zones,omitempty"`
		Until   Date      `json:"until,omitempty"`
	}
	// RefuseAccreditation does not accredit a person, and says why.
	RefuseAccreditation struct {
		Person PersonID `json:"person" jsonschema:"one of a delegation"`
		Ground Term     `json:"ground" jsonschema:"why"`
	}
	// AccreditationRefused is what RefuseAccreditation causes.
	AccreditationRefused struct {
		Meeting MeetingID `json:"meeting"`
		Person  PersonID  `json:"person"`
		Ground  Term      `json:"ground"`
	}
)

// officeOf is the capacity a role in a delegation gives.
func officeOf(role string, observer bool) Capacity {
	switch {
	case role == "head" && observer:
		return ObserverHead
	case role == "head":
		return Head
	case (role == "delegate" || role == "alternate") && !observer:
		return Delegate
	}
	return ""
}

func (s *State) nominated(p PartyID, m DelegationMember, observer bool, h Happened) {
	if c := officeOf(m.Role, observer); c != "" {
		s.grant(Office{m.Person, c, p, h.At, h.Index})
	}
}

func (s *State) setDelegation(m MeetingID, d Delegation, index int64) {
	d.Index = index
	s.delegations.all = s.delegations.all.Set(string(m)+"/"+string(d.Party), d)
}

var roles = []string{"head", "delegate", "alternate", "adviser", "staff"}

func delegations(ed *edition) {
	ed.thing("delegation", func(s *State, id string) (int64, bool) { d, ok := s.delegations.all.Get(id); return d.Index, ok })
	does(ed, Act{
		Name: "NominateDelegation", Title: "Nominate a delegation", Help: "Names the persons a party sends: one head, and no more delegates than the rules allow.",
		Who: []Capacity{Head, ObserverHead, Secretary}, Attested: true, Rule: "GA 25; VCR 47-48", Refusals: []Code{"unknown-meeting", "meeting-closed", "unknown-party", "not-entitled", "not-invited", "no-head", "two-heads", "over-size", "unknown-person", "unknown-organisation", "already-nominated"}, Causes: []string{"DelegationNominated"},
	}, func(s *State, c *Call, f *NominateDelegation) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return nil, r
		}
		id := m.MeetingConvened.Meeting
		p, ok := s.parties.Get(string(f.Party))
		_, invited := s.Invitation(id, f.Party)
		_, done := s.Delegation(id, f.Party)
		switch {
		case m.Closed:
			return nil, refuse("meeting-closed", "GA 25", id)
		case !ok:
			return nil, refuse("unknown-party", "GA 25", f.Party)
		case c.As != string(Secretary) && PartyID(c.For) != f.Party:
			return nil, refuse("not-entitled", "VCR 47", c.For, f.Party)
		case !s.convening.invitations.Empty() && !invited:
			return nil, refuse("not-invited", "practice", f.Party)
		case done:
			return nil, refuse("already-nominated", "GA 25", f.Party)
		}
		count := map[string]int64{}
		for i, x := range f.Members {
			switch {
			case !slices.Contains(roles, x.Role) || slices.ContainsFunc(f.Members[:i], func(o DelegationMember) bool { return o.Person == x.Person }):
				return nil, refuse("malformed", "doc/record.md 2", "members")
			case !s.persons.Has(string(x.Person)):
				return nil, refuse("unknown-person", "GA 25", x.Person)
			case x.Organisation != "" && !s.organisations.Has(string(x.Organisation)):
				return nil, refuse("unknown-organisation", "GA 25", x.Organisation)
			}
			count[x.Role]++
		}
		size := s.Rules.OverSize
		switch {
		case count["head"] == 0:
			return nil, refuse("no-head", "VCR 47", f.Party)
		case count["head"] > 1:
			return nil, refuse("two-heads", "VCR 47", f.Party)
		case size != nil && count["head"]+count["delegate"] > size.Delegates:
			return nil, refuse("over-size", size.Rule, count["head"]+count["delegate"], size.Delegates)
		case size != nil && count["alternate"] > size.Alternates:
			return nil, refuse("over-size", size.Rule, count["alternate"], size.Alternates)
		}
		return []Event{{Body: &DelegationNominated{id, f.Party, !p.memberOn(m.From, id), f.Members}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *DelegationNominated) {
		s.setDelegation(b.Meeting, Delegation{Party: b.Party, Members: b.Members}, h.Index)
		for _, m := range b.Members {
			s.nominated(b.Party, m, b.Observer, h)
		}
	})
	replacing(ed)
	accrediting(ed)
}

func replacing(ed *edition) {
	own := func(s *State, c *Call, p PersonID) (Meeting, Delegation, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return m, Delegation{}, r
		}
		d, _ := s.Delegation(m.MeetingConvened.Meeting, PartyID(c.For))
		if !d.has(p) {
			r = refuse("not-in-delegation", "VCR 48", p)
		}
		return m, d, r
	}
	does(ed, Act{
		Name: "ReplaceDelegate", Title: "Replace a delegate", Help: "Puts one person in another's place in your delegation.",
		Who: []Capacity{Head, ObserverHead}, Attested: true, Rule: "GA 25; VCR 48", Refusals: []Code{"unknown-meeting", "not-in-delegation", "unknown-person", "two-heads"}, Causes: []string{"DelegateReplaced"},
	}, func(s *State, c *Call, f *ReplaceDelegate) ([]Event, *Refusal) {
		m, d, r := own(s, c, f.Out)
		switch {
		case r != nil:
			return nil, r
		case !s.persons.Has(string(f.In.Person)):
			return nil, refuse("unknown-person", "GA 25", f.In.Person)
		case !slices.Contains(roles, f.In.Role) || d.has(f.In.Person):
			return nil, refuse("malformed", "doc/record.md 2", "in")
		case f.In.Role == "head" && slices.ContainsFunc(d.Members, func(x DelegationMember) bool { return x.Role == "head" && x.Person != f.Out }):
			return nil, refuse("two-heads", "VCR 47", d.Party)
		}
		return []Event{{Body: &DelegateReplaced{m.MeetingConvened.Meeting, d.Party, c.As == string(ObserverHead), f.Out, f.In}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *DelegateReplaced) {
		d := s.delegations.all.At(string(b.Meeting) + "/" + string(b.Party))
		d.Members = slices.Clone(d.Members)
		for i, m := range d.Members {
			if m.Person == b.Out {
				s.revoke(b.Out, officeOf(m.Role, b.Observer), b.Party, h.Index)
				d.Members[i] = b.In
			}
		}
		s.setDelegation(b.Meeting, d, h.Index)
		s.nominated(b.Party, b.In, b.Observer, h)
	})
	does(ed, Act{
		Name: "NameActingHead", Title: "Name an acting head", Help: "Lets another of your delegation act as its head.",
		Who: []Capacity{Head, ObserverHead}, Attested: true, Rule: "VCR 48", Refusals: []Code{"unknown-meeting", "not-in-delegation", "already-holder"}, Causes: []string{"ActingHeadNamed"},
	}, func(s *State, c *Call, f *NameActingHead) ([]Event, *Refusal) {
		m, d, r := own(s, c, f.Person)
		if r != nil {
			return nil, r
		}
		if s.Holds(f.Person, Capacity(c.As), d.Party, c.At) {
			return nil, refuse("already-holder", "VCR 48", f.Person, c.As)
		}
		return []Event{{Body: &ActingHeadNamed{m.MeetingConvened.Meeting, d.Party, c.As == string(ObserverHead), f.Person}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *ActingHeadNamed) {
		d := s.delegations.all.At(string(b.Meeting) + "/" + string(b.Party))
		d.Acting = b.Person
		s.setDelegation(b.Meeting, d, h.Index)
		s.grant(Office{b.Person, officeOf("head", b.Observer), b.Party, h.At, h.Index})
	})
}

func accrediting(ed *edition) {
	nominated := func(s *State, c *Call, p PersonID) (Meeting, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return m, r
		}
		id := m.MeetingConvened.Meeting
		for _, party := range s.parties.All() {
			if d, ok := s.Delegation(id, party.ID); ok && d.has(p) {
				if s.delegations.accredited.At(string(id)+"/"+string(p)) == "accredited" {
					return m, refuse("already-accredited", "VCR 44", p)
				}
				return m, nil
			}
		}
		return m, refuse("not-nominated", "VCR 44", p)
	}
	does(ed, Act{
		Name: "Accredit", Title: "Accredit", Help: "Accredits one of a delegation to the meeting.",
		Who: []Capacity{Secretary}, Rule: "VCR 44; GA 27", Refusals: []Code{"unknown-meeting", "not-nominated", "already-accredited"}, Causes: []string{"PersonAccredited"},
	}, func(s *State, c *Call, f *Accredit) ([]Event, *Refusal) {
		m, r := nominated(s, c, f.Person)
		return []Event{{Body: &PersonAccredited{m.MeetingConvened.Meeting, f.Person, f.Zones, f.Until}}}, r
	})
	happens(ed, func(s *State, h Happened, b *PersonAccredited) {
		s.delegations.accredited = s.delegations.accredited.Set(string(b.Meeting)+"/"+string(b.Person), "accredited")
	})
	does(ed, Act{
		Name: "RefuseAccreditation", Title: "Refuse accreditation", Help: "Does not accredit one of a delegation, and says why.",
		Who: []Capacity{Secretary}, Rule: "VCR 44", Refusals: []Code{"unknown-meeting", "not-nominated", "already-accredited"}, Causes: []string{"AccreditationRefused"},
	}, func(s *State, c *Call, f *RefuseAccreditation) ([]Event, *Refusal) {
		m, r := nominated(s, c, f.Person)
		return []Event{{Body: &AccreditationRefused{m.MeetingConvened.Meeting, f.Person, f.Ground}}}, r
	})
	happens(ed, func(s *State, h Happened, b *AccreditationRefused) {
		s.delegations.accredited = s.delegations.accredited.Set(string(b.Meeting)+"/"+string(b.Person), "refused")
	})
}
