package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"net/http"
	"os"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/story/storytest"
	"kurultai/web"
)

// Recipients of age made for these tests; nobody has their identities.
var recipients = []string{"age13tvzql5mh89w3p86nrj6jjeapfxyl8df8d485rgzpa0hwqh09gwq66klmt", "age13qxf6p4kjemxfvcn7y087tkfevt0v9nxyktl0fznaksqnch03chqc52kvn", "age1t2qx008r7hpnld9xwles2369u5f9204nau0wymkcqlx4gjehruxq5jjqwk"}

// A correspondence is the training body with a note from Lomera to Ardovel and the secretariat, to be answered.
type correspondence struct {
	hall
	lomera, ardovel, orsevin, secretary conference.PersonID
	keys                                [3]int64 // of Lomera, Ardovel, the secretariat
	note                                int64
	ciphertext                          []byte
}

func correspond(t *testing.T) *correspondence {
	s := storytest.Play(t, "training")
	c := &correspondence{hall: hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}, Closed: s.View().OpenClosed})}, ciphertext: []byte("what age made of a note")}
	c.lomera, c.ardovel, c.orsevin, c.secretary = c.holder(conference.Head, "xl"), c.holder(conference.Head, "xa"), c.holder(conference.Head, "xo"), c.holder(conference.Secretary, "")
	deposit := func(n int, by conference.PersonID, as conference.Capacity, party string) int64 {
		return c.does(by, as, party, "", "DepositRecipient", fmt.Sprintf(`{"recipient":%q,"use":"device"}`, recipients[n]))
	}
	c.keys = [3]int64{deposit(0, c.lomera, conference.Head, "xl"), deposit(1, c.ardovel, conference.Head, "xa"), deposit(2, c.secretary, conference.Secretary, "")}
	digest := record.DigestOf(c.ciphertext)
	c.note = c.does(c.lomera, conference.Head, "xl", "", "SendNote", fmt.Sprintf(`{"ciphertext":{"blob":%q,"size":%d},"date":"2027-06-08","form":"verbale","keys":[%d,%d,%d],"mark":"restricted","number":"17/2027","passing":"nobody","plain":%[1]q,"replyBy":"2099-01-15","secretariat":true,"to":["xa"]}`, digest, len(c.ciphertext), c.keys[0], c.keys[1], c.keys[2]), c.ciphertext)
	return c
}

func (c *correspondence) at(rest string) string {
	return fmt.Sprintf("/en/registry/%d%s", c.note, rest)
}

// Each page of the registry says all it says in nine languages, to each of its readers, and never anything else.
func TestTheRegistrySpeaksEveryLanguage(t *testing.T) {
	c, pages := correspond(t), 0
	for _, l := range language.All() {
		for _, rest := range []string{"", "/write", "/write?answers=" + fmt.Sprint(c.note), "/keys", fmt.Sprintf("/%d", c.note)} {
			for who, sees := range map[conference.PersonID]bool{c.lomera: true, c.ardovel: true, c.secretary: true, c.orsevin: false, "": false} {
				w := c.see(who, "/"+l.Code+"/registry"+rest)
				page := w.Body.String()
				isNote := strings.HasSuffix(rest, fmt.Sprint(c.note)) && !strings.Contains(rest, "answers")
				want := map[bool]int{true: http.StatusOK, false: http.StatusUnauthorized}[who != ""]
				if who != "" && !sees && isNote {
					want = http.StatusNotFound
				}
				if w.Code != want || strings.Contains(page, "⟨") || strings.Contains(page, "{0}") || !strings.Contains(page, `<html lang="`+l.Code+`"`) {
					t.Fatalf("%s%s for %.4s: %d, want %d\n%.300s", l.Code, rest, who, w.Code, want, page)
				}
				if shown := strings.Contains(page, "17/2027"); shown && !sees {
					t.Errorf("%s%s tells %.4s of the note", l.Code, rest, who)
				} else if !shown && sees && rest == "" {
					t.Errorf("%s%s does not tell %.4s of the note", l.Code, rest, who)
				}
				pages++
			}
		}
	}
	if pages != 9*5*5 {
		t.Errorf("%d pages", pages)
	}
	if !strings.Contains(c.see(c.lomera, "/en/me").Body.String(), `href="/en/registry"`) {
		t.Error("nothing leads a delegate to the registry")
	}
}

// Ciphertext and opening go to who holds the note, and of a note withdrawn to its sender alone.
func TestACiphertextIsForItsHolders(t *testing.T) {
	c := correspond(t)
	of := map[string]string{"ciphertext": "/" + string(record.DigestOf(c.ciphertext)), "opening": "/opening"}
	got := func(who conference.PersonID, what string) int {
		w := c.see(who, c.at(of[what]))
		switch {
		case w.Code != http.StatusOK:
		case what == "ciphertext" && w.Body.String() != string(c.ciphertext):
			t.Errorf("other bytes: %q", w.Body)
		case what == "opening":
			text, _ := c.s.View().Entry(t.Context(), c.note)
			if entry, err := record.ParseEntry(string(text), c.note); err != nil || record.ClosedDigest(w.Body.Bytes()) != entry.Closed {
				t.Errorf("the opening is not that of the entry: %v", err)
			}
		}
		return w.Code
	}
	for what := range of {
		for who, want := range map[conference.PersonID]int{c.lomera: 200, c.ardovel: 200, c.secretary: 200, c.orsevin: 404, "": 401} {
			if code := got(who, what); code != want {
				t.Errorf("%s for %.4s: %d, want %d", what, who, code, want)
			}
		}
	}
	c.does(c.lomera, conference.Head, "xl", "", "WithdrawNote", fmt.Sprintf(`{"note":%d,"why":"error"}`, c.note))
	for what := range of {
		for who, want := range map[conference.PersonID]int{c.lomera: 200, c.ardovel: 409, c.orsevin: 404} {
			if code := got(who, what); code != want {
				t.Errorf("withdrawn, %s for %.4s: %d, want %d", what, who, code, want)
			}
		}
	}
}

