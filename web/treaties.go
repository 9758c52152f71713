package web

import (
	"slices"

	"kurultai/conference"
	"kurultai/paper"
)

// instruments lists texts to be signed.
func (d *drawer) instruments() Section {
	s := Section{ID: "instruments", Title: d.say("public.instruments"), Kind: "plain"}
	for _, i := range d.s.Instruments() {
		line := Line{Text: nameIn(i.Title, d, string(i.Instrument)), Address: d.to("instruments/%s", i.Instrument), Small: d.say("public.signedof", number(d.l, int64(i.SignedParties())), number(d.l, int64(len(i.Signatories)))), Mark: entries(i.Index)}
		line.Tag, line.Tone = d.stage(i)
		s.Lines = append(s.Lines, line)
	}
	return s
}

// stage says how far an instrument is.
func (d *drawer) stage(i conference.Instrument) (word, tone string) {
	switch {
	case len(i.Signed) > 0 && i.SignedParties() == len(i.Signatories):
		return d.say("public.stage.signed"), "yes"
	case i.Open && i.Until != "" && i.Until < d.today():
		return d.say("public.stage.over"), "wait"
	case i.Open:
		return d.say("public.stage.open"), "now"
	case len(i.Texts) > 0:
		return d.say("public.stage.authentic"), "wait"
	}
	return d.say("public.stage.entered"), "wait"
}

func (d *drawer) mode(g conference.Signature) string {
	word := map[string]string{"definitive": "public.mode.definitive", "subject-to-ratification": "public.mode.ratification", "ad-referendum": "public.mode.referendum"}[g.Mode]
	if word == "" {
		return g.Mode
	}
	if g.Confirmed > 0 {
		return together(", ", d.say(word), d.say("public.confirmed"))
	}
	return d.say(word)
}

// instrumentsPage lists all instruments.
func (s *site) instrumentsPage(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	p := d.sheet("documents", "instruments", d.say("public.instruments"))
	d.renewed(&p)
	list := d.treaties()
	list.Title, list.Void = d.say("public.all"), d.say("page.nothing")
	p.Main = []Section{list}
	p.Side = []Section{d.sources(marksOf(p.Main)...), d.finder()}
	return d.show(p)
}

// instrumentPage is one instrument: its texts, the powers examined, who signed in which mode.
func (s *site) instrumentPage(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	i, ok := d.s.Instrument(conference.InstrumentID(in.args["instrument"]))
	if !ok {
		return nil, errNotFound
	}
	p := d.sheet("documents", "instruments/"+string(i.Instrument), nameIn(i.Title, d, string(i.Instrument)))
	d.renewed(&p)
	word, tone := d.stage(i)
	p.Eyebrow = []Line{{Text: d.form(i.Form)}, {Tag: word, Tone: tone}}
	if i.From != "" {
		until := ""
		if i.Until != "" {
			until = d.date(i.Until)
		}
		p.Lead = d.say("public.opened", together(" – ", d.date(i.From), until), d.place(i.Place))
	}
	p.Main = []Section{d.signatories(i)}
	p.Side = []Section{{ID: "force", Title: d.say("treaty.force"), Kind: "plain"}, d.onPaper(i, false), d.authentic(i), d.powers(i)}
	if line, ok := d.inForce(i.Instrument); ok {
		p.Side[0].Lines = []Line{{Text: line.Small, Address: line.Address, Small: d.say("treaty.status")}}
	}
	if x, ok := d.s.Decision(i.Decision); ok {
		p.Side = append(p.Side, Section{ID: "decision", Title: d.say("votes.decision"), Kind: "plain", Lines: []Line{d.decisionLine(x)}})
	}
	return d.show(p)
}

// onPaper leads to the paper on which the instrument is signed, to where any copy of it is verified, and, from elsewhere
// than there, to the ceremony.
func (d *drawer) onPaper(i conference.Instrument, ceremony bool) Section {
	s := Section{ID: "paper", Title: d.say("page.verifyit"), Kind: "plain"}
	if i.Paper > 0 {
		s.Lines = append(s.Lines, Line{Text: d.say("check.paper"), Address: d.to("instruments/%s/paper.pdf", i.Instrument), Small: d.say("public.signedof", number(d.l, int64(len(i.Entered))), number(d.l, int64(len(i.Signatories)+1))), Mark: entries(i.Paper)})
	}
	if len(i.Texts) > 0 && !ceremony {
		s.Lines = append(s.Lines, Line{Text: d.say("signing.link"), Address: d.to("instruments/%s/signing", i.Instrument)})
	}
	s.Lines = append(s.Lines, Line{Text: d.say("check.link"), Address: "/" + d.l.Code + "/verify"})
	return s
}

