package web

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/depositary"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record"
	"kurultai/record/canonical"
)

// The API reads what the pages read, as JSON, at any index: GET /api/… with ?at=N is the record as it stood when it
// had N entries. Errors are problem details (RFC 9457) in the reader's language. /api/openapi.json describes it.

// An endpoint is one address of the API.
type endpoint struct {
	path   string // as net/http has patterns
	title  string
	query  []parameter // besides at
	result reflect.Type
	get    func(q *query) (any, error)
}

// A parameter stands in the query of an address.
type parameter struct {
	name, help string
	schema     map[string]any
}

// A query is what somebody asks the API.
type query struct {
	*http.Request
	v    View
	lang *language.Language
}

// errBadQuery says what is wrong with a parameter.
type errBadQuery struct{ name string }

func (e errBadQuery) Error() string { return "parameter " + e.name }

type (
	// HeadView is the head of the record.
	HeadView struct {
		Origin     string `json:"origin" jsonschema:"name of the record"`
		Size       int64  `json:"size" jsonschema:"number of entries"`
		Root       string `json:"root,omitempty" jsonschema:"root of the tree, base64 (RFC 6962)"`
		Key        string `json:"key" jsonschema:"verifier key of the log (signed note)"`
		Checkpoint string `json:"checkpoint,omitempty" jsonschema:"the signed note (C2SP tlog-checkpoint); absent for the past"`
		Last       string `json:"last,omitempty" jsonschema:"recorded time of the last entry"`
		Edition    int64  `json:"edition" jsonschema:"edition of the deciding code in force"`
	}
	// ProofView proves that an entry is under a head (RFC 6962 section 2.1.1).
	ProofView struct {
		Index  int64    `json:"index" jsonschema:"index of the entry"`
		Size   int64    `json:"size" jsonschema:"size of the tree"`
		Leaf   string   `json:"leaf" jsonschema:"hash of the entry, base64"`
		Hashes []string `json:"hashes" jsonschema:"audit path from the leaf up, base64"`
		Root   string   `json:"root" jsonschema:"root of the tree, base64"`
	}
	// BodyView is who keeps the record.
	BodyView struct {
		ID        string            `json:"id"`
		Names     map[string]string `json:"names" jsonschema:"by language"`
		Seat      string            `json:"seat"`
		Languages []string          `json:"languages"`
		Zone      string            `json:"zone" jsonschema:"time zone of its seat"`
		Rules     json.RawMessage   `json:"rules,omitempty" jsonschema:"rules of procedure in force"`
		RulesAt   int64             `json:"rulesAt,omitempty" jsonschema:"entry that adopted them"`
	}
	// PartyView is a member or observer.
	PartyView struct {
		ID       string            `json:"id"`
		Short    map[string]string `json:"short,omitempty" jsonschema:"short names by language"`
		Full     map[string]string `json:"full,omitempty" jsonschema:"full names by language"`
		Statuses []StatusView      `json:"statuses,omitempty"`
		Index    int64             `json:"index" jsonschema:"entry that changed it last"`
	}
	// StatusView is a party's status from a date.
	StatusView struct {
		Status   string `json:"status" jsonschema:"member or observer"`
		From     string `json:"from"`
		Basis    string `json:"basis,omitempty"`
		Meeting  string `json:"meeting,omitempty"`
		Index    int64  `json:"index"`
		Reported bool   `json:"reported,omitempty"`
	}
	// PersonView is a person, with the names published to all.
	PersonView struct {
		ID        string            `json:"id"`
		Names     map[string]string `json:"names,omitempty" jsonschema:"published names by language"`
		Forgotten bool              `json:"forgotten,omitempty"`
		Index     int64             `json:"index"`
	}
	// PasskeyView is a passkey a person is known by.
	PasskeyView struct {
		Credential    string       `json:"credential" jsonschema:"credential id, base64url"`
		Person        string       `json:"person"`
		Offices       []OfficeView `json:"offices,omitempty" jsonschema:"what the person may act as"`
		Countersigned string       `json:"countersigned,omitempty" jsonschema:"party that says it knows it; absent: enrolled by the secretariat alone"`
		Revoked       bool         `json:"revoked,omitempty"`
		Enrolled      int64        `json:"enrolled" jsonschema:"entry that enrolled it"`
		Index         int64        `json:"index" jsonschema:"entry that changed it last"`
	}
	// OfficeView is an office somebody holds.
	OfficeView struct {
		As  string `json:"as" jsonschema:"capacity"`
		For string `json:"for,omitempty" jsonschema:"party"`
	}
	// PlaceView is a city, alley, monument or hall.
	PlaceView struct {
		ID    string            `json:"id"`
		Type  string            `json:"type"`
		Party string            `json:"party,omitempty"`
		Names map[string]string `json:"names"`
		Index int64             `json:"index"`
	}
	// SourceView is what facts are drawn from.
	SourceView struct {
		ID       string `json:"id"`
		Outlet   string `json:"outlet"`
		Language string `json:"language,omitempty"`
		Address  string `json:"address,omitempty"`
		Date     string `json:"date,omitempty"`
		Index    int64  `json:"index"`
	}
	// MeetingView is a meeting as it stands.
	MeetingView struct {
		ID       string        `json:"id"`
		Ordinal  int64         `json:"ordinal,omitempty"`
		Place    string        `json:"place,omitempty"`
		From     string        `json:"from,omitempty"`
		Status   string        `json:"status" jsonschema:"convened, open, closed or reported"`
		Chair    string        `json:"chair,omitempty" jsonschema:"person in the chair"`
		Present  []string      `json:"present,omitempty" jsonschema:"parties in the room"`
		Speaking *RequestView  `json:"speaking,omitempty" jsonschema:"who has the floor"`
		Waiting  []RequestView `json:"waiting,omitempty" jsonschema:"who waits for it, in order"`
		Index    int64         `json:"index"`
	}
	// RequestView is a request for the floor.
	RequestView struct {
		ID     string `json:"id"`
		Party  string `json:"party"`
		Person string `json:"person"`
		Given  string `json:"given,omitempty"`
		Limit  int64  `json:"limit,omitempty" jsonschema:"seconds"`
		Index  int64  `json:"index"`
	}
	// FactView is an event that can be told again.
	FactView struct {
		Index   int64           `json:"index" jsonschema:"entry that holds it"`
		Place   int64           `json:"place,omitempty" jsonschema:"among its events, from 0"`
		At      string          `json:"at" jsonschema:"recorded time"`
		Event   json.RawMessage `json:"event"`
		Sources []string        `json:"sources,omitempty"`
		Agree   []int64         `json:"agree,omitempty" jsonschema:"further entries that report the same"`
	}
	// ItemView is an item of an agenda.
	ItemView struct {
		ID     string            `json:"id"`
		Title  map[string]string `json:"title" jsonschema:"by language"`
		Party  string            `json:"party,omitempty" jsonschema:"who proposed it; absent: the secretariat"`
		State  string            `json:"state" jsonschema:"proposed, open, suspended or closed"`
		Debate string            `json:"debate,omitempty" jsonschema:"adjourned or closed"`
		Index  int64             `json:"index"`
	}
	// ProposalView is a draft before a meeting.
	ProposalView struct {
		ID        string   `json:"id"`
		Item      string   `json:"item"`
		Symbol    string   `json:"symbol"`
		Text      string   `json:"text" jsonschema:"digest of the text as it stands"`
		Important bool     `json:"important,omitempty" jsonschema:"true where the rules ask more of it"`
		Sponsors  []string `json:"sponsors" jsonschema:"the first is the lead"`
		State     string   `json:"state" jsonschema:"submitted, silence, adopted, rejected, noted, deferred or withdrawn"`
		Decision  string   `json:"decision,omitempty" jsonschema:"number of the decision that adopted it"`
		Index     int64    `json:"index"`
	}
	// VoteView is a question that was put and answered.
	VoteView struct {
		Question string      `json:"question"`
		Method   string      `json:"method" jsonschema:"consensus, hands, recorded, roll-call or secret"`
		Result   *ResultView `json:"result"`
		Votes    []CastView  `json:"votes,omitempty" jsonschema:"by member, where they are recorded"`
		Order    []string    `json:"order,omitempty" jsonschema:"of a roll call, from the name drawn"`
		Index    int64       `json:"index" jsonschema:"entry that announced the result"`
	}
	// ResultView is what a meeting decided, with rule, numbers and working.
	ResultView = conference.ResultAnnounced
	// CastView is a member's vote.
	CastView struct {
		Party    string `json:"party"`
		Answer   string `json:"answer" jsonschema:"yes, no, abstain or not-participating"`
		Desk     bool   `json:"desk,omitempty" jsonschema:"true where the secretariat entered it on an instruction"`
		Intended string `json:"intended,omitempty" jsonschema:"what the member says it had meant; the count stays"`
		Index    int64  `json:"index"`
	}
	// ElectionView is an election as it stands.
	ElectionView struct {
		ID         string          `json:"id"`
		Office     string          `json:"office"`
		Places     int64           `json:"places,omitempty" jsonschema:"to fill; absent before the first ballot"`
		Ballot     int64           `json:"ballot,omitempty" jsonschema:"number of the last one"`
		Candidates []CandidateView `json:"candidates"`
		Restricted []string        `json:"restricted,omitempty" jsonschema:"candidates the next ballot is restricted to"`
		Tied       []string        `json:"tied,omitempty" jsonschema:"candidates a lot is to decide among"`
		Elected    []string        `json:"elected,omitempty"`
		Index      int64           `json:"index"`
	}
	// CandidateView is who stands in an election.
	CandidateView struct {
		ID        string `json:"id"`
		Party     string `json:"party"`
		Person    string `json:"person,omitempty"`
		Withdrawn bool   `json:"withdrawn,omitempty"`
	}
	// DelegationView is who a party sends to a meeting.
	DelegationView struct {
		Party   string       `json:"party"`
		Members []MemberView `json:"members"`
		Acting  string       `json:"acting,omitempty" jsonschema:"acting head"`
		Index   int64        `json:"index"`
	}
	// MemberView is a person of a delegation.
	MemberView struct {
		Person string `json:"person"`
		Role   string `json:"role" jsonschema:"head, delegate, alternate, adviser or staff"`
	}
	// DocumentView is a public paper.
	DocumentView struct {
		Symbol    string   `json:"symbol"`
		Type      string   `json:"type"`
		Item      string   `json:"item,omitempty"`
		Party     string   `json:"party,omitempty" jsonschema:"who submitted it; absent: the secretariat"`
		Languages []string `json:"languages" jsonschema:"in which there is a text, the original first"`
		Successor string   `json:"successor,omitempty" jsonschema:"the revision that replaces it"`
		Withdrawn bool     `json:"withdrawn,omitempty"`
		Index     int64    `json:"index"`
	}
	// InstrumentView is a text to be signed.
	InstrumentView struct {
		ID         string            `json:"id"`
		Title      map[string]string `json:"title" jsonschema:"by language"`
		Form       string            `json:"form" jsonschema:"treaty, agreement, statute, protocol, declaration or minutes"`
		Amends     string            `json:"amends,omitempty" jsonschema:"the instrument it amends"`
		Stage      string            `json:"stage" jsonschema:"on the day: not-opened, not-in-force, settled, in-force or ended"`
		Day        string            `json:"day,omitempty" jsonschema:"of its entry into force, where that is settled"`
		Ends       string            `json:"ends,omitempty" jsonschema:"the first day on which it is no longer in force, where that is settled"`
		Signatures []SignatureView   `json:"signatures,omitempty"`
		Open       bool              `json:"open,omitempty" jsonschema:"true while it is open for signature"`
		Index      int64             `json:"index"`
	}
	// TreatyView is an instrument as it stands on a day: its clause, the reckoning with its working, who is bound since when.
	TreatyView struct {
		Status paper.Status       `json:"status" jsonschema:"as treaty collections print it, in the language asked for"`
		Clause *depositary.Clause `json:"clause,omitempty" jsonschema:"when it enters into force, as data; absent: when all who may sign have consented (VCLT 24(2)), or it is known from reports alone"`
		Index  int64              `json:"index,omitempty" jsonschema:"entry that changed it last"`
	}
	// SignatureView is a party's signature.
	SignatureView struct {
		Party     string `json:"party"`
		Mode      string `json:"mode" jsonschema:"definitive, ad-referendum or as the act says"`
		Confirmed bool   `json:"confirmed,omitempty"`
	}
	// CommitmentView is what a party undertook.
	CommitmentView struct {
		ID        string         `json:"id"`
		Decision  string         `json:"decision"`
		Paragraph string         `json:"paragraph"`
		What      string         `json:"what" jsonschema:"in the words adopted"`
		Measure   string         `json:"measure,omitempty" jsonschema:"how it is seen to be done"`
		Organ     string         `json:"organ,omitempty" jsonschema:"the organ that undertook it, where no party did"`
		All       bool           `json:"all,omitempty" jsonschema:"true: all members on the day of adoption"`
		Due       string         `json:"due" jsonschema:"its day as adopted"`
		Debtors   []StandingView `json:"debtors"`
		Disputes  []DisputeView  `json:"disputes,omitempty"`
		Index     int64          `json:"index" jsonschema:"entry that changed it last"`
	}
	// StandingView is how a commitment stands with one debtor.
	StandingView struct {
		By        string         `json:"by,omitempty" jsonschema:"the party; absent: the organ"`
		Due       string         `json:"due" jsonschema:"its day as moved last by a decision"`
		Course    string         `json:"course" jsonschema:"fulfilled, done (by its own account), open, overdue or released"`
		State     string         `json:"state" jsonschema:"recorded, accepted, reported, fulfilled, overdue, escalated or released"`
		Accepted  int64          `json:"accepted,omitempty" jsonschema:"entry"`
		Reports   []ProgressView `json:"reports,omitempty"`
		Overdue   int64          `json:"overdue,omitempty" jsonschema:"entry of the Clock"`
		Fulfilled int64          `json:"fulfilled,omitempty" jsonschema:"entry"`
		Released  int64          `json:"released,omitempty" jsonschema:"entry"`
	}
	// ProgressView is a debtor's own report; papers are named where they are public.
	ProgressView struct {
		Far    string   `json:"far,omitempty" jsonschema:"by its own account: begun, partly or done"`
		Words  string   `json:"words,omitempty"`
		Papers []string `json:"papers,omitempty"`
		Late   bool     `json:"late,omitempty" jsonschema:"true: after its day"`
		Index  int64    `json:"index"`
	}
	// DisputeView is a dispute about a commitment.
	DisputeView struct {
		ID      string `json:"id"`
		By      string `json:"by"`
		About   string `json:"about,omitempty" jsonschema:"which debtor"`
		Ground  string `json:"ground" jsonschema:"record or fulfilment"`
		Words   string `json:"words"`
		Outcome string `json:"outcome,omitempty" jsonschema:"upheld, dismissed or withdrawn; absent: it is open"`
		Basis   string `json:"basis,omitempty" jsonschema:"the decision that settled it"`
		Index   int64  `json:"index"`
	}
	// CommuniqueView is a meeting told in one language.
	CommuniqueView struct {
		Title      string           `json:"title"`
		Dateline   string           `json:"dateline"`
		Paragraphs [][]SentenceView `json:"paragraphs"`
		Note       string           `json:"note,omitempty"`
	}
	// SentenceView is a sentence and the entries it was made from.
	SentenceView struct {
		Text    string  `json:"text"`
		Entries []int64 `json:"entries,omitempty"`
	}
	// Problem is an error (RFC 9457).
	Problem struct {
		Type   string   `json:"type"`
		Title  string   `json:"title"`
		Status int      `json:"status"`
		Detail string   `json:"detail,omitempty"`
		Code   string   `json:"code,omitempty" jsonschema:"refusal code, for programs"`
		Rule   string   `json:"rule,omitempty"`
		Args   []string `json:"args,omitempty" jsonschema:"what the title names, in order"`
		Remedy string   `json:"remedy,omitempty" jsonschema:"what to do about a refusal"`
	}
)

func resultOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

var endpoints = []endpoint{
	{path: "/api/record", title: "The head of the record", result: resultOf[HeadView](), get: func(q *query) (any, error) { return headView(q.v), nil }},
	{path: "/api/record/{index}", title: "One entry, as its bytes stand in the record", result: resultOf[map[string]any](), get: func(q *query) (any, error) {
		n, err := q.index()
		if err != nil {
			return nil, err
		}
		text, err := q.v.Entry(q.Context(), n)
		return json.RawMessage(text), err
	}},
	{path: "/api/record/{index}/proof", title: "The proof that an entry is under the head", result: resultOf[ProofView](), get: proofView},
	{path: "/api/body", title: "The body and its rules", result: resultOf[BodyView](), get: func(q *query) (any, error) { return bodyView(q.v), nil }},
	{path: "/api/parties", title: "Members and observers", result: resultOf[[]PartyView](), get: func(q *query) (any, error) {
		return each(q.v.State().Parties(), partyView), nil
	}},
	{path: "/api/parties/{id}", title: "One party", result: resultOf[PartyView](), get: func(q *query) (any, error) {
		p, ok := q.v.State().Party(conference.PartyID(q.PathValue("id")))
		return partyView(p), found(ok)
	}},
	{path: "/api/persons/{id}", title: "One person, with the names published to all", result: resultOf[PersonView](), get: personView},
	{path: "/api/passkeys/{id}", title: "One passkey: whose it is, and who vouches for it", result: resultOf[PasskeyView](), get: passkeyView},
	{path: "/api/places/{id}", title: "One place", result: resultOf[PlaceView](), get: func(q *query) (any, error) {
		p, ok := q.v.State().Place(conference.PlaceID(q.PathValue("id")))
		return PlaceView{string(p.Place), string(p.Type), string(p.PlaceNamed.Party), byLanguage(p.Names), p.Index}, found(ok)
	}},
	{path: "/api/sources", title: "Sources of what was reported", result: resultOf[[]SourceView](), get: func(q *query) (any, error) {
		return each(q.v.State().Sources(), func(s conference.Source) SourceView {
			return SourceView{string(s.Source), s.Outlet, string(s.Language), s.Address, string(s.Date), s.Index}
		}), nil
	}},
	{path: "/api/meetings", title: "Meetings, in order of date", result: resultOf[[]MeetingView](), get: func(q *query) (any, error) {
		return each(q.v.State().Meetings(), func(m conference.Meeting) MeetingView { return meetingView(q.v.State(), m) }), nil
	}},
	{path: "/api/meetings/{id}", title: "One meeting as it stands: who is in the room, speaks and waits", result: resultOf[MeetingView](), get: func(q *query) (any, error) {
		m, ok := q.v.State().Meeting(conference.MeetingID(q.PathValue("id")))
		return meetingView(q.v.State(), m), found(ok)
	}},
	{path: "/api/meetings/{id}/facts", title: "What happened at a meeting, in order", result: resultOf[[]FactView](), get: func(q *query) (any, error) {
		id := conference.MeetingID(q.PathValue("id"))
		_, ok := q.v.State().Meeting(id)
		return each(q.v.State().Told(id), func(f conference.Fact) FactView { return factView(q.v.State(), f) }), found(ok)
	}},
	{path: "/api/meetings/{id}/agenda", title: "The agenda of a meeting, in order", result: resultOf[[]ItemView](), get: atMeeting(func(s *conference.State, id conference.MeetingID) any {
		items, _ := s.Agenda(id)
		return each(items, func(i conference.Item) ItemView {
			return ItemView{string(i.ID), byLanguage(i.Title), string(i.Party), i.State, i.Debate, i.Index}
		})
	})},
	{path: "/api/meetings/{id}/proposals", title: "The drafts before a meeting", result: resultOf[[]ProposalView](), get: atMeeting(func(s *conference.State, id conference.MeetingID) any {
		return each(s.Proposals(id), func(p conference.Proposal) ProposalView {
			d, _ := s.Decision(p.Decision)
			return ProposalView{string(p.ID), string(p.Item), string(p.Symbol), string(p.Text), p.Important, text(p.Sponsors), p.State, d.Number, p.Index}
		})
	})},
	{path: "/api/meetings/{id}/votes", title: "What a meeting decided by vote or consensus: rule, numbers, working", result: resultOf[[]VoteView](), get: atMeeting(func(s *conference.State, id conference.MeetingID) any {
		return each(s.Results(id), func(q conference.Question) VoteView { return voteView(s, q) })
	})},
	{path: "/api/meetings/{id}/elections", title: "Elections at a meeting, and how far they came", result: resultOf[[]ElectionView](), get: atMeeting(func(s *conference.State, id conference.MeetingID) any {
		return each(s.Elections(id), func(e conference.Election) ElectionView {
			return ElectionView{string(e.ID), string(e.Office), e.Places, e.Ballot, each(e.Candidates, func(c conference.Candidate) CandidateView {
				return CandidateView{string(c.ID), string(c.Party), string(c.Person), c.Withdrawn}
			}), text(e.Restricted), text(e.Tied), text(e.Elected), e.Index}
		})
	})},
	{path: "/api/meetings/{id}/delegations", title: "Who each party sends to a meeting", result: resultOf[[]DelegationView](), get: atMeeting(func(s *conference.State, id conference.MeetingID) any {
		sent := []DelegationView{}
		for _, p := range s.Parties() {
			if d, ok := s.Delegation(id, p.ID); ok {
				sent = append(sent, DelegationView{string(p.ID), each(d.Members, func(m conference.DelegationMember) MemberView {
					return MemberView{string(m.Person), m.Role}
				}), string(d.Acting), d.Index})
			}
		}
		return sent
	})},
	{path: "/api/meetings/{id}/documents", title: "The public papers of a meeting", result: resultOf[[]DocumentView](), get: atMeeting(func(s *conference.State, id conference.MeetingID) any {
		return each(s.Documents(id, conference.Reader{}), documentView)
	})},
	{path: "/api/instruments", title: "Texts to be signed, who signed, and whether they are in force on a day", result: resultOf[[]InstrumentView](), query: []parameter{onDay}, get: func(q *query) (any, error) {
		on, err := q.day()
		return each(q.v.State().Instruments(), func(i conference.Instrument) InstrumentView { return instrumentView(q.v.State(), i, on, q.lang) }), err
	}},
	{path: "/api/instruments/{id}", title: "One instrument as it stands on a day, with its clause and the reckoning", result: resultOf[TreatyView](),
		query: []parameter{onDay, {"lang", "language; else that of Accept-Language", map[string]any{"type": "string", "enum": codes()}}}, get: treatyView},
	{path: "/api/commitments", title: "What parties undertook, and how it stands", result: resultOf[[]CommitmentView](), get: func(q *query) (any, error) {
		s := q.v.State()
		return each(s.Commitments(), func(c conference.Commitment) CommitmentView { return commitmentView(s, c) }), nil
	}},
	{path: "/api/meetings/{id}/communique", title: "A meeting told in a language", result: resultOf[CommuniqueView](),
		query: []parameter{{"lang", "language; else that of Accept-Language", map[string]any{"type": "string", "enum": codes()}}}, get: communiqueView},
	{path: "/api/acts", title: "The catalogue of acts", result: resultOf[[]ActHelp](), get: func(q *query) (any, error) {
		return each(q.v.State().Catalogue(), func(a *conference.Act) ActHelp { return Explain(a, q.lang) }), nil
	}},
	{path: "/api/acts/{act}", title: "One act: who may do it, its fields as JSON Schema, what may be answered", result: resultOf[ActHelp](), get: func(q *query) (any, error) {
		a, ok := q.v.State().Lookup(q.PathValue("act"))
		if !ok {
			return nil, errNotFound
		}
		return Explain(a, q.lang), nil
	}},
}

