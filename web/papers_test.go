package web_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/story"
	"kurultai/story/storytest"
	"kurultai/web"
)

// The papers of a meeting are listed and can be had, in every language; what is the desk's is not the public's.
func TestPapersOfAMeetingCanBeHad(t *testing.T) {
	s := storytest.Play(t, "training")
	h := hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}})}
	officer := h.holder(conference.Secretary, "")
	had, shut := 0, 0
	for _, l := range language.All() {
		at := "/" + l.Code + "/meetings/viii/papers"
		public, own := h.see("", at).Body.String(), h.see(officer, at).Body.String()
		for _, k := range paper.Kinds() {
			link, open := at+"/"+k.Name+".pdf", k.Audience() == conference.ToPublic
			if strings.Contains(public, `href="`+link+`"`) != (open && !k.Named()) || strings.Contains(own, `href="`+link+`"`) == k.Named() {
				t.Errorf("%s in %s is not listed for whom it is", k.Name, l.Code)
			}
			if l.Code != "en" && l.Code != "ka" { // what they say in the others is asked where they are made
				continue
			}
			w := h.see("", link)
			switch {
			case k.Named():
				if w.Code != http.StatusNotFound {
					t.Errorf("%s: %d", link, w.Code)
				}
			case !open:
				if w.Code != http.StatusForbidden || bytes.Contains(w.Body.Bytes(), []byte("%PDF")) {
					t.Errorf("%s is open to all: %d", link, w.Code)
				}
				if w = h.see(officer, link); w.Header().Get("Cache-Control") != "private, no-store" {
					t.Errorf("%s of an officer may be kept by others", link)
				}
				shut++
				fallthrough
			default:
				if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/pdf" || w.Header().Get("Content-Disposition") != "attachment" || !bytes.HasPrefix(w.Body.Bytes(), []byte("%PDF-1.7")) {
					t.Errorf("%s: %d %v", link, w.Code, w.Header())
				}
				if again := h.see(officer, link); open && !bytes.Equal(w.Body.Bytes(), h.see("", link).Body.Bytes()) || !open && !bytes.Equal(w.Body.Bytes(), again.Body.Bytes()) {
					t.Errorf("%s is not the same twice", link)
				}
				had++
			}
		}
	}
	if had < 2*18 || shut < 2*6 {
		t.Errorf("%d papers had, %d of them the desk's", had, shut)
	}
	t.Logf("%d papers had, %d of them the desk's", had, shut)
}

// A name that is for participants stands in the paper of one and not in the public's, whoever asks first.
func TestAPaperIsKeptForThoseWhoSeeTheSame(t *testing.T) {
	text, _ := story.Shipped("training")
	s := storytest.PlayText(t, bytes.Replace(text, []byte(`"audience":"public"`), []byte(`"audience":"participants"`), 1))
	hidden := ""
	v := s.View().For(s.View().State().Reader(s.View().State().Holders(conference.Head)[0].Person, s.View().State().Last))
	for _, p := range v.State().People() {
		for _, x := range p.Published {
			if name, ok := v.Name(p.ID, "en"); ok && x.Audience == conference.ToParticipants {
				hidden = name
			}
		}
	}
	const path = "/en/meetings/viii/papers/participants.pdf"
	for _, first := range []string{"the public", "a participant"} {
		h := hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}})}
		head := h.holder(conference.Head, "xv")
		if first == "a participant" {
			h.see(head, path)
		}
		open, shut := inflated(h.see("", path).Body.Bytes()), inflated(h.see(head, path).Body.Bytes())
		if hidden == "" || strings.Contains(open, hidden) || !strings.Contains(shut, hidden) {
			t.Errorf("%s first: %q is in the public's paper or not in the participant's", first, hidden)
		}
	}
}

// What cannot be made is said in words, and the past has its papers too.
func TestAPaperThatCannotBeMadeSaysWhy(t *testing.T) {
	s := storytest.Play(t, "baku")
	h := hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}})}
	officer := h.holder(conference.Secretary, "")
	for _, l := range language.All() {
		w := h.see(officer, "/"+l.Code+"/meetings/xxii/papers/signature-pages.pdf")
		if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), l.Say("paper.noinstrument")) {
			t.Errorf("%s: %d", l.Code, w.Code)
		}
	}
	for _, path := range []string{"xxii/papers/menu.pdf", "xxii/papers/participants", "xxii/papers/.pdf", "nowhere/papers", "nowhere/papers/agenda.pdf"} {
		if w := h.see("", "/en/meetings/"+path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	now, then := h.see("", "/en/meetings/xxii/papers/participants.pdf"), h.see("", "/en/meetings/xxii/papers/participants.pdf?at=68")
	if now.Code != http.StatusOK || then.Code != http.StatusOK || bytes.Equal(now.Body.Bytes(), then.Body.Bytes()) {
		t.Errorf("now %d, then %d, and the same", now.Code, then.Code)
	}
	if page := h.see("", "/en/meetings/xxii/papers?at=68").Body.String(); !strings.Contains(page, "/en/meetings/xxii/papers/participants.pdf?at=68") {
		t.Error("the papers of the past are not those of then")
	}
}
