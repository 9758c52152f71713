package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	goio "io"
	"os"
	"path/filepath"

	"kurultai/conference"
	"kurultai/exchange"
	"kurultai/language"
	"kurultai/record"
	"kurultai/secretariat"
)

func importCommand() command {
	i := &importer{}
	return command{
		usage: `usage: kurultai import participants [flags] FILE      register and nominate a list of persons
       kurultai import votes [flags] FILE             enter answers taken on another device
       kurultai import document [flags] FILE          register a document in Akoma Ntoso as a draft

FILE is a table, .csv or .xlsx, whose first row names its columns; a row that is wrong is named with its column and
what to do about it. All rows are entered, or none. Where it was interrupted, the same command goes on.

  participants   columns name, party (id or name), role (head, delegate, alternate, adviser, staff)
  document       Akoma Ntoso 3.0 (statement, act, bill, doc, amendment): title, preamble and numbered paragraphs become a
                 draft; what is not taken over is named; with -dry-run the text is shown as it would be entered
  votes          columns party, answer (yes, no, abstain, not-participating; Y, N, A; X or empty: did not vote)

  -data DIR        the record; with -dry-run it may be left out: then only the table is looked at
  -dry-run         look at everything and enter nothing
  -meeting M       id of the meeting; the newest without it
  -by PERSON       id of the secretary who enters it; the first without it
  -lang L          participants: language of the names (en); document: its language, if not the one it names
  -parties         participants: name parties that are not there yet, and invite them as guests
  -first-is-head   participants: without a column role, the first of each party is its head, the others delegates
  -question Q      votes: id of the question
  -symbol S        document: its symbol; the next free one of the first series without it
  -instruction X   votes: the paper or message on which the desk enters them
  -tripwire FILE   where the last checkpoint is kept, outside DIR

example: kurultai import participants -dry-run -data lakes people.csv
`,
		flags: i.flags,
		run: func(ctx context.Context, io streams, args []string) error {
			if len(args) == 0 {
				return errUsage{"say participants, votes or document"}
			}
			rest, err := stepFlags(args, i.flags)
			if err != nil {
				return err
			}
			rest.Visit(func(f *flag.Flag) { i.langGiven = i.langGiven || f.Name == "lang" })
			if i.what = args[0]; rest.NArg() != 1 || i.what != "participants" && i.what != "votes" && i.what != "document" {
				return errUsage{"participants, votes or document, its flags, and one FILE"}
			}
			return i.run(ctx, io, rest.Arg(0))
		},
	}
}

// An importer is one import.
type importer struct {
	what                                                    string
	dir, meeting, by, lang, question, instruction, tripwire string
	symbol                                                  string
	dryRun, parties, firstIsHead, langGiven                 bool
}

func (i *importer) flags(f *flag.FlagSet) {
	f.StringVar(&i.dir, "data", i.dir, "")
	f.StringVar(&i.meeting, "meeting", i.meeting, "")
	f.StringVar(&i.by, "by", i.by, "")
	f.StringVar(&i.lang, "lang", "en", "")
	f.StringVar(&i.question, "question", i.question, "")
	f.StringVar(&i.symbol, "symbol", i.symbol, "")
	f.StringVar(&i.instruction, "instruction", i.instruction, "")
	f.StringVar(&i.tripwire, "tripwire", i.tripwire, "")
	f.BoolVar(&i.dryRun, "dry-run", i.dryRun, "")
	f.BoolVar(&i.parties, "parties", i.parties, "")
	f.BoolVar(&i.firstIsHead, "first-is-head", i.firstIsHead, "")
}

