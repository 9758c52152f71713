package web

import (
	"crypto/rand"
	"net/http"
	"sync"

	"kurultai/conference"
)

// A session is a browser in which a person has signed in.
type session struct {
	person conference.PersonID
}

// sessions are those of all browsers, by the value of their cookie.
type sessions struct {
	mu  sync.Mutex
	all map[string]*session
}

// cookieName is the session's cookie: bound to host and path where the browser can hold it to https
// (RFC 6265bis section 4.1.3.2), plain on loopback.
func cookieName(r *http.Request) string {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "__Host-session"
	}
	return "session"
}

// who is the person signed in at the browser a request came from.
func (s *site) who(r *http.Request) (conference.PersonID, bool) {
	c, err := r.Cookie(cookieName(r))
	if err != nil {
		return "", false
	}
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	in := s.sessions.all[c.Value]
	if in == nil {
		return "", false
	}
	return in.person, true
}

// signIn opens a session for a person and forgets the one the browser had, so that a cookie known before signing
// in is worth nothing after it.
func (s *site) signIn(w http.ResponseWriter, r *http.Request, p conference.PersonID) {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	if c, err := r.Cookie(cookieName(r)); err == nil {
		delete(s.sessions.all, c.Value)
	}
	token := rand.Text()
	s.sessions.all[token] = &session{person: p}
	secure := cookieName(r) != "session"
	http.SetCookie(w, &http.Cookie{Name: cookieName(r), Value: token, Path: "/", Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
