package conference

import (
	"slices"

	"kurultai/record"
	"kurultai/rules"
)

// credentialsState is the papers that say who represents a party, and what the body makes of them.
type credentialsState struct {
	all Ordered[string, Credentials] // by meeting and party
}

// Credentials are a party's at a meeting.
type Credentials struct {
	Party      PartyID
	State      string // lodged, examined, defective, reported, accepted or rejected
	Challenged bool   // the delegation sits provisionally, with equal rights (GA 29)
	Index      int64  // entry that changed it last
}

// Credentials returns a party's at a meeting.
func (s *State) Credentials(m MeetingID, p PartyID) (Credentials, bool) {
	return s.credentials.all.Get(string(m) + "/" + string(p))
}

// seated refuses a party whose credentials the body rejected for a meeting (GA 29).
func (s *State) seated(m Meeting, p PartyID) *Refusal {
	if c, _ := s.Credentials(m.MeetingConvened.Meeting, p); c.State == "rejected" {
		return refuse("credentials-rejected", "GA 28-29", p)
	}
	return nil
}

func (s *State) changeCredentials(m MeetingID, p PartyID, index int64, change func(*Credentials)) {
	key := string(m) + "/" + string(p)
	c := s.credentials.all.At(key)
	c.Party = p
	change(&c)
	c.Index = index
	s.credentials.all = s.credentials.all.Set(key, c)
}

// competentIssuers sign credentials (GA 27; VCR 44); full powers too (VCLT 7).
var competentIssuers = []Term{"head-of-state", "head-of-government", "foreign-minister"}

type (
	// LodgeCredentials hands a party's credentials in.
	LodgeCredentials struct {
		Office Term          `json:"office" jsonschema:"who signed: head-of-state, head-of-government or foreign-minister"`
		Date   Date          `json:"date" jsonschema:"date of the paper"`
		Paper  record.Digest `json:"paper" jsonschema:"SHA-256 of the scan"`
	}
	// CredentialsLodged is what LodgeCredentials causes.
	CredentialsLodged struct {
		Meeting MeetingID     `json:"meeting"`
		Party   PartyID       `json:"party"`
		Office  Term          `json:"office"`
		Date    Date          `json:"date"`
		Paper   record.Digest `json:"paper"`
		Late    bool          `json:"late,omitempty" jsonschema:"true after the time the rules ask"`
	}
	// ExamineCredentials says whether credentials are in due form.
	ExamineCredentials struct {
		Party  PartyID `json:"party" jsonschema:"whose"`
		Defect string  `json:"defect,omitempty" jsonschema:"what is wrong; absent: in due form"`
	}
	// CredentialsExamined is what ExamineCredentials causes.
	CredentialsExamined struct {
		Meeting MeetingID `json:"meeting"`
		Party   PartyID   `json:"party"`
		Defect  string    `json:"defect,omitempty"`
	}
	// ObjectToCredentials challenges a delegation; it sits provisionally until the body decides.
	ObjectToCredentials struct {
		Party  PartyID `json:"party" jsonschema:"whose credentials"`
		Ground string  `json:"ground" jsonschema:"why, in a sentence"`
	}
	// CredentialsChallenged is what ObjectToCredentials causes.
	CredentialsChallenged struct {
		Meeting MeetingID `json:"meeting"`
		Party   PartyID   `json:"party"`
		By      PartyID   `json:"by"`
		Ground  string    `json:"ground"`
	}
	// PartySeatedProvisionally says that a challenged delegation sits with equal rights until the body decides.
	PartySeatedProvisionally struct {
		Meeting MeetingID `json:"meeting"`
		Party   PartyID   `json:"party"`
	}
	// ReportCredentials reports on the credentials of all.
	ReportCredentials struct {
		Accepted    []PartyID `json:"accepted,omitempty" jsonschema:"in due form"`
		Provisional []PartyID `json:"provisional,omitempty" jsonschema:"defective or challenged"`
		Missing     []PartyID `json:"missing,omitempty" jsonschema:"nothing was lodged"`
	}
	// CredentialsReported is what ReportCredentials causes.
	CredentialsReported struct {
		Meeting     MeetingID `json:"meeting"`
		Accepted    []PartyID `json:"accepted,omitempty"`
		Provisional []PartyID `json:"provisional,omitempty"`
		Missing     []PartyID `json:"missing,omitempty"`
	}
	// DecideCredentials accepts credentials where nobody objects.
	DecideCredentials struct {
		Party     PartyID `json:"party" jsonschema:"whose"`
		Reject    bool    `json:"reject,omitempty" jsonschema:"true where the meeting rejects them"`
		Objection PartyID `json:"objection,omitempty" jsonschema:"a member that objects, so that the meeting votes"`
	}
	// CredentialsAccepted is what DecideCredentials, or a vote, causes.
	CredentialsAccepted struct {
		Meeting MeetingID `json:"meeting"`
		Party   PartyID   `json:"party"`
	}
	// CredentialsRejected is what DecideCredentials, or a vote, causes.
	CredentialsRejected struct {
		Meeting MeetingID `json:"meeting"`
		Party   PartyID   `json:"party"`
	}
)

