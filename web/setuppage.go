package web

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/rules"
)

// SetupPage is a step of the set-up, or a page that says one thing.
type SetupPage struct {
	Layout
	Alone     bool // one thing is said, there are no steps
	Reference string
	Step      string
	Begin     string // the first step that is not done
	Begun     bool
	No, Of    int // of the step
	Steps     []SetupStep
	Back      string // address of the step before
	Next      string // name of the step behind
	Draft     Draft
	Fields    []SetupField // of a step with nothing but fields
	Lacks     []string     // what is still missing, in words
	Said      string
	Tongues   []SetupTongue
	Zones     []string
	Version   string      // of what the step holds
	Both      []SetupBoth // what another tab has saved since the form was made, and what it holds
	Token     string      // address that opens the set-up where people will sign in
	Proven    bool
	Parties   []SetupParty
	States    []Option // all, to choose from
	Rulebooks []Rulebook
	Own       string // text of rules of one's own
	OwnWrong  string
	Found     []SetupWrong // what is wrong inside the file or text, instead
	Basis     SetupField
	People    []SetupPerson
	Fixes     []SetupFix
	FileWrong string
	Scripts   []Option
	Heads     []Option
	Hosts     []Option
	Else      bool // the meeting is elsewhere
	Rehearsal string
	Wrong     string
	Review    []SetupFact
	Acts      string // how many acts the founding takes
	Ready     bool
	Done      *SetupDone
}

// SetupStep is a step in the list of all.
type SetupStep struct {
	No                  int
	Name, Note, Address string
	Done, Here          bool
}

// SetupField is one field of a step.
type SetupField struct {
	Name, Label, Help, Value, Wrong, Lang, Kind string
	List                                        string // id of a list to choose from
}

// SetupTongue is a language with the body's name and its seat in it.
type SetupTongue struct {
	Code, Name string
	Body, Seat SetupField
}

// SetupParty is a row of the list of members and observers.
type SetupParty struct {
	ID, Name, Flag string
	Observer       bool
	Since          SetupField
	Bases          []Option
	Names          []SetupField
	Open           bool // a name is missing
}

// Rulebook is rules to choose, in plain words.
type Rulebook struct {
	ID, Name, Version string
	Here              bool
	Lines             []RuleLine
}

// RuleLine is one number of rules, in words, with the rule it stands in.
type RuleLine struct{ What, Says, Rule string }

// SetupPerson is a row of the list of people.
type SetupPerson struct {
	No                      int
	Name, Party, Flag, Role string
	Ready                   bool
}

// SetupFix is something to settle about a list of people.
type SetupFix struct {
	Title, Help string
	Field       SetupField // to fill in, where Options are none
	Choices     []Option   // to choose one of, by a button each
	Row         string     // that may be left out
}

// A SetupWrong is what is wrong inside a file or text: where, what and what to do in the reader's language, and in English
// what was found.
type SetupWrong struct{ Says, Detail string }

// SetupFact is what will stand in the record, and the step it comes from.
type SetupFact struct{ What, Says, Address, Wrong string }

// SetupDone is a body that was founded.
type SetupDone struct {
	Secretaries []SetupCard
	Groups      []SetupCards
	Places      []Option
	Origin      string
	Verifier    string
	Entries     string
	Until       string
	Open        int // cards nobody has used
}

// SetupCards are the cards of a party.
type SetupCards struct {
	Party State
	Cards []SetupCard
}

// SetupCard is what a person enrols a device with.
type SetupCard struct {
	Name, Role, Link, Until string
	Code                    template.HTML
	Used                    bool
}

