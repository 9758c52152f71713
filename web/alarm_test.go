package web_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/web"
)

// byDesk has an officer act for a party on an instruction, and returns the entry.
func (h hall) byDesk(party, name, fields string) int64 {
	h.Helper()
	h.does(h.holder(conference.Secretary, ""), conference.Secretary, party, "ix", name, fields)
	return h.s.View().State().Size - 1
}

// mine reads a stream's me frames, each as the text of its lines.
func (h hall) mine(address string, p conference.PersonID) <-chan string {
	h.Helper()
	ctx, stop := context.WithTimeout(h.Context(), 20*time.Second)
	h.Cleanup(stop)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		h.Fatal(err)
	}
	r.AddCookie(web.SignIn(h.h, p))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.Fatal(err)
	}
	frames := make(chan string, 64)
	go func() {
		defer answer.Body.Close()
		defer close(frames)
		var frame strings.Builder
		me := false
		for in := bufio.NewScanner(answer.Body); in.Scan(); {
			switch line := in.Text(); {
			case line == "event: me":
				me = true
			case line == "" && me:
				frames <- frame.String()
				frame.Reset()
				me = false
			case me:
				frame.WriteString(strings.TrimPrefix(line, "data: ") + "\n")
			}
		}
	}()
	return frames
}

// A member of a delegation has any page open; what the desk does in its name is there at once, in the page's language, and
// goes when it is disowned. Others, and the other pages' readers, hear nothing.
func TestTheAlarmReachesEachPageOfTheDelegation(t *testing.T) {
	h := newHall(t)
	server := httptest.NewServer(h.h)
	t.Cleanup(server.Close)
	xz, xv := h.holder(conference.Head, "xz"), h.holder(conference.Head, "xv")
	l, _ := language.Get("ka")
	pages := []string{"/ka/meetings/ix/live", "/ka/mine/live", "/ka/meetings/ix/floor/agenda/live", "/ka/now/live", "/ka/decisions/live"}
	var open []<-chan string
	for _, page := range pages {
		frames := h.mine(server.URL+page, xz)
		if first := <-frames; !strings.Contains(first, `id="alarm-ka"`) || strings.Contains(first, l.Say("phone.alarm")) {
			t.Errorf("%s begins with %q", page, first)
		}
		open = append(open, frames)
	}
	other := h.mine(server.URL+"/ka/meetings/ix/live", xv)
	<-other
	// until reads frames until one is of the language and says, or does not say, that the desk acted.
	until := func(page string, frames <-chan string, alarmed bool) string {
		for frame := range frames {
			if strings.Contains(frame, `id="alarm-ka"`) && strings.Contains(frame, l.Say("phone.alarm")) == alarmed {
				return frame
			}
		}
		t.Fatalf("%s never hears it (%v)", page, alarmed)
		return ""
	}
	entry := h.byDesk("xz", "AskFloor", `{"instruction":"aloud","request":"f-desk"}`)
	for i, page := range pages {
		frame := until(page, open[i], true)
		if !strings.Contains(frame, `action="/ka/act/Disown"`) || !strings.Contains(frame, l.Say("page.notus")) || !strings.Contains(frame, l.Say("phone.aloud")) {
			t.Errorf("%s: %s", page, read(frame))
		}
	}
	for _, path := range []string{"/ka/act/AskFloor", "/ka/search", "/ka/parties/xz", "/ka/pending", "/ka/me", "/ka/meetings/ix/floor", "/ka/meetings/ix/floor/name"} {
		page := h.see(xz, path).Body.String()
		if !strings.Contains(page, l.Say("phone.alarm")) || strings.Count(page, `id="alarm-ka"`) != 1 || !strings.Contains(page, `data-live="/ka/m`) {
			t.Errorf("%s does not say it, or has no stream that would", path)
		}
		if page := h.see(xv, path).Body.String(); strings.Contains(page, l.Say("phone.alarm")) {
			t.Errorf("another delegation reads it at %s", path)
		}
	}
	for _, path := range []string{"/ka/meetings/ix", "/ka/", "/ka/record", "/ka/record/3"} { // made once for all of a class
		if page := h.see(xz, path).Body.String(); strings.Contains(page, l.Say("phone.alarm")) || !strings.Contains(page, `<div class="alarms" id="alarm-ka" role="alert"></div>`) {
			t.Errorf("%s has no place for it, or holds what is personal", path)
		}
	}
	h.takes(conference.Head, "xz", "Disown", conference.Disown{Index: entry})
	for i, page := range pages {
		until(page, open[i], false)
	}
	select {
	case frame := <-other:
		t.Errorf("another delegation hears: %s", frame)
	default:
	}
}

