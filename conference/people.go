package conference

import (
	"slices"

	"kurultai/record"
)

// A Person is known by an id; names are sealed.
type Person struct {
	ID        PersonID
	Names     []SealedName
	Index     int64       // entry that changed the person last
	Published []Published // by language, as it stands now
	Forgotten bool
}

// Published says that the name in a language is served to an audience.
type Published struct {
	Language Language
	Audience Audience
	Basis    Term
	Index    int64
}

// Audiences that a name can be published to.
var audiences = []Audience{ToPublic, ToObservers, ToParticipants, ToSecretariat}

type (
	// RegisterPerson is how names enter the record: sealed, one a language.
	RegisterPerson struct {
		Person PersonID     `json:"person" jsonschema:"16 random bytes in hex, never made from a name"`
		Names  []SealedName `json:"names" jsonschema:"pairs of language and sealed name"`
	}
	// PersonRegistered is what RegisterPerson causes; the sealed names are repeated unchanged.
	PersonRegistered RegisterPerson

	// PublishName lets an audience see a person's name in some languages.
	PublishName struct {
		Person    PersonID   `json:"person"`
		Languages []Language `json:"languages" jsonschema:"languages of the names"`
		Audience  Audience   `json:"audience" jsonschema:"public, observers (whoever sits in the room), participants or secretariat"`
		Basis     Term       `json:"basis" jsonschema:"why: press-report, head-of-delegation, consent, rules"`
		Sources   []SourceID `json:"sources,omitempty" jsonschema:"for a press report: which"`
	}
	// NamePublished is what PublishName causes.
	NamePublished PublishName

	// WithdrawName ends a publication. Who has seen the name keeps it.
	WithdrawName struct {
		Person    PersonID   `json:"person"`
		Languages []Language `json:"languages" jsonschema:"languages of the names"`
	}
	// NameWithdrawn is what WithdrawName causes.
	NameWithdrawn WithdrawName

	// ForgetPerson has the key of a person's private values destroyed. The entries stay as they are.
	ForgetPerson struct {
		Person PersonID `json:"person"`
		Ground Term     `json:"ground" jsonschema:"why: retention-ended, request, order"`
	}
	// PersonForgotten is what ForgetPerson causes.
	PersonForgotten ForgetPerson
)

