package web_test

import (
	"context"
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
	"kurultai/story"
	"kurultai/story/storytest"
	"kurultai/web"
)

// places are the addresses of public places, behind a language, by story.
var places = map[string][]string{
	"baku": {"", "meetings", "meetings/xxii", "meetings/xxii/papers", "meetings/xxii/programme", "meetings/xxii/replay?at=80", "documents", "decisions", "instruments", "instruments/doc-secretariat/status", "instruments/founding-protocol/status?on=1999-01-01", "commitments", "parties", "parties?on=2018-06-01", "parties/uz", "parties/ge",
		"search", "search?q=terror", "verify", "record", "record/81"},
	"training": {"", "meetings", "meetings/viii/papers", "meetings/vii", "meetings/viii", "meetings/ix", "meetings/viii/programme", "meetings/ix/programme", "meetings/viii/replay?at=214", "documents", "documents/LP/VIII/L.1", "documents/LP/VIII/L.2",
		"documents/LP/VIII/INF.1", "decisions", "instruments", "instruments/statute", "instruments/statute/signing", "instruments/statute/status", "instruments/statute/status?on=2027-06-09", "commitments", "parties", "parties?on=2020-01-01", "parties/xa", "parties/xo", "parties/xm", "people/d01cf62a63ac4545b126c7898fcef4a1",
		"people/0b0d2057505aa79015f804f3796b9cdb", "search?q=lake", "search?q=zzzz", "verify", "record"},
	"drafting": {"documents", "documents/LP/VI/L.1", "documents/LP/VI/L.1?beside=ru", "documents/LP/VI/L.1?amended=1", "documents/LP/VI/L.1/Rev.1", "documents/LP/VI/L.1/Rev.1?beside=kk", "documents/LP/VI/L.1/Rev.1?since=1", "documents/LP/VI/INF.1",
		"receipts/LP/VI/L.1", "receipts/LP/VI/L.1/Rev.1", "receipts/LP/VI/L.2", "translations", "draft"},
	"undertakings": {"", "commitments", "commitments/gauge-readings", "commitments/flood-officers", "commitments/avalanche-map", "commitments/warning-scale", "parties/xo", "parties/xz/commitments", "meetings/vi/commitments", "meetings/vi/papers", "decisions", "decisions/vi-1", "decisions/vii-1",
		"documents/LP/VI/L.1", "documents/LP/VI/L.2", "reminders", "reminders?on=2027-06-09", "search?q=gauges"},
	"registry": {"", "parties/xl", "record", "record/45"},
	"treaty":   {"", "instruments", "instruments/warning-service", "instruments/warning-service/status", "instruments/warning-service/status?on=2027-06-09", "instruments/warning-protocol/status?on=2029-02-06"},
}

// wanting finds what a page must not hold: a word that is missing, or a place in one that nothing filled.
var wanting = regexp.MustCompile(`⟨[^⟩]*⟩|\{\d\}|%!`)

func TestEachPublicPlaceSpeaksEveryLanguage(t *testing.T) {
	pages := 0
	for name, list := range places {
		r := storytest.Play(t, name)
		h := web.New(reading{r}, web.Options{File: r.View().File})
		for _, place := range list {
			seen := map[string]bool{}
			for _, l := range language.All() {
				w := get(h, "/"+l.Code+"/"+place)
				page := w.Body.String()
				if w.Code != http.StatusOK || wanting.MatchString(page) || len(page) > 50_000 || !strings.Contains(page, `<html lang="`+l.Code+`"`) {
					t.Errorf("%s, %s in %s: %d, %d bytes, lacks %q", name, place, l.Code, w.Code, len(page), wanting.FindString(page))
				}
				if strings.Count(page, "<h1>") != 1 || strings.Count(page, "<main ") != 1 {
					t.Errorf("%s, %s in %s has %d headings", name, place, l.Code, strings.Count(page, "<h1>"))
				}
				seen[read(page)] = true
				pages++
			}
			if len(seen) != 9 {
				t.Errorf("%s, %s: %d different pages", name, place, len(seen))
			}
		}
	}
	t.Logf("%d pages read", pages)
}

var links = regexp.MustCompile(`(?:href|action)="(/en/[^"]*)"`)

