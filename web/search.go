package web

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"kurultai/conference"
	"kurultai/paper"
)

// What a search may cost: letters of the question, words of it, and what is shown of each group.
const (
	maxQuestion = 100
	maxWords    = 8
	maxHits     = 20
)

// alike are letters that a keyboard, a stress or a habit of spelling puts for others, after case and marks are folded:
// dotless i, schwa, the Kazakh and Kyrgyz letters with tails, and what stands for an apostrophe in Uzbek (U+02BB), in
// print (U+2018, U+2019) and on keyboards.
var alike = strings.NewReplacer("ı", "i", "ə", "e", "ø", "o", "æ", "ae", "ł", "l", "қ", "к", "ғ", "г", "ң", "н", "ө", "о", "ү", "у", "ұ", "у", "һ", "х", "ә", "а", "і", "и",
	"ʻ", "", "ʼ", "", "‘", "", "’", "", "'", "", "`", "", "´", "", "–", "-", "—", "-")

// folded is a text without case, marks and the differences of alike letters. A Georgian text has one case however it
// is written.
func folded(text string) string {
	var out strings.Builder
	for _, r := range norm.NFKD.String(cases.Fold().String(text)) {
		if !unicode.Is(unicode.Mn, r) {
			out.WriteRune(r)
		}
	}
	return alike.Replace(norm.NFC.String(out.String()))
}

// A question is what somebody searches for: each of its words must be found.
type question []string

func asks(text string) question {
	if len(text) > 4*maxQuestion {
		text = strings.ToValidUTF8(text[:4*maxQuestion], "")
	}
	words := strings.FieldsFunc(folded(text), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == ',' || r == '"' })
	return question(words[:min(len(words), maxWords)])
}

// in reports whether all words stand in some text, each at the beginning of a word of it.
func (q question) in(texts ...string) bool {
	if len(q) == 0 {
		return false
	}
	all := " " + folded(strings.Join(texts, " "))
	return !slices.ContainsFunc(q, func(word string) bool { return !begins(all, word) })
}

// begins reports whether a word of a text begins with another; parts of symbols count as words.
func begins(text, word string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		at += i
		before := []rune(text[max(0, at-4):at])
		if last := before[len(before)-1]; !unicode.IsLetter(last) && !unicode.IsDigit(last) {
			return true
		}
		at += len(word)
	}
}

func texts(names conference.Names) (list []string) {
	for _, n := range names {
		list = append(list, n.Text)
	}
	return list
}

// searchPage finds what the reader may see: by name, symbol, title, topic, decision or number of an entry.
func (s *site) searchPage(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	text := strings.TrimSpace(in.URL.Query().Get("q"))
	q := asks(text)
	p := d.sheet("search", "search", d.say("public.search"))
	p.Form = &Form{Action: "/" + d.l.Code + "/search", Name: "q", Type: "search", Label: d.say("public.searchlabel"), Value: string([]rune(text)[:min(len([]rune(text)), maxQuestion)]), Button: d.say("public.search")}
	if len(q) == 0 {
		p.Lead = d.say("public.searchhelp")
		return d.show(p)
	}
	p.Main = d.found(q, text)
	n := 0
	for i := range p.Main {
		n += len(p.Main[i].Lines)
		if p.Main[i].Note = number(d.l, int64(len(p.Main[i].Lines))); len(p.Main[i].Lines) > maxHits {
			p.Main[i].Lines, p.Main[i].Note = p.Main[i].Lines[:maxHits], d.say("public.more", number(d.l, maxHits))
		}
	}
	if n == 0 {
		p.Main = []Section{{ID: "none", Title: d.say("public.nothing"), Void: d.say("public.searchhelp")}}
	}
	return d.show(p)
}

// found groups what a question finds.
func (d *drawer) found(q question, text string) []Section {
	return []Section{d.foundEntries(text), d.foundMeetings(q), d.foundPapers(q), d.foundDecisions(q), d.foundItems(q), d.foundParties(q), d.foundPeople(q), d.foundTopics(q)}
}

func (d *drawer) foundEntries(text string) Section {
	s := Section{ID: "entries", Title: d.say("page.all"), Kind: "plain"}
	digits := strings.NewReplacer(",", "", ".", "", " ", "", "\u00a0", "", "\u202f", "").Replace(text)
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n >= 0 && n < d.s.Size {
		s.Lines = []Line{{Text: d.say("page.entry", number(d.l, n)), Address: "/" + d.l.Code + "/record/" + strconv.FormatInt(n, 10), When: d.entered(n)}}
	}
	return s
}

