package main

import (
	"fmt"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/record/canonical"
	"kurultai/story"
)

// A show tells a story in the terminal, act by act, in one language. Parties stand by their names, and what
// somebody asked for or moved bears whose it is.
type show struct {
	l     *language.Language
	names map[string]string // of parties, by id
	whose map[string]string // party, by the id of what it asked for, moved, submitted or nominated
	day   string
}

func newShow(l *language.Language) *show {
	return &show{l: l, names: map[string]string{}, whose: map[string]string{}}
}

// beneath is where what an act caused stands, under its title.
const beneath = "\n                           "

// tell is what became of a line: its index and time, who did what; beneath it what it caused, with numbers and
// rule, or why it was refused and what to do.
func (w *show) tell(p story.Played) string {
	day := ""
	if d := p.Line.At.String()[:10]; d != w.day { // a day by itself
		day, w.day = map[bool]string{true: "\n"}[w.day != ""]+d+"\n", d
	}
	for _, e := range p.Receipt.Events {
		w.learn(e)
	}
	name := p.Line.Act.Get("name").Str
	title := w.l.Say("act." + name)
	if p.Line.Closed != "" {
		title = w.l.Say("event.ClosedEntry")
	} else if !w.l.Has("act." + name) {
		title = name
	}
	if party := p.Line.Act.Get("for").Str; party != "" {
		title = w.name(party) + ": " + title
	}
	title, at := title+w.about(p.Line), p.Line.At.String()[11:19]
	if r := p.Refusal; r != nil {
		return fmt.Sprintf("%s       %s  ✗ %s", day, at, title) + beneath + w.l.Say("refusal."+string(r.Code), w.all(r.Args)...) + " (" + string(r.Code) + "; " + r.Rule + ")" + beneath + "→ " + w.l.Say("remedy."+string(r.Code))
	}
	text := fmt.Sprintf("%s%5d  %s    %s", day, p.Receipt.Index, at, title)
	for _, e := range p.Receipt.Events {
		if what := w.caused(e); what != "" {
			text += beneath + what
		}
	}
	for _, n := range p.Receipt.Notices {
		text += beneath + "! " + w.l.Say("refusal."+string(n.Code), w.all(n.Args)...) + " (" + string(n.Code) + "; " + n.Rule + ")"
	}
	return text
}

// learn keeps the names an event brings.
func (w *show) learn(e conference.Event) {
	switch b := e.Body.(type) {
	case *conference.PartyNamed:
		if w.names[string(b.Party)] = b.Short.In(conference.Language(w.l.Code)); w.names[string(b.Party)] == "" {
			w.names[string(b.Party)] = b.Short.In("en")
		}
	case *conference.FloorRequested:
		w.whose[string(b.Request)] = string(b.Party)
	case *conference.PointOfOrderRaised:
		w.whose[string(b.Point)] = string(b.Party)
	case *conference.Moved:
		w.whose[string(b.Motion)] = string(b.Party)
	case *conference.CandidateNominated:
		w.whose[string(b.Candidate)] = string(b.Party)
	}
}

// name is a party's name, or what bears an id and whose it is, or the text as it stands.
func (w *show) name(text string) string {
	if name := w.names[text]; name != "" {
		return name
	}
	if party := w.whose[text]; party != "" {
		return text + " (" + w.name(party) + ")"
	}
	return text
}

func (w *show) all(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = w.name(t)
	}
	return out
}

// about is the public name of what an act is about, as far as its fields show it.
func (w *show) about(line story.Line) string {
	fields := line.Act.Get("fields")
	if answer := fields.Get("answer").Str; answer != "" {
		return " · " + w.l.Say("answer."+answer)
	}
	text := ""
	for _, key := range []string{"party", "place", "organisation", "source", "request", "capacity", "meeting", "note", "index", "thing", "item", "proposal", "motion", "point", "appeal", "amendment", "question", "symbol", "silence", "election", "instrument", "commitment", "reason", "due"} {
		switch v := fields.Get(key); v.Kind {
		case canonical.String:
			text = " · " + w.name(v.Str)
		case canonical.Int:
			text = fmt.Sprintf(" · %d", v.Int)
		}
		if text != "" {
			break
		}
	}
	for _, key := range []string{"sort", "method", "claim", "majority"} {
		if v := fields.Get(key).Str; v != "" {
			text += " · " + v
		}
	}
	return text
}

// caused is what an event says beyond the title of its act; "" where the title says it.
func (w *show) caused(e conference.Event) string {
	title := w.l.Say("event." + e.Kind())
	switch b := e.Body.(type) {
	case *conference.ResultAnnounced:
		return paper.ResultOf(b, w.l).String()
	case *conference.PresenceRecorded:
		return w.l.Say(map[bool]string{true: "page.absent", false: "page.present"}[b.Absent])
	case *conference.ChairRuled:
		return w.l.Say(map[bool]string{true: "ruling.sustained", false: "ruling.not"}[b.Sustained]) + " · " + b.Reason + " · " + b.Rule
	case *conference.RollCallStartDrawn:
		return w.list(texts(b.Order))
	case *conference.BallotCounted:
		var votes []string
		for _, v := range b.Votes {
			votes = append(votes, fmt.Sprintf("%s %d", w.name(w.whose[string(v.Candidate)]), v.Votes))
		}
		return strings.Join(votes, ", ") + " · " + w.l.Say("ballot", fmt.Sprint(b.Papers), fmt.Sprint(b.Invalid), fmt.Sprint(b.Blank), fmt.Sprint(b.Needed)) + " · " + b.Rule
	case *conference.BallotInconclusive:
		return title + ": " + w.list(texts(b.Names))
	case *conference.CandidateElected:
		return title + ": " + w.name(w.whose[string(b.Candidate)])
	case *conference.DrawnByLot:
		return title + ": " + w.list(texts(b.Among))
	case *conference.Adopted:
		return title + " · " + b.Number
	case *conference.AmendmentAdopted:
		return strings.Join(append([]string{title}, texts(b.Falls)...), " · ")
	case *conference.PartySeatedProvisionally, *conference.SilenceHeld, *conference.SilenceBroken, *conference.RulingOverruled, *conference.RulingUpheld, *conference.MotionCarried, *conference.MotionLost,
		*conference.DebateClosed, *conference.DebateAdjourned, *conference.MeetingSuspended, *conference.MeetingAdjourned, *conference.ProposalRejected, *conference.AmendmentRejected, *conference.VoteChanged, *conference.SpeakerOverran:
		return title
	}
	if e.Reported != nil {
		return title
	}
	return ""
}

func texts[T ~string](ids []T) (out []string) {
	for _, id := range ids {
		out = append(out, string(id))
	}
	return out
}

// list names parties, or candidates by their parties, in order.
func (w *show) list(ids []string) string {
	for i, id := range ids {
		if party := w.whose[id]; party != "" {
			id = party
		}
		ids[i] = w.name(id)
	}
	return strings.Join(ids, ", ")
}
