package paper

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"kurultai/conference"
	"kurultai/depositary"
	"kurultai/language"
)

// A Status is how an instrument stands on a day, as treaty collections print it: when it enters into force and why, who
// signed, who consented by what, since when it binds whom, what they said besides. Texts are in one language.
type Status struct {
	Instrument conference.InstrumentID `json:"instrument"`
	Title      string                  `json:"title"`
	Form       string                  `json:"form,omitempty"` // treaty, agreement …, as the record has it
	On         conference.Date         `json:"on"`
	Stage      string                  `json:"stage"` // in-force, settled, not-in-force, ended, not-opened or reported
	Day        conference.Date         `json:"day,omitempty"`
	Ends       conference.Date         `json:"ends,omitempty"` // the first day on which it is no longer in force
	Says       string                  `json:"says"`           // the stage in words
	Article    string                  `json:"article,omitempty"`
	Amends     []Related               `json:"amends,omitempty"`
	Amended    []Related               `json:"amended,omitempty"`
	Working    []StatusStep            `json:"working,omitempty"`
	Rows       []StatusRow             `json:"parties,omitempty"`
	Statements []StatusLine            `json:"statements,omitempty"`
	Applied    []StatusLine            `json:"provisional,omitempty"`
	Corrected  []StatusLine            `json:"corrections,omitempty"`
	Paused     []StatusLine            `json:"suspensions,omitempty"` // what suspended its operation, and what ends it
	Copies     []StatusLine            `json:"copies,omitempty"`
	Sent       []StatusLine            `json:"transmissions,omitempty"` // to whom the copies went
	Notices    []StatusLine            `json:"notifications,omitempty"`
	Registered string                  `json:"registered,omitempty"` // number with the United Nations (Charter, 102)
	Timeline   []StatusLine            `json:"timeline,omitempty"`
	IfOne      []IfOne                 `json:"ifOneDeposits,omitempty"`
	Entries    []int64                 `json:"entries,omitempty"`
}

// Related is another instrument.
type Related struct {
	Instrument conference.InstrumentID `json:"instrument"`
	Title      string                  `json:"title"`
}

// A StatusStep is one step of the reckoning. Have and Need are states, or units of a quantity.
type StatusStep struct {
	What   string          `json:"what"`
	Have   int64           `json:"have,omitempty"`
	Need   int64           `json:"need,omitempty"`
	Met    bool            `json:"met,omitempty"`
	Day    conference.Date `json:"day,omitempty"`
	Text   string          `json:"text"`
	By     string          `json:"by,omitempty"`     // all who acted on the day, never one of several
	Wanted string          `json:"wanted,omitempty"` // who, or how many, is still awaited
}

// A StatusRow is one state: a party to the instrument, or who may become one.
type StatusRow struct {
	Party    conference.PartyID `json:"party"`
	Name     string             `json:"name"`
	Signed   conference.Date    `json:"signed,omitempty"`
	Mode     string             `json:"mode,omitempty"`
	Consents []StatusLine       `json:"acts,omitempty"`  // deposits, successions, withdrawals: all of them
	Bound    []BoundSpan        `json:"bound,omitempty"` // one each time it was bound
	Binds    string             `json:"binds,omitempty"` // the same in words
	// Amended are amendments in force by which it is bound on the day, Unamended those in force for others alone.
	Amended   []conference.InstrumentID `json:"amended,omitempty"`
	Unamended []conference.InstrumentID `json:"unamended,omitempty"`
	Entries   []int64                   `json:"entries,omitempty"`
}

// A BoundSpan is from when until when the instrument is in force for a state; without Until it still is.
type BoundSpan struct {
	From  conference.Date `json:"from"`
	Until conference.Date `json:"until,omitempty"`
}

