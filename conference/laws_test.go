package conference

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kurultai/record"
	"kurultai/record/canonical"
)

// pools are what random fields are drawn from, by type: ids that are there and ids that are not.
var pools = map[reflect.Type][]string{
	reflect.TypeFor[PersonID]():       {pid(1), pid(4), pid(5), pid(6), pid(20), pid(21), pid(99), string(UnnamedPerson)},
	reflect.TypeFor[PartyID]():        {"a", "b", "c", "o", "zz"},
	reflect.TypeFor[PlaceID]():        {"hall", "hall", "alley", "zz"},
	reflect.TypeFor[MeetingID]():      {"m", "m", "n", "zz"},
	reflect.TypeFor[SourceID]():       {"s", "q", "zz"},
	reflect.TypeFor[RequestID]():      {"r", "q", "p"},
	reflect.TypeFor[NoteID]():         {"n", "k"},
	reflect.TypeFor[OrganisationID](): {"org", "zz"},
	reflect.TypeFor[InstrumentID]():   {"i", "j"},
	reflect.TypeFor[BodyID]():         {"test"},
	reflect.TypeFor[Term]():           {"consent", "press-report", "decision"},
	reflect.TypeFor[Language]():       {"en", "en", "de"},
	reflect.TypeFor[Date]():           {"2019", "2019-09", "2019-09-06", "2026-01-01", "2026-02-30"},
	reflect.TypeFor[Capacity]():       {"Secretary", "Chair", "Head", "ObserverHead", "Rapporteur"},
	reflect.TypeFor[Part]():           {"head", "member", "observer"},
	reflect.TypeFor[string]():         {"public", "participants", "done", "order", "others", pid(4), "x"},
}

// drawn is evenly distributed chance: rapid's own favours small numbers, and most acts would be refused for them.
type drawn struct {
	testing.TB
	chance *rand.Rand
}

func (t drawn) of(list ...string) string { return list[t.chance.IntN(len(list))] }

func (t drawn) upTo(n int) int { return t.chance.IntN(n + 1) }

var whens = []When{{Known: "order", Order: 1}, {Known: "order", Order: 2}, {Date: "2019", Known: "year"}, {Date: "2019-09-06T11:00", Known: "hour", Order: 3}, {Date: "2019", Known: "day"}}

// fill draws a value for each field of a type of the catalogue.
func (t drawn) fill(v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[canonical.Value]():
		v.Set(reflect.ValueOf(t.fact()))
		return
	case reflect.TypeFor[record.Digest]():
		v.SetString(string(record.DigestOf([]byte{byte(t.upTo(200))})))
		return
	case reflect.TypeFor[When]():
		v.Set(reflect.ValueOf(whens[t.upTo(len(whens)-1)]))
		return
	}
	switch v.Kind() {
	case reflect.String:
		pool := pools[v.Type()]
		if pool == nil {
			pool = []string{"x", "y", "z"}
		}
		v.SetString(t.of(pool...))
	case reflect.Int64:
		v.SetInt(int64(1 + t.upTo(40)))
	case reflect.Bool:
		v.SetBool(t.upTo(1) == 1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+t.upTo(3)/3, 4))
		for i := range v.Len() {
			t.fill(v.Index(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		t.fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			optional := strings.HasSuffix(f.Tag.Get("json"), ",omitempty")
			if f.Type != reflect.TypeFor[canonical.Tuple]() && (!optional || t.upTo(2) == 2) {
				t.fill(v.Field(i))
			}
		}
	}
}

