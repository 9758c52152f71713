package conference

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"kurultai/record"
	"kurultai/record/canonical"
)

var update = flag.Bool("update", false, "write the golden files")

const origin = "example.org/test"

func pid(n int) string { return fmt.Sprintf("%032x", n) }

var anyDigest = string(record.DigestOf([]byte("x")))

// a desk decides acts one after another, as a record would hold them.
type desk struct {
	State
	at      record.Instant
	n       int
	entries []string
}

// Persons of the test: secretaries 1 and 2, rapporteur 3, chair 4, head of a 5, head of o, an observer, 6 (7 calls itself
// head of a member), delegate of a 10, depositary 11, officers of protocol 12 and press 13, heads of b 14 and of c 15.
func newDesk(t testing.TB) *desk {
	first.Do(func() { found(t, &founded) })
	d := founded // a state is a value
	d.entries = slices.Clone(founded.entries)
	return &d
}

var (
	first   sync.Once
	founded = desk{at: 1_900_000_000_000}
)

func found(t testing.TB, d *desk) {
	d.must(t, act{as: Secretary, by: 1, name: "FoundBody", fields: `{"id":"test","languages":["en"],"names":[["en","Test"]],"offices":[{"capacity":"Secretary","person":"` + pid(1) + `"},{"capacity":"Secretary","person":"` + pid(2) + `"},{"capacity":"Rapporteur","person":"` + pid(3) + `"}],"seat":"hall","zone":"Etc/UTC"}`})
	d.must(t, act{as: Secretary, by: 1, name: "AdoptRules", fields: `{"basis":"I/1","rules":{"name":"Rules","quorumToOpen":{"over":[1,2],"rule":"rule 7"},"speaking":{"rule":"rule 16","seconds":60},"version":"1"}}`})
	for _, p := range []string{"a", "b", "c", "o"} {
		d.must(t, act{as: Secretary, by: 1, name: "NameParty", fields: `{"party":"` + p + `","short":[["en","Party ` + p + `"]]}`})
		if p == "o" {
			d.must(t, act{as: Secretary, by: 1, name: "GrantObserver", fields: `{"basis":"decision","from":"2020","party":"o"}`})
		} else {
			d.must(t, act{as: Secretary, by: 1, name: "AdmitParty", fields: `{"basis":"founder","from":"2020-01-01","party":"` + p + `"}`})
		}
	}
	d.must(t, act{as: Secretary, by: 1, name: "NamePlace", fields: `{"names":[["en","Hall"]],"place":"hall","type":"hall"}`})
	for i, office := range []string{`{"capacity":"Chair",`, `{"capacity":"Head","for":"a",`, `{"capacity":"ObserverHead","for":"o",`, `{"capacity":"Head","for":"o",`, "", "",
		`{"capacity":"Delegate","for":"a",`, `{"capacity":"Depositary",`, `{"capacity":"Protocol",`, `{"capacity":"Press",`, `{"capacity":"Head","for":"b",`, `{"capacity":"Head","for":"c",`} {
		n := 4 + i
		if office == "" {
			continue // persons 8 and 9 are of the tests
		}
		d.must(t, act{as: Secretary, by: 1, name: "RegisterPerson", fields: `{"names":[["en",{"sealed":"` + string(record.DigestOf([]byte{byte(n)})) + `"}]],"person":"` + pid(n) + `"}`})
		d.must(t, act{as: Secretary, by: 1, name: "GrantOffice", fields: office + `"person":"` + pid(n) + `"}`, with: 2})
	}
	d.must(t, act{as: Secretary, by: 1, name: "ConveneMeeting", fields: `{"from":"2026-01-01","meeting":"m","ordinal":1,"place":"hall"}`})
}

type act struct {
	as       Capacity
	by       int
	name     string
	fields   string
	party    string
	meeting  string
	with     int
	key      string
	notAfter record.Instant
	about    []record.About
	clock    bool
	wait     int64 // milliseconds that pass before it
}

func (d *desk) submitted(t testing.TB, a act) *record.Submitted {
	d.n++
	s := &record.Submitted{As: string(a.as), By: pid(a.by), Name: a.name, For: a.party, Meeting: a.meeting, Origin: origin, Key: a.key, About: a.about}
	if a.clock {
		s.By = "clock"
	}
	if s.Key == "" {
		s.Key = canonical.EncodeBytes(fmt.Appendf(nil, "%016d", d.n))
	}
	if a.notAfter != 0 {
		s.NotAfter = &a.notAfter
	}
	if a.with != 0 {
		s.With = []record.With{{As: string(a.as), By: pid(a.with)}}
	}
	if a.fields != "" {
		v, err := canonical.Parse(a.fields)
		if err != nil {
			t.Fatalf("%s: %v", a.fields, err)
		}
		s.Fields = v
	}
	return s
}

// do decides an act and, if it is taken, writes its entry.
func (d *desk) do(t testing.TB, a act) *Refusal {
	s := d.submitted(t, a)
	d.at += 1000 + record.Instant(a.wait)
	events, r := Decide(&d.State, s, d.at)
	if r != nil {
		return r
	}
	b := record.OpenEntry(d.Size, d.at, s, nil, Decided(events))
	closed := edition1.acts[a.name] != nil && edition1.acts[a.name].Closed
	if closed {
		b = fmt.Appendf(nil, `{"at":"%s","closed":"%s","index":%d}`, d.at, anyDigest, d.Size)
	}
	e, err := record.ParseEntry(string(b), d.Size)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Fold(e); err != nil {
		t.Fatal(err)
	}
	if closed {
		d.FoldClosed(e, events)
	}
	d.entries = append(d.entries, string(b))
	d.lookups(t)
	return nil
}

