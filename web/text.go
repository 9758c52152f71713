package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/drafting"
	"kurultai/paper"
	"kurultai/record"
)

// A Passage is a paragraph of a paper as it is read: in one language or two side by side, what changed marked, and what was
// done about it below.
type Passage struct {
	ID, Number string
	Level      int
	Top        bool // names the sides
	Title      bool
	Changed    bool
	Sides      []Side
	Notes      []Line
}

// Side is a paragraph in one language.
type Side struct {
	Lang  string
	Spans []Span
	Small string
}

// A Span is words set one way. Mark is ins, del or "".
type Span struct {
	Text, Mark string
	Emphasis   bool
}

// textOf is the text of a paper in one of its languages, taken apart. ok is false where the text is not kept, is none with
// paragraphs, or is not for the reader.
func (d *drawer) textOf(x conference.Document, v conference.Version) (t drafting.Text, ok bool) {
	f := x.FileOf(v)
	if f == nil || !d.s.Opens(d.v.Reader(), x) {
		return t, false
	}
	return d.site.textIn(d.in.ctx(), *f)
}

// textIn takes apart the text that a file keeps.
func (s *site) textIn(ctx context.Context, f record.SealedBlob) (t drafting.Text, ok bool) {
	if s.File == nil {
		return t, false
	}
	b, err := s.File(ctx, f.Digest)
	if err != nil {
		return t, false
	}
	t, err = drafting.Parse(b)
	return t, err == nil && len(t.Paragraphs) > 0
}

// ctx is that of whoever reads; a page that renews itself is read by nobody in person.
func (in *visit) ctx() context.Context {
	if in == nil || in.Request == nil {
		return context.Background()
	}
	return in.Context()
}

// at finds a text by its digest, as amendments name it.
func (d *drawer) at(digest record.Digest) (t drafting.Text, ok bool) {
	f, ok := d.s.TextNamed(d.v.Reader(), digest)
	if !ok {
		return t, false
	}
	return d.site.textIn(d.in.ctx(), f)
}

// paperText is the text of a paper: as it reads, beside another language, or with what changed since another paper or by
// amendments.
func (d *drawer) paperText(p *Sheet, x conference.Document) (s Section) {
	s = Section{ID: "text", Title: d.say("text.title"), Kind: "passages"}
	main, _ := x.Version(conference.Language(d.l.Code))
	if main.Language == "" {
		main = x.Versions[0]
	}
	t, ok := d.textOf(x, main)
	if !ok {
		return s // the table of texts gives the digest
	}
	query := func(string) string { return "" }
	if d.in.Request != nil {
		query = d.in.URL.Query().Get
	}
	other, beside := x.Version(conference.Language(query("beside")))
	before, since := d.before(x)
	since = since && query("since") != ""
	amended := query("amended") != "" && len(d.amendedBy(x)) > 0
	d.views(p, x, main, beside, since, amended)
	switch {
	case since:
		old, _ := before.Version(main.Language)
		was, ok := d.textOf(before, old)
		if !ok {
			return d.untold(s, x)
		}
		s.Note = d.say("text.since", string(before.Symbol))
		s.Passages = d.marked(drafting.Compare(was, t), string(main.Language))
	case amended:
		s.Note = d.say("text.asamended")
		s.Passages = d.withAmendments(x, t, string(main.Language))
	case beside && other.Language != main.Language:
		second, ok := d.textOf(x, other)
		if !ok {
			return d.untold(s, x)
		}
		s.Note = d.say("text.beside", tongueOf(main.Language), tongueOf(other.Language))
		s.Passages = d.aligned(t, second, x, main, other)
		if n, m := len(t.Names()), len(second.Names()); n != m {
			s.Warn = d.say("text.differ", tongueOf(main.Language), number(d.l, int64(n)), tongueOf(other.Language), number(d.l, int64(m)))
		}
	default:
		for _, q := range t.Paragraphs {
			s.Passages = append(s.Passages, passage(q, Side{Lang: string(main.Language), Spans: spans(q)}))
		}
	}
	d.noted(s.Passages, x)
	return s
}

func (d *drawer) untold(s Section, x conference.Document) Section {
	s.Void = d.say("text.notkept")
	return s
}

