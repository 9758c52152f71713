package web

import (
	"cmp"
	"context"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/rules"
)

// A Draft is what a set-up has so far: a body as it is going to be founded. Nothing of it is in a record yet. It holds
// names of persons in the open, so its keeper destroys it when the set-up has ended.
type Draft struct {
	Body        DraftBody      `json:"body"`
	Secretaries [2]DraftPerson `json:"secretaries"`
	Address     string         `json:"address,omitempty"` // where people sign in: an origin (RFC 6454)
	Proven      string         `json:"proven,omitempty"`  // the address at which these pages were opened
	Parties     []DraftParty   `json:"parties,omitempty"`
	Rules       string         `json:"rules,omitempty"` // name of those built in; OwnRules, LaterRules, or ""
	Own         string         `json:"own,omitempty"`   // text of rules of one's own
	Basis       string         `json:"basis,omitempty"` // the decision that adopted them
	People      []DraftRow     `json:"people,omitempty"`
	Script      string         `json:"script,omitempty"` // language of the people's names
	Meeting     DraftMeeting   `json:"meeting"`
	Passed      []string       `json:"passed,omitempty"` // steps that were gone through
}

// What stands for rules that do not ship.
const (
	OwnRules   = "own"
	LaterRules = "later"
)

// DraftBody is the body's part of a draft. A language is the body's where it has a name in it.
type DraftBody struct {
	ID    string            `json:"id,omitempty"`
	Names map[string]string `json:"names,omitempty"` // by language
	Seat  map[string]string `json:"seat,omitempty"`  // names of the city
	Zone  string            `json:"zone,omitempty"`  // of the seat, as Asia/Baku

	Emblem []byte `json:"emblem,omitempty"` // PNG, as emblemOf draws it
}

// DraftPerson is one of the two secretaries.
type DraftPerson struct {
	Names map[string]string `json:"names,omitempty"` // by language; one at least
}

// DraftParty is a member or observer.
type DraftParty struct {
	ID       string            `json:"id"`
	Names    map[string]string `json:"names"`
	Observer bool              `json:"observer,omitempty"`
	Since    string            `json:"since"` // a year, month or day
	Basis    string            `json:"basis"` // founder, decision, accession
	Notified bool              `json:"notified,omitempty"`
}

// DraftRow is one of the people who come.
type DraftRow struct {
	Name  string `json:"name,omitempty"`
	Party string `json:"party,omitempty"` // as it was written
	Role  string `json:"role,omitempty"`  // as it was written
	Row   int    `json:"row,omitempty"`   // of the table it was read from, from 1; 0: none
}

// A TableRow is a row of a table: its number there, from 1, and its cells.
type TableRow struct {
	Number int
	Cells  []string
}

// DraftMeeting is the first meeting.
type DraftMeeting struct {
	Ordinal int64             `json:"ordinal,omitempty"`
	From    string            `json:"from,omitempty"` // days
	To      string            `json:"to,omitempty"`
	Place   map[string]string `json:"place,omitempty"` // names of the city; none: the seat
	Zone    string            `json:"zone,omitempty"`
	Host    string            `json:"host,omitempty"`  // id of a party
	Chair   int               `json:"chair,omitempty"` // who opens it: which of the people, from 1
}

// A RulesProblem is what is wrong with a text of rules. Kind is text (no JSON as rules are written), unknown (a field that
// rules do not have), missing (one that they need) or value (what a field cannot hold): setup.rules.KIND is its text.
type RulesProblem struct {
	Line        int
	Field, Kind string // Field is a path, as majorities.0.tests.1.of; "" for the kind text
	Why         string // in English, with the line
}

func (p RulesProblem) Error() string { return p.Why }

// A Founder keeps a draft, and founds a body from it. Whoever keeps records gives one.
type Founder interface {
	Draft() Draft
	// Save keeps a draft whole or not at all.
	Save(Draft) error
	// Opened are the browsers in which the set-up is open, by the SHA-256 of their cookies in hex; Open adds one.
	Opened() []string
	Open(hash string) error
	// Shipped lists the rules that ship, by name.
	Shipped() []string
	// RulesOf are those a name or text stands for; the error of a text is a RulesProblem.
	RulesOf(name, own string) (*rules.Rules, error)
	// ReadTable reads a spreadsheet; each problem has a kind, and stands in its row or for the whole.
	ReadTable([]byte) (columns []string, rows []TableRow, problems []RowProblem)
	// Check founds the body where nobody sees it, and says how many acts it takes or why it cannot be done.
	Check(context.Context, Draft) (acts int, err error)
	// Rehearse makes a copy under another origin, in which everything may be tried, and says where it is.
	Rehearse(context.Context, Draft) (address string, err error)
	Rehearsal() string // address of that copy, or ""
	// Found puts all into the record by ordinary acts. Interrupted, it is done again and goes on.
	Found(context.Context, Draft) error
	Founded() *Founded // nil before
	// End destroys the draft and the codes on the cards.
	End() error
}

