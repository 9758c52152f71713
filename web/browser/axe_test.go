package browser_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/story/storytest"
)

// axe is axe-core, which finds what WCAG 2.2 forbids as far as a machine can.
//
//go:embed testdata/axe/axe.min.js
var axe string

// A look is a screen on which a page is checked.
type look struct {
	name          string
	width, height int64
	media         [][2]string
}

var looks = []look{
	{"phone, light", 360, 740, [][2]string{{"prefers-color-scheme", "light"}}},
	{"desk, dark, still", 1440, 900, [][2]string{{"prefers-color-scheme", "dark"}, {"prefers-reduced-motion", "reduce"}}},
}

// pictured are the looks that are saved where KURULTAI_PICTURES names a folder.
var pictured = []look{
	{"360-light", 360, 740, [][2]string{{"prefers-color-scheme", "light"}}}, {"360-dark", 360, 740, [][2]string{{"prefers-color-scheme", "dark"}}},
	{"1440-light", 1440, 900, [][2]string{{"prefers-color-scheme", "light"}}}, {"1440-dark", 1440, 900, [][2]string{{"prefers-color-scheme", "dark"}}},
	{"1920-light", 1920, 1080, [][2]string{{"prefers-color-scheme", "light"}}}, {"1920-dark", 1920, 1080, [][2]string{{"prefers-color-scheme", "dark"}}},
}

// answers are the codes of pages that say no to the public.
var answers = map[string]int{"now": 401, "meetings/ix/floor": 401, "meetings/ix/chair": 401, "meetings/ix/desk": 401, "no/such/page": 404, "enrol/" + noLink: 404}

var noLink = strings.Repeat("A", 43)

// A stage is a record in a state, a person who looks at it, and what they look at.
type stage struct {
	name   string
	house  func(t *testing.T) *house
	enter  func(h *house, b *tab)            // signs in; nil for the public
	pages  []string                          // below the language
	doings map[string]func(h *house, b *tab) // states that somebody brings about, by name
}

func (h *house) as(c conference.Capacity, party conference.PartyID, place string) func(*house, *tab) {
	return func(h *house, b *tab) { b.take(h, string(h.holder(b.t, c, party)), place) }
}