// fact draws an event as a report states it: of any kind, reportable or not.
func (t drawn) fact() canonical.Value {
	e := Event{Body: edition1.kinds[t.of(Kinds()...)].zero()}
	t.fill(reflect.ValueOf(e.Body).Elem())
	v, err := canonical.Parse(string(e.Append(nil)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var capacityHolders = map[string][]act{
	"Secretary": {{by: 1}, {by: 2}}, "Rapporteur": {{by: 3}}, "Chair": {{by: 4}}, "Head": {{by: 5, party: "a"}, {by: 7, party: "o"}}, "ObserverHead": {{by: 6, party: "o"}}, "Clock": {{clock: true}},
	"Delegate": {{by: 10, party: "a"}}, "Depositary": {{by: 11}}, "Protocol": {{by: 12}}, "Press": {{by: 13}}, "Person": {{by: 5}, {by: 99}},
}

// act draws an act of any name with any fields its type can hold, by somebody who mostly may.
func (t drawn) act(d *desk) *record.Submitted {
	acts := Catalogue()
	a := acts[t.upTo(len(acts)-1)]
	if t.upTo(3) == 0 { // meetings need more than chance to get anywhere
		a = edition1.acts[t.of("OpenMeeting", "AskFloor", "AskFloor", "GiveFloor", "GiveFloor", "EndFloor", "Report", "Report", "PreferFact", "RecordPresence")]
	}
	as := a.Who[t.upTo(len(a.Who)-1)]
	if t.upTo(15) == 0 {
		as = Capacity(t.of(slices.Sorted(maps.Keys(capacityHolders))...))
	}
	b := capacityHolders[string(as)][t.upTo(len(capacityHolders[string(as)])-1)]
	b.as, b.name, b.meeting = as, a.Name, t.of("", "m", "m", "m", "m", "n", "zz")
	if a.TwoPersons {
		b.with = 1 + t.upTo(1)
	}
	if d.n > 0 && t.upTo(20) == 0 {
		b.key = canonical.EncodeBytes(fmt.Appendf(nil, "%016d", d.n-t.upTo(min(d.n-1, 5)))) // one used before, perhaps
	}
	if t.upTo(8) == 0 {
		thing := record.About{Kind: t.of("meeting", "person", "party", "place", "body", "rules", "source", "request"), ID: t.of("m", "a", "hall", "test", "s", "r", pid(4))}
		thing.Version, _ = d.Version(thing.Kind, thing.ID)
		thing.Version = min(max(0, thing.Version-int64(t.upTo(4)/4)), d.Size-1)
		b.about = []record.About{thing}
	}
	fields := reflect.New(a.Fields)
	t.fill(fields.Elem())
	if text := string(canonical.Encode(nil, fields.Interface())); text != "" {
		b.fields = text
	}
	return d.submitted(t, b)
}

// Any act at all, of any fields: what the catalogue says of it is so, deciding is a function and changes nothing,
// what is decided has the form of an entry, and folding what was decided is folding what was read.
func TestLawsOfAnyAct(t *testing.T) {
	taken, refused := map[string]int{}, map[Code]int{}
	for seed := range uint64(200) {
		draw := drawn{t, rand.New(rand.NewPCG(seed, 34))}
		d := newDesk(t) // folds entries as anybody reads them
		for _, a := range [][]act{nil, opened, spoken, told2, {publish4, source}}[draw.upTo(4)] {
			d.must(t, a)
		}
		writer := d.State // folds what was decided, and what is closed
		first, start := d.State, dump(&d.State)
		for range 1 + draw.upTo(39) {
			d.at += record.Instant(1000 * (1 + 50_000*int64(draw.upTo(30)/30)))
			s := draw.act(d)
			a := edition1.acts[s.Name]
			before := dump(&writer)
			events, r := Decide(&writer, s, d.at)
			once := string(AppendDecided(nil, events))
			if events2, r2 := Decide(&writer, s, d.at); string(AppendDecided(nil, events2)) != once || !reflect.DeepEqual(r, r2) {
				t.Fatalf("%s is decided in two ways", s.Text())
			}
			if dump(&writer) != before {
				t.Fatalf("deciding %s changed the state", s.Text())
			}
			if !a.Closed {
				if events2, r2 := Decide(&d.State, s, d.at); string(AppendDecided(nil, events2)) != once || !reflect.DeepEqual(r, r2) {
					t.Fatalf("%s is decided otherwise by who knows what is closed", s.Text())
				}
			}
			if r != nil {
				refused[r.Code]++
				if !slices.Contains(a.Refusals, r.Code) && !slices.Contains(CommonRefusals, r.Code) {
					t.Fatalf("%s is refused %v, which the catalogue does not say", s.Text(), r)
				}
				continue
			}
			taken[s.Name]++
			for _, e := range events {
				if !slices.Contains(a.Causes, e.Kind()) && !(s.Name == "Report" && edition1.kinds[e.Kind()].subject != nil) {
					t.Fatalf("%s causes %s, which the catalogue does not say", s.Text(), e.Kind())
				}
			}
			text := record.OpenEntry(d.Size, d.at, s, nil, Decided(events))
			if a.Closed {
				text = fmt.Appendf(nil, `{"at":"%s","closed":"%s","index":%d}`, d.at, anyDigest, d.Size)
			}
			e, err := record.ParseEntry(string(text), d.Size)
			if err != nil {
				t.Fatalf("what was decided is no entry: %v\n%s", err, text)
			}
			if err := d.Fold(e); err != nil {
				t.Fatal(err)
			}
			if a.Closed {
				err = writer.Fold(e)
				writer.FoldClosed(e, events)
			} else {
				err = writer.FoldDecided(e, events)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		writer.closed = closed{}
		if dump(&writer) != dump(&d.State) {
			t.Fatal("open state is not a fold of open entries alone")
		}
		if dump(&first) != start {
			t.Fatal("a copy of the state changed with it")
		}
	}
	if len(taken) < 18 { // what needs a past that no chance makes is met by the tables
		t.Errorf("%d acts were ever taken: too little drawn to say anything", len(taken))
	}
	t.Logf("taken %v, refused %v", taken, refused)
}

func TestOldMapsKeepTheirContents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type past struct {
			m    Ordered[string, int]
			held map[string]int
		}
		var m Ordered[string, int]
		held := map[string]int{}
		var versions []past
		for i := range 60 {
			versions = append(versions, past{m, maps.Clone(held)})
			k := fmt.Sprint(rapid.IntRange(0, 20).Draw(t, "k"))
			if rapid.IntRange(0, 2).Draw(t, "set") > 0 {
				m, held[k] = m.Set(k, i), i
			} else {
				m = m.Delete(k)
				delete(held, k)
			}
		}
		for i, v := range append(versions, past{m, held}) {
			if got := maps.Collect(v.m.All()); !maps.Equal(got, v.held) || v.m.Empty() != (len(v.held) == 0) {
				t.Fatalf("version %d holds %v, not %v", i, got, v.held)
			}
			for k, x := range v.held {
				if got, ok := v.m.Get(k); !ok || got != x {
					t.Fatalf("version %d: %s is %d", i, k, got)
				}
			}
			for from := range 21 {
				got := []string{}
				for k := range v.m.From(fmt.Sprint(from)) {
					got = append(got, k)
				}
				want := slices.DeleteFunc(slices.Sorted(maps.Keys(v.held)), func(k string) bool { return k < fmt.Sprint(from) })
				if !slices.Equal(got, want) {
					t.Fatalf("version %d from %d: %v, not %v", i, from, got, want)
				}
			}
		}
	})
}

// Keys that fall on one place are still told apart.
func TestKeysOnOnePlaceAreToldApart(t *testing.T) {
	var keys Ordered[int64, Key]
	for i := range byte(5) { // digests that differ in the last byte alone
		who := [32]byte{7: 1, 31: i}
		at, _, ok := slot(keys, who)
		if ok || at != 1+int64(i) {
			t.Fatalf("key %d at %d, found %v", i, at, ok)
		}
		keys = keys.Set(at, Key{Index: int64(i), who: who})
	}
	for i := range byte(5) {
		if _, k, ok := slot(keys, [32]byte{7: 1, 31: i}); !ok || k.Index != int64(i) {
			t.Errorf("key %d is %+v, %v", i, k, ok)
		}
	}
}
