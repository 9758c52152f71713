package conference

import (
	"slices"
	"strings"

	treaty "kurultai/depositary"
	"kurultai/record"
)

// commitmentsState is what somebody undertook in a decision, what became of it, and what is disputed about it.
type commitmentsState struct {
	all      Ordered[string, Commitment]
	disputes Ordered[string, Dispute]
}

// A Commitment is what one or several debtors undertook, by when, from which paragraph of which decision.
type Commitment struct {
	CommitmentRecorded
	Meeting   MeetingID    // that adopted the decision, or ""
	Standings []Undertaken // how it stands with each debtor, in the order of Debtors
	Moved     []DueMove    // each change of its day, in order
	Made      Stamp
	Index     int64 // entry that changed it last
}

// A Stamp is an entry and its recorded time; entry 0 stands for none.
type Stamp struct {
	Index int64
	At    record.Instant
}

// An Undertaken is how a commitment stands with one debtor.
type Undertaken struct {
	Party     PartyID // "": the organ that the commitment names
	Due       Date    // its day as moved last
	State     string  // what happened last: recorded, accepted, reported, fulfilled, overdue, escalated or released
	Accepted  Stamp
	Reports   []Progress
	Overdue   Stamp // of the Clock, under the day as it then was; taken back when a decision moves the day
	Escalated Stamp
	To        Term // before whom
	Fulfilled Stamp
	Evidence  []Symbol   // on which it was found fulfilled; none: on what was reported
	Basis     DecisionID // of the decision that found so, or that released it
	Reopened  Stamp
	Reason    string // for reopening
	Released  Stamp
	Ground    Term // of the release: withdrawn, lapsed, superseded, or reconsidered
}

// A Progress is a debtor's own report.
type Progress struct {
	Evidence []Symbol
	Far      Term   // by its own account: begun, partly or done; "": not said
	Words    string // its own
	Stamp
}

// A DueMove is a change of the day, by a decision.
type DueMove struct {
	Party    PartyID // "": of all debtors
	From, To Date
	Basis    DecisionID
	Stamp
}

// A Dispute is about what is recorded of a commitment, or about whether it is fulfilled.
type Dispute struct {
	CommitmentDisputed
	Raised  Stamp
	Outcome *DisputeSettled // nil: it is open
	Settled Stamp
}

// Courses of a standing, in the order in which they are counted.
const (
	CourseFulfilled = "fulfilled" // found so, on evidence
	CourseDone      = "done"      // by the debtor's own account; not found so yet
	CourseOpen      = "open"      // its day has not passed
	CourseOverdue   = "overdue"   // its day has passed, the Clock says
	CourseReleased  = "released"  // a later decision took it off
)

// Courses lists them.
var Courses = []string{CourseFulfilled, CourseDone, CourseOpen, CourseOverdue, CourseReleased}

// Course is where a standing is: one measure for all debtors.
func (x Undertaken) Course() string {
	switch {
	case x.Released.Index > 0:
		return CourseReleased
	case x.Fulfilled.Index > 0:
		return CourseFulfilled
	case x.claimed():
		return CourseDone
	case x.Overdue.Index > 0:
		return CourseOverdue
	}
	return CourseOpen
}

// claimed reports whether the debtor's last report says that all is done, and nothing was reopened since.
func (x Undertaken) claimed() bool {
	last, ok := x.Report()
	return ok && last.Far == "done" && last.Index > x.Reopened.Index
}

// Report is the debtor's last report.
func (x Undertaken) Report() (last Progress, ok bool) {
	if len(x.Reports) == 0 {
		return last, false
	}
	return x.Reports[len(x.Reports)-1], true
}

// Late reports whether something was done after a day had passed.
func (x Undertaken) Late(at record.Instant) bool { return at >= x.Due.Ends() }

// papers are those that the debtor reported with, each once.
func (x Undertaken) papers() (list []Symbol) {
	for _, r := range x.Reports {
		for _, e := range r.Evidence {
			if !slices.Contains(list, e) {
				list = append(list, e)
			}
		}
	}
	return list
}

// awaited reports whether the Clock will find it overdue when its day has passed.
func (x Undertaken) awaited() bool { return x.Course() == CourseOpen }

// Ends is the first instant after a date: after the last day of a month or year where it names no day.
func (d Date) Ends() record.Instant {
	year, month, day, err := d.Parts()
	switch {
	case err != nil:
		return 0
	case month == 0:
		return record.Instant(record.DaysFrom1970(year+1, 1, 1) * 86_400_000)
	case day == 0:
		return record.Instant(record.DaysFrom1970(year+month/12, month%12+1, 1) * 86_400_000)
	}
	return d.begins().AddHours(24)
}

// Debtors are the parties that undertook it, in order of id, or "" alone for an organ.
func (c CommitmentRecorded) Debtors() []PartyID {
	if len(c.Parties) > 0 {
		return c.Parties
	}
	return []PartyID{c.By}
}

// Undertaken finds how it stands with a debtor.
func (c Commitment) Undertaken(p PartyID) (Undertaken, bool) {
	for _, x := range c.Standings {
		if x.Party == p {
			return x, true
		}
	}
	return Undertaken{}, false
}

// Commitments lists what was undertaken, in order of id.
func (s *State) Commitments() (list []Commitment) {
	for _, c := range s.commitments.all.All() {
		list = append(list, c)
	}
	return list
}

// Commitment returns what was undertaken under an id.
func (s *State) Commitment(id NoteID) (Commitment, bool) { return s.commitments.all.Get(string(id)) }

