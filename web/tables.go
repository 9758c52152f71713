package web

import (
	"fmt"
	"net/url"
	"strings"

	"kurultai/conference"
)

func init() {
	deskPages["papers"], deskPages["programme"], deskPages["messages"] = (*site).papersAt, (*site).programmeAt, (*site).messagesAt
}

// TablePage is a page of a desk that lists what there is and leads to the acts about it.
type TablePage struct {
	DeskFrame
	Heading string
	Acts    []Link // forms
	Tables  []DeskTable
}

// DeskTable is a list with its acts.
type DeskTable struct {
	Title string
	Rows  []DeskRow
	Empty string
}

// DeskRow is one thing.
type DeskRow struct {
	Title, Small, Tag string
	Entry             int64 // 0: none
	Acts              []Link
}

// formOf leads to the form of an act, filled in; its receipt leads back to the desk. It is "" where the act is not the
// secretariat's.
func (v *sitting) formOf(act string, fields ...string) (list []Link) {
	typed := url.Values{"office": {string(conference.Secretary)}, "meeting": {string(v.id)}, "from": {"desk"}}
	for i := 0; i+1 < len(fields); i += 2 {
		typed.Set("field."+fields[i], fields[i+1])
	}
	return []Link{{"/" + v.lang.Code + "/act/" + act + "?" + typed.Encode(), v.lang.Say("act." + act)}}
}

// papersAt lists the papers of the meeting as the secretariat sees them.
func (s *site) papersAt(v *sitting) error {
	p := TablePage{DeskFrame: s.deskFrame(v, "papers"), Heading: v.lang.Say("desk.tab.papers"), Acts: v.formOf("RegisterDocument")}
	t := DeskTable{Empty: v.lang.Say("page.nothing")}
	for _, d := range v.t.s.Documents(v.id, s.reader(v.view, v.Person)) {
		row := DeskRow{Title: string(d.Symbol), Entry: d.Made, Tag: v.lang.Say("desk.notsent")}
		var tongues []string
		for _, x := range d.Versions {
			tongues = append(tongues, v.t.tongue(x.Language))
		}
		row.Small = together(" · ", v.t.party(d.Party), strings.Join(tongues, ", "))
		switch {
		case d.Withdrawn:
			row.Tag = v.lang.Say("event.DocumentWithdrawn")
		case d.Sent:
			row.Tag = v.lang.Say("event.DocumentCirculated")
		default:
			row.Acts = v.formOf("Circulate", "symbol", string(d.Symbol))
		}
		if !d.Withdrawn {
			row.Acts = append(row.Acts, v.formOf("IssueVersion", "symbol", string(d.Symbol))...)
			row.Acts = append(row.Acts, v.formOf("IssueCorrigendum", "symbol", string(d.Symbol))...)
		}
		t.Rows = append(t.Rows, row)
	}
	p.Tables = []DeskTable{t}
	if signs := s.signingsAt(v); len(signs.Rows) > 0 {
		p.Tables = append(p.Tables, signs)
	}
	return s.show(v.turn, "desktable", p)
}