// crawl follows the links of a page, and those of the pages they lead to, and says where each was found.
func crawl(h http.Handler, from string, most int) (found map[string]string, answers map[string]int) {
	found, answers = map[string]string{from: ""}, map[string]int{}
	for todo := []string{from}; len(todo) > 0 && len(answers) < most; todo = todo[1:] {
		path, _, _ := strings.Cut(todo[0], "#")
		if _, done := answers[path]; done {
			continue
		}
		w := get(h, path)
		answers[path] = w.Code
		for _, m := range links.FindAllStringSubmatch(w.Body.String(), -1) {
			to := html.UnescapeString(m[1])
			if _, known := found[to]; !known && !strings.HasPrefix(to, "/en/record/") {
				found[to] = path
				todo = append(todo, to)
			}
		}
	}
	return found, answers
}

// Every link of a public page leads somewhere, now and in the past.
func TestNoLinkIsDead(t *testing.T) {
	followed := 0
	for name, starts := range map[string][]string{"baku": {"/en/", "/en/?at=70", "/en/?at=2"}, "training": {"/en/", "/en/?at=390", "/en/?at=240", "/en/?at=100", "/en/?at=1"}} {
		h := web.New(reading{storytest.Play(t, name)}, web.Options{})
		for _, start := range starts {
			found, answers := crawl(h, start, 120)
			if len(answers) < 4 {
				t.Errorf("%s%s leads to %d pages", name, start, len(answers))
			}
			for path, code := range answers {
				if code != http.StatusOK && code != http.StatusSeeOther {
					t.Errorf("%s: %s, to which %s leads: %d", name, path, found[path], code)
				}
				followed++
			}
		}
	}
	t.Logf("%d links followed", followed)
}

// What is reached from a page of the past stays there.
func TestThePastLeadsToThePast(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "training")}, web.Options{})
	page := get(h, "/en/?at=240").Body.String()
	for _, to := range []string{`href="/en/documents?at=240"`, `href="/en/meetings/viii?at=240"`, `href="/de/?at=240"`, `href="/en/parties/xa?at=240"`} {
		if !strings.Contains(page, to) {
			t.Errorf("no %s", to)
		}
	}
	if !strings.Contains(page, "as it stood then. Entries: 240.") || strings.Contains(page, "data-live") {
		t.Error("it does not say that it is of the past, or renews itself")
	}
	for _, at := range []string{"0", "-1", "x", "99999999999999999999", "413"} {
		if w := get(h, "/en/documents?at="+at); w.Code != http.StatusNotFound {
			t.Errorf("at=%s: %d", at, w.Code)
		}
	}
}

func TestASearchFindsHoweverItIsSpelt(t *testing.T) {
	baku, training := web.New(reading{storytest.Play(t, "baku")}, web.Options{}), web.New(reading{storytest.Play(t, "training")}, web.Options{})
	for _, row := range []struct {
		h       http.Handler
		q, want string // want: an address; "": nothing is found
	}{
		{baku, "azerbaycan", "/en/parties/az"}, {baku, "AZƏRBAYCAN", "/en/parties/az"}, {baku, "Azerbai", "/en/parties/az"},
		{baku, "oʻzbekiston", "/en/parties/uz"}, {baku, "O‘ZBEKISTON", "/en/parties/uz"}, {baku, "o'zbekiston", "/en/parties/uz"}, {baku, "Özbekistan", "/en/parties/uz"}, {baku, "ozbekistan", "/en/parties/uz"},
		{baku, "ҚАЗАҚСТАН", "/en/parties/kz"}, {baku, "казакстан", "/en/parties/kz"}, {baku, "საქართველო", "/en/parties/ge"}, {baku, "ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ", "/en/parties/ge"},
		{baku, "азербайжан", "/en/parties/az"}, {baku, "turkiye", "/en/parties/tr"}, {baku, "TÜRKİYE", "/en/parties/tr"}, {baku, "81", "/en/record/81"}, {baku, "terrorism", "/en/meetings/xxii"}, {baku, "баку", "/en/meetings/xxii"},
		{baku, "baycan", ""}, {baku, "terrorism zzz", ""},
		{training, "lp/viii/l.1", "/en/documents/LP/VIII/L.1"}, {training, "L.1", "/en/documents/LP/VIII/L.1"}, {training, "VIII/1", "/en/documents/LP/VIII/L.1"}, {training, "fähren SEEN", "/en/meetings/ix#agenda"}, {training, "fahren", "/en/meetings/ix#agenda"},
		{training, "warning service", "/en/instruments/statute"}, {training, "ardovel", "/en/parties/xa"}, {training, "тесмонд", "/en/people/0b0d2057505aa79015f804f3796b9cdb"},
		{training, "999999999999999999999", ""}, {training, "' \" , \x00", ""}, {training, strings.Repeat("ə", 9000), ""}, {training, "\xff\xfe", ""},
	} {
		w := get(row.h, "/en/search?q="+url.QueryEscape(row.q))
		_, main, _ := strings.Cut(w.Body.String(), "<main ")
		_, results, _ := strings.Cut(main, "</form>")
		if w.Code != http.StatusOK || row.want != "" && !strings.Contains(results, `"`+row.want+`"`) || row.want == "" && strings.Contains(results, `class="t"`) {
			t.Errorf("%.40q: %d, no %s in %.300s", row.q, w.Code, row.want, read("<main >"+results))
		}
	}
}

