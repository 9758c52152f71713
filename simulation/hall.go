package simulation

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/tiles"
	"kurultai/secretariat"
	"kurultai/witness"
)

// Config is a week to be lived.
type Config struct {
	Seed    uint64
	Sits    int    // how many sittings, five a day
	Dir     string // for the keys of persons
	Every   int64  // steps between two looks at the laws that cost much; the record has grown by a tenth besides
	Look    int64  // steps between two looks at the pages; 0: nobody looks
	Real    bool   // the record is no story's: acts of consequence are attested
	Counts  []Roll // roll calls that were really taken; drawn where there are none
	Settle  func() // returns when nothing moves any more until time passes (testing/synctest)
	Plant   string // a fault put in on purpose: see Plants
	Parties int    // 0: 193
}

// A Roll is what a roll call came to, in a house of as many as answered or were absent.
type Roll struct {
	Name                     string
	Yes, No, Abstain, Absent int
	Important                bool   // two thirds were asked for
	Outcome                  string // carried or lost, where it was published
}

// Plants are the faults that can be put in, to see that they are found, and the law that finds each.
var Plants = map[string]string{
	"forgets":                "the record only grows",                            // the disk loses what it said was durable
	"forgets keys":           "a key repeats its own answer",                     // the disk loses the keys of closed acts
	"tells another state":    "the state is a fold of the record",                // a snapshot is not the state it says it is
	"opens what is closed":   "nobody reads what is not meant for them",          // what is the writer's alone is served to all
	"bends a copy":           "a copy is a beginning of the record",              // a node's disk has another entry
	"answers for another":    "acknowledged is durable",                          // a receipt names another entry
	"writes unasked":         "a record that lacks its end is not written",       // an older copy is written to, whatever witnesses say
	"does not wait":          "a writer that comes back waits for its witnesses", // nobody is asked what was seen of the record
	"shows all to everybody": "nobody reads what is not meant for them",          // pages are made as for an officer
	"shows what was":         "what a page says is so",                           // pages are made from an old state
	"loses cosignatures":     "what was cosigned stays cosigned",                 // the disk loses them at each start
}

// A hall is an assembly, its writer, its people and nodes.
type hall struct {
	config Config
	ctx    context.Context
	chance *rand.Rand
	laws   *laws
	script *Script

	disk   *Disk
	log    *record.LogKey
	keys   *secretariat.SubjectKeys
	engine *Engine
	s      *secretariat.Secretariat
	serves http.Handler // the layout, as the writer serves it
	marks  atomic.Pointer[witness.Marks]

	network    network
	watchers   []*watcher
	unfeed     func() // ends what sends checkpoints to them
	proceeding bool   // officers are going on without them
	pages      http.Handler
	cookies    map[string]*http.Cookie // of who has signed in
	mirror     string                  // the newest folder of files; "": none yet
	copied     int64                   // how many entries it has

	founding bool
	offset   record.Instant // of the wall clock, in milliseconds
	begun    time.Time
	acts     uint64
	phones   map[string]*phone
	people   []string // heads of delegations
	late     []*posted
	nodes    []*node
	looked   int64 // step at which the laws that cost much were last looked at, and
	sized    int64 // how many entries there were
	paged    int64 // step at which somebody last looked at the pages
	spoken   int
	slips    int
	owed     int
	busy     bool
}

// A phone sleeps and wakes: it shows the record as it stood when it last looked.
type phone struct{ view *secretariat.View }

// posted is an act that was sent and lies somewhere until an hour comes.
type posted struct {
	at  time.Time
	act *secretariat.Act
}

// chanceOf reads from the seed.
type chanceOf struct{ *rand.ChaCha8 }

// Live lives a week. The error is a *Broken law, or a fault of the simulation.
func Live(ctx context.Context, c Config) (Counts, error) {
	if c.Parties == 0 {
		c.Parties = 193
	}
	h := &hall{config: c, ctx: ctx, chance: rand.New(rand.NewPCG(c.Seed, 193)), disk: NewDisk(c.Plant), phones: map[string]*phone{}, begun: time.Now()}
	if err := h.open(); err != nil {
		return Counts{}, err
	}
	err := h.live()
	err = errors.Join(err, h.stops())
	for _, n := range h.nodes {
		err = errors.Join(err, n.keys.Close())
	}
	return h.laws.counts, err
}

