package web

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
)

func init() { deskPages["correct"] = (*site).correctAt }

// CorrectPage names the last act of this desk, and takes it back or says what may be done instead.
type CorrectPage struct {
	DeskFrame
	Last        *LastAct
	Take        *Press // rescinds it
	Why, Remedy string // it cannot be rescinded
	Flip        []Press
	Instead     []Link
}

// correctAt shows what Z does before it is done.
func (s *site) correctAt(v *sitting) error {
	p := CorrectPage{DeskFrame: s.deskFrame(v, "correct")}
	lines, err := s.diaries.of(v.r.Context(), v.view, v.m)
	if err != nil {
		return err
	}
	for _, l := range slices.Backward(lines) {
		if _, taken := v.t.s.Rescinded(l.Index); l.Act.By == string(v.Person) && !taken {
			p.Last = &LastAct{Index: l.Index, Text: v.t.told(l), Time: v.second(l.At)}
			s.takeBack(v, &p, l)
			break
		}
	}
	return s.show(v.turn, "correct", p)
}

// slip is what of an act can be rescinded: the sort of thing it made, and its id.
func slip(l line) (sort, id string) {
	for _, e := range l.Events {
		switch b := e.Body.(type) {
		case *conference.FloorRequested:
			return "request", string(b.Request)
		case *conference.ItemProposed:
			return "item", l.Act.Meeting + "/" + string(b.Item)
		case *conference.DocumentRegistered:
			return "document", string(b.Symbol)
		case *conference.ProposalSubmitted:
			return "proposal", string(b.Proposal)
		case *conference.AmendmentSubmitted:
			return "amendment", string(b.Amendment)
		case *conference.InvitationIssued:
			return "invitation", l.Act.Meeting + "/" + string(b.Party)
		}
	}
	return "none", "none" // nothing that can be taken back
}

// takeBack decides whether a slip can be rescinded, as the writer would, and says what else may be done.
func (s *site) takeBack(v *sitting, p *CorrectPage, l line) {
	sort, id := slip(l)
	fields := canonical.Encode(nil, conference.Rescind{Index: l.Index, Sort: sort, Thing: id, Reason: v.lang.Say("desk.slip")})
	value, err := canonical.Parse(string(fields))
	if err != nil {
		panic(err) // the fields are ours
	}
	err = s.decidable(&record.Submitted{Name: "Rescind", By: string(v.Person), As: string(conference.Secretary), Fields: value})
	var no *conference.Refusal
	if errors.As(err, &no) {
		p.Why, p.Remedy = v.t.refusal(v.id, no)
	} else {
		p.Take = &Press{Label: v.lang.Say("act.Rescind") + ": " + p.Last.Text, Hidden: s.pressing(v, "Rescind", nil, map[string]string{
			"office": string(conference.Secretary), "field.index": fmt.Sprint(l.Index), "field.sort": sort, "field.thing": id})}
	}
	s.instead(v, p, l)
}

// instead says what may be done about an act that stays.
func (s *site) instead(v *sitting, p *CorrectPage, l line) {
	form := func(act string, more url.Values) {
		more.Set("meeting", string(v.id))
		more.Set("from", "desk")
		p.Instead = append(p.Instead, Link{"/" + v.lang.Code + "/act/" + act + "?" + more.Encode(), v.lang.Say("act." + act)})
	}
	switch l.Act.Name {
	case "RecordPresence":
		more := map[string]string{"office": string(conference.Secretary), "field.party": l.Act.Fields.Get("party").Str}
		label := "word.presence.here"
		if l.Act.Fields.Get("absent").Kind != canonical.True {
			more["field.absent"], label = "true", "word.presence.left"
		}
		p.Flip = []Press{{Label: v.t.party(conference.PartyID(more["field.party"])) + ": " + v.lang.Say(label), Hidden: s.pressing(v, "RecordPresence", nil, more)}}
	case "Answer":
		p.Instead = append(p.Instead, Link{Text: v.lang.Say("desk.disownable", v.t.party(conference.PartyID(l.Act.For)))})
		form("CorrectIntention", url.Values{"office": {"Secretary/" + l.Act.For}, "field.question": {l.Act.Fields.Get("question").Str}})
	case "RegisterDocument":
		symbol := l.Act.Fields.Get("symbol").Str
		form("IssueCorrigendum", url.Values{"office": {"Secretary"}, "field.symbol": {symbol}})
		form("WithdrawDocument", url.Values{"office": {"Secretary"}, "field.symbol": {symbol}})
	}
	p.Instead = append(p.Instead, Link{s.deskAddress(v) + "/acts", v.lang.Say("desk.enterright")})
}
