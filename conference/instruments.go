package conference

import (
	"slices"
	"strings"

	treaty "kurultai/depositary"
	"kurultai/record"
)

// instrumentsState is texts to be signed, powers and signatures.
type instrumentsState struct {
	all    Ordered[string, Instrument]
	powers Ordered[string, FullPowers] // by instrument and person
}

// An Instrument is a text to be signed: a treaty, agreement, statute, protocol or declaration.
type Instrument struct {
	InstrumentOpened
	Texts      []AuthenticText
	Initialled []PartyID
	Open       bool // for signature
	From       Date
	Until      Date
	Place      PlaceID
	Signed     []Signature
	Paper      int64 // entry that issued the paper on which it is signed, or 0
	Issue      PaperIssued
	Pen        Pen       // who is to sign on it
	Entered    []Entered // signatures on it, in the order in which they were given
	Begun      int64     // entry that entered it
	BegunAt    record.Instant
	Index      int64 // entry that changed it last
}

// A Signature is a party's.
type Signature struct {
	Party     PartyID
	Person    PersonID
	Mode      string
	ExOfficio Term  // the office by which it needed no full powers, as its signer attested; or ""
	Confirmed int64 // entry that confirmed what was signed ad referendum, or 0
	Index     int64 // entry that holds it

	At, ConfirmedAt record.Instant // when those entries were recorded
}

// FullPowers let a person sign one instrument (VCLT 2(1)(c), 7).
type FullPowers struct {
	Person PersonID
	Party  PartyID
	Covers []string
	State  string // deposited, accepted or returned
	Index  int64
}

// An AuthenticText is an instrument's text in one language.
type AuthenticText struct {
	Language   Language    `json:"language" jsonschema:"its language"`
	Text       record.Blob `json:"text" jsonschema:"the text, as a file (plain text in UTF-8, an empty line between paragraphs)"`
	Paragraphs int64       `json:"paragraphs" jsonschema:"how many paragraphs it has"`
}

// maxSigners is how many persons sign for a party at most.
const maxSigners = 9

// modes are the ways in which a party signs (VCLT 12, 14).
var modes = []string{"definitive", "subject-to-ratification", "ad-referendum"}

// SignersFor is how many persons sign for a party.
func (i Instrument) SignersFor(p PartyID) int {
	for _, x := range i.Signers {
		if x.Party == p {
			return int(x.Count)
		}
	}
	return 1
}

// SignedBy are the signatures given for a party, in the order in which they were.
func (i Instrument) SignedBy(p PartyID) (list []Signature) {
	for _, x := range i.Signed {
		if x.Party == p {
			list = append(list, x)
		}
	}
	return list
}

// Completes reports whether with the nth signature all who sign for its party have signed: that is when the party has.
func (i Instrument) Completes(n int) bool {
	party, count := i.Signed[n].Party, 0
	for _, x := range i.Signed[:n+1] {
		if x.Party == party {
			count++
		}
	}
	return count == i.SignersFor(party)
}

// SignedParties counts the parties for which all who sign have signed.
func (i Instrument) SignedParties() (n int) {
	for _, p := range i.Signatories {
		if len(i.SignedBy(p)) == i.SignersFor(p) {
			n++
		}
	}
	return n
}

// signedAs reports whether a person has signed for a party.
func (i Instrument) signedAs(p PartyID, person PersonID) bool {
	return slices.ContainsFunc(i.Signed, func(x Signature) bool { return x.Party == p && x.Person == person })
}

// declared refuses an office, by which somebody would sign without full powers, where a delegation's list gives the person
// another (VCLT 7(2)(a)).
func (s *State) declared(p PartyID, person PersonID, office Term) *Refusal {
	for _, d := range s.delegations.all.All() {
		for _, m := range d.Members {
			if d.Party == p && m.Person == person && m.Office != "" && m.Office != office {
				return refuse("no-full-powers", "VCLT 7(2)(a)", person)
			}
		}
	}
	return nil
}

// Instruments lists texts to be signed, in order of id.
func (s *State) Instruments() (list []Instrument) {
	for _, i := range s.instruments.all.All() {
		list = append(list, i)
	}
	return list
}

// Powers lists the full powers deposited for an instrument, in order of person.
func (s *State) Powers(id InstrumentID) (list []FullPowers) {
	for key, x := range s.instruments.powers.From(string(id) + "/") {
		if !strings.HasPrefix(key, string(id)+"/") {
			break
		}
		list = append(list, x)
	}
	return list
}

