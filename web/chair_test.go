package web_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/story/storytest"
	"kurultai/web"
)

// then is a desk at an instant of the past.
type then struct {
	desk
	at record.Instant
}

func (d then) Now() record.Instant { return d.at }

var (
	says    = regexp.MustCompile(`(?s)<blockquote>(.*?)</blockquote>`)
	chairDo = regexp.MustCompile(`(?s)<form method="post" action="/\w\w/act/(\w+)">(.*?)</form>`)
)

// Wherever the training story stands, the Chair is told what to say, in each language, and every button is one that the
// rules would take.
func TestTheChairSeesWhatComesNext(t *testing.T) {
	s := storytest.Play(t, "training")
	said, pressed, barred, ladders := map[string]bool{}, 0, 0, 0
	for size := int64(60); size <= s.View().State().Size; size += 3 {
		v, err := s.View().At(t.Context(), size)
		if err != nil {
			t.Fatal(err)
		}
		st := v.State()
		h := hall{t, s, web.New(fixed{shown{v}}, web.Options{Desk: then{desk{s}, st.Last}})}
		meetings := st.Meetings()
		id := meetings[len(meetings)-1].MeetingConvened.Meeting
		chair := st.Holders(conference.Chair)[0].Person
		l := language.All()[int(size/3)%len(language.All())]
		w := h.see(chair, "/"+l.Code+"/meetings/"+string(id)+"/chair")
		page := w.Body.String()
		if w.Code != http.StatusOK || strings.Contains(page, "⟨") || len(page) > 50_000 || !strings.Contains(page, `<html lang="`+l.Code+`"`) {
			t.Fatalf("size %d in %s: %d, %d bytes\n%s", size, l.Code, w.Code, len(page), page)
		}
		step := st.Next(id, st.Last)
		if m := says.FindStringSubmatch(page); m == nil || m[1] == "" || step.Rule != "" && !strings.Contains(page, step.Rule) {
			t.Errorf("size %d: nothing to say, or no rule %s", size, step.Rule)
		}
		said[string(step.Code)] = true
		ready := map[string]bool{}
		for _, o := range st.Offers(chair, id, st.Last) {
			ready[o.Act.Name] = ready[o.Act.Name] || o.Refusal == nil
		}
		for _, m := range chairDo.FindAllStringSubmatch(page, -1) {
			if pressed++; !ready[m[1]] || !strings.Contains(m[2], `name="from" value="chair"`) {
				t.Errorf("size %d: a button does %s, which is not offered", size, m[1])
			}
		}
		barred += strings.Count(page, `<li class="barred">`)
		ladders += strings.Count(page, `<ol class="motions">`)
	}
	if len(said) < 12 || pressed < 100 || barred < 100 || ladders == 0 {
		t.Errorf("%d sentences, %d buttons, %d barred, %d ladders", len(said), pressed, barred, ladders)
	}
	t.Logf("%d sentences, %d buttons, %d barred, %d ladders", len(said), pressed, barred, ladders)
}

// Only who presides or serves the Chair comes here; others are told who may, and the public how to sign in.
func TestTheChairsPlaceIsForTheChair(t *testing.T) {
	h := newHall(t)
	for who, want := range map[conference.PersonID]int{
		"": http.StatusUnauthorized, h.holder(conference.Head, "xv"): http.StatusForbidden, h.holder(conference.ObserverHead, "xm"): http.StatusForbidden,
		h.holder(conference.Chair, ""): http.StatusOK, h.holder(conference.Secretary, ""): http.StatusOK,
	} {
		for _, l := range language.All() {
			w := h.see(who, "/"+l.Code+"/meetings/ix/chair")
			if w.Code != want || strings.Contains(w.Body.String(), "⟨") {
				t.Errorf("%q in %s gets %d, not %d", who, l.Code, w.Code, want)
			}
			if signin := strings.Contains(w.Body.String(), `class="btn main" href="/`+l.Code+`/signin"`); signin != (want == http.StatusUnauthorized) {
				t.Errorf("%q in %s is shown the way to sign in: %v", who, l.Code, signin)
			}
			if want == http.StatusOK {
				continue
			}
			live := h.see(who, "/"+l.Code+"/meetings/ix/chair/live")
			led := live.Body.String() == "event: moved\ndata: /"+l.Code+"/signin\n\n" // whoever was signed in when the page came
			if led != (want == http.StatusUnauthorized) || !led && live.Code != want {
				t.Errorf("%q follows the Chair's place: %d %.80s", who, live.Code, live.Body)
			}
		}
	}
}

// The Chair's device dies in the middle of a sitting: on another device, signed in anew, the same stands there and goes
// on.
func TestAnotherDeviceGoesOn(t *testing.T) {
	h := newHall(t)
	chair := h.holder(conference.Chair, "")
	first := h.see(chair, "/en/meetings/ix/chair").Body.String()
	at := slices.IndexFunc(chairDo.FindAllStringSubmatch(first, -1), func(m []string) bool { return m[1] == "GiveFloor" })
	if at < 0 {
		t.Fatalf("the floor cannot be given:\n%s", first)
	}
	second := h.see(chair, "/en/meetings/ix/chair").Body.String() // with a session of its own
	if says.FindString(first) != says.FindString(second) {
		t.Errorf("the devices say %q and %q", says.FindString(first), says.FindString(second))
	}
	typed := hidden.FindAllStringSubmatch(chairDo.FindAllStringSubmatch(second, -1)[at][2], -1)
	form := map[string][]string{}
	for _, f := range typed {
		form[f[1]] = append(form[f[1]], f[2])
	}
	w := h.post(chair, "/en/act/GiveFloor", form)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/en/meetings/ix/chair" {
		t.Fatalf("%d to %q: %s", w.Code, w.Header().Get("Location"), w.Body)
	}
	if q, ok := h.s.View().State().Speaking("ix"); !ok || q.Party != "xv" {
		t.Error("the floor was not given")
	}
}

