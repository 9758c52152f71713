package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kurultai/language"
)

// Sheets to print say what they are for, name each member, and carry a number.
func TestSheetsArePrinted(t *testing.T) {
	h := newHall(t)
	secretary, _ := h.officers()
	checked := 0
	for _, kind := range []string{"roll-call", "ballot", "speakers", "entry"} {
		for _, l := range language.All() {
			h.room(secretary, "/"+l.Code+"/meetings/ix/desk/sheets/"+kind)
			checked++
		}
	}
	page := h.room(secretary, ninth+"/sheets/roll-call")
	for _, part := range []string{"IX-R-", "Ardovel", "Zelinor", "Not in the room"} {
		if !strings.Contains(page, part) {
			t.Errorf("the roll-call sheet lacks %s", part)
		}
	}
	if page := h.room(secretary, ninth+"/sheets/ballot"); strings.Count(page, `class="slip"`) != 5 || strings.Contains(page, "Ardovel") {
		t.Error("ballot papers are as many as members, and name none of them")
	}
	if page := h.room(secretary, ninth+"/sheets/speakers"); strings.Count(page, "<tr>") != 26 || !strings.Contains(page, "Averra Treval") {
		t.Errorf("speakers: %d rows", strings.Count(page, "<tr>"))
	}
	if w := h.see(secretary, ninth+"/sheets/other"); w.Code != http.StatusNotFound {
		t.Errorf("another sheet: %d", w.Code)
	}
	t.Logf("%d sheets", checked)
}

// A sheet is checked as a whole and entered as a whole, once, with its number as the instruction.
func TestASheetIsEnteredAsAWhole(t *testing.T) {
	h := newHall(t)
	secretary, _ := h.officers()
	if page := h.room(secretary, ninth+"/sheets/entry"); !strings.Contains(page, "No question waits") {
		t.Error("a sheet is taken for no question")
	}
	h.rollCall()
	q, _ := h.s.View().State().Pending("ix")
	size := h.s.View().State().Size
	typed := url.Values{"number": {"IX-R-1"}, "step": {"check"}}
	for i, p := range q.Order {
		typed.Set("answer."+string(p), []string{"yes", "no", "", "abstain", "yes"}[i])
	}
	w := h.post(secretary, ninth+"/sheets/entry", typed)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "The sheet is right") || strings.Count(read(w.Body.String()), "Call a name: ") != 5 || h.s.View().State().Size != size {
		t.Fatalf("checked: %d %s", w.Code, read(w.Body.String()))
	}

	// one line that is not right keeps all out
	wrong := url.Values{"number": {"IX-R-1"}, "step": {"enter"}}
	for k, v := range typed {
		if wrong[k] == nil {
			wrong[k] = v
		}
	}
	wrong.Set("answer."+string(q.Order[1]), "perhaps")
	w = h.post(secretary, ninth+"/sheets/entry", wrong)
	if w.Code != http.StatusConflict || h.s.View().State().Size != size || !strings.Contains(w.Body.String(), `class="n"`) {
		t.Errorf("with a wrong line: %d, %d entries", w.Code, h.s.View().State().Size-size)
	}
	for _, without := range []string{"number", "answers"} {
		less := url.Values{"number": {"IX-R-1"}, "step": {"enter"}}
		if without == "number" {
			less = url.Values{"step": {"enter"}, "answer." + string(q.Order[0]): {"yes"}}
		}
		if w := h.post(secretary, ninth+"/sheets/entry", less); w.Code != http.StatusConflict {
			t.Errorf("without %s: %d", without, w.Code)
		}
	}

	typed.Set("step", "enter")
	if w = h.post(secretary, ninth+"/sheets/entry", typed); w.Code != http.StatusSeeOther || h.s.View().State().Size != size+9 {
		t.Fatalf("entered: %d, %d entries", w.Code, h.s.View().State().Size-size)
	}
	q, _ = h.s.View().State().Pending("ix")
	if acted := h.s.View().State().InNameOf(q.Order[0]); q.Called != 5 || len(q.Votes) != 4 || acted[len(acted)-1].Instruction != "paper IX-R-1" {
		t.Errorf("called %d, votes %+v", q.Called, q.Votes)
	}
	h.post(secretary, ninth+"/sheets/entry", typed)
	if h.s.View().State().Size != size+9 {
		t.Error("the same sheet is entered twice")
	}
}