// before is the paper that x revises.
func (d *drawer) before(x conference.Document) (conference.Document, bool) {
	old, ok := d.s.Document(x.Of)
	return old, ok && old.Successor == x.Symbol && d.s.Reads(d.v.Reader(), old)
}

// views lead to the ways in which a text can be read.
func (d *drawer) views(p *Sheet, x conference.Document, main conference.Version, beside, since, amended bool) {
	at := d.to("documents/%s", escaped(x.Symbol))
	with := func(q string) string {
		if strings.Contains(at, "?") {
			return at + "&" + q
		}
		return at + "?" + q
	}
	asked := ""
	if d.in.Request != nil {
		asked = d.in.URL.Query().Get("beside")
	}
	p.Views = append(p.Views, Way{Link{at, d.say("text.reads")}, !beside && !since && !amended})
	if old, ok := d.before(x); ok {
		p.Views = append(p.Views, Way{Link{with("since=1"), d.say("text.since", string(old.Symbol))}, since})
	}
	if len(d.amendedBy(x)) > 0 {
		p.Views = append(p.Views, Way{Link{with("amended=1"), d.say("text.asamended")}, amended && !since})
	}
	for _, v := range x.Versions {
		if v.Language != main.Language {
			p.Views = append(p.Views, Way{Link{with("beside=" + string(v.Language)), d.say("text.besideone", tongueOf(v.Language))}, beside && asked == string(v.Language) && !since && !amended})
		}
	}
	pdf := "pdf/%s"
	q := ""
	if since {
		q = "?since=1"
	}
	p.Views = append(p.Views, Way{Link{"/" + d.l.Code + "/" + fmt.Sprintf(pdf, escaped(x.Symbol)) + q, "PDF"}, false})
}

// amendedBy lists the amendments to the draft that stands under a paper, those that fell and were rejected left out.
func (d *drawer) amendedBy(x conference.Document) (list []conference.Amendment) {
	for _, q := range d.drafts(x.Symbol) {
		for _, a := range d.s.AmendmentsTo(q.ID) {
			if q.Symbol == x.Symbol && a.State != "rejected" && a.State != "fallen" {
				list = append(list, a)
			}
		}
	}
	return list
}

func passage(p drafting.Paragraph, sides ...Side) Passage {
	no := p.Number
	if p.Kind == drafting.Preambular {
		no = strings.ToUpper(p.Name)
	}
	return Passage{ID: p.Name, Number: strings.TrimSuffix(no, "."), Level: p.Level, Title: p.Kind == drafting.Title || p.Kind == drafting.Heading, Sides: sides}
}

func spans(p drafting.Paragraph) (list []Span) {
	for _, r := range p.Runs {
		list = append(list, Span{Text: r.Text, Emphasis: r.Emphasis})
	}
	return list
}

// marked is paragraphs with what was taken away and what was brought.
func (d *drawer) marked(changes []drafting.Change, lang string) (list []Passage) {
	for _, c := range changes {
		shown := c.New
		if shown == nil {
			shown = c.Old
		}
		q := passage(*shown, Side{Lang: lang, Spans: trackedSpans(c.Pieces)})
		if !c.Changed() {
			q = passage(*shown, Side{Lang: lang, Spans: spans(*shown)})
		}
		if q.Changed = c.Changed(); c.New == nil {
			q.ID = ""
		}
		list = append(list, q)
	}
	return list
}

func trackedSpans(pieces []drafting.Piece) (list []Span) {
	for i, p := range pieces {
		if i > 0 {
			list = append(list, Span{Text: " "})
		}
		list = append(list, Span{Text: strings.Join(p.Words, " "), Mark: map[byte]string{drafting.Added: "ins", drafting.Taken: "del"}[p.Kind]})
	}
	return list
}

