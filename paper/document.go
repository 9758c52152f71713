package paper

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper/pdf"
	"kurultai/record"
)

// A Record is a record at one size, as somebody may read it: the names that Reader may see are shown, and no others.
type Record interface {
	Source
	Origin() string
	VerifierKey() string
	Reader() conference.Reader
	Checkpoint() record.Checkpoint
	// Entry returns the bytes of an entry, Prove that it is in the record (RFC 6962 section 2.1.1).
	Entry(ctx context.Context, index int64) ([]byte, error)
	Prove(ctx context.Context, index int64) (tlog.RecordProof, error)
}

// A Wish is which paper is wanted, of what, in which language.
type Wish struct {
	Language *language.Language
	Meeting  conference.MeetingID
	Args     []string // what stands behind the paper's name
	// Text finds a text by its SHA-256, as the record names it; nil: texts are not at hand, and papers give the digest.
	Text func(record.Digest) ([]byte, bool)
}

// A Kind is a kind of paper; Build makes one from the record alone. Its error is a *Refusal where there is nothing to make
// it of.
type Kind struct {
	Name, Help string
	Build      func(Record, Wish) (pdf.Document, error)
}

// Kinds lists the papers there are, in order of name.
func Kinds() []Kind {
	return []Kind{
		{"agenda", "the agenda, or the provisional one", ofMeeting("agenda", "agenda", 0, (*composer).agenda)},
		{"amendments", "amendments as tracked changes: [DRAFT]", ofMeeting("amendments", "amendments", 1, (*composer).amendments)},
		{"annotated-agenda", "the agenda with what is before the meeting under each item", ofMeeting("annotated-agenda", "annotated-agenda", 0, (*composer).annotated)},
		{"badges", "badges, eight a page", ofMeeting("badges", "", 0, (*composer).badges)},
		{"blank-ballot", "ballot papers to be cut: [ELECTION]", ofMeeting("blank-ballot", "", 1, (*composer).blankBallot)},
		{"blank-roll-call", "a sheet for a roll call on paper", ofMeeting("blank-roll-call", "", 0, (*composer).blankRollCall)},
		{"blank-speakers", "a sheet for a list of speakers on paper", ofMeeting("blank-speakers", "", 0, (*composer).blankSpeakers)},
		{"certificate", "what the record holds: ENTRY, or SYMBOL for true copies", ofMeeting("certificate", "", 1, (*composer).certificate)},
		{"commitments", "what the decisions oblige whom to do by when, and how it stands", ofMeeting("commitments", "commitments", 0, (*composer).commitments)},
		{"communique", "what a meeting did, in whole sentences", communiquePaper},
		{"comparison", "a text held against another: OLD NEW", comparisonPaper},
		{"credentials", "the report on credentials", ofMeeting("credentials", "credentials", 0, (*composer).credentials)},
		{"decisions", "decisions and resolutions: [NUMBER] for one", ofMeeting("decisions", "", 1, (*composer).decisions)},
		{"documents", "the list of documents", ofMeeting("documents", "list-of-documents", 0, (*composer).documents)},
		{"journal", "the journal of a day: [DATE], else the last", ofMeeting("journal", "", 1, (*composer).journal)},
		{"participants", "the list of participants", ofMeeting("participants", "participants", 0, (*composer).participants)},
		{"place-cards", "cards for the table, two a page", ofMeeting("place-cards", "", 0, (*composer).placeCards)},
		{"signature-pages", "pages to be signed: [INSTRUMENT]", ofMeeting("signature-pages", "", 1, (*composer).signaturePages)},
		{"summary-record", "the summary record: [DATE] for one day", ofMeeting("summary-record", "summary-record", 1, (*composer).summary)},
		{"text", "the text of a paper: SYMBOL", textPaper},
		{"verification", "how to verify the record, with its code", ofMeeting("verification", "", 0, (*composer).verification)},
		{"voting-record", "who voted how, and by which rule: [QUESTION]", ofMeeting("voting-record", "voting-record", 1, (*composer).votingRecord)},
	}
}

// Set makes a paper as a file: built from the record and set in the layout in use.
func (k Kind) Set(r Record, w Wish) ([]byte, error) {
	d, err := k.Build(r, w)
	if err != nil {
		return nil, err
	}
	return pdf.Set(d, pdf.Treaty())
}

// Audience is for whom a kind of paper is: what a desk cuts, writes on or hands out is the secretariat's, all else
// everybody's, with the names its reader may see.
func (k Kind) Audience() conference.Audience {
	switch k.Name {
	case "badges", "place-cards", "signature-pages", "blank-ballot", "blank-roll-call", "blank-speakers":
		return conference.ToSecretariat
	}
	return conference.ToPublic
}

// Named reports whether a kind of paper cannot be made without the name of what it is about.
func (k Kind) Named() bool {
	return k.Name == "certificate" || k.Name == "text" || k.Name == "comparison"
}

