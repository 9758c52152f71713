package web_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/story"
	"kurultai/story/storytest"
	"kurultai/web"
)

// see fetches a page in the browser of a person.
func (h hall) see(who conference.PersonID, path string) *httptest.ResponseRecorder {
	h.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
	r.RemoteAddr = "127.0.0.1:1"
	if who != "" {
		r.AddCookie(web.SignIn(h.h, who))
	}
	w := httptest.NewRecorder()
	h.h.ServeHTTP(w, r)
	return w
}

// post sends a form.
func (h hall) post(who conference.PersonID, path string, typed url.Values) *httptest.ResponseRecorder {
	h.Helper()
	return h.send(who, path, "application/x-www-form-urlencoded", typed.Encode())
}

var (
	hidden  = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
	buttons = regexp.MustCompile(`(?s)<form method="post" action="([^"]+)">(.*?)<button class="btn[^"]*">([^<]*)</button>`)
)

// pressed finds the form whose button says something, as a browser would send it.
func (h hall) pressed(page, label string) (action string, typed url.Values) {
	h.Helper()
	for _, m := range buttons.FindAllStringSubmatch(page, -1) {
		if html.UnescapeString(m[3]) != label {
			continue
		}
		typed = url.Values{}
		for _, f := range hidden.FindAllStringSubmatch(m[2], -1) {
			typed.Add(f[1], html.UnescapeString(f[2]))
		}
		return m[1], typed
	}
	h.Fatalf("no button says %q", label)
	return "", nil
}

// Every act has a form in every language, with each of its fields, and no word is missing.
func TestEveryActHasAForm(t *testing.T) {
	h := newHall(t)
	secretary, checked := h.holder(conference.Secretary, ""), 0
	for _, a := range conference.Catalogue() {
		for _, l := range language.All() {
			w := h.see(secretary, "/"+l.Code+"/act/"+a.Name+"?meeting=ix")
			page := w.Body.String()
			if w.Code != http.StatusOK || strings.Contains(page, "⟨") || !strings.Contains(page, `<html lang="`+l.Code+`"`) {
				t.Fatalf("%s in %s: %d %.200s", a.Name, l.Code, w.Code, page)
			}
			for i := range a.Fields.NumField() {
				key, _, _ := strings.Cut(a.Fields.Field(i).Tag.Get("json"), ",")
				if !strings.Contains(page, `name="field.`+key) && !strings.Contains(page, `name="file.`+key) {
					t.Errorf("%s has no control for %s", a.Name, key)
				}
			}
			checked++
		}
	}
	if checked < 9*150 {
		t.Errorf("only %d forms", checked)
	}
	t.Logf("%d forms", checked)
}

// A form works without a script: what is refused comes back as it was typed, with what stands against it; put right
// and sent twice, it is done once.
func TestAFormKeepsWhatWasTyped(t *testing.T) {
	h := newHall(t)
	xv, size := h.holder(conference.Head, "xv"), h.s.View().State().Size
	typed := url.Values{"office": {"Head/xv"}, "meeting": {"ix"}, "key": {"AAAAAAAAAAAAAAAAAAAAAA"}, "seen": {"411"},
		"field.point": {"m-new"}, "field.claim": {"The <speaker> is off the item & goes on"}, "do": {"1"}}
	w := h.post(xv, "/en/act/RaisePointOfOrder", typed)
	page := w.Body.String()
	for _, part := range []string{"speaks-to-substance", `value="m-new"`, `value="The &lt;speaker&gt; is off the item &amp; goes on"`, `value="AAAAAAAAAAAAAAAAAAAAAA"`, `<option value="Head/xv" selected>`, `<option value="ix" selected>`} {
		if !strings.Contains(page, part) {
			t.Errorf("the form lacks %s", part)
		}
	}
	if w.Code != http.StatusConflict || h.s.View().State().Size != size {
		t.Errorf("refused: %d, %d entries", w.Code, h.s.View().State().Size)
	}
	typed.Set("field.point", "M new")
	typed.Set("field.rule", "rule 19")
	if page = h.post(xv, "/en/act/RaisePointOfOrder", typed).Body.String(); !strings.Contains(page, `value="M new" autocomplete="off">`) || !strings.Contains(page, `class="small wrong" role="alert"`) {
		t.Error("what is wrong with a field does not stand beside it")
	}
	typed.Set("field.point", "m-new")
	for i, status := range []int{http.StatusCreated, http.StatusOK} {
		w := h.post(xv, "/en/act/RaisePointOfOrder", typed)
		if w.Code != status || !strings.Contains(w.Body.String(), "Recorded as entry 411") || h.s.View().State().Size != size+1 {
			t.Errorf("sent the %d. time: %d %s", i+1, w.Code, read(w.Body.String()))
		}
	}
	typed.Set("field.claim", "another")
	if w := h.post(xv, "/en/act/RaisePointOfOrder", typed); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "key-reused") {
		t.Errorf("another act under the same key: %d", w.Code)
	}
}

