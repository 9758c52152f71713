package conference

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	treaty "kurultai/depositary"
	"kurultai/record"
)

// fullClause has a member of each kind.
var fullClause = treaty.Clause{
	Article: "14", Later: &treaty.Delay{Count: 3, Unit: treaty.Months, Then: treaty.ThisFirst}, Provisional: true, Accession: treaty.Invited, Invited: []string{"a", "o"},
	Withdrawal: &treaty.Withdrawal{Months: 12, After: 36}, Reservations: treaty.Listed, Provisions: []string{"article 7", "article 9"},
	Groups: []treaty.Group{{Name: "founders", Members: []string{"a", "b"}}}, Quantities: []treaty.Quantity{{Name: "shore", Total: 100, Shares: []treaty.Share{{Party: "a", Part: 60}}}}, Organisations: []string{"o"},
	Ways: []treaty.Way{{Delay: &treaty.Delay{Count: 60, Unit: treaty.Days, Then: treaty.NextFirst}, NotBefore: "2030-01-01", From: "2029-01-01", Until: "2040-01-01", Conditions: []treaty.Condition{
		{What: treaty.StepConsents, Number: 2, Of: "founders", Organisations: true}, {What: treaty.StepShare, Share: &treaty.Fraction{Num: 1, Den: 2}, Of: "shore", Above: true}, {What: treaty.StepParties, Parties: []string{"a"}}, {What: treaty.StepEveryone, Of: "founders"}, {What: treaty.StepSignatories}, {What: treaty.StepSignatures, Number: 2}, {What: treaty.StepDate, Date: "2030-01-01"}}}},
}

const (
	today  = "2030-03-17" // of the first acts of a desk
	inTime = `{"number":1,"what":"consents"}`
)

func clausedAct(clause string) act {
	return secretary("OpenInstrument", fields(`{"instrument":"t","title":[["en","Statute"]],"form":"statute","subject":"secretariat","languages":["en"],"decision":"d1","signatories":["a","b"],"clause":`+clause+`}`))
}

func of(do func(name, text string) act, name, more string) act {
	return do(name, `{"instrument":"t","on":"`+today+`"`+more+`}`)
}

func ratify(do func(name, text string) act, means string) act {
	return of(do, "DepositConsent", `,"means":"`+means+`","office":"head-of-state","paper":"‹x›"`)
}

// onDay puts an act on another day of receipt.
func onDay(a act, day string) act {
	a.fields = strings.Replace(a.fields, today, day, 1)
	return a
}

var (
	month  = `"ways":[{"conditions":[` + inTime + `],"delay":{"count":30,"unit":"days"}}]`
	signAs = func(do func(name, text string) act) act {
		return do("Sign", `{"instrument":"t","mode":"subject-to-ratification","exOfficio":"head-of-state"}`)
	}
	claused = func(clause string) []act {
		return then(decided_, clausedAct(`{"article":"9",`+clause+`}`), authT, openS, signAs(head), signAs(headB))
	}
	office_   = claused(month + `,"accession":"open","provisional":true`)
	deposited = then(office_, ratify(head, "ratification"))
	inForce   = then(deposited, dueNow("force/t", 30*86_400_000))
	leaves    = onDay(of(head, "NotifyWithdrawal", `,"paper":"‹x›"`), "2030-04-16")
	leaving   = then(inForce, leaves)

	reserve     = of(head, "FormulateReservation", `,"reservation":"rs","provision":"article 7","text":"not us"`)
	reserved    = then(office_, reserve)
	objects     = headB("ObjectToReservation", `{"objection":"ob","reservation":"rs","precludes":true,"text":"against its object","on":"`+today+`"}`)
	declare     = of(head, "MakeDeclaration", `,"declaration":"dc","sort":"interpretative","text":"as we read it"`)
	territory   = of(head, "DeclareTerritory", `,"declaration":"te","territory":"hall"`)
	apply_      = of(head, "ApplyProvisionally", `,"from":"2030-03-20"`)
	succeed     = of(headC, "NotifySuccession", `,"predecessor":"a","from":"2030-01-01","paper":"‹x›"`)
	withdrawS   = head("WithdrawStatement", `{"statement":"rs","on":"`+today+`"}`)
	correct     = depositary("ProposeCorrection", `{"correction":"co","instrument":"t","language":"en","error":"article 1: teh","text":"the","until":"2030-06-30"}`)
	corrected   = then(office_, correct)
	notify      = depositary("NotifyParties", `{"notification":"n1","instrument":"t","entry":40,"to":["a","b"]}`)
	notified    = then(office_, notify)
	acknowledge = head("AcknowledgeNotification", `{"notification":"n1"}`)
	register    = depositary("RegisterInstrument", `{"instrument":"t","number":"I-60001"}`)
	objectC     = head("ObjectToCorrection", `{"correction":"co","reason":"it was meant so"}`)
)

