package web

import (
	"net/http"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
)

// The ceremony at which an instrument is signed on paper: who has signed, who has the pen and until when, who is next. One
// page for everybody, with the buttons of whoever may take the pen or lay it down, and one picture for the hall.

// signingAt is the page of a ceremony for those who have no part in it.
var signingAt = place{at: "instruments/{instrument}/signing", renews: true, past: true, make: (*site).signingPage}

// settleSigning gives the page its addresses. To who may hold the pen it is a page of their own.
func (s *site) settleSigning(mux *http.ServeMux) {
	for at, live := range map[string]bool{"": false, "/live": true} {
		mux.HandleFunc("GET /{lang}/"+signingAt.at+at, func(w http.ResponseWriter, r *http.Request) {
			in, err := s.visit(r, signingAt)
			if err != nil {
				s.fail(w, r, err)
				return
			}
			_, known := s.record.View().State().Instrument(conference.InstrumentID(in.args["instrument"]))
			switch mine := known && r.URL.Query().Get("at") == "" && s.signs(in); {
			case live && mine:
				s.stream(w, r, in.lang.Code+"/person/"+string(in.reader.Person)+"/"+in.rest, in.reader.Person, func(v View) ([]byte, string, error) {
					body, err := s.signing(v.For(s.reader(v, in.reader.Person)), in, s.Desk.Now())
					return event(frameOf(body)), "", err
				})
			case live:
				s.followed(w, r, signingAt)
			case mine:
				s.ownSigning(w, r, in)
			default:
				s.visited(w, r, signingAt)
			}
		})
	}
}

// signs reports whether a reader holds an office that signs on papers.
func (s *site) signs(in *visit) bool {
	if s.Desk == nil || in.reader.Person == "" {
		return false
	}
	for _, o := range s.record.View().State().OfficesOf(in.reader.Person, s.Desk.Now()) {
		if slices.Contains([]conference.Capacity{conference.Head, conference.Delegate, conference.Depositary}, o.Capacity) {
			return true
		}
	}
	return false
}

func (s *site) ownSigning(w http.ResponseWriter, r *http.Request, in *visit) {
	body, err := s.signing(s.record.View().For(in.reader), in, s.Desk.Now())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("Content-Language", in.lang.Code)
	send(w, r, body, nil) // uncompressed: keys of forms stand in it
}

// signingPage is the ceremony as everybody sees it.
func (s *site) signingPage(v View, in *visit) (any, error) {
	body, err := s.signing(v, in, s.signingHour(v))
	return body, err
}

// signingHour is the instant by which a pen is held or has fallen to the next: now, of the past its last.
func (s *site) signingHour(v View) record.Instant {
	if s.keep(v) != "" {
		return v.State().Last
	}
	return s.hour(v)
}

// signing is the page of a ceremony at an instant.
func (s *site) signing(v View, in *visit, at record.Instant) ([]byte, error) {
	d := s.drawer(v, in)
	i, ok := d.s.Instrument(conference.InstrumentID(in.args["instrument"]))
	if !ok {
		return nil, errNotFound
	}
	p := d.sheet("documents", "instruments/"+string(i.Instrument)+"/signing", nameIn(i.Title, d, string(i.Instrument)))
	d.renewed(&p)
	c := d.ceremony(i, at)
	word, tone := c.stage()
	p.Eyebrow = []Line{{Text: d.say("signing.heading")}, {Tag: word, Tone: tone}}
	p.Lead = d.say("signing.count", number(d.l, int64(len(i.Entered))), number(d.l, int64(len(c.seats))))
	if i.Paper == 0 {
		p.Lead = d.say("signing.notissued")
	}
	p.On = c.pen()
	p.Main = []Section{d.penActs(v.Reader().Person, i, at), c.table()}
	p.Side = []Section{c.about(), d.onPaper(i, true)}
	made, err := d.show(p)
	body, _ := made.([]byte)
	return body, err
}

// A sealing is an instrument while it is signed on paper.
type sealing struct {
	*drawer
	i     conference.Instrument
	seats []conference.PartyID // in the order of signing; "": the depositary
	held  conference.Pen
	taken bool // somebody holds the pen
	next  int  // whose turn is next, by seat; -1: nobody's
}