// Disputes lists what is or was disputed about a commitment, in order of entry.
func (s *State) Disputes(id NoteID) (list []Dispute) {
	for _, d := range s.commitments.disputes.All() {
		if d.Commitment == id {
			list = append(list, d)
		}
	}
	slices.SortStableFunc(list, func(a, b Dispute) int { return int(a.Raised.Index - b.Raised.Index) })
	return list
}

// disputed finds an open dispute about the fulfilment by a debtor.
func (s *State) disputed(id NoteID, p PartyID) (Dispute, bool) {
	for _, d := range s.commitments.disputes.All() {
		if d.Commitment == id && d.Party == p && d.Ground == "fulfilment" && d.Outcome == nil {
			return d, true
		}
	}
	return Dispute{}, false
}

type (
	// An Undertaking is what a draft will oblige whom to do by when, once it is adopted.
	Undertaking struct {
		Commitment NoteID    `json:"commitment" jsonschema:"id it is recorded under"`
		Paragraph  string    `json:"paragraph" jsonschema:"which paragraph, as op3"`
		By         PartyID   `json:"by,omitempty" jsonschema:"who undertakes it: one party"`
		Parties    []PartyID `json:"parties,omitempty" jsonschema:"who undertakes it: several parties"`
		All        bool      `json:"all,omitempty" jsonschema:"true: all who are members on the day of adoption"`
		Organ      Term      `json:"organ,omitempty" jsonschema:"who undertakes it: secretariat, or a subsidiary body"`
		What       string    `json:"what" jsonschema:"what, in the words of the paragraph"`
		Due        Date      `json:"due,omitempty" jsonschema:"by which day"`
		Months     int64     `json:"months,omitempty" jsonschema:"or within how many months of adoption"`
		Measure    string    `json:"measure,omitempty" jsonschema:"how it is seen to be done"`
	}
	// DraftCommitments says what a draft will oblige whom to do by when.
	DraftCommitments struct {
		Proposal     ProposalID    `json:"proposal" jsonschema:"id of the proposal"`
		Base         record.Digest `json:"base" jsonschema:"SHA-256 of the text they are taken from"`
		Undertakings []Undertaking `json:"undertakings,omitempty" jsonschema:"all of them, in place of those before; absent: none"`
	}
	// CommitmentsDrafted is what DraftCommitments causes.
	CommitmentsDrafted DraftCommitments
	// ExtractCommitment records what a decision obliges whom to do, where the draft did not say so as data.
	ExtractCommitment struct {
		Commitment NoteID     `json:"commitment" jsonschema:"id of the commitment"`
		Decision   DecisionID `json:"decision" jsonschema:"the decision"`
		Paragraph  string     `json:"paragraph" jsonschema:"which paragraph, as op3"`
		By         PartyID    `json:"by,omitempty" jsonschema:"who undertook it: one party"`
		Parties    []PartyID  `json:"parties,omitempty" jsonschema:"who undertook it: several parties"`
		All        bool       `json:"all,omitempty" jsonschema:"true: all who were members on the day of adoption"`
		Organ      Term       `json:"organ,omitempty" jsonschema:"who undertook it: secretariat, or a subsidiary body"`
		What       string     `json:"what" jsonschema:"what, in a sentence"`
		Due        Date       `json:"due,omitempty" jsonschema:"by when"`
		Months     int64      `json:"months,omitempty" jsonschema:"or within how many months of adoption"`
		Measure    string     `json:"measure,omitempty" jsonschema:"how it is seen to be done"`
	}
	// CommitmentRecorded is what ExtractCommitment causes, and the adoption of a draft that carries commitments. Parties
	// are all debtors where there may be several.
	CommitmentRecorded struct {
		Commitment NoteID     `json:"commitment"`
		Decision   DecisionID `json:"decision"`
		Paragraph  string     `json:"paragraph"`
		By         PartyID    `json:"by,omitempty"`
		Parties    []PartyID  `json:"parties,omitempty"`
		All        bool       `json:"all,omitempty"`
		Organ      Term       `json:"organ,omitempty"`
		What       string     `json:"what"`
		Due        Date       `json:"due"`
		Months     int64      `json:"months,omitempty"`
		Measure    string     `json:"measure,omitempty"`
	}
	// AcceptCommitment says that a debtor takes a commitment as recorded.
	AcceptCommitment struct {
		Commitment NoteID `json:"commitment" jsonschema:"id of the commitment"`
	}
	// CommitmentAccepted is what AcceptCommitment causes. Party stands where there are several debtors.
	CommitmentAccepted struct {
		Commitment NoteID  `json:"commitment"`
		Party      PartyID `json:"party,omitempty"`
	}
	// ReportProgress reports on a commitment, with evidence.
	ReportProgress struct {
		Commitment NoteID   `json:"commitment" jsonschema:"id of the commitment"`
		Evidence   Symbol   `json:"evidence" jsonschema:"the paper that shows it"`
		Further    []Symbol `json:"further,omitempty" jsonschema:"further papers"`
		Far        Term     `json:"far,omitempty" jsonschema:"how far it is by your own account: begun, partly or done"`
		Words      string   `json:"words,omitempty" jsonschema:"in your own words, for everybody; only where the papers are public"`
	}
	// ProgressReported is what ReportProgress causes.
	ProgressReported struct {
		Commitment NoteID   `json:"commitment"`
		Party      PartyID  `json:"party,omitempty"`
		Evidence   Symbol   `json:"evidence"`
		Further    []Symbol `json:"further,omitempty"`
		Far        Term     `json:"far,omitempty"`
		Words      string   `json:"words,omitempty"`
	}
	// CloseCommitment says that a commitment is fulfilled by a debtor.
	CloseCommitment struct {
		Commitment NoteID     `json:"commitment" jsonschema:"id of the commitment"`
		Party      PartyID    `json:"party,omitempty" jsonschema:"by which debtor, where there are several"`
		Evidence   []Symbol   `json:"evidence,omitempty" jsonschema:"on which papers; absent: on those reported"`
		Basis      DecisionID `json:"basis,omitempty" jsonschema:"the decision that found so; the secretariat's own are never found fulfilled without one"`
	}
	// CommitmentFulfilled is what CloseCommitment causes.
	CommitmentFulfilled CloseCommitment
	// ReopenCommitment takes back that a commitment is fulfilled.
	ReopenCommitment struct {
		Commitment NoteID  `json:"commitment" jsonschema:"id of the commitment"`
		Party      PartyID `json:"party,omitempty" jsonschema:"for which debtor, where there are several"`
		Reason     string  `json:"reason" jsonschema:"why"`
	}
	// CommitmentReopened is what ReopenCommitment causes, and a dispute about fulfilment that was upheld.
	CommitmentReopened ReopenCommitment
	// EscalateCommitment brings an overdue commitment before the body.
	EscalateCommitment struct {
		Commitment NoteID  `json:"commitment" jsonschema:"id of the commitment"`
		Party      PartyID `json:"party,omitempty" jsonschema:"of which debtor; absent: of all who are overdue"`
		To         Term    `json:"to" jsonschema:"whom it is brought before: bureau, meeting, heads-of-state"`
	}
	// CommitmentEscalated is what EscalateCommitment causes.
	CommitmentEscalated EscalateCommitment
	// MoveDueDate enters that a decision moved the day of a commitment.
	MoveDueDate struct {
		Commitment NoteID     `json:"commitment" jsonschema:"id of the commitment"`
		Party      PartyID    `json:"party,omitempty" jsonschema:"for which debtor; absent: for all"`
		Due        Date       `json:"due" jsonschema:"the new day"`
		Basis      DecisionID `json:"basis" jsonschema:"the decision that moved it"`
	}
	// DueDateMoved is what MoveDueDate causes.
	DueDateMoved MoveDueDate
	// ReleaseCommitment enters that a later decision took a commitment off its debtors.
	ReleaseCommitment struct {
		Commitment NoteID     `json:"commitment" jsonschema:"id of the commitment"`
		Party      PartyID    `json:"party,omitempty" jsonschema:"which debtor; absent: all"`
		Basis      DecisionID `json:"basis" jsonschema:"the later decision"`
		Ground     Term       `json:"ground" jsonschema:"withdrawn, lapsed or superseded"`
	}
	// CommitmentReleased is what ReleaseCommitment causes.
	CommitmentReleased ReleaseCommitment
	// DisputeCommitment disputes what is recorded of a commitment, or whether it is fulfilled.
	DisputeCommitment struct {
		Dispute    NoteID  `json:"dispute" jsonschema:"id of the dispute"`
		Commitment NoteID  `json:"commitment" jsonschema:"id of the commitment"`
		Party      PartyID `json:"party,omitempty" jsonschema:"about which debtor, where there are several"`
		Ground     Term    `json:"ground" jsonschema:"what is disputed: record or fulfilment"`
		Words      string  `json:"words" jsonschema:"what is disputed and why, for everybody"`
		Letter     Symbol  `json:"letter,omitempty" jsonschema:"the paper that says more"`
	}
	// CommitmentDisputed is what DisputeCommitment causes.
	CommitmentDisputed struct {
		Dispute    NoteID  `json:"dispute"`
		Commitment NoteID  `json:"commitment"`
		By         PartyID `json:"by"`
		Party      PartyID `json:"party,omitempty"`
		Ground     Term    `json:"ground"`
		Words      string  `json:"words"`
		Letter     Symbol  `json:"letter,omitempty"`
	}
	// SettleDispute enters how a dispute ended, by a decision or by agreement of those it is between.
	SettleDispute struct {
		Dispute NoteID     `json:"dispute" jsonschema:"id of the dispute"`
		Outcome Term       `json:"outcome" jsonschema:"upheld, dismissed or withdrawn"`
		Basis   DecisionID `json:"basis,omitempty" jsonschema:"the decision that settled it; absent: an agreement did"`
		Agreed  []PartyID  `json:"agreed,omitempty" jsonschema:"who agreed: who disputes it and the debtor; of a withdrawal who disputes it"`
		Words   string     `json:"words,omitempty" jsonschema:"what was decided or agreed"`
	}
	// DisputeSettled is what SettleDispute causes.
	DisputeSettled SettleDispute
	// CommitmentOverdue says that a commitment was not fulfilled by its day. Parties stand where there are several
	// debtors: those of whom the record holds neither that it is fulfilled nor their own word that it is done.
	CommitmentOverdue struct {
		Commitment NoteID    `json:"commitment"`
		Parties    []PartyID `json:"parties,omitempty"`
	}
)

