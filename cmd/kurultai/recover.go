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
again, before it is kept. What was closed or sealed in these entries is not with the others: a delegation's node that was
started with -giveback gives back what that delegation may read, sealed notes too, each held against its entry or digest.
Ask one after the other, before the record is served again. What no node has can be opened only where a copy of the
disclosures exists.

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
	if errors.Is(err, witness.ErrBehind) {
		return fmt.Errorf("%s has fewer entries than are here (%d): nothing was changed", from, before.Size)
	}
	if err != nil {
		return err
	}
	f.FetchMissing(ctx)
	after := f.Finding()
	if grown {
		fmt.Fprintf(out, "%d entries came, %d of them closed\n", after.Size-before.Size, after.Closed-before.Closed)
		fmt.Fprintf(out, "verified %d entries, root %s\n", after.Size, f.Last().Root)
	}
	back, err := h.giveBack(ctx, from)
	switch {
	case err == nil && back > 0:
		fmt.Fprintf(out, "%d openings of what is closed and sealed came back, and fit their entries\n", back)
	case grown && err != nil:
		fmt.Fprintf(out, "what they hold that is closed or sealed did not come back: %v\n", err)
	case grown:
		fmt.Fprintf(out, "nothing came back that was closed or sealed\n")
	default:
		return errors.Join(fmt.Errorf("%s has the %d entries that are here and no more", from, before.Size), err)
	}
	return nil
}

// giveBack asks a node for what it keeps for its delegation of what is closed and sealed, and keeps what is not here.
func (h *house) giveBack(ctx context.Context, from string) (int, error) {
	c := caller{from: from, says: func(address, challenge string) ([]byte, error) {
		return witness.SayAsWriter(h.log, address, challenge)
	}}
	engine, ok := h.engine.(*sqlite.Engine)
	if !ok || !c.may() {
		return 0, errors.New("it is no node that is reached by https")
	}
	v, err := h.view(ctx)
	if err == nil {
		err = v.Forget() // what is to be forgotten does not come back
	}
	if err != nil {
		return 0, err
	}
	kept, err := c.keep(ctx, v, engine)
	if errors.Is(err, errNotHere) {
		err = hinted{fmt.Errorf("%s gives nothing back", from), "ask whose node it is to start it with -giveback"}
	}
	return kept, err
}
