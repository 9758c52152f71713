package web_test

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/exchange"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/tiles"
	"kurultai/secretariat"
	"kurultai/story"
	"kurultai/story/storytest"
	"kurultai/web"
)

// canaries are what sealed and closed contents hold, and whom each is meant for.
var canaries = map[string]conference.Audience{
	"Canarypublic": conference.ToPublic, "Canaryobserver": conference.ToObservers, "Canaryparticipant": conference.ToParticipants,
	"Canarysecretary": conference.ToSecretariat, "Canaryfile": conference.ToParticipants, "Canaryconfidential": conference.ToSecretariat, "Canarydestroyed": "nobody", "Canarynobody": "nobody", "Canarynote": "nobody", "Canarywithdrawn": "nobody", "Canaryforgotten": "nobody",
}

// Every address is walked by everybody: nothing shows what is not meant for whoever reads.
func TestNothingShowsWhereItMayNot(t *testing.T) {
	s := storytest.Play(t, "training")
	var logged bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&logged, nil))
	before := slog.Default()
	slog.SetDefault(log)
	t.Cleanup(func() { slog.SetDefault(before) })
	h := hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}, Roles: true, Log: log, File: func(ctx context.Context, d record.Digest) ([]byte, error) { return s.View().File(ctx, d) }})}
	readers := map[string]conference.PersonID{
		"the public": "", "an observer": h.holder(conference.ObserverHead, "xm"), "a head": h.holder(conference.Head, "xv"),
		"another head": h.holder(conference.Head, "xz"), "the Chair": h.holder(conference.Chair, ""), "a secretary": h.holder(conference.Secretary, ""),
	}
	persons := h.hide(0xca0000)
	readers["who is named to nobody"] = persons["Canarynobody"]
	server := httptest.NewServer(h.h)
	t.Cleanup(server.Close)
	walked, posted, seen := 0, 0, map[string]map[string]bool{}
	for who, p := range readers {
		seen[who] = map[string]bool{}
		at := conference.Reader{}
		if p != "" {
			at = s.View().State().Reader(p, s.View().State().Last)
		}
		for _, path := range h.paths(persons) {
			text := ""
			if strings.HasSuffix(path, "/live") {
				text = h.firstFrame(server.URL+path, p)
			} else {
				w := h.see(p, path)
				text = fmt.Sprint(w.Header(), inflated(w.Body.Bytes()))
			}
			walked++
			for canary, meant := range canaries {
				if !strings.Contains(text, canary) {
					continue
				}
				if seen[who][canary] = true; !at.Sees(meant) {
					t.Errorf("%s reads %s at %s", who, canary, path)
				}
			}
		}
		for name, text := range h.tries(p, persons) {
			posted++
			for canary, meant := range canaries {
				if strings.Contains(text, canary) && !at.Sees(meant) {
					t.Errorf("%s reads %s where %s is answered", who, canary, name)
				}
			}
		}
	}
	for who, want := range map[string]string{"the public": "Canarypublic", "an observer": "Canarypublic Canaryobserver", "a head": "Canarypublic Canaryobserver Canaryparticipant Canaryfile", "a secretary": "Canarypublic Canaryobserver Canaryparticipant Canarysecretary Canaryfile Canaryconfidential"} {
		for _, c := range strings.Fields(want) {
			if !seen[who][c] {
				t.Errorf("%s never reads %s, so the walk proves nothing", who, c)
			}
		}
	}
	for canary := range canaries {
		if strings.Contains(logged.String(), canary) {
			t.Errorf("the log holds %s", canary)
		}
	}
	if walked < 2000 {
		t.Errorf("%d addresses walked", walked)
	}
	if posted < 1000 {
		t.Errorf("%d acts tried", posted)
	}
	t.Logf("%d addresses walked and %d acts tried by %d readers", walked, posted, len(readers))
	h.outside()
	h.between(server.URL, readers)
}

// inflated is an answer as it can be searched: of a PDF the streams unpacked, among them the source it was made from.
func inflated(body []byte) string {
	if !bytes.HasPrefix(body, []byte("%PDF-")) {
		return string(body)
	}
	var out strings.Builder
	for part := range bytes.SplitSeq(body, []byte("\nstream\n")) {
		if r, err := zlib.NewReader(bytes.NewReader(part)); err == nil {
			io.Copy(&out, r) // up to the end of the stream; what follows it is none
		}
		out.Write(part)
	}
	return out.String()
}