func (i *importer) run(ctx context.Context, io streams, path string) error {
	if _, ok := language.Get(i.lang); !ok {
		return errUsage{fmt.Sprintf("no language is called %q: az de en ka kk ky ru tr uz", i.lang)}
	}
	if i.dir == "" && !i.dryRun {
		return errUsage{"-data DIR is needed, but for -dry-run"}
	}
	if i.what == "document" {
		return i.document(ctx, io, path)
	}
	if i.what == "votes" && i.dir != "" && (i.question == "" || i.instruction == "") {
		return errUsage{"votes need -question and -instruction"}
	}
	b, err := readLimited(path, exchange.MaxTable)
	if err != nil {
		return err
	}
	table, problems, err := exchange.ReadTable(b)
	if err != nil {
		return hinted{fmt.Errorf("%s: %w", path, err), "nothing was entered"}
	}
	if left := (exchange.Participants{}).Left(table); i.what == "participants" && len(left) > 0 {
		fmt.Fprintf(io.talk, "columns that are not taken over: %v\n", left)
	}
	if i.dir == "" {
		_, more := i.plan(exchange.Desk{}, table, nil)
		return i.looked(io, path, table, append(problems, more...), nil)
	}
	h, err := openToWrite(ctx, i.dir, i.tripwire)
	if err != nil {
		return err
	}
	defer h.Close()
	return i.enter(ctx, io, h, path, b, table, problems)
}

func (i *importer) plan(d exchange.Desk, t *exchange.Table, s *conference.State) ([]exchange.Planned, []exchange.Problem) {
	if i.what == "votes" {
		return exchange.Votes{Desk: d, Question: conference.QuestionID(i.question), Instruction: i.instruction}.Plan(t, s)
	}
	return exchange.Participants{Desk: d, Language: conference.Language(i.lang), Parties: i.parties, FirstIsHead: i.firstIsHead}.Plan(t, s)
}

// A begun import is kept beside the record until it is done, so that it can be taken up again.
type begun struct {
	Seed []byte `json:"seed,omitempty"` // destroyed when done
	Size int64  `json:"size"`           // of the record when it was planned
	By   string `json:"by"`
	Done bool   `json:"done"`
}

// enter decides all acts, and then has them taken.
func (i *importer) enter(ctx context.Context, io streams, h *house, path string, b []byte, t *exchange.Table, problems []exchange.Problem) error {
	v := h.s.View()
	meeting, err := meetingNamed(v.State(), i.meeting)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%s %s %s %s %s %v %v %s", i.what, meeting, i.lang, i.question, i.instruction, i.parties, i.firstIsHead, record.DigestOf(b))
	mark := filepath.Join(h.dir, "imports", string(record.DigestOf([]byte(what)))+".json")
	job, resumed, err := readBegun(mark)
	if err != nil {
		return err
	}
	if job.Done {
		return hinted{fmt.Errorf("%s was imported before, up to entry %d", path, job.Size), "nothing was entered again"}
	}
	planned := v
	if resumed {
		fmt.Fprintf(io.talk, "an import of this file was interrupted: it is taken up again\n")
		if planned, err = v.At(ctx, job.Size); err != nil {
			return err
		}
	} else {
		if job = (begun{Seed: make([]byte, 32), Size: v.State().Size, By: i.by}); job.By == "" {
			desks := v.State().Holders(conference.Secretary)
			if len(desks) == 0 {
				return errors.New("nobody is secretary")
			}
			job.By = string(desks[0].Person)
		}
		rand.Read(job.Seed)
	}
	desk := exchange.Desk{Origin: v.Origin(), By: conference.PersonID(job.By), Meeting: meeting, Seed: exchange.Seed(job.Seed)}
	acts, more := i.plan(desk, t, planned.State())
	if problems = append(problems, more...); len(problems) == 0 && i.dryRun {
		if problems, err = rehearsed(ctx, v, acts); err != nil {
			return err
		}
	}
	if len(problems) > 0 || i.dryRun {
		return i.looked(io, path, t, problems, acts)
	}
	if !resumed {
		if err := writeBegun(mark, job); err != nil {
			return err
		}
	}
	taken, err := submit(ctx, io, h, acts)
	if r := new(conference.Refusal); taken == 0 && errors.As(err, &r) {
		os.Remove(mark)
		if problems, err = rehearsed(ctx, v, acts); err != nil { // to name every row
			return err
		}
		return i.looked(io, path, t, problems, acts)
	}
	if err != nil {
		return hinted{err, "what was taken stays taken; the same command goes on where this one stopped"}
	}
	job.Seed, job.Done, job.Size = nil, true, h.s.View().State().Size
	if err := writeBegun(mark, job); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%d rows entered by %d acts; the record has %d entries\n", len(t.Rows), len(acts), job.Size)
	return nil
}