// atMeeting is a view of a meeting that there is.
func atMeeting(view func(*conference.State, conference.MeetingID) any) func(*query) (any, error) {
	return func(q *query) (any, error) {
		id := conference.MeetingID(q.PathValue("id"))
		_, ok := q.v.State().Meeting(id)
		return view(q.v.State(), id), found(ok)
	}
}

func voteView(s *conference.State, q conference.Question) VoteView {
	v := VoteView{Question: string(q.ID), Method: q.Method, Result: q.Result, Order: text(q.Order), Index: q.Announced}
	if q.Method == "recorded" || q.Method == "roll-call" {
		v.Votes = each(q.Votes, func(c conference.Cast) CastView {
			_, desk := s.ActedAt(c.Index)
			return CastView{string(c.Party), string(c.Answer), desk, c.Intended, c.Index}
		})
	}
	return v
}

func documentView(d conference.Document) DocumentView {
	v := DocumentView{Symbol: string(d.Symbol), Type: string(d.Type), Item: string(d.Item), Party: string(d.Party), Successor: string(d.Successor), Withdrawn: d.Withdrawn, Index: d.Index}
	for _, x := range d.Versions {
		v.Languages = append(v.Languages, string(x.Language))
	}
	return v
}

// onDay is the day of which a status is asked.
var onDay = parameter{"on", "the day, as 2027-10-14; else that of the last entry at the body's seat", map[string]any{"type": "string", "format": "date"}}

