package story_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/record/canonical"
	"kurultai/record/recordtest"
)

// A table is a file of tables, by section: what the stories of real meetings are held against, facts of press reports,
// each with the numbers of the reports that state it. An item begins with "- " or stands in braces on one line; these files
// use no other YAML.
type table struct {
	top      string
	sections map[string][]string
}

func readTable(t *testing.T, name string) table {
	t.Helper()
	b, err := os.ReadFile(recordtest.Table(t, "turkon/"+name))
	if err != nil {
		t.Fatal(err)
	}
	x := table{sections: map[string][]string{}}
	section := ""
	for _, line := range strings.Split(string(b), "\n") {
		if line, _, _ = strings.Cut(line, "  #"); strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if line[0] != ' ' {
			section, _, _ = strings.Cut(line, ":")
			continue
		}
		items := x.sections[section]
		if text := strings.TrimSpace(line); strings.HasPrefix(text, "- ") || section == "sources" || len(items) == 0 {
			items = append(items, strings.TrimPrefix(text, "- "))
		} else {
			items[len(items)-1] += "\n" + text
		}
		x.sections[section] = items
	}
	if len(x.sections["participants"]) == 0 || len(x.sections["programme"]) == 0 {
		t.Fatalf("%s holds no participants or no programme", name)
	}
	return x
}

