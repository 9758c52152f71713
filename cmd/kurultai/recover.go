package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

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
		run: func(ctx context.Context, io streams, args []string) error {
			if dir == "" || len(args) != 1 {
				return errUsage{"-data DIR is needed, and behind the flags one URL or folder"}
			}
			if !isRecord(dir) {
				return hinted{fmt.Errorf("%s holds no record", dir), "kurultai follow makes a copy of somebody else's"}
			}
			return recoverFrom(ctx, io.out, dir, args[0])
		},
	}
}

// askWitnesses asks those that wait for checkpoints what they have seen, before anything is written: one that has seen
// more says that this record was put back from an older copy.
func (h *house) askWitnesses(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var asked sync.WaitGroup
	for _, at := range h.addresses() {
		asked.Go(func() {
			err := witness.Ask(ctx, h.marks, &http.Client{Timeout: 5 * time.Second}, at)
			if errors.Is(err, witness.ErrAhead) {
				h.ahead(err)
			} else if err != nil {
				slog.Warn("a witness did not answer", "address", at, "error", err)
			}
		})
	}
	asked.Wait()
	select {
	case err := <-h.lost:
		return err
	default:
		return nil
	}
}

// addresses are where nodes wait for checkpoints.
func (h *house) addresses() (list []string) {
	for _, n := range h.s.View().State().Nodes() {
		if n.Withdrawn == 0 && n.Address != "" {
			list = append(list, n.Address)
		}
	}
	return list
}

// mend fetches what a record lacks from the first source that has it. lacks says how it was noticed.
func mend(ctx context.Context, dir string, lacks error, sources []string) error {
	if !errors.Is(lacks, witness.ErrAhead) && !errors.Is(lacks, secretariat.ErrBehind) {
		return lacks
	}
	errs := []error{lacks}
	for _, from := range sources {
		var said strings.Builder
		err := recoverFrom(ctx, &said, dir, from)
		if err == nil {
			slog.Warn("the record lacked its end, which was fetched", "noticed", lacks, "from", from, "what", strings.TrimSpace(said.String()))
			return nil
		}
		errs = append(errs, fmt.Errorf("fetching it from %s: %w", from, err))
	}
	return errors.Join(errs...)
}

// recoverFrom fetches what the record in dir lacks, and says what came. That nothing came is an error.
func recoverFrom(ctx context.Context, out io.Writer, dir, from string) (err error) {
	h, err := openHouse(dir, secretariat.OpenSubjectKeys, sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
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
	grown, err := f.Step(ctx, "")
	switch {
	case errors.Is(err, witness.ErrBehind):
		return fmt.Errorf("%s has fewer entries than are here (%d): nothing was changed", from, before.Size)
	case err != nil:
		return err
	case !grown:
		return fmt.Errorf("%s has the %d entries that are here and no more", from, before.Size)
	}
	after := f.Finding()
	fmt.Fprintf(out, "%d entries came, %d of them closed: what they hold cannot be opened here\n", after.Size-before.Size, after.Closed-before.Closed)
	fmt.Fprintf(out, "verified %d entries, root %s\n", after.Size, f.Last().Root)
	return nil
}