// maxUndertakings bounds what one draft carries.
const maxUndertakings = 200

func commitmentDue(id NoteID) string { return "commitment/" + string(id) }

// setCommitment keeps a commitment as an entry left it, and what falls due of it.
func (s *State) setCommitment(c Commitment, index int64) {
	id := commitmentDue(c.Commitment)
	for _, x := range s.commitments.all.At(string(c.Commitment)).Standings {
		s.dues = s.dues.Delete(dueKey(x.Due.Ends(), id))
	}
	c.Index = index
	s.commitments.all = s.commitments.all.Set(string(c.Commitment), c)
	var days []Date
	for _, x := range c.Standings {
		if x.awaited() && !slices.Contains(days, x.Due) {
			days = append(days, x.Due)
		}
	}
	for _, day := range days {
		e := &CommitmentOverdue{Commitment: c.Commitment}
		for _, x := range c.Standings {
			if len(c.Standings) > 1 && x.awaited() && x.Due.Ends() == day.Ends() {
				e.Parties = append(e.Parties, x.Party)
			}
		}
		s.falls(day.Ends(), id, Event{Body: e})
	}
}

// changeStandings changes how a commitment stands with those of its debtors that which names.
func (s *State) changeStandings(id NoteID, index int64, which func(Undertaken) bool, change func(*Undertaken)) {
	c := s.commitments.all.At(string(id))
	c.Standings = slices.Clone(c.Standings)
	for i := range c.Standings {
		if which(c.Standings[i]) {
			change(&c.Standings[i])
		}
	}
	s.setCommitment(c, index)
}

