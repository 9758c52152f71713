package web

import (
	"net/http"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/paper"
)

// documentsPage lists the papers that the reader may read, by meeting and symbol.
func (s *site) documentsPage(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	p := d.sheet("documents", "documents", d.say("public.documents"))
	p.Lead = d.say("public.documentslead")
	d.renewed(&p)
	by := map[conference.MeetingID][]Line{}
	for _, x := range d.s.Papers(in.reader) {
		by[x.Meeting] = append(by[x.Meeting], d.paperLine(x))
	}
	for _, m := range slices.Backward(d.s.Meetings()) {
		id := m.MeetingConvened.Meeting
		p.Main = append(p.Main, Section{ID: "m-" + string(id), Title: d.meetingName(id), Kind: "plain", Lines: by[id]})
	}
	p.Main = append(p.Main, Section{ID: "others", Title: d.say("public.nomeeting"), Kind: "plain", Lines: by[""]})
	if len(by) == 0 {
		p.Main = []Section{{ID: "none", Title: d.say("public.documents"), Void: d.say("public.nopaper")}}
	}
	decisions := Section{ID: "decisions", Title: d.say("public.decisions"), Kind: "plain", Link: Link{d.to("decisions"), d.say("public.all")}}
	for _, x := range slices.Backward(d.s.Decisions()) {
		if len(decisions.Lines) < latest {
			decisions.Lines = append(decisions.Lines, d.decisionLine(x))
		}
	}
	p.Side = []Section{d.workOnPapers(), decisions, d.instruments(), d.finder()}
	return d.show(p)
}

// workOnPapers leads to where drafts are written, to the language section and to the series of symbols.
func (d *drawer) workOnPapers() Section {
	s := Section{ID: "work", Title: d.say("text.work"), Kind: "plain"}
	if d.site.Desk != nil {
		s.Lines = append(s.Lines, Line{Text: d.say("text.write"), Address: "/" + d.l.Code + "/draft"})
	}
	if n := len(d.s.Translations(d.v.Reader())); n > 0 {
		s.Lines = append(s.Lines, Line{Text: d.say("text.translations"), Address: d.to("translations"), Tag: number(d.l, int64(n)), Tone: "now"})
	}
	for _, x := range d.s.SeriesOfPapers() {
		line := Line{Text: in(x.Names, d.l, string(x.Series)), Small: x.Pattern, Mark: entries(x.Index)}
		if x.Limited {
			line.Meta = []string{d.say("text.distr", d.say("text.distr.limited"))}
		}
		s.Lines = append(s.Lines, line)
	}
	return s
}

// paperLine is a paper in a list.
func (d *drawer) paperLine(x conference.Document) Line {
	line := Line{Text: string(x.Symbol), Address: d.to("documents/%s", escaped(x.Symbol)), Small: d.kindOf(x), Mark: entries(x.Made)}
	if item, ok := d.s.Item(x.Meeting, x.Item); ok {
		line.Meta = append(line.Meta, in(item.Title, d.l, ""))
	}
	for _, p := range d.s.Proposals(x.Meeting) {
		if p.Symbol == x.Symbol {
			line.Tag, line.Tone = d.standing(p), tone(p.State)
			if item, ok := d.s.Item(p.Meeting, p.Item); ok && len(line.Meta) == 0 {
				line.Meta = append(line.Meta, in(item.Title, d.l, ""))
			}
		}
	}
	switch {
	case x.Withdrawn:
		line.Tag, line.Tone = d.say("public.draft.withdrawn"), ""
	case x.Successor != "":
		line.Tag, line.Tone = d.say("public.replaced", string(x.Successor)), ""
	}
	if x.Level != "public" && x.Level != "" {
		line.Meta = append(line.Meta, d.level(x))
	}
	return line
}

// kindOf says what kind of paper it is.
func (d *drawer) kindOf(x conference.Document) string {
	word := map[conference.Term]string{"draft": "public.kind.draft", "report": "public.kind.report", "letter": "public.kind.letter", "note": "public.kind.note"}[x.Type]
	if word == "" {
		return d.label(x.Type)
	}
	return d.say(word)
}

// level says for whom a paper is.
func (d *drawer) level(x conference.Document) string {
	switch {
	case x.SealedTo != "" && !slices.Contains(d.s.ReadBy(x), conference.ToPublic):
		return d.say("public.level.sealed", d.date(x.SealedTo))
	case x.Level == "restricted":
		return d.say("public.level.restricted")
	case x.Level == "confidential":
		return d.say("public.level.confidential")
	}
	return d.say("public.level.public")
}

