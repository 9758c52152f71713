package conference_test

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"testing"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/story/storytest"
)

// lived is a story as its entries stand in the record.
func lived(t *testing.T, name string) (entries []*record.Entry) {
	t.Helper()
	v := storytest.Play(t, name).View()
	for n := range v.State().Size {
		entries = append(entries, entryOf(t, v, n))
	}
	if len(entries) < 80 {
		t.Fatalf("only %d entries", len(entries))
	}
	return entries
}

func entryOf(t *testing.T, v *secretariat.View, n int64) *record.Entry {
	t.Helper()
	text, err := v.Entry(context.Background(), n)
	if err != nil {
		t.Fatal(err)
	}
	e, err := record.ParseEntry(string(text), n)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// holders are the persons who hold any office, in order.
func holders(s *conference.State) []conference.PersonID {
	all := map[conference.PersonID]bool{}
	for _, c := range conference.Capacities {
		for _, o := range s.Holders(c) {
			all[o.Person] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// samples are fields each act was accepted with somewhere in the story.
func samples(entries []*record.Entry) map[string]canonical.Value {
	first := map[string]canonical.Value{}
	for _, e := range entries {
		if _, ok := first[e.Act.Name]; e.Closed == "" && !ok {
			first[e.Act.Name] = e.Act.Fields
		}
	}
	return first
}

func decided(s *conference.State, o conference.Offer, fields canonical.Value, at record.Instant) *conference.Refusal {
	a := o.Submitted()
	a.Fields = fields
	_, r := conference.Decide(s, &a, at)
	return r
}

// At every index of the story, for everybody in office: what is offered would be accepted as it was tried, what is
// barred is refused, with the refusal that is shown; and what the story goes on to do was offered to who does it.
func TestOffersSayWhatDecideSays(t *testing.T) {
	n := counts{offered: map[string]bool{}}
	for _, name := range []string{"baku", "training"} {
		entries := lived(t, name)
		sample, s := samples(entries), new(conference.State)
		for _, e := range entries {
			for _, p := range holders(s) {
				for _, o := range s.Offers(p, meetingOf(s, e), e.At) {
					n.check(t, s, o, e, sample)
				}
			}
			foretold(t, s, e)
			if err := s.Fold(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, a := range conference.Catalogue() {
		if !n.offered[a.Name] && a.Name != "FoundBody" && a.Name != "TimeCame" {
			t.Errorf("%s is never offered to anybody", a.Name)
		}
	}
	if n.tried < 10_000 || n.barred < 1000 || len(n.offered) < 100 {
		t.Errorf("only %+v", n)
	}
	t.Logf("%d offers tried, %d barred forms and %d open ones, of %d acts", n.tried, n.barred, n.open, len(n.offered))
}

// counts is what was checked, and which acts were ever offered unbarred.
type counts struct {
	tried, barred, open int
	offered             map[string]bool
}

// check decides an offer made before entry e.
func (n *counts) check(t *testing.T, s *conference.State, o conference.Offer, e *record.Entry, sample map[string]canonical.Value) {
	t.Helper()
	n.offered[o.Act.Name] = n.offered[o.Act.Name] || o.Refusal == nil
	tried := conference.Tried(o)
	fields, sampled := sample[o.Act.Name]
	switch {
	case tried.Kind != canonical.Invalid || o.Act.Fields.NumField() == 0:
		n.tried++
		if r := decided(s, o, tried, e.At); !reflect.DeepEqual(r, o.Refusal) {
			t.Fatalf("entry %d: %s as %s for %q is offered with %v, decided %v", e.Index, o.Act.Name, o.As, o.For, o.Refusal, r)
		}
	case o.Refusal != nil && sampled:
		n.barred++
		if r := decided(s, o, fields, e.At); r == nil {
			t.Fatalf("entry %d: %s as %s for %q is barred by %v, and taken", e.Index, o.Act.Name, o.As, o.For, o.Refusal)
		}
	default:
		n.open++
	}
}

// meetingOf is the meeting an entry is of, else the newest.
func meetingOf(s *conference.State, e *record.Entry) conference.MeetingID {
	if e.Closed == "" && e.Act.Meeting != "" {
		return conference.MeetingID(e.Act.Meeting)
	}
	if m := s.Meetings(); len(m) > 0 {
		return m[len(m)-1].MeetingConvened.Meeting
	}
	return ""
}

// foretold checks that what an entry holds was offered to its author, with these fields or with fields to fill in.
func foretold(t *testing.T, s *conference.State, e *record.Entry) {
	t.Helper()
	if e.Closed != "" || e.Act.By == "clock" || e.Act.Name == "FoundBody" {
		return
	}
	act, _ := s.Lookup(e.Act.Name)
	office := conference.Office{Person: conference.PersonID(e.Act.By), Capacity: conference.Capacity(e.Act.As), For: conference.PartyID(e.Act.For)}
	for _, o := range s.OffersOf(act, office, conference.MeetingID(e.Act.Meeting), e.At) {
		if conference.Tried(o).Kind != canonical.Invalid || o.Refusal == nil {
			return // proposals are checked for what they are; a form may hold anything
		}
	}
	t.Errorf("entry %d: %s was not offered to %s, who did it", e.Index, e.Act.Name, e.Act.As)
}

func TestTheChairIsToldWhatComesNext(t *testing.T) {
	entries := lived(t, "training")
	s, seen, followed := new(conference.State), map[conference.Code]bool{}, 0
	for _, e := range entries {
		if e.Closed == "" && e.Act.Meeting != "" {
			next := s.Next(conference.MeetingID(e.Act.Meeting), e.At)
			seen[next.Code] = true
			if !slices.Contains(conference.StepCodes, next.Code) {
				t.Errorf("entry %d: no step is called %s", e.Index, next.Code)
			}
			if next.Act != "" && next.Rule == "" {
				t.Errorf("entry %d: %s rests on no rule", e.Index, next.Code)
			}
			if next.Act == e.Act.Name && next.Act != "" {
				followed++
			}
		}
		if err := s.Fold(e); err != nil {
			t.Fatal(err)
		}
	}
	for _, code := range []conference.Code{"await-quorum", "open", "rule", "call", "take-votes", "announce", "hear", "give-floor", "open-item", "ask-speakers", "put-amendment", "put-proposal", "hold-ballot", "hear-tellers", "close-item", "put-appeal"} {
		if !seen[code] {
			t.Errorf("the story never comes to %s", code)
		}
	}
	if followed < 60 {
		t.Errorf("what came next was done %d times", followed)
	}
	t.Logf("%d steps of %d kinds, followed %d times", len(entries), len(seen), followed)
}