// page answers with a step as the draft stands.
func (s *Setup) page(t *setupTurn) error {
	d := s.founder.Draft()
	version := setupVersion(t.step, d)
	if t.draft != nil {
		d = *t.draft
	}
	p := &SetupPage{Layout: s.layout(t.lang, ""), Step: t.step, Draft: d, Of: len(setupSteps), Said: t.said, Version: version, Both: t.both}
	if t.step != "" {
		p.Layout = s.layout(t.lang, "/"+t.step)
	}
	if len(d.Body.Emblem) > 0 {
		p.Emblem = "/" + t.lang.Code + "/setup/emblem.png?" + hashOf(string(d.Body.Emblem))[:8]
	}
	p.Steps = s.steps(t.lang, d, t.step)
	if at := slices.Index(setupSteps, t.step); at >= 0 {
		p.No = at + 1
		p.Back = "/" + t.lang.Code + "/setup"
		if at > 0 {
			p.Back += "/" + setupSteps[at-1]
		}
		if at+1 < len(setupSteps) {
			p.Next = t.lang.Say("setup.step." + setupSteps[at+1])
		}
	}
	p.Begin, p.Begun = "found", d.Body.ID != ""
	if at := slices.IndexFunc(p.Steps, func(x SetupStep) bool { return !x.Done }); at >= 0 {
		p.Begin = setupSteps[at]
	}
	head := cmp.Or(t.step, "welcome")
	if t.step == "found" && s.founder.Founded() != nil {
		head = "done"
	}
	p.Title, p.Lead = t.lang.Say("setup.head."+head), t.lang.Say("setup.lead."+head)
	if show, ok := setupShows[t.step]; ok {
		show(s, t, d, p)
	}
	body, err := s.site.render("setup", p)
	if err != nil {
		return err
	}
	t.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	t.w.Header().Set("Content-Language", t.lang.Code)
	switch {
	case len(t.both) > 0:
		t.w.WriteHeader(http.StatusConflict)
	case len(t.wrong) > 0 || t.r.Method == http.MethodPost && len(d.lacks(t.step)) > 0:
		t.w.WriteHeader(http.StatusUnprocessableEntity)
	}
	if t.r.Method != http.MethodHead {
		t.w.Write(body)
	}
	return nil
}

var setupShows = map[string]func(*Setup, *setupTurn, Draft, *SetupPage){
	"body": (*Setup).showBody, "secretaries": (*Setup).showSecretaries, "address": (*Setup).showAddress, "parties": (*Setup).showParties, "rules": (*Setup).showRules,
	"people": (*Setup).showPeople, "meeting": (*Setup).showMeeting, "rehearsal": (*Setup).showRehearsal, "found": (*Setup).showFound, "cards": (*Setup).showDone,
}

// steps lists all steps with what has been said in each.
func (s *Setup) steps(l *language.Language, d Draft, here string) (list []SetupStep) {
	founded := s.founder.Founded() != nil
	notes := map[string]string{
		"body": in(namesOf(d.Body.Names), l, ""), "address": d.Domain(),
		"secretaries": together(", ", in(namesOf(d.Secretaries[0].Names), l, ""), in(namesOf(d.Secretaries[1].Names), l, "")),
		"parties":     parties(l, d), "rules": s.rulesNote(l, d), "people": people(l, d), "rehearsal": "",
	}
	if d.Meeting.Ordinal > 0 {
		notes["meeting"] = together(", ", "№ "+number(l, d.Meeting.Ordinal), teller{l: l}.date(conference.Date(d.Meeting.From)))
	}
	for i, step := range setupSteps {
		x := SetupStep{No: i + 1, Name: l.Say("setup.step." + step), Note: notes[step], Here: step == here}
		if !founded {
			x.Address = "/" + l.Code + "/setup/" + step
		}
		x.Done = founded || slices.Contains(d.Passed, step) && len(d.lacks(step)) == 0
		list = append(list, x)
	}
	return list
}

func parties(l *language.Language, d Draft) string {
	observers := 0
	for _, p := range d.Parties {
		if p.Observer {
			observers++
		}
	}
	if len(d.Parties) == 0 {
		return ""
	}
	return l.Say("setup.parties", number(l, int64(len(d.Parties)-observers)), number(l, int64(observers)))
}

func people(l *language.Language, d Draft) string {
	if len(d.People) == 0 {
		return ""
	}
	return l.Say("setup.people", number(l, int64(len(d.People))), number(l, int64(len(d.peopleLacks()))))
}

func (s *Setup) rulesNote(l *language.Language, d Draft) string {
	if d.Rules == LaterRules {
		return l.Say("setup.later")
	}
	if r, err := s.founder.RulesOf(d.Rules, d.Own); err == nil && d.Rules != "" {
		return r.Name
	}
	return ""
}

