package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"kurultai/conference"
)

// elsewhere is the address at which acts are done, of a node that takes none: what the record names, else where the node
// has it from; "" where this node takes acts, or has the record from a folder.
func (s *site) elsewhere(st *conference.State) string {
	if s.Desk != nil || s.Node == nil {
		return ""
	}
	if at := st.SignInAt().Origins; len(at) > 0 {
		return at[0]
	}
	if u, err := url.Parse(s.Node.From); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return strings.TrimSuffix(s.Node.From, "/")
	}
	return ""
}

// takingPart are the addresses, behind the language, of those who take part: whoever comes there has something to do.
var takingPart = regexp.MustCompile(`^(signin|signed|provider|enrol|enrolments|me|registry|roles|mine|act|now|pending)(/|$)|^meetings/[^/]+/(now|floor|chair|desk)(/|$)`)

// ledElsewhere leads whoever wants to take part to where that is done, if it is not here.
func (s *site) ledElsewhere(w http.ResponseWriter, r *http.Request) bool {
	if s.Desk != nil || s.Node == nil {
		return false
	}
	_, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	submits := strings.HasPrefix(r.URL.Path, "/api/acts/") && r.Method == http.MethodPost
	if !submits && !takingPart.MatchString(rest) {
		return false
	}
	home := s.elsewhere(s.record.View().State())
	if at, err := url.Parse(home); home == "" || err != nil || at.Host == r.Host {
		return false // it would lead back to here
	}
	w.Header().Set("Cache-Control", "no-store")
	if strings.HasSuffix(rest, "/live") {
		leadTo(w, home+strings.TrimSuffix(r.URL.Path, "/live"))
		return true
	}
	code := http.StatusSeeOther // what was typed here is typed there
	if submits {
		code = http.StatusTemporaryRedirect
	}
	http.Redirect(w, r, home+r.URL.RequestURI(), code)
	return true
}
