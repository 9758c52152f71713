// Bench measures what is ours beside what others have made for the like, on one machine in one sitting. It is a module
// of its own, so that nothing of theirs enters ours.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

const usage = `usage: go run . WHAT [flags]        (in bench/; flags may also stand before WHAT)

Measures ours beside the systems of others, in turn, on this machine, now. Prints tables of ratios in Markdown.

  fanout   our live pages beside centrifuge, net/http with a channel a reader, and a loop of write(2) on each socket
  append   the engine on one machine and on three nodes beside Tessera POSIX, PostgreSQL, and a loop that writes and syncs
  import   a list of 100,000 participants entered and listed, beside a plain program with SQLite

  -json        the figures for machines
  -check       exit 1 if a goal is missed
  -rounds N    each system takes N turns; the medians of these count (5)
  -for D       append: how long a turn lasts (2s)
  -of LIST     append: only these systems, with commas: bare sqlite etcd postgres postgres_grouped tessera tessera_tuned
  -readers N   fanout: how many readers (19000, or what the limit of open files leaves)
  -rows N      import: how many participants (100000)
  -dir DIR     append, import: a folder on the disk to be measured (this one)

append needs PostgreSQL (initdb and pg_ctl, on the PATH or where Debian keeps them); as root it runs as the user postgres.

example: go run . append -rounds 3 -for 1s
`

// A run is what was asked for.
type run struct {
	ctx     context.Context
	rounds  int
	turn    time.Duration
	readers int
	rows    int
	dir     string
	of      []string
}

func main() {
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		if _, wrong := err.(errUsage); wrong {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

// errUsage is of a command that cannot be understood.
type errUsage struct{ why string }

func (e errUsage) Error() string { return e.why + "\n\n" + usage }

func command(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(args) == 2 && children[args[0]] != nil {
		return children[args[0]](ctx, args[1])
	}
	r := run{ctx: ctx}
	var asJSON, check, help bool
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(new(strings.Builder))
	flags.BoolVar(&asJSON, "json", false, "")
	flags.BoolVar(&check, "check", false, "")
	flags.BoolVar(&help, "help", false, "")
	flags.IntVar(&r.rounds, "rounds", 5, "")
	flags.DurationVar(&r.turn, "for", 2*time.Second, "")
	flags.IntVar(&r.readers, "readers", 19000, "")
	flags.IntVar(&r.rows, "rows", 100_000, "")
	flags.Func("of", "", func(s string) error { r.of = strings.Split(s, ","); return nil })
	flags.StringVar(&r.dir, "dir", ".", "")
	err := flags.Parse(args)
	what := flags.Arg(0)
	if err == nil && what != "" {
		err = flags.Parse(flags.Args()[1:])
	}
	if help || err == flag.ErrHelp {
		fmt.Print(usage)
		return nil
	}
	if err != nil {
		return errUsage{err.Error()}
	}
	measures := map[string]func(run) (*comparison, error){"fanout": fanout, "append": appends, "import": imports}
	measure := measures[what]
	if measure == nil || flags.NArg() > 0 || r.rounds < 1 || r.readers < 1 || r.rows < 1 || r.turn <= 0 {
		return errUsage{"say WHAT: fanout, append or import; numbers are 1 or more"}
	}
	c, err := measure(r)
	if err != nil {
		return err
	}
	if asJSON {
		err = json.NewEncoder(os.Stdout).Encode(c.machine())
	} else {
		_, err = fmt.Print(c)
	}
	if missed := c.missed(); err == nil && check && len(missed) > 0 {
		err = fmt.Errorf("missed: %s", strings.Join(missed, ", "))
	}
	return err
}

// children are what the program does for itself in a process of its own; each takes one argument and stands on standard
// input and output.
var children = map[string]func(context.Context, string) error{"-readers-of": serveReaders, "-server-of": serveEvents, "-member": member}
