package conference

import (
	"slices"
	"strings"

	treaty "kurultai/depositary"
	"kurultai/record"
)

// A Suspension of the operation of an instrument: it stays in force, and is not performed (VCLT 72).
type Suspension struct {
	OperationSuspended
	Ended Date  // the first day on which it operates again, where that is known
	Index int64 // entry that began it
	Over  int64 // entry that ended it, or 0

	At, OverAt record.Instant // when those entries were recorded
}

// An Ending is the end of an instrument whose day is known.
type Ending struct {
	TerminationSettled
	Index int64
	At    record.Instant
	Came  int64 // entry of the Clock that says it came, or 0
}

type (
	// SuspendOperation suspends the operation of an instrument, for all parties or between some (VCLT 57-63).
	SuspendOperation struct {
		Suspension  NoteID        `json:"suspension" jsonschema:"id of the suspension"`
		Instrument  InstrumentID  `json:"instrument" jsonschema:"id of the instrument"`
		Basis       Term          `json:"basis" jsonschema:"text, consent, some-parties, later-treaty, breach, impossibility, changed-circumstances or relations"`
		Provision   string        `json:"provision,omitempty" jsonschema:"the provision that says so, where the basis is the text"`
		Between     []PartyID     `json:"between,omitempty" jsonschema:"between whom; absent: all parties"`
		Agreed      []PartyID     `json:"agreed,omitempty" jsonschema:"the parties that agreed to it"`
		Defaulting  PartyID       `json:"defaulting,omitempty" jsonschema:"the party in material breach (VCLT 60)"`
		Superseding InstrumentID  `json:"superseding,omitempty" jsonschema:"the later treaty of the same parties (VCLT 59)"`
		Urgent      bool          `json:"urgent,omitempty" jsonschema:"true where special urgency leaves no three months of notice (VCLT 65(2))"`
		From        Date          `json:"from" jsonschema:"the first day"`
		Until       Date          `json:"until,omitempty" jsonschema:"the last day, where it is known"`
		Paper       record.Digest `json:"paper" jsonschema:"SHA-256 of the scan"`
		On          Date          `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// OperationSuspended is what SuspendOperation causes.
	OperationSuspended SuspendOperation
	// ResumeOperation ends a suspension (VCLT 72(2)).
	ResumeOperation struct {
		Suspension NoteID `json:"suspension" jsonschema:"id of the suspension"`
		On         Date   `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// OperationResumed is what ResumeOperation causes, or the Clock where the last day was known.
	OperationResumed struct {
		Suspension NoteID       `json:"suspension"`
		Instrument InstrumentID `json:"instrument"`
		Date       Date         `json:"date" jsonschema:"the first day on which it operates again"`
	}
	// Terminate ends an instrument for all its parties (VCLT 54, 59-64).
	Terminate struct {
		Instrument  InstrumentID  `json:"instrument" jsonschema:"id of the instrument"`
		Basis       Term          `json:"basis" jsonschema:"text, consent, later-treaty, breach, impossibility, changed-circumstances or peremptory-norm"`
		Provision   string        `json:"provision,omitempty" jsonschema:"the provision that says so, where the basis is the text"`
		Agreed      []PartyID     `json:"agreed,omitempty" jsonschema:"the parties that agreed to it"`
		Defaulting  PartyID       `json:"defaulting,omitempty" jsonschema:"the party in material breach (VCLT 60)"`
		Superseding InstrumentID  `json:"superseding,omitempty" jsonschema:"the later treaty of the same parties (VCLT 59)"`
		Urgent      bool          `json:"urgent,omitempty" jsonschema:"true where special urgency leaves no three months of notice (VCLT 65(2))"`
		From        Date          `json:"from" jsonschema:"the first day on which it is no longer in force"`
		Paper       record.Digest `json:"paper" jsonschema:"SHA-256 of the scan"`
		On          Date          `json:"on" jsonschema:"the day of receipt, at the depositary's seat"`
	}
	// TerminationSettled says when the instrument ends, and by what: by Terminate, or by its own text. Then it stands in the
	// entry of what settled its entry into force, or of the withdrawal that left too few.
	TerminationSettled struct {
		Instrument  InstrumentID  `json:"instrument"`
		Basis       Term          `json:"basis"`
		Provision   string        `json:"provision,omitempty"`
		Agreed      []PartyID     `json:"agreed,omitempty"`
		Defaulting  PartyID       `json:"defaulting,omitempty"`
		Superseding InstrumentID  `json:"superseding,omitempty"`
		Urgent      bool          `json:"urgent,omitempty"`
		Date        Date          `json:"date" jsonschema:"the first day on which it is no longer in force"`
		Paper       record.Digest `json:"paper,omitempty"`
		On          Date          `json:"on,omitempty" jsonschema:"the day of receipt; absent: its own text ends it"`
	}
	// Terminated says that the day came.
	Terminated struct {
		Instrument InstrumentID `json:"instrument"`
		Date       Date         `json:"date"`
	}
)

// Suspensions lists the suspensions of an instrument's operation, in order of entry.
func (s *State) Suspensions(id InstrumentID) (list []Suspension) {
	for _, x := range s.depositary.suspended.All() {
		if x.Instrument == id {
			list = append(list, x)
		}
	}
	slices.SortStableFunc(list, func(a, b Suspension) int { return int(a.Index - b.Index) })
	return list
}

// Ending is the end of an instrument, where its day is settled.
func (s *State) Ending(id InstrumentID) (Ending, bool) { return s.depositary.ended.Get(string(id)) }

// Holds reports whether the operation is suspended on a day, as known on it.
func (x Suspension) Holds(on Date) bool {
	return x.From <= on && x.On <= on && (x.Ended == "" || on < x.Ended)
}

func suspensionID(id NoteID) string   { return "suspension/" + string(id) }
func endingID(id InstrumentID) string { return "termination/" + string(id) }

// withNotice are the grounds a party invokes against others: they have three months to object (VCLT 65(2)).
var withNotice = []Term{"breach", "impossibility", "changed-circumstances", "peremptory-norm"}

// A claim is what an end and a suspension have in common: on what they rest, and by whom.
type claim struct {
	basis       Term
	provision   string
	between     []PartyID
	agreed      []PartyID
	defaulting  PartyID
	superseding InstrumentID
	urgent      bool
	from, on    Date
}

// ofClaims are the refusals of claim.
var ofClaims = []Code{"unknown-instrument", "not-the-day", "not-in-force", "terminated", "no-consent", "not-all-agree", "notice-of-three-months"}

// stands asks what the law of treaties asks of a ground for an end or a suspension.
func (s *State) stands(i Instrument, x claim) *Refusal {
	on := dayOf(x.on)
	a := s.answerOf(i, x.on)
	switch {
	case a.Ended != "" && a.Ends <= on:
		return refuse("terminated", "VCLT 70", i.Instrument, a.Ends)
	case !a.InForce(on):
		return refuse("not-in-force", "VCLT 54, 57", i.Instrument)
	case len(x.from) != 10 || x.from < x.on:
		return refuse("malformed", "doc/record.md 2", "from")
	case x.basis == "text" && x.provision == "":
		return refuse("malformed", "doc/record.md 2", "provision")
	case x.basis == "breach" && x.defaulting == "":
		return refuse("malformed", "doc/record.md 2", "defaulting")
	case x.basis == "some-parties" && len(x.between) < 2:
		return refuse("malformed", "doc/record.md 2", "between")
	case x.basis == "later-treaty":
		later, r := s.instrument(x.superseding)
		if r != nil {
			return r
		}
		if !s.answerOf(later, x.on).InForce(on) {
			return refuse("not-in-force", "VCLT 59", x.superseding)
		}
	}
	bound := func(p PartyID) bool {
		return slices.ContainsFunc(a.Bound(string(p)), func(x treaty.Span) bool { return x.Holds(on) })
	}
	for _, p := range slices.Concat(x.between, x.agreed, []PartyID{x.defaulting}) {
		if p != "" && !bound(p) {
			return refuse("no-consent", "VCLT 2(1)(g)", p, i.Instrument)
		}
	}
	var asked []PartyID // whose agreement the ground rests on
	switch {
	case x.basis == "some-parties":
		asked = x.between
	case x.basis == "consent", x.basis == "breach" && len(x.between) == 0:
		for _, p := range a.Parties() {
			if bound(PartyID(p)) && PartyID(p) != x.defaulting {
				asked = append(asked, PartyID(p))
			}
		}
	}
	var wanting []string
	for _, p := range asked {
		if !slices.Contains(x.agreed, p) {
			wanting = append(wanting, string(p))
		}
	}
	if len(wanting) > 0 {
		return refuse("not-all-agree", "VCLT 54(b), 57(b), 58, 60(2)", strings.Join(wanting, ", "))
	}
	if first := on.AddMonths(3); slices.Contains(withNotice, x.basis) && !x.urgent && dayOf(x.from) < first {
		return refuse("notice-of-three-months", "VCLT 65(2)", first)
	}
	return nil
}

// running refuses what is done to a treaty that has ended.
func (s *State) running(i Instrument, on Date) *Refusal {
	if a := s.answerOf(i, on); a.Ended != "" && a.Ends <= dayOf(on) {
		return refuse("terminated", "VCLT 70", i.Instrument, a.Ends)
	}
	return nil
}

// endsByText adds, to what settled a day, that the clause names the day on which the treaty ends.
func (i Instrument) endsByText(a treaty.Answer) []Event {
	if a.Ended != treaty.ByDay {
		return nil
	}
	return []Event{{Body: &TerminationSettled{Instrument: i.Instrument, Basis: "text", Provision: i.ClauseOf().Article, Date: Date(a.Ends.Date())}}}
}

// leavesTooFew is the end that a withdrawal brings about by the clause, when it takes effect.
func (s *State) leavesTooFew(b *Withdrawn) []Event {
	i, _ := s.Instrument(b.Instrument)
	a := s.answerOf(i, b.Date)
	if a.Ended != treaty.ByNumber || a.Ends != dayOf(b.Date) {
		return nil
	}
	return []Event{
		{Body: &TerminationSettled{Instrument: i.Instrument, Basis: "text", Provision: i.ClauseOf().Article, Date: b.Date}},
		{Body: &Terminated{i.Instrument, b.Date}},
	}
}

func endings(ed *edition) {
	suspensions(ed)
	does(ed, Act{
		Name: "Terminate", Title: "Terminate", Help: "The depositary enters that the instrument ends for all its parties, on what ground, from which day.",
		Who: []Capacity{Depositary}, Attested: true, Rule: "VCLT 54, 59-64, 70", Refusals: codes(ofClaims, "ends-already"), Causes: []string{"TerminationSettled"}, Timed: true,
	}, func(s *State, c *Call, f *Terminate) ([]Event, *Refusal) {
		if !slices.Contains([]Term{"text", "consent", "later-treaty", "breach", "impossibility", "changed-circumstances", "peremptory-norm"}, f.Basis) {
			return nil, refuse("malformed", "doc/record.md 2", "basis")
		}
		i, r := s.instrument(f.Instrument)
		if r == nil {
			r = s.received(c, i, f.On)
		}
		if r == nil {
			r = s.stands(i, claim{f.Basis, f.Provision, nil, f.Agreed, f.Defaulting, f.Superseding, f.Urgent, f.From, f.On})
		}
		if x, ok := s.Ending(f.Instrument); r == nil && ok && (x.On != "" || x.Date <= f.From) {
			r = refuse("ends-already", "VCLT 54", f.Instrument, x.Date)
		}
		return []Event{{Body: &TerminationSettled{f.Instrument, f.Basis, f.Provision, f.Agreed, f.Defaulting, f.Superseding, f.Urgent, f.From, f.Paper, f.On}}}, r
	})
	happens(ed, func(s *State, h Happened, b *TerminationSettled) {
		if x, ok := s.Ending(b.Instrument); ok { // the earlier end takes the place of the later
			s.dues = s.dues.Delete(dueKey(x.Date.begins(), endingID(b.Instrument)))
		}
		s.depositary.ended = s.depositary.ended.Set(string(b.Instrument), Ending{TerminationSettled: *b, Index: h.Index, At: h.At})
		s.falls(b.Date.begins(), endingID(b.Instrument), Event{Body: &Terminated{b.Instrument, b.Date}})
		s.changeInstrument(b.Instrument, h.Index, func(*Instrument) {})
	})
	happens(ed, func(s *State, h Happened, b *Terminated) {
		x := s.depositary.ended.At(string(b.Instrument))
		x.Came = h.Index
		s.depositary.ended = s.depositary.ended.Set(string(b.Instrument), x)
		var over []string // nobody is bound or leaves from this day on
		for key, d := range s.dues.All() {
			if d.id == endingID(b.Instrument) || d.at >= b.Date.begins() && (strings.HasPrefix(d.id, forceID(b.Instrument, "")+"/") || strings.HasPrefix(d.id, leavingID(b.Instrument, ""))) {
				over = append(over, key)
			}
		}
		for _, key := range over {
			s.dues = s.dues.Delete(key)
		}
		s.changeInstrument(b.Instrument, h.Index, func(*Instrument) {})
	})
}

func suspensions(ed *edition) {
	does(ed, Act{
		Name: "SuspendOperation", Title: "Suspend the operation", Help: "The depositary enters that the instrument is not performed for a time, on what ground, by all parties or between some; it stays in force.",
		Who: []Capacity{Depositary}, Attested: true, Rule: "VCLT 57-63, 72", Refusals: codes(ofClaims, "id-taken"), Causes: []string{"OperationSuspended"}, Timed: true,
	}, func(s *State, c *Call, f *SuspendOperation) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		switch {
		case !slices.Contains([]Term{"text", "consent", "some-parties", "later-treaty", "breach", "impossibility", "changed-circumstances", "relations"}, f.Basis):
			return nil, refuse("malformed", "doc/record.md 2", "basis")
		case f.Until != "" && (len(f.Until) != 10 || f.Until < f.From):
			return nil, refuse("malformed", "doc/record.md 2", "until")
		case r != nil:
			return nil, r
		case s.depositary.suspended.Has(string(f.Suspension)):
			return nil, refuse("id-taken", "doc/record.md 5", f.Suspension)
		}
		if r = s.received(c, i, f.On); r == nil {
			r = s.stands(i, claim{f.Basis, f.Provision, f.Between, f.Agreed, f.Defaulting, f.Superseding, f.Urgent, f.From, f.On})
		}
		e := OperationSuspended(*f)
		return []Event{{Body: &e}}, r
	})
	set := func(s *State, x Suspension, index int64) {
		s.depositary.suspended = s.depositary.suspended.Set(string(x.Suspension), x)
		s.changeInstrument(x.Instrument, index, func(*Instrument) {})
	}
	happens(ed, func(s *State, h Happened, b *OperationSuspended) {
		x := Suspension{OperationSuspended: *b, Index: h.Index, At: h.At}
		if b.Until != "" {
			x.Ended = Date((dayOf(b.Until) + 1).Date())
			s.falls(x.Ended.begins(), suspensionID(b.Suspension), Event{Body: &OperationResumed{b.Suspension, b.Instrument, x.Ended}})
		}
		set(s, x, h.Index)
	})
	does(ed, Act{
		Name: "ResumeOperation", Title: "Resume the operation", Help: "The depositary enters that a suspension is over; the instrument is performed again from the day of receipt on.",
		Who: []Capacity{Depositary}, Attested: true, Rule: "VCLT 72(2)", Refusals: []Code{"unknown-suspension", "not-the-day"}, Causes: []string{"OperationResumed"}, Timed: true,
	}, func(s *State, c *Call, f *ResumeOperation) ([]Event, *Refusal) {
		x, ok := s.depositary.suspended.Get(string(f.Suspension))
		if !ok || x.Over > 0 {
			return nil, refuse("unknown-suspension", "VCLT 72", f.Suspension)
		}
		i, _ := s.Instrument(x.Instrument)
		return []Event{{Body: &OperationResumed{f.Suspension, x.Instrument, f.On}}}, s.received(c, i, f.On)
	})
	happens(ed, func(s *State, h Happened, b *OperationResumed) {
		x := s.depositary.suspended.At(string(b.Suspension))
		if x.Ended != "" {
			s.dues = s.dues.Delete(dueKey(x.Ended.begins(), suspensionID(b.Suspension)))
		}
		x.Ended, x.Over, x.OverAt = b.Date, h.Index, h.At
		set(s, x, h.Index)
	})
}