// ofDebtor picks one debtor; "" picks all.
func ofDebtor(p PartyID) func(Undertaken) bool {
	return func(x Undertaken) bool { return p == "" || x.Party == p }
}

// ofOpen picks those of ofDebtor for whom it is neither fulfilled nor taken off.
func ofOpen(p PartyID) func(Undertaken) bool {
	return func(x Undertaken) bool {
		return (p == "" || x.Party == p) && x.Fulfilled.Index == 0 && x.Released.Index == 0
	}
}

// owed is how a commitment stands with a debtor an act names; where it has one debtor alone, that need not be named.
func (s *State) owed(id NoteID, p PartyID) (c Commitment, x Undertaken, r *Refusal) {
	c, ok := s.Commitment(id)
	if !ok {
		return c, x, refuse("unknown-commitment", "practice", id)
	}
	if p == "" && len(c.Standings) > 1 {
		return c, x, refuse("which-debtor", "practice", debtorsOf(c))
	}
	if x = c.Standings[0]; p != "" {
		if x, ok = c.Undertaken(p); !ok {
			return c, x, refuse("not-debtor", "practice", debtorsOf(c))
		}
	}
	return c, x, nil
}

func debtorsOf(c Commitment) string {
	if c.Organ != "" {
		return string(c.Organ)
	}
	var ids []string
	for _, p := range c.Debtors() {
		ids = append(ids, string(p))
	}
	return strings.Join(ids, ", ")
}

// unfulfilled is owed, where it is neither fulfilled nor taken off.
func (s *State) unfulfilled(id NoteID, p PartyID) (c Commitment, x Undertaken, r *Refusal) {
	if c, x, r = s.owed(id, p); r == nil {
		r = x.ended(id)
	}
	return c, x, r
}

func (x Undertaken) ended(id NoteID) *Refusal {
	switch {
	case x.Released.Index > 0:
		return refuse("commitment-released", "practice", id)
	case x.Fulfilled.Index > 0:
		return refuse("commitment-closed", "practice", id)
	}
	return nil
}

// openOf asks whether a commitment is open for a debtor, or, where none is named, for any.
func (s *State) openOf(id NoteID, p PartyID) (Commitment, *Refusal) {
	if c, ok := s.Commitment(id); ok && p == "" {
		for _, x := range c.Standings {
			if x.ended(id) == nil {
				return c, nil
			}
		}
		return c, c.Standings[0].ended(id)
	}
	c, _, r := s.unfulfilled(id, p)
	return c, r
}

// debtor is unfulfilled of the debtor for whom an act is done: the party of its author, or, by the secretariat, the organ.
func (s *State) debtor(c *Call, id NoteID) (Commitment, Undertaken, *Refusal) {
	x, ok := s.Commitment(id)
	if ok && (c.For == "") != (x.Organ != "") {
		return x, Undertaken{}, refuse("not-debtor", "practice", debtorsOf(x))
	}
	return s.unfulfilled(id, PartyID(c.For))
}

// severally is the party an event names: none where a commitment has one debtor alone.
func severally(c Commitment, p PartyID) PartyID {
	if len(c.Standings) == 1 {
		return ""
	}
	return p
}

// debtorNamed is the debtor an event names, or the only one.
func (s *State) debtorNamed(id NoteID, p PartyID) PartyID {
	if c, _ := s.Commitment(id); len(c.Standings) == 1 {
		return c.Standings[0].Party
	}
	return p
}

// drafted commitments keep their ids from others as long as the draft may be adopted.
func (s *State) commitmentTaken(id NoteID, except ProposalID) bool {
	if s.commitments.all.Has(string(id)) {
		return true
	}
	for _, p := range s.proposals.all.All() {
		if p.ID != except && (p.State == "submitted" || p.State == "silence") && slices.ContainsFunc(p.Undertakings, func(u Undertaking) bool { return u.Commitment == id }) {
			return true
		}
	}
	return false
}

// check asks whether an undertaking says whom it obliges and by when.
func (u Undertaking) check(s *State) *Refusal {
	named := 0
	for _, says := range []bool{u.By != "", len(u.Parties) > 0, u.All, u.Organ != ""} {
		if says {
			named++
		}
	}
	if named != 1 {
		return refuse("no-debtor", "practice", u.Commitment)
	}
	if (u.Due == "") == (u.Months == 0) || u.Months < 0 || u.Months > 1200 {
		return refuse("no-day", "practice", u.Commitment)
	}
	for i, p := range append(slices.Clone(u.Parties), u.By) {
		if p != "" && (!s.parties.Has(string(p)) || slices.Contains(u.Parties[:min(i, len(u.Parties))], p)) {
			return refuse("unknown-party", "practice", p)
		}
	}
	return nil
}