// Lists, texts by language, private values and files come through a form.
func TestAFormTakesEveryTypeOfField(t *testing.T) {
	h := newHall(t)
	secretary := h.holder(conference.Secretary, "")
	typed := url.Values{"office": {"Secretary"}, "meeting": {"ix"}, "key": {"BAAAAAAAAAAAAAAAAAAAAA"}, "field.item": {"item-9"}}
	for _, l := range language.All() {
		typed.Set("field.title."+l.Code, "Title in "+l.Code)
	}
	if w := h.post(secretary, "/en/act/ProposeItem", typed); w.Code != http.StatusCreated {
		t.Errorf("texts: %d %s", w.Code, read(w.Body.String()))
	}
	secret := url.Values{"office": {"Secretary"}, "key": {"CAAAAAAAAAAAAAAAAAAAAA"}, "seen": {"411"}, "field.person": {strings.Repeat("cd", 16)}, "field.names.en": {"Nobody Anywhere"}}
	for _, status := range []int{http.StatusCreated, http.StatusOK} { // the salts are those of the first time
		if w := h.post(secretary, "/en/act/RegisterPerson", secret); w.Code != status {
			t.Errorf("private: %d %s", w.Code, read(w.Body.String()))
		}
	}
	list := url.Values{"office": {"Secretary"}, "meeting": {"ix"}, "key": {"DAAAAAAAAAAAAAAAAAAAAA"}, "field.items.0": {"item-1"}, "field.items.1": {"item-2"}, "field.items.2": {""}}
	more := url.Values{"more": {"items"}}
	for k, v := range list {
		more[k] = v
	}
	if w := h.post(secretary, "/en/act/CirculateProvisionalAgenda", more); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `name="field.items.3"`) {
		t.Errorf("one more row: %d", w.Code)
	}
	if w := h.post(secretary, "/en/act/CirculateProvisionalAgenda", list); w.Code != http.StatusCreated {
		t.Errorf("a list: %d %s", w.Code, read(w.Body.String()))
	}
	upload := "--b\r\nContent-Disposition: form-data; name=\"office\"\r\n\r\nSecretary\r\n--b\r\nContent-Disposition: form-data; name=\"meeting\"\r\n\r\nix\r\n--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nEAAAAAAAAAAAAAAAAAAAAA\r\n"
	for k, v := range map[string]string{"symbol": "LP/IX/INF.7", "language": "en", "level": "public", "type": "letter"} {
		upload += "--b\r\nContent-Disposition: form-data; name=\"field." + k + "\"\r\n\r\n" + v + "\r\n"
	}
	upload += "--b\r\nContent-Disposition: form-data; name=\"file.text\"; filename=\"letter.pdf\"\r\nContent-Type: application/pdf\r\n\r\nDear Chair\r\n--b--\r\n"
	if w := h.send(secretary, "/en/act/RegisterDocument", "multipart/form-data; boundary=b", upload); w.Code != http.StatusCreated {
		t.Errorf("a file: %d %s", w.Code, read(w.Body.String()))
	}
	report := "--b\r\nContent-Disposition: form-data; name=\"office\"\r\n\r\nRapporteur\r\n--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nFAAAAAAAAAAAAAAAAAAAAA\r\n"
	for k, v := range map[string]string{"source": "gazette-1", "outlet": "The Gazette"} {
		report += "--b\r\nContent-Disposition: form-data; name=\"field." + k + "\"\r\n\r\n" + v + "\r\n"
	}
	report += "--b\r\nContent-Disposition: form-data; name=\"file.copy\"; filename=\"report.txt\"\r\n\r\nThe meeting opened\r\n--b--\r\n"
	w := h.send(secretary, "/en/act/RegisterSource", "multipart/form-data; boundary=b", report)
	if page := w.Body.String(); w.Code != http.StatusForbidden || !strings.Contains(page, "not-holder") || !strings.Contains(page, `name="file.copy"`) {
		t.Errorf("a file that may be left out, from who is no rapporteur: %d %s", w.Code, read(page))
	}
	for kind, status := range map[string]int{"text/plain": http.StatusUnsupportedMediaType, "multipart/form-data; boundary=b": http.StatusBadRequest} {
		if w := h.send(secretary, "/en/act/RegisterDocument", kind, "x=1"); w.Code != status {
			t.Errorf("%s: %d", kind, w.Code)
		}
	}
	if w := h.post("", "/en/act/ProposeItem", typed); w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "Title in uz") {
		t.Errorf("nobody: %d", w.Code)
	}
}

