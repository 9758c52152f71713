package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/text/unicode/norm"

	"kurultai/conference"
	"kurultai/drafting"
	"kurultai/language"
)

// DraftPage is where a text is written, seen as it will be numbered, and submitted as a document.
type DraftPage struct {
	Layout
	Text, In   string
	Languages  []Option
	Wrong      string
	Section    Section // the text as numbered
	Counts     string
	Shown      bool // it is numbered, and may be submitted
	SignedIn   bool
	Readonly   bool
	Offices    []Option
	Meetings   []Option
	Fields     []Field
	Key        string
	Seen       int64
	SubmitHere string
}

// settleDraft gives the page the address to which a text is sent to be numbered. Nothing of it is kept.
func (s *site) settleDraft(mux *http.ServeMux) {
	mux.HandleFunc("POST /{lang}/draft", func(w http.ResponseWriter, r *http.Request) {
		l, ok := language.Get(r.PathValue("lang"))
		if !ok {
			s.fail(w, r, errNotFound)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 3*drafting.MaxBytes+4096) // as a form has it
		if err := parseForm(r); err != nil {
			s.sorry(w, r, l, err)
			return
		}
		s.showPage(w, r, l, "draft", s.composing(r, l, r.PostForm), http.StatusOK)
	})
}

// draftPage is an empty one, or one that begins with the text of a paper.
func (s *site) draftPage(v View, in *visit) (any, error) {
	from := url.Values{"meeting": in.URL.Query()["meeting"]}
	if x, ok := v.State().Document(conference.Symbol(in.URL.Query().Get("from"))); ok {
		d := s.drawer(v, in)
		if t, ok := d.textOf(x, x.Versions[0]); ok {
			from.Set("text", string(t.Markdown()))
			from.Set("in", string(x.Original))
		}
	}
	return s.render("draft", s.composing(in.Request, in.lang, from))
}

func (s *site) composing(r *http.Request, l *language.Language, typed url.Values) DraftPage {
	v := s.viewFor(r)
	p := DraftPage{Layout: s.layout(v, l, "draft"), Text: norm.NFC.String(strings.ReplaceAll(typed.Get("text"), "\r\n", "\n")), In: typed.Get("in"), Readonly: s.Desk == nil, SubmitHere: "/" + l.Code + "/act/RegisterDocument"}
	p.Here, p.Title, p.Lead = "documents", l.Say("text.write"), l.Say("text.writelead")
	st := v.State()
	if p.In == "" {
		p.In = l.Code
	}
	for _, code := range st.Body.Languages {
		p.Languages = append(p.Languages, Option{string(code), tongueOf(code), string(code) == p.In})
	}
	who, in := s.who(r)
	p.SignedIn = in
	if strings.TrimSpace(p.Text) == "" {
		return p
	}
	t, err := drafting.Parse([]byte(p.Text))
	switch {
	case errors.Is(err, drafting.ErrTooLarge), errors.Is(err, drafting.ErrTooLong):
		p.Wrong = l.Say("text.toolarge")
	case errors.Is(err, drafting.ErrTooDeep):
		p.Wrong = l.Say("text.toodeep")
	case err != nil:
		p.Wrong = l.Say("text.nottext")
	}
	if p.Wrong != "" {
		return p
	}
	p.Section = Section{ID: "numbered", Title: l.Say("text.numbered"), Kind: "passages"}
	preamble, operative := 0, 0
	for _, q := range t.Paragraphs {
		switch q.Kind {
		case drafting.Preambular:
			preamble++
		case drafting.Operative:
			operative++
		}
		p.Section.Passages = append(p.Section.Passages, passage(q, Side{Lang: p.In, Spans: spans(q)}))
	}
	p.Counts = l.Say("text.counts", number(l, int64(preamble)), number(l, int64(operative)))
	p.Shown = true
	act, ok := st.Lookup("RegisterDocument")
	if !in || !ok || s.Desk == nil {
		return p
	}
	meeting := typed.Get("meeting")
	if all := st.Meetings(); meeting == "" && len(all) > 0 {
		meeting = string(all[len(all)-1].MeetingConvened.Meeting)
	}
	values := url.Values{"field.type": {"draft"}, "field.level": {"public"}, "field.language": {p.In}, "field.file": {p.Text}}
	f := form{t: newTeller(v, l), act: act, meeting: conference.MeetingID(meeting), values: values, reader: st.Reader(who, st.Last)}
	p.Offices, p.Meetings = offices(f.t, act, who, typed), f.meetings()
	for _, field := range f.fields() {
		if key := strings.TrimPrefix(field.Name, "field."); key == "symbol" || key == "item" || key == "level" || key == "type" {
			p.Fields = append(p.Fields, field)
		}
	}
	p.Key, p.Seen = newKey(), st.Size
	return p
}
