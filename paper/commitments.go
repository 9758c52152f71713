package paper

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/depositary"
	"kurultai/language"
)

// A Ledger is what was undertaken and how it stands, as the record has it, a row a debtor of each commitment. Texts are in
// one language; what a reader may not read is left out, and said to be.
type Ledger struct {
	On     conference.Date `json:"on"`
	Size   int64           `json:"size"` // entries of the record it was made from
	Title  string          `json:"title"`
	Rows   []LedgerRow     `json:"rows"`
	Counts []LedgerCount   `json:"counts"`

	w statusWriter
}

// A LedgerOf says of what a ledger is; what is empty does not narrow it.
type LedgerOf struct {
	Party    conference.PartyID
	Meeting  conference.MeetingID
	Decision conference.DecisionID
	ID       conference.NoteID
}

// A LedgerCount is how many rows of a ledger are where.
type LedgerCount struct {
	Course string `json:"course"` // fulfilled, done, open, overdue or released
	Says   string `json:"says"`
	N      int    `json:"n"`
}

// A LedgerRow is one debtor of one commitment.
type LedgerRow struct {
	Commitment conference.NoteID     `json:"commitment"`
	Decision   conference.DecisionID `json:"decision"`
	Number     string                `json:"number,omitempty"` // of the decision
	Symbol     conference.Symbol     `json:"symbol,omitempty"` // of its draft
	Meeting    conference.MeetingID  `json:"meeting,omitempty"`
	Paragraph  string                `json:"paragraph"`
	Party      conference.PartyID    `json:"party,omitempty"`
	Organ      conference.Term       `json:"organ,omitempty"`
	Debtor     string                `json:"debtor"`
	Among      int                   `json:"among"` // how many debtors the commitment has
	What       string                `json:"what"`  // in the words adopted
	Measure    string                `json:"measure,omitempty"`
	WithIt     bool                  `json:"recordedInAdoption,omitempty"`
	Due        conference.Date       `json:"due"`
	Months     int64                 `json:"monthsAfterAdoption,omitempty"`
	Moved      []LedgerMove          `json:"moved,omitempty"`
	Course     string                `json:"course"`
	Says       string                `json:"says"`
	Accepted   conference.Date       `json:"accepted,omitempty"`
	Reports    []LedgerReport        `json:"reports,omitempty"`
	Overdue    conference.Date       `json:"overdue,omitempty"` // day on which the Clock found it
	Brought    conference.Date       `json:"brought,omitempty"`
	Before     string                `json:"before,omitempty"` // before whom
	Fulfilled  conference.Date       `json:"fulfilled,omitempty"`
	Evidence   []conference.Symbol   `json:"evidence,omitempty"`
	Basis      string                `json:"basis,omitempty"` // number of the decision that found so, or released
	Reopened   conference.Date       `json:"reopened,omitempty"`
	Reason     string                `json:"reason,omitempty"`
	Released   conference.Date       `json:"released,omitempty"`
	Ground     string                `json:"ground,omitempty"`
	Disputes   []LedgerDispute       `json:"disputes,omitempty"`
	Entries    []int64               `json:"entries"`
}

// A LedgerMove is a change of the day by a decision.
type LedgerMove struct {
	On    conference.Date `json:"on"`
	From  conference.Date `json:"from"`
	To    conference.Date `json:"to"`
	Basis string          `json:"basis"`
	Entry int64           `json:"entry"`
}

// A LedgerReport is a debtor's own report.
type LedgerReport struct {
	On     conference.Date     `json:"on"`
	Far    conference.Term     `json:"far,omitempty"`
	Says   string              `json:"says,omitempty"` // how far, in words
	Words  string              `json:"words,omitempty"`
	Papers []conference.Symbol `json:"papers,omitempty"` // those the reader may read
	Hidden int                 `json:"papersNotOpen,omitempty"`
	Late   bool                `json:"afterItsDay,omitempty"`
	Entry  int64               `json:"entry"`
}

