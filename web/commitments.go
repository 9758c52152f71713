package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/paper"
	"kurultai/record"
)

// What decisions oblige whom to do by when.
//
//	/LANG/commitments                          all of them, by meeting and by party
//	/LANG/commitments/ID                       one, a row a debtor
//	/LANG/parties/PARTY/commitments            a party's
//	/LANG/meetings/MEETING/commitments         those of a meeting's decisions
//	/LANG/decisions/DECISION                   a decision, and what follows from it
//	/LANG/….csv .json .atom .ics               the same, for programs and calendars: commitments.csv …
//	/LANG/reminders?on=DAY                     letters that fall on a day; reminders.txt, reminders.json
//
// With ?on=DAY a page is as the record stood at the end of that day.

// ledgers are the places of commitments, and what each is of.
var ledgers = []struct {
	at string
	of func(in *visit) paper.LedgerOf
}{
	{"commitments", func(in *visit) paper.LedgerOf { return paper.LedgerOf{} }},
	{"parties/{party}/commitments", func(in *visit) paper.LedgerOf {
		return paper.LedgerOf{Party: conference.PartyID(in.args["party"])}
	}},
	{"meetings/{meeting}/commitments", func(in *visit) paper.LedgerOf {
		return paper.LedgerOf{Meeting: conference.MeetingID(in.args["meeting"])}
	}},
	{"decisions/{decision}", func(in *visit) paper.LedgerOf {
		return paper.LedgerOf{Decision: conference.DecisionID(in.args["decision"])}
	}},
}

func init() {
	for _, x := range ledgers {
		for _, kind := range []string{"csv", "json", "atom", "ics"} {
			at := x.at + "." + kind
			if strings.HasSuffix(x.at, "}") {
				at = x.at + "/commitments." + kind
			}
			places = append(places, place{at: at, past: true, days: true, make: func(s *site, v View, in *visit) (any, error) { return s.ledgerFile(v, in, x.of(in), kind) }})
		}
	}
	deskPages["commitments"] = (*site).commitmentsAt
}

// rows is the ledger of what a place is of, as of the day it now is where the record is shown as it is, else of its own.
func (d *drawer) ledger(of paper.LedgerOf) paper.Ledger {
	return paper.LedgerFor(d.s, d.reader(), of, d.ledgerDay(), d.l)
}

func (d *drawer) reader() conference.Reader { return d.in.reader }

// ledgerDay is the day, UTC, by which the record counts what falls due.
func (d *drawer) ledgerDay() conference.Date {
	at := d.s.Last
	if d.keep == "" && d.site != nil {
		at = max(at, d.site.hour(d.v))
	}
	return conference.Date(at.String()[:10])
}

// exists reports whether what a ledger is of is in the record.
func (d *drawer) exists(of paper.LedgerOf) bool {
	ok := true
	if of.Party != "" {
		_, ok = d.s.Party(of.Party)
	}
	if ok && of.Meeting != "" {
		_, ok = d.s.Meeting(of.Meeting)
	}
	if ok && of.Decision != "" {
		_, ok = d.s.Decision(of.Decision)
	}
	return ok
}

// tones of courses, as marks and bars have them.
var tones = map[string]string{conference.CourseFulfilled: "yes", conference.CourseDone: "done", conference.CourseOpen: "now", conference.CourseOverdue: "late", conference.CourseReleased: "off"}

// tag says where a row is, with the mark that goes with it.
func (d *drawer) courseTag(r paper.LedgerRow) Line {
	tone := tones[r.Course]
	switch r.Course {
	case conference.CourseDone:
		tone = "now"
	case conference.CourseOverdue:
		tone = "wait" // found in the calendar; no judgement
	case conference.CourseReleased:
		tone = ""
	}
	return Line{Tag: r.Says, Tone: tone}
}

// sumsOf counts a ledger: all, and each course of them.
func (d *drawer) sumsOf(x paper.Ledger) (list []Sum) {
	list = []Sum{{Label: d.say("owed.total"), N: len(x.Rows)}}
	for _, c := range x.Counts {
		list = append(list, Sum{Label: c.Says, N: c.N, Late: c.Course == conference.CourseOverdue && c.N > 0})
	}
	return list
}

