package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/exchange"
	"kurultai/language"
	"kurultai/rules"
	"kurultai/rules/bodies"
	"kurultai/web"
)

// A keeper keeps a draft in memory.
type keeper struct {
	draft   web.Draft
	opened  []string
	founded *web.Founded
	refuses error
	ended   bool
}

func (k *keeper) Draft() (d web.Draft) {
	b, _ := json.Marshal(k.draft)
	_ = json.Unmarshal(b, &d)
	return d
}
func (k *keeper) Save(d web.Draft) error { k.draft = d; return nil }
func (k *keeper) Opened() []string       { return k.opened }
func (k *keeper) Open(hash string) error { k.opened = append(k.opened, hash); return nil }
func (k *keeper) Shipped() []string      { return bodies.Names() }
func (k *keeper) RulesOf(name, own string) (*rules.Rules, error) {
	if name == web.OwnRules {
		r, err := bodies.Read([]byte(own))
		var line *bodies.LineError
		if errors.As(err, &line) {
			return nil, web.RulesProblem{Line: line.Line, Field: line.Field, Kind: line.Kind, Why: line.Error()}
		}
		return r, err
	}
	if r, ok := bodies.Get(name); ok {
		return r, nil
	}
	return nil, errors.New("none")
}
func (k *keeper) ReadTable(b []byte) (columns []string, rows []web.TableRow, said []web.RowProblem) {
	table, problems, err := exchange.ReadTable(b)
	var whole exchange.Problem
	if errors.As(err, &whole) {
		return nil, nil, []web.RowProblem{web.RowProblem(whole)}
	}
	for _, p := range problems {
		said = append(said, web.RowProblem(p))
	}
	for _, r := range table.Rows {
		rows = append(rows, web.TableRow{Number: r.Number, Cells: r.Cells()})
	}
	return table.Columns, rows, said
}
func (k *keeper) Check(context.Context, web.Draft) (int, error) { return 32, k.refuses }
func (k *keeper) Rehearse(context.Context, web.Draft) (string, error) {
	return "http://localhost:1", k.refuses
}
func (k *keeper) Rehearsal() string { return "" }
func (k *keeper) Found(context.Context, web.Draft) error {
	if k.refuses == nil {
		k.founded = &web.Founded{Origin: "records.example.org/lakes", Verifier: "key", Size: 32, Meeting: "m7", Until: 1_800_000_000_000,
			Cards: []web.FoundedCard{{Name: "Olmar Feret", Role: "secretary", Link: "a"}, {Name: "Neva Tallis", Role: "secretary", Link: "b", Used: true}, {Name: "Ilvar Tesmond", Party: "kz", Role: "head", Link: "c"}}}
	}
	return k.refuses
}
func (k *keeper) Founded() *web.Founded { return k.founded }
func (k *keeper) End() error            { k.ended, k.opened = true, nil; return nil }

// A newcomer is a browser in which a set-up may be open.
type newcomer struct {
	t      *testing.T
	setup  *web.Setup
	keeper *keeper
	cookie *http.Cookie
}

func begin(t *testing.T) *newcomer {
	k := &keeper{}
	n := &newcomer{t: t, keeper: k, setup: web.NewSetup(k, web.Options{Log: slog.New(slog.DiscardHandler)})}
	w := n.get("/setup/" + n.setup.Token())
	if w.Code != 303 || len(w.Result().Cookies()) != 1 {
		t.Fatalf("the address opens nothing: %d", w.Code)
	}
	n.cookie = w.Result().Cookies()[0]
	return n
}

func (n *newcomer) ask(r *http.Request) *httptest.ResponseRecorder {
	r.Host, r.RemoteAddr = "localhost:18600", "127.0.0.1:2"
	if n.cookie != nil {
		r.AddCookie(n.cookie)
	}
	w := httptest.NewRecorder()
	n.setup.ServeHTTP(w, r)
	return w
}

func (n *newcomer) get(path string) *httptest.ResponseRecorder {
	return n.ask(httptest.NewRequest("GET", path, nil))
}

