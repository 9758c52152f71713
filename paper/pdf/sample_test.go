package pdf_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kurultai/paper/pdf"
)

// words say the same in each language; the first line of a poem would do as well.
var words = map[string]string{
	"az": "Əlahiddə Şura üçün çağırış: “Gəncə” və İğdır, ölkələrin təhlükəsizliyi barəsində.",
	"de": "Die außerordentliche Donaudampfschifffahrtsgesellschaft erklärte „Überprüfbarkeit“ für übermäßig schwierig.",
	"en": "The officers of the affiliated office offered an efficient waffle; five flights flew to Fjord.",
	"ka": "კონფერენციის მონაწილეებმა მხარი დაუჭირეს თანამშრომლობის გაღრმავებას, „მარადიული ცეცხლის“ შესახებ.",
	"kk": "Қазақстанның үкіметі мен Өзбекстанның әкімшілігі һәм ғылыми ұйымдары келісімге қол қойды.",
	"ky": "Кыргызстандын өкмөтү жана Түркиянын делегациясы ыңгайлуу чечимге келишти, ырас.",
	"ru": "Подъём флага; объявление о съезде ещё не опубликовано — № 5 «Вестника».",
	"tr": "Iğdır’da ışık ve İstanbul’da fikir: ağır şartlar, çözüm önerisi, yirmi iki üye.",
	"uz": "Oʻzbekiston va Gʻarbiy davlatlar maʼlumot almashdi, eʼlon qilindi.",
}

var at = time.Date(2027, 6, 9, 12, 0, 0, 0, time.UTC)

// sample has every kind of block, more than once where it matters, over several pages.
func sample() pdf.Document {
	long := strings.TrimSpace(strings.Repeat(words["en"]+" ", 12))
	d := pdf.Document{
		Language: "en", Title: "Everything (a sample)", Author: "A body", Subject: "LP/VII/1", Date: at,
		Header: pdf.Running{Left: "A body", Right: "LP/VII/1"},
		Footer: pdf.Running{Right: "page {page} of {pages}"},
		Source: &pdf.Attachment{Name: "source.xml", Type: "text/xml", Description: "What it was made from", Bytes: []byte("<a/>")},
	}
	mark := pdf.Drawing{Width: 10, Height: 10, Paths: []pdf.Path{{D: "M0 0H10V10Q5 5 0 10Z", Colour: 0x336699}, {D: "m1,1 l3-2c1 1 2 2 3 .5z", StrokeWidth: 50}}}
	add := func(b ...pdf.Block) { d.Blocks = append(d.Blocks, b...) }
	add(pdf.Masthead{Kind: "Report", Symbol: "LP/VII/1", Body: "Conference of everything", Emblem: &pdf.Figure{Drawing: mark, Alt: "Emblem"}, Lines: []string{"9 June 2027", "Original: English"}})
	add(pdf.Heading{Level: 1, Text: pdf.Text("Everything"), Align: pdf.Centre})
	add(pdf.Paragraph{Text: []pdf.Run{{Text: "It was decided"}, {Text: " otherwise", Italic: true}, {Text: " and", Bold: true}, {Text: " called", Footnote: pdf.Text("The first footnote, which is a little longer than the line it stands on, so that it takes another one at least.")}, {Text: " a note; see "}, {Text: "the treaty", Link: "https://example.org/a(b)?c=ü"}, {Text: ". " + long}}})
	for i := range 3 {
		add(pdf.Heading{Level: 2, Text: pdf.Text(fmt.Sprintf("Part %d", i+1))})
		for _, l := range []string{"az", "de", "en", "ka", "kk", "ky", "ru", "tr", "uz"} {
			add(pdf.Heading{Level: 3, Text: []pdf.Run{{Text: words[l][:strings.IndexByte(words[l], ' ')], Language: l}}})
			add(pdf.Paragraph{Text: []pdf.Run{{Text: strings.Repeat(words[l]+" ", 3), Language: l}}, Indent: 12 * pdf.Point})
		}
	}
	add(pdf.List{Items: []pdf.Item{
		{Label: "(a)", Blocks: []pdf.Block{pdf.Paragraph{Text: pdf.Text(long)}, pdf.List{Items: []pdf.Item{{Blocks: []pdf.Block{pdf.Paragraph{Text: pdf.Text("inner")}}}, {}}}}},
		{Label: "(b)", Blocks: []pdf.Block{pdf.Paragraph{Text: pdf.Text("second"), Small: true}}},
	}})
	table := pdf.Table{Columns: []pdf.Column{{Weight: 3}, {Weight: 1, Align: pdf.Right}, {Align: pdf.Centre}}, Head: [][]pdf.Cell{{{Text: pdf.Text("State")}, {Text: pdf.Text("Votes and abstentions"), Span: 2}}}, RowHeads: true}
	for i := range 60 {
		table.Rows = append(table.Rows, []pdf.Cell{{Text: pdf.Text(fmt.Sprintf("State %d of many", i+1))}, {Text: pdf.Text(fmt.Sprint(i * i))}, {Text: pdf.Text("yes")}})
	}
	add(pdf.Rule{}, table, pdf.Note{Text: pdf.Text("An aside.")}, pdf.Figure{Drawing: mark, Width: 30 * pdf.Millimetre, Align: pdf.Centre, Alt: "A drawing"}, pdf.Figure{Drawing: mark, Width: 10 * pdf.Millimetre})
	add(pdf.PageBreak{}, pdf.Place{Name: "s1", Width: 60 * pdf.Millimetre, Height: 20 * pdf.Millimetre, Align: pdf.Right})
	cards := pdf.Cards{Columns: 2, Height: 40 * pdf.Millimetre, Gap: 5 * pdf.Millimetre, Framed: true}
	for i := range 9 {
		cards.Cards = append(cards.Cards, []pdf.Block{pdf.Paragraph{Text: pdf.Text(fmt.Sprintf("Card %d", i+1)), Align: pdf.Centre}})
	}
	add(cards)
	add(pdf.Paragraph{Text: pdf.Text("Marks: e\u0301 q\u0301\u0323 x\u0302, arrows \u2190\u2192, ticks \u2713 and \u2610, a face \U0001F600, the word \u0634\u0647\u0631, a soft\u00adhyphen, no\u00a0break.")})
	return d
}

func set(t testing.TB, d pdf.Document) []byte {
	t.Helper()
	l := pdf.Treaty()
	l.Uncompressed = true
	b, err := pdf.Set(d, l)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
