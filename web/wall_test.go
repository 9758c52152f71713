package web_test

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/recordtest"
	"kurultai/rules"
	"kurultai/secretariat"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"kurultai/language"
	"kurultai/story/storytest"
	"kurultai/web"
)

// The wall shows the training story at each size of the record, in every language, and each picture it knows comes up.
func TestTheWallShowsWhatIsOn(t *testing.T) {
	s := storytest.Play(t, "training")
	want := []string{"programme", "plain", "stopped", "rises", "question", "question few", "speaker", "ballot", "result", "result few", "signing few"}
	seen, pages := map[string]int{}, 0
	scene := regexp.MustCompile(`<main id="main" class="on-([^"]*)"`)
	for size := int64(1); size <= s.View().State().Size; size++ {
		v, err := s.View().At(t.Context(), size)
		if err != nil {
			t.Fatal(err)
		}
		h := web.New(fixed{shown{v}}, web.Options{})
		for i, l := range language.All() {
			for _, m := range v.State().Meetings() {
				if m.Closed && v.State().Last > 0 && size < s.View().State().Size || int(size)%len(language.All()) != i && l.Code != "en" {
					continue // a closed meeting is looked at once, every language at each ninth size
				}
				w := get(h, "/"+l.Code+"/meetings/"+string(m.MeetingConvened.Meeting)+"/wall")
				page := w.Body.String()
				if w.Code != http.StatusOK || strings.Contains(page, "⟨") || strings.Contains(page, "wall.") && strings.Contains(page, ">wall.") || w.Body.Len() > 50_000 {
					t.Fatalf("size %d in %s: %d, %d bytes\n%s", size, l.Code, w.Code, w.Body.Len(), page)
				}
				seen[scene.FindStringSubmatch(page)[1]]++
				pages++
			}
		}
	}
	for _, name := range want {
		if seen[name] == 0 {
			t.Errorf("no picture is %q", name)
		}
	}
	if len(seen) != len(want) || pages < 500 {
		t.Errorf("%d pages: %v", pages, seen)
	}
	t.Logf("%d pages: %v", pages, seen)
}

// What the wall's readers are sent is what the page has, at each size of the record, and nothing of the rest.
func TestTheWallSendsWhatThePageShows(t *testing.T) {
	s := storytest.Play(t, "training")
	walls := map[string]int{}
	for size := int64(1); size <= s.View().State().Size; size += 3 {
		v, err := s.View().At(t.Context(), size)
		if err != nil {
			t.Fatal(err)
		}
		h, l := web.New(fixed{shown{v}}, web.Options{}), language.All()[int(size)%len(language.All())]
		same := func(at, name, id string) {
			t.Helper()
			part, cut, err := web.Renewed(h, at, l, map[string]string{name: id})
			if err != nil || len(cut) < 300 || !bytes.Equal(bytes.TrimSpace(part), bytes.TrimSpace(cut)) || !bytes.HasPrefix(part, []byte("<main ")) {
				t.Fatalf("%s of %s at %d in %s: %v\n%s\nand the page has\n%s", at, id, size, l.Code, err, part, cut)
			}
			walls[at]++
		}
		for _, m := range v.State().Meetings() {
			same("meetings/{meeting}/wall", "meeting", string(m.MeetingConvened.Meeting))
		}
		for _, i := range v.State().Instruments() {
			same("instruments/{instrument}/wall", "instrument", string(i.Instrument))
		}
	}
	if len(walls) != 2 || walls["meetings/{meeting}/wall"] < 100 || walls["instruments/{instrument}/wall"] < 10 {
		t.Errorf("%v", walls)
	}
	t.Logf("%v", walls)
}

