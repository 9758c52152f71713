package paper_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/pdf"
	"kurultai/record"
	"kurultai/record/recordtest"
	"kurultai/story"
	"kurultai/story/storytest"
)

// sessions are the meetings that have papers, by story.
var sessions = map[string][]conference.MeetingID{"baku": {"xxii"}, "xviii": {"xviii"}, "training": {"vii", "viii", "ix"}}

// argsOf is what stands behind the name of a paper that needs something there.
var argsOf = map[string][]string{"certificate": {"20"}, "text": {"LP/VI/L.1/Rev.1"}, "comparison": {"LP/VI/L.1", "LP/VI/L.1/Rev.1"}}

// remembered is a record whose entries are read once.
type remembered struct {
	paper.Record
	entries map[int64][]byte
}

func remember(r paper.Record) remembered { return remembered{r, map[int64][]byte{}} }

func (r remembered) Entry(ctx context.Context, index int64) ([]byte, error) {
	if b, ok := r.entries[index]; ok {
		return b, nil
	}
	b, err := r.Record.Entry(ctx, index)
	r.entries[index] = b
	return b, err
}

// build makes a paper; one that is refused is nil.
func build(t *testing.T, k paper.Kind, r paper.Record, w paper.Wish) *pdf.Document {
	t.Helper()
	if w.Args == nil {
		w.Args = argsOf[k.Name]
	}
	d, err := k.Build(r, w)
	var no *paper.Refusal
	if errors.As(err, &no) {
		return nil
	}
	if err != nil {
		t.Fatalf("%s of %s in %s: %v", k.Name, w.Meeting, w.Language.Code, err)
	}
	return &d
}

// Every paper of every story in every language: it can be made, all its words are there, and the text others' programs
// take out of the file is the text that was set, in reading order.
func TestEveryPaperInEveryLanguage(t *testing.T) {
	tall := pdf.Treaty() // so high that no heads of tables are repeated: they are no part of the text
	tall.Height = 14_000 * pdf.Point
	built, refused := 0, map[string]int{}
	for name, meetings := range sessions {
		v := remember(storytest.Play(t, name).View())
		for _, meeting := range meetings {
			for _, l := range language.All() {
				whole := pdf.Document{Language: l.Code, Title: name, Date: time.Unix(0, 0)}
				for _, k := range paper.Kinds() {
					d := build(t, k, v, paper.Wish{Language: l, Meeting: meeting})
					if d == nil {
						refused[k.Name]++
						continue
					}
					built++
					if d.Title == "" || d.Footer.Right == "" {
						t.Errorf("%s: no title or no foot", k.Name)
					}
					whole.Blocks = append(append(whole.Blocks, pdf.PageBreak{}), d.Blocks...)
				}
				compareText(t, fmt.Sprintf("%s %s %s", name, meeting, l.Code), whole, tall)
			}
		}
	}
	// Nothing is signed at four of the five meetings, of the eighteenth no member is known, and no text is kept of any.
	want := map[string]int{"signature-pages": 4 * 9, "blank-ballot": 9, "blank-roll-call": 9, "text": 5 * 9, "comparison": 5 * 9}
	if all := 5 * len(language.All()) * len(paper.Kinds()); built != all-6*9-2*5*9 || !maps.Equal(refused, want) {
		t.Errorf("%d papers built, %v refused, of %d", built, refused, all)
	}
	t.Logf("%d papers built, %v refused", built, refused)
}

// compareText sets a document and holds the text taken out of it against its own.
func compareText(t *testing.T, what string, d pdf.Document, l pdf.Layout) {
	t.Helper()
	want := sourceText(t, d.Blocks)
	for _, bad := range []string{"⟨", "⟩", "{0}", "{1}", "{2}", "%!"} {
		if strings.Contains(want, bad) {
			t.Errorf("%s: %s in %q", what, bad, around(want, strings.Index(want, bad)))
		}
	}
	b, err := pdf.Set(d, l)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	file := filepath.Join(t.TempDir(), "paper.pdf")
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	for program, args := range map[string][]string{"pdftotext": {"-raw", file, "-"}, "mutool": {"draw", "-q", "-F", "text", file}} {
		out, err := exec.Command(recordtest.Program(t, program), args...).Output()
		if err != nil {
			t.Fatalf("%s: %v", program, err)
		}
		if got, want := closed(string(out)), closed(want); got != want {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			t.Errorf("%s, %s: from byte %d\n%q\nnot\n%q", what, program, i, around(got, i), around(want, i))
		}
	}
}

