package simulation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/rules"
	"kurultai/secretariat"
	"kurultai/witness"
)

// A Broken law says which, where and how.
type Broken struct {
	Law  string
	Step int64
	Size int64 // of the record
	Why  string
}

func (b *Broken) Error() string {
	return fmt.Sprintf("the law %q is broken at step %d, with %d entries: %s", b.Law, b.Step, b.Size, b.Why)
}

// token begins every word that is private: closed words, and names, which are published and withdrawn. No digest holds an
// apostrophe.
const token = "zqxj'"

// laws look on. What they know comes from what was submitted and answered, and from the disk; never from the writer.
type laws struct {
	disk   *Disk
	key    *record.Verifier
	replay *witness.Replay
	step   int64

	sent  map[string]*sent // by author and key
	at    map[string]int64 // of open entries: by author and key, the entry
	heads []record.Checkpoint
	past  []conference.State // some states, each as the replay had it
	tally map[conference.QuestionID]map[conference.PartyID]string

	names map[string]conference.Audience // by word: names that are sealed, and for whom they were published; "": nobody
	of    witnessed

	counts Counts
}

// sent is an act on its way.
type sent struct {
	text  string
	index int64 // where it was said to stand; -1: nobody has said so
	said  int   // how often an answer named it
	out   bool  // pressed, and not refused since
}

// Counts are what was looked at.
type Counts struct {
	Entries  int64
	Root     string         // of the tree at the end
	Kinds    map[string]int // acts taken, by name
	Refusals map[string]int // by code
	Results  int64          // results reckoned again
	Acked    int64          // acts acknowledged
	Repeats  int64          // acts answered again
	States   int64          // states held against one another
	Roots    int64          // proofs that one tree continues another
	Kills    int64
	Restarts int64
	Nodes    int64 // entries that nodes decided again
	Joined   int64 // nodes that came from nothing
	Searched int64 // bytes that somebody can read, searched for what they may not

	Given, Watched int64 // cosignatures of nodes that the writer took; of witnesses it asked
	Cosigned       int64 // kept cosigned checkpoints that were checked
	PutBack        int64 // times an older copy of the record was opened
	Proceeded      int64 // times two officers went on without witnesses
	Pages, Held    int64 // pages that were asked for; of them, held against the state
}

func newLaws(d *Disk, key *record.LogKey) (*laws, error) {
	v, err := record.ParseVerifier(key.Verifier())
	if err != nil {
		return nil, err
	}
	return &laws{disk: d, key: v, replay: &witness.Replay{Origin: key.Origin()}, sent: map[string]*sent{}, at: map[string]int64{}, tally: map[conference.QuestionID]map[conference.PartyID]string{}, names: map[string]conference.Audience{},
		of:     witnessed{signed: map[string]int64{}, answered: map[string]bool{}, marked: map[string]int64{}, checked: map[keptAt]int{}},
		counts: Counts{Kinds: map[string]int{}, Refusals: map[string]int{}}}, nil
}

func (l *laws) broken(law, why string, args ...any) error {
	return &Broken{law, l.step, l.replay.Finding.Size, fmt.Sprintf(why, args...)}
}

// sends notes an act before anybody decides it, each time it is pressed.
func (l *laws) sends(s *record.Submitted) {
	id := s.By + "/" + s.Key
	if l.sent[id] == nil {
		l.sent[id] = &sent{text: s.Text(), index: -1}
	}
	l.sent[id].out = true
}

