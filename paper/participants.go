package paper

import (
	"slices"

	"kurultai/conference"
	"kurultai/paper/pdf"
)

// A participant is somebody who took part in a meeting: as a delegation was nominated, else as it was reported, else by the
// office that speaks for a party.
type participant struct {
	person  conference.PersonID
	party   conference.PartyID
	role    string // head, delegate, alternate, adviser or staff; "" where reports do not say
	office  string // rank, office and service, in words
	entries []int64
}

// A roll is those who took part, by what their parties are at the meeting, in order.
type roll struct {
	members, observers, guests []conference.PartyID
	people                     map[conference.PartyID][]participant
}

// roll gathers who took part.
func (c *composer) roll() (r roll) {
	r.people = map[conference.PartyID][]participant{}
	c.nominated(r.people)
	c.reportedPeople(r.people)
	members := c.s.Members(c.m.From, c.id)
	guests := c.guests()
	if !reported(c.s) {
		came := c.came()
		if len(came) == 0 { // not yet
			came = members
		}
		c.holders(r.people, came)
	}
	for _, p := range c.s.Parties() {
		switch {
		case len(r.people[p.ID]) == 0:
		case c.observes(p):
			r.observers = append(r.observers, p.ID)
		case slices.Contains(guests, p.ID):
			r.guests = append(r.guests, p.ID)
		case slices.Contains(members, p.ID):
			r.members = append(r.members, p.ID)
		default:
			r.observers = append(r.observers, p.ID)
		}
	}
	r.members, r.observers, r.guests = c.ordered(r.members), c.ordered(r.observers), c.ordered(r.guests)
	return r
}

// observes reports whether a party is an observer at the meeting: the status of a meeting goes before the general one.
func (c *composer) observes(p conference.Party) bool {
	return slices.ContainsFunc(p.Statuses, func(st conference.Status) bool { return !st.Member && !st.Left && st.Meeting == c.id })
}

// guests are the parties whose people came as guests, by invitation or by report.
func (c *composer) guests() (ids []conference.PartyID) {
	for _, p := range c.s.Parties() {
		if i, ok := c.s.Invitation(c.id, p.ID); ok && i.As == "guest" {
			ids = append(ids, p.ID)
		}
	}
	for _, f := range c.s.Told(c.id) {
		if t, ok := f.Body.(*conference.PersonTookPart); ok && t.Part == "guest" {
			ids = append(ids, t.Party)
		}
	}
	return ids
}

// nominated are the members of delegations, heads first, as their parties named them.
func (c *composer) nominated(people map[conference.PartyID][]participant) {
	for _, p := range c.s.Parties() {
		d, _ := c.s.Delegation(c.id, p.ID)
		for _, role := range delegationRoles {
			for _, m := range d.Members {
				if m.Role == role {
					people[p.ID] = append(people[p.ID], participant{m.Person, p.ID, role, c.office(m.Rank, m.Office, m.Organisation), []int64{d.Index}})
				}
			}
		}
	}
}

// delegationRoles are the parts in a delegation, in order of rank.
var delegationRoles = []string{"head", "delegate", "alternate", "adviser", "staff"}

// reportedPeople are those of whom reports tell.
func (c *composer) reportedPeople(people map[conference.PartyID][]participant) {
	for _, f := range c.s.Told(c.id) {
		if t, ok := f.Body.(*conference.PersonTookPart); ok {
			role := ""
			if t.Part == "head" {
				role = "head"
			}
			people[t.Party] = append(people[t.Party], participant{t.Person, t.Party, role, c.office(t.Rank, t.Office, t.Organisation), append([]int64{f.Index}, f.Agree...)})
		}
	}
}

// came are the parties that were in the room at some time.
func (c *composer) came() (ids []conference.PartyID) {
	for _, h := range caused[conference.PresenceRecorded](c.passages()) {
		if !h.it.Absent && !slices.Contains(ids, h.it.Party) {
			ids = append(ids, h.it.Party)
		}
	}
	return ids
}

// holders are those who by their offices speak for parties that named no delegation.
func (c *composer) holders(people map[conference.PartyID][]participant, parties []conference.PartyID) {
	parties = slices.DeleteFunc(slices.Clone(parties), func(id conference.PartyID) bool { return len(people[id]) > 0 })
	for _, as := range []struct {
		capacity conference.Capacity
		role     string
	}{{conference.Head, "head"}, {conference.ObserverHead, "head"}, {conference.Delegate, "delegate"}} {
		for _, o := range c.s.Holders(as.capacity) {
			if slices.Contains(parties, o.For) {
				people[o.For] = append(people[o.For], participant{o.Person, o.For, as.role, "", []int64{o.Index}})
			}
		}
	}
}

// participants is the list of participants: members, observers after them, guests, then the secretariat.
func (c *composer) participants() error {
	r := c.roll()
	if len(r.people) == 0 {
		c.calm("paper.noparticipants")
		return nil
	}
	for _, group := range []struct {
		title   string
		parties []conference.PartyID
	}{{"page.members", r.members}, {"page.observers", r.observers}, {"page.guests", r.guests}} {
		if len(group.parties) == 0 {
			continue
		}
		c.heading(2, c.l.Say(group.title))
		for _, id := range group.parties {
			c.heading(3, c.formal(id))
			for _, p := range r.people[id] {
				c.listed(p)
			}
		}
	}
	c.secretariat()
	c.notOwn()
	return nil
}

// formal is a party's formal name, else its short one.
func (c *composer) formal(id conference.PartyID) string {
	p, _ := c.s.Party(id)
	return c.named(p.Named.Full, c.party(id))
}

// listed adds somebody to the list: the name, the part in the delegation, then what else is known. Where the name may not be
// read, what the person is stands in front.
func (c *composer) listed(p participant) {
	lead, rest := c.person(p.person), p.office
	if p.role != "" {
		rest = together("; ", c.part(p.role), rest)
	}
	if p.person == c.presided() {
		rest = together("; ", rest, c.l.Say("page.presided"))
	}
	if _, open := c.open(p.person); !open && rest != "" {
		lead, rest = rest, lead
	}
	c.tell(together(", ", lead, rest), p.entries...)
	runs := []pdf.Run{{Text: lead, Bold: true}}
	if rest != "" {
		runs = append(runs, pdf.Run{Text: ", " + rest})
	}
	c.add(pdf.Paragraph{Text: runs, Align: pdf.Left})
}

// part says what somebody is in a delegation.
func (c *composer) part(role string) string {
	if role == "head" {
		return c.l.Say("capacity.Head")
	}
	return c.l.Say("setup.role." + role)
}

// presided is who took the chair, "" where nobody did.
func (c *composer) presided() conference.PersonID {
	for _, f := range c.s.Told(c.id) {
		if t, ok := f.Body.(*conference.ChairTaken); ok {
			return t.Person
		}
	}
	return ""
}

// secretariat lists the officers; of a meeting that is reported nothing is known of them.
func (c *composer) secretariat() {
	if reported(c.s) {
		return
	}
	c.heading(2, c.l.Say("paper.secretariat"))
	for _, as := range []conference.Capacity{conference.Secretary, conference.Protocol, conference.Depositary, conference.Press} {
		for _, o := range c.s.Holders(as) {
			c.listed(participant{person: o.Person, office: c.l.Say("capacity." + string(as)), entries: []int64{o.Index}})
		}
	}
}
