package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"kurultai/record/tiles"
	"kurultai/secretariat"
	"kurultai/story"
)

func exportCommand() command {
	var dir, format string
	var private bool
	return command{
		usage: `usage: kurultai export -data DIR -format story
       kurultai export -data DIR -format tiles TARGET

story: the acts as canonical JSON Lines on standard output, readable in a diff, playable again.
tiles: what any verifier needs, in the folder TARGET, which must be empty or missing: checkpoint, hash tiles,
entries, openings (C2SP tlog-tiles).

  -data DIR     the record
  -format F     story or tiles
  -private      with every opening that is still to be had, not only what is published to all

example: kurultai export -data baku -format story > baku.jsonl
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&dir, "data", "", "")
			f.StringVar(&format, "format", "", "")
			f.BoolVar(&private, "private", false, "")
		},
		run: func(ctx context.Context, io streams, args []string) error {
			switch {
			case dir == "":
				return errUsage{"-data DIR is needed"}
			case format == "story" && len(args) == 0, format == "tiles" && len(args) == 1:
			default:
				return errUsage{"-format story, or -format tiles TARGET"}
			}
			h, err := openToRead(dir)
			if err != nil {
				return err
			}
			defer h.Close()
			v, err := h.view(ctx)
			if err != nil {
				return err
			}
			if v.State().Size == 0 {
				return errors.New("no entries")
			}
			if format == "tiles" {
				return exportTiles(ctx, h, v, private, args[0])
			}
			out := bufio.NewWriter(io.out)
			attestations, err := story.Export(ctx, v, private, out)
			if err == nil {
				err = out.Flush()
			}
			if err == nil && attestations > 0 {
				fmt.Fprintf(io.talk, "%d attestations were left out: a story carries none\n", attestations)
			}
			return err
		},
	}
}

func exportTiles(ctx context.Context, h *house, v *secretariat.View, private bool, target string) error {
	if entries, err := os.ReadDir(target); err == nil && len(entries) > 0 {
		return hinted{fmt.Errorf("%s is not empty", target), "name a new folder"}
	}
	return tiles.Export(ctx, target, tiles.Source{
		Head: v.Checkpoint(), Key: h.log.Verifier(), Entries: h.engine.Read(ctx, 0),
		Openings: v.Openings(ctx, private), Blob: v.Blob,
	})
}
