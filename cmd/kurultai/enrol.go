package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"time"

	"rsc.io/qr"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/passkey"
	"kurultai/web"
)

func enrolCommand() command {
	var t terminal
	var to string
	var lasts time.Duration
	return command{
		usage: `usage: kurultai enrol -data DIR [-as OFFICER | -key FILE] PERSON

Makes a link with which a person enrols a passkey: it works once. The address is printed, and its QR code beside it.
DIR must not be served meanwhile; who is signed in as an officer makes links on the page of enrolments.

  -data DIR        the record
  -key FILE        the key of the officer who makes it
  -as OFFICER      the officer, where links need no attestation; the first secretary, without this flag
  -to FILE         no link: draw a key for the terminal, keep it in the new FILE, and enrol it at once
  -lasts D         how long the link stays open, as 48h (168h)
  -json            for machines
  -tripwire FILE   where the last checkpoint is kept, outside DIR

example: kurultai enrol -data body 9c0f2b3bd57a4b0e8a6a1e2d4c5b6a79
`,
		flags: func(f *flag.FlagSet) {
			t.common(f)
			f.StringVar(&t.by, "as", "", "")
			f.StringVar(&to, "to", "", "")
			f.DurationVar(&lasts, "lasts", 7*24*time.Hour, "")
		},
		run: func(ctx context.Context, io streams, args []string) error {
			if t.dir == "" || len(args) != 1 || t.key != "" && t.by != "" {
				return errUsage{"-data DIR and a PERSON are needed, and one officer at most"}
			}
			return t.open(ctx, func(h *house) error {
				token, until, err := t.link(ctx, h, args[0], lasts)
				if err != nil {
					return err
				}
				if to != "" {
					return t.enrolKey(ctx, io, h, args[0], token, to)
				}
				return t.tellLink(io, h, args[0], token, until)
			})
		},
	}
}

// link makes a link for a person and returns its token.
func (t *terminal) link(ctx context.Context, h *house, person string, lasts time.Duration) (token string, until record.Instant, err error) {
	if officers := h.s.View().State().Holders(conference.Secretary); t.by == "" && t.key == "" && len(officers) > 0 {
		t.by = string(officers[0].Person)
	}
	token, digest := web.NewLink()
	until = h.s.Now() + record.Instant(lasts.Milliseconds())
	fields, err := fieldsOf(conference.InviteToEnrol{Person: conference.PersonID(person), Link: digest, Until: until})
	if err != nil {
		return "", 0, err
	}
	_, err = t.submit(ctx, h, "InviteToEnrol", fields)
	return token, until, err
}

func fieldsOf(fields any) (canonical.Value, error) {
	return canonical.Parse(string(canonical.Encode(nil, fields)))
}

// enrolKey uses a link at once, with a key that stays in a file.
func (t *terminal) enrolKey(ctx context.Context, io streams, h *house, person, token, file string) error {
	key, err := passkey.New(rand.Reader)
	if err != nil {
		return err
	}
	if err := key.Save(file); err != nil {
		return hinted{fmt.Errorf("keeping the key: %w", err), "name a new file with -to"}
	}
	fields, err := fieldsOf(conference.EnrolPasskey{Credential: key.Credential(), Key: key.Public(), Link: token})
	if err != nil {
		return err
	}
	self := terminal{dir: t.dir, by: person, as: string(conference.Myself), asJSON: t.asJSON}
	receipt, err := self.submit(ctx, h, "EnrolPasskey", fields)
	if err != nil {
		return err
	}
	return t.tell(io, "EnrolPasskey", receipt.Index, receipt.At.String(), kindsOf(receipt.Events))
}

// tellLink prints the address of a link, and its code where people look.
func (t *terminal) tellLink(io streams, h *house, person, token string, until record.Instant) error {
	origin := "http://localhost:8080"
	if at := h.s.View().State().SignInAt(); len(at.Origins) > 0 {
		origin = at.Origins[0]
	}
	link := origin + "/en/enrol/" + token
	if t.asJSON {
		return json.NewEncoder(io.out).Encode(map[string]any{"person": person, "link": link, "until": until.String()})
	}
	fmt.Fprintln(io.out, link)
	fmt.Fprintf(io.talk, "%sopen until %s, once\n", blocks(link), until)
	return nil
}

// blocks draws a QR code in half blocks, dark on light, with the quiet zone of four modules (ISO/IEC 18004).
func blocks(text string) string {
	c, err := qr.Encode(text, qr.L)
	if err != nil {
		return ""
	}
	var out strings.Builder
	for y := -4; y < c.Size+4; y += 2 {
		for x := -4; x < c.Size+4; x++ {
			light := 0
			if !c.Black(x, y) {
				light |= 1
			}
			if !c.Black(x, y+1) {
				light |= 2
			}
			out.WriteString([]string{" ", "▀", "▄", "█"}[light])
		}
		out.WriteByte('\n')
	}
	return out.String()
}
