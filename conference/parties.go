package conference

// A Party is a member, observer or guest of the body: here a state.
type Party struct {
	ID       PartyID
	Named    PartyNamed
	Statuses []Status // as they were admitted or granted, in order of entry
	Index    int64    // entry that changed it last
}

// An Organisation is a service or ministry of a party.
type Organisation struct {
	OrganisationRegistered
	Index int64 // entry that changed it last
}

// A Place is a city, alley, monument or hall.
type Place struct {
	PlaceNamed
	Index int64 // entry that changed it last
}

// A Status is a party's, from a date, on a basis.
type Status struct {
	Member   bool // else observer
	Left     bool // else neither: it withdrew
	From     Date
	Basis    Term
	Meeting  MeetingID // an observer for one meeting only
	Index    int64
	Reported bool
}

type (
	// AdmitParty makes a party a member from a date.
	AdmitParty PartyAdmitted
	// GrantObserver makes a party an observer from a date.
	GrantObserver ObserverGranted
	// RegisterOrganisation enters a service or ministry of a party.
	RegisterOrganisation OrganisationRegistered
	// NameParty enters a party's names.
	NameParty PartyNamed
	// NamePlace enters a place and its names: what ceremonies, meetings and seats refer to.
	NamePlace PlaceNamed
)

func parties(ed *edition) {
	does(ed, Act{
		Name: "NameParty", Title: "Name a party", Help: "Enters a party under an id with its names in each language, as notified.",
		Who: []Capacity{Secretary, Rapporteur}, Rule: "names are notified by their owner", Refusals: []Code{"missing-language"}, Causes: []string{"PartyNamed"},
	}, func(s *State, c *Call, f *NameParty) ([]Event, *Refusal) {
		if r := s.allLanguages(f.Short); r != nil {
			return nil, r
		}
		e := PartyNamed(*f)
		return []Event{{Body: &e}}, nil
	})
	k := happens(ed, func(s *State, h Happened, b *PartyNamed) {
		p := s.parties.At(string(b.Party))
		p.ID, p.Named, p.Index = b.Party, *b, h.By
		s.parties = s.parties.Set(string(b.Party), p)
	})
	told(k, noMeeting[PartyNamed], func(b *PartyNamed) string { return string(b.Party) })

	does(ed, Act{
		Name: "NamePlace", Title: "Name a place", Help: "Enters a city, alley, monument or hall under an id with its names in each language.",
		Who: []Capacity{Secretary, Rapporteur}, Rule: "names are notified by their owner", Refusals: []Code{"missing-language", "unknown-party"}, Causes: []string{"PlaceNamed"},
	}, func(s *State, c *Call, f *NamePlace) ([]Event, *Refusal) {
		if r := s.allLanguages(f.Names); r != nil {
			return nil, r
		}
		if f.Party != "" && !s.parties.Has(string(f.Party)) {
			return nil, refuse("unknown-party", "GA 25", f.Party)
		}
		e := PlaceNamed(*f)
		return []Event{{Body: &e}}, nil
	})
	k = happens(ed, func(s *State, h Happened, b *PlaceNamed) {
		s.places = s.places.Set(string(b.Place), Place{*b, h.By})
	})
	told(k, noMeeting[PlaceNamed], func(b *PlaceNamed) string { return string(b.Place) })

	does(ed, Act{
		Name: "RegisterOrganisation", Title: "Register an organisation", Help: "Enters a service or ministry of a party; a party may have several.",
		Who: []Capacity{Secretary, Rapporteur}, Rule: "GA 82: one party, one voice", Refusals: []Code{"unknown-party", "missing-language"}, Causes: []string{"OrganisationRegistered"},
	}, func(s *State, c *Call, f *RegisterOrganisation) ([]Event, *Refusal) {
		if !s.parties.Has(string(f.Party)) {
			return nil, refuse("unknown-party", "GA 25", f.Party)
		}
		if r := s.allLanguages(f.Names); r != nil {
			return nil, r
		}
		e := OrganisationRegistered(*f)
		return []Event{{Body: &e}}, nil
	})
	k = happens(ed, func(s *State, h Happened, b *OrganisationRegistered) {
		s.organisations = s.organisations.Set(string(b.Organisation), Organisation{*b, h.By})
	})
	told(k, noMeeting[OrganisationRegistered], func(b *OrganisationRegistered) string { return string(b.Organisation) })

	does(ed, Act{
		Name: "AdmitParty", Title: "Admit a party", Help: "Makes a party a member from a date, on a basis.",
		Who: []Capacity{Secretary}, Attested: true, Rule: membershipRule, Refusals: []Code{"unknown-party", "already-member"}, Causes: []string{"PartyAdmitted"},
	}, func(s *State, c *Call, f *AdmitParty) ([]Event, *Refusal) {
		p, ok := s.parties.Get(string(f.Party))
		if !ok {
			return nil, refuse("unknown-party", "GA 25", f.Party)
		}
		if p.memberOn(f.From, "") {
			return nil, refuse("already-member", membershipRule, f.Party, f.From)
		}
		e := PartyAdmitted(*f)
		return []Event{{Body: &e}}, nil
	})
	k = happens(ed, func(s *State, h Happened, b *PartyAdmitted) {
		s.status(b.Party, h, Status{Member: true, From: b.From, Basis: b.Basis})
	})
	k.all = true
	told(k, noMeeting[PartyAdmitted], func(b *PartyAdmitted) string { return string(b.Party) })

	does(ed, Act{
		Name: "GrantObserver", Title: "Grant observer status", Help: "Makes a party an observer from a date, or for one meeting, on a basis.",
		Who: []Capacity{Secretary}, Attested: true, Rule: membershipRule, Refusals: []Code{"unknown-party", "is-member", "already-observer", "unknown-meeting"}, Causes: []string{"ObserverGranted"},
	}, func(s *State, c *Call, f *GrantObserver) ([]Event, *Refusal) {
		p, ok := s.parties.Get(string(f.Party))
		switch {
		case !ok:
			return nil, refuse("unknown-party", "GA 25", f.Party)
		case f.Meeting != "" && !s.meetings.Has(string(f.Meeting)):
			return nil, refuse("unknown-meeting", c.act.Rule, f.Meeting)
		case p.memberOn(f.From, f.Meeting):
			return nil, refuse("is-member", membershipRule, f.Party, f.From)
		case p.observerOn(f.From, f.Meeting):
			return nil, refuse("already-observer", membershipRule, f.Party, f.From)
		}
		e := ObserverGranted(*f)
		return []Event{{Body: &e}}, nil
	})
	k = happens(ed, func(s *State, h Happened, b *ObserverGranted) {
		s.status(b.Party, h, Status{From: b.From, Basis: b.Basis, Meeting: b.Meeting})
	})
	k.all = true
	told(k, func(b *ObserverGranted) MeetingID { return b.Meeting }, func(b *ObserverGranted) string { return string(b.Party) + "/" + string(b.Meeting) })
}