// What is new is typed: where papers stand already, the form of one more suggests their symbols and takes another.
func TestAFormTakesANewSymbol(t *testing.T) {
	h := newHall(t)
	secretary, tried := h.holder(conference.Secretary, ""), 0
	for _, a := range conference.Catalogue() {
		if !slices.Contains(a.Refusals, "symbol-taken") {
			continue
		}
		page := h.see(secretary, "/en/act/"+a.Name+"?meeting=ix").Body.String()
		if !strings.Contains(page, `<input id="field.symbol"`) || !strings.Contains(page, `<option value="LP/IX/L.1">`) {
			t.Errorf("%s offers only the symbols there are", a.Name)
		}
		tried++
	}
	if tried < 4 {
		t.Errorf("only %d acts give a symbol", tried)
	}
}

// Where it was said until when an act is meant, its form says so too; what comes later is refused, and may be meant once
// more.
func TestAFormIsNotTakenAfterItWasMeant(t *testing.T) {
	h := newHall(t)
	xz := h.holder(conference.Head, "xz")
	const then = "2028-04-11T04:00:00.000Z" // before the last entry of the story
	if page := h.see(xz, "/en/act/AskFloor?meeting=ix&notAfter="+then).Body.String(); !strings.Contains(page, `name="notAfter" value="`+then+`"`) {
		t.Error("the form does not say until when it is meant")
	}
	typed := url.Values{"office": {"Head/xz"}, "meeting": {"ix"}, "key": {"GAAAAAAAAAAAAAAAAAAAAA"}, "notAfter": {then}, "field.request": {"f-late"}, "do": {"1"}}
	w := h.post(xz, "/en/act/AskFloor", typed)
	if page := w.Body.String(); w.Code != http.StatusConflict || !strings.Contains(page, `<span class="mono">too-late</span>`) || strings.Contains(page, `name="notAfter"`) {
		t.Errorf("after it was meant: %d %s", w.Code, read(page))
	}
	says := func(code string) {
		t.Helper()
		seen := map[string]bool{}
		for _, l := range language.All() {
			page := h.post(xz, "/"+l.Code+"/act/AskFloor", typed).Body.String()
			remedy := l.Say("remedy." + code)
			if !strings.Contains(page, html.EscapeString(remedy)) || seen[remedy] || !strings.Contains(page, `<span class="mono">`+code+`</span>`) {
				t.Errorf("%s in %s: %s", code, l.Code, read(page))
			}
			seen[remedy] = true
		}
	}
	says("too-late")
	typed.Del("notAfter")
	if w := h.post(xz, "/en/act/AskFloor", typed); w.Code != http.StatusCreated {
		t.Errorf("once more: %d %s", w.Code, read(w.Body.String()))
	}
	typed.Set("field.request", "f-other") // pressed again, and changed in between
	says("key-reused")
}

