package conference

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/rules"
)

// An Offer is what a person may do now, or what the rules bar: an act with the fields that are known.
type Offer struct {
	Act     *Act
	By      PersonID
	As      Capacity
	For     PartyID         // whom the capacity speaks for, or ""
	Meeting MeetingID       // "" where the act is of no meeting
	Fields  canonical.Value // filled in already; Invalid: none
	Open    []string        // fields that are still to be filled in
	Label   []Thing         // what it is about, for a label
	About   []record.About  // the things it is about, as they stand
	With    []record.With   // who could sign with the author, where two have to
	Refusal *Refusal        // nil: it would be accepted, once what is open is filled in rightly

	tried canonical.Value // Fields with something fitting in what is open: what was decided
}

// A Thing names something in the record, or a word of a vocabulary, by kind: party, request, answer …
type Thing struct{ Kind, ID string }

// Submitted is the act an offer proposes, without origin and key: what Decide was asked. Where fields are open it
// is not complete.
func (o *Offer) Submitted() record.Submitted {
	return record.Submitted{Name: o.Act.Name, By: string(o.By), As: string(o.As), For: string(o.For), Meeting: string(o.Meeting), Fields: o.Fields, About: o.About, With: o.With}
}

// OfMeeting reports whether an act is done at a meeting, which stands beside its fields: in them it stands where a
// meeting may or must be named, as in a report.
func (a *Act) OfMeeting() bool {
	own := func(name string) bool { return name == "meeting" || name == "fact" }
	return !slices.ContainsFunc(fieldsOf(a.Fields), own) && slices.ContainsFunc(atMeeting, func(c Code) bool { return slices.Contains(a.Refusals, c) })
}

// Required lists the fields an act cannot do without, in order of declaration.
func (a *Act) Required() (names []string) {
	for i := range a.Fields.NumField() {
		name, rest, _ := strings.Cut(a.Fields.Field(i).Tag.Get("json"), ",")
		if rest != "omitempty" {
			names = append(names, name)
		}
	}
	return names
}

// ActsAs lists in what a person may act at an instant: the offices it holds, in order, and last about itself.
func (s *State) ActsAs(p PersonID, at record.Instant) (held []Office) {
	held = s.OfficesOf(p, at)
	if s.somebody(p, at) == nil {
		held = append(held, Office{Person: p, Capacity: Myself})
	}
	return held
}

// Offers lists what a person may do at an instant and what is barred, at a meeting and outside of any, in order of
// capacity and act. Each offer was put to Decide, so whoever shows it says what the writer will say.
func (s *State) Offers(by PersonID, meeting MeetingID, at record.Instant) (list []Offer) {
	for _, office := range s.ActsAs(by, at) {
		for _, act := range s.Catalogue() {
			if slices.Contains(act.Who, office.Capacity) {
				list = append(list, s.OffersOf(act, office, meeting, at)...)
			}
		}
	}
	return list
}

// OffersOf lists what the holder of an office may do by one act: the proposals that are at hand, else a blank form.
// An act of a meeting is offered only where one is named.
func (s *State) OffersOf(act *Act, office Office, meeting MeetingID, at record.Instant) []Offer {
	p := &prospect{State: s, at: at, offer: Offer{Act: act, By: office.Person, As: office.Capacity, For: office.For}}
	if act.Name == "FoundBody" || act.OfMeeting() && meeting == "" {
		return nil
	}
	p.id, p.m = meeting, s.meetings.At(string(meeting))
	if act.OfMeeting() {
		p.offer.Meeting = meeting
	}
	p.offer.With = s.second(p.offer, at)
	if propose := proposers[act.Name]; propose != nil && !p.desk() {
		propose(p)
	}
	if len(p.made) == 0 {
		p.blank()
	}
	return p.made
}

// second is somebody who could sign an act of two persons with its author: who has been in office longest.
func (s *State) second(o Offer, at record.Instant) []record.With {
	if !o.Act.TwoPersons {
		return nil
	}
	for _, other := range s.Holders(o.As) {
		if other.Person != o.By && other.For == o.For && other.From <= at {
			return []record.With{{As: string(o.As), By: string(other.Person)}}
		}
	}
	return nil
}

// A prospect is what offers of one act by one office holder are made from.
type prospect struct {
	*State
	at    record.Instant
	id    MeetingID // the meeting that is looked at, also where the act is of none
	m     Meeting
	offer Offer // what all of them have
	made  []Offer
}

