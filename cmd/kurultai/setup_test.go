package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"image"
	"image/png"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/secretariat"
	"kurultai/web"
)

// lakes is a draft with all there may be.
func lakes() web.Draft {
	names := func(en, ka string) map[string]string { return map[string]string{"en": en, "ka": ka} }
	return web.Draft{
		Body:        web.DraftBody{ID: "lakes", Names: names("Lakes", "ტბები"), Seat: names("Nuvel", "ნუველი"), Zone: "Asia/Baku"},
		Secretaries: [2]web.DraftPerson{{Names: names("Olmar Feret", "ოლმარ ფერეტი")}, {Names: map[string]string{"en": "Neva Tallis"}}},
		Address:     "https://records.example.org", Proven: "https://records.example.org",
		Parties: []web.DraftParty{{ID: "kz", Names: names("Kazakhstan", "ყაზახეთი"), Since: "2009", Basis: "founder"},
			{ID: "lake", Names: names("Lake Commission", "ტბის კომისია"), Observer: true, Since: "2010-01", Basis: "decision"}},
		Rules: "consensus", Basis: "L/1", Script: "en",
		People:  []web.DraftRow{{Name: "Ilvar Tesmond", Party: "kz", Role: "head"}, {Name: "Linneva, Sorrut", Party: "Lake Commission", Role: "ხელმძღვანელი"}},
		Meeting: web.DraftMeeting{Ordinal: 7, From: "2027-06-08", To: "2027-06-11", Place: names("Tamrin", "თამრინი"), Zone: "Asia/Tbilisi", Host: "kz", Chair: 1},
	}
}

// keeping is a founder on a new folder, that holds a draft.
func keeping(t *testing.T, d web.Draft) *founder {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	f, err := openFounder(t.Context(), streams{discard{}, discard{}}, filepath.Join(t.TempDir(), "body"), "")
	if err != nil {
		t.Fatal(err)
	}
	f.founded = func(*house) {}
	t.Cleanup(f.close)
	if err := f.Save(d); err != nil {
		t.Fatal(err)
	}
	return f
}

// again is the founder of the same folder after the program has ended.
func (f *founder) again(t *testing.T) *founder {
	t.Helper()
	f.close()
	next, err := openFounder(t.Context(), f.io, f.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	next.founded = func(*house) {}
	t.Cleanup(next.close)
	return next
}

// What was filled in stands in the record by ordinary acts; who has a card enrols with it, and names are sealed.
func TestASetUpBecomesARecord(t *testing.T) {
	f := keeping(t, lakes())
	acts, err := f.Check(t.Context(), lakes())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Found(t.Context(), f.Draft()); err != nil {
		t.Fatal(err)
	}
	st, done := f.house.s.View().State(), f.Founded()
	if st.Size != int64(acts) || done.Size != st.Size || done.Origin != "records.example.org/lakes" || len(done.Cards) != 4 {
		t.Errorf("%d entries, %d acts were tried; %+v", st.Size, acts, done)
	}
	m, _ := st.Meeting("m7")
	if at := st.SignInAt(); at.Domain != "records.example.org" || st.Rules.Name == "" || m.Place != "tamrin" || m.Zone != "Asia/Tbilisi" || m.Host != "kz" || len(st.Members("2027-06-08", "m7")) != 1 {
		t.Errorf("%+v %+v", at, m)
	}
	if h := st.Holders(conference.Chair); len(h) != 1 || h[0].Person != st.Holders(conference.Head)[0].Person || len(st.Holders(conference.ObserverHead)) != 1 {
		t.Errorf("chair and heads: %v", h)
	}
	text, err := os.ReadFile(filepath.Join(f.dir, "record.db"))
	if err != nil || bytes.Contains(text, []byte("Tesmond")) || bytes.Contains(text, []byte("Feret")) {
		t.Errorf("a name is in the open: %v", err)
	}
	for _, entry := range []string{"setup.json"} {
		if i, err := os.Stat(filepath.Join(f.dir, entry)); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", entry, i.Mode(), err)
		}
	}
	if f.Save(lakes()) == nil {
		t.Error("the draft of a body that is founded changes")
	}
	next := f.again(t)
	if err := next.Found(t.Context(), next.Draft()); err != nil || next.Founded().Size != int64(acts) || len(next.Founded().Cards) != 4 {
		t.Errorf("opened again: %v", err)
	}
	if err := next.End(); err != nil {
		t.Fatal(err)
	}
	if inSetup(f.dir) || !isRecord(f.dir) {
		t.Error("the set-up goes on after its end")
	}
}

