package simulation

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/passkey"
	"kurultai/story"
)

// Address is where the people of a story's record sign in, Domain the relying party id of their keys.
const (
	Address = "http://localhost:1"
	Domain  = "localhost"
)

// A Script is the eighth meeting of the training body, as its story tells it, acted again and again with as many parties
// in the hall as are asked for: nearly every act of the catalogue in an order in which it makes sense. It writes nothing.
// Each act goes to Submit, which keeps origin and key to itself.
type Script struct {
	Parties int
	Domain  string // relying party id of the keys that are enrolled
	Address string // where people sign in
	State   func() *conference.State
	Submit  func(s *record.Submitted, with Enclosed, at record.Instant) error // the error may be a *conference.Refusal
	Name    func(person string, l conference.Language) string                 // names are sealed and come opened; nil: they come as digests alone

	Keys    map[string]*passkey.Key // of those who enrolled one
	Refused int64                   // acts of the story that this hall does not allow; they leave nothing behind

	lines    []story.Line
	from, to int // the eighth meeting
}

// Enclosed is what comes with an act: what opens its sealed values, and the bytes of its files.
type Enclosed struct {
	Opened []record.Disclosure
	Blobs  [][]byte
}

// NewScript reads the story.
func NewScript(parties int) (*Script, error) {
	text, ok := story.Shipped("training")
	if !ok {
		return nil, errors.New("the training story is not in this program")
	}
	lines, err := story.Parse(strings.NewReader(string(text)))
	if err != nil {
		return nil, err
	}
	s := &Script{Parties: parties, Domain: Domain, Address: Address, Keys: map[string]*passkey.Key{}, lines: lines}
	s.from = slices.IndexFunc(lines, func(l story.Line) bool {
		return l.Act.Get("name").Str == "ConveneMeeting" && l.Act.Get("meeting").Str+l.Act.Get("fields").Get("meeting").Str == "viii"
	})
	s.to = slices.IndexFunc(lines, func(l story.Line) bool {
		return l.Act.Get("name").Str == "ConveneMeeting" && l.Act.Get("fields").Get("meeting").Str == "ix"
	})
	if s.from < 0 || s.to < s.from {
		return nil, errors.New("the training story tells no eighth meeting")
	}
	return s, nil
}

// Body is the id of the body that the story founds.
func (s *Script) Body() string { return s.lines[0].Act.Get("fields").Get("id").Str }

// Begins is when the meeting begins in the story, Days how many days lie from what came before it to its end.
func (s *Script) Begins() record.Instant { return s.lines[s.from].At }

// Days is how many days lie from an instant to the end of the meeting.
func (s *Script) Days(since record.Instant) int64 {
	return int64(s.lines[s.to-1].At-since)/(24*3600*1000) + 2
}

// Found acts what the story tells before the meeting.
func (s *Script) Found() error {
	at := s.lines[0].At
	for _, l := range s.lines[:s.from] {
		if lived(l) {
			if err := s.act(l.Act, enclosed(l), max(at, l.At)); err != nil {
				return err
			}
		}
		at = l.At
	}
	return nil
}

// lived says whether a line was submitted by somebody and taken.
func lived(l story.Line) bool {
	return l.Refused == "" && l.Closed == "" && l.Act.Get("name").Str != "TimeCame"
}

// enclosed is what comes with a line.
func enclosed(l story.Line) Enclosed {
	e := Enclosed{Blobs: l.Blobs}
	for _, o := range l.Opened {
		e.Opened = append(e.Opened, o.Disclosure())
	}
	return e
}

