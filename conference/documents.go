package conference

import (
	"slices"

	"kurultai/record"
)

// documentsState is papers of the body: symbols, versions, circulation, classification.
type documentsState struct {
	papers Ordered[string, Document]
	series Ordered[string, Series]
}

// A Document is a paper of the body under its symbol.
type Document struct {
	Symbol    Symbol
	Type      Term
	Meeting   MeetingID
	Item      ItemID
	Original  Language
	Authentic []Language // whose texts have the same authority as the original; none: the original prevails
	Series    Term       // "" of none
	Of        Symbol     // the paper it revises, adds to or corrects, as its symbol says
	Party     PartyID    // who submitted it; "" the secretariat
	Level     string     // public, restricted or confidential
	SealedTo  Date       // nobody reads it before
	Versions  []Version  // the original's first
	Successor Symbol     // the revision that replaces it
	To        []PartyID  // who got it; empty and circulated: all
	Sent      bool
	SentAt    record.Instant
	Receipts  []Acknowledgement
	Withdrawn bool
	File      *record.SealedBlob // the paper itself, encrypted beside the record; nil: none is kept
	Destroyed bool               // the keys of its files are gone

	Translations []Translation // in order of language
	Brackets     []Bracket     // in order of entry
	Agreed       []NoteID      // paragraphs
	Made         int64         // entry that entered it
	Index        int64         // entry that changed it last
}

// A Version is a paper's text in one language.
type Version struct {
	Language   Language
	Text       record.Digest
	Paragraphs []NoteID // names of its numbered paragraphs in order, as pp1, op2, op2-a; none: they were not given
	Translator PersonID
	Reviser    PersonID
	File       *record.SealedBlob // the text itself; nil: none is kept, or it is the original, whose file is the paper's
	Index      int64              // entry that brought it
}

// An Acknowledgement is a party's word that a paper has come.
type Acknowledgement struct {
	Party PartyID
	Index int64 // entry that says so; 0: it has not
}

// Addressees are those a circulated paper went to, by party, each with its receipt where it gave one. A paper that went to
// all went to the members and observers of that day, but for who submitted it.
func (s *State) Addressees(d Document) (list []Acknowledgement) {
	if !d.Sent {
		return nil
	}
	to := d.To
	if len(to) == 0 {
		for _, p := range s.Parties() {
			if st, ok := p.Status(Date(d.SentAt.String()[:10])); ok && !st.Left && p.ID != d.Party {
				to = append(to, p.ID)
			}
		}
	}
	for _, p := range to {
		a := Acknowledgement{Party: p}
		for _, r := range d.Receipts {
			if r.Party == p {
				a = r
			}
		}
		list = append(list, a)
	}
	return list
}

// FileOf is the file in which a version's text is kept; nil where none is.
func (d Document) FileOf(v Version) *record.SealedBlob {
	if v.Language == d.Original {
		return d.File
	}
	return v.File
}

// Version returns a paper's text in a language.
func (d Document) Version(l Language) (Version, bool) {
	for _, v := range d.Versions {
		if v.Language == l {
			return v, true
		}
	}
	return Version{}, false
}

// After lists the papers that revise, add to or correct another, withdrawn ones too, in order of symbol.
func (s *State) After(symbol Symbol) (list []Document) {
	for _, d := range s.documents.papers.All() {
		if d.Of == symbol {
			list = append(list, d)
		}
	}
	return list
}

// Documents lists a meeting's papers that a reader may read, in order of symbol.
func (s *State) Documents(m MeetingID, r Reader) (list []Document) {
	for _, d := range s.documents.papers.All() {
		if d.Meeting == m && s.Reads(r, d) {
			list = append(list, d)
		}
	}
	return list
}

// Papers lists the papers of all meetings that a reader may read, in order of symbol.
func (s *State) Papers(r Reader) (list []Document) {
	for _, d := range s.documents.papers.All() {
		if s.Reads(r, d) {
			list = append(list, d)
		}
	}
	return list
}

