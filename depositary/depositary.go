// Package depositary is the arithmetic of consent to be bound: when a treaty enters into force, and for whom. A clause is
// data, acts are days, the answer is a day or what is missing, with its working. It holds no state and asks no clock.
//
//	Clause.Reckon(facts, at) Answer        the day, or what is missing, as known on a day
//	Answer.Bound(party) []Span             from when until when a party is bound
//	Clause.Leaves(notified, bound) Day     when a withdrawal takes effect
//
// Three states are asked, the thirtieth day after the third deposit counts, and the seat's own state must be among them:
//
//	{"article":"14(1)","ways":[{"conditions":[{"consents":3},{"parties":["xl"]}],"delay":{"days":30}}]}
//
// A day is a calendar date at the depositary's seat, no instant. Day n counts from the day after: deposited on 1 January,
// the thirtieth day after is 31 January. Months keep the day, else the month's last.
package depositary

import (
	"cmp"
	"fmt"
	"slices"
)

// A Clause is what a treaty says of its entry into force. Its ways are joined by or, the conditions of a way by and, to be
// met on one and the same day. Without ways it is VCLT 24(2): all negotiating states have consented.
type Clause struct {
	Article      string      `json:"article,omitempty" jsonschema:"the article that says so"`
	Ways         []Way       `json:"ways,omitempty" jsonschema:"ways into force: the earliest day any of them gives; absent: all negotiating states have consented (VCLT 24(2))"`
	Later        *Delay      `json:"later,omitempty" jsonschema:"for who consents after the conditions were met: from its own deposit; absent: that day, but not before the treaty is in force (VCLT 24(3))"`
	Provisional  bool        `json:"provisional,omitempty" jsonschema:"true where it may be applied provisionally (VCLT 25)"`
	Accession    string      `json:"accession,omitempty" jsonschema:"who may accede: open, invited or none; absent: open"`
	Invited      []string    `json:"invited,omitempty" jsonschema:"who is invited to accede, ids of parties in order"`
	Withdrawal   *Withdrawal `json:"withdrawal,omitempty" jsonschema:"how a party leaves; absent: twelve months after its notice (VCLT 56(2))"`
	Reservations string      `json:"reservations,omitempty" jsonschema:"any, listed or none; absent: any that the treaty's object allows (VCLT 19)"`
	Provisions   []string    `json:"provisions,omitempty" jsonschema:"the provisions that may be reserved, where reservations says listed"`
}

// A Way into force.
type Way struct {
	Conditions []Condition `json:"conditions" jsonschema:"what must be so, all on one day"`
	Delay      *Delay      `json:"delay,omitempty" jsonschema:"from the day they are met to the day of entry into force; absent: the same day"`
	NotBefore  Date        `json:"notBefore,omitempty" jsonschema:"never before this day"`
	From       Date        `json:"from,omitempty" jsonschema:"the conditions count from this day"`
	Until      Date        `json:"until,omitempty" jsonschema:"and must be met by this day; later the way is closed"`
}

// A Condition is one member of it: a number of consents, a share, names, signatures or a date.
type Condition struct {
	Consents      int64     `json:"consents,omitempty" jsonschema:"so many have consented to be bound"`
	Of            string    `json:"of,omitempty" jsonschema:"of this group alone, as annex 2; or of the quantity a share is of, as tonnage"`
	Share         *Fraction `json:"share,omitempty" jsonschema:"who consented holds at least this part: [1,2]"`
	Above         bool      `json:"above,omitempty" jsonschema:"true where the share must be exceeded"`
	Parties       []string  `json:"parties,omitempty" jsonschema:"each of these has consented, ids of parties in order"`
	Everyone      bool      `json:"everyone,omitempty" jsonschema:"true where all of the group named in of have consented"`
	Signatories   bool      `json:"signatories,omitempty" jsonschema:"true where all who signed have consented"`
	Signatures    int64     `json:"signatures,omitempty" jsonschema:"so many have signed"`
	Date          Date      `json:"date,omitempty" jsonschema:"this day has come"`
	Organisations bool      `json:"organisations,omitempty" jsonschema:"true where an organisation of states counts beside its members"`
}