func stages(t *testing.T) []stage {
	sitting := serve(t, storytest.PlayText(t, training(t)))
	voting := serve(t, storytest.PlayText(t, training(t)))
	voting.called(t)
	moving := serve(t, storytest.PlayText(t, training(t)))
	moving.takes(t, conference.Head, "xv", "Move", conference.Move{Motion: "mo-a", Sort: "adjourn-debate"})
	moving.takes(t, conference.Head, "xo", "RaisePointOfOrder", conference.RaisePointOfOrder{Point: "po-a", Rule: "rule 21", Claim: "the debate has just begun"})
	deciding := serve(t, storytest.PlayText(t, training(t)))
	deciding.takes(t, conference.Head, "xv", "Move", conference.Move{Motion: "mo-a", Sort: "adjourn-debate"})
	deciding.takes(t, conference.Head, "xo", "Move", conference.Move{Motion: "mo-b", Sort: "adjourn-meeting"})
	deciding.takes(t, conference.Chair, "", "PutQuestion", conference.PutQuestion{Question: "q-b", Type: "motion", Thing: "mo-b", Method: "recorded"})
	for _, party := range []conference.PartyID{"xl", "xv", "xz"} {
		deciding.takes(t, conference.Head, party, "Answer", conference.Answer{Question: "q-b", Answer: "no"})
	}
	deciding.takes(t, conference.Chair, "", "EndVoting", conference.EndVoting{Question: "q-b"})
	deciding.takes(t, conference.Chair, "", "AnnounceResult", conference.AnnounceResult{Question: "q-b"})
	head := string(sitting.holder(t, conference.Head, "xz"))
	founded := serve(t, storytest.PlayText(t, founding(t)))
	baku := serve(t, storytest.Play(t, "baku"))
	owed := serve(t, storytest.Play(t, "undertakings"))
	in := func(h *house) func(*testing.T) *house { return func(*testing.T) *house { return h } }
	role := func(h *house, c conference.Capacity, party conference.PartyID, place string) func(*house, *tab) {
		return h.as(c, party, place)
	}
	desk := []string{"meetings/ix/desk", "enrolments", "now", "pending", "act/RegisterPerson?as=Secretary", "act/PutQuestion?as=Chair&meeting=ix"}
	for _, page := range []string{"acts", "keys", "correct", "papers", "people", "programme", "commitments", "messages", "sheets"} {
		desk = append(desk, "meetings/ix/desk/"+page)
	}
	return append([]stage{
		{name: "owed", house: in(owed), pages: owedPages},
		{name: "public", house: in(sitting), pages: []string{"", "meetings", "meetings/ix", "meetings/viii", "meetings/vii", "meetings/viii/programme", "meetings/viii/replay", "meetings/viii/communique",
			"meetings/viii/wall", "meetings/ix/wall", "documents", "documents/LP/VIII/L.1", "decisions", "instruments/statute", "instruments/statute/status?on=2027-12-01", "commitments", "parties", "parties/xa", "parties/xa?on=2027-01-01", "people/" + head,
			"search", "search?q=ferr", "search?q=nothing-of-the-kind", "record", "record/5", "record/200", "record?at=100", "meetings/viii?at=300", "now", "roles", "roles?to=desk", "signin", "act/AskFloor", "meetings/ix/floor", "meetings/ix/chair", "meetings/ix/desk", "no/such/page", "enrol/" + noLink},
			doings: map[string]func(*house, *tab){"meetings/ix without a network": func(h *house, b *tab) {
				b.visit(h.origin + "/en/meetings/ix")
				h.cut()
				b.until(`!document.getElementById("offline").hidden`)
			}, "meetings/ix/wall without a network": func(h *house, b *tab) {
				b.visit(h.origin + "/en/meetings/ix/wall")
				h.cut()
				b.until(`!document.getElementById("offline").hidden`)
			}}},
		{name: "delegate", house: in(sitting), enter: role(sitting, conference.Head, "xz", "phone"), pages: []string{"meetings/ix/floor", "meetings/ix/floor/agenda", "meetings/ix/floor/papers", "meetings/ix/floor/messages", "meetings/ix/floor/name", "me", "now", "act/AskFloor?as=Head&for=xz&meeting=ix", "act/Move?as=Head&for=xz&meeting=ix"},
			doings: map[string]func(*house, *tab){"an act refused": func(h *house, b *tab) {
				b.visit(h.origin + "/en/act/Move?as=Head&for=xz&meeting=ix")
				b.click(`button.main[name="do"]`, ".note.no[role=alert]:not([hidden])")
			}}},
		{name: "observer", house: in(sitting), enter: role(sitting, conference.ObserverHead, "xm", "phone"), pages: []string{"meetings/ix/floor"}},
		{name: "chair", house: in(sitting), enter: role(sitting, conference.Chair, "", "chair"), pages: []string{"meetings/ix/chair"}},
		{name: "desk", house: in(sitting), enter: role(sitting, conference.Secretary, "", "desk"), pages: desk,
			doings: map[string]func(*house, *tab){"the palette": func(h *house, b *tab) {
				b.visit(h.origin + "/en/meetings/ix/desk")
				b.until(`!!document.querySelector("#desks")`)
				b.key("k", ", ctrlKey: true")
				b.until(`document.querySelector("dialog.palette[open]") !== null`)
			}, "the keys": func(h *house, b *tab) {
				b.visit(h.origin + "/en/meetings/ix/desk")
				b.until(`!!document.querySelector("#desks")`)
				b.key("?", "")
				b.until(`document.querySelector("#keys").open`)
			}}},
		{name: "a vote, public", house: in(voting), pages: []string{"meetings/ix", "meetings/ix/wall"}},
		{name: "a vote, delegate", house: in(voting), enter: role(voting, conference.Head, "xz", "phone"), pages: []string{"meetings/ix/floor", "meetings/ix/floor/vote"},
			doings: map[string]func(*house, *tab){"a vote to confirm": func(h *house, b *tab) {
				b.visit(h.origin + "/en/meetings/ix/floor")
				b.click(`#ballot button[value="abstain"]`, "#ask[open]")
			}, "a vote that waits for the network": func(h *house, b *tab) {
				b.visit(h.origin + "/en/meetings/ix/floor")
				h.cut()
				b.click(`#ballot button[value="no"]`, "#ask[open]")
				b.click("#ask button.main", `#outbox [data-state="waits"]`)
			}}},
		{name: "a vote, chair", house: in(voting), enter: role(voting, conference.Chair, "", "chair"), pages: []string{"meetings/ix/chair"}},
		{name: "a vote, desk", house: in(voting), enter: role(voting, conference.Secretary, "", "desk"), pages: []string{"meetings/ix/desk", "meetings/ix/desk/sheets"}},
		{name: "a motion, public", house: in(moving), pages: []string{"meetings/ix", "meetings/ix/wall"}},
		{name: "a result before a motion", house: in(deciding), pages: []string{"meetings/ix/wall"}, doings: map[string]func(*house, *tab){"the motion after the result": func(h *house, b *tab) {
			b.visit(h.origin + "/en/meetings/ix/wall")
			b.until(`document.querySelector("main").className.includes("on-result")`)
			run[any](b, `document.querySelector("main").dataset.starts = document.querySelector("main").dataset.last; document.dispatchEvent(new Event("renewed")); null`)
			b.until(`document.querySelector("main").className === "on-rises" && !document.querySelectorAll(".scene")[1].hidden`)
		}}},
		{name: "a motion, delegate", house: in(moving), enter: role(moving, conference.Head, "xz", "phone"), pages: []string{"meetings/ix/floor"}},
		{name: "a motion, observer", house: in(moving), enter: role(moving, conference.ObserverHead, "xm", "phone"), pages: []string{"meetings/ix/floor"}},
		{name: "a motion, chair", house: in(moving), enter: role(moving, conference.Chair, "", "chair"), pages: []string{"meetings/ix/chair"}},
		{name: "a body without a meeting", house: in(founded), pages: []string{"", "meetings", "decisions", "documents", "parties", "record", "search", "chair", "wall", "floor", "desk"}},
		{name: "a reported meeting", house: in(baku), pages: []string{"", "meetings/xxii", "meetings/xxii/communique", "meetings/xxii/programme", "meetings/xxii/replay", "meetings/xxii/wall", "parties", "decisions", "record", "record/30"}},
	}, append(signingStages(t, sitting, baku), registryStage(t))...)
}

