package conference

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"kurultai/record"
	"kurultai/record/canonical"
)

// spoken leads to a meeting where party a has the floor.
var spoken = slices.Concat(opened, []act{ask("r"), give("r")})

// told leads to two reports that disagree, the first in entry 33.
var told2 = []act{source, report(`{"kind":"MeetingHeld","date":"2019","meeting":"m"}`), report(`{"kind":"MeetingHeld","date":"2020","meeting":"m"}`)}

func office(fields string) act {
	return act{as: Secretary, by: 1, with: 2, name: "GrantOffice", fields: fields}
}

func secretary(name, fields string) act { return act{as: Secretary, by: 1, name: name, fields: fields} }

func (a act) to(meeting string) act { a.meeting = meeting; return a }

var publish4 = secretary("PublishName", `{"audience":"public","basis":"consent","languages":["en"],"person":"`+pid(4)+`"}`)

// lawful has one act of each name that is taken, and what is done before.
var lawful = []struct {
	before []act
	act    act
}{
	{nil, secretary("FoundBody", `{"id":"test","languages":["en"],"names":[["en","T"]],"offices":[{"capacity":"Secretary","person":"`+pid(1)+`"},{"capacity":"Secretary","person":"`+pid(2)+`"}],"seat":"x","zone":"z"}`)},
	{nil, secretary("AdoptRules", `{"basis":"I/2","rules":{"name":"R","version":"2"}}`)},
	{nil, office(`{"capacity":"Rapporteur","person":"` + pid(4) + `"}`)},
	{nil, act{as: Secretary, by: 1, with: 2, name: "AdoptEdition", fields: `{"edition":2}`}},
	{nil, act{as: Clock, clock: true, name: "TimeCame", fields: `{"due":"p"}`}},
	{nil, secretary("RegisterPerson", `{"names":[["en",{"sealed":"`+anyDigest+`"}]],"person":"`+pid(20)+`"}`)},
	{nil, publish4},
	{[]act{publish4}, secretary("WithdrawName", `{"languages":["en"],"person":"`+pid(4)+`"}`)},
	{nil, secretary("ForgetPerson", `{"ground":"request","person":"`+pid(4)+`"}`)},
	{nil, secretary("NameParty", `{"party":"d","short":[["en","D"]]}`)},
	{nil, secretary("NamePlace", `{"names":[["en","Alley"]],"party":"a","place":"alley","type":"alley"}`)},
	{nil, secretary("RegisterOrganisation", `{"names":[["en","O"]],"organisation":"org","party":"a"}`)},
	{nil, secretary("AdmitParty", `{"basis":"decision","from":"2026","party":"o"}`)},
	{nil, secretary("GrantObserver", `{"basis":"decision","from":"2019","party":"a"}`)},
	{nil, source},
	{[]act{source}, report(`{"kind":"MeetingHeld","date":"2019","meeting":"m"}`)},
	{told2, secretary("PreferFact", `{"index":33,"reason":"r"}`)},
	{nil, secretary("ConveneMeeting", `{"from":"2026-02-01","meeting":"n","ordinal":2,"place":"hall"}`)},
	{nil, present("a")},
	{opened[:2], open_},
	{opened, close_},
	{opened, ask("r")},
	{spoken[:4], give("r")},
	{spoken, act{as: Chair, by: 4, name: "EndFloor", meeting: "m", fields: `{"why":"time"}`}},
	{nil, secretary("FileNote", `{"note":"n","text":"t"}`)},
}

// brought is the state before the lawful act of a name.
func brought(t *testing.T, before []act, a act) *desk {
	t.Helper()
	if a.name == "FoundBody" {
		return &desk{at: 1_900_000_000_000}
	}
	d := newDesk(t)
	for _, b := range before {
		d.must(t, b)
	}
	d.at += record.Instant(a.wait)
	if a.name == "TimeCame" { // nothing of edition 1 falls due by itself
		d.dues = d.dues.Set(dueKey(d.at, "p"), due{"p", d.at, []Event{{Body: &SpeakerOverran{"p", 1}}}})
	}
	return d
}

// decide decides an act a second from now, without taking it.
func (d *desk) decide(s *record.Submitted) *Refusal {
	_, r := Decide(&d.State, s, d.at+1000)
	return r
}

