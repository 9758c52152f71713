package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kurultai/measure"
)

func benchCommand() command {
	var asJSON, check, secure, classes, readers, broken bool
	var rounds int
	var entries int64
	var child, node string
	var asked faultsAsked
	seed, typstDir, clients, edges, rate := uint64(1), filepath.Join("bench", "typst"), 10_000, 50, 200
	define := func(f *flag.FlagSet) {
		f.BoolVar(&asJSON, "json", asJSON, "")
		f.BoolVar(&check, "check", check, "")
		f.StringVar(&typstDir, "typst", typstDir, "")
		f.IntVar(&rounds, "rounds", rounds, "")
		f.Uint64Var(&seed, "seed", seed, "")
		f.StringVar(&asked.kinds, "kinds", asked.kinds, "")
		f.StringVar(&asked.older, "older", asked.older, "")
		f.Int64Var(&entries, "n", entries, "")
		f.IntVar(&clients, "clients", clients, "")
		f.BoolVar(&secure, "tls", secure, "")
		f.IntVar(&edges, "edges", edges, "")
		f.IntVar(&rate, "rate", rate, "")
		f.BoolVar(&classes, "classes", classes, "")
	}
	return command{
		usage: `usage: kurultai bench WHAT [flags]        (flags may also stand before WHAT)

Measures, always beside a reference in the same run, on this machine, now.

  append       the engine and the secretariat beside a loop that only writes and syncs the same bytes
  replay       a million acts decided again, beside parsing them alone
  verify       the tree from memory and from the file, beside SHA-256 over the same bytes
  rules        votes decided in a house of 193, beside adding them up
  import       a list of 100,000 participants entered and shown, beside reading its table
  communique   nine languages of one meeting
  paper        two pages in six languages beside typst, signatures of many, badges
  fanout       events to many live readers, beside a loop of write(2) on each socket
  follow       a node joins a record of a million entries, beside deciding them alone; what three nodes cost a writer
  edges        acts to readers at edges, beside readers at the node that writes
  bundle       an entry with its proof made and checked, beside checking one signature, and by the page in Chromium
  faults       three nodes of a quorum killed, cut off, without power, without room, and edges behind them, while authors
               append and readers read (as root)
  crash        kill -9 while many authors act, and look what was lost or doubled

  -json        the figures for machines
  -check       exit 1 if a goal is missed
  -clients N   fanout: how many readers (10000)
  -tls         fanout: through TLS
  -classes     fanout: an assembly in which 193 delegations read in nine languages, 2,000 persons signed in
  -edges N     edges: how many (50)
  -rate N      edges: acts a second (200)
  -typst DIR   paper: where typst is installed (bench/typst)
  -n N         follow: how many entries (1000000); import: how many participants (100000)
  -rounds N    crash, faults: how many (50); import: the same (3)
  -seed S      crash, faults: which times, which nodes (1)
  -kinds K,…   faults: these alone, as member-follower,restore-all (all; 24 rounds meet each that matters)
  -older FILE  faults: the program of an older build, to which nodes are rolled and back; without it they are restarted

example: kurultai bench append -json
`,
		flags: func(f *flag.FlagSet) {
			define(f)
			f.BoolVar(&readers, "fanout-readers", false, "") // how fanout calls itself
			f.BoolVar(&broken, "faults-inside", false, "")   // how faults calls itself
			f.BoolVar(&asked.forgets, "forgets", false, "")  // faults: the engine forgets, to see that it is found
			f.StringVar(&node, "fault-node", "", "")         // how faults calls a node
			f.StringVar(&child, "crash-child", "", "")       // how crash calls itself
		},
		run: func(ctx context.Context, io streams, args []string) error {
			if child != "" {
				return crashChild(ctx, io, child, rounds)
			}
			if readers {
				return measure.ServeReaders(os.Stdin, io.out)
			}
			if broken {
				asked.rounds, asked.seed = rounds, seed
				return faultsInside(ctx, asked, io)
			}
			if node != "" {
				return faultNode(ctx, node, io)
			}
			if len(args) == 0 {
				return errUsage{"say WHAT: append, replay, verify, rules, import, communique, paper, fanout, follow, edges, bundle, faults or crash"}
			}
			rest, err := stepFlags(args, define)
			if err != nil {
				return err
			}
			if rest.NArg() > 0 {
				return errUsage{"behind WHAT only flags may stand"}
			}
			what := args[0]
			benches := map[string]func(context.Context) (*figures, error){"append": benchAppend, "replay": benchReplay, "verify": benchVerify, "rules": benchRules, "communique": benchCommunique, "bundle": benchBundle,
				"import": func(ctx context.Context) (*figures, error) {
					return benchImport(ctx, cmp.Or(entries, importRows), cmp.Or(rounds, importRounds))
				},
				"follow": func(ctx context.Context) (*figures, error) {
					return benchFollow(ctx, cmp.Or(entries, 1_000_000), io.talk)
				},
				"edges": func(ctx context.Context) (*figures, error) { return benchEdges(ctx, edges, rate, io.talk) },
				"paper": func(ctx context.Context) (*figures, error) { return benchPaper(ctx, typstDir, io.talk) },
				"crash": func(ctx context.Context) (*figures, error) { return benchCrash(ctx, cmp.Or(rounds, faultRounds), seed) },
				"faults": func(ctx context.Context) (*figures, error) {
					asked.rounds, asked.seed = cmp.Or(rounds, faultRounds), seed
					return benchFaults(ctx, asked, io)
				},
				"fanout": func(ctx context.Context) (*figures, error) { return benchFanout(ctx, clients, secure, classes) }}
			run := benches[what]
			if run == nil {
				return errUsage{fmt.Sprintf("nothing is called %q: append, replay, verify, rules, import, communique, paper, fanout, follow, edges, bundle, faults or crash", what)}
			}
			f, err := run(ctx)
			if err != nil {
				return err
			}
			if asJSON {
				if err := json.NewEncoder(io.out).Encode(f.machine()); err != nil {
					return err
				}
			} else {
				fmt.Fprint(io.out, f)
			}
			if missed := f.missed(); check && len(missed) > 0 {
				return fmt.Errorf("missed: %s", strings.Join(missed, ", "))
			}
			return nil
		},
	}
}