// lookups checks what is kept to find meetings and elections by against looking at all of them.
func (d *desk) lookups(t testing.TB) {
	t.Helper()
	var want, got []string
	for id, m := range d.meetings.All() {
		want = append(want, fmt.Sprint("number ", m.Ordinal, " ", id))
		if !m.Closed {
			want = append(want, "going on "+id)
		}
	}
	for id, e := range d.elections.all.All() {
		for _, c := range e.Candidates {
			if c.Person != "" && !c.Withdrawn && e.State != "done" {
				want = append(want, "stands "+string(c.Person)+" "+id)
			}
		}
	}
	for key, m := range d.ordinals.All() {
		n, _, _ := strings.Cut(key, "/")
		got = append(got, fmt.Sprint("number ", strings.TrimLeft(n, "0"), " ", m))
	}
	for id := range d.goingOn.All() {
		got = append(got, "going on "+id)
	}
	for key, e := range d.elections.stands.All() {
		p, _, _ := strings.Cut(key, "/")
		got = append(got, "stands "+p+" "+string(e))
	}
	for id, q := range d.requests.All() {
		want = append(want, "asked "+string(q.Meeting)+" "+id)
		for _, x := range d.Requests(q.Meeting) {
			got = append(got, "asked "+string(x.Meeting)+" "+string(x.ID))
		}
	}
	for _, k := range d.authenticity.passkeys.All() {
		want = append(want, "holds "+string(k.Person)+" "+k.Credential)
		for _, x := range d.Passkeys(k.Person) {
			got = append(got, "holds "+string(x.Person)+" "+x.Credential)
		}
	}
	for _, l := range d.authenticity.links.All() {
		want = append(want, "is sent "+string(l.Person)+" "+string(l.Link))
		for _, x := range d.EnrolmentLinks(l.Person) {
			got = append(got, "is sent "+string(x.Person)+" "+string(x.Link))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	got = slices.Compact(got)
	if want = slices.Compact(want); !slices.Equal(want, got) {
		t.Fatalf("found by their keys:\n%q\nall there are:\n%q", got, want)
	}
}

func (d *desk) must(t testing.TB, a act) {
	t.Helper()
	if r := d.do(t, a); r != nil {
		t.Fatalf("%s: %v", a.name, r)
	}
}

func (d *desk) report(t testing.TB, fact string, sources string) *Refusal {
	return d.do(t, act{as: Rapporteur, by: 3, name: "Report", fields: `{"fact":` + fact + `,"sources":[` + sources + `],"when":{"known":"order","order":1}}`})
}

// dump is a state as text, so that two can be compared.
func dump(s *State) string { return string(flatten(nil, reflect.ValueOf(*s))) }

// flatten makes states comparable by content: what is pointed to stands where the pointer stood.
func flatten(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(b, "nil "...)
		}
		return flatten(b, v.Elem())
	case reflect.Struct:
		b = append(b, '{')
		for i := range v.NumField() {
			b = flatten(b, v.Field(i))
		}
		return append(b, '}')
	case reflect.Slice:
		b = append(b, '[')
		for i := range v.Len() {
			b = flatten(b, v.Index(i))
		}
		return append(b, ']')
	case reflect.String:
		return strconv.AppendQuote(b, v.String())
	case reflect.Int, reflect.Int64:
		return append(strconv.AppendInt(b, v.Int(), 10), ' ')
	case reflect.Bool:
		return append(strconv.AppendBool(b, v.Bool()), ' ')
	}
	return fmt.Appendf(b, "%v ", v)
}

