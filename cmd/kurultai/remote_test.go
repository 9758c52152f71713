package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kurultai/record/canonical"
	"kurultai/record/passkey"
	"kurultai/web"
)

// at is a node behind a test server, under an address a browser would take.
func at(t *testing.T, server *httptest.Server) *node {
	t.Helper()
	n, err := newNode(strings.Replace(server.URL, "127.0.0.1", "localhost", 1))
	if err != nil {
		t.Fatal(err)
	}
	wire := server.Client().Transport.(*http.Transport).Clone()
	wire.TLSClientConfig.ServerName = "example.com" // of the test server's certificate
	n.client.Transport = wire
	return n
}

// A body's own record is served over https: what counts is attested there by both officers, in one call.
func TestABodysNodeTakesAttestedActs(t *testing.T) {
	dir := t.TempDir()
	description := filepath.Join(dir, "lakes.json")
	if err := os.WriteFile(description, []byte(`{"origin": "records.example.org/lakes", "id": "lakes", "names": {"en": "Lakes"}, "languages": ["en"], "seat": "nuvel", "zone": "Etc/UTC"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	data, tripwire := filepath.Join(dir, "lakes"), filepath.Join(dir, "tripwire")
	told, talk, code := said(t, "init", "-data", data, "-tripwire", tripwire, description)
	officers := regexp.MustCompile(`[0-9a-f]{32}`).FindAllString(told, -1)
	if code != 0 || len(officers) < 2 {
		t.Fatal(told, talk)
	}
	keys := []string{filepath.Join(dir, "a.key"), filepath.Join(dir, "b.key")}
	for i, key := range keys {
		if _, talk, code := said(t, "enrol", "-data", data, "-tripwire", tripwire, "-as", officers[0], "-to", key, officers[i]); code != 0 {
			t.Fatal(talk)
		}
	}
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	t.Cleanup(server.Close)
	n := at(t, server)
	if _, talk, code := said(t, "act", "-data", data, "-tripwire", tripwire, "-key", keys[0], "-with", keys[1], "NameOrigin", `{"domain":"localhost","origins":["`+n.url+`"]}`); code != 0 {
		t.Fatal(talk)
	}
	h, err := openToWrite(t.Context(), data, tripwire)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	server.Config.Handler = web.New(reading{h.s}, web.Options{Desk: desk{h.s}, Log: slog.New(slog.DiscardHandler)})
	for _, c := range []struct{ with, name, fields, says, hint string }{
		{"", "NameParty", `{"party":"a","short":[["en","Ardovel"]]}`, "entry ", ""},
		{keys[1], "RevokeOffice", `{"capacity":"Secretary","person":"` + officers[1] + `"}`, "two-secretaries", "second holder"},
		{keys[1], "NameOrigin", `{"domain":"localhost","origins":["` + n.url + `","https://localhost"]}`, "entry ", ""},
		{"", "AdoptRules", `{"basis":"I/1","rules":{"name":"Rules","quorumToOpen":{"over":[1,2],"rule":"7"},"speaking":{"rule":"16","seconds":60},"version":"1"}}`, "entry ", ""},
	} {
		fields, err := parseFields(c.fields)
		if err != nil {
			t.Fatal(err)
		}
		var out, talk bytes.Buffer
		before := h.s.View().State().Size
		err = n.submit(t.Context(), streams{&out, &talk}, &terminal{key: keys[0], with: c.with}, c.name, fields)
		if !strings.Contains(fmt.Sprint(out.String(), err), c.says) || !strings.Contains(remedy(err), c.hint) || (err == nil) != (h.s.View().State().Size == before+1) {
			t.Errorf("%s: %s %v %q", c.name, out.String(), err, remedy(err))
		}
		attested := map[string]int{"NameOrigin": 2, "AdoptRules": 1}[c.name]
		if e, err := h.s.View().Entry(t.Context(), h.s.View().State().Size-1); err != nil || strings.Count(string(e), `"clientDataJSON"`) != attested && c.hint == "" {
			t.Errorf("%s: %v %s", c.name, err, e)
		}
	}
}

// A node that is none, or lies, gets no signature and no act.
func TestANodeThatLiesGetsNothing(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.key")
	key, err := passkey.New(rand.Reader)
	if err == nil {
		err = key.Save(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	person := strings.Repeat("a", 32)
	const salt = "AAAAAAAAAAAAAAAAAAAAAA"
	prepared := func(submitted string, more string) string {
		return `{"submitted":` + string(canonical.AppendString(nil, submitted)) + `,"attested":true,"rpId":"localhost","challenge":"AAAA"` + more + `}`
	}
	act := func(name, fields, more string) string {
		return `{"as":"Secretary","by":"` + person + `","fields":` + fields + more + `,"key":"KEY","name":"` + name + `","origin":"x.example/y","seen":1}`
	}
	asked := `{"note":"n","text":"t"}`
	for name, c := range map[string]struct{ begin, prepare, says string }{
		"asks for another domain":     {`{"challenge":"AAAA","rpId":"assembly.example"}`, "", "not its own"},
		"asks for no domain":          {`{"challenge":"AAAA"}`, "", "not its own"},
		"asks for a part of the name": {`{"challenge":"AAAA","rpId":"host"}`, "", "not its own"},
		"sends no challenge":          {`{"challenge":"?","rpId":"localhost"}`, "", "challenge"},
		"is no node":                  {`<html>`, "", "no JSON"},
		"refuses without a word":      {"404", "", "404"},
		"leads elsewhere":             {"303", "", "303"},
		"prepares another act":        {"", prepared(act("AdoptRules", asked, ""), ""), "another act"},
		"prepares other fields":       {"", prepared(act("FileNote", `{"note":"n","text":"u"}`, ""), ""), "another act"},
		"prepares for a party":        {"", prepared(act("FileNote", asked, `,"for":"a"`), ""), "another act"},
		"prepares about a thing":      {"", prepared(`{"about":[{"id":"i","kind":"item","version":0}],`+act("FileNote", asked, "")[1:], ""), "another act"},
		"opens what was not asked":    {"", prepared(act("FileNote", asked, ""), `,"disclosures":["`+string(canonical.EncodeBytes([]byte(`["`+salt+`","text","t"]`)))+`"]`), "another act"},
		"prepares no act":             {"", prepared(`{}`, ""), "prepares no act"},
		"signs for another domain":    {"", strings.Replace(prepared(act("FileNote", asked, ""), ""), `"rpId":"localhost"`, `"rpId":"assembly.example"`, 1), "not its own"},
		"is what it says":             {"", prepared(act("FileNote", asked, ""), ""), ""},
	} {
		sent := 0
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var body bytes.Buffer
			body.ReadFrom(r.Body)
			switch {
			case strings.HasPrefix(r.URL.Path, "/api/passkeys/"):
				fmt.Fprintf(w, `{"person":%q,"offices":[{"as":"Secretary"}]}`, person)
			case r.URL.Path == "/en/signin/begin" && len(c.begin) == 3:
				w.WriteHeader(map[string]int{"404": 404, "303": 303}[c.begin])
			case r.URL.Path == "/en/signin/begin" && c.begin != "":
				fmt.Fprint(w, c.begin)
			case r.URL.Path == "/en/signin/begin":
				fmt.Fprint(w, `{"challenge":"AAAA","rpId":"localhost"}`)
			case strings.HasSuffix(r.URL.Path, "/prepare"):
				v, err := canonical.Parse(body.String())
				if err != nil {
					t.Errorf("what is asked is no canonical JSON: %v", err)
				}
				fmt.Fprint(w, strings.ReplaceAll(c.prepare, "KEY", v.Get("key").Str))
			case strings.HasPrefix(r.URL.Path, "/api/acts/"):
				sent++
				fmt.Fprint(w, `{"index":7,"at":"2026-01-01T00:00:00.000Z"}`)
			default:
				fmt.Fprint(w, `{}`)
			}
		}))
		fields, err := parseFields(asked)
		if err != nil {
			t.Fatal(err)
		}
		var out, talk bytes.Buffer
		err = at(t, server).submit(t.Context(), streams{&out, &talk}, &terminal{key: file}, "FileNote", fields)
		if c.says == "" {
			if err != nil || sent != 1 {
				t.Errorf("a node that %s: %v, %d sent", name, err, sent)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.says) || remedy(err) == "" && c.says != "challenge" && c.says != "prepares no act" || sent > 0 {
			t.Errorf("a node that %s: %v (%s), %d sent", name, err, remedy(err), sent)
		}
		server.Close()
	}
}