func credentials(ed *edition) {
	ed.thing("credentials", func(s *State, id string) (int64, bool) { c, ok := s.credentials.all.Get(id); return c.Index, ok })
	does(ed, Act{
		Name: "LodgeCredentials", Title: "Lodge credentials", Help: "Hands in the paper that says who represents your party; it is taken late, and marked so.",
		Who: []Capacity{Head, ObserverHead}, Attested: true, Rule: "GA 27; VCR 44", Refusals: []Code{"unknown-meeting", "meeting-closed", "issuer-not-competent"}, Causes: []string{"CredentialsLodged"}, Notices: []Code{"late"}, Timed: true,
	}, func(s *State, c *Call, f *LodgeCredentials) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		switch {
		case r != nil:
			return nil, r
		case m.Closed:
			return nil, refuse("meeting-closed", "GA 27", m.MeetingConvened.Meeting)
		case !slices.Contains(competentIssuers, f.Office):
			return nil, refuse("issuer-not-competent", "GA 27", f.Office)
		}
		_, _, late := s.tooLate("credentials", m, c.At)
		return []Event{{Body: &CredentialsLodged{m.MeetingConvened.Meeting, PartyID(c.For), f.Office, f.Date, f.Paper, late}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *CredentialsLodged) {
		s.changeCredentials(b.Meeting, b.Party, h.Index, func(c *Credentials) { c.State = "lodged" })
	})
	lodged := func(s *State, c *Call, p PartyID) (Meeting, Credentials, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return m, Credentials{}, r
		}
		x, ok := s.Credentials(m.MeetingConvened.Meeting, p)
		if !ok {
			r = refuse("nothing-lodged", "GA 28", p)
		}
		return m, x, r
	}
	does(ed, Act{
		Name: "ExamineCredentials", Title: "Examine credentials", Help: "Says whether credentials are in due form, or what is wrong with them.",
		Who: []Capacity{Secretary}, Rule: "GA 28", Refusals: []Code{"unknown-meeting", "nothing-lodged"}, Causes: []string{"CredentialsExamined"},
	}, func(s *State, c *Call, f *ExamineCredentials) ([]Event, *Refusal) {
		m, _, r := lodged(s, c, f.Party)
		return []Event{{Body: &CredentialsExamined{m.MeetingConvened.Meeting, f.Party, f.Defect}}}, r
	})
	happens(ed, func(s *State, h Happened, b *CredentialsExamined) {
		s.changeCredentials(b.Meeting, b.Party, h.Index, func(c *Credentials) {
			c.State = map[bool]string{true: "examined", false: "defective"}[b.Defect == ""]
		})
	})
	does(ed, Act{
		Name: "ObjectToCredentials", Title: "Challenge credentials", Help: "Objects to the admission of a delegation; it sits provisionally, with equal rights, until the body decides.",
		Who: members, Rule: "GA 29", Refusals: []Code{"unknown-meeting", "nothing-lodged", "not-member"}, Causes: []string{"CredentialsChallenged", "PartySeatedProvisionally"},
	}, func(s *State, c *Call, f *ObjectToCredentials) ([]Event, *Refusal) {
		m, _, r := lodged(s, c, f.Party)
		if r != nil {
			return nil, r
		}
		if !s.memberAt(m, PartyID(c.For)) {
			return nil, refuse("not-member", "GA 29", c.For)
		}
		id := m.MeetingConvened.Meeting
		return []Event{{Body: &CredentialsChallenged{id, f.Party, PartyID(c.For), f.Ground}}, {Body: &PartySeatedProvisionally{id, f.Party}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *CredentialsChallenged) {
		s.changeCredentials(b.Meeting, b.Party, h.Index, func(c *Credentials) { c.Challenged = true })
	})
	happens(ed, func(*State, Happened, *PartySeatedProvisionally) {})
	deciding(ed)
}

func deciding(ed *edition) {
	does(ed, Act{
		Name: "ReportCredentials", Title: "Report on credentials", Help: "Reports to the meeting whose credentials are in due form, whose are not, and whose are missing.",
		Who: []Capacity{Secretary, Chair}, Rule: "GA 28", Refusals: []Code{"unknown-meeting", "no-examination"}, Causes: []string{"CredentialsReported"},
	}, func(s *State, c *Call, f *ReportCredentials) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return nil, r
		}
		for _, p := range f.Accepted {
			if x, _ := s.Credentials(m.MeetingConvened.Meeting, p); x.State != "examined" {
				return nil, refuse("no-examination", "GA 28", p)
			}
		}
		for _, p := range f.Provisional {
			if x, _ := s.Credentials(m.MeetingConvened.Meeting, p); x.State != "defective" && !x.Challenged {
				return nil, refuse("no-examination", "GA 28", p)
			}
		}
		return []Event{{Body: &CredentialsReported{m.MeetingConvened.Meeting, f.Accepted, f.Provisional, f.Missing}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *CredentialsReported) {
		for _, p := range slices.Concat(b.Accepted, b.Provisional) {
			s.changeCredentials(b.Meeting, p, h.Index, func(c *Credentials) { c.State = "reported" })
		}
	})
	reported := func(s *State, m Meeting, p PartyID) *Refusal {
		if x, _ := s.Credentials(m.MeetingConvened.Meeting, p); x.State != "reported" {
			return refuse("not-reported", "GA 28", p)
		}
		return nil
	}
	outcome := func(m MeetingID, p PartyID, accepted bool) []Event {
		if accepted {
			return []Event{{Body: &CredentialsAccepted{m, p}}}
		}
		return []Event{{Body: &CredentialsRejected{m, p}}}
	}
	does(ed, Act{
		Name: "DecideCredentials", Title: "Decide on credentials", Help: "The Chair declares credentials accepted or rejected where nobody objects; else the meeting votes.",
		Who: []Capacity{Chair}, Attested: true, Rule: "GA 28-29", Refusals: codes(atMeeting, "not-reported", "objection"), Causes: []string{"CredentialsAccepted", "CredentialsRejected"},
	}, func(s *State, c *Call, f *DecideCredentials) ([]Event, *Refusal) {
		m, r := s.inSession(c)
		if r == nil {
			r = reported(s, m, f.Party)
		}
		if r == nil && f.Objection != "" {
			r = refuse("objection", "GA 28", f.Objection)
		}
		return outcome(m.MeetingConvened.Meeting, f.Party, !f.Reject), r
	})
	ed.questions["credentials"] = question{
		ready: func(s *State, c *Call, m Meeting, id string) (Ask, *Refusal) {
			return Ask{Kind: "credentials"}, reported(s, m, PartyID(id))
		},
		decided: func(s *State, c *Call, m Meeting, id string, o rules.Outcome) []Event {
			return outcome(m.MeetingConvened.Meeting, PartyID(id), o == rules.Carried)
		},
	}
	happens(ed, func(s *State, h Happened, b *CredentialsAccepted) {
		s.changeCredentials(b.Meeting, b.Party, h.Index, func(c *Credentials) { c.State, c.Challenged = "accepted", false })
	})
	happens(ed, func(s *State, h Happened, b *CredentialsRejected) {
		s.changeCredentials(b.Meeting, b.Party, h.Index, func(c *Credentials) { c.State = "rejected" })
	})
}

func (b *CredentialsLodged) notice() *Refusal {
	if !b.Late {
		return nil
	}
	return refuse("late", "GA 27", b.Party)
}