// A LedgerDispute is a dispute about a commitment, and how it ended if it did.
type LedgerDispute struct {
	Dispute conference.NoteID  `json:"dispute"`
	On      conference.Date    `json:"on"`
	By      conference.PartyID `json:"by"`
	Name    string             `json:"name"`
	Ground  string             `json:"ground"`
	Words   string             `json:"words"`
	Letter  conference.Symbol  `json:"letter,omitempty"`
	Settled conference.Date    `json:"settled,omitempty"`
	Outcome string             `json:"outcome,omitempty"`
	How     string             `json:"how,omitempty"` // by which decision, or whose agreement
	Decided string             `json:"decided,omitempty"`
	Entries []int64            `json:"entries"`
}

// LedgerFor is the ledger of a party, a meeting, a decision, or of all, as a reader may read it, in a language: open
// first, soonest first, then by name in the order of the language's alphabet; no row stands before another for how its
// debtor did. Days are those of the body's calendar, UTC, as the record counts what falls due. on is the day as of which
// it is said how long a day is off.
func LedgerFor(s *conference.State, r conference.Reader, of LedgerOf, on conference.Date, l *language.Language) Ledger {
	x := Ledger{On: on, Size: s.Size, Rows: []LedgerRow{}, w: statusWriter{s: s, l: l, on: on}}
	x.Title = l.Say("public.commitments")
	if of.Party != "" {
		x.Title = l.Say("owed.of", x.w.party(of.Party))
	}
	for _, c := range s.Commitments() {
		if of.Meeting != "" && c.Meeting != of.Meeting || of.Decision != "" && c.Decision != of.Decision || of.ID != "" && c.Commitment != of.ID {
			continue
		}
		disputes := s.Disputes(c.Commitment)
		for _, st := range c.Standings {
			if of.Party == "" || st.Party == of.Party {
				x.Rows = append(x.Rows, x.row(s, r, c, st, disputes))
			}
		}
	}
	slices.SortStableFunc(x.Rows, func(a, b LedgerRow) int {
		if c := rank(a) - rank(b); c != 0 {
			return c
		}
		if c := strings.Compare(string(a.Due), string(b.Due)); c != 0 {
			return c
		}
		if c := strings.Compare(string(a.Commitment), string(b.Commitment)); c != 0 {
			return c
		}
		return l.Compare(a.Debtor, b.Debtor)
	})
	for _, course := range conference.Courses {
		n := x.Count(course)
		if n > 0 || course != conference.CourseReleased {
			x.Counts = append(x.Counts, LedgerCount{course, l.Say("owed." + course), n})
		}
	}
	return x
}

// rank has what is open before what is not.
func rank(r LedgerRow) int {
	if r.Course == conference.CourseFulfilled || r.Course == conference.CourseReleased {
		return 1
	}
	return 0
}

// Count is how many rows are where.
func (x Ledger) Count(course string) (n int) {
	for _, r := range x.Rows {
		if r.Course == course {
			n++
		}
	}
	return n
}

func stamped(s conference.Stamp) conference.Date {
	if s.Index == 0 {
		return ""
	}
	return instantDay(int64(s.At))
}

// Owes is what a debtor is called: a party by its name, an organ by the vocabulary.
func (w *statusWriter) owes(p conference.PartyID, organ conference.Term) string {
	switch {
	case p != "":
		return w.party(p)
	case organ == "secretariat":
		return w.l.Say("paper.secretariat")
	}
	return w.begun(w.l.Label(string(organ)))
}

// DebtorIn names the debtors of a commitment in a language, all of them in few words.
func DebtorIn(s *conference.State, c conference.CommitmentRecorded, l *language.Language) string {
	w := statusWriter{s: s, l: l}
	if c.All {
		return l.Say("field.all")
	}
	var names []string
	for _, p := range c.Debtors() {
		names = append(names, w.owes(p, c.Organ))
	}
	slices.SortFunc(names, l.Compare)
	return strings.Join(names, ", ")
}

