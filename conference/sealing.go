package conference

import (
	"fmt"
	"regexp"
	"slices"

	"kurultai/record"
)

// sealingState is papers as they left the house, and the certification authorities whose signatures on papers count.
type sealingState struct {
	issued      Ordered[string, IssuedPaper] // by digest
	authorities Ordered[string, Authority]   // by digest of the certificate
}

// An IssuedPaper is a paper as it left the house.
type IssuedPaper struct {
	PaperIssued
	Index int64
}

// An Authority is a certification authority: whoever it certifies signs for the party on papers.
type Authority struct {
	AuthorityNamed
	Index     int64
	Withdrawn int64 // entry that withdrew it, or 0
}

// An Entered signature stands on the paper of an instrument, in a field of its own.
type Entered struct {
	Party     PartyID  // "": the depositary, who certifies the paper
	Person    PersonID // who entered it
	Field     string
	Signature record.Blob // CMS (RFC 5652)
	Index     int64
}

// A Pen is held by one at a time: whoever is to sign next on the paper of an instrument.
type Pen struct {
	Party  PartyID // "": the depositary
	Person PersonID
	Until  record.Instant // when it falls to the next, whatever happens
	Index  int64
}

// PenLease is how long a pen is held at most, in milliseconds: ten minutes.
const PenLease = 10 * 60 * 1000

// Uses of an authority.
const (
	ForSignatures = "signature" // it certifies who signs for the party, or for the depositary
	ForTime       = "time"      // it certifies a time-stamping authority (RFC 3161)
)

// webAddress is where something answers over HTTP, without a user or a fragment.
var webAddress = regexp.MustCompile(`^https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(/[!-"$-~]{0,200})?$`)

type (
	// NameAuthority names the certification authority of your party; the depositary names its own, and that of time stamps.
	NameAuthority struct {
		Certificate record.Blob `json:"certificate" jsonschema:"its certificate, as a file (DER)"`
		Use         Term        `json:"use" jsonschema:"signature, or time: for a time-stamping authority"`
		Address     string      `json:"address,omitempty" jsonschema:"where its time stamps are to be had (RFC 3161), as https://tsa.example/"`
	}
	// AuthorityNamed is what NameAuthority causes.
	AuthorityNamed struct {
		Party       PartyID     `json:"party,omitempty"`
		Certificate record.Blob `json:"certificate"`
		Use         Term        `json:"use"`
		Address     string      `json:"address,omitempty"`
	}
	// WithdrawAuthority ends it: what was signed until then stays.
	WithdrawAuthority struct {
		Certificate record.Digest `json:"certificate" jsonschema:"SHA-256 of its certificate"`
	}
	// AuthorityWithdrawn is what WithdrawAuthority causes.
	AuthorityWithdrawn WithdrawAuthority
	// TakePen takes the pen to sign on the paper of an instrument: one at a time, for ten minutes.
	TakePen struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
	}
	// PenTaken is what TakePen causes.
	PenTaken struct {
		Instrument InstrumentID   `json:"instrument"`
		Party      PartyID        `json:"party,omitempty"`
		Person     PersonID       `json:"person"`
		Until      record.Instant `json:"until"`
	}
	// LayPen lays the pen down without signing.
	LayPen struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
	}
	// PenLaid is what LayPen causes.
	PenLaid struct {
		Instrument InstrumentID `json:"instrument"`
		Party      PartyID      `json:"party,omitempty"`
	}
	// EnterSignature puts a signature, made by the party's own key, on the paper of an instrument.
	EnterSignature struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		Signature  record.Blob  `json:"signature" jsonschema:"the signature as a file (CMS)"`
	}
	// SignatureEntered is what EnterSignature causes.
	SignatureEntered struct {
		Instrument InstrumentID `json:"instrument"`
		Party      PartyID      `json:"party,omitempty"`
		Person     PersonID     `json:"person"`
		Field      string       `json:"field"`
		Signature  record.Blob  `json:"signature"`
	}
)