// calling brings the open meeting to a roll call in which three have answered, each otherwise, and one is called.
func (h *house) calling(t *testing.T) {
	t.Helper()
	for _, q := range h.s.View().State().SpeakersList("ix") {
		h.takes(t, conference.Chair, "", "GiveFloor", conference.GiveFloor{Request: q.ID})
		h.takes(t, conference.Chair, "", "EndFloor", conference.EndFloor{Why: "done"})
	}
	seed := []byte("sixteen bytes, x")
	h.takes(t, conference.Chair, "", "PutQuestion", conference.PutQuestion{Question: "q-ix", Type: "proposal", Thing: "p-ix-1", Method: "roll-call", Commitment: record.DigestOf(seed)})
	h.takes(t, conference.Chair, "", "DrawStart", conference.DrawStart{Question: "q-ix", Order: []conference.PartyID{"xa", "xl", "xo", "xv", "xz"}, Seed: canonical.EncodeBytes(seed)})
	q, _ := h.s.View().State().Pending("ix")
	for i, p := range q.Order[:4] {
		h.takes(t, conference.Secretary, "", "CallName", conference.CallName{Question: "q-ix", Party: p})
		if i < 3 {
			h.takes(t, conference.Head, p, "Answer", conference.Answer{Question: "q-ix", Answer: []string{"yes", "no", "abstain"}[i]})
		}
	}
}

