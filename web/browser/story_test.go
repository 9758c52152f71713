package browser_test

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/passkey"
	"kurultai/secretariat"
	"kurultai/story"
	"kurultai/story/storytest"
	"kurultai/web"
)

// A cast plays the training story: the desk, the Chair, the heads of two delegations and of the observer, the second
// officer, and the head of Lomera, who presides in the end, do their acts in browsers of their own, through the form of
// each act and with a passkey, while the wall is open. What others do comes straight to the record, in its place. The
// record's clock shows the times of the story.
type cast struct {
	*testing.T
	h     *house
	clock *storytest.Clock
	desk  conference.PersonID
	names map[conference.PersonID]string // of who has a browser, as their pictures are called
	tabs  map[conference.PersonID]*tab
	wall  *tab
	keys  map[conference.PersonID]*passkey.Key // of who has none
	forms map[string]string                    // the key a page gave an act, by its key in the story
	place []int64                              // of the nth entry of the story in this record
	done  map[string]int                       // what was counted
}

// registered is the story up to where everybody it begins with is in office.
func registered(t *testing.T) (before, after []story.Line, text []byte) {
	t.Helper()
	all := training(t)
	lines, err := story.Parse(bytes.NewReader(all))
	if err != nil {
		t.Fatal(err)
	}
	n := slices.IndexFunc(lines, func(l story.Line) bool {
		return l.Act.Get("name").Str == "GrantOffice" && l.Act.Get("fields").Get("capacity").Str == string(conference.ObserverHead)
	})
	if n < 0 {
		t.Fatal("no observer comes into office")
	}
	return lines[:n+1], lines[n+1:], bytes.Join(slices.Collect(bytes.Lines(all))[:n+1], nil)
}

// assembles brings everybody to their devices: each makes a passkey by a link.
func assembles(t *testing.T, before []story.Line, text []byte) *cast {
	t.Helper()
	c := &cast{T: t, clock: new(storytest.Clock), tabs: map[conference.PersonID]*tab{}, keys: map[conference.PersonID]*passkey.Key{}, forms: map[string]string{}, done: map[string]int{}}
	c.clock.Set(before[len(before)-1].At)
	c.h = serve(t, storytest.PlayOn(t, text, "conference.example/tamrin", c.clock))
	for range c.state().Size {
		c.place = append(c.place, int64(len(c.place)))
	}
	c.desk = conference.PersonID(before[0].Act.Get("by").Str)
	c.names = map[conference.PersonID]string{c.h.holder(t, conference.Chair, ""): "chair", c.h.holder(t, conference.Head, "xl"): "lomera", c.h.holder(t, conference.Head, "xz"): "zelinor",
		c.h.holder(t, conference.Head, "xv"): "vindara", c.h.holder(t, conference.ObserverHead, "xm"): "observer"}
	for _, o := range c.state().Holders(conference.Secretary) {
		c.names[o.Person] = map[bool]string{true: "desk", false: "second"}[o.Person == c.desk]
	}
	links := map[conference.PersonID]string{}
	for who := range c.names {
		links[who] = c.h.link(t, who)
	}
	c.h.named(t)
	for who, link := range links {
		c.enters(who, link)
	}
	c.wall = person(t)
	c.wall.do(chromedp.EmulateViewport(1920, 1080))
	return c
}

// places are where people sit, and tongues the languages they read in, where not English.
var (
	places  = map[string]string{"desk": "desk", "chair": "chair", "zelinor": "floor", "vindara": "floor", "observer": "floor"}
	tongues = map[string]string{"vindara": "tr", "observer": "de", "lomera": "kk"}
)

// enters has a person make a passkey in a tab of its own.
func (c *cast) enters(who conference.PersonID, link string) {
	c.Helper()
	b := person(c.T, "Failed to load") // a refusal is an answer of 4xx
	b.device()
	if places[c.names[who]] == "floor" {
		b.do(chromedp.EmulateViewport(360, 800))
	} else {
		b.do(chromedp.EmulateViewport(1440, 900))
	}
	b.visit(link)
	b.click("#enrol", "#signout")
	c.tabs[who] = b
}

