package conference

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"kurultai/record"
)

// Papers and notes that the writer of the record cannot read. They are encrypted (age-encryption.org/v1) to keys that the
// correspondents hold on their own devices. The keys stand in open entries, so that everybody reads the same ones; all that
// is done with a note is closed, and even inside stand parties, times and digests alone. A correspondent is a party, or the
// secretariat, which has no id: "".

// registryState is the keys to which notes are encrypted. The notes themselves are closed.
type registryState struct {
	recipients Ordered[int64, Recipient] // by the entry that deposited it
}

// A Recipient is the public half of a key that a correspondent holds (age: X25519 recipient).
type Recipient struct {
	RecipientDeposited
	Index     int64
	Withdrawn int64 // entry from which on nothing is encrypted to it; 0: none
	Why       Term  // of the withdrawal
}

// A Note is a sealed note or paper, as its registry knows it: never what it says.
type Note struct {
	NoteSent
	Index      int64 // its entry
	At         record.Instant
	Passed     []Passing
	Receipts   []NoteReceipt
	Asked      []NoteRequest // for copies to further keys
	AnsweredBy []int64       // entries of the notes that answer it
	Withdrawn  int64         // entry that withdrew it, or 0
	Why        Term
}

// A Passing is a copy of a note for further keys, made by one who could read it.
type Passing struct {
	NotePassed
	Index int64
	At    record.Instant
}

// A NoteReceipt says that an addressee has opened a note.
type NoteReceipt struct {
	NoteAcknowledged
	Index int64
	At    record.Instant
}

// A NoteRequest asks for a copy of a note to a further key.
type NoteRequest struct {
	NoteAsked
	Index int64
	At    record.Instant
	Done  bool // a copy was made for the key
}

// MostSealed is the largest ciphertext of a note in bytes: what a page can send with an act.
const MostSealed = 5 << 20

// mostKeys bounds to how many keys a note is encrypted: each is a line of its header.
const mostKeys = 500

