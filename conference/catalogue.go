package conference

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"kurultai/record"
	"kurultai/record/canonical"
)

// A Capacity is in which somebody acts.
type Capacity string

const (
	Secretary    Capacity = "Secretary"    // an officer of the secretariat
	Chair        Capacity = "Chair"        // the presiding officer
	Head         Capacity = "Head"         // head of a member's delegation
	ObserverHead Capacity = "ObserverHead" // head of an observer's delegation
	Rapporteur   Capacity = "Rapporteur"   // enters what reports tell
	Clock        Capacity = "Clock"        // the writer, when an instant comes
	Delegate     Capacity = "Delegate"     // a member of a member's delegation
	Depositary   Capacity = "Depositary"   // the keeper of an instrument (VCLT 76-77)
	Protocol     Capacity = "Protocol"     // an officer of protocol
	Press        Capacity = "Press"        // an officer of the press service
	Myself       Capacity = "Person"       // whoever is registered or holds an office, about itself
)

// Capacities lists those one can be granted, in order.
var Capacities = []Capacity{Chair, Delegate, Depositary, Head, ObserverHead, Press, Protocol, Rapporteur, Secretary}

// ofParty reports whether the capacity is held for a party.
func (c Capacity) ofParty() bool { return c == Head || c == ObserverHead || c == Delegate }

// Check reports whether c is a capacity of this edition.
func (c Capacity) Check() error {
	if slices.Contains(Capacities, c) {
		return nil
	}
	return fmt.Errorf("%.40q is no capacity one can be granted", string(c))
}

// An Act is one line of the catalogue: what can be done, by whom, under which rule, and what may be answered.
type Act struct {
	Name       string
	Title      string     // a few words
	Help       string     // one sentence
	Who        []Capacity // who may submit it
	TwoPersons bool       // a second holder of such a capacity signs with the author
	Resumes    bool       // taken while too few witnesses have answered since the start: it ends that wait
	Rule       string     // document and number it rests on
	Refusals   []Code     // besides those of every act
	Causes     []string   // kinds of events
	Closed     bool       // its entry can be read by its audience alone
	Attested   bool       // of consequence: each of its persons attests it (doc/record.md 5)
	Desk       bool       // an officer of the secretariat may do it for a party, on an instruction
	PartyKey   bool       // its author attests with the party's key, not with one of its own
	Timed      bool       // what it causes depends on the hour, so a doubtful clock stops it
	Notices    []Code     // what an accepted act may be told besides, as that it came late
	OfFiles    []Code     // refusals for what stands in its files: the writer's alone, since deciding reads no file

	// Sealed says of each private field, by its first member, which field holds its subject; OfAuthor: its author;
	// OfPaper: the paper of its symbol. Where that field is empty the subject is the entry.
	Sealed map[string]string

	Fields reflect.Type // a struct; nil where the act has no fields
	decide func(*State, *Call) ([]Event, *Refusal)
	empty  func(*State, *Call) ([]Event, *Refusal) // decides it as if nothing had been filled in
}

// CommonRefusals may be met by every act.
var CommonRefusals = codes([]Code{"edition-unknown", "due-first", "too-late", "not-after-too-far", "key-reused", "no-body", "wrong-capacity", "not-holder", "stale", "malformed"}, attestationRefusals...)

// DoorRefusals are the secretariat's own: they come before deciding and are never recorded.
var DoorRefusals = []Code{"sealed-twice", "not-opened", "forgotten", "too-long", "other-origin", "clock-doubtful", "disk-full", "witnesses-silent", "no-majority", "not-connected"}

// An edition is one state of the deciding code. What a released edition does never changes; a change is a new
// edition that stands beside it.
type edition struct {
	acts      map[string]*Act
	kinds     map[string]*kind
	things    map[string]func(s *State, id string) (index int64, ok bool) // by kind: entry that changed a thing last
	questions map[string]question                                         // by kind: what can be put to the vote
}

// thing adds a kind of things an act can be about: at finds the entry that changed one last.
func (ed *edition) thing(kind string, at func(s *State, id string) (index int64, ok bool)) {
	ed.things[kind] = at
}

// A kind of event: how it is read, what it is about, what it changes.
type kind struct {
	name string
	zero func() any // pointer to a new body
	// subject is the key under which two reports of this kind are about the same thing; nil: not reportable.
	subject func(body any) string
	meeting func(body any) MeetingID // the meeting it belongs to, or ""
	apply   func(s *State, h Happened, body any)
	all     bool // facts of one subject all count, as statuses from different dates do; else the shown one alone
}

var editions = map[int64]*edition{}

// EventBodies are the types of the bodies of events, by kind.
func EventBodies() map[string]reflect.Type {
	bodies := make(map[string]reflect.Type, len(kindNames))
	for t, name := range kindNames {
		bodies[name] = t
	}
	return bodies
}

// names of body types, filled by happens; one type is one kind, in all editions.
var kindNames = map[reflect.Type]string{}

func kindNameOf(body any) string { return kindNames[reflect.TypeOf(body).Elem()] }

// edition1 is open until release 1.0. The parts add their acts and kinds to it, each in its file.
var edition1 = newEdition()

func newEdition() *edition {
	return &edition{acts: map[string]*Act{}, kinds: map[string]*kind{}, things: map[string]func(*State, string) (int64, bool){}, questions: map[string]question{}}
}