// The registry counts what waits, threads answers, finds by number, and reminds: in a calendar and in a feed.
func TestTheRegistryKeepsDeadlines(t *testing.T) {
	c := correspond(t)
	sums := func(who conference.PersonID) string {
		page := c.see(who, "/en/registry").Body.String()
		_, rest, _ := strings.Cut(page, `<dl class="sum3">`)
		rest, _, _ = strings.Cut(rest, "</dl>")
		return strings.Join(strings.Fields(tags.ReplaceAllString(rest, " ")), " ")
	}
	if got := sums(c.ardovel); got != "To confirm 1 Answers due 1 Overdue 0 Asked for anew 0" {
		t.Error(got)
	}
	var v web.RegistryView
	if err := json.Unmarshal(c.see(c.ardovel, "/en/registry/all.json").Body.Bytes(), &v); err != nil || len(v.Notes) != 1 || len(v.Keys) != 3 || v.For != "xa" || len(v.Notes[0].Copies) != 1 {
		t.Fatalf("%+v, %v", v, err)
	}
	for _, k := range v.Keys {
		if sum := sha256.Sum256([]byte(k.Recipient)); strings.ReplaceAll(k.Fingerprint, " ", "") != hex.EncodeToString(sum[:10]) || len(k.Fingerprint) != 24 {
			t.Errorf("the fingerprint of %s is %q", k.Recipient, k.Fingerprint)
		}
	}
	calendar := c.see(c.ardovel, "/en/registry/due.ics").Body.String()
	if !strings.Contains(calendar, "DTSTART;VALUE=DATE:20990115\r\n") || strings.Count(calendar, "BEGIN:VEVENT") != 1 || !strings.Contains(calendar, `Answer due: 17/2027\, `) {
		t.Errorf("%s", calendar)
	}
	for line := range strings.SplitSeq(calendar, "\r\n") {
		if len(line) > 75 {
			t.Errorf("a line of %d octets: %s", len(line), line)
		}
	}
	var feed struct {
		Entries []struct {
			Title string `xml:"title"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(c.see(c.ardovel, "/en/registry/due.atom").Body.Bytes(), &feed); err != nil || len(feed.Entries) != 1 || !strings.HasPrefix(feed.Entries[0].Title, "Answer due: 17/2027") {
		t.Errorf("%+v %v", feed, err)
	}
	if page := c.see(c.ardovel, "/en/registry?q=18").Body.String(); strings.Contains(page, "17/2027") {
		t.Error("a search for 18 finds 17")
	}
	if page := c.see(c.ardovel, "/en/registry?q=LOMERA+17").Body.String(); !strings.Contains(page, "17/2027") {
		t.Error("a search for Lomera and 17 finds nothing")
	}
	c.does(c.ardovel, conference.Head, "xa", "", "AcknowledgeNote", fmt.Sprintf(`{"note":%d}`, c.note))
	digest := record.DigestOf(c.ciphertext)
	c.does(c.ardovel, conference.Head, "xa", "", "SendNote", fmt.Sprintf(`{"answers":%d,"ciphertext":{"blob":%q,"size":%d},"date":"2027-06-08","form":"letter","keys":[%d],"mark":"personal","number":"1","passing":"nobody","plain":%[2]q,"to":["xl"]}`, c.note, digest, len(c.ciphertext), c.keys[0]), c.ciphertext)
	if got := sums(c.ardovel); got != "To confirm 0 Answers due 0 Overdue 0 Asked for anew 0" {
		t.Error(got)
	}
	page := html.UnescapeString(c.see(c.lomera, "/en/registry").Body.String())
	if !strings.Contains(page, "answers 17/2027 (Lomera)") || !strings.Contains(page, "1 of 2 confirmed") {
		t.Errorf("%s", page)
	}
	if calendar := c.see(c.ardovel, "/en/registry/due.ics").Body.String(); strings.Contains(calendar, "VEVENT") {
		t.Error("what is answered is still due")
	}
}

// The vendored age is what bundle.sh made of pinned versions.
func TestTheVendoredAgeIsWhatWasMade(t *testing.T) {
	b, err := os.ReadFile("static/age.min.js")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("age/DIGEST")
	if sum := sha256.Sum256(b); err != nil || hex.EncodeToString(sum[:]) != strings.TrimSpace(string(want)) {
		t.Errorf("age.min.js is %x, DIGEST says %s (%v): make it by web/age/bundle.sh", sum, want, err)
	}
	for _, bad := range []string{"eval(", "new Function", "innerHTML", "document.write"} {
		if strings.Contains(string(b), bad) {
			t.Errorf("age.min.js has %s, which the policy of the pages forbids", bad)
		}
	}
	lock, err := os.ReadFile("age/package-lock.json")
	if err != nil || !strings.Contains(string(lock), `"node_modules/age-encryption": {
      "version": "0.3.1"`) {
		t.Errorf("the lock names another version: %v", err)
	}
}