// Where the reader's system chooses the colours, what a background told is told by a line: no state looks like another
// beside it, and axe finds nothing.
func TestForcedColoursTellEveryState(t *testing.T) {
	speaking, rolling := serve(t, storytest.PlayText(t, training(t))), serve(t, storytest.PlayText(t, training(t)))
	speaking.takes(t, conference.Chair, "", "GiveFloor", conference.GiveFloor{Request: speaking.s.View().State().SpeakersList("ix")[0].ID})
	rolling.calling(t)
	before, told := checked, 0
	for _, c := range []struct {
		h             *house
		as            conference.Capacity
		party         conference.PartyID
		page          string
		width, height int64
		states        []string // selectors of things that stand for different states
	}{
		{rolling, conference.Head, "xz", "floor", 360, 740, []string{".tabs [aria-current]", ".tabs a:not([aria-current])", ".called [aria-current]", ".called li:not([aria-current])"}},
		{rolling, conference.Secretary, "", "desk", 1440, 900, []string{".mast [aria-current]", ".mast nav a:not([aria-current])", ".rollcall .call", ".rollcall .y", ".run .cur", ".run .done"}},
		{rolling, conference.Chair, "", "chair", 1440, 900, []string{".rollcall .call", ".rollcall .y"}},
		{rolling, "", "", "wall", 1920, 1080, []string{".seat.y", ".seat.n", ".seat.y", ".seat.a", ".seat.n", ".seat.a", ".seat.call", ".seat.y", ".seat.call", ".seat.none"}},
		{rolling, "", "", "", 1440, 900, []string{".mast [aria-current]", ".mast nav a:not([aria-current])", ".tongues b", ".tongues a", ".agenda .cur", ".agenda li:not(.cur)"}},
		{speaking, conference.Head, "xz", "floor", 360, 740, nil},
		{speaking, conference.Secretary, "", "desk", 1440, 900, []string{".floor", ".asking"}},
		{speaking, conference.Chair, "", "chair", 1440, 900, []string{".btn.main", ".btn:not(.main)"}},
		{speaking, "", "", "", 1440, 900, []string{"section.now", ".hero"}},
	} {
		b := person(t, "ERR_", "Failed to load")
		if c.as != "" {
			b.take(c.h, string(c.h.holder(t, c.as, c.party)), strings.Replace(c.page, "floor", "phone", 1))
		}
		l := look{"forced colours", c.width, c.height, [][2]string{{"forced-colors", "active"}, {"prefers-color-scheme", "dark"}}}
		b.look(l)
		b.visit(c.h.origin + strings.TrimSuffix("/en/meetings/ix/"+c.page, "/"))
		name := "forced colours: " + string(c.as) + " " + c.page
		if !run[bool](b, `matchMedia("(forced-colors: active)").matches`) {
			t.Fatal("this browser forces no colours")
		}
		for i := 0; i < len(c.states); i += 2 {
			one, other := b.lines(c.states[i]), b.lines(c.states[i+1])
			if one == "" || other == "" || one == other {
				t.Errorf("%s: %s (%s) is told from %s (%s) by no line", name, c.states[i], one, c.states[i+1], other)
			}
			told++
		}
		checked++
		findings += b.axe(name, l)
		b.picture(strings.NewReplacer(" ", "-", ":", "").Replace(fmt.Sprint(name, " ", c.h == rolling)))
	}
	if checked-before != 9 || told < 16 {
		t.Errorf("%d pages, %d pairs of states", checked-before, told)
	}
	t.Logf("%d pages, %d pairs of states", checked-before, told)
}

// lines are the borders and outline of the first element a selector names, as they are drawn; "" where there is none.
func (b *tab) lines(selector string) string {
	b.t.Helper()
	return run[string](b, "(() => { const e = document.querySelector(`"+selector+"`); if (!e) return ''; const s = getComputedStyle(e); return ['Top', 'Right', 'Bottom', 'Left'].map(x => s['border' + x + 'Width'] + ' ' + s['border' + x + 'Style'] + ' ' + s['border' + x + 'Color']).concat(s.outlineStyle + s.outlineWidth).join(', '); })()")
}