// commitmentsPage is all that was undertaken: a row a commitment, charts by party and by meeting, and how it is counted.
func (s *site) commitmentsPage(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	p := d.sheet("commitments", "commitments", d.say("public.commitmentshead"))
	d.renewed(&p)
	x := d.ledger(paper.LedgerOf{})
	d.ledgerSheet(&p, x, "commitments", "commitments")
	d.compared(&p, x)
	return d.show(p)
}

// ledgerSheet fills in what all pages of commitments have.
func (d *drawer) ledgerSheet(p *Sheet, x paper.Ledger, rest, files string) {
	p.Eyebrow = append(p.Eyebrow, Line{Text: d.say("public.asof", d.date(conference.Date(d.s.Last.String()[:10])))})
	p.Form = d.asOf(rest, conference.Date(d.s.Last.String()[:10]))
	p.Sums = d.sumsOf(x)
	take := Section{ID: "take", Title: d.say("owed.take"), Kind: "plain"}
	for _, f := range []struct{ kind, word string }{{"ics", d.say("owed.calendar")}, {"atom", d.say("owed.feed")}, {"csv", "CSV"}, {"json", "JSON"}} {
		take.Lines = append(take.Lines, Line{Text: f.word, Address: d.to("%s.%s", files, f.kind)})
	}
	take.Lines = append(take.Lines, Line{Text: d.say("owed.reminders"), Address: d.to("reminders")})
	how := Section{ID: "measure", Title: d.say("owed.measure"), Kind: "text"}
	for _, key := range []string{"owed.measure1", "owed.measure2", "owed.measure3"} {
		how.Lines = append(how.Lines, Line{Text: d.say(key)})
	}
	p.Side = append(p.Side, how, take)
}

// origin of a row: the decision and its paragraph, which a link leads to.
func (d *drawer) fromDecision(r paper.LedgerRow) (text, address string) {
	text = d.say("votes.decision") + " " + r.Number + ", " + r.Paragraph
	if r.Symbol != "" {
		return text, d.to("documents/%s", escaped(r.Symbol)) + "#" + url.PathEscape(r.Paragraph)
	}
	return text, d.to("decisions/%s", r.Decision)
}

// commitmentTable has a row a commitment: what, who, by when, and how it stands with one debtor, or with how many of
// several.
func (d *drawer) commitmentTable(x paper.Ledger) Section {
	s := Section{ID: "commitments", Title: d.say("public.commitments"), Note: d.say("public.openfirst"), Kind: "table", Void: d.say("owed.none"), Heads: []string{d.say("public.what"), d.say("owed.who"), d.say("public.by"), d.say("public.state")}}
	done := map[conference.NoteID]bool{}
	for _, r := range x.Rows {
		if done[r.Commitment] {
			continue
		}
		done[r.Commitment] = true
		var all []paper.LedgerRow
		for _, other := range x.Rows {
			if other.Commitment == r.Commitment {
				all = append(all, other)
			}
		}
		from, _ := d.fromDecision(r)
		what := Line{Text: r.What, Lang: d.tongueOf(r.Symbol), ID: "c-" + string(r.Commitment), Address: d.to("commitments/%s", r.Commitment), Small: from, Mark: entries(r.Entries[0])}
		who, state := d.debtorLine(r), d.courseTag(r)
		if len(all) > 1 {
			c, _ := d.s.Commitment(r.Commitment)
			who = Line{Text: paper.DebtorIn(d.s, c.CommitmentRecorded, d.l)}
			if c.All {
				var names []string
				for _, one := range all {
					names = append(names, one.Debtor)
				}
				who.Small = strings.Join(names, ", ")
			}
			var counts []string
			for _, course := range conference.Courses {
				if n := courseIn(all, course); n > 0 {
					counts = append(counts, d.say("owed."+course)+": "+d.say("owed.base", number(d.l, int64(n)), number(d.l, int64(len(all)))))
				}
			}
			state = Line{Text: strings.Join(counts, " · ")}
		}
		open := 0
		for _, one := range all {
			open += one.OpenDisputes()
		}
		if open > 0 {
			state.Meta = append(state.Meta, d.say("owed.disputed"))
		}
		s.Rows = append(s.Rows, []Line{what, who, d.dayLine(r), state})
	}
	return s
}