// day reads it.
func (q *query) day() (conference.Date, error) {
	last, _ := thereAt(q.v.State().Last, q.v.State().Body.Zone)
	day := cmp.Or(q.URL.Query().Get("on"), last.Format(time.DateOnly))
	if _, err := depositary.ParseDay(day); err != nil {
		return "", errBadQuery{"on"}
	}
	return conference.Date(day), nil
}

func treatyView(q *query) (any, error) {
	s, l := q.v.State(), q.lang
	if code := q.URL.Query().Get("lang"); code != "" {
		var ok bool
		if l, ok = language.Get(code); !ok {
			return nil, errBadQuery{"lang"}
		}
	}
	on, err := q.day()
	if err != nil {
		return nil, err
	}
	id := conference.InstrumentID(q.PathValue("id"))
	x, ok := paper.StatusOf(s, id, on, l)
	i, _ := s.Instrument(id)
	return TreatyView{x, i.Clause, i.Index}, found(ok)
}

func instrumentView(s *conference.State, i conference.Instrument, on conference.Date, l *language.Language) InstrumentView {
	x, _ := paper.StatusOf(s, i.Instrument, on, l)
	return InstrumentView{string(i.Instrument), byLanguage(i.Title), string(i.Form), string(i.Amends), x.Stage, string(x.Day), string(x.Ends), each(i.Signed, func(x conference.Signature) SignatureView {
		return SignatureView{string(x.Party), x.Mode, x.Confirmed > 0}
	}), i.Open, i.Index}
}