func people(ed *edition) {
	does(ed, Act{
		Name: "RegisterPerson", Title: "Register a person", Help: "Enters a person under a random id, with sealed names.",
		Who: []Capacity{Secretary, Rapporteur, Head, ObserverHead}, Rule: "doc/record.md 3", Refusals: []Code{"id-taken"}, Causes: []string{"PersonRegistered"},
		Sealed: map[string]string{"names": "person"},
	}, func(s *State, c *Call, f *RegisterPerson) ([]Event, *Refusal) {
		if f.Person == UnnamedPerson || !ascending(f.Names, func(n SealedName) string { return string(n.Language) }) {
			return nil, refuse("malformed", "doc/record.md 2", "names")
		}
		if s.persons.Has(string(f.Person)) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Person)
		}
		e := PersonRegistered(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *PersonRegistered) {
		s.persons = s.persons.Set(string(b.Person), Person{ID: b.Person, Names: b.Names, Index: h.Index})
	})

	does(ed, Act{
		Name: "PublishName", Title: "Publish a name", Help: "Lets an audience read a person's name in some languages, until it is withdrawn or the person forgotten.",
		Who: []Capacity{Secretary, Rapporteur, Head, ObserverHead}, Rule: "doc/record.md 3", Refusals: []Code{"unknown-person", "no-such-name", "no-basis", "unknown-source", "forgotten"}, Causes: []string{"NamePublished"},
	}, func(s *State, c *Call, f *PublishName) ([]Event, *Refusal) {
		if r := s.named(f.Person, f.Languages); r != nil {
			return nil, r
		}
		if !slices.Contains(audiences, f.Audience) {
			return nil, refuse("malformed", "doc/record.md 3", "audience")
		}
		if (f.Basis == "press-report") != (len(f.Sources) > 0) {
			return nil, refuse("no-basis", "doc/record.md 3", f.Basis)
		}
		if r := s.sourced(f.Sources); r != nil {
			return nil, r
		}
		e := NamePublished(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *NamePublished) {
		s.publish(b.Person, h.Index, b.Languages, func(l Language) *Published { return &Published{l, b.Audience, b.Basis, h.Index} })
	})

	does(ed, Act{
		Name: "WithdrawName", Title: "Withdraw a name", Help: "Ends the publication of a person's name in some languages. Who received it keeps it.",
		Who: []Capacity{Secretary, Rapporteur, Head, ObserverHead}, Rule: "doc/record.md 3", Refusals: []Code{"unknown-person", "no-such-name", "not-published", "forgotten"}, Causes: []string{"NameWithdrawn"},
	}, func(s *State, c *Call, f *WithdrawName) ([]Event, *Refusal) {
		if r := s.named(f.Person, f.Languages); r != nil {
			return nil, r
		}
		p := s.persons.At(string(f.Person))
		for _, l := range f.Languages {
			if !slices.ContainsFunc(p.Published, func(x Published) bool { return x.Language == l }) {
				return nil, refuse("not-published", "doc/record.md 3", f.Person, l)
			}
		}
		e := NameWithdrawn(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *NameWithdrawn) {
		s.publish(b.Person, h.Index, b.Languages, func(Language) *Published { return nil })
	})

	does(ed, Act{
		Name: "ForgetPerson", Title: "Forget a person", Help: "Destroys the key of a person's private values. The record still verifies; who received a name keeps it.",
		Who: []Capacity{Secretary}, Attested: true, Rule: "doc/record.md 3", Refusals: []Code{"unknown-person", "forgotten"}, Causes: []string{"PersonForgotten"},
	}, func(s *State, c *Call, f *ForgetPerson) ([]Event, *Refusal) {
		if r := s.known(f.Person); r != nil {
			return nil, r
		}
		e := PersonForgotten(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *PersonForgotten) {
		p := s.persons.At(string(b.Person))
		p.Forgotten, p.Published, p.Index = true, nil, h.Index
		s.persons = s.persons.Set(string(b.Person), p)
		s.forgetKeys(b.Person, h.Index)
	})
}

func ascending[T any](list []T, key func(T) string) bool {
	for i := range list {
		if i > 0 && key(list[i-1]) >= key(list[i]) {
			return false
		}
	}
	return true
}

func (s *State) publish(p PersonID, index int64, languages []Language, as func(Language) *Published) {
	person := s.persons.At(string(p))
	var kept []Published
	for _, x := range person.Published {
		if !slices.Contains(languages, x.Language) {
			kept = append(kept, x)
		}
	}
	for _, l := range languages {
		if x := as(l); x != nil {
			kept = append(kept, *x)
		}
	}
	slices.SortFunc(kept, func(a, b Published) int {
		if a.Language < b.Language {
			return -1
		}
		return 1
	})
	person.Published, person.Index = kept, index
	s.persons = s.persons.Set(string(p), person)
}

// known refuses a person that is not registered, or forgotten.
func (s *State) known(p PersonID) *Refusal {
	person, ok := s.persons.Get(string(p))
	if !ok {
		return refuse("unknown-person", "doc/record.md 3", p)
	}
	if person.Forgotten {
		return refuse("forgotten", "doc/record.md 3", p)
	}
	return nil
}

// somebody refuses a person that is neither registered nor in office at an instant, or is forgotten. The first officers
// are named by the founding, before anybody can be registered.
func (s *State) somebody(p PersonID, at record.Instant) *Refusal {
	if !s.persons.Has(string(p)) && len(s.OfficesOf(p, at)) > 0 {
		return nil
	}
	return s.known(p)
}

// named refuses unless the person is known and has a name in each language.
func (s *State) named(p PersonID, languages []Language) *Refusal {
	if r := s.known(p); r != nil {
		return r
	}
	if !ascending(languages, func(l Language) string { return string(l) }) {
		return refuse("malformed", "doc/record.md 2", "languages")
	}
	for _, l := range languages {
		if s.SealedNameOf(p, l) == "" {
			return refuse("no-such-name", "doc/record.md 3", p, l)
		}
	}
	return nil
}

// Person returns what is known of a person.
func (s *State) Person(p PersonID) (Person, bool) { return s.persons.Get(string(p)) }

// SealedNameOf is the digest of a person's name in a language, or "".
func (s *State) SealedNameOf(p PersonID, l Language) record.Digest {
	for _, n := range s.persons.At(string(p)).Names {
		if n.Language == l {
			return n.Name.Digest
		}
	}
	return ""
}

// NameFor is the digest of a person's name in a language if a reader may see it, or "".
func (s *State) NameFor(r Reader, p PersonID, l Language) record.Digest {
	for _, x := range s.persons.At(string(p)).Published {
		if x.Language == l && r.Sees(x.Audience) {
			return s.SealedNameOf(p, l)
		}
	}
	return ""
}

// Disclosed is the set of digests of what is sealed that a reader may see: names, and files of papers.
func (s *State) Disclosed(r Reader) map[record.Digest]bool {
	open := map[record.Digest]bool{}
	for _, p := range s.persons.All() {
		for _, x := range p.Published {
			if r.Sees(x.Audience) {
				open[s.SealedNameOf(p.ID, x.Language)] = true
			}
		}
	}
	for _, d := range s.documents.papers.All() {
		for _, f := range s.FilesOf(r, d) {
			open[f.Digest] = true
		}
	}
	return open
}

// Forgotten lists the subjects whose keys are to be destroyed: persons by id, then papers whose files were destroyed.
func (s *State) Forgotten() (subjects []string) {
	for _, p := range s.persons.All() {
		if p.Forgotten {
			subjects = append(subjects, string(p.ID))
		}
	}
	for _, d := range s.documents.papers.All() {
		if d.Destroyed {
			subjects = append(subjects, subjectOfPaper(d.Symbol))
		}
	}
	return subjects
}

// ForgottenSince counts the subjects whose keys were to be destroyed by an entry from an index on.
func (s *State) ForgottenSince(index int64) (count int64) {
	for _, p := range s.persons.All() {
		if p.Forgotten && p.Index >= index {
			count++
		}
	}
	for _, d := range s.documents.papers.All() {
		if d.Destroyed && d.Index >= index {
			count++
		}
	}
	return count
}

// People lists the persons who are registered and not forgotten, in order of id.
func (s *State) People() (list []Person) {
	for _, p := range s.persons.All() {
		if !p.Forgotten {
			list = append(list, p)
		}
	}
	return list
}
