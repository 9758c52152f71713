package web_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/web"
)

// The palette has every act of the catalogue, in the reader's language: what may be done
// leads to its form, what not says why.
func TestThePaletteHasEveryAct(t *testing.T) {
	h := newHall(t)
	secretary, _ := h.officers()
	r := httptest.NewRequest(http.MethodGet, "http://localhost/de/meetings/ix/desk/acts", nil)
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("Accept", "application/json")
	r.AddCookie(web.SignIn(h.h, secretary))
	w := httptest.NewRecorder()
	h.h.ServeHTTP(w, r)
	var got struct {
		Acts []struct{ Title, Name, Address, Why, Rule string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %v", w.Code, err)
	}
	named, open := map[string]bool{}, ""
	de, _ := language.Get("de")
	for _, a := range got.Acts {
		named[a.Name] = true
		if a.Title != de.Say("act."+a.Name) || (a.Address == "") != (a.Why != "") || strings.Contains(a.Why, "⟨") {
			t.Errorf("%+v", a)
		}
		if a.Name == "InviteToEnrol" {
			open = a.Address
		}
	}
	for _, act := range h.s.View().State().Catalogue() {
		if clock := len(act.Who) == 1 && act.Who[0] == conference.Clock; !named[act.Name] && !clock && act.Name != "FoundBody" {
			t.Errorf("%s is not in the palette", act.Name)
		}
	}
	if len(named) < 150 {
		t.Errorf("%d acts", len(named))
	}
	if form := h.see(secretary, open).Body.String(); !strings.Contains(form, `name="from" value="desk"`) || !strings.Contains(form, `href="/de/meetings/ix/desk"`) {
		t.Error("the form does not lead back to the desk")
	}
	page := h.room(secretary, "/de/meetings/ix/desk/acts?q="+url.QueryEscape("wort ERTEILEN"))
	if !strings.Contains(page, "Das Wort erteilen") || strings.Contains(page, "Einladen") {
		t.Errorf("not narrowed: %s", read(page))
	}
	t.Logf("%d acts", len(named))
}

// Z names the last act of this desk and takes it back; what something depends on stays, and the page says what may be
// done instead.
func TestASlipIsRescindedOrNot(t *testing.T) {
	h := newHall(t)
	secretary, _ := h.officers()
	if page := h.room(secretary, ninth); !strings.Contains(page, `data-key="Z" href="/en/meetings/ix/desk/correct"`) {
		t.Fatal("the room does not know Z")
	}
	room := h.room(secretary, ninth)
	asking := regexp.MustCompile(`(?s)<form class="asking" method="post" action="([^"]+)" data-desk>(.*?)</form>`).FindStringSubmatch(room)
	if asking == nil {
		t.Fatal("nobody can be put on the list")
	}
	typed := url.Values{"office": {"Secretary/xz"}, "field.instruction": {"aloud"}}
	for _, f := range hidden.FindAllStringSubmatch(asking[2], -1) {
		typed.Add(f[1], html.UnescapeString(f[2]))
	}
	if w := h.post(secretary, asking[1], typed); w.Code != http.StatusSeeOther || len(h.s.View().State().SpeakersList("ix")) != 2 {
		t.Fatalf("%d %s", w.Code, read(w.Body.String()))
	}
	page := h.room(secretary, ninth+"/correct")
	take := regexp.MustCompile(`(?s)<form class="asking" method="post" action="([^"]+)" data-desk>(.*?)</form>`).FindStringSubmatch(page)
	if take == nil || !strings.Contains(page, "Rescind a slip: Floor requested: Havren Dolmit, Zelinor") {
		t.Fatalf("the last act is not named: %s", read(page))
	}
	typed = url.Values{"field.reason": {"It was Vindara."}}
	for _, f := range hidden.FindAllStringSubmatch(take[2], -1) {
		typed.Add(f[1], html.UnescapeString(f[2]))
	}
	w := h.post(secretary, take[1], typed)
	if w.Code != http.StatusSeeOther || len(h.s.View().State().SpeakersList("ix")) != 1 {
		t.Fatalf("%d %s", w.Code, read(w.Body.String()))
	}
	if page = h.room(secretary, w.Header().Get("Location")); !strings.Contains(page, "Recorded: ") {
		t.Errorf("not said: %s", read(page))
	}

	// what stays: presence is recorded the other way, an answer can be disowned
	h.does(secretary, conference.Secretary, "", "ix", "RecordPresence", `{"absent":true,"party":"xz"}`)
	if page = h.room(secretary, ninth+"/correct"); !strings.Contains(page, "Zelinor: in the room") || strings.Contains(page, "Rescind a slip:") {
		t.Errorf("presence: %s", read(page))
	}
	h.rollCall()
	q, _ := h.s.View().State().Pending("ix")
	h.does(secretary, conference.Secretary, "", "ix", "CallName", `{"party":"`+string(q.Order[0])+`","question":"q-desk"}`)
	h.does(secretary, conference.Secretary, string(q.Order[0]), "ix", "Answer", `{"answer":"yes","instruction":"aloud","question":"q-desk"}`)
	if page = h.room(secretary, ninth+"/correct"); !strings.Contains(page, "the delegation may say") || !strings.Contains(page, "CorrectIntention") {
		t.Errorf("an answer: %s", read(page))
	}
}

// The pages below the desk speak every language.
func TestPagesOfTheDeskSpeakEveryLanguage(t *testing.T) {
	h := newHall(t)
	secretary, checked := h.holder(conference.Secretary, ""), 0
	for _, l := range language.All() {
		for _, page := range web.DeskPages() {
			if text := h.room(secretary, "/"+l.Code+"/meetings/ix/desk/"+page); len(text) > 100_000 {
				t.Errorf("%s in %s: %d bytes", page, l.Code, len(text))
			}
			checked++
		}
	}
	if checked < 27 {
		t.Errorf("only %d pages", checked)
	}
	t.Logf("%d pages", checked)
}