// do has the first secretary do something, with whoever else is named.
func (s *Script) do(as, by, name, fields string, with ...string) error {
	v, err := canonical.Parse(fields)
	if err != nil {
		return err
	}
	a := &record.Submitted{As: as, By: by, Name: name, Fields: v}
	var private []record.Disclosure
	if s.Name != nil {
		if a.Fields, private, err = record.Seal(v, rand.Reader); err != nil {
			return err
		}
	}
	for _, p := range with {
		a.With = append(a.With, record.With{As: as, By: p})
	}
	if err := s.Submit(a, Enclosed{Opened: private}, s.State().Last+1000); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// officers are two of the secretariat.
func (s *Script) officers() (first, second string, err error) {
	list := s.State().Holders(conference.Secretary)
	if len(list) < 2 {
		return "", "", errors.New("two officers are needed")
	}
	return string(list[0].Person), string(list[1].Person), nil
}

// Admit lets parties and their heads in until there are as many as are asked for, called w5, w6 …
func (s *Script) Admit() error {
	by, second, err := s.officers()
	if err != nil {
		return err
	}
	for n := len(s.State().Members(conference.Date(s.State().Last.String()[:10]), "vii")); n < s.Parties; n++ {
		p, head := Party(n), Head(n)
		var names, sealed []string
		for _, l := range s.State().Body.Languages {
			names = append(names, fmt.Sprintf(`["%s","Party %d"]`, l, n))
			if s.Name != nil {
				sealed = append(sealed, fmt.Sprintf(`["%s",{"private":"%s"}]`, l, s.Name(head, l)))
			} else {
				sealed = append(sealed, fmt.Sprintf(`["%s",{"sealed":"%s"}]`, l, record.DigestOf([]byte(p+string(l)))))
			}
		}
		for _, a := range [][2]string{
			{"NameParty", fmt.Sprintf(`{"party":"%s","short":[%s]}`, p, strings.Join(names, ","))},
			{"AdmitParty", fmt.Sprintf(`{"basis":"founder","from":"2020-01-01","party":"%s"}`, p)},
			{"RegisterPerson", fmt.Sprintf(`{"names":[%s],"person":"%s"}`, strings.Join(sealed, ","), head)},
		} {
			if err := s.do("Secretary", by, a[0], a[1]); err != nil {
				return err
			}
		}
		if err := s.do("Secretary", by, "GrantOffice", fmt.Sprintf(`{"capacity":"Head","for":"%s","person":"%s"}`, p, head), second); err != nil {
			return err
		}
	}
	return nil
}

// NameOrigin says where people sign in. Where the record is no story's, those who do so have enrolled before.
func (s *Script) NameOrigin() error {
	by, second, err := s.officers()
	if err != nil {
		return err
	}
	return s.do("Secretary", by, "NameOrigin", `{"domain":"`+s.Domain+`","origins":["`+s.Address+`"]}`, second)
}

// Party and Head are the nth party that Admit lets in and its head.
func Party(n int) string { return fmt.Sprintf("w%d", n) }

// Head is the head of the nth party that Admit lets in.
func Head(n int) string { return fmt.Sprintf("%032x", 0xf000+n) }

// Enrol has each who may act enrol a key.
func (s *Script) Enrol() error {
	by, _, err := s.officers()
	if err != nil {
		return err
	}
	for _, as := range []conference.Capacity{conference.Secretary, conference.Chair, conference.Head, conference.ObserverHead, conference.Delegate, conference.Depositary, conference.Rapporteur} {
		for _, o := range s.State().Holders(as) {
			if err := s.enrol(by, string(o.Person)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Script) enrol(officer, person string) error {
	if s.Keys[person] != nil {
		return nil
	}
	key, err := passkey.New(rand.Reader)
	if err != nil {
		return err
	}
	token := []byte(fmt.Sprintf("%-32s", person)[:32])
	if err := s.do("Secretary", officer, "InviteToEnrol", fmt.Sprintf(`{"link":"%s","person":"%s","until":"%s"}`, record.DigestOf(token), person, s.State().Last.AddHours(24))); err != nil {
		return err
	}
	err = s.do(string(conference.Myself), person, "EnrolPasskey", fmt.Sprintf(`{"credential":"%s","key":"%s","link":"%s"}`, key.Credential(), key.Public(), canonical.EncodeBytes(token)))
	if err == nil {
		s.Keys[person] = key
	}
	return err
}

// named are the fields in which the meeting's own things are called by an id.
var named = strings.Fields("request requests question item items proposal proposals motion motions election symbol number decision appeal amendment meeting point silence event instrument report order under on about id after before plan thing commitment paragraph")

// A Calendar says when in another time what the story tells happens.
type Calendar struct {
	Instant func(record.Instant) record.Instant
	Date    func(time.Time) time.Time
}

// Later is the story's time so many days later.
func Later(days int64) Calendar {
	return Calendar{
		func(at record.Instant) record.Instant { return at + record.Instant(days*24*3600*1000) },
		func(d time.Time) time.Time { return d.AddDate(0, 0, int(days)) },
	}
}

// Meet acts the meeting for the kth time, from 1: its things have names of their own, and it happens when c says.
// What this hall does not allow is left out and counted. After each act that was submitted between is called; its
// error, or any of Submit that is no refusal, ends the meeting.
func (s *Script) Meet(k int64, c Calendar, between func() error) error {
	for _, l := range s.lines[s.from:s.to] {
		if !lived(l) {
			continue
		}
		act := c.renamed(l.Act, "", k)
		if act.Get("name").Str == "OpenMeeting" {
			if err := s.arrive(act.Get("meeting").Str, between); err != nil {
				return err
			}
		}
		err := s.act(act, enclosed(l), max(s.State().Last+1, c.Instant(l.At)))
		if errors.As(err, new(*conference.Refusal)) {
			s.Refused++
			err = nil
		}
		if err == nil {
			err = between()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// arrive notes who has come.
func (s *Script) arrive(meeting string, between func() error) error {
	by, _, err := s.officers()
	if err != nil {
		return err
	}
	for n := s.Parties; n > 0; n-- {
		fields, err := canonical.Parse(fmt.Sprintf(`{"party":"%s"}`, Party(n)))
		if err != nil {
			return err
		}
		a := &record.Submitted{As: "Secretary", By: by, Name: "RecordPresence", Meeting: meeting, Fields: fields}
		if err := s.Submit(a, Enclosed{}, s.State().Last+100); err != nil && !errors.As(err, new(*conference.Refusal)) {
			return err
		}
		if err := between(); err != nil {
			return err
		}
	}
	return nil
}

var dated = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)

// renamed is a line with names of its own, at its own time.
func (c Calendar) renamed(v canonical.Value, field string, k int64) canonical.Value {
	switch v.Kind {
	case canonical.Object, canonical.Array:
		v.Items = slices.Clone(v.Items)
		for i := range v.Items {
			under := field
			if v.Kind == canonical.Object {
				under = v.Keys[i]
			}
			v.Items[i] = c.renamed(v.Items[i], under, k)
		}
	case canonical.Int:
		if field == "ordinal" {
			v.Int += k - 1
		}
	case canonical.String:
		if at, err := record.ParseInstant(v.Str); err == nil {
			v.Str = c.Instant(at).String()
		} else if dated.MatchString(v.Str) {
			if d, err := time.Parse(time.DateOnly, v.Str); err == nil {
				v.Str = c.Date(d).Format(time.DateOnly)
			}
		} else if slices.Contains(named, field) && k > 1 {
			v.Str = fmt.Sprintf("%s-%d", v.Str, k)
		}
	}
	return v
}

func (s *Script) act(act canonical.Value, with Enclosed, at record.Instant) error {
	a := &record.Submitted{As: act.Get("as").Str, By: act.Get("by").Str, For: act.Get("for").Str, Meeting: act.Get("meeting").Str, Name: act.Get("name").Str, Fields: act.Get("fields")}
	for _, x := range act.Get("with").Items {
		a.With = append(a.With, record.With{As: x.Get("as").Str, By: x.Get("by").Str})
	}
	return s.Submit(a, with, at)
}

// KeyOf makes the key of an act from a text.
func KeyOf(text string) string {
	h := sha256.Sum256([]byte(text))
	return canonical.EncodeBytes(h[:16])
}

// TimeCame is the writer's own act when something falls due (doc/record.md section 6).
func TimeCame(origin, due string) (*record.Submitted, error) {
	fields, err := canonical.Parse(string(append(canonical.AppendString([]byte(`{"due":`), due), '}')))
	return &record.Submitted{As: string(conference.Clock), By: "clock", Name: "TimeCame", Origin: origin, Key: KeyOf(due), Fields: fields}, err
}
