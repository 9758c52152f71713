package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"

	"golang.org/x/text/collate"
	textlanguage "golang.org/x/text/language"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
)

// A roll call begins with a name drawn by lot (GA 87). Nobody who presides reckons a digest: this node keeps the seed,
// commits to it when the question is put and shows it when the name is drawn.

// seed is what the lot of a question is drawn from.
func (s *site) seed(question string) []byte {
	if s.Seed != nil {
		return s.Seed(question)
	}
	mac := hmac.New(sha256.New, s.secret[:])
	mac.Write([]byte("lot/" + question))
	return mac.Sum(nil)
}

// lot fills in what an offer leaves open about a lot, so that one press does it.
func (c *podium) lot(o *conference.Offer) {
	switch {
	case o.Refusal != nil:
	case o.Act.Name == "PutQuestion" && slices.Equal(o.Open, []string{"commitment"}):
		var f conference.PutQuestion
		if canonical.Decode(o.Fields, &f) == nil {
			f.Commitment = record.DigestOf(c.site.seed(string(f.Question)))
			fill(o, f)
		}
	case o.Act.Name == "DrawStart":
		q, ok := c.s.Pending(c.id)
		if seed := c.site.seed(string(q.ID)); ok && len(q.Order) == 0 && record.DigestOf(seed) == q.Commitment {
			fill(o, conference.DrawStart{Question: q.ID, Order: c.alphabetical(), Seed: canonical.EncodeBytes(seed)})
		}
	}
}

// fill makes an offer whole.
func fill(o *conference.Offer, fields any) {
	v, err := canonical.Parse(string(canonical.Encode(nil, fields)))
	if err != nil {
		panic(err) // the fields are ours
	}
	o.Fields, o.Open = v, nil
}

// alphabetical is the members in the English alphabetical order (GA 87).
func (c *podium) alphabetical() []conference.PartyID {
	order, english := c.s.Members(c.m.From, c.id), collate.New(textlanguage.English)
	name := func(id conference.PartyID) string {
		p, _ := c.s.Party(id)
		for _, n := range p.Named.Short {
			if n.Language == "en" {
				return n.Text
			}
		}
		return string(id)
	}
	slices.SortStableFunc(order, func(a, b conference.PartyID) int { return english.CompareString(name(a), name(b)) })
	return order
}
