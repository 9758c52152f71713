package treaties

import (
	"fmt"
	"slices"
	"strings"

	"kurultai/depositary"
)

// A Line is what came of one treaty.
type Line struct {
	Treaty
	Answer depositary.Answer
	Equal  bool
	Why    string // why not equal, or what else is to be said
}

// Computed is the reckoned day, or "not in force".
func (l Line) Computed() string {
	if !l.Answer.Settled {
		return "not in force"
	}
	return l.Answer.Enters.String()
}

// PublishedDay is the published day, or "not in force".
func (l Line) PublishedDay() string {
	if l.Published == nil {
		return "not in force"
	}
	return l.Published.String()
}

// Excepted reports whether the data themselves name the treaty with the cause for which it is not equal.
func (l Line) Excepted() bool { return !l.Equal && l.Defect != "" }

// Check reckons every treaty of a folder again.
func Check(folder string) (lines []Line, err error) {
	list, err := Read(folder)
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		lines = append(lines, t.Check())
	}
	return lines, nil
}

// Check reckons a treaty's entry into force, and that for each party where the data have it.
func (t Treaty) Check() Line {
	l := Line{Treaty: t, Answer: t.Clause.Reckon(t.Facts, t.AsOf)}
	switch {
	case !l.Answer.Settled && t.Published == nil:
		l.Equal, l.Why = t.missing(l.Answer)
	case !l.Answer.Settled:
		l.Why = "computed none: " + Lacking(l.Answer)
	case t.Published == nil || l.Answer.Enters != *t.Published:
		l.Why = "computed another day"
	case t.Trigger != 0 && l.Answer.Decided != t.Trigger:
		l.Why = fmt.Sprintf("decided on %s, not on %s", l.Answer.Decided, t.Trigger)
	default:
		l.Equal, l.Why = t.effects(l.Answer)
	}
	if l.Equal && t.Defect != "" {
		l.Equal, l.Why, l.Defect = false, "agrees, and the data say that it does not", ""
	}
	if l.Equal && len(t.Dissolved) > 0 {
		l.Why = "with the deposits of " + strings.Join(t.Dissolved, ", ")
	}
	return l
}

// missing compares who is missing with who is said to be.
func (t Treaty) missing(a depositary.Answer) (bool, string) {
	var names []string
	for _, s := range a.Missing() {
		names = append(names, s.Missing...)
	}
	slices.Sort(names)
	if want := slices.Sorted(slices.Values(t.Missing)); !slices.Equal(names, want) {
		return false, fmt.Sprintf("%d are missing and not the %d named: %s", len(names), len(want), strings.Join(names, ", "))
	}
	return true, fmt.Sprintf("the %d missing are those named: %s", len(names), strings.Join(names, ", "))
}

// effects compares the days from which parties are bound.
func (t Treaty) effects(a depositary.Answer) (bool, string) {
	if len(t.Effects) == 0 {
		return true, ""
	}
	for _, e := range t.Effects {
		spans := a.Bound(e.Party)
		if len(spans) == 0 || spans[len(spans)-1].From != e.Day {
			return false, fmt.Sprintf("%s is bound from %s, computed %v", e.Party, e.Day, spans)
		}
	}
	return true, fmt.Sprintf("and %d parties to the day", len(t.Effects))
}

// Lacking says what is missing, in a few words.
func Lacking(a depositary.Answer) string {
	var words []string
	for _, s := range a.Missing() {
		switch {
		case len(s.Missing) > 0:
			words = append(words, "consent of "+strings.Join(s.Missing, ", "))
		case s.What == depositary.StepShare:
			words = append(words, fmt.Sprintf("%d more of %s", s.Lacks(), s.Of))
		case s.What == depositary.StepDate:
			words = append(words, "the day "+s.From.String())
		default:
			words = append(words, fmt.Sprintf("%s: %d more", s.What, s.Lacks()))
		}
	}
	return strings.Join(words, "; ")
}
