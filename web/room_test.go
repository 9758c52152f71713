package web_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/web"
)

// does has an act done without any page.
func (h hall) does(by conference.PersonID, as conference.Capacity, party, meeting, name, fields string, blobs ...[]byte) (index int64) {
	h.Helper()
	v, err := canonical.Parse(fields)
	if err != nil {
		h.Fatal(err)
	}
	var key [16]byte
	rand.Read(key[:])
	a := &secretariat.Act{Submitted: record.Submitted{Name: name, By: string(by), As: string(as), For: party, Meeting: meeting, Fields: v, Key: canonical.EncodeBytes(key[:]), Origin: h.s.View().Origin(), Seen: h.s.View().State().Size}, Blobs: blobs}
	receipt, err := h.s.Do(context.Background(), a)
	if err != nil {
		h.Fatalf("%s: %v", name, err)
	}
	return receipt.Index
}

// chair is who chairs the meeting that is open.
func (h hall) chair() conference.PersonID {
	m, _ := h.s.View().State().Meeting("ix")
	return m.Chair
}

// rollCall puts the draft of the ninth meeting to a roll call, beginning with Ardovel.
func (h hall) rollCall() {
	h.Helper()
	h.does(h.chair(), conference.Chair, "", "ix", "GiveFloor", `{"request":"f-ix-1"}`)
	h.does(h.chair(), conference.Chair, "", "ix", "EndFloor", `{"why":"done"}`)
	seed := []byte("a seed for a test that nobody knew before")[:16]
	h.does(h.chair(), conference.Chair, "", "ix", "PutQuestion", fmt.Sprintf(`{"commitment":%q,"method":"roll-call","question":"q-desk","thing":"p-ix-1","type":"proposal"}`, record.DigestOf(seed)))
	order := []string{"xa", "xl", "xo", "xv", "xz"}
	n := conference.Draw(seed, "q-desk", len(order))
	order = append(order[n:], order[:n]...)
	h.does(h.chair(), conference.Chair, "", "ix", "DrawStart", fmt.Sprintf(`{"order":["%s"],"question":"q-desk","seed":%q}`, strings.Join(order, `","`), canonical.EncodeBytes(seed)))
}

// officers are the two secretaries.
func (h hall) officers() (first, second conference.PersonID) {
	two := h.s.View().State().Holders(conference.Secretary)
	if len(two) < 2 {
		h.Fatal("there is one secretary")
	}
	return two[0].Person, two[1].Person
}

var deskForms = regexp.MustCompile(`(?s)<form[^>]* action="([^"]+)" data-desk>(.*?)</form>`)

// key finds what a key of the desk sends.
func (h hall) key(page, key string) (action string, typed url.Values) {
	h.Helper()
	for _, m := range deskForms.FindAllStringSubmatch(page, -1) {
		button := regexp.MustCompile(`<button class="btn"(?: name="([^"]+)" value="([^"]*)")? data-key="` + key + `">`).FindStringSubmatch(m[2])
		if button == nil {
			continue
		}
		typed = url.Values{}
		for _, f := range hidden.FindAllStringSubmatch(m[2], -1) {
			typed.Add(f[1], html.UnescapeString(f[2]))
		}
		if strings.Contains(m[2], `name="field.instruction"`) {
			typed.Set("field.instruction", "aloud")
		}
		if button[1] != "" {
			typed.Set(button[1], button[2])
		}
		return m[1], typed
	}
	h.Fatalf("no button has the key %s", key)
	return "", nil
}

// press presses a key of the desk and reads the page it leads to.
func (h hall) press(who conference.PersonID, page, key string) string {
	h.Helper()
	action, typed := h.key(page, key)
	w := h.post(who, action, typed)
	if w.Code != http.StatusSeeOther {
		h.Fatalf("%s: %d %s", key, w.Code, read(w.Body.String()))
	}
	return h.room(who, w.Header().Get("Location"))
}

func (h hall) room(who conference.PersonID, path string) string {
	h.Helper()
	w := h.see(who, path)
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "⟨") {
		h.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return html.UnescapeString(w.Body.String())
}

const ninth = "/en/meetings/ix/desk"