func (n *newcomer) post(path string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return n.ask(r)
}

// whole is a draft of which nothing is missing.
func whole() web.Draft {
	names := func(s string) map[string]string { return map[string]string{"en": s} }
	return web.Draft{
		Body:        web.DraftBody{ID: "lakes", Names: names("Lakes"), Seat: names("Nuvel"), Zone: "Asia/Baku"},
		Secretaries: [2]web.DraftPerson{{Names: names("Olmar Feret")}, {Names: names("Neva Tallis")}},
		Address:     "https://records.example.org", Proven: "https://records.example.org",
		Parties: []web.DraftParty{{ID: "kz", Names: names("Kazakhstan"), Since: "2009", Basis: "founder"}, {ID: "lake", Names: names("Lake Commission"), Observer: true, Since: "2010-01", Basis: "decision"}},
		Rules:   "consensus", Basis: "L/1", Script: "en",
		People:  []web.DraftRow{{Name: "Ilvar Tesmond", Party: "kz", Role: "head"}, {Name: "Senna Orvald", Party: "Kasachstan", Role: "Beratung"}},
		Meeting: web.DraftMeeting{Ordinal: 7, From: "2027-06-08", Chair: 1},
	}
}

var steps = []string{"body", "secretaries", "address", "parties", "rules", "people", "meeting", "rehearsal", "found"}

// Every step in every language, empty, wrong, whole and founded: no word is missing, and the policy holds.
func TestTheSetUpSpeaksEveryLanguage(t *testing.T) {
	pages := 0
	for _, l := range language.All() {
		look := func(n *newcomer, w *httptest.ResponseRecorder, what string) {
			body := w.Body.String()
			pages++
			if strings.Contains(body, "⟨") || regexp.MustCompile(`\{\d\}|%!`).MatchString(body) || strings.Contains(body, "<no value>") {
				t.Errorf("%s %s lacks a word: %s", l.Code, what, regexp.MustCompile(`⟨[^⟩]*⟩|\{\d\}|%!.{9}`).FindString(body))
			}
			if regexp.MustCompile(`<script|<style|\son[a-z]+=|style="|javascript:`).MatchString(body) {
				t.Errorf("%s %s holds what its policy forbids", l.Code, what)
			}
			if !strings.Contains(w.Header().Get("Content-Security-Policy"), "script-src 'self'") || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("%s %s: %v", l.Code, what, w.Header())
			}
			if len(body) > 50_000 {
				t.Errorf("%s %s has %d bytes", l.Code, what, len(body))
			}
		}
		n := begin(t)
		for _, step := range append([]string{""}, steps...) {
			at := "/" + l.Code + "/setup/" + step
			look(n, n.get(at), "empty "+step)
			if step != "" {
				look(n, n.post(at, "do", "next", "rules", "own", "own", "{", "add", "Atlantis", "zone", "x", "id", "É", "address", "http://x", "where", "else", "to", "x"), "wrong "+step)
			}
		}
		n.keeper.draft = whole()
		n.keeper.draft.People = append(n.keeper.draft.People, web.DraftRow{Name: "A", Party: "?", Role: "?"}, web.DraftRow{Party: "lake", Role: "head"}, web.DraftRow{Name: "B", Party: "lake", Role: "head"}, web.DraftRow{Name: "C", Party: "kz", Role: "staff"})
		look(n, n.get("/"+l.Code+"/setup/people"), "people to settle")
		n.keeper.draft = whole()
		for _, step := range steps {
			look(n, n.get("/"+l.Code+"/setup/"+step), "whole "+step)
		}
		n.keeper.refuses = &conference.Refusal{Code: "two-secretaries", Rule: "doc/record.md 5"}
		look(n, n.get("/"+l.Code+"/setup/found"), "refused")
		n.keeper.refuses = nil
		if w := n.post("/"+l.Code+"/setup/found", "do", "found", "sure", "yes"); w.Code != 303 {
			t.Errorf("%s is not founded: %d", l.Code, w.Code)
		}
		look(n, n.get("/"+l.Code+"/setup/found"), "founded")
		look(n, n.get("/"+l.Code+"/setup/cards"), "cards")
		n.cookie = nil
		look(n, n.get("/"+l.Code+"/setup"), "closed")
	}
	if pages < 9*30 {
		t.Fatalf("%d pages", pages)
	}
	t.Logf("%d pages", pages)
}

