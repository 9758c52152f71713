package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"

	"github.com/pb33f/libopenapi"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/story"
	"kurultai/story/storytest"
	"kurultai/web"
)

// examples are addresses of the API over the record of Baku, one at least of each endpoint.
var examples = []string{
	"/api/record", "/api/record/7", "/api/record/7/proof", "/api/body", "/api/parties", "/api/parties/az", "/api/persons/PERSON", "/api/places/baku", "/api/sources",
	"/api/meetings", "/api/meetings/xxii", "/api/meetings/xxii/facts", "/api/meetings/xxii/communique", "/api/meetings/xxii/communique?lang=ka", "/api/acts", "/api/acts/OpenMeeting",
	"/api/instruments/founding-protocol", "/api/record?at=40", "/api/record/7/proof?at=8", "/api/parties?at=1", "/api/meetings/xxii?at=86",
}

// trained are addresses over the record of the training story: what a reported meeting does not have.
var trained = []string{
	"/api/body", "/api/meetings/viii", "/api/meetings/viii?at=150", "/api/meetings/viii/facts", "/api/meetings/viii/agenda", "/api/meetings/viii/proposals", "/api/meetings/viii/votes", "/api/meetings/viii/votes?at=240",
	"/api/meetings/viii/documents", "/api/meetings/viii/elections", "/api/meetings/viii/elections?at=320", "/api/meetings/viii/delegations", "/api/passkeys/cGhvbmUgb2YgdGhlIGNoYWly", "/api/instruments", "/api/instruments/statute", "/api/instruments/statute?on=2027-06-09&lang=kk", "/api/commitments", "/api/meetings/viii/communique?lang=kk",
}

func TestTheDescriptionOfTheAPIIsValidAndTrue(t *testing.T) {
	text, err := json.Marshal(web.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(doc, config.WithSchemaCache(nil))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, found := v.ValidateDocument(); !ok {
		for _, e := range found[:min(5, len(found))] {
			t.Errorf("%s: %s %v", e.Message, e.Reason, e.SchemaValidationErrors)
		}
	}
	s := storytest.Play(t, "baku")
	h := web.New(reading{s}, web.Options{})
	person := string(s.View().State().Holders(conference.Rapporteur)[0].Person)
	training := web.New(reading{storytest.Play(t, "training")}, web.Options{})
	met := map[string]bool{}
	for n, path := range slices.Concat(examples, trained) {
		if n == len(examples) {
			h = training
		}
		path = strings.Replace(path, "PERSON", person, 1)
		if strings.Contains(path, "persons") {
			path = "/api/persons/" + somebody(t, h)
		}
		r := httptest.NewRequest(http.MethodGet, "http://assembly.example"+path, nil)
		w := get(h, path)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
			continue
		}
		if ok, found := v.ValidateHttpResponse(r, w.Result()); !ok {
			for _, e := range found {
				t.Errorf("%s is not as described: %s %s", path, e.Message, e.Reason)
			}
		}
		_, pattern, _ := strings.Cut(pathOf(path), " ")
		met[pattern] = true
	}
	paths := web.OpenAPI()["paths"].(map[string]any)
	gets := 0
	for _, p := range paths {
		if _, ok := p.(map[string]any)["get"]; ok {
			gets++
		}
	}
	if gets < 25 || len(paths) != 25+2*len(conference.Catalogue()) {
		t.Errorf("%d addresses to read, %d to write", gets, len(paths)-gets)
	}
}

func pathOf(p string) string { return "GET " + p }

// somebody is the id of a person with a published name.
func somebody(t *testing.T, h http.Handler) string {
	var facts []web.FactView
	if err := json.Unmarshal(get(h, "/api/meetings/xxii/facts").Body.Bytes(), &facts); err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		var e struct{ Person string }
		if json.Unmarshal(f.Event, &e) == nil && len(e.Person) == 32 {
			return e.Person
		}
	}
	t.Fatal("nobody took part")
	return ""
}

func TestTheAPIProvesWhatItSays(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "baku")}, web.Options{})
	for _, at := range []string{"", "?at=80"} {
		var p web.ProofView
		if err := json.Unmarshal(get(h, "/api/record/70/proof"+at).Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		var head web.HeadView
		if err := json.Unmarshal(get(h, "/api/record"+at).Body.Bytes(), &head); err != nil {
			t.Fatal(err)
		}
		path := tlog.RecordProof{}
		for _, text := range p.Hashes {
			hash, err := tlog.ParseHash(text)
			if err != nil {
				t.Fatal(err)
			}
			path = append(path, hash)
		}
		root, err := tlog.ParseHash(head.Root)
		if err != nil {
			t.Fatal(err)
		}
		entry := get(h, "/api/record/70").Body.Bytes()
		if err := tlog.CheckRecord(path, head.Size, root, 70, tlog.RecordHash(entry)); err != nil {
			t.Errorf("at %q: %v", at, err)
		}
	}
}

