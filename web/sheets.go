package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
)

// Sheets are what a desk has on paper for the day the network dies: it prints them beforehand, and afterwards types in
// what was written on them. Each sheet has a number, and what is entered from it names that as the instruction.
//
//	/LANG/meetings/ID/desk/sheets             which there are
//	/LANG/meetings/ID/desk/sheets/roll-call   every member, and room for its answer
//	/LANG/meetings/ID/desk/sheets/ballot      ballot papers without names
//	/LANG/meetings/ID/desk/sheets/speakers    the list as it stands, and room for more
//	/LANG/meetings/ID/desk/sheets/entry       the answers of a sheet, checked as a whole, then entered as a whole

func init() {
	deskPages["sheets"], deskSteps["sheets"] = (*site).sheetsAt, (*site).sheetStep
}

// blankLines is how many empty lines a sheet of speakers has.
const blankLines = 24

// SheetPage is a sheet to print, or the entry of one.
type SheetPage struct {
	DeskFrame
	Kind    string // roll-call, ballot, speakers, entry or ""
	Number  string
	Ask     string // the question before the meeting
	Members []State
	Waiting []DeskSpeaker
	Blank   []int
	Lines   []SheetLine
	Wrong   []string // what stands against the sheet
	Ready   bool     // it is right: one press enters it
	Acts    []string // what would be entered
}

// SheetLine is a party's line on a sheet that is typed in.
type SheetLine struct {
	State   State
	ID      string
	Entered string // its answer stands in the record already
	Options []Option
	Wrong   string
}

func (s *site) sheet(v *sitting) SheetPage {
	_, kind, _ := strings.Cut(v.page, "/")
	p := SheetPage{DeskFrame: s.deskFrame(v, "sheets"), Kind: kind}
	p.Number = fmt.Sprintf("%s-%s-%d", strings.ToUpper(string(v.id)), strings.ToUpper(cmp.Or(kind, "x")[:1]), v.view.State().Size)
	if q, ok := v.t.s.Pending(v.id); ok {
		p.Ask = v.t.thing(conference.Thing{Kind: q.Kind, ID: q.Thing})
	}
	for _, m := range v.t.s.Members(v.m.From, v.id) {
		p.Members = append(p.Members, State{v.t.party(m), v.flag(m)})
	}
	return p
}

// sheetsAt shows a sheet to print, or the form its lines are typed into.
func (s *site) sheetsAt(v *sitting) error {
	p := s.sheet(v)
	switch p.Kind {
	case "", "roll-call", "ballot":
	case "speakers":
		p.Waiting = s.speakers(v)
		for n := range blankLines {
			p.Blank = append(p.Blank, len(p.Waiting)+n+1)
		}
	case "entry":
		p.Number, p.Lines = "", s.sheetLines(v, url.Values{})
	default:
		return errNotFound
	}
	return s.show(v.turn, "sheets", p)
}

// sheetLines are the members in the order they are called, each with what was typed for it.
func (s *site) sheetLines(v *sitting, typed url.Values) (list []SheetLine) {
	q, ok := v.t.s.Pending(v.id)
	if !ok || q.Method == "consensus" || q.Method == "secret" || q.Ended {
		return nil
	}
	order := q.Order
	if len(order) == 0 {
		order = v.t.s.Members(v.m.From, v.id)
	}
	for _, p := range order {
		l := SheetLine{State: State{v.t.party(p), v.flag(p)}, ID: string(p)}
		for _, c := range q.Votes {
			if c.Party == p {
				l.Entered = v.t.word("answer", string(c.Answer))
			}
		}
		for _, answer := range []string{"yes", "no", "abstain"} {
			l.Options = append(l.Options, Option{answer, v.lang.Say("word.answer." + answer), typed.Get("answer."+l.ID) == answer})
		}
		list = append(list, l)
	}
	return list
}

// sheetStep checks what was typed from a sheet; where all of it is right and confirmed, all of it is entered.
func (s *site) sheetStep(v *sitting) error {
	if v.page != "sheets/entry" {
		return errNotFound
	}
	if err := v.form(); err != nil {
		return err
	}
	typed, p := v.r.PostForm, s.sheet(v)
	p.Number, p.Lines = strings.TrimSpace(typed.Get("number")), s.sheetLines(v, typed)
	acts, of := s.sheetActs(v, &p, typed)
	switch {
	case p.Number == "" || len(p.Number) > 80:
		p.Wrong = append(p.Wrong, v.lang.Say("desk.sheetnumber"))
	case len(p.Lines) == 0:
		p.Wrong = append(p.Wrong, v.lang.Say("desk.sheetnoquestion"))
	case len(acts) == 0:
		p.Wrong = append(p.Wrong, v.lang.Say("desk.sheetempty"))
	default:
		if err := s.checked(v, &p, acts, of); err != nil {
			return err
		}
	}
	if len(p.Wrong) > 0 || typed.Get("step") != "enter" {
		return s.sheetShown(v, p, acts)
	}
	said := v.lang.Say("desk.sheetdone", p.Number, number(v.lang, int64(len(acts))))
	answer, err := s.whole(v.turn, acts, func(*turn) (any, error) { return deskAnswer{To: s.deskAddress(v), Said: said}, nil })
	if err != nil {
		return err
	}
	return s.deskReply(v, answer)
}

