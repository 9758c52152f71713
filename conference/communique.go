package conference

import (
	"slices"

	"kurultai/record"
	"kurultai/rules"
)

// communiqueState is texts agreed paragraph by paragraph, releases and records of meetings.
type communiqueState struct {
	drafts  Ordered[string, Communique]      // by meeting
	records Ordered[string, RecordOfMeeting] // by symbol
}

// A Communique is the text a meeting agrees on, paragraph by paragraph.
type Communique struct {
	Paragraphs []Paragraph
	Agreed     []NoteID
	Brackets   []Bracket
	Approved   bool
	Published  []Language
	Index      int64 // entry that changed it last
}

// A Paragraph rests on entries of the record.
type Paragraph struct {
	Paragraph NoteID  `json:"paragraph" jsonschema:"id of the paragraph"`
	Entries   []int64 `json:"entries" jsonschema:"entries it tells"`
}

// A Bracket is words a party does not agree to, in the communiqué or in a draft.
type Bracket struct {
	Bracket   NoteID
	Paragraph NoteID
	Party     PartyID
	Text      string
	Placed    int64 // entry that placed it
	Resolved  int64 // entry by which its party took it away; 0: it stands
}

// inBrackets is the first bracket of a list that stands, of any paragraph ("") or of one.
func inBrackets(list []Bracket, of NoteID) (Bracket, bool) {
	at := slices.IndexFunc(list, func(b Bracket) bool { return b.Resolved == 0 && (of == "" || b.Paragraph == of) })
	if at < 0 {
		return Bracket{}, false
	}
	return list[at], true
}

// resolved is a list with a bracket taken away.
func resolved(list []Bracket, id NoteID, index int64) []Bracket {
	list = slices.Clone(list)
	for i := range list {
		if list[i].Bracket == id && list[i].Resolved == 0 {
			list[i].Resolved = index
		}
	}
	return list
}

// A RecordOfMeeting is a provisional or final record (GA 58).
type RecordOfMeeting struct {
	Until Date // corrections are taken until then
	Final bool
	Index int64
}