// HasPapers reports whether any paper was entered, whoever may read it.
func (s *State) HasPapers() bool { return !s.documents.papers.Empty() }

// Document returns a paper.
func (s *State) Document(symbol Symbol) (Document, bool) {
	return s.documents.papers.Get(string(symbol))
}

func (s *State) setDocument(d Document, index int64) {
	d.Index = index
	s.documents.papers = s.documents.papers.Set(string(d.Symbol), d)
}

var levels = []string{"public", "restricted", "confidential"}

type (
	// RegisterDocument enters a paper under its symbol.
	RegisterDocument struct {
		Symbol   Symbol        `json:"symbol" jsonschema:"permanent and unique, the same in every language"`
		Type     Term          `json:"type" jsonschema:"draft, report, letter, note …"`
		Item     ItemID        `json:"item,omitempty" jsonschema:"the item it is submitted under"`
		Language Language      `json:"language" jsonschema:"its original language"`
		Level    string        `json:"level" jsonschema:"public, restricted or confidential"`
		Text     record.Digest `json:"text" jsonschema:"SHA-256 of the original"`

		File *record.SealedBlob `json:"file,omitempty" jsonschema:"the original itself; it is kept encrypted, for those who may read the paper"`

		Party PartyID `json:"party,omitempty" jsonschema:"who submitted it; absent: you, or the secretariat"`

		Authentic  []Language `json:"authentic,omitempty" jsonschema:"languages whose texts have the same authority as the original; absent: the original prevails"`
		Paragraphs []NoteID   `json:"paragraphs,omitempty" jsonschema:"names of its numbered paragraphs in order, as pp1, op2, op2-a"`
	}
	// DocumentRegistered is what RegisterDocument causes.
	DocumentRegistered struct {
		Symbol   Symbol        `json:"symbol"`
		Type     Term          `json:"type"`
		Meeting  MeetingID     `json:"meeting,omitempty"`
		Item     ItemID        `json:"item,omitempty"`
		Language Language      `json:"language"`
		Level    string        `json:"level"`
		Text     record.Digest `json:"text"`
		Party    PartyID       `json:"party,omitempty"`

		File *record.SealedBlob `json:"file,omitempty"`

		Series     Term       `json:"series,omitempty"`
		Authentic  []Language `json:"authentic,omitempty"`
		Paragraphs []NoteID   `json:"paragraphs,omitempty"`
	}
	// IssueVersion enters a paper's text in a further language, translated and revised.
	IssueVersion struct {
		Symbol     Symbol        `json:"symbol" jsonschema:"the paper"`
		Language   Language      `json:"language" jsonschema:"language of this text"`
		Text       record.Digest `json:"text" jsonschema:"SHA-256 of the text"`
		Base       record.Digest `json:"base" jsonschema:"SHA-256 of the original it was made from"`
		Translator PersonID      `json:"translator" jsonschema:"who translated it"`
		Reviser    PersonID      `json:"reviser,omitempty" jsonschema:"who revised it: somebody else"`

		File       *record.SealedBlob `json:"file,omitempty" jsonschema:"the text itself; it is kept encrypted, for those who may read the paper"`
		Paragraphs []NoteID           `json:"paragraphs,omitempty" jsonschema:"names of its numbered paragraphs in order, as pp1, op2, op2-a"`
	}
	// VersionIssued is what IssueVersion causes.
	VersionIssued struct {
		Symbol     Symbol        `json:"symbol"`
		Language   Language      `json:"language"`
		Text       record.Digest `json:"text"`
		Translator PersonID      `json:"translator"`
		Reviser    PersonID      `json:"reviser"`

		File       *record.SealedBlob `json:"file,omitempty"`
		Paragraphs []NoteID           `json:"paragraphs,omitempty"`
	}
	// IssueRevision replaces a paper by a revised one.
	IssueRevision struct {
		Symbol Symbol        `json:"symbol" jsonschema:"symbol of the revision, as LP/VII/L.2/Rev.1"`
		Of     Symbol        `json:"of" jsonschema:"the paper it replaces"`
		Text   record.Digest `json:"text" jsonschema:"SHA-256 of the text"`

		File       *record.SealedBlob `json:"file,omitempty" jsonschema:"the text itself; it is kept encrypted, for those who may read the paper"`
		Paragraphs []NoteID           `json:"paragraphs,omitempty" jsonschema:"names of its numbered paragraphs in order, as pp1, op2, op2-a"`
	}
	// DocumentRevised is what IssueRevision causes.
	DocumentRevised IssueRevision
	// IssueAddendum adds to a paper.
	IssueAddendum struct {
		Symbol Symbol        `json:"symbol" jsonschema:"symbol of the addendum, as LP/VII/L.2/Add.1"`
		Of     Symbol        `json:"of" jsonschema:"the paper it adds to"`
		Text   record.Digest `json:"text" jsonschema:"SHA-256 of the text"`

		File       *record.SealedBlob `json:"file,omitempty" jsonschema:"the text itself; it is kept encrypted, for those who may read the paper"`
		Paragraphs []NoteID           `json:"paragraphs,omitempty" jsonschema:"names of its numbered paragraphs in order, as pp1, op2, op2-a"`
	}
	// DocumentAdded is what IssueAddendum causes.
	DocumentAdded IssueAddendum
	// IssueCorrigendum corrects a paper.
	IssueCorrigendum struct {
		Symbol Symbol        `json:"symbol" jsonschema:"symbol of the corrigendum, as LP/VII/L.2/Corr.1"`
		Of     Symbol        `json:"of" jsonschema:"the paper it corrects"`
		Text   record.Digest `json:"text" jsonschema:"SHA-256 of the text"`

		File       *record.SealedBlob `json:"file,omitempty" jsonschema:"the text itself; it is kept encrypted, for those who may read the paper"`
		Paragraphs []NoteID           `json:"paragraphs,omitempty" jsonschema:"names of its numbered paragraphs in order, as pp1, op2, op2-a"`
	}
	// DocumentCorrected is what IssueCorrigendum causes.
	DocumentCorrected IssueCorrigendum
	// Circulate sends a paper to parties, or to all.
	Circulate struct {
		Symbol    Symbol     `json:"symbol" jsonschema:"the paper"`
		To        []PartyID  `json:"to,omitempty" jsonschema:"who gets it; absent: all"`
		Languages []Language `json:"languages,omitempty" jsonschema:"languages it is sent in; absent: the original's"`
		Embargo   Date       `json:"embargo,omitempty" jsonschema:"not to be published before"`
	}
	// DocumentCirculated is what Circulate causes.
	DocumentCirculated Circulate
	// AcknowledgeReceipt says that a paper has come.
	AcknowledgeReceipt struct {
		Symbol Symbol `json:"symbol" jsonschema:"the paper"`
	}
	// ReceiptAcknowledged is what AcknowledgeReceipt causes.
	ReceiptAcknowledged struct {
		Symbol Symbol  `json:"symbol"`
		Party  PartyID `json:"party"`
	}
	// WithdrawDocument takes a paper back.
	WithdrawDocument struct {
		Symbol Symbol `json:"symbol" jsonschema:"the paper"`
	}
	// DocumentWithdrawn is what WithdrawDocument causes.
	DocumentWithdrawn WithdrawDocument
	// Classify says who may read a paper.
	Classify struct {
		Symbol Symbol `json:"symbol" jsonschema:"the paper"`
		Level  string `json:"level" jsonschema:"restricted or confidential"`
		Basis  string `json:"basis" jsonschema:"the decision or rule it rests on"`
	}
	// Classified is what Classify causes.
	Classified Classify
	// Declassify opens a paper to all.
	Declassify struct {
		Symbol Symbol `json:"symbol" jsonschema:"the paper"`
		Basis  string `json:"basis" jsonschema:"the decision or rule it rests on"`
	}
	// Declassified is what Declassify causes.
	Declassified Declassify
	// SealDocument closes a paper until a day.
	SealDocument struct {
		Symbol Symbol `json:"symbol" jsonschema:"the paper"`
		Until  Date   `json:"until" jsonschema:"nobody reads it before"`
		Basis  string `json:"basis" jsonschema:"the decision or rule it rests on"`
	}
	// DocumentSealed is what SealDocument causes.
	DocumentSealed SealDocument
	// DestroyFile has the key of a paper's file destroyed. Its entries stay as they are.
	DestroyFile struct {
		Symbol Symbol `json:"symbol" jsonschema:"the paper"`
		Basis  string `json:"basis" jsonschema:"the decision or rule it rests on"`
	}
	// FileDestroyed is what DestroyFile causes.
	FileDestroyed DestroyFile
	// IssuePaper notes a paper as it left the house.
	IssuePaper struct {
		Symbol   Symbol        `json:"symbol" jsonschema:"the paper, the instrument to be signed on it, or the notification of the depositary"`
		Language Language      `json:"language" jsonschema:"its language"`
		Digest   record.Digest `json:"digest" jsonschema:"SHA-256 of the file issued"`
		Layout   int64         `json:"layout" jsonschema:"number of the layout it was set in"`
		Size     int64         `json:"size,omitempty" jsonschema:"how many entries the record had from which it was made; absent: all before this one"`
	}
	// PaperIssued is what IssuePaper causes.
	PaperIssued IssuePaper
)

