package paper

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper/pdf"
	"kurultai/record"
)

// A Refusal is why a paper cannot be made: there is nothing to print, or what is asked for is not there. Its words stand
// in the folders of the languages under Key.
type Refusal struct {
	Key  string
	Args []string
}

// In is the refusal in a language.
func (r *Refusal) In(l *language.Language) string { return l.Say(r.Key, r.Args...) }

func (r *Refusal) Error() string {
	english, _ := language.Get("en")
	return r.In(english)
}

// unknown refuses what is asked for by a name the record does not hold.
func unknown(name string) error { return &Refusal{"paper.unknown", []string{name}} }

// A composer makes a paper of a meeting: it says in the nominative what the record holds, so that whatever the record
// names can be printed in every language, and keeps with each line the entries it rests on.
type composer struct {
	r    Record
	s    *conference.State
	l    *language.Language
	m    conference.Meeting
	id   conference.MeetingID
	zone *time.Location
	args []string
	find func(record.Digest) ([]byte, bool) // texts; nil: none is at hand
	doc  pdf.Document
	list []passage  // of the meeting, read once
	told []Sentence // line by line, what the attached source has
	err  error      // the first; set only where reading the record failed
}

// ofMeeting makes the Build of a paper of a meeting. kind is its name among the papers, typ the type under which such a
// paper is registered, from which it takes its symbol; most is how many arguments it takes.
func ofMeeting(kind string, typ conference.Term, most int, write func(*composer) error) func(Record, Wish) (pdf.Document, error) {
	return func(r Record, w Wish) (pdf.Document, error) {
		if len(w.Args) > most {
			return pdf.Document{}, fmt.Errorf("too much stands behind %s: %q", kind, w.Args[most])
		}
		c, err := compose(r, w, kind, typ)
		if err != nil {
			return pdf.Document{}, err
		}
		if err := cmp.Or(write(c), c.err); err != nil {
			return pdf.Document{}, err
		}
		return c.finished(kind), nil
	}
}

// compose begins a paper.
func compose(r Record, w Wish, kind string, typ conference.Term) (*composer, error) {
	c := &composer{r: r, s: r.State(), l: w.Language, id: w.Meeting, args: w.Args, find: w.Text}
	var ok bool
	if c.m, ok = c.s.Meeting(w.Meeting); !ok {
		return nil, fmt.Errorf("no meeting is called %q", w.Meeting)
	}
	c.zone = zoneOf(c.m.Zone, c.s.Body.Zone)
	title, symbol := Title(kind, c.l), ""
	if typ != "" {
		symbol = symbolOf(c.s, c.id, typ)
	}
	c.doc = sheet(r, c.l, c.l.Say("public.nth", Roman(c.m.Ordinal)), symbol, c.place(c.m.Place), c.days())
	c.doc.Title = together(". ", title, c.l.Say("public.nth", Roman(c.m.Ordinal)), c.doc.Author)
	c.doc.Subject, c.doc.Date = strings.TrimSpace(title+" "+symbol), dayOf(c.m.From)
	c.heading(1, title)
	return c, nil
}

// Title is what a kind of paper is called in a language.
func Title(kind string, l *language.Language) string { return l.Say("paper.kind." + kind) }

// finished is the paper with the mark of the record at its foot and its source attached.
func (c *composer) finished(kind string) pdf.Document {
	c.doc.Footer.Left = mark(c.r, c.l)
	if len(c.told) == 0 {
		return c.doc
	}
	if k := (Kind{Name: kind}); k.Audience() == conference.ToPublic {
		c.doc.Blocks = append(c.doc.Blocks, proofOf(c.r, c.l, c.told)...)
	}
	p := &Paper{Language: c.l, Title: Sentence{Text: c.doc.Title}, Paragraphs: [][]Sentence{}}
	for _, s := range c.told {
		p.Paragraphs = append(p.Paragraphs, []Sentence{s})
	}
	c.doc.Source = &pdf.Attachment{Name: kind + "." + c.l.Code + ".xml", Type: "application/xhtml+xml", Description: c.l.Say("paper.source"), Bytes: p.XML()}
	return c.doc
}

// mark says which record a paper was made from: how many entries it had, and the root over them.
func mark(r Record, l *language.Language) string {
	k := r.Checkpoint()
	return l.Say("paper.mark", fmt.Sprint(r.State().Size), k.Root.String()[:11])
}

func (c *composer) add(blocks ...pdf.Block) { c.doc.Blocks = append(c.doc.Blocks, blocks...) }

func (c *composer) heading(level int, text string) {
	c.add(pdf.Heading{Level: level, Text: pdf.Text(text)})
}

// tell keeps a line with its entries and gives its text back.
func (c *composer) tell(text string, entries ...int64) string {
	slices.Sort(entries)
	c.told = append(c.told, Sentence{Text: text, Entries: slices.Compact(entries)})
	return text
}

// say adds a paragraph that rests on entries.
func (c *composer) say(text string, entries ...int64) {
	c.add(pdf.Paragraph{Text: pdf.Text(c.tell(text, entries...))})
}

