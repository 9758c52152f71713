package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// On loopback a request is answered under this machine's names and those the record gives itself; no other page's
// name can be pointed at us.
func TestLoopbackAnswersUnderItsNames(t *testing.T) {
	h := loopbackOnly(http.NotFoundHandler(), func(host string) bool { return host == "meeting.example" })
	hosts := map[string]int{"localhost": 404, "localhost:8080": 404, "127.0.0.1:80": 404, "[::1]:80": 404, "meeting.example": 404, "meeting.example:443": 404,
		"elsewhere.example": 421, "meeting.example.elsewhere.example": 421, "10.0.0.1": 421, "": 421}
	for host, want := range hosts {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		if h.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%q: %d, not %d", host, w.Code, want)
		}
	}
}