// A result that is announced while a motion still waits is on the wall all the same: first it, then what waits, which the
// page shows by itself when the result had its time. Nothing of the kind is on any other wall of the story.
func TestAResultIsSeenThoughAMotionWaits(t *testing.T) {
	s := storytest.Play(t, "training")
	scenes := regexp.MustCompile(`(?s)<div class="scene" aria-live="polite">(.*?)</div><div class="scene" aria-live="polite" hidden>(.*?)</div></main>`)
	starts := regexp.MustCompile(`data-starts="([^"]*)" data-then="on-rises"`)
	announced, others := 0, 0
	for size := int64(1); size <= s.View().State().Size; size++ {
		v, err := s.View().At(t.Context(), size)
		if err != nil {
			t.Fatal(err)
		}
		text, err := s.View().Entry(t.Context(), size-1)
		if err != nil {
			t.Fatal(err)
		}
		e, err := record.ParseEntry(string(text), size-1)
		if err != nil {
			t.Fatal(err)
		}
		meeting := conference.MeetingID(e.Act.Meeting)
		waits, pending := v.State().Interrupting(meeting)
		h := web.New(fixed{shown{v}}, web.Options{})
		if _, ok := v.State().Meeting(meeting); !ok || e.Act.Name != "AnnounceResult" || !pending {
			if ok && strings.Contains(get(h, "/en/meetings/"+string(meeting)+"/wall").Body.String(), "data-starts") && e.Act.Name == "AnnounceResult" {
				t.Errorf("entry %d: a result gives place, to what?", size-1)
			}
			others++
			continue
		}
		q, _ := v.State().Standing(meeting)
		for _, l := range language.All() {
			page := get(h, "/"+l.Code+"/meetings/"+string(meeting)+"/wall").Body.String()
			m, at := scenes.FindStringSubmatch(page), starts.FindStringSubmatch(page)
			party, _ := v.State().Party(waits.Party)
			name := party.Named.Short.In(conference.Language(l.Code))
			if m == nil || at == nil || at[1] != (e.At+15_000).String() || !strings.Contains(m[1], l.Say("outcome."+q.Outcome)) || !strings.Contains(m[1], fmt.Sprintf("<b>%d</b>", q.Result.Yes)) || !strings.Contains(m[2], name) || strings.Contains(m[1], name+"</p>") {
				t.Errorf("entry %d in %s, %s waits: %v %v", size-1, l.Code, name, at, m)
			}
		}
		announced++
	}
	if announced < 2 || others < 300 {
		t.Errorf("%d results before a motion that waits, %d other entries", announced, others)
	}
	t.Logf("%d results before a motion that waits, %d other entries", announced, others)
}