type (
	// DraftCommunique drafts the text from what the record holds.
	DraftCommunique struct {
		Paragraphs []Paragraph `json:"paragraphs" jsonschema:"in order, each with the entries it tells"`
	}
	// CommuniqueDrafted is what DraftCommunique causes.
	CommuniqueDrafted struct {
		Meeting    MeetingID   `json:"meeting"`
		Paragraphs []Paragraph `json:"paragraphs"`
	}
	// AgreeParagraph agrees to a paragraph.
	AgreeParagraph struct {
		Paragraph NoteID `json:"paragraph" jsonschema:"id of the paragraph; of a draft its name, as op2"`
		Symbol    Symbol `json:"symbol,omitempty" jsonschema:"the draft; absent: the communiqué"`
	}
	// ParagraphAgreed is what AgreeParagraph causes.
	ParagraphAgreed struct {
		Meeting   MeetingID `json:"meeting"`
		Paragraph NoteID    `json:"paragraph"`
		Symbol    Symbol    `json:"symbol,omitempty"`
	}
	// BracketText puts words in brackets that your party does not agree to.
	BracketText struct {
		Bracket   NoteID `json:"bracket" jsonschema:"id of the bracket"`
		Paragraph NoteID `json:"paragraph" jsonschema:"which paragraph; of a draft its name, as op2"`
		Text      string `json:"text" jsonschema:"the words in brackets"`
		Symbol    Symbol `json:"symbol,omitempty" jsonschema:"the draft; absent: the communiqué"`
	}
	// TextBracketed is what BracketText causes.
	TextBracketed struct {
		Meeting   MeetingID `json:"meeting"`
		Bracket   NoteID    `json:"bracket"`
		Paragraph NoteID    `json:"paragraph"`
		Party     PartyID   `json:"party"`
		Text      string    `json:"text"`
		Symbol    Symbol    `json:"symbol,omitempty"`
	}
	// ResolveBracket takes a bracket away.
	ResolveBracket struct {
		Bracket NoteID `json:"bracket" jsonschema:"id of the bracket"`
		Symbol  Symbol `json:"symbol,omitempty" jsonschema:"the draft; absent: the communiqué"`
	}
	// BracketResolved is what ResolveBracket causes.
	BracketResolved struct {
		Meeting MeetingID `json:"meeting"`
		Bracket NoteID    `json:"bracket"`
		Symbol  Symbol    `json:"symbol,omitempty"`
	}
	// ApproveCommunique approves the text where nobody objects.
	ApproveCommunique struct {
		Objection PartyID `json:"objection,omitempty" jsonschema:"a member that objects, so that the meeting votes"`
	}
	// CommuniqueApproved is what ApproveCommunique, or a vote, causes.
	CommuniqueApproved struct {
		Meeting MeetingID `json:"meeting"`
	}
	// Publish publishes the approved text in a language.
	Publish struct {
		Language Language      `json:"language" jsonschema:"its language"`
		Text     record.Digest `json:"text" jsonschema:"SHA-256 of what is published"`
		Embargo  Date          `json:"embargo,omitempty" jsonschema:"not before this day"`
	}
	// ReleasePublished is what Publish causes.
	ReleasePublished struct {
		Meeting  MeetingID     `json:"meeting"`
		Language Language      `json:"language"`
		Text     record.Digest `json:"text"`
	}
	// RetractRelease takes a release back, and says why. Who has it keeps it.
	RetractRelease struct {
		Language Language `json:"language" jsonschema:"its language"`
		Why      string   `json:"why" jsonschema:"why, in a sentence"`
	}
	// ReleaseRetracted is what RetractRelease causes.
	ReleaseRetracted struct {
		Meeting  MeetingID `json:"meeting"`
		Language Language  `json:"language"`
		Why      string    `json:"why"`
	}
	// IssueProvisionalRecord issues the record of a meeting, for correction.
	IssueProvisionalRecord struct {
		Symbol Symbol `json:"symbol" jsonschema:"the paper"`
		Until  Date   `json:"until" jsonschema:"last day for corrections"`
	}
	// RecordIssued is what IssueProvisionalRecord causes.
	RecordIssued struct {
		Meeting MeetingID `json:"meeting"`
		Symbol  Symbol    `json:"symbol"`
		Until   Date      `json:"until"`
	}
	// CorrectRecord corrects what the record says of your delegation.
	CorrectRecord struct {
		Symbol Symbol `json:"symbol" jsonschema:"the record"`
		Line   string `json:"line" jsonschema:"where, as page 3 line 12"`
		Letter Symbol `json:"letter" jsonschema:"the paper that says what is to stand there"`
	}
	// RecordCorrected is what CorrectRecord causes.
	RecordCorrected struct {
		Symbol Symbol  `json:"symbol"`
		Party  PartyID `json:"party"`
		Line   string  `json:"line"`
		Letter Symbol  `json:"letter"`
	}
	// FinaliseRecord makes the record final, when the time for corrections is over.
	FinaliseRecord struct {
		Symbol Symbol `json:"symbol" jsonschema:"the record"`
	}
	// RecordFinalised is what FinaliseRecord causes.
	RecordFinalised FinaliseRecord
)

func (s *State) changeCommunique(m MeetingID, index int64, change func(*Communique)) {
	c := s.communique.drafts.At(string(m))
	change(&c)
	c.Index = index
	s.communique.drafts = s.communique.drafts.Set(string(m), c)
}

// text is the communiqué under way at the meeting of an act.
func (s *State) text(c *Call) (Meeting, Communique, *Refusal) {
	m, r := s.meetingOf(c)
	if r != nil {
		return m, Communique{}, r
	}
	x, ok := s.communique.drafts.Get(c.Meeting)
	switch {
	case !ok:
		r = refuse("no-draft", "practice", c.Meeting)
	case x.Approved:
		r = refuse("already-approved", "practice", c.Meeting)
	}
	return m, x, r
}

// A wording is a text that is agreed paragraph by paragraph: the communiqué, or a draft whose paragraphs the record names.
type wording struct {
	paragraphs []NoteID
	brackets   []Bracket
}

// wordingOf is the communiqué of the meeting of an act, or its draft under a symbol.
func (s *State) wordingOf(c *Call, symbol Symbol) (m Meeting, w wording, r *Refusal) {
	if symbol == "" {
		m, x, r := s.text(c)
		for _, p := range x.Paragraphs {
			w.paragraphs = append(w.paragraphs, p.Paragraph)
		}
		w.brackets = x.Brackets
		return m, w, r
	}
	if m, r = s.meetingOf(c); r != nil {
		return m, w, r
	}
	d, r := s.paper(symbol)
	switch {
	case r != nil:
	case d.Meeting != m.MeetingConvened.Meeting:
		r = refuse("unknown-symbol", "symbols are given once", symbol)
	case d.Successor != "":
		r = refuse("superseded", "symbols are given once", symbol, d.Successor)
	}
	if r != nil {
		return m, w, r
	}
	return m, wording{d.Versions[0].Paragraphs, d.Brackets}, nil
}