// tongueOf is the language in which a paper was adopted, where it is another than the page's.
func (d *drawer) tongueOf(symbol conference.Symbol) string {
	if x, ok := d.s.Document(symbol); ok && string(x.Original) != d.l.Code {
		return string(x.Original)
	}
	return ""
}

func courseIn(rows []paper.LedgerRow, course string) (n int) {
	for _, r := range rows {
		if r.Course == course {
			n++
		}
	}
	return n
}

func (d *drawer) debtorLine(r paper.LedgerRow) Line {
	if r.Party != "" {
		line := d.partyLine(r.Party)
		line.Address = d.to("parties/%s/commitments", r.Party)
		return line
	}
	return Line{Text: r.Debtor}
}

// dayLine says by when, how it was reckoned, and what it was before.
func (d *drawer) dayLine(r paper.LedgerRow) Line {
	line := Line{Text: d.date(r.Due), Meta: r.DayLines(d.l)}
	for _, m := range r.Moved {
		line.Mark.Entries = append(line.Mark.Entries, m.Entry)
	}
	return line
}

// fairTable has a row a debtor: its own report beside the mark, and what is disputed below them.
func (d *drawer) fairTable(id, title string, rows []paper.LedgerRow, first string, head func(paper.LedgerRow) Line) Section {
	s := Section{ID: id, Title: title, Kind: "table", Void: d.say("owed.none"), Heads: []string{first, d.say("public.by"), d.say("owed.report"), d.say("owed.mark")}}
	for _, r := range rows {
		report, mark := Line{}, d.courseTag(r)
		lines := r.ReportLines(d.l)
		report.Text, report.Meta = lines[0], lines[1:]
		for _, p := range r.Reports {
			report.Mark.Entries = append(report.Mark.Entries, p.Entry)
		}
		mark.Meta = append(r.MarkLines(d.l), r.DisputeLines(d.l)...)
		mark.Mark = entries(withoutAll(r.Entries[1:], report.Mark.Entries)...)
		when := d.dayLine(r)
		if r.Accepted != "" {
			when.Meta = append(when.Meta, d.say("owed.accepted", d.date(r.Accepted)))
		}
		s.Rows = append(s.Rows, []Line{head(r), when, report, mark})
	}
	return s
}

func withoutAll(list, less []int64) (left []int64) {
	for _, n := range list {
		if !slices.Contains(less, n) {
			left = append(left, n)
		}
	}
	return left
}

// whatLine is a commitment at the beginning of a row.
func (d *drawer) whatLine(r paper.LedgerRow) Line {
	from, address := d.fromDecision(r)
	return Line{ID: "c-" + string(r.Commitment), Text: r.What, Lang: d.tongueOf(r.Symbol), Address: address, Small: from, Mark: entries(r.Entries[0])}
}

// commitmentPage is one commitment: the words adopted, and how it stands with each debtor.
func (s *site) commitmentPage(v View, in *visit) (any, error) {
	d, id := s.drawer(v, in), conference.NoteID(in.args["commitment"])
	c, ok := d.s.Commitment(id)
	if !ok {
		return nil, errNotFound
	}
	x := d.ledger(paper.LedgerOf{ID: id})
	r, rest := x.Rows[0], "commitments/"+string(id)
	p := d.sheet("commitments", rest, c.What)
	from, address := d.fromDecision(r)
	p.Eyebrow = []Line{{Text: from, Address: address}}
	d.ledgerSheet(&p, x, rest, "commitments")
	p.Main = []Section{d.fairTable("debtors", d.say("public.state"), x.Rows, d.say("owed.who"), d.debtorLine)}
	facts := Section{ID: "facts", Title: d.say("owed.adopted"), Kind: "facts"}
	add := func(no string, line Line) {
		if line.No = no; line.Text != "" {
			facts.Lines = append(facts.Lines, line)
		}
	}
	add(d.say("public.what"), Line{Text: c.What, Lang: d.tongueOf(r.Symbol), Small: d.say(map[bool]string{true: "owed.withit", false: "owed.later"}[r.WithIt]), Mark: entries(c.Made.Index)})
	add(d.say("field.measure"), Line{Text: c.Measure})
	add(d.say("owed.who"), Line{Text: paper.DebtorIn(d.s, c.CommitmentRecorded, d.l)})
	add(d.say("votes.decision"), Line{Text: r.Number, Address: d.to("decisions/%s", c.Decision)})
	add(d.say("page.meeting"), Line{Text: d.meetingName(c.Meeting), Address: d.to("meetings/%s/commitments", c.Meeting)})
	add(d.say("field.commitment"), Line{Text: string(id), Mono: true})
	p.Side = append([]Section{facts}, p.Side...)
	return d.show(p)
}