// FieldsOf are the names of the fields in which a party signs on the paper, in the order in which they are signed: s1 for
// the first of the signatories, then s1b where a second person signs for it; s0 for the depositary, who is no party. Who
// is no signatory has none.
func (i Instrument) FieldsOf(p PartyID) (list []string) {
	at := slices.Index(i.Signatories, p)
	if at < 0 && p != "" {
		return nil
	}
	list = []string{fmt.Sprintf("s%d", at+1)}
	for n := 2; n <= i.SignersFor(p); n++ {
		list = append(list, fmt.Sprintf("s%d%c", at+1, 'a'+n-1))
	}
	return list
}

// PenOf is who holds the pen at an instant, if anybody does.
func (i Instrument) PenOf(at record.Instant) (Pen, bool) {
	return i.Pen, i.Pen.Index > 0 && at < i.Pen.Until
}

// Issued is a paper by the digest under which it left the house.
func (s *State) Issued(d record.Digest) (IssuedPaper, bool) { return s.sealing.issued.Get(string(d)) }

// Authorities lists the authorities that were named, in order of digest, withdrawn ones too.
func (s *State) Authorities() (list []Authority) {
	for _, a := range s.sealing.authorities.All() {
		list = append(list, a)
	}
	return list
}

// entered reports whether all who sign for a party have signed on the paper.
func (i Instrument) entered(p PartyID) bool { return len(i.enteredFor(p)) == i.SignersFor(p) }

func (i Instrument) enteredFor(p PartyID) (by []PersonID) {
	for _, e := range i.Entered {
		if e.Party == p {
			by = append(by, e.Person)
		}
	}
	return by
}

