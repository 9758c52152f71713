package language

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Forms are what a language's sentences are made of:
//
//	names.csv    kind, nominative and its cases: the record holds nominatives, the folder knows the rest
//	terms.csv    key, case, form: the vocabulary of offices, topics, papers
//	frames.csv   key, text: sentences with places {role:case}; a part in [ ] is left out when a place in it is empty
//
// Each row says how far it may be trusted: sure, fairly, or needs a reader. None but sure ones have been read by
// a speaker or found in print.
type Forms struct {
	names  map[string]map[string]string // kind/nominative: case: form
	terms  map[string]map[string]string // key: case: form
	frames map[string]string
	unread map[string]string // what is not sure: its confidence
}

// A MissingForm is an empty cell: a name or term without the case a sentence asks for, or a sentence that is not there.
type MissingForm struct{ Language, What, Case string }

func (e *MissingForm) Error() string {
	if e.Case == "" {
		return fmt.Sprintf("%s: no frame %s", e.Language, e.What)
	}
	return fmt.Sprintf("%s: %s has no %s", e.Language, e.What, e.Case)
}

func readForms(from fs.FS, dir string) (*Forms, error) {
	f := &Forms{map[string]map[string]string{}, map[string]map[string]string{}, map[string]string{}, map[string]string{}}
	return f, errors.Join(
		table(from, path.Join(dir, "names.csv"), f.name),
		table(from, path.Join(dir, "terms.csv"), f.term),
		table(from, path.Join(dir, "frames.csv"), f.frame))
}

// table reads a table with a header; row gets each line by column.
func table(from fs.FS, file string, row func(col func(string) string) error) error {
	in, err := from.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	lines, err := csv.NewReader(in).ReadAll()
	if err != nil || len(lines) < 2 {
		return fmt.Errorf("%s: a header and rows are needed: %w", file, err)
	}
	for i, line := range lines[1:] {
		col := func(name string) string {
			if k := slices.Index(lines[0], name); k >= 0 {
				return line[k]
			}
			return ""
		}
		if err := row(col); err != nil {
			return fmt.Errorf("%s: line %d: %w", file, i+2, err)
		}
	}
	return nil
}

var cases = []string{"nom", "gen", "dat", "acc", "loc", "abl", "ins", "erg", "prep"}

func (f *Forms) name(col func(string) string) error {
	key := col("kind") + "/" + col("nom")
	if f.names[key] != nil {
		return fmt.Errorf("%s stands twice", key)
	}
	forms := map[string]string{}
	for _, c := range cases {
		forms[c] = col(c)
	}
	f.names[key] = forms
	return f.trust(key, col)
}

func (f *Forms) term(col func(string) string) error {
	key := col("key")
	if f.terms[key] == nil {
		f.terms[key] = map[string]string{}
	}
	if f.terms[key][col("case")] != "" || col("form") == "" {
		return fmt.Errorf("%s %s stands twice or is empty", key, col("case"))
	}
	f.terms[key][col("case")] = col("form")
	return f.trust("term "+key+" "+col("case"), col)
}

func (f *Forms) frame(col func(string) string) error {
	key := col("key")
	if f.frames[key] != "" || col("text") == "" {
		return fmt.Errorf("%s stands twice or is empty", key)
	}
	f.frames[key] = col("text")
	return f.trust("frame "+key, col)
}

func (f *Forms) trust(what string, col func(string) string) error {
	switch c := col("confidence"); c {
	case "sure":
	case "fairly", "needs a reader":
		f.unread[what] = c
	default:
		return fmt.Errorf("confidence %q: sure, fairly or needs a reader", c)
	}
	return nil
}

// A Phrase is anything that can stand in a place of a sentence, in the case the place asks for.
type Phrase interface {
	form(s *Sentence, inCase string) (string, error)
}

// Plain is a text that has one form.
type Plain string

func (p Plain) form(*Sentence, string) (string, error) { return string(p), nil }

// Name is a proper name by its nominative.
type Name struct{ Kind, Nominative string }

func (n Name) form(s *Sentence, c string) (string, error) {
	if c == "nom" {
		return n.Nominative, nil // as its owner notified it
	}
	key := n.Kind + "/" + n.Nominative
	return s.cell(s.l.forms.names[key][c], n.Nominative, c, key)
}

// Term is a word of the vocabulary.
type Term string

func (t Term) form(s *Sentence, c string) (string, error) {
	return s.cell(s.l.forms.terms[string(t)][c], string(t), c, "term "+string(t)+" "+c)
}

// List is several phrases, joined as the language joins them; Long where they have commas of their own.
type List struct {
	Items []Phrase
	Long  bool
}

