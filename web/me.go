package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"kurultai/conference"
	"kurultai/record"
)

// MePage is one's own passkeys and sessions.
type MePage struct {
	Layout
	Name     string
	Offices  []string
	Devices  []Device
	Gone     []Device // withdrawn
	Sessions []OpenSession
	CanAdd   bool // a passkey one has can attest a further one
	Officer  bool
	Backup   string // address where the record is taken along, or ""
	Places   []Link // where one does one's work
}

// Device is a passkey as people know it: by when it was enrolled, and who vouches for it.
type Device struct {
	Credential, Since, Passed string
	Alone                     bool // enrolled by the secretariat alone
	Entry                     int64
	RevokeAt                  string // address of the act, for officers
	Ended                     string // by whom and when it was withdrawn, or ""
	EndedIn                   int64  // entry
}

// OpenSession is a browser in which one is signed in.
type OpenSession struct {
	ID, Browser, Since, Seen string
	Here                     bool
}

// devices lists the passkeys a person can sign with.
func (s *site) devices(v *turn, p conference.PersonID) (list []Device) {
	return slices.DeleteFunc(s.allDevices(v, p), func(d Device) bool { return d.Ended != "" })
}

// allDevices lists the passkeys a person can sign with, and those that were withdrawn.
func (s *site) allDevices(v *turn, p conference.PersonID) (list []Device) {
	t := newTeller(v.view, v.lang)
	for _, k := range v.view.State().Passkeys(p) {
		d := Device{Credential: k.Credential, Entry: k.Enrolled, Passed: t.vouched(k), Alone: k.Countersigned == ""}
		if e, _, _, err := t.entry(v.r.Context(), k.Enrolled); err == nil {
			d.Since = s.moment(v, e.At)
		}
		if key, at, ended := t.ended(v.r.Context(), k); ended {
			d.Ended, d.EndedIn = v.lang.Say(key, s.moment(v, at)), k.Index
		}
		d.RevokeAt = "/" + v.lang.Code + "/act/RevokePasskey?as=Secretary&field.credential=" + url.QueryEscape(k.Credential)
		list = append(list, d)
	}
	return list
}

// vouched says who vouches for a passkey.
func (t teller) vouched(k conference.Passkey) string {
	if k.Countersigned != "" {
		return t.l.Say("signin.passed", t.party(k.Countersigned))
	}
	return t.l.Say("signin.alone")
}

// ended tells whether a passkey was withdrawn, by whom as a text that asks for the time, and when.
func (t teller) ended(ctx context.Context, k conference.Passkey) (key string, at record.Instant, ended bool) {
	if !k.Revoked {
		return "", 0, false
	}
	e, _, _, err := t.entry(ctx, k.Index)
	switch {
	case err != nil:
		return "public.keyended", t.s.Last, true
	case e.Act.As == string(conference.Myself):
		return "public.keyendedown", e.At, true
	}
	return "public.keyended", e.At, true
}

func (s *site) mePage(v *turn) error {
	if len(v.parts) != 1 {
		return errNotFound
	}
	if !v.in {
		return v.to("signin")
	}
	p := MePage{Layout: s.own(v, "signin.me"), Name: s.ownName(v, v.Person), Devices: s.devices(v, v.Person)}
	p.CanAdd, p.Backup = len(p.Devices) > 0, s.backupAt(v.lang)
	p.Gone = slices.DeleteFunc(s.allDevices(v, v.Person), func(d Device) bool { return d.Ended == "" })
	t := newTeller(v.view, v.lang)
	for _, o := range v.view.State().OfficesOf(v.Person, s.Desk.Now()) {
		p.Offices = append(p.Offices, t.office(o))
		p.Officer = p.Officer || o.Capacity == conference.Secretary
		if at := workplace(o.Capacity); at != "" && s.sitting() != "" {
			if l := (Link{Text: v.lang.Say(workplaces[at]), Address: "/" + v.lang.Code + "/" + at}); !slices.Contains(p.Places, l) {
				p.Places = append(p.Places, l)
			}
		}
	}
	if len(keepsRegistry(v.view.State(), v.Person, s.Desk.Now())) > 0 {
		p.Places = append(p.Places, Link{Text: v.lang.Say("registry.title"), Address: "/" + v.lang.Code + "/registry"})
	}
	here := hashOf(s.cookie(v.r, "session"))
	s.sessions.mu.Lock()
	own := s.sessions.of(v.Person)
	s.sessions.mu.Unlock()
	for _, l := range own {
		o := OpenSession{ID: l.hash[:16], Browser: l.Browser, Here: l.hash == here}
		o.Since, o.Seen = s.moment(v, instantOf(l.Since)), s.moment(v, instantOf(l.Seen))
		if o.Browser == "" {
			o.Browser = v.lang.Say("signin.browser")
		}
		p.Sessions = append(p.Sessions, o)
	}
	return s.show(v, "me", p)
}

