package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
)

// Nobody acts in a delegation's name unseen: whatever the desk does for it stands on each page that a member of it has
// open, at once, until it is disowned or a day old. What stands there is for one person, so it goes as me frames into
// an element of the page's language; a page that is made for one person has it from the start.

// How long what the desk did stands on all pages, in milliseconds of the record's time, and how much of it at most; the
// delegate's own place lists all.
const (
	alarmLasts = 24 * 60 * 60_000
	maxAlarms  = 5
)

// Alarm is what the desk did of late in the name of a person's delegations and was not disowned, the newest first.
type Alarm struct {
	Deeds []AlarmDeed
	Look  string // address of all that was done in the delegation's name
}

// AlarmDeed is one of these acts.
type AlarmDeed struct {
	Party     State
	Title, By string
	At, Hour  string // for machines, and at the seat
	Entry     int64
	Disown    *NowAct // says that it was not the delegation's own; nil: the person may not, or no more
}

// AlarmFrame is an alarm as it is put into a page.
type AlarmFrame struct {
	Lang  *language.Language
	Alarm *Alarm
}

// alarm is what a person is told of.
func (s *site) alarm(v View, l *language.Language, who conference.PersonID) *Alarm {
	t, now, a := newTeller(v, l), s.Desk.Now(), &Alarm{}
	for _, o := range t.s.OfficesOf(who, now) {
		if o.For == "" {
			continue
		}
		for _, done := range slices.Backward(t.s.InNameOf(o.For)) {
			told := slices.ContainsFunc(a.Deeds, func(d AlarmDeed) bool { return d.Entry == done.Index })
			e, _, _, err := t.entry(context.Background(), done.Index)
			if err != nil || e.At < now-alarmLasts || len(a.Deeds) == maxAlarms {
				break
			}
			if done.Disowned == 0 && !told {
				a.Deeds = append(a.Deeds, s.alarmDeed(t, o, done, e))
			}
		}
	}
	if meeting := s.sitting(); meeting != "" {
		a.Look = "/" + l.Code + "/meetings/" + string(meeting) + "/floor/name"
	}
	return a
}

func (s *site) alarmDeed(t teller, o conference.Office, done conference.Acted, e *record.Entry) AlarmDeed {
	d := AlarmDeed{Party: State{t.party(o.For), s.flag(o.For)}, Title: t.act(&e.Act), By: t.instructed(done), At: e.At.String(), Hour: t.hour(e.At), Entry: done.Index}
	disown, ok := t.s.Lookup("Disown")
	if !ok || !slices.Contains(disown.Who, o.Capacity) {
		return d
	}
	for _, offer := range t.s.OffersOf(disown, o, "", s.Desk.Now()) {
		if offer.Refusal == nil && offer.Fields.Get("index").Int == done.Index {
			press := s.nowAct(t, &offer, conference.MeetingID(e.Act.Meeting))
			d.Disown = &press
		}
	}
	return d
}

// instructed says which officer acted, and on what instruction.
func (t teller) instructed(a conference.Acted) string {
	word := a.Instruction
	if word == "aloud" {
		word = t.l.Say("phone.aloud")
	}
	return t.l.Say("phone.bydesk", t.person(a.Officer), word)
}

// alarmFrame is the alarm as a me frame in one language.
func (s *site) alarmFrame(v View, l *language.Language, who conference.PersonID) []byte {
	body, err := s.render("alarm", AlarmFrame{l, s.alarm(v.For(s.reader(v, who)), l, who)})
	if err != nil {
		s.log().Error("alarm", "error", err)
		return nil
	}
	return append([]byte("event: me\n"), event(bytes.TrimSpace(body))...)
}

// raise tells all who are connected of a delegation what the desk did in its name since an earlier state, or that it was
// disowned: in each language, for the page knows which is its own.
func (s *site) raise(before *conference.State) {
	v := s.record.View()
	parties := v.State().ActedSince(before)
	if len(parties) == 0 || s.Desk == nil {
		return
	}
	for _, id := range s.Live.Persons() {
		who := conference.PersonID(id)
		mine := slices.ContainsFunc(v.State().OfficesOf(who, v.State().Last), func(o conference.Office) bool { return slices.Contains(parties, o.For) })
		if !mine {
			continue
		}
		for _, l := range language.All() {
			if frame := s.alarmFrame(v, l, who); frame != nil {
				s.Live.Tell(id, frame)
			}
		}
	}
}

// opening is what a stream begins with for one person: what it may have missed.
func (s *site) opening(l *language.Language, who conference.PersonID) func() [][]byte {
	if who == "" || s.Desk == nil {
		return nil
	}
	return func() [][]byte {
		if frame := s.alarmFrame(s.record.View(), l, who); frame != nil {
			return [][]byte{frame}
		}
		return nil
	}
}

// mine is the stream of a page that does not renew itself: it carries what is for its reader alone, and what the node says
// of itself.
func (s *site) mine(w http.ResponseWriter, r *http.Request, l *language.Language) {
	who, in := s.who(r)
	if !in {
		leadTo(w, "/"+l.Code+"/signin")
		return
	}
	s.stream(w, r, fmt.Sprintf("%s/person/%s/mine", l.Code, who), who, func(v View) ([]byte, string, error) {
		if s.Hearing == nil {
			return nil, "", nil
		}
		word, err := s.render("kinds", s.layout(v, l, "mine"))
		return event(bytes.TrimSpace(word)), "", err
	})
}
