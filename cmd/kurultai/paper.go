package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"

	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/pdf"
)

func paperCommand() command {
	var dir, lang, meeting, out string
	var list strings.Builder
	for _, k := range paper.Kinds() {
		fmt.Fprintf(&list, "  %-12s %s\n", k.Name, k.Help)
	}
	return command{
		usage: `usage: kurultai paper -data DIR -o FILE [flags] PAPER

Sets a paper from the record alone, as a tagged PDF (PDF/A-3a, PDF/UA-1): the same record, the same bytes.

` + list.String() + `
  -data DIR     the record
  -o FILE       where to write it
  -lang L       az de en ka kk ky ru tr uz (en)
  -meeting ID   of which meeting (the newest)

example: kurultai paper -data baku -lang az -o communique.pdf communique
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&dir, "data", "", "")
			f.StringVar(&out, "o", "", "")
			f.StringVar(&lang, "lang", "en", "")
			f.StringVar(&meeting, "meeting", "", "")
		},
		run: func(ctx context.Context, io streams, args []string) error {
			l, ok := language.Get(lang)
			switch {
			case dir == "" || out == "" || len(args) == 0:
				return errUsage{"-data DIR, -o FILE and the name of a paper are needed"}
			case !ok:
				return errUsage{fmt.Sprintf("no language is called %q: az de en ka kk ky ru tr uz", lang)}
			}
			kind, err := kindNamed(args[0])
			if err != nil {
				return err
			}
			h, err := openToRead(dir)
			if err != nil {
				return err
			}
			defer h.Close()
			v, err := h.view(ctx)
			if err != nil {
				return err
			}
			id, err := meetingNamed(v.State(), meeting)
			if err != nil {
				return err
			}
			d, err := kind.Build(v, paper.Wish{Language: l, Meeting: id, Args: args[1:]})
			if err != nil {
				return err
			}
			b, err := pdf.Set(d, pdf.Treaty())
			if err != nil {
				return err
			}
			return os.WriteFile(out, b, 0o644)
		},
	}
}

// kindNamed finds a paper by its name.
func kindNamed(name string) (paper.Kind, error) {
	var names []string
	for _, k := range paper.Kinds() {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	return paper.Kind{}, errUsage{fmt.Sprintf("no paper is called %q: %s", name, strings.Join(names, ", "))}
}
