package web

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"kurultai/conference"
)

// Sessions keep the open sessions across restarts.
type Sessions interface {
	// Load returns what was saved last, nil at first.
	Load() ([]byte, error)
	// Save replaces what was saved, whole or not at all.
	Save([]byte) error
}

// SharedSessions are of several machines that serve one record: what is opened or ended at one is so at the others.
type SharedSessions interface {
	Sessions
	// Share gives the others what changed here.
	Share(b []byte)
	// Shared names who hears what others share.
	Shared(hear func(b []byte))
}

// sharedNews is what machines share.
type sharedNews struct {
	Sessions map[string]session   `json:"sessions"`
	Ended    map[string]time.Time `json:"ended"` // those that ended before their time, and when: none of them comes back
}

// How long a session lasts, and how many there may be. A secretary's day is 12 hours, a meeting a week; ASVS 5.0
// section 7.3 asks for both limits.
const (
	idle        = 12 * time.Hour
	longest     = 7 * 24 * time.Hour
	maxSessions = 20_000
	maxOwn      = 20 // of one person; the oldest ends
	saveSeen    = time.Minute
)

// A session is a browser in which a person has signed in. It holds no right: those are asked of the state each time.
type session struct {
	Person     conference.PersonID `json:"person"`
	Credential string              `json:"credential,omitempty"` // the passkey it was opened with
	Account    string              `json:"account,omitempty"`    // digest of the account at a provider it was opened with
	Browser    string              `json:"browser,omitempty"`    // family and system, never the whole name it gives itself
	Since      time.Time           `json:"since"`
	Seen       time.Time           `json:"seen"`
}

// over reports whether a session has lasted long enough.
func (in session) over(now time.Time) bool {
	return now.Sub(in.Seen) > idle || now.Sub(in.Since) > longest
}

// sessions are those of all browsers, by the SHA-256 of their cookie in hex: whoever reads the file opens none.
type sessions struct {
	keep   Sessions                  // nil: in memory alone
	left   func(conference.PersonID) // hears whose session ended before its time
	saving sync.Mutex
	mu     sync.Mutex
	all    map[string]session
	ended  map[string]time.Time // where others are told: those that ended before their time
	saved  time.Time
}

// load reads the sessions of an earlier run; what cannot be read signs everybody out and is said in the log.
func (s *sessions) load(keep Sessions) {
	s.keep, s.all, s.ended = keep, map[string]session{}, map[string]time.Time{}
	if keep == nil {
		return
	}
	if others, ok := keep.(SharedSessions); ok {
		others.Shared(s.hear)
	}
	b, err := keep.Load()
	if err == nil && b != nil {
		err = json.Unmarshal(b, &s.all)
	}
	if err != nil {
		s.all = map[string]session{}
		slog.Error("sessions: everybody signs in again", "error", err)
	}
}

// save writes the sessions down. Whoever asks for a session meanwhile does not wait for the disk.
func (s *sessions) save() {
	if s.keep == nil {
		return
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	s.mu.Lock()
	s.saved = time.Now()
	b, err := json.Marshal(s.all)
	others, shared := s.keep.(SharedSessions)
	var news []byte
	if shared && err == nil {
		news, err = json.Marshal(sharedNews{s.all, s.ended})
	}
	s.mu.Unlock()
	if err == nil {
		err = s.keep.Save(b)
	}
	if shared {
		others.Share(news)
	}
	if err != nil {
		slog.Error("sessions: a restart would sign people out", "error", err)
	}
}

// hear takes up what another machine shares. What ended at either has ended.
func (s *sessions) hear(b []byte) {
	var news sharedNews
	if err := json.Unmarshal(b, &news); err != nil || len(news.Sessions) > maxSessions || len(news.Ended) > maxSessions {
		slog.Error("sessions: what another machine shares cannot be read", "error", err)
		return
	}
	now := time.Now()
	var persons []conference.PersonID
	s.mu.Lock()
	for hash, at := range news.Ended {
		if in, ok := s.all[hash]; ok {
			persons = append(persons, in.Person)
			delete(s.all, hash)
		}
		if _, known := s.ended[hash]; !known {
			s.bury(hash, at)
		}
	}
	for hash, in := range news.Sessions {
		_, ended := s.ended[hash]
		if mine, ok := s.all[hash]; !ended && !in.over(now) && (!ok && len(s.all) < maxSessions || ok && in.Seen.After(mine.Seen)) {
			s.all[hash] = in
		}
	}
	s.mu.Unlock()
	for _, p := range persons {
		s.left(p)
	}
}

// bury remembers for others that a session ended, as long as it could have lasted. The lock is held.
func (s *sessions) bury(hash string, at time.Time) {
	if _, shared := s.keep.(SharedSessions); !shared {
		return
	}
	for h, then := range s.ended {
		if time.Since(then) > longest {
			delete(s.ended, h)
		}
	}
	if len(s.ended) < maxSessions {
		s.ended[hash] = at
	}
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// find is the session behind a cookie, marked as seen now.
func (s *sessions) find(token string) (in session, ok, write bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, hash := time.Now(), hashOf(token)
	if in, ok = s.all[hash]; !ok {
		return in, false, false
	}
	if in.over(now) {
		delete(s.all, hash)
		return in, false, false
	}
	in.Seen = now
	s.all[hash] = in
	return in, true, now.Sub(s.saved) > saveSeen
}

// open adds a session and makes room for it, of the person's own oldest first.
func (s *sessions) open(token string, in session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, old := range s.all {
		if old.over(in.Since) {
			delete(s.all, hash)
		}
	}
	if own := s.of(in.Person); len(own) >= maxOwn {
		delete(s.all, own[len(own)-1].hash)
	} else if len(s.all) >= maxSessions {
		delete(s.all, s.list(func(session) bool { return true })[len(s.all)-1].hash)
	}
	s.all[hashOf(token)] = in
}

// Sessions is in how many browsers somebody is signed in.
func (s *site) Sessions() (n int) {
	now := time.Now()
	s.sessions.any(func(in session) bool {
		if !in.over(now) {
			n++
		}
		return false
	})
	return n
}

// any reports whether a session is meant.
func (s *sessions) any(meant func(session) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.all {
		if meant(in) {
			return true
		}
	}
	return false
}

// end removes the sessions that are meant and reports how many. Their persons' streams end with them; whoever is still
// signed in elsewhere comes back.
func (s *sessions) end(meant func(hash string, in session) bool) (ended int) {
	var persons []conference.PersonID
	s.mu.Lock()
	for hash, in := range s.all {
		if meant(hash, in) {
			delete(s.all, hash)
			s.bury(hash, time.Now())
			persons = append(persons, in.Person)
		}
	}
	s.mu.Unlock()
	if len(persons) > 0 {
		s.save()
	}
	for _, p := range persons {
		s.left(p)
	}
	return len(persons)
}

// A kept session is one with the digest of its cookie.
type keptSession struct {
	hash string
	session
}

// of lists a person's sessions, the newest first; the lock is held.
func (s *sessions) of(p conference.PersonID) []keptSession {
	return s.list(func(in session) bool { return in.Person == p })
}

func (s *sessions) list(meant func(session) bool) (list []keptSession) {
	for hash, in := range s.all {
		if meant(in) {
			list = append(list, keptSession{hash, in})
		}
	}
	slices.SortFunc(list, func(a, b keptSession) int { return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(a.hash, b.hash)) })
	return list
}

// cookieName is the name of a cookie: bound to host and path where the browser can hold it to https
// (RFC 6265bis section 4.1.3.2), plain on loopback.
func (s *site) cookieName(r *http.Request, name string) string {
	if s.secure(r) {
		return "__Host-" + name
	}
	return name
}

// setCookie sets a cookie that scripts do not see and other sites do not send with what changes something.
func (s *site) setCookie(w http.ResponseWriter, r *http.Request, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(r, name), Value: value, Path: "/", MaxAge: seconds, Secure: s.secure(r), HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (s *site) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(r, name))
	if err != nil {
		return ""
	}
	return c.Value
}

