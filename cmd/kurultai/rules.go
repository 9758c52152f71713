package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"kurultai/rules"
	"kurultai/rules/bodies"
)

func rulesCommand() command {
	var asJSON bool
	return command{
		usage: `usage: kurultai rules [-json] [NAME]       the rules of bodies that are built in, or one of them
       kurultai rules FILE                 check rules of your own; a mistake is told with its line
       kurultai rules check FOLDER         decide every vote in a folder of tables again

A table is known by its name: rollcalls.csv, outcomes.csv, failed_drafts.csv, vetoes.csv, qmv-cases.csv, vectors.json.
The check prints a line for each row that does not agree, and last how many were checked, were equal, are excepted.
A row is excepted only where exceptions.csv (table,id,cause), built in or in FOLDER, names it with its cause.

  -json   rules as a file to begin your own from

example: kurultai rules -json unga > ours.json
`,
		flags: func(f *flag.FlagSet) { f.BoolVar(&asJSON, "json", false, "") },
		run: func(ctx context.Context, io streams, args []string) error {
			switch {
			case len(args) == 2 && args[0] == "check":
				return checkRules(io, args[1])
			case len(args) > 1:
				return errUsage{"one NAME or FILE, or check FOLDER"}
			case len(args) == 0:
				for _, name := range bodies.Names() {
					r, _ := bodies.Get(name)
					fmt.Fprintf(io.out, "%-18s %s (%s)\n", name, r.Name, r.Version)
				}
				return nil
			}
			if text, ok := bodies.Text(args[0]); ok && asJSON {
				_, err := io.out.Write(text)
				return err
			}
			r, err := readRules(args[0])
			if err != nil {
				return err
			}
			fmt.Fprint(io.out, sheet(r))
			return nil
		},
	}
}

// readRules finds rules that are built in, or reads a file of one's own.
func readRules(name string) (*rules.Rules, error) {
	if r, ok := bodies.Get(name); ok {
		return r, nil
	}
	b, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, hinted{fmt.Errorf("no rules are called %q, and no file is", name), "kurultai rules lists those that are built in"}
	} else if err != nil {
		return nil, err
	}
	r, err := bodies.Read(b)
	if err != nil {
		return nil, hinted{fmt.Errorf("%s: %w", name, err), "kurultai rules -json unga shows a file to begin from"}
	}
	return r, nil
}

func checkRules(io streams, folder string) error {
	r, err := bodies.Check(folder)
	if err != nil {
		return err
	}
	for _, row := range r.Excepted {
		fmt.Fprintf(io.out, "excepted  %s\n", row)
	}
	for _, row := range r.Wrong {
		fmt.Fprintf(io.out, "WRONG     %s\n", row)
	}
	fmt.Fprintf(io.out, "checked %d, equal %d, excepted %d\n", r.Checked, r.Equal, len(r.Excepted))
	if r.Equal+len(r.Excepted) != r.Checked || len(r.Wrong) > 0 {
		return errSilent
	}
	return nil
}

// sheet is what rules say, on one page: each number with its rule.
func sheet(r *rules.Rules) string {
	var out strings.Builder
	line := func(what, says, rule string) { fmt.Fprintf(&out, "  %-24s %-52s %s\n", what, says, rule) }
	fmt.Fprintf(&out, "%s, %s\n\n", r.Name, r.Version)
	for _, q := range []struct {
		what string
		q    *rules.Quorum
	}{{"quorum to open", r.QuorumToOpen}, {"quorum to decide", r.QuorumToDecide}} {
		switch {
		case q.q == nil:
		case q.q.Over != nil:
			line(q.what, "more than "+part(q.q.Over)+" of the members", q.q.Rule)
		default:
			line(q.what, part(q.q.AtLeast)+" of the members", q.q.Rule)
		}
	}
	fmt.Fprintf(&out, "\nmajorities\n")
	for _, m := range r.Majorities {
		var tests []string
		for _, t := range m.Tests {
			tests = append(tests, test(t))
		}
		if m.NoVeto != "" {
			tests = append(tests, "nobody of "+m.NoVeto+" against")
		}
		line(m.Name, strings.Join(tests, ", "), m.Rule)
	}
	fmt.Fprintf(&out, "\nquestions\n")
	for _, q := range r.Questions {
		line(q.Kind, q.Majority, q.Rule)
	}
	if len(r.Motions) > 0 {
		fmt.Fprintf(&out, "\nmotions, by precedence\n")
	}
	for _, m := range r.Motions {
		says := "not debated"
		if m.Debated() {
			says = fmt.Sprintf("%d for, %d against", m.For, m.Against)
			if m.MoverBesides {
				says = "the mover, " + says
			}
		}
		rank := " "
		if m.Rank > 0 {
			rank = fmt.Sprint(m.Rank)
		}
		line(rank+" "+m.Kind, says, m.Rule)
	}
	if len(r.Notices)+len(r.Limits) > 0 {
		fmt.Fprintf(&out, "\ntimes\n")
	}
	for _, n := range r.Notices {
		says := length(n.Seconds)
		if n.Waivable {
			says += ", may be waived"
		}
		line(n.Kind, says, n.Rule)
	}
	for _, l := range r.Limits {
		var each []string
		for _, s := range l.Seconds {
			each = append(each, length(s))
		}
		says := strings.Join(each, ", then ")
		if l.Times > 0 {
			says += fmt.Sprintf("; %d times an item", l.Times)
		}
		line("floor: "+l.Kind, says, l.Rule)
	}
	fmt.Fprintf(&out, "\nequal votes: %s; methods: %s\n", r.Tie, strings.Join(r.Methods, ", "))
	return out.String()
}

func part(f *rules.Fraction) string { return fmt.Sprintf("%d/%d", f.Num, f.Den) }

func test(t rules.Test) (says string) {
	switch {
	case t.Over != nil:
		says = "more than " + part(t.Over) + " of " + t.Of
	case t.AtLeast != nil:
		says = part(t.AtLeast) + " of " + t.Of
	}
	if t.Number > 0 {
		says = strings.TrimPrefix(fmt.Sprintf("%s and %d %s", says, t.Number, t.Of), " and ")
	}
	if t.OrBlockersUnder > 0 {
		says += fmt.Sprintf(" (or fewer than %d not in favour)", t.OrBlockersUnder)
	}
	if t.Class != "" {
		says += " of " + t.Class
	}
	return says
}

func length(seconds int64) string {
	switch {
	case seconds%86400 == 0:
		return fmt.Sprintf("%d days", seconds/86400)
	case seconds%3600 == 0:
		return fmt.Sprintf("%d hours", seconds/3600)
	case seconds%60 == 0:
		return fmt.Sprintf("%d minutes", seconds/60)
	}
	return fmt.Sprintf("%d seconds", seconds)
}
