// Package depositary is the arithmetic of consent to be bound: when a treaty enters into force, and for whom. A clause is
// data, acts are days, the answer is a day or what is missing, with its working. It holds no state and asks no clock.
//
//	Clause.Reckon(facts, at) Answer        the day, or what is missing, as known on a day
//	Answer.Bound(party) []Span             from when until when a party is bound
//	Answer.Ends, Ended                     when the treaty itself ends, and why
//	Clause.Leaves(notified, bound) Day     when a withdrawal takes effect
//
// Three states are asked, the thirtieth day after the third deposit counts, and the seat's own state must be among them:
//
//	{"article":"14(1)","ways":[{"conditions":[{"number":3,"what":"consents"},{"parties":["xl"],"what":"parties"}],"delay":{"count":30,"unit":"days"}}]}
//
// A day is a calendar date at the depositary's seat, no instant. Day n counts from the day after: deposited on 1 January,
// the thirtieth day after is 31 January. Months keep the day, else the month's last.
package depositary

import (
	"cmp"
	"fmt"
	"slices"

	"kurultai/record/canonical"
)

// A Clause is what a treaty says of its entry into force. Its ways are joined by or, the conditions of a way by and, to be
// met on one and the same day. Without ways it is VCLT 24(2): all negotiating states have consented.
type Clause struct {
	Article      string       `json:"article" jsonschema:"the article that says so"`
	Ways         []Way        `json:"ways,omitempty" jsonschema:"ways into force: the earliest day any of them gives; absent: all negotiating states have consented (VCLT 24(2))"`
	Later        *Delay       `json:"later,omitempty" jsonschema:"for who consents after the conditions were met: from its own deposit; absent: that day, but not before the treaty is in force (VCLT 24(3))"`
	Provisional  bool         `json:"provisional,omitempty" jsonschema:"true where it may be applied provisionally (VCLT 25)"`
	Accession    string       `json:"accession,omitempty" jsonschema:"who may accede: open, invited or none; absent: none (VCLT 15)"`
	Invited      []string     `json:"invited,omitempty" jsonschema:"who is invited to accede, ids of parties in order"`
	Withdrawal   *Withdrawal  `json:"withdrawal,omitempty" jsonschema:"how a party leaves; absent: twelve months after its notice (VCLT 56(2))"`
	Termination  *Termination `json:"termination,omitempty" jsonschema:"when the treaty itself ends; absent: its text does not say (VCLT 54(a), 55)"`
	Reservations string       `json:"reservations,omitempty" jsonschema:"any, listed or none; absent: any that the treaty's object allows (VCLT 19)"`
	Provisions   []string     `json:"provisions,omitempty" jsonschema:"the provisions that may be reserved, where reservations says listed"`

	Groups        []Group    `json:"groups,omitempty" jsonschema:"groups of states the conditions name, as annex 2"`
	Quantities    []Quantity `json:"quantities,omitempty" jsonschema:"quantities of which the conditions ask a share, as tonnage"`
	Organisations []string   `json:"organisations,omitempty" jsonschema:"organisations of states: not counted beside their members unless a condition says so"`
}

// A Way into force.
type Way struct {
	Conditions []Condition `json:"conditions" jsonschema:"what must be so, all on one day"`
	Delay      *Delay      `json:"delay,omitempty" jsonschema:"from the day they are met to the day of entry into force; absent: the same day"`
	NotBefore  Date        `json:"notBefore,omitempty" jsonschema:"never before this day"`
	From       Date        `json:"from,omitempty" jsonschema:"the conditions count from this day"`
	Until      Date        `json:"until,omitempty" jsonschema:"and must be met by this day; later the way is closed"`
}