// tongue is the language a person reads in.
func (c *cast) tongue(who conference.PersonID) string { return cmp.Or(tongues[c.names[who]], "en") }

// page is the address of a page as a person reads it.
func (c *cast) page(who conference.PersonID, path string) string {
	return c.h.origin + "/" + c.tongue(who) + path
}

func (c *cast) state() *conference.State { return c.h.s.View().State() }

// What the whole story comes to in this test at the least: acts that each did in a browser, of which some were signed
// by a passkey and some by two officers, refusals that were read on pages, choices and offices that a form did not offer
// and that came all the same, what the wall showed, moments at which all looked up, and entries that came out as the
// story has them.
var atLeast = map[string]int{"by desk": 122, "by chair": 141, "by zelinor": 34, "by vindara": 35, "by observer": 5, "by second": 11, "by lomera": 56, "signed": 88, "seconded": 7, "refusals read": 84,
	"choices not offered": 5, "offices claimed": 4, "speakers on the wall": 20, "results on the wall": 13, "results before a motion": 2, "moments": 5, "entries compared": 411}

// TestTheWholeStoryIsPlayedBySix plays the training story line by line and then compares the record with one into which
// the story was played at once.
func TestTheWholeStoryIsPlayedBySix(t *testing.T) {
	before, after, text := registered(t)
	c := assembles(t, before, text)
	for _, l := range after {
		c.plays(l)
		c.pauses(l)
	}
	c.same(storytest.PlayText(t, training(t)))
	t.Logf("%d lines: %v", len(before)+len(after), c.done)
	for what, n := range atLeast {
		if c.done[what] < n {
			t.Errorf("%s: %d, not %d", what, c.done[what], n)
		}
	}
}

// At five moments, known by an act, everybody sits at their own place and sees the same: the party it is about.
var moments = []struct {
	name, act, fields string
	party             conference.PartyID
}{
	{"1-no-quorum", "OpenMeeting", "", ""},
	{"2-speaker", "GiveFloor", `{"request":"f-xo"}`, "xo"},
	{"3-motion", "Move", `{"motion":"mo-3","seconds":900,"sort":"suspend"}`, "xo"},
	{"4-roll-call", "CallName", `{"party":"xz","question":"q-9"}`, "xz"},
	{"5-suspended", "DecideMotion", `{"motion":"mo-ix-1"}`, ""},
}

// pauses has everybody look up from their forms where one of the moments has come.
func (c *cast) pauses(l story.Line) {
	c.Helper()
	n := c.done["moments"]
	if n == len(moments) || moments[n].act != l.Act.Get("name").Str || moments[n].fields != l.Act.Get("fields").Str {
		return
	}
	for who, name := range c.names {
		if at := places[name]; at != "" {
			c.looks(who, "/meetings/"+l.Act.Get("meeting").Str+"/"+at, moments[n].party)
			c.tabs[who].picture(moments[n].name + "-" + name)
		}
	}
	c.wall.at(c.h)
	c.wall.picture(moments[n].name + "-wall")
	c.done["moments"]++
}

// looks has a person go to a place and read there what a party is called.
func (c *cast) looks(who conference.PersonID, place string, party conference.PartyID) {
	c.Helper()
	b := c.tabs[who]
	b.visit(c.page(who, place))
	b.at(c.h)
	if text := b.text("main"); !strings.Contains(text, c.party(party, c.tongue(who))) || strings.Contains(text, "⟨") {
		c.Errorf("%s reads at %s, where %s is on: %s", c.names[who], place, party, text)
	}
}