func communiquePaper(r Record, w Wish) (pdf.Document, error) {
	if len(w.Args) > 0 {
		return pdf.Document{}, fmt.Errorf("a communiqué takes nothing behind its name, not %q", w.Args[0])
	}
	p, err := Communique(r, w.Meeting, w.Language)
	if err != nil {
		return pdf.Document{}, err
	}
	m, _ := r.State().Meeting(w.Meeting)
	l := w.Language
	d := sheet(r, l, l.Say("page.communique"), symbolOf(r.State(), w.Meeting, "communique"))
	d.Title, d.Date = p.Title.Text, dayOf(m.From)
	d.Source = &pdf.Attachment{Name: "communique." + l.Code + ".xml", Type: "application/xhtml+xml", Description: l.Say("paper.source"), Bytes: p.XML()}
	d.Blocks = append(d.Blocks, pdf.Heading{Level: 1, Text: pdf.Text(p.Title.Text)})
	d.Blocks = append(d.Blocks, pdf.Paragraph{Text: []pdf.Run{{Text: p.Dateline.Text, Italic: true}}, KeepWithNext: true})
	for _, paragraph := range p.Paragraphs {
		d.Blocks = append(d.Blocks, pdf.Paragraph{Text: pdf.Text(join(paragraph))})
	}
	d.Blocks = append(d.Blocks, pdf.Rule{})
	if reported(r.State()) {
		d.Blocks = append(d.Blocks, pdf.Note{Text: pdf.Text(l.Say("paper.notown"))})
	}
	if n := p.Note(); n != "" {
		d.Blocks = append(d.Blocks, pdf.Note{Text: pdf.Text(n)})
	}
	d.Blocks = append(d.Blocks, proofOf(r, l, p.sentences())...)
	return d, nil
}

// symbolOf is the symbol of the meeting's public paper of a type, the last in order; "" if it has none.
func symbolOf(s *conference.State, m conference.MeetingID, typ conference.Term) (symbol string) {
	for _, d := range s.Documents(m, conference.Reader{}) {
		if d.Type == typ && !d.Withdrawn {
			symbol = string(d.Symbol)
		}
	}
	return symbol
}

// sheet is a document of the body with its masthead, and at the foot of each page where in it one is.
func sheet(r Record, l *language.Language, kind, symbol string, lines ...string) pdf.Document {
	s := r.State()
	body := s.Body.Names.In(conference.Language(l.Code))
	mast := pdf.Masthead{Kind: kind, Symbol: symbol, Body: body, Lines: lines}
	mast.Emblem = emblem(r, l)
	if invented(r) {
		mast.Lines = append(mast.Lines, l.Say("page.training"))
	}
	return pdf.Document{
		Language: l.Code, Author: body, Subject: strings.TrimSpace(kind + " " + symbol),
		Header: pdf.Running{Left: body, Right: symbol},
		Footer: pdf.Running{Right: l.Say("paper.page", "{page}", "{pages}")},
		Blocks: []pdf.Block{mast},
	}
}

// reported tells whether the record tells what was reported: it rests on sources.
func reported(s *conference.State) bool {
	return len(s.Sources()) > 0 || slices.ContainsFunc(s.Facts("MeetingConvened"), func(f conference.Fact) bool { return f.Event.Reported != nil })
}

// invented tells whether the record is a story of a training body.
func invented(r Record) bool {
	_, story := record.StoryBody(r.Origin())
	return story && !reported(r.State())
}

// dayOf is the beginning of a day, or of the year or month where no more is known.
func dayOf(d conference.Date) time.Time {
	year, month, day, _ := d.Parts() // checked when it came
	return time.Date(int(year), time.Month(max(1, month)), int(max(1, day)), 0, 0, 0, 0, time.UTC)
}

// XML is the paper as an XHTML article, each sentence with its entries.
func (p *Paper) XML() []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + strings.Replace(p.HTML(), "<article lang=", fmt.Sprintf("<article xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=%q lang=", p.Language.Code), 1) + "\n")
}

// maxEmblemSide bounds an emblem, in pixels of a side: a record may come from anywhere.
const maxEmblemSide = 1024

// emblem is the figure of the body's emblem: the one its founding act names, on white, or that of the training body. A
// body without, and one whose file this node does not hold or that is no small PNG, stands by its name alone: nil.
func emblem(r Record, l *language.Language) *pdf.Figure {
	body := r.State().Body
	held, ok := r.(interface {
		Blob(ctx context.Context, d record.Digest) ([]byte, error)
	})
	if e := body.Emblem; e != nil && ok {
		b, err := held.Blob(context.Background(), e.Digest)
		if size, wrong := png.DecodeConfig(bytes.NewReader(b)); err != nil || wrong != nil || len(b) > conference.MaxEmblem || size.Width > maxEmblemSide || size.Height > maxEmblemSide {
			return nil
		}
		sent, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			return nil
		}
		return &pdf.Figure{Picture: onWhite(sent), Alt: l.Say("paper.emblemof", body.Names.In(conference.Language(l.Code)))}
	}
	if e, ok := emblems[body.ID]; ok && body.Emblem == nil {
		return &pdf.Figure{Drawing: e, Alt: l.Say("paper.emblem")}
	}
	return nil
}

// onWhite is a picture as it looks on paper.
func onWhite(sent image.Image) *pdf.Picture {
	at := sent.Bounds()
	p := &pdf.Picture{Width: at.Dx(), Height: at.Dy()}
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			r, g, b, a := sent.At(x, y).RGBA() // premultiplied, 16 bits
			for _, v := range []uint32{r, g, b} {
				p.RGB = append(p.RGB, byte((v+0xffff-a)>>8))
			}
		}
	}
	return p
}

// emblems are those of bodies of stories; a body without stands by its name alone.
var emblems = map[conference.BodyID]pdf.Drawing{
	"lakes-and-passes": {Width: 40, Height: 40, Paths: []pdf.Path{
		{D: "M37.5 20C37.5 29.665 29.665 37.5 20 37.5C10.335 37.5 2.5 29.665 2.5 20C2.5 10.335 10.335 2.5 20 2.5C29.665 2.5 37.5 10.335 37.5 20Z", StrokeWidth: 160},
		{D: "M4.5 25.5L15 11.5l5.5 7.5l4 -4.5L35 25", StrokeWidth: 140},
		{D: "M8 28.5q3 -2.5 6 0q3 2.5 6 0q3 -2.5 6 0q3 2.5 6 0M13 33.5q3.5 -2.5 7 0q3.5 2.5 7 0", StrokeWidth: 140},
	}},
}