func TestEveryActMeetsTheRefusalsOfAll(t *testing.T) {
	withEdition2(t)
	names := map[string]bool{}
	met := map[Code]int{}
	for _, c := range lawful {
		names[c.act.name] = true
		d := brought(t, c.before, c.act)
		if r := d.decide(d.submitted(t, c.act)); r != nil {
			t.Errorf("%s is lawful and was refused: %v", c.act.name, r)
			continue
		}
		founding, clock := c.act.name == "FoundBody", c.act.name == "TimeCame"
		for _, bent := range []struct {
			code Code
			not  bool // does not come up for this act
			bend func(*record.Submitted)
		}{
			{"edition-unknown", false, func(s *record.Submitted) { s.Name += "Later" }},
			{"too-late", false, func(s *record.Submitted) { at := d.at + 999; s.NotAfter = &at }},
			{"not-after-too-far", false, func(s *record.Submitted) { at := (d.at + 1001).AddHours(24); s.NotAfter = &at }},
			{"key-reused", founding || clock || edition1.acts[c.act.name].Closed, func(s *record.Submitted) {
				who := sha256.Sum256([]byte(s.By + "/" + s.Key))
				at, _, _ := slot(d.keysToday, who)
				d.keysToday = d.keysToday.Set(at, Key{who: who})
			}},
			{"wrong-capacity", false, func(s *record.Submitted) { s.As = "Nobody" }},
			{"wrong-capacity", clock, func(s *record.Submitted) { s.As = string(Clock) }},
			{"wrong-capacity", !clock, func(s *record.Submitted) { s.By = pid(1) }},
			{"not-holder", founding || clock, func(s *record.Submitted) { s.By = pid(99) }},
			{"stale", false, func(s *record.Submitted) { s.About = []record.About{{ID: "nowhere", Kind: "place"}} }},
			{"stale", false, func(s *record.Submitted) { s.About = []record.About{{ID: "hall", Kind: "room"}} }},
			{"malformed", false, func(s *record.Submitted) { s.Fields, _ = canonical.Parse(`{"zzz":true}`) }},
			{"no-body", founding, func(s *record.Submitted) { d.Body = Body{} }},
			{"body-exists", !founding, func(s *record.Submitted) { d.Body.ID = "test" }},
			{"due-first", founding || clock, func(s *record.Submitted) {
				d.dues = d.dues.Set(dueKey(d.at+1000, "q"), due{"q", d.at + 1000, nil})
			}},
		} {
			if bent.not {
				continue
			}
			was := d.State
			s := d.submitted(t, c.act)
			bent.bend(s)
			if r := d.decide(s); r == nil || r.Code != bent.code {
				t.Errorf("%s bent to %s: %v", c.act.name, bent.code, r)
			}
			met[bent.code]++
			d.State = was
		}
	}
	for _, a := range Catalogue() {
		if !names[a.Name] {
			t.Errorf("no lawful %s", a.Name)
		}
	}
	for _, code := range CommonRefusals {
		if met[code] == 0 && !slices.Contains(attestationRefusals, code) { // Attested, before Decide
			t.Errorf("%s is not met", code)
		}
	}
}

// moreRefusals, with refusals, meets each code of each act.
var moreRefusals = []struct {
	code   Code
	before []act
	act    act
}{
	{"one-person-only", nil, secretary("GrantOffice", `{"capacity":"Rapporteur","person":"`+pid(4)+`"}`)},
	{"no-party", nil, office(`{"capacity":"Chair","for":"a","person":"` + pid(5) + `"}`)},
	{"forgotten", []act{forget4}, publish4},
	{"unknown-person", nil, secretary("PublishName", `{"audience":"public","basis":"consent","languages":["en"],"person":"`+pid(99)+`"}`)},
	{"forgotten", []act{publish4, forget4}, secretary("WithdrawName", `{"languages":["en"],"person":"`+pid(4)+`"}`)},
	{"unknown-person", nil, secretary("WithdrawName", `{"languages":["en"],"person":"`+pid(99)+`"}`)},
	{"no-such-name", nil, secretary("WithdrawName", `{"languages":["de"],"person":"`+pid(4)+`"}`)},
	{"unknown-person", nil, secretary("ForgetPerson", `{"ground":"request","person":"`+pid(99)+`"}`)},
	{"missing-language", nil, secretary("NamePlace", `{"names":[["de","P"]],"place":"p","type":"city"}`)},
	{"unknown-party", nil, secretary("NamePlace", `{"names":[["en","P"]],"party":"zz","place":"p","type":"city"}`)},
	{"missing-language", nil, secretary("RegisterOrganisation", `{"names":[["de","O"]],"organisation":"org","party":"a"}`)},
	{"unknown-party", nil, secretary("RegisterOrganisation", `{"names":[["en","O"]],"organisation":"org","party":"zz"}`)},
	{"unknown-party", nil, secretary("AdmitParty", `{"basis":"b","from":"2026","party":"zz"}`)},
	{"unknown-party", nil, secretary("GrantObserver", `{"basis":"b","from":"2026","party":"zz"}`)},
	{"unknown-meeting", nil, secretary("GrantObserver", `{"basis":"b","from":"2019","meeting":"zz","party":"a"}`)},
	{"id-taken", []act{source}, source},
	{"unknown-place", []act{source}, report(`{"kind":"OrganSeated","organ":"o","place":"zz"}`)},
	{"missing-language", []act{source}, act{as: Rapporteur, by: 3, name: "Report", fields: `{"fact":{"kind":"PartyNamed","party":"a","short":[["de","A"]]},"sources":["s"],"when":{"known":"order","order":1}}`}},
	{"id-taken", nil, secretary("ConveneMeeting", `{"from":"2026-02-01","meeting":"m","ordinal":2,"place":"hall"}`)},
	{"unknown-party", nil, secretary("ConveneMeeting", `{"from":"2026-02-01","host":"zz","meeting":"n","ordinal":2,"place":"hall"}`)},
	{"unknown-party", nil, present("zz")},
	{"meeting-closed", closed_, present("c")},
	{"unknown-meeting", nil, open_.to("zz")},
	{"unknown-meeting", nil, close_.to("zz")},
	{"meeting-not-open", nil, close_},
	{"meeting-closed", closed_, close_},
	{"unknown-place", opened, with(close_, `{"next":"zz"}`)},
	{"unknown-party", opened, with(close_, `{"next":"hall","party":"zz"}`)},
	{"unknown-meeting", nil, ask("r").to("zz")},
	{"meeting-closed", closed_, ask("r")},
	{"unknown-meeting", nil, give("r").to("zz")},
	{"meeting-not-open", nil, give("r")},
	{"meeting-closed", closed_, give("r")},
	{"unknown-meeting", nil, end("done").to("zz")},
	{"meeting-not-open", nil, end("done")},
	{"meeting-closed", closed_, end("done")},
	{"no-floor", spoken, act{as: ObserverHead, by: 6, party: "o", name: "EndFloor", fields: `{"why":"done"}`, meeting: "m"}},
}

