package bodies

import (
	"cmp"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"kurultai/rules"
)

// A Report says how the rules agree with what bodies decided.
type Report struct {
	Checked, Equal  int
	Excepted, Wrong []Row
}

// A Row is a line of a table that does not agree: excepted where the data name it with its cause, else wrong.
type Row struct{ Table, ID, Why string }

func (r Row) String() string { return r.Table + " " + r.ID + ": " + r.Why }

var (
	//go:embed exceptions.csv
	exceptions string
	//go:embed majorities.csv
	majorities string
)

// tables are those that are known, by their file names.
var tables = map[string]func(*check) error{
	"rollcalls.csv": (*check).rollCalls, "outcomes.csv": (*check).outcomes, "failed_drafts.csv": (*check).failedDrafts,
	"vetoes.csv": (*check).vetoes, "qmv-cases.csv": (*check).coalitions, "vectors.json": (*check).vectors,
}

// check is one run over a folder.
type check struct {
	Report
	folder fs.FS
	table  string
	causes map[[2]string]string // of exceptions, by table and id
}

// Check decides every vote of the tables in a folder again, with the rules that were in force. A row that does not
// agree counts as excepted only where exceptions.csv, built in or in the folder, names it with its cause; an
// exception for a row that does agree is wrong. The error says that a table cannot be read.
func Check(folder string) (*Report, error) {
	c := &check{folder: os.DirFS(folder), causes: map[[2]string]string{}}
	own := ""
	if b, err := fs.ReadFile(c.folder, "exceptions.csv"); err == nil {
		own = string(b)
	}
	for _, text := range []string{exceptions, own} {
		rows, err := read(strings.NewReader(text), "table", "id", "cause")
		if text != "" && err != nil {
			return nil, fmt.Errorf("exceptions.csv: %w", err)
		}
		for _, row := range rows {
			if row["cause"] == "" {
				return nil, fmt.Errorf("exceptions.csv: %s %s has no cause", row["table"], row["id"])
			}
			c.causes[[2]string{row["table"], row["id"]}] = row["cause"]
		}
	}
	found := 0
	for _, c.table = range sorted(tables) {
		switch _, err := fs.Stat(c.folder, c.table); {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, err
		}
		found++
		before := c.Checked
		if err := tables[c.table](c); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(folder, c.table), err)
		}
		if c.Checked == before {
			return nil, fmt.Errorf("%s: the table is empty", filepath.Join(folder, c.table))
		}
	}
	if found == 0 {
		return nil, fmt.Errorf("%s: no table is known there; known are %s", folder, strings.Join(sorted(tables), ", "))
	}
	return &c.Report, nil
}

// row notes a row and what is wrong with it, "" where it agrees.
func (c *check) row(id, why string) {
	c.Checked++
	cause, excepted := c.causes[[2]string{c.table, id}]
	switch {
	case why == "" && excepted:
		c.Wrong = append(c.Wrong, Row{c.table, id, "agrees, and is excepted: " + cause})
	case why == "":
		c.Equal++
	case excepted:
		c.Excepted = append(c.Excepted, Row{c.table, id, why + "; " + cause})
	default:
		c.Wrong = append(c.Wrong, Row{c.table, id, why})
	}
}

// read reads a table of the folder.
func (c *check) read(table string, columns ...string) ([]map[string]string, error) {
	f, err := c.folder.Open(table)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f, columns...)
}

// read reads a table with a line of names and wants some columns.
func read(from io.Reader, columns ...string) (rows []map[string]string, err error) {
	in := csv.NewReader(from)
	names, err := in.Read()
	if err != nil {
		return nil, err
	}
	for _, want := range columns {
		if !slices.Contains(names, want) {
			return nil, fmt.Errorf("there is no column %q", want)
		}
	}
	for {
		fields, err := in.Read()
		if err == io.EOF {
			return rows, nil
		} else if err != nil {
			return nil, err
		}
		row := make(map[string]string, len(names))
		for i, name := range names {
			row[name] = strings.Join(strings.Fields(fields[i]), " ")
		}
		rows = append(rows, row)
	}
}

func body(name string) *rules.Rules {
	r, ok := Get(name)
	if !ok {
		panic("no body is called " + name)
	}
	return r
}

// differ compares a number as printed with the number found; nothing printed is nothing to compare.
func differ(what, printed string, found int64) string {
	if n, err := strconv.ParseInt(printed, 10, 64); printed != "" && (err != nil || n != found) {
		return fmt.Sprintf("%s: %s printed, %d by member", what, printed, found)
	}
	return ""
}

