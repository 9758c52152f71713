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

// StartPage leads to each place of both records.
type StartPage struct {
	Layout
	Baku     string
	Training []Option // what is to be found where, in the order of the page
	Role     string
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
	for _, place := range [][2]string{{"", l.Say("page.startpublic")}, {"/roles?to=floor", l.Say("page.startdelegate")}, {"/roles?to=chair", l.Say("page.startchair")}, {"/roles?to=desk", l.Say("page.startdesk")}, {"/wall", l.Say("page.startwall")}, {"/record", l.Say("page.startrecord")}} {
		p.Training = append(p.Training, Option{Value: at + place[0], Label: place[1]})
	}
	w.Header().Set("Vary", "Accept-Language, Cookie")
	s.showPage(w, r, l, "start", p, http.StatusOK)
}