func (w *statusWriter) decisionNumber(id conference.DecisionID) string {
	if d, ok := w.s.Decision(id); ok {
		return d.Number
	}
	return string(id)
}

func (x *Ledger) row(s *conference.State, reader conference.Reader, c conference.Commitment, st conference.Undertaken, disputes []conference.Dispute) LedgerRow {
	w, l := &x.w, x.w.l
	d, _ := s.Decision(c.Decision)
	p, _ := s.Proposal(d.Proposal)
	r := LedgerRow{Commitment: c.Commitment, Decision: c.Decision, Number: w.decisionNumber(c.Decision), Symbol: p.Symbol, Meeting: c.Meeting, Paragraph: c.Paragraph,
		Party: st.Party, Organ: c.Organ, Debtor: w.owes(st.Party, c.Organ), Among: len(c.Standings), What: c.What, Measure: c.Measure, WithIt: c.Made.Index == d.Index,
		Due: st.Due, Months: c.Months, Course: st.Course(), Says: l.Say("owed." + st.Course()), Accepted: stamped(st.Accepted), Overdue: stamped(st.Overdue),
		Brought: stamped(st.Escalated), Fulfilled: stamped(st.Fulfilled), Reopened: stamped(st.Reopened), Reason: st.Reason, Released: stamped(st.Released), Entries: []int64{c.Made.Index}}
	add := func(list ...int64) {
		for _, n := range list {
			if n > 0 && !slices.Contains(r.Entries, n) {
				r.Entries = append(r.Entries, n)
			}
		}
	}
	if st.To != "" {
		r.Before = l.Say("word.before." + string(st.To))
	}
	if st.Ground != "" {
		r.Ground = l.Say("word.released." + string(st.Ground))
	}
	if st.Basis != "" {
		r.Basis = w.decisionNumber(st.Basis)
	}
	for _, m := range c.Moved {
		if m.Party == "" || m.Party == st.Party {
			r.Moved = append(r.Moved, LedgerMove{stamped(m.Stamp), m.From, m.To, w.decisionNumber(m.Basis), m.Index})
			add(m.Index)
		}
	}
	if len(r.Moved) > 0 {
		r.Months = 0 // the day is a decision's now, no longer the adoption's
	}
	readable := func(list []conference.Symbol) (open []conference.Symbol, hidden int) {
		for _, e := range list {
			if doc, ok := s.Document(e); ok && s.Reads(reader, doc) {
				open = append(open, e)
			} else {
				hidden++
			}
		}
		return open, hidden
	}
	for _, p := range st.Reports {
		report := LedgerReport{On: stamped(p.Stamp), Far: p.Far, Words: p.Words, Late: st.Late(p.At), Entry: p.Index}
		if p.Far != "" {
			report.Says = l.Say("word.far." + string(p.Far))
		}
		report.Papers, report.Hidden = readable(p.Evidence)
		r.Reports = append(r.Reports, report)
		add(p.Index)
	}
	r.Evidence, _ = readable(st.Evidence)
	add(st.Accepted.Index, st.Overdue.Index, st.Escalated.Index, st.Fulfilled.Index, st.Reopened.Index, st.Released.Index)
	for _, q := range disputes {
		if q.Party != st.Party {
			continue
		}
		e := LedgerDispute{Dispute: q.Dispute, On: stamped(q.Raised), By: q.By, Name: w.party(q.By), Ground: l.Say("word.disputed." + string(q.Ground)), Words: q.Words, Entries: []int64{q.Raised.Index}}
		if open, _ := readable([]conference.Symbol{q.Letter}); q.Letter != "" && len(open) > 0 {
			e.Letter = q.Letter
		}
		if o := q.Outcome; o != nil {
			e.Settled, e.Outcome, e.Decided, e.Entries = stamped(q.Settled), l.Say("word.settled."+string(o.Outcome)), o.Words, append(e.Entries, q.Settled.Index)
			if e.How = l.Say("owed.byagreement", w.names(o.Agreed)); o.Basis != "" {
				e.How = l.Say("owed.bydecision", w.decisionNumber(o.Basis))
			}
		}
		r.Disputes = append(r.Disputes, e)
		add(e.Entries...)
	}
	slices.Sort(r.Entries)
	return r
}

