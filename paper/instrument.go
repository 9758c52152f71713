package paper

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper/cms"
	"kurultai/paper/examine"
	"kurultai/paper/pdf"
	"kurultai/paper/seal"
	"kurultai/record"
)

// An Archive is a record with its files, which can be looked at as it was.
type Archive interface {
	Record
	Blob(ctx context.Context, d record.Digest) ([]byte, error)
	Past(ctx context.Context, size int64) (Archive, error) // the record when it had size entries
}

// Signing is the paper of an instrument with the signatures on it so far. From the same record the same bytes come.
type Signing struct {
	Paper      *seal.Paper
	Instrument conference.Instrument
	Language   *language.Language
	Digest     record.Digest // of the paper as it was issued
	Ends       []int         // how long the file was when it was issued, and after each signature
	past       Archive       // from which it was made
	present    Archive
}

// SigningOf sets the paper of an instrument and puts on it each signature the record holds. One that has not been issued yet
// is set as it would be issued now. Errors: the instrument is unknown or not authentic; a file is missing; the paper comes
// out otherwise than it was issued; a signature in the record is none on this paper.
func SigningOf(ctx context.Context, a Archive, id conference.InstrumentID) (*Signing, error) {
	i, ok := a.State().Instrument(id)
	switch {
	case !ok:
		return nil, fmt.Errorf("the record holds no instrument %q", id)
	case len(i.Texts) == 0:
		return nil, fmt.Errorf("the text of %s is not authentic yet: it is signed when it is", id)
	}
	issue := conference.PaperIssued{Language: i.Texts[0].Language, Size: a.State().Size, Layout: int64(pdf.Sealed().Number)}
	if i.Paper > 0 {
		issue = i.Issue
		issue.Size = cmp.Or(issue.Size, i.Paper)
	}
	s, err := unsigned(ctx, a, i, issue)
	if err != nil {
		return nil, err
	}
	if i.Paper > 0 && s.Digest != i.Issue.Digest {
		return nil, fmt.Errorf("the paper of %s was issued with digest %s, and comes out as %s: its files or this program are others", id, i.Issue.Digest, s.Digest)
	}
	for _, e := range i.Entered {
		if err := s.enter(ctx, e); err != nil {
			return nil, fmt.Errorf("entry %d: %w", e.Index, err)
		}
	}
	return s, nil
}

// AsIssued is the digest of the paper of an instrument as somebody wants it to be issued: in a language, a layout, of a
// record of a size; 0: of all there is.
func AsIssued(ctx context.Context, a Archive, id conference.InstrumentID, issue conference.PaperIssued) (record.Digest, error) {
	i, ok := a.State().Instrument(id)
	if !ok {
		return "", fmt.Errorf("the record holds no instrument %q", id)
	}
	issue.Size = cmp.Or(issue.Size, a.State().Size)
	s, err := unsigned(ctx, a, i, issue)
	if err != nil {
		return "", err
	}
	return s.Digest, nil
}

// unsigned sets the paper of an instrument as it is issued: nobody has signed it.
func unsigned(ctx context.Context, a Archive, i conference.Instrument, issue conference.PaperIssued) (*Signing, error) {
	s := &Signing{Instrument: i, past: a, present: a}
	if issue.Layout != int64(pdf.Sealed().Number) {
		return nil, fmt.Errorf("the paper of %s was set in layout %d, which this program does not have", i.Instrument, issue.Layout)
	}
	var ok bool
	if s.Language, ok = language.Get(string(issue.Language)); !ok {
		return nil, fmt.Errorf("the paper of %s is in %q, which this program does not speak", i.Instrument, issue.Language)
	}
	var err error
	if issue.Size < a.State().Size {
		if s.past, err = a.Past(ctx, issue.Size); err != nil {
			return nil, err
		}
	}
	d, err := s.document(ctx)
	if err != nil {
		return nil, err
	}
	form, err := pdf.SetForm(d, pdf.Sealed())
	if err != nil {
		return nil, err
	}
	s.Digest = record.DigestOf(form.Bytes)
	s.Paper, s.Ends = seal.New(form), []int{len(form.Bytes)}
	return s, nil
}