// A StatusLine is something that was done on a day.
type StatusLine struct {
	On      conference.Date    `json:"on"`
	Party   conference.PartyID `json:"party,omitempty"`
	Name    string             `json:"name,omitempty"`
	Sort    string             `json:"sort,omitempty"` // of an act: ratification, withdrawal …
	Effect  conference.Date    `json:"effective,omitempty"`
	Text    string             `json:"text"`
	Words   string             `json:"words,omitempty"` // the party's own
	Small   string             `json:"more,omitempty"`
	Entries []int64            `json:"entries,omitempty"`
	// Of a notification: its id, who has acknowledged it and who has not, the languages in which it was issued as a letter.
	Notification conference.NoteID     `json:"notification,omitempty"`
	Received     []conference.PartyID  `json:"receivedBy,omitempty"`
	Awaited      []conference.PartyID  `json:"awaitedFrom,omitempty"`
	Letters      []conference.Language `json:"letters,omitempty"`
}

// IfOne is what follows if a state deposits its consent on the day of the status.
type IfOne struct {
	Party conference.PartyID `json:"party"`
	Name  string             `json:"name"`
	Day   conference.Date    `json:"day,omitempty"` // of entry into force; absent: not yet
	Says  string             `json:"says"`
}

// FirstInstrument is the first the record holds, opened or reported, or "".
func FirstInstrument(s *conference.State) (id conference.InstrumentID) {
	first := int64(-1)
	for _, i := range s.Instruments() {
		if first < 0 || i.Begun < first {
			first, id = i.Begun, i.Instrument
		}
	}
	for _, f := range s.Facts("InstrumentSigned") {
		if f.Reported != nil && (first < 0 || f.Index < first) {
			first, id = f.Index, f.Body.(*conference.InstrumentSigned).Instrument
		}
	}
	return id
}

// ReportedInstruments are those the record knows from reports alone, in order of entry.
func ReportedInstruments(s *conference.State) (list []conference.Fact) {
	for _, f := range s.Facts("InstrumentSigned") {
		if _, opened := s.Instrument(f.Body.(*conference.InstrumentSigned).Instrument); f.Reported != nil && !opened {
			list = append(list, f)
		}
	}
	return list
}

// StatusOf is an instrument's status on a day, in a language. ok is false where the record holds no such instrument.
func StatusOf(s *conference.State, id conference.InstrumentID, on conference.Date, l *language.Language) (x Status, ok bool) {
	w := &statusWriter{s, l, on, &x}
	x.Instrument, x.On = id, on
	i, opened := s.Instrument(id)
	if !opened {
		for _, f := range ReportedInstruments(s) {
			if b := f.Body.(*conference.InstrumentSigned); b.Instrument == id {
				w.reported(f, b)
				return x, true
			}
		}
		return x, false
	}
	x.Title, x.Form, x.Entries = w.title(i), string(i.Form), []int64{i.Begun}
	if i.Clause != nil {
		x.Article = i.Clause.Article
	}
	w.relations(i)
	if day := instantDay(int64(i.BegunAt)); on < day {
		x.Stage, x.Says = "not-opened", l.Say("treaty.notopened", w.date(day))
		return x, true
	}
	a := s.Reckon(i, on)
	w.stage(a)
	w.steps(a)
	w.rows(i, a)
	w.statements(i, a)
	w.pausing(i, a)
	w.keeping(i)
	w.ifOne(i, a)
	w.timeline(i, a)
	w.tells(i)
	return x, true
}

// instantDay is the UTC day of an instant in milliseconds.
func instantDay(at int64) conference.Date { return dateAt(depositary.Day(floorDay(at))) }

func floorDay(ms int64) int64 {
	const day = 86_400_000
	if ms < 0 {
		return (ms - day + 1) / day
	}
	return ms / day
}

func dateAt(d depositary.Day) conference.Date { return conference.Date(d.Date()) }

type statusWriter struct {
	s  *conference.State
	l  *language.Language
	on conference.Date
	x  *Status
}

func (w *statusWriter) date(d conference.Date) string {
	if year, month, day, err := d.Parts(); err == nil && day > 0 {
		return w.l.Date(language.Date{Year: year, Month: month, Day: day})
	}
	return string(d)
}

func (w *statusWriter) title(i conference.Instrument) string {
	if t := i.Title.In(conference.Language(w.l.Code)); t != "" {
		return t
	}
	return string(i.Instrument)
}

func (w *statusWriter) party(id conference.PartyID) string {
	p, _ := w.s.Party(id)
	if name := p.Named.Short.In(conference.Language(w.l.Code)); name != "" {
		return name
	}
	return string(id)
}