// partyCommitments is what a party owes, with its reports beside the marks.
func (s *site) partyCommitments(v View, in *visit) (any, error) {
	d, of := s.drawer(v, in), ledgers[1].of(in)
	if !d.exists(of) {
		return nil, errNotFound
	}
	x, rest := d.ledger(of), "parties/"+string(of.Party)+"/commitments"
	p := d.sheet("commitments", rest, x.Title)
	p.Eyebrow = []Line{{State: d.state(of.Party), Text: d.party(of.Party), Address: d.to("parties/%s", of.Party)}}
	d.ledgerSheet(&p, x, rest, rest)
	p.Main = []Section{d.fairTable("commitments", d.say("public.commitments"), x.Rows, d.say("public.what"), d.whatLine)}
	return d.show(p)
}

// meetingCommitments is what the decisions of a meeting oblige to.
func (s *site) meetingCommitments(v View, in *visit) (any, error) {
	d, of := s.drawer(v, in), ledgers[2].of(in)
	if !d.exists(of) {
		return nil, errNotFound
	}
	x, rest := d.ledger(of), "meetings/"+string(of.Meeting)+"/commitments"
	p := d.sheet("commitments", rest, d.say("public.commitmentshead"))
	p.Eyebrow = []Line{{Text: d.meetingName(of.Meeting), Address: d.to("meetings/%s", of.Meeting)}}
	d.ledgerSheet(&p, x, rest, rest)
	p.Side[1].Lines = append(p.Side[1].Lines, Line{Text: d.say("owed.print"), Address: d.to("meetings/%s/papers/commitments.pdf", of.Meeting)})
	d.compared(&p, x)
	return d.show(p)
}

// decisionPage is a decision: where it stands, and what follows from it for whom.
func (s *site) decisionPage(v View, in *visit) (any, error) {
	d, of := s.drawer(v, in), ledgers[3].of(in)
	x, ok := d.s.Decision(of.Decision)
	if !ok {
		return nil, errNotFound
	}
	l, rest := d.ledger(of), "decisions/"+url.PathEscape(string(x.ID))
	line := d.decisionLine(x)
	p := d.sheet("documents", rest, line.Text)
	p.Eyebrow = []Line{{Text: d.meetingName(x.Meeting), Address: d.to("meetings/%s", x.Meeting)}, {Text: d.moment(x.At, d.s.Body.Zone).Text, Mark: entries(x.Index)}}
	d.ledgerSheet(&p, l, rest, rest+"/commitments")
	if len(l.Rows) == 0 {
		p.Sums, p.Side, p.Form = nil, nil, nil
	}
	follows := d.commitmentTable(l)
	follows.Title, follows.Void = d.say("owed.follows"), d.say("owed.none")
	p.Main = []Section{follows}
	facts := Section{ID: "facts", Title: d.say("votes.decision") + " " + x.Number, Kind: "facts"}
	if q, ok := d.s.Proposal(x.Proposal); ok {
		facts.Lines = append(facts.Lines, Line{No: d.say("thing.proposal"), Text: string(q.Symbol), Address: d.to("documents/%s", escaped(q.Symbol))})
	}
	facts.Lines = append(facts.Lines, Line{No: d.say("page.digest"), Text: string(x.Text), Mono: true})
	p.Side = append([]Section{facts}, p.Side...)
	return d.show(p)
}

