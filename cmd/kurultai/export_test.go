package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/exchange"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
	"kurultai/record/recordtest"
	"kurultai/secretariat"
	"kurultai/story"
	"kurultai/story/storytest"
)

// played plays a story into a folder.
func played(t *testing.T, story string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "record")
	var talk bytes.Buffer
	if code := run(context.Background(), streams{io.Discard, &talk}, []string{"demo", "-story", story, "-pace", "0", "-once", "-addr", "localhost:0", "-data", dir}); code != 0 {
		t.Fatalf("%s: exit %d: %s", story, code, &talk)
	}
	return dir
}

func exported(t *testing.T, dir string, flags ...string) string {
	t.Helper()
	var out, talk bytes.Buffer
	if code := run(context.Background(), streams{&out, &talk}, append([]string{"export", "-data", dir}, flags...)); code != 0 {
		t.Fatalf("%v: exit %d: %s", flags, code, &talk)
	}
	return out.String()
}

// A component of a calendar: its name, its properties' names and values as they stand, and those within.
type component struct {
	name  string
	lines [][2]string
	parts []component
}

// names are all names in it, components and properties in their order.
func (c component) names() (list []string) {
	list = append(list, c.name)
	for _, l := range c.lines {
		list = append(list, l[0])
	}
	for _, p := range c.parts {
		list = append(list, p.names()...)
	}
	return list
}

// readCalendar reads content lines as RFC 5545, 3.1 has them, strictly where strict: CRLF, lines of 75 octets at most.
func readCalendar(text string, strict bool) (list []component, err error) {
	if strict {
		for i, line := range strings.Split(text, "\r\n") {
			if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
				return nil, fmt.Errorf("line %d: %q", i+1, line)
			}
		}
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.NewReplacer("\n ", "", "\n\t", "").Replace(text)
	var open []component
	for _, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		quoted := false
		colon := strings.IndexFunc(line, func(r rune) bool {
			quoted = quoted != (r == '"')
			return r == ':' && !quoted
		})
		if colon < 0 {
			return nil, fmt.Errorf("%q is no content line", line)
		}
		name, _, _ := strings.Cut(line[:colon], ";")
		name, value := strings.ToLower(name), line[colon+1:]
		switch name {
		case "begin":
			open = append(open, component{name: strings.ToLower(value)})
		case "end":
			if len(open) == 0 || open[len(open)-1].name != strings.ToLower(value) {
				return nil, fmt.Errorf("%q ends nothing", line)
			}
			done := open[len(open)-1]
			if open = open[:len(open)-1]; len(open) == 0 {
				list = append(list, done)
			} else {
				open[len(open)-1].parts = append(open[len(open)-1].parts, done)
			}
		default:
			if len(open) == 0 {
				return nil, fmt.Errorf("%q stands outside", line)
			}
			open[len(open)-1].lines = append(open[len(open)-1].lines, [2]string{name, value})
		}
	}
	if len(open) > 0 {
		return nil, fmt.Errorf("%s does not end", open[0].name)
	}
	return list, nil
}

// jcal reads what is expected (RFC 7265): one component or a list of them.
func jcal(v []any) (list []component) {
	if name, one := v[0].(string); one {
		c := component{name: name}
		for _, p := range v[1].([]any) {
			c.lines = append(c.lines, [2]string{p.([]any)[0].(string), ""})
		}
		for _, p := range v[2].([]any) {
			c.parts = append(c.parts, jcal(p.([]any))...)
		}
		return []component{c}
	}
	for _, one := range v {
		list = append(list, jcal(one.([]any))...)
	}
	return list
}

