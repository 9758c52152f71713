package web

import (
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/language"
)

// tabs are the pages of a desk besides the room, in order.
func tabs(l *language.Language) []Link {
	return []Link{{"papers", l.Say("desk.tab.papers")}, {"people", l.Say("desk.tab.people")}, {"programme", l.Say("desk.tab.programme")}, {"commitments", l.Say("public.commitments")}, {"messages", l.Say("desk.tab.messages")}, {"sheets", l.Say("desk.tab.sheets")}}
}

func init() {
	deskPages["acts"], deskPages["keys"] = (*site).paletteAt, (*site).keysAt
}

// keyList says what each key does.
func keyList(l *language.Language) (list []Option) {
	for _, k := range []struct{ key, does string }{
		{"N", l.Say("act.CallName") + " / " + l.Say("act.GiveFloor")}, {"Y", l.Say("word.answer.yes")}, {"A", l.Say("word.answer.no")}, {"S", l.Say("word.answer.abstain")}, {"L", l.Say("desk.later")},
		{"F", l.Say("desk.askfor")}, {"E", l.Say("act.EndFloor")}, {"V", l.Say("act.EndVoting")}, {"R", l.Say("act.AnnounceResult")}, {"O", l.Say("act.OpenItem")}, {"Q", l.Say("act.PutQuestion")},
		{"H", l.Say("desk.pen")}, {"Z", l.Say("desk.correct")}, {"Ctrl K", l.Say("desk.anyact")}, {"?", l.Say("desk.keys")},
	} {
		list = append(list, Option{Value: k.key, Label: k.does})
	}
	return list
}

// keysAt lists the keys on a page of their own.
func (s *site) keysAt(v *sitting) error {
	return s.show(v.turn, "keys", struct{ DeskFrame }{s.deskFrame(v, "keys")})
}

// PalettePage is the acts of the catalogue by title: what may be done now, and what not and why.
type PalettePage struct {
	DeskFrame
	Find        string
	Now, Barred []NowAct
}

// paletteAct is an act for the script of the palette.
type paletteAct struct {
	Title   string `json:"title"`
	About   string `json:"about,omitempty"`
	Name    string `json:"name"`
	Rule    string `json:"rule"`
	Address string `json:"address,omitempty"`
	Why     string `json:"why,omitempty"`
	Key     string `json:"key,omitempty"`
}

// paletteAt lists all acts, or those whose title, name or things hold what is looked for.
func (s *site) paletteAt(v *sitting) error {
	all := s.palette(v)
	if wantsJSON(v.r) {
		sendJSON(v.w, v.r, map[string]any{"acts": all})
		return nil
	}
	p := PalettePage{DeskFrame: s.deskFrame(v, "acts"), Find: v.r.URL.Query().Get("q")}
	for _, a := range all {
		shown := NowAct{Title: a.Title, About: a.About, Rule: a.Rule, Address: a.Address, Why: a.Why}
		switch {
		case !holds(a, p.Find):
		case a.Why == "":
			p.Now = append(p.Now, shown)
		default:
			p.Barred = append(p.Barred, shown)
		}
	}
	return s.show(v.turn, "acts", p)
}

// holds reports whether each word that is looked for stands in an act.
func holds(a paletteAct, find string) bool {
	text := strings.ToLower(a.Title + " " + a.About + " " + a.Name)
	for _, word := range strings.Fields(strings.ToLower(find)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// palette lists the offers of this officer, then the acts that are for others.
func (s *site) palette(v *sitting) (list []paletteAct) {
	offered := map[string]bool{}
	for _, o := range v.t.s.Offers(v.Person, v.id, s.Desk.Now()) {
		n := s.nowAct(v.t, &o, v.id)
		a := paletteAct{Title: n.Title, About: n.About, Name: o.Act.Name, Rule: n.Rule, Why: n.Why}
		if o.Refusal == nil {
			a.Address, a.Key = n.Address+"&from=desk", keysOf[o.Act.Name]
		}
		offered[o.Act.Name] = true
		list = append(list, a)
	}
	for _, act := range v.t.s.Catalogue() {
		if offered[act.Name] || slices.Contains(act.Who, conference.Clock) || act.Name == "FoundBody" {
			continue
		}
		var who []string
		for _, c := range act.Who {
			who = append(who, v.lang.Say("capacity."+string(c)))
		}
		list = append(list, paletteAct{Title: v.lang.Say("act." + act.Name), Name: act.Name, Rule: act.Rule, Why: v.lang.Say("desk.forwhom", strings.Join(who, ", "))})
	}
	return list
}