// obliges is what a draft carries, or what followed from its adoption: on the page of the draft, a paragraph a row.
func (d *drawer) obliges(q conference.Proposal) Section {
	s := Section{ID: "obliges-" + string(q.ID), Kind: "table", Heads: []string{d.say("public.paragraph"), d.say("public.what"), d.say("owed.who"), d.say("public.by")}}
	if q.State == "adopted" {
		s.Title, s.Link = d.say("owed.follows"), Link{d.to("decisions/%s", q.Decision), d.say("public.state")}
		seen, list := map[string]bool{}, d.s.Commitments()
		slices.SortStableFunc(list, func(a, b conference.Commitment) int { // op2 before op10
			return cmp.Or(cmp.Compare(len(a.Paragraph), len(b.Paragraph)), strings.Compare(a.Paragraph, b.Paragraph))
		})
		for _, c := range list {
			if c.Decision == q.Decision {
				row := Line{Text: c.Paragraph}
				if !seen[c.Paragraph] {
					row.ID, seen[c.Paragraph] = c.Paragraph, true
				}
				s.Rows = append(s.Rows, []Line{row, {Text: c.What, Address: d.to("commitments/%s", c.Commitment), Small: c.Measure, Mark: entries(c.Made.Index)}, {Text: paper.DebtorIn(d.s, c.CommitmentRecorded, d.l)}, {Text: d.date(c.Due)}})
			}
		}
		return s
	}
	s.Title = d.say("owed.will")
	for _, u := range q.Undertakings {
		by := Line{Text: d.date(u.Due)}
		if u.Months > 0 {
			by.Text = d.say("owed.months", number(d.l, u.Months))
		}
		who := conference.CommitmentRecorded{By: u.By, Parties: u.Parties, All: u.All, Organ: u.Organ}
		s.Rows = append(s.Rows, []Line{{Text: u.Paragraph, ID: u.Paragraph}, {Text: u.What, Small: u.Measure}, {Text: paper.DebtorIn(d.s, who, d.l)}, by})
	}
	return s
}

// compared shows a ledger as a table, and by party and by meeting as charts, each beside the same as a table.
func (d *drawer) compared(p *Sheet, x paper.Ledger) {
	p.Main = []Section{d.commitmentTable(x)}
	by := []struct {
		id, word, head string
		of             func(paper.LedgerRow) string
	}{
		{"parties", "public.byparty", "owed.who", func(r paper.LedgerRow) string { return r.Debtor }},
		{"meetings", "public.bymeeting", "page.meeting", func(r paper.LedgerRow) string { return cmp.Or(d.meetingName(r.Meeting), d.say("public.nomeeting")) }},
	}
	for _, b := range by {
		chart, table := d.fair(x, b.of)
		if chart == nil {
			continue
		}
		p.Side = append(p.Side, Section{ID: b.id, Title: d.say(b.word), Kind: "chart", Chart: chart})
		p.Main = append(p.Main, Section{ID: b.id + "-table", Title: d.say(b.word) + ", " + d.say("owed.inwords"), Kind: "table", Heads: append([]string{d.say(b.head)}, table[0][1:]...), Rows: rowsOf(table[1:])})
	}
}

func rowsOf(table [][]string) (rows [][]Line) {
	for _, cells := range table {
		var row []Line
		for _, c := range cells {
			row = append(row, Line{Text: c})
		}
		rows = append(rows, row)
	}
	return rows
}

