package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/sqlite"
	"kurultai/secretariat"
	"kurultai/web"
	"kurultai/witness"
)

// writes serves a record as serve does, pages and door and all, until the test ends.
func writes(t *testing.T, dir string) (*house, *httptest.Server) {
	t.Helper()
	h, err := openUnwatched(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = pagesOf(h, server.Listener, web.Options{})
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		h.Close()
	})
	return h, server
}

// seals has an officer do an act whose private values stand as {"private":…}, with its files.
func seals(t *testing.T, h *house, name, fields string, files ...[]byte) {
	t.Helper()
	v, err := canonical.Parse(fields)
	if err != nil {
		t.Fatalf("%s: %v", fields, err)
	}
	sealed, opened, err := record.Seal(v, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	officers := h.s.View().State().Holders(conference.Secretary)
	a := secretariat.Act{Submitted: record.Submitted{Name: name, By: string(officers[0].Person), As: string(conference.Secretary), Fields: sealed, Key: newKey(), Origin: h.log.Origin()}, Disclosures: opened, Blobs: files}
	if _, err := h.s.Do(t.Context(), &a); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// whispers are what nobody may meet who is not meant to: each once, as it is in clear.
type whispers map[string]string

func (w whispers) text(what string) string {
	w[what] = "canary of " + what
	return w[what]
}

// onDisk counts the files under a folder that hold some bytes.
func onDisk(t *testing.T, dir string, b []byte) (n int) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if files++; bytes.Contains(text, b) {
			n++
		}
		return err
	})
	if err != nil || files < 5 {
		t.Fatalf("%d files were looked at: %v", files, err)
	}
	return n
}