// plays does the act of a line and checks what became of it.
func (c *cast) plays(l story.Line) {
	c.Helper()
	c.clock.Set(l.At)
	size, who := c.state().Size, conference.PersonID(l.Act.Get("by").Str)
	var refused conference.Code
	if c.tabs[who] != nil && len(l.Blobs) == 0 { // files come from elsewhere
		refused = c.acts(l, who)
	} else {
		size, refused = c.straight(l)
	}
	if refused != l.Refused {
		c.Fatalf("line %d: %s was met with %q, not %q", l.Number, l.Act.Get("name").Str, refused, l.Refused)
	}
	if refused == "" {
		c.place = append(c.place, size)
		c.sees(l)
	}
}

// fields are those of a line, with indexes as they are in this record.
func (c *cast) fields(l story.Line) canonical.Value {
	c.Helper()
	f := l.Act.Get("fields")
	if f.Kind == canonical.Invalid {
		return f
	}
	v, err := canonical.Parse(string(canonical.Append(nil, c.indexed(f, ""))))
	if err != nil {
		c.Fatal(err)
	}
	return v
}

// indexed puts the places of entries in this record for those in the story.
func (c *cast) indexed(v canonical.Value, key string) canonical.Value {
	if v.Kind == canonical.Int && (key == "index" || key == "entries") {
		v.Int = c.place[v.Int]
		return v
	}
	v.Items = slices.Clone(v.Items)
	for i := range v.Items {
		if v.Kind == canonical.Object {
			key = v.Keys[i]
		}
		v.Items[i] = c.indexed(v.Items[i], key)
	}
	return v
}

// A typed value is one in a control of a form.
type typed struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// typing is what a person types into the form of an act.
func (c *cast) typing(l story.Line) (list []typed) {
	opened := map[string]string{}
	for _, o := range l.Opened {
		opened[string(record.Disclose(o.Salt, o.Name, o.Value).Digest())] = o.Value.Str
	}
	return flat(list, "field", c.fields(l), opened)
}

// flat names the controls of a form as web/form.go does: field.x, field.x.0 of a list, field.x.en of a text by language.
func flat(list []typed, name string, v canonical.Value, opened map[string]string) []typed {
	switch v.Kind {
	case canonical.Object:
		if d := v.Get("sealed").Str; d != "" {
			return append(list, typed{name, opened[d]})
		}
		for i, key := range v.Keys {
			list = flat(list, name+"."+key, v.Items[i], opened)
		}
	case canonical.Array:
		for i, item := range v.Items {
			at, inside := strconv.Itoa(i), item
			if byLanguage(item) {
				at, inside = item.Items[0].Str, item.Items[1]
			}
			list = flat(list, name+"."+at, inside, opened)
		}
	case canonical.Int:
		list = append(list, typed{name, strconv.FormatInt(v.Int, 10)})
	case canonical.True:
		list = append(list, typed{name, "true"})
	case canonical.String:
		list = append(list, typed{name, v.Str})
	}
	return list
}

// byLanguage reports whether a value is a language and a text in it.
func byLanguage(v canonical.Value) bool {
	if v.Kind != canonical.Array || len(v.Items) != 2 || v.Items[0].Kind != canonical.String || v.Items[1].Kind == canonical.Int {
		return false
	}
	_, ok := language.Get(v.Items[0].Str)
	return ok
}

// filling types into the form and reports which controls it does not have, which do not offer what is to be chosen, and
// the key of the act.
const filling = `((wanted, key) => {
	const form = document.querySelector('button[name="do"]').form, missing = [], other = [];
	if (key) form.elements.key.value = key;
	for (const {name, value} of wanted) {
		const control = form.elements[name];
		if (!control) missing.push(name);
		else if (control.type === "checkbox") control.checked = true;
		else { control.value = value; if (control.value !== value) other.push(name); }
	}
	return JSON.stringify({missing, other, key: form.elements.key.value});
})`

// pressing presses a button, and marks the page so that the next one is known for another.
const pressing = `((selector) => { self.pressed = true; document.querySelector(selector).click(); return null; })`