// signingsAt lists the instruments that the meeting adopted, how far their signing is, and where it is seen.
func (s *site) signingsAt(v *sitting) DeskTable {
	t := DeskTable{Title: v.lang.Say("public.instruments")}
	for _, i := range v.t.s.Instruments() {
		if x, ok := v.t.s.Decision(i.Decision); !ok || x.Meeting != v.id {
			continue
		}
		c := (&drawer{teller: v.t, site: s}).ceremony(i, s.Desk.Now())
		row := DeskRow{Title: in(i.Title, v.lang, string(i.Instrument)), Entry: i.Index}
		row.Tag, _ = c.stage()
		at := "/" + v.lang.Code + "/instruments/" + string(i.Instrument)
		row.Acts = []Link{{at + "/signing", v.lang.Say("signing.link")}, {at + "/wall", v.lang.Say("signing.wall")}}
		if row.Small = together(" · ", v.lang.Say("signing.of", number(v.lang, int64(len(i.Entered))), number(v.lang, int64(len(c.seats)))), c.says()); i.Paper == 0 {
			row.Small = v.lang.Say("signing.notissued")
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// programmeAt is the agenda with what became of each item, and what moves the meeting.
func (s *site) programmeAt(v *sitting) error {
	p := TablePage{DeskFrame: s.deskFrame(v, "programme"), Heading: together(", ", v.lang.Say("desk.tab.programme"), v.t.date(v.m.From))}
	for _, act := range []string{"ProposeItem", "CirculateProvisionalAgenda", "MoveMeeting", "PostponeMeeting"} {
		p.Acts = append(p.Acts, v.formOf(act)...)
	}
	agenda, _ := v.t.s.Agenda(v.id)
	t := DeskTable{Empty: v.lang.Say("page.nothing")}
	for _, i := range agenda {
		row := DeskRow{Title: v.item(i.ID), Entry: i.Index, Tag: v.itemState(i)}
		for _, x := range v.t.s.Proposals(v.id) {
			if x.Item == i.ID {
				row.Small = together(", ", row.Small, string(x.Symbol))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	left := DeskTable{Title: v.lang.Say("desk.notonagenda")}
	for _, i := range v.t.s.Items(v.id) {
		if i.State == "proposed" && !onAgenda(agenda, i.ID) {
			left.Rows = append(left.Rows, DeskRow{Title: v.item(i.ID), Entry: i.Index})
		}
	}
	if p.Tables = []DeskTable{t}; len(left.Rows) > 0 {
		p.Tables = append(p.Tables, left)
	}
	return s.show(v.turn, "desktable", p)
}

func onAgenda(agenda []conference.Item, id conference.ItemID) bool {
	for _, i := range agenda {
		if i.ID == id {
			return true
		}
	}
	return false
}

// itemState says how an item stands, in the words of what happened to it.
func (v *sitting) itemState(i conference.Item) string {
	return map[string]string{"proposed": v.lang.Say("event.ItemProposed"), "open": v.lang.Say("event.ItemOpened"), "suspended": v.lang.Say("event.ItemSuspended"), "closed": v.lang.Say("event.ItemClosed")}[i.State]
}

// messagesAt is what others wait for or have said to the desk: acts of two persons, and what was done for delegations.
func (s *site) messagesAt(v *sitting) error {
	p := TablePage{DeskFrame: s.deskFrame(v, "messages"), Heading: v.lang.Say("desk.tab.messages"), Acts: append(v.formOf("FileNote"), Link{Text: v.lang.Say("registry.title"), Address: "/" + v.lang.Code + "/registry?office=" + string(conference.Secretary)})}
	waits := DeskTable{Title: v.lang.Say("desk.waiting"), Empty: v.lang.Say("desk.nothingwaits")}
	for _, h := range s.halves.waitingFor(v.Person, s.Desk.Now()) {
		waits.Rows = append(waits.Rows, DeskRow{Title: v.t.act(&h.act.Submitted), Small: v.lang.Say("page.waitssecond", s.ownName(v.turn, h.waits())), Acts: []Link{{"/" + v.lang.Code + "/pending", v.lang.Say("page.pending")}}})
	}
	done := DeskTable{Title: v.lang.Say("desk.donefor"), Empty: v.lang.Say("page.nothing")}
	for _, party := range v.t.s.Parties() {
		for _, a := range v.t.s.InNameOf(party.ID) {
			row := DeskRow{Title: v.t.party(party.ID) + ": " + v.lang.Say("act."+a.Act), Small: together(" · ", s.ownName(v.turn, a.Officer), a.Instruction), Entry: a.Index}
			if a.Disowned > 0 {
				row.Tag = fmt.Sprintf("%s (%s)", v.lang.Say("page.notus"), number(v.lang, a.Disowned))
			}
			done.Rows = append(done.Rows, row)
		}
	}
	p.Tables = []DeskTable{waits, done}
	return s.show(v.turn, "desktable", p)
}