// A Condition says one thing. What says which member goes with it.
type Condition struct {
	What          string    `json:"what" jsonschema:"consents, share, parties, everyone, signatories, signatures or date"`
	Number        int64     `json:"number,omitempty" jsonschema:"of consents or signatures: so many"`
	Of            string    `json:"of,omitempty" jsonschema:"the group that is counted alone or all of which is asked, as annex 2; or the quantity a share is of, as tonnage"`
	Share         *Fraction `json:"share,omitempty" jsonschema:"who consented holds at least this part: [1,2]"`
	Above         bool      `json:"above,omitempty" jsonschema:"true where the share must be exceeded"`
	Parties       []string  `json:"parties,omitempty" jsonschema:"each of these has consented, ids of parties in order"`
	Date          Date      `json:"date,omitempty" jsonschema:"this day has come"`
	Organisations bool      `json:"organisations,omitempty" jsonschema:"true where an organisation of states counts beside its members"`
}

// A Delay leads from a day to a later one.
type Delay struct {
	Count int64  `json:"count" jsonschema:"how many days or months after"`
	Unit  string `json:"unit" jsonschema:"days or months"`
	Then  string `json:"then,omitempty" jsonschema:"next-first: the first day of the month that follows; this-first: the first day of that month"`
}

// Units of a delay, and what Then says.
const (
	Days      = "days"
	Months    = "months"
	NextFirst = "next-first" // "the first day of the month after the sixtieth day following"
	ThisFirst = "this-first" // "the first day of the sixth month after the month in which"
)

// A Withdrawal is how a party leaves.
type Withdrawal struct {
	Months int64 `json:"months" jsonschema:"it takes effect so many months after the notice"`
	After  int64 `json:"after,omitempty" jsonschema:"no notice before the treaty has been in force for the party so many months"`
	Never  bool  `json:"never,omitempty" jsonschema:"true where no party can leave"`
}

// A Termination is when a treaty ends by its own text: on a day, or when too few are left. Both may be said; the earlier ends it.
type Termination struct {
	Day   Date  `json:"day,omitempty" jsonschema:"the first day on which it is no longer in force"`
	Below int64 `json:"below,omitempty" jsonschema:"it ends when fewer than so many are bound by it"`
}

// Accession and reservations, as a clause says them.
const (
	Open    = "open"
	Invited = "invited"
	None    = "none"
	Any     = "any"
	Listed  = "listed"
)

// Check says what is wrong with a clause, and where.
func (c Clause) Check() error {
	switch {
	case c.Accession != "" && c.Accession != Open && c.Accession != Invited && c.Accession != None:
		return fmt.Errorf("accession is open, invited or none, not %.40q", c.Accession)
	case (c.Accession == Invited) != (len(c.Invited) > 0):
		return fmt.Errorf("accession invited and the list of the invited go together")
	case c.Reservations != "" && c.Reservations != Any && c.Reservations != Listed && c.Reservations != None:
		return fmt.Errorf("reservations are any, listed or none, not %.40q", c.Reservations)
	case (c.Reservations == Listed) != (len(c.Provisions) > 0):
		return fmt.Errorf("reservations listed and the list of provisions go together")
	}
	if w := c.Withdrawal; w != nil && (w.Months < 0 || w.After < 0 || w.Months > 1200 || w.After > 1200 || w.Never && (w.Months > 0 || w.After > 0)) {
		return fmt.Errorf("withdrawal takes 0 to 1200 months, or never")
	}
	if t := c.Termination; t != nil && (t.Day == "" && t.Below == 0 || t.Below < 0 || t.Below > 100_000) {
		return fmt.Errorf("termination names a day, or the number of parties below which the treaty ends")
	}
	if c.Later != nil {
		if err := c.Later.Check(); err != nil {
			return err
		}
	}
	for _, w := range c.Ways {
		if err := w.Check(); err != nil {
			return err
		}
	}
	return nil
}

