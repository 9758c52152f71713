package main

import (
	"context"
	"flag"
	"fmt"

	"kurultai/language"
	"kurultai/paper"
)

func communiqueCommand() command {
	var dir, lang, meeting, format string
	var trace, strict bool
	return command{
		usage: `usage: kurultai communique -data DIR [flags]

Tells a meeting from its record alone, in whole sentences.

  -data DIR     the record
  -lang L       az de en ka kk ky ru tr uz (en)
  -meeting ID   which meeting (the newest)
  -format F     text, markdown or html (text)
  -trace        a sentence a line, behind it in square brackets the entries it came from; then the forms no speaker has read
  -strict       refuse forms that no speaker of the language has read

example: kurultai communique -data baku -lang ka -trace
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&dir, "data", "", "")
			f.StringVar(&lang, "lang", "en", "")
			f.StringVar(&meeting, "meeting", "", "")
			f.StringVar(&format, "format", "text", "")
			f.BoolVar(&trace, "trace", false, "")
			f.BoolVar(&strict, "strict", false, "")
		},
		run: func(ctx context.Context, io streams, args []string) error {
			l, ok := language.Get(lang)
			switch {
			case dir == "" || len(args) > 0:
				return errUsage{"-data DIR is needed and nothing behind the flags"}
			case !ok:
				return errUsage{fmt.Sprintf("no language is called %q: az de en ka kk ky ru tr uz", lang)}
			case format != "text" && format != "markdown" && format != "html":
				return errUsage{fmt.Sprintf("no format is called %q: text, markdown or html", format)}
			case trace && format != "text":
				return errUsage{"-trace is for text"}
			}
			h, v, err := readView(ctx, dir)
			if err != nil {
				return err
			}
			defer h.Close()
			id, err := meetingNamed(v.State(), meeting)
			if err != nil {
				return err
			}
			c, err := paper.Communique(v, id, l)
			if err != nil {
				return err
			}
			if unread := c.Unread(); strict && len(unread) > 0 {
				return hinted{fmt.Errorf("%s: %d forms no speaker has read, the first: %s", lang, len(unread), unread[0]), "have a speaker read language/" + lang + " and mark them sure, or leave -strict out"}
			}
			out := map[string]func() string{"text": c.Text, "markdown": c.Markdown, "html": c.HTML}[format]
			if trace {
				out = c.Trace
			}
			fmt.Fprintln(io.out, out())
			return nil
		},
	}
}
