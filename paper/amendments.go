package paper

import (
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/drafting"
	"kurultai/paper/pdf"
)

// amendments are those submitted at the meeting, draft by draft, or those to the draft whose symbol is given: who moved
// what, what became of it, and what it strikes out and puts in.
func (c *composer) amendments() error {
	found, shown := len(c.args) == 0, 0
	for _, p := range c.s.Proposals(c.id) {
		if len(c.args) > 0 && c.args[0] != string(p.Symbol) && c.args[0] != string(p.ID) {
			continue
		}
		found = true
		list := c.s.AmendmentsTo(p.ID)
		if len(list) == 0 {
			continue
		}
		if shown == 0 {
			c.add(pdf.Paragraph{Text: c.legend(), Small: true})
		}
		shown += len(list)
		c.heading(2, together(". ", c.l.Say("thing.proposal")+" "+string(p.Symbol), c.parties(p.Sponsors)))
		for _, a := range c.put(p, list) {
			c.change(p, a)
		}
	}
	switch {
	case !found:
		return unknown(c.args[0])
	case shown == 0:
		c.calm("paper.noamendments")
	}
	return nil
}

// put is amendments in the order in which the Chair put them, the others behind.
func (c *composer) put(p conference.Proposal, list []conference.Amendment) []conference.Amendment {
	rank := func(a conference.Amendment) int {
		if i := slices.Index(p.Order, a.ID); i >= 0 {
			return i
		}
		return len(p.Order)
	}
	slices.SortStableFunc(list, func(a, b conference.Amendment) int { return rank(a) - rank(b) })
	return list
}

// change is one amendment.
func (c *composer) change(p conference.Proposal, a conference.Amendment) {
	c.heading(3, together(", ", c.l.Say("thing.amendment")+" "+a.Paragraph, c.party(a.Party)))
	state := map[string]string{"submitted": "public.draft.open", "accepted": "public.accepted", "adopted": "public.adopted", "rejected": "public.draft.rejected", "fallen": "public.fallen"}[a.State]
	rows := [][2]string{{"paper.operation", c.word("paper.operation", a.Operation)}, {"public.state", c.l.Say(state)}}
	for _, q := range c.s.Results(c.id) {
		if q.Kind == "amendment" && q.Thing == string(a.ID) {
			r := ResultOf(q.Result, c.l)
			rows = append(rows, [2]string{"page.outcome", together(". ", r.Outcome, r.Votes)}, [2]string{"votes.heading", c.sides(q)})
		}
	}
	rows = append(rows, [2]string{"page.digest", string(a.Text)})
	c.facts([]int64{a.Index}, rows)
	c.tracked(p, a)
}

// tracked prints the paragraph with what the amendment strikes out and puts in. Where the texts are not at hand it says so;
// where only the new words are, it prints those.
func (c *composer) tracked(p conference.Proposal, a conference.Amendment) {
	base, hasBase := c.base(p, a)
	words, hasWords := c.at(a.Text)
	if !hasWords && a.Operation != "delete" || !hasBase && a.Operation != "insert" && !hasWords {
		c.add(pdf.Note{Text: pdf.Text(c.l.Say("paper.notext"))})
		return
	}
	var added []string
	for _, p := range words.Paragraphs {
		added = append(added, p.Words())
	}
	old := base.Words()
	if a.Operation == "insert" {
		if hasBase {
			c.add(pdf.Paragraph{Text: pdf.Text(base.Numbered()), KeepWithNext: true})
		}
		old, base.Number = "", ""
	}
	runs := trackedRuns(old, strings.Join(added, " "))
	if base.Number != "" {
		runs = append([]pdf.Run{{Text: base.Number + " "}}, runs...)
	}
	c.add(pdf.Paragraph{Text: runs, Align: pdf.Left})
}

// base is the paragraph an amendment is about, in the text of the draft as it was submitted or as it stands.
func (c *composer) base(p conference.Proposal, a conference.Amendment) (drafting.Paragraph, bool) {
	digests := []conference.Proposal{p}
	for _, h := range caused[conference.ProposalSubmitted](c.passages()) {
		if h.it.Proposal == p.ID {
			digests = append(digests, conference.Proposal{Text: h.it.Text})
		}
	}
	for _, d := range slices.Backward(digests) {
		t, _ := c.at(d.Text)
		if x, ok := t.Paragraph(a.Paragraph); ok {
			return x, true
		}
	}
	return drafting.Paragraph{}, false
}

// The signs that say without line or weight what is struck out and what is put in.
const (
	struckOpen, struckClose = "[−", "−]"
	addedOpen, addedClose   = "[+", "+]"
)

func struck(s string) pdf.Run { return pdf.Run{Text: struckOpen + s + struckClose, Struck: true} }

func added(s string) pdf.Run {
	return pdf.Run{Text: addedOpen + s + addedClose, Underlined: true, Bold: true}
}

// legend says what the marks mean.
func (c *composer) legend() []pdf.Run {
	return []pdf.Run{struck(c.l.Say("paper.struck")), {Text: " "}, added(c.l.Say("paper.added"))}
}

// trackedRuns are the words of a text with what was taken from the old and what the new one brought.
func trackedRuns(old, new string) (runs []pdf.Run) {
	for _, p := range drafting.Words(strings.Fields(old), strings.Fields(new)) {
		if len(runs) > 0 {
			runs = append(runs, pdf.Run{Text: " "})
		}
		words := strings.Join(p.Words, " ")
		switch p.Kind {
		case drafting.Taken:
			runs = append(runs, struck(words))
		case drafting.Added:
			runs = append(runs, added(words))
		default:
			runs = append(runs, pdf.Run{Text: words})
		}
	}
	return runs
}
