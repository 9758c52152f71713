package conference

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/recordtest"
	"kurultai/rules/bodies"
)

// house founds a body of all invented states under the General Assembly's rules, with a meeting convened and a draft
// circulated. Person 1000+i is the head of the ith member.
func house(t *testing.T) (d *desk, members []string) {
	f, err := os.Open(recordtest.Table(t, "../design/training/states-193.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	text, _ := bodies.Text("unga")
	var rules any
	if err := json.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	compact, _ := json.Marshal(rules)
	d = newDesk(t)
	desk := func(name, fields string) { d.must(t, secretary(name, fields)) }
	desk("AdoptRules", `{"basis":"I/9","rules":`+string(compact)+`}`)
	for i, row := range rows[1:] {
		id := fmt.Sprintf("s%03d", i)
		members = append(members, id)
		desk("NameParty", fmt.Sprintf(`{"party":"%s","short":[["en","%s"]]}`, id, row[0]))
		desk("AdmitParty", fmt.Sprintf(`{"basis":"founder","from":"2020-01-01","party":"%s"}`, id))
		desk("RegisterPerson", fmt.Sprintf(`{"names":[["en",{"sealed":"%s"}]],"person":"%s"}`, digestOf(id), pid(1000+i)))
		d.must(t, two(secretary("GrantOffice", fmt.Sprintf(`{"capacity":"Head","for":"%s","person":"%s"}`, id, pid(1000+i)))))
	}
	for _, p := range []string{"a", "b", "c"} { // those of the other tests leave it at 193
		d.must(t, act{as: Head, by: map[string]int{"a": 5, "b": 14, "c": 15}[p], party: p, name: "WithdrawParty", fields: `{"from":"2030-06-01"}`})
	}
	desk("ConveneMeeting", `{"from":"2030-09-01","meeting":"h","ordinal":2,"place":"hall"}`)
	return d, members
}

func digestOf(s string) string { return string(canonical.EncodeBytes(fmt.Appendf(nil, "%-32s", s))) }

// A delegation whose credentials the body rejected makes no quorum and no base of those present (GA 28-29).
func TestARejectedDelegationMakesNoQuorum(t *testing.T) {
	d := brought(t, then(opened, adopt(`"quorumToDecide":{"over":[1,2],"rule":"8"},"majorities":[{"name":"simple","rule":"9","tests":[{"of":"present","over":[1,2]}]}]`)), act{})
	m, _ := d.Meeting("m")
	if met, present, _ := d.quorum(m, *d.Rules.QuorumToDecide); !met || present != 2 {
		t.Fatalf("%d present, quorum %v", present, met)
	}
	for _, a := range rejected("b") {
		d.must(t, a)
	}
	m, _ = d.Meeting("m")
	if met, present, needed := d.quorum(m, *d.Rules.QuorumToDecide); met || present != 1 || needed != 2 {
		t.Errorf("%d of %d present, quorum %v", present, needed, met)
	}
}

// What changes in a house of 193 is the numbers: the quorum, two thirds, a roll call, an election that goes on.
func TestAHouseOf193(t *testing.T) {
	d, members := house(t)
	if len(members) != 193 {
		t.Fatalf("%d states", len(members))
	}
	in := func(a act) act { a.meeting = "h"; return a }
	ofChair := func(name, fields string) act { return in(chair(name, fields)) }
	ofDesk := func(name, fields string) act { return in(desk1(name, fields)) }
	ofHead := func(i int, name, fields string) act { return in(by(Head, 1000+i, members[i])(name, fields)) }
	refused := func(code Code, a act) {
		t.Helper()
		if r := d.do(t, a); r == nil || r.Code != code {
			t.Errorf("%s is not refused by %s: %v", a.name, code, r)
		}
	}
	paper := func(symbol string) {
		d.must(t, ofDesk("RegisterDocument", fmt.Sprintf(`{"symbol":"%s","type":"draft","language":"en","level":"public","text":"%s"}`, symbol, anyDigest)))
		d.must(t, ofDesk("Circulate", fmt.Sprintf(`{"symbol":"%s"}`, symbol)))
	}
	paper("H/L.1")
	paper("H/L.2")
	d.must(t, later(ofDesk("ProposeItem", `{"item":"i","title":[["en","Item"]]}`), 2*86_400_000))
	for i := range 64 {
		d.must(t, ofDesk("RecordPresence", `{"party":"`+members[i]+`"}`))
	}
	refused("no-quorum-to-open", ofChair("OpenMeeting", ``)) // GA 67: a third, 65
	d.must(t, ofDesk("RecordPresence", `{"party":"`+members[64]+`"}`))
	d.must(t, ofChair("OpenMeeting", ``))
	d.must(t, ofChair("AdoptAgenda", `{"items":["i"]}`))
	d.must(t, ofChair("OpenItem", `{"item":"i"}`))
	for i, p := range []string{"p1", "p2"} {
		d.must(t, ofHead(i, "SubmitProposal", fmt.Sprintf(`{"proposal":"%s","item":"i","symbol":"H/L.%d","text":"%s","sponsors":["%s"],"important":true}`, p, i+1, anyDigest, members[i])))
	}
	question := func(q, thing, method, more string) act {
		return ofChair("PutQuestion", fmt.Sprintf(`{"question":"%s","type":"proposal","thing":"%s","method":"%s"%s}`, q, thing, method, more))
	}
	for i := 65; i < 96; i++ {
		d.must(t, ofDesk("RecordPresence", `{"party":"`+members[i]+`"}`))
	}
	refused("no-quorum-to-decide", question("q1", "p1", "recorded", "")) // more than half, 97
	for i := 96; i < 193; i++ {
		d.must(t, ofDesk("RecordPresence", `{"party":"`+members[i]+`"}`))
	}
	d.must(t, question("q1", "p1", "recorded", ""))
	for i := range 193 {
		answer := map[bool]string{true: "yes", false: "no"}[i < 128]
		d.must(t, ofHead(i, "Answer", `{"question":"q1","answer":"`+answer+`"}`))
	}
	q, _ := d.Question("q1")
	if r := d.result(q); r.Outcome != "lost" || r.Working[0].Needed != 129 || r.Yes != 128 || r.No != 65 {
		t.Errorf("128 to 65: %+v", r)
	}
	d.must(t, ofHead(128, "Answer", `{"question":"q1","answer":"yes"}`)) // a vote changed before the end
	d.must(t, ofChair("EndVoting", `{"question":"q1"}`))
	d.must(t, ofChair("AnnounceResult", `{"question":"q1"}`))
	if r := d.Results("h"); len(r) != 1 || r[0].Result.Outcome != "carried" || r[0].Result.Rule != "GA 83, 84" {
		t.Errorf("129 to 64: %+v", r)
	}

	// A roll call: 193 names from the one that is drawn, which anyone draws again.
	d.must(t, question("q2", "p2", "roll-call", shorthand.Replace(`,"commitment":"‹commitment›"`)))
	list, _ := json.Marshal(members)
	d.must(t, ofChair("DrawStart", fmt.Sprintf(`{"question":"q2","order":%s,"seed":"%s"}`, list, seed)))
	q, _ = d.Question("q2")
	raw, _ := canonical.DecodeBytes(seed)
	first := Draw(raw, "q2", 193)
	if len(q.Order) != 193 || string(q.Order[0]) != members[first] || string(q.Order[192]) != members[(first+192)%193] {
		t.Errorf("the roll begins with %v", q.Order[0])
	}
	for n, p := range q.Order {
		i := slices.Index(members, string(p))
		refused("not-called", ofHead(i, "Answer", `{"question":"q2","answer":"yes"}`))
		d.must(t, ofDesk("CallName", `{"question":"q2","party":"`+string(p)+`"}`))
		d.must(t, ofHead(i, "Answer", `{"question":"q2","answer":"`+[]string{"yes", "no", "abstain"}[n%3]+`"}`))
	}
	d.must(t, ofChair("EndVoting", `{"question":"q2"}`))
	d.must(t, ofChair("AnnounceResult", `{"question":"q2"}`))
	if r := d.Results("h"); len(r) != 2 || r[1].Result.Outcome != "lost" || r[1].Result.Yes != 65 || r[1].Result.Abstaining != 64 || r[1].Result.Working[0].Needed != 86 {
		t.Errorf("65 to 64: %+v", r[len(r)-1].Result)
	}

	// An election under two thirds: one free ballot, three between the two highest, then free again (GA 93).
	for i, c := range []string{"x", "y", "z"} {
		d.must(t, ofHead(i, "Nominate", fmt.Sprintf(`{"election":"e","office":"member","candidate":"%s","party":"%s"}`, c, members[10+i])))
	}
	d.must(t, ofChair("AppointTellers", fmt.Sprintf(`{"persons":["%s","%s"]}`, pid(1050), pid(1051))))
	ballot := func(votes string) Election {
		t.Helper()
		d.must(t, ofChair("OpenBallot", fmt.Sprintf(`{"election":"e","places":1,"commitment":"%s"}`, record.DigestOf([]byte("another sixteen ones")))))
		for _, p := range members {
			d.must(t, ofDesk("HandBallotPaper", `{"election":"e","party":"`+p+`"}`))
		}
		d.must(t, ofChair("CloseBallot", `{"election":"e"}`))
		d.must(t, ofDesk("ReportTally", `{"election":"e","papers":193,`+votes+`}`))
		e, _ := d.Election("e")
		return e
	}
	for n, votes := range []string{`"votes":[["x",100],["y",60],["z",33]]`, `"votes":[["x",100],["y",93]]`, `"votes":[["x",97],["y",96]]`, `"votes":[["x",96],["y",97]]`} {
		e := ballot(votes)
		if restricted := len(e.Restricted) == 2; len(e.Elected) != 0 || restricted != (n < 3) || len(e.Tied) > 0 {
			t.Errorf("after ballot %d: %+v", n+1, e)
		}
	}
	e := ballot(`"votes":[["x",128],["z",62]],"blank":1,"invalid":2`) // 190 valid papers: 127 suffice
	if !slices.Equal(e.Elected, []CandidateID{"x"}) {
		t.Errorf("with 128 of 190: %+v", e)
	}
}