// answers are votes from lists of members.
func answers(yes, no, abstain []string) (votes []rules.Vote) {
	for _, list := range []struct {
		members []string
		answer  rules.Answer
	}{{yes, rules.Yes}, {no, rules.No}, {abstain, rules.Abstain}} {
		for _, m := range list.members {
			votes = append(votes, rules.Vote{Member: m, Answer: list.answer})
		}
	}
	return votes
}

// rollCalls are the General Assembly's: lists of members as they voted, totals and results as printed. A majority
// other than the simple one is named, by rcid and with its source, in majorities.csv, built in or in the folder.
func (c *check) rollCalls() error {
	rows, err := c.read(c.table, "rcid", "yes", "no", "abstain", "result", "Y", "N", "A", "X")
	if err != nil {
		return err
	}
	need := map[string]string{}
	named, err := read(strings.NewReader(majorities), "rcid", "majority", "source")
	if own, absent := c.read("majorities.csv", "rcid", "majority", "source"); absent == nil {
		named = append(named, own...)
	}
	if err != nil {
		return err
	}
	for _, n := range named {
		need[n["rcid"]] = n["majority"]
	}
	assembly := body("unga")
	states := map[string]bool{}
	if list, err := c.read("states.csv", "code"); err == nil {
		for _, s := range list {
			states[s["code"]] = true
		}
	}
	for _, row := range rows {
		yes, no, abstain, absent := strings.Fields(row["Y"]), strings.Fields(row["N"]), strings.Fields(row["A"]), strings.Fields(row["X"])
		members := slices.Concat(yes, no, abstain, absent)
		majority, _ := assembly.NamedMajority(cmp.Or(need[row["rcid"]], "simple"))
		count := assembly.House(members).Count(nil, answers(yes, no, abstain), majority)
		why := cmp.Or(differ("yes", row["yes"], count.Yes), differ("no", row["no"], count.No), differ("abstaining", row["abstain"], count.Abstain))
		for i, m := range slices.Sorted(slices.Values(members)) {
			if len(states) > 0 && !states[m] || i > 0 && slices.Index(members, m) != lastIndex(members, m) {
				why = cmp.Or(why, m+" is no state, or answers twice")
			}
		}
		outcome := majority.Decide(count, assembly.Tie).Outcome
		switch {
		case row["result"] == "adopted" && outcome != rules.Carried, row["result"] == "rejected" && outcome == rules.Carried:
			why = cmp.Or(why, fmt.Sprintf("%s printed, %s by rule", row["result"], outcome))
		case !slices.Contains([]string{"adopted", "rejected", ""}, row["result"]):
			why = cmp.Or(why, fmt.Sprintf("%q is no result", row["result"]))
		}
		c.row(row["rcid"], why)
	}
	return nil
}

func lastIndex(list []string, what string) int {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == what {
			return i
		}
	}
	return -1
}

// council is the Security Council of a year: eleven members and seven votes before 1966, fifteen and nine since.
func council(year string) (*rules.Rules, int64) {
	if year < "1966" {
		return body("unsc-before-1966"), 11
	}
	return body("unsc"), 15
}

// outcomes are the Security Council's drafts with totals: who vetoed stands there or in vetoes.csv, by draft.
func (c *check) outcomes() error {
	rows, err := c.read(c.table, "date", "symbol", "result", "yes", "no", "abstain", "vetoed_by")
	if err != nil {
		return err
	}
	vetoed := map[string]bool{}
	if list, err := c.read("vetoes.csv", "draft"); err == nil {
		for _, v := range list {
			vetoed[v["draft"]] = true
		}
	}
	for _, row := range rows {
		r, members := council(row["date"])
		majority, _ := r.Majority("proposal")
		count := rules.Count{Members: members}
		var why string
		for name, n := range map[string]*int64{"yes": &count.Yes, "no": &count.No, "abstain": &count.Abstain} {
			if row[name] == "" {
				continue
			}
			if *n, err = strconv.ParseInt(row[name], 10, 64); err != nil || *n < 0 {
				why = fmt.Sprintf("%s: %q is no number", name, row[name])
			}
		}
		total := count.Yes + count.No + count.Abstain
		if row["result"] == "adopted unanimously" && total == 0 {
			count.Yes, total = members, members
		}
		if row["vetoed_by"] != "" || vetoed[row["symbol"]] {
			count.Vetoes = 1
		}
		res := majority.Decide(count, r.Tie)
		switch printed := row["result"]; {
		case why != "":
		case total > members:
			why = fmt.Sprintf("%d votes in a Council of %d", total, members)
		case printed == "adopted without vote":
			if total > 0 || count.Vetoes > 0 {
				why = "without a vote, and votes are printed"
			}
		case printed == "vetoed" && (!res.Vetoed || count.No == 0),
			printed == "not adopted" && res.Outcome != rules.Lost,
			(printed == "adopted" || printed == "adopted unanimously") && res.Outcome != rules.Carried:
			why = fmt.Sprintf("%s printed, %s by rule (%s)", printed, res.Outcome, working(res))
		case !slices.Contains([]string{"vetoed", "not adopted", "adopted", "adopted unanimously"}, printed):
			why = fmt.Sprintf("%q is no result", printed)
		}
		c.row(row["symbol"]+" "+row["date"], why)
	}
	return nil
}