// calm says in one sentence that there is nothing, and why.
func (c *composer) calm(key string) { c.add(pdf.Paragraph{Text: pdf.Text(c.l.Say(key))}) }

// notOwn says of what is told from reports that it is not the body's own text.
func (c *composer) notOwn() {
	if reported(c.s) && len(c.told) > 0 {
		c.add(pdf.Rule{}, pdf.Note{Text: pdf.Text(c.l.Say("paper.notown"))})
	}
}

// A grid is a table whose last column is the entries each row rests on.
type grid struct {
	c       *composer
	columns []pdf.Column
	heads   []string
	rows    [][]pdf.Cell
}

// grid begins a table with the columns named, as wide as their weights.
func (c *composer) grid(weights []int, heads ...string) *grid {
	g := &grid{c: c, heads: append(heads, c.l.Say("paper.entry"))}
	sum := 0
	for _, w := range weights {
		g.columns, sum = append(g.columns, pdf.Column{Weight: 5 * w}), sum+w
	}
	g.columns = append(g.columns, pdf.Column{Weight: sum}) // a sixth: the word for entry fits in every language
	g.columns[len(g.columns)-1].Align = pdf.Right
	return g
}

func (g *grid) row(entries []int64, cells ...string) {
	g.c.tell(together(" | ", cells...), slices.Clone(entries)...)
	g.rows = append(g.rows, cellsOf(append(cells, numbers(entries, ", "))))
}

func cellsOf(texts []string) (cells []pdf.Cell) {
	for _, t := range texts {
		cells = append(cells, pdf.Cell{Text: pdf.Text(t)})
	}
	return cells
}

// put adds the table, or says calmly that it has no rows.
func (g *grid) put(none string) {
	if len(g.rows) == 0 {
		g.c.calm(none)
		return
	}
	g.c.add(pdf.Table{Columns: g.columns, Head: [][]pdf.Cell{cellsOf(g.heads)}, Rows: g.rows, RowHeads: true})
}

// named is a name in the paper's language, else in English, else in any, else what is given.
func (c *composer) named(names conference.Names, otherwise string) string {
	for _, code := range []conference.Language{conference.Language(c.l.Code), "en"} {
		if name := names.In(code); name != "" {
			return name
		}
	}
	if len(names) > 0 {
		return names[0].Text
	}
	return otherwise
}

func (c *composer) party(id conference.PartyID) string {
	p, _ := c.s.Party(id)
	return c.named(p.Named.Short, string(id))
}

func (c *composer) parties(ids []conference.PartyID) string {
	var names []string
	for _, id := range ids {
		names = append(names, c.party(id))
	}
	return strings.Join(names, ", ")
}

func (c *composer) place(id conference.PlaceID) string {
	p, _ := c.s.Place(id)
	return c.named(p.Names, string(id))
}

func (c *composer) organisation(id conference.OrganisationID) string {
	o, _ := c.s.Organisation(id)
	return c.named(o.Names, string(id))
}

// open is a person's name, if whom the paper is for may read it.
func (c *composer) open(id conference.PersonID) (string, bool) {
	return c.r.Name(id, conference.Language(c.l.Code))
}

// person is a person's name; or that it was not reported, is not published, or is no longer kept.
func (c *composer) person(id conference.PersonID) string {
	name, ok := c.open(id)
	p, _ := c.s.Person(id)
	switch {
	case ok:
		return name
	case id == "":
		return ""
	case id == conference.UnnamedPerson:
		return c.l.Say("page.unnamed")
	case p.Forgotten:
		return c.l.Say("page.forgotten")
	}
	return c.l.Say("page.withheld")
}

// term is a word of the vocabulary; "" of none.
func (c *composer) term(t conference.Term) string {
	if t == "" {
		return ""
	}
	return c.l.Label(string(t))
}

// office says what somebody is: rank, office, service or ministry, as far as they are known.
func (c *composer) office(rank, office conference.Term, org conference.OrganisationID) string {
	return together(", ", c.term(rank), c.term(office), c.organisation(org))
}

// word is the word of a kind for a key of the record, else the key.
func (c *composer) word(kind, key string) string {
	if text := kind + "." + key; c.l.Has(text) {
		return c.l.Say(text)
	}
	return key
}

// date writes a day, month or year as the language does.
func (c *composer) date(d conference.Date) string {
	year, month, day, err := d.Parts()
	switch {
	case err != nil:
		return string(d)
	case day > 0:
		return c.l.Date(language.Date{Year: year, Month: month, Day: day})
	case month > 0:
		if name, err := c.l.Sentence().Fill(fmt.Sprintf("monthname.%d", month), nil); err == nil {
			return c.l.Say("page.monthyear", name, fmt.Sprint(year))
		}
	}
	return string(d)
}