func TestOnlyOfficersComeToTheDesk(t *testing.T) {
	h := newHall(t)
	secretary, _ := h.officers()
	for _, c := range []struct {
		who    conference.PersonID
		path   string
		status int
		says   string
	}{
		{"", ninth, http.StatusUnauthorized, `href="/en/signin"`},
		{h.holder(conference.Head, "xz"), ninth, http.StatusForbidden, "Only officers of the secretariat"},
		{h.chair(), "/de/meetings/ix/desk", http.StatusForbidden, "Sekretariats"},
		{h.chair(), ninth + "/live", http.StatusForbidden, ""},
		{secretary, ninth, http.StatusOK, "Running order"},
		{secretary, "/en/meetings/x/desk", http.StatusNotFound, ""},
		{secretary, ninth + "/nothing", http.StatusNotFound, ""},
	} {
		if w := h.see(c.who, c.path); w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s by %.4s: %d %s", c.path, c.who, w.Code, read(w.Body.String()))
		}
	}
	if w := h.post(h.chair(), ninth, url.Values{"act": {"CallName"}}); w.Code != http.StatusForbidden {
		t.Errorf("posted by the chair: %d", w.Code)
	}
}

// A meeting that is over, one that is open, and a roll call, in every language.
func TestTheRoomSpeaksEveryLanguage(t *testing.T) {
	h := newHall(t)
	secretary, checked := h.holder(conference.Secretary, ""), 0
	look := func(meetings ...string) {
		for _, l := range language.All() {
			for _, m := range meetings {
				if page := h.room(secretary, "/"+l.Code+"/meetings/"+m+"/desk"); len(page) > 50_000 {
					t.Errorf("%s in %s: %d bytes", m, l.Code, len(page))
				}
				checked++
			}
		}
	}
	look("vii", "viii", "ix")
	h.rollCall()
	look("ix")
	if checked != 36 {
		t.Errorf("%d rooms", checked)
	}
	t.Logf("%d rooms", checked)
}

// The desk calls the names by N, enters what is said aloud by Y, A and S, and leaves who is silent for the end by L.
func TestARollCallByKeys(t *testing.T) {
	h := newHall(t)
	h.rollCall()
	secretary, _ := h.officers()
	page := h.room(secretary, ninth)
	for _, key := range []string{"N", "Y", "N", "A", "N", "L", "S", "N", "Y"} {
		page = h.press(secretary, page, key)
		if !strings.Contains(page, "Recorded: ") {
			t.Errorf("%s is not said", key)
		}
	}
	q, _ := h.s.View().State().Pending("ix")
	open := q.Order[2] // left for the end, and asked again now
	if party := map[conference.PartyID]string{"xa": "Ardovel", "xl": "Lomera", "xo": "Orsevin", "xv": "Vindara", "xz": "Zelinor"}[open]; len(q.Votes) != 4 || !strings.Contains(page, party+" answers with its own key") {
		t.Fatalf("%d votes; %s is not asked again", len(q.Votes), party)
	}
	h.press(secretary, page, "Y")
	if q, _ = h.s.View().State().Pending("ix"); len(q.Votes) != 5 || q.Votes[4].Party != open {
		t.Errorf("%+v", q.Votes)
	}
	if list := h.s.View().State().InNameOf(open); len(list) == 0 || list[len(list)-1].Instruction != "aloud" || list[len(list)-1].Officer != secretary {
		t.Errorf("nobody is told who entered it: %+v", list)
	}
}

// Two desks press the same button: it is done once, and the second is told by whom and when. The same desk pressing
// twice gets its first receipt.
func TestTwoDesksPressTheSame(t *testing.T) {
	h := newHall(t)
	h.rollCall()
	first, second := h.officers()
	one, two := h.room(first, ninth), h.room(second, ninth)
	page := h.press(first, one, "N")
	size := h.s.View().State().Size
	if again := h.press(first, one, "N"); !strings.Contains(page, "Recorded: ") || !strings.Contains(again, "Recorded: ") {
		t.Error("the first desk has no receipt")
	}
	if late := h.press(second, two, "N"); !strings.Contains(late, "Already done: Name called") || strings.Contains(late, "role=\"alert\"") {
		t.Errorf("the second desk reads %s", read(late))
	}
	if h.s.View().State().Size != size {
		t.Errorf("%d entries, want %d", h.s.View().State().Size, size)
	}
	action, typed := h.key(two, "N")
	r := httptest.NewRequest(http.MethodPost, "http://localhost"+action, strings.NewReader(typed.Encode()))
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.AddCookie(web.SignIn(h.h, second))
	w := httptest.NewRecorder()
	h.h.ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"said":"Already done`) {
		t.Errorf("a script reads %d %s", w.Code, w.Body)
	}

	// what nobody did is refused with its rule and remedy, on the page
	typed.Set("field.party", "xm")
	if w := h.post(second, action, typed); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Another comes first") {
		t.Errorf("out of order: %d %s", w.Code, read(w.Body.String()))
	}
}