func noMeeting[B any](*B) MeetingID { return "" }

// allLanguages refuses names that lack a language of the body.
func (s *State) allLanguages(names Names) *Refusal {
	for _, l := range s.Body.Languages {
		if names.In(l) == "" {
			return refuse("missing-language", "the body's languages", l)
		}
	}
	return nil
}

func (s *State) status(p PartyID, h Happened, st Status) {
	party := s.parties.At(string(p))
	st.Index, st.Reported = h.Index, h.Reported != nil
	party.ID, party.Index, party.Statuses = p, h.Index, append(party.Statuses[:len(party.Statuses):len(party.Statuses)], st)
	s.parties = s.parties.Set(string(p), party)
}

// Status is the party's on a day, but for one granted for a single meeting.
func (p Party) Status(day Date) (Status, bool) { return p.statusOn(day, "") }

// statusOn is the party's status on a day at a meeting: the one granted for that meeting, else the latest to
// have begun. Among reports that disagree the one entered last is taken; a page shows them all.
func (p Party) statusOn(day Date, m MeetingID) (st Status, ok bool) {
	for _, x := range p.Statuses {
		switch {
		case x.Meeting != "" && x.Meeting != m, x.From > day:
		case !ok, x.Meeting != "" && st.Meeting == "", x.Meeting == st.Meeting && x.From >= st.From:
			st, ok = x, true
		}
	}
	return st, ok
}

func (p Party) memberOn(day Date, m MeetingID) bool {
	st, ok := p.statusOn(day, m)
	return ok && st.Member
}

func (p Party) observerOn(day Date, m MeetingID) bool {
	st, ok := p.statusOn(day, m)
	return ok && !st.Member && !st.Left
}

// Members lists the members of the body on a day at a meeting, in order of id.
func (s *State) Members(day Date, m MeetingID) (ids []PartyID) {
	for _, p := range s.parties.All() {
		if p.memberOn(day, m) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// Parties lists all parties in order of id.
func (s *State) Parties() (list []Party) {
	for _, p := range s.parties.All() {
		list = append(list, p)
	}
	return list
}

// Party, Organisation and Place return what an id names.
func (s *State) Party(id PartyID) (Party, bool) { return s.parties.Get(string(id)) }

func (s *State) Organisation(id OrganisationID) (Organisation, bool) {
	return s.organisations.Get(string(id))
}

func (s *State) Place(id PlaceID) (Place, bool) { return s.places.Get(string(id)) }

// membershipRule is what admission rests on: the body's own decision, as GA 134-138 have it for the Assembly.
const membershipRule = "the body's decision, named as basis; GA 134-138"

// Places lists all places in order of id.
func (s *State) Places() (list []Place) {
	for _, p := range s.places.All() {
		list = append(list, p)
	}
	return list
}
