package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
	"kurultai/secretariat"
)

func paperCommand() command {
	var dir, lang, meeting, out, reader, texts string
	var list strings.Builder
	for _, k := range paper.Kinds() {
		fmt.Fprintf(&list, "  %-16s %s\n", k.Name, k.Help)
	}
	return command{
		usage: `usage: kurultai paper -data DIR -o FILE [flags] PAPER

Sets a paper from the record alone, as a tagged PDF (PDF/A-3a, PDF/UA-1): the same record, the same bytes.

` + list.String() + `  instrument NAME  a text to be signed, with the signatures it bears so far; FIRST is the first of the record
  instrument NAME PARTY  the copy a party keeps: it stands first, and the signed original is attached
  notification ID        a notification of the depositary as the letter that is issued
  notification NAME ENTRY  the letter about an entry on the instrument NAME, as a draft

  -data DIR     the record
  -o FILE       where to write it
  -lang L       az de en ka kk ky ru tr uz (en)
  -meeting ID   of which meeting (the newest)
  -for ID       as this person may read it (as everybody may)
  -texts DIR    texts of drafts and decisions, found by their digests

example: kurultai paper -data baku -lang az -o participants.pdf participants
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&dir, "data", "", "")
			f.StringVar(&out, "o", "", "")
			f.StringVar(&lang, "lang", "en", "")
			f.StringVar(&meeting, "meeting", "", "")
			f.StringVar(&reader, "for", "", "")
			f.StringVar(&texts, "texts", "", "")
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
			if err != nil && args[0] != "instrument" && args[0] != "notification" {
				return err
			}
			h, v, err := readView(ctx, dir)
			if err != nil {
				return err
			}
			defer h.Close()
			switch args[0] {
			case "instrument":
				return writeInstrument(ctx, v, args[1:], l, out)
			case "notification":
				return writeNotification(v, args[1:], l, out)
			}
			id, err := meetingNamed(v.State(), meeting)
			if err != nil {
				return err
			}
			if v, err = readBy(v, reader); err != nil {
				return err
			}
			find, err := textsIn(texts)
			if err != nil {
				return err
			}
			find = textsOf(ctx, v, find)
			b, err := kind.Set(v, paper.Wish{Language: l, Meeting: id, Args: args[1:], Text: find})
			if err != nil {
				return err
			}
			return os.WriteFile(out, b, 0o644)
		},
	}
}

// writeInstrument writes the paper of an instrument as signed so far, or the copy of it that a party keeps.
func writeInstrument(ctx context.Context, v *secretariat.View, args []string, l *language.Language, out string) error {
	if len(args) != 1 && len(args) != 2 {
		return errUsage{"which instrument? its id, or FIRST; behind it the party whose copy it is"}
	}
	id, err := instrumentNamed(v.State(), args[0])
	if err != nil {
		return err
	}
	s, err := paper.SigningOf(ctx, archive(v), id)
	if err != nil {
		return err
	}
	b := s.Paper.Bytes()
	if len(args) == 2 {
		if b, err = s.CopyFor(ctx, conference.PartyID(args[1]), l); err != nil {
			return hinted{err, fmt.Sprintf("signatories are %v", s.Instrument.Signatories)}
		}
	}
	return os.WriteFile(out, b, 0o644)
}

// writeNotification writes a notification of the depositary as a letter, or the draft of one.
func writeNotification(v *secretariat.View, args []string, l *language.Language, out string) error {
	switch len(args) {
	case 1:
		b, err := paper.CircularIssued(v, conference.NoteID(args[0]), l)
		if err != nil {
			return err
		}
		return os.WriteFile(out, b, 0o644)
	case 2:
		id, err := instrumentNamed(v.State(), args[0])
		if err != nil {
			return err
		}
		entry, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return errUsage{fmt.Sprintf("%.40q is no number of an entry", args[1])}
		}
		b, err := paper.CircularDrafted(v, id, entry, l)
		if err != nil {
			return err
		}
		return os.WriteFile(out, b, 0o644)
	}
	return errUsage{"which notification? its id; or the instrument and the entry of which it is to tell"}
}

// readBy is the record as a person may read it; as everybody may where none is named.
func readBy(v *secretariat.View, person string) (*secretariat.View, error) {
	if person == "" {
		return v, nil
	}
	r := v.State().Reader(conference.PersonID(person), v.State().Last)
	if r.Person == "" {
		return nil, fmt.Errorf("nobody in the record has the id %.40q", person)
	}
	return v.For(r), nil
}

const (
	maxTextSize = 1 << 20  // bytes of a text: larger files are left alone
	maxTexts    = 64 << 20 // bytes of all of them
)

// textsIn finds the texts in a folder by their digests; "" has none.
func textsIn(dir string) (func(record.Digest) ([]byte, bool), error) {
	if dir == "" {
		return nil, nil
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading texts: %w", err)
	}
	all := 0
	texts := map[record.Digest][]byte{}
	for _, f := range files {
		if i, err := f.Info(); err != nil || !i.Mode().IsRegular() || i.Size() > maxTextSize {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading texts: %w", err)
		}
		if all += len(b); all > maxTexts {
			return nil, hinted{fmt.Errorf("%s holds more than %d MB of texts", dir, maxTexts>>20), "name a folder with the texts alone"}
		}
		sum := sha256.Sum256(b)
		texts[record.Digest(base64.RawURLEncoding.EncodeToString(sum[:]))] = b
	}
	return func(d record.Digest) ([]byte, bool) { b, ok := texts[d]; return b, ok }, nil
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

// textsOf finds a text where find does, else among the files of the papers that the reader of v may have.
func textsOf(ctx context.Context, v *secretariat.View, find func(record.Digest) ([]byte, bool)) func(record.Digest) ([]byte, bool) {
	return func(d record.Digest) ([]byte, bool) {
		if find != nil {
			if b, ok := find(d); ok {
				return b, true
			}
		}
		f, ok := v.State().TextNamed(v.Reader(), d)
		if !ok {
			return nil, false
		}
		b, err := v.File(ctx, f.Digest)
		return b, err == nil
	}
}