// Instrument returns an instrument.
func (s *State) Instrument(id InstrumentID) (Instrument, bool) {
	return s.instruments.all.Get(string(id))
}

type (
	// OpenInstrument enters a text that is to be signed.
	OpenInstrument struct {
		Instrument  InstrumentID   `json:"instrument" jsonschema:"id of the instrument"`
		Title       Names          `json:"title" jsonschema:"pairs of language and title"`
		Form        Term           `json:"form" jsonschema:"treaty, agreement, statute, protocol, declaration or minutes: it says which law governs"`
		Subject     Term           `json:"subject" jsonschema:"what it is about"`
		Languages   []Language     `json:"languages" jsonschema:"its authentic languages"`
		Decision    DecisionID     `json:"decision" jsonschema:"the decision that adopted its text"`
		Signatories []PartyID      `json:"signatories" jsonschema:"who may sign"`
		Powers      bool           `json:"powers,omitempty" jsonschema:"true where full powers are asked"`
		Signers     []SignersOf    `json:"signers,omitempty" jsonschema:"parties for which more than one person signs"`
		Clause      *treaty.Clause `json:"clause,omitempty" jsonschema:"when it enters into force, as data; absent: when all who may sign have consented (VCLT 24(2))"`
		Amends      InstrumentID   `json:"amends,omitempty" jsonschema:"the instrument it amends (VCLT 39-41)"`
	}
	// SignersOf says how many persons sign for a party, each in its own name.
	SignersOf struct {
		Party PartyID `json:"party" jsonschema:"one of the signatories"`
		Count int64   `json:"persons" jsonschema:"how many persons, 2 to 9"`
	}
	// InstrumentOpened is what OpenInstrument causes.
	InstrumentOpened OpenInstrument
	// InstrumentAmendmentAdopted says of an instrument that another amends it (VCLT 39-41): whoever consents to that one is bound by
	// both as they are read together, everybody else by the first alone.
	InstrumentAmendmentAdopted struct {
		Instrument InstrumentID `json:"instrument"`
		Amendment  InstrumentID `json:"amendment"`
		Decision   DecisionID   `json:"decision"`
	}
	// AuthenticateText says that the texts are authentic and final (VCLT 10).
	AuthenticateText struct {
		Instrument InstrumentID    `json:"instrument" jsonschema:"id of the instrument"`
		Texts      []AuthenticText `json:"texts" jsonschema:"one in each authentic language"`
	}
	// TextAuthenticated is what AuthenticateText causes.
	TextAuthenticated AuthenticateText
	// InitialText initials the text for your party: it authenticates and does not bind.
	InitialText struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
	}
	// Initialled is what InitialText causes.
	Initialled struct {
		Instrument InstrumentID `json:"instrument"`
		Party      PartyID      `json:"party"`
		Person     PersonID     `json:"person"`
	}
	// DepositFullPowers hands a person's full powers in.
	DepositFullPowers struct {
		Instrument InstrumentID  `json:"instrument" jsonschema:"id of the instrument"`
		Person     PersonID      `json:"person" jsonschema:"who may sign"`
		Covers     []string      `json:"covers" jsonschema:"definitive, subject-to-ratification, ad-referendum"`
		Office     Term          `json:"office" jsonschema:"who signed them: head-of-state, head-of-government or foreign-minister"`
		Paper      record.Digest `json:"paper" jsonschema:"SHA-256 of the scan"`
	}
	// FullPowersDeposited is what DepositFullPowers causes.
	FullPowersDeposited struct {
		Instrument InstrumentID  `json:"instrument"`
		Party      PartyID       `json:"party"`
		Person     PersonID      `json:"person"`
		Covers     []string      `json:"covers"`
		Office     Term          `json:"office"`
		Paper      record.Digest `json:"paper"`
	}
	// ExaminePowers says whether full powers are in due form.
	ExaminePowers struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		Person     PersonID     `json:"person" jsonschema:"whose powers"`
		Defect     string       `json:"defect,omitempty" jsonschema:"what is wrong; absent: in due form"`
	}
	// FullPowersAccepted is what ExaminePowers causes.
	FullPowersAccepted struct {
		Instrument InstrumentID `json:"instrument"`
		Person     PersonID     `json:"person"`
	}
	// FullPowersReturned is what ExaminePowers causes, where they are not in due form.
	FullPowersReturned struct {
		Instrument InstrumentID `json:"instrument"`
		Person     PersonID     `json:"person"`
		Why        string       `json:"why"`
	}
	// OpenForSignature opens the instrument for signature.
	OpenForSignature struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		From       Date         `json:"from" jsonschema:"first day"`
		Until      Date         `json:"until,omitempty" jsonschema:"last day"`
		Place      PlaceID      `json:"place" jsonschema:"where"`
	}
	// OpenedForSignature is what OpenForSignature causes.
	OpenedForSignature OpenForSignature
	// CloseForSignature ends the signing.
	CloseForSignature struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
	}
	// ClosedForSignature is what CloseForSignature causes.
	ClosedForSignature CloseForSignature
	// Sign signs for your party. Nobody signs for another.
	Sign struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		Mode       string       `json:"mode" jsonschema:"definitive, subject-to-ratification or ad-referendum"`
		ExOfficio  Term         `json:"exOfficio,omitempty" jsonschema:"for who needs no powers: head-of-state, head-of-government or foreign-minister"`
	}
	// SignatureGiven is what Sign causes; the last of all causes InstrumentSigned too.
	SignatureGiven struct {
		Instrument InstrumentID `json:"instrument"`
		Party      PartyID      `json:"party"`
		Person     PersonID     `json:"person"`
		Mode       string       `json:"mode"`
		ExOfficio  Term         `json:"exOfficio,omitempty"`
	}
	// ConfirmSignature confirms what was signed ad referendum.
	ConfirmSignature struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
	}
	// SignatureConfirmed is what ConfirmSignature causes.
	SignatureConfirmed struct {
		Instrument InstrumentID `json:"instrument"`
		Party      PartyID      `json:"party"`
	}
)

