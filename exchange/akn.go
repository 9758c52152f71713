package exchange

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
)

// The part of Akoma Ntoso 3.0 (OASIS LegalDocML) that a debate needs.
type (
	aknRoot struct {
		XMLName xml.Name  `xml:"http://docs.oasis-open.org/legaldocml/ns/akn/3.0 akomaNtoso"`
		Debate  aknDebate `xml:"debate"`
	}
	aknDebate struct {
		Name    string    `xml:"name,attr"`
		Meta    aknMeta   `xml:"meta"`
		Preface []aknP    `xml:"preface>p"`
		Body    []section `xml:"debateBody>debateSection"`
	}
	aknMeta struct {
		Identification aknIdentification `xml:"identification"`
		Analysis       *aknAnalysis      `xml:"analysis"`
		References     aknReferences     `xml:"references"`
	}
	aknIdentification struct {
		Source        string   `xml:"source,attr"`
		Work          frbrWork `xml:"FRBRWork"`
		Expression    frbr     `xml:"FRBRExpression"`
		Manifestation frbr     `xml:"FRBRManifestation"`
	}
	frbrWork struct {
		frbr
		Country aknValue  `xml:"FRBRcountry"`
		Number  *aknValue `xml:"FRBRnumber"`
	}
	frbr struct {
		This     aknValue `xml:"FRBRthis"`
		URI      aknValue `xml:"FRBRuri"`
		Date     aknDate  `xml:"FRBRdate"`
		Author   aknHref  `xml:"FRBRauthor"`
		Language *aknLang `xml:"FRBRlanguage"`
	}
	aknValue struct {
		Value string `xml:"value,attr"`
	}
	aknDate struct {
		Date string `xml:"date,attr"`
		Name string `xml:"name,attr"`
	}
	aknHref struct {
		Href string `xml:"href,attr"`
	}
	aknLang struct {
		Language string `xml:"language,attr"`
	}
	aknAnalysis struct {
		Source  string      `xml:"source,attr"`
		Votings []aknVoting `xml:"parliamentary>voting"`
	}
	aknVoting struct {
		ID      string     `xml:"eId,attr"`
		Outcome string     `xml:"outcome,attr"`
		Href    string     `xml:"href,attr"`
		Counts  []aknCount `xml:"count"`
	}
	aknCount struct {
		ID    string `xml:"eId,attr"`
		Value int64  `xml:"value,attr"`
		Refer string `xml:"refersTo,attr"`
	}
	aknReferences struct {
		Source        string     `xml:"source,attr"`
		Organisations []aknThing `xml:"TLCOrganization"`
		Persons       []aknThing `xml:"TLCPerson"`
		Concepts      []aknThing `xml:"TLCConcept"`
	}
	aknThing struct {
		ID     string `xml:"eId,attr"`
		Href   string `xml:"href,attr"`
		ShowAs string `xml:"showAs,attr"`
	}
	aknP struct {
		Text string `xml:",chardata"`
	}
	section struct {
		Name    string `xml:"name,attr"`
		ID      string `xml:"eId,attr"`
		Heading string `xml:"heading,omitempty"`
		Parts   []any
	}
	aknSpeech struct {
		XMLName xml.Name `xml:"speech"`
		By      string   `xml:"by,attr"`
		From    string   `xml:"from"`
		P       []aknP   `xml:"p"`
	}
	aknNarrative struct {
		XMLName xml.Name `xml:"narrative"`
		Text    string   `xml:",chardata"`
	}
)

// iso639 are the three letters by which Akoma Ntoso names a language (ISO 639-2).
var iso639 = map[string]string{"az": "aze", "de": "deu", "en": "eng", "ka": "kat", "kk": "kaz", "ky": "kir", "ru": "rus", "tr": "tur", "uz": "uzb"}

