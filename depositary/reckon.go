package depositary

import (
	"slices"

	"kurultai/record/canonical"
)

// A Fraction is a pair of integers.
type Fraction struct {
	canonical.Tuple
	Num, Den int64
}

// Check reports whether f is a part of a whole.
func (f Fraction) Check() error {
	if f.Num < 1 || f.Den < 1 || f.Num > f.Den || f.Den > 10_000 {
		return &canonical.FieldError{Why: "a share is a part of the whole, as [1,2], in ten-thousandths at most"}
	}
	return nil
}

// What a step of the working is about.
const (
	StepNegotiating = "negotiating" // all negotiating states have consented (VCLT 24(2))
	StepConsents    = "consents"
	StepShare       = "share"
	StepParties     = "parties"
	StepEveryone    = "everyone"
	StepSignatories = "signatories"
	StepSignatures  = "signatures"
	StepDate        = "date"
	StepTogether    = "together"   // the day on which all conditions of the way are met
	StepWindow      = "window"     // they were met outside of the time the way allows
	StepDelay       = "delay"      // from that day to the day of entry into force
	StepNotBefore   = "not-before" // which is not to be before
)

// A Step of the working. Have is counted on the day the condition was met, else as known; a share is counted in the units
// of its quantity, and Need is the least that suffices.
type Step struct {
	Way        int64    // from 1
	What       string   // one of the above
	Of         string   // the group or quantity
	Need, Have int64    // states, or units
	Total      int64    // of the quantity, or of the group
	Share      Fraction // that is asked
	Met        bool
	Day        Day      // when it was first met, or what a delay leads to
	On         []string // who acted on that day: the several who brought it about, never one of them alone
	Missing    []string // who is still awaited by name
	Delay      *Delay
	From       Day // where a delay begins
}

// Lacks is how many states, or units, are still wanted.
func (s Step) Lacks() int64 { return max(0, s.Need-s.Have) }

// An Answer says when the treaty enters into force, or what is missing.
type Answer struct {
	At      Day  // as known on this day
	Settled bool // the day is known
	Decided Day  // the day the conditions were met
	Enters  Day  // the day of entry into force, perhaps still to come
	Way     int64
	By      []string // whose acts of the deciding day brought it about, all of them
	Working []Step
	Ended   string // why the treaty ends: one of ByDay, ByNumber, ByAct; "": nothing known on this day ends it
	Ends    Day    // the first day on which it is no longer in force

	clause Clause
	facts  Facts
	acts   []Act
}

// Why a treaty ends.
const (
	ByDay    = "day"    // its text names the day
	ByNumber = "number" // fewer are bound than its text asks
	ByAct    = "act"    // an act of the depositary says so
)

// InForce reports whether the treaty is in force on a day.
func (a Answer) InForce(on Day) bool {
	return a.Settled && a.Enters <= on && (a.Ended == "" || on < a.Ends)
}

// end finds what ends a treaty that entered into force or will: the earliest of the day its text names, the day on which too
// few were left, as far as it has come, and an act that ends it.
func (a *Answer) end() {
	if !a.Settled {
		return
	}
	why, day := "", Day(0)
	ends := func(because string, on Day) {
		if why == "" || on < day {
			why, day = because, on
		}
	}
	for _, x := range a.acts {
		if x.Sort == Terminates {
			ends(ByAct, x.effect())
		}
	}
	if t := a.clause.Termination; t != nil {
		if t.Day != "" {
			ends(ByDay, t.Day.Day())
		}
		if on, ok := a.fewer(t.Below); ok {
			ends(ByNumber, on)
		}
	}
	a.Ended, a.Ends = why, day
}

// fewer is the first day, from the entry into force until the answer's own, on which fewer than so many are bound.
func (a *Answer) fewer(than int64) (Day, bool) {
	if than == 0 {
		return 0, false
	}
	parties, days := a.Parties(), []Day{a.Enters}
	for _, x := range a.acts {
		days = append(days, x.effect())
	}
	slices.Sort(days)
	for _, d := range days {
		if d < a.Enters || d > a.At {
			continue
		}
		bound := int64(0)
		for _, p := range parties {
			if slices.ContainsFunc(a.Bound(p), func(s Span) bool { return s.Holds(d) }) {
				bound++
			}
		}
		if bound < than {
			return d, true
		}
	}
	return 0, false
}

