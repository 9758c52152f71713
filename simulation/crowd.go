package simulation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
)

// between is what goes on around the acts of a script: time passes, people, staff, nodes and machines do as they do.
func (h *hall) between() error {
	if h.busy { // what is done here is not disturbed in turn
		return nil
	}
	h.busy = true
	defer func() { h.busy = false }()
	time.Sleep(time.Duration(h.chance.IntN(4000)) * time.Millisecond)
	h.config.Settle()
	if err := h.laws.look(); err != nil {
		return err
	}
	if n := len(h.late); n > 0 && !time.Now().Before(h.late[0].at) {
		l := h.late[0]
		h.late = h.late[1:]
		if err := h.deliver(l); err != nil {
			return err
		}
	}
	if h.chance.IntN(3) == 0 {
		if err := h.something(); err != nil && !errors.As(err, new(*conference.Refusal)) {
			return err
		}
	}
	if h.config.Look > 0 && h.laws.step-h.paged >= h.config.Look {
		h.paged = h.laws.step
		if err := h.looks(); err != nil {
			return err
		}
	}
	if size := h.laws.disk.size(); h.laws.step-h.looked >= h.config.Every && size > h.sized+h.sized/10 {
		return h.dear()
	}
	return nil
}

// something happens.
func (h *hall) something() error {
	meeting, ok := h.session()
	switch h.chance.IntN(22) {
	case 0, 1:
		if ok {
			return h.speaks(meeting)
		}
	case 2, 3, 4:
		if ok {
			return h.votes(meeting)
		}
	case 5:
		if ok {
			return h.goesAndComes(meeting)
		}
	case 6, 7:
		return h.slip(meeting)
	case 8:
		if ok {
			return h.desk(meeting)
		}
	case 9, 10:
		return h.note()
	case 11:
		return h.publishes()
	case 12:
		return h.sendsLate(meeting)
	case 13:
		return h.anotherUnderOneKey()
	case 14:
		h.engine.Fail(Fault(1 + h.chance.IntN(int(faults)-1)))
	case 15:
		return h.clock()
	case 16, 17, 18:
		return h.comeAndGo()
	case 19:
		if ok {
			return h.chair(meeting)
		}
	case 20:
		return h.owes()
	case 21:
		if h.chance.IntN(4) == 0 {
			return h.restart()
		}
	}
	return nil
}

// session is the meeting that is in session, as somebody's phone shows it: it may be over.
func (h *hall) session() (conference.MeetingID, bool) {
	list := h.phone(h.somebody().person).view.State().Meetings()
	for _, m := range slices.Backward(list) {
		if m.InSession() {
			return m.MeetingConvened.Meeting, true
		}
	}
	return "", false
}

// a delegate is a head of delegation and its party.
type delegate struct{ person, party string }

func (h *hall) somebody() delegate {
	heads := h.s.View().State().Holders(conference.Head)
	o := heads[h.chance.IntN(len(heads))]
	return delegate{string(o.Person), string(o.For)}
}

func (h *hall) headOf(p conference.PartyID) (delegate, bool) {
	for _, o := range h.s.View().State().Holders(conference.Head) {
		if o.For == p {
			return delegate{string(o.Person), string(p)}, true
		}
	}
	return delegate{}, false
}

func (h *hall) officer() string {
	list := h.s.View().State().Holders(conference.Secretary)
	return string(list[h.chance.IntN(len(list))].Person)
}

// presides is who presides over a meeting.
func (h *hall) presides(meeting conference.MeetingID) string {
	if m, ok := h.s.View().State().Meeting(meeting); ok && m.Chair != "" {
		return string(m.Chair)
	}
	return string(h.s.View().State().Holders(conference.Chair)[0].Person)
}

// unless passes over refusals: nothing happened.
func unless(_ secretariat.Receipt, err error) error {
	if errors.As(err, new(*conference.Refusal)) {
		return nil
	}
	return err
}

// twice presses a button as people do: once, twice, or twice with two keys, from one place or from two at once.
func (h *hall) twice(make func() *secretariat.Act) error {
	a := make()
	switch h.chance.IntN(5) {
	case 0:
		return h.atOnce([]*secretariat.Act{a, a})
	case 1:
		return h.atOnce([]*secretariat.Act{a, make()})
	case 2:
		if err := unless(h.press(a)); err != nil {
			return err
		}
		return unless(h.press(a))
	case 3:
		if err := unless(h.press(a)); err != nil {
			return err
		}
		return unless(h.press(make()))
	}
	return unless(h.press(a))
}

