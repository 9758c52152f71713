package conference

import (
	"errors"
	"fmt"
	"strconv"

	"kurultai/record"
	"kurultai/record/canonical"
)

// Identifiers. Each is an id of doc/record.md section 2, in a name space of its own.
type (
	BodyID         string
	PartyID        string
	OrganisationID string
	PersonID       string // 16 random bytes in hex; never made from a name
	PlaceID        string
	MeetingID      string
	SourceID       string
	InstrumentID   string
	RequestID      string // a request for the floor
	NoteID         string
)

// A Term is a key of the vocabulary in the language folders: an office, a rank, a topic, a ground.
type Term string

// A Language is a BCP 47 primary language subtag.
type Language string

// A Date is a day, month or year of the Gregorian calendar at the place: 2019-09-06, 2019-09, 2019.
type Date string

// UnnamedPerson stands for somebody the reports do not name.
const UnnamedPerson PersonID = "unnamed"

func checkID(what, s string) error {
	if !record.IsID(s) {
		return fmt.Errorf("%.40q is no id of a %s: 1 to 40 of a-z, 0-9 and -", s, what)
	}
	return nil
}

func (i BodyID) Check() error         { return checkID("body", string(i)) }
func (i PartyID) Check() error        { return checkID("party", string(i)) }
func (i OrganisationID) Check() error { return checkID("organisation", string(i)) }
func (i PlaceID) Check() error        { return checkID("place", string(i)) }
func (i MeetingID) Check() error      { return checkID("meeting", string(i)) }
func (i SourceID) Check() error       { return checkID("source", string(i)) }
func (i InstrumentID) Check() error   { return checkID("instrument", string(i)) }
func (i RequestID) Check() error      { return checkID("request", string(i)) }
func (i NoteID) Check() error         { return checkID("note", string(i)) }
func (t Term) Check() error           { return checkID("term", string(t)) }

// Check reports whether i is 32 hex digits, or "unnamed".
func (i PersonID) Check() error {
	if i == UnnamedPerson {
		return nil
	}
	for k := range len(i) {
		if c := i[k]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return errors.New("a person's id is 16 bytes in hex")
		}
	}
	if len(i) != 32 {
		return errors.New("a person's id is 16 bytes in hex")
	}
	return nil
}

// Check reports whether l is two or three small letters.
func (l Language) Check() error {
	for i := range len(l) {
		if l[i] < 'a' || l[i] > 'z' {
			return fmt.Errorf("%.20q is no language code", string(l))
		}
	}
	if len(l) < 2 || len(l) > 3 {
		return fmt.Errorf("%.20q is no language code", string(l))
	}
	return nil
}

// Check reports whether d is a year, a month or a day that exists.
func (d Date) Check() error {
	_, _, _, err := d.Parts()
	return err
}

// Parts returns year, month and day; what d does not say is 0.
func (d Date) Parts() (year, month, day int64, err error) {
	bad := fmt.Errorf("%.20q is no date: 2019-09-06, 2019-09 or 2019", string(d))
	number := func(from, to int) int64 {
		n, err := strconv.ParseUint(string(d[from:to]), 10, 32)
		if err != nil {
			n = 99999
		}
		return int64(n)
	}
	switch {
	case len(d) == 4:
		year = number(0, 4)
		if !record.IsDate(year, 1, 1) {
			return 0, 0, 0, bad
		}
	case len(d) == 7 && d[4] == '-':
		if year, month = number(0, 4), number(5, 7); !record.IsDate(year, month, 1) {
			return 0, 0, 0, bad
		}
	case len(d) == 10 && d[4] == '-' && d[7] == '-':
		if year, month, day = number(0, 4), number(5, 7), number(8, 10); !record.IsDate(year, month, day) {
			return 0, 0, 0, bad
		}
	default:
		return 0, 0, 0, bad
	}
	return year, month, day, nil
}

// A Name is a pair of a language and a name in it, nominative, as its owner notified it.
type Name struct {
	canonical.Tuple
	Language Language
	Text     string
}

// Names are in ascending order of language, each once.
type Names []Name

// Check reports whether the languages ascend.
func (n Names) Check() error {
	for i := range n {
		if i > 0 && n[i-1].Language >= n[i].Language {
			return errors.New("languages are to stand in order, each once")
		}
	}
	return nil
}

// In returns the name in a language, or "".
func (n Names) In(l Language) string {
	for _, name := range n {
		if name.Language == l {
			return name.Text
		}
	}
	return ""
}

