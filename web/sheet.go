package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
)

// A Sheet is a public page made of sections in two columns: what most places that are only read are set as.
type Sheet struct {
	Layout
	Eyebrow []Line
	Form    *Form // narrows what the page shows
	On      *OnNow
	Sums    []Sum
	Views   []Way // ways to see what the page is about
	Main    []Section
	Side    []Section
	ViewsOf string // what they are ways of, for those who do not see it
	Aside   string // what the second column is, for those who do not see it
}

// OnNow is the meeting that is on.
type OnNow struct {
	State         State
	Tag, Live     string // Tag beside Live, which says that it is in session
	Who, Address  string
	Text          string
	Clock, At     string // when what is on began; At for machines
	Zone          string
	Polite, Title string
}

// Way is one way to see what a page is about; Here, if it is the one shown.
type Way struct {
	Link
	Here bool
}

// Sum is a number and what it counts.
type Sum struct {
	Label string
	N     int
	Late  bool
}

// A Form asks for one value.
type Form struct{ Action, Name, Type, Label, Value, Button string }

// A Section is a heading and what stands under it, as its Kind says: plain, agenda, members, cal, table, facts,
// text, find, choose, acts, passages or chart. One without lines, rows and text shows Void.
type Section struct {
	ID, Title, Note string
	Link            Link // beside the heading
	Kind            string
	Lines           []Line
	Heads           []string
	Rows            [][]Line // a cell is a line
	Find            *Form
	Choose          *Chooser
	Acts            []NowAct // what the reader may do here, and what not now
	Chart           *Chart
	Passages        []Passage // of a text
	Warn            string    // said above what stands there
	Void            string
}

// Empty reports whether a section has nothing to show.
func (s Section) Empty() bool {
	return len(s.Lines) == 0 && len(s.Rows) == 0 && s.Find == nil && s.Choose == nil && s.Chart == nil && len(s.Acts) == 0 && len(s.Passages) == 0
}

// A Line is one thing said: its name, perhaps an address, a flag and a state, and where it stands in the record.
type Line struct {
	No      string // of an item; the day in a calendar
	Month   string
	State   State // its flag stands first
	Text    string
	Address string
	Lang    string // of Text, where it is another than the page's
	Small   string
	Mono    bool
	Tag     string
	Tone    string // yes, no, wait, now, live or ""
	Meta    []string
	When    Moment
	Here    bool
	ID      string // of the element, for addresses that lead to it
	Mark    Mark
}

// A Moment is an instant as it is read at the place and as machines read it.
type Moment struct{ Text, At string }

// A page of one record in one language, while it is made.
type drawer struct {
	teller
	site *site
	in   *visit
	keep string // query that keeps to a past size of the record
}

func (s *site) drawer(v View, in *visit) *drawer {
	return &drawer{newTeller(v, in.lang), s, in, s.keep(v)}
}

// keep is the query under which pages show the record as v does, "" for as it is.
func (s *site) keep(v View) string {
	if size := v.State().Size; size > 0 && v.Checkpoint().Note == nil && size < s.record.View().State().Size {
		return fmt.Sprintf("?at=%d", size)
	}
	return ""
}

// kept puts the query that keeps to a size of the record behind an address.
func kept(address, keep string) string {
	if keep != "" && strings.Contains(address, "?") {
		return address + "&" + keep[1:]
	}
	return address + keep
}

// to is the address of a place, at the size of the record the reader is at.
func (d *drawer) to(format string, args ...any) string {
	return kept("/"+d.l.Code+"/"+fmt.Sprintf(format, args...), d.keep)
}

func (d *drawer) say(key string, args ...string) string { return d.l.Say(key, args...) }

// sheet begins a page.
func (d *drawer) sheet(here, rest, title string) Sheet {
	p := Sheet{Layout: d.site.layout(d.v, d.l, rest), Aside: d.say("public.beside"), ViewsOf: d.say("text.title")}
	p.Title, p.Here = title, here
	return p
}

// renewed says that a page renews itself.
func (d *drawer) renewed(p *Sheet) {
	if d.keep == "" {
		_, rest, _ := strings.Cut(strings.Trim(p.Self, "/"), "/")
		p.Live = "/" + d.l.Code + "/" + strings.TrimPrefix(rest+"/live", "/")
	}
}

func (d *drawer) show(p Sheet) (any, error) {
	full := func(list []Section) []Section {
		return slices.DeleteFunc(list, func(s Section) bool { return s.Empty() && s.Void == "" })
	}
	p.Main, p.Side = full(p.Main), full(p.Side)
	return d.site.render("sheet", p)
}

func (d *drawer) state(id conference.PartyID) State { return State{d.party(id), d.site.flag(id)} }

// partyLine names a party and leads to its page.
func (d *drawer) partyLine(id conference.PartyID) Line {
	return Line{State: d.state(id), Address: d.to("parties/%s", id), Text: d.party(id)}
}