// founding is the training story before its first meeting is convened.
func founding(t *testing.T) []byte {
	t.Helper()
	before, _, found := strings.Cut(string(training(t)), `"name":"ConveneMeeting"`)
	if !found {
		t.Fatal("the training story convenes no meeting")
	}
	return []byte(before[:strings.LastIndex(before, "\n")+1])
}

// Finding is what axe says of elements of a page.
type finding struct {
	ID, Help string
	Nodes    []struct {
		Target         []any
		HTML           string
		FailureSummary string
		Any            []struct{ Data json.RawMessage }
	}
}

// unsure are what axe leaves to people to decide, who have decided.
var unsure = map[string]string{
	"color-contrast elmPartiallyObscured": "in a bar that scrolls sideways, where the same words pass when they are in sight",
	"color-contrast shortTextContent":     "a figure or a sign, in the colour of the words beside it",
	"color-contrast emptyValue":           "nothing is typed yet; what is typed has the colours of the page",
	"color-contrast imgNode":              "a flag stands before the words, not behind them",
}

// open are the elements of a finding that nobody has decided about.
func (f *finding) open() bool {
	undecided := f.Nodes[:0]
	for _, n := range f.Nodes {
		why := struct{ MessageKey string }{}
		if len(n.Any) > 0 {
			_ = json.Unmarshal(n.Any[0].Data, &why) // other rules have data of other shapes: those are not decided
		}
		if unsure[f.ID+" "+why.MessageKey] == "" {
			undecided = append(undecided, n)
		}
	}
	f.Nodes = undecided
	return len(undecided) > 0
}

// Each page in each of its states keeps to WCAG 2.2 AA as far as axe can tell, and nothing is wider than the screen.
func TestEveryPageKeepsToWCAG(t *testing.T) {
	before, all, ran := checked, stages(t), 0
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			ran++
			s.keeps(t)
		})
	}
	if n := checked - before; ran == len(all) && n < 190 || ran == 0 {
		t.Errorf("only %d were checked", n)
	}
	t.Logf("%d were checked in %d of %d stages", checked-before, ran, len(all))
}

// keeps looks at the pages of a stage and brings about its states.
func (s stage) keeps(t *testing.T) {
	h := s.house(t)
	b := person(t, "ERR_", "Failed to load", "net::", "400", "401", "403", "404", "410", "413", "415", "422", "status of")
	if s.enter != nil {
		s.enter(h, b)
	}
	for _, page := range s.pages {
		b.visit(h.origin + "/en/" + page)
		if code := run[int](b, `performance.getEntriesByType("navigation")[0].responseStatus`); code != max(answers[page], http.StatusOK) && s.enter == nil || s.enter != nil && code != http.StatusOK {
			t.Errorf("%s: /%s answers with %d", s.name, page, code)
		}
		b.checks(s.name + ": /" + page)
	}
	for name, bring := range s.doings {
		b.look(looks[0])
		bring(h, b)
		b.checks(s.name + ": " + name)
		h.mend()
	}
}

// checked and findings count what axe looked at in all tests: pages in a state on a screen, and what it found.
var checked, findings int

// checks holds a page in a state to WCAG on each screen, and keeps pictures of it.
func (b *tab) checks(name string) {
	b.t.Helper()
	for _, l := range looks {
		b.look(l)
		checked++
		findings += b.axe(name, l)
	}
	b.pictures(name)
}

// look sets the screen.
func (b *tab) look(l look) {
	b.t.Helper()
	var features []*emulation.MediaFeature
	for _, m := range l.media {
		features = append(features, &emulation.MediaFeature{Name: m[0], Value: m[1]})
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: l.height, DeviceScaleFactor: 1}); err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		b.t.Fatal(err)
	}
}

// axe reports what it finds on the page, and how much.
func (b *tab) axe(name string, l look) (found int) {
	b.t.Helper()
	if run[bool](b, `!self.axe`) {
		run[any](b, axe+"; null")
	}
	if !b.fits(name + ", " + l.name) {
		found++
	}
	var r struct{ Violations, Incomplete []finding }
	text := run[string](b, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations", "incomplete"]}).then(r => JSON.stringify({violations: r.violations, incomplete: r.incomplete}))`)
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		b.t.Fatal(err)
	}
	for _, f := range r.Violations {
		found++
		b.t.Errorf("%s (%s): %s: %s\n%s", name, l.name, f.ID, f.Help, f.where())
	}
	for _, f := range r.Incomplete {
		if f.open() {
			found++
			b.t.Errorf("%s (%s), unsure: %s: %s\n%s", name, l.name, f.ID, f.Help, f.where())
		}
	}
	return found
}

