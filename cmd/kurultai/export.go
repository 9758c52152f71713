package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"kurultai/conference"
	"kurultai/exchange"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/tiles"
	"kurultai/secretariat"
	"kurultai/story"
)

func exportCommand() command {
	var dir, format, meeting, lang, table, document string
	var private bool
	return command{
		usage: `usage: kurultai export -data DIR -format story
       kurultai export -data DIR -format tiles TARGET
       kurultai export -data DIR -format bundle INDEX…
       kurultai export -data DIR -format csv|ics|atom|akn [-meeting M] [-lang L]

story: the acts as canonical JSON Lines on standard output, readable in a diff, playable again.
tiles: what any verifier needs, in the folder TARGET, which must be empty or missing: checkpoint, hash tiles,
entries, openings (C2SP tlog-tiles).
bundle: entries with what proves them, in one file on standard output: kurultai verify FILE checks it anywhere, offline.
csv: a table, for a spreadsheet; ics: meetings and what is planned, for a calendar (RFC 5545); atom: the newest events,
for a feed reader (RFC 4287); akn: a meeting as a debate in Akoma Ntoso 3.0 or, with -document, a text as a statement, an
act or an amendment. All four show what is published, and no more.

  -data DIR     the record
  -format F     story, tiles, bundle, csv, ics, atom or akn
  -meeting M    of that meeting alone; akn: the newest without it
  -document X   akn: the text of a paper (its symbol), a decision (its number) or an instrument (its id)
  -lang L       az de en ka kk ky ru tr uz (en)
  -table T      csv: events, votes, decisions, participants or commitments (events)
  -private      with every opening that is still to be had, not only what is published to all

example: kurultai export -data baku -format story > baku.jsonl
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&dir, "data", "", "")
			f.StringVar(&format, "format", "", "")
			f.StringVar(&meeting, "meeting", "", "")
			f.StringVar(&document, "document", "", "")
			f.StringVar(&lang, "lang", "en", "")
			f.StringVar(&table, "table", "events", "")
			f.BoolVar(&private, "private", false, "")
		},
		run: func(ctx context.Context, std streams, args []string) error {
			switch {
			case dir == "":
				return errUsage{"-data DIR is needed"}
			case format == "tiles" && len(args) == 1, format == "bundle" && len(args) > 0, slices.Contains([]string{"story", "csv", "ics", "atom", "akn"}, format) && len(args) == 0:
			default:
				return errUsage{"-format story, csv, ics, atom or akn, -format tiles TARGET, or -format bundle INDEX…"}
			}
			l, ok := language.Get(lang)
			if !ok {
				return errUsage{fmt.Sprintf("no language is called %q: az de en ka kk ky ru tr uz", lang)}
			}
			h, v, err := readView(ctx, dir)
			if err != nil {
				return err
			}
			defer h.Close()
			if v.State().Size == 0 {
				return errors.New("no entries")
			}
			if format == "tiles" {
				return exportTiles(ctx, h, v, private, args[0])
			}
			out := bufio.NewWriter(std.out)
			if format == "bundle" {
				if err := exportBundle(ctx, h, v, private, args, out); err != nil {
					return err
				}
				return out.Flush()
			}
			if format != "story" {
				err := error(nil)
				if format == "akn" && document != "" {
					err = exchange.WriteDocument(ctx, v, document, l, published(v), out)
				} else {
					err = exportView(ctx, v, format, table, meeting, l, out)
				}
				if err != nil {
					return err
				}
				return out.Flush()
			}
			attestations, err := story.Export(ctx, v, private, out)
			if err == nil {
				err = out.Flush()
			}
			if err == nil && attestations > 0 {
				fmt.Fprintf(std.talk, "%d attestations were left out: a story carries none\n", attestations)
			}
			return err
		},
	}
}

// published finds a text that is published: in a paper all may read, or among the public blobs.
func published(v *secretariat.View) exchange.Texts {
	return func(ctx context.Context, d record.Digest) ([]byte, bool) {
		if f, ok := v.State().TextNamed(conference.Reader{}, d); ok {
			b, err := v.File(ctx, f.Digest)
			return b, err == nil
		}
		b, err := v.Blob(ctx, d)
		return b, err == nil
	}
}

// exportView writes what other programs read.
func exportView(ctx context.Context, v *secretariat.View, format, table, meeting string, l *language.Language, w io.Writer) error {
	id := conference.MeetingID(meeting)
	if meeting != "" || format == "akn" {
		var err error
		if id, err = meetingNamed(v.State(), meeting); err != nil {
			return err
		}
	}
	switch format {
	case "csv":
		return exchange.WriteCSV(ctx, v, table, id, l, w)
	case "ics":
		return exchange.WriteCalendar(ctx, v, id, l, w)
	case "atom":
		return exchange.WriteFeed(ctx, v, id, l, w)
	}
	return exchange.WriteDebate(ctx, v, id, l, w)
}

// exportBundle writes entries with what proves them.
func exportBundle(ctx context.Context, h *house, v *secretariat.View, private bool, args []string, w io.Writer) error {
	var indexes []int64
	for _, arg := range args {
		i, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || i < 0 || i >= v.State().Size {
			return hinted{fmt.Errorf("%q is no entry of this record", arg), fmt.Sprintf("give numbers from 0 to %d", v.State().Size-1)}
		}
		indexes = append(indexes, i)
	}
	marks, err := marksIn(ctx, h, fixed{v})
	if err != nil {
		return err
	}
	b, err := packed(ctx, v, marks, private, indexes...)
	if err != nil {
		return err
	}
	_, err = w.Write(b.Append(nil))
	return err
}

func exportTiles(ctx context.Context, h *house, v *secretariat.View, private bool, target string) error {
	if entries, err := os.ReadDir(target); err == nil && len(entries) > 0 {
		return hinted{fmt.Errorf("%s is not empty", target), "name a new folder"}
	}
	return tiles.Export(ctx, target, tiles.Source{
		Head: v.Checkpoint(), Key: h.log.Verifier(), Entries: h.engine.Read(ctx, 0),
		Openings: v.Openings(ctx, 0, private), Blob: v.Blob,
	})
}

// fixed is a record that does not grow while it is looked at.
type fixed struct{ v *secretariat.View }

func (f fixed) View() *secretariat.View { return f.v }