// rehearsal is a roll call among so many invented states, in which all but the last third have been called: one in
// three answers no, one in five abstains, one in eleven says nothing.
func rehearsal(t *testing.T, n int) *secretariat.Secretariat {
	t.Helper()
	f, err := os.Open(recordtest.Table(t, "../design/training/states-193.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names, err := csv.NewReader(f).ReadAll()
	if err != nil || len(names) < n+1 {
		t.Fatalf("%d states: %v", len(names)-1, err)
	}
	p := players{text: &bytes.Buffer{}, at: record.Instant(1_811_836_800_000)}
	p.act("Secretary", "", "FoundBody", map[string]any{"id": "rehearsal", "languages": []string{"en"}, "names": [][2]string{{"en", "Rehearsal"}}, "seat": "hall", "zone": "Etc/GMT-5",
		"offices": []any{map[string]any{"capacity": "Chair", "person": secretary}, map[string]any{"capacity": "Secretary", "person": secretary}, map[string]any{"capacity": "Secretary", "person": strings.Repeat("2", 32)}}})
	p.act("Secretary", "", "AdoptRules", map[string]any{"basis": "I/1", "rules": map[string]any{"name": "Rules", "version": "1"}})
	var order []string
	for i, row := range names[1 : n+1] {
		id := fmt.Sprintf("s%03d", i)
		order = append(order, id)
		p.act("Secretary", "", "NameParty", map[string]any{"party": id, "short": [][2]string{{"en", row[0]}}})
		p.act("Secretary", "", "AdmitParty", map[string]any{"basis": "founder", "from": "2020-01-01", "party": id})
	}
	p.act("Secretary", "", "NamePlace", map[string]any{"names": [][2]string{{"en", "Hall"}}, "party": "s000", "place": "hall", "type": "city"})
	p.act("Secretary", "", "ConveneMeeting", map[string]any{"from": "2027-06-01", "meeting": "i", "ordinal": 1, "place": "hall"})
	p.meeting = "i"
	for _, id := range order {
		p.act("Secretary", "", "RecordPresence", map[string]any{"party": id})
	}
	p.act("Chair", "", "OpenMeeting", nil)
	p.act("Secretary", "", "ProposeItem", map[string]any{"item": "rivers", "title": [][2]string{{"en", "Shared rivers"}}})
	p.act("Chair", "", "AdoptAgenda", map[string]any{"items": []string{"rivers"}})
	p.act("Chair", "", "OpenItem", map[string]any{"item": "rivers"})
	p.act("Secretary", "s000", "Move", map[string]any{"instruction": "aloud", "motion": "m", "sort": "close-debate"})
	seed := make([]byte, 16)
	p.act("Chair", "", "PutQuestion", map[string]any{"commitment": string(record.DigestOf(seed)), "method": "roll-call", "question": "q", "thing": "m", "type": "motion"})
	p.act("Chair", "", "DrawStart", map[string]any{"order": order, "question": "q", "seed": string(canonical.EncodeBytes(seed))})
	order = rules.From(order, conference.Draw(seed, "q", n))
	for i, id := range order[:n-n/3] {
		p.act("Secretary", "", "CallName", map[string]any{"party": id, "question": "q"})
		if i%11 == 10 || i == n-n/3-1 {
			continue
		}
		answer := map[bool]string{true: "no", false: "yes"}[i%3 == 1]
		if i%5 == 4 {
			answer = "abstain"
		}
		p.act("Secretary", id, "Answer", map[string]any{"answer": answer, "instruction": "aloud", "question": "q"})
	}
	return storytest.PlayText(t, p.text.Bytes())
}

// secretary is who does everything at a rehearsal.
const secretary = "11111111111111111111111111111111"

// players write a story, an act a second.
type players struct {
	text    *bytes.Buffer
	at      record.Instant
	meeting string
}

func (p *players) act(as, party, name string, fields any) {
	p.at += 1000
	a := map[string]any{"as": as, "by": secretary, "key": base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%016d", p.at)), "name": name}
	for key, v := range map[string]string{"for": party, "meeting": p.meeting} {
		if v != "" {
			a[key] = v
		}
	}
	if fields != nil {
		a["fields"] = fields
	}
	line, err := json.Marshal(map[string]any{"act": a, "at": p.at.String()})
	if err != nil {
		panic(err)
	}
	p.text.Write(line)
	p.text.WriteByte('\n')
}

// The board holds 3, 30 and 193 states: each has its place, and the name that is called stands large.
func TestTheBoardHoldsTheHall(t *testing.T) {
	for n, class := range map[int]string{3: "few", 12: "few two", 30: "g30", 193: "g193"} {
		s := rehearsal(t, n)
		page := get(web.New(reading{s}, web.Options{}), "/en/meetings/i/wall").Body.String()
		seats := regexp.MustCompile(`<li class="(?:seat )?(y|n|a|call|none|z)(?: long)?">`).FindAllStringSubmatch(page, -1)
		count := map[string]int{}
		for _, seat := range seats {
			count[seat[1]]++
		}
		q, _ := s.View().State().Pending("i")
		sums := regexp.MustCompile(`<span><b>(\d+)</b>`).FindAllStringSubmatch(page, -1)
		if len(seats) != n || count["call"] != 1 || count["none"] != n/3 || count["y"]+count["n"]+count["a"] != len(q.Votes) || len(sums) != 3 ||
			sums[0][1] != fmt.Sprint(count["y"]) || sums[1][1] != fmt.Sprint(count["n"]) || sums[2][1] != fmt.Sprint(count["a"]) {
			t.Errorf("%d states: %d seats %v, sums %v, %d votes", n, len(seats), count, sums, len(q.Votes))
		}
		called, _ := s.View().State().Party(q.Order[q.Called-1])
		name := called.Named.Short.In("en")
		large := strings.Contains(page, `<p class="calling">`+name+`</p>`)
		if large != (n > 12) || !strings.Contains(page, fmt.Sprintf("Answered: %d of %d", len(q.Votes), n)) {
			t.Errorf("%d states: %s is not called, or nobody counted", n, name)
		}
		if list := strings.Split(class, " "); !strings.Contains(page, `class="on-question `+list[0]+`"`) || strings.Contains(page, ` two"`) != (len(list) == 2) || len(page) > 50_000 {
			t.Errorf("%d states: not %q, or %d bytes", n, class, len(page))
		}
	}
}
