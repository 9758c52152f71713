package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/story/storytest"
	"kurultai/web"
)

// At each size of the record at which the statute was signed, the page and the wall say in every language who has signed,
// who has the pen or is next, and the order is the same.
func TestASigningIsShownAtEachOfItsSteps(t *testing.T) {
	s := storytest.Play(t, "training")
	h := web.New(reading{s}, web.Options{})
	i, _ := s.View().State().Instrument("statute")
	met, pages := map[string]int{}, 0
	for size := i.Begun + 1; size <= s.View().State().Size; size++ {
		v, err := s.View().At(t.Context(), size)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := v.State().Instrument("statute")
		if x.Index != size-1 {
			continue // nothing was done about it
		}
		_, held := x.PenOf(v.State().Last)
		for _, l := range language.All() {
			say := func(key string, args ...string) string { return l.Say(key, args...) }
			want := say("signing.lies")
			switch {
			case x.Paper == 0:
				want = say("signing.notissued")
			case len(x.Entered) == len(x.Signatories)+1:
				want = say("signing.all")
			case held:
				want = say("signing.pen")
			}
			met[want]++
			for _, at := range []string{"signing", "wall"} {
				w := get(h, fmt.Sprintf("/%s/instruments/statute/%s?at=%d", l.Code, at, size))
				page := w.Body.String()
				if w.Code != http.StatusOK || wanting.MatchString(page) || strings.Count(page, "<h1") != 1 || !strings.Contains(page, want) {
					t.Errorf("%s at %d in %s: %d, want %q: %s", at, size, l.Code, w.Code, want, read(page))
				}
				if order := []string{say("capacity.Depositary"), "xa.svg", "xl.svg", "xo.svg"}; at == "wall" {
					_, board, _ := strings.Cut(page, `<ul class="board`)
					for n, name := range order {
						if strings.Count(board, name) != 1 || n > 1 && strings.Index(board, order[n-1]) > strings.Index(board, name) {
							t.Errorf("wall at %d in %s: %s is not in its place", size, l.Code, name)
						}
					}
				}
				pages++
			}
		}
	}
	if len(met) != 4*9 || pages < 9*2*15 {
		t.Errorf("%d pages, %d things said", pages, len(met))
	}
	if w := get(h, "/en/instruments/none/signing"); w.Code != http.StatusNotFound {
		t.Errorf("%d", w.Code)
	}
}

// Who may take the pen does so on the page of the signing and comes back to it; others read why not; the public reads no
// button at all.
func TestThePenIsTakenWhereItIsSeen(t *testing.T) {
	s := storytest.PlayText(t, signedUntil(t, `"key":"CYRgvBnYOn4zE2ISGmSRlw"`))
	h := hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}})}
	const at = "/en/instruments/statute/signing"
	xa, xl, xo := h.holder(conference.Head, "xa"), h.holder(conference.Head, "xl"), h.holder(conference.Head, "xo")
	if page := h.see("", at).Body.String(); strings.Contains(page, "/act/TakePen") || !strings.Contains(page, "The pen lies ready") {
		t.Errorf("the public reads %s", read(page))
	}
	action, typed := h.pressed(h.see(xa, at).Body.String(), "Take the pen: Ardovel")
	if w := h.post(xa, action, typed); w.Code != http.StatusSeeOther || w.Header().Get("Location") != at {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Location"))
	}
	for who, want := range map[conference.PersonID][]string{xa: {"Lay down the pen: Ardovel", "Enter a signature: Ardovel"}, xo: {"barred", "Ardovel has the pen"}} {
		w := h.see(who, at)
		for _, text := range want {
			if !strings.Contains(w.Body.String(), text) {
				t.Errorf("no %q in %s", text, read(w.Body.String()))
			}
		}
		if w.Header().Get("Cache-Control") != "private, no-store" {
			t.Errorf("a page with buttons of one may be kept")
		}
	}
	if page := h.see(xl, at).Body.String(); strings.Contains(page, "/act/TakePen") {
		t.Error("who has signed is offered the pen again")
	}
	if page := h.see(xo, "/en/meetings/viii/floor").Body.String(); !strings.Contains(page, `href="`+at+`"`) {
		t.Error("a phone of a delegation that has yet to sign does not lead there")
	}
	if page := h.see(h.holder(conference.Secretary, ""), "/en/meetings/viii/desk/papers").Body.String(); !strings.Contains(page, `href="`+at+`"`) {
		t.Error("the desk does not lead there")
	}
	action, typed = h.pressed(h.see(xa, at).Body.String(), "Lay down the pen: Ardovel")
	if w := h.post(xa, action, typed); w.Code != http.StatusSeeOther {
		t.Fatalf("%d", w.Code)
	}
	if i, _ := s.View().State().Instrument("statute"); i.Pen.Index != 0 {
		t.Errorf("%+v", i.Pen)
	}
}