// refusals meets every refusal of the catalogue at least once: what was done before, and the act refused.
var refusals = []struct {
	code   Code
	before []act
	act    act
}{
	{"no-body", nil, act{}}, // met below, on an empty record
	{"body-exists", nil, act{as: Secretary, by: 1, name: "FoundBody", fields: `{"id":"test","languages":["en"],"names":[["en","T"]],"offices":[{"capacity":"Secretary","person":"` + pid(1) + `"}],"seat":"x","zone":"z"}`}},
	{"two-secretaries", nil, act{}}, // met below, on an empty record
	{"edition-unknown", nil, act{as: Secretary, by: 1, name: "Conjure"}},
	{"edition-unknown", nil, act{as: Secretary, by: 1, with: 2, name: "AdoptEdition", fields: `{"edition":77}`}},
	{"not-later", nil, act{as: Secretary, by: 1, with: 2, name: "AdoptEdition", fields: `{"edition":1}`}},
	{"one-person-only", nil, act{as: Secretary, by: 1, name: "AdoptEdition", fields: `{"edition":2}`}},
	{"one-person-only", nil, act{as: Secretary, by: 1, with: 1, name: "AdoptEdition", fields: `{"edition":2}`}},
	{"malformed", nil, act{as: Secretary, by: 1, name: "AdmitParty", fields: `{"party":"a"}`}},
	{"malformed", nil, act{as: Secretary, by: 1, name: "OpenMeeting"}.as_(Chair, 4, `{"x":1}`)},
	{"wrong-capacity", nil, act{as: Head, by: 5, party: "a", name: "AdmitParty", fields: `{"basis":"b","from":"2020","party":"a"}`}},
	{"wrong-capacity", nil, act{as: Clock, by: 5, name: "TimeCame", fields: `{"due":"x"}`}},
	{"not-holder", nil, act{as: Secretary, by: 5, name: "AdmitParty", fields: `{"basis":"b","from":"2020","party":"a"}`}},
	{"not-holder", nil, act{as: Secretary, by: 1, with: 5, name: "AdoptEdition", fields: `{"edition":2}`}},
	{"too-late", nil, act{as: Secretary, by: 1, name: "FileNote", fields: `{"note":"n","text":"t"}`, notAfter: 1}},
	{"not-after-too-far", nil, act{as: Secretary, by: 1, name: "FileNote", fields: `{"note":"n","text":"t"}`, notAfter: 2_900_000_000_000}},
	{"key-reused", []act{{as: Secretary, by: 1, name: "RecordPresence", fields: `{"party":"a"}`, meeting: "m", key: "AAAAAAAAAAAAAAAAAAAAAA"}}, act{as: Secretary, by: 1, name: "RecordPresence", fields: `{"party":"b"}`, meeting: "m", key: "AAAAAAAAAAAAAAAAAAAAAA"}},
	{"stale", nil, act{as: Secretary, by: 1, name: "RecordPresence", fields: `{"party":"a"}`, meeting: "m", about: []record.About{{ID: "m", Kind: "meeting", Version: 0}}}},
	{"stale", nil, act{as: Secretary, by: 1, name: "RecordPresence", fields: `{"party":"a"}`, meeting: "m", about: []record.About{{ID: "nothing", Kind: "meeting", Version: 0}}}},
	{"not-due", nil, act{as: Clock, clock: true, name: "TimeCame", fields: `{"due":"x"}`}},
	{"too-large", nil, act{as: Secretary, by: 1, name: "AdoptRules", fields: `{"basis":"` + strings.Repeat("x", MaxRules) + `","rules":{"name":"R","version":"1"}}`}},
	{"unknown-person", nil, act{as: Secretary, by: 1, with: 2, name: "GrantOffice", fields: `{"capacity":"Chair","person":"` + pid(99) + `"}`}},
	{"already-holder", nil, act{as: Secretary, by: 1, with: 2, name: "GrantOffice", fields: `{"capacity":"Chair","person":"` + pid(4) + `"}`}},
	{"unknown-party", nil, act{as: Secretary, by: 1, with: 2, name: "GrantOffice", fields: `{"capacity":"Head","for":"zz","person":"` + pid(4) + `"}`}},
	{"no-party", nil, act{as: Secretary, by: 1, with: 2, name: "GrantOffice", fields: `{"capacity":"Head","person":"` + pid(4) + `"}`}},
	{"id-taken", nil, act{as: Secretary, by: 1, name: "RegisterPerson", fields: `{"names":[["en",{"sealed":"` + anyDigest + `"}]],"person":"` + pid(4) + `"}`}},
	{"no-such-name", nil, act{as: Secretary, by: 1, name: "PublishName", fields: `{"audience":"public","basis":"consent","languages":["de"],"person":"` + pid(4) + `"}`}},
	{"no-basis", nil, act{as: Secretary, by: 1, name: "PublishName", fields: `{"audience":"public","basis":"press-report","languages":["en"],"person":"` + pid(4) + `"}`}},
	{"unknown-source", nil, act{as: Secretary, by: 1, name: "PublishName", fields: `{"audience":"public","basis":"press-report","languages":["en"],"person":"` + pid(4) + `","sources":["s"]}`}},
	{"not-published", nil, act{as: Secretary, by: 1, name: "WithdrawName", fields: `{"languages":["en"],"person":"` + pid(4) + `"}`}},
	{"forgotten", []act{{as: Secretary, by: 1, name: "ForgetPerson", fields: `{"ground":"request","person":"` + pid(4) + `"}`}}, act{as: Secretary, by: 1, name: "ForgetPerson", fields: `{"ground":"request","person":"` + pid(4) + `"}`}},
	{"missing-language", nil, act{as: Secretary, by: 1, name: "NameParty", fields: `{"party":"z","short":[["de","Z"]]}`}},
	{"already-member", nil, act{as: Secretary, by: 1, name: "AdmitParty", fields: `{"basis":"b","from":"2024","party":"a"}`}},
	{"is-member", nil, act{as: Secretary, by: 1, name: "GrantObserver", fields: `{"basis":"b","from":"2024","party":"a"}`}},
	{"already-observer", nil, act{as: Secretary, by: 1, name: "GrantObserver", fields: `{"basis":"b","from":"2024","party":"o"}`}},
	{"unknown-meeting", nil, act{as: Secretary, by: 1, name: "RecordPresence", fields: `{"party":"a"}`, meeting: "zz"}},
	{"unknown-place", nil, act{as: Secretary, by: 1, name: "ConveneMeeting", fields: `{"from":"2026-02-01","meeting":"n","ordinal":2,"place":"zz"}`}},
	{"ordinal-taken", nil, act{as: Secretary, by: 1, name: "ConveneMeeting", fields: `{"from":"2026-02-01","meeting":"n","ordinal":1,"place":"hall"}`}},
	{"no-quorum-to-open", []act{present("a")}, open_},
	{"already-open", opened, open_},
	{"already-present", []act{present("a")}, present("a")},
	{"already-absent", nil, absent("a")},
	{"already-absent", []act{present("a"), absent("a")}, absent("a")},
	{"meeting-not-open", nil, act{as: Head, by: 5, party: "a", name: "AskFloor", fields: `{"request":"r"}`, meeting: "m"}},
	{"meeting-closed", slices.Concat(opened, []act{close_}), open_},
	{"observer-may-not", opened, act{as: Head, by: 7, party: "o", name: "AskFloor", fields: `{"request":"r"}`, meeting: "m"}},
	{"already-listed", slices.Concat(opened, []act{ask("r")}), ask("q")},
	{"id-taken", slices.Concat(opened, []act{ask("r")}), ask("r")},
	{"unknown-request", opened, give("r")},
	{"floor-taken", slices.Concat(opened, []act{ask("r"), give("r"), observerAsks("q")}), give("q")},
	{"floor-taken", slices.Concat(opened, []act{ask("r"), give("r")}), close_},
	{"out-of-order", slices.Concat(opened, []act{ask("r"), observerAsks("q")}), give("q")},
	{"no-floor", opened, act{as: Chair, by: 4, name: "EndFloor", fields: `{"why":"done"}`, meeting: "m"}},
	{"not-reportable", []act{source}, report(`{"kind":"OfficeGranted","capacity":"Chair","person":"` + pid(4) + `"}`)},
	{"no-source", nil, act{as: Rapporteur, by: 3, name: "Report", fields: `{"fact":{"date":"2019","kind":"MeetingHeld","meeting":"m"},"when":{"date":"2019","known":"year"}}`}},
	{"unknown-source", nil, report(`{"kind":"MeetingHeld","date":"2019","meeting":"m"}`)},
	{"unknown-organisation", []act{source}, report(`{"kind":"PersonTookPart","meeting":"m","organisation":"zz","part":"head","person":"unnamed"}`)},
	{"unknown-person", []act{source}, report(`{"kind":"ChairTaken","meeting":"m","person":"` + pid(99) + `"}`)},
	{"unknown-meeting", []act{source}, report(`{"kind":"MeetingHeld","date":"2019","meeting":"zz"}`)},
	{"unknown-party", []act{source}, report(`{"kind":"PartyAdmitted","basis":"b","from":"2019","party":"zz"}`)},
	{"two-chairs", []act{source, report(`{"kind":"ChairTaken","meeting":"m","person":"` + pid(4) + `"}`)}, report(`{"kind":"ChairTaken","meeting":"m","person":"` + pid(5) + `"}`)},
	{"not-in-conflict", nil, act{as: Secretary, by: 1, name: "PreferFact", fields: `{"index":3,"reason":"r"}`}},
}