func (d *drawer) ceremony(i conference.Instrument, at record.Instant) *sealing {
	c := &sealing{drawer: d, i: i, seats: signingOrder(d.teller, i), next: -1}
	c.held, c.taken = i.PenOf(at)
	for n, p := range c.seats {
		if _, entered := c.entry(p); !entered && !(c.taken && c.held.Party == p) && i.Paper > 0 {
			c.next = n
			break
		}
	}
	return c
}

// signingOrder is the depositary, who certifies the paper, then the parties in the order of their names in its language.
func signingOrder(t teller, i conference.Instrument) []conference.PartyID {
	code := conference.Language("en")
	switch {
	case i.Paper > 0:
		code = i.Issue.Language
	case len(i.Languages) > 0:
		code = i.Languages[0]
	}
	l, ok := language.Get(string(code))
	if !ok {
		l = t.l
	}
	name := newTeller(t.v, l).party
	parties := slices.Clone(i.Signatories)
	slices.SortStableFunc(parties, func(a, b conference.PartyID) int { return l.Compare(name(a), name(b)) })
	return append([]conference.PartyID{""}, parties...)
}

// entry is a party's signature on the paper.
func (c *sealing) entry(p conference.PartyID) (conference.Entered, bool) {
	n := slices.IndexFunc(c.i.Entered, func(e conference.Entered) bool { return e.Party == p })
	if n < 0 {
		return conference.Entered{}, false
	}
	return c.i.Entered[n], true
}

// given is a party's signature by an act: in which mode it signs.
func (c *sealing) given(p conference.PartyID) (conference.Signature, bool) {
	n := slices.IndexFunc(c.i.Signed, func(g conference.Signature) bool { return g.Party == p })
	if n < 0 {
		return conference.Signature{}, false
	}
	return c.i.Signed[n], true
}

func (c *sealing) stage() (word, tone string) {
	switch {
	case c.i.Paper == 0:
		return c.say("public.awaited"), "wait"
	case len(c.i.Entered) == len(c.seats):
		return c.say("signing.all"), "yes"
	}
	return c.say("signing.goeson"), "now"
}

// pen is who has it and until when; where it lies, who is next.
func (c *sealing) pen() *OnNow {
	zone := c.s.Body.Zone
	switch {
	case c.taken:
		until, short := thereAt(c.held.Until, zone)
		o := &OnNow{Live: c.say("signing.pen"), Who: c.signer(c.held.Party), Clock: until.Format("15:04"), At: c.held.Until.String(), Zone: c.say("signing.untilthen", short), Title: c.say("signing.pen")}
		if c.held.Party != "" {
			o.State, o.Address = c.state(c.held.Party), c.to("parties/%s", c.held.Party)
		}
		if c.next >= 0 {
			o.Text = c.say("signing.nextis", c.signer(c.seats[c.next]))
		}
		return o
	case c.next >= 0:
		o := &OnNow{Live: c.say("signing.lies"), Who: c.say("signing.nextis", c.signer(c.seats[c.next])), Title: c.say("signing.lies"), Text: c.say("signing.lease")}
		if p := c.seats[c.next]; p != "" {
			o.State = c.state(p)
		}
		return o
	}
	return nil
}

// table is who signs, in the order of signing: in which mode, and since when it stands on the paper.
func (c *sealing) table() Section {
	s := Section{ID: "order", Title: c.say("signing.order"), Kind: "table", Heads: []string{c.say("page.party"), c.say("public.how"), c.say("signing.onpaper")}}
	for n, p := range c.seats {
		who, how := Line{Text: c.signer("")}, Line{Text: c.say("paper.certifies")}
		if p != "" {
			who = c.partyLine(p)
			how = Line{Text: c.say("signing.unsigned")}
			if g, ok := c.given(p); ok {
				how = Line{Text: c.mode(g), Small: c.person(g.Person), Mark: entries(g.Index)}
			}
		}
		s.Rows = append(s.Rows, []Line{who, how, c.standing(n, p)})
	}
	return s
}

func (c *sealing) standing(n int, p conference.PartyID) Line {
	e, entered := c.entry(p)
	switch {
	case entered:
		return Line{Tag: c.say("public.signed"), Tone: "yes", When: c.entered(e.Index), Mark: entries(e.Index)}
	case c.taken && c.held.Party == p:
		return Line{Tag: c.say("signing.pen"), Tone: "now", Mark: entries(c.held.Index)}
	case n == c.next:
		return Line{Tag: c.say("signing.next"), Tone: "wait"}
	}
	return Line{Text: c.say("public.awaited")}
}

