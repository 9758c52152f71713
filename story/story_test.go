package story_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/sqlite"
	"kurultai/secretariat"
	"kurultai/story"
	"kurultai/story/storytest"
)

// shipped are the stories that ship, and how many lines and entries each has. A change here is a change of what
// everybody is shown: know why.
var shipped = []struct {
	name           string
	lines, entries int
}{
	{"baku", 86, 86},
	{"drafting", 111, 101},
	{"registry", 67, 59},
	{"training", 505, 411},
	{"treaty", 195, 179},
	{"undertakings", 145, 134},
	{"xviii", 37, 37},
}

// wall is the clock of these tests. Stories that found a record bear their own times.
func wall() record.Instant { return 1_900_000_000_000 }

// A house is a record of its own in a new folder.
type house struct {
	*secretariat.Secretariat
	origin string
}

// newHouse opens an empty record for a story of a body. Seed says which log key it has.
func newHouse(t testing.TB, body string, seed byte) house {
	t.Helper()
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	origin := record.StoryOrigin(body, private.Public().(ed25519.PublicKey))
	log, err := record.NewLogKey(origin, private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	engine, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := secretariat.OpenSubjectKeys(filepath.Join(dir, "subjects"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := secretariat.Open(t.Context(), secretariat.Config{Engine: engine, Keys: keys, Log: log, Clock: wall, Chance: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), keys.Close(), engine.Close()); err != nil {
			t.Error(err)
		}
	})
	return house{s, origin}
}

func text(t testing.TB, name string) []byte {
	t.Helper()
	b, ok := story.Shipped(name)
	if !ok {
		t.Fatalf("no story is called %q", name)
	}
	return b
}

func parse(t testing.TB, text []byte) []story.Line {
	t.Helper()
	lines, err := story.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// play plays a story and returns what was told of it.
func (h house) play(text []byte) ([]story.Played, error) {
	lines, err := story.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	var told []story.Played
	err = story.Play(context.Background(), h.Secretariat, h.origin, lines, wall, rand.Reader, nil, func(p story.Played) { told = append(told, p) })
	return told, err
}

// found plays a story into a new record.
func found(t testing.TB, text []byte, seed byte) house {
	t.Helper()
	body, err := story.BodyOf(parse(t, text))
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, body, seed)
	if _, err := h.play(text); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h house) export(t testing.TB, private bool) []byte {
	t.Helper()
	var out bytes.Buffer
	if n, err := story.Export(t.Context(), h.View(), private, &out); err != nil || n != 0 {
		t.Fatalf("export: %d attestations left out: %v", n, err)
	}
	return out.Bytes()
}

// entries are the entries of the record as they stand.
func (h house) entries(t testing.TB) (list []string) {
	t.Helper()
	for i := range h.View().State().Size {
		b, err := h.View().Entry(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(b))
	}
	return list
}

// withoutOrigin are the entries with the record's origin taken out: what must be the same wherever it is played.
func (h house) withoutOrigin(t testing.TB) []string {
	list := h.entries(t)
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], h.origin, "")
	}
	return list
}

func (h house) openings(t testing.TB, private bool) (list []string) {
	t.Helper()
	for o, err := range h.View().Openings(t.Context(), 0, private) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, strings.ReplaceAll(string(o.Disclosure)+string(o.Closed), h.origin, ""))
	}
	return list
}

