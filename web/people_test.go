package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/exchange"
	"kurultai/language"
	"kurultai/story"
	"kurultai/story/storytest"
	"kurultai/web"
)

// lists reads the lists that people bring to the pages.
type lists struct{}

func (lists) Participants(v web.View, list web.PeopleList) (plan web.PeoplePlan, err error) {
	table, problems, err := exchange.ReadTable(list.Table)
	if err != nil {
		return plan, err
	}
	of := exchange.Participants{Desk: exchange.Desk{Origin: v.Origin(), By: list.By, Meeting: list.Meeting, Seed: list.Seed}, Language: list.Language, FirstIsHead: list.FirstIsHead}
	acts, more := of.Plan(table, v.State())
	plan.Rows, plan.Left = len(table.Rows), of.Left(table)
	for _, p := range append(problems, more...) {
		plan.Problems = append(plan.Problems, web.RowProblem(p))
	}
	for _, a := range acts {
		plan.Acts = append(plan.Acts, &web.Act{Submitted: a.Act.Submitted, Attestations: a.Act.Attestations, Disclosures: a.Act.Disclosures})
		plan.Of = append(plan.Of, a.Row)
	}
	return plan, nil
}

// upload sends a table to the page of people.
func (h hall) upload(who conference.PersonID, table string, first bool) *httptest.ResponseRecorder {
	h.Helper()
	return h.uploadAt(who, ninth+"/people", table, first)
}

func (h hall) uploadAt(who conference.PersonID, address, table string, first bool) *httptest.ResponseRecorder {
	h.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	f, err := form.CreateFormFile("table", "people.csv")
	if err != nil {
		h.Fatal(err)
	}
	f.Write([]byte(table))
	form.WriteField("language", "en")
	if first {
		form.WriteField("first", "1")
	}
	form.Close()
	return h.send(who, address, form.FormDataContentType(), body.String())
}