// ground is an end or a suspension of the instrument in force, on a ground, by an agreement of parties.
func ground(name, basis, from, more string) act {
	return onDay(of(depositary, name, `,"basis":"`+basis+`","from":"`+from+`","paper":"‹x›"`+more), "2030-04-16")
}

var (
	suspend    = ground("SuspendOperation", "consent", "2030-05-01", `,"suspension":"su","agreed":["a"]`)
	suspended  = then(inForce, suspend)
	terminate  = ground("Terminate", "consent", "2030-06-01", `,"agreed":["a"]`)
	terminated = then(inForce, terminate, dueNow("termination/t", 47*86_400_000))
	certified_ = then(office_, depositary("CertifyCopy", `{"instrument":"t","language":"en","copy":{"blob":"‹x›","size":5}}`))
	letter     = depositary("IssuePaper", `{"symbol":"n1","language":"en","digest":"‹x›","layout":2}`)
	transmit   = depositary("TransmitCopies", `{"instrument":"t","languages":["en"],"to":["a","b","o"]}`)
	both       = then(inForce, onDay(ratify(headB, "ratification"), "2030-04-16"), dueNow("force/t/b", 0))
)

func init() {
	for name, more := range map[string]string{"Terminate": ``, "SuspendOperation": `,"suspension":"su"`} {
		agreed := func(basis, from, rest string) act { return ground(name, basis, from, more+rest) }
		moreRefusals = append(moreRefusals, []way3{
			{"unknown-instrument", nil, agreed("consent", "2030-06-01", ``)},
			{"unknown-instrument", inForce, agreed("later-treaty", "2030-06-01", `,"superseding":"zz"`)},
			{"not-the-day", inForce, onDay(of(depositary, name, `,"basis":"consent","from":"2030-06-01","paper":"‹x›"`+more), "2030-04-10")},
			{"not-in-force", deposited, of(depositary, name, `,"basis":"consent","from":"2030-06-01","paper":"‹x›"`+more)},
			{"not-in-force", then(inForce, with(openI, strings.Replace(openI.fields, `"instrument":"t"`, `"instrument":"t2"`, 1))), agreed("later-treaty", "2030-06-01", `,"superseding":"t2"`)},
			{"terminated", terminated, onDay(of(depositary, name, `,"basis":"consent","from":"2030-06-04","paper":"‹x›","agreed":["a"]`+more), "2030-06-01")},
			{"no-consent", inForce, agreed("consent", "2030-06-01", `,"agreed":["a","c"]`)},
			{"not-all-agree", both, agreed("consent", "2030-06-01", `,"agreed":["a"]`)},
			{"not-all-agree", both, agreed("breach", "2030-08-01", `,"defaulting":"b"`)},
			{"notice-of-three-months", inForce, agreed("impossibility", "2030-07-15", ``)},
			{"notice-of-three-months", both, agreed("breach", "2030-06-01", `,"defaulting":"b","agreed":["a"]`)},
			{"malformed", inForce, agreed("whim", "2030-06-01", ``)},
			{"malformed", inForce, agreed("text", "2030-06-01", ``)},
			{"malformed", inForce, agreed("breach", "2030-08-01", ``)},
			{"malformed", inForce, agreed("consent", "2030-04-15", `,"agreed":["a"]`)},
		}...)
	}
	moreRefusals = append(moreRefusals, []way3{
		{"malformed", inForce, ground("SuspendOperation", "some-parties", "2030-06-01", `,"suspension":"su","between":["a"],"agreed":["a"]`)},
		{"malformed", inForce, ground("SuspendOperation", "consent", "2030-06-01", `,"suspension":"su","agreed":["a"],"until":"2030-05-31"`)},
		{"not-all-agree", both, ground("SuspendOperation", "some-parties", "2030-06-01", `,"suspension":"su","between":["a","b"],"agreed":["a"]`)},
		{"id-taken", suspended, suspend},
		{"letter-issued", then(notified, letter), letter},
		{"ends-already", then(inForce, terminate), terminate},
		{"unknown-suspension", inForce, depositary("ResumeOperation", `{"suspension":"su","on":"2030-04-16"}`)},
		{"not-the-day", suspended, depositary("ResumeOperation", `{"suspension":"su","on":"2030-04-10"}`)},
		{"unknown-instrument", nil, transmit}, {"no-certified-copy", office_, transmit},
		{"not-entitled", then(claused(month), depositary("CertifyCopy", `{"instrument":"t","language":"en","copy":{"blob":"‹x›","size":5}}`)), transmit},
		{"terminated", terminated, onDay(ratify(headB, "ratification"), "2030-06-01")},
		{"terminated", terminated, onDay(reserve, "2030-06-01")},
		{"terminated", terminated, onDay(declare, "2030-06-01")},
		{"terminated", terminated, onDay(territory, "2030-06-01")},
		{"terminated", terminated, onDay(apply_, "2030-06-01")},
		{"terminated", then(reserved, onDay(ratify(head, "ratification"), today), dueNow("force/t", 30*86_400_000), terminate, dueNow("termination/t", 47*86_400_000)), onDay(objects, "2030-06-01")},
		{"terminated", terminated, onDay(succeed, "2030-06-01")},
		{"terminated", terminated, onDay(of(head, "NotifyWithdrawal", `,"paper":"‹x›"`), "2030-06-01")},
	}...)
	lawful = append(lawful, []way{
		{office_, ratify(head, "ratification")},
		{deposited, succeed},
		{inForce, leaves},
		{leaving, onDay(of(head, "RevokeWithdrawal", ``), "2030-04-16")},
		{office_, reserve},
		{reserved, objects},
		{office_, declare},
		{office_, territory},
		{reserved, withdrawS},
		{office_, apply_},
		{then(office_, apply_), of(head, "EndProvisionalApplication", ``)},
		{office_, correct},
		{corrected, objectC},
		{office_, notify},
		{notified, acknowledge},
		{office_, depositary("CertifyCopy", `{"instrument":"t","language":"en","copy":{"blob":"‹x›","size":5}}`)},
		{inForce, register},
		{inForce, suspend},
		{suspended, onDay(depositary("ResumeOperation", `{"suspension":"su","on":"`+today+`"}`), "2030-04-16")},
		{inForce, terminate},
		{certified_, transmit},
	}...)
	moreRefusals = append(moreRefusals, []way3{
		{"unknown-instrument", nil, notify}, {"unknown-instrument", nil, register}, {"unknown-instrument", nil, depositary("CertifyCopy", `{"instrument":"t","language":"en","copy":{"blob":"‹x›","size":5}}`)},
		{"id-taken", notified, notify}, {"beyond-record", office_, depositary("NotifyParties", `{"notification":"n1","instrument":"t","entry":9000,"to":["a"]}`)},
		{"unknown-party", office_, depositary("NotifyParties", `{"notification":"n1","instrument":"t","entry":40,"to":["zz"]}`)}, {"unknown-party", office_, depositary("NotifyParties", `{"notification":"n1","instrument":"t","entry":40,"to":["a","a"]}`)},
		{"unknown-notification", office_, acknowledge}, {"not-addressee", notified, headC("AcknowledgeNotification", `{"notification":"n1"}`)}, {"already-acknowledged", then(notified, acknowledge), acknowledge},
		{"not-authentic-text", office_, depositary("CertifyCopy", `{"instrument":"t","language":"de","copy":{"blob":"‹x›","size":5}}`)},
		{"not-in-force", deposited, register}, {"already-registered", then(inForce, register), register},
	}...)
	notices = append(notices, way3{"late", then(deposited, later(ratify(headB, "ratification"), 86_400_000)), onDay(reserve, "2030-03-18")})
	for _, a := range []act{ratify(head, "ratification"), succeed, leaves, of(head, "RevokeWithdrawal", ``), reserve, declare, territory, apply_, of(head, "EndProvisionalApplication", ``), correct} {
		moreRefusals = append(moreRefusals, way3{"unknown-instrument", nil, a})
	}
	for _, a := range []act{ratify(head, "ratification"), succeed, leaves, reserve, declare, territory, apply_} {
		moreRefusals = append(moreRefusals, way3{"not-the-day", office_, onDay(onDay(a, today), "2030-03-12")})
	}
	for _, a := range []act{of(headC, "FormulateReservation", `,"reservation":"rs","provision":"article 7","text":"not us"`), of(headC, "MakeDeclaration", `,"declaration":"dc","sort":"political","text":"x"`), of(headC, "DeclareTerritory", `,"declaration":"te","territory":"hall"`), of(headC, "ApplyProvisionally", `,"from":"2030-03-20"`)} {
		moreRefusals = append(moreRefusals, way3{"not-contracting", office_, a})
	}
	moreRefusals = append(moreRefusals, []way3{
		{"nothing-to-amend", decided_, with(openI, strings.Replace(openI.fields, `"decision"`, `"amends":"zz","decision"`, 1))},
		{"unknown-group", decided_, clausedAct(`{"article":"9","ways":[{"conditions":[{"number":1,"of":"annex 2","what":"consents"}]}]}`)},
		{"not-authenticated", then(decided_, clausedAct(`{"article":"9",`+month+`}`)), ratify(head, "ratification")},
		{"not-due-form", office_, of(head, "DepositConsent", `,"means":"ratification","office":"ambassador","paper":"‹x›"`)},
		{"already-consented", deposited, ratify(head, "acceptance")},
		{"not-signatory", office_, ratify(headC, "ratification")},
		{"was-signatory", office_, ratify(headB, "accession")},
		{"accession-closed", claused(month), ratify(headC, "accession")},
		{"accession-closed", claused(month + `,"accession":"invited","invited":["o"]`), ratify(headC, "accession")},
		{"unknown-party", deposited, of(headC, "NotifySuccession", `,"predecessor":"zz","from":"2030-01-01","paper":"‹x›"`)},
		{"already-consented", deposited, of(head, "NotifySuccession", `,"predecessor":"b","from":"2030-01-01","paper":"‹x›"`)},
		{"no-consent-to-succeed", office_, succeed},
		{"no-consent", office_, of(head, "NotifyWithdrawal", `,"paper":"‹x›"`)},
		{"leaving-barred", then(claused(month+`,"withdrawal":{"months":0,"never":true}`), ratify(head, "ratification"), dueNow("force/t", 30*86_400_000)), leaves},
		{"too-early-to-leave", then(claused(month+`,"withdrawal":{"after":12,"months":6}`), ratify(head, "ratification"), dueNow("force/t", 30*86_400_000)), leaves},
		{"not-the-day", deposited, onDay(ratify(headB, "ratification"), "2030-03-16")}, // before what was done already
		{"no-withdrawal", deposited, of(head, "RevokeWithdrawal", ``)},
		{"not-the-day", office_, onDay(of(head, "RevokeWithdrawal", ``), "2030-03-12")},
		{"id-taken", reserved, reserve}, {"id-taken", then(office_, declare), declare}, {"id-taken", then(office_, territory), territory}, {"id-taken", then(reserved, objects), objects}, {"id-taken", corrected, correct},
		{"prohibited", claused(month + `,"reservations":"none"`), reserve},
		{"prohibited", claused(month + `,"provisions":["article 9"],"reservations":"listed"`), reserve},
		{"unknown-reservation", office_, objects}, {"unknown-reservation", then(reserved, withdrawS), objects},
		{"own-reservation", reserved, head("ObjectToReservation", `{"objection":"ob","reservation":"rs","text":"x","on":"`+today+`"}`)},
		{"after-12-months", then(reserved, dueNow("reservation/rs", 367*86_400_000)), onDay(objects, "2031-03-19")},
		{"not-the-day", reserved, onDay(objects, "2030-03-12")},
		{"not-contracting", reserved, headC("ObjectToReservation", `{"objection":"ob","reservation":"rs","text":"x","on":"`+today+`"}`)},
		{"unknown-place", office_, of(head, "DeclareTerritory", `,"declaration":"te","territory":"zz"`)},
		{"unknown-statement", office_, withdrawS}, {"not-yours", reserved, headB("WithdrawStatement", `{"statement":"rs","on":"`+today+`"}`)}, {"not-the-day", reserved, onDay(withdrawS, "2030-03-12")},
		{"not-provisional", claused(month), apply_}, {"already-in-force", inForce, onDay(apply_, "2030-04-16")}, {"already-provisional", then(office_, apply_), apply_},
		{"not-applied", office_, of(head, "EndProvisionalApplication", ``)}, {"not-the-day", then(office_, apply_), onDay(of(head, "EndProvisionalApplication", ``), "2030-03-12")},
		{"not-authentic-text", office_, depositary("ProposeCorrection", `{"correction":"co","instrument":"t","language":"de","error":"x","text":"y","until":"2030-06-30"}`)},
		{"until-passed", office_, depositary("ProposeCorrection", `{"correction":"co","instrument":"t","language":"en","error":"x","text":"y","until":"2030-03-17"}`)},
		{"unknown-correction", office_, objectC}, {"period-over", then(corrected, dueNow("correction/co", 107*86_400_000)), objectC},
		{"not-contracting", corrected, headC("ObjectToCorrection", `{"correction":"co","reason":"x"}`)},
	}...)
}

