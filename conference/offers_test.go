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
	for _, name := range []string{"baku", "training", "treaty"} {
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

// Whatever the parties to the treaties of the story and their depositary did was offered to them with its fields filled in,
// but for what only they could know, and for ids of their own choosing.
func TestWhatTheRecordFillsIn(t *testing.T) {
	own := []string{"reservation", "declaration", "objection", "notification", "to"}
	acts := []string{"Sign", "ConfirmSignature", "DepositConsent", "NotifyWithdrawal", "RevokeWithdrawal", "FormulateReservation", "MakeDeclaration", "ObjectToReservation", "ObjectToCorrection", "WithdrawStatement",
		"ApplyProvisionally", "AcknowledgeNotification", "ExaminePowers", "NotifyParties", "CertifyCopy", "TransmitCopies", "RegisterInstrument", "ResumeOperation"}
	s, met := new(conference.State), map[string]int{}
	for _, e := range lived(t, "treaty") {
		if act, _ := s.Lookup(e.Act.Name); act != nil && slices.Contains(acts, e.Act.Name) {
			office := conference.Office{Person: conference.PersonID(e.Act.By), Capacity: conference.Capacity(e.Act.As), For: conference.PartyID(e.Act.For)}
			offered := false
			for _, o := range s.OffersOf(act, office, "", e.At) {
				fits := (o.Refusal == nil || e.Act.Fields.Get("exOfficio").Str != "") && len(o.Fields.Keys) > 0
				for _, key := range o.Fields.Keys {
					mine, theirs := string(canonical.Append(nil, o.Fields.Get(key))), string(canonical.Append(nil, e.Act.Fields.Get(key)))
					fits = fits && (mine == theirs || key == "objection" || key != "reservation" && slices.Contains(own, key) || key == "reservation" && e.Act.Name == "FormulateReservation")
				}
				offered = offered || fits
			}
			if offered {
				met[e.Act.Name]++
			} else {
				t.Errorf("entry %d: %s of %s was not offered as it was done: %s", e.Index, e.Act.Name, e.Act.For, canonical.Append(nil, e.Act.Fields))
			}
		}
		if err := s.Fold(e); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range acts {
		if met[name] == 0 {
			t.Errorf("no %s in the story", name)
		}
	}
	t.Logf("%v", met)
}

// An objection is offered until its last day and no longer; a head is told that day.
func TestAnOfferEndsWithItsPeriod(t *testing.T) {
	entries, s := lived(t, "treaty"), new(conference.State)
	for _, e := range entries[:79] { // the reservation of Zelinor stands
		if err := s.Fold(e); err != nil {
			t.Fatal(err)
		}
	}
	act, _ := s.Lookup("ObjectToReservation")
	head := conference.Office{Person: "a2c4f0ea7d5f768a9f6233971518b468", Capacity: conference.Head, For: "xl"}
	offers := func(day conference.Date) (list []conference.Offer) {
		for _, o := range s.OffersOf(act, head, "", day.Begins()+3_600_000) {
			if len(o.Label) > 0 {
				list = append(list, o)
			}
		}
		return list
	}
	last := offers("2028-04-22")
	if len(last) != 1 || last[0].Label[2] != (conference.Thing{Kind: "until", ID: "2028-04-22"}) || !slices.Equal(last[0].Open, []string{"text"}) {
		t.Errorf("%+v", last)
	}
	if over := offers("2028-04-23"); len(over) != 0 {
		t.Errorf("offered after the last day: %+v", over)
	}
}
