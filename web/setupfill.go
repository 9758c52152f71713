package web

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
)

// maxDraftParties bounds the parties of a draft: all states and as many organisations.
const maxDraftParties = 500

// fillParties takes over what was changed in the list, and then what one of its buttons asks.
func (s *Setup) fillParties(t *setupTurn, d *Draft) error {
	for i := range d.Parties {
		p := &d.Parties[i]
		if !t.form.Has("since." + p.ID) {
			continue
		}
		p.Observer, p.Since, p.Basis = t.form.Get("kind."+p.ID) == "observer", t.text("since."+p.ID), t.form.Get("basis."+p.ID)
		if !slices.Contains(draftBases, p.Basis) {
			p.Basis = "founder"
		}
		for code, name := range t.texts("names." + p.ID + ".") {
			if p.Names[code] != name {
				p.Names[code], p.Notified = name, true
			}
		}
	}
	if gone := t.form.Get("remove"); gone != "" {
		d.Parties = slices.DeleteFunc(d.Parties, func(p DraftParty) bool { return p.ID == gone })
	}
	observer := t.form.Get("kind") == "observer"
	add := func(p DraftParty) {
		if _, there := d.Party(p.ID); !there && len(d.Parties) < maxDraftParties {
			p.Observer, p.Since, p.Basis = observer, t.text("since"), map[bool]string{true: "decision", false: "founder"}[observer]
			d.Parties = append(d.Parties, p)
		}
	}
	switch t.form.Get("do") {
	case "several":
		for _, code := range t.form["code"] {
			if x, ok := language.TerritoryNamed(code); ok {
				add(ofTerritory(x))
			}
		}
	case "own":
		names := t.texts("own.")
		if len(names) > 0 {
			add(DraftParty{ID: idOf(in(namesOf(names), t.lang, ""), "party", func(id string) bool { _, there := d.Party(id); return there }), Names: names, Notified: true})
		}
	default:
		text := t.text("add")
		if x, ok := language.TerritoryNamed(text); ok && text != "" {
			add(ofTerritory(x))
		} else if text != "" {
			t.wrong["add"] = t.lang.Say("setup.unknownstate", text)
		}
	}
	return nil
}

var draftBases = []string{"founder", "accession", "decision"}

func ofTerritory(x language.Territory) DraftParty {
	names := map[string]string{}
	for code, name := range x.Names {
		names[code] = name
	}
	return DraftParty{ID: strings.ToLower(x.Code), Names: names}
}

func (s *Setup) fillRules(t *setupTurn, d *Draft) error {
	own := t.form.Get("own")
	if len(t.file) > 0 {
		own = string(t.file)
		t.form.Set("rules", OwnRules)
	}
	name := t.form.Get("rules")
	if name != OwnRules && name != LaterRules && !slices.Contains(s.founder.Shipped(), name) {
		name = ""
	}
	if len(own) > maxSetupRules {
		t.wrong["own"], own = t.lang.Say("page.toolarge"), ""
	}
	d.Rules, d.Basis, d.Own = name, t.text("basis"), own
	if name == OwnRules && own != "" {
		if _, err := s.founder.RulesOf(OwnRules, own); err != nil {
			t.wrong["own"] = rulesWrong(t.lang, err).Says
		}
	}
	return nil
}

// rulesWrong says what is wrong with a text of rules: where, what and what to do in the reader's language, and the detail.
func rulesWrong(l *language.Language, err error) SetupWrong {
	var p RulesProblem
	if !errors.As(err, &p) {
		p = RulesProblem{Line: 1, Kind: "text", Why: err.Error()}
	}
	where := l.Say("setup.line", number(l, int64(p.Line)))
	if p.Field != "" {
		where += ", " + l.Say("setup.field", p.Field)
	}
	return SetupWrong{where + ": " + l.Say("setup.rules."+p.Kind), p.Why}
}

// maxTold is how many problems of a table are told at once.
const maxTold = 5