// closed is a text without any white space: a long word of a narrow cell is divided, and a cell beside another is read
// with or without a space.
func closed(s string) string { return strings.ReplaceAll(flat(s), " ", "") }

func around(s string, i int) string { return s[max(0, i-60):min(len(s), i+100)] }

// Each kind as a file of its own: others' tools find nothing to say, see a tagged file, and the same wish gives the same
// bytes, also from a record that was played again.
func TestEveryKindIsASoundFile(t *testing.T) {
	first, again := remember(storytest.Play(t, "training").View()), remember(storytest.Play(t, "training").View())
	texts, texts2 := storytest.Play(t, "drafting").View(), storytest.Play(t, "drafting").View() // the story whose texts are kept
	l, _ := language.Get("en")
	files := 0
	for _, k := range paper.Kinds() {
		w := paper.Wish{Language: l, Meeting: "viii"}
		d, e := build(t, k, first, w), build(t, k, again, w)
		if k.Name == "text" || k.Name == "comparison" {
			d, e = build(t, k, texts, wishOf(t, texts, l)), build(t, k, texts2, wishOf(t, texts2, l))
		}
		if d == nil {
			t.Errorf("%s is refused", k.Name)
			continue
		}
		one, err := pdf.Set(*d, pdf.Treaty())
		if err != nil {
			t.Fatal(err)
		}
		if two, err := pdf.Set(*e, pdf.Treaty()); err != nil || !bytes.Equal(one, two) {
			t.Errorf("%s is not the same twice: %v", k.Name, err)
		}
		file := filepath.Join(t.TempDir(), k.Name+".pdf")
		if err := os.WriteFile(file, one, 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(recordtest.Program(t, "qpdf"), "--check", file).CombinedOutput(); err != nil || strings.Contains(strings.ToLower(string(out)), "warning") {
			t.Errorf("%s: %s", k.Name, out)
		}
		if out, _ := exec.Command(recordtest.Program(t, "pdfinfo"), file).Output(); !bytes.Contains(out, []byte("Tagged:          yes")) {
			t.Errorf("%s: %s", k.Name, out)
		}
		files++
	}
	if files < 19 {
		t.Errorf("%d files", files)
	}
}

// The golden file has digests of papers as they are set, their streams as they are.
func TestPapersAreAsTheyWere(t *testing.T) {
	v := storytest.Play(t, "baku").View()
	plain := pdf.Treaty()
	plain.Uncompressed = true
	var got strings.Builder
	for _, name := range []string{"participants", "journal", "verification"} {
		for _, code := range []string{"en", "ka"} {
			l, _ := language.Get(code)
			b, err := pdf.Set(*build(t, kindOf(t, name), v, paper.Wish{Language: l, Meeting: "xxii"}), plain)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&got, "%s %s %x\n", name, code, sha256.Sum256(b))
		}
	}
	const path = "testdata/papers.sha256"
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(path); err != nil || got.String() != string(want) {
		t.Errorf("papers are not as they were; look at them, then -update: %v\n%s", err, got.String())
	}
}

func kindOf(t testing.TB, name string) paper.Kind {
	t.Helper()
	kinds := paper.Kinds()
	i := slices.IndexFunc(kinds, func(k paper.Kind) bool { return k.Name == name })
	if i < 0 {
		t.Fatalf("no paper is called %s", name)
	}
	return kinds[i]
}

// A name published to participants stands in no paper of the public, and in the lists of who may read it.
func TestPapersShowTheNamesTheirReaderMaySee(t *testing.T) {
	text, _ := story.Shipped("training")
	v := storytest.PlayText(t, bytes.Replace(text, []byte(`"audience":"public"`), []byte(`"audience":"participants"`), 1)).View()
	l, _ := language.Get("en")
	var hidden conference.PersonID
	for _, p := range v.State().People() {
		for _, x := range p.Published {
			if x.Audience == conference.ToParticipants {
				hidden = p.ID
			}
		}
	}
	var room *conference.Reader
	for _, o := range v.State().Holders(conference.Head) {
		if r := v.State().Reader(o.Person, v.State().Last); r.Sees(conference.ToParticipants) {
			room = &r
		}
	}
	if hidden == "" || room == nil {
		t.Fatal("nobody's name is for participants alone, or nobody is one")
	}
	name, ok := v.For(*room).Name(hidden, "en")
	if !ok || name == "" {
		t.Fatal("the room does not see the name")
	}
	shown, all, hall := 0, remember(v), remember(v.For(*room))
	for _, meeting := range sessions["training"] {
		for _, k := range paper.Kinds() {
			w := paper.Wish{Language: l, Meeting: meeting}
			if d := build(t, k, all, w); d != nil && (strings.Contains(sourceText(t, d.Blocks), name) || d.Source != nil && bytes.Contains(d.Source.Bytes, []byte(name))) {
				t.Errorf("%s shows the public %s", k.Name, name)
			}
			if d := build(t, k, hall, w); d != nil && strings.Contains(sourceText(t, d.Blocks), name) {
				shown++
			}
		}
	}
	if shown < 3 {
		t.Errorf("%d papers show the room the name", shown)
	}
}

