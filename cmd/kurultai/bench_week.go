package main

import (
	"bufio"
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
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

// The training week again and again: the eighth meeting of the training body, as its story tells it, with a hundred
// parties in the hall, one act in ten attested by the key of who submits it.

const (
	weekParties  = 100
	weekAttested = 10 // one in so many
	weekAddress  = "http://localhost:1"
)

// weekKey signs the record: its origin is bound to it, so that both are the same each time.
func weekKey() (*record.LogKey, error) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return record.NewLogKey(record.StoryOrigin("lakes-and-passes", key.Public().(ed25519.PublicKey)), key)
}

// A weekly writes the week.
type weekly struct {
	out      *bufio.Writer
	state    conference.State
	size     int64
	attest   bool
	origin   string
	keys     map[string]*passkey.Key
	ours     mathrand.PCG
	n        uint64
	kinds    map[string]int  // of act: how many entries
	parties  map[string]bool // for whom or about whom something was done
	attested int64
	refused  int64 // acts of the story that are not allowed in a hall of a hundred; they leave nothing behind
}

// week writes so many entries; attest false: the same acts without attestations.
func week(path string, size int64, attest bool) (*weekly, error) {
	text, ok := story.Shipped("training")
	if !ok {
		return nil, errors.New("the training story is not in this program")
	}
	lines, err := story.Parse(strings.NewReader(string(text)))
	if err != nil {
		return nil, err
	}
	log, err := weekKey()
	if err != nil {
		return nil, err
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	w := &weekly{out: bufio.NewWriterSize(f, 1<<20), size: size, attest: attest, origin: log.Origin(), keys: map[string]*passkey.Key{}, ours: *mathrand.NewPCG(1, 2), kinds: map[string]int{}, parties: map[string]bool{}}
	err = w.play(lines)
	if errors.Is(err, errAssembled) {
		err = nil
	}
	return w, errors.Join(err, w.out.Flush(), f.Close())
}

func (w *weekly) play(lines []story.Line) error {
	from := slices.IndexFunc(lines, func(l story.Line) bool {
		return l.Act.Get("name").Str == "ConveneMeeting" && l.Act.Get("meeting").Str+l.Act.Get("fields").Get("meeting").Str == "viii"
	})
	to := slices.IndexFunc(lines, func(l story.Line) bool {
		return l.Act.Get("name").Str == "ConveneMeeting" && l.Act.Get("fields").Get("meeting").Str == "ix"
	})
	if from < 0 || to < from {
		return errors.New("the training story tells no eighth meeting")
	}
	at := lines[0].At
	for _, l := range lines[:from] {
		if err := w.line(l, at); err != nil {
			return err
		}
		at = l.At
	}
	if err := w.settle(at); err != nil {
		return err
	}
	meeting := lines[from:to]
	days := int64(meeting[len(meeting)-1].At-w.state.Last)/(24*3600*1000) + 2
	for k := int64(1); ; k++ {
		for _, l := range meeting {
			if err := w.again(l, k, days*(k-1)); err != nil {
				return err
			}
		}
	}
}

// line plays a line of the story as it stands.
func (w *weekly) line(l story.Line, at record.Instant) error {
	if l.Refused != "" || l.Closed != "" || l.Act.Get("name").Str == "TimeCame" {
		return nil
	}
	return w.submit(l.Act, max(at, l.At))
}

// settle lets a hundred parties and their heads in, names where people sign in, and enrols a key for each who acts.
func (w *weekly) settle(at record.Instant) error {
	officers := w.state.Holders(conference.Secretary)
	if len(officers) < 2 {
		return errors.New("two officers are needed")
	}
	by, second := string(officers[0].Person), string(officers[1].Person)
	do := func(as, by, name, fields string, with ...string) error {
		v, err := canonical.Parse(fields)
		if err != nil {
			return err
		}
		s := &record.Submitted{As: as, By: by, Name: name, Fields: v}
		for _, p := range with {
			s.With = append(s.With, record.With{As: as, By: p})
		}
		return w.decide(s, w.state.Last+1000)
	}
	for n := len(w.state.Members(conference.Date(at.String()[:10]), "vii")); n < weekParties; n++ {
		p, head := fmt.Sprintf("w%d", n), fmt.Sprintf("%032x", 0xf000+n)
		var names, sealed []string
		for _, l := range w.state.Body.Languages {
			names = append(names, fmt.Sprintf(`["%s","Party %d"]`, l, n))
			sealed = append(sealed, fmt.Sprintf(`["%s",{"sealed":"%s"}]`, l, record.DigestOf([]byte(p+string(l)))))
		}
		for _, a := range [][2]string{
			{"NameParty", fmt.Sprintf(`{"party":"%s","short":[%s]}`, p, strings.Join(names, ","))},
			{"AdmitParty", fmt.Sprintf(`{"basis":"founder","from":"2020-01-01","party":"%s"}`, p)},
			{"RegisterPerson", fmt.Sprintf(`{"names":[%s],"person":"%s"}`, strings.Join(sealed, ","), head)},
		} {
			if err := do("Secretary", by, a[0], a[1]); err != nil {
				return fmt.Errorf("%s: %w", a[0], err)
			}
		}
		if err := do("Secretary", by, "GrantOffice", fmt.Sprintf(`{"capacity":"Head","for":"%s","person":"%s"}`, p, head), second); err != nil {
			return err
		}
	}
	if err := do("Secretary", by, "NameOrigin", `{"domain":"localhost","origins":["`+weekAddress+`"]}`, second); err != nil {
		return err
	}
	for _, as := range []conference.Capacity{conference.Secretary, conference.Chair, conference.Head, conference.ObserverHead, conference.Delegate, conference.Depositary, conference.Rapporteur} {
		for _, o := range w.state.Holders(as) {
			if err := w.enrol(do, by, string(o.Person)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *weekly) enrol(do func(as, by, name, fields string, with ...string) error, officer, person string) error {
	if w.keys[person] != nil {
		return nil
	}
	key, err := passkey.New(rand.Reader)
	if err != nil {
		return err
	}
	token := []byte(fmt.Sprintf("%-32s", person)[:32])
	if err := do("Secretary", officer, "InviteToEnrol", fmt.Sprintf(`{"link":"%s","person":"%s","until":"%s"}`, record.DigestOf(token), person, w.state.Last.AddHours(24))); err != nil {
		return fmt.Errorf("InviteToEnrol: %w", err)
	}
	err = do(string(conference.Myself), person, "EnrolPasskey", fmt.Sprintf(`{"credential":"%s","key":"%s","link":"%s"}`, key.Credential(), key.Public(), canonical.EncodeBytes(token)))
	if err == nil {
		w.keys[person] = key
	}
	return err
}

// named are the fields in which the meeting's own things are called by an id.
var named = strings.Fields("request requests question item items proposal proposals motion motions election symbol number decision appeal amendment meeting point silence event instrument report order under on about id after before plan thing commitment paragraph")

// again plays a line of the meeting for the kth time: its things have names of their own, its days come later. What a hall
// of a hundred does not allow is left out.
func (w *weekly) again(l story.Line, k, days int64) error {
	if l.Refused != "" || l.Closed != "" || l.Act.Get("name").Str == "TimeCame" {
		return nil
	}
	act := renamed(l.Act, "", k, days)
	if l.Act.Get("name").Str == "OpenMeeting" {
		for n := weekParties; n > 0; n-- {
			fields, err := canonical.Parse(fmt.Sprintf(`{"party":"w%d"}`, n))
			if err != nil {
				return err
			}
			s := &record.Submitted{As: "Secretary", By: l.Act.Get("by").Str, Name: "RecordPresence", Meeting: act.Get("meeting").Str, Fields: fields}
			s.By = string(w.state.Holders(conference.Secretary)[0].Person)
			if err := w.decide(s, w.state.Last+100); err != nil && !errors.As(err, new(*conference.Refusal)) {
				return err
			}
		}
	}
	err := w.submit(act, max(w.state.Last+1, l.At+record.Instant(days*24*3600*1000)))
	if errors.As(err, new(*conference.Refusal)) {
		w.refused++
		return nil
	}
	return err
}

var dated = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)

// renamed is a line with names of its own, days later.
func renamed(v canonical.Value, field string, k, days int64) canonical.Value {
	switch v.Kind {
	case canonical.Object, canonical.Array:
		v.Items = slices.Clone(v.Items)
		for i := range v.Items {
			under := field
			if v.Kind == canonical.Object {
				under = v.Keys[i]
			}
			v.Items[i] = renamed(v.Items[i], under, k, days)
		}
	case canonical.Int:
		if field == "ordinal" {
			v.Int += k - 1
		}
	case canonical.String:
		if at, err := record.ParseInstant(v.Str); err == nil {
			v.Str = (at + record.Instant(days*24*3600*1000)).String()
		} else if dated.MatchString(v.Str) {
			if d, err := time.Parse(time.DateOnly, v.Str); err == nil {
				v.Str = d.AddDate(0, 0, int(days)).Format(time.DateOnly)
			}
		} else if slices.Contains(named, field) && k > 1 {
			v.Str = fmt.Sprintf("%s-%d", v.Str, k)
		}
	}
	return v
}

func (w *weekly) submit(act canonical.Value, at record.Instant) error {
	s := &record.Submitted{As: act.Get("as").Str, By: act.Get("by").Str, For: act.Get("for").Str, Meeting: act.Get("meeting").Str, Name: act.Get("name").Str, Fields: act.Get("fields")}
	for _, x := range act.Get("with").Items {
		s.With = append(s.With, record.With{As: x.Get("as").Str, By: x.Get("by").Str})
	}
	return w.decide(s, at)
}

// decide decides an act, and before it what falls due, and writes their entries.
func (w *weekly) decide(s *record.Submitted, at record.Instant) error {
	for {
		due := ""
		for due = range w.state.Due(at) {
			break
		}
		if due == "" {
			break
		}
		fields, err := canonical.Parse(string(append(canonical.AppendString([]byte(`{"due":`), due), '}')))
		if err != nil {
			return err
		}
		if err := w.write(&record.Submitted{As: string(conference.Clock), By: "clock", Name: "TimeCame", Origin: w.origin, Key: canonical.EncodeBytes(digest16(due)), Fields: fields}, at, nil); err != nil {
			return fmt.Errorf("what falls due (%s): %w", due, err)
		}
	}
	w.n++
	s.Origin, s.Key = w.origin, canonical.EncodeBytes(digest16(fmt.Sprint("act ", w.n)))
	var attestations []record.Attestation
	if key := w.keys[s.By]; key != nil && len(s.With) == 0 && w.state.SignInAt().Domain != "" && s.Name != "EnrolPasskey" && w.ours.Uint64()%weekAttested == 0 {
		until := at.AddHours(1)
		s.NotAfter = &until
		if w.attest {
			a, err := key.Attest(s, "localhost", weekAddress)
			if err != nil {
				return err
			}
			attestations = append(attestations, a)
		}
	}
	return w.write(s, at, attestations)
}

func digest16(text string) []byte {
	b, err := canonical.DecodeBytes(string(record.DigestOf([]byte(text))))
	if err != nil {
		panic(err) // a digest
	}
	return b[:16]
}

func (w *weekly) write(s *record.Submitted, at record.Instant, attestations []record.Attestation) error {
	if w.state.Size == w.size {
		return errAssembled
	}
	if r := conference.Attested(&w.state, s, attestations); r != nil {
		return r
	}
	events, r := conference.Decide(&w.state, s, at)
	if r != nil {
		return r
	}
	b := record.OpenEntry(w.state.Size, at, s, attestations, conference.Decided(events))
	e, err := record.ParseEntry(string(b), w.state.Size)
	if err != nil {
		return err
	}
	w.kinds[s.Name]++
	w.parties[cmp.Or(s.For, s.Fields.Get("party").Str)] = true
	if len(attestations) > 0 {
		w.attested++
	}
	if err := w.state.FoldDecided(e, events); err != nil {
		return err
	}
	if err := binary.Write(w.out, binary.BigEndian, uint16(len(b))); err != nil {
		return err
	}
	_, err = w.out.Write(b)
	return err
}

// often counts the kinds of act that come at least once in two thousand entries.
func (w *weekly) often() (n int) {
	for _, c := range w.kinds {
		if int64(c) >= max(w.size/2000, 2) {
			n++
		}
	}
	return n
}
