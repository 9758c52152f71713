package conference

import (
	"slices"

	"kurultai/record"
	"kurultai/rules"
)

// Body is who keeps the record.
type Body struct {
	ID        BodyID
	Names     Names
	Seat      PlaceID
	Languages []Language
	Zone      string
	Emblem    *record.Blob // a picture (PNG); nil: it has none
}

// An Office is a capacity somebody holds.
type Office struct {
	Person   PersonID
	Capacity Capacity
	For      PartyID // for heads: whom they speak for
	From     record.Instant
	Index    int64
}

type (
	// FoundBody founds the record: its first entry.
	FoundBody struct {
		ID        BodyID     `json:"id" jsonschema:"id of the body"`
		Names     Names      `json:"names" jsonschema:"pairs of language and name"`
		Seat      PlaceID    `json:"seat" jsonschema:"the place of its seat"`
		Languages []Language `json:"languages" jsonschema:"languages of the body"`
		Zone      string     `json:"zone" jsonschema:"time zone of its seat, as Asia/Baku"`
		Offices   []Holding  `json:"offices" jsonschema:"who holds which office, two secretaries or more"`

		Emblem *record.Blob `json:"emblem,omitempty" jsonschema:"its emblem, as a file (PNG, W3C Recommendation 2003)"`
	}
	// A Holding is a person in a capacity.
	Holding struct {
		Person   PersonID `json:"person" jsonschema:"16 random bytes in hex"`
		Capacity Capacity `json:"capacity"`
	}
	// BodyFounded is what FoundBody causes.
	BodyFounded FoundBody

	// AdoptRules puts rules of procedure in force. They stand in act and event, so deciding reads nothing else.
	AdoptRules struct {
		Rules rules.Rules `json:"rules" jsonschema:"the rules, as data"`
		Basis string      `json:"basis" jsonschema:"the decision they rest on"`
	}
	// RulesAdopted is what AdoptRules causes.
	RulesAdopted AdoptRules

	// GrantOffice gives a person a capacity, from now.
	GrantOffice struct {
		Person   PersonID `json:"person" jsonschema:"a registered person"`
		Capacity Capacity `json:"capacity" jsonschema:"Chair, Delegate, Depositary, Head, ObserverHead, Press, Protocol, Rapporteur or Secretary"`
		For      PartyID  `json:"for,omitempty" jsonschema:"for heads and delegates: the party they speak for"`
	}
	// OfficeGranted is what GrantOffice causes.
	OfficeGranted GrantOffice

	// AdoptEdition puts a later edition of the deciding code in force, from the next act on.
	AdoptEdition struct {
		Edition int64 `json:"edition" jsonschema:"number of the edition"`
	}
	// EditionAdopted is what AdoptEdition causes.
	EditionAdopted AdoptEdition
)

// MaxEmblem is the largest size of an emblem, in bytes: every page shows it.
const MaxEmblem = 256 << 10

// MaxRules is the largest size of rules of procedure as data, in bytes.
const MaxRules = 24000

