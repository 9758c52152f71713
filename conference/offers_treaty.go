package conference

import (
	"fmt"
	"slices"

	treaty "kurultai/depositary"
	"kurultai/record"
)

// proposeOfTreaties says what the record fills in of the acts of parties to instruments, and of the depositary.
func proposeOfTreaties() {
	for name, propose := range map[string]func(*prospect, Instrument, Date){
		"DepositConsent": proposeConsent, "NotifyWithdrawal": proposeLeaving, "RevokeWithdrawal": proposeStaying, "ApplyProvisionally": proposeApply, "EndProvisionalApplication": proposeEndApply,
		"FormulateReservation": proposeReservation, "MakeDeclaration": proposeDeclaration, "ObjectToReservation": proposeObjection, "ObjectToCorrection": proposeAgainst, "WithdrawStatement": proposeTakeBack,
		"AcknowledgeNotification": proposeAcknowledge,
		"ExaminePowers":           proposeExamine, "NotifyParties": proposeNotify, "IssuePaper": proposeLetter, "CertifyCopy": proposeCertify, "TransmitCopies": proposeTransmit, "RegisterInstrument": proposeRegister, "ResumeOperation": proposeResume,
	} {
		proposers[name] = func(p *prospect) {
			on := Date(p.at.String()[:10])
			for _, i := range p.instruments.all.All() {
				propose(p, i, on)
			}
		}
	}
}

// What several of them have for fields.
type (
	onAndInstrument struct {
		Instrument InstrumentID `json:"instrument"`
		On         Date         `json:"on"`
	}
	onStatement struct {
		On        Date   `json:"on"`
		Statement NoteID `json:"statement"`
	}
)

// someDigest fits where a file is still to be given.
var someDigest = record.DigestOf(nil)

func about(i Instrument) Thing { return Thing{"instrument", string(i.Instrument)} }

func (p *prospect) freshNote(prefix string) NoteID {
	return NoteID(p.fresh(prefix, func(id string) bool {
		return p.depositary.statements.Has(id) || p.depositary.notified.Has(id) || p.depositary.corrections.Has(id)
	}))
}

func proposeConsent(p *prospect, i Instrument, on Date) {
	if len(i.Texts) == 0 || p.running(i, on) != nil || p.consents(i, p.of(), on) {
		return
	}
	by := i.SignedBy(p.of())
	means := []Term{treaty.Ratification, treaty.Acceptance, treaty.Approval}
	switch {
	case !i.signed(p.of()) && !i.ClauseOf().OpenTo(string(p.of())):
		return
	case !i.signed(p.of()):
		means = []Term{treaty.Accession}
	case by[0].Mode != "subject-to-ratification":
		return
	}
	for _, x := range means {
		p.proposes(&DepositConsent{i.Instrument, x, "head-of-state", someDigest, on}, []string{"office", "paper"}, about(i), Thing{"means", string(x)})
	}
}

// leaving reports whether a party's withdrawal runs, or its consent stands without one.
func (p *prospect) leaving(i Instrument, on Date) (stands, runs bool) {
	spans := p.answerOf(i, on).Consented(string(p.of()))
	if len(spans) == 0 || p.running(i, on) != nil {
		return false, false
	}
	last := spans[len(spans)-1]
	return !last.Ends, last.Ends && last.Until > dayOf(on)
}

func proposeLeaving(p *prospect, i Instrument, on Date) {
	if stands, _ := p.leaving(i, on); stands {
		p.proposes(&NotifyWithdrawal{i.Instrument, someDigest, on}, []string{"paper"}, about(i))
	}
}

func proposeStaying(p *prospect, i Instrument, on Date) {
	if _, runs := p.leaving(i, on); runs {
		p.proposes(&onAndInstrument{i.Instrument, on}, nil, about(i))
	}
}

func proposeApply(p *prospect, i Instrument, on Date) {
	x, applies := p.depositary.provisional.Get(string(i.Instrument) + "/" + string(p.of()))
	if i.ClauseOf().Provisional && (!applies || x.Ended != "") && p.contracting(i, p.of(), on) == nil && p.running(i, on) == nil && !p.answerOf(i, on).InForce(dayOf(on)) {
		p.proposes(&ApplyProvisionally{i.Instrument, on, on}, []string{"from"}, about(i))
	}
}

