package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/depositary"
	"kurultai/depositary/treaties"
	"kurultai/language"
	"kurultai/paper"
)

func depositaryCommand() command {
	return command{
		usage: `usage: kurultai depositary check [-working] FOLDER
       kurultai depositary status -data DIR [flags] INSTRUMENT

check reckons the entry into force of every treaty in a folder again (ID.yaml, ID.csv) and prints a line each: name,
published, computed, equal or why not; last how many were checked, were equal, are excepted. A treaty is excepted only
where the folder itself says why it cannot come out equal.

  -working   every step of each reckoning

status tells how an instrument of a record stands on a day: in force or what is missing, who signed, consented, is bound.
INSTRUMENT is its id, or FIRST for the first of the record.

  -data DIR  the record
  -at DAY    as 2027-10-14 (today)
  -lang L    az de en ka kk ky ru tr uz (en)
  -json      for programs

example: kurultai depositary status -data lakes -at 2028-06-01 FIRST
`,
		run: func(ctx context.Context, io streams, args []string) error {
			if len(args) == 0 {
				return errUsage{"check FOLDER or status INSTRUMENT"}
			}
			var o statusOptions
			working := false
			own := flag.NewFlagSet(args[0], flag.ContinueOnError)
			own.SetOutput(discard{})
			switch args[0] {
			case "check":
				own.BoolVar(&working, "working", false, "")
			case "status":
				own.StringVar(&o.dir, "data", "", "")
				own.StringVar(&o.at, "at", time.Now().UTC().Format(time.DateOnly), "")
				own.StringVar(&o.lang, "lang", "en", "")
				own.BoolVar(&o.json, "json", false, "")
			default:
				return errUsage{fmt.Sprintf("%q is neither check nor status", args[0])}
			}
			if err := own.Parse(args[1:]); errors.Is(err, flag.ErrHelp) {
				return err
			} else if err != nil {
				return errUsage{err.Error()}
			}
			switch {
			case own.NArg() != 1:
				return errUsage{args[0] + " takes one " + map[string]string{"check": "FOLDER", "status": "INSTRUMENT"}[args[0]] + ", behind the flags"}
			case args[0] == "check":
				return checkTreaties(io, own.Arg(0), working)
			}
			return o.status(ctx, io, own.Arg(0))
		},
	}
}

// statusOptions are the flags of depositary status.
type statusOptions struct {
	dir, at, lang string
	json          bool
}

func (o statusOptions) status(ctx context.Context, io streams, name string) error {
	l, ok := language.Get(o.lang)
	switch {
	case o.dir == "":
		return errUsage{"-data DIR is needed"}
	case !ok:
		return errUsage{fmt.Sprintf("no language is called %q: az de en ka kk ky ru tr uz", o.lang)}
	}
	if _, err := depositary.ParseDay(o.at); err != nil {
		return errUsage{"-at: " + err.Error()}
	}
	h, v, err := readView(ctx, o.dir)
	if err != nil {
		return err
	}
	defer h.Close()
	s := v.State()
	id := conference.InstrumentID(name)
	if name == "FIRST" {
		id = paper.FirstInstrument(s)
	}
	x, ok := paper.StatusOf(s, id, conference.Date(o.at), l)
	if !ok {
		var known []string
		for _, i := range s.Instruments() {
			known = append(known, string(i.Instrument))
		}
		for _, f := range paper.ReportedInstruments(s) {
			known = append(known, string(f.Body.(*conference.InstrumentSigned).Instrument))
		}
		return hinted{fmt.Errorf("%s holds no instrument %q", o.dir, name), "it holds: " + strings.Join(known, ", ")}
	}
	if o.json {
		out := json.NewEncoder(io.out)
		out.SetEscapeHTML(false)
		out.SetIndent("", " ")
		return out.Encode(x)
	}
	fmt.Fprint(io.out, x.Text(l))
	return nil
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
