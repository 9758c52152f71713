package paper

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper/pdf"
	"kurultai/paper/seal"
	"kurultai/record"
)

// A CertifiedCopy is one authentic text of an instrument with the depositary's certificate behind it (VCLT 77(1)(b)), and a
// field in which the depositary signs: its signature certifies the file, so that nobody changes anything behind it but by a
// further signature (DocMDP, ISO 32000-2, 12.8.2.2).
type CertifiedCopy struct {
	Paper    *seal.Paper
	Digest   record.Digest // of the file nobody has signed
	signing  *Signing
	language *language.Language
}

// CopyField is the field of a certified copy in which the depositary signs.
const CopyField = "s0"

// Copy sets the certified copy of an instrument's text in a language. Errors: the instrument is unknown, was never open for
// signature, or has no authentic text in that language; a place has no form that the certificate asks for.
func Copy(ctx context.Context, a Archive, id conference.InstrumentID, code conference.Language) (*CertifiedCopy, error) {
	i, ok := a.State().Instrument(id)
	switch {
	case !ok:
		return nil, unknown(string(id))
	case i.From == "":
		return nil, &Refusal{"refusal.not-open-for-signature", []string{string(id)}}
	}
	l, speaks := language.Get(string(code))
	for _, t := range i.Texts {
		if t.Language != code || !speaks {
			continue
		}
		s := &Signing{Instrument: i, Language: l, past: a, present: a}
		d, err := s.certified(ctx, t)
		if err != nil {
			return nil, err
		}
		form, err := pdf.SetForm(d, pdf.Sealed())
		if err != nil {
			return nil, err
		}
		return &CertifiedCopy{Paper: seal.New(form), Digest: record.DigestOf(form.Bytes), signing: s, language: l}, nil
	}
	return nil, unknown(together(" ", string(id), string(code)))
}

// Prepare makes room for the depositary's signature by a certificate; the digest of what comes is to be signed.
func (c *CertifiedCopy) Prepare(certificate *x509.Certificate) (seal.Prepared, error) {
	return c.Paper.Prepare(CopyField, c.language.Code, c.signing.appearance("", certificate), seal.Certifies)
}

// certified is the text, who signed it, what was corrected in it, and the certificate.
func (s *Signing) certified(ctx context.Context, t conference.AuthenticText) (pdf.Document, error) {
	i, l := s.Instrument, s.Language
	d, err := s.text(ctx, i, []conference.AuthenticText{t})
	if err != nil {
		return d, err
	}
	d.Title = together(". ", Title("certified-copy", l), d.Title)
	mast := d.Blocks[0].(pdf.Masthead)
	mast.Kind = together(". ", Title("certified-copy", l), mast.Kind)
	d.Blocks[0] = mast
	c := &composer{r: s.past, s: s.past.State(), l: l}
	c.zone = zoneOf(c.s.Body.Zone)
	if signed := s.signatures(c); len(signed) > 0 {
		c.heading(2, l.Say("paper.signatures"))
		c.pairs(nil, signed)
	}
	c.corrected(i, t.Language)
	c.heading(2, l.Say("paper.certificateof"))
	place, _ := c.s.Place(i.Place)
	text, err := l.Sentence().Fill("certify.copy", places{"date": dateOf(i.From), "city": language.Name{Kind: "place", Nominative: place.Names.In(conference.Language(l.Code))}})
	if err != nil {
		return d, err
	}
	c.add(pdf.Paragraph{Text: pdf.Text(text)})
	c.pairs(nil, [][2]string{{l.Say("field.language"), l.Say("language")}, {l.Say("page.digest"), string(t.Text.Digest)}, {l.Say("page.origin"), c.r.Origin()}})
	c.add(pdf.Place{Name: CopyField, Width: 90 * pdf.Millimetre, Height: 16 * pdf.Millimetre, Sign: l.Say("paper.signature", l.Say("paper.depositary"))}, pdf.Rule{},
		pdf.Paragraph{Text: pdf.Text(l.Say("paper.depositary")), Small: true})
	d.Blocks = append(d.Blocks, c.doc.Blocks...)
	return d, c.err
}