// WriteDebate writes a meeting as a debate in Akoma Ntoso 3.0: the sentences of its communiqué in order, statements
// as speeches of their parties, results of votes among the metadata and, with rule and working, in a section of their
// own.
func WriteDebate(ctx context.Context, v View, id conference.MeetingID, l *language.Language, w io.Writer) error {
	c, err := paper.Communique(v, id, l)
	if err != nil {
		return err
	}
	s := v.State()
	m, _ := s.Meeting(id)
	date := string(m.From)
	if len(date) != len("2006-01-02") {
		date = "0001-01-01" // Akoma Ntoso knows no shorter date
	}
	made := s.Last.String()[:10]
	work := fmt.Sprintf("/akn/un/debate/%s/%s/%s", s.Body.ID, date, id)
	expression := fmt.Sprintf("%s/%s@%s", work, iso639[l.Code], date)
	doc := aknRoot{Debate: aknDebate{Name: "debate"}}
	d := &doc.Debate
	layer := func(uri, suffix, date, name string) frbr {
		return frbr{This: aknValue{uri + "/!main" + suffix}, URI: aknValue{uri + suffix}, Date: aknDate{date, name}, Author: aknHref{"#secretariat"}}
	}
	d.Meta.Identification = aknIdentification{Source: "#secretariat", Work: frbrWork{frbr: layer(work, "", date, "meeting"), Country: aknValue{"un"}}, Expression: layer(expression, "", date, "expression"), Manifestation: layer(expression, ".xml", made, "generation")}
	d.Meta.Identification.Expression.Language = &aknLang{iso639[l.Code]}
	refs := &d.Meta.References
	refs.Source = "#secretariat"
	refs.Organisations = append(refs.Organisations, aknThing{"secretariat", "/akn/ontology/organization/" + v.Origin(), nameIn(s.Body.Names, l)})
	for _, p := range s.Parties() {
		refs.Organisations = append(refs.Organisations, aknThing{"party-" + string(p.ID), "/akn/ontology/organization/" + string(p.ID), nameIn(p.Named.Short, l)})
	}
	for _, outcome := range []string{"carried", "lost", "second-vote", "yes", "no", "abstaining", "absent"} {
		refs.Concepts = append(refs.Concepts, aknThing{outcome, "/akn/ontology/concept/" + outcome, outcome})
	}
	d.Preface = []aknP{{c.Title.Text}}
	speakers := speakersOf(s, id)
	n := 0
	for _, sentences := range c.Paragraphs {
		n++
		part := section{Name: "proceedings", ID: fmt.Sprintf("dbsect_%d", n)}
		for _, sentence := range sentences {
			by, ok := speakers.of(sentence.Entries)
			if !ok {
				part.Parts = append(part.Parts, aknNarrative{Text: sentence.Text})
				continue
			}
			p, _ := s.Party(by)
			part.Parts = append(part.Parts, aknSpeech{By: "#party-" + string(by), From: nameIn(p.Named.Short, l), P: []aknP{{sentence.Text}}})
		}
		if len(part.Parts) > 0 {
			d.Body = append(d.Body, part)
		}
	}
	votes := section{Name: "votes", ID: "dbsect_votes", Heading: l.Say("votes.heading")}
	analysis := &aknAnalysis{Source: "#secretariat"}
	for _, q := range s.Results(id) {
		r, eid := q.Result, fmt.Sprintf("voting_%d", q.Announced)
		voting := aknVoting{ID: eid, Outcome: "#" + r.Outcome, Href: "#dbsect_votes"}
		for _, count := range []struct {
			of string
			n  int64
		}{{"yes", r.Yes}, {"no", r.No}, {"abstaining", r.Abstaining}, {"absent", r.Absent}} {
			voting.Counts = append(voting.Counts, aknCount{eid + "__" + count.of, count.n, "#" + count.of})
		}
		analysis.Votings = append(analysis.Votings, voting)
		votes.Parts = append(votes.Parts, aknNarrative{Text: fmt.Sprintf("%s %s: %s", l.Say("thing."+r.Type), r.Thing, paper.ResultOf(r, l))})
	}
	if len(votes.Parts) > 0 {
		d.Meta.Analysis = analysis
		d.Body = append(d.Body, votes)
	}
	if len(d.Body) == 0 {
		d.Body = []section{{Name: "proceedings", ID: "dbsect_1", Parts: []any{aknNarrative{Text: c.Title.Text}}}}
	}
	return writeXML(w, doc)
}

// speakers are the parties whose statements entries hold.
type speakers map[int64]conference.PartyID

func speakersOf(s *conference.State, m conference.MeetingID) speakers {
	by := speakers{}
	for _, f := range s.Told(m) {
		if st, ok := f.Event.Body.(*conference.StatementMade); ok && st.Party != "" {
			by[f.Index] = st.Party
		}
	}
	return by
}

// of is the party that all of some entries are statements of.
func (b speakers) of(entries []int64) (party conference.PartyID, ok bool) {
	for i, e := range entries {
		p, stated := b[e]
		if !stated || i > 0 && p != party {
			return "", false
		}
		party = p
	}
	return party, party != ""
}