func codes() (list []any) {
	for _, l := range language.All() {
		list = append(list, l.Code)
	}
	return list
}

func found(ok bool) error {
	if !ok {
		return errNotFound
	}
	return nil
}

func each[A, B any](list []A, view func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, x := range list {
		out = append(out, view(x))
	}
	return out
}

func text[T ~string](list []T) (out []string) {
	for _, x := range list {
		out = append(out, string(x))
	}
	return out
}

func byLanguage(n conference.Names) map[string]string {
	out := map[string]string{}
	for _, name := range n {
		out[string(name.Language)] = name.Text
	}
	return out
}

// index reads the index of an entry that is there.
func (q *query) index() (int64, error) {
	s := q.PathValue("index")
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n >= q.v.State().Size || strconv.FormatInt(n, 10) != s {
		return 0, errNotFound
	}
	return n, nil
}

func headView(v View) HeadView {
	head := v.Checkpoint()
	h := HeadView{Origin: v.Origin(), Size: v.State().Size, Key: v.VerifierKey(), Checkpoint: string(head.Note), Edition: v.State().Edition}
	if h.Size > 0 {
		h.Root, h.Last = head.Root.String(), v.State().Last.String()
	}
	return h
}

func proofView(q *query) (any, error) {
	n, err := q.index()
	if err != nil {
		return nil, err
	}
	entry, err := q.v.Entry(q.Context(), n)
	if err != nil {
		return nil, err
	}
	p, err := prove(q.Context(), q.v, n, entry)
	if err != nil {
		return nil, err
	}
	head := q.v.Checkpoint()
	return ProofView{n, head.Size, p.leaf.String(), each(p.path, func(h tlog.Hash) string { return h.String() }), head.Root.String()}, nil
}

