package bodies

import (
	"strings"
	"testing"

	"kurultai/record/canonical"
	"kurultai/rules"
)

// Situations and what they come to, by body and majority: figures from the rules each line names.
func TestVotesComeToWhatTheRulesSay(t *testing.T) {
	weighted := &rules.Rules{Majorities: []rules.Majority{{Name: "contributions", Tests: []rules.Test{{Of: "weight", AtLeast: &rules.Fraction{Num: 85, Den: 100}}}}}}
	half := &rules.Fraction{Num: 1, Den: 2}
	double := &rules.Rules{Majorities: []rules.Majority{{Name: "each-class", Tests: []rules.Test{{Of: "members", Over: half}, {Of: "members", Over: half, Class: "north"}, {Of: "members", Over: half, Class: "south"}}}}}
	classes := func(north, south int64) []rules.ClassCount {
		return []rules.ClassCount{{Name: "north", Members: 5, Yes: north}, {Name: "south", Members: 5, Yes: south}}
	}
	for _, row := range []struct {
		body     any
		majority string
		count    rules.Count
		want     rules.Outcome
		needed   int64
	}{
		{"unga", "two-thirds", rules.Count{Yes: 6, No: 3}, rules.Carried, 6},             // GA 83
		{"unga", "two-thirds", rules.Count{Yes: 2, No: 1, Abstain: 7}, rules.Carried, 2}, // GA 83, 86
		{"unga", "over-half-of-members", rules.Count{Members: 10, Yes: 2, No: 1, Abstain: 7}, rules.Lost, 6},
		{"unga", "simple", rules.Count{Abstain: 10}, rules.Lost, 1},             // an empty base never carries
		{"unga", "simple", rules.Count{Yes: 3, No: 3}, rules.SecondVote, 4},     // GA 95
		{"unga-committee", "simple", rules.Count{Yes: 3, No: 3}, rules.Lost, 4}, // GA 133
		{"ecosoc", "simple", rules.Count{Yes: 3, No: 3}, rules.Lost, 4},
		{"unsc", "substance", rules.Count{Members: 15, Yes: 9, No: 1, Abstain: 5, Vetoes: 1}, rules.Lost, 9},
		{"unsc", "substance", rules.Count{Members: 15, Yes: 9, Abstain: 6}, rules.Carried, 9}, // five permanent abstain
		{"unsc", "substance", rules.Count{Members: 15, Yes: 8, Abstain: 7}, rules.Lost, 9},
		{"unsc", "procedure", rules.Count{Members: 15, Yes: 9, No: 6, Vetoes: 5}, rules.Carried, 9},
		{"unsc-before-1966", "substance", rules.Count{Members: 11, Yes: 7, No: 4}, rules.Carried, 7},
		{"unsc-before-1966", "substance", rules.Count{Members: 11, Yes: 6, No: 4}, rules.Lost, 7},
		{"eu-council", "qualified", rules.Count{Members: 27, Yes: 15, WeightYes: 65, Weight: 100}, rules.Carried, 15},
		{"eu-council", "qualified", rules.Count{Members: 27, Yes: 14, WeightYes: 80, Weight: 100}, rules.Lost, 15},
		{"eu-council", "qualified", rules.Count{Members: 27, Yes: 24, WeightYes: 60, Weight: 100}, rules.Carried, 15}, // three cannot block
		{"eu-council", "qualified", rules.Count{Members: 27, Yes: 23, WeightYes: 60, Weight: 100}, rules.Lost, 15},
		{"eu-council", "unanimity", rules.Count{Members: 27, Yes: 20, Abstain: 7}, rules.Carried, 1}, // TFEU 238(4)
		{"consensus", "unanimity", rules.Count{Members: 5, Yes: 4, No: 1, Vetoes: 1}, rules.Lost, 1},
		{"consensus", "consensus", rules.Count{Members: 5, Yes: 5}, rules.Lost, 0}, // consensus is no count
		{weighted, "contributions", rules.Count{WeightYes: 85, Weight: 100}, rules.Carried, 85},
		{weighted, "contributions", rules.Count{WeightYes: 84, Weight: 100}, rules.Lost, 85},
		{double, "each-class", rules.Count{Members: 10, Yes: 6, Classes: classes(3, 3)}, rules.Carried, 6},
		{double, "each-class", rules.Count{Members: 10, Yes: 7, Classes: classes(5, 2)}, rules.Lost, 6},
	} {
		r, own := row.body.(*rules.Rules)
		if !own {
			r, own = Get(row.body.(string))
			if !own {
				t.Fatalf("no rules of %v", row.body)
			}
		}
		m, ok := r.NamedMajority(row.majority)
		if !ok {
			t.Fatalf("%v has no majority %s", row.body, row.majority)
		}
		got := m.Decide(row.count, r.Tie)
		if got.Outcome != row.want || len(got.Working) > 0 && got.Working[0].Needed != row.needed {
			t.Errorf("%v %s %+v: %s, needs %v; expected %s, %d", row.body, row.majority, row.count, got.Outcome, got.Working, row.want, row.needed)
		}
	}
}