func (w *statusWriter) parties(ids []string) string {
	var names []string
	for _, id := range ids {
		names = append(names, w.party(conference.PartyID(id)))
	}
	return strings.Join(names, ", ")
}

// reported is what a record knows of an instrument from reports: that it was signed, when, and by whom where they say so.
// Nothing else is made of it.
func (w *statusWriter) reported(f conference.Fact, b *conference.InstrumentSigned) {
	w.x.Title = w.begun(w.l.Label(string(b.Subject)))
	w.x.Form, w.x.Stage, w.x.Entries = string(b.Form), "reported", append([]int64{f.Index}, f.Agree...)
	says := []string{w.l.Say("treaty.unreported")}
	if len(b.For) == 0 {
		says = append(says, w.l.Say("treaty.nosignatories"))
	}
	w.x.Says = strings.Join(says, " ")
	day := conference.Date(f.Reported.When.Date)
	for _, p := range b.For {
		w.x.Rows = append(w.x.Rows, StatusRow{Party: p, Name: w.party(p), Signed: day, Entries: w.x.Entries})
	}
	w.x.Timeline = []StatusLine{{On: day, Text: w.l.Say("event.InstrumentSigned"), Entries: w.x.Entries}}
}

// begun is a text as it stands at the beginning of a line. Georgian has no capitals there.
func (w *statusWriter) begun(text string) string {
	first, n := utf8.DecodeRuneInString(text)
	if w.l.Code == "az" || w.l.Code == "tr" {
		return string(unicode.TurkishCase.ToTitle(first)) + text[n:]
	}
	return string(unicode.ToTitle(first)) + text[n:]
}

func (w *statusWriter) relations(i conference.Instrument) {
	for _, other := range w.s.Instruments() {
		if other.Instrument == i.Amends {
			w.x.Amends = append(w.x.Amends, Related{other.Instrument, w.title(other)})
		}
		if other.Amends == i.Instrument {
			w.x.Amended = append(w.x.Amended, Related{other.Instrument, w.title(other)})
		}
	}
}

func (w *statusWriter) stage(a depositary.Answer) {
	switch {
	case !a.Settled:
		w.x.Stage, w.x.Says = "not-in-force", w.l.Say("treaty.notinforce")
		return
	case a.Ended != "" && a.Ends <= depositary.Date(w.on).Day():
		w.x.Stage, w.x.Says = "ended", w.l.Say("treaty.ended", w.date(dateAt(a.Ends)))
	case a.InForce(depositary.Date(w.on).Day()):
		w.x.Stage, w.x.Says = "in-force", w.l.Say("treaty.inforce", w.date(dateAt(a.Enters)))
	default:
		w.x.Stage, w.x.Says = "settled", w.l.Say("treaty.settled", w.date(dateAt(a.Enters)))
	}
	w.x.Day = dateAt(a.Enters)
	if a.Ended != "" {
		if w.x.Ends = dateAt(a.Ends); w.x.Stage != "ended" {
			w.x.Says += ". " + w.l.Say("treaty.ends", w.date(w.x.Ends))
		}
	}
}

func (w *statusWriter) steps(a depositary.Answer) {
	for _, s := range a.Working {
		step := StatusStep{What: s.What, Have: s.Have, Need: s.Need, Met: s.Met}
		have, need := fmt.Sprint(s.Have), fmt.Sprint(s.Need)
		switch s.What {
		case depositary.StepDate:
			step.Text = w.l.Say("treaty.step.date", w.date(dateAt(s.From)))
		case depositary.StepTogether:
			step.Text = w.l.Say("treaty.step.together")
		case depositary.StepWindow:
			step.Text = w.l.Say("treaty.step.window", w.date(dateAt(s.Day)))
		case depositary.StepNotBefore:
			step.Text = w.l.Say("treaty.step.not-before", w.date(dateAt(s.From)))
		case depositary.StepDelay:
			step.Text = w.l.Say("treaty.step."+s.Delay.Unit, fmt.Sprint(s.Delay.Count), w.date(dateAt(s.From)))
			if s.Delay.Then != "" {
				step.Text += ", " + w.l.Say("treaty.step."+s.Delay.Then)
			}
		case depositary.StepShare, depositary.StepEveryone:
			step.Text = w.l.Say("treaty.step."+s.What, have, need, s.Of)
		default:
			step.Text = w.l.Say("treaty.step."+s.What, have, need)
		}
		switch {
		case s.Met && s.What != depositary.StepDelay && s.What != depositary.StepNotBefore:
			step.Day = dateAt(s.Day)
		case s.Met:
			step.Day = dateAt(s.Day)
		case len(s.Missing) > 0:
			step.Wanted = w.l.Say("treaty.wanted", w.parties(s.Missing))
		case s.Lacks() > 0:
			step.Wanted = w.l.Say("treaty.wanted", fmt.Sprint(s.Lacks()))
		}
		if len(s.On) > 0 {
			step.By = w.l.Say("treaty.by", w.parties(s.On))
		}
		w.x.Working = append(w.x.Working, step)
	}
}