func bodyView(v View) BodyView {
	s := v.State()
	b := BodyView{ID: string(s.Body.ID), Names: byLanguage(s.Body.Names), Seat: string(s.Body.Seat), Languages: text(s.Body.Languages), Zone: s.Body.Zone, RulesAt: s.RulesAt}
	if s.RulesAt > 0 {
		b.Rules = canonical.Encode(nil, &s.Rules)
	}
	return b
}

func partyView(p conference.Party) PartyView {
	v := PartyView{ID: string(p.ID), Short: byLanguage(p.Named.Short), Full: byLanguage(p.Named.Full), Index: p.Index}
	for _, st := range p.Statuses {
		status := "observer"
		if st.Member {
			status = "member"
		}
		v.Statuses = append(v.Statuses, StatusView{status, string(st.From), string(st.Basis), string(st.Meeting), st.Index, st.Reported})
	}
	return v
}

func personView(q *query) (any, error) {
	id := conference.PersonID(q.PathValue("id"))
	p, ok := q.v.State().Person(id)
	if !ok {
		return nil, errNotFound
	}
	v := PersonView{ID: string(id), Names: map[string]string{}, Forgotten: p.Forgotten, Index: p.Index}
	for _, n := range p.Names {
		if name, ok := q.v.Name(id, n.Language); ok {
			v.Names[string(n.Language)] = name
		}
	}
	return v, nil
}

func passkeyView(q *query) (any, error) {
	st := q.v.State()
	k, ok := st.Passkey(q.PathValue("id"))
	v := PasskeyView{k.Credential, string(k.Person), nil, string(k.Countersigned), k.Revoked, k.Enrolled, k.Index}
	for _, o := range st.OfficesOf(k.Person, st.Last) {
		v.Offices = append(v.Offices, OfficeView{string(o.Capacity), string(o.For)})
	}
	return v, found(ok)
}

func requestView(r conference.Request) RequestView {
	v := RequestView{ID: string(r.ID), Party: string(r.Party), Person: string(r.Person), Limit: r.Limit, Index: r.Index}
	if r.Given > 0 {
		v.Given = r.Given.String()
	}
	return v
}