// personLine names a person and leads to the page about them.
func (d *drawer) personLine(id conference.PersonID) Line {
	line := Line{Text: d.person(id)}
	if id != "" && id != conference.UnnamedPerson {
		line.Address = d.to("people/%s", id)
	}
	return line
}

func (d *drawer) meetingName(id conference.MeetingID) string {
	m, ok := d.s.Meeting(id)
	if !ok {
		return ""
	}
	return together(", ", d.say("public.nth", paper.Roman(m.Ordinal)), d.place(m.Place))
}

func entries(list ...int64) (m Mark) {
	for _, n := range list {
		if n >= 0 && !slices.Contains(m.Entries, n) {
			m.Entries = append(m.Entries, n)
		}
	}
	return m
}

// moment writes an instant in a zone, with the zone; the reader's own time is added by the page's script.
func (d *drawer) moment(at record.Instant, zone string) Moment {
	if at == 0 {
		return Moment{}
	}
	return Moment{d.when(at, zone), at.String()}
}

// entered is when an entry was recorded.
func (d *drawer) entered(index int64) Moment {
	if index < 0 || index >= d.s.Size {
		return Moment{}
	}
	e, _, _, err := d.entry(context.Background(), index)
	if err != nil {
		return Moment{}
	}
	return d.moment(e.At, d.s.Body.Zone)
}

// today is the day at the seat at which the record stands.
func (d *drawer) today() conference.Date {
	t, _ := thereAt(d.s.Last, d.s.Body.Zone)
	return conference.Date(t.Format(time.DateOnly))
}

// fact is where a fact stands: its entries, and its sources by number.
func (d *drawer) fact(f conference.Fact) Mark {
	m := Mark{Entries: append([]int64{f.Index}, f.Agree...)}
	from := f.Sources(d.s)
	for i, src := range d.s.Sources() {
		if slices.Contains(from, src.Source) {
			m.Sources = append(m.Sources, i+1)
		}
	}
	return m
}

// sources lists the numbered sources that marks lead to.
func (d *drawer) sources(marks ...Mark) Section {
	s := Section{ID: "sources", Title: d.say("page.sources"), Kind: "sources"}
	for i, src := range d.s.Sources() {
		if slices.ContainsFunc(marks, func(m Mark) bool { return slices.Contains(m.Sources, i+1) }) {
			line := Line{No: number(d.l, int64(i+1)), Text: src.Outlet, Mark: entries(src.Index)}
			if src.Date != "" {
				line.Meta = append(line.Meta, d.date(src.Date))
			}
			if strings.HasPrefix(src.Address, "https://") || strings.HasPrefix(src.Address, "http://") {
				line.Address = src.Address
			}
			s.Lines = append(s.Lines, line)
		}
	}
	return s
}

// marksOf gathers the marks of sections, so that their sources can be listed.
func marksOf(list []Section) (marks []Mark) {
	for _, s := range list {
		for _, l := range s.Lines {
			marks = append(marks, l.Mark)
		}
		for _, row := range s.Rows {
			for _, l := range row {
				marks = append(marks, l.Mark)
			}
		}
	}
	return marks
}

func (d *drawer) finder() Section {
	return Section{ID: "find", Title: d.say("public.search"), Kind: "find",
		Find: &Form{Action: "/" + d.l.Code + "/search", Name: "q", Type: "search", Label: d.say("public.searchlabel"), Button: d.say("public.search")}}
}

// NavItem is a place that the header leads to.
type NavItem struct {
	Name, Text, Address string
}

// nav lists the places of a record: those that hold nothing yet are left out.
func (s *site) nav(v View, l *language.Language, home, keep string) []NavItem {
	st := v.State()
	at := "/" + l.Code + "/"
	list := []NavItem{{"body", l.Say("public.body"), kept(at, keep)}}
	if len(st.Meetings()) > 0 {
		list = append(list, NavItem{"meeting", l.Say("page.meeting"), kept(home, keep)})
	}
	if st.HasPapers() {
		list = append(list, NavItem{"documents", l.Say("public.documents"), kept(at+"documents", keep)})
	}
	if len(st.Commitments()) > 0 {
		list = append(list, NavItem{"commitments", l.Say("public.commitments"), kept(at+"commitments", keep)})
	}
	if len(st.Parties()) > 0 {
		list = append(list, NavItem{"parties", l.Say("public.parties"), kept(at+"parties", keep)})
	}
	return append(list, NavItem{"record", l.Say("page.record"), at + "record"}, NavItem{"search", l.Say("public.search"), at + "search"})
}

// escaped is a symbol as it stands in an address: its slashes part it.
func escaped(symbol conference.Symbol) string {
	parts := strings.Split(string(symbol), "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}
