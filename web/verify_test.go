package web_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/story"
	"kurultai/story/storytest"
	"kurultai/web"
)

// bring sends a file to the page that verifies one.
func bring(h http.Handler, lang, name string, file []byte, from string) *httptest.ResponseRecorder {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if file != nil {
		part, _ := form.CreateFormFile("file", name)
		part.Write(file)
	}
	form.Close()
	r := httptest.NewRequest(http.MethodPost, "http://assembly.example/"+lang+"/verify", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.RemoteAddr = from + ":1234"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// paperOf is the paper of the statute as a record holds it.
func paperOf(t *testing.T, h http.Handler) []byte {
	t.Helper()
	w := get(h, "/en/instruments/statute/paper.pdf")
	if w.Code != http.StatusOK || !bytes.HasPrefix(w.Body.Bytes(), []byte("%PDF-1.7")) {
		t.Fatalf("%d %.300s", w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// signedUntil is the training story until a line of its ceremony was done.
func signedUntil(t *testing.T, last string) []byte {
	t.Helper()
	text, _ := story.Shipped("training")
	at := bytes.Index(text, []byte(last))
	if at < 0 {
		t.Fatalf("the story has no %s", last)
	}
	end := bytes.IndexByte(text[at:], '\n')
	return text[:at+end+1]
}

const (
	depositarySigned = `"key":"XlE4pwpvWyUAU6gsN6IJUQ"`
	paperIssued      = `"key":"4ZGO9uPnZ8pdY6t570kTcg"`
	twoSigned        = `"key":"6nOJK5Dq2NkGZyjYLWVoSQ"`
)

// What somebody brings is told for what it is, in every language, in words.
func TestAPaperThatIsBroughtIsVerified(t *testing.T) {
	s := storytest.Play(t, "training")
	h := web.New(reading{s}, web.Options{})
	half := web.New(reading{storytest.PlayText(t, signedUntil(t, twoSigned))}, web.Options{})
	other := web.New(reading{storytest.Play(t, "baku")}, web.Options{})
	whole, part := paperOf(t, h), paperOf(t, half)
	communique := get(other, "/en/meetings/xxii/papers/communique.pdf").Body.Bytes()
	issued := web.New(reading{storytest.PlayText(t, signedUntil(t, paperIssued))}, web.Options{})
	hall{t, s, h}.takes(conference.Secretary, "", "IssuePaper", conference.IssuePaper{Symbol: "LP/VIII/L.1", Language: "en", Digest: record.DigestOf(communique), Layout: 2})
	bent := slices.Clone(whole)
	bent[900] ^= 1
	encrypted := bytes.Replace(slices.Clone(communique), []byte("trailer\n<<"), []byte("trailer\n<</Encrypt 1 0 R "), 1)
	appended := append(slices.Clone(whole), "\n1 0 obj\n<<>>\nendobj\n"...)
	rows := []struct {
		name    string
		h       http.Handler
		file    []byte
		verdict string // below check.verdict
		tone    string
		code    int
		says    []string
	}{
		{"signed.pdf", h, whole, "good", "yes", 200, []string{"Head of State of Ardovel", "Plenipotentiary of Lomera", "Its certificate is of the authority that was named", "Signatures: 3", `href="/en/instruments/statute"`, "nothing was changed but what is allowed"}},
		{"newline.pdf", h, append(slices.Clone(whole), '\n'), "good", "yes", 200, nil},
		{"part.pdf", half, part, "partly", "yes", 200, []string{"2 of 4 signatures", "Awaited"}},
		{"older.pdf", h, part, "older", "wait", 200, []string{"more signatures: 2"}},
		{"ahead.pdf", half, whole, "ahead", "no", 200, nil},
		{"foreign.pdf", other, whole, "foreign", "wait", 200, []string{"Intact"}},
		{"bent.pdf", h, bent, "broken", "no", 200, []string{"Does not hold", "Ask the depositary for the paper as it was issued"}},
		{"changed.pdf", h, updated(t, whole), "changed", "no", 200, []string{"The title, the author or the dates of the document were changed", "Ask the depositary for the paper as it was issued"}},
		{"changed elsewhere.pdf", other, updated(t, whole), "changed", "no", 200, nil},
		{"unsigned.pdf", issued, paperOf(t, issued), "unsigned", "wait", 200, []string{"Awaited"}},
		{"issued.pdf", h, communique, "issued", "yes", 200, []string{"Byte for byte"}},
		{"appended.pdf", h, appended, "damaged", "no", 200, []string{"something stands behind it"}},
		{"encrypted.pdf", other, encrypted, "encrypted", "wait", 200, nil},
		{"plain.pdf", other, communique, "plain", "wait", 200, nil},
		{"old.pdf", h, []byte("%PDF-1.4\nwhatever"), "unread", "wait", 200, nil},
		{"word.docx", h, []byte("PK\x03\x04 and so on"), "notpdf", "wait", 415, nil},
		{"none", h, nil, "none", "wait", 400, nil},
		{"empty.pdf", h, []byte{}, "none", "wait", 400, nil},
		{"large.pdf", h, append([]byte("%PDF-1.7"), make([]byte, 16<<20)...), "large", "wait", 413, []string{"16"}},
	}
	met := map[string]bool{}
	checked := 0
	for n, row := range rows {
		for k, l := range language.All() {
			if row.verdict == "large" && l.Code != "en" && l.Code != "ka" {
				continue
			}
			w := bring(row.h, l.Code, row.name, row.file, fmt.Sprintf("10.1.%d.%d", n, k))
			page := w.Body.String()
			if w.Code != row.code || !strings.Contains(page, "<h1>"+l.Say("check.verdict."+row.verdict)+"</h1>") {
				t.Errorf("%s in %s: %d, %.60q, want %d %s", row.name, l.Code, w.Code, after(page, "<h1>"), row.code, row.verdict)
				continue
			}
			if !strings.Contains(page, `<span class="tag `+row.tone+`">`) || !strings.Contains(page, l.Say("check.tone."+row.tone)) {
				t.Errorf("%s in %s does not say %s", row.name, l.Code, row.tone)
			}
			if bad := wanting.FindString(page); bad != "" {
				t.Errorf("%s in %s lacks %q", row.name, l.Code, bad)
			}
			if w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s in %s may be kept", row.name, l.Code)
			}
			for _, s := range row.says {
				if l.Code == "en" && !strings.Contains(page, s) {
					t.Errorf("%s does not say %q: %s", row.name, s, read(page))
				}
			}
			checked++
		}
		met[row.verdict] = true
	}
	english, _ := language.Get("en")
	for _, k := range english.Keys() {
		verdict, is := strings.CutPrefix(k, "check.verdict.")
		if is && !met[verdict] {
			t.Errorf("nothing met %s", verdict)
		}
	}
	t.Logf("%d pages of %d files", checked, len(rows))
}

// updated is a paper to which somebody appended another title.
func updated(t *testing.T, file []byte) []byte {
	t.Helper()
	m := regexp.MustCompile(`(?s)trailer\n<</Size (\d+)(?:/Prev \d+)?/Root (\d+) 0 R/Info (\d+) 0 R(/ID\[[^\]]*\])>>\nstartxref\n(\d+)\n%%EOF\n?$`).FindSubmatch(file)
	if m == nil {
		t.Fatalf("no trailer at the end: %q", file[len(file)-300:])
	}
	b := bytes.TrimRight(slices.Clone(file), "\n")
	b = append(b, '\n')
	at := len(b)
	b = fmt.Appendf(b, "%s 0 obj\n<</Title(Another)>>\nendobj\n", m[3])
	table := len(b)
	return fmt.Appendf(b, "xref\n%s 1\n%010d 00000 n \ntrailer\n<</Size %s/Prev %s/Root %s 0 R/Info %s 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", m[3], at, m[1], m[5], m[2], m[3], m[4], table)
}

func after(s, what string) string {
	_, s, _ = strings.Cut(s, what)
	return s
}

// The code of a verification page leads to the page that compares its root with the record's.
func TestThePageComparesTheRootOfAPaper(t *testing.T) {
	s := storytest.Play(t, "training")
	h := web.New(reading{s}, web.Options{})
	old, err := s.View().At(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	root := old.Checkpoint().Root.String()
	bent := strings.Map(func(r rune) rune {
		if r == 'A' {
			return 'B'
		}
		return r
	}, root)
	if bent == root {
		bent = "A" + root[1:]
	}
	for _, row := range []struct{ size, root, key string }{
		{"100", root, "rootsame"}, {"100", bent, "rootother"}, {"101", root, "rootother"}, {"100", "<script>", "rootother"}, {"99999", root, "rootunknown"},
		{"0", root, ""}, {"-1", root, ""}, {"0100", root, ""}, {"x", root, ""},
	} {
		for _, l := range language.All() {
			w := get(h, "/"+l.Code+"/verify?"+url.Values{"size": {row.size}, "root": {row.root}}.Encode())
			page := w.Body.String()
			switch {
			case row.key == "" && w.Code != http.StatusNotFound:
				t.Errorf("%+v: %d", row, w.Code)
			case row.key != "" && (w.Code != http.StatusOK || !strings.Contains(page, l.Say("check."+row.key)+"</span>") || wanting.MatchString(page)):
				t.Errorf("%+v in %s: %d %s", row, l.Code, w.Code, read(page))
			}
		}
	}
}

// No address has more files verified than a hall would.
func TestVerifyingIsBounded(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "baku")}, web.Options{})
	refused := 0
	for range 40 {
		if w := bring(h, "en", "x.pdf", []byte("%PDF-1.4"), "10.9.9.9"); w.Code == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 5 {
		t.Errorf("%d of 40 refused", refused)
	}
	if w := bring(h, "en", "x.pdf", []byte("%PDF-1.4"), "10.9.9.8"); w.Code != http.StatusOK {
		t.Errorf("another address: %d", w.Code)
	}
	r := httptest.NewRequest(http.MethodPost, "http://assembly.example/en/verify", strings.NewReader("x"))
	r.Header.Set("Content-Type", "text/plain")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("no form: %d", w.Code)
	}
}