// days is when the meeting is or was.
func (c *composer) days() string {
	whole := func(d conference.Date) string { return strings.ReplaceAll(c.date(d), " ", "\u00a0") } // on one line
	if c.m.To == "" || c.m.To == c.m.From {
		return whole(c.m.From)
	}
	return whole(c.m.From) + " – " + whole(c.m.To)
}

// day is the day of an instant at the place of the meeting.
func (c *composer) day(at record.Instant) conference.Date {
	return conference.Date(time.UnixMilli(int64(at)).In(c.zone).Format(time.DateOnly))
}

// hour is an instant as the clock at the place of the meeting shows it.
func (c *composer) hour(at record.Instant) string {
	return time.UnixMilli(int64(at)).In(c.zone).Format("15:04")
}

// zoneOf is the first zone that is known by its name, else UTC; "Local" is where a program stands, and nobody's.
func zoneOf(names ...string) *time.Location {
	for _, name := range names {
		if zone, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
			return zone
		}
	}
	return time.UTC
}

// together joins what is known and leaves out what is not.
func together(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return p == "" }), sep)
}

// ordered puts parties into the precedence fixed for the meeting; those it does not name follow in the order of their
// names in the paper's language.
func (c *composer) ordered(ids []conference.PartyID) []conference.PartyID {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b conference.PartyID) int { return c.l.Compare(c.party(a), c.party(b)) })
	fixed := c.s.Precedence(c.id)
	rank := func(id conference.PartyID) int {
		if i := slices.Index(fixed, id); i >= 0 {
			return i
		}
		return len(fixed)
	}
	slices.SortStableFunc(ids, func(a, b conference.PartyID) int { return cmp.Compare(rank(a), rank(b)) })
	return ids
}

// members are the members of the body at the meeting, in order.
func (c *composer) members() []conference.PartyID { return c.ordered(c.s.Members(c.m.From, c.id)) }

// A passage is an entry of the meeting: the act and what it caused.
type passage struct {
	index  int64
	at     record.Instant
	act    record.Submitted
	events []conference.Event
}

// maxPassages bounds how many entries are looked through: a meeting of a month has some hundred thousand.
const maxPassages = 500_000

// passages are the open entries of the meeting in order, without those that were rescinded and without what was reported:
// that was entered later and did not happen then. A meeting that is closed ends with the entry that closed it.
func (c *composer) passages() (list []passage) {
	if c.list != nil {
		return slices.Clone(c.list)
	}
	defer func() { c.list = slices.Clone(list) }()
	end := c.s.Size
	if c.m.Closed {
		end = c.m.Index + 1
	}
	for i := max(c.m.Convened, end-maxPassages); i < end; i++ {
		p, err := c.passage(i)
		if err != nil {
			c.err = cmp.Or(c.err, fmt.Errorf("entry %d: %w", i, err))
			return nil
		}
		p.events = slices.DeleteFunc(p.events, func(e conference.Event) bool { return e.Reported != nil })
		if _, taken := c.s.Rescinded(i); !taken && c.ours(p) {
			list = append(list, p)
		}
	}
	return list
}

func (c *composer) passage(index int64) (p passage, err error) {
	text, err := c.r.Entry(context.Background(), index)
	if err != nil {
		return p, err
	}
	e, err := record.ParseEntry(string(text), index)
	if err != nil {
		return p, err
	}
	p = passage{index: index, at: e.At, act: e.Act}
	for _, v := range e.Events {
		event, err := c.s.ParseEvent(v)
		if err != nil {
			return p, err
		}
		p.events = append(p.events, event)
	}
	return p, nil
}

// ours reports whether an entry is of the meeting: its act or what it caused names it.
func (c *composer) ours(p passage) bool {
	return p.act.Meeting == string(c.id) || slices.ContainsFunc(p.events, func(e conference.Event) bool {
		v := reflect.Indirect(reflect.ValueOf(e.Body)).FieldByName("Meeting")
		return v.IsValid() && v.String() == string(c.id)
	})
}

// caused lists what the entries of the meeting caused, of one kind, in order.
func caused[B any](list []passage) (found []happening[B]) {
	for _, p := range list {
		for _, e := range p.events {
			if b, ok := e.Body.(*B); ok {
				found = append(found, happening[B]{p, b})
			}
		}
	}
	return found
}

// A happening is an event and the entry that holds it.
type happening[B any] struct {
	passage
	it *B
}

// dayAsked reads the one argument of a paper of a day, else gives the day on which the meeting's last entry was made, or the
// meeting's first where it has none.
func (c *composer) dayAsked(list []passage) (conference.Date, error) {
	if len(c.args) > 0 {
		d := conference.Date(c.args[0])
		if _, _, day, err := d.Parts(); err != nil || day == 0 {
			return "", fmt.Errorf("%.20q is no day: 2019-09-06", c.args[0])
		}
		return d, nil
	}
	if sat := caused[conference.MeetingOpened](list); len(sat) > 0 {
		return c.day(list[len(list)-1].at), nil
	}
	return c.m.From, nil
}

// item writes n with a full stop behind it, as items are numbered.
func item(n int) string { return strconv.Itoa(n) + "." }