// A SealedName is a pair of a language and a sealed name in it.
type SealedName struct {
	canonical.Tuple
	Language Language
	Name     record.Sealed
}

// Reported marks an event that was not lived but told (doc/record.md section 8).
type Reported struct {
	Sources []SourceID `json:"sources" jsonschema:"ids of the sources that state it"`
	When    When       `json:"when" jsonschema:"when it happened, as far as known"`
}

// When says when a reported event happened: Known is year, month, day, hour or order.
type When struct {
	Date  string `json:"date,omitempty" jsonschema:"2019, 2019-09, 2019-09-06 or 2019-09-06T11:00, local time of the place"`
	Known string `json:"known" jsonschema:"year, month, day, hour or order"`
	Order int64  `json:"order,omitempty" jsonschema:"place in the order reported, from 1"`
}

// Check reports whether Date is as exact as Known says.
func (w When) Check() error {
	want, known := map[string]int{"year": 4, "month": 7, "day": 10, "hour": 16, "order": 0}[w.Known]
	day, hour := Date(w.Date), ""
	if len(w.Date) == 16 && w.Known == "hour" {
		day, hour = Date(w.Date[:10]), w.Date[10:]
		var at record.Instant
		if err := at.UnmarshalText([]byte(w.Date + ":00.000Z")); err != nil {
			return errors.New("an hour is written 2019-09-06T11:00")
		}
	}
	if !known || len(w.Date) != want || want != 0 && day.Check() != nil || w.Known == "order" && w.Order < 1 || w.Order < 0 {
		return fmt.Errorf("date %q does not say what is known to the %s", w.Date, w.Known)
	}
	_ = hour
	return nil
}

// Part is how somebody took part in a meeting: head, member, observer or guest.
type Part string

// Check reports whether p is one of the four.
func (p Part) Check() error {
	switch p {
	case "head", "member", "observer", "guest":
		return nil
	}
	return fmt.Errorf("%.20q: one takes part as head, member, observer or guest", string(p))
}

// A Point is what a statement said, in the manner the vocabulary has a sentence for.
type Point struct {
	Manner Term    `json:"manner" jsonschema:"how it was said: joint-action, step-up, threat, partnership, hope, cooperation-growth, prospects"`
	Of     []Term  `json:"of,omitempty" jsonschema:"what it was about: terms of the vocabulary, in the order reported"`
	To     Term    `json:"to,omitempty" jsonschema:"whom or what it concerns"`
	In     PlaceID `json:"in,omitempty" jsonschema:"the place it names"`
}