// tableWrong says what keeps a table from being read: row, column, what it is and what to do, in the reader's language.
func (t *setupTurn) tableWrong(problems []RowProblem) {
	for _, p := range problems[:min(len(problems), maxTold)] {
		says := t.lang.Say("setup.table." + p.Kind)
		if p.Row > 0 {
			says = cellAt(t.lang, p.Column, p.Row) + ": " + says
		}
		t.found = append(t.found, SetupWrong{Says: says})
	}
	t.wrong["file"] = t.found[0].Says
}

// cellAt names rows of a table, and their column where there is one.
func cellAt(l *language.Language, column string, rows ...int) string {
	var parts []string
	for _, n := range rows {
		parts = append(parts, l.Say("setup.row", number(l, int64(n))))
	}
	if column != "" {
		parts = append(parts, l.Say("setup.column", column))
	}
	return strings.Join(parts, ", ")
}

// maxSetupRules is the largest text of rules that is kept, in bytes; the record holds them without blanks.
const maxSetupRules = 200_000

// fillPeople reads a list that was sent, and else settles what one of the buttons settles.
func (s *Setup) fillPeople(t *setupTurn, d *Draft) error {
	if l, ok := language.Get(t.form.Get("script")); ok {
		d.Script = l.Code
	}
	switch {
	case len(t.file) > 0:
		return s.readPeople(t, d, t.file)
	case strings.TrimSpace(t.form.Get("table")) != "":
		return s.readPeople(t, d, []byte(t.form.Get("table")))
	case t.form.Get("do") == "forget":
		d.People = nil
	}
	settle(t, d)
	return nil
}

// settle takes over the answers to what was asked about rows and delegations.
func settle(t *setupTurn, d *Draft) {
	gone := t.form.Get("remove")
	var kept []DraftRow
	for i, r := range d.People {
		row := strconv.Itoa(i)
		if name := t.text("name." + row); name != "" {
			r.Name = name
		}
		if p := t.form.Get("party." + row); p != "" {
			r.Party = p
		}
		if role := DraftRole(t.form.Get("role." + row)); role != "" {
			r.Role = role
		}
		if p, ok := d.Party(r.Party); ok {
			r = headed(r, t.form.Get("head."+p.ID), row)
		}
		if row != gone {
			kept = append(kept, r)
		}
	}
	if d.People = kept; gone != "" || t.form.Get("do") == "forget" {
		d.Meeting.Chair = 0 // rows have moved
	}
}

// headed makes a row the head of its delegation, or a delegate where another is.
func headed(r DraftRow, head, row string) DraftRow {
	switch {
	case head == "":
	case head == row:
		r.Role = "head"
	case DraftRole(r.Role) == "head":
		r.Role = "delegate"
	}
	return r
}

// readPeople reads a table into rows. Columns are known by their names in any of our languages.
func (s *Setup) readPeople(t *setupTurn, d *Draft, table []byte) error {
	columns, rows, problems := s.founder.ReadTable(table)
	name, party, role := column(columns, "name"), column(columns, "party"), column(columns, "role")
	switch {
	case len(problems) > 0:
		t.tableWrong(problems)
		return nil
	case name < 0 || party < 0:
		t.wrong["file"] = t.lang.Say("setup.nocolumns", t.lang.Say("setup.col.name"), t.lang.Say("setup.col.party"), t.lang.Say("setup.col.role"))
		return nil
	case len(rows) > maxDraftRows:
		t.wrong["file"] = t.lang.Say("setup.toomanyrows", number(t.lang, maxDraftRows))
		return nil
	}
	cell := func(cells []string, at int) string {
		if at < 0 || at >= len(cells) {
			return ""
		}
		return tidy(cells[at])
	}
	var people []DraftRow
	first := map[string]bool{}
	for _, x := range rows {
		r := DraftRow{cell(x.Cells, name), cell(x.Cells, party), cell(x.Cells, role), x.Number}
		if r.Name == "" { // a line of the empty list that nobody filled in
			continue
		}
		if role < 0 {
			r.Role = map[bool]string{true: "delegate", false: "head"}[first[strings.ToLower(r.Party)]]
			first[strings.ToLower(r.Party)] = true
		}
		people = append(people, r)
	}
	if len(people) == 0 {
		t.wrong["file"] = t.lang.Say("setup.nopeople")
		return nil
	}
	d.People, d.Meeting.Chair = people, 0
	return nil
}

