package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
)

// The status of an instrument, as treaty collections print it, as of a day.
//
//	/LANG/instruments/ID/status?on=DAY          the page
//	/LANG/instruments/ID/status.csv, .json      the same for programs
//	/LANG/instruments/ID/status.atom            what happened to it, as a feed

// statusAsked is the status a visit asks for. Today is the day at the seat at which the record stands.
func (d *drawer) statusAsked(in *visit) (x paper.Status, day conference.Date, asked bool, err error) {
	if day, asked, err = d.dayAsked(in); err != nil {
		return x, day, asked, err
	}
	if len(day) != len("2027-10-14") {
		return x, day, asked, tell(http.StatusBadRequest, "public.badday")
	}
	x, ok := paper.StatusOf(d.s, conference.InstrumentID(in.args["instrument"]), day, d.l)
	if !ok {
		return x, day, asked, errNotFound
	}
	return x, day, asked, nil
}

// statusPage is how an instrument stands on a day.
func (s *site) statusPage(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	x, day, asked, err := d.statusAsked(in)
	if err != nil {
		return nil, err
	}
	rest := "instruments/" + url.PathEscape(string(x.Instrument)) + "/status"
	p := d.sheet("documents", dated(rest, day, asked), x.Title)
	p.Form = d.asOf(rest, day)
	tag := Line{Tag: x.Says, Tone: map[string]string{"in-force": "yes", "settled": "now", "ended": "no"}[x.Stage]}
	if x.Stage == "not-in-force" || x.Stage == "not-opened" {
		tag.Tone = "wait"
	}
	if x.Registered != "" {
		p.Lead = d.say("treaty.registered", x.Registered)
	}
	if x.Stage == "reported" {
		p.Lead, tag = x.Says, Line{Tag: d.say("page.reported")}
	}
	p.Eyebrow = []Line{{Text: d.form(conference.Term(x.Form))}, tag}
	if _, opened := d.s.Instrument(x.Instrument); opened {
		p.Eyebrow = append(p.Eyebrow, Line{Text: d.say("public.signatures"), Address: d.to("instruments/%s", x.Instrument)})
	}
	p.Main = []Section{d.progress(x), d.reckoning(x), d.statusTable(x), d.said("statements", "treaty.statements", x.Statements), d.said("suspensions", "treaty.suspensions", x.Paused)}
	p.Side = []Section{d.whatIf(x), d.timeline(x), d.said("provisional", "treaty.provisional", x.Applied), d.said("corrections", "treaty.corrections", x.Corrected), d.notices(x), d.copies(x), d.related(x), d.statusFiles(rest, day, asked)}
	if x.Stage == "reported" {
		p.Side = append(p.Side, d.reportedSources(x))
	}
	return d.show(p)
}

// progress is a chart: of each condition how much is there and how much is still wanted.
func (d *drawer) progress(x paper.Status) Section {
	s := Section{ID: "progress", Title: d.say("treaty.progress"), Kind: "chart"}
	chart := &Chart{Key: []Part{{Name: d.say("treaty.consent"), Class: "yes"}, {Name: d.say("public.awaited"), Class: "now"}}}
	var words []string
	for n, step := range x.Working {
		if step.Need == 0 {
			continue
		}
		name := number(d.l, step.Have) + " / " + number(d.l, step.Need)
		if len(x.Working) > 1 && x.Working[1].Need > 0 { // several conditions: by their numbers in the reckoning
			name = together(". ", number(d.l, int64(n+1)), name)
		}
		bar := Bar{Name: name, Y: len(chart.Bars)*56 + 22}
		have := min(step.Have, step.Need)
		width := int(have * 640 / step.Need)
		if have > 0 {
			bar.Parts = append(bar.Parts, Part{Class: "yes", X: 0, Y: bar.Y + 8, W: width, Mid: max(width/2, 12), Base: bar.Y + 24, N: int(step.Have)})
		}
		if have < step.Need {
			bar.Parts = append(bar.Parts, Part{Class: "now", X: width, Y: bar.Y + 8, W: 640 - width, Mid: width + (640-width)/2, Base: bar.Y + 24, N: int(step.Need - have)})
		}
		chart.Bars = append(chart.Bars, bar)
		words = append(words, step.Text)
	}
	if len(chart.Bars) == 0 {
		return s
	}
	chart.Height, chart.Label = len(chart.Bars)*56+4, together("; ", words...)
	s.Chart = chart
	return s
}