func present(p string) act {
	return act{as: Secretary, by: 1, name: "RecordPresence", fields: `{"party":"` + p + `"}`, meeting: "m"}
}

func absent(p string) act {
	return with(present(p), `{"absent":true,"party":"`+p+`"}`)
}

var (
	open_  = act{as: Chair, by: 4, name: "OpenMeeting", meeting: "m"}
	close_ = act{as: Chair, by: 4, name: "CloseMeeting", meeting: "m"}
	opened = []act{present("a"), present("b"), open_}
	source = act{as: Rapporteur, by: 3, name: "RegisterSource", fields: `{"outlet":"Gazette","source":"s"}`}
)

func ask(r string) act {
	return act{as: Head, by: 5, party: "a", name: "AskFloor", fields: `{"request":"` + r + `"}`, meeting: "m"}
}

func observerAsks(r string) act {
	return act{as: ObserverHead, by: 6, party: "o", name: "AskFloor", fields: `{"request":"` + r + `"}`, meeting: "m"}
}

func give(r string) act {
	return act{as: Chair, by: 4, name: "GiveFloor", fields: `{"request":"` + r + `"}`, meeting: "m"}
}

func report(fact string) act {
	return act{as: Rapporteur, by: 3, name: "Report", fields: `{"fact":` + ordered(fact) + `,"sources":["s"],"when":{"known":"order","order":1}}`}
}

// ordered puts the members of a flat object in order.
func ordered(object string) string {
	parts := strings.Split(strings.Trim(object, "{}"), ",")
	slices.Sort(parts)
	return "{" + strings.Join(parts, ",") + "}"
}

func (a act) as_(c Capacity, by int, fields string) act {
	a.as, a.by, a.fields, a.meeting = c, by, fields, "m"
	return a
}