// distribution is how a paper is distributed and in what it was written, as its first page has it.
func (d *drawer) distribution(x conference.Document) []Line {
	return []Line{{Text: d.say("text.distr", d.say("text.distr."+d.s.Distribution(x)))}, {Text: d.say("text.originalin", tongueOf(x.Original))}}
}

// documentPage is one paper: its texts, who put it in, what was voted, who has it.
func (s *site) documentPage(v View, in *visit) (any, error) {
	d, symbol := s.drawer(v, in), conference.Symbol(in.args["symbol"])
	x, registered := d.s.Document(symbol)
	drafts := d.drafts(symbol)
	switch {
	case !registered && len(drafts) == 0:
		return nil, errNotFound
	case registered && !d.s.Reads(in.reader, x):
		return nil, tell(http.StatusForbidden, "public.closed")
	}
	p := d.sheet("documents", "documents/"+escaped(symbol), string(symbol))
	p.Eyebrow = []Line{{Text: string(symbol)}}
	if registered {
		p.Lead = together(", ", d.kindOf(x), d.party(x.Party))
		p.Eyebrow = append(p.Eyebrow, d.distribution(x)...)
		switch old := "public.draft.withdrawn"; {
		case x.Withdrawn:
			p.Eyebrow = append(p.Eyebrow, Line{Tag: d.say(old), Tone: "no"})
			p.Lead = together(" ", p.Lead+".", d.say("text.gone"))
		case x.Successor != "":
			p.Eyebrow = append(p.Eyebrow, Line{Tag: d.say("public.replacedby"), Tone: "wait", Text: string(x.Successor), Address: d.to("documents/%s", escaped(x.Successor))})
		}
		p.Main = append(p.Main, d.paperText(&p, x), d.brackets(x), d.versions(x))
		facts := d.paperFacts(x)
		switch {
		case x.Destroyed:
			facts.Lines = append(facts.Lines, Line{No: d.say("public.filed"), Text: d.say("public.filegone")})
		case s.File != nil && d.s.OpensFile(in.reader, x):
			facts.Lines = append(facts.Lines, Line{No: d.say("public.filed"), Text: d.say("public.file"), Address: d.to("files/%s", escaped(symbol))})
		}
		p.Side = append(p.Side, d.history(x), d.languages(x), facts, d.receipts(x), d.paperActs(x))
	}
	for _, q := range drafts {
		p.Eyebrow = append(p.Eyebrow, Line{Tag: d.standing(q), Tone: tone(q.State)})
		if item, ok := d.s.Item(q.Meeting, q.Item); ok {
			p.Title = nameIn(item.Title, d, string(symbol))
		}
		p.Main = append(p.Main, d.obliges(q), d.amendments(q), d.votesOn(q))
		p.Side = append(p.Side, d.draftFacts(q), d.sponsors(q))
	}
	if title := d.titleOf(x); title != "" {
		p.Title = title
	}
	return d.show(p)
}

// titleOf is the title of a paper's text, as the reader may have it.
func (d *drawer) titleOf(x conference.Document) string {
	v, ok := x.Version(conference.Language(d.l.Code))
	if !ok && len(x.Versions) > 0 {
		v = x.Versions[0]
	}
	t, _ := d.textOf(x, v)
	return t.Title()
}

// documentFile is the file of a paper, as it was handed in, for those who may have it now.
func (s *site) documentFile(v View, in *visit) (any, error) {
	x, registered := v.State().Document(conference.Symbol(in.args["symbol"]))
	switch {
	case !registered || x.File == nil || s.File == nil:
		return nil, errNotFound
	case x.Destroyed && v.State().Reads(in.reader, x):
		return nil, tell(http.StatusGone, "public.filegone")
	case !v.State().OpensFile(in.reader, x):
		return nil, tell(http.StatusForbidden, "public.closed")
	}
	b, err := s.File(in.Context(), x.File.Digest)
	if err != nil {
		return nil, err
	}
	name := strings.ReplaceAll(string(x.Symbol), "/", "-")
	if kind := http.DetectContentType(b); kind == "application/pdf" {
		name += ".pdf"
	} else if strings.HasPrefix(kind, "text/plain") {
		name += ".txt"
	}
	return file{kind: "application/octet-stream", body: b, name: name}, nil
}

func nameIn(names conference.Names, d *drawer, otherwise string) string {
	return in(names, d.l, otherwise)
}

