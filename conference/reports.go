package conference

import (
	"fmt"
	"slices"

	"kurultai/record"
	"kurultai/record/canonical"
)

// A Source is a press report, letter or book that states facts.
type Source struct {
	SourceRegistered
	Index int64 // entry that registered it
}

// A Fact is an event that can be told again: where it stands, and who else reports the same.
type Fact struct {
	Index int64 // of the entry
	Place int64 // among its events, from 0
	At    record.Instant
	Event
	Agree []int64 // further entries that report the same contents
}

// Sources are those of the fact and of the reports that agree with it, each once, in order of entry.
func (f Fact) Sources(s *State) (ids []SourceID) {
	for _, i := range append([]int64{f.Index}, f.Agree...) {
		for _, id := range s.facts.list.At(factKey(i, 0)).Event.sources() {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func (e Event) sources() []SourceID {
	if e.Reported == nil {
		return nil
	}
	return e.Reported.Sources
}

// facts is the part of the state that can be told again.
type facts struct {
	list      Ordered[string, Fact]      // index and place: the fact
	subjects  Ordered[string, []string]  // kind/subject of what was reported: keys into list
	meetings  Ordered[string, string]    // meeting/index/place: key into list
	preferred Ordered[string, Preferred] // kind/subject: the fact preferred
}

// Preferred says which of several reported facts shows, and why.
type Preferred struct {
	Index  int64 // of the fact
	Reason string
	By     int64 // entry that preferred it
}

func factKey(index, place int64) string {
	b := make([]byte, 0, 20)
	for p := int64(100_000_000_000_000); p > 0; p /= 10 {
		b = append(b, byte('0'+index/p%10))
	}
	return string(append(b, '.', byte('0'+place/1000%10), byte('0'+place/100%10), byte('0'+place/10%10), byte('0'+place%10)))
}

type (
	// RegisterSource enters a source.
	RegisterSource struct {
		Source   SourceID      `json:"source" jsonschema:"id of the source"`
		Outlet   string        `json:"outlet" jsonschema:"who published it"`
		Language Language      `json:"language,omitempty" jsonschema:"language of the report"`
		Address  string        `json:"address,omitempty" jsonschema:"where it stands"`
		Date     Date          `json:"date,omitempty" jsonschema:"its date"`
		Digest   record.Digest `json:"digest,omitempty" jsonschema:"SHA-256 of a copy held elsewhere, if one is"`
		Copy     *record.Blob  `json:"copy,omitempty" jsonschema:"the copy held beside the record, if it may be public"`
	}
	// SourceRegistered is what RegisterSource causes.
	SourceRegistered RegisterSource

	// Report enters what sources tell: the fact, as an event without its mark.
	Report struct {
		Fact    canonical.Value `json:"fact" jsonschema:"the event: its kind and fields"`
		Sources []SourceID      `json:"sources,omitempty" jsonschema:"ids of the sources that state it: one at least"`
		When    When            `json:"when" jsonschema:"when it happened, as far as known"`
	}

	// PreferFact lets one of several reported facts show.
	PreferFact struct {
		Index  int64  `json:"index" jsonschema:"entry of the fact to show"`
		Reason string `json:"reason" jsonschema:"why, in a sentence"`
	}
	// FactPreferred is what PreferFact causes.
	FactPreferred PreferFact
)

func reports(ed *edition) {
	does(ed, Act{
		Name: "RegisterSource", Title: "Register a source", Help: "Enters a press report or other source that facts can be drawn from.",
		Who: []Capacity{Rapporteur}, Rule: "doc/record.md 8", Refusals: []Code{"id-taken"}, Causes: []string{"SourceRegistered"},
	}, func(s *State, c *Call, f *RegisterSource) ([]Event, *Refusal) {
		if s.sources.Has(string(f.Source)) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Source)
		}
		e := SourceRegistered(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *SourceRegistered) {
		s.sources = s.sources.Set(string(b.Source), Source{*b, h.Index})
	})

	does(ed, Act{
		Name: "Report", Title: "Report a fact", Help: "Enters what sources tell of something nobody here lived through: the event, its sources and how exactly the time is known.",
		Who: []Capacity{Rapporteur}, Rule: "doc/record.md 8",
		Refusals: []Code{"not-reportable", "no-source", "unknown-source", "unknown-party", "unknown-person", "unknown-organisation", "unknown-place", "unknown-meeting", "two-chairs", "missing-language"},
	}, decideReport)

	does(ed, Act{
		Name: "PreferFact", Title: "Prefer a fact", Help: "Where sources disagree, says which fact shows first and why. The others stay.",
		Who: []Capacity{Secretary}, Rule: "doc/record.md 8", Refusals: []Code{"not-in-conflict"}, Causes: []string{"FactPreferred"},
	}, func(s *State, c *Call, f *PreferFact) ([]Event, *Refusal) {
		fact, ok := s.facts.list.Get(factKey(f.Index, 0))
		if !ok || len(s.Versions(fact)) < 2 {
			return nil, refuse("not-in-conflict", "doc/record.md 8", f.Index)
		}
		e := FactPreferred(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *FactPreferred) {
		fact := s.facts.list.At(factKey(b.Index, 0))
		k := s.kind(fact.Kind())
		s.facts.preferred = s.facts.preferred.Set(subjectKey(k, fact.Event), Preferred{b.Index, b.Reason, h.Index})
		if !k.all {
			k.apply(s, Happened{fact.Index, fact.Place, fact.At, fact.Reported, h.Index}, fact.Body)
		}
	})

	// Kinds that only tell: they change nothing but what can be told.
	tells(ed, func(b *MeetingHeld) MeetingID { return b.Meeting }, nil)
	tells(ed, func(b *ChairTaken) MeetingID { return b.Meeting }, nil)
	tells(ed, func(b *PersonTookPart) MeetingID { return b.Meeting }, func(b *PersonTookPart) string {
		if b.Person != UnnamedPerson {
			return string(b.Person)
		}
		return fmt.Sprintf("%s/%s/%s", b.Person, b.Party, b.Organisation)
	})
	tells(ed, func(b *WreathLaid) MeetingID { return b.Meeting }, func(b *WreathLaid) string { return ceremony(*b) })
	tells(ed, func(b *FlowersLaid) MeetingID { return b.Meeting }, func(b *FlowersLaid) string { return ceremony(WreathLaid(*b)) })
	k := happens(ed, (*State).opened)
	told(k, func(b *MeetingOpened) MeetingID { return b.Meeting }, func(b *MeetingOpened) string { return string(b.Meeting) })
	tells(ed, func(b *MessageRead) MeetingID { return b.Meeting }, func(b *MessageRead) string { return string(b.Author) })
	tells(ed, func(b *StatementMade) MeetingID { return b.Meeting }, func(b *StatementMade) string { return b.By })
	tells(ed, func(b *InstrumentSigned) MeetingID { return b.Meeting }, func(b *InstrumentSigned) string { return string(b.Instrument) })
	tells(ed, func(b *OrganSeated) MeetingID { return b.Meeting }, func(b *OrganSeated) string { return string(b.Organ) })
	tells(ed, func(b *NextMeetingDecided) MeetingID { return b.Meeting }, nil)
	tells(ed, func(b *AudienceHeld) MeetingID { return b.Meeting }, func(b *AudienceHeld) string { return string(b.By) })
}

func ceremony(b WreathLaid) string {
	return fmt.Sprintf("%s/%s/%s", b.Place, b.Monument, b.Honoured)
}

// tells adds a kind that is remembered and changes nothing else. Its subject is the meeting and what subject adds.
func tells[B any](ed *edition, meeting func(*B) MeetingID, subject func(*B) string) {
	k := happens(ed, func(*State, Happened, *B) {})
	told(k, meeting, func(b *B) string {
		key := string(meeting(b))
		if subject != nil {
			key += "/" + subject(b)
		}
		return key
	})
}

func decideReport(s *State, c *Call, f *Report) ([]Event, *Refusal) {
	e, err := c.edition.parseEvent(f.Fact)
	if err != nil {
		return nil, refuse("malformed", "doc/record.md 8", err)
	}
	k := c.edition.kinds[e.Kind()]
	if k.subject == nil || e.Reported != nil {
		return nil, refuse("not-reportable", "doc/record.md 8", e.Kind())
	}
	if len(f.Sources) == 0 {
		return nil, refuse("no-source", "doc/record.md 8")
	}
	if r := s.sourced(f.Sources); r != nil {
		return nil, r
	}
	if r := s.consistent(e); r != nil {
		return nil, r
	}
	e.Reported = &Reported{f.Sources, f.When}
	return []Event{e}, nil
}

func (s *State) sourced(sources []SourceID) *Refusal {
	for i, id := range sources {
		if !s.sources.Has(string(id)) {
			return refuse("unknown-source", "doc/record.md 8", id)
		}
		if slices.Contains(sources[:i], id) {
			return refuse("malformed", "doc/record.md 8", "sources")
		}
	}
	return nil
}

// consistent refuses a reported fact that names what the record does not know. Preconditions of procedure do
// not apply to what was reported; consistency does.
func (s *State) consistent(e Event) *Refusal {
	names := s.namesIn(e)
	if names.meeting != "" && !s.meetings.Has(string(names.meeting)) {
		return refuse("unknown-meeting", "doc/record.md 8", names.meeting)
	}
	for _, p := range names.parties {
		if p != "" && !s.parties.Has(string(p)) {
			return refuse("unknown-party", "doc/record.md 8", p)
		}
	}
	for _, p := range names.persons {
		if p != "" && p != UnnamedPerson && !s.persons.Has(string(p)) {
			return refuse("unknown-person", "doc/record.md 8", p)
		}
	}
	for _, p := range names.places {
		if p != "" && !s.places.Has(string(p)) {
			return refuse("unknown-place", "doc/record.md 8", p)
		}
	}
	if o := names.organisation; o != "" && !s.organisations.Has(string(o)) {
		return refuse("unknown-organisation", "doc/record.md 8", o)
	}
	if chair, ok := e.Body.(*ChairTaken); ok {
		if now, taken := s.Shown("ChairTaken", string(chair.Meeting)); taken && now.Body.(*ChairTaken).Person != chair.Person {
			return refuse("two-chairs", "doc/record.md 8", chair.Meeting)
		}
	}
	if names.names != nil {
		return s.allLanguages(names.names)
	}
	return nil
}

// named things of a reported event.
type references struct {
	meeting      MeetingID
	parties      []PartyID
	persons      []PersonID
	places       []PlaceID
	organisation OrganisationID
	names        Names
}

func (s *State) namesIn(e Event) (r references) {
	switch b := e.Body.(type) {
	case *MeetingConvened:
		r.places, r.parties = []PlaceID{b.Place}, []PartyID{b.Host}
	case *MeetingHeld:
		r.meeting = b.Meeting
	case *ChairTaken:
		r.meeting, r.persons = b.Meeting, []PersonID{b.Person}
	case *PersonTookPart:
		r.meeting, r.persons, r.parties, r.organisation = b.Meeting, []PersonID{b.Person}, []PartyID{b.Party}, b.Organisation
	case *WreathLaid:
		r.meeting, r.places, r.persons = b.Meeting, []PlaceID{b.Place, b.Monument}, []PersonID{b.Honoured}
	case *FlowersLaid:
		r.meeting, r.places, r.persons = b.Meeting, []PlaceID{b.Place, b.Monument}, []PersonID{b.Honoured}
	case *MeetingOpened:
		r.meeting, r.persons = b.Meeting, []PersonID{b.By}
	case *MessageRead:
		r.meeting, r.persons, r.parties = b.Meeting, []PersonID{b.Author, b.Reader}, []PartyID{b.AuthorOf}
	case *StatementMade:
		r.meeting, r.parties = b.Meeting, []PartyID{b.Party}
		if b.By != "others" {
			r.persons = []PersonID{PersonID(b.By)}
		}
		for _, p := range b.Points {
			r.places = append(r.places, p.In)
		}
	case *InstrumentSigned:
		r.meeting, r.places, r.parties = b.Meeting, []PlaceID{b.Place}, b.For
	case *OrganSeated:
		r.meeting, r.places = b.Meeting, []PlaceID{b.Place}
	case *NextMeetingDecided:
		r.meeting, r.places, r.parties = b.Meeting, []PlaceID{b.Place}, []PartyID{b.Party}
	case *AudienceHeld:
		r.meeting, r.persons, r.parties = b.Meeting, []PersonID{b.By}, []PartyID{b.Of}
	case *PartyAdmitted:
		r.parties = []PartyID{b.Party}
	case *ObserverGranted:
		r.meeting, r.parties = b.Meeting, []PartyID{b.Party}
	case *OrganisationRegistered:
		r.parties, r.names = []PartyID{b.Party}, b.Names
	case *PartyNamed:
		r.names = b.Short
	case *PlaceNamed:
		r.parties, r.names = []PartyID{b.Party}, b.Names
	}
	return r
}

func subjectKey(k *kind, e Event) string { return k.name + "/" + k.subject(e.Body) }

// remember keeps a fact to be told again.
func (s *State) remember(k *kind, h Happened, e Event) {
	key := factKey(h.Index, h.Place)
	s.facts.list = s.facts.list.Set(key, Fact{Index: h.Index, Place: h.Place, At: h.At, Event: e})
	if e.Reported != nil {
		subject := subjectKey(k, e)
		known := s.facts.subjects.At(subject)
		s.facts.subjects = s.facts.subjects.Set(subject, append(known[:len(known):len(known)], key))
	}
	if m := k.meeting(e.Body); m != "" {
		s.facts.meetings = s.facts.meetings.Set(string(m)+"/"+key, key)
	}
}

// shows reports whether a fact just remembered is the one of its subject that shows.
func (s *State) shows(k *kind, h Happened, e Event) bool {
	f, _ := s.Shown(k.name, k.subject(e.Body))
	return f.Index == h.Index || k.all
}

func (s *State) kind(name string) *kind { return editions[s.editionInForce()].kinds[name] }

// Shown is the fact that shows for a subject: the preferred one, else the first.
func (s *State) Shown(kind, subject string) (Fact, bool) {
	key := kind + "/" + subject
	keys := s.facts.subjects.At(key)
	if len(keys) == 0 {
		return Fact{}, false
	}
	shown := keys[0]
	if p, ok := s.facts.preferred.Get(key); ok {
		shown = factKey(p.Index, 0)
	}
	f := s.facts.list.At(shown)
	for _, k := range keys {
		if other := s.facts.list.At(k); k != shown && sameContents(f.Event, other.Event) {
			f.Agree = append(f.Agree, other.Index)
		}
	}
	return f, true
}

func sameContents(a, b Event) bool {
	a.Reported, b.Reported = nil, nil
	return string(a.Append(nil)) == string(b.Append(nil))
}

// Versions lists the facts in conflict with f, f's own first version included: same kind and subject, other
// contents. In order of entry; one for each contents.
func (s *State) Versions(f Fact) (list []Fact) {
	k := s.kind(f.Kind())
	for _, key := range s.facts.subjects.At(subjectKey(k, f.Event)) {
		other := s.facts.list.At(key)
		at := slices.IndexFunc(list, func(x Fact) bool { return sameContents(x.Event, other.Event) })
		if at < 0 {
			list = append(list, other)
		} else {
			list[at].Agree = append(list[at].Agree, other.Index)
		}
	}
	return list
}

// PreferredOf tells which of the facts in conflict with f was preferred, and why.
func (s *State) PreferredOf(f Fact) (Preferred, bool) {
	return s.facts.preferred.Get(subjectKey(s.kind(f.Kind()), f.Event))
}

// Told lists the facts of a meeting that show: first, in order of entry, those of which no order is reported,
// then the others in the order reported.
func (s *State) Told(m MeetingID) (list []Fact) {
	for key, at := range s.facts.meetings.From(string(m) + "/") {
		if len(key) < len(m)+1 || key[:len(m)+1] != string(m)+"/" {
			break
		}
		f := s.facts.list.At(at)
		k := s.kind(f.Kind())
		if shown, _ := s.Shown(k.name, k.subject(f.Body)); f.Reported != nil && shown.Index == f.Index {
			list = append(list, shown)
		} else if f.Reported == nil {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b Fact) int { return int(a.order() - b.order()) })
	return list
}

func (f Fact) order() int64 {
	if f.Event.Reported == nil {
		return 0
	}
	return f.Event.Reported.When.Order
}

// Disagreements lists, in order of entry, the facts for which there are others in conflict: one for each subject.
func (s *State) Disagreements() (list []Fact) {
	for _, keys := range s.facts.subjects.All() {
		if len(keys) < 2 {
			continue
		}
		if f := s.facts.list.At(keys[0]); len(s.Versions(f)) > 1 {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b Fact) int { return int(a.Index - b.Index) })
	return list
}

// Facts lists all facts of a kind in order of entry.
func (s *State) Facts(kind string) (list []Fact) {
	for _, f := range s.facts.list.All() {
		if f.Kind() == kind {
			list = append(list, f)
		}
	}
	return list
}

// Sources lists the registered sources in order of entry.
func (s *State) Sources() (list []Source) {
	for _, x := range s.sources.All() {
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b Source) int { return int(a.Index - b.Index) })
	return list
}