// A node shows by its key whose it is, and gets what its delegation may read of what is sealed and closed, and not one opening more;
// it keeps them as the record does, encrypted; and what is to be forgotten it forgets and says so.
func TestANodeHoldsWhatItsDelegationMayReadAndNoMore(t *testing.T) {
	h, server := writes(t, trainingRecord(t))
	dir := t.TempDir()
	canaries, files, size := whispers{}, whispers{}, h.s.View().State().Size
	person := func(i int) string { return fmt.Sprintf("%032x", 0xabc0+i) }
	mayRead := []string{"public", "observers", "participants"}
	var registered []int64 // entries
	for i, audience := range []string{"public", "observers", "participants", "secretariat", "nobody"} {
		seals(t, h, "RegisterPerson", fmt.Sprintf(`{"names":[["en",{"private":"%s"}]],"person":"%s"}`, canaries.text("a name for "+audience), person(i)))
		registered = append(registered, h.s.View().State().Size-1)
		if audience != "nobody" {
			takes(t, h.s, conference.Secretary, "", "PublishName", conference.PublishName{Person: conference.PersonID(person(i)), Languages: []conference.Language{"en"}, Audience: conference.Audience(audience), Basis: "consent"})
		}
	}
	for _, x := range []struct {
		symbol, level string
		to            []conference.PartyID
	}{{"C.1", "restricted", nil}, {"C.2", "confidential", []conference.PartyID{"xa"}}, {"C.3", "confidential", []conference.PartyID{"xl"}}, {"C.4", "confidential", nil}} {
		file := []byte(files.text("the file of " + x.symbol))
		seals(t, h, "RegisterDocument", fmt.Sprintf(`{"file":{"private":{"blob":"%s","size":%d}},"language":"en","level":"%s","symbol":"%s","text":"%[1]s","type":"draft"}`, record.DigestOf(file), len(file), x.level, x.symbol), file)
		if x.to != nil {
			takes(t, h.s, conference.Secretary, "", "Circulate", conference.Circulate{Symbol: conference.Symbol(x.symbol), To: x.to})
		}
	}
	seals(t, h, "FileNote", fmt.Sprintf(`{"note":"n1","text":"%s"}`, canaries.text("a closed note")))
	for _, what := range []string{"C.1", "C.2"} {
		mayRead = append(mayRead, what)
	}

	key := filepath.Join(dir, "node.key")
	_, verifier, _ := kurultai(t, "follow", "-key", key, "-name", "node.xa", "-newkey")
	copied := filepath.Join(dir, "copy")
	follow := func(want int) string {
		t.Helper()
		code, _, talk := kurultai(t, "follow", "-data", copied, "-key", key, "-once", server.URL)
		if code != want {
			t.Fatalf("%d: %s", code, talk)
		}
		return talk
	}
	follow(1) // not admitted yet: it gets what is meant for all
	if n := rowsOf(t, copied, map[record.Digest]string{}); n != 0 {
		t.Errorf("a node that is not admitted holds %d openings", n)
	}
	takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: strings.TrimSpace(verifier)})
	if talk := follow(0); !strings.Contains(talk, "openings that the delegation may have came") {
		t.Errorf("none came: %s", talk)
	}

	// Exactly those which conference says the delegation sees.
	st := h.s.View().State()
	want := st.Disclosed(st.NodeReader("xa"))
	have := map[record.Digest]string{}
	rowsOf(t, copied, have)
	missing := 0
	for d := range want {
		if _, err := h.s.View().Open(t.Context(), d); err != nil {
			continue // of a story that came unopened, or forgotten
		}
		if _, ok := have[d]; !ok {
			missing++
		}
	}
	for d, plain := range have {
		if !want[d] {
			t.Errorf("it holds %s", plain)
		}
	}
	opened := slices.Collect(maps.Values(have))
	met := 0
	for what, text := range canaries {
		_, entitled := strings.CutPrefix(what, "a name for ")
		audience := strings.TrimPrefix(what, "a name for ")
		entitled = entitled && slices.Contains(mayRead, audience)
		met++
		if holds := slices.ContainsFunc(opened, func(s string) bool { return strings.Contains(s, text) }); holds != entitled {
			t.Errorf("%s: held %v, entitled %v", what, holds, entitled)
		}
	}
	if missing != 0 || met != 6 {
		t.Errorf("%d openings are missing; %d canaries looked for", missing, met)
	}
	// The walk: nothing in clear, whatever it is; and what it is not entitled to in no form, nor the file's ciphertext.
	for _, list := range []whispers{canaries, files} {
		for what, text := range list {
			for _, form := range [][]byte{[]byte(text), []byte(base64.RawURLEncoding.EncodeToString([]byte(text))), []byte(base64.StdEncoding.EncodeToString([]byte(text)))} {
				if n := onDisk(t, copied, form[:len(form)-2]); n > 0 {
					t.Errorf("%s stands in clear in %d files of the node", what, n)
				}
			}
		}
	}
	blobs := 0
	for row, err := range h.engine.Rows(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := h.s.View().OpenClosed(t.Context(), row.Digest); err == nil && row.Index > size && onDisk(t, copied, plain) > 0 {
			t.Errorf("the opening of entry %d lies in clear at the node", row.Index)
		}
		if row.Blob == "" {
			continue
		}
		blobs++
		kept, err := h.engine.Blob(t.Context(), row.Blob)
		if err != nil {
			t.Fatal(err)
		}
		if n := onDisk(t, copied, kept); (n > 0) != want[row.Digest] {
			t.Errorf("the file of entry %d lies at the node %d times, entitled %v", row.Index, n, want[row.Digest])
		}
	}
	if blobs != 4 {
		t.Errorf("%d files", blobs)
	}

	// The delegation reads it on its own pages, and nobody else on those for all.
	func() {
		said, stop := runs(t, followConfig{dir: copied, from: server.URL, key: key, inside: "localhost:0"})
		defer stop()
		page, inside := after(said, "the page is on "), after(said, "the page of the delegation is on ")
		looked := 0
		for address, names := range map[string][]string{page: mayRead[:1], inside: mayRead[:3]} {
			for i, audience := range []string{"public", "observers", "participants", "secretariat", "nobody"} {
				answer, err := http.Get(fmt.Sprintf("%s/en/record/%d", address, registered[i]))
				if err != nil {
					t.Fatal(err)
				}
				b, _ := io.ReadAll(answer.Body)
				answer.Body.Close()
				looked++
				if shows := strings.Contains(string(b), canaries["a name for "+audience]+"<"); shows != slices.Contains(names, audience) || answer.StatusCode != 200 {
					t.Errorf("%s shows a name for %s: %v", address, audience, shows)
				}
			}
		}
		if looked != 10 {
			t.Errorf("%d pages", looked)
		}
	}()
	// Forgotten: the key goes at the node too, and the writer's page says when.
	gone := canaries["a name for participants"]
	page := func() string {
		answer, err := http.Get(server.URL + "/en/record")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, _ := io.ReadAll(answer.Body)
		return string(b)
	}
	takes(t, h.s, conference.Secretary, "", "ForgetPerson", conference.ForgetPerson{Person: conference.PersonID(person(2)), Ground: "request"})
	if text := page(); !strings.Contains(text, "not yet forgotten there: 1 of 2") {
		t.Error("the page does not say that the node has not forgotten")
	}
	follow(0)
	if text := page(); !strings.Contains(text, "forgotten there too: all 2") {
		t.Error("the page does not say that the node has forgotten")
	}
	clear(have)
	rowsOf(t, copied, have)
	if len(have) == 0 || slices.ContainsFunc(slices.Collect(maps.Values(have)), func(s string) bool { return strings.Contains(s, gone) }) {
		t.Error("the node opens what is forgotten")
	}
	// Its word outlives a restart of the writer.
	again := &house{dir: h.dir, log: h.log}
	if err := again.openErasures(); err != nil || again.erased.Until()[strings.TrimSpace(verifier)] != h.s.View().State().Size {
		t.Errorf("%v %v", again.erased.Until(), err)
	}
	// Withdrawn, it gets nothing more.
	takes(t, h.s, conference.Head, "xa", "WithdrawNode", conference.WithdrawNode{Verifier: strings.TrimSpace(verifier)})
	seals(t, h, "RegisterPerson", fmt.Sprintf(`{"names":[["en",{"private":"%s"}]],"person":"%s"}`, "one more", person(9)))
	takes(t, h.s, conference.Secretary, "", "PublishName", conference.PublishName{Person: conference.PersonID(person(9)), Languages: []conference.Language{"en"}, Audience: "participants", Basis: "consent"})
	before := len(have)
	follow(1)
	clear(have)
	if rowsOf(t, copied, have); len(have) != before {
		t.Errorf("a withdrawn node got %d more", len(have)-before)
	}
}