// answered holds an answer against what was answered before and what is durable.
func (l *laws) answered(s *record.Submitted, r secretariat.Receipt, err error) error {
	var refused *conference.Refusal
	if errors.As(err, &refused) {
		l.counts.Refusals[string(refused.Code)]++
		return l.repeated(s, refused)
	}
	if err != nil {
		return nil // a fault: nobody can say
	}
	a := l.sent[s.By+"/"+s.Key]
	l.disk.mu.Lock()
	size := int64(len(l.disk.entries))
	var stored record.Stored
	if r.Index < size {
		stored = l.disk.entries[r.Index]
	}
	l.disk.mu.Unlock()
	switch {
	case r.Index >= size:
		return l.broken("acknowledged is durable", "%s was said to be entry %d, and there are %d", s.Name, r.Index, size)
	case a.text != s.Text():
		return l.broken("a key repeats its own answer", "%s was taken under the key of another act", s.Name)
	case a.index >= 0 && a.index != r.Index:
		return l.broken("an act is taken once", "%s was said to be entry %d, and then %d", s.Name, a.index, r.Index)
	case a.said > 0 && !r.Again:
		return l.broken("an act is taken once", "%s, entry %d, was answered as new twice", s.Name, r.Index)
	case !r.Again && r.Checkpoint.Size <= r.Index:
		return l.broken("acknowledged is provable", "%s is entry %d and its checkpoint is of %d", s.Name, r.Index, r.Checkpoint.Size)
	}
	e, err := record.ParseEntry(string(stored.Bytes), r.Index)
	if err != nil {
		return l.broken("acknowledged is durable", "entry %d: %v", r.Index, err)
	}
	if e.Closed == "" && (e.Act.Key != s.Key || e.Act.By != s.By) {
		return l.broken("acknowledged is durable", "%s was said to be entry %d, which is %s", s.Name, r.Index, e.Act.Name)
	}
	if a.index, a.said = r.Index, a.said+1; r.Again {
		l.counts.Repeats++
	} else {
		l.counts.Acked++
	}
	return nil
}

// repeated looks at a refusal: an act that was acknowledged gets its first receipt as long as its key is known, that of an
// open one on the day of the newest entry and the day before.
func (l *laws) repeated(s *record.Submitted, refused *conference.Refusal) error {
	a := l.sent[s.By+"/"+s.Key]
	index := a.index
	if a.out = false; index < 0 { // nobody was told, but it may stand there
		if at, ok := l.at[s.By+"/"+s.Key]; ok {
			index = at
		}
	}
	if index < 0 || a.text != s.Text() || refused.Code == "disk-full" || refused.Code == "witnesses-silent" {
		return nil
	}
	l.disk.mu.Lock()
	stored, newest := l.disk.entries[index], l.disk.entries[len(l.disk.entries)-1]
	l.disk.mu.Unlock()
	e, err := record.ParseEntry(string(stored.Bytes), index)
	if err != nil {
		return err
	}
	last, err := record.ParseEntry(string(newest.Bytes), newest.Index)
	if err != nil {
		return err
	}
	if e.Closed == "" && last.At.Day() > e.At.Day() {
		return nil
	}
	return l.broken("a key repeats its own answer", "%s is entry %d, and pressed again it is refused: %v", s.Name, index, refused)
}

// look reads what has come since and holds it against each law that needs no more.
func (l *laws) look() error {
	l.step++
	l.disk.mu.Lock()
	entries, head := l.disk.entries, l.disk.head
	l.disk.mu.Unlock()
	if int64(len(entries)) < l.replay.Finding.Size {
		return l.broken("the record only grows", "there were %d entries and there are %d", l.replay.Finding.Size, len(entries))
	}
	for _, stored := range entries[l.replay.Finding.Size:] {
		if err := l.entry(stored); err != nil {
			return err
		}
	}
	if l.counts.Entries == head.Size && (len(l.heads) == 0 || l.heads[len(l.heads)-1].Size == head.Size) && head.Size > 0 && len(l.heads) > 0 {
		return nil
	}
	l.counts.Entries, l.counts.Root = head.Size, head.Root.String()
	if head.Size != int64(len(entries)) {
		return l.broken("the checkpoint is of the record", "%d entries and a checkpoint of %d", len(entries), head.Size)
	}
	if head.Size == 0 {
		return nil
	}
	if root := l.root(); root != head.Root {
		return l.broken("the checkpoint is of the record", "the root of %d entries is %s and the checkpoint says %s", head.Size, root, head.Root)
	}
	if _, err := record.OpenCheckpoint(head.Note, l.key); err != nil {
		return l.broken("the checkpoint is signed", "%v", err)
	}
	l.heads = append(l.heads, head)
	return nil
}