func TestTheAPIShowsThePast(t *testing.T) {
	s := storytest.Play(t, "training")
	h := web.New(reading{s}, web.Options{})
	status := map[string]bool{}
	for n := 1; n <= int(s.View().State().Size); n++ {
		w := get(h, fmt.Sprintf("/api/meetings/vii?at=%d", n))
		var m web.MeetingView
		if w.Code == http.StatusOK && json.Unmarshal(w.Body.Bytes(), &m) == nil {
			status[m.Status] = true
		} else if w.Code != http.StatusNotFound {
			t.Errorf("at %d: %d", n, w.Code)
		}
		if m.Status == "open" {
			page := get(h, fmt.Sprintf("/en/meetings/vii?at=%d", n))
			if page.Code != http.StatusOK || strings.Contains(page.Body.String(), "live.js") || !strings.Contains(page.Body.String(), fmt.Sprintf("as it stood then. Entries: %d.", n)) {
				t.Errorf("the page at %d: %d", n, page.Code)
			}
		}
	}
	if !status["convened"] || !status["open"] || !status["closed"] {
		t.Errorf("seen: %v", status)
	}
}

func TestProblemsAreToldInTheReadersLanguage(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "baku")}, web.Options{})
	checked := 0
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/api/nothing", 404}, {"GET", "/api/record/86", 404}, {"GET", "/api/record/-1", 404}, {"GET", "/api/record/01", 404}, {"GET", "/api/meetings/zz", 404}, {"GET", "/api/acts/Conjure", 404},
		{"GET", "/api/record?at=0", 400}, {"GET", "/api/record?at=87", 400}, {"GET", "/api/record?at=x", 400}, {"GET", "/api/record?x=1", 400}, {"GET", "/api/meetings/xxii/communique?lang=xx", 400},
		{"DELETE", "/api/record", 405}, {"POST", "/api/meetings", 405}, {"POST", "/api/acts/OpenMeeting", 401}, {"POST", "/api/acts/OpenMeeting/prepare", 401},
	} {
		titles := map[string]bool{}
		for _, l := range []string{"az", "de", "en", "ka", "kk", "ky", "ru", "tr", "uz"} {
			w := do(h, c.method, c.path, map[string]string{"Accept-Language": l})
			var p web.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != c.status || p.Status != c.status || p.Title == "" || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s %s in %s: %d %s", c.method, c.path, l, w.Code, w.Body)
			}
			titles[p.Title] = true
			checked++
		}
		if len(titles) != 9 {
			t.Errorf("%s %s: %d titles", c.method, c.path, len(titles))
		}
	}
	t.Logf("%d answers", checked)
}

func TestWhatIsTooMuchIsRefused(t *testing.T) {
	h := web.New(reading{storytest.Play(t, "baku")}, web.Options{})
	r := httptest.NewRequest(http.MethodPost, "http://assembly.example/api/acts/OpenMeeting", strings.NewReader(strings.Repeat("x", 300_000)))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a large act: %d", w.Code)
	}
	for range 3000 {
		if w = get(h, "/api/parties/zz"); w.Code == http.StatusTooManyRequests {
			break
		}
	}
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("asked 3000 times: %d", w.Code)
	}
}

// What the stories submit fits the schemas that are published, and a word that is none does not.
func TestActsThatAreTakenFitTheirSchemas(t *testing.T) {
	schemas := map[string]*jsonschema.Resolved{}
	for _, a := range conference.Catalogue() {
		s := web.Schema(a.Fields)
		resolved, err := s.Resolve(nil)
		if err != nil {
			t.Fatalf("%s: %v", a.Name, err)
		}
		schemas[a.Name] = resolved
		var capitals func(at string, s *jsonschema.Schema)
		capitals = func(at string, s *jsonschema.Schema) {
			if s == nil {
				return
			}
			for name, p := range s.Properties {
				if name[0] >= 'A' && name[0] <= 'Z' {
					t.Errorf("%s.%s shows how Go holds it, not how it is written", at, name)
				}
				capitals(at+"."+name, p)
			}
			capitals(at, s.Items)
		}
		capitals(a.Name, s)
	}
	checked, kinds := 0, map[string]bool{}
	for _, name := range story.Names() {
		text, _ := story.Shipped(name)
		for line := range strings.Lines(string(text)) {
			var l struct {
				Act struct {
					Name   string
					Fields any
				}
				Refused string
			}
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			if l.Refused != "" || l.Act.Name == "" || l.Act.Name == "TimeCame" {
				continue
			}
			if l.Act.Fields == nil {
				l.Act.Fields = map[string]any{}
			}
			if err := schemas[l.Act.Name].Validate(l.Act.Fields); err != nil {
				t.Errorf("%s: %v\n%.300s", l.Act.Name, err, line)
			}
			checked, kinds[l.Act.Name] = checked+1, true
			l.Act.Fields.(map[string]any)["nonsense"] = true
			if schemas[l.Act.Name].Validate(l.Act.Fields) == nil {
				t.Errorf("%s: the schema takes anything", l.Act.Name)
			}
		}
	}
	if checked < 450 || len(kinds) < 90 {
		t.Errorf("only %d acts of %d kinds", checked, len(kinds))
	}
	t.Logf("checked %d acts of %d kinds", checked, len(kinds))
}
