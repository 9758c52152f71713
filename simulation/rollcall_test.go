package simulation_test

import (
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"

	"kurultai/conference"
	"kurultai/record/recordtest"
	"kurultai/rules/bodies"
	"kurultai/simulation"
)

var everyRoll = flag.Bool("rolls", false, "take every roll call of the General Assembly again, not one in forty")

// rows reads a table.
func rows(t *testing.T, path string) (list []map[string]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) < 2 {
		t.Fatalf("%s has no rows: %v", path, err)
	}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, key := range lines[0] {
			row[key] = line[i]
		}
		list = append(list, row)
	}
	return list
}

// The General Assembly's roll calls are called again, name by name, in a house of as many, and come to what was published.
func TestRollCallsOfTheGeneralAssembly(t *testing.T) {
	table := rows(t, recordtest.Table(t, "unga/rollcalls.csv"))
	important, excepted := map[string]bool{}, map[string]bool{}
	for _, r := range rows(t, "../rules/bodies/majorities.csv") {
		important[r["rcid"]] = r["majority"] == "two-thirds"
	}
	for _, r := range rows(t, "../rules/bodies/exceptions.csv") {
		excepted[r["id"]] = r["table"] == "rollcalls.csv"
	}
	var rolls []simulation.Roll
	var taken []map[string]string
	for i, r := range table {
		count := func(key string) int { return len(strings.Fields(r[key])) }
		if !*everyRoll && i%40 != 0 && !important[r["rcid"]] && r["result"] != "rejected" && !excepted[r["rcid"]] {
			continue
		}
		taken = append(taken, r)
		rolls = append(rolls, simulation.Roll{Name: "roll call " + r["rcid"], Yes: count("Y"), No: count("N"), Abstain: count("A"), Absent: count("X"), Important: important[r["rcid"]],
			Outcome: map[string]string{"adopted": "carried", "rejected": "lost"}[r["result"]]})
	}
	var rules any
	text, _ := bodies.Text("unga")
	if err := json.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	compact, _ := json.Marshal(rules)
	cryptotest.SetGlobalRandom(t, 1)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		results, counts, err := simulation.Replay(t.Context(), simulation.Config{Seed: 1, Dir: dir, Every: 1 << 40, Settle: synctest.Wait}, string(compact), rolls)
		if err != nil {
			t.Fatal(err)
		}
		compared, equal, known := 0, 0, 0
		for i, r := range results {
			roll, row := rolls[i], taken[i]
			agrees := func(key string, found int64) bool {
				n, err := strconv.ParseInt(row[key], 10, 64)
				return row[key] == "" || err == nil && n == found // nothing printed is nothing to compare
			}
			right := agrees("yes", r.Yes) && agrees("no", r.No) && agrees("abstain", r.Abstaining)
			if roll.Outcome != "" {
				compared++
				right = right && (r.Outcome == "carried") == (roll.Outcome == "carried")
			}
			if total := roll.Yes + roll.No + roll.Abstain; total > (total+roll.Absent)/2 && total+roll.Absent >= 51 && r.Absent != int64(roll.Absent) {
				t.Errorf("%s: %d absent, %d announced", roll.Name, roll.Absent, r.Absent)
			}
			switch {
			case right:
				equal++
			case excepted[row["rcid"]]:
				known++
			default:
				t.Errorf("%s: %+v came to %+v", roll.Name, roll, r)
			}
		}
		t.Logf("%d of %d roll calls taken again: %d equal, %d known to be misprinted; %d with a published result; %d entries, %d results reckoned again", len(results), len(table), equal, known, compared, counts.Entries, counts.Results)
		if *everyRoll && (len(results) != 3051 || known != 16) || compared == 0 || len(results) != len(rolls) || !slices.ContainsFunc(results, func(r conference.ResultAnnounced) bool { return r.Majority == "two-thirds" }) {
			t.Errorf("%d taken, %d compared", len(results), compared)
		}
	})
}