// Follow puts on the paper what the record holds by now behind the signatures that stand on it. It is false where the
// record's paper is another, or bears others: it is to be set anew.
func (s *Signing) Follow(ctx context.Context, a Archive) (bool, error) {
	i, ok := a.State().Instrument(s.Instrument.Instrument)
	had := s.Instrument.Entered
	if !ok || i.Paper != s.Instrument.Paper || i.Issue != s.Instrument.Issue || len(i.Entered) < len(had) || !slices.Equal(i.Entered[:len(had)], had) {
		return false, nil
	}
	s.Instrument, s.present = i, a
	for n, e := range i.Entered[len(had):] {
		if err := s.enter(ctx, e); err != nil {
			s.Instrument.Entered = i.Entered[:len(had)+n]
			return false, fmt.Errorf("entry %d: %w", e.Index, err)
		}
	}
	return true, nil
}

// enter puts a signature of the record on the paper.
func (s *Signing) enter(ctx context.Context, e conference.Entered) error {
	value, err := s.present.Blob(ctx, e.Signature.Digest)
	if err != nil {
		return err
	}
	return s.Put(e.Party, value)
}

// Put puts a party's signature (CMS) on the paper, the depositary's where the party is "". What is no signature of this
// paper as it stands, by the key of its certificate, is refused.
func (s *Signing) Put(party conference.PartyID, value []byte) error {
	signed, err := cms.Parse(value)
	if err != nil {
		return err
	}
	prepared, err := s.Prepare(party, signed.Certificate)
	if err != nil {
		return err
	}
	digest := prepared.Digest()
	if signed.Hash.Size() != sha256.Size {
		return errors.New("papers are signed over SHA-256")
	}
	if err := signed.Verify(digest[:]); err != nil {
		return err
	}
	if err := s.Paper.Embed(prepared, value); err != nil {
		return err
	}
	s.Ends = append(s.Ends, len(s.Paper.Bytes()))
	return nil
}

// Examine tells whether a value (CMS) is a signature of a party on the paper as it stands, before it is put there: by whom,
// and what is wrong with its certificate or its time stamp. The error says why it is none: a *cms.Flaw, or that it does not
// fit into its field.
func (s *Signing) Examine(party conference.PartyID, value []byte, roots []examine.Root, at time.Time) (examine.Signature, error) {
	signed, err := cms.Parse(value)
	if err != nil {
		return examine.Signature{}, err
	}
	prepared, err := s.Prepare(party, signed.Certificate)
	if err != nil {
		return examine.Signature{}, err
	}
	if len(value) > seal.ContentsSize {
		return examine.Signature{}, fmt.Errorf("a signature of %d bytes: %d at most", len(value), seal.ContentsSize)
	}
	return examine.Alone(value, prepared.Digest(), prepared.Field(), roots, at)
}

// Prepare makes room for the signature of a party by a certificate; the digest of what comes is to be signed.
func (s *Signing) Prepare(party conference.PartyID, certificate *x509.Certificate) (seal.Prepared, error) {
	purpose := seal.Approves
	if party == "" {
		purpose = seal.Certifies
	}
	fields := s.Instrument.FieldsOf(party)
	at := slices.IndexFunc(fields, func(f string) bool { return !slices.Contains(s.Paper.Signed(), f) })
	if at < 0 {
		return seal.Prepared{}, fmt.Errorf("%s has no field left to sign in", cmp.Or(string(party), "the depositary"))
	}
	return s.Paper.Prepare(fields[at], s.Language.Code, s.appearance(party, certificate), purpose)
}

// appearance is what stands in the field of a party that signed: by whom and how. Which entry holds it is no part of it, so
// that a record into which the acts are played again holds the same paper.
func (s *Signing) appearance(party conference.PartyID, certificate *x509.Certificate) []pdf.Block {
	lines := []pdf.Run{{Text: shorten(certificate.Subject.CommonName, 60), Bold: true}}
	how := s.Language.Say("paper.certifies")
	for _, x := range s.Instrument.Signed {
		if party != "" && x.Party == party {
			how = s.Language.Say("public.mode." + strings.TrimPrefix(strings.TrimPrefix(x.Mode, "subject-to-"), "ad-"))
		}
	}
	return []pdf.Block{pdf.Paragraph{Text: lines, Align: pdf.Left, Small: true}, pdf.Paragraph{Text: pdf.Text(how), Align: pdf.Left, Small: true}}
}