func meetingView(s *conference.State, m conference.Meeting) MeetingView {
	id := m.MeetingConvened.Meeting
	v := MeetingView{ID: string(id), Ordinal: m.Ordinal, Place: string(m.MeetingConvened.Place), From: string(m.From), Status: "convened", Chair: string(m.Chair), Present: text(m.Present()), Index: m.Index}
	switch {
	case m.Closed:
		v.Status = "closed"
	case m.InSession():
		v.Status = "open"
	case slices.ContainsFunc(s.Told(id), func(f conference.Fact) bool { return f.Kind() == "MeetingConvened" && f.Event.Reported != nil }):
		v.Status = "reported"
	}
	if r, ok := s.Speaking(id); ok {
		speaking := requestView(r)
		v.Speaking = &speaking
	}
	for _, r := range s.SpeakersList(id) {
		v.Waiting = append(v.Waiting, requestView(r))
	}
	return v
}

func factView(s *conference.State, f conference.Fact) FactView {
	return FactView{f.Index, f.Place, f.At.String(), f.Event.Append(nil), text(f.Sources(s)), f.Agree}
}

func communiqueView(q *query) (any, error) {
	id := conference.MeetingID(q.PathValue("id"))
	if _, ok := q.v.State().Meeting(id); !ok {
		return nil, errNotFound
	}
	l := q.lang
	if code := q.URL.Query().Get("lang"); code != "" {
		var ok bool
		if l, ok = language.Get(code); !ok {
			return nil, errBadQuery{"lang"}
		}
	}
	told, err := paper.Communique(q.v, id, l)
	if err != nil {
		return nil, err
	}
	v := CommuniqueView{Title: told.Title.Text, Dateline: told.Dateline.Text, Note: told.Note()}
	for _, p := range told.Paragraphs {
		v.Paragraphs = append(v.Paragraphs, each(p, func(s paper.Sentence) SentenceView { return SentenceView{s.Text, s.Entries} }))
	}
	return v, nil
}

// api answers the addresses of the API.
func (s *site) api() http.Handler {
	mux := http.NewServeMux()
	limited := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !s.callers.allow(caller(r)) {
				w.Header().Set("Retry-After", "1")
				s.problem(w, r, http.StatusTooManyRequests, "page.toomany", nil)
				return
			}
			h(w, r)
		}
	}
	for _, e := range endpoints {
		mux.HandleFunc("GET "+e.path, limited(func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, e) }))
	}
	mux.HandleFunc("GET /api/openapi.json", limited(func(w http.ResponseWriter, r *http.Request) { sendJSON(w, r, OpenAPI()) }))
	mux.HandleFunc("GET /api/{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/api/openapi.json", http.StatusSeeOther)
	})
	mux.HandleFunc("POST /api/acts/{act}", limited(s.submit))
	mux.HandleFunc("POST /api/acts/{act}/prepare", limited(s.prepare))
	mux.HandleFunc("/api/", limited(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			s.problem(w, r, http.StatusMethodNotAllowed, "page.notallowed", nil)
			return
		}
		s.problem(w, r, http.StatusNotFound, "page.notfound", nil)
	}))
	return mux
}

// maxAct is the largest act that is read: an entry's size and its disclosures.
const maxAct = 4 * record.MaxEntry

// answer answers one address.
func (s *site) answer(w http.ResponseWriter, r *http.Request, e endpoint) {
	q := &query{Request: r, v: s.record.View(), lang: s.preferred(r)}
	for name := range r.URL.Query() {
		if name != "at" && !slices.ContainsFunc(e.query, func(p parameter) bool { return p.name == name }) {
			s.problem(w, r, http.StatusBadRequest, "page.badquery", []string{name})
			return
		}
	}
	var err error
	if q.v, err = s.at(r, q.v); err == nil {
		var result any
		if result, err = e.get(q); err == nil {
			w.Header().Set("Vary", "Accept-Language")
			sendJSON(w, r, result)
			return
		}
	}
	var missing *language.MissingForm
	var bad errBadQuery
	switch {
	case errors.As(err, &bad):
		s.problem(w, r, http.StatusBadRequest, "page.badquery", []string{bad.name})
	case errors.Is(err, errNotFound), errors.Is(err, record.ErrNotFound):
		s.problem(w, r, http.StatusNotFound, "page.notfound", nil)
	case errors.As(err, &missing):
		s.problem(w, r, http.StatusNotFound, "page.untold", nil)
	case r.Context().Err() != nil:
	default:
		reference := rand.Text()[:8]
		s.log().Error("api", "reference", reference, "path", r.URL.Path, "error", err)
		s.problem(w, r, http.StatusInternalServerError, "page.fault", []string{reference})
	}
}

// at is the view a request asks for with ?at=N: the record as it stood with N entries.
func (s *site) at(r *http.Request, newest View) (View, error) {
	values := r.URL.Query()
	if !values.Has("at") {
		return newest, nil
	}
	n, err := strconv.ParseInt(values.Get("at"), 10, 64)
	if err != nil || n < 1 || n > newest.State().Size {
		return nil, errBadQuery{"at"}
	}
	return s.record.At(r.Context(), n)
}

