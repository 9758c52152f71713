package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"kurultai/record"
	"kurultai/story"
)

func playCommand() command {
	var dir, tripwire string
	var salt bool
	return command{
		usage: `usage: kurultai play -data DIR STORY        submit the acts of a story
       kurultai play -salt STORY            give private values their salts, once, in place

STORY is a file of canonical JSON Lines, or - for standard input. An empty or missing DIR is founded by the
story's first line, and the times in the story are then the recorded times. The whole story is decided first;
at the first line whose outcome is not as announced nothing at all is appended.

  -data DIR        the record
  -tripwire FILE   where the last checkpoint is kept, outside DIR
  -salt            rewrite {"private":value} to sealed values and their openings

example: kurultai play -data vii meeting.jsonl
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&dir, "data", "", "")
			f.StringVar(&tripwire, "tripwire", "", "")
			f.BoolVar(&salt, "salt", false, "")
		},
		run: func(ctx context.Context, io streams, args []string) error {
			if len(args) != 1 || salt == (dir != "") {
				return errUsage{"one STORY is needed, with -data DIR or with -salt"}
			}
			if salt {
				return saltFile(args[0])
			}
			return play(ctx, io, dir, tripwire, args[0])
		},
	}
}

func saltFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	salted, err := story.Salt(f, rand.Reader)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	next := path + ".salted"
	if err := writeSynced(next, salted); err != nil {
		return err
	}
	return os.Rename(next, path)
}

func readStory(path string) ([]story.Line, error) {
	in := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	lines, err := story.Parse(in)
	if err != nil {
		return nil, hinted{fmt.Errorf("%s: %w", path, err), "nothing was appended; doc/record.md section 12 describes a line"}
	}
	return lines, nil
}

func play(ctx context.Context, io streams, dir, tripwire, path string) error {
	lines, err := readStory(path)
	if err != nil {
		return err
	}
	founded, h, err := foundOrOpen(ctx, dir, tripwire, lines)
	if err != nil {
		return err
	}
	if !founded {
		fmt.Fprintf(io.talk, "%s holds a record already: the times in %s are ignored\n", dir, path)
	}
	taken, refused := 0, 0
	err = story.Play(ctx, h.s, h.log.Origin(), lines, wall, rand.Reader, nil, func(p story.Played) {
		if p.Refusal != nil {
			refused++
		} else {
			taken++
		}
	})
	size := h.s.View().State().Size
	err = errors.Join(err, h.Close())
	if err != nil {
		if founded && size == 0 {
			os.RemoveAll(dir)
		}
		var line *story.LineError
		if errors.As(err, &line) {
			return hinted{fmt.Errorf("%s: %w", path, err), remedyOr(err, "nothing was appended")}
		}
		return err
	}
	fmt.Fprintf(io.talk, "%d acts taken, %d refused as announced\n", taken, refused)
	return nil
}

func remedyOr(err error, otherwise string) string {
	if r := remedy(err); r != "" {
		return r + " Nothing was appended."
	}
	return otherwise
}

// foundOrOpen opens the record in dir, or founds one for the story's body where there is none.
func foundOrOpen(ctx context.Context, dir, tripwire string, lines []story.Line) (founded bool, h *house, err error) {
	if founded = !isRecord(dir); founded {
		if _, err := os.Stat(logKeyPath(dir)); errors.Is(err, os.ErrNotExist) {
			body, err := story.BodyOf(lines)
			if err != nil {
				return false, nil, hinted{err, "a story that goes on needs -data of a record that stands"}
			}
			if err := makeDir(dir, func(key ed25519.PublicKey) string { return record.StoryOrigin(body, key) }); err != nil {
				return false, nil, err
			}
		}
	}
	h, err = openToWrite(ctx, dir, tripwire)
	return founded, h, err
}