// shorten keeps at most n characters.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// document is the paper: what it is, its text in each authentic language, a place for each signature in the order of the
// parties' names in its language, the depositary's last.
func (s *Signing) document(ctx context.Context) (pdf.Document, error) {
	i, ok := s.past.State().Instrument(s.Instrument.Instrument)
	if !ok || len(i.Texts) == 0 {
		return pdf.Document{}, fmt.Errorf("the text of %s was not authentic in the record from which its paper was made", s.Instrument.Instrument)
	}
	d, err := s.text(ctx, i, i.Texts)
	if err != nil {
		return d, err
	}
	l := s.Language
	d.Blocks = append(d.Blocks, pdf.Heading{Level: 2, Text: pdf.Text(l.Say("paper.signatures"))}, pdf.Note{Text: pdf.Text(l.Say("paper.signednote"))})
	if len(i.Initialled) > 0 {
		d.Blocks = append(d.Blocks, s.initialled(i))
	}
	for _, p := range append(s.ordered(i.Signatories), "") {
		d.Blocks = append(d.Blocks, pdf.Paragraph{Text: []pdf.Run{{Text: s.name(p), Bold: true}}, KeepWithNext: true})
		for _, field := range i.FieldsOf(p) {
			d.Blocks = append(d.Blocks, pdf.Place{Name: field, Width: 90 * pdf.Millimetre, Height: 16 * pdf.Millimetre, Sign: l.Say("paper.signature", s.name(p))}, pdf.Rule{})
		}
	}
	return d, nil
}

// text is the head of the paper and its texts, which are embedded as its source.
func (s *Signing) text(ctx context.Context, i conference.Instrument, texts []conference.AuthenticText) (pdf.Document, error) {
	l, st := s.Language, s.past.State()
	title := i.Title.In(conference.Language(l.Code))
	body := st.Body.Names.In(conference.Language(l.Code))
	mast := pdf.Masthead{Kind: l.Say("public.form." + string(i.Form)), Symbol: string(i.Decision), Body: body}
	mast.Emblem = emblem(s.past, l)
	d := pdf.Document{
		Language: l.Code, Title: title, Author: body, Subject: string(i.Instrument), Date: s.day(i),
		Header: pdf.Running{Left: body, Right: title}, Footer: pdf.Running{Right: l.Say("paper.page", "{page}", "{pages}")},
		Blocks: []pdf.Block{mast, pdf.Heading{Level: 1, Text: pdf.Text(title), Align: pdf.Centre}},
	}
	var sources []string
	for k, t := range texts {
		b, err := s.past.Blob(ctx, t.Text.Digest)
		if err != nil {
			return d, fmt.Errorf("the text of %s in %s: %w", i.Instrument, t.Language, err)
		}
		if len(b) > maxText || !utf8.Valid(b) {
			return d, fmt.Errorf("the text of %s in %s is no plain text in UTF-8 of at most %d bytes", i.Instrument, t.Language, maxText)
		}
		if k > 0 {
			d.Blocks = append(d.Blocks, pdf.PageBreak{}, pdf.Heading{Level: 1, Text: []pdf.Run{{Text: i.Title.In(t.Language), Language: string(t.Language)}}, Align: pdf.Centre})
		}
		d.Blocks = append(d.Blocks, textBlocks(string(b), string(t.Language))...)
		sources = append(sources, string(b))
	}
	d.Source = &pdf.Attachment{Name: string(i.Instrument) + ".txt", Type: "text/plain", Description: l.Say("paper.signedtext"), Bytes: []byte(strings.Join(sources, "\n\n"))}
	return d, nil
}

func (s *Signing) initialled(i conference.Instrument) pdf.Block {
	var names []string
	for _, p := range s.ordered(i.Initialled) {
		names = append(names, s.name(p))
	}
	return pdf.Note{Text: pdf.Text(s.Language.Say("paper.initialled", strings.Join(names, ", ")))}
}

