package paper

import (
	"slices"
	"strconv"

	"kurultai/conference"
	"kurultai/paper/pdf"
)

// credentials is the report on credentials: of each party that takes part, who signed its credentials and when, how they
// stand, and who objected.
func (c *composer) credentials() error {
	list := c.passages()
	lodged := caused[conference.CredentialsLodged](list)
	if len(lodged) == 0 {
		c.calm("paper.nocredentials")
		return nil
	}
	if reports := caused[conference.CredentialsReported](list); len(reports) > 0 {
		c.findings(reports[len(reports)-1])
	}
	c.heading(2, c.l.Say("paper.lodged"))
	g := c.grid([]int{5, 6, 6, 5}, c.l.Say("page.party"), c.l.Say("paper.signedby"), c.l.Say("field.date"), c.l.Say("public.state"))
	for _, id := range c.ordered(c.s.Members(c.m.From, c.id)) {
		c.lodging(g, id, lodged)
	}
	g.put("paper.nocredentials")
	c.objections(list)
	return nil
}

// findings are what was reported to the meeting: in due form, seated provisionally, missing.
func (c *composer) findings(h happening[conference.CredentialsReported]) {
	c.facts([]int64{h.index}, [][2]string{
		{"paper.indueform", c.parties(c.ordered(h.it.Accepted))},
		{"field.provisional", c.parties(c.ordered(h.it.Provisional))},
		{"field.missing", c.parties(c.ordered(h.it.Missing))},
	})
}

// lodging is the row of a party: the credentials it lodged last.
func (c *composer) lodging(g *grid, id conference.PartyID, lodged []happening[conference.CredentialsLodged]) {
	x, _ := c.s.Credentials(c.id, id)
	for _, h := range slices.Backward(lodged) {
		if h.it.Party == id {
			state := c.word("paper.credentials", x.State)
			if h.it.Late {
				state = together("; ", state, c.l.Say("paper.late"))
			}
			g.row([]int64{h.index, x.Index}, c.party(id), c.word("paper.issuer", string(h.it.Office)), c.date(h.it.Date), state)
			return
		}
	}
	g.row(nil, c.party(id), "–", "–", c.l.Say("field.missing"))
}

// objections are those raised against credentials, with their grounds.
func (c *composer) objections(list []passage) {
	raised := caused[conference.CredentialsChallenged](list)
	if len(raised) == 0 {
		return
	}
	c.heading(2, c.l.Say("paper.objections"))
	g := c.grid([]int{6, 6, 8}, c.l.Say("page.party"), c.l.Say("paper.raisedby"), c.l.Say("field.ground"))
	for _, h := range raised {
		g.row([]int64{h.index}, c.party(h.it.Party), c.party(h.it.By), h.it.Ground)
	}
	g.put("")
}

// signaturePages are the pages on which an instrument is signed: a place for each that may sign, in order.
func (c *composer) signaturePages() error {
	var list []conference.Instrument
	for _, i := range c.s.Instruments() {
		d, _ := c.s.Decision(i.Decision)
		if d.Meeting == c.id {
			list = append(list, i)
		}
	}
	if len(list) == 0 {
		return &Refusal{Key: "paper.noinstrument"}
	}
	if len(c.args) > 0 && c.args[0] != "FIRST" {
		list = slices.DeleteFunc(list, func(i conference.Instrument) bool { return string(i.Instrument) != c.args[0] })
		if len(list) == 0 {
			return unknown(c.args[0])
		}
	} else if len(c.args) > 0 {
		list = list[:1]
	}
	for n, i := range list {
		if n > 0 {
			c.add(pdf.PageBreak{})
		}
		c.signing(i)
	}
	return nil
}

// signing is the pages of one instrument.
func (c *composer) signing(i conference.Instrument) {
	c.heading(2, c.tell(c.named(i.Title, string(i.Instrument)), i.Index))
	c.add(pdf.Paragraph{Text: pdf.Text(c.l.Say("paper.undersigned"))})
	cards := pdf.Cards{Columns: 1, Height: 56 * pdf.Millimetre, Gap: 2 * pdf.Millimetre}
	for _, id := range c.ordered(i.Signatories) {
		for n := range i.SignersFor(id) {
			cards.Cards = append(cards.Cards, c.signatory(i, id, n))
		}
	}
	c.add(cards)
}

// signatory is where the nth of those who sign for a party signs: its name, the place for the signature, who signed and how
// if it has.
func (c *composer) signatory(i conference.Instrument, id conference.PartyID, n int) []pdf.Block {
	under, name := c.l.Say("paper.signhere"), string(i.Instrument)+"/"+string(id)
	if n > 0 {
		name += "-" + strconv.Itoa(n+1)
	}
	if signed := i.SignedBy(id); n < len(signed) {
		g := signed[n]
		under = together(", ", c.person(g.Person), c.mode(g))
		c.tell(together(": ", c.formal(id), under), g.Index)
	}
	return []pdf.Block{
		pdf.Paragraph{Text: []pdf.Run{{Text: c.formal(id), Bold: true}}},
		pdf.Place{Name: name, Width: 80 * pdf.Millimetre, Height: 22 * pdf.Millimetre},
		pdf.Rule{},
		pdf.Paragraph{Text: pdf.Text(under), Small: true},
	}
}

// mode says how a party signed.
func (c *composer) mode(g conference.Signature) string {
	key := map[string]string{"definitive": "public.mode.definitive", "subject-to-ratification": "public.mode.ratification", "ad-referendum": "public.mode.referendum"}[g.Mode]
	if key == "" {
		return g.Mode
	}
	if g.Confirmed > 0 {
		return together(", ", c.l.Say(key), c.l.Say("public.confirmed"))
	}
	return c.l.Say(key)
}