// problem answers with a problem detail; the words stand under key, their help under key+"help" where there is one.
func (s *site) problem(w http.ResponseWriter, r *http.Request, status int, key string, args []string) {
	l := s.preferred(r)
	p := Problem{Type: "about:blank", Title: l.Say(key, args...), Status: status}
	if l.Has(key + "help") {
		p.Detail = l.Say(key+"help", args...)
	}
	s.sendProblem(w, r, p)
}

func (s *site) sendProblem(w http.ResponseWriter, r *http.Request, p Problem) {
	body, _ := json.Marshal(p)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Language", s.preferred(r).Code)
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Language")
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

func sendJSON(w http.ResponseWriter, r *http.Request, result any) {
	body, err := json.Marshal(result)
	if err != nil {
		panic(err) // the types are ours
	}
	if raw, ok := result.(json.RawMessage); ok {
		body = raw // the very bytes
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	var compressed []byte
	if len(body) > 2000 {
		compressed = zipped(body)
	}
	send(w, r, body, compressed)
}

// How often one address may ask the API: generously, for a hall is one address.
const (
	callsPerSecond = 200
	callsAtOnce    = 1000
)

// caller is the address a request came from.
func caller(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// OpenAPI describes the API (OpenAPI 3.1), with the JSON Schema of every act.
func OpenAPI() map[string]any {
	problem := map[string]any{"description": "a problem detail (RFC 9457)", "content": map[string]any{"application/problem+json": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/Problem"}}}}
	schemas := map[string]any{"Problem": Schema(reflect.TypeFor[Problem]())}
	paths := map[string]any{}
	for _, e := range endpoints {
		parameters := []any{map[string]any{"name": "at", "in": "query", "description": "the record as it stood with so many entries", "schema": map[string]any{"type": "integer", "minimum": 1}}}
		for part := range strings.SplitSeq(e.path, "/") {
			if name, ok := strings.CutPrefix(part, "{"); ok {
				parameters = append(parameters, map[string]any{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
			}
		}
		for _, p := range e.query {
			parameters = append(parameters, map[string]any{"name": p.name, "in": "query", "description": p.help, "schema": p.schema})
		}
		paths[e.path] = map[string]any{"get": map[string]any{
			"summary": e.title, "operationId": operation("get", e.path), "parameters": parameters,
			"responses": map[string]any{"200": map[string]any{"description": e.title, "content": map[string]any{"application/json": map[string]any{"schema": Schema(e.result)}}}, "default": problem},
		}}
	}
	explained := maps.Clone(paths["/api/acts/{act}"].(map[string]any)["get"].(map[string]any))
	explained["parameters"] = explained["parameters"].([]any)[:1]
	for _, a := range conference.Catalogue() {
		schemas[a.Name] = Schema(a.Fields)
		for _, suffix := range []string{"", "/prepare"} {
			summary := a.Title
			if suffix != "" {
				summary = a.Title + ": the bytes to be signed"
			}
			address := map[string]any{}
			if paths["/api/acts/"+a.Name+suffix] = address; suffix == "" {
				one := maps.Clone(explained) // what the pattern says of all acts holds of each
				one["operationId"] = operation("get", a.Name)
				address["get"] = one
			}
			address["post"] = posted(a, summary, suffix, problem)
		}
	}
	return map[string]any{
		"openapi": "3.1.0",
		"info":    map[string]any{"title": "Kurultai", "version": "1", "description": "What a record holds, at any index; and the acts it takes from those who have signed in."},
		"paths":   paths, "components": map[string]any{"schemas": schemas},
	}
}

// posted describes how an act is prepared or submitted.
func posted(a *conference.Act, summary, suffix string, problem map[string]any) map[string]any {
	body, answers := Schema(reflect.TypeFor[Submission]()), map[string]any{"default": problem}
	var in any = body
	if suffix == "" {
		answers["201"], answers["200"], answers["202"] = answer[ReceiptView]("the receipt"), answer[ReceiptView]("the first receipt, where the act had been taken before"), answer[WaitingView]("it waits for the second person")
	} else {
		asked := Schema(reflect.TypeFor[Asked]())
		delete(asked.Properties, "fields")
		properties := map[string]any{}
		for name, p := range asked.Properties {
			properties[name] = p
		}
		if properties["fields"] = map[string]any{"$ref": "#/components/schemas/" + a.Name}; a.Sealed != nil {
			properties["fields"] = map[string]any{"type": "object", "description": "as " + a.Name + ", a private value as {\"private\":value}"}
		}
		in, answers["200"] = map[string]any{"type": "object", "required": []any{"as"}, "additionalProperties": false, "properties": properties}, answer[PreparedAct]("the bytes to be signed and submitted")
	}
	return map[string]any{"summary": summary, "description": a.Help, "operationId": operation("post", a.Name+suffix), "responses": answers,
		"requestBody": map[string]any{"required": true, "content": map[string]any{"application/json": map[string]any{"schema": in}}}}
}

// answer describes an answer of type T.
func answer[T any](what string) map[string]any {
	return map[string]any{"description": what, "content": map[string]any{"application/json": map[string]any{"schema": Schema(reflect.TypeFor[T]())}}}
}

func operation(method, path string) string {
	return method + strings.Map(func(r rune) rune {
		if r == '/' || r == '{' || r == '}' {
			return '_'
		}
		return r
	}, path)
}
