package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
)

// A sitting that votes: a meeting of one item and one draft, put to a roll call of all members.

// rollCall takes a roll call as one was really taken, or as it is drawn: some of the members are absent, the others
// answer when they are called.
func (h *hall) rollCall(k int64) error {
	r := h.roll()
	meeting := fmt.Sprintf("roll-%d", k)
	s := h.s.View().State()
	if k == 1 {
		if err := h.must(h.by("Secretary", h.officer(), "", "", "NamePlace", fmt.Sprintf(`{"names":[%s],"place":"rotunda","type":"hall"}`, h.everywhere("Rotunda")))); err != nil {
			return err
		}
	}
	today := h.now().String()[:10]
	chair := string(s.Holders(conference.Chair)[0].Person)
	desk := func(name, fields string) *secretariat.Act {
		return h.by("Secretary", h.officer(), "", meeting, name, fields)
	}
	if err := h.must(h.by("Secretary", h.officer(), "", "", "ConveneMeeting", fmt.Sprintf(`{"from":"%s","meeting":"%s","ordinal":%d,"place":"rotunda"}`, today, meeting, 1000+k))); err != nil {
		return err
	}
	m, _ := h.s.View().State().Meeting(conference.MeetingID(meeting))
	members := h.s.View().State().Members(m.From, conference.MeetingID(meeting))
	if n := len(members); r.Yes+r.No+r.Abstain > n { // a smaller house
		r.Yes, r.No, r.Abstain = r.Yes*n/193, r.No*n/193, r.Abstain*n/193
	}
	h.chance.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	h.headsFirst(members)
	here := members[:max(0, min(len(members), r.Yes+r.No+r.Abstain))]
	if len(here) > 0 { // the others come and do not answer
		here = members[:max(len(here), len(members)/2+1)]
	}
	answers := r.answers(here)
	text := record.DigestOf([]byte(meeting))
	for _, a := range []*secretariat.Act{
		desk("RegisterDocument", fmt.Sprintf(`{"language":"en","level":"public","symbol":"W/%d/L.1","text":"%s","type":"draft"}`, k, text)),
		desk("Circulate", fmt.Sprintf(`{"symbol":"W/%d/L.1"}`, k)),
		desk("ProposeItem", fmt.Sprintf(`{"item":"item","title":[%s]}`, h.everywhere(fmt.Sprint("Item ", k)))),
	} {
		if err := h.must(a); err != nil {
			return err
		}
	}
	for from := 0; from < len(here); from += 40 {
		var acts []*secretariat.Act
		for _, p := range here[from:min(from+40, len(here))] {
			acts = append(acts, desk("RecordPresence", fmt.Sprintf(`{"party":"%s"}`, p)))
		}
		if err := h.atOnce(acts); err != nil {
			return err
		}
	}
	presides := func(name, fields string) error { return h.must(h.by("Chair", chair, "", meeting, name, fields)) }
	sponsor, _ := h.headOf(here[0])
	question := fmt.Sprintf("roll-%d", k)
	seed, _ := canonical.DecodeBytes(KeyOf(question))
	for _, step := range []func() error{
		func() error { return presides("OpenMeeting", "") },
		func() error { return presides("AdoptAgenda", `{"items":["item"]}`) },
		func() error { return presides("OpenItem", `{"item":"item"}`) },
		func() error {
			return h.must(h.by("Head", sponsor.person, sponsor.party, meeting, "SubmitProposal", fmt.Sprintf(`{"item":"item","proposal":"draft-%d","symbol":"W/%d/L.1","text":"%s"}`, k, k, text)))
		},
		func() error {
			return presides("PutQuestion", fmt.Sprintf(`{"commitment":"%s","method":"roll-call","question":"%s","thing":"draft-%d","type":"proposal"}`, record.DigestOf(seed), question, k))
		},
		func() error {
			return presides("DrawStart", h.draw(conference.MeetingID(meeting), conference.QuestionID(question), KeyOf(question)))
		},
		func() error { return h.callAll(meeting, question, answers) },
		func() error {
			if q, _ := h.s.View().State().Question(conference.QuestionID(question)); q.Ended { // the Chair was faster
				return nil
			}
			return presides("EndVoting", fmt.Sprintf(`{"question":"%s"}`, question))
		},
		func() error {
			if q, _ := h.s.View().State().Question(conference.QuestionID(question)); q.Result != nil {
				return nil
			}
			return presides("AnnounceResult", fmt.Sprintf(`{"question":"%s"}`, question))
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	q, _ := h.s.View().State().Question(conference.QuestionID(question))
	if q.Result == nil || q.Result.Yes != int64(r.Yes) || q.Result.No != int64(r.No) || q.Result.Abstaining != int64(r.Abstain) {
		return h.laws.broken("a roll call comes to what was answered", "%+v came to %+v", r, q.Result)
	}
	if q.Outcome == "carried" {
		if err := presides("Adopt", fmt.Sprintf(`{"decision":"w-%d","number":"W/%d","proposal":"draft-%d","text":"%s"}`, k, k, k, text)); err != nil {
			return err
		}
	}
	if err := presides("CloseItem", `{"item":"item"}`); err != nil {
		return err
	}
	return presides("CloseMeeting", "")
}

// everywhere is one name in all languages of the body.
func (h *hall) everywhere(name string) string {
	var names []string
	for _, l := range h.s.View().State().Body.Languages {
		names = append(names, fmt.Sprintf(`["%s","%s"]`, l, name))
	}
	return strings.Join(names, ",")
}

// callAll calls each name; whoever is here answers, mostly when the name was called and now and then in the same moment.
func (h *hall) callAll(meeting, question string, answers map[conference.PartyID]string) error {
	drawn, _ := h.s.View().State().Question(conference.QuestionID(question))
	for i, p := range drawn.Order {
		q, _ := h.s.View().State().Question(conference.QuestionID(question))
		var acts []*secretariat.Act
		if q.Called <= int64(i) { // or the Chair was faster
			acts = append(acts, h.by("Secretary", h.officer(), "", meeting, "CallName", fmt.Sprintf(`{"party":"%s","question":"%s"}`, p, question)))
		}
		if d, ok := h.headOf(p); ok && answers[p] != "" {
			acts = append(acts, h.by("Head", d.person, d.party, meeting, "Answer", fmt.Sprintf(`{"answer":"%s","question":"%s"}`, answers[p], question)))
		}
		if len(acts) > 1 && h.chance.IntN(10) == 0 {
			if err := h.atOnce(acts); err != nil {
				return err
			}
			if now, _ := h.s.View().State().Question(q.ID); now.Called > q.Called && !slices.ContainsFunc(now.Votes, func(v conference.Cast) bool { return v.Party == p }) {
				if err := h.must(acts[1]); err != nil { // the name was called after all, and the answer came before
					return err
				}
			}
		} else {
			for _, a := range acts {
				if err := h.must(a); err != nil {
					return err
				}
			}
		}
		if err := h.between(); err != nil {
			return err
		}
	}
	return nil
}

// roll is the next of the roll calls that were taken, or one that is drawn.
func (h *hall) roll() Roll {
	if n := len(h.config.Counts); n > 0 {
		return h.config.Counts[h.chance.IntN(n)]
	}
	yes := h.chance.IntN(150)
	no := h.chance.IntN(190 - yes)
	return Roll{Yes: yes, No: no, Abstain: h.chance.IntN(191 - yes - no)}
}

// must presses until an act is taken; a refusal is a fault of the simulation.
func (h *hall) must(a *secretariat.Act) error {
	_, err := h.press(a)
	if err != nil {
		return fmt.Errorf("step %d: %s: %w", h.laws.step, a.Submitted.Name, err)
	}
	return nil
}

// Replay takes roll calls that were really taken again, each in a house of as many members, under the rules given as JSON:
// names are called, who answered answers, and the writer's result is what comes back, in the order of rolls. Parties are
// invented. The record is checked as it grows.
func Replay(ctx context.Context, c Config, rules string, rolls []Roll) ([]conference.ResultAnnounced, Counts, error) {
	h := &hall{config: c, ctx: ctx, chance: rand.New(rand.NewPCG(c.Seed, 193)), disk: NewDisk(c.Plant), phones: map[string]*phone{}, begun: time.Now()}
	h.config.Parties = leastHouse
	if err := h.open(); err != nil {
		return nil, Counts{}, err
	}
	results, err := h.replay(rules, rolls)
	if err == nil {
		err = h.dear()
	}
	return results, h.laws.counts, errors.Join(err, h.stops())
}

// leastHouse is the smallest house: of some early roll calls the absent are not known.
const leastHouse = 51

func (h *hall) replay(rules string, rolls []Roll) ([]conference.ResultAnnounced, error) {
	h.founding = true
	by, second := "", ""
	for _, step := range []func() error{h.script.Found, h.script.Admit, func() (err error) {
		if by, second, err = h.script.officers(); err != nil {
			return err
		}
		return h.script.do("Secretary", by, "AdoptRules", `{"basis":"decision W/1","rules":`+rules+`}`, second)
	}, func() error {
		return h.script.do("Secretary", by, "NamePlace", fmt.Sprintf(`{"names":[%s],"place":"rotunda","type":"hall"}`, h.everywhere("Rotunda")))
	}} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	order := make([]int, len(rolls)) // by the size of the house: members come and never go
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return rolls[a].house() - rolls[b].house() })
	results := make([]conference.ResultAnnounced, len(rolls))
	var err error
	house, meeting := 0, ""
	for k, i := range order {
		if n := rolls[i].house(); n != house {
			if meeting != "" {
				if err := h.closes(meeting); err != nil {
					return nil, err
				}
			}
			h.founding, h.script.Parties = true, n
			if err := h.script.Admit(); err != nil {
				return nil, err
			}
			h.founding, house, meeting = false, n, fmt.Sprintf("house-%d", n)
			h.offset += h.s.View().State().Last + 1000 - h.now()
			if err := h.believe(); err != nil {
				return nil, err
			}
			if err := h.opens(meeting, n); err != nil {
				return nil, err
			}
		}
		if results[i], err = h.again(meeting, k, rolls[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", rolls[i].Name, err)
		}
	}
	return results, nil
}

// answers are who says what: the first of them yes, the next no, the next that they abstain.
func (r Roll) answers(parties []conference.PartyID) map[conference.PartyID]string {
	list := map[conference.PartyID]string{}
	for i, p := range parties {
		switch {
		case i < r.Yes:
			list[p] = "yes"
		case i < r.Yes+r.No:
			list[p] = "no"
		case i < r.Yes+r.No+r.Abstain:
			list[p] = "abstain"
		}
	}
	return list
}

// headsFirst puts those who have no head just now, and cannot answer, behind the others.
func (h *hall) headsFirst(parties []conference.PartyID) {
	slices.SortStableFunc(parties, func(a, b conference.PartyID) int {
		_, one := h.headOf(a)
		_, other := h.headOf(b)
		return map[bool]int{true: 0, false: 1}[one] - map[bool]int{true: 0, false: 1}[other]
	})
}

func (r Roll) house() int { return max(leastHouse, r.Yes+r.No+r.Abstain+r.Absent) }

// opens opens a meeting of one item at which everybody is.
func (h *hall) opens(meeting string, n int) error {
	s := h.s.View().State()
	chair := string(s.Holders(conference.Chair)[0].Person)
	then := h.now() + 40*24*3_600_000 // items are proposed in time (GA 13)
	day := then.String()[:10]
	err := h.all([]*secretariat.Act{
		h.by("Secretary", h.officer(), "", "", "ConveneMeeting", fmt.Sprintf(`{"from":"%s","meeting":"%s","ordinal":%d,"place":"rotunda"}`, day, meeting, 1000+n)),
		h.by("Secretary", h.officer(), "", meeting, "ProposeItem", fmt.Sprintf(`{"item":"item","title":[%s]}`, h.everywhere("Item"))),
	})
	if err != nil {
		return err
	}
	h.until(then)
	var acts []*secretariat.Act
	for _, p := range s.Members(conference.Date(day), conference.MeetingID(meeting)) {
		acts = append(acts, h.by("Secretary", h.officer(), "", meeting, "RecordPresence", fmt.Sprintf(`{"party":"%s"}`, p)))
	}
	for _, a := range [][2]string{{"OpenMeeting", ""}, {"AdoptAgenda", `{"items":["item"]}`}, {"OpenItem", `{"item":"item"}`}} {
		acts = append(acts, h.by("Chair", chair, "", meeting, a[0], a[1]))
	}
	return h.all(acts)
}

func (h *hall) closes(meeting string) error {
	chair := h.presides(conference.MeetingID(meeting))
	return h.all([]*secretariat.Act{h.by("Chair", chair, "", meeting, "CloseItem", `{"item":"item"}`), h.by("Chair", chair, "", meeting, "CloseMeeting", "")})
}

// again takes one roll call again.
func (h *hall) again(meeting string, k int, r Roll) (conference.ResultAnnounced, error) {
	m := conference.MeetingID(meeting)
	s := h.s.View().State()
	convened, _ := s.Meeting(m)
	members := s.Members(convened.From, m)
	answering := slices.Clone(members)
	h.chance.Shuffle(len(answering), func(i, j int) { answering[i], answering[j] = answering[j], answering[i] })
	h.headsFirst(answering)
	total := r.Yes + r.No + r.Abstain
	answers, here := r.answers(answering), map[conference.PartyID]bool{}
	for i, p := range answering {
		here[p] = i < max(total, len(members)/2+1) // a quorum is in the room, whoever answers
	}
	var acts []*secretariat.Act
	for _, p := range members {
		was := slices.Contains(convened.Present(), p)
		if was != here[p] {
			absent := map[bool]string{true: "", false: `"absent":true,`}[here[p]]
			acts = append(acts, h.by("Secretary", h.officer(), "", meeting, "RecordPresence", fmt.Sprintf(`{%s"party":"%s"}`, absent, p)))
		}
	}
	chair := h.presides(m)
	sponsor, _ := h.headOf(answering[0])
	question := fmt.Sprintf("q-%d", k)
	seed, _ := canonical.DecodeBytes(KeyOf(question))
	text := record.DigestOf([]byte(question))
	important := map[bool]string{true: `"important":true,`}[r.Important]
	acts = append(acts,
		h.by("Secretary", h.officer(), "", meeting, "RegisterDocument", fmt.Sprintf(`{"language":"en","level":"public","symbol":"R/%d","text":"%s","type":"draft"}`, k, text)),
		h.by("Secretary", h.officer(), "", "", "Circulate", fmt.Sprintf(`{"symbol":"R/%d"}`, k)))
	if err := h.all(acts); err != nil {
		return conference.ResultAnnounced{}, err
	}
	h.until(h.now() + 25*3_600_000) // the day between a draft and its vote (GA 78)
	acts = []*secretariat.Act{
		h.by("Head", sponsor.person, sponsor.party, meeting, "SubmitProposal", fmt.Sprintf(`{%s"item":"item","proposal":"draft-%d","symbol":"R/%d","text":"%s"}`, important, k, k, text)),
		h.by("Chair", chair, "", meeting, "PutQuestion", fmt.Sprintf(`{"commitment":"%s","method":"roll-call","question":"%s","thing":"draft-%d","type":"proposal"}`, record.DigestOf(seed), question, k)),
		h.by("Chair", chair, "", meeting, "DrawStart", h.draw(m, conference.QuestionID(question), KeyOf(question))),
	}
	if err := h.all(acts); err != nil {
		return conference.ResultAnnounced{}, err
	}
	acts = nil
	q, _ := h.s.View().State().Question(conference.QuestionID(question))
	for _, p := range q.Order {
		acts = append(acts, h.by("Secretary", h.officer(), "", meeting, "CallName", fmt.Sprintf(`{"party":"%s","question":"%s"}`, p, question)))
		if answers[p] != "" {
			d, _ := h.headOf(p)
			acts = append(acts, h.by("Head", d.person, d.party, meeting, "Answer", fmt.Sprintf(`{"answer":"%s","question":"%s"}`, answers[p], question)))
		}
	}
	for _, name := range []string{"EndVoting", "AnnounceResult"} {
		acts = append(acts, h.by("Chair", chair, "", meeting, name, fmt.Sprintf(`{"question":"%s"}`, question)))
	}
	if err := h.all(acts); err != nil {
		return conference.ResultAnnounced{}, err
	}
	q, _ = h.s.View().State().Question(conference.QuestionID(question))
	if q.Result == nil {
		return conference.ResultAnnounced{}, fmt.Errorf("no result of %s", question)
	}
	if q.Outcome == "second-vote" { // it may be voted on once more, so it is taken out of the way
		return *q.Result, h.all([]*secretariat.Act{h.by("Head", sponsor.person, sponsor.party, meeting, "WithdrawProposal", fmt.Sprintf(`{"proposal":"draft-%d"}`, k))})
	}
	return *q.Result, nil
}

// all submits acts in order, in as large groups as the writer takes, and wants all of them taken.
func (h *hall) all(acts []*secretariat.Act) error {
	receipts, err := h.s.DoAll(h.ctx, acts)
	h.config.Settle()
	if look := h.laws.look(); look != nil {
		return look
	}
	for i, r := range receipts {
		if err := h.laws.answered(&acts[i].Submitted, r, nil); err != nil {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", acts[len(receipts)].Submitted.Name, err)
	}
	return h.laws.shown(h.s.View())
}