// Founded is a body that was founded a moment ago.
type Founded struct {
	Origin, Verifier string
	Size             int64 // entries
	Meeting          string
	Until            record.Instant
	Cards            []FoundedCard // the two secretaries' first
}

// A FoundedCard is what a person enrols a device with.
type FoundedCard struct {
	Name, Party, Role string // Party: an id; Role: as of a delegation, or secretary
	Link              string // token of the link
	Used              bool
}

// Languages are those of the body, in order.
func (d Draft) Languages() (codes []string) {
	for _, l := range language.All() {
		if d.Body.Names[l.Code] != "" {
			codes = append(codes, l.Code)
		}
	}
	return codes
}

// Party is the party that a text means: its id, or its name in some language.
func (d Draft) Party(text string) (DraftParty, bool) {
	want := strings.ToLower(tidy(text))
	for _, p := range d.Parties {
		if p.ID == want {
			return p, true
		}
		for _, name := range p.Names {
			if strings.ToLower(name) == want {
				return p, true
			}
		}
	}
	if t, ok := language.TerritoryNamed(text); ok && want != "" {
		for _, p := range d.Parties {
			if p.ID == strings.ToLower(t.Code) {
				return p, true
			}
		}
	}
	return DraftParty{}, false
}

// DraftRole is the role in a delegation that a text means, in any language; "" where it means none.
func DraftRole(text string) string {
	want := strings.ToLower(tidy(text))
	for _, role := range draftRoles {
		if want == role {
			return role
		}
		for _, l := range language.All() {
			if strings.ToLower(l.Say("setup.role."+role)) == want {
				return role
			}
		}
	}
	return ""
}

var draftRoles = []string{"head", "delegate", "alternate", "adviser", "staff"}