// tries asks for each act of the catalogue as a form and as a call, on each of persons, and gives what is answered; no act
// is submitted.
func (h hall) tries(who conference.PersonID, persons map[string]conference.PersonID) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		all := slices.Sorted(maps.Values(persons))
		for i, a := range h.s.View().State().Catalogue() {
			p := string(all[i%len(all)])
			asked, _ := json.Marshal(map[string]any{"as": a.Who[0], "meeting": "ix", "with": []map[string]string{{"as": "Secretary", "by": p}}, "fields": map[string]any{"person": p, "by": p, "persons": []string{p}, "reader": p}})
			w := h.send(who, "/api/acts/"+a.Name+"/prepare", "application/json", string(asked))
			form := h.see(who, "/en/act/"+a.Name+"?meeting=ix&person="+p)
			if !yield(a.Name, fmt.Sprint(w.Header(), w.Body, form.Header(), form.Body)) {
				return
			}
		}
	}
}

// between holds a stream of each kind for each reader while what is hidden is entered, then something public: what comes up
// to it names nobody to whom they are not named, and its ids are places of the record, each later than the one before.
func (h hall) between(server string, readers map[string]conference.PersonID) {
	type held struct {
		who, path string
		came      <-chan string
	}
	st := h.s.View().State()
	var streams []held
	ctx, stop := context.WithCancel(h.Context())
	defer stop()
	for who, p := range readers {
		for _, path := range []string{"/en/live", "/en/meetings/ix/live", "/en/meetings/ix/wall/live", "/en/meetings/ix/now/live", "/en/meetings/ix/floor/live", "/en/meetings/ix/chair/live", "/en/meetings/ix/desk/live", "/en/mine/live", "/en/record/live", "/en/documents/live"} {
			if came := h.holds(ctx, server+path, p); came != nil {
				streams = append(streams, held{who, path, came})
			}
		}
	}
	if len(streams) < 5*len(readers) {
		h.Errorf("%d streams held", len(streams))
	}
	h.hide(0xcb0000)
	h.does(h.holder(conference.Secretary, ""), conference.Secretary, "xz", "ix", "AskFloor", `{"instruction":"aloud","request":"f-canary"}`)
	time.AfterFunc(3*time.Second, stop) // all that comes at once has come
	frames, moved := 0, 0
	for _, x := range streams {
		before := frames
		at, last := conference.Reader{}, int64(-1)
		if p := readers[x.who]; p != "" {
			at = st.Reader(p, st.Last)
		}
		for line := range x.came {
			for canary, meant := range canaries {
				shown := slices.Contains([]string{"Canarywithdrawn", "Canaryforgotten"}, canary) // to all, for a moment
				if strings.Contains(line, canary) && !at.Sees(meant) && !shown {
					h.Errorf("%s reads %s in the stream of %s", x.who, canary, x.path)
				}
			}
			if text, ok := strings.CutPrefix(line, "id: "); ok {
				frames++
				id, err := strconv.ParseInt(text, 10, 64)
				if err != nil || id < last || id > h.s.View().State().Size {
					h.Errorf("%s reads %q after id %d of %s", x.who, line, last, x.path)
				}
				last = id
			}
		}
		if frames > before+1 {
			moved++
		}
	}
	if moved < 3*len(readers) {
		h.Errorf("%d of %d streams moved", moved, len(streams))
	}
	h.Logf("%d frames in %d streams, of which %d moved", frames, len(streams), moved)
}

// holds follows a stream, and gives its lines once the first has come; nil where there is none for the reader.
func (h hall) holds(ctx context.Context, address string, p conference.PersonID) <-chan string {
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if p != "" {
		r.AddCookie(web.SignIn(h.h, p))
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.Fatal(err)
	}
	if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		answer.Body.Close()
		return nil
	}
	lines, begun := make(chan string, 1<<16), make(chan struct{})
	go func() {
		defer answer.Body.Close()
		defer close(lines)
		first := sync.OnceFunc(func() { close(begun) })
		defer first()
		for in := bufio.NewReader(answer.Body); ; {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			lines <- strings.TrimSpace(line)
			first()
		}
	}()
	<-begun
	return lines
}