// stops ends the writer.
func (h *hall) stops() error {
	if h.s == nil {
		return nil
	}
	h.unfeed()
	return errors.Join(h.s.Close(), h.keys.Close())
}

func (h *hall) open() (err error) {
	if h.script, err = NewScript(h.config.Parties); err != nil {
		return err
	}
	var seed [32]byte
	copy(seed[:], fmt.Sprint("simulation ", h.config.Seed))
	key := ed25519.NewKeyFromSeed(seed[:])
	origin := record.StoryOrigin(h.script.Body(), key.Public().(ed25519.PublicKey))
	if h.config.Real {
		origin = "assembly.example.org/" + h.script.Body()
		h.script.Domain, h.script.Address = "assembly.example.org", "https://assembly.example.org"
	}
	if h.log, err = record.NewLogKey(origin, key); err != nil {
		return err
	}
	if h.laws, err = newLaws(h.disk, h.log); err != nil {
		return err
	}
	h.script.State = func() *conference.State { return h.s.View().State() }
	h.script.Name = func(person string, l conference.Language) string {
		return token + person + string(l) + "- of the " + person[28:] + " house"
	}
	h.script.Submit = func(s *record.Submitted, with Enclosed, at record.Instant) error {
		if !h.founding {
			h.until(at)
		}
		if s.Name == "DrawStart" { // all of this house are called
			if q, ok := h.s.View().State().Question(conference.QuestionID(s.Fields.Get("question").Str)); ok {
				s.Fields = fieldsOf(h.draw(q.Meeting, q.ID, s.Fields.Get("seed").Str))
			}
		}
		a := h.act(s, with.Opened)
		a.Blobs = with.Blobs
		if h.founding {
			a.At = &at
		}
		_, err := h.press(a)
		return err
	}
	return h.start()
}

// now is the wall clock.
func (h *hall) now() record.Instant {
	return record.Instant(time.Since(h.begun).Milliseconds()) + h.offset
}

// until lets time pass until the wall clock shows an instant.
func (h *hall) until(at record.Instant) {
	if d := time.Duration(at-h.now()) * time.Millisecond; d > 0 {
		time.Sleep(d)
		h.config.Settle()
	}
}

// start starts the writer on what is on the disk.
func (h *hall) start() (err error) {
	h.engine = OpenDisk(h.disk)
	if h.keys, err = secretariat.OpenSubjectKeys(filepath.Join(h.config.Dir, "subjects")); err != nil {
		return err
	}
	if h.laws.counts.Restarts > 0 && !h.founding && h.chance.IntN(3) == 0 {
		if err := h.putBack(); err != nil {
			return err
		}
	}
	h.marks.Store(nil)
	if h.config.Plant == "loses cosignatures" {
		clear(h.disk.cosigned)
	}
	h.laws.begins()
	s, err := secretariat.Open(h.ctx, secretariat.Config{Engine: h.engine, Keys: h.keys, Log: h.log, Clock: h.now, Chance: rand.NewChaCha8(seedOf(h.config.Seed, h.laws.counts.Restarts)), Every: max(100, int64(7*h.config.Parties)), Held: func() error {
		if h.config.Plant == "does not wait" {
			return nil
		}
		return silence(h.marks.Load())
	}})
	if err != nil {
		return h.laws.broken("the writer starts on what it left", "%v", err)
	}
	h.s = s
	m, err := witness.OpenMarks(h.ctx, h.engine, h.laws.key, func() witness.Marked { return s.View() })
	if err != nil {
		return h.laws.broken("the writer starts on what it left", "%v", err)
	}
	h.marks.Store(m)
	h.unfeed = h.feed(s, m)
	engine := h.engine
	h.serves = layout(func() tiles.Log {
		if at := (cosigned{s.View(), engine}); h.config.Plant == "opens what is closed" {
			return opener{at}
		} else {
			return at
		}
	}, h.marks.Load)
	h.network.serve("writer.example.org", h.serves)
	h.laws.counts.Restarts++
	return nil
}