// root is the root of what was decided again.
func (l *laws) root() tlog.Hash {
	r := *l.replay
	return r.Root()
}

// entry decides an entry again and looks at what it says.
func (l *laws) entry(stored record.Stored) error {
	if stored.Index%499 == 0 {
		l.past = append(l.past, l.replay.State)
	}
	before := l.replay.State
	if err := l.replay.Next(stored); err != nil {
		return l.broken("decided again it is the same", "%v", err)
	}
	if l.replay.Finding.Upgrade > 0 {
		return l.broken("decided again it is the same", "entry %d asks for an upgrade", stored.Index)
	}
	text := string(stored.Bytes)
	if strings.Contains(text, token) {
		return l.broken("no private word stands in an entry", "entry %d: %.300s", stored.Index, text)
	}
	e, err := record.ParseEntry(text, stored.Index)
	if err != nil {
		return err
	}
	if err := l.waited(&before, e); err != nil {
		return err
	}
	if e.Closed != "" {
		l.counts.Kinds["closed"]++
		return nil
	}
	l.counts.Kinds[e.Act.Name]++
	id := e.Act.By + "/" + e.Act.Key
	a := l.sent[id]
	switch first, twice := l.at[id]; {
	case e.Act.By == "clock":
	case twice:
		return l.broken("an act is taken once", "%s stands at %d and at %d", e.Act.Name, first, stored.Index)
	case a != nil && !a.out && a.said == 0:
		return l.broken("a refusal leaves nothing behind", "entry %d, %s, was refused and not pressed again", stored.Index, e.Act.Name)
	case a == nil:
		return l.broken("the record holds what was submitted", "nobody submitted entry %d, %s", stored.Index, e.Act.Name)
	case a.text != e.Act.Text():
		return l.broken("the record holds what was submitted", "entry %d says %.200s and %.200s was submitted", stored.Index, e.Act.Text(), a.text)
	}
	l.at[id] = stored.Index
	for _, v := range e.Events {
		event, err := before.ParseEvent(v)
		if err != nil {
			return err
		}
		if err := l.event(&before, event); err != nil {
			return err
		}
	}
	return nil
}

// event counts votes apart from the fold, and reckons each result again from what was counted.
func (l *laws) event(s *conference.State, e conference.Event) error {
	switch b := e.Body.(type) {
	case *conference.VoteCast:
		if _, voted := l.tally[b.Question][b.Party]; voted {
			return l.broken("a party votes once", "%s on %s", b.Party, b.Question)
		}
		l.cast(b.Question, b.Party, b.Answer)
	case *conference.VoteChanged:
		l.cast(b.Question, b.Party, b.Answer)
	case *conference.Disowned:
		if b.Question != "" {
			delete(l.tally[b.Question], b.Party)
		}
	case *conference.NamePublished:
		for _, lang := range b.Languages {
			l.names[string(b.Person)+string(lang)] = b.Audience
		}
	case *conference.NameWithdrawn:
		for _, lang := range b.Languages {
			l.names[string(b.Person)+string(lang)] = ""
		}
	case *conference.PersonForgotten:
		for _, lang := range s.Body.Languages {
			l.names[string(b.Person)+string(lang)] = forgotten
		}
	case *conference.ResultAnnounced:
		return l.result(s, b)
	}
	return nil
}

func (l *laws) cast(q conference.QuestionID, p conference.PartyID, answer string) {
	if l.tally[q] == nil {
		l.tally[q] = map[conference.PartyID]string{}
	}
	l.tally[q][p] = answer
}