func (s *State) changeInstrument(id InstrumentID, index int64, change func(*Instrument)) {
	i := s.instruments.all.At(string(id))
	change(&i)
	i.Index = index
	s.instruments.all = s.instruments.all.Set(string(id), i)
}

// instrument is one that is there.
func (s *State) instrument(id InstrumentID) (Instrument, *Refusal) {
	i, ok := s.Instrument(id)
	if !ok {
		return i, refuse("unknown-instrument", "VCLT 2", id)
	}
	return i, nil
}

func instruments(ed *edition) {
	ed.thing("instrument", func(s *State, id string) (int64, bool) { i, ok := s.instruments.all.Get(id); return i.Index, ok })
	does(ed, Act{
		Name: "OpenInstrument", Title: "Open an instrument", Help: "Enters a text that is to be signed, adopted by a decision of the body.",
		Who: []Capacity{Secretary}, Rule: "VCLT 9", Refusals: []Code{"id-taken", "no-adopted-text", "unknown-party", "missing-language", "nothing-to-amend", "unknown-group"}, Causes: []string{"InstrumentOpened", "InstrumentAmendmentAdopted"},
	}, func(s *State, c *Call, f *OpenInstrument) ([]Event, *Refusal) {
		if s.instruments.all.Has(string(f.Instrument)) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Instrument)
		}
		if !s.Decided(f.Decision) {
			return nil, refuse("no-adopted-text", "VCLT 9", f.Decision)
		}
		for _, p := range f.Signatories {
			if !s.parties.Has(string(p)) {
				return nil, refuse("unknown-party", "VCLT 9", p)
			}
		}
		if r := s.allLanguages(f.Title); r != nil {
			return nil, r
		}
		for n, x := range f.Signers {
			if !slices.Contains(f.Signatories, x.Party) {
				return nil, refuse("unknown-party", "VCLT 9", x.Party)
			}
			if x.Count < 2 || x.Count > maxSigners || slices.ContainsFunc(f.Signers[:n], func(y SignersOf) bool { return y.Party == x.Party }) {
				return nil, refuse("malformed", "doc/record.md 2", "signers")
			}
		}
		if f.Amends != "" && !s.instruments.all.Has(string(f.Amends)) {
			return nil, refuse("nothing-to-amend", "VCLT 39-41", f.Amends)
		}
		if f.Clause != nil {
			if name, ok := f.Clause.Unknown(); ok {
				return nil, refuse("unknown-group", "VCLT 24", name)
			}
		}
		e := InstrumentOpened(*f)
		events := []Event{{Body: &e}}
		if f.Amends != "" {
			events = append(events, Event{Body: &InstrumentAmendmentAdopted{f.Amends, f.Instrument, f.Decision}})
		}
		return events, nil
	})
	happens(ed, func(s *State, h Happened, b *InstrumentAmendmentAdopted) {
		s.changeInstrument(b.Instrument, h.Index, func(*Instrument) {})
	})
	happens(ed, func(s *State, h Happened, b *InstrumentOpened) {
		s.instruments.all = s.instruments.all.Set(string(b.Instrument), Instrument{InstrumentOpened: *b, Begun: h.Index, BegunAt: h.At, Index: h.Index})
	})
	authentication(ed)
	fullPowers(ed)
	signatures(ed)
	sealing(ed)
	consentsAndForce(ed)
	statements(ed)
	rectification(ed)
	depositaryNotices(ed)
	endings(ed)
}