// rows are all who may sign, then all others who consented, in the order of the instrument and of their deposits.
func (w *statusWriter) rows(i conference.Instrument, a depositary.Answer) {
	order := slices.Clone(i.Signatories)
	for _, p := range a.Parties() {
		if !slices.Contains(order, conference.PartyID(p)) {
			order = append(order, conference.PartyID(p))
		}
	}
	for _, p := range order {
		row := StatusRow{Party: p, Name: w.party(p)}
		for n, g := range i.Signed {
			if day := instantDay(int64(g.At)); g.Party == p && day <= w.on {
				if row.Entries = append(row.Entries, g.Index); i.Completes(n) {
					row.Signed, row.Mode = day, w.mode(g)
				}
			}
		}
		for _, act := range w.s.PartyActs(i.Instrument) {
			if act.Party == p && act.On <= w.on {
				row.Consents = append(row.Consents, w.act(act))
				row.Entries = append(row.Entries, act.Index)
			}
		}
		var binds []string
		for _, span := range a.Bound(string(p)) {
			b, says := BoundSpan{From: dateAt(span.From)}, w.l.Say("treaty.from", w.date(dateAt(span.From)))
			if span.Ends {
				b.Until = dateAt(span.Until)
				says += ", " + w.l.Say("treaty.until", w.date(b.Until))
			}
			row.Bound, binds = append(row.Bound, b), append(binds, says)
		}
		binds = append(binds, w.versions(i, a, &row)...)
		row.Binds = strings.Join(binds, "; ")
		w.x.Rows = append(w.x.Rows, row)
	}
}

// versions are the amendments in force on the day by which a party is bound or is not, and what that is in words.
func (w *statusWriter) versions(i conference.Instrument, a depositary.Answer, row *StatusRow) (says []string) {
	day := depositary.Date(w.on).Day()
	if !slices.ContainsFunc(a.Bound(string(row.Party)), func(s depositary.Span) bool { return s.Holds(day) }) {
		return nil
	}
	for _, other := range w.s.Instruments() {
		if other.Amends != i.Instrument {
			continue
		}
		switch by := w.s.Reckon(other, w.on); {
		case !by.InForce(day):
		case a.Amended(by, string(row.Party), day):
			row.Amended, says = append(row.Amended, other.Instrument), append(says, w.l.Say("treaty.asamended", w.title(other)))
		default:
			row.Unamended, says = append(row.Unamended, other.Instrument), append(says, w.l.Say("treaty.unamended", w.title(other)))
		}
	}
	return says
}

