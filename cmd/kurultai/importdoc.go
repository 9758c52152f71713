package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"kurultai/conference"
	"kurultai/exchange"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/story"
)

// document reads a document in Akoma Ntoso and registers it as a draft; without a record, or with -dry-run, it shows what
// would be taken.
func (i *importer) document(ctx context.Context, io streams, path string) error {
	b, err := readLimited(path, exchange.MaxDocument)
	if err != nil {
		return err
	}
	d, err := exchange.ReadDocument(b)
	if err != nil {
		return hinted{fmt.Errorf("%s: %w", path, err), "nothing was entered"}
	}
	if len(d.Left) > 0 {
		fmt.Fprintf(io.talk, "elements whose text is not taken over: %s\n", strings.Join(d.Left, ", "))
	}
	text := d.Text.Markdown()
	if i.dir == "" {
		_, err := io.out.Write(text)
		return err
	}
	h, err := openToWrite(ctx, i.dir, i.tripwire)
	if err != nil {
		return err
	}
	defer h.Close()
	a, err := i.registers(h, d, text)
	if err != nil {
		return err
	}
	if i.dryRun {
		_, err := h.s.View().Rehearse(h.log.Origin(), wall, rand.Reader)(ctx, a)
		if err != nil {
			return hinted{err, "nothing was entered"}
		}
		_, err = io.out.Write(text)
		return err
	}
	receipt, err := h.s.Do(ctx, a)
	if err != nil {
		return hinted{err, "nothing was entered"}
	}
	fmt.Fprintf(io.out, "entry %d: %s, %d numbered paragraphs, text %s\n", receipt.Index, a.Submitted.Fields.Get("symbol").Str, len(d.Text.Names()), record.DigestOf(text))
	return nil
}

// registers is the act by which a document becomes a draft.
func (i *importer) registers(h *house, d *exchange.Document, text []byte) (*secretariat.Act, error) {
	st := h.s.View().State()
	meeting, err := meetingNamed(st, i.meeting)
	if err != nil {
		return nil, err
	}
	by := i.by
	if by == "" {
		desks := st.Holders(conference.Secretary)
		if len(desks) == 0 {
			return nil, errors.New("nobody is secretary")
		}
		by = string(desks[0].Person)
	}
	symbol := i.symbol
	if next := st.NextSymbols(meeting, h.s.Now()); symbol == "" && len(next) > 0 {
		symbol = string(next[0])
	}
	if symbol == "" {
		return nil, errUsage{"-symbol is needed: the body names no series of papers"}
	}
	lang := d.Language
	if lang == "" || i.langGiven {
		lang = i.lang
	}
	var names []string
	for _, n := range d.Text.Names() {
		names = append(names, fmt.Sprintf("%q", n))
	}
	fields, err := canonical.Parse(fmt.Sprintf(`{"file":{"private":{"blob":"%s","size":%d}},"language":%q,"level":"public","paragraphs":[%s],"symbol":%q,"text":"%[1]s","type":"draft"}`, record.DigestOf(text), len(text), lang, strings.Join(names, ","), symbol))
	if err != nil {
		return nil, errUsage{fmt.Sprintf("%q is no symbol or %q no language", symbol, lang)}
	}
	a := &secretariat.Act{Blobs: [][]byte{text}, Submitted: record.Submitted{As: string(conference.Secretary), By: by, Key: newKey(), Meeting: string(meeting), Name: "RegisterDocument", Origin: h.log.Origin(), Seen: st.Size}}
	if a.Submitted.Fields, a.Disclosures, err = story.Seal(fields, rand.Reader); err != nil {
		return nil, err
	}
	return a, nil
}