// Domain is the relying party id of the address: its host (WebAuthn Level 3 section 5.1.3).
func (d Draft) Domain() string {
	u, err := url.Parse(d.Address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Origin names the record for ever: the host where people sign in, and the body's id.
func (d Draft) Origin() string { return d.Domain() + "/" + d.Body.ID }

// A lack is what a step still needs: the field, and the key of what is said about it.
type lack struct {
	field, key string
	args       []string
}

// lacks says what a step needs before the body can be founded.
func (d Draft) lacks(step string) []lack {
	switch step {
	case "body":
		return d.bodyLacks()
	case "secretaries":
		return d.secretaryLacks()
	case "address":
		return d.addressLacks()
	case "parties":
		return d.partyLacks()
	case "rules":
		return d.rulesLacks()
	case "people":
		return d.peopleLacks()
	case "meeting":
		return d.meetingLacks()
	}
	return nil
}

func (d Draft) bodyLacks() (list []lack) {
	codes := d.Languages()
	if len(codes) == 0 {
		list = append(list, lack{"name.en", "setup.needs.name", nil})
	}
	for _, code := range codes {
		if d.Body.Seat[code] == "" {
			list = append(list, lack{"seat." + code, "setup.needs.seat", nil})
		}
	}
	if !zone(d.Body.Zone) {
		list = append(list, lack{"zone", "setup.needs.zone", nil})
	}
	if !record.IsID(d.Body.ID) {
		list = append(list, lack{"id", "setup.needs.id", nil})
	}
	return list
}

func zone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}

func (d Draft) secretaryLacks() (list []lack) {
	for i, s := range d.Secretaries {
		if len(s.Names) == 0 {
			list = append(list, lack{"s" + strconv.Itoa(i+1), "setup.needs.person", nil})
		}
	}
	for code, name := range d.Secretaries[0].Names {
		if name == d.Secretaries[1].Names[code] {
			return append(list, lack{"s2", "setup.needs.twopersons", nil})
		}
	}
	return list
}

var hostName = regexp.MustCompile(`^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,9}$`)

func (d Draft) addressLacks() (list []lack) {
	u, err := url.Parse(d.Address)
	_, number := netip.ParseAddr(d.Domain())
	if err != nil || u.Scheme != "https" || u.Path != "" || u.RawQuery != "" || u.User != nil || !hostName.MatchString(u.Hostname()) || strings.HasSuffix(u.Hostname(), ".invalid") || number == nil {
		return []lack{{"address", "setup.needs.address", nil}}
	}
	if d.Proven != d.Address {
		return []lack{{"", "setup.needs.proof", []string{d.Address}}}
	}
	return nil
}

var draftDate = regexp.MustCompile(`^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$`)

// day reports whether s is a date: whole, or of a year or month alone where that is enough.
func day(s string, whole bool) bool {
	if !draftDate.MatchString(s) || whole && len(s) != 10 {
		return false
	}
	_, err := time.Parse("2006-01-02"[:len(s)], s)
	return err == nil
}

func (d Draft) partyLacks() (list []lack) {
	members := 0
	for _, p := range d.Parties {
		if !p.Observer {
			members++
		}
		for _, code := range d.Languages() {
			if p.Names[code] == "" {
				list = append(list, lack{"names." + p.ID + "." + code, "setup.needs.partyname", nil})
			}
		}
		if !day(p.Since, false) {
			list = append(list, lack{"since." + p.ID, "setup.needs.since", nil})
		}
	}
	if members == 0 {
		list = append(list, lack{"add", "setup.needs.member", nil})
	}
	return list
}

func (d Draft) rulesLacks() (list []lack) {
	switch d.Rules {
	case "":
		list = append(list, lack{"rules", "setup.needs.rules", nil})
	case OwnRules:
		if d.Own == "" {
			list = append(list, lack{"own", "setup.needs.own", nil})
		}
	}
	if d.Rules != "" && d.Rules != LaterRules && d.Basis == "" {
		list = append(list, lack{"basis", "setup.needs.basis", nil})
	}
	return list
}

// peopleLacks are told row by row, and delegation by delegation.
func (d Draft) peopleLacks() (list []lack) {
	heads, of := map[string][]int{}, map[string][]int{}
	for i, r := range d.People {
		row := strconv.Itoa(i)
		p, known := d.Party(r.Party)
		role := DraftRole(r.Role)
		if r.Name == "" {
			list = append(list, lack{"name." + row, "setup.fix.noname", nil})
		}
		if !known {
			list = append(list, lack{"party." + row, "setup.fix.noparty", []string{r.Name, r.Party}})
		}
		if role == "" {
			list = append(list, lack{"role." + row, "setup.fix.norole", []string{r.Name, r.Role}})
		}
		if known {
			of[p.ID] = append(of[p.ID], i)
			if role == "head" {
				heads[p.ID] = append(heads[p.ID], i)
			}
		}
	}
	for _, p := range d.Parties {
		if len(of[p.ID]) > 0 && len(heads[p.ID]) != 1 {
			list = append(list, lack{"head." + p.ID, map[bool]string{true: "setup.fix.nohead", false: "setup.fix.twoheads"}[len(heads[p.ID]) == 0], []string{p.ID}})
		}
	}
	return list
}

func (d Draft) meetingLacks() (list []lack) {
	m := d.Meeting
	if m.Ordinal < 1 || m.Ordinal > 9999 {
		list = append(list, lack{"ordinal", "setup.needs.ordinal", nil})
	}
	if !day(m.From, true) {
		list = append(list, lack{"from", "setup.needs.day", nil})
	}
	if m.To != "" && (!day(m.To, true) || m.To < m.From) {
		list = append(list, lack{"to", "setup.needs.lastday", nil})
	}
	for _, code := range d.Languages() {
		if len(m.Place) > 0 && m.Place[code] == "" {
			list = append(list, lack{"place." + code, "setup.needs.seat", nil})
		}
	}
	if m.Zone != "" && !zone(m.Zone) {
		list = append(list, lack{"zone", "setup.needs.zone", nil})
	}
	return list
}

// ready reports whether nothing is lacking in any step.
func (d Draft) ready() bool {
	return !slices.ContainsFunc(setupSteps, func(step string) bool { return len(d.lacks(step)) > 0 })
}

// tidy is text as it is kept: NFC, blanks single, of bounded length.
func tidy(s string) string {
	s = strings.Join(strings.Fields(norm.NFC.String(s)), " ")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > maxDraftText {
		return string(r[:maxDraftText])
	}
	return s
}

// maxDraftText is the largest length of a name in a draft, in characters.
const maxDraftText = 200

// idOf makes an id from a text that is not among those taken: its Latin letters and digits.
func idOf(text, otherwise string, taken func(string) bool) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(text)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r < 0x300 && b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	id := cmp.Or(strings.Trim(b.String()[:min(b.Len(), 32)], "-"), otherwise)
	for n, first := 2, id; taken(id); n++ {
		id = first + "-" + strconv.Itoa(n)
	}
	return id
}

// MeetingID is the id of the first meeting.
func (d Draft) MeetingID() conference.MeetingID {
	return conference.MeetingID("m" + strconv.FormatInt(d.Meeting.Ordinal, 10))
}

// SeatID is the id of the city of the seat.
func (d Draft) SeatID() conference.PlaceID { return placeID(d.Body.Seat) }

// PlaceID is the id of the city of the first meeting.
func (d Draft) PlaceID() conference.PlaceID {
	if len(d.Meeting.Place) == 0 {
		return d.SeatID()
	}
	return placeID(d.Meeting.Place)
}

func placeID(names map[string]string) conference.PlaceID {
	text := names["en"]
	for _, name := range namesOf(names) {
		text = cmp.Or(text, name.Text)
	}
	return conference.PlaceID(idOf(text, "seat", func(string) bool { return false }))
}

// NamesOf are names by language as the record has them.
func NamesOf(texts map[string]string) conference.Names { return namesOf(texts) }