func (c *sealing) about() Section {
	s := Section{ID: "how", Title: c.say("signing.how"), Kind: "text", Lines: []Line{{Text: c.say("signing.howorder")}, {Text: c.say("signing.lease")}, {Text: c.say("paper.signednote")}}}
	s.Lines = append(s.Lines, Line{Text: c.say("signing.wall"), Address: c.to("instruments/%s/wall", c.i.Instrument)}, Line{Text: nameIn(c.i.Title, c.drawer, string(c.i.Instrument)), Address: c.to("instruments/%s", c.i.Instrument)})
	return s
}

// penActs are the buttons of whoever may take the pen, lay it down or enter a signature, and why not now.
func (d *drawer) penActs(who conference.PersonID, i conference.Instrument, at record.Instant) Section {
	s := Section{ID: "yours", Title: d.say("signing.yours"), Kind: "acts"}
	if who == "" || d.site.Desk == nil || d.keep != "" {
		return s
	}
	this := conference.Thing{Kind: "instrument", ID: string(i.Instrument)}
	for _, name := range []string{"Sign", "TakePen", "EnterSignature", "LayPen"} {
		for _, office := range d.s.ActsAs(who, at) {
			act, ok := d.s.Lookup(name)
			if !ok || !slices.Contains(act.Who, office.Capacity) {
				continue
			}
			for _, o := range d.s.OffersOf(act, office, "", at) {
				if slices.Contains(o.Label, this) {
					s.Acts = append(s.Acts, d.penAct(&o, i.Instrument))
				}
			}
		}
	}
	return s
}

// penAct is one of them: pressed, or filled in first; both lead back here.
func (d *drawer) penAct(o *conference.Offer, id conference.InstrumentID) NowAct {
	a := d.site.nowAct(d.teller, o, "")
	a.About = ""
	for _, t := range o.Label {
		if t.Kind == "mode" {
			a.About = d.thing(t)
		}
	}
	if a.Why != "" {
		return a
	}
	if o.For != "" {
		a.About = together(", ", d.party(o.For), a.About)
	}
	from := "signing/" + string(id)
	if len(o.Open) > 0 {
		a.Hidden, a.Address = nil, a.Address+"&from="+from
		return a
	}
	a.Hidden = append(a.Hidden, Option{Label: "from", Value: from})
	return a
}

// says is who has the pen; where it lies, who is next.
func (c *sealing) says() string {
	switch {
	case c.taken:
		return together(": ", c.say("signing.pen"), c.signer(c.held.Party))
	case c.next >= 0:
		return c.say("signing.nextis", c.signer(c.seats[c.next]))
	}
	return c.say("signing.all")
}

// signings are the papers on which the delegation of a phone has yet to sign, each leading to its ceremony.
func (f *phone) signings() (list []Line) {
	for _, i := range f.s.Instruments() {
		c := (&drawer{teller: f.teller, site: f.site}).ceremony(i, f.at)
		if _, entered := c.entry(f.office.For); i.Paper == 0 || entered || !slices.Contains(i.Signatories, f.office.For) {
			continue
		}
		l := Line{Text: in(i.Title, f.l, string(i.Instrument)), Address: "/" + f.l.Code + "/instruments/" + string(i.Instrument) + "/signing", Small: c.says(), Tone: "wait"}
		l.Tag, l.Tone = c.stage()
		switch {
		case c.taken && c.held.Party == f.office.For:
			l.Tag, l.Tone = c.say("signing.pen"), "live"
		case c.next >= 0 && c.seats[c.next] == f.office.For:
			l.Tag, l.Tone = c.say("signing.next"), "wait"
		}
		list = append(list, l)
	}
	return list
}

// signingBack is the page of the ceremony from which an act came, or "".
func (s *site) signingBack(l *language.Language, from string) string {
	id, ok := strings.CutPrefix(from, "signing/")
	if _, known := s.record.View().State().Instrument(conference.InstrumentID(id)); !ok || !known {
		return ""
	}
	return "/" + l.Code + "/instruments/" + id + "/signing"
}

