package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"kurultai/depositary"
	"kurultai/depositary/treaties"
)

func depositaryCommand() command {
	var working bool
	return command{
		usage: `usage: kurultai depositary check [-working] FOLDER

Reckons the entry into force of every treaty in a folder again (ID.yaml, ID.csv) and prints a line each: name, published,
computed, equal or why not; last how many were checked, were equal, are excepted. A treaty is excepted only where the
folder itself says why it cannot come out equal.

  -working   every step of each reckoning

example: kurultai depositary check treaties
`,
		flags: func(f *flag.FlagSet) { f.BoolVar(&working, "working", false, "") },
		run: func(ctx context.Context, io streams, args []string) error {
			if len(args) == 0 || args[0] != "check" {
				return errUsage{"check FOLDER"}
			}
			rest := args[1:]
			own := flag.NewFlagSet("check", flag.ContinueOnError)
			own.SetOutput(discard{})
			own.BoolVar(&working, "working", working, "")
			if err := own.Parse(rest); err != nil {
				return errUsage{err.Error()}
			}
			if own.NArg() != 1 {
				return errUsage{"check takes one FOLDER"}
			}
			return checkTreaties(io, own.Arg(0), working)
		},
	}
}

func checkTreaties(io streams, folder string, working bool) error {
	lines, err := treaties.Check(folder)
	if err != nil {
		return hinted{err, "a treaty is two files: ID.yaml with its clause and ID.csv with who did what when"}
	}
	equal, excepted := 0, 0
	for _, l := range lines {
		verdict := "NOT EQUAL"
		switch {
		case l.Equal:
			verdict = "equal"
			equal++
		case l.Excepted():
			verdict = "excepted"
			excepted++
		}
		fmt.Fprintf(io.out, "%s: published %s, computed %s, %s", l.Name, l.PublishedDay(), l.Computed(), verdict)
		for _, why := range []string{l.Why, map[bool]string{true: l.Defect}[l.Excepted()]} {
			if why != "" {
				fmt.Fprintf(io.out, "; %s", why)
			}
		}
		fmt.Fprintln(io.out)
		if working {
			for _, s := range l.Answer.Working {
				fmt.Fprintf(io.out, "    %s\n", stepInWords(s))
			}
		}
	}
	fmt.Fprintf(io.out, "checked %d, equal %d, excepted %d\n", len(lines), equal, excepted)
	if equal+excepted != len(lines) {
		return errSilent
	}
	return nil
}

// stepInWords is a step of the working in English, all who acted on the day named: which of them was the last to be wanted
// is not known.
func stepInWords(s depositary.Step) string {
	says := s.What
	switch s.What {
	case depositary.StepConsents, depositary.StepSignatures, depositary.StepNegotiating, depositary.StepParties, depositary.StepEveryone, depositary.StepSignatories:
		says = fmt.Sprintf("%s: %d of %d", s.What, s.Have, s.Need)
	case depositary.StepShare:
		says = fmt.Sprintf("share %d/%d: %d of %d, %d wanted", s.Share.Num, s.Share.Den, s.Have, s.Total, s.Need)
	case depositary.StepDate:
		says = "the day " + s.From.String()
	case depositary.StepDelay:
		return fmt.Sprintf("%s, from %s: %s", delayInWords(s.Delay), s.From, s.Day)
	case depositary.StepNotBefore:
		return fmt.Sprintf("not before %s: %s", s.From, s.Day)
	case depositary.StepWindow:
		return fmt.Sprintf("not met by %s: this way is closed", s.Day)
	}
	switch {
	case s.Met && len(s.On) > 0:
		return fmt.Sprintf("%s, on %s (%d: %s)", says, s.Day, len(s.On), strings.Join(s.On, ", "))
	case s.Met:
		return fmt.Sprintf("%s, on %s", says, s.Day)
	case len(s.Missing) > 0:
		return fmt.Sprintf("%s, wanted %s", says, strings.Join(s.Missing, ", "))
	}
	return says + ", not met"
}

func delayInWords(d *depositary.Delay) string {
	says := fmt.Sprintf("day %d after", d.Count)
	if d.Unit == depositary.Months {
		says = fmt.Sprintf("%d months after", d.Count)
	}
	switch d.Then {
	case depositary.NextFirst:
		says += ", then the first day of the next month"
	case depositary.ThisFirst:
		says += ", the first day of that month"
	}
	return says
}
