package conference

import "slices"

// A Statement is a reservation, a declaration, an objection or a declaration on territory, of a party to an instrument.
type Statement struct {
	ID         NoteID
	Sort       Term // reservation, declaration, objection or territory
	Of         Term // of a declaration: interpretative …
	Instrument InstrumentID
	Party      PartyID
	To         NoteID // of an objection: the reservation
	Provision  string
	Text       string
	Territory  PlaceID
	Excluded   bool // the territory
	Precludes  bool // the objection: the treaty does not enter into force between the two (VCLT 20(4)(b))
	On         Date
	Late       bool
	Until      Date // of a reservation: the last day for objections
	Accepted   bool // by silence (VCLT 20(5))
	Withdrawn  Date
	Index      int64 // entry that made it
	Changed    int64 // entry that changed it last
}

// A Provisional application by a party.
type Provisional struct {
	Instrument InstrumentID
	Party      PartyID
	From       Date
	Ended      Date
	Index      int64
}

type (
	// FormulateReservation reserves a provision for your party (VCLT 19-23).
	FormulateReservation struct {
		Reservation NoteID       `json:"reservation" jsonschema:"id of the reservation"`
		Instrument  InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		Provision   string       `json:"provision" jsonschema:"the provision whose effect it excludes or modifies, as article 7(2)"`
		Text        string       `json:"text" jsonschema:"its words"`
		On          Date         `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// ReservationFormulated is what FormulateReservation causes.
	ReservationFormulated struct {
		Reservation NoteID       `json:"reservation"`
		Instrument  InstrumentID `json:"instrument"`
		Party       PartyID      `json:"party"`
		Provision   string       `json:"provision"`
		Text        string       `json:"text"`
		On          Date         `json:"on"`
		Late        bool         `json:"late,omitempty" jsonschema:"true where it came after the party's consent"`
		Until       Date         `json:"until" jsonschema:"the last day for objections: twelve months (VCLT 20(5))"`
	}
	// ReservationAccepted says that twelve months went by in silence for those who had not objected.
	ReservationAccepted struct {
		Reservation NoteID       `json:"reservation"`
		Instrument  InstrumentID `json:"instrument"`
		Date        Date         `json:"date"`
	}
	// MakeDeclaration declares how your party understands the text, or what it will do.
	MakeDeclaration struct {
		Declaration NoteID       `json:"declaration" jsonschema:"id of the declaration"`
		Instrument  InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		Sort        Term         `json:"sort" jsonschema:"interpretative, optional (an option the text gives) or political"`
		Text        string       `json:"text" jsonschema:"its words"`
		On          Date         `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// DeclarationMade is what MakeDeclaration causes.
	DeclarationMade struct {
		Declaration NoteID       `json:"declaration"`
		Instrument  InstrumentID `json:"instrument"`
		Party       PartyID      `json:"party"`
		Sort        Term         `json:"sort"`
		Text        string       `json:"text"`
		On          Date         `json:"on"`
	}
	// ObjectToReservation objects for your party to another's reservation.
	ObjectToReservation struct {
		Objection   NoteID `json:"objection" jsonschema:"id of the objection"`
		Reservation NoteID `json:"reservation" jsonschema:"id of the reservation"`
		Precludes   bool   `json:"precludes,omitempty" jsonschema:"true where the treaty is not to enter into force between the two"`
		Text        string `json:"text" jsonschema:"its words"`
		On          Date   `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// ReservationObjected is what ObjectToReservation causes.
	ReservationObjected struct {
		Objection   NoteID       `json:"objection"`
		Reservation NoteID       `json:"reservation"`
		Instrument  InstrumentID `json:"instrument"`
		Party       PartyID      `json:"party"`
		Precludes   bool         `json:"precludes,omitempty"`
		Text        string       `json:"text"`
		On          Date         `json:"on"`
	}
	// DeclareTerritory says for your party to which territory the instrument extends, or does not (VCLT 29).
	DeclareTerritory struct {
		Declaration NoteID       `json:"declaration" jsonschema:"id of the declaration"`
		Instrument  InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		Territory   PlaceID      `json:"territory" jsonschema:"id of the place"`
		Excluded    bool         `json:"excluded,omitempty" jsonschema:"true where it does not extend to it"`
		On          Date         `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// TerritoryDeclared is what DeclareTerritory causes.
	TerritoryDeclared struct {
		Declaration NoteID       `json:"declaration"`
		Instrument  InstrumentID `json:"instrument"`
		Party       PartyID      `json:"party"`
		Territory   PlaceID      `json:"territory"`
		Excluded    bool         `json:"excluded,omitempty"`
		On          Date         `json:"on"`
	}
	// WithdrawStatement withdraws your party's reservation, declaration or objection (VCLT 22).
	WithdrawStatement struct {
		Statement NoteID `json:"statement" jsonschema:"id of the reservation, declaration or objection"`
		On        Date   `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// StatementWithdrawn is what WithdrawStatement causes.
	StatementWithdrawn struct {
		Statement NoteID `json:"statement"`
		On        Date   `json:"on"`
	}
	// ApplyProvisionally applies the instrument for your party before it is in force (VCLT 25).
	ApplyProvisionally struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		From       Date         `json:"from" jsonschema:"first day"`
		On         Date         `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// AppliedProvisionally is what ApplyProvisionally causes.
	AppliedProvisionally struct {
		Instrument InstrumentID `json:"instrument"`
		Party      PartyID      `json:"party"`
		From       Date         `json:"from"`
		On         Date         `json:"on"`
	}
	// EndProvisionalApplication says that your party does not intend to become a party (VCLT 25(2)).
	EndProvisionalApplication struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		On         Date         `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// ProvisionalApplicationEnded is what EndProvisionalApplication causes.
	ProvisionalApplicationEnded struct {
		Instrument InstrumentID `json:"instrument"`
		Party      PartyID      `json:"party"`
		On         Date         `json:"on"`
	}
)

// Statements lists reservations, declarations and objections to an instrument, in order of entry.
func (s *State) Statements(id InstrumentID) (list []Statement) {
	for _, x := range s.depositary.statements.All() {
		if x.Instrument == id {
			list = append(list, x)
		}
	}
	slices.SortStableFunc(list, func(a, b Statement) int { return int(a.Index - b.Index) })
	return list
}

// Statement is a reservation, a declaration or an objection by its id.
func (s *State) Statement(id NoteID) (Statement, bool) {
	return s.depositary.statements.Get(string(id))
}

// Provisionals lists who applies an instrument provisionally, or did, in order of party.
func (s *State) Provisionals(id InstrumentID) (list []Provisional) {
	for _, x := range s.depositary.provisional.All() {
		if x.Instrument == id {
			list = append(list, x)
		}
	}
	return list
}

func (b *ReservationFormulated) notice() *Refusal {
	if !b.Late {
		return nil
	}
	return refuse("late", "VCLT 19", b.Party)
}

func (s *State) setStatement(x Statement) {
	s.depositary.statements = s.depositary.statements.Set(string(x.ID), x)
	s.changeInstrument(x.Instrument, x.Changed, func(*Instrument) {})
}

func reservationID(id NoteID) string { return "reservation/" + string(id) }

// stating asks what is asked of every statement: the instrument, a free id, the day, and that the party has a say.
func (s *State) stating(c *Call, id NoteID, instrument InstrumentID, on Date) (Instrument, *Refusal) {
	i, r := s.instrument(instrument)
	switch {
	case r != nil:
		return i, r
	case s.depositary.statements.Has(string(id)):
		return i, refuse("id-taken", "doc/record.md 5", id)
	}
	if r := s.received(c, i, on); r != nil {
		return i, r
	}
	if r := s.running(i, on); r != nil {
		return i, r
	}
	return i, s.contracting(i, PartyID(c.For), on)
}

var ofStatements = []Code{"unknown-instrument", "id-taken", "not-the-day", "terminated", "not-contracting"}

func statements(ed *edition) {
	reservations(ed)
	does(ed, Act{
		Name: "MakeDeclaration", Title: "Make a declaration", Help: "Declares how your party understands the text, or which option it takes; no provision loses its effect by it.",
		Who: depositors, Attested: true, Rule: "VCLT 31; ILC Guide 2011, 1.2", Refusals: ofStatements, Causes: []string{"DeclarationMade"}, Timed: true,
	}, func(s *State, c *Call, f *MakeDeclaration) ([]Event, *Refusal) {
		if !slices.Contains([]Term{"interpretative", "optional", "political"}, f.Sort) {
			return nil, refuse("malformed", "doc/record.md 2", "sort")
		}
		_, r := s.stating(c, f.Declaration, f.Instrument, f.On)
		return []Event{{Body: &DeclarationMade{f.Declaration, f.Instrument, PartyID(c.For), f.Sort, f.Text, f.On}}}, r
	})
	happens(ed, func(s *State, h Happened, b *DeclarationMade) {
		s.setStatement(Statement{ID: b.Declaration, Sort: "declaration", Of: b.Sort, Instrument: b.Instrument, Party: b.Party, Text: b.Text, On: b.On, Index: h.Index, Changed: h.Index})
	})
	does(ed, Act{
		Name: "DeclareTerritory", Title: "Declare territorial application", Help: "Says to which territory of your party the instrument extends, or does not.",
		Who: depositors, Attested: true, Rule: "VCLT 29", Refusals: codes(ofStatements, "unknown-place"), Causes: []string{"TerritoryDeclared"}, Timed: true,
	}, func(s *State, c *Call, f *DeclareTerritory) ([]Event, *Refusal) {
		_, r := s.stating(c, f.Declaration, f.Instrument, f.On)
		if r == nil && !s.places.Has(string(f.Territory)) {
			r = refuse("unknown-place", "VCLT 29", f.Territory)
		}
		return []Event{{Body: &TerritoryDeclared{f.Declaration, f.Instrument, PartyID(c.For), f.Territory, f.Excluded, f.On}}}, r
	})
	happens(ed, func(s *State, h Happened, b *TerritoryDeclared) {
		s.setStatement(Statement{ID: b.Declaration, Sort: "territory", Instrument: b.Instrument, Party: b.Party, Territory: b.Territory, Excluded: b.Excluded, On: b.On, Index: h.Index, Changed: h.Index})
	})
	does(ed, Act{
		Name: "WithdrawStatement", Title: "Withdraw a statement", Help: "Withdraws your party's reservation, declaration or objection; it stays in the record with its last day.",
		Who: depositors, Attested: true, Rule: "VCLT 22", Refusals: []Code{"unknown-statement", "not-yours", "not-the-day"}, Causes: []string{"StatementWithdrawn"}, Timed: true,
	}, func(s *State, c *Call, f *WithdrawStatement) ([]Event, *Refusal) {
		x, ok := s.depositary.statements.Get(string(f.Statement))
		switch {
		case !ok || x.Withdrawn != "":
			return nil, refuse("unknown-statement", "VCLT 22", f.Statement)
		case x.Party != PartyID(c.For):
			return nil, refuse("not-yours", "VCLT 22", f.Statement)
		}
		i, _ := s.Instrument(x.Instrument)
		e := StatementWithdrawn(*f)
		return []Event{{Body: &e}}, s.received(c, i, f.On)
	})
	happens(ed, func(s *State, h Happened, b *StatementWithdrawn) {
		x := s.depositary.statements.At(string(b.Statement))
		if x.Sort == "reservation" {
			s.dues = s.dues.Delete(dueKey(x.Until.begins().AddHours(24), reservationID(x.ID)))
		}
		x.Withdrawn, x.Changed = b.On, h.Index
		s.setStatement(x)
	})
	provisionally(ed)
}

func reservations(ed *edition) {
	does(ed, Act{
		Name: "FormulateReservation", Title: "Formulate a reservation", Help: "Excludes or modifies the effect of a provision for your party, when it signs or consents. Others may object for twelve months.",
		Who: depositors, Attested: true, Rule: "VCLT 19-23", Refusals: codes(ofStatements, "prohibited"), Causes: []string{"ReservationFormulated"}, Notices: []Code{"late"}, Timed: true,
	}, func(s *State, c *Call, f *FormulateReservation) ([]Event, *Refusal) {
		i, r := s.stating(c, f.Reservation, f.Instrument, f.On)
		if r != nil {
			return nil, r
		}
		if !i.ClauseOf().Reservable(f.Provision) {
			return nil, refuse("prohibited", "VCLT 19", f.Provision)
		}
		spans := s.answerOf(i, f.On).Consented(c.For)
		late := len(spans) > 0 && spans[len(spans)-1].From < dayOf(f.On)
		return []Event{{Body: &ReservationFormulated{f.Reservation, f.Instrument, PartyID(c.For), f.Provision, f.Text, f.On, late, Date(dayOf(f.On).AddMonths(12).Date())}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *ReservationFormulated) {
		s.setStatement(Statement{ID: b.Reservation, Sort: "reservation", Instrument: b.Instrument, Party: b.Party, Provision: b.Provision, Text: b.Text, On: b.On, Late: b.Late, Until: b.Until, Index: h.Index, Changed: h.Index})
		s.falls(b.Until.begins().AddHours(24), reservationID(b.Reservation), Event{Body: &ReservationAccepted{b.Reservation, b.Instrument, b.Until}})
	})
	happens(ed, func(s *State, h Happened, b *ReservationAccepted) {
		s.dues = s.dues.Delete(dueKey(b.Date.begins().AddHours(24), reservationID(b.Reservation)))
		x := s.depositary.statements.At(string(b.Reservation))
		x.Accepted, x.Changed = true, h.Index
		s.setStatement(x)
	})
	does(ed, Act{
		Name: "ObjectToReservation", Title: "Object to a reservation", Help: "Objects for your party to another's reservation, within twelve months or when it consents itself.",
		Who: depositors, Attested: true, Rule: "VCLT 20(4)(b), 20(5), 21", Refusals: []Code{"unknown-reservation", "id-taken", "not-the-day", "terminated", "not-contracting", "own-reservation", "after-12-months"}, Causes: []string{"ReservationObjected"}, Timed: true,
	}, func(s *State, c *Call, f *ObjectToReservation) ([]Event, *Refusal) {
		x, ok := s.depositary.statements.Get(string(f.Reservation))
		if !ok || x.Sort != "reservation" || x.Withdrawn != "" {
			return nil, refuse("unknown-reservation", "VCLT 20", f.Reservation)
		}
		i, r := s.stating(c, f.Objection, x.Instrument, f.On)
		if r != nil {
			return nil, r
		}
		if x.Party == PartyID(c.For) {
			return nil, refuse("own-reservation", "VCLT 20", f.Reservation)
		}
		last := dayOf(x.Until)
		if spans := s.answerOf(i, f.On).Consented(c.For); len(spans) > 0 {
			last = max(last, spans[0].From)
		}
		if dayOf(f.On) > last {
			return nil, refuse("after-12-months", "VCLT 20(5)", last)
		}
		return []Event{{Body: &ReservationObjected{f.Objection, f.Reservation, x.Instrument, PartyID(c.For), f.Precludes, f.Text, f.On}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *ReservationObjected) {
		s.setStatement(Statement{ID: b.Objection, Sort: "objection", Instrument: b.Instrument, Party: b.Party, To: b.Reservation, Precludes: b.Precludes, Text: b.Text, On: b.On, Index: h.Index, Changed: h.Index})
	})
}

func provisionally(ed *edition) {
	key := func(i InstrumentID, p PartyID) string { return string(i) + "/" + string(p) }
	does(ed, Act{
		Name: "ApplyProvisionally", Title: "Apply provisionally", Help: "Applies the instrument for your party from a day on, before it is in force, where its clause allows that.",
		Who: depositors, Attested: true, Rule: "VCLT 25", Refusals: []Code{"unknown-instrument", "not-the-day", "terminated", "not-contracting", "not-provisional", "already-in-force", "already-provisional"}, Causes: []string{"AppliedProvisionally"}, Timed: true,
	}, func(s *State, c *Call, f *ApplyProvisionally) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r == nil {
			r = s.received(c, i, f.On)
		}
		if r == nil {
			r = s.running(i, f.On)
		}
		if r == nil {
			r = s.contracting(i, PartyID(c.For), f.On)
		}
		x, applies := s.depositary.provisional.Get(key(f.Instrument, PartyID(c.For)))
		switch {
		case r != nil:
		case len(f.From) != 10:
			r = refuse("malformed", "doc/record.md 2", "from")
		case !i.ClauseOf().Provisional:
			r = refuse("not-provisional", "VCLT 25(1)", f.Instrument)
		case s.answerOf(i, f.On).InForce(dayOf(f.On)):
			r = refuse("already-in-force", "VCLT 25(1)", f.Instrument)
		case applies && x.Ended == "":
			r = refuse("already-provisional", "VCLT 25(1)", c.For)
		}
		return []Event{{Body: &AppliedProvisionally{f.Instrument, PartyID(c.For), f.From, f.On}}}, r
	})
	happens(ed, func(s *State, h Happened, b *AppliedProvisionally) {
		s.depositary.provisional = s.depositary.provisional.Set(key(b.Instrument, b.Party), Provisional{b.Instrument, b.Party, b.From, "", h.Index})
		s.changeInstrument(b.Instrument, h.Index, func(*Instrument) {})
	})
	does(ed, Act{
		Name: "EndProvisionalApplication", Title: "End provisional application", Help: "Says that your party does not intend to become a party; it applies the instrument no longer.",
		Who: depositors, Attested: true, Rule: "VCLT 25(2)", Refusals: []Code{"unknown-instrument", "not-the-day", "not-applied"}, Causes: []string{"ProvisionalApplicationEnded"}, Timed: true,
	}, func(s *State, c *Call, f *EndProvisionalApplication) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r == nil {
			r = s.received(c, i, f.On)
		}
		if x, ok := s.depositary.provisional.Get(key(f.Instrument, PartyID(c.For))); r == nil && (!ok || x.Ended != "") {
			r = refuse("not-applied", "VCLT 25(2)", c.For, f.Instrument)
		}
		return []Event{{Body: &ProvisionalApplicationEnded{f.Instrument, PartyID(c.For), f.On}}}, r
	})
	happens(ed, func(s *State, h Happened, b *ProvisionalApplicationEnded) {
		x := s.depositary.provisional.At(key(b.Instrument, b.Party))
		x.Ended, x.Index = b.On, h.Index
		s.depositary.provisional = s.depositary.provisional.Set(key(b.Instrument, b.Party), x)
		s.changeInstrument(b.Instrument, h.Index, func(*Instrument) {})
	})
}