// A list is tried first: what is wrong is said by row and column with what to do, and nothing is entered. A list that is
// right is entered by a second press, all of it, and once.
func TestPeopleComeFromAList(t *testing.T) {
	text, _ := story.Shipped("training")
	before, _, found := strings.Cut(string(text), `"meeting":"ix","name":"RecordPresence"`)
	if !found {
		t.Fatal("the ninth meeting never meets")
	}
	s := storytest.PlayText(t, []byte(before[:strings.LastIndex(before, "\n")+1])) // nobody has come yet
	h := hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}, Lists: lists{}})}
	secretary, second := h.officers()
	size := s.View().State().Size
	for _, c := range []struct{ table, says string }{
		{"name,party,role\n,Ardovel,head\n", "The name is missing"},
		{"name,party,role\nA. Person,Atlantis,head\n", "Atlantis"},
		{"name,party,role\nA. Person,Ardovel,king\n", "is no role"},
		{"name,party\nA. Person,Ardovel\n", "There is no column role"},
		{"\x00\x01", "cannot be read"},
	} {
		w := h.upload(secretary, c.table, false)
		if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), c.says) || !strings.Contains(w.Body.String(), `role="alert"`) || strings.Contains(w.Body.String(), `name="list"`) {
			t.Errorf("%q: %d %s", c.table, w.Code, read(w.Body.String()))
		}
	}
	said := 0
	for _, l := range language.All() {
		h := hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}, Lists: lists{}})} // whose limits nobody has used
		for _, c := range []struct{ table, kind, about string }{
			{"name,party,role\n,Ardovel,head\n", "noname", ""}, {"name,party,role\nA. Person,,head\n", "noparty", ""}, {"name,party,role\nA. Person,Atlantis,head\n", "unknown", "Atlantis"},
			{"name,party,role\nA. Person,Ardovel,king\n", "role", "king"}, {"name,party,role\nA. Person,Ardovel,head\nB. Person,Ardovel,head\n", "twoheads", "Ardovel"},
			{"name,party,role\nA. Person,Ardovel,delegate\n", "nohead", "Ardovel"}, {"name,party\nA. Person,Ardovel\n", "roles", ""}, {"who,whence\nA. Person,Ardovel\n", "columns", ""},
		} {
			page := read(h.uploadAt(secretary, "/"+l.Code+strings.TrimPrefix(ninth, "/en")+"/people", c.table, false).Body.String())
			if want := l.Say("desk.listrow."+c.kind, c.about); !strings.Contains(page, want) || l.Code != "en" && strings.Contains(page, "is missing") {
				t.Errorf("%s: %q is not said of %q: %s", l.Code, want, c.table, page)
			}
			said++
		}
		for _, kind := range exchange.RowKinds {
			if !l.Has("desk.listrow." + kind) {
				t.Errorf("%s does not say what %s is", l.Code, kind)
			}
		}
	}
	if said != 72 {
		t.Errorf("%d mistakes were made", said)
	}
	if w := h.upload(secretary, "", false); w.Code != http.StatusBadRequest {
		t.Errorf("an empty file: %d", w.Code)
	}
	if w := h.upload(h.holder(conference.Head, "xz"), "name,party\n", false); w.Code != http.StatusForbidden {
		t.Errorf("a head's list: %d", w.Code)
	}
	if s.View().State().Size != size {
		t.Fatal("a list that was tried is entered")
	}
	for _, party := range []string{"xa", "xl"} {
		h.does(secretary, conference.Secretary, "", "ix", "Invite", `{"as":"member","party":"`+party+`"}`)
	}
	size = s.View().State().Size
	w := h.upload(secretary, "name,party\nAnara Tellis,Ardovel\nBero Tellis,Ardovel\nCarin Moss,Lomera\n", true)
	token := regexp.MustCompile(`name="list" value="([^"]+)"`).FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || token == nil || s.View().State().Size != size {
		t.Fatalf("%d %s", w.Code, read(w.Body.String()))
	}
	if w := h.post(second, ninth+"/people", url.Values{"list": {token[1]}}); w.Code != http.StatusConflict {
		t.Errorf("another officer enters it: %d", w.Code)
	}
	if w := h.post(secretary, ninth+"/people", url.Values{"list": {token[1]}}); w.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", w.Code, read(w.Body.String()))
	}
	if d, ok := s.View().State().Delegation("ix", "xa"); !ok || len(d.Members) != 2 || d.Members[0].Role != "head" {
		t.Errorf("%+v", d)
	}
	if w := h.post(secretary, ninth+"/people", url.Values{"list": {token[1]}}); w.Code != http.StatusConflict {
		t.Errorf("entered twice: %d", w.Code)
	}
	if page := h.room(secretary, ninth+"/people"); strings.Count(page, "No device yet") < 3 || strings.Contains(page, "Anara Tellis") {
		t.Errorf("a name nobody published is shown, or nobody is: %s", read(page))
	}
}

// Papers, programme and messages say how each thing stands, and lead to the acts about it and back.
func TestTheDeskListsWhatThereIs(t *testing.T) {
	h := newHall(t)
	secretary, _ := h.officers()
	for page, parts := range map[string][]string{
		"ix/desk/papers":      {"LP/IX/L.1", "Document circulated", "/en/act/IssueCorrigendum?field.symbol=LP%2FIX%2FL.1&from=desk"},
		"ix/desk/programme":   {"1. Ferries on the lakes", "Item opened", "LP/IX/L.1", "2. Next meeting"},
		"viii/desk/messages":  {"Zelinor: Ask for the floor", "aloud", "This was not us (326)"},
		"vii/desk/papers":     {"Nothing yet"},
		"viii/desk/programme": {"Item closed"},
	} {
		text := h.room(secretary, "/en/meetings/"+page)
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %s: %s", page, part, read(text))
			}
		}
	}
}