func working(r rules.Result) string {
	var steps []string
	for _, s := range r.Working {
		steps = append(steps, s.String())
	}
	return strings.Join(steps, "; ")
}

// permanent are the names the tables have for the permanent members.
var permanent = map[string]string{
	"China": "cn", "France": "fr", "United Kingdom": "gb", "Russian Federation": "ru", "United States": "us",
	"CN": "cn", "FR": "fr", "GB": "gb", "RU": "ru", "SU": "ru", "US": "us",
}

// voters are a list of names; permanent members under the names the rules know.
func voters(list, sep string) (names []string) {
	for _, n := range strings.Split(list, sep) {
		if n = strings.TrimSpace(n); n != "" {
			names = append(names, cmp.Or(permanent[n], n))
		}
	}
	return names
}

// failedDrafts are drafts the Security Council did not adopt, with each member's vote.
func (c *check) failedDrafts() error {
	rows, err := c.read(c.table, "year", "meeting", "voting_on", "yes", "no", "abstain", "council_size", "derived_reason", "derived_veto", "Y", "N", "A")
	if err != nil {
		return err
	}
	for _, row := range rows {
		r, size := council(row["year"])
		yes, no, abstain := voters(row["Y"], ";"), voters(row["N"], ";"), voters(row["A"], ";")
		members := slices.Concat(yes, no, abstain)
		for len(members) < int(size) {
			members = append(members, fmt.Sprintf("absent %d", len(members)))
		}
		majority, _ := r.Majority("proposal")
		count := r.House(members).Count(nil, answers(yes, no, abstain), majority)
		res := majority.Decide(count, r.Tie)
		why := cmp.Or(differ("members", row["council_size"], count.Members), differ("yes", row["yes"], count.Yes), differ("no", row["no"], count.No), differ("abstaining", row["abstain"], count.Abstain))
		if res.Outcome != rules.Lost {
			why = cmp.Or(why, "not adopted printed, carried by rule")
		}
		enough := len(res.Working) == 1 && res.Working[0].Passed
		if reason := map[bool]string{true: "veto", false: "majority"}[enough]; reason != row["derived_reason"] || enough != res.Vetoed && enough {
			why = cmp.Or(why, fmt.Sprintf("failed by %s, not by %s", reason, row["derived_reason"]))
		}
		for _, v := range voters(row["derived_veto"], ";") {
			if !slices.Contains(no, v) {
				why = cmp.Or(why, v+" is said to have vetoed and did not vote against")
			}
		}
		c.row(strings.Join([]string{row["voting_on"], row["meeting"], row["year"]}, " "), why)
	}
	return nil
}

// vetoes are drafts that permanent members stopped. With every other member in favour each would be carried as a
// matter of procedure, and is lost. Who vetoed stands there or, by draft, in outcomes.csv.
func (c *check) vetoes() error {
	rows, err := c.read(c.table, "date", "draft", "vetoed_by")
	if err != nil {
		return err
	}
	who := map[string]string{}
	if list, err := c.read("outcomes.csv", "symbol", "vetoed_by"); err == nil {
		for _, o := range list {
			who[o["symbol"]] = o["vetoed_by"]
		}
	}
	for _, row := range rows {
		r, size := council(row["date"])
		no := voters(cmp.Or(row["vetoed_by"], who[row["draft"]]), " ")
		var yes []string
		for _, m := range r.Classes[0].Members {
			if !slices.Contains(no, m) {
				yes = append(yes, m)
			}
		}
		for len(yes)+len(no) < int(size) {
			yes = append(yes, fmt.Sprintf("elected %d", len(yes)))
		}
		substance, _ := r.Majority("proposal")
		procedure, _ := r.Majority("procedure")
		members := slices.Concat(yes, no)
		count := r.House(members).Count(nil, answers(yes, no, nil), substance)
		why := ""
		switch {
		case len(no) == 0:
			why = "nobody is named who vetoed"
		case int64(len(no)) != count.Vetoes:
			why = fmt.Sprintf("%s: not all are permanent members", strings.Join(no, ", "))
		case !substance.Decide(count, r.Tie).Vetoed || procedure.Decide(count, r.Tie).Outcome != rules.Carried:
			why = "the veto does not decide"
		}
		c.row(row["draft"]+" "+row["date"], why)
	}
	return nil
}