type (
	// DepositRecipient deposits a key to which notes are encrypted.
	DepositRecipient struct {
		Recipient string         `json:"recipient" jsonschema:"the public key: age1 and 58 characters (age, X25519)"`
		Use       Term           `json:"use" jsonschema:"device, node or backup"`
		Holder    PersonID       `json:"holder,omitempty" jsonschema:"whose device holds it; when that person leaves, nothing more is encrypted to it"`
		Label     *record.Sealed `json:"label,omitempty" jsonschema:"how its holders know it, sealed"`
	}
	// RecipientDeposited is what DepositRecipient causes.
	RecipientDeposited struct {
		Party     PartyID        `json:"party,omitempty"`
		Recipient string         `json:"recipient"`
		Use       Term           `json:"use"`
		Holder    PersonID       `json:"holder,omitempty"`
		Label     *record.Sealed `json:"label,omitempty"`
	}
	// WithdrawRecipient ends a key: nothing more is encrypted to it. What was stays readable to who holds it.
	WithdrawRecipient struct {
		Key int64 `json:"key" jsonschema:"the entry that deposited it"`
		Why Term  `json:"why" jsonschema:"lost, left, compromised"`
	}
	// RecipientWithdrawn is what WithdrawRecipient causes.
	RecipientWithdrawn WithdrawRecipient
	// SendNote enters a note that was encrypted before it came here.
	SendNote struct {
		Number      string        `json:"number" jsonschema:"in the sender's own series, as 17/2027"`
		Form        Term          `json:"form" jsonschema:"verbale, letter, paper"`
		Date        Date          `json:"date" jsonschema:"the day it bears"`
		To          []PartyID     `json:"to,omitempty" jsonschema:"parties it is addressed to"`
		Secretariat bool          `json:"secretariat,omitempty" jsonschema:"true: addressed to the secretariat"`
		Keys        []int64       `json:"keys" jsonschema:"entries of the keys it is encrypted to"`
		Answers     int64         `json:"answers,omitempty" jsonschema:"entry of the note it answers"`
		Refers      int64         `json:"refers,omitempty" jsonschema:"entry of an earlier note it refers to"`
		Paper       Symbol        `json:"paper,omitempty" jsonschema:"symbol of a paper it refers to"`
		ReplyBy     Date          `json:"replyBy,omitempty" jsonschema:"day by which an answer is asked"`
		Mark        Term          `json:"mark" jsonschema:"ordinary, restricted, confidential, personal"`
		Passing     Term          `json:"passing" jsonschema:"who may pass it on: nobody, addressees, holders"`
		Plain       record.Digest `json:"plain" jsonschema:"SHA-256 of what is encrypted, salt included"`
		Ciphertext  record.Blob   `json:"ciphertext" jsonschema:"the encrypted file (age-encryption.org/v1)"`
	}
	// NoteSent is what SendNote causes, inside the closed entry.
	NoteSent struct {
		Party       PartyID       `json:"party,omitempty"`
		Person      PersonID      `json:"person"`
		Number      string        `json:"number"`
		Form        Term          `json:"form"`
		Date        Date          `json:"date"`
		To          []PartyID     `json:"to,omitempty"`
		Secretariat bool          `json:"secretariat,omitempty"`
		Keys        []int64       `json:"keys"`
		Answers     int64         `json:"answers,omitempty"`
		Refers      int64         `json:"refers,omitempty"`
		Paper       Symbol        `json:"paper,omitempty"`
		ReplyBy     Date          `json:"replyBy,omitempty"`
		Mark        Term          `json:"mark"`
		Passing     Term          `json:"passing"`
		Plain       record.Digest `json:"plain"`
		Ciphertext  record.Blob   `json:"ciphertext"`
	}
	// AcknowledgeNote is the receipt of an addressee that has opened a note.
	AcknowledgeNote struct {
		Note int64 `json:"note" jsonschema:"entry of the note"`
	}
	// NoteAcknowledged is what AcknowledgeNote causes, inside the closed entry.
	NoteAcknowledged struct {
		Note   int64    `json:"note"`
		Party  PartyID  `json:"party,omitempty"`
		Person PersonID `json:"person"`
	}
	// PassNote enters a copy of a note, encrypted anew by one who could read it: for further keys of those who have it, or,
	// where the note allows, for others.
	PassNote struct {
		Note        int64       `json:"note" jsonschema:"entry of the note"`
		To          []PartyID   `json:"to,omitempty" jsonschema:"parties it is passed on to"`
		Secretariat bool        `json:"secretariat,omitempty" jsonschema:"true: passed on to the secretariat"`
		Keys        []int64     `json:"keys" jsonschema:"entries of the keys it is encrypted to"`
		Ciphertext  record.Blob `json:"ciphertext" jsonschema:"the same text and files, encrypted to them"`
	}
	// NotePassed is what PassNote causes, inside the closed entry.
	NotePassed struct {
		Note        int64       `json:"note"`
		Party       PartyID     `json:"party,omitempty"`
		Person      PersonID    `json:"person"`
		To          []PartyID   `json:"to,omitempty"`
		Secretariat bool        `json:"secretariat,omitempty"`
		Keys        []int64     `json:"keys"`
		Ciphertext  record.Blob `json:"ciphertext"`
	}
	// AskNote asks those who can read a note for a copy to a key it was not encrypted to.
	AskNote struct {
		Note int64 `json:"note" jsonschema:"entry of the note"`
		Key  int64 `json:"key" jsonschema:"entry of your key"`
	}
	// NoteAsked is what AskNote causes, inside the closed entry.
	NoteAsked struct {
		Note   int64    `json:"note"`
		Party  PartyID  `json:"party,omitempty"`
		Person PersonID `json:"person"`
		Key    int64    `json:"key"`
	}
	// WithdrawNote takes a note back: nobody is given it any more. Who has opened it has it.
	WithdrawNote struct {
		Note int64 `json:"note" jsonschema:"entry of the note"`
		Why  Term  `json:"why" jsonschema:"error, replaced, overtaken"`
	}
	// NoteWithdrawn is what WithdrawNote causes, inside the closed entry.
	NoteWithdrawn WithdrawNote
)

// Fixed words of notes.
var (
	recipientUses = []Term{"device", "node", "backup"}
	keyEnds       = []Term{"lost", "left", "compromised"}
	noteForms     = []Term{"verbale", "letter", "paper"}
	noteMarks     = []Term{"ordinary", "restricted", "confidential", "personal"}
	notePassings  = []Term{"nobody", "addressees", "holders"}
	noteEnds      = []Term{"error", "replaced", "overtaken"}
)

