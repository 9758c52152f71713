package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/record"
)

// dayAsked is the day as of which a page is asked, today's where none is.
func (d *drawer) dayAsked(in *visit) (day conference.Date, asked bool, err error) {
	if in.Request == nil || in.URL.Query().Get("on") == "" {
		return d.today(), false, nil
	}
	day = conference.Date(in.URL.Query().Get("on"))
	if day.Check() != nil {
		return "", false, tell(http.StatusBadRequest, "public.badday")
	}
	return day, true, nil
}

// asOf is the form that asks for a day.
func (d *drawer) asOf(rest string, day conference.Date) *Form {
	return &Form{Action: "/" + d.l.Code + "/" + rest, Name: "on", Type: "date", Label: d.say("public.ason"), Value: string(day), Button: d.say("page.go")}
}

// partiesPage lists who belongs to the body on a day.
func (s *site) partiesPage(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	day, asked, err := d.dayAsked(in)
	if err != nil {
		return nil, err
	}
	p := d.sheet("parties", dated("parties", day, asked), d.say("public.parties"))
	p.Form = d.asOf("parties", day)
	table := Section{ID: "table", Title: d.say("public.statuses"), Note: d.date(day), Kind: "table", Void: d.say("page.nothing"), Heads: []string{d.say("page.party"), d.say("public.status"), d.say("public.basis")}}
	for _, x := range d.s.Parties() {
		name := d.partyLine(x.ID)
		name.Small = nameIn(x.Named.Full, d, "")
		st, ok := x.Status(day)
		row := []Line{name, {Text: d.say("public.nostatus")}, {}}
		if ok {
			row[1], row[2] = d.status(st), Line{Text: d.label(st.Basis)}
		}
		if d.contested(x) {
			row[2].Tag, row[2].Tone = d.say("public.contested"), "wait"
		}
		table.Rows = append(table.Rows, row)
	}
	p.Main = []Section{table}
	p.Side = []Section{d.sources(marksOf(p.Main)...), d.finder()}
	return d.show(p)
}

// dated is an address with the day that was asked for.
func dated(rest string, day conference.Date, asked bool) string {
	if asked {
		return rest + "?on=" + string(day)
	}
	return rest
}

// status says what a party is, from when, where for one meeting, and who says so.
func (d *drawer) status(st conference.Status) Line {
	line := Line{Tag: d.say("public.observer"), Mark: d.standsAt(st)}
	switch {
	case st.Left:
		line.Tag, line.Tone = d.say("public.left"), ""
	case st.Member:
		line.Tag, line.Tone = d.say("public.member"), "yes"
	}
	line.Small = d.since(st)
	return line
}

// standsAt is where a status stands: its entry, and its sources where it was reported.
func (d *drawer) standsAt(st conference.Status) Mark {
	for _, kind := range []string{"PartyAdmitted", "ObserverGranted"} {
		for _, f := range d.s.Facts(kind) {
			if f.Index == st.Index {
				return d.fact(f)
			}
		}
	}
	return entries(st.Index)
}

// partyPage tells of a party: what it is and was, who speaks for it, what it said, how it voted, what it owes.
func (s *site) partyPage(v View, in *visit) (any, error) {
	d, id := s.drawer(v, in), conference.PartyID(in.args["party"])
	x, ok := d.s.Party(id)
	if !ok {
		return nil, errNotFound
	}
	day, asked, err := d.dayAsked(in)
	if err != nil {
		return nil, err
	}
	rest := "parties/" + string(id)
	p := d.sheet("parties", dated(rest, day, asked), d.party(id))
	p.Lead, p.Form = nameIn(x.Named.Full, d, ""), d.asOf(rest, day)
	p.Eyebrow = []Line{{State: d.state(id)}}
	if st, ok := x.Status(day); ok {
		p.Eyebrow = append(p.Eyebrow, d.status(st))
		p.Eyebrow[1].Mark, p.Eyebrow[1].Text = Mark{}, p.Eyebrow[1].Small
	} else {
		p.Eyebrow = append(p.Eyebrow, Line{Text: d.say("public.nostatus")})
	}
	p.Main = []Section{d.statuses(x), d.tookPart(func(t *conference.PersonTookPart) bool { return t.Party == id }), d.spoken(func(q conference.Request) bool { return q.Party == id }), d.votesOf(id)}
	p.Side = []Section{d.officesFor(id), d.namesOf(x), d.owed(id), d.signedBy(id)}
	p.Side = append(p.Side, d.sources(marksOf(slices.Concat(p.Main, p.Side))...))
	return d.show(p)
}