// recorded is an undertaking as the adoption of a decision at an instant makes it. Months run from the day of adoption,
// UTC, and end on the day of the same number, or the last of a month that has none.
func (u Undertaking) recorded(s *State, decision DecisionID, meeting MeetingID, at record.Instant) *CommitmentRecorded {
	e := &CommitmentRecorded{u.Commitment, decision, u.Paragraph, u.By, slices.Clone(u.Parties), u.All, u.Organ, u.What, u.Due, u.Months, u.Measure}
	day := treaty.Day(at.Day())
	if u.Months > 0 {
		e.Due = Date(day.AddMonths(u.Months).String())
	}
	if u.All {
		e.Parties = s.Members(Date(day.String()), meeting)
	}
	slices.Sort(e.Parties)
	if len(e.Parties) == 1 {
		e.By, e.Parties = e.Parties[0], nil
	}
	return e
}

// carried asks whether what a draft carries is of the text that is to be adopted, its days have not passed then, and its
// ids are free: those of a decision that is reconsidered are not.
func (s *State) carried(p Proposal, text record.Digest, at record.Instant) *Refusal {
	if len(p.Undertakings) > 0 && p.UndertakenOn != text {
		return refuse("commitments-stale", "practice", p.ID)
	}
	for _, u := range p.Undertakings {
		switch {
		case s.commitments.all.Has(string(u.Commitment)):
			return refuse("id-taken", "doc/record.md 5", u.Commitment)
		case u.Due != "" && u.Due.Ends() <= at:
			return refuse("day-passed", "practice", u.Due)
		}
	}
	return nil
}

// undertakes is what follows from the adoption of a draft: the commitments it carries, in their order.
func (s *State) undertakes(id ProposalID, decision DecisionID, at record.Instant) (events []Event) {
	p, _ := s.Proposal(id)
	for _, u := range p.Undertakings {
		events = append(events, Event{Body: u.recorded(s, decision, p.Meeting, at)})
	}
	return events
}

// reconsidered takes off what followed from a decision that is opened again.
func (s *State) reconsidered(decision DecisionID, h Happened) {
	for _, c := range s.Commitments() {
		if c.Decision == decision {
			s.changeStandings(c.Commitment, h.Index, ofOpen(""), func(x *Undertaken) {
				x.State, x.Released, x.Ground = "released", Stamp{h.Index, h.At}, "reconsidered"
			})
		}
	}
}

// isPublic reports whether everybody may read a paper.
func (s *State) isPublic(symbol Symbol) bool {
	d, ok := s.Document(symbol)
	return ok && s.Reads(Reader{}, d)
}

func commitments(ed *edition) {
	ed.thing("commitment", func(s *State, id string) (int64, bool) { c, ok := s.commitments.all.Get(id); return c.Index, ok })
	ed.thing("dispute", func(s *State, id string) (int64, bool) {
		d, ok := s.commitments.disputes.Get(id)
		return max(d.Raised.Index, d.Settled.Index), ok
	})
	undertaking(ed)
	fulfilling(ed)
	redating(ed)
	disputing(ed)
}

