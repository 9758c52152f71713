package paper

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
	"rsc.io/qr"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper/pdf"
	"kurultai/record"
)

// certificate says what the record holds of one entry, or which files are true copies of a document, with all that shows
// it to who does not trust the secretariat: digest, checkpoint, proof.
func (c *composer) certificate() error {
	if len(c.args) == 0 {
		return &Refusal{Key: "paper.needsentry"}
	}
	if index, err := strconv.ParseInt(c.args[0], 10, 64); err == nil {
		return c.ofEntry(index)
	}
	d, ok := c.s.Document(conference.Symbol(c.args[0]))
	if !ok || !c.s.Reads(c.r.Reader(), d) {
		return unknown(c.args[0])
	}
	c.numbered(string(d.Symbol))
	c.add(pdf.Paragraph{Text: pdf.Text(c.l.Say("paper.truecopy"))})
	g := c.grid([]int{4, 14}, c.l.Say("field.language"), c.l.Say("page.digest"))
	for _, v := range d.Versions {
		g.row([]int64{d.Made}, string(v.Language), string(v.Text))
	}
	g.put("")
	return c.proven(d.Made)
}

// ofEntry certifies one entry.
func (c *composer) ofEntry(index int64) error {
	if index < 0 || index >= c.s.Size {
		return unknown(c.args[0])
	}
	c.add(pdf.Paragraph{Text: pdf.Text(c.l.Say("paper.holds"))})
	p, err := c.passage(index)
	if err != nil {
		return err
	}
	rows := [][2]string{{"page.recorded", c.date(c.day(p.at)) + ", " + p.at.String()[11:19] + " UTC"}}
	if p.act.Name == "" {
		rows = append(rows, [2]string{"page.act", c.l.Say("page.closed")})
	} else {
		rows = append(rows, [2]string{"page.act", c.l.Say("act." + p.act.Name)}, [2]string{"page.by", c.author(p)})
	}
	for _, e := range p.events {
		rows = append(rows, [2]string{"page.caused", c.event(e)})
	}
	c.facts([]int64{index}, rows)
	return c.proven(index)
}

// author is who did an act: the person, the capacity, for whom.
func (c *composer) author(p passage) string {
	if p.act.By == "clock" {
		return c.l.Say("capacity.Clock")
	}
	return together(", ", c.person(conference.PersonID(p.act.By)), c.word("capacity", p.act.As), c.party(conference.PartyID(p.act.For)))
}

// proven adds the checkpoint, the proof of an entry, and the place where an officer signs.
func (c *composer) proven(index int64) error {
	text, err := c.r.Entry(context.Background(), index)
	if err != nil {
		return err
	}
	proof, err := c.r.Prove(context.Background(), index)
	if err != nil {
		return err
	}
	c.heading(2, c.l.Say("public.proof"))
	c.digests([][2]string{{"page.origin", c.r.Origin()}, {"page.ownhash", tlog.RecordHash(text).String()},
		{"page.size", fmt.Sprint(c.s.Size)}, {"page.root", c.r.Checkpoint().Root.String()}, {"page.key", c.r.VerifierKey()}})
	list := pdf.List{}
	for n, h := range proof {
		list.Items = append(list.Items, pdf.Item{Label: item(n + 1), Blocks: []pdf.Block{pdf.Paragraph{Text: pdf.Text(h.String()), Small: true, Align: pdf.Left}}})
	}
	if len(list.Items) > 0 {
		c.add(pdf.Paragraph{Text: pdf.Text(c.l.Say("paper.path")), KeepWithNext: true}, list)
	}
	c.signed("desk.signed")
	return nil
}

// digests is a table of long values, which may be parted anywhere.
func (c *composer) digests(rows [][2]string) { c.facts(nil, rows) }

// signed is a line to sign on, and what stands under it.
func (c *composer) signed(key string) {
	c.add(pdf.Place{Name: "officer", Width: 80 * pdf.Millimetre, Height: 18 * pdf.Millimetre}, pdf.Rule{}, pdf.Paragraph{Text: pdf.Text(c.l.Say(key)), Small: true})
}

