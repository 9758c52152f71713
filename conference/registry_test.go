package conference

import (
	"slices"
	"strings"
	"testing"

	"kurultai/record"
)

// A recipient is added, a key is lost, a delegate goes: each is an entry, and what follows from it is decided.
func TestKeysComeAndGo(t *testing.T) {
	d := newDesk(t)
	for _, a := range sent {
		d.must(t, a)
	}
	n, _ := d.SealedNote(34)
	copies := func(p PartyID) int { n, _ = d.SealedNote(34); return len(d.CopiesFor(n, p)) }
	if copies("a") != 1 || copies("b") != 1 || copies("c") != 0 {
		t.Fatalf("a, b and c open %d, %d and %d copies", copies("a"), copies("b"), copies("c"))
	}

	d.must(t, depositC) // 35: a recipient added
	d.must(t, headB("PassNote", passOn(`"to":["c"],"keys":[35]`)))
	if copies("c") != 1 || !n.Receives("c") || n.AddressedTo("c") {
		t.Errorf("passed on, c opens %d copies: %+v", copies("c"), n)
	}

	d.must(t, headB("WithdrawRecipient", `{"key":33,"why":"lost"}`))           // 37: a key lost
	d.must(t, with(depositB, strings.Replace(depositB.fields, age2, age4, 1))) // 38
	d.must(t, headB("AskNote", `{"note":34,"key":38}`))                        // 39
	if n, _ = d.SealedNote(34); len(n.Asked) != 1 || n.Asked[0].Done || len(d.RecipientsOf("b", d.at)) != 1 {
		t.Fatalf("asked: %+v, keys %v", n.Asked, d.RecipientsOf("b", d.at))
	}
	d.must(t, head("PassNote", passOn(`"keys":[38]`))) // the sender encrypts it anew
	if copies("b") != 2 || !n.Asked[0].Done {
		t.Errorf("b opens %d copies, asked %+v", copies("b"), n.Asked)
	}

	// Who has the note opens its entry, who made or got a copy that of the copy, who asked and who sent it the request.
	for who, want := range map[Audience][]int64{ToDelegation("a"): {34, 36, 39, 40}, ToDelegation("b"): {34, 36, 39}, ToDelegation("c"): {34, 36}, ToDelegation("o"): nil, ToSecretariat: nil} {
		var open []int64
		for index := range d.OpensClosed(Reader{of: []Audience{who}}) {
			if index >= 34 {
				open = append(open, index)
			}
		}
		slices.Sort(open)
		if !slices.Equal(open, want) {
			t.Errorf("%s opens %v, want %v", who, open, want)
		}
	}

	for _, a := range gone5 { // the holder of a's key goes
		d.must(t, a)
	}
	if list := d.RecipientsOf("a", d.at); len(list) != 0 {
		t.Errorf("a's key stays though its holder left: %v", list)
	}
	if n, _ := d.SealedNote(34); len(d.CopiesFor(n, "a")) != 1 {
		t.Error("what was sent before is not given to a any more")
	}
	if r := d.do(t, headC("SendNote", strings.NewReplacer(`"b"`, `"a"`, `[32,33]`, `[32]`).Replace(note_.fields))); r == nil || r.Code != "holder-left" {
		t.Errorf("a note is encrypted to a key whose holder left: %v", r)
	}
}

func TestAnAnswerMeetsTheDeadline(t *testing.T) {
	d := newDesk(t)
	for _, a := range sent {
		d.must(t, a)
	}
	late := record.Instant(1_900_000_000_000).AddHours(24 * 30)
	if n, _ := d.SealedNote(34); !n.Overdue(late) || n.Overdue(d.at) {
		t.Error("overdue is not what was asked by a day that has passed")
	}
	d.must(t, headB("SendNote", strings.NewReplacer(`["b"]`, `["a"]`, `"mark"`, `"answers":34,"mark"`).Replace(fields(`{"number":"1","form":"letter","date":"2030-03-18","to":["b"],"keys":[32,33],"mark":"personal","passing":"nobody","plain":"`+anyDigest+`","ciphertext":{"blob":"`+anyDigest+`","size":900}}`))))
	if n, _ := d.SealedNote(34); n.Overdue(late) || !slices.Equal(n.AnsweredBy, []int64{35}) {
		t.Errorf("answered by %v", n.AnsweredBy)
	}
	for p, want := range map[PartyID]int{"a": 2, "b": 2, "c": 0, "": 0} {
		if got := d.Registry(p); len(got) != want {
			t.Errorf("the registry of %q has %d notes, want %d", p, len(got), want)
		}
	}
}

// What is folded of a record in which a note was erased holds no trace of it, and what is about it changes nothing.
func TestAnErasedNoteLeavesNothing(t *testing.T) {
	d := newDesk(t)
	before := dump(&d.State)
	for _, b := range []any{&NotePassed{Note: 7}, &NoteAcknowledged{Note: 7}, &NoteAsked{Note: 7}, &NoteWithdrawn{Note: 7}} {
		d.FoldClosed(&record.Entry{Index: 40}, []Event{{Body: b}})
	}
	if dump(&d.State) != before {
		t.Error("something was kept of a note that is not here")
	}
}

// TestRecipientsAreChecked holds the checksum against keys age made and against each letter of one changed (BIP 173).
func TestRecipientsAreChecked(t *testing.T) {
	for _, k := range []string{age1_, age2, age3, age4} {
		if !age1.MatchString(k) || !ofBech32(k) {
			t.Errorf("%s is refused", k)
		}
	}
	for i := 4; i < len(age2); i++ {
		other := byte('q')
		if age2[i] == 'q' {
			other = 'p'
		}
		if ofBech32(age2[:i] + string(other) + age2[i+1:]) {
			t.Errorf("letter %d changed and not noticed", i)
		}
	}
}