// outcome is what a page says became of an act, "" while it is not there.
const outcome = `self.pressed ? "" : (() => {
	const at = (selector) => document.querySelector(selector);
	if (at("form[data-prepared]")) return at("form[data-prepared] button:not([disabled])") ? "sign" : "";
	if (at(".note.no .mono")) return "refused " + at(".note.no .mono").textContent;
	if (at('.hero a.btn[href*="/record/"]')) return "entry " + at('.hero a.btn[href*="/record/"]').href.split("/").pop();
	if (at('.hero a.btn[href$="/pending"]')) return "waits";
	return document.readyState === "complete" ? "page " + document.body.innerText : "";
})()`

// presses presses a button of a form and returns what the next page says of it.
func (b *tab) presses(selector string) string {
	b.t.Helper()
	run[any](b, fmt.Sprintf("%s(%q)", pressing, selector))
	return poll[string](b, outcome)
}

// acts has a person do the act of a line in their browser, and returns the refusal they read.
func (c *cast) acts(l story.Line, who conference.PersonID) conference.Code {
	c.Helper()
	b, size := c.tabs[who], c.state().Size
	name := l.Act.Get("name").Str
	c.opens(l, who)
	said := b.presses(`button[name="do"]`)
	if said == "sign" {
		said = b.presses("form[data-prepared] button")
		c.done["signed"]++
	}
	if said == "waits" {
		said = c.seconded(l)
	}
	c.done["by "+c.names[who]]++
	switch code, refused := strings.CutPrefix(said, "refused "); {
	case refused:
		if text := b.text(".note.no h2"); text == "" || strings.Contains(text, "⟨") {
			c.Errorf("line %d: the refusal reads %q", l.Number, text)
		}
		if code != string(l.Refused) {
			c.Errorf("line %d: %s: %s", l.Number, name, b.text(".note.no"))
		}
		c.done["refusals read"]++
		return conference.Code(code)
	case said != fmt.Sprintf("entry %d", size):
		c.Fatalf("line %d: %s by %s at %d entries: %s", l.Number, name, c.names[who], size, said)
	}
	return ""
}

// chosen is what a person chooses beside the fields: the office, and who signs too; "" is nobody.
func (c *cast) chosen(l story.Line) (list []typed) {
	office, with := l.Act.Get("as").Str, l.Act.Get("with").Items
	if party := l.Act.Get("for").Str; party != "" {
		office += "/" + party
	}
	list = append(list, typed{"office", office})
	for _, w := range with {
		list = append(list, typed{"with", w.Get("as").Str + "/" + w.Get("by").Str})
	}
	if a, _ := c.state().Lookup(l.Act.Get("name").Str); a.TwoPersons && len(with) == 0 {
		list = append(list, typed{"with", ""})
	}
	return list
}

// opens goes to the form of the act of a line and fills it in. What the form does not offer comes by a link, which may
// be old; an office not even so: whoever claims one that is not theirs has changed the page. Both are met by a refusal.
func (c *cast) opens(l story.Line, who conference.PersonID) {
	c.Helper()
	b, wanted, by, name := c.tabs[who], append(c.typing(l), c.chosen(l)...), url.Values{}, l.Act.Get("name").Str
	for _, key := range []string{"meeting", "notAfter"} {
		if v := l.Act.Get(key).Str; v != "" {
			by.Set(key, v)
		}
	}
	b.visit(c.page(who, "/act/"+name+"?"+by.Encode()))
	f := c.fills(l, b, wanted)
	if len(f.Other) > 0 {
		if l.Refused == "" {
			c.Fatalf("line %d: the form of %s does not offer %s", l.Number, name, f.Other)
		}
		for _, other := range f.Other {
			by.Set(other, wanted[slices.IndexFunc(wanted, func(t typed) bool { return t.Name == other })].Value)
		}
		c.done["choices not offered"]++
		b.visit(c.page(who, "/act/"+name+"?"+by.Encode()))
		f = c.fills(l, b, wanted)
	}
	for n := 0; len(f.Missing) > 0; n++ {
		if n == maxRows {
			c.Fatalf("line %d: the form of %s has no control %s", l.Number, name, f.Missing)
		}
		b.more(f.Missing[0])
		f = c.fills(l, b, wanted)
	}
	if slices.Contains(f.Other, "office") {
		run[any](b, fmt.Sprintf(`{ const o = document.querySelector("#office"); o.add(new Option(%q)); o.value = %[1]q; null }`, by.Get("office")))
		c.done["offices claimed"]++
	}
	c.forms[l.Act.Get("key").Str] = f.Key
}

