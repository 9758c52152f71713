package conference

import (
	"slices"

	"kurultai/record"

	treaty "kurultai/depositary"
)

// depositaryState is what the parties to instruments did after the text was opened, and what followed.
type depositaryState struct {
	acts        Ordered[string, []PartyAct]  // by instrument, in order of entry
	settled     Ordered[string, Settled]     // by instrument
	statements  Ordered[string, Statement]   // reservations, declarations, objections, by id
	corrections Ordered[string, Correction]  // by id
	provisional Ordered[string, Provisional] // by instrument and party
	notified    Ordered[string, DepositaryNotification]
	copies      Ordered[string, []Copy]         // by instrument, in order of entry
	sent        Ordered[string, []Transmission] // by instrument, in order of entry
	registered  Ordered[string, Registration]
	suspended   Ordered[string, Suspension] // by id
	ended       Ordered[string, Ending]     // by instrument
}

// A PartyAct is a deposit, a succession, a withdrawal or its revocation: none replaces another.
type PartyAct struct {
	Party       PartyID
	Sort        Term // as the depositary reckons: ratification, succession, withdrawal …
	On          Date // of receipt, at the depositary's seat
	Effective   Date // where that is another day
	From        Date // from when it binds, where that was known on the day; of a withdrawal, when it ends
	Predecessor PartyID
	Office      Term // who signed the paper
	Paper       record.Digest
	Index       int64
}

// Settled is an entry into force whose day is known.
type Settled struct {
	EntryIntoForceSettled
	Index   int64
	Entered int64 // entry of the Clock that says it came, or 0
}