func seedOf(seed uint64, n int64) (b [32]byte) {
	copy(b[:], fmt.Sprint("chance ", seed, " ", n))
	return b
}

// restart ends the writer, gently or because it was killed, and starts it again.
func (h *hall) restart() error {
	if h.engine.Gone() {
		h.laws.counts.Kills++
	}
	if err := h.stops(); err != nil {
		return err
	}
	if err := h.start(); err != nil {
		return err
	}
	if err := h.laws.look(); err != nil {
		return err
	}
	return h.laws.again(h.s.View())
}

// act makes an act of what is submitted: it gets its origin, a key and what its author has seen.
func (h *hall) act(s *record.Submitted, opened []record.Disclosure) *secretariat.Act {
	h.acts++
	s.Origin, s.Key = h.log.Origin(), KeyOf(fmt.Sprint(h.config.Seed, " act ", h.acts))
	a := &secretariat.Act{Submitted: *s, Disclosures: opened, Unopened: h.founding && len(opened) == 0 || len(record.References(s.Fields)) > len(opened)}
	h.attest(a)
	h.laws.sends(&a.Submitted)
	return a
}

// attest has each person of an act attest it where it must be, and now and then where it need not be.
func (h *hall) attest(a *secretariat.Act) {
	s := &a.Submitted
	state := h.s.View().State()
	if state.SignInAt().Domain == "" || s.Name == "EnrolPasskey" || !state.AttestationDue(s) && (h.founding || h.chance.IntN(10) > 0) {
		return
	}
	until := max(h.now(), state.Last).AddHours(1 + int64(h.chance.IntN(3)))
	persons := []string{s.By}
	for _, w := range s.With {
		persons = append(persons, w.By)
	}
	for _, p := range persons {
		if h.script.Keys[p] == nil {
			return
		}
	}
	s.NotAfter = &until
	s.Changed()
	for _, p := range persons {
		x, err := h.script.Keys[p].Attest(s, h.script.Domain, h.script.Address)
		if err != nil {
			return
		}
		a.Attestations = append(a.Attestations, x)
	}
}

// press submits an act as a phone does: again, under the same key, until it has an answer that is not a fault.
func (h *hall) press(a *secretariat.Act) (secretariat.Receipt, error) {
	for tries, waits := 0, 0; tries < 8; tries++ {
		h.laws.sends(&a.Submitted)
		r, err := h.s.Do(h.ctx, a)
		h.config.Settle()
		if err := h.answered(a, &r, err); err != nil {
			return r, err
		}
		var refused *conference.Refusal
		switch {
		case err == nil:
			return r, nil
		case errors.As(err, &refused) && refused.Code == "disk-full":
			continue // somebody made room
		case errors.As(err, &refused) && refused.Code == "witnesses-silent":
			if err := h.waits(waits); err != nil {
				return r, err
			}
			tries, waits = tries-1, waits+1
			continue
		case errors.As(err, &refused) && refused.Code == "clock-doubtful":
			if err := h.believe(); err != nil {
				return r, err
			}
			continue
		case errors.As(err, &refused):
			return r, err
		}
		if err := h.restart(); err != nil {
			return r, err
		}
	}
	return secretariat.Receipt{}, fmt.Errorf("step %d: %s got no answer in eight tries", h.laws.step, a.Submitted.Name)
}

// answered looks at an answer, and at the record after it.
func (h *hall) answered(a *secretariat.Act, r *secretariat.Receipt, err error) error {
	if h.config.Plant == "answers for another" && err == nil && r.Index > 400 {
		r.Index--
	}
	if err := h.laws.look(); err != nil {
		return err
	}
	if err := h.laws.answered(&a.Submitted, *r, err); err != nil {
		return err
	}
	if !h.engine.Gone() {
		if err := h.laws.shown(h.s.View()); err != nil {
			return err
		}
		if err := h.laws.marks(h.marks.Load(), h.nodes); err != nil {
			return err
		}
	}
	return h.stuck(err)
}