// wrongs are what lacks, by field, where the step has been tried.
func (t *setupTurn) wrongs(d Draft) map[string]string {
	wrong := map[string]string{}
	if t.r.Method == http.MethodPost || slices.Contains(d.Passed, t.step) {
		for _, x := range d.lacks(t.step) {
			wrong[x.field] = t.lang.Say(x.key, x.args...)
		}
	}
	maps.Copy(wrong, t.wrong)
	return wrong
}

func (s *Setup) showBody(t *setupTurn, d Draft, p *SetupPage) {
	wrong := t.wrongs(d)
	for _, l := range language.All() {
		tongue := l.Say("language")
		p.Tongues = append(p.Tongues, SetupTongue{l.Code, tongue,
			SetupField{Name: "name." + l.Code, Label: t.lang.Say("setup.namein", tongue), Value: d.Body.Names[l.Code], Lang: l.Code, Wrong: wrong["name."+l.Code]},
			SetupField{Name: "seat." + l.Code, Label: t.lang.Say("setup.seatin", tongue), Value: d.Body.Seat[l.Code], Lang: l.Code, Wrong: wrong["seat."+l.Code]}})
	}
	p.Zones = zones
	p.Fields = []SetupField{
		{Name: "zone", Label: t.lang.Say("setup.zone"), Help: t.lang.Say("setup.zonehelp"), Value: d.Body.Zone, Wrong: wrong["zone"], List: "zones"},
		{Name: "id", Label: t.lang.Say("setup.id"), Help: t.lang.Say("setup.idhelp"), Value: d.Body.ID, Wrong: wrong["id"]},
	}
	p.FileWrong = wrong["emblem"]
}

func (s *Setup) showSecretaries(t *setupTurn, d Draft, p *SetupPage) {
	wrong := t.wrongs(d)
	codes := d.Languages()
	if len(codes) == 0 {
		codes = []string{t.lang.Code}
	}
	for i, x := range d.Secretaries {
		who := "s" + strconv.Itoa(i+1)
		for n, code := range codes {
			l, _ := language.Get(code)
			f := SetupField{Name: who + "." + code, Label: t.lang.Say("setup.person."+map[int]string{0: "first", 1: "second"}[i], l.Say("language")), Value: x.Names[code], Lang: code}
			if n == 0 {
				f.Wrong, f.Kind = wrong[who], "first"
			}
			p.Fields = append(p.Fields, f)
		}
	}
}

func (s *Setup) showAddress(t *setupTurn, d Draft, p *SetupPage) {
	wrong := t.wrongs(d)
	p.Fields = []SetupField{{Name: "address", Label: t.lang.Say("setup.address"), Help: t.lang.Say("setup.addresshelp"), Value: d.Address, Wrong: wrong["address"], Kind: "url"}}
	p.Proven = d.Address != "" && d.Proven == d.Address
	if len(d.addressLacks()) > 0 && d.addressLacks()[0].field == "" {
		token := rand.Text()
		s.tokens = append(s.tokens, hashOf(token))
		if len(s.tokens) > maxTokens {
			s.tokens = s.tokens[len(s.tokens)-maxTokens:]
		}
		p.Token = d.Address + "/setup/" + token
	}
}

