package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/depositary"
	"kurultai/depositary/treaties"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/examine"
)

func depositaryCommand() command {
	o, working := statusOptions{at: time.Now().UTC().Format(time.DateOnly), lang: "en"}, false
	define := func(f *flag.FlagSet) {
		f.BoolVar(&working, "working", working, "")
		f.StringVar(&o.dir, "data", o.dir, "")
		f.StringVar(&o.at, "at", o.at, "")
		f.StringVar(&o.lang, "lang", o.lang, "")
		f.BoolVar(&o.json, "json", o.json, "")
		f.StringVar(&o.out, "o", o.out, "")
		f.StringVar(&o.certificate, "certificate", o.certificate, "")
	}
	return command{
		flags: define,
		usage: `usage: kurultai depositary check [-working] FOLDER
       kurultai depositary status -data DIR [flags] INSTRUMENT
       kurultai depositary copy -data DIR [-lang L] [-certificate FILE] -o FILE INSTRUMENT
       kurultai depositary package -data DIR [-lang L] -o FILE INSTRUMENT

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

copy sets the certified copy of an authentic text (PDF): the text, who signed, what was corrected, the depositary's
certificate and a field for its signature. With -certificate the file has room for that signature: sign make, then sign
embed, fill it; nothing is changed behind it (DocMDP). The finished file goes into the record by the act CertifyCopy.

package writes what registration with the United Nations asks (Charter, Article 102) as one ZIP: the certified copies as
the record holds them, the depositary's statement, the status of each party, all reservations. It is refused before the
instrument is in force.

  -certificate FILE  the depositary's certificate, behind it those between it and the authority it named
  -o FILE            where to write it

example: kurultai depositary status -data lakes -at 2028-06-01 FIRST
`,
		run: func(ctx context.Context, io streams, args []string) error {
			if len(args) == 0 {
				return errUsage{"check FOLDER; status, copy or package INSTRUMENT"}
			}
			if !slices.Contains([]string{"check", "status", "copy", "package"}, args[0]) {
				return errUsage{fmt.Sprintf("%q is none of check, status, copy, package", args[0])}
			}
			own, err := stepFlags(args, define)
			if err != nil {
				return err
			}
			switch {
			case own.NArg() != 1:
				return errUsage{args[0] + " takes one " + map[bool]string{true: "FOLDER", false: "INSTRUMENT"}[args[0] == "check"] + ", behind the flags"}
			case args[0] == "check":
				return checkTreaties(io, own.Arg(0), working)
			}
			if args[0] == "status" {
				return o.status(ctx, io, own.Arg(0))
			}
			return o.paper(ctx, io, args[0], own.Arg(0))
		},
	}
}

// statusOptions are the flags of depositary status, copy and package.
type statusOptions struct {
	dir, at, lang, out, certificate string
	json                            bool
}

// paper writes a certified copy or the package for registration.
func (o statusOptions) paper(ctx context.Context, io streams, what, name string) error {
	l, ok := language.Get(o.lang)
	switch {
	case o.dir == "" || o.out == "":
		return errUsage{"-data DIR and -o FILE are needed"}
	case !ok:
		return errUsage{fmt.Sprintf("no language is called %q: az de en ka kk ky ru tr uz", o.lang)}
	}
	h, v, err := readView(ctx, o.dir)
	if err != nil {
		return err
	}
	defer h.Close()
	id, err := instrumentNamed(v.State(), name)
	if err != nil {
		return err
	}
	if what == "package" {
		b, err := paper.Package(ctx, archive(v), id, l)
		if err != nil {
			return err
		}
		return os.WriteFile(o.out, b, 0o644)
	}
	copied, err := paper.Copy(ctx, archive(v), id, conference.Language(l.Code))
	if err != nil {
		return err
	}
	if o.certificate == "" {
		return os.WriteFile(o.out, copied.Paper.Bytes(), 0o644)
	}
	return o.prepareCopy(ctx, io, archive(v), copied, id)
}

// prepareCopy writes a certified copy with room for the depositary's signature, and says what comes next.
func (o statusOptions) prepareCopy(ctx context.Context, io streams, a paper.Archive, copied *paper.CertifiedCopy, id conference.InstrumentID) error {
	chain, err := readCertificates(o.certificate)
	if err != nil {
		return err
	}
	i, _ := a.State().Instrument(id)
	l, _ := language.Get(o.lang)
	roots, err := authorities(ctx, a, i, l, true)
	if err != nil {
		return err
	}
	if list := examine.Trusted(chain[0], chain, roots, paper.CopyField, time.Now()); len(list) > 0 {
		return hinted{fmt.Errorf("the certificate in %s: %w", o.certificate, list[0]), "name the depositary's authority first (act NameAuthority), or sign with a certificate of the one that is named"}
	}
	prepared, err := copied.Prepare(chain[0])
	if err != nil {
		return err
	}
	if err := os.WriteFile(o.out, copied.Paper.Vacant(prepared), 0o644); err != nil {
		return err
	}
	signature := strings.TrimSuffix(o.out, filepath.Ext(o.out)) + ".p7s"
	fmt.Fprintf(io.out, "prepared field %s of the copy of %s in %s; to be signed: SHA-256 %x\n", prepared.Field(), id, o.lang, prepared.Digest())
	fmt.Fprintf(io.talk, "next: kurultai sign make -certificate %s -key KEY -o %s %s\n", o.certificate, signature, o.out)
	fmt.Fprintf(io.talk, "then: kurultai sign embed -o %s %s %s\n", o.out, o.out, signature)
	fmt.Fprintf(io.talk, "then: kurultai act -data %s -key OFFICER CertifyCopy '{\"instrument\":\"%s\",\"language\":\"%s\",\"copy\":{\"file\":\"%s\"}}'\n", o.dir, id, o.lang, o.out)
	return nil
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