type way3 = struct {
	code   Code
	before []act
	act    act
}

// after does acts one after the other and returns what the last caused.
func after(t *testing.T, acts []act) (*desk, []Event) {
	t.Helper()
	d := newDesk(t)
	for _, a := range acts[:len(acts)-1] {
		d.must(t, a)
	}
	last := acts[len(acts)-1]
	at := d.at + 1000 + record.Instant(last.wait)
	events, r := Decide(&d.State, d.submitted(t, last), at)
	if r != nil {
		t.Fatalf("%s: %v", last.name, r)
	}
	d.must(t, last)
	return d, events
}

func kindsOf(events []Event) string {
	var names []string
	for _, e := range events {
		names = append(names, e.Kind())
	}
	return strings.Join(names, " ")
}

func TestADepositSettlesTheDayAndTheClockBringsIt(t *testing.T) {
	d, events := after(t, deposited)
	if got := kindsOf(events); got != "ConsentDeposited EntryIntoForceSettled" {
		t.Fatal(got)
	}
	x := events[1].Body.(*EntryIntoForceSettled)
	if x.Date != "2030-04-16" || x.Decided != today || !slices.Equal(x.By, []PartyID{"a"}) || fmt.Sprint(x.Working) != "[{consents 1 1 2030-03-17} {delay 0 0 2030-04-16}]" {
		t.Errorf("%+v", x)
	}
	if got := slices.Collect(d.Due(Date("2030-04-16").begins() - 1)); len(got) != 0 {
		t.Errorf("due the day before: %v", got)
	}
	if got := slices.Collect(d.Due(Date("2030-04-16").begins())); !slices.Equal(got, []string{"force/t"}) {
		t.Errorf("due: %v", got)
	}
	e, _ := after(t, inForce)
	if x, ok := e.EntryIntoForce("t"); !ok || x.Entered != e.Size-1 {
		t.Errorf("%+v", x)
	}
	// who comes later is bound from its own day, and the treaty is not settled twice
	f, events := after(t, then(inForce, onDay(ratify(headB, "ratification"), "2030-04-16")))
	if got := events[0].Body.(*ConsentDeposited); kindsOf(events) != "ConsentDeposited" || got.From != "2030-04-16" {
		t.Errorf("%+v", got)
	}
	if got := slices.Collect(f.Due(f.at + 1)); !slices.Equal(got, []string{"force/t/b"}) {
		t.Errorf("due: %v", got)
	}
}