// speaks has a delegation ask for the floor; mostly it is heard at once, for who waits keeps the meeting from its vote.
func (h *hall) speaks(meeting conference.MeetingID) error {
	d := h.somebody()
	h.spoken++
	request := fmt.Sprintf("wish-%d", h.spoken)
	err := h.twice(func() *secretariat.Act {
		return h.by("Head", d.person, d.party, string(meeting), "AskFloor", fmt.Sprintf(`{"request":"%s"}`, request))
	})
	if err != nil {
		return err
	}
	chair := h.presides(meeting)
	if h.chance.IntN(8) == 0 {
		return h.twice(func() *secretariat.Act {
			return h.by("Head", d.person, d.party, string(meeting), "WithdrawRequest", fmt.Sprintf(`{"request":"%s"}`, request))
		})
	}
	list := h.s.View().State().SpeakersList(meeting)
	if len(list) == 0 {
		return nil
	}
	give := func() *secretariat.Act {
		return h.by("Chair", chair, "", string(meeting), "GiveFloor", fmt.Sprintf(`{"request":"%s"}`, list[0].ID))
	}
	if err := h.twice(give); err != nil {
		return err
	}
	time.Sleep(time.Duration(h.chance.IntN(200)) * time.Second)
	return h.twice(func() *secretariat.Act {
		return h.by("Chair", chair, "", string(meeting), "EndFloor", `{"why":"done"}`)
	})
}

// votes has some delegations answer the question that is before the meeting, as their phones show it, all at once.
func (h *hall) votes(meeting conference.MeetingID) error {
	var acts []*secretariat.Act
	for range 1 + h.chance.IntN(6) {
		d := h.somebody()
		q, ok := h.phone(d.person).view.State().Pending(meeting)
		if now, _ := h.s.View().State().Question(q.ID); !ok || q.Method == "roll-call" && slices.Contains(now.Order[:now.Called], conference.PartyID(d.party)) {
			continue // who was called in a roll call has answered, and out of turn one is refused
		}
		answer := []string{"yes", "yes", "yes", "no", "abstain", "not-participating"}[h.chance.IntN(6)]
		a := h.by("Head", d.person, d.party, string(meeting), "Answer", fmt.Sprintf(`{"answer":"%s","question":"%s"}`, answer, q.ID))
		if acts = append(acts, a); h.chance.IntN(4) == 0 {
			acts = append(acts, a)
		}
	}
	if len(acts) == 0 {
		return nil
	}
	return h.atOnce(acts)
}

func (h *hall) goesAndComes(meeting conference.MeetingID) error {
	d := h.somebody()
	absent := ""
	if h.chance.IntN(2) == 0 {
		absent = `"absent":true,`
	}
	return h.twice(func() *secretariat.Act { // two desks note the same
		return h.by("Secretary", h.officer(), "", string(meeting), "RecordPresence", fmt.Sprintf(`{%s"party":"%s"}`, absent, d.party))
	})
}

// slip has the staff enter something and take it back, sometimes too late, sometimes about a version that is gone.
func (h *hall) slip(meeting conference.MeetingID) error {
	h.slips++
	symbol := fmt.Sprintf("W/SLIP/%d", h.slips)
	text := record.DigestOf([]byte(symbol))
	a := h.by("Secretary", h.officer(), "", string(meeting), "RegisterDocument", fmt.Sprintf(`{"language":"en","level":"public","symbol":"%s","text":"%s","type":"note"}`, symbol, text))
	r, err := h.press(a)
	if err != nil {
		return err
	}
	if h.chance.IntN(3) == 0 { // somebody builds on it
		if err := unless(h.press(h.by("Secretary", h.officer(), "", "", "Circulate", fmt.Sprintf(`{"symbol":"%s"}`, symbol)))); err != nil {
			return err
		}
	}
	index := r.Index - int64(h.chance.IntN(4)/3) // or the wrong entry
	err = h.twice(func() *secretariat.Act {
		return h.by("Secretary", h.officer(), "", "", "Rescind", fmt.Sprintf(`{"index":%d,"reason":"a slip","sort":"document","thing":"%s"}`, index, symbol))
	})
	if err != nil || h.chance.IntN(2) > 0 {
		return err
	}
	late := h.by("Secretary", h.officer(), "", "", "Circulate", fmt.Sprintf(`{"symbol":"%s"}`, symbol))
	late.Submitted.About = []record.About{{ID: symbol, Kind: "document", Version: r.Index}}
	late.Attestations, late.Submitted.NotAfter, late.Submitted.Key = nil, nil, KeyOf(fmt.Sprint(h.config.Seed, " about ", h.acts))
	late.Submitted.Changed()
	h.laws.sends(&late.Submitted)
	return unless(h.press(late))
}