// What is wrong inside a list or a text of rules is said in the reader's language: where, what and what to do; the detail,
// which is English, says that it is.
func TestWhatIsWrongInAFileIsSaidInEveryLanguage(t *testing.T) {
	good, _ := bodies.Text("consensus")
	spoilt := func(old, new string) string { return strings.Replace(string(good), old, new, 1) }
	told := 0
	for _, l := range language.All() {
		for _, row := range []struct{ step, field, text, key, where string }{
			{"people", "table", "Name,Name", "setup.table.heads", l.Say("setup.row", "1") + ", " + l.Say("setup.column", "Name")},
			{"people", "table", "Name,Party\nA,b,c", "setup.table.cells", l.Say("setup.row", "2")},
			{"people", "table", "Name,Party\n\xff,b", "setup.table.encoding", l.Say("setup.row", "2") + ", " + l.Say("setup.column", "name")},
			{"people", "table", "Name,Party\nA\x01,b", "setup.table.control", l.Say("setup.row", "2") + ", " + l.Say("setup.column", "name")},
			{"people", "table", "Name,Party\nA," + strings.Repeat("b", 5000), "setup.table.long", l.Say("setup.column", "party")},
			{"people", "table", "Name,Party\n\"A,b", "setup.table.quotes", l.Say("setup.row", "2")},
			{"people", "table", "Name,Party", "setup.table.empty", ""},
			{"people", "table", "PK\x03\x04", "setup.table.workbook", ""},
			{"rules", "own", "{", "setup.rules.text", l.Say("setup.line", "1")},
			{"rules", "own", spoilt(`"name"`, `"names"`), "setup.rules.missing", l.Say("setup.field", "name")},
			{"rules", "own", spoilt(`"name"`, `"nam": "x", "name"`), "setup.rules.unknown", l.Say("setup.field", "nam")},
			{"rules", "own", spoilt(`"name":`, `"name": false, "nam":`), "setup.rules.value", l.Say("setup.field", "name")},
		} {
			page := html.UnescapeString(begin(t).post("/"+l.Code+"/setup/"+row.step, "do", "next", "rules", "own", row.field, row.text).Body.String())
			pattern := `<p>([^<]*)</p>` // of a table nothing is left in English; of rules there is what their reader found
			if row.step == "rules" {
				pattern = `<p>([^<]*) <span class="small" lang="en">\(([^<]+)\)</span></p>`
			}
			_, note, _ := strings.Cut(page, `<div class="note no" role="alert">`)
			says := regexp.MustCompile(pattern).FindStringSubmatch(note)
			if says == nil || !strings.HasSuffix(says[1], l.Say(row.key)) || !strings.Contains(says[1], row.where) {
				t.Errorf("%s, %s: %q; expected %s at %s", l.Code, row.key, says, l.Say(row.key), row.where)
				continue
			}
			told++
		}
		for _, kind := range exchange.Kinds {
			if !l.Has("setup.table." + kind) {
				t.Errorf("%s does not say setup.table.%s", l.Code, kind)
			}
		}
	}
	if told < 9*12 {
		t.Errorf("only %d told", told)
	}
	t.Logf("%d told", told)
}