// statuses is all that was said of what a party is; where reports disagree, all of them.
func (d *drawer) statuses(x conference.Party) Section {
	s := Section{ID: "statuses", Title: d.say("public.statuses"), Kind: "table", Heads: []string{d.say("public.status"), d.say("public.basis"), d.say("page.sources")}, Void: d.say("public.nostatus")}
	if d.contested(x) {
		s.Note = d.say("page.kept")
	}
	for _, st := range x.Statuses {
		line := d.status(st)
		mark := line.Mark
		line.Mark = Mark{}
		s.Rows = append(s.Rows, []Line{line, {Text: d.label(st.Basis)}, {Mark: mark}})
	}
	return s
}

// officesFor lists who speaks for a party.
func (d *drawer) officesFor(id conference.PartyID) Section {
	s := Section{ID: "offices", Title: d.say("public.offices"), Kind: "plain"}
	for _, c := range []conference.Capacity{conference.Head, conference.ObserverHead, conference.Delegate} {
		for _, o := range d.s.Holders(c) {
			if o.For == id {
				line := d.personLine(o.Person)
				line.Small, line.Mark, line.Meta = d.say("capacity."+string(c)), entries(o.Index), []string{d.say("public.since", d.dayAt(o))}
				s.Lines = append(s.Lines, line)
			}
		}
	}
	return s
}

// passkeys lists what a person signs with and signed with: who vouches for each, and who ended it.
func (d *drawer) passkeys(ctx context.Context, p conference.PersonID) Section {
	s := Section{ID: "keys", Title: d.say("public.keys"), Kind: "plain", Void: d.say("public.nokey")}
	for _, k := range d.s.Passkeys(p) {
		e, _, _, err := d.entry(ctx, k.Enrolled)
		if err != nil {
			continue // of a record cut short; its page says so
		}
		line := Line{Text: d.say("public.since", d.dayIn(e.At)), Small: d.vouched(k), Mark: entries(k.Enrolled)}
		if key, at, ended := d.ended(ctx, k); ended {
			line.Small, line.Mark = d.say(key, d.dayIn(at)), entries(k.Enrolled, k.Index)
		}
		s.Lines = append(s.Lines, line)
	}
	return s
}

// dayIn is the day of an instant at the seat.
func (d *drawer) dayIn(at record.Instant) string {
	t, _ := thereAt(at, d.s.Body.Zone)
	return d.date(conference.Date(t.Format(time.DateOnly)))
}

// dayAt is the day from which an office is held.
func (d *drawer) dayAt(o conference.Office) string {
	return d.dayIn(o.From)
}

// namesOf lists a party's names, in all languages, all that reports give.
func (d *drawer) namesOf(x conference.Party) Section {
	s := Section{ID: "names", Title: d.say("public.called"), Kind: "facts"}
	for _, n := range x.Named.Short {
		s.Lines = append(s.Lines, Line{No: tongueOf(n.Language), Text: n.Text, Lang: string(n.Language), Small: x.Named.Full.In(n.Language)})
	}
	return s
}

// signedBy lists the instruments a party signed.
func (d *drawer) signedBy(id conference.PartyID) Section {
	s := Section{ID: "signed", Title: d.say("public.signatures"), Kind: "plain"}
	for _, i := range d.s.Instruments() {
		for _, g := range i.Signed {
			if g.Party == id {
				s.Lines = append(s.Lines, Line{Text: nameIn(i.Title, d, string(i.Instrument)), Address: d.to("instruments/%s", i.Instrument), Small: d.mode(g), Mark: entries(g.Index)})
			}
		}
	}
	return s
}

// tookPart lists who is reported to have taken part in meetings.
func (d *drawer) tookPart(which func(*conference.PersonTookPart) bool) Section {
	s := Section{ID: "part", Title: d.say("page.took"), Kind: "table", Heads: []string{d.say("page.person"), d.say("page.meeting"), d.say("page.sources")}}
	for _, f := range d.s.Facts("PersonTookPart") {
		t := f.Body.(*conference.PersonTookPart)
		if !which(t) {
			continue
		}
		who := d.personLine(t.Person)
		var office []string
		for _, term := range []conference.Term{t.Rank, t.Office} {
			if term != "" {
				office = append(office, d.label(term))
			}
		}
		who.Small = together(", ", strings.Join(office, "; "), d.organisation(t.Organisation), d.party(t.Party))
		if i := slices.IndexFunc(s.Rows, func(row []Line) bool {
			return row[0].Text == who.Text && row[0].Small == who.Small && row[1].Text == d.meetingName(t.Meeting)
		}); i >= 0 {
			s.Rows[i][2].Mark.add(d.fact(f)) // another report of the same
			continue
		}
		s.Rows = append(s.Rows, []Line{who, {Text: d.meetingName(t.Meeting), Address: d.to("meetings/%s", t.Meeting)}, {Mark: d.fact(f)}})
	}
	return s
}