// desk has an officer act for a delegation, which may say that it never asked.
func (h *hall) desk(meeting conference.MeetingID) error {
	d := h.somebody()
	q, ok := h.s.View().State().Pending(meeting)
	if ok && q.Method == "roll-call" {
		return nil
	}
	h.spoken++
	name, fields := "AskFloor", fmt.Sprintf(`{"instruction":"aloud","request":"wish-%d"}`, h.spoken)
	if ok {
		name, fields = "Answer", fmt.Sprintf(`{"answer":"no","instruction":"aloud","question":"%s"}`, q.ID)
	}
	r, err := h.press(h.by("Secretary", h.officer(), d.party, string(meeting), name, fields))
	if err != nil {
		return err
	}
	return h.twice(func() *secretariat.Act {
		return h.by("Head", d.person, d.party, string(meeting), "Disown", fmt.Sprintf(`{"index":%d}`, r.Index))
	})
}

// note files what only the secretariat may read.
func (h *hall) note() error {
	h.slips++
	id := fmt.Sprintf("note-%d", h.slips)
	return h.twice(func() *secretariat.Act {
		return h.by("Secretary", h.officer(), "", "", "FileNote", fmt.Sprintf(`{"note":"%s","text":"%s%s- is not for everybody"}`, id, token, id))
	})
}

// publishes publishes a name, withdraws one, or has a person forgotten, who is told by nobody then.
func (h *hall) publishes() error {
	if h.chance.IntN(4) == 0 {
		return h.forgets()
	}
	d := h.somebody()
	name, fields := "PublishName", fmt.Sprintf(`{"audience":"%s","basis":"consent","languages":["en"],"person":"%s"}`, []string{"public", "participants", "secretariat"}[h.chance.IntN(3)], d.person)
	if h.chance.IntN(3) == 0 {
		name, fields = "WithdrawName", fmt.Sprintf(`{"languages":["en"],"person":"%s"}`, d.person)
	}
	return h.twice(func() *secretariat.Act { return h.by("Secretary", h.officer(), "", "", name, fields) })
}

// forgets registers somebody, has the name published to all, and has the person forgotten.
func (h *hall) forgets() error {
	person := fmt.Sprintf("%032x", 0xaa0000+h.slips*100+int(h.acts%100))
	h.slips++
	h.people = append(h.people, person)
	for _, a := range [][2]string{
		{"RegisterPerson", fmt.Sprintf(`{"names":[["en",{"private":"%s%sen- who left"}]],"person":"%s"}`, token, person, person)},
		{"PublishName", fmt.Sprintf(`{"audience":"public","basis":"consent","languages":["en"],"person":"%s"}`, person)},
		{"ForgetPerson", fmt.Sprintf(`{"ground":"request","person":"%s"}`, person)},
	} {
		if err := unless(h.press(h.by("Secretary", h.officer(), "", "", a[0], a[1]))); err != nil {
			return err
		}
	}
	v := h.s.View()
	p, ok := v.State().Person(conference.PersonID(person))
	if !ok || !p.Forgotten {
		return nil
	}
	for _, n := range p.Names {
		if d, err := v.Open(h.ctx, n.Name.Digest); err == nil {
			return h.laws.broken("who is forgotten is forgotten", "%s opens %s", person, d)
		}
	}
	return nil
}

// sendsLate makes an act now that arrives hours later: the phone slept with it.
func (h *hall) sendsLate(meeting conference.MeetingID) error {
	d := h.somebody()
	h.spoken++
	a := h.by("Head", d.person, d.party, string(meeting), "AskFloor", fmt.Sprintf(`{"request":"wish-%d"}`, h.spoken))
	if h.chance.IntN(2) == 0 {
		a = h.by("Secretary", h.officer(), "", "", "FileNote", fmt.Sprintf(`{"note":"note-%d","text":"%slate- note"}`, h.spoken+1_000_000, token))
	}
	if h.chance.IntN(2) == 0 { // it arrived, and the answer did not
		if err := unless(h.press(a)); err != nil {
			return err
		}
	}
	h.late = append(h.late, &posted{time.Now().Add(time.Duration(h.chance.IntN(30*60)) * time.Minute), a})
	slices.SortStableFunc(h.late, func(a, b *posted) int { return a.at.Compare(b.at) })
	return nil
}

// deliver hands in an act that lay somewhere.
func (h *hall) deliver(l *posted) error { return unless(h.press(l.act)) }