// What is not there is said in a sentence or refused in words, never printed empty.
func TestWhatTheRecordLacksIsSaid(t *testing.T) {
	v := storytest.Play(t, "baku").View()
	said := 0
	for _, l := range language.All() {
		for kind, key := range map[string]string{"agenda": "paper.noagenda", "annotated-agenda": "paper.noagenda", "amendments": "paper.noamendments", "credentials": "paper.nocredentials", "documents": "paper.nodocuments", "voting-record": "paper.novotes"} {
			d := build(t, kindOf(t, kind), v, paper.Wish{Language: l, Meeting: "xxii"})
			if text := sourceText(t, d.Blocks); !strings.HasSuffix(text, flat(l.Say(key))) {
				t.Errorf("%s in %s: %q", kind, l.Code, text)
			}
			said++
		}
	}
	english, _ := language.Get("en")
	for kind, args := range map[string][]string{"signature-pages": nil, "decisions": {"XXII/9"}, "voting-record": {"q"}, "amendments": {"L.9"}, "certificate": {"9999"}, "blank-ballot": {"e"}} {
		_, err := kindOf(t, kind).Build(v, paper.Wish{Language: english, Meeting: "xxii", Args: args})
		var no *paper.Refusal
		if !errors.As(err, &no) || strings.ContainsAny(err.Error(), "⟨{") {
			t.Errorf("%s %q: %v", kind, args, err)
		}
		for _, l := range language.All() {
			if no != nil && strings.ContainsAny(no.In(l), "⟨{") {
				t.Errorf("%s: %s", l.Code, no.In(l))
			}
		}
		said++
	}
	if said != 9*6+6 {
		t.Errorf("%d sentences", said)
	}
}

// The numbers of a voting record are those of the record, with the rule; a roll call stands in the order drawn.
func TestAVotingRecordHasNumbersRuleAndNames(t *testing.T) {
	v := storytest.Play(t, "training").View()
	l, _ := language.Get("en")
	k := kindOf(t, "voting-record")
	all := sourceText(t, build(t, k, v, paper.Wish{Language: l, Meeting: "viii"}).Blocks)
	for _, want := range []string{"Carried. 3 in favour, 1 against, 1 abstaining", "votes cast: 3 of 4; needed 3", "two-thirds, rule 24", "Counted without names.", "Zelinor (meant: in favour)", "Equal votes: a second vote is due"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in %s", want, all)
		}
	}
	one := build(t, k, v, paper.Wish{Language: l, Meeting: "viii", Args: []string{"q-9"}})
	var names []string
	for _, b := range one.Blocks {
		if table, ok := b.(pdf.Table); ok && len(table.Head) > 0 {
			for _, row := range table.Rows {
				names = append(names, row[0].Text[0].Text)
			}
		}
	}
	if want := []string{"Orsevin", "Vindara", "Zelinor", "Ardovel", "Lomera"}; !slices.Equal(names, want) {
		t.Errorf("%v, not in the order of the call", names)
	}
}

// A summary record says who spoke when, in the order in which it happened, with motions and votes.
func TestASummaryRecordTellsWhatHappenedInOrder(t *testing.T) {
	v := storytest.Play(t, "training").View()
	l, _ := language.Get("en")
	text := sourceText(t, build(t, kindOf(t, "summary-record"), v, paper.Wish{Language: l, Meeting: "viii"}).Blocks)
	at := 0
	for _, want := range []string{"Meeting opened: Ilvar Tesmond; In the room: Ardovel, Lomera", "Agenda adopted", "Item 1. Lake water in dry years", "Point of order raised: Vindara, rule 16", "Orsevin. Kestan Morvil noted the dynamic development of cooperation.", "Ruling overruled", "Motion made: closure of the debate, Zelinor", "Motion lost: suspension of the meeting", "Result announced: Draft LP/VIII/L.1: Carried; 3 in favour, 1 against, 1 abstaining; votes cast: 3 of 4; needed 3; two-thirds, rule 24; in favour: Ardovel", "Adopted: Decision VIII/1", "13 October 2027", "Candidate elected: Vindara", "Meeting closed"} {
		i := strings.Index(text[at:], want)
		if i < 0 {
			t.Errorf("no %q behind byte %d", want, at)
			continue
		}
		at += i
	}
}

