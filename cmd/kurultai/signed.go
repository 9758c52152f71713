package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
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

// verifyPaper tells who signed a PDF and what came after. With a record all is asked: whether it is the paper the record
// issued, and whose authorities certify. With a file of trust anchors all but that.
func verifyPaper(ctx context.Context, path, dir, roots string, asJSON bool, out io.Writer) error {
	file, err := readBounded(path, maxPDF)
	if err != nil {
		return err
	}
	var anchors []examine.Root
	var signed *paper.Signing
	var unknown error
	said := "not asked: whether the record issued it (no -data)"
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
		if signed, unknown, err = issuedAs(ctx, v, file); err != nil {
			return err
		}
		if anchors, err = authorities(ctx, archive(v), signed, false); err != nil {
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
		return errors.Join(fmt.Errorf("%s: %w", path, err), unknown)
	}
	problems := []error{report.Err(), unknown}
	var by recorded
	if v != nil && unknown == nil {
		said, err = signedAs(signed, file)
		problems = append(problems, err)
		if by, err = recordedOf(ctx, v, signed.Instrument); err != nil {
			return err
		}
	} else if v != nil {
		said = ""
	}
	if asJSON {
		if err := json.NewEncoder(out).Encode(reportOf(report, by, errors.Join(problems...), said)); err != nil {
			return err
		}
	} else {
		tell(out, report, by, said)
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

// authorities are the trust anchors that the record names: each party's for its own field. With now, those alone that were
// not withdrawn.
func authorities(ctx context.Context, v paper.Archive, of *paper.Signing, now bool) (list []examine.Root, err error) {
	for _, a := range v.State().Authorities() {
		if now && a.Withdrawn > 0 {
			continue
		}
		der, err := v.Blob(ctx, a.Certificate.Digest)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", a.Index, err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			continue // nobody is certified by it
		}
		root := examine.Root{Party: cmp.Or(string(a.Party), "the depositary"), Certificate: c, Timestamps: a.Use == conference.ForTime}
		if !root.Timestamps && of != nil {
			root.Fields = of.Instrument.FieldsOf(a.Party)
		}
		list = append(list, root)
	}
	return list, nil
}

// issuedAs finds the instrument whose paper a file begins with. Where there is none, unknown says so, and the file is held
// against the first that was issued; nil: none ever was.
func issuedAs(ctx context.Context, v *secretariat.View, file []byte) (signed *paper.Signing, unknown, err error) {
	for _, i := range v.State().Instruments() {
		if i.Paper == 0 {
			continue
		}
		s, err := paper.SigningOf(ctx, archive(v), i.Instrument)
		if err != nil {
			return nil, nil, err
		}
		if n := s.Ends[0]; len(file) >= n && record.DigestOf(file[:n]) == s.Digest {
			return s, nil, nil
		}
		if signed == nil {
			signed = s
		}
	}
	return signed, fmt.Errorf("the record issued no paper to sign that this file begins with (SHA-256 of the file: %x)", sha256.Sum256(file)), nil
}

// signedAs holds a file against its paper in the record: the same signatures, or the first of them.
func signedAs(s *paper.Signing, file []byte) (string, error) {
	whole, held := s.Paper.Bytes(), bytes.TrimRight(file, "\r\n")
	at := slices.IndexFunc(s.Ends, func(end int) bool { return len(bytes.TrimRight(whole[:end], "\r\n")) == len(held) })
	if at < 0 || !bytes.HasPrefix(whole, held) {
		return "", fmt.Errorf("the record issued it (entry %d: %s), and does not hold what stands on it since", s.Instrument.Paper, s.Instrument.Instrument)
	}
	if n := len(s.Ends) - 1 - at; n > 0 {
		return fmt.Sprintf("the record issued it (entry %d: %s) and holds %d signatures more", s.Instrument.Paper, s.Instrument.Instrument, n), nil
	}
	return fmt.Sprintf("the record issued it (entry %d: %s) and holds each signature", s.Instrument.Paper, s.Instrument.Instrument), nil
}

// tell says what was found, a line a signature; the last line says what of the record was asked.
func tell(out io.Writer, r *examine.Report, by recorded, said string) {
	for _, s := range r.Signatures {
		who := "unreadable certificate"
		if s.Certificate != nil {
			who = s.Certificate.Subject.CommonName
		}
		word := "holds"
		if len(s.Problems) > 0 {
			word = "DOES NOT HOLD"
		}
		fmt.Fprintf(out, "%s  %s, of %s: %s\n", s.Field, who, s.Party, word)
		for _, p := range s.Problems {
			fmt.Fprintf(out, "    %v\n", p)
		}
		if c, ok := by.signed[s.Field]; ok {
			fmt.Fprintf(out, "    %s\n", c)
		}
		switch {
		case s.Timestamp:
		case s.When.IsZero():
			fmt.Fprintln(out, "    PAdES B-B; when: no authority for timestamps says so")
		default:
			fmt.Fprintf(out, "    PAdES B-T; when: %s, by the clock of %s\n", s.When.UTC().Format(time.RFC3339), s.Clock)
		}
		for _, b := range r.Behind(s) {
			for _, f := range slices.Concat(b.Lawful, b.Refused) {
				fmt.Fprintf(out, "    after it: %v\n", f)
			}
		}
	}
	for _, f := range r.Unsigned {
		fmt.Fprintf(out, "%s  waits for its signature\n", f)
	}
	for _, p := range r.Problems {
		fmt.Fprintf(out, "wrong: %v\n", p)
	}
	for i, b := range r.Revisions {
		for _, f := range b.Refused {
			fmt.Fprintf(out, "revision %d: %v\n", i+1, f)
		}
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(out, "mind: %v\n", w)
	}
	if len(by.initialled) > 0 {
		fmt.Fprintf(out, "initialled by %s\n", strings.Join(by.initialled, ", "))
	}
	if said != "" {
		fmt.Fprintln(out, said)
	}
}

// reportOf is a report for machines.
func reportOf(r *examine.Report, by recorded, err error, said string) map[string]any {
	texts := func(list []examine.Finding) []string {
		out := []string{}
		for _, f := range list {
			out = append(out, f.Error())
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
			x["for"], x["entered"], x["at"] = c.party, c.entry, c.at
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
	initialled []string            // parties that initialled the text, by their names in English
}

// A capacity is as what somebody signed, by the record.
type capacity struct {
	party       string // its name in English, or "the depositary"
	mode, right string // how, and by what right: full powers or an office; "" for the depositary, who certifies
	confirmed   int64  // entry that confirmed what was signed ad referendum, or 0
	entry       int64  // that holds the signature
	at          string // when it was recorded
}

func (c capacity) String() string {
	entered := fmt.Sprintf("entered: entry %d, %s", c.entry, c.at)
	if c.mode == "" {
		return "certifies the paper; " + entered
	}
	how := c.mode
	if c.confirmed > 0 {
		how += fmt.Sprintf(", confirmed in entry %d", c.confirmed)
	}
	return fmt.Sprintf("for %s: %s, %s; %s", c.party, how, c.right, entered)
}

// recordedOf is what the record says of an instrument's signatures. Full powers were examined before anybody signed under
// them (VCLT 7).
func recordedOf(ctx context.Context, v *secretariat.View, i conference.Instrument) (recorded, error) {
	r := recorded{signed: map[string]capacity{}}
	english := func(id conference.PartyID) string {
		p, _ := v.State().Party(id)
		return p.Named.Short.In("en")
	}
	for _, p := range i.Initialled {
		r.initialled = append(r.initialled, english(p))
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
		c := capacity{party: "the depositary", entry: e.Index, at: entry.At.String()}
		for _, g := range i.SignedBy(e.Party) {
			if g.Person != e.Person {
				continue
			}
			c.party, c.mode, c.confirmed, c.right = english(e.Party), strings.ReplaceAll(g.Mode, "-", " "), g.Confirmed, rightOf(v.State(), i, g)
		}
		r.signed[e.Field] = c
	}
	return r, nil
}

// rightOf is by what right somebody signed for a party.
func rightOf(s *conference.State, i conference.Instrument, g conference.Signature) string {
	switch {
	case g.ExOfficio != "":
		return "by office as " + strings.ReplaceAll(string(g.ExOfficio), "-", " ")
	case !i.Powers:
		return "no full powers asked"
	}
	for _, p := range s.Powers(i.Instrument) {
		if p.Person == g.Person && p.State == "accepted" {
			return fmt.Sprintf("under full powers accepted in entry %d", p.Index)
		}
	}
	return "under full powers"
}
