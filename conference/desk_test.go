package conference

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What the desk does for a party is what its head would do, and one event more that says so.
func TestTheDeskDoesWhatTheHeadWould(t *testing.T) {
	acts := 0
	for _, w := range lawful {
		if !edition1.acts[w.act.name].Desk {
			continue
		}
		d := brought(t, w.before, w.act)
		own, r := Decide(&d.State, d.submitted(t, w.act), d.at+1000)
		if r != nil {
			t.Fatal(r)
		}
		officers, r := Decide(&d.State, d.submitted(t, byOfficer(w.act)), d.at+1000)
		if r != nil {
			t.Errorf("%s by the desk: %v", w.act.name, r)
			continue
		}
		want := string(AppendDecided(nil, append(slices.Clone(own), Event{Body: &ActedFor{PartyID(w.act.party), w.act.name, PersonID(pid(2)), "aloud"}})))
		if got := string(AppendDecided(nil, officers)); got != want {
			t.Errorf("%s by the desk causes\n%s, not\n%s", w.act.name, got, want)
		}
		acts++
	}
	named := 0
	for _, a := range Catalogue() {
		_, has := a.Fields.FieldByName("Instruction")
		if has != a.Desk || a.Desk && !a.OfConsequence(Secretary) {
			t.Errorf("%s: field of the instruction %v, by the desk %v", a.Name, has, a.Desk)
		}
		if a.Desk {
			named++
		}
	}
	if acts != named || acts < 15 {
		t.Errorf("%d acts of %d", acts, named)
	}
	t.Logf("%d acts by the desk", acts)
}

func TestNeverByTheDesk(t *testing.T) {
	for _, name := range strings.Fields("Sign InitialText ConfirmSignature DepositFullPowers LodgeCredentials ObjectToCredentials DepositPartyKey ReplacePartyKey CountersignKey EnrolPasskey Disown AcceptCommitment WithdrawParty") {
		if a := edition1.acts[name]; a == nil || a.Desk || slices.Contains(a.Who, Secretary) {
			t.Errorf("%s by the desk", name)
		}
	}
}

func TestWhatTheDeskDidIsDisowned(t *testing.T) {
	d := newDesk(t)
	for _, a := range then(voting_, byOfficer(yes)) {
		d.must(t, a)
	}
	vote := d.Size - 1
	if list := d.InNameOf("a"); len(list) != 1 || list[0].Act != "Answer" || list[0].Officer != PersonID(pid(2)) || list[0].Index != vote {
		t.Fatalf("%+v", list)
	}
	d.must(t, head("Disown", fmt.Sprintf(`{"index":%d}`, vote)))
	if q, _ := d.Question("q"); len(q.Votes) != 0 {
		t.Errorf("a disowned vote counts: %+v", q.Votes)
	}
	if a, _ := d.ActedAt(vote); a.Disowned != d.Size-1 {
		t.Errorf("%+v", a)
	}

	// a request that is listed is withdrawn; one that has the floor is marked
	d = newDesk(t)
	for _, a := range then(opened, byOfficer(ask("r"))) {
		d.must(t, a)
	}
	asked := d.Size - 1
	if r := d.SpeakersList("m"); len(r) != 1 || r[0].Person != PersonID(pid(5)) {
		t.Errorf("who speaks: %+v", r)
	}
	spoken := &desk{State: d.State, at: d.at, n: d.n}
	d.must(t, head("Disown", fmt.Sprintf(`{"index":%d}`, asked)))
	if r := d.SpeakersList("m"); len(r) != 0 {
		t.Errorf("a disowned request waits: %+v", r)
	}
	spoken.must(t, give("r"))
	spoken.must(t, head("Disown", fmt.Sprintf(`{"index":%d}`, asked)))
	if _, ok := spoken.Speaking("m"); !ok {
		t.Error("a speaker was interrupted")
	}
	if a := spoken.InNameOf("a"); a[0].Disowned == 0 {
		t.Errorf("%+v", a)
	}
	if r := spoken.do(t, head("Disown", fmt.Sprintf(`{"index":%d}`, asked))); r == nil || r.Code != "already-disowned" {
		t.Error(r)
	}
}

func TestVotesOfTheDeskAreCountedBesideTheResult(t *testing.T) {
	d := newDesk(t)
	for _, a := range then(voting_, byOfficer(yes), headB("Answer", `{"question":"q","answer":"no"}`), endVote, announce) {
		d.must(t, a)
	}
	if r := d.Results("m")[0].Result; r.Desk != 1 || r.Yes != 1 || r.No != 1 {
		t.Errorf("%+v", r)
	}
}

// An observer's head asks through the desk as itself would; where no head is on the record a delegate speaks, and where
// nobody is, nobody is named.
func TestWhoSpeaksThroughTheDesk(t *testing.T) {
	d := newDesk(t)
	for _, a := range opened {
		d.must(t, a)
	}
	d.must(t, act{as: Secretary, by: 1, with: 2, name: "RevokeOffice", fields: `{"capacity":"Head","for":"o","person":"` + pid(7) + `"}`})
	for _, c := range []struct {
		ask   act
		who   string
		leave []string // offices of a that end before
	}{
		{act{as: ObserverHead, party: "o", meeting: "m", name: "AskFloor", fields: `{"request":"s"}`}, pid(6), nil},
		{ask("r"), pid(10), []string{`{"capacity":"Head","for":"a","person":"` + pid(5) + `"}`}},
		{ask("r"), "unnamed", []string{`{"capacity":"Head","for":"a","person":"` + pid(5) + `"}`, `{"capacity":"Delegate","for":"a","person":"` + pid(10) + `"}`}},
	} {
		w := &desk{State: d.State, at: d.at, n: d.n}
		for _, o := range c.leave {
			w.must(t, act{as: Secretary, by: 1, with: 2, name: "RevokeOffice", fields: o})
		}
		w.must(t, byOfficer(c.ask))
		if r := w.SpeakersList("m"); len(r) != 1 || string(r[0].Person) != c.who {
			t.Errorf("%+v, want %s", r, c.who)
		}
	}
}