// stuck is an answer that nobody can do anything about: what falls due is the writer's to do, and one that lives and has a
// disk answers.
func (h *hall) stuck(err error) error {
	var refused *conference.Refusal
	if err != nil && !errors.As(err, &refused) && !h.engine.Gone() {
		return h.laws.broken("only a writer that ended is started again", "%v", err)
	}
	if errors.As(err, &refused) && refused.Code == "due-first" {
		return h.laws.broken("what falls due is done first, and done", "%v", refused)
	}
	return nil
}

// believe ends a doubt about the clock: it is set right, or two officers confirm it.
func (h *hall) believe() error {
	if last := h.s.View().State().Last; h.now() < last {
		h.offset += last - h.now()
	}
	first, second, err := h.script.officers()
	if err != nil {
		return err
	}
	err = h.s.ConfirmClock(h.ctx, conference.PersonID(first), conference.PersonID(second))
	h.config.Settle()
	return err
}

// atOnce submits acts from several places in one moment: all that come while the first is on its way to the disk make the
// next group. They arrive in this order.
func (h *hall) atOnce(acts []*secretariat.Act) error {
	type answer struct {
		r   secretariat.Receipt
		err error
	}
	answers := make([]answer, len(acts))
	done := make(chan struct{}, len(acts))
	release := h.engine.Hold()
	for i, a := range acts {
		h.laws.sends(&a.Submitted)
		go func() {
			answers[i].r, answers[i].err = h.s.Do(h.ctx, a)
			done <- struct{}{}
		}()
		h.config.Settle()
	}
	release()
	for range acts {
		<-done
	}
	h.config.Settle()
	if err := h.laws.look(); err != nil {
		return err
	}
	for i, a := range acts {
		if err := h.laws.answered(&a.Submitted, answers[i].r, answers[i].err); err != nil {
			return err
		}
		if err := h.stuck(answers[i].err); err != nil {
			return err
		}
	}
	if !h.engine.Gone() {
		if err := h.laws.shown(h.s.View()); err != nil {
			return err
		}
	}
	for i, a := range acts { // whoever got a fault, or found no room, presses again
		if err := answers[i].err; err != nil && passes(err) {
			if h.engine.Gone() {
				if err := h.restart(); err != nil {
					return err
				}
			}
			if _, err := h.press(a); err != nil && !errors.As(err, new(*conference.Refusal)) {
				return err
			}
		}
	}
	return nil
}

// passes reports whether an error says nothing about the act: it may be taken when it is pressed again.
func passes(err error) bool {
	var refused *conference.Refusal
	return !errors.As(err, &refused) || refused.Code == "disk-full" || refused.Code == "clock-doubtful" || refused.Code == "witnesses-silent"
}

// by makes an act of somebody.
func (h *hall) by(as, person, party, meeting, name, fields string) *secretariat.Act {
	s := &record.Submitted{As: as, By: person, For: party, Meeting: meeting, Name: name}
	var opened []record.Disclosure
	if fields != "" {
		var err error
		if s.Fields, opened, err = record.Seal(fieldsOf(fields), h.config.chance(h.acts)); err != nil {
			panic(fmt.Sprintf("simulation: %s: %v", fields, err)) // fields of our own
		}
	}
	s.Seen = h.phone(person).view.State().Size
	return h.act(s, opened)
}

// fieldsOf reads fields of our own.
func fieldsOf(text string) canonical.Value {
	v, err := canonical.Parse(text)
	if err != nil {
		panic(fmt.Sprintf("simulation: %s: %v", text, err))
	}
	return v
}

// chance is a reader that follows from the seed.
func (c Config) chance(n uint64) io.Reader { return rand.NewChaCha8(seedOf(c.Seed, int64(n)+1<<40)) }

// phone is a person's; it shows what it showed when it last woke.
func (h *hall) phone(person string) *phone {
	p := h.phones[person]
	if p == nil || h.chance.IntN(4) > 0 {
		p = &phone{h.s.View()}
		h.phones[person] = p
	}
	return p
}

