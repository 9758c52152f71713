package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"kurultai/cluster"
)

const clusterUsage = `usage: kurultai cluster init -data DIR -name NAME -at HOST:PORT [-distant] [-quota BYTES] [-force]
       kurultai cluster cert -data DIR [-renew] [-out FILE] NAME [HOST…]
       kurultai cluster cert -data DIR -take FILE
       kurultai cluster join -data DIR -at HOST:PORT FILE
       kurultai cluster leave -data DIR [NAME]
       kurultai cluster status -data DIR [-json]

A record on three machines, or five, that loses a machine and no act. kurultai serve -data DIR runs each member.

  init     makes the record of one machine, which is not served meanwhile, the first member of a cluster
  cert     where the cluster began: makes the file with which a node called NAME joins, reached at HOST. The file holds
           its key: carry it as you would carry a key. With -renew it gives a member a new certificate; a member takes
           it over with -take and needs no restart
  join     adds this machine: asks a running member, and fills the new folder DIR with what it needs to start. It learns
           first and votes when it has caught up; one node joins at a time
  leave    takes a member out, this one, or one by its NAME, or its HOST:PORT if it never started, that is dead
  status   who is a member, who writes, whose copy lags, what somebody should see to; exits 1 where no majority answers

  -data DIR        the record of this machine
  -at HOST:PORT    where the other members reach this one: at PORT, PORT+1 and PORT+2
  -distant         members are far apart, as cities are: waits longer before another leads
  -quota BYTES     of the database in which etcd holds the newest acts (2 GiB)
  -force           DIR was of a cluster of which no majority is left, for good: its copy begins another
  -out FILE        where the file goes                             (NAME.join)
  -json            for machines

example: kurultai cluster init -data assembly -name ankara -at 10.0.0.1:2380 && kurultai cluster cert -data assembly baku 10.0.0.2
`

func clusterCommand() command {
	var c clustered
	return command{
		usage: clusterUsage,
		flags: c.flags,
		run: func(ctx context.Context, io streams, args []string) error {
			steps := map[string]func(*clustered, context.Context, streams, []string) error{
				"init": (*clustered).init, "cert": (*clustered).cert, "join": (*clustered).join, "leave": (*clustered).leave, "status": (*clustered).status}
			if len(args) == 0 || steps[args[0]] == nil {
				return errUsage{"say init, cert, join, leave or status"}
			}
			rest, err := stepFlags(args, c.flags)
			if err != nil {
				return err
			}
			if c.dir == "" {
				return errUsage{"-data DIR is needed"}
			}
			return steps[args[0]](&c, ctx, io, rest.Args())
		},
	}
}

// clustered is what cluster is asked.
type clustered struct {
	dir, name, at, out, take      string
	distant, force, renew, asJSON bool
	quota                         int64
}

func (c *clustered) flags(f *flag.FlagSet) {
	f.StringVar(&c.dir, "data", c.dir, "")
	f.StringVar(&c.name, "name", c.name, "")
	f.StringVar(&c.at, "at", c.at, "")
	f.StringVar(&c.out, "out", c.out, "")
	f.StringVar(&c.take, "take", c.take, "")
	f.BoolVar(&c.distant, "distant", c.distant, "")
	f.BoolVar(&c.force, "force", c.force, "")
	f.BoolVar(&c.renew, "renew", c.renew, "")
	f.BoolVar(&c.asJSON, "json", c.asJSON, "")
	f.Int64Var(&c.quota, "quota", c.quota, "")
}

func (c *clustered) init(_ context.Context, io streams, args []string) error {
	if c.name == "" || c.at == "" || len(args) > 0 {
		return errUsage{"init: -name NAME and -at HOST:PORT are needed"}
	}
	was := cluster.Is(c.dir)
	if err := cluster.Found(c.dir, cluster.Founding{Name: c.name, At: c.at, Distant: c.distant, Quota: c.quota, Again: c.force}); err != nil {
		return err
	}
	if was {
		fmt.Fprintf(io.talk, "The members of the cluster before must never run again: take their folders away now. What was acknowledged and is not\nin this copy is lost; kurultai recover fetches it where a node or mirror has it.\n")
	}
	fmt.Fprintf(io.out, "%s is the first member. Next: kurultai serve -data %s, and for each further node\n  kurultai cluster cert -data %s NAME HOST\n", c.name, c.dir, c.dir)
	return nil
}

