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
	keysToday  Ordered[string, Key]
	keysBefore Ordered[string, Key]

	versions Ordered[string, int64] // kind/id of a thing: the entry that last changed it
	dues     Ordered[string, due]   // instant/id: what falls due

	offices       Ordered[string, Office]
	persons       Ordered[string, Person]
	parties       Ordered[string, Party]
	organisations Ordered[string, OrganisationRegistered]
	places        Ordered[string, PlaceNamed]
	sources       Ordered[string, Source]
	facts         facts
	meetings      Ordered[string, Meeting]
	requests      Ordered[string, Request]
	closed        closed
}

func (s *State) editionInForce() int64 { return max(s.Edition, 1) }

// touch notes that a thing was changed by an entry.
func (s *State) touch(kind, id string, index int64) {
	s.versions = s.versions.Set(kind+"/"+id, index)
}

// Version is the index of the last entry that changed a thing, and whether there is such a thing.
func (s *State) Version(kind, id string) (int64, bool) { return s.versions.Get(kind + "/" + id) }

// A due is something that happens when an instant comes.
type due struct {
	id    string
	at    record.Instant
	event Event
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

// CanSee tells whether readers of an audience may see what was published to another. Everybody is of the public;
// an audience sees what was published to it and to the public.
func CanSee(audience, published string) bool { return published == "public" || audience == published }
