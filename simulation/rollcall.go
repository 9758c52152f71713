package simulation

import (
	"fmt"
	"slices"
	"strings"

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
	h.chance.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	slices.SortStableFunc(members, func(a, b conference.PartyID) int { // who has no head just now cannot answer
		_, one := h.headOf(a)
		_, other := h.headOf(b)
		return map[bool]int{true: 0, false: 1}[one] - map[bool]int{true: 0, false: 1}[other]
	})
	here := members[:max(0, min(len(members), r.Yes+r.No+r.Abstain))]
	for len(here) > 0 && int64(len(here)) < int64(len(members))/2+1 { // the others come and do not answer
		here = members[:len(members)/2+1]
	}
	answers := map[conference.PartyID]string{}
	for i, p := range here {
		switch {
		case i < r.Yes:
			answers[p] = "yes"
		case i < r.Yes+r.No:
			answers[p] = "no"
		case i < r.Yes+r.No+r.Abstain:
			answers[p] = "abstain"
		}
	}
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
			return presides("DrawStart", h.draw(conference.MeetingID(meeting), conference.Question{ID: conference.QuestionID(question)}))
		},
		func() error { return h.callAll(meeting, question, answers) },
		func() error { return presides("EndVoting", fmt.Sprintf(`{"question":"%s"}`, question)) },
		func() error { return presides("AnnounceResult", fmt.Sprintf(`{"question":"%s"}`, question)) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	q, _ := h.s.View().State().Question(conference.QuestionID(question))
	if q.Result == nil || q.Result.Yes != int64(r.Yes) || q.Result.No != int64(r.No) || q.Result.Abstaining != int64(r.Abstain) {
		return h.laws.broken("a roll call comes to what was answered", "%+v came to %+v", r, q.Result)
	}
	if r.Carried != "" && (q.Outcome == "carried") != (r.Carried == "carried") {
		return h.laws.broken("a roll call comes to what was published", "%+v came to %s", r, q.Outcome)
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