func (f finding) where() string {
	var lines []string
	for _, n := range f.Nodes[:min(len(f.Nodes), 4)] {
		lines = append(lines, fmt.Sprintf("\t%v %.160s\n\t\t%.200s", n.Target, n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", " ")))
	}
	return strings.Join(lines, "\n")
}

// pictures keeps what the page shows on each screen, and holds it to its width.
func (b *tab) pictures(name string) {
	b.t.Helper()
	if os.Getenv("KURULTAI_PICTURES") == "" {
		return
	}
	for _, l := range pictured {
		b.look(l)
		b.fits(name + " " + l.name)
		b.picture(strings.NewReplacer("/", "-", "?", "-", " ", "-", ":", "").Replace(name + "-" + l.name))
	}
	b.look(looks[1])
}

// fits reports whether nothing is wider than the screen.
func (b *tab) fits(name string) bool {
	b.t.Helper()
	wide := run[int64](b, `document.documentElement.scrollWidth - innerWidth`)
	if wide > 0 {
		b.t.Errorf("%s is wider than the screen by %d: %s", name, wide, run[string](b, `[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + "." + e.className).slice(0, 4).join(", ")`))
	}
	return wide <= 0
}

// owedPages tell of commitments.
var owedPages = []string{"commitments", "commitments/flood-officers", "commitments/gauge-readings", "parties/xo/commitments", "meetings/vi/commitments", "decisions/vi-1", "reminders?on=2027-06-09"}

// What decisions oblige to is read on a phone in every language.
func TestCommitmentsFitAPhone(t *testing.T) {
	h, b, n := serve(t, storytest.Play(t, "undertakings")), person(t), 0
	b.look(look{"narrow", 320, 640, nil})
	for _, l := range language.All() {
		for _, page := range owedPages {
			b.visit(h.origin + "/" + l.Code + "/" + page)
			b.fits("/" + l.Code + "/" + page)
			n++
		}
	}
	if n < 50 {
		t.Errorf("only %d pages", n)
	}
}

// In no language is a page wider than a phone, and none leaves a word unsaid.
func TestEveryLanguageFitsAPhone(t *testing.T) {
	h := serve(t, storytest.PlayText(t, training(t)))
	note := h.corresponds(t)
	b := person(t)
	b.take(h, string(h.holder(t, conference.Secretary, "")), "desk")
	b.look(look{"narrow", 320, 640, nil})
	n := 0
	for _, l := range language.All() {
		for _, page := range []string{"", "meetings/ix", "meetings/viii", "meetings/viii/programme", "documents", "parties", "commitments", "record", "verify", "instruments/statute/signing", "instruments/statute/wall", "meetings/ix/wall", "meetings/ix/desk", "meetings/ix/desk/people", "now", "me", "registry", "registry/write", "registry/keys", fmt.Sprint("registry/", note)} {
			b.visit(h.origin + "/" + l.Code + "/" + page)
			b.fits("/" + l.Code + "/" + page)
			n++
		}
	}
	delegate := person(t)
	delegate.take(h, string(h.holder(t, conference.Head, "xz")), "phone")
	delegate.look(look{"narrow", 320, 640, nil})
	for _, l := range language.All() {
		for _, page := range []string{"", "/messages"} {
			delegate.visit(h.origin + "/" + l.Code + "/meetings/ix/floor" + page)
			delegate.fits("/" + l.Code + "/floor" + page)
			delegate.picture("tabs-" + l.Code + strings.ReplaceAll(page, "/", "-"))
			n++
		}
	}
	if n < 100 {
		t.Errorf("only %d pages", n)
	}
	t.Logf("%d pages fit", n)
}