// spoken lists statements: those made here, and what reports tell of.
func (d *drawer) spoken(which func(conference.Request) bool) Section {
	s := Section{ID: "spoken", Title: d.say("public.statements"), Kind: "plain"}
	for _, m := range slices.Backward(d.s.Meetings()) {
		id := m.MeetingConvened.Meeting
		for _, q := range d.s.Requests(id) {
			if q.Given != 0 && which(q) {
				s.Lines = append(s.Lines, Line{Text: together(", ", d.person(q.Person), d.party(q.Party)), Address: d.to("meetings/%s", id), When: d.moment(q.Given, d.zone(m)), Mark: entries(q.Index)})
			}
		}
		for _, f := range d.s.Told(id) {
			if b, ok := f.Body.(*conference.StatementMade); ok && which(conference.Request{Party: b.Party, Person: conference.PersonID(b.By)}) {
				s.Lines = append(s.Lines, Line{Text: d.statement(b), Address: d.to("meetings/%s", id), Small: d.meetingName(id), Mark: d.fact(f)})
			}
		}
	}
	return s
}

// zone is a meeting's, else the seat's.
func (d *drawer) zone(m conference.Meeting) string {
	if m.Zone != "" {
		return m.Zone
	}
	return d.s.Body.Zone
}

// votesOf lists how a party voted, newest meeting first.
func (d *drawer) votesOf(id conference.PartyID) Section {
	s := Section{ID: "votes", Title: d.say("votes.heading"), Kind: "table", Heads: []string{d.say("public.question"), d.say("public.answer"), d.say("page.outcome")}}
	for _, m := range slices.Backward(d.s.Meetings()) {
		for _, q := range d.s.Results(m.MeetingConvened.Meeting) {
			i := slices.IndexFunc(q.Votes, func(v conference.Cast) bool { return v.Party == id })
			if i < 0 {
				continue
			}
			answer := Line{Text: d.say("answer." + string(q.Votes[i].Answer)), Mark: entries(q.Votes[i].Index)}
			if q.Votes[i].Intended != "" {
				answer.Small = d.say("public.intended", d.say("answer."+q.Votes[i].Intended))
			}
			s.Rows = append(s.Rows, []Line{{Text: d.asked(q), Small: d.meetingName(q.Meeting)}, answer, {Text: d.say("outcome." + q.Outcome), Mark: entries(q.Announced)}})
		}
	}
	return s
}

// personPage tells of a person what the record holds openly and no more.
func (s *site) personPage(v View, in *visit) (any, error) {
	d, id := s.drawer(v, in), conference.PersonID(in.args["person"])
	x, ok := d.s.Person(id)
	if !ok && len(d.s.OfficesOf(id, d.s.Last)) == 0 {
		return nil, errNotFound
	}
	p := d.sheet("parties", "people/"+string(id), d.person(id))
	if x.Forgotten {
		p.Lead = d.say("public.forgotten")
	}
	names := Section{ID: "names", Title: d.say("public.names"), Kind: "facts", Void: d.say("page.withheld")}
	for _, n := range x.Published {
		if name, ok := d.v.Name(id, n.Language); ok {
			names.Lines = append(names.Lines, Line{No: tongueOf(n.Language), Text: name, Lang: string(n.Language), Small: d.label(n.Basis), Mark: entries(n.Index)})
		}
	}
	held := Section{ID: "offices", Title: d.say("public.offices"), Kind: "plain", Void: d.say("public.nooffice")}
	for _, o := range d.s.OfficesOf(id, d.s.Last) {
		held.Lines = append(held.Lines, Line{Text: together(", ", d.say("capacity."+string(o.Capacity)), d.party(o.For)), Small: d.say("public.since", d.dayAt(o)), Mark: entries(o.Index)})
	}
	p.Main = []Section{held, d.tookPart(func(t *conference.PersonTookPart) bool { return t.Person == id }), d.spoken(func(q conference.Request) bool { return q.Person == id })}
	p.Side = []Section{names}
	if !x.Forgotten {
		p.Side = append(p.Side, d.passkeys(in.Context(), id))
	}
	p.Side = append(p.Side, d.sources(marksOf(slices.Concat(p.Main, p.Side))...))
	return d.show(p)
}