// rowsOf opens what a copy holds of openings, by digest, and counts its rows.
func rowsOf(t *testing.T, dir string, into map[record.Digest]string) (rows int) {
	t.Helper()
	engine, err := sqlite.Open(dir, sqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	keys, err := secretariat.ReadSubjectKeys(filepath.Join(dir, "subjects"))
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	for row, err := range engine.Rows(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		rows++
		key, err := keys.Get(row.Subject)
		if err != nil {
			continue
		}
		plain, err := key.Decrypt(row)
		if err != nil {
			t.Fatal(err)
		}
		into[row.Digest] = string(plain)
		if _, _, value, err := record.Disclosure(plain).Open(); err == nil {
			into[row.Digest] = value.Str
		}
	}
	return rows
}

// What is said at the door by others, to another address, twice or late opens nothing.
func TestTheDoorOpensToTheNodeAlone(t *testing.T) {
	h, _ := served(t, trainingRecord(t))
	ours, other := nodeKeyOf(t, "node.xa"), nodeKeyOf(t, "node.xl")
	takes(t, h.s, conference.Head, "xa", "AdmitNode", conference.AdmitNode{Verifier: ours.Verifier().String()})
	now := time.Now()
	erased := witness.OpenErasures(h.log.Origin(), nil, func([]byte) error { return nil })
	const here = "https://assembly.example"
	door := witness.NewDoor(func() witness.Behind { return h.s.View() }, func(*http.Request) []string { return []string{here} }, erased, func() time.Time { return now })
	ask := func(method, path, token string, body []byte) (int, string) {
		r := httptest.NewRequest(method, path, bytes.NewReader(body))
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	challenge := func() string { _, c := ask("GET", "/node/challenge", "", nil); return c }
	says := func(k *witness.NodeKey, what witness.Saying, parts ...string) []byte {
		return must(k.Say(what, parts...))
	}
	used := challenge()
	code, token := ask("POST", "/node/token", "", says(ours, witness.SaysWho, h.log.Origin(), here, used))
	if code != 200 {
		t.Fatal(code, token)
	}
	old := challenge()
	rows := 0
	for name, row := range map[string]struct {
		body []byte
		code int
	}{
		"nothing":             {nil, 403},
		"too long":            {bytes.Repeat([]byte("x"), 10_000), 403},
		"another node":        {says(other, witness.SaysWho, h.log.Origin(), here, challenge()), 403},
		"another address":     {says(ours, witness.SaysWho, h.log.Origin(), "https://relay.example", challenge()), 403},
		"another record":      {says(ours, witness.SaysWho, "story.invalid/other/0000000000000000", here, challenge()), 403},
		"the same twice":      {says(ours, witness.SaysWho, h.log.Origin(), here, used), 403},
		"a made-up challenge": {says(ours, witness.SaysWho, h.log.Origin(), here, canonical.EncodeBytes(make([]byte, 48))), 403},
		"another statement":   {says(ours, witness.SaysErased, h.log.Origin(), "5"), 403},
		"a cosignature":       {cosignedBy(t, h.log.Verifier(), h.s.View().Checkpoint().Note, "node.xa"), 403},
	} {
		rows++
		if code, said := ask("POST", "/node/token", "", row.body); code != row.code {
			t.Errorf("%s: %d %s", name, code, said)
		}
	}
	for name, token := range map[string]string{"no pass": "", "a made-up pass": canonical.EncodeBytes(make([]byte, 32)), "noise": "+++"} {
		rows++
		for _, path := range []string{"/node/openings", "/node/blob/" + strings.Repeat("0", 64)} {
			if code, _ := ask("GET", path, token, nil); code != 401 {
				t.Errorf("%s: %d", name, code)
			}
		}
	}
	if code, said := ask("GET", "/node/openings", token, nil); code != 200 || !strings.HasSuffix(said, `{"end":true}`) {
		t.Errorf("with a pass: %d %s", code, said)
	}
	if code, _ := ask("GET", "/node/blob/"+strings.Repeat("0", 64), token, nil); code != 404 {
		t.Errorf("a file there is not: %d", code)
	}
	now = now.Add(61 * time.Second)
	if code, _ := ask("POST", "/node/token", "", says(ours, witness.SaysWho, h.log.Origin(), here, old)); code != 403 {
		t.Errorf("a challenge of a minute ago: %d", code)
	}
	now = now.Add(10 * time.Minute)
	if code, _ := ask("GET", "/node/openings", token, nil); code != 401 {
		t.Errorf("a pass of ten minutes ago: %d", code)
	}
	// What is said of erasing.
	size := fmt.Sprint(h.s.View().State().Size)
	for name, row := range map[string]struct {
		body []byte
		code int
	}{
		"another node":                {says(other, witness.SaysErased, h.log.Origin(), size), 403},
		"more entries than there are": {says(ours, witness.SaysErased, h.log.Origin(), "99999"), 409},
		"of another record":           {says(ours, witness.SaysErased, "example.org/x", size), 409},
	} {
		rows++
		if code, said := ask("POST", "/node/erased", "", row.body); code != row.code {
			t.Errorf("%s: %d %s", name, code, said)
		}
	}
	if len(erased.Until()) != 0 {
		t.Error("one of them is believed")
	}
	if code, _ := ask("POST", "/node/erased", "", says(ours, witness.SaysErased, h.log.Origin(), size)); code != 204 || len(erased.Until()) != 1 {
		t.Error("its own word is not taken")
	}
	t.Logf("%d requests refused", rows)
}

func nodeKeyOf(t *testing.T, name string) *witness.NodeKey {
	t.Helper()
	seed := make([]byte, 32)
	copy(seed, name)
	return must(signerOf([]byte(nodeKeyPrefix + name + "+" + base64.StdEncoding.EncodeToString(seed))))
}
