package web

import (
	"context"
	"reflect"
	"slices"

	"kurultai/conference"
)

// PhoneMessage is what happened that a delegation has to hear of without asking.
type PhoneMessage struct {
	Entry   int64
	Title   string
	At      string // day and hour at the seat
	AtStamp string // the same for machines
	Ours    bool   // it concerns this delegation; else all in the room
}

// toRoom are the events that all in the room have to hear of, whatever they do meanwhile.
var toRoom = []string{"MeetingMoved", "MeetingPostponed", "MeetingCancelled", "MeetingSuspended", "MeetingAdjourned", "MeetingResumed", "MeetingClosed", "NextMeetingDecided", "ProvisionalAgendaCirculated",
	"AgendaAdopted", "AgendaAmended", "ItemOpened", "DocumentCirculated", "SpeakersListAnnounced", "SpeakersListClosed", "SpeakersListReopened", "TimeLimitSet", "QuestionPut", "ResultAnnounced",
	"SilenceOpened", "SilenceBroken", "SilenceObserved", "CommuniqueDrafted", "ReleasePublished", "EventPlanned", "RecordCorrected"}

// everyday are events of a delegation that it sees where it is: they are no messages.
var everyday = []string{"PresenceRecorded", "FloorRequested", "FloorEnded", "VoteCast", "DelegationNominated"}

// maxMessages bounds a page of messages; what is older stands in the record.
const maxMessages = 50

// messages are those of the meeting for this delegation, and of its commitments, newest first: among its last entries what concerns the
// delegation and was done by others, the desk in its name among them, and what concerns the room. What is closed, or of
// a paper that the reader may not read, is nobody's message.
func (f *phone) messages() (list []PhoneMessage) {
	m, _ := f.s.Meeting(f.id)
	lines, err := f.site.diaries.of(context.Background(), f.v, m)
	if err != nil {
		return nil // the record tells of itself where it cannot be read
	}
	list = f.debtorNotices()
	for _, l := range slices.Backward(lines[max(0, len(lines)-maxLookedAt):]) {
		for _, e := range l.Events {
			ours, hears := f.hears(l, e)
			if hears {
				list = append(list, PhoneMessage{Entry: l.Index, Title: f.told(line{Act: l.Act, Events: []conference.Event{e}}), At: f.moment(l.At), AtStamp: l.At.String(), Ours: ours})
				break
			}
		}
	}
	slices.SortStableFunc(list, func(a, b PhoneMessage) int { return int(b.Entry - a.Entry) })
	return list[:min(len(list), maxMessages)]
}

// hears reports whether an event is a message to the delegation, and whether to it alone.
func (f *phone) hears(l line, e conference.Event) (ours, hears bool) {
	_, byDesk := f.s.ActedAt(l.Index)
	if f.office.For != "" && (byDesk && l.Act.For == string(f.office.For) || l.Act.For != string(f.office.For) && f.concerns(e)) {
		return true, byDesk || !slices.Contains(everyday, e.Kind())
	}
	if d, ok := e.Body.(*conference.DocumentCirculated); ok && (len(d.To) > 0 || !f.reads(d.Symbol)) {
		to := slices.Contains(d.To, f.office.For)
		return to, to
	}
	return false, slices.Contains(toRoom, e.Kind())
}

// concerns reports whether an event names the delegation's party.
func (f *phone) concerns(e conference.Event) bool {
	v := reflect.Indirect(reflect.ValueOf(e.Body))
	if v.Kind() != reflect.Struct {
		return false
	}
	for i := range v.NumField() {
		if p, ok := v.Field(i).Interface().(conference.PartyID); ok && p == f.office.For {
			return true
		}
	}
	return false
}

// reads reports whether the delegate may read a paper.
func (f *phone) reads(symbol conference.Symbol) bool {
	return slices.ContainsFunc(f.s.Documents(f.id, f.s.Reader(f.who, f.at)), func(d conference.Document) bool { return d.Symbol == symbol })
}

// entriesOf are the entries of messages, for the script that counts those not read yet.
func entriesOf(list []PhoneMessage) (entries []int64) {
	for _, m := range list {
		entries = append(entries, m.Entry)
	}
	return entries
}