// Missing are the steps that are not met, of the ways that can still be.
func (a Answer) Missing() (list []Step) {
	closed := map[int64]bool{}
	for _, s := range a.Working {
		closed[s.Way] = closed[s.Way] || s.What == StepWindow
	}
	for _, s := range a.Working {
		if !s.Met && !closed[s.Way] && s.What != StepTogether {
			list = append(list, s)
		}
	}
	return list
}

// A Span is a time in which somebody is bound; Until is the first day it no longer is, where Ends.
type Span struct {
	From, Until Day
	Ends        bool
}

// Holds reports whether somebody is bound on a day.
func (s Span) Holds(d Day) bool { return s.From <= d && (!s.Ends || d < s.Until) }

// a roll is who has consented, when: the spans of each party, from the day of deposit until a withdrawal takes effect.
type roll struct {
	order []string
	spans map[string][]Span
}

func (r *roll) of(party string) []Span { return r.spans[party] }

func (r *roll) in(party string, d Day) bool {
	return slices.ContainsFunc(r.spans[party], func(s Span) bool { return s.Holds(d) })
}

// begins adds a party whose consent stands from this very day.
func (r *roll) begins(list []string, party string, d Day) []string {
	if slices.ContainsFunc(r.spans[party], func(s Span) bool { return s.From == d }) {
		return append(list, party)
	}
	return list
}

// enrol lists who consented. A second deposit while the first holds changes nothing; one after a withdrawal begins anew.
func enrol(acts []Act) *roll {
	r := &roll{spans: map[string][]Span{}}
	for _, a := range acts {
		spans := r.spans[a.Party]
		last := len(spans) - 1
		switch {
		case Consents(a.Sort) && (last < 0 || spans[last].Ends && spans[last].Until <= a.Day):
			if last < 0 {
				r.order = append(r.order, a.Party)
			}
			r.spans[a.Party] = append(spans, Span{From: a.Day})
		case a.Sort == Withdraws && last >= 0 && !spans[last].Ends:
			spans[last].Ends, spans[last].Until = true, a.effect()
		case a.Sort == Revokes && last >= 0 && spans[last].Ends && a.Day < spans[last].Until:
			spans[last].Ends, spans[last].Until = false, 0
		}
	}
	return r
}

// Reckon answers when a treaty with this clause enters into force, from what is known on a day. Dates of the clause count
// though they lie ahead; acts do not. A withdrawal that leaves too few does not end what is in force (VCLT 55).
func (c Clause) Reckon(f Facts, at Day) Answer {
	a := Answer{At: at, clause: c, facts: f, acts: f.sorted(at)}
	ways := c.Ways
	if len(ways) == 0 {
		ways = []Way{{}}
	}
	r := enrol(a.acts)
	for i, w := range ways {
		steps, decided, enters, ok := w.reckon(f, a.acts, r, at)
		for k := range steps {
			steps[k].Way = int64(i + 1)
		}
		a.Working = append(a.Working, steps...)
		if ok && (!a.Settled || enters < a.Enters) {
			a.Settled, a.Decided, a.Enters, a.Way, a.By = true, decided, enters, int64(i+1), w.on(f, a.acts, r, decided)
		}
	}
	a.end()
	return a
}

