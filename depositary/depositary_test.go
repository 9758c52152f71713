package depositary

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"kurultai/record/canonical"
)

// acts reads "2001-01-01 ratification a b, 2002-01-01 withdrawal>2003-01-01 a" : a day, a sort, who.
func acts(t *testing.T, text string) (list []Act) {
	t.Helper()
	for _, one := range strings.Split(text, ",") {
		f := strings.Fields(one)
		if len(f) == 0 {
			continue
		}
		day, err := ParseDay(f[0])
		if err != nil {
			t.Fatal(err)
		}
		sort, effect, _ := strings.Cut(f[1], ">")
		for _, p := range f[2:] {
			a := Act{Party: p, Sort: sort, Day: day}
			if effect != "" {
				if a.Effective, err = ParseDay(effect); err != nil {
					t.Fatal(err)
				}
			}
			list = append(list, a)
		}
	}
	return list
}

func clauseOf(t *testing.T, text string) (c Clause) {
	t.Helper()
	v, err := canonical.Parse(text)
	if err == nil {
		err = canonical.Decode(v, &c)
	}
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

const silent = `{"article":"1"}`

// Every kind of clause, on the day, the day before it and with what is missing: dates reckoned by hand from the words of
// the article named.
var clauses = []struct {
	what, clause, acts, at string
	want                   string // the day; else what is missing: step, lacking, names
	by                     string
}{
	{"VCLT 24(2): one is missing", silent, "2001-01-01 ratification a, 2001-02-01 definitive-signature b", "2002-01-01", "negotiating 1 c", ""},
	{"VCLT 24(2): all", silent, "2001-01-01 ratification a, 2001-02-01 definitive-signature b, 2001-03-01 acceptance c", "2002-01-01", "2001-03-01", "c"},
	{"signature binds nobody", silent, "2001-01-01 signature a b c", "2002-01-01", "negotiating 3 a b c", ""},
	{"thirtieth day after", `{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"delay":{"count":30,"unit":"days"}}]}`, "2027-01-01 ratification a", "2027-01-01", "2027-01-31", "a"},
	{"over a leap day", `{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"delay":{"count":30,"unit":"days"}}]}`, "2028-02-01 ratification a", "2028-02-01", "2028-03-02", "a"},
	{"months keep the day", `{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"delay":{"count":3,"unit":"months"}}]}`, "2027-01-15 accession a", "2027-02-01", "2027-04-15", "a"},
	{"or the month's last", `{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"delay":{"count":1,"unit":"months"}}]}`, "2027-01-31 accession a", "2027-02-01", "2027-02-28", "a"},
	{"over the year", `{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"delay":{"count":14,"unit":"months"}}]}`, "2027-11-30 accession a", "2027-12-01", "2029-01-30", "a"},
	{"first of the month after the sixtieth day", `{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"delay":{"count":60,"then":"next-first","unit":"days"}}]}`, "2002-04-11 ratification a", "2002-04-11", "2002-07-01", "a"},
	{"the sixtieth day is a first itself", `{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"delay":{"count":60,"then":"next-first","unit":"days"}}]}`, "2002-04-02 ratification a", "2002-04-02", "2002-07-01", "a"},
	{"first of the sixth month after the month", `{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"delay":{"count":6,"then":"this-first","unit":"months"}}]}`, "1998-09-16 ratification a", "1998-09-16", "1999-03-01", "a"},
	{"count, one short", `{"article":"1","ways":[{"conditions":[{"number":3,"what":"consents"}]}]}`, "2001-01-01 ratification a b", "2001-01-02", "consents 1", ""},
	{"count, several on the day: none of them alone", `{"article":"1","ways":[{"conditions":[{"number":3,"what":"consents"}]}]}`, "2001-01-01 ratification a, 2001-02-01 ratification b c d", "2001-03-01", "2001-02-01", "b c d"},
	{"count of a group alone", `{"article":"1","ways":[{"conditions":[{"number":2,"of":"annex","what":"consents"}]}]}`, "2001-01-01 ratification a d, 2001-02-01 ratification b", "2001-03-01", "2001-02-01", "b"},
	{"everyone of a group", `{"article":"1","ways":[{"conditions":[{"of":"annex","what":"everyone"}]}]}`, "2001-01-01 ratification a d", "2001-03-01", "everyone 1 b", ""},
	{"named parties", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"consents"},{"parties":["c"],"what":"parties"}]}]}`, "2001-01-01 ratification a b, 2001-05-01 ratification c", "2001-06-01", "2001-05-01", "c"},
	{"share, exactly half", `{"article":"1","ways":[{"conditions":[{"of":"tonnage","share":[1,2],"what":"share"}]}]}`, "2001-01-01 ratification a", "2001-03-01", "2001-01-01", "a"},
	{"share, more than half", `{"article":"1","ways":[{"conditions":[{"above":true,"of":"tonnage","share":[1,2],"what":"share"}]}]}`, "2001-01-01 ratification a", "2001-03-01", "share 1", ""},
	{"number and tonnage, on one day", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"consents"},{"of":"tonnage","share":[3,4],"what":"share"}],"delay":{"count":12,"unit":"months"}}]}`, "2001-01-01 ratification a, 2001-02-01 ratification d, 2001-03-01 ratification b", "2001-04-01", "2002-03-01", "b"},
	{"all who signed", `{"article":"1","ways":[{"conditions":[{"what":"signatories"}]}]}`, "2001-01-01 signature a b, 2001-02-01 ratification a, 2001-03-01 ratification b", "2001-04-01", "2001-03-01", "b"},
	{"signatures", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"signatures"}]}]}`, "2001-01-01 signature a, 2001-02-01 definitive-signature b", "2001-04-01", "2001-02-01", "b"},
	{"a date to come counts", `{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"},{"date":"2030-01-01","what":"date"}]}]}`, "2001-01-01 ratification a", "2001-04-01", "2030-01-01", ""},
	{"never before a day", `{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"delay":{"count":180,"unit":"days"},"notBefore":"1998-09-24"}]}`, "1996-10-10 ratification a", "1997-01-01", "1998-09-24", "a"},
	{"by a day, and met", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"consents"}],"notBefore":"1989-01-01","until":"1989-01-01"},{"conditions":[{"number":2,"what":"consents"}],"delay":{"count":90,"unit":"days"}}]}`, "1988-12-16 ratification a b", "1988-12-20", "1989-01-01", "a b"},
	{"by a day, and met on it", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"consents"}],"until":"1989-01-01"}]}`, "1989-01-01 ratification a b", "1989-02-20", "1989-01-01", "a b"},
	{"by a day, and met later: the other way", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"consents"}],"notBefore":"1989-01-01","until":"1989-01-01"},{"conditions":[{"number":2,"what":"consents"}],"delay":{"count":90,"unit":"days"}}]}`, "1989-02-01 ratification a b", "1989-02-20", "1989-05-02", "a b"},
	{"from a day", `{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"from":"2001-06-01"}]}`, "2001-01-01 ratification a", "2001-07-01", "2001-06-01", ""},
	{"organisation beside its members", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"consents"}]}]}`, "2001-01-01 ratification a, 2001-02-01 formal-confirmation eu", "2001-07-01", "consents 1", ""},
	{"organisation, where the clause counts it", `{"article":"1","ways":[{"conditions":[{"number":2,"organisations":true,"what":"consents"}]}]}`, "2001-01-01 ratification a, 2001-02-01 formal-confirmation eu", "2001-07-01", "2001-02-01", "eu"},
	{"three depositaries: the earliest counts, once", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"consents"}]}]}`, "2001-01-01 ratification a, 2001-01-05 ratification a, 2001-02-01 ratification b", "2001-07-01", "2001-02-01", "b"},
	{"withdrawn before: no longer counted", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"consents"}]}]}`, "2001-01-01 ratification a, 2001-02-01 withdrawal a, 2001-03-01 ratification b", "2001-07-01", "consents 1", ""},
	{"one leaves on the day another comes", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"consents"}]}]}`, "2001-01-01 ratification a, 2001-02-01 withdrawal>2001-03-01 a, 2001-03-01 ratification b", "2001-07-01", "consents 1", ""},
	{"withdrawn and back", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"consents"}]}]}`, "2001-01-01 ratification a, 2001-02-01 withdrawal a, 2001-03-01 ratification b, 2001-04-01 ratification a", "2001-07-01", "2001-04-01", "a"},
	{"withdrawn after: stays in force (VCLT 55)", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"consents"}]}]}`, "2001-01-01 ratification a b, 2001-02-01 withdrawal a b", "2001-07-01", "2001-01-01", "a b"},
	{"withdrawal revoked in time (VCLT 68)", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"consents"}]}]}`, "2001-01-01 ratification a, 2001-02-01 withdrawal>2001-08-01 a, 2001-03-01 withdrawal-revoked a, 2001-09-01 ratification b", "2001-10-01", "2001-09-01", "b"},
	{"successor beside its predecessor", `{"article":"1","ways":[{"conditions":[{"number":3,"what":"consents"}]}]}`, "2001-01-01 ratification old, 2001-02-01 succession>2000-06-01 new, 2001-03-01 ratification b", "2001-10-01", "2001-03-01", "b"},
	{"what comes after the day is not known", `{"article":"1","ways":[{"conditions":[{"number":2,"what":"consents"}]}]}`, "2001-01-01 ratification a, 2001-02-01 ratification b", "2001-01-31", "consents 1", ""},
}

