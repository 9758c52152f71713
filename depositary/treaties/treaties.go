// Package treaties reads treaties as others list them, a pair of files a treaty, and reckons their entry into force again.
//
//	ID.yaml   name, the clause as data or in words, the published day, deposits of states that are no more
//	ID.csv    who did what when: columns participant, signed, deposited, kind (a line a participant); participant, act, date,
//	          place (a line an act); or Code, Name, Signature, Ratification, Kind, Date-Of-Effect, Percentage
//
// A treaty is excepted from being equal only where the data themselves say why: agrees: false and a line of the README's
// known defects, or an empty list of notifications and what is written beside it.
package treaties

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kurultai/depositary"
)

// A Treaty is one pair of files, read.
type Treaty struct {
	ID        string
	Name      string
	Clause    depositary.Clause
	Facts     depositary.Facts
	AsOf      depositary.Day  // of the data
	Published *depositary.Day // nil: not in force
	Trigger   depositary.Day  // the published day of the deposit that was the last to be wanted, or 0
	Missing   []string        // who is missing as published, where it is not in force
	Effects   []Effect        // published days per party
	Defect    string          // why it need not come out equal, as the data say; "": it must
	Dissolved []string        // states that are no more, whose deposits count
}

// An Effect is the published day from which a party is bound.
type Effect struct {
	Party string
	Day   depositary.Day
}

// organisations of states in the lists: their instruments do not count beside those of their members.
var organisations = []string{"European Union", "European Community", "European Economic Community"}

// depositaries of the treaties that have three, by the place of deposit.
var depositaries = map[string]string{"London": "United Kingdom", "Moscow": "Russian Federation", "Washington": "United States"}

// file is what stands in ID.yaml, as far as it is reckoned with.
type file struct {
	ID        string    `yaml:"id"`
	Name      string    `yaml:"name"`
	AsOf      string    `yaml:"as_of"`
	Clause    yaml.Node `yaml:"clause"`
	Published string    `yaml:"published_entry_into_force"`
	Trigger   string    `yaml:"trigger_deposit_in_data"`
	Agrees    *bool     `yaml:"agrees"`
	Missing   []string  `yaml:"missing_as_of"`

	Predecessors []struct {
		Participant string `yaml:"participant"`
		Deposited   string `yaml:"deposited"`
	} `yaml:"predecessors"`
	Signed []struct {
		Participant string `yaml:"participant"`
		Date        string `yaml:"date"`
	} `yaml:"signed"`
	Notifications yaml.Node `yaml:"notifications"`
}

// clause is a clause as the files write it.
type clause struct {
	Article   string  `yaml:"article"`
	Count     int64   `yaml:"count"`
	Of        string  `yaml:"of"`
	Rule      string  `yaml:"rule"`
	Then      string  `yaml:"then"`
	Days      int64   `yaml:"days"`
	Months    int64   `yaml:"months"`
	Share     float64 `yaml:"share"`
	OfShare   string  `yaml:"of_share"`
	List      string  `yaml:"list"`
	NotBefore string  `yaml:"not_before"`
}

// inWords are the clauses that stand as a sentence, as data. "depositaries" stands for those of the places of deposit.
var inWords = map[string]depositary.Way{
	"all five States of the region, 30 days after the fifth":      {Conditions: []depositary.Condition{{What: depositary.StepSignatories}, {What: depositary.StepConsents, Number: 5}}, Delay: &depositary.Delay{Count: 30, Unit: depositary.Days}},
	"twenty Governments, same day":                                {Conditions: []depositary.Condition{{What: depositary.StepConsents, Number: 20}}},
	"five States, thirtieth day after the fifth":                  {Conditions: []depositary.Condition{{What: depositary.StepConsents, Number: 5}}, Delay: &depositary.Delay{Count: 30, Unit: depositary.Days}},
	"five Governments including the three depositaries, same day": {Conditions: []depositary.Condition{{What: depositary.StepConsents, Number: 5}, {What: depositary.StepEveryone, Of: "depositaries"}}},
}