// signatures are who signed, how and when, in the order of the instrument.
func (s *Signing) signatures(c *composer) (rows [][2]string) {
	for _, p := range s.Instrument.Signatories {
		by := s.Instrument.SignedBy(p)
		if len(by) < s.Instrument.SignersFor(p) {
			continue
		}
		last := by[len(by)-1]
		how := c.l.Say("word.mode." + last.Mode)
		if last.Confirmed > 0 {
			how += ", " + c.l.Say("public.confirmed")
		}
		rows = append(rows, [2]string{s.name(p), together(", ", c.date(instantDay(int64(last.At))), how)})
	}
	return rows
}

// corrected lists the errors of a text that were corrected: the corrected words replace the others from the beginning
// (VCLT 79(4)).
func (c *composer) corrected(i conference.Instrument, in conference.Language) {
	var rows [][2]string
	for _, x := range c.s.Corrections(i.Instrument) {
		if x.State == "rectified" && (in == "" || x.Language == in) {
			rows = append(rows, [2]string{together(", ", c.l.Say("treaty.rectified"), c.date(instantDay(int64(x.ChangedAt)))), x.Error + " → " + x.Text})
		}
	}
	if len(rows) > 0 {
		c.heading(2, c.l.Say("treaty.corrections"))
		c.pairs(nil, rows)
	}
}

// An Enclosure is a file of the package for registration.
type Enclosure struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
	bytes  []byte
}

// Package is what goes to the Secretariat of the United Nations to register an instrument (UN Charter 102): what the
// regulations of the General Assembly ask (resolution 97(I) as amended, article 5), in one file (ZIP):
//
//	copy-LANG.pdf       the certified copy of each authentic text, as the record holds it (article 5(1), (2))
//	statement-LANG.pdf  the depositary's certification, with title, day and place, and in respect of each party the day on
//	                    which it came into force and the method whereby it did; all reservations, declarations, objections
//	status.csv, .json   the same for programs
//	manifest.json       the files with their digests, and the record they come from
//
// A *Refusal says what is wanting: the instrument has not entered into force (article 1(2)), or an authentic text has no
// certified copy yet. The same record gives the same bytes.
func Package(ctx context.Context, a Archive, id conference.InstrumentID, l *language.Language) ([]byte, error) {
	s := a.State()
	i, ok := s.Instrument(id)
	if !ok {
		return nil, unknown(string(id))
	}
	if settled, _ := s.EntryIntoForce(id); settled.Entered == 0 {
		return nil, &Refusal{"paper.notinforce", []string{i.Title.In(conference.Language(l.Code))}}
	}
	var list []Enclosure
	add := func(name string, b []byte) {
		list = append(list, Enclosure{name, len(b), fmt.Sprintf("%x", sha256.Sum256(b)), b})
	}
	for _, t := range i.Texts {
		copied := conference.Copy{}
		for _, x := range s.Copies(id) {
			if x.Language == t.Language {
				copied = x
			}
		}
		if copied.Index == 0 {
			return nil, &Refusal{"paper.nocopy", []string{string(t.Language)}}
		}
		b, err := a.Blob(ctx, copied.Copy.Digest)
		if err != nil {
			return nil, fmt.Errorf("the copy certified in entry %d: %w", copied.Index, err)
		}
		ends := ".txt"
		if bytes.HasPrefix(b, []byte("%PDF-")) {
			ends = ".pdf"
		}
		add("copy-"+string(t.Language)+ends, b)
	}
	d, err := statement(a, i, list, l)
	if err != nil {
		return nil, err
	}
	b, err := pdf.Set(d, pdf.Treaty())
	if err != nil {
		return nil, err
	}
	add("statement-"+l.Code+".pdf", b)
	x, _ := StatusOf(s, id, instantDay(int64(s.Last)), l)
	add("status.csv", []byte(x.CSV()))
	text, err := json.MarshalIndent(x, "", " ")
	if err != nil {
		return nil, err
	}
	add("status.json", append(text, '\n'))
	manifest, err := json.MarshalIndent(struct {
		Instrument conference.InstrumentID `json:"instrument"`
		Origin     string                  `json:"origin"`
		Size       int64                   `json:"size"`
		Root       string                  `json:"root"`
		Files      []Enclosure             `json:"files"`
	}{id, a.Origin(), s.Size, a.Checkpoint().Root.String(), list}, "", " ")
	if err != nil {
		return nil, err
	}
	return zipped(append(list, Enclosure{Name: "manifest.json", bytes: append(manifest, '\n')}), dayOf(instantDay(int64(s.Last))))
}

