package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"

	"kurultai/conference"
	"kurultai/secretariat"
	"kurultai/story/storytest"
	"kurultai/web"
)

// A hall is the training story where it stands open, and its pages.
type hall struct {
	*testing.T
	s *secretariat.Secretariat
	h http.Handler
}

func newHall(t *testing.T) hall {
	s := storytest.Play(t, "training")
	return hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}})}
}

// holder is who holds an office.
func (h hall) holder(c conference.Capacity, party conference.PartyID) conference.PersonID {
	h.Helper()
	for _, o := range h.s.View().State().Holders(c) {
		if o.For == party {
			return o.Person
		}
	}
	h.Fatalf("nobody is %s of %q", c, party)
	return ""
}

// send sends a body in the browser of a person; nobody's where it is "".
func (h hall) send(who conference.PersonID, path, kind, body string) *httptest.ResponseRecorder {
	h.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://localhost"+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:1" // a session over plain http is for this machine alone
	r.Header.Set("Content-Type", kind)
	if who != "" {
		r.AddCookie(web.SignIn(h.h, who))
	}
	w := httptest.NewRecorder()
	h.h.ServeHTTP(w, r)
	return w
}

// prepared asks for the bytes of an act and returns them as a body to submit.
func (h hall) prepared(who conference.PersonID, name, asked string) (string, web.PreparedAct) {
	h.Helper()
	w := h.send(who, "/api/acts/"+name+"/prepare", "application/json", asked)
	var p web.PreparedAct
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusOK {
		h.Fatalf("%s is not prepared: %d %s", name, w.Code, w.Body)
	}
	body, _ := json.Marshal(web.Submission{Submitted: p.Submitted, Disclosures: p.Disclosures})
	return string(body), p
}

func (h hall) problem(w *httptest.ResponseRecorder, status int, code string) {
	h.Helper()
	var p web.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != status || p.Code != code || p.Title == "" || code != "" && (p.Rule == "" || p.Remedy == "") || strings.Contains(w.Body.String(), "⟨") {
		h.Errorf("want %d %s, got %d %s", status, code, w.Code, w.Body)
	}
}

func TestAnActIsPreparedAndSubmitted(t *testing.T) {
	h := newHall(t)
	xz := h.holder(conference.Head, "xz")
	body, p := h.prepared(xz, "AskFloor", `{"as":"Head","for":"xz","meeting":"ix","fields":{"request":"f-new","sort":null,"to":""}}`)
	for _, part := range []string{`"by":"` + string(xz) + `"`, `"seen":411`, `"fields":{"request":"f-new"}`, `"origin":"story.invalid/`} {
		if !strings.Contains(p.Submitted, part) {
			t.Errorf("the bytes lack %s: %s", part, p.Submitted)
		}
	}
	if p.Sentence != "Ask for the floor: Zelinor, IX Nuvel" || p.Attested {
		t.Errorf("%+v", p)
	}
	size := h.s.View().State().Size
	for i, status := range []int{http.StatusCreated, http.StatusOK} { // sent twice, it is done once
		w := h.send(xz, "/api/acts/AskFloor", "application/json", body)
		var got web.ReceiptView
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != status || got.Index != size || got.Again != (i == 1) || got.Size != size+1 || w.Header().Get("Location") != fmt.Sprintf("/api/record/%d", size) {
			t.Errorf("sent the %d. time: %d %s", i+1, w.Code, w.Body)
		}
		if i == 0 && (len(got.Events) != 1 || !strings.Contains(string(got.Events[0]), `"FloorRequested"`)) {
			t.Errorf("caused %s", got.Events)
		}
	}
	h.problem(h.send(xz, "/api/acts/AskFloor/prepare", "application/json", `{"as":"Head","for":"xz","meeting":"ix","fields":{"request":"f-other"}}`), http.StatusConflict, "already-listed")
	h.problem(h.send(h.holder(conference.Head, "xo"), "/api/acts/AskFloor", "application/json", body), http.StatusUnauthorized, "")
	h.problem(h.send("", "/api/acts/AskFloor", "application/json", body), http.StatusUnauthorized, "")
	h.problem(h.send(xz, "/api/acts/GiveFloor", "application/json", body), http.StatusUnprocessableEntity, "malformed")
}