// drafts are the proposals that stand under a symbol, or under that of a paper it revises.
func (d *drawer) drafts(symbol conference.Symbol) (list []conference.Proposal) {
	under := []conference.Symbol{symbol}
	for at, ok := d.s.Document(symbol); ok; {
		old, known := d.s.Document(at.Of)
		if ok = known && old.Successor == at.Symbol; ok {
			under, at = append(under, old.Symbol), old
		}
	}
	for _, m := range d.s.Meetings() {
		for _, p := range d.s.Proposals(m.MeetingConvened.Meeting) {
			if slices.Contains(under, p.Symbol) {
				list = append(list, p)
			}
		}
	}
	return list
}

// versions is a table of a paper's texts.
func (d *drawer) versions(x conference.Document) Section {
	s := Section{ID: "texts", Title: d.say("public.texts"), Kind: "table", Heads: []string{d.say("page.languages"), d.say("public.made"), d.say("page.digest")}, Note: number(d.l, int64(len(x.Versions)))}
	for _, t := range x.Versions {
		how := Line{Text: d.say("public.original")}
		if t.Language != x.Original {
			how = Line{Text: together(": ", d.say("public.translated"), d.person(t.Translator))}
			if t.Reviser != "" {
				how.Tag, how.Tone, how.Small = d.say("public.revised"), "yes", d.person(t.Reviser)
			}
		}
		s.Rows = append(s.Rows, []Line{{Text: tongueOf(t.Language), Lang: string(t.Language)}, how, {Text: string(t.Text), Mono: true}})
	}
	return s
}

func (d *drawer) paperFacts(x conference.Document) Section {
	s := Section{ID: "paper", Title: d.say("public.paper"), Kind: "facts"}
	add := func(name string, line Line) {
		if line.Text != "" || line.When.Text != "" || len(line.Mark.Entries) > 0 {
			line.No = d.say(name)
			s.Lines = append(s.Lines, line)
		}
	}
	add("public.entered", Line{When: d.entered(x.Made), Mark: entries(x.Made)})
	if x.Meeting != "" {
		add("page.meeting", Line{Text: d.meetingName(x.Meeting), Address: d.to("meetings/%s", x.Meeting)})
	}
	if item, ok := d.s.Item(x.Meeting, x.Item); ok {
		add("public.item", Line{Text: in(item.Title, d.l, string(x.Item))})
	}
	add("public.readby", Line{Text: d.level(x)})
	add("text.distribution", Line{Text: d.say("text.distr." + d.s.Distribution(x))})
	if series, ok := d.s.Series(x.Series); ok {
		add("text.series", Line{Text: in(series.Names, d.l, string(x.Series)), Small: series.Pattern, Mark: entries(series.Index)})
	}
	add("text.authority", Line{Text: d.authority(x)})
	add("text.address", Line{Text: "/" + d.l.Code + "/documents/" + escaped(x.Symbol), Address: "/" + d.l.Code + "/documents/" + escaped(x.Symbol), Mono: true})
	if x.Sent {
		to := d.say("public.toall")
		if len(x.To) > 0 {
			var names []string
			for _, p := range x.To {
				names = append(names, d.party(p))
			}
			to = strings.Join(names, ", ")
		}
		add("public.sent", Line{Text: to, Meta: []string{d.moment(x.SentAt, d.s.Body.Zone).Text}})
	}
	if x.Successor != "" {
		add("public.replacedby", Line{Text: string(x.Successor), Address: d.to("documents/%s", escaped(x.Successor))})
	}
	return s
}

func (d *drawer) sponsors(q conference.Proposal) Section {
	s := Section{ID: "sponsors-" + string(q.ID), Title: d.say("public.sponsors"), Kind: "members", Note: number(d.l, int64(len(q.Sponsors)))}
	for _, p := range q.Sponsors {
		s.Lines = append(s.Lines, d.partyLine(p))
	}
	return s
}

func (d *drawer) draftFacts(q conference.Proposal) Section {
	s := Section{ID: "draft-" + string(q.ID), Title: d.say("thing.proposal"), Kind: "facts"}
	s.Lines = append(s.Lines, Line{No: d.say("public.submitted"), When: d.entered(q.Made), Mark: entries(q.Made)},
		Line{No: d.say("page.meeting"), Text: d.meetingName(q.Meeting), Address: d.to("meetings/%s", q.Meeting)},
		Line{No: d.say("page.digest"), Text: string(q.Text), Mono: true})
	if x, ok := d.s.Decision(q.Decision); ok {
		s.Lines = append(s.Lines, Line{No: d.say("votes.decision"), Text: x.Number, Address: d.to("decisions/%s", x.ID), Mark: entries(x.Index)})
	}
	return s
}