func authentication(ed *edition) {
	does(ed, Act{
		Name: "AuthenticateText", Title: "Authenticate the text", Help: "The Chair declares the texts authentic and final: one in each authentic language, of equal make.",
		Who: []Capacity{Chair, Depositary}, Attested: true, Rule: "VCLT 10", Refusals: []Code{"unknown-instrument", "languages-differ", "already-authentic"}, Causes: []string{"TextAuthenticated"},
	}, func(s *State, c *Call, f *AuthenticateText) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r != nil {
			return nil, r
		}
		if len(i.Texts) > 0 {
			return nil, refuse("already-authentic", "VCLT 10", f.Instrument)
		}
		for _, l := range i.Languages {
			at := slices.IndexFunc(f.Texts, func(t AuthenticText) bool { return t.Language == l })
			if at < 0 || f.Texts[at].Paragraphs != f.Texts[0].Paragraphs || len(f.Texts) != len(i.Languages) {
				return nil, refuse("languages-differ", "VCLT 10, 33", l)
			}
		}
		e := TextAuthenticated(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *TextAuthenticated) {
		s.changeInstrument(b.Instrument, h.Index, func(i *Instrument) { i.Texts = b.Texts })
	})
	does(ed, Act{
		Name: "InitialText", Title: "Initial the text", Help: "Initials the text for your party; that authenticates it and does not bind.",
		Who: members, Attested: true, Rule: "VCLT 10, 12(2)(a)", Refusals: []Code{"unknown-instrument", "not-entitled", "already-signed"}, Causes: []string{"Initialled"},
	}, func(s *State, c *Call, f *InitialText) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		switch {
		case r != nil:
		case !slices.Contains(i.Signatories, PartyID(c.For)):
			r = refuse("not-entitled", "VCLT 10", c.For, f.Instrument)
		case slices.Contains(i.Initialled, PartyID(c.For)):
			r = refuse("already-signed", "VCLT 10", c.For)
		}
		return []Event{{Body: &Initialled{f.Instrument, PartyID(c.For), PersonID(c.By)}}}, r
	})
	happens(ed, func(s *State, h Happened, b *Initialled) {
		s.changeInstrument(b.Instrument, h.Index, func(i *Instrument) { i.Initialled = append(slices.Clone(i.Initialled), b.Party) })
	})
}

func powersKey(i InstrumentID, p PersonID) string { return string(i) + "/" + string(p) }