// outside looks at what leaves the house without a page: the story, openings, entries, tiles, tables, calendar, feed and
// debates.
func (h hall) outside() {
	v, found := h.s.View(), 0
	var out bytes.Buffer
	if _, err := story.Export(h.Context(), v, false, &out); err != nil {
		h.Fatal(err)
	}
	english, _ := language.Get("en")
	for _, m := range []conference.MeetingID{"viii", "ix"} {
		for _, err := range []error{
			exchange.WriteDebate(h.Context(), v, m, english, &out),
			exchange.WriteCalendar(h.Context(), v, m, english, &out),
			exchange.WriteFeed(h.Context(), v, m, english, &out),
		} {
			if err != nil {
				h.Fatal(err)
			}
		}
		for _, table := range exchange.Tables {
			if err := exchange.WriteCSV(h.Context(), v, table, m, english, &out); err != nil {
				h.Fatal(err)
			}
		}
	}
	dir := h.TempDir()
	entries := func(yield func(record.Stored, error) bool) {
		for i := range v.State().Size {
			b, err := v.Entry(h.Context(), i)
			if !yield(record.Stored{Index: i, Bytes: b, Hash: tlog.RecordHash(b)}, err) {
				return
			}
		}
	}
	if err := tiles.Export(h.Context(), dir, tiles.Source{Head: v.Checkpoint(), Key: v.VerifierKey(), Entries: entries, Openings: v.Openings(h.Context(), 0, false), Blob: v.Blob}); err != nil {
		h.Fatal(err)
	}
	files := 0
	if err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(filepath.Join(dir, path))
		out.Write(b)
		return err
	}); err != nil || files < 5 {
		h.Fatal(files, err)
	}
	for o, err := range v.Openings(h.Context(), 0, false) {
		if err != nil {
			h.Fatal(err)
		}
		if o.Closed != nil {
			h.Error("a closed entry is opened to all")
		}
		_, _, value, err := o.Disclosure.Open()
		if err != nil {
			h.Fatal(err)
		}
		fmt.Fprintln(&out, value.Str)
	}
	for i := range v.State().Size {
		e, err := v.Entry(h.Context(), i)
		if err != nil {
			h.Fatal(err)
		}
		out.Write(e)
	}
	for canary, meant := range canaries {
		if got := strings.Contains(out.String(), canary); got != (meant == conference.ToPublic) {
			h.Errorf("what leaves the house holds %s: %v", canary, got)
		} else if got {
			found++
		}
	}
	if found == 0 {
		h.Error("the name published to all has not left the house, so this proves nothing")
	}
}

// paths are all addresses with everything that can stand in their braces, in two languages.
func (h hall) paths(persons map[string]conference.PersonID) (list []string) {
	st := h.s.View().State()
	fill := map[string][]string{"lang": {"en", "ka"}, "meeting": {"ix", "viii"}, "file": {"communique", "communique.txt", "communique.md", "participants.pdf", "summary-record.pdf", "badges.pdf"}, "token": {strings.Repeat("A", 43)}, "act": nil,
		"entry": nil, "index": nil, "$": {""}, "symbol...": {"LP/VIII/L.1", "LP/VIII/INF.1", "LP/ca0000/canaryfile", "LP/ca0000/canaryconfidential", "LP/ca0000/canarydestroyed"}, "party": {"xv", "xa"}, "instrument": {"statute"}, "decision": {"viii-1"}, "commitment": {"report-1"}, "person": nil}
	for _, p := range persons {
		fill["person"] = append(fill["person"], string(p))
	}
	for i := range st.Size {
		if i > st.Size-40 || i%40 == 0 {
			fill["entry"], fill["index"] = append(fill["entry"], fmt.Sprint(i)), append(fill["index"], fmt.Sprint(i))
		}
	}
	for _, a := range []string{"FileNote", "PublishName", "RegisterPerson", "GrantOffice", "AskFloor"} {
		fill["act"] = append(fill["act"], a)
	}
	ids := []string{"xv", "xa", "ix", "viii"}
	for _, p := range persons {
		ids = append(ids, string(p))
	}
	for _, address := range web.Addresses() {
		of := []string{""}
		for part := range strings.SplitSeq(strings.TrimPrefix(address, "/"), "/") {
			values := []string{part}
			if name, ok := strings.CutPrefix(part, "{"); ok {
				if name = strings.TrimSuffix(name, "}"); name == "id" {
					values = ids
				} else if values = fill[name]; values == nil {
					h.Fatalf("nothing stands for %s of %s", part, address)
				}
			}
			var longer []string
			for _, prefix := range of {
				for _, v := range values {
					longer = append(longer, prefix+"/"+v)
				}
			}
			of = longer
		}
		list = append(list, of...)
		if strings.HasSuffix(address, "/search") {
			list = append(list, of[0]+"?q=canary") // whoever asks finds the names that they may see
		}
		if strings.Contains(address, "{meeting}") && !strings.Contains(address, "live") || strings.HasPrefix(address, "/api/meetings/{id}") {
			for _, p := range of {
				list = append(list, p+fmt.Sprintf("?at=%d", st.Size-3))
			}
		}
	}
	return list
}