// The reader that our calendars are held against reads what is published as calendars, and finds in it what it should.
func TestTheReaderOfCalendarsReadsPublishedOnes(t *testing.T) {
	folder := filepath.Dir(recordtest.Table(t, "vectors/ical/test/parser/rfc.json"))
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	checked := 0
	for _, file := range files {
		text, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".ics")
		if err != nil {
			continue // a card, not a calendar
		}
		expected, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v []any
		if err := json.Unmarshal(expected, &v); err != nil {
			t.Fatal(err)
		}
		got, err := readCalendar(string(text), false)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		want := jcal(v)
		if len(got) != len(want) {
			t.Errorf("%s: %d components, %d expected", filepath.Base(file), len(got), len(want))
			continue
		}
		for i := range got {
			if !slices.Equal(got[i].names(), want[i].names()) {
				t.Errorf("%s: %q, expected %q", filepath.Base(file), got[i].names(), want[i].names())
			}
		}
		checked++
	}
	if checked < 18 {
		t.Errorf("only %d calendars", checked)
	}
	t.Logf("checked %d calendars", checked)
}

// The calendar of what is due is read like any other, and has an alarm where somebody waits for it.
func TestTheCalendarOfCommitmentsIsRead(t *testing.T) {
	l, _ := language.Get("ka")
	x := paper.LedgerFor(storytest.Play(t, "undertakings").View().State(), conference.Reader{}, paper.LedgerOf{}, "2027-06-09", l)
	var out strings.Builder
	c := &paper.Calendar{W: &out}
	x.WriteCalendar(c, "kurultai.example/lakes", "https://kurultai.example")
	calendar, err := readCalendar(out.String(), true)
	if c.Err != nil || err != nil || len(calendar) != 1 || len(calendar[0].parts) != len(x.Rows) {
		t.Fatalf("%v, %v, %d calendars", c.Err, err, len(calendar))
	}
	alarms := 0
	for _, e := range calendar[0].parts {
		if e.name != "vevent" || !slices.Contains(e.names(), "uid") || !slices.Contains(e.names(), "dtstamp") || !slices.Contains(e.names(), "dtstart") {
			t.Errorf("an event without what it must have: %q", e.names())
		}
		alarms += len(e.parts)
	}
	if alarms == 0 {
		t.Error("nobody is reminded")
	}
}

func TestWhatGoesOutIsReadByOthers(t *testing.T) {
	for _, story := range []string{"baku", "training"} {
		dir := played(t, story)
		for _, lang := range []string{"en", "ka", "kk"} {
			calendar, err := readCalendar(exported(t, dir, "-format", "ics", "-lang", lang), true)
			if err != nil || len(calendar) != 1 || len(calendar[0].parts) == 0 {
				t.Errorf("%s %s: %v, %d calendars", story, lang, err, len(calendar))
				continue
			}
			for _, e := range calendar[0].parts {
				if e.name != "vevent" || !slices.Contains(e.names(), "uid") || !slices.Contains(e.names(), "dtstamp") || !slices.Contains(e.names(), "dtstart") {
					t.Errorf("%s %s: an event without what it must have: %q", story, lang, e.names())
				}
			}
			var feed struct {
				XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
				ID      string   `xml:"id"`
				Updated string   `xml:"updated"`
				Entries []struct {
					ID, Title, Updated string
				} `xml:"entry"`
			}
			if err := xml.Unmarshal([]byte(exported(t, dir, "-format", "atom", "-lang", lang)), &feed); err != nil || feed.ID == "" || feed.Updated == "" || len(feed.Entries) == 0 || len(feed.Entries) > 100 {
				t.Errorf("%s %s: a feed of %d entries, %v", story, lang, len(feed.Entries), err)
			}
			for _, table := range []string{"events", "votes", "decisions", "participants", "commitments"} {
				rows, err := csv.NewReader(strings.NewReader(exported(t, dir, "-format", "csv", "-table", table, "-lang", lang))).ReadAll()
				if err != nil || len(rows) < 1 || len(rows) < 2 && (story == "training" || table == "events") {
					t.Errorf("%s %s %s: %d rows, %v", story, lang, table, len(rows), err)
				}
			}
		}
	}
}

// schema holds a text against the published schema of Akoma Ntoso.
func schema(t *testing.T) (valid func(text string) error) {
	schema := recordtest.Table(t, "akn/akomantoso30.xsd")
	lint := recordtest.Program(t, "xmllint")
	return func(text string) error {
		path := filepath.Join(t.TempDir(), "document.xml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
		if out, err := exec.Command(lint, "--noout", "--nonet", "--schema", schema, path).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %.600s", err, out)
		}
		return nil
	}
}

