package paper

import (
	"fmt"
	"slices"
	"strings"

	"kurultai/paper/pdf"
)

// Blank sheets are what a desk prints for the day the network dies. Each has a number, and what is entered from it names
// that number as the instruction.

const box = "☐"

// sheetNumber is the number of a blank sheet: the meeting, its kind, the size of the record.
func (c *composer) sheetNumber(kind string) string {
	return fmt.Sprintf("%s-%s-%d", strings.ToUpper(string(c.id)), kind, c.s.Size)
}

// sheetHead is the number of a sheet and the question before the meeting, or a line to write it on.
func (c *composer) sheetHead(kind string) {
	c.add(pdf.Paragraph{Text: []pdf.Run{{Text: c.l.Say("desk.sheetno") + ": "}, {Text: c.sheetNumber(kind), Bold: true}}})
}

// question is what is put to the meeting now, "" where nothing is.
func (c *composer) question() string {
	if q, ok := c.s.Pending(c.id); ok {
		return c.asked(q)
	}
	return ""
}

// toWrite is a label with what is known, or with a line to write on.
func (c *composer) toWrite(key, known string) []pdf.Block {
	label := pdf.Paragraph{Text: pdf.Text(together(": ", c.l.Say(key), known)), KeepWithNext: true}
	if known != "" {
		return []pdf.Block{label}
	}
	return []pdf.Block{label, pdf.Rule{}}
}

// blankRollCall has every member and room for its answer.
func (c *composer) blankRollCall() error {
	order := c.members()
	if q, ok := c.s.Pending(c.id); ok && len(q.Order) > 0 {
		order = q.Order
	}
	if len(order) == 0 {
		return &Refusal{Key: "paper.nobody"}
	}
	c.sheetHead("R")
	c.add(c.toWrite("desk.question", c.question())...)
	t := pdf.Table{RowHeads: false, Columns: []pdf.Column{{Weight: 2, Align: pdf.Right}, {Weight: 8}, {Weight: 4, Align: pdf.Centre}, {Weight: 4, Align: pdf.Centre}, {Weight: 4, Align: pdf.Centre}, {Weight: 4, Align: pdf.Centre}}}
	t.Head = [][]pdf.Cell{cellsOf([]string{c.l.Say("paper.no"), c.l.Say("page.party"), c.l.Say("answer.yes"), c.l.Say("answer.no"), c.l.Say("answer.abstain"), c.l.Say("page.absent")})}
	for n, id := range order {
		t.Rows = append(t.Rows, cellsOf([]string{fmt.Sprint(n + 1), c.party(id), box, box, box, box}))
	}
	c.add(t)
	c.signed("desk.signed")
	return nil
}

// blankLines is how many empty lines a sheet of speakers has: a page is full.
const blankLines = 20

// blankSpeakers is the list as it stands, and room for more.
func (c *composer) blankSpeakers() error {
	c.sheetHead("S")
	t := pdf.Table{Columns: []pdf.Column{{Weight: 2, Align: pdf.Right}, {Weight: 8}, {Weight: 8}, {Weight: 3}, {Weight: 3}}}
	t.Head = [][]pdf.Cell{cellsOf([]string{c.l.Say("paper.no"), c.l.Say("page.party"), c.l.Say("page.person"), c.l.Say("desk.from"), c.l.Say("desk.to")})}
	for n, q := range c.s.SpeakersList(c.id) {
		t.Rows = append(t.Rows, cellsOf([]string{fmt.Sprint(n + 1), c.party(q.Party), c.person(q.Person), "", ""}))
	}
	for n := len(t.Rows); n < blankLines; n++ {
		t.Rows = append(t.Rows, cellsOf([]string{fmt.Sprint(n + 1), "", "", "", ""}))
	}
	c.add(t)
	c.signed("desk.signed")
	return nil
}

// blankBallot are ballot papers to be cut, one a member: with the candidates of an election where one is named or open, else
// with yes, no and abstaining.
func (c *composer) blankBallot() error {
	members := c.members()
	if len(members) == 0 {
		return &Refusal{Key: "paper.nobody"}
	}
	title, known, choices, err := c.choices()
	if err != nil {
		return err
	}
	c.alone()
	high := []pdf.Length{58, 120, 246}
	at := min((len(choices)-1)/5, len(high)-1)
	cards := pdf.Cards{Columns: 2, Height: high[at] * pdf.Millimetre, Gap: 5 * pdf.Millimetre, Framed: true}
	for range members {
		card := append([]pdf.Block{centred(together(" · ", c.l.Say("public.nth", Roman(c.m.Ordinal)), c.sheetNumber("B")), 0, true, false)}, c.toWrite(title, known)...)
		for _, choice := range choices {
			card = append(card, pdf.Paragraph{Text: pdf.Text(box + " " + choice), Align: pdf.Left})
		}
		cards.Cards = append(cards.Cards, card)
	}
	c.add(cards, pdf.Note{Text: pdf.Text(c.l.Say("desk.tellers"))})
	return nil
}

// choices are what a ballot paper asks and offers.
func (c *composer) choices() (title, known string, choices []string, err error) {
	for _, e := range c.s.Elections(c.id) {
		if len(c.args) > 0 && string(e.ID) != c.args[0] || len(c.args) == 0 && (e.Ballot == 0 || len(e.Elected) > 0) {
			continue
		}
		for _, x := range e.Candidates {
			if !x.Withdrawn {
				choices = append(choices, c.candidate(e.ID, x.ID))
			}
		}
		slices.SortFunc(choices, c.l.Compare)
		return "field.election", c.term(e.Office), choices, nil
	}
	if len(c.args) > 0 {
		return "", "", nil, unknown(c.args[0])
	}
	return "desk.question", c.question(), []string{c.l.Say("answer.yes"), c.l.Say("answer.no"), c.l.Say("answer.abstain")}, nil
}
