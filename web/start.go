package web

import (
	"net/http"

	"kurultai/language"
)

// A Demo is what the start page of a demonstration leads to: the addresses of two sites, "" where it is this one.
type Demo struct {
	Baku     string // Baku as the press reported it
	Training string // the training body, in which one may act
}

// StartPage leads to each place of both records by two ways: to follow a meeting, and to take a place in one.
type StartPage struct {
	Layout
	Baku   string
	Follow []Option // places of the training body where one reads
	Take   []Option // those where one acts
	Role   string
}

// startPage is one page from which everything is found.
func (s *site) startPage(w http.ResponseWriter, r *http.Request, l *language.Language) {
	if s.Demo == nil {
		s.fail(w, r, errNotFound)
		return
	}
	v := s.viewFor(r)
	p := StartPage{Layout: s.layout(v, l, "start"), Baku: s.Demo.Baku + "/" + l.Code, Role: s.Demo.Training + "/" + l.Code + "/roles"}
	p.Title, p.Lead, p.Here = l.Say("page.start"), l.Say("page.startlead"), "start"
	at := s.Demo.Training + "/" + l.Code
	p.Follow = []Option{{Value: at, Label: l.Say("page.startpublic")}, {Value: at + "/wall", Label: l.Say("page.startwall")}, {Value: at + "/record", Label: l.Say("page.startrecord")}}
	p.Take = []Option{{Value: at + "/roles?to=floor", Label: l.Say("page.startdelegate")}, {Value: at + "/roles?to=chair", Label: l.Say("page.startchair")}, {Value: at + "/roles?to=desk", Label: l.Say("page.startdesk")}}
	w.Header().Set("Vary", "Accept-Language, Cookie")
	s.showPage(w, r, l, "start", p, http.StatusOK)
}
