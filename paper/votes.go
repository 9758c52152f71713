package paper

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kurultai/conference"
)

// asked says what a question was about.
func (c *composer) asked(q conference.Question) string { return c.thing(q.Kind, q.Thing) }

// thing names what was put to the meeting.
func (c *composer) thing(kind, id string) string {
	title := c.word("thing", kind)
	switch kind {
	case "proposal":
		p, _ := c.s.Proposal(conference.ProposalID(id))
		return together(" ", title, cmp.Or(string(p.Symbol), id))
	case "amendment":
		a, p := c.amendment(conference.ProposalID(id))
		return together(": ", title, together(", ", string(p.Symbol), a.Paragraph, c.party(a.Party)))
	case "motion", "appeal":
		m, _ := c.s.Motion(conference.MotionID(id))
		if m.Sort == "" {
			return together(": ", title, c.party(m.Party))
		}
		return together(": ", title, together(", ", c.word("word.motionkind", m.Sort), c.party(m.Party)))
	case "credentials":
		return together(": ", title, c.party(conference.PartyID(id)))
	case "part":
		return together(": ", title, id)
	}
	return title
}

// amendment finds an amendment and the draft it changes.
func (c *composer) amendment(id conference.ProposalID) (conference.Amendment, conference.Proposal) {
	for _, p := range c.s.Proposals(c.id) {
		for _, a := range c.s.AmendmentsTo(p.ID) {
			if a.ID == id {
				return a, p
			}
		}
	}
	return conference.Amendment{ID: id}, conference.Proposal{}
}

// votingRecord is how each question was decided: who answered what, the result, the rule and its working.
func (c *composer) votingRecord() error {
	list := c.s.Results(c.id)
	if len(c.args) > 0 {
		list = slices.DeleteFunc(list, func(q conference.Question) bool { return string(q.ID) != c.args[0] && c.numberOf(q) != c.args[0] })
		if len(list) == 0 {
			return unknown(c.args[0])
		}
	}
	if len(list) == 0 {
		c.calm("paper.novotes")
	}
	for n, q := range list {
		c.heading(2, fmt.Sprintf("%d. %s", n+1, c.asked(q)))
		c.outcome(q)
		c.answers(q)
	}
	return nil
}

// numberOf is the number of the decision that a question carried, "" where it carried none.
func (c *composer) numberOf(q conference.Question) string {
	if q.Kind != "proposal" || q.Outcome != "carried" {
		return ""
	}
	p, _ := c.s.Proposal(conference.ProposalID(q.Thing))
	d, _ := c.s.Decision(p.Decision)
	return d.Number
}

// outcome says how a question was put and what came of it, each part by itself.
func (c *composer) outcome(q conference.Question) {
	r := ResultOf(q.Result, c.l)
	rows := [][2]string{{"paper.method", c.word("wall.method", q.Method)}, {"page.outcome", together(". ", r.Outcome, r.Votes)}, {"paper.working", r.Working}, {"field.rule", r.Rule}}
	if q.Method != "consensus" && len(q.Votes) == 0 {
		rows = append(rows, [2]string{"votes.heading", c.l.Say("paper.withoutnames")})
	}
	if number := c.numberOf(q); number != "" {
		rows = append(rows, [2]string{"votes.decision", number})
	}
	if len(q.Order) > 0 {
		rows = append(rows, [2]string{"paper.drawn", c.party(q.Order[0])})
	}
	if counted, disowned := c.s.ByDesk(q); counted+disowned > 0 {
		rows = append(rows, [2]string{"paper.bydesk", fmt.Sprint(counted)}, [2]string{"paper.disowned", fmt.Sprint(disowned)})
	}
	c.facts([]int64{q.Announced}, rows)
}

// facts is a table of two columns: what is told, and what it is. Rows of nothing are left out.
func (c *composer) facts(entries []int64, rows [][2]string) {
	var known [][2]string
	for _, row := range rows {
		if row[1] != "" {
			known = append(known, [2]string{c.l.Say(row[0]), row[1]})
		}
	}
	c.pairs(entries, known)
}

// answers is a table of who answered what, in the order of the roll call or of the parties; there is none of consensus and of
// a count without names.
func (c *composer) answers(q conference.Question) {
	if q.Method == "consensus" || len(q.Votes) == 0 {
		return
	}
	g := c.grid([]int{6, 4, 4, 4}, c.l.Say("page.party"), c.l.Say("answer.yes"), c.l.Say("answer.no"), c.l.Say("answer.abstain"))
	order := q.Order
	if len(order) == 0 {
		order = c.members()
	}
	for _, v := range q.Votes {
		if !slices.Contains(order, v.Party) {
			order = append(slices.Clone(order), v.Party)
		}
	}
	for _, id := range order {
		g.answer(id, q)
	}
	g.put("")
}

// answer is the row of a party: a cross under its answer, and what it had meant where it said so afterwards.
func (g *grid) answer(id conference.PartyID, q conference.Question) {
	name := g.c.party(id)
	i := slices.IndexFunc(q.Votes, func(v conference.Cast) bool { return v.Party == id })
	if i < 0 {
		g.row(nil, name+" ("+g.c.l.Say("paper.noanswer")+")", "–", "–", "–")
		return
	}
	v := q.Votes[i]
	if v.Intended != "" {
		name += " (" + g.c.l.Say("public.intended", g.c.word("answer", v.Intended)) + ")"
	}
	cells := []string{name, "–", "–", "–"}
	if at := slices.Index([]string{"yes", "no", "abstain"}, string(v.Answer)); at >= 0 {
		cells[at+1] = "×"
	} else {
		cells[0] += " (" + g.c.word("answer", string(v.Answer)) + ")"
	}
	g.row([]int64{v.Index}, cells...)
}

// sides says who answered what, one side after another, as a sentence of a record has it.
func (c *composer) sides(q conference.Question) string {
	var sides []string
	for _, answer := range []string{"yes", "no", "abstain", "not-participating"} {
		var who []conference.PartyID
		for _, v := range q.Votes {
			if string(v.Answer) == answer {
				who = append(who, v.Party)
			}
		}
		if len(who) > 0 {
			sides = append(sides, c.l.Say("answer."+answer)+": "+c.parties(c.ordered(who)))
		}
	}
	return strings.Join(sides, "; ")
}