// An act of two persons whose second was not chosen is refused as what it is.
func TestAFormOfTwoIsNotTakenFromOne(t *testing.T) {
	h := newHall(t)
	typed := url.Values{"office": {"Secretary"}, "key": {"HAAAAAAAAAAAAAAAAAAAAA"}, "field.person": {string(h.holder(conference.Head, "xz"))}, "field.capacity": {"Chair"}, "do": {"1"}}
	for _, with := range []string{"", "none"} {
		typed.Set("with", with)
		w := h.post(h.holder(conference.Secretary, ""), "/en/act/GrantOffice", typed)
		if page := w.Body.String(); w.Code != http.StatusForbidden || !strings.Contains(page, `<span class="mono">one-person-only</span>`) {
			t.Errorf("with %q: %d %s", with, w.Code, read(page))
		}
	}
}

// Every act of the training story can be done by its form: at its place in the story each field has a control, and what
// is to be chosen is offered, unless it is refused. What is typed comes back as the fields it was.
func TestTheStoryFitsItsForms(t *testing.T) {
	text, _ := story.Shipped("training")
	lines, err := story.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	clock := new(storytest.Clock)
	clock.Set(lines[0].At)
	s, origin := storytest.OpenOn(t, t.TempDir(), "lakes-and-passes", clock) // at which nothing falls due by itself
	h := hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}, Log: slog.New(slog.DiscardHandler)})}
	n, chosen := 0, 0
	next := func() error {
		l := lines[n]
		n++
		if n > 1 && l.Act.Get("by").Str != "clock" && len(l.Opened) == 0 {
			chosen += h.fits(l)
		}
		return nil
	}
	if err := story.Play(t.Context(), s, origin, lines, func() record.Instant { return storytest.Time }, rand.Reader, next, func(story.Played) {}); err != nil {
		t.Fatal(err)
	}
	if n != len(lines) || chosen < 300 {
		t.Errorf("%d of %d lines, %d choices", n, len(lines), chosen)
	}
	t.Logf("%d lines, %d choices", n, chosen)
}

// spelled is a value as it is hashed, "" where it is absent.
func spelled(v canonical.Value) string {
	if v.Kind == canonical.Invalid {
		return ""
	}
	return string(canonical.Append(nil, v))
}

var rows = regexp.MustCompile(`\.[0-9]+(\.|$)`)

// fits checks the form of a line of a story and counts what it offers to choose from.
func (h hall) fits(l story.Line) (chosen int) {
	h.Helper()
	name := l.Act.Get("name").Str
	act, _ := h.s.View().State().Lookup(name)
	if len(l.Blobs) > 0 {
		return 0 // a file is not typed, and no page gives it back
	}
	typed, back, err := web.Retyped(act, h.s.View().State(), l.Act.Get("fields"))
	if want := spelled(l.Act.Get("fields")); err != nil || spelled(back) != want {
		h.Errorf("line %d: %s comes back as %s, %v, not as %s", l.Number, name, spelled(back), err, want)
	}
	page := h.see(conference.PersonID(l.Act.Get("by").Str), "/en/act/"+name+"?meeting="+l.Act.Get("meeting").Str).Body.String()
	for at, values := range typed {
		control := regexp.MustCompile(`(?s)<(input|textarea|select)[^>]* name="` + regexp.QuoteMeta(at) + `".*?(</select>|\n)`).FindString(page)
		if first := rows.ReplaceAllString(at, ".0$1"); control == "" { // of the first row
			control = regexp.MustCompile(`(?s)<(input|textarea|select)[^>]* name="` + regexp.QuoteMeta(first) + `".*?(</select>|\n)`).FindString(page)
		}
		switch offered := strings.Contains(control, `<option value="`+html.EscapeString(values[0])+`"`); {
		case control == "":
			h.Errorf("line %d: the form of %s has no control %s", l.Number, name, at)
		case strings.HasPrefix(control, "<select") && !offered && l.Refused == "":
			h.Errorf("line %d: the form of %s does not offer %s in %s", l.Number, name, values[0], at)
		case strings.HasPrefix(control, "<select") && offered:
			chosen++
		}
	}
	return chosen
}