// A crowd is a record in which one delegation has many members, all of them with names.
type crowd struct {
	paper.Record
	s conference.State
}

func (c crowd) State() *conference.State { return &c.s }

func (c crowd) Name(p conference.PersonID, _ conference.Language) (string, bool) {
	given, family := []string{"Aya", "Bartholomäus", "Cәния", "Də"}, []string{"Ito", "Oude Kempers van der Heijden", "Əliyeva", "Öztürk-Yılmaz"}
	if p == conference.UnnamedPerson {
		return "", false
	}
	n := int(p[31]) + int(p[30])
	return given[n%4] + " " + family[n/4%4] + " " + strings.ToUpper(string(p[28:])), true
}

func crowded(t testing.TB, n int) crowd {
	v := storytest.Play(t, "baku").View()
	c := crowd{v, *v.State()}
	e := &conference.DelegationNominated{Meeting: "xxii", Party: "az"}
	for i := range n {
		e.Members = append(e.Members, conference.DelegationMember{Person: conference.PersonID(fmt.Sprintf("%032x", i)), Role: "delegate"})
	}
	c.s.Apply(c.s.Size, 0, c.s.Last, conference.Event{Body: e})
	return c
}

// A thousand badges are eight a page, each with its code, and no name is too long for one.
func TestAThousandBadges(t *testing.T) {
	r := crowded(t, 1000)
	l, _ := language.Get("az")
	start := time.Now()
	d := build(t, kindOf(t, "badges"), r, paper.Wish{Language: l, Meeting: "xxii"})
	b, err := pdf.Set(*d, pdf.Treaty())
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	cards := d.Blocks[0].(pdf.Cards)
	if pages := bytes.Count(b, []byte("/Type/Page/")); pages != (len(cards.Cards)+7)/8 || len(cards.Cards) < 1000 {
		t.Errorf("%d badges on %d pages", len(cards.Cards), pages)
	}
	t.Logf("%d badges in %v, %d bytes", len(cards.Cards), took.Round(time.Millisecond), len(b))
}

// A verbose record calls everybody and everything by one long name.
type verbose struct {
	crowd
	name string
}

func (v verbose) Name(conference.PersonID, conference.Language) (string, bool) { return v.name, true }

// Whatever names are, cards are set: what does not fit is smaller, then cut.
func TestNoNameIsTooLongForACard(t *testing.T) {
	l, _ := language.Get("az")
	set := 0
	for _, name := range []string{"Ə", strings.Repeat("Wilhelmine ", 9), strings.Repeat("ҚЫРҒЫЗСТАН ", 40), strings.Repeat("W", 5000), strings.Repeat("საქართველო", 30), "\u0301\u0301", " "} {
		v := verbose{crowded(t, 3), name}
		v.s.Apply(v.s.Size, 1, v.s.Last, conference.Event{Body: &conference.PartyNamed{Party: "az", Short: conference.Names{{Language: "az", Text: name}}}})
		for _, kind := range []string{"badges", "place-cards"} {
			if _, err := kindOf(t, kind).Set(v, paper.Wish{Language: l, Meeting: "xxii"}); err != nil {
				t.Errorf("%s of %.20q: %v", kind, name, err)
			}
			set++
		}
	}
	if set != 14 {
		t.Errorf("%d set", set)
	}
}

func BenchmarkThousandBadges(b *testing.B) {
	r := crowded(b, 1000)
	l, _ := language.Get("az")
	k := kindOf(b, "badges")
	for b.Loop() {
		d, err := k.Build(r, paper.Wish{Language: l, Meeting: "xxii"})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := pdf.Set(d, pdf.Treaty()); err != nil {
			b.Fatal(err)
		}
	}
}

const (
	draftText = "# Lake water in dry years\n\nThe Conference,\n\nRecalling its earlier decisions,\n\nNoting the drought,\n\n1. Decides that each State keeps two thirds of the water;\n\n2. Asks the secretariat to report."
	farText   = "1. Decides that each State keeps half of the water in dry years;"
)