// who is the person signed in at the browser a request came from.
func (s *site) who(r *http.Request) (conference.PersonID, bool) {
	in, ok := s.session(r)
	return in.Person, ok
}

// session is the session of the browser a request came from. It is over once the person is forgotten or the passkey or
// account it was opened with has been revoked; what the person may do is asked elsewhere, each time.
func (s *site) session(r *http.Request) (session, bool) {
	token := s.cookie(r, "session")
	if token == "" || !s.safe(r) {
		return session{}, false
	}
	in, ok, write := s.sessions.find(token)
	if !ok {
		return session{}, false
	}
	if !stands(s.record.View().State(), in) {
		s.sessions.end(func(hash string, _ session) bool { return hash == hashOf(token) })
		return session{}, false
	}
	if write {
		s.sessions.save()
	}
	return in, true
}

// stands reports whether the record still knows who opened a session, and with what.
func stands(st *conference.State, in session) bool {
	if st.Reader(in.Person, st.Last).Person == "" {
		return false // unknown, or forgotten
	}
	if in.Account != "" {
		return accountStands(st, in.Person, in.Account)
	}
	if in.Credential == "" {
		return true
	}
	k, ok := st.Passkey(in.Credential)
	return ok && !k.Revoked && k.Person == in.Person
}

// signIn opens a session for a person and forgets the one the browser had, so that a cookie known before signing
// in is worth nothing after it.
func (s *site) signIn(w http.ResponseWriter, r *http.Request, p conference.PersonID) {
	s.signInWith(w, r, session{Person: p})
}

// signInWith is signIn for who has shown a passkey or an account.
func (s *site) signInWith(w http.ResponseWriter, r *http.Request, in session) {
	before := hashOf(s.cookie(r, "session"))
	s.sessions.end(func(hash string, _ session) bool { return hash == before })
	in.Since, in.Browser = time.Now(), browserOf(r.UserAgent())
	in.Seen = in.Since
	token := rand.Text()
	s.sessions.open(token, in)
	s.sessions.save()
	s.setCookie(w, r, "session", token, int(longest.Seconds()))
	s.audit(r, "signed in", in.Person)
}

// signOut ends the session of the browser a request came from.
func (s *site) signOut(w http.ResponseWriter, r *http.Request) {
	hash := hashOf(s.cookie(r, "session"))
	if in, ok := s.session(r); ok {
		s.audit(r, "signed out", in.Person)
	}
	s.sessions.end(func(h string, _ session) bool { return h == hash })
	s.setCookie(w, r, "session", "", -1)
}

// browserOf is the family of a browser and its system, as far as it says: enough to know one's own devices by.
func browserOf(agent string) string {
	first := func(names ...string) string {
		for _, n := range names {
			mark, name, _ := strings.Cut(n, "=")
			if strings.Contains(agent, mark) {
				return cmp.Or(name, mark)
			}
		}
		return ""
	}
	browser := first("Firefox", "FxiOS=Firefox", "Edg/=Edge", "OPR/=Opera", "Chrom=Chrome", "CriOS=Chrome", "Safari")
	system := first("Android", "iPhone", "iPad", "Windows", "Mac OS=Mac", "CrOS=ChromeOS", "Linux")
	return strings.Trim(fmt.Sprintf("%s, %s", browser, system), ", ")
}