func fullPowers(ed *edition) {
	does(ed, Act{
		Name: "DepositFullPowers", Title: "Deposit full powers", Help: "Hands in the paper that lets a person sign this instrument for your party.",
		Who: []Capacity{Head}, Attested: true, Rule: "VCLT 7", Refusals: []Code{"unknown-instrument", "unknown-person", "issuer-not-competent"}, Causes: []string{"FullPowersDeposited"},
	}, func(s *State, c *Call, f *DepositFullPowers) ([]Event, *Refusal) {
		_, r := s.instrument(f.Instrument)
		switch {
		case r != nil:
		case !s.persons.Has(string(f.Person)):
			r = refuse("unknown-person", "VCLT 7", f.Person)
		case !slices.Contains(competentIssuers, f.Office):
			r = refuse("issuer-not-competent", "VCLT 7", f.Office)
		case slices.ContainsFunc(f.Covers, func(mode string) bool { return !slices.Contains(modes, mode) }):
			r = refuse("malformed", "doc/record.md 2", "covers")
		}
		return []Event{{Body: &FullPowersDeposited{f.Instrument, PartyID(c.For), f.Person, f.Covers, f.Office, f.Paper}}}, r
	})
	setPowers := func(s *State, i InstrumentID, p PersonID, x FullPowers, index int64) {
		x.Index = index
		s.instruments.powers = s.instruments.powers.Set(powersKey(i, p), x)
	}
	happens(ed, func(s *State, h Happened, b *FullPowersDeposited) {
		setPowers(s, b.Instrument, b.Person, FullPowers{Person: b.Person, Party: b.Party, Covers: b.Covers, State: "deposited"}, h.Index)
	})
	does(ed, Act{
		Name: "ExaminePowers", Title: "Examine full powers", Help: "The depositary accepts full powers, or returns them and says why.",
		Who: []Capacity{Depositary}, Attested: true, Rule: "VCLT 77(1)(d)", Refusals: []Code{"unknown-instrument", "no-powers-deposited"}, Causes: []string{"FullPowersAccepted", "FullPowersReturned"},
	}, func(s *State, c *Call, f *ExaminePowers) ([]Event, *Refusal) {
		if _, r := s.instrument(f.Instrument); r != nil {
			return nil, r
		}
		if x, ok := s.instruments.powers.Get(powersKey(f.Instrument, f.Person)); !ok || x.State != "deposited" {
			return nil, refuse("no-powers-deposited", "VCLT 7", f.Person)
		}
		if f.Defect != "" {
			return []Event{{Body: &FullPowersReturned{f.Instrument, f.Person, f.Defect}}}, nil
		}
		return []Event{{Body: &FullPowersAccepted{f.Instrument, f.Person}}}, nil
	})
	examined := func(s *State, i InstrumentID, p PersonID, state string, index int64) {
		x := s.instruments.powers.At(powersKey(i, p))
		x.State = state
		setPowers(s, i, p, x, index)
	}
	happens(ed, func(s *State, h Happened, b *FullPowersAccepted) {
		examined(s, b.Instrument, b.Person, "accepted", h.Index)
	})
	happens(ed, func(s *State, h Happened, b *FullPowersReturned) {
		examined(s, b.Instrument, b.Person, "returned", h.Index)
	})
}

