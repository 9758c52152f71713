package conference

// agendaState is items proposed, ordered, adopted and taken up.
type agendaState struct{}

// An Item is a matter proposed for the agenda of a meeting, or on it.
type Item struct {
	ID      ItemID
	Meeting MeetingID
	Index   int64 // entry that changed it last
}

// Item returns an item of a meeting's agenda.
func (s *State) Item(m MeetingID, id ItemID) (Item, bool) { return Item{}, false }

// OpenItem returns the item a meeting is at.
func (s *State) OpenItem(m MeetingID) (Item, bool) { return Item{}, false }

func agenda(ed *edition) {}