// Check says what is wrong with a way.
func (w Way) Check() error {
	switch {
	case len(w.Conditions) == 0:
		return fmt.Errorf("a way needs a condition, as {\"number\":3,\"what\":\"consents\"}")
	case w.From != "" && w.Until != "" && w.From > w.Until:
		return fmt.Errorf("from %s is after until %s", w.From, w.Until)
	}
	for _, c := range w.Conditions {
		if err := c.Check(); err != nil {
			return err
		}
	}
	if w.Delay != nil {
		return w.Delay.Check()
	}
	return nil
}

// Check says what is wrong with a condition.
func (c Condition) Check() error {
	counts := c.What == StepConsents || c.What == StepSignatures
	switch {
	case !slices.Contains([]string{StepConsents, StepShare, StepParties, StepEveryone, StepSignatories, StepSignatures, StepDate}, c.What):
		return fmt.Errorf("what is consents, share, parties, everyone, signatories, signatures or date, not %.40q", c.What)
	case counts != (c.Number != 0) || c.Number < 0 || c.Number > 100_000:
		return fmt.Errorf("number goes with consents and signatures, and is 1 or more")
	case (c.What == StepShare) != (c.Share != nil) || c.Above && c.Share == nil:
		return fmt.Errorf("share goes with what: share")
	case (c.What == StepParties) != (len(c.Parties) > 0):
		return fmt.Errorf("parties goes with what: parties")
	case (c.What == StepDate) != (c.Date != ""):
		return fmt.Errorf("date goes with what: date")
	case (c.What == StepShare || c.What == StepEveryone) && c.Of == "":
		return fmt.Errorf("of must name the quantity a share is of, or the group of which everyone is asked")
	case c.Of != "" && c.What != StepShare && c.What != StepConsents && c.What != StepEveryone:
		return fmt.Errorf("of goes with consents, share or everyone")
	}
	return nil
}

// Check says what is wrong with a delay.
func (d Delay) Check() error {
	switch {
	case d.Unit != Days && d.Unit != Months:
		return fmt.Errorf("a delay is counted in days or months, not in %.40q", d.Unit)
	case d.Count < 0 || d.Count > 36_600 || d.Unit == Months && d.Count > 1200:
		return fmt.Errorf("a delay is 0 to 36600 days or 0 to 1200 months")
	case d.Then != "" && d.Then != NextFirst && d.Then != ThisFirst:
		return fmt.Errorf("then is %s or %s, not %.40q", NextFirst, ThisFirst, d.Then)
	case d.Count == 0 && d.Then == "":
		return fmt.Errorf("a delay of nothing is said by leaving it out")
	}
	return nil
}

// After is the day a delay leads to; none leads to the day itself.
func (d *Delay) After(from Day) Day {
	if d == nil {
		return from
	}
	day := from + Day(d.Count)
	if d.Unit == Months {
		day = from.AddMonths(d.Count)
	}
	switch d.Then {
	case NextFirst:
		return day.first().AddMonths(1)
	case ThisFirst:
		return day.first()
	}
	return day
}

// Leaves is the first day on which who withdraws counts no longer. Who is not bound yet leaves with the day of its notice,
// so that what that day settled stays settled; who is bound, when the clause says, else after twelve months (VCLT 56(2)).
func (c Clause) Leaves(notified Day, bound bool) Day {
	switch {
	case !bound:
		return notified + 1
	case c.Withdrawal == nil:
		return notified.AddMonths(12)
	}
	return notified.AddMonths(c.Withdrawal.Months)
}

// OpenTo reports whether a party that did not sign may accede (VCLT 15).
func (c Clause) OpenTo(party string) bool {
	return c.Accession == Open || c.Accession == Invited && slices.Contains(c.Invited, party)
}

// Reservable reports whether the clause lets a provision be reserved (VCLT 19).
func (c Clause) Reservable(provision string) bool {
	return c.Reservations != None && (c.Reservations != Listed || slices.Contains(c.Provisions, provision))
}