func (w *statusWriter) names(ids []conference.PartyID) string {
	var names []string
	for _, id := range ids {
		names = append(names, w.party(id))
	}
	slices.SortFunc(names, w.l.Compare)
	return strings.Join(names, ", ")
}

// OpenDisputes are the disputes of a row that are not settled.
func (r LedgerRow) OpenDisputes() (n int) {
	for _, d := range r.Disputes {
		if d.Settled == "" {
			n++
		}
	}
	return n
}

// How a row stands, in lines, as a page and a paper say it beside each other: the debtor's own report, then the mark.

// ReportLines are the debtor's own reports, the last first; or why there is none.
func (r LedgerRow) ReportLines(l *language.Language) (lines []string) {
	w := &statusWriter{l: l}
	for _, p := range slices.Backward(r.Reports) {
		parts := []string{w.date(p.On)}
		if p.Says != "" {
			parts[0] += ": " + p.Says
		}
		if p.Late {
			parts = append(parts, l.Say("owed.afterday"))
		}
		if p.Words != "" {
			parts = append(parts, "“"+p.Words+"”")
		}
		for _, e := range p.Papers {
			parts = append(parts, string(e))
		}
		for range p.Hidden {
			parts = append(parts, l.Say("owed.closedpaper"))
		}
		lines = append(lines, strings.Join(parts, ", "))
	}
	switch {
	case len(lines) > 0:
	case r.Course == conference.CourseOpen:
		lines = []string{l.Say("owed.notyet")}
	default:
		lines = []string{l.Say("owed.noreport")}
	}
	return lines
}

// MarkLines are what others than the debtor marked: the secretariat, a decision, the Clock.
func (r LedgerRow) MarkLines(l *language.Language) (lines []string) {
	w := &statusWriter{l: l}
	add := func(parts ...string) { lines = append(lines, strings.Join(parts, ", ")) }
	if r.Fulfilled != "" {
		parts := []string{w.begun(l.Say("owed.found", w.date(r.Fulfilled)))}
		if r.Basis != "" {
			parts = append(parts, l.Say("owed.bydecision", r.Basis))
		}
		if len(r.Evidence) > 0 {
			var papers []string
			for _, e := range r.Evidence {
				papers = append(papers, string(e))
			}
			parts = append(parts, l.Say("owed.on", strings.Join(papers, ", ")))
		}
		add(parts...)
	} else if r.Course == conference.CourseDone {
		add(l.Say("owed.unexamined"))
	}
	if r.Released != "" {
		ground := r.Ground
		if r.Basis != "" {
			ground += ", " + l.Say("owed.bydecision", r.Basis)
		}
		add(w.begun(l.Say("owed.releasedon", w.date(r.Released), ground)))
	}
	if r.Overdue != "" {
		add(w.begun(l.Say("owed.clock", w.date(r.Overdue))))
	}
	if r.Brought != "" {
		add(w.begun(l.Say("owed.brought", w.date(r.Brought), r.Before)))
	}
	if r.Reopened != "" {
		add(w.begun(l.Say("owed.reopened", w.date(r.Reopened), r.Reason)))
	}
	return lines
}

// DisputeLines tell each dispute: who disputes what, and how it ended.
func (r LedgerRow) DisputeLines(l *language.Language) (lines []string) {
	w := &statusWriter{l: l}
	for _, d := range r.Disputes {
		says := l.Say("owed.disputedby", d.Name, w.date(d.On), d.Ground) + ". “" + d.Words + "”. "
		if d.Settled == "" {
			says += l.Say("owed.notsettled")
		} else {
			says += l.Say("owed.settled", w.date(d.Settled), d.Outcome, d.How)
			if d.Decided != "" {
				says += ". “" + d.Decided + "”"
			}
		}
		lines = append(lines, says)
	}
	return lines
}

