// Command kurultai keeps the record of an intergovernmental body: it plays, serves, tells and proves it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // zones of seats are checked on machines that have no such table

	"kurultai/cluster"
	"kurultai/conference"
	"kurultai/language"
	"kurultai/record/sqlite"
	"kurultai/story"
)

const usage = `usage: kurultai COMMAND [flags] [arguments]      (flags stand before arguments)

  demo        play a meeting and serve its page on http://localhost:8080
  serve       serve the pages of a record, or set a body up
  follow      keep a copy of a record, decide it again, cosign it
  edge        show a record that is written elsewhere to any number of readers
  recover     fetch the end that a record lacks from a node that has it
  cluster     a record on three machines: begin, join, leave, certificates, status
  init        found a record for a body described in a file
  rehearse    copy a body, to try everything in
  play        submit the acts of a story
  act         submit one act, under a key in a file
  enrol       make the link with which a person enrols a passkey
  acts        list what can be done, by whom, under which rule
  rules       rules of procedure, and whether they decide as bodies did
  depositary  when treaties enter into force, and whether as published
  communique  tell a meeting in one of nine languages
  paper       set a paper as PDF
  sign        sign an instrument on its paper, step by step
  sealed      notes that the record's keeper cannot read: write, open, pass on
  import      enter a list of participants, or votes, from a table
  export      write a record as a story or as verifiable tiles
  verify      check a record, its signatures and every decision in it
  backup      write a record, or its keys, into one file
  restore     make a record's folder from such a file
  version     which program this is, and which formats it keeps
  bench       measure, always beside a reference

kurultai COMMAND -h explains one. Example:

  kurultai demo -story baku -data baku && kurultai verify baku
`

// A command is one subcommand. run gets the arguments behind its flags.
type command struct {
	usage string // hand-set, ending in an example
	flags func(*flag.FlagSet)
	run   func(ctx context.Context, io streams, args []string) error

	environment bool // each flag may be given as an environment variable too
}

// streams are where a command speaks: answers on out, talk on talk.
type streams struct{ out, talk io.Writer }

// errUsage is a mistake in how the command was called; it exits with 2.
type errUsage struct{ why string }

func (e errUsage) Error() string { return e.why }

// errSilent ends with 1 without a further word: all has been said.
var errSilent = errors.New("")

func commands() map[string]func() command {
	return map[string]func() command{
		"demo": demoCommand, "init": initCommand, "serve": serveCommand, "play": playCommand, "act": actCommand, "enrol": enrolCommand, "rehearse": rehearseCommand, "acts": actsCommand, "rules": rulesCommand, "depositary": depositaryCommand, "import": importCommand,
		"communique": communiqueCommand, "paper": paperCommand, "sign": signCommand, "sealed": sealedCommand, "export": exportCommand, "verify": verifyCommand, "follow": followCommand, "edge": edgeCommand, "recover": recoverCommand, "cluster": clusterCommand, "backup": backupCommand, "restore": restoreCommand, "version": versionCommand, "bench": benchCommand,
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, streams{os.Stdout, os.Stderr}, os.Args[1:]))
}

// run runs one command and returns its exit code: 0, 1 for a refusal or fault, 2 for a mistake in usage.
func run(ctx context.Context, io streams, args []string) int {
	if len(args) == 0 {
		fmt.Fprint(io.talk, usage)
		return 2
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(io.out, usage)
		return 0
	}
	make, ok := commands()[args[0]]
	if !ok {
		fmt.Fprintf(io.talk, "kurultai: no command is called %q\nhint: kurultai -h lists them\n", args[0])
		return 2
	}
	c := make()
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(discard{})
	if c.flags != nil {
		c.flags(flags)
	}
	if c.environment {
		if err := fromEnvironment(flags); err != nil {
			return fail(io, args[0], err)
		}
	}
	switch err := flags.Parse(args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(io.out, c.usage)
		return 0
	case err != nil:
		return fail(io, args[0], errUsage{err.Error()})
	}
	err := c.run(ctx, io, flags.Args())
	if errors.Is(err, flag.ErrHelp) { // asked behind what the command does, as import participants -h
		fmt.Fprint(io.out, c.usage)
		return 0
	}
	return fail(io, args[0], err)
}

// variable is the environment variable that stands for a flag: -oidc-issuer is KURULTAI_OIDC_ISSUER.
func variable(name string) string {
	return "KURULTAI_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// fromEnvironment sets flags from the environment, before the command line is read, which wins. One that is set to nothing
// is as if it were not.
func fromEnvironment(flags *flag.FlagSet) (err error) {
	flags.VisitAll(func(f *flag.Flag) {
		if value := os.Getenv(variable(f.Name)); value != "" && err == nil {
			if wrong := f.Value.Set(value); wrong != nil {
				err = errUsage{fmt.Sprintf("%s=%q: %v", variable(f.Name), value, wrong)}
			}
		}
	})
	return err
}

// stepFlags reads the flags behind the name of a step, which may stand before it too, and leaves what it works on.
func stepFlags(args []string, define func(*flag.FlagSet)) (*flag.FlagSet, error) {
	rest := flag.NewFlagSet(args[0], flag.ContinueOnError)
	rest.SetOutput(discard{})
	define(rest)
	err := rest.Parse(args[1:])
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		err = errUsage{err.Error()}
	}
	return rest, err
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// fail says what went wrong, to which thing, and what to do next.
func fail(io streams, name string, err error) int {
	var usage errUsage
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errSilent):
		return 1
	case errors.As(err, &usage):
		fmt.Fprintf(io.talk, "kurultai %s: %s\nhint: kurultai %s -h shows how it is called\n", name, usage.why, name)
		return 2
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(io.talk, "kurultai %s: interrupted\n", name)
		return 1
	}
	fmt.Fprintf(io.talk, "kurultai: %s\n", explain(err))
	if hint := remedy(err); hint != "" {
		fmt.Fprintf(io.talk, "hint: %s\n", hint)
	}
	return 1
}

// explain words a refusal in English with its code and rule; a fault is its chain.
func explain(err error) string {
	var r *conference.Refusal
	if !errors.As(err, &r) {
		return err.Error()
	}
	text := sentence("en", r)
	var line *story.LineError
	if errors.As(err, &line) {
		return fmt.Sprintf("line %d: %s (%s; %s)", line.Line, text, r.Code, r.Rule)
	}
	return fmt.Sprintf("%s (%s; %s)", text, r.Code, r.Rule)
}

// sentence is a refusal in a language.
func sentence(lang string, r *conference.Refusal) string {
	l, ok := language.Get(lang)
	if !ok {
		return r.Error()
	}
	return l.Say("refusal."+string(r.Code), r.Args...)
}

// hinted is a fault that knows what to do about it.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

func remedy(err error) string {
	var h hinted
	if errors.As(err, &h) {
		return h.hint
	}
	var c *cluster.Refusal
	if errors.As(err, &c) {
		return c.Hint
	}
	if errors.Is(err, sqlite.ErrTaken) {
		return "stop kurultai serve there first, or submit acts where it is served: kurultai act -url URL"
	}
	var r *conference.Refusal
	if errors.As(err, &r) {
		if l, ok := language.Get("en"); ok {
			return l.Say("remedy."+string(r.Code), r.Args...)
		}
	}
	return ""
}
