package web

import (
	"slices"
	"strconv"

	"kurultai/language"
)

// Two tabs may stand on one step of the set-up. Each form says which state of its step it was made from; where that is
// no longer what is saved, nothing is overwritten: the page shows what is saved beside what was entered.

// standing is a field of a step, as people read it.
type standing struct{ label, value string }

// SetupBoth is a field that another tab has changed: what is saved, and what this form holds.
type SetupBoth struct{ Label, Saved, Yours string }

// entered lists the fields of a step that hold something, each under a label of its own.
func entered(l *language.Language, step string, d Draft) (list []standing) {
	add := func(label, value string) {
		if value != "" {
			list = append(list, standing{label, value})
		}
	}
	texts := func(label func(tongue string) string, texts map[string]string) {
		for _, x := range language.All() {
			add(label(x.Say("language")), texts[x.Code])
		}
	}
	switch step {
	case "body":
		texts(func(tongue string) string { return l.Say("setup.namein", tongue) }, d.Body.Names)
		texts(func(tongue string) string { return l.Say("setup.seatin", tongue) }, d.Body.Seat)
		add(l.Say("setup.zone"), d.Body.Zone)
		add(l.Say("setup.id"), d.Body.ID)
		if len(d.Body.Emblem) > 0 {
			add(l.Say("setup.emblem"), hashOf(string(d.Body.Emblem))[:8])
		}
	case "secretaries":
		texts(func(tongue string) string { return l.Say("setup.person.first", tongue) }, d.Secretaries[0].Names)
		texts(func(tongue string) string { return l.Say("setup.person.second", tongue) }, d.Secretaries[1].Names)
	case "address":
		add(l.Say("setup.address"), d.Address)
	case "parties":
		for _, p := range d.Parties {
			status := map[bool]string{false: l.Say("setup.member"), true: l.Say("setup.observer")}[p.Observer]
			value := together(" · ", status, p.Since, l.Say("setup.basis."+p.Basis))
			for _, x := range language.All() {
				value = together(" · ", value, p.Names[x.Code])
			}
			add(p.ID, value)
		}
	case "rules":
		add(l.Say("setup.step.rules"), d.Rules)
		add(l.Say("setup.rulesbasis"), d.Basis)
		add(l.Say("setup.ownrules"), d.Own)
	case "people":
		add(l.Say("setup.script"), d.Script)
		for i, r := range d.People {
			add(number(l, int64(i+1)), together(" · ", r.Name, r.Party, r.Role))
		}
	case "meeting":
		m := d.Meeting
		add(l.Say("setup.ordinal"), map[bool]string{true: strconv.FormatInt(m.Ordinal, 10)}[m.Ordinal > 0])
		add(l.Say("setup.from"), m.From)
		add(l.Say("setup.to"), m.To)
		texts(func(tongue string) string { return l.Say("setup.seatin", tongue) }, m.Place)
		add(l.Say("setup.zonethere"), m.Zone)
		add(l.Say("setup.host"), m.Host)
		if m.Chair > 0 && m.Chair <= len(d.People) {
			add(l.Say("setup.chair"), d.People[m.Chair-1].Name)
		}
	case "found":
		for _, other := range setupSteps[:len(setupSteps)-1] {
			list = append(list, entered(l, other, d)...)
		}
	}
	return list
}

// setupVersion is a digest of what a step holds, the same in every language.
func setupVersion(step string, d Draft) string {
	l, _ := language.Get("en")
	text := ""
	for _, x := range entered(l, step, d) {
		text += x.label + "\x00" + x.value + "\x00"
	}
	return hashOf(text)[:16]
}

// maxBoth bounds what is shown of two states, and maxShown a value of it in runes: a whole list may have been replaced.
const (
	maxBoth  = 40
	maxShown = 200
)

// overtaken lists what a form would overwrite that another tab has saved since the form was made. Parties that one tab
// added or took out are no conflict: the list is kept party by party.
func (t *setupTurn) overtaken(saved, yours Draft) (both []SetupBoth) {
	if made := t.form.Get("version"); made == "" || made == setupVersion(t.step, saved) {
		return nil
	}
	theirs, ours := entered(t.lang, t.step, saved), entered(t.lang, t.step, yours)
	find := func(list []standing, label string) string {
		if i := slices.IndexFunc(list, func(x standing) bool { return x.label == label }); i >= 0 {
			return list[i].value
		}
		return ""
	}
	seen := map[string]bool{}
	for _, x := range slices.Concat(theirs, ours) {
		a, b := find(theirs, x.label), find(ours, x.label)
		if seen[x.label] || a == b || t.step == "parties" && (a == "" || b == "") || len(both) == maxBoth {
			continue
		}
		seen[x.label] = true
		both = append(both, SetupBoth{x.label, abridged(a), abridged(b)})
	}
	return both
}

// abridged cuts a long value.
func abridged(text string) string {
	if r := []rune(text); len(r) > maxShown {
		return string(r[:maxShown]) + " …"
	}
	return text
}

// keeps is the draft that is shown after a conflict: what was entered, where the form can hold it. A list of people is
// read anew, and a party that is not saved yet is added anew.
func (t *setupTurn) keeps(saved, yours Draft) Draft {
	if t.step == "people" {
		return saved
	}
	yours.Parties = slices.DeleteFunc(yours.Parties, func(p DraftParty) bool { _, there := saved.Party(p.ID); return !there })
	return yours
}