// Two browsers: a delegate asks for the floor, the chair sees it without asking and gives it.
func TestTwoBrowsers(t *testing.T) {
	h := newHall(t)
	server := httptest.NewServer(h.h)
	t.Cleanup(server.Close)
	chair, xv, xo := h.holder(conference.Chair, ""), h.holder(conference.Head, "xv"), h.holder(conference.Head, "xo")
	if page := read(h.see(xv, "/en/meetings/ix/now").Body.String()); !strings.Contains(page, "number 1 on the speakers' list") {
		t.Error("xv is not told its place")
	}
	for _, o := range h.s.View().State().Holders(conference.Chair) {
		if m, _ := h.s.View().State().Meeting("ix"); o.Person == m.Chair {
			chair = o.Person
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/en/meetings/ix/now/live?seen=411", nil)
	r.AddCookie(web.SignIn(h.h, chair))
	stream, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	action, typed := h.pressed(h.see(xo, "/en/meetings/ix/now").Body.String(), "Ask for the floor")
	if w := h.post(xo, action, typed); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, read(w.Body.String()))
	}
	if page := read(h.see(xo, "/en/now").Body.String()); !strings.Contains(page, "number 2 on the speakers' list") {
		t.Error("xo is not told its place")
	}
	seen := strings.Builder{}
	for in := bufio.NewScanner(stream.Body); in.Scan() && !strings.Contains(seen.String(), "</footer>"); {
		seen.WriteString(strings.TrimPrefix(in.Text(), "data: ") + "\n")
	}
	if !strings.Contains(seen.String(), "Next:") || !strings.Contains(seen.String(), "I give the floor to Vindara.") {
		t.Fatalf("the chair sees %.2000s", read(seen.String()))
	}
	action, typed = h.pressed(seen.String(), "Give the floor: Vindara")
	if w := h.post(chair, action, typed); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, read(w.Body.String()))
	}
	if page := h.see(xv, "/en/meetings/ix/now").Body.String(); !strings.Contains(page, "Vindara has the floor") {
		t.Error("xv is not told that it has the floor")
	}
}

// Whoever loses the right to what a stream carries loses the stream: signed out here, or out of office by the record.
func TestAStreamEndsWithTheRightToIt(t *testing.T) {
	h := newHall(t)
	server := httptest.NewServer(h.h)
	t.Cleanup(server.Close)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	follow := func(p conference.PersonID) (*http.Cookie, *bufio.Scanner) {
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/en/meetings/ix/live", nil)
		c := web.SignIn(h.h, p)
		r.AddCookie(c)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		in := bufio.NewScanner(answer.Body)
		for in.Scan() && !strings.Contains(in.Text(), "</footer>") {
		}
		return c, in
	}
	ends := func(who string, in *bufio.Scanner) {
		for in.Scan() {
		}
		if ctx.Err() != nil {
			t.Fatalf("the stream of %s goes on", who)
		}
	}
	secretaries := h.s.View().State().Holders(conference.Secretary)
	xl, xo, xz := h.holder(conference.Head, "xl"), h.holder(conference.Head, "xo"), h.holder(conference.Head, "xz")
	cookie, out := follow(xl)
	_, forgotten := follow(xo)
	_, stays := follow(xz)
	r := httptest.NewRequest(http.MethodPost, "http://localhost/en/me/signout", strings.NewReader(""))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = "127.0.0.1:1"
	r.AddCookie(cookie)
	w := httptest.NewRecorder()
	if h.h.ServeHTTP(w, r); w.Code != http.StatusSeeOther {
		t.Fatalf("signing out: %d %s", w.Code, w.Body)
	}
	ends("who signed out", out)
	body, _ := h.prepared(secretaries[0].Person, "ForgetPerson", `{"as":"Secretary","fields":{"ground":"request","person":"`+string(xo)+`"}}`)
	if w := h.send(secretaries[0].Person, "/api/acts/ForgetPerson", "application/json", body); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	ends("who was forgotten", forgotten)
	for stays.Scan() && !strings.Contains(stays.Text(), "id: 412") {
	}
	if ctx.Err() != nil || stays.Err() != nil {
		t.Error("the stream of whom nothing concerned has ended")
	}
}