func init() {
	editions[1] = edition1
	things(edition1)
	body(edition1)
	people(edition1)
	parties(edition1)
	reports(edition1)
	meetings(edition1)
	convening(edition1)
	delegations(edition1)
	credentials(edition1)
	agenda(edition1)
	documents(edition1)
	floor(edition1)
	motions(edition1)
	proposals(edition1)
	silence(edition1)
	votes(edition1)
	elections(edition1)
	protocol(edition1)
	instruments(edition1)
	commitments(edition1)
	communique(edition1)
	keys(edition1)
	corrections(edition1)
	notes(edition1)
	registry(edition1)
}

// does adds an act with fields of type F to an edition.
func does[F any](ed *edition, a Act, decide func(s *State, c *Call, f *F) ([]Event, *Refusal)) {
	a.Fields = reflect.TypeFor[F]()
	if a.Desk {
		a.byDesk()
	}
	a.decide = func(s *State, c *Call) ([]Event, *Refusal) {
		f := new(F)
		v := c.Fields
		if v.Kind == canonical.Invalid {
			v = canonical.Value{Kind: canonical.Object}
		}
		if err := canonical.Decode(v, f); err != nil {
			return nil, refuse("malformed", "doc/record.md 2", err)
		}
		return decide(s, c, f)
	}
	a.empty = func(s *State, c *Call) ([]Event, *Refusal) { return decide(s, c, new(F)) }
	ed.acts[a.Name] = &a
}

// happens adds a kind of event with bodies of type B to an edition.
func happens[B any](ed *edition, apply func(s *State, h Happened, b *B)) *kind {
	t := reflect.TypeFor[B]()
	for i := range t.NumField() {
		if key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); key == "kind" || key == "reported" {
			panic("conference: " + t.Name() + " has a field that every event has")
		}
	}
	k := &kind{name: t.Name(), zero: func() any { return new(B) }}
	k.apply = func(s *State, h Happened, b any) { apply(s, h, b.(*B)) }
	ed.kinds[k.name] = k
	kindNames[t] = k.name
	return k
}

// told makes k reportable: subject names what two reports must agree on, meeting the meeting it belongs to.
func told[B any](k *kind, meeting func(*B) MeetingID, subject func(*B) string) {
	k.meeting = func(b any) MeetingID { return meeting(b.(*B)) }
	k.subject = func(b any) string { return subject(b.(*B)) }
}

// Catalogue lists the acts of the edition in force in order of name.
func (s *State) Catalogue() []*Act { return catalogue(s.editionInForce()) }

// Catalogue lists the acts of the newest edition in order of name.
func Catalogue() []*Act { return catalogue(1) }

func catalogue(n int64) []*Act {
	var acts []*Act
	if ed := editions[n]; ed != nil {
		for _, a := range ed.acts {
			acts = append(acts, a)
		}
	}
	slices.SortFunc(acts, func(a, b *Act) int { return strings.Compare(a.Name, b.Name) })
	return acts
}

// Lookup finds an act of the edition in force.
func (s *State) Lookup(name string) (*Act, bool) {
	ed := editions[s.editionInForce()]
	if ed == nil {
		return nil, false
	}
	a, ok := ed.acts[name]
	return a, ok
}

// Kinds lists the names of the kinds of events of the newest edition, in order.
func Kinds() []string {
	var names []string
	for name := range edition1.kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// OfAuthor stands in Sealed where the subject is who submits the act, OfPaper where it is the paper of its symbol, as
// doc/SYMBOL. No field is called so.
const (
	OfAuthor = "(author)"
	OfPaper  = "(paper)"
)

// SubjectOf names the subject under whose key the private value at name (the path from fields down) is encrypted.
func (a *Act) SubjectOf(name string, submitted *record.Submitted, index int64) string {
	first, _, _ := strings.Cut(name, ".")
	switch field, ok := a.Sealed[first]; {
	case field == OfAuthor:
		return submitted.By
	case field == OfPaper:
		return subjectOfPaper(Symbol(submitted.Fields.Get("symbol").Str))
	case ok && submitted.Fields.Get(field).Str != "":
		return submitted.Fields.Get(field).Str
	}
	return fmt.Sprintf("entry/%d", index)
}

func subjectOfPaper(s Symbol) string { return "doc/" + string(s) }

// Forgets names the subject whose key goes with an event, if one does.
func (e Event) Forgets() (subject string, ok bool) {
	switch b := e.Body.(type) {
	case *PersonForgotten:
		return string(b.Person), true
	case *FileDestroyed:
		return subjectOfPaper(b.Symbol), true
	}
	return "", false
}

// OfConsequence reports whether an act, done in a capacity, casts a vote, binds a party, decides for the body, or
// changes keys, offices or rules, or is done by an officer for a party.
func (a *Act) OfConsequence(as Capacity) bool { return a.Attested || a.Desk && as == Secretary }

// Happened says where an event stands in the record.
type Happened struct {
	Index    int64 // of the entry
	Place    int64 // among its events, from 0
	At       record.Instant
	Reported *Reported
	By       int64 // entry that makes it count: Index, or a later one that prefers it
}

// Apply changes the state by one event. It never fails: what is in the record has happened. An event of a kind
// unknown to the edition in force cannot come here, for it could not be parsed.
func (s *State) Apply(index, place int64, at record.Instant, e Event) {
	k := s.kind(e.Kind())
	h := Happened{index, place, at, e.Reported, index}
	if k.subject != nil {
		s.remember(k, h, e)
	}
	if e.Reported == nil || s.shows(k, h, e) {
		k.apply(s, h, e.Body)
	}
}