func TestSignaturesThatBindSettleTheDay(t *testing.T) {
	silent := then(decided_, secretary("OpenInstrument", strings.Replace(clausedAct(`{"article":"1"}`).fields, `"clause":{"article":"1"},`, ``, 1)), authT, openS)
	definitive := func(do func(name, text string) act, mode string) act {
		return do("Sign", `{"instrument":"t","mode":"`+mode+`","exOfficio":"head-of-state"}`)
	}
	d, events := after(t, then(silent, definitive(head, "definitive"), definitive(headB, "definitive")))
	if kindsOf(events) != "SignatureGiven InstrumentSigned EntryIntoForceSettled" {
		t.Error(kindsOf(events))
	}
	if got := slices.Collect(d.Due(d.at)); !slices.Equal(got, []string{"force/t"}) { // it is in force this very day
		t.Errorf("due: %v", got)
	}
	if _, events := after(t, then(silent, definitive(head, "definitive"), definitive(headB, "ad-referendum"))); kindsOf(events) != "SignatureGiven InstrumentSigned" {
		t.Error(kindsOf(events))
	}
	if _, events := after(t, then(silent, definitive(head, "definitive"), definitive(headB, "ad-referendum"), headB("ConfirmSignature", `{"instrument":"t"}`))); kindsOf(events) != "SignatureConfirmed EntryIntoForceSettled" {
		t.Error(kindsOf(events))
	}
}

