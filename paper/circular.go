package paper

import (
	"fmt"
	"reflect"
	"slices"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper/pdf"
)

// Circular is a depositary notification as the letter that goes to those entitled (VCLT 77(1)(e)): its number, the
// instrument, the act and the days from which it counts, a party's own words, and that receipt is to be acknowledged. It says
// what the entry holds and nothing else; a party whose name has no form in the language is a *language.MissingForm.
func Circular(r Record, id conference.NoteID, l *language.Language) (pdf.Document, error) {
	n, ok := r.State().Notification(id)
	if !ok {
		return pdf.Document{}, unknown(string(id))
	}
	i, _ := r.State().Instrument(n.Instrument)
	return ofInstrument(r, l, "notification").circular(i, n.DepositaryNotified, instantDay(int64(n.At)), "")
}

// CircularIssued is the letter as somebody issues it: its bytes, in the layout in which papers are set again from the record.
func CircularIssued(r Record, id conference.NoteID, l *language.Language) ([]byte, error) {
	d, err := Circular(r, id, l)
	if err != nil {
		return nil, err
	}
	return pdf.Set(d, pdf.Sealed())
}

// CircularDraft is the letter about an entry that was not circulated yet: under the next number, to all who are entitled.
func CircularDraft(r Record, id conference.InstrumentID, entry int64, l *language.Language) (pdf.Document, error) {
	s := r.State()
	i, ok := s.Instrument(id)
	if !ok || entry < 0 || entry >= s.Size {
		return pdf.Document{}, unknown(fmt.Sprintf("%s %d", id, entry))
	}
	n := conference.DepositaryNotified{Instrument: id, Number: int64(len(s.Notifications(id))) + 1, Entry: entry, To: s.Entitled(i)}
	return ofInstrument(r, l, "notification").circular(i, n, instantDay(int64(s.Last)), l.Say("paper.draftmark"))
}

// CircularDrafted is the file of CircularDraft.
func CircularDrafted(r Record, id conference.InstrumentID, entry int64, l *language.Language) ([]byte, error) {
	d, err := CircularDraft(r, id, entry, l)
	if err != nil {
		return nil, err
	}
	return pdf.Set(d, pdf.Treaty())
}

// ofInstrument begins a paper of the depositary, which is of no meeting.
func ofInstrument(r Record, l *language.Language, kind string) *composer {
	c := &composer{r: r, s: r.State(), l: l}
	c.zone = zoneOf(c.s.Body.Zone)
	c.doc = sheet(r, l, Title(kind, l), "")
	return c
}

func (c *composer) circular(i conference.Instrument, n conference.DepositaryNotified, on conference.Date, mark string) (pdf.Document, error) {
	year, _, _, _ := on.Parts()
	symbol := fmt.Sprintf("C.N.%d.%d", n.Number, year)
	c.numbered(symbol)
	title := c.named(i.Title, string(i.Instrument))
	c.doc.Title, c.doc.Date = together(". ", symbol, title), dayOf(on)
	c.heading(1, title)
	c.add(pdf.Paragraph{Text: []pdf.Run{{Text: together(", ", symbol, c.date(on), mark), Italic: true}}, KeepWithNext: true})
	p, err := c.passage(n.Entry)
	if err != nil {
		return c.doc, err
	}
	tells := about(p.events, i.Instrument)
	if len(tells) == 0 {
		return c.doc, unknown(fmt.Sprintf("%s %d", i.Instrument, n.Entry))
	}
	party := conference.PartyID(p.act.For)
	frame, at := "circular.fact", places{"date": dateOf(c.day(p.at)), "what": language.Plain(c.acted(tells[0]))}
	if received := dateIn(tells[0], "On"); received != "" {
		at["date"] = dateOf(received)
	}
	if party != "" {
		who, _ := c.s.Party(party)
		frame, at["party"] = "circular.act", language.Name{Kind: "party", Nominative: who.Named.Short.In(conference.Language(c.l.Code))}
	}
	text, err := c.l.Sentence().Fill(frame, at)
	if err != nil {
		return c.doc, err
	}
	c.say(text, n.Entry)
	rows, words := [][2]string{{c.l.Say("field.instrument"), title}}, []string(nil)
	for _, e := range tells {
		more, own := c.particulars(e)
		rows, words = append(rows, more...), append(words, own...)
	}
	c.pairs([]int64{n.Entry}, rows)
	for _, w := range words {
		c.heading(2, c.l.Say("paper.ownwords"))
		c.add(pdf.Paragraph{Text: pdf.Text(c.tell(w, n.Entry))})
	}
	if settles := settled(tells); settles {
		c.working(i, conference.Date(c.day(p.at)), n.Entry)
	}
	c.heading(2, c.l.Say("field.NotifyParties.to"))
	c.say(c.parties(n.To), n.Entry)
	c.add(pdf.Paragraph{Text: pdf.Text(c.l.Say("paper.acknowledge"))})
	c.signed("paper.depositary")
	return c.finished("notification"), c.err
}

