package web_test

import (
	"net/http"
	"strings"
	"testing"

	"kurultai/language"
	"kurultai/story/storytest"
	"kurultai/web"
)

// One page leads to all of a demonstration, in every language; elsewhere the first page is the newest meeting's.
func TestOnePageLeadsToAll(t *testing.T) {
	s := storytest.Play(t, "training")
	h := web.New(reading{s}, web.Options{Desk: desk{s}, Demo: &web.Demo{Baku: "http://localhost:9"}})
	pages := map[string]bool{}
	for _, l := range language.All() {
		for _, w := range []interface{ String() string }{get(h, "/"+l.Code+"/start").Body, do(h, http.MethodGet, "/", map[string]string{"Accept-Language": l.Code}).Body} {
			page := w.String()
			if len(page) > 50_000 || strings.Contains(page, "⟨") || !strings.Contains(page, `<html lang="`+l.Code+`"`) {
				t.Errorf("%s: %d bytes", l.Code, len(page))
			}
			for _, to := range []string{"http://localhost:9/" + l.Code, "/" + l.Code + "/wall", "/" + l.Code + "/roles?to=desk", "/" + l.Code + "/roles?to=chair", "/" + l.Code + "/roles?to=floor", "/" + l.Code + "/record", "/" + l.Code + "/roles"} {
				if !strings.Contains(page, `href="`+to+`"`) {
					t.Errorf("%s: no way to %s", l.Code, to)
				}
			}
			pages[read(page)] = true
		}
	}
	if len(pages) != 9 {
		t.Errorf("%d different pages", len(pages))
	}
	page := strings.ToLower(get(h, "/en/start").Body.String())
	for _, word := range []string{"desk", "chair", "wall", "record", "baku"} {
		if !strings.Contains(page, word) {
			t.Errorf("the page does not speak of the %s", word)
		}
	}
	plain := web.New(reading{s}, web.Options{})
	if w := get(plain, "/"); w.Code != http.StatusSeeOther {
		t.Errorf("a body's first page: %d", w.Code)
	}
	if w := get(plain, "/en/start"); w.Code != http.StatusNotFound {
		t.Errorf("a body has a start page: %d", w.Code)
	}
}