// signingWall is the ceremony for a hall.
func (s *site) signingWall(v View, in *visit) (any, error) {
	i, ok := v.State().Instrument(conference.InstrumentID(in.args["instrument"]))
	if !ok {
		return nil, errNotFound
	}
	at := "instruments/" + string(i.Instrument) + "/wall"
	p := &WallPage{Layout: s.wallLayout(v, in, at)}
	if p.Past == "" {
		p.Live = "/" + in.lang.Code + "/" + at + "/live"
	}
	w := &wall{teller: newTeller(v, in.lang), flags: s.flag, p: p, now: s.signingHour(v)}
	if x, ok := v.State().Decision(i.Decision); ok {
		w.id = x.Meeting
		w.m, _ = v.State().Meeting(x.Meeting)
		p.Meeting = w.ofMeeting()
	}
	w.timed()
	w.ceremony(s.drawer(v, in).ceremony(i, s.signingHour(v)))
	p.Title = together(" · ", w.say("signing.heading"), w.p.Heading)
	return s.renderWall(p, in)
}

// signing is an instrument of the meeting that is being signed on paper: while somebody holds the pen, or between two.
func (w *wall) signing() bool {
	for _, i := range w.s.Instruments() {
		d := &drawer{teller: w.teller}
		x, ok := w.s.Decision(i.Decision)
		if !ok || x.Meeting != w.id || i.Paper == 0 || len(i.Entered) > len(i.Signatories) {
			continue
		}
		c := d.ceremony(i, w.now)
		if c.taken || len(i.Entered) > 0 && !w.m.Closed {
			w.ceremony(c)
			return true
		}
	}
	return false
}

// ceremony is the picture: who has the pen, large; below it everybody, in the order of signing.
func (w *wall) ceremony(c *sealing) {
	p := w.p
	title := in(c.i.Title, w.l, string(c.i.Instrument))
	p.Scene, p.Item = "signing", title
	p.Board = &Board{Class: "few", Two: len(c.seats) > maxCards/2, Count: w.say("signing.of", number(w.l, int64(len(c.i.Entered))), number(w.l, int64(len(c.seats))))}
	switch {
	case len(c.seats) > 48:
		p.Board.Class = "g193"
	case len(c.seats) > maxCards:
		p.Board.Class = "g30"
	}
	for n, party := range c.seats {
		p.Board.Seats = append(p.Board.Seats, w.signingSeat(c, n, party, p.Board.Class))
	}
	signer := func(party conference.PartyID) string {
		if party == "" {
			return w.say("capacity.Depositary")
		}
		return w.party(party)
	}
	switch {
	case c.i.Paper == 0:
		p.Over, p.Heading = w.say("signing.heading"), title
		p.Item = ""
		p.Needed = w.say("signing.notissued")
	case len(c.i.Entered) == len(c.seats):
		p.Over, p.Heading, p.Outcome, p.Item = w.say("signing.all"), title, "carried", ""
	case c.taken:
		p.Over, p.Heading = w.say("signing.pen"), signer(c.held.Party)
		p.Clock = &Clock{Until: c.held.Until.String(), End: w.say("signing.until", w.hour(c.held.Until)), Words: w.say("signing.lies")}
	default:
		p.Over, p.Heading = w.say("signing.lies"), w.say("signing.nextis", signer(c.seats[c.next]))
	}
}

func (w *wall) signingSeat(c *sealing, n int, party conference.PartyID, class string) Seat {
	seat := Seat{State: State{Name: w.say("capacity.Depositary")}, Class: "none", Word: w.say("public.awaited")}
	if party != "" {
		seat.State = w.state(party)
	}
	if g, ok := c.given(party); ok {
		seat.Note = c.mode(g)
	}
	seat.Long = len([]rune(seat.State.Name)) > map[string]int{"few": 10, "g30": 8, "g193": 8}[class]
	e, entered := c.entry(party)
	switch {
	case entered:
		seat.Class, seat.Word = "y", w.say("public.signed")
		if at, ok := w.recorded(e.Index); ok {
			seat.Word = w.hour(at)
		}
	case c.taken && c.held.Party == party:
		seat.Class, seat.Word = "call", w.say("signing.penshort")
	case n == c.next:
		seat.Word = w.say("signing.next")
	}
	return seat
}

// timed writes the clock of the hall and the entry it is of.
func (w *wall) timed() {
	w.p.Zone, w.p.Time, w.p.Last = w.zone().String(), w.hour(w.s.Last), w.s.Last.String()
	w.p.Note = w.say("page.entry", number(w.l, w.s.Size-1))
}
