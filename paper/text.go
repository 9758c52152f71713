package paper

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/drafting"
	"kurultai/language"
	"kurultai/paper/pdf"
)

// textPaper is the text of a paper as it reads, in the language asked for or, where there is none, the original's: its
// distribution and original language at the head, what stands in brackets at the end.
func textPaper(r Record, w Wish) (pdf.Document, error) {
	x, v, l, err := textWished(r, w, 1)
	if err != nil {
		return pdf.Document{}, err
	}
	b, t, err := textFound(w, v)
	if err != nil {
		return pdf.Document{}, err
	}
	d := textSheet(r, l, Title("text", l), x, v)
	d.Source = &pdf.Attachment{Name: "text." + l.Code + ".md", Type: "text/markdown", Description: l.Say("paper.source"), Bytes: b}
	for _, p := range t.Paragraphs {
		d.Blocks = append(d.Blocks, printed(p))
	}
	for _, k := range x.Brackets {
		if k.Resolved == 0 {
			p, _ := r.State().Party(k.Party)
			d.Blocks = append(d.Blocks, pdf.Note{Text: pdf.Text(fmt.Sprintf("%s: [%s] (%s: %s)", strings.ToUpper(string(k.Paragraph)), k.Text, l.Say("text.heldby"), p.Named.Short.In(conference.Language(l.Code))))})
		}
	}
	return d, nil
}

// comparisonPaper is one paper held against another, paragraph by paragraph, what was taken away struck out and what was
// brought underlined.
func comparisonPaper(r Record, w Wish) (pdf.Document, error) {
	x, v, l, err := textWished(r, w, 2)
	if err != nil {
		return pdf.Document{}, err
	}
	_, t, err := textFound(w, v)
	if err != nil {
		return pdf.Document{}, err
	}
	old, err := readable(r, w.Args[0])
	if err != nil {
		return pdf.Document{}, err
	}
	was, ok := old.Version(v.Language)
	if !ok {
		return pdf.Document{}, &Refusal{"paper.notext", nil}
	}
	_, before, err := textFound(w, was)
	if err != nil {
		return pdf.Document{}, err
	}
	d := textSheet(r, l, Title("comparison", l), x, v, l.Say("text.since", string(old.Symbol)))
	c := &composer{l: l}
	d.Blocks = append(d.Blocks, pdf.Paragraph{Text: c.legend(), Small: true})
	for _, change := range drafting.Compare(before, t) {
		d.Blocks = append(d.Blocks, compared(change))
	}
	return d, nil
}

// compared is a paragraph with what became of it.
func compared(c drafting.Change) pdf.Paragraph {
	if !c.Changed() {
		return printed(*c.New)
	}
	var was, is, number string
	if c.Old != nil {
		was, number = c.Old.Words(), c.Old.Number
	}
	if c.New != nil {
		is, number = c.New.Words(), c.New.Number
	}
	runs := trackedRuns(was, is)
	if number != "" {
		runs = slices.Insert(runs, 0, pdf.Run{Text: number + " "})
	}
	return pdf.Paragraph{Text: runs, Align: pdf.Left}
}

// readable is a paper that the reader of a record may read.
func readable(r Record, symbol string) (conference.Document, error) {
	x, ok := r.State().Document(conference.Symbol(symbol))
	if !ok || !r.State().Reads(r.Reader(), x) {
		return x, unknown(symbol)
	}
	return x, nil
}

// textWished is the paper that stands last behind the kind's name, its text and the language it is printed in.
func textWished(r Record, w Wish, args int) (x conference.Document, v conference.Version, l *language.Language, err error) {
	if len(w.Args) != args {
		return x, v, l, fmt.Errorf("name %d papers by their symbols, not %d", args, len(w.Args))
	}
	if x, err = readable(r, w.Args[args-1]); err != nil {
		return x, v, l, err
	}
	v, ok := x.Version(conference.Language(w.Language.Code))
	if !ok {
		v = x.Versions[0]
	}
	if l, ok = language.Get(string(v.Language)); !ok {
		l = w.Language
	}
	return x, v, l, nil
}

func textFound(w Wish, v conference.Version) ([]byte, drafting.Text, error) {
	if w.Text == nil {
		return nil, drafting.Text{}, &Refusal{"paper.notext", nil}
	}
	b, ok := w.Text(v.Text)
	if !ok {
		return nil, drafting.Text{}, &Refusal{"paper.notext", nil}
	}
	t, err := drafting.Parse(b)
	if err != nil || len(t.Paragraphs) == 0 {
		return nil, t, &Refusal{"paper.notext", nil}
	}
	return b, t, nil
}

// textSheet begins the paper of a text: distribution, original and what became of the paper at its head, as a document of
// the United Nations has them.
func textSheet(r Record, l *language.Language, kind string, x conference.Document, v conference.Version, lines ...string) pdf.Document {
	s := r.State()
	lines = append([]string{l.Say("text.distr", l.Say("text.distr."+s.Distribution(x))), l.Say("text.originalin", tongue(x.Original))}, lines...)
	switch {
	case x.Withdrawn:
		lines = append(lines, l.Say("public.draft.withdrawn"))
	case x.Successor != "":
		lines = append(lines, l.Say("public.replaced", string(x.Successor)))
	}
	d := sheet(r, l, kind, string(x.Symbol), lines...)
	d.Title = together(" ", kind, string(x.Symbol))
	d.Date = time.UnixMilli(int64(s.Last)).UTC()
	return d
}

// tongue is a language as it calls itself.
func tongue(code conference.Language) string {
	if l, ok := language.Get(string(code)); ok {
		return l.Say("language")
	}
	return string(code)
}
