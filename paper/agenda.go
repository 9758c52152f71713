package paper

import (
	"slices"

	"kurultai/conference"
	"kurultai/paper/pdf"
)

// agenda is the agenda as adopted; before that it says that it is provisional.
func (c *composer) agenda() error {
	items, adopted := c.s.Agenda(c.id)
	if len(items) == 0 {
		c.calm("paper.noagenda")
		return nil
	}
	c.standing(adopted)
	list := pdf.List{}
	for n, i := range items {
		title := c.tell(c.named(i.Title, string(i.ID)), i.Index)
		list.Items = append(list.Items, pdf.Item{Label: item(n + 1), Blocks: []pdf.Block{pdf.Paragraph{Text: pdf.Text(title)}}})
	}
	c.add(list)
	return nil
}

// standing says whether the agenda is adopted.
func (c *composer) standing(adopted bool) {
	key := "paper.provisional"
	if adopted {
		key = "paper.adopted"
	}
	c.add(pdf.Paragraph{Text: []pdf.Run{{Text: c.l.Say(key), Italic: true}}, KeepWithNext: true})
}

// annotated is the agenda with what each item is about: who proposed it, its explanatory note, the papers and drafts
// before the meeting under it.
func (c *composer) annotated() error {
	items, adopted := c.s.Agenda(c.id)
	if len(items) == 0 {
		c.calm("paper.noagenda")
		return nil
	}
	c.standing(adopted)
	proposed := map[conference.ItemID]happening[conference.ItemProposed]{}
	for _, h := range caused[conference.ItemProposed](c.passages()) {
		proposed[h.it.Item] = h
	}
	for n, i := range items {
		c.heading(2, item(n+1)+" "+c.tell(c.named(i.Title, string(i.ID)), i.Index))
		if h, ok := proposed[i.ID]; ok {
			by := c.l.Say("paper.secretariat")
			if i.Party != "" {
				by = c.party(i.Party)
			}
			c.say(c.l.Say("paper.proposedby", by), h.index)
			if h.it.Note != "" {
				c.say(c.l.Say("paper.note", string(h.it.Note)), h.index)
			}
		}
		c.before(i)
	}
	return nil
}

// before lists the papers before the meeting under an item: those registered under it, and the drafts submitted.
func (c *composer) before(i conference.Item) {
	g := c.grid([]int{5, 6, 6}, c.l.Say("paper.symbol"), c.l.Say("paper.document"), c.l.Say("paper.submittedby"))
	var listed []conference.Symbol
	for _, p := range c.s.Proposals(c.id) {
		if p.Item == i.ID {
			listed = append(listed, p.Symbol)
			g.row([]int64{p.Made}, string(p.Symbol), c.l.Say("thing.proposal"), c.parties(p.Sponsors))
		}
	}
	for _, d := range c.s.Documents(c.id, c.r.Reader()) {
		if d.Item == i.ID && !slices.Contains(listed, d.Symbol) {
			g.row([]int64{d.Made}, string(d.Symbol), c.kindOf(d), c.submitter(d))
		}
	}
	g.put("paper.nopaperofitem")
}

// documents is the list of the meeting's documents that the reader may read.
func (c *composer) documents() error {
	g := c.grid([]int{6, 4, 6, 4}, c.l.Say("paper.symbol"), c.l.Say("paper.document"), c.l.Say("paper.submittedby"), c.l.Say("page.languages"))
	for _, d := range c.s.Documents(c.id, c.r.Reader()) {
		symbol := string(d.Symbol)
		switch {
		case d.Withdrawn:
			symbol += " (" + c.l.Say("public.draft.withdrawn") + ")"
		case d.Successor != "":
			symbol += " (" + c.l.Say("public.replaced", string(d.Successor)) + ")"
		}
		var languages []string
		for _, v := range d.Versions {
			languages = append(languages, string(v.Language))
		}
		slices.Sort(languages)
		g.row([]int64{d.Made}, symbol, c.kindOf(d), c.submitter(d), together(" ", languages...))
	}
	g.put("paper.nodocuments")
	return nil
}

// kindOf says what kind of document it is.
func (c *composer) kindOf(d conference.Document) string {
	if text := "public.kind." + string(d.Type); c.l.Has(text) {
		return c.l.Say(text)
	}
	return c.term(d.Type)
}

// submitter is who put a document in: a party, those whose draft it is, else the secretariat.
func (c *composer) submitter(d conference.Document) string {
	if d.Party != "" {
		return c.party(d.Party)
	}
	for _, p := range c.s.Proposals(c.id) {
		if p.Symbol == d.Symbol {
			return c.parties(p.Sponsors)
		}
	}
	return c.l.Say("paper.secretariat")
}