// some puts the names of parties in the place of a sentence; of none it says nothing.
func (w *statusWriter) some(sentence string, ids ...conference.PartyID) string {
	var names []string
	for _, p := range ids {
		if p != "" {
			names = append(names, string(p))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return strings.Replace(sentence, "{0}", w.parties(names), 1)
}

// pausing is what suspends the operation of the instrument and what ends it, as known on the day.
func (w *statusWriter) pausing(i conference.Instrument, a depositary.Answer) {
	some := func(key string, ids ...conference.PartyID) string { return w.some(w.l.Say(key, "{0}"), ids...) }
	for _, x := range w.s.Suspensions(i.Instrument) {
		if x.On > w.on {
			continue
		}
		line := StatusLine{On: x.On, Sort: string(x.Basis), Effect: x.From, Entries: []int64{x.Index}}
		until := ""
		switch ended := x.Ended; {
		case x.Over > 0 && instantDay(int64(x.OverAt)) <= w.on:
			until, line.Entries = string(ended), append(line.Entries, x.Over)
		case x.Until != "":
			until = string((depositary.Date(x.Until).Day() + 1).Date())
		}
		line.Text = w.l.Say("treaty.suspended") + ", " + w.l.Say("treaty.from", w.date(x.From))
		if until != "" {
			line.Text += ", " + w.l.Say("treaty.until", w.date(conference.Date(until)))
		}
		line.Small = together("; ", together(", ", w.l.Say("word.ground."+string(x.Basis)), x.Provision), some("treaty.betweensome", x.Between...), some("treaty.breachby", x.Defaulting), some("treaty.agreedby", x.Agreed...))
		w.x.Paused = append(w.x.Paused, line)
		if x.Holds(w.on) && len(x.Between) == 0 && w.x.Stage == "in-force" {
			w.x.Says += ". " + w.l.Say("treaty.suspended")
		}
	}
	x, ok := w.s.Ending(i.Instrument)
	if !ok || a.Ended == "" {
		return
	}
	on := x.On
	switch {
	case on > w.on: // on that day nothing but the text was to end it
		on = dateAt(a.Decided)
		x = conference.Ending{TerminationSettled: conference.TerminationSettled{Basis: "text", Provision: i.ClauseOf().Article, Date: dateAt(a.Ends)}, Index: i.Begun}
	case on == "":
		on = instantDay(int64(x.At))
	}
	line := StatusLine{On: on, Sort: string(x.Basis), Effect: x.Date, Text: w.l.Say("treaty.ends", w.date(x.Date)), Entries: []int64{x.Index}}
	if w.x.Stage == "ended" {
		line.Text = w.l.Say("treaty.ended", w.date(x.Date))
		if x.Came > 0 {
			line.Entries = append(line.Entries, x.Came)
		}
	}
	line.Small = together("; ", together(", ", w.l.Say("word.ground."+string(x.Basis)), x.Provision), some("treaty.breachby", x.Defaulting), some("treaty.agreedby", x.Agreed...))
	w.x.Paused = append(w.x.Paused, line)
}

func (w *statusWriter) mode(g conference.Signature) string {
	word := map[string]string{"definitive": "public.mode.definitive", "subject-to-ratification": "public.mode.ratification", "ad-referendum": "public.mode.referendum"}[g.Mode]
	if g.Confirmed > 0 && instantDay(int64(g.ConfirmedAt)) <= w.on {
		return w.l.Say(word) + ", " + w.l.Say("public.confirmed")
	}
	return w.l.Say(word)
}

func (w *statusWriter) act(act conference.PartyAct) StatusLine {
	line := StatusLine{On: act.On, Party: act.Party, Name: w.party(act.Party), Sort: string(act.Sort), Effect: act.Effective, Text: w.l.Say("treaty.means." + string(act.Sort)), Entries: []int64{act.Index}}
	switch {
	case act.Predecessor != "":
		line.Small = w.l.Say("treaty.succeeds", w.party(act.Predecessor)) + ", " + w.l.Say("treaty.from", w.date(act.Effective))
	case act.Effective != "":
		line.Small = w.l.Say("treaty.from", w.date(act.Effective))
	}
	return line
}

// applied is when a provisional application ends: by the party's word, or because the instrument is in force for it.
func (w *statusWriter) applied(x conference.Provisional, a depositary.Answer) conference.Date {
	if bound := a.Bound(string(x.Party)); x.Ended == "" && len(bound) > 0 {
		return dateAt(bound[0].From)
	}
	return x.Ended
}

func (w *statusWriter) statements(i conference.Instrument, a depositary.Answer) {
	all := w.s.Statements(i.Instrument)
	for _, x := range all {
		if x.On > w.on {
			continue
		}
		line := StatusLine{On: x.On, Party: x.Party, Name: w.party(x.Party), Words: x.Text, Entries: []int64{x.Index}}
		var more []string
		switch x.Sort {
		case "reservation":
			line.Text = w.l.Say("treaty.reservation", x.Provision)
			if x.Late {
				more = append(more, w.l.Say("treaty.late"))
			}
			if x.Accepted && x.Until < w.on {
				more = append(more, w.l.Say("treaty.accepted"))
			} else if x.Withdrawn == "" {
				more = append(more, w.l.Say("treaty.objections", w.date(x.Until)))
			}
		case "objection":
			at := slices.IndexFunc(all, func(o conference.Statement) bool { return o.ID == x.To })
			line.Text = w.l.Say("treaty.objection", w.party(all[at].Party))
			if x.Precludes {
				more = append(more, w.l.Say("treaty.precludes"))
			}
		case "territory":
			key := map[bool]string{false: "treaty.territory", true: "treaty.territory.not"}[x.Excluded]
			place, _ := w.s.Place(x.Territory)
			line.Text = w.l.Say(key, place.Names.In(conference.Language(w.l.Code)))
		default:
			line.Text = w.l.Say("treaty.declaration")
		}
		if x.Withdrawn != "" && x.Withdrawn <= w.on {
			more = append(more, w.l.Say("treaty.withdrawn", w.date(x.Withdrawn)))
			line.Entries = append(line.Entries, x.Changed)
		}
		line.Small = strings.Join(more, "; ")
		w.x.Statements = append(w.x.Statements, line)
	}
	for _, x := range w.s.Provisionals(i.Instrument) {
		if x.From <= w.on {
			line := StatusLine{On: x.From, Party: x.Party, Name: w.party(x.Party), Text: w.l.Say("treaty.from", w.date(x.From)), Entries: []int64{x.Index}}
			if ended := w.applied(x, a); ended != "" && ended <= w.on {
				line.Text += ", " + w.l.Say("treaty.until", w.date(ended))
			}
			w.x.Applied = append(w.x.Applied, line)
		}
	}
	for _, c := range w.s.Corrections(i.Instrument) {
		if instantDay(int64(c.At)) > w.on {
			continue
		}
		if instantDay(int64(c.ChangedAt)) > w.on {
			c.State = "open"
		}
		line := StatusLine{On: c.Until, Text: string(c.Language) + ": " + c.Error + " → " + c.Text, Entries: []int64{c.Index, c.Changed}}
		switch c.State {
		case "rectified":
			line.Small = w.l.Say("treaty.rectified")
		case "objected":
			var names []string
			for _, p := range c.Objected {
				names = append(names, string(p))
			}
			line.Small = w.l.Say("treaty.objected", w.parties(names))
		default:
			line.Small, line.Entries = w.l.Say("treaty.objections", w.date(c.Until)), line.Entries[:1]
		}
		w.x.Corrected = append(w.x.Corrected, line)
	}
}

// keeping is what the depositary did: copies certified, notifications and who received them, the registration.
func (w *statusWriter) keeping(i conference.Instrument) {
	for _, c := range w.s.Copies(i.Instrument) {
		if day := instantDay(int64(c.At)); day <= w.on {
			w.x.Copies = append(w.x.Copies, StatusLine{On: day, Text: string(c.Language), Small: string(c.Copy.Digest), Entries: []int64{c.Index}})
		}
	}
	for _, x := range w.s.Transmissions(i.Instrument) {
		if day := instantDay(int64(x.At)); day <= w.on {
			var to, in []string
			for _, p := range x.To {
				to = append(to, string(p))
			}
			for _, l := range x.Languages {
				in = append(in, string(l))
			}
			w.x.Sent = append(w.x.Sent, StatusLine{On: day, Text: w.l.Say("treaty.transmitted", w.parties(to)), Small: strings.Join(in, ", "), Entries: []int64{x.Index}})
		}
	}
	for _, n := range w.s.Notifications(i.Instrument) {
		if day := instantDay(int64(n.At)); day <= w.on {
			line := StatusLine{On: day, Text: w.l.Say("treaty.notice", fmt.Sprint(n.Number), fmt.Sprint(n.Entry)), Entries: []int64{n.Index}, Notification: n.Notification, Awaited: slices.Clone(n.To)}
			for _, r := range n.Received {
				if instantDay(int64(r.At)) <= w.on {
					line.Received, line.Entries = append(line.Received, r.Party), append(line.Entries, r.Index)
					line.Awaited = slices.DeleteFunc(line.Awaited, func(p conference.PartyID) bool { return p == r.Party })
				}
			}
			for _, x := range n.Letters {
				line.Letters = append(line.Letters, x.Language)
			}
			line.Small = together(": ", w.l.Say("treaty.received", fmt.Sprint(len(line.Received)), fmt.Sprint(len(n.To))), w.some("{0}", line.Received...))
			line.Small = together("; ", line.Small, w.some(w.l.Say("treaty.receiptawaited", "{0}"), line.Awaited...))
			w.x.Notices = append(w.x.Notices, line)
		}
	}
	if r, ok := w.s.Registration(i.Instrument); ok && instantDay(int64(r.At)) <= w.on {
		w.x.Registered = r.Number
	}
}

// ifOne asks of each who has not consented what its deposit on this day would bring about.
func (w *statusWriter) ifOne(i conference.Instrument, a depositary.Answer) {
	if a.Settled {
		return
	}
	f, day := w.s.FactsOf(i), depositary.Date(w.on).Day()
	for _, row := range w.x.Rows {
		spans := a.Consented(string(row.Party))
		if len(spans) > 0 && !spans[len(spans)-1].Ends {
			continue
		}
		x := IfOne{Party: row.Party, Name: row.Name, Says: w.l.Say("treaty.whatif.no")}
		if b := i.ClauseOf().If(f, string(row.Party), depositary.Ratification, day); b.Settled {
			x.Day = dateAt(b.Enters)
			x.Says = w.l.Say("treaty.settled", w.date(x.Day))
		}
		w.x.IfOne = append(w.x.IfOne, x)
	}
}

// tells says of each notification what it is about, as the timeline has it.
func (w *statusWriter) tells(i conference.Instrument) {
	for k, line := range w.x.Notices {
		n, _ := w.s.Notification(line.Notification)
		for _, t := range w.x.Timeline {
			if slices.Contains(t.Entries, n.Entry) {
				w.x.Notices[k].Text += ". " + together(": ", t.Name, t.Text)
				break
			}
		}
	}
}

// timeline is what happened, and what is settled to happen, in order of day.
func (w *statusWriter) timeline(i conference.Instrument, a depositary.Answer) {
	list := []StatusLine{{On: instantDay(int64(i.BegunAt)), Text: w.l.Say("event.InstrumentOpened"), Entries: []int64{i.Begun}}}
	for _, row := range w.x.Rows {
		if row.Signed != "" {
			list = append(list, StatusLine{On: row.Signed, Party: row.Party, Name: row.Name, Text: w.l.Say("public.signed"), Small: row.Mode, Entries: row.Entries[:1]})
		}
		list = append(list, row.Consents...)
	}
	list = append(list, w.x.Statements...)
	list = append(list, w.x.Paused...)
	if a.Settled {
		list = append(list, StatusLine{On: dateAt(a.Enters), Text: w.l.Say("treaty.force")})
		if x, ok := w.s.EntryIntoForce(i.Instrument); ok {
			list[len(list)-1].Entries = []int64{x.Index}
			if x.Entered > 0 {
				list[len(list)-1].Entries = []int64{x.Index, x.Entered}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b StatusLine) int { return strings.Compare(string(a.On), string(b.On)) })
	w.x.Timeline = list
}

// Text is the status as a terminal or a letter shows it.
func (x Status) Text(l *language.Language) string {
	var out strings.Builder
	line := func(format string, args ...any) {
		out.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
	}
	w := &statusWriter{l: l}
	line("%s", x.Title)
	line("%s", l.Say("public.asof", w.date(x.On)))
	line("%s", x.Says)
	if x.Registered != "" {
		line("%s", l.Say("treaty.registered", x.Registered))
	}
	for _, r := range x.Amends {
		line("%s: %s", l.Say("treaty.amends"), r.Title)
	}
	for _, r := range x.Amended {
		line("%s: %s", l.Say("treaty.amended"), r.Title)
	}
	if len(x.Working) > 0 {
		line("\n%s", l.Say("treaty.working"))
	}
	for n, s := range x.Working {
		line("  %d  %s", n+1, strings.Join(slices.DeleteFunc([]string{s.Text, s.met(w), s.By, s.Wanted}, func(t string) bool { return t == "" }), "; "))
	}
	if len(x.Rows) > 0 {
		line("\n%s", strings.Join([]string{l.Say("page.party"), l.Say("public.signed"), l.Say("treaty.consent"), l.Say("treaty.binds")}, " | "))
	}
	for _, r := range x.Rows {
		var acts []string
		for _, a := range r.Consents {
			acts = append(acts, strings.TrimSuffix(a.Text+" "+w.date(a.On)+", "+a.Small, ", "))
		}
		signed := ""
		if r.Signed != "" {
			signed = strings.TrimSuffix(w.date(r.Signed)+", "+r.Mode, ", ")
		}
		line("  %s | %s | %s | %s", r.Name, signed, strings.Join(acts, "; "), r.Binds)
	}
	section := func(title string, lines []StatusLine) {
		if len(lines) > 0 {
			line("\n%s", l.Say(title))
		}
		for _, s := range lines {
			text := strings.TrimPrefix(s.Name+": ", ": ") + s.Text
			if s.Words != "" {
				text += " “" + s.Words + "”"
			}
			line("  %s  %s", w.date(s.On), strings.TrimSuffix(text+"; "+s.Small, "; "))
		}
	}
	section("treaty.statements", x.Statements)
	section("treaty.provisional", x.Applied)
	section("treaty.corrections", x.Corrected)
	section("treaty.suspensions", x.Paused)
	section("treaty.copies", append(slices.Clone(x.Copies), x.Sent...))
	section("treaty.notices", x.Notices)
	if len(x.IfOne) > 0 {
		line("\n%s", l.Say("treaty.whatif"))
	}
	for _, f := range x.IfOne {
		line("  %s: %s", f.Name, f.Says)
	}
	section("treaty.timeline", x.Timeline)
	return out.String()
}

func (s StatusStep) met(w *statusWriter) string {
	switch {
	case s.Day == "":
		return ""
	case s.What == depositary.StepDelay || s.What == depositary.StepNotBefore:
		return w.date(s.Day)
	}
	return w.l.Say("treaty.met", w.date(s.Day))
}

// MetIn says on which day a step was met, or what day it leads to.
func (s StatusStep) MetIn(l *language.Language) string { return s.met(&statusWriter{l: l}) }

// CSV is a line a party, with what a program reads: ids, days, no words of a language but the name.
func (x Status) CSV() string {
	var out strings.Builder
	c := csv.NewWriter(&out)
	c.Write([]string{"party", "name", "signed", "act", "received", "effective", "bound_from", "bound_until"})
	for _, r := range x.Rows {
		from, until := "", ""
		if n := len(r.Bound); n > 0 {
			from, until = string(r.Bound[n-1].From), string(r.Bound[n-1].Until)
		}
		if len(r.Consents) == 0 {
			c.Write([]string{string(r.Party), r.Name, string(r.Signed), "", "", "", from, until})
		}
		for _, a := range r.Consents {
			c.Write([]string{string(r.Party), r.Name, string(r.Signed), a.Sort, string(a.On), string(a.Effect), from, until})
		}
	}
	c.Flush()
	return out.String()
}

// Atom is what happened to the instrument as a feed (RFC 4287), newest first. Origin is the record's, address the page's.
func (x Status) Atom(origin, address string, l *language.Language) []byte {
	at := func(d conference.Date) string { return string(d) + "T00:00:00Z" }
	w := &statusWriter{l: l}
	page := FeedLink{"https://" + origin + address}
	feed := Feed{Lang: l.Code, ID: FeedID(origin, "instrument/"+string(x.Instrument)), Title: x.Title, Updated: at(x.On), Author: x.Title, Link: &page}
	for n, t := range slices.Backward(x.Timeline) {
		if len(t.On) != 10 {
			continue // a feed needs a day
		}
		title := strings.TrimPrefix(t.Name+": "+t.Text, ": ")
		content := strings.TrimSuffix(w.date(t.On)+". "+title+". "+t.Small, " ")
		feed.Entries = append(feed.Entries, FeedEntry{FeedID(origin, fmt.Sprintf("instrument/%s/%d", x.Instrument, n)), title, at(t.On), page, content})
	}
	return feed.Bytes()
}