func (l List) form(s *Sentence, c string) (string, error) {
	comma, and := "list.comma", "list.and"
	if l.Long {
		comma, and = "list.long", "list.long.and"
	}
	var out strings.Builder
	for i, item := range l.Items {
		if i > 0 {
			sep := comma
			if i == len(l.Items)-1 {
				sep = and
			}
			text, err := s.frame(sep)
			if err != nil {
				return "", err
			}
			out.WriteString(text)
		}
		text, err := item.form(s, c)
		if err != nil {
			return "", err
		}
		out.WriteString(text)
	}
	return out.String(), nil
}

// Group is a phrase made from a frame of its own; the case * in it is the one asked of the whole. Where there is
// a frame KEY.CASE for the case asked, that one is taken.
type Group struct {
	Frame  string
	Places map[string]Phrase
}

func (g Group) form(s *Sentence, c string) (string, error) {
	frame := g.Frame
	if s.l.HasFrame(frame + "." + c) {
		frame += "." + c
	}
	return s.fill(frame, g.Places, c)
}

// In is a phrase that stands in one case, whatever the place asks for.
type In struct {
	Phrase
	Case string
}

func (i In) form(s *Sentence, _ string) (string, error) { return i.Phrase.form(s, i.Case) }

// Date is a day, month or year of the Gregorian calendar, in the pattern of the frame date.CASE.
type Date struct{ Year, Month, Day int64 }

func (d Date) form(s *Sentence, c string) (string, error) {
	number := func(n int64) Plain { return Plain(strconv.FormatInt(n, 10)) }
	month := strconv.FormatInt(d.Month, 10)
	places := map[string]Phrase{"d": number(d.Day), "y": number(d.Year), "D": s.suffixed("day", d.Day), "Y": s.suffixed("year", d.Year),
		"m": Group{Frame: "month." + month}, "M": Group{Frame: "monthname." + month}, "H": Group{Frame: "monthhead." + month}}
	return s.fill("date."+c, places, c)
}

// suffixed is a number with the suffix its spoken form asks for, where the language has frames for that.
func (s *Sentence) suffixed(what string, n int64) Phrase {
	return Group{Frame: what + "." + strconv.FormatInt(n, 10)}
}

// A Sentence is being made. It notes which forms in it no speaker has read.
type Sentence struct {
	l      *Language
	Unread []string
}

// Sentence begins one.
func (l *Language) Sentence() *Sentence { return &Sentence{l: l} }

// Fill makes the text of a frame with phrases in its places.
func (s *Sentence) Fill(frame string, places map[string]Phrase) (string, error) {
	return s.fill(frame, places, "nom")
}

// HasFrame reports whether the language has a frame.
func (l *Language) HasFrame(key string) bool { return l.forms.frames[key] != "" }

// Label is a term as a heading or table says it, or its key where there is none.
func (l *Language) Label(term string) string {
	forms := l.forms.terms[term]
	for _, c := range []string{"label", "nom", "acc", "gen"} {
		if forms[c] != "" {
			return forms[c]
		}
	}
	return term
}

// Date writes a date as a heading does.
func (l *Language) Date(d Date) string {
	text, err := d.form(l.Sentence(), "header")
	if err != nil {
		return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
	}
	return text
}

func (s *Sentence) frame(key string) (string, error) {
	text := s.l.forms.frames[key]
	if text == "" {
		return "", &MissingForm{s.l.Code, key, ""}
	}
	s.note("frame " + key)
	return text, nil
}

func (s *Sentence) cell(form, what, c, key string) (string, error) {
	if form == "" {
		return "", &MissingForm{s.l.Code, what, c}
	}
	s.note(key)
	return form, nil
}

func (s *Sentence) note(key string) {
	if confidence := s.l.forms.unread[key]; confidence != "" {
		s.Unread = append(s.Unread, key+" ("+confidence+")")
	}
}

func (s *Sentence) fill(key string, places map[string]Phrase, c string) (string, error) {
	text, err := s.frame(key)
	if err != nil {
		return "", err
	}
	text = optional(text, places)
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		place, after, _ := strings.Cut(rest, "}")
		role, want, _ := strings.Cut(place, ":")
		switch want {
		case "":
			want = "nom"
		case "*":
			want = c
		}
		p := places[role]
		if p == nil {
			return "", fmt.Errorf("%s: frame %s asks for %s, which is not known", s.l.Code, key, role)
		}
		form, err := p.form(s, want)
		if err != nil {
			return "", err
		}
		out.WriteString(form)
		text = after
	}
}

// optional leaves out the parts in [ ] of which a place is empty, and the brackets.
func optional(text string, places map[string]Phrase) string {
	for {
		before, rest, found := strings.Cut(text, "[")
		if !found {
			return text
		}
		part, after, _ := strings.Cut(rest, "]")
		for _, hole := range strings.Split(part, "{")[1:] {
			role, _, _ := strings.Cut(hole, ":")
			if places[strings.TrimSuffix(role, "}")] == nil {
				part = ""
				break
			}
		}
		text = before + part + after
	}
}