// faultRounds is how often a record is killed or broken where nobody says.
const faultRounds = 50

// figures are what a bench found, in order. The first is its ratio.
type figures struct {
	what  string
	list  []figure
	table string // of what is tabled, for people
}

// A figure is a number, what it is, and the goal it has.
type figure struct {
	key, unit string
	value     float64
	goal      string // "at least" or "at most", or ""
	bound     float64
	words     string
	tabled    bool // for people it stands in the table
}

func (f *figures) add(key string, value float64, unit, words string) *figure {
	f.list = append(f.list, figure{key: key, unit: unit, value: value, words: words})
	return &f.list[len(f.list)-1]
}

func (g *figure) atLeast(bound float64) { g.goal, g.bound = "at least", bound }
func (g *figure) atMost(bound float64)  { g.goal, g.bound = "at most", bound }

func (g figure) missed() bool {
	return g.goal == "at least" && g.value < g.bound || g.goal == "at most" && g.value > g.bound
}

func (f *figures) missed() (keys []string) {
	for _, g := range f.list {
		if g.missed() {
			keys = append(keys, g.key)
		}
	}
	return keys
}

func (f *figures) machine() map[string]any {
	m := map[string]any{"bench": f.what, "missed": f.missed()}
	if f.missed() == nil {
		m["missed"] = []string{}
	}
	for _, g := range f.list {
		m[g.key] = g.value
		if g.goal != "" {
			m[g.key+"_goal"] = fmt.Sprintf("%s %g", g.goal, g.bound)
		}
	}
	return m
}

func (f *figures) String() string {
	var out strings.Builder
	for _, g := range f.list {
		if g.tabled {
			continue
		}
		goal := ""
		if g.goal != "" {
			goal = fmt.Sprintf("   goal: %s %g", g.goal, g.bound)
			if g.missed() {
				goal += ", missed"
			}
		}
		fmt.Fprintf(&out, "%-24s %12.4g %-10s %s%s\n", g.key, g.value, g.unit, g.words, goal)
	}
	if f.table != "" {
		fmt.Fprintf(&out, "\n%s", f.table)
	}
	return out.String()
}

var median, processor = measure.Median, measure.Processor

func seconds(since time.Time) float64 { return time.Since(since).Seconds() }