// Recipients lists the keys that were deposited in order of entry, withdrawn ones too.
func (s *State) Recipients() (list []Recipient) {
	for _, r := range s.registry.recipients.All() {
		list = append(list, r)
	}
	return list
}

// Recipient finds a key by the entry that deposited it.
func (s *State) Recipient(index int64) (Recipient, bool) { return s.registry.recipients.Get(index) }

// RecipientsOf lists a correspondent's keys to which notes are encrypted at an instant.
func (s *State) RecipientsOf(p PartyID, at record.Instant) (list []Recipient) {
	for _, r := range s.registry.recipients.All() {
		if r.Party == p && r.Withdrawn == 0 && s.HolderStays(r, at) {
			list = append(list, r)
		}
	}
	return list
}

// HolderStays reports whether a key's holder, if one is named, still holds an office for its correspondent.
func (s *State) HolderStays(r Recipient, at record.Instant) bool {
	return r.Holder == "" || s.speaksFor(r.Holder, r.Party, at)
}

// speaksFor reports whether a person holds an office for a correspondent.
func (s *State) speaksFor(p PersonID, of PartyID, at record.Instant) bool {
	person, _ := s.persons.Get(string(p))
	return !person.Forgotten && slices.ContainsFunc(s.OfficesOf(p, at), func(o Office) bool {
		return o.For == of && (of != "" || o.Capacity == Secretary)
	})
}

// SealedNote finds a note by its entry. The writer alone knows them.
func (s *State) SealedNote(index int64) (Note, bool) { return s.closed.sent.Get(index) }

// Registry lists the notes a correspondent sent, received or was passed, in order of entry.
func (s *State) Registry(p PartyID) (list []Note) {
	for _, n := range s.closed.sent.All() {
		if n.HeldBy(p) {
			list = append(list, n)
		}
	}
	return list
}

// AddressedTo reports whether a note is addressed to a correspondent.
func (n NoteSent) AddressedTo(p PartyID) bool { return addressed(n.To, n.Secretariat, p) }

func addressed(to []PartyID, secretariat bool, p PartyID) bool {
	return p == "" && secretariat || p != "" && slices.Contains(to, p)
}

// Receives reports whether a correspondent was sent a note or had it passed on.
func (n Note) Receives(p PartyID) bool {
	return n.AddressedTo(p) || slices.ContainsFunc(n.Passed, func(c Passing) bool { return addressed(c.To, c.Secretariat, p) })
}

// HeldBy reports whether a correspondent sent a note or received it.
func (n Note) HeldBy(p PartyID) bool { return n.Party == p || n.Receives(p) }

// entries are the closed entries of a note, each with the correspondents whose they are: of the note itself who has it, of
// a copy its maker, its addressees and who sent the note, of a receipt or a request its author and who sent the note. A note
// that was withdrawn, and its copies, are its sender's alone.
func (n Note) entries() map[int64][]PartyID {
	holders := func(by PartyID, to []PartyID, secretariat bool) []PartyID {
		list := append([]PartyID{n.Party, by}, to...)
		if secretariat {
			list = append(list, "")
		}
		return list
	}
	of := map[int64][]PartyID{n.Index: holders(n.Party, n.To, n.Secretariat)}
	for _, c := range n.Passed {
		of[c.Index] = holders(c.Party, c.To, c.Secretariat)
		of[n.Index] = append(of[n.Index], of[c.Index]...)
	}
	for _, r := range n.Receipts {
		of[r.Index] = holders(r.Party, nil, false)
	}
	for _, a := range n.Asked {
		of[a.Index] = holders(a.Party, nil, false)
	}
	if n.Withdrawn > 0 { // its sender alone still has what it took back
		of[n.Withdrawn] = of[n.Index]
		of[n.Index] = []PartyID{n.Party}
		for _, c := range n.Passed {
			of[c.Index] = of[n.Index]
		}
	}
	return of
}

// Receipt is a correspondent's, if it gave one.
func (n Note) Receipt(p PartyID) (NoteReceipt, bool) {
	i := slices.IndexFunc(n.Receipts, func(r NoteReceipt) bool { return r.Party == p })
	if i < 0 {
		return NoteReceipt{}, false
	}
	return n.Receipts[i], true
}