func signatures(ed *edition) {
	does(ed, Act{
		Name: "OpenForSignature", Title: "Open for signature", Help: "The depositary opens an authentic text for signature, from a day, at a place.",
		Who: []Capacity{Depositary}, Attested: true, Rule: "VCLT 77", Refusals: []Code{"unknown-instrument", "not-authenticated", "unknown-place", "already-opened"}, Causes: []string{"OpenedForSignature"},
	}, func(s *State, c *Call, f *OpenForSignature) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		switch {
		case r != nil:
		case len(i.Texts) == 0:
			r = refuse("not-authenticated", "VCLT 10", f.Instrument)
		case i.Open:
			r = refuse("already-opened", "VCLT 77", f.Instrument)
		case !s.places.Has(string(f.Place)):
			r = refuse("unknown-place", "VCLT 77", f.Place)
		}
		e := OpenedForSignature(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *OpenedForSignature) {
		s.changeInstrument(b.Instrument, h.Index, func(i *Instrument) { i.Open, i.From, i.Until, i.Place = true, b.From, b.Until, b.Place })
	})
	does(ed, Act{
		Name: "CloseForSignature", Title: "Close for signature", Help: "The depositary ends the signing.",
		Who: []Capacity{Depositary}, Attested: true, Rule: "VCLT 77", Refusals: []Code{"unknown-instrument", "not-open-for-signature"}, Causes: []string{"ClosedForSignature"},
	}, func(s *State, c *Call, f *CloseForSignature) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r == nil && !i.Open {
			r = refuse("not-open-for-signature", "VCLT 77", f.Instrument)
		}
		e := ClosedForSignature(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *ClosedForSignature) {
		s.changeInstrument(b.Instrument, h.Index, func(i *Instrument) { i.Open = false })
	})
	does(ed, Act{
		Name: "Sign", Title: "Sign", Help: "Signs the instrument for your party, under full powers or by office. Nobody signs for another.",
		Who: members, Attested: true, Rule: "VCLT 7, 11-14", Refusals: []Code{"unknown-instrument", "not-open-for-signature", "outside-period", "not-entitled", "already-signed", "mode-differs", "no-full-powers", "powers-cover-less"}, Causes: []string{"SignatureGiven", "InstrumentSigned", "EntryIntoForceSettled", "TerminationSettled"}, Timed: true,
	}, func(s *State, c *Call, f *Sign) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r != nil {
			return nil, r
		}
		p := PartyID(c.For)
		powers, before := s.instruments.powers.At(powersKey(f.Instrument, PersonID(c.By))), i.SignedBy(p)
		asked := i.Powers && f.ExOfficio == ""
		switch {
		case !slices.Contains(modes, f.Mode):
			return nil, refuse("malformed", "doc/record.md 2", "mode")
		case f.ExOfficio != "" && !slices.Contains(competentIssuers, f.ExOfficio):
			return nil, refuse("malformed", "doc/record.md 2", "exOfficio")
		case !i.Open:
			return nil, refuse("not-open-for-signature", "VCLT 77", f.Instrument)
		case c.At < i.From.begins() || i.Until != "" && c.At >= i.Until.begins().AddHours(24):
			return nil, refuse("outside-period", "VCLT 12", i.From, i.Until)
		case !slices.Contains(i.Signatories, p):
			return nil, refuse("not-entitled", "VCLT 12", p, f.Instrument)
		case i.signedAs(p, PersonID(c.By)) || len(before) == i.SignersFor(p):
			return nil, refuse("already-signed", "VCLT 12", p)
		case len(before) > 0 && before[0].Mode != f.Mode:
			return nil, refuse("mode-differs", "VCLT 11", p, before[0].Mode)
		case asked && (powers.State != "accepted" || powers.Party != p):
			return nil, refuse("no-full-powers", "VCLT 7", c.By)
		case asked && !slices.Contains(powers.Covers, f.Mode):
			return nil, refuse("powers-cover-less", "VCLT 7", f.Mode)
		case i.Powers && !asked && s.declared(p, PersonID(c.By), f.ExOfficio) != nil:
			return nil, s.declared(p, PersonID(c.By), f.ExOfficio)
		}
		events := []Event{{Body: &SignatureGiven{f.Instrument, p, PersonID(c.By), f.Mode, f.ExOfficio}}}
		after := i
		if after.Signed = append(slices.Clip(i.Signed), Signature{Party: p}); after.SignedParties() == len(i.Signatories) {
			signed := &InstrumentSigned{Meeting: s.decidedAt(i.Decision), Instrument: f.Instrument, Form: i.Form, Subject: i.Subject, Place: i.Place, By: "parties", For: i.Signatories}
			events = append(events, Event{Body: signed})
		}
		if len(before)+1 < i.SignersFor(p) {
			return events, nil // the party has signed when all who sign for it have
		}
		sort := treaty.Signature
		if f.Mode == "definitive" {
			sort = treaty.Definitive
		}
		return append(events, s.settles(i, treaty.Act{Party: string(p), Sort: sort, Day: treaty.Day(c.At.Day())})...), nil
	})
	happens(ed, func(s *State, h Happened, b *SignatureGiven) {
		s.changeInstrument(b.Instrument, h.Index, func(i *Instrument) {
			i.Signed = append(slices.Clone(i.Signed), Signature{Party: b.Party, Person: b.Person, Mode: b.Mode, ExOfficio: b.ExOfficio, Index: h.Index, At: h.At})
		})
	})
	does(ed, Act{
		Name: "ConfirmSignature", Title: "Confirm a signature", Help: "Confirms for your party what was signed ad referendum.",
		Who: []Capacity{Head}, Attested: true, Rule: "VCLT 12(2)(b)", Refusals: []Code{"unknown-instrument", "not-ad-referendum"}, Causes: []string{"SignatureConfirmed", "EntryIntoForceSettled", "TerminationSettled"}, Timed: true,
	}, func(s *State, c *Call, f *ConfirmSignature) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r == nil && !slices.ContainsFunc(i.Signed, func(x Signature) bool {
			return x.Party == PartyID(c.For) && x.Mode == "ad-referendum" && x.Confirmed == 0
		}) {
			r = refuse("not-ad-referendum", "VCLT 12(2)(b)", c.For)
		}
		if r != nil {
			return nil, r
		}
		events := []Event{{Body: &SignatureConfirmed{f.Instrument, PartyID(c.For)}}}
		return append(events, s.settles(i, treaty.Act{Party: c.For, Sort: treaty.Definitive, Day: treaty.Day(c.At.Day())})...), nil
	})
	happens(ed, func(s *State, h Happened, b *SignatureConfirmed) {
		s.changeInstrument(b.Instrument, h.Index, func(i *Instrument) {
			i.Signed = slices.Clone(i.Signed)
			for k := range i.Signed {
				if i.Signed[k].Party == b.Party {
					i.Signed[k].Confirmed, i.Signed[k].ConfirmedAt = h.Index, h.At
				}
			}
		})
	})
}

// decidedAt is the meeting that adopted a decision.
func (s *State) decidedAt(id DecisionID) MeetingID {
	d, _ := s.Decision(id)
	return d.Meeting
}