// anotherUnderOneKey sends other bytes under a key that was used.
func (h *hall) anotherUnderOneKey() error {
	d := h.somebody()
	h.spoken++
	first := h.by("Secretary", h.officer(), "", "", "NamePlace", fmt.Sprintf(`{"names":[%s],"place":"place-%d","type":"hall"}`, h.everywhere(fmt.Sprint("Place ", h.spoken)), h.spoken))
	if err := unless(h.press(first)); err != nil {
		return err
	}
	other := *first
	other.Attestations, other.Submitted.NotAfter = nil, nil
	other.Submitted.Fields, _ = canonical.Parse(fmt.Sprintf(`{"names":[%s],"place":"place-%d","type":"hall"}`, h.everywhere("Another than "+d.party), h.spoken+2_000_000))
	other.Submitted.Changed()
	r, err := h.s.Do(h.ctx, &other)
	h.config.Settle()
	if h.laws.sent[first.Submitted.By+"/"+first.Submitted.Key].index >= 0 && err == nil {
		return h.laws.broken("a key repeats its own answer", "other bytes under a used key were taken as entry %d", r.Index)
	}
	if h.laws.sent[first.Submitted.By+"/"+first.Submitted.Key].index < 0 && err == nil {
		h.laws.sent[first.Submitted.By+"/"+first.Submitted.Key] = &sent{other.Submitted.Text(), r.Index, 1, true} // the first never came
	}
	if h.engine.Gone() {
		return h.restart()
	}
	return h.laws.look()
}

// clock moves the wall clock: a little, or so that it is doubted.
func (h *hall) clock() error {
	by := record.Instant([]int64{500, -500, 30_000, -30_000, 90_000, -90_000, 3_600_000, -3_600_000}[h.chance.IntN(8)])
	h.offset += by
	d := h.somebody()
	meeting, ok := h.session()
	if !ok {
		return nil
	}
	h.spoken++
	r, err := h.s.Do(h.ctx, h.by("Chair", h.presides(meeting), "", string(meeting), "EndFloor", `{"why":"done"}`))
	h.config.Settle()
	var refused *conference.Refusal
	if errors.As(err, &refused) {
		h.laws.counts.Refusals[string(refused.Code)]++
	}
	if by > 60_000 || by < -60_000 {
		if err == nil && !r.Again {
			return h.laws.broken("a doubtful clock stops what depends on time", "the clock was moved by %d ms and %s took the floor back", by, d.party)
		}
		h.offset -= by // set right again, as long as nothing was recorded meanwhile that is later
		return h.believe()
	}
	if h.engine.Gone() {
		return h.restart()
	}
	return h.laws.look()
}

// owes records what several undertook, and moves the day of one of them.
func (h *hall) owes() error {
	v := h.s.View().State()
	decisions := v.Decisions()
	if len(decisions) == 0 {
		return nil
	}
	h.owed++
	basis := decisions[h.chance.IntN(len(decisions))].ID
	a, b := h.somebody(), h.somebody()
	if a.party == b.party {
		return nil
	}
	list := []string{a.party, b.party}
	slices.Sort(list)
	day := func(n int) string {
		return time.UnixMilli(int64(h.now())).UTC().AddDate(0, 0, n).Format(time.DateOnly)
	}
	id := fmt.Sprintf("owed-%d", h.owed)
	err := h.twice(func() *secretariat.Act {
		return h.by("Secretary", h.officer(), "", "", "ExtractCommitment", fmt.Sprintf(`{"commitment":"%s","decision":"%s","due":"%s","paragraph":"op1","parties":["%s"],"what":"report"}`, id, basis, day(0), strings.Join(list, `","`)))
	})
	if err != nil || h.chance.IntN(2) == 0 {
		return err
	}
	return h.twice(func() *secretariat.Act {
		return h.by("Secretary", h.officer(), "", "", "MoveDueDate", fmt.Sprintf(`{"basis":"%s","commitment":"%s","due":"%s","party":"%s"}`, basis, id, day(1), list[0]))
	})
}