// Read reads all treaties of a folder, in order of id.
func Read(folder string) ([]Treaty, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no treaty", folder)
	}
	known, err := defects(filepath.Join(folder, "README.md"))
	if err != nil {
		return nil, err
	}
	var list []Treaty
	for _, path := range files {
		t, err := readTreaty(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		if t.Defect == agreesNot {
			t.Defect = known[t.ID]
		}
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b Treaty) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

// agreesNot stands in for the cause of a treaty that does not agree, until the README says it.
const agreesNot = "agrees: false"

var disagrees = regexp.MustCompile(`(?:^|[;:\s])([a-z0-9-]+) disagrees for ([^;.]+)`)

// defects are the causes a README gives, by treaty: "ID disagrees for CAUSE".
func defects(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	causes := map[string]string{}
	for _, m := range disagrees.FindAllStringSubmatch(string(text), -1) {
		causes[m[1]] = strings.Join(strings.Fields("for "+m[2]), " ")
	}
	return causes, nil
}

func readTreaty(path string) (t Treaty, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return t, err
	}
	var f file
	if err := yaml.Unmarshal(text, &f); err != nil {
		return t, err
	}
	t.ID, t.Name, t.Missing = f.ID, f.Name, f.Missing
	if want := strings.TrimSuffix(filepath.Base(path), ".yaml"); t.ID != want {
		return t, fmt.Errorf("its id is %q; a treaty has the name of its file", t.ID)
	}
	if f.Published != "" && f.Published != "null" {
		day, err := depositary.ParseDay(f.Published)
		if err != nil {
			return t, fmt.Errorf("published_entry_into_force: %w", err)
		}
		t.Published = &day
	}
	if f.Trigger != "" && len(f.Predecessors) == 0 {
		if t.Trigger, err = depositary.ParseDay(f.Trigger); err != nil {
			return t, fmt.Errorf("trigger_deposit_in_data: %w", err)
		}
	}
	if t.AsOf, err = depositary.ParseDay(f.AsOf); err != nil {
		t.AsOf = depositary.Date("2026-11-23").Day() // as taken; the list itself names its end in words
	}
	for _, s := range f.Signed {
		day, err := depositary.ParseDay(s.Date)
		if err != nil {
			return t, fmt.Errorf("signed: %w", err)
		}
		t.Facts.Acts = append(t.Facts.Acts, depositary.Act{Party: s.Participant, Sort: depositary.Signature, Day: day})
	}
	if err := t.table(strings.TrimSuffix(path, ".yaml") + ".csv"); err != nil {
		return t, err
	}
	for _, p := range f.Predecessors {
		day, err := depositary.ParseDay(p.Deposited)
		if err != nil {
			return t, fmt.Errorf("predecessors: %w", err)
		}
		t.Facts.Acts = append(t.Facts.Acts, depositary.Act{Party: p.Participant, Sort: depositary.Ratification, Day: day})
		t.Dissolved = append(t.Dissolved, p.Participant)
	}
	if err := t.clause(f.Clause); err != nil {
		return t, fmt.Errorf("clause: %w", err)
	}
	switch n := f.Notifications; {
	case n.Kind == yaml.SequenceNode && len(n.Content) == 0:
		t.Defect = strings.TrimSpace(strings.TrimLeft(n.LineComment+n.HeadComment+n.FootComment, "# "))
	case f.Agrees != nil && !*f.Agrees && len(f.Predecessors) == 0:
		t.Defect = agreesNot
	}
	return t, nil
}

func (t *Treaty) clause(n yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		way, ok := inWords[n.Value]
		if !ok {
			return fmt.Errorf("%q is no sentence that is known; write it as data: {count: 5, of: instruments, rule: nth-day, days: 30}", n.Value)
		}
		t.Clause.Ways = []depositary.Way{way}
		return nil
	}
	var c clause
	if err := n.Decode(&c); err != nil {
		return err
	}
	t.Clause.Article = c.Article
	way := depositary.Way{NotBefore: depositary.Date(c.NotBefore)}
	rule := c.Rule
	switch c.Rule {
	case "two-thresholds":
		rule = c.Then
		part := depositary.Fraction{Num: int64(c.Share*10_000 + 0.5), Den: 10_000}
		way.Conditions = []depositary.Condition{{What: depositary.StepConsents, Number: c.Count}, {What: depositary.StepShare, Share: &part, Of: "share"}}
	case "all-listed":
		rule = c.Then
		way.Conditions = []depositary.Condition{{What: depositary.StepEveryone, Of: "list"}}
	default:
		way.Conditions = []depositary.Condition{{What: depositary.StepConsents, Number: c.Count}}
	}
	switch rule {
	case "nth-day":
		way.Delay = &depositary.Delay{Count: c.Days, Unit: depositary.Days}
	case "months-after":
		way.Delay = &depositary.Delay{Count: c.Months, Unit: depositary.Months}
	case "first-of-month-after-days":
		way.Delay = &depositary.Delay{Count: c.Days, Unit: depositary.Days, Then: depositary.NextFirst}
	case "first-of-month-after-months":
		way.Delay = &depositary.Delay{Count: c.Months, Unit: depositary.Months, Then: depositary.NextFirst}
	case "first-of-nth-month-after-month":
		way.Delay = &depositary.Delay{Count: c.Months, Unit: depositary.Months, Then: depositary.ThisFirst}
	default:
		return fmt.Errorf("rule %q is none of nth-day, months-after, first-of-month-after-days, first-of-month-after-months, first-of-nth-month-after-month", rule)
	}
	t.Clause.Ways, t.Clause.Later = []depositary.Way{way}, way.Delay
	return t.Clause.Check()
}

