package exchange

import (
	"fmt"
	"slices"

	"kurultai/conference"
	"kurultai/rules"
)

// Votes enters answers to a question that were taken on another device. Each is an act of the desk for the party, on
// an instruction the record names, which the party may disown.
//
// Columns: party (id, or a name as notified) and answer (yes, no, abstain, not-participating; also Y, N, A, X).
type Votes struct {
	Desk
	Question    conference.QuestionID
	Instruction string
}

var answers = map[string]rules.Answer{"y": rules.Yes, "n": rules.No, "a": rules.Abstain, "abstention": rules.Abstain, "x": ""}

// Plan makes the acts of a table of votes, or says what is wrong with its rows. X, and a cell left empty, say that the
// party did not vote, and make no act. Without a state only the table itself is looked at.
func (v Votes) Plan(t *Table, s *conference.State) (acts []Planned, problems []Problem) {
	party, answer := t.find("party", "member"), t.find("answer", "vote")
	if party < 0 || answer < 0 {
		return nil, []Problem{{Row: 1, Why: "the columns party and answer are needed", Remedy: "call them so in the first row"}}
	}
	var known map[string]conference.PartyID
	if s != nil {
		known = partiesByName(s)
	}
	seen := map[string]int{}
	for _, r := range t.Rows {
		name, given := r.cell(party), fold(r.cell(answer))
		a, short := answers[given]
		if !short {
			a = rules.Answer(given)
		}
		id, found := known[fold(name)]
		switch key := fold(string(id) + " " + name); {
		case name == "":
			problems = append(problems, Problem{Row: r.Number, Column: t.Columns[party], Why: "is empty", Remedy: "write the id or the name of a party"})
		case seen[key] > 0:
			problems = append(problems, Problem{Row: r.Number, Column: t.Columns[party], Why: fmt.Sprintf("%s stands in row %d too", name, seen[key]), Remedy: "leave one of them"})
		case s != nil && !found:
			problems = append(problems, Problem{Row: r.Number, Column: t.Columns[party], Why: fmt.Sprintf("no party is called %q", name), Remedy: "write its id or its name as notified"})
		case a != "" && !slices.Contains([]rules.Answer{rules.Yes, rules.No, rules.Abstain, rules.NotParticipating}, a):
			problems = append(problems, Problem{Row: r.Number, Column: t.Columns[answer], Why: fmt.Sprintf("%q is no answer", given), Remedy: "yes, no, abstain or not-participating; Y, N, A or X"})
		default:
			if seen[key] = r.Number; a != "" && s != nil {
				acts = append(acts, Planned{r.Number, v.act(r.Number, 0, "Answer", id, conference.Answer{Question: v.Question, Answer: string(a), Instruction: v.Instruction})})
			}
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return acts, nil
}