// rehearsed decides all acts after v and appends nothing; a refusal is a problem of its row.
func rehearsed(ctx context.Context, v *secretariat.View, acts []exchange.Planned) (problems []exchange.Problem, err error) {
	take := v.Rehearse(v.Origin(), wall, rand.Reader)
	en, _ := language.Get("en")
	for _, a := range acts {
		_, err := take(ctx, a.Act)
		var r *conference.Refusal
		if errors.As(err, &r) {
			problems = append(problems, exchange.Problem{Row: a.Row, Why: fmt.Sprintf("%s is refused: %s (%s; %s)", a.Act.Submitted.Name, en.Say("refusal."+string(r.Code), r.Args...), r.Code, r.Rule), Remedy: en.Say("remedy." + string(r.Code))})
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	return problems, nil
}

// submit has the acts taken, all or none, and tells how far it is.
func submit(ctx context.Context, io streams, h *house, acts []exchange.Planned) (taken int, err error) {
	w := &secretariat.Whole{}
	for _, a := range acts {
		w.Acts = append(w.Acts, a.Act)
	}
	var collector seldom // much is made at once, and all of it is kept
	collector.adjust()
	defer collector.end()
	next := 10_000
	w.Told = func(taken int) {
		if submitted != nil {
			submitted(taken)
		}
		if taken >= next || taken == len(acts) {
			fmt.Fprintf(io.talk, "%d of %d acts\n", taken, len(acts))
			next = taken + 10_000
			collector.adjust()
		}
	}
	err = h.s.DoWhole(ctx, w)
	return w.Taken, err
}

// submitted, where a test sets it, hears of each group that is durable.
var submitted func(taken int)

// looked tells what is wrong, or that nothing is.
func (i *importer) looked(io streams, path string, t *exchange.Table, problems []exchange.Problem, acts []exchange.Planned) error {
	const most = 100
	for n, p := range problems {
		if n == most {
			fmt.Fprintf(io.out, "… and %d more\n", len(problems)-most)
			break
		}
		fmt.Fprintln(io.out, p)
	}
	if len(problems) > 0 {
		return hinted{fmt.Errorf("%s: %d mistakes", path, len(problems)), "nothing was entered; mend the rows and try again"}
	}
	fmt.Fprintf(io.out, "%d rows are good", len(t.Rows))
	if acts != nil {
		fmt.Fprintf(io.out, "; %d acts would enter them", len(acts))
	}
	fmt.Fprintln(io.out)
	return nil
}

func readLimited(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return goio.ReadAll(goio.LimitReader(f, most+1))
}

func readBegun(path string) (job begun, found bool, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return job, false, nil
	} else if err != nil {
		return job, false, err
	}
	if err := json.Unmarshal(b, &job); err != nil || !job.Done && len(job.Seed) != 32 {
		return job, false, hinted{fmt.Errorf("%s cannot be read", path), "it says how far an import came; put it back from a backup, or take it away to begin anew"}
	}
	return job, true, nil
}

// writeBegun writes the mark whole: beside, then in place.
func writeBegun(path string, job begun) error {
	b, err := json.Marshal(job)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	next := path + ".next"
	os.Remove(next)
	if err := writeSynced(next, b); err != nil {
		return err
	}
	return os.Rename(next, path)
}
