package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"

	"kurultai/story"
)

func rehearseCommand() command {
	var dir string
	return command{
		usage: `usage: kurultai rehearse -data DIR COPY

Makes a copy of a body in the new folder COPY, under another origin (story.invalid): the same members, rules, people and
meetings, in which everything may be tried and nothing counts. Anybody at this machine takes any office in it, by a
click. DIR is a record, which may be served meanwhile, or a set-up that has not come to its founding.

The copy holds the names that are in DIR: when somebody is forgotten there, delete it.

  -data DIR   what is copied

example: kurultai rehearse -data lakes lakes-rehearsal && kurultai serve -data lakes-rehearsal
`,
		flags: func(f *flag.FlagSet) { f.StringVar(&dir, "data", "", "") },
		run: func(ctx context.Context, io streams, args []string) error {
			if dir == "" || len(args) != 1 {
				return errUsage{"-data DIR and one COPY are needed"}
			}
			copied, err := rehearse(ctx, io, dir, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(io.out, "%d entries; kurultai serve -data %s opens it\n", copied, args[0])
			return nil
		},
	}
}

// rehearse copies a record, or founds what a set-up has so far, and returns how many entries the copy has.
func rehearse(ctx context.Context, io streams, dir, to string) (size int64, err error) {
	if entries, err := os.ReadDir(to); err == nil && len(entries) > 0 {
		return 0, hinted{fmt.Errorf("%s is not empty", to), "name a new folder"}
	}
	var h *house
	var of string
	if isRecord(dir) {
		h, of, err = replayed(ctx, dir, to)
	} else {
		if _, err := os.Stat(draftPath(dir)); err != nil {
			return 0, hinted{fmt.Errorf("%s holds no record and no set-up", dir), "kurultai serve -data " + dir + " begins one"}
		}
		var f *founder
		if f, err = openFounder(ctx, io, dir, ""); err == nil {
			of = f.file.Draft.Origin()
			h, _, err = foundIn(ctx, to, f.file.Draft, false)
		}
	}
	if err == nil {
		size = h.s.View().State().Size
		err = errors.Join(markRehearsal(to, of), h.Close())
	}
	if err != nil {
		return 0, errors.Join(err, os.RemoveAll(to))
	}
	return size, nil
}

// replayed plays the acts of a record again, into a record under an origin of a story.
func replayed(ctx context.Context, dir, to string) (h *house, origin string, err error) {
	from, err := openToRead(dir)
	if err != nil {
		return nil, "", err
	}
	defer from.Close()
	v, err := from.view(ctx)
	if err != nil {
		return nil, "", err
	}
	var text bytes.Buffer
	if _, err := story.Export(ctx, v, true, &text); err != nil {
		return nil, "", err
	}
	lines, err := story.Parse(&text)
	if err != nil {
		return nil, "", err
	}
	if _, h, err = foundOrOpen(ctx, to, "", lines); err != nil {
		return nil, "", err
	}
	if err := story.Play(ctx, h.s, h.log.Origin(), lines, wall, rand.Reader, nil, func(story.Played) {}); err != nil {
		return nil, "", errors.Join(err, h.Close())
	}
	return h, v.Origin(), nil
}