// What is to be settled about a row names its row in the table and its column, in the reader's language.
func TestWhatIsAskedAboutARowNamesIt(t *testing.T) {
	asked := 0
	for _, l := range language.All() {
		n := begin(t)
		n.keeper.draft = whole()
		name, party, role := l.Say("setup.col.name"), l.Say("setup.col.party"), l.Say("setup.col.role")
		n.post("/"+l.Code+"/setup/people", "do", "read", "script", "en", "table", strings.Join([]string{
			name + "\t" + party + "\t" + role, "", "Ilvar Tesmond\tAtlantis\thead", "Kestan Morvil\tkz\tspoon", "Velis Orendal\tlake\thead", "Senna Orvald\tlake\thead"}, "\n"))
		page := html.UnescapeString(n.get("/" + l.Code + "/setup/people").Body.String())
		var titles []string
		for _, m := range regexp.MustCompile(`<h2 id="x\d+"><svg.*?</svg>([^<]*)</h2>`).FindAllStringSubmatch(page, -1) {
			titles = append(titles, m[1])
		}
		row := func(n string) string { return l.Say("setup.row", n) }
		for i, want := range []string{
			row("3") + ", " + l.Say("setup.column", party) + ": " + l.Say("setup.fix.noparty", "Ilvar Tesmond", "Atlantis"),
			row("4") + ", " + l.Say("setup.column", role) + ": " + l.Say("setup.fix.norole", "Kestan Morvil", "spoon"),
			row("4") + ", " + l.Say("setup.column", role) + ": " + l.Say("setup.fix.nohead", "Kazakhstan"),
			row("5") + ", " + row("6") + ", " + l.Say("setup.column", role) + ": " + l.Say("setup.fix.twoheads", "Lake Commission"),
		} {
			if i >= len(titles) || titles[i] != want {
				t.Errorf("%s: %q; expected %q", l.Code, titles, want)
				continue
			}
			asked++
		}
	}
	if asked != 9*4 {
		t.Errorf("%d were asked", asked)
	}
	t.Logf("%d were asked", asked)
}