func TestAWithdrawalWaitsForItsNoticeAndCanBeRevoked(t *testing.T) {
	d, events := after(t, leaving)
	if got := events[0].Body.(*WithdrawalNotified); got.Effective != "2031-04-16" {
		t.Errorf("%+v", got)
	}
	if got := slices.Collect(d.Due(Date("2031-04-16").begins())); !slices.Equal(got, []string{"leaving/t/a"}) {
		t.Errorf("due: %v", got)
	}
	d.must(t, onDay(of(head, "RevokeWithdrawal", ``), "2030-04-16"))
	if got := slices.Collect(d.Due(Date("2041-04-16").begins())); len(got) != 0 {
		t.Errorf("due after the revocation: %v", got)
	}
	// before it is bound a party leaves at once, and what was settled stays settled
	e, events := after(t, then(deposited, of(head, "NotifyWithdrawal", `,"paper":"‹x›"`)))
	if got := events[0].Body.(*WithdrawalNotified); got.Effective != "2030-03-18" {
		t.Errorf("%+v", got)
	}
	i, _ := e.Instrument("t")
	if a := e.Reckon(i, today); !a.Settled || len(a.Bound("a")) != 0 {
		t.Errorf("%+v", a)
	}
	if len(e.PartyActs("t")) != 2 {
		t.Errorf("the deposit is gone: %+v", e.PartyActs("t"))
	}
}