// edit changes each line of a story; one whose number becomes 0 is dropped.
func edit(text []byte, change func(number int, l *story.Line)) []byte {
	lines, err := story.Parse(bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	var out []byte
	for i := range lines {
		change(i+1, &lines[i])
		if lines[i].Number > 0 {
			out = lines[i].Append(out)
		}
	}
	return out
}

// taken is a story without the lines that announce a refusal.
func taken(text []byte) []byte {
	return edit(text, func(_ int, l *story.Line) {
		if l.Refused != "" {
			l.Number = 0
		}
	})
}

func TestStoriesThatShip(t *testing.T) {
	var names []string
	for _, s := range shipped {
		names = append(names, s.name)
	}
	if got := story.Names(); !slices.Equal(got, names) {
		t.Errorf("shipped are %q, tested are %q", got, names)
	}
	if _, ok := story.Shipped("nothing"); ok {
		t.Error("a story ships that is not there")
	}
}

func TestEveryLineOfAShippedStoryEncodesToItself(t *testing.T) {
	for _, s := range shipped {
		b := text(t, s.name)
		lines := parse(t, b)
		if len(lines) != s.lines {
			t.Errorf("%s: %d lines, want %d", s.name, len(lines), s.lines)
		}
		for i, want := range strings.SplitAfter(string(b), "\n")[:len(lines)] {
			if got := string(lines[i].Append(nil)); got != want {
				t.Errorf("%s: line %d encodes to\n%swant\n%s", s.name, i+1, got, want)
			}
		}
	}
}

// TestAStoryPlaysAsAnnounced plays each story at once and act by act: every line has the outcome it announces,
// line n is entry n-1 not counting refused ones, and both ways make the same record.
func TestAStoryPlaysAsAnnounced(t *testing.T) {
	for _, s := range shipped {
		lines := parse(t, text(t, s.name))
		body, err := story.BodyOf(lines)
		if err != nil {
			t.Fatal(err)
		}
		var roots []string
		for _, before := range []func() error{nil, func() error { return nil }} {
			h := newHouse(t, body, 1)
			if _, err := story.Rehearse(t.Context(), h.View(), h.origin, lines, wall, rand.Reader); err != nil || h.View().State().Size != 0 {
				t.Fatalf("%s: rehearsed: %v, and %d entries appended", s.name, err, h.View().State().Size)
			}
			var told []story.Played
			err := story.Play(t.Context(), h.Secretariat, h.origin, lines, wall, rand.Reader, before, func(p story.Played) { told = append(told, p) })
			if err != nil || len(told) != len(lines) {
				t.Fatalf("%s: %d lines told: %v", s.name, len(told), err)
			}
			next := int64(0)
			for i, p := range told {
				want := lines[i]
				switch {
				case want.Refused != "":
					if p.Refusal == nil || p.Refusal.Code != want.Refused || p.Refusal.Rule == "" {
						t.Errorf("%s: line %d: refusal %v, want %s with its rule", s.name, i+1, p.Refusal, want.Refused)
					}
				case p.Refusal != nil || p.Receipt.Index != next || p.Receipt.At != want.At || p.Receipt.Checkpoint.Size <= next:
					t.Errorf("%s: line %d: refusal %v, entry %d at %s under %d; want entry %d at %s", s.name, i+1, p.Refusal, p.Receipt.Index, p.Receipt.At, p.Receipt.Checkpoint.Size, next, want.At)
					fallthrough
				default:
					next++
				}
			}
			if int(next) != s.entries || h.View().State().Size != next {
				t.Errorf("%s: %d entries, want %d", s.name, h.View().State().Size, s.entries)
			}
			roots = append(roots, h.View().Checkpoint().Root.String())
		}
		if roots[0] != roots[1] {
			t.Errorf("%s: at once it has the root %s, act by act %s", s.name, roots[0], roots[1])
		}
	}
}

// TestRefusalsOfTheTrainingStory holds which refusals the story shows: who reads it learns them.
func TestRefusalsOfTheTrainingStory(t *testing.T) {
	met := map[conference.Code]bool{}
	for _, l := range parse(t, text(t, "training")) {
		if l.Refused != "" {
			met[l.Refused] = true
		}
	}
	for _, code := range []conference.Code{
		"already-decided", "already-disowned", "already-invited", "already-listed", "already-member", "already-open", "amended", "amendments-first", "brackets-remain",
		"depended-upon", "expired", "floor-taken", "forgotten", "key-reused", "link-used", "list-closed", "lot-not-due", "lower-precedence-than-pending",
		"already-on-paper", "meeting-closed", "meeting-not-open", "missing-language", "motion-pending", "names-uncalled", "next-business-taken", "no-commitment", "no-debate",
		"no-floor", "no-full-powers", "no-instruction", "no-motion-carried", "no-quorum-to-decide", "no-quorum-to-open", "no-tellers", "no-vice-chair",
		"not-certified", "not-issued", "not-signed", "pen-taken",
		"not-about-voting", "not-approved", "not-bracketer", "not-called", "not-circulated-in-time", "not-committed", "not-consensus-vote", "not-consented",
		"not-decided", "not-end-of-day", "not-ended", "not-entitled", "not-holder", "objected", "objection", "observer-after-members",
		"one-person-only", "only-against", "ordinal-taken", "other-item-open", "out-of-order", "part-first", "powers-cover-less", "replies-used",
		"seed-known", "shorter-than-rule", "speakers-waiting", "speaks-to-substance", "sponsor-may-not", "too-late", "two-already-spoke", "two-heads", "vote-requested",
		"wrong-capacity",
	} {
		if !met[code] {
			t.Errorf("no line of the story meets %s", code)
		}
		delete(met, code)
	}
	if len(met) > 0 {
		t.Errorf("the story meets others too: %v", met)
	}
}

func TestWhatTheTrainingStoryComesTo(t *testing.T) {
	h := found(t, storytest.FirstMeeting(t), 1)
	s := h.View().State()
	m, ok := s.Meeting("vii")
	if !ok || !m.Closed || m.Opened == nil || m.Ordinal != 7 {
		t.Fatalf("the VII Meeting: %v, %+v", ok, m)
	}
	if got := s.Members("2027-06-08", "vii"); len(got) != 5 {
		t.Errorf("members are %v", got)
	}
	for kind, want := range map[string]int{"StatementMade": 3, "NextMeetingDecided": 1, "ChairTaken": 1, "MeetingOpened": 1} {
		if got := s.Facts(kind); len(got) != want {
			t.Errorf("%d of %s, want %d", len(got), kind, want)
		}
	}
	overran := 0
	for _, e := range h.entries(t) {
		overran += strings.Count(e, `"kind":"SpeakerOverran"`)
	}
	if gone := s.Forgotten(); overran != 1 || len(gone) != 1 || len(s.Notes()) != 1 {
		t.Errorf("%d overran, %v forgotten, notes %v; want one of each", overran, gone, s.Notes())
	}
}

// TestExportedAndPlayedAgainItIsTheSame is the law of doc/record.md section 12, plain and private.
func TestExportedAndPlayedAgainItIsTheSame(t *testing.T) {
	for _, s := range shipped {
		h := found(t, text(t, s.name), 1)
		for _, private := range []bool{false, true} {
			first := h.export(t, private)
			if second := found(t, first, 2).export(t, private); !bytes.Equal(first, second) {
				t.Errorf("%s, private %v: %s", s.name, private, differ(first, second))
			}
		}
	}
}

// TestAPrivateExportIsTheStory: but for refused lines, which are in no record, and names of who was forgotten.
func TestAPrivateExportIsTheStory(t *testing.T) {
	for _, s := range shipped {
		h := found(t, text(t, s.name), 1)
		gone := h.View().State().Forgotten()
		want := edit(taken(text(t, s.name)), func(_ int, l *story.Line) {
			if slices.Contains(gone, l.Act.Get("fields").Get("person").Str) {
				l.Opened = nil
			}
		})
		if got := h.export(t, true); !bytes.Equal(got, want) {
			t.Errorf("%s: %s", s.name, differ(got, want))
		}
	}
}

// TestAPlainExportKeepsWhatIsPrivate: a note stays closed, and names that nobody published stay sealed.
func TestAPlainExportKeepsWhatIsPrivate(t *testing.T) {
	unpublished := edit(storytest.FirstMeeting(t), func(_ int, l *story.Line) {
		if name := l.Act.Get("name").Str; name == "PublishName" {
			l.Number = 0
		}
	})
	plain, private := found(t, unpublished, 1).export(t, false), found(t, unpublished, 1).export(t, true)
	if bytes.Contains(plain, []byte(`"opened"`)) || bytes.Contains(plain, []byte("booth")) || bytes.Count(plain, []byte(`"closed"`)) != 1 {
		t.Error("a plain export tells what is private")
	}
	if !bytes.Contains(private, []byte("booth")) || bytes.Count(private, []byte(`"opened"`)) != 6 {
		t.Error("a private export keeps something back")
	}
}

// TestAnErasedPersonStaysErased forgets somebody of the Baku record and follows the export.
func TestAnErasedPersonStaysErased(t *testing.T) {
	h := found(t, text(t, "baku"), 1)
	before := h.export(t, true)
	s := h.View().State()
	secretary := s.Holders(conference.Secretary)[0].Person
	person := s.Facts("PersonTookPart")[2].Body.(*conference.PersonTookPart).Person
	name, ok := h.View().Name(person, "de")
	if !ok {
		t.Fatalf("%s has no name", person)
	}
	forget := `{"act":{"as":"Secretary","by":"` + string(secretary) + `","fields":{"ground":"request","person":"` + string(person) + `"},"key":"AAAAAAAAAAAAAAAAAAAAAA","name":"ForgetPerson"},"at":"2026-11-24T08:00:00.000Z"}` + "\n"
	if _, err := h.play([]byte(forget)); err != nil {
		t.Fatal(err)
	}
	for _, private := range []bool{false, true} {
		first := h.export(t, private)
		if bytes.Contains(first, []byte(name)) {
			t.Errorf("private %v: the export still tells the name", private)
		}
		again := found(t, first, 2)
		if second := again.export(t, private); !bytes.Equal(first, second) {
			t.Errorf("private %v: %s", private, differ(first, second))
		}
		if got, want := again.withoutOrigin(t), h.withoutOrigin(t); !slices.Equal(got, want) {
			t.Errorf("private %v: played again it is another record", private)
		}
	}
	if !bytes.Contains(before, []byte(name)) {
		t.Error("the name was not there before")
	}
}

func TestPlayedTwiceItIsTheSame(t *testing.T) {
	for _, s := range shipped {
		a, b := found(t, text(t, s.name), 1), found(t, text(t, s.name), 2)
		if a.origin == b.origin || a.View().Checkpoint().Root == b.View().Checkpoint().Root {
			t.Errorf("%s: two records share origin or root", s.name)
		}
		// Behind the story the clock of these tests may find more that is due, in one record sooner than in the other.
		if !slices.Equal(acts(t, a)[:s.entries], acts(t, b)[:s.entries]) {
			t.Errorf("%s: acts or events differ", s.name)
		}
		if !slices.Equal(a.openings(t, false), b.openings(t, false)) {
			t.Errorf("%s: openings differ", s.name)
		}
	}
}

// acts are the entries without the origin; of a closed one, whose digest covers the origin, its place alone.
func acts(t testing.TB, h house) []string {
	list := h.withoutOrigin(t)
	for i := range list {
		if strings.Contains(list[i], `"closed":`) {
			list[i] = "closed"
		}
	}
	return list
}

// TestWithAnythingErasedItDecidesTheSame is the law of doc/record.md section 3: deciding sees digests only.
func TestWithAnythingErasedItDecidesTheSame(t *testing.T) {
	t.Parallel()
	b := storytest.FirstMeeting(t)
	all := found(t, b, 1).entries(t)
	rapid.Check(t, func(r *rapid.T) {
		kept := 0
		some := edit(b, func(_ int, l *story.Line) {
			l.Opened = slices.DeleteFunc(l.Opened, func(story.Opened) bool { return rapid.Bool().Draw(r, "erased") })
			kept += len(l.Opened)
		})
		if h := found(t, some, 1); !slices.Equal(h.entries(t), all) {
			r.Fatalf("with %d openings kept it is another record", kept)
		}
	})
}

// TestAStoryGoesOnInAStandingRecord plays the beginning of a story, then its rest: there the times are ignored.
func TestAStoryGoesOnInAStandingRecord(t *testing.T) {
	t.Parallel()
	b := storytest.FirstMeeting(t)
	all := strings.SplitAfter(string(b), "\n")
	whole := found(t, b, 1)
	rapid.Check(t, func(r *rapid.T) {
		cut := rapid.IntRange(1, len(all)-2).Draw(r, "lines at first")
		h := found(t, []byte(strings.Join(all[:cut], "")), 1)
		told, err := h.play([]byte(strings.Join(all[cut:], "")))
		got, want := h.View().State(), whole.View().State()
		if err != nil || len(told) != len(all)-1-cut || got.Size != want.Size {
			r.Fatalf("%d lines told, %d entries: %v", len(told), got.Size, err)
		}
		for _, p := range told {
			if p.Refusal == nil && p.Receipt.At != wall() {
				r.Fatalf("entry %d is recorded at %s, want the clock's time", p.Receipt.Index, p.Receipt.At)
			}
		}
	})
}

func TestAClosedEntryWithoutItsOpeningGoesOnNowhere(t *testing.T) {
	plain := found(t, storytest.FirstMeeting(t), 1).export(t, false)
	h := found(t, bytes.SplitAfter(plain, []byte("\n"))[0], 1)
	var line *story.LineError
	closed := []byte(`{"at":"2027-06-08T03:02:40.000Z","closed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}` + "\n")
	if _, err := h.play(closed); !errors.As(err, &line) || line.Line != 1 || h.View().State().Size != 1 {
		t.Errorf("a closed entry was taken into a standing record: %v", err)
	}
}

// differ shows where two texts part.
func differ(got, want []byte) string {
	a, b := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return "they part at line:\n" + a[i] + "\n" + strings.Join(b[min(i, len(b)):min(i+1, len(b))], "")
		}
	}
	return "one is longer"
}