// withAmendments is a text with what amendments take away and bring, each said below its paragraph.
func (d *drawer) withAmendments(x conference.Document, t drafting.Text, lang string) (list []Passage) {
	amendments := d.amendedBy(x)
	for _, q := range t.Paragraphs {
		here := passage(q, Side{Lang: lang, Spans: spans(q)})
		var behind []Passage
		for _, a := range amendments {
			if a.Paragraph != q.Name || q.Name == "" {
				continue
			}
			note := Line{Tag: d.say(amendmentState[a.State]), Tone: tone(a.State), Text: together(", ", d.word("paper.operation", a.Operation), d.party(a.Party)), Mark: entries(a.Index)}
			words, known := d.at(a.Text)
			switch {
			case a.Operation == "delete":
				here.Sides[0].Spans, here.Changed = trackedSpans(drafting.Words(strings.Fields(q.Words()), nil)), true
			case !known:
				note.Small = d.say("text.notkept")
			case a.Operation == "insert":
				for _, added := range words.Paragraphs {
					behind = append(behind, Passage{Changed: true, Level: q.Level, Sides: []Side{{Lang: lang, Spans: []Span{{Text: added.Words(), Mark: "ins"}}}}})
				}
			default:
				here.Sides[0].Spans, here.Changed = trackedSpans(drafting.Words(strings.Fields(q.Words()), strings.Fields(wordsOf(words)))), true
			}
			here.Notes = append(here.Notes, note)
		}
		list = append(append(list, here), behind...)
	}
	return list
}

func wordsOf(t drafting.Text) string {
	var list []string
	for _, p := range t.Paragraphs {
		list = append(list, p.Words())
	}
	return strings.Join(list, " ")
}

// aligned puts two languages side by side, paragraph by paragraph as they are named; what only one has stands alone.
func (d *drawer) aligned(a, b drafting.Text, x conference.Document, first, second conference.Version) (list []Passage) {
	top := Passage{Top: true, Sides: []Side{d.sideOf(x, first), d.sideOf(x, second)}}
	list = append(list, top)
	keys := func(t drafting.Text) (list []string) {
		for _, p := range t.Paragraphs {
			list = append(list, string(p.Kind)+" "+p.Name)
		}
		return list
	}
	i, j := 0, 0
	one := func(p drafting.Paragraph, left bool) {
		q := passage(p, Side{Lang: string(first.Language)}, Side{Lang: string(second.Language)})
		if at := map[bool]int{true: 0, false: 1}[left]; true {
			q.Sides[at].Spans = spans(p)
			q.Sides[1-at].Small = d.say("text.noparagraph")
		}
		q.Changed = true
		list = append(list, q)
	}
	for _, p := range drafting.Words(keys(a), keys(b)) {
		for range p.Words {
			switch p.Kind {
			case drafting.Taken:
				one(a.Paragraphs[i], true)
				i++
			case drafting.Added:
				one(b.Paragraphs[j], false)
				j++
			default:
				list = append(list, passage(a.Paragraphs[i], Side{Lang: string(first.Language), Spans: spans(a.Paragraphs[i])}, Side{Lang: string(second.Language), Spans: spans(b.Paragraphs[j])}))
				i, j = i+1, j+1
			}
		}
	}
	return list
}

func (d *drawer) sideOf(x conference.Document, v conference.Version) Side {
	how := d.say("public.original")
	if v.Language != x.Original {
		how = together(", ", d.say("public.revised"), d.entered(v.Index).Text)
	}
	return Side{Lang: string(v.Language), Spans: []Span{{Text: tongueOf(v.Language)}}, Small: how}
}

// noted says below paragraphs which are agreed, and which words of them stand in brackets and by whom.
func (d *drawer) noted(list []Passage, x conference.Document) {
	for i := range list {
		name := conference.NoteID(list[i].ID)
		if name == "" {
			continue
		}
		if slices.Contains(x.Agreed, name) {
			list[i].Notes = append(list[i].Notes, Line{Tag: d.say("text.agreed"), Tone: "yes"})
		}
		for _, b := range x.Brackets {
			if b.Paragraph == name {
				list[i].Notes = append(list[i].Notes, d.bracketNote(b))
			}
		}
	}
}

func (d *drawer) bracketNote(b conference.Bracket) Line {
	line := Line{Tag: d.say("text.inbrackets"), Tone: "wait", Text: "[" + b.Text + "]", Small: d.party(b.Party), Mark: entries(b.Placed)}
	if b.Resolved > 0 {
		line.Tag, line.Tone, line.Mark = d.say("text.bracketgone"), "yes", entries(b.Placed, b.Resolved)
	}
	return line
}