func body(ed *edition) {
	does(ed, Act{
		Name: "FoundBody", Title: "Found the body", Help: "Begins the record of a body with its names, seat, languages and first officers.",
		Who: []Capacity{Secretary}, Rule: "doc/record.md 5", Refusals: []Code{"body-exists", "two-secretaries", "too-large"}, Causes: []string{"BodyFounded"},
	}, func(s *State, c *Call, f *FoundBody) ([]Event, *Refusal) {
		var secretaries []PersonID
		for _, o := range f.Offices {
			if o.Person == UnnamedPerson || o.Capacity.ofParty() { // a head's office is of a party
				return nil, refuse("malformed", "doc/record.md 2", "offices")
			}
			if o.Capacity == Secretary && !slices.Contains(secretaries, o.Person) {
				secretaries = append(secretaries, o.Person)
			}
		}
		if len(secretaries) < 2 || !slices.Contains(secretaries, PersonID(c.By)) {
			return nil, refuse("two-secretaries", "doc/record.md 5")
		}
		if origin, story := record.StoryBody(c.Origin); story && origin != string(f.ID) {
			return nil, refuse("malformed", "doc/record.md 9", "id")
		}
		if f.Emblem != nil && f.Emblem.Size > MaxEmblem {
			return nil, refuse("too-large", "doc/record.md 5", f.Emblem.Size, MaxEmblem)
		}
		e := BodyFounded(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *BodyFounded) {
		s.Edition = 1
		s.Body = Body{b.ID, b.Names, b.Seat, b.Languages, b.Zone, b.Emblem}
		for _, o := range b.Offices {
			s.grant(Office{o.Person, o.Capacity, "", h.At, h.Index})
		}
	})

	does(ed, Act{
		Name: "AdoptRules", Title: "Adopt rules of procedure", Help: "Puts rules of procedure in force; the numbers stand in the record.",
		Who: []Capacity{Secretary, Chair}, Attested: true, Rule: "GA 160-163; the decision named as basis", Refusals: []Code{"too-large"}, Causes: []string{"RulesAdopted"},
	}, func(s *State, c *Call, f *AdoptRules) ([]Event, *Refusal) {
		if n := len(c.Fields.Str); n > MaxRules {
			return nil, refuse("too-large", "doc/record.md 5", n, MaxRules)
		}
		e := RulesAdopted(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *RulesAdopted) {
		s.Rules, s.RulesAt = b.Rules, h.Index
	})

	does(ed, Act{
		Name: "GrantOffice", Title: "Grant an office", Help: "Gives a registered person a capacity. Two secretaries do it together.",
		Who: []Capacity{Secretary}, TwoPersons: true, Attested: true, Rule: "GA 30-31, 46-47", Refusals: []Code{"one-person-only", "unknown-person", "already-holder", "unknown-party", "no-party"}, Causes: []string{"OfficeGranted"},
	}, func(s *State, c *Call, f *GrantOffice) ([]Event, *Refusal) {
		if !s.persons.Has(string(f.Person)) {
			return nil, refuse("unknown-person", "doc/record.md 3", f.Person)
		}
		if f.Capacity.ofParty() != (f.For != "") {
			return nil, refuse("no-party", "VCR 47-48", f.Capacity)
		}
		if f.For != "" && !s.parties.Has(string(f.For)) {
			return nil, refuse("unknown-party", "GA 25", f.For)
		}
		if s.Holds(f.Person, f.Capacity, f.For, c.At) {
			return nil, refuse("already-holder", "GA 30-31", f.Person, f.Capacity)
		}
		e := OfficeGranted(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *OfficeGranted) {
		s.grant(Office{b.Person, b.Capacity, b.For, h.At, h.Index})
	})

	does(ed, Act{
		Name: "AdoptEdition", Title: "Adopt an edition", Help: "Puts a later edition of the deciding code in force, from the next act on. Two secretaries do it together.",
		Who: []Capacity{Secretary}, TwoPersons: true, Attested: true, Rule: "doc/record.md 5", Refusals: []Code{"one-person-only", "not-later"}, Causes: []string{"EditionAdopted"},
	}, func(s *State, c *Call, f *AdoptEdition) ([]Event, *Refusal) {
		if f.Edition <= s.Edition {
			return nil, refuse("not-later", "doc/record.md 5", f.Edition, s.Edition)
		}
		if editions[f.Edition] == nil {
			return nil, refuse("edition-unknown", "doc/record.md 5", f.Edition)
		}
		return []Event{{Body: &EditionAdopted{f.Edition}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *EditionAdopted) { s.Edition = b.Edition })

	does(ed, Act{
		Name: "TimeCame", Title: "An instant came", Help: "The writer's own act when something falls due; its time is the deadline.",
		Who: []Capacity{Clock}, Rule: "doc/record.md 6", Refusals: []Code{"not-due"}, Timed: true,
	}, func(s *State, c *Call, f *TimeCame) ([]Event, *Refusal) {
		for _, d := range s.dues.All() {
			if d.at > c.At {
				break
			}
			if d.id == f.Due {
				events := slices.Clone(d.events)
				for _, e := range d.events {
					events = append(events, s.follows(e, d.at)...)
				}
				return events, nil
			}
		}
		return nil, refuse("not-due", "doc/record.md 6", f.Due)
	})
}

// follows is what an event that falls due at an instant brings about, as the record stands then: of a silence that held,
// the commitments that the draft carried; of a withdrawal that leaves too few, the end by the clause.
func (s *State) follows(e Event, at record.Instant) []Event {
	switch b := e.Body.(type) {
	case *Adopted:
		return s.undertakes(b.Proposal, b.Decision, at)
	case *Withdrawn:
		return s.leavesTooFew(b)
	}
	return nil
}

// TimeCame names what falls due.
type TimeCame struct {
	Due string `json:"due" jsonschema:"id of what falls due"`
}

func officeKey(p PersonID, c Capacity, party PartyID) string {
	return string(c) + "/" + string(party) + "/" + string(p)
}

func (s *State) grant(o Office) {
	s.offices = s.offices.Set(officeKey(o.Person, o.Capacity, o.For), o)
	if p, ok := s.persons.Get(string(o.Person)); ok {
		p.Index = o.Index
		s.persons = s.persons.Set(string(o.Person), p)
	}
}

// revoke ends an office.
func (s *State) revoke(p PersonID, c Capacity, party PartyID, index int64) {
	s.offices = s.offices.Delete(officeKey(p, c, party))
	if x, ok := s.persons.Get(string(p)); ok {
		x.Index = index
		s.persons = s.persons.Set(string(p), x)
	}
}

// Holds reports whether a person holds a capacity at a time. Heads hold it for one party; others for none, and
// then the party they act for does not matter.
func (s *State) Holds(p PersonID, c Capacity, party PartyID, at record.Instant) bool {
	if !c.ofParty() {
		party = ""
	}
	o, ok := s.offices.Get(officeKey(p, c, party))
	return ok && o.From <= at
}

// Holders yields who holds a capacity, in order of party, then person.
func (s *State) Holders(c Capacity) (offices []Office) {
	for _, o := range s.offices.From(string(c) + "/") {
		if o.Capacity != c {
			break
		}
		offices = append(offices, o)
	}
	return offices
}