// changeWording changes what is agreed and bracketed in the communiqué of a meeting, or in a draft.
func (s *State) changeWording(m MeetingID, symbol Symbol, index int64, change func(agreed *[]NoteID, brackets *[]Bracket)) {
	if symbol == "" {
		s.changeCommunique(m, index, func(c *Communique) { change(&c.Agreed, &c.Brackets) })
		return
	}
	d := s.documents.papers.At(string(symbol))
	change(&d.Agreed, &d.Brackets)
	s.setDocument(d, index)
}

func communique(ed *edition) {
	ed.thing("communique", func(s *State, id string) (int64, bool) { c, ok := s.communique.drafts.Get(id); return c.Index, ok })
	does(ed, Act{
		Name: "DraftCommunique", Title: "Draft the communiqué", Help: "Drafts the text of the meeting from entries of the record: it tells nothing the record does not hold.",
		Who: []Capacity{Secretary}, Rule: "practice", Refusals: []Code{"unknown-meeting", "names-unrecorded-fact", "already-approved"}, Causes: []string{"CommuniqueDrafted"},
	}, func(s *State, c *Call, f *DraftCommunique) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r != nil {
			return nil, r
		}
		if s.communique.drafts.At(c.Meeting).Approved {
			return nil, refuse("already-approved", "practice", c.Meeting)
		}
		for _, p := range f.Paragraphs {
			for _, i := range p.Entries {
				if i < 1 || i >= s.Size {
					return nil, refuse("names-unrecorded-fact", "practice", p.Paragraph, i)
				}
			}
		}
		return []Event{{Body: &CommuniqueDrafted{m.MeetingConvened.Meeting, f.Paragraphs}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *CommuniqueDrafted) {
		s.changeCommunique(b.Meeting, h.Index, func(c *Communique) { *c = Communique{Paragraphs: b.Paragraphs} })
	})
	agreeing(ed)
	approving(ed)
	records(ed)
}

// onWording may be met by every act about a paragraph.
var onWording = []Code{"unknown-meeting", "no-draft", "already-approved", "unknown-symbol", "superseded"}

func agreeing(ed *edition) {
	does(ed, Act{
		Name: "AgreeParagraph", Title: "Agree a paragraph", Help: "The Chair notes that a paragraph is agreed: nothing in it stands in brackets.",
		Who: []Capacity{Chair}, Rule: "practice", Refusals: codes(onWording, "unknown-paragraph", "brackets-remain"), Causes: []string{"ParagraphAgreed"},
	}, func(s *State, c *Call, f *AgreeParagraph) ([]Event, *Refusal) {
		m, x, r := s.wordingOf(c, f.Symbol)
		if r != nil {
			return nil, r
		}
		if !slices.Contains(x.paragraphs, f.Paragraph) {
			return nil, refuse("unknown-paragraph", "practice", f.Paragraph)
		}
		if b, ok := inBrackets(x.brackets, f.Paragraph); ok {
			return nil, refuse("brackets-remain", "practice", b.Bracket)
		}
		return []Event{{Body: &ParagraphAgreed{m.MeetingConvened.Meeting, f.Paragraph, f.Symbol}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *ParagraphAgreed) {
		s.changeWording(b.Meeting, b.Symbol, h.Index, func(agreed *[]NoteID, _ *[]Bracket) { *agreed = append(slices.Clone(*agreed), b.Paragraph) })
	})
	does(ed, Act{
		Name: "BracketText", Title: "Put in brackets", Help: "Puts words of a paragraph in brackets that your party does not agree to.",
		Who: members, Rule: "practice", Refusals: codes(onWording, "observer-may-not", "credentials-rejected", "unknown-paragraph", "id-taken"), Causes: []string{"TextBracketed"},
	}, func(s *State, c *Call, f *BracketText) ([]Event, *Refusal) {
		m, x, r := s.wordingOf(c, f.Symbol)
		if r == nil {
			r = s.member(c, m, "practice")
		}
		switch {
		case r != nil:
		case !slices.Contains(x.paragraphs, f.Paragraph):
			r = refuse("unknown-paragraph", "practice", f.Paragraph)
		case slices.ContainsFunc(x.brackets, func(b Bracket) bool { return b.Bracket == f.Bracket }):
			r = refuse("id-taken", "doc/record.md 5", f.Bracket)
		}
		return []Event{{Body: &TextBracketed{m.MeetingConvened.Meeting, f.Bracket, f.Paragraph, PartyID(c.For), f.Text, f.Symbol}}}, r
	})
	happens(ed, func(s *State, h Happened, b *TextBracketed) {
		s.changeWording(b.Meeting, b.Symbol, h.Index, func(_ *[]NoteID, brackets *[]Bracket) {
			*brackets = append(slices.Clone(*brackets), Bracket{b.Bracket, b.Paragraph, b.Party, b.Text, h.Index, 0})
		})
	})
	does(ed, Act{
		Name: "ResolveBracket", Title: "Take a bracket away", Help: "Takes your party's bracket away: it agrees to the words now, or to others.",
		Who: members, Rule: "practice", Refusals: codes(onWording, "not-bracketer"), Causes: []string{"BracketResolved"},
	}, func(s *State, c *Call, f *ResolveBracket) ([]Event, *Refusal) {
		m, x, r := s.wordingOf(c, f.Symbol)
		if r == nil && !slices.ContainsFunc(x.brackets, func(b Bracket) bool {
			return b.Bracket == f.Bracket && b.Resolved == 0 && b.Party == PartyID(c.For)
		}) {
			r = refuse("not-bracketer", "practice", f.Bracket)
		}
		return []Event{{Body: &BracketResolved{m.MeetingConvened.Meeting, f.Bracket, f.Symbol}}}, r
	})
	happens(ed, func(s *State, h Happened, b *BracketResolved) {
		s.changeWording(b.Meeting, b.Symbol, h.Index, func(_ *[]NoteID, brackets *[]Bracket) { *brackets = resolved(*brackets, b.Bracket, h.Index) })
	})
}

func approving(ed *edition) {
	ready := func(x Communique) *Refusal {
		if b, ok := inBrackets(x.Brackets, ""); ok {
			return refuse("brackets-remain", "practice", b.Bracket)
		}
		return nil
	}
	does(ed, Act{
		Name: "ApproveCommunique", Title: "Approve the communiqué", Help: "The Chair declares the text approved where nobody objects.",
		Who: []Capacity{Chair}, Attested: true, Rule: "practice", Refusals: []Code{"unknown-meeting", "no-draft", "already-approved", "brackets-remain", "objection"}, Causes: []string{"CommuniqueApproved"},
	}, func(s *State, c *Call, f *ApproveCommunique) ([]Event, *Refusal) {
		m, x, r := s.text(c)
		if r == nil {
			r = ready(x)
		}
		if r == nil && f.Objection != "" {
			r = refuse("objection", "practice", f.Objection)
		}
		return []Event{{Body: &CommuniqueApproved{m.MeetingConvened.Meeting}}}, r
	})
	ed.questions["communique"] = question{
		ready: func(s *State, c *Call, m Meeting, id string) (Ask, *Refusal) {
			_, x, r := s.text(c)
			if r == nil {
				r = ready(x)
			}
			return Ask{Kind: "communique"}, r
		},
		decided: func(s *State, c *Call, m Meeting, id string, o rules.Outcome) []Event {
			if o != rules.Carried {
				return nil
			}
			return []Event{{Body: &CommuniqueApproved{m.MeetingConvened.Meeting}}}
		},
	}
	happens(ed, func(s *State, h Happened, b *CommuniqueApproved) {
		s.changeCommunique(b.Meeting, h.Index, func(c *Communique) { c.Approved = true })
	})
	does(ed, Act{
		Name: "Publish", Title: "Publish", Help: "Publishes the approved text in a language, not before its embargo ends.",
		Who: []Capacity{Press, Secretary}, Rule: "practice", Refusals: []Code{"unknown-meeting", "not-approved", "embargo"}, Causes: []string{"ReleasePublished"}, Timed: true,
	}, func(s *State, c *Call, f *Publish) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		switch {
		case r != nil:
		case !s.communique.drafts.At(c.Meeting).Approved:
			r = refuse("not-approved", "practice", c.Meeting)
		case f.Embargo != "" && f.Embargo.begins() > c.At:
			r = refuse("embargo", "practice", f.Embargo)
		}
		return []Event{{Body: &ReleasePublished{m.MeetingConvened.Meeting, f.Language, f.Text}}}, r
	})
	happens(ed, func(s *State, h Happened, b *ReleasePublished) {
		s.changeCommunique(b.Meeting, h.Index, func(c *Communique) { c.Published = append(slices.Clone(c.Published), b.Language) })
	})
	does(ed, Act{
		Name: "RetractRelease", Title: "Retract a release", Help: "Takes a release back and says why; who has it keeps it.",
		Who: []Capacity{Press, Secretary}, Rule: "practice", Refusals: []Code{"unknown-meeting", "nothing-published"}, Causes: []string{"ReleaseRetracted"},
	}, func(s *State, c *Call, f *RetractRelease) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r == nil && !slices.Contains(s.communique.drafts.At(c.Meeting).Published, f.Language) {
			r = refuse("nothing-published", "practice", f.Language)
		}
		return []Event{{Body: &ReleaseRetracted{m.MeetingConvened.Meeting, f.Language, f.Why}}}, r
	})
	happens(ed, func(s *State, h Happened, b *ReleaseRetracted) {
		s.changeCommunique(b.Meeting, h.Index, func(c *Communique) {
			c.Published = slices.DeleteFunc(slices.Clone(c.Published), func(l Language) bool { return l == b.Language })
		})
	})
}

// records is the acts around the records of meetings.
func records(ed *edition) {
	does(ed, Act{
		Name: "IssueProvisionalRecord", Title: "Issue a provisional record", Help: "Issues the record of a meeting, to be corrected until a day.",
		Who: []Capacity{Secretary}, Rule: "GA 58-59", Refusals: []Code{"unknown-meeting", "unknown-symbol", "already-issued"}, Causes: []string{"RecordIssued"},
	}, func(s *State, c *Call, f *IssueProvisionalRecord) ([]Event, *Refusal) {
		m, r := s.meetingOf(c)
		if r == nil {
			_, r = s.paper(f.Symbol)
		}
		if r == nil && s.communique.records.Has(string(f.Symbol)) {
			r = refuse("already-issued", "GA 58", f.Symbol)
		}
		return []Event{{Body: &RecordIssued{m.MeetingConvened.Meeting, f.Symbol, f.Until}}}, r
	})
	happens(ed, func(s *State, h Happened, b *RecordIssued) {
		s.communique.records = s.communique.records.Set(string(b.Symbol), RecordOfMeeting{b.Until, false, h.Index})
	})
	issued := func(s *State, symbol Symbol) (RecordOfMeeting, *Refusal) {
		x, ok := s.communique.records.Get(string(symbol))
		if !ok || x.Final {
			return x, refuse("no-provisional-record", "GA 58", symbol)
		}
		return x, nil
	}
	does(ed, Act{
		Name: "CorrectRecord", Title: "Correct the record", Help: "Corrects what the provisional record says of your delegation, in time.",
		Who: []Capacity{Head, Delegate, ObserverHead}, Rule: "GA 59", Refusals: []Code{"no-provisional-record", "after-correction-period", "unknown-symbol"}, Causes: []string{"RecordCorrected"}, Timed: true,
	}, func(s *State, c *Call, f *CorrectRecord) ([]Event, *Refusal) {
		x, r := issued(s, f.Symbol)
		if r == nil && c.At >= x.Until.begins().AddHours(24) {
			r = refuse("after-correction-period", "GA 59", x.Until)
		}
		if r == nil {
			_, r = s.paper(f.Letter)
		}
		return []Event{{Body: &RecordCorrected{f.Symbol, PartyID(c.For), f.Line, f.Letter}}}, r
	})
	happens(ed, func(*State, Happened, *RecordCorrected) {})
	does(ed, Act{
		Name: "FinaliseRecord", Title: "Finalise the record", Help: "Makes the record of a meeting final, when the time for corrections is over.",
		Who: []Capacity{Secretary}, Rule: "GA 59", Refusals: []Code{"no-provisional-record", "period-running"}, Causes: []string{"RecordFinalised"}, Timed: true,
	}, func(s *State, c *Call, f *FinaliseRecord) ([]Event, *Refusal) {
		x, r := issued(s, f.Symbol)
		if r == nil && c.At < x.Until.begins().AddHours(24) {
			r = refuse("period-running", "GA 59", x.Until)
		}
		e := RecordFinalised(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *RecordFinalised) {
		x := s.communique.records.At(string(b.Symbol))
		x.Final, x.Index = true, h.Index
		s.communique.records = s.communique.records.Set(string(b.Symbol), x)
	})
}
