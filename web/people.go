package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"kurultai/conference"
	"kurultai/language"
)

// Lists reads lists from outside into acts, and enters nothing.
type Lists interface {
	// Participants reads a table of people into the acts that register and nominate them, or says what is wrong with
	// its rows. The error says that it is no table.
	Participants(View, PeopleList) (PeoplePlan, error)
}

// A PeopleList is a table of participants, as somebody sends it.
type PeopleList struct {
	Table       []byte // CSV or XLSX
	By          conference.PersonID
	Meeting     conference.MeetingID
	Language    conference.Language // of the names
	FirstIsHead bool
	Seed        [32]byte // what ids and salts are drawn from
}

// A PeoplePlan is what would be entered.
type PeoplePlan struct {
	Rows     int
	Left     []string // columns that are not taken over
	Acts     []*Act
	Of       []int // the row of each act
	Problems []RowProblem
}

// A RowProblem is what is wrong with a row, or with a whole table where Row is 0, and what to do about it, in English.
// Kind says it in every language: setup.table.KIND where a table cannot be read, desk.listrow.KIND of what rows mean,
// with what it is about.
type RowProblem struct {
	Row                              int
	Column, Kind, About, Why, Remedy string
}

// in is the problem as it is said in a language.
func (p RowProblem) in(l *language.Language) RowProblem {
	for _, key := range []string{"setup.table." + p.Kind, "desk.listrow." + p.Kind} {
		if p.Kind != "" && l.Has(key) {
			p.Why, p.Remedy = l.Say(key, p.About), ""
		}
	}
	return p
}

func init() {
	deskPages["people"], deskSteps["people"] = (*site).peopleAt, (*site).peopleStep
}

// PeoplePage is who is at the meeting, and the import of a list.
type PeoplePage struct {
	DeskFrame
	Groups   []PeopleGroup
	Can      bool // lists are taken here
	Tongues  []Option
	Plan     *PeoplePlan
	Token    string // of the plan, where all of it is right
	Count    int
	Enrol    string
	Register string
}

// ActCount is how many acts would be entered.
func (p PeoplePage) ActCount() int64 { return int64(p.Count) }

// RowCount is how many rows there are.
func (p PeoplePlan) RowCount() int64 { return int64(p.Rows) }

// PeopleGroup is a delegation.
type PeopleGroup struct {
	Party State
	Rows  []PersonRow
}

// PersonRow is one of a delegation.
type PersonRow struct {
	Name, Role string
	Devices    int
	Lost       string // address of the act that ends a device which is lost
}

// An incoming list was read and is right; it waits for the press that enters it.
type incoming struct {
	by   conference.PersonID
	plan PeoplePlan
	made time.Time
}

// incomings are the lists that wait, in memory: a list holds names, so none stays longer than an hour.
type incomings struct {
	mu  sync.Mutex
	all map[string]incoming
}

const (
	incomingFor  = time.Hour
	maxIncomings = 16
)

// keep makes room for a list and returns its token.
func (in *incomings) keep(one incoming) string {
	in.mu.Lock()
	defer in.mu.Unlock()
	for token, old := range in.all {
		if time.Since(old.made) > incomingFor || old.by == one.by {
			delete(in.all, token)
		}
	}
	if in.all == nil || len(in.all) >= maxIncomings {
		in.all = map[string]incoming{}
	}
	token := rand.Text()
	in.all[token] = one
	return token
}

// of is a list that somebody sent, while it is here.
func (in *incomings) of(token string, by conference.PersonID) (incoming, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	one, ok := in.all[token]
	return one, ok && one.by == by && time.Since(one.made) <= incomingFor
}

func (in *incomings) drop(token string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	delete(in.all, token)
}