// maxRows is how many rows more a list of the story may need.
const maxRows = 30

// filled says what a form lacked.
type filled struct {
	Missing, Other []string
	Key            string
}

func (c *cast) fills(l story.Line, b *tab, wanted []typed) (f filled) {
	c.Helper()
	text, err := json.Marshal(wanted)
	if err != nil {
		c.Fatal(err)
	}
	said := run[string](b, fmt.Sprintf("%s(%s, %q)", filling, text, c.forms[l.Act.Get("key").Str]))
	if err := json.Unmarshal([]byte(said), &f); err != nil {
		c.Fatal(err)
	}
	return f
}

// more asks the form for a row more of the list a control is in.
func (b *tab) more(control string) {
	b.t.Helper()
	run[any](b, fmt.Sprintf(`{
		const rows = [...document.querySelectorAll('button[name="more"]')].filter((x) => %q.startsWith("field." + x.value + ".")).sort((x, y) => y.value.length - x.value.length);
		self.pressed = true;
		if (rows.length) rows[0].click(); else throw new Error("no list has a row for " + %[1]q);
		null }`, control))
	b.until(`!self.pressed && document.readyState === "complete"`)
}

// seconded has the second officer sign what the first has signed.
func (c *cast) seconded(l story.Line) string {
	c.Helper()
	who := conference.PersonID(l.Act.Get("with").Items[0].Get("by").Str)
	b := c.tabs[who]
	b.visit(c.page(who, "/pending"))
	c.done["seconded"]++
	b.until(`document.querySelector("form[data-prepared] button:not([disabled])")`)
	return b.presses("form[data-prepared] button")
}

// straight submits the act of a line to the record, signed where acts of its kind are, and returns its entry.
func (c *cast) straight(l story.Line) (int64, conference.Code) {
	c.Helper()
	a := &secretariat.Act{Blobs: l.Blobs, Nonce: l.Nonce, Submitted: c.submitted(l)}
	if c.state().AttestationDue(&a.Submitted) {
		c.signs(a)
	}
	c.done["straight"]++
	r, err := c.h.s.Do(c.Context(), a)
	var refusal *conference.Refusal
	if errors.As(err, &refusal) {
		c.done["refused straight"]++
		return 0, refusal.Code
	}
	if err != nil {
		c.Fatalf("line %d: %v", l.Number, err)
	}
	return r.Index, ""
}

func (c *cast) submitted(l story.Line) record.Submitted {
	text := func(key string) string { return l.Act.Get(key).Str }
	return record.Submitted{As: text("as"), By: text("by"), Fields: c.fields(l), For: text("for"), Key: text("key"), Meeting: text("meeting"), Name: text("name"), Origin: c.h.s.View().Origin()}
}

// signs attests an act by its author's key, which is enrolled where there is none yet.
func (c *cast) signs(a *secretariat.Act) {
	c.Helper()
	until := c.h.s.Now() + 600_000
	a.Submitted.NotAfter = &until
	signed, err := c.key(conference.PersonID(a.Submitted.By)).Attest(&a.Submitted, "localhost", c.h.origin)
	if err != nil {
		c.Fatal(err)
	}
	a.Attestations = append(a.Attestations, signed)
}