func TestTwelveMonthsOfSilenceAcceptAReservation(t *testing.T) {
	d, _ := after(t, then(reserved, dueNow("reservation/rs", 367*86_400_000)))
	if x := d.Statements("t"); len(x) != 1 || !x[0].Accepted || x[0].Until != "2031-03-17" {
		t.Errorf("%+v", x)
	}
	// who consents later may still object on that day
	late := then(reserved, dueNow("reservation/rs", 367*86_400_000), onDay(ratify(headB, "ratification"), "2031-03-19"))
	if e, _ := after(t, then(late, onDay(objects, "2031-03-19"))); len(e.Statements("t")) != 2 {
		t.Errorf("%+v", e.Statements("t"))
	}
	e, _ := after(t, then(reserved, withdrawS))
	if x := e.Statements("t"); x[0].Withdrawn != today || len(slices.Collect(e.Due(Date("2035-01-01").begins()))) != 0 {
		t.Errorf("%+v", x)
	}
}

func TestACorrectionStandsUnlessSomebodyObjects(t *testing.T) {
	d, _ := after(t, then(corrected, dueNow("correction/co", 107*86_400_000)))
	if x := d.Corrections("t"); len(x) != 1 || x[0].State != "rectified" {
		t.Errorf("%+v", x)
	}
	e, _ := after(t, then(corrected, objectC))
	if x := e.Corrections("t"); x[0].State != "objected" || !slices.Equal(x[0].Objected, []PartyID{"a"}) || len(slices.Collect(e.Due(Date("2035-01-01").begins()))) != 0 {
		t.Errorf("%+v", x)
	}
}