func proposeEndApply(p *prospect, i Instrument, on Date) {
	if x, applies := p.depositary.provisional.Get(string(i.Instrument) + "/" + string(p.of())); applies && x.Ended == "" && !p.answerOf(i, on).InForce(dayOf(on)) {
		p.proposes(&onAndInstrument{i.Instrument, on}, nil, about(i))
	}
}

func proposeReservation(p *prospect, i Instrument, on Date) {
	c := i.ClauseOf()
	if c.Reservations == treaty.None || p.running(i, on) != nil || p.contracting(i, p.of(), on) != nil {
		return
	}
	provision := "article"
	if len(c.Provisions) > 0 {
		provision = c.Provisions[0]
	}
	p.proposes(&FormulateReservation{p.freshNote("res"), i.Instrument, provision, "text", on}, []string{"provision", "text"}, about(i))
}

func proposeDeclaration(p *prospect, i Instrument, on Date) {
	if p.running(i, on) == nil && p.contracting(i, p.of(), on) == nil {
		p.proposes(&MakeDeclaration{p.freshNote("decl"), i.Instrument, "interpretative", "text", on}, []string{"sort", "text"}, about(i))
	}
}

// proposeObjection is against each reservation of another party, until its last day or that of the party's own consent.
func proposeObjection(p *prospect, i Instrument, on Date) {
	all := p.Statements(i.Instrument)
	if p.running(i, on) != nil {
		return
	}
	for _, x := range all {
		own := func(y Statement) bool { return y.Sort == "objection" && y.To == x.ID && y.Party == p.of() }
		if x.Sort != "reservation" || x.Withdrawn != "" || x.Party == p.of() || x.Until < on || slices.ContainsFunc(all, own) || p.contracting(i, p.of(), on) != nil {
			continue
		}
		p.proposes(&ObjectToReservation{Objection: p.freshNote("obj"), Reservation: x.ID, Text: "text", On: on}, []string{"text"}, about(i), Thing{"statement", string(x.ID)}, Thing{"until", string(x.Until)})
	}
}

func proposeAgainst(p *prospect, i Instrument, on Date) {
	for _, x := range p.Corrections(i.Instrument) {
		if x.State != "rectified" && !slices.Contains(x.Objected, p.of()) && p.contracting(i, p.of(), on) == nil {
			p.proposes(&ObjectToCorrection{x.Correction, "reason"}, []string{"reason"}, about(i), Thing{"correction", string(x.Correction)}, Thing{"until", string(x.Until)})
		}
	}
}

func proposeTakeBack(p *prospect, i Instrument, on Date) {
	for _, x := range p.Statements(i.Instrument) {
		if x.Party == p.of() && x.Withdrawn == "" {
			p.proposes(&onStatement{on, x.ID}, nil, about(i), Thing{"statement", string(x.ID)})
		}
	}
}

func proposeAcknowledge(p *prospect, i Instrument, _ Date) {
	for _, n := range p.Notifications(i.Instrument) {
		if slices.Contains(n.To, p.of()) && !slices.ContainsFunc(n.Received, func(r Acknowledged) bool { return r.Party == p.of() }) {
			p.proposes(&AcknowledgeNotification{n.Notification}, nil, about(i), Thing{"notification", string(n.Notification)})
		}
	}
}

func proposeExamine(p *prospect, i Instrument, _ Date) {
	for _, x := range p.Powers(i.Instrument) {
		if x.State == "deposited" {
			p.proposes(&ExaminePowers{Instrument: i.Instrument, Person: x.Person}, nil, about(i), Thing{"party", string(x.Party)}, Thing{"person", string(x.Person)})
		}
	}
}

// maxUntold bounds how many notifications are offered of one instrument, the newest first.
const maxUntold = 10