// DayLines say by when, what the day was before, and how it was reckoned.
func (r LedgerRow) DayLines(l *language.Language) (lines []string) {
	w := &statusWriter{l: l}
	if r.Months > 0 {
		lines = append(lines, l.Say("owed.months", fmt.Sprint(r.Months)))
	}
	for _, m := range slices.Backward(r.Moved) {
		lines = append(lines, l.Say("owed.moved", w.date(m.From), m.Basis))
	}
	return lines
}

// DayIn is a row's day as a language writes it.
func (r LedgerRow) DayIn(l *language.Language) string { return (&statusWriter{l: l}).date(r.Due) }

// CSV is a line a row, in RFC 4180's form: ids, days and words of the record; a cell that a spreadsheet would take for a
// formula begins with an apostrophe.
func (x Ledger) CSV() string {
	var out strings.Builder
	c := csv.NewWriter(&out)
	c.Write([]string{"commitment", "decision", "number", "paragraph", "party", "organ", "debtor", "what", "measure", "due", "first_due", "course", "accepted", "reported", "far", "overdue", "fulfilled", "released", "disputes_open", "disputes_settled"})
	for _, r := range x.Rows {
		first, reported, far := r.Due, conference.Date(""), conference.Term("")
		if len(r.Moved) > 0 {
			first = r.Moved[0].From
		}
		if n := len(r.Reports); n > 0 {
			reported, far = r.Reports[n-1].On, r.Reports[n-1].Far
		}
		cells := []string{string(r.Commitment), string(r.Decision), r.Number, r.Paragraph, string(r.Party), string(r.Organ), r.Debtor, r.What, r.Measure, string(r.Due), string(first), r.Course,
			string(r.Accepted), string(reported), string(far), string(r.Overdue), string(r.Fulfilled), string(r.Released), fmt.Sprint(r.OpenDisputes()), fmt.Sprint(len(r.Disputes) - r.OpenDisputes())}
		for i, cell := range cells {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				cells[i] = "'" + cell
			}
		}
		c.Write(cells)
	}
	c.Flush()
	return out.String()
}

// reminded are on which days, counted from its own, a debtor is reminded.
var reminded = []int64{-30, -7, 1}

func addDays(d conference.Date, n int64) conference.Date {
	day, err := depositary.ParseDay(string(d))
	if err != nil {
		return ""
	}
	return dateAt(day + depositary.Day(n))
}

// waits reports whether a debtor is still to be reminded.
func (r LedgerRow) waits() bool {
	return r.Course == conference.CourseOpen || r.Course == conference.CourseOverdue
}

// A Reminder is a letter to one debtor, on a day: what is due in thirty days, in seven, or was due the day before.
type Reminder struct {
	Party   conference.PartyID  `json:"party,omitempty"` // "": an organ, in care of the secretariat
	Debtor  string              `json:"debtor"`
	On      conference.Date     `json:"on"`
	Due     conference.Date     `json:"due"`
	Days    int64               `json:"days"` // until its day: 30, 7 or -1
	Of      []conference.NoteID `json:"of"`
	Subject string              `json:"subject"`
	Text    string              `json:"text"` // lines end in \n
}

