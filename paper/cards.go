package paper

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"kurultai/conference"
	"kurultai/paper/pdf"
)

// alone begins a paper of cards or slips that are cut: nothing stands on its pages but these.
func (c *composer) alone() {
	c.doc.Blocks, c.doc.Header = nil, pdf.Running{}
}

// everybody is all who take part, in the order of the list of participants.
func (c *composer) everybody() (list []participant) {
	r := c.roll()
	for _, id := range slices.Concat(r.members, r.observers, r.guests) {
		list = append(list, r.people[id]...)
	}
	return list
}

const (
	cardInner  = 68 * pdf.Millimetre // width of the text of a badge
	badgeHigh  = 58 * pdf.Millimetre // four of them and the gaps fill a page
	badgeInner = badgeHigh - 12*pdf.Point
)

// badges are eight a page. A name that may not be read leaves a line to write it on.
func (c *composer) badges() error {
	people := c.everybody()
	if len(people) == 0 {
		return &Refusal{Key: "paper.nobody"}
	}
	c.alone()
	cards := pdf.Cards{Columns: 2, Height: badgeHigh, Gap: 5 * pdf.Millimetre, Framed: true}
	for _, p := range people {
		card, err := c.badge(p)
		if err != nil {
			return err
		}
		cards.Cards = append(cards.Cards, card)
	}
	c.add(cards)
	return nil
}

// badge is one: the meeting, the name as large as it fits, the party, the part, and the code of who is known.
func (c *composer) badge(p participant) ([]pdf.Block, error) {
	head := short(c.l.Say("public.nth", Roman(c.m.Ordinal))+" · "+c.place(c.m.Place), 40)
	blocks := []pdf.Block{centred(head, 0, true, false)}
	room := badgeInner - 175_000 // for the head
	if name, ok := c.open(p.person); ok {
		name = short(name, 120)
		percent, high := fitting(name, cardInner, 50*pdf.Point, 160, 130, 105, 85, 70, 60)
		blocks, room = append(blocks, centred(name, percent, false, true)), room-high
	} else {
		blocks, room = append(blocks, pdf.Place{Height: 10 * pdf.Point}, pdf.Rule{}), room-33*pdf.Point
	}
	party := short(c.party(p.party), 60)
	percent, high := fitting(party, cardInner, 32*pdf.Point, 110, 90, 75, 60)
	blocks, room = append(blocks, centred(party, percent, false, false)), room-high
	if p.role != "" {
		blocks, room = append(blocks, centred(c.part(p.role), 0, true, false)), room-175_000
	}
	if p.person == conference.UnnamedPerson {
		return blocks, nil
	}
	figure, err := code(c.means(p), c.l.Say("paper.codeofbadge"), max(9*pdf.Millimetre, min(17*pdf.Millimetre, room-8*pdf.Point)))
	return append(blocks, figure), err
}

// means is what the code of a badge says: the address of the person's page where the record has one, else the record and
// the person's id in it. Neither is a name.
func (c *composer) means(p participant) string {
	if origins := c.s.SignInAt().Origins; len(origins) > 0 {
		return fmt.Sprintf("%s/%s/people/%s", origins[0], c.l.Code, p.person)
	}
	return fmt.Sprintf("%s\n%s\n%s", c.r.Origin(), c.id, p.person)
}

func centred(text string, percent int, small, bold bool) pdf.Paragraph {
	return pdf.Paragraph{Text: []pdf.Run{{Text: text, Bold: bold}}, Align: pdf.Centre, Small: small, Percent: percent}
}

// fitting is the first of the sizes, in percent of the body's type, at which a text of a width takes no more than a height,
// else the last, and how high it may become.
func fitting(text string, width, high pdf.Length, sizes ...int) (percent int, takes pdf.Length) {
	longest := pdf.Length(0)
	for _, word := range strings.Fields(text) {
		longest = max(longest, ems(word))
	}
	for _, percent = range sizes {
		size := pdf.Length(percent) * 105 * pdf.Point / 1000
		lines := (ems(text)*size/10-1)/(width*19/20) + 1
		if longest*size/10 > width { // a word is divided anywhere
			lines++
		}
		takes = lines*145_000*pdf.Length(percent)/100 + 6*pdf.Point
		if takes <= high && longest*size/10 <= width {
			break
		}
	}
	return percent, takes
}

// ems is about how wide a text is, in tenths of an em: six a letter, nine a capital.
func ems(text string) (w pdf.Length) {
	for _, r := range text {
		if w += 6; unicode.IsUpper(r) {
			w += 3
		}
	}
	return w
}

// short is a text of at most so many characters: what is longer is no name that fits a card.
func short(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// placeCards are for the table, two a page: the party as large as it fits, and who heads its delegation.
func (c *composer) placeCards() error {
	r := c.roll()
	ids := slices.Concat(r.members, r.observers, r.guests)
	if len(ids) == 0 {
		return &Refusal{Key: "paper.nobody"}
	}
	c.alone()
	cards := pdf.Cards{Columns: 1, Height: 120 * pdf.Millimetre, Gap: 8 * pdf.Millimetre, Framed: true}
	for _, id := range ids {
		cards.Cards = append(cards.Cards, c.placeCard(id, r.people[id]))
	}
	c.add(cards)
	return nil
}

func (c *composer) placeCard(id conference.PartyID, people []participant) []pdf.Block {
	party := short(c.party(id), 120)
	percent, high := fitting(party, 145*pdf.Millimetre, 55*pdf.Millimetre, 560, 460, 380, 300, 240, 180)
	card := []pdf.Block{
		centred(short(c.doc.Author, 120)+" · "+c.l.Say("public.nth", Roman(c.m.Ordinal)), 0, true, false),
		pdf.Place{Height: max(pdf.Point, 34*pdf.Millimetre-high/2), Width: pdf.Point},
		centred(party, percent, false, true),
	}
	for _, p := range people {
		if name, ok := c.open(p.person); ok && p.role == "head" {
			name = short(name, 120)
			percent, _ := fitting(name, 145*pdf.Millimetre, 20*pdf.Millimetre, 190, 150, 120)
			return append(card, centred(name, percent, false, false))
		}
	}
	return card
}
