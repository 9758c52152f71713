package web

import (
	"slices"

	"kurultai/conference"
	"kurultai/paper"
)

// Difference is a question the reports answer differently.
type Difference struct {
	Question string
	Versions []Version
	Resolved string
	Mark     Mark
}

// Version is one answer.
type Version struct {
	Text string
	Mark Mark
}

// differences finds where reports disagree: facts in conflict, parties of two statuses, and participants whom a
// source that names most of the others does not name. Those about the meeting come before those about names.
func (b *builder) differences(facts []conference.Fact) {
	elsewhere := b.elsewhere()
	var about, names []Difference
	for _, f := range b.s.Disagreements() {
		versions := b.s.Versions(f)
		if slices.ContainsFunc(versions, func(v conference.Fact) bool { return elsewhere[v.Index] }) {
			continue
		}
		switch f.Body.(type) {
		case *conference.PartyNamed, *conference.PlaceNamed, *conference.OrganisationRegistered:
			names = append(names, b.conflict(f, versions))
		default:
			about = append(about, b.conflict(f, versions))
		}
	}
	about = append(about, b.unlisted(facts)...)
	for _, p := range b.s.Parties() {
		if d, ok := b.statuses(p); ok {
			about = append(about, d)
		}
	}
	b.p.Differ = append(about, names...)
}

// elsewhere is the set of entries that tell of other meetings.
func (b *builder) elsewhere() map[int64]bool {
	told := map[int64]bool{}
	for _, m := range b.s.Meetings() {
		if m.MeetingConvened.Meeting == b.m.MeetingConvened.Meeting {
			continue
		}
		for _, f := range b.s.Told(m.MeetingConvened.Meeting) {
			told[f.Index] = true
		}
	}
	return told
}

// conflict shows facts of one kind about one thing.
func (b *builder) conflict(f conference.Fact, versions []conference.Fact) Difference {
	d := Difference{Question: b.question(f, versions)}
	preferred, resolved := b.s.PreferredOf(f)
	for _, version := range versions {
		text := b.answer(version, versions)
		d.Versions = append(d.Versions, Version{text, b.mark(version)})
		if resolved && (version.Index == preferred.Index || slices.Contains(version.Agree, preferred.Index)) {
			d.Resolved, d.Mark = b.l.Say("page.preferred", text, preferred.Reason), Mark{Entries: []int64{preferred.By}}
		}
	}
	if !resolved {
		d.Resolved = b.l.Say("page.neither")
	}
	return d
}

// question names what the versions differ about.
func (b *builder) question(f conference.Fact, versions []conference.Fact) string {
	if ordinals(versions) {
		return b.l.Say("page.q.number")
	}
	switch x := f.Body.(type) {
	case *conference.OrganisationRegistered:
		return b.l.Say("page.q.organisation", b.party(x.Party))
	case *conference.PersonTookPart:
		return b.l.Say("page.q.listed", b.person(x.Person))
	}
	return b.l.Say("event." + f.Kind())
}

// answer says what tells a version from the others.
func (b *builder) answer(f conference.Fact, versions []conference.Fact) string {
	switch x := f.Body.(type) {
	case *conference.MeetingConvened:
		if ordinals(versions) {
			return paper.Roman(x.Ordinal)
		}
	case *conference.OrganisationRegistered:
		return in(x.Names, b.l, string(x.Organisation))
	}
	if text := b.words(f.Event); text != "" {
		return text
	}
	return b.l.Say("page.entry", number(b.l, f.Index))
}

// ordinals reports whether versions number a meeting differently.
func ordinals(versions []conference.Fact) bool {
	first, ok := versions[0].Body.(*conference.MeetingConvened)
	return ok && slices.ContainsFunc(versions, func(v conference.Fact) bool {
		return v.Body.(*conference.MeetingConvened).Ordinal != first.Ordinal
	})
}

// statuses shows a party reported as a member by then and as an observer of this meeting.
func (b *builder) statuses(p conference.Party) (d Difference, differ bool) {
	var member, observer bool
	for _, kind := range []string{"ObserverGranted", "PartyAdmitted"} {
		for _, f := range b.s.Facts(kind) {
			switch x := f.Body.(type) {
			case *conference.PartyAdmitted:
				if x.Party == p.ID && x.From <= b.m.From {
					member = true
					d.Versions = append(d.Versions, Version{b.l.Say("page.member", b.date(x.From)), b.mark(f)})
				}
			case *conference.ObserverGranted:
				if x.Party == p.ID && x.Meeting == b.m.MeetingConvened.Meeting {
					observer = true
					d.Versions = append(d.Versions, Version{b.l.Say("page.observer"), b.mark(f)})
				}
			}
		}
	}
	d.Question, d.Resolved = b.l.Say("page.q.status", b.party(p.ID)), b.l.Say("page.neither")
	return d, member && observer
}

// unlisted finds participants whom a source does not name although it names three quarters of the others or more.
// A source that names fewer gives no list, and its silence says nothing.
func (b *builder) unlisted(facts []conference.Fact) (list []Difference) {
	var people []conference.Fact
	named := map[int]int{} // by number of the source
	for _, f := range facts {
		if f.Kind() == "PersonTookPart" {
			people = append(people, f)
			for _, n := range b.mark(f).Sources {
				named[n]++
			}
		}
	}
	others := len(people) - 1
	for _, f := range people {
		mark := b.mark(f)
		for _, src := range b.p.Sources {
			if others < 2 || named[src.No]*4 < others*3 || slices.Contains(mark.Sources, src.No) {
				continue
			}
			person := f.Body.(*conference.PersonTookPart)
			list = append(list, Difference{
				Question: b.l.Say("page.q.listed", b.party(person.Party)),
				Versions: []Version{{b.person(person.Person), mark}, {b.l.Say("page.notlisted"), Mark{Sources: []int{src.No}}}},
				Resolved: b.l.Say("page.neither"),
			})
		}
	}
	return list
}