// Two desks note that the same delegation left: it stands once, and the slower desk reads which colleague was first.
func TestTwoDesksNoteTheSamePresence(t *testing.T) {
	h := newHall(t)
	first, second := h.officers()
	leaves := func(page string) (action string, typed url.Values) {
		for _, m := range deskForms.FindAllStringSubmatch(page, -1) {
			if !strings.Contains(m[2], `value="RecordPresence"`) || !strings.Contains(m[2], `name="field.party" value="xz"`) {
				continue
			}
			typed = url.Values{}
			for _, f := range hidden.FindAllStringSubmatch(m[2], -1) {
				typed.Add(f[1], html.UnescapeString(f[2]))
			}
			action = m[1]
		}
		if typed.Get("field.absent") != "true" {
			t.Fatalf("Zelinor is not in the room: %v", typed)
		}
		return action, typed
	}
	action, one := leaves(h.room(first, ninth))
	_, two := leaves(h.room(second, ninth))
	size := h.s.View().State().Size
	if w := h.post(first, action, one); w.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", w.Code, read(w.Body.String()))
	}
	w := h.post(second, action, two)
	if w.Code != http.StatusSeeOther || !strings.Contains(w.Header().Get("Location"), fmt.Sprintf("?already=%d", size)) {
		t.Fatalf("the slower desk: %d, to %q: %s", w.Code, w.Header().Get("Location"), read(w.Body.String()))
	}
	if late := h.room(second, w.Header().Get("Location")); !regexp.MustCompile(`Already done: Presence recorded: Zelinor, Not in the room\. By \S.*, at \d\d:`).MatchString(late) {
		t.Errorf("the slower desk reads %s", read(late))
	}
	if grown := h.s.View().State().Size; grown != size+1 {
		t.Errorf("%d entries, want one", grown-size)
	}
}

// One holds the pen; it is handed over, or taken; whoever has it not cannot give it away.
func TestThePenIsHandedOver(t *testing.T) {
	h := newHall(t)
	first, second := h.officers()
	if page := h.room(first, ninth); strings.Contains(page, "More than one desk") {
		t.Error("one is two")
	}
	if page := h.room(second, ninth); !strings.Contains(page, "holds the pen") || !strings.Contains(page, "Take the pen") {
		t.Error("the second desk does not see who holds the pen")
	}
	page := h.room(first, ninth)
	if !strings.Contains(page, "You hold the pen") {
		t.Fatal("the first desk has no pen")
	}
	h.press(first, page, "H")
	if page = h.room(second, ninth); !strings.Contains(page, "You hold the pen") {
		t.Error("it was not handed over")
	}
	if w := h.post(first, ninth+"/pen", url.Values{"to": {string(second)}}); w.Code != http.StatusConflict {
		t.Errorf("given by who has it not: %d", w.Code)
	}
	h.press(first, h.room(first, ninth), "H")
	if page = h.room(first, ninth); !strings.Contains(page, "You hold the pen") {
		t.Error("it was not taken")
	}
}

// The desk, its pages and the Chair's place are changed to another language where one stands, by a link for each.
func TestThePlacesOfASittingChangeTheirLanguage(t *testing.T) {
	h := newHall(t)
	secretary, switched := h.holder(conference.Secretary, ""), 0
	for who, paths := range map[conference.PersonID][]string{secretary: {"meetings/ix/desk", "meetings/ix/desk/papers", "meetings/ix/desk/sheets"}, h.chair(): {"meetings/ix/chair"}} {
		for _, path := range paths {
			page := h.see(who, "/tr/"+path).Body.String()
			_, list, found := strings.Cut(page, `id="tongues"`)
			list, _, _ = strings.Cut(list, "</details>")
			if !found || !strings.Contains(list, `<b aria-current="true">Türkçe</b>`) {
				t.Errorf("%s: no switch, or not in its language: %s", path, list)
			}
			for _, l := range language.All() {
				to := `href="/` + l.Code + "/" + path + `"`
				if strings.Contains(list, to) == (l.Code == "tr") {
					t.Errorf("%s: no way to %s", path, to)
				}
				switched++
			}
		}
	}
	if switched != 4*9 {
		t.Errorf("%d ways", switched)
	}
}