// of names the party whose act it would be.
func (p *prospect) of() PartyID { return p.offer.For }

// fresh is an id nothing has yet: it carries the party and the size of the record, so that two delegations that
// choose at the same time choose differently.
func (p *prospect) fresh(prefix string, taken func(string) bool) string {
	id := prefix
	if p.of() != "" {
		id += "-" + string(p.of())
	}
	for n := p.Size; ; n++ {
		if next := fmt.Sprintf("%s-%d", id, n); !taken(next) {
			return next
		}
	}
}

func (p *prospect) freshMotion() MotionID { return MotionID(p.fresh("m", p.motions.all.Has)) }

// try decides a candidate as it would be submitted.
func (p *prospect) try(o Offer) *Refusal {
	submitted := o.Submitted()
	submitted.Fields = o.tried
	_, r := Decide(p.State, &submitted, p.at)
	return r
}

// proposes adds an offer with these fields. For the members named open they hold something that fits, which is
// tried and then left for the author to say.
func (p *prospect) proposes(fields any, open []string, label ...Thing) {
	o := p.offer
	text := canonical.Encode(nil, fields)
	if len(text) > 0 {
		v, err := canonical.Parse(string(text))
		if err != nil {
			panic(fmt.Sprintf("conference: %s cannot be offered: %v", o.Act.Name, err)) // the fields are ours
		}
		o.tried = v
	}
	o.Open, o.Label = open, label
	o.Refusal = p.try(o)
	o.Fields = without(o.tried, open)
	for _, t := range label {
		if version, ok := p.Version(t.Kind, t.ID); ok && aboutKinds[t.Kind] {
			o.About = append(o.About, record.About{Kind: t.Kind, ID: t.ID, Version: version})
		}
	}
	p.made = append(p.made, o)
}

// aboutKinds are the things whose change makes an offer another one: what was read is no longer what would be done.
var aboutKinds = map[string]bool{"proposal": true, "silence": true, "instrument": true}

// without is an object less some members.
func without(v canonical.Value, open []string) canonical.Value {
	left := canonical.Value{Kind: canonical.Object}
	for i, key := range v.Keys {
		if !slices.Contains(open, key) {
			left.Keys, left.Items = append(left.Keys, key), append(left.Items, v.Items[i])
		}
	}
	if len(left.Keys) == 0 {
		return canonical.Value{}
	}
	left, _ = canonical.Parse(string(canonical.Append(nil, left)))
	return left
}

// standing are refusals that no choice of fields changes: what they rest on is who acts, where and when.
var standing = []Code{"edition-unknown", "due-first", "no-body", "body-exists", "wrong-capacity", "not-holder", "one-person-only",
	"unknown-meeting", "meeting-not-open", "meeting-closed", "already-open", "no-quorum-to-open", "not-suspended", "already-closed", "list-open",
	"no-floor", "not-chair", "voting", "question-pending", "motion-pending", "floor-taken", "item-open", "observer-may-not", "credentials-rejected"}

// desk reports whether an officer would do the act for a party, which is still to be named, on an instruction.
func (p *prospect) desk() bool { return p.offer.Act.Desk && p.offer.As == Secretary }

// ofTheParty are refusals that rest on which party it is.
var ofTheParty = []Code{"no-floor", "observer-may-not", "credentials-rejected"}

// blank offers the act as an empty form. It is barred where Decide refuses it whatever the fields say.
func (p *prospect) blank() {
	o := p.offer
	o.Open = o.Act.Required()
	r := p.admissible(&Call{ref(o.Submitted()), p.at, editions[p.editionInForce()], o.Act})
	if r == nil {
		_, r = o.Act.empty(p.State, &Call{ref(o.Submitted()), p.at, editions[p.editionInForce()], o.Act})
	}
	if p.desk() {
		o.Open = append(o.Open, "instruction")
		if r != nil && slices.Contains(ofTheParty, r.Code) {
			r = nil
		}
	}
	if r != nil && (slices.Contains(standing, r.Code) || o.Act.Fields.NumField() == 0) {
		o.Refusal = r
	}
	if o.Refusal == nil && r != nil && len(o.Open) == 0 {
		o.Open = fieldsOf(o.Act.Fields) // what is optional may make it right
	}
	p.made = append(p.made, o)
}

func ref[T any](v T) *T { return &v }