// The page says what may be done and what the rules bar, in every language and for everybody in office.
func TestWhatMayBeDoneNow(t *testing.T) {
	h := newHall(t)
	checked := 0
	for _, c := range conference.Capacities {
		for _, o := range h.s.View().State().Holders(c) {
			for _, l := range language.All() {
				w := h.see(o.Person, "/"+l.Code+"/meetings/ix/now")
				if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "⟨") {
					t.Errorf("%s in %s: %d %.300s", c, l.Code, w.Code, w.Body)
				}
				checked++
			}
		}
	}
	if checked < 90 {
		t.Errorf("only %d pages", checked)
	}
	page := h.see(h.holder(conference.Head, "xz"), "/en/meetings/ix/now").Body.String()
	for _, part := range []string{`class="barred"`, "End the statement", "Ask for the floor", "suspension of the meeting", "rule 21"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if w := h.see("", "/en/now"); w.Code != http.StatusUnauthorized {
		t.Errorf("nobody: %d", w.Code)
	}
	if w := h.see(h.holder(conference.Head, "xz"), "/en/now?q=point+of"); strings.Contains(w.Body.String(), "Ask for the floor") || !strings.Contains(w.Body.String(), "Raise a point of order") {
		t.Error("the list is not narrowed")
	}
	t.Logf("%d pages", checked)
}

// An officer does for a party what it was told to; the party sees that, and says that it was not its own.
func TestTheDeskActsAndIsDisowned(t *testing.T) {
	h := newHall(t)
	secretary, xz, size := h.holder(conference.Secretary, ""), h.holder(conference.Head, "xz"), h.s.View().State().Size
	page := h.see(secretary, "/en/act/AskFloor?meeting=ix").Body.String()
	if !strings.Contains(page, `<option value="Secretary/xz">Secretary, Zelinor</option>`) || !strings.Contains(page, `name="field.instruction"`) {
		t.Fatal("the form does not ask for whom, and on which instruction")
	}
	asked := url.Values{"office": {"Secretary/xz"}, "meeting": {"ix"}, "key": {"GAAAAAAAAAAAAAAAAAAAAA"}, "field.request": {"f-desk"}}
	if w := h.post(secretary, "/en/act/AskFloor", asked); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "no-instruction") {
		t.Errorf("unasked: %d", w.Code)
	}
	asked.Set("field.instruction", "aloud")
	if w := h.post(secretary, "/en/act/AskFloor", asked); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, read(w.Body.String()))
	}
	action, typed := h.pressed(h.see(xz, "/en/meetings/ix/now").Body.String(), "This was not us")
	if w := h.post(xz, action, typed); w.Code != http.StatusCreated || h.s.View().State().Size != size+2 {
		t.Fatalf("%d %s", w.Code, read(w.Body.String()))
	}
	if list := h.s.View().State().SpeakersList("ix"); len(list) != 1 {
		t.Errorf("%d on the list", len(list))
	}
}

