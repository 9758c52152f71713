package conference

import (
	"iter"

	"kurultai/record"
	"kurultai/rules"
)

// A State is what has happened, folded: a value that is copied by assignment. Its parts stand in files of their own.
// It holds digests of what is sealed and never an opened value.
type State struct {
	Size    int64          // entries folded
	Last    record.Instant // recorded time of the last of them
	Edition int64          // in force; 0 before entry 0
	Body    Body
	Rules   rules.Rules
	RulesAt int64 // entry that adopted them; 0: none

	keysDay    int64
	keysToday  Ordered[int64, Key]
	keysBefore Ordered[int64, Key]

	dues Ordered[string, due] // instant/id: what falls due

	offices       Ordered[string, Office]
	persons       Ordered[string, Person]
	parties       Ordered[string, Party]
	organisations Ordered[string, Organisation]
	places        Ordered[string, Place]
	sources       Ordered[string, Source]
	facts         facts
	meetings      Ordered[string, Meeting]
	ordinals      Ordered[string, MeetingID] // ordinalKey: meetings by their number
	goingOn       Ordered[string, bool]      // meetings that are not closed
	requests      Ordered[string, Request]
	asked         Ordered[string, string] // meeting/request: who asked for the floor at each
	convening     conveningState
	delegations   delegationsState
	credentials   credentialsState
	agenda        agendaState
	documents     documentsState
	motions       motionsState
	proposals     proposalsState
	silence       silenceState
	votes         votesState
	elections     electionsState
	protocol      protocolState
	instruments   instrumentsState
	sealing       sealingState
	depositary    depositaryState
	commitments   commitmentsState
	communique    communiqueState
	authenticity  keysState
	nodes         nodesState
	registry      registryState
	corrections   correctionsState
	closed        closed
}

func (s *State) editionInForce() int64 { return max(s.Edition, 1) }

// Version is the index of the last entry that changed a thing, and whether there is such a thing.
func (s *State) Version(kind, id string) (index int64, ok bool) {
	if at := editions[s.editionInForce()].things[kind]; at != nil {
		return at(s, id)
	}
	return 0, false
}

// A due is something that happens when an instant comes.
type due struct {
	id     string
	at     record.Instant
	events []Event
}

// falls notes what happens when an instant comes, unless it is taken back before.
func (s *State) falls(at record.Instant, id string, events ...Event) {
	s.dues = s.dues.Set(dueKey(at, id), due{id, at, events})
}

func dueKey(at record.Instant, id string) string { return at.String() + "/" + id }

// Due yields the ids of what falls due by t, earliest first. No act is decided at t while there is any.
func (s *State) Due(t record.Instant) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, d := range s.dues.All() {
			if d.at > t || !yield(d.id) {
				return
			}
		}
	}
}

// NextDue is when something falls due next.
func (s *State) NextDue() (at record.Instant, ok bool) {
	for _, d := range s.dues.All() {
		return d.at, true
	}
	return 0, false
}