// Untold lists the entries about an instrument that were not circulated yet: deposits, statements and what became of them,
// corrections, its entry into force, suspensions, its end. Signatures are no part: who signed was there.
func (s *State) Untold(i Instrument) (list []int64) {
	add := func(entries ...int64) {
		for _, e := range entries {
			if e > 0 && !slices.Contains(list, e) {
				list = append(list, e)
			}
		}
	}
	for _, a := range s.PartyActs(i.Instrument) {
		add(a.Index)
	}
	for _, x := range s.Statements(i.Instrument) {
		add(x.Index, x.Changed) // changed by a withdrawal, or by the silence that accepts it
	}
	for _, x := range s.Corrections(i.Instrument) {
		add(x.Index, x.Changed)
	}
	settled, _ := s.EntryIntoForce(i.Instrument)
	add(settled.Index, settled.Entered)
	for _, x := range s.Suspensions(i.Instrument) {
		add(x.Index, x.Over)
	}
	ended, _ := s.Ending(i.Instrument)
	add(ended.Index, ended.Came)
	for _, n := range s.Notifications(i.Instrument) {
		list = slices.DeleteFunc(list, func(e int64) bool { return e == n.Entry })
	}
	slices.Sort(list)
	return list
}

func proposeNotify(p *prospect, i Instrument, _ Date) {
	to, untold := p.Entitled(i), p.Untold(i)
	for _, entry := range slices.Backward(untold[max(0, len(untold)-maxUntold):]) {
		p.proposes(&NotifyParties{p.freshNote("cn"), i.Instrument, entry, to}, nil, about(i), Thing{"entry", fmt.Sprint(entry)})
	}
}

// LetterLayout is the layout in which letters of the depositary are set, so that they are set again to the same bytes.
const LetterLayout = 2

// proposeLetter is of the newest notification, in the body's languages in which it was not issued as a letter yet.
func proposeLetter(p *prospect, i Instrument, _ Date) {
	all := p.Notifications(i.Instrument)
	if len(all) == 0 || p.offer.As != Depositary {
		return
	}
	n := all[len(all)-1]
	for _, l := range p.Body.Languages {
		if !slices.ContainsFunc(n.Letters, func(x PaperIssued) bool { return x.Language == l }) {
			p.proposes(&IssuePaper{Symbol: Symbol(n.Notification), Language: l, Digest: someDigest, Layout: LetterLayout, Size: p.Size}, []string{"digest"}, about(i), Thing{"notification", string(n.Notification)}, Thing{"language", string(l)})
		}
	}
}

func proposeCertify(p *prospect, i Instrument, _ Date) {
	for _, t := range i.Texts {
		if i.From != "" && !slices.ContainsFunc(p.Copies(i.Instrument), func(c Copy) bool { return c.Language == t.Language }) {
			p.proposes(&CertifyCopy{i.Instrument, t.Language, record.Blob{Digest: someDigest, Size: 1}}, []string{"copy"}, about(i), Thing{"language", string(t.Language)})
		}
	}
}

// proposeTransmit is of the copies that were certified and did not go out yet.
func proposeTransmit(p *prospect, i Instrument, _ Date) {
	var languages []Language
	for _, c := range p.Copies(i.Instrument) {
		gone := func(x Transmission) bool { return slices.Contains(x.Copies, c.Copy.Digest) }
		if !slices.Contains(languages, c.Language) && !slices.ContainsFunc(p.Transmissions(i.Instrument), gone) {
			languages = append(languages, c.Language)
		}
	}
	if to := p.Entitled(i); len(languages) > 0 && len(to) > 0 {
		p.proposes(&TransmitCopies{i.Instrument, languages, to}, nil, about(i))
	}
}

func proposeRegister(p *prospect, i Instrument, _ Date) {
	settled, _ := p.EntryIntoForce(i.Instrument)
	if _, registered := p.Registration(i.Instrument); settled.Entered > 0 && !registered {
		p.proposes(&RegisterInstrument{i.Instrument, "I-00001"}, []string{"number"}, about(i))
	}
}

func proposeResume(p *prospect, i Instrument, on Date) {
	for _, x := range p.Suspensions(i.Instrument) {
		if x.Over == 0 && x.Ended == "" {
			p.proposes(&ResumeOperation{x.Suspension, on}, nil, about(i))
		}
	}
}
