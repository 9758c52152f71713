package paper

import (
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/drafting"
	"kurultai/paper/pdf"
	"kurultai/record"
)

// decisions are those of the meeting, or the one whose number is given: what was decided, under which item, on whose draft,
// how, and its text where that is at hand.
func (c *composer) decisions() error {
	list := slices.DeleteFunc(c.s.Decisions(), func(d conference.Decision) bool { return d.Meeting != c.id })
	if len(c.args) > 0 {
		list = slices.DeleteFunc(list, func(d conference.Decision) bool { return d.Number != c.args[0] && string(d.ID) != c.args[0] })
		if len(list) == 0 {
			return unknown(c.args[0])
		}
		c.numbered(list[0].Number)
	}
	attached := caused[conference.StatementAttached](c.passages())
	for _, d := range list {
		c.decision(d, attached)
	}
	outcomes := 0
	if len(c.args) == 0 {
		outcomes = c.reportedOutcomes()
	}
	if len(list)+outcomes == 0 {
		c.calm("paper.nodecisions")
	}
	c.notOwn()
	return nil
}

// numbered gives a paper the number of its one decision as its symbol.
func (c *composer) numbered(number string) {
	mast := c.doc.Blocks[0].(pdf.Masthead)
	mast.Symbol, c.doc.Header.Right = number, number
	c.doc.Blocks[0], c.doc.Subject = mast, c.doc.Subject+" "+number
}

func (c *composer) decision(d conference.Decision, attached []happening[conference.StatementAttached]) {
	p, _ := c.s.Proposal(d.Proposal)
	i, _ := c.s.Item(p.Meeting, p.Item)
	c.heading(2, together(". ", c.l.Say("votes.decision")+" "+d.Number, c.named(i.Title, "")))
	rows := [][2]string{{"thing.proposal", string(p.Symbol)}, {"public.sponsors", c.parties(p.Sponsors)}}
	rows = append(rows, c.how(d)...)
	rows = append(rows, [2]string{"page.digest", string(d.Text)})
	c.facts([]int64{d.Index}, rows)
	c.text(d.Text)
	for _, h := range attached {
		if h.it.Decision == d.ID {
			c.say(c.l.Say("paper.attached", c.party(h.it.Party), c.word("paper.sort", h.it.Sort), string(h.it.Symbol)), h.index)
		}
	}
}

// how says in which way a decision was taken.
func (c *composer) how(d conference.Decision) [][2]string {
	for _, q := range c.s.Results(d.Meeting) {
		if q.Kind == "proposal" && q.Thing == string(d.Proposal) && q.Outcome == "carried" {
			r := ResultOf(q.Result, c.l)
			return [][2]string{{"paper.method", c.word("wall.method", q.Method)}, {"page.outcome", together(". ", r.Outcome, r.Votes)}, {"paper.working", r.Working}, {"field.rule", r.Rule}, {"votes.heading", c.sides(q)}}
		}
	}
	for _, h := range caused[conference.SilenceHeld](c.passages()) {
		if h.index == d.Index {
			return [][2]string{{"paper.method", c.l.Say("public.draft.silence")}, {"page.outcome", c.l.Say("event.SilenceHeld")}}
		}
	}
	return nil
}

// text prints a text that is at hand, paragraph by paragraph. Whether it is the one meant its digest says.
func (c *composer) text(d record.Digest) {
	text, ok := c.at(d)
	if !ok {
		return
	}
	for _, p := range text.Paragraphs {
		c.add(printed(p))
	}
}

// printed is a paragraph as it stands on paper: behind its number, its first words slanted as they were written.
func printed(p drafting.Paragraph) pdf.Paragraph {
	var runs []pdf.Run
	if p.Number != "" {
		runs = append(runs, pdf.Run{Text: strings.Repeat("\u2003", p.Level) + p.Number + " "})
	}
	for _, r := range p.Runs {
		runs = append(runs, pdf.Run{Text: r.Text, Italic: r.Emphasis, Bold: p.Kind == drafting.Title || p.Kind == drafting.Heading})
	}
	return pdf.Paragraph{Text: runs, KeepWithNext: p.Kind == drafting.Title || p.Kind == drafting.Heading}
}

// outcomeKinds are the events by which reports tell of what was decided.
var outcomeKinds = []string{"InstrumentSigned", "OrganSeated", "NextMeetingDecided"}

// reportedOutcomes adds what reports say was signed and decided, and says how many such facts there are.
func (c *composer) reportedOutcomes() (n int) {
	for _, f := range c.s.Told(c.id) {
		if f.Event.Reported != nil && slices.Contains(outcomeKinds, f.Kind()) {
			n++
		}
	}
	if n == 0 {
		return 0
	}
	c.heading(2, c.l.Say("page.reported"))
	c.retell(func(f conference.Fact) bool { return slices.Contains(outcomeKinds, f.Kind()) })
	return n
}

// retell adds the sentences in which the communiqué tells facts, each once; where a form is missing in the language, the
// facts in few words.
func (c *composer) retell(which func(conference.Fact) bool) {
	told, err := Communique(c.r, c.id, c.l)
	if err != nil {
		told = &Paper{}
	}
	var said []string
	for _, f := range c.s.Told(c.id) {
		if !which(f) || f.Event.Reported == nil {
			continue
		}
		sentences := told.of(f.Index)
		if len(sentences) == 0 {
			sentences = []Sentence{{Text: c.event(f.Event) + ".", Entries: append([]int64{f.Index}, f.Agree...)}}
		}
		for _, s := range sentences {
			if !slices.Contains(said, s.Text) {
				said = append(said, s.Text)
				c.say(s.Text, s.Entries...)
			}
		}
	}
}

// of are the sentences of a paper that rest on an entry.
func (p *Paper) of(entry int64) (list []Sentence) {
	for _, paragraph := range p.Paragraphs {
		for _, s := range paragraph {
			if slices.Contains(s.Entries, entry) {
				list = append(list, s)
			}
		}
	}
	return list
}

// maxText bounds the texts that are printed.
const maxText = 1 << 20

// at finds a text and takes it apart.
func (c *composer) at(d record.Digest) (drafting.Text, bool) {
	if c.find == nil || d == "" {
		return drafting.Text{}, false
	}
	b, ok := c.find(d)
	if !ok {
		return drafting.Text{}, false
	}
	t, err := drafting.Parse(b)
	return t, err == nil
}