func TestASuccessorStandsBesideItsPredecessor(t *testing.T) {
	d, _ := after(t, then(deposited, succeed))
	i, _ := d.Instrument("t")
	if a := d.Reckon(i, today); !slices.Equal(a.Parties(), []string{"a", "c"}) {
		t.Errorf("%v", a.Parties())
	}
}

func TestNotificationsAreNumberedAndReceived(t *testing.T) {
	d, _ := after(t, then(notified, acknowledge, depositary("NotifyParties", `{"notification":"n2","instrument":"t","entry":41,"to":["c"]}`)))
	d.must(t, letter)
	if n, ok := d.Notification("n1"); !ok || len(n.Letters) != 1 || n.Letters[0].Language != "en" {
		t.Errorf("%+v", n)
	}
	x := d.Notifications("t")
	if len(x) != 2 || x[0].Number != 1 || x[1].Number != 2 || len(x[0].Received) != 1 || x[0].Received[0].Party != "a" || len(x[1].Received) != 0 {
		t.Errorf("%+v", x)
	}
}

// What ends an instrument, and what its end does to those it binds.
func TestAnInstrumentEndsOnItsDay(t *testing.T) {
	d, events := after(t, then(inForce, terminate))
	if x := events[0].Body.(*TerminationSettled); kindsOf(events) != "TerminationSettled" || x.Date != "2030-06-01" || x.On != "2030-04-16" || x.Basis != "consent" || !slices.Equal(x.Agreed, []PartyID{"a"}) {
		t.Errorf("%+v", x)
	}
	if got := slices.Collect(d.Due(Date("2030-06-01").begins() - 1)); len(got) != 0 {
		t.Errorf("due the day before: %v", got)
	}
	i, _ := d.Instrument("t")
	if a := d.Reckon(i, "2030-04-16"); a.Bound("a")[0].Until.String() != "2030-06-01" {
		t.Errorf("%+v", a.Bound("a"))
	}
	// a withdrawal that would have taken effect later never does
	e, events := after(t, then(leaving, terminate, dueNow("termination/t", 47*86_400_000)))
	if kindsOf(events) != "Terminated" {
		t.Error(kindsOf(events))
	}
	if got := slices.Collect(e.Due(Date("2041-01-01").begins())); len(got) != 0 {
		t.Errorf("due after the end: %v", got)
	}
	if x, _ := e.Ending("t"); x.Came != e.Size-1 {
		t.Errorf("%+v", x)
	}
}