// paper is a document that is there and not withdrawn.
func (s *State) paper(symbol Symbol) (Document, *Refusal) {
	d, ok := s.Document(symbol)
	if !ok || d.Withdrawn {
		return d, refuse("unknown-symbol", "symbols are given once", symbol)
	}
	return d, nil
}

func documents(ed *edition) {
	ed.thing("document", func(s *State, id string) (int64, bool) { d, ok := s.documents.papers.Get(id); return d.Index, ok })
	does(ed, Act{
		Name: "RegisterDocument", Title: "Register a document", Help: "Enters a paper under its permanent symbol, with its original language and who may read it.",
		Who: []Capacity{Secretary, Head, Delegate}, Rule: "symbols are given once", Refusals: []Code{"symbol-taken", "unknown-meeting", "unknown-item", "unknown-party", "not-submitter", "bad-symbol"}, Causes: []string{"DocumentRegistered"},
		Sealed: map[string]string{"file": OfPaper},
	}, func(s *State, c *Call, f *RegisterDocument) ([]Event, *Refusal) {
		if _, taken := s.Document(f.Symbol); taken {
			return nil, refuse("symbol-taken", "symbols are given once", f.Symbol)
		}
		if !slices.Contains(levels, f.Level) {
			return nil, refuse("malformed", "doc/record.md 2", "level")
		}
		party := f.Party
		if own := PartyID(c.For); own != "" && party == "" {
			party = own
		} else if own != "" && party != own {
			return nil, refuse("not-submitter", "GA 78", f.Symbol)
		}
		if party != "" && !s.parties.Has(string(party)) {
			return nil, refuse("unknown-party", "GA 78", party)
		}
		if f.Item != "" {
			m, r := s.meetingOf(c)
			if r != nil {
				return nil, r
			}
			if _, ok := s.Item(m.MeetingConvened.Meeting, f.Item); !ok {
				return nil, refuse("unknown-item", "GA 78", f.Item)
			}
		}
		m, _ := s.Meeting(MeetingID(c.Meeting))
		series, r := s.fitting(f.Symbol, m, c.At)
		if r != nil {
			return nil, r
		}
		return []Event{{Body: &DocumentRegistered{f.Symbol, f.Type, MeetingID(c.Meeting), f.Item, f.Language, f.Level, f.Text, party, f.File, series, f.Authentic, f.Paragraphs}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *DocumentRegistered) {
		s.setDocument(Document{Symbol: b.Symbol, Type: b.Type, Meeting: b.Meeting, Item: b.Item, Original: b.Language, Level: b.Level, Party: b.Party, File: b.File, Made: h.Index,
			Series: b.Series, Authentic: b.Authentic, Versions: []Version{{Language: b.Language, Text: b.Text, Paragraphs: b.Paragraphs, Index: h.Index}}}, h.Index)
	})
	series(ed)
	versions(ed)
	translations(ed)
	circulation(ed)
	classification(ed)
}

// versions is the acts that give a paper further texts.
func versions(ed *edition) {
	does(ed, Act{
		Name: "IssueVersion", Title: "Issue a language version", Help: "Enters a paper's text in a further language, translated by one person and revised by another.",
		Who: []Capacity{Secretary}, Rule: "GA 51-57", Refusals: []Code{"unknown-symbol", "original-language", "not-revised", "same-person", "base-changed"}, Causes: []string{"VersionIssued"},
		Sealed: map[string]string{"file": OfPaper},
	}, func(s *State, c *Call, f *IssueVersion) ([]Event, *Refusal) {
		d, r := s.paper(f.Symbol)
		switch {
		case r != nil:
			return nil, r
		case f.Language == d.Original:
			return nil, refuse("original-language", "GA 51-57", f.Language)
		case f.Reviser == "":
			return nil, refuse("not-revised", "practice: translated by one, revised by another", f.Language)
		case f.Reviser == f.Translator:
			return nil, refuse("same-person", "practice: translated by one, revised by another", f.Language)
		case d.Versions[0].Text != f.Base:
			return nil, refuse("base-changed", "practice", f.Symbol)
		}
		return []Event{{Body: &VersionIssued{f.Symbol, f.Language, f.Text, f.Translator, f.Reviser, f.File, f.Paragraphs}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *VersionIssued) {
		d := s.documents.papers.At(string(b.Symbol))
		d.Versions = slices.DeleteFunc(slices.Clone(d.Versions), func(v Version) bool { return v.Language == b.Language && v.Language != d.Original })
		d.Versions = append(d.Versions, Version{b.Language, b.Text, b.Paragraphs, b.Translator, b.Reviser, b.File, h.Index})
		d.changeTranslation(b.Language, h.Index, func(t *Translation) {
			*t = Translation{Language: b.Language, Translator: b.Translator, Due: t.Due, State: "issued", Base: d.Versions[0].Text, Text: b.Text, File: b.File}
		})
		s.setDocument(d, h.Index)
	})
	// further enters a paper that revises, adds to or corrects another.
	further := func(s *State, symbol, of Symbol, what string) *Refusal {
		d, r := s.paper(of)
		if r != nil {
			return r
		}
		if _, taken := s.Document(symbol); taken {
			return refuse("symbol-taken", "symbols are given once", symbol)
		}
		if d.Successor != "" {
			return refuse("superseded", "symbols are given once", of, d.Successor)
		}
		if next := s.SymbolAfter(of, what); symbol != next {
			return refuse("bad-symbol", "symbols are given once", symbol, next)
		}
		return nil
	}
	entered := func(s *State, f *IssueRevision, index int64) {
		d := s.documents.papers.At(string(f.Of))
		d.Symbol, d.Of, d.Sent, d.To, d.Receipts, d.Made = f.Symbol, f.Of, false, nil, nil, index
		d.Versions = []Version{{Language: d.Original, Text: f.Text, Paragraphs: f.Paragraphs, Index: index}}
		d.File, d.Destroyed, d.Agreed = f.File, false, nil // the file of the paper it comes after is not its own
		if _, what := rootOf(f.Symbol); what != revises {
			d.Translations, d.Brackets = nil, nil
		}
		s.setDocument(d, index)
	}
	refusals, files := []Code{"unknown-symbol", "symbol-taken", "superseded", "bad-symbol"}, map[string]string{"file": OfPaper}
	does(ed, Act{
		Name: "IssueRevision", Title: "Issue a revision", Help: "Replaces a paper by a revised one under a symbol of its own.",
		Who: []Capacity{Secretary}, Rule: "GA 78", Refusals: refusals, Causes: []string{"DocumentRevised"}, Sealed: files,
	}, func(s *State, c *Call, f *IssueRevision) ([]Event, *Refusal) {
		e := DocumentRevised(*f)
		return []Event{{Body: &e}}, further(s, f.Symbol, f.Of, revises)
	})
	happens(ed, func(s *State, h Happened, b *DocumentRevised) {
		entered(s, (*IssueRevision)(b), h.Index)
		old := s.documents.papers.At(string(b.Of))
		old.Successor = b.Symbol
		s.setDocument(old, h.Index)
	})
	does(ed, Act{
		Name: "IssueAddendum", Title: "Issue an addendum", Help: "Adds to a paper, under a symbol of its own.",
		Who: []Capacity{Secretary}, Rule: "GA 78", Refusals: refusals, Causes: []string{"DocumentAdded"}, Sealed: files,
	}, func(s *State, c *Call, f *IssueAddendum) ([]Event, *Refusal) {
		e := DocumentAdded(*f)
		return []Event{{Body: &e}}, further(s, f.Symbol, f.Of, addsTo)
	})
	happens(ed, func(s *State, h Happened, b *DocumentAdded) { entered(s, (*IssueRevision)(b), h.Index) })
	does(ed, Act{
		Name: "IssueCorrigendum", Title: "Issue a corrigendum", Help: "Corrects a paper, under a symbol of its own.",
		Who: []Capacity{Secretary}, Rule: "GA 78", Refusals: refusals, Causes: []string{"DocumentCorrected"}, Sealed: files,
	}, func(s *State, c *Call, f *IssueCorrigendum) ([]Event, *Refusal) {
		e := DocumentCorrected(*f)
		return []Event{{Body: &e}}, further(s, f.Symbol, f.Of, corrects)
	})
	happens(ed, func(s *State, h Happened, b *DocumentCorrected) { entered(s, (*IssueRevision)(b), h.Index) })

	does(ed, Act{
		Name: "IssuePaper", Title: "Issue a paper", Help: "Notes the digest and layout of a paper as it left the house, so that a copy can be held against it.",
		Who: []Capacity{Secretary, Depositary}, Rule: "doc/record.md 2", Refusals: []Code{"unknown-symbol", "not-authenticated", "paper-issued", "letter-issued", "beyond-record"}, Causes: []string{"PaperIssued"}, OfFiles: []Code{"other-paper"},
	}, func(s *State, c *Call, f *IssuePaper) ([]Event, *Refusal) {
		i, signs := s.Instrument(InstrumentID(f.Symbol))
		n, tells := s.depositary.notified.Get(string(f.Symbol))
		_, r := s.paper(f.Symbol)
		switch {
		case !signs && !tells && r != nil:
			return nil, r
		case tells && slices.ContainsFunc(n.Letters, func(x PaperIssued) bool { return x.Language == f.Language }):
			return nil, refuse("letter-issued", "VCLT 78", f.Symbol)
		case f.Size > s.Size:
			return nil, refuse("beyond-record", "doc/record.md 2", f.Size, s.Size)
		case signs && len(i.Texts) == 0:
			return nil, refuse("not-authenticated", "VCLT 10", f.Symbol)
		case signs && i.Paper > 0:
			return nil, refuse("paper-issued", "VCLT 10", f.Symbol)
		}
		e := PaperIssued(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *PaperIssued) {
		s.sealing.issued = s.sealing.issued.Set(string(b.Digest), IssuedPaper{*b, h.Index})
		if s.instruments.all.Has(string(b.Symbol)) {
			s.changeInstrument(InstrumentID(b.Symbol), h.Index, func(i *Instrument) { i.Paper, i.Issue = h.Index, *b })
		}
		if n, ok := s.depositary.notified.Get(string(b.Symbol)); ok {
			n.Letters = append(slices.Clone(n.Letters), *b)
			s.depositary.notified = s.depositary.notified.Set(string(b.Symbol), n)
		}
	})
}

// circulation is the acts by which papers reach their readers.
func circulation(ed *edition) {
	does(ed, Act{
		Name: "Circulate", Title: "Circulate a document", Help: "Sends a paper to parties or to all; one that is not public is sent to parties by name.",
		Who: []Capacity{Secretary}, Rule: "GA 78", Refusals: []Code{"unknown-symbol", "unknown-party", "classification", "missing-language"}, Causes: []string{"DocumentCirculated"},
	}, func(s *State, c *Call, f *Circulate) ([]Event, *Refusal) {
		d, r := s.paper(f.Symbol)
		if r != nil {
			return nil, r
		}
		for _, p := range f.To {
			if !s.parties.Has(string(p)) {
				return nil, refuse("unknown-party", "GA 78", p)
			}
		}
		if d.Level != "public" && len(f.To) == 0 {
			return nil, refuse("classification", "practice", f.Symbol, d.Level)
		}
		for _, l := range f.Languages {
			if !slices.ContainsFunc(d.Versions, func(v Version) bool { return v.Language == l }) {
				return nil, refuse("missing-language", "GA 56", l)
			}
		}
		e := DocumentCirculated(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *DocumentCirculated) {
		d := s.documents.papers.At(string(b.Symbol))
		d.Sent, d.SentAt, d.To = true, h.At, b.To
		s.setDocument(d, h.Index)
	})
	does(ed, Act{
		Name: "AcknowledgeReceipt", Title: "Acknowledge receipt", Help: "Says that a paper has come to your delegation.",
		Who: []Capacity{Head, Delegate, ObserverHead}, Rule: "VCLT 78", Refusals: []Code{"unknown-symbol", "not-addressee", "already-acknowledged"}, Causes: []string{"ReceiptAcknowledged"},
	}, func(s *State, c *Call, f *AcknowledgeReceipt) ([]Event, *Refusal) {
		d, r := s.paper(f.Symbol)
		switch {
		case r != nil:
			return nil, r
		case !d.Sent || len(d.To) > 0 && !slices.Contains(d.To, PartyID(c.For)):
			return nil, refuse("not-addressee", "VCLT 78", c.For)
		case slices.ContainsFunc(d.Receipts, func(r Acknowledgement) bool { return r.Party == PartyID(c.For) }):
			return nil, refuse("already-acknowledged", "VCLT 78", f.Symbol)
		}
		return []Event{{Body: &ReceiptAcknowledged{f.Symbol, PartyID(c.For)}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *ReceiptAcknowledged) {
		d := s.documents.papers.At(string(b.Symbol))
		d.Receipts = append(slices.Clone(d.Receipts), Acknowledgement{b.Party, h.Index})
		s.setDocument(d, h.Index)
	})
	does(ed, Act{
		Name: "WithdrawDocument", Title: "Withdraw a document", Help: "Takes a paper back: who submitted it may, until a revision has replaced it.",
		Who: []Capacity{Secretary, Head, Delegate}, Rule: "GA 80", Refusals: []Code{"unknown-symbol", "not-submitter", "superseded"}, Causes: []string{"DocumentWithdrawn"},
	}, func(s *State, c *Call, f *WithdrawDocument) ([]Event, *Refusal) {
		d, r := s.paper(f.Symbol)
		switch {
		case r != nil:
			return nil, r
		case c.As != string(Secretary) && d.Party != PartyID(c.For) || c.As == string(Secretary) && d.Party != "":
			return nil, refuse("not-submitter", "GA 80", f.Symbol)
		case d.Successor != "":
			return nil, refuse("superseded", "GA 80", f.Symbol, d.Successor)
		}
		e := DocumentWithdrawn(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *DocumentWithdrawn) {
		d := s.documents.papers.At(string(b.Symbol))
		d.Withdrawn = true
		s.setDocument(d, h.Index)
	})
}

// classification is the acts that say who may read a paper, and when.
func classification(ed *edition) {
	does(ed, Act{
		Name: "Classify", Title: "Classify a document", Help: "Restricts who may read a paper, on a decision.",
		Who: []Capacity{Secretary}, Rule: "the decision named as basis", Refusals: []Code{"unknown-symbol", "same-level"}, Causes: []string{"Classified"},
	}, func(s *State, c *Call, f *Classify) ([]Event, *Refusal) {
		d, r := s.paper(f.Symbol)
		switch {
		case r != nil:
			return nil, r
		case !slices.Contains(levels[1:], f.Level):
			return nil, refuse("malformed", "doc/record.md 2", "level")
		case d.Level == f.Level:
			return nil, refuse("same-level", "practice", f.Symbol, f.Level)
		}
		e := Classified(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *Classified) {
		d := s.documents.papers.At(string(b.Symbol))
		d.Level = b.Level
		s.setDocument(d, h.Index)
	})
	does(ed, Act{
		Name: "Declassify", Title: "Declassify a document", Help: "Opens a paper to all, on a decision.",
		Who: []Capacity{Secretary}, Rule: "the decision named as basis", Refusals: []Code{"unknown-symbol", "same-level"}, Causes: []string{"Declassified"},
	}, func(s *State, c *Call, f *Declassify) ([]Event, *Refusal) {
		d, r := s.paper(f.Symbol)
		if r == nil && d.Level == "public" {
			r = refuse("same-level", "practice", f.Symbol, d.Level)
		}
		e := Declassified(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *Declassified) {
		d := s.documents.papers.At(string(b.Symbol))
		d.Level, d.SealedTo = "public", ""
		s.setDocument(d, h.Index)
	})
	does(ed, Act{
		Name: "SealDocument", Title: "Seal a document", Help: "Closes a paper to everybody until a day, on a decision.",
		Who: []Capacity{Secretary}, Rule: "the decision named as basis", Refusals: []Code{"unknown-symbol", "day-passed"}, Causes: []string{"DocumentSealed"},
	}, func(s *State, c *Call, f *SealDocument) ([]Event, *Refusal) {
		_, r := s.paper(f.Symbol)
		if r == nil && f.Until.begins() <= c.At {
			r = refuse("day-passed", "practice", f.Until)
		}
		e := DocumentSealed(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *DocumentSealed) {
		d := s.documents.papers.At(string(b.Symbol))
		d.SealedTo = b.Until
		s.setDocument(d, h.Index)
	})
	does(ed, Act{
		Name: "DestroyFile", Title: "Destroy a file", Help: "Destroys the key of a paper's file, on a decision: nobody can open it any more. Symbol, digest and history stay.",
		Who: []Capacity{Secretary}, TwoPersons: true, Attested: true, Rule: "the decision named as basis", Refusals: []Code{"unknown-symbol", "no-file", "one-person-only"}, Causes: []string{"FileDestroyed"},
	}, func(s *State, c *Call, f *DestroyFile) ([]Event, *Refusal) {
		d, ok := s.Document(f.Symbol) // of a withdrawn paper too
		switch {
		case !ok:
			return nil, refuse("unknown-symbol", "symbols are given once", f.Symbol)
		case d.File == nil || d.Destroyed:
			return nil, refuse("no-file", "doc/record.md 4", f.Symbol)
		}
		e := FileDestroyed(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *FileDestroyed) {
		d := s.documents.papers.At(string(b.Symbol))
		d.Destroyed = true
		s.setDocument(d, h.Index)
	})
}