func TestEveryRefusalIsMet(t *testing.T) {
	met := map[Code]bool{}
	empty := &desk{at: 1_900_000_000_000}
	if r := empty.do(t, present("a")); r == nil || r.Code != "no-body" {
		t.Errorf("on an empty record: %v", r)
	}
	one := act{as: Secretary, by: 1, name: "FoundBody", fields: `{"id":"test","languages":["en"],"names":[["en","T"]],"offices":[{"capacity":"Secretary","person":"` + pid(1) + `"}],"seat":"x","zone":"z"}`}
	if r := empty.do(t, one); r == nil || r.Code != "two-secretaries" {
		t.Errorf("founded by one: %v", r)
	}
	one.fields = fmt.Sprintf(`{"emblem":{"blob":"%s","size":%d},"id":"test","languages":["en"],"names":[["en","T"]],"offices":[{"capacity":"Secretary","person":"%s"},{"capacity":"Secretary","person":"%s"}],"seat":"x","zone":"z"}`, anyDigest, MaxEmblem+1, pid(1), pid(2))
	if r := empty.do(t, one); r == nil || r.Code != "too-large" {
		t.Errorf("founded with too large an emblem: %v", r)
	}
	met["no-body"], met["two-secretaries"] = true, true
	for i, c := range slices.Concat(refusals, moreRefusals) {
		if c.act.name == "" {
			continue
		}
		d := newDesk(t)
		for _, a := range c.before {
			d.must(t, a)
		}
		before := dump(&d.State)
		r := d.do(t, c.act)
		if r == nil || r.Code != c.code {
			t.Errorf("%d, %s: %v, want %s", i, c.act.name, r, c.code)
			continue
		}
		if dump(&d.State) != before {
			t.Errorf("%d: the refused %s changed the state", i, c.act.name)
		}
		a := edition1.acts[c.act.name]
		if a != nil && !slices.Contains(a.Refusals, c.code) && !slices.Contains(CommonRefusals, c.code) {
			t.Errorf("%s meets %s, which the catalogue does not list for it", c.act.name, c.code)
		}
		met[c.code] = true
	}
	for _, code := range attestationRefusals {
		met[code] = true // met by TestAnAttestationFitsOneAct
	}
	met["due-first"] = true // met by TestWhatIsDueComesFirst, under the edition of the test
	var codes []Code
	codes = append(codes, CommonRefusals...)
	for _, a := range Catalogue() {
		codes = append(codes, a.Refusals...)
	}
	for _, c := range codes {
		if !met[c] {
			t.Errorf("nothing meets %s", c)
		}
	}
	t.Logf("%d refusals of %d codes met", len(refusals), len(met))
}

// representative events, one for each kind.
func representatives() []Event {
	n := Names{{Language: "de", Text: "Ort"}, {Language: "en", Text: "Place \"x\""}}
	p, q := PersonID(pid(4)), PersonID(pid(5))
	r := &Reported{[]SourceID{"a", "b"}, When{"2019-09-06", "day", 3}}
	sealed := []SealedName{{Language: "en", Name: record.Sealed{Digest: record.Digest(anyDigest)}}}
	return []Event{
		{Body: &BodyFounded{"b", n, "hall", []Language{"de", "en"}, "Asia/Baku", []Holding{{p, Secretary}, {q, Secretary}}, &record.Blob{Digest: record.Digest(anyDigest), Size: 5}}},
		{Body: &RulesAdopted{Basis: "I/1"}}, {Body: &OfficeGranted{p, Head, "a"}}, {Body: &EditionAdopted{2}},
		{Body: &PersonRegistered{p, sealed}}, {Body: &NamePublished{p, []Language{"en"}, "public", "press-report", []SourceID{"a"}}}, {Body: &NameWithdrawn{p, []Language{"en"}}}, {Body: &PersonForgotten{p, "request"}},
		{Body: &PartyNamed{"a", n, n, "notified"}}, {Body: &PlaceNamed{"hall", "hall", "a", n}}, {Body: &OrganisationRegistered{"o", "a", n, "minister"}, Reported: r},
		{Body: &PartyAdmitted{"a", "1998-05-20", "founder"}, Reported: r}, {Body: &ObserverGranted{"a", "2019", "press-report", "m"}, Reported: r},
		{Body: &SourceRegistered{"s", "Gazette", "de", "https://example.org", "2019-09", record.Digest(anyDigest), &record.Blob{Digest: record.Digest(anyDigest), Size: 5}}}, {Body: &FactPreferred{7, "why"}},
		{Body: &MeetingConvened{"m", 22, "hall", "a", "2019-09-06", "2019-09-07", "Asia/Baku", "decision"}, Reported: r}, {Body: &MeetingHeld{"m", "2019-09-06"}}, {Body: &ChairTaken{"m", p}},
		{Body: &PersonTookPart{"m", UnnamedPerson, "a", "o", "observer", "lieutenant-general", "senior-official"}, Reported: r},
		{Body: &WreathLaid{"m", "alley", "flame", p}, Reported: r}, {Body: &FlowersLaid{"m", "alley", "", p}, Reported: r}, {Body: &MeetingOpened{"m", p}}, {Body: &MessageRead{"m", p, "president", "a", q, "minister"}, Reported: r},
		{Body: &StatementMade{"m", "others", "", []Point{{"hope", []Term{"terrorism", "extremism"}, "national-interests", "ankara"}}}, Reported: r},
		{Body: &InstrumentSigned{"m", "i", "document", "outcomes-of-meeting", "ankara", "parties", []PartyID{"a", "b"}}, Reported: r}, {Body: &OrganSeated{"m", "permanent-secretariat", "ankara"}, Reported: r},
		{Body: &NextMeetingDecided{"m", "almaty", "a", "2020"}}, {Body: &AudienceHeld{"m", p, "president", "a"}, Reported: r},
		{Body: &PresenceRecorded{"m", "a", true}}, {Body: &MeetingClosed{"m", true}}, {Body: &FloorRequested{"r", "m", "a", p, "reply", "q"}}, {Body: &FloorGiven{"r", "m", 300}}, {Body: &FloorEnded{"r", "m", "time"}}, {Body: &SpeakerOverran{"r", 12}},
		{Body: &NoteFiled{"n", "text"}},
	}
}

