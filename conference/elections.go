package conference

import (
	"slices"

	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/rules"
)

// electionsState is candidates, ballots and who is elected.
type electionsState struct {
	all     Ordered[string, Election]
	stands  Ordered[string, ElectionID] // person/election: who is a candidate where it is not done
	tellers Ordered[string, []PersonID] // by meeting
}

// An Election fills places by ballots on paper.
type Election struct {
	ID         ElectionID
	Meeting    MeetingID
	Office     Term
	Places     int64
	Candidates []Candidate
	Ballot     int64 // number of the ballot, from 1; 0: none yet
	State      string
	Restricted []CandidateID
	Special    bool          // the ballot is among those tied at the edge
	Tied       []CandidateID // the lot is to decide among these
	Beside     []CandidateID // the special ballot, or the lot, is for who goes on beside these
	Papers     []PartyID     // who got a paper
	Commitment record.Digest // of the seed of a lot
	Elected    []CandidateID
	Index      int64 // entry that changed it last
}

// A Candidate stands for a place.
type Candidate struct {
	ID        CandidateID
	Party     PartyID
	Person    PersonID // of an officer; "" where the party itself stands
	Nominator PartyID
	Withdrawn bool
}

// A VotesFor is the pair candidate, votes.
type VotesFor struct {
	canonical.Tuple
	Candidate CandidateID
	Votes     int64
}

// Elections lists the elections of a meeting, in order of id.
func (s *State) Elections(m MeetingID) (list []Election) {
	for _, e := range s.elections.all.All() {
		if e.Meeting == m {
			list = append(list, e)
		}
	}
	return list
}

// Election returns an election.
func (s *State) Election(id ElectionID) (Election, bool) { return s.elections.all.Get(string(id)) }

func (s *State) changeElection(id ElectionID, index int64, change func(*Election)) {
	old := s.elections.all.At(string(id))
	e := old
	e.ID = id
	change(&e)
	e.Index = index
	s.elections.all = s.elections.all.Set(string(id), e)
	for _, c := range old.Candidates {
		if !e.stands(c.Person) {
			s.elections.stands = s.elections.stands.Delete(string(c.Person) + "/" + string(id))
		}
	}
	for _, c := range e.Candidates {
		if e.stands(c.Person) && !old.stands(c.Person) {
			s.elections.stands = s.elections.stands.Set(string(c.Person)+"/"+string(id), id)
		}
	}
}

// stands reports whether a person is a candidate of an election that is not done.
func (e Election) stands(p PersonID) bool {
	return p != "" && e.State != "done" && slices.ContainsFunc(e.Candidates, func(x Candidate) bool { return x.Person == p && !x.Withdrawn })
}