// fair draws a ledger by some name, in the order of the alphabet, and says the same as a table: each number of how many.
func (d *drawer) fair(x paper.Ledger, of func(paper.LedgerRow) string) (*Chart, [][]string) {
	groups, longest := map[string][]paper.LedgerRow{}, 1
	var names []string
	for _, r := range x.Rows {
		name := of(r)
		if groups[name] == nil {
			names = append(names, name)
		}
		groups[name] = append(groups[name], r)
		longest = max(longest, len(groups[name]))
	}
	if len(names) == 0 {
		return nil, nil
	}
	slices.SortFunc(names, d.l.Compare)
	chart, table := &Chart{Height: len(names)*56 + 4}, [][]string{{""}}
	for _, c := range x.Counts {
		chart.Key = append(chart.Key, Part{Name: c.Says, Class: tones[c.Course]})
		table[0] = append(table[0], c.Says)
	}
	var words []string
	for i, name := range names {
		bar, at, said, cells := Bar{Name: name, Y: i*56 + 22}, 0, []string{}, []string{name}
		for _, c := range x.Counts {
			n := courseIn(groups[name], c.Course)
			cells = append(cells, d.say("owed.base", number(d.l, int64(n)), number(d.l, int64(len(groups[name])))))
			if n == 0 {
				continue
			}
			w := max(24, n*640/max(longest, 6))
			bar.Parts = append(bar.Parts, Part{Class: tones[c.Course], X: at, Y: bar.Y + 8, W: w - 2, Mid: at + w/2, Base: bar.Y + 24, N: n})
			at += w
			said = append(said, fmt.Sprintf("%s %d", c.Says, n))
		}
		chart.Bars, table = append(chart.Bars, bar), append(table, cells)
		words = append(words, name+": "+strings.Join(said, ", "))
	}
	chart.Label = strings.Join(words, "; ")
	return chart, table
}

// ledgerFile is a ledger for programs and calendars.
func (s *site) ledgerFile(v View, in *visit, of paper.LedgerOf, kind string) (any, error) {
	d := s.drawer(v, in)
	if !d.exists(of) {
		return nil, errNotFound
	}
	x, host := d.ledger(of), "https://"+v.Origin()
	switch kind {
	case "csv":
		return file{kind: "text/csv; charset=utf-8", body: []byte(x.CSV())}, nil
	case "json":
		text, err := json.MarshalIndent(x, "", " ")
		return file{kind: "application/json", body: append(text, '\n')}, err
	case "atom":
		return file{kind: "application/atom+xml", body: x.Atom(v.Origin(), host, strings.TrimSuffix(in.rest, ".atom"))}, nil
	}
	var out bytes.Buffer
	c := &paper.Calendar{W: &out}
	x.WriteCalendar(c, v.Origin(), host)
	return file{kind: "text/calendar; charset=utf-8", body: out.Bytes()}, c.Err
}

// remindersOn are the letters of the day that is asked for, else of the day it now is.
func (d *drawer) remindersOn() ([]paper.Reminder, conference.Date, bool, error) {
	day, asked, err := d.dayAsked(d.in)
	if err != nil || len(day) != len("2027-10-14") {
		return nil, day, asked, tell(http.StatusBadRequest, "public.badday")
	}
	if !asked {
		day = d.ledgerDay()
	}
	x := paper.LedgerFor(d.s, d.reader(), paper.LedgerOf{}, day, d.l)
	return x.Reminders("https://" + d.v.Origin()), day, asked, nil
}

// remindersPage shows the letters of a day, ready to be copied or opened as mail.
func (s *site) remindersPage(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	list, day, asked, err := d.remindersOn()
	if err != nil {
		return nil, err
	}
	p := d.sheet("commitments", dated("reminders", day, asked), d.say("owed.reminders"))
	p.Lead, p.Form = d.say("owed.reminderslead"), d.asOf("reminders", day)
	p.Eyebrow = []Line{{Text: d.say("public.commitments"), Address: d.to("commitments")}, {Text: d.date(day)}}
	for i, m := range list {
		letter := Section{ID: fmt.Sprintf("letter-%d", i+1), Title: m.Subject, Kind: "letter", Lines: []Line{{Text: m.Text}}, Link: Link{m.Mailto(), d.say("owed.asmail")}}
		p.Main = append(p.Main, letter)
	}
	if len(list) == 0 {
		p.Main = []Section{{ID: "letters", Title: d.date(day), Kind: "plain", Void: d.say("owed.noreminder")}}
	}
	p.Side = []Section{{ID: "take", Title: d.say("owed.take"), Kind: "plain", Lines: []Line{{Text: d.say("owed.astext"), Address: d.to("%s", dated("reminders.txt", day, asked))}, {Text: "JSON", Address: d.to("%s", dated("reminders.json", day, asked))}}}}
	return d.show(p)
}