// Unknown is a group or quantity that a condition names and the clause does not hold.
func (c Clause) Unknown() (name string, ok bool) {
	for _, w := range c.Ways {
		for _, x := range w.Conditions {
			group := slices.ContainsFunc(c.Groups, func(g Group) bool { return g.Name == x.Of })
			quantity := slices.ContainsFunc(c.Quantities, func(q Quantity) bool { return q.Name == x.Of })
			if x.Of != "" && (x.Share == nil && !group || x.Share != nil && !quantity) {
				return x.Of, true
			}
		}
	}
	return "", false
}

// Sorts of acts.
const (
	Signature    = "signature"            // binds nobody by itself
	Definitive   = "definitive-signature" // binds (VCLT 12)
	Ratification = "ratification"
	Acceptance   = "acceptance"
	Approval     = "approval"
	Accession    = "accession"
	Succession   = "succession"
	Confirmation = "formal-confirmation" // of an organisation
	Notification = "notification"        // that domestic procedures are complete
	Withdraws    = "withdrawal"
	Revokes      = "withdrawal-revoked" // before it took effect (VCLT 68)
	Terminates   = "termination"        // of the treaty, by all together or by one of the grounds of VCLT 54 to 64; of no party
)

// consents are the sorts by which a party consents to be bound (VCLT 11).
var consents = []string{Definitive, Ratification, Acceptance, Approval, Accession, Succession, Confirmation, Notification}

// Consents reports whether an act of this sort is consent to be bound.
func Consents(sort string) bool { return slices.Contains(consents, sort) }

// An Act of a party, received on a day. Every act is kept: a second deposit does not replace the first, and a deposit of a
// state that is no more stands beside the notification of its successor.
type Act struct {
	Party string
	Sort  string
	Day   Day
	// Effective is when it takes effect, where that is another day: a withdrawal's last day, a succession's first.
	Effective Day
	Place     string // where it was deposited, where there are several depositaries
}

func (a Act) effect() Day {
	if a.Effective != 0 {
		return a.Effective
	}
	return a.Day
}

// Facts are what a clause is reckoned over.
type Facts struct {
	Negotiating   []string   // who took part in drawing the text up (VCLT 2(1)(e))
	Organisations []string   // who is no state: counted only where the clause says so
	Groups        []Group    // as annex 2
	Quantities    []Quantity // as tonnage, emissions
	Acts          []Act
}

// A Group of parties a clause speaks of.
type Group struct {
	Name    string   `json:"name" jsonschema:"its name, as the conditions have it"`
	Members []string `json:"members" jsonschema:"ids of parties, in order"`
}

// A Quantity is of what a share is asked.
type Quantity struct {
	Name   string  `json:"name" jsonschema:"its name, as the conditions have it"`
	Total  int64   `json:"total,omitempty" jsonschema:"of all, below 900,000,000,000,000; absent: the sum"`
	Shares []Share `json:"shares" jsonschema:"pairs of a party and its part"`
}

// Check reports whether the parts can be added without overflow.
func (q Quantity) Check() error {
	const most = 900_000_000_000_000
	sum := int64(0)
	for _, s := range q.Shares {
		if s.Part < 0 || s.Part > most || sum > most-s.Part {
			return fmt.Errorf("the parts of %.40s are to be 0 or more and below %d together", q.Name, int64(most))
		}
		sum += s.Part
	}
	if q.Total < 0 || q.Total > most || q.Total > 0 && q.Total < sum {
		return fmt.Errorf("the total of %.40s is less than its parts", q.Name)
	}
	return nil
}

// A Share of a quantity.
type Share struct {
	canonical.Tuple
	Party string
	Part  int64
}

// sorted are the acts known on a day, in order of day; of one day as they were entered.
func (f Facts) sorted(at Day) []Act {
	var known []Act
	for _, a := range f.Acts {
		if a.Day <= at {
			known = append(known, a)
		}
	}
	slices.SortStableFunc(known, func(a, b Act) int { return cmp.Compare(a.Day, b.Day) })
	return known
}