func TestEachKindOfClauseGivesTheDayItsWordsGive(t *testing.T) {
	for _, row := range clauses {
		c := clauseOf(t, row.clause)
		f := Facts{Negotiating: []string{"a", "b", "c"}, Organisations: []string{"eu"}, Groups: []Group{{"annex", []string{"a", "b"}}},
			Quantities: []Quantity{{"tonnage", 0, []Share{{Party: "a", Part: 50}, {Party: "b", Part: 30}, {Party: "c", Part: 20}, {Party: "eu", Part: 900}}}}, Acts: acts(t, row.acts)}
		a := c.Reckon(f, Date(row.at).Day())
		got := a.Enters.String()
		if !a.Settled {
			var lacks []string
			for _, s := range a.Missing() {
				lacks = append(lacks, strings.TrimSpace(fmt.Sprintf("%s %d %s", s.What, s.Lacks(), strings.Join(s.Missing, " "))))
			}
			got = strings.Join(lacks, "; ")
		}
		if by := strings.Join(a.By, " "); got != row.want || by != row.by {
			t.Errorf("%s: %s by %q, want %s by %q\n%+v", row.what, got, by, row.want, row.by, a.Working)
		}
	}
	t.Logf("%d clauses", len(clauses))
	if len(clauses) < 30 {
		t.Fatal("the table is cut short")
	}
}