// sheetShown shows what would be entered, or what stands against it.
func (s *site) sheetShown(v *sitting, p SheetPage, acts []*Act) error {
	status := http.StatusConflict
	if p.Ready = len(p.Wrong) == 0; p.Ready {
		status = http.StatusOK
	}
	for _, a := range acts {
		p.Acts = append(p.Acts, v.t.told(line{Act: a.Submitted}))
	}
	s.showPage(v.w, v.r, v.lang, "sheets", p, status)
	return nil
}

// sheetActs are the acts of a sheet: whose name was not called is called, and its answer entered on the sheet's word.
// of says to which line each belongs. An answer that stands in the record already is left alone.
func (s *site) sheetActs(v *sitting, p *SheetPage, typed url.Values) (acts []*Act, of []int) {
	q, _ := v.t.s.Pending(v.id)
	last := -1 // nobody is called behind the last line that has an answer
	for i, l := range p.Lines {
		if typed.Get("answer."+l.ID) != "" {
			last = i
		}
	}
	for i, l := range p.Lines[:last+1] {
		if q.Method == "roll-call" && int64(i) >= q.Called {
			acts, of = append(acts, s.sheetAct(v, p.Number, "CallName", "", conference.CallName{Question: q.ID, Party: conference.PartyID(l.ID)})), append(of, i)
		}
		if answer := typed.Get("answer." + l.ID); answer != "" && l.Entered == "" {
			acts, of = append(acts, s.sheetAct(v, p.Number, "Answer", l.ID, conference.Answer{Question: q.ID, Answer: answer, Instruction: "paper " + p.Number})), append(of, i)
		}
	}
	return acts, of
}

// sheetAct is an act of a sheet. Its key is drawn from what it says, so that a sheet entered twice is entered once.
func (s *site) sheetAct(v *sitting, sheet, name, party string, fields any) *Act {
	text := string(canonical.Encode(nil, fields))
	value, err := canonical.Parse(text)
	if err != nil {
		panic(err) // the fields are ours
	}
	key := s.keyOf(v.Person, url.Values{"sheet": {sheet}, "act": {name}, "for": {party}, "fields": {text}})
	return &Act{Submitted: record.Submitted{Name: name, By: string(v.Person), As: string(conference.Secretary), For: party, Meeting: string(v.id), Fields: value, Key: key, Origin: v.view.Origin(), Seen: v.view.State().Size}}
}

// checked rehearses all acts of a sheet, one after another; a refusal is said at its line.
func (s *site) checked(v *sitting, p *SheetPage, acts []*Act, of []int) error {
	if slices.ContainsFunc(acts, func(a *Act) bool { return v.view.State().AttestationDue(&a.Submitted) }) {
		return nil // what is to be signed is decided once it is
	}
	failed, err := s.Desk.RehearseAll(v.r.Context(), acts)
	var no *conference.Refusal
	if errors.As(err, &no) {
		l := &p.Lines[of[failed]]
		why, remedy := v.t.refusal(v.id, no)
		l.Wrong = together(" ", why, remedy)
		p.Wrong = append(p.Wrong, together(": ", l.State.Name, l.Wrong))
		return nil
	}
	return err
}

// whole has many acts done, all or none; each that is attested asks for the passkey first.
func (s *site) whole(v *turn, acts []*Act, done func(*turn) (any, error)) (any, error) {
	for _, a := range acts {
		if !v.view.State().AttestationDue(&a.Submitted) || len(a.Attestations) > 0 {
			continue
		}
		if a.Submitted.NotAfter == nil {
			until := s.Desk.Now() + meantForTwo
			a.Submitted.NotAfter = &until
			a.Submitted.Changed()
		}
		p, err := s.prepared(v, a)
		if err != nil {
			return nil, err
		}
		s.begin(v, ceremony{kind: "signed", person: v.Person, act: a, sign: func(now *turn, signed record.Attestation) (any, error) {
			a.Attestations = []record.Attestation{signed}
			return s.whole(now, acts, done)
		}}, signingIn)
		return map[string]any{"prepared": p}, nil
	}
	if _, err := s.Desk.DoAll(context.WithoutCancel(v.r.Context()), acts); err != nil {
		return nil, err
	}
	return done(v)
}