// A paper that is not for everybody is on no public page, and its own says so.
func TestAClosedPaperIsOnNoPublicPage(t *testing.T) {
	text, _ := story.Shipped("training")
	changed := strings.Replace(string(text), `"level":"public","symbol":"LP/VIII/INF.1"`, `"level":"confidential","symbol":"LP/VIII/INF.1"`, 1)
	if changed == string(text) {
		t.Fatal("no paper was closed")
	}
	s := storytest.PlayText(t, []byte(changed))
	h := hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}})}
	pages := 0
	for _, path := range []string{"/en/documents", "/en/meetings/viii", "/en/search?q=INF", "/en/", "/en/decisions"} {
		if page := get(h.h, path).Body.String(); strings.Contains(page, "INF.1") {
			t.Errorf("%s shows it", path)
		}
		pages++
	}
	if w := get(h.h, "/en/documents/LP/VIII/INF.1"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "not for everybody") || strings.Contains(w.Body.String(), "owZzFQoL7KTvwDVNuKYBmju813u8j5hJ7jbNmlVi2tQ") {
		t.Errorf("its page: %d", w.Code)
	}
	secretary := h.holder(conference.Secretary, "")
	r := httptest.NewRequest(http.MethodGet, "http://localhost/en/documents/LP/VIII/INF.1", nil)
	r.RemoteAddr = "127.0.0.1:1"
	r.AddCookie(web.SignIn(h.h, secretary))
	page := httptest.NewRecorder()
	if h.h.ServeHTTP(page, r); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "owZzFQoL7KTvwDVNuKYBmju813u8j5hJ7jbNmlVi2tQ") {
		t.Errorf("a secretary gets %d", page.Code)
	}
	t.Logf("%d pages", pages)
}

// What a party is depends on the day; where reports disagree, both stand.
func TestAPartyIsShownAsOfADay(t *testing.T) {
	baku, training := web.New(reading{storytest.Play(t, "baku")}, web.Options{}), web.New(reading{storytest.Play(t, "training")}, web.Options{})
	row := func(h http.Handler, path, party string) string {
		page := get(h, path).Body.String()
		_, after, _ := strings.Cut(page, `<tr><th scope="row"><span class="state"><img class="flag" src="`)
		_, after, _ = strings.Cut(page[len(page)-len(after):], `/parties/`+party)
		after, _, _ = strings.Cut(after, "</tr>")
		return after
	}
	for _, c := range []struct{ day, want string }{{"2020-01-01", "No status on this day"}, {"2022-01-01", "No status on this day"}, {"2023-06-07", "Member"}, {"2030-01-01", "Member"}} {
		if got := row(training, "/en/parties?on="+c.day, "xz"); !strings.Contains(got, c.want) {
			t.Errorf("Zelinor on %s: %.200s", c.day, got)
		}
	}
	page := read(get(baku, "/en/parties/uz").Body.String())
	for _, want := range []string{"Member", "Observer", "All versions kept", "2018", "XXII Meeting, Baku"} {
		if !strings.Contains(page, want) {
			t.Errorf("Uzbekistan's page lacks %s:\n%s", want, page)
		}
	}
	if got := row(baku, "/en/parties", "uz"); !strings.Contains(got, "Reports differ") {
		t.Errorf("the list hides that reports differ: %s", got)
	}
	if w := get(training, "/en/parties?on=yesterday"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "2019-09-06") {
		t.Errorf("a day that is none: %d", w.Code)
	}
}