func TestWhatIsNoClauseIsSaidPlainly(t *testing.T) {
	rows := []struct{ clause, says string }{
		{`{"article":"1","ways":[{"conditions":[{"date":"2027-01-01","number":3,"what":"consents"}]}]}`, "ways.0.conditions.0: date goes with what: date"},
		{`{"article":"1","ways":[{"conditions":[{"what":"luck"}]}]}`, `ways.0.conditions.0: what is consents, share, parties, everyone, signatories, signatures or date, not "luck"`},
		{`{"article":"1","ways":[{"conditions":[{"what":"consents"}]}]}`, "ways.0.conditions.0: number goes with consents and signatures, and is 1 or more"},
		{`{"article":"1","ways":[{"conditions":[{"number":-1,"what":"consents"}]}]}`, "ways.0.conditions.0: number goes with consents and signatures, and is 1 or more"},
		{`{"article":"1","ways":[{"conditions":[{"number":2,"what":"signatories"}]}]}`, "ways.0.conditions.0: number goes with consents and signatures, and is 1 or more"},
		{`{"article":"1","ways":[{"conditions":[{"share":[1,2],"what":"share"}]}]}`, "ways.0.conditions.0: of must name the quantity a share is of, or the group of which everyone is asked"},
		{`{"article":"1","ways":[{"conditions":[{"what":"everyone"}]}]}`, "ways.0.conditions.0: of must name the quantity a share is of, or the group of which everyone is asked"},
		{`{"article":"1","ways":[{"conditions":[{"of":"t","share":[3,2],"what":"share"}]}]}`, "ways.0.conditions.0.share: a share is a part of the whole, as [1,2], in ten-thousandths at most"},
		{`{"article":"1","ways":[{"conditions":[{"number":1,"of":"t","what":"signatures"}]}]}`, "ways.0.conditions.0: of goes with consents, share or everyone"},
		{`{"article":"1","ways":[{"conditions":[{"above":true,"number":1,"what":"consents"}]}]}`, "ways.0.conditions.0: share goes with what: share"},
		{`{"article":"1","ways":[{"conditions":[{"what":"parties"}]}]}`, "ways.0.conditions.0: parties goes with what: parties"},
		{`{"article":"1","ways":[{"conditions":[{"date":"2027-02-30","what":"date"}]}]}`, `ways.0.conditions.0.date: "2027-02-30" is no day as 2027-10-14`},
		{`{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"delay":{"count":1,"unit":"weeks"}}]}`, `ways.0.delay: a delay is counted in days or months, not in "weeks"`},
		{`{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"delay":{"count":1,"then":"soon","unit":"days"}}]}`, `ways.0.delay: then is next-first or this-first, not "soon"`},
		{`{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"delay":{"count":1201,"unit":"months"}}]}`, "ways.0.delay: a delay is 0 to 36600 days or 0 to 1200 months"},
		{`{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"delay":{"count":0,"unit":"days"}}]}`, "ways.0.delay: a delay of nothing is said by leaving it out"},
		{`{"article":"1","ways":[{"conditions":[{"number":1,"what":"consents"}],"from":"2002-01-01","until":"2001-01-01"}]}`, "ways.0: from 2002-01-01 is after until 2001-01-01"},
		{`{"accession":"closed","article":"1"}`, `accession is open, invited or none, not "closed"`},
		{`{"accession":"invited","article":"1"}`, "accession invited and the list of the invited go together"},
		{`{"article":"1","reservations":"some"}`, `reservations are any, listed or none, not "some"`},
		{`{"article":"1","reservations":"listed"}`, "reservations listed and the list of provisions go together"},
		{`{"article":"1","withdrawal":{"months":3,"never":true}}`, "withdrawal takes 0 to 1200 months, or never"},
		{`{"article":"1","quantities":[{"name":"t","shares":[["a",5]],"total":4}]}`, "quantities.0: the total of t is less than its parts"},
		{`{"article":"1","quantities":[{"name":"t","shares":[["a",-5]]}]}`, "quantities.0: the parts of t are to be 0 or more and below 900000000000000 together"},
		{`{"ways":[{"conditions":[{"number":1,"what":"consents"}]}]}`, "article: missing"},
		{`{"article":"1","speed":3}`, "speed: unknown field"},
	}
	for _, row := range rows {
		v, err := canonical.Parse(row.clause)
		if err != nil {
			t.Fatal(row.clause, err)
		}
		var c Clause
		if err := canonical.Decode(v, &c); err == nil || err.Error() != row.says {
			t.Errorf("%s: %v, want %s", row.clause, err, row.says)
		}
	}
	t.Logf("%d mistakes", len(rows))
}