func (c *clustered) cert(_ context.Context, io streams, args []string) error {
	if c.take != "" {
		if len(args) > 0 || c.renew {
			return errUsage{"cert: -take FILE stands alone"}
		}
		b, err := readTicket(c.take)
		if err == nil {
			err = cluster.Take(c.dir, b)
		}
		if err == nil {
			fmt.Fprintln(io.out, "the new certificate is taken over; no restart is needed")
		}
		return err
	}
	if len(args) == 0 {
		return errUsage{"cert: the NAME of the node, and the HOST at which it is reached"}
	}
	name := args[0]
	b, err := cluster.Certify(c.dir, name, args[1:], c.renew)
	if err != nil {
		return err
	}
	if b == nil {
		fmt.Fprintf(io.out, "%s has a new certificate; no restart is needed\n", name)
		return nil
	}
	if c.out == "" {
		c.out = name + ".join"
	}
	if err := writeSynced(c.out, b); err != nil {
		return hinted{fmt.Errorf("writing %s: %w", c.out, err), "-out names another file"}
	}
	next := "kurultai cluster join -data DIR -at HOST:PORT " + c.out
	if c.renew {
		next = "kurultai cluster cert -data DIR -take " + c.out
	}
	fmt.Fprintf(io.out, "%s holds the key of %s. There: %s\nThen destroy the file.\n", c.out, name, next)
	return nil
}

// readTicket reads a file of cluster cert, which is small.
func readTicket(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, hinted{err, "kurultai cluster cert makes such files"}
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 1<<20))
}

func (c *clustered) join(ctx context.Context, io streams, args []string) error {
	if c.at == "" || len(args) != 1 {
		return errUsage{"join: -at HOST:PORT, and the FILE that kurultai cluster cert made"}
	}
	b, err := readTicket(args[0])
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	if err := cluster.Join(ctx, c.dir, c.at, b); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "this node was added. It learns, and votes when it has caught up: kurultai serve -data %s\n", c.dir)
	return nil
}

func (c *clustered) leave(ctx context.Context, io streams, args []string) error {
	if len(args) > 1 {
		return errUsage{"leave: the NAME of one member, or none for this one"}
	}
	name := ""
	if len(args) == 1 {
		name = args[0]
	}
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	if err := cluster.Leave(ctx, c.dir, name); err != nil {
		return err
	}
	if name == "" {
		name = "this node"
	}
	fmt.Fprintf(io.out, "%s is no member any more\n", name)
	return nil
}

func (c *clustered) status(ctx context.Context, io streams, args []string) error {
	if len(args) > 0 {
		return errUsage{"status: nothing behind the flags"}
	}
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	s, err := cluster.Ask(ctx, c.dir)
	if err != nil {
		return err
	}
	if c.asJSON {
		out := json.NewEncoder(io.out)
		out.SetIndent("", "  ")
		err = out.Encode(s)
	} else {
		err = tellCluster(io.out, s)
	}
	if err == nil && !s.Quorum {
		err = errSilent
	}
	return err
}

// tellCluster says how a cluster is, a line a member, and below it what is to be seen to.
func tellCluster(w io.Writer, s cluster.Status) error {
	switch {
	case !s.Quorum:
		fmt.Fprintf(w, "no majority answers: nothing is written; %d entries can be read here\n", s.Size)
	case s.Writer == "":
		fmt.Fprintf(w, "%d entries; nobody writes\n", s.Size)
	default:
		fmt.Fprintf(w, "%d entries; %s writes\n", s.Size, s.Writer)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MEMBER\tAT\tIS\tENTRIES\tLAGS\tETCD USES\tDISK USED\tCERTIFICATE UNTIL")
	for _, m := range s.Members {
		name := m.Name
		if name == "" {
			name = "(not started)"
		}
		if !m.Reached {
			fmt.Fprintf(table, "%s\t%s\tsilent\t\t\t\t\t\n", name, m.At)
			continue
		}
		if m.Starting {
			fmt.Fprintf(table, "%s\t%s\tstarting\t%d\t%d\t\t%.0f %%\t%s\n", name, m.At, m.Size, m.Lag, 100*m.Disk, m.Ends.UTC().Format(time.DateOnly))
			continue
		}
		is := []string{"learns"}
		if m.Voting {
			is[0] = "votes"
		}
		if m.Leads {
			is = append(is, "leads")
		}
		if !m.Complete {
			is = append(is, "lacks files")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d of %d MiB\t%.0f %%\t%s\n", name, m.At, strings.Join(is, ", "), m.Size, m.Lag, m.Used>>20, m.Quota>>20, 100*m.Disk, m.Ends.UTC().Format(time.DateOnly))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, m := range s.Members {
		lines := slices.Clone(m.Alarms)
		if m.Why != "" {
			lines = append(lines, m.Why)
		}
		for _, l := range lines {
			name := m.Name
			if name == "" {
				name = m.At
			}
			fmt.Fprintf(w, "%s: %s\n", name, l)
		}
	}
	return nil
}