func TestWhoIsForgottenIsSaidToBe(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "training")}, web.Options{})
	for _, l := range language.All() {
		if page := get(h, "/"+l.Code+"/people/d01cf62a63ac4545b126c7898fcef4a1").Body.String(); !strings.Contains(page, l.Say("public.forgotten")) || !strings.Contains(page, l.Say("page.forgotten")) {
			t.Errorf("%s does not say so", l.Code)
		}
	}
	for _, path := range []string{"/en/people/unnamed", "/en/people/x", "/en/people/" + strings.Repeat("0", 32)} {
		if w := get(h, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// A commitment is late from when the Clock says so, and not a moment before.
func TestLateIsWhatTheClockFound(t *testing.T) {
	s := storytest.Play(t, "training")
	h := web.New(reading{s}, web.Options{})
	seen := map[string]int{}
	for size := int64(360); size <= s.View().State().Size; size++ {
		v, err := s.View().At(t.Context(), size)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range v.State().Commitments() {
			page := get(h, fmt.Sprintf("/en/commitments?at=%d", size)).Body.String()
			late := strings.Contains(page, `<dt class="late">`)
			state := c.Standings[0].State
			if want := c.Standings[0].Course() == conference.CourseOverdue; late != want {
				t.Errorf("with %d entries it is %s and shown late: %v", size, state, late)
			}
			seen[state]++
		}
	}
	for _, state := range []string{"recorded", "overdue", "escalated", "fulfilled"} {
		if seen[state] == 0 {
			t.Errorf("it was never %s: %v", state, seen)
		}
	}
}

func TestAMeetingIsReplayed(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "training")}, web.Options{})
	const at = "/en/meetings/viii/replay"
	for _, row := range []struct{ from, to string }{
		{"", at + "?at=386"},                                              // the end
		{"?at=2", at + "?at=76"},                                          // before the meeting: its beginning
		{"?was=200&slider=250&entry=200", at + "?at=251"},                 // the slider was moved
		{"?was=200&slider=200&entry=230", at + "?at=231"},                 // another number was typed
		{"?was=385&slider=385&entry=400", at + "?at=386"},                 // no further
		{"?was=x&slider=y&entry=99999999999999999999999", at + "?at=386"}, // nonsense
	} {
		w := get(h, at+row.from)
		if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || to != row.to {
			t.Errorf("%q leads to %q, want %s (%d)", row.from, to, row.to, w.Code)
		}
	}
	page := get(h, at+"?at=201").Body.String()
	for rel, to := range map[string]int{"first": 76, "prev": 200, "next": 202, "last": 386} {
		if !strings.Contains(page, fmt.Sprintf(`href="%s?at=%d" rel="%s"`, at, to, rel)) {
			t.Errorf("%s does not lead to %d", rel, to)
		}
	}
	on := regexp.MustCompile(`<rect [^>]*class="on"`)
	before := 0
	for _, size := range []int{76, 150, 214, 300, 386} {
		page := get(h, fmt.Sprintf("%s?at=%d", at, size)).Body.String()
		bars, reached := strings.Count(page, "<rect x="), len(on.FindAllString(page, -1))
		if bars != 91 || reached <= before || size == 386 && reached != bars {
			t.Errorf("with %d entries %d of %d bars are reached, before %d", size, reached, bars, before)
		}
		if before = reached; !strings.Contains(page, fmt.Sprintf(`<li class="cur" aria-current="true"><span><a class="mark open" href="/en/record/%d"`, size-1)) {
			t.Errorf("entry %d is not the one marked", size-1)
		}
	}
	if w := get(h, "/en/meetings/none/replay"); w.Code != http.StatusNotFound {
		t.Errorf("of no meeting: %d", w.Code)
	}
}

// A private value stands on the page of its entry for whoever may see it, with the disclosure that proves it.
func TestDisclosuresAreShownToWhoMaySeeThem(t *testing.T) {
	s := storytest.Play(t, "training")
	h := hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}, Open: func(ctx context.Context, d record.Digest) (record.Disclosure, error) { return s.View().Open(ctx, d) }})}
	row := regexp.MustCompile(`<tr><th scope="row"><span class="mono">([^<]*)</span></th><td data-l="Value"><div>([^<]*)<br><span class="mono small quiet">([^<]*)</span>`)
	hidden := 0
	for _, who := range []conference.PersonID{"", h.holder(conference.Secretary, "")} {
		shown, may := 0, s.View().State().Disclosed(s.View().State().Reader(who, s.View().State().Last))
		for i := range int64(44) {
			w := h.see(who, fmt.Sprintf("/en/record/%d", i))
			for _, m := range row.FindAllStringSubmatch(w.Body.String(), -1) {
				if d := record.Disclosure(m[3]); string(d.Digest()) != m[1] || !may[d.Digest()] || m[2] == "" {
					t.Errorf("entry %d shows %s to %q", i, m[2], who)
				}
				shown++
			}
			hidden += strings.Count(w.Body.String(), "Not open to you")
		}
		if shown == 0 {
			t.Errorf("nothing is shown to %q", who)
		}
		t.Logf("%d values are shown to %q", shown, who)
	}
	if hidden == 0 {
		t.Error("nothing is hidden")
	}
}