func instantOf(t time.Time) record.Instant { return record.Instant(t.UnixMilli()) }

// meStep changes what is one's own.
func (s *site) meStep(v *turn) error {
	if !v.in {
		return tell(http.StatusUnauthorized, "page.signin")
	}
	if len(v.parts) == 3 && v.parts[1] == "device" {
		return s.deviceStep(v)
	}
	if len(v.parts) != 2 {
		return errNotFound
	}
	if err := v.form(); err != nil {
		return err
	}
	switch v.parts[1] {
	case "signout":
		s.signOut(v.w, v.r)
		return v.to("signin")
	case "end":
		return s.endSessions(v)
	case "revoke":
		return s.revokeOwn(v)
	}
	return errNotFound
}

// endSessions ends one of one's own sessions, or all but this one.
func (s *site) endSessions(v *turn) error {
	one, here := v.r.PostForm.Get("session"), hashOf(s.cookie(v.r, "session"))
	ended := s.sessions.end(func(hash string, in session) bool {
		return in.Person == v.Person && (hash[:16] == one || one == "others" && hash != here)
	})
	s.audit(v.r, "sessions ended", v.Person, "number", ended)
	return v.to("me")
}

// revokeOwn ends a passkey of one's own.
func (s *site) revokeOwn(v *turn) error {
	a := s.act(v, v.Person, conference.Myself, "RevokePasskey", conference.RevokePasskey{Credential: v.r.PostForm.Get("credential"), Why: "lost"})
	answer, err := s.submitted(v, a, func(v *turn, _ Receipt) (any, error) {
		s.audit(v.r, "passkey revoked", v.Person)
		return v.next("me"), nil
	})
	if err != nil {
		return err
	}
	return s.answerStep(v, answer)
}

// deviceStep makes a further passkey: on the new device it is made, and one that stands attests it.
func (s *site) deviceStep(v *turn) error {
	answer, err := any(nil), errNotFound
	switch v.parts[2] {
	case "begin":
		answer, err = s.beginPasskey(v, ceremony{kind: "device", person: v.Person})
	case "made":
		answer, err = s.deviceMade(v)
	}
	if err != nil {
		return err
	}
	sendJSON(v.w, v.r, answer)
	return nil
}

func (s *site) deviceMade(v *turn) (any, error) {
	one, err := s.finish(v, "device")
	if err != nil {
		return nil, err
	}
	if one.person != v.Person {
		return nil, tell(http.StatusConflict, "signin.over")
	}
	credential, key, err := s.newPasskey(v, one)
	if err != nil {
		return nil, err
	}
	a := s.act(v, v.Person, conference.Myself, "EnrolPasskey", conference.EnrolPasskey{Credential: credential, Key: key})
	return s.submitted(v, a, func(v *turn, _ Receipt) (any, error) {
		s.audit(v.r, "enrolled", v.Person)
		return v.next("me"), nil
	})
}

// accountOf is what a provider's account is sealed as: issuer and subject together name it; addresses of mail are
// reassigned (OpenID Connect Core 1.0 section 5.7).
func accountOf(issuer, subject string) string {
	b, _ := json.Marshal([2]string{issuer, subject})
	return string(b)
}
