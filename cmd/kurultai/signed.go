package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/examine"
	"kurultai/record"
	"kurultai/secretariat"
)

// archive is a view as papers of instruments are made from.
func archive(v *secretariat.View) paper.Archive {
	return paper.NewArchive(v, func(ctx context.Context, size int64) (*secretariat.View, error) { return v.At(ctx, size) })
}

// instrumentNamed is an instrument by its id, or FIRST for the first of the record.
func instrumentNamed(s *conference.State, name string) (conference.InstrumentID, error) {
	all := s.Instruments()
	if len(all) == 0 {
		return "", errors.New("the record holds no instrument")
	}
	if name != "FIRST" {
		if _, ok := s.Instrument(conference.InstrumentID(name)); !ok {
			return "", fmt.Errorf("the record holds no instrument %q; the first is %s", name, all[0].Instrument)
		}
		return conference.InstrumentID(name), nil
	}
	first := slices.MinFunc(all, func(a, b conference.Instrument) int { return int(a.Begun - b.Begun) })
	return first.Instrument, nil
}

// maxPDF bounds the papers that are examined, as package examine does.
const maxPDF = 64 << 20

// verifyPaper tells in a language who signed a PDF and what came after. With a record all is asked: whether it is the paper
// the record issued, and whose authorities certify. With a file of trust anchors all but that.
func verifyPaper(ctx context.Context, path, dir, roots string, l *language.Language, asJSON bool, out io.Writer) error {
	file, err := readBounded(path, maxPDF)
	if err != nil {
		return err
	}
	var anchors []examine.Root
	var signed *paper.Signing
	var unknown error
	said := l.Say("verify.notasked")
	var v *secretariat.View
	switch {
	case dir != "":
		h, err := openToRead(dir)
		if err != nil {
			return err
		}
		defer h.Close()
		if v, err = h.view(ctx); err != nil {
			return err
		}
		of, issued := paper.IssuedAs(v.State(), file)
		if issued {
			if signed, err = paper.SigningOf(ctx, archive(v), of.Instrument); err != nil {
				return err
			}
		} else {
			of = firstIssued(v.State())
			unknown = errors.New(l.Say("verify.unknown", fmt.Sprintf("%x", sha256.Sum256(file))))
		}
		if anchors, err = authorities(ctx, archive(v), of, l, false); err != nil {
			return err
		}
	case roots != "":
		b, err := readBounded(roots, 1<<20)
		if err != nil {
			return err
		}
		if anchors, err = examine.ReadRoots(b); err != nil {
			return err
		}
	default:
		return hinted{errors.New("no trust anchor given"), "name the record with -data, or a file of certificates with -roots"}
	}
	var by recorded
	if v != nil && unknown == nil {
		if by, err = recordedOf(ctx, v, signed, file, l); err != nil {
			return err
		}
	}
	report, err := examine.ExamineKept(file, anchors, by.when)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %s", path, examine.Unread(err).In(l)), unknown)
	}
	problems := []error{unknown}
	for _, f := range report.Wrong() {
		problems = append(problems, errors.New(f.In(l)))
	}
	if v != nil && unknown == nil {
		said, err = signedAs(signed, file, l)
		problems = append(problems, err)
	} else if v != nil {
		said = ""
	}
	if asJSON {
		if err := json.NewEncoder(out).Encode(reportOf(report, by, l, errors.Join(problems...), said)); err != nil {
			return err
		}
	} else {
		told(out, report, by, l, said)
	}
	return errors.Join(problems...)
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return b, err
}

// firstIssued is the instrument whose paper was issued first: what begins with no paper of the record is held against its
// authorities.
func firstIssued(s *conference.State) (first conference.Instrument) {
	for _, i := range s.Instruments() {
		if i.Paper > 0 && (first.Paper == 0 || i.Paper < first.Paper) {
			first = i
		}
	}
	return first
}