// zipped puts files into one, all of one day.
func zipped(list []Enclosure, on time.Time) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range list {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: on})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.bytes); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// statement certifies an instrument for registration.
func statement(r Record, i conference.Instrument, enclosed []Enclosure, l *language.Language) (pdf.Document, error) {
	c := ofInstrument(r, l, "statement")
	on := instantDay(int64(c.s.Last))
	title := c.named(i.Title, string(i.Instrument))
	c.doc.Title, c.doc.Date = together(". ", Title("statement", l), title), dayOf(on)
	c.heading(1, title)
	c.say(l.Say("paper.registering"), i.Begun)
	x, _ := StatusOf(c.s, i.Instrument, on, l)
	var rows [][2]string
	for _, t := range i.Texts {
		if in, ok := language.Get(string(t.Language)); ok {
			rows = append(rows, [2]string{in.Say("language"), i.Title.In(t.Language)})
		}
	}
	rows = append(rows, [2]string{l.Say("paper.concluded"), together(", ", c.place(i.Place), c.date(i.From))},
		[2]string{l.Say("treaty.force"), together(", ", c.date(x.Day), x.Article)}, [2]string{l.Say("paper.depositary"), c.doc.Author}, [2]string{l.Say("treaty.status"), x.Says})
	c.pairs(x.Entries, rows)
	g := c.grid([]int{4, 5, 6, 6}, l.Say("page.party"), l.Say("public.signed"), l.Say("treaty.consent"), l.Say("treaty.binds"))
	for _, row := range x.Rows {
		if len(row.Bound) == 0 && len(row.Consents) == 0 && row.Signed == "" {
			continue
		}
		signed, acts := "", []string(nil)
		if row.Signed != "" {
			signed = together(", ", c.date(row.Signed), row.Mode)
		}
		for _, act := range row.Consents {
			acts = append(acts, together(", ", act.Text+" "+c.date(act.On), act.Small))
		}
		g.row(row.Entries, row.Name, signed, strings.Join(acts, "; "), row.Binds)
	}
	g.put("treaty.none")
	c.heading(2, l.Say("treaty.statements"))
	c.lines(x.Statements, "paper.noreservations")
	for _, part := range []struct {
		title string
		lines []StatusLine
	}{{"treaty.provisional", x.Applied}, {"treaty.suspensions", x.Paused}} {
		if len(part.lines) > 0 {
			c.heading(2, l.Say(part.title))
			c.lines(part.lines, "treaty.none")
		}
	}
	c.corrected(i, "")
	if len(x.Amends)+len(x.Amended) > 0 {
		var related [][2]string
		for _, other := range x.Amends {
			related = append(related, [2]string{l.Say("treaty.amends"), other.Title})
		}
		for _, other := range x.Amended {
			related = append(related, [2]string{l.Say("treaty.amended"), other.Title})
		}
		c.pairs(nil, related)
	}
	c.heading(2, l.Say("paper.enclosed"))
	var files [][2]string
	for _, f := range enclosed {
		files = append(files, [2]string{f.Name, "SHA-256 " + f.SHA256})
	}
	c.pairs(nil, files)
	c.signed("paper.depositary")
	return c.finished("statement"), c.err
}

// lines are what was done on days, each with its words and entries.
func (c *composer) lines(list []StatusLine, none string) {
	if len(list) == 0 {
		c.calm(none)
		return
	}
	for _, x := range list {
		says := together(" ", c.date(x.On)+":", together(": ", x.Name, x.Text))
		if x.Words != "" {
			says += " “" + x.Words + "”"
		}
		c.say(together("; ", says, x.Small), x.Entries...)
	}
}
