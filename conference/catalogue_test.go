package conference

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	treaty "kurultai/depositary"
	"kurultai/record"
	"kurultai/record/canonical"
)

// fields are JSON as people write it, in canonical order.
func fields(text string) string {
	if text == "" {
		return ""
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(text + ": " + err.Error())
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// ‹x› stands for a digest, pid:5 for a person.
var shorthand = strings.NewReplacer("‹x›", anyDigest, "‹y›", string(record.DigestOf([]byte("y"))), "‹seed›", seed, "‹commitment›", string(commitment),
	"‹token›", token, "‹commitment32›", string(record.DigestOf([]byte("thirty-two bytes, as a link has."))), "‹key›", aPoint,
	"pid:4", pid(4), "pid:5", pid(5), "pid:6", pid(6), "pid:10", pid(10), "pid:12", pid(12), "pid:13", pid(13), "pid:14", pid(14), "pid:99", pid(99), "pid:9", pid(9))

var (
	token = canonical.EncodeBytes([]byte("thirty-two bytes, as a link has."))
	// aPoint is the public key of RFC 6979 appendix A.2.5.
	aPoint     = canonical.EncodeBytes(unhex("0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"))
	seed       = canonical.EncodeBytes([]byte("sixteen bytes ok"))
	commitment = record.DigestOf([]byte("sixteen bytes ok"))
)

func by(as Capacity, who int, party string) func(name, text string) act {
	return func(name, text string) act {
		return act{as: as, by: who, party: party, name: name, fields: fields(shorthand.Replace(text)), meeting: "m"}
	}
}

var (
	head, headB, headC = by(Head, 5, "a"), by(Head, 14, "b"), by(Head, 15, "c")
	delegate           = by(Delegate, 10, "a")
	observer           = by(ObserverHead, 6, "o")
	chair              = by(Chair, 4, "")
	desk1              = by(Secretary, 1, "")
	depositary         = by(Depositary, 11, "")
	protocolOfficer    = by(Protocol, 12, "")
	press              = by(Press, 13, "")
	myself             = by(Myself, 5, "")
)

func two(a act) act { a.with = 2; return a }

func later(a act, ms int64) act { a.wait = ms; return a }

// adopt puts rules in force that have more in them.
func adopt(more string) act {
	return secretary("AdoptRules", fields(shorthand.Replace(`{"basis":"I/2","rules":{"name":"R","version":"2",`+more+`}}`)))
}

func then(before []act, more ...act) []act { return slices.Concat(before, more) }

func paper(symbol string) act {
	return desk1("RegisterDocument", `{"symbol":"`+symbol+`","type":"draft","language":"en","level":"public","text":"‹x›"}`)
}

// kept is a paper whose file is kept.
func kept(symbol string) act {
	return desk1("RegisterDocument", `{"symbol":"`+symbol+`","type":"draft","language":"en","level":"restricted","text":"‹x›","file":{"sealed":"‹y›","size":4096}}`)
}

func put(kind, thing, method string) act {
	return chair("PutQuestion", `{"question":"q","type":"`+kind+`","thing":"`+thing+`","method":"`+method+`"}`)
}

// Ways to where an act is lawful.
var (
	item      = desk1("ProposeItem", `{"item":"i","title":[["en","Item"]]}`)
	agenda_   = then(opened, item, chair("AdoptAgenda", `{"items":["i"]}`))
	atItem    = then(agenda_, chair("OpenItem", `{"item":"i"}`))
	submit    = head("SubmitProposal", `{"proposal":"p","item":"i","symbol":"L.1","text":"‹x›","sponsors":["b"]}`)
	draft_    = then(agenda_, paper("L.1"), submit)
	amend     = headC("SubmitAmendment", `{"amendment":"am","proposal":"p","paragraph":"op1","operation":"replace","base":"‹x›","text":"‹y›"}`)
	amended_  = then(draft_, amend)
	divided   = then(draft_, headC("RequestDivision", `{"proposal":"p","parts":[{"part":"op1","operative":true}]}`))
	silent    = then(draft_, chair("OpenSilence", `{"silence":"z","proposal":"p","expires":"2030-03-19T18:00:00.000Z","decision":"d1","number":"I/1"}`))
	noted     = then(draft_, chair("TakeNote", `{"proposal":"p"}`))
	asked     = then(draft_, put("proposal", "p", "consensus"))
	voting_   = then(draft_, put("proposal", "p", "recorded"))
	yes       = head("Answer", `{"question":"q","answer":"yes"}`)
	endVote   = chair("EndVoting", `{"question":"q"}`)
	announce  = chair("AnnounceResult", `{"question":"q"}`)
	carried   = then(voting_, yes, endVote, announce)
	adoptP    = chair("Adopt", `{"proposal":"p","decision":"d1","number":"I/1","text":"‹x›"}`)
	decided_  = then(carried, adoptP)
	called    = then(draft_, chair("PutQuestion", `{"question":"q","type":"proposal","thing":"p","method":"roll-call","commitment":"‹commitment›"}`))
	drawStart = chair("DrawStart", `{"question":"q","order":["a","b","c"],"seed":"‹seed›"}`)

	callAll = callNames()

	point    = headB("RaisePointOfOrder", `{"point":"x","rule":"GA 71","claim":"no quorum","voting":true}`)
	rule_    = chair("Rule", `{"point":"x","rule":"GA 71","reason":"counted"}`)
	appeal   = head("AppealRuling", `{"appeal":"y","point":"x"}`)
	move     = head("Move", `{"motion":"v","sort":"suspend"}`)
	adjourn  = head("Move", `{"motion":"v","sort":"adjourn-debate"}`)
	moved    = then(opened, move)
	debating = then(atItem, adjourn)

	nominate  = head("Nominate", `{"election":"e","office":"rapporteur","candidate":"k","party":"b","person":"pid:14"}`)
	nominateC = head("Nominate", `{"election":"e","office":"rapporteur","candidate":"l","party":"c"}`)
	tellers   = chair("AppointTellers", `{"persons":["pid:5","pid:6"]}`)
	openB     = chair("OpenBallot", `{"election":"e","places":1,"commitment":"‹commitment›"}`)
	standing_ = then(opened, nominate, nominateC, tellers)
	balloting = then(standing_, openB)
	papers    = then(balloting, hand("a"), hand("b"))
	counting  = then(papers, chair("CloseBallot", `{"election":"e"}`))
	tied      = then(counting, tally(1, 1), openB, hand("a"), hand("b"), chair("CloseBallot", `{"election":"e"}`), tally(1, 1))

	lodge    = head("LodgeCredentials", `{"office":"foreign-minister","date":"2025-12-01","paper":"‹x›"}`)
	examine  = desk1("ExamineCredentials", `{"party":"a"}`)
	reportA  = desk1("ReportCredentials", `{"accepted":["a"]}`)
	pendingC = []act{headC("LodgeCredentials", `{"office":"foreign-minister","date":"2025-12-01","paper":"‹x›"}`), desk1("ExamineCredentials", `{"party":"c"}`), desk1("ReportCredentials", `{"accepted":["c"]}`)}

	text_       = desk1("DraftCommunique", `{"paragraphs":[{"paragraph":"g","entries":[1]}]}`)
	namedSeries = desk1("NameSeries", `{"series":"limited","names":[["en","Drafts"]],"pattern":"T/{roman}/L.{number}","limited":true}`)
	orderDe     = desk1("OrderTranslation", `{"symbol":"L.1","language":"de","translator":"pid:5","due":"2035-03-18"}`)
	deliverDe   = desk1("DeliverTranslation", `{"symbol":"L.1","language":"de","text":"‹y›","base":"‹x›"}`)
	versionDe   = desk1("IssueVersion", `{"symbol":"L.1","language":"de","text":"‹y›","base":"‹x›","translator":"pid:5","reviser":"pid:6"}`)

	// drafted is a draft whose paragraphs the record names, in two of which a party holds words in brackets.
	named_  = desk1("RegisterDocument", `{"symbol":"L.1","type":"draft","language":"en","level":"public","text":"‹x›","paragraphs":["pp1","op1","op2"]}`)
	held    = headB("BracketText", `{"bracket":"k","paragraph":"op1","text":"strongly","symbol":"L.1"}`)
	drafted = []act{named_, held}

	bracket   = headB("BracketText", `{"bracket":"k","paragraph":"g","text":"strongly"}`)
	approve   = chair("ApproveCommunique", ``)
	publish_  = press("Publish", `{"language":"en","text":"‹x›"}`)
	published = []act{text_, approve, publish_}
	record_   = []act{paper("SR.1"), desk1("IssueProvisionalRecord", `{"symbol":"SR.1","until":"2030-03-18"}`)}

	openI     = secretary("OpenInstrument", fields(`{"instrument":"t","title":[["en","Statute"]],"form":"statute","subject":"secretariat","languages":["en"],"decision":"d1","signatories":["a","b"],"powers":true}`))
	openT     = then(decided_, openI)
	authT     = depositary("AuthenticateText", `{"instrument":"t","texts":[{"language":"en","text":{"blob":"‹x›","size":5},"paragraphs":3}]}`)
	openS     = depositary("OpenForSignature", `{"instrument":"t","from":"2030-01-01","until":"2030-12-31","place":"hall"}`)
	signing   = then(openT, authT, openS)
	powers    = head("DepositFullPowers", `{"instrument":"t","person":"pid:5","covers":["ad-referendum"],"office":"foreign-minister","paper":"‹x›"}`)
	accepted  = depositary("ExaminePowers", `{"instrument":"t","person":"pid:5"}`)
	sign      = head("Sign", `{"instrument":"t","mode":"ad-referendum"}`)
	issueI    = desk1("IssuePaper", `{"symbol":"t","language":"en","digest":"‹y›","layout":2,"size":10}`)
	certify   = depositary("TakePen", `{"instrument":"t"}`)
	pen       = head("TakePen", `{"instrument":"t"}`)
	value     = `{"instrument":"t","signature":{"blob":"‹y›","size":900}}`
	several   = then(decided_, with(openI, strings.Replace(openI.fields, `"subject"`, `"signers":[{"party":"a","persons":2}],"subject"`, 1)), authT, openS, powers, accepted, sign)
	onPaper   = then(signing, powers, accepted, sign, issueI)
	sealed_   = then(onPaper, certify, depositary("EnterSignature", value))
	authority = head("NameAuthority", `{"certificate":{"blob":"‹x›","size":500},"use":"signature"}`)

	promised   = then(decided_, secretary("ExtractCommitment", fields(`{"commitment":"w","decision":"d1","paragraph":"op1","by":"a","what":"report","due":"2030-03-18"}`)))
	progress   = head("ReportProgress", `{"commitment":"w","evidence":"L.1"}`)
	fulfilled  = then(promised, progress, desk1("CloseCommitment", `{"commitment":"w"}`))
	carry      = head("DraftCommitments", `{"proposal":"p","base":"‹x›","undertakings":[{"commitment":"w","paragraph":"op1","by":"a","what":"report","due":"2030-03-18"}]}`)
	shared     = then(decided_, secretary("ExtractCommitment", fields(`{"commitment":"w","decision":"d1","paragraph":"op1","all":true,"what":"report","months":6}`)))
	byOffice   = then(decided_, secretary("ExtractCommitment", fields(`{"commitment":"w","decision":"d1","paragraph":"op1","organ":"secretariat","what":"report","due":"2030-03-18"}`)))
	closeW     = desk1("CloseCommitment", `{"commitment":"w"}`)
	reopen     = desk1("ReopenCommitment", `{"commitment":"w","reason":"the paper was withdrawn"}`)
	escalate   = desk1("EscalateCommitment", `{"commitment":"w","to":"bureau"}`)
	moveDue    = desk1("MoveDueDate", `{"commitment":"w","due":"2030-06-30","basis":"d1"}`)
	release    = desk1("ReleaseCommitment", `{"commitment":"w","basis":"d1","ground":"lapsed"}`)
	released   = then(promised, release)
	dispute    = headB("DisputeCommitment", `{"dispute":"x","commitment":"w","ground":"record","words":"it says all parties","letter":"L.1"}`)
	settle     = desk1("SettleDispute", `{"dispute":"x","outcome":"dismissed","agreed":["a","b"]}`)
	precedence = protocolOfficer("FixPrecedence", `{"language":"en","list":["a","b","c"]}`)
	plan       = protocolOfficer("PlanEvent", `{"plan":"n","type":"wreath","place":"hall","date":"2026-01-01"}`)
	delegation = desk1("NominateDelegation", `{"party":"a","members":[{"person":"pid:5","role":"head"},{"person":"pid:10","role":"adviser"}]}`)
	invited    = desk1("Invite", `{"party":"a","as":"member","replyBy":"2025-12-01"}`)
	link_      = secretary("InviteToEnrol", fields(shorthand.Replace(`{"person":"pid:5","link":"‹commitment32›","until":"2030-03-25T00:00:00.000Z"}`)))
	enrol      = myself("EnrolPasskey", `{"credential":"Y3JlZA","key":"‹key›"}`)
	enrolLink  = myself("EnrolPasskey", `{"credential":"Y3JlZA","key":"‹key›","link":"‹token›"}`)
	account    = myself("EnrolAccount", `{"account":{"sealed":"‹y›"},"link":"‹token›"}`)
	deposit    = head("DepositRecipient", `{"recipient":"`+age1_+`","use":"device","holder":"pid:5"}`)
	depositB   = headB("DepositRecipient", `{"recipient":"`+age2+`","use":"device"}`)
	keyed      = []act{deposit, depositB}
	note_      = head("SendNote", `{"number":"17/2030","form":"verbale","date":"2030-03-17","to":["b"],"keys":[32,33],"replyBy":"2030-03-30","mark":"restricted","passing":"addressees","plain":"‹x›","ciphertext":{"blob":"‹y›","size":900}}`)
	sent       = then(keyed, note_)
	partyKey   = head("DepositPartyKey", `{"credential":"cGFydHk","key":"‹key›","note":"‹x›"}`)
	replaceKey = head("ReplacePartyKey", `{"credential":"bmV3","key":"‹key›","note":"‹x›"}`)
	officers   = []act{secretary("RegisterPerson", `{"names":[["en",{"sealed":"`+digestOf("one")+`"}]],"person":"`+pid(1)+`"}`), secretary("RegisterPerson", `{"names":[["en",{"sealed":"`+digestOf("two")+`"}]],"person":"`+pid(2)+`"}`)}
	entering   = then(officers, secretary("InviteToEnrol", `{"link":"`+digestOf("one")+`","person":"`+pid(1)+`","until":"2030-03-25T00:00:00.000Z"}`), secretary("InviteToEnrol", `{"link":"`+digestOf("two")+`","person":"`+pid(2)+`","until":"2030-03-25T00:00:00.000Z"}`))
	node_      = head("AdmitNode", `{"verifier":"`+cosigner("node.a")+`"}`)
	witness_   = secretary("AdmitNode", fields(`{"address":"https://witness.example/w","verifier":"`+cosigner("witness.example")+`"}`))
	resume_    = two(secretary("ProceedUnwitnessed", `{"reason":"the line is down"}`))
	witnesses_ = two(secretary("NameWitnesses", fields(`{"need":1,"verifiers":["`+cosigner("node.a")+`","`+cosigner("witness.example")+`"]}`)))
	origin_    = two(secretary("NameOrigin", fields(`{"domain":"assembly.example","origins":["https://assembly.example"]}`)))
	said       = then(opened, ask("r"), give("r"), end("done"))
	reply_     = headB("AskFloor", `{"request":"rp","sort":"reply","to":"r"}`)
	second     = []act{two(secretary("GrantOffice", fields(shorthand.Replace(`{"capacity":"Chair","person":"pid:9"}`))))}
	third      = []act{secretary("RegisterPerson", fields(shorthand.Replace(`{"names":[["en",{"sealed":"‹x›"}]],"person":"pid:9"}`)))}
)

// carrying is a draft's commitments, n of them.
func carrying(n int) act {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"by":"a","commitment":"w-%d","due":"2030-03-18","paragraph":"op1","what":"report"}`, i))
	}
	return head("DraftCommitments", `{"proposal":"p","base":"‹x›","undertakings":[`+strings.Join(list, ",")+`]}`)
}

// callNames calls the names of the roll as drawStart orders them.
func callNames() (calls []act) {
	order := []string{"a", "b", "c"}
	raw, _ := canonical.DecodeBytes(seed)
	first := Draw(raw, "q", 3)
	for i := range 3 {
		calls = append(calls, desk1("CallName", `{"question":"q","party":"`+order[(first+i)%3]+`"}`))
	}
	return calls
}

// rejected leads to where the credentials of a member are rejected.
func rejected(party string) []act {
	of := map[string]func(string, string) act{"a": head, "b": headB, "c": headC}[party]
	return []act{of("LodgeCredentials", lodge.fields), desk1("ExamineCredentials", `{"party":"`+party+`"}`), desk1("ReportCredentials", `{"accepted":["`+party+`"]}`), chair("DecideCredentials", `{"party":"`+party+`","reject":true}`)}
}

func hand(party string) act { return desk1("HandBallotPaper", `{"election":"e","party":"`+party+`"}`) }

func tally(k, l int) act {
	return desk1("ReportTally", fmt.Sprintf(`{"election":"e","papers":2,"votes":[["k",%d],["l",%d]]}`, k, l))
}

type way = struct {
	before []act
	act    act
}

func init() {
	lawful = append(lawful, []way{
		{then(opened, adopt(`"suspension":{"rule":"86","seconds":3600,"notSuspendable":["1"]}`)), chair("SuspendRule", `{"rule":"22","notified":"2030-03-01T00:00:00.000Z","basis":"I/3"}`)},
		{nil, secretary("ChangeStatus", `{"basis":"decision","from":"2026","party":"o","status":"member"}`)},
		{nil, head("WithdrawParty", `{"from":"2031-01-01"}`)},
		{nil, invited},
		{[]act{invited}, head("Reply", `{"accept":true,"level":"minister"}`)},
		{nil, desk1("PostponeMeeting", `{"from":"2026-02-01","reason":"weather","basis":"bureau"}`)},
		{nil, desk1("MoveMeeting", `{"place":"hall","reason":"fire","basis":"bureau"}`)},
		{nil, desk1("CancelMeeting", `{"reason":"quake","basis":"bureau"}`)},
		{nil, delegation},
		{[]act{delegation}, head("ReplaceDelegate", `{"out":"pid:10","in":{"person":"pid:4","role":"delegate"}}`)},
		{[]act{delegation}, head("NameActingHead", `{"person":"pid:10"}`)},
		{[]act{delegation}, desk1("Accredit", `{"person":"pid:5"}`)},
		{[]act{delegation}, desk1("RefuseAccreditation", `{"person":"pid:5","ground":"name"}`)},
		{nil, lodge},
		{[]act{lodge}, examine},
		{[]act{lodge}, headB("ObjectToCredentials", `{"party":"a","ground":"unsigned"}`)},
		{[]act{lodge, examine}, reportA},
		{then(opened, lodge, examine, reportA), chair("DecideCredentials", `{"party":"a"}`)},
		{nil, item},
		{[]act{item}, desk1("CirculateProvisionalAgenda", `{"items":["i"]}`)},
		{then(opened, item), chair("AdoptAgenda", `{"items":["i"]}`)},
		{decided_, chair("AmendAgenda", `{"items":["i"],"decision":"d1"}`)},
		{agenda_, chair("OpenItem", `{"item":"i"}`)},
		{atItem, chair("SuspendItem", `{"item":"i"}`)},
		{atItem, chair("CloseItem", `{"item":"i"}`)},
		{nil, paper("L.1")},
		{[]act{paper("L.1")}, desk1("IssueVersion", `{"symbol":"L.1","language":"de","text":"‹y›","base":"‹x›","translator":"pid:5","reviser":"pid:6"}`)},
		{[]act{paper("L.1")}, desk1("IssueRevision", `{"symbol":"L.1/Rev.1","of":"L.1","text":"‹y›"}`)},
		{[]act{paper("L.1")}, desk1("IssueAddendum", `{"symbol":"L.1/Add.1","of":"L.1","text":"‹y›"}`)},
		{[]act{paper("L.1")}, desk1("IssueCorrigendum", `{"symbol":"L.1/Corr.1","of":"L.1","text":"‹y›"}`)},
		{nil, namedSeries},
		{[]act{paper("L.1")}, orderDe},
		{[]act{paper("L.1"), orderDe}, deliverDe},
		{[]act{paper("L.1")}, desk1("IssuePaper", `{"symbol":"L.1","language":"en","digest":"‹y›","layout":1}`)},
		{[]act{paper("L.1")}, desk1("Circulate", `{"symbol":"L.1"}`)},
		{[]act{paper("L.1"), desk1("Circulate", `{"symbol":"L.1"}`)}, head("AcknowledgeReceipt", `{"symbol":"L.1"}`)},
		{[]act{paper("L.1")}, desk1("WithdrawDocument", `{"symbol":"L.1"}`)},
		{[]act{paper("L.1")}, desk1("Classify", `{"symbol":"L.1","level":"restricted","basis":"I/3"}`)},
		{[]act{paper("L.1"), desk1("Classify", `{"symbol":"L.1","level":"restricted","basis":"I/3"}`)}, desk1("Declassify", `{"symbol":"L.1","basis":"I/4"}`)},
		{[]act{paper("L.1")}, desk1("SealDocument", `{"symbol":"L.1","until":"2060","basis":"I/3"}`)},
		{[]act{kept("L.1")}, two(desk1("DestroyFile", `{"symbol":"L.1","basis":"I/3"}`))},
		{nil, precedence},
		{[]act{precedence}, protocolOfficer("SeatRoom", `{"room":"hall","seats":[{"party":"a","seat":1},{"party":"o","seat":2}]}`)},
		{[]act{precedence}, protocolOfficer("PlaceFlags", `{"order":["a","b"]}`)},
		{nil, plan},
		{[]act{plan}, protocolOfficer("RecordEvent", `{"plan":"n","type":"wreath","place":"hall"}`)},
		{decided_, promised[len(promised)-1]},
		{promised, head("AcceptCommitment", `{"commitment":"w"}`)},
		{promised, progress},
		{then(promised, progress), desk1("CloseCommitment", `{"commitment":"w"}`)},
		{then(promised, dueNow("commitment/w", 2*86_400_000)), desk1("EscalateCommitment", `{"commitment":"w","to":"bureau"}`)},
		{draft_, carry},
		{fulfilled, reopen},
		{promised, moveDue},
		{promised, release},
		{promised, dispute},
		{then(promised, dispute), settle},
		{nil, text_},
		{[]act{text_}, chair("AgreeParagraph", `{"paragraph":"g"}`)},
		{[]act{text_}, bracket},
		{[]act{text_, bracket}, headB("ResolveBracket", `{"bracket":"k"}`)},
		{[]act{text_}, approve},
		{[]act{text_, approve}, publish_},
		{published, press("RetractRelease", `{"language":"en","why":"a wrong name"}`)},
		{record_[:1], record_[1]},
		{record_, head("CorrectRecord", `{"symbol":"SR.1","line":"page 3","letter":"SR.1"}`)},
		{record_, later(desk1("FinaliseRecord", `{"symbol":"SR.1"}`), 2*86_400_000)},
		{decided_, openI},
		{openT, authT},
		{openT, head("InitialText", `{"instrument":"t"}`)},
		{openT, powers},
		{then(openT, powers), accepted},
		{then(openT, authT), openS},
		{signing, depositary("CloseForSignature", `{"instrument":"t"}`)},
		{then(signing, powers, accepted), sign},
		{then(signing, powers, accepted, sign), head("ConfirmSignature", `{"instrument":"t"}`)},
		{then(onPaper, certify), depositary("LayPen", `{"instrument":"t"}`)},
		{sealed_, pen},
		{then(sealed_, pen), head("EnterSignature", value)},
		{nil, authority},
		{[]act{authority}, head("WithdrawAuthority", `{"certificate":"‹x›"}`)},
		{nil, link_},
		{[]act{link_}, enrolLink},
		{[]act{link_}, account},
		{[]act{link_, account}, two(secretary("RevokeAccount", fields(shorthand.Replace(`{"account":"‹y›","why":"left"}`))))},
		{[]act{enrol}, two(secretary("RevokePasskey", fields(`{"credential":"Y3JlZA","why":"lost"}`)))},
		{nil, two(secretary("RevokeOffice", fields(shorthand.Replace(`{"person":"pid:4","capacity":"Chair"}`))))},
		{entering, origin_},
		{nil, node_},
		{[]act{node_}, head("WithdrawNode", `{"verifier":"`+cosigner("node.a")+`"}`)},
		{[]act{node_, witness_}, witnesses_}, {[]act{node_}, resume_},
		{[]act{node_}, head("ReportDivergence", `{"verifier":"`+cosigner("node.a")+`","entry":3,"rule":"rules 67","proof":"‹x›"}`)},
		{nil, deposit},
		{[]act{deposit}, head("WithdrawRecipient", `{"key":32,"why":"lost"}`)},
		{keyed, note_},
		{sent, headB("AcknowledgeNote", `{"note":34}`)},
		{then(sent, desk1("DepositRecipient", `{"recipient":"`+age3+`","use":"node"}`)), headB("PassNote", `{"note":34,"secretariat":true,"keys":[35],"ciphertext":{"blob":"‹y›","size":900}}`)},
		{then(sent, with(depositB, strings.Replace(depositB.fields, age2, age3, 1))), headB("AskNote", `{"note":34,"key":35}`)},
		{sent, head("WithdrawNote", `{"note":34,"why":"error"}`)},
		{nil, partyKey},
		{[]act{partyKey}, replaceKey},
		{[]act{enrol, partyKey}, head("CountersignKey", `{"credential":"Y3JlZA"}`)},
		{[]act{invited}, desk1("Rescind", `{"index":32,"sort":"invitation","thing":"m/a","reason":"typed twice"}`)},
		{then(voting_, desk1For("a", "Answer", `{"question":"q","answer":"yes","instruction":"aloud"}`)), head("Disown", fmt.Sprintf(`{"index":%d}`, 32+len(voting_)))},
		{then(opened, ask("r"), observerAsks("s")), chair("Reorder", `{"list":["s","r"],"reason":"swap","consent":["a","o"]}`)},
		{then(opened, ask("r")), head("WithdrawRequest", `{"request":"r"}`)},
		{opened, chair("AnnounceList", ``)},
		{opened, chair("CloseList", ``)},
		{then(opened, chair("CloseList", ``)), chair("ReopenList", `{"reason":"a minister arrived"}`)},
		{then(opened, adopt(`"motions":[{"kind":"time-limit","rule":"9","chairProposes":true}]`)), chair("SetTimeLimit", `{"sort":"statement","seconds":300}`)},
		{then(said, paper("ST.1")), head("FileStatement", `{"request":"r","symbol":"ST.1","check":true}`)},
		{then(said, reply_), chair("GiveReply", `{"request":"rp"}`)},
		{then(third, then(second, opened...)...), chair("CedeChair", `{"to":"pid:9","why":"speaks for a party"}`)},
		{then(opened, paper("MSG")), chair("DeliverMessage", `{"author":"pid:5","reader":"pid:6","symbol":"MSG"}`)},
		{opened, chair("ObserveSilence", `{"seconds":60,"for":"memory"}`)},
		{opened, point},
		{then(opened, point), rule_},
		{then(opened, point, rule_), appeal},
		{opened, move},
		{debating, headB("SpeakToMotion", `{"motion":"v","side":"against"}`)},
		{moved, head("WithdrawMotion", `{"motion":"v"}`)},
		{moved, chair("DecideMotion", `{"motion":"v"}`)},
		{then(moved, chair("DecideMotion", `{"motion":"v"}`)), chair("ResumeMeeting", ``)},
		{then(agenda_, paper("L.1")), submit},
		{draft_, headC("JoinSponsors", `{"proposal":"p"}`)},
		{draft_, headB("LeaveSponsors", `{"proposal":"p"}`)},
		{draft_, head("OralRevision", `{"proposal":"p","text":"‹y›"}`)},
		{draft_, head("WithdrawProposal", `{"proposal":"p"}`)},
		{draft_, amend},
		{amended_, head("AcceptAmendment", `{"amendment":"am","consent":["b"],"text":"‹y›"}`)},
		{amended_, chair("OrderAmendments", `{"proposal":"p","order":["am"],"reason":"only one"}`)},
		{draft_, divided[len(divided)-1]},
		{carried, adoptP},
		{draft_, chair("Reject", `{"proposal":"p"}`)},
		{draft_, chair("TakeNote", `{"proposal":"p"}`)},
		{draft_, chair("Defer", `{"proposal":"p"}`)},
		{then(decided_, head("Move", `{"motion":"v","sort":"reconsider","thing":"p"}`), chair("DecideMotion", `{"motion":"v"}`)), chair("Reconsider", `{"proposal":"p"}`)},
		{decided_, head("AttachStatement", `{"decision":"d1","sort":"reservation","symbol":"L.1"}`)},
		{draft_, silent[len(silent)-1]},
		{silent, headB("BreakSilence", `{"silence":"z"}`)},
		{draft_, put("proposal", "p", "hands")},
		{draft_, head("RequestRecorded", `{"type":"proposal","thing":"p"}`)},
		{draft_, head("RequestRollCall", `{"type":"proposal","thing":"p"}`)},
		{asked, head("RequestVote", `{"question":"q"}`)},
		{asked, head("ObjectToConsensus", `{"question":"q"}`)},
		{asked, head("JoinConsensus", `{"question":"q"}`)},
		{asked, head("Dissociate", `{"question":"q"}`)},
		{called, drawStart},
		{then(called, drawStart), chair("CallName", `{"question":"q","party":"`+drawn_+`"}`)},
		{voting_, yes},
		{voting_, endVote},
		{then(voting_, yes, endVote), announce},
		{carried, head("CorrectIntention", `{"question":"q","intended":"no"}`)},
		{voting_, headC("ExplainVote", `{"question":"q","before":true}`)},
		{then(asked, announce), head("ExplainPosition", `{"question":"q"}`)},
		{opened, nominate},
		{then(opened, nominate), headB("WithdrawCandidate", `{"election":"e","candidate":"k"}`)},
		{then(opened, nominate), chair("ElectOfficer", `{"election":"e"}`)},
		{opened, tellers},
		{standing_, openB},
		{balloting, hand("a")},
		{papers, chair("CloseBallot", `{"election":"e"}`)},
		{counting, tally(2, 0)},
		{tied, chair("DrawLot", `{"election":"e","seed":"‹seed›"}`)},
	}...)
	moreRefusals = append(moreRefusals, apart...)
	for _, w := range lawful {
		if edition1.acts[w.act.name].Desk {
			d := byOfficer(w.act)
			moreRefusals = append(moreRefusals, refused{"no-instruction", w.before, with(d, w.act.fields)}, refused{"malformed", w.before, with(w.act, d.fields)})
			d.party = "zz"
			moreRefusals = append(moreRefusals, refused{"unknown-party", w.before, d})
		}
		for _, r := range bent(w) {
			moreRefusals = append(moreRefusals, r)
		}
	}
}

// drawn_ is who is drawn among a, b and c with the seed of the tests.
var drawn_ = []string{"a", "b", "c"}[Draw([]byte("sixteen bytes ok"), "q", 3)]

func desk1For(party, name, text string) act {
	a := desk1(name, text)
	a.party = party
	return a
}

// byOfficer is what a delegation does, done for it by an officer on an instruction.
func byOfficer(a act) act {
	a.as, a.by = Secretary, 2
	a.fields = fields(strings.Replace("{"+strings.Trim(a.fields, "{}")+`,"instruction":"aloud"}`, "{,", "{", 1))
	if strings.HasSuffix(a.fields, "]}") && !strings.Contains(a.fields, "instruction") {
		panic(a.fields)
	}
	return a
}

// dueNow lets time pass until something falls due, and has it come.
func dueNow(id string, ms int64) act {
	return act{as: Clock, clock: true, name: "TimeCame", fields: `{"due":"` + id + `"}`, wait: ms}
}

type refused = struct {
	code   Code
	before []act
	act    act
}

// elsewhere replaces what is there by what is not.
var elsewhere = []struct {
	code           Code
	there, nowhere string
}{
	{"unknown-symbol", `"symbol":"L.1"`, `"symbol":"ZZ"`}, {"unknown-symbol", `"of":"L.1"`, `"of":"ZZ"`}, {"unknown-symbol", `"letter":"SR.1"`, `"letter":"ZZ"`}, {"unknown-symbol", `"symbol":"SR.1","until"`, `"symbol":"ZZ","until"`},
	{"unknown-symbol", `"symbol":"ST.1"`, `"symbol":"ZZ"`}, {"no-text", `"symbol":"MSG"`, `"symbol":"ZZ"`}, {"no-evidence", `"evidence":"L.1"`, `"evidence":"ZZ"`}, {"not-written", `"symbol":"L.1"`, `"symbol":"ZZ"`},
	{"unknown-item", `"items":["i"]`, `"items":["zz"]`}, {"unknown-item", `"item":"i"`, `"item":"zz"`}, {"not-on-agenda", `"item":"i"`, `"item":"zz"`}, {"item-not-open", `"item":"i"`, `"item":"zz"`},
	{"unknown-person", `"person":"` + pid(5), `"person":"` + pid(99)}, {"unknown-person", `"persons":["` + pid(5), `"persons":["` + pid(99)}, {"unknown-person", `"person":"` + pid(14), `"person":"` + pid(99)}, {"unknown-person", `"author":"` + pid(5), `"author":"` + pid(99)},
	{"unknown-person", `"person":"` + pid(4), `"person":"` + pid(99)}, {"not-nominated", `"person":"` + pid(5), `"person":"` + pid(4)}, {"not-in-delegation", `"person":"` + pid(10), `"person":"` + pid(4)}, {"not-in-delegation", `"out":"` + pid(10), `"out":"` + pid(4)},
	{"no-powers-deposited", `"person":"` + pid(5), `"person":"` + pid(4)}, {"no-such-office", `"person":"` + pid(4), `"person":"` + pid(5)},
	{"unknown-party", `"party":"a"`, `"party":"zz"`}, {"unknown-party", `"party":"o"`, `"party":"zz"`}, {"unknown-party", `"by":"a"`, `"by":"zz"`}, {"unknown-party", `"sponsors":["b"]`, `"sponsors":["zz"]`}, {"unknown-party", `"signatories":["a"`, `"signatories":["zz"`},
	{"not-member", `"election":"e","party":"a"`, `"election":"e","party":"o"`}, {"not-eligible", `"party":"b"`, `"party":"o"`}, {"nothing-lodged", `"party":"a"`, `"party":"b"`}, {"not-reported", `"party":"a"`, `"party":"b"`}, {"no-examination", `"accepted":["a"]`, `"accepted":["b"]`},
	{"unknown-place", `"place":"hall"`, `"place":"zz"`}, {"unknown-place", `"room":"hall"`, `"room":"zz"`},
	{"no-question", `"question":"q"`, `"question":"zz"`}, {"no-election", `"election":"e"`, `"election":"zz"`}, {"unknown-instrument", `"instrument":"t"`, `"instrument":"zz"`}, {"unknown-commitment", `"commitment":"w"`, `"commitment":"zz"`},
	{"no-motion", `"motion":"v"`, `"motion":"zz"`}, {"no-point", `"point":"x"`, `"point":"zz"`}, {"no-ruling", `"point":"x"`, `"point":"zz"`}, {"unknown-silence", `"silence":"z"`, `"silence":"zz"`}, {"unknown-paragraph", `"paragraph":"g"`, `"paragraph":"zz"`},
	{"unknown-candidate", `"candidate":"k"`, `"candidate":"zz"`}, {"unknown-plan", `"plan":"n"`, `"plan":"zz"`}, {"no-decision", `"decision":"d1"`, `"decision":"zz"`}, {"no-adopted-text", `"decision":"d1"`, `"decision":"zz"`}, {"paragraph-not-adopted", `"decision":"d1"`, `"decision":"zz"`},
	{"unknown-credential", `"credential":"Y3JlZA"`, `"credential":"enp6"`}, {"not-bracketer", `"bracket":"k"`, `"bracket":"zz"`}, {"unknown-request", `"request":"r"`, `"request":"zz"`}, {"unknown-request", `"request":"rp"`, `"request":"zz"`}, {"not-speaker", `"request":"r"`, `"request":"zz"`},
	{"no-provisional-record", `"symbol":"SR.1"`, `"symbol":"ZZ"`}, {"missing-language", `"title":[["en"`, `"title":[["de"`}, {"issuer-not-competent", `"office":"foreign-minister"`, `"office":"ambassador"`}, {"no-reason", `"reason":"swap"`, `"reason":"whim"`},
	{"not-complete", `"list":["s","r"]`, `"list":["s"]`}, {"not-complete", `"order":["am"]`, `"order":["zz"]`}, {"not-complete", `"order":["a","b","c"]`, `"order":["a","b"]`}, {"not-consented", `"consent":["a","o"]`, `"consent":["a"]`}, {"not-all-sponsors", `"consent":["b"]`, `"consent":["c"]`},
	{"not-committed", `"seed":"` + seed, `"seed":"AAAA`}, {"unknown-question", `"type":"proposal"`, `"type":"weather"`}, {"method-not-allowed", `"method":"hands"`, `"method":"shouting"`}, {"not-an-amendment", `"operation":"replace"`, `"operation":"rewrite"`}, {"no-such-motion", `"sort":"suspend"`, `"sort":"sing"`},
	{"target-changed", `"base":"` + anyDigest, `"base":"` + string(record.DigestOf([]byte("old")))}, {"base-changed", `"base":"` + anyDigest, `"base":"` + string(record.DigestOf([]byte("old")))}, {"not-revised", `,"reviser":"` + pid(6) + `"`, ``}, {"not-https", `"https://assembly`, `"http://assembly`},
	{"day-passed", `"until":"2060"`, `"until":"2020"`}, {"day-passed", `"due":"2030-03-18"`, `"due":"2020"`}, {"already-member", `"from":"2026","party":"o","status":"member"`, `"from":"2026","party":"a","status":"member"`}, {"already-observer", `"status":"member"`, `"status":"observer"`},
	{"speaks-to-substance", `,"rule":"GA 71"`, ``}, {"no-instruction", `,"instruction":"aloud"`, ``}, {"names-unrecorded-fact", `"entries":[1]`, `"entries":[900]`}, {"tally-wrong", `"papers":2`, `"papers":3`}, {"no-tellers", `,"` + pid(6) + `"`, ``},
	{"not-all-parties", `["a","b","c"]`, `["a","b"]`}, {"no-head", `"role":"head"`, `"role":"delegate"`}, {"two-heads", `"role":"adviser"`, `"role":"head"`}, {"two-heads", `"role":"delegate"`, `"role":"head"`}, {"two-on-one-seat", `"seat":2`, `"seat":1`},
	{"not-in-precedence", `"order":["a","b"]`, `"order":["a","zz"]`}, {"not-in-precedence", `"party":"o","seat"`, `"party":"zz","seat"`}, {"rule-not-suspendable", `"rule":"22"`, `"rule":"1"`}, {"notice-too-short", `"2030-03-01T`, `"2030-04-01T`}, {"withdrawal-too-soon", `"from":"2031-01-01"`, `"from":"2030-01-01"`},
	{"no-debtor", `"by":"a",`, ``}, {"no-day", `"due":"2030-03-18",`, ``}, {"day-passed", `"due":"2030-06-30"`, `"due":"2020"`}, {"no-decision", `"basis":"d1"`, `"basis":"zz"`}, {"unknown-dispute", `"dispute":"x"`, `"dispute":"zz"`}, {"not-agreed", `"agreed":["a","b"]`, `"agreed":["b"]`}, {"unknown-symbol", `"letter":"L.1"`, `"letter":"ZZ"`},
	{"shorter-than-rule", `2030-03-19`, `2030-03-16`}, {"languages-differ", `"language":"en"`, `"language":"de"`}, {"not-rescindable", `"sort":"invitation"`, `"sort":"office"`}, {"depended-upon", `"index":32`, `"index":31`},
}

// again are the codes that doing a thing twice meets.
var again = []Code{"already-acknowledged", "already-sponsor", "already-objected", "already-opened", "already-signed", "already-invited", "already-nominated", "already-accredited", "already-adopted", "already-approved", "already-authentic", "already-closed",
	"already-drawn", "already-ended", "already-issued", "already-rescinded", "already-disowned", "already-cast", "key-deposited", "no-file", "same-level", "already-requested", "symbol-taken", "already-voted", "id-taken"}

// bent are the refusals an act has in common with others, met by bending a lawful way to it.
func bent(w way) (rows []refused) {
	a := edition1.acts[w.act.name]
	lists := func(code Code) bool { return slices.Contains(a.Refusals, code) }
	add := func(code Code, before []act, b act) {
		if lists(code) {
			rows = append(rows, refused{code, before, b})
		}
	}
	if !slices.Contains([]string{"GrantObserver", "Report", "RegisterDocument"}, w.act.name) {
		add("unknown-meeting", w.before, w.act.to("zz"))
	}
	outsider := w.act
	outsider.as, outsider.by, outsider.party = Head, 7, "o"
	if slices.Contains(a.Who, Head) && w.act.name != "AskFloor" {
		add("observer-may-not", w.before, outsider)
	}
	add("meeting-closed", closed_, w.act)
	if lists("meeting-not-open") {
		add("meeting-not-open", nil, w.act)
	}
	party := w.act.party
	if w.act.name == "HandBallotPaper" {
		party = "a"
	}
	if party != "" && party != "o" {
		way := then(w.before, rejected(party)...)
		if !slices.ContainsFunc(w.before, func(b act) bool { return b.name == "OpenMeeting" }) {
			way = then(then(w.before, opened...), rejected(party)...)
		}
		add("credentials-rejected", way, w.act)
	}
	pends := slices.ContainsFunc(w.before, func(b act) bool { return slices.Contains([]string{"Move", "RaisePointOfOrder", "PutQuestion"}, b.name) })
	if lists("motion-pending") && w.act.name != "DecideMotion" {
		add("motion-pending", then(w.before, point), w.act)
	}
	if !pends && w.act.name != "Answer" {
		pending := func(method string) []act {
			return then(w.before, then(pendingC, chair("PutQuestion", `{"question":"qq","type":"credentials","thing":"c","method":"`+method+`"}`))...)
		}
		add("question-pending", pending("consensus"), w.act)
		add("voting", pending("hands"), w.act)
	}
	for _, b := range elsewhere {
		if next := strings.Replace(w.act.fields, b.there, b.nowhere, 1); next != w.act.fields {
			add(b.code, w.before, with(w.act, next))
		}
	}
	if lists("objection") {
		add("objection", w.before, with(w.act, fields(strings.Replace("{"+strings.Trim(w.act.fields, "{}")+`,"objection":"b"}`, "{,", "{", 1))))
	}
	for _, code := range again {
		if !slices.Contains([]string{"FileNote", "RefuseAccreditation", "DraftCommunique", "AgreeParagraph", "ResolveBracket", "Adopt", "DraftCommitments"}, w.act.name) && !(code == "id-taken" && (w.act.name == "EnrolPasskey" || w.act.name == "DepositPartyKey")) && (code != "already-approved" || w.act.name == "ApproveCommunique") {
			add(code, then(w.before, w.act), w.act)
		}
	}
	if lists("unknown-proposal") && strings.Contains(w.act.fields, `"proposal":"p"`) {
		add("unknown-proposal", w.before, with(w.act, strings.Replace(w.act.fields, `"proposal":"p"`, `"proposal":"zz"`, 1)))
		if !pends {
			if w.act.name == "OpenSilence" {
				add("not-in-silence", silent, with(w.act, strings.Replace(strings.Replace(w.act.fields, `"d1"`, `"d2"`, 1), `"silence":"z"`, `"silence":"y"`, 1)))
			} else {
				add("not-in-silence", silent, w.act)
			}
			add("already-decided", then(w.before, chair("TakeNote", `{"proposal":"p"}`)), w.act)
		}
	}
	return rows
}

// apart are the refusals that are an act's own and come of no bending.
var apart = []refused{
	{"already-accredited", []act{delegation, desk1("Accredit", `{"person":"pid:5"}`)}, desk1("RefuseAccreditation", `{"person":"pid:5","ground":"name"}`)},
	{"not-member", []act{lodge}, by(Head, 7, "o")("ObjectToCredentials", `{"party":"a","ground":"unsigned"}`)},
	{"already-approved", []act{text_, approve}, text_},
	{"already-approved", []act{text_, approve}, chair("AgreeParagraph", `{"paragraph":"g"}`)},
	{"already-approved", []act{text_, approve}, bracket},
	{"already-approved", []act{text_, approve}, headB("ResolveBracket", `{"bracket":"k"}`)},
	{"no-draft", nil, chair("AgreeParagraph", `{"paragraph":"g"}`)}, {"no-draft", nil, bracket}, {"no-draft", nil, headB("ResolveBracket", `{"bracket":"k"}`)}, {"no-draft", nil, approve},
	{"brackets-remain", []act{text_, bracket}, chair("AgreeParagraph", `{"paragraph":"g"}`)}, {"brackets-remain", []act{text_, bracket}, approve},
	{"id-taken", then(decided_, paper("L.2"), head("SubmitProposal", `{"proposal":"p2","item":"i","symbol":"L.2","text":"‹x›"}`), chair("PutQuestion", `{"question":"q2","type":"proposal","thing":"p2","method":"consensus"}`), chair("AnnounceResult", `{"question":"q2"}`)), chair("Adopt", `{"proposal":"p2","decision":"d1","number":"I/2","text":"‹x›"}`)},
	{"unknown-proposal", draft_, head("AcceptAmendment", `{"amendment":"zz","text":"‹y›"}`)},
	{"not-in-silence", then(amended_, head("AcceptAmendment", `{"amendment":"am","consent":["b"],"text":"‹y›"}`), silent[len(silent)-1]), head("AcceptAmendment", `{"amendment":"am","consent":["b"],"text":"‹y›"}`)},
	{"already-decided", then(amended_, head("AcceptAmendment", `{"amendment":"am","consent":["b"],"text":"‹y›"}`)), head("AcceptAmendment", `{"amendment":"am","consent":["b"],"text":"‹y›"}`)},
	{"not-sponsor", amended_, headC("AcceptAmendment", `{"amendment":"am","text":"‹y›"}`)},
	{"not-sponsor", draft_, headC("LeaveSponsors", `{"proposal":"p"}`)},
	{"last-sponsor", then(draft_, headB("LeaveSponsors", `{"proposal":"p"}`)), head("LeaveSponsors", `{"proposal":"p"}`)},
	{"not-lead", draft_, headB("OralRevision", `{"proposal":"p","text":"‹y›"}`)}, {"not-lead", draft_, headB("WithdrawProposal", `{"proposal":"p"}`)},
	{"amended", then(amended_, put("amendment", "am", "recorded"), yes, endVote, announce), head("WithdrawProposal", `{"proposal":"p"}`)},
	{"not-circulated-in-time", then(agenda_, paper("L.1"), adopt(`"notices":[{"kind":"proposal","rule":"78","seconds":86400}]`)), submit},
	{"too-few-sponsors", then(agenda_, paper("L.1"), adopt(`"sponsors":{"rule":"78","atLeast":3,"explain":"never"}`)), submit},
	{"objected", draft_, headC("RequestDivision", `{"proposal":"p","parts":[{"part":"op1"}],"objection":"b"}`)},

	{"commitment-closed", fulfilled, head("AcceptCommitment", `{"commitment":"w"}`)}, {"commitment-closed", fulfilled, progress}, {"commitment-closed", fulfilled, desk1("CloseCommitment", `{"commitment":"w"}`)}, {"commitment-closed", fulfilled, desk1("EscalateCommitment", `{"commitment":"w","to":"bureau"}`)},
	{"commitment-closed", fulfilled, moveDue}, {"commitment-closed", fulfilled, release},
	{"commitment-released", released, head("AcceptCommitment", `{"commitment":"w"}`)}, {"commitment-released", released, progress}, {"commitment-released", released, closeW}, {"commitment-released", released, escalate}, {"commitment-released", released, moveDue}, {"commitment-released", released, release},
	{"which-debtor", shared, closeW}, {"which-debtor", shared, reopen}, {"which-debtor", shared, headB("DisputeCommitment", `{"dispute":"x","commitment":"w","ground":"record","words":"no"}`)},
	{"not-debtor", shared, with(closeW, `{"commitment":"w","party":"o"}`)}, {"not-debtor", shared, with(reopen, `{"commitment":"w","party":"o","reason":"no"}`)}, {"not-debtor", shared, with(escalate, `{"commitment":"w","party":"o","to":"bureau"}`)},
	{"not-debtor", shared, with(moveDue, `{"basis":"d1","commitment":"w","due":"2030-06-30","party":"o"}`)}, {"not-debtor", shared, with(release, `{"basis":"d1","commitment":"w","ground":"lapsed","party":"o"}`)}, {"not-debtor", shared, headB("DisputeCommitment", `{"dispute":"x","commitment":"w","party":"o","ground":"record","words":"no"}`)},
	{"not-debtor", promised, desk1("ReportProgress", `{"commitment":"w","evidence":"L.1"}`)}, {"not-debtor", byOffice, progress},
	{"in-dispute", then(promised, progress, with(dispute, `{"commitment":"w","dispute":"x","ground":"fulfilment","words":"no"}`)), closeW},
	{"own-case", then(byOffice, desk1("ReportProgress", `{"commitment":"w","evidence":"L.1"}`)), closeW},
	{"no-decision", then(promised, progress), with(closeW, `{"basis":"zz","commitment":"w"}`)}, {"no-decision", then(promised, dispute), with(settle, `{"basis":"zz","dispute":"x","outcome":"upheld"}`)},
	{"not-fulfilled", promised, reopen}, {"nothing-reported", promised, with(dispute, `{"commitment":"w","dispute":"x","ground":"fulfilment","words":"no"}`)}, {"already-disputed", then(promised, dispute), with(dispute, `{"commitment":"w","dispute":"y","ground":"record","words":"no"}`)},
	{"dispute-settled", then(promised, dispute, settle), settle}, {"not-public", then(promised, kept("L.2")), head("ReportProgress", `{"commitment":"w","evidence":"L.2","words":"done"}`)},
	{"not-lead", draft_, by(Head, 14, "b")("DraftCommitments", `{"proposal":"p","base":"‹x›"}`)}, {"too-many-commitments", draft_, carrying(201)}, {"id-taken", draft_, with(carrying(2), strings.ReplaceAll(carrying(2).fields, `"w-1"`, `"w-0"`))},
	{"commitments-stale", then(draft_, with(carry, strings.Replace(carry.fields, anyDigest, string(record.DigestOf([]byte("y"))), 1)), put("proposal", "p", "recorded"), yes, endVote, announce), adoptP},
	{"commitments-stale", then(draft_, with(carry, strings.Replace(carry.fields, anyDigest, string(record.DigestOf([]byte("y"))), 1))), silent[len(silent)-1]},
	{"day-passed", then(draft_, carry, put("proposal", "p", "recorded"), yes, endVote, announce), later(adoptP, 2*86_400_000)}, {"day-passed", then(draft_, carry), silent[len(silent)-1]},
	{"not-debtor", promised, headB("AcceptCommitment", `{"commitment":"w"}`)}, {"not-debtor", promised, headB("ReportProgress", `{"commitment":"w","evidence":"L.1"}`)},
	{"no-evidence", promised, desk1("CloseCommitment", `{"commitment":"w"}`)}, {"not-overdue", promised, desk1("EscalateCommitment", `{"commitment":"w","to":"bureau"}`)},
	{"not-addressee", []act{paper("L.1")}, head("AcknowledgeReceipt", `{"symbol":"L.1"}`)},
	{"unknown-party", []act{paper("L.1")}, desk1("Circulate", `{"symbol":"L.1","to":["zz"]}`)},
	{"classification", []act{paper("L.1"), desk1("Classify", `{"symbol":"L.1","level":"restricted","basis":"I/3"}`)}, desk1("Circulate", `{"symbol":"L.1"}`)},
	{"no-file", []act{paper("L.1")}, two(desk1("DestroyFile", `{"symbol":"L.1","basis":"I/3"}`))}, {"one-person-only", []act{kept("L.1")}, desk1("DestroyFile", `{"symbol":"L.1","basis":"I/3"}`)},
	{"missing-language", []act{paper("L.1")}, desk1("Circulate", `{"symbol":"L.1","languages":["de"]}`)},
	{"superseded", revised, desk1("IssueAddendum", `{"symbol":"L.1/Add.1","of":"L.1","text":"‹y›"}`)}, {"superseded", revised, desk1("IssueCorrigendum", `{"symbol":"L.1/Corr.1","of":"L.1","text":"‹y›"}`)},
	{"superseded", revised, desk1("IssueRevision", `{"symbol":"L.1/Rev.2","of":"L.1","text":"‹y›"}`)}, {"superseded", revised, desk1("WithdrawDocument", `{"symbol":"L.1"}`)},
	{"not-submitter", nil, head("RegisterDocument", `{"symbol":"L.1","type":"draft","language":"en","level":"public","text":"‹x›","party":"b"}`)},
	{"bad-symbol", []act{namedSeries}, paper("L.1")}, {"bad-symbol", []act{namedSeries}, paper("T/II/L.1")}, {"bad-symbol", []act{namedSeries}, paper("T/I/L.01")}, {"bad-symbol", []act{namedSeries}, paper("T/I/L.1/Rev.1")},
	{"bad-symbol", []act{paper("L.1")}, desk1("IssueRevision", `{"symbol":"L.1/Rev.2","of":"L.1","text":"‹y›"}`)},
	{"bad-symbol", []act{paper("L.1")}, desk1("IssueAddendum", `{"symbol":"L.1/Rev.1","of":"L.1","text":"‹y›"}`)},
	{"bad-symbol", []act{paper("L.1")}, desk1("IssueCorrigendum", `{"symbol":"L.2/Corr.1","of":"L.1","text":"‹y›"}`)},
	{"bad-pattern", nil, with(namedSeries, strings.Replace(namedSeries.fields, "{number}", "", 1))}, {"bad-pattern", nil, with(namedSeries, strings.Replace(namedSeries.fields, "{roman}", "{number}", 1))},
	{"bad-pattern", nil, with(namedSeries, strings.Replace(namedSeries.fields, "L.{number}", "Rev.{number}", 1))},
	{"pattern-taken", []act{namedSeries}, with(namedSeries, strings.Replace(namedSeries.fields, `"series":"limited"`, `"series":"other"`, 1))},
	{"original-language", []act{paper("L.1")}, with(orderDe, strings.Replace(orderDe.fields, `"de"`, `"en"`, 1))}, {"original-language", []act{paper("L.1")}, with(versionDe, strings.Replace(versionDe.fields, `"de"`, `"en"`, 1))},
	{"superseded", revised, orderDe}, {"day-passed", []act{paper("L.1")}, with(orderDe, strings.Replace(orderDe.fields, "2035", "2025", 1))},
	{"unknown-person", []act{paper("L.1")}, with(orderDe, strings.Replace(orderDe.fields, pid(5), pid(98), 1))},
	{"already-ordered", []act{paper("L.1"), orderDe}, orderDe},
	{"not-ordered", []act{paper("L.1")}, deliverDe}, {"not-ordered", []act{paper("L.1"), orderDe, deliverDe, versionDe}, deliverDe},
	{"not-translator", []act{paper("L.1"), orderDe}, act{as: Myself, by: 6, name: "DeliverTranslation", fields: deliverDe.fields}},
	{"base-changed", []act{paper("L.1"), orderDe}, with(deliverDe, strings.Replace(deliverDe.fields, `"base":"`+anyDigest, `"base":"`+string(record.DigestOf([]byte("z"))), 1))},
	{"same-person", []act{paper("L.1")}, with(versionDe, strings.Replace(versionDe.fields, pid(6), pid(5), 1))},
	{"unknown-paragraph", then(agenda_, named_, submit), with(amend, strings.Replace(amend.fields, "op1", "op9", 1))},
	{"unknown-paragraph", drafted, with(held, strings.Replace(strings.Replace(held.fields, "op1", "op9", 1), `"k"`, `"j"`, 1))}, {"id-taken", drafted, held},
	{"unknown-symbol", nil, held}, {"unknown-symbol", nil, headB("ResolveBracket", `{"bracket":"k","symbol":"L.1"}`)}, {"unknown-symbol", nil, chair("AgreeParagraph", `{"paragraph":"op1","symbol":"L.1"}`)},
	{"superseded", revised, held}, {"superseded", revised, headB("ResolveBracket", `{"bracket":"k","symbol":"L.1"}`)}, {"superseded", revised, chair("AgreeParagraph", `{"paragraph":"op1","symbol":"L.1"}`)},
	{"brackets-remain", drafted, chair("AgreeParagraph", `{"paragraph":"op1","symbol":"L.1"}`)}, {"not-bracketer", drafted, head("ResolveBracket", `{"bracket":"k","symbol":"L.1"}`)},
	{"not-submitter", []act{paper("L.1")}, head("WithdrawDocument", `{"symbol":"L.1"}`)},
	{"unknown-item", nil, desk1("RegisterDocument", `{"symbol":"L.1","type":"draft","item":"zz","language":"en","level":"public","text":"‹x›"}`)},
	{"unknown-meeting", nil, secretary("RegisterDocument", fields(shorthand.Replace(`{"symbol":"L.1","type":"draft","item":"zz","language":"en","level":"public","text":"‹x›"}`)))},
	{"unknown-party", nil, desk1("RegisterDocument", `{"symbol":"L.1","type":"draft","party":"zz","language":"en","level":"public","text":"‹x›"}`)},

	{"other-item-open", then(decided_, chair("OpenItem", `{"item":"i"}`), desk1("ProposeItem", `{"item":"j","title":[["en","Other"]]}`)), chair("AmendAgenda", `{"items":["j"],"decision":"d1"}`)},
	{"other-item-open", atItem, chair("OpenItem", `{"item":"i"}`)},
	{"floor-taken", then(atItem, ask("r"), give("r")), chair("CloseItem", `{"item":"i"}`)}, {"floor-taken", then(atItem, ask("r"), give("r")), chair("SuspendItem", `{"item":"i"}`)},
	{"item-open", atItem, close_},
	{"agenda-too-late", []act{item, adopt(`"notices":[{"kind":"provisional-agenda","rule":"12","seconds":5184000}]`)}, desk1("CirculateProvisionalAgenda", `{"items":["i"]}`)},
	{"late-item", []act{adopt(`"notices":[{"kind":"late-item","rule":"15","seconds":2592000}]`)}, item},
	{"no-decision", nil, desk1("ProposeItem", `{"item":"i","title":[["en","Item"]],"decision":"d9"}`)}, {"unknown-symbol", nil, desk1("ProposeItem", `{"item":"i","title":[["en","Item"]],"note":"ZZ"}`)},
	{"overlaps", nil, secretary("ConveneMeeting", `{"from":"2026-01-01","meeting":"n","ordinal":2,"place":"hall"}`)},

	{"not-ended", voting_, announce},
	{"not-consensus-vote", asked, yes}, {"not-consensus-vote", asked, endVote},
	{"not-called", called, yes},
	{"voting-suspended-right", then(voting_, adopt(`"classes":[{"name":"suspended","members":["a"]}]`)), yes},
	{"party-to-dispute", then(draft_, chair("PutQuestion", `{"question":"q","type":"proposal","thing":"p","method":"recorded","disputing":["a"]}`)), yes},
	{"no-instruction", voting_, desk1For("a", "Answer", `{"question":"q","answer":"yes"}`)},
	{"secret-ballot", then(draft_, put("proposal", "p", "secret")), yes}, {"secret-ballot", then(draft_, put("proposal", "p", "secret")), headC("ExplainVote", `{"question":"q"}`)},
	{"not-ended", then(voting_, endVote), yes},
	{"names-uncalled", called, endVote}, {"tellers-not-reported", then(draft_, put("proposal", "p", "secret")), endVote},
	{"not-roll-call", voting_, drawStart}, {"not-roll-call", voting_, chair("CallName", `{"question":"q","party":"a"}`)},
	{"out-of-order", then(called, drawStart), chair("CallName", `{"question":"q","party":"`+otherThan(drawn_)+`"}`)},
	{"not-recorded-vote", then(draft_, put("proposal", "p", "hands"), chair("EndVoting", `{"question":"q","count":{"yes":2,"no":1,"abstain":0}}`), announce), head("CorrectIntention", `{"question":"q","intended":"no"}`)},
	{"not-consensus", voting_, head("Dissociate", `{"question":"q"}`)}, {"not-consensus", voting_, head("JoinConsensus", `{"question":"q"}`)}, {"not-consensus", voting_, head("ObjectToConsensus", `{"question":"q"}`)},
	{"not-consensus", voting_, head("RequestVote", `{"question":"q"}`)}, {"not-consensus", carried, head("ExplainPosition", `{"question":"q"}`)}, {"not-ended", asked, head("ExplainPosition", `{"question":"q"}`)},
	{"unknown-symbol", asked, head("Dissociate", `{"question":"q","statement":"ZZ"}`)}, {"unknown-symbol", then(asked, announce), head("ExplainPosition", `{"question":"q","symbol":"ZZ"}`)}, {"unknown-symbol", voting_, headC("ExplainVote", `{"question":"q","symbol":"ZZ"}`)},
	{"sponsor-may-not", then(voting_, adopt(`"sponsors":{"rule":"88","explain":"never"}`)), head("ExplainVote", `{"question":"q"}`)},
	{"not-yours", voting_, head("Disown", `{"index":5}`)}, {"not-yours", then(opened, byOfficer(ask("r"))), headB("Disown", fmt.Sprintf(`{"index":%d}`, 32+len(opened)))},
	{"announced", then(voting_, desk1For("a", "Answer", `{"question":"q","answer":"yes","instruction":"aloud"}`), endVote, announce), head("Disown", fmt.Sprintf(`{"index":%d}`, 32+len(voting_)))},

	{"no-quorum-to-decide", then(draft_, adopt(quorum3)), put("proposal", "p", "hands")}, {"no-quorum-to-decide", then(standing_, adopt(quorum3)), openB}, {"no-quorum-to-decide", then(opened, nominate, adopt(quorum3)), chair("ElectOfficer", `{"election":"e"}`)},
	{"floor-taken", then(draft_, ask("r"), give("r")), put("proposal", "p", "hands")}, {"debate-open", then(draft_, ask("r")), put("proposal", "p", "hands")},
	{"vote-requested", then(draft_, head("RequestRecorded", `{"type":"proposal","thing":"p"}`)), put("proposal", "p", "hands")}, {"no-commitment", draft_, put("proposal", "p", "roll-call")},
	{"seed-known", then(called, drawStart, callAll[0], callAll[1], callAll[2], endVote, announce, headC("Move", `{"motion":"v","sort":"suspend"}`)), chair("PutQuestion", shorthand.Replace(`{"question":"q2","type":"motion","thing":"v","method":"roll-call","commitment":"‹commitment›"}`))},
	{"seed-known", then(called, drawStart, callAll[0], callAll[1], callAll[2], endVote, announce, nominate, nominateC, tellers), openB},
	{"unknown-proposal", draft_, put("proposal", "zz", "hands")}, {"amendments-first", amended_, put("proposal", "p", "hands")}, {"amendments-first", amended_, silent[len(silent)-1]}, {"part-first", divided, put("proposal", "p", "hands")},
	{"not-in-silence", silent, put("proposal", "p", "hands")}, {"already-decided", noted, put("proposal", "p", "hands")}, {"no-motion", draft_, put("motion", "zz", "hands")}, {"no-ruling", draft_, put("appeal", "zz", "hands")},
	{"not-reported", draft_, put("credentials", "b", "hands")}, {"brackets-remain", then(draft_, text_, bracket), put("communique", "m", "hands")},
	{"no-draft", draft_, put("communique", "m", "hands")}, {"already-approved", then(draft_, text_, approve), put("communique", "m", "hands")},
	{"not-in-silence", silent, adoptP}, {"already-decided", decided_, adoptP}, {"not-decided", draft_, adoptP}, {"question-pending", asked, adoptP}, {"voting", voting_, adoptP},

	{"next-business-taken", then(opened, ask("r"), point, rule_, give("r")), appeal},
	{"list-closed", then(opened, chair("CloseList", ``)), ask("r")}, {"kind-not-now", opened, head("AskFloor", `{"request":"r","sort":"reply","to":"zz"}`)}, {"list-open", opened, chair("ReopenList", `{"reason":"none"}`)},
	{"not-about-voting", voting_, headB("RaisePointOfOrder", `{"point":"x","rule":"GA 71","claim":"heat"}`)},
	{"motion-pending", then(moved, point), chair("DecideMotion", `{"motion":"v"}`)}, {"speakers-waiting", then(debating, headB("SpeakToMotion", `{"motion":"v","side":"against"}`)), chair("DecideMotion", `{"motion":"v"}`)},
	{"question-pending", then(moved, put("motion", "v", "consensus")), chair("DecideMotion", `{"motion":"v"}`)}, {"voting", then(moved, put("motion", "v", "hands")), chair("DecideMotion", `{"motion":"v"}`)},
	{"question-pending", then(moved, put("motion", "v", "consensus")), head("WithdrawMotion", `{"motion":"v"}`)}, {"voting", then(moved, put("motion", "v", "hands")), head("WithdrawMotion", `{"motion":"v"}`)}, {"not-mover", moved, headB("WithdrawMotion", `{"motion":"v"}`)},
	{"lower-precedence-than-pending", moved, headB("Move", `{"motion":"u","sort":"adjourn-meeting"}`)}, {"not-now", opened, adjourn},
	{"already-decided-same", then(moved, chair("DecideMotion", `{"motion":"v"}`), chair("ResumeMeeting", ``)), headB("Move", `{"motion":"u","sort":"suspend"}`)},
	{"out-of-order", then(opened, point, headC("RaisePointOfOrder", `{"point":"w","rule":"GA 71","claim":"noise"}`)), chair("Rule", `{"point":"w","rule":"GA 71","reason":"late"}`)},
	{"no-debate", moved, headB("SpeakToMotion", `{"motion":"v","side":"against"}`)}, {"only-against", then(atItem, head("Move", `{"motion":"v","sort":"close-debate"}`)), headB("SpeakToMotion", `{"motion":"v","side":"for"}`)},
	{"already-spoke", then(debating, headB("SpeakToMotion", `{"motion":"v","side":"against"}`)), headB("SpeakToMotion", `{"motion":"v","side":"for"}`)},
	{"two-already-spoke", then(atItem, adopt(`"motions":[{"kind":"adjourn-debate","rule":"74","against":1}]`), adjourn, headB("SpeakToMotion", `{"motion":"v","side":"against"}`)), headC("SpeakToMotion", `{"motion":"v","side":"against"}`)},
	{"not-suspended", opened, chair("ResumeMeeting", ``)}, {"no-quorum-to-open", then(moved, chair("DecideMotion", `{"motion":"v"}`), with(present("b"), `{"absent":true,"party":"b"}`)), chair("ResumeMeeting", ``)},
	{"meeting-closed", closed_, chair("ResumeMeeting", ``)},
	{"not-chair", then(third, then(second, opened...)...), by(Chair, 9, "")("CedeChair", `{"to":"pid:4","why":"mistake"}`)}, {"no-vice-chair", opened, chair("CedeChair", `{"to":"pid:5","why":"speaks"}`)},
	{"unknown-party", then(opened, paper("MSG")), chair("DeliverMessage", `{"author":"pid:5","authorOf":"zz","reader":"pid:6","symbol":"MSG"}`)}, {"floor-taken", then(opened, ask("r"), give("r")), chair("ObserveSilence", `{"seconds":60,"for":"memory"}`)},
	{"observer-after-members", then(opened, observerAsks("s"), ask("r")), give("s")}, {"has-floor", then(opened, ask("r"), give("r")), head("WithdrawRequest", `{"request":"r"}`)},
	{"floor-taken", then(said, ask("r2"), give("r2"), reply_), chair("GiveReply", `{"request":"rp"}`)},
	{"not-mentioned", then(said, head("AskFloor", `{"request":"rp","sort":"reply","to":"r"}`)), chair("GiveReply", `{"request":"rp"}`)}, {"not-end-of-day", then(said, reply_, ask("r2")), chair("GiveReply", `{"request":"rp"}`)},
	{"replies-used", then(said, adopt(`"limits":[{"kind":"reply","rule":"9","seconds":[600,300],"times":1}]`), reply_, chair("GiveReply", `{"request":"rp"}`), end("done"), headB("AskFloor", `{"request":"rq","sort":"reply","to":"r"}`)), chair("GiveReply", `{"request":"rq"}`)},
	{"body-must-decide", opened, chair("SetTimeLimit", `{"sort":"statement","seconds":300}`)},

	{"already-open", opened, desk1("CancelMeeting", `{"reason":"quake","basis":"bureau"}`)}, {"already-open", opened, invited}, {"already-open", opened, desk1("MoveMeeting", `{"place":"hall","reason":"fire","basis":"bureau"}`)}, {"already-open", opened, desk1("PostponeMeeting", `{"from":"2026-02-01","reason":"weather","basis":"bureau"}`)},
	{"unknown-party", nil, desk1("MoveMeeting", `{"place":"hall","host":"zz","reason":"fire","basis":"bureau"}`)}, {"not-entitled", nil, desk1("Invite", `{"party":"o","as":"member"}`)}, {"unknown-symbol", nil, desk1("Invite", `{"party":"a","as":"member","letter":"ZZ"}`)},
	{"no-decision", nil, secretary("ChangeStatus", fields(`{"basis":"decision","decision":"d9","from":"2026","party":"o","status":"member"}`))}, {"not-invited", []act{invited}, headB("Reply", `{"accept":true}`)}, {"not-member", nil, by(Head, 7, "o")("WithdrawParty", `{"from":"2031-01-01"}`)},
	{"not-entitled", nil, headB("NominateDelegation", `{"party":"a","members":[{"person":"pid:5","role":"head"}]}`)}, {"not-invited", []act{invited}, headB("NominateDelegation", `{"party":"b","members":[{"person":"pid:14","role":"head"}]}`)},
	{"over-size", []act{adopt(`"delegation":{"rule":"25","delegates":1}`)}, desk1("NominateDelegation", `{"party":"a","members":[{"person":"pid:5","role":"head"},{"person":"pid:10","role":"delegate"}]}`)},
	{"unknown-organisation", nil, desk1("NominateDelegation", `{"party":"a","members":[{"person":"pid:5","role":"head","organisation":"zz"}]}`)},
	{"unknown-person", []act{delegation}, head("ReplaceDelegate", `{"out":"pid:10","in":{"person":"pid:99","role":"delegate"}}`)}, {"already-holder", []act{delegation}, head("NameActingHead", `{"person":"pid:5"}`)},
	{"no-draw-recorded", nil, protocolOfficer("FixPrecedence", `{"language":"en","list":["a","b","c"],"start":"a"}`)}, {"not-in-precedence", nil, protocolOfficer("PlanEvent", `{"plan":"n","type":"wreath","place":"hall","date":"2026-01-01","procession":["a"]}`)},
	{"unknown-person", nil, protocolOfficer("RecordEvent", `{"type":"wreath","place":"hall","honoured":"pid:99"}`)}, {"unknown-party", nil, protocolOfficer("RecordEvent", `{"type":"audience","place":"hall","by":"pid:4","of":"zz"}`)},

	{"unknown-symbol", silent, headB("BreakSilence", `{"silence":"z","letter":"ZZ"}`)}, {"expired", then(silent, headB("BreakSilence", `{"silence":"z"}`)), headC("BreakSilence", `{"silence":"z"}`)},
	{"after-correction-period", record_, later(head("CorrectRecord", `{"symbol":"SR.1","line":"page 3","letter":"SR.1"}`), 2*86_400_000)}, {"period-running", record_, desk1("FinaliseRecord", `{"symbol":"SR.1"}`)},
	{"not-approved", []act{text_}, publish_}, {"embargo", []act{text_, approve}, press("Publish", `{"language":"en","text":"‹x›","embargo":"2060"}`)}, {"nothing-published", []act{text_, approve}, press("RetractRelease", `{"language":"en","why":"slip"}`)},
	{"not-decided", draft_, chair("Reconsider", `{"proposal":"p"}`)}, {"no-motion-carried", decided_, chair("Reconsider", `{"proposal":"p"}`)},
	{"same-session-only", then(decided_, secretary("ConveneMeeting", `{"from":"2026-02-01","meeting":"n","ordinal":2,"place":"hall"}`), present("a").to("n"), present("b").to("n"), open_.to("n")), chair("Reconsider", `{"proposal":"p"}`).to("n")},

	{"teller-is-candidate", then(opened, nominate), chair("AppointTellers", `{"persons":["pid:14","pid:5"]}`)}, {"no-ballot", standing_, hand("a")}, {"no-ballot", standing_, chair("CloseBallot", `{"election":"e"}`)}, {"lot-not-due", counting, chair("DrawLot", `{"election":"e","seed":"‹seed›"}`)},
	{"ballot-needed", standing_, chair("ElectOfficer", `{"election":"e"}`)}, {"nominations-closed", balloting, chair("ElectOfficer", `{"election":"e"}`)}, {"nominations-closed", balloting, head("Nominate", `{"election":"e","office":"rapporteur","candidate":"n","party":"a"}`)},
	{"ballot-open", balloting, openB}, {"ballot-open", balloting, headB("WithdrawCandidate", `{"election":"e","candidate":"k"}`)}, {"no-tellers", then(opened, nominate, nominateC), openB}, {"lot-due", tied, openB}, {"already-elected", then(counting, tally(2, 0)), openB},
	{"not-nominator", standing_, headC("WithdrawCandidate", `{"election":"e","candidate":"k"}`)}, {"ballot-not-closed", papers, tally(2, 0)}, {"not-teller", counting, by(Myself, 15, "")("ReportTally", `{"election":"e","papers":2,"votes":[["k",2]]}`)},

	{"not-issued", then(openT, authT), certify}, {"not-certified", onPaper, pen}, {"not-signed", then(signing, issueI, certify, depositary("EnterSignature", value)), pen}, {"already-on-paper", then(sealed_, pen, head("EnterSignature", value)), pen},
	{"pen-taken", then(then(sealed_, pen), headB("Sign", `{"instrument":"t","mode":"definitive","exOfficio":"head-of-state"}`)), headB("TakePen", `{"instrument":"t"}`)}, {"no-pen", sealed_, head("LayPen", `{"instrument":"t"}`)}, {"no-pen", sealed_, head("EnterSignature", value)},
	{"unknown-instrument", nil, pen}, {"unknown-instrument", nil, head("LayPen", `{"instrument":"t"}`)}, {"unknown-instrument", nil, head("EnterSignature", value)}, {"authority-known", []act{authority}, authority}, {"unknown-authority", nil, head("WithdrawAuthority", `{"certificate":"‹x›"}`)},
	{"mode-differs", several, delegate("Sign", `{"instrument":"t","mode":"definitive","exOfficio":"foreign-minister"}`)}, {"already-signed", several, sign},
	{"unknown-party", decided_, with(openI, strings.Replace(openI.fields, `"subject"`, `"signers":[{"party":"c","persons":2}],"subject"`, 1))}, {"malformed", decided_, with(openI, strings.Replace(openI.fields, `"subject"`, `"signers":[{"party":"a","persons":1}],"subject"`, 1))},
	{"not-authenticated", openT, issueI}, {"paper-issued", onPaper, issueI}, {"beyond-record", then(openT, authT), desk1("IssuePaper", `{"symbol":"t","language":"en","digest":"‹y›","layout":2,"size":9000}`)},
	{"not-authenticated", openT, openS}, {"not-open-for-signature", then(openT, authT), depositary("CloseForSignature", `{"instrument":"t"}`)}, {"not-open-for-signature", then(openT, authT, powers, accepted), sign},
	{"outside-period", then(openT, authT, depositary("OpenForSignature", `{"instrument":"t","from":"2031-01-01","place":"hall"}`)), sign}, {"not-entitled", signing, headC("Sign", `{"instrument":"t","mode":"definitive"}`)}, {"no-full-powers", signing, sign},
	{"powers-cover-less", then(signing, powers, accepted), head("Sign", `{"instrument":"t","mode":"definitive"}`)}, {"not-entitled", openT, headC("InitialText", `{"instrument":"t"}`)}, {"not-ad-referendum", signing, head("ConfirmSignature", `{"instrument":"t"}`)},
	{"unknown-party", decided_, with(openI, strings.Replace(openI.fields, `["a","b"]`, `["zz"]`, 1))},
	{"no-way-in", nil, origin_}, {"no-way-in", entering[:3], origin_},
	{"not-https", entering, two(secretary("NameOrigin", fields(`{"domain":"localhost","origins":["http://localhost:8080"]}`)))}, {"not-https", entering, two(secretary("NameOrigin", fields(`{"domain":"assembly.example","origins":["https://assembly.example/"]}`)))},
	{"not-https", entering, two(secretary("NameOrigin", fields(`{"domain":"assembly.example","origins":["https://notassembly.example"]}`)))}, {"not-https", entering, two(secretary("NameOrigin", fields(`{"domain":"Assembly.example","origins":["https://Assembly.example"]}`)))},
	{"link-expired", nil, with(link_, strings.Replace(link_.fields, "2030-03-25", "2030-03-15", 1))}, {"link-too-long", nil, with(link_, strings.Replace(link_.fields, "2030-03-25", "2030-05-25", 1))}, {"link-taken", []act{link_}, link_},
	{"forgotten", []act{secretary("ForgetPerson", `{"ground":"request","person":"`+pid(5)+`"}`)}, link_},
	{"link-unknown", nil, enrolLink}, {"link-unknown", []act{link_}, act{as: Myself, by: 6, name: "EnrolPasskey", fields: enrolLink.fields}}, {"link-unknown", nil, account}, {"link-used", []act{link_, account}, enrolLink}, {"link-used", []act{link_, account}, account},
	{"link-expired", []act{link_}, later(enrolLink, 9*86_400_000)}, {"link-expired", []act{link_}, later(account, 9*86_400_000)}, {"link-expired", []act{link_, with(link_, strings.Replace(link_.fields, string(record.DigestOf([]byte("thirty-two bytes, as a link has."))), anyDigest, 1))}, enrolLink},
	{"bad-key", nil, with(enrol, strings.Replace(enrol.fields, aPoint, "a2V5", 1))}, {"bad-key", nil, with(enrol, strings.Replace(enrol.fields, aPoint, aPoint[:len(aPoint)-4]+"AAAA", 1))}, {"bad-key", nil, with(partyKey, strings.Replace(partyKey.fields, aPoint, "a2V5", 1))},
	{"bad-key", []act{partyKey}, with(replaceKey, strings.Replace(replaceKey.fields, aPoint, "a2V5", 1))}, {"id-taken", []act{enrol}, with(partyKey, strings.Replace(partyKey.fields, "cGFydHk", "Y3JlZA", 1))}, {"id-taken", []act{partyKey}, with(replaceKey, strings.Replace(replaceKey.fields, "bmV3", "cGFydHk", 1))},
	{"id-taken", []act{enrol}, enrol}, {"malformed", nil, with(enrol, strings.Replace(enrol.fields, "Y3JlZA", canonical.EncodeBytes(make([]byte, 1024)), 1))}, {"no-party-key", nil, replaceKey},
	{"unknown-account", nil, act{as: Myself, by: 5, name: "RevokeAccount", fields: fields(shorthand.Replace(`{"account":"‹y›","why":"left"}`))}}, {"unknown-account", []act{link_, account}, act{as: Myself, by: 6, name: "RevokeAccount", fields: fields(shorthand.Replace(`{"account":"‹y›","why":"left"}`))}},
	{"one-person-only", []act{link_, account}, secretary("RevokeAccount", fields(shorthand.Replace(`{"account":"‹y›","why":"left"}`)))}, {"unknown-credential", []act{enrol}, act{as: Myself, by: 6, name: "RevokePasskey", fields: fields(`{"credential":"Y3JlZA","why":"lost"}`)}},
	{"unknown-credential", []act{enrol, secretary("ForgetPerson", `{"ground":"request","person":"`+pid(5)+`"}`)}, two(secretary("RevokePasskey", fields(`{"credential":"Y3JlZA","why":"lost"}`)))},
	{"one-person-only", nil, secretary("NameOrigin", fields(`{"domain":"assembly.example","origins":["https://assembly.example"]}`))}, {"one-person-only", []act{enrol}, secretary("RevokePasskey", fields(`{"credential":"Y3JlZA","why":"lost"}`))},
	{"one-person-only", nil, secretary("RevokeOffice", fields(shorthand.Replace(`{"person":"pid:4","capacity":"Chair"}`)))}, {"two-secretaries", nil, two(secretary("RevokeOffice", `{"capacity":"Secretary","person":"`+pid(1)+`"}`))},
	{"bad-node-key", nil, head("AdmitNode", `{"verifier":"node.a+00000000+AAAA"}`)}, {"bad-node-key", nil, head("AdmitNode", `{"verifier":"`+strings.Replace(cosigner("node.a"), "node.a", "node.b", 1)+`"}`)},
	{"node-known", []act{node_}, node_}, {"not-https", nil, with(witness_, strings.Replace(witness_.fields, "https:", "http:", 1))}, {"not-https", nil, with(witness_, strings.Replace(witness_.fields, "example/w", "example/w?q", 1))},
	{"unknown-node", nil, head("WithdrawNode", `{"verifier":"`+cosigner("node.a")+`"}`)}, {"unknown-node", []act{node_}, headB("WithdrawNode", `{"verifier":"`+cosigner("node.a")+`"}`)}, {"unknown-node", []act{node_}, witnesses_},
	{"unknown-node", []act{node_, witness_}, with(witnesses_, strings.Replace(witnesses_.fields, cosigner("witness.example"), cosigner("node.a"), 1))}, {"need-beyond", []act{node_, witness_}, with(witnesses_, strings.Replace(witnesses_.fields, `"need":1`, `"need":3`, 1))},
	{"unknown-node", []act{node_}, headB("ReportDivergence", `{"verifier":"`+cosigner("node.a")+`","entry":3,"rule":"rules 67","proof":"‹x›"}`)}, {"beyond-record", []act{node_}, head("ReportDivergence", `{"verifier":"`+cosigner("node.a")+`","entry":9000,"rule":"rules 67","proof":"‹x›"}`)},
	{"one-person-only", []act{node_}, secretary("ProceedUnwitnessed", resume_.fields)}, {"no-witnesses", nil, resume_},
	{"one-person-only", []act{node_, witness_}, secretary("NameWitnesses", witnesses_.fields)}, {"too-many-nodes", manyNodes(100), node_},
	{"bad-recipient", nil, with(deposit, strings.Replace(deposit.fields, age1_, age1_[:61]+"x", 1))}, {"bad-recipient", nil, with(deposit, strings.Replace(deposit.fields, age1_, strings.ToUpper(age1_), 1))}, {"recipient-known", []act{deposit}, with(depositB, deposit.fields)},
	{"recipient-known", []act{deposit, head("WithdrawRecipient", `{"key":32,"why":"lost"}`)}, deposit}, {"holder-left", nil, headB("DepositRecipient", deposit.fields)}, {"malformed", nil, with(deposit, strings.Replace(deposit.fields, "device", "drawer", 1))},
	{"unknown-recipient", nil, head("WithdrawRecipient", `{"key":32,"why":"lost"}`)}, {"unknown-recipient", []act{deposit}, headB("WithdrawRecipient", `{"key":32,"why":"lost"}`)}, {"malformed", []act{deposit}, head("WithdrawRecipient", `{"key":32,"why":"bored"}`)},
	{"recipient-withdrawn", []act{deposit, head("WithdrawRecipient", `{"key":32,"why":"lost"}`)}, head("WithdrawRecipient", `{"key":32,"why":"left"}`)},
	{"no-addressee", keyed, note(`,"to":["b"]`, ``)}, {"unknown-party", keyed, note(`"b"`, `"zz"`)}, {"malformed", keyed, note(`["b"]`, `["b","b"]`)}, {"malformed", keyed, note(`["b"]`, `["a"]`)}, {"malformed", keyed, note(`17/2030`, `17 2030`)}, {"malformed", keyed, note(`verbale`, `song`)},
	{"malformed", keyed, note(`restricted`, `loud`)}, {"malformed", keyed, note(`addressees`, `birds`)}, {"malformed", keyed, note(`restricted`, `personal`)}, {"malformed", keyed, note(`2030-03-17`, `2030-03`)}, {"malformed", keyed, desk1("SendNote", note(`["b"]`, `["b"],"secretariat":true`).fields)},
	{"number-taken", sent, note_}, {"reply-by-past", keyed, note(`2030-03-30`, `2030-03-16`)}, {"unknown-symbol", keyed, note(`"mark"`, `"paper":"ZZ","mark"`)}, {"too-large", keyed, note(`"size":900`, `"size":5242881`)}, {"too-large", keyed, note(`[32,33]`, `[`+strings.Repeat("32,", 500)+`33]`)},
	{"unknown-note", keyed, note(`"mark"`, `"answers":34,"mark"`)}, {"unknown-note", sent, headC("SendNote", note(`"mark"`, `"refers":34,"mark"`).fields)}, {"unknown-recipient", keyed, note(`33]`, `34]`)}, {"unknown-recipient", keyed, note(`33]`, `33,33]`)},
	{"recipient-withdrawn", then(keyed, headB("WithdrawRecipient", `{"key":33,"why":"lost"}`)), note_}, {"holder-left", then(keyed, gone5...), delegate("SendNote", note_.fields)}, {"key-of-another", keyed, note(`["b"]`, `["c"]`)}, {"no-recipient", keyed, note(`[32,33]`, `[32]`)},
	{"unknown-note", sent, headC("AcknowledgeNote", `{"note":34}`)}, {"unknown-note", sent, headB("AcknowledgeNote", `{"note":33}`)}, {"note-withdrawn", then(sent, takeBack), headB("AcknowledgeNote", `{"note":34}`)}, {"not-received", sent, head("AcknowledgeNote", `{"note":34}`)},
	{"already-acknowledged", then(sent, headB("AcknowledgeNote", `{"note":34}`)), headB("AcknowledgeNote", `{"note":34}`)},
	{"unknown-note", sent, headC("WithdrawNote", `{"note":34,"why":"error"}`)}, {"note-withdrawn", then(sent, takeBack), takeBack}, {"not-sender", sent, headB("WithdrawNote", `{"note":34,"why":"error"}`)}, {"malformed", sent, head("WithdrawNote", `{"note":34,"why":"shame"}`)},
	{"unknown-note", sent, headC("PassNote", passOn(`"to":["c"],"keys":[35]`))}, {"note-withdrawn", then(sent, takeBack, depositC), headB("PassNote", passOn(`"to":["c"],"keys":[36]`))}, {"unknown-party", sent, headB("PassNote", passOn(`"to":["zz"],"keys":[33]`))},
	{"may-not-pass-on", then(keyed, note(`addressees`, `nobody`), depositC), headB("PassNote", passOn(`"to":["c"],"keys":[35]`))}, {"may-not-pass-on", then(sent, depositC, headB("PassNote", passOn(`"to":["c"],"keys":[35]`)), desk1("DepositRecipient", `{"recipient":"`+age4+`","use":"node"}`)), headC("PassNote", passOn(`"secretariat":true,"keys":[37]`))},
	{"unknown-recipient", sent, headB("PassNote", passOn(`"to":["c"],"keys":[99]`))}, {"recipient-withdrawn", then(sent, headB("WithdrawRecipient", `{"key":33,"why":"left"}`)), headB("PassNote", passOn(`"keys":[33]`))}, {"holder-left", then(sent, gone5...), headB("PassNote", passOn(`"keys":[32]`))},
	{"key-of-another", then(sent, depositC), headB("PassNote", passOn(`"keys":[35]`))}, {"no-recipient", then(sent, depositC), headB("PassNote", passOn(`"to":["c"],"keys":[33]`))},
	{"too-large", sent, headB("PassNote", strings.Replace(passOn(`"keys":[33]`), `"size":900`, `"size":5242881`, 1))},
	{"unknown-note", sent, headC("AskNote", `{"note":34,"key":33}`)}, {"note-withdrawn", then(sent, takeBack), headB("AskNote", `{"note":34,"key":33}`)}, {"unknown-recipient", sent, headB("AskNote", `{"note":34,"key":99}`)}, {"key-of-another", sent, headB("AskNote", `{"note":34,"key":32}`)},
	{"recipient-withdrawn", then(sent, headB("WithdrawRecipient", `{"key":33,"why":"left"}`)), headB("AskNote", `{"note":34,"key":33}`)}, {"holder-left", then(sent, gone5...), delegate("AskNote", `{"note":34,"key":32}`)},
	{"not-this-party", []act{enrol}, head("CountersignKey", `{"credential":"Y3JlZA"}`)},
}

var (
	revised = []act{paper("L.1"), desk1("IssueRevision", `{"symbol":"L.1/Rev.1","of":"L.1","text":"‹y›"}`)}
	quorum3 = `"quorumToDecide":{"rule":"67","over":[2,3]}`
)

// Recipients of age (X25519), made for these tests; nobody has their identities.
const (
	age1_ = "age13tvzql5mh89w3p86nrj6jjeapfxyl8df8d485rgzpa0hwqh09gwq66klmt"
	age2  = "age13qxf6p4kjemxfvcn7y087tkfevt0v9nxyktl0fznaksqnch03chqc52kvn"
	age3  = "age1t2qx008r7hpnld9xwles2369u5f9204nau0wymkcqlx4gjehruxq5jjqwk"
	age4  = "age19vaeuy4ath3a3mejq7r5m6c4wy8zjsx7x47njlj5hjkktsj7kg4sntjxu0"
)

var (
	depositC = headC("DepositRecipient", `{"recipient":"`+age3+`","use":"backup"}`)
	takeBack = head("WithdrawNote", `{"note":34,"why":"replaced"}`)
	gone5    = []act{two(secretary("RevokeOffice", fields(shorthand.Replace(`{"person":"pid:5","capacity":"Head","for":"a"}`))))}
)

// note is the note of the tests with something else in it.
func note(there, other string) act {
	if !strings.Contains(note_.fields, there) {
		panic(there)
	}
	return with(note_, fields(strings.Replace(note_.fields, there, other, 1)))
}

func passOn(rest string) string {
	return shorthand.Replace(`{"note":34,` + rest + `,"ciphertext":{"blob":"‹y›","size":900}}`)
}

// cosigner is a verifier key of a witness, the same each time (C2SP tlog-cosignature).
func cosigner(name string) string {
	public := sha256.Sum256([]byte(name))
	key := append([]byte{4}, public[:]...)
	h := sha256.Sum256(append([]byte(name+"\n"), key...))
	return fmt.Sprintf("%s+%x+%s", name, h[:4], base64.StdEncoding.EncodeToString(key))
}

func manyNodes(n int) (list []act) {
	for i := range n {
		list = append(list, head("AdmitNode", fmt.Sprintf(`{"verifier":"%s"}`, cosigner(fmt.Sprint("n", i)))))
	}
	return list
}

func otherThan(party string) string {
	if party == "a" {
		return "b"
	}
	return "a"
}

// TestTheCatalogueIsMetOnce keeps the tables honest: one lawful act of each name and no more.
func TestTheCatalogueIsMetOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range lawful {
		if seen[w.act.name] {
			t.Errorf("%s is in the table twice", w.act.name)
		}
		seen[w.act.name] = true
	}
	codes := map[Code]bool{}
	for _, a := range Catalogue() {
		for _, c := range slices.Concat(a.Refusals, a.Notices, a.OfFiles) {
			codes[c] = true
		}
	}
	t.Logf("%d acts, %d codes", len(seen), len(codes))
}

// samples are an event of each kind that representatives does not hold, every field filled.
func samples() (events []Event) {
	have := map[string]bool{}
	for _, e := range representatives() {
		have[e.Kind()] = true
	}
	for _, kind := range Kinds() {
		if have[kind] {
			continue
		}
		e := Event{Body: edition1.kinds[kind].zero()}
		sample(reflect.ValueOf(e.Body).Elem(), 1)
		events = append(events, e)
	}
	return events
}

// sample fills a value with something valid of its type, the nth of them.
func sample(v reflect.Value, n int) {
	switch v.Type() {
	case reflect.TypeFor[Names]():
		v.Set(reflect.ValueOf(Names{{Language: "de", Text: "Satzung"}, {Language: "en", Text: "Statute \"x\""}}))
		return
	case reflect.TypeFor[record.Instant]():
		v.SetInt(1_900_000_000_123)
		return
	case reflect.TypeFor[treaty.Clause]():
		v.Set(reflect.ValueOf(fullClause))
		return
	}
	if v.Type() == reflect.TypeFor[record.SealedBlob]() {
		v.Set(reflect.ValueOf(record.SealedBlob{Digest: record.Digest(anyDigest), Size: 4096 + 256*int64(n)}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		of := map[reflect.Type][]string{
			reflect.TypeFor[PersonID](): {pid(4), pid(5)}, reflect.TypeFor[record.Digest](): {anyDigest, anyDigest}, reflect.TypeFor[Date](): {"2026-01-31", "2026-02"},
			reflect.TypeFor[Language](): {"en", "de"}, reflect.TypeFor[Symbol](): {"LP/VII/L.2/Rev.1", "LP/VII/L.3"}, reflect.TypeFor[Capacity](): {"Chair", "Head"},
		}[v.Type()]
		if of == nil {
			of = []string{"one", "two"}
		}
		v.SetString(of[n-1])
	case reflect.Int64:
		v.SetInt(int64(40 + n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		sample(v.Index(0), 1)
		sample(v.Index(1), 2)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		sample(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Type != reflect.TypeFor[canonical.Tuple]() {
				sample(v.Field(i), n)
			}
		}
	}
}