// standing lists who may be voted for: not withdrawn, not elected, and on the restricted list if there is one.
func (e Election) standing() (ids []CandidateID) {
	for _, c := range e.Candidates {
		if !c.Withdrawn && !slices.Contains(e.Elected, c.ID) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

type (
	// Nominate proposes a candidate.
	Nominate struct {
		Election    ElectionID  `json:"election" jsonschema:"id of the election"`
		Office      Term        `json:"office" jsonschema:"the office or organ"`
		Candidate   CandidateID `json:"candidate" jsonschema:"id of the candidate, chosen by who nominates"`
		Party       PartyID     `json:"party" jsonschema:"the candidate's party"`
		Person      PersonID    `json:"person,omitempty" jsonschema:"for an officer: who"`
		Instruction string      `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// CandidateNominated is what Nominate causes.
	CandidateNominated struct {
		Election  ElectionID  `json:"election"`
		Meeting   MeetingID   `json:"meeting"`
		Office    Term        `json:"office"`
		Candidate CandidateID `json:"candidate"`
		Party     PartyID     `json:"party"`
		Person    PersonID    `json:"person,omitempty"`
		By        PartyID     `json:"by"`
	}
	// WithdrawCandidate takes a candidature back.
	WithdrawCandidate struct {
		Election    ElectionID  `json:"election" jsonschema:"id of the election"`
		Candidate   CandidateID `json:"candidate" jsonschema:"id of the candidate"`
		Instruction string      `json:"instruction,omitempty" jsonschema:"for an officer who does it for a delegation: aloud, or the symbol of the paper"`
	}
	// CandidateWithdrew is what WithdrawCandidate causes.
	CandidateWithdrew struct {
		Election  ElectionID  `json:"election"`
		Meeting   MeetingID   `json:"meeting"`
		Candidate CandidateID `json:"candidate"`
	}
	// AppointTellers names who counts.
	AppointTellers struct {
		Persons []PersonID `json:"persons" jsonschema:"two or more persons, none a candidate"`
	}
	// TellersAppointed is what AppointTellers causes.
	TellersAppointed struct {
		Meeting MeetingID  `json:"meeting"`
		Persons []PersonID `json:"persons"`
	}
	// OpenBallot opens a ballot on paper.
	OpenBallot struct {
		Election   ElectionID    `json:"election" jsonschema:"id of the election"`
		Places     int64         `json:"places" jsonschema:"how many places are to be filled in all"`
		Commitment record.Digest `json:"commitment,omitempty" jsonschema:"SHA-256 of the seed of a lot, should one be needed"`
	}
	// BallotOpened is what OpenBallot causes.
	BallotOpened struct {
		Election   ElectionID    `json:"election"`
		Meeting    MeetingID     `json:"meeting"`
		Ballot     int64         `json:"ballot" jsonschema:"its number, from 1"`
		Places     int64         `json:"places"`
		Names      []CandidateID `json:"names" jsonschema:"who may be voted for"`
		Restricted bool          `json:"restricted,omitempty"`
		Commitment record.Digest `json:"commitment,omitempty"`
	}
	// HandBallotPaper gives a delegation its paper.
	HandBallotPaper struct {
		Election ElectionID `json:"election" jsonschema:"id of the election"`
		Party    PartyID    `json:"party" jsonschema:"who gets it"`
	}
	// BallotPaperHanded is what HandBallotPaper causes: who received one, and nothing of what it says.
	BallotPaperHanded struct {
		Election ElectionID `json:"election"`
		Meeting  MeetingID  `json:"meeting"`
		Party    PartyID    `json:"party"`
	}
	// CloseBallot ends the casting of papers.
	CloseBallot struct {
		Election ElectionID `json:"election" jsonschema:"id of the election"`
	}
	// BallotClosed is what CloseBallot causes.
	BallotClosed struct {
		Election ElectionID `json:"election"`
		Meeting  MeetingID  `json:"meeting"`
	}
	// ReportTally reports what the tellers counted.
	ReportTally struct {
		Election ElectionID `json:"election" jsonschema:"id of the election"`
		Papers   int64      `json:"papers" jsonschema:"papers in the box"`
		Invalid  int64      `json:"invalid,omitempty" jsonschema:"with too many names, or ineligible ones"`
		Blank    int64      `json:"blank,omitempty" jsonschema:"abstentions"`
		Votes    []VotesFor `json:"votes,omitempty" jsonschema:"pairs of candidate and votes"`
	}
	// BallotCounted is what ReportTally causes, with CandidateElected or BallotInconclusive.
	BallotCounted struct {
		Election ElectionID `json:"election"`
		Meeting  MeetingID  `json:"meeting"`
		Ballot   int64      `json:"ballot"`
		Papers   int64      `json:"papers"`
		Invalid  int64      `json:"invalid,omitempty"`
		Blank    int64      `json:"blank,omitempty"`
		Votes    []VotesFor `json:"votes,omitempty"`
		Needed   int64      `json:"needed"`
		Rule     string     `json:"rule"`
	}
	// CandidateElected says that somebody is elected.
	CandidateElected struct {
		Election  ElectionID  `json:"election"`
		Meeting   MeetingID   `json:"meeting"`
		Candidate CandidateID `json:"candidate"`
	}
	// BallotInconclusive says that places remain, and what comes next.
	BallotInconclusive struct {
		Election ElectionID    `json:"election"`
		Meeting  MeetingID     `json:"meeting"`
		Places   int64         `json:"places" jsonschema:"places left"`
		Next     string        `json:"next" jsonschema:"free, restricted, special or lot"`
		Names    []CandidateID `json:"names,omitempty" jsonschema:"who the next ballot, or the lot, is among"`
		Beside   []CandidateID `json:"beside,omitempty" jsonschema:"of a special ballot or lot for who goes on: who goes on already"`
	}
	// DrawLot decides among those tied.
	DrawLot struct {
		Election ElectionID `json:"election" jsonschema:"id of the election"`
		Seed     string     `json:"seed" jsonschema:"16 to 64 bytes, base64url, whose digest was committed to when the ballot was opened"`
	}
	// DrawnByLot is what DrawLot causes, with CandidateElected.
	DrawnByLot struct {
		Election  ElectionID    `json:"election"`
		Meeting   MeetingID     `json:"meeting"`
		Among     []CandidateID `json:"among"`
		Seed      string        `json:"seed"`
		Candidate CandidateID   `json:"candidate"`
	}
	// ElectOfficer declares the only candidate elected without a ballot.
	ElectOfficer struct {
		Election ElectionID `json:"election" jsonschema:"id of the election"`
	}
	// OfficerElected is what ElectOfficer causes.
	OfficerElected struct {
		Election  ElectionID  `json:"election"`
		Meeting   MeetingID   `json:"meeting"`
		Office    Term        `json:"office"`
		Candidate CandidateID `json:"candidate"`
		Party     PartyID     `json:"party"`
		Person    PersonID    `json:"person,omitempty"`
	}
)

func elections(ed *edition) {
	ed.thing("election", func(s *State, id string) (int64, bool) { e, ok := s.elections.all.Get(id); return e.Index, ok })
	nominations(ed)
	ballots(ed)
	tallies(ed)
}

// election is one that is under way at the meeting of an act.
func (s *State) election(c *Call, id ElectionID) (Meeting, Election, *Refusal) {
	m, r := s.inSession(c)
	if r != nil {
		return m, Election{}, r
	}
	e, ok := s.Election(id)
	if !ok || e.Meeting != m.MeetingConvened.Meeting {
		r = refuse("no-election", "GA 92", id)
	}
	return m, e, r
}

func nominations(ed *edition) {
	does(ed, Act{
		Name: "Nominate", Title: "Nominate", Help: "Proposes a candidate for an office or place.",
		Who: members, Desk: true, Rule: "GA 92, 103", Refusals: codes(asMember, "not-eligible", "nominations-closed", "id-taken", "unknown-person"), Causes: []string{"CandidateNominated"},
	}, func(s *State, c *Call, f *Nominate) ([]Event, *Refusal) {
		m, r := s.sitting(c)
		if r != nil {
			return nil, r
		}
		e, ok := s.Election(f.Election)
		switch {
		case ok && (e.Ballot > 0 || e.State == "done"):
			return nil, refuse("nominations-closed", "GA 92", f.Election)
		case slices.ContainsFunc(e.Candidates, func(x Candidate) bool { return x.ID == f.Candidate }):
			return nil, refuse("id-taken", "doc/record.md 5", f.Candidate)
		case !s.memberAt(m, f.Party) || ok && e.Office != f.Office:
			return nil, refuse("not-eligible", "GA 92", f.Party)
		case f.Person != "" && !s.persons.Has(string(f.Person)):
			return nil, refuse("unknown-person", "GA 92", f.Person)
		}
		return []Event{{Body: &CandidateNominated{f.Election, m.MeetingConvened.Meeting, f.Office, f.Candidate, f.Party, f.Person, PartyID(c.For)}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *CandidateNominated) {
		s.changeElection(b.Election, h.Index, func(e *Election) {
			e.Meeting, e.Office = b.Meeting, b.Office
			e.Candidates = append(slices.Clone(e.Candidates), Candidate{b.Candidate, b.Party, b.Person, b.By, false})
		})
	})
	does(ed, Act{
		Name: "WithdrawCandidate", Title: "Withdraw a candidate", Help: "Takes a candidature back: its own party may, or who nominated.",
		Who: members, Desk: true, Rule: "practice", Refusals: codes(asMember, "no-election", "unknown-candidate", "not-nominator", "ballot-open"), Causes: []string{"CandidateWithdrew"},
	}, func(s *State, c *Call, f *WithdrawCandidate) ([]Event, *Refusal) {
		m, e, r := s.election(c, f.Election)
		if r == nil {
			r = s.member(c, m, "practice")
		}
		if r != nil {
			return nil, r
		}
		at := slices.IndexFunc(e.Candidates, func(x Candidate) bool { return x.ID == f.Candidate && !x.Withdrawn })
		switch {
		case at < 0:
			return nil, refuse("unknown-candidate", "GA 92", f.Candidate)
		case e.Candidates[at].Party != PartyID(c.For) && e.Candidates[at].Nominator != PartyID(c.For):
			return nil, refuse("not-nominator", "practice", f.Candidate)
		case e.State == "open":
			return nil, refuse("ballot-open", "GA 92", f.Election)
		}
		return []Event{{Body: &CandidateWithdrew{f.Election, e.Meeting, f.Candidate}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *CandidateWithdrew) {
		s.changeElection(b.Election, h.Index, func(e *Election) {
			e.Candidates = slices.Clone(e.Candidates)
			for i := range e.Candidates {
				if e.Candidates[i].ID == b.Candidate {
					e.Candidates[i].Withdrawn = true
				}
			}
			e.Restricted = slices.DeleteFunc(slices.Clone(e.Restricted), func(id CandidateID) bool { return id == b.Candidate })
		})
	})
	does(ed, Act{
		Name: "ElectOfficer", Title: "Declare elected", Help: "The Chair declares the only candidate elected without a ballot, where nobody asks for one.",
		Who: []Capacity{Chair}, Attested: true, Rule: "GA 92, 103; GA decision 34/401, 16", Refusals: codes(atMeeting, "no-election", "ballot-needed", "nominations-closed", "no-quorum-to-decide"), Causes: []string{"OfficerElected"},
	}, func(s *State, c *Call, f *ElectOfficer) ([]Event, *Refusal) {
		m, e, r := s.election(c, f.Election)
		if r != nil {
			return nil, r
		}
		stand := e.standing()
		switch {
		case e.State != "":
			return nil, refuse("nominations-closed", "GA 92", f.Election)
		case len(stand) != 1:
			return nil, refuse("ballot-needed", "GA 92, 103", len(stand))
		}
		if r := s.decidable(m); r != nil {
			return nil, r
		}
		at := slices.IndexFunc(e.Candidates, func(x Candidate) bool { return x.ID == stand[0] })
		x := e.Candidates[at]
		return []Event{{Body: &OfficerElected{e.ID, e.Meeting, e.Office, x.ID, x.Party, x.Person}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *OfficerElected) {
		s.changeElection(b.Election, h.Index, func(e *Election) {
			e.Elected, e.State, e.Places = []CandidateID{b.Candidate}, "done", 1
		})
	})
}

func ballots(ed *edition) {
	does(ed, Act{
		Name: "AppointTellers", Title: "Appoint tellers", Help: "The Chair names who counts the papers: none of them a candidate.",
		Who: []Capacity{Chair}, Rule: "GA 92", Refusals: codes(atMeeting, "unknown-person", "teller-is-candidate", "no-tellers"), Causes: []string{"TellersAppointed"},
	}, func(s *State, c *Call, f *AppointTellers) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r != nil {
			return nil, r
		}
		if len(f.Persons) < 2 || f.Persons[0] == f.Persons[1] {
			return nil, refuse("no-tellers", "GA 92", len(f.Persons))
		}
		for _, p := range f.Persons {
			if !s.persons.Has(string(p)) {
				return nil, refuse("unknown-person", "GA 92", p)
			}
			for range ownedBy(s.elections.stands, string(p)) {
				return nil, refuse("teller-is-candidate", "GA 92", p)
			}
		}
		return []Event{{Body: &TellersAppointed{m.MeetingConvened.Meeting, f.Persons}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *TellersAppointed) {
		s.elections.tellers = s.elections.tellers.Set(string(b.Meeting), b.Persons)
	})
	does(ed, Act{
		Name: "OpenBallot", Title: "Open a ballot", Help: "The Chair opens a ballot on paper; who may be voted for follows from the ballots before.",
		Who: []Capacity{Chair}, Rule: "GA 92-94; EC 68-70", Refusals: codes(atMeeting, "no-election", "ballot-open", "no-tellers", "lot-due", "already-elected", "seed-known", "question-pending", "voting", "motion-pending", "no-quorum-to-decide"), Causes: []string{"BallotOpened"},
	}, func(s *State, c *Call, f *OpenBallot) ([]Event, *Refusal) {
		m, e, r := s.election(c, f.Election)
		if r != nil {
			return nil, r
		}
		switch {
		case f.Places < 1 || e.Places > 0 && f.Places != e.Places:
			return nil, refuse("malformed", "doc/record.md 2", "places")
		case e.State == "done":
			return nil, refuse("already-elected", "GA 92", f.Election)
		case e.State == "open" || e.State == "closed":
			return nil, refuse("ballot-open", "GA 92", f.Election)
		case len(e.Tied) > 0:
			return nil, refuse("lot-due", "GA 92", f.Election)
		case len(s.elections.tellers.At(string(e.Meeting))) == 0:
			return nil, refuse("no-tellers", "GA 92", 0)
		case s.votes.seeds.Has(string(f.Commitment)):
			return nil, refuse("seed-known", "GA 92", f.Commitment)
		}
		if r := s.beforeVoting(m); r != nil {
			return nil, r
		}
		if r := s.undisturbed(m); r != nil {
			return nil, r
		}
		if r := s.decidable(m); r != nil {
			return nil, r
		}
		names, restricted := e.standing(), len(e.Restricted) > 0
		if restricted {
			names = e.Restricted
		}
		return []Event{{Body: &BallotOpened{f.Election, e.Meeting, e.Ballot + 1, f.Places, names, restricted, f.Commitment}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *BallotOpened) {
		s.changeElection(b.Election, h.Index, func(e *Election) {
			e.Ballot, e.Places, e.State, e.Papers, e.Commitment = b.Ballot, b.Places, "open", nil, b.Commitment
			e.Restricted = b.Names
		})
	})
	does(ed, Act{
		Name: "HandBallotPaper", Title: "Hand out a ballot paper", Help: "Notes that a delegation received its paper; nothing of what it writes is ever recorded.",
		Who: []Capacity{Secretary}, Rule: "GA 92", Refusals: codes(atMeeting, "no-election", "no-ballot", "already-cast", "not-member", "credentials-rejected"), Causes: []string{"BallotPaperHanded"},
	}, func(s *State, c *Call, f *HandBallotPaper) ([]Event, *Refusal) {
		m, e, r := s.election(c, f.Election)
		if r != nil {
			return nil, r
		}
		switch {
		case e.State != "open":
			return nil, refuse("no-ballot", "GA 92", f.Election)
		case !s.memberAt(m, f.Party):
			return nil, refuse("not-member", "GA 92", f.Party)
		case slices.Contains(e.Papers, f.Party):
			return nil, refuse("already-cast", "GA 92", f.Party)
		}
		return []Event{{Body: &BallotPaperHanded{f.Election, e.Meeting, f.Party}}}, s.seated(m, f.Party)
	})
	happens(ed, func(s *State, h Happened, b *BallotPaperHanded) {
		s.changeElection(b.Election, h.Index, func(e *Election) { e.Papers = append(slices.Clone(e.Papers), b.Party) })
	})
	does(ed, Act{
		Name: "CloseBallot", Title: "Close the ballot", Help: "The Chair ends the casting of papers; the tellers count.",
		Who: []Capacity{Chair}, Rule: "GA 92", Refusals: codes(atMeeting, "no-election", "no-ballot"), Causes: []string{"BallotClosed"},
	}, func(s *State, c *Call, f *CloseBallot) ([]Event, *Refusal) {
		_, e, r := s.election(c, f.Election)
		if r == nil && e.State != "open" {
			r = refuse("no-ballot", "GA 92", f.Election)
		}
		return []Event{{Body: &BallotClosed{f.Election, e.Meeting}}}, r
	})
	happens(ed, func(s *State, h Happened, b *BallotClosed) {
		s.changeElection(b.Election, h.Index, func(e *Election) { e.State = "closed" })
	})
}

func tallies(ed *edition) {
	does(ed, Act{
		Name: "ReportTally", Title: "Report the tally", Help: "Reports what the tellers counted; who is elected, or what comes next, follows from it.",
		Who: []Capacity{Secretary, Myself}, Rule: "GA 92-94; EC 68-70", Refusals: codes(atMeeting, "no-election", "not-teller", "ballot-not-closed", "tally-wrong"), Causes: []string{"BallotCounted", "CandidateElected", "BallotInconclusive"}, Notices: []Code{"too-many-names"},
	}, func(s *State, c *Call, f *ReportTally) ([]Event, *Refusal) {
		m, e, r := s.election(c, f.Election)
		if r != nil {
			return nil, r
		}
		if c.As == string(Myself) && !slices.Contains(s.elections.tellers.At(string(e.Meeting)), PersonID(c.By)) {
			return nil, refuse("not-teller", "GA 92", c.By)
		}
		if e.State != "closed" {
			return nil, refuse("ballot-not-closed", "GA 92", f.Election)
		}
		valid, sum := f.Papers-f.Invalid-f.Blank, int64(0)
		wrong := f.Papers != int64(len(e.Papers)) || f.Invalid < 0 || f.Blank < 0 || valid < 0
		for i, v := range f.Votes {
			sum += v.Votes
			wrong = wrong || v.Votes < 0 || v.Votes > valid || !slices.Contains(e.Restricted, v.Candidate) || slices.ContainsFunc(f.Votes[:i], func(o VotesFor) bool { return o.Candidate == v.Candidate })
		}
		if left := e.Places - int64(len(e.Elected)); wrong || sum > valid*left {
			return nil, refuse("tally-wrong", "GA 92", f.Papers, len(e.Papers))
		}
		return s.counted(m, e, f, valid), nil
	})
	happens(ed, func(s *State, h Happened, b *BallotCounted) {
		s.changeElection(b.Election, h.Index, func(e *Election) { e.State, e.Restricted, e.Special, e.Beside = "counted", nil, false, nil })
	})
	happens(ed, func(s *State, h Happened, b *CandidateElected) {
		s.changeElection(b.Election, h.Index, func(e *Election) {
			e.Elected = append(slices.Clone(e.Elected), b.Candidate)
			if int64(len(e.Elected)) == e.Places {
				e.State = "done"
			}
		})
	})
	happens(ed, func(s *State, h Happened, b *BallotInconclusive) {
		s.changeElection(b.Election, h.Index, func(e *Election) {
			e.Beside = b.Beside
			switch b.Next {
			case "lot":
				e.Tied = b.Names
			case "special", "restricted":
				e.Restricted, e.Special = b.Names, b.Next == "special"
			}
		})
	})
	does(ed, Act{
		Name: "DrawLot", Title: "Draw a lot", Help: "The Chair decides a tie by lot; the seed was committed to before and anyone can draw again.",
		Who: []Capacity{Chair}, Attested: true, Rule: "GA 92; EC 70", Refusals: codes(atMeeting, "no-election", "lot-not-due", "not-committed"), Causes: []string{"DrawnByLot", "CandidateElected", "BallotInconclusive"},
	}, func(s *State, c *Call, f *DrawLot) ([]Event, *Refusal) {
		_, e, r := s.election(c, f.Election)
		if r != nil {
			return nil, r
		}
		if len(e.Tied) == 0 {
			return nil, refuse("lot-not-due", "GA 92", f.Election)
		}
		seed, err := canonical.DecodeBytes(f.Seed)
		if err != nil || len(seed) < 16 || len(seed) > 64 || record.DigestOf(seed) != e.Commitment {
			return nil, refuse("not-committed", "GA 92", e.Commitment)
		}
		drawn := e.Tied[Draw(seed, string(f.Election), len(e.Tied))]
		events := []Event{{Body: &DrawnByLot{f.Election, e.Meeting, e.Tied, f.Seed, drawn}}}
		if len(e.Beside) > 0 { // EC 69: it decides who goes on
			return append(events, Event{Body: &BallotInconclusive{e.ID, e.Meeting, e.Places - int64(len(e.Elected)), "restricted", append(slices.Clone(e.Beside), drawn), nil}}), nil
		}
		return append(events, Event{Body: &CandidateElected{f.Election, e.Meeting, drawn}}), nil
	})
	happens(ed, func(s *State, h Happened, b *DrawnByLot) {
		s.changeElection(b.Election, h.Index, func(e *Election) { e.Tied = nil })
		s.showSeed(b.Seed)
	})
}

// counted is what a tally brings about.
func (s *State) counted(m Meeting, e Election, f *ReportTally, valid int64) []Event {
	majority, rule := s.Rules.Majority("election")
	if el := s.Rules.Election; el != nil {
		if named, ok := s.Rules.NamedMajority(el.Majority); ok {
			majority, rule = named, el.Rule
		}
	}
	b := rules.Ballot{Number: e.Ballot, Places: e.Places - int64(len(e.Elected)), Members: int64(len(s.Members(m.From, e.Meeting))), Valid: valid, Special: e.Special}
	for _, v := range f.Votes {
		b.Votes = append(b.Votes, rules.Tally{Name: string(v.Candidate), Votes: v.Votes})
	}
	for _, id := range e.Beside {
		b.Beside = append(b.Beside, string(id))
	}
	res := s.Rules.Ballot(b, majority)
	events := []Event{{Body: &BallotCounted{e.ID, e.Meeting, e.Ballot, f.Papers, f.Invalid, f.Blank, f.Votes, res.Needed, rule}}}
	for _, id := range candidates(res.Elected) {
		events = append(events, Event{Body: &CandidateElected{e.ID, e.Meeting, id}})
	}
	if res.Next != "" {
		events = append(events, Event{Body: &BallotInconclusive{e.ID, e.Meeting, b.Places - int64(len(res.Elected)), res.Next, candidates(res.Names), candidates(res.Beside)}})
	}
	return events
}

func candidates(names []string) (ids []CandidateID) {
	for _, n := range names {
		ids = append(ids, CandidateID(n))
	}
	return ids
}

func (b *BallotCounted) notice() *Refusal {
	if b.Invalid == 0 {
		return nil
	}
	return refuse("too-many-names", "GA 92-94", b.Invalid)
}