// Reminders are those of a ledger for its day: a function of the record and of the day alone. address is the record's on
// the web, without a slash at its end.
func (x Ledger) Reminders(address string) (list []Reminder) {
	l, w := x.w.l, &x.w
	for _, off := range reminded {
		due := addDays(x.On, -off)
		var debtors []string
		rows := map[string][]LedgerRow{}
		for _, r := range x.Rows {
			key := string(r.Party) + "/" + string(r.Organ)
			if r.Due == due && due != "" && r.waits() {
				if rows[key] == nil {
					debtors = append(debtors, key)
				}
				rows[key] = append(rows[key], r)
			}
		}
		slices.SortStableFunc(debtors, func(a, b string) int { return l.Compare(rows[a][0].Debtor, rows[b][0].Debtor) })
		for _, key := range debtors {
			first := rows[key][0]
			m := Reminder{Party: first.Party, Debtor: first.Debtor, On: x.On, Due: due, Days: -off}
			says := l.Say("owed.mail.before", fmt.Sprint(-off), w.date(due))
			if m.Subject = l.Say("owed.mail.subject", first.Debtor, w.date(due)); off > 0 {
				m.Subject, says = l.Say("owed.mail.passed", first.Debtor, w.date(due)), l.Say("owed.mail.after", "", w.date(due))
			}
			var out strings.Builder
			out.WriteString(first.Debtor + "\n\n" + says + "\n")
			for _, r := range rows[key] {
				m.Of = append(m.Of, r.Commitment)
				out.WriteString("\n“" + r.What + "”\n" + l.Say("votes.decision") + " " + r.Number + ", " + r.Paragraph + "\n")
				if r.Measure != "" {
					out.WriteString(l.Say("field.measure") + ": " + r.Measure + "\n")
				}
			}
			place := address + "/" + l.Code + "/commitments"
			if first.Party != "" {
				place = address + "/" + l.Code + "/parties/" + url.PathEscape(string(first.Party)) + "/commitments"
			}
			out.WriteString("\n" + l.Say("owed.mail.where", place) + "\n\n" + l.Say("owed.mail.foot", w.date(x.On), fmt.Sprint(x.Size)) + "\n")
			m.Text = out.String()
			list = append(list, m)
		}
	}
	return list
}

// Mailto is the reminder as a mailto address (RFC 6068), without whom it goes to.
func (m Reminder) Mailto() string {
	return "mailto:?subject=" + url.PathEscape(m.Subject) + "&body=" + strings.ReplaceAll(url.PathEscape(strings.ReplaceAll(m.Text, "\n", "\r\n")), "+", "%2B")
}

// WriteCalendar writes the days of a ledger as an iCalendar object (RFC 5545): an event a row on its day, with an alarm
// thirty and seven days before while it waits; one taken off is cancelled there. origin is the record's, for ids that
// stay; address as for Reminders.
func (x Ledger) WriteCalendar(c *Calendar, origin, address string) {
	c.Begin()
	stamp := strings.NewReplacer("-", "", ":", "").Replace(x.w.s.Last.String()[:19]) + "Z"
	for _, r := range x.Rows {
		next := addDays(r.Due, 1)
		if next == "" {
			continue // a month or a year has no day
		}
		uid := string(r.Commitment)
		if r.Party != "" {
			uid += "." + string(r.Party)
		}
		plain := func(d conference.Date) string { return strings.ReplaceAll(string(d), "-", "") }
		c.Line("BEGIN", "VEVENT")
		c.Line("UID", "commitment-"+uid+"@"+strings.ReplaceAll(origin, "/", "."))
		c.Line("DTSTAMP", stamp)
		c.Line("SEQUENCE", fmt.Sprint(len(r.Moved)))
		c.Line("DTSTART;VALUE=DATE", plain(r.Due))
		c.Line("DTEND;VALUE=DATE", plain(next))
		c.Text("SUMMARY", r.Debtor+": "+r.What)
		c.Text("DESCRIPTION", x.w.l.Say("votes.decision")+" "+r.Number+", "+r.Paragraph+". "+r.Says)
		c.Line("URL", address+"/"+x.w.l.Code+"/commitments/"+url.PathEscape(string(r.Commitment)))
		c.Line("TRANSP", "TRANSPARENT")
		status := "CONFIRMED"
		if r.Course == conference.CourseReleased {
			status = "CANCELLED"
		}
		c.Line("STATUS", status)
		for _, before := range reminded {
			if before < 0 && r.waits() {
				c.Line("BEGIN", "VALARM")
				c.Line("ACTION", "DISPLAY")
				c.Text("DESCRIPTION", r.Debtor+": "+r.What)
				c.Line("TRIGGER", fmt.Sprintf("-P%dD", -before))
				c.Line("END", "VALARM")
			}
		}
		c.Line("END", "VEVENT")
	}
	c.End()
}