// CopiesFor lists the ciphertexts of a note that a correspondent's keys open, the newest first.
func (s *State) CopiesFor(n Note, p PartyID) (list []record.Blob) {
	opens := func(keys []int64) bool {
		return slices.ContainsFunc(keys, func(k int64) bool { return s.registry.recipients.At(k).Party == p })
	}
	for _, c := range slices.Backward(n.Passed) {
		if opens(c.Keys) {
			list = append(list, c.Ciphertext)
		}
	}
	if opens(n.Keys) {
		list = append(list, n.Ciphertext)
	}
	return list
}

// Overdue reports whether an answer was asked by a day that has passed, and none came.
func (n Note) Overdue(at record.Instant) bool {
	return n.ReplyBy != "" && n.Withdrawn == 0 && len(n.AnsweredBy) == 0 && n.ReplyBy.begins().AddHours(24) <= at
}

// age1 is a recipient of age in form: Bech32 (BIP 173) of 32 bytes. Its checksum is ofBech32's.
var age1 = regexp.MustCompile(`^age1[02-9ac-hj-np-z]{58}$`)

// ofBech32 reports whether the checksum of a lower-case Bech32 string is right (BIP 173).
func ofBech32(s string) bool {
	const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	sum := uint32(1)
	add := func(v byte) {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(v)
		for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	prefix, data, _ := strings.Cut(s, "1")
	for i := range len(prefix) {
		add(prefix[i] >> 5)
	}
	add(0)
	for i := range len(prefix) {
		add(prefix[i] & 31)
	}
	for i := range len(data) {
		add(byte(strings.IndexByte(letters, data[i])))
	}
	return sum == 1
}

// correspondents are those who keep keys; writers those who send and receive.
var (
	correspondents = []Capacity{Head, ObserverHead, Secretary}
	writers        = []Capacity{Head, Delegate, ObserverHead, Secretary}
)

func registry(ed *edition) {
	recipients(ed)
	sending(ed)
	receiving(ed)
}

func recipients(ed *edition) {
	does(ed, Act{
		Name: "DepositRecipient", Title: "Deposit a key for sealed notes", Help: "Deposits the public half of a key to which notes for you are encrypted. The other half stays on your device or node.",
		Who: correspondents, Attested: true, Rule: "age-encryption.org/v1", Refusals: []Code{"bad-recipient", "recipient-known", "holder-left"}, Causes: []string{"RecipientDeposited"},
		Sealed: map[string]string{"label": "holder"},
	}, func(s *State, c *Call, f *DepositRecipient) ([]Event, *Refusal) {
		known := slices.ContainsFunc(s.Recipients(), func(r Recipient) bool { return r.Recipient == f.Recipient })
		switch {
		case !slices.Contains(recipientUses, f.Use):
			return nil, refuse("malformed", "doc/record.md 2", "use")
		case !age1.MatchString(f.Recipient) || !ofBech32(f.Recipient):
			return nil, refuse("bad-recipient", "age-encryption.org/v1", f.Recipient)
		case known:
			return nil, refuse("recipient-known", "age-encryption.org/v1", f.Recipient)
		case f.Holder != "" && !s.speaksFor(f.Holder, PartyID(c.For), c.At):
			return nil, refuse("holder-left", "practice", f.Holder)
		}
		return []Event{{Body: &RecipientDeposited{PartyID(c.For), f.Recipient, f.Use, f.Holder, f.Label}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *RecipientDeposited) {
		s.registry.recipients = s.registry.recipients.Set(h.Index, Recipient{RecipientDeposited: *b, Index: h.Index})
	})
	does(ed, Act{
		Name: "WithdrawRecipient", Title: "Withdraw a key for sealed notes", Help: "From now on no note is encrypted to the key. What was encrypted to it before stays readable to whoever holds it.",
		Who: correspondents, Attested: true, Rule: "age-encryption.org/v1", Refusals: []Code{"unknown-recipient", "recipient-withdrawn"}, Causes: []string{"RecipientWithdrawn"},
	}, func(s *State, c *Call, f *WithdrawRecipient) ([]Event, *Refusal) {
		k, ok := s.Recipient(f.Key)
		switch {
		case !slices.Contains(keyEnds, f.Why):
			return nil, refuse("malformed", "doc/record.md 2", "why")
		case !ok || k.Party != PartyID(c.For):
			return nil, refuse("unknown-recipient", "age-encryption.org/v1", f.Key)
		case k.Withdrawn > 0:
			return nil, refuse("recipient-withdrawn", "age-encryption.org/v1", f.Key, k.Withdrawn)
		}
		e := RecipientWithdrawn(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *RecipientWithdrawn) {
		k := s.registry.recipients.At(b.Key)
		k.Withdrawn, k.Why = h.Index, b.Why
		s.registry.recipients = s.registry.recipients.Set(b.Key, k)
	})
}

// encrypted refuses keys that are none, or not of those who are to have the note, and correspondents that none of them is of.
func (s *State) encrypted(keys []int64, may func(PartyID) bool, to []PartyID, at record.Instant) *Refusal {
	if len(keys) > mostKeys {
		return refuse("too-large", "age-encryption.org/v1", len(keys), mostKeys)
	}
	reached := map[PartyID]bool{}
	for i, index := range keys {
		k, ok := s.Recipient(index)
		switch {
		case !ok || slices.Contains(keys[:i], index):
			return refuse("unknown-recipient", "age-encryption.org/v1", index)
		case k.Withdrawn > 0:
			return refuse("recipient-withdrawn", "age-encryption.org/v1", index, k.Withdrawn)
		case !s.HolderStays(k, at):
			return refuse("holder-left", "practice", k.Holder)
		case !may(k.Party):
			return refuse("key-of-another", "practice", index)
		}
		reached[k.Party] = true
	}
	for _, p := range to {
		if !reached[p] {
			return refuse("no-recipient", "age-encryption.org/v1", cmp.Or(string(p), "secretariat"))
		}
	}
	return nil
}

// addressees are those a note goes to, the secretariat as "", in their order; a list that names one twice is malformed.
func (s *State) addressees(c *Call, to []PartyID, secretariat bool) (all []PartyID, r *Refusal) {
	for i, p := range to {
		if _, known := s.Party(p); !known {
			return nil, refuse("unknown-party", "practice", p)
		}
		if slices.Contains(to[:i], p) || p == PartyID(c.For) {
			return nil, refuse("malformed", "doc/record.md 2", "to")
		}
	}
	all = slices.Clone(to)
	if secretariat {
		if c.For == "" {
			return nil, refuse("malformed", "doc/record.md 2", "secretariat")
		}
		all = append(all, "")
	}
	return all, nil
}

// held finds a note that who acts sent or received. To others there is none: that an entry is a note is closed.
func (s *State) held(c *Call, index int64) (Note, *Refusal) {
	n, ok := s.SealedNote(index)
	if !ok || !n.HeldBy(PartyID(c.For)) {
		return n, refuse("unknown-note", "doc/record.md 4", index)
	}
	return n, nil
}

// standing is held, of a note that was not withdrawn.
func (s *State) standing(c *Call, index int64) (Note, *Refusal) {
	n, r := s.held(c, index)
	if r == nil && n.Withdrawn > 0 {
		r = refuse("note-withdrawn", "practice", index, n.Withdrawn)
	}
	return n, r
}

// check refuses what a note says of itself.
func (f *SendNote) check(s *State, c *Call) *Refusal {
	for _, w := range []struct {
		field string
		word  Term
		of    []Term
	}{{"form", f.Form, noteForms}, {"mark", f.Mark, noteMarks}, {"passing", f.Passing, notePassings}} {
		if !slices.Contains(w.of, w.word) {
			return refuse("malformed", "doc/record.md 2", w.field)
		}
	}
	_, _, day, err := f.Date.Parts()
	switch {
	case Symbol(f.Number).Check() != nil || len(f.Number) > 40:
		return refuse("malformed", "doc/record.md 2", "number")
	case err != nil || day == 0:
		return refuse("malformed", "doc/record.md 2", "date")
	case f.Mark == "personal" && f.Passing != "nobody":
		return refuse("malformed", "doc/record.md 2", "passing")
	case s.closed.numbers.Has(c.For + "/" + f.Number):
		return refuse("number-taken", "practice", f.Number)
	case f.ReplyBy != "" && f.ReplyBy.begins().AddHours(24) <= c.At:
		return refuse("reply-by-past", "practice", f.ReplyBy)
	case f.Ciphertext.Size > MostSealed:
		return refuse("too-large", "doc/record.md 4", f.Ciphertext.Size, MostSealed)
	}
	for _, earlier := range []int64{f.Answers, f.Refers} {
		if _, r := s.held(c, earlier); earlier != 0 && r != nil {
			return r
		}
	}
	if _, known := s.Document(f.Paper); f.Paper != "" && !known {
		return refuse("unknown-symbol", "practice", f.Paper)
	}
	return nil
}

func sending(ed *edition) {
	does(ed, Act{
		Name: "SendNote", Title: "Send a sealed note", Help: "Enters a note or paper that was encrypted on your device for its addressees. Others see a time and a digest; the secretariat who wrote to whom and when, and nothing of what it says.",
		Who: writers, Attested: true, Closed: true, Rule: "VCDR 27; age-encryption.org/v1", Causes: []string{"NoteSent"}, OfFiles: []Code{"not-sealed"},
		Refusals: []Code{"no-addressee", "unknown-party", "number-taken", "unknown-note", "unknown-symbol", "reply-by-past", "unknown-recipient", "recipient-withdrawn", "holder-left", "key-of-another", "no-recipient", "too-large"},
	}, func(s *State, c *Call, f *SendNote) ([]Event, *Refusal) {
		to, r := s.addressees(c, f.To, f.Secretariat)
		if r == nil && len(to) == 0 {
			r = refuse("no-addressee", "practice")
		}
		if r == nil {
			r = f.check(s, c)
		}
		if r == nil {
			own := PartyID(c.For)
			r = s.encrypted(f.Keys, func(p PartyID) bool { return p == own || slices.Contains(to, p) }, to, c.At)
		}
		return []Event{{Body: &NoteSent{PartyID(c.For), PersonID(c.By), f.Number, f.Form, f.Date, f.To, f.Secretariat, f.Keys, f.Answers, f.Refers, f.Paper, f.ReplyBy, f.Mark, f.Passing, f.Plain, f.Ciphertext}}}, r
	})
	happens(ed, func(*State, Happened, *NoteSent) {})
	does(ed, Act{
		Name: "PassNote", Title: "Encrypt a note anew", Help: "Enters a copy of a note for further keys: of those who have it, as when one was lost, or of others, where the note may be passed on.",
		Who: writers, Attested: true, Closed: true, Rule: "practice", Causes: []string{"NotePassed"}, OfFiles: []Code{"not-sealed"},
		Refusals: []Code{"unknown-note", "note-withdrawn", "may-not-pass-on", "unknown-party", "unknown-recipient", "recipient-withdrawn", "holder-left", "key-of-another", "no-recipient", "too-large"},
	}, func(s *State, c *Call, f *PassNote) ([]Event, *Refusal) {
		n, r := s.standing(c, f.Note)
		var to []PartyID
		if r == nil {
			to, r = s.addressees(c, f.To, f.Secretariat)
		}
		if r == nil {
			r = n.passable(PartyID(c.For), to)
		}
		if r == nil {
			r = s.encrypted(f.Keys, func(p PartyID) bool { return n.HeldBy(p) || slices.Contains(to, p) }, to, c.At)
		}
		if r == nil && f.Ciphertext.Size > MostSealed {
			r = refuse("too-large", "doc/record.md 4", f.Ciphertext.Size, MostSealed)
		}
		return []Event{{Body: &NotePassed{f.Note, PartyID(c.For), PersonID(c.By), f.To, f.Secretariat, f.Keys, f.Ciphertext}}}, r
	})
	happens(ed, func(*State, Happened, *NotePassed) {})
	does(ed, Act{
		Name: "WithdrawNote", Title: "Withdraw a note", Help: "Takes back a note you sent: nobody is given it any more. Who has opened it has it.",
		Who: writers, Attested: true, Closed: true, Rule: "practice", Refusals: []Code{"unknown-note", "note-withdrawn", "not-sender"}, Causes: []string{"NoteWithdrawn"},
	}, func(s *State, c *Call, f *WithdrawNote) ([]Event, *Refusal) {
		n, r := s.standing(c, f.Note)
		switch {
		case !slices.Contains(noteEnds, f.Why):
			return nil, refuse("malformed", "doc/record.md 2", "why")
		case r == nil && n.Party != PartyID(c.For):
			r = refuse("not-sender", "practice", f.Note)
		}
		e := NoteWithdrawn(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(*State, Happened, *NoteWithdrawn) {})
}

// passable refuses who may not pass a note on to others than have it.
func (n Note) passable(by PartyID, to []PartyID) *Refusal {
	if !slices.ContainsFunc(to, func(p PartyID) bool { return !n.HeldBy(p) }) || by == n.Party {
		return nil
	}
	if n.Passing == "holders" || n.Passing == "addressees" && n.AddressedTo(by) {
		return nil
	}
	return refuse("may-not-pass-on", "practice", n.Index)
}

func receiving(ed *edition) {
	does(ed, Act{
		Name: "AcknowledgeNote", Title: "Confirm receipt of a note", Help: "Says that you have opened a note you received; its sender sees when.",
		Who: writers, Attested: true, Closed: true, Rule: "practice", Refusals: []Code{"unknown-note", "note-withdrawn", "not-received", "already-acknowledged"}, Causes: []string{"NoteAcknowledged"},
	}, func(s *State, c *Call, f *AcknowledgeNote) ([]Event, *Refusal) {
		n, r := s.standing(c, f.Note)
		if _, given := n.Receipt(PartyID(c.For)); r == nil && given {
			r = refuse("already-acknowledged", "practice", f.Note)
		}
		if r == nil && !n.Receives(PartyID(c.For)) {
			r = refuse("not-received", "practice", f.Note)
		}
		return []Event{{Body: &NoteAcknowledged{f.Note, PartyID(c.For), PersonID(c.By)}}}, r
	})
	happens(ed, func(*State, Happened, *NoteAcknowledged) {})
	does(ed, Act{
		Name: "AskNote", Title: "Ask for a note anew", Help: "Asks those who can read a note to encrypt it for a key of yours, as when the one it came to is lost.",
		Who: writers, Closed: true, Rule: "practice", Refusals: []Code{"unknown-note", "note-withdrawn", "unknown-recipient", "recipient-withdrawn", "holder-left", "key-of-another"}, Causes: []string{"NoteAsked"},
	}, func(s *State, c *Call, f *AskNote) ([]Event, *Refusal) {
		_, r := s.standing(c, f.Note)
		if r == nil {
			r = s.encrypted([]int64{f.Key}, func(p PartyID) bool { return p == PartyID(c.For) }, nil, c.At)
		}
		return []Event{{Body: &NoteAsked{f.Note, PartyID(c.For), PersonID(c.By), f.Key}}}, r
	})
	happens(ed, func(*State, Happened, *NoteAsked) {})
}

// foldNote changes the closed part by an event of a note's.
func (s *State) foldNote(e *record.Entry, body any) {
	change := func(index int64, change func(*Note)) {
		if n, ok := s.closed.sent.Get(index); ok { // what was erased is not here any more
			change(&n)
			s.closed.sent = s.closed.sent.Set(index, n)
		}
	}
	switch b := body.(type) {
	case *NoteSent:
		s.closed.sent = s.closed.sent.Set(e.Index, Note{NoteSent: *b, Index: e.Index, At: e.At})
		s.closed.numbers = s.closed.numbers.Set(string(b.Party)+"/"+b.Number, e.Index)
		if b.Answers != 0 {
			change(b.Answers, func(n *Note) { n.AnsweredBy = append(slices.Clone(n.AnsweredBy), e.Index) })
		}
	case *NotePassed:
		change(b.Note, func(n *Note) {
			n.Passed = append(slices.Clone(n.Passed), Passing{*b, e.Index, e.At})
			n.Asked = slices.Clone(n.Asked)
			for i, a := range n.Asked {
				n.Asked[i].Done = a.Done || slices.Contains(b.Keys, a.Key)
			}
		})
	case *NoteAcknowledged:
		change(b.Note, func(n *Note) { n.Receipts = append(slices.Clone(n.Receipts), NoteReceipt{*b, e.Index, e.At}) })
	case *NoteAsked:
		change(b.Note, func(n *Note) { n.Asked = append(slices.Clone(n.Asked), NoteRequest{*b, e.Index, e.At, false}) })
	case *NoteWithdrawn:
		change(b.Note, func(n *Note) { n.Withdrawn, n.Why = e.Index, b.Why })
	}
}