func undertaking(ed *edition) {
	does(ed, Act{
		Name: "DraftCommitments", Title: "Say what a draft obliges to", Help: "Says as data what a draft will oblige whom to do by when, so that its adoption records it.",
		Who: []Capacity{Head, Delegate, Secretary}, Rule: "practice", Refusals: codes(atMeeting, "unknown-proposal", "not-in-silence", "already-decided", "not-lead", "too-many-commitments", "id-taken", "no-debtor", "no-day", "unknown-party", "day-passed"), Causes: []string{"CommitmentsDrafted"}, Timed: true,
	}, func(s *State, c *Call, f *DraftCommitments) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		p, r := s.draft(m, f.Proposal)
		switch {
		case r != nil:
			return nil, r
		case Capacity(c.As) != Secretary && p.Sponsors[0] != PartyID(c.For):
			return nil, refuse("not-lead", "practice", p.Sponsors[0])
		case len(f.Undertakings) > maxUndertakings:
			return nil, refuse("too-many-commitments", "practice", len(f.Undertakings), maxUndertakings)
		}
		for i, u := range f.Undertakings {
			if s.commitmentTaken(u.Commitment, f.Proposal) || slices.ContainsFunc(f.Undertakings[:i], func(v Undertaking) bool { return v.Commitment == u.Commitment }) {
				return nil, refuse("id-taken", "doc/record.md 5", u.Commitment)
			}
			if r := u.check(s); r != nil {
				return nil, r
			}
			if u.Due != "" && u.Due.Ends() <= c.At {
				return nil, refuse("day-passed", "practice", u.Due)
			}
		}
		e := CommitmentsDrafted(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *CommitmentsDrafted) {
		s.changeProposal(b.Proposal, h.Index, func(p *Proposal) { p.Undertakings, p.UndertakenOn = b.Undertakings, b.Base })
	})
	does(ed, Act{
		Name: "ExtractCommitment", Title: "Record a commitment", Help: "Records what an adopted decision obliges a party to, and by when.",
		Who: []Capacity{Secretary}, Rule: "the decision it names", Refusals: []Code{"id-taken", "paragraph-not-adopted", "no-debtor", "no-day", "unknown-party", "day-passed"}, Causes: []string{"CommitmentRecorded"}, Timed: true,
	}, func(s *State, c *Call, f *ExtractCommitment) ([]Event, *Refusal) {
		d, ok := s.Decision(f.Decision)
		switch {
		case s.commitmentTaken(f.Commitment, ""):
			return nil, refuse("id-taken", "doc/record.md 5", f.Commitment)
		case !ok:
			return nil, refuse("paragraph-not-adopted", "practice", f.Decision, f.Paragraph)
		}
		u := Undertaking{f.Commitment, f.Paragraph, f.By, f.Parties, f.All, f.Organ, f.What, f.Due, f.Months, f.Measure}
		if r := u.check(s); r != nil {
			return nil, r
		}
		e := u.recorded(s, f.Decision, d.Meeting, d.At)
		if e.Due.Ends() <= c.At {
			return nil, refuse("day-passed", "practice", e.Due)
		}
		return []Event{{Body: e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *CommitmentRecorded) {
		d, _ := s.Decision(b.Decision)
		c := Commitment{CommitmentRecorded: *b, Meeting: d.Meeting, Made: Stamp{h.Index, h.At}}
		for _, p := range b.Debtors() {
			c.Standings = append(c.Standings, Undertaken{Party: p, Due: b.Due, State: "recorded"})
		}
		s.setCommitment(c, h.Index)
	})
	owing := []Code{"unknown-commitment", "commitment-closed", "commitment-released", "not-debtor"}
	does(ed, Act{
		Name: "AcceptCommitment", Title: "Accept a commitment", Help: "Says that your party takes a commitment as it is recorded.",
		Who: members, Attested: true, Rule: "practice", Refusals: owing, Causes: []string{"CommitmentAccepted"},
	}, func(s *State, c *Call, f *AcceptCommitment) ([]Event, *Refusal) {
		x, _, r := s.debtor(c, f.Commitment)
		return []Event{{Body: &CommitmentAccepted{f.Commitment, severally(x, PartyID(c.For))}}}, r
	})
	happens(ed, func(s *State, h Happened, b *CommitmentAccepted) {
		s.changeStandings(b.Commitment, h.Index, ofDebtor(b.Party), func(x *Undertaken) { x.State, x.Accepted = "accepted", Stamp{h.Index, h.At} })
	})
	does(ed, Act{
		Name: "ReportProgress", Title: "Report progress", Help: "Reports what your party did about a commitment, with a paper that shows it.",
		Who: []Capacity{Head, Delegate, Secretary}, Rule: "practice", Refusals: codes(owing, "no-evidence", "not-public"), Causes: []string{"ProgressReported"},
	}, func(s *State, c *Call, f *ReportProgress) ([]Event, *Refusal) {
		x, _, r := s.debtor(c, f.Commitment)
		if r != nil {
			return nil, r
		}
		for _, e := range append([]Symbol{f.Evidence}, f.Further...) {
			if _, ok := s.Document(e); !ok {
				return nil, refuse("no-evidence", "practice", e)
			}
			if f.Words != "" && !s.isPublic(e) {
				return nil, refuse("not-public", "practice", e)
			}
		}
		if f.Far != "" && !slices.Contains([]Term{"begun", "partly", "done"}, f.Far) {
			return nil, refuse("malformed", "doc/record.md 2", "far")
		}
		return []Event{{Body: &ProgressReported{f.Commitment, severally(x, PartyID(c.For)), f.Evidence, f.Further, f.Far, f.Words}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *ProgressReported) {
		s.changeStandings(b.Commitment, h.Index, ofDebtor(b.Party), func(x *Undertaken) {
			x.State = "reported"
			x.Reports = append(slices.Clone(x.Reports), Progress{append([]Symbol{b.Evidence}, b.Further...), b.Far, b.Words, Stamp{h.Index, h.At}})
		})
	})
}

func fulfilling(ed *edition) {
	does(ed, Act{
		Name: "CloseCommitment", Title: "Close a commitment", Help: "Says that a commitment is fulfilled, on the evidence reported.",
		Who: []Capacity{Secretary}, Attested: true, Rule: "practice", Refusals: []Code{"unknown-commitment", "which-debtor", "not-debtor", "commitment-closed", "commitment-released", "in-dispute", "no-decision", "own-case", "no-evidence"}, Causes: []string{"CommitmentFulfilled"},
	}, func(s *State, c *Call, f *CloseCommitment) ([]Event, *Refusal) {
		x, standing, r := s.unfulfilled(f.Commitment, f.Party)
		if r != nil {
			return nil, r
		}
		if d, open := s.disputed(f.Commitment, standing.Party); open {
			return nil, refuse("in-dispute", "practice", d.Dispute)
		}
		if f.Basis != "" && !s.Decided(f.Basis) {
			return nil, refuse("no-decision", "practice", f.Basis)
		}
		if x.Organ == "secretariat" && f.Basis == "" {
			return nil, refuse("own-case", "practice", f.Commitment)
		}
		for _, e := range f.Evidence {
			if _, ok := s.Document(e); !ok {
				return nil, refuse("no-evidence", "practice", e)
			}
		}
		if len(standing.Reports) == 0 && len(f.Evidence) == 0 {
			return nil, refuse("no-evidence", "practice", f.Commitment)
		}
		return []Event{{Body: &CommitmentFulfilled{f.Commitment, severally(x, standing.Party), f.Evidence, f.Basis}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *CommitmentFulfilled) {
		s.changeStandings(b.Commitment, h.Index, ofDebtor(b.Party), func(x *Undertaken) {
			x.State, x.Fulfilled, x.Evidence, x.Basis = "fulfilled", Stamp{h.Index, h.At}, b.Evidence, b.Basis
			if len(b.Evidence) == 0 {
				x.Evidence = x.papers()
			}
		})
	})
	does(ed, Act{
		Name: "ReopenCommitment", Title: "Reopen a commitment", Help: "Takes back that a commitment is fulfilled, with the reason; what was reported stays.",
		Who: []Capacity{Secretary}, Attested: true, Rule: "practice", Refusals: []Code{"unknown-commitment", "which-debtor", "not-debtor", "not-fulfilled"}, Causes: []string{"CommitmentReopened"},
	}, func(s *State, c *Call, f *ReopenCommitment) ([]Event, *Refusal) {
		x, standing, r := s.owed(f.Commitment, f.Party)
		if r == nil && standing.Course() != CourseFulfilled {
			r = refuse("not-fulfilled", "practice", f.Commitment)
		}
		return []Event{{Body: &CommitmentReopened{f.Commitment, severally(x, standing.Party), f.Reason}}}, r
	})
	happens(ed, func(s *State, h Happened, b *CommitmentReopened) {
		s.changeStandings(b.Commitment, h.Index, ofDebtor(b.Party), func(x *Undertaken) {
			x.Fulfilled, x.Evidence, x.Basis = Stamp{}, nil, ""
			x.Reopened, x.Reason = Stamp{h.Index, h.At}, b.Reason
			x.State = x.earlier()
		})
	})
	does(ed, Act{
		Name: "EscalateCommitment", Title: "Escalate a commitment", Help: "Brings an overdue commitment before the bureau or the meeting.",
		Who: []Capacity{Secretary}, Rule: "practice", Refusals: []Code{"unknown-commitment", "not-debtor", "commitment-closed", "commitment-released", "not-overdue"}, Causes: []string{"CommitmentEscalated"},
	}, func(s *State, c *Call, f *EscalateCommitment) ([]Event, *Refusal) {
		x, r := s.openOf(f.Commitment, f.Party)
		if r == nil && !slices.ContainsFunc(x.Standings, func(y Undertaken) bool { return ofDebtor(f.Party)(y) && y.Course() == CourseOverdue }) {
			r = refuse("not-overdue", "practice", f.Commitment)
		}
		e := CommitmentEscalated(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *CommitmentEscalated) {
		overdue := func(x Undertaken) bool { return ofDebtor(b.Party)(x) && x.Course() == CourseOverdue }
		s.changeStandings(b.Commitment, h.Index, overdue, func(x *Undertaken) { x.State, x.Escalated, x.To = "escalated", Stamp{h.Index, h.At}, b.To })
	})
	happens(ed, func(s *State, h Happened, b *CommitmentOverdue) {
		among := func(x Undertaken) bool { return len(b.Parties) == 0 || slices.Contains(b.Parties, x.Party) }
		s.changeStandings(b.Commitment, h.Index, among, func(x *Undertaken) { x.State, x.Overdue = "overdue", Stamp{h.Index, h.At} })
	})
}

// earlier is the state before the Clock, or a mark, came.
func (x Undertaken) earlier() string {
	switch {
	case x.Overdue.Index > 0:
		return "overdue"
	case len(x.Reports) > 0:
		return "reported"
	case x.Accepted.Index > 0:
		return "accepted"
	}
	return "recorded"
}

func redating(ed *edition) {
	does(ed, Act{
		Name: "MoveDueDate", Title: "Move a due day", Help: "Enters that a decision moved the day of a commitment; the day before stays visible.",
		Who: []Capacity{Secretary}, Attested: true, Rule: "the decision it names", Refusals: []Code{"unknown-commitment", "not-debtor", "commitment-closed", "commitment-released", "no-decision", "day-passed"}, Causes: []string{"DueDateMoved"}, Timed: true,
	}, func(s *State, c *Call, f *MoveDueDate) ([]Event, *Refusal) {
		_, r := s.openOf(f.Commitment, f.Party)
		switch {
		case r != nil:
		case !s.Decided(f.Basis):
			r = refuse("no-decision", "practice", f.Basis)
		case f.Due.Ends() <= c.At:
			r = refuse("day-passed", "practice", f.Due)
		}
		e := DueDateMoved(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *DueDateMoved) {
		c := s.commitments.all.At(string(b.Commitment))
		move := DueMove{b.Party, "", b.Due, b.Basis, Stamp{h.Index, h.At}}
		for _, x := range c.Standings {
			if move.From == "" && ofOpen(b.Party)(x) {
				move.From = x.Due
			}
		}
		s.changeStandings(b.Commitment, h.Index, ofOpen(b.Party), func(x *Undertaken) {
			x.Due, x.Overdue, x.Escalated, x.To = b.Due, Stamp{}, Stamp{}, ""
			x.State = x.earlier()
		})
		c = s.commitments.all.At(string(b.Commitment))
		c.Moved = append(slices.Clone(c.Moved), move)
		s.commitments.all = s.commitments.all.Set(string(b.Commitment), c)
	})
	does(ed, Act{
		Name: "ReleaseCommitment", Title: "Release from a commitment", Help: "Enters that a later decision took a commitment off its debtors.",
		Who: []Capacity{Secretary}, Attested: true, Rule: "the decision it names", Refusals: []Code{"unknown-commitment", "not-debtor", "commitment-closed", "commitment-released", "no-decision"}, Causes: []string{"CommitmentReleased"},
	}, func(s *State, c *Call, f *ReleaseCommitment) ([]Event, *Refusal) {
		_, r := s.openOf(f.Commitment, f.Party)
		switch {
		case r != nil:
		case !s.Decided(f.Basis):
			r = refuse("no-decision", "practice", f.Basis)
		case !slices.Contains([]Term{"withdrawn", "lapsed", "superseded"}, f.Ground):
			r = refuse("malformed", "doc/record.md 2", "ground")
		}
		e := CommitmentReleased(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *CommitmentReleased) {
		s.changeStandings(b.Commitment, h.Index, ofOpen(b.Party), func(x *Undertaken) {
			x.State, x.Released, x.Basis, x.Ground = "released", Stamp{h.Index, h.At}, b.Basis, b.Ground
		})
	})
}

func disputing(ed *edition) {
	does(ed, Act{
		Name: "DisputeCommitment", Title: "Dispute a commitment", Help: "Disputes what is recorded of a commitment, or whether it is fulfilled; it is shown beside it.",
		Who: members, Rule: "practice", Refusals: []Code{"unknown-commitment", "which-debtor", "not-debtor", "id-taken", "observer-may-not", "nothing-reported", "already-disputed", "unknown-symbol"}, Causes: []string{"CommitmentDisputed"}, Timed: true,
	}, func(s *State, c *Call, f *DisputeCommitment) ([]Event, *Refusal) {
		x, standing, r := s.owed(f.Commitment, f.Party)
		if r != nil {
			return nil, r
		}
		by := PartyID(c.For)
		switch _, known := s.Document(f.Letter); {
		case s.commitments.disputes.Has(string(f.Dispute)):
			return nil, refuse("id-taken", "doc/record.md 5", f.Dispute)
		case !s.parties.At(string(by)).memberOn(Date(c.At.String()[:10]), ""):
			return nil, refuse("observer-may-not", "practice", by)
		case f.Ground != "record" && f.Ground != "fulfilment":
			return nil, refuse("malformed", "doc/record.md 2", "ground")
		case f.Ground == "fulfilment" && len(standing.Reports) == 0 && standing.Fulfilled.Index == 0 && standing.Overdue.Index == 0:
			return nil, refuse("nothing-reported", "practice", f.Commitment)
		case f.Letter != "" && !known:
			return nil, refuse("unknown-symbol", "practice", f.Letter)
		}
		for _, d := range s.Disputes(f.Commitment) {
			if d.Outcome == nil && d.By == by && d.Party == standing.Party && d.Ground == f.Ground {
				return nil, refuse("already-disputed", "practice", d.Dispute)
			}
		}
		return []Event{{Body: &CommitmentDisputed{f.Dispute, f.Commitment, by, severally(x, standing.Party), f.Ground, f.Words, f.Letter}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *CommitmentDisputed) {
		d := Dispute{CommitmentDisputed: *b, Raised: Stamp{h.Index, h.At}}
		d.Party = s.debtorNamed(b.Commitment, b.Party)
		s.commitments.disputes = s.commitments.disputes.Set(string(b.Dispute), d)
		s.changeStandings(b.Commitment, h.Index, ofDebtor(d.Party), func(*Undertaken) {})
	})
	does(ed, Act{
		Name: "SettleDispute", Title: "Settle a dispute about a commitment", Help: "Enters how a dispute about a commitment ended: by a decision, or by agreement of those it is between.",
		Who: []Capacity{Secretary}, Attested: true, Rule: "practice", Refusals: []Code{"unknown-dispute", "dispute-settled", "no-decision", "not-agreed"}, Causes: []string{"DisputeSettled", "CommitmentReopened"},
	}, func(s *State, c *Call, f *SettleDispute) ([]Event, *Refusal) {
		d, ok := s.commitments.disputes.Get(string(f.Dispute))
		switch {
		case !ok:
			return nil, refuse("unknown-dispute", "practice", f.Dispute)
		case d.Outcome != nil:
			return nil, refuse("dispute-settled", "practice", f.Dispute)
		case !slices.Contains([]Term{"upheld", "dismissed", "withdrawn"}, f.Outcome):
			return nil, refuse("malformed", "doc/record.md 2", "outcome")
		case f.Basis != "" && !s.Decided(f.Basis):
			return nil, refuse("no-decision", "practice", f.Basis)
		}
		for _, p := range []PartyID{d.By, d.Party} {
			between := p != "" && (p == d.By || f.Outcome != "withdrawn")
			if f.Basis == "" && between && !slices.Contains(f.Agreed, p) {
				return nil, refuse("not-agreed", "practice", p)
			}
		}
		e := DisputeSettled(*f)
		events := []Event{{Body: &e}}
		x, standing, _ := s.owed(d.Commitment, d.Party)
		if f.Outcome == "upheld" && d.Ground == "fulfilment" && standing.Course() == CourseFulfilled {
			events = append(events, Event{Body: &CommitmentReopened{d.Commitment, severally(x, d.Party), f.Words}})
		}
		return events, nil
	})
	happens(ed, func(s *State, h Happened, b *DisputeSettled) {
		d := s.commitments.disputes.At(string(b.Dispute))
		d.Outcome, d.Settled = b, Stamp{h.Index, h.At}
		s.commitments.disputes = s.commitments.disputes.Set(string(b.Dispute), d)
		s.changeStandings(d.Commitment, h.Index, ofDebtor(d.Party), func(*Undertaken) {})
	})
}