// The emblem of a draft is named by the first act and stands on the pages; bytes that are no picture, which another
// program may have put into a record, are sent to nobody.
func TestTheEmblemIsNamedByTheFirstAct(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 40))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		emblem []byte
		status int
	}{"a picture": {picture.Bytes(), 200}, "a page": {[]byte("<svg><script>alert(1)</script></svg>"), 404}, "none": {nil, 404}} {
		d := lakes()
		d.Body.Emblem = c.emblem
		f := keeping(t, d)
		if _, err := f.Check(t.Context(), f.Draft()); err != nil {
			t.Fatal(err)
		}
		if err := f.Found(t.Context(), f.Draft()); err != nil {
			t.Fatal(err)
		}
		digest, named := record.DigestOf(c.emblem), f.house.s.View().State().Body.Emblem
		if (named != nil) != (c.emblem != nil) || named != nil && (named.Digest != digest || named.Size != int64(len(c.emblem))) {
			t.Errorf("%s: the record names %v", name, named)
		}
		site := web.New(reading{s: f.house.s}, web.Options{})
		get := func(path string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			site.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			return w
		}
		address := "/emblem/" + string(digest) + ".png"
		for _, page := range []string{"/en/", "/ka/meetings/m7", "/en/meetings/m7/wall"} {
			if w := get(page); w.Code != 200 || strings.Contains(w.Body.String(), `<img class="mark-of" src="`+address+`" alt="">`) != (c.emblem != nil) {
				t.Errorf("%s at %s: %d", name, page, w.Code)
			}
		}
		w := get(address)
		if w.Code != c.status || c.status == 200 && (w.Header().Get("Content-Type") != "image/png" || !bytes.Equal(w.Body.Bytes(), c.emblem)) || bytes.Contains(w.Body.Bytes(), []byte("alert(1)")) {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
		f.close()
	}
}

// Wherever a founding is interrupted, it goes on and becomes the same record, each act taken once.
func TestAFoundingGoesOnWhereItWasInterrupted(t *testing.T) {
	whole := 0
	for _, stop := range []string{"key", "empty", "body", "all"} {
		f := keeping(t, lakes())
		if whole == 0 {
			acts, err := f.Check(t.Context(), lakes())
			if err != nil {
				t.Fatal(err)
			}
			whole = acts
		}
		f.file.Seed, f.file.Began = make([]byte, 32), int64(wall())
		rand.Read(f.file.Seed)
		if err := f.keep(); err != nil {
			t.Fatal(err)
		}
		if err := makeLogKey(f.dir, func(ed25519.PublicKey) string { return f.file.Draft.Origin() }); err != nil {
			t.Fatal(err)
		}
		if stop != "key" {
			h, err := openToWrite(t.Context(), f.dir, "")
			if err != nil {
				t.Fatal(err)
			}
			p := newFounding(f.file.Draft, f.file.Seed, record.Instant(f.file.Began), h.log.Origin(), true)
			switch stop {
			case "body":
				acts, err := p.body()
				if err == nil {
					err = h.s.DoWhole(t.Context(), &secretariat.Whole{Acts: acts})
				}
				if err != nil {
					t.Fatal(err)
				}
			case "all":
				if _, err := p.take(t.Context(), h); err != nil {
					t.Fatal(err)
				}
			}
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
		}
		next := f.again(t)
		if err := next.Found(t.Context(), next.Draft()); err != nil {
			t.Fatalf("%s: %v", stop, err)
		}
		if done := next.Founded(); done.Size != int64(whole) || len(done.Cards) != 4 {
			t.Errorf("stopped at %s: %d entries of %d, %d cards", stop, done.Size, whole, len(done.Cards))
		}
	}
}

// What the rules refuse leaves nothing behind, and can be mended.
func TestAFoundingThatIsRefusedLeavesNothing(t *testing.T) {
	d := lakes()
	d.Parties[0].Since = "2028" // after the meeting it is invited to
	f := keeping(t, d)
	var no *conference.Refusal
	if _, err := f.Check(t.Context(), d); !errors.As(err, &no) || no.Code != "not-entitled" {
		t.Errorf("tried: %v", err)
	}
	if err := f.Found(t.Context(), d); !errors.As(err, &no) || f.Founded() != nil {
		t.Fatalf("founded: %v", err)
	}
	if entries, err := os.ReadDir(f.dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v %v", entries, err)
	}
	d.Parties[0].Since = "2009"
	if err := errors.Join(f.Save(d), f.Found(t.Context(), d)); err != nil || f.Founded() == nil {
		t.Errorf("mended: %v", err)
	}
}

// A rehearsal is the same body under another origin; it says so, and costs nothing when thrown away.
func TestARehearsalIsACopyUnderAnotherOrigin(t *testing.T) {
	f := keeping(t, lakes())
	url, err := f.Rehearse(t.Context(), f.Draft())
	if err != nil || !strings.HasPrefix(url, "http://localhost:") || f.Rehearsal() != url {
		t.Fatalf("%q %v", url, err)
	}
	if !isRehearsal(f.copy) || f.copy.s.View().State().SignInAt().Origins[0] != url || !strings.HasPrefix(f.copy.log.Origin(), "story.invalid/lakes/") {
		t.Errorf("the copy: %s", f.copy.log.Origin())
	}
	if again, err := f.Rehearse(t.Context(), f.Draft()); err != nil || again == "" {
		t.Errorf("made anew: %v", err)
	}
	if f.Founded() != nil || isRecord(f.dir) {
		t.Error("a rehearsal founds the body")
	}
	dir := filepath.Join(t.TempDir(), "of-the-draft")
	if _, err := rehearse(t.Context(), f.io, f.dir, dir); err != nil {
		t.Fatal(err)
	}
	if err := f.Found(t.Context(), f.Draft()); err != nil {
		t.Fatal(err)
	}
	size := f.Founded().Size
	copied, err := rehearse(t.Context(), f.io, f.dir, filepath.Join(t.TempDir(), "of-the-record"))
	if err != nil || copied != size {
		t.Errorf("the record of %d entries has a copy of %d: %v", size, copied, err)
	}
	if _, err := rehearse(t.Context(), f.io, f.dir, dir); err == nil {
		t.Error("a copy is written over another")
	}
}