// value reads one value of an item, without its brackets.
func value(item, key string) string {
	m := regexp.MustCompile(`(?m)(?:^|[{ ])` + key + `: *(?:"([^"]*)"|\[([^\]]*)\]|\{([^}]*)\}|([^,}\n]*))`).FindStringSubmatch(item)
	if m == nil {
		return ""
	}
	return m[1] + m[2] + m[3] + m[4]
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// told is a story of reports, and what its table says.
type told struct {
	table
	state   *conference.State
	meeting conference.MeetingID
	source  map[string]conference.SourceID // number in the table
	people  map[string]conference.PersonID // by each name published
	checked map[int64]bool                 // entries of facts held against the table
	t       *testing.T
}

func readTold(t *testing.T, name, file string, meeting conference.MeetingID) *told {
	x := &told{table: readTable(t, file), meeting: meeting, source: map[string]conference.SourceID{}, people: map[string]conference.PersonID{}, checked: map[int64]bool{}, t: t}
	h := found(t, text(t, name), 1)
	x.state = h.View().State()
	for _, item := range x.sections["sources"] {
		number, rest, _ := strings.Cut(item, ":")
		for _, s := range x.state.Sources() {
			if s.Address == value(rest, "url") {
				x.source[number] = s.Source
				if date := value(rest, "date"); string(s.Date) != date || string(s.Language) != value(rest, "lang") {
					t.Errorf("source %s is of %q in %q, want %q in %q", number, s.Date, s.Language, date, value(rest, "lang"))
				}
			}
		}
		if x.source[number] == "" {
			t.Errorf("source %s, %s, is not registered", number, value(rest, "url"))
		}
	}
	for _, f := range parse(t, text(t, name)) {
		for _, o := range f.Opened {
			x.people[words(o.Value.Str)] = conference.PersonID(f.Act.Get("fields").Get("person").Str)
		}
	}
	return x
}

// words puts the words of a name in order, for one report prints a family name first.
func words(name string) string {
	w := strings.Fields(name)
	slices.Sort(w)
	return strings.Join(w, " ")
}

func (x *told) sources(numbers string) (ids []conference.SourceID) {
	for _, n := range list(numbers) {
		ids = append(ids, x.source[n])
	}
	return ids
}

// is checks one fact: it is reported once, from just these sources and at this place in the order.
func (x *told) is(what string, numbers, date string, order int64, fits func(body any) bool) {
	x.t.Helper()
	x.reported(what, x.sources(numbers), date, order, fits)
}

func (x *told) reported(what string, sources []conference.SourceID, date string, order int64, fits func(body any) bool) {
	x.t.Helper()
	var fact *conference.Fact
	for _, kind := range conference.Kinds() {
		for _, f := range x.state.Facts(kind) {
			if f.Event.Reported != nil && !x.checked[f.Index] && fits(f.Body) {
				fact = &f
				break
			}
		}
	}
	if fact == nil {
		x.t.Errorf("%s is not reported", what)
		return
	}
	x.checked[fact.Index] = true
	r := fact.Event.Reported
	if !slices.Equal(r.Sources, sources) || len(sources) == 0 {
		x.t.Errorf("%s: sources are %v, want %v", what, r.Sources, sources)
	}
	if r.When.Date != date || r.When.Order != order {
		x.t.Errorf("%s: at %q, order %d; want %q, order %d", what, r.When.Date, r.When.Order, date, order)
	}
}

func (x *told) person(name string) conference.PersonID {
	id, ok := x.people[words(name)]
	if !ok {
		x.t.Errorf("nobody is registered as %s", name)
	}
	return id
}

// participants are those of a section, by their id in the table.
func (x *told) participants(section string, part conference.Part, day string) map[string]conference.PersonID {
	ids := map[string]conference.PersonID{}
	for _, item := range x.sections[section] {
		id, person := value(item, "id"), conference.UnnamedPerson
		names := regexp.MustCompile(`\b(?:de|tr): (?:\[([^,\]]*)|([^,}]*))`).FindStringSubmatch(value(item, "names") + "}")
		if strings.Contains(value(item, "names"), "[") { // a list in braces ends the value early
			names = regexp.MustCompile(`\bde: \[([^,\]]*)()`).FindStringSubmatch(item)
		}
		if names != nil {
			person = x.person(names[1] + names[2])
		}
		ids[id] = person
		want := part
		if strings.HasPrefix(value(item, "role"), "member") {
			want = "member"
		}
		x.is(id+" took part", value(item, "sources"), day, 0, func(body any) bool {
			b, ok := body.(*conference.PersonTookPart)
			return ok && b.Person == person && string(b.Party) == value(item, "state") && string(b.Organisation) == organisation(item) &&
				b.Part == want && (b.Rank != "") == strings.Contains(item, "rank:")
		})
		if strings.Contains(value(item, "role"), "chair") {
			x.is("the chair", value(item, "sources"), day, 0, func(body any) bool {
				b, ok := body.(*conference.ChairTaken)
				return ok && b.Person == person
			})
		}
	}
	return ids
}

func organisation(item string) string {
	m := regexp.MustCompile(`organisation: \{key: ([a-z-]+)`).FindStringSubmatch(item)
	if m == nil {
		return ""
	}
	return m[1]
}

// programme holds each ceremony and act of the meeting against the table.
func (x *told) programme(ids map[string]conference.PersonID, day string) {
	for _, item := range x.sections["programme"] {
		var n int64
		fmt.Sscan(value(item, "n"), &n)
		kind := value(item, "kind")
		what := fmt.Sprintf("programme %d, %s", n, kind)
		if kind == "signing" {
			continue // each paper stands among the documents
		}
		x.is(what, value(item, "sources"), day, n, func(body any) bool {
			honours := value(item, "honours")
			switch b := body.(type) {
			case *conference.WreathLaid:
				return kind == "wreath" && x.honours(*b, honours)
			case *conference.FlowersLaid:
				return kind == "flowers" && x.honours(conference.WreathLaid(*b), honours)
			case *conference.MeetingOpened:
				return kind == "opening" && b.By == ids[value(item, "by")]
			case *conference.MessageRead:
				return kind == "letter" && b.Author == x.person(inner(item, "from")) && b.Reader == x.person(inner(item, "read_by"))
			case *conference.StatementMade:
				return x.statement(b, item, kind, ids)
			case *conference.AudienceHeld:
				return kind == "audience" && strings.HasSuffix(value(item, "by"), "Ilham Aliyev") && b.By == x.person("Ilham Aliyev")
			}
			return false
		})
	}
}

func inner(item, key string) string {
	m := regexp.MustCompile(key + `: \{name: ([^,}]*)`).FindStringSubmatch(item)
	if m == nil {
		return ""
	}
	return m[1]
}

// honours fits a ceremony: a person where there is a grave, else a monument.
func (x *told) honours(b conference.WreathLaid, honoured string) bool {
	if p, ok := x.people[words(honoured)]; ok {
		return b.Honoured == p && b.Monument == ""
	}
	want := conference.PlaceID("eternal-flame")
	if honoured == "Turkish soldiers" {
		want = "turkish-soldiers-monument"
	}
	return b.Honoured == "" && b.Monument == want
}

// statement fits what was said. A greeting on behalf of somebody is a statement of which no point is told.
func (x *told) statement(b *conference.StatementMade, item, kind string, ids map[string]conference.PersonID) bool {
	if kind == "greeting" {
		return len(b.Points) == 0 && conference.PersonID(b.By) == x.people[words(value(item, "by"))]
	}
	if kind != "statement" && kind != "statements" || b.By != "others" && b.By != string(ids[value(item, "by")]) {
		return false
	}
	var terms []string
	for _, p := range b.Points {
		terms = append(terms, string(p.Manner), string(p.To), string(p.In))
		for _, term := range p.Of {
			terms = append(terms, string(term))
		}
	}
	for _, topic := range strings.Split(value(item, "topics"), ", ") {
		term := strings.ReplaceAll(topic, " ", "-")
		if as := map[string]string{"dynamic-development-of-cooperation": "cooperation-growth", "prospects-of-cooperation": "prospects", "permanent-secretariat-in-Ankara": "permanent-secretariat"}[term]; as != "" {
			term = as
		}
		if !slices.Contains(terms, term) {
			x.t.Errorf("%s: %q is not among %q", value(item, "by"), topic, terms)
		}
	}
	return true
}

// rest checks that the story reports nothing that was not held against a table.
func (x *told) rest() {
	for _, kind := range conference.Kinds() {
		for _, f := range x.state.Facts(kind) {
			if f.Event.Reported != nil && !x.checked[f.Index] {
				x.t.Errorf("entry %d reports what no table has: %s", f.Index, f.Event.Append(nil))
			}
		}
	}
}

func convened(ordinal int64) func(any) bool {
	return func(body any) bool {
		b, ok := body.(*conference.MeetingConvened)
		return ok && b.Ordinal == ordinal && b.Place == "baku" && b.Host == "az"
	}
}

// TestBakuTellsWhatTheReportsTell holds every report of the story against the table, both ways.
func TestBakuTellsWhatTheReportsTell(t *testing.T) {
	x := readTold(t, "baku", "xxii-baku-2019.yaml", "xxii")
	meeting := strings.Join(x.sections["meeting"], "\n")
	day := value(meeting, "date")

	// The number, as two reports have it and as one prints it; the first is preferred.
	printed := map[int64]string{}
	for _, m := range regexp.MustCompile(`"(\d)": (\d+)`).FindAllStringSubmatch(meeting, -1) {
		var n int64
		fmt.Sscan(m[2], &n)
		printed[n] += m[1] + " "
	}
	for n, numbers := range printed {
		x.is(fmt.Sprintf("number %d", n), numbers, day, 0, convened(n))
	}
	if m, _ := x.state.Meeting("xxii"); len(printed) != 2 || fmt.Sprint(m.Ordinal) != value(meeting, "number") {
		t.Errorf("of the numbers %v, %d is preferred", slices.Collect(maps.Keys(printed)), m.Ordinal)
	}
	// The date stands in no list of sources: AZERTAC's dateline has it.
	x.is("the date", "2", day, 0, func(body any) bool {
		b, ok := body.(*conference.MeetingHeld)
		return ok && string(b.Date) == day
	})

	ids := x.participants("participants", "head", day)
	maps.Copy(ids, x.participants("observers", "observer", day))
	for _, item := range x.sections["observers"] {
		x.is("status of "+value(item, "state"), value(item, "sources"), day, 0, func(body any) bool {
			b, ok := body.(*conference.ObserverGranted)
			return ok && string(b.Party) == value(item, "state") && b.Meeting == "xxii"
		})
	}
	x.programme(ids, day)

	// Papers and decisions close the sitting; a decision has no number of its own in the order reported.
	for i, item := range x.sections["documents"] {
		subject := conference.Term([]string{"establishment-of-permanent-secretariat", "outcomes-of-meeting"}[i])
		x.is(value(item, "id"), value(item, "sources"), day, 10, func(body any) bool {
			b, ok := body.(*conference.InstrumentSigned)
			return ok && string(b.Instrument) == value(item, "id") && b.Subject == subject && b.By == "participants"
		})
	}
	for _, item := range x.sections["decisions"] {
		city := conference.PlaceID(strings.ToLower(regexp.MustCompile(`city: (\w+)`).FindStringSubmatch(item)[1]))
		x.is(value(item, "subject"), regexp.MustCompile(`sources: \[([^\]]*)`).FindStringSubmatch(item)[1], day, 10, func(body any) bool {
			switch b := body.(type) {
			case *conference.OrganSeated:
				return b.Organ == "permanent-secretariat" && b.Place == city
			case *conference.NextMeetingDecided:
				return b.Place == city && b.Date == ""
			}
			return false
		})
	}

	// What Kabar told in July 2022 stands in the table without a number.
	body := strings.Join(x.sections["body"], "\n")
	founded, kabar := regexp.MustCompile(`date: ([0-9-]+)`).FindStringSubmatch(body)[1], []conference.SourceID{"kabar-2022"}
	founders := list(value(body, "by"))
	x.reported("the founding", kabar, founded, 0, func(body any) bool {
		b, ok := body.(*conference.InstrumentSigned)
		return ok && b.Place == "istanbul" && b.By == "parties" && len(b.For) == len(founders)
	})
	for _, p := range founders {
		x.reported("founder "+p, kabar, founded, 0, func(body any) bool {
			b, ok := body.(*conference.PartyAdmitted)
			return ok && string(b.Party) == p && string(b.From) == founded && b.Basis == "founder"
		})
	}
	x.reported("Uzbekistan's accession", kabar, "2018", 0, func(body any) bool {
		b, ok := body.(*conference.PartyAdmitted)
		return ok && b.Party == "uz" && b.From == "2018" && b.Basis == "accession"
	})
	service := func(de string) func(any) bool {
		return func(body any) bool {
			b, ok := body.(*conference.OrganisationRegistered)
			return ok && b.Organisation == "kg-gknb" && b.Names.In("de") == de
		}
	}
	x.is("the Kyrgyz service as printed", "1", day, 0, service("Nationales Sicherheitskomitee"))
	x.reported("the Kyrgyz service by its own name", kabar, "2022", 0, service("Staatskomitee für Nationale Sicherheit"))
	if o, _ := x.state.Organisation("kg-gknb"); o.Names.In("en") != "State Committee for National Security" {
		t.Errorf("preferred is %q", o.Names.In("en"))
	}
	x.rest()
}

func TestXVIIITellsWhatTheReportTells(t *testing.T) {
	x := readTold(t, "xviii", "xviii-baku-2015.yaml", "xviii")
	meeting := strings.Join(x.sections["meeting"], "\n")
	day := value(meeting, "date")
	x.is("the number", "1", day, 0, convened(18))
	x.is("the date", "1", day, 0, func(body any) bool {
		b, ok := body.(*conference.MeetingHeld)
		return ok && string(b.Date) == day
	})
	ids := x.participants("participants", "head", day)
	for _, item := range x.sections["guests"] {
		x.is("the guest", regexp.MustCompile(`sources: \[([^\]]*)`).FindStringSubmatch(item)[1], day, 0, func(body any) bool {
			b, ok := body.(*conference.PersonTookPart)
			return ok && b.Part == "guest" && b.Person == x.person(value(item, "name"))
		})
	}
	for _, p := range []conference.PartyID{"kz", "kg"} { // the other two delegations have named heads
		x.is("the delegation of "+string(p), "1", day, 0, func(body any) bool {
			b, ok := body.(*conference.PersonTookPart)
			return ok && b.Party == p && b.Person == conference.UnnamedPerson && b.Office == "" && b.Organisation == ""
		})
	}
	x.programme(ids, day)
	x.rest()
}

// TestNobodyIsRegisteredWithoutAFact: real persons stand in a record only as far as a report tells of them, and
// those who keep the record have no names.
func TestNobodyIsRegisteredWithoutAFact(t *testing.T) {
	for _, name := range []string{"baku", "xviii"} {
		lines := parse(t, text(t, name))
		var facts strings.Builder
		for _, l := range lines {
			if l.Act.Get("name").Str == "Report" {
				facts.Write(canonical.Append(nil, l.Act.Get("fields").Get("fact")))
			}
		}
		registered := 0
		for _, l := range lines {
			fields := l.Act.Get("fields")
			person := fields.Get("person").Str
			if l.Act.Get("name").Str == "RegisterPerson" {
				registered++
			}
			if person != "" && strings.Count(facts.String(), person) == 0 {
				t.Errorf("%s: line %d: no report tells of this person", name, l.Number)
			}
			if l.Act.Get("name").Str == "PublishName" && fields.Get("basis").Str != "press-report" {
				t.Errorf("%s: line %d: a name is published on another basis than a report", name, l.Number)
			}
		}
		if registered == 0 {
			t.Errorf("%s registers nobody", name)
		}
		for _, o := range lines[0].Act.Get("fields").Get("offices").Items {
			if strings.Contains(facts.String(), o.Get("person").Str) {
				t.Errorf("%s: a keeper of the record stands in a report", name)
			}
		}
	}
}