// reckoning is the working, step by step.
func (d *drawer) reckoning(x paper.Status) Section {
	s := Section{ID: "working", Title: d.say("treaty.working"), Kind: "agenda", Note: x.Article}
	for n, step := range x.Working {
		line := Line{No: number(d.l, int64(n+1)), Text: step.Text, Small: step.MetIn(d.l)}
		for _, more := range []string{step.By, step.Wanted} {
			if more != "" {
				line.Meta = append(line.Meta, more)
			}
		}
		s.Lines = append(s.Lines, line)
	}
	return s
}

// statusTable is a line a state: signed, consented, bound.
func (d *drawer) statusTable(x paper.Status) Section {
	void := d.say("treaty.none")
	if x.Stage == "reported" {
		void = d.say("treaty.nosignatories")
	}
	s := Section{ID: "parties", Title: d.say("treaty.status"), Note: d.date(x.On), Kind: "table", Void: void, Heads: []string{d.say("page.party"), d.say("public.signed"), d.say("treaty.consent"), d.say("treaty.binds")}}
	for _, r := range x.Rows {
		row := []Line{d.partyLine(r.Party), {}, {}, {Text: r.Binds}}
		if r.Signed != "" {
			row[1] = Line{Text: d.date(r.Signed), Small: r.Mode, Mark: entries(r.Entries[0])}
		}
		for i, a := range r.Consents {
			says := together(", ", together(" ", a.Text, d.date(a.On)), a.Small)
			if i == 0 {
				row[2].Text = says
			} else {
				row[2].Meta = append(row[2].Meta, says)
			}
			row[2].Mark.Entries = append(row[2].Mark.Entries, a.Entries...)
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

// said lists what was done on days.
func (d *drawer) said(id, title string, lines []paper.StatusLine) Section {
	s := Section{ID: id, Title: d.say(title), Kind: "plain"}
	for _, x := range lines {
		line := Line{Text: together(": ", x.Name, x.Text), Small: d.date(x.On), Mark: entries(x.Entries...)}
		for _, more := range []string{x.Words, x.Small} {
			if more != "" {
				line.Meta = append(line.Meta, more)
			}
		}
		s.Lines = append(s.Lines, line)
	}
	return s
}

// timeline is what happened, a line a day.
func (d *drawer) timeline(x paper.Status) Section {
	s := Section{ID: "timeline", Title: d.say("treaty.timeline"), Kind: "facts"}
	for _, t := range x.Timeline {
		s.Lines = append(s.Lines, Line{No: d.date(t.On), Text: together(": ", t.Name, t.Text), Small: t.Small, Mark: entries(t.Entries...)})
	}
	return s
}

// notices are the depositary's notifications, each with its letter, who has acknowledged it and who has not.
func (d *drawer) notices(x paper.Status) Section {
	s := d.said("notices", "treaty.notices", x.Notices)
	for n, line := range x.Notices {
		s.Lines[n].Address = d.to("instruments/%s/notifications/%s.pdf", x.Instrument, line.Notification)
		for _, l := range line.Letters {
			s.Lines[n].Meta = append(s.Lines[n].Meta, tongueOf(l))
		}
	}
	return s
}

// letterFile is a notification of the depositary as a letter, in the reader's language, or with ?entry=N its draft.
func (s *site) letterFile(v View, in *visit) (any, error) {
	id, isPDF := strings.CutSuffix(in.args["file"], ".pdf")
	instrument := conference.InstrumentID(in.args["instrument"])
	n, told := v.State().Notification(conference.NoteID(id))
	set := func() ([]byte, error) { return paper.CircularIssued(v, n.Notification, in.lang) }
	key := "letters/" + id
	if id == "draft" && in.URL.Query().Has("entry") {
		entry, err := strconv.ParseInt(in.URL.Query().Get("entry"), 10, 64)
		if err != nil {
			return nil, errNotFound
		}
		told, n.Instrument, key = true, instrument, fmt.Sprintf("letters/%s/%d", instrument, entry)
		set = func() ([]byte, error) { return paper.CircularDrafted(v, instrument, entry, in.lang) }
	}
	if !isPDF || !told || n.Instrument != instrument {
		return nil, errNotFound
	}
	return s.treatyPaper(v, in, key, "application/pdf", set)
}

// drafts are the papers of the depositary that go with an act: the letter in which a notification is circulated, the copy
// that is certified. Of a letter that is issued it fills in what the form asks: its digest, as this program sets it.
func (s *site) drafts(v View, l *language.Language, act *conference.Act, typed url.Values) (what string, list []Option) {
	st := v.State()
	instrument := conference.InstrumentID(typed.Get("field.instrument"))
	what = l.Say("treaty.letter")
	_, known := st.Instrument(instrument)
	at := func(l *language.Language, rest string) string {
		return "/" + l.Code + "/instruments/" + url.PathEscape(string(instrument)) + "/" + rest
	}
	switch entry := typed.Get("field.entry"); {
	case act.Name == "NotifyParties" && known && entry != "":
		for _, code := range st.Body.Languages {
			if in, ok := language.Get(string(code)); ok {
				list = append(list, Option{Value: at(in, "notifications/draft.pdf?entry="+url.QueryEscape(entry)), Label: in.Say("language")})
			}
		}
	case act.Name == "CertifyCopy" && known && typed.Get("field.language") != "":
		what = paper.Title("certified-copy", l)
		code := conference.Language(typed.Get("field.language"))
		list = append(list, Option{Value: at(l, "copies/"+url.PathEscape(string(code))+".pdf"), Label: tongueOf(code)})
	case act.Name == "IssuePaper":
		n, tells := st.Notification(conference.NoteID(typed.Get("field.symbol")))
		in, speaks := language.Get(typed.Get("field.language"))
		if !tells || !speaks {
			return "", nil
		}
		instrument = n.Instrument
		list = append(list, Option{Value: at(in, "notifications/"+url.PathEscape(string(n.Notification))+".pdf"), Label: in.Say("language")})
		if b, err := paper.CircularIssued(v, n.Notification, in); err == nil && typed.Get("field.digest") == "" {
			typed.Set("field.digest", string(record.DigestOf(b)))
			typed.Set("field.size", fmt.Sprint(st.Size))
			typed.Set("field.layout", fmt.Sprint(conference.LetterLayout))
		}
	}
	return what, list
}

// treatyPaper is a paper of the depositary, set once for a size of the record and a language. What is refused is not there.
func (s *site) treatyPaper(v View, in *visit, key, kind string, set func() ([]byte, error)) (any, error) {
	body, err := s.press.get(in.Context(), strings.Join([]string{in.lang.Code, key, s.keep(v)}, "/"), v.State().Size, set)
	var no *paper.Refusal
	if errors.As(err, &no) {
		return nil, errNotFound
	}
	return file{kind: kind, body: body}, err
}

// copyFile is the certified copy of an authentic text as it is to be signed, LANG.pdf.
func (s *site) copyFile(v View, in *visit) (any, error) {
	code, isPDF := strings.CutSuffix(in.args["file"], ".pdf")
	if !isPDF {
		return nil, errNotFound
	}
	id := conference.InstrumentID(in.args["instrument"])
	return s.treatyPaper(v, in, "copies/"+string(id)+"/"+code, "application/pdf", func() ([]byte, error) {
		c, err := paper.Copy(in.Context(), archiveOf(s, v), id, conference.Language(code))
		if err != nil {
			return nil, err
		}
		return c.Paper.Bytes(), nil
	})
}

// packageFile is what registration with the United Nations asks, in one file; there is none before the instrument is in force
// and certified.
func (s *site) packageFile(v View, in *visit) (any, error) {
	id := conference.InstrumentID(in.args["instrument"])
	made, err := s.treatyPaper(v, in, "package/"+string(id), "application/zip", func() ([]byte, error) {
		return paper.Package(in.Context(), archiveOf(s, v), id, in.lang)
	})
	if f, ok := made.(file); ok && err == nil {
		f.name = string(id) + "-article-102.zip"
		return f, nil
	}
	return nil, err
}

// copies lists what the depositary certified, by digest.
func (d *drawer) copies(x paper.Status) Section {
	s := Section{ID: "copies", Title: d.say("treaty.copies"), Kind: "facts"}
	for _, c := range x.Copies {
		s.Lines = append(s.Lines, Line{No: tongueOf(conference.Language(c.Text)), Text: c.Small, Mono: true, Small: d.date(c.On), Mark: entries(c.Entries...)})
	}
	for _, c := range x.Sent {
		s.Lines = append(s.Lines, Line{Text: c.Text, Small: together(", ", d.date(c.On), c.Small), Mark: entries(c.Entries...)})
	}
	if i, ok := d.s.Instrument(x.Instrument); ok && i.From != "" {
		for _, t := range i.Texts {
			s.Lines = append(s.Lines, Line{Text: paper.Title("certified-copy", d.l), Address: d.to("instruments/%s/copies/%s.pdf", x.Instrument, t.Language), Small: tongueOf(t.Language) + ", PDF"})
		}
	}
	if d.registrable(x.Instrument) {
		s.Lines = append(s.Lines, Line{Text: d.say("treaty.package"), Address: d.to("instruments/%s/package.zip", x.Instrument), Small: "ZIP"})
	}
	return s
}

// registrable reports whether all is there that the package for registration holds.
func (d *drawer) registrable(id conference.InstrumentID) bool {
	i, _ := d.s.Instrument(id)
	settled, _ := d.s.EntryIntoForce(id)
	certified := func(t conference.AuthenticText) bool {
		return slices.ContainsFunc(d.s.Copies(id), func(c conference.Copy) bool { return c.Language == t.Language })
	}
	return settled.Entered > 0 && !slices.ContainsFunc(i.Texts, func(t conference.AuthenticText) bool { return !certified(t) })
}

// whatIf says of each state that has not consented what its deposit on the day would bring about.
func (d *drawer) whatIf(x paper.Status) Section {
	s := Section{ID: "whatif", Title: d.say("treaty.whatif"), Kind: "members"}
	for _, f := range x.IfOne {
		s.Lines = append(s.Lines, Line{State: d.state(f.Party), Text: f.Name, Small: f.Says})
	}
	return s
}

func (d *drawer) related(x paper.Status) Section {
	s := Section{ID: "related", Title: d.say("public.instruments"), Kind: "plain"}
	for _, group := range []struct {
		word string
		list []paper.Related
	}{{"treaty.amends", x.Amends}, {"treaty.amended", x.Amended}} {
		for _, r := range group.list {
			s.Lines = append(s.Lines, Line{Text: r.Title, Address: d.to("instruments/%s/status", r.Instrument), Small: d.say(group.word)})
		}
	}
	return s
}

func (d *drawer) statusFiles(rest string, day conference.Date, asked bool) Section {
	s := Section{ID: "files", Title: d.say("treaty.files"), Kind: "plain"}
	for _, kind := range []string{"csv", "json", "atom"} {
		s.Lines = append(s.Lines, Line{Text: map[string]string{"csv": "CSV", "json": "JSON", "atom": "Atom"}[kind], Address: d.to("%s", dated(rest+"."+kind, day, asked))})
	}
	return s
}

func (d *drawer) reportedSources(x paper.Status) Section {
	for _, f := range paper.ReportedInstruments(d.s) {
		if f.Body.(*conference.InstrumentSigned).Instrument == x.Instrument {
			return d.sources(d.fact(f))
		}
	}
	return Section{}
}

// statusFile is the status for programs.
func (s *site) statusFile(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	x, _, _, err := d.statusAsked(in)
	if err != nil {
		return nil, err
	}
	switch in.args["file"] {
	case "status.csv":
		return file{kind: "text/csv; charset=utf-8", body: []byte(x.CSV())}, nil
	case "status.json":
		text, err := json.MarshalIndent(x, "", " ")
		return file{kind: "application/json", body: append(text, '\n')}, err
	case "status.atom":
		self := "/" + d.l.Code + "/instruments/" + url.PathEscape(string(x.Instrument)) + "/status"
		return file{kind: "application/atom+xml", body: x.Atom(d.v.Origin(), self, d.l)}, nil
	}
	return nil, errNotFound
}

// inForce is a line that says how an instrument stands today and leads to its status.
func (d *drawer) inForce(id conference.InstrumentID) (Line, bool) {
	x, ok := paper.StatusOf(d.s, id, d.today(), d.l)
	line := Line{Text: x.Title, Small: x.Says, Address: d.to("instruments/%s/status", id), Mark: entries(x.Entries...)}
	if x.Stage == "reported" {
		line.Tag = d.say("page.reported")
	}
	return line, ok
}

// treaties lists all instruments as they stand today: those that reports alone know too.
func (d *drawer) treaties() Section {
	s := Section{ID: "treaties", Title: d.say("public.instruments"), Kind: "plain"}
	for _, f := range paper.ReportedInstruments(d.s) {
		if line, ok := d.inForce(f.Body.(*conference.InstrumentSigned).Instrument); ok {
			line.Mark = d.fact(f)
			s.Lines = append(s.Lines, line)
		}
	}
	for _, i := range d.s.Instruments() {
		if line, ok := d.inForce(i.Instrument); ok {
			s.Lines = append(s.Lines, line)
		}
	}
	return s
}