// What cannot be undone is asked once more, and the page stands still meanwhile.
func TestWhatIsForGoodIsAskedOnceMore(t *testing.T) {
	s := storytest.Play(t, "training")
	asked := map[string]bool{}
	for size := int64(140); size <= s.View().State().Size; size++ {
		v, err := s.View().At(t.Context(), size)
		if err != nil {
			t.Fatal(err)
		}
		st := v.State()
		next := st.Next("viii", st.Last)
		if m, ok := st.Meeting("viii"); !ok || m.Closed || asked[next.Act] || !slices.Contains([]string{"EndVoting", "AnnounceResult", "CloseMeeting"}, next.Act) {
			continue
		}
		h := hall{t, s, web.New(fixed{shown{v}}, web.Options{Desk: then{desk{s}, st.Last}})}
		chair := st.Holders(conference.Chair)[0].Person
		page := h.see(chair, "/en/meetings/viii/chair").Body.String()
		link := regexp.MustCompile(`href="([^"]*\?sure=` + next.Act + `-\d+)"`).FindStringSubmatch(page)
		if strings.Contains(page, `action="/en/act/`+next.Act+`"`) || link == nil {
			continue // barred, or something is to be filled in
		}
		again := h.see(chair, link[1]).Body.String()
		if !strings.Contains(again, `action="/en/act/`+next.Act+`"`) || strings.Contains(again, "data-live") || !strings.Contains(again, `data-key="Escape"`) {
			t.Errorf("size %d: %s is not asked once more, or the page moves meanwhile", size, next.Act)
		}
		asked[next.Act] = true
	}
	if len(asked) < 2 {
		t.Errorf("only %v were asked about", asked)
	}
}

// A delegation asks for a roll call: the Chair puts the question and draws the first name by one press each, and types
// no digest. What is drawn from is shown only with the draw, and the names stand in their alphabetical order.
func TestTheChairHoldsARollCallByOnePressEach(t *testing.T) {
	h := newHall(t)
	for _, q := range h.s.View().State().SpeakersList("ix") {
		h.takes(conference.Chair, "", "GiveFloor", conference.GiveFloor{Request: q.ID})
		h.takes(conference.Chair, "", "EndFloor", conference.EndFloor{Why: "done"})
	}
	chair, seen := h.holder(conference.Chair, ""), func() string { return h.see(h.holder(conference.Chair, ""), "/en/meetings/ix/chair").Body.String() }
	if strings.Contains(seen(), `value="roll-call"`) {
		t.Error("a roll call is offered that nobody asked for")
	}
	h.takes(conference.Head, "xz", "RequestRollCall", conference.RequestRollCall{Type: "proposal", Thing: "p-ix-1"})
	press := func(act string) {
		t.Helper()
		page := seen()
		all := chairDo.FindAllStringSubmatch(page, -1)
		at := slices.IndexFunc(all, func(m []string) bool { return m[1] == act })
		if at < 0 {
			t.Fatalf("no button does %s:\n%s", act, page)
		}
		typed := map[string][]string{}
		for _, f := range hidden.FindAllStringSubmatch(all[at][2], -1) {
			typed[f[1]] = append(typed[f[1]], f[2])
		}
		if w := h.post(chair, "/en/act/"+act, typed); w.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", act, w.Code, w.Body)
		}
	}
	if strings.Contains(seen(), "field.seed") {
		t.Error("the seed is shown before the question is put")
	}
	press("PutQuestion")
	press("DrawStart")
	q, _ := h.s.View().State().Pending("ix")
	at := slices.Index(q.Order, "xa")
	if q.Method != "roll-call" || at < 0 || !slices.Equal(append(slices.Clone(q.Order[at:]), q.Order[:at]...), []conference.PartyID{"xa", "xl", "xo", "xv", "xz"}) {
		t.Fatalf("the roll is %v", q.Order)
	}
	press("CallName")
	if page := seen(); !strings.Contains(page, `aria-current="step"`) {
		t.Error("nobody is called on the Chair's page")
	}
}

// After an item was opened the Chair asks for speakers: to close it is at hand, and not what N does.
func TestAnOpenItemIsNotClosedByTheKeyForWhatComesNext(t *testing.T) {
	s := storytest.Play(t, "training")
	var heard int
	for size := int64(60); size <= s.View().State().Size; size++ {
		v, err := s.View().At(t.Context(), size)
		if err != nil {
			t.Fatal(err)
		}
		st := v.State()
		id := st.Meetings()[len(st.Meetings())-1].MeetingConvened.Meeting
		if st.Next(id, st.Last).Code != "ask-speakers" {
			continue
		}
		heard++
		h := hall{t, s, web.New(fixed{shown{v}}, web.Options{Desk: then{desk{s}, st.Last}})}
		page := h.see(st.Holders(conference.Chair)[0].Person, "/en/meetings/"+string(id)+"/chair").Body.String()
		at := slices.IndexFunc(chairDo.FindAllStringSubmatch(page, -1), func(m []string) bool { return m[1] == "CloseItem" })
		if at < 0 || strings.Contains(page, "data-next") || !strings.Contains(says.FindString(page), "Who wishes to speak") {
			t.Errorf("size %d: the item cannot be closed, or N closes it: %s", size, says.FindString(page))
		}
	}
	if heard < 3 {
		t.Errorf("speakers were asked for %d times", heard)
	}
	t.Logf("speakers were asked for %d times", heard)
}