func sealing(ed *edition) {
	authorities(ed)
	pens(ed)
	does(ed, Act{
		Name: "EnterSignature", Title: "Enter a signature", Help: "Puts on the paper of an instrument a signature made with the party's own key. The pen is needed.",
		Who: signers, Rule: "ETSI EN 319 142-1", Refusals: []Code{"unknown-instrument", "no-pen"}, Causes: []string{"SignatureEntered"}, Timed: true,
		OfFiles: []Code{"no-authority", "no-signature", "weak-signature", "signer-unnamed", "other-document", "false-signature", "other-authority", "certificate-unfit", "no-time-stamp", "false-time-stamp"},
	}, func(s *State, c *Call, f *EnterSignature) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r == nil {
			r = i.holds(c)
		}
		if r != nil {
			return nil, r
		}
		p := PartyID(c.For)
		field := i.FieldsOf(p)[len(i.enteredFor(p))] // TakePen saw that one is left
		return []Event{{Body: &SignatureEntered{f.Instrument, p, PersonID(c.By), field, f.Signature}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *SignatureEntered) {
		s.changeInstrument(b.Instrument, h.Index, func(i *Instrument) {
			i.Entered = append(slices.Clone(i.Entered), Entered{b.Party, b.Person, b.Field, b.Signature, h.Index})
			i.Pen = Pen{}
		})
	})
}

// signers are those who sign on papers.
var signers = []Capacity{Head, Delegate, Depositary}

// holds refuses where the author does not hold the pen.
func (i Instrument) holds(c *Call) *Refusal {
	if pen, ok := i.PenOf(c.At); !ok || pen.Party != PartyID(c.For) || pen.Person != PersonID(c.By) {
		return refuse("no-pen", "one pen at a time", i.Instrument)
	}
	return nil
}

func authorities(ed *edition) {
	does(ed, Act{
		Name: "NameAuthority", Title: "Name a certification authority", Help: "Names whose certificates count for your party's signatures on papers; the depositary names its own, and that of time stamps.",
		Who: []Capacity{Head, Depositary}, Attested: true, Rule: "ETSI EN 319 102-1", Refusals: []Code{"authority-known"}, Causes: []string{"AuthorityNamed"}, OfFiles: []Code{"no-certificate-authority"},
	}, func(s *State, c *Call, f *NameAuthority) ([]Event, *Refusal) {
		switch {
		case f.Use != ForSignatures && (f.Use != ForTime || c.For != ""):
			return nil, refuse("malformed", "doc/record.md 2", "use")
		case f.Address != "" && (f.Use != ForTime || !webAddress.MatchString(f.Address)):
			return nil, refuse("malformed", "doc/record.md 2", "address")
		case s.sealing.authorities.Has(string(f.Certificate.Digest)):
			return nil, refuse("authority-known", "ETSI EN 319 102-1", f.Certificate.Digest)
		}
		return []Event{{Body: &AuthorityNamed{PartyID(c.For), f.Certificate, f.Use, f.Address}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *AuthorityNamed) {
		s.sealing.authorities = s.sealing.authorities.Set(string(b.Certificate.Digest), Authority{AuthorityNamed: *b, Index: h.Index})
	})
	does(ed, Act{
		Name: "WithdrawAuthority", Title: "Withdraw a certification authority", Help: "From now on nobody it certifies signs for the party. What was signed before stays.",
		Who: []Capacity{Head, Depositary}, Attested: true, Rule: "ETSI EN 319 102-1", Refusals: []Code{"unknown-authority"}, Causes: []string{"AuthorityWithdrawn"},
	}, func(s *State, c *Call, f *WithdrawAuthority) ([]Event, *Refusal) {
		a, ok := s.sealing.authorities.Get(string(f.Certificate))
		if !ok || a.Withdrawn > 0 || a.Party != PartyID(c.For) {
			return nil, refuse("unknown-authority", "ETSI EN 319 102-1", f.Certificate)
		}
		e := AuthorityWithdrawn(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *AuthorityWithdrawn) {
		a := s.sealing.authorities.At(string(b.Certificate))
		a.Withdrawn = h.Index
		s.sealing.authorities = s.sealing.authorities.Set(string(b.Certificate), a)
	})
}

func pens(ed *edition) {
	does(ed, Act{
		Name: "TakePen", Title: "Take the pen", Help: "Takes the pen to sign on the paper of an instrument: one at a time, for ten minutes at most. The depositary certifies the paper first.",
		Who: signers, Rule: "one pen at a time", Refusals: []Code{"unknown-instrument", "not-issued", "not-certified", "not-signed", "already-on-paper", "pen-taken"}, Causes: []string{"PenTaken"}, Timed: true,
	}, func(s *State, c *Call, f *TakePen) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r != nil {
			return nil, r
		}
		p := PartyID(c.For)
		pen, held := i.PenOf(c.At)
		switch {
		case i.Paper == 0:
			return nil, refuse("not-issued", "one pen at a time", f.Instrument)
		case i.entered(p) || slices.Contains(i.enteredFor(p), PersonID(c.By)):
			return nil, refuse("already-on-paper", "VCLT 12", p)
		case p != "" && !i.signedAs(p, PersonID(c.By)):
			return nil, refuse("not-signed", "VCLT 7, 12", p, f.Instrument)
		case p != "" && !i.entered(""):
			return nil, refuse("not-certified", "ISO 32000-1 12.8.2.2", f.Instrument)
		case held && (pen.Party != p || pen.Person != PersonID(c.By)):
			return nil, refuse("pen-taken", "one pen at a time", pen.Party, pen.Until)
		}
		return []Event{{Body: &PenTaken{f.Instrument, p, PersonID(c.By), c.At + PenLease}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *PenTaken) {
		s.changeInstrument(b.Instrument, h.Index, func(i *Instrument) { i.Pen = Pen{b.Party, b.Person, b.Until, h.Index} })
	})
	does(ed, Act{
		Name: "LayPen", Title: "Lay down the pen", Help: "Lays the pen down without signing, so that another can take it.",
		Who: signers, Rule: "one pen at a time", Refusals: []Code{"unknown-instrument", "no-pen"}, Causes: []string{"PenLaid"}, Timed: true,
	}, func(s *State, c *Call, f *LayPen) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r == nil {
			r = i.holds(c)
		}
		return []Event{{Body: &PenLaid{f.Instrument, PartyID(c.For)}}}, r
	})
	happens(ed, func(s *State, h Happened, b *PenLaid) {
		s.changeInstrument(b.Instrument, h.Index, func(i *Instrument) { i.Pen = Pen{} })
	})
}
