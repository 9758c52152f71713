package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record/canonical"
)

// SignIn opens a session for a person in a browser that has none and returns its cookie.
func SignIn(h http.Handler, p conference.PersonID) *http.Cookie {
	w := httptest.NewRecorder()
	h.(*site).signIn(w, httptest.NewRequest(http.MethodGet, "http://localhost/", nil), p)
	return w.Result().Cookies()[0]
}

// Addresses lists every address that is read, as patterns of net/http: pages, their streams, and the API.
func Addresses() (list []string) {
	for _, p := range places {
		list = append(list, "/{lang}/"+p.at)
		if p.renews {
			list = append(list, "/{lang}/"+strings.TrimPrefix(p.at+"/live", "{$}/"))
		}
	}
	for _, own := range []string{"signin", "me", "roles", "chair", "desk", "wall", "enrolments", "enrolments/cards", "backup", "floor", "now", "now/live", "mine/live", "meetings/{meeting}/chair", "meetings/{meeting}/chair/live", "meetings/{meeting}/now", "meetings/{meeting}/now/live", "act/{act}", "start", "pending", "enrol/{token}", "meetings/{meeting}/desk"} {
		list = append(list, "/{lang}/"+own)
	}
	for _, tab := range phoneTabs {
		list = append(list, "/{lang}/meetings/{meeting}/floor"+tab, "/{lang}/meetings/{meeting}/floor"+tab+"/live")
	}
	for page := range deskPages {
		if page != "" {
			list = append(list, "/{lang}/meetings/{meeting}/desk/"+page)
		}
	}
	for _, e := range endpoints {
		list = append(list, e.path)
	}
	return append(list, "/", "/record", "/api/openapi.json", "/api/", "/no/such/page")
}

// Renewed is what renews itself of a place: made without the rest of the page, and cut from the whole.
func Renewed(h http.Handler, at string, l *language.Language, args map[string]string) (part, cut []byte, err error) {
	s := h.(*site)
	for _, p := range places {
		if p.at == at && p.part {
			for _, asked := range []bool{true, false} {
				body, _, made := s.made(s.record.View(), p, &visit{lang: l, args: args, part: asked})
				part, cut, err = cut, body, errors.Join(err, made)
			}
		}
	}
	return part, frameOf(cut), err
}

// NewKey makes a key of an act.
var NewKey = newKey

// DeskPages names the pages of a desk that stand still.
func DeskPages() (names []string) {
	for name := range deskPages {
		if name != "live" {
			names = append(names, name)
		}
	}
	return names
}

// Wordless is the form of an act in a language without words: each field is called by its key.
func Wordless(a *conference.Act) []Field { return FormIn(a, &language.Language{Code: "en"}) }

// FormIn is the form of an act in a language, where nothing is there yet to choose from.
func FormIn(a *conference.Act, l *language.Language) []Field {
	return (&form{t: teller{s: &conference.State{}, l: l}, act: a}).fields()
}

// Retyped types the fields of an act into its form, and reads them back.
func Retyped(a *conference.Act, s *conference.State, fields canonical.Value) (typed url.Values, v canonical.Value, err error) {
	typed = url.Values{}
	flat(typed, "field", fields)
	v, _, err = (&form{t: teller{s: s}, act: a, values: typed}).typed()
	return typed, v, err
}