// Every text of a story whose words are kept goes out by the published schema, and comes back with the same paragraphs;
// what comes back goes out as it came.
func TestDocumentsFollowTheSchemaAndComeBack(t *testing.T) {
	valid := schema(t)
	checked, forms := 0, map[string]int{}
	for _, name := range story.Names() {
		dir := played(t, name)
		v := readOf(t, dir)
		s := v.State()
		var named [][2]string
		for _, d := range s.Papers(conference.Reader{}) {
			for _, text := range d.Versions {
				if d.FileOf(text) != nil && s.Opens(conference.Reader{}, d) {
					named = append(named, [2]string{string(d.Symbol), string(text.Language)})
				}
			}
		}
		for _, d := range s.Decisions() {
			if _, ok := s.TextNamed(conference.Reader{}, d.Text); ok {
				named = append(named, [2]string{d.Number, "en"})
			}
		}
		for _, i := range s.Instruments() {
			for _, text := range i.Texts {
				named = append(named, [2]string{string(i.Instrument), string(text.Language)})
			}
		}
		for _, n := range named {
			text := exported(t, dir, "-format", "akn", "-document", n[0], "-lang", n[1])
			if err := valid(text); err != nil {
				t.Errorf("%s %s %s: %v", name, n[0], n[1], err)
			}
			d, err := exchange.ReadDocument([]byte(text))
			if err != nil {
				t.Errorf("%s %s: %v", name, n[0], err)
				continue
			}
			if d.Number != n[0] || d.Language != n[1] || len(d.Left) > 0 {
				t.Errorf("%s came back as %s in %s, without %q", n, d.Number, d.Language, d.Left)
			}
			forms[d.Form]++
			var out bytes.Buffer
			if err := exchange.WriteDocument(t.Context(), v, n[0], languageOf(t, n[1]), func(context.Context, record.Digest) ([]byte, bool) { return d.Text.Markdown(), true }, &out); err != nil || out.String() != text {
				t.Errorf("%s %s goes out otherwise than it came: %v\n%s\n%s", name, n[0], err, text, out.String())
			}
			checked++
		}
	}
	if checked < 10 || forms["statement"] == 0 || forms["amendment"] == 0 || forms["act"] == 0 {
		t.Fatalf("checked %d documents: %v", checked, forms)
	}
	t.Logf("checked %d documents: %v", checked, forms)
}

// The OASIS samples are debates: the import says that it does not take them.
func TestDebatesAreNoDocuments(t *testing.T) {
	read := 0
	for _, name := range []string{"akn/Debate_Bungeni_2010-11-12.xml", "akn/ke_Debate_Bungeni_2011-06-10.xml"} {
		b, err := os.ReadFile(recordtest.Table(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := exchange.ReadDocument(b); !errors.Is(err, exchange.ErrNotDocument) || !strings.Contains(err.Error(), "debate") {
			t.Errorf("%s: %v", name, err)
		}
		read++
	}
	t.Logf("read %d samples", read)
}

// Debates are held against the published schema.
func TestDebatesFollowTheSchema(t *testing.T) {
	valid := schema(t)
	checked := 0
	for _, story := range []string{"baku", "xviii", "training", "drafting"} {
		dir := played(t, story)
		for _, lang := range []string{"en", "ka", "uz"} {
			text := exported(t, dir, "-format", "akn", "-lang", lang)
			if err := valid(text); err != nil {
				t.Errorf("%s %s: %v", story, lang, err)
			}
			checked++
			if err := valid(strings.Replace(text, "<debateBody>", "<debateBodies>", 1)); err == nil {
				t.Fatal("the schema takes anything")
			}
		}
	}
	t.Logf("checked %d debates", checked)
}

// readOf is the record in a folder.
func readOf(t *testing.T, dir string) *secretariat.View {
	t.Helper()
	h, v, err := readView(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return v
}

func languageOf(t *testing.T, code string) *language.Language {
	t.Helper()
	l, ok := language.Get(code)
	if !ok {
		t.Fatalf("no language %s", code)
	}
	return l
}