// A delegate, who may not disown, is told all the same; after a day nobody is told.
func TestTheAlarmIsForEachMember(t *testing.T) {
	h := newHall(t)
	delegate := h.holder(conference.Head, "xv")
	first, second := h.officers()
	fields, err := canonical.Parse(`{"capacity":"Delegate","for":"xz","person":"` + string(delegate) + `"}`)
	if err != nil {
		t.Fatal(err)
	}
	grant := secretariat.Act{Submitted: record.Submitted{Name: "GrantOffice", By: string(first), As: string(conference.Secretary), With: []record.With{{As: string(conference.Secretary), By: string(second)}}, Fields: fields, Key: web.NewKey(), Origin: h.s.View().Origin()}}
	if _, err := h.s.Do(t.Context(), &grant); err != nil {
		t.Fatal(err)
	}
	h.byDesk("xz", "AskFloor", `{"instruction":"letter of today","request":"f-desk"}`)
	page := h.see(delegate, "/en/me").Body.String()
	if !strings.Contains(page, "The desk acted in your name") || !strings.Contains(page, "letter of today") || strings.Contains(page, "/act/Disown") {
		t.Errorf("a delegate: %s", read(page))
	}
	if page := h.see(h.holder(conference.Head, "xz"), "/en/me").Body.String(); !strings.Contains(page, "/act/Disown") {
		t.Errorf("the head: %s", read(page))
	}
}

// Beside a result stands how many answers the desk gave, and how many of those their delegations disowned.
func TestAResultSaysWhatTheDeskAnswered(t *testing.T) {
	h := newHall(t)
	h.called()
	h.byDesk("xv", "Answer", `{"answer":"yes","instruction":"aloud","question":"q-ix"}`)
	h.byDesk("xo", "Answer", `{"answer":"yes","instruction":"aloud","question":"q-ix"}`)
	entry := h.byDesk("xz", "Answer", `{"answer":"no","instruction":"aloud","question":"q-ix"}`)
	h.takes(conference.Head, "xz", "Disown", conference.Disown{Index: entry})
	for _, p := range []conference.PartyID{"xa", "xl"} {
		h.takes(conference.Head, p, "Answer", conference.Answer{Question: "q-ix", Answer: "yes"})
	}
	const counted, disowned = "entered by the secretariat for delegations: 2", "disowned by them and not counted: 1"
	says := func(who conference.PersonID, path string) {
		t.Helper()
		if page := read(h.see(who, path).Body.String()); !strings.Contains(page, counted) || !strings.Contains(page, disowned) {
			t.Errorf("%s: %s", path, page)
		}
	}
	says(h.holder(conference.Chair, ""), "/en/meetings/ix/chair")
	h.takes(conference.Chair, "", "EndVoting", conference.EndVoting{Question: "q-ix"})
	h.takes(conference.Chair, "", "AnnounceResult", conference.AnnounceResult{Question: "q-ix"})
	for _, path := range []string{"/en/meetings/ix", "/en/meetings/ix/wall", "/en/documents/LP/IX/L.1"} {
		says("", path)
	}
}