func (l *laws) result(s *conference.State, b *conference.ResultAnnounced) error {
	q, ok := s.Question(b.Question)
	if !ok {
		return l.broken("a result is of a question", "%s", b.Question)
	}
	m, _ := s.Meeting(b.Meeting)
	members := s.Members(m.From, b.Meeting)
	if q.Method == "consensus" || q.Count != nil {
		if b.Yes+b.No+b.Abstaining > int64(len(members)) {
			return l.broken("no more votes than members", "%+v", *b)
		}
		return nil
	}
	var yes, no, abstain int64
	for p, answer := range l.tally[b.Question] {
		if !slices.Contains(members, p) {
			return l.broken("only members vote", "%s on %s", p, b.Question)
		}
		switch rules.Answer(answer) {
		case rules.Yes:
			yes++
		case rules.No:
			no++
		case rules.Abstain:
			abstain++
		}
	}
	if len(q.Votes) != len(l.tally[b.Question]) {
		return l.broken("a party votes once", "%s has %d votes of %d parties", b.Question, len(q.Votes), len(l.tally[b.Question]))
	}
	if yes != b.Yes || no != b.No || abstain != b.Abstaining {
		return l.broken("what is announced was cast", "%s: %d-%d-%d were cast, %d-%d-%d announced", b.Question, yes, no, abstain, b.Yes, b.No, b.Abstaining)
	}
	if yes+no+abstain+b.Absent > int64(len(members)) {
		return l.broken("no more votes than members", "%+v of %d", *b, len(members))
	}
	if want := reckoned(b.Majority, yes, no); want != "" && want != b.Outcome && !(want == "tie" && b.Outcome != "carried") {
		return l.broken("the result is what the rule says", "%s by the %s majority at %d-%d is %s, announced is %s", b.Question, b.Majority, yes, no, want, b.Outcome)
	}
	l.counts.Results++
	return nil
}

// reckoned is what a majority comes to, apart from package rules; "tie" is anything but carried.
func reckoned(majority string, yes, no int64) string {
	switch {
	case majority == "simple" && yes > no, majority == "two-thirds" && yes+no > 0 && 3*yes >= 2*(yes+no):
		return "carried"
	case majority == "simple" && yes == no:
		return "tie"
	case majority == "simple", majority == "two-thirds":
		return "lost"
	}
	return ""
}

// shown holds what the writer shows against the record as far as it goes: cheap.
func (l *laws) shown(v *secretariat.View) error {
	if v.State().Size != l.replay.State.Size || v.Checkpoint().Size != v.State().Size || v.Checkpoint().Root != l.root() {
		return l.broken("what is shown is what is durable", "the writer shows %d entries under a checkpoint of %d, and there are %d", v.State().Size, v.Checkpoint().Size, l.replay.State.Size)
	}
	return nil
}

// again holds the writer's state, which may have begun from a snapshot, against that of who decides again.
func (l *laws) again(v *secretariat.View) error {
	l.counts.States++
	if d := differ(v.State(), &l.replay.State, "closed"); d != "" {
		return l.broken("the state is a fold of the record", "the writer's and that of who decides again part at %s", d)
	}
	return nil
}

// folded holds the writer's state against a fold of the open entries, and against one of all it may read from the first on.
func (l *laws) folded(ctx context.Context, v *secretariat.View, engine record.Engine, keys *secretariat.SubjectKeys, verifier string, chance *rand.Rand) error {
	if err := l.again(v); err != nil {
		return err
	}
	whole, err := secretariat.Read(ctx, unremembered{engine}, keys, verifier)
	if err != nil {
		return l.broken("the record can be read again", "%v", err)
	}
	if d := differ(v.State(), whole.State(), ""); d != "" {
		return l.broken("the state is a fold of the record", "the writer's and that of who reads it from the first entry on part at %s", d)
	}
	if len(l.past) > 1 {
		then := l.past[chance.IntN(len(l.past))]
		old, err := v.At(ctx, then.Size)
		if err != nil {
			return l.broken("the past stays", "at %d: %v", then.Size, err)
		}
		if d := differ(old.State(), &then, "closed"); d != "" {
			return l.broken("the past stays", "at %d: %s", then.Size, d)
		}
	}
	return l.proven(v, chance)
}