func (s *site) people(v *sitting) PeoplePage {
	p := PeoplePage{DeskFrame: s.deskFrame(v, "people"), Can: s.Lists != nil, Enrol: "/" + v.lang.Code + "/enrolments", Register: "/" + v.lang.Code + "/act/RegisterPerson?from=desk&office=Secretary&meeting=" + string(v.id)}
	for _, l := range v.t.s.Body.Languages {
		p.Tongues = append(p.Tongues, Option{string(l), v.t.tongue(l), string(l) == v.lang.Code})
	}
	held := map[conference.PersonID]conference.Office{} // the first of each: to look for each person's among all would take a minute for a list of 100,000
	now := s.Desk.Now()
	for _, c := range slices.Sorted(slices.Values(conference.Capacities)) {
		for _, o := range v.t.s.Holders(c) {
			if _, has := held[o.Person]; !has && o.From <= now {
				held[o.Person] = o
			}
		}
	}
	for _, party := range v.t.s.Parties() {
		g := PeopleGroup{Party: State{v.t.party(party.ID), v.flag(party.ID)}}
		d, _ := v.t.s.Delegation(v.id, party.ID)
		for _, m := range d.Members {
			g.Rows = append(g.Rows, personRow(v, m.Person, held, v.role(m.Role)))
		}
		if len(g.Rows) == 0 { // nobody was nominated: who holds the party's offices
			for _, c := range []conference.Capacity{conference.Head, conference.ObserverHead, conference.Delegate} {
				for _, o := range v.t.s.Holders(c) {
					if o.For == party.ID {
						g.Rows = append(g.Rows, personRow(v, o.Person, held, v.lang.Say("capacity."+string(c))))
					}
				}
			}
		}
		if len(g.Rows) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	return p
}

// role is a part in a delegation; heads and delegates are called as their capacities are.
func (v *sitting) role(role string) string {
	switch role {
	case "head":
		return v.lang.Say("capacity.Head")
	case "delegate":
		return v.lang.Say("capacity.Delegate")
	}
	return v.t.word("role", role)
}

// personRow is a person under the name that the reader may see, else under the office it holds.
func personRow(v *sitting, id conference.PersonID, held map[conference.PersonID]conference.Office, role string) PersonRow {
	row := PersonRow{Role: role}
	if name, ok := v.t.shownAs(id); ok {
		row.Name = name
	} else if o, ok := held[id]; ok {
		row.Name = v.t.office(o)
	} else {
		row.Name = v.lang.Say("page.withheld")
	}
	for _, k := range v.t.s.Passkeys(id) {
		if !k.Revoked {
			row.Devices++
			row.Lost = "/" + v.lang.Code + "/act/RevokePasskey?from=desk&as=Secretary&field.why=lost&field.credential=" + k.Credential
		}
	}
	return row
}

// peopleAt shows who is at the meeting.
func (s *site) peopleAt(v *sitting) error { return s.show(v.turn, "people", s.people(v)) }

// peopleStep reads a list and says what would be entered; entered it is by a second press.
func (s *site) peopleStep(v *sitting) error {
	if s.Lists == nil {
		return errNotAllowed
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxSubmission)
	if err := parseForm(v.r); err != nil {
		s.sorry(v.w, v.r, v.lang, err)
		return nil
	}
	if token := v.r.PostForm.Get("list"); token != "" {
		return s.peopleEnter(v, token)
	}
	plan, err := s.readPeople(v)
	if err != nil {
		return err
	}
	p := s.people(v)
	p.Plan, p.Count = &plan, len(plan.Acts)
	status := http.StatusConflict
	if len(plan.Problems) == 0 {
		status, p.Token = http.StatusOK, s.incomings.keep(incoming{v.Person, plan, time.Now()})
	}
	s.showPage(v.w, v.r, v.lang, "people", p, status)
	return nil
}

// readPeople reads the uploaded table and rehearses what it would enter.
func (s *site) readPeople(v *sitting) (plan PeoplePlan, err error) {
	list := PeopleList{By: v.Person, Meeting: v.id, Language: conference.Language(v.r.PostForm.Get("language")), FirstIsHead: v.r.PostForm.Has("first")}
	if list.Table, err = uploaded(v.r, "table"); err != nil {
		return plan, err
	}
	rand.Read(list.Seed[:])
	if plan, err = s.Lists.Participants(v.view, list); err != nil {
		return PeoplePlan{Problems: []RowProblem{{Row: 1, Why: v.lang.Say("desk.notable"), Remedy: v.lang.Say("desk.notablehelp")}}}, nil
	}
	for i, p := range plan.Problems {
		plan.Problems[i] = p.in(v.lang)
	}
	if len(plan.Problems) > 0 || len(plan.Acts) > 0 && v.view.State().AttestationDue(&plan.Acts[len(plan.Acts)-1].Submitted) {
		return plan, nil
	}
	failed, err := s.Desk.RehearseAll(v.r.Context(), plan.Acts)
	var no *conference.Refusal
	if errors.As(err, &no) {
		why, remedy := v.t.refusal(v.id, no)
		plan.Problems, err = []RowProblem{{Row: plan.Of[failed], Why: v.lang.Say("act."+plan.Acts[failed].Submitted.Name) + ": " + why, Remedy: remedy}}, nil
	}
	return plan, err
}

// uploaded reads a file of a form.
func uploaded(r *http.Request, name string) ([]byte, error) {
	f, head, err := r.FormFile(name)
	if err != nil || head.Size == 0 {
		return nil, tell(http.StatusBadRequest, "desk.nofile")
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("reading an uploaded list: %w", err)
	}
	return b, nil
}

// peopleEnter enters a list that was read: all of it or nothing.
func (s *site) peopleEnter(v *sitting, token string) error {
	one, ok := s.incomings.of(token, v.Person)
	if !ok {
		return tell(http.StatusConflict, "desk.listgone")
	}
	said := v.lang.Say("desk.listdone", number(v.lang, int64(one.plan.Rows)), number(v.lang, int64(len(one.plan.Acts))))
	answer, err := s.whole(v.turn, one.plan.Acts, func(*turn) (any, error) {
		s.incomings.drop(token)
		return deskAnswer{To: s.deskAddress(v) + "/people", Said: said}, nil
	})
	if err != nil {
		return err
	}
	return s.deskReply(v, answer)
}
