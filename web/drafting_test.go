package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/story/storytest"
	"kurultai/web"
)

// TestTheWayOfADraft walks the pages of a draft from its first text to the resolution, as anybody sees them.
func TestTheWayOfADraft(t *testing.T) {
	r := storytest.Play(t, "drafting")
	h := web.New(reading{r}, web.Options{File: r.View().File})
	walked := 0
	for _, step := range []struct {
		path string
		says []string
		not  string
	}{
		{"/en/documents", []string{"LP/VI/L.1/Rev.1", "LP/{roman}/L.{number}", "Distr.: limited", `href="/en/translations"`}, ""},
		{"/en/documents/LP/VI/L.1", []string{"Early warning on shared rivers and passes", "Distr.: limited", "Original: English", "Replaced by", `href="/en/documents/LP/VI/L.1/Rev.1"`, "Equally authentic: English, Русский", "PP1", "<i>Decides</i>", "within three hours", "[within three hours]", "Vindara", `href="/en/receipts/LP/VI/L.1"`}, ""},
		{"/en/documents/LP/VI/L.1?amended=1", []string{"<del>three hours</del>", "<ins>one hour</ins>", "Accepted"}, ""},
		{"/en/documents/LP/VI/L.1?beside=ru", []string{"отмечая,", "Noting", "English and Русский, paragraph by paragraph"}, "numbers of paragraphs differ"},
		{"/en/documents/LP/VI/L.1/Rev.1?since=1", []string{"<del>three hours</del>", "<ins>one hour</ins>", "Changes since LP/VI/L.1"}, ""},
		{"/en/documents/LP/VI/L.1/Rev.1?beside=kk", []string{"The numbers of paragraphs differ: English 8, Қазақша 6.", "no such paragraph here"}, ""},
		{"/en/documents/LP/VI/L.1/Rev.1", []string{"Agreed", "Taken away", "corrects LP/VI/L.1/Rev.1", "adds to LP/VI/L.1/Rev.1", "replaces LP/VI/L.1", "The original has changed"}, "Before the meeting"},
		{"/ru/documents/LP/VI/L.1/Rev.1", []string{"постановляет,", "в течение одного часа", "Согласован"}, "<i>Decides"},
		{"/en/documents/LP/VI/INF.1", []string{"It was withdrawn; its symbol and address stay.", "Distr.: general"}, "twelve gauges"},
		{"/en/receipts/LP/VI/L.1", []string{"Not yet acknowledged", "Ardovel", "Zelinor", "Please acknowledge its receipt", "mailto:?subject="}, "Lomera"},
		{"/en/receipts/LP/VI/L.2", []string{"The paper was not circulated."}, "Reminder"},
		{"/en/translations", []string{"Oren Valsk", "Overdue", "The original has changed", "Azərbaycanca"}, "Русский</a></div>"},
		{"/en/draft", []string{"Write a draft", `<textarea id="text"`}, ""},
		{"/en/draft?from=LP/VI/L.3", []string{"## Article 1", "1.  Each Party keeps"}, ""},
	} {
		w := get(h, step.path)
		page := w.Body.String()
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", step.path, w.Code)
			continue
		}
		main := page[strings.Index(page, "<main"):]
		for _, want := range step.says {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not say %q", step.path, want)
			}
		}
		if step.not != "" && strings.Contains(main, step.not) {
			t.Errorf("%s says %q", step.path, step.not)
		}
		walked++
	}
	for _, path := range []string{"/en/pdf/LP/VI/L.1", "/ru/pdf/LP/VI/L.1/Rev.1?since=1"} {
		if w := get(h, path); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "%PDF-1.7") {
			t.Errorf("%s: %d, %.20q", path, w.Code, w.Body.String())
		}
		walked++
	}
	for path, to := range map[string]string{"/documents/LP/VI/L.1": "/en/documents/LP/VI/L.1"} {
		if w := get(h, path); w.Code != http.StatusSeeOther || w.Header().Get("Location") != to {
			t.Errorf("%s leads to %d %q", path, w.Code, w.Header().Get("Location"))
		}
		walked++
	}
	for _, path := range []string{"/en/pdf/LP/VI/L.9", "/en/receipts/none", "/en/pdf/LP/VI/INF.1"} {
		if w := get(h, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
		walked++
	}
	if walked != 20 {
		t.Fatalf("%d pages walked", walked)
	}
}

func newDraftingHall(t *testing.T) hall {
	s := storytest.Play(t, "drafting")
	return hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}, File: s.View().File})}
}

// TestADelegationWritesADraft writes a text, sees it numbered, and submits it under the symbol that is proposed.
func TestADelegationWritesADraft(t *testing.T) {
	h := newDraftingHall(t)
	head := h.holder(conference.Head, "xl")
	text := "# Snow\n\nThe Conference,\n\n*Noting* the snow of this winter and of the last,\n\n1. *Decides* to count it:\n   - by day;\n2. <script>alert(1)</script> [*Asks*] why.\n"
	page := h.post(head, "/en/draft", url.Values{"text": {text}, "in": {"en"}}).Body.String()
	for _, want := range []string{"Preambular paragraphs: 1. Operative paragraphs: 3.", "PP1", "(a)", "&lt;script&gt;", `name="field.symbol" value="LP/VI/L.4"`, "LP/VI/INF.2"} {
		if !strings.Contains(page, want) {
			t.Errorf("the preview does not say %q", want)
		}
	}
	if strings.Contains(page, "<script>alert") {
		t.Error("markup of a text is markup of the page")
	}
	key := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(page)
	if key == nil {
		t.Fatal("no form to submit it")
	}
	form := url.Values{"key": {key[1]}, "seen": {"1"}, "office": {"Head/xl"}, "meeting": {"vi"}, "field.language": {"en"}, "field.file": {text}, "field.type": {"draft"}, "field.level": {"public"}, "field.symbol": {"LP/VI/X.1"}}
	again := h.post(head, "/en/act/RegisterDocument", form).Body.String()
	if !strings.Contains(again, "LP/VI/X.1 does not fit. What fits: LP/VI/L.4, LP/VI/INF.2.") || !strings.Contains(again, "Decides* to count it") {
		t.Error("a symbol that fits no series is not refused with what fits, or the text is lost")
	}
	form.Set("field.symbol", "LP/VI/L.4")
	if w := h.post(head, "/en/act/RegisterDocument", form); w.Code != http.StatusCreated {
		t.Fatalf("submitted: %d %s", w.Code, w.Body.String())
	}
	d, ok := h.s.View().State().Document("LP/VI/L.4")
	if !ok || d.Party != "xl" || strings.Join(ids(d.Versions[0].Paragraphs), " ") != "pp1 op1 op1-a op2" || d.Series != "limited" {
		t.Errorf("registered: %+v", d)
	}
	for _, row := range []struct{ text, says string }{{strings.Repeat("x\n", 3000), "too long"}, {"1. a\n   - b\n     - c\n       - d\n", "at most three deep"}, {"a\xffb", "This is no text."}} {
		if page := h.post(head, "/en/draft", url.Values{"text": {row.text}}).Body.String(); !strings.Contains(page, row.says) {
			t.Errorf("%.10q: the page does not say %q", row.text, row.says)
		}
	}
	for _, l := range language.All() {
		if page := h.post(head, "/"+l.Code+"/draft", url.Values{"text": {text}}).Body.String(); wanting.MatchString(page) {
			t.Errorf("%s: lacks %q", l.Code, wanting.FindString(page))
		}
	}
}

func ids(list []conference.NoteID) (out []string) {
	for _, id := range list {
		out = append(out, string(id))
	}
	return out
}