func (s *Setup) showParties(t *setupTurn, d Draft, p *SetupPage) {
	wrong := t.wrongs(d)
	for _, x := range d.Parties {
		row := SetupParty{ID: x.ID, Name: in(namesOf(x.Names), t.lang, x.ID), Flag: s.site.flag(conference.PartyID(x.ID)), Observer: x.Observer,
			Since: SetupField{Name: "since." + x.ID, Label: t.lang.Say("setup.since"), Value: x.Since, Wrong: wrong["since."+x.ID]}}
		for _, b := range draftBases {
			row.Bases = append(row.Bases, Option{Value: b, Label: t.lang.Say("setup.basis." + b), Here: b == x.Basis})
		}
		for _, code := range d.Languages() {
			l, _ := language.Get(code)
			f := SetupField{Name: "names." + x.ID + "." + code, Label: l.Say("language"), Value: x.Names[code], Lang: code, Wrong: wrong["names."+x.ID+"."+code]}
			row.Names, row.Open = append(row.Names, f), row.Open || f.Wrong != ""
		}
		p.Parties = append(p.Parties, row)
	}
	for _, x := range language.Territories() {
		_, there := d.Party(strings.ToLower(x.Code))
		p.States = append(p.States, Option{Value: x.Code, Label: x.Names[t.lang.Code], Here: there})
	}
	slices.SortFunc(p.States, func(a, b Option) int { return strings.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label)) })
	p.Fields = []SetupField{{Name: "add", Label: t.lang.Say("setup.addstate"), Help: t.lang.Say("setup.addstatehelp"), List: "states", Wrong: wrong["add"]},
		{Name: "since", Label: t.lang.Say("setup.since"), Help: t.lang.Say("setup.sincehelp"), Value: d.today()}}
	for _, code := range d.Languages() {
		l, _ := language.Get(code)
		p.Tongues = append(p.Tongues, SetupTongue{Code: code, Body: SetupField{Name: "own." + code, Label: t.lang.Say("setup.namein", l.Say("language")), Lang: code}})
	}
}

func (s *Setup) showRules(t *setupTurn, d Draft, p *SetupPage) {
	wrong := t.wrongs(d)
	for _, name := range s.founder.Shipped() {
		if r, err := s.founder.RulesOf(name, ""); err == nil {
			p.Rulebooks = append(p.Rulebooks, Rulebook{name, r.Name, r.Version, d.Rules == name, ruleLines(t.lang, r)})
		}
	}
	if own, err := s.founder.RulesOf(OwnRules, d.Own); err == nil && d.Own != "" {
		p.Rulebooks = append(p.Rulebooks, Rulebook{OwnRules, own.Name, own.Version, d.Rules == OwnRules, ruleLines(t.lang, own)})
	} else if d.Own != "" && d.Rules == OwnRules {
		p.Found = []SetupWrong{rulesWrong(t.lang, err)}
	}
	p.Own, p.OwnWrong, p.Wrong = d.Own, wrong["own"], wrong["rules"]
	p.Basis = SetupField{Name: "basis", Label: t.lang.Say("setup.rulesbasis"), Help: t.lang.Say("setup.rulesbasishelp"), Value: d.Basis, Wrong: wrong["basis"]}
}

// ruleLines tell rules in plain words: who must be there, what decides, how long one may speak.
func ruleLines(l *language.Language, r *rules.Rules) (list []RuleLine) {
	add := func(what, says, rule string) { list = append(list, RuleLine{what, says, rule}) }
	quorum := func(what string, q *rules.Quorum) {
		if q != nil {
			add(what, asked(l, q.Over, q.AtLeast, 0, l.Say("setup.base.members")), q.Rule)
		}
	}
	quorum(l.Say("setup.rule.open"), r.QuorumToOpen)
	quorum(l.Say("setup.rule.quorum"), r.QuorumToDecide)
	for _, kind := range []string{"proposal", "important", "amendment", "motion", "election"} {
		i := slices.IndexFunc(r.Questions, func(q rules.Question) bool { return q.Kind == kind })
		if i < 0 {
			continue
		}
		q := r.Questions[i]
		add(l.Say("setup.question."+kind), majorityWords(l, r, q.Majority), q.Rule)
	}
	if r.Tie != "" {
		add(l.Say("setup.rule.tie"), l.Say(map[bool]string{true: "setup.tie.lost", false: "setup.tie.again"}[r.Tie == "lost"]), "")
	}
	for _, x := range r.Limits {
		if x.Kind == "statement" && len(x.Seconds) > 0 {
			add(l.Say("setup.rule.speak"), l.Say("setup.minutes", number(l, x.Seconds[0]/60)), x.Rule)
		}
	}
	return list
}