func (h *hall) live() error {
	h.founding = true
	if err := h.script.Found(); err != nil {
		return err
	}
	for _, step := range []func() error{h.script.Admit, h.script.Enrol, h.script.NameOrigin, h.simpler, h.watch} {
		if err := step(); err != nil {
			return err
		}
	}
	h.founding = false
	day := h.script.Begins()
	h.offset += max(day, h.s.View().State().Last+1000) - h.now()
	if err := h.restart(); err != nil {
		return err
	}
	if err := h.believe(); err != nil {
		return err
	}
	for _, o := range h.s.View().State().Holders(conference.Head) {
		h.people = append(h.people, string(o.Person))
	}
	for k := range h.config.Sits {
		h.until(day + record.Instant(k/5*24*3_600_000+k%5*2*3_600_000))
		if err := h.sitting(int64(k + 1)); err != nil {
			return err
		}
	}
	return h.end()
}

// simpler has rules adopted that ask for no day between a draft and its vote, for here a sitting is two hours.
func (h *hall) simpler() error {
	state := h.s.View().State()
	r := state.Rules
	r.Notices, r.QuorumToDecide, r.Version = nil, r.QuorumToOpen, "week"
	by, second, err := h.script.officers()
	if err != nil {
		return err
	}
	return h.script.do("Secretary", by, "AdoptRules", `{"basis":"decision W/1","rules":`+string(canonical.Encode(nil, r))+`}`, second)
}

// sitting is two hours: the meeting of the script with the hall around it, then a roll call.
func (h *hall) sitting(k int64) error {
	begins := h.now()
	story := h.script.Begins()
	whole := int64(h.script.lines[h.script.to-1].At - story)
	c := Calendar{
		Instant: func(at record.Instant) record.Instant {
			return begins + record.Instant(int64(at-story)*90*60_000/whole)
		},
		Date: func(d time.Time) time.Time {
			days := int(d.Sub(time.UnixMilli(int64(story))).Hours() / 24 / 40)
			return time.UnixMilli(int64(begins)).UTC().AddDate(0, 0, max(days, 0)).Truncate(24 * time.Hour)
		},
	}
	if err := h.script.Meet(k, c, h.between); err != nil {
		return err
	}
	if err := h.disperse(); err != nil {
		return err
	}
	return h.rollCall(k)
}

// end looks at everything once more.
func (h *hall) end() error {
	for _, l := range h.late {
		if err := h.deliver(l); err != nil {
			return err
		}
	}
	if err := h.restart(); err != nil {
		return err
	}
	for _, n := range h.nodes {
		if n.away {
			if err := h.comes(n); err != nil {
				return err
			}
		}
	}
	for _, n := range h.nodes { // each follows the writer, or one before it
		n.mirror = ""
		if err := h.follows(n); err != nil {
			return err
		}
	}
	for _, n := range h.nodes {
		if n.follower.Size() != h.s.View().State().Size {
			return h.laws.broken("who follows comes to the end", "%s has %d entries of %d", n.name, n.follower.Size(), h.s.View().State().Size)
		}
	}
	return h.dear()
}

// dear looks at the laws that cost much: as much as the record is long.
func (h *hall) dear() error {
	h.looked, h.sized = h.laws.step, h.s.View().State().Size
	if err := h.laws.folded(h.ctx, h.s.View(), h.engine, h.keys, h.log.Verifier(), h.chance); err != nil {
		return err
	}
	if err := h.laws.complete(); err != nil {
		return err
	}
	if _, err := secretariat.CheckOpenings(h.ctx, h.engine, h.keys, h.s.View().State().Size); err != nil {
		return h.laws.broken("each opening fits its entry", "%v", err)
	}
	if err := h.laws.kept(h.ctx, h.engine, h.s.View()); err != nil {
		return err
	}
	for _, n := range h.nodes {
		if err := h.laws.kept(h.ctx, n.engine, n.view, n.key.Verifier().String()); err != nil {
			return err
		}
	}
	if size := h.sized; size > h.copied+h.copied/2+200 {
		h.copied = size
		if err := h.copies(); err != nil {
			return err
		}
	}
	return h.search()
}

func pairs(list []string) string { return `"` + strings.Join(list, `","`) + `"` }