// authorities are the trust anchors that the record names: each party's for its own fields on the paper of an instrument.
// With now, those alone that were not withdrawn.
func authorities(ctx context.Context, v paper.Archive, of conference.Instrument, l *language.Language, now bool) (list []examine.Root, err error) {
	named, err := paper.Authorities(ctx, v)
	for _, a := range named {
		if now && a.Withdrawn > 0 {
			continue
		}
		root := examine.Root{Party: cmp.Or(string(a.Party), l.Say("verify.depositary")), Certificate: a.Certificate, Timestamps: a.Use == conference.ForTime}
		if !root.Timestamps && of.Paper > 0 {
			root.Fields = of.FieldsOf(a.Party)
		}
		list = append(list, root)
	}
	return list, err
}

// signedAs holds a file against its paper in the record: the same signatures, or the first of them.
func signedAs(s *paper.Signing, file []byte, l *language.Language) (string, error) {
	entry, name := fmt.Sprint(s.Instrument.Paper), string(s.Instrument.Instrument)
	more, ok := s.Holds(file)
	switch {
	case !ok:
		return "", errors.New(l.Say("verify.issuedother", entry, name))
	case more > 0:
		return l.Say("verify.issuedmore", entry, name, fmt.Sprint(more)), nil
	}
	return l.Say("verify.issued", entry, name), nil
}

// told says what was found, a line a signature; the last line says what of the record was asked.
func told(out io.Writer, r *examine.Report, by recorded, l *language.Language, said string) {
	for _, s := range r.Signatures {
		who := l.Say("verify.nocertificate")
		if s.Certificate != nil {
			who = s.Certificate.Subject.CommonName
		}
		word := l.Say("verify.holds")
		if len(s.Problems) > 0 {
			word = l.Say("verify.holdsnot")
		}
		fmt.Fprintf(out, "%s  %s\n", s.Field, l.Say("verify.line", who, s.Party, word))
		for _, p := range s.Problems {
			fmt.Fprintf(out, "    %s\n", p.In(l))
		}
		if c, ok := by.signed[s.Field]; ok {
			fmt.Fprintf(out, "    %s\n", c.in(l))
		}
		switch {
		case s.Timestamp:
		case s.When.IsZero():
			fmt.Fprintf(out, "    PAdES B-B; %s\n", l.Say("verify.untimed"))
		default:
			fmt.Fprintf(out, "    PAdES B-T; %s\n", l.Say("verify.when", s.When.UTC().Format(time.RFC3339), s.Clock))
		}
		for _, b := range r.Behind(s) {
			for _, f := range slices.Concat(b.Lawful, b.Refused) {
				fmt.Fprintf(out, "    %s\n", l.Say("verify.after", f.In(l)))
			}
		}
	}
	for _, f := range r.Unsigned {
		fmt.Fprintf(out, "%s  %s\n", f, l.Say("verify.waits"))
	}
	for _, p := range r.Problems {
		fmt.Fprintln(out, l.Say("verify.wrong", p.In(l)))
	}
	for i, b := range r.Revisions {
		for _, f := range b.Refused {
			fmt.Fprintln(out, l.Say("finding.of-revision", fmt.Sprint(i+1), f.In(l)))
		}
	}
	for _, w := range r.Warnings {
		fmt.Fprintln(out, l.Say("verify.mind", w.In(l)))
	}
	for _, todo := range examine.Remedies(slices.Concat(r.Wrong(), r.Warnings), l) {
		fmt.Fprintln(out, l.Say("verify.do", todo))
	}
	if len(by.initialled) > 0 {
		fmt.Fprintln(out, l.Say("paper.initialled", strings.Join(by.initialled, ", ")))
	}
	if said != "" {
		fmt.Fprintln(out, said)
	}
}