// proven proves that some earlier tree is the beginning of this one.
func (l *laws) proven(v *secretariat.View, chance *rand.Rand) error {
	head := v.Checkpoint()
	for range 3 {
		old := l.heads[chance.IntN(len(l.heads))]
		if old.Size >= head.Size {
			continue
		}
		proof, err := tlog.ProveTree(head.Size, old.Size, v)
		if err == nil {
			err = tlog.CheckTree(proof, head.Size, head.Root, old.Size, old.Root)
		}
		if err != nil {
			return l.broken("each checkpoint continues those before it", "%d and %d: %v", old.Size, head.Size, err)
		}
		l.counts.Roots++
	}
	return nil
}

// unremembered is an engine without snapshots.
type unremembered struct{ record.Engine }

func (unremembered) Snapshot(context.Context, int64) (record.Snapshot, error) {
	return record.Snapshot{}, record.ErrNotFound
}

// complete looks for everything that was acknowledged.
func (l *laws) complete() error {
	l.disk.mu.Lock()
	entries := l.disk.entries
	l.disk.mu.Unlock()
	var edge record.Edge
	for i, s := range entries {
		if s.Index != int64(i) || tlog.RecordHash(s.Bytes) != s.Hash {
			return l.broken("what is durable stays", "entry %d", i)
		}
		edge.Append(s.Hash)
	}
	if edge.Size() > 0 && edge.Root() != l.root() {
		return l.broken("what is durable stays", "the entries make another tree than when they came")
	}
	closed := map[int64]string{}
	for id, a := range l.sent {
		at, open := l.at[id]
		switch {
		case a.index < 0:
		case a.index >= int64(len(entries)):
			return l.broken("acknowledged is durable", "entry %d is gone", a.index)
		case open && at != a.index:
			return l.broken("an act is taken once", "it stands at %d and was said to at %d", at, a.index)
		case !open:
			if other, taken := closed[a.index]; taken {
				return l.broken("an act is taken once", "entry %d was said to be two acts, %s and %s", a.index, other, id)
			}
			closed[a.index] = id
		}
	}
	if int64(len(closed)) > l.replay.Finding.Closed {
		return l.broken("an act is taken once", "%d closed acts and %d closed entries", len(closed), l.replay.Finding.Closed)
	}
	return nil
}

// String is a line a kind of number.
func (c Counts) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d entries with root %s: %d acts acknowledged, %d answered again, %d results reckoned again; %d starts, %d after kills\n", c.Entries, c.Root, c.Acked, c.Repeats, c.Results, c.Restarts, c.Kills)
	fmt.Fprintf(&b, "%d states held against one another, %d proofs that a tree continues another, %d bytes searched for private words; %d nodes joined and decided %d entries again\n", c.States, c.Roots, c.Searched, c.Joined, c.Nodes)
	fmt.Fprintf(&b, "%d cosignatures of nodes taken, %d of witnesses that were asked, %d cosigned checkpoints held against the tree; %d older copies put back, %d times officers went on without witnesses; %d pages asked for, %d of them held against the state\n", c.Given, c.Watched, c.Cosigned, c.PutBack, c.Proceeded, c.Pages, c.Held)
	for _, m := range []struct {
		what string
		of   map[string]int
	}{{"kinds of act taken", c.Kinds}, {"codes of refusal met", c.Refusals}} {
		fmt.Fprintf(&b, "%d %s:", len(m.of), m.what)
		for _, k := range slices.Sorted(maps.Keys(m.of)) {
			fmt.Fprintf(&b, " %s %d", k, m.of[k])
		}
		b.WriteByte('\n')
	}
	return b.String()
}