// majorityWords tell what a majority asks.
func majorityWords(l *language.Language, r *rules.Rules, name string) string {
	at := slices.IndexFunc(r.Majorities, func(m rules.Majority) bool { return m.Name == name })
	if at < 0 || len(r.Majorities[at].Tests) == 0 && r.Majorities[at].NoVeto == "" {
		return l.Say("setup.consensus")
	}
	m := r.Majorities[at]
	var parts []string
	for _, x := range m.Tests {
		base := cmp.Or(map[string]string{"cast": l.Say("setup.base.cast"), "participating": l.Say("setup.base.participating"), "present": l.Say("setup.base.present"), "members": l.Say("setup.base.members"),
			"weight": l.Say("setup.base.weight"), "votes": l.Say("setup.base.votes")}[x.Of], x.Of)
		if x.Class != "" {
			base += " (" + x.Class + ")"
		}
		parts = append(parts, asked(l, x.Over, x.AtLeast, x.Number, base))
	}
	if m.NoVeto == "everyone" {
		parts = append(parts, l.Say("setup.noveto.all"))
	} else if m.NoVeto != "" {
		parts = append(parts, l.Say("setup.noveto.some", m.NoVeto))
	}
	return strings.Join(parts, "; ")
}

// asked tells a share or number of a base.
func asked(l *language.Language, over, atLeast *rules.Fraction, n int64, base string) string {
	var parts []string
	if over != nil {
		parts = append(parts, l.Say("setup.over", fmt.Sprintf("%d/%d", over.Num, over.Den), base))
	}
	if atLeast != nil {
		parts = append(parts, l.Say("setup.atleast", fmt.Sprintf("%d/%d", atLeast.Num, atLeast.Den), base))
	}
	if n > 0 {
		parts = append(parts, l.Say("setup.atleastnumber", number(l, n), base))
	}
	return strings.Join(parts, "; ")
}

func (s *Setup) showPeople(t *setupTurn, d Draft, p *SetupPage) {
	p.FileWrong, p.Found = t.wrong["file"], t.found
	lacks := d.peopleLacks()
	bad := map[string]bool{}
	for _, x := range lacks {
		_, row, _ := strings.Cut(x.field, ".")
		bad[row] = true
	}
	for i, r := range d.People {
		row := SetupPerson{No: i + 1, Name: r.Name, Party: r.Party, Role: r.Role}
		if x, ok := d.Party(r.Party); ok {
			row.Party, row.Flag = in(namesOf(x.Names), t.lang, x.ID), s.site.flag(conference.PartyID(x.ID))
			row.Ready = !bad[strconv.Itoa(i)] && !bad[x.ID]
		}
		if role := DraftRole(r.Role); role != "" {
			row.Role = t.lang.Say("setup.role." + role)
		}
		p.People = append(p.People, row)
	}
	for _, x := range lacks[:min(len(lacks), 20)] {
		p.Fixes = append(p.Fixes, fixOf(t.lang, d, x))
	}
	codes := cmp.Or(strings.Join(d.Languages(), " "), t.lang.Code)
	for _, code := range strings.Fields(codes) {
		l, _ := language.Get(code)
		p.Scripts = append(p.Scripts, Option{Value: code, Label: l.Say("language"), Here: code == cmp.Or(d.Script, t.lang.Code)})
	}
	if len(lacks) > 0 {
		p.Lacks = []string{t.lang.Say("setup.settlefirst", number(t.lang, int64(len(lacks))))}
	}
}

// cellsOf names the cells of the table that was read which a question is about: of a delegation the rows of its heads,
// else all of its rows. "" where the rows were read from none.
func cellsOf(l *language.Language, d Draft, what, id string) string {
	var rows []int
	for i, r := range d.People {
		p, _ := d.Party(r.Party)
		if r.Row > 0 && (strconv.Itoa(i) == id && what != "head" || what == "head" && p.ID == id && DraftRole(r.Role) == "head") {
			rows = append(rows, r.Row)
		}
	}
	if len(rows) == 0 && what == "head" {
		for _, r := range d.People {
			if p, _ := d.Party(r.Party); p.ID == id && r.Row > 0 {
				rows = append(rows, r.Row)
			}
		}
	}
	if len(rows) == 0 {
		return ""
	}
	column := map[string]string{"name": "setup.col.name", "party": "setup.col.party", "role": "setup.col.role", "head": "setup.col.role"}[what]
	return cellAt(l, l.Say(column), rows[:min(len(rows), maxTold)]...)
}

