package web

import (
	"net/http"
	"net/url"

	"kurultai/conference"
)

// translationsPage is what the language section has before it: what is due, stale or waits to be revised, and whose it is.
func (s *site) translationsPage(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	p := d.sheet("documents", "translations", d.say("text.translations"))
	p.Lead = d.say("text.translationslead")
	works := d.s.Translations(d.v.Reader())
	late, stale := 0, 0
	table := Section{ID: "works", Title: d.say("text.underway"), Kind: "table", Void: d.say("text.nowork"),
		Heads: []string{d.say("field.symbol"), d.say("field.language"), d.say("field.translator"), d.say("field.OrderTranslation.due"), d.say("public.state")}}
	for _, w := range works {
		due := Line{}
		if w.Due != "" {
			due.Text = d.date(w.Due)
		}
		if w.Late(d.today()) {
			late++
			due.Tag, due.Tone = d.say("text.late"), "no"
		}
		if w.Stale() {
			stale++
		}
		state := d.workState(w)
		state.Mark = entries(w.Index)
		table.Rows = append(table.Rows, []Line{{Text: string(w.Document.Symbol), Address: d.to("documents/%s", escaped(w.Document.Symbol))}, {Text: tongueOf(w.Language), Lang: string(w.Language)}, d.personLine(w.Translator), due, state})
	}
	p.Sums = []Sum{{Label: d.say("text.underway"), N: len(works)}, {Label: d.say("text.late"), N: late, Late: late > 0}, {Label: d.say("text.stale"), N: stale, Late: stale > 0}}
	p.Main = []Section{table}
	return d.show(p)
}

// workState says how far a translation is.
func (d *drawer) workState(w conference.Work) Line {
	line := Line{Tag: d.say("text.work." + w.State), Tone: map[string]string{"ordered": "now", "delivered": "wait", "issued": "yes"}[w.State]}
	if w.Stale() {
		line.Tag, line.Tone = d.say("text.stale"), "no"
	}
	return line
}

// languages says how far a paper is in each language, and which prevails.
func (d *drawer) languages(x conference.Document) Section {
	s := Section{ID: "languages", Title: d.say("field.languages"), Kind: "plain", Link: Link{d.to("translations"), d.say("text.translations")}}
	if len(x.Versions) < 2 && len(x.Translations) == 0 {
		return s
	}
	for _, v := range x.Versions {
		line := Line{Text: tongueOf(v.Language), Lang: string(v.Language), Tag: d.say("public.original"), Tone: "now"}
		if v.Language != x.Original {
			line.Tag, line.Tone = d.say("public.revised"), "yes"
		}
		s.Lines = append(s.Lines, line)
	}
	for _, t := range x.Translations {
		w := conference.Work{Document: x, Translation: t}
		if t.State == "issued" && !w.Stale() {
			continue
		}
		line := d.workState(w)
		line.Text, line.Lang, line.Small, line.Mark = tongueOf(t.Language), string(t.Language), d.person(t.Translator), entries(t.Index)
		if t.Due != "" {
			line.Meta = []string{together(": ", d.say("field.OrderTranslation.due"), d.date(t.Due))}
		}
		s.Lines = append(s.Lines, line)
	}
	return s
}

// receiptsPage says who has acknowledged a circulated paper and who has not, and gives the words of a reminder.
func (s *site) receiptsPage(v View, in *visit) (any, error) {
	d, symbol := s.drawer(v, in), conference.Symbol(in.args["symbol"])
	x, ok := d.s.Document(symbol)
	switch {
	case !ok:
		return nil, errNotFound
	case !d.s.Reads(in.reader, x):
		return nil, tell(http.StatusForbidden, "public.closed")
	}
	p := d.sheet("documents", "receipts/"+escaped(symbol), d.say("text.receiptsof", string(symbol)))
	p.Eyebrow = []Line{{Text: string(symbol), Address: d.to("documents/%s", escaped(symbol))}}
	done, waiting := d.acknowledged(x)
	if x.Sent {
		p.Lead = d.say("text.senton", d.moment(x.SentAt, d.s.Body.Zone).Text)
		p.Sums = []Sum{{Label: d.say("text.opened"), N: len(done.Lines)}, {Label: d.say("text.unopened"), N: len(waiting.Lines), Late: len(waiting.Lines) > 0}}
	}
	waiting.Void, done.Void = d.say("text.allopened"), d.say("text.noneopened")
	p.Main = []Section{waiting, done}
	if !x.Sent {
		p.Main = []Section{{ID: "none", Title: d.say("public.receipts"), Void: d.say("text.notsent")}}
	} else if len(waiting.Lines) > 0 {
		p.Side = append(p.Side, d.reminder(x))
	}
	return d.show(p)
}