// column is the place of the column that one of our languages calls so, or -1.
func column(columns []string, what string) int {
	return slices.IndexFunc(columns, func(c string) bool {
		c = strings.ToLower(tidy(c))
		return c == what || slices.ContainsFunc(language.All(), func(l *language.Language) bool { return strings.ToLower(l.Say("setup.col."+what)) == c })
	})
}

func (s *Setup) fillMeeting(t *setupTurn, d *Draft) error {
	ordinal, _ := strconv.ParseInt(t.text("ordinal"), 10, 32)
	d.Meeting = DraftMeeting{Ordinal: ordinal, From: t.text("from"), To: t.text("to"), Zone: t.text("zone")}
	if t.form.Get("where") == "else" {
		d.Meeting.Place = t.texts("place.")
		if len(d.Meeting.Place) == 0 {
			d.Meeting.Place = map[string]string{"": "?"} // another place, not named yet
		}
	}
	if d.Meeting.To == d.Meeting.From {
		d.Meeting.To = ""
	}
	if p, ok := d.Party(t.form.Get("host")); ok {
		d.Meeting.Host = p.ID
	}
	if row, err := strconv.Atoi(t.form.Get("chair")); err == nil && row > 0 && row <= len(d.People) {
		d.Meeting.Chair = row
	}
	return nil
}

// today is the day at the seat.
func (d Draft) today() string {
	at, err := time.LoadLocation(d.Body.Zone)
	if err != nil {
		at = time.UTC
	}
	return time.Now().In(at).Format(time.DateOnly)
}

// openLacks are what a rehearsal needs: all but the address.
func (d Draft) openLacks() (list []lack) {
	for _, step := range setupSteps {
		if step != "address" {
			list = append(list, d.lacks(step)...)
		}
	}
	return list
}

// atSeat writes an instant as 2006-01-02 15:04 with the zone of the seat.
func (d Draft) atSeat(at record.Instant) string {
	there, err := time.LoadLocation(d.Body.Zone)
	if err != nil {
		there = time.UTC
	}
	return time.UnixMilli(int64(at)).In(there).Format("2006-01-02 15:04") + " " + d.Body.Zone
}

// namesOf are names by language as the record has them.
func namesOf(texts map[string]string) (names conference.Names) {
	for _, l := range language.All() {
		if text := texts[l.Code]; text != "" {
			names = append(names, conference.Name{Language: conference.Language(l.Code), Text: text})
		}
	}
	return names
}

// zones are proposed for the seat; any other of the time zone database is taken too.
var zones = strings.Fields(`Africa/Addis_Ababa Africa/Algiers Africa/Cairo Africa/Johannesburg Africa/Lagos Africa/Nairobi America/Argentina/Buenos_Aires America/Bogota America/Caracas America/Mexico_City America/New_York
	America/Sao_Paulo Asia/Almaty Asia/Ashgabat Asia/Baku Asia/Bishkek Asia/Dushanbe Asia/Jakarta Asia/Kabul Asia/Karachi Asia/Kolkata Asia/Manila Asia/Riyadh Asia/Samarkand Asia/Seoul Asia/Shanghai Asia/Singapore
	Asia/Tashkent Asia/Tbilisi Asia/Tehran Asia/Tokyo Asia/Ulaanbaatar Asia/Yerevan Europe/Berlin Europe/Brussels Europe/Budapest Europe/Bucharest Europe/Chisinau Europe/Istanbul Europe/Kyiv Europe/London
	Europe/Madrid Europe/Minsk Europe/Moscow Europe/Paris Europe/Rome Europe/Sofia Europe/Vienna Europe/Warsaw Pacific/Auckland Pacific/Fiji UTC`)