// The events. Those a report may state carry what the catalogue's FORMAT names; live acts cause the same kinds.
type (
	// MeetingConvened: a numbered meeting is called to a place.
	MeetingConvened struct {
		Meeting MeetingID `json:"meeting"`
		Ordinal int64     `json:"ordinal" jsonschema:"number of the meeting, 22 for the XXII"`
		Place   PlaceID   `json:"place" jsonschema:"the city"`
		Host    PartyID   `json:"host,omitempty" jsonschema:"the party that is host"`
		From    Date      `json:"from" jsonschema:"first day"`
		To      Date      `json:"to,omitempty" jsonschema:"last day, if another"`
		Zone    string    `json:"zone,omitempty" jsonschema:"time zone of the place, as Asia/Baku"`
		Basis   Term      `json:"basis,omitempty" jsonschema:"on what it rests"`
	}
	// MeetingHeld: the meeting took place on that date.
	MeetingHeld struct {
		Meeting MeetingID `json:"meeting"`
		Date    Date      `json:"date"`
	}
	// ChairTaken: who presided.
	ChairTaken struct {
		Meeting MeetingID `json:"meeting"`
		Person  PersonID  `json:"person"`
	}
	// PersonTookPart: somebody, perhaps unnamed, took part for a party.
	PersonTookPart struct {
		Meeting      MeetingID      `json:"meeting"`
		Person       PersonID       `json:"person" jsonschema:"a person's id, or unnamed"`
		Party        PartyID        `json:"party,omitempty"`
		Organisation OrganisationID `json:"organisation,omitempty"`
		Part         Part           `json:"part" jsonschema:"head, member, observer or guest"`
		Rank         Term           `json:"rank,omitempty"`
		Office       Term           `json:"office,omitempty" jsonschema:"office, or for somebody unnamed what is told of him"`
	}
	// WreathLaid and FlowersLaid: a ceremony at a monument or grave.
	WreathLaid struct {
		Meeting  MeetingID `json:"meeting"`
		Place    PlaceID   `json:"place" jsonschema:"where: an alley, a cemetery"`
		Monument PlaceID   `json:"monument,omitempty" jsonschema:"at which monument; absent: at the grave of the person honoured"`
		Honoured PersonID  `json:"honoured,omitempty"`
	}
	FlowersLaid WreathLaid
	// MeetingOpened: who declared the sitting open.
	MeetingOpened struct {
		Meeting MeetingID `json:"meeting"`
		By      PersonID  `json:"by"`
	}
	// MessageRead: a message of one person read out by another.
	MessageRead struct {
		Meeting      MeetingID `json:"meeting"`
		Author       PersonID  `json:"author"`
		AuthorOffice Term      `json:"authorOffice,omitempty"`
		AuthorOf     PartyID   `json:"authorOf,omitempty" jsonschema:"the party whose office it is"`
		Reader       PersonID  `json:"reader"`
		ReaderOffice Term      `json:"readerOffice,omitempty"`
	}
	// StatementMade: what somebody, or "others", said.
	StatementMade struct {
		Meeting MeetingID `json:"meeting"`
		By      string    `json:"by" jsonschema:"a person's id, or others"`
		Party   PartyID   `json:"party,omitempty"`
		Points  []Point   `json:"points,omitempty"`
	}
	// InstrumentSigned: by "participants", "unknown", or the parties in For.
	InstrumentSigned struct {
		Meeting    MeetingID    `json:"meeting,omitempty"`
		Instrument InstrumentID `json:"instrument"`
		Form       Term         `json:"form" jsonschema:"kind of paper: document, protocol"`
		Subject    Term         `json:"subject" jsonschema:"what it is about"`
		Place      PlaceID      `json:"place,omitempty"`
		By         string       `json:"by" jsonschema:"participants, unknown, or parties"`
		For        []PartyID    `json:"for,omitempty" jsonschema:"the parties, where by says parties"`
	}
	// OrganSeated: an organ of the body is to have its seat in a place.
	OrganSeated struct {
		Meeting MeetingID `json:"meeting,omitempty"`
		Organ   Term      `json:"organ"`
		Place   PlaceID   `json:"place"`
	}
	// NextMeetingDecided: where the next meeting is to be.
	NextMeetingDecided struct {
		Meeting MeetingID `json:"meeting"`
		Place   PlaceID   `json:"place"`
		Party   PartyID   `json:"party,omitempty"`
		Date    Date      `json:"date,omitempty"`
	}
	// AudienceHeld: a head of state received the heads of delegation.
	AudienceHeld struct {
		Meeting MeetingID `json:"meeting"`
		By      PersonID  `json:"by"`
		Office  Term      `json:"office,omitempty"`
		Of      PartyID   `json:"of,omitempty" jsonschema:"the party whose office it is"`
	}
	// PartyAdmitted: a member from a date, on a basis.
	PartyAdmitted struct {
		Party PartyID `json:"party"`
		From  Date    `json:"from"`
		Basis Term    `json:"basis" jsonschema:"founder, decision, accession"`
	}
	// ObserverGranted: an observer from a date, on a basis; for one meeting only where Meeting is set.
	ObserverGranted struct {
		Party   PartyID   `json:"party"`
		From    Date      `json:"from"`
		Basis   Term      `json:"basis"`
		Meeting MeetingID `json:"meeting,omitempty" jsonschema:"the one meeting it is for"`
	}
	// OrganisationRegistered: a service or ministry of a party.
	OrganisationRegistered struct {
		Organisation OrganisationID `json:"organisation"`
		Party        PartyID        `json:"party"`
		Names        Names          `json:"names" jsonschema:"pairs of language and name"`
		HeadTitle    Term           `json:"headTitle,omitempty" jsonschema:"the office of its head"`
	}
	// PartyNamed: a party's names, as it or a list notified them.
	PartyNamed struct {
		Party  PartyID `json:"party"`
		Short  Names   `json:"short" jsonschema:"pairs of language and short name"`
		Full   Names   `json:"full,omitempty" jsonschema:"pairs of language and formal name"`
		Source Term    `json:"source,omitempty" jsonschema:"where the names come from: notified, cldr, press"`
	}
	// PlaceNamed: a city, alley, monument or other place, and its names.
	PlaceNamed struct {
		Place PlaceID `json:"place"`
		Type  Term    `json:"type" jsonschema:"city, alley, monument, hall"`
		Party PartyID `json:"party,omitempty" jsonschema:"the party it lies in"`
		Names Names   `json:"names" jsonschema:"pairs of language and name"`
	}
)