// fixOf asks about a row or a delegation.
func fixOf(l *language.Language, d Draft, x lack) SetupFix {
	what, id, _ := strings.Cut(x.field, ".")
	f := SetupFix{Row: id, Help: l.Say(x.key + "help")}
	if what == "head" {
		f.Row = ""
		party, _ := d.Party(id)
		x.args = []string{in(namesOf(party.Names), l, id)}
		for i, r := range d.People {
			if p, ok := d.Party(r.Party); ok && p.ID == id && (x.key == "setup.fix.nohead" || DraftRole(r.Role) == "head") {
				f.Choices = append(f.Choices, Option{Value: strconv.Itoa(i), Label: l.Say("setup.ishead", r.Name)})
			}
		}
		f.Field.Name = x.field
	}
	f.Title = l.Say(x.key, x.args...)
	if where := cellsOf(l, d, what, id); where != "" {
		f.Title = where + ": " + f.Title
	}
	switch what {
	case "name":
		f.Field = SetupField{Name: x.field, Label: l.Say("setup.col.name")}
	case "party":
		f.Field.Name = x.field
		for _, p := range d.Parties {
			f.Choices = append(f.Choices, Option{Value: p.ID, Label: in(namesOf(p.Names), l, p.ID)})
		}
	case "role":
		f.Field.Name = x.field
		for _, role := range draftRoles {
			f.Choices = append(f.Choices, Option{Value: role, Label: l.Say("setup.role." + role)})
		}
	}
	return f
}

func (s *Setup) showMeeting(t *setupTurn, d Draft, p *SetupPage) {
	wrong, m := t.wrongs(d), d.Meeting
	ordinal := "1"
	if m.Ordinal > 0 {
		ordinal = strconv.FormatInt(m.Ordinal, 10)
	}
	p.Fields = []SetupField{
		{Name: "ordinal", Label: t.lang.Say("setup.ordinal"), Help: t.lang.Say("setup.ordinalhelp"), Value: ordinal, Wrong: wrong["ordinal"], Kind: "number"},
		{Name: "from", Label: t.lang.Say("setup.from"), Value: m.From, Wrong: wrong["from"], Kind: "date"},
		{Name: "to", Label: t.lang.Say("setup.to"), Help: t.lang.Say("setup.tohelp"), Value: m.To, Wrong: wrong["to"], Kind: "date"},
	}
	p.Else, p.Zones = len(m.Place) > 0, zones
	for _, code := range d.Languages() {
		l, _ := language.Get(code)
		p.Tongues = append(p.Tongues, SetupTongue{Code: code, Seat: SetupField{Name: "place." + code, Label: t.lang.Say("setup.seatin", l.Say("language")), Value: m.Place[code], Lang: code, Wrong: wrong["place."+code]}})
	}
	p.Basis = SetupField{Name: "zone", Label: t.lang.Say("setup.zonethere"), Value: m.Zone, Wrong: wrong["zone"], List: "zones"}
	for _, x := range d.Parties {
		p.Hosts = append(p.Hosts, Option{Value: x.ID, Label: in(namesOf(x.Names), t.lang, x.ID), Here: x.ID == m.Host})
	}
	for i, r := range d.People {
		x, ok := d.Party(r.Party)
		if role := DraftRole(r.Role); ok && !x.Observer && (role == "head" || role == "delegate" || role == "alternate") {
			p.Heads = append(p.Heads, Option{Value: strconv.Itoa(i + 1), Label: together(", ", r.Name, in(namesOf(x.Names), t.lang, x.ID)), Here: i+1 == m.Chair})
		}
	}
}

func (s *Setup) showRehearsal(t *setupTurn, d Draft, p *SetupPage) {
	p.Rehearsal, p.Wrong = s.founder.Rehearsal(), t.wrong["rehearsal"]
	for _, step := range setupSteps {
		if step != "address" && len(d.lacks(step)) > 0 {
			p.Lacks = append(p.Lacks, t.lang.Say("setup.step."+step))
		}
	}
}