// Atom is a feed (RFC 4287) of the reminders that a ledger's day has brought so far, the newest first: of each row that
// waits, or did on that day, thirty and seven days before its day and on the day after it. rest is the page's address
// behind the language.
func (x Ledger) Atom(origin, address, rest string) []byte {
	l, w := x.w.l, &x.w
	feed := Feed{Lang: l.Code, ID: FeedID(origin, rest), Title: x.Title, Updated: string(x.On) + "T00:00:00Z", Author: x.w.s.Body.Names.In(conference.Language(l.Code)), Link: &FeedLink{address + "/" + l.Code + "/" + rest}}
	for _, r := range x.Rows {
		for _, off := range reminded {
			day := addDays(r.Due, off)
			if day == "" || day > x.On || day <= instantDay(int64(x.made(r))) || !r.waited(day) {
				continue
			}
			title, content := l.Say("owed.mail.subject", r.Debtor, w.date(r.Due)), l.Say("owed.mail.before", fmt.Sprint(-off), w.date(r.Due))
			if off > 0 {
				title, content = l.Say("owed.mail.passed", r.Debtor, w.date(r.Due)), l.Say("owed.mail.after", "", w.date(r.Due))
			}
			feed.Entries = append(feed.Entries, FeedEntry{FeedID(origin, fmt.Sprintf("reminder/%s/%s/%s", r.Commitment, r.Party, day)), title, string(day) + "T00:00:00Z",
				FeedLink{address + "/" + l.Code + "/commitments/" + url.PathEscape(string(r.Commitment))}, "“" + r.What + "”. " + content})
		}
	}
	slices.SortStableFunc(feed.Entries, func(a, b FeedEntry) int { return strings.Compare(b.Updated, a.Updated) })
	return feed.Bytes()
}

func (x Ledger) made(r LedgerRow) int64 {
	c, _ := x.w.s.Commitment(r.Commitment)
	return int64(c.Made.At)
}

// waited reports whether a row was still waited for on a day.
func (r LedgerRow) waited(day conference.Date) bool {
	for _, p := range r.Reports {
		if p.Far == "done" && p.On <= day && (r.Reopened == "" || p.On > r.Reopened) {
			return false
		}
	}
	return (r.Fulfilled == "" || r.Fulfilled > day) && (r.Released == "" || r.Released > day)
}

// commitments is the table of what follows from the decisions of the meeting, as its annex: what, who, by when, how it
// stands, with the debtor's own report beside the mark.
func (c *composer) commitments() error {
	x := LedgerFor(c.s, c.r.Reader(), LedgerOf{Meeting: c.id}, instantDay(int64(c.s.Last)), c.l)
	if len(x.Rows) == 0 {
		c.calm("paper.nocommitments")
		return nil
	}
	c.say(c.l.Say("public.asof", x.w.date(x.On)))
	var counts []string
	for _, n := range x.Counts {
		counts = append(counts, n.Says+": "+c.l.Say("owed.base", fmt.Sprint(n.N), fmt.Sprint(len(x.Rows))))
	}
	c.say(strings.Join(counts, "; "))
	g := c.grid([]int{6, 3, 3, 8}, c.l.Say("public.what"), c.l.Say("owed.who"), c.l.Say("public.by"), c.l.Say("public.state"))
	for _, r := range x.Rows {
		stands := append([]string{r.Says}, r.ReportLines(c.l)...)
		stands = append(append(stands, r.MarkLines(c.l)...), r.DisputeLines(c.l)...)
		what := together(". ", r.What, c.l.Say("votes.decision")+" "+r.Number+", "+r.Paragraph, r.Measure)
		g.row(r.Entries, what, r.Debtor, together(". ", append([]string{r.DayIn(c.l)}, r.DayLines(c.l)...)...), together(". ", stands...))
	}
	g.put("paper.nocommitments")
	for _, key := range []string{"owed.measure1", "owed.measure2", "owed.measure3"} {
		c.calm(key)
	}
	return nil
}