func TestEachPartyIsBoundFromItsOwnDay(t *testing.T) {
	slow := clauseOf(t, `{"article":"1","later":{"count":300,"unit":"days"},"ways":[{"conditions":[{"number":2,"what":"consents"}],"delay":{"count":30,"unit":"days"}}]}`)
	if spans := slow.Reckon(Facts{Acts: acts(t, "2001-01-01 ratification a b")}, Date("2002-01-01").Day()).Bound("b"); len(spans) != 1 || spans[0].From.Date() != "2001-01-31" {
		t.Errorf("who came on the deciding day is bound %v, want from the treaty's own day", spans)
	}
	c := clauseOf(t, `{"article":"1","later":{"count":30,"unit":"days"},"ways":[{"conditions":[{"number":2,"what":"consents"}],"delay":{"count":30,"unit":"days"}}]}`)
	f := Facts{Acts: acts(t, "2001-01-01 ratification a, 2001-02-01 ratification b, 2001-02-10 accession c, 2001-06-01 accession d, 2001-07-01 withdrawal>2002-07-01 a, 2003-01-01 ratification a, 2001-02-15 accession e, 2001-02-20 withdrawal e, 2004-01-01 succession>2001-12-25 s")}
	a := c.Reckon(f, Date("2005-01-01").Day())
	want := map[string]string{
		"a": "2001-03-03 to 2002-07-01, 2003-01-31 on", // left and returned
		"b": "2001-03-03 on",
		"c": "2001-03-12 on", // after the conditions were met, before entry into force
		"d": "2001-07-01 on",
		"e": "", // left before it was bound
		"s": "2001-12-25 on",
		"z": "",
	}
	for party, says := range want {
		var got []string
		for _, s := range a.Bound(party) {
			if s.Ends {
				got = append(got, s.From.String()+" to "+s.Until.String())
			} else {
				got = append(got, s.From.String()+" on")
			}
		}
		if strings.Join(got, ", ") != says {
			t.Errorf("%s is bound %q, want %q", party, strings.Join(got, ", "), says)
		}
	}
}