func (s *Setup) showFound(t *setupTurn, d Draft, p *SetupPage) {
	if s.founder.Founded() != nil {
		s.showDone(t, d, p)
		return
	}
	says := map[string]string{}
	for _, x := range p.Steps {
		says[setupSteps[x.No-1]] = x.Note
	}
	says["address"] = together(" · ", d.Address, d.Origin())
	for _, step := range setupSteps[:7] {
		f := SetupFact{What: t.lang.Say("setup.step." + step), Says: says[step], Address: "/" + t.lang.Code + "/setup/" + step}
		if lacks := d.lacks(step); len(lacks) > 0 {
			f.Wrong = t.lang.Say(lacks[0].key, lacks[0].args...)
		}
		p.Review = append(p.Review, f)
	}
	p.Ready, p.Wrong = d.ready(), t.wrong["found"]
	if t.wrong["sure"] != "" {
		p.Lacks = []string{t.wrong["sure"]}
	}
	if p.Ready && p.Wrong == "" {
		acts, err := s.founder.Check(t.r.Context(), d)
		if p.Acts = number(t.lang, int64(acts)); err != nil {
			p.Ready, p.Wrong = false, s.why(t.lang, err)
		}
	}
}

// why says why something was not done.
func (s *Setup) why(l *language.Language, err error) string {
	var no *conference.Refusal
	if errors.As(err, &no) {
		return together(" ", l.Say("refusal."+string(no.Code), no.Args...), l.Say("remedy."+string(no.Code), no.Args...), "("+no.Rule+")")
	}
	reference := rand.Text()[:8]
	s.site.log().Error("set-up", "reference", reference, "error", err)
	return together(" ", l.Say("page.fault"), l.Say("page.faulthelp", reference))
}

// showDone leads on from the founding: passkeys, cards, places.
func (s *Setup) showDone(t *setupTurn, d Draft, p *SetupPage) {
	f := s.founder.Founded()
	if f == nil {
		return
	}
	done := &SetupDone{Origin: f.Origin, Verifier: f.Verifier, Entries: number(t.lang, f.Size), Until: instantAt(d, t.lang, f.Until)}
	byParty := map[string][]SetupCard{}
	for _, c := range f.Cards {
		link := d.Address + "/" + t.lang.Code + "/enrol/" + c.Link
		card := SetupCard{Name: c.Name, Role: t.lang.Say("setup.role." + c.Role), Link: link, Until: done.Until, Used: c.Used}
		if !c.Used {
			card.Code = code(link, t.lang.Say("signin.code"))
			done.Open++
		}
		if c.Role == "secretary" {
			done.Secretaries = append(done.Secretaries, card)
			continue
		}
		byParty[c.Party] = append(byParty[c.Party], card)
	}
	for _, x := range d.Parties {
		if cards := byParty[x.ID]; len(cards) > 0 {
			done.Groups = append(done.Groups, SetupCards{State{in(namesOf(x.Names), t.lang, x.ID), s.site.flag(conference.PartyID(x.ID))}, cards})
		}
	}
	at := d.Address + "/" + t.lang.Code
	meeting := "/meetings/" + f.Meeting
	for _, place := range [][2]string{{"setup.place.public", ""}, {"desk.title", meeting + "/desk"}, {"phone.title", meeting + "/floor"}, {"setup.place.chair", meeting + "/chair"}, {"setup.place.wall", meeting + "/wall"},
		{"setup.place.enrolments", "/enrolments"}, {"setup.place.record", "/record"}} {
		done.Places = append(done.Places, Option{Value: at + place[1], Label: t.lang.Say(place[0])})
	}
	p.Done = done
}

// instantAt writes an instant as day and time at the seat.
func instantAt(d Draft, l *language.Language, at record.Instant) string {
	text := d.atSeat(at)
	return teller{l: l}.date(conference.Date(text[:10])) + ", " + text[11:]
}

// cardOf hands a language and a card to a template within another.
func cardOf(l *language.Language, c SetupCard) map[string]any { return map[string]any{"L": l, "C": c} }