// instrumentPaper is the paper of an instrument with the signatures it bears, in the bytes that verify.
func (s *site) instrumentPaper(v View, in *visit) (any, error) {
	id := conference.InstrumentID(in.args["instrument"])
	if i, ok := v.State().Instrument(id); !ok || i.Paper == 0 {
		return nil, errNotFound
	}
	body, err := s.press.get(in.Context(), "instruments/"+string(id)+"/"+s.keep(v), v.State().Size, func() ([]byte, error) {
		signed, err := paper.SigningOf(in.Context(), archiveOf(s, v), id)
		if err != nil {
			return nil, err
		}
		return signed.Paper.Bytes(), nil
	})
	return file{kind: "application/pdf", body: body}, err
}

// form says what kind of instrument it is.
func (d *drawer) form(form conference.Term) string {
	word := map[conference.Term]string{"treaty": "public.form.treaty", "agreement": "public.form.agreement", "statute": "public.form.statute", "protocol": "public.form.protocol", "declaration": "public.form.declaration", "minutes": "public.form.minutes"}[form]
	if word == "" {
		return d.label(form)
	}
	return d.say(word)
}

// signatories is a table of who may sign and who did.
func (d *drawer) signatories(i conference.Instrument) Section {
	s := Section{ID: "signatures", Title: d.say("public.signatures"), Kind: "table", Heads: []string{d.say("page.party"), d.say("public.signed"), d.say("public.how")},
		Note: d.say("public.signedof", number(d.l, int64(i.SignedParties())), number(d.l, int64(len(i.Signatories))))}
	for _, party := range i.Signatories {
		signed := i.SignedBy(party)
		for n := range i.SignersFor(party) {
			row := []Line{d.partyLine(party), {Tag: d.say("public.awaited"), Tone: "wait"}, {}}
			if slices.Contains(i.Initialled, party) {
				row[1].Tag = d.say("public.initialled")
			}
			if n < len(signed) {
				g := signed[n]
				row[1] = Line{When: d.entered(g.Index), Small: d.person(g.Person), Mark: entries(g.Index)}
				row[2] = Line{Text: d.mode(g)}
				if g.Confirmed > 0 {
					row[2].Mark = entries(g.Confirmed)
				}
			}
			s.Rows = append(s.Rows, row)
		}
	}
	return s
}

// authentic lists the texts that are authentic.
func (d *drawer) authentic(i conference.Instrument) Section {
	s := Section{ID: "texts", Title: d.say("public.authentic"), Kind: "facts", Void: d.say("public.notauthentic")}
	for _, t := range i.Texts {
		s.Lines = append(s.Lines, Line{No: tongueOf(t.Language), Text: string(t.Text.Digest), Mono: true, Small: d.say("public.paragraphs", number(d.l, t.Paragraphs))})
	}
	return s
}

// powers lists full powers handed in, and what the depositary found.
func (d *drawer) powers(i conference.Instrument) Section {
	s := Section{ID: "powers", Title: d.say("public.powers"), Kind: "plain"}
	for _, x := range d.s.Powers(i.Instrument) {
		line := Line{Text: together(", ", d.person(x.Person), d.party(x.Party)), Tag: d.say("public.powers.deposited"), Tone: "wait", Mark: entries(x.Index)}
		switch x.State {
		case "accepted":
			line.Tag, line.Tone = d.say("public.powers.accepted"), "yes"
		case "returned":
			line.Tag, line.Tone = d.say("public.powers.returned"), "no"
		}
		s.Lines = append(s.Lines, line)
	}
	return s
}

// A Chart is bars, each parted by how things stand; all on one scale, so that lengths can be compared.
type Chart struct {
	Label  string // the whole in words, for those who do not see it
	Height int
	Bars   []Bar
	Key    []Part
}

// A Bar is one row of a chart.
type Bar struct {
	Name  string
	Y     int
	Parts []Part
}

// A Part is a stretch of a bar, and how much it stands for.
type Part struct {
	Name, Class        string
	X, Y, W, Mid, Base int
	N                  int
}
