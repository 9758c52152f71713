package conference

import (
	"slices"
	"strings"

	"kurultai/record"
)

// An Audience is for whom something is meant: ToPublic, ToObservers, ToParticipants, ToChair, ToSecretariat,
// a delegation's (ToDelegation) or a person's (ToPerson).
type Audience string

const (
	ToPublic       Audience = "public"       // everybody
	ToObservers    Audience = "observers"    // whoever sits in the room, observers too
	ToParticipants Audience = "participants" // delegations of members
	ToChair        Audience = "chair"        // the presiding officers
	ToSecretariat  Audience = "secretariat"  // its officers
)

// ToDelegation is the audience of one party's delegation.
func ToDelegation(p PartyID) Audience { return Audience("delegation/" + string(p)) }

// ToPerson is the audience of one person.
func ToPerson(p PersonID) Audience { return Audience("person/" + string(p)) }

// sits are the audiences that hear what is meant for the room, besides the one it is meant for.
var sits = map[Audience][]Audience{
	ToObservers:    {ToParticipants, ToChair, ToSecretariat},
	ToParticipants: {ToChair, ToSecretariat},
	ToChair:        {ToSecretariat},
}

// A Reader is somebody who reads. The zero Reader is the public.
type Reader struct {
	Person PersonID // "": nobody is signed in
	of     []Audience
}

// Reader is a person as a reader, by the offices the person holds at an instant. Somebody unknown or forgotten is of
// the public.
func (s *State) Reader(p PersonID, at record.Instant) Reader {
	person, ok := s.persons.Get(string(p))
	offices := s.OfficesOf(p, at)
	if ok && person.Forgotten || !ok && len(offices) == 0 {
		return Reader{}
	}
	r := Reader{Person: p, of: []Audience{ToPerson(p)}}
	add := func(a Audience) {
		if !slices.Contains(r.of, a) {
			r.of = append(r.of, a)
		}
	}
	for _, o := range offices {
		switch {
		case o.Capacity == ObserverHead || o.Capacity.ofParty() && !s.parties.At(string(o.For)).memberOn(Date(at.String()[:10]), ""):
			add(ToDelegation(o.For))
			add(ToObservers)
		case o.Capacity.ofParty():
			add(ToDelegation(o.For))
			add(ToParticipants)
		case o.Capacity == Chair:
			add(ToChair)
		case o.Capacity == Press, o.Capacity == Rapporteur: // they enter what is public
		default:
			add(ToSecretariat)
		}
	}
	slices.Sort(r.of)
	return r
}

// NodeReader is a party's node as a reader: it may have what every member of the delegation may, and nothing that is one
// person's. A node that is nobody's is of the public.
func (s *State) NodeReader(p PartyID) Reader {
	if !s.parties.Has(string(p)) {
		return Reader{}
	}
	room := ToObservers
	if s.parties.At(string(p)).memberOn(Date(s.Last.String()[:10]), "") {
		room = ToParticipants
	}
	r := Reader{of: []Audience{ToDelegation(p), room}}
	slices.Sort(r.of)
	return r
}

// OpensClosed is the set of closed entries that a reader may open. The writer alone knows it.
func (s *State) OpensClosed(r Reader) map[int64]bool {
	open := map[int64]bool{}
	if r.Sees(ToSecretariat) {
		for _, index := range s.closed.notes.All() {
			open[index] = true
		}
	}
	for _, n := range s.closed.sent.All() {
		for index, by := range n.entries() {
			if slices.ContainsFunc(by, func(p PartyID) bool { return r.Sees(toCorrespondent(p)) }) {
				open[index] = true
			}
		}
	}
	return open
}

// toCorrespondent is who reads what one who keeps a registry of notes reads: a delegation, or the secretariat.
func toCorrespondent(p PartyID) Audience {
	if p == "" {
		return ToSecretariat
	}
	return ToDelegation(p)
}

// SameRights reports whether nothing on which it rests who may see what, or sign in, has changed between two states of a
// record. It compares no more than that nothing was written there.
func (s *State) SameRights(t *State) bool {
	return s.offices == t.offices && s.parties == t.parties && s.persons == t.persons &&
		s.authenticity.passkeys == t.authenticity.passkeys && s.authenticity.accounts == t.authenticity.accounts
}