// The second of two persons sees exactly what the first submitted, and completes it.
func TestAnActOfTwoWaitsOnAPage(t *testing.T) {
	h := newHall(t)
	two := h.s.View().State().Holders(conference.Secretary)
	first, second, size := two[0].Person, two[1].Person, h.s.View().State().Size
	form := url.Values{"office": {"Secretary"}, "with": {"Secretary/" + string(second)}, "key": {"FAAAAAAAAAAAAAAAAAAAAA"}, "field.person": {string(h.holder(conference.Head, "xz"))}, "field.capacity": {"Chair"}}
	if w := h.post(first, "/en/act/GrantOffice", form); w.Code != http.StatusAccepted || h.s.View().State().Size != size {
		t.Fatalf("%d %s", w.Code, read(w.Body.String()))
	}
	page := h.see(second, "/en/pending").Body.String()
	if !strings.Contains(read(page), `"with"`) && !strings.Contains(read(page), "with") {
		t.Error("the second does not see what is signed")
	}
	action, typed := h.pressed(page, "I sign too")
	if w := h.post(second, action, typed); w.Code != http.StatusCreated || h.s.View().State().Size != size+1 {
		t.Fatalf("%d %s", w.Code, read(w.Body.String()))
	}
	if page := h.see(second, "/en/pending").Body.String(); strings.Contains(page, "I sign too") {
		t.Error("it still waits")
	}
}

// fieldNames are the texts that may be a field's name, by the text that is looked for where it has none of its act, in
// lists and parts of parts.
func fieldNames() (asked map[string][2]string) {
	asked = map[string][2]string{}
	for _, a := range conference.Catalogue() {
		controls(web.Wordless(a), func(f web.Field) {
			own, any := "field."+a.Name+"."+f.Label, "field."+f.Label
			asked[own] = [2]string{own, any}
		})
	}
	return asked
}

// controls visits each control of a form that has a name of its own: no row of a list, no text of one language.
func controls(fields []web.Field, visit func(web.Field)) {
	for _, f := range fields {
		controls(f.Fields, visit)
		if f.Label[0] > '9' && f.Lang == "" {
			visit(f)
		}
	}
}

// helpNames are the texts that may help with a field: of the struct it stands in, of any, and of a kind of control.
func helpNames() map[string]bool {
	names, seen := map[string]bool{"field.digest.help": true}, map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if seen[t] {
			return
		}
		seen[t] = true
		for i := 0; t.Kind() == reflect.Struct && i < t.NumField(); i++ {
			key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			key = cmp.Or(key, strings.ToLower(t.Field(i).Name))
			names["field."+t.Name()+"."+key+".help"], names["field."+key+".help"] = true, true
			walk(t.Field(i).Type)
		}
	}
	for _, a := range conference.Catalogue() {
		walk(a.Fields)
	}
	return names
}

func TestEveryFieldIsCalledSomethingInEveryLanguage(t *testing.T) {
	asked, helps := fieldNames(), helpNames()
	names := map[string]bool{}
	for _, l := range language.All() {
		for own, either := range asked {
			names[either[0]], names[either[1]] = true, true
			if !l.Has(either[0]) && !l.Has(either[1]) {
				t.Errorf("%s: no name for %s", l.Code, own)
			}
		}
		for _, k := range l.Keys() {
			if strings.HasPrefix(k, "field.") && !names[k] && !helps[k] {
				t.Errorf("%s: no field is called by %s", l.Code, k)
			}
		}
	}
	if len(asked) < 500 {
		t.Errorf("only %d fields", len(asked))
	}
	t.Logf("%d fields in %d languages", len(asked), len(language.All()))
}

// Each control of each form, in parts of parts too, says in the reader's own language how it is filled in, and says
// more than its label.
func TestEveryFieldHasItsHelpInEveryLanguage(t *testing.T) {
	english, checked := map[string]string{}, 0
	en, _ := language.Get("en")
	for _, l := range append([]*language.Language{en}, language.All()...) {
		for _, a := range conference.Catalogue() {
			controls(web.FormIn(a, l), func(f web.Field) {
				at := a.Name + " " + f.Name
				switch {
				case f.Help == "":
					t.Errorf("%s: no help for %s", l.Code, at)
				case strings.EqualFold(f.Help, f.Label):
					t.Errorf("%s: the help for %s is its label: %s", l.Code, at, f.Help)
				case l == en:
					english[at] = f.Help
				case f.Help == english[at]:
					t.Errorf("%s: the help for %s is English: %s", l.Code, at, f.Help)
				}
				checked++
			})
		}
	}
	if checked < 10*500 {
		t.Errorf("only %d helps", checked)
	}
	t.Logf("%d helps", checked)
}