func TestAWithdrawalTakesEffectWhenTheClauseSays(t *testing.T) {
	day := Date("2027-03-31").Day()
	for _, row := range []struct {
		clause string
		bound  bool
		want   Date
	}{{`{"article":"1"}`, false, "2027-04-01"}, {`{"article":"1"}`, true, "2028-03-31"}, {`{"article":"1","withdrawal":{"months":6}}`, true, "2027-09-30"}, {`{"article":"1","withdrawal":{"months":6}}`, false, "2027-04-01"}} {
		if got := clauseOf(t, row.clause).Leaves(day, row.bound).Date(); got != row.want {
			t.Errorf("%s, bound %v: %s, want %s", row.clause, row.bound, got, row.want)
		}
	}
}

func TestIfOneMoreDepositsTheDayIsKnown(t *testing.T) {
	c := clauseOf(t, `{"article":"1","ways":[{"conditions":[{"number":3,"what":"consents"}],"delay":{"count":30,"unit":"days"}}]}`)
	f := Facts{Acts: acts(t, "2027-01-01 ratification a b")}
	on := Date("2027-06-09").Day()
	if a := c.If(f, "c", Ratification, on); !a.Settled || a.Enters.Date() != "2027-07-09" {
		t.Error(a)
	}
	if a := c.If(f, "a", Ratification, on); a.Settled {
		t.Error("a second deposit of a party counted")
	}
	if len(f.Acts) != 2 {
		t.Error("what was only supposed stands among the facts")
	}
}

// The order in which acts are listed changes nothing, a further consent never makes the day later, and once settled no
// withdrawal unsettles it.
func TestLawsOfReckoning(t *testing.T) {
	const seed = 8
	r := rand.New(rand.NewSource(seed))
	parties := []string{"a", "b", "c", "d", "e", "f"}
	ran := 0
	for range 3000 {
		c := Clause{Ways: []Way{{Conditions: []Condition{{What: StepConsents, Number: int64(1 + r.Intn(4))}}, Delay: &Delay{Count: int64(1 + r.Intn(60)), Unit: Days}}}}
		if r.Intn(2) == 0 {
			c.Ways[0].Conditions = append(c.Ways[0].Conditions, Condition{What: StepShare, Share: &Fraction{Num: 1, Den: 2}, Of: "q"})
		}
		f := Facts{Quantities: []Quantity{{Name: "q"}}}
		for _, p := range parties {
			f.Quantities[0].Shares = append(f.Quantities[0].Shares, Share{Party: p, Part: int64(r.Intn(9) + 1)})
			day := Day(r.Intn(300))
			f.Acts = append(f.Acts, Act{Party: p, Sort: Ratification, Day: day})
		}
		f.Acts = f.Acts[:r.Intn(len(f.Acts))+1]
		a := c.Reckon(f, 400)
		mixed := f
		mixed.Acts = slices.Clone(f.Acts)
		r.Shuffle(len(mixed.Acts), func(i, j int) { mixed.Acts[i], mixed.Acts[j] = mixed.Acts[j], mixed.Acts[i] })
		if b := c.Reckon(mixed, 400); a.Settled != b.Settled || a.Enters != b.Enters {
			t.Fatalf("the order of acts changed %v into %v (seed %d)", a, b, seed)
		}
		more := f
		more.Acts = append(slices.Clone(f.Acts), Act{Party: "g", Sort: Accession, Day: Day(r.Intn(300))})
		if b := c.Reckon(more, 400); a.Settled && (!b.Settled || b.Enters > a.Enters) {
			t.Fatalf("one more consent made %v into %v (seed %d)", a, b, seed)
		}
		less := f
		less.Acts = append(slices.Clone(f.Acts), Act{Party: f.Acts[0].Party, Sort: Withdraws, Day: a.Decided + 1})
		if b := c.Reckon(less, 400); a.Settled && (!b.Settled || b.Enters != a.Enters) {
			t.Fatalf("a withdrawal after the day made %v into %v (seed %d)", a, b, seed)
		}
		if a.Settled {
			ran++
		}
	}
	if ran < 500 {
		t.Fatalf("%d of 3000 settled", ran)
	}
}

func FuzzDay(f *testing.F) {
	f.Add("2027-10-14")
	f.Add("2028-02-29")
	f.Add("0001-01-01")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseDay(s); err == nil && d.String() != s {
			t.Errorf("%q reads as %s", s, d)
		}
	})
}