// fieldsOf names the fields of an act, in order of declaration.
func fieldsOf(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// proposers say, by act, what is at hand. An act without one is offered as a blank form.
var proposers map[string]func(p *prospect)

func init() {
	proposers = map[string]func(p *prospect){
		"AskFloor": proposeAskFloor, "WithdrawRequest": proposeWithdrawRequest, "GiveFloor": proposeGiveFloor, "GiveReply": proposeGiveReply, "EndFloor": proposeEndFloor,
		"AdoptAgenda": proposeAgenda, "OpenItem": proposeOpenItem, "SuspendItem": proposeLeave, "CloseItem": proposeLeave,
		"RaisePointOfOrder": proposePoint, "Rule": proposeRuling, "AppealRuling": proposeAppeal, "Move": proposeMove, "SpeakToMotion": proposeSpeech, "WithdrawMotion": proposeWithdrawMotion, "DecideMotion": proposeDecide,
		"PutQuestion": proposePut, "CallName": proposeCall, "Answer": proposeAnswer, "EndVoting": proposeEndVoting, "AnnounceResult": proposeResult,
		"RequestVote": ofQuestion, "ObjectToConsensus": ofQuestion, "JoinConsensus": ofQuestion, "Dissociate": ofQuestion, "RequestRecorded": proposeRequest, "RequestRollCall": proposeRequest,
		"Adopt": proposeAdopt, "TakeNote": ofDraft, "Defer": ofDraft, "Reject": ofDraft, "JoinSponsors": ofDraft, "LeaveSponsors": ofDraft, "WithdrawProposal": ofDraft,
		"BreakSilence": proposeBreak, "Disown": proposeDisown, "Sign": proposeSign, "ConfirmSignature": proposeConfirm, "InitialText": proposeConfirm, "TakePen": proposeTakePen, "LayPen": proposeHeld, "EnterSignature": proposeHeld,
		"AcceptCommitment": proposeAccept, "ReportProgress": proposeReport, "CloseCommitment": proposeClose, "EscalateCommitment": proposeEscalate, "SettleDispute": proposeSettle,
		"RecordPresence": proposePresence, "ResolveBracket": proposeResolve, "AgreeParagraph": proposeAgree,
	}
	proposeOfTreaties()
}

// What several acts have for fields.
type (
	onQuestion struct {
		Question QuestionID `json:"question"`
	}
	onProposal struct {
		Proposal ProposalID `json:"proposal"`
	}
	onItem struct {
		Item ItemID `json:"item"`
	}
	onInstrument struct {
		Instrument InstrumentID `json:"instrument"`
	}
	onCommitment struct {
		Commitment NoteID `json:"commitment"`
	}
	onThing struct {
		Type  string `json:"type"`
		Thing string `json:"thing"`
	}
)

func proposeAskFloor(p *prospect) {
	id := RequestID(p.fresh("f", p.requests.Has))
	p.proposes(&AskFloor{Request: id}, nil)
	if said, ok := p.lastStatement(); ok && said.Party != p.of() {
		p.proposes(&AskFloor{Request: id, Sort: "reply", To: said.ID}, nil, Thing{"sort", "reply"}, Thing{"party", string(said.Party)})
	}
	if _, put := p.Pending(p.id); put || p.resultAnnounced(p.id) {
		p.proposes(&AskFloor{Request: id, Sort: "explanation"}, nil, Thing{"sort", "explanation"})
	}
}

// lastStatement is the request under which somebody spoke last at the meeting.
func (p *prospect) lastStatement() (last Request, ok bool) {
	for _, q := range p.Requests(p.id) {
		if q.State == "ended" && q.Index >= last.Index {
			last, ok = q, true
		}
	}
	return last, ok
}

func proposeWithdrawRequest(p *prospect) {
	for _, q := range p.SpeakersList(p.id) {
		if q.Party == p.of() {
			p.proposes(&WithdrawRequest{Request: q.ID}, nil)
		}
	}
}

func proposeGiveFloor(p *prospect) {
	if waiting := p.SpeakersList(p.id); len(waiting) > 0 {
		p.proposes(&GiveFloor{waiting[0].ID}, nil, Thing{"party", string(waiting[0].Party)})
	}
}

func proposeGiveReply(p *prospect) {
	for _, q := range p.SpeakersList(p.id) {
		if q.Sort == "reply" {
			p.proposes(&GiveReply{q.ID}, nil, Thing{"party", string(q.Party)})
			return
		}
	}
}

func proposeEndFloor(p *prospect) {
	q, ok := p.Speaking(p.id)
	if !ok || p.offer.As != Chair && q.Party != p.of() {
		return
	}
	p.proposes(&EndFloor{Why: "done"}, nil, Thing{"party", string(q.Party)})
	if p.offer.As == Chair && q.Limit > 0 {
		p.proposes(&EndFloor{Why: "time"}, nil, Thing{"party", string(q.Party)}, Thing{"why", "time"})
	}
}

func proposeAgenda(p *prospect) {
	if a := p.agenda.agendas.At(string(p.id)); len(a.order) > 0 {
		p.proposes(&AdoptAgenda{Items: a.order}, nil)
	}
}

// nextItem is the first item of the agenda that is not closed.
func (s *State) nextItem(m MeetingID) (Item, bool) {
	items, _ := s.Agenda(m)
	i := slices.IndexFunc(items, func(i Item) bool { return i.State == "proposed" })
	if i < 0 {
		i = slices.IndexFunc(items, func(i Item) bool { return i.State == "suspended" })
	}
	if i < 0 {
		return Item{}, false
	}
	return items[i], true
}

func (p *prospect) item(i Item) Thing { return Thing{"item", itemKey(i.Meeting, i.ID)} }

func proposeOpenItem(p *prospect) {
	if i, ok := p.nextItem(p.id); ok {
		p.proposes(&onItem{i.ID}, nil, p.item(i))
	}
}

func proposeLeave(p *prospect) {
	if i, ok := p.OpenItem(p.id); ok {
		p.proposes(&onItem{i.ID}, nil, p.item(i))
	}
}

func proposePoint(p *prospect) {
	q, put := p.Pending(p.id)
	p.proposes(&RaisePointOfOrder{Point: p.freshMotion(), Rule: "rule", Claim: "claim", Voting: put && q.Begun}, []string{"rule", "claim"})
}

func proposeRuling(p *prospect) {
	for _, x := range p.Motions(p.id) {
		if x.Type != "order" {
			continue
		}
		for _, sustained := range []bool{true, false} {
			ruling := map[bool]string{true: "sustained", false: "not-sustained"}[sustained]
			p.proposes(&Rule{x.ID, sustained, "rule", "reason"}, []string{"rule", "reason"}, Thing{"ruling", ruling}, Thing{"party", string(x.Party)})
		}
	}
}

func proposeAppeal(p *prospect) {
	last, ok := Motion{}, false
	for _, x := range p.motions.all.All() {
		if x.Meeting == p.id && x.Type == "order" && strings.HasSuffix(x.State, "sustained") && x.Index >= last.Index {
			last, ok = x, true
		}
	}
	if ok {
		p.proposes(&AppealRuling{Appeal: p.freshMotion(), Point: last.ID}, nil)
	}
}

// motionsKnown are the kinds of motion the rules in force know.
func (s *State) motionsKnown() []rules.Motion {
	if len(s.Rules.Motions) > 0 {
		return s.Rules.Motions
	}
	return rules.MotionsOfAssembly
}

func proposeMove(p *prospect) {
	id := p.freshMotion()
	for _, kind := range p.motionsKnown() {
		f, open := Move{Motion: id, Sort: kind.Kind}, []string(nil)
		switch kind.Kind {
		case "suspend", "time-limit":
			f.Seconds, open = 600, []string{"seconds"}
		case "division", "order-of-proposals", "reconsider", "competence", "secret-ballot", "roll-call":
			f.Thing, open = "thing", []string{"thing"}
		}
		p.proposes(&f, open, Thing{"motionkind", kind.Kind}, Thing{"rule", kind.Rule})
	}
}

func proposeSpeech(p *prospect) {
	for _, x := range p.Motions(p.id) {
		for _, side := range []string{"for", "against"} {
			if x.Type == "motion" {
				p.proposes(&SpeakToMotion{Motion: x.ID, Side: side}, nil, Thing{"side", side}, Thing{"motionkind", x.Sort})
			}
		}
	}
}

func proposeWithdrawMotion(p *prospect) {
	for _, x := range p.Motions(p.id) {
		if x.Type == "motion" && x.Party == p.of() {
			p.proposes(&WithdrawMotion{Motion: x.ID}, nil, Thing{"motionkind", x.Sort})
		}
	}
}

func proposeDecide(p *prospect) {
	for _, x := range p.Motions(p.id) {
		if x.Type == "motion" {
			p.proposes(&DecideMotion{Motion: x.ID}, nil, Thing{"motionkind", x.Sort})
		}
	}
}

// drafts lists the drafts before the meeting that nobody has decided on.
func (p *prospect) drafts() (list []Proposal) {
	for _, x := range p.Proposals(p.id) {
		if x.State == "submitted" {
			list = append(list, x)
		}
	}
	return list
}

func proposePut(p *prospect) {
	id := QuestionID(p.fresh("q", p.votes.all.Has))
	if first, ok := p.interrupted(p.id); ok {
		if x := p.motions.all.At(string(first)); x.Type != "order" {
			p.proposes(&PutQuestion{Question: id, Type: x.Type, Thing: string(x.ID), Method: "recorded"}, nil, Thing{x.Type, string(x.ID)}, Thing{"method", "recorded"})
		}
	}
	for _, x := range p.drafts() {
		for _, method := range []string{"consensus", "recorded"} {
			p.proposes(&PutQuestion{Question: id, Type: "proposal", Thing: string(x.ID), Method: method}, nil, Thing{"proposal", string(x.ID)}, Thing{"method", method})
		}
		p.proposesRollCall(PutQuestion{Question: id, Type: "proposal", Thing: string(x.ID)})
		for _, a := range p.Amendments(x) {
			p.proposes(&PutQuestion{Question: id, Type: "amendment", Thing: string(a), Method: "recorded"}, nil, Thing{"amendment", string(a)}, Thing{"method", "recorded"})
		}
	}
}

// proposesRollCall offers the way of voting that somebody asked for (GA 87). The commitment to the seed is left to whoever
// keeps the seed.
func (p *prospect) proposesRollCall(f PutQuestion) {
	if p.votes.requested.At(thingKey(p.id, f.Type, f.Thing)) != "roll-call" {
		return
	}
	f.Method, f.Commitment = "roll-call", record.DigestOf([]byte(f.Question))
	p.proposes(&f, []string{"commitment"}, Thing{f.Type, f.Thing}, Thing{"method", "roll-call"})
}

func proposeCall(p *prospect) {
	if q, ok := p.Pending(p.id); ok && q.Called < int64(len(q.Order)) {
		p.proposes(&CallName{q.ID, q.Order[q.Called]}, nil, Thing{"party", string(q.Order[q.Called])})
	}
}

func proposeAnswer(p *prospect) {
	q, ok := p.Pending(p.id)
	if !ok {
		return
	}
	for _, answer := range []rules.Answer{rules.Yes, rules.No, rules.Abstain} {
		p.proposes(&Answer{Question: q.ID, Answer: string(answer)}, nil, Thing{"answer", string(answer)}, Thing{q.Kind, q.Thing})
	}
}

func proposeEndVoting(p *prospect) {
	if q, ok := p.Pending(p.id); ok {
		p.proposes(&EndVoting{Question: q.ID}, nil)
	}
}

func proposeResult(p *prospect) {
	if q, ok := p.Pending(p.id); ok {
		p.proposes(&AnnounceResult{q.ID}, nil, Thing{q.Kind, q.Thing})
	}
}

func ofQuestion(p *prospect) {
	if q, ok := p.Pending(p.id); ok {
		p.proposes(&onQuestion{q.ID}, nil, Thing{q.Kind, q.Thing})
	}
}

func proposeRequest(p *prospect) {
	for _, x := range p.drafts() {
		p.proposes(&onThing{"proposal", string(x.ID)}, nil, Thing{"proposal", string(x.ID)})
	}
}

func proposeAdopt(p *prospect) {
	for _, x := range p.drafts() {
		if p.votes.outcomes.At(thingKey(p.id, "proposal", string(x.ID))) == string(rules.Carried) {
			id := DecisionID(p.fresh(string(p.id), p.proposals.decisions.Has))
			p.proposes(&Adopt{x.ID, id, "number", x.Text}, []string{"number"}, Thing{"proposal", string(x.ID)})
		}
	}
}

func ofDraft(p *prospect) {
	for _, x := range p.drafts() {
		lead := len(x.Sponsors) > 0 && x.Sponsors[0] == p.of()
		among := slices.Contains(x.Sponsors, p.of())
		if name := p.offer.Act.Name; name == "JoinSponsors" && among || name == "LeaveSponsors" && !among || name == "WithdrawProposal" && !lead {
			continue
		}
		p.proposes(&onProposal{x.ID}, nil, Thing{"proposal", string(x.ID)})
	}
}

func proposeBreak(p *prospect) {
	for _, x := range p.silence.all.All() {
		if x.State == "open" {
			p.proposes(&BreakSilence{Silence: x.Silence}, nil, Thing{"silence", string(x.Silence)}, Thing{"proposal", string(x.Proposal)})
		}
	}
}

// proposeDisown offers each act the desk did in the party's name.
func proposeDisown(p *prospect) {
	for _, a := range p.InNameOf(p.of()) {
		if a.Disowned == 0 {
			p.proposes(&Disown{Index: a.Index}, nil, Thing{"entry", fmt.Sprint(a.Index)})
		}
	}
}

func proposeSign(p *prospect) {
	for _, x := range p.instruments.all.All() {
		if by := x.SignedBy(p.of()); !x.Open || len(by) == x.SignersFor(p.of()) || x.signedAs(p.of(), p.offer.By) || !slices.Contains(x.Signatories, p.of()) {
			continue
		}
		for _, mode := range modes {
			label := []Thing{{"instrument", string(x.Instrument)}, {"mode", mode}}
			if x.Until != "" {
				label = append(label, Thing{"until", string(x.Until)})
			}
			p.proposes(&Sign{Instrument: x.Instrument, Mode: mode}, nil, label...)
		}
	}
}

// proposeConfirm is of an instrument the party has to do with.
func proposeConfirm(p *prospect) {
	for _, x := range p.instruments.all.All() {
		waits := slices.ContainsFunc(x.Signed, func(g Signature) bool { return g.Party == p.of() && g.Mode == "ad-referendum" && g.Confirmed == 0 })
		if p.offer.Act.Name == "ConfirmSignature" && waits || p.offer.Act.Name == "InitialText" && slices.Contains(x.Signatories, p.of()) && !slices.Contains(x.Initialled, p.of()) {
			p.proposes(&onInstrument{x.Instrument}, nil, Thing{"instrument", string(x.Instrument)})
		}
	}
}

// proposeTakePen is of the papers on which the party, or the depositary, has yet to sign.
func proposeTakePen(p *prospect) {
	for _, x := range p.instruments.all.All() {
		signs := p.of() == "" || slices.Contains(x.Signatories, p.of())
		if pen, held := x.PenOf(p.at); x.Paper > 0 && signs && !x.entered(p.of()) && !(held && pen.Person == p.offer.By && pen.Party == p.of()) {
			p.proposes(&onInstrument{x.Instrument}, nil, Thing{"instrument", string(x.Instrument)})
		}
	}
}

// proposeHeld is of the paper for which the author holds the pen.
func proposeHeld(p *prospect) {
	for _, x := range p.instruments.all.All() {
		pen, held := x.PenOf(p.at)
		switch {
		case !held || pen.Person != p.offer.By || pen.Party != p.of():
		case p.offer.Act.Name == "LayPen":
			p.proposes(&onInstrument{x.Instrument}, nil, Thing{"instrument", string(x.Instrument)})
		default:
			some := record.Blob{Digest: record.DigestOf(nil), Size: 1}
			p.proposes(&EnterSignature{x.Instrument, some}, []string{"signature"}, Thing{"instrument", string(x.Instrument)})
		}
	}
}

// onCommitmentOf is what several acts about a commitment have for fields.
type onCommitmentOf struct {
	Commitment NoteID  `json:"commitment"`
	Party      PartyID `json:"party,omitempty"`
}

// owing calls with each standing that an offer may be about: a party's own, the organs' for the secretariat, or, where
// all is said, that of every debtor.
func (p *prospect) owing(all bool, each func(c Commitment, x Undertaken)) {
	for _, c := range p.commitments.all.All() {
		for _, x := range c.Standings {
			if all || x.Party == p.of() && (x.Party != "" || p.offer.As == Secretary) {
				each(c, x)
			}
		}
	}
}

// debtorLabel names a commitment, and its debtor where there are several.
func debtorLabel(c Commitment, x Undertaken) []Thing {
	label := []Thing{{"commitment", string(c.Commitment)}}
	if len(c.Standings) > 1 {
		label = append(label, Thing{"party", string(x.Party)})
	}
	return label
}

func proposeAccept(p *prospect) {
	p.owing(false, func(c Commitment, x Undertaken) {
		if x.Accepted.Index == 0 && (x.Course() == CourseOpen || x.Course() == CourseOverdue) {
			p.proposes(&onCommitment{c.Commitment}, nil, Thing{"commitment", string(c.Commitment)})
		}
	})
}

func proposeReport(p *prospect) {
	reader := p.Reader(p.offer.By, p.at)
	p.owing(false, func(c Commitment, x Undertaken) {
		if c.Organ == "" && x.Accepted.Index == 0 && x.Overdue.Index == 0 || x.ended(c.Commitment) != nil {
			return
		}
		papers := p.Documents(c.Meeting, reader)
		if len(papers) == 0 {
			papers = p.Papers(reader)
		}
		if len(papers) > 0 {
			p.proposes(&ReportProgress{Commitment: c.Commitment, Evidence: papers[0].Symbol}, []string{"evidence"}, Thing{"commitment", string(c.Commitment)})
		}
	})
}

func proposeClose(p *prospect) {
	p.owing(true, func(c Commitment, x Undertaken) {
		if len(x.Reports) > 0 && x.ended(c.Commitment) == nil && c.Organ != "secretariat" {
			p.proposes(&onCommitmentOf{c.Commitment, severally(c, x.Party)}, nil, debtorLabel(c, x)...)
		}
	})
}

func proposeEscalate(p *prospect) {
	p.owing(true, func(c Commitment, x Undertaken) {
		if x.Course() == CourseOverdue && x.Escalated.Index == 0 {
			p.proposes(&EscalateCommitment{c.Commitment, severally(c, x.Party), "bureau"}, []string{"to"}, debtorLabel(c, x)...)
		}
	})
}

func proposeSettle(p *prospect) {
	for _, d := range p.commitments.disputes.All() {
		if d.Outcome == nil {
			agreed := []PartyID{d.By}
			if d.Party != "" && d.Party != d.By {
				agreed = append(agreed, d.Party)
			}
			p.proposes(&SettleDispute{Dispute: d.Dispute, Outcome: "withdrawn", Agreed: agreed}, []string{"outcome", "agreed"}, Thing{"commitment", string(d.Commitment)}, Thing{"party", string(d.By)})
		}
	}
}

func proposePresence(p *prospect) {
	if p.m.MeetingConvened.Meeting == "" {
		return
	}
	for _, party := range p.Members(p.m.From, p.id) {
		here := p.m.present.Has(string(party))
		p.proposes(&RecordPresence{party, here}, nil, Thing{"party", string(party)}, Thing{"presence", map[bool]string{true: "left", false: "here"}[here]})
	}
}

func proposeResolve(p *prospect) {
	offer := func(list []Bracket, symbol Symbol) {
		for _, b := range list {
			if b.Party == p.of() && b.Resolved == 0 {
				p.proposes(&ResolveBracket{b.Bracket, symbol}, nil, Thing{"paragraph", string(b.Paragraph)})
			}
		}
	}
	offer(p.communique.drafts.At(string(p.id)).Brackets, "")
	for _, d := range p.wordings() {
		offer(d.Brackets, d.Symbol)
	}
}

// wordings are the drafts of the meeting that somebody has put words of in brackets.
func (p *prospect) wordings() (list []Document) {
	for _, d := range p.Documents(p.id, p.Reader(p.offer.By, p.at)) {
		if len(d.Brackets) > 0 && !d.Withdrawn && d.Successor == "" {
			list = append(list, d)
		}
	}
	return list
}

func proposeAgree(p *prospect) {
	draft := p.communique.drafts.At(string(p.id))
	for _, x := range draft.Paragraphs {
		if !slices.Contains(draft.Agreed, x.Paragraph) {
			p.proposes(&AgreeParagraph{x.Paragraph, ""}, nil, Thing{"paragraph", string(x.Paragraph)})
		}
	}
	for _, d := range p.wordings() {
		for _, x := range d.Versions[0].Paragraphs {
			if !slices.Contains(d.Agreed, x) {
				p.proposes(&AgreeParagraph{x, d.Symbol}, nil, Thing{"paragraph", string(x)}, Thing{"document", string(d.Symbol)})
			}
		}
	}
}
