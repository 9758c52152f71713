package exchange

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
)

// Participants enters a list of participants: each person is registered under a new id, the name sealed, and each
// party's persons are nominated as its delegation.
//
// Columns: name and party (id, or a name as notified); role (head, delegate, alternate, adviser, staff); others are
// left out. A party without a head is a mistake, unless the first of each is its head.
type Participants struct {
	Desk
	Language    conference.Language // of the names
	Parties     bool                // parties that are not there yet are named and invited as guests
	FirstIsHead bool                // without a column role: the first of each party is its head, the others are delegates
}

var roles = []string{"head", "delegate", "alternate", "adviser", "staff"}

// Left names the columns of a table that an import of participants does not take over.
func (Participants) Left(t *Table) (names []string) {
	for _, c := range t.Columns {
		if !slices.Contains([]string{"name", "party", "party_or_organisation", "role"}, c) && c != "" {
			names = append(names, c)
		}
	}
	return names
}

// Plan makes the acts of a list, or says what is wrong with its rows. Without a state only the table itself is looked
// at, and there are no acts.
func (p Participants) Plan(t *Table, s *conference.State) (acts []Planned, problems []Problem) {
	name, party, role := t.find("name"), t.find("party", "party_or_organisation"), t.find("role")
	if name < 0 || party < 0 {
		return nil, []Problem{{Row: 1, Kind: "columns", Why: "the columns name and party are needed", Remedy: "call them so in the first row"}}
	}
	if role < 0 && !p.FirstIsHead {
		problems = append(problems, Problem{Row: 1, Kind: "roles", Why: "there is no column role", Remedy: "add it, or say -first-is-head where the first of each party is its head"})
		p.FirstIsHead = true // so that the rest is looked at as well
	}
	var order []string // parties as they come
	lists := map[string][]member{}
	bad := func(r Row, column, kind, about, why, remedy string) {
		problems = append(problems, Problem{Row: r.Number, Column: column, Kind: kind, About: about, Why: why, Remedy: remedy})
	}
	for _, r := range t.Rows {
		who, from, as := r.cell(name), r.cell(party), strings.ToLower(r.cell(role))
		if who == "" {
			bad(r, t.Columns[name], "noname", "", "is empty", "write the name as it is to be shown")
		}
		if from == "" {
			bad(r, t.Columns[party], "noparty", "", "is empty", "write the id or the name of a party")
		}
		key := fold(from)
		if as == "" && p.FirstIsHead {
			as = map[bool]string{true: "head", false: "delegate"}[len(lists[key]) == 0]
		}
		if !slices.Contains(roles, as) {
			bad(r, "role", "role", as, fmt.Sprintf("%q is no role", as), "one of "+strings.Join(roles, ", "))
		}
		if from != "" {
			if lists[key] == nil {
				order = append(order, key)
			}
			lists[key] = append(lists[key], member{r.Number, who, from, as})
		}
	}
	for _, key := range order {
		heads := 0
		for _, m := range lists[key] {
			if m.role == "head" {
				if heads++; heads > 1 {
					problems = append(problems, Problem{Row: m.row, Column: "role", Kind: "twoheads", About: lists[key][0].party, Why: lists[key][0].party + " has two heads", Remedy: "one head a party; the others are delegates"})
				}
			}
		}
		if heads == 0 {
			problems = append(problems, Problem{Row: lists[key][0].row, Column: "role", Kind: "nohead", About: lists[key][0].party, Why: lists[key][0].party + " has no head", Remedy: "call one of its rows head"})
		}
	}
	if s != nil {
		more, wrong := p.acts(s, order, lists)
		acts, problems = more, append(problems, wrong...)
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Row, b.Row) })
	if len(problems) > 0 {
		return nil, problems
	}
	return acts, nil
}

// A member is one row.
type member struct {
	row         int
	name, party string
	role        string
}