type (
	// DepositConsent deposits your party's consent to be bound (VCLT 11, 14-16).
	DepositConsent struct {
		Instrument InstrumentID  `json:"instrument" jsonschema:"id of the instrument"`
		Means      Term          `json:"means" jsonschema:"ratification, acceptance, approval, accession, or notification that domestic procedures are complete"`
		Office     Term          `json:"office" jsonschema:"who signed it: head-of-state, head-of-government or foreign-minister"`
		Paper      record.Digest `json:"paper" jsonschema:"SHA-256 of the scan"`
		On         Date          `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// ConsentDeposited is what DepositConsent causes.
	ConsentDeposited struct {
		Instrument InstrumentID  `json:"instrument"`
		Party      PartyID       `json:"party"`
		Means      Term          `json:"means"`
		Office     Term          `json:"office"`
		Paper      record.Digest `json:"paper"`
		On         Date          `json:"on"`
		From       Date          `json:"from,omitempty" jsonschema:"the day from which it binds the party, where the treaty's own is settled"`
	}
	// NotifySuccession says that your party succeeds to another's consent (VCSS 1978, 17, 22).
	NotifySuccession struct {
		Instrument  InstrumentID  `json:"instrument" jsonschema:"id of the instrument"`
		Predecessor PartyID       `json:"predecessor" jsonschema:"the state whose consent it succeeds to"`
		From        Date          `json:"from" jsonschema:"the day of the succession"`
		Paper       record.Digest `json:"paper" jsonschema:"SHA-256 of the scan"`
		On          Date          `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// SuccessionNotified is what NotifySuccession causes. The predecessor's own instrument stays beside it.
	SuccessionNotified struct {
		Instrument  InstrumentID  `json:"instrument"`
		Party       PartyID       `json:"party"`
		Predecessor PartyID       `json:"predecessor"`
		From        Date          `json:"from"`
		Paper       record.Digest `json:"paper"`
		On          Date          `json:"on"`
	}
	// EntryIntoForceSettled says when the instrument enters into force; it stands in the entry of what settled it.
	EntryIntoForceSettled struct {
		Instrument InstrumentID `json:"instrument"`
		Date       Date         `json:"date" jsonschema:"the day of entry into force"`
		Decided    Date         `json:"decided" jsonschema:"the day the conditions were met"`
		By         []PartyID    `json:"by,omitempty" jsonschema:"whose acts of that day brought it about, all of them"`
		Working    []Reckoned   `json:"working" jsonschema:"the steps of the reckoning"`
	}
	// Reckoned is a step of the working, as the depositary reckoned it.
	Reckoned struct {
		What Term  `json:"what" jsonschema:"consents, share, parties, together, delay …"`
		Need int64 `json:"need,omitempty"`
		Have int64 `json:"have,omitempty"`
		Day  Date  `json:"day" jsonschema:"when it was met, or what it leads to"`
	}
	// EnteredIntoForce says that the day came, for the instrument or for a party that came later.
	EnteredIntoForce struct {
		Instrument InstrumentID `json:"instrument"`
		Date       Date         `json:"date"`
		Party      PartyID      `json:"party,omitempty" jsonschema:"the party that came later; absent: the instrument itself"`
	}
	// NotifyWithdrawal denounces the instrument for your party, or takes its consent back before it is bound.
	NotifyWithdrawal struct {
		Instrument InstrumentID  `json:"instrument" jsonschema:"id of the instrument"`
		Paper      record.Digest `json:"paper" jsonschema:"SHA-256 of the scan"`
		On         Date          `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// WithdrawalNotified is what NotifyWithdrawal causes.
	WithdrawalNotified struct {
		Instrument InstrumentID  `json:"instrument"`
		Party      PartyID       `json:"party"`
		Paper      record.Digest `json:"paper"`
		On         Date          `json:"on"`
		Effective  Date          `json:"effective" jsonschema:"the first day on which it is no longer bound"`
	}
	// RevokeWithdrawal takes a withdrawal back before it takes effect (VCLT 68).
	RevokeWithdrawal struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		On         Date         `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// WithdrawalRevoked is what RevokeWithdrawal causes.
	WithdrawalRevoked struct {
		Instrument InstrumentID `json:"instrument"`
		Party      PartyID      `json:"party"`
		On         Date         `json:"on"`
	}
	// Withdrawn says that the day of a withdrawal came.
	Withdrawn struct {
		Instrument InstrumentID `json:"instrument"`
		Party      PartyID      `json:"party"`
		Date       Date         `json:"date"`
	}
)

// PartyActs lists what parties did after the text was opened, in order of entry; signatures stand with the instrument.
func (s *State) PartyActs(id InstrumentID) []PartyAct { return s.depositary.acts.At(string(id)) }

// EntryIntoForce is the day an instrument enters or entered into force, where it is settled.
func (s *State) EntryIntoForce(id InstrumentID) (Settled, bool) {
	return s.depositary.settled.Get(string(id))
}

// ClauseOf is an instrument's clause; without one it is VCLT 24(2).
func (i Instrument) ClauseOf() treaty.Clause {
	if i.Clause == nil {
		return treaty.Clause{}
	}
	return *i.Clause
}

// FactsOf are what an instrument's clause is reckoned over: signatures by the day they were given (UTC), deposits by the day
// of receipt. What was signed ad referendum binds, once confirmed, from the day of the confirmation (VCLT 12(2)(b)).
func (s *State) FactsOf(i Instrument) (f treaty.Facts) {
	c := i.ClauseOf()
	f.Groups, f.Quantities, f.Organisations = c.Groups, c.Quantities, c.Organisations
	for _, p := range i.Signatories {
		f.Negotiating = append(f.Negotiating, string(p))
	}
	for n, g := range i.Signed {
		if !i.Completes(n) {
			continue
		}
		sort := treaty.Signature
		if g.Mode == "definitive" {
			sort = treaty.Definitive
		}
		f.Acts = append(f.Acts, treaty.Act{Party: string(g.Party), Sort: sort, Day: treaty.Day(g.At.Day())})
		if g.Confirmed > 0 {
			f.Acts = append(f.Acts, treaty.Act{Party: string(g.Party), Sort: treaty.Definitive, Day: treaty.Day(g.ConfirmedAt.Day())})
		}
	}
	for _, a := range s.PartyActs(i.Instrument) {
		f.Acts = append(f.Acts, a.reckoned())
	}
	if x, ok := s.Ending(i.Instrument); ok && x.On != "" {
		f.Acts = append(f.Acts, treaty.Act{Sort: treaty.Terminates, Day: dayOf(x.On), Effective: dayOf(x.Date)})
	}
	return f
}

func (a PartyAct) reckoned() treaty.Act {
	x := treaty.Act{Party: string(a.Party), Sort: string(a.Sort), Day: dayOf(a.On)}
	if a.Effective != "" {
		x.Effective = dayOf(a.Effective)
	}
	return x
}

func dayOf(d Date) treaty.Day { return treaty.Date(d).Day() }

// received refuses a day that is not the day of the act, anywhere on earth: what it is at the seat the act says. Nor may it
// lie before what was done on the instrument already: what that settled stays as it was reckoned.
func (s *State) received(c *Call, i Instrument, on Date) *Refusal {
	day, err := treaty.ParseDay(string(on))
	late := func(a treaty.Act) bool { return a.Day > day }
	if err != nil || day < treaty.Day(c.At.Day()-1) || day > treaty.Day(c.At.Day()+1) || slices.ContainsFunc(s.FactsOf(i).Acts, late) {
		return refuse("not-the-day", "VCLT 78", on)
	}
	return nil
}

// settles adds what an act of a party brings about: the instrument's entry into force, where it was not settled before.
func (s *State) settles(i Instrument, acts ...treaty.Act) []Event {
	if _, ok := s.EntryIntoForce(i.Instrument); ok {
		return nil
	}
	f := s.FactsOf(i)
	f.Acts = append(f.Acts, acts...)
	a := i.ClauseOf().Reckon(f, acts[len(acts)-1].Day)
	if !a.Settled {
		return nil
	}
	e := &EntryIntoForceSettled{Instrument: i.Instrument, Date: Date(a.Enters.Date()), Decided: Date(a.Decided.Date())}
	for _, p := range a.By {
		e.By = append(e.By, PartyID(p))
	}
	for _, step := range a.Working {
		if step.Way == a.Way {
			day := step.Day
			if step.What == treaty.StepDate {
				day = step.From
			}
			e.Working = append(e.Working, Reckoned{Term(step.What), step.Need, step.Have, Date(day.Date())})
		}
	}
	return append([]Event{{Body: e}}, i.endsByText(a)...)
}

// binds is from when an act of a party binds it, where the instrument's own day was settled before.
func (s *State) binds(i Instrument, act treaty.Act) Date {
	if _, ok := s.EntryIntoForce(i.Instrument); !ok {
		return ""
	}
	f := s.FactsOf(i)
	f.Acts = append(f.Acts, act)
	spans := i.ClauseOf().Reckon(f, act.Day).Bound(act.Party)
	if len(spans) == 0 {
		return ""
	}
	return Date(spans[len(spans)-1].From.Date())
}

// answerOf reckons an instrument's entry into force from what is known on a day.
func (s *State) answerOf(i Instrument, on Date) treaty.Answer {
	return i.ClauseOf().Reckon(s.FactsOf(i), dayOf(on))
}

// Reckon answers when an instrument enters into force, from what is known on a day.
func (s *State) Reckon(i Instrument, on Date) treaty.Answer { return s.answerOf(i, on) }

func (s *State) consents(i Instrument, p PartyID, on Date) bool {
	spans := s.answerOf(i, on).Consented(string(p))
	return len(spans) > 0 && (!spans[len(spans)-1].Ends || spans[len(spans)-1].Until > dayOf(on))
}

func (i Instrument) signed(p PartyID) bool {
	return len(i.SignedBy(p)) == i.SignersFor(p)
}

// contracting refuses who has neither signed nor consented: it has nothing to say to the others about the text.
func (s *State) contracting(i Instrument, p PartyID, on Date) *Refusal {
	if i.signed(p) || s.consents(i, p, on) {
		return nil
	}
	return refuse("not-contracting", "VCLT 19, 23", p, i.Instrument)
}

var (
	depositors = []Capacity{Head, ObserverHead}
	means      = []Term{treaty.Ratification, treaty.Acceptance, treaty.Approval, treaty.Accession, treaty.Notification}
)

func forceID(i InstrumentID, p PartyID) string {
	if p == "" {
		return "force/" + string(i)
	}
	return "force/" + string(i) + "/" + string(p)
}

func leavingID(i InstrumentID, p PartyID) string { return "leaving/" + string(i) + "/" + string(p) }

func (s *State) addAct(i InstrumentID, a PartyAct) {
	known := s.depositary.acts.At(string(i))
	s.depositary.acts = s.depositary.acts.Set(string(i), append(known[:len(known):len(known)], a))
	s.changeInstrument(i, a.Index, func(*Instrument) {})
}

// comesInto notes that an instrument binds a party from a day.
func (s *State) comesInto(i InstrumentID, p PartyID, from Date) {
	s.falls(from.begins(), forceID(i, p), Event{Body: &EnteredIntoForce{i, from, p}})
}

func consentsAndForce(ed *edition) {
	does(ed, Act{
		Name: "DepositConsent", Title: "Deposit an instrument of consent", Help: "Deposits your party's ratification, acceptance, approval or accession, or its notice that domestic procedures are complete.",
		Who: depositors, Attested: true, Rule: "VCLT 11, 14-16", Refusals: []Code{"unknown-instrument", "not-authenticated", "not-due-form", "not-the-day", "terminated", "already-consented", "not-signatory", "was-signatory", "accession-closed"}, Causes: []string{"ConsentDeposited", "EntryIntoForceSettled", "TerminationSettled"}, Timed: true,
	}, func(s *State, c *Call, f *DepositConsent) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r != nil {
			return nil, r
		}
		p := PartyID(c.For)
		switch {
		case !slices.Contains(means, f.Means):
			return nil, refuse("malformed", "doc/record.md 2", "means")
		case len(i.Texts) == 0:
			return nil, refuse("not-authenticated", "VCLT 10", f.Instrument)
		case !slices.Contains(competentIssuers, f.Office):
			return nil, refuse("not-due-form", "VCLT 77(1)(d)", f.Office)
		}
		if r := s.received(c, i, f.On); r != nil {
			return nil, r
		}
		switch {
		case s.running(i, f.On) != nil:
			return nil, s.running(i, f.On)
		case s.consents(i, p, f.On):
			return nil, refuse("already-consented", "VCLT 16", p)
		case f.Means != treaty.Accession && !i.signed(p):
			return nil, refuse("not-signatory", "VCLT 14", p, f.Instrument)
		case f.Means == treaty.Accession && i.signed(p):
			return nil, refuse("was-signatory", "VCLT 15", p, f.Instrument)
		case f.Means == treaty.Accession && !i.ClauseOf().OpenTo(string(p)):
			return nil, refuse("accession-closed", "VCLT 15", p, f.Instrument)
		}
		act := treaty.Act{Party: string(p), Sort: string(f.Means), Day: dayOf(f.On)}
		events := []Event{{Body: &ConsentDeposited{f.Instrument, p, f.Means, f.Office, f.Paper, f.On, s.binds(i, act)}}}
		return append(events, s.settles(i, act)...), nil
	})
	happens(ed, func(s *State, h Happened, b *ConsentDeposited) {
		s.addAct(b.Instrument, PartyAct{Party: b.Party, Sort: b.Means, On: b.On, From: b.From, Office: b.Office, Paper: b.Paper, Index: h.Index})
		if b.From != "" {
			s.comesInto(b.Instrument, b.Party, b.From)
		}
	})
	does(ed, Act{
		Name: "NotifySuccession", Title: "Notify a succession", Help: "Says that your party succeeds to the consent of a state before it; that state's own instrument stays in the record.",
		Who: depositors, Attested: true, Rule: "VCSS 1978, 17, 22", Refusals: []Code{"unknown-instrument", "unknown-party", "not-the-day", "terminated", "already-consented", "no-consent-to-succeed"}, Causes: []string{"SuccessionNotified", "EntryIntoForceSettled", "TerminationSettled"}, Timed: true,
	}, func(s *State, c *Call, f *NotifySuccession) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		switch {
		case r != nil:
			return nil, r
		case !s.parties.Has(string(f.Predecessor)):
			return nil, refuse("unknown-party", "VCSS 1978, 17", f.Predecessor)
		case len(f.From) != 10:
			return nil, refuse("malformed", "doc/record.md 2", "from")
		}
		if r := s.received(c, i, f.On); r != nil {
			return nil, r
		}
		p := PartyID(c.For)
		switch {
		case s.running(i, f.On) != nil:
			return nil, s.running(i, f.On)
		case s.consents(i, p, f.On):
			return nil, refuse("already-consented", "VCLT 16", p)
		case f.Predecessor == p || len(s.answerOf(i, f.On).Consented(string(f.Predecessor))) == 0:
			return nil, refuse("no-consent-to-succeed", "VCSS 1978, 17", f.Predecessor, f.Instrument)
		}
		act := treaty.Act{Party: string(p), Sort: treaty.Succession, Day: dayOf(f.On), Effective: dayOf(f.From)}
		events := []Event{{Body: &SuccessionNotified{f.Instrument, p, f.Predecessor, f.From, f.Paper, f.On}}}
		return append(events, s.settles(i, act)...), nil
	})
	happens(ed, func(s *State, h Happened, b *SuccessionNotified) {
		s.addAct(b.Instrument, PartyAct{Party: b.Party, Sort: treaty.Succession, On: b.On, Effective: b.From, Predecessor: b.Predecessor, Paper: b.Paper, Index: h.Index})
	})
	happens(ed, func(s *State, h Happened, b *EntryIntoForceSettled) {
		s.depositary.settled = s.depositary.settled.Set(string(b.Instrument), Settled{EntryIntoForceSettled: *b, Index: h.Index})
		s.changeInstrument(b.Instrument, h.Index, func(*Instrument) {})
		s.comesInto(b.Instrument, "", b.Date)
	})
	happens(ed, func(s *State, h Happened, b *EnteredIntoForce) {
		s.dues = s.dues.Delete(dueKey(b.Date.begins(), forceID(b.Instrument, b.Party)))
		if x, ok := s.depositary.settled.Get(string(b.Instrument)); ok && b.Party == "" {
			x.Entered = h.Index
			s.depositary.settled = s.depositary.settled.Set(string(b.Instrument), x)
		}
		s.changeInstrument(b.Instrument, h.Index, func(*Instrument) {})
	})
	withdrawals(ed)
}

