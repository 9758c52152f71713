package paper

import (
	"fmt"
	"strings"

	"kurultai/conference"
	"kurultai/language"
)

// A Result is what a meeting decided, and why: each part by itself.
type Result struct {
	Outcome string // Carried
	Votes   string // 6 in favour, 3 against, 1 abstaining; "" of consensus
	Working string // votes cast: 6 of 9; needed 6
	Rule    string // two-thirds, rule 83
}

// ResultOf puts a result into words.
func ResultOf(r *conference.ResultAnnounced, l *language.Language) Result {
	out := Result{Outcome: l.Say("outcome." + r.Outcome), Rule: r.Majority + ", " + r.Rule}
	if r.Vetoed {
		out.Outcome += ". " + l.Say("outcome.vetoed")
	}
	if r.Majority != "consensus" {
		out.Votes = l.Say("result", fmt.Sprint(r.Yes), fmt.Sprint(r.No), fmt.Sprint(r.Abstaining))
	}
	var steps []string
	for _, w := range r.Working {
		base := l.Say("base." + w.Of)
		if w.Class != "" {
			base += " (" + w.Class + ")"
		}
		steps = append(steps, l.Say("working", base, fmt.Sprint(w.Have), fmt.Sprint(w.Base), fmt.Sprint(w.Needed)))
	}
	out.Working = strings.Join(steps, "; ")
	return out
}

// String is a result on one line.
func (r Result) String() string {
	var parts []string
	for _, p := range []string{r.Outcome, r.Votes, r.Working, r.Rule} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " · ")
}