func TestATextEndsItsInstrument(t *testing.T) {
	named := claused(month + `,"termination":{"day":"2030-05-01"}`)
	d, events := after(t, then(named, ratify(head, "ratification")))
	if x, ok := d.Ending("t"); kindsOf(events) != "ConsentDeposited EntryIntoForceSettled TerminationSettled" || !ok || x.Date != "2030-05-01" || x.On != "" || x.Provision != "9" {
		t.Errorf("%s %+v", kindsOf(events), x)
	}
	if got := slices.Collect(d.Due(Date("2030-05-01").begins())); !slices.Equal(got, []string{"force/t", "termination/t"}) {
		t.Errorf("due: %v", got)
	}
	// an agreement ends it earlier, and takes the place of the day the text names
	e, _ := after(t, then(named, ratify(head, "ratification"), dueNow("force/t", 30*86_400_000), ground("Terminate", "consent", "2030-04-20", `,"agreed":["a"]`)))
	if got := slices.Collect(e.Due(Date("2031-01-01").begins())); !slices.Equal(got, []string{"termination/t"}) {
		t.Errorf("due: %v", got)
	}
	if at, _ := e.NextDue(); at != Date("2030-04-20").begins() {
		t.Errorf("due at %s", at)
	}
	// too few are left on the day a withdrawal takes effect, not on the day of its notice
	few := then(claused(month+`,"termination":{"below":1},"withdrawal":{"months":1}`), ratify(head, "ratification"), dueNow("force/t", 30*86_400_000), leaves)
	f, events := after(t, few)
	if _, ok := f.Ending("t"); ok || kindsOf(events) != "WithdrawalNotified" {
		t.Errorf("%s", kindsOf(events))
	}
	g, events := after(t, then(few, dueNow("leaving/t/a", 31*86_400_000)))
	if x, _ := g.Ending("t"); kindsOf(events) != "Withdrawn TerminationSettled Terminated" || x.Date != "2030-05-16" || x.Came != g.Size-1 {
		t.Errorf("%s %+v", kindsOf(events), x)
	}
	if got := slices.Collect(g.Due(Date("2041-01-01").begins())); len(got) != 0 {
		t.Errorf("due after the end: %v", got)
	}
}

func TestASuspensionEndsOnItsDayOrByAnAct(t *testing.T) {
	d, _ := after(t, then(inForce, ground("SuspendOperation", "consent", "2030-05-01", `,"suspension":"su","agreed":["a"],"until":"2030-05-10"`)))
	x := d.Suspensions("t")[0]
	for day, holds := range map[Date]bool{"2030-04-30": false, "2030-05-01": true, "2030-05-10": true, "2030-05-11": false} {
		if x.Holds(day) != holds {
			t.Errorf("on %s it holds: %t", day, !holds)
		}
	}
	if got := slices.Collect(d.Due(Date("2030-05-11").begins())); !slices.Equal(got, []string{"suspension/su"}) {
		t.Errorf("due: %v", got)
	}
	e, _ := after(t, then(suspended, onDay(depositary("ResumeOperation", `{"suspension":"su","on":"`+today+`"}`), "2030-04-16")))
	if x := e.Suspensions("t")[0]; x.Ended != "2030-04-16" || x.Over != e.Size-1 {
		t.Errorf("%+v", x)
	}
	// it stays in force, and a party may leave meanwhile
	if _, events := after(t, then(suspended, leaves)); kindsOf(events) != "WithdrawalNotified" {
		t.Error(kindsOf(events))
	}
}

func TestCopiesGoToThoseEntitled(t *testing.T) {
	again := depositary("CertifyCopy", `{"instrument":"t","language":"en","copy":{"blob":"`+string(record.DigestOf([]byte("new")))+`","size":3}}`)
	d, _ := after(t, then(certified_, again, transmit))
	if x := d.Transmissions("t"); len(x) != 1 || !slices.Equal(x[0].Copies, []record.Digest{record.DigestOf([]byte("new"))}) {
		t.Errorf("the newest copy goes: %+v", x)
	}
	i, _ := d.Instrument("t")
	if got := d.Entitled(i); !slices.Equal(got, []PartyID{"a", "b", "c", "o"}) {
		t.Errorf("entitled: %v", got)
	}
	e, _ := after(t, claused(month))
	i, _ = e.Instrument("t")
	if got := e.Entitled(i); !slices.Equal(got, []PartyID{"a", "b"}) {
		t.Errorf("entitled to a closed one: %v", got)
	}
}