// An amendment is printed as tracked changes on its paragraph; text that only claims the digest is not printed.
func TestAmendmentsAreTrackedChanges(t *testing.T) {
	digest := func(s string) record.Digest {
		sum := sha256.Sum256([]byte(s))
		return record.Digest(base64.RawURLEncoding.EncodeToString(sum[:]))
	}
	text, _ := story.Shipped("training")
	text = bytes.ReplaceAll(text, []byte("sY8J0lAthkSGGQDRGiNy9PXpVS6rWT1ullPaLXM96EM"), []byte(digest(draftText)))
	text = bytes.ReplaceAll(text, []byte("rDeValGHGJkt9EsjHo8dDDHoC9wajG6oUqwqMawPQzk"), []byte(digest(farText)))
	v := storytest.PlayText(t, text).View()
	l, _ := language.Get("en")
	texts := map[record.Digest]string{digest(draftText): draftText, digest(farText): farText}
	w := paper.Wish{Language: l, Meeting: "viii", Text: func(d record.Digest) ([]byte, bool) { s, ok := texts[d]; return []byte(s), ok }}
	d := build(t, kindOf(t, "amendments"), v, w)
	got := sourceText(t, d.Blocks)
	if want := "1. Decides that each State keeps [−two thirds−] [+half+] of the [−water;−] [+water in dry years;+]"; !strings.Contains(got, want) {
		t.Errorf("no %q in %s", want, got)
	}
	struck, under := 0, 0
	for _, b := range d.Blocks {
		if p, ok := b.(pdf.Paragraph); ok {
			for _, r := range p.Text {
				if r.Struck {
					struck++
				}
				if r.Underlined && r.Bold {
					under++
				}
			}
		}
	}
	if struck != 3 || under != 3 { // two changes and the legend
		t.Errorf("%d struck, %d underlined", struck, under)
	}
	if n := strings.Count(got, l.Say("paper.notext")); n != 2 {
		t.Errorf("%d texts are said not to be at hand", n)
	}
	compareText(t, "amendments", pdf.Document{Language: "en", Title: "x", Date: d.Date, Blocks: d.Blocks}, pdf.Treaty())
}

// The text of a decision is printed where it is at hand and is the one meant.
func TestADecisionIsPrintedWithItsText(t *testing.T) {
	v := storytest.Play(t, "training").View()
	l, _ := language.Get("en")
	d, _ := v.State().Decision("viii-1")
	w := paper.Wish{Language: l, Meeting: "viii", Args: []string{"VIII/1"}, Text: func(of record.Digest) ([]byte, bool) { return []byte(draftText), of == d.Text }}
	one := build(t, kindOf(t, "decisions"), v, w)
	text := sourceText(t, one.Blocks)
	if !strings.Contains(text, "Recalling its earlier decisions, Noting the drought, 1. Decides that") || strings.Contains(text, "VIII/4") || one.Blocks[0].(pdf.Masthead).Symbol != "VIII/1" {
		t.Errorf("%s", text)
	}
	w.Args = nil
	if text := sourceText(t, build(t, kindOf(t, "decisions"), v, w).Blocks); strings.Count(text, "Noting the drought") != 1 || !strings.Contains(text, "Decision VIII/3") || !strings.Contains(text, "Silence procedure") {
		t.Errorf("%s", text)
	}
}

// Certificates hold: the hash is that of the entry, and with the proof it comes to the root.
func TestACertificateCanBeChecked(t *testing.T) {
	v := storytest.Play(t, "training").View()
	l, _ := language.Get("en")
	text := sourceText(t, build(t, kindOf(t, "certificate"), v, paper.Wish{Language: l, Meeting: "viii", Args: []string{"200"}}).Blocks)
	proof, err := v.Prove(context.Background(), 200)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{v.Origin(), v.Checkpoint().Root.String(), v.VerifierKey()}
	for _, h := range proof {
		want = append(want, h.String())
	}
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("no %s", w)
		}
	}
	copyOf := sourceText(t, build(t, kindOf(t, "certificate"), v, paper.Wish{Language: l, Meeting: "viii", Args: []string{"LP/VIII/L.1"}}).Blocks)
	doc, _ := v.State().Document("LP/VIII/L.1")
	if !strings.Contains(copyOf, string(doc.Versions[0].Text)) || !strings.Contains(copyOf, "true copy") {
		t.Errorf("%s", copyOf)
	}
}
