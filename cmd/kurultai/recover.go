package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"kurultai/record"
	"kurultai/record/sqlite"
	"kurultai/secretariat"
	"kurultai/witness"
)

func recoverCommand() command {
	var dir string
	return command{
		usage: `usage: kurultai recover -data DIR URL

Fetches the end that a record lacks, as after an older copy was put back, from a node or mirror that has it, or a folder
of exported tiles. Every entry is proven in a checkpoint that this record's own key signed, and every open act decided
again, before it is kept. What was closed or sealed in these entries is not with the others: it can be opened only where
a copy of the disclosures exists.

  -data DIR   the record, which must not be served meanwhile

example: kurultai recover -data assembly https://node.example
`,
		flags: func(f *flag.FlagSet) { f.StringVar(&dir, "data", "", "") },
		run: func(ctx context.Context, io streams, args []string) (err error) {
			if dir == "" || len(args) != 1 {
				return errUsage{"-data DIR is needed, and behind the flags one URL or folder"}
			}
			if !isRecord(dir) {
				return hinted{fmt.Errorf("%s holds no record", dir), "kurultai follow makes a copy of somebody else's"}
			}
			h, err := openHouse(dir, secretariat.OpenSubjectKeys, sqlite.Options{})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, h.Close()) }()
			return h.recover(ctx, io, args[0])
		},
	}
}

// recover fetches what is missing and says what came.
func (h *house) recover(ctx context.Context, io streams, from string) error {
	source, err := sourceOf(from)
	if err != nil {
		return err
	}
	log, err := record.ParseVerifier(h.log.Verifier())
	if err != nil {
		return err
	}
	f, err := witness.Follow(ctx, witness.FollowerConfig{Engine: h.engine, Log: log, From: source})
	if err != nil {
		return err
	}
	before := f.Finding()
	_, err = f.Step(ctx, "")
	switch {
	case errors.Is(err, witness.ErrBehind):
		return fmt.Errorf("%s has fewer entries than are here (%d): nothing was changed", from, before.Size)
	case err != nil:
		return err
	}
	after := f.Finding()
	fmt.Fprintf(io.out, "%d entries came, %d of them closed: what they hold cannot be opened here\n", after.Size-before.Size, after.Closed-before.Closed)
	fmt.Fprintf(io.out, "verified %d entries, root %s\n", after.Size, f.Last().Root)
	return nil
}