// Every body that is built in reads, says where each number comes from, and comes back from its own bytes.
func TestRulesThatAreBuiltInStandUp(t *testing.T) {
	if len(Names()) < 8 {
		t.Fatalf("only %v", Names())
	}
	for _, name := range Names() {
		r, ok := Get(name)
		if !ok {
			t.Fatal(name)
		}
		for _, kind := range []string{"proposal", "amendment", "part", "motion", "appeal", "election"} {
			if m, rule := r.Majority(kind); rule == "" || m.Rule == "" {
				t.Errorf("%s: what a %s needs has no rule", name, kind)
			}
		}
		v, err := canonical.Parse(string(canonical.Encode(nil, *r)))
		if err != nil {
			t.Fatal(err)
		}
		if err := canonical.Decode(v, new(rules.Rules)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A mistake is told with the line it stands on.
func TestMistakesAreToldWithTheirLine(t *testing.T) {
	good, _ := Text("ecosoc")
	tried := 0
	for _, row := range []struct{ old, new, want, kind string }{
		{`"changeVote": true`, `"changeVotes": true`, `changeVotes`, "unknown"},
		{`"over": [1, 2]`, `"over": [3, 2]`, `no part of a whole`, "value"},
		{`"over": [1, 2]`, `"over": [1.5, 2]`, `no whole number`, "value"},
		{`"of": "cast"`, `"of": "thrown"`, `no base`, "value"},
		{`"majority": "simple"`, `"majority": "plain"`, `no majority is called "plain"`, "value"},
		{`"rank": 2`, `"rank": 1`, `taken`, "value"},
		{`"tie": "lost"`, `"tie": "won"`, `lost or second-vote`, "value"},
		{`"changeVote": true`, `"changeVote": false`, `leaving it out`, "value"},
		{`"changeVote": true`, `"changeVote": null`, `leave it out`, "value"},
		{`"changeVote": true`, `"changeVote": true, "changeVote": true`, `stands twice`, "value"},
		{`"rule": "EC 41"`, `"rule": 41`, `quorumToOpen.rule`, "value"},
		{`"rule": "EC 41"`, `"rules": "EC 41"`, `quorumToOpen.rule`, "missing"},
		{`"over": [1, 2]`, `"over": [1 2]`, `invalid character`, "text"},
	} {
		text := strings.Replace(string(good), row.old, row.new, 1)
		if text == string(good) {
			t.Errorf("%q is not there", row.old)
			continue
		}
		at := 1 + strings.Count(string(good[:strings.Index(string(good), row.old)]), "\n")
		_, err := Read([]byte(text))
		wrong, ok := err.(*LineError)
		if !ok || !strings.Contains(wrong.Why, row.want) || wrong.Line != at || wrong.Kind != row.kind || (wrong.Field == "") != (row.kind == "text") {
			t.Errorf("%s for %s: %#v; expected line %d, %q and %s", row.new, row.old, err, at, row.want, row.kind)
		}
		tried++
	}
	t.Logf("%d mistakes tried", tried)
}

func FuzzRead(f *testing.F) {
	for _, name := range Names() {
		text, _ := Text(name)
		f.Add(text)
	}
	f.Add([]byte(`{"a":[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(text)
		if err != nil {
			if _, ok := err.(*LineError); !ok {
				t.Fatalf("%v has no line", err)
			}
			return
		}
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
	})
}