func (c *cast) key(who conference.PersonID) *passkey.Key {
	c.Helper()
	if c.keys[who] == nil {
		c.keys[who] = c.enrols(who)
	}
	return c.keys[who]
}

// enrols gives who has no browser a key, by a link that the desk makes in its browser.
func (c *cast) enrols(who conference.PersonID) *passkey.Key {
	c.Helper()
	k, err := passkey.New(rand.Reader)
	if err != nil {
		c.Fatal(err)
	}
	token, digest := web.NewLink()
	invited, _ := canonical.Parse(fmt.Sprintf(`{"as":"Secretary","fields":{"link":%q,"person":%q,"until":%q},"key":%q,"name":"InviteToEnrol"}`, digest, who, c.h.s.Now().AddHours(24), newKey()))
	if code := c.acts(story.Line{Act: invited}, c.desk); code != "" {
		c.Fatal(code)
	}
	c.done["invitations besides"]++
	fields, _ := canonical.Parse(string(canonical.Encode(nil, conference.EnrolPasskey{Credential: k.Credential(), Key: k.Public(), Link: token})))
	a := &secretariat.Act{Submitted: record.Submitted{As: string(conference.Myself), By: string(who), Fields: fields, Key: newKey(), Name: "EnrolPasskey", Origin: c.h.s.View().Origin()}}
	if _, err := c.h.s.Do(c.Context(), a); err != nil {
		c.Fatal(err)
	}
	return k
}

// sees checks the wall: it shows the meeting convened last, who has the floor, and what was decided.
func (c *cast) sees(l story.Line) {
	c.Helper()
	name, meeting := l.Act.Get("name").Str, conference.MeetingID(l.Act.Get("meeting").Str)
	switch name {
	case "ConveneMeeting":
		c.wall.visit(c.h.origin + "/en/meetings/" + l.Act.Get("fields").Get("meeting").Str + "/wall")
	case "GiveFloor", "GiveReply", "EndFloor":
		speaks, has := c.state().Speaking(meeting)
		c.shows(l, map[bool]string{true: "speaker"}[has], c.party(speaks.Party, "en"))
		c.done["speakers on the wall"]++
	case "AnnounceResult":
		c.announced(l, meeting)
		c.done["results on the wall"]++
	}
}

// announced checks what the wall shows of a result: the outcome and the count, and where a motion is still pending this
// again once the result had its time.
func (c *cast) announced(l story.Line, meeting conference.MeetingID) {
	c.Helper()
	q, ok := c.state().Standing(meeting)
	if !ok {
		c.Fatalf("line %d: no result stands", l.Number)
	}
	c.shows(l, "result", outcomes[q.Outcome])
	if got, want := run[string](c.wall, `[...document.querySelectorAll(".sums b")].map((b) => b.innerText).join(" ")`), fmt.Sprintf("%d %d %d", q.Result.Yes, q.Result.No, q.Result.Abstaining); got != want {
		c.Errorf("line %d: the wall counts %s, not %s", l.Number, got, want)
	}
	if x, pending := c.state().Interrupting(meeting); pending {
		c.clock.Set(l.At + 16_000)
		run[any](c.wall, `document.dispatchEvent(new Event("renewed")); null`) // it looks at the record's clock again
		c.wall.until(`document.querySelector("main").className.includes("on-rises")`)
		c.shows(l, "rises", c.party(x.Party, "en"))
		c.done["results before a motion"]++
	}
}

var outcomes = map[string]string{"carried": "Carried", "lost": "Not carried"}

// party is what a party is called in a language.
func (c *cast) party(id conference.PartyID, lang string) string {
	p, _ := c.state().Party(id)
	for _, n := range p.Named.Short {
		if string(n.Language) == lang {
			return n.Text
		}
	}
	return ""
}