// remindersFile is the letters of a day as text, parted by a form feed, or as JSON.
func (s *site) remindersFile(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	list, _, _, err := d.remindersOn()
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(in.rest, ".json") {
		if list == nil {
			list = []paper.Reminder{}
		}
		text, err := json.MarshalIndent(list, "", " ")
		return file{kind: "application/json", body: append(text, '\n')}, err
	}
	var letters []string
	for _, m := range list {
		letters = append(letters, m.Subject+"\n\n"+m.Text)
	}
	return file{kind: "text/plain; charset=utf-8", body: []byte(strings.Join(letters, "\f\n"))}, nil
}

// sizeOn is how many entries a record had at the end of a day, UTC: the first that came later is the next one.
func sizeOn(d *drawer, day conference.Date) (int64, error) {
	low, high, end := int64(0), d.s.Size, day.Ends()
	for low < high {
		mid := (low + high) / 2
		text, err := d.v.Entry(d.in.Context(), mid)
		if err != nil {
			return 0, err
		}
		e, err := record.ParseEntry(string(text), mid)
		if err != nil {
			return 0, err
		}
		if e.At < end {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, nil
}

// asOfDay leads from a day to the record as it stood at its end; a day before its first entry is none.
func (s *site) asOfDay(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	day, _, err := d.dayAsked(in)
	if err != nil {
		return nil, err
	}
	n, err := sizeOn(d, day)
	switch {
	case err != nil:
		return nil, err
	case n == 0:
		return nil, tell(http.StatusNotFound, "public.badday")
	case n == d.s.Size:
		return redirect(in.URL.Path), nil
	}
	return redirect(fmt.Sprintf("%s?at=%d", in.URL.Path, n)), nil
}

// owed lists what a party undertook, and leads to all about it.
func (d *drawer) owed(id conference.PartyID) Section {
	s := Section{ID: "owed", Title: d.say("public.commitments"), Kind: "plain"}
	for _, r := range d.ledger(paper.LedgerOf{Party: id}).Rows {
		line := d.courseTag(r)
		line.Text, line.Address, line.Small, line.Mark = r.What, d.to("commitments/%s", r.Commitment), d.date(r.Due), entries(r.Entries[0])
		s.Lines = append(s.Lines, line)
	}
	if len(s.Lines) > 0 {
		s.Link = Link{d.to("parties/%s/commitments", id), d.say("public.all")}
	}
	return s
}

// commitmentsAt is the desk's view of commitments: what is disputed, past its day, to be examined, and coming.
func (s *site) commitmentsAt(v *sitting) error {
	p := TablePage{DeskFrame: s.deskFrame(v, "commitments"), Heading: v.lang.Say("public.commitments")}
	for _, act := range []string{"DraftCommitments", "ExtractCommitment", "MoveDueDate", "ReleaseCommitment"} {
		p.Acts = append(p.Acts, v.formOf(act)...)
	}
	p.Acts = append(p.Acts, Link{"/" + v.lang.Code + "/reminders", v.lang.Say("owed.reminders")})
	x := paper.LedgerFor(v.t.s, s.reader(v.view, v.Person), paper.LedgerOf{}, conference.Date(s.Desk.Now().String()[:10]), v.lang)
	tables := []DeskTable{{Title: v.lang.Say("owed.opendisputes")}, {Title: v.lang.Say("owed.passed")}, {Title: v.lang.Say("owed.examine")}, {Title: v.lang.Say("owed.coming")}}
	for i := range tables {
		tables[i].Empty = v.lang.Say("page.nothing")
	}
	put := func(n int, row DeskRow) { tables[n].Rows = append(tables[n].Rows, row) }
	for _, r := range x.Rows {
		fields := []string{"commitment", string(r.Commitment)}
		if r.Among > 1 {
			fields = append(fields, "party", string(r.Party))
		}
		row := DeskRow{Title: r.Debtor + ": " + r.What, Small: together(" · ", v.lang.Say("votes.decision")+" "+r.Number+", "+r.Paragraph, r.DayIn(v.lang), r.ReportLines(v.lang)[0]), Entry: r.Entries[0], Tag: r.Says}
		for _, q := range r.Disputes {
			if q.Settled == "" {
				put(0, DeskRow{Title: r.Debtor + ": " + r.What, Small: together(" · ", q.Name, q.Ground, q.Words), Entry: q.Entries[0], Tag: v.lang.Say("owed.disputed"), Acts: v.formOf("SettleDispute", "dispute", string(q.Dispute))})
			}
		}
		switch r.Course {
		case conference.CourseOverdue:
			row.Acts = append(v.formOf("EscalateCommitment", fields...), v.formOf("MoveDueDate", fields...)...)
			put(1, row)
		case conference.CourseDone:
			row.Acts = v.formOf("CloseCommitment", fields...)
			put(2, row)
		case conference.CourseOpen:
			row.Acts = v.formOf("MoveDueDate", fields...)
			if r.Party == "" {
				row.Acts = append(v.formOf("ReportProgress", fields...), row.Acts...)
			}
			put(3, row)
		}
	}
	p.Tables = tables
	return s.show(v.turn, "desktable", p)
}

// commitmentView is a commitment for programs.
func commitmentView(s *conference.State, c conference.Commitment) CommitmentView {
	x := CommitmentView{ID: string(c.Commitment), Decision: string(c.Decision), Paragraph: c.Paragraph, What: c.What, Measure: c.Measure, Organ: string(c.Organ), All: c.All, Due: string(c.Due), Index: c.Index, Debtors: []StandingView{}}
	for _, st := range c.Standings {
		y := StandingView{By: string(st.Party), Due: string(st.Due), Course: st.Course(), State: st.State, Accepted: st.Accepted.Index, Overdue: st.Overdue.Index, Fulfilled: st.Fulfilled.Index, Released: st.Released.Index}
		for _, p := range st.Reports {
			z := ProgressView{Far: string(p.Far), Words: p.Words, Late: st.Late(p.At), Index: p.Index}
			for _, e := range p.Evidence {
				if doc, ok := s.Document(e); ok && s.Reads(conference.Reader{}, doc) {
					z.Papers = append(z.Papers, string(e))
				}
			}
			y.Reports = append(y.Reports, z)
		}
		x.Debtors = append(x.Debtors, y)
	}
	for _, d := range s.Disputes(c.Commitment) {
		y := DisputeView{ID: string(d.Dispute), By: string(d.By), About: string(d.Party), Ground: string(d.Ground), Words: d.Words, Index: max(d.Raised.Index, d.Settled.Index)}
		if d.Outcome != nil {
			y.Outcome, y.Basis = string(d.Outcome.Outcome), string(d.Outcome.Basis)
		}
		x.Disputes = append(x.Disputes, y)
	}
	return x
}

// debtorNotices are what a delegation has to hear of as a debtor, or as who disputes: what others did about its
// commitments and what the Clock found, in no order.
func (f *phone) debtorNotices() (list []PhoneMessage) {
	add := func(at conference.Stamp, event, what string) {
		if at.Index > 0 {
			list = append(list, PhoneMessage{Entry: at.Index, Title: f.l.Say("event."+event) + ": " + what, At: f.moment(at.At), AtStamp: at.At.String(), Ours: true})
		}
	}
	for _, c := range f.s.Commitments() {
		x, owes := c.Undertaken(f.office.For)
		owes = owes && f.office.For != ""
		if owes {
			add(c.Made, "CommitmentRecorded", c.What)
			add(x.Overdue, "CommitmentOverdue", c.What)
			add(x.Escalated, "CommitmentEscalated", c.What)
			add(x.Fulfilled, "CommitmentFulfilled", c.What)
			add(x.Reopened, "CommitmentReopened", c.What)
			add(x.Released, "CommitmentReleased", c.What)
			for _, m := range c.Moved {
				if m.Party == "" || m.Party == f.office.For {
					add(m.Stamp, "DueDateMoved", c.What)
				}
			}
		}
		for _, d := range f.s.Disputes(c.Commitment) {
			if owes && d.Party == f.office.For && d.By != f.office.For {
				add(d.Raised, "CommitmentDisputed", c.What)
			}
			if owes && d.Party == f.office.For || d.By == f.office.For {
				add(d.Settled, "DisputeSettled", c.What)
			}
		}
	}
	return list
}
