package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/web"
)

// aFile is a backup of a few bytes.
type aFile struct {
	text   string
	broken bool
	closed *int
}

func (f aFile) Size() int64 { return int64(len(f.text)) }

func (f aFile) Close() error { *f.closed++; return nil }

func (f aFile) WriteTo(w io.Writer) (int64, error) {
	if f.broken {
		n, err := io.WriteString(w, f.text[:3])
		return int64(n), errors.Join(err, errors.New("a blob cannot be read"))
	}
	n, err := io.WriteString(w, f.text)
	return int64(n), err
}

func TestOfficersAloneTakeTheRecordAlong(t *testing.T) {
	h := newHall(t)
	closed, broken := 0, false
	percent, alarm := 93, true
	h.h = web.New(reading{h.s}, web.Options{Desk: desk{h.s}, Disk: func() (int, bool) { return percent, alarm },
		Backup: func(context.Context) (web.Backup, error) { return aFile{"the record", broken, &closed}, nil }})
	officer, _ := h.officers()
	form := "application/x-www-form-urlencoded"
	for who, want := range map[conference.PersonID]int{"": 401, h.holder(conference.Head, "xl"): 403, h.chair(): 403, officer: 200} {
		if got := h.see(who, "/en/backup").Code; got != want {
			t.Errorf("%q reads the page: %d, not %d", who, got, want)
		}
		w := h.send(who, "/en/backup", form, "")
		if w.Code != want || (want == 200) != (w.Body.String() == "the record") {
			t.Errorf("%q takes it: %d, not %d", who, w.Code, want)
		}
		if want == 200 && (w.Header().Get("Content-Length") != "10" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), `attachment; filename="story.invalid-lakes-and-passes`)) {
			t.Errorf("%v", w.Header())
		}
	}
	if closed != 1 {
		t.Errorf("%d were closed", closed)
	}
	broken = true
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("one that breaks off ends with %v", p)
			}
		}()
		h.send(officer, "/en/backup", form, "")
	}()
	words := map[string]bool{}
	for _, l := range language.All() {
		page := h.see(officer, "/"+l.Code+"/backup").Body.String()
		if !strings.Contains(page, l.Say("desk.backuptake")) || !strings.Contains(page, `action="/`+l.Code+`/backup"`) {
			t.Errorf("%s: no button", l.Code)
		}
		words[l.Say("desk.backuplead")] = true
		room := h.see(officer, "/"+l.Code+"/meetings/ix/desk").Body.String()
		if !strings.Contains(room, `href="/`+l.Code+`/backup"`) || !strings.Contains(room, l.Say("desk.diskalmostfull", "93")) {
			t.Errorf("%s: the desk leads to no backup, or says nothing of its disk", l.Code)
		}
		if !strings.Contains(h.see(officer, "/"+l.Code+"/me").Body.String(), `href="/`+l.Code+`/backup"`) {
			t.Errorf("%s: an officer's own page leads to no backup", l.Code)
		}
	}
	if len(words) != 9 {
		t.Errorf("%d languages", len(words))
	}
	alarm = false
	if l, _ := language.Get("en"); strings.Contains(h.see(officer, "/en/meetings/ix/desk").Body.String(), l.Say("desk.diskalmostfull", "93")) {
		t.Error("the desk warns of a disk that has room")
	}
	h.h = web.New(reading{h.s}, web.Options{Desk: desk{h.s}})
	if got := h.see(officer, "/en/backup").Code; got != 404 || strings.Contains(h.see(officer, "/en/meetings/ix/desk").Body.String(), "/en/backup") {
		t.Errorf("where none is packed: %d", got)
	}
}

// Each script that sends something gives it a trace of its own.
func TestWhatScriptsSendIsTraced(t *testing.T) {
	scripts, err := filepath.Glob("static/*.js")
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, path := range scripts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if !strings.Contains(line, "fetch(") || !strings.Contains(line, `method: "POST"`) {
				continue
			}
			if sent++; !strings.Contains(line, "traced(") {
				t.Errorf("%s sends without a trace: %s", path, line)
			}
		}
	}
	if sent < 5 {
		t.Errorf("%d places send something", sent)
	}
}
