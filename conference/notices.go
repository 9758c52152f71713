package conference

import (
	"slices"

	"kurultai/record"
)

// A DepositaryNotification is a numbered circular: what happened to an instrument, told to those entitled (VCLT 77(1)(e)).
type DepositaryNotification struct {
	DepositaryNotified
	Letters  []PaperIssued // as they left the house, one a language
	Received []Acknowledged
	Index    int64
	At       record.Instant
}

// An Acknowledged is a party's word that a notification came.
type Acknowledged struct {
	Party PartyID
	Index int64
	At    record.Instant
}

// A Copy of an authentic text, certified by the depositary (VCLT 77(1)(b)).
type Copy struct {
	CopyCertified
	Index int64
	At    record.Instant
}

// A Transmission of certified copies to those entitled to them (VCLT 77(1)(b)).
type Transmission struct {
	CopiesTransmitted
	Index int64
	At    record.Instant
}

// A Registration of an instrument with the United Nations (UN Charter 102).
type Registration struct {
	InstrumentRegistered
	Index int64
	At    record.Instant
}

type (
	// NotifyParties circulates a depositary notification.
	NotifyParties struct {
		Notification NoteID       `json:"notification" jsonschema:"id of the notification"`
		Instrument   InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		Entry        int64        `json:"entry" jsonschema:"the entry of which it tells"`
		To           []PartyID    `json:"to" jsonschema:"to whom it goes"`
	}
	// DepositaryNotified is what NotifyParties causes. Numbers run through the notifications of an instrument.
	DepositaryNotified struct {
		Notification NoteID       `json:"notification"`
		Instrument   InstrumentID `json:"instrument"`
		Number       int64        `json:"number"`
		Entry        int64        `json:"entry"`
		To           []PartyID    `json:"to"`
	}
	// AcknowledgeNotification says that a notification came.
	AcknowledgeNotification struct {
		Notification NoteID `json:"notification" jsonschema:"id of the notification"`
	}
	// NotificationAcknowledged is what AcknowledgeNotification causes.
	NotificationAcknowledged struct {
		Notification NoteID  `json:"notification"`
		Party        PartyID `json:"party"`
	}
	// CertifyCopy certifies a copy of an authentic text.
	CertifyCopy struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		Language   Language     `json:"language" jsonschema:"of the text"`
		Copy       record.Blob  `json:"copy" jsonschema:"the copy, as a file"`
	}
	// CopyCertified is what CertifyCopy causes.
	CopyCertified CertifyCopy
	// TransmitCopies sends the certified copies to signatories, parties and who may become one.
	TransmitCopies struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		Languages  []Language   `json:"languages" jsonschema:"of the copies"`
		To         []PartyID    `json:"to" jsonschema:"to whom they go"`
	}
	// CopiesTransmitted is what TransmitCopies causes. Copies are the newest certified in each language, by their digests.
	CopiesTransmitted struct {
		Instrument InstrumentID    `json:"instrument"`
		Languages  []Language      `json:"languages"`
		Copies     []record.Digest `json:"copies"`
		To         []PartyID       `json:"to"`
	}
	// RegisterInstrument enters the number under which the United Nations registered the instrument.
	RegisterInstrument struct {
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		Number     string       `json:"number" jsonschema:"the number of registration"`
	}
	// InstrumentRegistered is what RegisterInstrument causes.
	InstrumentRegistered RegisterInstrument
)

// Notifications lists the depositary notifications of an instrument, in order of number.
func (s *State) Notifications(id InstrumentID) (list []DepositaryNotification) {
	for _, x := range s.depositary.notified.All() {
		if x.Instrument == id {
			list = append(list, x)
		}
	}
	slices.SortStableFunc(list, func(a, b DepositaryNotification) int { return int(a.Number - b.Number) })
	return list
}

// Notification is a depositary notification by its id.
func (s *State) Notification(id NoteID) (DepositaryNotification, bool) {
	return s.depositary.notified.Get(string(id))
}