// acknowledged parts those a paper was sent to into those who have acknowledged it and those who have not.
func (d *drawer) acknowledged(x conference.Document) (done, waiting Section) {
	done = Section{ID: "opened", Title: d.say("text.opened"), Kind: "members"}
	waiting = Section{ID: "unopened", Title: d.say("text.unopened"), Kind: "members"}
	for _, a := range d.s.Addressees(x) {
		line := d.partyLine(a.Party)
		if a.Index > 0 {
			line.Small, line.Mark = d.entered(a.Index).Text, entries(a.Index)
			done.Lines = append(done.Lines, line)
			continue
		}
		waiting.Lines = append(waiting.Lines, line)
	}
	done.Note, waiting.Note = number(d.l, int64(len(done.Lines))), number(d.l, int64(len(waiting.Lines)))
	return done, waiting
}

// receipts says on a paper's page how many have acknowledged it, and leads to who has not.
func (d *drawer) receipts(x conference.Document) Section {
	if !x.Sent {
		return Section{}
	}
	done, waiting := d.acknowledged(x)
	s := Section{ID: "receipts", Title: d.say("public.receipts"), Kind: "plain", Link: Link{d.to("receipts/%s", escaped(x.Symbol)), d.say("public.all")}}
	if n := len(waiting.Lines); n > 0 {
		s.Lines = append(s.Lines, Line{Text: d.say("text.unopened"), Tag: number(d.l, int64(n)), Tone: "wait", Address: d.to("receipts/%s", escaped(x.Symbol))})
	}
	s.Lines = append(s.Lines, Line{Text: d.say("text.opened"), Tag: number(d.l, int64(len(done.Lines))), Tone: "yes", Address: d.to("receipts/%s", escaped(x.Symbol))})
	return s
}

// reminder is the words of a message to those who have not acknowledged a paper.
func (d *drawer) reminder(x conference.Document) Section {
	s := Section{ID: "reminder", Title: d.say("text.reminder"), Kind: "text"}
	day := d.moment(x.SentAt, d.s.Body.Zone).Text
	subject := d.say("text.remindsubject", string(x.Symbol))
	words := d.say("text.remind", in(d.s.Body.Names, d.l, string(d.s.Body.ID)), string(x.Symbol), day)
	s.Lines = []Line{{Text: subject}, {Text: words}, {Text: d.say("text.mail"), Address: "mailto:?subject=" + url.PathEscape(subject) + "&body=" + url.PathEscape(words)}}
	return s
}

// paperActs leads to what may be done with a paper, for those who are signed in.
func (d *drawer) paperActs(x conference.Document) Section {
	s := Section{ID: "acts", Title: d.say("text.acts"), Kind: "acts"}
	if d.site.Desk == nil || d.in.Request == nil || x.Withdrawn {
		return s
	}
	who, ok := d.site.who(d.in.Request)
	if !ok {
		return s
	}
	add := func(name string, fields url.Values) {
		act, ok := d.s.Lookup(name)
		if !ok || !holdsOne(d.s, who, act) {
			return
		}
		fields.Set("meeting", string(x.Meeting))
		s.Acts = append(s.Acts, NowAct{Title: d.say("act." + name), Address: "/" + d.l.Code + "/act/" + name + "?" + fields.Encode()})
	}
	of := func(what string) url.Values {
		return url.Values{"field.of": {string(x.Symbol)}, "field.symbol": {string(d.s.SymbolAfter(x.Symbol, what))}}
	}
	own := url.Values{"field.symbol": {string(x.Symbol)}}
	base := url.Values{"field.symbol": {string(x.Symbol)}, "field.base": {string(x.Versions[0].Text)}}
	if x.Sent {
		add("AcknowledgeReceipt", url.Values{"field.symbol": {string(x.Symbol)}})
	}
	if x.Successor == "" {
		if len(x.Versions[0].Paragraphs) > 0 {
			add("BracketText", url.Values{"field.symbol": {string(x.Symbol)}})
			add("AgreeParagraph", url.Values{"field.symbol": {string(x.Symbol)}})
		}
		for _, q := range d.drafts(x.Symbol) {
			if q.State == "submitted" {
				add("SubmitAmendment", url.Values{"field.proposal": {string(q.ID)}, "field.base": {string(q.Text)}})
			}
		}
		add("Circulate", own)
		add("OrderTranslation", url.Values{"field.symbol": {string(x.Symbol)}})
		add("DeliverTranslation", base)
		add("IssueVersion", base)
		add("IssueRevision", of("Rev"))
		add("IssueAddendum", of("Add"))
		add("IssueCorrigendum", of("Corr"))
	}
	return s
}

// holdsOne reports whether a person holds a capacity in which an act may be done.
func holdsOne(s *conference.State, who conference.PersonID, act *conference.Act) bool {
	for _, o := range s.ActsAs(who, s.Last) {
		for _, c := range act.Who {
			if o.Capacity == c {
				return true
			}
		}
	}
	return false
}