// about are the events of an entry that tell of an instrument.
func about(events []conference.Event, id conference.InstrumentID) (list []conference.Event) {
	for _, e := range events {
		if v := reflect.Indirect(reflect.ValueOf(e.Body)).FieldByName("Instrument"); v.IsValid() && v.String() == string(id) {
			list = append(list, e)
		} else if w, ok := e.Body.(*conference.StatementWithdrawn); ok && w.Statement != "" {
			list = append(list, e)
		}
	}
	return list
}

// dateIn is a day of an event by the name of its field; "" where it has none.
func dateIn(e conference.Event, name string) conference.Date {
	if v := reflect.Indirect(reflect.ValueOf(e.Body)).FieldByName(name); v.IsValid() {
		if d, ok := v.Interface().(conference.Date); ok {
			return d
		}
	}
	return ""
}

func settled(events []conference.Event) bool {
	for _, e := range events {
		if _, ok := e.Body.(*conference.EntryIntoForceSettled); ok {
			return true
		}
	}
	return false
}

// acted says what an event is: of a deposit, by which means.
func (c *composer) acted(e conference.Event) string {
	if b, ok := e.Body.(*conference.ConsentDeposited); ok {
		return c.l.Say("treaty.means." + string(b.Means))
	}
	return c.l.Say("event." + e.Kind())
}

// particulars are what a letter tells of an event, and the party's own words.
func (c *composer) particulars(e conference.Event) (rows [][2]string, words []string) {
	row := func(key, text string) {
		if text != "" {
			rows = append(rows, [2]string{c.l.Say(key), text})
		}
	}
	day := func(key string, d conference.Date) {
		if d != "" {
			row(key, c.date(d))
		}
	}
	row("page.act", c.acted(e))
	day("field.on", dateIn(e, "On"))
	switch b := e.Body.(type) {
	case *conference.ConsentDeposited:
		row("field.office", c.l.Say("paper.issuer."+string(b.Office)))
		day("treaty.binds", b.From)
	case *conference.SignatureGiven:
		row("field.mode", c.l.Say("word.mode."+b.Mode))
	case *conference.SuccessionNotified:
		row("field.predecessor", c.party(b.Predecessor))
		day("paper.effective", b.From)
	case *conference.EntryIntoForceSettled:
		day("treaty.force", b.Date)
	case *conference.WithdrawalNotified:
		day("paper.effective", b.Effective)
	case *conference.ReservationFormulated:
		row("field.provision", b.Provision)
		if b.Late {
			row("page.act", c.l.Say("treaty.late"))
		}
		day("paper.objectby", b.Until)
		words = append(words, b.Text)
	case *conference.ReservationObjected:
		if b.Precludes {
			row("field.precludes", c.l.Say("treaty.precludes"))
		}
		words = append(words, b.Text)
	case *conference.DeclarationMade:
		row("field.declaration", c.l.Say("word.declaring."+string(b.Sort)))
		words = append(words, b.Text)
	case *conference.TerritoryDeclared:
		key := "field.territory"
		if b.Excluded {
			key = "field.excluded"
		}
		row(key, c.place(b.Territory))
	case *conference.AppliedProvisionally:
		day("paper.effective", b.From)
	case *conference.CorrectionProposed:
		row("field.language", string(b.Language))
		row("field.error", b.Error)
		row("field.text", b.Text)
		day("paper.objectby", b.Until)
	case *conference.CorrectionObjected:
		words = append(words, b.Reason)
	case *conference.OperationSuspended:
		row("field.basis", together(", ", c.l.Say("word.ground."+string(b.Basis)), b.Provision))
		row("field.between", c.parties(b.Between))
		row("field.agreed", c.parties(b.Agreed))
		day("field.from", b.From)
		day("field.until", b.Until)
	case *conference.OperationResumed:
		day("paper.effective", b.Date)
	case *conference.TerminationSettled:
		row("field.basis", together(", ", c.l.Say("word.ground."+string(b.Basis)), b.Provision))
		row("field.agreed", c.parties(b.Agreed))
		day("paper.effective", b.Date)
	case *conference.EnteredIntoForce:
		day("treaty.force", b.Date)
		row("page.party", c.party(b.Party))
	}
	return rows, words
}

// working is how the day of entry into force was reckoned, step by step, as known on a day.
func (c *composer) working(i conference.Instrument, on conference.Date, entry int64) {
	x, _ := StatusOf(c.s, i.Instrument, on, c.l)
	c.heading(2, c.l.Say("treaty.working"))
	list := pdf.List{}
	for n, s := range x.Working {
		text := c.tell(together("; ", s.Text, s.MetIn(c.l), s.By), entry)
		list.Items = append(list.Items, pdf.Item{Label: item(n + 1), Blocks: []pdf.Block{pdf.Paragraph{Text: pdf.Text(text)}}})
	}
	c.add(list)
}

// pairs is a table of what is called how.
func (c *composer) pairs(entries []int64, rows [][2]string) {
	t := pdf.Table{Columns: []pdf.Column{{Weight: 2}, {Weight: 5}}, RowHeads: true}
	for _, row := range rows {
		c.tell(row[0]+": "+row[1], slices.Clone(entries)...)
		t.Rows = append(t.Rows, cellsOf(row[:]))
	}
	if len(entries) > 0 {
		t.Rows = append(t.Rows, cellsOf([]string{c.l.Say("paper.entry"), numbers(entries, ", ")}))
	}
	c.add(t)
}