// brackets lists the words in brackets: where, held by whom, since when.
func (d *drawer) brackets(x conference.Document) Section {
	s := Section{ID: "brackets", Title: d.say("text.inbrackets"), Kind: "table", Heads: []string{d.say("public.paragraph"), d.say("text.words"), d.say("text.heldby"), d.say("public.state")}}
	open := 0
	for _, b := range x.Brackets {
		state := Line{Tag: d.say("text.bracketopen"), Tone: "wait", Mark: entries(b.Placed)}
		if b.Resolved > 0 {
			state = Line{Tag: d.say("text.bracketgone"), Tone: "yes", Mark: entries(b.Placed, b.Resolved)}
		} else {
			open++
		}
		s.Rows = append(s.Rows, []Line{{Text: strings.ToUpper(string(b.Paragraph)), Address: "#" + string(b.Paragraph)}, {Text: "[" + b.Text + "]"}, d.partyLine(b.Party), state})
	}
	s.Note = number(d.l, int64(open))
	return s
}

// history is what came before a paper and after it.
func (d *drawer) history(x conference.Document) Section {
	s := Section{ID: "history", Title: d.say("text.history"), Kind: "plain"}
	seen := map[conference.Symbol]bool{}
	var back []conference.Document
	for at := x; at.Of != "" && !seen[at.Of]; {
		seen[at.Of] = true
		old, ok := d.s.Document(at.Of)
		if !ok {
			break
		}
		back, at = append(back, old), old
	}
	add := func(y conference.Document) {
		if !d.s.Reads(d.v.Reader(), y) {
			return
		}
		line := d.paperLine(y)
		line.Small, line.Here, line.Meta = d.relation(y), y.Symbol == x.Symbol, nil
		line.When = d.entered(y.Made)
		s.Lines = append(s.Lines, line)
	}
	for _, old := range slices.Backward(back) {
		add(old)
	}
	after := d.s.After(x.Symbol)
	if len(back) == 0 && len(after) == 0 {
		return s
	}
	add(x)
	for _, y := range after {
		add(y)
	}
	return s
}

// relation says what a paper is to the one before it.
func (d *drawer) relation(x conference.Document) string {
	if x.Of == "" {
		return d.kindOf(x)
	}
	old, _ := d.s.Document(x.Of)
	switch {
	case old.Successor == x.Symbol:
		return d.say("text.revises", string(x.Of))
	case strings.Contains(string(x.Symbol[len(x.Of):]), "Corr"):
		return d.say("text.corrects", string(x.Of))
	}
	return d.say("text.addsto", string(x.Of))
}

// authority says which of a paper's languages prevail.
func (d *drawer) authority(x conference.Document) string {
	equal := []string{tongueOf(x.Original)}
	for _, l := range x.Authentic {
		if l != x.Original {
			equal = append(equal, tongueOf(l))
		}
	}
	if len(equal) > 1 {
		return d.say("text.equal", strings.Join(equal, ", "))
	}
	return d.say("text.prevails", equal[0])
}

// textsFor finds texts by their digests among the papers whose files a reader may have.
func (s *site) textsFor(ctx context.Context, v View, r conference.Reader) func(record.Digest) ([]byte, bool) {
	return func(digest record.Digest) ([]byte, bool) {
		f, ok := v.State().TextNamed(r, digest)
		if !ok || s.File == nil {
			return nil, false
		}
		b, err := s.File(ctx, f.Digest)
		return b, err == nil
	}
}

// documentPDF is the text of a paper on paper, in the page's language or the original's; with ?since the changes since the
// paper it revises.
func (s *site) documentPDF(v View, in *visit) (any, error) {
	symbol := conference.Symbol(in.args["symbol"])
	x, ok := v.State().Document(symbol)
	switch {
	case !ok:
		return nil, errNotFound
	case !v.State().Reads(in.reader, x):
		return nil, tell(403, "public.closed")
	}
	kind, args := "text", []string{string(symbol)}
	if in.URL.Query().Get("since") != "" && x.Of != "" {
		kind, args = "comparison", []string{string(x.Of), string(symbol)}
	}
	for _, k := range paper.Kinds() {
		if k.Name == kind {
			b, err := k.Set(archiveOf(s, v), paper.Wish{Language: in.lang, Meeting: x.Meeting, Args: args, Text: s.textsFor(in.Context(), v, in.reader)})
			return file{kind: "application/pdf", body: b, name: strings.ReplaceAll(cmp.Or(args[len(args)-1], kind), "/", "-") + ".pdf"}, err
		}
	}
	return nil, errNotFound
}