// chair has whoever presides do what comes next, so that what a script cannot end in this hall is ended.
func (h *hall) chair(meeting conference.MeetingID) error {
	s := h.s.View().State()
	does := func(name, fields string) error {
		return h.twice(func() *secretariat.Act { return h.by("Chair", h.presides(meeting), "", string(meeting), name, fields) })
	}
	step := s.Next(meeting, h.now())
	q, _ := s.Pending(meeting)
	switch step.Code {
	case "draw":
		return does("DrawStart", h.draw(meeting, q.ID, KeyOf(string(q.ID))))
	case "call":
		return does("CallName", fmt.Sprintf(`{"party":"%s","question":"%s"}`, step.Args[0].ID, q.ID))
	case "take-votes":
		if err := h.votes(meeting); err != nil {
			return err
		}
		if h.chance.IntN(3) == 0 {
			return does("EndVoting", fmt.Sprintf(`{"question":"%s"}`, q.ID))
		}
	case "announce", "hear-objections":
		return does("AnnounceResult", fmt.Sprintf(`{"question":"%s"}`, q.ID))
	case "hear", "over-time":
		return does("EndFloor", `{"why":"done"}`)
	case "give-floor":
		return does("GiveFloor", fmt.Sprintf(`{"request":"%s"}`, s.SpeakersList(meeting)[0].ID))
	}
	return nil
}

// draw is what a roll call is drawn with: all members, and the seed that was committed to.
func (h *hall) draw(meeting conference.MeetingID, q conference.QuestionID, seed string) string {
	s := h.s.View().State()
	m, _ := s.Meeting(meeting)
	var order []string
	for _, p := range s.Members(m.From, meeting) {
		order = append(order, string(p))
	}
	return fmt.Sprintf(`{"order":[%s],"question":"%s","seed":"%s"}`, pairs(order), q, seed)
}

// disperse ends what a sitting left unfinished, so that the next finds the hall free: what waits is decided, ruled on or
// withdrawn, then the meeting is closed; one that never began is called off. What cannot be ended is left.
func (h *hall) disperse() error {
	for _, m := range h.s.View().State().Meetings() {
		if m.Convened == 0 {
			continue
		}
		for vain := 0; vain < 20; { // names of a roll call are called one by one
			s := h.s.View().State()
			if m, _ := s.Meeting(m.MeetingConvened.Meeting); m.Closed {
				break
			}
			if err := h.windUp(m.MeetingConvened.Meeting); err != nil {
				return err
			}
			if vain++; h.s.View().State().Size > s.Size {
				vain = 0
			}
		}
	}
	return nil
}

// windUp brings a meeting one step nearer to its end.
func (h *hall) windUp(id conference.MeetingID) error {
	s := h.s.View().State()
	m, _ := s.Meeting(id)
	desk := func(name, fields, party string) error {
		return h.twice(func() *secretariat.Act { return h.by("Secretary", h.officer(), party, string(id), name, fields) })
	}
	chair := func(name, fields string) error {
		return h.twice(func() *secretariat.Act { return h.by("Chair", h.presides(id), "", string(id), name, fields) })
	}
	waiting := slices.DeleteFunc(s.Motions(id), func(x conference.Motion) bool { return x.State != "pending" })
	switch step := s.Next(id, h.now()); {
	case m.Opened == nil:
		return desk("CancelMeeting", `{"basis":"the presidency","reason":"the hall is needed"}`, "")
	case step.Code == "await-quorum":
		for _, p := range s.Members(m.From, id) {
			if !slices.Contains(m.Present(), p) {
				return desk("RecordPresence", fmt.Sprintf(`{"party":"%s"}`, p), "")
			}
		}
		return nil
	case step.Code == "resume":
		return chair("ResumeMeeting", "")
	case step.Code == "rule":
		point := slices.IndexFunc(waiting, func(x conference.Motion) bool { return x.Type == "order" })
		return chair("Rule", fmt.Sprintf(`{"point":"%s","reason":"the hall is needed","rule":"71"}`, waiting[point].ID))
	case step.Act == "PutQuestion" && len(waiting) > 0 && !slices.Contains([]string{"put-amendment", "put-part", "put-proposal"}, string(step.Code)):
		return desk("WithdrawMotion", fmt.Sprintf(`{"motion":"%s"}`, waiting[len(waiting)-1].ID), string(waiting[len(waiting)-1].Party))
	}
	if q, pending := s.Pending(id); pending && q.Method == "roll-call" && q.Called > 0 { // who does not answer is passed over
		if q.Called < int64(len(q.Order)) {
			return chair("CallName", fmt.Sprintf(`{"party":"%s","question":"%s"}`, q.Order[q.Called], q.ID))
		}
		if !q.Ended {
			return chair("EndVoting", fmt.Sprintf(`{"question":"%s"}`, q.ID))
		}
	}
	if _, pending := s.Pending(id); pending {
		return h.chair(id)
	}
	if _, speaking := s.Speaking(id); speaking {
		return chair("EndFloor", `{"why":"done"}`)
	}
	if i, open := s.OpenItem(id); open {
		return chair("CloseItem", fmt.Sprintf(`{"item":"%s"}`, i.ID))
	}
	return chair("CloseMeeting", "")
}