// firstFrame reads a stream up to its first frame, or an answer that is none.
func (h hall) firstFrame(address string, p conference.PersonID) string {
	ctx, stop := context.WithTimeout(h.Context(), 10*time.Second)
	defer stop()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if p != "" {
		r.AddCookie(web.SignIn(h.h, p))
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.Fatal(err)
	}
	defer answer.Body.Close()
	var text strings.Builder
	fmt.Fprint(&text, answer.Header)
	last := []string{"</footer>", "event: moved"}
	if strings.HasSuffix(address, "/mine/live") { // what is for one person, and no page
		last = append(last, "</div>")
	}
	for in := bufio.NewScanner(answer.Body); in.Scan(); {
		if text.WriteString(in.Text() + "\n"); slices.ContainsFunc(last, func(end string) bool { return strings.Contains(in.Text(), end) }) {
			break
		}
	}
	if ctx.Err() != nil {
		h.Errorf("%s sends no frame", address)
	}
	return text.String()
}

// hide enters persons with canaries for names, heads of delegations whom pages name, and a closed note.
func (h hall) hide(first int) map[string]conference.PersonID {
	officers := h.s.View().State().Holders(conference.Secretary)
	do := func(name, fields string, two bool, blobs ...[]byte) {
		h.Helper()
		v, err := canonical.Parse(fields)
		if err != nil {
			h.Fatalf("%s: %v", fields, err)
		}
		sealed, disclosures, err := story.Seal(v, rand.Reader)
		if err != nil {
			h.Fatal(err)
		}
		var key [16]byte
		rand.Read(key[:])
		a := secretariat.Act{Submitted: record.Submitted{As: string(conference.Secretary), By: string(officers[0].Person), Fields: sealed, Key: canonical.EncodeBytes(key[:]), Name: name, Origin: h.s.View().Origin()}, Disclosures: disclosures, Blobs: blobs}
		if two {
			a.Submitted.With = []record.With{{As: string(conference.Secretary), By: string(officers[1].Person)}}
		}
		if _, err := h.s.Do(h.Context(), &a); err != nil {
			h.Fatalf("%s %s: %v", name, fields, err)
		}
	}
	persons := map[string]conference.PersonID{}
	n := 0
	for _, canary := range []string{"Canaryforgotten", "Canarynobody", "Canaryobserver", "Canaryparticipant", "Canarypublic", "Canarysecretary", "Canarywithdrawn"} {
		n++
		p := fmt.Sprintf("%032x", first+n)
		persons[canary] = conference.PersonID(p)
		names, codes := "", ""
		for i, l := range language.All() {
			comma := []string{"", ","}[min(i, 1)]
			names += comma + `["` + l.Code + `",{"private":"` + canary + `"}]`
			codes += comma + `"` + l.Code + `"`
		}
		do("RegisterPerson", `{"names":[`+names+`],"person":"`+p+`"}`, false)
		do("GrantOffice", `{"capacity":"Head","for":"xv","person":"`+p+`"}`, true)
		audience := string(canaries[canary])
		if slices.Contains([]string{"Canarywithdrawn", "Canaryforgotten"}, canary) {
			audience = "public"
		}
		if audience != "nobody" {
			do("PublishName", `{"audience":"`+audience+`","basis":"consent","languages":[`+codes+`],"person":"`+p+`"}`, false)
		}
		switch canary {
		case "Canarywithdrawn":
			do("WithdrawName", `{"languages":[`+codes+`],"person":"`+p+`"}`, false)
		case "Canaryforgotten":
			do("ForgetPerson", `{"ground":"request","person":"`+p+`"}`, false)
		}
	}
	for canary, level := range map[string]string{"canaryfile": "restricted", "canaryconfidential": "confidential", "canarydestroyed": "restricted"} {
		text := []byte("C" + canary[1:] + " stands in this paper")
		symbol := fmt.Sprintf("LP/%x/%s", first, canary)
		do("RegisterDocument", fmt.Sprintf(`{"file":{"private":{"blob":"%s","size":%d}},"language":"en","level":"%s","symbol":"%s","text":"%[1]s","type":"letter"}`, record.DigestOf(text), len(text), level, symbol), false, text)
		if canary == "canarydestroyed" {
			do("DestroyFile", `{"basis":"VIII/1","symbol":"`+symbol+`"}`, true)
		}
	}
	do("FileNote", fmt.Sprintf(`{"note":"canary-%x","text":"Canarynote"}`, first), false)
	return persons
}