// A private value goes in as it is; what is signed and kept holds its digest alone.
func TestAPrivateValueIsSealedAtTheDoor(t *testing.T) {
	h := newHall(t)
	secretary := h.holder(conference.Secretary, "")
	id := strings.Repeat("ab", 16)
	body, p := h.prepared(secretary, "RegisterPerson", `{"as":"Secretary","fields":{"person":"`+id+`","names":[["en",{"private":"Cafe\u0301 Owner"}]]}}`)
	if strings.Contains(p.Submitted, "Owner") || len(p.Disclosures) != 1 {
		t.Fatalf("%+v", p)
	}
	other := strings.Replace(body, p.Disclosures[0][:20], p.Disclosures[0][:19]+"_", 1)
	h.problem(h.send(secretary, "/api/acts/RegisterPerson", "application/json", other), http.StatusUnprocessableEntity, "not-opened")
	if w := h.send(secretary, "/api/acts/RegisterPerson", "application/json", body); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

// What is sent and answered is as the description of the API says.
func TestPostsAreAsDescribed(t *testing.T) {
	text, _ := json.Marshal(web.OpenAPI())
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(doc, config.WithSchemaCache(nil)) // compiles what is asked for alone
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	h := newHall(t)
	two := h.s.View().State().Holders(conference.Secretary)
	xz, checked := h.holder(conference.Head, "xz"), 0
	exchange := func(who conference.PersonID, path, body string, status int) []byte {
		r := httptest.NewRequest(http.MethodPost, "http://localhost"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if ok, found := v.ValidateHttpRequest(r); !ok {
			t.Errorf("%s is not asked as described: %v", path, found[0])
		}
		w := h.send(who, path, "application/json", body)
		if w.Code != status {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if ok, found := v.ValidateHttpResponse(r, w.Result()); !ok {
			t.Errorf("%s is not answered as described: %v", path, found[0])
		}
		checked++
		return w.Body.Bytes()
	}
	submission := func(prepared []byte) string {
		var p web.PreparedAct
		json.Unmarshal(prepared, &p)
		b, _ := json.Marshal(web.Submission{Submitted: p.Submitted, Disclosures: p.Disclosures})
		return string(b)
	}
	asks := submission(exchange(xz, "/api/acts/AskFloor/prepare", `{"as":"Head","for":"xz","meeting":"ix","fields":{"request":"f-x"}}`, 200))
	exchange(xz, "/api/acts/AskFloor", asks, 201)
	exchange(xz, "/api/acts/AskFloor", asks, 200)
	exchange(xz, "/api/acts/AskFloor/prepare", `{"as":"Head","for":"xz","meeting":"ix","fields":{"request":"f-y"}}`, 409)
	exchange(two[0].Person, "/api/acts/RegisterPerson/prepare", `{"as":"Secretary","fields":{"person":"`+strings.Repeat("ab", 16)+`","names":[["en",{"private":"A"}]]}}`, 200)
	grant := submission(exchange(two[0].Person, "/api/acts/GrantOffice/prepare", `{"as":"Secretary","fields":{"person":"`+string(xz)+`","capacity":"Chair"},"with":[{"as":"Secretary","by":"`+string(two[1].Person)+`"}]}`, 200))
	exchange(two[0].Person, "/api/acts/GrantOffice", grant, 202)
	exchange("", "/api/acts/GrantOffice", grant, 401)
	t.Logf("%d exchanges", checked)
}

func TestWhatIsRefusedIsTold(t *testing.T) {
	h := newHall(t)
	xz, chair := h.holder(conference.Head, "xz"), h.holder(conference.Chair, "")
	for _, c := range []struct {
		who    conference.PersonID
		name   string
		body   string
		status int
		code   string
	}{
		{xz, "AskFloor", `{"as":"Head","for":"xo","meeting":"ix","fields":{"request":"f-x"}}`, 403, "not-holder"},
		{xz, "GiveFloor", `{"as":"Head","for":"xz","meeting":"ix","fields":{"request":"f-x"}}`, 403, "wrong-capacity"},
		{xz, "AskFloor", `{"as":"Head","for":"xz","meeting":"vii","fields":{"request":"f-x"}}`, 409, "meeting-closed"},
		{xz, "AskFloor", `{"as":"Head","for":"xz","meeting":"ix","fields":{"request":"F X"}}`, 422, "malformed"},
		{xz, "AskFloor", `{"as":"Head","for":"xz","meeting":"ix","fields":{"request":"f-x"},"about":[{"kind":"meeting","id":"ix","version":1}]}`, 409, "stale"},
		{xz, "AskFloor", `{"as":"Head","for":"xz","meeting":"ix","fields":{"request":"f-x"},"notAfter":"2020-01-01T00:00:00.000Z"}`, 409, "too-late"},
		{xz, "AskFloor", `{"as":"Head","for":"xz","meeting":"ix","fields":{"request":"f-x"},"notAfter":"2099-01-01T00:00:00.000Z"}`, 422, "not-after-too-far"},
		{xz, "AskFloor", `{"as":"head of all","fields":{}}`, 422, "malformed"},
		{chair, "GiveFloor", `{"as":"Chair","meeting":"ix","fields":{"request":"f-x"}}`, 409, "unknown-request"},
	} {
		h.problem(h.send(c.who, "/api/acts/"+c.name+"/prepare", "application/json", c.body), c.status, c.code)
	}
}

func TestHostileBodiesAreRefused(t *testing.T) {
	h := newHall(t)
	xz := h.holder(conference.Head, "xz")
	fine := `{"as":"Head","for":"xz","meeting":"ix","fields":{"request":"f-x"}}`
	deep := strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)
	for name, c := range map[string]struct {
		kind, body string
		status     int
	}{
		"no JSON":          {"application/json", "request=f-x", 400},
		"nothing":          {"application/json", "", 400},
		"a list":           {"application/json", "[1]", 400},
		"two values":       {"application/json", fine + fine, 400},
		"a key twice":      {"application/json", strings.Replace(fine, `{"as"`, `{"as":"Chair","as"`, 1), 400},
		"an unknown key":   {"application/json", strings.Replace(fine, `{"as"`, `{"by":"x","as"`, 1), 400},
		"deep":             {"application/json", `{"as":"Head","fields":` + deep + `}`, 400},
		"a fraction":       {"application/json", `{"as":"Head","seen":1.5}`, 400},
		"too big a number": {"application/json", `{"as":"Head","seen":9007199254740992}`, 400},
		"U+0000":           {"application/json", `{"as":"He\u0000ad"}`, 400},
		"not UTF-8":        {"application/json", "{\"as\":\"\xff\"}", 400},
		"a form":           {"application/x-www-form-urlencoded", fine, 415},
		"no type":          {"", fine, 415},
		"9 MB":             {"application/json", `{"as":"` + strings.Repeat("x", 9<<20) + `"}`, 413},
	} {
		for _, path := range []string{"/api/acts/AskFloor/prepare", "/api/acts/AskFloor"} {
			if w := h.send(xz, path, c.kind, c.body); w.Code != c.status {
				t.Errorf("%s to %s: %d %s", name, path, w.Code, w.Body)
			}
		}
	}
	r := httptest.NewRequest(http.MethodPost, "http://localhost/api/acts/AskFloor/prepare", strings.NewReader(fine))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.AddCookie(web.SignIn(h.h, xz))
	w := httptest.NewRecorder()
	if h.h.ServeHTTP(w, r); w.Code != http.StatusForbidden {
		t.Errorf("from another site: %d", w.Code)
	}
	if h.s.View().State().Size != 411 {
		t.Error("something was recorded")
	}
}

func TestAPersonActsOnlySoOften(t *testing.T) {
	h := newHall(t)
	xz, slowed := h.holder(conference.Head, "xz"), 0
	for range 80 {
		w := h.send(xz, "/api/acts/AskFloor/prepare", "application/json", `{"as":"Head","for":"xz","meeting":"ix","fields":{"request":"f-x"}}`)
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") != "" {
			slowed++
		}
	}
	if slowed < 10 { // bursts of 40 are let through
		t.Errorf("80 acts at once, %d slowed down", slowed)
	}
	if w := h.send(h.holder(conference.Head, "xo"), "/api/acts/AskFloor/prepare", "application/json", `{"as":"Head","for":"xo","meeting":"ix","fields":{"request":"f-x"}}`); w.Code != http.StatusOK {
		t.Errorf("another person is slowed down too: %d", w.Code)
	}
}

// An act of two persons waits for the second, who submits the very bytes the first did.
func TestTheSecondPersonCompletesAnAct(t *testing.T) {
	h := newHall(t)
	two := h.s.View().State().Holders(conference.Secretary)
	first, second := two[0].Person, two[1].Person
	body, _ := h.prepared(first, "GrantOffice", `{"as":"Secretary","fields":{"person":"`+string(h.holder(conference.Head, "xz"))+`","capacity":"Chair"},"with":[{"as":"Secretary","by":"`+string(second)+`"}]}`)
	size := h.s.View().State().Size
	h.problem(h.send(second, "/api/acts/GrantOffice", "application/json", body), http.StatusUnauthorized, "") // nothing waits for it yet
	w := h.send(first, "/api/acts/GrantOffice", "application/json", body)
	if w.Code != http.StatusAccepted || h.s.View().State().Size != size || !strings.Contains(w.Body.String(), string(second)) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	h.problem(h.send(h.holder(conference.Head, "xo"), "/api/acts/GrantOffice", "application/json", body), http.StatusUnauthorized, "")
	if w := h.send(second, "/api/acts/GrantOffice", "application/json", body); w.Code != http.StatusCreated || h.s.View().State().Size != size+1 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := h.send(first, "/api/acts/GrantOffice", "application/json", body); w.Code != http.StatusOK {
		t.Errorf("again: %d %s", w.Code, w.Body)
	}
}

// An act of two persons that names no second says which field is wanted and what goes there, whichever way the second is
// missing, asked for or submitted.
func TestAnActOfTwoNamesItsSecond(t *testing.T) {
	h := newHall(t)
	first := h.holder(conference.Secretary, "")
	asked := `{"as":"Secretary","fields":{"person":"` + string(h.holder(conference.Head, "xz")) + `","capacity":"Chair"}WITH}`
	submitted, _ := json.Marshal(`{"as":"Secretary","by":"` + string(first) + `","key":"AAAAAAAAAAAAAAAAAAAAAA","name":"GrantOffice"WITH}`)
	tried := 0
	for _, with := range []string{``, `,"with":null`, `,"with":[]`, `,"with":[{}]`, `,"with":[{"as":"Secretary"}]`, `,"with":[{"as":"Secretary","by":""}]`, `,"with":[{"as":"","by":"` + string(first) + `"}]`} {
		inText, _ := json.Marshal(with)
		for path, body := range map[string]string{
			"/api/acts/GrantOffice/prepare": strings.Replace(asked, "WITH", with, 1),
			"/api/acts/GrantOffice":         `{"submitted":` + strings.Replace(string(submitted), "WITH", strings.Trim(string(inText), `"`), 1) + `}`,
		} {
			w := h.send(first, path, "application/json", body)
			h.problem(w, http.StatusForbidden, "one-person-only")
			if !strings.Contains(w.Body.String(), `\"with\"`) {
				t.Errorf("%s of %s: no word of where the second goes: %s", with, path, w.Body)
			}
			tried++
		}
	}
	if tried != 14 {
		t.Errorf("%d tried", tried)
	}
}