func TestGoldenEncodings(t *testing.T) {
	folder := filepath.Join("testdata", "events")
	seen := map[string]bool{}
	for _, e := range slices.Concat(representatives(), samples()) {
		if e.Kind() == "RulesAdopted" {
			e.Body.(*RulesAdopted).Rules.Name, e.Body.(*RulesAdopted).Rules.Version = "Rules", "1"
		}
		path := filepath.Join(folder, e.Kind()+".json")
		text := string(e.Append(nil))
		if *update {
			os.MkdirAll(folder, 0o755)
			if err := os.WriteFile(path, []byte(text+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(path)
		if err != nil || string(golden) != text+"\n" {
			t.Errorf("%s: %v\n%s", path, err, text)
			continue
		}
		v, err := canonical.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		back, err := edition1.parseEvent(v)
		if err != nil || !reflect.DeepEqual(back, e) || string(back.Append(nil)) != text {
			t.Errorf("%s came back as %+v: %v", e.Kind(), back, err)
		}
		seen[e.Kind()] = true
	}
	for _, k := range Kinds() {
		if !seen[k] {
			t.Errorf("no golden encoding of %s", k)
		}
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != len(Kinds()) {
		t.Errorf("%d files for %d kinds: %v", len(files), len(Kinds()), err)
	}
}

func TestWhoMay(t *testing.T) {
	var out strings.Builder
	for _, a := range Catalogue() {
		fmt.Fprintf(&out, "%-22s %v", a.Name, a.Who)
		fmt.Fprintf(&out, " two=%v closed=%v attested=%v\n", a.TwoPersons, a.Closed, a.Attested)
	}
	path := filepath.Join("testdata", "who.txt")
	if *update {
		os.WriteFile(path, []byte(out.String()), 0o644)
	}
	if want, err := os.ReadFile(path); err != nil || string(want) != out.String() {
		t.Errorf("who may do what has changed:\n%s", out.String())
	}
	// and what the table says is what Decide does
	checked := 0
	for _, a := range Catalogue() {
		for by, c := range map[int]Capacity{1: Secretary, 4: Chair, 5: Head, 6: ObserverHead, 3: Rapporteur, 10: Delegate, 11: Depositary, 12: Protocol, 13: Press} {
			d := newDesk(t)
			s := d.submitted(t, act{as: c, by: by, name: a.Name, party: map[Capacity]string{Head: "a", ObserverHead: "o", Delegate: "a"}[c], meeting: "m"})
			_, r := Decide(&d.State, s, d.at)
			if a.Name == "FoundBody" {
				continue
			}
			if refused := r != nil && r.Code == "wrong-capacity"; refused == slices.Contains(a.Who, c) {
				t.Errorf("%s as %s: %v", a.Name, c, r)
			}
			checked++
		}
	}
	t.Logf("%d pairs of act and capacity checked", checked)
}

func TestReportsThatDisagreeAreKeptAndOneShows(t *testing.T) {
	d := newDesk(t)
	d.must(t, source)
	convened := func(n int) string {
		return fmt.Sprintf(`{"from":"2019-09-06","kind":"MeetingConvened","meeting":"x","ordinal":%d,"place":"hall"}`, n)
	}
	for _, n := range []int{22, 23, 22} {
		if r := d.report(t, convened(n), `"s"`); r != nil {
			t.Fatal(r)
		}
	}
	m, _ := d.Meeting("x")
	if m.Ordinal != 22 {
		t.Errorf("the first shows: %d", m.Ordinal)
	}
	f, _ := d.Shown("MeetingConvened", "x")
	if v := d.Versions(f); len(v) != 2 || len(v[0].Agree) != 1 || len(f.Agree) != 1 {
		t.Errorf("%+v", v)
	}
	if len(d.Disagreements()) != 1 {
		t.Error("no disagreement")
	}
	second := d.Versions(f)[1].Index
	d.must(t, act{as: Secretary, by: 1, name: "PreferFact", fields: fmt.Sprintf(`{"index":%d,"reason":"r"}`, second)})
	if m, _ = d.Meeting("x"); m.Ordinal != 23 || m.Convened != second {
		t.Errorf("after preferring: %d", m.Ordinal)
	}
	if v, _ := d.Version("meeting", "x"); v != d.Size-1 {
		t.Errorf("version %d of %d", v, d.Size)
	}
	if p, ok := d.PreferredOf(f); !ok || p.Index != second {
		t.Error(p)
	}
}

func TestKeysFallByDays(t *testing.T) {
	d := newDesk(t)
	a := present("a")
	a.key = "AAAAAAAAAAAAAAAAAAAAAA"
	d.must(t, a)
	const day = 24 * 3600 * 1000
	for days, want := range []bool{true, true, false} {
		d.at += record.Instant(min(days, 1) * day)
		d.must(t, []act{present("b"), absent("b")}[days%2])
		if _, ok := d.Key(pid(1), a.key); ok != want {
			t.Errorf("after %d days: %v", days, ok)
		}
	}
	other := a
	other.as, other.by = Chair, 4
	if _, ok := d.Key(pid(4), a.key); ok {
		t.Error("a key counts for another author")
	}
}

// edition 2 of the test has an act that makes something due, and answers presence otherwise.
type (
	promise struct {
		ID string `json:"id"`
		In int64  `json:"in"`
	}
	Promised promise
	Elapsed  struct {
		ID string `json:"id"`
	}
)

func withEdition2(t *testing.T) {
	ed := newEdition()
	maps.Copy(ed.things, edition1.things)
	maps.Copy(ed.questions, edition1.questions)
	for k, v := range edition1.acts {
		ed.acts[k] = v
	}
	for k, v := range edition1.kinds {
		ed.kinds[k] = v
	}
	does(ed, Act{Name: "Promise", Who: []Capacity{Secretary}}, func(s *State, c *Call, f *promise) ([]Event, *Refusal) {
		e := Promised(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *Promised) {
		at := h.At + record.Instant(b.In)
		s.dues = s.dues.Set(dueKey(at, b.ID), due{b.ID, at, []Event{{Body: &Elapsed{b.ID}}}})
	})
	happens(ed, func(s *State, h Happened, b *Elapsed) {
		for k, d := range s.dues.All() {
			if d.id == b.ID {
				s.dues = s.dues.Delete(k)
			}
		}
	})
	does(ed, Act{Name: "RecordPresence", Who: []Capacity{Secretary}}, func(s *State, c *Call, f *RecordPresence) ([]Event, *Refusal) {
		return nil, refuse("not-now", "edition 2")
	})
	editions[2] = ed
	t.Cleanup(func() { delete(editions, 2) })
}

func TestWhatIsDueComesFirst(t *testing.T) {
	withEdition2(t)
	d := newDesk(t)
	d.must(t, act{as: Secretary, by: 1, with: 2, name: "AdoptEdition", fields: `{"edition":2}`})
	d.must(t, act{as: Secretary, by: 1, name: "Promise", fields: `{"id":"p","in":10000}`})
	came := act{as: Clock, clock: true, name: "TimeCame", fields: `{"due":"p"}`}
	if r := d.do(t, came); r == nil || r.Code != "not-due" {
		t.Errorf("before its time: %v", r)
	}
	d.at += 20000
	if r := d.do(t, source); r == nil || r.Code != "due-first" {
		t.Errorf("before what is due: %v", r)
	}
	d.must(t, came)
	d.must(t, source)
	for range d.Due(d.at) {
		t.Error("it is still due")
	}
}

func TestEditionsDecideAsTheyDid(t *testing.T) {
	withEdition2(t)
	d := newDesk(t)
	d.must(t, present("a"))
	early := slices.Clone(d.entries)
	d.must(t, act{as: Secretary, by: 1, with: 2, name: "AdoptEdition", fields: `{"edition":2}`})
	if r := d.do(t, present("b")); r == nil || r.Code != "not-now" {
		t.Errorf("under edition 2: %v", r)
	}
	if r := d.do(t, act{as: Secretary, by: 1, with: 2, name: "AdoptEdition", fields: `{"edition":2}`}); r == nil || r.Code != "not-later" {
		t.Error(r)
	}
	d.must(t, act{as: Secretary, by: 1, name: "Promise", fields: `{"id":"p","in":100000000}`})
	replay(t, d.entries)
	replay(t, early)
	// a program that does not know edition 2
	delete(editions, 2)
	var s State
	for i, text := range d.entries {
		e, err := record.ParseEntry(text, int64(i))
		if err != nil {
			t.Fatal(err)
		}
		err = s.Fold(e)
		if after := i >= len(early)+1; errors.Is(err, ErrUpgradeNeeded) != after {
			t.Fatalf("entry %d: %v", i, err)
		}
	}
	if _, r := Decide(&s, d.submitted(t, present("b")), d.at+1000); r == nil || r.Code != "edition-unknown" {
		t.Error(r)
	}
}

// replay decides entries again from nothing; the events must be the same bytes.
func replay(t testing.TB, entries []string) *State {
	t.Helper()
	var s State
	for i, text := range entries {
		e, err := record.ParseEntry(text, int64(i))
		if err != nil {
			t.Fatal(err)
		}
		events, r := Decide(&s, &e.Act, e.At)
		if r != nil {
			t.Fatalf("entry %d: %v", i, r)
		}
		if got := string(AppendDecided(nil, events)); got != e.EventsText() {
			t.Fatalf("entry %d: %s, not %s", i, got, e.EventsText())
		}
		if err := s.Fold(e); err != nil {
			t.Fatal(err)
		}
	}
	return &s
}

// random draws an act that may or may not be lawful.
func random(t *rapid.T) act {
	pick := func(from ...string) string { return rapid.SampledFrom(from).Draw(t, "of") }
	party, request := pick("a", "b", "c", "o", "z"), pick("r", "q", "s")
	by := rapid.SampledFrom([]struct {
		c     Capacity
		by    int
		party string
	}{{Secretary, 1, ""}, {Secretary, 2, ""}, {Rapporteur, 3, ""}, {Chair, 4, ""}, {Head, 5, "a"}, {ObserverHead, 6, "o"}, {Head, 7, "o"}, {Head, 6, "a"}}).Draw(t, "by")
	a := act{as: by.c, by: by.by, party: by.party, meeting: pick("m", "m", "m", "n")}
	switch pick("presence", "open", "ask", "ask", "give", "give", "end", "end", "close", "source", "report", "convene", "person", "forget", "publish", "prefer") {
	case "presence":
		a.name, a.fields = "RecordPresence", pick(`{"party":"`+party+`"}`, `{"absent":true,"party":"`+party+`"}`)
	case "open":
		a.name = "OpenMeeting"
	case "ask":
		a.name, a.fields = "AskFloor", `{"request":"`+request+`"}`
	case "give":
		a.name, a.fields = "GiveFloor", `{"request":"`+request+`"}`
	case "end":
		a.name, a.fields = "EndFloor", `{"why":"`+pick("done", "time", "bad")+`"}`
	case "close":
		a.name, a.fields = "CloseMeeting", pick(``, `{"next":"hall"}`, `{"next":"zz"}`)
	case "source":
		a = source
	case "report":
		a = report(`{"kind":"MeetingConvened","from":"2019","meeting":"x","ordinal":` + pick("1", "2") + `,"place":"hall"}`)
	case "convene":
		a.name, a.fields = "ConveneMeeting", `{"from":"2026-02-01","meeting":"n","ordinal":2,"place":"hall"}`
	case "person":
		a.name, a.fields = "RegisterPerson", `{"names":[["en",{"sealed":"`+anyDigest+`"}]],"person":"`+pid(20)+`"}`
	case "forget":
		a.name, a.fields = "ForgetPerson", `{"ground":"request","person":"`+pid(rapid.IntRange(4, 20).Draw(t, "p"))+`"}`
	case "publish":
		a.name, a.fields = "PublishName", `{"audience":"`+pick("public", "participants", "all")+`","basis":"consent","languages":["en"],"person":"`+pid(rapid.IntRange(4, 20).Draw(t, "p"))+`"}`
	case "prefer":
		a.name, a.fields = "PreferFact", fmt.Sprintf(`{"index":%d,"reason":"r"}`, rapid.IntRange(10, 60).Draw(t, "i"))
	}
	return a
}

func TestLawsOfDeciding(t *testing.T) {
	taken, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t)
		for range rapid.IntRange(1, 60).Draw(rt, "acts") {
			before, kept := dump(&d.State), d.State
			if r := d.do(t, random(rt)); r != nil {
				refused++
				if dump(&d.State) != before {
					rt.Fatal("a refused act changed the state")
				}
				continue
			}
			taken++
			if dump(&kept) != before {
				rt.Fatal("a snapshot changed when its successor did")
			}
		}
		if got := replay(t, d.entries); dump(got) != dump(&d.State) {
			rt.Fatal("replayed, the state is another")
		}
	})
	if taken < 100 || refused < 100 {
		t.Fatalf("%d acts taken and %d refused: too few to say anything", taken, refused)
	}
	t.Logf("%d acts taken, %d refused", taken, refused)
}

func TestOpenDecisionsReadNothingClosed(t *testing.T) {
	d := newDesk(t)
	before := dump(&d.State)
	with := d.State
	e := &record.Entry{Index: d.Size}
	with.FoldClosed(e, []Event{{Body: &NoteFiled{"n", "text"}}})
	if dump(&with) == before {
		t.Fatal("the closed part did not change")
	}
	for _, a := range []act{present("a"), open_, source, ask("r")} {
		s := d.submitted(t, a)
		e1, r1 := Decide(&d.State, s, d.at+1)
		e2, r2 := Decide(&with, s, d.at+1)
		if string(AppendDecided([]byte("x"), e1)) != string(AppendDecided([]byte("x"), e2)) && r1 == nil || (r1 == nil) != (r2 == nil) {
			t.Errorf("%s is decided otherwise beside a closed note", a.name)
		}
	}
}

func TestMapsAreValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m Ordered[int64, string]
		model := map[int64]string{}
		var past []Ordered[int64, string]
		var pastLen []int
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			k := rapid.Int64Range(0, 30).Draw(t, "k")
			past, pastLen = append(past, m), append(pastLen, len(model))
			if rapid.Bool().Draw(t, "set") {
				v := rapid.String().Draw(t, "v")
				m, model[k] = m.Set(k, v), v
			} else {
				m = m.Delete(k)
				delete(model, k)
			}
		}
		if count(m) != len(model) {
			t.Fatalf("%d keys, not %d", count(m), len(model))
		}
		last := int64(-1)
		for k, v := range m.All() {
			if k <= last || model[k] != v {
				t.Fatalf("key %d after %d is %q", k, last, v)
			}
			last = k
		}
		for i, p := range past {
			if count(p) != pastLen[i] {
				t.Fatal("an old map changed")
			}
		}
		// the same contents, come by otherwise, have the same shape
		var other Ordered[int64, string]
		for k := int64(30); k >= 0; k-- {
			if v, ok := model[k]; ok {
				other = other.Set(k, v)
			}
		}
		if !bytes.Equal(flatten(nil, reflect.ValueOf(m)), flatten(nil, reflect.ValueOf(other))) {
			t.Fatal("shape tells history")
		}
		from := rapid.Int64Range(0, 30).Draw(t, "from")
		for k := range m.From(from) {
			if k < from {
				t.Fatal("From began too early")
			}
		}
	})
}

// count is the number of keys of a map.
func count[K cmp.Ordered, V any](m Ordered[K, V]) (n int) {
	for range m.All() {
		n++
	}
	return n
}