var (
	forget4 = secretary("ForgetPerson", `{"ground":"request","person":"`+pid(4)+`"}`)
	closed_ = slices.Concat(opened, []act{close_})
)

func with(a act, fields string) act { a.fields = fields; return a }

func end(why string) act {
	return act{as: Chair, by: 4, name: "EndFloor", fields: `{"why":"` + why + `"}`, meeting: "m"}
}

func TestEveryRefusalOfEveryActIsMet(t *testing.T) {
	met := map[string]bool{
		"FoundBody/two-secretaries": true, // TestEveryRefusalIsMet, on an empty record
		"FoundBody/too-large":       true, // the same
		"FileNote/id-taken":         true, // TestANoteIsFiledOnce, on what is closed
	}
	for i, c := range slices.Concat(refusals, moreRefusals) {
		if c.act.name == "" {
			continue
		}
		d := newDesk(t)
		for _, a := range c.before {
			d.must(t, a)
		}
		if r := d.do(t, c.act); r == nil || r.Code != c.code {
			t.Errorf("%d, %s: %v, want %s", i, c.act.name, r, c.code)
		} else if r.Rule == "" {
			t.Errorf("%s: %s rests on no rule", c.act.name, c.code)
		}
		met[c.act.name+"/"+string(c.code)] = true
	}
	listed := map[string]bool{}
	for _, a := range Catalogue() {
		for _, code := range a.Refusals {
			listed[a.Name+"/"+string(code)] = true
			if !met[a.Name+"/"+string(code)] {
				t.Errorf("%s is never refused %s", a.Name, code)
			}
		}
	}
	for _, pair := range slices.Sorted(maps.Keys(met)) {
		_, code, _ := strings.Cut(pair, "/")
		if !listed[pair] && !slices.Contains(CommonRefusals, Code(code)) {
			t.Errorf("%s is not in the catalogue", pair)
		}
	}
	t.Logf("%d pairs of act and code met, of %d listed", len(met), len(listed))
}

// notices meets each notice of each act: the act is taken, and its author is told.
var notices = []struct {
	code   Code
	before []act
	act    act
}{
	{"late", []act{invited}, head("Reply", `{"accept":true}`)},
	{"late", []act{adopt(`"notices":[{"kind":"credentials","rule":"27","seconds":604800}]`)}, lodge},
	{"not-planned", nil, protocolOfficer("RecordEvent", `{"type":"wreath","place":"hall"}`)},
	{"next-undecided", opened, with(close_, "")},
	{"too-many-names", counting, desk1("ReportTally", `{"election":"e","papers":2,"invalid":1,"votes":[["k",1]]}`)},
}