// verification says how anybody checks the record. Its code leads to the page of the node that compares size and root with
// its record; where the record names no address of a node, the code holds the three lines of a checkpoint.
func (c *composer) verification() error {
	k := c.r.Checkpoint()
	text, alt, take := fmt.Sprintf("%s\n%d\n%s\n", c.r.Origin(), c.s.Size, k.Root), "paper.codeof", "paper.verify.take" // c2sp.org/tlog-checkpoint
	if at := c.s.SignInAt().Origins; len(at) > 0 {
		q := url.Values{"size": {fmt.Sprint(c.s.Size)}, "root": {k.Root.String()}}
		text, alt, take = at[0]+"/"+c.l.Code+"/verify?"+q.Encode(), "paper.codeofpage", "paper.verify.scan"
	}
	c.add(pdf.Paragraph{Text: pdf.Text(c.l.Say("page.provelead"))})
	figure, err := code(text, c.l.Say(alt), 52*pdf.Millimetre)
	if err != nil {
		return err
	}
	c.add(figure)
	c.digests([][2]string{{"page.origin", c.r.Origin()}, {"page.size", fmt.Sprint(c.s.Size)}, {"page.root", k.Root.String()}, {"page.key", c.r.VerifierKey()}})
	c.heading(2, c.l.Say("page.verifyit"))
	list := pdf.List{}
	for n, key := range []string{take, "paper.verify.run", "paper.verify.compare", "paper.verify.differ"} {
		list.Items = append(list.Items, pdf.Item{Label: item(n + 1), Blocks: []pdf.Block{pdf.Paragraph{Text: pdf.Text(c.l.Say(key))}}})
	}
	c.add(list)
	return nil
}

// mostStated is how many entries a code names at most: what stands on it is read from paper by a telephone.
const mostStated = 200

// proofOf is a code that leads to the page where whatever a paper states is proven and can be taken with its proof: nothing
// where the record names no address.
func proofOf(r Record, l *language.Language, told []Sentence) []pdf.Block {
	var entries []int64
	for _, s := range told {
		entries = append(entries, s.Entries...)
	}
	slices.Sort(entries)
	entries = slices.Compact(entries)
	at := r.State().SignInAt().Origins
	if len(at) == 0 || len(entries) == 0 {
		return nil
	}
	q := url.Values{"size": {fmt.Sprint(r.State().Size)}, "root": {r.Checkpoint().Root.String()}}
	figure, err := code(at[0]+"/"+l.Code+"/verify?"+q.Encode()+"&entries="+record.FormatIndexes(entries[:min(len(entries), mostStated)]), l.Say("paper.codeofstated"), 34*pdf.Millimetre)
	if err != nil {
		panic(err) // so many entries fit a code
	}
	return []pdf.Block{figure, pdf.Paragraph{Text: pdf.Text(l.Say("paper.stated", at[0])), Small: true, Align: pdf.Centre}}
}

// code draws the QR code of a text (ISO/IEC 18004), level M, with the quiet zone of four modules it asks for.
func code(text, alt string, width pdf.Length) (pdf.Figure, error) {
	k, err := qr.Encode(text, qr.M)
	if err != nil {
		return pdf.Figure{}, fmt.Errorf("a code of %d bytes: %w", len(text), err)
	}
	path := make([]byte, 0, 20*k.Size*k.Size/4) // about half the modules are black, two in a row
	number := func(before string, n int) { path = strconv.AppendInt(append(path, before...), int64(n), 10) }
	for y := range k.Size {
		for x := 0; x < k.Size; x++ {
			from := x
			for x < k.Size && k.Black(x, y) {
				x++
			}
			if x > from {
				number("M", from+4)
				number(" ", y+4)
				number("h", x-from)
				number("v1h-", x-from)
				path = append(path, 'z')
			}
		}
	}
	return pdf.Figure{Drawing: pdf.Drawing{Width: k.Size + 8, Height: k.Size + 8, Paths: []pdf.Path{{D: string(path)}}}, Width: width, Align: pdf.Centre, Alt: alt}, nil
}