// Copies lists the certified copies of an instrument's texts, in order of entry.
func (s *State) Copies(id InstrumentID) []Copy { return s.depositary.copies.At(string(id)) }

// Transmissions lists to whom copies of an instrument's texts went, in order of entry.
func (s *State) Transmissions(id InstrumentID) []Transmission {
	return s.depositary.sent.At(string(id))
}

// Entitled lists whom the depositary serves: who may sign, who consented, who is invited to accede, and, where accession is
// open, every party of the body (VCLT 77(1)(b), (e)). Signatories come first, in their order; the rest by id.
func (s *State) Entitled(i Instrument) []PartyID {
	list, clause := slices.Clone(i.Signatories), i.ClauseOf()
	for _, p := range s.Parties() {
		acted := slices.ContainsFunc(s.PartyActs(i.Instrument), func(a PartyAct) bool { return a.Party == p.ID })
		if !slices.Contains(list, p.ID) && (acted || clause.OpenTo(string(p.ID)) && len(p.Statuses) > 0) {
			list = append(list, p.ID)
		}
	}
	return list
}

// Registration is under which number an instrument is registered, if it is.
func (s *State) Registration(id InstrumentID) (Registration, bool) {
	return s.depositary.registered.Get(string(id))
}

func depositaryNotices(ed *edition) {
	does(ed, Act{
		Name: "NotifyParties", Title: "Circulate a notification", Help: "The depositary tells those entitled, in a numbered notification, what an entry holds about the instrument.",
		Who: []Capacity{Depositary}, Attested: true, Rule: "VCLT 77(1)(e), 78", Refusals: []Code{"unknown-instrument", "id-taken", "beyond-record", "unknown-party"}, Causes: []string{"DepositaryNotified"},
	}, func(s *State, c *Call, f *NotifyParties) ([]Event, *Refusal) {
		_, r := s.instrument(f.Instrument)
		switch {
		case r != nil:
			return nil, r
		case s.depositary.notified.Has(string(f.Notification)):
			return nil, refuse("id-taken", "doc/record.md 5", f.Notification)
		case f.Entry < 0 || f.Entry >= s.Size:
			return nil, refuse("beyond-record", "VCLT 78", f.Entry)
		}
		for i, p := range f.To {
			if !s.parties.Has(string(p)) || slices.Contains(f.To[:i], p) {
				return nil, refuse("unknown-party", "VCLT 78", p)
			}
		}
		return []Event{{Body: &DepositaryNotified{f.Notification, f.Instrument, int64(len(s.Notifications(f.Instrument)) + 1), f.Entry, f.To}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *DepositaryNotified) {
		s.depositary.notified = s.depositary.notified.Set(string(b.Notification), DepositaryNotification{DepositaryNotified: *b, Index: h.Index, At: h.At})
		s.changeInstrument(b.Instrument, h.Index, func(*Instrument) {})
	})
	does(ed, Act{
		Name: "AcknowledgeNotification", Title: "Acknowledge a notification", Help: "Says for your party that a notification of the depositary came.",
		Who: depositors, Rule: "VCLT 78(c)", Refusals: []Code{"unknown-notification", "not-addressee", "already-acknowledged"}, Causes: []string{"NotificationAcknowledged"},
	}, func(s *State, c *Call, f *AcknowledgeNotification) ([]Event, *Refusal) {
		x, ok := s.depositary.notified.Get(string(f.Notification))
		switch {
		case !ok:
			return nil, refuse("unknown-notification", "VCLT 78", f.Notification)
		case !slices.Contains(x.To, PartyID(c.For)):
			return nil, refuse("not-addressee", "VCLT 78", c.For)
		case slices.ContainsFunc(x.Received, func(r Acknowledged) bool { return r.Party == PartyID(c.For) }):
			return nil, refuse("already-acknowledged", "VCLT 78", f.Notification)
		}
		return []Event{{Body: &NotificationAcknowledged{f.Notification, PartyID(c.For)}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *NotificationAcknowledged) {
		x := s.depositary.notified.At(string(b.Notification))
		x.Received = append(slices.Clone(x.Received), Acknowledged{b.Party, h.Index, h.At})
		s.depositary.notified = s.depositary.notified.Set(string(b.Notification), x)
	})
	does(ed, Act{
		Name: "CertifyCopy", Title: "Certify a copy", Help: "The depositary certifies that a copy of an authentic text is true.",
		Who: []Capacity{Depositary}, Attested: true, Rule: "VCLT 77(1)(b)", Refusals: []Code{"unknown-instrument", "not-authentic-text"}, Causes: []string{"CopyCertified"},
	}, func(s *State, c *Call, f *CertifyCopy) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r == nil && !slices.ContainsFunc(i.Texts, func(t AuthenticText) bool { return t.Language == f.Language }) {
			r = refuse("not-authentic-text", "VCLT 77(1)(b)", f.Language)
		}
		e := CopyCertified(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *CopyCertified) {
		known := s.depositary.copies.At(string(b.Instrument))
		s.depositary.copies = s.depositary.copies.Set(string(b.Instrument), append(known[:len(known):len(known)], Copy{*b, h.Index, h.At}))
		s.changeInstrument(b.Instrument, h.Index, func(*Instrument) {})
	})
	does(ed, Act{
		Name: "TransmitCopies", Title: "Transmit certified copies", Help: "The depositary sends the certified copies to signatories, parties and states entitled to become parties.",
		Who: []Capacity{Depositary}, Attested: true, Rule: "VCLT 77(1)(b)", Refusals: []Code{"unknown-instrument", "no-certified-copy", "not-entitled"}, Causes: []string{"CopiesTransmitted"},
	}, func(s *State, c *Call, f *TransmitCopies) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		if r != nil {
			return nil, r
		}
		e := &CopiesTransmitted{Instrument: f.Instrument, Languages: f.Languages, To: f.To}
		for _, l := range f.Languages {
			certified := record.Digest("")
			for _, x := range s.Copies(f.Instrument) {
				if x.Language == l {
					certified = x.Copy.Digest
				}
			}
			if certified == "" {
				return nil, refuse("no-certified-copy", "VCLT 77(1)(b)", l)
			}
			e.Copies = append(e.Copies, certified)
		}
		entitled := s.Entitled(i)
		for _, p := range f.To {
			if !slices.Contains(entitled, p) {
				return nil, refuse("not-entitled", "VCLT 77(1)(b)", p, f.Instrument)
			}
		}
		return []Event{{Body: e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *CopiesTransmitted) {
		known := s.depositary.sent.At(string(b.Instrument))
		s.depositary.sent = s.depositary.sent.Set(string(b.Instrument), append(known[:len(known):len(known)], Transmission{*b, h.Index, h.At}))
		s.changeInstrument(b.Instrument, h.Index, func(*Instrument) {})
	})
	does(ed, Act{
		Name: "RegisterInstrument", Title: "Enter a registration", Help: "The depositary enters the number under which the United Nations registered an instrument in force.",
		Who: []Capacity{Depositary}, Attested: true, Rule: "VCLT 80; UN Charter 102", Refusals: []Code{"unknown-instrument", "not-in-force", "already-registered"}, Causes: []string{"InstrumentRegistered"}, Timed: true,
	}, func(s *State, c *Call, f *RegisterInstrument) ([]Event, *Refusal) {
		_, r := s.instrument(f.Instrument)
		settled, _ := s.EntryIntoForce(f.Instrument)
		_, registered := s.Registration(f.Instrument)
		switch {
		case r != nil:
		case settled.Entered == 0:
			r = refuse("not-in-force", "VCLT 80", f.Instrument)
		case registered:
			r = refuse("already-registered", "UN Charter 102", f.Instrument)
		}
		e := InstrumentRegistered(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *InstrumentRegistered) {
		s.depositary.registered = s.depositary.registered.Set(string(b.Instrument), Registration{*b, h.Index, h.At})
		s.changeInstrument(b.Instrument, h.Index, func(*Instrument) {})
	})
}