// table reads the list beside a treaty; a treaty of which no act is known has none.
func (t *Treaty) table(path string) error {
	in, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer in.Close()
	r := csv.NewReader(in)
	head, err := r.Read()
	if err != nil {
		return fmt.Errorf("reading the first line of %s: %w", filepath.Base(path), err)
	}
	for {
		cells, err := r.Read()
		if err != nil {
			if errors.Is(err, csv.ErrFieldCount) || cells != nil {
				return fmt.Errorf("%s: %w", filepath.Base(path), err)
			}
			break
		}
		line, _ := r.FieldPos(0)
		row := map[string]string{}
		for i, name := range head {
			row[name] = cells[i]
		}
		if err := t.row(row); err != nil {
			return fmt.Errorf("%s, line %d: %w", filepath.Base(path), line, err)
		}
	}
	return nil
}

// row reads a line of any of the three lists.
func (t *Treaty) row(row map[string]string) error {
	if act, ok := row["act"]; ok { // a line an act
		party := row["participant"]
		day, err := depositary.ParseDay(row["date"])
		if err != nil {
			return err
		}
		sort, err := sortOf(act)
		if err != nil {
			return err
		}
		t.Facts.Acts = append(t.Facts.Acts, depositary.Act{Party: party, Sort: sort, Day: day, Place: row["place"]})
		if seat, ok := depositaries[row["place"]]; ok {
			t.member("depositaries", t.called(seat, party))
		}
		return nil
	}
	party, signed, deposited, kind := row["participant"], row["signed"], row["deposited"], row["kind"]
	if name, ok := row["Name"]; ok {
		party, signed, deposited, kind = name, row["Signature"], row["Ratification"], strings.ToLower(row["Kind"])
	}
	if slices.Contains(organisations, party) && !slices.Contains(t.Facts.Organisations, party) {
		t.Facts.Organisations = append(t.Facts.Organisations, party)
	}
	if row["annex2"] != "" {
		t.member("list", party)
	}
	if signed != "" {
		day, err := depositary.ParseDay(signed)
		if err != nil {
			return err
		}
		t.Facts.Acts = append(t.Facts.Acts, depositary.Act{Party: party, Sort: depositary.Signature, Day: day})
	}
	if deposited != "" {
		day, err := depositary.ParseDay(deposited)
		if err != nil {
			return err
		}
		sort, err := sortOf(kind)
		if err != nil {
			return err
		}
		t.Facts.Acts = append(t.Facts.Acts, depositary.Act{Party: party, Sort: sort, Day: day})
	}
	return t.paris(party, row)
}

// paris reads what the list of the Paris Agreement has besides: shares of emissions in hundredths of a per cent, and the
// day from which each party is bound.
func (t *Treaty) paris(party string, row map[string]string) error {
	if p := row["Percentage"]; p != "" {
		whole, err := strconv.ParseFloat(p, 64)
		if err != nil || whole < 0 || whole > 100 {
			return fmt.Errorf("%.20q is no percentage", p)
		}
		if len(t.Facts.Quantities) == 0 {
			t.Facts.Quantities = []depositary.Quantity{{Name: "share", Total: 10_000}}
		}
		q := &t.Facts.Quantities[0]
		q.Shares = append(q.Shares, depositary.Share{Party: party, Part: int64(whole*100 + 0.5)})
	}
	if e := row["Date-Of-Effect"]; e != "" {
		day, err := depositary.ParseDay(e)
		if err != nil {
			return err
		}
		t.Effects = append(t.Effects, Effect{party, day})
	}
	return nil
}

// called is the name under which a list has a state: with what stands in brackets behind it, where it has any.
func (t *Treaty) called(state, party string) string {
	if strings.HasPrefix(party, state) {
		return party
	}
	for _, a := range t.Facts.Acts {
		if strings.HasPrefix(a.Party, state) {
			return a.Party
		}
	}
	return state
}

func (t *Treaty) member(group, party string) {
	for i := range t.Facts.Groups {
		g := &t.Facts.Groups[i]
		if g.Name == group {
			g.Members = slices.DeleteFunc(g.Members, func(m string) bool { return m != party && strings.HasPrefix(party, m) })
			if !slices.Contains(g.Members, party) && !slices.ContainsFunc(g.Members, func(m string) bool { return strings.HasPrefix(m, party) }) {
				g.Members = append(g.Members, party)
			}
			return
		}
	}
	t.Facts.Groups = append(t.Facts.Groups, depositary.Group{Name: group, Members: []string{party}})
}

func sortOf(kind string) (string, error) {
	sort := strings.ReplaceAll(kind, " ", "-")
	if sort != depositary.Signature && sort != depositary.Withdraws && !depositary.Consents(sort) {
		return "", fmt.Errorf("%.40q is no act of a party: signature, ratification, acceptance, approval, accession, succession, definitive signature, formal confirmation or withdrawal", kind)
	}
	return sort, nil
}