// The address opens the set-up once, in one browser; another site's page and a stranger change nothing.
func TestTheSetUpOpensToItsAddressAlone(t *testing.T) {
	n := begin(t)
	token := n.setup.Token()
	first := &newcomer{t: t, setup: n.setup, keeper: n.keeper}
	if w := first.get("/en/setup/body"); w.Code != 403 {
		t.Errorf("a stranger sees %d", w.Code)
	}
	if w := first.post("/en/setup/body", "name.en", "Taken"); w.Code != 403 || n.keeper.draft.Body.Names["en"] != "" {
		t.Errorf("a stranger changes the draft: %d", w.Code)
	}
	if w := first.get("/setup/" + token); w.Code != 303 {
		t.Errorf("the second address opens nothing: %d", w.Code)
	}
	if w := first.get("/setup/" + token); w.Code != 403 {
		t.Errorf("an address opens twice: %d", w.Code)
	}
	r := httptest.NewRequest("POST", "/en/setup/body", strings.NewReader("name.en=Taken"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if w := n.ask(r); w.Code != 403 || n.keeper.draft.Body.Names["en"] != "" {
		t.Errorf("another site changes the draft: %d", w.Code)
	}
	for _, path := range []string{"/en/setup/nothing", "/en/setup/body/more", "/en/setup/cards", "/static/x/y"} {
		if w := n.get(path); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for range 120 {
		first.get("/setup/guess")
	}
	if w := first.get("/setup/guess"); w.Code != 429 {
		t.Errorf("guessing goes on: %d", w.Code)
	}
}

// The body is founded only when the address was proven, nothing is missing, and the reader has said yes.
func TestNothingIsFoundedBeforeItIsWhole(t *testing.T) {
	n := begin(t)
	for _, step := range steps[:7] {
		d := whole()
		switch step {
		case "body":
			d.Body.Zone = "Mars/Olympus"
		case "secretaries":
			d.Secretaries[1] = d.Secretaries[0]
		case "address":
			d.Proven = "https://other.example.org"
		case "parties":
			d.Parties = d.Parties[1:]
		case "rules":
			d.Basis = ""
		case "people":
			d.People[0].Role = "delegate"
		case "meeting":
			d.Meeting.To = "2027-06-01"
		}
		n.keeper.draft = d
		n.post("/en/setup/found", "do", "found", "sure", "yes")
		if n.keeper.founded != nil {
			t.Fatalf("founded with a hole in %s", step)
		}
		if body := n.get("/en/setup/found").Body.String(); strings.Contains(body, `value="found"`) || !strings.Contains(body, `class="bad"`) {
			t.Errorf("%s: the page does not say what is missing", step)
		}
	}
	n.keeper.draft = whole()
	if n.post("/en/setup/found", "do", "found"); n.keeper.founded != nil {
		t.Fatal("founded without a yes")
	}
	if n.post("/en/setup/found", "do", "found", "sure", "yes"); n.keeper.founded == nil {
		t.Fatal("a whole draft is not founded")
	}
	if w := n.post("/en/setup/body", "name.en", "Other"); w.Code != 303 || n.keeper.draft.Body.Names["en"] != "Lakes" {
		t.Error("the draft changes after the founding")
	}
	if w := n.post("/en/setup/found", "do", "end"); w.Code != 303 || !n.keeper.ended {
		t.Errorf("it does not end: %d", w.Code)
	}
}

// The address is proven by a request that came by it, and by no other.
func TestTheAddressIsProvenByBeingOpened(t *testing.T) {
	n := begin(t)
	n.post("/en/setup/address", "address", "Records.Example.org/", "do", "save")
	if a := n.keeper.draft.Address; a != "https://records.example.org" {
		t.Errorf("the address is %q", a)
	}
	open := func(host, scheme string) string {
		page := n.get("/en/setup/address").Body.String()
		token := regexp.MustCompile(`https://records\.example\.org(/setup/[A-Z2-7]+)<`).FindStringSubmatch(page)
		if token == nil {
			t.Fatal("no address to open")
		}
		r := httptest.NewRequest("GET", token[1], nil)
		r.Header.Set("X-Forwarded-Proto", scheme)
		r.RemoteAddr, r.Host = "127.0.0.1:9", host
		w := httptest.NewRecorder()
		n.setup.ServeHTTP(w, r)
		return n.keeper.draft.Proven
	}
	if p := open("records.example.org", "http"); p != "" {
		t.Errorf("without https: %q", p)
	}
	if p := open("other.example.org", "https"); p != "" {
		t.Errorf("another host: %q", p)
	}
	if p := open("records.example.org", "https"); p != "https://records.example.org" {
		t.Errorf("proven: %q", p)
	}
	n.post("/en/setup/address", "address", "https://else.example.org", "do", "save")
	if n.keeper.draft.Proven != "" {
		t.Error("another address counts as proven")
	}
	for _, wrong := range []string{"http://records.example.org", "https://localhost", "https://10.0.0.1", "https://x.invalid", "https://records.example.org/path", "https://a b.example", "ftp://records.example.org", "https://u@records.example.org"} {
		if w := n.post("/en/setup/address", "address", wrong, "do", "next"); w.Code != 422 {
			t.Errorf("%s is taken: %d", wrong, w.Code)
		}
	}
}

// A list is read in any of the languages; what is unclear is asked and settled by a button each.
func TestPeopleAreReadAndSettled(t *testing.T) {
	n := begin(t)
	n.keeper.draft = whole()
	n.keeper.draft.People = nil
	list := n.get("/ka/setup/list.csv")
	if got := list.Body.String(); !strings.Contains(got, "\"სახელი\",\"მხარე\",\"როლი\"") || !strings.Contains(got, `"","Kazakhstan","ხელმძღვანელი"`) {
		t.Errorf("the empty list: %q", got)
	}
	n.post("/de/setup/people", "table", "სახელი\tParty\tРоль\nA\tҚазақстан\tLeitung\nB\tkz\thead\n\tkz\thead\nC\tLakes?\tadviser\nD\tLake Commission\tkazakh", "do", "read")
	want := []web.DraftRow{{Name: "A", Party: "Қазақстан", Role: "Leitung", Row: 2}, {Name: "B", Party: "kz", Role: "head", Row: 3}, {Name: "C", Party: "Lakes?", Role: "adviser", Row: 5}, {Name: "D", Party: "Lake Commission", Role: "kazakh", Row: 6}}
	if !slices.Equal(n.keeper.draft.People, want) {
		t.Fatalf("read: %v", n.keeper.draft.People)
	}
	fixes := func() int { return strings.Count(n.get("/en/setup/people").Body.String(), `class="fix"`) }
	if got := fixes(); got != 4 { // two heads, an unknown party, an unknown role and so no head
		t.Errorf("%d things to settle", got)
	}
	n.post("/en/setup/people", "head.kz", "1")
	n.post("/en/setup/people", "party.2", "kz")
	n.post("/en/setup/people", "role.3", "head")
	if got := fixes(); got != 0 {
		t.Errorf("%d things are left: %v", got, n.keeper.draft.People)
	}
	if p := n.keeper.draft.People; web.DraftRole(p[0].Role) != "delegate" || web.DraftRole(p[1].Role) != "head" {
		t.Errorf("heads: %v", p)
	}
	n.keeper.draft.Meeting.Chair = 2
	n.post("/en/setup/people", "remove", "2")
	if len(n.keeper.draft.People) != 3 || n.keeper.draft.Meeting.Chair != 0 {
		t.Errorf("a line is left out: %v", n.keeper.draft)
	}
	if w := n.post("/en/setup/people", "table", "who\twhence\nA\tB", "do", "read"); w.Code != 422 || len(n.keeper.draft.People) != 3 {
		t.Errorf("a table without its columns: %d", w.Code)
	}
}

// Whatever is posted, a draft stays bounded and a page is answered.
func TestTheSetUpTakesHostileForms(t *testing.T) {
	n := begin(t)
	if w := n.post("/en/setup/body", "name.en", strings.Repeat("x", 9<<20)); w.Code != 413 {
		t.Errorf("nine megabytes: %d", w.Code)
	}
	n.post("/en/setup/body", "name.en", strings.Repeat("x", 1<<20)+"\x00", "seat.en", "<script>alert(1)</script>")
	if got := n.keeper.draft.Body.Names["en"]; len(got) != 200 {
		t.Errorf("a name of %d characters", len(got))
	}
	if body := n.get("/en/setup/body").Body.String(); strings.Contains(body, "<script>alert") {
		t.Error("what is written becomes markup")
	}
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	f, _ := parts.CreateFormFile("file", "rules.json")
	f.Write([]byte("{\n\"name\": 7}"))
	parts.Close()
	r := httptest.NewRequest("POST", "/en/setup/rules", &form)
	r.Header.Set("Content-Type", parts.FormDataContentType())
	if w := n.ask(r); w.Code != 422 || !strings.Contains(w.Body.String(), "line 2") {
		t.Errorf("a wrong file of rules: %d", w.Code)
	}
	r = httptest.NewRequest("POST", "/en/setup/rules", strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/json")
	if w := n.ask(r); w.Code != 415 {
		t.Errorf("another type: %d", w.Code)
	}
}

// Two tabs on one step: the one that saves later overwrites nothing the other saved, and reads both values; sent once
// more it is taken. What does not touch is put together.
func TestTwoTabsOfTheSetUpDoNotOverwrite(t *testing.T) {
	n := begin(t)
	n.keeper.draft = whole()
	version := func(step string) string {
		t.Helper()
		m := regexp.MustCompile(`name="version" value="([^"]+)"`).FindStringSubmatch(n.get("/en/setup/" + step).Body.String())
		if m == nil {
			t.Fatalf("%s: the form does not say from what it was made", step)
		}
		return m[1]
	}
	lines := regexp.MustCompile(`<tr><th scope="row">([^<]+)</th><td data-l="Saved"><div>([^<]*)</div></td><td data-l="Yours"><div>([^<]*)</div></td></tr>`)
	tried := 0
	for _, c := range []struct {
		step         string
		first, later []string // what each tab posts besides the version
		both         [3]string
		kept         func(d web.Draft) string
		saved, yours string
	}{
		{"body", []string{"name.en", "Lakes", "seat.en", "Nuvel", "zone", "Asia/Tbilisi", "id", "lakes"}, []string{"name.en", "Lakes", "seat.en", "Nuvel", "zone", "Asia/Tokyo", "id", "lakes"}, [3]string{"Time zone of the seat", "Asia/Tbilisi", "Asia/Tokyo"}, func(d web.Draft) string { return d.Body.Zone }, "Asia/Tbilisi", "Asia/Tokyo"},
		{"secretaries", []string{"s1.en", "A One", "s2.en", "Neva Tallis"}, []string{"s1.en", "B Two", "s2.en", "Neva Tallis"}, [3]string{"", "A One", "B Two"}, func(d web.Draft) string { return d.Secretaries[0].Names["en"] }, "A One", "B Two"},
		{"parties", []string{"since.kz", "2010", "kind.kz", "member", "basis.kz", "founder"}, []string{"since.kz", "2011", "kind.kz", "member", "basis.kz", "founder"}, [3]string{"kz", "Member · 2010 · founder · Kazakhstan", "Member · 2011 · founder · Kazakhstan"}, func(d web.Draft) string { return d.Parties[0].Since }, "2010", "2011"},
		{"rules", []string{"rules", "consensus", "basis", "L/7"}, []string{"rules", "consensus", "basis", "L/8"}, [3]string{"", "L/7", "L/8"}, func(d web.Draft) string { return d.Basis }, "L/7", "L/8"},
		{"meeting", []string{"ordinal", "7", "from", "2027-06-09", "chair", "1"}, []string{"ordinal", "7", "from", "2027-06-10", "chair", "1"}, [3]string{"", "2027-06-09", "2027-06-10"}, func(d web.Draft) string { return d.Meeting.From }, "2027-06-09", "2027-06-10"},
	} {
		made := version(c.step)
		if w := n.post("/en/setup/"+c.step, append([]string{"do", "save", "version", made}, c.first...)...); w.Code >= 400 {
			t.Fatalf("%s: the first tab: %d", c.step, w.Code)
		}
		w := n.post("/en/setup/"+c.step, append([]string{"do", "save", "version", made}, c.later...)...)
		page := w.Body.String()
		m := lines.FindAllStringSubmatch(page, -1)
		if w.Code != http.StatusConflict || c.kept(n.keeper.draft) != c.saved || len(m) != 1 || m[0][2] != c.both[1] || m[0][3] != c.both[2] || c.both[0] != "" && m[0][1] != c.both[0] {
			t.Errorf("%s: the later tab: %d, %q is saved, told %q", c.step, w.Code, c.kept(n.keeper.draft), m)
		}
		again := regexp.MustCompile(`name="version" value="([^"]+)"`).FindStringSubmatch(page)
		if again == nil || !strings.Contains(page, `value="`+c.yours+`"`) {
			t.Fatalf("%s: the form lost what was entered", c.step)
		}
		if w := n.post("/en/setup/"+c.step, append([]string{"do", "save", "version", again[1]}, c.later...)...); w.Code >= 400 || c.kept(n.keeper.draft) != c.yours {
			t.Errorf("%s: sent once more: %d, %q is saved", c.step, w.Code, c.kept(n.keeper.draft))
		}
		tried++
	}
	if tried != 5 {
		t.Errorf("%d steps", tried)
	}

	made := version("parties") // two tabs each add a party
	for _, add := range []string{"Georgia", "Azerbaijan"} {
		if w := n.post("/en/setup/parties", "do", "add", "add", add, "since", "2020", "version", made); w.Code >= 400 {
			t.Errorf("%s: %d", add, w.Code)
		}
	}
	if len(n.keeper.draft.Parties) != 4 {
		t.Errorf("%d parties", len(n.keeper.draft.Parties))
	}

	review := version("found") // what was reviewed is what is founded
	n.post("/en/setup/body", "do", "save", "name.en", "Other Lakes", "seat.en", "Nuvel", "zone", "Asia/Baku", "id", "lakes")
	n.post("/en/setup/found", "do", "found", "sure", "yes", "version", review)
	if n.keeper.founded != nil {
		t.Error("a body is founded that nobody has reviewed")
	}
	n.post("/en/setup/found", "do", "found", "sure", "yes", "version", version("found"))
	if n.keeper.founded == nil {
		t.Error("the body is not founded")
	}
}