// asWritten is a story as its author wrote it, private values in clear, before they were given salts.
func asWritten(text []byte) []byte {
	lines, err := story.Parse(bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	var out strings.Builder
	for _, l := range lines {
		opened := l.Opened
		l.Opened = nil
		s := string(l.Append(nil))
		for _, o := range opened {
			if o.Key != "" {
				s = withFile(s, o, l.Blobs)
				continue
			}
			digest := string(record.Disclose(o.Salt, o.Name, o.Value).Digest())
			s = strings.Replace(s, `{"sealed":"`+digest+`"}`, `{"private":`+string(canonical.Append(nil, o.Value))+`}`, 1)
		}
		out.WriteString(s)
	}
	return []byte(out.String())
}

// withFile is a line as its author wrote it, the bytes of a file beside it.
func withFile(line string, o story.Opened, blobs [][]byte) string {
	for _, b := range blobs {
		if digest := string(record.DigestOf(b)); digest == o.Value.Str {
			key, err := canonical.DecodeBytes(o.Key)
			if err != nil {
				panic(err)
			}
			at := strings.Index(line, `{"sealed":"`+string(record.DiscloseBlob(o.Salt, record.Digest(digest), record.BlobKey(key)).Digest()))
			end := at + strings.IndexByte(line[at:], '}') + 1
			return line[:at] + fmt.Sprintf(`{"private":{"blob":"%s","size":%d}}`, digest, len(b)) + line[end:]
		}
	}
	panic("a file without its bytes")
}

// TestSaltSealsPrivateValues: what an author writes in clear is sealed once, opens to the same, and plays.
func TestSaltSealsPrivateValues(t *testing.T) {
	for _, s := range shipped {
		written := asWritten(text(t, s.name))
		if n := bytes.Count(written, []byte(`{"private":`)); n == 0 || bytes.Contains(written, []byte(`"opened"`)) {
			t.Fatalf("%s: %d private values", s.name, n)
		}
		salted, err := story.Salt(bytes.NewReader(written), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(salted, []byte(`"private"`)) {
			t.Errorf("%s: a private value stands in clear", s.name)
		}
		if again, err := story.Salt(bytes.NewReader(salted), rand.Reader); err != nil || !bytes.Equal(again, salted) {
			t.Errorf("%s: salted twice it changes: %v", s.name, err)
		}
		if written := asWritten(salted); !bytes.Equal(written, asWritten(text(t, s.name))) {
			t.Errorf("%s: the openings tell other values", s.name)
		}
		salts := map[string]bool{}
		for i, l := range parse(t, salted) {
			for _, o := range l.Opened {
				if salts[o.Salt] || o.Salt == parse(t, text(t, s.name))[i].Opened[0].Salt {
					t.Errorf("%s: line %d: a salt twice", s.name, i+1)
				}
				salts[o.Salt] = true
			}
		}
		if got := found(t, salted, 1).View().State().Size; int(got) != s.entries {
			t.Errorf("%s: salted it makes %d entries", s.name, got)
		}
	}
}

// TestSaltKeepsWhatIsSealed salts a line that has a sealed value before and behind the new one.
func TestSaltKeepsWhatIsSealed(t *testing.T) {
	l := parse(t, text(t, "xviii"))[12]
	if len(l.Opened) != 9 {
		t.Fatalf("line 13 opens %d values", len(l.Opened))
	}
	written := strings.SplitAfter(string(asWritten(text(t, "xviii"))), "\n")[12]
	private := `{"private":` + string(canonical.Append(nil, l.Opened[4].Value)) + `}`
	mixed := string(l.Append(nil))
	mixed = strings.Replace(mixed, `{"sealed":"`+string(record.Disclose(l.Opened[4].Salt, l.Opened[4].Name, l.Opened[4].Value).Digest())+`"}`, private, 1)
	l = parse(t, []byte(mixed))[0]
	l.Opened = slices.Delete(l.Opened, 4, 5)
	salted, err := story.Salt(bytes.NewReader(l.Append(nil)), rand.Reader)
	if err != nil || string(asWritten(salted)) != written {
		t.Fatalf("%v\n%s%s", err, asWritten(salted), written)
	}
	var names []string
	for _, o := range parse(t, salted)[0].Opened {
		names = append(names, o.Name)
	}
	if !slices.IsSorted(names) || len(names) != 9 {
		t.Errorf("the openings stand in the order %q", names)
	}
}

func TestAPrivateValueStandsAlone(t *testing.T) {
	lines := strings.SplitAfter(string(text(t, "xviii")), "\n")
	lines[2] = strings.Replace(lines[2], `"party":"az"`, `"party":{"private":"az","since":1}`, 1)
	_, err := story.Salt(strings.NewReader(strings.Join(lines, "")), rand.Reader)
	var line *story.LineError
	if !errors.As(err, &line) || line.Line != 3 {
		t.Errorf("got %v, want an error at line 3", err)
	}
}

func TestSaltWithoutChanceSaysSo(t *testing.T) {
	_, err := story.Salt(bytes.NewReader(asWritten(text(t, "xviii"))), bytes.NewReader(nil))
	var line *story.LineError
	if !errors.As(err, &line) || line.Line != 13 {
		t.Errorf("got %v, want an error at line 13", err)
	}
}

// TestSilenceHoldsThoughTheWriterWasDown: who goes on years after a deadline finds it kept, ahead of whatever comes.
func TestSilenceHoldsThoughTheWriterWasDown(t *testing.T) {
	all := strings.SplitAfter(string(text(t, "training")), "\n")
	cut := slices.IndexFunc(all, func(l string) bool { return strings.Contains(l, `"name":"BreakSilence"`) })
	h := found(t, []byte(strings.Join(all[:cut], "")), 1)
	before := h.View().State().Size
	if before == 0 || h.View().State().Decided("viii-3") {
		t.Fatalf("%d entries, decided already", before)
	}
	late := strings.Replace(all[cut], `"refused":`, `"refuse":`, 1) // 17:59:59 by the delegate's watch, and years too late
	if _, err := h.play([]byte(late)); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Fatalf("a silence was broken after its deadline: %v", err)
	}
	if _, err := h.play([]byte(`{"act":{"as":"Secretary","by":"b38eac015d9a1c1ed41abec6ae64cf9f","fields":{"language":"en","level":"public","symbol":"LP/VIII/INF.9","text":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","type":"letter"},"key":"AAAAAAAAAAAAAAAAAAAAAA","meeting":"viii","name":"RegisterDocument"},"at":"2027-10-15T09:00:00.000Z"}` + "\n")); err != nil {
		t.Fatal(err)
	}
	s, came := h.View().State(), 0
	for i, e := range h.entries(t)[before:] {
		if strings.Contains(e, `"name":"TimeCame"`) {
			if i > 1 || !strings.Contains(e, `"kind":"SilenceHeld"`) {
				t.Errorf("what fell due: %.300s", e)
			}
			came++
		}
	}
	for _, id := range []conference.MotionID{"s-4", "s-5"} {
		if x, _ := s.Silence(id); x.Expires.String() != "2027-10-14T13:00:00.000Z" || x.State != "held" {
			t.Errorf("%s: %+v", id, x)
		}
	}
	if came != 2 || s.Size != before+3 || !s.Decided("viii-2") || !s.Decided("viii-3") {
		t.Errorf("%d instants came, %d entries more", came, s.Size-before)
	}
}
