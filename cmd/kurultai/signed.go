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
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/examine"
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
		if anchors, err = authorities(ctx, v, of, l); err != nil {
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
	report, err := examine.Examine(file, anchors, time.Now())
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
		if err := json.NewEncoder(out).Encode(reportOf(report, l, errors.Join(problems...), said)); err != nil {
			return err
		}
	} else {
		told(out, report, l, said)
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

// authorities are the trust anchors that the record names: each party's for its own field on the paper of an instrument.
func authorities(ctx context.Context, v *secretariat.View, of conference.Instrument, l *language.Language) (list []examine.Root, err error) {
	named, err := paper.Authorities(ctx, v)
	for _, a := range named {
		root := examine.Root{Party: cmp.Or(string(a.Party), l.Say("verify.depositary")), Certificate: a.Certificate, Timestamps: a.Use == conference.ForTime}
		if !root.Timestamps && of.Paper > 0 {
			root.Fields = []string{of.FieldOf(a.Party)}
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
func told(out io.Writer, r *examine.Report, l *language.Language, said string) {
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
		switch {
		case s.Timestamp:
		case s.When.IsZero():
			fmt.Fprintf(out, "    %s\n", l.Say("verify.untimed"))
		default:
			fmt.Fprintf(out, "    %s\n", l.Say("verify.when", s.When.UTC().Format(time.RFC3339)))
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
	if said != "" {
		fmt.Fprintln(out, said)
	}
}

// reportOf is a report for machines.
func reportOf(r *examine.Report, l *language.Language, err error, said string) map[string]any {
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
			x["when"] = s.When.UTC()
		}
		signatures = append(signatures, x)
	}
	m := map[string]any{"ok": err == nil, "signatures": signatures, "unsigned": r.Unsigned, "problems": texts(r.Problems), "warnings": texts(r.Warnings), "record": said}
	if err != nil {
		m["error"] = err.Error()
	}
	return m
}