func withdrawals(ed *edition) {
	does(ed, Act{
		Name: "NotifyWithdrawal", Title: "Notify a withdrawal", Help: "Denounces the instrument for your party, with the notice its clause asks; before it is bound, its consent is taken back at once.",
		Who: depositors, Attested: true, Rule: "VCLT 54, 56, 67", Refusals: []Code{"unknown-instrument", "not-the-day", "terminated", "no-consent", "leaving-barred", "too-early-to-leave"}, Causes: []string{"WithdrawalNotified"}, Timed: true,
	}, func(s *State, c *Call, f *NotifyWithdrawal) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r == nil {
			r = s.received(c, i, f.On)
		}
		if r == nil {
			r = s.running(i, f.On)
		}
		if r != nil {
			return nil, r
		}
		p := PartyID(c.For)
		a := s.answerOf(i, f.On)
		spans := a.Consented(string(p))
		if len(spans) == 0 || spans[len(spans)-1].Ends {
			return nil, refuse("no-consent", "VCLT 54", p, f.Instrument)
		}
		clause, day := i.ClauseOf(), dayOf(f.On)
		bound := a.Bound(string(p))
		is := len(bound) > 0 && bound[len(bound)-1].From <= day
		if w := clause.Withdrawal; w != nil && is {
			if w.Never {
				return nil, refuse("leaving-barred", "VCLT 54, 56", f.Instrument)
			}
			if first := bound[len(bound)-1].From.AddMonths(w.After); day < first {
				return nil, refuse("too-early-to-leave", "VCLT 54", f.Instrument, first)
			}
		}
		return []Event{{Body: &WithdrawalNotified{f.Instrument, p, f.Paper, f.On, Date(clause.Leaves(day, is).Date())}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *WithdrawalNotified) {
		for _, a := range s.PartyActs(b.Instrument) { // what was to bind it later does not
			if a.Party == b.Party && a.From != "" {
				s.dues = s.dues.Delete(dueKey(a.From.begins(), forceID(b.Instrument, b.Party)))
			}
		}
		s.addAct(b.Instrument, PartyAct{Party: b.Party, Sort: treaty.Withdraws, On: b.On, Effective: b.Effective, Paper: b.Paper, Index: h.Index})
		s.falls(b.Effective.begins(), leavingID(b.Instrument, b.Party), Event{Body: &Withdrawn{b.Instrument, b.Party, b.Effective}})
	})
	happens(ed, func(s *State, h Happened, b *Withdrawn) {
		s.dues = s.dues.Delete(dueKey(b.Date.begins(), leavingID(b.Instrument, b.Party)))
		s.changeInstrument(b.Instrument, h.Index, func(*Instrument) {})
	})
	does(ed, Act{
		Name: "RevokeWithdrawal", Title: "Revoke a withdrawal", Help: "Takes your party's withdrawal back before it takes effect; its consent stands as before.",
		Who: depositors, Attested: true, Rule: "VCLT 68", Refusals: []Code{"unknown-instrument", "not-the-day", "no-withdrawal"}, Causes: []string{"WithdrawalRevoked"}, Timed: true,
	}, func(s *State, c *Call, f *RevokeWithdrawal) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r == nil {
			r = s.received(c, i, f.On)
		}
		if r != nil {
			return nil, r
		}
		if spans := s.answerOf(i, f.On).Consented(c.For); len(spans) == 0 || !spans[len(spans)-1].Ends || spans[len(spans)-1].Until <= dayOf(f.On) {
			return nil, refuse("no-withdrawal", "VCLT 68", c.For, f.Instrument)
		}
		return []Event{{Body: &WithdrawalRevoked{f.Instrument, PartyID(c.For), f.On}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *WithdrawalRevoked) {
		for _, a := range s.PartyActs(b.Instrument) {
			if a.Party == b.Party && a.Sort == treaty.Withdraws {
				s.dues = s.dues.Delete(dueKey(a.Effective.begins(), leavingID(b.Instrument, b.Party)))
			}
		}
		s.addAct(b.Instrument, PartyAct{Party: b.Party, Sort: treaty.Revokes, On: b.On, Index: h.Index})
	})
}