// reportOf is a report for machines.
func reportOf(r *examine.Report, by recorded, l *language.Language, err error, said string) map[string]any {
	texts := func(list []examine.Finding) []string {
		out := []string{}
		for _, f := range list {
			out = append(out, f.In(l))
		}
		return out
	}
	var signatures []map[string]any
	for _, s := range r.Signatures {
		x := map[string]any{"field": s.Field, "party": s.Party, "certifies": s.Certifies, "revision": s.Revision, "problems": texts(s.Problems)}
		if s.Certificate != nil {
			x["signer"] = s.Certificate.Subject.String()
		}
		if !s.When.IsZero() {
			x["when"], x["clock"] = s.When.UTC(), s.Clock
		}
		if c, ok := by.signed[s.Field]; ok {
			x["for"], x["entered"], x["at"] = c.party, c.entry, c.at.String()
			if c.mode != "" {
				x["mode"], x["by"] = c.mode, c.right
			}
			if c.confirmed > 0 {
				x["confirmed"] = c.confirmed
			}
		}
		signatures = append(signatures, x)
	}
	m := map[string]any{"ok": err == nil, "signatures": signatures, "unsigned": r.Unsigned, "problems": texts(r.Problems), "warnings": texts(r.Warnings), "record": said}
	if len(by.initialled) > 0 {
		m["initialled"] = by.initialled
	}
	if err != nil {
		m["error"] = err.Error()
	}
	return m
}

// recorded is what the record says of the signatures on a paper.
type recorded struct {
	signed     map[string]capacity // by field
	initialled []string            // parties that initialled the text, by their names
	held       bool                // it holds each signature of the file
}

// when is at what time the certificate in a field is to have been valid: when the record took the signature, which it
// looked at then; where it holds none of the kind, now.
func (r recorded) when(field string) time.Time {
	if c, ok := r.signed[field]; ok && r.held {
		return time.UnixMilli(int64(c.at))
	}
	return time.Now()
}

// A capacity is as what somebody signed, by the record.
type capacity struct {
	party, mode string         // whose name and how; "" for the depositary, who certifies
	right       string         // full powers or an office, in the reader's language
	confirmed   int64          // entry that confirmed what was signed ad referendum, or 0
	entry       int64          // that holds the signature
	at          record.Instant // when it was recorded
}

func (c capacity) in(l *language.Language) string {
	as := l.Say("verify.certifies")
	if c.mode != "" {
		how := l.Say(map[string]string{"definitive": "public.mode.definitive", "subject-to-ratification": "public.mode.ratification", "ad-referendum": "public.mode.referendum"}[c.mode])
		if c.confirmed > 0 {
			how += ", " + l.Say("verify.confirmed", fmt.Sprint(c.confirmed))
		}
		as = l.Say("verify.for", c.party, how, c.right)
	}
	return as + "; " + l.Say("verify.entered", fmt.Sprint(c.entry), c.at.String())
}

// recordedOf is what the record says of the signatures on the paper of an instrument, of which file is one. Full powers were examined before anybody signed under
// them (VCLT 7).
func recordedOf(ctx context.Context, v *secretariat.View, of *paper.Signing, file []byte, l *language.Language) (recorded, error) {
	r, i := recorded{signed: map[string]capacity{}}, of.Instrument
	_, r.held = of.Holds(file)
	name := func(id conference.PartyID) string {
		p, _ := v.State().Party(id)
		return p.Named.Short.In(conference.Language(l.Code))
	}
	for _, p := range i.Initialled {
		r.initialled = append(r.initialled, name(p))
	}
	for _, e := range i.Entered {
		b, err := v.Entry(ctx, e.Index)
		if err != nil {
			return r, err
		}
		entry, err := record.ParseEntry(string(b), e.Index)
		if err != nil {
			return r, err
		}
		c := capacity{entry: e.Index, at: entry.At}
		for _, g := range i.SignedBy(e.Party) {
			if g.Person == e.Person {
				c.party, c.mode, c.confirmed, c.right = name(e.Party), g.Mode, g.Confirmed, rightOf(v.State(), i, g, l)
			}
		}
		r.signed[e.Field] = c
	}
	return r, nil
}

// rightOf is by what right somebody signed for a party.
func rightOf(s *conference.State, i conference.Instrument, g conference.Signature, l *language.Language) string {
	if g.ExOfficio != "" {
		return l.Say("verify.byoffice", l.Say("paper.issuer."+string(g.ExOfficio)))
	}
	for _, p := range s.Powers(i.Instrument) {
		if p.Person == g.Person && p.Party == g.Party && p.State == "accepted" {
			return l.Say("verify.underpowers", fmt.Sprint(p.Index))
		}
	}
	return l.Say("verify.nopowers")
}