// A Delay leads from a day to a later one.
type Delay struct {
	Days   int64  `json:"days,omitempty" jsonschema:"the day so many days after"`
	Months int64  `json:"months,omitempty" jsonschema:"or so many months after"`
	Then   string `json:"then,omitempty" jsonschema:"next-first: the first day of the month that follows; this-first: the first day of that month"`
}

// What Then says.
const (
	NextFirst = "next-first" // "the first day of the month after the sixtieth day following"
	ThisFirst = "this-first" // "the first day of the sixth month after the month in which"
)

// A Withdrawal is how a party leaves.
type Withdrawal struct {
	Months int64 `json:"months,omitempty" jsonschema:"it takes effect so many months after the notice"`
	After  int64 `json:"after,omitempty" jsonschema:"no notice before the treaty has been in force for the party so many months"`
	Never  bool  `json:"never,omitempty" jsonschema:"true where no party can leave"`
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
		return fmt.Errorf("a way needs a condition, as {\"consents\":3}")
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

// Check says what is wrong with a condition: it is to say one thing.
func (c Condition) Check() error {
	said := 0
	for _, is := range []bool{c.Consents != 0, c.Share != nil, len(c.Parties) > 0, c.Everyone, c.Signatories, c.Signatures != 0, c.Date != ""} {
		if is {
			said++
		}
	}
	switch {
	case said != 1:
		return fmt.Errorf("a condition says one of consents, share, parties, everyone, signatories, signatures, date; this one says %d", said)
	case c.Consents < 0 || c.Signatures < 0 || c.Consents > 100_000 || c.Signatures > 100_000:
		return fmt.Errorf("a number of states is 1 or more")
	case (c.Share != nil || c.Everyone) && c.Of == "":
		return fmt.Errorf("of must name the quantity a share is of, or the group of which everyone is asked")
	case c.Of != "" && c.Share == nil && c.Consents == 0 && !c.Everyone:
		return fmt.Errorf("of goes with consents, share or everyone")
	case c.Above && c.Share == nil:
		return fmt.Errorf("above goes with share")
	}
	return nil
}

// Check says what is wrong with a delay.
func (d Delay) Check() error {
	switch {
	case d.Days < 0 || d.Months < 0 || d.Days > 36_600 || d.Months > 1200:
		return fmt.Errorf("a delay is 0 to 36600 days or 0 to 1200 months")
	case d.Days > 0 && d.Months > 0:
		return fmt.Errorf("a delay is days or months, not both")
	case d.Then != "" && d.Then != NextFirst && d.Then != ThisFirst:
		return fmt.Errorf("then is %s or %s, not %.40q", NextFirst, ThisFirst, d.Then)
	case d.Days == 0 && d.Months == 0 && d.Then == "":
		return fmt.Errorf("a delay of nothing is said by leaving it out")
	}
	return nil
}

// After is the day a delay leads to; none leads to the day itself.
func (d *Delay) After(from Day) Day {
	if d == nil {
		return from
	}
	day := (from + Day(d.Days)).AddMonths(d.Months)
	switch d.Then {
	case NextFirst:
		return day.first().AddMonths(1)
	case ThisFirst:
		return day.first()
	}
	return day
}

// Leaves is the day on which a withdrawal takes effect. Who is not bound yet on the day of its notice leaves that day; who
// is bound leaves when the clause says, else after twelve months (VCLT 56(2)).
func (c Clause) Leaves(notified Day, bound bool) Day {
	switch {
	case !bound:
		return notified
	case c.Withdrawal == nil:
		return notified.AddMonths(12)
	}
	return notified.AddMonths(c.Withdrawal.Months)
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
	Name    string
	Members []string
}

// A Quantity is of what a share is asked.
type Quantity struct {
	Name   string
	Total  int64 // of all, below 9e14; 0: the sum
	Shares []Share
}

// A Share of a quantity.
type Share struct {
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