func (p Participants) acts(s *conference.State, order []string, lists map[string][]member) (acts []Planned, problems []Problem) {
	m, ok := s.Meeting(p.Meeting)
	if !ok {
		return nil, []Problem{{Row: 1, Kind: "meeting", Why: fmt.Sprintf("no meeting is called %q", p.Meeting), Remedy: "name one with -meeting"}}
	}
	known, taken := partiesByName(s), map[conference.PartyID]bool{}
	for _, x := range s.Parties() {
		taken[x.ID] = true
	}
	for _, key := range order {
		list := lists[key]
		first := list[0]
		id, found := known[key]
		n := 0
		add := func(row int, name string, fields any) *Planned {
			n++
			acts = append(acts, Planned{row, p.act(row, n, name, "", fields)})
			return &acts[len(acts)-1]
		}
		switch {
		case !found && !p.Parties:
			problems = append(problems, Problem{Row: first.row, Column: "party", Kind: "unknown", About: first.party, Why: fmt.Sprintf("no party is called %q", first.party), Remedy: "name it first (NameParty), or say -parties"})
			continue
		case !found && len(s.Body.Languages) != 1:
			problems = append(problems, Problem{Row: first.row, Column: "party", Kind: "unknown", About: first.party, Why: fmt.Sprintf("no party is called %q", first.party), Remedy: "name it first (NameParty): this body needs its name in each language"})
			continue
		case !found:
			id = newID(first.party, taken)
			taken[id] = true
			add(first.row, "NameParty", conference.NameParty{Party: id, Short: []conference.Name{{Language: s.Body.Languages[0], Text: first.party}}})
		}
		if _, done := s.Delegation(p.Meeting, id); done {
			problems = append(problems, Problem{Row: first.row, Column: "party", Kind: "nominated", About: first.party, Why: fmt.Sprintf("the delegation of %s is nominated already", first.party), Remedy: "leave its rows out, or replace delegates one by one"})
			continue
		}
		if _, invited := s.Invitation(p.Meeting, id); !invited && !slices.Contains(s.Members(m.From, p.Meeting), id) {
			add(first.row, "Invite", conference.Invite{Party: id, As: "guest"})
		}
		nominate := conference.NominateDelegation{Party: id}
		for _, x := range list {
			person := p.Seed.person(x.row)
			d := record.Disclose(p.Seed.text("salt", x.row, 0), "names.0.1", canonical.Value{Kind: canonical.String, Str: x.name})
			sealed := record.Sealed{Digest: d.Digest()}
			a := add(x.row, "RegisterPerson", conference.RegisterPerson{Person: person, Names: []conference.SealedName{{Language: p.Language, Name: sealed}}})
			a.Act.Disclosures = []record.Disclosure{d}
			nominate.Members = append(nominate.Members, conference.DelegationMember{Person: person, Role: x.role})
		}
		add(first.row, "NominateDelegation", nominate)
	}
	return acts, problems
}

// fold is a name as two spellings of it agree.
func fold(s string) string { return strings.ToLower(norm.NFC.String(s)) }

// partiesByName finds parties by id and by each name that was notified.
func partiesByName(s *conference.State) map[string]conference.PartyID {
	known := map[string]conference.PartyID{}
	for _, p := range s.Parties() {
		for _, n := range slices.Concat(p.Named.Short, p.Named.Full) {
			known[fold(n.Text)] = p.ID
		}
		known[string(p.ID)] = p.ID
	}
	return known
}

// newID makes an id from a name, one that is not taken.
func newID(name string, taken map[conference.PartyID]bool) conference.PartyID {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r < 0x300 && b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	text := strings.Trim(b.String()[:min(b.Len(), 32)], "-")
	if text == "" {
		text = "party"
	}
	id := conference.PartyID(text)
	for n := 2; taken[id]; n++ {
		id = conference.PartyID(fmt.Sprintf("%s-%d", text, n))
	}
	return id
}