func (d *drawer) foundMeetings(q question) Section {
	s := Section{ID: "meetings", Title: d.say("page.meetings"), Kind: "plain"}
	for _, m := range slices.Backward(d.s.Meetings()) {
		id := m.MeetingConvened.Meeting
		place, _ := d.s.Place(m.Place)
		if q.in(append(texts(place.Names), d.meetingName(id), string(id), strconv.FormatInt(m.Ordinal, 10), string(m.From))...) {
			s.Lines = append(s.Lines, Line{Text: d.meetingName(id), Address: d.to("meetings/%s", id), Small: d.span(m)})
		}
	}
	return s
}

func (d *drawer) foundPapers(q question) Section {
	s := Section{ID: "papers", Title: d.say("public.documents"), Kind: "plain"}
	for _, x := range d.s.Papers(d.in.reader) {
		item, _ := d.s.Item(x.Meeting, x.Item)
		if q.in(append(texts(item.Title), string(x.Symbol), d.kindOf(x))...) {
			s.Lines = append(s.Lines, d.paperLine(x))
		}
	}
	for _, i := range d.s.Instruments() {
		if q.in(append(texts(i.Title), string(i.Instrument), d.form(i.Form))...) {
			word, tone := d.stage(i)
			s.Lines = append(s.Lines, Line{Text: nameIn(i.Title, d, string(i.Instrument)), Address: d.to("instruments/%s", i.Instrument), Tag: word, Tone: tone})
		}
	}
	return s
}

func (d *drawer) foundDecisions(q question) Section {
	s := Section{ID: "decisions", Title: d.say("public.decisions"), Kind: "plain"}
	for _, x := range slices.Backward(d.s.Decisions()) {
		p, _ := d.s.Proposal(x.Proposal)
		item, _ := d.s.Item(p.Meeting, p.Item)
		if q.in(append(texts(item.Title), x.Number, string(p.Symbol), d.say("votes.decision"))...) {
			s.Lines = append(s.Lines, d.decisionLine(x))
		}
	}
	for _, c := range d.s.Commitments() {
		if q.in(c.What, c.Measure) {
			s.Lines = append(s.Lines, Line{Text: c.What, Address: d.to("commitments/%s", c.Commitment), Small: together(", ", paper.DebtorIn(d.s, c.CommitmentRecorded, d.l), d.date(c.Due))})
		}
	}
	return s
}

func (d *drawer) foundItems(q question) Section {
	s := Section{ID: "items", Title: d.say("public.agenda"), Kind: "plain"}
	for _, m := range slices.Backward(d.s.Meetings()) {
		id := m.MeetingConvened.Meeting
		for _, i := range d.s.Items(id) {
			if q.in(texts(i.Title)...) {
				s.Lines = append(s.Lines, Line{Text: nameIn(i.Title, d, string(i.ID)), Address: d.to("meetings/%s", id) + "#agenda", Small: d.meetingName(id)})
			}
		}
	}
	return s
}

func (d *drawer) foundParties(q question) Section {
	s := Section{ID: "parties", Title: d.say("public.parties"), Kind: "members"}
	for _, x := range d.s.Parties() {
		if q.in(append(append(texts(x.Named.Short), texts(x.Named.Full)...), string(x.ID))...) {
			line := d.partyLine(x.ID)
			line.Small = nameIn(x.Named.Full, d, "")
			s.Lines = append(s.Lines, line)
		}
	}
	return s
}

// foundPeople finds persons by such names as the reader may see, in any language.
func (d *drawer) foundPeople(q question) Section {
	s := Section{ID: "people", Title: d.say("public.people"), Kind: "plain"}
	for _, x := range d.s.People() {
		var names []string
		for _, n := range x.Names {
			if name, ok := d.v.Name(x.ID, n.Language); ok {
				names = append(names, name)
			}
		}
		if q.in(names...) {
			line := d.personLine(x.ID)
			for _, o := range d.s.OfficesOf(x.ID, d.s.Last) {
				line.Meta = append(line.Meta, together(", ", d.say("capacity."+string(o.Capacity)), d.party(o.For)))
			}
			s.Lines = append(s.Lines, line)
		}
	}
	return s
}

// foundTopics finds what statements were about.
func (d *drawer) foundTopics(q question) Section {
	s := Section{ID: "topics", Title: d.say("public.topics"), Kind: "plain"}
	for _, m := range slices.Backward(d.s.Meetings()) {
		id := m.MeetingConvened.Meeting
		for _, f := range d.s.Told(id) {
			var told string
			switch b := f.Body.(type) {
			case *conference.StatementMade:
				told = d.statement(b)
			case *conference.InstrumentSigned, *conference.OrganSeated, *conference.MessageRead, *conference.WreathLaid, *conference.FlowersLaid, *conference.AudienceHeld:
				told = d.words(f.Event)
			}
			if told != "" && q.in(told, d.say("event."+f.Kind())) {
				s.Lines = append(s.Lines, Line{Text: d.say("event." + f.Kind()), Address: d.to("meetings/%s", id), Small: told, Mark: entries(f.Index)})
			}
		}
	}
	return s
}