// amendmentState is what is said of an amendment's state.
var amendmentState = map[string]string{"submitted": "public.draft.open", "accepted": "public.accepted", "adopted": "public.adopted", "rejected": "public.draft.rejected", "fallen": "public.fallen"}

// amendments is a table of what was moved to change a draft.
func (d *drawer) amendments(q conference.Proposal) Section {
	s := Section{ID: "amendments-" + string(q.ID), Title: d.say("public.amendments"), Kind: "table", Heads: []string{d.say("public.paragraph"), d.say("page.by"), d.say("public.state")}}
	for _, a := range d.s.AmendmentsTo(q.ID) {
		word := amendmentState[a.State]
		s.Rows = append(s.Rows, []Line{{Text: a.Paragraph, Small: string(a.ID)}, d.partyLine(a.Party), {Tag: d.say(word), Tone: tone(a.State), Mark: entries(a.Index)}})
	}
	return s
}

// votesOn lists each vote on a draft and on what was to change it.
func (d *drawer) votesOn(q conference.Proposal) Section {
	s := Section{ID: "votes-" + string(q.ID), Title: d.say("votes.heading"), Kind: "agenda"}
	about := []string{string(q.ID)}
	for _, a := range d.s.AmendmentsTo(q.ID) {
		about = append(about, string(a.ID))
	}
	for _, part := range q.Parts {
		about = append(about, string(part.Part))
	}
	for _, x := range d.s.Results(q.Meeting) {
		if slices.Contains([]string{"proposal", "amendment", "part"}, x.Kind) && slices.Contains(about, x.Thing) {
			s.Lines = append(s.Lines, d.resultLine(x, int64(len(s.Lines)+1)))
		}
	}
	return s
}

// resultLine tells a result with its numbers, rule and working, and who voted how.
func (d *drawer) resultLine(q conference.Question, no int64) Line {
	r := paper.ResultOf(q.Result, d.l)
	line := Line{No: number(d.l, no), Text: d.asked(q), Small: together(" · ", r.Votes, r.Working, r.Rule), Tag: r.Outcome, Tone: "no", Mark: entries(q.Announced)}
	if q.Outcome == "carried" {
		line.Tone = "yes"
	}
	line.Meta = d.answers(q)
	return line
}

// answers says who voted how, one line an answer.
func (d *drawer) answers(q conference.Question) (lines []string) {
	for _, answer := range []string{"yes", "no", "abstain", "not-participating"} {
		var who []string
		for _, v := range q.Votes {
			if string(v.Answer) == answer {
				who = append(who, d.party(v.Party))
			}
		}
		if len(who) > 0 {
			lines = append(lines, d.say("answer."+answer)+": "+strings.Join(who, ", "))
		}
	}
	if desk := d.byDesk(q); desk != "" {
		lines = append(lines, desk)
	}
	return lines
}

// byDesk says how many answers to a question the desk gave for delegations, and how many of them were disowned; "" where
// it gave none.
func (t teller) byDesk(q conference.Question) string {
	counted, disowned := t.s.ByDesk(q)
	var said []string
	if counted > 0 {
		said = append(said, t.l.Say("public.bydesk", number(t.l, counted)))
	}
	if disowned > 0 {
		said = append(said, t.l.Say("public.disowned", number(t.l, disowned)))
	}
	return together("; ", said...)
}

// decisionsPage lists what the body decided, with how.
func (s *site) decisionsPage(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	p := d.sheet("documents", "decisions", d.say("public.decisions"))
	d.renewed(&p)
	adopted := Section{ID: "adopted", Title: d.say("public.adopted"), Kind: "plain", Note: d.say("public.newestfirst")}
	for _, x := range slices.Backward(d.s.Decisions()) {
		line := d.decisionLine(x)
		line.When = d.entered(x.Index)
		for _, q := range d.s.Results(x.Meeting) {
			if q.Kind == "proposal" && q.Thing == string(x.Proposal) && q.Outcome == "carried" {
				line.Small = paper.ResultOf(q.Result, d.l).String()
			}
		}
		adopted.Lines = append(adopted.Lines, line)
	}
	reported := Section{ID: "reported", Title: d.say("page.reported"), Kind: "plain"}
	for _, m := range slices.Backward(d.s.Meetings()) {
		reported.Lines = append(reported.Lines, d.reportedOutcomes(m)...)
	}
	if len(reported.Lines) == 0 {
		adopted.Void = d.say("public.nodecision")
	}
	p.Main, p.Side = []Section{adopted, reported}, []Section{d.finder()}
	p.Side = append(p.Side, d.sources(marksOf(p.Main)...))
	return d.show(p)
}