func TestEveryNoticeOfEveryActIsMet(t *testing.T) {
	met, listed := map[string]bool{}, 0
	for _, c := range notices {
		d := brought(t, c.before, c.act)
		events, r := Decide(&d.State, d.submitted(t, c.act), d.at+1000)
		told := Notices(events)
		if r != nil || len(told) != 1 || told[0].Code != c.code || told[0].Rule == "" {
			t.Errorf("%s: refused %v, told %v; want the notice %s", c.act.name, r, told, c.code)
		}
		met[c.act.name+"/"+string(c.code)] = true
	}
	for _, a := range Catalogue() {
		for _, code := range a.Notices {
			if listed++; !met[a.Name+"/"+string(code)] {
				t.Errorf("%s never tells %s", a.Name, code)
			}
		}
	}
	if listed != len(met) {
		t.Errorf("%d notices met, %d listed", len(met), listed)
	}
	quiet := []way{
		{[]act{desk1("Invite", `{"party":"a","as":"member","replyBy":"2031-12-01"}`)}, head("Reply", `{"accept":true}`)},
		{nil, lodge},
		{[]act{plan}, protocolOfficer("RecordEvent", `{"plan":"n","type":"wreath","place":"hall"}`)},
		{opened, with(close_, `{"next":"hall"}`)},
		{counting, tally(2, 0)},
	}
	for _, c := range quiet {
		d := brought(t, c.before, c.act)
		if events, r := Decide(&d.State, d.submitted(t, c.act), d.at+1000); r != nil || len(Notices(events)) > 0 {
			t.Errorf("%s: refused %v, told %v where there is nothing to tell", c.act.name, r, Notices(events))
		}
	}
	t.Logf("%d notices met", len(met))
}

func TestANoteIsFiledOnce(t *testing.T) {
	d := newDesk(t)
	d.FoldClosed(&record.Entry{Index: d.Size}, []Event{{Body: &NoteFiled{"n", "t"}}})
	if r := d.decide(d.submitted(t, secretary("FileNote", `{"note":"n","text":"again"}`))); r == nil || r.Code != "id-taken" {
		t.Error(r)
	}
}

// Every act by a holder of every capacity: it is taken exactly where the catalogue says who may.
func TestWhoMayIsWhatIsDecided(t *testing.T) {
	withEdition2(t)
	everyone := map[Capacity]act{
		Secretary: {by: 1}, Chair: {by: 4}, Head: {by: 5, party: "a"}, ObserverHead: {by: 6, party: "o"}, Rapporteur: {by: 3}, Clock: {clock: true},
		Delegate: {by: 10, party: "a"}, Depositary: {by: 11}, Protocol: {by: 12}, Press: {by: 13}, Myself: {by: 5},
	}
	pairs := 0
	for _, c := range lawful {
		a := edition1.acts[c.act.name]
		for as, who := range everyone {
			d := brought(t, c.before, c.act)
			if c.act.name == "FoundBody" {
				who.by = 1 // the founder is who the act says
			}
			b := c.act
			b.as, b.by, b.party, b.clock, b.with = as, who.by, who.party, who.clock, 0
			s := d.submitted(t, b)
			if a.TwoPersons {
				s.With = []record.With{{As: string(Secretary), By: pid(2)}}
			}
			r := d.decide(s)
			if no := r != nil && (r.Code == "wrong-capacity" || r.Code == "not-holder"); no == slices.Contains(a.Who, as) {
				t.Errorf("%s as %s: %v", a.Name, as, r)
			}
			// and never by somebody who holds it for another, or not yet
			if as != Clock && as != Myself && c.act.name != "FoundBody" && slices.Contains(a.Who, as) {
				s.By = pid(8)
				d.grant(Office{PersonID(pid(8)), as, "b", d.at + 1001, 0})
				s.For = "b"
				if r := d.decide(s); r == nil || r.Code != "not-holder" {
					t.Errorf("%s as %s before the office begins: %v", a.Name, as, r)
				}
				if s.By, s.For = pid(who.by), "c"; as.ofParty() {
					if r := d.decide(s); r == nil || r.Code != "not-holder" {
						t.Errorf("%s as %s of another party: %v", a.Name, as, r)
					}
				}
			}
			pairs++
		}
	}
	if pairs != len(Catalogue())*len(everyone) {
		t.Errorf("%d pairs of act and capacity", pairs)
	}
}

func TestOfficesGrantedAtTheFoundingAreOfNoParty(t *testing.T) {
	for _, c := range []Capacity{Head, ObserverHead} {
		d := &desk{at: 1_900_000_000_000}
		if r := d.do(t, with(lawful[0].act, strings.Replace(lawful[0].act.fields, `"offices":[`, fmt.Sprintf(`"offices":[{"capacity":"%s","person":"%s"},`, c, pid(9)), 1))); r == nil || r.Code != "malformed" {
			t.Errorf("founded with a %s of nobody: %v", c, r)
		}
	}
}
