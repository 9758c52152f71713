package web

import (
	"net/http"
	"net/http/httptest"

	"kurultai/conference"
)

// SignIn opens a session for a person in a browser that has none and returns its cookie.
func SignIn(h http.Handler, p conference.PersonID) *http.Cookie {
	w := httptest.NewRecorder()
	h.(*site).signIn(w, httptest.NewRequest(http.MethodGet, "http://localhost/", nil), p)
	return w.Result().Cookies()[0]
}