// days on which anything can change, in order: acts, their effects, dates of the clause.
func (w Way) days(acts []Act, at Day) (days []Day) {
	for _, a := range acts {
		days = append(days, a.Day, a.effect())
	}
	days = slices.DeleteFunc(days, func(d Day) bool { return d > at })
	for _, x := range w.Conditions {
		if x.Date != "" {
			days = append(days, x.Date.Day())
		}
	}
	if w.From != "" {
		days = append(days, w.From.Day())
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// on lists whose acts of a day count towards any of the way's conditions, each once.
func (w Way) on(f Facts, acts []Act, r *roll, d Day) (list []string) {
	for _, t := range w.tests(f) {
		for _, p := range t(acts, r, d).On {
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list
}

func (w Way) reckon(f Facts, acts []Act, r *roll, at Day) (steps []Step, decided, enters Day, ok bool) {
	days := w.days(acts, at)
	tests := w.tests(f)
	for _, t := range tests {
		s := t(acts, r, at)
		s.On = nil
		for _, d := range days {
			if on := t(acts, r, d); on.Met {
				s = on
				s.Day = d
				break
			}
		}
		steps = append(steps, s)
	}
	met := func(d Day) bool {
		for _, t := range tests {
			if !t(acts, r, d).Met {
				return false
			}
		}
		return true
	}
	for _, d := range days {
		if w.From != "" && d < w.From.Day() || !met(d) {
			continue
		}
		if w.Until != "" && d > w.Until.Day() {
			break
		}
		decided, ok = d, true
		break
	}
	if !ok {
		if w.Until != "" && at > w.Until.Day() {
			steps = append(steps, Step{What: StepWindow, Day: w.Until.Day()})
		} else if len(tests) > 1 {
			steps = append(steps, Step{What: StepTogether})
		}
		return steps, 0, 0, false
	}
	if len(tests) > 1 {
		steps = append(steps, Step{What: StepTogether, Met: true, Day: decided, On: w.on(f, acts, r, decided)})
	}
	enters = w.Delay.After(decided)
	if w.Delay != nil {
		steps = append(steps, Step{What: StepDelay, Met: true, Delay: w.Delay, From: decided, Day: enters})
	}
	if w.NotBefore != "" {
		enters = max(enters, w.NotBefore.Day())
		steps = append(steps, Step{What: StepNotBefore, Met: true, From: w.NotBefore.Day(), Day: enters})
	}
	return steps, decided, enters, true
}

// a test says how a condition stands on a day, and whose acts of that day count towards it.
type test func(acts []Act, r *roll, d Day) Step

func (w Way) tests(f Facts) (list []test) {
	if len(w.Conditions) == 0 {
		return []test{func(acts []Act, r *roll, d Day) Step { return named(StepNegotiating, f.Negotiating, r, d) }}
	}
	for _, x := range w.Conditions {
		list = append(list, x.test(f))
	}
	return list
}

func named(what string, parties []string, r *roll, d Day) Step {
	s := Step{What: what, Need: int64(len(parties)), Total: int64(len(parties))}
	for _, p := range parties {
		if !r.in(p, d) {
			s.Missing = append(s.Missing, p)
			continue
		}
		s.Have++
		s.On = r.begins(s.On, p, d)
	}
	s.Met = s.Need > 0 && s.Have == s.Need
	return s
}

func (x Condition) test(f Facts) test {
	counts := func(p string) bool { return x.Organisations || !slices.Contains(f.Organisations, p) }
	switch x.What {
	case StepDate:
		return func(acts []Act, r *roll, d Day) Step {
			return Step{What: StepDate, From: x.Date.Day(), Met: d >= x.Date.Day()}
		}
	case StepParties:
		return func(acts []Act, r *roll, d Day) Step { return named(StepParties, x.Parties, r, d) }
	case StepEveryone:
		return func(acts []Act, r *roll, d Day) Step {
			s := named(StepEveryone, f.group(x.Of), r, d)
			s.Of = x.Of
			return s
		}
	case StepSignatories:
		return func(acts []Act, r *roll, d Day) Step { return named(StepSignatories, signed(acts, d, counts), r, d) }
	case StepSignatures:
		return func(acts []Act, r *roll, d Day) Step {
			before, by := signed(acts, d-1, counts), signed(acts, d, counts)
			s := Step{What: StepSignatures, Need: x.Number, Have: int64(len(by)), On: by[len(before):]}
			s.Met = s.Have >= s.Need
			return s
		}
	case StepShare:
		return func(acts []Act, r *roll, d Day) Step { return x.shared(f.quantity(x.Of), r, d, counts) }
	}
	return func(acts []Act, r *roll, d Day) Step {
		s := Step{What: StepConsents, Of: x.Of, Need: x.Number}
		for _, p := range r.order {
			if r.in(p, d) && counts(p) && (x.Of == "" || slices.Contains(f.group(x.Of), p)) {
				s.Have++
				s.On = r.begins(s.On, p, d)
			}
		}
		s.Met = s.Have >= s.Need
		return s
	}
}

// shared compares what those who consented hold with the whole, in integers: have/total against num/den.
func (x Condition) shared(q Quantity, r *roll, d Day, counts func(string) bool) Step {
	s := Step{What: StepShare, Of: x.Of, Total: q.Total, Share: *x.Share}
	sum := int64(0)
	for _, part := range q.Shares {
		if !counts(part.Party) {
			continue
		}
		sum += part.Part
		if r.in(part.Party, d) {
			s.Have += part.Part
			s.On = r.begins(s.On, part.Party, d)
		}
	}
	if s.Total == 0 {
		s.Total = sum
	}
	s.Need = (s.Total*x.Share.Num + x.Share.Den - 1) / x.Share.Den
	if x.Above {
		s.Need = s.Total*x.Share.Num/x.Share.Den + 1
	}
	s.Met = s.Total > 0 && s.Have >= s.Need
	return s
}

// signed are who has signed by a day, in whatever mode, each once.
func signed(acts []Act, d Day, counts func(string) bool) (list []string) {
	for _, a := range acts {
		if a.Day <= d && (a.Sort == Signature || a.Sort == Definitive) && counts(a.Party) && !slices.Contains(list, a.Party) {
			list = append(list, a.Party)
		}
	}
	return list
}

func (f Facts) group(name string) []string {
	for _, g := range f.Groups {
		if g.Name == name {
			return g.Members
		}
	}
	return nil
}

func (f Facts) quantity(name string) Quantity {
	for _, q := range f.Quantities {
		if q.Name == name {
			return q
		}
	}
	return Quantity{Name: name}
}

// Parties are who consented, in order of their first deposit.
func (a Answer) Parties() []string { return enrol(a.acts).order }

// Consented are the spans in which a party's consent stands, in force or not.
func (a Answer) Consented(party string) []Span { return enrol(a.acts).of(party) }

// Bound is from when until when the treaty is in force for a party. Who consented by the day the conditions were met is
// bound from the treaty's own entry into force; who came later, from when the clause says, and never before that day. A
// party that left and returned has a span each, and none lasts longer than the treaty. A successor is bound from the day of its succession (VCSS 1978, 17, 23).
func (a Answer) Bound(party string) (list []Span) {
	if !a.Settled {
		return nil
	}
	for _, s := range enrol(a.acts).of(party) {
		from := a.Enters
		if s.From > a.Decided {
			from = max(a.Enters, a.clause.Later.After(s.From))
			if day, ok := a.succeeded(party, s.From); ok {
				from = max(a.Enters, day)
			}
		}
		if a.Ended != "" && (!s.Ends || s.Until > a.Ends) {
			s.Ends, s.Until = true, a.Ends
		}
		if s.Ends && s.Until <= from {
			continue // it left, or the treaty ended, before it was bound
		}
		list = append(list, Span{from, s.Until, s.Ends})
	}
	return list
}

// Amended reports whether a party that is bound on a day is bound by the treaty as another amends it, of which by is the
// answer: it is bound by that one too, or became a party when that one was in force and is taken as a party to the treaty as
// amended (VCLT 40(4), (5)(a)). Others stay bound by the treaty as it was, also towards those.
func (a Answer) Amended(by Answer, party string, on Day) bool {
	if !by.InForce(on) {
		return false
	}
	for _, s := range by.Bound(party) {
		if s.Holds(on) {
			return true
		}
	}
	for _, s := range a.Bound(party) {
		if s.Holds(on) {
			return s.From >= by.Enters
		}
	}
	return false
}

// succeeded is the day from which a party succeeds by a notification of a day.
func (a Answer) succeeded(party string, notified Day) (Day, bool) {
	for _, x := range a.acts {
		if x.Party == party && x.Sort == Succession && x.Day == notified {
			return x.effect(), true
		}
	}
	return 0, false
}

// If is the answer had a party deposited its consent on a day, from what is known on it.
func (c Clause) If(f Facts, party, sort string, on Day) Answer {
	f.Acts = append(slices.Clone(f.Acts), Act{Party: party, Sort: sort, Day: on})
	return c.Reckon(f, on)
}