// CopyFor is the copy of the instrument that a party keeps, in a language of its authentic texts, else in that of the paper.
// It names that party first, the others in the order of their names in its language (alternat), says who signed and how, and
// carries the signed original. Whoever is no signatory keeps none.
func (s *Signing) CopyFor(ctx context.Context, party conference.PartyID, language *language.Language) ([]byte, error) {
	i := s.Instrument
	if !slices.Contains(i.Signatories, party) {
		return nil, fmt.Errorf("%s is no signatory of %s and keeps no copy", party, i.Instrument)
	}
	c := *s
	texts := slices.Clone(i.Texts)
	if at := slices.IndexFunc(texts, func(t conference.AuthenticText) bool { return string(t.Language) == language.Code }); at >= 0 {
		c.Language = language
		first := texts[at]
		texts = slices.Insert(slices.Delete(texts, at, at+1), 0, first)
	}
	d, err := c.text(ctx, i, texts)
	if err != nil {
		return nil, err
	}
	l, original := c.Language, s.Paper.Bytes()
	d.Source = &pdf.Attachment{Name: string(i.Instrument) + ".pdf", Type: "application/pdf", Description: l.Say("paper.alternatoriginal"), Bytes: original}
	d.Blocks = append(d.Blocks, pdf.Heading{Level: 2, Text: pdf.Text(l.Say("paper.signatures"))},
		pdf.Paragraph{Text: pdf.Text(l.Say("paper.alternat", c.name(party)))}, pdf.Note{Text: pdf.Text(l.Say("paper.alternatnote", fmt.Sprintf("%x", sha256.Sum256(original))))})
	if len(i.Initialled) > 0 {
		d.Blocks = append(d.Blocks, c.initialled(i))
	}
	others := slices.DeleteFunc(c.ordered(i.Signatories), func(p conference.PartyID) bool { return p == party })
	for _, p := range slices.Concat([]conference.PartyID{party}, others, []conference.PartyID{""}) {
		d.Blocks = append(d.Blocks, pdf.Paragraph{Text: []pdf.Run{{Text: c.name(p), Bold: true}}, KeepWithNext: true})
		blocks, err := c.given(ctx, p)
		if err != nil {
			return nil, err
		}
		d.Blocks = append(append(d.Blocks, blocks...), pdf.Rule{})
	}
	return pdf.Set(d, pdf.Treaty())
}

// given are the signatures of a party as they appear on the paper; what is not there yet is awaited.
func (s *Signing) given(ctx context.Context, party conference.PartyID) (list []pdf.Block, err error) {
	for _, e := range s.Instrument.Entered {
		if e.Party != party {
			continue
		}
		value, err := s.present.Blob(ctx, e.Signature.Digest)
		if err != nil {
			return nil, err
		}
		signed, err := cms.Parse(value)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", e.Index, err)
		}
		list = append(list, s.appearance(party, signed.Certificate)...)
	}
	if len(list) == 0 {
		list = []pdf.Block{pdf.Paragraph{Text: pdf.Text(s.Language.Say("public.awaited")), Small: true}}
	}
	return list, nil
}

// day is the paper's: the first on which it is open for signature, or that of the meeting that adopted it.
func (s *Signing) day(i conference.Instrument) time.Time {
	if i.From != "" {
		return dayOf(i.From)
	}
	d, _ := s.past.State().Decision(i.Decision)
	m, _ := s.past.State().Meeting(d.Meeting)
	return dayOf(m.From)
}

// ordered are parties in the order of their names in the language of the paper, which is their precedence on it.
func (s *Signing) ordered(list []conference.PartyID) []conference.PartyID {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b conference.PartyID) int { return s.Language.Compare(s.name(a), s.name(b)) })
	return list
}

// name is a party's in the language of the paper; "" is the depositary.
func (s *Signing) name(p conference.PartyID) string {
	if p == "" {
		return s.Language.Say("paper.depositary")
	}
	party, _ := s.past.State().Party(p)
	return party.Named.Short.In(conference.Language(s.Language.Code))
}

// textBlocks are the paragraphs of a plain text; one that begins with # is a heading.
func textBlocks(text, lang string) (list []pdf.Block) {
	for _, p := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		p = strings.Join(strings.Fields(p), " ")
		if heading, ok := strings.CutPrefix(p, "# "); ok {
			list = append(list, pdf.Heading{Level: 2, Text: []pdf.Run{{Text: heading, Language: lang}}})
		} else if p != "" {
			list = append(list, pdf.Paragraph{Text: []pdf.Run{{Text: p, Language: lang}}})
		}
	}
	return list
}

// files is a record with its files.
type files interface {
	Record
	Blob(ctx context.Context, d record.Digest) ([]byte, error)
}

type archive[F files] struct {
	files
	past func(context.Context, int64) (F, error)
}

func (a archive[F]) Past(ctx context.Context, size int64) (Archive, error) {
	v, err := a.past(ctx, size)
	return archive[F]{v, a.past}, err
}

// NewArchive is a record of which past gives earlier states.
func NewArchive[F files](v F, past func(context.Context, int64) (F, error)) Archive {
	return archive[F]{v, past}
}