// When a treaty itself ends, and what that does to those it binds: days reckoned by hand.
//
//	entry into force 2001-02-01 for a, b, c (third deposit); d from 2002-01-01
//	a leaves with effect from 2003-01-01, b from 2004-01-01: three are left, then two
func TestWhatEndsATreaty(t *testing.T) {
	const (
		ways  = `{"article":"1","termination":%s,"ways":[{"conditions":[{"number":3,"what":"consents"}]}]}`
		lives = "2001-01-01 ratification a, 2001-02-01 ratification b c, 2002-01-01 accession d, 2002-01-01 withdrawal>2003-01-01 a, 2003-01-01 withdrawal>2004-01-01 b"
		all   = "2005-05-05 termination>2006-01-01 -"
	)
	rows := []struct{ what, termination, acts, at, ends, spans string }{
		{"nothing said: VCLT 55", ``, lives, "2010-01-01", "", "a 2001-02-01 2003-01-01, b 2001-02-01 2004-01-01, c 2001-02-01 -, d 2002-01-01 -"},
		{"the text names the day", `{"day":"2003-06-01"}`, lives, "2001-03-01", "day 2003-06-01", "a 2001-02-01 2003-06-01, b 2001-02-01 2003-06-01, c 2001-02-01 2003-06-01"},
		{"who left before stays left", `{"day":"2003-06-01"}`, lives, "2010-01-01", "day 2003-06-01", "a 2001-02-01 2003-01-01, b 2001-02-01 2003-06-01, c 2001-02-01 2003-06-01, d 2002-01-01 2003-06-01"},
		{"fewer than three, from the day the second is out", `{"below":3}`, lives, "2004-01-01", "number 2004-01-01", "a 2001-02-01 2003-01-01, b 2001-02-01 2004-01-01, c 2001-02-01 2004-01-01, d 2002-01-01 2004-01-01"},
		{"not the day before, though the notice is there", `{"below":3}`, lives, "2003-12-31", "", "a 2001-02-01 2003-01-01, b 2001-02-01 2004-01-01, c 2001-02-01 -, d 2002-01-01 -"},
		{"three are not fewer than three", `{"below":3}`, lives, "2003-01-01", "", "a 2001-02-01 2003-01-01, b 2001-02-01 2004-01-01, c 2001-02-01 -, d 2002-01-01 -"},
		{"all agree to end it", ``, lives + ", " + all, "2005-05-05", "act 2006-01-01", "a 2001-02-01 2003-01-01, b 2001-02-01 2004-01-01, c 2001-02-01 2006-01-01, d 2002-01-01 2006-01-01"},
		{"not known before", ``, lives + ", " + all, "2005-05-04", "", "a 2001-02-01 2003-01-01, b 2001-02-01 2004-01-01, c 2001-02-01 -, d 2002-01-01 -"},
		{"the earlier counts", `{"below":3,"day":"2007-01-01"}`, lives + ", " + all, "2010-01-01", "number 2004-01-01", "a 2001-02-01 2003-01-01, b 2001-02-01 2004-01-01, c 2001-02-01 2004-01-01, d 2002-01-01 2004-01-01"},
		{"what never entered into force does not end", `{"day":"2003-06-01"}`, "2001-01-01 ratification a", "2010-01-01", "", ""},
	}
	for _, row := range rows {
		clause := fmt.Sprintf(ways, row.termination)
		if row.termination == "" {
			clause = strings.Replace(clause, `"termination":,`, "", 1)
		}
		a := clauseOf(t, clause).Reckon(Facts{Acts: acts(t, row.acts)}, Date(row.at).Day())
		ends := ""
		if a.Ended != "" {
			ends = a.Ended + " " + a.Ends.String()
			if a.InForce(a.Ends) || !a.InForce(a.Ends-1) {
				t.Errorf("%s: in force on %s: %t, the day before: %t", row.what, a.Ends, a.InForce(a.Ends), a.InForce(a.Ends-1))
			}
		}
		var spans []string
		for _, p := range a.Parties() {
			for _, s := range a.Bound(p) {
				until := "-"
				if s.Ends {
					until = s.Until.String()
				}
				spans = append(spans, p+" "+s.From.String()+" "+until)
			}
		}
		if got := strings.Join(spans, ", "); ends != row.ends || got != row.spans {
			t.Errorf("%s:\n%q %s\nnot\n%q %s", row.what, ends, got, row.ends, row.spans)
		}
	}
	if len(rows) == 0 {
		t.Fatal("no rows")
	}
	t.Logf("%d rows", len(rows))
	for _, bad := range []string{`{}`, `{"below":100001}`} {
		v, _ := canonical.Parse(`{"article":"1","termination":` + bad + `}`)
		var c Clause
		if err := canonical.Decode(v, &c); err == nil {
			t.Errorf("termination %s was taken", bad)
		}
	}
}