// SameKeys reports whether nothing on which it rests whose keys are whose has changed between two states of a record. It
// compares no more than that nothing was written there.
func (s *State) SameKeys(t *State) bool {
	return s.offices == t.offices && s.authenticity.passkeys == t.authenticity.passkeys && s.authenticity.partyKeys == t.authenticity.partyKeys
}

// OfficesOf lists what a person holds at an instant, in order of capacity, then party.
func (s *State) OfficesOf(p PersonID, at record.Instant) (held []Office) {
	for _, o := range s.offices.All() {
		if o.Person == p && o.From <= at {
			held = append(held, o)
		}
	}
	return held
}

// Sees tells whether r may see what is meant for an audience. It is the one function that decides: pages, feeds,
// frames, exports and proofs ask it.
func (r Reader) Sees(a Audience) bool {
	if a == ToPublic || slices.Contains(r.of, a) {
		return true
	}
	return slices.ContainsFunc(sits[a], func(b Audience) bool { return slices.Contains(r.of, b) })
}

// Class names those who see the same as r but for what is personal: one rendering serves them all. The public's is
// "public".
func (r Reader) Class() string {
	var class []string
	for _, a := range r.of {
		if !strings.HasPrefix(string(a), "person/") {
			class = append(class, string(a))
		}
	}
	if len(class) == 0 {
		return string(ToPublic)
	}
	return strings.Join(class, "+")
}

// Anybody is a reader who sees what all of r's class see, and nothing personal.
func (r Reader) Anybody() Reader {
	return Reader{of: slices.DeleteFunc(slices.Clone(r.of), func(a Audience) bool { return strings.HasPrefix(string(a), "person/") })}
}

// ReadBy lists for whom a paper is meant: each of them may read it. A paper sealed until a day is the secretariat's
// until then; a restricted one is for the room, a confidential one for those it was sent to and for who submitted it.
func (s *State) ReadBy(d Document) []Audience {
	var own []Audience
	for _, p := range d.To {
		own = append(own, ToDelegation(p))
	}
	if d.Party != "" {
		own = append(own, ToDelegation(d.Party))
	}
	switch {
	case d.SealedTo != "" && d.SealedTo.begins() > s.Last:
		return []Audience{ToSecretariat}
	case d.Level == "public" || d.Level == "":
		return []Audience{ToPublic}
	case d.Level == "restricted" && len(d.To) == 0:
		return append(own, ToParticipants)
	}
	return append(own, ToSecretariat)
}

// Reads tells whether a reader may read a paper.
func (s *State) Reads(r Reader, d Document) bool { return slices.ContainsFunc(s.ReadBy(d), r.Sees) }

// Opens tells whether a reader may have the files of a paper, where any are kept: who reads the paper may, and of one that
// was withdrawn the secretariat alone.
func (s *State) Opens(r Reader, d Document) bool {
	return !d.Destroyed && s.Reads(r, d) && (!d.Withdrawn || r.Sees(ToSecretariat))
}

// OpensFile tells whether a reader may have the file of a paper's original.
func (s *State) OpensFile(r Reader, d Document) bool { return d.File != nil && s.Opens(r, d) }

// FilesOf lists the files of a paper that a reader may have: the original, its versions and, for the secretariat,
// translations that are not issued yet.
func (s *State) FilesOf(r Reader, d Document) (list []record.SealedBlob) {
	if !s.Opens(r, d) {
		return nil
	}
	for _, v := range d.Versions {
		if f := d.FileOf(v); f != nil {
			list = append(list, *f)
		}
	}
	for _, t := range d.Translations {
		if t.File != nil && t.State == "delivered" && r.Sees(ToSecretariat) {
			list = append(list, *t.File)
		}
	}
	return list
}

// TextNamed is the file that keeps a text by its SHA-256, as drafts, amendments and decisions name it, among the papers
// whose files a reader may have; the first in order of symbol.
func (s *State) TextNamed(r Reader, text record.Digest) (record.SealedBlob, bool) {
	for _, d := range s.documents.papers.All() {
		for _, v := range d.Versions {
			if f := d.FileOf(v); v.Text == text && f != nil && s.Opens(r, d) {
				return *f, true
			}
		}
	}
	return record.SealedBlob{}, false
}
