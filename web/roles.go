package web

import (
	"net/http"

	"kurultai/conference"
)

// RolesPage lists the offices of the training body, for anybody at this machine to take.
type RolesPage struct {
	Layout
	To     string // place the role is for, or ""
	Groups []RoleGroup
}

// RoleGroup is the offices of one capacity.
type RoleGroup struct {
	Title string
	Roles []Role
}

// Role is an office to take.
type Role struct{ Person, Name, Party, Flag string }

// rolesOpen refuses where a role is not to be had by a click: anywhere but in the training body on this machine.
func (s *site) rolesOpen(v *turn) error {
	if p := s.layout(v.view, v.lang, ""); !s.Roles || !p.Training && !p.Rehearsal {
		return tell(http.StatusForbidden, "signin.noroles")
	}
	if !local(v.r) {
		return tell(http.StatusForbidden, "signin.noroles")
	}
	return nil
}

func (s *site) rolesPage(v *turn) error {
	if err := s.rolesOpen(v); err != nil {
		return err
	}
	p := RolesPage{Layout: s.own(v, "signin.roles"), To: v.r.URL.Query().Get("to")}
	t := newTeller(v.view, v.lang)
	for _, c := range conference.Capacities {
		if _, of := workplaces[p.To]; of && workplace(c) != p.To {
			continue
		}
		g := RoleGroup{Title: v.lang.Say("capacity." + string(c))}
		for _, o := range v.view.State().Holders(c) {
			name, ok := v.view.Name(o.Person, conference.Language(v.lang.Code))
			switch {
			case s.Rehearsal: // whoever is at this machine made the copy
				name = s.ownName(v, o.Person)
			case !ok:
				name = g.Title // an office without a published name
			}
			g.Roles = append(g.Roles, Role{string(o.Person), name, t.party(o.For), s.flag(o.For)})
		}
		if len(g.Roles) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	return s.show(v, "roles", p)
}

// takeRole signs in as an office holder of the training body.
func (s *site) takeRole(v *turn) error {
	if err := s.rolesOpen(v); err != nil {
		return err
	}
	if err := v.form(); err != nil {
		return err
	}
	p := conference.PersonID(v.r.PostForm.Get("person"))
	if person, _ := v.view.State().Person(p); person.Forgotten || len(v.view.State().OfficesOf(p, s.Desk.Now())) == 0 {
		return tell(http.StatusForbidden, "signin.noroles")
	}
	s.signIn(v.w, v.r, p)
	return v.to(s.workplace(v, p))
}

// workplaces are the pages at which offices do their work, and what they are called.
var workplaces = map[string]string{"chair": "page.startchair", "desk": "page.startdesk", "floor": "page.startdelegate"}

// workplace is the page at which an office does its work; "" is none of its own.
func workplace(c conference.Capacity) string {
	switch c {
	case conference.Chair:
		return "chair"
	case conference.Secretary:
		return "desk"
	case conference.Head, conference.ObserverHead, conference.Delegate:
		return "floor"
	}
	return ""
}

// workplace is where a person goes on to after signing in: the first of their places, once there is a meeting.
func (s *site) workplace(v *turn, p conference.PersonID) string {
	if s.sitting() != "" {
		for _, o := range v.view.State().OfficesOf(p, s.Desk.Now()) {
			if at := workplace(o.Capacity); at != "" {
				return at
			}
		}
	}
	return "me"
}
