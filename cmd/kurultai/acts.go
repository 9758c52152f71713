package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/story"
	"kurultai/web"
)

func actsCommand() command {
	var asJSON bool
	var lang string
	return command{
		usage: `usage: kurultai acts [-lang L] [-json] [ACT]

Lists what can be done: the catalogue of acts. With an ACT, explains that one: who may do it, under which rule, its
fields, what it causes and what may be answered.

  -lang L   az de en ka kk ky ru tr uz (en)
  -json     the catalogue for machines, each act with the JSON Schema of its fields

example: kurultai acts OpenMeeting
`,
		flags: func(f *flag.FlagSet) { f.BoolVar(&asJSON, "json", false, ""); f.StringVar(&lang, "lang", "en", "") },
		run: func(ctx context.Context, io streams, args []string) error {
			l, ok := language.Get(lang)
			if !ok || len(args) > 1 {
				return errUsage{"at most one ACT, and a language of az de en ka kk ky ru tr uz"}
			}
			acts := conference.Catalogue()
			if len(args) == 1 {
				var one []*conference.Act
				for _, a := range acts {
					if a.Name == args[0] {
						one = append(one, a)
					}
				}
				if acts = one; len(acts) == 0 {
					return hinted{fmt.Errorf("no act is called %q", args[0]), "kurultai acts lists them"}
				}
			}
			if asJSON {
				list := make([]web.ActHelp, 0, len(acts))
				for _, a := range acts {
					list = append(list, web.Explain(a, l))
				}
				out := json.NewEncoder(io.out)
				out.SetIndent("", "  ")
				out.SetEscapeHTML(false)
				return out.Encode(list)
			}
			for _, a := range acts {
				if len(args) == 1 {
					fmt.Fprint(io.out, manual(web.Explain(a, l)))
				} else {
					fmt.Fprintf(io.out, "%-22s %s\n", a.Name, l.Say("act."+a.Name))
				}
			}
			return nil
		},
	}
}

// manual is an act as a page of a manual.
func manual(a web.ActHelp) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %s\n\n%s\n\n", a.Name, a.Title, a.Help)
	fmt.Fprintf(&out, "who      %s\n", strings.Join(a.Who, ", "))
	if a.TwoPersons {
		fmt.Fprintf(&out, "         two of them together\n")
	}
	fmt.Fprintf(&out, "rule     %s\n", a.Rule)
	if len(a.Causes) > 0 {
		fmt.Fprintf(&out, "causes   %s\n", strings.Join(a.Causes, ", "))
	}
	if a.Timed {
		fmt.Fprintf(&out, "time     depends on it: waits while the clock is doubtful\n")
	}
	if a.Desk {
		fmt.Fprintf(&out, "desk     a secretary may do it for a party, on an instruction, and attests it\n")
	}
	if a.Attested {
		fmt.Fprintf(&out, "attested each of its persons attests it with a passkey\n")
	}
	if a.Closed {
		fmt.Fprintf(&out, "closed   others see a time and a digest\n")
	}
	if len(a.Fields) > 0 {
		fmt.Fprintf(&out, "\nfields\n")
		for _, f := range a.Fields {
			name := f.Name
			if !f.Required {
				name = "[" + name + "]"
			}
			fmt.Fprintf(&out, "  %-16s %-15s %s\n", name, f.Type, f.Help)
		}
		fmt.Fprintf(&out, "  what stands in brackets may be left out\n")
	}
	if line := example(a.Name); line != "" {
		fmt.Fprintf(&out, "\nexample, from a story that ships\n  %s\n", line)
	}
	if len(a.Notices) > 0 {
		fmt.Fprintf(&out, "\nmay be told besides, though it is taken\n")
		for _, n := range a.Notices {
			fmt.Fprintf(&out, "  %-20s %s\n%23s%s\n", n.Code, n.Sentence, "", n.Remedy)
		}
	}
	fmt.Fprintf(&out, "\nmay be refused\n")
	var common []string
	for _, r := range a.Refusals {
		if r.Common {
			common = append(common, r.Code)
			continue
		}
		fmt.Fprintf(&out, "  %-20s %s\n%23s%s\n", r.Code, r.Sentence, "", r.Remedy)
	}
	fmt.Fprintf(&out, "  and, as any act: %s\n", strings.Join(common, ", "))
	return out.String()
}

// example is a line of a story that ships in which an act is taken.
func example(name string) string {
	for _, shipped := range []string{"training", "baku"} {
		text, _ := story.Shipped(shipped)
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, `"name":"`+name+`"`) && !strings.Contains(line, `"refused"`) && len(line) < 1000 {
				return strings.TrimSpace(line)
			}
		}
	}
	return ""
}