// coalitions are sets of members of the Council of the European Union under both regimes, with the populations and
// votes of weights.csv. The members not in a coalition are against.
func (c *check) coalitions() error {
	rows, err := c.read(c.table, "in_favour", "n", "population_percent", "lisbon", "nice")
	if err != nil {
		return err
	}
	weights, err := c.read("weights.csv", "country", "v25", "p2014a")
	if err != nil {
		return fmt.Errorf("the weights: %w", err)
	}
	slices.SortFunc(weights, func(a, b map[string]string) int { return cmp.Compare(a["country"], b["country"]) })
	lisbon, nice := *body("eu-council"), *body("eu-council-nice")
	lisbon.Weights, nice.Weights, nice.Votes = nil, nil, nil
	var members []string
	for _, w := range weights {
		population, err1 := strconv.ParseInt(w["p2014a"], 10, 64)
		votes, err2 := strconv.ParseInt(w["v25"], 10, 64)
		if err := cmp.Or(err1, err2); err != nil {
			return fmt.Errorf("weights.csv: %s: %w", w["country"], err)
		}
		members = append(members, w["country"])
		lisbon.Weights = append(lisbon.Weights, rules.Weight{Member: w["country"], Weight: population})
		nice.Votes = append(nice.Votes, rules.Weight{Member: w["country"], Weight: votes})
	}
	nice.Weights = lisbon.Weights
	for at, row := range rows {
		yes := voters(row["in_favour"], "|")
		for i, name := range yes { // the rules of the Security Council know other names
			for country, code := range permanent {
				if code == name && slices.Contains(members, country) {
					yes[i] = country
				}
			}
		}
		no := slices.DeleteFunc(slices.Clone(members), func(m string) bool { return slices.Contains(yes, m) })
		why := ""
		for _, regime := range []struct {
			r       *rules.Rules
			printed string
		}{{&lisbon, row["lisbon"]}, {&nice, row["nice"]}} {
			majority, _ := regime.r.Majority("proposal")
			count := regime.r.House(members).Count(nil, answers(yes, no, nil), majority)
			res := majority.Decide(count, regime.r.Tie)
			decided := map[rules.Outcome]string{rules.Carried: "adopted", rules.Lost: "not adopted"}[res.Outcome]
			percent := fmt.Sprintf("%.4f", float64(count.WeightYes)*100/float64(count.Weight))
			why = cmp.Or(why, differ("members in favour", row["n"], count.Yes))
			if f, err := strconv.ParseFloat(row["population_percent"], 64); err != nil || fmt.Sprintf("%.4f", f) != percent {
				why = cmp.Or(why, fmt.Sprintf("population: %s printed, %s by member", row["population_percent"], percent))
			}
			if decided != regime.printed {
				why = cmp.Or(why, fmt.Sprintf("%s: %s printed, %s by rule (%s)", regime.r.Name, regime.printed, decided, working(res)))
			}
		}
		c.row("line "+strconv.Itoa(at+2), why)
	}
	return nil
}

func sorted[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// vectors are situations and what the rules make of them. Every word of the outcome has to be found.
func (c *check) vectors() error {
	text, err := fs.ReadFile(c.folder, c.table)
	if err != nil {
		return err
	}
	var list []vector
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	for _, v := range list {
		found, err := v.decide()
		why := ""
		if err != nil {
			why = err.Error()
		}
		for _, key := range sorted(v.Outcome) {
			if want, have := jsonOf(v.Outcome[key]), jsonOf(found[key]); want != have {
				why = cmp.Or(why, fmt.Sprintf("%s: %s printed, %s by rule", key, want, have))
			}
		}
		if len(v.Outcome) == 0 {
			why = cmp.Or(why, "it has no outcome")
		}
		c.row(v.ID, why)
	}
	return nil
}

func jsonOf(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