// shows waits until the wall shows the record as it stands, and checks its picture; "" is any but that of a speaker.
func (c *cast) shows(l story.Line, scene, words string) {
	c.Helper()
	c.wall.at(c.h)
	class, text := run[string](c.wall, `document.querySelector("main").className`), c.wall.text("main")
	if on := strings.Contains(class+" ", "on-"+scene+" "); scene != "" && !on || scene == "" && strings.Contains(class, "on-speaker") || !strings.Contains(text, words) {
		c.Errorf("line %d: the wall shows %q, %q instead of %q, %q", l.Number, class, text, scene, words)
	}
}

// same fails where what the cast left in the record is not what the story leaves that is played at once: each entry's
// act, author, capacity, party, meeting, second person, fields, time and events, private values and closed entries
// opened. Left out are keys, signatures, what the author had seen, until when an act was meant, and the entries by which
// people came to their keys, and the meeting of an act that is of none; places of entries are compared as places in the story.
func (c *cast) same(told *secretariat.Secretariat) {
	c.Helper()
	size := told.View().State().Size
	if int64(len(c.place)) != size || size == 0 {
		c.Fatalf("%d entries were played, the story has %d", len(c.place), size)
	}
	back := map[int64]int64{}
	for n, at := range c.place {
		back[at] = int64(n)
	}
	for n, at := range c.place {
		want := plain(c.T, told, int64(n), func(i int64) int64 { return i })
		if got := plain(c.T, c.h.s, at, func(i int64) int64 { return back[i] }); got != want {
			c.Errorf("entry %d, here %d:\n%s\nbut the story has\n%s", n, at, got, want)
		}
	}
	c.done["entries compared"], c.done["entries besides"] = len(c.place), int(c.state().Size)-len(c.place)
}

// plain is an entry as text, with what is sealed opened, and places put as they are told.
func plain(t *testing.T, s *secretariat.Secretariat, index int64, place func(int64) int64) string {
	t.Helper()
	v := s.View()
	text, err := v.Entry(t.Context(), index)
	if err != nil {
		t.Fatal(err)
	}
	e, err := record.ParseEntry(string(text), index)
	if err != nil {
		t.Fatal(err)
	}
	at := e.At
	if e.Closed != "" {
		opening, err := v.OpenClosed(t.Context(), e.Closed)
		if err != nil {
			t.Fatal(err)
		}
		if e, err = record.OpenClosed(opening, index); err != nil {
			t.Fatal(err)
		}
	}
	a := &e.Act
	if act, _ := v.State().Lookup(a.Name); !act.OfMeeting() {
		a.Meeting = ""
	}
	out := fmt.Sprintf("%s %s by %s as %s for %q at %q with %v: %s", at, a.Name, a.By, a.As, a.For, a.Meeting, a.With, bare(t, v, a.Fields, "", place))
	for _, event := range e.Events {
		out += "\n" + bare(t, v, event, "", place)
	}
	return out
}

// bare writes a value with what is sealed opened.
func bare(t *testing.T, v *secretariat.View, x canonical.Value, key string, place func(int64) int64) string {
	t.Helper()
	switch d := x.Get("sealed").Str; {
	case d != "":
		opened, err := v.Open(t.Context(), record.Digest(d))
		if err != nil {
			return "{forgotten}"
		}
		_, _, value, err := opened.Open()
		if err != nil {
			t.Fatal(err)
		}
		return "{" + string(canonical.Append(nil, value)) + "}"
	case x.Kind == canonical.Int && (key == "index" || key == "entries"):
		return fmt.Sprint(place(x.Int))
	case x.Kind == canonical.Object, x.Kind == canonical.Array:
		var parts []string
		for i, item := range x.Items {
			if x.Kind == canonical.Object {
				key = x.Keys[i]
				parts = append(parts, key+":"+bare(t, v, item, key, place))
			} else {
				parts = append(parts, bare(t, v, item, key, place))
			}
		}
		return "[" + strings.Join(parts, " ") + "]"
	case x.Kind == canonical.Invalid:
		return ""
	}
	return string(canonical.Append(nil, x))
}
