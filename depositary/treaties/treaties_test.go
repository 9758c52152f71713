package treaties

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kurultai/depositary"
	"kurultai/record/recordtest"
)

func lists(t *testing.T) []Treaty {
	t.Helper()
	data := recordtest.Table(t, "treaties")
	list, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func treaty(t *testing.T, id string) Treaty {
	t.Helper()
	list := lists(t)
	at := slices.IndexFunc(list, func(t Treaty) bool { return t.ID == id })
	if at < 0 {
		t.Fatalf("%s is not among %d treaties", id, len(list))
	}
	return list[at]
}

func TestEveryTreatyEntersIntoForceWhenItDid(t *testing.T) {
	rows, equal, excepted, parties := 0, 0, 0, 0
	for _, x := range lists(t) {
		rows += len(x.Facts.Acts)
		l := x.Check()
		switch {
		case l.Equal:
			equal++
			parties += len(x.Effects)
		case l.Excepted():
			excepted++
			t.Logf("excepted %s: %s", x.ID, x.Defect)
		default:
			t.Errorf("%s: published %s, computed %s: %s", x.ID, l.PublishedDay(), l.Computed(), l.Why)
		}
	}
	if equal < 17 || excepted > 2 || rows < 4000 || parties < 100 {
		t.Errorf("%d equal, %d excepted of %d acts, %d parties: fewer than were there when this was written", equal, excepted, rows, parties)
	}
	t.Logf("%d treaties equal, %d excepted, %d acts, %d days of parties", equal, excepted, rows, parties)
}

func TestWithoutDissolvedStatesTheDayIsWrong(t *testing.T) {
	checked := 0
	for _, x := range lists(t) {
		if len(x.Dissolved) == 0 {
			continue
		}
		checked++
		x.Facts.Acts = slices.DeleteFunc(x.Facts.Acts, func(a depositary.Act) bool { return slices.Contains(x.Dissolved, a.Party) })
		if a := x.Clause.Reckon(x.Facts, x.AsOf); a.Enters == *x.Published {
			t.Errorf("%s is right without the deposits of %v: the test proves nothing", x.ID, x.Dissolved)
		}
	}
	if checked < 4 {
		t.Fatalf("%d treaties with dissolved states", checked)
	}
}

func TestTenCameOnTheDayOfTheSixtieth(t *testing.T) {
	l := treaty(t, "rome-statute").Check()
	if len(l.Answer.By) != 10 || l.Answer.Decided.Date() != "2002-04-11" {
		t.Errorf("by %d on %s: %v", len(l.Answer.By), l.Answer.Decided, l.Answer.By)
	}
}

func TestAnOrganisationIsNotCountedBesideItsMembers(t *testing.T) {
	x := treaty(t, "unfccc")
	if len(x.Facts.Organisations) != 1 {
		t.Fatalf("organisations: %v", x.Facts.Organisations)
	}
	if by := x.Check().Answer.By; slices.Contains(by, "European Union") || !slices.Contains(by, "Portugal") {
		t.Errorf("by %v", by)
	}
	y := treaty(t, "paris-agreement")
	counted := y.Facts
	counted.Organisations = nil
	if a := y.Clause.Reckon(counted, y.AsOf); a.Working[1].Have <= 5882 {
		t.Errorf("with the organisation's own share %d: the test proves nothing", a.Working[1].Have)
	}
}

// The newest list shows a party's last deposit alone; with its first deposit and its withdrawal, as they happened, the
// thresholds fall on the right day.
func TestAPartyThatLeftAndReturnedKeepsItsFirstDeposit(t *testing.T) {
	x := treaty(t, "paris-agreement")
	x.Facts = depositary.Facts{}
	x.Effects = nil
	x.AsOf = depositary.Date("2023-02-13").Day()
	if err := x.table(recordtest.Table(t, "treaties/paris-agreement-2023.csv")); err != nil {
		t.Fatal(err)
	}
	if l := x.Check(); l.Equal {
		t.Fatal("the newest list alone gives the right day: the test proves nothing")
	}
	const usa = "United States of America"
	was := func(day depositary.Date, sort string) depositary.Act {
		return depositary.Act{Party: usa, Sort: sort, Day: day.Day()}
	}
	left := was("2019-11-04", depositary.Withdraws)
	left.Effective = depositary.Date("2020-11-04").Day()
	x.Facts.Acts = append(x.Facts.Acts, was("2016-09-03", depositary.Acceptance), left)
	l := x.Check()
	if !l.Equal || len(x.Effects) < 190 {
		t.Errorf("computed %s: %s", l.Computed(), l.Why)
	}
	if spans := l.Answer.Bound(usa); len(spans) != 2 || spans[0].Until.Date() != "2020-11-04" || spans[1].From.Date() != "2021-02-19" {
		t.Errorf("bound %v", spans)
	}
	t.Logf("%d parties to the day", len(x.Effects))
}

func TestAtThreeDepositariesTheEarliestDepositCounts(t *testing.T) {
	x := treaty(t, "outer-space")
	several := 0
	for _, p := range x.Check().Answer.Parties() {
		var days []depositary.Day
		for _, a := range x.Facts.Acts {
			if a.Party == p && depositary.Consents(a.Sort) {
				days = append(days, a.Day)
			}
		}
		if len(days) > 1 {
			several++
		}
		if got := x.Check().Answer.Consented(p); len(got) != 1 || got[0].From != slices.Min(days) {
			t.Errorf("%s: %v of %v", p, got, days)
		}
	}
	if several < 20 {
		t.Fatalf("%d parties deposited in several places", several)
	}
}

func TestAnExceptionNeedsItsCauseInTheData(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("x.yaml", "id: x\nname: X\nas_of: 2001-01-01\nclause: {count: 1, rule: nth-day, days: 30}\npublished_entry_into_force: 2000-01-01\nagrees: false\n")
	write("x.csv", "participant,signed,deposited,kind,other\nA,,2000-06-01,ratification,\n")
	lines, err := Check(dir)
	if err != nil || len(lines) != 1 || lines[0].Equal || lines[0].Excepted() {
		t.Fatalf("%+v, %v", lines, err)
	}
	write("README.md", "Known defects: x disagrees for want of\na page; more.\n")
	if lines, err = Check(dir); err != nil || !lines[0].Excepted() || lines[0].Defect != "for want of a page" {
		t.Fatalf("%+v, %v", lines, err)
	}
	write("x.csv", "participant,signed,deposited,kind,other\nA,,1999-12-02,ratification,\n")
	if lines, err = Check(dir); err != nil || lines[0].Equal || lines[0].Excepted() || lines[0].Computed() != "2000-01-01" {
		t.Fatalf("an exception without need: %+v, %v", lines, err)
	}
}

func TestWhatCannotBeReadIsSaidWithItsPlace(t *testing.T) {
	const good = "id: x\nname: X\nas_of: 2001-01-01\nclause: {count: 1, rule: nth-day, days: 30}\n"
	const head = "participant,signed,deposited,kind,other\n"
	for _, row := range []struct{ yaml, csv, says string }{
		{"id: y\n", head, `x.yaml: its id is "y"; a treaty has the name of its file`},
		{"id: x\nclause: \"when it suits\"\n", head, `x.yaml: clause: "when it suits" is no sentence that is known`},
		{"id: x\nclause: {count: 1, rule: soon}\n", head, `x.yaml: clause: rule "soon" is none of nth-day`},
		{"id: x\nclause: {count: 0, rule: nth-day, days: 3}\n", head, "x.yaml: clause: number goes with"},
		{"id: x\npublished_entry_into_force: soon\n", head, `x.yaml: published_entry_into_force: "soon" is no day`},
		{"id: [x\n", head, "x.yaml: yaml: "},
		{good, head + "A,,2000-13-01,ratification,\n", `x.yaml: x.csv, line 2: "2000-13-01" is no day`},
		{good, head + "A,,2000-12-01,\n", "x.yaml: x.csv: record on line 2: wrong number of fields"},
		{good, head + "A,,2000-12-01,promise,\n", `x.yaml: x.csv, line 2: "promise" is no act of a party`},
		{good, "participant,signed,deposited,kind,\"other\nA", "x.yaml: reading the first line of x.csv: "},
		{good, "Code,Name,Signature,Ratification,Kind,Date-Of-Effect,Emissions,Percentage,Year\nA,A,,2000-01-01,Ratification,,,much,\n", `x.yaml: x.csv, line 2: "much" is no percentage`},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"x.yaml": row.yaml, "x.csv": row.csv} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Read(dir); err == nil || !strings.HasPrefix(err.Error(), row.says) {
			t.Errorf("%v, want %s", err, row.says)
		}
	}
	if _, err := Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no treaty") {
		t.Error(err)
	}
}
